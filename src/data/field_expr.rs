//! The expression behind `field x = …`: a tree over the columns of tables and over arrays, one value an example.

use super::source_spec::{SourceSpec, TableExpr};
use super::vocabulary::Vocabulary;
use crate::source::Span;
use std::fmt;
use std::sync::Arc;

/// An expression over the examples of a data block. Cheap to clone.
#[derive(Clone)]
pub struct FieldExpr {
    /// Where it is written; messages about it point here.
    pub span: Span,
    /// What it is.
    pub node: Arc<FieldNode>,
}

/// What a field expression does. Shapes are per example.
#[derive(Debug)]
pub enum FieldNode {
    /// Columns of a table: `[names.len()]`, or a scalar.
    Columns {
        /// The table.
        table: TableExpr,
        /// The columns, in the order of the vector.
        names: Vec<String>,
        /// `t.a`: a scalar rather than a vector of one.
        scalar: bool,
    },
    /// An array whose first axis are the examples.
    Array(SourceSpec),
    /// The same number for every example.
    Number(f64),
    /// `a + b`, elementwise with NumPy broadcasting.
    Binary(BinaryOp, FieldExpr, FieldExpr),
    /// `log(a)` and so on, elementwise.
    Unary(UnaryOp, FieldExpr),
    /// Subtracts the mean and divides by the population standard deviation of the training split, column by column.
    Standardize(FieldExpr),
    /// Maps the smallest and largest value of the training split, column by column, to `lo` and `hi`.
    Rescale {
        /// What is rescaled.
        field: FieldExpr,
        /// Where the smallest value goes.
        lo: f64,
        /// Where the largest value goes.
        hi: f64,
    },
    /// Puts something in place of missing values.
    Fill(FieldExpr, Filling),
    /// Numbers the distinct values; `Some(n)`: the values are integers `0 .. n-1` already.
    Classes(FieldExpr, Option<usize>),
    /// Numbers the distinct values of the training split; all others are one more class.
    KnownClasses(FieldExpr),
    /// The tokens of one long text, a row each.
    Stream {
        /// The text.
        source: SourceSpec,
        /// Their names.
        vocabulary: Vocabulary,
        /// A field whose names they take.
        like: Option<FieldExpr>,
    },
    /// The tokens of each text, a sequence.
    Tokens {
        /// The texts.
        field: FieldExpr,
        /// Their names.
        vocabulary: Vocabulary,
        /// A field whose names they take.
        like: Option<FieldExpr>,
    },
    /// A class as a vector of its number of classes, on a new last axis.
    OneHot(FieldExpr),
    /// The same values in another shape; at most one dim is `None` and takes what is left.
    Reshape(FieldExpr, Vec<Option<usize>>),
    /// Joins along an axis of the example (negative: from the end).
    Concat(Vec<FieldExpr>, isize),
    /// The first along the first axis of the example.
    First(FieldExpr),
    /// As long as it says, with a number (or one more class) behind the last position.
    Pad {
        /// What has positions.
        field: FieldExpr,
        /// How many it shall have.
        length: usize,
        /// What stands at those that it has not; 0 where it is left out.
        value: Option<f64>,
    },
    /// Examples of several rows that follow one another, on a new first axis.
    Windows {
        /// What has one value a row.
        field: FieldExpr,
        /// Rows of a window.
        length: usize,
        /// Rows from the start of one to the start of the next.
        stride: usize,
        /// Rows that are left out at the start of each.
        offset: usize,
    },
}

/// Elementwise operations of two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl BinaryOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Pow => "^",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
        }
    }

    /// Whether the result is `bool`.
    pub fn compares(self) -> bool {
        !matches!(self, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Pow)
    }

    /// The result for two numbers; comparisons give 0 or 1. A missing operand (NaN) gives a missing result.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        let truth = |t: bool| if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(t)) };
        match self {
            BinaryOp::Add => a + b,
            BinaryOp::Sub => a - b,
            BinaryOp::Mul => a * b,
            BinaryOp::Div => a / b,
            BinaryOp::Pow => a.powf(b),
            BinaryOp::Equal => truth(a == b),
            BinaryOp::NotEqual => truth(a != b),
            BinaryOp::Less => truth(a < b),
            BinaryOp::LessEqual => truth(a <= b),
            BinaryOp::Greater => truth(a > b),
            BinaryOp::GreaterEqual => truth(a >= b),
        }
    }
}

/// Elementwise functions of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Neg,
    Abs,
    Sqrt,
    Exp,
    Log,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Sign,
    Floor,
    Ceil,
    Relu,
}

impl UnaryOp {
    /// The function with this name in the language; negation is written `-a`.
    pub fn parse(name: &str) -> Option<UnaryOp> {
        UnaryOp::NAMED.iter().find(|(n, _)| *n == name).map(|(_, op)| *op)
    }

