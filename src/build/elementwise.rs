//! Elementwise operations, with NumPy's broadcasting.

use super::builder::Builder;
use super::problem::Problem;
use super::tensor::{Kind, Role, Tensor};
use crate::ir::op::{Binary, Op, Unary};

impl Builder {
    /// A function of each number.
    pub fn unary(&mut self, function: Unary, x: &Tensor) -> Tensor {
        let kind = match function {
            Unary::Not => Kind::Bool,
            Unary::StopGradient => x.kind.clone(),
            Unary::Negate | Unary::Absolute | Unary::Sign | Unary::Square if !x.kind.is_float() => Kind::Int,
            _ => Kind::Float,
        };
        let role = match function {
            Unary::Sigmoid => Role::Probabilities,
            Unary::StopGradient => x.role,
            _ => Role::Value,
        };
        self.emit(Op::Unary(function), vec![x.node], x.shape.clone(), x.batched).with_kind(kind).with_role(role)
    }

    /// A function of two numbers; the shapes are broadcast.
    pub fn binary(&mut self, function: Binary, left: &Tensor, right: &Tensor) -> Result<Tensor, Problem> {
        let shape = match left.shape == right.shape {
            true => left.shape.clone(),
            false => self.broadcast_shapes(&left.shape, &right.shape)?,
        };
        let batched = left.batched || right.batched;
        let x = self.broadcast_to(left, &shape, batched)?;
        let y = self.broadcast_to(right, &shape, batched)?;
        let kind = match function {
            Binary::Equal | Binary::NotEqual | Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => {
                Kind::Bool
            }
            Binary::Divide | Binary::Power => Kind::Float,
            _ if left.kind.is_float() || right.kind.is_float() => Kind::Float,
            _ => Kind::Int,
        };
        Ok(self.emit(Op::Binary(function), vec![x.node, y.node], shape, batched).with_kind(kind))
    }

    /// `yes` where `condition` holds, else `no`.
    pub fn select(&mut self, condition: &Tensor, yes: &Tensor, no: &Tensor) -> Result<Tensor, Problem> {
        let branches = self.broadcast_shapes(&yes.shape, &no.shape)?;
        let shape = self.broadcast_shapes(&condition.shape, &branches)?;
        let batched = condition.batched || yes.batched || no.batched;
        let c = self.broadcast_to(condition, &shape, batched)?;
        let y = self.broadcast_to(yes, &shape, batched)?;
        let n = self.broadcast_to(no, &shape, batched)?;
        let kind = if yes.kind == no.kind { yes.kind.clone() } else { Kind::Float };
        Ok(self.emit(Op::Select, vec![c.node, y.node, n.node], shape, batched).with_kind(kind))
    }

    /// `x + y`
    pub fn add(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor, Problem> {
        self.binary(Binary::Add, x, y)
    }

    /// `x - y`
    pub fn subtract(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor, Problem> {
        self.binary(Binary::Subtract, x, y)
    }

    /// `x * y`
    pub fn multiply(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor, Problem> {
        self.binary(Binary::Multiply, x, y)
    }

    /// `x / y`
    pub fn divide(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor, Problem> {
        self.binary(Binary::Divide, x, y)
    }

    /// `a * x`
    pub fn scale(&mut self, x: &Tensor, factor: f64) -> Tensor {
        self.with_scalar(Binary::Multiply, x, factor)
    }

    /// `x + a`
    pub fn offset(&mut self, x: &Tensor, term: f64) -> Tensor {
        self.with_scalar(Binary::Add, x, term)
    }

    /// `function(x, a)`; a scalar fits every shape, so this cannot fail.
    pub fn with_scalar(&mut self, function: Binary, x: &Tensor, scalar: f64) -> Tensor {
        let constant = self.constant(scalar);
        match self.binary(function, x, &constant) {
            Ok(result) => result,
            Err(_) => x.clone(),
        }
    }

    /// `x` between two bounds.
    pub fn clamp(&mut self, x: &Tensor, low: f64, high: f64) -> Tensor {
        let low = self.with_scalar(Binary::Maximum, x, low);
        self.with_scalar(Binary::Minimum, &low, high)
    }
}
