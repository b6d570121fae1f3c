//! Tensors that a body declares: `weight` and `constant`.

use super::checker::Checker;
use super::mistake::Mistake;
use super::signature::written_dims;
use super::value::{Frame, Value};
use crate::build::Kind;
use crate::catalog::Fans;
use crate::ir::dim::Dim;
use crate::ir::init::Init;
use crate::syntax::ast::{ConstantDeclaration, ExprKind, WeightDeclaration};

impl Checker<'_> {
    /// `weight w: [D, out] = xavier_uniform`
    pub fn weight_statement(&mut self, declaration: &WeightDeclaration, frame: &mut Frame) {
        let name = &declaration.name;
        self.written_dims.insert(name.span, written_dims(name, &declaration.ty));
        let ty = self.type_of(&declaration.ty, frame);
        let init = self.init_argument(&declaration.init, frame);
        let value = match (ty, init) {
            (Some(ty), Some(init)) => {
                let shape: Option<Vec<Dim>> = ty.shape.into_iter().collect();
                match shape {
                    Some(shape) if ty.kind == Kind::Float => {
                        let size = |i: usize| {
                            let at = shape.len().checked_sub(i + 1).and_then(|i| shape.get(i));
                            at.map_or(1.0, |d| d.as_constant().unwrap_or(1) as f64)
                        };
                        // The last two axes, [in, out]; a vector is a bias of as many units.
                        let fans = Fans { input: size(1), output: size(0) };
                        let scope = frame.body.prefix.clone();
                        self.builder.span = name.span;
                        let built = self.builder.weight(&scope, &name.name, &shape, init.resolve(fans));
                        self.settle(built, "weight", name.span, &[])
                    }
                    Some(_) => {
                        let found = ty.kind.to_string();
                        self.mistake(declaration.ty.span, &Mistake::Type { wanted: "a weight of floats".into(), found })
                    }
                    None => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        };
        let (_, clash) = frame.body.claim(&name.name, name.span);
        self.same_path(frame.body.prefix.join(&name.name).to_string(), clash, name.span);
        frame.bind(&name.name, value);
    }

    /// `zeros`, `ones` and `full(2)` without a shape, as a weight may start: the number that fills the declared one.
    fn number_that_fills(&mut self, declaration: &ConstantDeclaration, frame: &mut Frame) -> Option<Value> {
        let expr = declaration.value.unparenthesized();
        let name = match &expr.kind {
            ExprKind::Name(name) if ["zeros", "ones"].contains(&&**name) => name,
            ExprKind::Call { callee, args, .. } => match (&callee.kind, args.as_slice()) {
                (ExprKind::Name(name), [arg])
                    if &**name == "full" && !matches!(arg.value.kind, ExprKind::List(_)) && arg.name.is_none() =>
                {
                    name
                }
                _ => return None,
            },
            _ => return None,
        };
        if frame.lookup(name).is_some() || self.modules.get(frame.module).is_some_and(|m| m.names.contains_key(name)) {
            return None;
        }
        let init = self.init_argument(expr, frame)?;
        match init.resolve(Fans { input: 1.0, output: 1.0 }) {
            Init::Full(number) => Some(Value::Number(number)),
            _ => None,
        }
    }

    /// `constant pe: [T, D] = expr`
    pub fn constant_statement(&mut self, declaration: &ConstantDeclaration, frame: &mut Frame) {
        let name = &declaration.name;
        let value = match (self.number_that_fills(declaration, frame), declaration.ty.is_some()) {
            (Some(filling), true) => filling,
            _ => self.expression(&declaration.value, frame),
        };
        let value = match (&value, &declaration.ty) {
            (Value::Unknown, _) => Value::Unknown,
            (_, None) => value,
            (value, Some(ty)) => match (self.as_tensor(value, declaration.value.span), self.type_of(ty, frame)) {
                (Some(tensor), Some(known)) => {
                    let shape: Option<Vec<Dim>> = known.shape.iter().cloned().collect();
                    match (shape, tensor.rank()) {
                        // A number fills the shape.
                        (Some(shape), 0) => {
                            self.builder.span = name.span;
                            let built = self.builder.broadcast_to(&tensor, &shape, tensor.batched);
                            self.settle(built, "constant", name.span, &[&tensor])
                        }
                        _ => {
                            if let Some(detail) = self.type_clash(&known, &tensor.kind, &tensor.shape) {
                                let mistake = Mistake::OutputType {
                                    name: name.name.clone(),
                                    wanted: known.show(),
                                    found: tensor.show(),
                                    declared: ty.span,
                                    detail,
                                    fixes: Vec::new(),
                                };
                                self.mistake(tensor.span, &mistake);
                                Value::Unknown
                            } else {
                                Value::Tensor(tensor)
                            }
                        }
                    }
                }
                _ => Value::Unknown,
            },
        };
        let value = match value {
            Value::Tensor(t) => {
                self.builder.span = name.span;
                Value::Tensor(self.builder.unary(crate::ir::op::Unary::StopGradient, &t))
            }
            value => value,
        };
        self.note(name.span, &value);
        frame.bind(&name.name, value);
    }
}
