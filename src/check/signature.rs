//! Blocks and models: binding the names of a signature, evaluating the body, holding it to its contract.

use super::checker::{Checker, NamedKind};
use super::flow::place_default;
use super::foreign::chained;
use super::mistake::Mistake;
use super::provenance::{Scope, WrittenDims};
use super::value::{Binding, BodyPath, BoundHyper, Definition, Frame, Value};
use crate::build::{Kind, StateScope, Tensor, show_type};
use crate::data::FieldKind;
use crate::diagnostics::nearest;
use crate::ir::dim::Dim;
use crate::source::Span;
use crate::syntax::ast::{
    Expr, ExprKind, Function, Ident, Output, Outputs, ScalarKind, StatementKind, Symbol, TypeExpr, TypeExprKind,
};
use crate::syntax::walk;
use std::rc::Rc;

/// A type as far as it is known; `None` for a size that a mistake hides.
pub(super) struct KnownType {
    pub kind: Kind,
    pub shape: Vec<Option<Dim>>,
}

impl KnownType {
    pub fn show(&self) -> String {
        let shape: Vec<Dim> = self.shape.iter().flatten().cloned().collect();
        if shape.len() == self.shape.len() { show_type(&self.kind, &shape) } else { "[…]".to_owned() }
    }
}

impl Checker<'_> {
    /// Evaluates a block or model with these inputs. The outputs with their names; `None` where a mistake was told.
    pub fn instantiate(
        &mut self,
        definition: &Rc<Definition>,
        hypers: &[BoundHyper],
        inputs: &[Tensor],
        path: StateScope,
        call: Span,
    ) -> Option<Vec<(Symbol, Value)>> {
        let function = definition.function.clone();
        let mut frame = Frame::new(definition.module, path);
        frame.definition = Some(definition.clone());
        self.bind_values_of_hypers(&function, hypers, &mut frame);
        if self.calls.is_empty() {
            for (param, input) in function.inputs.iter().zip(inputs) {
                let at = self.builder.graph.node(input.node).span;
                match &param.ty {
                    Some(ty) => self.written_dims.insert(at, written_dims(&param.name, ty)),
                    None => self.written_dims.remove(&at),
                };
            }
        }
        let mut fits =
            self.bind_dims(&function.inputs.iter().map(|p| p.ty.as_ref()).collect::<Vec<_>>(), inputs, &mut frame);
        let mut values = Vec::new();
        for (param, input) in function.inputs.iter().zip(inputs) {
            let fits_itself = match &param.ty {
                Some(ty) => self.check_input(&param.name, ty, input, (&function, inputs), call, &mut frame),
                None => true,
            };
            fits &= fits_itself;
            // Of what is not as promised the body would only repeat that.
            values.push(if fits_itself { Value::Tensor(input.clone()) } else { Value::Unknown });
        }
        if !fits && !self.calls.is_empty() {
            // A block has other calls, or is looked at by itself.
            return None;
        }
        for (param, value) in function.inputs.iter().zip(values) {
            self.note(param.name.span, &value);
            frame.bind(&param.name.name, value);
        }
        self.scopes.push(Scope::new(&function, hypers, &frame.dims, !self.calls.is_empty()));
        let outputs = self.body_outputs(&function, &mut frame);
        self.scopes.pop();
        outputs.filter(|_| fits)
    }

    fn bind_values_of_hypers(&mut self, function: &Function, hypers: &[BoundHyper], frame: &mut Frame) {
        for BoundHyper { name, value, given } in hypers {
            if let Some(param) = function.hypers.iter().flatten().find(|p| p.name.name == *name) {
                self.note(param.name.span, value);
                // A layer that its default has made is one of the block's own.
                if let Value::Stage(stage) = value {
                    place_default(stage, &frame.body, &param.name);
                }
            }
            match value {
                // A block by itself does not know what its hypers are: sizes where a size is wanted, else anything.
                Value::Size(open) if self.builder.generic => {
                    frame.dims.insert(name.clone(), open.clone());
                    frame.bind(name, Value::Unknown);
                }
                value => {
                    frame.bindings.push(Binding { name: name.clone(), value: value.clone(), given: given.clone() });
                }
            }
        }
    }

    /// Looks at the body of a block or model some of whose inputs nothing is known of: what is wrong whatever they are.
    /// `frame` has what the types of the others have bound.
    pub fn body_alone(
        &mut self,
        definition: &Rc<Definition>,
        hypers: &[BoundHyper],
        inputs: Vec<Option<Tensor>>,
        mut frame: Frame,
    ) {
        let function = definition.function.clone();
        frame.definition = Some(definition.clone());
        frame.body = BodyPath::new(StateScope::default());
        self.bind_values_of_hypers(&function, hypers, &mut frame);
        for (param, input) in function.inputs.iter().zip(inputs) {
            if let (None, Some(TypeExpr { kind: TypeExprKind::Tensor { kind, shape }, .. })) = (&input, &param.ty) {
                // What its type would have bound.
                let count = match kind {
                    Some(ScalarKind::Class(count)) => Some(&**count),
                    _ => None,
                };
                for dim in count.into_iter().chain(shape.iter().flatten()) {
                    self.forget_names(dim, &mut frame);
                }
            }
            frame.bind(&param.name.name, input.map_or(Value::Unknown, Value::Tensor));
        }
        self.scopes.push(Scope::new(&function, hypers, &frame.dims, false));
        self.body_outputs(&function, &mut frame);
        self.scopes.pop();
    }

    /// Lets the names in a dim that nothing has bound stand for anything.
    fn forget_names(&mut self, dim: &Expr, frame: &mut Frame) {
        let mut names = Vec::new();
        walk::values_of(dim, &mut |part| {
            if let ExprKind::Name(name) = &part.kind {
                names.push(name.clone());
            }
        });
        for name in names {
            if frame.lookup(&name).is_none() && !self.is_constant_item(frame.module, &name) {
                frame.bind(&name, Value::Unknown);
            }
        }
    }

    /// What a body gives, held to what the signature promises.
    fn body_outputs(&mut self, function: &Function, frame: &mut Frame) -> Option<Vec<(Symbol, Value)>> {
        self.statements(&function.body, frame);
        let result = match &function.body.result {
            Some(result) => {
                let value = self.expression(result, frame);
                self.joined(&function.body, result.span, value)
            }
            None if function.body.statements.iter().any(|s| matches!(s.kind, StatementKind::Error)) => Value::Unknown,
            None => {
                let what = "this body";
                self.no_result(&function.body, function.name.span, what)
            }
        };
        let made = function.body.result.as_ref().map_or(function.name.span, |r| r.span);
        self.check_outputs(&function.outputs, result, function.body.result.as_deref(), made, frame)
    }

    /// Binds the bare dimension names of input types to the sizes of the inputs.
    fn bind_dims(&mut self, types: &[Option<&TypeExpr>], inputs: &[Tensor], frame: &mut Frame) -> bool {
        let mut fits = true;
        for (ty, input) in types.iter().zip(inputs) {
            let Some(TypeExpr { kind: TypeExprKind::Tensor { kind, shape }, .. }) = ty else { continue };
            if let (Some(ScalarKind::Class(count)), Kind::Class { count: size, .. }) = (kind, &input.kind) {
                fits &= self.bind_dim(count, size, frame);
            }
            let dims = shape.as_deref().unwrap_or_default();
            // With more or fewer axes, which of them a name stands for is not known: it says nothing of the others.
            let is_known = dims.len() == input.rank();
            for (i, dim) in dims.iter().enumerate() {
                match (&dim.kind, input.shape.get(i)) {
                    (_, Some(size)) if is_known => fits &= self.bind_dim(dim, size, frame),
                    (ExprKind::Name(name), _) if !self.is_constant_item(frame.module, name) => {
                        frame.bind(name, Value::Unknown);
                    }
                    _ => {}
                }
            }
        }
        fits
    }

    fn bind_dim(&mut self, dim: &Expr, size: &Dim, frame: &mut Frame) -> bool {
        let ExprKind::Name(name) = &dim.kind else { return true };
        if frame.dims.contains_key(name) || frame.lookup(name).is_some() || self.is_constant_item(frame.module, name) {
            return true;
        }
        self.note_size(dim.span, size);
        frame.dims.insert(name.clone(), size.clone());
        frame.bind(name, Value::size(size.clone()));
        true
    }

    fn is_constant_item(&self, module: usize, name: &Symbol) -> bool {
        self.modules[module]
            .names
            .get(name)
            .is_some_and(|n| matches!(n.kind, NamedKind::Hyper(..) | NamedKind::HyperBusy | NamedKind::HyperValue(_)))
    }

    fn check_input(
        &mut self,
        name: &Ident,
        ty: &TypeExpr,
        input: &Tensor,
        (function, inputs): (&Function, &[Tensor]),
        call: Span,
        frame: &mut Frame,
    ) -> bool {
        if let TypeExprKind::Tensor { shape, .. } = &ty.kind
            && shape.as_ref().map_or(0, Vec::len) != input.rank()
        {
            return self.other_rank(name, ty, input, function, call);
        }
        let Some(known) = self.type_of(ty, frame) else { return true };
        match self.type_clash(&known, &input.kind, &input.shape) {
            None => true,
            Some(detail) => {
                let (wanted, found) = (known.show(), input.show());
                let bound = bound_before(name, ty, function, inputs);
                // What a model's input is called in its data is for the model to say; a block has other calls.
                let can_rewrite = self.calls.is_empty() && bound.is_empty() && !input.shape.is_empty();
                let declared = ty.span;
                let name = name.name.clone();
                if self.calls.is_empty() {
                    self.contradicted.insert(function.name.span);
                }
                let clash = known
                    .shape
                    .iter()
                    .zip(&input.shape)
                    .position(|(w, h)| w.as_ref().is_some_and(|w| !self.builder.sizes_fit(w, h)));
                let sizes: Vec<(&Tensor, usize)> = match clash {
                    Some(axis) if known.shape.len() == input.rank() && !self.calls.is_empty() => vec![(input, axis)],
                    _ => Vec::new(),
                };
                let fix = sizes.first().and_then(|(input, axis)| {
                    let wanted = known.shape.get(*axis)?.as_ref()?;
                    self.resized(&self.source(input, *axis), wanted)
                });
                let mistake = Mistake::InputType { name, wanted, found, declared, detail, bound, can_rewrite, fix };
                // Where a model is bound to data, the call is the signature itself.
                let at = if input.span.is_empty() { call } else { input.span };
                self.mistake_about(at, &mistake, &sizes);
                false
            }
        }
    }

    /// Why a type is not as wanted: `None` where it is; the detail of one size, where that says more.
    pub fn type_clash(&self, known: &KnownType, kind: &Kind, shape: &[Dim]) -> Option<Option<String>> {
        let kinds_fit = match (&known.kind, kind) {
            (Kind::Class { count: a, .. }, Kind::Class { count: b, .. }) => self.builder.sizes_fit(a, b),
            // A class is an integer, and 0 and 1 are.
            (Kind::Int, Kind::Class { .. } | Kind::Bool) => true,
            (Kind::Float, Kind::Int | Kind::Bool) => true,
            (a, b) => a == b,
        };
        if !kinds_fit || known.shape.len() != shape.len() {
            return Some(None);
        }
        let clash =
            known.shape.iter().zip(shape).position(|(a, b)| a.as_ref().is_some_and(|a| !self.builder.sizes_fit(a, b)));
        clash.map(|axis| {
            let wanted = known.shape.get(axis).and_then(|d| d.clone());
            (shape.len() > 1)
                .then(|| wanted.zip(shape.get(axis)).map(|(w, s)| format!("axis {axis} is {s} instead of {w}")))
                .flatten()
        })
    }

    /// What a type says; `None` where a mistake was told.
    pub fn type_of(&mut self, ty: &TypeExpr, frame: &mut Frame) -> Option<KnownType> {
        match &ty.kind {
            TypeExprKind::Error => None,
            TypeExprKind::Field(path) => self.field_type_of(path, ty.span, frame),
            TypeExprKind::Tensor { kind, shape } => {
                let kind = match kind {
                    None | Some(ScalarKind::Float) => Kind::Float,
                    Some(ScalarKind::Int) => Kind::Int,
                    Some(ScalarKind::Bool) => Kind::Bool,
                    Some(ScalarKind::Class(count)) => {
                        Kind::Class { count: self.dim_expression(count, frame)?, names: None }
                    }
                };
                let shape = shape.iter().flatten().map(|dim| self.dim_expression(dim, frame)).collect();
                Some(KnownType { kind, shape })
            }
        }
    }

    /// A dim of a type: a name must be bound.
    fn dim_expression(&mut self, dim: &Expr, frame: &mut Frame) -> Option<Dim> {
        if let ExprKind::Name(name) = &dim.kind
            && frame.lookup(name).is_none()
            && !self.is_constant_item(frame.module, name)
        {
            let items = self.modules[frame.module].names.iter();
            let hypers = items.filter(|(_, n)| matches!(n.kind, NamedKind::Hyper(..) | NamedKind::HyperValue(_)));
            let bound = frame.bindings.iter().filter(|b| matches!(b.value, Value::Number(_) | Value::Size(_)));
            let known: Vec<&str> = bound.map(|b| &*b.name).chain(hypers.map(|(name, _)| &**name)).collect();
            let near = nearest(name, known).map(str::to_owned);
            self.mistake(dim.span, &Mistake::UnboundDim { name: name.clone(), nearest: near });
            return None;
        }
        let size = self.size_expression(dim, frame)?;
        if size.as_constant().is_some_and(|n| n < 1) {
            self.mistake(dim.span, &Mistake::NotASize { number: size.to_string(), hole: false });
            return None;
        }
        Some(size)
    }

    fn field_type_of(&mut self, path: &[Ident], span: Span, frame: &mut Frame) -> Option<KnownType> {
        let (field, data_path) = path.split_last()?;
        let data = self.find_data(data_path, frame.module)?;
        let block = self.data.get(data)?;
        let known: Vec<String> = block.plan.fields.iter().map(|f| f.name.clone()).collect();
        // A field whose data has an error is there; the error has been told.
        let is_declared = block.description.fields.iter().any(|(name, _)| **name == *field.name);
        if !is_declared && !known.iter().any(|k| **k == *field.name) {
            let base = block.name.to_string();
            let near = nearest(&field.name, known.iter().map(String::as_str)).map(str::to_owned);
            self.mistake(field.span, &Mistake::NoField { base, name: field.name.clone(), nearest: near, known });
            return None;
        }
        let _ = span;
        let ty = block.description.field(&field.name)?.clone();
        let (kind, shape) = (field_kind(&ty), self.field_shape(data, &ty, None));
        Some(KnownType { kind, shape: shape.into_iter().map(Some).collect() })
    }

    /// `data.field.classes`, `data.field.shape`: `None` where the expression is not of that form.
    pub fn field_fact(&mut self, base: &Expr, name: &Ident, frame: &mut Frame) -> Option<Value> {
        let ExprKind::Field { base: data, name: field } = &base.kind else { return None };
        let path = match &data.kind {
            ExprKind::Name(n) => vec![Ident { name: n.clone(), span: data.span }],
            ExprKind::Field { base, name } => match &base.kind {
                ExprKind::Name(n) => vec![Ident { name: n.clone(), span: base.span }, name.clone()],
                _ => return None,
            },
            _ => return None,
        };
        let first = path.first()?;
        if frame.lookup(&first.name).is_some() || !self.modules[frame.module].names.contains_key(&first.name) {
            return None;
        }
        let Some(index) = self.find_data(&path, frame.module) else { return Some(Value::Unknown) };
        let Some(block) = self.data.get(index) else { return Some(Value::Unknown) };
        let known: Vec<String> = block.plan.fields.iter().map(|f| f.name.clone()).collect();
        let is_declared = block.description.fields.iter().any(|(name, _)| **name == *field.name);
        if !is_declared && !known.iter().any(|k| **k == *field.name) {
            let base = block.name.to_string();
            let near = nearest(&field.name, known.iter().map(String::as_str)).map(str::to_owned);
            let mistake = Mistake::NoField { base, name: field.name.clone(), nearest: near, known };
            return Some(self.mistake(field.span, &mistake));
        }
        let Some(ty) = block.description.field(&field.name).cloned() else { return Some(Value::Unknown) };
        Some(match (&*name.name, &ty.kind) {
            ("classes", FieldKind::Class { names }) => Value::Number(names.len() as f64),
            ("shape", _) => Value::List(self.field_shape(index, &ty, None).into_iter().map(Value::size).collect()),
            _ => {
                let known = match ty.kind {
                    FieldKind::Class { .. } => vec!["classes".to_owned(), "shape".to_owned()],
                    _ => vec!["shape".to_owned()],
                };
                let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                let base = format!("the field `{}`, a {ty},", field.name);
                self.mistake(name.span, &Mistake::NoField { base, name: name.name.clone(), nearest: near, known })
            }
        })
    }

    /// Names the outputs and holds them to their types.
    fn check_outputs(
        &mut self,
        outputs: &Outputs,
        result: Value,
        written: Option<&Expr>,
        made: Span,
        frame: &mut Frame,
    ) -> Option<Vec<(Symbol, Value)>> {
        let single = |name: Option<&Ident>| name.map_or_else(|| Symbol::from("output"), |n| n.name.clone());
        let declared: Vec<(Symbol, Option<&Output>)> = match outputs {
            Outputs::Inferred => vec![("output".into(), None)],
            Outputs::One(output) => vec![(single(output.name.as_ref()), Some(output))],
            Outputs::Many(many) => many.iter().map(|o| (single(o.name.as_ref()), Some(o))).collect(),
        };
        let values = match result {
            Value::Unknown => {
                // What the signature says is right or wrong without the body.
                for ty in declared.iter().filter_map(|(_, output)| output.and_then(|o| o.ty.as_ref())) {
                    self.type_of(ty, frame);
                }
                return None;
            }
            Value::Tuple(parts) => parts,
            value => vec![value],
        };
        // Without a signature a tuple is as it is.
        let declared = if matches!(outputs, Outputs::Inferred) && values.len() > 1 {
            (1..=values.len()).map(|i| (Symbol::from(format!("output{i}")), None)).collect()
        } else {
            declared
        };
        if declared.len() != values.len() {
            let at = match outputs {
                Outputs::One(o) => o.span,
                Outputs::Many(many) => many.first().map_or(made, |o| o.span),
                Outputs::Inferred => made,
            };
            let (wanted, found) = (declared.len(), values.len());
            self.mistake(made, &Mistake::OutputCount { wanted, found, declared: at });
            return None;
        }
        if let (Some(Expr { kind: ExprKind::Tuple(items), .. }), Outputs::Many(many)) =
            (written.map(Expr::unparenthesized), outputs)
        {
            let tuple = written.map(|w| w.unparenthesized().span);
            self.check_output_order(items, many, tuple);
        }
        let mut named = Vec::new();
        for ((name, output), value) in declared.into_iter().zip(values) {
            let value = match value {
                Value::Unknown => return None,
                Value::Tensor(t) => Value::Tensor(t),
                value @ (Value::Number(_) | Value::Size(_) | Value::Bool(_)) => {
                    self.as_tensor(&value, made).map_or(Value::Unknown, Value::Tensor)
                }
                // `[Dense(16), relu]`: a list of stages.
                Value::List(ref items)
                    if !items.is_empty()
                        && items.iter().all(|i| matches!(i, Value::Stage(_)))
                        && let Some(ExprKind::List(written)) = written.map(|w| &w.unparenthesized().kind) =>
                {
                    let first = match frame.definition.as_ref().map(|d| d.function.inputs.as_slice()) {
                        Some([only]) => format!("{} |> ", only.name.name),
                        _ => String::new(),
                    };
                    let mut edits = chained(&written.iter().collect::<Vec<_>>(), made, &self.sources);
                    if let Some((_, text)) = edits.first_mut() {
                        text.insert_str(0, &first);
                    }
                    self.mistake(made, &Mistake::Container { name: "a list".to_owned(), edits })
                }
                Value::Stage(_) => {
                    let before = match frame.definition.as_ref().map(|d| d.function.inputs.as_slice()) {
                        Some([only]) => Some(format!("{} |> ", only.name.name)),
                        _ => None,
                    };
                    self.mistake(made, &Mistake::NotConnected { found: value.describe(), before })
                }
                other => {
                    let wanted = "a tensor as output".to_owned();
                    self.mistake(made, &Mistake::Type { wanted, found: other.describe() })
                }
            };
            if let Some(at) = output.and_then(|o| o.name.as_ref()) {
                self.note(at.span, &value);
            }
            let keeps_its_word = match (&value, output) {
                (Value::Tensor(tensor), Some(Output { ty: Some(ty), .. })) => {
                    self.check_output(&name, ty, tensor, written, frame)
                }
                _ => true,
            };
            // What is made of another one would only repeat that.
            named.push((name, if keeps_its_word { value } else { Value::Unknown }));
        }
        Some(named)
    }

    fn check_output_order(&mut self, items: &[Expr], outputs: &[Output], tuple: Option<Span>) {
        let names: Vec<(&Symbol, &Ident, Span)> = items
            .iter()
            .zip(outputs)
            .filter_map(|(item, output)| match (&item.kind, &output.name) {
                (ExprKind::Name(written), Some(name)) => Some((written, name, item.span)),
                _ => None,
            })
            .collect();
        let is_output = |name: &Symbol| outputs.iter().filter_map(|o| o.name.as_ref()).any(|n| n.name == *name);
        let first = names.iter().find(|(written, name, _)| **written != name.name && is_output(written));
        let Some((_, declared, at)) = first else { return };
        let signature = declared.span;
        let written: Vec<Symbol> = names.iter().map(|(w, ..)| (*w).clone()).collect();
        let declared: Vec<Symbol> = names.iter().map(|(_, d, _)| d.name.clone()).collect();
        // Names alone, all of them outputs: only their order is wrong, and the right one is known.
        let is_permutation = names.len() == items.len() && declared.iter().all(|d| written.contains(d));
        let tuple = tuple.filter(|_| is_permutation);
        self.mistake(*at, &Mistake::OutputOrder { written, declared, tuple, signature });
    }

    /// Whether an output is what the signature promises; told where it is not.
    fn check_output(
        &mut self,
        name: &Symbol,
        ty: &TypeExpr,
        tensor: &Tensor,
        written: Option<&Expr>,
        frame: &mut Frame,
    ) -> bool {
        let Some(known) = self.type_of(ty, frame) else { return true };
        let Some(detail) = self.type_clash(&known, &tensor.kind, &tensor.shape) else { return true };
        let fixes = self.output_fixes(ty, &known, tensor, written);
        let clash = known
            .shape
            .iter()
            .zip(&tensor.shape)
            .position(|(w, h)| w.as_ref().is_some_and(|w| !self.builder.sizes_fit(w, h)));
        let mistake = Mistake::OutputType {
            name: name.clone(),
            wanted: known.show(),
            found: tensor.show(),
            declared: ty.span,
            detail,
            fixes,
        };
        let sizes: Vec<(&Tensor, usize)> = match clash {
            Some(axis) if known.shape.len() == tensor.rank() => vec![(tensor, axis)],
            _ => Vec::new(),
        };
        self.mistake_about(tensor.span, &mistake, &sizes);
        false
    }
}

