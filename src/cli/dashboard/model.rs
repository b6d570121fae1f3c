//! What the dashboard knows: events in, numbers out. Nothing here draws, and time comes from outside.

use super::layers::Layers;
use super::series::Series;
use crate::check::{Length, Program};
use crate::data::Split;
use crate::report::{Across, Curve};
use crate::train::{Done, Epoch, Event, Gradients, Measures, Point, Start, Step};
use std::collections::VecDeque;

/// The rate of the last seconds is told, by marks so far apart.
const BETWEEN_MARKS: f64 = 0.5;
/// So many of them.
const MARKS: usize = 12;
/// Messages that are remembered.
const MESSAGES: usize = 20;
/// How much the newest step counts in the smoothed loss.
const SMOOTHING: f64 = 0.05;
/// Epochs that have to be over before the axis counts them: in one alone there is nothing to count.
const COUNTED_EPOCHS: f64 = 2.0;
/// What the learning rate and the norm of all gradients are called among the curves.
const RATE: &str = "learning rate";
const NORM: &str = "gradient norm";
/// And the gradients of layers, in all the room that there is.
pub const LAYERS: &str = "layers";

/// The state of the dashboard.
#[derive(Debug, Default)]
pub struct Model {
    /// What was begun so far, in order.
    pub trains: Vec<TrainView>,
    /// Which of them is looked at; the newest where nobody chose.
    pub chosen: Option<usize>,
    /// What is drawn of it.
    pub measure: String,
    /// Whether curves are drawn over powers of ten.
    pub is_logarithmic: bool,
    /// Whether the keys are explained.
    pub helps: bool,
    /// Whether the gradients of each weight are shown, beside those of layers.
    pub shows_weights: bool,
    /// The layers that are scrolled past.
    pub scrolled: usize,
    /// What somebody should know, the newest at the end.
    pub messages: VecDeque<String>,
    /// How the run was asked to end.
    pub stopping: Stopping,
    /// Bytes that the process holds, where the system says so.
    pub memory: Option<u64>,
    /// Counts what happened, so that nothing is drawn twice.
    pub changes: u64,
}

/// How the run was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stopping {
    /// It was not.
    #[default]
    No,
    /// Behind the epoch that is being done.
    AfterEpoch,
    /// Behind the step that is being done.
    Now,
}

/// One train.
#[derive(Debug)]
pub struct TrainView {
    /// How it began.
    pub start: Start,
    /// The name of its data.
    pub data: String,
    /// How long it is.
    pub length: Length,
    /// Examples of a step.
    pub batch: usize,
    /// What `keep` goes by, else the loss; with whether more is better.
    pub watched: (Split, String, bool),
    /// Whether the best weights are kept, and not the last.
    pub keeps: bool,
    /// The best of what is watched, and its epoch.
    pub best: Option<(f64, u64)>,
    /// The last step.
    pub step: Option<Step>,
    /// Smoothed over the last steps.
    pub loss: Option<f64>,
    /// The last report.
    pub latest: Option<Epoch>,
    /// How large the gradients are.
    pub layers: Layers,
    /// How it ended.
    pub done: Option<Done>,
    /// Where it diverged.
    pub diverged: Option<String>,
    began: f64,
    heard: f64,
    marks: VecDeque<(f64, u64)>,
    steps: Series,
    rates: Series,
    norms: Series,
    /// By measure, what was reported of train and validation.
    reports: Vec<(String, [Series; 2])>,
}

impl Model {
    /// Takes an event at a time, in seconds since whenever.
    pub fn event(&mut self, event: &Event, program: &Program, now: f64) {
        self.changes += 1;
        if let Event::Start(start) = event {
            self.trains.push(TrainView::new(start, program, now));
            return;
        }
        let Some(train) = self.trains.last_mut() else { return };
        train.heard = now;
        match event {
            Event::Step(step) => train.step(step, now),
            Event::Epoch(epoch) => train.report(epoch),
            Event::Gradients(found) => train.gradients(found),
            Event::Done(done) => train.done = Some(done.clone()),
            Event::Diverged(divergence) => {
                train.diverged = Some(format!("diverged in step {} of epoch {}", divergence.step, divergence.epoch));
            }
            Event::Start(_) | Event::Expect(_) => {}
        }
    }

    /// What the train before it was stopped had reported.
    pub fn remember(&mut self, points: &[Point]) {
        let Some(train) = self.trains.last_mut() else { return };
        points.iter().for_each(|point| train.remember(point));
    }

