//! What each word of a text is, for colours: as names resolve, not as they look.

use super::names::{DeclarationKind, Meaning, Name, Names};
use crate::catalog::{self, EntryKind, WordKind};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::tokens::{TokenKind as Lexical, scan};
use crate::syntax::{is_joining, is_reserved};

/// A word with its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Where it stands, on one line.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
    /// Whether it is declared here.
    pub is_declaration: bool,
    /// Whether it cannot change while training: hypers, constants, sizes.
    pub is_constant: bool,
    /// Whether it comes from the catalog.
    pub is_catalog: bool,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TokenKind {
    Keyword,
    Comment,
    String,
    Number,
    Operator,
    Layer,
    NamedLayer,
    Function,
    Block,
    Model,
    Data,
    Field,
    Hyper,
    HyperParameter,
    Dimension,
    Input,
    Variable,
    Weight,
    Setting,
    Argument,
    Choice,
    Import,
}

impl TokenKind {
    /// Whether a grammar knows it as well as who has checked the program: by how it looks, or by where it stands.
    pub fn is_of_syntax(self) -> bool {
        match self {
            TokenKind::Keyword
            | TokenKind::Comment
            | TokenKind::String
            | TokenKind::Number
            | TokenKind::Operator
            | TokenKind::Setting => true,
            TokenKind::Layer
            | TokenKind::NamedLayer
            | TokenKind::Function
            | TokenKind::Block
            | TokenKind::Model
            | TokenKind::Data
            | TokenKind::Field
            | TokenKind::Hyper
            | TokenKind::HyperParameter
            | TokenKind::Dimension
            | TokenKind::Input
            | TokenKind::Variable
            | TokenKind::Weight
            | TokenKind::Argument
            | TokenKind::Choice
            | TokenKind::Import => false,
        }
    }
}

/// The words of a file, in order.
pub fn tokens(names: &Names, sources: &SourceMap, file: FileId) -> Vec<Token> {
    let text = &sources.file(file).text;
    let named = names.in_file(file);
    let mut tokens = Vec::new();
    let mut next_name = 0;
    for lexical in scan(text) {
        // Of a line that ends with a carriage return, that is not part of the comment.
        let length = lexical.text(text).trim_end_matches('\r').len();
        let span = Span::new(file, lexical.start, lexical.start + length);
        while named.get(next_name).is_some_and(|name| name.span.end <= span.start && name.span.end < span.end) {
            next_name += 1;
        }
        let plain = |kind| Token { span, kind, is_declaration: false, is_constant: false, is_catalog: false };
        let kind = match lexical.kind {
            Lexical::Comment | Lexical::SlashComment => TokenKind::Comment,
            Lexical::Number => TokenKind::Number,
            Lexical::String { .. } | Lexical::SingleQuoted => TokenKind::String,
            Lexical::Symbol if is_operator(lexical.text(text)) => TokenKind::Operator,
            Lexical::Word => {
                match named.get(next_name..).and_then(|rest| rest.iter().find(|name| name.span == span)) {
                    Some(name) => tokens.extend(of_name(name, names)),
                    None if is_word_of_the_language(lexical.text(text)) => tokens.push(plain(TokenKind::Keyword)),
                    None => {}
                }
                continue;
            }
            // A comment over several lines would be several tokens, and is an error anyway.
            Lexical::BlockComment
            | Lexical::Newline
            | Lexical::Open(_)
            | Lexical::Close(_)
            | Lexical::Symbol
            | Lexical::Other => continue,
        };
        tokens.push(plain(kind));
    }
    tokens
}

fn of_name(name: &Name, names: &Names) -> Option<Token> {
    let token = |kind| Token { span: name.span, kind, is_declaration: false, is_constant: false, is_catalog: false };
    let of_catalog = |kind| Token { is_catalog: true, ..token(kind) };
    Some(match &name.meaning {
        Meaning::Declared(id) => {
            let declared = names.declaration(*id).kind;
            let is_constant = matches!(
                declared,
                DeclarationKind::Hyper
                    | DeclarationKind::HyperParameter
                    | DeclarationKind::Dimension
                    | DeclarationKind::Constant
            );
            Token { is_declaration: names.is_declaration(name), is_constant, ..token(of_declaration(declared)) }
        }
        Meaning::Entry(entry) => of_catalog(match entry.kind() {
            EntryKind::Layer | EntryKind::Optimizer => TokenKind::Layer,
            _ => TokenKind::Function,
        }),
        Meaning::Parameter(..) => of_catalog(TokenKind::Argument),
        Meaning::Choice(..) => of_catalog(TokenKind::Choice),
        Meaning::Setting(_) => token(TokenKind::Setting),
        Meaning::SmallWord(_) => token(TokenKind::Setting),
        Meaning::Column(_) => token(TokenKind::Field),
        Meaning::Label => token(TokenKind::Argument),
        Meaning::WeightPath => token(TokenKind::Weight),
        Meaning::File(_) => token(TokenKind::String),
        Meaning::Missing | Meaning::Unknown => return None,
    })
}

fn of_declaration(kind: DeclarationKind) -> TokenKind {
    match kind {
        DeclarationKind::Hyper => TokenKind::Hyper,
        DeclarationKind::HyperParameter => TokenKind::HyperParameter,
        DeclarationKind::Block => TokenKind::Block,
        DeclarationKind::Model => TokenKind::Model,
        DeclarationKind::Data => TokenKind::Data,
        DeclarationKind::SharedLayer | DeclarationKind::Layer => TokenKind::NamedLayer,
        DeclarationKind::Import => TokenKind::Import,
        DeclarationKind::Input => TokenKind::Input,
        DeclarationKind::Dimension => TokenKind::Dimension,
        DeclarationKind::Weight => TokenKind::Weight,
        DeclarationKind::Field | DeclarationKind::Column | DeclarationKind::Term | DeclarationKind::Metric => {
            TokenKind::Field
        }
        DeclarationKind::Phase => TokenKind::Setting,
        DeclarationKind::Output
        | DeclarationKind::Let
        | DeclarationKind::Constant
        | DeclarationKind::ScanStep
        | DeclarationKind::ScanState => TokenKind::Variable,
    }
}

fn is_operator(text: &str) -> bool {
    crate::syntax::tokens::is_operator(text)
}

fn is_word_of_the_language(text: &str) -> bool {
    text == "field"
        || is_reserved(text)
        || is_joining(text)
        || catalog::word(text).is_some_and(|word| word.kind != WordKind::Setting)
}
