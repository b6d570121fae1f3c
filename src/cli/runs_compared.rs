//! `nnrun runs A B …`: what is different between runs: settings, measures, programs.

use super::diff;
use super::exit::Exit;
use super::failure;
use super::numbers;
use super::output::{BOLD, Output, paint};
use super::table::{Align, Table};
use crate::compare::differences;
use crate::data::Split;
use crate::source::SourceMap;
use crate::train::{RunHistory, program_of};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use unicode_width::UnicodeWidthStr;

/// Of a fingerprint so much tells two apart.
const FINGERPRINT: usize = 8;

/// A setting or a measure, and what it is in each run; none where a run has none.
struct Row {
    name: String,
    values: Vec<Option<String>>,
}

/// Compares runs: each with the first.
pub fn compare(output: &Output, runs: &[PathBuf], json: bool) -> Exit {
    let mut histories = Vec::new();
    for run in runs {
        match RunHistory::read(run) {
            Ok(history) => histories.push(history),
            Err(error) => return failure::tell(output, &SourceMap::new(), &error),
        }
    }
    let names: Vec<String> = runs.iter().map(|run| run.display().to_string()).collect();
    let different: Vec<Row> = rows(&histories).into_iter().filter(Row::differs).collect();
    if json {
        for row in &different {
            let values: Map<String, Value> =
                names.iter().cloned().zip(row.values.iter().map(|value| json!(value))).collect();
            output.result(&format!("{}\n", json!({ "setting": row.name, "values": values })));
        }
    } else if different.is_empty() {
        output.say("settings and measures are the same");
    } else {
        output.result(&tables(&names, &different, output.width()));
    }
    let mut exit = Exit::Fine;
    for (index, name) in names.iter().enumerate().skip(1) {
        let (Some(first), Some(before), Some(after)) = (names.first(), histories.first(), histories.get(index)) else {
            continue;
        };
        exit = exit.max(programs(output, (first, before), (name, after), json));
    }
    exit
}

/// What is different between the programs of two runs.
fn programs(output: &Output, before: (&str, &RunHistory), after: (&str, &RunHistory), json: bool) -> Exit {
    let heading = paint(BOLD, &format!("the program of {}, against {}", after.0, before.0));
    let same = |text: &str| {
        if !json {
            output.result(&format!("\n{heading}\n  {text}\n"));
        }
        Exit::Fine
    };
    let copies = |history: &RunHistory| {
        let imports: Vec<_> = history.imports.iter().map(|(file, copy)| (file.clone(), history.copy(copy))).collect();
        (history.source(), imports)
    };
    // What was asked for on the command line changes what a program means.
    let asked = |h: &RunHistory| (h.set.clone(), h.epochs, h.seed);
    if copies(before.1) == copies(after.1) && before.1.source().is_ok() && asked(before.1) == asked(after.1) {
        return same("is the same");
    }
    let checked = |history: &RunHistory| {
        program_of(&history.directory).map_err(|failed| failure::tell(output, &failed.sources, &failed.error))
    };
    let found = match (checked(before.1), checked(after.1)) {
        (Ok(before), Ok(after)) => differences(&before, &after),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    if json {
        for one in &found {
            let object = json!({
                "before": before.0, "after": after.0, "subject": one.subject, "change": one.change, "line": one.line,
                "kind": diff::word(one.kind),
            });
            output.result(&format!("{object}\n"));
        }
        return Exit::Fine;
    }
    if found.is_empty() {
        return same("means the same");
    }
    output.result(&format!("\n{heading}\n"));
    found.iter().for_each(|one| output.result(&format!("  {}\n", diff::line(one))));
    Exit::Fine
}

/// The rows in as many tables as it takes for none to be too wide.
fn tables(names: &[String], rows: &[Row], width: usize) -> String {
    let table = |from: usize, to: usize| {
        let mut columns = vec![("", Align::Left)];
        columns.extend(names.iter().take(to).skip(from).map(|name| (name.as_str(), Align::Right)));
        let mut table = Table::new(&columns);
        for row in rows {
            let values: Vec<_> = row.values.iter().take(to).skip(from).collect();
            if values.iter().any(|value| value.is_some()) {
                let cells = values.into_iter().map(|value| value.clone().unwrap_or_default());
                table.row(std::iter::once(row.name.clone()).chain(cells).collect());
            }
        }
        table.render(usize::MAX, "")
    };
    let fits = |text: &str| anstream::adapter::strip_str(text).to_string().lines().all(|line| line.width() <= width);
    let mut text = String::new();
    let mut from = 0;
    while from < names.len() {
        let all = (from + 1..=names.len()).rev().map(|to| (to, table(from, to)));
        let Some((to, drawn)) = all.into_iter().find(|(to, text)| *to == from + 1 || fits(text)) else { break };
        if from > 0 {
            text.push('\n');
        }
        text.push_str(&drawn);
        from = to;
    }
    text
}

impl Row {
    fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| matches!(pair, [a, b] if a != b))
    }
}

/// Everything that may be different, in the order of the first run that has it.
fn rows(histories: &[RunHistory]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (run, history) in histories.iter().enumerate() {
        for (name, value) in facts(history) {
            let at = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
                rows.push(Row { name, values: vec![None; histories.len()] });
                rows.len() - 1
            });
            if let Some(place) = rows.get_mut(at).and_then(|row| row.values.get_mut(run)) {
                *place = Some(value);
            }
        }
    }
    rows
}

/// What is known of a run: name and value.
fn facts(history: &RunHistory) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: Option<String>| all.extend(value.map(|value| (name.to_owned(), value)));
    let short = |text: &str| text.chars().take(FINGERPRINT).collect::<String>();
    add("file", Some(history.file.display().to_string()));
    add("state", Some(history.state.word().to_owned()));
    add("nnrun", Some(history.nnrun.clone()));
    add("machine", history.platform.clone());
    for (name, value) in &history.set {
        add(&format!("--set {name}"), Some(value.clone()));
    }
    add("--epochs", history.epochs.map(|n| n.to_string()));
    add("--seed", history.seed.map(|n| n.to_string()));
    add("--train", history.train.clone());
    for file in &history.data {
        let name = file.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        add(&format!("data {name}"), Some(short(&file.fingerprint)));
    }
    for train in &history.trains {
        let of = match history.trains.len() {
            1 => String::new(),
            _ => format!("{}: ", train.title()),
        };
        let mut add = |name: &str, value: Option<String>| add(&format!("{of}{name}"), value);
        add("parameters", train.parameters.map(numbers::count));
        add("optimizer", train.optimizer.clone());
        add("batch", train.batch.map(|batch| batch.to_string()));
        add("accumulate", train.accumulate.map(|batches| batches.to_string()));
        add("seed", train.seed.map(|seed| seed.to_string()));
        add("epochs", Some(numbers::count(train.epochs)));
        add("steps", Some(numbers::count(train.steps)));
        add("kept epoch", train.kept_epoch.map(|epoch| epoch.to_string()));
        add("took", (train.seconds > 0.0).then(|| numbers::seconds(train.seconds)));
        for (split, measures) in Split::ALL.into_iter().filter_map(|split| Some((split, train.latest(split)?))) {
            for (name, value) in measures {
                add(&format!("{} {name}", split.name()), value.as_f64().map(numbers::measure));
            }
        }
    }
    all
}
