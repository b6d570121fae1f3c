//! The screen as a whole: what stands where, and what gives way where there is little room.

use super::super::numbers;
use super::super::progress::fit;
use super::keys::HELP;
use super::model::{LAYERS, Model, Stopping, TrainView};
use super::panels::{WITH_TABS, curves, layers, tabs};
use crate::check::Length;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// From here on there is room for curves and layers side by side.
const BESIDE: u16 = 76;
/// From here on there is room for layers below the curves.
const BELOW: u16 = 24;
/// Axes take three rows, and a curve needs some.
const LEAST_CHART: u16 = 8;
/// Messages that are shown where there is room.
const MESSAGES: usize = 3;

/// How things look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Nothing is said by colours alone.
    pub has_color: bool,
}

impl Look {
    /// A colour, where there are some.
    pub fn color(self, color: Color) -> Style {
        if self.has_color { Style::new().fg(color) } else { Style::new() }
    }
}

/// What stands out.
pub const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
/// What can be skipped.
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);

/// Rows from above, one after the other.
struct Rows {
    left: Rect,
}

impl Rows {
    fn take(&mut self, rows: u16) -> Rect {
        let taken = Rect { height: rows.min(self.left.height), ..self.left };
        self.left.y += taken.height;
        self.left.height -= taken.height;
        taken
    }

    fn take_below(&mut self, rows: u16) -> Rect {
        let height = rows.min(self.left.height);
        self.left.height -= height;
        Rect { y: self.left.y + self.left.height, height, ..self.left }
    }
}

/// Draws all of it, at a time in seconds.
pub fn draw(frame: &mut Frame, model: &Model, look: Look, now: f64) {
    let area = frame.area();
    let Some((index, train)) = model.shown() else { return };
    let margin = u16::from(area.width >= 60);
    let mut rows = Rows { left: Rect { x: area.x + margin, width: area.width.saturating_sub(2 * margin), ..area } };
    let (height, width) = (area.height, usize::from(rows.left.width));
    let put = |frame: &mut Frame, line: Line, at: Rect| frame.render_widget(line, at);

    put(frame, title(model, index, train, width), rows.take(1));
    put(frame, progress(train, width, look), rows.take(1));
    if height >= 6 {
        put(frame, Line::from(amounts(model, train, width, now)), rows.take(1));
    }
    if height >= 15 {
        put(frame, Line::from(best(train, width)), rows.take(1));
    }
    if height >= 5 {
        put(frame, keys(model, width), rows.take_below(1));
    }
    if model.helps {
        help(frame, rows.left);
        return;
    }
    messages(frame, model, &mut rows, look);
    if height >= 18 {
        rows.take(1);
    }
    body(frame, model, train, rows, look);
}

fn body(frame: &mut Frame, model: &Model, train: &TrainView, mut rows: Rows, look: Look) {
    let area = rows.left;
    if model.measure == LAYERS {
        if area.height >= WITH_TABS {
            tabs(frame, model, train, rows.take(1));
        }
        layers(frame, model, train, rows.left, look);
    } else if area.width >= BESIDE - 2 {
        let beside = (area.width * 2 / 5).clamp(30, 56);
        let left = Rect { width: area.width - beside - 3, ..area };
        let rule = Rect { x: left.right() + 1, width: 1, ..area };
        for y in rule.top()..rule.bottom() {
            frame.render_widget(Span::styled("│", DIM), Rect { y, height: 1, ..rule });
        }
        if left.height >= LEAST_CHART {
            curves(frame, model, train, left, look);
        }
        layers(frame, model, train, Rect { x: rule.x + 2, width: beside, ..area }, look);
    } else if area.height >= BELOW {
        let below = rows.take_below(area.height / 3);
        rows.take_below(1);
        curves(frame, model, train, rows.left, look);
        layers(frame, model, train, below, look);
    } else if area.height >= LEAST_CHART {
        curves(frame, model, train, area, look);
    }
}

fn title(model: &Model, index: usize, train: &TrainView, width: usize) -> Line<'static> {
    let phase = train.start.phase.as_ref().map_or(String::new(), |phase| format!(", phase {phase}"));
    let name = format!("{} on {}{phase}", train.start.train, train.data);
    let (number, of) = train.start.number;
    let mut parts = Vec::new();
    if of > 1 {
        let others = if model.trains.len() > 1 { ", ↑ ↓" } else { "" };
        parts.push((0, format!("train {number} of {of}{others}")));
    }
    let is_past = index + 1 < model.trains.len();
    if let Some(diverged) = &train.diverged {
        parts.push((0, diverged.clone()));
    } else if train.done.is_some() || is_past {
        parts.push((0, "done".to_owned()));
    }
    parts.push((1, numbers::counted(train.start.parameters, "parameter")));
    parts.push((2, format!("seed {}", train.start.seed)));
    parts.push((3, numbers::counted(train.start.threads as u64, "thread")));
    let name = super::super::table::cut(&name, width);
    let room = width.saturating_sub(Span::raw(name.as_str()).width() + 2);
    Line::from(vec![Span::styled(name, BOLD), Span::raw("  "), Span::styled(fit(&parts, room), DIM)])
}

