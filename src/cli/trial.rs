//! What commands share that do some steps of a train and throw its weights away.

use super::arguments::TrialArgs;
use super::exit::Exit;
use super::output::{BOLD, Output, paint};
use super::{files, interrupt, run};
use crate::check::{Checked, Overrides, Train};
use crate::diagnostics::quoted_list;
use crate::train::TrialOptions;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;

/// The program, and which of its trains, by index.
pub fn open(output: &Output, args: &TrialArgs) -> Result<(Checked, usize), Exit> {
    let overrides = Overrides { set: args.set.clone(), seed: args.seed, ..Overrides::default() };
    let checked = files::program(output, &args.file, &overrides)?;
    let index = wanted(output, &args.file, args.train.as_deref(), &checked)?;
    Ok((checked, index))
}

/// As training takes them. From now on an interruption ends the trial.
pub fn options(output: &Output, args: &TrialArgs) -> TrialOptions {
    TrialOptions {
        threads: run::threads(args.resources.threads),
        init: args.init.clone(),
        memory_limit: args.resources.memory_limit,
        interrupt: interrupt::flag_of(*output, "interrupted: finishing the step; once more ends at once"),
    }
}

/// Does what tells of each of so many steps, while a bar shows them.
pub fn with_bar<T>(
    output: &Output,
    args: &TrialArgs,
    steps: usize,
    work: impl FnOnce(&mut dyn FnMut(usize)) -> T,
) -> T {
    let bar = (output.has_bar() && !args.json).then(|| bar(steps));
    let result = work(&mut |step| {
        if let Some(bar) = &bar {
            bar.set_position(step as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}

/// `Net on digits`
pub fn heading(checked: &Checked, train: &Train) -> String {
    let data = checked.program.data.get(train.data).map_or("its data", |data| &*data.name);
    paint(BOLD, &format!("{} on {data}", train.title()))
}

/// The train to do steps of: the first, or the one that is named, by its model, its phase or both.
fn wanted(output: &Output, file: &Path, name: Option<&str>, checked: &Checked) -> Result<usize, Exit> {
    let trains = &checked.program.trains;
    let is_named = |train: &&Train| match name {
        Some(name) => {
            let phase = train.phase.as_ref().map(|phase| &*phase.name);
            name == &*train.name || phase == Some(name) || name == train.title()
        }
        None => true,
    };
    let titles = || quoted_list(trains.iter().map(Train::title).collect::<Vec<_>>().iter().map(String::as_str), 8);
    let found = trains.iter().position(|train| is_named(&train));
    match (found, name) {
        (Some(index), _) => Ok(index),
        (None, Some(name)) if !trains.is_empty() => {
            let help = format!("there are trains of {}", titles());
            output.error(&format!("--train {name}: there is no train of this name"), Some(&help));
            Err(Exit::CommandLine)
        }
        (None, _) => {
            output.error(
                &format!("{} trains nothing", file.display()),
                Some("`train Model on data { loss: …, optimizer: … }` gives it something to train"),
            );
            Err(Exit::Wrong)
        }
    }
}

fn bar(steps: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("step {pos}/{len} {wide_bar}") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}
