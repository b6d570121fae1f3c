//! `nnrun check`: everything that is wrong, and what each stage made of the program.

use super::arguments::{CheckArgs, DiagnosticFormat, Stage};
use super::exit::Exit;
use super::files;
use super::numbers::{count, counted};
use super::output::{GREEN, Output, paint};
use crate::check::{Checked, Overrides};
use crate::compile;
use crate::diagnostics::{Format, Style, render_all, render_files};
use crate::ide;
use crate::ir::print::{Layout, print};
use crate::syntax;
use std::path::Path;

/// Runs the command. Every file is checked, even where one before it is wrong.
pub fn check(output: &Output, args: &CheckArgs) -> Exit {
    let overrides = Overrides { lints: args.lints.levels(), ..args.changes.overrides() };
    let mut worst = Exit::Fine;
    let mut all: Vec<Checked> = Vec::new();
    for path in &args.files {
        let checked = match files::open(output, path, &overrides) {
            Ok(checked) => checked,
            Err(exit) => {
                worst = worst.max(exit);
                continue;
            }
        };
        if checked.has_errors() {
            worst = worst.max(Exit::Wrong);
        }
        match args.format {
            DiagnosticFormat::Human => {
                files::show_diagnostics(output, &checked);
                if args.emit.is_none() && !checked.has_errors() {
                    output.say(&fine(path, &checked));
                }
            }
            DiagnosticFormat::Short => {
                let style = output.error_style();
                output.complain(&render_all(&checked.sources, &checked.diagnostics, Format::Short, style));
            }
            DiagnosticFormat::Json | DiagnosticFormat::Sarif => {}
        }
        if let Some(stage) = args.emit {
            worst = worst.max(emit(output, &checked, stage));
        }
        all.push(checked);
    }
    // One answer for all files, also where it is that there is nothing to say.
    let format = match args.format {
        DiagnosticFormat::Json => Format::Json,
        DiagnosticFormat::Sarif => Format::Sarif,
        DiagnosticFormat::Human | DiagnosticFormat::Short => return worst,
    };
    let files: Vec<_> = all.iter().map(|checked| (&checked.sources, checked.diagnostics.as_slice())).collect();
    output.result(&render_files(&files, format, Style::default()));
    worst
}

/// `✓ iris.nn: 1 model, 131 parameters, 150 examples`
fn fine(path: &Path, checked: &Checked) -> String {
    let program = &checked.program;
    let mut parts = Vec::new();
    if !program.models.is_empty() {
        parts.push(counted(program.models.len() as u64, "model"));
        let parameters: Option<u64> = program.models.iter().map(ide::parameters).sum();
        if let Some(parameters) = parameters {
            parts.push(counted(parameters, "parameter"));
        }
    }
    if let Some(examples) = examples(checked) {
        parts.push(counted(examples, "example"));
    }
    format!(
        "{} {}: {}",
        paint(GREEN, "✓"),
        path.display(),
        if parts.is_empty() { "fine".into() } else { parts.join(", ") }
    )
}

fn examples(checked: &Checked) -> Option<u64> {
    let all: Option<Vec<usize>> =
        checked.program.data.iter().map(|d| d.description.examples.map(|e| e.iter().sum())).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.iter().sum::<usize>() as u64)
}

/// Prints what a stage made of the program. The tree is there whatever is wrong; the rest only for a program that
/// can run.
fn emit(output: &Output, checked: &Checked, stage: Stage) -> Exit {
    if stage == Stage::Ast {
        let lines = &checked.sources.file(checked.file).lines;
        output.result(&syntax::print(&checked.ast, syntax::Positions::Lines(lines)));
        return Exit::Fine;
    }
    if checked.has_errors() {
        return Exit::Wrong;
    }
    let program = &checked.program;
    if program.trains.is_empty() && stage == Stage::Ir {
        for model in &program.models {
            output.result(&format!("# {}\n", model.name));
            output.result(&print(&model.graph, &Layout { sources: Some(&checked.sources), backward_from: None }));
        }
        return Exit::Fine;
    }
    if program.trains.is_empty() {
        output.error("the program trains nothing, so there is no training step to show", None);
        return Exit::Wrong;
    }
    for train in &program.trains {
        if program.trains.len() > 1 {
            output.result(&format!("# {}, batch {}\n", train.title(), count(train.settings.batch as u64)));
        }
        let text = match stage {
            Stage::Ast => Ok(String::new()),
            Stage::Ir => Ok(compile::emit_ir(train, &checked.sources)),
            Stage::Backward => Ok(compile::emit_backward(train, &checked.sources)),
            Stage::Plan => compile::emit_plan(train, &checked.sources),
        };
        match text {
            Ok(text) => output.result(&text),
            Err(error) => {
                output.error(&error.to_string(), Some("this is a mistake of nnrun, not of the program"));
                return Exit::Wrong;
            }
        }
    }
    Exit::Fine
}
