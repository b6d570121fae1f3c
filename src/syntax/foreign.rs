//! What is written as in another language: as facts, and the words for it. `foreign_finder.rs` finds it.

use super::error::SyntaxError;
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::source::Span;

/// A piece of another language.
#[derive(Debug, Clone, PartialEq)]
pub enum Foreign {
    /// Lines at the top of a file that are a program, not a description.
    Lines {
        /// Their first line.
        span: Span,
        /// All of them, with the newline.
        all: Span,
        /// What they are.
        what: Lines,
    },
    /// `lr = 0.1` at the top of a file.
    TopLevelValue {
        /// The name.
        name: Span,
        /// Its text.
        text: String,
    },
    /// `return y`
    Return {
        /// The word, with the white space behind it.
        span: Span,
    },
    /// `const h = …`, `let mut h = …`
    Binding {
        /// The word that is not used here.
        word: Span,
        /// Its text.
        text: String,
        /// What is replaced.
        replaced: Span,
        /// By what.
        by: &'static str,
    },
    /// A loop or a function in a body.
    Control {
        /// Its first line.
        span: Span,
        /// Its first word.
        word: String,
    },
    /// `h += x`
    InPlace {
        /// All of it.
        span: Span,
        /// `+=`
        operator: String,
        /// As it should be written.
        instead: String,
    },
    /// `lambda x: …`
    Lambda {
        /// All of it.
        span: Span,
    },
    /// `a if c else b`
    Conditional {
        /// All of it.
        span: Span,
        /// As it should be written.
        instead: String,
    },
    /// `x[1:3]`
    Slice {
        /// One axis of it.
        span: Span,
        /// As it should be written; `None` for a step.
        instead: Option<String>,
    },
    /// A sign that only looks like the one that is meant.
    LookAlike {
        /// Where.
        span: Span,
        /// The sign.
        found: String,
        /// The one that is meant.
        meant: &'static str,
    },
    /// A body by a colon and an indent.
    Indented {
        /// The colon.
        colon: Span,
        /// Where the body ends, if not with a brace.
        end: Option<Span>,
    },
    /// `if c:` and indented lines.
    IndentedIf {
        /// The first colon.
        colon: Span,
        /// What every branch binds, where each does nothing else.
        name: Option<String>,
        /// What makes it right.
        edits: Vec<Edit>,
    },
    /// `[None, 4]`, `[-1, 4]`
    BatchAxis {
        /// What stands for the batch.
        span: Span,
        /// That, up to the next axis.
        removed: Span,
    },
    /// A shape in parentheses.
    TupleShape {
        /// `(`
        open: Span,
        /// `)`
        close: Span,
    },
    /// `csv(data/iris.csv)`
    BarePath {
        /// Where.
        span: Span,
        /// The path.
        path: String,
    },
    /// `self.fc1`
    OfSelf {
        /// `self.`
        span: Span,
    },
    /// `True`, `None`
    Constant {
        /// Where.
        span: Span,
        /// As written.
        text: String,
        /// What it is called here.
        meant: &'static str,
        /// Who writes it so.
        language: &'static str,
    },
    /// `f"…"`
    PrefixedString {
        /// All of it.
        span: Span,
        /// As it should be written.
        instead: String,
        /// Whether something is to be filled in.
        is_format: bool,
    },
}

/// What lines of another language are.
#[derive(Debug, Clone, PartialEq)]
pub enum Lines {
    /// `import torch`
    Import,
    /// `class Net(nn.Module): …`
    Class,
    /// `def forward(x): …`
    Function,
    /// `for`, `while`, `with`, `if`, `try` and what they hold.
    Control(String),
    /// `model.fit(…)`, by the name of what is called.
    Call(String),
    /// `net = …`
    Value(String),
}

impl From<Foreign> for SyntaxError {
    fn from(foreign: Foreign) -> Self {
        SyntaxError::Foreign(foreign)
    }
}

