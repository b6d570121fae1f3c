//! `nnrun fmt`: the formatter over files and standard input.

use super::arguments::FmtArgs;
use super::exit::Exit;
use super::files::{readable, tally};
use super::output::{DIM, Output, paint};
use crate::diagnostics::{Diagnostic, Format, io_reason, render_all};
use crate::source::SourceMap;
use crate::syntax;

use std::io::{Read, Write};
use std::path::Path;

/// Runs the command. Every file is tried, even where one before it cannot be formatted.
pub fn fmt(output: &Output, args: &FmtArgs) -> Exit {
    let mut worst = Exit::Fine;
    for path in &args.files {
        let exit =
            if path.as_os_str() == "-" { standard_input(output, args.check) } else { file(output, path, args.check) };
        worst = worst.max(exit);
    }
    worst
}

fn file(output: &Output, path: &Path, check: bool) -> Exit {
    if let Err(exit) = readable(output, path) {
        return exit;
    }
    let text = match std::fs::read(path).map_err(|e| io_reason(&e)).and_then(utf8) {
        Ok(text) => text,
        Err(reason) => {
            output.error(&format!("{} cannot be read: {reason}", path.display()), None);
            return Exit::Wrong;
        }
    };
    let Some(formatted) = formatted(output, path, &text) else { return Exit::Wrong };
    if formatted == text {
        return Exit::Fine;
    }
    if check {
        let line = text.lines().zip(formatted.lines()).take_while(|(a, b)| a == b).count() + 1;
        output.error(
            &format!("{} is not formatted, from line {line} on", path.display()),
            Some(&format!("nnrun fmt {}", path.display())),
        );
        return Exit::Wrong;
    }
    match replace(path, &formatted) {
        Ok(()) => {
            output.say(&format!("{} {}", path.display(), paint(DIM, "formatted")));
            Exit::Fine
        }
        Err(error) => {
            output.error(&format!("{} cannot be written: {}", path.display(), io_reason(&error)), None);
            Exit::Wrong
        }
    }
}

fn standard_input(output: &Output, check: bool) -> Exit {
    let mut bytes = Vec::new();
    let text = match std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| io_reason(&e)) {
        Ok(_) => utf8(bytes),
        Err(reason) => Err(reason),
    };
    let text = match text {
        Ok(text) => text,
        Err(reason) => {
            output.error(&format!("standard input cannot be read: {reason}"), None);
            return Exit::Wrong;
        }
    };
    let Some(formatted) = formatted(output, Path::new("<stdin>"), &text) else { return Exit::Wrong };
    if !check {
        output.result(&formatted);
        return Exit::Fine;
    }
    if formatted == text {
        return Exit::Fine;
    }
    output.error("standard input is not formatted", None);
    Exit::Wrong
}

/// The formatted text; nothing, with the mistakes told, where the syntax is wrong: what is not understood is not moved.
fn formatted(output: &Output, path: &Path, text: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let file = sources.add(path, text);
    let diagnostics: Vec<Diagnostic> = match syntax::format(file, text) {
        Ok(formatted) => return Some(formatted),
        Err(diagnostics) => diagnostics,
    };
    let style = output.error_style();
    output.complain(&render_all(&sources, &diagnostics, Format::Human, style));
    output.complain(&format!("{}\n", tally(&diagnostics)));
    None
}

/// Writes beside the file and then moves over it, so that no moment leaves half a program.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // Through a link, the file that it points to is the one that changes.
    let path = std::fs::canonicalize(path)?;
    let about = std::fs::metadata(&path)?;
    if about.permissions().readonly() {
        return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::File::create_new(&beside).and_then(|mut file| {
        file.set_permissions(about.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&beside, &path));
    if moved.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    moved
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}
