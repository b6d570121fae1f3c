//! `nnrun graph`: the network as a drawing.

use super::arguments::{DrawingFormat, GraphArgs};
use super::exit::Exit;
use super::files;
use super::output::Output;
use crate::diagnostics::{io_reason, nearest, quoted_list};
use crate::export::graph as export;

/// Runs the command.
pub fn graph(output: &Output, args: &GraphArgs) -> Exit {
    let file = &args.program.file;
    let checked = match files::program(output, file, &args.program.changes.overrides()) {
        Ok(checked) => checked,
        Err(exit) => return exit,
    };
    let names: Vec<&str> = checked.program.models.iter().map(|model| &*model.name).collect();
    if names.is_empty() {
        output.error(&format!("{} has no model to draw", file.display()), None);
        return Exit::Wrong;
    }
    let model = args.model.as_deref();
    let text = match args.format {
        DrawingFormat::Svg => export::svg(&checked, model),
        DrawingFormat::Dot => export::dot(&checked, model),
    };
    let Some(text) = text else {
        let name = model.unwrap_or_default();
        let help = match nearest(name, names.iter().copied()) {
            Some(meant) => format!("a similar one is `{meant}`"),
            None => format!("its models are {}", quoted_list(names.iter().copied(), 8)),
        };
        output.error(&format!("--model {name}: {} has no model of this name", file.display()), Some(&help));
        return Exit::CommandLine;
    };
    let Some(path) = &args.output else {
        output.result(&text);
        return Exit::Fine;
    };
    match std::fs::write(path, text) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            output.error(&format!("{} cannot be written: {}", path.display(), io_reason(&error)), None);
            Exit::Wrong
        }
    }
}
