//! Every rule of the verifier, broken once.

use crate::graphs::{input, push, shape};
use nnrun::ir::dim::{Dim, Var, VarKind, batch};
use nnrun::ir::graph::{Graph, NodeId, Shape, State, StateRole, Update};
use nnrun::ir::init::Init;
use nnrun::ir::op::{Binary, Distribution, InputId, Op, Reduction, StateId, Unary};
use nnrun::ir::verify::verify;
use nnrun::ir::window::{WindowAxis, Windows};
use nnrun::source::Span;

/// What the verifier says about an operation on operands of these shapes.
fn complaint(op: Op, operands: &[&[i64]], result: &[i64]) -> String {
    let mut graph = Graph::default();
    let operands: Vec<NodeId> = operands.iter().map(|sizes| input(&mut graph, "x", shape(sizes))).collect();
    push(&mut graph, op, &operands, shape(result));
    match verify(&graph) {
        Ok(()) => "nothing".into(),
        Err(violation) => violation.to_string(),
    }
}

fn windows(kernel: usize, stride: usize) -> Windows {
    [WindowAxis { kernel, stride, dilation: 1, before: Dim::constant(0) }].into()
}

fn slice(axis: usize, start: i64, step: i64) -> Op {
    Op::Slice { axis, start: Dim::constant(start), step }
}

/// An operation, the shapes of its operands and of its result, and what is said about them.
type Misfit = (Op, &'static [&'static [i64]], &'static [i64], &'static str);

