//! Characters, words and lines: their names, their classes, their lengths.

use super::*;

fn vocabulary(kind: TokenKind) -> Vocabulary {
    Vocabulary { kind, max: None, unknown: false, start: false, end: false }
}

fn text(folder: &Folder, name: &str) -> SourceSpec {
    SourceSpec::Text(PerSplit::Whole(vec![folder.file(name)]))
}

fn lines(folder: &Folder, name: &str) -> TableExpr {
    TableExpr::source(SourceSpec::Lines(PerSplit::Whole(vec![folder.file(name)])), span(1))
}

fn stream(source: SourceSpec, vocabulary: Vocabulary) -> FieldExpr {
    FieldExpr::new(FieldNode::Stream { source, vocabulary, like: None }, span(3))
}

fn tokens(field: FieldExpr, vocabulary: Vocabulary) -> FieldExpr {
    FieldExpr::new(FieldNode::Tokens { field, vocabulary, like: None }, span(3))
}

fn tokens_like(field: FieldExpr, vocabulary: Vocabulary, like: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::Tokens { field, vocabulary, like: Some(like) }, span(3))
}

fn windows(field: FieldExpr, length: usize, stride: usize, offset: usize) -> FieldExpr {
    FieldExpr::new(FieldNode::Windows { field, length, stride, offset }, span(3))
}

fn first(field: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::First(field), span(3))
}

fn pad(field: FieldExpr, length: usize, value: Option<f64>) -> FieldExpr {
    FieldExpr::new(FieldNode::Pad { field, length, value }, span(3))
}

