//! What an expression is while a program is checked.

use super::given::Given;
use crate::build::{StateScope, Tensor};
use crate::catalog::{Args, Duration, Entry};
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{self, Symbol};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The value of an expression.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A mistake has been told; this agrees with everything.
    Unknown,
    Tensor(Tensor),
    /// Several outputs.
    Tuple(Vec<Value>),
    /// Known at compile time.
    Number(f64),
    /// A size that is not known yet, or differs from example to example.
    Size(Dim),
    Bool(bool),
    Text(Arc<str>),
    None,
    Duration(Duration),
    List(Vec<Value>),
    /// Named values: the outputs of `Classifier`, the fields of `iris`.
    Record(Symbol, Vec<(Symbol, Value)>),
    /// A layer, block or function that waits for its tensor.
    Stage(Rc<Stage>),
}

/// Something that is applied to tensors.
#[derive(Debug)]
pub(super) enum Stage {
    /// A layer of the catalog.
    Layer(LayerInstance),
    /// A block of the user's.
    Block(BlockInstance),
    /// A function that lacks its first tensor.
    Function { entry: &'static Entry, args: Args, span: Span },
    /// One behind the other.
    Composition(Vec<Rc<Stage>>),
    /// `repeat n { … }`: the copies, one behind the other.
    Repeat { copies: Vec<Rc<Stage>>, path: RefCell<StateScope> },
    /// `x + inner(x)`
    Residual { inner: Rc<Stage>, shortcut: Option<Rc<Stage>>, span: Span },
    /// A stage whose tensors behind the first are there already.
    Waiting { stage: Rc<Stage>, rest: Vec<Value> },
}

/// A layer with its arguments and the path of its weights.
#[derive(Debug)]
pub(super) struct LayerInstance {
    pub entry: &'static Entry,
    pub args: Args,
    pub path: RefCell<StateScope>,
    /// Whether it has been applied: its weights are made.
    pub applied: Cell<bool>,
    /// Whether a `let` has given it its path.
    pub bound: Cell<bool>,
    pub span: Span,
    /// Where its arguments were given.
    pub given: Vec<(&'static str, Rc<Given>)>,
}

/// A block with its hypers and the path of its weights.
#[derive(Debug)]
pub(super) struct BlockInstance {
    pub definition: Rc<Definition>,
    pub hypers: Vec<BoundHyper>,
    pub path: RefCell<StateScope>,
    /// Whether a `let` has given it its path.
    pub bound: Cell<bool>,
    pub span: Span,
}

/// A hyper of a block with its value.
#[derive(Debug, Clone)]
pub(super) struct BoundHyper {
    pub name: Symbol,
    pub value: Value,
    /// Where the value was given.
    pub given: Option<Rc<Given>>,
}

/// A block or model as written, and where its names are looked up.
#[derive(Debug)]
pub(super) struct Definition {
    pub function: Rc<ast::Function>,
    pub module: usize,
}

/// What tells a layer from another of the same path: no name holds it.
pub(super) const CLASH: char = '\u{0}';

/// The path of a layer that a hyper's default has made, until the block that has the hyper is applied.
pub(super) fn default_scope() -> StateScope {
    StateScope(format!("{CLASH}default").into())
}

/// The path of a body and the segments given out in it.
#[derive(Debug, Default)]
pub(super) struct BodyPath {
    pub prefix: StateScope,
    counts: RefCell<BTreeMap<String, u32>>,
    taken: RefCell<BTreeMap<String, Span>>,
}

impl BodyPath {
    pub fn new(prefix: StateScope) -> Rc<Self> {
        Rc::new(BodyPath { prefix, ..BodyPath::default() })
    }

    /// The path of the next layer of this kind: `dense1`, `dense2`, … The span of an earlier layer of the same path,
    /// if there is one.
    pub fn next(&self, kind: &str, span: Span) -> (StateScope, Option<Span>) {
        let kind = snake_case(kind);
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry(kind.clone()).or_insert(0);
        *count += 1;
        self.claim(&format!("{kind}{count}"), span)
    }

    /// The path of a named layer, and the span of an earlier one of that path. The second of two gets one that
    /// nothing else has, so that they are not taken for one shared layer.
    pub fn claim(&self, segment: &str, span: Span) -> (StateScope, Option<Span>) {
        let before = self.taken.borrow_mut().insert(segment.to_owned(), span).filter(|b| *b != span);
        let path = self.prefix.join(segment);
        let path = if before.is_some() { format!("{path}{CLASH}{}", span.start).into() } else { path };
        (StateScope(path), before)
    }

    /// A path as the user knows it.
    pub fn shown(&self, path: &StateScope) -> String {
        path.0.split(CLASH).next().unwrap_or_default().to_owned()
    }

    /// How many layers of each kind have been counted.
    pub fn counts(&self) -> BTreeMap<String, u32> {
        self.counts.borrow().clone()
    }

    /// What has been given out so far, to be restored when layers move to a body of their own.
    pub fn snapshot(&self) -> Snapshot {
        (self.counts.borrow().clone(), self.taken.borrow().clone())
    }

    /// The segments that have been given out.
    pub fn names(&self) -> BTreeMap<String, Span> {
        self.taken.borrow().clone()
    }

    /// Takes back the segments that were given out since.
    pub fn restore_names(&self, names: BTreeMap<String, Span>) {
        *self.taken.borrow_mut() = names;
    }

