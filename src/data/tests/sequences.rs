//! Windows and sequences: values, alignment, splits, estimates.

use super::*;
use proptest::prelude::*;

pub fn windows(field: FieldExpr, length: usize, stride: usize, offset: usize) -> FieldExpr {
    FieldExpr::new(FieldNode::Windows { field, length, stride, offset }, span(3))
}

fn first(field: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::First(field), span(3))
}

fn ordered(train: f64) -> SplitSpec {
    SplitSpec::Ordered { shares: vec![(Split::Train, train), (Split::Test, 1.0 - train)] }
}

/// Rows `0 .. n`, with the row's number in column `a` and ten times it in `b`.
pub fn counting(n: usize) -> TableExpr {
    let cells: Vec<[f64; 2]> = (0..n).map(|i| [i as f64, 10.0 * i as f64]).collect();
    rows(["a", "b"], &cells)
}

fn examples_of(field: &Field) -> Vec<Vec<f32>> {
    (0..field.rows).map(|row| field.example(row).to_vec()).collect()
}

fn load_one(expr: FieldExpr, split: SplitSpec) -> Dataset {
    load(&plan(vec![("x", expr)], split)).expect("loaded")
}

#[test]
fn windows_hold_rows_that_follow_one_another() {
    let data = load_one(windows(one(&counting(7), "a"), 3, 2, 1), SplitSpec::AsGiven);
    let [x] = data.fields.as_slice() else { panic!() };
    assert_eq!(x.kind.shape, [3]);
    assert_eq!(x.kind.ragged, None);
    assert_eq!(examples_of(x), [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]);
    assert_eq!(data.ids.iter().collect::<Vec<_>>(), [0, 2], "a window is known by the row that it starts at");
    assert_eq!(data.splits.train, [0, 1]);
    let pairs = load_one(windows(range(&counting(4), "a", "b"), 2, 1, 0), SplitSpec::AsGiven);
    assert_eq!(pairs.fields[0].kind.shape, [2, 2]);
    assert_eq!(pairs.fields[0].example(2), [2.0, 20.0, 3.0, 30.0]);
    let (description, errors) = describe(&plan(vec![("x", windows(one(&counting(7), "a"), 3, 2, 1))], ordered(0.6)));
    assert_eq!(description.examples, None, "four rows and three are enough for one window, not for a longer reach");
    assert!(matches!(
        *errors[0].problem,
        DataProblem::WindowTooLong { split: Some(Split::Test), rows: 3, reach: 4, .. }
    ));
}

#[test]
fn windows_of_different_offsets_stay_aligned() {
    let t = counting(10);
    let fields = vec![
        ("x", windows(one(&t, "a"), 3, 1, 0)),
        ("next", windows(one(&t, "a"), 3, 1, 1)),
        ("target", first(windows(one(&t, "b"), 1, 1, 4))),
    ];
    // Five rows each: one window, which reaches all of them.
    let data = load(&plan(fields.clone(), ordered(0.5))).expect("loaded");
    let [x, next, target] = data.fields.as_slice() else { panic!() };
    assert_eq!(examples_of(x), [[0.0, 1.0, 2.0], [5.0, 6.0, 7.0]]);
    assert_eq!(examples_of(next), [[1.0, 2.0, 3.0], [6.0, 7.0, 8.0]]);
    assert_eq!(examples_of(target), [[40.0], [90.0]]);
    assert_eq!((data.splits.train.as_slice(), data.splits.test.as_slice()), (&[0][..], &[1][..]));
    let problem = *load(&plan(fields, ordered(0.7))).expect_err("three rows are too few").problem;
    assert!(matches!(problem, DataProblem::WindowTooLong { split: Some(Split::Test), rows: 3, reach: 5, .. }));
    assert_eq!(target.kind.shape, Vec::<usize>::new());
}

