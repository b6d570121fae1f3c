//! `nnrun graph`: what is drawn, and that it can be read.

use super::cli::nnrun;
use super::editor_client::Editor;
use super::snapshot::{assert_all, compare, programs};
use nnrun::check::{Checked, Model, Overrides, RegionKind, check_file, check_text};
use nnrun::export::{Drawing, Layout, Look, Rectangle, graph, layout, text_width};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

const CHAIN: &str = "\
model Small(x: [4]) -> logits: [3] {
  x |> Dense(8) |> relu |> Dense(3)
}
";

const SKIP: &str = "\
block Unit(width)(x: [D]) -> [width] { x |> Dense(width) |> BatchNorm |> tanh }

model Deep(x: [8], y: [8]) -> (sum: [8], first) {
  let shared = Dense(8)
  let a = x |> shared |> repeat 3 { residual { Unit(8) |> Unit(8) } }
  let b = concat([a, y |> shared]) |> Dense(8)
  (where(a < b, a, 2 * b - y), a)
}
";

/// Forms that no example has.
const FORMS: &[(&str, &str)] = &[
    ("chain", CHAIN),
    (
        "two states",
        "model M(x: [5, 3]) -> y: [5, 4] {
  let start = x |> mean(axis: 0) |> Dense(4)
  let (a, b) = scan x as xt, h = start, c = zeros([4]) {
    let gate = concat([xt, h]) |> Dense(4) |> sigmoid
    (gate * h + c, c + gate)
  }
  a + b
}",
    ),
    (
        "a scan in a repeat",
        "block Walk(width)(x: [T, D]) -> [T, width] {
  weight w: [D, width] = xavier_uniform
  scan x as xt, h = zeros([width]) { tanh(xt @ w + h) }
}
model M(x: [5, 3]) -> y: [5, 3] { x |> repeat 3 { residual { Walk(3) |> Dropout(0.1) } } }",
    ),
    (
        "a tied weight",
        "model M(x: class(7)[5]) -> y: [5, 7] {
  let embed = Embedding(4)
  let h = x |> embed |> Dense(4)
  h @ transpose(embed.weight)
}",
    ),
    (
        "a chain that hands through what it drops",
        "model M(x: [4]) -> (y: [2], z: [2]) {
  let h = x |> Dense(4) |> relu
  let dropped = h |> Dropout(0.5)
  (dropped |> Dense(2), h |> Dense(2))
}",
    ),
    (
        "a memory for every copy",
        "model M(x: [5, 8], memory: [3, 8]) -> y: [5, 8] {
  x |> repeat 4 { residual { LayerNorm |> CrossAttention(2)(memory) } |> residual { Dense(8) |> gelu } }
}",
    ),
    (
        "repeats in repeats",
        "model M(x: [4]) -> y: [4] { x |> repeat 2 { repeat 3 { Dense(4) |> relu } |> LayerNorm } }",
    ),
    ("nothing to compute", "model M(x: [4], y: [3]) -> (x: [4], z) { (x, y + 1) }"),
];

fn checked(text: &str) -> Checked {
    let checked = check_text(Path::new("examples/drawn.nn"), text, &Overrides::default());
    assert!(!checked.has_errors(), "{text}\n{}", super::ui::rendered(&checked));
    checked
}

/// Every example and every form, with a name.
fn all() -> Vec<(String, Checked)> {
    let examples = programs("examples").into_iter().map(|path| {
        let checked = check_file(Path::new(&path), &Overrides::default()).unwrap();
        (path, checked)
    });
    examples.chain(FORMS.iter().map(|(name, text)| ((*name).to_owned(), checked(text)))).collect()
}

#[test]
fn drawings_are_as_they_were() {
    let mut results = Vec::new();
    for (name, text) in [("chain", CHAIN), ("skip", SKIP)] {
        let checked = checked(text);
        results.push(compare(&format!("tests/drawings/{name}.svg"), &graph::svg(&checked, None).unwrap()));
        results.push(compare(&format!("tests/drawings/{name}.dot"), &graph::dot(&checked, None).unwrap()));
    }
    assert_all(results);
}

/// Rows of the model in copies of a `repeat` behind its first, which stands for them.
fn rows_in_later_copies(model: &Model) -> BTreeSet<usize> {
    let mut later = BTreeSet::new();
    for (index, region) in model.regions.iter().enumerate() {
        if !matches!(region.kind, RegionKind::Repeat { .. }) {
            continue;
        }
        let inside = &model.regions[region.first_inside..index];
        let own = |copy: &usize| {
            let around =
                inside.iter().enumerate().skip(copy + 1).find(|(_, r)| r.first_inside <= region.first_inside + copy);
            matches!(inside[*copy].kind, RegionKind::Copy) && around.is_none()
        };
        for copy in (0..inside.len()).filter(own).skip(1) {
            later.extend(inside[copy].rows.clone());
        }
    }
    later
}

