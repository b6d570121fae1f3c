//! The closed set of primitive operations.
//!
//! Few, and each with one meaning. What the user writes is lowered to these; a gradient rule, a shape rule and a
//! kernel exist for each, every one an exhaustive `match`. Shapes of a node include the batch axis. Broadcasting is
//! always a [`Op::Broadcast`] of its own; elementwise operations want equal shapes.

use super::dim::Dim;
use super::recurrent::Recurrence;
use super::window::Windows;
use std::sync::Arc;

/// Index of an [`super::graph::Input`] of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(pub u32);

/// Index of a [`super::graph::State`] of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub u32);

/// A primitive operation. `x`, `y`, … are its inputs in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// What the caller supplies at each step: a batch of a field, the learning rate.
    Input(InputId),
    /// A tensor that lives from step to step: a weight, a running statistic, an optimizer's moment. Reads its value
    /// from before the step's [`super::graph::Update`]s.
    State(StateId),
    /// A scalar.
    Constant(f64),
    /// The size of a dim as a scalar: what a mean over the batch divides by.
    Size(Dim),
    /// A tensor known at compile time, row-major; its shape is constant.
    Literal(Arc<[f64]>),
    /// Positions 0, 1, 2, … along the axis.
    Iota {
        /// The axis.
        axis: usize,
    },
    /// Random numbers; every one depends on the seed, the step, the example, the position in it, and `stream`. The
    /// first axis of the shape is the batch.
    Random {
        /// Tells apart the operations of one graph.
        stream: u32,
        /// How they are distributed.
        distribution: Distribution,
    },
    /// One number in, one out.
    Unary(Unary),
    /// Two numbers in, one out.
    Binary(Binary),
    /// `where(x, y, z)`: `y` where `x` is not 0, else `z`.
    Select,
    /// The same numbers, row-major, in another shape.
    Reshape,
    /// Axis `i` of the result is axis `permutation[i]` of `x`.
    Permute(Arc<[usize]>),
    /// `x` has the rank of the result; its axes of size 1 are repeated.
    Broadcast,
    /// Positions `start`, `start + step`, … of an axis; how many follows from the shape.
    Slice {
        /// The axis.
        axis: usize,
        /// First position.
        start: Dim,
        /// Distance; -1 with the last position as start flips the axis.
        step: i64,
    },
    /// `before` and `after` many copies of `value` around an axis. Both may be symbolic, not negative.
    Pad {
        /// The axis.
        axis: usize,
        /// How many in front.
        before: Dim,
        /// How many behind.
        after: Dim,
        /// What.
        value: f64,
    },
    /// All inputs, one behind the other along the axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// Reduces the axes to size 1 each.
    Reduce {
        /// How.
        reduction: Reduction,
        /// Which, ascending.
        axes: Arc<[usize]>,
    },
    /// Position of the first largest number along the axis, which becomes size 1.
    ArgMax {
        /// The axis.
        axis: usize,
    },
    /// Sum of the numbers up to and with each position; from the end where `reverse`.
    CumulativeSum {
        /// The axis.
        axis: usize,
        /// Whether it runs from the end.
        reverse: bool,
    },
    /// `[…, m, k] @ [k…, n]`: matrix products of the last two axes; the axes before agree.
    MatMul,
    /// Rows of a table: `x` is `[n, …rest]`, `y` holds whole numbers in `0 .. n-1`; the result is `[…y, …rest]`.
    GatherRows,
    /// The transpose of [`Op::GatherRows`]: `x` is `[…y, …rest]`, `y` the row numbers; sums into `[rows, …rest]`.
    ScatterRows {
        /// Number of rows of the result.
        rows: Dim,
    },
    /// Numbers of each line along the axis: `x` is `[…, n, …]`, `y` is `[…, m, …]` with whole numbers in `0 .. n-1`, and
    /// so is the result.
    TakeAlong {
        /// The axis.
        axis: usize,
    },
    /// The transpose of [`Op::TakeAlong`]: `x` and `y` are `[…, m, …]`; each number of `x` is added at its position in
    /// zeros of `[…, size, …]`.
    PlaceAlong {
        /// The axis.
        axis: usize,
        /// Its size in the result.
        size: Dim,
    },
    /// `exp(x - max) / sum` along the axis.
    Softmax {
        /// The axis.
        axis: usize,
    },
    /// `x - max - log(sum(exp(x - max)))` along the axis.
    LogSoftmax {
        /// The axis.
        axis: usize,
    },
    /// Runs a graph once for each position of the first axis of some operands, see [`super::scan`]. Operands:
    /// initial carries, scanned, captured; the result is flat.
    Scan(Arc<super::scan::Scan>),
    /// Cross-correlation: `x` is `[N, C, S…]`, `y` is `[O, C/groups, K…]`, the result `[N, O, S'…]`: at every window the
    /// sum over the channels of the unit's group and over the taps. What lies outside `x` counts as 0.
    Convolve {
        /// One for each axis of `S`.
        windows: Windows,
        /// Into how many parts channels and units are divided; each part sees itself alone.
        groups: usize,
    },
    /// The transpose of [`Op::Convolve`] in its first operand: `x` is `[N, O, S'…]`, `y` the kernel, the result
    /// `[N, C, S…]`.
    ConvolveInput {
        /// As in [`Op::Convolve`].
        windows: Windows,
        /// As in [`Op::Convolve`].
        groups: usize,
    },
    /// The transpose of [`Op::Convolve`] in its second operand: `x` is `[N, C, S…]`, `y` is `[N, O, S'…]`, the result
    /// `[O, C/groups, K…]`.
    ConvolveKernel {
        /// As in [`Op::Convolve`].
        windows: Windows,
        /// As in [`Op::Convolve`].
        groups: usize,
    },
    /// Where the first largest number of each window over the last axes of `x`, `S…`, stands: its row-major place in
    /// `S…`. What lies outside is no candidate; 0 where all does.
    WindowArgMax(Windows),
    /// Sums of the windows over the last axes. What lies outside counts as 0.
    WindowSum(Windows),
    /// The transpose of [`Op::WindowSum`].
    WindowSpread(Windows),
    /// Scaled dot-product attention of `q [B, H, Tq, d]` to `k [B, H, Tk, d]` and `v [B, H, Tk, e]`, of whose
    /// positions the first `lengths [B]` count: `[B, H, Tq, e + 1]`, the result
    /// `softmax(scale · q kᵀ) v` and, last, the logarithm of the sum that the softmax divides by. A query that sees
    /// no key gives zeros. No matrix of `Tq × Tk` numbers is ever held.
    Attention(Attention),
    /// The gradient of [`Op::Attention`], from `q`, `k`, `v`, `lengths`, its result and the gradient of that:
    /// `[B, H, Tq·d + Tk·d + Tk·e]`, the gradients of `q`, `k` and `v` one behind the other. It has none itself.
    AttentionBackward(Attention),
    /// A recurrent layer over all steps: products, weight, bias, lengths in, the states of all steps out; see
    /// [`super::recurrent`].
    Recurrent {
        /// The cell and its direction.
        recurrence: Recurrence,
        /// Whether the result holds what [`Op::RecurrentBackward`] needs.
        keep: bool,
    },
    /// The gradients of a recurrent layer's products, through all steps; see [`super::recurrent`]. It has no gradient
    /// of its own: nothing in the language differentiates twice.
    RecurrentBackward(Recurrence),
}

