//! Names, calls and arguments as other frameworks write them: what is meant, so that the rest can be checked, and what
//! they would be here.

use super::checker::Checker;
use super::mistake::{ArgumentMeaning, Mistake, Repair};
use super::value::{Frame, Value};
use crate::catalog::{self, ArgumentElsewhere, Entry, EntryKind, ParamType, argument_elsewhere};
use crate::source::{SourceMap, Span};
use crate::syntax::MODULES;
use crate::syntax::ast::{self, Arg, Expr, ExprKind, Symbol};

/// What the layers of PyTorch take first, or at another place, and ours infer: which positional argument, and how many
/// there are at least.
const SIZES_OF_INPUTS: &[(&str, usize, usize)] = &[
    ("Linear", 0, 2),
    ("Conv1d", 0, 2),
    ("Conv2d", 0, 2),
    ("Conv3d", 0, 2),
    ("ConvTranspose1d", 0, 2),
    ("ConvTranspose2d", 0, 2),
    ("RNN", 0, 2),
    ("LSTM", 0, 2),
    ("GRU", 0, 2),
    ("Embedding", 0, 2),
    ("MultiheadAttention", 0, 2),
    ("GroupNorm", 1, 2),
    ("BatchNorm1d", 0, 1),
    ("BatchNorm2d", 0, 1),
    ("BatchNorm3d", 0, 1),
    ("InstanceNorm1d", 0, 1),
    ("InstanceNorm2d", 0, 1),
    ("InstanceNorm3d", 0, 1),
    ("LayerNorm", 0, 1),
];

/// Methods that move or copy a tensor elsewhere; here they would do nothing.
const EMPTY_METHODS: &[&str] =
    &["cuda", "cpu", "to", "float", "contiguous", "clone", "item", "numpy", "requires_grad_"];

/// An argument that is not given here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dropped {
    /// The name of what is called.
    pub of: Span,
    /// Which argument; `None` for all of them, with their parentheses.
    pub index: Option<usize>,
    /// The argument, with its comma.
    pub span: Span,
}

