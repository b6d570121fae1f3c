//! The entrance: text in, tree and diagnostics out.

use super::ast::{File, Item, ItemKind};
use super::build::Builder;
use super::chunks::{recall, remember, split};
use super::error::SyntaxError;
use super::repair::{Repaired, repair};
use crate::diagnostics::{Diagnostic, tidy};
use crate::source::{FileId, Span};
use pest::Parser;
use std::ops::Range;

/// The parser that pest makes of the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "grammar/nn.pest"]
pub(crate) struct NnParser;

/// Parses a file. The tree holds all that was understood; what was not is an `Error` node and a diagnostic.
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    let whole = Span::new(file, 0, text.len());
    let mut repaired = repair(file, text);
    let mut errors = std::mem::take(&mut repaired.errors);
    let mut items = Vec::new();
    let mut qualified = Vec::new();
    if repaired.too_deep {
        errors.retain(|e| matches!(e, SyntaxError::TooDeep { .. }));
        items.push(Item { kind: ItemKind::Error, doc: None, span: whole });
    } else {
        let mut builder = Builder::new(file, text, &repaired);
        for chunk in split(&repaired.text, &repaired.tokens) {
            items.extend(parse_chunk(&mut builder, &repaired, chunk, whole));
        }
        errors.append(&mut builder.errors);
        qualified = builder.qualified;
    }
    items.extend(repaired.hidden.iter().map(|span| Item { kind: ItemKind::Error, doc: None, span: *span }));
    let mut diagnostics: Vec<Diagnostic> = errors.iter().map(SyntaxError::diagnostic).collect();
    tidy(&mut diagnostics);
    (File { items, qualified, repaired: repaired.places(), span: whole }, diagnostics)
}

