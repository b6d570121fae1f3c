//! `nnrun FILE`, `nnrun run FILE`: check, train, measure, verify. Also the way that `train` and `test` go.

use super::arguments::TrainArgs;
use super::dashboard::{self, Dashboard, Stops};
use super::exit::Exit;
use super::output::{BOLD, DIM, GREEN, Output, RED, paint};
use super::progress::{JsonEvents, Progress};
use super::{failure, files, interrupt, measures, numbers};
use crate::check::{Checked, Overrides};
use crate::data::Limits;
use crate::train::{self, Event, FactResult, Outcome, RunError, RunOptions, Stopped, TENSORBOARD, TrainReport};
use std::path::PathBuf;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// Runs the command.
pub fn run(output: &Output, args: &TrainArgs) -> Exit {
    execute(output, args, Purpose::Run)
}

/// What a program is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Everything.
    Run,
    /// The weights.
    Train,
    /// The facts of `expect`.
    Test,
}

/// Checks and runs a program, with progress and a report.
pub fn execute(output: &Output, args: &TrainArgs, purpose: Purpose) -> Exit {
    let overrides = Overrides { lints: args.lints.levels(), ..args.program.changes.overrides() };
    if args.screen.dashboard
        && let Some((why, help)) = dashboard::refusal(output)
    {
        output.error(why, Some(help));
        return Exit::CommandLine;
    }
    let checked = match files::program(output, &args.program.file, &overrides) {
        Ok(checked) => checked,
        Err(exit) => return exit,
    };
    if purpose == Purpose::Test && checked.program.facts.is_empty() {
        output.note(&format!("{} expects nothing; `expect {{ … }}` says what must hold", args.program.file.display()));
        return Exit::Fine;
    }
    let stops = Stops { interrupt: interrupt::flag(*output), ..Stops::default() };
    let options = RunOptions {
        threads: threads(args.going.resources.threads),
        out: args.out.clone(),
        runs: PathBuf::from("runs"),
        train: args.train.clone(),
        init: args.init.clone(),
        log_steps: args.log_steps,
        tensorboard: args.going.tensorboard,
        expect: purpose != Purpose::Train,
        memory_limit: args.going.resources.memory_limit,
        overrides,
        interrupt: Arc::clone(&stops.interrupt),
        splits: None,
        pause_after: None,
        limits: Limits::USUAL,
        pause: Arc::clone(&stops.pause),
        gradients: args.screen.dashboard.then_some(dashboard::GRADIENTS),
    };
    let how = Watched {
        json: args.going.json,
        log_steps: args.log_steps,
        threads: options.threads,
        dashboard: args.screen.dashboard.then_some(stops),
    };
    observed(output, &checked, how, |observer| go(&checked, &options, observer, purpose))
}

/// How somebody watches what trains.
pub struct Watched {
    /// As events, and nothing else.
    pub json: bool,
    /// Steps are told, too.
    pub log_steps: bool,
    /// Workers.
    pub threads: usize,
    /// On the whole screen, with keys that end it by these flags.
    pub dashboard: Option<Stops>,
}

/// Hears which directory a run has, in front of another.
struct Directory<'o> {
    next: &'o mut dyn train::Observer,
    run: Option<PathBuf>,
}

impl train::Observer for Directory<'_> {
    fn event(&mut self, event: &Event) {
        if let Event::Start(start) = event {
            self.run = Some(start.run.clone());
        }
        self.next.event(event);
    }

    fn trouble(&mut self, message: &str) {
        self.next.trouble(message);
    }
}

