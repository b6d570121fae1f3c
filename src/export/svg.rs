//! A drawing as SVG.
//!
//! Alone in a file it has colours of its own, for light and dark; an editor restyles it by the custom properties
//! (`--nn-ink`, `--nn-paper`, `--nn-line`, `--nn-dense` …) of any element around it. Boxes and groups say where they
//! come from: `data-line` (from 1), `data-start` and `data-end` (UTF-16 code units from the start of the file, as editors
//! count), `data-file` where that is another file than the one that was checked.

use super::drawing::{Drawing, DrawnBox, Look};
use super::families::Family;
use super::layered::BETWEEN;
use super::layout::{
    ABOVE_TEXT, DETAIL, DETAIL_LINE, GROUP_TITLE, Layout, Line, MARGIN, Rectangle, STACKED, TITLE, TITLE_LINE, cards,
    layout,
};
use crate::check::Checked;
use crate::diagnostics::xml_text as escaped;
use crate::source::Span;
use std::fmt::Write;

/// Colours of a family: edge in light, edge in dark. The inside is the edge's colour, thinned.
fn colors(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::Port => ("#57606a", "#9aa4af"),
        Family::Dense => ("#1f6feb", "#6cb0ff"),
        Family::Convolution => ("#8250df", "#c19bff"),
        Family::Pool => ("#bf3989", "#ff8cc8"),
        Family::Norm => ("#0f7d8a", "#4ccbd8"),
        Family::Attention => ("#bc4c00", "#ffa463"),
        Family::Recurrent => ("#1a7f37", "#56d674"),
        Family::Embedding => ("#9a6700", "#e3b341"),
        Family::Dropout => ("#6e7781", "#8c959f"),
        Family::Activation => ("#cf222e", "#ff8f88"),
        Family::Movement => ("#57606a", "#9aa4af"),
        Family::Formula => ("#424a53", "#c0c8d0"),
        Family::Weight => ("#9a6700", "#e3b341"),
    }
}

/// Writes a drawing as a document.
pub fn svg(checked: &Checked, drawing: &Drawing) -> String {
    let layout = layout(drawing);
    let mut text = String::new();
    let (width, height) = (number(layout.width), number(layout.height));
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nnrun\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
        escaped(&format!("the network {}", drawing.model))
    );
    style(&mut text);
    let _ = writeln!(text, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
    let _ = writeln!(
        text,
        "<g class=\"heading\"{}><text class=\"model\" x=\"{}\" y=\"{}\">{}</text>\
         <text class=\"about\" x=\"{}\" y=\"{}\">{}</text></g>",
        place_in_source(checked, drawing.span),
        number(MARGIN),
        number(MARGIN + TITLE + 2.0),
        escaped(&drawing.model),
        number(MARGIN),
        number(MARGIN + TITLE + 20.0),
        escaped(&drawing.about)
    );
    for (group, place) in drawing.groups.iter().zip(&layout.groups) {
        let path =
            if group.path.is_empty() { String::new() } else { format!(" data-path=\"{}\"", escaped(&group.path)) };
        let _ = writeln!(text, "<g class=\"group {}\"{path}{}>", group.kind, place_in_source(checked, group.span));
        for card in (0..=cards(group.copies)).rev() {
            let shift = card as f64 * STACKED;
            let card = Rectangle { x: place.x + shift, y: place.y + shift, ..*place };
            let _ = writeln!(text, "<rect class=\"card\" {} rx=\"9\"/>", rectangle(&card));
        }
        let (x, y) = (place.x + 12.0, place.y + GROUP_TITLE - 5.0);
        let _ = writeln!(
            text,
            "<text class=\"title\" x=\"{}\" y=\"{}\">{}</text>\n</g>",
            number(x),
            number(y),
            escaped(&group.title)
        );
    }
    text.push_str("<g class=\"edges\">\n");
    layout.lines.iter().for_each(|line| edge(&mut text, line));
    text.push_str("</g>\n");
    for (own, place) in drawing.boxes.iter().zip(&layout.boxes) {
        drawn_box(&mut text, checked, own, place);
    }
    labels(&mut text, &layout);
    text.push_str("</svg>\n");
    text
}

