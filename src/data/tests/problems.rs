//! Every kind of problem, with its words.

use super::*;

fn message(expr: FieldExpr) -> String {
    field_type(&expr).expect_err("a problem").diagnostic().message
}

fn file_message(name: &str, content: &[u8]) -> String {
    let folder = Folder::new(&[(name, content)]);
    schema(&folder.csv(name)).expect_err("a problem").diagnostic().message
}

#[test]
fn files() {
    assert_eq!(file_message("a.csv", b""), "`a.csv` is empty");
    assert_eq!(file_message("a.csv", b"a,b\n"), "`a.csv` has no rows");
    assert_eq!(file_message("a.csv", b"a,b\n1,2\n1,2,3\n"), "a.csv:3 has 3 cells, and there are 2 columns");
    let open_quote = Folder::new(&[("a.csv", b"a,b,c\n1,\"2,3\n4,5,6\n")]);
    let error = schema(&open_quote.csv("a.csv")).expect_err("a quote that stays open").diagnostic();
    assert_eq!(error.message, "a.csv:2 has a quote that is never closed");
    assert!(error.help[0].starts_with("close it where the cell ends"), "{:?}", error.help);
    let late_quote = Folder::new(&[("a.csv", b"a,b,c\n1,\"2,3\n4,5\",6,7\n")]);
    let error = schema(&late_quote.csv("a.csv")).expect_err("a quote that is closed late").diagnostic();
    assert_eq!(error.message, "a.csv:2 has 4 cells, and there are 3 columns");
    assert!(error.help[0].starts_with("a quote"), "{:?}", error.help);
    assert_eq!(file_message("a.csv", b"a,b\n1,2\n1\n"), "a.csv:3 has 1 cell, and there are 2 columns");
    assert_eq!(file_message("a.csv", b"a,b,a\n1,2,3\n"), "`a.csv` has two columns `a`");
    assert_eq!(file_message("a.csv", b"a,b\n1,2\nx,caf\xe9\n"), "a.csv:3 is not UTF-8");
    let mut cut = gzip(b"a,b\n1,2\n3,4\n5,6\n");
    cut.truncate(20);
    assert!(file_message("a.csv.gz", &cut).contains("damaged or cut short"));
    let folder = Folder::new(&[("iris.csv", b"a\n1\n")]);
    let error = schema(&folder.csv("irsi.csv")).expect_err("not there").diagnostic();
    assert_eq!(
        (error.message.as_str(), error.help[0].as_str()),
        ("there is no file `irsi.csv`", "there is `iris.csv`")
    );
}

#[test]
fn arrays() {
    let folder = Folder::new(&[
        ("cut", &idx(&[2, 2], &[1, 2, 3])),
        ("not", b"hello there"),
        ("a", &idx(&[2, 2], &[1; 4])),
        ("b", &idx(&[2, 3], &[1; 6])),
    ]);
    assert_eq!(
        message(idx_source(&folder, "cut")),
        "`cut` is not a sound idx file: it is cut short: its shape [2, 2] needs 4 bytes, and there are 3"
    );
    assert!(message(idx_source(&folder, "not")).contains("begins with 68 65"));
    let both = SourceSpec::Idx(given(vec![folder.file("a")], vec![folder.file("b")]));
    let both = FieldExpr::new(FieldNode::Array(both), span(1));
    assert!(matches!(problem_of(both), DataProblem::ArraysDiffer { .. }));
}

#[test]
fn text_and_missing_values() {
    let folder = Folder::new(&[("a.csv", b"a,b,c,d\n1,x,1,1\n2,y,,oops\n3,z,NA,3\n4,x,4,4\n5,x,5,5\n")]);
    let table = folder.csv("a.csv");
    assert_eq!(
        message(standardize(one(&table, "b"))),
        "`standardize` needs numbers, and column `b` holds \"x\" at a.csv:2"
    );
    assert_eq!(message(one(&table, "d")), "`a field` needs numbers, and column `d` holds \"oops\" at a.csv:3");
    let missing = field_type(&range(&table, "a", "a")).map(|t| t.shape);
    assert_eq!(missing, Ok(vec![1]));
    let error = field_type(&standardize(one(&table, "c"))).expect_err("missing").diagnostic();
    assert_eq!(error.message, "2 missing values of column `c` reach the field");
    assert_eq!(error.notes, ["`c`: 2 of 5, at a.csv:3, a.csv:4"]);
    assert!(matches!(problem_of(fill(one(&table, "b"), Filling::Mean)), DataProblem::FillMismatch { text: true, .. }));
    // One stray cell does not make a column of text.
    assert_eq!(
        message(fill(one(&table, "d"), Filling::Mean)),
        "`fill` needs numbers, and column `d` holds \"oops\" at a.csv:3"
    );
    let text = Filling::Text("x".into());
    assert!(matches!(problem_of(fill(one(&table, "c"), text)), DataProblem::FillMismatch { text: false, .. }));
    let empty = rows(["a"], &[[f64::NAN]]);
    assert!(matches!(problem_of(fill(one(&empty, "a"), Filling::Mean)), DataProblem::NothingToEstimate { .. }));
}