    /// Takes something that somebody should know.
    pub fn say(&mut self, message: &str) {
        self.changes += 1;
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(message.to_owned());
    }

    /// The train that is looked at, and which it is.
    pub fn shown(&self) -> Option<(usize, &TrainView)> {
        let last = self.trains.len().checked_sub(1)?;
        let at = self.chosen.unwrap_or(last).min(last);
        Some((at, self.trains.get(at)?))
    }

    /// The curve that is drawn, by its place among those of the train.
    pub fn measure_of(&self, train: &TrainView) -> usize {
        train.measures().iter().position(|name| *name == self.measure).unwrap_or(0)
    }

    /// Draws the curve so many places further.
    pub fn turn(&mut self, by: isize) {
        let Some((_, train)) = self.shown() else { return };
        let names = train.measures();
        let at = (self.measure_of(train) + names.len()).saturating_add_signed(by) % names.len().max(1);
        if let Some(name) = names.get(at) {
            self.measure = (*name).to_owned();
        }
    }

    /// Looks at the train so many places further.
    pub fn go(&mut self, by: isize) {
        let (Some((at, _)), Some(last)) = (self.shown(), self.trains.len().checked_sub(1)) else { return };
        let to = at.saturating_add_signed(by).min(last);
        // Whoever looks at the newest wants to see the next one, too.
        self.chosen = (to < last).then_some(to);
        self.scrolled = 0;
    }
}

impl TrainView {
    fn new(start: &Start, program: &Program, now: f64) -> TrainView {
        let train = start.number.0.checked_sub(1).and_then(|index| program.trains.get(index));
        let data = train.and_then(|train| program.data.get(train.data));
        let keep = train.and_then(|train| train.settings.keep.as_ref());
        let [_, validation, _] = start.examples;
        let split = if validation > 0 { Split::Validation } else { Split::Train };
        let watched = keep.map_or((split, "loss".to_owned(), false), |measure| {
            (measure.split, measure.metric.to_string(), measure.higher_is_better)
        });
        TrainView {
            data: data.map_or("its data", |data| &*data.name).to_owned(),
            length: train.map_or(Length::Steps(start.steps), |train| train.settings.length),
            batch: train.map_or(1, |train| train.settings.examples_per_step()),
            watched,
            keeps: keep.is_some(),
            best: None,
            step: None,
            loss: None,
            latest: None,
            layers: Layers::default(),
            done: None,
            diverged: None,
            began: now,
            heard: now,
            marks: VecDeque::with_capacity(MARKS),
            steps: Series::default(),
            rates: Series::default(),
            norms: Series::default(),
            reports: Vec::new(),
            start: start.clone(),
        }
    }

    /// Takes no memory: it is called at every step.
    fn step(&mut self, step: &Step, now: f64) {
        self.loss = Some(match self.loss {
            Some(before) if before.is_finite() => before + SMOOTHING * (step.loss - before),
            _ => step.loss,
        });
        self.step = Some(*step);
        self.steps.push(step.step as f64, step.loss);
        self.rates.push(step.step as f64, step.lr);
        if self.marks.back().is_none_or(|(at, _)| now - at >= BETWEEN_MARKS) {
            if self.marks.len() == MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back((now, step.step));
        }
    }

    fn report(&mut self, report: &Epoch) {
        for (split, measures) in [(Split::Train, Some(&report.train)), (Split::Validation, report.validation.as_ref())]
        {
            for (name, value) in measures.into_iter().flat_map(numbers) {
                self.measured(split, name, report.step, report.epoch, value);
            }
        }
        self.latest = Some(report.clone());
    }

    /// What an earlier process reported.
    fn remember(&mut self, point: &Point) {
        for (split, measures) in [(Split::Train, Some(&point.train)), (Split::Validation, point.validation.as_ref())] {
            for (name, value) in measures.into_iter().flatten() {
                let number = if value.is_null() { Some(f64::NAN) } else { value.as_f64() };
                let Some(number) = number else { continue };
                self.measured(split, name, point.step, point.epoch, number);
                if split == Split::Train && name == "loss" {
                    self.steps.push(point.step as f64, number);
                }
            }
        }
        self.rates.push(point.step as f64, point.lr.unwrap_or(f64::NAN));
    }

