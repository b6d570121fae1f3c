//! Layout by example, and its laws over programs, mutations of them and random tokens.

use super::*;
use crate::syntax::parse;
use crate::syntax::parse::tests::programs;
use crate::syntax::{Positions, print};

fn formatted(text: &str) -> String {
    match format(FileId(0), text) {
        Ok(text) => text,
        Err(errors) => panic!("{text}\n{}", errors[0].message),
    }
}

fn tree(text: &str) -> String {
    print(&parse(FileId(0), text).0, Positions::Hidden)
}

/// The laws. Returns whether the text was free of errors.
fn laws(text: &str) -> bool {
    let (file, diagnostics) = parse(FileId(0), text);
    if !diagnostics.is_empty() {
        return false;
    }
    let once = formatted(text);
    let twice = formatted(&once);
    assert_eq!(once, twice, "formatting twice differs; the source was\n{text}");
    assert_eq!(print(&file, Positions::Hidden), tree(&once), "the tree changed; the source was\n{text}");
    assert_eq!(text.matches('#').count(), once.matches('#').count(), "{text}");
    true
}

#[test]
fn programs_keep_the_laws() {
    for (path, text) in programs() {
        assert!(laws(&text), "{path}");
        assert!(laws(&text.replace('\n', "\r\n")), "{path}");
    }
}

#[test]
fn the_contract_is_laid_out_as_the_formatter_does() {
    for (path, text) in programs() {
        if ["fashion.nn", "char.nn", "attention.nn"].iter().any(|n| path.ends_with(n))
            && path.contains("tests/programs")
        {
            assert_eq!(formatted(&text), text, "{path}");
        }
    }
}

#[test]
fn layout_by_example() {
    let cases = [
        ("hyper a=3\nhyper long  =  4", "hyper a    = 3\nhyper long = 4\n"),
        ("model N( x : [ 4,2 * D ] )->y{x|>f( 1,b:- 2 )|>g}", "model N(x: [4, 2*D]) -> y { x |> f(1, b: -2) |> g }\n"),
        ("model N(x) {\nx\n|> f |> g # c\n# d\n|> h\n}", "model N(x) {\n  x\n  |> f |> g  # c\n  # d\n  |> h\n}\n"),
        ("model N(x) {\n  let y = x |> f\n |> g\n  y }", "model N(x) {\n  let y = x |> f\n            |> g\n  y\n}\n"),
        ("model N(x) {\n  let y = x\n |> g\n\n\n\n  y\n\n}", "model N(x) {\n  let y = x\n    |> g\n\n  y\n}\n"),
        ("model A(x) {\n x }\nmodel B(x) {\n x }", "model A(x) {\n  x\n}\n\nmodel B(x) {\n  x\n}\n"),
        ("model A(x) { let y = x;let z = y;  z }", "model A(x) { let y = x; let z = y; z }\n"),
        ("model A(x) { f(\n a,\nb: 3, # c\n) }", "model A(x) { f(\n  a,\n  b: 3,  # c\n) }\n"),
        ("train A on d {\n loss: {\n a: 1\n bb: 2 }\n}", "train A on d {\n  loss: {\n    a:  1,\n    bb: 2\n  }\n}\n"),
        ("model A(x) { x[.. , -1, 2 .. ,.. 3] ^ 2 * -y }", "model A(x) { x[.., -1, 2 .., .. 3]^2 * -y }\n"),
        (
            "model A(x) { x |> residual(shortcut: f){ g }|>repeat 3{ h } }",
            "model A(x) { x |> residual(shortcut: f) { g } |> repeat 3 { h } }\n",
        ),
        (
            "train A on d {\n group [ \"*.b\" ]{ lr : 1 }\n}\n# end",
            "train A on d {\n  group [\"*.b\"] { lr: 1 }\n}\n# end\n",
        ),
        ("\u{FEFF}## doc\nblock A(x) {}\n", "## doc\nblock A(x) {}\n"),
        ("expect {\n a <  3   # one\n bbbb < 3 # two\n}", "expect {\n  a < 3     # one\n  bbbb < 3  # two\n}\n"),
        ("model A(x) {\n x;\n-x }", "model A(x) {\n  x;\n  -x\n}\n"),
        ("model A(x) -> y:\n# b\n[2] # c\n{\n x |> f }", "model A(x) -> y:\n  # b\n  [2]  # c\n  {\n    x |> f\n  }\n"),
        ("", ""),
        ("# only", "# only\n"),
    ];
    for (text, wanted) in cases {
        assert_eq!(formatted(text), wanted, "{text}");
        assert!(laws(text));
    }
}

