//! The worst mistakes of a classifier: the examples for which its weights gave the truth the least probability.

use super::error::{ReopenError, RunError};
use super::predict::{BATCH, Predictor};
use super::prediction::{Meaning, OutputReader, Scored, first_largest};
use super::reopen::{Opened, open};
use super::run::Datasets;
use crate::check::{Checked, Fit, Train};
use crate::data::{Dataset, Field, FieldExpr, FieldKind, FieldNode, Split};
use std::path::Path;

/// Of a vector or a text so much is shown.
const SHOWN: usize = 64;
/// The sides of what is taken for an image; smaller ones are a few numbers.
const IMAGE_SIDES: std::ops::RangeInclusive<usize> = 4..=4096;

/// The mistakes of a model on a split.
#[derive(Debug, Clone)]
pub struct Mistakes {
    /// The train: [`Train::title`].
    pub train: String,
    /// The split.
    pub split: Split,
    /// The field that holds the truth.
    pub field: String,
    /// How many examples were looked at.
    pub examples: usize,
    /// For how many another class was predicted.
    pub wrong: usize,
    /// The worst of them, the worst first.
    pub worst: Vec<Mistake>,
}

/// An example for which another class was predicted.
#[derive(Debug, Clone)]
pub struct Mistake {
    /// Its number in the data block, from 1.
    pub number: usize,
    /// What it is.
    pub truth: String,
    /// What it was taken for.
    pub predicted: String,
    /// The probability that was given to the truth.
    pub of_truth: f64,
    /// The probability that was given to what was predicted.
    pub of_predicted: f64,
    /// What the model was given.
    pub inputs: Vec<ExampleInput>,
}

/// A field of an example.
#[derive(Debug, Clone)]
pub struct ExampleInput {
    /// Its name.
    pub name: String,
    /// Its values.
    pub content: Content,
}

/// The values of a field of an example, in their own units.
#[derive(Debug, Clone)]
pub enum Content {
    /// An image.
    Image {
        /// 1 or 3.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Channel after channel, each between 0 and 1.
        values: Vec<f32>,
    },
    /// Numbers, each with the name of its column where there is one. Only the first of them where there are many.
    Values {
        /// Name and value.
        values: Vec<(Option<String>, f32)>,
        /// How many there are.
        of: usize,
    },
    /// Names of classes, one or a sequence; only the first of them where there are many.
    Names {
        /// The names.
        names: Vec<String>,
        /// How many there are.
        of: usize,
    },
    /// More than can be shown: its shape.
    Large(Vec<usize>),
}

/// Finds the worst mistakes of each classifier of a run, at most so many of each: on the test split of a run that is at
/// its end, else (or where there is none) on the validation split, where there is one. A model whose output is not one
/// class an example has none.
///
/// `data` is that of the run where it is at hand, so that it is not read again. Errors: the run, its program or its data
/// cannot be read.
pub fn mistakes(
    run: &Path,
    most: usize,
    threads: usize,
    is_at_its_end: bool,
    data: Option<&Datasets>,
) -> Result<Vec<Mistakes>, ReopenError> {
    let (opened, checked) = open(run)?;
    // The points of a sweep do not see the test split, and their pages do not show it.
    let splits: &[Split] = if is_at_its_end && opened.measures(Split::Test) {
        &[Split::Test, Split::Validation]
    } else {
        &[Split::Validation]
    };
    let of = |train: &Train| {
        let known = data.and_then(|data| data.get(&train.data));
        mistakes_of(&opened, &checked, train, most, threads, splits, known).transpose()
    };
    let all: Result<Vec<_>, RunError> = opened.trained(&checked).into_iter().filter_map(of).collect();
    all.map_err(|error| ReopenError { error, sources: checked.sources })
}

/// A prediction to be held against others.
struct Ranked {
    row: u32,
    truth: usize,
    predicted: usize,
    of_truth: f64,
    of_predicted: f64,
}

fn mistakes_of(
    opened: &Opened,
    checked: &Checked,
    train: &Train,
    most: usize,
    threads: usize,
    splits: &[Split],
    known: Option<&Dataset>,
) -> Result<Option<Mistakes>, RunError> {
    let Some((output, truth)) = train.fits.iter().find_map(|fit| classifies(train, fit)) else { return Ok(None) };
    let read;
    let dataset = match known {
        Some(dataset) => dataset,
        None => {
            read = opened.dataset(checked, train)?;
            &read
        }
    };
    let Some(split) = splits.iter().copied().find(|split| !dataset.splits.get(*split).is_empty()) else {
        return Ok(None);
    };
    let Some(target) = dataset.field(truth).filter(|field| field.kind.shape.is_empty()) else { return Ok(None) };
    let mut predictor = Predictor::new(opened, checked, train, threads)?;
    let mut names: Option<Vec<String>> = None;
    let mut wrong: Vec<Ranked> = Vec::new();
    predictor.each(dataset, dataset.splits.get(split), BATCH, |row, readers, predictions| {
        let Some(reader) = readers.get(output) else { return };
        let Some(known) = names.take().or_else(|| names_of(reader, target)) else { return };
        let truth = target.example(row as usize).first().map(|class| *class as usize);
        let numbers = reader.numbers(predictions(output).values);
        wrong.extend(truth.and_then(|truth| ranked(row, truth, reader, &numbers)));
        names = Some(known);
    })?;
    let Some(names) = names else { return Ok(None) };
    let count = wrong.len();
    wrong.sort_by(|a, b| a.of_truth.total_cmp(&b.of_truth).then(a.row.cmp(&b.row)));
    wrong.truncate(most);
    let worst = wrong.iter().map(|ranked| {
        let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        let wanted = predictor.wanted();
        let shown = wanted.iter().filter_map(|input| {
            let columns = predictor.block.plan.field(input).and_then(|plan| columns_of(&plan.expr));
            let content = content(dataset.field(input)?, columns, ranked.row as usize);
            Some(ExampleInput { name: (*input).to_owned(), content })
        });
        Mistake {
            number: ranked.row as usize + 1,
            truth: name(ranked.truth),
            predicted: name(ranked.predicted),
            of_truth: ranked.of_truth,
            of_predicted: ranked.of_predicted,
            inputs: shown.collect(),
        }
    });
    let worst = worst.collect();
    let (examples, field) = (dataset.splits.get(split).len(), truth.to_owned());
    Ok(Some(Mistakes { train: train.title(), split, field, examples, wrong: count, worst }))
}

