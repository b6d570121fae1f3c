//! Predictions of a trained model for new data.

use super::error::{ReopenError, RunError};
use super::feeding::{Draw, Feeder};
use super::predicted_table::{PredictedTable, Predictions, npy_header};
use super::prediction::OutputReader;
use super::reopen::{Opened, open};
use super::run_directory::write_whole_by;
use crate::check::{Checked, DataBlock, Port, Train};
use crate::compile;
use crate::data::{DataFile, Dataset, Fitted, PerSplit, SourceSpec, Split, apply};
use crate::ir::dim::Var;
use crate::runtime::{Executable, Session};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Examples that are predicted at once where nothing is said.
pub(super) const BATCH: usize = 256;
/// Batches whose predictions are written together: enough to sort examples by length.
const TOGETHER: usize = 64;

/// What to predict.
#[derive(Debug, Clone)]
pub struct PredictOptions {
    /// The model, where the run has several.
    pub model: Option<String>,
    /// A CSV (or what the model's data is read from: idx, npy, an image or a folder of them) with the columns that the
    /// model's inputs need.
    pub input: PathBuf,
    /// `.csv` or `.npy`.
    pub output: PathBuf,
    /// `--batch`: examples that are predicted at once; 256 where nothing is said.
    pub batch: Option<usize>,
    /// Workers.
    pub threads: usize,
}

/// What was predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// Rows.
    pub rows: usize,
    /// Names of the columns, as written to a CSV.
    pub columns: Vec<String>,
    /// The model.
    pub model: Arc<str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OutputKind {
    Csv,
    Npy,
}

/// Predicts for the rows of `input`, in their order, with the weights of a run.
pub fn predict(run: &Path, options: &PredictOptions) -> Result<Predicted, ReopenError> {
    let kind = match options.output.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => OutputKind::Csv,
        Some("npy") => OutputKind::Npy,
        _ => return Err(RunError::OutputKind { path: options.output.clone() }.into()),
    };
    let (opened, checked) = open(run)?;
    predict_opened(&opened, &checked, options, kind).map_err(|error| ReopenError { error, sources: checked.sources })
}

fn predict_opened(
    opened: &Opened,
    checked: &Checked,
    options: &PredictOptions,
    kind: OutputKind,
) -> Result<Predicted, RunError> {
    let train = chosen_train(opened, checked, options.model.as_deref())?;
    let mut predictor = Predictor::new(opened, checked, train, options.threads)?;
    let source = replacement(predictor.block, &predictor.wanted(), &options.input);
    let given = options.input.display().to_string();
    let dataset = predictor.read(&source, &given)?;
    let batch = options.batch.unwrap_or(BATCH).max(1);
    let mut predicted = Predicted { rows: 0, columns: Vec::new(), model: train.name.clone() };
    // What goes wrong while the file is written and is not the file's.
    let mut failed = None;
    let written = write_whole_by(&options.output, |file| {
        let parts = Parts { predictor: &mut predictor, dataset: &dataset, batch, kind };
        parts.write(file, &mut predicted).map_err(|error| match error {
            PartError::File(error) => error,
            PartError::Run(error) => {
                failed = Some(error);
                io::ErrorKind::Other.into()
            }
        })
    });
    match failed {
        Some(error) => Err(error),
        None => written.map(|()| predicted),
    }
}

/// Why predictions could not be written to their end.
enum PartError {
    File(io::Error),
    Run(RunError),
}

/// Predictions that are written part by part, so that no more than a part is in memory.
struct Parts<'p, 'a> {
    predictor: &'p mut Predictor<'a>,
    dataset: &'p Dataset,
    batch: usize,
    kind: OutputKind,
}

