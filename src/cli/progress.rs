//! What a person sees while a run goes on: a bar on a terminal, some lines elsewhere.

use super::measures;
use super::numbers;
use super::output::{BOLD, DIM, Output, paint};
use super::table::cut;
use crate::check::{Length, Program};
use crate::data::Split;
use crate::train::{Done, Epoch, Event, Observer, Start, Step, Stopped};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

/// About so many lines tell of a train where there is no bar.
const LINES: u64 = 15;
/// Between two drawings of the bar.
const REDRAW: Duration = Duration::from_millis(70);
/// Seconds before rate and time left are told.
const SETTLED: f64 = 0.3;
/// How much the newest step counts in the smoothed loss.
const SMOOTHING: f64 = 0.05;

/// What stands before and behind the bar. Shared with the bar's style, so that one drawing shows all of it: a bar's own
/// prefix and message are each drawn when they are set.
type Shown = Arc<Mutex<(String, String)>>;

/// Draws the progress of a run.
pub struct Progress<'a> {
    output: &'a Output,
    program: &'a Program,
    log_steps: bool,
    current: Option<Current>,
}

/// The train that is going on.
struct Current {
    start: Start,
    length: Length,
    batch: usize,
    bar: Option<ProgressBar>,
    shown: Shown,
    began: Instant,
    drawn: Option<Instant>,
    loss: Option<f64>,
    latest: Option<Epoch>,
    latest_is_told: bool,
    lines_told: u64,
}

impl<'a> Progress<'a> {
    /// For the trains of a program.
    pub fn new(output: &'a Output, program: &'a Program, log_steps: bool) -> Progress<'a> {
        Progress { output, program, log_steps, current: None }
    }

    /// Takes the bar away: what follows are results or mistakes.
    pub fn finish(&mut self) {
        if let Some(bar) = self.current.take().and_then(|c| c.bar) {
            bar.finish_and_clear();
        }
    }

    fn start(&mut self, start: &Start) {
        self.finish();
        let train = start.number.0.checked_sub(1).and_then(|i| self.program.trains.get(i));
        let data = train.and_then(|t| self.program.data.get(t.data)).map_or("its data", |d| &*d.name);
        let [training, validation, test] = start.examples;
        let examples: Vec<String> = [(training, Split::Train), (validation, Split::Validation), (test, Split::Test)]
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, split)| format!("{} {}", numbers::count(*n as u64), split.name()))
            .collect();
        let phase = start.phase.as_ref().map_or(String::new(), |phase| format!(", phase {phase}"));
        let title = format!("{} on {data}{phase}", start.train);
        let number = match start.number {
            (_, 1) => String::new(),
            (n, of) => format!("{n} of {of}: "),
        };
        self.output.say(&format!("{number}{}", paint(BOLD, &title)));
        self.output.say(&paint(
            DIM,
            &format!(
                "{} · {} examples · {} · seed {}",
                numbers::counted(start.parameters, "parameter"),
                examples.join(" + "),
                numbers::counted(start.threads as u64, "thread"),
                start.seed,
            ),
        ));
        if let (epoch, step @ 1..) = start.from {
            self.output.say(&paint(DIM, &format!("goes on behind step {} in epoch {epoch}", numbers::count(step))));
        }
        let shown: Shown = Arc::default();
        let bar = self.output.has_bar().then(|| {
            let bar = ProgressBar::with_draw_target(Some(start.steps), ProgressDrawTarget::stderr());
            bar.set_style(style(self.output, &shown));
            bar
        });
        self.current = Some(Current {
            start: start.clone(),
            length: train.map_or(Length::Steps(start.steps), |t| t.settings.length),
            batch: train.map_or(1, |t| t.settings.examples_per_step()),
            bar,
            shown,
            began: Instant::now(),
            drawn: None,
            loss: None,
            latest: None,
            latest_is_told: false,
            lines_told: 0,
        });
    }

    fn step(&mut self, step: &Step) {
        let Some(current) = &mut self.current else { return };
        current.loss = Some(match current.loss {
            Some(before) if before.is_finite() => before + SMOOTHING * (step.loss - before),
            _ => step.loss,
        });
        if let Some(bar) = &current.bar
            && current.drawn.is_none_or(|at| at.elapsed() >= REDRAW)
        {
            current.drawn = Some(Instant::now());
            if let Ok(mut shown) = current.shown.lock() {
                shown.0 = current.place(step.epoch, step.step);
                shown.1 = current.message(step, self.output.width());
            }
            bar.set_position(step.step);
        }
        if self.log_steps {
            let line = format!(
                "step {:>6}  epoch {:>4}  loss {:<8}  lr {}",
                step.step,
                step.epoch,
                numbers::measure(step.loss),
                numbers::rate(step.lr)
            );
            self.tell(&line);
        }
    }

    fn epoch(&mut self, epoch: &Epoch) {
        let Some(current) = &mut self.current else { return };
        let reached = epoch.step.saturating_mul(LINES) / current.start.steps.max(1);
        // The first report comes at once: it says that everything works.
        let is_due = current.lines_told == 0 || reached >= current.lines_told;
        current.latest = Some(epoch.clone());
        current.latest_is_told = is_due;
        if is_due {
            current.lines_told = reached + 1;
            if current.bar.is_none() || !self.output.is_watched() {
                let line = current.line(epoch);
                self.tell(&line);
            }
        }
    }

    fn done(&mut self, done: &Done) {
        let Some(current) = self.current.take() else { return };
        if let Some(bar) = &current.bar {
            bar.finish_and_clear();
        }
        if let Some(latest) = current.latest.as_ref().filter(|_| !current.latest_is_told) {
            self.output.say(&current.line(latest));
        } else if current.bar.is_some()
            && self.output.is_watched()
            && let Some(latest) = &current.latest
        {
            self.output.say(&current.line(latest));
        }
        let mut line = format!(
            "{} and {} in {}",
            numbers::counted(done.epochs, "epoch"),
            numbers::counted(done.steps, "step"),
            numbers::seconds(done.seconds)
        );
        match done.stopped {
            Some(Stopped::Patience) => line.push_str(", stopped early: patience ran out"),
            Some(Stopped::Interrupted) => line.push_str(", interrupted"),
            Some(Stopped::Paused) => line.push_str(", paused"),
            None => {}
        }
        if let Some(kept) = done.kept_epoch {
            line.push_str(&format!(", kept the weights of epoch {kept}"));
        }
        self.output.say(&paint(DIM, &line));
        if let Some(growth) = &done.growth {
            self.output.note(&growth.message());
        }
    }

    /// A line, above the bar where there is one.
    fn tell(&self, line: &str) {
        match self.current.as_ref().and_then(|c| c.bar.as_ref()) {
            Some(bar) => bar.suspend(|| self.output.say(line)),
            None => self.output.say(line),
        }
    }
}

