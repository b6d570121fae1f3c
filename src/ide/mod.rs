//! Floor 8: what an editor shows of a checked program, as plain data.
//!
//! Every question an editor asks is one function here. It takes a [`crate::check::Checked`] and a place in it, and answers
//! with texts and [`crate::source::Span`]s; it knows nothing of protocols, and runs nothing. [`crate::lsp`] turns places
//! into positions and back.

mod formatting;

pub use formatting::{TextEdit, format, format_range};
