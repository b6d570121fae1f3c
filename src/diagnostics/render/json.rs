//! JSON, as LANGUAGE.md fixes it.

use super::{path_of, position, word};
use crate::diagnostics::Diagnostic;
use crate::source::{LineColumn, SourceMap, Span};
use serde_json::{Map, Value, json};

pub(super) fn all<'a>(diagnostics: impl Iterator<Item = (&'a SourceMap, &'a Diagnostic)>) -> String {
    let all: Vec<Value> = diagnostics.map(|(sources, d)| object(sources, d)).collect();
    format!("{}\n", json!({ "diagnostics": all }))
}

fn point(at: LineColumn) -> Value {
    json!({ "line": at.line, "column": at.column })
}

fn place(sources: &SourceMap, span: Span) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("file".into(), path_of(sources, span.file).into());
    map.insert("start".into(), point(position(sources, span.file, span.start)));
    map.insert("end".into(), point(position(sources, span.file, span.end.max(span.start))));
    map
}

pub(super) fn object(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let mut map = Map::new();
    map.insert("code".into(), diagnostic.code.text().into());
    map.insert("severity".into(), word(diagnostic.severity).into());
    map.insert("message".into(), diagnostic.message.as_str().into());
    map.append(&mut place(sources, diagnostic.span()));
    let labels = diagnostic.labels.iter().map(|label| {
        let mut map = place(sources, label.span);
        map.insert("message".into(), label.message.as_str().into());
        Value::Object(map)
    });
    map.insert("labels".into(), labels.collect());
    map.insert("notes".into(), diagnostic.notes.clone().into());
    map.insert("help".into(), diagnostic.help.clone().into());
    let fixes = diagnostic.fixes.iter().map(|fix| {
        let edits = fix.edits.iter().map(|edit| {
            let mut map = place(sources, edit.span);
            map.insert("text".into(), edit.text.as_str().into());
            Value::Object(map)
        });
        json!({ "title": fix.title, "edits": edits.collect::<Vec<_>>() })
    });
    map.insert("fixes".into(), fixes.collect());
    Value::Object(map)
}
