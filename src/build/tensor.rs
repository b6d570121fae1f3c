//! What a tensor is while a program is being built: a node, and what is known of it per example.

use crate::ir::dim::{Dim, show_shape};
use crate::ir::graph::NodeId;
use crate::source::Span;
use std::fmt;
use std::sync::Arc;

/// A tensor seen per example: the batch axis is not in [`Tensor::shape`].
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Its node in the graph being built.
    pub node: NodeId,
    /// Its shape for one example.
    pub shape: Vec<Dim>,
    /// Whether it differs from example to example; its node then has the batch as its first axis.
    pub batched: bool,
    /// What its numbers are.
    pub kind: Kind,
    /// What they stand for.
    pub role: Role,
    /// The expression that made it.
    pub span: Span,
}

/// What the numbers of a tensor are.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Real numbers.
    Float,
    /// Whole numbers.
    Int,
    /// 0 and 1.
    Bool,
    /// Whole numbers in `0 .. count-1`.
    Class {
        /// How many classes.
        count: Dim,
        /// Their names, where they came from data.
        names: Option<Arc<[String]>>,
    },
}

impl Kind {
    /// Whether gradients make sense: only for real numbers.
    pub fn is_float(&self) -> bool {
        matches!(self, Kind::Float)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Float => f.write_str("float"),
            Kind::Int => f.write_str("int"),
            Kind::Bool => f.write_str("bool"),
            Kind::Class { count, .. } => write!(f, "class({count})"),
        }
    }
}

/// What a tensor stands for, as far as the checker follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// Nothing known.
    #[default]
    Value,
    /// The result of `softmax` or `sigmoid`.
    Probabilities,
    /// The result of `log_softmax`.
    LogProbabilities,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Value => "plain values",
            Role::Probabilities => "probabilities",
            Role::LogProbabilities => "log-probabilities",
        })
    }
}

impl Tensor {
    /// Number of axes per example.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Axis of the node that is this axis per example.
    pub fn node_axis(&self, axis: usize) -> usize {
        axis + usize::from(self.batched)
    }

    /// The same tensor with another role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Tensor {
        self.role = role;
        self
    }

    /// The same tensor with another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Tensor {
        self.kind = kind;
        self
    }

    /// `[4]`, `class(3)`, `class(68)[128]`, `float`: its type as the user writes it.
    pub fn show(&self) -> String {
        show_type(&self.kind, &self.shape)
    }
}

/// A type as the user writes it: the kind is left out where it is `float` and there is a shape.
pub fn show_type(kind: &Kind, shape: &[Dim]) -> String {
    match (kind, shape) {
        (kind, []) => kind.to_string(),
        (Kind::Float, shape) => show_shape(shape),
        (kind, shape) => format!("{kind}{}", show_shape(shape)),
    }
}
