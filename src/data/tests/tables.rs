//! Reading tables and choosing columns.

use super::*;

#[test]
fn csv_as_it_comes() {
    let text = "\u{feff}name, x ,\"y, in \"\"m\"\"\"\r\n\"a\nb\", 5 ,1e-3\r\n\r\nc,NA,\r\n\"d, e\",-1,7\r\n";
    let folder = Folder::new(&[("a.csv", text.as_bytes()), ("a.csv.gz", &gzip(text.as_bytes()))]);
    for file in ["a.csv", "a.csv.gz"] {
        let schema = schema(&folder.csv(file)).expect("a schema");
        assert_eq!(schema.names().collect::<Vec<_>>(), ["name", "x", "y, in \"m\""]);
        assert_eq!(schema.rows, [3, 0, 0]);
        let x = schema.column("x").expect("x");
        assert_eq!((x.kind, x.missing, x.integral()), (ColumnKind::Number, 1, true));
        assert_eq!(x.first_missing[0].line, 5, "the record before has two lines, and a blank one follows");
        assert_eq!((x.min.clone().map(|m| m.0), x.max.clone().map(|m| m.0)), (Some(-1.0), Some(5.0)));
        assert_eq!(schema.columns[0].distinct, Some(vec!["a\nb".into(), "c".into(), "d, e".into()]));
        assert_eq!(values(fill(one(&folder.csv(file), "x"), Filling::Number(9.0))), [5.0, 9.0, -1.0]);
    }
}

#[test]
fn other_delimiters() {
    let folder = Folder::new(&[("a.tsv", b"a\tb\n1\t2\n"), ("b.csv", b"a;b\n3;4\n"), ("c.csv", b"a\n5\n6")]);
    assert_eq!(values(range(&folder.csv("a.tsv"), "a", "b")), [1.0, 2.0]);
    assert_eq!(values(range(&folder.csv("b.csv"), "a", "b")), [3.0, 4.0]);
    assert_eq!(values(one(&folder.csv("c.csv"), "a")), [5.0, 6.0]);
    // The first line that is not blank says it, however lines end.
    for text in ["a;b\r1;2,5\r3;x,y\r", "\n\r\n\na;b\n1;2,5\n3;x,y\n", "\u{feff}a;b\r\n1;2,5\r\n3;x,y"] {
        folder.write("d.csv", text.as_bytes());
        let schema = schema(&folder.csv("d.csv")).expect("a schema");
        assert_eq!(schema.names().collect::<Vec<_>>(), ["a", "b"], "{text:?}");
        let blank = if text.starts_with('\n') { 3 } else { 0 };
        assert_eq!(schema.column("b").and_then(|b| b.first_text.clone()).map(|(_, at)| at.line), Some(2 + blank));
    }
}

#[test]
fn several_files_are_one_table() {
    let folder = Folder::new(&[("p-2.csv", b"b,a\n4,3\n"), ("p-1.csv", b"a,b\n1,2\n"), ("q.csv", b"a\n1\n")]);
    assert_eq!(values(range(&folder.csv("p-*.csv"), "a", "b")), [1.0, 2.0, 3.0, 4.0], "in the order of names");
    let both = SourceSpec::Csv(PerSplit::Whole(vec![folder.file("p-1.csv"), folder.file("q.csv")]));
    let error = schema(&TableExpr::source(both, span(1))).expect_err("different columns");
    let DataProblem::ColumnsDiffer { lacking, extra, .. } = *error.problem else { panic!("{error:?}") };
    assert_eq!((lacking, extra), (vec!["b".to_string()], vec![]));
}

#[test]
fn a_first_line_that_names_nothing() {
    use super::super::problem::FirstLine;
    for (text, wanted) in [
        ("3.67,1.66,b\n1,2,a\n", Some(FirstLine::Example)),
        ("# made by hand\n1\n", Some(FirstLine::Comment)),
        ("<!DOCTYPE html>\n<p>\n", Some(FirstLine::Page)),
        ("\u{feff}\n <html>\n<p>a, b</p>\n", Some(FirstLine::Page)),
        ("{\"a\": 1,\n \"b\": 2}\n", Some(FirstLine::Json)),
        ("[\n  {\"a\": 1, \"b\": 2},\n  {\"a\": 3}\n]\n", Some(FirstLine::Json)),
        ("[[1, 2], [3, 4]]", Some(FirstLine::Json)),
        ("<date>,<open>\n1,2\n", None),
        ("[a],{b}\n1,2\n", None),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", Some(FirstLine::GitLfs)),
        ("a,b,2020\n1,2,3\n", None),
    ] {
        let folder = Folder::new(&[("a.csv", text.as_bytes())]);
        let table = folder.csv("a.csv");
        let both = [Selector::Name(name("x")), Selector::Name(name("y"))];
        let of_columns = select(&table, &both, span(2)).expect_err("no such columns");
        let of_one = vec![column(&table, &name("x"), span(2)).expect_err("no such column")];
        for errors in [of_columns, of_one] {
            let found = match errors.as_slice() {
                [DataError { problem, span }] if matches!(**problem, DataProblem::NoHeader { .. }) => {
                    assert_eq!(*span, table.span, "told where the table is read");
                    let DataProblem::NoHeader { reading, .. } = **problem else { unreachable!() };
                    Some(reading)
                }
                _ => None,
            };
            assert_eq!(found, wanted, "{text}: {errors:?}");
        }
    }
}

