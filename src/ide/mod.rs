//! Floor 8: what an editor shows of a checked program, as plain data.
//!
//! Every question an editor asks is one function here. It takes a [`crate::check::Checked`] and a place in it, and answers
//! with texts and [`crate::source::Span`]s; it knows nothing of protocols, and runs nothing. [`crate::lsp`] turns places
//! into positions and back.
//!
//! ```text
//! names/          what every name is, and where it was declared: on the trees alone, around mistakes too
//! workspace.rs    the programs of a folder together
//! definition.rs   references.rs   rename.rs   symbols.rs   calls.rs      by these names
//! situation.rs    what stands around the cursor, by the tokens before it
//! completion/     signature.rs    what could stand there, and what a call takes
//! actions/        fixes, and other ways to write the same
//! hover.rs        documentation.rs      what is said of a word; Markdown of the catalog
//! columns.rs      what the tables of a program hold
//! hints.rs        lenses.rs   costs.rs   amounts.rs   shapes, and what layers and models cost
//! tokens.rs       folding.rs  selections.rs  formatting.rs   how a text is coloured, folded, selected, laid out
//! ```

mod actions;
mod amounts;
mod calls;
mod columns;
mod completion;
mod costs;
mod definition;
pub mod documentation;
mod folding;
mod formatting;
mod hints;
mod hover;
mod lenses;
pub mod names;
mod references;
mod rename;
mod selections;
mod signature;
mod situation;
mod symbols;
#[cfg(test)]
mod tests;
mod tokens;
mod unparsed;
mod workspace;

use crate::syntax::walk;

pub use actions::{Action, ActionKind, UsualName, actions, usual_names};
pub use amounts::{before_unit, bytes, compact, count, counted};
pub use calls::{Call, Caller, callable, incoming, outgoing};
pub use completion::{Offer, OfferKind, complete};
pub use costs::{StepCosts, flops, flops_of_row, numbers_in, parameters, weights};
pub use definition::{Definition, Target, definition};
pub use folding::{Fold, FoldKind, folds};
pub use formatting::{TextEdit, format, format_range};
pub use hints::{Hint, HintKinds, hints};
pub use hover::{Hover, hover};
pub use lenses::{Lens, LensAction, lenses};
pub use names::{Names, Symbol, what_is};
pub use references::{Highlight, highlights, references};
pub use rename::{Renameable, apply, prepare_rename, rename};
pub use selections::selections;
pub use signature::{Signature, SignatureParameter, signature};
pub use symbols::{Outline, OutlineKind, WorkspaceSymbol, document_symbols, workspace_symbols};
pub use tokens::{Token, TokenKind, tokens};
pub use workspace::Workspace;
