//! Lints: how they are silenced and denied, and where they must say nothing.

use super::cli::nnrun;
use super::explanations::programs;
use super::snapshot::{compare, repository};
use super::ui::rendered;
use nnrun::check::{Checked, LintLevels, LintName, Overrides, allow_fix, check_text};
use nnrun::diagnostics::{Code, Format, Severity, Style, render_all};
use std::path::Path;

fn check_with(program: &str, lints: LintLevels) -> Checked {
    check_text(Path::new("examples/page.nn"), program, &Overrides { lints, ..Overrides::default() })
}

fn check(program: &str) -> Checked {
    check_with(program, LintLevels::default())
}

fn codes(checked: &Checked) -> Vec<&'static str> {
    checked.diagnostics.iter().map(|d| d.code.text()).collect()
}

/// The lints that a comment can silence, each with the wrong programs of its page.
fn wrong_programs() -> Vec<(Code, String)> {
    let lints = Code::ALL.iter().filter(|c| c.severity() == Severity::Warning);
    let lints = lints.filter(|c| !matches!(c, Code::L0121 | Code::L0122));
    lints.flat_map(|code| programs(code.explanation(), "wrong").into_iter().map(|p| (*code, p))).collect()
}

#[test]
fn every_lint_can_be_silenced_where_it_stands() {
    let all = wrong_programs();
    assert!(all.len() >= 20, "{}", all.len());
    for (code, program) in all {
        let checked = check(&program);
        let diagnostic = checked.diagnostics.first().unwrap_or_else(|| panic!("{code} is not told:\n{program}"));
        let fix = allow_fix(&checked.sources, diagnostic).unwrap();
        let mut silenced = program.clone();
        for edit in &fix.edits {
            silenced.replace_range(edit.span.range(), &edit.text);
        }
        let after = check(&silenced);
        assert!(after.diagnostics.is_empty(), "{code} with its comment:\n{silenced}\n{}", rendered(&after));
        // The formatter keeps the comment, and what it is about.
        let mut sources = nnrun::source::SourceMap::new();
        let file = sources.add("page.nn", silenced.as_str());
        let formatted = nnrun::syntax::format(file, &silenced).unwrap();
        let after = check(&formatted);
        assert!(after.diagnostics.is_empty(), "{code}, formatted:\n{formatted}\n{}", rendered(&after));
    }
}

#[test]
fn every_lint_can_be_silenced_above_its_line_and_for_its_file() {
    for (code, program) in wrong_programs() {
        let checked = check(&program);
        let at = checked.diagnostics[0].span().start as usize;
        let line = program[..at].rfind('\n').map_or(0, |n| n + 1);
        // Above the first item, it would be about the file.
        let lead = "hyper _first = 1\n";
        let above = format!("{lead}{}  # allow({code})\n{}", &program[..line], &program[line..]);
        let whole = format!("# What it shows.\n#allow(L0101, {code}): as an example\n\n{program}");
        let after = check(&above);
        assert!(after.diagnostics.is_empty(), "{above}\n{}", rendered(&after));
        let after = check(&whole);
        // The code that is not there is told.
        let others: Vec<Code> = after.diagnostics.iter().map(|d| d.code).collect();
        let expected: &[Code] = if code == Code::L0101 { &[] } else { &[Code::L0121] };
        assert_eq!(others, expected, "{whole}\n{}", rendered(&after));
    }
}

/// A quote that is closed late makes one cell of many rows. What is told of it is a line all the same.
#[test]
fn what_is_told_of_a_long_cell_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("\"{}\"", "1,a,b\n".repeat(1 << 12));
    let rows: String =
        (0..20).map(|i| format!("{i},{long},{}\n", if i == 3 { &*long } else { ["a", "b"][i % 2] })).collect();
    std::fs::write(folder.path().join("d.csv"), format!("x,same,y\n{rows}")).unwrap();
    let program = "data d {
  let t      = csv(\"d.csv\")
  field x    = t[x]
  field same = t.same |> classes |> one_hot
  field y    = t.y |> classes
  split: ordered(train: 80%, test: 20%)
}
model Net(x: [1], same: [1]) -> logits: [3] { concat([x, same]) |> Dense(3) }
train Net on d { loss: cross_entropy(logits, y); optimizer: SGD(lr: 0.1); epochs: 1; batch: 4 }
";
    let checked = check_text(&folder.path().join("d.nn"), program, &Overrides::default());
    let told = render_all(&checked.sources, &checked.diagnostics, Format::Human, Style::default());
    assert_eq!(codes(&checked), ["L0118", "L0120"], "{told}");
    assert!(told.lines().count() < 40 && told.lines().all(|line| line.chars().count() < 250), "{told}");
    assert!(told.contains(r"`1,a,b\n1,a,b\n"), "{told}");
}

