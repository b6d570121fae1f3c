//! Training that diverges: which operation is told, for which numbers, in which rows, and as which event.

use super::cli::{Ended, nnrun};
use super::snapshot::{assert_all, compare};
use nnrun::diagnostics::Code;
use serde_json::Value;

/// Runs a program in a folder of its own, with files beside it.
fn run(program: &str, files: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.nn"), program).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let arguments: Vec<&str> = ["net.nn"].iter().chain(arguments).copied().collect();
    nnrun(folder.path(), &arguments)
}

/// The programs of a page that are run, and diverge.
fn diverging(page: &str) -> Vec<String> {
    let pieces = page.split("```nn diverges\n").skip(1);
    pieces.map(|piece| piece.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn pages_diverge_as_they_say() {
    let mut results = Vec::new();
    let mut seen = 0;
    for code in Code::ALL {
        for program in diverging(code.explanation()) {
            seen += 1;
            let ended = run(&program, &[], &[]).expect(4);
            if !ended.err.contains(&format!("error[{code}]")) {
                results.push(Err(format!("the program of {code} gives\n{}", ended.err)));
                continue;
            }
            let shown: Vec<&str> = ended.err.lines().map(str::trim_end).collect();
            let shown = format!("{}\n", shown.join("\n").trim_end());
            results.push(compare(&format!("tests/ui/diverging/{code}.txt"), &shown));
        }
    }
    assert_eq!(seen, 7);
    assert_all(results);
}

const TABLE: &str = "a,y\n1,0\n2,1\n3,0\n400,1\n5,0\n6,1\n";

const OVERFLOWS: &str = "data d {
  let t = csv(\"table.csv\")
  field x = t[a]
  field y = t.y
}

model Net(x: [1]) -> p: float {
  weight w: [1] = ones
  exp(sum(w * x))
}

train Net on d {
  loss:      mse(p, y)
  optimizer: SGD(lr: 1e-9)
  epochs:    2
  batch:     2
  shuffle:   false
}
";

#[test]
fn step_row_and_range_are_those_of_the_data() {
    let ended = run(OVERFLOWS, &[("table.csv", TABLE)], &[]).expect(4);
    // The second batch of two holds the fourth row, which is on line 5.
    assert!(ended.err.contains("an exponential of 400 at step 2 (epoch 1)"), "{}", ended.err);
    assert!(ended.err.contains("in 1 of the 2 examples of the batch: table.csv:5"), "{}", ended.err);
    assert!(ended.err.contains("net.nn:9:3"), "{}", ended.err);
}

#[test]
fn inside_a_scan_it_is_told_as_well() {
    let body = "let hs = scan x as xt, h = zeros([1]) { h + exp(w * xt) }\n  sum(hs)";
    let ended = run(&OVERFLOWS.replace("exp(sum(w * x))", body), &[("table.csv", TABLE)], &[]).expect(4);
    assert!(ended.err.contains("an exponential of 400 at step 2 (epoch 1)"), "{}", ended.err);
    assert!(ended.err.contains("in 1 of the 2 examples of the batch: table.csv:5"), "{}", ended.err);
    assert!(ended.err.contains("net.nn:9:47"), "{}", ended.err);
}

#[test]
fn the_event_has_the_same_facts() {
    let ended = run(OVERFLOWS, &[("table.csv", TABLE)], &["--json"]).expect(4);
    let events: Vec<Value> = ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["code"]), (&"diverged".into(), &"E0905".into()), "{last}");
    assert_eq!((&last["epoch"], &last["step"], &last["loss"]), (&1.into(), &2.into(), &Value::Null));
    let cause = &last["cause"];
    assert_eq!((&cause["line"], &cause["column"], &cause["source"]), (&9.into(), &3.into(), &"exp(sum(w * x))".into()));
    assert_eq!((&cause["rows"], &cause["batch"]), (&serde_json::json!([4]), &2.into()), "{last}");
    assert_eq!(cause["places"], serde_json::json!(["table.csv:5"]));
    // The first step has moved the weight a little.
    let near = |value: &Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 1e-3 * wanted;
    let operand = &cause["operands"][0];
    assert!(near(&operand["min"], 3.0) && near(&operand["max"], 400.0), "{last}");
    assert_eq!((&cause["result"]["not_finite"], &cause["result"]["numbers"]), (&1.into(), &2.into()));
    assert_eq!(last["losses"].as_array().unwrap().len(), 1);
}

#[test]
fn gradients_that_are_not_finite_are_traced_to_the_way_forward() {
    // The loss of the step is finite; only its gradient is not, and the step behind it sees the weights.
    let program = OVERFLOWS.replace("exp(sum(w * x))", "sqrt(sum((w * (x - 3))^2))");
    let ended = run(&program, &[("table.csv", TABLE)], &[]).expect(4);
    assert!(ended.err.contains("error[E0904]"), "{}", ended.err);
    assert!(ended.err.contains("the gradient of a square root at 0 at step 2 (epoch 1)"), "{}", ended.err);
    assert!(ended.err.contains("table.csv:4"), "{}", ended.err);
    // In the last step of all there is no step behind it.
    let ended = run(&program.replace("epochs:    2", "steps:     2"), &[("table.csv", TABLE)], &[]).expect(4);
    assert!(ended.err.contains("the gradient of a square root at 0 at step 2 (epoch 1)"), "{}", ended.err);
}

