//! `causal(output, input)`: whether the past alone decides.
//!
//! First on the graph: where every operation on the way works position by position or from the past, no weights
//! can make it otherwise. Where that cannot be seen (a mask written by hand, say), it is tried: the positions behind some
//! position are replaced by others, with random weights and in double precision, and what stands up to it must stay.

use super::error::RunError;
use super::gradient_check::fresh_states;
use crate::build::Kind;
use crate::catalog::initializers::sample;
use crate::check::Model;
use crate::compile::measurement;
use crate::ir::dim::{Dim, Var, VarKind};
use crate::ir::graph::{Graph, InputKind, StateRole};
use crate::ir::init::Init;
use crate::ir::op::InputId;
use crate::optimize::Sequence;
use crate::runtime::{Binding, Feed, Session};

/// How often it is tried, each time with other numbers.
const ROUNDS: u64 = 3;
/// Behind how many positions, spread over the sequence, the future is replaced in each round.
const CUTS: usize = 16;
/// Positions of a sequence of no fixed length.
const POSITIONS: usize = 12;
/// A difference that is no rounding.
const TOLERANCE: f64 = 1e-9;

/// What was found.
pub(super) struct Causality {
    pub(super) ok: bool,
    /// How it is known.
    pub(super) note: String,
}

/// Whether no position of the output depends on later positions of the input.
pub(super) fn causal(
    model: &Model,
    output: &str,
    input: &str,
    seed: u64,
    threads: usize,
) -> Result<Causality, RunError> {
    let missing = |what: &str| RunError::Internal { stage: "check", message: format!("{what} is not in the graph") };
    let id = model.graph.inputs.iter().position(|i| &*i.name == input).ok_or_else(|| missing(input))?;
    let node =
        model.outputs.iter().find(|port| &*port.name == output).map(|port| port.node).ok_or_else(|| missing(output))?;
    let length = |v: &Var| {
        let longest = model.longest.iter().find(|(id, _)| *id == v.id).map_or(POSITIONS, |(_, n)| *n);
        Some(longest.clamp(2, POSITIONS) as i64)
    };
    let sequence = Sequence::new(&model.graph, InputId(id as u32), &length);
    if sequence.is_some_and(|sequence| sequence.is_causal(node) == Some(true)) {
        return Ok(Causality { ok: true, note: "proved on the graph, for all weights".into() });
    }
    let mut graph = Graph::clone(&model.graph);
    graph.updates.clear();
    graph.outputs.clear();
    graph.add_output(output, node);
    Probe { model, graph, input: id, seed, threads, length: &length }.try_all(output, input)
}

struct Probe<'a> {
    model: &'a Model,
    graph: Graph,
    input: usize,
    seed: u64,
    threads: usize,
    length: &'a dyn Fn(&Var) -> Option<i64>,
}

impl Probe<'_> {
    fn size(&self, dim: &Dim) -> usize {
        let number = dim.evaluate(&|v| if v.kind == VarKind::Batch { Some(1) } else { (self.length)(v) });
        number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1)
    }

    /// Random numbers for an input; `round` tells draws apart.
    fn numbers(&self, input: usize, round: u64) -> Vec<f64> {
        let Some(of) = self.graph.inputs.get(input) else { return Vec::new() };
        let shape: Vec<usize> = of.shape.iter().map(|d| self.size(d)).collect();
        if let InputKind::Lengths { variable } = of.kind {
            let all = self.model.longest.iter().find(|(id, _)| *id == variable).map_or(POSITIONS, |(_, n)| *n);
            return vec![all.clamp(2, POSITIONS) as f64; shape.iter().product()];
        }
        let kind = self.model.inputs.iter().find(|port| port.name == of.name).map_or(&Kind::Float, |port| &port.kind);
        let below = match kind {
            Kind::Float => None,
            Kind::Bool => Some(2),
            Kind::Int => Some(8),
            Kind::Class { count, .. } => Some(self.size(count)),
        };
        let (low, high) = below.map_or((-1.5, 1.5), |n| (0.0, n as f64));
        let draws = sample(&Init::Uniform { low, high }, &shape, self.seed ^ round << 20, &of.name);
        match below {
            None => draws,
            Some(n) => draws.into_iter().map(|x| x.floor().clamp(0.0, n.max(1) as f64 - 1.0)).collect(),
        }
    }

    fn try_all(&self, output: &str, input: &str) -> Result<Causality, RunError> {
        let mut states = fresh_states(&self.graph, self.seed)?;
        for state in self.graph.states.iter().filter(|s| s.role == StateRole::Weight) {
            // A weight that starts as 0 hides what it would let through.
            if let Some(numbers) = states.get_mut(&state.path) {
                let moves = sample(&Init::Normal { mean: 0.0, std: 0.2 }, &[numbers.len()], self.seed, &state.path);
                numbers.iter_mut().zip(moves).for_each(|(x, by)| *x += by);
            }
        }
        let mut binding = Binding::batch(1);
        for (id, longest) in &self.model.longest {
            binding = binding.with(*id, (*longest).clamp(2, POSITIONS));
        }
        let mut executable = measurement::<f64>(self.graph.clone(), &states)?;
        let mut session = Session::new(states, self.threads);
        let plan = executable.prepare(&binding).map_err(RunError::plan)?;
        let mut run = |inputs: &[Vec<f64>]| {
            for (i, numbers) in inputs.iter().enumerate() {
                executable.input_mut(plan, InputId(i as u32)).copy_from_slice(numbers);
            }
            executable.run(&mut session, plan, &Feed { seed: self.seed, step: 0, examples: &[] });
            executable.output(plan, 0).to_vec()
        };
        for round in 0..ROUNDS {
            let draw = |round: u64| (0..self.graph.inputs.len()).map(|i| self.numbers(i, round)).collect::<Vec<_>>();
            let (mut first, other) = (draw(2 * round), draw(2 * round + 1));
            let before = run(&first);
            let Some(positions) = self.graph.inputs.get(self.input).and_then(|i| i.shape.get(1)) else { break };
            let positions = self.size(positions);
            let each = first.get(self.input).map_or(0, Vec::len) / positions.max(1);
            let row = before.len() / positions.max(1);
            // From the back: more and more of the future is another one.
            let step = positions.div_ceil(CUTS).max(1);
            for kept in (1..positions).rev().step_by(step) {
                if let (Some(x), Some(y)) = (first.get_mut(self.input), other.get(self.input)) {
                    x[kept * each..].copy_from_slice(&y[kept * each..]);
                }
                let after = run(&first);
                let differs =
                    |(x, y): (&f64, &f64)| (x - y).abs() > TOLERANCE * (1.0 + x.abs()) || x.is_nan() != y.is_nan();
                if let Some(at) = before.iter().zip(&after).take(kept * row).position(differs) {
                    let note = format!(
                        "position {} of {output} changes where {input} changes from position {kept} on",
                        at / row.max(1)
                    );
                    return Ok(Causality { ok: false, note });
                }
            }
        }
        let note = format!("tried on {ROUNDS} random sequences with random weights; the graph alone does not prove it");
        Ok(Causality { ok: true, note })
    }
}

