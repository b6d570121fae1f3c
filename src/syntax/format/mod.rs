//! The canonical layout.
//!
//! The formatter walks the tree but writes the tokens of the text, in their order: it only chooses what stands between
//! them. So it cannot lose a comment or change a program. Lines that the user broke in a pipeline or a list stay broken;
//! lines of more than [`WIDTH`] columns are broken; what stands in columns is aligned.

mod align;
mod bodies;
mod expressions;
mod spacing;
mod writer;

use super::parsed::parse_shared;
use crate::diagnostics::Diagnostic;
use crate::source::FileId;
use writer::Writer;

/// Lines are broken beyond this many columns, where they can be.
pub(super) const WIDTH: usize = 100;
/// Columns of one level.
pub(super) const INDENT: usize = 2;

/// The text in its canonical layout, or what is wrong with it.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut current = once(file, text)?;
    if current == text {
        return Ok(current);
    }
    // Joining lines may make room for, or force, another break; a few rounds settle it.
    for _ in 0..6 {
        match once(file, &current) {
            Ok(next) if next != current => current = next,
            _ => break,
        }
    }
    Ok(current)
}

fn once(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (tree, diagnostics) = parse_shared(file, text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics.to_vec());
    }
    let mut writer = Writer::new(text, &tree);
    writer.file(&tree);
    Ok(writer.finish())
}

#[cfg(test)]
mod tests;
