//! What is seen of a sweep: a line a point, the table, the best.

use super::numbers;
use super::output::{BOLD, CYAN, DIM, GREEN, Output, RED, paint};
use super::table::{Align, Table, cut};
use crate::check::{Overrides, Sweep, Tries};
use crate::diagnostics::shell_word;
use crate::train::{PointResult, PointStatus, Row, Search, SweepEvent, SweepOptions, SweepOutcome, TestedBest};
use serde_json::{Map, Value, json};
use std::path::Path;
use unicode_width::UnicodeWidthStr;

/// So many points stand in the table; all of them are in its file.
const SHOWN: usize = 25;
/// Values of hypers are cut to this where there is no room.
const NARROW: usize = 8;

/// A sweep at its end, or interrupted.
pub struct Ended<'e> {
    /// What was swept.
    pub sweep: &'e Sweep,
    /// The program, as it was named.
    pub file: &'e Path,
    /// What the command line changed for all points.
    pub overrides: &'e Overrides,
    /// What came of it.
    pub outcome: &'e SweepOutcome,
    /// 1 without halving.
    pub rungs: usize,
}

/// What is going to happen.
pub fn begin(output: &Output, search: &Search, options: &SweepOptions, json: bool) {
    let (sweep, (points, found)) = (search.sweep(), search.counts());
    let (file, directory) = (search.file().display(), search.directory().display());
    if json {
        let object = json!({
            "event": "sweep", "file": file.to_string(), "points": points, "found": found,
            "best": sweep.best.written(), "rungs": search.rungs(), "threads": options.threads, "jobs": options.jobs,
            "sweep": directory.to_string(),
        });
        return output.result(&format!("{object}\n"));
    }
    output.say(&paint(BOLD, &format!("the sweep of {file}")));
    let names: Vec<&str> = sweep.axes.iter().map(|axis| &*axis.name).collect();
    let how = match sweep.tries {
        Tries::Grid => "the grid",
        Tries::Random { .. } => "random points",
    };
    let counted = numbers::counted(points as u64, "point");
    let at_once = if options.jobs > 1 { format!("{} at once · ", options.jobs) } else { String::new() };
    let threads = numbers::counted(options.threads as u64, "thread");
    let lines = [
        format!("{counted}: {how} of {}", names.join(", ")),
        format!("best by {}{} · {at_once}{threads}", sweep.best.written(), of_train(search)),
        format!("in {directory}"),
    ];
    lines.iter().for_each(|line| output.say(&paint(DIM, line)));
    if found > 0 {
        output.say(&paint(DIM, &format!("goes on: {} there already", numbers::counted(found as u64, "result"))));
    }
}

/// A line a point.
pub fn event(output: &Output, sweep: &Sweep, event: &SweepEvent, json: bool) {
    match event {
        SweepEvent::Trouble(trouble) => output.note(trouble),
        SweepEvent::Rung { number, points } if json => {
            let object = json!({ "event": "rung", "rung": number.0, "of": number.1, "points": points });
            output.result(&format!("{object}\n"));
        }
        SweepEvent::Rung { number: (rung, of), points } => {
            let counted = numbers::counted(*points as u64, "point");
            output.say(&paint(DIM, &format!("rung {rung} of {of}: {counted}")));
        }
        SweepEvent::Point { row, .. } if json => output.result(&format!("{}\n", point_json(row))),
        SweepEvent::Point { row, done } => {
            output.say(&point_line(row, *done, sweep, output.width()));
            if let Some(error) = &row.result.error {
                output.error(&format!("point {}: {error}", row.result.point), None);
            }
        }
    }
}

