//! The `.nn` language for [tree-sitter](https://tree-sitter.github.io).

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_nn() -> *const ();
}

/// The language, for `Parser::set_language`.
// SAFETY: the function is the one that tree-sitter generated in `src/parser.c`.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_nn) };

/// What is coloured, and how.
pub const HIGHLIGHTS_QUERY: &str = include_str!("../../queries/highlights.scm");
/// Texts in other languages inside the program.
pub const INJECTIONS_QUERY: &str = include_str!("../../queries/injections.scm");
/// Names, and where they are known.
pub const LOCALS_QUERY: &str = include_str!("../../queries/locals.scm");
/// Names that a reader jumps to.
pub const TAGS_QUERY: &str = include_str!("../../queries/tags.scm");