#[test]
fn sequences_are_the_rows_of_an_id_in_the_order_of_their_appearance() {
    let folder = Folder::new(&[
        ("a.csv", b"id,who,v\nq,ann,1\nq,ann,2\np,bob,3\nq,ann,4\n"),
        ("b.csv", b"id,who,v\np,eve,5\np,eve,6\n"),
    ]);
    let t = folder.csv_split("a.csv", "b.csv").sequences(vec!["id".into()], span(6));
    let fields = vec![
        ("v", standardize(one(&t, "v"))),
        ("pair", select(&t, &[Selector::Name(name("v"))], span(2)).expect("columns")),
        ("who", classes(first(one(&t, "who")))),
    ];
    let plan = plan(fields, SplitSpec::AsGiven);
    let (description, errors) = describe(&plan);
    assert_eq!(errors, []);
    assert_eq!(description.examples, Some([2, 0, 1]));
    let data = load(&plan).expect("loaded");
    let [v, pair, who] = data.fields.as_slice() else { panic!() };
    assert_eq!((v.kind.shape.as_slice(), pair.kind.shape.as_slice()), (&[3][..], &[3, 1][..]));
    assert_eq!((v.length(0), v.length(1), v.length(2), pair.length(2)), (3, 1, 2, 2));
    assert!(v.kind.ragged.is_some() && v.kind.ragged == pair.kind.ragged && who.kind.ragged.is_none());
    assert_eq!(description.field("v").map(|t| &t.ragged), Some(&v.kind.ragged));
    assert_eq!(examples_of(pair), [vec![1.0, 2.0, 4.0], vec![3.0], vec![5.0, 6.0]], "ids of another file are others");
    // Mean 2.5 and variance 1.25 of the four training rows.
    assert_close(&v.example(0), &[-1.5 / 1.25f32.sqrt(), -0.5 / 1.25f32.sqrt(), 1.5 / 1.25f32.sqrt()]);
    assert_eq!(who.values.all(), [0.0, 1.0, 2.0]);
    assert_eq!(data.ids.iter().collect::<Vec<_>>(), [0, 2, 4]);
    assert_eq!((data.splits.train, data.splits.test), (vec![0, 1], vec![2]));
}

#[test]
fn rows_that_are_dropped_are_missing_from_their_sequence() {
    let folder = Folder::new(&[("a.csv", b"id,v\n1,1\n2,\n1,3\n3,4\n3,\n")]);
    let t = folder.csv("a.csv").drop_missing(None, span(1)).sequences(vec!["id".into()], span(6));
    let data = load_one(one(&t, "v"), SplitSpec::AsGiven);
    assert_eq!(examples_of(&data.fields[0]), [vec![1.0, 3.0], vec![4.0]]);
    assert_eq!(data.ids.iter().collect::<Vec<_>>(), [0, 3], "the rows of the file");
}

#[test]
fn sequences_are_computed_position_by_position() {
    let t = rows(["id", "a", "b"], &[[1.0, 1.0, 2.0], [1.0, 3.0, 5.0], [2.0, 7.0, 11.0]]);
    let t = t.sequences(vec!["id".into()], span(6));
    let (a, b) = (one(&t, "a"), one(&t, "b"));
    let sum =
        load_one(binary(BinaryOp::Add, a.clone(), binary(BinaryOp::Mul, b.clone(), number(10.0))), SplitSpec::AsGiven);
    assert_eq!(examples_of(&sum.fields[0]), [vec![21.0, 53.0], vec![117.0]]);
    let columns = range(&t, "a", "b");
    let hot = one_hot(classes(a.clone()));
    let joined = FieldExpr::new(FieldNode::Concat(vec![columns.clone(), hot], -1), span(3));
    let data = load_one(joined, SplitSpec::AsGiven);
    assert_eq!(data.fields[0].kind.shape, [2, 5]);
    assert_eq!(data.fields[0].example(0), [1.0, 2.0, 1.0, 0.0, 0.0, 3.0, 5.0, 0.0, 1.0, 0.0]);
    let data = load_one(reshape(columns.clone(), &[None, Some(1), Some(2)]), SplitSpec::AsGiven);
    assert_eq!((data.fields[0].kind.shape.as_slice(), data.fields[0].length(1)), (&[2, 1, 2][..], 1));
    let problem = |expr| problem_of(expr);
    let own = |function: &str| DataProblem::LengthsOfTheirOwn { function: function.into() };
    assert_eq!(problem(reshape(columns.clone(), &[Some(4)])), own("reshape"));
    assert_eq!(problem(binary(BinaryOp::Sub, a.clone(), first(a.clone()))), own("-"));
    assert_eq!(problem(FieldExpr::new(FieldNode::Concat(vec![a.clone(), b], 0), span(3))), own("concat"));
    assert!(matches!(problem(binary(BinaryOp::Add, a.clone(), columns)), DataProblem::Broadcast { .. }));
    assert!(matches!(problem(windows(a, 2, 1, 0)), DataProblem::WindowsOf { .. }));
}

