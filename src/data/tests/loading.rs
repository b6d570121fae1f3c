//! Values, estimates and splits.

use super::*;

fn iris() -> TableExpr {
    example("data/tabular/iris.csv")
}

fn iris_plan() -> DataPlan {
    let species = classes(one(&iris(), "species"));
    let split = SplitSpec::Random {
        shares: vec![(Split::Train, 0.7), (Split::Validation, 0.15), (Split::Test, 0.15)],
        stratify: Some(species.clone()),
        seed: 7,
    };
    plan(vec![("x", standardize(range(&iris(), "sepal_length_cm", "petal_width_cm"))), ("species", species)], split)
}

#[test]
fn standardize_is_that_of_numpy() {
    let data =
        load(&plan(vec![("x", standardize(range(&iris(), "sepal_length_cm", "petal_width_cm")))], SplitSpec::AsGiven));
    let data = data.expect("loaded");
    // x.mean(0), x.std(0), ((x - x.mean(0)) / x.std(0))[0]
    let mean = [5.843333333333334, 3.0573333333333337, 3.7580000000000005, 1.1993333333333334];
    let std = [0.8253012917851409, 0.43441096773549454, 1.759404065775303, 0.7596926279021594];
    assert_close(&data.fields[0].values.all()[..4], &[-0.9006812, 1.0190044, -1.3402265, -1.3154443]);
    let Estimate::Standardize { mean: m, deviation } = &data.fitted.fields["x"].estimates[0] else { panic!() };
    for i in 0..4 {
        assert!((m[i] - mean[i]).abs() < 1e-13 && (deviation[i] - std[i]).abs() < 1e-13);
    }
    let mut back = data.fields[0].values.all().to_vec();
    data.fields[0].inverse.as_ref().expect("an inverse").apply(&mut back);
    assert_close(&back[..4], &[5.1, 3.5, 1.4, 0.2]);
}

#[test]
fn the_program_of_the_language_page() {
    let (description, errors) = describe(&iris_plan());
    assert_eq!(errors, []);
    assert_eq!(description.field("x").map(ToString::to_string).as_deref(), Some("[4]"));
    assert_eq!(description.field("species").map(ToString::to_string).as_deref(), Some("class(3)"));
    assert_eq!(description.examples, Some([105, 22, 23]));
    let data = load(&iris_plan()).expect("loaded");
    assert_eq!((data.splits.train.len(), data.splits.validation.len(), data.splits.test.len()), (105, 22, 23));
    let species = data.field("species").expect("a field").values.all();
    for class in 0..3 {
        assert_eq!(data.splits.train.iter().filter(|i| species[**i as usize] == class as f32).count(), 35);
    }
    assert_eq!(
        data.fitted.fields["species"].classes.as_deref().map(|c| c.join(" ")).as_deref(),
        Some("setosa versicolor virginica")
    );
    // Estimates are those of the training split alone.
    let x = data.field("x").expect("a field").values.all();
    let mean: f64 = data.splits.train.iter().map(|i| f64::from(x[*i as usize * 4])).sum::<f64>() / 105.0;
    assert!(mean.abs() < 1e-7);
    let whole: f64 = x.iter().step_by(4).map(|v| f64::from(*v)).sum();
    assert!(whole.abs() > 1e-3);
}

#[test]
fn estimates_do_not_depend_on_threads() {
    let json = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let table = example("data/tabular/parkinsons_speech.csv");
        let x = standardize(range(&table, "gender", "tqwt_kurtosisValue_dec_36"));
        let data = pool.install(|| load(&plan(vec![("x", x)], SplitSpec::AsGiven))).expect("loaded");
        assert_eq!((data.fields[0].rows, data.fields[0].kind.shape.as_slice()), (252, &[751][..]));
        serde_json::to_string(&data.fitted).expect("json")
    };
    let text = json(1);
    assert_eq!(text, json(3));
    let again: Fitted = serde_json::from_str(&text).expect("read");
    assert_eq!(serde_json::to_string(&again).expect("json"), text, "estimates survive being saved bit for bit");
}

