//! What can be done about a place: what it leaves checks as clean as what was there.

use crate::programs::programs;
use nnrun::check::{Checked, Overrides, check_text};
use nnrun::ide::names::{DeclarationKind, Meaning, Names};
use nnrun::ide::{Action, ActionKind, actions, apply, usual_names};
use nnrun::source::Span;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn check(path: &Path, text: &str) -> Checked {
    check_text(path, text, &Overrides::default())
}

/// The actions at the part between `$0` and `$1`, or at `$0` alone, and the text without the marks.
fn offered(marked: &str) -> (String, Vec<Action>) {
    let start = marked.find("$0").unwrap();
    let text = marked.replacen("$0", "", 1);
    let end = text.find("$1").unwrap_or(start);
    let text = text.replacen("$1", "", 1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/acted.nn");
    let checked = check(&path, &text);
    let found = actions(&checked, &Names::of(&checked), Span::new(checked.file, start, end), &[]);
    (text, found)
}

/// The text after the action whose title begins so.
fn after(marked: &str, title: &str) -> String {
    let (text, found) = offered(marked);
    let titles: Vec<&str> = found.iter().map(|a| a.title.as_str()).collect();
    let action = found.iter().find(|a| a.title.starts_with(title)).unwrap_or_else(|| panic!("{titles:?}"));
    apply(&text, &action.edits)
}

fn is_offered(marked: &str, title: &str) -> bool {
    offered(marked).1.iter().any(|a| a.title.starts_with(title))
}

#[test]
fn stages_become_a_block() {
    let text = "hyper n = 8\n\nblock B(units)(x: [T, D]) -> [T, units] {\n  let m = x * 2\n  x |> $0Dense(units) |> relu |> CrossAttention(2)(m)$1\n    |> Dense(units)\n}\n";
    insta::assert_snapshot!(after(text, "make a block"), @r"
    hyper n = 8

    block B(units)(x: [T, D]) -> [T, units] {
      let m = x * 2
      x |> Extracted(units)(m)
        |> Dense(units)
    }

    block Extracted(units)(x, m) {
      x |> Dense(units) |> relu |> CrossAttention(2)(m)
    }
    ");
    // Half a stage is none.
    assert!(!is_offered(&text.replace("relu |> Cross", "re$1lu |> Cross").replacen("(m)$1", "(m)", 1), "make a block"));
}

#[test]
fn a_layer_gets_a_name() {
    let text = "model M(x: [4]) -> [2] {\n  x |> $0Dense(8) |> relu |> Dense(2)\n}\n";
    insta::assert_snapshot!(after(text, "name this layer"), @r"
    model M(x: [4]) -> [2] {
      let dense = Dense(8)
      x |> dense |> relu |> Dense(2)
    }
    ");
    let text = "model M(x: [4]) -> [4] {\n  x |> residual { $0LayerNorm |> Dense(4) }\n}\n";
    insta::assert_snapshot!(after(text, "name this layer"), @r"
    model M(x: [4]) -> [4] {
      x |> residual { let layer_norm = LayerNorm; layer_norm |> Dense(4) }
    }
    ");
    assert!(!is_offered("model M(x: [4]) {\n  let a = $0Dense(8)\n  x |> a\n}\n", "name this layer"));
}

#[test]
fn a_let_goes_into_its_place() {
    let text = "model M(x: [4]) -> [4] {\n  let $0h = x + 1\n  let y = h * 2\n  y - h\n}\n";
    insta::assert_snapshot!(after(text, "put the value"), @r"
    model M(x: [4]) -> [4] {
      let y = (x + 1) * 2
      y - (x + 1)
    }
    ");
    // Twice would be two layers.
    assert!(!is_offered("model M(x: [4]) {\n  let $0h = x |> Dense(4)\n  h + h\n}\n", "put the value"));
    let text = "model M(x: [4]) -> [2] {\n  let $0h = x |> Dense(4)\n  h |> relu |> Dense(2)\n}\n";
    insta::assert_snapshot!(after(text, "put the value"), @r"
    model M(x: [4]) -> [2] {
      x |> Dense(4) |> relu |> Dense(2)
    }
    ");
    // The name means something else further down.
    assert!(!is_offered("model M(x: [4]) {\n  let $0h = x + 1\n  let x = x * 2\n  h + x\n}\n", "put the value"));
}

#[test]
fn arguments_get_their_names() {
    let text = "model M(x: [1, 8, 8]) {\n  x |> Conv2d($04, 3, padding: same)\n}\n";
    assert!(after(text, "give the arguments").contains("Conv2d(channels: 4, kernel: 3, padding: same)"));
    let text = "model M(x: [4]) {\n  leaky_relu($0x, 0.2)\n}\n";
    assert!(
        after(text, "give the arguments").contains("leaky_relu(x, slope: 0.2)")
            || after(text, "give the arguments").contains("leaky_relu(x, ")
    );
}

const TRAINED: &str = "data d {\n  let t = rows([[1, 2, 0], [2, 3, 1], [1, 1, 0]], columns: [a, b, c])\n  field x = t[a, b]\n  field y = t.c |> classes\n}\n\
                       model M(x: [2]) -> logits: [2] {\n  x |> Dense(2)\n}\n\n\
                       train M on d {\n  loss:      $0cross_entropy(logits, y)  # what else\n  optimizer: Adam(lr: 1e-3)\n  epochs:    3\n}\n";

#[test]
fn settings_are_added_below_the_others() {
    assert!(after(TRAINED, "add `batch").ends_with("  epochs:    3\n  batch:     32\n}\n"));
    assert!(after(TRAINED, "add `metrics").contains("\n  metrics:   [accuracy]\n"));
    assert!(after(TRAINED, "add `seed").contains("\n  seed:      42\n"));
    assert!(after(TRAINED, "add `keep").contains("best(train.loss)"));
    assert!(!is_offered(TRAINED, "add `epochs"));
}

#[test]
fn data_gets_a_split() {
    let data = |n: usize, field: &str| {
        format!("data d {{\n  $0let t = moons({n}, seed: 1)\n  field x = {field}  # both\n}}\n")
    };
    let text = after(&data(200, "t[x0, x1]"), "add `split");
    assert!(text.ends_with("# both\n  split: random(train: 80%, validation: 10%, test: 10%, seed: 1)\n}\n"), "{text}");
    assert!(after(&data(200, "t.x0 |> windows(4)"), "add `split").contains("split: ordered("));
    assert!(!is_offered(&data(20, "t[x0, x1]"), "add `split"));
    assert!(!is_offered(&text.replacen("let", "$0let", 1), "add `split"));
}

#[test]
fn facts_come_from_the_last_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("expect-of-a-run");
    let _ = std::fs::remove_dir_all(&folder);
    let run = folder.join("runs/acted/1");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::write(folder.join("runs/acted/latest"), "1\n").unwrap();
    let report = "{\"event\":\"epoch\",\"epoch\":1,\"validation\":{\"loss\":0.5}}\n\
                  {\"event\":\"done\",\"epochs\":3,\"test\":{\"loss\":0.12345,\"accuracy\":0.9571},\"seconds\":0.4}\n";
    std::fs::write(run.join("metrics.jsonl"), report).unwrap();
    let text = TRAINED
        .replace("$0", "")
        .replace("epochs:    3", "epochs:    3\n  metrics:   [accuracy]")
        .replace("= t.c |> classes\n", "= t.c |> classes\n  split: random(train: 1/3, test: 2/3, seed: 1)\n");
    let checked = check(&folder.join("acted.nn"), &text);
    assert!(!checked.has_errors(), "{:?}", checked.diagnostics);
    let at = text.find("train M").unwrap();
    let at = Span::new(checked.file, at, at);
    let found = actions(&checked, &Names::of(&checked), at, &[folder.join("none"), folder.join("runs")]);
    let facts: Vec<&Action> = found.iter().filter(|a| a.title.starts_with("expect")).collect();
    let titles: Vec<&str> = facts.iter().map(|a| a.title.as_str()).collect();
    assert_eq!(
        titles,
        ["expect `test.loss <= 0.13`, as in the last run", "expect `test.accuracy >= 0.95`, as in the last run"]
    );
    for fact in facts {
        let changed = apply(&text, &fact.edits);
        let again = check(&folder.join("acted.nn"), &changed);
        assert!(!again.has_errors(), "{:?}\n{changed}", again.diagnostics);
        assert!(changed.contains("expect {\n"));
    }
}

#[test]
fn fixes_of_diagnostics_are_quick_fixes() {
    let (text, found) = offered("model M(x: [4]) -> [2] {\n  x |> $0Linear(8) |> nn.relu |> Dnse(2)\n}\n");
    let fix = found.iter().find(|a| a.kind == ActionKind::QuickFix).unwrap();
    assert!(fix.is_preferred && fix.fixes.is_some());
    assert!(apply(&text, &fix.edits).contains("Dense(8)"));
    let all = found.iter().find(|a| a.kind == ActionKind::FixAll).unwrap();
    let fixed = apply(&text, &all.edits);
    assert!(fixed.contains("Dense(8)") && fixed.contains("Dense(2)"), "{fixed}");
}

#[test]
fn warnings_can_be_allowed_where_they_are() {
    let text = "model Net(x: [1, 8, 8]) -> [2] {\n  let $0unused = 3\n  x |> Flatten |> Dense(2)\n}\n";
    let (plain, found) = offered(text);
    let allow: Vec<&Action> = found.iter().filter(|a| a.title.starts_with("allow L")).collect();
    let [allow] = allow.as_slice() else { panic!("{found:?}") };
    assert_eq!((allow.kind, allow.is_preferred), (ActionKind::QuickFix, false));
    assert!(allow.fixes.is_some());
    let path = Path::new("allowed.nn");
    assert_eq!(check(path, &plain).diagnostics.len(), 1);
    let allowed = apply(&plain, &allow.edits);
    assert!(allowed.contains("let unused = 3  # allow(L"), "{allowed}");
    assert_eq!(check(path, &allowed).diagnostics, []);
    // Where nothing is told there is nothing to allow, and an error cannot be.
    assert!(!is_offered(&text.replace("$0", "").replace("Flatten", "$0Flatten"), "allow"));
    assert!(!is_offered("model M(x: [4]) -> [2] {\n  x |> $0Linear(2)\n}\n", "allow"));
}

#[test]
fn names_against_the_convention_have_usual_ones() {
    let text = "block conv_unit(hiddenSize)(x: [d]) -> [hiddenSize] {\n  x |> Dense(hiddenSize)\n}\n";
    let checked = check(Path::new("names.nn"), text);
    let names = Names::of(&checked);
    let usual = |word: &str| {
        let at = text.find(word).unwrap();
        let found = usual_names(&checked, &names, Span::new(checked.file, at, at));
        found.into_iter().map(|usual| (usual.title, usual.name)).collect::<Vec<_>>()
    };
    let rename = |from: &str, to: &str| vec![(format!("rename `{from}` to `{to}`"), to.to_owned())];
    assert_eq!(usual("conv_unit"), rename("conv_unit", "ConvUnit"));
    assert_eq!(usual("hiddenSize"), rename("hiddenSize", "hidden_size"));
    assert_eq!(usual("d]"), rename("d", "D"));
    assert_eq!(usual("Dense"), []);
}

/// Every action of every program, at each place where there could be one.
#[test]
fn what_was_clean_stays_clean() {
    let none: &[PathBuf] = &[];
    let mut done = [0; 3];
    for (path, text) in programs() {
        let checked = check(&path, &text);
        assert!(checked.diagnostics.is_empty(), "{}", path.display());
        let names = Names::of(&checked);
        let mut places: Vec<Span> = names
            .in_file(checked.file)
            .iter()
            .filter(|n| matches!(n.meaning, Meaning::Entry(_) | Meaning::Declared(_) | Meaning::Setting(_)))
            .map(|n| n.span.start_point())
            .step_by(4)
            .collect();
        let lets = [DeclarationKind::Let, DeclarationKind::Layer];
        places.extend(names.declarations.iter().filter(|d| lets.contains(&d.kind)).map(|d| d.span.start_point()));
        // Selections: from one bar of a pipeline to the end of its line.
        for (at, _) in text.match_indices("|>") {
            let end = text[at..].find(['\n', '}']).map_or(text.len(), |i| at + i);
            let start = at + 2;
            let length = text[start..end].trim_end().len();
            places.push(Span::new(checked.file, start, start + length));
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for place in places {
            for action in actions(&checked, &names, place, none) {
                let changed = apply(&text, &action.edits);
                // Of actions of one kind in one program a few say enough, where they are many.
                let count = seen.iter().filter(|s| s.starts_with(&format!("{:?}", action.kind))).count();
                if count >= 4 || !seen.insert(format!("{:?}{changed}", action.kind)) {
                    continue;
                }
                done[match action.kind {
                    ActionKind::Extract => 0,
                    ActionKind::Inline => 1,
                    _ => 2,
                }] += 1;
                let again = check(&path, &changed);
                let told: Vec<String> = again
                    .diagnostics
                    .iter()
                    .map(|d| format!("{} {} at {}", d.code, d.message, again.sources.location(d.span())))
                    .collect();
                assert!(told.is_empty(), "{}: {}: {told:#?}\n{changed}", path.display(), action.title);
            }
        }
    }
    assert!(done[0] > 50 && done[1] > 8 && done[2] > 50, "{done:?}");
}
