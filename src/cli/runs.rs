//! `nnrun runs`: the runs that there are, with their results.

use super::arguments::RunsArgs;
use super::exit::Exit;
use super::listing::{Column, fitted};
use super::output::{BOLD, DIM, Output, paint};
use super::sweeps_listed as sweeps;
use super::table::{Align, cut};
use super::{failure, files, numbers, runs_compared};
use crate::data::Split;
use crate::diagnostics::{nearest, quoted_list};
use crate::report::moment;
use crate::source::SourceMap;
use crate::train::{self, RunHistory, SweepHistory, TrainHistory};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where runs are.
const RUNS: &str = "runs";
/// Measures that have columns.
const MEASURES: usize = 4;
/// What `--set` said is cut to this.
const LONGEST_SET: usize = 48;

/// Runs the command.
pub fn runs(output: &Output, args: &RunsArgs) -> Exit {
    if args.of.len() > 1 {
        return runs_compared::compare(output, &args.of, args.json);
    }
    let folder = match folder(output, args.of.first()) {
        Ok(folder) => folder,
        Err(exit) => return exit,
    };
    let mut groups: BTreeMap<PathBuf, Group> = BTreeMap::new();
    for path in train::runs_below(&folder) {
        match RunHistory::summary(&path) {
            Ok(history) => {
                if let Some(damage) = &history.damage {
                    output.note(damage);
                }
                groups.entry(beside(&path)).or_default().runs.push((path, history));
            }
            // One that is named must be one; of others it is told.
            Err(error) if path == folder => return failure::tell(output, &SourceMap::new(), &error),
            Err(error) => output.note(&format!("passed over: {error}")),
        }
    }
    for path in train::sweeps_below(&folder) {
        match SweepHistory::read(&path) {
            // One that is named is told below its points.
            Ok(history) => {
                let of = if path == folder { history.points_folder() } else { beside(&path) };
                groups.entry(of).or_default().sweeps.push((path, history));
            }
            Err(error) if path == folder => return failure::tell(output, &SourceMap::new(), &error),
            Err(error) => output.note(&format!("passed over: {error}")),
        }
    }
    if groups.is_empty() {
        let what = args.of.first().map_or_else(|| RUNS.to_owned(), |path| path.display().to_string());
        output.note(&format!("there are no runs of {what} yet; `nnrun FILE` makes one"));
        return Exit::Fine;
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    if let Err(exit) = is_measured(output, args.sort.as_deref(), &groups) {
        return exit;
    }
    groups.iter_mut().for_each(|group| group.sort(args.sort.as_deref()));
    groups.sort_by_key(|group| std::cmp::Reverse(group.newest()));
    for (index, group) in groups.iter().enumerate() {
        if args.json {
            let sweeps = group.sweeps.iter().map(|(path, history)| sweeps::as_json(path, history));
            let objects = group.as_json(args.sort.as_deref()).into_iter().chain(sweeps);
            objects.for_each(|object| output.result(&format!("{object}\n")));
            continue;
        }
        if index > 0 {
            output.result("\n");
        }
        output.result(&group.text(args.sort.as_deref(), output.width()));
    }
    Exit::Fine
}

/// The folder that a run is in, with others of its program.
fn beside(run: &Path) -> PathBuf {
    run.parent().unwrap_or(Path::new("")).to_owned()
}

/// The folder of the runs that are meant.
fn folder(output: &Output, of: Option<&PathBuf>) -> Result<PathBuf, Exit> {
    let Some(path) = of else { return Ok(PathBuf::from(RUNS)) };
    if path.is_dir() {
        return Ok(path.clone());
    }
    let folder = train::runs_of(path, Path::new(RUNS));
    // The program may be gone, its runs are not.
    if path.extension().is_some_and(|ending| ending == "nn") && folder.is_dir() {
        return Ok(folder);
    }
    files::readable(output, path)?;
    Ok(folder)
}

/// Whether some run has what they are to be sorted by.
fn is_measured(output: &Output, sort: Option<&str>, groups: &[Group]) -> Result<(), Exit> {
    let Some(sort) = sort else { return Ok(()) };
    let all = groups.iter().flat_map(|group| group.measures());
    let mut names: Vec<String> = all.collect();
    names.sort();
    names.dedup();
    if groups.iter().all(|group| group.runs.is_empty()) || names.iter().any(|name| name == sort) {
        return Ok(());
    }
    let help = match nearest(sort, names.iter().map(String::as_str)) {
        Some(meant) => format!("a similar one is `{meant}`"),
        None => format!("they have {}", quoted_list(names.iter().map(String::as_str), 8)),
    };
    output.error(&format!("--sort {sort}: no run has this measure"), Some(&help));
    Err(Exit::CommandLine)
}

/// The runs and sweeps of a program, or those of one folder.
#[derive(Default)]
struct Group {
    runs: Vec<Listed>,
    sweeps: Vec<(PathBuf, SweepHistory)>,
}

/// A run, where it was found.
type Listed = (PathBuf, RunHistory);

/// A number of the last train of a run.
fn number(history: &RunHistory, measure: &str, split: Split) -> Option<f64> {
    history.trains.last()?.latest(split)?.get(measure)?.as_f64()
}

impl Group {
    /// When the last of it began.
    fn newest(&self) -> Option<u64> {
        let runs = self.runs.iter().filter_map(|(_, history)| history.started);
        runs.chain(self.sweeps.iter().filter_map(|(_, history)| history.started)).max()
    }

    /// The measures that are numbers, in the order of the first run that has them.
    fn measures(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (_, history) in &self.runs {
            let Some(train) = history.trains.last() else { continue };
            for measures in Split::ALL.into_iter().filter_map(|split| train.latest(split)) {
                for (name, value) in measures {
                    if value.is_number() && !names.contains(name) {
                        names.push(name.clone());
                    }
                }
            }
        }
        names
    }

    /// The split on which runs are held against each other.
    fn split(&self, measure: &str) -> Split {
        let has = |split: &Split| self.runs.iter().any(|(_, history)| number(history, measure, *split).is_some());
        [Split::Validation, Split::Test].into_iter().find(has).unwrap_or(Split::Train)
    }

    fn is_rising(&self, measure: &str) -> bool {
        self.runs.iter().filter_map(|(_, history)| history.trains.last()).any(|train| train.is_rising(measure))
    }

    fn sort(&mut self, by: Option<&str>) {
        let number_of = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u64>().ok());
        self.runs.sort_by_key(|(path, history)| {
            (std::cmp::Reverse(history.started), std::cmp::Reverse(number_of(path)), path.clone())
        });
        self.sweeps
            .sort_by_key(|(path, history)| (std::cmp::Reverse(history.started), std::cmp::Reverse(path.clone())));
        let Some(by) = by else { return };
        let (split, is_rising) = (self.split(by), self.is_rising(by));
        // What was not measured comes last.
        let key = |history: &RunHistory| match number(history, by, split) {
            Some(x) if is_rising => -x,
            Some(x) => x,
            None => f64::INFINITY,
        };
        self.runs.sort_by(|(_, a), (_, b)| key(a).total_cmp(&key(b)));
    }

    /// The best of those that came to their end, where there are several.
    fn best(&self, measure: &str) -> Option<&Path> {
        let (split, is_rising) = (self.split(measure), self.is_rising(measure));
        let of = |(path, history): &'_ (PathBuf, RunHistory)| {
            let value = number(history, measure, split).filter(|_| history.state.is_at_its_end())?;
            Some((path.clone(), if is_rising { -value } else { value }))
        };
        let all: Vec<(PathBuf, f64)> = self.runs.iter().filter_map(of).collect();
        let (best, _) = all.iter().filter(|_| all.len() > 1).min_by(|a, b| a.1.total_cmp(&b.1))?;
        self.runs.iter().map(|(path, _)| path.as_path()).find(|path| path == best)
    }

    fn columns<'g>(&'g self, by: &str) -> Vec<Column<'g, Listed>> {
        let best = self.best(by);
        let mark = move |path: &Path| if best == Some(path) { " *" } else { "" };
        let last =
            |history: &RunHistory, of: fn(&TrainHistory) -> String| history.trains.last().map_or(String::new(), of);
        let mut columns: Vec<Column<Listed>> = Vec::new();
        let mut add = |head: &str, align: Align, rank: usize, show: Box<dyn Fn(&Listed) -> String + 'g>| {
            columns.push(Column { head: head.to_owned(), align, rank, show });
        };
        add("run", Align::Left, 0, Box::new(move |(path, _)| format!("{}{}", path.display(), mark(path))));
        if self.runs.iter().any(|(_, h)| h.trains.len() > 1 || h.train.is_some()) {
            add("train", Align::Left, 50, Box::new(move |(_, h)| last(h, TrainHistory::title)));
        }
        if self.runs.iter().any(|(_, h)| !h.set.is_empty()) {
            add("--set", Align::Left, 3, Box::new(|(_, h)| set(h)));
        }
        let began = |history: &RunHistory| history.started.map_or_else(String::new, moment);
        add("began (UTC)", Align::Left, 20, Box::new(move |(_, h)| began(h)));
        add("epochs", Align::Right, 10, Box::new(move |(_, h)| last(h, |train| numbers::count(train.epochs))));
        add("steps", Align::Right, 40, Box::new(move |(_, h)| last(h, |train| numbers::count(train.steps))));
        add("state", Align::Left, 1, Box::new(|(_, h)| h.state.word().to_owned()));
        let mut names = self.measures();
        // What they are sorted by stands first, and stays longest.
        names.sort_by_key(|name| name != by);
        for (place, name) in names.into_iter().take(MEASURES).enumerate() {
            let has = |split: Split| self.runs.iter().any(|(_, history)| number(history, &name, split).is_some());
            let (validation, test) = (has(Split::Validation), has(Split::Test));
            let splits = [
                (Split::Validation, "val", validation),
                (Split::Test, "test", test),
                (Split::Train, "train", !validation && !test),
            ];
            for (at, (split, short, _)) in splits.into_iter().filter(|(.., is_shown)| *is_shown).enumerate() {
                let rank = if place == 0 && at == 0 { 2 } else { 4 + 12 * place + 4 * at };
                let (head, name) = (format!("{short} {name}"), name.clone());
                let show = move |(_, h): &Listed| number(h, &name, split).map_or_else(String::new, numbers::measure);
                add(&head, Align::Right, rank, Box::new(show));
            }
        }
        columns
    }

    /// Everything about it, under the name of its program.
    fn text(&self, sort: Option<&str>, width: usize) -> String {
        let of_runs = self.runs.first().map(|(_, history)| &history.file);
        let file = of_runs.or(self.sweeps.first().map(|(_, history)| &history.file));
        let name = file.map_or_else(String::new, |file| file.display().to_string());
        let mut text = format!("{}\n", paint(BOLD, &name));
        if !self.runs.is_empty() {
            let by = sort.unwrap_or("loss");
            text.push_str(&fitted(self.columns(by), &self.runs, width));
            if self.best(by).is_some() {
                text.push_str(&paint(DIM, &format!("* the best {} {by}\n", self.split(by).name())));
            }
        }
        if !self.sweeps.is_empty() {
            if !self.runs.is_empty() {
                text.push('\n');
            }
            text.push_str(&sweeps::table(&self.sweeps, width));
        }
        text
    }

    fn as_json(&self, sort: Option<&str>) -> Vec<Value> {
        let best = self.best(sort.unwrap_or("loss"));
        let object = |(path, history): &(PathBuf, RunHistory)| {
            let trains: Vec<Value> = history.trains.iter().map(train_json).collect();
            json!({
                "run": path.display().to_string(), "file": history.file.display().to_string(),
                "started": history.started, "state": history.state.word(), "nnrun": history.nnrun,
                "trains": trains, "best": best == Some(path.as_path()),
            })
        };
        self.runs.iter().map(object).collect()
    }
}

/// `width=64 rate=0.01`
fn set(history: &RunHistory) -> String {
    let all: Vec<String> = history.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
    cut(&all.join(" "), LONGEST_SET)
}

/// A train as JSON: how far it came and what is known of each split.
pub(super) fn train_json(train: &TrainHistory) -> Value {
    let of = |split: Split| Some((split.name().to_owned(), Value::Object(train.latest(split)?.clone())));
    let measures: Map<String, Value> = Split::ALL.into_iter().filter_map(of).collect();
    json!({
        "train": train.model, "phase": train.phase, "epochs": train.epochs, "steps": train.steps,
        "stopped": train.stopped, "kept_epoch": train.kept_epoch, "seconds": train.seconds, "measures": measures,
    })
}
