//! What can go wrong in a run that the checker could not see: the facts. Their words are in [`super::wording`].

use super::cause::Divergence;
use super::generate::CannotGenerate;
use super::memory::Shortage;
use crate::check::Checked;
use crate::compile::CompileError;
use crate::data::{DataError, Split};
use crate::diagnostics::{Code, Diagnostic, io_reason};
use crate::runtime::PlanError;
use crate::source::{SourceMap, Span};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a run ended without its result.
#[derive(Debug, Clone, PartialEq)]
pub enum RunError {
    /// The file has no `train`, or none of the name asked for.
    NoTrain {
        /// Of the model, where one was asked for.
        wanted: Option<String>,
        /// Those that there are.
        trains: Vec<Arc<str>>,
    },
    /// The data cannot be read or does not suit the program any more.
    Data(DataError),
    /// The file that was given to predict cannot be read as the data of the program.
    Input {
        /// Why.
        error: DataError,
        /// The file.
        given: PathBuf,
    },
    /// The checker has something against the source of a run that is opened again.
    Source(Vec<Diagnostic>),
    /// Weights do not fit the model.
    WeightsMismatch {
        /// Their file.
        file: PathBuf,
        /// Everything that does not fit.
        mismatches: Vec<Mismatch>,
        /// The setting `load:`, where that names them.
        span: Option<Span>,
    },
    /// A file of weights cannot be read.
    WeightsUnreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        reason: String,
        /// The setting `load:`, where that names it.
        span: Option<Span>,
    },
    /// A directory or file of the run cannot be written: full disk, no permission.
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// `--out` names a directory that holds something already.
    OutNotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// What is given as a run is none.
    NotARun {
        /// Which directory.
        path: PathBuf,
        /// What is missing or cannot be read in it.
        reason: String,
    },
    /// A run of which a part cannot be read.
    Damaged {
        /// The directory.
        path: PathBuf,
        /// Which part, and why.
        reason: String,
    },
    /// An imported file is not what it was when the run was made.
    ImportChanged {
        /// Which.
        path: PathBuf,
    },
    /// Somebody asked it to end before it had begun.
    Interrupted,
    /// Another process works on the run.
    RunGoesOn {
        /// Its directory.
        path: PathBuf,
    },
    /// A run that cannot be resumed.
    NotResumable {
        /// Its directory.
        path: PathBuf,
        /// Why.
        why: NotResumable,
        /// Weights that it has left, to begin another run with.
        weights: Option<PathBuf>,
    },
    /// A split that the data does not have.
    NoSplit {
        /// Which.
        split: Split,
        /// The data block.
        data: Arc<str>,
    },
    /// A model or a prompt that no text can be written with.
    Generate(CannotGenerate),
    /// A training split without a single batch.
    NoExamples {
        /// The data block.
        data: Arc<str>,
        /// Where the train is.
        span: Span,
    },
    /// Predictions cannot be written as this kind of file.
    OutputKind {
        /// The file asked for.
        path: PathBuf,
    },
    /// A sequence is too short for the network, or too long.
    SequenceLength {
        /// How long it is.
        length: usize,
        /// How many there are of its sort.
        count: usize,
        /// How long it must be, where that is known and it is too short.
        least: Option<i64>,
        /// How long it may be, where it is too long.
        most: Option<i64>,
        /// What cannot take it.
        span: Span,
    },
    /// There is not enough memory for a step.
    Memory(Box<Shortage>),
    /// The loss is not a finite number any more.
    Diverged(Box<Divergence>),
    /// An earlier stage broke its promise: our bug.
    Internal {
        /// Which stage.
        stage: &'static str,
        /// What it says.
        message: String,
    },
}

/// Why a run cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub enum NotResumable {
    /// It is at its end.
    Finished,
    /// It met a number that is not finite, and would again.
    Diverged,
    /// Its copy of the program is not what its checkpoint was made with.
    OtherProgram {
        /// What is different, a line each; none where it is not known.
        differences: Vec<String>,
    },
    /// The weights that a train of it goes on with are not those that the one before has left, and there is no checkpoint
    /// of it.
    OtherWeights {
        /// Their file.
        file: PathBuf,
    },
    /// Its data is not what it was.
    OtherData {
        /// The files.
        files: Vec<PathBuf>,
    },
}

