//! Words for mistakes with arguments and expressions.

use super::{quote, suggest, suggest_duration, this_is};
use crate::catalog::{Bounds, Param, ParamType};
use crate::check::mistake::{ArgumentMeaning, Mistake};
use crate::check::value::show_number;
use crate::diagnostics::{Code, Diagnostic, Edit, quoted_list};
use crate::ir::dim::Dim;
use crate::source::{SourceMap, Span};

pub(super) fn diagnostic(mistake: &Mistake, span: Span, sources: &SourceMap) -> Option<Diagnostic> {
    Some(match mistake {
        Mistake::MissingArgument { callee, param, doc } => {
            let message = format!("{} needs `{param}`", quote(callee));
            let diagnostic = Diagnostic::new(Code::E0201, message, span, format!("`{param}` is missing"));
            if doc.is_empty() { diagnostic } else { diagnostic.help(format!("`{param}`: {doc}")) }
        }
        Mistake::UnknownArgument { callee, name, nearest, known } => {
            let callee = quote(callee);
            let message = format!("{callee} has no argument `{name}`");
            let diagnostic = Diagnostic::new(Code::E0202, message, span, "not an argument of it");
            suggest(diagnostic, span, nearest.as_ref(), known, "its arguments")
        }
        Mistake::ForeignArgument { callee, name, meaning, argument, removed, call } => {
            let message = format!("{} has no argument `{name}`", quote(callee));
            let diagnostic = Diagnostic::new(Code::E0202, message, span, "not an argument of it");
            match meaning {
                ArgumentMeaning::Called(ours) => diagnostic.fix(format!("it is called `{ours}` here"), span, *ours),
                ArgumentMeaning::Axis(axis) => diagnostic
                    .note("axes are counted without the batch, so each comes one earlier")
                    .fix(format!("write `axis: {axis}`"), *argument, format!("axis: {axis}")),
                ArgumentMeaning::Written(text) => diagnostic.fix(format!("write `{text}`"), *argument, text.as_str()),
                ArgumentMeaning::NotNeeded(why) => diagnostic.note(*why).fix("leave it out", *removed, ""),
                ArgumentMeaning::Callee(ours) => {
                    let name = Span { end: call.start + callee.len() as u32, ..*call };
                    diagnostic.note(format!("`{ours}` is the same for logits")).fix_all(
                        format!("use `{ours}`"),
                        vec![
                            Edit { span: name, text: (*ours).to_owned() },
                            Edit { span: *removed, text: String::new() },
                        ],
                    )
                }
                ArgumentMeaning::Stage(None) => {
                    diagnostic.help("an activation is a stage of its own: `Dense(16) |> relu`")
                }
                ArgumentMeaning::Stage(Some(None)) => diagnostic.fix("leave it out", *removed, ""),
                ArgumentMeaning::Stage(Some(Some(function))) => {
                    diagnostic.note("an activation is a stage of its own").fix_all(
                        format!("write `|> {function}` behind it"),
                        vec![
                            Edit { span: *removed, text: String::new() },
                            Edit { span: call.end_point(), text: format!(" |> {function}") },
                        ],
                    )
                }
            }
        }
        Mistake::SizeOfInput { callee, removed } => {
            let message = format!("{} is not given the size of its input", quote(callee));
            Diagnostic::new(Code::E0205, message, span, "the size of the input is inferred").fix(
                "leave it out",
                *removed,
                "",
            )
        }
        Mistake::SwappedOperands { callee, prediction, target } => {
            let right = format!("`{callee}({}, {})`", prediction.1, target.1);
            let edit = |at: &(Span, String), text: &(Span, String)| Edit { span: at.0, text: text.1.clone() };
            let label = "no weight takes part in this: it is what is to be predicted";
            Diagnostic::new(Code::E0402, format!("the prediction comes first: {right}"), target.0, label)
                .label(prediction.0, "the model predicts this")
                .fix_all(format!("write {right}"), vec![edit(target, prediction), edit(prediction, target)])
        }
        Mistake::OneForEachAxis { callee, param, number } => {
            let message = format!("`{param}` of {} is one number, for every axis", quote(callee));
            Diagnostic::new(Code::E0205, message, span, "one for each axis").fix(
                format!("write `{number}`"),
                span,
                number.as_str(),
            )
        }
        Mistake::WordInQuotes { callee, param, text, instead } => {
            let message = format!("`{param}` of {} is a word, without quotes", quote(callee));
            let label = if text == instead { "a text".to_owned() } else { format!("`{text}` is `{instead}` here") };
            Diagnostic::new(Code::E0205, message, span, label).fix(format!("write `{instead}`"), span, instead.as_str())
        }
        Mistake::WeightsGiven { removed } => {
            let message = "an optimizer is not given the weights";
            Diagnostic::new(Code::E0225, message, span, "all weights of the model are trained").fix(
                "leave them out",
                *removed,
                "",
            )
        }
        Mistake::ListWithoutBrackets { callee, param, instead } => {
            let message = format!("`{param}` of {} is a list, in brackets", quote(callee));
            Diagnostic::new(Code::E0205, message, span, "several arguments").fix(
                format!("write `{instead}`"),
                span,
                instead.as_str(),
            )
        }
        Mistake::AxesOfTranspose { rank, instead, edits, counts_batch } => {
            let message = match rank {
                2 => "`transpose` swaps the two axes, and takes no numbers",
                _ => "`transpose` swaps the last two axes, and takes no numbers",
            };
            let diagnostic = Diagnostic::new(Code::E0203, message, span, "numbers of axes");
            let diagnostic = match counts_batch {
                true => diagnostic.note("axes are counted without the batch, so each comes one earlier"),
                false => diagnostic,
            };
            diagnostic.fix_all(format!("write `{instead}`"), all(edits))
        }
        Mistake::TensorAmongArguments { callee, instead, edits } => {
            let message = format!("{} is given its tensors behind its arguments", quote(callee));
            Diagnostic::new(Code::E0205, message, span, "a tensor among the arguments")
                .fix_all(format!("write `{instead}`"), all(edits))
        }
        Mistake::OperandsInBrackets { edits } => {
            let message = "`einsum` takes its operands one by one, without brackets";
            Diagnostic::new(Code::E0205, message, span, "a list").fix_all("take the brackets away", all(edits))
        }
        Mistake::PatternBehind { edits } => {
            let message = "`einsum` takes its pattern first";
            Diagnostic::new(Code::E0205, message, span, "behind an operand")
                .fix_all("put it before the operands", all(edits))
        }
        Mistake::TooManyArguments { callee, takes, given, known } => {
            let callee = quote(callee);
            let message = match takes {
                0 => format!("{callee} takes no arguments like this"),
                1 => format!("{callee} takes one argument, and {given} are given"),
                takes => format!("{callee} takes {takes} arguments, and {given} are given"),
            };
            let diagnostic = Diagnostic::new(Code::E0203, message, span, "one too many");
            match known.as_slice() {
                [] => diagnostic,
                known => {
                    diagnostic.help(format!("its arguments: {}", quoted_list(known.iter().map(String::as_str), 12)))
                }
            }
        }
        Mistake::RepeatedArgument { callee, name, first } => {
            let message = format!("`{name}` of {} is given twice", quote(callee));
            Diagnostic::new(Code::E0204, message, span, "the second time").label(*first, "the first time")
        }
        Mistake::ArgumentType { callee, param, wanted, found } => {
            let message = format!("`{param}` of {} must be {wanted}", quote(callee));
            let diagnostic = Diagnostic::new(Code::E0205, message, span, this_is(found));
            let diagnostic = suggest_duration(diagnostic, span, wanted, found);
            if found.starts_with("a tensor") && callee.starts_with(|c: char| c.is_uppercase()) {
                let help = format!("a layer is given its tensors behind its arguments: `x |> {callee}(…)(memory)`");
                return Some(diagnostic.help(help));
            }
            // 0 and 1 are what other languages call false and true.
            match (wanted.as_str(), found.as_str()) {
                ("`true` or `false`", "the number 0") => diagnostic.fix("write `false`", span, "false"),
                ("`true` or `false`", "the number 1") => diagnostic.fix("write `true`", span, "true"),
                _ => diagnostic,
            }
        }
        Mistake::ArgumentBounds { callee, param, found } => {
            let message = format!("`{}` of {} must be {}, not {found}", param.name, quote(callee), bounds(param));
            let diagnostic = Diagnostic::new(Code::E0206, message, span, "out of bounds")
                .help(format!("`{}`: {}", param.name, param.doc));
            match found.parse::<f64>() {
                // `Dropout(30)` means 30 percent.
                Ok(n) if n > 1.0 && n <= 100.0 && is_share(&param.ty) => {
                    diagnostic.fix(format!("write `{found}%`"), span, format!("{found}%"))
                }
                _ => diagnostic,
            }
        }
        Mistake::ArgumentChoice { callee, param, choices, found, nearest } => {
            let choices_text: Vec<String> = choices.iter().map(|c| format!("`{c}`")).collect();
            let message =
                format!("`{param}` of {} must be {}, not `{found}`", quote(callee), choices_text.join(" or "));
            let diagnostic = Diagnostic::new(Code::E0207, message, span, "not a choice");
            match (param.as_str(), found.as_str()) {
                ("padding", "valid") => diagnostic.note("`valid` is no padding at all").fix("write `0`", span, "0"),
                _ => suggest(diagnostic, span, nearest.as_ref(), &[], ""),
            }
        }
        Mistake::NotWhole { number, floored } => {
            let message = format!("{number} is not a whole number, so it is not a size");
            let diagnostic = Diagnostic::new(Code::E0208, message, span, format!("this is {number}"));
            match floored {
                Some(floored) => diagnostic.fix(format!("round down to {floored}"), span, floored.as_str()),
                None => diagnostic,
            }
        }
        Mistake::NotASize { number, hole } => {
            let message = match number.parse::<f64>() {
                Ok(n) if n > 0.0 => format!("a size is at most {}, and this is {number}", Dim::MAX),
                _ => format!("a size must be at least 1, and this is {number}"),
            };
            let diagnostic = Diagnostic::new(Code::E0208, message, span, "not a size");
            match (number.as_str(), hole) {
                ("-1", true) => diagnostic.fix("write `_`, which takes what the other sizes leave", span, "_"),
                _ => diagnostic,
            }
        }
        Mistake::OpenPosition { found, from_end } => {
            let message = format!("this should be a position known at compile time, and is `{found}`");
            let diagnostic = Diagnostic::new(Code::E0211, message, span, format!("`{found}`"));
            match from_end {
                Some(n) => diagnostic.fix(format!("count from the end: `{n}`"), span, n.to_string()),
                None => diagnostic.help("`last` takes the last position of each sequence, `x[-2]` the one before"),
            }
        }
        Mistake::Branches { first, second } => {
            let message = format!("`if training` gives {} in training and {} elsewhere", first.1, second.1);
            Diagnostic::new(Code::E0345, message, second.0, second.1.clone())
                .label(first.0, first.1.clone())
                .help("what follows is built for both: give both branches one type")
        }
        Mistake::Operands { operator, left, right } => {
            let message = format!("`{operator}` does not work between {left} and {right}");
            let diagnostic = Diagnostic::new(Code::E0210, message, span, format!("between {left} and {right}"));
            match (*operator, left.starts_with("the number") || right.starts_with("the number")) {
                ("@", true) => diagnostic.help("numbers are multiplied with `*`; `@` is the matrix product"),
                _ => diagnostic,
            }
        }
        Mistake::Type { wanted, found } => {
            let message = match found.as_str() {
                "something else" => format!("this should be {wanted}"),
                found => format!("this should be {wanted}, and is {found}"),
            };
            let label = if found == "something else" { "this is not".to_owned() } else { found.clone() };
            let diagnostic = Diagnostic::new(Code::E0211, message, span, label);
            if wanted == "a tensor"
                && let Some(count) = found.strip_suffix(" values").and_then(|count| count.parse::<usize>().ok())
            {
                let names: Vec<String> = ('a'..='z').take(count).map(String::from).collect();
                let names = names.join(", ");
                return Some(
                    diagnostic.help(format!("give each a name, `let ({names}) = …`, and go on with one of them")),
                );
            }
            suggest_duration(diagnostic, span, wanted, found)
        }
        Mistake::Condition { found } => {
            let message = "the condition of `if` must be true or false at compile time";
            Diagnostic::new(Code::E0212, message, span, format!("this is {found}")).help(
                "`if` chooses while the program is checked; to choose number by number, use `where(condition, a, b)`",
            )
        }
        Mistake::Arity { stage, wanted, given } => {
            let tensors = |n: &usize| if *n == 1 { "one tensor".to_owned() } else { format!("{n} tensors") };
            let message = format!("{stage} takes {}, and gets {}", tensors(wanted), tensors(given));
            let diagnostic = Diagnostic::new(Code::E0213, message, span, "applied here");
            if *wanted == 2 && *given == 1 {
                let text = sources.text(span);
                diagnostic
                    .help(format!("the first comes from the pipe, the others in parentheses: `x |> {text}(other)`"))
            } else {
                diagnostic
            }
        }
        Mistake::Pattern { wanted, found, of_layer } => {
            let message = format!("{wanted} names cannot stand for {found}");
            let diagnostic = Diagnostic::new(Code::E0214, message, span, format!("{wanted} names"));
            match of_layer {
                Some((layer, name)) => diagnostic
                    .fix(format!("write `{name}`"), span, name.to_string())
                    .note(format!("`{layer}` gives its state at every step, and nothing else"))
                    .help(format!("the last of them is `{name} |> last`, or `{layer}` with `returns: final`")),
                None => diagnostic,
            }
        }
        Mistake::BatchPosition { shape, removed } => {
            let label = format!("this is {shape}; the batch is added for you");
            Diagnostic::new(Code::E0027, "the batch is not an axis", span, label).fix(
                "leave the batch out",
                *removed,
                "",
            )
        }
        Mistake::NoElse => Diagnostic::new(
            Code::E0215,
            "an `if` needs an `else`",
            span,
            "gives no value where the condition does not hold",
        )
        .help("`if` is a value: `let h = if big { x |> Dense(64) } else { x }`"),
        Mistake::NoResult { what, repair: Some((name, at, text)) } => {
            let message = format!("{what} has no result");
            Diagnostic::new(Code::E0215, message, span, "only gives a value a name")
                .note("the last line of a body is an expression: its output")
                .fix(format!("end with `{name}`"), *at, text.as_str())
        }
        Mistake::NoResult { what, repair: None } => {
            let message = format!("{what} has no result");
            Diagnostic::new(Code::E0215, message, span, "nothing comes out of it")
                .help("the last line of a body is an expression: its output")
        }
        Mistake::Unused => {
            let message = "the value of this expression is lost";
            Diagnostic::new(Code::E0216, message, span, "not the last of its body, and not named")
                .help("only the last expression of a body is its output; name this one with `let`, or remove it")
        }
        Mistake::NotConnected { found, before } => {
            let message = "nothing flows into this stage";
            let diagnostic =
                Diagnostic::new(Code::E0226, message, span, format!("this is {found}, which waits for its tensor"));
            match before {
                Some(before) => {
                    let written = before.trim_end();
                    diagnostic.fix(format!("write `{written}` before it"), span.start_point(), before.as_str())
                }
                None => diagnostic.help("`x |> Dense(16) |> relu` lets `x` flow through both"),
            }
        }
        Mistake::DivisionByZero => Diagnostic::new(Code::E0217, "a division by zero", span, "divides by 0"),
        _ => return None,
    })
}

