//! What is said of the word under the cursor, in Markdown.

use super::amounts::{before_unit, bytes, count, counted};
use super::costs;
use super::names::{Declaration, DeclarationKind, Meaning, Name, Names, Table};
use super::walk;
use crate::catalog::{self, Body, Default, Entry, Param, Word, call_shape, describe};
use crate::check::{Checked, Model, Noted, Train};
use crate::data::{
    ColumnFacts, ColumnKind, DataFile, Description, FieldKind, FieldType, PerSplit, SourceSpec, Split, TableExpr,
    schema,
};
use crate::diagnostics::quoted_list;
use crate::ir::dim::show_shape;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, File};
use crate::syntax::tokens::{TokenKind, scan};
use std::fmt::Write;

/// What is said of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The word that it is about.
    pub span: Span,
    /// Markdown.
    pub text: String,
}

/// More classes or columns than this are not listed.
const MOST_LISTED: usize = 8;

/// What is said of the word at a byte of the checked file.
pub fn hover(checked: &Checked, names: &Names, offset: usize) -> Option<Hover> {
    let page = Page { checked, names };
    if let Some(name) = names.at(checked.file, offset) {
        return page.of_name(name).map(|text| Hover { span: name.span, text });
    }
    let text = &checked.sources.file(checked.file).text;
    let token = scan(text).into_iter().find(|token| token.start <= offset && offset < token.end)?;
    let span = Span::new(checked.file, token.start, token.end);
    match token.kind {
        TokenKind::Word => catalog::word(token.text(text)).map(|word| Hover { span, text: of_word(word) }),
        // What an operator gives, and what flows through a bar.
        TokenKind::Symbol => {
            let noted = page.around(offset)?;
            Some(Hover { span, text: code(&noted.text) })
        }
        _ => None,
    }
}

struct Page<'c> {
    checked: &'c Checked,
    names: &'c Names,
}

