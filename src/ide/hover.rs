//! What is said of the word under the cursor, in Markdown.

use super::amounts::{before_unit, bytes, count, counted};
use super::columns::{Column, columns};
use super::costs::{self, StepCosts};
use super::documentation::{code, of_entry_here, of_param_of, of_small_word, of_word};
use super::names::{Declaration, DeclarationKind, Meaning, Name, Names, Table};
use super::walk;
use crate::catalog::{self, Entry, Word, WordKind, keyword, small_word};
use crate::check::{Checked, Model, Noted, Train};
use crate::data::{Description, FieldKind, FieldType, Split};
use crate::diagnostics::quoted_list;
use crate::diagnostics::with_article;
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
pub fn hover(checked: &Checked, names: &Names, steps: &StepCosts, offset: usize) -> Option<Hover> {
    let page = Page { checked, names, steps };
    if let Some(name) = names.at(checked.file, offset) {
        return page.of_name(name).map(|text| Hover { span: name.span, text });
    }
    let text = &checked.sources.file(checked.file).text;
    let tokens = scan(text);
    let position = tokens.iter().position(|token| token.start <= offset && offset < token.end)?;
    let token = tokens.get(position)?;
    let span = Span::new(checked.file, token.start, token.end);
    match token.kind {
        TokenKind::Word => {
            let before = position.checked_sub(1).and_then(|i| tokens.get(i));
            let is_unit = before.is_some_and(|before| before.kind == TokenKind::Number);
            page.of_keyword(token.text(text), span, is_unit).map(|text| Hover { span, text })
        }
        // What an operator gives, and what flows through a bar.
        TokenKind::Symbol => page.around(offset, span).map(|text| Hover { span, text }),
        _ => None,
    }
}

struct Page<'c> {
    checked: &'c Checked,
    names: &'c Names,
    steps: &'c StepCosts,
}

