//! The attention of the catalog, and the same formula written out: equal numbers, forward and backward.

use super::graphs::Numbers;
use super::one_model::{Named, Place, checked, count, differentiated, executed, program};
use nnrun::ir::graph::Graph;
use nnrun::runtime::Element;

const EXAMPLES: usize = 3;

/// Each weight: its name in the formula, in the layer, and its shape.
const WEIGHTS: [(&str, &str, &[usize]); 4] = [
    ("in_w", "in_proj_weight", &[12, 4]),
    ("in_b", "in_proj_bias", &[12]),
    ("out_w", "out_proj.weight", &[4, 4]),
    ("out_b", "out_proj.bias", &[4]),
];

/// Two heads of two numbers, over five positions, in one expression; `scores` says what goes into the softmax.
fn formula(scores: &str) -> String {
    let part = |from: usize| {
        let columns = format!("(x @ transpose(in_w) + in_b)[.., {from} .. {}]", from + 4);
        format!("({columns} |> reshape([5, 2, 2]) |> permute([1, 0, 2]))")
    };
    let scores = scores.replace("scores", &format!("({} @ transpose({}) / sqrt(2))", part(0), part(4)));
    let heads = format!("(softmax({scores}) @ {} |> permute([1, 0, 2]) |> reshape([5, 4]))", part(8));
    format!("{heads} @ transpose(out_w) + out_b")
}

const PAIRS: [(&str, &str); 2] = [
    ("x |> SelfAttention(2)", "scores"),
    ("x |> SelfAttention(2, causal: true)", "where(unsqueeze(arange(5), 0) <= unsqueeze(arange(5), 1), scores, -1e30)"),
];

fn feeds(graph: &Graph) -> Named {
    let mut inputs = Named::new();
    for input in &graph.inputs {
        let mut numbers = Numbers::new(input.name.len() as u64);
        let drawn = (0..count(&input.shape, EXAMPLES)).map(|_| f64::from(numbers.between(-1.0, 1.0) as f32));
        inputs.insert(input.name.to_string(), drawn.collect());
    }
    inputs
}

fn compare<E: Element>((layer, scores): (&str, &str), tolerance: f64) {
    let inputs = [("x".to_owned(), "[5, 4]".to_owned())];
    let declared: Vec<(String, String)> =
        WEIGHTS.iter().map(|(name, _, shape)| ((*name).to_owned(), format!("{shape:?}"))).collect();
    let mut numbers = Numbers::new(7);
    let (mut of_layer, mut of_formula) = (Named::new(), Named::new());
    for (name, theirs, shape) in WEIGHTS {
        let count: usize = shape.iter().product();
        let values: Vec<f64> = (0..count).map(|_| f64::from(numbers.between(-1.2, 1.2) as f32)).collect();
        of_formula.insert(name.to_owned(), values.clone());
        of_layer.insert(format!("self_attention1.{theirs}"), values);
    }
    let place = Place::Model { outputs: 1 };
    let by_layer = checked(&program(&inputs, &[], layer, place));
    let by_formula = checked(&program(&inputs, &declared, &formula(scores), place));
    for training in [true, false] {
        let of = |checked: &nnrun::check::Checked, states: &Named| {
            let train = &checked.program.trains[0];
            let built = differentiated(if training { &train.training } else { &train.evaluation }, place);
            executed::<E>(&built.graph, EXAMPLES, &feeds(&built.graph), states)
        };
        let (a, b) = (of(&by_layer, &of_layer), of(&by_formula, &of_formula));
        let mut pairs = vec![("out 0".to_owned(), "out 0".to_owned()), ("d x".to_owned(), "d x".to_owned())];
        for (name, theirs, _) in WEIGHTS {
            pairs.push((format!("d self_attention1.{theirs}"), format!("d {name}")));
        }
        for (left, right) in pairs {
            let (x, y) = (&a[&left], &b[&right]);
            assert_eq!(x.len(), y.len(), "{left}");
            let largest = x.iter().fold(1e-3, |l: f64, x| l.max(x.abs()));
            assert!(x.iter().any(|x| *x != 0.0), "{left} of {layer}");
            for (x, y) in x.iter().zip(y) {
                assert!((x - y).abs() <= tolerance * largest, "{layer}: {left}: {x}, by formula {y}");
            }
        }
    }
}

#[test]
fn attention_is_its_formula() {
    for pair in PAIRS {
        compare::<f64>(pair, 1e-12);
        compare::<f32>(pair, 5e-6);
    }
}
