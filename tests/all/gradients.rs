//! Every primitive operation against finite differences, twice differentiated too.

use crate::graphs::{Numbers, check_gradient, input, push, shape, sizes, values, weighted_sum};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::{Graph, NodeId, Shape};
use nnrun::ir::op::{Attention, AttentionDropout, Binary, Distribution, InputId, Op, Reduction, StateId, Unary};
use nnrun::ir::recurrent::{Cell, Recurrence};
use nnrun::ir::window::{WindowAxis, Windows};

/// What the numbers of an operand are, so that no difference steps over a kink.
#[derive(Clone, Copy)]
enum Domain {
    /// In (-1.5, 1.5).
    Any,
    /// In (0.4, 1.9).
    Positive,
    /// At least 0.3 from 0.
    NotZero,
    /// No two within 0.05 of each other, whichever operands they are of.
    Distinct,
    /// 0 and 1.
    Truth,
    /// Whole numbers below the bound.
    Below(usize),
}

impl Domain {
    fn numbers(self, count: usize, operand: usize, numbers: &mut Numbers) -> Vec<f64> {
        let mut draw = |i: usize| match self {
            Domain::Any => numbers.between(-1.5, 1.5),
            Domain::Positive => numbers.between(0.4, 1.9),
            Domain::NotZero => numbers.between(0.3, 1.5) * if numbers.unit() < 0.5 { -1.0 } else { 1.0 },
            // Multiples of 0.1 in a shuffled order, moved a little; operands lie on grids of their own.
            Domain::Distinct => ((i * 7) % 53) as f64 * 0.1 - 2.0 + 0.06 * operand as f64 + numbers.between(0.0, 0.01),
            Domain::Truth => f64::from(u8::from(numbers.unit() < 0.5)),
            Domain::Below(bound) => (numbers.unit() * bound as f64).floor(),
        };
        (0..count).map(&mut draw).collect()
    }
}

/// One operation on operands of these shapes and domains.
struct Case {
    op: Op,
    operands: Vec<(Shape, Domain)>,
    result: Shape,
}

fn case(op: Op, operands: &[(&[i64], Domain)], result: &[i64]) -> Case {
    let operands = operands.iter().map(|(sizes, domain)| (shape(sizes), *domain)).collect();
    Case { op, operands, result: shape(result) }
}

/// The same with the batch as the first axis of everything.
fn batched(op: Op, operands: &[(&[i64], Domain)], result: &[i64]) -> Case {
    let with_batch = |sizes: &[i64]| std::iter::once(batch()).chain(shape(sizes)).collect::<Shape>();
    let operands = operands.iter().map(|(sizes, domain)| (with_batch(sizes), *domain)).collect();
    Case { op, operands, result: with_batch(result) }
}

