//! From a path on the command line to a checked program.

use super::exit::Exit;
use super::output::Output;
use crate::check::{Checked, Overrides, check_file};
use crate::diagnostics::{Diagnostic, Format, io_reason, nearest, quoted_list, render_all};
use crate::train::{is_run, takes_file};
use std::path::{Path, PathBuf};

/// Checks a file and shows what is wrong with it. `Err` where it cannot run.
pub fn program(output: &Output, path: &Path, overrides: &Overrides) -> Result<Checked, Exit> {
    let checked = open(output, path, overrides)?;
    show_diagnostics(output, &checked);
    if checked.has_errors() { Err(Exit::Wrong) } else { Ok(checked) }
}

/// Checks a file. `Err`, with the reason told, where it cannot be read or `--set` names no hyper of it.
pub fn open(output: &Output, path: &Path, overrides: &Overrides) -> Result<Checked, Exit> {
    readable(output, path)?;
    let checked = check_file(path, overrides).map_err(|error| {
        output.error(&format!("{} cannot be read: {}", error.path.display(), error.message), None);
        Exit::Wrong
    })?;
    known_hypers(output, &checked, overrides)?;
    Ok(checked)
}

/// A file that a command writes because a flag says so.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// `--svg`
    pub flag: &'static str,
    /// `svg`
    pub ending: &'static str,
    /// What it is.
    pub what: &'static str,
}

/// What `--svg` writes.
pub const PICTURE: Written = Written { flag: "--svg", ending: "svg", what: "a picture of curves" };

/// Whether a path can be written to: it ends as it must, nothing is lost, and its folder takes a file. `Err`, with the
/// reason told, otherwise: before anything is done for what cannot be kept.
pub fn can_be_written(output: &Output, written: Written, path: &Path, force: bool) -> Result<(), Exit> {
    let Written { flag, ending, what } = written;
    let shown = path.display();
    if path.extension().is_none_or(|own| !own.eq_ignore_ascii_case(ending)) {
        output.error(&format!("{flag} {shown}: {what} is written as .{ending}"), None);
        return Err(Exit::CommandLine);
    }
    if path.symlink_metadata().is_ok() && (!force || path.is_dir()) {
        let help = (!path.is_dir()).then_some("--force writes over it");
        output.error(&format!("{flag} {shown} is there already"), help);
        return Err(Exit::CommandLine);
    }
    takes_file(path).map_err(|error| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let help = folder.map(|folder| format!("there is no folder {}: make it first", folder.display()));
        output.error(&format!("{flag} {shown} cannot be written: {}", io_reason(&error)), help.as_deref());
        Exit::CommandLine
    })
}

/// Whether a path can be a program. `Err`, with the reason told, where it names nothing or a folder.
pub fn readable(output: &Output, path: &Path) -> Result<(), Exit> {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(about) if about.is_dir() => {
            let programs = programs_in(path);
            let help = match quoted_list(programs.iter().map(String::as_str), 5) {
                names if names.is_empty() => "a program is a file that ends in .nn".to_owned(),
                names if is_run(path) => {
                    format!(
                        "it is a run, which `eval` and `predict` take behind `--from`; its program is {names} in it"
                    )
                }
                names => format!("in it: {names}"),
            };
            output.error(&format!("{shown} is a folder, not a program"), Some(&help));
            Err(Exit::CommandLine)
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            output.error(&format!("there is no file {shown}"), missing_help(path).as_deref());
            Err(Exit::CommandLine)
        }
        Err(error) => {
            output.error(&format!("{shown} cannot be read: {}", io_reason(&error)), None);
            Err(Exit::Wrong)
        }
    }
}

/// What was probably meant by a path that names nothing.
fn missing_help(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let written = |name: &str| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join(name),
        _ => PathBuf::from(name),
    };
    if !folder.is_dir() {
        return Some(format!("there is no folder {} either", folder.display()));
    }
    let programs = programs_in(&folder);
    let with_ending = format!("{name}.nn");
    if programs.contains(&with_ending) {
        return Some(format!("the whole name is needed: nnrun {}", written(&with_ending).display()));
    }
    if let Some(meant) = nearest(&name, programs.iter().map(String::as_str)) {
        return Some(format!("a similar one is there: {}", written(meant).display()));
    }
    let stem = name.trim_end_matches(".nn");
    if let Some(meant) = programs.iter().find(|p| nearest(stem, [p.trim_end_matches(".nn")]).is_some()) {
        return Some(format!("a similar one is there: {}", written(meant).display()));
    }
    if let Some(below) = one_level_below(&folder, &name) {
        return Some(format!("there is {}", below.display()));
    }
    match quoted_list(programs.iter().map(String::as_str), 5) {
        names if names.is_empty() => None,
        names => Some(format!("programs in {}: {names}", folder.display())),
    }
}

/// The program of this name (with or without its ending) in a folder of the folder: `examples/xor.nn` for `xor`.
fn one_level_below(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = format!("{}.nn", name.trim_end_matches(".nn"));
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join(&file))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.into_iter().next().map(|path| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path))
}

/// Names of the programs in a folder, sorted.
fn programs_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(".nn"))
        .collect();
    names.sort();
    names
}

/// A hyper that `--set` names and the program does not have is a mistake of the command line.
fn known_hypers(output: &Output, checked: &Checked, overrides: &Overrides) -> Result<(), Exit> {
    let names: Vec<&str> = checked.program.hypers.iter().map(|(name, _)| &**name).collect();
    let mut outcome = Ok(());
    for (name, _) in &overrides.set {
        if names.contains(&name.as_str()) {
            continue;
        }
        // Without a readable declaration nothing is known; its own diagnostic says more.
        if names.is_empty() && checked.has_errors() {
            continue;
        }
        let help = match (nearest(name, names.iter().copied()), names.as_slice()) {
            (Some(meant), _) => format!("a similar one is `{meant}`"),
            (None, []) => "the program has no hypers; `hyper width = 64` declares one".to_owned(),
            (None, _) => format!("its hypers are {}", quoted_list(names.iter().copied(), 8)),
        };
        output.error(&format!("--set {name}: the program has no hyper of this name"), Some(&help));
        outcome = Err(Exit::CommandLine);
    }
    outcome
}

/// All diagnostics in the human format on standard error, with a last line that counts them.
pub fn show_diagnostics(output: &Output, checked: &Checked) {
    let shown: Vec<Diagnostic> =
        checked.diagnostics.iter().filter(|d| d.is_error() || !output.quiet).cloned().collect();
    if shown.is_empty() {
        return;
    }
    let style = output.error_style();
    output.complain(&render_all(&checked.sources, &shown, Format::Human, style));
    output.complain(&format!("{}\n", tally(&shown)));
}

/// `2 errors and 1 warning`
pub fn tally(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let counted = |n: usize, thing: &str| format!("{n} {thing}{}", if n == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, w) => counted(w, "warning"),
        (e, 0) => counted(e, "error"),
        (e, w) => format!("{} and {}", counted(e, "error"), counted(w, "warning")),
    }
}