#[test]
fn constant_columns_become_zero() {
    let table = rows(["a", "b"], &[[0.1, 1.0], [0.1, 3.0], [0.1, 5.0]]);
    assert_close(&values(standardize(range(&table, "a", "b")))[..4], &[0.0, -1.2247449, 0.0, 0.0]);
    assert_close(&values(rescale(range(&table, "a", "b"), -1.0, 1.0)), &[-1.0, -1.0, -1.0, 0.0, -1.0, 1.0]);
}

#[test]
fn fillings() {
    let nan = f64::NAN;
    let table = rows(["a"], &[[1.0], [nan], [3.0], [8.0]]);
    assert_eq!(values(fill(one(&table, "a"), Filling::Mean)), [1.0, 4.0, 3.0, 8.0]);
    assert_eq!(values(fill(one(&table, "a"), Filling::Median)), [1.0, 3.0, 3.0, 8.0]);
    // Missing values pass through arithmetic and do not count in estimates.
    let z = fill(standardize(binary(BinaryOp::Mul, one(&table, "a"), number(2.0))), Filling::Number(0.0));
    assert_close(&values(z), &[-1.0190493, 0.0, -0.3396831, 1.3587324]);
}

#[test]
fn arithmetic_and_shapes() {
    let table = rows(["a", "b", "c"], &[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let abc = || range(&table, "a", "c");
    assert_eq!(values(binary(BinaryOp::Sub, number(1.0), abc())), [0.0, -1.0, -2.0, -3.0, -4.0, -5.0]);
    assert_eq!(values(binary(BinaryOp::Mul, abc(), one(&table, "a"))), [1.0, 2.0, 3.0, 16.0, 20.0, 24.0]);
    assert_eq!(values(binary(BinaryOp::Greater, abc(), number(3.5))), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(values(unary(UnaryOp::Neg, one(&table, "c"))), [-3.0, -6.0]);
    let column = reshape(abc(), &[None, Some(1)]);
    assert_eq!(field_type(&column).expect("a type").shape, [3, 1]);
    let outer = binary(BinaryOp::Mul, column.clone(), abc());
    assert_eq!(field_type(&outer).expect("a type").shape, [3, 3]);
    assert_eq!(values(outer)[9..], [16.0, 20.0, 24.0, 20.0, 25.0, 30.0, 24.0, 30.0, 36.0]);
    let both = FieldExpr::new(FieldNode::Concat(vec![column.clone(), column], 1), span(3));
    assert_eq!(values(both), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0, 6.0]);
    let mixed = FieldExpr::new(FieldNode::Concat(vec![one(&table, "c"), range(&table, "a", "b")], 0), span(3));
    assert_eq!(values(mixed), [3.0, 1.0, 2.0, 6.0, 4.0, 5.0]);
    assert_eq!(values(FieldExpr::new(FieldNode::First(abc()), span(3))), [1.0, 4.0]);
}

#[test]
fn classes_of_numbers_and_text() {
    let folder = Folder::new(&[("a.csv", b"n,t\n10,b\n9,10\n10.0,9\n-1,a\n")]);
    let table = folder.csv("a.csv");
    let names = |c: &str| match field_type(&classes(one(&table, c))).expect("a type").kind {
        FieldKind::Class { names } => names.join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!((names("n").as_str(), names("t").as_str()), ("-1 9 10", "9 10 a b"));
    assert_eq!(values(classes(one(&table, "n"))), [2.0, 1.0, 2.0, 0.0]);
    assert_eq!(values(classes(one(&table, "t"))), [3.0, 1.0, 0.0, 2.0]);
    assert_eq!(values(one_hot(classes(one(&table, "n")))), [0., 0., 1., 0., 1., 0., 0., 0., 1., 1., 0., 0.]);
}

#[test]
fn images_of_idx_files() {
    let body: Vec<u8> = (0..24).collect();
    let folder = Folder::new(&[("i.gz", &gzip(&idx(&[6, 2, 2], &body))), ("l", &idx(&[6], &[0, 1, 2, 0, 1, 2]))]);
    let image = idx_source(&folder, "i.gz");
    let scaled = reshape(binary(BinaryOp::Div, image.clone(), number(255.0)), &[Some(1), Some(2), Some(2)]);
    let z = load(&plan(
        vec![("i", standardize(image)), ("s", scaled), ("l", classes_n(idx_source(&folder, "l"), 3))],
        SplitSpec::AsGiven,
    ));
    let z = z.expect("loaded");
    assert_eq!(z.fields[1].kind.to_string(), "[1, 2, 2]");
    assert_close(&z.fields[1].values.all()[..2], &[0.0, 1.0 / 255.0]);
    assert_eq!(z.fields[2].values.all(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    // A picture without an axis of channels has one channel: mean 11.5, deviation sqrt((24^2 - 1) / 12).
    assert_eq!(
        z.fitted.fields["i"].estimates,
        [Estimate::Standardize { mean: vec![11.5], deviation: vec![(575.0f64 / 12.0).sqrt()] }]
    );
}

#[test]
fn given_splits_and_carving() {
    let folder = Folder::new(&[("a.csv", b"x\n1\n2\n3\n4\n5\n"), ("b.csv", b"x\n6\n7\n")]);
    let x = one(&folder.csv_split("a.csv", "b.csv"), "x");
    let data = load(&plan(vec![("x", standardize(x.clone()))], SplitSpec::AsGiven)).expect("loaded");
    assert_eq!((data.splits.train.len(), data.splits.test.as_slice()), (5, &[5, 6][..]));
    assert_close(&data.fields[0].values.all()[5..], &[2.1213203, 2.828427]);
    let carve = SplitSpec::Random { shares: vec![(Split::Validation, 0.2)], stratify: None, seed: 1 };
    let data = load(&plan(vec![("x", x)], carve)).expect("loaded");
    assert_eq!((data.splits.train.len(), data.splits.validation.len(), data.splits.test.len()), (4, 1, 2));
}

#[test]
fn the_examples_with_images() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let source = |train: &str, test: &str| {
        let file = |n: &str| vec![DataFile::new(format!("data/images/{n}"), root.join("data/images").join(n))];
        FieldExpr::new(FieldNode::Array(SourceSpec::Idx(given(file(train), file(test)))), span(2))
    };
    let image = source("fashion-mnist-train-6000-images-idx3-ubyte.gz", "fashion-mnist-test-1000-images-idx3-ubyte.gz");
    let label = source("fashion-mnist-train-6000-labels-idx1-ubyte.gz", "fashion-mnist-test-1000-labels-idx1-ubyte.gz");
    let split = SplitSpec::Random { shares: vec![(Split::Validation, 0.1)], stratify: None, seed: 1 };
    let image = reshape(binary(BinaryOp::Div, image, number(255.0)), &[Some(1), Some(28), Some(28)]);
    let plan = plan(vec![("image", image), ("label", classes_n(label, 10))], split);
    let (description, errors) = describe(&plan);
    assert_eq!((errors.len(), description.examples), (0, Some([5400, 600, 1000])));
    let data = load(&plan).expect("loaded");
    let first: f32 = data.fields[0].values.all().iter().take(784).sum();
    assert!(first > 10.0 && data.fields[0].values.all().iter().all(|v| (0.0..=1.0).contains(v)));
    assert_eq!((data.fields[0].rows, data.fields[1].kind.to_string().as_str()), (7000, "class(10)"));
}

#[test]
fn an_array_of_an_archive_is_chosen_by_name() {
    // Written by NumPy: np.savez_compressed("a.npz", x=np.arange(6, dtype="f4").reshape(3, 2), y=np.array([1, 0, 1]))
    let folder = Folder::new(&[("a.npz", include_bytes!("archive.npz"))]);
    let array = |name: &str| {
        let source = SourceSpec::Npz { files: PerSplit::Whole(vec![folder.file("a.npz")]), array: name.into() };
        FieldExpr::new(FieldNode::Array(source), span(2))
    };
    let data = load(&plan(vec![("x", array("x")), ("y", classes(array("y")))], SplitSpec::AsGiven)).expect("loaded");
    assert_eq!(
        (data.fields[0].kind.shape.as_slice(), &*data.fields[0].values.all()),
        (&[2][..], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..])
    );
    assert_eq!(data.fields[1].values.all(), [1.0, 0.0, 1.0]);
    let DataProblem::BadArray { format: "npz", reason, .. } = problem_of(array("z")) else { panic!() };
    assert!(reason.contains("`x` and `y`"), "{reason}");
}