impl Foreign {
    /// The mistake in words.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Foreign::Lines { span, all, what } => lines(*span, *all, what),
            Foreign::TopLevelValue { name, text } => Diagnostic::new(
                Code::E0010,
                format!("`{text}` needs a `hyper`"),
                *name,
                "a number of the whole file is a `hyper`",
            )
            .fix("insert `hyper`", name.start_point(), "hyper "),
            Foreign::Return { span } => Diagnostic::new(
                Code::E0022,
                "a result is not returned",
                *span,
                "the last expression of a body is its result",
            )
            .fix("remove `return`", *span, ""),
            Foreign::Binding { word, text, replaced, by } => {
                let title =
                    if by.is_empty() { format!("remove `{text}`") } else { format!("write `{by}`") };
                Diagnostic::new(Code::E0022, "a name is bound by `let`", *word, format!("`{text}` is not needed"))
                    .fix(title, *replaced, *by)
            }
            Foreign::Control { span, word } => {
                let diagnostic = Diagnostic::new(
                    Code::E0022,
                    format!("there is no `{word}` in this language"),
                    *span,
                    "a body describes how data flows, it is not run line by line",
                );
                match word.as_str() {
                    "def" | "class" | "function" => {
                        diagnostic.help("a part of a network is a `block`, beside the model: `block Name(x: [D]) -> [D] { … }`")
                    }
                    _ => diagnostic
                        .help("`repeat 3 { Dense(16) |> relu }` chains layers, each copy with weights of its own")
                        .help("`scan x as xt, h = zeros([8]) { … }` walks the steps of a sequence"),
                }
            }
            Foreign::InPlace { span, operator, instead } => Diagnostic::new(
                Code::E0022,
                format!("`{operator}` does not exist: a value does not change"),
                *span,
                "the sum is a new value",
            )
            .fix(format!("write `{instead}`"), *span, instead.clone()),
            Foreign::Lambda { span } => Diagnostic::new(
                Code::E0022,
                "there are no functions without a name",
                *span,
                "`lambda` is not a word of this language",
            )
            .help("write the expression where it is used, or a block: `block Twice(x: [D]) -> [D] { x * 2 }`"),
            Foreign::Conditional { span, instead } => Diagnostic::new(
                Code::E0022,
                "the condition of an `if` comes first",
                *span,
                "in the order of Python",
            )
            .fix(format!("write `{instead}`"), *span, instead.clone())
            .help("`if` chooses while the program is checked; number by number, `where(condition, a, b)` does"),
            Foreign::Slice { span, instead: Some(instead) } => Diagnostic::new(
                Code::E0023,
                "a range of positions is written with `..`",
                *span,
                "`:` only joins a name and its value",
            )
            .fix(format!("write `{instead}`"), *span, instead.clone()),
            Foreign::Slice { span, instead: None } => Diagnostic::new(
                Code::E0023,
                "a range of positions is written with `..`, and has no step",
                *span,
                "a slice with a step",
            )
            .help("`x[0 .. 8]` are positions 0 to 7; every second of them are `x |> reshape([4, 2])`, and `[.., 0]` of that"),
            Foreign::LookAlike { span, found, meant } => Diagnostic::new(
                Code::E0024,
                format!("`{found}` is written `{meant}`"),
                *span,
                "a sign of texts, not of programs",
            )
            .fix(format!("write `{meant}`"), *span, *meant),
            Foreign::Indented { colon, end } => {
                let diagnostic = Diagnostic::new(
                    Code::E0025,
                    "a body stands in braces",
                    *colon,
                    "needs a `{`; how far lines are indented means nothing",
                );
                let open = Edit { span: *colon, text: " {".into() };
                match end {
                    None => diagnostic.fix_all("write `{`", vec![open]),
                    Some(end) => diagnostic
                        .label(*end, "and a `}` after this")
                        .fix_all("put the body in braces", vec![open, Edit { span: end.end_point(), text: "\n}".into() }]),
                }
            }
            Foreign::IndentedIf { colon, name, edits } => {
                let diagnostic = Diagnostic::new(
                    Code::E0025,
                    "the branches of an `if` stand in braces",
                    *colon,
                    "needs a `{`; how far lines are indented means nothing",
                );
                match name {
                    Some(name) => diagnostic
                        .note(format!("an `if` gives a value: `{name}` is named once, before it"))
                        .fix_all(format!("write `let {name} = if … {{ … }} else {{ … }}`"), edits.clone()),
                    None => diagnostic.fix_all("put the branches in braces", edits.clone()),
                }
            }
            Foreign::BatchAxis { span, removed } => Diagnostic::new(
                Code::E0027,
                "the batch is not an axis",
                *span,
                "shapes are those of one example; the batch is added for you",
            )
            .fix("leave the batch out", *removed, ""),
            Foreign::TupleShape { open, close } => Diagnostic::new(
                Code::E0019,
                "a shape stands in square brackets",
                *open,
                "parentheses make no shape",
            )
            .fix_all(
                "write it in `[` and `]`",
                vec![Edit { span: *open, text: "[".into() }, Edit { span: *close, text: "]".into() }],
            ),
            Foreign::BarePath { span, path } => {
                Diagnostic::new(Code::E0003, "a path stands in double quotes", *span, "the quotes are missing").fix(
                    format!("write \"{path}\""),
                    *span,
                    format!("\"{path}\""),
                )
            }
            Foreign::OfSelf { span } => Diagnostic::new(
                Code::E0117,
                "there is no `self`: a layer is a name like any other",
                *span,
                "belongs to a class of Python",
            )
            .fix("remove `self.`", *span, ""),
            Foreign::Constant { span, text, meant, language } => Diagnostic::new(
                Code::E0102,
                format!("`{text}` is called `{meant}` here"),
                *span,
                format!("the name that {language} uses"),
            )
            .fix(format!("write `{meant}`"), *span, *meant),
            Foreign::PrefixedString { span, instead, is_format } => {
                let diagnostic = Diagnostic::new(
                    Code::E0003,
                    "a string begins with its quote",
                    *span,
                    "no letter stands before a string",
                );
                if *is_format {
                    diagnostic.help("nothing is filled into a string: write it out")
                } else {
                    diagnostic.fix(format!("write {instead}"), *span, instead.clone())
                }
            }
        }
    }
}