/// ` 3/24  width=64 rate=0.0031  loss 0.2312  0.12 s`; where there is no room for names, only the values.
fn point_line(row: &Row, (done, of): (usize, usize), sweep: &Sweep, width: usize) -> String {
    let (result, style, time) = match row.result.status {
        PointStatus::Diverged => (format!("diverged at step {}", row.result.steps), Some(RED), String::new()),
        PointStatus::Failed => ("failed".to_owned(), Some(RED), String::new()),
        PointStatus::Finished | PointStatus::Paused => {
            let value = row.value.map_or_else(|| "no number".to_owned(), numbers::measure);
            let time = format!("  {}", numbers::seconds(row.result.seconds));
            (format!("{} {value}", sweep.best.measure.metric), None, time)
        }
    };
    let digits = of.to_string().len();
    let room = width.saturating_sub(2 * digits + 1 + 2 + 2 + result.width() + time.width()).max(NARROW);
    let named: Vec<String> = row.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let values: Vec<&str> = row.set.iter().map(|(_, value)| value.as_str()).collect();
    let named = named.join(" ");
    let set = if named.width() <= room { named } else { cut(&values.join(" "), room) };
    let result = style.map_or(result.clone(), |style| paint(style, &result));
    format!("{}  {set}  {result}{}", paint(DIM, &format!("{done:>digits$}/{of}")), paint(DIM, &time))
}

/// Of which train a measure is, where there are several.
fn of_train(search: &Search) -> String {
    search.measured_train().map_or(String::new(), |train| format!(" of {train}"))
}

/// The table, the best, and where everything is.
pub fn end(output: &Output, ended: &Ended, json: bool) {
    let outcome = ended.outcome;
    let directory = outcome.directory.display();
    if json {
        if let Some(best) = &outcome.best {
            output.result(&format!("{}\n", best_json(ended, best)));
        } else if outcome.is_interrupted {
            let object = json!({ "event": "interrupted", "sweep": directory.to_string() });
            output.result(&format!("{object}\n"));
        }
        return;
    }
    if outcome.is_interrupted {
        output.say(&format!("\n{} {directory}", paint(DIM, "saved in")));
        output.say(&format!("{} nnrun resume {}", paint(DIM, "go on with"), shell_word(&directory.to_string())));
        return;
    }
    output.say(&format!("\n{}", table(ended, output.width()).trim_end_matches('\n')));
    match &outcome.best {
        Some(best) => tell_best(output, ended, best),
        None => output.error(
            "no point came to a result, so none is the best",
            outcome
                .rows
                .iter()
                .any(|row| row.result.status == PointStatus::Diverged)
                .then_some("a smaller learning rate, or `clip: norm(1.0)`, keeps training from diverging"),
        ),
    }
    output.say(&format!("\n{} {directory}", paint(DIM, "saved in")));
    output.say(&paint(DIM, "in it: table.csv, sweep.svg, and the run of each point"));
}

fn tell_best(output: &Output, ended: &Ended, best: &TestedBest) {
    let value = format!("{} {}", ended.sweep.best.name(), numbers::measure(best.value));
    output.say(&format!("\n{} point {}, {value}", paint(GREEN, "best:"), best.point));
    let several = best.test.len() > 1;
    for (model, measures) in &best.test {
        let of = if several { format!(" ({model})") } else { String::new() };
        let numbers: Vec<String> = measures
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some(format!("{name} {}", numbers::measure(value.as_f64()?))))
            .collect();
        output.say(&format!("{}{of} {}", paint(CYAN, "on the test split, this once:"), numbers.join("  ")));
    }
    output.say(&format!("  {}", command(ended, best)));
}

/// How the best point is run by itself.
fn command(ended: &Ended, best: &TestedBest) -> String {
    let overrides = ended.overrides;
    let mut words = vec!["nnrun".to_owned(), shell_word(&ended.file.display().to_string())];
    words.extend(overrides.epochs.map(|epochs| format!("--epochs {epochs}")));
    words.extend(overrides.seed.map(|seed| format!("--seed {seed}")));
    let set: Vec<(String, String)> = overrides.set.iter().chain(&best.set).cloned().collect();
    words.push(flags(&set));
    words.join(" ")
}

/// `--set width=64 --set lr=0.0031`
pub fn flags(set: &[(String, String)]) -> String {
    let flags: Vec<String> =
        set.iter().map(|(name, value)| format!("--set {}", shell_word(&format!("{name}={value}")))).collect();
    flags.join(" ")
}

