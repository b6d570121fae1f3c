//! Words for mistakes against signatures.

use crate::check::mistake::{ExtraAxis, Mistake};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceMap, Span};
use crate::syntax::ast::Symbol;

pub(super) fn diagnostic(mistake: &Mistake, span: Span, sources: &SourceMap) -> Option<Diagnostic> {
    Some(match mistake {
        Mistake::InputType { name, wanted, found, declared, detail, bound, can_rewrite, fix } => {
            let message = format!("the input `{name}` should be {wanted}, and is {found}");
            let mut diagnostic = Diagnostic::new(Code::E0330, message, span, format!("this is {found}"));
            let written = sources.text(*declared);
            let asks = if written == wanted { wanted.clone() } else { format!("{wanted}, written `{written}`") };
            diagnostic = diagnostic.label(*declared, format!("the signature asks for {asks}"));
            for (dim, size, at) in bound {
                diagnostic = diagnostic.label(*at, format!("`{dim}` is {size} by this input"));
            }
            if let Some(detail) = detail {
                diagnostic = diagnostic.note(detail.clone());
            }
            if let Some((title, edit)) = fix {
                diagnostic = diagnostic.fix(title.clone(), edit.span, edit.text.clone());
            }
            if *can_rewrite {
                // The signature is what can be written in another way.
                diagnostic.labels.swap(0, 1);
                diagnostic.fix(format!("write `{found}` in the signature"), *declared, found.as_str())
            } else if bound.is_empty() || fix.is_some() {
                diagnostic
            } else {
                diagnostic.help("one name stands for one size: make the sizes equal, or use two names")
            }
        }
        Mistake::InputRank { name, found, declared, reading, can_rewrite } => {
            let wanted = sources.text(*declared);
            let message = format!("the input `{name}` should be {wanted}, and is {found}");
            let mut diagnostic = Diagnostic::new(Code::E0330, message, span, format!("this is {found}"))
                .label(*declared, format!("the signature asks for {wanted}"));
            if *can_rewrite {
                // The signature is what can be written in another way.
                diagnostic.labels.swap(0, 1);
            }
            match reading {
                ExtraAxis::Batch { axis, edits } => diagnostic
                    .note(format!("shapes are those of one example: the batch, `{axis}`, is no axis"))
                    .fix_all(format!("leave `{axis}` out"), edits.clone()),
                ExtraAxis::Sequence { axis, is_text: true } => diagnostic
                    .note(format!("one token is one example here, so there is no `{axis}`"))
                    .help("`|> windows(64)` in the data makes a sequence of so many that follow each other"),
                ExtraAxis::Sequence { axis, is_text: false } => {
                    diagnostic.note(format!("one row of the data is one example here, so there is no `{axis}`")).help(
                        "a sequence is made in the data: `t |> sequences(by: id)` of the rows with the same `id`, \
                         `|> windows(12)` of so many rows that follow each other",
                    )
                }
                ExtraAxis::None if *can_rewrite => {
                    diagnostic.fix(format!("write `{found}` in the signature"), *declared, found.as_str())
                }
                ExtraAxis::None => diagnostic,
            }
        }
        Mistake::OutputType { name, wanted, found, declared, detail, fixes } => {
            let message = format!("the output `{name}` should be {wanted}, and is {found}");
            let written = sources.text(*declared);
            let promised = if written == wanted { wanted.clone() } else { format!("{wanted}, written `{written}`,") };
            let mut diagnostic = Diagnostic::new(Code::E0331, message, span, format!("this gives {found}"))
                .label(*declared, format!("{promised} is promised here"));
            if let Some(detail) = detail {
                diagnostic = diagnostic.note(detail.clone());
            }
            for fix in fixes {
                diagnostic = diagnostic.fix_all(fix.title.clone(), fix.edits.clone());
            }
            if found.ends_with("[1]") && !wanted.contains('[') {
                diagnostic =
                    diagnostic.fix("remove the axis of size 1 with `squeeze`", span.end_point(), " |> squeeze");
            }
            diagnostic
        }
        Mistake::OutputCount { wanted, found, declared } => {
            let outputs = |n: usize| if n == 1 { "one output".to_owned() } else { format!("{n} outputs") };
            let message = format!("the signature promises {}, and the body gives {}", outputs(*wanted), found);
            Diagnostic::new(Code::E0332, message, span, format!("gives {}", outputs(*found)))
                .label(*declared, format!("promises {}", outputs(*wanted)))
                .help("several outputs are given as a tuple, `(a, b)`")
        }
        Mistake::OutputOrder { written, declared, tuple, signature } => {
            let (written, declared) = (list(written), list(declared));
            let message = format!("the outputs are given as {written}, and the signature has them as {declared}");
            let diagnostic =
                Diagnostic::new(Code::E0333, message, span, "not in its place").label(*signature, "this belongs there");
            match tuple {
                Some(tuple) => diagnostic.fix("write them in the order of the signature", *tuple, declared),
                None => diagnostic.help("a tuple gives the outputs in the order of the signature"),
            }
        }
        _ => return None,
    })
}

/// `(mean, log_var)`
fn list(names: &[Symbol]) -> String {
    let names: Vec<&str> = names.iter().map(|n| &**n).collect();
    format!("({})", names.join(", "))
}
