//! What names mean, at a cursor `$0`.

use super::{Meaning, Names, what_is};
use crate::check::{Overrides, check_text};
use std::path::Path;

/// What stands at `$0`: `block ConvUnit`, `layer Dense`.
fn meaning(text: &str) -> String {
    let offset = text.find("$0").unwrap();
    let text = text.replacen("$0", "", 1);
    let checked = check_text(Path::new("test.nn"), &text, &Overrides::default());
    let Some(symbol) = what_is(&checked, offset) else { return "nothing".to_owned() };
    let at = |span| checked.sources.position(span);
    match symbol.meaning {
        Meaning::Declared(_) => {
            let declaration = symbol.declaration.unwrap();
            let line = at(declaration.span).line;
            format!("{} {} of line {line}", declaration.kind.word(), declaration.name)
        }
        Meaning::Entry(entry) => format!("{} {}", entry.kind().word(), entry.name),
        Meaning::Parameter(entry, param) => format!("argument {} of {}", param.name, entry.name),
        Meaning::Choice(entry, param) => format!("choice of {} of {}", param.name, entry.name),
        Meaning::Setting(word) => format!("setting {}", word.name),
        Meaning::SmallWord(word) => format!("{} in {}", word.name, word.place),
        other => format!("{other:?}"),
    }
}

#[test]
fn calls_find_layers_and_values_find_values() {
    let text = |cursor: &str| {
        let body = "model M(x: [4]) -> (mean: [4], y: float) {\n  let mean = x * 2\n  (mean, mean(mean))\n}\n";
        let (from, to) = cursor.split_once('→').unwrap();
        body.replacen(from, to, 1)
    };
    assert_eq!(meaning(&text("  (mean, mean(→  (mean, $0mean(")), "function mean");
    assert_eq!(meaning(&text("  (mean, mean(mean)→  (mean, mean($0mean)")), "let mean of line 2");
    assert_eq!(meaning(&text("  (mean,→  ($0mean,")), "let mean of line 2");
    assert_eq!(meaning(&text("-> (mean→-> ($0mean")), "output mean of line 1");
}

#[test]
fn branches_that_are_not_taken_and_blocks_that_nothing_uses() {
    let text = "hyper deep = false\n\
                block Unused(units, act: relu)(x: [T, D]) -> [T, units] {\n  \
                let inner = Dense(units)\n  \
                if deep { x |> inner |> $0act } else { x |> inner }\n}\n";
    assert_eq!(meaning(text), "hyper of a block act of line 2");
    assert_eq!(
        meaning(&text.replace("$0", "").replacen("|> inner |>", "|> $0inner |>", 1)),
        "named layer inner of line 3"
    );
    assert_eq!(meaning(&text.replace("$0", "").replacen("if deep", "if $0deep", 1)), "hyper deep of line 1");
    assert_eq!(meaning(&text.replace("$0", "").replacen("-> [T", "-> [$0T", 1)), "dimension T of line 2");
}

#[test]
fn around_mistakes() {
    let text = "model M(x: [4]) -> [2] {\n  let h = x |> \n  let y = x |> Dense(8)\n  $0y |> Dense(2)\n}\n";
    assert_eq!(meaning(text), "let y of line 3");
    let text = "model M(x: [4] -> [2] {\n  x |> $0Dense(2)\n}\n";
    assert_eq!(meaning(text), "layer Dense");
}

