//! Names as they are usually written.
//!
//! Another file may say the name as well, so the edits are those of a rename over the whole workspace, which is for who
//! has one.

use super::fixes::told_at;
use crate::check::Checked;
use crate::ide::names::Names;
use crate::source::Span;

/// A name that would be usual in place of one that is told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualName {
    /// As a menu says it.
    pub title: String,
    /// Position in [`Checked::diagnostics`] of what it repairs.
    pub fixes: usize,
    /// Where the name is declared, in the checked file.
    pub at: Span,
    /// The usual name.
    pub name: String,
}

/// The usual names of what is told about at a part of the checked file.
pub fn usual_names(checked: &Checked, names: &Names, selected: Span) -> Vec<UsualName> {
    let own = told_at(checked, selected).filter(|(_, diagnostic)| diagnostic.span().file == checked.file);
    own.filter_map(|(index, diagnostic)| {
        let at = diagnostic.span();
        let declaration = names.declarations.iter().find(|declaration| declaration.span == at)?;
        let name = diagnostic.usual_name.clone()?;
        let title = format!("rename `{}` to `{name}`", declaration.name);
        (*name != *declaration.name).then_some(UsualName { title, fixes: index, at, name })
    })
    .collect()
}
