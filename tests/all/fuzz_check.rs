//! Programs that nobody would write: the checker neither panics nor hangs on them, every place it names exists, and
//! everything it says can be shown.
//!
//! The cases are the same on every run. `NNRUN_FUZZ=100` tries a hundred times as many, `NNRUN_FUZZ_SEED` others.

use super::snapshot::{programs, repository};
use nnrun::check::{Overrides, check_text};
use nnrun::diagnostics::{Format, Style, render_all};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// No program of this size takes longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Numbers that sizes, counts and shares are not.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "2",
    "3",
    "1e18",
    "0.5",
    "-0.5",
    "1e9",
    "1e308",
    "9223372036854775807",
    "4294967296",
    "1e-300",
    "100%",
    "2M",
    "0.0",
    "1000000",
];

/// Pieces that a program may be made of.
const PIECES: &[&str] = &[
    "model",
    "block",
    "data",
    "train",
    "expect",
    "hyper",
    "let",
    "weight",
    "constant",
    "field",
    "split:",
    "loss:",
    "optimizer:",
    "epochs:",
    "x",
    "y",
    "T",
    "D",
    "Net",
    "d",
    "_",
    "none",
    "true",
    "training",
    "if",
    "else",
    "residual",
    "repeat",
    "scan",
    "as",
    "on",
    "import",
    "then",
    "and",
    "not",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "|>",
    "->",
    "=",
    ":",
    ",",
    ";",
    "..",
    ".",
    "+",
    "-",
    "*",
    "/",
    "@",
    "^",
    "==",
    "<",
    "\n",
    "#",
    "\"a.csv\"",
    "\"",
    "Dense",
    "Dropout",
    "Flatten",
    "LayerNorm",
    "BatchNorm",
    "softmax",
    "reshape",
    "concat",
    "transpose",
    "sum",
    "mean",
    "zeros",
    "class",
    "float",
    "axis",
    "csv",
    "rows",
    "standardize",
    "classes",
    "random",
    "Adam",
    "mse",
    "cross_entropy",
    "accuracy",
    "5 epochs",
    "é",
    "日本",
    "\u{1f600}",
    "\t",
    "10",
    "80%",
];

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &'a [&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// Names, numbers, spaces, strings, and single characters for the rest.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = String::from(c);
        let same: fn(char) -> bool = if c.is_alphanumeric() || c == '_' {
            |c| c.is_alphanumeric() || c == '_'
        } else if c == ' ' {
            |c| c == ' '
        } else if c == '#' {
            |c| c != '\n'
        } else if c == '|' || c == '-' {
            |c| c == '>'
        } else {
            |_| false
        };
        while let Some(next) = chars.next_if(|c| same(*c)) {
            token.push(next);
        }
        tokens.push(token);
    }
    tokens
}

fn mutate(tokens: &mut Vec<String>, dice: &mut Dice) {
    if tokens.is_empty() {
        return;
    }
    let words: Vec<usize> =
        (0..tokens.len()).filter(|i| tokens[*i].starts_with(|c: char| c.is_alphanumeric() || c == '_')).collect();
    let numbers: Vec<usize> =
        (0..tokens.len()).filter(|i| tokens[*i].starts_with(|c: char| c.is_ascii_digit())).collect();
    let any = dice.below(tokens.len());
    match dice.below(8) {
        0 => {
            tokens.remove(any);
        }
        1 => {
            let token = tokens[any].clone();
            tokens.insert(any, token);
        }
        2 => {
            let other = dice.below(tokens.len());
            tokens.swap(any, other);
        }
        3 | 4 if !numbers.is_empty() => {
            let at = numbers[dice.below(numbers.len())];
            tokens[at] = dice.pick(NUMBERS).to_owned();
        }
        5 if !words.is_empty() => {
            let (a, b) = (words[dice.below(words.len())], words[dice.below(words.len())]);
            tokens[a] = tokens[b].clone();
        }
        6 => tokens.insert(any, dice.pick(PIECES).to_owned()),
        _ => {
            // A range of tokens twice: nested bodies, repeated settings.
            let end = (any + 1 + dice.below(12)).min(tokens.len());
            let copy = tokens[any..end].to_vec();
            tokens.splice(end..end, copy);
        }
    }
}

