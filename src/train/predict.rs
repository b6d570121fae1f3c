//! Predictions of a trained model for new data.

use super::error::{ReopenError, RunError};
use super::feeding::{Draw, Feeder};
use super::prediction::{OutputReader, PredictedCell};
use super::reopen::{Opened, last_trains, open};
use super::run_directory::write_whole;
use crate::check::{Checked, DataBlock, Train};
use crate::compile;
use crate::data::{DataFile, Dataset, PerSplit, SourceSpec, Split, apply};
use crate::runtime::{Executable, Session};
use ndarray::Array;
use ndarray_npy::WriteNpyExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are predicted at once.
const BATCH: usize = 256;

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
    let trains = last_trains(checked);
    let is_wanted = |train: &&Train| options.model.as_ref().is_none_or(|name| **name == *train.name);
    // The last: what comes before it usually prepares it.
    let train = trains.iter().rev().copied().find(|train| is_wanted(train)).ok_or_else(|| RunError::NoTrain {
        wanted: options.model.clone(),
        trains: trains.iter().map(|t| t.name.clone()).collect(),
    })?;
    let Some(block) = checked.program.data.get(train.data) else {
        return Err(RunError::Internal { stage: "check", message: format!("no data for {}", train.name) });
    };
    let graph = compile::prediction_graph(train);
    let fitted = opened.fitted(checked, train)?;
    let wanted = compile::wanted_fields(&graph);
    let source = replacement(block, &wanted, &options.input);
    let dataset = apply(&block.plan, fitted, Some(&source), &wanted)?;

    let states = opened.states(checked, train)?;
    let mut executable = compile::measurement(graph, &states)?;
    let mut feeder = Feeder::new(&executable, &dataset)?;
    let mut session = Session::new(states, options.threads);
    let mut table = Table::new(kind);
    for rows in dataset.splits.get(Split::Test).chunks(BATCH) {
        let plan = feeder.run(&mut executable, &mut session, &dataset, rows, Draw::EVALUATION)?;
        let readers: Vec<OutputReader> = train
            .evaluation
            .outputs
            .iter()
            .enumerate()
            .map(|(i, port)| {
                OutputReader::new(train, port, example_shape(&executable, plan, i, port.shape.len()), fitted)
            })
            .collect();
        for row in 0..rows.len() {
            let values = |output: usize, size: usize| {
                let all = executable.output(plan, output);
                // An output that is the same for all examples is there once.
                let start = if all.len() > size { row * size } else { 0 };
                all.get(start..start + size).unwrap_or_default()
            };
            table.add(&readers, values);
        }
    }
    let predicted =
        Predicted { rows: dataset_rows(&dataset), columns: table.columns.clone(), model: train.name.clone() };
    table.write(&options.output)?;
    Ok(predicted)
}

fn dataset_rows(dataset: &Dataset) -> usize {
    dataset.splits.get(Split::Test).len()
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
        Some(SourceSpec::Npy(_)) => SourceSpec::Npy(files),
        Some(SourceSpec::Text(_)) => SourceSpec::Text(files),
        Some(SourceSpec::Lines(_)) => SourceSpec::Lines(files),
        _ => SourceSpec::Csv(files),
    }
}

/// The predictions on their way to a file.
struct Table {
    kind: OutputKind,
    columns: Vec<String>,
    rows: Vec<Vec<PredictedCell>>,
    numbers: Vec<f32>,
    /// Sizes of a row of numbers.
    shape: Vec<usize>,
}

impl Table {
    fn new(kind: OutputKind) -> Self {
        Table { kind, columns: Vec::new(), rows: Vec::new(), numbers: Vec::new(), shape: Vec::new() }
    }

    fn add<'v>(&mut self, readers: &[OutputReader], values: impl Fn(usize, usize) -> &'v [f32]) {
        if self.columns.is_empty() {
            self.columns = readers.iter().flat_map(OutputReader::columns).collect();
            // One output keeps its shape; several stand one behind the other.
            self.shape = match readers {
                [only] => only.shape.clone(),
                several => vec![several.iter().map(|r| r.shape.iter().product::<usize>()).sum()],
            };
        }
        let of = |i: usize, reader: &OutputReader| values(i, reader.shape.iter().product());
        let each = readers.iter().enumerate();
        match self.kind {
            OutputKind::Csv => self.rows.push(each.flat_map(|(i, reader)| reader.cells(of(i, reader))).collect()),
            OutputKind::Npy => self.numbers.extend(each.flat_map(|(i, reader)| reader.numbers(of(i, reader)))),
        }
    }

    fn write(self, path: &Path) -> Result<(), RunError> {
        let failed = |reason: String| RunError::Write { path: path.to_owned(), reason };
        let mut bytes = Vec::new();
        match self.kind {
            OutputKind::Csv => {
                let mut writer = csv::Writer::from_writer(&mut bytes);
                writer.write_record(&self.columns).map_err(|error| failed(error.to_string()))?;
                for row in &self.rows {
                    let cells = row.iter().map(|cell| match cell {
                        PredictedCell::Text(text) => text.clone(),
                        PredictedCell::Number(x) => x.to_string(),
                    });
                    writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
                }
                writer.flush().map_err(|error| failed(error.to_string()))?;
            }
            OutputKind::Npy => {
                let size: usize = self.shape.iter().product::<usize>().max(1);
                let mut shape = vec![self.numbers.len() / size];
                shape.extend(&self.shape);
                let array = Array::from_shape_vec(shape, self.numbers).map_err(|error| failed(error.to_string()))?;
                array.write_npy(&mut bytes).map_err(|error| failed(error.to_string()))?;
            }
        }
        write_whole(path, &bytes)
    }
}