fn lines(span: Span, all: Span, what: &Lines) -> Diagnostic {
    let told = |message: &str, label: &str| Diagnostic::new(Code::E0021, message, span, label);
    let train = "how a model is trained is said in `train Model on data { loss: …, optimizer: Adam(lr: 1e-3), epochs: 10 }`, a setting on each line";
    match what {
        Lines::Import => told(
            "there is nothing to import: every layer and function is known by its name",
            "`import` brings items of another `.nn` file, `import \"blocks.nn\"`",
        )
        .fix("remove this line", all, ""),
        Lines::Class => told("a network is a `model`, not a class", "a class of Python").help(
            "`model Net(x: [4]) -> logits: [2] { x |> Dense(16) |> relu |> Dense(2) }`: layers are made where data flows through them",
        ),
        Lines::Function => told("a part of a network is a `block`, not a function", "a function of Python")
            .help("`block Unit(width)(x: [D]) -> [width] { x |> Dense(width) |> relu }` is used as `x |> Unit(16)`"),
        Lines::Control(word) => {
            let message = format!("there is no `{word}` in this language");
            let diagnostic = told(&message, "a file describes a network and its training, it is not run line by line");
            diagnostic.help(train).help("layers are repeated by `repeat n { … }`, in a model")
        }
        Lines::Call(name) => match name.as_str() {
            "add" | "append" | "add_module" => {
                told("layers are not added to a model: data flows through them", "a call, as in Keras")
                    .help("`model Net(x: [4]) -> logits: [2] { x |> Dense(16) |> relu |> Dense(2) }`")
            }
            "print" | "summary" => told("a program prints nothing", "a call, as in Python")
                .help("`nnrun summary FILE` shows every layer with its shape and its parameters"),
            "evaluate" | "predict" | "eval" => told("a program calls nothing", "a call, as in Python")
                .help("the test split is used once, at the end; `nnrun predict FILE --from RUN` predicts"),
            _ => told("training is described, not called", "a call, as in Python").help(train),
        },
        Lines::Value(name) => {
            let message = format!("`{name}` is given no value at the top of a file");
            told(&message, "an assignment, as in Python")
                .help("a network is a `model`, data is a `data`, a number is a `hyper`, a layer that models share a `let`")
                .help(train)
        }
    }
}
