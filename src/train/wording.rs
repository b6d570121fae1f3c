//! The words for every [`RunError`].

use super::error::{Mismatch, NotResumable, RunError};
use crate::diagnostics::{Code, Diagnostic, quoted_list};
use std::fmt;

/// One line without a full stop; what more there is to say is in [`RunError::notes`].
impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::NoTrain { wanted: None, .. } => f.write_str("there is nothing to train in this file"),
            RunError::NoTrain { wanted: Some(wanted), .. } => write!(f, "there is no train of `{wanted}`"),
            RunError::Data(error) => f.write_str(&error.diagnostic().message),
            RunError::Input { error, given } => {
                f.write_str(&error.diagnostic_of_new(&given.display().to_string()).message)
            }
            RunError::Source(diagnostics) => {
                f.write_str(diagnostics.first().map_or("the source has errors", |d| &d.message))
            }
            RunError::WeightsMismatch { file, mismatches, .. } => {
                let n = mismatches.len();
                let these = if n == 1 { "one of the weights".to_owned() } else { format!("{n} of the weights") };
                write!(f, "{these} in {} and of the model do not fit", file.display())
            }
            RunError::WeightsUnreadable { file, reason, .. } => {
                write!(f, "the weights in {} cannot be read: {reason}", file.display())
            }
            RunError::Write { path, reason } => write!(f, "{} cannot be written: {reason}", path.display()),
            RunError::OutNotEmpty { path } => write!(f, "{} holds something already", path.display()),
            RunError::NotARun { path, reason } => write!(f, "{} is not a run: {reason}", path.display()),
            RunError::Damaged { path, reason } => write!(f, "{} is damaged: {reason}", path.display()),
            RunError::ImportChanged { path } => {
                write!(f, "{} is not what it was when the run was made", path.display())
            }
            RunError::Interrupted => f.write_str("interrupted before the first step: there is nothing to save"),
            RunError::RunGoesOn { path } => write!(f, "another process works on {}", path.display()),
            RunError::NotResumable { path, why, .. } => {
                let path = path.display();
                match why {
                    NotResumable::Finished => write!(f, "{path} is at its end: there is nothing left to do"),
                    NotResumable::Diverged => write!(f, "{path} diverged, and would again"),
                    NotResumable::OtherProgram { .. } => {
                        write!(f, "the program in {path} is not the one that it was begun with")
                    }
                    NotResumable::OtherWeights { file } => {
                        write!(f, "{} is not what its train has left, and no checkpoint is whole", file.display())
                    }
                    NotResumable::OtherData { files } => {
                        let are = if files.len() == 1 { "file is" } else { "files are" };
                        write!(f, "{} {are} not what {path} was begun with", files.len())
                    }
                }
            }
            RunError::NoSplit { split, data } => write!(f, "`{data}` has no {} split", split.name()),
            RunError::NoExamples { data, .. } => write!(f, "the training split of `{data}` does not fill one batch"),
            RunError::Generate(cannot) => f.write_str(&cannot.message()),
            RunError::OutputKind { path } => {
                write!(f, "predictions cannot be written as {}", path.display())
            }
            RunError::SequenceLength { length, most, .. } => {
                let positions = if *length == 1 { "1 position".to_owned() } else { format!("{length} positions") };
                let why = if most.is_some() { "too long" } else { "too short" };
                write!(f, "a sequence of {positions} is {why} for the network")
            }
            RunError::Memory(shortage) => f.write_str(&shortage.message()),
            RunError::Diverged(divergence) => f.write_str(&divergence.message()),
            RunError::Internal { stage, message } => {
                write!(f, "{stage} failed, which is a mistake in nnrun, not in your program: {message}")
            }
        }
    }
}

impl std::error::Error for RunError {}