/// What other programs write into a gap, and how they write numbers.
#[test]
fn text_that_was_meant_otherwise() {
    let help = |cell: &str, expr: fn(FieldExpr) -> FieldExpr| {
        let content = format!("a;b\n1;2\n{cell};4\n5;6\n7;8\n9;1\n");
        let folder = Folder::new(&[("a.csv", content.as_bytes())]);
        field_type(&expr(one(&folder.csv("a.csv"), "a"))).expect_err("text").diagnostic().help
    };
    for gap in ["null", "None", "?", "-", "#N/A", "NULL", "n/a", "\\N"] {
        let told = format!("a missing value is an empty cell, `NA` or `NaN`, and not `{gap}`: replace it in the file");
        let then = "then fill the gaps with `|> fill(mean)`, or leave out their rows with `t |> drop_missing`";
        assert_eq!(help(gap, standardize), [&*told, then]);
        assert_eq!(help(gap, |a| a), [&*told, then]);
        assert_eq!(help(gap, |a| fill(a, Filling::Mean)), [&*told]);
    }
    // A column of which most are gaps is one of numbers all the same.
    let folder = Folder::new(&[("a.csv", b"a\n?\n?\n3\n")]);
    let filled = fill(one(&folder.csv("a.csv"), "a"), Filling::Mean);
    assert_eq!(message(filled), "`fill` needs numbers, and column `a` holds \"?\" at a.csv:2");
    assert_eq!(
        help("3,5", standardize),
        ["numbers are written with a point, 3.5: replace the decimal commas of the file"]
    );
    assert!(help("oops", standardize)[0].starts_with("empty cells, `NA` and `NaN` count as missing"));
}

/// A quote that is closed late makes one cell of many rows.
#[test]
fn what_is_told_of_a_long_cell_is_a_line() {
    let long = "x,y\n".repeat(1 << 18);
    let content = format!("a,b,\"{long}\"\n1,\"{long}\",1\n2,3,\n");
    let folder = Folder::new(&[("a.csv", content.as_bytes())]);
    let table = folder.csv("a.csv");
    let begins = "x,y\\n".repeat(15);
    let short = |expr: FieldExpr| {
        let told = field_type(&expr).expect_err("a problem").diagnostic();
        let lines = told.notes.iter().chain(&told.help).chain(told.labels.iter().map(|label| &label.message));
        assert!(lines.chain([&told.message]).all(|line| line.len() < 300 && !line.contains('\n')), "{told:?}");
        told.message
    };
    let told = short(standardize(one(&table, "b")));
    assert_eq!(told, format!("`standardize` needs numbers, and column `b` holds \"{begins}…\" at a.csv:262146"));
    short(one(&table, long.trim()));
    let misspelt = column(&table, &name("c"), span(2)).expect_err("no such column").diagnostic();
    assert!(misspelt.notes[0].len() < 300, "{:?}", misspelt.notes);
}

#[test]
fn labels() {
    let table = rows(["a", "b"], &[[0.0, 1.0], [1.0, 2.0], [2.0, 0.5]]);
    let error = field_type(&classes_n(one(&table, "a"), 2)).expect_err("2 of 2").diagnostic();
    assert_eq!(error.message, "`a` holds 2 at row 3 of rows, and the classes are 0 to 1");
    assert_eq!(error.help[0], "`classes(3)` has a class for every label that is there");
    assert!(message(classes_n(one(&table, "b"), 3)).contains("holds 0.5 at row 3"));
    assert!(matches!(problem_of(classes_n(one(&table, "a"), 0)), DataProblem::Argument { .. }));
    let shifted = binary(BinaryOp::Sub, one(&table, "a"), number(1.0));
    assert!(matches!(problem_of(classes_n(shifted, 3)), DataProblem::LabelOutside { .. }));
    assert!(matches!(problem_of(classes(standardize(one(&table, "a")))), DataProblem::ClassesOfEstimate));
    assert!(matches!(problem_of(one_hot(one(&table, "a"))), DataProblem::OneHotOfNumbers));
    assert!(matches!(problem_of(standardize(classes(one(&table, "a")))), DataProblem::ClassesForNumber { .. }));
    let folder = Folder::new(&[("l", &idx(&[3], &[0, 9, 11]))]);
    assert_eq!(
        message(classes_n(idx_source(&folder, "l"), 10)),
        "`l` holds 11 at row 3 of l, and the classes are 0 to 9"
    );
}

