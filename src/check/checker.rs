//! The state of a check, and how mistakes are told.

use super::foreign::Dropped;
use super::given::Given;
use super::memory::Memory;
use super::mistake::Mistake;
use super::noted::Notes;
use super::program::{DataBlock, FileUse, LayerRow, Model, Port};
use super::provenance::{Application, Scope, WrittenDims, sizes_of};
use super::regions::Region;
use super::solve::Met;
use super::solve_outputs::Trained;
use super::value::{Definition, Value};
use super::{Overrides, words};
use crate::build::words::{CallSite, diagnostic as problem_diagnostic};
use crate::build::{Builder, Problem, Tensor};
use crate::data::FieldType;
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::dim::{Dim, Var, VarKind};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{self, Symbol};
use crate::syntax::words_in;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// How deep blocks may call blocks: more would not fit on the stack.
const MAX_DEPTH: usize = 64;

/// How often one call may stand in itself before we say that it never ends. (A block that takes a layer may be given
/// one that is made with itself.)
const MAX_REENTRIES: usize = 8;

/// How many expressions the building of one network may evaluate.
const MAX_WORK: u64 = 200_000;

/// The same, once a network of the file was too large: the others are probably parts of it.
const WORK_AFTERWARDS: u64 = 5_000;

pub(super) struct Checker<'o> {
    pub sources: SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    /// How often a mistake was met, whether it was told or had been before.
    pub mistakes_met: usize,
    /// What an earlier check of the file found out, where there was one.
    pub memory: Option<Memory>,
    pub overrides: &'o Overrides,
    pub modules: Vec<Module>,
    pub data: Vec<DataBlock>,
    /// The graph being built.
    pub builder: Builder,
    /// Layers applied in it.
    pub rows: Vec<LayerRow>,
    /// What they lie in.
    pub regions: Vec<Region>,
    pub notes: Notes,
    /// The same, for what their sizes came from.
    pub applications: Vec<Application>,
    /// Where the dims of inputs and weights are written, by the place of the input or weight.
    pub written_dims: BTreeMap<Span, WrittenDims>,
    /// The blocks and models that we are in, with what their dimension names stand for.
    pub scopes: Vec<Scope>,
    /// How many `repeat`s we are in, whose copies hand on one shape.
    pub repeats: usize,
    pub files: Vec<FileUse>,
    /// Models as their trains have them.
    pub trained_models: Vec<Model>,
    /// Inputs of the models, for facts about them.
    pub model_inputs: Vec<Vec<Port>>,
    /// The file that is checked.
    pub main_module: usize,
    /// Stages of pipelines that gave a role (`|> softmax`), with the nodes that carry it.
    pub role_stages: Vec<(crate::ir::graph::NodeId, Span)>,
    /// Axes named by a dimension, as they are where all dimensions differ.
    pub axes: BTreeMap<Span, usize>,
    /// An argument of the call that is looked at which would be the size of an input in PyTorch.
    pub dropped: Option<Dropped>,
    /// For each input of the model that is being built for a train, the block in [`Checker::data`] and the field that it
    /// is given.
    pub fields_of_inputs: Vec<(Symbol, usize, Symbol)>,
    /// The model whose loss is being built.
    pub trained: Option<Trained>,
    /// Whether the loss of a train is being built, where all weights are there.
    pub is_in_loss: bool,
    /// Whether a block is being looked at for its axes.
    pub is_naming_axes: bool,
    /// The calls of blocks that we are in, for labels.
    pub calls: Vec<(Symbol, Span)>,
    /// Models whose data is not what their signature says.
    pub contradicted: BTreeSet<Span>,
    /// Blocks that have been told to call each other without end.
    pub endless: BTreeSet<Symbol>,
    /// Paths that two layers would have, and where the second is.
    pub path_clashes: Vec<(String, Span)>,
    /// Expressions evaluated for the network that is being built, and how many there may be.
    pub work: u64,
    most_work: u64,
    pub next_var: u32,
    /// The ragged dimensions of the data blocks, by block and by the key that tells whose lengths they are.
    ragged: BTreeMap<(usize, Arc<str>), Ragged>,
}

