//! Tests of all formats.

use super::*;
use crate::diagnostics::Code;
use crate::source::Span;
use serde_json::{Value, json};

fn sources(texts: &[(&str, &str)]) -> SourceMap {
    let mut sources = SourceMap::new();
    for (path, text) in texts {
        sources.add(*path, *text);
    }
    sources
}

fn span(file: u32, start: u32, end: u32) -> Span {
    Span { file: FileId(file), start, end }
}

#[test]
fn several_labels_notes_and_fixes() {
    let text = "model Net(x: [4]) {\n  x |> Dense(2)\n    |> residual { Dense(3) }\n}\n";
    let s = sources(&[("net.nn", text)]);
    let at = |needle: &str| text.find(needle).unwrap() as u32;
    let d = Diagnostic::new(
        Code::E0001,
        "this residual adds [3] to [2]",
        span(0, at("residual"), at("residual") + 24),
        "gives [3]",
    )
    .label(span(0, at("Dense(2)"), at("Dense(2)") + 8), "the input, [2]")
    .note("2 is not 3")
    .help("say 2")
    .fix("write `Dense(2)`", span(0, 0, 1), "Dense(2)");
    let out = render(&s, &d, Format::Human, Style::default());
    println!("{out}");
    assert!(out.starts_with("error[E0001]: this residual adds [3] to [2]\n"), "{out}");
    for part in ["net.nn:3:8", "the input, [2]", "gives [3]", "2 is not 3", "say 2", "write `Dense(2)`"] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    assert!(!out.contains('\u{1b}'));
    assert!(render(&s, &d, Format::Human, Style { color: true, ..Style::default() }).contains('\u{1b}'));
    assert_eq!(
        render(&s, &d, Format::Short, Style::default()),
        "net.nn:3:8: error[E0001]: this residual adds [3] to [2]\n"
    );
}

#[test]
fn json_is_as_the_contract_says() {
    let s = sources(&[("a.nn", "α β\n")]);
    let d = Diagnostic::new(Code::E0001, "m", span(0, 3, 5), "l").fix("t", span(0, 0, 2), "x");
    let value: Value = serde_json::from_str(&render_all(&s, &[d], Format::Json, Style::default())).unwrap();
    assert_eq!(
        value,
        json!({"diagnostics": [{
            "code": "E0001", "severity": "error", "message": "m", "file": "a.nn",
            "start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4},
            "labels": [{"file": "a.nn", "start": {"line": 1, "column": 3}, "end": {"line": 1, "column": 4}, "message": "l"}],
            "notes": [], "help": [],
            "fixes": [{"title": "t", "edits": [{"file": "a.nn", "start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 2}, "text": "x"}]}]
        }]})
    );
    assert_eq!(render_all(&s, &[], Format::Json, Style::default()), "{\"diagnostics\":[]}\n");
}

/// The columns of the marks under a label, on the line below the source line.
fn underline(text: &str, start: u32, end: u32) -> (usize, usize) {
    let s = sources(&[("a.nn", text)]);
    let d = Diagnostic::new(Code::E0001, "m", span(0, start, end), "l");
    let out = render(&s, &d, Format::Human, Style::default());
    let marks = out.lines().find(|l| l.contains('─') && l.contains('│')).unwrap_or_else(|| panic!("{out}"));
    let cells: Vec<char> = marks.chars().collect();
    let is_mark = |c: &&char| matches!(c, '─' | '┬');
    (cells.iter().position(|c| is_mark(&c)).unwrap(), cells.iter().filter(is_mark).count())
}

#[test]
fn tabs_and_wide_characters_align() {
    let (plain, length) = underline("abcd error", 5, 10);
    assert_eq!(length, 5);
    // A tab takes four cells; the margin and a space come before.
    assert_eq!(underline("\terror", 1, 6), (plain - 1, 5));
    // Two wide characters take four cells, and a space.
    assert_eq!(underline("模型 error", 7, 12).0, plain);
}

#[test]
fn odd_spans_do_not_panic() {
    let files = [("e.nn", ""), ("a.nn", "a\r\nβ\n\u{2028}x\u{1b}[2J"), ("n.nn", "\n\n")];
    let s = sources(&files);
    for file in 0..4 {
        for start in 0..20 {
            for end in start..22 {
                let d = Diagnostic::new(Code::E0001, "m", span(file, start, end), "l").label(span(1, 3, 4), "");
                for format in [Format::Human, Format::Short, Format::Json, Format::Sarif] {
                    assert!(!render(&s, &d, format, Style::default()).contains('\u{1b}'));
                }
            }
        }
    }
    let none = Diagnostic { labels: Vec::new(), ..Diagnostic::new(Code::E0001, "m", span(0, 0, 0), "l") };
    assert!(render(&SourceMap::new(), &none, Format::Human, Style::default()).contains("error[E0001]: m"));
}

#[test]
fn drawings_keep_to_their_width() {
    let text = format!("model Net(x: [4]) {{\n  x {}|> Dense(3)\n}}\n", "|> Dense(4) |> relu ".repeat(12));
    let s = sources(&[("net.nn", &text)]);
    let at = text.find("Dense(3)").unwrap() as u32;
    let long = "a long sentence about what is wrong here, why it is wrong and what could be done about it";
    let d =
        Diagnostic::new(Code::E0001, long, span(0, at, at + 8), long).label(span(0, 6, 9), long).note(long).help(long);
    for width in [20, 40, 60, 80, 120] {
        for color in [false, true] {
            let out = render(&s, &d, Format::Human, Style { color, width: Some(width) });
            let plain = anstream::adapter::strip_str(&out).to_string();
            for line in plain.lines() {
                let cells = unicode_width::UnicodeWidthStr::width(line);
                assert!(cells <= width.max(40), "{cells} > {width} in\n{plain}");
            }
            assert!(plain.contains("Dense(3)"), "{plain}");
            let words: Vec<&str> = plain.split_whitespace().filter(|w| w.chars().all(char::is_alphanumeric)).collect();
            assert_eq!(words.iter().filter(|w| **w == "sentence").count(), 5, "{plain}");
        }
    }
}

#[test]
fn sarif_has_all_that_its_schema_wants() {
    let s = sources(&[("nets/a.nn", "α β\n"), ("b.nn", "x\n")]);
    let d = Diagnostic::new(Code::L0103, "m", span(0, 3, 5), "l").label(span(1, 0, 1), "there").note("a fact").fix(
        "t",
        span(0, 0, 2),
        "x",
    );
    let log: Value = serde_json::from_str(&render_all(&s, &[d], Format::Sarif, Style::default())).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rule = &run["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "L0103");
    assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# L0103: "));
    let result = &run["results"][0];
    assert_eq!(
        (&result["ruleId"], &result["ruleIndex"], &result["level"]),
        (&json!("L0103"), &json!(0), &json!("warning"))
    );
    assert_eq!(result["message"]["text"], "m\na fact");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "nets/a.nn");
    assert_eq!(place["region"], json!({"startLine": 1, "startColumn": 3, "endLine": 1, "endColumn": 4}));
    assert_eq!(result["relatedLocations"][0]["message"]["text"], "there");
    let change = &result["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "x");
    let empty: Value = serde_json::from_str(&render_all(&s, &[], Format::Sarif, Style::default())).unwrap();
    assert_eq!(empty["runs"][0]["results"], json!([]));
}
