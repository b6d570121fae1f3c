//! A sweep as a picture: an axis for each hyper and one for the measure, a line for each point through its values.
//!
//! As the other drawings, it has colours for light and dark. The colour of a line is that of its measure; the best line
//! is drawn thick, on top of the others.

use super::ranking::Row;
use crate::check::{HyperValue, Sweep, Tried};
use crate::diagnostics::xml_text as escaped;
use std::fmt::Write;
use std::path::Path;

/// Between two axes.
const BETWEEN: f64 = 150.0;
const HEIGHT: f64 = 300.0;
/// Left of the first axis, where its labels stand, and right of the last one.
const SIDE: f64 = 90.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 76.0;
/// Values further apart than this factor are shown by their order of magnitude.
const FAR: f64 = 100.0;
/// From the best to the worst, in light and in dark.
const COLORS: [[(f64, f64, f64); 3]; 2] = [
    [(13.0, 79.0, 160.0), (60.0, 160.0, 140.0), (205.0, 190.0, 110.0)],
    [(130.0, 190.0, 255.0), (70.0, 160.0, 140.0), (125.0, 105.0, 50.0)],
];
/// So many colours are told apart.
const STEPS: usize = 16;

/// An axis with the places of what is on it: 0 below, 1 above.
struct Shown {
    name: String,
    ticks: Vec<(f64, String)>,
}

/// Draws the points, best first, of a sweep of a file.
pub fn sweep_picture(sweep: &Sweep, rows: &[Row], file: &Path) -> String {
    let mut axes: Vec<Shown> = Vec::new();
    let mut lines: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    for (at, axis) in sweep.axes.iter().enumerate() {
        let written = |row: &Row| row.set.get(at).map_or(String::new(), |(_, value)| value.clone());
        let (ticks, places) = match &axis.tried {
            Tried::List(values) => {
                let texts: Vec<&str> = in_order(values.iter().map(|v| (v.text.as_str(), &v.value)).collect());
                let place = |text: &str| share(texts.iter().position(|t| *t == text).unwrap_or(0), texts.len());
                let ticks = texts.iter().map(|text| (place(text), (*text).to_owned())).collect();
                (ticks, rows.iter().map(|row| place(&written(row))).collect::<Vec<f64>>())
            }
            Tried::Range { low, high, is_log, is_whole } => {
                let scale = Scale { low: *low, high: *high, is_log: *is_log, is_whole: *is_whole };
                let place = |row: &Row| written(row).parse().map_or(0.0, |x| scale.place(x));
                (scale.ticks(), rows.iter().map(place).collect())
            }
        };
        axes.push(Shown { name: axis.name.to_string(), ticks });
        lines.iter_mut().zip(places).for_each(|(line, place)| line.push(place));
    }
    let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
    let measure = Scale::of(&values);
    let ticks = measure.as_ref().map(Scale::ticks).unwrap_or_default();
    axes.push(Shown { name: sweep.best.name(), ticks });
    for (line, row) in lines.iter_mut().zip(rows) {
        line.extend(row.value.zip(measure.as_ref()).map(|(x, scale)| scale.place(x)));
    }
    // The colour: 0 is the best.
    let color = |row: &Row| {
        let place = row.value.zip(measure.as_ref()).map(|(x, scale)| scale.place(x))?;
        let from_best = if sweep.best.is_largest { 1.0 - place } else { place };
        Some((from_best * (STEPS - 1) as f64).round() as usize)
    };
    let (width, height) = (2.0 * SIDE + BETWEEN * (axes.len() - 1) as f64, TOP + HEIGHT + BOTTOM);
    let width = width.max(420.0);
    let mut text = String::new();
    let title = format!("the sweep of {}", file.display());
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nnrun-sweep\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">",
        escaped(&title)
    );
    style(&mut text);
    let with_result = values.len();
    let about = match rows.len() - with_result {
        0 => format!("{with_result} points, best by {}", sweep.best.written()),
        without => {
            format!("{with_result} points, best by {}; {without} without a result, dashed", sweep.best.written())
        }
    };
    let _ = writeln!(text, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
    let _ = writeln!(text, "<text class=\"title\" x=\"20\" y=\"28\">{}</text>", escaped(&title));
    let _ = writeln!(text, "<text class=\"about\" x=\"20\" y=\"46\">{}</text>", escaped(&about));
    let x = |axis: usize| SIDE + BETWEEN * axis as f64;
    let y = |place: f64| TOP + HEIGHT * (1.0 - place);
    // Worst first: what is best lies on top.
    for (at, (row, line)) in rows.iter().zip(&lines).enumerate().rev() {
        let path: Vec<String> =
            line.iter().enumerate().map(|(axis, place)| format!("{:.1},{:.1}", x(axis), y(*place))).collect();
        let class = match (color(row), at) {
            (Some(color), 0) => format!("point c{color} best"),
            (Some(color), _) => format!("point c{color}"),
            (None, _) => "point none".to_owned(),
        };
        let set: Vec<String> = row.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let value = row.value.map_or_else(|| row.status().to_owned(), |x| format!("{} {x}", sweep.best.name()));
        let told = format!("point {}: {}, {value}", row.result.point, set.join(" "));
        let _ = writeln!(
            text,
            "<polyline class=\"{class}\" data-point=\"{}\" points=\"{}\"><title>{}</title></polyline>",
            row.result.point,
            path.join(" "),
            escaped(&told)
        );
    }
    for (at, axis) in axes.iter().enumerate() {
        let _ = writeln!(
            text,
            "<g class=\"axis\"><line x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\"/>",
            x(at),
            y(1.0),
            y(0.0)
        );
        let _ =
            writeln!(text, "<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>", x(at), TOP - 14.0, escaped(&axis.name));
        // No line goes on behind the last axis: there is room.
        let (side, class) = if at + 1 == axes.len() { (1.0, "end") } else { (-1.0, "tick") };
        for (place, label) in &axis.ticks {
            let (from, to, text_at) = (x(at), x(at) + side * 4.0, x(at) + side * 8.0);
            let (line_y, text_y) = (y(*place), y(*place) + 4.0);
            let label = escaped(&short(label));
            let _ = writeln!(
                text,
                "<line x1=\"{from}\" x2=\"{to}\" y1=\"{line_y:.1}\" y2=\"{line_y:.1}\"/>\
                 <text class=\"{class}\" x=\"{text_at}\" y=\"{text_y:.1}\">{label}</text>"
            );
        }
        text.push_str("</g>\n");
    }
    if let Some(scale) = &measure {
        legend(&mut text, sweep, scale, height);
    }
    text.push_str("</svg>\n");
    text
}