impl Page<'_> {
    fn of_name(&self, name: &Name) -> Option<String> {
        match &name.meaning {
            Meaning::Declared(id) => Some(self.of_declaration(self.names.declaration(*id), name.span)),
            Meaning::Entry(entry) => Some(self.of_entry(entry, name.span)),
            Meaning::Parameter(entry, param) => Some(of_param(entry, param)),
            Meaning::Choice(entry, param) => {
                let written = self.checked.sources.text(name.span);
                Some(format!("{}\n\nA choice of {}", code(written), of_param(entry, param)))
            }
            Meaning::Setting(word) => Some(self.of_setting(word)),
            Meaning::SmallWord(word) => Some(format!("{}\n\n{}", code(word.syntax), word.summary)),
            Meaning::Column(table) => self.of_column(self.names.tables.get(*table)?, name.span),
            Meaning::WeightPath => self.of_weight(name.span),
            Meaning::File(path) => {
                let about = std::fs::metadata(path).ok()?;
                let what = if about.is_dir() { "a folder".to_owned() } else { bytes(about.len()) };
                Some(format!("`{}`: {what}", path.display()))
            }
            Meaning::Label | Meaning::Missing | Meaning::Unknown => None,
        }
    }

    fn of_declaration(&self, declaration: &Declaration, at: Span) -> String {
        let name = &declaration.name;
        // A name in its own place has what was noted there; elsewhere, what it is here.
        let noted = self.checked.program.noted(at).or_else(|| self.checked.program.noted(declaration.span));
        let mut page = match declaration.kind {
            DeclarationKind::Hyper | DeclarationKind::HyperParameter => match noted {
                Some(noted) if noted.is_value => code(&format!("hyper {name} = {}", noted.text)),
                _ => code(&format!("hyper {name}")),
            },
            DeclarationKind::Dimension => match noted {
                Some(noted) if noted.is_value && *noted.text != **name => code(&format!("{name} = {}", noted.text)),
                _ => format!("{}\n\nA dimension: a size that the input binds", code(name)),
            },
            DeclarationKind::Block => self.signature(declaration),
            DeclarationKind::Model => self.signature(declaration),
            DeclarationKind::Data => code(&format!("data {name}")),
            DeclarationKind::Field => match self.field(declaration) {
                Some((ty, _)) => code(&format!("field {name}: {ty}")),
                None => code(&format!("field {name}")),
            },
            DeclarationKind::Weight => code(&self.typed("weight ", name, noted)),
            DeclarationKind::Constant => code(&self.typed("constant ", name, noted)),
            DeclarationKind::Let | DeclarationKind::Layer | DeclarationKind::SharedLayer => {
                let written = self.checked.sources.text(declaration.whole).lines().next().unwrap_or("");
                match noted {
                    Some(noted) if noted.layer.is_none() => code(&self.typed("let ", name, Some(noted))),
                    _ => code(written),
                }
            }
            DeclarationKind::Import => code(self.checked.sources.text(declaration.whole)),
            _ => format!("{}\n\n{}", code(&self.typed("", name, noted)), capital(declaration.kind.word())),
        };
        if let Some(doc) = &declaration.doc {
            let _ = write!(page, "\n\n{doc}");
        }
        match declaration.kind {
            DeclarationKind::Block | DeclarationKind::Layer | DeclarationKind::SharedLayer => {
                page.push_str(&self.applied(at));
            }
            DeclarationKind::Model => {
                if let Some(model) = self.checked.program.models.iter().find(|m| m.span == declaration.span) {
                    page.push_str(&self.of_model(model));
                }
            }
            DeclarationKind::Data => {
                if let Some(block) = self.checked.program.data.iter().find(|b| b.span == declaration.span) {
                    page.push_str(&of_data(&block.description));
                }
            }
            DeclarationKind::Field => page.push_str(&self.of_field(declaration)),
            _ => {}
        }
        page
    }

    /// `let h: [64]`
    fn typed(&self, word: &str, name: &str, noted: Option<&Noted>) -> String {
        match noted {
            Some(noted) if noted.is_value => format!("{word}{name} = {}", noted.text),
            Some(noted) => format!("{word}{name}: {}", noted.text),
            None => format!("{word}{name}"),
        }
    }

    /// `block Unit(channels)(x: [C, H, W]) -> [channels, H, W]`
    fn signature(&self, declaration: &Declaration) -> String {
        let word = declaration.kind.word();
        let text = self.checked.sources.text(declaration.shown).trim_start_matches(word).trim_start();
        code(&format!("{word} {text}"))
    }

    /// `Dense(units, bias: true)(x)`, what it gives here, what it does, its arguments.
    fn of_entry(&self, entry: &'static Entry, at: Span) -> String {
        let mut page = code(&call_shape(entry));
        let _ = write!(page, "\n\n{}", sentence(entry.summary));
        if !entry.formula.is_empty() {
            let _ = write!(page, "\n\n`{}`", entry.formula.replace('\n', "; "));
        }
        page.push_str(&self.applied(at));
        let tensors = |p: &&Param| !matches!(p.ty, catalog::ParamType::Tensor | catalog::ParamType::Tensors);
        for (i, param) in entry.params.iter().filter(tensors).enumerate() {
            page.push_str(if i == 0 { "\n\n" } else { "\n" });
            let _ = write!(page, "- {}", argument(param));
        }
        if !entry.shapes.is_empty() {
            let shapes: Vec<String> = entry.shapes.iter().map(|shape| format!("`{shape}`")).collect();
            let _ = write!(page, "\n\nShapes: {}", shapes.join(", "));
        }
        if !entry.source.is_empty() {
            let _ = write!(page, "\n\nAs in {}", entry.source);
        }
        page
    }

    /// What a layer, block or function gives where it is applied, and what that costs.
    fn applied(&self, name: Span) -> String {
        let Some((span, noted)) = self.application(name) else { return String::new() };
        let mut facts = vec![format!("gives `{}`", noted.text)];
        if let Some(layer) = &noted.layer {
            match layer.parameters {
                _ if layer.is_shared => facts.push("shares its weights".to_owned()),
                Some(n) if n > 0 => facts.push(counted(n, "parameter")),
                _ => {}
            }
        }
        let path = noted.layer.as_ref().map_or("", |layer| &*layer.path);
        if let Some(flops) = costs::flops_at(self.checked, span, path).filter(|n| *n > 0) {
            facts.push(format!("{}FLOP", before_unit(flops as f64)));
        }
        if let (Some(numbers), Some(train)) = (elements(&noted.text), self.train_at(span)) {
            let batch = train.settings.batch as u64;
            let size = bytes(numbers.saturating_mul(4).saturating_mul(batch));
            facts.push(format!("{size} for a batch of {}", count(batch)));
        }
        let path = if path.is_empty() { String::new() } else { format!(", `{path}`") };
        format!("\n\nHere{path}: {}", facts.join(" · "))
    }

    /// What a name is the head of, where something was noted: `Dense(8)` of `Dense`.
    fn application(&self, name: Span) -> Option<(Span, &Noted)> {
        let mut found = None;
        let mut head = name;
        // `CrossAttention(4)(memory)` is a call of a call.
        let calls: Vec<(Span, Span)> = around(&self.checked.ast, name.start as usize)
            .into_iter()
            .rev()
            .filter_map(|expr| match &expr.kind {
                ExprKind::Call { callee, .. } => Some((callee.span, expr.span)),
                _ => None,
            })
            .collect();
        let noted = |span: Span| self.checked.program.noted(span).filter(|noted| !noted.is_value).map(|n| (span, n));
        found = noted(name).or(found);
        for (callee, call) in calls {
            if callee.end == head.end && walk::lies_in(head, callee) {
                found = noted(call).or(found);
                head = call;
            }
        }
        found
    }

    /// The train whose batch a place is part of: of the model that applies it, or else the first.
    fn train_at(&self, span: Span) -> Option<&Train> {
        let program = &self.checked.program;
        let applies = |train: &&Train| {
            program.models.get(train.model).is_some_and(|m| m.layers.iter().any(|row| row.span == span))
        };
        program.trains.iter().find(applies).or(program.trains.first())
    }

    fn of_model(&self, model: &Model) -> String {
        let ports = |ports: &[crate::check::Port]| {
            let shown = ports.iter().map(|p| format!("{}: {}", p.name, crate::build::show_type(&p.kind, &p.shape)));
            shown.collect::<Vec<String>>().join(", ")
        };
        let mut text = format!("\n\n`{}` → `{}`", ports(&model.inputs), ports(&model.outputs));
        let mut facts = Vec::new();
        facts.extend(costs::parameters(model).map(|n| counted(n, "parameter")));
        facts.extend(costs::weight_bytes(model).map(bytes));
        facts.extend(costs::flops(model).map(|n| format!("{}FLOP an example", before_unit(n as f64))));
        if !facts.is_empty() {
            let _ = write!(text, "\n\n{}", facts.join(" · "));
        }
        if let Some(train) = costs::train_of(self.checked, model) {
            text.push_str(&of_step(train));
        }
        text
    }

    fn of_setting(&self, word: &'static Word) -> String {
        let mut text = of_word(word);
        if word.name == "batch"
            && let [train] = self.checked.program.trains.as_slice()
        {
            text.push_str(&of_step(train));
        }
        text
    }

    fn of_weight(&self, at: Span) -> Option<String> {
        let path = self.checked.sources.text(at);
        let states = self.checked.program.models.iter().flat_map(costs::weights);
        let found: Vec<_> = states.filter(|state| state.path.split('.').any(|segment| segment == path)).collect();
        let first = found.first()?;
        let more = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
        Some(format!("`{}`: {}{more}", first.path, show_shape(&first.shape)))
    }

    fn field(&self, declaration: &Declaration) -> Option<(&FieldType, &Description)> {
        let within = |span: Span| {
            self.checked.program.data.iter().find(|block| {
                let parent = declaration.parent.map(|id| self.names.declaration(id).span);
                parent == Some(block.span) || (parent.is_none() && block.span.file == span.file)
            })
        };
        let block = within(declaration.span)?;
        block.description.field(&declaration.name).map(|ty| (ty, &block.description))
    }

    /// The sizes of the splits, the classes, and what the columns hold that it is made of.
    fn of_field(&self, declaration: &Declaration) -> String {
        let mut text = String::new();
        if let Some((ty, description)) = self.field(declaration) {
            if let FieldKind::Class { names } = &ty.kind {
                let _ = write!(text, "\n\nClasses: {}", listed(names.iter().map(String::as_str), names.len()));
            }
            text.push_str(&examples(description));
        }
        let columns =
            self.names.in_file(declaration.span.file).iter().filter(|name| {
                matches!(name.meaning, Meaning::Column(_)) && walk::lies_in(name.span, declaration.whole)
            });
        for name in columns.take(MOST_LISTED) {
            if let Meaning::Column(table) = name.meaning
                && let Some(facts) = self.names.tables.get(table).and_then(|t| self.column(t, name.span))
            {
                let _ = write!(text, "\n- {}", of_facts(&facts));
            }
        }
        text
    }

    fn of_column(&self, table: &Table, at: Span) -> Option<String> {
        let facts = self.column(table, at)?;
        let files: Vec<&str> = table.files.iter().map(|(written, _)| written.as_str()).collect();
        Some(format!("A column of {}\n\n{}", quoted_list(files, 3), of_facts(&facts)))
    }

    fn column(&self, table: &Table, at: Span) -> Option<ColumnFacts> {
        if table.source != "csv" {
            return None;
        }
        let files = table.files.iter().map(|(written, path)| DataFile::new(written.as_str(), path)).collect();
        let source = SourceSpec::Csv(PerSplit::Whole(files));
        let schema = schema(&TableExpr::source(source, at)).ok()?;
        schema.column(self.checked.sources.text(at).trim_matches('"')).cloned()
    }

    /// What was noted of the smallest expression around a place.
    fn around(&self, offset: usize) -> Option<&Noted> {
        let around = around(&self.checked.ast, offset);
        around.iter().rev().find_map(|expr| match &expr.kind {
            ExprKind::Pipe { input, .. } => self.checked.program.noted(input.span),
            ExprKind::Binary { .. } => self.checked.program.noted(expr.span),
            _ => None,
        })
    }
}