#[test]
fn every_layer_is_drawn_once() {
    for (name, checked) in all() {
        for model in &checked.program.models {
            let drawing = Drawing::new(&checked, model);
            let mut drawn: Vec<usize> = drawing.boxes.iter().filter_map(|b| b.row).collect();
            drawn.extend(drawing.groups.iter().filter_map(|g| g.row));
            drawn.sort_unstable();
            let later = rows_in_later_copies(model);
            let expected: Vec<usize> = (0..model.layers.len()).filter(|row| !later.contains(row)).collect();
            assert_eq!(drawn, expected, "{name}: {:?}", model.layers.iter().map(|l| &l.path).collect::<Vec<_>>());
            for port in &model.inputs {
                assert!(drawing.boxes.iter().any(|b| b.look == Look::Port && b.title == *port.name), "{name}");
            }
        }
    }
}

#[test]
fn every_box_takes_part() {
    for (name, checked) in all() {
        for model in &checked.program.models {
            let drawing = Drawing::new(&checked, model);
            for (index, own) in drawing.boxes.iter().enumerate() {
                let is_reached = drawing.edges.iter().any(|e| e.to == index);
                let is_read = drawing.edges.iter().any(|e| e.from == index);
                let begins = matches!(own.look, Look::Port | Look::Chip) || own.title.contains('(');
                assert!(is_reached || (is_read && begins), "{name}: nothing flows into {}", own.title);
            }
        }
    }
}

#[test]
fn boxes_lie_apart_and_in_their_groups() {
    for (name, checked) in all() {
        for model in &checked.program.models {
            let drawing = Drawing::new(&checked, model);
            let layout = layout(&drawing);
            lies_apart(&name, &drawing, &layout);
        }
    }
}

fn lies_apart(name: &str, drawing: &Drawing, layout: &Layout) {
    let whole = Rectangle { x: 0.0, y: 0.0, width: layout.width, height: layout.height };
    let is_inside = |group: Option<usize>, outer: usize| {
        let mut at = group;
        while let Some(group) = at {
            if group == outer {
                return true;
            }
            at = drawing.groups[group].parent;
        }
        false
    };
    for (index, place) in layout.boxes.iter().enumerate() {
        let own = &drawing.boxes[index];
        assert!(place.width > 0.0 && whole.holds(place), "{name}: {} lies at {place:?} of {whole:?}", own.title);
        for (other, there) in layout.boxes.iter().enumerate().skip(index + 1) {
            assert!(!place.overlaps(there), "{name}: {} lies on {}", own.title, drawing.boxes[other].title);
        }
        for (group, there) in layout.groups.iter().enumerate() {
            let title = &drawing.groups[group].title;
            match is_inside(own.group, group) {
                true => assert!(there.holds(place), "{name}: {} leaves {title}", own.title),
                false => assert!(!there.overlaps(place), "{name}: {} lies in {title}", own.title),
            }
        }
    }
    for (index, place) in layout.groups.iter().enumerate() {
        for (other, there) in layout.groups.iter().enumerate().skip(index + 1) {
            let (one, two) = (&drawing.groups[index].title, &drawing.groups[other].title);
            match is_inside(Some(other), index) {
                true => assert!(place.holds(there), "{name}: {two} leaves {one}"),
                false => assert!(!place.overlaps(there), "{name}: {one} lies on {two}"),
            }
        }
    }
}

#[test]
fn lines_go_around_boxes() {
    for (name, checked) in all() {
        for model in &checked.program.models {
            let drawing = Drawing::new(&checked, model);
            let layout = layout(&drawing);
            for line in &layout.lines {
                for pair in line.points.windows(2) {
                    // The curves that are drawn lie between their ends, upright at both.
                    let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                    assert!(y1 >= y0, "{name}: a line goes up: {:?}", line.points);
                    let middle = (y0 + y1) / 2.0;
                    for step in 1..40 {
                        let t = f64::from(step) / 40.0;
                        let weights =
                            [(1.0 - t).powi(3), 3.0 * t * (1.0 - t).powi(2), 3.0 * t * t * (1.0 - t), t.powi(3)];
                        let curve = |points: [f64; 4]| weights.iter().zip(points).map(|(w, p)| w * p).sum::<f64>();
                        let (x, y) = (curve([x0, x0, x1, x1]), curve([y0, middle, middle, y1]));
                        let point = Rectangle { x, y, width: 0.0, height: 0.0 };
                        for (index, place) in layout.boxes.iter().enumerate() {
                            let inner = Rectangle {
                                x: place.x + 1.0,
                                y: place.y + 1.0,
                                width: place.width - 2.0,
                                height: place.height - 2.0,
                            };
                            assert!(!inner.holds(&point), "{name}: a line goes through {}", drawing.boxes[index].title);
                        }
                    }
                }
            }
        }
    }
}

