//! `train` items: the model bound to its data, the loss, the metrics.

use super::checker::{Checker, NamedKind};
use super::found_settings::Found;
use super::mistake::Mistake;
use super::names_in::names_in;
use super::program::{Fit, Forward, LayerRow, Length, Model, Phase, Port, Settings, Train};
use super::regions::{Region, blocks};
use super::signature::field_kind;
use super::solve_outputs::Trained;
use super::value::{Definition, Frame, Value};
use crate::build::{Builder, Limit, StateScope, Tensor};
use crate::data::{FieldType, Split};
use crate::diagnostics::{Edit, nearest};
use crate::ir::dim::{Dim, VarKind, batch};
use crate::ir::graph::{InputKind, StateRole};
use crate::ir::op::Op;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, Ident, Symbol, TypeExprKind};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// A model with the data it is trained on.
pub(super) struct Pairing {
    pub definition: Rc<Definition>,
    pub data: usize,
    /// The model's inputs with the fields that give them.
    pub fields: Vec<(Symbol, Symbol)>,
    /// Where the model's name stands in `train`.
    pub span: Span,
}

/// What model and loss are built for.
#[derive(Clone, Copy)]
enum Mode<'a> {
    /// A step; with `mixup`, the fields that it mixes and where it stands.
    Training {
        mixed: Option<&'a (Vec<Symbol>, Span)>,
    },
    Evaluation,
}

/// One evaluation of model and loss.
struct Pass {
    forward: Forward,
    rows: Vec<LayerRow>,
    regions: Vec<Region>,
    inputs: Vec<Port>,
    fits: Vec<Fit>,
    /// Layers whose statistics are over the examples of a batch alone.
    over_examples: Vec<Span>,
    limits: Vec<Limit>,
}

