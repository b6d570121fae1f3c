//! Data of which not all is in memory: the same values, and batches that are read ahead.

use super::sequences::{counting, windows};
use super::*;
use crate::data::{Batches, Limits, load_within};
use std::collections::BTreeSet;

/// Next to nothing fits in memory.
const SMALL: Limits = Limits { source: 64, fields: 256, block: 200, window: 1000 };

fn texts(folder: &Folder) -> TableExpr {
    let row = |i: usize| {
        format!(
            "{},{},{}\n",
            i,
            if i % 11 == 3 { "NA".into() } else { (i * i % 97).to_string() },
            ["red", "green", "7"][i % 3]
        )
    };
    let text: String = std::iter::once("n,x,colour\n".to_owned()).chain((0..3000).map(row)).collect();
    folder.write("a.csv", text.as_bytes());
    folder.csv("a.csv")
}

fn plans(folder: &Folder) -> Vec<DataPlan> {
    let random = || SplitSpec::Random {
        shares: vec![(Split::Train, 0.7), (Split::Validation, 0.2), (Split::Test, 0.1)],
        seed: 3,
        stratify: None,
    };
    let filled = |expr, filling| FieldExpr::new(FieldNode::Fill(expr, filling), span(3));
    let standardize = |expr| FieldExpr::new(FieldNode::Standardize(expr), span(3));
    let classes = |expr| FieldExpr::new(FieldNode::Classes(expr, None), span(3));
    let table = texts(folder);
    let sequences = table.clone().sequences(vec!["x".into()], span(2));
    let whole = table.clone().drop_missing(None, span(2));
    vec![
        plan(
            vec![
                ("x", standardize(filled(range(&table, "n", "x"), Filling::Mean))),
                ("m", filled(one(&table, "x"), Filling::Median)),
                ("y", classes(one(&table, "colour"))),
            ],
            random(),
        ),
        plan(vec![("x", one(&whole, "x")), ("y", classes(one(&whole, "colour")))], random()),
        plan(
            vec![
                ("x", windows(range(&counting(2000), "a", "b"), 7, 3, 0)),
                ("y", windows(one(&counting(2000), "b"), 2, 3, 5)),
            ],
            SplitSpec::Ordered { shares: vec![(Split::Train, 0.8), (Split::Test, 0.2)] },
        ),
        plan(
            vec![("x", standardize(one(&sequences.clone().drop_missing(Some(vec!["x".into()]), span(2)), "n")))],
            random(),
        ),
    ]
}

#[test]
fn values_are_those_that_would_be_in_memory() {
    let folder = Folder::new(&[]);
    for (number, plan) in plans(&folder).into_iter().enumerate() {
        let (memory, file) = (load(&plan).expect("loaded"), load_within(&plan, &SMALL).expect("loaded"));
        assert!(memory.blocks.is_none() && file.blocks.is_some(), "plan {number}");
        assert_eq!((&memory.splits, &memory.fitted, &memory.ids), (&file.splits, &file.fitted, &file.ids));
        for (a, b) in memory.fields.iter().zip(&file.fields) {
            assert_eq!((&a.kind, &a.offsets, &a.starts, a.rows), (&b.kind, &b.offsets, &b.starts, b.rows));
            assert!(a.values.memory() > b.values.memory(), "{} {}", a.values.memory(), b.values.memory());
            assert_eq!(a.values.all(), b.values.all());
            for row in (0..a.rows + 1).rev() {
                assert_eq!(a.example(row), b.example(row));
            }
        }
    }
}

#[test]
fn batches_take_each_example_once_and_window_by_window() {
    let folder = Folder::new(&[]);
    for (number, plan) in plans(&folder).into_iter().enumerate() {
        let data = load_within(&plan, &SMALL).expect("loaded");
        let run = |shuffle| {
            let mut batches = Batches::of(&data, &data.splits.train, 4, false, shuffle);
            let (mut all, mut told) = (Vec::new(), Vec::new());
            loop {
                if let Some(ahead) = batches.window_ahead() {
                    told.push((all.len(), ahead.to_vec()));
                }
                let Some(batch) = data.read_batch(&mut batches) else { break };
                all.extend_from_slice(batch);
            }
            (all, told)
        };
        let (order, told) = run(Some((5, 1)));
        assert_eq!((&order, &told), (&run(Some((5, 1))).0, &run(Some((5, 1))).1));
        assert_ne!(order, run(Some((5, 2))).0);
        assert_eq!(run(None).0, data.splits.train);
        let each: BTreeSet<u32> = order.iter().copied().collect();
        assert_eq!((each.len(), each.into_iter().collect::<Vec<_>>()), (order.len(), data.splits.train.clone()));
        // Each window is told about once, while the one before it begins, and comes behind that.
        assert!(told.len() > 2, "plan {number}");
        for pair in told.windows(2) {
            let [(at, ahead), (next, _)] = pair else { panic!() };
            let ahead: BTreeSet<u32> = ahead.iter().copied().collect();
            let places: Vec<usize> = (0..order.len()).filter(|place| ahead.contains(&order[*place])).collect();
            let (first, last) = (places[0], places[places.len() - 1]);
            assert_eq!(last + 1 - first, ahead.len(), "plan {number}: they come together");
            assert!(*at < first && first < next + 4, "plan {number}: {at} {first} {next}");
        }
        // Nothing that was asked for was lost, and little stays.
        assert_eq!(data.is_read(), Ok(()));
    }
}
