//! Random programs over sequences, each held to the law of ragged dimensions.

use super::one_model::Place;
use super::ragged_law::{Batch, Inputs, Lengths, Trial, obeys};
use super::random_graphs::{Step, runner, steps};
use std::cell::RefCell;
use std::fmt::Write;

/// What a value is: `[T, 3]`, `[3]`, `[T]`, or a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    Rows,
    Row,
    Line,
    One,
}

use Sort::{Line, One, Row, Rows};

const INPUTS: Inputs = &[("x", "[T, 3]"), ("y", "[T, 3]"), ("f", "[3]"), ("v", "[T]")];

/// From the sort of `h` to that of the result; `{o}` is another value of the sort of `h`, `{r}` one of `[3]`, `{l}` one of
/// `[T]`, `{s}` one of `[T, 3]`. Every result is bounded by a few units.
const SMOOTH: &[(Sort, &str, Sort)] = &[
    (Rows, "tanh({h} * 0.5 + {o})", Rows),
    (Rows, "sin({h} - {r})", Rows),
    (Rows, "{h} / (1 + {o}^2)", Rows),
    (Rows, "{h} |> Dense(3) |> tanh", Rows),
    (Rows, "{h} |> softmax(axis: 0)", Rows),
    (Rows, "{h} |> softmax", Rows),
    (Rows, "{h} |> log_softmax(axis: 0) |> tanh", Rows),
    (Rows, "{h} |> cumsum(axis: 0) |> sin", Rows),
    (Rows, "{h} |> flip(axis: 0)", Rows),
    (Rows, "{h} |> roll(1, axis: 0)", Rows),
    (Rows, "{h} |> LayerNorm(eps: 0.3) |> tanh", Rows),
    (Rows, "{h} |> residual { Dense(3) |> tanh }", Rows),
    (Rows, "{h} / (1 + sum({h}^2, axis: 1, keep: true))", Rows),
    (Rows, "{h} |> Conv1d(3, kernel: 3, padding: same) |> tanh", Rows),
    (Rows, "{h} |> Conv1d(3, kernel: 2, padding: 1, bias: false) |> sum(axis: 0) |> tanh", Row),
    (Rows, "{h} |> AvgPool1d(3, stride: 1, padding: 1)", Rows),
    (Rows, "{h} |> LSTM(3)", Rows),
    (Rows, "{h} |> GRU(2, bidirectional: true) |> Dense(3) |> tanh", Rows),
    (Rows, "{h} |> SelfAttention(1) |> tanh", Rows),
    (Rows, "scan {h} as t, c = {r} { tanh(t + 0.5 * c) }", Rows),
    (Rows, "softmax({h} @ transpose({o})) @ {h}", Rows),
    (Rows, "tanh(transpose({h}) @ {o}) |> sum(axis: 0) |> tanh", Row),
    (Rows, "{h} - mean({o}, axis: 0)", Rows),
    (Rows, "tanh({h} * unsqueeze({l}, axis: -1))", Rows),
    (Rows, "sin({h} * unsqueeze(arange(T) / T, axis: -1))", Rows),
    (Rows, "{h} |> sum(axis: 0) |> tanh", Row),
    (Rows, "{h} |> mean(axis: 0)", Row),
    (Rows, "sum({h}, axis: 0) / T", Row),
    (Rows, "{h} |> var(axis: 0) |> tanh", Row),
    (Rows, "{h} |> last", Row),
    (Rows, "{h}[-2] * {h}[0] |> tanh", Row),
    (Rows, "{h}[.. -1] - {o}[1 ..] |> mean(axis: 0)", Row),
    (Rows, "{l} @ {h} |> tanh", Row),
    (Rows, "{h} @ {r} |> tanh", Line),
    (Rows, "{h} |> sum(axis: 1) |> tanh", Line),
    (Rows, "{h} |> mean", One),
    (Rows, "einsum(\"td,te->de\", {h}, {o}) |> mean(axis: 0)", Row),
    (Line, "{h} |> softmax", Line),
    (Line, "{h} |> cumsum(axis: 0) |> sin", Line),
    (Line, "tanh({h} * {o})", Line),
    (Line, "{h} |> sum |> tanh", One),
    (Line, "last({h}) - mean({o})", One),
    (Row, "{h} |> Dense(3) |> tanh", Row),
    (Row, "tanh({h} - {o})", Row),
    (Row, "{s} * {h} |> tanh", Rows),
    (Row, "mean({h}) * T / (T + 1)", One),
    (One, "full([T], {h}) * {l}", Line),
    (One, "tanh({h} + {o})", One),
];

