//! Blocks and models by themselves: those that no train uses, checked for what fails at every size.

use super::checker::{Checker, NamedKind};
use super::program::{Model, Port, Program};
use super::train::port;
use super::value::{BodyPath, BoundHyper, Definition, Frame, Value, default_scope};
use crate::build::{Builder, Kind, StateScope, Tensor};
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::InputKind;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, ItemKind, ScalarKind, Symbol, TypeExpr, TypeExprKind};
use std::rc::Rc;
use std::sync::Arc;

impl Checker<'_> {
    /// Every model of the file: as its first train has it, or else by itself. Blocks are checked on the way.
    pub fn models_alone(&mut self, module: usize) -> Vec<Model> {
        let ast = self.modules[module].ast.clone();
        let mut models = Vec::new();
        for item in &ast.items {
            let ItemKind::Model(function) = &item.kind else { continue };
            let trained = self.trained_models.iter().position(|m| m.span == function.name.span);
            match trained {
                Some(index) => models.push(self.trained_models.remove(index)),
                // By what its signature says it is something else than by its data, which has been told.
                None if self.contradicted.contains(&function.name.span) => {}
                None => {
                    let definition = Rc::new(Definition { function: Rc::new(function.clone()), module });
                    models.extend(self.alone(&definition));
                }
            }
        }
        // Blocks after their uses: what fails in one has been told with its sizes, and is not told in other words.
        for (index, item) in ast.items.iter().enumerate().rev() {
            if let ItemKind::Block(function) = &item.kind
                && !self.has_error_in(item.span)
            {
                self.block_again(index, |checker| {
                    let definition = Rc::new(Definition { function: Rc::new(function.clone()), module });
                    checker.alone(&definition);
                });
            }
        }
        // Models of imported files that are trained here; a model may be trained more than once.
        for model in std::mem::take(&mut self.trained_models) {
            if !models.iter().any(|m| m.span == model.span) {
                models.push(model);
            }
        }
        models
    }

    fn has_error_in(&self, span: Span) -> bool {
        self.diagnostics.iter().any(|d| d.span().lies_in(span))
    }

    /// Trains hold indices of models; their order has changed.
    pub fn renumber(&mut self, program: &mut Program) {
        for train in &mut program.trains {
            if let Some(index) = program.models.iter().position(|m| m.name == train.name) {
                train.model = index;
            }
        }
    }

    /// What a function or model is by itself; `None` where a mistake was told.
    pub fn alone(&mut self, definition: &Rc<Definition>) -> Option<Model> {
        let function = definition.function.clone();
        self.builder = Builder::new(false, true);
        self.work = 0;
        self.rows.clear();
        self.regions.clear();
        self.applications.clear();
        self.role_stages.clear();
        // Names of the signature that are nothing else are sizes of their own.
        let mut frame = Frame::new(definition.module, StateScope::default());
        let mut hypers: Vec<BoundHyper> = Vec::new();
        for param in function.hypers.iter().flatten() {
            let value = match &param.default {
                Some(default) => {
                    frame.body = BodyPath::new(default_scope());
                    self.hyper_value(default, &mut frame)
                }
                None => Value::Size(self.free_dim(&param.name.name)),
            };
            frame.bind(&param.name.name, value.clone());
            hypers.push(BoundHyper { name: param.name.name.clone(), value, given: None });
        }
        let mut found = Vec::new();
        for param in &function.inputs {
            // Without a type, anything may come.
            let ty = param.ty.as_ref();
            found.push(ty.and_then(|ty| self.input_of_type(&param.name.name, ty, param.name.span, &mut frame)));
        }
        if found.iter().any(Option::is_none) {
            self.body_alone(definition, &hypers, found, frame);
            return None;
        }
        let inputs: Vec<Tensor> = found.into_iter().flatten().collect();
        let ports: Vec<Port> =
            function.inputs.iter().zip(&inputs).map(|(param, tensor)| port(&param.name.name, tensor)).collect();
        let outputs = self.instantiate(definition, &hypers, &inputs, StateScope::default(), function.signature)?;
        let layers = std::mem::take(&mut self.rows);
        let regions = std::mem::take(&mut self.regions);
        let mut graph = std::mem::take(&mut self.builder.graph);
        let mut named = Vec::new();
        for (name, value) in &outputs {
            let Value::Tensor(tensor) = value else { return None };
            graph.add_output(name.clone(), tensor.node);
            named.push(port(name, tensor));
        }
        let is_bound = ports.iter().chain(&named).all(|p| p.shape.iter().all(|d| d.as_constant().is_some()))
            && graph.states.iter().all(|s| s.shape.iter().all(|d| d.as_constant().is_some()));
        Some(Model {
            name: function.name.name.clone(),
            span: function.name.span,
            inputs: ports,
            outputs: named,
            layers,
            regions,
            graph: Arc::new(graph),
            is_bound,
            longest: Vec::new(),
        })
    }

    /// A tensor of a declared type, its unbound names made sizes of their own.
    fn input_of_type(&mut self, name: &Symbol, ty: &TypeExpr, span: Span, frame: &mut Frame) -> Option<Tensor> {
        if let TypeExprKind::Tensor { kind, shape } = &ty.kind {
            let class = match kind {
                Some(ScalarKind::Class(count)) => Some(&**count),
                _ => None,
            };
            for dim in class.into_iter().chain(shape.iter().flatten()) {
                self.free_name(dim, frame);
            }
        }
        let known = self.type_of(ty, frame)?;
        let shape: Option<Vec<Dim>> = known.shape.into_iter().collect();
        let shape = shape?;
        let mut node_shape = shape.clone();
        node_shape.insert(0, batch());
        let (_, node) = self.builder.graph.add_input(name.clone(), node_shape, InputKind::Field, span);
        self.builder.span = span;
        let kind: Kind = known.kind;
        Some(Tensor { span, ..self.builder.tensor(node, shape, true).with_kind(kind) })
    }

    fn free_name(&mut self, dim: &Expr, frame: &mut Frame) {
        let ExprKind::Name(name) = &dim.kind else { return };
        let is_item = self.modules[frame.module]
            .names
            .get(name)
            .is_some_and(|n| matches!(n.kind, NamedKind::Hyper(..) | NamedKind::HyperBusy | NamedKind::HyperValue(_)));
        if frame.lookup(name).is_none() && !is_item {
            let size = self.free_dim(name);
            frame.dims.insert(name.clone(), size.clone());
            frame.bind(name, Value::Size(size));
        }
    }
}