#[test]
fn a_row_counts_once_however_many_windows_share_it() {
    let cells: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i * i % 17), f64::from(i)]).collect();
    let t = rows(["a", "b"], &cells);
    let before = |o| windows(standardize(range(&t, "a", "b")), 5, 2, o);
    let after = |o| standardize(windows(range(&t, "a", "b"), 5, 2, o));
    for split in [
        ordered(0.5),
        SplitSpec::AsGiven,
        SplitSpec::Random { shares: vec![(Split::Test, 0.4)], stratify: None, seed: 2 },
    ] {
        let fields = vec![("x", before(0)), ("y", after(0)), ("z", after(2)), ("w", before(2))];
        let data = load(&plan(fields, split)).expect("loaded");
        let [x, y, z, w] = data.fields.as_slice() else { panic!() };
        assert_eq!(examples_of(x), examples_of(y));
        assert_eq!(examples_of(z), examples_of(w));
        assert_eq!(x.inverse, z.inverse, "one estimate for one column, whatever the offset");
        assert_eq!(x.inverse.as_ref().map(|i| i.scale.len()), Some(2));
    }
    let data = load(&plan(vec![("x", after(0))], ordered(0.5))).expect("loaded");
    let train: Vec<f64> = cells.iter().take(20).map(|c| c[0]).collect();
    let mean = train.iter().sum::<f64>() / 20.0;
    assert_eq!(data.fitted.fields["x"].inverse.as_ref().map(|i| i.offset[0]), Some(mean), "rows of training only");
}

#[test]
fn fields_of_different_units_are_told_apart() {
    let t = counting(20);
    let problem = |a: FieldExpr, b: FieldExpr| {
        let (_, mut errors) = describe(&plan(vec![("x", a), ("y", b)], SplitSpec::AsGiven));
        *errors.remove(0).problem
    };
    let differ = |a: FieldExpr, b: FieldExpr| matches!(problem(a, b), DataProblem::UnitsDiffer { .. });
    assert!(differ(windows(one(&t, "a"), 3, 1, 0), one(&t, "b")));
    assert!(differ(windows(one(&t, "a"), 3, 1, 0), windows(one(&t, "b"), 3, 2, 0)));
    let s = t.clone().sequences(vec!["a".into()], span(6));
    assert!(differ(one(&s, "b"), one(&t, "b")));
    let other = t.clone().sequences(vec!["b".into()], span(6));
    assert_eq!(describe(&plan(vec![("x", one(&s, "b")), ("y", one(&other, "a"))], SplitSpec::AsGiven)).1, []);
    assert!(matches!(
        schema(&t.sequences(vec!["c".into()], span(6))).map_err(|e| *e.problem),
        Err(DataProblem::NoColumn { column, .. }) if column == "c"
    ));
}

#[test]
fn new_sequences_are_read_with_the_estimates_of_training() {
    let folder = Folder::new(&[
        ("a.csv", b"id,who,v\n1,ann,1\n1,ann,3\n2,bob,5\n"),
        ("new.csv", b"v,id\n7,9\n3,8\n5,9\n9,9\n1,9\n"),
        ("who.csv", b"v,id,who\n7,9,eve\n"),
    ]);
    let t = folder.csv("a.csv").sequences(vec!["id".into()], span(6));
    let fields = vec![("v", standardize(one(&t, "v"))), ("who", classes(first(one(&t, "who"))))];
    let plan = plan(fields, SplitSpec::AsGiven);
    let fitted = load(&plan).expect("loaded").fitted;
    let new = |name: &str| SourceSpec::Csv(PerSplit::Whole(vec![folder.file(name)]));
    let data = apply(&plan, &fitted, Some(&new("new.csv")), &["v"]).expect("applied");
    let sd = (8.0f32 / 3.0).sqrt();
    assert_close(&data.fields[0].example(0), &[4.0 / sd, 2.0 / sd, 6.0 / sd, -2.0 / sd]);
    assert_close(&data.fields[0].example(1), &[0.0]);
    let names = data.names.expect("sequences have names");
    assert_eq!((names.columns, names.values), (vec!["id".to_string()], vec![vec!["9".to_string()], vec!["8".into()]]));
    assert_eq!(data.splits.test, [0, 1], "longer ones than in training are welcome");
    let problem = *apply(&plan, &fitted, Some(&new("who.csv")), &["who"]).expect_err("a name never seen").problem;
    assert!(matches!(problem, DataProblem::UnknownClass { name, place: Some(p), .. } if name == "eve" && p.line == 2));
    let again = apply(&plan, &fitted, None, &["v"]).expect("applied");
    assert_eq!(again.splits.train, [0, 1]);
}