impl Parts<'_, '_> {
    fn write(self, file: &mut dyn Write, predicted: &mut Predicted) -> Result<(), PartError> {
        let Parts { predictor, dataset, batch, kind } = self;
        let is_npy = kind == OutputKind::Npy;
        let examples = dataset.splits.get(Split::Test);
        // How many positions all sequences have together is known at the end only, and stands in the header.
        let (mut numbers, mut shape_of_held) = (Vec::new(), None);
        let mut is_first = true;
        for rows in examples.chunks(batch.saturating_mul(TOGETHER)) {
            let table = predictor.part(dataset, rows, batch, is_npy).map_err(PartError::Run)?;
            predicted.rows += table.rows();
            if is_first {
                predicted.columns = table.columns().to_vec();
                if is_npy && !table.is_by_position() {
                    file.write_all(&npy_header(examples.len(), table.shape())).map_err(PartError::File)?;
                }
            }
            let written = match is_npy {
                false => table.write_csv(file, is_first),
                true if table.is_by_position() => {
                    shape_of_held.get_or_insert_with(|| table.shape().to_vec());
                    table.write_numbers(&mut numbers)
                }
                true => table.write_numbers(file),
            };
            written.map_err(PartError::File)?;
            is_first = false;
        }
        let Some(shape) = shape_of_held else { return Ok(()) };
        let header = npy_header(predicted.rows, &shape);
        file.write_all(&header).and_then(|()| file.write_all(&numbers)).map_err(PartError::File)
    }
}

/// A trained model that is asked again and again.
pub(super) struct Predictor<'a> {
    pub(super) train: &'a Train,
    pub(super) block: &'a DataBlock,
    fitted: &'a Fitted,
    executable: Executable<f32>,
    session: Session<f32>,
}

impl<'a> Predictor<'a> {
    /// With the weights of a run.
    pub(super) fn new(
        opened: &'a Opened,
        checked: &'a Checked,
        train: &'a Train,
        threads: usize,
    ) -> Result<Self, RunError> {
        let Some(block) = checked.program.data.get(train.data) else {
            return Err(RunError::Internal { stage: "check", message: format!("no data for {}", train.name) });
        };
        let fitted = opened.fitted(checked, train)?;
        let states = opened.states(checked, train)?;
        let executable = compile::measurement(compile::prediction_graph(train), &states)?;
        Ok(Predictor { train, block, fitted, executable, session: Session::new(states, threads) })
    }

    /// The fields that the model reads.
    pub(super) fn wanted(&self) -> Vec<&str> {
        compile::wanted_fields(self.executable.graph())
    }

    /// Predicts for the examples of a source, in their order. Errors call it `given`.
    pub(super) fn table(&mut self, source: &SourceSpec, given: &str, is_npy: bool) -> Result<PredictedTable, RunError> {
        let dataset = self.read(source, given)?;
        self.part(&dataset, dataset.splits.get(Split::Test), BATCH, is_npy)
    }

    /// The examples of a source. Errors call it `given`.
    fn read(&self, source: &SourceSpec, given: &str) -> Result<Dataset, RunError> {
        apply(&self.block.plan, self.fitted, Some(source), &self.wanted())
            .map_err(|error| RunError::Input { error, given: PathBuf::from(given) })
    }

    /// Predicts for examples that follow one another.
    fn part(
        &mut self,
        dataset: &Dataset,
        examples: &[u32],
        batch: usize,
        is_npy: bool,
    ) -> Result<PredictedTable, RunError> {
        let range = examples.first().map_or(0, |first| *first as usize);
        let range = range..range + examples.len();
        let is_by_position = self.train.evaluation.outputs.iter().any(Port::is_ragged);
        let mut table = PredictedTable::new(is_npy, dataset, is_by_position, range);
        self.each(dataset, examples, batch, |row, readers, output| table.add(row as usize, readers, output))?;
        Ok(table)
    }