#[test]
fn numbers_that_are_not_finite() {
    let folder = Folder::new(&[("a.csv", b"a,b,c\n1,0,1e39\n2,inf,2\n")]);
    let table = folder.csv("a.csv");
    assert_eq!(message(one(&table, "b")), "`b` holds inf at a.csv:3");
    let error = field_type(&one(&table, "c")).expect_err("beyond 32 bits").diagnostic();
    assert_eq!(error.message, "`c` holds 1e39 at a.csv:2");
    assert_eq!(error.notes, ["networks compute with 32 bits, which hold numbers up to 3.4e38"]);
    for as_it_stands in [reshape(one(&table, "c"), &[Some(1)]), fill(one(&table, "c"), Filling::Mean)] {
        assert_eq!(message(as_it_stands), "`c` holds 1e39 at a.csv:2");
    }
    let low = rows(["a"], &[[1.0], [-4e38]]);
    assert_eq!(message(range(&low, "a", "a")), "`a` holds -4e38 at row 2 of rows");
    // What is computed of it is looked at where it is computed.
    assert_eq!(values(binary(BinaryOp::Div, one(&table, "c"), number(1e38))), [10.0, 2e-38]);
    assert_eq!(values(standardize(one(&table, "c"))), [1.0, -1.0]);
    let twice = binary(BinaryOp::Mul, one(&table, "c"), number(2.0));
    let data = load(&plan(vec![("x", twice)], SplitSpec::AsGiven)).expect_err("beyond 32 bits").diagnostic();
    assert_eq!(data.message, "`x` becomes 1e39 at a.csv:2");
    let zero = rows(["a"], &[[1.0], [0.0]]);
    assert_eq!(message(unary(UnaryOp::Log, one(&zero, "a"))), "`log` of 0: column `a` at row 2 of rows");
    let ratio = binary(BinaryOp::Div, number(1.0), one(&zero, "a"));
    let error = load(&plan(vec![("x", ratio)], SplitSpec::AsGiven)).expect_err("1 / 0").diagnostic();
    assert_eq!(error.message, "`x` divides by 0 at row 2 of rows");
}

#[test]
fn shapes() {
    let table = rows(["a", "b", "c"], &[[1.0, 2.0, 3.0]]);
    let abc = || range(&table, "a", "c");
    assert_eq!(message(binary(BinaryOp::Add, abc(), range(&table, "a", "b"))), "`+` of [3] and [2]");
    assert_eq!(message(reshape(abc(), &[Some(2), None])), "[3] cannot be reshaped to [2, _]");
    let joined = FieldExpr::new(FieldNode::Concat(vec![abc(), abc()], 1), span(3));
    assert!(matches!(problem_of(joined), DataProblem::NoAxis { axis: 1, .. }));
    assert!(matches!(
        problem_of(FieldExpr::new(FieldNode::First(one(&table, "a")), span(3))),
        DataProblem::NoAxis { .. }
    ));
    assert!(matches!(problem_of(number(1.0)), DataProblem::ConstantField));
    assert!(matches!(problem_of(rescale(abc(), 1.0, 0.0)), DataProblem::Argument { .. }));
}