fn names_of(field: &Field) -> Vec<String> {
    match &field.kind.kind {
        FieldKind::Class { names } => names.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// The examples in words.
fn spelled(field: &Field) -> Vec<Vec<String>> {
    let names = names_of(field);
    (0..field.rows).map(|row| field.example(row).iter().map(|c| names[*c as usize].clone()).collect()).collect()
}

fn load_one(expr: FieldExpr, split: SplitSpec) -> Dataset {
    load(&plan(vec![("x", expr)], split)).expect("loaded")
}

#[test]
fn a_text_is_a_row_a_character() {
    let folder = Folder::new(&[("a.txt", "ba é2\r\n10".as_bytes())]);
    let characters = stream(text(&folder, "a.txt"), vocabulary(TokenKind::Characters));
    let data = load_one(characters.clone(), SplitSpec::AsGiven);
    assert_eq!(names_of(&data.fields[0]), ["0", "1", "2", "\n", " ", "a", "b", "é"], "numbers, then by code point");
    assert_eq!(spelled(&data.fields[0]).concat().concat(), "ba é2\n10");
    let fields = vec![("x", windows(characters.clone(), 3, 2, 0)), ("next", windows(characters, 3, 2, 1))];
    let data = load(&plan(fields, SplitSpec::AsGiven)).expect("loaded");
    assert_eq!(data.fields[0].kind.to_string(), "class(8)[3]");
    let words = |i: usize| spelled(&data.fields[i]).into_iter().map(|w| w.concat()).collect::<Vec<_>>();
    assert_eq!(words(0), ["ba ", " é2", "2\n1"]);
    assert_eq!(words(1), ["a é", "é2\n", "\n10"]);
}

#[test]
fn texts_are_split_before_windows_are_made() {
    let folder = Folder::new(&[("a.txt", b"abcdefghij")]);
    let x = windows(stream(text(&folder, "a.txt"), vocabulary(TokenKind::Characters)), 3, 1, 0);
    let split = SplitSpec::Ordered { shares: vec![(Split::Train, 0.6), (Split::Test, 0.4)] };
    let data = load_one(x, split);
    let spelled: Vec<String> = spelled(&data.fields[0]).into_iter().map(|w| w.concat()).collect();
    assert_eq!(spelled, ["abc", "bcd", "cde", "def", "ghi", "hij"]);
    assert_eq!((data.splits.train.len(), data.splits.test.as_slice()), (4, &[4, 5][..]));
    assert_eq!(names_of(&data.fields[0]).len(), 10, "names are those of all splits");
}

#[test]
fn names_of_training_leave_the_rest_unknown() {
    let folder = Folder::new(&[("a.txt", b"abcabcaxyz"), ("new.txt", b"a?c")]);
    let unknown = Vocabulary { unknown: true, ..vocabulary(TokenKind::Characters) };
    let x = windows(stream(text(&folder, "a.txt"), unknown), 2, 1, 0);
    let split = SplitSpec::Ordered { shares: vec![(Split::Train, 0.7), (Split::Test, 0.3)] };
    let plan_of = |x: &FieldExpr| plan(vec![("x", x.clone())], split.clone());
    let (description, errors) = describe(&plan_of(&x));
    assert_eq!(errors, []);
    assert_eq!(description.field("x").and_then(|t| t.kind.classes()), Some(4));
    let data = load(&plan_of(&x)).expect("loaded");
    assert_eq!(names_of(&data.fields[0]), ["a", "b", "c", "<unknown>"]);
    assert_eq!(spelled(&data.fields[0])[6], ["<unknown>", "<unknown>"]);
    let new = SourceSpec::Text(PerSplit::Whole(vec![folder.file("new.txt")]));
    let applied = apply(&plan_of(&x), &data.fitted, Some(&new), &["x"]).expect("applied");
    assert_eq!(spelled(&applied.fields[0]), [["a", "<unknown>"], ["<unknown>", "c"]]);
    let most = Vocabulary { max: Some(2), ..vocabulary(TokenKind::Characters) };
    let data = load_one(stream(text(&folder, "a.txt"), most), SplitSpec::AsGiven);
    assert_eq!(names_of(&data.fields[0]), ["a", "b", "<unknown>"], "the most frequent, of equals the first by name");
    let known = stream(text(&folder, "a.txt"), vocabulary(TokenKind::Characters));
    let fitted = load(&plan_of(&windows(known.clone(), 2, 1, 0))).expect("loaded").fitted;
    let problem = *apply(&plan_of(&windows(known, 2, 1, 0)), &fitted, Some(&new), &["x"]).expect_err("`?`").problem;
    assert!(matches!(problem, DataProblem::UnknownClass { name, place: Some(p), .. } if name == "?" && p.line == 1));
}

#[test]
fn classes_of_training_leave_the_rest_unknown() {
    let folder = Folder::new(&[("a.csv", b"who,v\nann,1\nbob,2\nann,3\n"), ("b.csv", b"who,v\neve,1\n")]);
    let t = folder.csv_split("a.csv", "b.csv");
    let who = FieldExpr::new(FieldNode::KnownClasses(one(&t, "who")), span(3));
    let data = load_one(who, SplitSpec::AsGiven);
    assert_eq!(names_of(&data.fields[0]), ["ann", "bob", "<unknown>"]);
    assert_eq!(data.fields[0].values.all(), [0.0, 1.0, 0.0, 2.0]);
    let v = FieldExpr::new(FieldNode::KnownClasses(one(&t, "v")), span(3));
    let split = SplitSpec::AsGiven;
    assert_eq!(names_of(&load_one(v, split).fields[0]), ["1", "2", "3", "<unknown>"]);
}

#[test]
fn lines_are_sequences_of_characters() {
    let folder = Folder::new(&[("names.txt", b"bob\nann\n\neve\nal\n")]);
    let all = lines(&folder, "names.txt");
    let missing = problem_of(tokens(one(&all, LINE), vocabulary(TokenKind::Characters)));
    assert!(matches!(missing, DataProblem::Missing { columns, .. } if columns[0].first[0].line == 3));
    let line = one(&all.drop_missing(None, span(1)), LINE);
    let started = Vocabulary { start: true, ..vocabulary(TokenKind::Characters) };
    let ended = Vocabulary { end: true, ..vocabulary(TokenKind::Characters) };
    let read = tokens(line.clone(), started);
    let fields = vec![
        ("read", read.clone()),
        ("next", tokens_like(line.clone(), ended, read.clone())),
        ("plain", tokens(line.clone(), vocabulary(TokenKind::Characters))),
        ("initial", first(tokens(line, vocabulary(TokenKind::Characters)))),
    ];
    let plan = plan(fields, SplitSpec::AsGiven);
    let (description, errors) = describe(&plan);
    assert_eq!(errors, []);
    let data = load(&plan).expect("loaded");
    let [read, next, plain, initial] = data.fields.as_slice() else { panic!() };
    let words = |f: &Field| spelled(f).into_iter().map(|w| w.concat()).collect::<Vec<_>>();
    assert_eq!(words(read), ["<start>bob", "<start>ann", "<start>eve", "<start>al"]);
    assert_eq!(words(next), ["bob<end>", "ann<end>", "eve<end>", "al<end>"]);
    assert_eq!(words(initial), ["b", "a", "e", "a"]);
    assert_eq!(names_of(next)[..names_of(read).len()], names_of(read), "the same numbers for the same names");
    assert_eq!(read.kind.ragged, next.kind.ragged, "they have the same lengths");
    assert!(read.kind.ragged.is_some() && read.kind.ragged != plain.kind.ragged);
    assert_eq!((read.length(0), read.length(3), plain.length(3), plain.kind.shape[0]), (4, 3, 2, 3));
    for field in &data.fields {
        assert_eq!(description.field(&field.name), Some(&field.kind));
    }
    assert_eq!(data.ids.iter().collect::<Vec<_>>(), [0, 1, 3, 4]);
}

#[test]
fn columns_of_text_are_cut_into_words() {
    let folder = Folder::new(&[
        ("a.csv", b"review,stars\n\"good, very good\",5\nbad,1\n"),
        ("new.csv", b"review\nbad bad good\n"),
    ]);
    let t = folder.csv("a.csv");
    let review = tokens(one(&t, "review"), vocabulary(TokenKind::Words));
    let plan = plan(vec![("review", review), ("stars", one(&t, "stars"))], SplitSpec::AsGiven);
    let data = load(&plan).expect("loaded");
    assert_eq!(names_of(&data.fields[0]), [",", "bad", "good", "very"]);
    assert_eq!(spelled(&data.fields[0])[0], ["good", ",", "very", "good"]);
    let new = SourceSpec::Csv(PerSplit::Whole(vec![folder.file("new.csv")]));
    let applied = apply(&plan, &data.fitted, Some(&new), &["review"]).expect("applied");
    assert_eq!(spelled(&applied.fields[0]), [["bad", "bad", "good"]]);
    let problem = |expr| problem_of(expr);
    let words = || vocabulary(TokenKind::Words);
    assert!(matches!(problem(tokens(one(&t, "stars"), words())), DataProblem::TokensOf { .. }));
    let like = classes(one(&t, "stars"));
    let strange = problem(tokens_like(one(&t, "review"), words(), like));
    assert!(matches!(strange, DataProblem::NotInLike { token, .. } if token == ","));
    assert_eq!(problem(tokens_like(one(&t, "review"), words(), one(&t, "stars"))), DataProblem::LikeNotClass);
    let marked = Vocabulary { start: true, ..words() };
    assert!(matches!(problem(stream(text(&folder, "a.csv"), marked)), DataProblem::EndsOfOneText { .. }));
    folder.write("empty.txt", b" \n\n");
    assert!(matches!(problem(stream(text(&folder, "empty.txt"), words())), DataProblem::Empty { .. }));
}

#[test]
fn sequences_are_filled_up() {
    let t = rows(["id", "v"], &[[1.0, 1.0], [1.0, 2.0], [2.0, 3.0]]).sequences(vec!["id".into()], span(6));
    let fields = vec![
        ("v", pad(one(&t, "v"), 3, None)),
        ("pair", pad(range(&t, "v", "v"), 2, Some(-1.0))),
        ("class", pad(classes(one(&t, "v")), 3, None)),
    ];
    let data = load(&plan(fields, SplitSpec::AsGiven)).expect("loaded");
    let [v, pair, class] = data.fields.as_slice() else { panic!() };
    assert_eq!(v.values.all(), [1.0, 2.0, 0.0, 3.0, 0.0, 0.0]);
    assert_eq!(
        (v.kind.ragged.as_ref(), v.kind.shape.as_slice(), pair.kind.shape.as_slice()),
        (None, &[3][..], &[2, 1][..])
    );
    assert_eq!(pair.values.all(), [1.0, 2.0, 3.0, -1.0]);
    assert_eq!(class.values.all(), [0.0, 1.0, 3.0, 2.0, 3.0, 3.0]);
    assert_eq!(names_of(class), ["1", "2", "3", "<pad>"]);
    assert_eq!(problem_of(pad(one(&t, "v"), 1, None)), DataProblem::PadTooShort { length: 1, longest: 2 });
    assert_eq!(problem_of(pad(classes(one(&t, "v")), 3, Some(0.0))), DataProblem::PadOfClasses);
}

#[test]
fn the_texts_of_the_examples_hold_what_is_said_of_them() {
    let path = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/text").join(name);
    let file = |name: &str| vec![DataFile::new(name, path(name))];
    for (name, distinct, length) in [("as_you_like_it.txt", 68, 125_179), ("moby_dick.txt", 83, 1_190_317)] {
        let x = stream(SourceSpec::Text(PerSplit::Whole(file(name))), vocabulary(TokenKind::Characters));
        let (description, errors) = describe(&plan(vec![("x", x)], SplitSpec::AsGiven));
        assert_eq!(errors, []);
        assert_eq!(description.field("x").and_then(|t| t.kind.classes()), Some(distinct));
        assert_eq!(description.examples(Split::Train), Some(length));
    }
}
