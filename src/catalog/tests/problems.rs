//! What the catalog refuses, and the words for it.

use super::table::input;
use crate::build::words::{CallSite, diagnostic};
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::{ArgValue, Args, Body, EntryKind, find};
use crate::diagnostics::Code;
use crate::source::{FileId, Span};
use std::fmt::Write;

fn refused(
    b: &mut Builder,
    name: &str,
    operands: &[(&'static str, Tensor)],
    set: &[(&'static str, ArgValue)],
) -> Problem {
    let entry = find(name, &[EntryKind::Layer, EntryKind::Loss, EntryKind::Function]).unwrap();
    let mut args = Args::new();
    for (name, value) in set {
        args.set(name, value.clone(), Some(Span::default()));
    }
    let tensors: Vec<Tensor> = operands.iter().map(|(_, t)| t.clone()).collect();
    for (name, tensor) in operands {
        args.set(name, ArgValue::Tensor(tensor.clone()), None);
    }
    match entry.body {
        Body::Layer { apply, .. } => apply(b, &StateScope::default(), &args, &tensors).unwrap_err(),
        Body::Function { build, .. } | Body::Loss { build, .. } => build(b, &args).unwrap_err(),
        _ => panic!("{name}"),
    }
}

/// Message, labels, notes, help and fixes, one a line.
fn words(problem: &Problem, name: &str, types: &[&str]) -> String {
    let span = |at: usize| Span::new(FileId(0), 20 + 10 * at, 25 + 10 * at);
    let site = CallSite {
        name,
        span: Span::new(FileId(0), 10, 60),
        name_span: Span::new(FileId(0), 10, 15),
        operands: types.iter().enumerate().map(|(i, t)| (span(i), (*t).to_owned())).collect(),
        arguments: vec![("axis", Span::new(FileId(0), 55, 57))],
        role_stage: None,
    };
    let said = diagnostic(problem, &site);
    let mut text = format!("{}: {}\n", said.code, said.message);
    for label in &said.labels {
        let _ = writeln!(text, "  at {}..{}: {}", label.span.start, label.span.end, label.message);
    }
    for note in &said.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    for help in &said.help {
        let _ = writeln!(text, "  help: {help}");
    }
    for fix in &said.fixes {
        let edits: Vec<String> =
            fix.edits.iter().map(|e| format!("{}..{} {:?}", e.span.start, e.span.end, e.text)).collect();
        let _ = writeln!(text, "  fix: {}: {}", fix.title, edits.join(", "));
    }
    text
}

fn refusal(name: &str, operands: &[(&'static str, &str)], set: &[(&'static str, ArgValue)]) -> String {
    let mut b = Builder::new(true, false);
    let tensors: Vec<(&'static str, Tensor)> = operands.iter().map(|(n, t)| (*n, input(&mut b, n, t))).collect();
    let problem = refused(&mut b, name, &tensors, set);
    let types: Vec<&str> = operands.iter().map(|(_, t)| *t).collect();
    words(&problem, name, &types)
}

#[test]
fn losses_say_what_is_wrong() {
    let mut all = String::new();
    all += &refusal("bce_with_logits", &[("logits", "[1]"), ("y", "float")], &[]);
    all += &refusal("cross_entropy", &[("logits", "[10]"), ("target", "class(12)")], &[]);
    all += &refusal("cross_entropy", &[("logits", "[10]"), ("target", "float")], &[]);
    all += &refusal("mse", &[("prediction", "[2, 3]"), ("target", "[6]")], &[]);
    all += &refusal(
        "cross_entropy",
        &[("logits", "[3]"), ("target", "class(3)")],
        &[("weight", ArgValue::Numbers(vec![1.0, 2.0]))],
    );
    insta::assert_snapshot!(all);
}

#[test]
fn roles_say_what_is_wrong() {
    let mut b = Builder::new(true, false);
    let x = input(&mut b, "x", "[3]");
    let y = input(&mut b, "y", "[3]");
    let p = b.softmax(&x, 0);
    let l = b.log_softmax(&x, 0);
    let mut all = String::new();
    let problem = refused(&mut b, "cross_entropy", &[("logits", p.clone()), ("target", y.clone())], &[]);
    all += &words(&problem, "cross_entropy", &["[3]", "[3]"]);
    all += &words(&problem, "cross_entropy", &["[3]", "class(3)"]);
    let problem = refused(&mut b, "bce_with_logits", &[("logits", p), ("y", y.clone())], &[]);
    all += &words(&problem, "bce_with_logits", &["[3]", "[3]"]);
    let problem = refused(&mut b, "bce", &[("probs", l), ("y", y)], &[]);
    all += &words(&problem, "bce", &["[3]", "[3]"]);
    insta::assert_snapshot!(all);
}

#[test]
fn layers_and_functions_say_what_is_wrong() {
    let n = ArgValue::Number;
    let mut all = String::new();
    all += &refusal("Dense", &[("x", "class(4)")], &[("units", n(2.0))]);
    all += &refusal("Dense", &[("x", "float")], &[("units", n(2.0))]);
    all += &refusal("BatchNorm", &[("x", "[1, 2, 3, 4, 5]")], &[]);
    all += &refusal("softmax", &[("x", "[4]")], &[("axis", ArgValue::Axis(1))]);
    all += &refusal("pad", &[("x", "[4]")], &[("pad", ArgValue::Numbers(vec![1.0]))]);
    all += &refusal("one_hot", &[("x", "float")], &[]);
    all += &refusal("var", &[("x", "[1]")], &[("correction", n(1.0))]);
    all += &refusal("where", &[("condition", "float"), ("a", "float"), ("b", "float")], &[]);
    all += &refusal("squeeze", &[("x", "[4]")], &[("axis", ArgValue::Axis(0))]);
    insta::assert_snapshot!(all);
}

#[test]
fn shapes_say_what_is_wrong() {
    use crate::ir::dim::Dim;
    let shape = |sizes: &[i64]| sizes.iter().map(|n| Dim::constant(*n)).collect::<Vec<_>>();
    let mut all = String::new();
    let mut say = |problem: Problem, name: &str, types: &[&str]| all += &words(&problem, name, types);
    let broadcast = |l: &[i64], r: &[i64]| Problem::Broadcast { left: shape(l), right: shape(r) };
    say(broadcast(&[3, 4], &[3, 5]), "+", &["[3, 4]", "[3, 5]"]);
    say(broadcast(&[7], &[7, 5]), "*", &["[7]", "[7, 5]"]);
    say(broadcast(&[4], &[3]), "residual", &["[4]", "[3]"]);
    let product = Problem::MatMulInner { left: shape(&[2, 3]), right: shape(&[4, 3]) };
    say(product, "@", &["[2, 3]", "[4, 3]"]);
    let join = Problem::Join { first: shape(&[2, 3]), operand: 1, other: shape(&[2, 4]), axis: Some(0) };
    say(join, "concat", &["[2, 3]", "[2, 4]"]);
    let to = vec![Some(Dim::constant(4)), None];
    say(Problem::Reshape { from: shape(&[6]), to }, "reshape", &["[6]"]);
    say(Problem::Position { position: 4, size: Dim::constant(4), axis: 0 }, "[]", &["[4]"]);
    say(Problem::TooLarge { shape: shape(&[2_000_000, 1_000_000]) }, "Dense", &["[2000000]"]);
    insta::assert_snapshot!(all);
}

#[test]
fn every_page_has_a_title_and_both_programs() {
    for code in Code::ALL {
        let page = code.explanation();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}");
        if matches!(code.text().as_bytes(), [b'E', b'0', b'3' | b'4', b'0' | b'1', ..]) {
            assert!(page.contains("```nn wrong\n") && page.contains("```nn right\n"), "{code}");
        }
    }
}