/// An element of a document: its name, attributes and text.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> f64 {
        self.attribute(name).unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
    }
}

fn unescaped(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        let (entity, behind) = rest[at + 1..].split_once(';').expect("an entity ends");
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => panic!("&{other};"),
        });
        rest = behind;
    }
    plain + rest
}

/// Reads a document; fails where it is not well-formed.
fn elements(document: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = document;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        assert!(!text.contains('>'), "a bare > in {text:?}");
        if let Some(parent) = open.last() {
            let parent: &mut Element = &mut found[*parent];
            parent.text.push_str(&unescaped(text));
        }
        let (tag, behind) = tag[1..].split_once('>').expect("a tag ends");
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop().expect("something is open");
            assert_eq!(found[opened].name, name);
            continue;
        }
        let (tag, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut written) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes: Vec<(String, String)> = Vec::new();
        while !written.trim().is_empty() {
            let (name, value) = written.trim_start().split_once("=\"").expect("an attribute has a value");
            let (value, more) = value.split_once('"').expect("a value ends");
            assert!(attributes.iter().all(|(n, _)| n != name), "{name} twice in {tag}");
            attributes.push((name.to_owned(), unescaped(value)));
            written = more;
        }
        found.push(Element { name: name.to_owned(), attributes, text: String::new() });
        if !is_closed {
            open.push(found.len() - 1);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    found
}

/// A document whose style sheet, which has `>` in it, is left out.
fn without_style(document: &str) -> String {
    let (before, rest) = document.split_once("<style>").unwrap();
    format!("{before}{}", rest.split_once("</style>").unwrap().1)
}

#[test]
fn documents_are_well_formed_and_hold_their_text() {
    for (name, checked) in all() {
        for model in &checked.program.models {
            let document = graph::svg(&checked, Some(&model.name)).unwrap();
            assert_eq!(document, graph::svg(&checked, Some(&model.name)).unwrap(), "{name} is drawn in two ways");
            let elements = elements(&without_style(&document));
            let (width, height) = (elements[0].number("width"), elements[0].number("height"));
            for text in elements.iter().filter(|e| e.name == "text") {
                let class = text.attribute("class").unwrap();
                let size = match class {
                    "model" => 16.0,
                    "title" => 13.0,
                    _ => 11.0,
                };
                let wide = text_width(&text.text, size, class == "title" || class == "model");
                let (x, y) = (text.number("x"), text.number("y"));
                assert!(!text.text.is_empty(), "{name}: an empty line");
                assert!(x >= 0.0 && y >= size && y <= height, "{name}: {} stands at {x}, {y}", text.text);
                // Lines of a box stand around their place, others begin there. (The title of a group does too, and lies
                // in the group.)
                let is_centred = ["title", "detail", "foot"].contains(&class);
                let right = if is_centred { x + wide / 2.0 } else { x };
                assert!(right <= width, "{name}: {} leaves the picture", text.text);
            }
            let text = checked.sources.file(checked.file).text.to_string();
            let units: Vec<u16> = text.encode_utf16().collect();
            for shown in elements.iter().filter(|e| e.attribute("data-start").is_some()) {
                let range = shown.number("data-start") as usize..shown.number("data-end") as usize;
                let source = String::from_utf16(&units[range]).unwrap();
                assert!(!source.is_empty(), "{name}: {:?} comes from nowhere", shown.attributes);
                let line = text.lines().nth(shown.number("data-line") as usize - 1).unwrap();
                assert!(line.contains(source.lines().next().unwrap()), "{name}: {source} is not in {line}");
            }
        }
    }
}

#[test]
fn places_are_found_in_the_drawing() {
    // An umlaut is two bytes and one unit, the last character four bytes and two units.
    let text = format!("# größer 🙂\n{CHAIN}");
    let checked = checked(&text);
    let at = text.find("relu").unwrap();
    let model = graph::at(&checked, at).unwrap();
    let found = graph::current(&checked, model, at + 1).unwrap();
    assert_eq!(found, text[..at].encode_utf16().count());
    assert!(graph::svg(&checked, None).unwrap().contains(&format!("data-start=\"{found}\"")));
    assert_eq!(graph::current(&checked, model, 3), None);
}

