//! Words for mistakes with names.

use super::{quote, suggest};
use crate::catalog::{self, EntryKind};
use crate::check::foreign::SHAPES;
use crate::check::mistake::Mistake;
use crate::diagnostics::with_article;
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::source::Span;

pub(super) fn edits_of(edits: &[(Span, String)]) -> Vec<Edit> {
    edits.iter().map(|(span, text)| Edit { span: *span, text: text.clone() }).collect()
}

pub(super) fn diagnostic(mistake: &Mistake, span: Span) -> Option<Diagnostic> {
    Some(match mistake {
        Mistake::UnknownName { name, wanted, nearest, known, unnamed } => {
            let diagnostic =
                Diagnostic::new(Code::E0101, format!("there is no {wanted} called `{name}`"), span, "not known here");
            if let Some((output, text)) = unnamed {
                return Some(diagnostic.label(*output, "this output has no name").fix(
                    format!("call the output `{name}`"),
                    *output,
                    text.as_str(),
                ));
            }
            let what = match *wanted {
                "value" | "layer or function" | "table, field or data source" => "names that are known here".to_owned(),
                wanted => format!("the {wanted}s there are"),
            };
            suggest(diagnostic, span, nearest.as_ref(), known, &what)
        }
        Mistake::ForeignName { name, framework, ours, drop } => {
            let message = format!("`{name}` is called `{ours}` here");
            let label = match name.strip_suffix(ours).is_some_and(|module| module.ends_with('.')) {
                true => format!("no module stands before a name, as in {framework}"),
                false => format!("the name that {framework} uses"),
            };
            let diagnostic = Diagnostic::new(Code::E0102, message, span, label);
            match drop {
                None => diagnostic.fix(format!("write `{ours}`"), span, *ours),
                Some(size) => {
                    let edits = vec![Edit { span, text: (*ours).into() }, Edit { span: *size, text: String::new() }];
                    if catalog::find(ours, &[EntryKind::Loss]).is_some() {
                        return Some(diagnostic.fix_all(format!("write `{ours}(…)`, it is not made first"), edits));
                    }
                    diagnostic
                        .note("the size of the input is not asked for: it follows from what is there")
                        .fix_all(format!("write `{ours}`, without the size of the input"), edits)
                }
            }
        }
        Mistake::Container { name, edits } => {
            let message = format!("layers are chained by `|>`, not put into {name}");
            let diagnostic = Diagnostic::new(Code::E0115, message, span, "no container is needed");
            match edits.as_slice() {
                [] => diagnostic,
                edits => diagnostic.fix_all("chain them with `|>`", edits_of(edits)),
            }
        }
        Mistake::Method { name, repair, help } => {
            let message = format!("a tensor has no methods such as `{name}`");
            let diagnostic =
                Diagnostic::new(Code::E0116, message, span, "data flows into functions and layers by `|>`");
            let diagnostic = match repair {
                Some(repair) => diagnostic.fix_all(repair.title.clone(), edits_of(&repair.edits)),
                None => diagnostic,
            };
            match help {
                Some(help) => diagnostic.help(*help),
                None => diagnostic,
            }
        }
        Mistake::NotNeeded { name, why, removed } => {
            let diagnostic = Diagnostic::new(Code::E0118, format!("`{name}` is not needed here"), span, *why);
            match removed {
                Some(removed) => diagnostic.fix("remove it", *removed, ""),
                None => diagnostic,
            }
        }
        Mistake::WrongKind { name, is, wanted } => {
            let is_word = with_article(is.word());
            let message = format!("`{name}` is {is_word}, and {} is wanted here", with_article(wanted));
            let diagnostic = Diagnostic::new(Code::E0103, message, span, format!("this is {is_word}"));
            match is {
                EntryKind::Optimizer => diagnostic.help("an optimizer stands after `optimizer:` in `train`"),
                EntryKind::Schedule => diagnostic.help("a schedule stands after `schedule:` in `train`"),
                EntryKind::Loss => diagnostic.help("a loss stands after `loss:` in `train`"),
                EntryKind::Metric => diagnostic.help("a metric stands in the list after `metrics:` in `train`"),
                EntryKind::Initializer => diagnostic.help("initial weights stand after `init:` or in a `weight`"),
                EntryKind::Augmentation => diagnostic.help("this stands behind a field in `augment:`, in `train`"),
                EntryKind::Source | EntryKind::DataFunction => diagnostic.help("this belongs into a `data` block"),
                EntryKind::Expectation => diagnostic.help("this belongs into `expect`"),
                EntryKind::Layer | EntryKind::Function => diagnostic.help("this belongs into a model or block"),
            }
        }
        Mistake::Duplicate { name, what, first } => {
            let diagnostic =
                Diagnostic::new(Code::E0104, format!("`{name}` is there twice"), span, format!("a second `{name}`"))
                    .label(*first, format!("the first, {}", with_article(what)));
            match *what {
                "field to be augmented" => {
                    diagnostic.help("name it once: fields that are named together share one draw")
                }
                "setting" => diagnostic.help("a setting is given once: remove one of the two"),
                "value to try" => diagnostic.help("each value is tried once: remove one of the two"),
                _ => diagnostic.help("give one of them another name"),
            }
        }
        Mistake::Import { path, reason, nearest } => {
            let message = format!("`{path}` cannot be imported");
            let diagnostic = Diagnostic::new(Code::E0105, message, span, reason.clone());
            match nearest {
                Some(nearest) => diagnostic.fix(format!("there is `{nearest}`"), span, format!("\"{nearest}\"")),
                None => diagnostic.help("paths are relative to the file that imports"),
            }
        }
        Mistake::ImportedName { name, path, nearest } => {
            let message = format!("`{path}` has no `{name}`");
            suggest(Diagnostic::new(Code::E0105, message, span, "not in that file"), span, nearest.as_ref(), &[], "")
        }
        Mistake::HyperCycle { name } => {
            Diagnostic::new(Code::E0106, format!("the hyper `{name}` needs its own value"), span, "needed here again")
                .help("a hyper is computed from numbers and other hypers, never in a circle")
        }
        Mistake::UnknownHyper { name, nearest, known } => {
            let message = format!("there is no hyper `{name}` to set");
            let diagnostic = Diagnostic::new(Code::E0107, message, span, "not a hyper of this file");
            suggest(diagnostic, span, nearest.as_ref(), known, "its hypers")
        }
        Mistake::NotAStage { found } => {
            let message = "data can flow only through a layer, a block or a function".to_owned();
            let diagnostic = Diagnostic::new(Code::E0108, message, span, format!("this is {found}"));
            match found.as_str() {
                found if found.starts_with("a tensor") => {
                    diagnostic.help("a layer is named before it is applied: `let f = Dense(8)`, then `x |> f`")
                }
                found if found.starts_with("a model") => {
                    diagnostic.help("what models share is a `block`, which can be called like a layer")
                }
                _ => diagnostic,
            }
        }
        Mistake::NoField { base, name, nearest, known } => {
            let diagnostic =
                Diagnostic::new(Code::E0109, format!("{} has no `{name}`", quote(base)), span, "not there");
            match &**name {
                "shape" | "ndim" | "dtype" if base.starts_with("a tensor") => diagnostic.help(SHAPES),
                "T" | "mT" if base.starts_with("a tensor") => diagnostic.help("`transpose(x)` swaps its last two axes"),
                _ => suggest(diagnostic, span, nearest.as_ref(), known, "it has"),
            }
        }
        Mistake::UnboundDim { name, nearest } => {
            let message = format!("no input says how large `{name}` is");
            let diagnostic = Diagnostic::new(Code::E0110, message, span, "not bound");
            suggest(diagnostic, span, nearest.as_ref(), &[], "")
                .help(format!("use `{name}` as an axis of an input, `x: [{name}]`, or write a number"))
        }
        Mistake::SamePath { path, first } => {
            let message = format!("two layers would have the path `{path}`");
            Diagnostic::new(Code::E0111, message, span, "the second")
                .label(*first, "the first")
                .help("weights are saved under their paths: rename one of the layers")
        }
        Mistake::Recursion { name } => {
            let message = format!("`{name}` is made of itself without end");
            Diagnostic::new(Code::E0113, message, span, "called here again")
                .help("a block is expanded where it is called, so it cannot contain itself; use `repeat`")
        }
        Mistake::TooDeep { limit } => {
            let message = format!("blocks are called in blocks more than {limit} deep");
            Diagnostic::new(Code::E0114, message, span, "one too deep")
                .help("a chain of layers can be written as one pipeline, or as `repeat n { … }`")
        }
        Mistake::TooManyParts { limit } => {
            let message = format!("this network would have more than {limit} parts");
            Diagnostic::new(Code::E0114, message, span, "too many to build")
                .help("the counts of a `repeat` in a `repeat`, or of a block that calls another twice, multiply")
        }
        _ => return None,
    })
}