#[test]
fn long_lines_break() {
    let stages = " |> Dense(128) |> relu".repeat(6);
    let text = format!("model A(x) {{\n  x{stages}\n}}");
    assert!(formatted(&text).starts_with("model A(x) {\n  x\n  |> Dense(128)\n  |> relu\n"), "{}", formatted(&text));
    let numbers = vec!["123456"; 40].join(", ");
    let text = format!("data d {{ let t = rows([{numbers}]) }}");
    assert!(formatted(&text).lines().all(|l| l.chars().count() <= 100), "{}", formatted(&text));
    assert!(laws(&text));
}

#[test]
fn errors_change_nothing() {
    assert!(format(FileId(0), "model A(x) { x |> }").is_err());
}

/// A small deterministic generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

const PIECES: &[&str] = &[
    "x", "Dense", "f", "(", ")", "[", "]", "{", "}", ",", ":", ";", "\n", "\n  ", " ", "|>", "+", "-", "*", "/", "@",
    "^", "..", ".", "=", "==", "<", "!", "&&", "->", "%", "3", "1e-3", "80%", "10k", "\"s\"", "\"", "'", "# c\n",
    "## d\n", "//", "/*", "*/", "let ", "if ", "else ", "and ", "or ", "not ", "none", "true", "_", "residual",
    "repeat ", "scan ", "as ", "weight ", "field ", "model ", "block ", "data ", "train ", "on ", "hyper ", "expect ",
    "then ", "phase ", "group ", "epochs", " steps", "class", "float", "é", "→", "a\u{F35}", "Ⅷ", "x²", "\t", "\r",
    "\u{0}",
];

/// The programs, item by item, so that a case is small.
fn items() -> Vec<String> {
    let mut all = Vec::new();
    for (_, text) in programs() {
        let (file, _) = parse(FileId(0), &text);
        all.extend(file.items.iter().filter_map(|i| text.get(i.span.range())).map(str::to_owned));
    }
    all
}

#[test]
fn random_texts_do_not_panic() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..6_000 * scale() {
        let text: String = (0..dice.below(30)).map(|_| PIECES[dice.below(PIECES.len())]).collect();
        laws(&text);
        laws(&format!("model A(x) {{ {text} }}"));
    }
}

#[test]
fn mutated_programs_keep_the_laws() {
    let items = items();
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let mut sound = 0;
    for _ in 0..8_000 * scale() {
        let mut text = items[dice.below(items.len())].clone();
        for _ in 0..=dice.below(3) {
            let tokens = crate::syntax::tokens::scan(&text);
            let Some(token) = tokens.get(dice.below(tokens.len())) else { break };
            let piece = PIECES[dice.below(PIECES.len())];
            match dice.below(6) {
                0 => text.replace_range(token.start..token.end, ""),
                1 => text.replace_range(token.start..token.end, piece),
                2 => text.insert_str(token.start, piece),
                // Breaks and comments where they may or may not stand are what formatters trip over.
                3 => text.insert(token.start, '\n'),
                4 => text.insert_str(token.start, " # c\n"),
                _ => text.insert_str(token.start, "\n# own line\n"),
            }
        }
        sound += usize::from(laws(&text));
    }
    assert!(sound > 1_000, "only {sound} cases were sound");
}

#[test]
fn adversarial_texts_end_soon() {
    let deep = |open: &str, close: &str, n: usize| format!("model A(x) {{ {}x{} }}", open.repeat(n), close.repeat(n));
    let started = std::time::Instant::now();
    for n in [20, 90, 300] {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("f(", ")"),
            ("if c { ", " }"),
            ("residual { ", " } |>"),
            ("group [", "]"),
            ("residual(", ")"),
            ("repeat(3, ", ")"),
            ("repeat 3 (", ")"),
            ("repeat { ", " }"),
            ("{a: ", "}"),
            ("- ", ""),
            ("not ", ""),
            ("x[if c { group[", "] }]"),
        ] {
            let sound = laws(&deep(open, close, n));
            assert!(sound || n > 90 || !["(", "[", "f("].contains(&open), "{open} {n}");
            laws(&deep(open, "", n));
        }
    }
    for piece in ["x |> ", "(x", "x)", "\"", "{", "}", "a.", "let ", "f(1 ", "a: ", "\n#c\n", "model A(", ".. "] {
        laws(&piece.repeat(3_000));
        laws(&format!("model A(x) {{\n{}\n}}", piece.repeat(3_000)));
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// `NN_FUZZ=20` runs twenty times as many cases.
fn scale() -> usize {
    std::env::var("NN_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}