/// The points, best first. What was measured besides gives way where there is no room, from the right; then values of
/// hypers are cut.
fn table(ended: &Ended, width: usize) -> String {
    let rows = &ended.outcome.rows;
    let shown = rows.get(..SHOWN).unwrap_or(rows);
    let hypers: Vec<&str> = ended.sweep.axes.iter().map(|axis| &*axis.name).collect();
    let indent = "  ";
    let mut others = ended.outcome.others.len();
    let mut longest = usize::MAX;
    loop {
        let text = rendered(ended, shown, &hypers, others, longest);
        let widest = text.lines().map(|line| anstream::adapter::strip_str(line).to_string().width()).max().unwrap_or(0);
        if widest + indent.len() <= width || (others == 0 && longest == NARROW) {
            let mut text: String = text.lines().map(|line| format!("{indent}{line}\n")).collect();
            if rows.len() > shown.len() {
                text.push_str(&paint(DIM, &format!("{indent}and {} more in table.csv\n", rows.len() - shown.len())));
            }
            return text;
        }
        match others {
            0 => longest = NARROW,
            _ => others -= 1,
        }
    }
}

fn rendered(ended: &Ended, rows: &[Row], hypers: &[&str], others: usize, longest: usize) -> String {
    let shown: Vec<&(String, String)> = ended.outcome.others.iter().take(others).collect();
    let best = ended.sweep.best.name();
    let same = ended.sweep.best.measure.split.name();
    let names: Vec<String> = shown
        .iter()
        .map(|(split, name)| if split == same { name.clone() } else { format!("{split}.{name}") })
        .collect();
    let cut_names: Vec<String> = hypers.iter().map(|name| cut(name, longest)).collect();
    let mut columns = vec![("point", Align::Right)];
    columns.extend(cut_names.iter().map(|name| (name.as_str(), Align::Right)));
    if ended.rungs > 1 {
        columns.push(("rung", Align::Right));
    }
    columns.push(("epochs", Align::Right));
    columns.push((best.as_str(), Align::Right));
    columns.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for (at, row) in rows.iter().enumerate() {
        let mut cells = vec![row.result.point.to_string()];
        cells.extend(row.set.iter().map(|(_, value)| cut(value, longest)));
        if ended.rungs > 1 {
            cells.push(format!("{}/{}", row.result.rung, ended.rungs));
        }
        cells.push(row.result.epochs.to_string());
        cells.push(row.value.map_or_else(|| without_number(row).to_owned(), numbers::measure));
        let number = |result: &PointResult, split: &str, name: &str| result.measure(split, name);
        cells.extend(
            shown.iter().map(|(split, name)| number(&row.result, split, name).map_or(String::new(), numbers::measure)),
        );
        if at == 0 && ended.outcome.best.is_some() {
            (0..cells.len()).for_each(|column| table.highlight(0, column));
        }
        table.row(cells);
    }
    // The first column must not give way: what does is chosen here.
    table.render(usize::MAX, "")
}

/// What stands in the place of the number.
fn without_number(row: &Row) -> &'static str {
    match row.result.status {
        PointStatus::Finished | PointStatus::Paused => "no number",
        PointStatus::Diverged | PointStatus::Failed => row.status(),
    }
}

/// Hypers with their values, as JSON.
pub fn set_json(set: &[(String, String)]) -> Value {
    Value::Object(set.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>())
}

fn point_json(row: &Row) -> Value {
    let result = &row.result;
    let mut object = json!({
        "event": "point", "point": result.point, "set": set_json(&row.set), "status": row.status(), "rung": result.rung,
        "epochs": result.epochs, "steps": result.steps, "stopped": result.stopped, "value": row.value,
        "measures": result.measures, "seconds": result.seconds,
    });
    if let (Some(object), Some(error)) = (object.as_object_mut(), &result.error) {
        object.insert("error".to_owned(), Value::from(error.as_str()));
    }
    object
}

fn best_json(ended: &Ended, best: &TestedBest) -> Value {
    let test: Map<String, Value> = best.test.iter().cloned().collect();
    json!({
        "event": "best", "point": best.point, "set": set_json(&best.set), "best": ended.sweep.best.written(),
        "value": best.value, "test": test, "command": command(ended, best),
        "run": ended.outcome.directory.join(&best.run).display().to_string(),
    })
}
