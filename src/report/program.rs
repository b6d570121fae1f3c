//! The network as a picture, and the program as it ran.

use super::html::escaped;
use crate::check::Checked;
use crate::export::graph;
use crate::train::RunHistory;

/// The drawing of each model, as far as they fit into so many bytes.
pub(super) fn network(checked: &Checked, room: usize) -> String {
    let mut text = String::new();
    let mut left = room;
    for model in &checked.program.models {
        let Some(drawing) = graph::svg(checked, Some(&model.name)) else { continue };
        let drawing = drawing.trim_start_matches(|c| c != '<');
        text.push_str(&format!("<h3>{}</h3>\n", escaped(&model.name)));
        match left.checked_sub(drawing.len()) {
            Some(rest) => {
                left = rest;
                text.push_str(&format!("<div class=\"network wide\">\n{drawing}</div>\n"));
            }
            None => {
                text.push_str("<p class=\"faint\">too large to be shown here; <code>nnrun graph</code> draws it</p>\n");
            }
        }
    }
    if text.is_empty() { text } else { format!("<section>\n<h2>Network</h2>\n{text}</section>\n") }
}

/// The text of the program and of what it imports, with numbers of lines, as far as they fit into so many bytes.
pub(super) fn source(history: &RunHistory, room: usize) -> String {
    let mut left = room;
    let mut text = String::from("<section>\n<h2>Program</h2>\n");
    match history.source() {
        Ok(source) => text.push_str(&listing(&source, &mut left)),
        Err(reason) => text.push_str(&unreadable(&reason)),
    }
    for (file, copy) in &history.imports {
        text.push_str(&format!("<details>\n<summary>{}</summary>\n", escaped(&file.display().to_string())));
        match history.copy(copy) {
            Ok(source) => text.push_str(&listing(&source, &mut left)),
            Err(reason) => text.push_str(&unreadable(&reason)),
        }
        text.push_str("</details>\n");
    }
    text.push_str("</section>\n");
    text
}

fn unreadable(reason: &str) -> String {
    format!("<p class=\"faint\">cannot be read: {}</p>\n", escaped(reason))
}

fn listing(source: &str, left: &mut usize) -> String {
    let mut text = String::from("<pre>");
    let width = source.lines().count().to_string().len();
    for (line, number) in source.lines().zip(1..) {
        let line = format!("<span class=\"number\">{number:>width$}  </span>{}\n", escaped(line));
        match left.checked_sub(line.len()) {
            Some(rest) => *left = rest,
            None => {
                text.push_str("… and more: the copy in the directory of the run has all of it\n");
                break;
            }
        }
        text.push_str(&line);
    }
    text.push_str("</pre>\n");
    text
}
