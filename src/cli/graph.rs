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
    let format = match format(args) {
        Ok(format) => format,
        Err((message, help)) => {
            output.error(&message, Some(&help));
            return Exit::CommandLine;
        }
    };
    let text = match format {
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

/// How the drawing is written: as asked for, or as the name of the file says. The two must not contradict each other.
fn format(args: &GraphArgs) -> Result<DrawingFormat, (String, String)> {
    let extension = args.output.as_ref().and_then(|path| path.extension()).map(|e| e.to_string_lossy().to_lowercase());
    let Some(extension) = extension else { return Ok(args.format.unwrap_or(DrawingFormat::Svg)) };
    let named = match extension.as_str() {
        "svg" => Some(DrawingFormat::Svg),
        "dot" | "gv" => Some(DrawingFormat::Dot),
        _ => None,
    };
    match (args.format, named) {
        (Some(asked), Some(named)) if asked != named => {
            let asked = if asked == DrawingFormat::Svg { "svg" } else { "dot" };
            let message = format!("--format {asked} does not go with a file named `.{extension}`");
            Err((message, format!("name it `.{asked}`, or leave `--format` out")))
        }
        (Some(format), None) if !is_picture(&extension) => Ok(format),
        (_, Some(format)) => Ok(format),
        (_, None) => {
            let message = format!("a drawing is written as SVG or DOT, not as `.{extension}`");
            let help = "`-o net.svg` is a picture for browsers and editors; Graphviz makes others of DOT: `dot -Tpng net.dot -o net.png`";
            Err((message, help.to_owned()))
        }
    }
}

/// Whether a file of this name would be taken for a picture of another format.
fn is_picture(extension: &str) -> bool {
    matches!(extension, "png" | "jpg" | "jpeg" | "gif" | "bmp" | "webp" | "pdf" | "ps" | "eps" | "tif" | "tiff")
}