/// A ragged dimension of a data block.
#[derive(Clone)]
struct Ragged {
    variable: Var,
    /// Its longest length.
    longest: usize,
}

/// A file with its names.
pub(super) struct Module {
    pub file: FileId,
    pub ast: Arc<ast::File>,
    pub directory: PathBuf,
    pub names: BTreeMap<Symbol, Named>,
    /// What could not be parsed.
    pub unparsed: Vec<Span>,
    /// Whether it imports all of a file that could not be had.
    pub lacks_names: bool,
}

#[derive(Clone)]
pub(super) struct Named {
    pub kind: NamedKind,
    pub span: Span,
}

#[derive(Clone)]
pub(super) enum NamedKind {
    /// Not evaluated yet.
    Hyper(Rc<ast::Hyper>, usize),
    HyperBusy,
    HyperValue(Value),
    Block(Rc<Definition>),
    Model(Rc<Definition>),
    /// Index in [`Checker::data`]; `None` where it is not described yet.
    Data(Rc<ast::Data>, usize, Option<usize>),
    /// A layer shared by the models of the file.
    Layer(Rc<ast::Let>, usize),
    /// `import … as p`
    Namespace(usize),
}

impl NamedKind {
    /// `block`, `hyper`, …
    pub fn word(&self) -> &'static str {
        match self {
            NamedKind::Hyper(..) | NamedKind::HyperBusy | NamedKind::HyperValue(_) => "hyper",
            NamedKind::Block(_) => "block",
            NamedKind::Model(_) => "model",
            NamedKind::Data(..) => "data block",
            NamedKind::Layer(..) => "layer",
            NamedKind::Namespace(_) => "import",
        }
    }
}

impl<'o> Checker<'o> {
    pub fn new(overrides: &'o Overrides) -> Self {
        Checker {
            sources: SourceMap::new(),
            diagnostics: Vec::new(),
            mistakes_met: 0,
            memory: None,
            overrides,
            modules: Vec::new(),
            data: Vec::new(),
            builder: Builder::new(false, false),
            rows: Vec::new(),
            regions: Vec::new(),
            notes: Notes::default(),
            applications: Vec::new(),
            written_dims: BTreeMap::new(),
            scopes: Vec::new(),
            repeats: 0,
            files: Vec::new(),
            trained_models: Vec::new(),
            model_inputs: Vec::new(),
            main_module: 0,
            role_stages: Vec::new(),
            axes: BTreeMap::new(),
            dropped: None,
            fields_of_inputs: Vec::new(),
            trained: None,
            is_in_loss: false,
            is_naming_axes: false,
            calls: Vec::new(),
            contradicted: BTreeSet::new(),
            endless: BTreeSet::new(),
            path_clashes: Vec::new(),
            work: 0,
            most_work: MAX_WORK,
            // 0 is the batch.
            next_var: 1,
            ragged: BTreeMap::new(),
        }
    }

