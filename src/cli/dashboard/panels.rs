//! The curves, and the gradients of the layers.

use super::super::numbers;
use super::super::table::cut;
use super::draw::{BOLD, DIM, Look};
use super::layers::{Layers, Norms};
use super::model::{Model, TrainView};
use crate::report::{Chart, letter};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Colours of the curves, in turn. Letters say it where there are none.
const COLORS: [Color; 2] = [Color::Cyan, Color::Yellow];
/// From so many rows on, one of them lists all that can be drawn.
pub const WITH_TABS: u16 = 10;
/// Below this, names are shortened.
const NARROW: u16 = 44;
/// How high a norm is, in a letter.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The history of a norm is shown in so many letters at least, and at most.
const HISTORY: (usize, usize) = (4, 48);
/// Room for a norm.
const NORM: usize = 9;

/// The curves of what is chosen.
pub fn curves(frame: &mut Frame, model: &Model, train: &TrainView, area: Rect, look: Look) {
    let width = usize::from(area.width);
    let names = train.measures();
    let chosen = model.measure_of(train);
    let measure = names.get(chosen).copied().unwrap_or("loss");
    let mut rest = area;
    if area.height >= WITH_TABS {
        tabs(frame, model, train, Rect { height: 1, ..area });
        (rest.y, rest.height) = (rest.y + 1, rest.height - 1);
    }
    let (across, drawn) = train.curves(measure, width * 2);
    let several = drawn.len() > 1;
    let mut legend = vec![Span::styled(if rest == area { format!("{measure}  ") } else { String::new() }, BOLD)];
    for (index, curve) in drawn.iter().enumerate() {
        let number = train.reported(&curve.name, measure).map_or_else(String::new, numbers::measure);
        let name = match curve.name.as_str() {
            name if name == measure => String::new(),
            "validation" if area.width < NARROW => "val ".to_owned(),
            name => format!("{name} "),
        };
        let mark = if several { format!("{} ", letter(index)) } else { String::new() };
        legend.push(Span::styled(format!("{mark}{name}{number}  "), color(look, index)));
    }
    let values = || drawn.iter().flat_map(|curve| curve.finite()).map(|(_, y)| y);
    let is_possible = values().all(|y| y > 0.0);
    if model.is_logarithmic {
        let told = if is_possible { "powers of ten" } else { "not all above 0: linear" };
        legend.push(Span::styled(told, DIM));
    }
    frame.render_widget(Line::from(legend), Rect { height: 1, ..rest });
    (rest.y, rest.height) = (rest.y + 1, rest.height - 1);
    let Some(mut chart) = Chart::of_measures(measure, across, drawn) else {
        frame.render_widget(Span::styled("nothing to draw yet", DIM), Rect { height: 1, ..rest });
        return;
    };
    chart.is_logarithmic = model.is_logarithmic && is_possible;
    for (row, cells) in chart.cells(width, usize::from(rest.height)).into_iter().enumerate() {
        let at = Rect { y: rest.y + row as u16, height: 1, ..rest };
        if at.y >= rest.bottom() {
            break;
        }
        let spans = cells.chunk_by(|a, b| a.1 == b.1).map(|cells| {
            let text: String = cells.iter().map(|(c, _)| *c).collect();
            let style = cells.first().and_then(|(_, curve)| *curve).map_or(DIM, |curve| color(look, curve));
            Span::styled(text, style)
        });
        frame.render_widget(Line::from(spans.collect::<Vec<_>>()), at);
    }
}

fn color(look: Look, curve: usize) -> Style {
    look.color(COLORS.get(curve % COLORS.len()).copied().unwrap_or(Color::Reset))
}

/// What can be drawn, in a row.
pub fn tabs(frame: &mut Frame, model: &Model, train: &TrainView, area: Rect) {
    frame.render_widget(names_in(&train.measures(), model.measure_of(train), usize::from(area.width)), area);
}

/// The names, the chosen one in brackets; as many of its neighbours as there is room for.
fn names_in(names: &[&str], chosen: usize, width: usize) -> Line<'static> {
    let room = |from: usize| {
        let mut used = 0;
        let shown = names.iter().enumerate().skip(from).take_while(|(_, name)| {
            used += name.width() + 3;
            used <= width
        });
        shown.map(|(index, _)| index).last().unwrap_or(from)
    };
    let from = (0..=chosen).find(|from| room(*from) >= chosen).unwrap_or(chosen);
    let mut spans = Vec::new();
    for (index, name) in names.iter().enumerate().skip(from).take(room(from) + 1 - from) {
        let name = cut(name, width.saturating_sub(3));
        match index == chosen {
            true => spans.push(Span::styled(format!("[{name}] "), BOLD)),
            false => spans.push(Span::styled(format!(" {name}  "), DIM)),
        }
    }
    Line::from(spans)
}

/// A row of the gradients.
struct Row<'l> {
    name: String,
    norms: &'l Norms,
    is_layer: bool,
}

