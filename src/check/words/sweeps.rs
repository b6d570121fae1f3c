//! Words for mistakes in `sweep`.

use crate::check::mistake::{Mistake, SweepFault};
use crate::check::sweep_points::MOST_POINTS;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

pub(super) fn diagnostic(mistake: &Mistake, span: Span) -> Option<Diagnostic> {
    let Mistake::Sweep(fault) = mistake else { return None };
    Some(match fault {
        SweepFault::RangeWithoutTry { at } => {
            let message = "a grid is of lists: a range has no end of values";
            Diagnostic::new(Code::E0630, message, span, "how many of these are tried?")
                .fix("draw points: `try: random(20, seed: 1)`", *at, "\n  try: random(20, seed: 1)")
                .help("or write the values down, in a list")
        }
        SweepFault::TooMany { is_grid } => {
            let message = format!("this sweep has more than {MOST_POINTS} points");
            let diagnostic = Diagnostic::new(Code::E0631, message, span, "too many to be meant");
            match is_grid {
                true => diagnostic.help("draw some of the grid: `try: random(100, seed: 1)`"),
                false => diagnostic.help("ask for fewer"),
            }
        }
        SweepFault::NoneLeft { of } => {
            let message = format!("no point is left to try: of {of}, `require` holds for none");
            Diagnostic::new(Code::E0631, message, span, "holds for no point")
        }
        SweepFault::TooFew { found, draws, wanted } => {
            let message = format!("{draws} draws gave {found} different points, and {wanted} are wanted");
            let diagnostic = Diagnostic::new(Code::E0631, message, span, "cannot be had");
            match found {
                0 => diagnostic.help("`require` leaves hardly anything: loosen it, or widen what is tried"),
                found => diagnostic.help(format!("ask for {found} or fewer, or widen what is tried")),
            }
        }
        SweepFault::NoAnswer { point, why, condition } => {
            let (at, (left, right)) = (point.join(", "), why.operands);
            let (message, label) = match why.is_division_by_zero() {
                true => (format!("`require` divides by 0 where {at}"), "is 0 there".to_owned()),
                false => {
                    let message = format!("`require` has no answer where {at}: there is no finite number for it");
                    (message, format!("is {left} {} {right} there", why.operator.text()))
                }
            };
            let mut diagnostic = Diagnostic::new(Code::E0633, message, span, label);
            if let Some(condition) = condition {
                diagnostic = diagnostic.label(*condition, "asks for it");
            }
            diagnostic.help(
                "leave such points out before: what is behind `and` is computed only where its left side holds, as in \
                 `n != 0 and width / n >= 8`",
            )
        }
        SweepFault::Second { first } => Diagnostic::new(Code::E0632, "a file has one sweep", span, "a second `sweep`")
            .label(*first, "the first")
            .help("put the hypers of both into one, or each sweep into a file of its own that imports the rest"),
        SweepFault::NoTrain => {
            let message = "nothing is trained in this file, so nothing can be swept";
            Diagnostic::new(Code::E0632, message, span, "of which training?").help("add a `train Model on data { … }`")
        }
        SweepFault::NothingTried => Diagnostic::new(Code::E0632, "this sweep tries nothing", span, "no hyper in it")
            .help("say which hyper is given which values: `width: [32, 64, 128]`"),
    })
}