    /// Predicts for each of some examples: its row, how each output is to be read, and what that is. Examples of nearly
    /// one length come together, for they are padded little.
    pub(super) fn each(
        &mut self,
        dataset: &Dataset,
        examples: &[u32],
        batch: usize,
        mut take: impl for<'p> FnMut(u32, &[OutputReader], &'p (dyn Fn(usize) -> Predictions<'p> + 'p)),
    ) -> Result<(), RunError> {
        let Predictor { train, fitted, executable, session, .. } = self;
        let mut feeder = Feeder::new(executable, dataset)?;
        // The checker knows the lengths of the program's own data only.
        feeder.check_limits(dataset, &train.limits)?;
        let outputs = &train.evaluation.outputs;
        for rows in dataset.by_length(examples).chunks(batch) {
            let plan = feeder.run(executable, session, dataset, rows, Draw::EVALUATION)?;
            let ranks = outputs.iter().map(|port| port.shape.len()).enumerate();
            let shapes: Vec<Vec<usize>> = ranks.map(|(i, rank)| example_shape(executable, plan, i, rank)).collect();
            let readers: Vec<OutputReader> = outputs
                .iter()
                .zip(&shapes)
                .map(|(port, shape)| {
                    let own = if port.is_ragged() { shape.get(1..).unwrap_or_default() } else { shape };
                    OutputReader::new(train, port, own.to_vec(), fitted)
                })
                .collect();
            for (at, row) in rows.iter().enumerate() {
                let output = |i: usize| -> Predictions<'_> {
                    let size = shapes.get(i).map_or(0, |shape| shape.iter().product());
                    let all = executable.output(plan, i);
                    // An output that is the same for all examples is there once.
                    let start = if all.len() > size { at * size } else { 0 };
                    let values = all.get(start..start + size).unwrap_or_default();
                    let length = outputs.get(i).filter(|port| port.is_ragged()).and_then(|port| {
                        let own = |v: &Var| feeder.own_length(dataset, v.id, *row).map(|n| n as i64);
                        port.shape.first()?.evaluate(&own).map(|n| n.max(0) as usize)
                    });
                    Predictions { values, length }
                };
                take(*row, &readers, &output);
            }
        }
        Ok(())
    }
}

/// The train whose model is wanted, or the last: what comes before it usually prepares it.
pub(super) fn chosen_train<'c>(
    opened: &Opened,
    checked: &'c Checked,
    model: Option<&str>,
) -> Result<&'c Train, RunError> {
    let trains = opened.trained(checked);
    let is_wanted = |train: &&Train| model.is_none_or(|name| *name == *train.name);
    trains.iter().rev().copied().find(|train| is_wanted(train)).ok_or_else(|| RunError::NoTrain {
        wanted: model.map(str::to_owned),
        trains: trains.iter().map(|t| t.name.clone()).collect(),
    })
}

/// The sizes of an output for one example.
fn example_shape(executable: &Executable<f32>, plan: crate::runtime::PlanId, output: usize, rank: usize) -> Vec<usize> {
    let shape = executable.output_shape(plan, output);
    shape.get(shape.len().saturating_sub(rank)..).unwrap_or_default().to_vec()
}

/// The file in place of the source that the wanted fields are read from, of that source's kind.
fn replacement(block: &DataBlock, wanted: &[&str], input: &Path) -> SourceSpec {
    let files = PerSplit::Whole(vec![DataFile::new(input.display().to_string(), input)]);
    let fields = block.plan.fields.iter().filter(|f| wanted.contains(&f.name.as_str()));
    let source = fields.flat_map(|f| f.expr.sources()).next();
    let is_npy = input.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
    match source {
        Some(SourceSpec::Idx(_)) if is_npy => SourceSpec::Npy(files),
        Some(SourceSpec::Idx(_)) => SourceSpec::Idx(files),
        Some(SourceSpec::ImageFolder { size, channels, .. }) => {
            SourceSpec::ImageFolder { folders: files, size: *size, channels: *channels, labeled: false }
        }
        // A file with a single array takes the place of an archive's.
        Some(SourceSpec::Npz { .. }) if is_npy => SourceSpec::Npy(files),
        Some(SourceSpec::Npz { array, .. }) => SourceSpec::Npz { files, array: array.clone() },
        Some(SourceSpec::Npy(_)) => SourceSpec::Npy(files),
        Some(SourceSpec::Text(_)) => SourceSpec::Text(files),
        Some(SourceSpec::Lines(_)) => SourceSpec::Lines(files),
        _ => SourceSpec::Csv(files),
    }
}
