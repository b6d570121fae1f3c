//! Initial weights: moments, bounds, and that they stay what they are.

use crate::catalog::initializers::sample;
use crate::ir::init::Init;

fn moments(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    (mean, (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}

#[test]
fn distributions_have_their_moments() {
    let draw = |init| sample(&init, &[200, 500], 1, "dense1.weight");
    let (mean, std) = moments(&draw(Init::Uniform { low: -1.0, high: 3.0 }));
    assert!((mean - 1.0).abs() < 0.02 && (std - 4.0 / 12.0_f64.sqrt()).abs() < 0.01, "{mean} {std}");
    let (mean, std) = moments(&draw(Init::Normal { mean: 2.0, std: 0.5 }));
    assert!((mean - 2.0).abs() < 0.01 && (std - 0.5).abs() < 0.01, "{mean} {std}");
    let cut = draw(Init::TruncatedNormal { mean: 0.0, std: 1.0 });
    let (mean, std) = moments(&cut);
    // A normal cut at two deviations has 0.8796 of its deviation.
    assert!(mean.abs() < 0.01 && (std - 0.8796).abs() < 0.01, "{mean} {std}");
    assert!(cut.iter().all(|x| x.abs() <= 2.0));
}

#[test]
fn the_same_place_draws_the_same_and_other_places_do_not() {
    let init = Init::Normal { mean: 0.0, std: 1.0 };
    let first = sample(&init, &[3, 4], 42, "dense1.weight");
    assert_eq!(first, sample(&init, &[3, 4], 42, "dense1.weight"));
    assert_ne!(first, sample(&init, &[3, 4], 42, "dense2.weight"));
    assert_ne!(first, sample(&init, &[3, 4], 43, "dense1.weight"));
    // Pinned: weights of published runs must start the same for ever, on every machine.
    let pinned: Vec<i64> = first.iter().take(3).map(|x| (x * 1e9).round() as i64).collect();
    assert_eq!(pinned, [670_829_893, -454_938_636, 677_875_676]);
}

#[test]
fn orthogonal_weights_are_at_right_angles() {
    for shape in [&[6, 4][..], &[4, 6], &[5, 5], &[1, 3], &[4, 3, 2], &[3]] {
        let w = sample(&Init::Orthogonal { gain: 2.0 }, shape, 7, "w");
        let rows = shape[0];
        let columns = w.len() / rows;
        let at = |i: usize, j: usize| w[i * columns + j];
        let few = rows.min(columns);
        for a in 0..few {
            for b in 0..few {
                let product: f64 = if rows <= columns {
                    (0..columns).map(|k| at(a, k) * at(b, k)).sum()
                } else {
                    (0..rows).map(|k| at(k, a) * at(k, b)).sum()
                };
                let wanted = if a == b { 4.0 } else { 0.0 };
                assert!((product - wanted).abs() < 1e-12, "{shape:?}: {a}, {b}: {product}");
            }
        }
    }
    assert!(sample(&Init::Orthogonal { gain: 1.0 }, &[0, 3], 7, "w").is_empty());
}

#[test]
fn a_rotation_turns_either_way() {
    // With R's diagonal made positive every rotation is as likely; without it the first entry would be negative only.
    let positive =
        (0..400).filter(|seed| sample(&Init::Orthogonal { gain: 1.0 }, &[3, 3], *seed, "w")[0] > 0.0).count();
    assert!((150..250).contains(&positive), "{positive} of 400");
}

#[test]
fn the_identity_is_on_the_diagonal() {
    assert_eq!(sample(&Init::Identity, &[2, 3], 0, "w"), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(sample(&Init::Identity, &[2, 1, 2], 0, "w"), [1.0, 0.0, 1.0, 0.0]);
    assert_eq!(sample(&Init::Full(0.5), &[], 0, "w"), [0.5]);
}