/// Runs a job for each text on a thread of its own, so that one that does not come back can be named.
struct Worker {
    texts: mpsc::Sender<String>,
    results: mpsc::Receiver<Result<(), String>>,
}

impl Worker {
    fn start() -> Worker {
        let (texts, incoming) = mpsc::channel::<String>();
        let (outgoing, results) = mpsc::channel();
        // As large a stack as a program's main thread has.
        let builder = std::thread::Builder::new().stack_size(8 << 20);
        let job = move || {
            for text in incoming {
                let judged = std::panic::catch_unwind(|| judge(&text));
                let result = judged.unwrap_or_else(|_| Err("it panics".to_owned()));
                if outgoing.send(result).is_err() {
                    return;
                }
            }
        };
        builder.spawn(job).unwrap();
        Worker { texts, results }
    }

    fn check(&self, text: &str) {
        self.texts.send(text.to_owned()).unwrap();
        match self.results.recv_timeout(LIMIT) {
            Ok(Ok(())) => {}
            Ok(Err(what)) => panic!("{what}:\n----\n{text}\n----"),
            Err(_) => panic!("no answer within {LIMIT:?}:\n----\n{text}\n----"),
        }
    }
}

/// Checks a text as if it stood among the examples, whose data is there.
fn judge(text: &str) -> Result<(), String> {
    let begun = Instant::now();
    let checked = check_text(Path::new("examples/fuzz.nn"), text, &Overrides::default());
    for diagnostic in &checked.diagnostics {
        let spans = diagnostic.labels.iter().map(|l| l.span);
        let edits = diagnostic.fixes.iter().flat_map(|f| &f.edits).map(|e| e.span);
        for span in spans.chain(edits) {
            let known = checked.sources.files().any(|(id, _)| id == span.file);
            let (start, end) = (span.start as usize, span.end as usize);
            let text = if known { &checked.sources.file(span.file).text[..] } else { "" };
            if start > end || !text.is_char_boundary(start) || !text.is_char_boundary(end) {
                return Err(format!("{} names {span:?}, which is not a place", diagnostic.code));
            }
        }
        if diagnostic.message.contains('\n') {
            return Err(format!("{} has a message of several lines: {}", diagnostic.code, diagnostic.message));
        }
    }
    for format in [Format::Human, Format::Json, Format::Short] {
        let _ = render_all(&checked.sources, &checked.diagnostics, format, Style::default());
    }
    if std::env::var_os("NNRUN_FUZZ").is_some() && begun.elapsed() > Duration::from_secs(2) {
        eprintln!("slow, {:?}:\n{text}", begun.elapsed());
    }
    Ok(())
}