#[test]
fn a_comment_above_a_statement_is_about_all_of_it() {
    let body = "  let h = x\n    |> Dense(8)\n    |> Dense(8)\n  h |> relu\n";
    let model = |body: &str| format!("hyper _a = 1\nmodel Net(x: [4]) -> out: [8] {{\n{body}}}\n");
    assert_eq!(codes(&check(&model(body))), ["L0112"]);
    assert!(codes(&check(&model(&format!("  # allow(L0112)\n{body}")))).is_empty());
    // Of the line below it, a stage is a line of its own.
    let stage = body.replace("    |> Dense(8)\n  h", "    # allow(L0112)\n    |> Dense(8)\n  h");
    assert!(codes(&check(&model(&stage))).is_empty(), "{stage}");
    // One line too early is no use, and told.
    let early = body.replace("  let h = x\n", "  let h = x  # allow(L0112)\n");
    assert_eq!(codes(&check(&model(&early))), ["L0121", "L0112"]);
    // Above the item, it is about all of it.
    let item = model(body).replace("model", "# allow(L0112)\nmodel");
    assert!(codes(&check(&item)).is_empty(), "{item}");
}

#[test]
fn comments_that_allow_nothing_are_not_judged_where_something_is_wrong() {
    let program = "model Net(x: [4]) -> out: [2] {\n  # allow(L0112)\n  x |> Dense(2) |> Dens(3)\n}\n";
    assert!(codes(&check(program)).iter().all(|c| c.starts_with('E')));
}

#[test]
fn denied_warnings_are_errors_and_allowed_ones_are_gone() {
    let program = "model Net(x: [4]) -> out: [2] {\n  let a = 1\n  x |> Dense(8) |> Dense(2)\n}\n";
    let levels = |deny: &[&str], allow: &[&str]| {
        let parse = |names: &[&str]| names.iter().map(|n| n.parse::<LintName>().unwrap()).collect();
        check_with(program, LintLevels { deny: parse(deny), allow: parse(allow) })
    };
    let severities = |c: &Checked| c.diagnostics.iter().map(|d| (d.code.text(), d.is_error())).collect::<Vec<_>>();
    assert_eq!(severities(&levels(&[], &[])), [("L0103", false), ("L0112", false)]);
    assert_eq!(severities(&levels(&["L0112"], &[])), [("L0103", false), ("L0112", true)]);
    assert_eq!(severities(&levels(&["warnings"], &["l0103"])), [("L0112", true)]);
    assert_eq!(severities(&levels(&["L0103"], &["warnings"])), [("L0103", true)]);
    for (name, said) in
        [("E0301", "is an error"), ("L0199", "no lint"), ("L011O", "a similar one is"), ("all", "no lint")]
    {
        let error = name.parse::<LintName>().unwrap_err();
        assert!(error.contains(said), "{name}: {error}");
    }
}