/// The norms of the gradients, layer by layer: how they were, and the last as a number.
pub fn layers(frame: &mut Frame, model: &Model, train: &TrainView, area: Rect, look: Look) {
    let width = usize::from(area.width);
    let (low, high) = train.layers.decades();
    let scale = if train.layers.layers.is_empty() { String::new() } else { format!("  ▁ 1e{low} … █ 1e{high}") };
    let heading = vec![Span::styled("gradients", BOLD), Span::styled(scale, DIM)];
    frame.render_widget(Line::from(heading), Rect { height: 1, ..area });
    let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let told = match (&train.layers.missing, train.layers.layers.is_empty()) {
        (Some(missing), _) => missing.as_str(),
        (None, true) => "not looked at yet",
        (None, false) => "",
    };
    if !told.is_empty() {
        for (line, y) in wrapped(told, width).into_iter().zip(rest.top()..rest.bottom()) {
            frame.render_widget(Span::styled(line, DIM), Rect { y, height: 1, ..rest });
        }
        return;
    }
    let height = usize::from(rest.height);
    let all = rows(&train.layers, true);
    let rows = if model.shows_weights || all.len() <= height { all } else { rows(&train.layers, false) };
    let is_cut = rows.len() > height;
    let shown = if is_cut { height.saturating_sub(1) } else { height };
    let from = model.scrolled.min(rows.len().saturating_sub(shown));
    let longest = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
    let name = longest.min(width.saturating_sub(NORM + HISTORY.0 + 2)).max(4);
    let history = width.saturating_sub(name + NORM + 2).min(HISTORY.1);
    for (row, y) in rows.iter().skip(from).take(shown).zip(rest.top()..rest.bottom()) {
        let last = row.norms.back().copied().unwrap_or(0.0);
        let drawn = if history >= HISTORY.0 { spark(row.norms, history, low, high) } else { String::new() };
        let style = if row.is_layer { Style::new() } else { DIM };
        let tint = if last.is_finite() { look.color(Color::Green) } else { look.color(Color::Red) };
        let label = cut_middle(&row.name, name);
        let line = Line::from(vec![
            Span::styled(format!("{label}{} ", " ".repeat(name.saturating_sub(label.width()))), style),
            Span::styled(format!("{drawn:<history$} "), tint),
            Span::styled(format!("{:>NORM$}", norm(last)), style),
        ]);
        frame.render_widget(line, Rect { y, height: 1, ..rest });
    }
    if is_cut {
        let text = format!("{}–{} of {}, j k", from + 1, from + shown, rows.len());
        let at = Rect { y: rest.bottom().saturating_sub(1), height: 1, ..rest };
        frame.render_widget(Span::styled(text, DIM.add_modifier(Modifier::ITALIC)), at);
    }
}

/// A norm may be small and still matter: it keeps its digits.
fn norm(x: f64) -> String {
    if x > 0.0 && x < 0.01 { format!("{x:.2e}") } else { numbers::measure(x) }
}

fn rows(layers: &Layers, with_weights: bool) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for layer in &layers.layers {
        rows.push(Row { name: layer.name.clone(), norms: &layer.norms, is_layer: true });
        // A weight that stands alone has told all.
        let weights = layer.weights.iter().filter(|(name, _)| with_weights && !name.is_empty());
        rows.extend(weights.map(|(name, norms)| Row { name: format!("  {name}"), norms, is_layer: false }));
    }
    rows
}

/// The last norms in letters, each as high as its power of ten.
fn spark(norms: &Norms, width: usize, low: i32, high: i32) -> String {
    let shown = norms.len().min(width);
    let level = |norm: &f64| {
        if !norm.is_finite() {
            return '!';
        }
        if *norm <= 0.0 {
            return '·';
        }
        let place = (norm.log10() - f64::from(low)) / f64::from(high - low);
        let at = (place * LEVELS.len() as f64).clamp(0.0, LEVELS.len() as f64 - 1.0) as usize;
        LEVELS.get(at).copied().unwrap_or(' ')
    };
    norms.iter().skip(norms.len() - shown).map(level).collect()
}

/// The beginning and the end of a path: layers of one kind differ in which block they are of, and in what they do there.
fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let head = width.saturating_sub(1) * 2 / 5;
    let tail = width.saturating_sub(1) - head;
    let within = |letters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        let fits = |c: &char| {
            used += c.width().unwrap_or(0);
            used <= room
        };
        letters.take_while(fits).collect()
    };
    let begin: String = within(&mut text.chars(), head).into_iter().collect();
    let end: String = within(&mut text.chars().rev(), tail).into_iter().rev().collect();
    format!("{begin}…{end}")
}

/// Words in lines.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_as_high_as_their_power_of_ten() {
        let norms = Norms::from([1e-9, 1e-2, 1e-1, 1.0, 0.0, f64::INFINITY]);
        assert_eq!(spark(&norms, 8, -2, 0), "▁▁▅█·!");
        assert_eq!(spark(&norms, 2, -2, 0), "·!", "the newest stay");
    }

    #[test]
    fn paths_keep_their_block_and_their_end() {
        assert_eq!(cut_middle("repeat1.2.attend1.self_attention1", 24), "repeat1.2…elf_attention1");
        assert_eq!(cut_middle("dense1", 12), "dense1");
        assert_eq!(cut_middle("größe.größe", 6), "gr…öße");
        assert_eq!(wrapped("no room for it", 7), ["no room", "for it"]);
    }

    #[test]
    fn the_chosen_tab_is_always_there() {
        let names = ["loss", "accuracy", "learning rate", "gradient norm"];
        for (chosen, name) in names.iter().enumerate() {
            for width in [20, 30, 80] {
                let line = names_in(&names, chosen, width);
                let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
                assert!(text.contains(&format!("[{name}]")), "{width}: {text}");
                assert!(text.trim_end().width() <= width, "{width}: {text}");
            }
        }
    }
}