fn all(edits: &[(Span, String)]) -> Vec<Edit> {
    edits.iter().map(|(span, text)| Edit { span: *span, text: text.clone() }).collect()
}

fn bounds(param: &Param) -> String {
    fn of(ty: &ParamType) -> Option<String> {
        match ty {
            ParamType::Number(b) => Some(interval(b)),
            ParamType::Whole { min, max } if *max >= i64::from(i32::MAX) => {
                Some(format!("a whole number of at least {min}"))
            }
            ParamType::Whole { min, max } => Some(format!("a whole number from {min} to {max}")),
            ParamType::OneOf(types) => types.iter().find_map(of),
            _ => None,
        }
    }
    of(&param.ty).unwrap_or_else(|| "within its bounds".to_owned())
}

/// Whether a number is a part of a whole.
fn is_share(ty: &ParamType) -> bool {
    matches!(ty, ParamType::Number(b) if b.min == 0.0 && b.max == 1.0)
}

fn interval(b: &Bounds) -> String {
    if b.min.is_finite() && b.max.is_finite() && !b.above_min && !b.below_max {
        return format!("from {} to {}", show_number(b.min), show_number(b.max));
    }
    let low = match (b.min.is_finite(), b.above_min) {
        (false, _) => None,
        (true, true) => Some(format!("more than {}", show_number(b.min))),
        (true, false) => Some(format!("at least {}", show_number(b.min))),
    };
    let high = match (b.max.is_finite(), b.below_max) {
        (false, _) => None,
        (true, true) => Some(format!("less than {}", show_number(b.max))),
        (true, false) => Some(format!("at most {}", show_number(b.max))),
    };
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} and {high}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "a finite number".to_owned(),
    }
}