fn factor() -> usize {
    std::env::var("NNRUN_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

fn dice() -> Dice {
    Dice(ChaCha8Rng::seed_from_u64(std::env::var("NNRUN_FUZZ_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1)))
}

#[test]
fn mutated_programs_are_judged() {
    let mut dice = dice();
    let worker = Worker::start();
    let mut paths = programs("examples");
    paths.extend(programs("tests/programs"));
    paths.extend(programs("tests/programs/fragments"));
    paths.extend(programs("tests/ui"));
    for path in paths {
        // Its images would be read again for each case.
        if path.contains("fashion") {
            continue;
        }
        let original = tokens(&std::fs::read_to_string(repository(&path)).unwrap());
        for _ in 0..8 * factor() {
            let mut mutated = original.clone();
            for _ in 0..=dice.below(4) {
                mutate(&mut mutated, &mut dice);
            }
            worker.check(&mutated.concat());
        }
    }
}

#[test]
fn random_tokens_are_judged() {
    let mut dice = dice();
    let worker = Worker::start();
    for _ in 0..400 * factor() {
        let mut text = String::new();
        for _ in 0..dice.below(60) {
            text.push_str(if dice.below(6) == 0 { dice.pick(NUMBERS) } else { dice.pick(PIECES) });
            if dice.below(3) != 0 {
                text.push(' ');
            }
        }
        worker.check(&text);
        worker.check(&format!("model Net(x: [4]) -> [2] {{\n  x |> {text}\n}}\n"));
    }
}

#[test]
fn extremes_are_judged() {
    let worker = Worker::start();
    let deep = |open: &str, close: &str, n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
    let in_model = |body: &str| format!("model Net(x: [4]) -> [4] {{\n{body}\n}}\n");
    let mut texts: Vec<String> = vec![String::new(), "\n".into(), "\u{feff}".into(), "#".into(), "\"".into()];
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("relu(", ")"), ("x |> (", ")")] {
        for n in [50, 400, 5000] {
            texts.push(in_model(&deep(open, close, n)));
        }
    }
    for n in [50, 400, 1000] {
        texts.push(in_model(&format!("x{}", " |> relu".repeat(n))));
        texts.push(in_model(&format!("x{}", " + x".repeat(n))));
        texts.push(in_model(&format!("x |> {} Dense(4) {}", "residual { ".repeat(n), "}".repeat(n))));
        texts.push(in_model(&format!("x |> {} Dense(4) {}", "repeat 2 { ".repeat(n.min(400)), "}".repeat(n.min(400)))));
        texts.push(in_model(&format!("{} x {}", "if true { ".repeat(n), "} else { x }".repeat(n))));
        let n = n.min(600);
        let blocks: String = (0..n).map(|i| format!("block B{i}(x: [D]) -> [D] {{ x |> B{} }}\n", i + 1)).collect();
        texts.push(format!("{blocks}block B{n}(x: [D]) -> [D] {{ x |> Dense(D) }}\n{}", in_model("x |> B0")));
        let hypers: String = (0..n).map(|i| format!("hyper h{i} = h{} + 1\n", i + 1)).collect();
        texts.push(format!("{hypers}hyper h{n} = 1\n{}", in_model("x |> Dense(h0)")));
    }
    // Each block calls the next one twice: a tree that doubles with every floor.
    let doubling: String =
        (0..40).map(|i| format!("block B{i}(x: [D]) -> [D] {{ x |> B{} |> B{} }}\n", i + 1, i + 1)).collect();
    texts.push(format!("{doubling}block B40(x: [D]) -> [D] {{ x |> Dense(D) }}\n{}", in_model("x |> B0")));
    let both = "block A(x: [D]) -> [D] { x |> A |> A }\nblock B(x: [D]) -> [D] { x |> C |> C }\n\
                block C(x: [D]) -> [D] { x |> B |> B }\n";
    texts.push(format!("{both}{}", in_model("x |> A |> B")));
    texts.push("let a = a\nlet b = c |> c\nlet c = b |> b\nmodel Net(x: [4]) -> [4] { x |> a |> b }".into());
    texts.push("hyper a = a\nhyper b = c\nhyper c = b + b\n".into());
    texts.push("hyper f = f(f)\nblock B(f: B)(x: [4]) { x |> f }\nmodel N(x: [4]) { x |> B(B) |> B }\n".into());
    texts.push(
        "import \"fuzz.nn\"\nimport \"xor.nn\"\nimport \".\"\nimport \"\"\nimport \"/\"\nimport \"xor.nn\" as x\n"
            .into(),
    );
    for body in [
        "x |> repeat 1e9 { Dense(4) }",
        "x |> repeat 10000 { repeat 10000 { Dense(4) } }",
        "x |> repeat 10000 { repeat 10000 { relu } }",
        "x |> repeat -1 { relu }",
        "x |> repeat 0 { relu }",
        "x |> repeat 0.5 { relu }",
        "x |> Dense(1e18)",
        "x |> Dense(1e18) |> Dense(1e18) |> Dense(4)",
        "x |> reshape([1e18, 1e18, _])",
        "x |> reshape([_, _])",
        "x |> reshape([0])",
        "x |> reshape([-4])",
        "x |> reshape([])",
        "x[]",
        "x[..]",
        "x[.., ..]",
        "x[.. 0]",
        "x[4 ..]",
        "x[-5 .. 9]",
        "x[9223372036854775807]",
        "x[-9223372036854775808 ..]",
        "x[1e18 .. 1e18]",
        "x[0.5]",
        "zeros([1e9, 1e9, 1e9])",
        "ones([1e18])",
        "zeros([0])",
        "full([4], 1 / 0)",
        "x |> sum(axis: 1e18)",
        "x |> sum(axis: [0, 0])",
        "x |> permute([0, 0])",
        "x |> permute([])",
        "x |> concat",
        "concat([])",
        "concat([x, x], axis: -9e15)",
        "stack([])",
        "one_hot(x, 1e18)",
        "pad(x, 1e18)",
        "arange(1e18)",
        "split(x, 0)",
        "x |> unsqueeze(axis: 99)",
        "x ^ 1e308 ^ 1e308",
        "2 ^ 1e9 * x",
        "-9223372036854775808 * x",
        "x |> Net",
        "x |> x",
        "x |> (x |> x)",
        "(Dense)(Dense)(x)",
        "x |> Dense(Dense)",
        "let Dense = Dense(4)\n x |> Dense |> Dense",
        "let (a, b) = x\n a",
        "let a = a\n a",
        "weight w: [1e18, 1e18] = zeros\n x @ w",
        "weight w: [] = zeros\n x * w",
        "weight w: [4, 0] = zeros\n x @ w",
        "weight w: [4, 4] = normal(std: -1)\n x @ w",
        "constant c: [1e18] = 1\n x * c",
        "training",
        "x |> residual { residual { relu } }",
        "x |> residual(shortcut: x) { relu }",
        "x |> Dropout(-1)",
        "_",
        "..",
        "none",
        "",
    ] {
        texts.push(in_model(body));
        texts.push(format!("block B(n)(x: [T, D]) -> [T, n] {{\n{body}\n}}\n"));
    }
    for ty in [
        "[0]",
        "[-1]",
        "[1e18]",
        "[1e18, 1e18]",
        "class(0)",
        "class(1e18)[4]",
        "[D/0]",
        "[D, D/2, 2*D]",
        "[D^2]",
        "[x]",
        "a.b.c.d",
        "[]",
    ] {
        texts.push(format!("model Net(x: {ty}) -> {ty} {{\n  x\n}}\nblock B(x: {ty}) -> {ty} {{ x |> Dense(2) }}\n"));
    }
    for data in [
        "rows([], columns: [])",
        "rows([[]], columns: [])",
        "rows([[1]], columns: [a, a])",
        "rows([[1, 2], [3]], columns: [a, b])",
        "rows([[1e308], [-1e308]], columns: [a]) |> standardize",
        "csv(\"\")",
        "csv(\".\")",
        "csv(\"*\")",
        "csv([])",
        "idx(\"data/tabular/iris.csv\")",
        "npy(\"data/tabular/iris.csv\")",
        "moons(1e18)",
        "moons(-1)",
        "moons(0)",
        "spirals(10, classes: 1e9)",
        "blobs(1e9, features: 1e9)",
        "sine(1, periods: 1e300)",
    ] {
        texts.push(format!(
            "data d {{\n  let t = {data}\n  field x = t[a]\n  field y = t.a |> classes(1e8)\n  field z = t\n  \
             field w = t.a |> reshape([1e9, _])\n  split: random(train: 1e18, validation: -1, test: 0)\n}}\n\
             model Net(x: [1]) -> o {{ x |> Dense(d.y.classes) }}\ntrain Net on d {{ loss: mse(o, x); optimizer: Adam(lr: 1e308); \
             epochs: 1e18; batch: 1e18; schedule: warmup(0 steps) then cosine(to: -1) }}\n"
        ));
    }
    for text in &texts {
        if std::env::var_os("NNRUN_FUZZ").is_some() {
            // A stack that overflows says nothing of the case.
            eprintln!("{} characters: {:.80}", text.len(), text.replace('\n', " "));
        }
        worker.check(text);
    }
}
