//! What can be wrong with the operands of an operation: the facts. [`super::words`] puts them into words.

use super::tensor::{Kind, Role};
use super::windows::Window;
use crate::ir::dim::Dim;
use crate::source::Span;
use std::sync::Arc;

/// A per-example shape.
pub type Shape = Vec<Dim>;

/// A mistake found while an operation was being built. Operands are counted from 0 in the order of the call, the
/// piped one first.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// Two shapes that no broadcasting makes equal.
    Broadcast {
        /// Left operand.
        left: Shape,
        /// Right operand.
        right: Shape,
    },
    /// `a @ b` with inner sizes that differ.
    MatMulInner {
        /// Left operand.
        left: Shape,
        /// Right operand.
        right: Shape,
    },
    /// An operand with too few or too many axes.
    Rank {
        /// Which operand.
        operand: usize,
        /// What is wanted: `at least one axis`, `[C, H, W]`.
        wanted: String,
        /// Its shape.
        shape: Shape,
    },
    /// An axis that the tensor does not have.
    Axis {
        /// As written.
        axis: i64,
        /// The shape.
        shape: Shape,
    },
    /// An axis given by a dimension name that is in the shape not once.
    AxisName {
        /// The name.
        name: Arc<str>,
        /// How often it is there.
        times: usize,
        /// The shape.
        shape: Shape,
    },
    /// `reshape` to another number of elements.
    Reshape {
        /// From.
        from: Shape,
        /// To; `None` is the hole.
        to: Vec<Option<Dim>>,
    },
    /// Tensors to be joined that differ in another axis or in rank.
    Join {
        /// The first one.
        first: Shape,
        /// Which one differs.
        operand: usize,
        /// Its shape.
        other: Shape,
        /// The axis of joining, if they are concatenated; `None` for `stack`.
        axis: Option<usize>,
    },
    /// A position outside an axis.
    Position {
        /// As written.
        position: i64,
        /// The axis's size.
        size: Dim,
        /// Which axis.
        axis: usize,
    },
    /// More positions than axes.
    TooManyPositions {
        /// How many.
        given: usize,
        /// The shape.
        shape: Shape,
    },
    /// A whole number that stands for a position, and is none.
    OutOfRange {
        /// Which operand holds it.
        operand: usize,
        /// The number.
        number: i64,
        /// How many positions there are.
        count: Dim,
        /// What they are: `rows`, `classes`.
        what: &'static str,
    },
    /// A slice that holds nothing.
    EmptySlice {
        /// The axis's size.
        size: Dim,
    },
    /// A loss's operands differ in shape.
    LossShapes {
        /// First operand.
        left: Shape,
        /// Second operand.
        right: Shape,
    },
    /// A loss wants other things than these: logits, and not probabilities.
    LossRole {
        /// Which operand.
        operand: usize,
        /// What the loss wants: `logits`.
        wanted: &'static str,
        /// What it got.
        got: Role,
        /// The function or loss to use instead.
        instead: &'static str,
    },
    /// The width of the logits is not the number of classes.
    ClassCount {
        /// Which operand holds the logits.
        operand: usize,
        /// Their width.
        width: Dim,
        /// Number of classes of the target.
        classes: Dim,
        /// Names of the classes.
        names: Option<Arc<[String]>>,
    },
    /// An operand of another kind than wanted.
    Kind {
        /// Which operand.
        operand: usize,
        /// `class(n)`, `float`.
        wanted: &'static str,
        /// What it is.
        got: Kind,
    },
    /// A list argument whose length must be something else.
    Length {
        /// The argument.
        argument: &'static str,
        /// How long it must be.
        wanted: Dim,
        /// How long it is.
        got: usize,
        /// Why: `one weight for each class`.
        reason: &'static str,
    },
    /// An argument outside what makes sense with these operands.
    Argument {
        /// The argument.
        argument: &'static str,
        /// What is wrong, as a clause: `6 does not divide 32`.
        message: String,
    },
    /// A number of equal parts that does not divide a size.
    Parts {
        /// The argument.
        argument: &'static str,
        /// How many parts.
        parts: Dim,
        /// What they are and cannot do, with `{}` for the size: `heads cannot share a width of {}`.
        what: &'static str,
        /// The size.
        size: Dim,
        /// The nearest numbers that divide it.
        nearest: Vec<i64>,
    },
    /// A number that is too small or too large for these operands.
    Number {
        /// The argument.
        argument: &'static str,
        /// Why, as a clause: `the sequence has 12 positions, but there are vectors for 8 only`.
        message: String,
        /// The nearest that fits.
        instead: i64,
    },
    /// Pieces that do not add up to the axis that is cut into them.
    Pieces {
        /// Their sizes.
        sizes: Vec<Dim>,
        /// That of the axis.
        total: Dim,
    },
    /// Something needs a size that is not known or differs from example to example.
    UnknownSize {
        /// What needs it: `the weight of Dense`.
        what: String,
        /// The size.
        size: Dim,
    },
    /// A layer applied twice to inputs that its weights do not both fit.
    Shared {
        /// The weight.
        path: Arc<str>,
        /// Its shape by the first use.
        first: Shape,
        /// The shape that this use needs.
        now: Shape,
        /// The first use.
        first_span: Span,
    },
    /// A window that is larger than the axis it slides over, padding included.
    Window {
        /// Which axis.
        axis: usize,
        /// Its size.
        size: Dim,
        /// The window.
        window: Box<Window>,
    },
    /// An operation that cannot keep the padding of a ragged axis out of its result.
    Ragged {
        /// The size of the axis.
        size: Dim,
        /// Why, as a clause.
        why: String,
        /// What to write instead, as a clause.
        instead: String,
    },
    /// A tensor of more than 2⁴⁰ numbers.
    TooLarge {
        /// Its shape.
        shape: Shape,
    },
    /// Something that only makes sense where examples are: `BatchNorm` of a constant.
    NotPerExample {
        /// What was asked for.
        what: &'static str,
    },
}
