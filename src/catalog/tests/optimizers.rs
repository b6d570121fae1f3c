//! One step of each optimizer against its formula in f64, and what it refuses.

use crate::build::{Builder, Problem, StateScope};
use crate::catalog::{ArgValue, Args, Body, EntryKind, OptimizerDefinition, UpdateOperands, find};
use crate::ir::dim::Dim;
use crate::ir::graph::InputKind;
use crate::ir::init::Init;
use crate::ir::interpret::{Feeds, interpret};
use crate::source::Span;

fn optimizer(name: &str) -> OptimizerDefinition {
    match find(name, &[EntryKind::Optimizer]).map(|e| &e.body) {
        Some(Body::Optimizer(definition)) => *definition,
        _ => panic!("{name} is no optimizer"),
    }
}

fn args(set: &[(&'static str, ArgValue)]) -> Args {
    let mut args = Args::new();
    for (name, value) in set {
        args.set(name, value.clone(), None);
    }
    args
}

/// The weight after steps with these gradients, each of one number.
fn train(name: &str, args: &Args, gradients: &[f64]) -> Result<f64, Problem> {
    let definition = optimizer(name);
    let slots = (definition.slots)(args, &[Dim::constant(1)]);
    let mut b = Builder::new(true, false);
    let one = [Dim::constant(1)];
    let state = |path: &str, b: &mut Builder| b.weight(&StateScope::default(), path, &one, Init::Full(0.0));
    let weight = state("w", &mut b)?;
    let gradient = state("g", &mut b)?;
    let kept = slots.iter().map(|s| state(s, &mut b)).collect::<Result<Vec<_>, _>>()?;
    let mut scalar = |n: &str| {
        let (_, node) = b.graph.add_input(n, Vec::new(), InputKind::Scalar, Span::default());
        b.tensor(node, Vec::new(), false)
    };
    let lr = scalar("lr");
    let scalars = (definition.scalars)(args).into_iter().map(scalar).collect();
    let operands = UpdateOperands { weight, gradient, slots: kept, lr, scalars };
    let updated = (definition.update)(&mut b, args, &operands)?;
    crate::ir::verify::verify(&b.graph).unwrap();
    assert_eq!(updated.slots.len(), slots.len());
    let (mut w, mut memory) = (0.5, vec![0.0; slots.len()]);
    for (i, g) in gradients.iter().enumerate() {
        let mut inputs = vec![args.number("lr")];
        inputs.extend((definition.scalar_values)(args, i as u64 + 1));
        let values = interpret(
            &b.graph,
            &|_| None,
            &Feeds {
                input: &|id| vec![inputs[id.0 as usize]],
                state: &|id| {
                    vec![match id.0 as usize {
                        0 => w,
                        1 => *g,
                        slot => memory[slot - 2],
                    }]
                },
                random: &|_| 0.0,
            },
        )
        .unwrap();
        w = values[updated.weight.node.index()].data[0];
        memory = updated.slots.iter().map(|t| values[t.node.index()].data[0]).collect();
    }
    Ok(w)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} against {b}");
}

const GRADIENTS: [f64; 3] = [0.3, -0.2, 0.7];

#[test]
fn sgd_is_that_of_torch() {
    let number = ArgValue::Number;
    let plain = args(&[("lr", number(0.1))]);
    close(train("SGD", &plain, &GRADIENTS).unwrap(), 0.5 - 0.1 * 0.8);
    for nesterov in [false, true] {
        let set = args(&[
            ("lr", number(0.1)),
            ("momentum", number(0.9)),
            ("nesterov", ArgValue::Bool(nesterov)),
            ("weight_decay", number(0.01)),
        ]);
        let (mut w, mut buffer) = (0.5, 0.0);
        for g in GRADIENTS {
            let g = g + 0.01 * w;
            buffer = 0.9 * buffer + g;
            w -= 0.1 * if nesterov { g + 0.9 * buffer } else { buffer };
        }
        close(train("SGD", &set, &GRADIENTS).unwrap(), w);
    }
}

#[test]
fn adam_is_that_of_torch() {
    for (name, decoupled) in [("Adam", false), ("AdamW", true)] {
        let set = args(&[
            ("lr", ArgValue::Number(0.1)),
            ("betas", ArgValue::Numbers(vec![0.8, 0.95])),
            ("eps", ArgValue::Number(1e-3)),
            ("weight_decay", ArgValue::Number(0.1)),
        ]);
        let (mut w, mut m, mut v) = (0.5_f64, 0.0, 0.0);
        for (t, g) in (1..).zip(GRADIENTS) {
            let g = if decoupled { g } else { g + 0.1 * w };
            w = if decoupled { w * (1.0 - 0.1 * 0.1) } else { w };
            m = 0.8 * m + 0.2 * g;
            v = 0.95 * v + 0.05 * g * g;
            let (m_hat, v_hat) = (m / (1.0 - 0.8_f64.powi(t)), v / (1.0 - 0.95_f64.powi(t)));
            w -= 0.1 * m_hat / (v_hat.sqrt() + 1e-3);
        }
        close(train(name, &set, &GRADIENTS).unwrap(), w);
    }
}

#[test]
fn lion_is_that_of_the_paper() {
    let set = args(&[
        ("lr", ArgValue::Number(0.1)),
        ("betas", ArgValue::Numbers(vec![0.8, 0.95])),
        ("weight_decay", ArgValue::Number(0.1)),
    ]);
    let (mut w, mut m) = (0.5_f64, 0.0_f64);
    // The last gradient turns the average's sign in the step, but not in what is kept.
    for g in [0.3, -0.2, 0.7, -1.0] {
        w = w * (1.0 - 0.1 * 0.1) - 0.1 * (0.8 * m + 0.2 * g).signum();
        m = 0.95 * m + 0.05 * g;
    }
    close(train("Lion", &set, &[0.3, -0.2, 0.7, -1.0]).unwrap(), w);
    let stands = args(&[("lr", ArgValue::Number(0.1)), ("weight_decay", ArgValue::Number(0.0))]);
    close(train("Lion", &stands, &[0.0, 0.0]).unwrap(), 0.5);
}

/// Their 50 steps in `tests/reference/training` are in the first, undivided phase for some of these.
#[test]
fn radam_divides_once_the_average_can_be_relied_on() {
    let set = args(&[("lr", ArgValue::Number(0.1)), ("eps", ArgValue::Number(1e-8))]);
    let (mut w, mut m, mut v) = (0.5_f64, 0.0_f64, 0.0_f64);
    let (b1, b2) = (0.9_f64, 0.999_f64);
    let limit = 2.0 / (1.0 - b2) - 1.0;
    let gradients: Vec<f64> = (0..12).map(|i| f64::from(i * 7 % 5) / 5.0 - 0.3).collect();
    let mut divided = 0;
    for (t, g) in (1..).zip(&gradients) {
        m = b1 * m + (1.0 - b1) * g;
        v = b2 * v + (1.0 - b2) * g * g;
        let r = limit - 2.0 * f64::from(t) * b2.powi(t) / (1.0 - b2.powi(t));
        let m_hat = m / (1.0 - b1.powi(t));
        w -= if r > 5.0 {
            divided += 1;
            let root = ((r - 4.0) * (r - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * r)).sqrt();
            0.1 * m_hat * root * (1.0 - b2.powi(t)).sqrt() / (v.sqrt() + 1e-8)
        } else {
            0.1 * m_hat
        };
    }
    assert!((3..10).contains(&divided), "{divided}");
    assert!((train("RAdam", &set, &gradients).unwrap() - w).abs() < 1e-9);
}

#[test]
fn impossible_settings_are_told() {
    let nesterov = args(&[("nesterov", ArgValue::Bool(true))]);
    assert!(matches!(train("SGD", &nesterov, &[]), Err(Problem::Argument { argument: "nesterov", .. })));
    for betas in [vec![0.9], vec![0.9, 1.0], vec![-0.1, 0.9]] {
        let set = args(&[("betas", ArgValue::Numbers(betas))]);
        assert!(train("Adam", &set, &[]).is_err());
    }
}

/// The cases that `tests/reference/make_muon.py` takes from torch.optim.Muon and, for what is no matrix, AdamW.
#[test]
fn muon_is_that_of_torch() {
    let text = include_str!("../../../tests/reference/muon.json");
    let parsed: serde_json::Value = serde_json::from_str(text).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
    };
    for case in parsed["cases"].as_array().unwrap() {
        let mut args = default_arguments("Muon");
        for (name, value) in case["args"].as_object().unwrap() {
            let entry = find("Muon", &[EntryKind::Optimizer]).unwrap();
            let name = entry.param(name).unwrap().name;
            let value = match value {
                serde_json::Value::Bool(b) => ArgValue::Bool(*b),
                serde_json::Value::String(_) => ArgValue::Choice("match_rms_adamw"),
                _ if name == "ns_steps" => ArgValue::Dim(Dim::constant(value.as_i64().unwrap())),
                _ => ArgValue::Number(value.as_f64().unwrap()),
            };
            args.set(name, value, None);
        }
        let shape: Vec<Dim> = numbers(&case["shape"]).into_iter().map(|n| Dim::constant(n as i64)).collect();
        let definition = optimizer("Muon");
        let mut b = Builder::new(true, false);
        let slots = (definition.slots)(&args, &shape);
        let mut state = |path: &str| b.weight(&StateScope::default(), path, &shape, Init::Full(0.0)).unwrap();
        let (weight, gradient) = (state("w"), state("g"));
        let kept: Vec<_> = slots.iter().map(|s| state(s)).collect();
        let mut scalar = |n: &str| {
            let (_, node) = b.graph.add_input(n, Vec::new(), InputKind::Scalar, Span::default());
            b.tensor(node, Vec::new(), false)
        };
        let lr = scalar("lr");
        let scalars = (definition.scalars)(&args).into_iter().map(scalar).collect();
        let operands = UpdateOperands { weight, gradient, slots: kept, lr, scalars };
        let updated = (definition.update)(&mut b, &args, &operands).unwrap();
        crate::ir::verify::verify(&b.graph).unwrap();
        let mut w = numbers(&case["weight"]);
        let mut memory = vec![vec![0.0; w.len()]; slots.len()];
        let steps = case["gradients"].as_array().unwrap().iter().zip(case["after"].as_array().unwrap());
        for (i, (g, after)) in steps.enumerate() {
            let mut inputs = vec![args.number("lr")];
            inputs.extend((definition.scalar_values)(&args, i as u64 + 1));
            let g = numbers(g);
            let feeds = Feeds {
                input: &|id| vec![inputs[id.0 as usize]],
                state: &|id| match id.0 as usize {
                    0 => w.clone(),
                    1 => g.clone(),
                    slot => memory[slot - 2].clone(),
                },
                random: &|_| 0.0,
            };
            let values = interpret(&b.graph, &|_| None, &feeds).unwrap();
            let next = values[updated.weight.node.index()].data.clone();
            memory = updated.slots.iter().map(|t| values[t.node.index()].data.clone()).collect();
            for (have, want) in next.iter().zip(numbers(after)) {
                assert!((have - want).abs() < 1e-9, "step {i}: {have} against {want} in {case}");
            }
            w = next;
        }
    }
}

/// The arguments of an optimizer as they are where none is written.
fn default_arguments(name: &str) -> Args {
    let mut args = Args::new();
    for param in find(name, &[EntryKind::Optimizer]).unwrap().params {
        let crate::catalog::Default::Value(text) = param.default else { continue };
        let value = match text {
            "true" | "false" => ArgValue::Bool(text == "true"),
            "none" => ArgValue::None,
            _ => match text.parse::<f64>() {
                Ok(n) if param.name == "ns_steps" => ArgValue::Dim(Dim::constant(n as i64)),
                Ok(n) => ArgValue::Number(n),
                Err(_) if text.starts_with('[') => ArgValue::Numbers(vec![0.9, 0.999]),
                Err(_) => ArgValue::Choice("original"),
            },
        };
        args.set(param.name, value, None);
    }
    args
}
