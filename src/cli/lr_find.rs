//! `nnrun lr-find`: the learning-rate range test, drawn, and what to write.

use super::arguments::LrFindArgs;
use super::exit::Exit;
use super::output::{CYAN, DIM, Output, paint};
use super::plot::drawing;
use super::{failure, files, numbers, trial};
use crate::check::{Checked, Train};
use crate::diagnostics::quoted_list;
use crate::report::{Across, Chart, Curve};
use crate::source::SourceMap;
use crate::train::{FoundRate, RateEnd, RatePoint, RateSearch, RateSearchOptions, search_rate, write_whole};
use serde_json::json;
use std::path::Path;

/// Fewer points than this are no curve.
const LEAST_POINTS: usize = 10;

/// Runs the command.
pub fn lr_find(output: &Output, args: &LrFindArgs) -> Exit {
    if args.from >= args.to {
        let message = format!("--from {} is not below --to {}", written(args.from), written(args.to));
        output.error(&message, Some("the rates grow from the one to the other"));
        return Exit::CommandLine;
    }
    if let Some(path) = &args.svg
        && let Err(exit) = files::can_be_written(output, files::PICTURE, path, args.force)
    {
        return exit;
    }
    let (checked, index) = match trial::open(output, &args.trial) {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let Some(train) = checked.program.trains.get(index) else { return Exit::Wrong };
    if !args.trial.json {
        begin(output, args, &checked, train);
    }
    let trial = trial::options(output, &args.trial);
    let options = RateSearchOptions { from: args.from, to: args.to, steps: args.steps, trial };
    let result = trial::with_bar(output, &args.trial, args.steps, |hear| search_rate(&checked, index, &options, hear));
    match result {
        Ok(search) if search.end == RateEnd::Interrupted => Exit::Interrupted,
        Ok(search) => tell(output, args, &checked, train, &search),
        Err(error) => failure::tell(output, &checked.sources, &error),
    }
}

/// What is tried, and which of several.
fn begin(output: &Output, args: &LrFindArgs, checked: &Checked, train: &Train) {
    let trains = &checked.program.trains;
    let is_first = trains.first().is_some_and(|first| std::ptr::eq(first, train));
    if args.trial.train.is_none() && trains.len() > 1 {
        let others: Vec<String> = trains.iter().skip(1).map(Train::title).collect();
        let others = quoted_list(others.iter().map(String::as_str), 5);
        output.note(&format!("this is the first train of {}; --train takes another: {others}", trains.len()));
    }
    let goes_on = trains.iter().take_while(|other| !std::ptr::eq(*other, train)).any(|t| t.model == train.model);
    if !is_first && goes_on && args.trial.init.is_none() {
        let earlier = "with fresh weights, for what comes before it is not trained";
        output.note(&format!("{} is tried {earlier}; --init begins with those of a run", train.title()));
    }
    output.say(&trial::heading(checked, train));
    let settings = &train.settings;
    let about = format!(
        "{} · {} steps from {} to {} · batches of {} · seed {}",
        settings.optimizer.entry.name,
        args.steps,
        written(args.from),
        written(args.to),
        settings.examples_per_step(),
        settings.seed
    );
    output.say(&paint(DIM, &about));
}

/// The curve and what it says.
fn tell(output: &Output, args: &LrFindArgs, checked: &Checked, train: &Train, search: &RateSearch) -> Exit {
    if search.points.len() < LEAST_POINTS {
        let at = search.points.len() + 1;
        let why = match search.end {
            RateEnd::NotFinite => format!("the loss is no finite number in step {at} already"),
            _ => format!("the loss explodes in step {at} already"),
        };
        let run = format!("`nnrun run {}` says where such a number arises", args.trial.file.display());
        let help = match at {
            // The first loss is that of the weights before any update.
            1 => run,
            _ => format!("begin lower than --from {}; where that changes nothing, {run}", written(args.from)),
        };
        output.error(&why, Some(&help));
        return Exit::Diverged;
    }
    let line = search.found.map(|found| line(checked, train, found.suggested));
    if args.trial.json {
        as_json(output, train, search, line.as_deref());
    }
    if let Some(path) = &args.svg {
        if let Err(exit) = picture(output, path, train, search) {
            return exit;
        }
    } else if !args.trial.json
        && let Some(chart) = chart(train, search, false)
    {
        output.say(&format!("\n{}", drawing(&chart, output.width()).trim_end_matches('\n')));
    }
    let Some((found, line)) = search.found.zip(line) else { return nothing_found(output, args, search) };
    if args.trial.json {
        return Exit::Fine;
    }
    if args.svg.is_none() {
        output.say(&format!("{} {}", paint(DIM, "┊ suggested:"), written(found.suggested)));
    }
    output.say(&format!("\n{}", sentence(&found, search)));
    let now = train.settings.optimizer.args.number("lr");
    output.say(&format!("\n  {}  {}", paint(CYAN, &line), paint(DIM, &format!("# now {}", written(now)))));
    notes(output, args, train, &found);
    Exit::Fine
}

fn sentence(found: &FoundRate, search: &RateSearch) -> String {
    let (steepest, lowest) = (about(found.steepest), about(found.lowest));
    let last = search.points.last().map_or_else(String::new, |point| about(point.lr));
    let end = match search.end {
        RateEnd::Exploded => format!("; at {last} it explodes"),
        RateEnd::NotFinite => format!("; behind {last} it is no number"),
        RateEnd::Whole | RateEnd::Interrupted => String::new(),
    };
    format!("the loss falls fastest at {steepest} and is lowest at {lowest}{end}")
}

/// What else is to be known.
fn notes(output: &Output, args: &LrFindArgs, train: &Train, found: &FoundRate) {
    if let Some(part) = train.settings.schedule.iter().find(|part| part.entry.param("peak").is_some()) {
        let (name, rate) = (part.entry.name, written(found.suggested));
        output.note(&format!("`{name}` rises above `lr` to its `peak`: {rate} is for that, and a part of it for `lr`"));
    }
    if found.is_at_start {
        let from = written(args.from / 100.0);
        output.note(&format!("it falls fastest at the lowest rates that were tried: look below, with --from {from}"));
    }
    if found.is_at_end {
        let to = written(args.to * 100.0);
        output.note(&format!("it still falls at the highest rate that was tried: look above, with --to {to}"));
    }
}

fn nothing_found(output: &Output, args: &LrFindArgs, search: &RateSearch) -> Exit {
    let of = |point: Option<&RatePoint>| point.map_or_else(String::new, |point| numbers::measure(point.smoothed));
    let least = search.points.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed));
    output.error(
        &format!(
            "the loss falls at none of these rates: it begins with {} and is {} at best",
            of(search.points.first()),
            of(least)
        ),
        Some(match search.end == RateEnd::Whole && args.to < 10.0 {
            true => "they may all be too small: try --to 10",
            false => {
                "try --steps 500, or a larger batch if the losses of batches differ much; `expect { overfits(batch: 8) }` \
                 tells whether the model can learn at all"
            }
        }),
    );
    Exit::Wrong
}

