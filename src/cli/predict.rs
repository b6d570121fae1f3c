//! `nnrun predict`: the weights of a run on new data.

use super::arguments::PredictArgs;
use super::exit::Exit;
use super::output::Output;
use super::{eval, failure, numbers, run};
use crate::diagnostics::io_reason;
use crate::train::{self, PredictOptions};
use std::path::Path;

/// Columns that are named when predictions are written.
const COLUMNS: usize = 12;

/// Runs the command.
pub fn predict(output: &Output, args: &PredictArgs) -> Exit {
    if let Err(exit) = paths(output, args) {
        return exit;
    }
    let from = match eval::run_of(output, &args.file, args.from.as_deref()) {
        Ok(from) => from,
        Err(exit) => return exit,
    };
    let options = PredictOptions {
        model: args.model.clone(),
        input: args.input.clone(),
        output: args.output.clone(),
        threads: run::threads(args.threads),
    };
    match train::predict(&from, &options) {
        Ok(predicted) => {
            output.say(&format!(
                "{} predicted {} into {}: {}",
                predicted.model,
                numbers::counted(predicted.rows as u64, "row"),
                args.output.display(),
                columns(&predicted.columns)
            ));
            Exit::Fine
        }
        Err(failed) => failure::tell(output, &failed.sources, &failed.error),
    }
}

/// The names of the first columns, and how many there are more.
fn columns(names: &[String]) -> String {
    // A character may be a line feed.
    let shown: Vec<String> = names.iter().take(COLUMNS).map(|name| name.escape_debug().to_string()).collect();
    match names.len().checked_sub(COLUMNS) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// What the command line can get wrong about the two files.
fn paths(output: &Output, args: &PredictArgs) -> Result<(), Exit> {
    let shown = args.input.display();
    match std::fs::metadata(&args.input) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            output.error(&format!("--input {shown}: there is no such file"), None);
            return Err(Exit::CommandLine);
        }
        Err(error) => {
            output.error(&format!("--input {shown} cannot be read: {}", io_reason(&error)), None);
            return Err(Exit::Wrong);
        }
    }
    if same_file(&args.input, &args.output) {
        output.error("--input and --output name the same file", None);
        return Err(Exit::CommandLine);
    }
    let ending = args.output.extension().and_then(|e| e.to_str()).unwrap_or("");
    if ending != "csv" && ending != "npy" {
        let help = "predictions are written as .csv or .npy";
        output.error(&format!("--output {}: its ending says no format", args.output.display()), Some(help));
        return Err(Exit::CommandLine);
    }
    Ok(())
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