    /// Tells a mistake, once: the same code at the same place is the same mistake seen through another call.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.mistakes_met += 1;
        // What is missing stands nowhere: several of them are told at one place.
        let is_missing = matches!(diagnostic.code, Code::E0201 | Code::E0601);
        let known = |d: &Diagnostic| {
            let is_same = d.code == diagnostic.code && d.span() == diagnostic.span();
            is_same && (!is_missing || d.message == diagnostic.message)
        };
        if !self.diagnostics.iter().any(known) {
            self.diagnostics.push(diagnostic);
        }
    }

    pub fn mistake(&mut self, span: Span, mistake: &Mistake) -> Value {
        self.mistake_about(span, mistake, &[])
    }

    /// As [`Checker::mistake`], where it is about sizes that came from somewhere.
    pub fn mistake_about(&mut self, span: Span, mistake: &Mistake, sizes: &[(&Tensor, usize)]) -> Value {
        if mistake.unknown_name().is_some_and(|name| self.may_be_hidden(name)) {
            self.mistakes_met += 1;
            return Value::Unknown;
        }
        let diagnostic = words::diagnostic(mistake, span, &self.sources);
        let diagnostic = self.with_sources(diagnostic, sizes);
        let diagnostic = self.with_calls(diagnostic);
        self.report(diagnostic);
        Value::Unknown
    }

    /// Whether a name stands in a part of a file that could not be parsed: it may be declared there.
    fn may_be_hidden(&self, name: &str) -> bool {
        if self.modules.iter().any(|m| m.lacks_names) {
            return true;
        }
        let mut unparsed = self.modules.iter().flat_map(|m| &m.unparsed);
        unparsed.any(|span| words_in(self.sources.text(*span)).any(|word| word == name))
    }

    /// Whether a block, a `let` or the like that could not be parsed has this name.
    pub fn may_be_declared(&self, name: &str) -> bool {
        self.modules.iter().flat_map(|m| &m.unparsed).any(|span| {
            let mut before = "let";
            words_in(self.sources.text(*span)).any(|word| {
                let binds = matches!(std::mem::replace(&mut before, word), "block" | "model" | "let");
                binds && word == name
            })
        })
    }

    /// Tells what the builder found wrong with the operands of an operation.
    pub fn problem(&mut self, problem: &Problem, site: &CallSite<'_>) -> Value {
        self.problem_between(problem, site, &[], &[])
    }

    /// As [`Checker::problem`], with the operands, whose sizes are followed to where they came from, and where the
    /// arguments were given.
    pub fn problem_between(
        &mut self,
        problem: &Problem,
        site: &CallSite<'_>,
        operands: &[&Tensor],
        given: &[(&'static str, Rc<Given>)],
    ) -> Value {
        let diagnostic = problem_diagnostic(problem, site);
        let diagnostic = self.with_sources(diagnostic, &sizes_of(problem, operands));
        let diagnostic = self.with_argument_sources(diagnostic, problem, given);
        let diagnostic = self.with_solutions(diagnostic, &Met { problem, site, operands, given });
        let diagnostic = self.with_calls(diagnostic);
        self.report(diagnostic);
        Value::Unknown
    }

    /// The value, or [`Value::Unknown`] and the problem told.
    pub fn settle(&mut self, built: Result<Tensor, Problem>, name: &str, span: Span, operands: &[&Tensor]) -> Value {
        match built {
            Ok(tensor) => Value::Tensor(tensor),
            Err(problem) => {
                let shown = operands.iter().map(|t| (t.span, t.show())).collect();
                let site = self.call_site(name, span, shown, Vec::new());
                self.problem_between(&problem, &site, operands, &[])
            }
        }
    }

    /// Where an operation is written.
    pub fn call_site<'n>(
        &self,
        name: &'n str,
        span: Span,
        operands: Vec<(Span, String)>,
        arguments: Vec<(&'static str, Span)>,
    ) -> CallSite<'n> {
        let start = span.start as usize;
        let as_name = Span::new(span.file, start, start + name.len());
        let name_span = if self.sources.text(as_name) == name { as_name } else { span.start_point() };
        CallSite { name, span, name_span, operands, arguments, role_stage: None }
    }

    /// A mistake inside a block says for which call it is one, where that lies elsewhere: the call itself and the
    /// outermost one that led to it.
    pub fn with_calls(&self, diagnostic: Diagnostic) -> Diagnostic {
        let (inner, outer) = (self.calls.last(), self.calls.first());
        let mut diagnostic = diagnostic;
        for (name, span) in inner.into_iter().chain(outer) {
            // A number that the call gives has been shown in it.
            if !diagnostic.labels.iter().any(|l| l.span.lies_in(*span)) {
                diagnostic = diagnostic.label(*span, format!("in this call of `{name}`"));
            }
        }
        diagnostic
    }

    /// A size of its own for a name that is not known yet.
    pub fn free_dim(&mut self, name: &Symbol) -> Dim {
        let id = self.next_var;
        self.next_var += 1;
        Dim::var(Var { id, kind: VarKind::Free, name: name.clone() })
    }

    /// The shape of a field. Where its first axis is ragged, that is a dimension of its own, one for all fields of the
    /// same lengths, called as `name` says.
    pub fn field_shape(&mut self, data: usize, ty: &FieldType, name: Option<&Symbol>) -> Vec<Dim> {
        let mut shape: Vec<Dim> = ty.shape.iter().map(|n| Dim::from(*n)).collect();
        let (Some(key), Some(first)) = (&ty.ragged, shape.first_mut()) else { return shape };
        let longest = ty.shape.first().copied().unwrap_or(0);
        let place = (data, key.clone());
        if !self.ragged.contains_key(&place) {
            let taken = |name: &str| self.ragged.iter().any(|((d, _), r)| *d == data && &*r.variable.name == name);
            let wanted: Symbol = name.cloned().unwrap_or_else(|| "T".into());
            let mut name = wanted.clone();
            for i in 2.. {
                if !taken(&name) {
                    break;
                }
                name = format!("{wanted}{i}").into();
            }
            let variable = Var { id: self.next_var, kind: VarKind::Ragged, name };
            self.next_var += 1;
            self.ragged.insert(place.clone(), Ragged { variable, longest });
        }
        if let Some(ragged) = self.ragged.get_mut(&place) {
            ragged.longest = ragged.longest.max(longest);
            *first = Dim::var(ragged.variable.clone());
        }
        shape
    }

    /// The longest length of each ragged dimension of a data block, by its variable.
    pub fn longest(&self, data: usize) -> Vec<(u32, usize)> {
        let own = self.ragged.iter().filter(|((d, _), _)| *d == data);
        own.map(|(_, ragged)| (ragged.variable.id, ragged.longest)).collect()
    }

    /// Counts the evaluation of an expression. False where the network has become larger than any that is meant:
    /// that is told, and nothing more is built.
    pub fn has_work_left(&mut self, span: Span) -> bool {
        self.work += 1;
        if self.work == MAX_WORK {
            // Where it began to grow, not where the last straw lies.
            let at = self.calls.first().map_or(span, |(_, call)| *call);
            self.mistake(at, &Mistake::TooManyParts { limit: MAX_WORK });
            self.most_work = WORK_AFTERWARDS;
        }
        self.work < self.most_work
    }

    /// Whether a network of the file was too large.
    pub fn has_given_up(&self) -> bool {
        self.most_work < MAX_WORK
    }

    /// Runs `body` as a call of a block, unless calls go too deep.
    pub fn in_call<T>(&mut self, name: &Symbol, span: Span, body: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.calls.iter().filter(|(n, s)| n == name && *s == span).count() >= MAX_REENTRIES {
            // Blocks that call each other are one circle, whichever of them it is entered by.
            let in_circle =
                |(i, (n, _)): &(usize, &(Symbol, Span))| self.calls.iter().skip(i + 1).any(|(later, _)| later == n);
            let circle: Vec<Symbol> =
                self.calls.iter().enumerate().filter(in_circle).map(|(_, (n, _))| n.clone()).collect();
            if !circle.iter().any(|n| self.endless.contains(n)) {
                self.mistake(span, &Mistake::Recursion { name: name.clone() });
            }
            self.endless.extend(circle);
            return None;
        }
        if self.calls.len() >= MAX_DEPTH {
            self.mistake(span, &Mistake::TooDeep { limit: MAX_DEPTH });
            return None;
        }
        self.calls.push((name.clone(), span));
        let result = body(self);
        self.calls.pop();
        Some(result)
    }
}
