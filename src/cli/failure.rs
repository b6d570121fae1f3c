//! A run that ended without its result, told to the user.

use super::exit::Exit;
use super::files::tally;
use super::output::Output;
use crate::diagnostics::{Format, Style, render_all};
use crate::source::SourceMap;
use crate::train::RunError;

/// Tells what went wrong on standard error and says which exit status it has.
pub fn tell(output: &Output, sources: &SourceMap, error: &RunError) -> Exit {
    let diagnostics = pending::diagnostics(error);
    if diagnostics.is_empty() {
        let message = match error.code() {
            Some(code) => format!("{} [{code}]", pending::text(error)),
            None => pending::text(error),
        };
        output.error(&message, pending::help(error).as_deref());
    } else {
        let style = Style { color: output.error_has_color() };
        output.complain(&render_all(sources, &diagnostics, Format::Human, style));
        output.complain(&format!("{}\n", tally(&diagnostics)));
    }
    status(error)
}

fn status(error: &RunError) -> Exit {
    match error {
        RunError::Diverged(_) => Exit::Diverged,
        // What the command line named is not there, or is there already.
        RunError::OutNotEmpty { .. }
        | RunError::NotARun { .. }
        | RunError::NoSplit { .. }
        | RunError::NoTrain { wanted: Some(_), .. } => Exit::CommandLine,
        _ => Exit::Wrong,
    }
}

/// TEMPORARY until `train` has its words.
pub mod pending {
    use crate::diagnostics::Diagnostic;
    use crate::source::{FileId, SourceMap};
    use crate::train::RunError;
    pub fn diagnostics(error: &RunError) -> Vec<Diagnostic> {
        match error {
            RunError::Data(e) => vec![e.diagnostic()],
            RunError::Source(d) => d.clone(),
            _ => Vec::new(),
        }
    }
    pub fn text(error: &RunError) -> String {
        format!("{error:?}")
    }
    pub fn help(_: &RunError) -> Option<String> {
        None
    }
    pub fn sources() -> SourceMap {
        SourceMap::new()
    }
    pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
        let (_, d) = crate::syntax::parse(file, text);
        if d.is_empty() { Ok(text.to_owned()) } else { Err(d) }
    }
}