#[test]
fn arguments_choices_and_settings() {
    let body = |inner: &str| format!("model M(x: [3, 8, 8]) {{\n  x |> {inner}\n}}\n");
    assert_eq!(meaning(&body("Conv2d(8, kernel: 3, $0padding: same)")), "argument padding of Conv2d");
    assert_eq!(meaning(&body("Conv2d(8, kernel: 3, padding: $0same)")), "choice of padding of Conv2d");
    assert_eq!(meaning(&body("Conv2d(8, 3, init: $0normal(std: 0.1))")), "initial weights normal");
    let train = |inner: &str| format!("train M on d {{\n  {inner}\n}}\n");
    assert_eq!(meaning(&train("$0epochs: 3")), "setting epochs");
    assert_eq!(meaning(&train("optimizer: $0Adam(lr: 1)")), "optimizer Adam");
    assert_eq!(meaning(&train("schedule: warmup(1 epochs) then $0cosine(to: 0)")), "schedule cosine");
    assert_eq!(meaning(&train("metrics: [$0accuracy]")), "metric accuracy");
    assert_eq!(meaning(&train("stop: $0patience(validation.loss, 1 epochs)")), "patience in stop");
    assert_eq!(meaning(&train("stop: patience($0validation.loss, 1 epochs)")), "validation in measure");
    assert_eq!(meaning(&train("keep: best(validation.$0loss)")), "loss in measure");
}

#[test]
fn training_sees_outputs_inputs_and_fields() {
    let program = "data d {\n  let t = rows([[1, 2, 0]], columns: [a, b, c])\n  field x = t[a .. b]\n  field y = t.c |> classes\n}\n\
                   model M(x: [2]) -> logits: [1] {\n  let head = Dense(1)\n  x |> head\n}\n\
                   train M on d {\n  loss: { fit: cross_entropy(logits, y), size: 0.1 * l2(head) }\n  \
                   freeze: [head, \"head.bias\"]\n  stop: patience(train.fit, 2 epochs)\n  augment: { x: noise(0.1) }\n}\n\
                   expect {\n  train.fit < 2\n  M.parameters < 10\n}\n";
    let at = |from: &str, to: &str| meaning(&program.replacen(from, to, 1));
    assert_eq!(at("entropy(logits", "entropy($0logits"), "output logits of line 6");
    assert_eq!(at("logits, y", "logits, $0y"), "data field y of line 4");
    assert_eq!(at("l2(head", "l2($0head"), "named layer head of line 7");
    assert_eq!(at("[head,", "[$0head,"), "named layer head of line 7");
    assert_eq!(at("\"head.bias", "\"$0head.bias"), "named layer head of line 7");
    assert_eq!(at("(train.fit", "(train.$0fit"), "term of a loss fit of line 11");
    assert_eq!(at("{ x: noise", "{ $0x: noise"), "input x of line 6");
    assert_eq!(at("  train.fit", "  train.$0fit"), "term of a loss fit of line 11");
    assert_eq!(at("M.parameters", "$0M.parameters"), "model M of line 6");
    assert_eq!(at("t[a", "t[$0a"), "column a of line 2");
    assert_eq!(at("= t.c", "= t.$0c"), "column c of line 2");
    assert_eq!(at("train M", "train $0M"), "model M of line 6");
}

#[test]
fn blocks_give_segments_of_paths() {
    let program = "block ConvUnit(n)(x: [C, H, W]) {\n  x |> Conv2d(n, kernel: 3)\n}\n\
                   model M(x: [1, 8, 8]) -> y: float {\n  x |> ConvUnit(2) |> mean\n}\n\
                   train M on d {\n  freeze: [\"$0conv_unit1.*\"]\n}\n";
    assert_eq!(meaning(program), "block ConvUnit of line 1");
}

#[test]
fn inputs_and_fields_of_one_name_belong_together() {
    let program = "data d {\n  field x = moons(10)[x0]\n  field z = moons(10)[x0]\n}\nmodel M(x: [1], w: [1]) {\n  x + w\n}\ntrain M(w: z) on d {\n}\n";
    let checked = check_text(Path::new("test.nn"), program, &Overrides::default());
    let names = Names::of(&checked);
    let find = |name: &str, word: &str| {
        names.declarations.iter().position(|d| &*d.name == name && d.kind.word() == word).unwrap()
    };
    assert_eq!(names.called_the_same(find("x", "input")).len(), 2);
    assert_eq!(names.called_the_same(find("w", "input")).len(), 1);
    assert_eq!(names.called_the_same(find("z", "data field")).len(), 1);
}
