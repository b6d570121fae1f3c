//! Every entry: its declaration makes sense, its example gives what it says.

use super::script::{Script, parse_type};
use crate::build::{Builder, Tensor, show_type};
use crate::catalog::{Body, Default, Entry, ParamType, entries, find_elsewhere};
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::InputKind;
use crate::ir::verify::verify;
use crate::source::Span;
use std::collections::BTreeSet;

/// An input of a type, as the checker makes one of a field.
pub fn input(b: &mut Builder, name: &str, ty: &str) -> Tensor {
    let (kind, shape) = parse_type(ty);
    let shape: Vec<Dim> = shape.into_iter().map(Dim::from).collect();
    let mut node_shape = shape.clone();
    node_shape.insert(0, batch());
    let (_, node) = b.graph.add_input(name, node_shape, InputKind::Field, Span::default());
    b.tensor(node, shape, true).with_kind(kind)
}

fn is_called(entry: &Entry) -> bool {
    matches!(entry.body, Body::Layer { .. } | Body::Function { .. } | Body::Loss { .. } | Body::Penalty { .. })
}

#[test]
fn every_example_gives_the_declared_type() {
    for entry in entries().filter(|e| is_called(e)) {
        for training in [true, false] {
            let mut b = Builder::new(training, false);
            let inputs: Vec<(String, Tensor)> =
                entry.example.inputs.iter().map(|(n, ty)| ((*n).to_owned(), input(&mut b, n, ty))).collect();
            let results = Script::new(&mut b, &inputs, entry.example.code).run();
            let shown: Vec<String> = results.iter().map(|t| show_type(&t.kind, &t.shape)).collect();
            let shown = if let [one] = shown.as_slice() { one.clone() } else { format!("({})", shown.join(", ")) };
            assert_eq!(shown, entry.example.output, "{} in training: {training}", entry.name);
            verify(&b.graph).unwrap_or_else(|v| panic!("{}: {v:?}", entry.name));
        }
    }
}

#[test]
fn every_example_names_its_entry() {
    for entry in entries() {
        assert!(entry.example.code.contains(entry.name), "{}", entry.name);
        let called = is_called(entry) || matches!(entry.body, Body::Metric(_));
        assert_eq!(called && entry.example.output.is_empty(), matches!(entry.body, Body::Metric(_)), "{}", entry.name);
    }
}

#[test]
fn a_name_means_one_thing_of_a_kind() {
    let mut seen = BTreeSet::new();
    for entry in entries() {
        assert!(seen.insert((entry.kind(), entry.name)), "{} is there twice", entry.name);
    }
}

#[test]
fn names_elsewhere_are_not_names_here() {
    // `linear` may be a schedule here and a layer there: where one is looked for the other is not found.
    let here: BTreeSet<_> = entries().map(|e| (e.kind(), e.name)).collect();
    for entry in entries() {
        for (name, framework) in entry.elsewhere {
            assert!(!here.contains(&(entry.kind(), *name)), "`{name}` of {framework} is a name of ours");
            assert!(!framework.is_empty());
        }
    }
    for name in ["Linear", "fc", "nn.Linear", "ReLU", "CategoricalCrossentropy", "BatchNormalization", "MSELoss"] {
        assert!(find_elsewhere(name).is_some(), "{name}");
    }
    assert_eq!(find_elsewhere("CrossEntropyLoss").map(|(e, of)| (e.name, of)), Some(("cross_entropy", "PyTorch")));
}

#[test]
fn declarations_are_complete_sentences_and_phrases() {
    for entry in entries() {
        assert!(entry.summary.ends_with('.'), "{}: the summary is a sentence", entry.name);
        let mut names = BTreeSet::new();
        let mut optional = false;
        for param in entry.params {
            assert!(names.insert(param.name), "{}: `{}` twice", entry.name, param.name);
            assert!(!param.doc.is_empty() && !param.doc.ends_with('.'), "{}: `{}`", entry.name, param.name);
            let required = matches!(param.default, Default::Required);
            assert!(!(required && optional), "{}: `{}` stands behind an optional one", entry.name, param.name);
            optional |= !required;
        }
    }
}

#[test]
fn operands_of_losses_are_parameters() {
    for entry in entries() {
        if let Body::Loss { operands: (prediction, target), .. } = entry.body {
            for name in [prediction, target] {
                assert!(matches!(entry.param(name).map(|p| p.ty), Some(ParamType::Tensor)), "{}: {name}", entry.name);
            }
        }
    }
}

#[test]
fn functions_of_numbers_take_as_many_as_they_have_parameters() {
    for entry in entries() {
        if let Body::Function { number: Some(number), .. } = entry.body {
            let numbers = vec![0.5; entry.params.len()];
            assert!(number(&numbers).is_finite(), "{}", entry.name);
        }
    }
}

/// A path without quotes is told of before anything is known of the entry that it is given to.
#[test]
fn every_source_that_reads_files_is_known_as_a_reader() {
    for entry in entries().filter(|e| matches!(e.body, Body::Source)) {
        let reads = entry.params.first().is_some_and(|p| matches!(p.ty, ParamType::Texts));
        assert_eq!(crate::syntax::READERS.contains(&entry.name), reads, "{}", entry.name);
    }
}