#[test]
fn operations_must_fit_their_operands() {
    let pad = |before: i64| Op::Pad { axis: 0, before: Dim::constant(before), after: Dim::constant(0), value: 0.0 };
    let sum = |axes: &[usize]| Op::Reduce { reduction: Reduction::Sum, axes: axes.into() };
    let place = Op::PlaceAlong { axis: 1, size: Dim::constant(5) };
    let scatter = Op::ScatterRows { rows: Dim::constant(4) };
    let cases: Vec<Misfit> = vec![
        (Op::Unary(Unary::Tanh), &[], &[], "%0 = tanh(): takes 1 operands, has 0"),
        (Op::Unary(Unary::Tanh), &[&[2]], &[3], "%1 = tanh(%0): the result must be [2], is [3]"),
        (Op::Binary(Binary::Add), &[&[2], &[3]], &[2], "%2 = %0 + %1: the second operand must be [2], is [3]"),
        (Op::Binary(Binary::Add), &[&[2], &[]], &[2], "%2 = %0 + %1: the second operand must be [2], is []"),
        (Op::Select, &[&[2], &[2], &[3]], &[2], "%3 = where(%0, %1, %2): the second choice must be [2], is [3]"),
        (Op::Constant(1.0), &[], &[1], "%0 = 1: the result must be [], is [1]"),
        (Op::Size(batch()), &[], &[1], "%0 = size(B): the result must be [], is [1]"),
        (Op::Literal([1.0, 2.0].into()), &[], &[3], "%0 = [1, 2]: 2 numbers do not fill [3]"),
        (Op::Input(InputId(3)), &[], &[], "%0 = ?: the graph declares no such input"),
        (Op::State(StateId(0)), &[], &[], "%0 = ?: the graph declares no such state"),
        (Op::Iota { axis: 1 }, &[], &[3], "%0 = iota(axis: 1): axis 1 of a tensor with 1 axes"),
        (
            Op::Random { stream: 0, distribution: Distribution::Normal },
            &[],
            &[],
            "%0 = normal(stream: 0): axis 0 of a tensor with 0 axes",
        ),
        (Op::Reshape, &[&[2, 3]], &[5], "%1 = reshape(%0): number of elements: 6 is not 5"),
        (
            Op::Permute([0, 0].into()),
            &[&[2, 3]],
            &[2, 2],
            "%1 = permute(%0, [0, 0]): [0, 0] does not name every axis once",
        ),
        (Op::Permute([0].into()), &[&[2, 3]], &[2], "%1 = permute(%0, [0]): the operand must have 1 axes, has 2"),
        (Op::Broadcast, &[&[2]], &[3], "%1 = broadcast(%0): broadcast size: 2 is not 3"),
        (Op::Broadcast, &[&[1]], &[1, 3], "%1 = broadcast(%0): the result must have 1 axes, has 2"),
        (slice(0, 2, 1), &[&[4]], &[3], "%1 = slice(%0, axis: 0, 2 .. 5): the last position lies outside the axis"),
        (
            slice(0, 1, -1),
            &[&[4]],
            &[3],
            "%1 = slice(%0, axis: 0, from: 1, step: -1): the last position lies outside the axis",
        ),
        (
            slice(0, 4, -1),
            &[&[4]],
            &[2],
            "%1 = slice(%0, axis: 0, from: 4, step: -1): the first position lies outside the axis",
        ),
        (slice(0, 0, 0), &[&[4]], &[1], "%1 = slice(%0, axis: 0, from: 0, step: 0): the step is 0"),
        (slice(0, 0, 1), &[&[4, 2]], &[2, 3], "%1 = slice(%0, axis: 0, 0 .. 2): the result must be [2, 2], is [2, 3]"),
        (pad(-1), &[&[4]], &[3], "%1 = pad(%0, axis: 0, before: -1): padding in front lies outside the axis"),
        (pad(1), &[&[4]], &[4], "%1 = pad(%0, axis: 0, before: 1): the result must be [5], is [4]"),
        (Op::Concat { axis: 0 }, &[], &[], "%0 = concat(, axis: 0): has no operands"),
        (
            Op::Concat { axis: 0 },
            &[&[1, 2], &[1, 3]],
            &[2, 2],
            "%2 = concat(%0, %1, axis: 0): each operand must be [1, 2], is [1, 3]",
        ),
        (sum(&[1, 0]), &[&[2, 2]], &[1, 1], "%1 = sum(%0, axes: [1, 0]): the axes [1, 0] are not ascending"),
        (sum(&[2]), &[&[2, 2]], &[1, 1], "%1 = sum(%0, axes: [2]): axis 2 of a tensor with 2 axes"),
        (Op::ArgMax { axis: 0 }, &[&[4]], &[4], "%1 = argmax(%0, axis: 0): the result must be [1], is [4]"),
        (Op::MatMul, &[&[2], &[2]], &[2], "%2 = matmul(%0, %1): the first operand must have 2 axes, has 1"),
        (Op::MatMul, &[&[2, 3], &[2, 3]], &[2, 3], "%2 = matmul(%0, %1): inner size: 3 is not 2"),
        (
            Op::MatMul,
            &[&[5, 2, 3], &[4, 3, 2]],
            &[5, 2, 2],
            "%2 = matmul(%0, %1): the second operand's batch axes must be [5], is [4]",
        ),
        (Op::GatherRows, &[&[4, 3], &[2]], &[2, 4], "%2 = gather_rows(%0, %1): the result must be [2, 3], is [2, 4]"),
        (scatter, &[&[5, 3], &[4]], &[4, 3], "%2 = scatter_rows(%0, %1, rows: 4): the row numbers must be [5], is [4]"),
        (
            Op::TakeAlong { axis: 1 },
            &[&[2, 5], &[3, 4]],
            &[3, 4],
            "%2 = take_along(%0, %1, axis: 1): the positions must be [2, 4], is [3, 4]",
        ),
        (
            place,
            &[&[2, 2], &[2, 1]],
            &[2, 5],
            "%2 = place_along(%0, %1, axis: 1, size: 5): the positions must be [2, 2], is [2, 1]",
        ),
        (
            Op::Convolve { windows: windows(3, 1), groups: 2 },
            &[&[1, 3, 8], &[4, 2, 3]],
            &[1, 4, 6],
            "%2 = convolve(%0, %1, kernel: [3], groups: 2): the channels: 3 is not 4",
        ),
        (
            Op::ConvolveInput { windows: windows(3, 2), groups: 1 },
            &[&[1, 4, 4], &[4, 2, 2]],
            &[1, 2, 8],
            "%2 = convolve_input(%0, %1, kernel: [3], stride: [2]): the kernel must be [3], is [2]",
        ),
        (
            Op::ConvolveKernel { windows: windows(3, 1), groups: 2 },
            &[&[1, 2, 8], &[1, 5, 6]],
            &[5, 1, 3],
            "%2 = convolve_kernel(%0, %1, kernel: [3], groups: 2): the groups: 5 is not 2",
        ),
        (Op::WindowSum(windows(2, 0)), &[&[4]], &[4], "%1 = window_sum(%0, kernel: [2], stride: [0]): the step is 0"),
        (
            Op::WindowArgMax(windows(2, 2)),
            &[&[3, 4]],
            &[2, 2],
            "%1 = window_argmax(%0, kernel: [2], stride: [2]): the axes without windows must be [3], is [2]",
        ),
        (Op::Softmax { axis: 1 }, &[&[4]], &[4], "%1 = softmax(%0, axis: 1): axis 1 of a tensor with 1 axes"),
    ];
    for (op, operands, result, expected) in cases {
        assert_eq!(complaint(op, operands, result), expected);
    }
}

