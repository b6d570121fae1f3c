//! Augmentation: what operations do, and what their draws depend on.

use super::*;
use crate::data::FieldKind;

fn float(shape: &[usize]) -> FieldType {
    FieldType { kind: FieldKind::Float, shape: shape.to_vec(), ragged: None }
}

fn classes(shape: &[usize]) -> FieldType {
    FieldType { kind: FieldKind::Class { names: vec!["a".into(), "b".into()].into() }, ..float(shape) }
}

fn at(step: u64) -> DrawAt {
    DrawAt { seed: 7, step, operation: 3 }
}

/// One example, changed.
fn one(operation: Augmentation, kind: &FieldType, step: u64, id: u64, values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    augment(operation, at(step), kind, &[id], &mut values, &mut Vec::new());
    values
}

fn counted(n: usize) -> Vec<f32> {
    (1..=n).map(|i| i as f32).collect()
}

fn every() -> Vec<Augmentation> {
    vec![
        Augmentation::Flip { probability: 0.5, vertical: false },
        Augmentation::Flip { probability: 0.5, vertical: true },
        Augmentation::Crop { size: [5, 4], padding: 2 },
        Augmentation::Rotate { degrees: 40.0, bilinear: true },
        Augmentation::Rotate { degrees: 180.0, bilinear: false },
        Augmentation::Noise { std: 0.5 },
        Augmentation::Cutout { size: 3 },
    ]
}

#[test]
fn flips_are_flips() {
    let picture = Picture { height: 3, width: 2 };
    let mut values = counted(12);
    picture.flip(&mut values, false);
    assert_eq!(values, [2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 8.0, 7.0, 10.0, 9.0, 12.0, 11.0]);
    let mut values = counted(12);
    picture.flip(&mut values, true);
    assert_eq!(values, [5.0, 6.0, 3.0, 4.0, 1.0, 2.0, 11.0, 12.0, 9.0, 10.0, 7.0, 8.0]);
    let flips = |probability: f64| {
        let flip = Augmentation::Flip { probability, vertical: false };
        (0..4000).filter(|id| one(flip, &float(&[1, 2]), 1, *id, &[1.0, 2.0]) == [2.0, 1.0]).count()
    };
    assert_eq!((flips(0.0), flips(1.0)), (0, 4000));
    assert!((flips(0.25) as f64 - 1000.0).abs() < 110.0, "{}", flips(0.25));
}

#[test]
fn a_crop_takes_every_place_equally_often() {
    let shape = [2, 3, 3];
    let picture = counted(18);
    let crop = Augmentation::Crop { size: [3, 3], padding: 2 };
    let mut seen = std::collections::BTreeMap::new();
    for id in 0..10_000 {
        let have = one(crop, &float(&shape), 1, id, &picture);
        // Where the picture's own pixels went; both channels together.
        let offset = |plane: usize| {
            (-2..=2_isize).flat_map(|d| (-2..=2_isize).map(move |r| (d, r))).find(|(down, right)| {
                (0..3_isize).all(|i| {
                    (0..3_isize).all(|j| {
                        let (y, x) = (i - down, j - right);
                        let inside = (0..3).contains(&y) && (0..3).contains(&x);
                        let want = if inside { picture[plane * 9 + (y * 3 + x) as usize] } else { 0.0 };
                        have[plane * 9 + (i * 3 + j) as usize] == want
                    })
                })
            })
        };
        assert_eq!(offset(0), offset(1));
        *seen.entry(offset(0).expect("the picture moved")).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 25);
    // 24 degrees of freedom: a sum above 51 has probability 0.001.
    let squares: f64 = seen.values().map(|n| (f64::from(*n) - 400.0).powi(2) / 400.0).sum();
    assert!(squares < 51.0, "{seen:?}");
}

#[test]
fn turns_agree_with_torch() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/reference/images.json")).expect("json");
    let list = |v: &serde_json::Value| -> Vec<f32> {
        v.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number") as f32).collect()
    };
    for case in cases["rotate"].as_array().expect("cases") {
        let (size, degrees) = (list(&case["size"]), case["degrees"].as_f64().expect("a number"));
        let picture = Picture { height: size[0] as usize, width: size[1] as usize };
        let from = list(&case["in"]);
        for (bilinear, name) in [(false, "nearest"), (true, "bilinear")] {
            let mut to = vec![9.0; from.len()];
            picture.rotate(&from, &mut to, degrees, bilinear);
            for (have, want) in to.iter().zip(list(&case[name])) {
                assert!((have - want).abs() < 1e-4, "{name} by {degrees} of {picture:?}: {have} against {want}");
            }
        }
    }
}