/// What a careful user may well mean.
#[test]
fn lints_do_not_cry_wolf() {
    let programs = [
        // A linear autoencoder, whose bottleneck is what it is about; the target is all of the input.
        "data d {\n  let t = moons(50)\n  field x = t[x0, x1]\n}\n\
         model Pca(x: [2]) -> (code: [1], again: [2]) {\n  let code = x |> Dense(1)\n  (code, code |> Dense(2))\n}\n\
         train Pca on d {\n  loss: mse(again, x)\n  optimizer: SGD(lr: 0.1)\n  epochs: 1\n  batch: 10\n}\n",
        // A head that is read twice is no layer between two others.
        "model Two(x: [4]) -> (h: [8], out: [2]) {\n  let h = x |> Dense(8)\n  (h, h |> Dense(2))\n}\n",
        // Strides that skip, and padding that is left over, drop no pixel.
        "model Res(x: [8, 32, 32]) -> out: [16, 16, 16] {\n  x |> residual(shortcut: Conv2d(16, kernel: 1, stride: 2)) {\n    \
         Conv2d(16, kernel: 3, stride: 2, padding: 1) |> relu |> Conv2d(16, kernel: 3, padding: same)\n  }\n}\n",
        // A norm between sigmoids, a gate, an output.
        "model Deep(x: [8]) -> out: [1] {\n  x |> repeat 4 { Dense(8) |> LayerNorm |> sigmoid } |> Dense(1) |> sigmoid\n}\n",
        "block Gate(x: [D]) -> [D] {\n  x * (x |> Dense(D) |> sigmoid)\n}\n\
         model Gated(x: [8]) -> out: [8] {\n  x |> repeat 5 { Gate }\n}\n",
        // A tuple of which one part is used; a name that is used only in a type, a later hyper, or under an `if`.
        "hyper size = 4\nhyper twice = 2 * size\nhyper deep = true\n\
         model Net(x: [size]) -> out: [2] {\n  let (a, b) = x |> split([2, 2])\n  let h = a |> Dense(twice)\n  \
         if deep { h |> relu |> Dense(2) } else { h }\n}\n",
        // Rebinding a name by what it was.
        "model Net(x: [4]) -> out: [2] {\n  let h = x |> Dense(8)\n  let h2 = h |> relu\n  h2 |> Dense(2)\n}\n",
        // A bias that a pool, an activation or a second reader keeps from being subtracted.
        "model Net(x: [1, 8, 8]) -> out: [4, 8, 8] {\n  x |> Conv2d(4, kernel: 3, padding: same) |> relu |> BatchNorm\n}\n",
        // A Dense over the columns of an image has its bias along another axis than the norm.
        "model Net(x: [3, 8, 8]) -> out: [3, 8, 4] {\n  x |> Dense(4) |> BatchNorm\n}\n",
        // Formulas have their own names.
        "block Attention(d)(x: [T, D]) -> [T, d] {\n  weight W: [D, d] = xavier_uniform\n  let Q = x @ W\n  \
         softmax(Q @ transpose(Q) / sqrt(d)) @ Q\n}\n",
        // Past and future of one column.
        "data s {\n  let t = csv(\"data/sequences/sunspots.csv\")\n  field past = t.sunactivity |> windows(12)\n  \
         field next = t.sunactivity |> windows(1, offset: 12) |> first\n  split: ordered(train: 80%, test: 20%)\n}\n\
         model Next(past: [12]) -> out: float {\n  past |> Dense(8) |> tanh |> Dense(1) |> squeeze\n}\n\
         train Next on s {\n  loss: mse(out, next)\n  optimizer: Adam(lr: 1e-3)\n  epochs: 1\n  batch: 32\n}\n",
    ];
    for program in programs {
        let checked = check(program);
        assert!(checked.diagnostics.is_empty(), "{program}\n{}", rendered(&checked));
    }
}

