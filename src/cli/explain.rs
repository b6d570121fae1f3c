//! `nnrun explain`: the page of a diagnostic, or of an entry of the catalog.

use super::arguments::ExplainArgs;
use super::exit::Exit;
use super::output::{BOLD, CYAN, DIM, Output, paint};
use super::table::{Align, Table};
use crate::catalog::{self, EntryKind};
use crate::diagnostics::{Code, nearest};

/// Longer lines of prose are hard to read.
const WIDEST_PAGE: usize = 100;

/// Runs the command.
pub fn explain(output: &Output, args: &ExplainArgs) -> Exit {
    let width = output.width().min(WIDEST_PAGE);
    let Some(name) = args.name.as_deref() else {
        output.result(&contents(output.width()));
        return Exit::Fine;
    };
    if let Some(code) = Code::parse(name) {
        output.result(&page(code.explanation(), width));
        return Exit::Fine;
    }
    let pages = pages(name, width);
    if !pages.is_empty() {
        output.result(&pages.join("\n"));
        return Exit::Fine;
    }
    // `nn.Dropout` is `Dropout`.
    let last = name.rsplit('.').next().unwrap_or(name);
    let elsewhere = catalog::find_elsewhere(name).or_else(|| catalog::find_elsewhere(last));
    let same = catalog::entries().find(|e| e.name == last && last != name).map(|e| (e, "another framework"));
    if let Some((entry, framework)) = elsewhere.or(same) {
        output.say(&format!("`{name}` ({framework}) is called `{}` here.\n", entry.name));
        output.result(&styled(&catalog::explain(entry, width)));
        return Exit::Fine;
    }
    let names = Code::ALL.iter().map(|c| c.text()).chain(catalog::entries().map(|e| e.name));
    let names = names.chain(catalog::words().map(|w| w.name)).chain(catalog::small_words().map(|w| w.name));
    let help = match nearest(name, names) {
        Some(meant) => format!("a similar name is `{meant}`"),
        None => "`nnrun explain` lists everything".to_owned(),
    };
    output.error(&format!("nothing is called `{name}`"), Some(&help));
    Exit::CommandLine
}

/// The pages of what has this name: entries of the catalog, words of the language.
fn pages(name: &str, width: usize) -> Vec<String> {
    let entries = catalog::entries().filter(|e| e.name == name).map(|entry| catalog::explain(entry, width));
    let words = catalog::word(name).map(|word| catalog::explain_word(word, width)).into_iter();
    let of_name = catalog::small_words().filter(|w| w.name == name);
    let small_words = of_name.map(|word| catalog::explain_small_word(word, width));
    entries.chain(words).chain(small_words).map(|page| styled(&page)).collect()
}

const KINDS: [EntryKind; 11] = [
    EntryKind::Layer,
    EntryKind::Function,
    EntryKind::Loss,
    EntryKind::Optimizer,
    EntryKind::Schedule,
    EntryKind::Metric,
    EntryKind::Initializer,
    EntryKind::Augmentation,
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
    let mut names: Vec<&str> = catalog::words().map(|w| w.name).collect();
    for word in catalog::small_words() {
        if !names.contains(&word.name) {
            names.push(word.name);
        }
    }
    text.push_str(&format!("{}\n", paint(BOLD, "words")));
    text.push_str(&wrap(&names.join(", "), width, "  "));
    text.push('\n');
    text.push_str(&format!("{}\n", paint(BOLD, "diagnostics")));
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]);
    for code in Code::ALL {
        table.row(vec![code.text().to_owned(), code.title().to_owned()]);
    }
    text.push_str(&table.render(width, "  "));
    text
}

fn plural(kind: EntryKind) -> String {
    match kind {
        EntryKind::Loss => "losses".to_owned(),
        EntryKind::Initializer => kind.word().to_owned(),
        _ => format!("{}s", kind.word()),
    }
}

/// A page of the catalog, its headings in bold.
fn styled(page: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        let next_is_set_in = lines.get(i + 1).is_some_and(|next| next.starts_with(' '));
        let is_heading = i == 0 || (next_is_set_in && !line.starts_with(' ') && !line.is_empty());
        text.push_str(&if is_heading { paint(BOLD, line) } else { (*line).to_owned() });
        text.push('\n');
    }
    text
}

/// A page of Markdown for the terminal: paragraphs wrapped, programs set in, marks turned into styles.
fn page(markdown: &str, width: usize) -> String {
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut in_program = false;
    let flush = |paragraph: &mut String, text: &mut String| {
        if let Some(item) = paragraph.strip_prefix("- ") {
            // The lines of an item stand behind its mark.
            text.push_str(&wrap(item, width, "  ").replacen("  ", "- ", 1));
        } else if !paragraph.is_empty() {
            text.push_str(&wrap(paragraph, width, ""));
        }
        paragraph.clear();
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
        } else if line.starts_with("| ") {
            flush(&mut paragraph, &mut text);
            text.push_str(&format!("{line}\n"));
        } else if line.starts_with("- ") {
            flush(&mut paragraph, &mut text);
            paragraph.push_str(line);
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
    fn every_word_of_the_language_has_a_page() {
        let unknown: Vec<&str> =
            crate::syntax::WORDS.iter().flat_map(|words| *words).copied().filter(|w| pages(w, 80).is_empty()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        for word in catalog::small_words() {
            let lacking: Vec<&&str> = word.see.iter().filter(|name| pages(name, 80).is_empty()).collect();
            assert!(lacking.is_empty(), "{}: {lacking:?}", word.name);
        }
        assert!(pages("clip", 80).concat().contains("setting of `train`"));
        // A word has a page for each place.
        let best = pages("best", 80).concat();
        assert!(best.contains("a word of `keep`") && best.contains("a word of `sweep`"), "{best}");
    }

    #[test]
    fn pages_keep_their_programs() {
        let text = page("# E1: title\n\nSome\nwords.\n\n```nn wrong\nlet x = 1\n```\n", 40);
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text, "E1: title\n\nSome words.\n\n  # wrong\n  let x = 1\n");
        let text = page("One two three four:\n- one two\n  three four\n- five\n", 12);
        assert_eq!(text, "One two\nthree four:\n- one two\n  three four\n- five\n");
    }

    #[test]
    fn prose_is_as_wide_as_the_terminal() {
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        for width in [30, 60, 100] {
            for code in Code::ALL {
                let prose: String = code.explanation().split("```").step_by(2).collect();
                // A path or a table cannot be broken.
                let prose: String =
                    prose.lines().filter(|l| !l.starts_with(['|', '#'])).map(|l| format!("{l}\n")).collect();
                let longest = prose.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
                assert!(widest(&page(&prose, width)) <= width.max(longest + 2), "{code} at {width}");
            }
        }
        let page = |width| catalog::explain(catalog::find("LSTM", &[EntryKind::Layer]).unwrap(), width);
        assert!(page(40).lines().count() > page(80).lines().count());
        assert!(page(80).lines().count() > page(100).lines().count());
    }
}