#[test]
fn new_windows_need_what_the_wanted_fields_need() {
    let folder = Folder::new(&[("a.csv", b"v\n1\n2\n3\n4\n5\n6\n"), ("new.csv", b"v\n7\n8\n9\n")]);
    let t = folder.csv("a.csv");
    let fields = vec![("x", windows(one(&t, "v"), 2, 1, 0)), ("y", first(windows(one(&t, "v"), 1, 1, 2)))];
    let plan = plan(fields, SplitSpec::AsGiven);
    let data = load(&plan).expect("loaded");
    assert_eq!(data.fields[0].rows, 4);
    let source = SourceSpec::Csv(PerSplit::Whole(vec![folder.file("new.csv")]));
    let new = apply(&plan, &data.fitted, Some(&source), &["x"]).expect("applied");
    assert_eq!(new.names.map(|n| n.values), Some(vec![vec!["1".to_string()], vec!["2".into()]]));
    assert_eq!(examples_of(&new.fields[0]), [[7.0, 8.0], [8.0, 9.0]], "the last window needs nothing after it");
    let both = apply(&plan, &data.fitted, Some(&source), &["x", "y"]).expect("applied");
    assert_eq!(both.fields[0].rows, 1);
    let own = apply(&plan, &data.fitted, None, &["x"]).expect("applied");
    assert_eq!(own.fields[0].rows, 4, "the examples of training, whatever is wanted of them");
}

proptest! {
    /// No window crosses a cut, all fields of an example start at one row, and no window that fits is left out.
    #[test]
    fn windows_keep_to_their_split(
        n in 10usize..120, cut in 0.2f64..0.8, length in 1usize..6, stride in 1usize..5, offset in 0usize..4, given: bool,
    ) {
        let folder = Folder::new(&[]);
        let train = (cut * n as f64) as usize;
        let lines = |rows: std::ops::Range<usize>| {
            let body: String = rows.map(|i| format!("{i}\n")).collect();
            format!("a\n{body}").into_bytes()
        };
        let (t, spec) = if given {
            folder.write("train.csv", &lines(0..train));
            folder.write("test.csv", &lines(train..n));
            (folder.csv_split("train.csv", "test.csv"), SplitSpec::AsGiven)
        } else {
            folder.write("all.csv", &lines(0..n));
            (folder.csv("all.csv"), SplitSpec::Ordered { shares: vec![(Split::Train, cut), (Split::Test, 1.0 - cut)] })
        };
        let fields = vec![
            ("x", windows(one(&t, "a"), length, stride, 0)),
            ("y", windows(one(&t, "a"), length, stride, offset)),
        ];
        let plan = plan(fields, spec);
        let (description, errors) = describe(&plan);
        let Ok(data) = load(&plan) else {
            prop_assert!(!errors.is_empty() && (train < length + offset || n - train < length + offset));
            return Ok(());
        };
        prop_assert_eq!(description.examples, Some([data.splits.train.len(), 0, data.splits.test.len()]));
        let train = if given { train } else { (cut * n as f64 + 1e-9) as usize };
        for (split, from, to) in [(Split::Train, 0, train), (Split::Test, train, n)] {
            let mut start = from;
            for example in data.splits.get(split) {
                let (x, y) = (data.fields[0].example(*example as usize), data.fields[1].example(*example as usize));
                let rows = |at: usize| (at..at + length).map(|r| r as f32).collect::<Vec<_>>();
                prop_assert_eq!(x, rows(start));
                prop_assert_eq!(y, rows(start + offset));
                prop_assert!(start + offset + length <= to);
                start += stride;
            }
            prop_assert!(start + offset + length > to, "a window that fits is there");
        }
    }
}