fn style(text: &mut String) {
    text.push_str("<style>\n");
    let properties = |dark: bool| {
        let (ink, faint, paper, line) = match dark {
            false => ("#1f2328", "#57606a", "#ffffff", "#6e7781"),
            true => ("#e6edf3", "#9aa4af", "#0d1117", "#8c959f"),
        };
        let families: String = Family::ALL
            .iter()
            .map(|family| {
                let (light, dark_color) = colors(*family);
                format!("--{}:{};", family.name(), if dark { dark_color } else { light })
            })
            .collect();
        format!("--ink:{ink};--faint:{faint};--paper:{paper};--line:{line};{families}")
    };
    let _ = writeln!(text, ".nnrun{{{}color-scheme:light dark}}", properties(false));
    let _ = writeln!(text, "@media (prefers-color-scheme:dark){{.nnrun{{{}}}}}", properties(true));
    // What cannot read custom properties (converters to other formats) keeps to the plain declaration in front.
    let themed = |property: &str, plain: &str, name: &str| {
        format!("{property}:{plain};{property}:var(--nn-{name},var(--{name}))")
    };
    let (ink, faint) = (themed("fill", "#1f2328", "ink"), themed("fill", "#57606a", "faint"));
    let (paper, line) = (themed("fill", "#ffffff", "paper"), themed("stroke", "#6e7781", "line"));
    let halo = themed("stroke", "#ffffff", "paper");
    let font = "system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",Verdana,sans-serif";
    let model = TITLE + 3.0;
    let rules = format!(
        ".nnrun text{{font-family:{font};font-family:var(--nn-font,{font});{ink}}}
.nnrun .paper,.nnrun .back{{{paper}}}
.nnrun .model{{font-size:{model}px;font-weight:600}}
.nnrun .title{{font-size:{TITLE}px;font-weight:600}}
.nnrun .detail,.nnrun .about,.nnrun .foot,.nnrun .shape,.nnrun .group>.title{{font-size:{DETAIL}px}}
.nnrun .box text{{text-anchor:middle}}
.nnrun .about,.nnrun .foot,.nnrun .shape,.nnrun .group>.title{{{faint}}}
.nnrun .shape{{paint-order:stroke;{halo};stroke-width:3px;stroke-linejoin:round}}
.nnrun .card{{{paper};{line};stroke-opacity:.7}}
.nnrun .scan .card{{stroke-dasharray:6 4}}
.nnrun .front{{fill:currentColor;fill-opacity:.13;stroke:currentColor;stroke-width:1.4}}
.nnrun .edges path{{fill:none;{line};stroke-width:1.4}}
.nnrun .edges .head{{{};stroke:none}}
.nnrun .edges .next{{stroke-dasharray:5 4}}
.nnrun [data-start]{{cursor:pointer}}
.nnrun .box:hover .front,.nnrun .box.current .front{{stroke-width:3}}
.nnrun .group.current>.card{{stroke-width:2.4;stroke-opacity:1}}
",
        themed("fill", "#6e7781", "line")
    );
    text.push_str(&rules);
    for family in Family::ALL {
        let name = family.name();
        let _ = writeln!(text, ".nnrun .{name}{{{}}}", themed("color", colors(family).0, name));
    }
    text.push_str("</style>\n");
}