/// The operation behind this one. A new operation does not compile until it stands in the row, and then has to have
/// cases.
fn next_op(op: &Op) -> Option<Op> {
    Some(match op {
        Op::Input(_) => Op::State(StateId(0)),
        Op::State(_) => Op::Constant(0.0),
        Op::Constant(_) => Op::Size(batch()),
        Op::Size(_) => Op::Literal([].into()),
        Op::Literal(_) => Op::Iota { axis: 0 },
        Op::Iota { .. } => Op::Random { stream: 0, distribution: Distribution::Uniform },
        Op::Random { .. } => Op::Unary(Unary::StopGradient),
        Op::Unary(unary) => match next_unary(*unary) {
            Some(unary) => Op::Unary(unary),
            None => Op::Binary(Binary::Add),
        },
        Op::Binary(binary) => match next_binary(*binary) {
            Some(binary) => Op::Binary(binary),
            None => Op::Select,
        },
        Op::Select => Op::Reshape,
        Op::Reshape => Op::Permute([].into()),
        Op::Permute(_) => Op::Broadcast,
        Op::Broadcast => Op::Slice { axis: 0, start: Dim::constant(0), step: 1 },
        Op::Slice { .. } => Op::Pad { axis: 0, before: Dim::constant(0), after: Dim::constant(0), value: 0.0 },
        Op::Pad { .. } => Op::Concat { axis: 0 },
        Op::Concat { .. } => Op::Reduce { reduction: Reduction::Sum, axes: [].into() },
        Op::Reduce { reduction: Reduction::Sum, .. } => Op::Reduce { reduction: Reduction::Maximum, axes: [].into() },
        Op::Reduce { reduction: Reduction::Maximum, .. } => {
            Op::Reduce { reduction: Reduction::Minimum, axes: [].into() }
        }
        Op::Reduce { reduction: Reduction::Minimum, .. } => Op::ArgMax { axis: 0 },
        Op::ArgMax { .. } => Op::CumulativeSum { axis: 0, reverse: false },
        Op::CumulativeSum { .. } => Op::MatMul,
        Op::MatMul => Op::GatherRows,
        Op::GatherRows => Op::ScatterRows { rows: Dim::constant(1) },
        Op::ScatterRows { .. } => Op::TakeAlong { axis: 0 },
        Op::TakeAlong { .. } => Op::PlaceAlong { axis: 0, size: Dim::constant(1) },
        Op::PlaceAlong { .. } => Op::Softmax { axis: 0 },
        Op::Softmax { .. } => Op::LogSoftmax { axis: 0 },
        Op::LogSoftmax { .. } => Op::Convolve { windows: [].into(), groups: 1 },
        Op::Convolve { .. } => Op::ConvolveInput { windows: [].into(), groups: 1 },
        Op::ConvolveInput { .. } => Op::ConvolveKernel { windows: [].into(), groups: 1 },
        Op::ConvolveKernel { .. } => Op::WindowArgMax([].into()),
        Op::WindowArgMax(_) => Op::WindowSum([].into()),
        Op::WindowSum(_) => Op::WindowSpread([].into()),
        Op::WindowSpread(_) => Op::Attention(Attention { causal: false, scale: 1.0, dropout: None }),
        Op::Attention(attention) => Op::AttentionBackward(*attention),
        Op::AttentionBackward(_) => {
            let recurrence = Recurrence { cell: Cell::Lstm, reverse: false };
            Op::Recurrent { recurrence, keep: true }
        }
        Op::Recurrent { recurrence, .. } => Op::RecurrentBackward(*recurrence),
        Op::RecurrentBackward(_) => Op::Scan(std::sync::Arc::new(crate::scans::running_product())),
        Op::Scan(_) => return None,
    })
}

fn next_unary(unary: Unary) -> Option<Unary> {
    Some(match unary {
        Unary::StopGradient => Unary::Again,
        Unary::Again => Unary::Negate,
        Unary::Negate => Unary::Absolute,
        Unary::Absolute => Unary::Sign,
        Unary::Sign => Unary::Floor,
        Unary::Floor => Unary::Ceil,
        Unary::Ceil => Unary::Reciprocal,
        Unary::Reciprocal => Unary::Square,
        Unary::Square => Unary::SquareRoot,
        Unary::SquareRoot => Unary::ReciprocalSquareRoot,
        Unary::ReciprocalSquareRoot => Unary::Exponential,
        Unary::Exponential => Unary::Logarithm,
        Unary::Logarithm => Unary::LogarithmOnePlus,
        Unary::LogarithmOnePlus => Unary::Sine,
        Unary::Sine => Unary::Cosine,
        Unary::Cosine => Unary::Tanh,
        Unary::Tanh => Unary::Sigmoid,
        Unary::Sigmoid => Unary::Softplus,
        Unary::Softplus => Unary::ErrorFunction,
        Unary::ErrorFunction => Unary::Relu,
        Unary::Relu => Unary::Not,
        Unary::Not => return None,
    })
}

fn next_binary(binary: Binary) -> Option<Binary> {
    Some(match binary {
        Binary::Add => Binary::Subtract,
        Binary::Subtract => Binary::Multiply,
        Binary::Multiply => Binary::Divide,
        Binary::Divide => Binary::Power,
        Binary::Power => Binary::Maximum,
        Binary::Maximum => Binary::Minimum,
        Binary::Minimum => Binary::Equal,
        Binary::Equal => Binary::NotEqual,
        Binary::NotEqual => Binary::Less,
        Binary::Less => Binary::LessEqual,
        Binary::LessEqual => Binary::And,
        Binary::And => Binary::Or,
        Binary::Or => return None,
    })
}

