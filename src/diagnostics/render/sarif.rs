//! SARIF 2.1.0 (OASIS): what code hosts, continuous integration and editors read of any checker.
//!
//! One log with one run holds the diagnostics of all files. Its rules are the codes that occur, each with its
//! explanation page. Lines and columns are from 1, columns in characters, and ends are one past the last, which is how
//! SARIF counts with `unicodeCodePoints`.

use super::{path_of, position, word};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, SourceMap, Span};
use serde_json::{Map, Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn log<'a>(diagnostics: impl Iterator<Item = (&'a SourceMap, &'a Diagnostic)>) -> String {
    let found: Vec<(&SourceMap, &Diagnostic)> = diagnostics.collect();
    let mut codes: Vec<Code> = found.iter().map(|(_, d)| d.code).collect();
    codes.sort();
    codes.dedup();
    let results: Vec<Value> = found
        .iter()
        .map(|(sources, diagnostic)| {
            let mut result = result(sources, diagnostic);
            if let (Value::Object(map), Ok(index)) = (&mut result, codes.binary_search(&diagnostic.code)) {
                map.insert("ruleIndex".into(), index.into());
            }
            result
        })
        .collect();
    let driver = json!({
        "name": env!("CARGO_PKG_NAME"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
    });
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// A code with its page.
fn rule(code: Code) -> Value {
    let page = code.explanation();
    let uri = format!("{}/blob/main/src/diagnostics/explanations/{code}.md", env!("CARGO_PKG_REPOSITORY"));
    json!({
        "id": code.text(),
        "shortDescription": { "text": code.title() },
        "help": { "text": plain(page), "markdown": page },
        "helpUri": uri,
        "defaultConfiguration": { "level": word(code.severity()) },
    })
}

/// A page without the marks of Markdown.
fn plain(page: &str) -> String {
    let lines = page.lines().filter(|line| !line.starts_with("```"));
    lines.map(|line| format!("{}\n", line.trim_start_matches('#').trim_start_matches(' '))).collect()
}

/// A diagnostic.
pub(super) fn result(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let mut text = diagnostic.message.clone();
    for line in diagnostic.notes.iter().chain(&diagnostic.help) {
        text.push('\n');
        text.push_str(line);
    }
    let mut map = Map::new();
    map.insert("ruleId".into(), diagnostic.code.text().into());
    map.insert("level".into(), word(diagnostic.severity).into());
    map.insert("message".into(), json!({ "text": text }));
    let mut places = diagnostic.labels.iter();
    if let Some(primary) = places.next() {
        map.insert("locations".into(), json!([location(sources, primary.span, &primary.message, None)]));
    }
    let related: Vec<Value> =
        places.enumerate().map(|(i, label)| location(sources, label.span, &label.message, Some(i + 1))).collect();
    if !related.is_empty() {
        map.insert("relatedLocations".into(), related.into());
    }
    if !diagnostic.fixes.is_empty() {
        let fixes: Vec<Value> = diagnostic
            .fixes
            .iter()
            .map(|fix| {
                let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
                files.sort();
                files.dedup();
                let changes: Vec<Value> = files
                    .into_iter()
                    .map(|file| {
                        let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
                        let replacements: Vec<Value> = edits
                            .map(|edit| {
                                json!({
                                    "deletedRegion": region(sources, edit.span),
                                    "insertedContent": { "text": edit.text },
                                })
                            })
                            .collect();
                        json!({ "artifactLocation": artifact(sources, file), "replacements": replacements })
                    })
                    .collect();
                json!({ "description": { "text": fix.title }, "artifactChanges": changes })
            })
            .collect();
        map.insert("fixes".into(), fixes.into());
    }
    Value::Object(map)
}

fn location(sources: &SourceMap, span: Span, message: &str, id: Option<usize>) -> Value {
    let mut map = Map::new();
    if let Some(id) = id {
        map.insert("id".into(), id.into());
    }
    let physical = json!({ "artifactLocation": artifact(sources, span.file), "region": region(sources, span) });
    map.insert("physicalLocation".into(), physical);
    if !message.is_empty() {
        map.insert("message".into(), json!({ "text": message }));
    }
    Value::Object(map)
}

fn region(sources: &SourceMap, span: Span) -> Value {
    let (start, end) =
        (position(sources, span.file, span.start), position(sources, span.file, span.end.max(span.start)));
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

fn artifact(sources: &SourceMap, file: FileId) -> Value {
    json!({ "uri": uri(&path_of(sources, file)) })
}

/// A path as a URI: relative ones stay relative, to wherever the log is read.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if path.as_bytes().get(1) == Some(&b':') {
        uri.push_str("file:///");
    }
    // A first part with a colon would read as a scheme.
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("models/net.nn"), "models/net.nn");
        assert_eq!(uri("/a b/ü.nn"), "file:///a%20b/%C3%BC.nn");
        assert_eq!(uri("C:\\nets\\a.nn"), "file:///C%3A/nets/a.nn");
    }
}
