//! The words for every [`SyntaxError`].

use super::error::{NumberProblem, SyntaxError};
use crate::diagnostics::{Code, Diagnostic, Edit, quoted_list};
use crate::source::Span;

impl SyntaxError {
    /// The mistake in words.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            SyntaxError::Unexpected { span, expected, found } => Diagnostic::new(
                Code::E0001,
                format!("expected {expected}, found {found}"),
                *span,
                "this cannot stand here",
            ),
            SyntaxError::Unclosed { open, closer, at, found } => {
                let opener = opener_of(*closer);
                let d = Diagnostic::new(
                    Code::E0002,
                    format!("this `{opener}` is never closed"),
                    *open,
                    format!("needs a `{closer}`"),
                );
                let d = match found {
                    Some(found) => d.label(*found, format!("`{closer}` should come before this")),
                    None => d,
                };
                d.fix(
                    format!("close it with `{closer}`"),
                    *at,
                    if *closer == '}' { "\n}".into() } else { closer.to_string() },
                )
            }
            SyntaxError::NoBrace { word, header, end } => {
                let message = format!("the body of this `{word}` needs a `{{`");
                let d = Diagnostic::new(Code::E0025, message, *header, "the body begins after this");
                let open = Edit { span: header.end_point(), text: " {".into() };
                match end {
                    None => d.fix_all("insert `{`", vec![open]),
                    Some(end) => d.label(*end, "and ends after this").fix_all(
                        "put the body in braces",
                        vec![open, Edit { span: end.end_point(), text: "\n}".into() }],
                    ),
                }
            }
            SyntaxError::StrayClose { span, bracket } => Diagnostic::new(
                Code::E0002,
                format!("this `{bracket}` closes nothing"),
                *span,
                "no bracket is open here",
            )
            .fix("remove it", *span, ""),
            SyntaxError::UnterminatedString { span } => {
                Diagnostic::new(Code::E0003, "this string does not end on its line", *span, "needs a `\"`").fix(
                    "close the string",
                    span.end_point(),
                    "\"",
                )
            }
            SyntaxError::SingleQuotes { span, quotes, content } => {
                let text = format!("\"{}\"", content.replace('"', "\\\""));
                Diagnostic::new(Code::E0003, "a string stands in double quotes", *span, *quotes).fix(
                    format!("write {text}"),
                    *span,
                    text.clone(),
                )
            }
            SyntaxError::UnknownEscape { span, text } => Diagnostic::new(
                Code::E0003,
                format!("`{text}` is not an escape"),
                *span,
                "the escapes are `\\\\`, `\\\"`, `\\n`, `\\t` and `\\u{…}`",
            )
            .help("a path may use `/` on every system")
            .fix("write the backslash twice", *span, format!("\\{text}")),
            SyntaxError::ForeignComment { span, replacement, marker } => {
                let d = Diagnostic::new(
                    Code::E0004,
                    "a comment begins with `#`",
                    *span,
                    format!("`{marker}` begins no comment here"),
                );
                match replacement {
                    Some(text) => d.fix("begin the comment with `#`", *span, text.clone()),
                    None => d.help("write it behind a `#` on a line of its own"),
                }
            }
            SyntaxError::ForeignOperator { span, found, meant } => Diagnostic::new(
                Code::E0005,
                format!("`{found}` is written `{meant}`"),
                *span,
                "no operator of this language",
            )
            .fix(format!("write `{meant}`"), *span, *meant),
            SyntaxError::Modulo { span } => Diagnostic::new(
                Code::E0005,
                "`%` is not an operator",
                *span,
                "there is no remainder; `%` only ends a number, as in `80%`",
            ),
            SyntaxError::EqualsForComparison { span } => {
                Diagnostic::new(Code::E0005, "`=` does not compare", *span, "gives a name its value").fix(
                    "compare with `==`",
                    *span,
                    "==",
                )
            }
            SyntaxError::BadNumber { span, text, problem } => bad_number(*span, text, problem),
            SyntaxError::MissingOperand { operator, text } => {
                let what = match text.as_str() {
                    "|>" => "a layer or function",
                    "then" => "a schedule",
                    ".." => "a position",
                    _ => "a value",
                };
                Diagnostic::new(
                    Code::E0007,
                    format!("expected {what} after `{text}`"),
                    *operator,
                    format!("nothing for this `{text}` to work on"),
                )
            }
            SyntaxError::MissingValue { of, text } => {
                let what = match text.chars().last() {
                    Some(':') => "a value",
                    Some('=') => "an expression",
                    _ => "`:` and a value",
                };
                Diagnostic::new(Code::E0007, format!("expected {what} after `{text}`"), *of, "has no value")
            }
            SyntaxError::MissingStart { name, end } => Diagnostic::new(
                Code::E0007,
                "this weight does not say how it starts",
                *name,
                "starts as what?",
            )
            .fix("start it at random: ` = xavier_uniform`", *end, " = xavier_uniform")
            .help("a bias usually starts as `zeros`, a scale as `ones`; `nnrun explain` lists all initial weights"),
            SyntaxError::MissingName { dot } => {
                Diagnostic::new(Code::E0007, "expected a name after `.`", *dot, "nothing follows this dot")
            }
            SyntaxError::MissingComma { at, next } => {
                Diagnostic::new(Code::E0008, "expected `,` between these", *next, "needs a comma before it").fix(
                    "insert the comma",
                    *at,
                    ",",
                )
            }
            SyntaxError::EqualsForColon { span, name, spaced } => Diagnostic::new(
                Code::E0009,
                format!("expected `:` after `{name}`"),
                *span,
                "a name and its value are joined by `:` here",
            )
            .fix("write `:`", *span, if *spaced { ":" } else { ": " }),
            SyntaxError::ColonForEquals { span, text, what } => Diagnostic::new(
                Code::E0009,
                format!("expected `=`, found `{text}`"),
                *span,
                format!("{what} is given its value by `=`"),
            )
            .fix("write `=`", *span, if text == ":" { " =" } else { "=" }),
            SyntaxError::MissingColon { key, text } => Diagnostic::new(
                Code::E0009,
                format!("expected `:` after `{text}`"),
                *key,
                "a name and its value are joined by `:` here",
            )
            .fix("insert `:`", key.end_point(), ":"),
            SyntaxError::MissingBraces { stage, form, edits } => Diagnostic::new(
                Code::E0026,
                format!("what `{form}` takes stands in braces"),
                *stage,
                "needs a `{` before it and a `}` after it",
            )
            .fix_all("put it in braces", edits.clone()),
            SyntaxError::MissingCount { word } => {
                Diagnostic::new(Code::E0007, "expected a number of copies after `repeat`", *word, "repeat how often?")
                    .help("`repeat 3 { … }` chains three copies, each with weights of its own")
            }
            SyntaxError::BareInputs { span, start } => Diagnostic::new(
                Code::E0001,
                "the inputs stand in parentheses",
                *span,
                "needs a `(` before it and a `)` after it",
            )
            .fix_all(
                "put them in parentheses",
                vec![Edit { span: *start, text: "(".into() }, Edit { span: span.end_point(), text: ")".into() }],
            ),
            SyntaxError::NoArrow { arrow, found: Some(found), .. } => Diagnostic::new(
                Code::E0001,
                format!("expected `->` before the outputs, found `{found}`"),
                *arrow,
                "this cannot stand here",
            )
            .fix("write `->`", *arrow, if found == ":" { " ->" } else { "->" }),
            SyntaxError::NoArrow { outputs, .. } => {
                Diagnostic::new(Code::E0001, "expected `->` before the outputs", *outputs, "needs a `->` before it")
                    .fix("insert `->`", outputs.start_point(), "-> ")
            }
            SyntaxError::NoOn { span, data: Some(data), .. } => Diagnostic::new(
                Code::E0001,
                "expected `on` and the name of a data item",
                *span,
                format!("`{data}` stands behind `on`"),
            )
            .fix(format!("write `on {data}`"), *span, format!(" on {data}")),
            SyntaxError::NoOn { span, found, .. } if found.is_empty() => {
                Diagnostic::new(Code::E0001, "expected `on` before the name of the data", *span, "needs an `on` here")
                    .fix("insert `on`", span.end_point(), "on ")
            }
            SyntaxError::NoOn { span, found, .. } => Diagnostic::new(
                Code::E0001,
                format!("expected `on` before the name of the data, found `{found}`"),
                *span,
                "this cannot stand here",
            )
            .fix("write `on`", *span, "on"),
            SyntaxError::LineComma { span, what, ends_line: true } => Diagnostic::new(
                Code::E0018,
                format!("{what} ends with its line, not with a comma"),
                *span,
                "nothing follows this comma",
            )
            .fix("remove the comma", *span, ""),
            SyntaxError::LineComma { span, .. } => Diagnostic::new(
                Code::E0018,
                "two statements on a line need a `;` between them",
                *span,
                "a comma only separates what stands in brackets",
            )
            .fix("write `;`", *span, ";"),
            SyntaxError::HyperForLet { span } => Diagnostic::new(
                Code::E0014,
                "a `hyper` cannot stand here",
                *span,
                "stands only at the top of a file; here a name is bound by `let`",
            )
            .fix("write `let`", *span, "let"),
            SyntaxError::MissingLet { name, text, walrus, word } => {
                let mut edits = vec![Edit { span: name.start_point(), text: format!("{word} ") }];
                edits.extend(walrus.map(|span| Edit { span, text: "=".into() }));
                let label = match *word {
                    "field" => "what a model or a loss asks for is a `field`",
                    _ => "a name is bound by `let`",
                };
                let title = if walrus.is_some() { format!("write `{word} … =`") } else { format!("insert `{word}`") };
                Diagnostic::new(Code::E0010, format!("`{text}` needs a `{word}`"), *name, label).fix_all(title, edits)
            }
            SyntaxError::ArrowForPipe { span, text } => {
                let label = match text.as_str() {
                    "->" => "`->` stands only before the outputs of a signature".to_owned(),
                    other => format!("`{other}` is no operator of this language"),
                };
                Diagnostic::new(Code::E0011, "data flows through `|>`", *span, label).fix("write `|>`", *span, "|>")
            }
            SyntaxError::Misspelt { span, found, meant } => Diagnostic::new(
                Code::E0012,
                format!("`{found}` is not a word of the language"),
                *span,
                format!("is `{meant}` meant?"),
            )
            .fix(format!("write `{meant}`"), *span, meant.clone()),
            SyntaxError::ArithmeticAfterPipe { pipeline, operator, text } => Diagnostic::new(
                Code::E0013,
                format!("`{text}` after a stage of a pipeline needs parentheses"),
                *operator,
                format!("`|>` binds loosest, so this `{text}` belongs to the stage before it"),
            )
            .label(*pipeline, "the value that is meant")
            .fix_all(
                "put the pipeline in parentheses",
                vec![
                    Edit { span: pipeline.start_point(), text: "(".into() },
                    Edit { span: pipeline.end_point(), text: ")".into() },
                ],
            ),
            SyntaxError::Misplaced { span, what, belongs } => Diagnostic::new(
                Code::E0014,
                format!("{what} cannot stand here"),
                *span,
                format!("stands only in {belongs}"),
            ),
            SyntaxError::TooDeep { span, limit } => Diagnostic::new(
                Code::E0015,
                format!("more than {limit} levels deep"),
                *span,
                "nested too deeply from here on",
            )
            .help("name parts with `let`, or chain stages with `repeat`"),
            SyntaxError::Reserved { span, word } => Diagnostic::new(
                Code::E0016,
                format!("`{word}` is a word of the language, not a name"),
                *span,
                "choose another name",
            ),
            SyntaxError::Chained { first, second, middle, middle_text, comparison: true } => {
                Diagnostic::new(Code::E0017, "comparisons do not chain", *second, "the second comparison")
                    .label(*first, "the first")
                    .fix("join them with `and`", middle.end_point(), format!(" and {middle_text}"))
            }
            SyntaxError::Chained { first, second, .. } => {
                Diagnostic::new(Code::E0017, "a range has two ends", *second, "a third end").label(*first, "the range")
            }
            SyntaxError::MissingSemicolon { at, next } => Diagnostic::new(
                Code::E0018,
                "two statements on a line need a `;` between them",
                *next,
                "the second begins here",
            )
            .fix("insert `;`", *at, ";"),
            SyntaxError::UnknownType { span, name, nearest } => {
                let d = Diagnostic::new(Code::E0019, format!("`{name}` is not a type"), *span, "expected a type")
                    .help("a type is a kind (`float`, `int`, `bool`, `class(n)`), a shape (`[T, D]`), both, or a field (`data.field`)");
                match nearest {
                    Some(nearest) => d.fix(format!("write `{nearest}`"), *span, *nearest),
                    None => d,
                }
            }
            SyntaxError::ModelHypers { span, name } => Diagnostic::new(
                Code::E0020,
                format!("the model `{name}` has two lists of inputs"),
                *span,
                "a model takes no hypers",
            )
            .help("declare them with `hyper NAME = value`, or make this a block"),
            SyntaxError::Foreign(foreign) => foreign.diagnostic(),
        }
    }
}

fn opener_of(closer: char) -> char {
    match closer {
        ')' => '(',
        ']' => '[',
        _ => '{',
    }
}

fn bad_number(span: Span, text: &str, problem: &NumberProblem) -> Diagnostic {
    match problem {
        NumberProblem::Overflow => {
            Diagnostic::new(Code::E0006, format!("{text} is too large"), span, "the largest number is about 1.8e308")
        }
        NumberProblem::UnitTouches(unit) => {
            let written = format!("{} {unit}", text.strip_suffix(unit).unwrap_or(text));
            Diagnostic::new(Code::E0006, format!("expected a space before `{unit}`"), span, "a number and its unit")
                .fix(format!("write `{written}`"), span, written)
        }
        NumberProblem::WriteInstead(instead) => Diagnostic::new(
            Code::E0006,
            format!("{text} is written {instead}"),
            span,
            "this form is not a number of the language",
        )
        .fix(format!("write {instead}"), span, instead.clone()),
        NumberProblem::Suffix(suffix) => Diagnostic::new(
            Code::E0006,
            format!("`{suffix}` is not a suffix of a number"),
            span,
            format!("the suffixes are {}", quoted_list(["%", "k", "M"], 3)),
        ),
    }
}