#[test]
fn choosing_columns() {
    let table = rows(["a", "b", "c", "d", "e"], &[[1.0, 2.0, 3.0, 4.0, 5.0]]);
    let chosen = |selectors: &[Selector]| select(&table, selectors, span(2)).map(values);
    let n = |t: &str| Selector::Name(name(t));
    let r = |a: &str, b: &str| Selector::Range { from: name(a), to: name(b) };
    assert_eq!(chosen(&[n("c"), n("a")]), Ok(vec![3.0, 1.0]));
    assert_eq!(chosen(&[r("b", "d"), Selector::Except(vec![n("c")])]), Ok(vec![2.0, 4.0]));
    assert_eq!(chosen(&[Selector::Except(vec![r("b", "d")])]), Ok(vec![1.0, 5.0]));
    let problems = |selectors: &[Selector]| -> Vec<DataProblem> {
        chosen(selectors).expect_err("a problem").into_iter().map(|e| *e.problem).collect()
    };
    use DataProblem as P;
    assert!(matches!(problems(&[n("x1"), n("bb")])[..], [P::NoColumn { .. }, P::NoColumn { .. }]));
    assert!(matches!(problems(&[r("d", "b")])[..], [P::RangeReversed { .. }]));
    assert!(matches!(problems(&[r("a", "c"), n("b")])[..], [P::ChosenTwice { .. }]));
    assert!(matches!(problems(&[n("a"), Selector::Except(vec![n("a")])])[..], [P::NothingChosen]));
    assert!(matches!(problems(&[n("a"), Selector::Except(vec![n("b")])])[..], [P::ExceptNotChosen { .. }]));
}

#[test]
fn a_misspelt_column_is_repaired() {
    let error = column(&example("data/tabular/iris.csv"), &name("petal_widht_cm"), span(2)).expect_err("misspelt");
    let diagnostic = error.diagnostic();
    assert_eq!(diagnostic.message, "`data/tabular/iris.csv` has no column `petal_widht_cm`");
    assert_eq!(diagnostic.fixes[0].edits[0].text, "petal_width_cm");
    assert_eq!(diagnostic.fixes[0].edits[0].span, name("petal_widht_cm").span);
}

#[test]
fn dropping_rows() {
    let nan = f64::NAN;
    let table = rows(["a", "b"], &[[1.0, nan], [nan, 2.0], [3.0, 3.0], [4.0, 5.0]]);
    let all = table.clone().drop_missing(None, span(1));
    assert_eq!(values(range(&all, "a", "b")), [3.0, 3.0, 4.0, 5.0]);
    assert_eq!(schema(&all).expect("a schema").rows, [2, 0, 0]);
    let some = table.clone().drop_missing(Some(vec!["b".into()]), span(1));
    assert_eq!(values(one(&some, "b")), [2.0, 3.0, 5.0]);
    let DataProblem::Missing { columns, .. } = problem_of(one(&some, "a")) else { panic!() };
    assert_eq!((columns[0].count, columns[0].first[0].line), (1, 2));
    // Classes are those of the rows that are left.
    let kind = field_type(&classes(one(&all, "b"))).expect("a type").kind;
    assert_eq!(kind, FieldKind::Class { names: vec!["3".to_string(), "5".to_string()].into() });
    let data = load(&plan(vec![("b", one(&all, "b"))], SplitSpec::AsGiven)).expect("loaded");
    assert_eq!(data.ids.iter().collect::<Vec<_>>(), [2, 3]);
    let differ = plan(vec![("a", one(&all, "b")), ("b", one(&table, "b"))], SplitSpec::AsGiven);
    assert!(!describe(&differ).1.is_empty());
}