/// The output of a fit and the field of its truth, where it says one class of each example.
fn classifies<'t>(train: &'t Train, fit: &'t Fit) -> Option<(usize, &'t str)> {
    let outputs = &train.evaluation.outputs;
    let (output, port) = outputs.iter().enumerate().find(|(_, port)| port.name == fit.output)?;
    let is_one = match Scored::by(fit.loss) {
        Scored::Classes => port.shape.len() == 1,
        Scored::Binary => port.shape.is_empty(),
        Scored::Values => false,
    };
    (is_one && !port.is_ragged()).then_some((output, fit.target_field.as_deref()?))
}

/// The names of the classes that an output tells apart; none where it tells none apart.
fn names_of(reader: &OutputReader, target: &Field) -> Option<Vec<String>> {
    match (&reader.meaning, &target.kind.kind) {
        (Meaning::Classes { names, .. } | Meaning::Binary { names: Some(names), .. }, _) => Some(names.clone()),
        (Meaning::Binary { names: None, .. }, FieldKind::Bool | FieldKind::Class { .. }) => {
            Some(vec!["0".to_owned(), "1".to_owned()])
        }
        _ => None,
    }
}

/// What was predicted, where that is not the truth.
fn ranked(row: u32, truth: usize, reader: &OutputReader, numbers: &[f32]) -> Option<Ranked> {
    let is_binary = matches!(reader.meaning, Meaning::Binary { .. });
    let probability = |class: usize| -> f64 {
        match (is_binary, numbers.first()) {
            (true, Some(of_1)) if class == 0 => 1.0 - f64::from(*of_1),
            (true, Some(of_1)) => f64::from(*of_1),
            _ => numbers.get(class).copied().map_or(0.0, f64::from),
        }
    };
    let predicted = match is_binary {
        true => usize::from(probability(1) > 0.5),
        false => first_largest(numbers),
    };
    let (of_truth, of_predicted) = (probability(truth), probability(predicted));
    (predicted != truth).then_some(Ranked { row, truth, predicted, of_truth, of_predicted })
}

/// The values of a field in one example, as a person looks at them.
fn content(field: &Field, columns: Option<Vec<String>>, row: usize) -> Content {
    let mut values = field.example(row).to_vec();
    if let Some(inverse) = &field.inverse {
        inverse.apply(&mut values);
    }
    let of = values.len();
    if let FieldKind::Class { names } = &field.kind.kind {
        let name = |class: &f32| names.get(*class as usize).cloned().unwrap_or_else(|| class.to_string());
        return Content::Names { names: values.iter().take(SHOWN).map(name).collect(), of };
    }
    let shape = field.kind.shape.as_slice();
    let image = match shape {
        [channels @ (1 | 3), height, width] => Some((*channels, *height, *width)),
        // A table of numbers of any other field looks like this, too; square ones are images.
        [height, width] if height == width && field.kind.ragged.is_none() => Some((1, *height, *width)),
        _ => None,
    };
    if let Some((channels, height, width)) = image
        && [height, width].iter().all(|side| IMAGE_SIDES.contains(side))
        && of == channels * height * width
    {
        return Content::Image { channels, height, width, values: brightness(values) };
    }
    match shape.len() {
        0 | 1 => {
            let name = |i: usize| columns.as_ref().and_then(|names| names.get(i).cloned());
            let values = values.iter().take(SHOWN).enumerate().map(|(i, x)| (name(i), *x)).collect();
            Content::Values { values, of }
        }
        _ => {
            let mut shape = shape.to_vec();
            if let Some(first) = shape.first_mut() {
                *first = field.length(row);
            }
            Content::Large(shape)
        }
    }
}

/// Brightness between 0 and 1: as it is, of bytes, or else from the least to the most.
fn brightness(values: Vec<f32>) -> Vec<f32> {
    let (least, most) = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let (from, width) = match (least, most) {
        (least, most) if least >= 0.0 && most <= 1.0 => (0.0, 1.0),
        (least, most) if least >= 0.0 && most <= 255.0 && most > 16.0 => (0.0, 255.0),
        (least, most) => (least, (most - least).max(f32::MIN_POSITIVE)),
    };
    values.iter().map(|x| ((x - from) / width).clamp(0.0, 1.0)).collect()
}

/// The names of the columns that the numbers of a vector come from, where each comes from one.
fn columns_of(expr: &FieldExpr) -> Option<Vec<String>> {
    match &*expr.node {
        FieldNode::Columns { names, .. } => Some(names.clone()),
        FieldNode::Standardize(field) | FieldNode::Rescale { field, .. } | FieldNode::Fill(field, _) => {
            columns_of(field)
        }
        FieldNode::Concat(parts, _) => {
            let parts: Option<Vec<Vec<String>>> = parts.iter().map(columns_of).collect();
            parts.map(|parts| parts.concat())
        }
        _ => None,
    }
}