#[test]
fn undecided_sizes_pass_only_where_one_is_free() {
    let named = |name: &str, id, kind| Dim::var(Var { id, kind, name: name.into() });
    let check = |left: Shape, right: Shape| {
        let mut graph = Graph::default();
        let x = input(&mut graph, "x", left.clone());
        let y = input(&mut graph, "y", right);
        push(&mut graph, Op::Binary(Binary::Add), &[x, y], left);
        verify(&graph).map_err(|violation| violation.to_string())
    };
    let (free, other) = (named("D", 1, VarKind::Free), named("E", 2, VarKind::Free));
    let ragged = named("T", 3, VarKind::Ragged);
    assert_eq!(check(vec![free.clone()], vec![other]), Ok(()));
    assert_eq!(check(vec![free.clone()], shape(&[3])), Ok(()));
    let never = check(vec![free.clone()], vec![free + Dim::constant(1)]);
    assert_eq!(never.unwrap_err(), "%2 = %0 + %1: the second operand must be [D], is [D + 1]");
    let depends = check(vec![batch()], shape(&[3]));
    assert_eq!(depends.unwrap_err(), "%2 = %0 + %1: the second operand must be [B], is [3]");
    assert!(check(vec![ragged.clone()], vec![batch()]).is_err());
    assert_eq!(check(vec![ragged.clone()], vec![ragged]), Ok(()));
}

#[test]
fn order_names_and_updates_are_checked() {
    let complaint = |break_it: fn(&mut Graph)| {
        let mut graph = Graph::default();
        let init = Init::Full(0.0);
        let state =
            State { path: "w".into(), shape: shape(&[2]), role: StateRole::Weight, init, span: Span::default() };
        let (_, w) = graph.add_state(state);
        push(&mut graph, Op::Unary(Unary::Negate), &[w], shape(&[2]));
        push(&mut graph, Op::Constant(0.0), &[], vec![]);
        assert_eq!(verify(&graph), Ok(()));
        break_it(&mut graph);
        verify(&graph).unwrap_err().to_string()
    };
    // %0 is the state, %1 its negative, %2 a scalar.
    assert_eq!(complaint(|g| g.nodes[1].inputs = vec![NodeId(1)]), "%1 reads %1, which does not stand before it");
    assert_eq!(complaint(|g| g.nodes[1].inputs = vec![NodeId(9)]), "%1 reads %9, which does not stand before it");
    assert_eq!(complaint(|g| g.add_output("y", NodeId(9))), "`y` names %9, which does not exist");
    let twice = |g: &mut Graph| (0..2).for_each(|_| g.add_output("y", NodeId(1)));
    assert_eq!(complaint(twice), "`y` is given twice");
    assert_eq!(
        complaint(|g| g.updates.push(Update { state: StateId(4), value: NodeId(1) })),
        "an update of state 4, which does not exist"
    );
    assert_eq!(
        complaint(|g| g.updates.push(Update { state: StateId(0), value: NodeId(9) })),
        "`w` names %9, which does not exist"
    );
    assert_eq!(
        complaint(|g| g.updates.push(Update { state: StateId(0), value: NodeId(2) })),
        "`w` is [2], its next value []"
    );
    assert_eq!(
        complaint(|g| g.updates.extend([Update { state: StateId(0), value: NodeId(1) }; 2])),
        "`w` is given twice"
    );
}
