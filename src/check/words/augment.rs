//! Words for mistakes in `augment`.

use crate::check::mistake::AugmentFault;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

pub(super) fn diagnostic(operation: &str, field: &str, fault: &AugmentFault, span: Span) -> Diagnostic {
    let say = |code, message: String, label: &str| Diagnostic::new(code, message, span, label.to_owned());
    match fault {
        AugmentFault::NotAPicture { found } => {
            let message = format!("`{operation}` changes pictures, and `{field}` is {found}");
            say(Code::E0620, message, "needs a picture").note("a picture is [H, W] or [C, H, W]")
        }
        AugmentFault::Discrete { found } => {
            let message = format!("`{operation}` changes numbers, and `{field}` is {found}");
            let diagnostic = say(Code::E0620, message, "needs numbers");
            if operation == "mixup" {
                diagnostic.help("name the inputs alone: the loss is mixed with them, whatever its target is")
            } else {
                diagnostic.note("a class is a name, not a quantity")
            }
        }
        AugmentFault::Ragged => {
            let message =
                format!("`{operation}` changes examples of one size, and those of `{field}` differ in length");
            say(Code::E0620, message, "not for sequences").help("`noise` works on sequences, too")
        }
        AugmentFault::MixedSequences => {
            let message = format!("`mixup` mixes the loss of two targets, and those of `{field}` differ in length");
            say(Code::E0620, message, "not for sequences")
        }
        AugmentFault::CropSize { size, picture, found } => {
            let (size, picture) = (by(*size), by(*picture));
            let message = format!("`{operation}` gives pictures of {size} here, and `{field}` has {picture}");
            let written = written(picture.split(" × "));
            say(Code::E0621, message, "another size")
                .note(format!("the model was checked with {found}, which is also what evaluation sees"))
                .fix(format!("write the size of the picture, {written}"), span, written)
                .help("`padding` says how far the piece may move; to train on smaller pictures, load them smaller")
        }
        AugmentFault::CropOfAll { size } => {
            let message = format!("a piece of {0} out of a picture of {0} is the picture itself", by(*size));
            let written = written(by(*size).split(" × "));
            say(Code::E0621, message, "changes nothing")
                .help(format!("say how far it may move: `random_crop({written}, padding: 4)`"))
        }
        AugmentFault::Unread { data } => {
            let message = format!("neither the model nor the loss reads `{field}` of `{data}`");
            say(Code::E0622, message, "changed for nobody")
        }
        AugmentFault::MixedTwice { first } => say(Code::E0623, "`mixup` stands twice".to_owned(), "the second time")
            .label(*first, "the first time")
            .help("fields that are mixed together stand in one list: `[image, depth]: mixup(0.2)`"),
    }
}

fn by([height, width]: [usize; 2]) -> String {
    format!("{height} × {width}")
}

/// `28`, `[28, 32]`
fn written<'s>(mut sides: impl Iterator<Item = &'s str>) -> String {
    let (height, width) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    if height == width { height.to_owned() } else { format!("[{height}, {width}]") }
}