    fn measured(&mut self, split: Split, name: &str, step: u64, epoch: u64, value: f64) {
        let at = self.reports.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.reports.push((name.to_owned(), Default::default()));
            self.reports.len() - 1
        });
        let Some((_, [train, validation])) = self.reports.get_mut(at) else { return };
        let series = if split == Split::Validation { validation } else { train };
        series.push(step as f64, value);
        let (watched, metric, higher_is_better) = &self.watched;
        if *watched != split || metric != name || value.is_nan() {
            return;
        }
        let is_better = self.best.is_none_or(|(best, _)| if *higher_is_better { value > best } else { value < best });
        if is_better {
            self.best = Some((value, epoch));
        }
    }

    fn gradients(&mut self, found: &Gradients) {
        self.layers.push(found);
        if let Some(total) = self.layers.total().filter(|_| found.missing.is_none()) {
            self.norms.push(found.step as f64, total);
        }
    }

    /// What can be drawn, the loss first.
    pub fn measures(&self) -> Vec<&str> {
        let mut names = vec!["loss"];
        names.extend(self.reports.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "loss"));
        names.push(RATE);
        if !self.norms.is_empty() {
            names.extend([NORM, LAYERS]);
        }
        names
    }

    /// The curves of a measure, of at most about so many points, and what they are over.
    pub fn curves(&self, measure: &str, most: usize) -> (Across, Vec<Curve>) {
        let none = [Series::default(), Series::default()];
        let [train, validation] =
            self.reports.iter().find(|(name, _)| name == measure).map_or(&none, |(_, reports)| reports);
        let drawn: Vec<(&str, &Series)> = match measure {
            RATE | NORM => vec![(measure, if measure == RATE { &self.rates } else { &self.norms })],
            // Steps tell of the loss as it goes, and sooner.
            "loss" => vec![("train", &self.steps), ("validation", validation)],
            _ => vec![("train", train), ("validation", validation)],
        };
        let per_epoch = self.start.steps_per_epoch.max(1) as f64;
        let steps = self.step.map_or(0, |step| step.step) as f64;
        let is_by_epoch = matches!(self.length, Length::Epochs(_)) && steps >= COUNTED_EPOCHS * per_epoch;
        let by = if is_by_epoch { per_epoch } else { 1.0 };
        let curve = |(name, series): (&str, &Series)| {
            let points: Vec<(f64, f64)> = series.points(most).into_iter().map(|(at, y)| (at / by, y)).collect();
            (!points.is_empty()).then(|| Curve { name: name.to_owned(), points })
        };
        let across = if is_by_epoch { Across::Epochs } else { Across::Steps };
        (across, drawn.into_iter().filter_map(curve).collect())
    }

    /// The newest number of a measure on a split, as it was reported.
    pub fn reported(&self, split: &str, measure: &str) -> Option<f64> {
        match (measure, &self.latest) {
            (RATE, _) => self.step.map(|step| step.lr),
            (NORM, _) => self.layers.total(),
            ("loss", _) if split == "train" => self.loss,
            (_, Some(latest)) if split == "train" => latest.train.number(measure),
            (_, Some(latest)) => latest.validation.as_ref()?.number(measure),
            (_, None) => None,
        }
    }

    /// Steps that are done, of how many.
    pub fn place(&self) -> (u64, u64) {
        (self.step.map_or(self.start.from.1, |step| step.step), self.start.steps)
    }

    /// The epoch that is being done.
    pub fn epoch(&self) -> u64 {
        self.step.map_or(self.start.from.0.max(1), |step| step.epoch)
    }

    /// Examples a second, in the last seconds.
    pub fn examples_per_second(&self) -> Option<f64> {
        let (since, from) = *self.marks.front()?;
        let steps = self.place().0.saturating_sub(from);
        let seconds = self.heard - since;
        (seconds >= BETWEEN_MARKS && steps > 0).then(|| steps as f64 * self.batch as f64 / seconds)
    }

    /// Seconds that it will take to its end, at the pace that it had from its beginning.
    pub fn left(&self, now: f64) -> Option<f64> {
        let (done, all) = self.place();
        let seconds = now - self.began;
        let here = done.saturating_sub(self.start.from.1);
        let is_told = here > 0 && seconds >= BETWEEN_MARKS && self.done.is_none() && self.diverged.is_none();
        is_told.then(|| all.saturating_sub(done) as f64 * seconds / here as f64)
    }

    /// Seconds that it has taken here.
    pub fn seconds(&self, now: f64) -> f64 {
        self.done.as_ref().map_or(now - self.began, |done| done.seconds)
    }
}

/// The measures that are numbers.
fn numbers(measures: &Measures) -> impl Iterator<Item = (&str, f64)> {
    measures.values.iter().filter_map(|(name, _)| Some((&**name, measures.number(name)?)))
}
