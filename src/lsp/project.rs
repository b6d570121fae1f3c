//! All programs of the workspace together, with their places.

use super::failure::Failure;
use super::position::Lines;
use super::snapshot::{Snapshot, not_there};
use super::uri;
use crate::diagnostics::Edit;
use crate::ide::Workspace;
use crate::source::{FileId, Span};
use gen_lsp_types::{
    DocumentChange, Location, OptionalVersionedTextDocumentIdentifier, Position, Range, TextDocumentEdit,
    TextDocumentIdentifier, TextEdit, Uri, WorkspaceEdit,
};
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// All programs of the workspace as they are in the editor, else on disk.
pub(super) struct Project<'s> {
    pub workspace: Workspace,
    snapshot: &'s Snapshot,
    /// By file, where they were asked for.
    lines: Vec<OnceCell<Lines>>,
}

impl<'s> Project<'s> {
    /// With the file that is asked about, wherever that is.
    pub fn with(snapshot: &'s Snapshot, asked: Option<&Uri>) -> Project<'s> {
        let mut uris = snapshot.programs();
        if let Some(asked) = asked
            && !uris.contains(asked)
        {
            uris.push(asked.clone());
        }
        Project::of_files(snapshot, uris)
    }

    /// A file with those that it imports: all that its own words can mean, and sooner there than a check of it.
    pub fn alone(snapshot: &'s Snapshot, uri: &Uri) -> Result<(Project<'s>, FileId), Failure> {
        let project = Project::of_files(snapshot, vec![uri.clone()]);
        match project.workspace.file(&uri::to_path(uri)) {
            Some(file) => Ok((project, file)),
            None => Err(not_there(uri)),
        }
    }

    fn of_files(snapshot: &'s Snapshot, uris: Vec<Uri>) -> Project<'s> {
        let read = |path: &Path| match snapshot.documents.at(path) {
            Some(document) => Some(document.text.to_string()),
            None => std::fs::read_to_string(path).ok(),
        };
        let texts = uris.into_iter().filter_map(|uri| {
            let path = uri::to_path(&uri);
            let text = match snapshot.documents.get(&uri) {
                Some(document) => document.text.to_string(),
                None => read(&path)?,
            };
            Some((path, text))
        });
        let workspace = Workspace::reading(texts, read);
        let lines = workspace.sources.files().map(|_| OnceCell::new()).collect();
        Project { workspace, snapshot, lines }
    }

    /// The file and the byte of a position.
    pub fn place(&self, uri: &Uri, position: Position) -> Option<(FileId, usize)> {
        let file = self.workspace.file(&uri::to_path(uri))?;
        Some((file, self.lines(file).offset(position)))
    }

    pub fn lines(&self, file: FileId) -> &Lines {
        self.lines[file.0 as usize].get_or_init(|| Lines::new(self.workspace.sources.file(file).text.clone()))
    }

    pub fn uri_of(&self, file: FileId) -> Uri {
        let path = &self.workspace.sources.file(file).path;
        self.snapshot.documents.at(path).map_or_else(|| uri::of_path(path), |d| d.uri.clone())
    }

    pub fn range(&self, span: Span) -> Range {
        self.lines(span.file).range(span.range())
    }

    pub fn location(&self, span: Span) -> Location {
        Location { uri: self.uri_of(span.file), range: self.range(span) }
    }

    /// Edits of any of the files.
    pub fn edit(&self, edits: Vec<Edit>) -> WorkspaceEdit {
        let edits = edits.into_iter().map(|edit| {
            let text_edit = TextEdit { range: self.range(edit.span), new_text: edit.text };
            (self.uri_of(edit.span.file), text_edit)
        });
        workspace_edit(edits, self.snapshot)
    }
}

/// Edits by their files, with the versions that they are meant for where the client looks at these.
pub(super) fn workspace_edit(edits: impl IntoIterator<Item = (Uri, TextEdit)>, snapshot: &Snapshot) -> WorkspaceEdit {
    let mut files: BTreeMap<String, Vec<TextEdit>> = BTreeMap::new();
    for (uri, edit) in edits {
        files.entry(uri.0).or_default().push(edit);
    }
    if !snapshot.client.takes_document_changes {
        let changes: HashMap<Uri, Vec<TextEdit>> = files.into_iter().map(|(uri, edits)| (Uri(uri), edits)).collect();
        return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    }
    let changes = files.into_iter().map(|(uri, edits)| {
        let uri = Uri(uri);
        let version = snapshot.documents.get(&uri).map(|d| d.version);
        DocumentChange::from(TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier {
                version,
                text_document_identifier: TextDocumentIdentifier { uri },
            },
            edits: edits.into_iter().map(Into::into).collect(),
        })
    });
    WorkspaceEdit { document_changes: Some(changes.collect()), ..WorkspaceEdit::default() }
}