#[test]
fn penguins() {
    let table = example("data/tabular/penguins.csv");
    let schema = schema(&table).expect("a schema");
    assert_eq!(schema.total_rows(), 344);
    assert_eq!(schema.column("sex").map(|c| (c.kind, c.missing)), Some((ColumnKind::Text, 11)));
    let complete = table.clone().drop_missing(None, span(1));
    assert_eq!(super::schema(&complete).expect("a schema").rows, [333, 0, 0]);
    let DataProblem::Missing { columns, .. } = problem_of(range(&table, "bill_length_mm", "body_mass_g")) else {
        panic!()
    };
    assert_eq!(columns.len(), 4);
    assert_eq!((columns[0].count, columns[0].first[0].to_string().as_str()), (2, "data/tabular/penguins.csv:5"));
    let sex = field_type(&classes(fill(one(&table, "sex"), Filling::Text("unknown".into())))).expect("a type");
    assert_eq!(sex.to_string(), "class(3)");
}

#[test]
fn generators_never_change() {
    let first = |source: SourceSpec, from: &str, to: &str| {
        let mut v = values(range(&TableExpr::source(source, span(1)), from, to));
        v.truncate(6);
        v
    };
    let moons = first(SourceSpec::Moons { n: 100, noise: 0.0, seed: 1 }, "x0", "label");
    assert_close(&moons, &[1.0, 0.0, 0.0, 0.0, 0.5, 1.0]);
    let spirals = SourceSpec::Spirals { n: 30, classes: 3, noise: 0.0, seed: 1 };
    assert_close(&first(spirals.clone(), "x0", "label"), &[0.05, 0.0, 0.0, -0.025, 0.0433012, 1.0]);
    let table = TableExpr::source(spirals, span(1));
    assert_eq!(field_type(&classes(one(&table, "label"))).expect("a type").to_string(), "class(3)");
    let blobs = SourceSpec::Blobs { n: 10, classes: 2, features: 3, std: 0.5, seed: 3 };
    assert_eq!(first(blobs.clone(), "x0", "label"), first(blobs, "x0", "label"));
    let sine = SourceSpec::Sine { n: 5, periods: 1.0, noise: 0.0, seed: 0 };
    assert_close(&first(sine, "y", "y"), &[0.0, 1.0, 0.0, -1.0, 0.0]);
}

/// Evenly spread, the same each time, of another seed others; whole numbers where there are classes.
#[test]
fn random_numbers_are_those_of_the_seed() {
    let all = |classes, seed| {
        let source = SourceSpec::Random { n: 2000, features: 3, classes, seed };
        values(range(&TableExpr::source(source, span(1)), "x0", "x2"))
    };
    let numbers = all(None, 1);
    assert_eq!(numbers.len(), 6000);
    assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
    let mean = numbers.iter().map(|x| f64::from(*x)).sum::<f64>() / 6000.0;
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
    assert_eq!(numbers, all(None, 1));
    assert_ne!(numbers, all(None, 2));
    let classes = all(Some(5), 1);
    for class in 0..5 {
        let count = classes.iter().filter(|x| **x == class as f32).count();
        assert!((1000..1400).contains(&count), "{count} of {class}");
    }
    let table = TableExpr::source(SourceSpec::Random { n: 200, features: 1, classes: Some(4), seed: 1 }, span(1));
    assert_eq!(field_type(&super::classes(one(&table, "x0"))).expect("a type").to_string(), "class(4)");
}

#[test]
fn big_files_are_scanned_once() {
    let mut text = String::from("a,b\n");
    for i in 0..60_000 {
        text += &format!("{i},{}\n", i % 7);
    }
    let folder = Folder::new(&[("big.csv", text.as_bytes())]);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let file = std::fs::File::options().write(true).open(folder.path("big.csv")).expect("opened");
    file.set_modified(old).expect("set");
    let table = folder.csv("big.csv");
    let first = schema(&table).expect("scanned");
    let again = std::time::Instant::now();
    assert_eq!(schema(&table).expect("kept"), first);
    assert!(again.elapsed() < std::time::Duration::from_millis(20), "{:?}", again.elapsed());
    assert_eq!(first.column("a").and_then(|c| c.distinct.clone()), None);
    assert_eq!(first.column("b").and_then(|c| c.distinct.clone()).map(|d| d.len()), Some(7));
    // More classes than a scan keeps are counted by reading.
    assert_eq!(field_type(&classes(one(&table, "a"))).expect("a type").kind.classes(), Some(60_000));
}
