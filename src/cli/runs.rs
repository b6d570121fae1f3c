//! `nnrun runs`: the runs that there are, with their results.

use super::arguments::RunsArgs;
use super::exit::Exit;
use super::output::{BOLD, DIM, Output, paint};
use super::table::{Align, Table};
use super::{failure, files, numbers, runs_compared};
use crate::data::Split;
use crate::diagnostics::{nearest, quoted_list};
use crate::report::moment;
use crate::source::SourceMap;
use crate::train::{self, RunHistory, TrainHistory};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use unicode_width::UnicodeWidthStr;

/// Where runs are.
const RUNS: &str = "runs";
/// Measures that have columns.
const MEASURES: usize = 4;

/// Runs the command.
pub fn runs(output: &Output, args: &RunsArgs) -> Exit {
    if args.of.len() > 1 {
        return runs_compared::compare(output, &args.of, args.json);
    }
    let folder = match folder(output, args.of.first()) {
        Ok(folder) => folder,
        Err(exit) => return exit,
    };
    let mut groups: Vec<Group> = Vec::new();
    for path in train::runs_below(&folder) {
        match RunHistory::summary(&path) {
            Ok(history) => {
                let of = path.parent().unwrap_or(Path::new("")).to_owned();
                match groups.iter_mut().find(|group| group.of == of) {
                    Some(group) => group.runs.push((path, history)),
                    None => groups.push(Group { of, runs: vec![(path, history)] }),
                }
            }
            // One that is named must be one; of others it is told.
            Err(error) if path == folder => return failure::tell(output, &SourceMap::new(), &error),
            Err(error) => output.note(&format!("passed over: {error}")),
        }
    }
    if groups.is_empty() {
        let what = args.of.first().map_or_else(|| RUNS.to_owned(), |path| path.display().to_string());
        output.note(&format!("there are no runs of {what} yet; `nnrun FILE` makes one"));
        return Exit::Fine;
    }
    if let Err(exit) = is_measured(output, args.sort.as_deref(), &groups) {
        return exit;
    }
    groups.iter_mut().for_each(|group| group.sort(args.sort.as_deref()));
    groups.sort_by_key(|group| std::cmp::Reverse(group.runs.iter().filter_map(|(_, h)| h.started).max()));
    for (index, group) in groups.iter().enumerate() {
        if args.json {
            group.as_json(args.sort.as_deref()).iter().for_each(|object| output.result(&format!("{object}\n")));
            continue;
        }
        if index > 0 {
            output.result("\n");
        }
        output.result(&group.table(args.sort.as_deref(), output.width()));
    }
    Exit::Fine
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
    if names.iter().any(|name| name == sort) {
        return Ok(());
    }
    let help = match nearest(sort, names.iter().map(String::as_str)) {
        Some(meant) => format!("a similar one is `{meant}`"),
        None => format!("they have {}", quoted_list(names.iter().map(String::as_str), 8)),
    };
    output.error(&format!("--sort {sort}: no run has this measure"), Some(&help));
    Err(Exit::CommandLine)
}

/// The runs of a program, or those of one folder.
struct Group {
    of: PathBuf,
    runs: Vec<(PathBuf, RunHistory)>,
}

/// A number of the last train of a run.
fn number(history: &RunHistory, measure: &str, split: Split) -> Option<f64> {
    history.trains.last()?.latest(split)?.get(measure)?.as_f64()
}

/// What a column shows of a run.
type Show<'g> = Box<dyn Fn(&Path, &RunHistory) -> String + 'g>;

/// A column of the list.
struct Column<'g> {
    head: String,
    align: Align,
    /// Those with higher numbers give way first where it is narrow.
    rank: usize,
    show: Show<'g>,
}

impl Group {
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

    fn columns<'g>(&'g self, by: &str) -> Vec<Column<'g>> {
        let best = self.best(by);
        let mark = move |path: &Path| if best == Some(path) { " *" } else { "" };
        let last =
            |history: &RunHistory, of: fn(&TrainHistory) -> String| history.trains.last().map_or(String::new(), of);
        let mut columns: Vec<Column> = Vec::new();
        let mut add = |head: &str, align: Align, rank: usize, show: Show<'g>| {
            columns.push(Column { head: head.to_owned(), align, rank, show });
        };
        add("run", Align::Left, 0, Box::new(move |path, _| format!("{}{}", path.display(), mark(path))));
        if self.runs.iter().any(|(_, h)| h.trains.len() > 1 || h.train.is_some()) {
            add("train", Align::Left, 50, Box::new(move |_, h| last(h, TrainHistory::title)));
        }
        let began = |history: &RunHistory| history.started.map_or_else(String::new, moment);
        add("began (UTC)", Align::Left, 20, Box::new(move |_, h| began(h)));
        add("epochs", Align::Right, 10, Box::new(move |_, h| last(h, |train| numbers::count(train.epochs))));
        add("steps", Align::Right, 40, Box::new(move |_, h| last(h, |train| numbers::count(train.steps))));
        add("state", Align::Left, 1, Box::new(|_, h| h.state.word().to_owned()));
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
                let show: Show =
                    Box::new(move |_, h| number(h, &name, split).map_or_else(String::new, numbers::measure));
                add(&head, Align::Right, rank, show);
            }
        }
        columns
    }

    fn table(&self, sort: Option<&str>, width: usize) -> String {
        let by = sort.unwrap_or("loss");
        let mut columns = self.columns(by);
        let text = loop {
            let heads: Vec<(&str, Align)> = columns.iter().map(|column| (column.head.as_str(), column.align)).collect();
            let mut table = Table::new(&heads);
            for (path, history) in &self.runs {
                table.row(columns.iter().map(|column| (column.show)(path, history)).collect());
            }
            let least = columns.iter().map(|column| column.rank).max().unwrap_or(0);
            // A name that is cut could not be used.
            let whole = table.render(usize::MAX, "");
            let is_narrow = anstream::adapter::strip_str(&whole).to_string().lines().all(|line| line.width() <= width);
            if is_narrow || columns.len() < 3 {
                break whole;
            }
            columns.retain(|column| column.rank != least);
        };
        let file = self.runs.first().map_or_else(String::new, |(_, history)| history.file.display().to_string());
        let best = match self.best(by) {
            Some(_) => paint(DIM, &format!("* the best {} {by}\n", self.split(by).name())),
            None => String::new(),
        };
        format!("{}\n{text}{best}", paint(BOLD, &file))
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

/// A train as JSON: how far it came and what is known of each split.
pub(super) fn train_json(train: &TrainHistory) -> Value {
    let of = |split: Split| Some((split.name().to_owned(), Value::Object(train.latest(split)?.clone())));
    let measures: Map<String, Value> = Split::ALL.into_iter().filter_map(of).collect();
    json!({
        "train": train.model, "phase": train.phase, "epochs": train.epochs, "steps": train.steps,
        "stopped": train.stopped, "kept_epoch": train.kept_epoch, "seconds": train.seconds, "measures": measures,
    })
}
