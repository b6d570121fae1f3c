//! What stands in the boxes.

use crate::source::{SourceMap, Span};

/// The longest text of a line.
pub const LONGEST: usize = 40;

/// A piece of the source on one line, comments left out.
pub fn on_one_line(sources: &SourceMap, span: Span) -> String {
    without_breaks(sources.text(span))
}

fn without_breaks(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(code, _)| code));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

/// The arguments of a call, `32, kernel: 3`, where the source is a call of this name.
pub fn arguments(text: &str, name: &str) -> Option<String> {
    let inside = text.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    Some(inside.trim().to_owned()).filter(|inside| !inside.is_empty())
}

/// An expression with `…` in place of the parts that are drawn by themselves: `a + (x |> Dense(4))` is `a + …`.
pub fn formula(sources: &SourceMap, span: Span, drawn: &[Span]) -> String {
    let mut inside: Vec<Span> = drawn.iter().copied().filter(|d| d.lies_in(span) && *d != span).collect();
    inside.sort_by_key(|d| (d.start, std::cmp::Reverse(d.end)));
    let text = sources.text(span);
    let mut shown = String::new();
    let mut at = span.start;
    for part in inside {
        if part.start < at {
            continue;
        }
        let range = (at - span.start) as usize..(part.start - span.start) as usize;
        shown.push_str(text.get(range).unwrap_or_default());
        shown.push('…');
        at = part.end;
    }
    shown.push_str(text.get((at - span.start) as usize..).unwrap_or_default());
    without_parentheses(&without_pipes(&without_breaks(&shown)))
}

/// `f(x |> …, y)` is `f(…, y)`: what flows into a part that is left out is drawn as well.
fn without_pipes(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(bar) = text.find("|> …") {
        let mut depth = 0;
        let begins = text.get(..bar).unwrap_or_default().char_indices().rev().find(|(_, c)| {
            match c {
                ')' | ']' => depth += 1,
                '(' | '[' => depth -= 1,
                _ => {}
            }
            depth < 0 || (depth == 0 && *c == ',')
        });
        let start = begins.map_or(0, |(at, c)| at + c.len_utf8());
        let space = if text.get(..start).is_some_and(|before| before.ends_with(',')) { " " } else { "" };
        let end = bar + "|> …".len();
        text = format!("{}{space}…{}", text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
    }
    text
}

/// `a + (…)` is `a + …`, while `exp(…)` stays a call.
fn without_parentheses(text: &str) -> String {
    let mut text = text.to_owned();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("(…)")).map(|at| at + from) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ')') {
            from = at + 1;
        } else {
            text.replace_range(at..at + "(…)".len(), "…");
            from = at;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, drawn: &[&str]) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("x.nn", text);
        let place = |part: &&str| {
            let start = text.find(*part).unwrap_or_default();
            Span::new(file, start, start + part.len())
        };
        let drawn: Vec<Span> = drawn.iter().map(place).collect();
        formula(&sources, Span::new(file, 0, text.len()), &drawn)
    }

    #[test]
    fn drawn_parts_are_left_out() {
        assert_eq!(shown("a + (x |> Dense(4))", &["Dense(4)"]), "a + …");
        assert_eq!(shown("concat([x |> A(1) |> B(2), y], axis: 0)", &["A(1)", "B(2)"]), "concat([…, y], axis: 0)");
        assert_eq!(shown("concat([y, x |> A(1)])", &["A(1)"]), "concat([y, …])");
        assert_eq!(shown("mean + exp(0.5 *\n  log_var)  # noise", &[]), "mean + exp(0.5 * log_var)");
        assert_eq!(shown("exp(x |> A(1))", &["A(1)"]), "exp(…)");
    }

    #[test]
    fn arguments_are_those_of_the_call() {
        assert_eq!(arguments("Conv2d(32, kernel: 3)", "Conv2d").as_deref(), Some("32, kernel: 3"));
        assert_eq!(arguments("LayerNorm", "LayerNorm"), None);
        assert_eq!(arguments("shared", "Dense"), None);
    }
}
