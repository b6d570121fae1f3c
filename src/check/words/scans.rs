//! Words for mistakes in `scan`.

use crate::check::mistake::Mistake;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Symbol;

pub(super) fn diagnostic(mistake: &Mistake, span: Span) -> Option<Diagnostic> {
    Some(match mistake {
        Mistake::ScanInput { found } => {
            let message = format!("`scan` walks the first axis of a tensor, and {found} has none");
            Diagnostic::new(Code::E0340, message, span, format!("this is {found}"))
                .help("scan a sequence, `[T, …]`: each step gets one position of it")
        }
        Mistake::ScanState { name, state, next, start, zeros } => {
            let message = format!("the state `{name}` is {state}, and its next value is {next}");
            let diagnostic = Diagnostic::new(Code::E0341, message, span, format!("the next `{name}`, {next}"))
                .label(*start, format!("`{name}` begins as {state}"))
                .note("a state is handed on from step to step, so it keeps its type");
            match zeros {
                true => diagnostic.fix(format!("begin with `zeros({next})`"), *start, format!("zeros({next})")),
                false => diagnostic.help(format!("begin with {next}, or let the body give {state}")),
            }
        }
        Mistake::ScanCount { states, found, names } => {
            let message = match states {
                0 => "this scan has no state to hand on from step to step".to_owned(),
                1 => format!("this scan has one state, and its body gives {found} values"),
                n => format!("this scan has {n} states, and its body gives {found}"),
            };
            let wanted = match states {
                0 => "nothing begins here".to_owned(),
                1 => "one next value belongs here".to_owned(),
                n => format!("{n} next values belong here"),
            };
            let diagnostic = Diagnostic::new(Code::E0342, message, span, wanted);
            match names.as_slice() {
                [] => diagnostic.help("a scan hands a state on: `scan x as xt, h = zeros([8]) { … }`"),
                [_] => diagnostic.help("the body of a scan gives the next state, a tensor"),
                names => diagnostic.help(format!("give the next states in the order of the scan, {}", tuple(names))),
            }
        }
        Mistake::ScanStatistics { layer, scan } => {
            let message =
                format!("`{layer}` keeps statistics of what it sees, which a scan would change in every step");
            Diagnostic::new(Code::E0343, message, span, "keeps running statistics")
                .label(*scan, "its steps are not examples")
                .help("use `LayerNorm` in the body, which keeps none, or normalize `x` before the scan")
        }
        _ => return None,
    })
}

/// `(h_next, c_next)`
fn tuple(names: &[Symbol]) -> String {
    let names: Vec<String> = names.iter().map(|n| format!("{n}_next")).collect();
    format!("`({})`", names.join(", "))
}