/// What to write in the program: the optimizer as it is there, with another rate; or the hyper that the rate is.
fn line(checked: &Checked, train: &Train, rate: f64) -> String {
    let optimizer = &train.settings.optimizer;
    let rate = written(rate);
    let text = checked.sources.text(optimizer.span);
    let given = optimizer.args.span("lr").filter(|span| span.lies_in(optimizer.span));
    if let Some(span) = given {
        let name = checked.sources.text(span);
        if checked.program.hypers.iter().any(|(hyper, _)| **hyper == *name) {
            return format!("hyper {name} = {rate}");
        }
        let start = span.range().start.saturating_sub(optimizer.span.range().start);
        let end = start + span.len();
        if let (Some(before), Some(behind)) = (text.get(..start), text.get(end..))
            && !text.contains('\n')
        {
            return format!("optimizer: {before}{rate}{behind}");
        }
    }
    format!("optimizer: {}(lr: {rate})", optimizer.entry.name)
}

/// A rate as a program has it: `3e-3`, `0.1`.
fn written(rate: f64) -> String {
    if (0.1..1e4).contains(&rate) { format!("{rate}") } else { format!("{rate:e}") }
}

/// In two digits: more are not known.
fn about(rate: f64) -> String {
    written(format!("{rate:.1e}").parse().unwrap_or(rate))
}

/// The curve. In a picture there is room for the losses of the steps, too.
fn chart(train: &Train, search: &RateSearch, has_losses: bool) -> Option<Chart> {
    let points = &search.points;
    let smoothed = points.iter().map(|point| (point.lr, point.smoothed)).collect();
    let mut curves = vec![Curve { name: "smoothed".to_owned(), points: smoothed }];
    if has_losses {
        let most = points.iter().map(|point| point.smoothed).fold(f64::NEG_INFINITY, f64::max);
        let losses = points.iter().map(|point| (point.lr, point.loss.min(most))).collect();
        curves.push(Curve { name: "of each step".to_owned(), points: losses });
    }
    // Over powers of ten the smallest losses would be drawn largest.
    let mut chart = Chart::new(format!("loss of {}", train.title()), Across::Rates, curves, f64::INFINITY)?;
    chart.marks.extend(search.found.map(|found| (found.suggested, format!("suggested: {}", written(found.suggested)))));
    Some(chart)
}

fn picture(output: &Output, path: &Path, train: &Train, search: &RateSearch) -> Result<(), Exit> {
    let Some(chart) = chart(train, search, true) else { return Ok(()) };
    write_whole(path, chart.document().as_bytes()).map_err(|error| failure::tell(output, &SourceMap::new(), &error))
}

fn as_json(output: &Output, train: &Train, search: &RateSearch, line: Option<&str>) {
    for (step, point) in (1..).zip(&search.points) {
        let RatePoint { lr, loss, smoothed } = point;
        let object = json!({ "event": "rate", "step": step, "lr": lr, "loss": loss, "smoothed": smoothed });
        output.result(&format!("{object}\n"));
    }
    let end = match search.end {
        RateEnd::Whole | RateEnd::Interrupted => None,
        RateEnd::Exploded => Some("exploded"),
        RateEnd::NotFinite => Some("not finite"),
    };
    let object = json!({
        "event": "found", "train": train.title(), "suggested": search.found.map(|found| found.suggested),
        "steepest": search.found.map(|found| found.steepest), "lowest": search.found.map(|found| found.lowest),
        "stopped": end, "write": line,
    });
    output.result(&format!("{object}\n"));
}
