//! What there is to say of an entry of the catalog or a word of the language, as Markdown.

use super::names::{Declaration, SmallWord};
use crate::catalog::{Body, Default, Entry, Param, Word, call_shape, describe};
use crate::source::SourceMap;
use std::fmt::Write;

/// A program text as a block of code.
pub fn code(text: &str) -> String {
    format!("```nn\n{}\n```", text.trim_end())
}

/// All there is to say of an entry.
pub fn of_entry(entry: &Entry) -> String {
    let mut page = format!("{}\n\n{}\n", code(&call_shape(entry)), entry.summary);
    if !entry.formula.is_empty() {
        let _ = write!(page, "\n`{}`\n", entry.formula);
    }
    if !entry.params.is_empty() {
        page.push('\n');
        for param in entry.params {
            let _ = writeln!(page, "- {}", of_param(param));
        }
    }
    if !entry.shapes.is_empty() {
        let shapes: Vec<String> = entry.shapes.iter().map(|s| format!("`{s}`")).collect();
        let _ = write!(page, "\nShapes, per example: {}\n", shapes.join(", "));
    }
    let _ = write!(page, "\n{}\n", code(entry.example.code));
    page
}

/// A parameter in one line: `**units**: size. How many outputs`.
pub fn of_param(param: &Param) -> String {
    let ty = describe(&param.ty);
    let default = match param.default {
        Default::Required => String::new(),
        Default::Value("none") => ", may be left out".to_owned(),
        Default::Value(value) => format!(", `{value}` if left out"),
    };
    format!("**{}** ({ty}{default}): {}", param.name, param.doc)
}

/// What a word of the language is.
pub fn of_word(word: &Word) -> String {
    let mut page = format!("{}\n\n{}\n", code(&word.syntax.join("\n")), word.summary);
    for paragraph in word.text {
        let _ = write!(page, "\n{paragraph}\n");
    }
    page
}

/// What a word means in its place.
pub fn of_small_word(word: &SmallWord) -> String {
    format!("{}\n\n{}\n", code(word.syntax), word.summary)
}

/// How something was declared, with its doc comment.
pub fn of_declaration(declaration: &Declaration, sources: &SourceMap) -> String {
    let mut page = code(sources.text(declaration.shown));
    if let Some(doc) = &declaration.doc {
        let _ = write!(page, "\n\n{doc}\n");
    }
    page
}

/// What an entry is in one line: `Dense(units, bias: true)(x): [.., D] -> [.., units]`.
pub fn one_line(entry: &Entry) -> String {
    match entry.shapes {
        [shape] if matches!(entry.body, Body::Layer { .. } | Body::Function { .. }) => {
            format!("{}  {shape}", call_shape(entry))
        }
        _ => call_shape(entry),
    }
}