/// Where the dims of a type are written.
pub(super) fn written_dims(name: &Ident, ty: &TypeExpr) -> WrittenDims {
    let dims = match &ty.kind {
        TypeExprKind::Tensor { shape, .. } => shape
            .iter()
            .flatten()
            .map(|dim| (dim.span, matches!(dim.unparenthesized().kind, ExprKind::Number(_))))
            .collect(),
        _ => Vec::new(),
    };
    WrittenDims { name: name.name.clone(), whole: ty.span, dims }
}

/// The dimension names of an input's type that other inputs have bound, with the size and the place of each.
fn bound_before(name: &Ident, ty: &TypeExpr, function: &Function, inputs: &[Tensor]) -> Vec<(Symbol, String, Span)> {
    let TypeExprKind::Tensor { shape: Some(shape), .. } = &ty.kind else { return Vec::new() };
    let mut wanted: Vec<Symbol> = Vec::new();
    for dim in shape {
        walk::values_of(dim, &mut |expr| {
            if let ExprKind::Name(n) = &expr.kind
                && !wanted.contains(n)
            {
                wanted.push(n.clone());
            }
        });
    }
    let mut bound = Vec::new();
    for symbol in wanted {
        for (param, input) in function.inputs.iter().zip(inputs) {
            let Some(TypeExpr { kind: TypeExprKind::Tensor { shape: Some(dims), .. }, .. }) = &param.ty else {
                continue;
            };
            let at = dims.iter().zip(&input.shape).find(|(d, _)| matches!(&d.kind, ExprKind::Name(n) if *n == symbol));
            if let Some((dim, size)) = at {
                if param.name.span != name.span {
                    bound.push((symbol.clone(), size.to_string(), dim.span));
                }
                break;
            }
        }
    }
    bound
}

/// What the numbers of a field are.
pub(super) fn field_kind(ty: &crate::data::FieldType) -> Kind {
    match &ty.kind {
        FieldKind::Float => Kind::Float,
        FieldKind::Int => Kind::Int,
        FieldKind::Bool => Kind::Bool,
        FieldKind::Class { names } => Kind::Class { count: Dim::from(names.len()), names: Some(names.clone()) },
    }
}