impl Page<'_> {
    fn of_name(&self, name: &Name) -> Option<String> {
        match &name.meaning {
            Meaning::Declared(id) => Some(self.of_declaration(self.names.declaration(*id), name.span)),
            Meaning::Entry(entry) => Some(self.of_entry(entry, name.span)),
            Meaning::Parameter(entry, param) => Some(of_param_of(entry, param)),
            Meaning::Choice(entry, param) => {
                let written = self.text(name.span);
                Some(format!("{}\n\nA choice of {}", code(written), of_param_of(entry, param)))
            }
            Meaning::Setting(word) => Some(self.of_setting(word)),
            Meaning::SmallWord(word) => Some(of_small_word(word)),
            Meaning::Column(table) => self.of_column(self.names.tables.get(*table)?, name.span),
            Meaning::WeightPath => self.of_weight(name.span),
            Meaning::File(path) => {
                let what = match std::fs::metadata(path) {
                    Ok(about) if about.is_dir() => "a folder".to_owned(),
                    Ok(about) => bytes(about.len()),
                    Err(_) if path.to_string_lossy().contains('*') => "a pattern for the names of files".to_owned(),
                    Err(_) => "there is no such file".to_owned(),
                };
                Some(format!("`{}`: {what}", path.display()))
            }
            Meaning::Label => Some(format!("{}\n\nA name of the pattern: an axis", code(self.text(name.span)))),
            // What is wrong with it is told there.
            Meaning::Missing | Meaning::Unknown => None,
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
            DeclarationKind::Import => code(self.text(declaration.whole)),
            DeclarationKind::Dimension => match noted {
                Some(noted) if noted.is_value && *noted.text != **name => code(&format!("{name} = {}", noted.text)),
                _ => code(name),
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
            _ => code(&self.typed("", name, noted)),
        };
        if let Some(whose) = self.whose(declaration, noted.is_some_and(|noted| noted.is_value)) {
            let _ = write!(page, "\n\n{whose}");
        }
        if let Some(doc) = &declaration.doc {
            let _ = write!(page, "\n\n{doc}");
        }
        match declaration.kind {
            DeclarationKind::Block | DeclarationKind::Layer | DeclarationKind::SharedLayer => {
                page.push_str(&self.applied(at));
            }
            // One that holds a function or a layer, where it is applied.
            DeclarationKind::Hyper | DeclarationKind::HyperParameter
                if self.checked.program.noted(at).is_some_and(|noted| !noted.is_value) =>
            {
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
            DeclarationKind::Let => {
                let id = self.names.declarations.iter().position(|other| other.span == declaration.span);
                let table =
                    id.and_then(|id| self.names.table_of.get(&id)).and_then(|table| self.names.tables.get(*table));
                page.push_str(&table.map_or(String::new(), |table| self.of_table(table)));
            }
            _ => {}
        }
        page
    }

    /// `An input of the block Square`; of what says itself what it is, nothing.
    fn whose(&self, declaration: &Declaration, has_value: bool) -> Option<String> {
        let what = match declaration.kind {
            DeclarationKind::Hyper
            | DeclarationKind::Block
            | DeclarationKind::Model
            | DeclarationKind::Data
            | DeclarationKind::Field
            | DeclarationKind::Weight
            | DeclarationKind::Constant
            | DeclarationKind::Let
            | DeclarationKind::Layer
            | DeclarationKind::SharedLayer
            | DeclarationKind::Import => return None,
            DeclarationKind::HyperParameter => "a hyper".to_owned(),
            kind => with_article(kind.word()),
        };
        let Some(owner) = declaration.parent.map(|id| self.names.declaration(id)) else { return Some(capital(&what)) };
        let mut text = format!("{} of the {} `{}`", capital(&what), owner.kind.word(), owner.name);
        if declaration.kind == DeclarationKind::Dimension {
            text.push_str(", bound by its inputs");
        }
        // How large things are in a block is for who calls it.
        if has_value && owner.kind == DeclarationKind::Block {
            text.push_str("; here as in its first call");
        }
        Some(text)
    }

    /// What a word of the language is. Where it makes something, what that is here; behind a number it is a unit.
    fn of_keyword(&self, text: &str, span: Span, is_unit: bool) -> Option<String> {
        if is_unit && let Some(unit) = small_word(text, "duration") {
            return Some(of_small_word(unit));
        }
        let Some(word) = catalog::word(text) else { return keyword(text).map(of_small_word) };
        let mut page = of_word(word);
        if word.kind == WordKind::Form {
            let around = around(&self.checked.ast, span.start as usize);
            let own = around.iter().rev().find(|expr| expr.span.start == span.start);
            let noted = own.and_then(|expr| self.checked.program.noted(expr.span)).filter(|noted| !noted.is_value);
            page.push_str(&noted.map_or(String::new(), |noted| format!("\n\nHere: gives `{}`", noted.text)));
        }
        Some(page)
    }

    fn text(&self, span: Span) -> &str {
        self.checked.sources.text(span)
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
        of_entry_here(entry, &self.applied(at))
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
            if callee.end == head.end && head.lies_in(callee) {
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
            text.push_str(&self.of_step(train));
        }
        text
    }

    /// The memory and the work of a step of a train.
    fn of_step(&self, train: usize) -> String {
        let Some((memory, flops)) = self.steps.step(self.checked, train) else { return String::new() };
        let batch = self.checked.program.trains.get(train).map_or(0, |train| train.settings.batch as u64);
        let (batch, memory, flops) = (count(batch), bytes(memory), before_unit(flops as f64));
        format!("\n\nA training step with a batch of {batch}: {memory} · {flops}FLOP")
    }

    fn of_setting(&self, word: &'static Word) -> String {
        let mut text = of_word(word);
        if word.name == "batch" && self.checked.program.trains.len() == 1 {
            text.push_str(&self.of_step(0));
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
        let columns = self
            .names
            .in_file(declaration.span.file)
            .iter()
            .filter(|name| matches!(name.meaning, Meaning::Column(_)) && name.span.lies_in(declaration.whole));
        for name in columns.take(MOST_LISTED) {
            if let Meaning::Column(table) = name.meaning
                && let Some(facts) = self.names.tables.get(table).and_then(|t| self.column(t, name.span))
            {
                let _ = write!(text, "\n- {}", facts.sentence());
            }
        }
        text
    }

    fn of_column(&self, table: &Table, at: Span) -> Option<String> {
        let column = self.column(table, at)?;
        let files: Vec<&str> = table.files.iter().map(|(written, _)| written.as_str()).collect();
        let what = if table.source == "npz" { "An array" } else { "A column" };
        let of = if files.is_empty() { format!("`{}`", table.source) } else { quoted_list(files, 3) };
        Some(format!("{what} of {of}\n\n{}", column.sentence()))
    }

    fn column(&self, table: &Table, at: Span) -> Option<Column> {
        let name = self.text(at).trim_matches('"');
        columns(self.checked, table).into_iter().find(|column| column.name == name)
    }

    /// The columns of a table, the first of them with what they hold.
    fn of_table(&self, table: &Table) -> String {
        let columns = columns(self.checked, table);
        let mut text = String::new();
        for (i, column) in columns.iter().take(MOST_LISTED).enumerate() {
            let _ = write!(text, "{}- {}", if i == 0 { "\n\n" } else { "\n" }, column.sentence());
        }
        if let Some(more) = columns.len().checked_sub(MOST_LISTED).filter(|more| *more > 0) {
            let _ = write!(text, "\n- and {}", counted(more as u64, "more column"));
        }
        text
    }

    /// What an operator gives, or what flows through the bar of a pipeline.
    fn around(&self, offset: usize, symbol: Span) -> Option<String> {
        let around = around(&self.checked.ast, offset);
        around.iter().rev().find_map(|expr| match &expr.kind {
            ExprKind::Pipe { input, stage } if input.span.end <= symbol.start && symbol.end <= stage.span.start => {
                let noted = self.checked.program.noted(input.span)?;
                let stage = self.text(stage.span).split(['(', ' ', '{', '\n']).next().unwrap_or("");
                Some(format!("{}\n\nWhat goes into `{stage}`", code(&noted.text)))
            }
            ExprKind::Binary { left, right, .. } if left.span.end <= symbol.start && symbol.end <= right.span.start => {
                let noted = self.checked.program.noted(expr.span)?;
                let (left, right) = (self.checked.program.noted(left.span), self.checked.program.noted(right.span));
                let operands = match (left, right) {
                    (Some(left), Some(right)) => format!("\n\nOf `{}` and `{}`", left.text, right.text),
                    _ => String::new(),
                };
                Some(format!("{}{operands}", code(&noted.text)))
            }
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

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