impl Checker<'_> {
    /// Checks a `train` item, or what a phase makes of it. `None` where a mistake was told.
    pub fn train(&mut self, train: &ast::Train, phase: Option<Phase>, module: usize) -> Option<Train> {
        let settings_found = self.collect_settings(train);
        let Some(pairing) = self.pair(train, module) else {
            // What does not depend on model and data is wrong or right without them.
            self.loss_names(&settings_found, train);
            self.metric_names(&settings_found);
            self.augmenting(train, &settings_found, module, None);
            self.settings(train, &settings_found, module, None, None, None);
            return None;
        };
        let augmenting = self.augmenting(train, &settings_found, module, Some(&pairing));
        let mixed = augmenting.as_ref().and_then(|a| a.mixed.as_ref());
        let training = self.pass(train, &pairing, &settings_found, Mode::Training { mixed });
        let evaluation = self.pass(train, &pairing, &settings_found, Mode::Evaluation);
        let paths: Option<Vec<Arc<str>>> = training.as_ref().map(|p| weight_paths(&p.forward));
        let settings: Option<Settings> = self.settings(
            train,
            &settings_found,
            module,
            Some(&pairing),
            paths,
            evaluation.as_ref().map(|p| &p.forward),
        );
        if evaluation.is_none() {
            self.loss_names(&settings_found, train);
            self.metric_names(&settings_found);
        }
        let (training, evaluation, mut settings) = (training?, evaluation?, settings?);
        if let (Some(expr), true, []) =
            (settings_found.setting("recompute"), settings.recompute, &training.forward.blocks[..])
        {
            let model = pairing.definition.function.name.name.to_string();
            self.mistake(expr.span, &Mistake::NothingToRecompute { model });
            return None;
        }
        settings.augment = augmenting?.lines;
        self.batches_of_one(&pairing, &settings_found, &settings, &training.over_examples)?;
        if !training.forward.graph.states.iter().any(|s| s.role == StateRole::Weight) {
            self.mistake(pairing.span, &Mistake::NothingToTrain { reason: "the model has no weights" });
            return None;
        }
        if !reaches_a_weight(&training.forward) {
            let at = settings_found.setting("loss").map_or(pairing.span, |l| l.span);
            self.mistake(at, &Mistake::NothingToTrain { reason: "no weight takes part in this loss" });
            return None;
        }
        let name = pairing.definition.function.name.name.clone();
        let outputs = evaluation.forward.outputs.clone();
        let model = Model {
            name: name.clone(),
            span: pairing.definition.function.name.span,
            inputs: evaluation.inputs,
            outputs,
            layers: evaluation.rows,
            regions: evaluation.regions,
            graph: evaluation.forward.graph.clone(),
            is_bound: true,
            longest: self.longest(pairing.data),
        };
        self.trained_models.push(model);
        Some(Train {
            name,
            phase,
            model: self.trained_models.len() - 1,
            data: pairing.data,
            span: pairing.span,
            training: training.forward,
            evaluation: evaluation.forward,
            layers: training.rows,
            fits: evaluation.fits,
            longest: self.longest(pairing.data),
            limits: evaluation.limits,
            settings,
        })
    }

    /// A batch of one example has no statistics: tells where a layer would need them. `None` where it does.
    fn batches_of_one(
        &mut self,
        pairing: &Pairing,
        found: &Found<'_>,
        settings: &Settings,
        layers: &[Span],
    ) -> Option<()> {
        let Some(layer) = layers.first().copied() else { return Some(()) };
        if let (Some(expr), Some(2..)) = (found.setting("accumulate"), settings.accumulate) {
            let (batch, step) = (settings.batch, settings.examples_per_step());
            self.mistake(expr.span, &Mistake::AccumulatesBelow { layer, batch, step });
        }
        let rows = self.data.get(pairing.data).and_then(|block| block.description.examples(Split::Train));
        let is_one = settings.batch == 1;
        // The last batch of an epoch, where that is reached.
        let last = rows.filter(|rows| rows % settings.batch.max(1) == 1 && !settings.drop_last).filter(|rows| {
            matches!(settings.length, Length::Epochs(_))
                || matches!(settings.length, Length::Steps(n) if n >= rows.div_ceil(settings.examples_per_step().max(1)) as u64)
        });
        if !is_one && last.is_none() {
            return Some(());
        }
        let written = found.setting("batch").map(|batch| batch.span);
        let rows = if is_one { None } else { last };
        let mistake = Mistake::BatchOfOne { batch: settings.batch, rows, layer, is_written: written.is_some() };
        self.mistake(written.unwrap_or(pairing.span), &mistake);
        None
    }

    /// The model, the data, and which field gives which input.
    fn pair(&mut self, train: &ast::Train, module: usize) -> Option<Pairing> {
        let definition = self.find_model(&train.model, module);
        let data = self.find_data(&train.data, module);
        let span = train.model.last().map_or(Span::default(), |i| i.span);
        let (definition, data) = (definition?, data?);
        let block = self.data.get(data)?;
        let data_name = block.name.clone();
        let known: Vec<String> = block.description.fields.iter().map(|(n, _)| n.clone()).collect();
        let mut fields = Vec::new();
        let mut is_fine = true;
        // Inputs that a misspelt name in the parentheses was meant to be.
        let mut meant: Vec<String> = Vec::new();
        let mut bound: BTreeMap<Symbol, (Symbol, Span)> = BTreeMap::new();
        for arg in &train.bindings {
            let field = match &arg.value.kind {
                ExprKind::Name(field) => field.clone(),
                ExprKind::Error => return None,
                _ => {
                    let wanted = "the name of a data field".to_owned();
                    self.mistake(arg.value.span, &Mistake::Type { wanted, found: "something else".into() });
                    is_fine = false;
                    continue;
                }
            };
            let inputs: Vec<String> = definition.function.inputs.iter().map(|i| i.name.name.to_string()).collect();
            let input = match &arg.name {
                Some(name) => name.clone(),
                // `train Net(x) on data`: in order.
                None => match definition.function.inputs.get(bound.len()) {
                    Some(input) => Ident { name: input.name.name.clone(), span: arg.value.span },
                    None => {
                        let (takes, given) = (inputs.len(), train.bindings.len());
                        let callee = definition.function.name.name.to_string();
                        self.mistake(
                            arg.value.span,
                            &Mistake::TooManyArguments { callee, takes, given, known: inputs },
                        );
                        is_fine = false;
                        continue;
                    }
                },
            };
            if !inputs.iter().any(|i| **i == *input.name) {
                let near = nearest(&input.name, inputs.iter().map(String::as_str)).map(str::to_owned);
                meant.extend(near.clone());
                let callee = definition.function.name.name.to_string();
                let mistake =
                    Mistake::UnknownArgument { callee, name: input.name.clone(), nearest: near, known: inputs };
                self.mistake(input.span, &mistake);
                is_fine = false;
                continue;
            }
            bound.insert(input.name.clone(), (field, arg.value.span));
        }
        for param in &definition.function.inputs {
            let input = param.name.name.clone();
            let (field, at) = bound.get(&input).cloned().unwrap_or((input.clone(), span));
            if meant.iter().any(|m| **m == *input) {
                continue;
            }
            if !known.iter().any(|k| **k == *field) {
                let near = nearest(&field, known.iter().map(String::as_str)).map(str::to_owned);
                let bind = match bound.get(&input) {
                    Some(_) => near.clone().map(|near| (near.clone(), Edit { span: at, text: near })),
                    None => {
                        let used: Vec<Symbol> = train.statements.iter().flat_map(names_in).collect();
                        let is_taken = |f: &String| {
                            let is_bound = bound.values().any(|(field, _)| **field == **f);
                            let is_input = definition.function.inputs.iter().any(|i| *i.name.name == **f);
                            is_bound || is_input || used.iter().any(|name| **name == **f)
                        };
                        let mut free = known.iter().filter(|f| !is_taken(f));
                        // Of several that nobody else asks for, one with nearly that name.
                        let only = free.next().filter(|_| free.next().is_none());
                        let meant = near.as_ref().filter(|near| !is_taken(near)).or(only).cloned();
                        let before = if train.bindings.is_empty() { "(" } else { ", " };
                        let end = train.bindings.last().map_or(span, |last| last.value.span).end_point();
                        let close = if train.bindings.is_empty() { ")" } else { "" };
                        meant.map(|field| {
                            let text = format!("{before}{input}: {field}{close}");
                            (field, Edit { span: end, text })
                        })
                    }
                };
                let mistake = Mistake::NoFieldForInput {
                    input: field.clone(),
                    model: (!bound.contains_key(&input)).then(|| definition.function.name.name.clone()),
                    data: data_name.clone(),
                    nearest: near,
                    fields: known.clone(),
                    declared: param.name.span,
                    bind,
                };
                self.mistake(at, &mistake);
                is_fine = false;
                continue;
            }
            fields.push((input, field));
        }
        is_fine.then_some(Pairing { definition, data, fields, span })
    }

    pub fn find_model(&mut self, path: &[Ident], module: usize) -> Option<Rc<Definition>> {
        let (name, home) = match path {
            [name] => (name, module),
            [alias, name] => match self.modules[module].names.get(&alias.name).map(|n| n.kind.clone()) {
                Some(NamedKind::Namespace(home)) => (name, home),
                _ => {
                    self.unknown_item(alias, module, "import", |k| matches!(k, NamedKind::Namespace(_)));
                    return None;
                }
            },
            _ => return None,
        };
        match self.modules[home].names.get(&name.name).map(|n| n.kind.clone()) {
            Some(NamedKind::Model(definition)) => Some(definition),
            _ => {
                self.unknown_item(name, home, "model", |k| matches!(k, NamedKind::Model(_)));
                None
            }
        }
    }

    /// Builds model, loss and metrics once.
    fn pass(&mut self, train: &ast::Train, pairing: &Pairing, found: &Found<'_>, mode: Mode<'_>) -> Option<Pass> {
        let training = matches!(mode, Mode::Training { .. });
        self.builder = Builder::new(training, false);
        self.work = 0;
        self.rows.clear();
        self.regions.clear();
        self.applications.clear();
        self.role_stages.clear();
        // Every field that the loss or a metric names, and the model's inputs.
        let mut used: BTreeSet<Symbol> = pairing.fields.iter().map(|(_, f)| f.clone()).collect();
        for statement in &train.statements {
            used.extend(names_in(statement));
        }
        let block = self.data.get(pairing.data)?;
        let data_name = block.name.clone();
        let fields: Vec<(Symbol, Option<FieldType>, Span)> = block
            .description
            .fields
            .iter()
            .map(|(name, ty)| {
                let span = block.plan.field(name).map_or(block.span, |f| f.span);
                (Symbol::from(name.as_str()), ty.clone(), span)
            })
            .collect();
        self.ragged_inputs(pairing, &fields);
        let mut tensors: Vec<(Symbol, Value)> = Vec::new();
        for (name, ty, span) in &fields {
            if !used.contains(name) && !used.contains(&data_name) {
                continue;
            }
            let value = match ty {
                Some(ty) => self.field_input(pairing, name, ty, *span),
                None => Value::Unknown,
            };
            tensors.push((name.clone(), value));
        }
        let field = |name: &Symbol| tensors.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut inputs = Vec::new();
        let mut ports = Vec::new();
        let mut given = Vec::new();
        for (input, name) in &pairing.fields {
            let value = field(name).unwrap_or(Value::Unknown);
            if let Value::Tensor(t) = &value {
                ports.push(port(input, t));
                inputs.push(t.clone());
            }
            given.push(value);
        }
        let of_data = |(input, field): &(Symbol, Symbol)| (input.clone(), pairing.data, field.clone());
        self.fields_of_inputs = pairing.fields.iter().map(of_data).collect();
        // Where one is not known, the data block has told why, and the model is looked at by itself.
        let made = match inputs.len() == given.len() {
            true => self.instantiate(&pairing.definition, &[], &inputs, StateScope::default(), pairing.span),
            false => None,
        };
        self.fields_of_inputs.clear();
        let is_whole = made.is_some();
        // The loss has mistakes of its own, whatever is wrong with the model.
        let outputs = made.or_else(|| unknown_outputs(&pairing.definition))?;
        let outputs: Vec<(Symbol, Value)> =
            outputs.into_iter().map(|(name, v)| (name, self.for_each_example(v))).collect();
        let rows = std::mem::take(&mut self.rows);
        let regions = std::mem::take(&mut self.regions);
        let mut class_weights = None;
        self.is_in_loss = true;
        self.trained = Some(Trained { definition: pairing.definition.clone(), data: pairing.data });
        let mut frame = self.loss_frame(train, pairing, &outputs, &tensors, &given, found);
        let mut loss = self.loss(found, &mut frame, &fields, &mut class_weights);
        if let (Mode::Training { mixed: Some((mixed, at)) }, Some(own)) = (mode, &loss)
            && let Some(partners) = self.partner_fields(train, pairing, mixed, &tensors, &fields, *at)
        {
            let mut frame = self.loss_frame(train, pairing, &outputs, &partners, &given, found);
            let other = self.loss(found, &mut frame, &fields, &mut class_weights);
            loss = other.and_then(|other| self.mixed_loss(own, &other, *at));
        }
        self.is_in_loss = false;
        let metrics = match loss {
            Some(_) if !training => self.metrics(found, &mut frame, &fields),
            _ => Some(Vec::new()),
        };
        self.trained = None;
        let loss = loss.filter(|_| is_whole)?;
        let fits = self.fits(found, &frame, &outputs, &fields);
        let ports_out: Vec<Port> = outputs
            .iter()
            .filter_map(|(name, value)| match value {
                Value::Tensor(t) => Some(port(name, t)),
                _ => None,
            })
            .collect();
        let mut terms = Vec::new();
        let mut total: Option<Tensor> = None;
        for (name, tensor) in loss {
            let tensor = self.per_example(&tensor);
            total = Some(match total {
                None => tensor.clone(),
                Some(sum) => self.builder.add(&sum, &tensor).unwrap_or(sum),
            });
            if let Some(name) = name {
                terms.push((name, tensor));
            }
        }
        let total = total?;
        let finish = |checker: &mut Self, t: &Tensor| match training {
            true => checker.builder.batch_mean(t, &[]).map_or(t.node, |m| m.node),
            false => t.node,
        };
        let loss = finish(self, &total);
        let terms = terms.into_iter().map(|(name, t)| (name, finish(self, &t))).collect();
        let normalizers = std::mem::take(&mut self.builder.normalizers);
        let graph = std::mem::take(&mut self.builder.graph);
        let graph = Arc::new(graph);
        let blocks = if training { blocks(&regions) } else { Vec::new() };
        let metrics = metrics?;
        let forward = Forward { graph, loss, terms, outputs: ports_out, metrics, normalizers, class_weights, blocks };
        let over_examples = std::mem::take(&mut self.builder.over_examples);
        let limits = std::mem::take(&mut self.builder.limits);
        Some(Pass { forward, rows, regions, inputs: ports, fits, over_examples, limits })
    }

    /// Which outputs are, as they stand, the prediction of a loss.
    fn fits(
        &self,
        found: &Found<'_>,
        frame: &Frame,
        outputs: &[(Symbol, Value)],
        fields: &[(Symbol, Option<FieldType>, Span)],
    ) -> Vec<Fit> {
        let calls = found.setting("loss").map(|loss| self.loss_calls(loss, frame)).unwrap_or_default();
        let name_of = |expr: &Expr| match &expr.unparenthesized().kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Field { name, .. } => Some(name.name.clone()),
            _ => None,
        };
        let mut fits: Vec<Fit> = Vec::new();
        for call in calls {
            let Some(output) = name_of(call.prediction).filter(|n| outputs.iter().any(|(o, _)| o == n)) else {
                continue;
            };
            if fits.iter().any(|f| f.output == output) {
                continue;
            }
            let target_field = name_of(call.target).filter(|n| fields.iter().any(|(f, ..)| f == n));
            fits.push(Fit { output, loss: call.entry, target_field });
        }
        fits
    }

    /// Makes the ragged dimensions of the model's inputs, called as its signature calls them. Their lengths are those of
    /// the inputs, which are there also where something is predicted.
    fn ragged_inputs(&mut self, pairing: &Pairing, fields: &[(Symbol, Option<FieldType>, Span)]) {
        for (input, field) in &pairing.fields {
            let Some((_, Some(ty), _)) = fields.iter().find(|(name, ..)| name == field) else { continue };
            let param = pairing.definition.function.inputs.iter().find(|p| p.name.name == *input);
            let name = match param.and_then(|p| p.ty.as_ref()).map(|ty| &ty.kind) {
                Some(TypeExprKind::Tensor { shape, .. }) => match shape.iter().flatten().next().map(|dim| &dim.kind) {
                    Some(ExprKind::Name(name)) => Some(name),
                    _ => None,
                },
                _ => None,
            };
            let shape = self.field_shape(pairing.data, ty, name);
            let variable = shape.first().and_then(Dim::as_var).filter(|v| v.kind == VarKind::Ragged);
            if let Some(variable) = variable {
                self.builder.lengths_from(variable.id, field.clone(), longest_of(ty));
            }
        }
        for (name, ty, _) in fields {
            let Some(ty) = ty.as_ref().filter(|ty| ty.ragged.is_some()) else { continue };
            let shape = self.field_shape(pairing.data, ty, None);
            if let Some(variable) = shape.first().and_then(Dim::as_var) {
                self.builder.lengths_from(variable.id, name.clone(), longest_of(ty));
            }
        }
    }

    /// An input of the graph for a data field.
    fn field_input(&mut self, pairing: &Pairing, name: &Symbol, ty: &FieldType, span: Span) -> Value {
        let (kind, shape) = (field_kind(ty), self.field_shape(pairing.data, ty, None));
        let mut node_shape = shape.clone();
        node_shape.insert(0, batch());
        let (_, node) = self.builder.graph.add_input(name.clone(), node_shape, InputKind::Field, span);
        self.builder.span = span;
        Value::Tensor(Tensor { span, ..self.builder.tensor(node, shape, true).with_kind(kind) })
    }

    /// An output for each example, also where it is the same for all.
    fn for_each_example(&mut self, value: Value) -> Value {
        match value {
            Value::Tensor(t) => Value::Tensor(match self.builder.broadcast_to(&t, &t.shape.clone(), true) {
                Ok(each) => Tensor { span: t.span, ..each },
                Err(_) => t,
            }),
            value => value,
        }
    }

    /// A loss term for each example, also where it is the same for all.
    fn per_example(&mut self, tensor: &Tensor) -> Tensor {
        self.builder.broadcast_to(tensor, &[], true).unwrap_or_else(|_| tensor.clone())
    }
}

