//! Semantic tokens.

use super::failure::Failure;
use super::project::Project;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide::{self, Token, TokenKind};
use crate::source::FileId;
use gen_lsp_types::{
    SemanticToken, SemanticTokens, SemanticTokensLegend, SemanticTokensOptions, SemanticTokensParams,
    SemanticTokensRangeParams, SemanticTokensRangeRequest, SemanticTokensRequest,
};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let options = SemanticTokensOptions {
            legend: SemanticTokensLegend { token_types: names(TYPES), token_modifiers: names(MODIFIERS) },
            range: Some(true.into()),
            full: Some(true.into()),
            ..SemanticTokensOptions::default()
        };
        capabilities.semantic_tokens_provider = Some(options.into());
    },
    answer: |requests| {
        requests.on::<SemanticTokensRequest>(full).on::<SemanticTokensRangeRequest>(range);
    },
};

/// The types of the protocol that every theme has a colour for.
const TYPES: &[&str] = &[
    "keyword",
    "comment",
    "string",
    "number",
    "operator",
    "class",
    "function",
    "struct",
    "property",
    "variable",
    "typeParameter",
    "parameter",
    "enumMember",
    "namespace",
];

const MODIFIERS: &[&str] = &["declaration", "readonly", "defaultLibrary"];

/// Layers, blocks and models are what is made of; functions what is done; fields and settings what belongs to something.
/// What a `let` names is a value, be it a layer: grammars, which tell no difference there, give both one colour.
fn type_of(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Keyword => "keyword",
        TokenKind::Comment => "comment",
        TokenKind::String => "string",
        TokenKind::Number => "number",
        TokenKind::Operator => "operator",
        TokenKind::Layer | TokenKind::Block | TokenKind::Model => "class",
        TokenKind::Function => "function",
        TokenKind::Data => "struct",
        TokenKind::Field | TokenKind::Setting | TokenKind::Weight => "property",
        TokenKind::Hyper | TokenKind::Variable | TokenKind::NamedLayer => "variable",
        TokenKind::Dimension => "typeParameter",
        TokenKind::Input | TokenKind::HyperParameter | TokenKind::Argument => "parameter",
        TokenKind::Choice => "enumMember",
        TokenKind::Import => "namespace",
    }
}

/// `textDocument/semanticTokens/full`
fn full(snapshot: &Snapshot, params: SemanticTokensParams) -> Result<Option<SemanticTokens>, Failure> {
    let (project, file) = Project::alone(snapshot, &params.text_document.uri)?;
    Ok(Some(SemanticTokens { result_id: None, data: encode(&tokens(&project, file, snapshot), &project) }))
}

/// `textDocument/semanticTokens/range`
fn range(snapshot: &Snapshot, params: SemanticTokensRangeParams) -> Result<Option<SemanticTokens>, Failure> {
    let (project, file) = Project::alone(snapshot, &params.text_document.uri)?;
    let within = project.lines(file).bytes(params.range);
    let mut tokens = tokens(&project, file, snapshot);
    tokens.retain(|token| (token.span.start as usize) < within.end && within.start < token.span.end as usize);
    Ok(Some(SemanticTokens { result_id: None, data: encode(&tokens, &project) }))
}

/// The tokens of a file, without those that the client colours itself: two colours for one word would flicker.
fn tokens(project: &Project<'_>, file: FileId, snapshot: &Snapshot) -> Vec<Token> {
    let mut tokens = ide::tokens(&project.workspace.names, &project.workspace.sources, file);
    if snapshot.client.augments_syntax_tokens {
        tokens.retain(|token| !token.kind.is_of_syntax());
    }
    tokens
}

/// Each token behind the one before.
fn encode(tokens: &[Token], project: &Project<'_>) -> Vec<SemanticToken> {
    let mut data = Vec::with_capacity(tokens.len());
    let (mut line, mut character) = (0, 0);
    for token in tokens {
        let range = project.range(token.span);
        if range.start.line != line {
            character = 0;
        }
        let name = type_of(token.kind);
        let marks = [token.is_declaration, token.is_constant, token.is_catalog];
        data.push(SemanticToken {
            delta_line: range.start.line - line,
            delta_start: range.start.character - character,
            length: range.end.character - range.start.character,
            token_type: TYPES.iter().position(|known| *known == name).unwrap_or(0) as u32,
            token_modifiers_bitset: marks.iter().enumerate().map(|(bit, is)| u32::from(*is) << bit).sum(),
        });
        (line, character) = (range.start.line, range.start.character);
    }
    data
}