/// The cases of an operation; none where it has no operands.
fn cases(op: &Op) -> Vec<Case> {
    use Domain::*;
    let slice = |axis, start: i64, step| Op::Slice { axis, start: Dim::constant(start), step };
    match op {
        Op::Input(_)
        | Op::State(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Random { .. } => vec![],
        // Differences see through it; `stop_gradient_stops` has its test.
        Op::Unary(Unary::StopGradient) => vec![],
        Op::Unary(unary) => {
            let domain = match unary {
                Unary::SquareRoot | Unary::ReciprocalSquareRoot | Unary::Logarithm | Unary::LogarithmOnePlus => {
                    Positive
                }
                Unary::Absolute | Unary::Relu | Unary::Reciprocal | Unary::Not | Unary::Sign => NotZero,
                Unary::Floor | Unary::Ceil => Distinct,
                Unary::StopGradient
                | Unary::Again
                | Unary::Negate
                | Unary::Square
                | Unary::Exponential
                | Unary::Sine
                | Unary::Cosine
                | Unary::Tanh
                | Unary::Sigmoid
                | Unary::Softplus
                | Unary::ErrorFunction => Any,
            };
            vec![
                case(op.clone(), &[(&[], domain)], &[]),
                case(op.clone(), &[(&[7], domain)], &[7]),
                batched(op.clone(), &[(&[5], domain)], &[5]),
            ]
        }
        Op::Binary(binary) => {
            let (x, y) = match binary {
                Binary::Divide => (Any, NotZero),
                Binary::Power => (Positive, Any),
                Binary::Maximum
                | Binary::Minimum
                | Binary::Equal
                | Binary::NotEqual
                | Binary::Less
                | Binary::LessEqual => (Distinct, Distinct),
                Binary::And | Binary::Or => (NotZero, NotZero),
                Binary::Add | Binary::Subtract | Binary::Multiply => (Any, Any),
            };
            vec![
                case(op.clone(), &[(&[], x), (&[], y)], &[]),
                case(op.clone(), &[(&[3, 5], x), (&[3, 5], y)], &[3, 5]),
                batched(op.clone(), &[(&[2], x), (&[2], y)], &[2]),
            ]
        }
        Op::Select => vec![
            case(Op::Select, &[(&[], Truth), (&[], Any), (&[], Any)], &[]),
            batched(Op::Select, &[(&[3], Truth), (&[3], Any), (&[3], Any)], &[3]),
        ],
        Op::Reshape => vec![
            case(Op::Reshape, &[(&[], Any)], &[1, 1]),
            case(Op::Reshape, &[(&[2, 9], Any)], &[3, 1, 6]),
            batched(Op::Reshape, &[(&[2, 3], Any)], &[6]),
        ],
        Op::Permute(_) => vec![
            case(Op::Permute([1, 0].into()), &[(&[3, 5], Any)], &[5, 3]),
            case(Op::Permute([2, 0, 1].into()), &[(&[2, 3, 5], Any)], &[5, 2, 3]),
            case(Op::Permute([1, 2, 3, 0].into()), &[(&[2, 1, 3, 2], Any)], &[1, 3, 2, 2]),
        ],
        Op::Broadcast => vec![
            case(Op::Broadcast, &[(&[1], Any)], &[5]),
            case(Op::Broadcast, &[(&[1, 3, 1], Any)], &[2, 3, 4]),
            case(Op::Broadcast, &[(&[1, 3], Any)], &[1, 3]),
            Case { op: Op::Broadcast, operands: vec![(shape(&[1, 3]), Any)], result: vec![batch(), Dim::constant(3)] },
        ],
        Op::Slice { .. } => vec![
            case(slice(0, 2, 1), &[(&[7], Any)], &[3]),
            case(slice(0, 0, 1), &[(&[7], Any)], &[7]),
            case(slice(0, 1, 2), &[(&[7], Any)], &[3]),
            case(slice(1, 0, 3), &[(&[2, 8], Any)], &[2, 3]),
            case(slice(1, 2, 3), &[(&[2, 9, 2], Any)], &[2, 2, 2]),
            case(slice(0, 4, -1), &[(&[5, 2], Any)], &[5, 2]),
            case(slice(0, 5, -1), &[(&[7], Any)], &[3]),
            case(slice(0, 6, -2), &[(&[8], Any)], &[3]),
            batched(slice(1, 1, 2), &[(&[5], Any)], &[2]),
            Case {
                op: Op::Slice { axis: 0, start: batch() - Dim::constant(1), step: 1 },
                operands: vec![(vec![batch(), Dim::constant(2)], Any)],
                result: shape(&[1, 2]),
            },
            Case {
                op: Op::Slice { axis: 0, start: batch() - Dim::constant(1), step: -1 },
                operands: vec![(vec![batch(), Dim::constant(2)], Any)],
                result: vec![batch(), Dim::constant(2)],
            },
        ],
        Op::Pad { .. } => {
            let pad = |axis, before: i64, after: i64, value| Op::Pad {
                axis,
                before: Dim::constant(before),
                after: Dim::constant(after),
                value,
            };
            vec![
                case(pad(0, 1, 2, 0.5), &[(&[3], Any)], &[6]),
                case(pad(1, 0, 3, 0.0), &[(&[2, 3, 2], Any)], &[2, 6, 2]),
                batched(pad(1, 2, 0, -1.0), &[(&[1], Any)], &[3]),
            ]
        }
        Op::Concat { .. } => vec![
            case(Op::Concat { axis: 0 }, &[(&[3], Any)], &[3]),
            case(Op::Concat { axis: 1 }, &[(&[2, 3], Any), (&[2, 1], Any), (&[2, 2], Any)], &[2, 6]),
            batched(Op::Concat { axis: 1 }, &[(&[3, 2], Any), (&[1, 2], Any)], &[4, 2]),
        ],
        Op::Reduce { reduction, .. } => {
            let reduce = |axes: &[usize]| Op::Reduce { reduction: *reduction, axes: axes.into() };
            let domain = match reduction {
                Reduction::Sum => Any,
                Reduction::Maximum | Reduction::Minimum => Distinct,
            };
            vec![
                case(reduce(&[0]), &[(&[7], domain)], &[1]),
                case(reduce(&[0, 2]), &[(&[3, 2, 5], domain)], &[1, 2, 1]),
                case(reduce(&[]), &[(&[3], domain)], &[3]),
                Case {
                    op: reduce(&[0]),
                    operands: vec![(vec![batch(), Dim::constant(2)], domain)],
                    result: shape(&[1, 2]),
                },
            ]
        }
        Op::ArgMax { .. } => vec![
            case(Op::ArgMax { axis: 0 }, &[(&[5], Distinct)], &[1]),
            case(Op::ArgMax { axis: 1 }, &[(&[3, 5], Distinct)], &[3, 1]),
        ],
        Op::CumulativeSum { .. } => {
            let sum = |axis, reverse| Op::CumulativeSum { axis, reverse };
            vec![
                case(sum(0, false), &[(&[5], Any)], &[5]),
                case(sum(1, true), &[(&[2, 3, 2], Any)], &[2, 3, 2]),
                batched(sum(1, false), &[(&[4], Any)], &[4]),
            ]
        }
        Op::MatMul => vec![
            case(Op::MatMul, &[(&[3, 5], Any), (&[5, 2], Any)], &[3, 2]),
            case(Op::MatMul, &[(&[2, 1, 3], Any), (&[2, 3, 1], Any)], &[2, 1, 1]),
            batched(Op::MatMul, &[(&[2, 3], Any), (&[3, 1], Any)], &[2, 1]),
            Case {
                op: Op::MatMul,
                operands: vec![(vec![batch(), Dim::constant(2)], Any), (shape(&[2, 3]), Any)],
                result: vec![batch(), Dim::constant(3)],
            },
        ],
        Op::GatherRows => vec![
            case(Op::GatherRows, &[(&[4, 3], Any), (&[5], Below(4))], &[5, 3]),
            case(Op::GatherRows, &[(&[4], Any), (&[2, 3], Below(4))], &[2, 3]),
            case(Op::GatherRows, &[(&[4, 2], Any), (&[], Below(4))], &[2]),
        ],
        Op::ScatterRows { .. } => {
            let scatter = Op::ScatterRows { rows: Dim::constant(4) };
            vec![
                case(scatter.clone(), &[(&[5, 3], Any), (&[5], Below(4))], &[4, 3]),
                case(scatter, &[(&[2, 3], Any), (&[2, 3], Below(4))], &[4]),
            ]
        }
        Op::TakeAlong { .. } => vec![
            case(Op::TakeAlong { axis: 0 }, &[(&[5], Any), (&[1], Below(5))], &[1]),
            case(Op::TakeAlong { axis: 1 }, &[(&[2, 5, 3], Any), (&[2, 1, 3], Below(5))], &[2, 1, 3]),
            case(Op::TakeAlong { axis: 1 }, &[(&[2, 5, 3], Any), (&[2, 7, 3], Below(5))], &[2, 7, 3]),
            batched(Op::TakeAlong { axis: 1 }, &[(&[5], Any), (&[1], Below(5))], &[1]),
        ],
        Op::PlaceAlong { .. } => {
            let place = |axis| Op::PlaceAlong { axis, size: Dim::constant(5) };
            vec![
                case(place(0), &[(&[1], Any), (&[1], Below(5))], &[5]),
                case(place(1), &[(&[2, 1, 3], Any), (&[2, 1, 3], Below(5))], &[2, 5, 3]),
                case(place(1), &[(&[2, 4, 3], Any), (&[2, 4, 3], Below(5))], &[2, 5, 3]),
            ]
        }
        Op::Softmax { .. } => vec![
            case(Op::Softmax { axis: 0 }, &[(&[5], Any)], &[5]),
            case(Op::Softmax { axis: 1 }, &[(&[2, 3, 2], Any)], &[2, 3, 2]),
            batched(Op::Softmax { axis: 1 }, &[(&[1], Any)], &[1]),
        ],
        // Differentiated once, and only as far as anyone reads the result: `recurrent` has their cases.
        Op::Recurrent { .. } | Op::RecurrentBackward(_) => vec![],
        Op::LogSoftmax { .. } => vec![
            case(Op::LogSoftmax { axis: 0 }, &[(&[5], Any)], &[5]),
            case(Op::LogSoftmax { axis: 1 }, &[(&[2, 3, 2], Any)], &[2, 3, 2]),
        ],
        Op::Scan(_) => crate::scans::cases()
            .into_iter()
            .map(|case| Case {
                result: case.scan.result(),
                operands: case.operands.into_iter().map(|shape| (shape, Any)).collect(),
                op: Op::Scan(case.scan.into()),
            })
            .collect(),
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => convolutions(op),
        Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => pools(op),
        Op::Attention(_) => {
            let attend = |causal, share: f64| {
                let dropout = (share > 0.0).then_some(AttentionDropout { stream: 0, share });
                Op::Attention(Attention { causal, scale: 0.7, dropout })
            };
            let of = |[queries, keys, width, values]: [i64; 4]| {
                [
                    (vec![1, 2, queries, width], Any),
                    (vec![1, 2, keys, width], Any),
                    (vec![1, 2, keys, values], Any),
                    (vec![1], Below(keys as usize + 1)),
                ]
            };
            let attention = |op: Op, sizes: [i64; 4]| {
                let operands = of(sizes);
                let operands: Vec<_> = operands.iter().map(|(shape, domain)| (&shape[..], *domain)).collect();
                case(op, &operands, &[1, 2, sizes[0], sizes[3] + 1])
            };
            vec![
                attention(attend(false, 0.0), [3, 5, 2, 3]),
                attention(attend(true, 0.0), [4, 4, 3, 2]),
                attention(attend(true, 0.4), [3, 3, 1, 1]),
                attention(attend(false, 0.0), [1, 4, 2, 2]),
            ]
        }
        // Computed with the weights of its forward pass; its values are those of `Op::Attention`'s derivative, and a
        // derivative of its own it has none.
        Op::AttentionBackward(_) => vec![],
    }
}

/// A window axis: taps, stride, dilation, positions in front.
fn window(kernel: usize, stride: usize, dilation: usize, before: i64) -> WindowAxis {
    WindowAxis { kernel, stride, dilation, before: Dim::constant(before) }
}

/// Windows, groups, and the sizes of image, kernel and result.
type Convolution<'a> = (&'a [WindowAxis], usize, &'a [i64], &'a [i64], &'a [i64]);

/// Image, kernel and result, two of which are the operands and one the result.
fn convolutions(op: &Op) -> Vec<Case> {
    let sizes: [Convolution; 7] = [
        (&[window(3, 1, 1, 1)], 1, &[2, 2, 5], &[3, 2, 3], &[2, 3, 5]),
        (&[window(2, 2, 1, 0)], 1, &[1, 1, 5], &[1, 1, 2], &[1, 1, 2]),
        (&[window(3, 2, 1, 1), window(2, 1, 2, 1)], 2, &[2, 4, 4, 3], &[2, 2, 3, 2], &[2, 2, 2, 3]),
        // Depthwise.
        (&[window(2, 1, 1, 0), window(2, 1, 1, 0)], 3, &[1, 3, 3, 3], &[6, 1, 2, 2], &[1, 6, 2, 2]),
        // Pointwise, and windows that lie wholly outside.
        (&[window(1, 1, 1, 0), window(1, 1, 1, 0)], 1, &[2, 3, 2, 2], &[2, 3, 1, 1], &[2, 2, 2, 2]),
        (&[window(2, 3, 2, 4)], 1, &[1, 2, 3], &[2, 2, 2], &[1, 2, 4]),
        (
            &[window(2, 1, 1, 1), window(1, 1, 1, 0), window(2, 2, 1, 0)],
            1,
            &[1, 2, 2, 2, 4],
            &[1, 2, 2, 1, 2],
            &[1, 1, 3, 2, 2],
        ),
    ];
    let of = |(windows, groups, image, kernel, result): Convolution| {
        let windows: Windows = windows.into();
        let any = Domain::Any;
        match op {
            Op::Convolve { .. } => case(Op::Convolve { windows, groups }, &[(image, any), (kernel, any)], result),
            Op::ConvolveInput { .. } => {
                case(Op::ConvolveInput { windows, groups }, &[(result, any), (kernel, any)], image)
            }
            _ => case(Op::ConvolveKernel { windows, groups }, &[(image, any), (result, any)], kernel),
        }
    };
    let mut cases: Vec<Case> = sizes.into_iter().map(of).collect();
    if let Op::Convolve { .. } = op {
        // A batch of any size, a window that begins where the batch says.
        let op = Op::Convolve { windows: [window(3, 1, 1, 1)].into(), groups: 1 };
        cases.push(Case {
            op,
            operands: vec![
                (vec![batch(), Dim::constant(2), Dim::constant(4)], Domain::Any),
                (shape(&[3, 2, 3]), Domain::Any),
            ],
            result: vec![batch(), Dim::constant(3), Dim::constant(4)],
        });
    }
    cases
}

/// An image and its pooled form.
fn pools(op: &Op) -> Vec<Case> {
    let sizes: [(&[WindowAxis], &[i64], &[i64]); 5] = [
        (&[window(2, 2, 1, 0)], &[6], &[3]),
        (&[window(3, 2, 1, 1)], &[2, 5], &[2, 3]),
        (&[window(2, 2, 1, 0), window(2, 2, 1, 0)], &[2, 4, 5], &[2, 2, 2]),
        // Overlapping, spread out, with positions in front.
        (&[window(3, 1, 1, 1), window(2, 1, 2, 1)], &[1, 2, 3, 4], &[1, 2, 3, 4]),
        (&[window(2, 1, 1, 0), window(2, 1, 1, 0), window(1, 1, 1, 0)], &[3, 2, 2], &[2, 1, 2]),
    ];
    let of = |(windows, image, pooled): (&[WindowAxis], &[i64], &[i64])| match op {
        Op::WindowArgMax(_) => case(Op::WindowArgMax(windows.into()), &[(image, Domain::Distinct)], pooled),
        Op::WindowSum(_) => case(Op::WindowSum(windows.into()), &[(image, Domain::Any)], pooled),
        _ => case(Op::WindowSpread(windows.into()), &[(pooled, Domain::Any)], image),
    };
    sizes.into_iter().map(of).collect()
}

/// Whether the operand says where or whether, so that moving it a little means nothing.
fn is_discrete(domain: Domain) -> bool {
    match domain {
        Domain::Truth | Domain::Below(_) => true,
        Domain::Any | Domain::Positive | Domain::NotZero | Domain::Distinct => false,
    }
}

#[test]
fn every_operation_agrees_with_differences() {
    let mut next = Some(Op::Input(InputId(0)));
    while let Some(op) = next {
        for (number, case) in cases(&op).into_iter().enumerate() {
            check_case(&case, number);
        }
        next = next_op(&op);
    }
}

fn check_case(case: &Case, number: usize) {
    let mut numbers = Numbers::new(number as u64);
    let mut graph = Graph::default();
    let operands: Vec<NodeId> = case
        .operands
        .iter()
        .enumerate()
        .map(|(i, (shape, _))| input(&mut graph, &format!("x{i}"), shape.clone()))
        .collect();
    let feeds: Vec<Vec<f64>> = case
        .operands
        .iter()
        .enumerate()
        .map(|(i, (shape, domain))| domain.numbers(sizes(shape).iter().product(), i, &mut numbers))
        .collect();
    let result = push(&mut graph, case.op.clone(), &operands, case.result.clone());
    let loss = weighted_sum(&mut graph, result, &mut numbers);
    let name = format!("{:?} case {number}", case.op);

    let first = differentiate(&mut graph, loss, &operands);
    let continuous = |i: &usize| !is_discrete(case.operands[*i].1);
    for (i, gradient) in first.iter().enumerate() {
        match continuous(&i) {
            true => check_gradient(&graph, loss, i, *gradient, &feeds, &name),
            false => assert_eq!(*gradient, None, "{name}: a gradient of what says where"),
        }
    }

    if matches!(case.op, Op::Attention(_)) {
        return;
    }
    // The gradient is a graph like any other: its own gradient is checked the same way.
    let sums: Vec<NodeId> = first.iter().flatten().map(|g| weighted_sum(&mut graph, *g, &mut numbers)).collect();
    let Some(sum) = sums.into_iter().reduce(|x, y| push(&mut graph, Op::Binary(Binary::Add), &[x, y], vec![])) else {
        return;
    };
    let second = differentiate(&mut graph, sum, &operands);
    for i in (0..operands.len()).filter(continuous) {
        check_gradient(&graph, sum, i, second[i], &feeds, &format!("{name}, second derivative"));
    }
}

/// The gradients of `Σ op(operands)` at these numbers.
fn gradients_at(op: Op, operands: &[&[f64]], result: &[i64]) -> Vec<Option<Vec<f64>>> {
    let mut graph = Graph::default();
    let ids: Vec<NodeId> = operands
        .iter()
        .enumerate()
        .map(|(i, numbers)| input(&mut graph, &format!("x{i}"), shape(&[numbers.len() as i64])))
        .collect();
    let y = push(&mut graph, op, &ids, shape(result));
    let sum = push(&mut graph, Op::Reduce { reduction: Reduction::Sum, axes: [0].into() }, &[y], shape(&[1]));
    let sum = push(&mut graph, Op::Reshape, &[sum], vec![]);
    let gradients = differentiate(&mut graph, sum, &ids);
    let feeds: Vec<Vec<f64>> = operands.iter().map(|numbers| numbers.to_vec()).collect();
    let values = values(&graph, &feeds);
    gradients.into_iter().map(|id| id.map(|id| values[id.index()].data.clone())).collect()
}

#[test]
fn kinks_and_ties_follow_torch() {
    let one = |op: Op, x: &[f64]| gradients_at(op, &[x], &[x.len() as i64]).remove(0).unwrap();
    assert_eq!(one(Op::Unary(Unary::Relu), &[-1.0, 0.0, 2.0]), [0.0, 0.0, 1.0]);
    assert_eq!(one(Op::Unary(Unary::Absolute), &[-1.0, 0.0, 2.0]), [-1.0, 0.0, 1.0]);
    let two = |op: Binary, x: &[f64], y: &[f64]| {
        gradients_at(Op::Binary(op), &[x, y], &[x.len() as i64]).into_iter().map(Option::unwrap).collect::<Vec<_>>()
    };
    let maximum = two(Binary::Maximum, &[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]);
    assert_eq!(maximum, [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]);
    let minimum = two(Binary::Minimum, &[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]);
    assert_eq!(minimum, [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]);
    let reduce = |reduction| Op::Reduce { reduction, axes: [0].into() };
    let largest = gradients_at(reduce(Reduction::Maximum), &[&[3.0, 1.0, 3.0]], &[1]);
    assert_eq!(largest, [Some(vec![0.5, 0.0, 0.5])]);
    let smallest = gradients_at(reduce(Reduction::Minimum), &[&[3.0, 1.0, 1.0]], &[1]);
    assert_eq!(smallest, [Some(vec![0.0, 0.5, 0.5])]);
}

#[test]
fn powers_of_zero_and_of_negative_numbers_have_gradients() {
    let gradients = gradients_at(Op::Binary(Binary::Power), &[&[0.0, 0.0, -2.0, -2.0], &[2.0, 0.0, 2.0, 3.0]], &[4]);
    assert_eq!(gradients[0], Some(vec![0.0, 0.0, -4.0, 12.0]));
    assert_eq!(gradients[1].as_ref().map(|g| (g[0], g[1])), Some((0.0, 0.0)));
    for (exponent, expected) in
        [(0.0, None), (1.0, Some(1.0)), (2.0, Some(-6.0)), (3.0, Some(27.0)), (-1.0, Some(-1.0 / 9.0))]
    {
        let mut graph = Graph::default();
        let x = input(&mut graph, "x", vec![]);
        let exponent = push(&mut graph, Op::Constant(exponent), &[], vec![]);
        let y = push(&mut graph, Op::Binary(Binary::Power), &[x, exponent], vec![]);
        let gradient = differentiate(&mut graph, y, &[x])[0];
        let found = gradient.map(|id| values(&graph, &[vec![-3.0]])[id.index()].data[0]);
        match (found, expected) {
            (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-12, "{found}, not {expected}"),
            (found, expected) => assert_eq!(found, expected),
        }
    }
}

#[test]
fn a_branch_that_is_not_chosen_leaks_no_nan() {
    // where(x > 0, log(x), 0): the usual way to guard a logarithm.
    let mut graph = Graph::default();
    let x = input(&mut graph, "x", vec![]);
    let zero = push(&mut graph, Op::Constant(0.0), &[], vec![]);
    let positive = push(&mut graph, Op::Binary(Binary::Less), &[zero, x], vec![]);
    let one = push(&mut graph, Op::Constant(1.0), &[], vec![]);
    let safe = push(&mut graph, Op::Select, &[positive, x, one], vec![]);
    let logarithm = push(&mut graph, Op::Unary(Unary::Logarithm), &[safe], vec![]);
    let y = push(&mut graph, Op::Select, &[positive, logarithm, zero], vec![]);
    let gradient = differentiate(&mut graph, y, &[x])[0].unwrap();
    assert_eq!(values(&graph, &[vec![-1.0]])[gradient.index()].data, [0.0]);
    assert_eq!(values(&graph, &[vec![2.0]])[gradient.index()].data, [0.5]);
}

#[test]
fn stop_gradient_stops() {
    assert_eq!(gradients_at(Op::Unary(Unary::StopGradient), &[&[1.0]], &[1]), [None]);
}

#[test]
fn steps_of_a_recurrence_are_joined() {
    // Every position of x is read by a step of its own: the gradient is one concatenation, not a sum of paddings.
    let (steps, mut graph) = (50, Graph::default());
    let x = input(&mut graph, "x", shape(&[steps, 2]));
    let mut h = push(&mut graph, Op::Literal([0.5, -0.5].into()), &[], shape(&[1, 2]));
    for t in 0..steps {
        let op = Op::Slice { axis: 0, start: Dim::constant(t), step: 1 };
        let xt = push(&mut graph, op, &[x], shape(&[1, 2]));
        let sum = push(&mut graph, Op::Binary(Binary::Add), &[h, xt], shape(&[1, 2]));
        h = push(&mut graph, Op::Unary(Unary::Tanh), &[sum], shape(&[1, 2]));
    }
    let loss = weighted_sum(&mut graph, h, &mut Numbers::new(0));
    let gradient = differentiate(&mut graph, loss, &[x])[0].unwrap();
    assert_eq!(graph.node(gradient).op, Op::Concat { axis: 0 });
    let mut numbers = Numbers::new(1);
    let feeds = vec![(0..steps * 2).map(|_| numbers.between(-0.3, 0.3)).collect()];
    check_gradient(&graph, loss, 0, Some(gradient), &feeds, "recurrence");
}