#[test]
fn blocks() {
    let a = rows(["a"], &[[1.0], [2.0]]);
    let b = rows(["b"], &[[1.0], [2.0], [3.0]]);
    let errors = |plan: DataPlan| -> Vec<String> { describe(&plan).1.iter().map(|e| e.diagnostic().message).collect() };
    let block = plan(vec![("x", one(&a, "a")), ("y", one(&b, "b"))], SplitSpec::AsGiven);
    assert_eq!(errors(block), ["`x` has 2 examples, `y` has 3"]);
    let folder = Folder::new(&[("a.csv", b"a\n1\n2\n")]);
    let split = folder.csv_split("a.csv", "a.csv");
    let block = plan(vec![("x", one(&a, "a")), ("y", one(&split, "a"))], SplitSpec::AsGiven);
    assert_eq!(errors(block), ["the sources do not give the same splits"]);
    let by = |by: FieldExpr| SplitSpec::Random { shares: vec![(Split::Test, 0.5)], stratify: Some(by), seed: 0 };
    assert_eq!(
        errors(plan(vec![("x", one(&a, "a"))], by(one(&a, "a")))),
        ["`stratify` needs a class, and this is float"]
    );
    let shares = |shares: &[(Split, f64)]| SplitSpec::Random { shares: shares.to_vec(), stratify: None, seed: 0 };
    let with = |split: SplitSpec| errors(plan(vec![("x", one(&a, "a"))], split));
    assert_eq!(with(shares(&[(Split::Train, 0.8), (Split::Test, 0.3)])), ["the shares make 110 %, not 100 %"]);
    assert_eq!(with(shares(&[(Split::Test, 0.1)])), ["`test` gets no example: 10 % of 2 is less than one"]);
    assert_eq!(with(shares(&[(Split::Test, 0.0)])), ["`test` gets 0 %"]);
    let given = plan(vec![("x", one(&split, "a"))], shares(&[(Split::Test, 0.5)]));
    assert_eq!(errors(given), ["`test` is given by the sources already"]);
    // All independent errors of a block, each once.
    let block = plan(vec![("x", unary(UnaryOp::Log, number(0.0))), ("y", one_hot(one(&a, "a")))], SplitSpec::AsGiven);
    assert_eq!(errors(block).len(), 2);
}

#[test]
fn generators_have_bounds() {
    for source in [
        SourceSpec::Moons { n: 0, noise: 0.0, seed: 0 },
        SourceSpec::Spirals { n: 10, classes: 0, noise: 0.0, seed: 0 },
        SourceSpec::Blobs { n: 10, classes: 2, features: 0, std: 1.0, seed: 0 },
        SourceSpec::Sine { n: 10, periods: 1.0, noise: -1.0, seed: 0 },
        SourceSpec::Random { n: 10, features: 0, classes: None, seed: 0 },
        SourceSpec::Random { n: 10, features: 1, classes: Some(0), seed: 0 },
    ] {
        let error = schema(&TableExpr::source(source, span(1))).expect_err("out of bounds");
        assert!(matches!(*error.problem, DataProblem::Argument { .. }));
    }
    let ragged = SourceSpec::Rows { columns: vec!["a".into()], rows: vec![vec![Cell::Number(1.0)], vec![]] };
    let error = schema(&TableExpr::source(ragged, span(1))).expect_err("ragged").diagnostic();
    assert_eq!(error.message, "row 2 of rows has 0 cells, and there are 1 column");
}

mod whatever_the_bytes {
    use super::*;
    use proptest::prelude::*;

    /// Loads whatever can be loaded; only panics would be wrong.
    fn try_everything(folder: &Folder) {
        let table = folder.csv("f");
        if let Ok(schema) = schema(&table) {
            for column in &schema.columns {
                let Ok(field) = super::super::column(&table, &name(&column.name), span(1)) else { continue };
                let _ = load(&plan(vec![("x", standardize(field.clone()))], SplitSpec::AsGiven));
                let _ = load(&plan(vec![("y", classes(field))], SplitSpec::AsGiven));
            }
        }
        for source in [SourceSpec::Idx, SourceSpec::Npy] {
            let array = FieldExpr::new(FieldNode::Array(source(PerSplit::Whole(vec![folder.file("f")]))), span(1));
            let _ = load(&plan(vec![("x", standardize(array.clone())), ("y", classes(array))], SplitSpec::AsGiven));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bytes(content: Vec<u8>) {
            try_everything(&Folder::new(&[("f", &content)]));
        }

        #[test]
        fn tables(content in "a,b\n([0-9a\",.NA\r\n ]{0,40})") {
            try_everything(&Folder::new(&[("f", content.as_bytes())]));
        }

        #[test]
        fn idx_headers(code in 8u8..15, dims in proptest::collection::vec(0u32..4, 0..4), body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut file = idx(&dims, &body);
            file[2] = code;
            try_everything(&Folder::new(&[("f", &file)]));
        }

        #[test]
        fn npy_headers(descr in "[<>|][uifb][1248]", shape in "\\(([0-3], ?){0,3}\\)", order: bool, body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let order = if order { "True" } else { "False" };
            let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
            let mut file = b"\x93NUMPY\x01\x00".to_vec();
            file.extend((header.len() as u16).to_le_bytes());
            file.extend(header.as_bytes());
            file.extend(&body);
            try_everything(&Folder::new(&[("f", &file)]));
        }
    }
}
