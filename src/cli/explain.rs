//! `nnrun explain`: the page of a diagnostic, or of an entry of the catalog.

use super::arguments::ExplainArgs;
use super::exit::Exit;
use super::output::{BOLD, CYAN, DIM, Output, paint};
use super::table::{Align, Table};
use crate::catalog::{self, Default, Entry, EntryKind, Param, ParamType};
use crate::diagnostics::{Code, nearest};

/// Runs the command.
pub fn explain(output: &Output, args: &ExplainArgs) -> Exit {
    let Some(name) = args.name.as_deref() else {
        output.result(&contents(output.width()));
        return Exit::Fine;
    };
    if let Some(code) = Code::parse(name) {
        output.result(&page(code.explanation(), output.width()));
        return Exit::Fine;
    }
    let entries: Vec<&Entry> = catalog::entries().filter(|e| e.name == name).collect();
    if !entries.is_empty() {
        let pages: Vec<String> = entries.iter().map(|e| entry_page(e, output.width())).collect();
        output.result(&pages.join("\n"));
        return Exit::Fine;
    }
    if let Some((entry, framework)) = catalog::find_elsewhere(name) {
        output.say(&format!("`{name}` ({framework}) is called `{}` here.\n", entry.name));
        output.result(&entry_page(entry, output.width()));
        return Exit::Fine;
    }
    let names = Code::ALL.iter().map(|c| c.text()).chain(catalog::entries().map(|e| e.name));
    let help = match nearest(name, names) {
        Some(meant) => format!("a similar name is `{meant}`"),
        None => "`nnrun explain` lists everything".to_owned(),
    };
    output.error(&format!("nothing is called `{name}`"), Some(&help));
    Exit::CommandLine
}

const KINDS: [EntryKind; 10] = [
    EntryKind::Layer,
    EntryKind::Function,
    EntryKind::Loss,
    EntryKind::Optimizer,
    EntryKind::Schedule,
    EntryKind::Metric,
    EntryKind::Initializer,
    EntryKind::Source,
    EntryKind::DataFunction,
    EntryKind::Expectation,
];

/// Everything that can be explained.
fn contents(width: usize) -> String {
    let mut text = String::new();
    for kind in KINDS {
        let names: Vec<&str> = catalog::entries().filter(|e| e.kind() == kind).map(|e| e.name).collect();
        if !names.is_empty() {
            text.push_str(&format!("{}\n", paint(BOLD, &plural(kind))));
            text.push_str(&wrap(&names.join(", "), width, "  "));
            text.push('\n');
        }
    }
    text.push_str(&format!("{}\n", paint(BOLD, "diagnostics")));
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
    for code in Code::ALL {
        table.row(vec![code.text().to_owned(), code.title().to_owned()]);
    }
    text.push_str(&table.render(width.max(100), "  "));
    text
}

fn plural(kind: EntryKind) -> String {
    match kind {
        EntryKind::Loss => "losses".to_owned(),
        EntryKind::Initializer => kind.word().to_owned(),
        _ => format!("{}s", kind.word()),
    }
}

