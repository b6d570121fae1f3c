//! Words for mistakes against signatures.

use crate::check::mistake::Mistake;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceMap, Span};

pub(super) fn diagnostic(mistake: &Mistake, span: Span, sources: &SourceMap) -> Option<Diagnostic> {
    Some(match mistake {
        Mistake::InputType { name, wanted, found, declared, detail } => {
            let message = format!("`{name}` should be {wanted}, and is {found}");
            let diagnostic = Diagnostic::new(Code::E0330, message, span, format!("this is {found}"))
                .label(*declared, format!("the signature asks for {wanted}"));
            let diagnostic = match detail {
                Some(detail) => diagnostic.note(detail.clone()),
                None => diagnostic,
            };
            // Sizes written as numbers can be changed on the spot; a name may be bound elsewhere.
            let declared_text = sources.text(*declared);
            match declared_text.starts_with('[') && !declared_text.contains(char::is_alphabetic) {
                true => diagnostic.fix(format!("write `{found}` in the signature"), *declared, found.as_str()),
                false => diagnostic,
            }
        }
        Mistake::OutputType { name, wanted, found, made, detail, dense } => {
            let message = format!("the output `{name}` should be {wanted}, and is {found}");
            let mut diagnostic = Diagnostic::new(Code::E0331, message, span, format!("{wanted} is promised here"))
                .label(*made, format!("this gives {found}"));
            if let Some(detail) = detail {
                diagnostic = diagnostic.note(detail.clone());
            }
            if let Some((units, wanted)) = dense {
                diagnostic = diagnostic.fix(format!("give the last `Dense` {wanted} units"), *units, wanted.as_str());
            }
            if found.ends_with("[1]") && !wanted.contains('[') {
                diagnostic =
                    diagnostic.fix("remove the axis of size 1 with `squeeze`", made.end_point(), " |> squeeze");
            }
            diagnostic
        }
        Mistake::OutputCount { wanted, found, declared } => {
            let outputs = |n: usize| if n == 1 { "one output".to_owned() } else { format!("{n} outputs") };
            let message = format!("the signature promises {}, and the body gives {}", outputs(*wanted), found);
            Diagnostic::new(Code::E0332, message, span, format!("gives {found}"))
                .label(*declared, format!("promises {wanted}"))
                .help("several outputs are given as a tuple, `(a, b)`")
        }
        Mistake::OutputOrder { position, declared, written } => {
            let message = format!("output {} is called `{declared}`, but `{written}` is given for it", position + 1);
            Diagnostic::new(Code::E0333, message, span, format!("`{declared}` belongs here"))
                .help("a tuple gives the outputs in the order of the signature")
        }
        _ => return None,
    })
}