fn drawn_box(text: &mut String, checked: &Checked, own: &DrawnBox, place: &Rectangle) {
    let path = if own.path.is_empty() { String::new() } else { format!(" data-path=\"{}\"", escaped(&own.path)) };
    let _ = writeln!(
        text,
        "<g class=\"box {}\"{path}{}>\n<title>{}</title>",
        own.family.name(),
        place_in_source(checked, own.span),
        escaped(&own.full)
    );
    let round = match own.look {
        Look::Port | Look::Sum => place.height / 2.0,
        Look::Layer => 7.0,
        Look::Chip => 2.0,
    };
    // What lies behind shows through the thin colour otherwise.
    for layer in ["back", "front"] {
        let _ = writeln!(text, "<rect class=\"{layer}\" {} rx=\"{}\"/>", rectangle(place), number(round));
    }
    let x = number(place.x + place.width / 2.0);
    let mut y = place.y + ABOVE_TEXT + TITLE_LINE - 5.0;
    if own.look == Look::Sum {
        y = place.y + place.height / 2.0 + TITLE / 2.0 - 2.0;
    }
    let _ = writeln!(text, "<text class=\"title\" x=\"{x}\" y=\"{}\">{}</text>", number(y), escaped(&own.title));
    for (class, line) in [("detail", &own.detail), ("foot", &own.foot)] {
        if !line.is_empty() {
            y += DETAIL_LINE;
            let _ = writeln!(text, "<text class=\"{class}\" x=\"{x}\" y=\"{}\">{}</text>", number(y), escaped(line));
        }
    }
    text.push_str("</g>\n");
}

/// The size of an arrow.
const HEAD: f64 = 6.0;

fn edge(text: &mut String, line: &Line) {
    let mut points = line.points.clone();
    if line.is_next {
        points.reverse();
    }
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else { return };
    let down = if line.is_next { -1.0 } else { 1.0 };
    if let (true, Some(end)) = (line.has_arrow, points.last_mut()) {
        end.1 -= down * HEAD;
    }
    let mut path = format!("M{} {}", number(first.0), number(first.1));
    let mut at = first;
    for point in points.iter().skip(1) {
        if (point.0 - at.0).abs() < 0.05 {
            let _ = write!(path, "V{}", number(point.1));
        } else {
            // Leaves and arrives straight down.
            let middle = (at.1 + point.1) / 2.0;
            let _ = write!(
                path,
                "C{} {} {} {} {} {}",
                number(at.0),
                number(middle),
                number(point.0),
                number(middle),
                number(point.0),
                number(point.1)
            );
        }
        at = *point;
    }
    let class = if line.is_next { " class=\"next\"" } else { "" };
    let _ = writeln!(text, "<path{class} d=\"{path}\"/>");
    if line.has_arrow {
        let base = last.1 - down * (HEAD + 1.0);
        let _ = writeln!(
            text,
            "<path class=\"head\" d=\"M{} {}L{} {}L{} {}Z\"/>",
            number(last.0 - HEAD * 0.6),
            number(base),
            number(last.0 + HEAD * 0.6),
            number(base),
            number(last.0),
            number(last.1)
        );
    }
}

fn labels(text: &mut String, layout: &Layout) {
    for (label, x, y) in &layout.labels {
        let _ = writeln!(
            text,
            "<text class=\"shape\" x=\"{}\" y=\"{}\">{}</text>",
            number(*x),
            number(y.min(layout.height - BETWEEN / 4.0)),
            escaped(label)
        );
    }
}

/// ` data-line="3" data-start="40" data-end="49"`
fn place_in_source(checked: &Checked, span: Span) -> String {
    let file = checked.sources.file(span.file);
    let other = match span.file == checked.file {
        true => String::new(),
        false => format!(" data-file=\"{}\"", escaped(&file.path.display().to_string())),
    };
    let (start, end) = (utf16(&file.text, span.start as usize), utf16(&file.text, span.end as usize));
    let line = checked.sources.position(span).line;
    format!("{other} data-line=\"{line}\" data-start=\"{start}\" data-end=\"{end}\"")
}

/// A place in bytes, in UTF-16 code units.
pub fn utf16(text: &str, bytes: usize) -> usize {
    text.get(..bytes).map_or(bytes, |before| before.encode_utf16().count())
}

fn rectangle(place: &Rectangle) -> String {
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        number(place.x),
        number(place.y),
        number(place.width),
        number(place.height)
    )
}

/// A coordinate with at most one digit behind the point.
fn number(x: f64) -> String {
    let text = format!("{x:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