#[test]
fn a_rate_that_is_too_high_is_said_with_the_losses_and_a_fix() {
    let program = OVERFLOWS
        .replace("exp(sum(w * x))", "sum(w * x)")
        .replace("1e-9", "1e6")
        .replace("epochs:    2", "epochs:    50");
    let ended = run(&program, &[("table.csv", TABLE)], &[]).expect(4);
    assert!(ended.err.contains("error[E0901]"), "{}", ended.err);
    assert!(ended.err.contains("the losses of the steps before were"), "{}", ended.err);
    assert!(ended.err.contains("a smaller learning rate: 1e-3"), "{}", ended.err);
}

/// The weights of a group may go in larger steps than the others, and then its rate is the one to look at.
#[test]
fn the_rate_of_a_group_is_blamed_where_it_is_the_larger() {
    let program = |rate: &str, of_group: &str| {
        OVERFLOWS
            .replace(
                "weight w: [1] = ones\n  exp(sum(w * x))",
                "weight w: [1] = ones\n  weight b: [1] = ones\n  sum(w * x) + sum(b)",
            )
            .replace("SGD(lr: 1e-9)", &format!("SGD(lr: {rate})\n  group [w] {{ lr: {of_group} }}"))
            .replace("epochs:    2", "epochs:    80")
    };
    let told = |rate: &str, of_group: &str| {
        let err = run(&program(rate, of_group), &[("table.csv", TABLE)], &[]).expect(4).err;
        err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    };
    let blamed = told("1e-6", "0.5");
    assert!(blamed.contains("the learning rate was 1e-6, that of the group [w] 0.5"), "{blamed}");
    assert!(blamed.contains("a smaller learning rate for [w]: 0.05"), "{blamed}");
    assert!(blamed.contains("this group go in the largest steps"), "{blamed}");
    // Both are too large.
    let optimizer = told("1e4", "2e4");
    assert!(optimizer.contains("that of the group [w] 20000"), "{optimizer}");
    assert!(optimizer.contains("a smaller learning rate: 1e-3"), "{optimizer}");
    let smaller = told("1e4", "1e3");
    assert!(!smaller.contains("of the group") && smaller.contains("a smaller learning rate: 1e-3"), "{smaller}");
    let ended = run(&program("1e-6", "0.5"), &[("table.csv", TABLE)], &["--json"]).expect(4);
    let last: Value = serde_json::from_str(ended.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["group"]["of"], &last["group"]["lr"]), (&"[w]".into(), &0.5.into()), "{last}");
}

#[test]
fn what_stands_in_the_way_of_the_loss_is_told_and_nothing_else() {
    // 1 / 0 is computed and not chosen: the logarithm is to blame.
    let program = OVERFLOWS.replace(
        "exp(sum(w * x))",
        "let safe = where(x == 1, 0, 1 / (x - 1))\n  log(sum(w * (x - 5))) + sum(stop_gradient(safe))",
    );
    let ended = run(&program, &[("table.csv", TABLE)], &[]).expect(4);
    assert!(ended.err.contains("error[E0902]"), "{}", ended.err);
    assert!(ended.err.contains("a logarithm of -4 at step 1"), "{}", ended.err);
}

#[test]
fn fields_without_a_finite_result_are_refused_before_the_first_step() {
    let table = "a,b,y\n1,2,0\n3,0,1\n4,5,0\n";
    let cases = [
        ("t.a / t.b", "`x` divides by 0 at table.csv:3", "column `b` is 0, in one of 3 examples"),
        ("(t.a - 1) / (t.b * 2)", "`x` divides by 0 at table.csv:3", "this is 0, in one of 3 examples"),
        ("1 + sqrt(t.b - 1)", "`x` takes the square root of -1 at table.csv:3", "this is -1, in one of 3 examples"),
        ("log(t.a - 1)", "`x` takes the logarithm of 0 at table.csv:2", "this is 0, in one of 3 examples"),
        ("exp(t.a * 100)", "`exp` of 100 is 2.7e43 in `x` at table.csv:2", "3.4e38"),
        ("exp(t.a * 1000)", "`exp` of 1000 is not finite in `x` at table.csv:2", "in every example"),
    ];
    for (field, message, label) in cases {
        let program = OVERFLOWS.replace("t[a]", &format!("{field} |> reshape([1])"));
        let ended = run(&program, &[("table.csv", table)], &[]).expect(1);
        assert!(ended.err.contains(message) && ended.err.contains(label), "{field}:\n{}", ended.err);
        assert!(ended.err.contains("error[E0515]"), "{}", ended.err);
    }
}

/// No small number keeps the logarithm of what is standardized away from 0.
#[test]
fn a_logarithm_of_standardized_numbers_belongs_before() {
    let program = "data d {\n  let t = moons(40, seed: 1)\n  field x = t[x0, x1] |> standardize\n  field y = t.label |> classes\n}\n\n\
                   model Net(x: [2]) -> logits: [2] {\n  log(x) |> Dense(2)\n}\n\n\
                   train Net on d {\n  loss: cross_entropy(logits, y)\n  optimizer: Adam(lr: 1e-2)\n  epochs: 1\n  batch: 8\n}\n";
    let told = run(program, &[], &[]).expect(4).err;
    let told = told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(told.contains("`x` is standardized, so about half of its numbers lie below 0"), "{told}");
    assert!(told.contains("`field x = log(t.column) |> standardize`") && !told.contains("1e-7"), "{told}");
}