/// The page of an entry.
fn entry_page(entry: &Entry, width: usize) -> String {
    let mut text = format!("{} {}\n\n", paint(BOLD, &signature(entry)), paint(DIM, entry.kind().word()));
    text.push_str(&wrap(entry.summary, width, ""));
    if !entry.formula.is_empty() {
        text.push('\n');
        for line in entry.formula.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    if !entry.shapes.is_empty() {
        text.push('\n');
        for shape in entry.shapes {
            text.push_str(&format!("    {}\n", paint(CYAN, shape)));
        }
    }
    if !entry.params.is_empty() {
        text.push_str(&format!("\n{}\n", paint(BOLD, "Arguments")));
        let widest = entry.params.iter().map(|p| p.name.len()).max().unwrap_or(0);
        for param in entry.params {
            text.push_str(&argument(param, widest, width));
        }
    }
    if !entry.example.code.is_empty() {
        text.push_str(&format!("\n{}\n", paint(BOLD, "Example")));
        text.push_str(&example(entry));
    }
    if !entry.source.is_empty() {
        text.push_str(&format!("\n{} {}\n", paint(BOLD, "As in"), entry.source));
    }
    if !entry.elsewhere.is_empty() {
        let names: Vec<String> = entry.elsewhere.iter().map(|(name, at)| format!("{name} ({at})")).collect();
        let wrapped = wrap(&names.join(", "), width, "          ");
        text.push_str(&format!("{} {}", paint(BOLD, "Elsewhere"), wrapped.trim_start()));
    }
    text
}

/// `Dense(units, bias: true)`
fn signature(entry: &Entry) -> String {
    if entry.params.is_empty() {
        return entry.name.to_owned();
    }
    let params: Vec<String> = entry
        .params
        .iter()
        .map(|p| match p.default {
            Default::Required => p.name.to_owned(),
            Default::Value(value) => format!("{}: {value}", p.name),
        })
        .collect();
    format!("{}({})", entry.name, params.join(", "))
}

fn argument(param: &Param, widest: usize, width: usize) -> String {
    let default = match param.default {
        Default::Required => String::new(),
        Default::Value(value) => format!("; {value} where left out"),
    };
    let what = format!("{} ({}{default})", param.doc, takes(&param.ty));
    let indent = " ".repeat(4 + widest + 2);
    let wrapped = wrap(&what, width, &indent);
    let room = " ".repeat(widest - param.name.len());
    format!("    {}{room}  {}", paint(CYAN, param.name), wrapped.trim_start())
}

/// What an argument takes, in words.
fn takes(ty: &ParamType) -> String {
    match ty {
        ParamType::Tensor => "a tensor".to_owned(),
        ParamType::Tensors => "a list of tensors".to_owned(),
        ParamType::Size => "a size".to_owned(),
        ParamType::Whole { min, max: i64::MAX } => format!("a whole number from {min}"),
        ParamType::Whole { min: i64::MIN, max } => format!("a whole number up to {max}"),
        ParamType::Whole { min, max } => format!("a whole number, {min} to {max}"),
        ParamType::Number(bounds) => {
            let low = bounds.min.is_finite().then(|| {
                if bounds.above_min { format!("above {}", bounds.min) } else { format!("at least {}", bounds.min) }
            });
            let high = bounds.max.is_finite().then(|| {
                if bounds.below_max { format!("below {}", bounds.max) } else { format!("at most {}", bounds.max) }
            });
            match (low, high) {
                (None, None) => "a number".to_owned(),
                (Some(one), None) | (None, Some(one)) => format!("a number, {one}"),
                (Some(low), Some(high)) => format!("a number, {low} and {high}"),
            }
        }
        ParamType::Bool => "true or false".to_owned(),
        ParamType::Choice(words) => words.join(" or "),
        ParamType::Text => "a string".to_owned(),
        ParamType::Shape { hole: false } => "a shape".to_owned(),
        ParamType::Shape { hole: true } => "a shape, one size of which may be _".to_owned(),
        ParamType::Axis => "an axis".to_owned(),
        ParamType::Axes => "an axis or several".to_owned(),
        ParamType::Init => "initial weights".to_owned(),
        ParamType::Numbers => "a list of numbers".to_owned(),
        ParamType::Duration => "a duration, like 5 epochs".to_owned(),
        ParamType::Range => "a range, like 0 .. 1".to_owned(),
        ParamType::Texts => "a string or a list of strings".to_owned(),
        ParamType::Names => "a name or a list of names".to_owned(),
        ParamType::Rows => "a list of rows".to_owned(),
        ParamType::Table => "a table".to_owned(),
        ParamType::OneOf(types) => types.iter().map(takes).collect::<Vec<_>>().join(", or "),
    }
}

fn example(entry: &Entry) -> String {
    let mut text = String::new();
    let inputs: Vec<String> = entry.example.inputs.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    if !inputs.is_empty() {
        text.push_str(&format!("    {}\n", paint(DIM, &format!("# {}", inputs.join(", ")))));
    }
    for line in entry.example.code.lines() {
        text.push_str(&format!("    {line}\n"));
    }
    if !entry.example.output.is_empty() {
        text.push_str(&format!("    {}\n", paint(DIM, &format!("# gives {}", entry.example.output))));
    }
    text
}

/// A page of Markdown for the terminal: paragraphs wrapped, programs set in, marks turned into styles.
fn page(markdown: &str, width: usize) -> String {
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut in_program = false;
    let flush = |paragraph: &mut String, text: &mut String| {
        if !paragraph.is_empty() {
            text.push_str(&wrap(paragraph, width, ""));
            paragraph.clear();
        }
    };
    for line in markdown.lines() {
        if let Some(fence) = line.strip_prefix("```") {
            flush(&mut paragraph, &mut text);
            in_program = !in_program;
            if fence.contains("wrong") {
                text.push_str(&format!("  {}\n", paint(DIM, "# wrong")));
            } else if fence.contains("right") {
                text.push_str(&format!("  {}\n", paint(DIM, "# right")));
            }
        } else if in_program {
            text.push_str(&format!("  {}\n", paint(CYAN, line)).replace("  \n", "\n"));
        } else if line.starts_with('#') {
            flush(&mut paragraph, &mut text);
            text.push_str(&format!("{}\n", paint(BOLD, line.trim_start_matches('#').trim())));
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut text);
            text.push('\n');
        } else if line.starts_with("- ") || line.starts_with("| ") {
            flush(&mut paragraph, &mut text);
            text.push_str(&format!("{line}\n"));
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, &mut text);
    text
}

/// Words in lines of at most `width`, each behind `indent`.
fn wrap(text: &str, width: usize, indent: &str) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::from(indent);
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut line, indent.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    if !is_empty {
        lines.push(line);
    }
    lines.iter().map(|l| format!("{l}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_behind_the_indent() {
        assert_eq!(wrap("one two three four", 11, "  "), "  one two\n  three\n  four\n");
        assert_eq!(wrap("", 11, "  "), "");
    }

    #[test]
    fn pages_keep_their_programs() {
        let text = page("# E1: title\n\nSome\nwords.\n\n```nn wrong\nlet x = 1\n```\n", 40);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text, "E1: title\n\nSome words.\n\n  # wrong\n  let x = 1\n");
    }
}
