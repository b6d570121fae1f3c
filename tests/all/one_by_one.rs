//! One position at a time gives what all positions at once give: the keys and values of those before are kept.

use nnrun::check::{Overrides, check_text};
use nnrun::compile::{measurement, prediction_graph};
use nnrun::ir::graph::Graph;
use nnrun::ir::op::{InputId, Op};
use nnrun::optimize::{POSITION, Sequence, stepwise};
use nnrun::runtime::{Binding, Feed, Session, States};
use std::path::Path;

const POSITIONS: usize = 6;
const CLASSES: usize = 7;

/// What a model of six tokens computes.
fn graph(blocks: &str, body: &str) -> Graph {
    let program = format!(
        "data d {{
  let t   = rows([[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0]], columns: [a, b, c, d, e, f, g])
  field x = t[a, b, c, d, e, f] |> classes(7)
  field y = t[b, c, d, e, f, g] |> classes(7)
}}
{blocks}
model M(x: class(V)[T]) -> logits: [T, V] {{ {body} }}
train M on d {{
  loss: cross_entropy(logits, y)
  optimizer: SGD(lr: 0.1)
  epochs: 1
}}
"
    );
    let checked = check_text(Path::new("test.nn"), &program, &Overrides::default());
    assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
    prediction_graph(&checked.program.trains[0])
}

fn states(graph: &Graph) -> States<f64> {
    let mut states = States::of(graph).expect("states");
    for state in &graph.states {
        let numbers = states.get_mut(&state.path).expect("a state");
        let seed = state.path.bytes().map(usize::from).sum::<usize>();
        numbers.iter_mut().enumerate().for_each(|(i, x)| *x = ((i * 37 + seed * 11) % 101) as f64 / 80.0 - 0.6);
        if state.path.ends_with("running_var") {
            numbers.iter_mut().for_each(|x| *x += 1.0);
        }
    }
    states
}

const FEED: Feed<'static> = Feed { seed: 1, step: 0, examples: &[] };

fn whole(graph: &Graph, tokens: &[usize]) -> Vec<f64> {
    let states = states(graph);
    let mut executable = measurement::<f64>(graph.clone(), &states).expect("executable");
    let mut session = Session::new(states, 1);
    let plan = executable.prepare(&Binding::batch(1)).expect("a plan");
    executable.input_mut(plan, InputId(0)).iter_mut().zip(tokens).for_each(|(to, token)| *to = *token as f64);
    executable.run(&mut session, plan, &FEED);
    executable.output(plan, 0).to_vec()
}

fn one_by_one(graph: &Graph, tokens: &[usize]) -> Option<Vec<f64>> {
    let sequence = Sequence::new(graph, InputId(0), &|_| None)?;
    let one = stepwise(&sequence)?;
    let mut states = states(graph);
    states.add(&one).expect("states of what is kept");
    let mut executable = measurement::<f64>(one, &states).expect("executable");
    let mut session = Session::new(states, 1);
    let plan = executable.prepare(&Binding::batch(1)).expect("a plan");
    let position_input = executable.graph().inputs.iter().position(|i| &*i.name == POSITION).expect("the position");
    let mut results = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        executable.input_mut(plan, InputId(0)).fill(*token as f64);
        executable.input_mut(plan, InputId(position_input as u32)).fill(position as f64);
        executable.run(&mut session, plan, &FEED);
        results.extend_from_slice(executable.output(plan, 0));
    }
    Some(results)
}

#[test]
fn the_next_position_is_computed_from_what_was_kept() {
    let attend = "block Attend(heads)(x: [T, D]) -> [T, D] {
  x |> residual { LayerNorm |> SelfAttention(heads, causal: true) |> Dropout(0.1) }
    |> residual { LayerNorm |> Dense(2 * D) |> gelu |> Dense(D) }
}";
    let tokens = [3, 0, 6, 6, 2, 5];
    for body in [
        "x |> Embedding(4) |> Positions(max: T) |> repeat 2 { Attend(heads: 2) } |> LayerNorm |> Dense(V)",
        "x |> Embedding(4) |> SinusoidalPositions |> TransformerEncoder(2, 6, 2, causal: true) |> Dense(V)",
        "x |> Embedding(4) |> SelfAttention(1, causal: true, rotary: true) |> BatchNorm |> Dense(V)",
        "let embed = Embedding(4)
         let h = x |> embed |> Positions(9) |> Attend(1)
         h @ transpose(embed.weight)",
        "x |> one_hot |> Dense(8) |> relu |> Dense(V)",
    ] {
        let graph = graph(attend, body);
        let all = whole(&graph, &tokens);
        let found = one_by_one(&graph, &tokens).unwrap_or_else(|| panic!("not one by one: {body}"));
        assert_eq!(all.len(), POSITIONS * CLASSES);
        for (i, (a, f)) in all.iter().zip(&found).enumerate() {
            assert!((a - f).abs() < 1e-11, "{body}: {f} instead of {a} at {i}");
        }
    }
}

#[test]
fn what_was_computed_is_not_computed_again() {
    let graph = graph("", "x |> Embedding(4) |> SelfAttention(2, causal: true) |> Dense(V)");
    let sequence = Sequence::new(&graph, InputId(0), &|_| None).expect("a sequence");
    let one = stepwise(&sequence).expect("a step");
    for node in &one.nodes {
        let sizes: Vec<i64> = node.shape.iter().filter_map(|d| d.as_constant()).collect();
        let of_a_product = matches!(node.op, Op::MatMul);
        assert!(!of_a_product || sizes.first() == Some(&1), "a product of more than one position: {sizes:?}");
    }
    assert_eq!(one.updates.len(), 2, "keys and values are kept");
}

#[test]
fn what_looks_elsewhere_is_computed_as_a_whole() {
    for body in [
        "x |> Embedding(4) |> SelfAttention(2) |> Dense(V)",
        "x |> Embedding(4) |> softmax(axis: 0) |> Dense(V)",
        "x |> Embedding(4) |> cumsum(axis: 0) |> Dense(V)",
    ] {
        assert_eq!(one_by_one(&graph("", body), &[0; POSITIONS]), None, "{body}");
    }
}
