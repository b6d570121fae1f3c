//! A drawing as a DOT graph, for Graphviz and what reads its files.

use super::drawing::{Drawing, EdgeKind, Look};
use std::fmt::Write;

/// Writes a drawing as a DOT graph.
pub fn dot(drawing: &Drawing) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "digraph {} {{", quoted(&drawing.model));
    let label = format!("{}\n{}", drawing.model, drawing.about);
    let _ = writeln!(text, "  graph [label={}, labelloc=t, labeljust=l, fontname=\"sans-serif\"];", quoted(&label));
    text.push_str("  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=12];\n");
    text.push_str("  edge [fontname=\"sans-serif\", fontsize=10];\n");
    inside(&mut text, drawing, None, 1);
    for edge in &drawing.edges {
        let more = match edge.kind {
            EdgeKind::Data => "",
            EdgeKind::Next => ", style=dashed, constraint=false",
        };
        let _ = writeln!(text, "  n{} -> n{} [label={}{more}];", edge.from, edge.to, quoted(&edge.label));
    }
    text.push_str("}\n");
    text
}

/// The boxes and groups of a group.
fn inside(text: &mut String, drawing: &Drawing, group: Option<usize>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (index, own) in drawing.boxes.iter().enumerate().filter(|(_, own)| own.group == group) {
        let lines: Vec<&str> =
            [&own.title, &own.detail, &own.foot].into_iter().map(String::as_str).filter(|l| !l.is_empty()).collect();
        let look = match own.look {
            Look::Port => ", shape=ellipse",
            Look::Sum => ", shape=circle, margin=0",
            Look::Chip => ", style=solid",
            Look::Layer => "",
        };
        let _ = writeln!(
            text,
            "{indent}n{index} [label={}, class={}, tooltip={}{look}];",
            quoted(&lines.join("\n")),
            quoted(own.family.name()),
            quoted(&own.full)
        );
    }
    for (index, own) in drawing.groups.iter().enumerate().filter(|(_, own)| own.parent == group) {
        let _ = writeln!(text, "{indent}subgraph cluster_{index} {{");
        let (style, copies) = match own.kind {
            "scan" => ("rounded,dashed", String::new()),
            _ if own.copies > 1 => ("rounded,bold", " peripheries=2;".to_owned()),
            _ => ("rounded", String::new()),
        };
        let _ = writeln!(text, "{indent}  label={}; labeljust=l; style={};{copies}", quoted(&own.title), quoted(style));
        inside(text, drawing, Some(index), depth + 1);
        let _ = writeln!(text, "{indent}}}");
    }
}

/// A string as DOT wants it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