/// The expressions that hold a place, the outermost first.
fn around(tree: &File, offset: usize) -> Vec<&Expr> {
    let mut found: Vec<&Expr> = Vec::new();
    walk::expressions(tree, &mut |expr| {
        if expr.span.touches(offset) {
            found.push(expr);
        }
    });
    found
}

/// The memory and the work of a training step.
fn of_step(train: &Train) -> String {
    let Some((memory, flops)) = costs::step(train) else { return String::new() };
    let batch = count(train.settings.batch as u64);
    format!("\n\nA training step with a batch of {batch}: {} · {}FLOP", bytes(memory), before_unit(flops as f64))
}

fn of_word(word: &Word) -> String {
    let mut text = code(&word.syntax.join("\n"));
    let _ = write!(text, "\n\n{}", sentence(word.summary));
    if let Some(paragraph) = word.text.first() {
        let _ = write!(text, "\n\n{paragraph}");
    }
    text
}

fn of_param(entry: &Entry, param: &Param) -> String {
    format!(
        "{}\n\n{}",
        argument(param),
        match entry.body {
            Body::Layer { .. } => format!("An argument of the layer `{}`", entry.name),
            _ => format!("An argument of `{}`", entry.name),
        }
    )
}

/// `units`: size — how many numbers come out
fn argument(param: &Param) -> String {
    let default = match param.default {
        Default::Required => String::new(),
        Default::Value("none") => ", may be left out".to_owned(),
        Default::Value(value) => format!(", `{value}` if left out"),
    };
    format!("`{}`: {}{default}; {}", param.name, describe(&param.ty), param.doc)
}