/// What went wrong with a run that was opened again, and the texts that its places are in: the run's own copy of the
/// program.
#[derive(Debug, Clone)]
pub struct ReopenError {
    /// What went wrong.
    pub error: RunError,
    /// Empty where the run could not even be read.
    pub sources: SourceMap,
}

impl From<RunError> for ReopenError {
    fn from(error: RunError) -> Self {
        ReopenError { error, sources: SourceMap::new() }
    }
}

/// A weight that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// The model has it, the file does not.
    Missing {
        /// Its path.
        path: Arc<str>,
        /// A name in the file that may be meant.
        nearest: Option<String>,
    },
    /// The file has it, the model does not.
    Unexpected {
        /// Its name.
        name: String,
        /// A path of the model that may be meant.
        nearest: Option<Arc<str>>,
    },
    /// Both have it, with different shapes.
    Shape {
        /// Its path.
        path: Arc<str>,
        /// In the model.
        model: Vec<usize>,
        /// In the file.
        file: Vec<usize>,
    },
    /// Numbers of a type that cannot be read.
    Type {
        /// Its path.
        path: Arc<str>,
        /// As the file calls it.
        dtype: String,
    },
}

impl RunError {
    /// The same with what only the program's text and data say of it.
    pub(super) fn located(mut self, checked: &Checked) -> RunError {
        if let RunError::Diverged(divergence) = &mut self {
            divergence.locate(checked);
        }
        self
    }

    /// The exit status that LANGUAGE.md gives it.
    pub fn exit_status(&self) -> u8 {
        match self {
            RunError::Diverged(_) => 4,
            _ => 1,
        }
    }

    /// Its code, where it has a page.
    pub fn code(&self) -> Option<Code> {
        Some(match self {
            RunError::Data(error) => error.diagnostic().code,
            RunError::Input { error, given } => error.diagnostic_of_new(&given.display().to_string()).code,
            RunError::Source(diagnostics) => return diagnostics.first().map(|d| d.code),
            RunError::WeightsMismatch { .. } => Code::E0801,
            RunError::WeightsUnreadable { .. } => Code::E0802,
            RunError::Write { .. } => Code::E0803,
            RunError::OutNotEmpty { .. } => Code::E0804,
            RunError::NotARun { .. } | RunError::Damaged { .. } => Code::E0805,
            RunError::ImportChanged { .. } => Code::E0806,
            RunError::NoTrain { .. } => Code::E0807,
            RunError::NoSplit { .. } => Code::E0808,
            RunError::NoExamples { .. } => Code::E0809,
            RunError::OutputKind { .. } => Code::E0810,
            RunError::SequenceLength { .. } => Code::E0811,
            RunError::Generate(_) => Code::E0812,
            RunError::RunGoesOn { .. } => Code::E0813,
            RunError::NotResumable { why: NotResumable::OtherProgram { .. }, .. } => Code::E0815,
            RunError::NotResumable { why: NotResumable::OtherData { .. }, .. } => Code::E0816,
            RunError::NotResumable { .. } => Code::E0814,
            RunError::Memory(_) => Code::E0910,
            RunError::Diverged(divergence) => divergence.code(),
            RunError::Interrupted | RunError::Internal { .. } => return None,
        })
    }

    /// The place in the source that it is about, where there is one.
    pub fn span(&self) -> Option<Span> {
        match self {
            RunError::Data(error) | RunError::Input { error, .. } => Some(error.span),
            RunError::WeightsMismatch { span, .. } | RunError::WeightsUnreadable { span, .. } => *span,
            RunError::NoExamples { span, .. } | RunError::SequenceLength { span, .. } => Some(*span),
            RunError::Memory(shortage) => Some(shortage.span),
            RunError::Diverged(divergence) => Some(divergence.place()),
            _ => None,
        }
    }

    pub(super) fn plan(error: PlanError) -> Self {
        CompileError::from(error).into()
    }

    pub(super) fn write(path: &Path, error: &std::io::Error) -> Self {
        RunError::Write { path: path.to_owned(), reason: io_reason(error) }
    }
}

impl From<CompileError> for RunError {
    fn from(error: CompileError) -> Self {
        RunError::Internal { stage: error.stage, message: error.message }
    }
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        RunError::Data(error)
    }
}