impl RunError {
    /// Further facts and advice, a line each.
    pub fn notes(&self) -> Vec<String> {
        match self {
            RunError::NoTrain { trains, .. } if !trains.is_empty() => {
                vec![format!("there are trains of {}", quoted_list(trains.iter().map(|t| &**t), 8))]
            }
            RunError::NoTrain { .. } => vec!["add a `train Model on data { … }`".to_owned()],
            RunError::WeightsMismatch { mismatches, .. } => mismatches.iter().map(ToString::to_string).collect(),
            RunError::RunGoesOn { .. } => vec!["wait for its end, or interrupt it".to_owned()],
            RunError::NotResumable { why, weights, .. } => {
                let onwards = weights.as_ref().map(|weights| {
                    format!("to train on from its weights, run the program with --init {}", weights.display())
                });
                match why {
                    NotResumable::Finished => onwards.into_iter().collect(),
                    NotResumable::Diverged => vec!["change the program, and run it anew".to_owned()],
                    NotResumable::OtherProgram { differences } => {
                        let undo = "undo that to go on as if never stopped".to_owned();
                        differences.iter().cloned().chain([undo]).chain(onwards).collect()
                    }
                    NotResumable::OtherWeights { .. } => vec!["run the program anew".to_owned()],
                    NotResumable::OtherData { files } => {
                        let names = files.iter().map(|file| file.display().to_string());
                        names.chain(["bring that back, or run the program anew".to_owned()]).collect()
                    }
                }
            }
            RunError::Damaged { .. } => {
                vec!["take out what is no event, or bring it back: the other lines can be read then".to_owned()]
            }
            RunError::OutNotEmpty { .. } => vec!["a run never overwrites: name a new directory".to_owned()],
            RunError::Generate(cannot) => cannot.help(),
            RunError::OutputKind { .. } => vec!["name a file that ends in .csv or .npy".to_owned()],
            RunError::ImportChanged { .. } => vec!["bring the file back, or train again".to_owned()],
            RunError::NoExamples { .. } => vec!["make `batch` smaller, or leave out `drop_last`".to_owned()],
            RunError::SequenceLength { count, most, .. } => {
                let count = if *count == 1 {
                    "there is one such sequence".to_owned()
                } else {
                    format!("there are {count} such sequences")
                };
                let help = match most {
                    Some(_) => "make room for the longest, or cut such sequences",
                    None => "give windows `padding: same`, make them smaller, or leave such sequences out",
                };
                vec![count, help.to_owned()]
            }
            RunError::Diverged(divergence) => divergence.notes(),
            _ => Vec::new(),
        }
    }

    /// As a diagnostic, where it is about a place in the source.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            RunError::Data(error) => vec![error.diagnostic()],
            RunError::Input { error, given } => vec![error.diagnostic_of_new(&given.display().to_string())],
            RunError::Source(diagnostics) => diagnostics.clone(),
            _ => self.diagnostic().into_iter().collect(),
        }
    }

    fn diagnostic(&self) -> Option<Diagnostic> {
        match self {
            RunError::Diverged(divergence) => return Some(divergence.diagnostic()),
            RunError::Memory(shortage) => return Some(shortage.diagnostic()),
            _ => {}
        }
        let (code, span): (Code, _) = (self.code()?, self.span()?);
        let label = match self {
            RunError::WeightsMismatch { .. } | RunError::WeightsUnreadable { .. } => "these weights".to_owned(),
            RunError::SequenceLength { least: Some(n), .. } => format!("needs at least {n} positions"),
            RunError::SequenceLength { most: Some(n), .. } => format!("has room for {n} positions"),
            RunError::SequenceLength { .. } => "needs more positions".to_owned(),
            _ => "in this train".to_owned(),
        };
        let mut diagnostic = Diagnostic::new(code, self.to_string(), span, label);
        for note in self.notes() {
            diagnostic = diagnostic.note(note);
        }
        Some(diagnostic)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Missing { path, nearest } => {
                write!(f, "`{path}` is in the model only")?;
                nearest.as_ref().map_or(Ok(()), |n| write!(f, "; the file has `{n}`"))
            }
            Mismatch::Unexpected { name, nearest } => {
                write!(f, "`{name}` is in the file only")?;
                nearest.as_ref().map_or(Ok(()), |n| write!(f, "; the model has `{n}`"))
            }
            Mismatch::Shape { path, model, file } => {
                write!(f, "`{path}` is {model:?} in the model and {file:?} in the file")
            }
            Mismatch::Type { path, dtype } => write!(f, "`{path}` holds numbers of the type {dtype}"),
        }
    }
}
