//! Floor 2: from text to the syntax tree, and back by the formatter.
//!
//! A text is first repaired where one slip would hide the rest, then parsed item by item by the grammar
//! `grammar/nn.pest`, and its pairs become the tree. Mistakes are facts until they become diagnostics.
//!
//! ```text
//! tokens.rs       the text as a flat list                 token_lines.rs    its lines and brackets, for the next two
//! bodies.rs       bodies without their braces             foreign_finder.rs what is written as elsewhere
//! repair.rs       strings, comments, misspelt words       brackets.rs       brackets that do not match
//! depth.rs        nesting that nobody could walk
//! chunks.rs       its items one by one, remembered        parse.rs          the entrance: text in, tree out
//! build/          pairs → tree                            moved.rs          the tree of a text that has moved
//! ast.rs          the tree                                walk.rs           every expression of it
//! format/         the canonical layout                    print.rs          the tree as text
//! error.rs        what can be wrong                       wording.rs        the words for it
//! foreign.rs      both of what is written as elsewhere   parsed.rs         the trees of the texts that were parsed last
//! ```

pub mod ast;
mod bodies;
mod brackets;
mod build;
mod chunks;
mod depth;
mod error;
mod foreign;
mod foreign_finder;
mod format;
mod moved;
mod parse;
mod parsed;
mod print;
mod repair;
mod token_lines;
pub(crate) mod tokens;
pub(crate) mod walk;
mod wording;

pub use error::{NumberProblem, SyntaxError};
pub use foreign::{Foreign, Lines};
pub(crate) use foreign_finder::MODULES;
#[cfg(test)]
pub(crate) use foreign_finder::READERS;
pub use format::format;
pub use parse::parse;
pub use parsed::parse_shared;
pub use print::{Positions, print};
pub(crate) use tokens::words_in;

/// Whether a word of the language can be no name.
pub(crate) fn is_reserved(word: &str) -> bool {
    repair::RESERVED.contains(&word)
}

/// Whether a word joins the parts of a form or counts a duration, where it stands in one.
pub(crate) fn is_joining(word: &str) -> bool {
    repair::JOINING_WORDS.contains(&word) || repair::UNITS.contains(&word)
}

/// The words that mean something of their own somewhere in a file: items, statements, forms, units.
#[cfg(test)]
pub(crate) const WORDS: [&[&str]; 6] = [
    repair::ITEM_WORDS,
    repair::STATEMENT_WORDS,
    repair::RESERVED,
    repair::JOINING_WORDS,
    repair::OPENING_WORDS,
    repair::UNITS,
];

/// Where the comments of a text stand, each from its `#` to the end of its line, in order.
pub fn comments(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_comment = |token: &tokens::Token| token.kind == tokens::TokenKind::Comment;
    tokens::scan(text).into_iter().filter(is_comment).map(|token| token.start..token.end).collect()
}