/// The items of a part of the repaired text, from memory where it was parsed before.
fn parse_chunk(builder: &mut Builder<'_>, repaired: &Repaired, chunk: Range<usize>, whole: Span) -> Vec<Item> {
    let text = repaired.text.get(chunk.clone()).unwrap_or("");
    let start = repaired.original(chunk.start);
    let at = Span::new(whole.file, start, start);
    let is_original = repaired.is_original(&chunk);
    if let Some(items) = is_original.then(|| recall(text, at)).flatten() {
        return items;
    }
    let (errors, qualified) = (builder.errors.len(), builder.qualified.len());
    builder.looked_around.set(false);
    builder.base = chunk.start;
    match NnParser::parse(Rule::file, text) {
        Ok(pairs) => {
            let items = builder.file(pairs);
            let says_all = builder.errors.len() == errors && builder.qualified.len() == qualified;
            if is_original && says_all && !builder.looked_around.get() {
                remember(text, at, &items);
            }
            items
        }
        Err(error) => {
            // The grammar accepts every text as a row of broken items, so only pest's own limits lead here.
            let at = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => {
                    repaired.original(chunk.start + at)
                }
            };
            let end = whole.end as usize;
            let span = Span::new(whole.file, at.min(end), at.min(end));
            builder.errors.push(SyntaxError::TooDeep { span, limit: super::depth::MAX_BRACKETS });
            vec![Item { kind: ItemKind::Error, doc: None, span: whole }]
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn messages(text: &str) -> Vec<String> {
        parse(FileId(0), text).1.into_iter().map(|d| format!("{}: {}", d.code, d.message)).collect()
    }

    /// Every program of the repository, from the tests and the examples.
    pub(crate) fn programs() -> Vec<(String, String)> {
        fn walk(dir: &std::path::Path, out: &mut Vec<(String, String)>) {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, out);
                } else if path.extension().is_some_and(|e| e == "nn") {
                    out.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut out = Vec::new();
        walk(&root.join("tests/programs"), &mut out);
        walk(&root.join("examples"), &mut out);
        out.sort();
        out
    }

    #[test]
    fn every_program_parses() {
        let programs = programs();
        assert!(programs.len() >= 7);
        for (path, text) in programs {
            let (file, diagnostics) = parse(FileId(0), &text);
            assert!(
                diagnostics.is_empty(),
                "{path}: {:#?}",
                diagnostics.iter().map(|d| (&d.message, text.get(d.span().range()))).collect::<Vec<_>>()
            );
            assert!(!file.items.is_empty());
        }
    }

    #[test]
    fn precedence() {
        let tree = |text: &str| {
            let (file, diagnostics) = parse(FileId(0), &format!("hyper h = {text}"));
            assert!(diagnostics.is_empty(), "{text}: {}", diagnostics[0].message);
            let printed = super::super::print(&file, super::super::Positions::Hidden);
            printed
                .lines()
                .skip(1)
                .map(|l| l.trim().trim_start_matches("name ").trim_start_matches("number "))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(tree("a / 255 |> f |> g"), "|> |> / a 255 f g");
        assert_eq!(tree("a or b and not c == d"), "or a and b not == c d");
        assert_eq!(tree("-a ^ b ^ c * d"), "* negate ^ a ^ b c d");
        assert_eq!(tree("a - b - c @ d"), "- - a b @ c d");
        assert_eq!(tree("w(5) then c then d"), "then then call w 5 c d");
        assert_eq!(tree("1 + 2 .. -1"), "range + 1 2 negate 1");
        assert_eq!(tree("2 ^ -x * y"), "* ^ 2 negate x y");
        assert_eq!(tree("(a |> f) + b"), "+ paren |> a f b");
        assert_eq!(tree("a\n # c\n\n  |> f\n  + b".replace("+ b", "|> b").as_str()), "|> |> a f b");
    }

    #[test]
    fn mistakes_are_named() {
        let model = |body: &str| messages(&format!("model Net(x: [4]) -> [2] {{\n  {body}\n}}\n"));
        let none: Vec<String> = Vec::new();
        assert_eq!(model("x |> Dense(2)"), none);
        assert_eq!(model("x |> |> Dense(2)"), ["E0007: expected a layer or function after `|>`"]);
        assert_eq!(model("x |> f + x"), ["E0013: `+` after a stage of a pipeline needs parentheses"]);
        assert_eq!(
            model("x |> f + x |> g * x"),
            [
                "E0013: `+` after a stage of a pipeline needs parentheses",
                "E0013: `*` after a stage of a pipeline needs parentheses"
            ]
        );
        assert_eq!(model("x -> Dense(2)"), ["E0011: data flows through `|>`"]);
        assert_eq!(model("x |> Dense(units=2)"), ["E0009: expected `:` after `units`"]);
        assert_eq!(model("x |> Dense(2 3)"), ["E0008: expected `,` between these"]);
        assert_eq!(model("x |> Dense(2"), ["E0002: this `(` is never closed"]);
        assert_eq!(model("x |> Dense(2))"), ["E0002: this `)` closes nothing"]);
        assert_eq!(model("h = x |> Dense(2)\n  h"), ["E0010: `h` needs a `let`"]);
        assert_eq!(model("lte h = x\n  h"), ["E0012: `lte` is not a word of the language"]);
        assert_eq!(model("let if = x\n  x"), ["E0016: `if` is a word of the language, not a name"]);
        assert_eq!(model("x // the input"), ["E0004: a comment begins with `#`"]);
        assert_eq!(model("/* no */ x"), ["E0004: a comment begins with `#`"]);
        assert_eq!(model("f(x, 'a')"), ["E0003: a string stands in double quotes"]);
        assert_eq!(model("f(x, \"a)"), ["E0003: this string does not end on its line"]);
        assert_eq!(
            model("x ** 2 % 3 && y || !z"),
            [
                "E0005: `**` is written `^`",
                "E0005: `%` is not an operator",
                "E0005: `&&` is written `and`",
                "E0005: `||` is written `or`",
                "E0005: `!` is written `not `"
            ]
        );
        assert_eq!(model("a < b < c"), ["E0017: comparisons do not chain"]);
        assert_eq!(model("f(5epochs, .5, 10K, 1e999, 3x)").len(), 5);
        assert_eq!(model("field y = x\n  x"), ["E0014: a `field` cannot stand here"]);
        assert_eq!(model("x[.. + 1]"), ["E0007: expected a position after `..`"]);
        assert_eq!(model("x[0 .. * x]"), ["E0007: expected a position after `..`"]);
        assert_eq!(model("x[.. .. 2]"), ["E0007: expected a position after `..`"]);
        assert_eq!(model("x[.. 1 .. 2]"), ["E0017: a range has two ends"]);
        assert_eq!(model("x[.., 0 .., -1 .. 2]"), none);
        assert_eq!(model("let y = {,}\n  x").len(), 1);
        assert_eq!(model("let y x"), ["E0001: expected `=` and a value after `y`, found `x`"]);
        assert_eq!(model("let y = \n  let z = x\n  z"), ["E0007: expected an expression after `let y =`"]);
        assert_eq!(model("weight w: [4]\n  x"), ["E0007: this weight does not say how it starts"]);
        assert_eq!(model("weight w: [4]; x"), ["E0007: this weight does not say how it starts"]);
        assert_eq!(model("weight w: [4]\n  = zeros\n  x"), none);
        assert_eq!(model("weight w = 3\n  x"), ["E0001: expected `:` and a type, found `=`"]);
        assert_eq!(model("f(x) g"), ["E0001: expected an operator, `|>` or the end of the statement, found `g`"]);
        assert_eq!(messages("modle Net(x: [4]) -> [2] {\n  x\n}\n"), ["E0012: `modle` is not a word of the language"]);
        assert_eq!(messages("model Net(x: flaot) { x }\n"), ["E0019: `flaot` is not a type"]);
        assert_eq!(
            messages("model Net(x) {\n  x |> relu(\n\ntrain Net on d {\n  epochs = 3\n  loss\n batch: \n}\n"),
            [
                "E0002: this `{` is never closed",
                "E0002: this `(` is never closed",
                "E0009: expected `:` after `epochs`",
                "E0007: expected `:` and a value after `loss`",
                "E0007: expected a value after `batch:`"
            ]
        );
    }

    #[test]
    fn every_explanation_shows_its_mistake() {
        for code in Code::ALL.iter().filter(|c| c.text().starts_with("E00")) {
            let page = code.explanation();
            let block = |kind: &str| page.split(&format!("```nn {kind}\n")).nth(1).and_then(|t| t.split("```").next());
            let codes = |text| parse(FileId(0), text).1.iter().map(|d| d.code).collect::<Vec<_>>();
            let (wrong, right) = (block("wrong").unwrap_or_default(), block("right").unwrap_or_default());
            assert!(!wrong.is_empty() && !right.is_empty(), "{code}");
            assert_eq!(codes(wrong), [*code]);
            assert_eq!(codes(right), [], "{code}");
        }
    }

    /// Every fix of a single mistake leaves a text without mistakes.
    #[test]
    fn fixes_repair() {
        for body in [
            "x |> f + x",
            "x |> f - x * y |> g",
            "x -> f",
            "f(x, a=3)",
            "f(x, a = 3)",
            "f(x y)",
            "f(x\n  y)",
            "f(x",
            "f(x))",
            "h = x; h",
            "lte h = x; h",
            "x # a\n  // b",
            "x ** 2",
            "x && y",
            "!x",
            "a < b < c",
            "f('a')",
            "f(\"a)",
            "f(\"a\\d\")",
            "f(5epochs)",
            ".5",
            "5.",
            "10K",
            "let a = 2 let b = 3; b",
            "x || y",
            "{a = 3}",
        ] {
            let text = format!("model A(x) {{\n  {body}\n}}\n");
            let (_, diagnostics) = parse(FileId(0), &text);
            assert_eq!(
                diagnostics.len(),
                1,
                "{body}: {:?}",
                diagnostics.iter().map(|d| &d.message).collect::<Vec<_>>()
            );
            let mut edits = diagnostics[0].fixes[0].edits.clone();
            edits.sort_by_key(|e| std::cmp::Reverse(e.span));
            let mut fixed = text.clone();
            for edit in edits {
                fixed.replace_range(edit.span.range(), &edit.text);
            }
            let again = parse(FileId(0), &fixed).1;
            assert!(again.is_empty(), "{fixed}: {}", again[0].message);
        }
    }

    /// The text with the first fix of the mistake that has this code.
    fn fixed(text: &str, code: Code) -> String {
        let diagnostics = parse(FileId(0), text).1;
        let mistake = diagnostics.iter().find(|d| d.code == code).unwrap();
        let mut edits = mistake.fixes[0].edits.clone();
        edits.sort_by_key(|e| std::cmp::Reverse(e.span));
        edits.iter().fold(text.to_owned(), |mut text, edit| {
            text.replace_range(edit.span.range(), &edit.text);
            text
        })
    }

    /// Also where the parenthesis that they replace is missing.
    #[test]
    fn braces_go_around_a_stage() {
        for (body, wanted) in [
            ("residual(f)", "residual { f }"),
            ("residual(f(3)", "residual { f(3) }"),
            ("residual(é", "residual { é }"),
            ("residual(é,", "residual { é }"),
            ("residual(f(3) # c", "residual { f(3) } # c"),
            ("repeat 3 (f(3)", "repeat 3 { f(3) }"),
            ("repeat 3 (f(3))", "repeat 3 { f(3) }"),
            ("repeat(3, f(3)", "repeat 3 { f(3) }"),
            ("repeat(3, é", "repeat 3 { é }"),
            ("repeat(3, f(3))", "repeat 3 { f(3) }"),
        ] {
            let text = |body: &str| format!("model A(x) {{\n  x |> {body}\n}}\n");
            assert_eq!(fixed(&text(body), Code::E0026), text(wanted));
        }
    }

    /// Signs of other keyboards have more bytes than those that they stand for.
    #[test]
    fn signs_of_other_keyboards_are_told_whole() {
        let text = "train N on d {\n  epochs: 3，\n  batch: 4\n}\n";
        assert_eq!(fixed(text, Code::E0018), text.replace('，', ""));
        let diagnostics = parse(FileId(0), "model A(x) {\n  x[… 1 … 2]\n}\n").1;
        let chained = diagnostics.iter().find(|d| d.code == Code::E0017).unwrap();
        let lengths: Vec<usize> = chained.labels.iter().map(|l| l.span.len()).collect();
        assert_eq!(lengths, ["…".len(); 2]);
    }
}
