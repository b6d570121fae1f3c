//! `nnrun bench`: how long a training step takes.

use super::arguments::BenchArgs;
use super::exit::Exit;
use super::files::Written;
use super::numbers::{before_unit, bytes, count};
use super::output::{DIM, Output, paint};
use super::profile::{Profile, milliseconds, trace};
use super::{failure, files, numbers, trial};
use crate::check::{Checked, Train};
use crate::train::{Bench, BenchOptions, write_whole};
use serde_json::json;

/// What `--trace` writes.
const TRACE: Written = Written { flag: "--trace", ending: "json", what: "a trace" };

/// More steps would fill the memory with what ran in them.
const MOST_PROFILED: usize = 10_000;

/// Runs the command.
pub fn bench(output: &Output, args: &BenchArgs) -> Exit {
    if let Some(path) = &args.trace
        && let Err(exit) = files::can_be_written(output, TRACE, path, args.force)
    {
        return exit;
    }
    let profiles = args.profile || args.trace.is_some();
    if let Some(steps) = args.steps.filter(|steps| profiles && *steps > MOST_PROFILED) {
        let help = "all that runs in them is kept until the end; a few are enough, and without --steps they are chosen";
        output.error(&format!("--steps {steps}: at most {MOST_PROFILED} are looked at closely"), Some(help));
        return Exit::CommandLine;
    }
    let (checked, index) = match trial::open(output, &args.trial) {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let Some(train) = checked.program.trains.get(index) else { return Exit::Wrong };
    let options =
        BenchOptions { steps: args.steps, batch: args.batch, profiles, trial: trial::options(output, &args.trial) };
    let threads = options.trial.threads;
    let steps = options.timed() + options.profiled();
    let result =
        trial::with_bar(output, &args.trial, steps, |hear| crate::train::bench(&checked, index, &options, hear));
    match result {
        Ok(bench) if bench.seconds.is_empty() => Exit::Interrupted,
        Ok(bench) => {
            let profile = Profile::of(&bench.profile, &checked.sources).filter(|_| args.profile);
            if args.trial.json {
                let mut object = as_json(train, &bench, threads);
                if let Some(profile) = &profile {
                    object["profiled_steps"] = json!(bench.profile.len());
                    object["profile"] = profile.as_json();
                }
                output.result(&format!("{object}\n"));
            } else {
                tell(output, &checked, train, &bench, threads);
                if let Some(profile) = &profile {
                    output.say("");
                    output.result(&profile.table(output.width()));
                }
            }
            if let Some(path) = &args.trace
                && let Err(error) = write_whole(path, trace(&bench.profile, &checked.sources).to_string().as_bytes())
            {
                return failure::tell(output, &checked.sources, &error);
            }
            if !bench.loss.is_finite() {
                output.note(
                    "the loss is no finite number any more; times may differ from those of a train that goes well",
                );
            }
            if bench.is_whole { Exit::Fine } else { Exit::Interrupted }
        }
        Err(error) => failure::tell(output, &checked.sources, &error),
    }
}

/// Operations a second in billions, at the median; none where steps differ.
fn gflops(bench: &Bench) -> Option<f64> {
    (!bench.is_ragged).then(|| bench.flops as f64 / bench.quantile(0.5) / 1e9)
}

fn as_json(train: &Train, bench: &Bench, threads: usize) -> serde_json::Value {
    let ms = |part: f64| bench.quantile(part) * 1e3;
    json!({
        "train": train.title(), "batch": bench.batch, "threads": threads, "steps": bench.seconds.len(),
        "ms_per_step": { "median": ms(0.5), "p10": ms(0.1), "p90": ms(0.9) },
        "flops_per_step": bench.flops, "gflops": gflops(bench), "peak_bytes": bench.bytes,
    })
}

fn tell(output: &Output, checked: &Checked, train: &Train, bench: &Bench, threads: usize) {
    output.say(&trial::heading(checked, train));
    let profiled = match bench.profile.len() {
        0 => String::new(),
        steps => format!(", then {} looked at closely", count(steps as u64)),
    };
    let about = format!(
        "{} · batches of {} · {} · {} behind {} to warm up{profiled}",
        train.settings.optimizer.entry.name,
        count(bench.batch as u64),
        numbers::counted(threads as u64, "thread"),
        numbers::counted(bench.seconds.len() as u64, "step"),
        count(bench.warm_up as u64),
    );
    output.say(&paint(DIM, &about));
    let time = |part: f64| milliseconds(bench.quantile(part));
    let median = bench.quantile(0.5);
    let work = match gflops(bench) {
        Some(rate) => {
            format!("{}FLOP a step, {}FLOP/s", before_unit(bench.flops as f64), before_unit(rate * 1e9))
        }
        None => format!("{}FLOP a step of the longest examples", before_unit(bench.flops as f64)),
    };
    let rows = [
        ("a step", format!("{} ms (8 of 10 between {} and {})", time(0.5), time(0.1), time(0.9))),
        ("examples", format!("{} a second", count((bench.batch as f64 / median) as u64))),
        ("work", work),
        ("memory", bytes(bench.bytes)),
    ];
    output.say("");
    for (name, value) in rows {
        output.say(&format!("  {} {value}", paint(DIM, &format!("{name:<10}"))));
    }
}