/// Those that single precision cannot follow where two numbers are close.
const KINKED: &[(Sort, &str, Sort)] = &[
    (Rows, "{h} |> relu", Rows),
    (Rows, "where({h} > {o}, {h}, 0.5 * {o})", Rows),
    (Rows, "{h} |> max(axis: 0)", Row),
    (Rows, "{h} |> min(axis: 0)", Row),
    (Rows, "{h} |> MaxPool1d(3, stride: 1, padding: 1)", Rows),
    (Rows, "{h} |> GlobalMaxPool", Row),
    (Line, "max({h}) - min({o})", One),
    (Line, "abs({h})", Line),
];

/// A program's statements and the names of its last values.
fn written(steps: &[Step]) -> (String, Vec<String>, bool) {
    let mut pool: Vec<(String, Sort)> =
        [("x", Rows), ("y", Rows), ("f", Row), ("v", Line)].map(|(name, sort)| (name.to_owned(), sort)).to_vec();
    let (mut body, mut smooth) = (String::new(), true);
    for step in steps {
        let [kind, pick, other, detail] = step.choices();
        let (h, sort) = pool[pick % pool.len()].clone();
        let rules: Vec<(usize, &(Sort, &str, Sort))> =
            SMOOTH.iter().chain(KINKED).enumerate().filter(|(_, (from, ..))| *from == sort).collect();
        let (index, (_, code, result)) = rules[(kind * 7 + detail) % rules.len()];
        smooth &= index < SMOOTH.len();
        let some = |sort: Sort, at: usize| {
            let alike: Vec<&String> = pool.iter().filter(|(_, s)| *s == sort).map(|(name, _)| name).collect();
            alike[at % alike.len()].clone()
        };
        let code = code
            .replace("{h}", &h)
            .replace("{o}", &some(sort, other))
            .replace("{r}", &some(Row, other))
            .replace("{l}", &some(Line, other))
            .replace("{s}", &some(Rows, other));
        let name = format!("h{}", pool.len());
        writeln!(body, "  let {name} = {code}").unwrap();
        pool.push((name, *result));
    }
    (body, pool.iter().rev().take(3).map(|(name, _)| format!("{name} * 1")).collect(), smooth)
}

#[test]
fn random_programs_keep_padding_out() {
    let mut tried = 0;
    let run = |steps: Vec<Step>| {
        let (statements, outputs, is_smooth) = written(&steps);
        let code = format!("({})", outputs.join(", "));
        let place = Place::Model { outputs: 3 };
        // Lengths of their own for each program.
        let length = |i: usize| 2 + (steps.len() * 5 + i * 7 + steps.first().map_or(0, |s| s.choices()[0])) % 5;
        let examples: Vec<Lengths> = (0..3).map(|i| Lengths::from([("T", length(i)), ("S", 2)])).collect();
        let longest = examples.iter().map(|l| l["T"]).max().unwrap_or(0);
        let batch = Batch { examples, padded: Lengths::from([("T", longest + tried % 3), ("S", 2)]) };
        tried += 1;
        let trial =
            Trial { inputs: INPUTS, statements: &statements, code: &code, place, training: tried % 2 == 0, is_smooth };
        if let Err(why) = obeys(trial, &batch) {
            panic!("{why}");
        }
        Ok(())
    };
    let run = RefCell::new(run);
    runner(60).run(&steps(), |steps| (run.borrow_mut())(steps)).unwrap();
    println!("{tried} programs");
}