#[test]
fn deep_models_are_drawn_quickly() {
    let layers = vec!["  |> residual { Dense(16) |> relu }"; 75].join("\n");
    let parts: Vec<String> = (1..=4).map(|i| format!("  let h{i} = h{}\n{layers}", i - 1)).collect();
    let deep = format!("model Deep(x: [16]) -> y: [16] {{\n  let h0 = x\n{}\n  h4\n}}", parts.join("\n"));
    let skips: Vec<String> = (1..40).map(|i| format!("  let h{i} = h{} |> Dense(8) |> relu", i - 1)).collect();
    let names: Vec<String> = (0..40).map(|i| format!("h{i}")).collect();
    let dense = format!(
        "model Wide(x: [8]) -> y: [320] {{\n  let h0 = x |> Dense(8)\n{}\n  concat([{}])\n}}",
        skips.join("\n"),
        names.join(", ")
    );
    for text in [deep, dense] {
        let checked = checked(&text);
        let started = std::time::Instant::now();
        let model = &checked.program.models[0];
        let drawing = Drawing::new(&checked, model);
        let layout = layout(&drawing);
        assert!(started.elapsed().as_secs_f64() < 5.0, "{:?} unoptimised", started.elapsed());
        lies_apart("deep", &drawing, &layout);
        assert!(drawing.boxes.len() > 70);
    }
}

#[test]
fn the_command_draws_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("small.nn", CHAIN);
    write("wrong.nn", "model Small(x: [4]) -> logits: [3] { x |> Dense(8) |> rellu }\n");
    write("empty.nn", "hyper n = 3\n");

    let drawn = nnrun(folder.path(), &["graph", "small.nn"]).expect(0);
    assert!(drawn.out.starts_with("<svg ") && drawn.err.is_empty(), "{}", drawn.err);
    let dot = nnrun(folder.path(), &["graph", "small.nn", "--format", "dot", "-o", "small.dot"]).expect(0);
    assert!(dot.out.is_empty());
    let dot = std::fs::read_to_string(folder.path().join("small.dot")).unwrap();
    assert!(dot.starts_with("digraph \"Small\" {") && dot.contains("n0 -> n1"), "{dot}");

    // The name of the file says how it is written.
    nnrun(folder.path(), &["graph", "small.nn", "-o", "named.dot"]).expect(0);
    let named = std::fs::read_to_string(folder.path().join("named.dot")).unwrap();
    assert!(named.starts_with("digraph"), "{named}");
    let png = nnrun(folder.path(), &["graph", "small.nn", "-o", "small.png"]).expect(2);
    assert!(png.err.contains("not as `.png`") && !folder.path().join("small.png").exists(), "{}", png.err);
    let both = nnrun(folder.path(), &["graph", "small.nn", "--format", "dot", "-o", "both.svg"]).expect(2);
    assert!(both.err.contains("--format dot does not go with"), "{}", both.err);

    let wrong = nnrun(folder.path(), &["graph", "wrong.nn"]).expect(1);
    assert!(wrong.out.is_empty() && wrong.err.contains("`rellu`") && wrong.err.contains("relu"), "{}", wrong.err);
    let empty = nnrun(folder.path(), &["graph", "empty.nn"]).expect(1);
    assert!(empty.err.contains("has no model to draw"), "{}", empty.err);
    let other = nnrun(folder.path(), &["graph", "small.nn", "--model", "Smal"]).expect(2);
    assert!(other.err.contains("a similar one is `Small`"), "{}", other.err);
}

#[test]
fn an_editor_is_shown_the_network_at_its_cursor() {
    let mut editor = Editor::plain();
    let text = format!("# größer 🙂\n{CHAIN}\nmodel Other(y: [2]) -> z: [2] {{ y |> tanh }}\n");
    editor.open("file:///drawn.nn", &text);
    let document = json!({ "uri": "file:///drawn.nn" });
    let ask = |line: u32, character: u32| json!({ "textDocument": document, "position": { "line": line, "character": character } });

    let drawn = editor.request("nnrun/graph", ask(2, 22)).unwrap();
    assert_eq!(drawn["model"], "Small");
    let relu = text[..text.find("relu").unwrap()].encode_utf16().count();
    assert_eq!(drawn["current"], relu);
    assert!(drawn["svg"].as_str().unwrap().contains(&format!("data-start=\"{relu}\"")));

    assert_eq!(editor.request("nnrun/graph", ask(5, 8)).unwrap()["model"], "Other");
    let without = editor.request("nnrun/graph", json!({ "textDocument": document })).unwrap();
    assert_eq!((&without["model"], &without["current"]), (&json!("Small"), &json!(null)));

    editor.change("file:///drawn.nn", 2, "hyper n = 3\n");
    assert_eq!(editor.request("nnrun/graph", ask(0, 0)).unwrap(), json!(null));
    editor.leave();
}
