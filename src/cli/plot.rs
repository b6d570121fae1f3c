//! `nnrun plot`: a measure of runs over their epochs, in the terminal or as a picture.

use super::arguments::{PlotArgs, PlotSplit};
use super::exit::Exit;
use super::output::{BOLD, DIM, Output, paint};
use super::table::{Align, Table, cut};
use super::{failure, files, numbers};
use crate::data::Split;
use crate::diagnostics::{nearest, quoted_list};
use crate::report::{self, Across, Cell, Chart, Curve};
use crate::source::SourceMap;
use crate::train::{Row, RunError, RunHistory, SweepHistory, TrainHistory, is_run, is_sweep, write_whole};
use clap::builder::styling::{AnsiColor, Style};
use std::path::Path;

/// What is drawn where nothing else is asked for.
const LOSS: &str = "loss";
/// Rows of a drawing, axes and all.
const ROWS: usize = 20;
/// Colours of curves, in turn. Letters say it where there are none.
const COLORS: [AnsiColor; 6] =
    [AnsiColor::Blue, AnsiColor::Yellow, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Cyan, AnsiColor::Red];
/// More than this cannot be told apart.
const MOST_CURVES: usize = 26;

/// A curve, and what its measure is.
struct Drawn {
    curve: Curve,
    split: Split,
    is_rising: bool,
}

/// A run, with the name of its curve.
type Named = (String, RunHistory);

/// Runs the command.
pub fn plot(output: &Output, args: &PlotArgs) -> Exit {
    if let Some(path) = &args.svg
        && let Err(exit) = files::can_be_written(output, files::PICTURE, path, args.force)
    {
        return exit;
    }
    let (histories, of_sweep) = match histories(output, args) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let measure = args.measure.clone().or(of_sweep).unwrap_or_else(|| LOSS.to_owned());
    let wanted = match trains(output, args, &histories) {
        Ok(wanted) => wanted,
        Err(exit) => return exit,
    };
    let is_by_epoch = wanted.iter().all(|(_, train)| report::across(train) == Across::Epochs);
    let across = if is_by_epoch { Across::Epochs } else { Across::Steps };
    let drawn = match curves(output, args, &measure, &wanted, across) {
        Ok(drawn) => drawn,
        Err(exit) => return exit,
    };
    let first = drawn.first().map_or(Split::Train, |drawn| drawn.split);
    let title = match drawn.iter().all(|drawn| drawn.split == first) {
        true => format!("{} {measure}", first.name()),
        false => measure.clone(),
    };
    let curves = drawn.iter().map(|drawn| drawn.curve.clone()).collect();
    let Some(chart) = Chart::of_measures(title.as_str(), across, curves) else {
        output.error(&format!("there is nothing to draw: no {measure} is a finite number"), None);
        return Exit::Wrong;
    };
    if let Some(path) = &args.svg {
        return match write_whole(path, chart.document().as_bytes()) {
            Ok(()) => {
                output.say(&format!("{} {}", paint(DIM, "curves in"), path.display()));
                Exit::Fine
            }
            Err(error) => failure::tell(output, &SourceMap::new(), &error),
        };
    }
    output.result(&format!("{}\n{}", paint(BOLD, &title), drawing(&chart, output.width())));
    output.result(&format!("\n{}", legend(&drawn, across).render(output.width(), "")));
    Exit::Fine
}

/// The runs, each with the name of its curve, and what the best of the first sweep is found by.
fn histories(output: &Output, args: &PlotArgs) -> Result<(Vec<Named>, Option<String>), Exit> {
    let tell = |error: &RunError| failure::tell(output, &SourceMap::new(), error);
    let mut found = Vec::new();
    let mut measure = None;
    for run in &args.runs {
        if is_sweep(run) {
            let sweep = SweepHistory::read(run).map_err(|error| tell(&error))?;
            measure = measure.or(sweep.measure());
            for row in &sweep.rows {
                let path = sweep.run_of(row.result.point);
                // One that failed may have nothing.
                if is_run(&path) {
                    let history = RunHistory::read(&path).map_err(|error| tell(&error))?;
                    let name = if args.runs.len() == 1 { point_name(row) } else { path.display().to_string() };
                    found.push((name, history));
                }
            }
            if sweep.rows.is_empty() {
                output.note(&format!("no point of {} has come to a result yet", run.display()));
            }
            continue;
        }
        match RunHistory::read(run) {
            Ok(history) => found.push((run.display().to_string(), history)),
            Err(error) => return Err(named_as_run(output, run, &found).unwrap_or_else(|| tell(&error))),
        }
    }
    Ok((found, measure))
}

/// Tells of a measure that stands where a run should, where it is one.
fn named_as_run(output: &Output, run: &Path, histories: &[Named]) -> Option<Exit> {
    let name = run.to_str().filter(|_| !run.exists())?;
    let mut measures = histories.iter().flat_map(|(_, history)| &history.trains).flat_map(report::numbers_of);
    if name != LOSS && !measures.any(|measure| measure == name) {
        return None;
    }
    let help = format!("a measure is named by a flag: --measure {name}");
    output.error(&format!("there is no run {name}"), Some(&help));
    Some(Exit::CommandLine)
}

/// `point 15: width=16 rate=0.1`
fn point_name(row: &Row) -> String {
    let set: Vec<String> = row.set.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("point {}: {}", row.result.point, set.join(" "))
}