/// `epoch 34/80 ━━━━━━━╸──────  42%  step 204/480`
fn progress(train: &TrainView, width: usize, look: Look) -> Line<'static> {
    let (done, all) = train.place();
    let share = if all == 0 { 1.0 } else { (done as f64 / all as f64).min(1.0) };
    let step = format!("step {}/{}", numbers::count(done), numbers::count(all));
    let (place, behind) = match train.length {
        Length::Epochs(n) => {
            (format!("epoch {:>w$}/{n}", train.epoch(), w = n.to_string().len()), (width >= 56).then_some(step))
        }
        Length::Steps(_) => (step, None),
    };
    let percent = format!("{:>4.0}%", (share * 100.0).floor());
    let behind = behind.map_or_else(String::new, |step| format!("  {step}"));
    let room = width.saturating_sub(place.len() + 1 + percent.len() + behind.len());
    let filled = (share * (room * 2) as f64).floor() as usize;
    let full = "━".repeat(filled / 2);
    let half = if filled % 2 == 1 { "╸" } else { "" };
    let rest = "─".repeat(room.saturating_sub(filled.div_ceil(2)));
    Line::from(vec![
        Span::raw(format!("{place} ")),
        Span::styled(format!("{full}{half}"), look.color(Color::Cyan)),
        Span::styled(rest, DIM),
        Span::raw(percent),
        Span::styled(behind, DIM),
    ])
}

fn amounts(model: &Model, train: &TrainView, width: usize, now: f64) -> String {
    let mut parts = Vec::new();
    if let Some(loss) = train.loss {
        parts.push((0, format!("loss {:<6}", numbers::measure(loss))));
    }
    if let Some(step) = train.step {
        parts.push((2, format!("lr {:<7}", numbers::rate(step.lr))));
    }
    if let Some(rate) = train.examples_per_second() {
        parts.push((3, format!("{:>6} examples/s", numbers::compact(rate))));
    }
    if let Some(left) = train.left(now) {
        parts.push((1, format!("{} left", numbers::seconds(left))));
    }
    parts.push((4, format!("{} so far", numbers::seconds(train.seconds(now)))));
    if let Some(bytes) = model.memory {
        parts.push((5, format!("memory {}", numbers::bytes(bytes))));
    }
    fit(&parts, width)
}

/// The best so far, and which weights are kept.
fn best(train: &TrainView, width: usize) -> String {
    let (split, metric, _) = &train.watched;
    let kept = if train.keeps { "whose weights are kept" } else { "the last weights are kept" };
    let parts = match train.best {
        Some((value, epoch)) => {
            let joint = if train.keeps { ", " } else { "; " };
            let found = format!("best {}.{metric} {} in epoch {epoch}", split.name(), numbers::measure(value));
            vec![(0, format!("{found}{joint}{kept}")), (1, found)]
        }
        None => vec![(0, format!("no {}.{metric} so far", split.name()))],
    };
    // The whole sentence, or its first half.
    let whole = parts.iter().map(|(_, text)| text).find(|text| Span::raw(text.as_str()).width() <= width);
    whole.or(parts.last().map(|(_, text)| text)).cloned().unwrap_or_default()
}

fn keys(model: &Model, width: usize) -> Line<'static> {
    let told = match model.stopping {
        Stopping::Now => Some("stopping: finishing the step, saving the weights"),
        Stopping::AfterEpoch => Some("stops after this epoch (s: go on, x: stop now)"),
        Stopping::No => None,
    };
    if let Some(told) = told {
        let told = super::super::table::cut(told, width.saturating_sub(2));
        return Line::styled(format!(" {told} "), Style::new().add_modifier(Modifier::REVERSED));
    }
    let mut parts = vec![
        (1, "q stop after the epoch".to_owned()),
        (2, "x stop now".to_owned()),
        (3, "← → curve".to_owned()),
        (4, if model.is_logarithmic { "l linear" } else { "l log" }.to_owned()),
        (0, "? keys".to_owned()),
    ];
    if width < 44 {
        // So much shorter, all of it has room.
        parts = vec![(1, "q stop".into()), (2, "x now".into()), (3, "← → curve".into()), (0, "? keys".into())];
    }
    Line::styled(fit(&parts, width), DIM)
}

fn help(frame: &mut Frame, area: Rect) {
    let mut rows = Rows { left: area };
    if area.height as usize > HELP.len() {
        rows.take(1);
    }
    for (key, does) in HELP {
        let line = Line::from(vec![Span::styled(format!("{key:<10} "), BOLD), Span::raw(does)]);
        frame.render_widget(line, rows.take(1));
    }
}

/// The newest messages, above the keys.
fn messages(frame: &mut Frame, model: &Model, rows: &mut Rows, look: Look) {
    let most = if rows.left.height >= 18 { MESSAGES } else { usize::from(rows.left.height > LEAST_CHART) };
    let shown = model.messages.len().min(most);
    let newest = model.messages.iter().skip(model.messages.len() - shown);
    let mut below = Rows { left: rows.take_below(shown as u16) };
    for message in newest {
        let text = super::super::table::cut(message, usize::from(below.left.width).saturating_sub(2));
        let line = Line::from(vec![Span::styled("! ", look.color(Color::Red).patch(BOLD)), Span::raw(text)]);
        frame.render_widget(line, below.take(1));
    }
}