/// A model that is given what it is to find.
#[test]
fn answers_among_the_questions_are_told() {
    let book = |layers: &str| {
        format!(
            "data book {{\n  let ids = text(\"data/text/as_you_like_it.txt\") |> characters\n  field now = ids |> windows(16, stride: 16)\n  \
             field next = ids |> windows(16, stride: 16, offset: 1)\n  split: ordered(train: 90%, validation: 10%)\n}}\n\
             model Next(now: class(V)[T]) -> logits: [T, V] {{\n  now |> Embedding(8) |> {layers} |> Dense(V)\n}}\n\
             train Next on book {{\n  loss: cross_entropy(logits, next)\n  optimizer: Adam(lr: 1e-3)\n  steps: 1\n  batch: 4\n}}\n"
        )
    };
    let both = "data iris {\n  let t = csv(\"data/tabular/iris.csv\")\n  field x = t[sepal_length_cm .. petal_width_cm] |> standardize\n  \
                field species = t.species |> classes\n}\n\
                model Net(x: [4], species: class(3)) -> logits: [3] {\n  concat([x, one_hot(species)]) |> Dense(3)\n}\n\
                train Net on iris {\n  loss: cross_entropy(logits, species)\n  optimizer: Adam(lr: 1e-2)\n  epochs: 1\n  batch: 16\n}\n";
    for (program, wanted) in [
        (book("GRU(8)"), &[][..]),
        (book("GRU(8, bidirectional: true)"), &["L0119"]),
        (book("SelfAttention(2, causal: true)"), &[]),
        (book("SelfAttention(2)"), &["L0119"]),
        (both.to_owned(), &["L0119"]),
    ] {
        let checked = check(&program);
        assert_eq!(codes(&checked), wanted, "{program}\n{}", rendered(&checked));
        let fix = checked.diagnostics.first().and_then(|d| d.fixes.first());
        if let Some(fix) = fix {
            let mut repaired = program.clone();
            fix.edits.iter().for_each(|edit| repaired.replace_range(edit.span.range(), &edit.text));
            assert!(codes(&check(&repaired)).is_empty(), "{repaired}");
        }
    }
}

/// What is drawn keeps to its width, and looks like this.
#[test]
fn drawings_at_two_widths() {
    let path = "tests/ui/wide_lines.nn";
    let text = std::fs::read_to_string(repository(path)).unwrap();
    let checked = check_text(Path::new(path), &text, &Overrides::default());
    for width in [60, 100] {
        let style = Style { color: false, width: Some(width) };
        let drawn = render_all(&checked.sources, &checked.diagnostics, Format::Human, style);
        for line in drawn.lines() {
            let cells = unicode_width::UnicodeWidthStr::width(line);
            assert!(cells <= width, "{cells} of {width} in\n{drawn}");
        }
        compare(&format!("tests/ui/wide_lines_{width}.txt"), &drawn).unwrap();
    }
}

#[test]
fn the_command_line_denies_and_allows() {
    let folder = tempfile::tempdir().unwrap();
    let program = "model Net(x: [4]) -> out: [2] {\n  x |> Dense(8) |> Dense(2)\n}\n";
    std::fs::write(folder.path().join("net.nn"), program).unwrap();
    std::fs::write(folder.path().join("fine.nn"), program.replace("|> Dense(2)", "|> relu |> Dense(2)")).unwrap();
    let ended = nnrun(folder.path(), &["check", "net.nn"]).expect(0);
    assert!(ended.err.contains("warning[L0112]"), "{}", ended.err);
    let ended = nnrun(folder.path(), &["check", "--deny", "L0112", "net.nn"]).expect(1);
    assert!(ended.err.contains("error[L0112]") && ended.err.contains("1 error"), "{}", ended.err);
    for command in ["run", "train", "test"] {
        let ended = nnrun(folder.path(), &[command, "net.nn", "--deny", "warnings"]).expect(1);
        assert!(ended.err.contains("error[L0112]"), "{command}: {}", ended.err);
    }
    let ended = nnrun(folder.path(), &["check", "--deny", "warnings", "--allow", "L0112", "net.nn"]).expect(0);
    assert!(ended.err.is_empty(), "{}", ended.err);
    let ended = nnrun(folder.path(), &["check", "--deny", "L0999", "net.nn"]).expect(2);
    assert!(ended.err.contains("no lint has this code"), "{}", ended.err);

    // One log for several files.
    let ended = nnrun(folder.path(), &["check", "--format", "sarif", "net.nn", "fine.nn"]).expect(0);
    let log: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{}", ended.out);
    assert_eq!(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "net.nn");
    assert!(ended.err.is_empty(), "{}", ended.err);

    // No colour into a pipe, but where it is wanted.
    let plain = nnrun(folder.path(), &["check", "net.nn"]).expect(0);
    let colored = nnrun(folder.path(), &["check", "--color", "always", "net.nn"]).expect(0);
    assert!(!plain.err.contains('\u{1b}') && colored.err.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&colored.err).to_string(), plain.err);
}