/// What follows where something beside the training went wrong.
const GOES_ON: &str = "training goes on; make room before it ends, or its weights cannot be saved";

impl Observer for Progress<'_> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Start(start) => self.start(start),
            Event::Step(step) => self.step(step),
            Event::Epoch(epoch) => self.epoch(epoch),
            Event::Done(done) => self.done(done),
            // The facts come together at the end, and nobody asked for gradients.
            Event::Expect(_) | Event::Gradients(_) | Event::Diverged(_) => {}
        }
    }

    fn trouble(&mut self, message: &str) {
        self.output.error(message, Some(GOES_ON));
    }
}

impl Current {
    /// `epoch 12/80`, or `step 500/2000` where the train is counted in steps.
    fn place(&self, epoch: u64, step: u64) -> String {
        match self.length {
            Length::Epochs(n) => format!("epoch {epoch:>width$}/{n}", width = n.to_string().len()),
            Length::Steps(n) => format!("step {step:>width$}/{n}", width = n.to_string().len()),
        }
    }

    /// A report as a line.
    fn line(&self, epoch: &Epoch) -> String {
        let mut parts = vec![self.place(epoch.epoch, epoch.step)];
        match &epoch.validation {
            Some(validation) => {
                parts.push(format!("train {}", measures::line(&epoch.train)));
                parts.push(format!("validation {}", measures::line(validation)));
            }
            None => parts.push(measures::line(&epoch.train)),
        }
        parts.push(paint(DIM, &format!("lr {:<8} {}", numbers::rate(epoch.lr), numbers::seconds(epoch.seconds))));
        parts.join("  ")
    }

