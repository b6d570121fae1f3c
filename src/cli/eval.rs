//! `nnrun eval`: the weights of a run, measured again.

use super::arguments::{EvalArgs, SplitName};
use super::exit::Exit;
use super::output::{BOLD, Output, paint};
use super::{failure, files, measures, run};
use crate::data::Split;
use crate::train::{self, Evaluated};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn eval(output: &Output, args: &EvalArgs) -> Exit {
    let Chosen { from, exit } = match run_of(output, &args.file, args.from.as_deref()) {
        Ok(chosen) => chosen,
        Err(exit) => return exit,
    };
    let split = args.split.map(|name| match name {
        SplitName::Train => Split::Train,
        SplitName::Validation => Split::Validation,
        SplitName::Test => Split::Test,
    });
    match train::evaluate(&from, split, run::threads(args.threads)) {
        Ok(results) if args.json => {
            for result in &results {
                let object = json!({
                    "event": "eval", "train": &*result.train, "split": result.split.name(),
                    "measures": result.measures.to_json(), "run": from.display().to_string(),
                });
                output.result(&format!("{object}\n"));
            }
            exit
        }
        Ok(results) => {
            show(output, &from, &results);
            exit
        }
        Err(failed) => failure::tell(output, &failed.sources, &failed.error),
    }
}

fn show(output: &Output, from: &Path, results: &[Evaluated]) {
    let mut rest = results;
    while let Some(first) = rest.first() {
        let of_one = rest.iter().take_while(|r| r.train == first.train).count();
        let (these, others) = rest.split_at(of_one);
        let rows: Vec<_> = these.iter().map(|r| (r.split.name(), &r.measures)).collect();
        output.say(&format!("{} from {}", paint(BOLD, &first.train), from.display()));
        output.result(&measures::table(&rows, output.width()));
        rest = others;
    }
}

/// A run whose weights are used.
pub struct Chosen {
    /// Its directory.
    pub from: PathBuf,
    /// How a command ends that does with them what it should: a script must not take what a divergence left for a
    /// result.
    pub exit: Exit,
}

/// The run that is meant: the one that is named, else the newest of the file.
pub fn run_of(output: &Output, file: &Path, from: Option<&Path>) -> Result<Chosen, Exit> {
    files::readable(output, file)?;
    if let Some(from) = from {
        let exit = tell_standing(output, file, from);
        return Ok(Chosen { from: from.to_owned(), exit });
    }
    match train::latest_run(file, Path::new("runs")) {
        Some(run) => {
            output.note(&format!("the newest run is used, {}", run.display()));
            let exit = tell_standing(output, file, &run);
            Ok(Chosen { from: run, exit })
        }
        None => {
            let shown = file.display();
            output.error(
                &format!("there is no run of {shown} in the folder runs"),
                Some(&format!("`nnrun train {shown}` makes one; --from names one that is somewhere else")),
            );
            Err(Exit::CommandLine)
        }
    }
}

/// Says what makes the weights of a run others than one may think.
fn tell_standing(output: &Output, file: &Path, run: &Path) -> Exit {
    let Some(standing) = train::standing(run, file) else { return Exit::Fine };
    if standing.has_changed {
        output.note(&format!(
            "{} has changed since this run; its weights belong to the program as it was, {}, which is what is used",
            file.display(),
            standing.program.display()
        ));
    }
    if let Some(step) = standing.diverged {
        let when = step.map_or(String::new(), |step| format!(" at step {step}"));
        output.note(&format!("this run diverged{when}: its weights are what that left, and no result"));
        return Exit::Diverged;
    }
    Exit::Fine
}
