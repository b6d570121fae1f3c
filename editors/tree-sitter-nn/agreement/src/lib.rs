//! Holds the tree-sitter grammar to the compiler's own: both must say of the same texts that they are programs.
//!
//! `cargo test` here asks both about every program of the repository, and about many made from these by small mistakes.

pub mod corpus;
pub mod mutate;

use nnrun::diagnostics::Code;
use nnrun::source::FileId;
use nnrun::syntax;
use std::path::{Path, PathBuf};
use tree_sitter::{Node, Parser, Tree};

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path)
}

/// A parser with the generated grammar.
pub fn parser() -> Parser {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_nn::LANGUAGE.into()).expect("the grammar's version fits the library's");
    parser
}

/// What the compiler says of a text.
pub enum Verdict {
    /// It is a program.
    Program,
    /// Its syntax is wrong: most codes of the family `E00`.
    Wrong(String),
    /// No grammar tells, so the generated parser is not asked: brackets nested more than 100 deep; a number larger than
    /// any; a colon in an index, `t[a: b]`, which gives an argument its name and is taken for a range of Python's.
    BeyondGrammar,
}

/// Whether a code is about the syntax. A batch that is written as an axis is told with the syntax, since the text is
/// repaired there, but `[None, 4]` is a shape by its grammar: `None` may be the name of a dimension.
fn is_of_syntax(code: Code) -> bool {
    code.text().starts_with("E00") && code != Code::E0027
}

/// What the compiler says of the syntax of a text.
pub fn compiler_says(text: &str) -> Verdict {
    let (_, diagnostics) = syntax::parse(FileId(0), text);
    let mut wrong = diagnostics.iter().filter(|d| is_of_syntax(d.code));
    if wrong.clone().any(|d| matches!(d.code, Code::E0015 | Code::E0023)) {
        return Verdict::BeyondGrammar;
    }
    let Some(first) = wrong.next() else { return Verdict::Program };
    if wrong.next().is_none() && first.message.ends_with("is too large") {
        return Verdict::BeyondGrammar;
    }
    let line = text.get(..first.span().start as usize).unwrap_or(text).matches('\n').count() + 1;
    Verdict::Wrong(format!("line {line}: {}: {}", first.code, first.message))
}

/// What the generated parser says of a text.
pub struct Reading {
    /// Where it finds a mistake.
    pub mistake: Option<String>,
    /// Whether there is a `{` in a signature. The compiler takes it for the body, because there it more often is.
    pub brace_in_signature: bool,
}

/// What the generated parser says of a text.
pub fn tree_sitter_says(parser: &mut Parser, text: &str) -> Reading {
    let tree = parser.parse(text, None).expect("a language is set, and no time limit");
    let mistake = tree.root_node().has_error().then(|| {
        first_error(&tree).map_or_else(
            || "an error".to_owned(),
            |node| format!("line {}: {}", node.start_position().row + 1, node.to_sexp()),
        )
    });
    Reading { mistake, brace_in_signature: brace_in_signature(tree.root_node(), false) }
}

fn brace_in_signature(node: Node<'_>, in_signature: bool) -> bool {
    let inside = in_signature || matches!(node.kind(), "hyper_parameters" | "parameters" | "outputs" | "output");
    (inside && node.kind() == "{") || children(node).any(|child| brace_in_signature(child, inside))
}

fn children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..node.child_count()).filter_map(move |i| node.child(i as u32))
}

fn first_error(tree: &Tree) -> Option<Node<'_>> {
    let mut node = tree.root_node();
    while !node.is_error() && !node.is_missing() {
        node = children(node).find(Node::has_error)?;
    }
    Some(node)
}
