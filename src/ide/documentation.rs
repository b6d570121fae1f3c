//! What there is to say of an entry of the catalog or a word of the language, as Markdown. Hovers, completions and
//! signatures all say it in these words.

use super::names::Declaration;
use crate::catalog::{Body, Default, Entry, Param, ParamType, SmallWord, Word, call_shape, describe};
use crate::source::SourceMap;
use std::fmt::Write;

/// A program text as a block of code.
pub fn code(text: &str) -> String {
    format!("```nn\n{}\n```", text.trim_end())
}

/// All there is to say of an entry, with an example.
pub fn of_entry(entry: &Entry) -> String {
    format!("{}{}\n\n{}", head(entry), details(entry), code(entry.example.code))
}

/// All there is to say of an entry in its place: what is known of that stands in the example's stead.
pub fn of_entry_here(entry: &Entry, here: &str) -> String {
    format!("{}{here}{}", head(entry), details(entry))
}

/// How it is called, what it does, its formula.
fn head(entry: &Entry) -> String {
    let mut page = format!("{}\n\n{}", code(&call_shape(entry)), one_line_of(entry.summary));
    if !entry.formula.is_empty() {
        let _ = write!(page, "\n\n`{}`", entry.formula.replace('\n', "; "));
    }
    page
}

/// Its arguments, the shapes of what goes in and comes out, where it is from.
fn details(entry: &Entry) -> String {
    let mut page = String::new();
    let is_argument = |p: &&Param| !matches!(p.ty, ParamType::Tensor | ParamType::Tensors);
    for (i, param) in entry.params.iter().filter(is_argument).enumerate() {
        page.push_str(if i == 0 { "\n\n" } else { "\n" });
        let _ = write!(page, "- {}", of_param(param));
    }
    if !entry.shapes.is_empty() {
        let shapes: Vec<String> = entry.shapes.iter().map(|shape| format!("`{shape}`")).collect();
        let _ = write!(page, "\n\nShapes, per example: {}", shapes.join(", "));
    }
    if !entry.source.is_empty() {
        let _ = write!(page, "\n\nAs in {}", entry.source);
    }
    page
}

/// A parameter in one line: `units` (size): how many numbers come out
pub fn of_param(param: &Param) -> String {
    let default = match param.default {
        Default::Required => String::new(),
        Default::Value("none") => ", may be left out".to_owned(),
        Default::Value(value) => format!(", `{value}` if left out"),
    };
    format!("`{}` ({}{default}): {}", param.name, describe(&param.ty), param.doc)
}

/// A parameter, and what it is one of.
pub fn of_param_of(entry: &Entry, param: &Param) -> String {
    let whose = match entry.body {
        Body::Layer { .. } => "of the layer",
        _ => "of",
    };
    format!("{}\n\nAn argument {whose} `{}`", of_param(param), entry.name)
}

/// What a word of the language is.
pub fn of_word(word: &Word) -> String {
    let mut page = format!("{}\n\n{}", code(&word.syntax.join("\n")), one_line_of(word.summary));
    for paragraph in word.text {
        let _ = write!(page, "\n\n{}", one_line_of(paragraph));
    }
    page
}

/// What a word means in its place.
pub fn of_small_word(word: &SmallWord) -> String {
    format!("{}\n\n{}", code(&word.syntax.join("\n")), word.summary)
}

/// How something was declared, with its doc comment.
pub fn of_declaration(declaration: &Declaration, sources: &SourceMap) -> String {
    let mut page = code(sources.text(declaration.shown));
    if let Some(doc) = &declaration.doc {
        let _ = write!(page, "\n\n{doc}");
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

/// A text without its line breaks.
fn one_line_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
