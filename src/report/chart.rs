//! A chart as SVG, in light and dark.

use super::curves::{Across, Curve};
use super::html::escaped;
use super::scale::Scale;
use std::fmt::Write;

/// Size of a chart; what it stands in may scale it.
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 250.0;
/// Room around the curves, the legend aside.
const LEFT: f64 = 62.0;
const RIGHT: f64 = 16.0;
const BELOW: f64 = 40.0;
const TITLE: f64 = 26.0;
const LEGEND_LINE: f64 = 18.0;
/// A letter is about so wide.
const LETTER: f64 = 6.6;
/// Names longer than this are cut.
const NAME: usize = 48;
/// The number of colours.
const COLORS: usize = 8;
/// Of positive values that are further apart than this, the small ones would all lie on the axis.
const DECADES: f64 = 1000.0;

/// Colours of curves, in light and dark, and of what is around them. Belongs into the style of what holds a chart.
pub(super) const STYLE: &str = "\
.chart{--ink:#1f2328;--faint:#57606a;--grid:#d8dee4;--paper:#ffffff;--c0:#1f6feb;--c1:#bc4c00;--c2:#1a7f37;--c3:#8250df;\
--c4:#bf3989;--c5:#0f7d8a;--c6:#9a6700;--c7:#6e7781}
@media (prefers-color-scheme:dark){.chart{--ink:#e6edf3;--faint:#9aa4af;--grid:#30363d;--paper:#0d1117;--c0:#6cb0ff;\
--c1:#ffa463;--c2:#56d674;--c3:#c19bff;--c4:#ff8cc8;--c5:#4ccbd8;--c6:#e3b341;--c7:#8c959f}}
.chart text{font:12px system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",Verdana,sans-serif;fill:var(--faint)}
.chart .title{font-size:14px;font-weight:600;fill:var(--ink)}
.chart .paper{fill:var(--paper)}
.chart .grid{stroke:var(--grid);stroke-width:1}
.chart .mark{stroke:var(--faint);stroke-width:1;stroke-dasharray:2 3}
.chart .curve{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.chart .dot{stroke:none}
";

/// Curves over one axis.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What stands above it.
    pub title: String,
    /// What is counted from left to right.
    pub across: Across,
    /// Whether it is over powers of ten.
    pub is_logarithmic: bool,
    /// What it shows.
    pub curves: Vec<Curve>,
    /// Places on the axis with something to say of them.
    pub marks: Vec<(f64, String)>,
}

impl Chart {
    /// A chart of these curves, over powers of ten where its values lie so far apart that it needs to be. None where
    /// there is no number in them.
    pub fn new(title: impl Into<String>, across: Across, curves: Vec<Curve>, decades: f64) -> Option<Chart> {
        let values = || curves.iter().flat_map(Curve::finite).map(|(_, y)| y);
        let (least, most) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), y| (a.min(y), b.max(y)));
        let is_logarithmic = least > 0.0 && most / least >= decades;
        let title = title.into();
        (least <= most).then_some(Chart { title, across, is_logarithmic, curves, marks: Vec::new() })
    }

    /// A chart of measures.
    pub fn of_measures(title: impl Into<String>, across: Across, curves: Vec<Curve>) -> Option<Chart> {
        Chart::new(title, across, curves, DECADES)
    }

    /// The two axes, with about so many ticks.
    pub(super) fn scales(&self, across: usize, up: usize) -> (Scale, Scale) {
        let all = || self.curves.iter().flat_map(Curve::finite);
        let range = |of: fn(&(f64, f64)) -> f64| {
            all().map(|p| of(&p)).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let (x, y) = (range(|p| p.0), range(|p| p.1));
        let up = match self.is_logarithmic {
            true => Scale::logarithmic(y.0, y.1, up),
            false => Scale::linear(y.0, y.1, up),
        };
        let across = match self.across {
            Across::Epochs | Across::Steps => Scale::counted(x.0, x.1, across),
            Across::Rates => Scale::logarithmic(x.0, x.1, across),
        };
        (across, up)
    }

    /// The chart as an SVG element; with `most` points a curve. It needs [`STYLE`] around it.
    pub(super) fn element(&self, most: usize) -> String {
        self.draw(most, "")
    }

    /// The chart as a document.
    pub fn document(&self) -> String {
        self.draw(2000, &format!("<style>\n{STYLE}</style>\n"))
    }

    fn draw(&self, most: usize, style: &str) -> String {
        let legend = self.legend();
        let top = TITLE + LEGEND_LINE * legend.iter().map(|(_, line, _)| line + 1).max().unwrap_or(0) as f64 + 8.0;
        let height = HEIGHT + top - TITLE;
        let (across, up) = self.scales(7, 5);
        let x = |value: f64| LEFT + across.place(value) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| height - BELOW - up.place(value) * (height - BELOW - top);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{}\">\n{style}<rect class=\"paper\" width=\"{WIDTH}\" \
             height=\"{height}\"/>\n",
            escaped(&self.title)
        );
        let _ = writeln!(text, "<text class=\"title\" x=\"{LEFT}\" y=\"18\">{}</text>", escaped(&cut(&self.title, 70)));
        for tick in &up.ticks {
            let at = number(y(*tick));
            let right = WIDTH - RIGHT;
            let _ = writeln!(
                text,
                "<path class=\"grid\" d=\"M{LEFT} {at}H{right}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                LEFT - 7.0,
                number(y(*tick) + 4.0),
                up.label(*tick)
            );
        }
        for tick in &across.ticks {
            let at = number(x(*tick));
            let base = height - BELOW;
            let _ = writeln!(
                text,
                "<path class=\"grid\" d=\"M{at} {base}v5\"/><text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                base + 18.0,
                across.label(*tick)
            );
        }
        let middle = number((LEFT + WIDTH - RIGHT) / 2.0);
        let _ = writeln!(
            text,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            height - 5.0,
            self.across.word()
        );
        for (at, what) in &self.marks {
            let place = number(x(*at));
            let _ = writeln!(
                text,
                "<path class=\"mark\" d=\"M{place} {top}V{}\"><title>{}</title></path>",
                height - BELOW,
                escaped(what)
            );
        }
        for (index, curve) in self.curves.iter().enumerate() {
            let color = index % COLORS;
            let points: Vec<(f64, f64)> = curve.thinned(most).iter().map(|(a, b)| (x(*a), y(*b))).collect();
            let dash = dash(index);
            let _ = writeln!(
                text,
                "<path class=\"curve\" style=\"stroke:var(--c{color})\"{dash} d=\"{}\"/>",
                path(&points)
            );
            if let (Some((at, value)), 1) = (curve.finite().next(), curve.finite().count()) {
                let (at, value) = (number(x(at)), number(y(value)));
                let _ = writeln!(
                    text,
                    "<circle class=\"dot\" style=\"fill:var(--c{color})\" cx=\"{at}\" cy=\"{value}\" r=\"3\"/>"
                );
            }
        }
        for ((name, line, at), index) in legend.iter().zip(0..) {
            let base = TITLE + LEGEND_LINE * (*line as f64) + 12.0;
            let (from, to) = (number(*at), number(at + 22.0));
            let _ = writeln!(
                text,
                "<path class=\"curve\" style=\"stroke:var(--c{})\"{} d=\"M{from} {}H{to}\"/><text x=\"{}\" y=\"{base}\">{}</text>",
                index % COLORS,
                dash(index),
                base - 4.0,
                number(at + 28.0),
                escaped(name)
            );
        }
        text.push_str("</svg>\n");
        text
    }

    /// Name, line and place of each curve in the legend.
    fn legend(&self) -> Vec<(String, usize, f64)> {
        let (mut line, mut at) = (0, LEFT);
        let mut placed = Vec::new();
        for curve in &self.curves {
            let name = cut(&curve.name, NAME);
            let width = 28.0 + name.chars().count() as f64 * LETTER + 18.0;
            if at > LEFT && at + width > WIDTH {
                (line, at) = (line + 1, LEFT);
            }
            placed.push((name, line, at));
            at += width;
        }
        placed
    }
}

/// Curves of neighbouring colours are told apart without colours, too.
fn dash(index: usize) -> &'static str {
    match index % 4 {
        0 => "",
        1 => " stroke-dasharray=\"7 4\"",
        2 => " stroke-dasharray=\"1.5 4\"",
        _ => " stroke-dasharray=\"9 3 2 3\"",
    }
}

/// `M1 2L3 4`, with a gap where a value is not finite.
fn path(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    let mut is_down = false;
    for (x, y) in points {
        if y.is_finite() {
            let _ = write!(text, "{}{} {}", if is_down { "L" } else { "M" }, number(*x), number(*y));
        }
        is_down = y.is_finite();
    }
    text
}

/// To a tenth of a pixel.
fn number(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The beginning of a text.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
