//! `nnrun grad`: the generated backward pass, shown or compared with finite differences.

use super::arguments::GradArgs;
use super::exit::Exit;
use super::output::{BOLD, GREEN, Output, RED, paint};
use super::table::{Align, Table};
use super::{failure, files, numbers, run};
use crate::check::{Checked, Train};
use crate::compile;
use crate::train::{GradientReport, check_gradients};
use serde_json::json;

/// Runs the command.
pub fn grad(output: &Output, args: &GradArgs) -> Exit {
    let checked = match files::program(output, &args.program.file, &args.program.changes.overrides()) {
        Ok(checked) => checked,
        Err(exit) => return exit,
    };
    if checked.program.trains.is_empty() {
        output.error(
            &format!("{} trains nothing, so there is no loss to differentiate", args.program.file.display()),
            Some("`train Model on data { loss: … }` gives it one"),
        );
        return Exit::Wrong;
    }
    let mut worst = Exit::Fine;
    for train in &checked.program.trains {
        let exit = if args.check {
            compare(output, &checked, train, args)
        } else {
            if checked.program.trains.len() > 1 {
                output.result(&format!("# {}\n", train.title()));
            }
            output.result(&compile::emit_backward(train, &checked.sources));
            Exit::Fine
        };
        worst = worst.max(exit);
    }
    worst
}

fn compare(output: &Output, checked: &Checked, train: &Train, args: &GradArgs) -> Exit {
    let report = match check_gradients(checked, train, run::threads(None)) {
        Ok(report) => report,
        Err(error) => return failure::tell(output, &checked.sources, &error),
    };
    let agrees = |error: f64| error <= args.tolerance;
    if args.json {
        for weight in &report.weights {
            let object = json!({
                "event": "gradient", "train": &*train.name, "weight": &*weight.path, "compared": weight.compared,
                "max_relative_error": weight.max_relative_error, "ok": agrees(weight.max_relative_error),
            });
            output.result(&format!("{object}\n"));
        }
    } else {
        output.say(&paint(BOLD, &format!("{}, a batch of {}", train.title(), report.batch)));
        output.say(table(&report, output.width(), &agrees).trim_end_matches('\n'));
    }
    if agrees(report.max_relative_error()) {
        return Exit::Fine;
    }
    output.error(
        &format!(
            "the generated gradients differ from finite differences by up to {}",
            numbers::measure(report.max_relative_error())
        ),
        Some("near a kink (relu, abs, max) finite differences are wrong; elsewhere this is a mistake of nnrun"),
    );
    Exit::Wrong
}

fn table(report: &GradientReport, width: usize, agrees: &dyn Fn(f64) -> bool) -> String {
    let mut table = Table::new(&[
        ("weight", Align::Left),
        ("numbers", Align::Right),
        ("compared", Align::Right),
        ("largest relative difference", Align::Right),
        ("", Align::Left),
    ]);
    for weight in &report.weights {
        let mark = if agrees(weight.max_relative_error) { paint(GREEN, "✓") } else { paint(RED, "✗") };
        table.row(vec![
            weight.path.to_string(),
            numbers::count(weight.size as u64),
            numbers::count(weight.compared as u64),
            format!("{:.1e}", weight.max_relative_error),
            mark,
        ]);
    }
    table.render(width, "  ")
}
