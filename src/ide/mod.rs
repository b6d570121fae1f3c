//! Floor 8: what an editor shows of a checked program, as plain data.
//!
//! Every question an editor asks is one function here. It takes a [`crate::check::Checked`] and a place in it, and answers
//! with texts and [`crate::source::Span`]s; it knows nothing of protocols, and runs nothing. [`crate::lsp`] turns places
//! into positions and back.

mod amounts;
mod calls;
mod costs;
mod definition;
mod folding;
mod formatting;
mod hints;
mod hover;
mod lenses;
pub mod names;
mod references;
mod rename;
mod selections;
mod symbols;
mod tokens;
mod unparsed;
mod walk;
mod workspace;

pub use amounts::{before_unit, bytes, compact, count, counted};
pub use calls::{Call, Caller, callable, incoming, outgoing};
pub use costs::{flops, flops_of_row, numbers_in, parameters, weights};
pub use definition::{Definition, Target, definition};
pub use folding::{Fold, FoldKind, folds};
pub use formatting::{TextEdit, format, format_range};
pub use hints::{Hint, HintKinds, hints};
pub use hover::{Hover, hover};
pub use lenses::{Lens, LensAction, lenses};
pub use names::{Names, Symbol, what_is};
pub use references::{Highlight, highlights, references};
pub use rename::{RESERVED, Renameable, apply, prepare_rename, rename};
pub use selections::selections;
pub use symbols::{Outline, OutlineKind, WorkspaceSymbol, document_symbols, workspace_symbols};
pub use tokens::{Token, TokenKind, tokens};
pub use workspace::Workspace;