/// The trains to draw, each with the name of its curve.
fn trains<'h>(
    output: &Output,
    args: &PlotArgs,
    histories: &'h [Named],
) -> Result<Vec<(String, &'h TrainHistory)>, Exit> {
    let is_wanted =
        |train: &&TrainHistory| args.train.as_deref().is_none_or(|name| name == train.model || name == train.title());
    let mut wanted = Vec::new();
    for (run, history) in histories {
        let of_run: Vec<&TrainHistory> = history.trains.iter().filter(is_wanted).collect();
        for train in &of_run {
            let title = format!("{run} {}", train.title());
            wanted.push((if history.trains.len() > 1 { title } else { run.clone() }, *train));
        }
    }
    if wanted.is_empty() {
        let mut names: Vec<&str> =
            histories.iter().flat_map(|(_, history)| history.trains.iter().map(|train| train.model.as_str())).collect();
        names.dedup();
        match &args.train {
            Some(name) if !names.is_empty() => {
                let help = format!("there are trains of {}", quoted_list(names.iter().copied(), 8));
                output.error(&format!("--train {name}: no train of this name was begun"), Some(&help));
                return Err(Exit::CommandLine);
            }
            _ => {
                output.error("there is nothing to draw: no train was begun", None);
                return Err(Exit::Wrong);
            }
        }
    }
    Ok(wanted)
}

/// The curves of the measure. `Err`, with the reason told, where there is none.
fn curves(
    output: &Output,
    args: &PlotArgs,
    measure: &str,
    wanted: &[(String, &TrainHistory)],
    across: Across,
) -> Result<Vec<Drawn>, Exit> {
    let splits: &[Split] = match args.split {
        Some(PlotSplit::Train) => &[Split::Train],
        Some(PlotSplit::Validation) => &[Split::Validation],
        None => &[Split::Validation, Split::Train],
    };
    let mut drawn = Vec::new();
    let mut without = Vec::new();
    for (name, train) in wanted {
        let found = splits.iter().find_map(|split| Some((report::curve(train, measure, *split, across)?, *split)));
        match found {
            Some((curve, split)) => {
                let is_rising = train.is_rising(measure);
                drawn.push(Drawn { curve: Curve { name: name.clone(), ..curve }, split, is_rising });
            }
            None => without.push(name),
        }
    }
    let on = args.split.map_or(String::new(), |_| format!(" on {}", splits.first().map_or("", |s| s.name())));
    if drawn.is_empty() {
        // What was measured at the end alone has no curve.
        let of = |train: &TrainHistory| -> Vec<String> {
            let has_curve = |name: &String| splits.iter().any(|on| report::curve(train, name, *on, across).is_some());
            report::numbers_of(train).into_iter().filter(has_curve).collect()
        };
        let mut names: Vec<String> = wanted.iter().flat_map(|(_, train)| of(train)).collect();
        names.sort();
        names.dedup();
        let is_without_reports = wanted.iter().all(|(_, train)| train.points.is_empty());
        let help = match nearest(measure, names.iter().map(String::as_str)) {
            _ if is_without_reports => "no report on the way is in their metrics.jsonl".to_owned(),
            Some(meant) => format!("a similar one is `{meant}`"),
            None if names.is_empty() => "it has curves on the other split: leave --split out".to_owned(),
            None => format!("there are curves of {}", quoted_list(names.iter().map(String::as_str), 8)),
        };
        let these = if wanted.len() == 1 { "this run" } else { "these runs" };
        output.error(&format!("there is no curve of `{measure}`{on} in {these}"), Some(&help));
        return Err(Exit::CommandLine);
    }
    for name in without {
        output.note(&format!("{name} has no `{measure}`{on}"));
    }
    if drawn.len() > MOST_CURVES {
        output.note(&format!("only the first {MOST_CURVES} of {} curves are drawn", drawn.len()));
        drawn.truncate(MOST_CURVES);
    }
    Ok(drawn)
}

fn color(curve: usize) -> Style {
    COLORS.get(curve % COLORS.len()).map_or(Style::new(), |color| color.on_default())
}

/// A chart in letters and colours.
pub fn drawing(chart: &Chart, width: usize) -> String {
    let mut text = String::new();
    for line in chart.cells(width, ROWS) {
        let mut rest = line.as_slice();
        while let Some((_, of)) = rest.first() {
            let count = rest.iter().take_while(|(_, other)| other == of).count();
            let (these, others) = rest.split_at(count);
            let letters: String = these.iter().map(|(c, _): &Cell| *c).collect();
            text.push_str(&of.map_or(letters.clone(), |curve| paint(color(curve), &letters)));
            rest = others;
        }
        text.push('\n');
    }
    text
}

/// What each curve is, where it ended and where it was best. On which split, where they are of several.
fn legend(drawn: &[Drawn], across: Across) -> Table {
    let is_of_several = drawn.iter().any(|one| drawn.first().is_some_and(|first| one.split != first.split));
    let mut columns = vec![("run", Align::Left)];
    columns.extend(is_of_several.then_some(("split", Align::Left)));
    columns.extend([("last", Align::Right), ("best", Align::Right), (across.word(), Align::Right)]);
    let mut table = Table::new(&columns);
    for (index, one) in drawn.iter().enumerate() {
        let last = one.curve.points.last().map_or_else(String::new, |(_, y)| numbers::measure(*y));
        let best = one.curve.finite().reduce(|best, now| {
            let is_better = if one.is_rising { now.1 > best.1 } else { now.1 < best.1 };
            if is_better { now } else { best }
        });
        let (best, at) = best
            .map_or((String::new(), String::new()), |(x, y)| (numbers::measure(y), numbers::count(x.max(0.0) as u64)));
        let name = cut(&one.curve.name, 60);
        let name = if drawn.len() > 1 { format!("{} {name}", report::letter(index)) } else { name };
        let split = is_of_several.then(|| one.split.name().to_owned());
        table.row([Some(name), split, Some(last), Some(best), Some(at)].into_iter().flatten().collect());
    }
    table
}
