//! New data with the estimates of an earlier load.

use super::*;

fn trained(folder: &Folder) -> (DataPlan, Fitted) {
    folder.write("old.csv", b"a,colour,b,target\n1,red,2,10\n3,blue,4,20\n5,red,9,60\n");
    let table = folder.csv("old.csv");
    let split = SplitSpec::Ordered { shares: vec![(Split::Test, 0.34)] };
    let plan = plan(
        vec![
            ("x", standardize(range(&table, "a", "a"))),
            ("b", rescale(one(&table, "b"), 0.0, 1.0)),
            ("colour", classes(one(&table, "colour"))),
            ("target", standardize(one(&table, "target"))),
        ],
        split,
    );
    let fitted = load(&plan).expect("loaded").fitted;
    (plan, fitted)
}

fn new(folder: &Folder, text: &str) -> SourceSpec {
    folder.write("new.csv", text.as_bytes());
    SourceSpec::Csv(PerSplit::Whole(vec![folder.file("new.csv")]))
}

#[test]
fn columns_in_another_order_and_none_for_the_target() {
    let folder = Folder::new(&[]);
    let (plan, fitted) = trained(&folder);
    let new = new(&folder, "extra,b,colour,a\nq,2,blue,7\nq,3,red,1\nq,4,red,2\nq,0,blue,2\n");
    let data = apply(&plan, &fitted, Some(&new), &["x", "b", "colour"]).expect("applied");
    // Fitted on the first two rows: a has mean 2 and deviation 1, b runs from 2 to 4.
    assert_close(&data.fields[0].values.all(), &[5.0, -1.0, 0.0, 0.0]);
    assert_close(&data.fields[1].values.all(), &[0.0, 0.5, 1.0, -1.0]);
    assert_eq!(data.fields[2].values.all(), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!((data.splits.test.len(), data.splits.train.len(), data.ids.len()), (4, 0, 4));
    let problem = *apply(&plan, &fitted, Some(&new), &["x", "target"]).expect_err("no target").problem;
    assert!(matches!(problem, DataProblem::NoColumn { column, .. } if column == "target"));
    // Predictions of the target go back to its own units without its data.
    let mut predicted = [0.0, 1.0];
    fitted.fields["target"].inverse.as_ref().expect("an inverse").apply(&mut predicted);
    assert_eq!(predicted, [15.0, 20.0]);
}

#[test]
fn unknown_classes_name_the_row() {
    let folder = Folder::new(&[]);
    let (plan, fitted) = trained(&folder);
    let new = new(&folder, "colour\nred\ngreen\n");
    let error = apply(&plan, &fitted, Some(&new), &["colour"]).expect_err("green");
    let DataProblem::UnknownClass { field, name, place, known } = &*error.problem else { panic!("{error:?}") };
    assert_eq!((field.as_str(), name.as_str(), known.join(" ").as_str()), ("colour", "green", "blue red"));
    assert_eq!(place.as_ref().map(ToString::to_string).as_deref(), Some("new.csv:3"));
    assert_eq!(error.diagnostic().message, "\"green\" at new.csv:3 is not a class of `colour`");
}

#[test]
fn what_cannot_take_the_place() {
    let folder = Folder::new(&[("l", &idx(&[2], &[0, 1]))]);
    let (plan, fitted) = trained(&folder);
    let problem =
        |new: &SourceSpec, wanted: &[&str]| *apply(&plan, &fitted, Some(new), wanted).expect_err("a problem").problem;
    let array = SourceSpec::Idx(PerSplit::Whole(vec![folder.file("l")]));
    assert!(matches!(problem(&array, &["x"]), DataProblem::WrongReplacement { wanted: "csv", given: "idx" }));
    let text = new(&folder, "a\nmany\n");
    assert!(matches!(problem(&text, &["x"]), DataProblem::TextForNumber { is_new: true, .. }));
    let missing = new(&folder, "a\n1\nNA\n");
    assert!(matches!(problem(&missing, &["x"]), DataProblem::Missing { .. }));
    assert!(matches!(problem(&missing, &["y"]), DataProblem::NoField { .. }));
    let other = Fitted::default();
    let error = apply(&plan, &other, Some(&missing), &["x"]).expect_err("nothing saved");
    assert!(matches!(*error.problem, DataProblem::FittedMismatch { .. }));
}

#[test]
fn the_same_data_again() {
    let folder = Folder::new(&[]);
    let (plan, fitted) = trained(&folder);
    let again = apply(&plan, &fitted, None, &["x", "target"]).expect("applied");
    let first = load(&plan).expect("loaded");
    assert_eq!(again.splits, first.splits);
    assert_eq!(again.fields[0].values.all(), first.fields[0].values.all());
}

#[test]
fn rows_that_lack_a_needed_column_are_left_out_where_the_program_says_so() {
    let folder = Folder::new(&[("old.csv", b"a,b,y\n1,2,0\n2,,1\n3,4,1\n")]);
    let table = folder.csv("old.csv").drop_missing(None, span(1));
    let plan = plan(vec![("x", standardize(one(&table, "a"))), ("y", classes(one(&table, "y")))], SplitSpec::AsGiven);
    let fitted = load(&plan).expect("loaded").fitted;
    let data = apply(&plan, &fitted, Some(&new(&folder, "a\n2\n\"\"\n3\n")), &["x"]).expect("applied");
    assert_eq!((&*data.fields[0].values.all(), data.ids.iter().collect::<Vec<_>>()), (&[0.0, 1.0][..], vec![0, 2]));
}