#[cfg(test)]
mod tests {
    use super::causal;
    use crate::check::{Checked, Overrides, check_text};
    use std::path::Path;

    /// A model of five positions, of classes or of vectors.
    fn checked(inputs: &str, body: &str) -> Checked {
        let program = format!(
            "data d {{
  let t   = rows([[0, 1, 2, 1, 0, 1, 2, 3, 4, 5], [1, 0, 2, 2, 1, 5, 4, 3, 2, 1]],
                 columns: [a, b, c, d, e, f, g, h, i, j])
  field k = t[a, b, c, d, e] |> classes(3)
  field v = t[a, b, c, d, e, f, g, h, i, j] |> reshape([5, 2])
}}
model M({inputs}) -> y {{ {body} }}
train M on d {{
  loss: mean(y) + 0
  optimizer: SGD(lr: 0.1)
  epochs: 1
}}
"
        );
        let checked = check_text(Path::new("test.nn"), &program, &Overrides::default());
        assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
        checked
    }

    fn result(inputs: &str, body: &str) -> (bool, String) {
        let checked = checked(inputs, body);
        let model = &checked.program.models[0];
        let input = model.inputs[0].name.clone();
        let found = causal(model, "y", &input, 1, 1).expect("a result");
        (found.ok, found.note)
    }

    const CLASSES: &str = "k: class(3)[5]";
    const VECTORS: &str = "v: [5, 2]";

    #[test]
    fn what_works_position_by_position_or_from_the_past_is_proved() {
        for (inputs, body) in [
            (CLASSES, "k |> Embedding(4) |> Positions(5) |> SelfAttention(2, causal: true) |> LayerNorm |> Dense(3)"),
            (CLASSES, "k |> Embedding(4) |> SinusoidalPositions |> SelfAttention(2, causal: true, rotary: true)"),
            (VECTORS, "v |> TransformerEncoder(2, 4, 2, causal: true, norm_first: true)"),
            (VECTORS, "v |> residual { Dense(4) |> gelu |> Dense(2) } |> softmax"),
            (VECTORS, "v |> Dense(2) |> cumsum(axis: 0)"),
            (VECTORS, "v |> GRU(3) |> Dense(2)"),
        ] {
            let (ok, note) = result(inputs, body);
            assert!(ok && note.contains("proved"), "{body}: {ok}, {note}");
        }
    }

    #[test]
    fn what_looks_ahead_is_found() {
        for (inputs, body) in [
            (CLASSES, "k |> Embedding(4) |> SelfAttention(2)"),
            (VECTORS, "v |> TransformerEncoder(1, 4, 1)"),
            (VECTORS, "let h = v |> Dense(2)\nh - mean(h, axis: 0)"),
            (VECTORS, "v |> Dense(2) |> softmax(axis: 0)"),
            (VECTORS, "v |> GRU(3, bidirectional: true)"),
        ] {
            let (ok, note) = result(inputs, body);
            assert!(!ok && note.contains("changes where"), "{body}: {ok}, {note}");
        }
    }

    #[test]
    fn a_mask_by_hand_is_tried() {
        let attend = |mask: &str| {
            format!(
                "let q = v |> Dense(2)
                 let scores = q @ transpose(v |> Dense(2))
                 let i = reshape(arange(5), [5, 1])
                 softmax(where({mask}, scores, -1e9)) @ v"
            )
        };
        let (ok, note) = result(VECTORS, &attend("arange(5) <= i"));
        assert!(ok && note.contains("tried"), "{note}");
        let (ok, note) = result(VECTORS, &attend("arange(5) <= i + 1"));
        assert!(!ok, "{note}");
    }
}
