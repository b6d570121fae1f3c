//! What the client can do.

use serde_json::Value;

/// What the client says of itself in `initialize`, as far as it matters.
///
/// It is read leniently, member by member: a client that says something odd elsewhere is still a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Client {
    /// Asks for diagnostics itself, and is not sent any.
    pub pulls_diagnostics: bool,
    /// Can be told to ask for diagnostics again.
    pub refreshes_diagnostics: bool,
    /// Can be told to ask for inlay hints again.
    pub refreshes_hints: bool,
    /// Can be told to ask for code lenses again.
    pub refreshes_lenses: bool,
    /// Can be told to ask for semantic tokens again.
    pub refreshes_tokens: bool,
    /// Shows the other places that took part in a diagnostic.
    pub relates_information: bool,
    /// Can be asked for the user's settings.
    pub gives_configuration: bool,
    /// Tells of changed settings only where it was asked to.
    pub registers_configuration: bool,
    /// Watches files where it is asked to.
    pub watches_files: bool,
    /// Renders Markdown in a hover.
    pub reads_markdown: bool,
    /// Takes edits that name the version of their document, in the order in which they are given.
    pub takes_document_changes: bool,
    /// Takes outlines that are trees.
    pub nests_symbols: bool,
    /// Fills in snippets.
    pub fills_snippets: bool,
    /// Folds lines only.
    pub folds_lines_only: bool,
    /// Colours the text by a grammar of its own, and only wants to hear what that cannot know.
    pub augments_syntax_tokens: bool,
}

impl Client {
    /// Of the parameters of `initialize`.
    pub fn of(params: &Value) -> Client {
        let at = |path: &str| params.pointer(&format!("/capabilities/{path}"));
        let can = |path: &str| at(path).and_then(Value::as_bool).unwrap_or(false);
        let formats = at("textDocument/hover/contentFormat").and_then(Value::as_array);
        Client {
            pulls_diagnostics: at("textDocument/diagnostic").is_some_and(Value::is_object),
            refreshes_diagnostics: can("workspace/diagnostics/refreshSupport"),
            refreshes_hints: can("workspace/inlayHint/refreshSupport"),
            refreshes_lenses: can("workspace/codeLens/refreshSupport"),
            refreshes_tokens: can("workspace/semanticTokens/refreshSupport"),
            relates_information: can("textDocument/publishDiagnostics/relatedInformation")
                || can("textDocument/diagnostic/relatedInformation"),
            gives_configuration: can("workspace/configuration"),
            registers_configuration: can("workspace/didChangeConfiguration/dynamicRegistration"),
            watches_files: can("workspace/didChangeWatchedFiles/dynamicRegistration"),
            reads_markdown: formats.is_none_or(|f| f.iter().any(|f| f == "markdown")),
            takes_document_changes: can("workspace/workspaceEdit/documentChanges"),
            nests_symbols: can("textDocument/documentSymbol/hierarchicalDocumentSymbolSupport"),
            fills_snippets: can("textDocument/completion/completionItem/snippetSupport"),
            folds_lines_only: can("textDocument/foldingRange/lineFoldingOnly"),
            augments_syntax_tokens: can("textDocument/semanticTokens/augmentsSyntaxTokens"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_odd_client_is_still_a_client() {
        assert_eq!(Client::of(&json!(null)), Client { reads_markdown: true, ..Client::default() });
        let odd = json!({ "capabilities": { "textDocument": { "diagnostic": {}, "hover": 3 }, "workspace": [] } });
        assert!(Client::of(&odd).pulls_diagnostics);
    }
}