    /// Every function with its name.
    pub const NAMED: &'static [(&'static str, UnaryOp)] = &[
        ("abs", UnaryOp::Abs),
        ("sqrt", UnaryOp::Sqrt),
        ("exp", UnaryOp::Exp),
        ("log", UnaryOp::Log),
        ("sin", UnaryOp::Sin),
        ("cos", UnaryOp::Cos),
        ("tanh", UnaryOp::Tanh),
        ("sigmoid", UnaryOp::Sigmoid),
        ("sign", UnaryOp::Sign),
        ("floor", UnaryOp::Floor),
        ("ceil", UnaryOp::Ceil),
        ("relu", UnaryOp::Relu),
    ];

    /// The result for a number.
    pub fn apply(self, a: f64) -> f64 {
        match self {
            UnaryOp::Neg => -a,
            UnaryOp::Abs => a.abs(),
            UnaryOp::Sqrt => a.sqrt(),
            UnaryOp::Exp => a.exp(),
            UnaryOp::Log => a.ln(),
            UnaryOp::Sin => a.sin(),
            UnaryOp::Cos => a.cos(),
            UnaryOp::Tanh => a.tanh(),
            UnaryOp::Sigmoid => 1.0 / (1.0 + (-a).exp()),
            // f64::signum gives 1 for 0; the language's sign gives 0, as torch's does.
            UnaryOp::Sign if a == 0.0 => 0.0,
            UnaryOp::Sign => a.signum(),
            UnaryOp::Floor => a.floor(),
            UnaryOp::Ceil => a.ceil(),
            UnaryOp::Relu if a < 0.0 => 0.0,
            UnaryOp::Relu => a,
        }
    }
}

/// What stands in for a missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum Filling {
    /// The mean of the column over the training split.
    Mean,
    /// The median of the column over the training split.
    Median,
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl FieldExpr {
    /// An expression written at `span`.
    pub fn new(node: FieldNode, span: Span) -> Self {
        FieldExpr { span, node: Arc::new(node) }
    }

    /// Whether a name of it is known only once it is known what is trained on.
    pub(crate) fn is_named_by_training(&self) -> bool {
        let (is_own, like) = match &*self.node {
            FieldNode::KnownClasses(_) => (true, None),
            FieldNode::Stream { vocabulary, like, .. } | FieldNode::Tokens { vocabulary, like, .. } => {
                (vocabulary.is_of_training(), like.as_ref())
            }
            _ => (false, None),
        };
        is_own || like.into_iter().chain(self.children()).any(FieldExpr::is_named_by_training)
    }

    /// The expressions that it is made of (not one whose names it takes).
    pub fn children(&self) -> Vec<&FieldExpr> {
        match &*self.node {
            FieldNode::Columns { .. } | FieldNode::Array(_) | FieldNode::Number(_) | FieldNode::Stream { .. } => {
                Vec::new()
            }
            FieldNode::Binary(_, a, b) => vec![a, b],
            FieldNode::Unary(_, a)
            | FieldNode::Standardize(a)
            | FieldNode::Rescale { field: a, .. }
            | FieldNode::Fill(a, _)
            | FieldNode::Classes(a, _)
            | FieldNode::KnownClasses(a)
            | FieldNode::Tokens { field: a, .. }
            | FieldNode::OneHot(a)
            | FieldNode::Reshape(a, _)
            | FieldNode::First(a)
            | FieldNode::Pad { field: a, .. }
            | FieldNode::Windows { field: a, .. } => vec![a],
            FieldNode::Concat(parts, _) => parts.iter().collect(),
        }
    }

    /// Where its values come from, a source for each place that names one.
    pub fn sources(&self) -> Vec<&SourceSpec> {
        let mut sources = Vec::new();
        self.walk(&mut |expr| match &*expr.node {
            FieldNode::Columns { table, .. } => sources.push(table.origin()),
            FieldNode::Array(source) | FieldNode::Stream { source, .. } => sources.push(source),
            _ => {}
        });
        sources
    }

    /// Whether something of it is estimated on the training split (class names are not: they come from all splits).
    pub fn is_estimated(&self) -> bool {
        matches!(
            &*self.node,
            FieldNode::Standardize(_) | FieldNode::Rescale { .. } | FieldNode::Fill(_, Filling::Mean | Filling::Median)
        ) || self.children().iter().any(|c| c.is_estimated())
    }

    /// Visits this expression and everything in it, parts before the whole.
    pub(crate) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a FieldExpr)) {
        for child in self.children() {
            child.walk(visit);
        }
        visit(self);
    }
}

/// Without spans, so that equal expressions look alike wherever they are written.
impl fmt::Debug for FieldExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