/// Does what trains while somebody watches, reports the end of it, and leaves a page of it in the run's directory.
pub fn observed(
    output: &Output,
    checked: &Checked,
    how: Watched,
    go: impl FnOnce(&mut dyn train::Observer) -> Result<Outcome, RunError>,
) -> Exit {
    let mut events = JsonEvents::new(output, how.log_steps);
    let mut progress = Progress::new(output, &checked.program, how.log_steps);
    let mut dashboard = how.dashboard.as_ref().map(|stops| Dashboard::new(output, &checked.program, stops.clone()));
    let next: &mut dyn train::Observer = match &mut dashboard {
        Some(dashboard) => dashboard,
        None if how.json => &mut events,
        None => &mut progress,
    };
    let mut observer = Directory { next, run: None };
    let result = go(&mut observer);
    let run = observer.run;
    if let Some(dashboard) = dashboard {
        dashboard.tell(&mut progress);
    }
    progress.finish();
    let (exit, data) = match result {
        Ok(outcome) => {
            if !how.json {
                report(output, checked, &outcome);
            }
            (status(&outcome), Some(outcome.data))
        }
        Err(error) => (failure::tell(output, &checked.sources, &error), None),
    };
    // Everything of the run is saved by now: whatever becomes of the page, it is not lost.
    match run {
        Some(run) => super::report::after(output, &run, &how, exit, data.as_deref()),
        None => exit,
    }
}

fn go(
    checked: &Checked,
    options: &RunOptions,
    observer: &mut dyn train::Observer,
    purpose: Purpose,
) -> Result<Outcome, RunError> {
    match purpose {
        Purpose::Test => train::test(checked, options, observer),
        Purpose::Run | Purpose::Train => train::run(checked, options, observer),
    }
}

/// As many as the machine has, unless the command line says otherwise.
pub fn threads(wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

fn status(outcome: &Outcome) -> Exit {
    if outcome.trains.iter().any(|t| t.stopped.is_some_and(Stopped::is_for_now)) {
        Exit::Interrupted
    } else if outcome.facts.iter().any(|f| !f.ok) {
        Exit::ExpectFailed
    } else {
        Exit::Fine
    }
}

/// The end of a run: measures of each train, facts, where everything is.
fn report(output: &Output, checked: &Checked, outcome: &Outcome) {
    // A train that was interrupted was not measured.
    for train in outcome.trains.iter().filter(|train| !train.measures.splits.is_empty()) {
        if outcome.trains.len() > 1 {
            output.say(&format!("\n{}", paint(BOLD, &train.train)));
        } else {
            output.say("");
        }
        output.say(split_table(train, output.width()).trim_end_matches('\n'));
    }
    if !outcome.facts.is_empty() {
        let text = facts(checked, &outcome.facts);
        // What failed is told even where all should be quiet.
        if output.quiet && outcome.facts.iter().any(|f| !f.ok) {
            output.complain(&text);
        } else {
            output.say(&format!("\n{}", text.trim_end_matches('\n')));
        }
    }
    let directory = outcome.directory.display();
    output.say(&format!("\n{} {directory}", paint(DIM, "saved in")));
    if outcome.directory.join(TENSORBOARD).is_dir() {
        output.say(&format!("{} tensorboard --logdir {directory}", paint(DIM, "curves with")));
    }
    if outcome.trains.iter().any(|train| train.stopped.is_some_and(Stopped::is_for_now)) {
        output.say(&format!("{} nnrun resume {directory}", paint(DIM, "go on with")));
    }
}

fn split_table(train: &TrainReport, width: usize) -> String {
    let rows: Vec<_> = train.measures.splits.iter().map(|(split, measures)| (split.name(), measures)).collect();
    measures::table(&rows, width)
}

/// The facts, each with a mark, its value, and where it is written if it does not hold.
fn facts(checked: &Checked, facts: &[FactResult]) -> String {
    let widest = facts.iter().map(|f| f.text.width()).max().unwrap_or(0);
    let mut text = String::new();
    for fact in facts {
        let mark = if fact.ok { paint(GREEN, "✓") } else { paint(RED, "✗") };
        let room = " ".repeat(widest.saturating_sub(fact.text.width()));
        let mut line = format!("  {mark} {}{room}", fact.text);
        if let Some(value) = fact.value {
            line.push_str(&format!("  {}", numbers::value(value)));
        }
        if !fact.ok {
            line.push_str(&format!("  {}", paint(RED, "does not hold")));
            line.push_str(&paint(DIM, &format!("  {}", checked.sources.location(fact.span))));
        }
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(note) = &fact.note {
            text.push_str(&format!("    {note}\n"));
        }
    }
    text
}