    pub fn restore(&self, snapshot: Snapshot) {
        *self.counts.borrow_mut() = snapshot.0;
        *self.taken.borrow_mut() = snapshot.1;
    }
}

pub(super) type Snapshot = (BTreeMap<String, u32>, BTreeMap<String, Span>);

/// The segment of a weight's path that a layer or block gives: `LayerNorm` → `layer_norm`, `Conv2d` → `conv2d`,
/// `LSTM` → `lstm`.
pub fn snake_case(name: &str) -> String {
    // Written in both cases within one word.
    if let Some((_, segment)) = [("PReLU", "prelu"), ("SwiGLU", "swiglu")].iter().find(|(mixed, _)| *mixed == name) {
        return (*segment).to_owned();
    }
    let chars: Vec<char> = name.chars().collect();
    let mut result = String::new();
    for (i, c) in chars.iter().enumerate() {
        let after_lower = i > 0 && chars.get(i - 1).is_some_and(|p| p.is_lowercase() || p.is_ascii_digit());
        let ends_acronym = i > 0
            && chars.get(i - 1).is_some_and(|p| p.is_uppercase())
            && chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && (after_lower || ends_acronym) && !result.ends_with('_') {
            result.push('_');
        }
        result.extend(c.to_lowercase());
    }
    result
}

impl Value {
    /// What it is, with its article: `a layer`, `a number`.
    pub fn describe(&self) -> String {
        match self {
            Value::Unknown => "something unknown".into(),
            Value::Tensor(t) => format!("a tensor {}", t.show()),
            Value::Tuple(parts) => format!("{} values", parts.len()),
            Value::Number(n) => format!("the number {}", show_number(*n)),
            Value::Size(d) => format!("the size {d}"),
            Value::Bool(b) => format!("`{b}`"),
            Value::Text(_) => "a string".into(),
            Value::None => "`none`".into(),
            Value::Duration(Duration::Epochs(n)) => format!("`{} epochs`", show_number(*n)),
            Value::Duration(Duration::Steps(n)) => format!("`{} steps`", show_number(*n)),
            Value::List(_) => "a list".into(),
            Value::Record(name, _) => format!("`{name}`, which has several values"),
            Value::Stage(stage) => match &**stage {
                Stage::Layer(l) => format!("the layer `{}`", l.entry.name),
                Stage::Block(b) => format!("the block `{}`", b.definition.function.name.name),
                Stage::Function { entry, .. } => format!("the function `{}`", entry.name),
                Stage::Composition(_) => "a chain of layers".into(),
                Stage::Repeat { .. } => "a `repeat`".into(),
                Stage::Residual { .. } => "a residual stage".into(),
                Stage::Waiting { .. } => "a stage that waits for its tensor".into(),
            },
        }
    }

    /// A size: [`Value::Number`] where it is known.
    pub fn size(dim: Dim) -> Value {
        match dim.as_constant() {
            Some(n) => Value::Number(n as f64),
            None => Value::Size(dim),
        }
    }
}

impl Stage {
    /// How many tensors it is applied to.
    pub fn arity(&self) -> usize {
        match self {
            Stage::Layer(l) => match l.entry.body {
                crate::catalog::Body::Layer { inputs, .. } => inputs.len(),
                _ => 1,
            },
            Stage::Block(b) => b.definition.function.inputs.len(),
            Stage::Composition(parts) => parts.first().map_or(1, |p| p.arity()),
            Stage::Repeat { copies, .. } => copies.first().map_or(1, |c| c.arity()),
            Stage::Function { .. } | Stage::Residual { .. } | Stage::Waiting { .. } => 1,
        }
    }
}

/// A number as people write it: `0.5`, `64`, `1e-5`.
pub(super) fn show_number(n: f64) -> String {
    if n != 0.0 && n.is_finite() && (n.abs() >= 1e15 || n.abs() < 1e-4) { format!("{n:e}") } else { format!("{n}") }
}

/// Where a value was bound.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub name: Symbol,
    pub value: Value,
    /// Where that was given, of a hyper.
    pub given: Option<Rc<Given>>,
}

/// The names of a body that is being evaluated.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Where names that are not bound here are looked up.
    pub module: usize,
    /// Innermost last.
    pub bindings: Vec<Binding>,
    /// The path of its layers.
    pub body: Rc<BodyPath>,
    /// Dimension names of the signature, for `axis: T`.
    pub dims: BTreeMap<Symbol, Dim>,
    /// The block or model that is being evaluated.
    pub definition: Option<Rc<Definition>>,
}

impl Frame {
    pub fn new(module: usize, prefix: StateScope) -> Self {
        Frame { module, bindings: Vec::new(), body: BodyPath::new(prefix), dims: BTreeMap::new(), definition: None }
    }

    pub fn bind(&mut self, name: &Symbol, value: Value) {
        self.bindings.push(Binding { name: name.clone(), value, given: None });
    }

    pub fn lookup(&self, name: &str) -> Option<&Binding> {
        self.bindings.iter().rev().find(|b| &*b.name == name)
    }

    /// The nearest layer or function of this name.
    pub fn lookup_stage(&self, name: &str) -> Option<Rc<Stage>> {
        self.bindings.iter().rev().find_map(|b| match &b.value {
            Value::Stage(s) if &*b.name == name => Some(s.clone()),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn kinds_become_segments() {
        for (name, segment) in [
            ("Dense", "dense"),
            ("LayerNorm", "layer_norm"),
            ("Conv2d", "conv2d"),
            ("LSTM", "lstm"),
            ("RNN", "rnn"),
            ("ConvUnit", "conv_unit"),
            ("SelfAttention", "self_attention"),
            ("RMSNorm", "rms_norm"),
            ("ConvTranspose2d", "conv_transpose2d"),
            ("MaxPool2d", "max_pool2d"),
            ("GRU", "gru"),
            ("PReLU", "prelu"),
            ("SwiGLU", "swiglu"),
            ("MixtureOfExperts", "mixture_of_experts"),
        ] {
            assert_eq!(snake_case(name), segment);
        }
    }
}
