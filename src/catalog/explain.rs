//! The page of an entry, for `nnrun explain Dense`.

use super::Body;
use super::entry::{Bounds, Default, Entry, Param, ParamType};
use super::words::{SmallWord, Word};
use std::fmt::Write;

/// Everything that the declaration says, as text for a terminal of so many columns.
pub fn explain(entry: &Entry, width: usize) -> String {
    let wrap = |text: &str, indent: usize| wrap(text, indent, width);
    let mut page = format!("{}: {}\n\n{}\n", entry.name, entry.kind().with_article(), wrap(entry.summary, 0));
    if !entry.formula.is_empty() {
        section(&mut page, "Formula", &wrap(entry.formula, 2));
    }
    if !entry.params.is_empty() {
        let mut lines = String::new();
        for param in entry.params {
            let _ = writeln!(lines, "  {}\n{}", signature(param), wrap(param.doc, 6));
        }
        section(&mut page, "Arguments", lines.trim_end());
    }
    if let Body::Optimizer(optimizer) = &entry.body {
        let (low, high) = optimizer.usual_lr;
        section(&mut page, "Usual learning rates", &format!("  {} to {}", rate(low), rate(high)));
    }
    if !entry.shapes.is_empty() {
        let lines: Vec<String> = entry.shapes.iter().map(|s| format!("  {s}")).collect();
        section(&mut page, "Shapes, per example", &lines.join("\n"));
    }
    section(&mut page, "Example", &example(entry));
    if !entry.source.is_empty() {
        section(&mut page, "As in", &wrap(entry.source, 2));
    }
    if !entry.elsewhere.is_empty() {
        let names: Vec<String> = entry.elsewhere.iter().map(|(name, of)| format!("{name} ({of})")).collect();
        section(&mut page, "Elsewhere", &wrap(&names.join(", "), 2));
    }
    page
}

/// The same of a word of the language.
pub fn explain_word(word: &Word, width: usize) -> String {
    let wrap = |text: &str, indent: usize| wrap(text, indent, width);
    let mut page = format!("{}: {}\n\n{}\n", word.name, word.kind.with_article(), wrap(word.summary, 0));
    let set_in =
        |lines: &str| lines.lines().map(|l| format!("  {l}")).collect::<Vec<_>>().join("\n").replace("  \n", "\n");
    section(&mut page, "Written", &set_in(&word.syntax.join("\n")));
    for paragraph in word.text {
        let _ = write!(page, "\n{}\n", wrap(paragraph, 0));
    }
    if !word.example.is_empty() {
        let common = if word.example.starts_with("  ") { 2 } else { 0 };
        let lines: Vec<&str> = word.example.lines().map(|l| l.get(common..).unwrap_or_default()).collect();
        section(&mut page, "Example", &set_in(&lines.join("\n")));
    }
    if !word.elsewhere.is_empty() {
        let names: Vec<String> = word.elsewhere.iter().map(|(name, of)| format!("{name} ({of})")).collect();
        section(&mut page, "Elsewhere", &wrap(&names.join(", "), 2));
    }
    page
}

/// The page of a word that stands within others.
pub fn explain_small_word(word: &SmallWord, width: usize) -> String {
    let wrap = |text: &str, indent: usize| wrap(text, indent, width);
    let mut page = format!("{}: {}\n\n{}\n", word.name, word.what, wrap(word.summary, 0));
    let lines: Vec<String> = word.syntax.iter().map(|line| format!("  {line}")).collect();
    section(&mut page, "Written", &lines.join("\n"));
    if !word.see.is_empty() {
        let names: Vec<String> = word.see.iter().map(|name| format!("`nnrun explain {name}`")).collect();
        section(&mut page, "More", &wrap(&names.join(", "), 2));
    }
    page
}

fn section(page: &mut String, title: &str, text: &str) {
    let _ = write!(page, "\n{title}\n{text}\n");
}

fn example(entry: &Entry) -> String {
    let mut lines = String::new();
    for (name, ty) in entry.example.inputs {
        let _ = writeln!(lines, "  # {name}: {ty}");
    }
    let _ = write!(lines, "  {}", entry.example.code);
    if !entry.example.output.is_empty() {
        let _ = write!(lines, "    # {}", entry.example.output);
    }
    lines
}

/// A learning rate as people write it: `0.01` or `1e-5`, whichever is shorter.
pub fn rate(x: f64) -> String {
    let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}

/// `p: number from 0 to 1 = 0.5`
fn signature(param: &Param) -> String {
    let ty = describe(&param.ty);
    match param.default {
        Default::Required => format!("{}: {ty}", param.name),
        Default::Value("none") => format!("{}: {ty}, may be left out", param.name),
        Default::Value(value) => format!("{}: {ty} = {value}", param.name),
    }
}