impl Checker<'_> {
    /// The framework whose module stands before the name at `span`: `nn.Linear`.
    pub fn module_of(&self, span: Span) -> Option<&'static str> {
        let (head, _) = self.sources.text(span).split_once('.')?;
        MODULES.iter().find(|(module, _)| *module == head.trim()).map(|(_, framework)| *framework)
    }

    /// The argument of a call that is not given here, because it is the size of an input.
    pub fn dropped(&self, name: &str, of: Span, args: &[Arg], args_span: Span) -> Option<Dropped> {
        let elsewhere = catalog::find_elsewhere(name);
        let is_capital = name.starts_with(|c: char| c.is_uppercase());
        // `CrossEntropyLoss()(a, b)`: one call is enough.
        if elsewhere.is_some_and(|(entry, _)| entry.kind() == EntryKind::Loss) && is_capital {
            let behind = Span { start: args_span.end, end: args_span.end + 1, ..args_span };
            let is_called_again = self.sources.text(behind) == "(";
            return is_called_again.then_some(Dropped { of, index: None, span: args_span });
        }
        let is_torch = self.module_of(of) == Some("PyTorch") || elsewhere.is_some_and(|(_, f)| f == "PyTorch");
        let (_, index, least) = SIZES_OF_INPUTS.iter().find(|(n, ..)| *n == name && is_torch)?;
        let positional = args.iter().take_while(|a| a.name.is_none()).count();
        if positional < *least && args.len() < *least || *index >= positional {
            return None;
        }
        Some(Dropped { of, index: Some(*index), span: removal(args, *index)? })
    }

    /// Tells of names behind those of modules that are the same here, unless more has been said of them.
    pub fn qualified_names(&mut self, module: usize) {
        for name in self.modules[module].ast.clone().qualified.iter() {
            let Some(entry) = catalog::entries().find(|e| e.name == &*name.name) else { continue };
            self.qualified(name.span, entry, None);
        }
    }

    /// Tells of `nn.Dropout`, which is `Dropout`.
    pub fn qualified(&mut self, span: Span, entry: &'static Entry, drop: Option<Span>) {
        if let Some(framework) = self.module_of(span) {
            let name = self.sources.text(span).to_owned();
            self.mistake(span, &Mistake::ForeignName { name, framework, ours: entry.name, drop });
        }
    }

    /// What a name of another framework means, where its arguments mean the same as ours.
    pub fn meant_by(&self, name: &str) -> Option<&'static Entry> {
        if self.may_be_declared(name) {
            return None;
        }
        let (entry, _) = catalog::find_elsewhere(name)?;
        let is_capital = name.starts_with(|c: char| c.is_uppercase());
        match entry.kind() {
            EntryKind::Layer => is_capital.then_some(entry),
            EntryKind::Loss => (!is_capital).then_some(entry),
            EntryKind::Function => Some(entry),
            _ => None,
        }
    }

    /// `Sequential(a, b)`: the layers, one behind the other. `None` where it is something else.
    pub fn container(
        &mut self,
        name: &Symbol,
        args: &[Arg],
        of: Span,
        span: Span,
        piped: Option<Value>,
        frame: &mut Frame,
    ) -> Option<Value> {
        if !matches!(&**name, "Sequential" | "ModuleList" | "Chain") {
            return None;
        }
        let stages: Vec<&Expr> = match args {
            [Arg { name: None, value: Expr { kind: ExprKind::List(items), .. } }] => items.iter().collect(),
            _ => args.iter().map(|a| &a.value).collect(),
        };
        let mut edits = chained(&stages, span, &self.sources);
        let behind = Span { start: span.end, end: span.end + 1, ..span };
        if self.sources.text(behind) == "("
            && let [(_, open), .., (_, close)] = edits.as_mut_slice()
        {
            open.push('(');
            close.push(')');
        }
        let name = format!("`{}`", self.sources.text(of));
        self.mistake(of, &Mistake::Container { name, edits });
        let mut value = piped;
        for stage in stages {
            value = Some(match value {
                None => self.stage_expression(stage, frame),
                Some(value) => self.pipe_value(value, stage, stage, span, frame),
            });
        }
        Some(value.unwrap_or(Value::Unknown))
    }

    /// `x.relu()`: what the method is here. `None` where the base is no tensor.
    pub fn method(
        &mut self,
        base: &Expr,
        name: &ast::Ident,
        args: &[Arg],
        args_span: Span,
        span: Span,
        frame: &mut Frame,
    ) -> Option<Value> {
        // Files and data are no values.
        if root_of(base).is_some_and(|root| frame.lookup(root).is_none()) {
            return None;
        }
        let value = match self.expression(base, frame) {
            value @ Value::Tensor(_) => value,
            other => return Some(self.called_field(other, name, args, span, frame)),
        };
        let method = name.name.to_string();
        let dot = Span { start: base.span.end, end: name.span.end, ..span };
        let all = Span { start: dot.start, end: args_span.end, ..span };
        if EMPTY_METHODS.contains(&&*method) {
            let repair = Repair { title: format!("remove `.{method}`"), edits: vec![(all, String::new())] };
            self.mistake(name.span, &Mistake::Method { name: method, repair: Some(repair), help: None });
            return Some(value);
        }
        if matches!(&*method, "size" | "dim" | "numel") {
            self.mistake(name.span, &Mistake::Method { name: method, repair: None, help: Some(SHAPES) });
            return Some(Value::Unknown);
        }
        if matches!(&*method, "view" | "reshape") {
            let instead = self.view(args);
            let repair = Repair {
                title: format!("write `|> {instead}`"),
                edits: self.piped_edits(span, base, all, format!(" |> {instead}")),
            };
            self.mistake(name.span, &Mistake::Method { name: method, repair: Some(repair), help: None });
            return Some(Value::Unknown);
        }
        if let Value::Tensor(x) = &value
            && let Some((instead, ordered)) = self.order_by_method(&method, args, x, span)
        {
            let repair = Repair {
                title: format!("write `|> {instead}`"),
                edits: self.piped_edits(span, base, all, format!(" |> {instead}")),
            };
            self.mistake(name.span, &Mistake::Method { name: method, repair: Some(repair), help: None });
            return Some(ordered);
        }
        let known =
            frame.lookup_stage(&name.name).is_some() || self.modules[frame.module].names.contains_key(&name.name);
        let entry = catalog::find(&method, &[EntryKind::Layer, EntryKind::Function])
            .or_else(|| catalog::find_elsewhere(&method).map(|(entry, _)| entry));
        let (ours, entry) = match entry {
            _ if known => (method.clone(), None),
            Some(entry) => (entry.name.to_owned(), Some(entry)),
            None => return Some(self.called_field(value, name, args, span, frame)),
        };
        let stage = if args.is_empty() { ours.clone() } else { format!("{ours}{}", self.sources.text(args_span)) };
        // The arguments stay as they are: they may have mistakes of their own.
        let cut = if args.is_empty() { all } else { dot };
        let repair = Repair {
            title: format!("write `|> {stage}`"),
            edits: self.piped_edits(span, base, cut, format!(" |> {ours}")),
        };
        self.mistake(name.span, &Mistake::Method { name: method, repair: Some(repair), help: None });
        Some(match entry {
            Some(entry) => self.call_entry(entry, args, args_span, span, Some(value), frame),
            None => Value::Unknown,
        })
    }

    /// `base.name(…)`, where the base is no tensor or has no such method.
    fn called_field(&mut self, base: Value, name: &ast::Ident, args: &[Arg], span: Span, frame: &mut Frame) -> Value {
        match self.field_of(base, name, span) {
            Value::Unknown => {
                for arg in args {
                    self.expression(&arg.value, frame);
                }
                Value::Unknown
            }
            found => self.mistake(name.span, &Mistake::NotAStage { found: found.describe() }),
        }
    }

    /// What `view(…)` does with one example.
    fn view(&self, args: &[Arg]) -> String {
        let items: Vec<&Expr> = match args {
            [Arg { name: None, value: Expr { kind: ExprKind::List(items) | ExprKind::Tuple(items), .. } }] => {
                items.iter().collect()
            }
            _ => args.iter().map(|a| &a.value).collect(),
        };
        let texts: Vec<&str> = items.iter().map(|i| self.sources.text(i.span)).collect();
        let shape: &[&str] = match texts.as_slice() {
            [first, rest @ ..]
                if !rest.is_empty() && (*first == "-1" || first.contains('.') || first.contains("batch")) =>
            {
                rest
            }
            all => all,
        };
        match shape {
            [] | [_] => "Flatten".to_owned(),
            shape => {
                let shape: Vec<&str> = shape.iter().map(|s| if *s == "-1" { "_" } else { *s }).collect();
                format!("reshape([{}])", shape.join(", "))
            }
        }
    }

    /// A stage in place of a method call; in parentheses, where an operator or a call follows.
    fn piped_edits(&self, span: Span, base: &Expr, cut: Span, stage: String) -> Vec<(Span, String)> {
        let text = &self.sources.file(span.file).text;
        let behind = text.get(span.end as usize..).unwrap_or("").trim_start_matches([' ', '\t']);
        let before = text.get(..base.span.start as usize).unwrap_or("").trim_end_matches([' ', '\t']);
        let binds = |c: char| "+-*/@^<>=!".contains(c);
        let is_operand = behind.starts_with(binds)
            || before.ends_with(binds) && !before.ends_with("|>") && !before.ends_with([':', '='])
            || behind.starts_with('(');
        let mut edits = vec![(cut, stage)];
        if is_operand {
            edits.push((base.span.start_point(), "(".to_owned()));
            edits.push((span.end_point(), ")".to_owned()));
        }
        edits
    }

    /// What an argument that a layer does not have is here.
    pub fn foreign_argument(
        &self,
        callee: &str,
        known: &[&'static str],
        given: &[Arg],
        index: usize,
        span: Span,
    ) -> Option<Mistake> {
        let arg = given.get(index)?;
        let name = arg.name.as_ref()?;
        let value = self.sources.text(arg.value.span);
        let meaning = match (&*name.name, argument_elsewhere(&name.name, known.iter().copied())) {
            ("return_sequences", _) if known.contains(&"returns") => {
                let last = matches!(arg.value.kind, ExprKind::Bool(false));
                ArgumentMeaning::Written(if last { "returns: final" } else { "returns: sequence" }.to_owned())
            }
            ("from_logits", _) if callee == "bce" => ArgumentMeaning::Callee("bce_with_logits"),
            ("from_logits", _) => ArgumentMeaning::NotNeeded("`cross_entropy` takes logits, always"),
            // The batch has no axis here, so all others come one earlier.
            ("dim" | "dims", Some(ArgumentElsewhere::Called("axis"))) => match value.parse::<i64>() {
                Ok(n) if n >= 1 => ArgumentMeaning::Axis(n - 1),
                _ => ArgumentMeaning::Called("axis"),
            },
            (_, Some(ArgumentElsewhere::Called(ours))) => ArgumentMeaning::Called(ours),
            (_, Some(ArgumentElsewhere::NotNeeded(why))) => ArgumentMeaning::NotNeeded(why),
            (_, Some(ArgumentElsewhere::Stage)) => {
                let word = match &arg.value.kind {
                    ExprKind::String(text) => text.as_str(),
                    ExprKind::Name(name) => name,
                    _ => "",
                };
                let behind = Span { start: span.end, end: span.end + 1, ..span };
                let is_called = self.sources.text(behind) == "(";
                let function = catalog::find(word, &[EntryKind::Function, EntryKind::Layer])
                    .or_else(|| catalog::find_elsewhere(word).map(|(entry, _)| entry));
                ArgumentMeaning::Stage(match function {
                    _ if matches!(word, "linear" | "identity" | "none") => Some(None),
                    Some(entry) if !is_called => Some(Some(entry.name)),
                    _ => None,
                })
            }
            (_, None) => return None,
        };
        let removed = removal(given, index)?;
        let (callee, name) = (callee.to_owned(), name.name.clone());
        Some(Mistake::ForeignArgument { callee, name, meaning, argument: arg.span(), removed, call: span })
    }

    /// Which argument of a layer is the size of its input, as PyTorch's are given it: a number stands where only
    /// something else can, or one that is far too large for what is there.
    pub fn size_of_input(&self, entry: &Entry, given: &[Arg]) -> Option<usize> {
        let number = |arg: &Arg| match (&arg.name, &arg.value.kind) {
            (None, ExprKind::Number(n)) if n.value.fract() == 0.0 && n.value > 0.0 => Some(n.value),
            _ => None,
        };
        let is_size = |param: &catalog::Param| matches!(param.ty, ParamType::Size | ParamType::Whole { .. });
        // `Dense(4, 16)`; of `LSTM(4, 8, 2)` the third number tells, for a number of layers may stand second.
        let tells = |param: &catalog::Param| matches!(param.ty, ParamType::Bool | ParamType::Init);
        if entry.kind() != EntryKind::Layer {
            return None;
        }
        // `LayerNorm(64)`, `GroupNorm(8, 64)`: nothing is made stable by adding 64.
        let at_eps = entry.params.iter().position(|param| param.name == "eps");
        if let Some(at) = at_eps.filter(|at| given.get(*at).and_then(number).is_some_and(|n| n >= 1.0)) {
            return Some(at);
        }
        let is_given = match (given, entry.params) {
            ([first, second, ..], [size, layers, ..]) if first.name.is_none() && is_size(size) => {
                match (&layers.ty, number(second)) {
                    // `LSTM(12, 128)`
                    (ParamType::Whole { max, .. }, Some(n)) if n > *max as f64 => true,
                    (_, None) => false,
                    _ if is_size(layers) => {
                        let third = given.get(2).and_then(number).zip(entry.params.get(2));
                        third.is_some_and(|(_, param)| tells(param))
                    }
                    _ => tells(layers),
                }
            }
            _ => false,
        };
        is_given.then_some(0)
    }
}