#[test]
fn turns_go_to_both_sides_equally() {
    // A bright pixel on the right goes up or down.
    let mut picture = vec![0.0; 441];
    picture[10 * 21 + 20] = 1.0;
    let rotate = Augmentation::Rotate { degrees: 30.0, bilinear: true };
    let mut sum = 0.0;
    for id in 0..2000 {
        let have = one(rotate, &float(&[21, 21]), 1, id, &picture);
        let total: f32 = have.iter().sum();
        let row: f32 = have.iter().enumerate().map(|(i, x)| (i / 21) as f32 * x).sum();
        if total > 0.1 {
            let up = (10.0 - row / total) / 10.0;
            assert!(up.abs() < 0.56, "at most 30 degrees");
            sum += f64::from(up);
        }
    }
    assert!((sum / 2000.0).abs() < 0.03, "{sum}");
    // Classes stay classes.
    let mask = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
    assert!(one(rotate, &classes(&[3, 3]), 1, 5, &mask).iter().all(|x| *x == 0.0 || *x == 1.0));
}

#[test]
fn cutout_is_a_square_and_noise_is_normal() {
    let picture = Picture { height: 5, width: 4 };
    let mut values = vec![1.0; 40];
    picture.cut_out(&mut values, 0, 2, 3);
    let row = |i: usize| values[i * 4..][..4].to_vec();
    assert_eq!((row(0), row(1), row(2)), (vec![1.0, 0.0, 0.0, 0.0], vec![1.0, 0.0, 0.0, 0.0], vec![1.0; 4]));
    assert_eq!(values[..20], values[20..]);
    let noise = one(Augmentation::Noise { std: 0.5 }, &float(&[100, 100]), 1, 1, &[2.0; 10_000]);
    let mean = noise.iter().sum::<f32>() / 1e4;
    let variance = noise.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 1e4;
    assert!((mean - 2.0).abs() < 0.02 && (variance - 0.25).abs() < 0.02, "{mean} {variance}");
}

#[test]
fn draws_depend_on_the_example_and_not_on_its_batch() {
    let kind = float(&[2, 5, 4]);
    let batch: Vec<f32> = (0..40 * 9).map(|i| (i as f32).sin()).collect();
    let ids: Vec<u64> = (100..109).collect();
    for operation in every() {
        let mut together = batch.clone();
        augment(operation, at(4), &kind, &ids, &mut together, &mut Vec::new());
        assert_ne!(together, batch, "{operation:?}");
        let mut backward: Vec<Vec<f32>> = Vec::new();
        for (id, values) in ids.iter().zip(batch.chunks(40)).rev() {
            backward.push(one(operation, &kind, 4, *id, values));
        }
        backward.reverse();
        assert_eq!(together, backward.concat(), "{operation:?} alone and in a batch");
        // Other steps, seeds and operations draw something else.
        let mut later = batch.clone();
        augment(operation, at(5), &kind, &ids, &mut later, &mut Vec::new());
        assert_ne!(together, later, "{operation:?}");
        let mut other = batch.clone();
        augment(operation, DrawAt { operation: 4, ..at(4) }, &kind, &ids, &mut other, &mut Vec::new());
        assert_ne!(together, other, "{operation:?}");
    }
}

#[test]
fn threads_change_nothing() {
    let kind = float(&[1, 64, 64]);
    let batch: Vec<f32> = (0..64 * 64 * 24).map(|i| (i as f32 * 0.01).cos()).collect();
    assert!(batch.len() >= WORTH_THREADS);
    let ids: Vec<u64> = (0..24).collect();
    for operation in every() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let mut values = batch.clone();
            pool.install(|| augment(operation, at(1), &kind, &ids, &mut values, &mut Vec::new()));
            values
        };
        assert_eq!(run(1), run(3), "{operation:?}");
    }
}

#[test]
fn a_mixture_is_one() {
    let ids: Vec<u64> = (40..48).collect();
    let mut mixing = Mixing::default();
    mixing.draw(0.4, at(1), &ids);
    let mut partners = mixing.partners().to_vec();
    let shares = mixing.shares().to_vec();
    let batch = counted(16);
    let mut values = batch.clone();
    mixing.mix(&mut values, &mut Vec::new());
    for (i, partner) in partners.iter().enumerate() {
        for k in 0..2 {
            let want = shares[i] * batch[2 * i + k] + (1.0 - shares[i]) * batch[2 * *partner as usize + k];
            assert_eq!(values[2 * i + k], want);
        }
    }
    partners.sort_unstable();
    assert_eq!(partners, (0..8).collect::<Vec<_>>(), "each is the partner of one");
    // The share belongs to the example, the partner to the batch.
    mixing.draw(0.4, at(1), &ids[2..4]);
    assert_eq!(mixing.shares(), &shares[2..4]);
    mixing.none(3);
    let mut values = counted(3);
    mixing.mix(&mut values, &mut Vec::new());
    assert_eq!(values, counted(3));
}
