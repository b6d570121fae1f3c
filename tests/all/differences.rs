//! What is different between two programs.

use nnrun::check::{Checked, Overrides, check_text};
use nnrun::compare::differences;
use std::path::Path;

const PROGRAM: &str = "
hyper width = 16

data d {
  let t   = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y
}

block Unit(n)(x: [D]) -> [n] { x |> Dense(n) |> relu }

model Net(x: [2]) -> out: float {
  x |> Unit(width) |> Dense(8) |> tanh |> Dense(1) |> squeeze
}

train Net on d {
  loss:      mse(out, y)
  optimizer: SGD(lr: 0.1)  # slow
  epochs:    3
  batch:     2
}

expect {
  parameters < 1k
}
";

fn checked(text: &str) -> Checked {
    let checked = check_text(Path::new("net.nn"), text, &Overrides::default());
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    checked
}

fn told(change: &[(&str, &str)]) -> Vec<String> {
    let mut after = PROGRAM.to_owned();
    for (from, to) in change {
        assert!(after.contains(from), "{from}");
        after = after.replace(from, to);
    }
    differences(&checked(PROGRAM), &checked(&after)).iter().map(ToString::to_string).collect()
}

#[test]
fn what_means_the_same_has_no_differences() {
    assert_eq!(told(&[]), [] as [&str; 0]);
    let spaces =
        [("0.1)  # slow", "0.1)"), ("mse(out, y)", "mse(out,  # the sum\n    y)"), ("model", "## A net.\nmodel")];
    assert_eq!(told(&spaces), [] as [&str; 0]);
    assert_eq!(told(&[("SGD(lr: 0.1)", "SGD( lr:0.1 )"), (" |> tanh |>", "\n  |> tanh\n  |>")]), [] as [&str; 0]);
}

/// Nothing is passed over, even where there are no words for it.
#[test]
fn what_is_written_differently_is_told() {
    let formula = [("x |> Dense(n) |> relu", "x * 2 |> Dense(n) |> relu")];
    assert_eq!(told(&formula), ["block Unit: is written differently, line 10"]);
    let other = [("model Net", "let shared = Dense(3)\n\nmodel Net")];
    assert!(told(&other).contains(&"let shared: is new, line 12".to_owned()), "{:?}", told(&other));
}

/// A group is held against that of the same weights, then against the one in its place.
#[test]
fn groups_and_phases_are_compared() {
    let with = |settings: &str| PROGRAM.replace("  batch:     2\n", &format!("  batch:     2\n{settings}"));
    let told = |before: &str, after: &str| -> Vec<String> {
        differences(&checked(&with(before)), &checked(&with(after))).iter().map(ToString::to_string).collect()
    };
    let bias = "  group [\"*.bias\"] { momentum: 0.5 }\n";
    let first = "  group [dense1] { lr: 0.2; momentum: 0.9 }\n";
    assert_eq!(told(bias, bias), [] as [&str; 0]);
    assert_eq!(told(bias, &bias.replace("0.5", "0.8")), ["train Net: group [\"*.bias\"]: momentum 0.5 → 0.8, line 21"]);
    assert_eq!(
        told(bias, &bias.replace("momentum: 0.5", "momentum: 0.5; lr: 0.2")),
        ["train Net: group [\"*.bias\"]: lr 0.2 is new, line 21"]
    );
    assert_eq!(
        told(bias, &bias.replace("\"*.bias\"", "\"*.bias\", dense2")),
        ["train Net: group [\"*.bias\"] → [\"*.bias\", dense2], line 21"]
    );
    assert_eq!(
        told(bias, &format!("{first}{bias}")),
        ["train Net: group [dense1]: lr 0.2, momentum 0.9 is new, line 21"]
    );
    assert_eq!(
        told(&format!("{first}{bias}"), first),
        ["train Net: group [\"*.bias\"]: momentum 0.5 is gone, line 22"]
    );
    assert_eq!(
        told(&format!("{first}{bias}"), &format!("{bias}{first}")),
        ["train Net: the groups stand in another order, and the last that matches wins, line 21"]
    );
    let (one, two) = ("  phase one { seed: 1 }\n", "  phase two { seed: 2 }\n");
    assert_eq!(
        told(&format!("{one}{two}"), &format!("{two}{one}")),
        ["train Net: its phases follow each other in another order, line 16"]
    );
    assert_eq!(
        told(
            &format!("{one}{two}"),
            &format!("{one}{}", two.replace("seed: 2", "seed: 2; group [dense1] { lr: 0.3 }"))
        ),
        ["train Net, phase two: group [dense1]: lr 0.3 is new, line 22"]
    );
}

#[test]
fn each_difference_is_told_once_with_its_line() {
    assert_eq!(
        told(&[("width = 16", "width = 24")]),
        [
            "hyper width: 16 → 24, line 2",
            "unit1.dense1: units 16 → 24, line 10",
            "dense1: parameters 136 → 200, line 13",
        ]
    );
    assert_eq!(
        told(&[("Dense(8) |> tanh", "Dense(8, bias: false) |> gelu")]),
        ["dense1: bias false is new, line 13", "tanh: is gone, line 13", "gelu: is new, line 13"]
    );
    assert_eq!(
        told(&[("|> Dense(8)", "|> Dense(4) |> Dense(8)")]),
        [
            "dense1: is new, line 13",
            "dense2: its weights move, dense1 → dense2, line 13",
            "dense2: parameters 136 → 40, line 13",
            "dense3: its weights move, dense2 → dense3, line 13",
        ]
    );
    assert_eq!(
        told(&[("field x = t[a, b]", "field x = t[b, a]"), ("epochs:    3", "steps:     9"), ("lr: 0.1", "lr: 0.2")]),
        [
            "data d: field x t[a, b] → t[b, a], line 6",
            "train Net: takes 3 epochs → 9 steps, line 19",
            "train Net: optimizer SGD(lr: 0.1) → SGD(lr: 0.2), line 18",
        ]
    );
    assert_eq!(
        told(&[
            ("parameters < 1k", "parameters < 2k"),
            ("  batch:     2\n", "  batch:     2\n  clip:      norm(1.0)\n")
        ]),
        [
            "train Net: clip norm(1.0) is new, line 21",
            "expect parameters < 2k: is new, line 25",
            "expect parameters < 1k: is gone, line 24",
        ]
    );
}