/// What [`Op::Attention`] does beside its operands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// Whether a query sees only keys that do not stand behind it; there are then as many keys as queries.
    pub causal: bool,
    /// What the products are multiplied with before the softmax: 1/√d.
    pub scale: f64,
    /// Which weights behind the softmax are set to 0.
    pub dropout: Option<AttentionDropout>,
}

/// Dropout of attention weights: 0 where the draw is below `share`, else divided by `1 - share`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionDropout {
    /// Tells apart the operations of one graph, as in [`Op::Random`].
    pub stream: u32,
    /// How many are dropped, from 0 to just under 1.
    pub share: f64,
}

impl Attention {
    /// Operations on numbers that it takes, from the shapes of `q`, `k` and `v`: two products of all pairs that see each
    /// other and five operations for the softmax, five products in the gradient, which computes the first again.
    pub fn flops(&self, [q, k, v]: [&[u64]; 3], backward: bool) -> u64 {
        let at = |shape: &[u64], axis: usize| shape.get(axis).copied().unwrap_or(1);
        let (queries, keys, width, values) = (at(q, 2), at(k, 2), at(q, 3), at(v, 3));
        let pairs = if self.causal { queries * (queries + 1) / 2 } else { queries.saturating_mul(keys) };
        let each = if backward { 6 * width + 4 * values + 8 } else { 2 * width + 2 * values + 5 };
        at(q, 0).saturating_mul(at(q, 1)).saturating_mul(pairs).saturating_mul(each)
    }
}

impl AttentionDropout {
    /// The position, in its example, of the draw of a weight. It does not depend on the number of positions, so that
    /// padding changes nothing.
    pub fn position(head: usize, query: usize, key: usize) -> usize {
        (head << 44) | (query << 22) | key
    }
}

/// Distributions of [`Op::Random`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Uniform on [0, 1).
    Uniform,
    /// Mean 0, deviation 1.
    Normal,
}

/// Elementwise functions of one number. Truth is 1, falsehood 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Unary {
    /// The same number, through which no gradient flows.
    StopGradient,
    /// The same number. What is computed of it is not taken for what is computed of its operand: it keeps apart what is
    /// computed twice on purpose.
    Again,
    Negate,
    Absolute,
    /// -1, 0 or 1; NaN stays.
    Sign,
    Floor,
    Ceil,
    /// 1/x
    Reciprocal,
    Square,
    SquareRoot,
    /// 1/√x
    ReciprocalSquareRoot,
    Exponential,
    Logarithm,
    /// log(1 + x)
    LogarithmOnePlus,
    Sine,
    Cosine,
    Tanh,
    /// 1/(1 + exp(-x))
    Sigmoid,
    /// log(1 + exp(x)), without overflow
    Softplus,
    /// The error function.
    ErrorFunction,
    /// max(x, 0), with gradient 0 at 0
    Relu,
    /// 1 where x is 0, else 0
    Not,
}

/// Elementwise functions of two numbers. Truth is 1, falsehood 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    /// NaN where either is; at a tie the gradient goes half to each, as in `torch.maximum`.
    Maximum,
    /// As [`Binary::Maximum`].
    Minimum,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    /// Both not 0.
    And,
    /// One not 0.
    Or,
}

/// How [`Op::Reduce`] reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The largest; the gradient goes to all largest in equal parts, as in `torch.amax`.
    Maximum,
    /// The smallest, likewise.
    Minimum,
}