/// The length of the longest example of a ragged field.
fn longest_of(ty: &FieldType) -> usize {
    ty.shape.first().copied().unwrap_or(0)
}

pub(super) fn port(name: &Symbol, t: &Tensor) -> Port {
    Port { name: name.clone(), kind: t.kind.clone(), shape: t.shape.clone(), role: t.role, node: t.node, span: t.span }
}

/// Whether the loss depends on a weight at all.
fn reaches_a_weight(forward: &Forward) -> bool {
    let graph = &forward.graph;
    let is_weight = |op: &Op| match op {
        Op::State(state) => graph.states[state.0 as usize].role == StateRole::Weight,
        _ => false,
    };
    graph.depends_on(forward.loss, is_weight)
}

/// The outputs that a signature names, of a model whose body is wrong: nothing is known of them.
fn unknown_outputs(definition: &Definition) -> Option<Vec<(Symbol, Value)>> {
    let outputs: &[ast::Output] = match &definition.function.outputs {
        // How many there are, and what they are called, the body says.
        ast::Outputs::Inferred => return None,
        ast::Outputs::One(output) => std::slice::from_ref(output),
        ast::Outputs::Many(outputs) => outputs,
    };
    let name = |output: &ast::Output| output.name.as_ref().map_or("output".into(), |name| name.name.clone());
    Some(outputs.iter().map(|output| (name(output), Value::Unknown)).collect())
}

fn weight_paths(forward: &Forward) -> Vec<Arc<str>> {
    let weights = forward.graph.states.iter().filter(|s| s.role == StateRole::Weight);
    weights.map(|s| s.path.clone()).collect()
}