/// The signature of a call in one line, for hover and signature help: `Dense(units, bias: true, init)`.
pub fn call_shape(entry: &Entry) -> String {
    if entry.params.is_empty() {
        return entry.name.to_owned();
    }
    let params: Vec<String> = entry
        .params
        .iter()
        .map(|p| match p.default {
            Default::Required | Default::Value("none") => p.name.to_owned(),
            Default::Value(value) => format!("{}: {value}", p.name),
        })
        .collect();
    let applied = match entry.body {
        Body::Layer { inputs, .. } => format!("({})", inputs.join(", ")),
        _ => String::new(),
    };
    format!("{}({}){applied}", entry.name, params.join(", "))
}

/// What a parameter takes, in words: `a number above 0`.
pub fn describe(ty: &ParamType) -> String {
    match ty {
        ParamType::Tensor => "tensor".into(),
        ParamType::Tensors => "list of tensors".into(),
        ParamType::Size => "size".into(),
        ParamType::Whole { min: i64::MIN, max: i64::MAX } => "whole number".into(),
        // Bounds that only keep arithmetic from overflowing are no news to anyone.
        ParamType::Whole { min, max } if *max >= 1 << 20 && *min <= -(1 << 20) => "whole number".into(),
        ParamType::Whole { min, max } if *max >= 1 << 20 => format!("whole number of at least {min}"),
        ParamType::Whole { min, max } => format!("whole number from {min} to {max}"),
        ParamType::Number(bounds) => bounded(bounds),
        ParamType::Bool => "true or false".into(),
        ParamType::Choice(words) => words.join(" or "),
        ParamType::Text => "string".into(),
        ParamType::Shape { hole: false } => "list of sizes".into(),
        ParamType::Shape { hole: true } => "list of sizes, one perhaps _".into(),
        ParamType::Axis => "axis".into(),
        ParamType::Axes => "axis or list of axes".into(),
        ParamType::Init => "initial weights".into(),
        ParamType::Numbers => "list of numbers".into(),
        ParamType::Duration => "epochs or steps".into(),
        ParamType::Range => "range".into(),
        ParamType::Texts => "string or list of strings".into(),
        ParamType::NamedSizes => "sizes by name".into(),
        ParamType::Weights => "weights".into(),
        ParamType::Names => "list of names".into(),
        ParamType::Rows => "list of rows".into(),
        ParamType::Table => "table".into(),
        ParamType::OneOf(types) => types.iter().map(describe).collect::<Vec<_>>().join(", or "),
    }
}

fn bounded(bounds: &Bounds) -> String {
    let low = match (bounds.min.is_finite(), bounds.above_min) {
        (false, _) => None,
        (true, true) => Some(format!("above {}", bounds.min)),
        (true, false) => Some(format!("at least {}", bounds.min)),
    };
    let high = match (bounds.max.is_finite(), bounds.below_max) {
        (false, _) => None,
        (true, true) => Some(format!("below {}", bounds.max)),
        (true, false) => Some(format!("at most {}", bounds.max)),
    };
    match (low, high) {
        (None, None) => "number".into(),
        (Some(one), None) | (None, Some(one)) => format!("number, {one}"),
        (Some(low), Some(high)) => format!("number, {low} and {high}"),
    }
}

/// Breaks at spaces so that lines, indented, stay within the width.
fn wrap(text: &str, indent: usize, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.iter().map(|l| format!("{:indent$}{l}", "")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{EntryKind, entries, find};

    #[test]
    fn the_page_of_dropout() {
        let page = explain(find("Dropout", &[EntryKind::Layer]).unwrap(), 80);
        insta::assert_snapshot!(page, @r"
        Dropout: a layer

        In training, sets a random share of the numbers to 0 and scales up the rest;
        nothing in evaluation.

        Formula
          y = 0 with probability p, else x / (1 - p)

        Arguments
          p: number, at least 0 and at most 1 = 0.5
              the share that is set to 0

        Shapes, per example
          [..] -> [..]

        Example
          # x: [4]
          x |> Dropout(0.3)    # [4]

        As in
          torch.nn.Dropout

        Elsewhere
          nn.Dropout (PyTorch), AlphaDropout (PyTorch)
        ");
    }

    #[test]
    fn no_line_is_too_long() {
        for entry in entries() {
            let page = explain(entry, 80);
            for line in page.lines() {
                assert!(line.chars().count() <= 110, "{}: {line}", entry.name);
            }
        }
    }

    #[test]
    fn calls_in_one_line() {
        let shape = |name, kind| call_shape(find(name, &[kind]).unwrap());
        assert_eq!(shape("Dense", EntryKind::Layer), "Dense(units, bias: true, init)(x)");
        assert_eq!(shape("relu", EntryKind::Function), "relu(x)");
        assert_eq!(shape("zeros", EntryKind::Initializer), "zeros");
    }
}
