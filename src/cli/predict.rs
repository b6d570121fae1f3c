//! `nnrun predict`: the weights of a run on new data.

use super::arguments::PredictArgs;
use super::eval::{self, Chosen};
use super::exit::Exit;
use super::output::Output;
use super::{failure, numbers, run};
use crate::diagnostics::io_reason;
use crate::train::{self, GenerateOptions, PredictOptions, ServeOptions};
use std::path::Path;

/// Columns that are named when predictions are written.
const COLUMNS: usize = 12;

/// Runs the command.
pub fn predict(output: &Output, args: &PredictArgs) -> Exit {
    if let Some(tokens) = args.generate {
        return generate(output, args, tokens);
    }
    if args.stdin {
        return serve(output, args);
    }
    // The arguments see to it that both are there.
    let (Some(input), Some(to)) = (&args.input, &args.output) else { return Exit::CommandLine };
    if let Err(exit) = paths(output, input, to) {
        return exit;
    }
    let Chosen { from, exit } = match eval::run_of(output, &args.file, args.from.as_deref()) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    let options = PredictOptions {
        model: args.model.clone(),
        input: input.clone(),
        output: to.clone(),
        batch: args.batch,
        threads: run::threads(args.threads),
    };
    match train::predict(&from, &options) {
        Ok(predicted) => {
            output.say(&format!(
                "{} predicted {} into {}: {}",
                predicted.model,
                numbers::counted(predicted.rows as u64, "row"),
                to.display(),
                columns(&predicted.columns)
            ));
            exit
        }
        Err(failed) => failure::tell(output, &failed.sources, &failed.error),
    }
}

/// Answers another program.
fn serve(output: &Output, args: &PredictArgs) -> Exit {
    let Chosen { from, exit } = match eval::run_of(output, &args.file, args.from.as_deref()) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    let options = ServeOptions { model: args.model.clone(), threads: run::threads(args.threads) };
    match train::serve(&from, &options, &mut std::io::stdin().lock(), &mut std::io::stdout().lock()) {
        Ok(served) if served.refused == 0 => exit,
        Ok(served) => {
            let of = served.predicted + served.refused;
            output
                .error(&format!("{} of {} could not be answered", served.refused, numbers::counted(of, "line")), None);
            Exit::Wrong
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

/// Lets the model continue a text.
fn generate(output: &Output, args: &PredictArgs, tokens: usize) -> Exit {
    let Chosen { from, exit } = match eval::run_of(output, &args.file, args.from.as_deref()) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    let options = GenerateOptions {
        model: args.model.clone(),
        tokens,
        prompt: args.prompt.clone(),
        temperature: args.temperature,
        top_k: args.top_k.and_then(|k| usize::try_from(k).ok()),
        seed: args.seed,
        threads: run::threads(args.threads),
    };
    match train::generate(&from, &options) {
        Ok(text) => match &args.output {
            None => output.result(&format!("{text}\n")),
            Some(path) => {
                if let Err(error) = std::fs::write(path, &text) {
                    output
                        .error(&format!("--output {} cannot be written: {}", path.display(), io_reason(&error)), None);
                    return Exit::Wrong;
                }
            }
        },
        Err(failed) => return failure::tell(output, &failed.sources, &failed.error),
    }
    exit
}

/// What the command line can get wrong about the two files.
fn paths(output: &Output, input: &Path, to: &Path) -> Result<(), Exit> {
    let shown = input.display();
    match std::fs::metadata(input) {
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
    if same_file(input, to) {
        output.error("--input and --output name the same file", None);
        return Err(Exit::CommandLine);
    }
    let ending = to.extension().and_then(|e| e.to_str()).unwrap_or("");
    if ending != "csv" && ending != "npy" {
        let help = "predictions are written as .csv or .npy";
        output.error(&format!("--output {}: its ending says no format", to.display()), Some(help));
        return Err(Exit::CommandLine);
    }
    Ok(())
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((std::fs::canonicalize(a), std::fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
