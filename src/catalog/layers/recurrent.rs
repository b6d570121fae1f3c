//! `RNN`, `LSTM` and `GRU`: a state that walks along a sequence.

use super::drop_out;
use crate::build::{Builder, Problem, RecurrentWeights, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::init::Init;
use crate::ir::recurrent::{Cell, Recurrence};

/// Whether a layer is one of these.
pub fn is_recurrent(layer: &str) -> bool {
    [RNN.name, LSTM.name, GRU.name].contains(&layer)
}

const HIDDEN: Param = Param::required("hidden", ParamType::Size, "how many numbers the state has");
const LAYERS: Param = Param::optional(
    "layers",
    ParamType::Whole { min: 1, max: 64 },
    "1",
    "how many layers, each walking along the states of the one before",
);
const BIAS: Param = Param::optional("bias", ParamType::Bool, "true", "whether trained numbers are added to the sums");
const BIDIRECTIONAL: Param = Param::optional(
    "bidirectional",
    ParamType::Bool,
    "false",
    "whether a second state walks from the end to the beginning; both stand side by side in the result",
);
const DROPOUT: Param = Param::optional(
    "dropout",
    ParamType::Number(Bounds::UNIT),
    "0",
    "in training, the share of the numbers between two layers that is set to 0",
);
const RETURNS: Param = Param::optional(
    "returns",
    ParamType::Choice(&["sequence", "final"]),
    "sequence",
    "the last layer's states of all steps, or the final ones, of each sequence's true end",
);
const SHAPES: &[&str] = &[
    "[T, D] -> [T, hidden]",
    "[T, D] -> [T, 2 * hidden] with bidirectional: true",
    "[T, D] -> [hidden] with returns: final",
    "[T, D] -> [2 * hidden] with both",
];

/// `torch.nn.RNN`; Elman 1990.
pub static RNN: Entry = Entry {
    name: "RNN",
    summary: "A state that walks along a sequence: at every step it is made of the step's numbers and of itself.",
    formula: "h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), h_0 = 0",
    params: &[
        HIDDEN,
        LAYERS,
        BIDIRECTIONAL,
        DROPOUT,
        RETURNS,
        Param::optional("activation", ParamType::Choice(&["tanh", "relu"]), "tanh", "what the sum goes through"),
        BIAS,
    ],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[5, 3]")], code: "x |> RNN(4)", output: "[5, 4]" },
    source: "torch.nn.RNN",
    elsewhere: &[
        ("SimpleRNN", "Keras"),
        ("nn.RNN", "PyTorch"),
        ("Elman", "the literature"),
        ("RNNCell", "PyTorch"),
        ("SimpleRNNCell", "Keras"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, scope, args, inputs| {
            apply(b, scope, args, inputs, Cell::Rnn { relu: args.choice("activation") == "relu" })
        },
    },
};

/// `torch.nn.LSTM`; Hochreiter and Schmidhuber 1997.
pub static LSTM: Entry = Entry {
    name: "LSTM",
    summary: "A recurrent layer with a memory: gates say what of it is kept, what is written and what is shown.",
    formula: "i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of W_ih x_t + b_ih + W_hh h_(t-1) + b_hh; \
              c_t = f * c_(t-1) + i * g; h_t = o * tanh(c_t); h_0 = c_0 = 0",
    params: &[HIDDEN, LAYERS, BIDIRECTIONAL, DROPOUT, RETURNS, BIAS],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[5, 3]")], code: "x |> LSTM(4)", output: "[5, 4]" },
    source: "torch.nn.LSTM",
    elsewhere: &[("nn.LSTM", "PyTorch"), ("LSTMCell", "PyTorch"), ("CuDNNLSTM", "Keras"), ("lstm", "JAX")],
    body: Body::Layer { inputs: &["x"], apply: |b, scope, args, inputs| apply(b, scope, args, inputs, Cell::Lstm) },
};

/// `torch.nn.GRU`; Cho et al. 2014.
pub static GRU: Entry = Entry {
    name: "GRU",
    summary: "A recurrent layer whose gates say how much of the state is renewed; smaller than an LSTM.",
    formula: "r, z = sigmoid of W_ih x_t + b_ih + W_hh h_(t-1) + b_hh; \
              n = tanh(W_in x_t + b_in + r * (W_hn h_(t-1) + b_hn)); h_t = (1 - z) * n + z * h_(t-1); h_0 = 0",
    params: &[HIDDEN, LAYERS, BIDIRECTIONAL, DROPOUT, RETURNS, BIAS],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[5, 3]")], code: "x |> GRU(4)", output: "[5, 4]" },
    source: "torch.nn.GRU",
    elsewhere: &[("nn.GRU", "PyTorch"), ("GRUCell", "PyTorch"), ("CuDNNGRU", "Keras"), ("gru", "JAX")],
    body: Body::Layer { inputs: &["x"], apply: |b, scope, args, inputs| apply(b, scope, args, inputs, Cell::Gru) },
};

fn apply(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    inputs: &[Tensor],
    cell: Cell,
) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    let hidden = args.dim("hidden");
    let layers = args.number("layers") as usize;
    let directions: &[bool] = if args.bool("bidirectional") { &[false, true] } else { &[false] };
    let mut x = x.clone();
    for layer in 0..layers {
        if x.rank() != 2 {
            return Err(Problem::Rank { operand: 0, wanted: "two axes, `[T, D]`".into(), shape: x.shape });
        }
        let (mut all, mut last) = (Vec::new(), Vec::new());
        for reverse in directions.iter().copied() {
            let suffix = format!("l{layer}{}", if reverse { "_reverse" } else { "" });
            let weights = weights(b, scope, cell, &suffix, &hidden, &x.shape[1], args.bool("bias"))?;
            let lengths = b.size(&x.shape[0]);
            let states = b.recurrent(Recurrence { cell, reverse }, &x, &lengths, &weights)?;
            all.push(states.all);
            last.push(states.last);
        }
        let is_last = layer + 1 == layers;
        let parts = if is_last && args.choice("returns") == "final" { &last } else { &all };
        x = match parts.as_slice() {
            [only] => only.clone(),
            parts => b.concat(parts, -1)?,
        };
        if !is_last {
            x = drop_out(b, &x, args.number("dropout"))?;
        }
    }
    Ok(vec![x])
}

/// torch.nn's names, layouts and start: all uniform in ±1/√hidden.
fn weights(
    b: &mut Builder,
    scope: &StateScope,
    cell: Cell,
    suffix: &str,
    hidden: &Dim,
    width: &Dim,
    with_bias: bool,
) -> Result<RecurrentWeights, Problem> {
    // An unknown size belongs to a block by itself, which is never run: any bound will do.
    let bound = (hidden.as_constant().map_or(1.0, |n| n.max(1) as f64)).sqrt().recip();
    let start = Init::Uniform { low: -bound, high: bound };
    let gates = Dim::from(cell.gates()) * hidden.clone();
    let input = b.weight(scope, &format!("weight_ih_{suffix}"), &[gates.clone(), width.clone()], start)?;
    let state = b.weight(scope, &format!("weight_hh_{suffix}"), &[gates.clone(), hidden.clone()], start)?;
    let biases = match with_bias {
        false => None,
        true => Some((
            b.weight(scope, &format!("bias_ih_{suffix}"), std::slice::from_ref(&gates), start)?,
            b.weight(scope, &format!("bias_hh_{suffix}"), &[gates], start)?,
        )),
    };
    Ok(RecurrentWeights { input, hidden: state, biases })
}