    /// What stands behind the bar: as much as there is room for, the more important first.
    fn message(&self, step: &Step, width: usize) -> String {
        let elapsed = self.began.elapsed().as_secs_f64();
        let done = step.step.saturating_sub(self.start.from.1);
        let per_second = if elapsed > 0.0 { done as f64 / elapsed } else { 0.0 };
        let left = self.start.steps.saturating_sub(step.step) as f64 / per_second.max(f64::MIN_POSITIVE);
        let mut parts: Vec<(usize, String)> = Vec::new();
        if let Some(loss) = self.loss {
            parts.push((0, format!("loss {:<6}", numbers::measure(loss))));
        }
        if let Some(latest) = &self.latest {
            let of = latest.validation.as_ref().map_or(&latest.train, |v| v);
            let prefix = if latest.validation.is_some() { "val " } else { "" };
            for (name, _) in &of.values {
                // The smoothed loss says it already.
                let is_known = latest.validation.is_none() && &**name == "loss";
                if let Some(x) = of.number(name).filter(|_| !is_known) {
                    let rank = if &**name == "loss" { 5 } else { 2 };
                    parts.push((rank, format!("{prefix}{name} {:<6}", numbers::measure(x))));
                }
            }
        }
        parts.push((4, format!("lr {:<7}", numbers::rate(step.lr))));
        // The first steps say little of the speed.
        if elapsed >= SETTLED {
            parts.push((3, format!("{:>6} examples/s", numbers::compact(per_second * self.batch as f64))));
            parts.push((1, format!("{} left", numbers::seconds(left))));
        }
        let taken = self.place(step.epoch, step.step).width() + bar_width(width) + 10;
        fit(&parts, width.saturating_sub(taken))
    }
}

/// The parts in their order, without those that there is no room for; lower numbers stay longer.
pub(super) fn fit(parts: &[(usize, String)], room: usize) -> String {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|i| parts.get(*i).map_or(0, |(rank, _)| *rank));
    let mut kept: Vec<usize> = Vec::new();
    let mut used = 0;
    for i in order {
        let Some((_, part)) = parts.get(i) else { continue };
        let needed = part.width() + if kept.is_empty() { 0 } else { 2 };
        if used + needed <= room {
            used += needed;
            kept.push(i);
        }
    }
    kept.sort_unstable();
    let texts: Vec<&str> = kept.iter().filter_map(|i| parts.get(*i)).map(|(_, text)| text.as_str()).collect();
    cut(texts.join("  ").trim_end(), room)
}

/// Room for the bar itself.
fn bar_width(width: usize) -> usize {
    if width >= 120 { 24 } else { (width / 8).max(6) }
}

fn style(output: &Output, shown: &Shown) -> ProgressStyle {
    let bar = bar_width(output.width());
    let template = if output.error_has_color() {
        format!("{{place}} {{bar:{bar}.cyan/dim}} {{percent:>3}}%  {{text}}")
    } else {
        format!("{{place}} {{bar:{bar}}} {{percent:>3}}%  {{text}}")
    };
    let (before, behind) = (Arc::clone(shown), Arc::clone(shown));
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("place", move |_: &ProgressState, out: &mut dyn Write| write(out, &before, |s| &s.0))
        .with_key("text", move |_: &ProgressState, out: &mut dyn Write| write(out, &behind, |s| &s.1))
        .progress_chars("━╸─")
}

fn write(out: &mut dyn Write, shown: &Shown, part: fn(&(String, String)) -> &String) {
    if let Ok(shown) = shown.lock() {
        let _ = out.write_str(part(&shown));
    }
}

/// Prints every event as one JSON object a line.
pub struct JsonEvents<'a> {
    output: &'a Output,
    log_steps: bool,
}

impl<'a> JsonEvents<'a> {
    /// Steps only where `log_steps` asks for them.
    pub fn new(output: &'a Output, log_steps: bool) -> JsonEvents<'a> {
        JsonEvents { output, log_steps }
    }
}

impl Observer for JsonEvents<'_> {
    fn event(&mut self, event: &Event) {
        if self.log_steps || !matches!(event, Event::Step(_)) {
            self.output.result(&format!("{}\n", event.to_json()));
        }
    }

    fn trouble(&mut self, message: &str) {
        self.output.error(message, Some(GOES_ON));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_most_stays_longest() {
        let parts = vec![(0, "loss 0.1".to_owned()), (2, "accuracy 0.9".to_owned()), (1, "3 s left".to_owned())];
        assert_eq!(fit(&parts, 80), "loss 0.1  accuracy 0.9  3 s left");
        assert_eq!(fit(&parts, 20), "loss 0.1  3 s left");
        assert_eq!(fit(&parts, 9), "loss 0.1");
        assert_eq!(fit(&parts, 3), "");
    }
}