/// The name that a chain of fields begins with.
fn root_of(expr: &Expr) -> Option<&Symbol> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Field { base, .. } => root_of(base),
        _ => None,
    }
}

/// Edits that turn the elements of a list or call, which stands at `whole`, into a pipeline.
pub(super) fn chained(stages: &[&Expr], whole: Span, sources: &SourceMap) -> Vec<(Span, String)> {
    let mut edits: Vec<(Span, String)> = Vec::new();
    let (Some(first), Some(last)) = (stages.first(), stages.last()) else { return edits };
    edits.push((Span { end: first.span.start, ..whole }, String::new()));
    for pair in stages.windows(2) {
        let [before, after] = pair else { continue };
        let gap = Span { start: before.span.end, end: after.span.start, ..whole };
        let indent = sources.text(gap).rsplit_once('\n').map(|(_, indent)| indent.to_owned());
        edits.push((gap, indent.map_or(" |> ".to_owned(), |indent| format!("\n{indent}|> "))));
    }
    edits.push((Span { start: last.span.end, ..whole }, String::new()));
    edits
}

pub(super) const SHAPES: &str =
    "a size has a name in the signature: `x: [T, D]` makes `D` a number, `Dense(2 * D)`; sizes of inputs are inferred";

/// An argument with the comma that goes with it.
pub(super) fn removal(args: &[Arg], index: usize) -> Option<Span> {
    let own = args.get(index)?.span();
    let before = index.checked_sub(1).and_then(|i| args.get(i)).map(|a| a.span().end);
    let behind = args.get(index + 1).map(|a| a.span().start);
    Some(match (before, behind) {
        (Some(before), _) => Span { start: before, ..own },
        (None, Some(behind)) => Span { end: behind, ..own },
        (None, None) => own,
    })
}
