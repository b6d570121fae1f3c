//! The worst mistakes of a classifier: the examples for which its weights gave the truth the least probability.

use super::error::{ReopenError, RunError};
use super::feeding::{Draw, Feeder};
use super::prediction::{Meaning, OutputReader};
use super::reopen::{Opened, open};
use crate::check::{Checked, Port, Train};
use crate::compile;
use crate::data::{Dataset, Field, FieldExpr, FieldKind, FieldNode, Split};
use crate::ir::dim::Dim;
use crate::runtime::Session;
use std::path::Path;

/// Examples that are predicted at once.
const BATCH: usize = 256;
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
/// Errors: the run, its program or its data cannot be read.
pub fn mistakes(run: &Path, most: usize, threads: usize, is_at_its_end: bool) -> Result<Vec<Mistakes>, ReopenError> {
    let (opened, checked) = open(run)?;
    let all = opened.trained(&checked).into_iter().filter_map(|train| {
        let classifier = Classifier::of(train)?;
        mistakes_of(&opened, &checked, &classifier, most, threads, is_at_its_end).transpose()
    });
    let all: Result<Vec<_>, RunError> = all.collect();
    all.map_err(|error| ReopenError { error, sources: checked.sources })
}

/// A train with an output that says one class of each example.
struct Classifier<'t> {
    train: &'t Train,
    /// Which output.
    output: usize,
    port: &'t Port,
    /// The field of the truth.
    target: &'t str,
}

impl<'t> Classifier<'t> {
    fn of(train: &'t Train) -> Option<Classifier<'t>> {
        train.fits.iter().find_map(|fit| {
            let target = fit.target_field.as_deref()?;
            let (output, port) = train.evaluation.outputs.iter().enumerate().find(|(_, p)| p.name == fit.output)?;
            let is_of_classes = matches!(fit.loss.name, "cross_entropy" | "nll" | "focal") && port.shape.len() == 1;
            let is_binary = matches!(fit.loss.name, "bce" | "bce_with_logits") && port.shape.is_empty();
            ((is_of_classes || is_binary) && !port.is_ragged()).then_some(Classifier { train, output, port, target })
        })
    }
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
    classifier: &Classifier,
    most: usize,
    threads: usize,
    is_at_its_end: bool,
) -> Result<Option<Mistakes>, RunError> {
    let train = classifier.train;
    let dataset = opened.dataset(checked, train)?;
    let wanted: &[Split] = if is_at_its_end { &[Split::Test, Split::Validation] } else { &[Split::Validation] };
    let Some(split) = wanted.iter().copied().find(|split| !dataset.splits.get(*split).is_empty()) else {
        return Ok(None);
    };
    let Some(target) = dataset.field(classifier.target).filter(|field| field.kind.shape.is_empty()) else {
        return Ok(None);
    };
    let fitted = opened.fitted(checked, train)?;
    let Some(shape) = classifier.port.shape.iter().map(|dim| size_of(dim, target)).collect() else {
        return Ok(None);
    };
    let reader = OutputReader::new(train, classifier.port, shape, fitted);
    let names = match (&reader.meaning, &target.kind.kind) {
        (Meaning::Classes { names, .. } | Meaning::Binary { names: Some(names), .. }, _) => names.clone(),
        (Meaning::Binary { names: None, .. }, FieldKind::Bool | FieldKind::Class { .. }) => {
            vec!["0".to_owned(), "1".to_owned()]
        }
        _ => return Ok(None),
    };
    let examples = dataset.by_length(dataset.splits.get(split));
    let mut wrong = wrong(opened, checked, classifier, &reader, &dataset, target, &examples, threads)?;
    let count = wrong.len();
    wrong.sort_by(|a, b| a.of_truth.total_cmp(&b.of_truth).then(a.row.cmp(&b.row)));
    wrong.truncate(most);
    let graph = compile::prediction_graph(train);
    let inputs = compile::wanted_fields(&graph);
    let block = checked.program.data.get(train.data);
    let worst = wrong.iter().map(|ranked| {
        let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        let shown = inputs.iter().filter_map(|input| {
            let field = dataset.field(input)?;
            let columns = block.and_then(|b| b.plan.field(input)).and_then(|plan| columns_of(&plan.expr));
            Some(ExampleInput { name: (*input).to_owned(), content: content(field, columns, ranked.row as usize) })
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
    Ok(Some(Mistakes {
        train: train.title(),
        split,
        field: classifier.target.to_owned(),
        examples: examples.len(),
        wrong: count,
        worst: worst.collect(),
    }))
}

/// The classes of an output may have a name; they are those of its target.
fn size_of(dim: &Dim, target: &Field) -> Option<usize> {
    let own = dim.as_constant().and_then(|size| usize::try_from(size).ok());
    own.or_else(|| target.kind.kind.classes())
}

/// Every example for which another class is predicted.
#[allow(clippy::too_many_arguments)]
fn wrong(
    opened: &Opened,
    checked: &Checked,
    classifier: &Classifier,
    reader: &OutputReader,
    dataset: &Dataset,
    target: &Field,
    examples: &[u32],
    threads: usize,
) -> Result<Vec<Ranked>, RunError> {
    let states = opened.states(checked, classifier.train)?;
    let mut executable = compile::measurement(compile::prediction_graph(classifier.train), &states)?;
    let mut feeder = Feeder::new(&executable, dataset)?;
    let mut session = Session::new(states, threads);
    let mut found = Vec::new();
    for rows in examples.chunks(BATCH) {
        let plan = feeder.run(&mut executable, &mut session, dataset, rows, Draw::EVALUATION)?;
        let values = executable.output(plan, classifier.output);
        let size = reader.shape.iter().product::<usize>();
        for (at, row) in rows.iter().enumerate() {
            // An output that is the same for all examples is there once.
            let start = if values.len() > size { at * size } else { 0 };
            let numbers = reader.numbers(values.get(start..start + size).unwrap_or_default());
            let Some(truth) = target.example(*row as usize).first().map(|class| *class as usize) else { continue };
            let probability = |class: usize| -> f64 {
                match (&reader.meaning, numbers.first()) {
                    (Meaning::Binary { .. }, Some(of_1)) if class == 0 => 1.0 - f64::from(*of_1),
                    (Meaning::Binary { .. }, Some(of_1)) => f64::from(*of_1),
                    _ => numbers.get(class).copied().map_or(0.0, f64::from),
                }
            };
            let predicted = match &reader.meaning {
                Meaning::Binary { .. } => usize::from(probability(1) > 0.5),
                _ => (0..numbers.len()).fold(0, |best, c| if probability(c) > probability(best) { c } else { best }),
            };
            if predicted != truth {
                let (of_truth, of_predicted) = (probability(truth), probability(predicted));
                found.push(Ranked { row: *row, truth, predicted, of_truth, of_predicted });
            }
        }
    }
    Ok(found)
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