fn of_data(description: &Description) -> String {
    let mut text = examples(description);
    for (i, (name, ty)) in description.fields.iter().enumerate() {
        text.push_str(if i == 0 { "\n\n" } else { "\n" });
        match ty {
            Some(ty) => {
                let _ = write!(text, "- `{name}`: `{ty}`");
            }
            None => {
                let _ = write!(text, "- `{name}`");
            }
        }
    }
    text
}

/// `105 train · 22 validation · 23 test`
fn examples(description: &Description) -> String {
    let splits = [Split::Train, Split::Validation, Split::Test];
    let sizes = splits
        .into_iter()
        .filter_map(|split| description.examples(split).map(|n| format!("{} {}", count(n as u64), split.name())));
    let sizes: Vec<String> = sizes.collect();
    if sizes.is_empty() { String::new() } else { format!("\n\nExamples: {}", sizes.join(" · ")) }
}

/// `sepal_length_cm`: numbers from 4.3 to 7.9
fn of_facts(facts: &ColumnFacts) -> String {
    let holds = match (facts.kind, facts.min.as_ref(), facts.max.as_ref()) {
        (ColumnKind::Number, Some((min, _)), Some((max, _))) => {
            let sort = if facts.integral() { "whole numbers" } else { "numbers" };
            format!("{sort} from {min} to {max}")
        }
        (ColumnKind::Number, ..) => "numbers".to_owned(),
        (ColumnKind::Text, ..) => match &facts.distinct {
            Some(values) => format!("text: {}", listed(values.iter().map(String::as_str), values.len())),
            None => "text".to_owned(),
        },
    };
    let missing = match facts.missing {
        0 => String::new(),
        n => format!(", {} missing", count(n)),
    };
    format!("`{}`: {holds}{missing}", facts.name)
}

fn listed<'a>(values: impl IntoIterator<Item = &'a str>, total: usize) -> String {
    let shown: Vec<String> = values.into_iter().take(MOST_LISTED).map(|value| format!("`{value}`")).collect();
    let more = total.saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {} more", shown.join(", "), count(more as u64)) }
}

/// The numbers in a tensor of this type, where every size is known.
fn elements(ty: &str) -> Option<u64> {
    let shape = ty.get(ty.find('[')? + 1..ty.rfind(']')?)?;
    shape.split(',').map(|size| size.trim().parse::<u64>().ok()).product()
}

fn code(text: &str) -> String {
    format!("```nn\n{text}\n```")
}

fn sentence(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