/// The colours with the numbers at both ends, the best first.
fn legend(text: &mut String, sweep: &Sweep, scale: &Scale, height: f64) {
    let (left, cell, top) = (SIDE, 12.0, height - 40.0);
    for step in 0..STEPS {
        let x = left + cell * step as f64;
        let _ = writeln!(text, "<rect class=\"b{step}\" x=\"{x}\" y=\"{top}\" width=\"{cell}\" height=\"10\"/>");
    }
    let (best, worst) = if sweep.best.is_largest { (scale.high, scale.low) } else { (scale.low, scale.high) };
    let right = left + cell * STEPS as f64;
    let _ = writeln!(text, "<text class=\"about\" x=\"{left}\" y=\"{}\">best {}</text>", top + 26.0, number(best));
    let _ = writeln!(text, "<text class=\"tick\" x=\"{right}\" y=\"{}\">{}</text>", top + 26.0, number(worst));
}

/// Where numbers stand on an axis.
struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    is_whole: bool,
}

impl Scale {
    /// Of finite numbers; none of none.
    fn of(values: &[f64]) -> Option<Scale> {
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        Some(Scale { low, high, is_log: low > 0.0 && high / low > FAR, is_whole: false })
    }

    fn place(&self, x: f64) -> f64 {
        let at = |x: f64| if self.is_log { x.ln() } else { x };
        let length = at(self.high) - at(self.low);
        if length > 0.0 { ((at(x) - at(self.low)) / length).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// Both ends and three between.
    fn ticks(&self) -> Vec<(f64, String)> {
        if self.low == self.high {
            return vec![(0.5, number(self.low))];
        }
        let between = |share: f64| match self.is_log {
            true => (self.low.ln() + share * (self.high.ln() - self.low.ln())).exp(),
            false => self.low + share * (self.high - self.low),
        };
        let mut numbers: Vec<f64> = (0..=4).map(|step| between(f64::from(step) / 4.0)).collect();
        if self.is_whole {
            numbers.iter_mut().for_each(|x| *x = x.round());
            numbers.dedup();
        }
        numbers.into_iter().map(|x| (self.place(x), number(x))).collect()
    }
}

/// Numbers by size, all else as it is written.
fn in_order<'v>(mut values: Vec<(&'v str, &'v HyperValue)>) -> Vec<&'v str> {
    let as_number = |value: &HyperValue| match value {
        HyperValue::Number(x) => Some(*x),
        _ => None,
    };
    if values.iter().all(|(_, value)| as_number(value).is_some()) {
        values.sort_by(|(_, a), (_, b)| as_number(a).unwrap_or(0.0).total_cmp(&as_number(b).unwrap_or(0.0)));
    }
    values.into_iter().map(|(text, _)| text).collect()
}

/// The place of one of several that stand at the same distance.
fn share(at: usize, of: usize) -> f64 {
    if of < 2 { 0.5 } else { at as f64 / (of - 1) as f64 }
}

/// Three digits.
fn number(x: f64) -> String {
    let rounded: f64 = format!("{x:.2e}").parse().unwrap_or(x);
    let (plain, scientific) = (format!("{rounded}"), format!("{rounded:e}"));
    if plain.len() <= scientific.len() + 2 { plain } else { scientific }
}

/// What there is room for beside an axis.
fn short(label: &str) -> String {
    const ROOM: usize = 12;
    match label.chars().count() {
        n if n <= ROOM => label.to_owned(),
        _ => label.chars().take(ROOM - 1).chain(['…']).collect(),
    }
}

fn style(text: &mut String) {
    let shade = |dark: usize, step: usize| {
        let at = step as f64 / (STEPS - 1) as f64 * 2.0;
        let [first, second, third] = COLORS[dark];
        let (from, to, part) = if at <= 1.0 { (first, second, at) } else { (second, third, at - 1.0) };
        let mix = |a: f64, b: f64| (a + (b - a) * part).round() as u8;
        format!("#{:02x}{:02x}{:02x}", mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
    };
    let colors = |dark: usize| -> String {
        (0..STEPS).map(|step| format!(".c{step}{{stroke:{0}}}.b{step}{{fill:{0}}}", shade(dark, step))).collect()
    };
    let theme = |ink: &str, faint: &str, paper: &str, line: &str| {
        format!(
            ".nnrun-sweep text{{fill:{ink}}}.nnrun-sweep .about,.nnrun-sweep .tick,.nnrun-sweep .end{{fill:{faint}}}\
             .paper{{fill:{paper}}}.axis line{{stroke:{line}}}.tick,.end,.name{{stroke:{paper}}}.none{{stroke:{line}}}"
        )
    };
    let font = "system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",Verdana,sans-serif";
    let _ = writeln!(
        text,
        "<style>\n.nnrun-sweep{{color-scheme:light dark}}.nnrun-sweep text{{font-family:{font};font-size:12px}}\
         .nnrun-sweep .title{{font-size:16px;font-weight:600}}.nnrun-sweep .name{{font-weight:600;text-anchor:middle}}\
         .nnrun-sweep .tick{{text-anchor:end}}.tick,.end,.name{{stroke-width:3px;paint-order:stroke}}\
         .point{{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-opacity:.75}}\
         .best{{stroke-width:4;stroke-opacity:1}}.none{{stroke-dasharray:4 4}}\n{}{}",
        theme("#1f2328", "#57606a", "#ffffff", "#6e7781"),
        colors(0)
    );
    let _ = writeln!(
        text,
        "@media (prefers-color-scheme:dark){{{}{}}}\n</style>",
        theme("#e6edf3", "#9aa4af", "#0d1117", "#8c959f"),
        colors(1)
    );
}
