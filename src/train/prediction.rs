//! What is made of an output of the model before it is written: classes with probabilities, values in their own units.

use crate::build::{Kind, Role};
use crate::catalog::Entry;
use crate::check::{Port, Train};
use crate::data::{Fitted, FittedField};

/// How the numbers of an output are to be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// One class among those of the last axis, by logits, log-probabilities or probabilities.
    Classes { scores: Scores, names: Vec<String> },
    /// Each number is whether something is so.
    Binary {
        scores: Scores,
        /// Of class 0 and 1, where the target is a class.
        names: Option<Vec<String>>,
    },
    /// Numbers of classes.
    ClassNumbers { names: Vec<String> },
    /// Values, and how they get back to their own units: scale and offset for each, or for all; none as they are.
    Values { units: Vec<(f64, f64)> },
}

/// What turns into probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scores {
    Logits,
    LogProbabilities,
    Probabilities,
}

/// What the loss of an output says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scored {
    /// One class among those of the last axis.
    Classes,
    /// For each number, whether something is so.
    Binary,
    /// Values.
    Values,
}

impl Scored {
    /// What an output is that this loss is for.
    pub(super) fn by(loss: &Entry) -> Scored {
        match loss.name {
            "cross_entropy" | "nll" | "focal" => Scored::Classes,
            "bce_with_logits" | "bce" => Scored::Binary,
            _ => Scored::Values,
        }
    }
}

/// An output as it is written: columns of text and numbers.
#[derive(Debug, Clone)]
pub(super) struct OutputReader {
    pub(super) name: String,
    /// Sizes of an example.
    pub(super) shape: Vec<usize>,
    pub(super) meaning: Meaning,
}

/// A cell of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PredictedCell {
    Text(String),
    Number(f32),
}

impl OutputReader {
    /// What an output of a train means; `shape` are its sizes per example.
    pub(super) fn new(train: &Train, port: &Port, shape: Vec<usize>, fitted: &Fitted) -> OutputReader {
        let name = port.name.to_string();
        let fit = train.fits.iter().find(|fit| fit.output == port.name);
        let target = fit.and_then(|f| f.target_field.as_ref()).and_then(|field| fitted.fields.get(&**field));
        let names = |target: Option<&FittedField>| target.and_then(|t| t.classes.clone());
        let scores = match port.role {
            Role::Value => Scores::Logits,
            Role::LogProbabilities => Scores::LogProbabilities,
            Role::Probabilities => Scores::Probabilities,
        };
        let last = shape.last().copied().unwrap_or(0);
        let numbered = || (0..last).map(|i| i.to_string()).collect::<Vec<_>>();
        let meaning = match (fit.map(|f| Scored::by(f.loss)), &port.kind) {
            (_, Kind::Class { names: Some(names), .. }) => Meaning::ClassNumbers { names: names.to_vec() },
            (Some(Scored::Classes), _) => {
                let names = names(target).filter(|n| n.len() == last).unwrap_or_else(numbered);
                Meaning::Classes { scores, names }
            }
            (Some(Scored::Binary), _) => Meaning::Binary { scores, names: names(target).filter(|n| n.len() == 2) },
            (Some(Scored::Values), _) => {
                let inverse = target.and_then(|t| t.inverse.as_ref());
                let pairs = inverse.map(|i| i.scale.iter().copied().zip(i.offset.iter().copied()).collect());
                Meaning::Values { units: pairs.unwrap_or_default() }
            }
            (None, _) => Meaning::Values { units: Vec::new() },
        };
        OutputReader { name, shape, meaning }
    }

    /// The names of its columns: the output's, then what more there is of it.
    pub(super) fn columns(&self) -> Vec<String> {
        match &self.meaning {
            Meaning::Classes { names, .. } => {
                let lead = self.shape.split_last().map_or(&[][..], |(_, lead)| lead);
                let mut columns = Vec::new();
                for place in places(&self.name, lead) {
                    columns.push(place.clone());
                    columns.extend(names.iter().map(|name| format!("{place}.{name}")));
                }
                columns
            }
            Meaning::Binary { names: Some(names), .. } => {
                let places = places(&self.name, &self.shape).into_iter();
                let probability = names.last().cloned().unwrap_or_default();
                places.flat_map(|place| [place.clone(), format!("{place}.{probability}")]).collect()
            }
            Meaning::Binary { names: None, .. } | Meaning::ClassNumbers { .. } | Meaning::Values { .. } => {
                places(&self.name, &self.shape)
            }
        }
    }

    /// The cells of one example, as many as there are columns.
    pub(super) fn cells(&self, values: &[f32]) -> Vec<PredictedCell> {
        let numbers = self.numbers(values);
        match &self.meaning {
            Meaning::Classes { names, .. } => {
                let mut cells = Vec::new();
                for probabilities in numbers.chunks(names.len().max(1)) {
                    let best = first_largest(probabilities);
                    cells.push(PredictedCell::Text(names.get(best).cloned().unwrap_or_default()));
                    cells.extend(probabilities.iter().map(|p| PredictedCell::Number(*p)));
                }
                cells
            }
            Meaning::Binary { names: Some(names), .. } => {
                let class = |p: f32| names.get(usize::from(p > 0.5)).cloned().unwrap_or_default();
                let pairs = numbers.iter().map(|p| [PredictedCell::Text(class(*p)), PredictedCell::Number(*p)]);
                pairs.flatten().collect()
            }
            Meaning::ClassNumbers { names } => {
                let name = |x: &f32| names.get(*x as usize).cloned().unwrap_or_else(|| x.to_string());
                numbers.iter().map(|x| PredictedCell::Text(name(x))).collect()
            }
            Meaning::Binary { names: None, .. } | Meaning::Values { .. } => {
                numbers.into_iter().map(PredictedCell::Number).collect()
            }
        }
    }

    /// The numbers of one example as a `.npy` file has them: probabilities, or values in their own units.
    pub(super) fn numbers(&self, values: &[f32]) -> Vec<f32> {
        match &self.meaning {
            Meaning::Classes { scores, names } => {
                values.chunks(names.len().max(1)).flat_map(|line| probabilities(*scores, line)).collect()
            }
            Meaning::Binary { scores, .. } => values.iter().map(|x| probability(*scores, *x)).collect(),
            Meaning::ClassNumbers { .. } => values.to_vec(),
            Meaning::Values { units } if units.is_empty() => values.to_vec(),
            Meaning::Values { units } => {
                let in_units = |(x, (scale, offset)): (&f32, &(f64, f64))| (f64::from(*x) * scale + offset) as f32;
                values.iter().zip(units.iter().cycle()).map(in_units).collect()
            }
        }
    }
}

/// `name` for a scalar, `name[0]`, `name[1]`, … else; for several axes `name[0,2]`.
fn places(name: &str, shape: &[usize]) -> Vec<String> {
    if shape.is_empty() {
        return vec![name.to_owned()];
    }
    let mut indices = vec![String::new()];
    for size in shape {
        let separator = |prefix: &String| if prefix.is_empty() { "" } else { "," };
        indices = indices
            .iter()
            .flat_map(|prefix| (0..*size).map(move |i| format!("{prefix}{}{i}", separator(prefix))))
            .collect();
    }
    indices.iter().map(|index| format!("{name}[{index}]")).collect()
}

/// As `argmax` does.
pub(super) fn first_largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (i, x) in values.iter().enumerate() {
        if values.get(best).is_some_and(|b| x > b) {
            best = i;
        }
    }
    best
}

fn probabilities(scores: Scores, line: &[f32]) -> Vec<f32> {
    match scores {
        Scores::Probabilities => line.to_vec(),
        Scores::LogProbabilities => line.iter().map(|x| x.exp()).collect(),
        Scores::Logits => {
            let largest = line.iter().fold(f64::NEG_INFINITY, |a, x| a.max(f64::from(*x)));
            let exponentials: Vec<f64> = line.iter().map(|x| (f64::from(*x) - largest).exp()).collect();
            let sum: f64 = exponentials.iter().sum();
            exponentials.into_iter().map(|e| (e / sum) as f32).collect()
        }
    }
}

fn probability(scores: Scores, x: f32) -> f32 {
    match scores {
        Scores::Probabilities => x,
        Scores::LogProbabilities => x.exp(),
        Scores::Logits => (1.0 / (1.0 + (-f64::from(x)).exp())) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(shape: &[usize], meaning: Meaning) -> OutputReader {
        OutputReader { name: "y".to_owned(), shape: shape.to_vec(), meaning }
    }

    #[test]
    fn logits_become_a_class_and_its_probabilities() {
        let names = vec!["a".to_owned(), "b".to_owned()];
        let reader = reader(&[2], Meaning::Classes { scores: Scores::Logits, names });
        assert_eq!(reader.columns(), ["y", "y.a", "y.b"]);
        let cells = reader.cells(&[0.0, 3f32.ln()]);
        assert_eq!(cells.first(), Some(&PredictedCell::Text("b".to_owned())));
        assert_eq!(cells.get(1..), Some(&[PredictedCell::Number(0.25), PredictedCell::Number(0.75)][..]));
    }

    #[test]
    fn values_are_in_their_own_units() {
        let reader = reader(&[2], Meaning::Values { units: vec![(2.0, 10.0), (1.0, 0.0)] });
        assert_eq!(reader.columns(), ["y[0]", "y[1]"]);
        assert_eq!(reader.numbers(&[1.0, 5.0]), [12.0, 5.0]);
    }

    #[test]
    fn places_of_several_axes() {
        assert_eq!(places("y", &[2, 2]), ["y[0,0]", "y[0,1]", "y[1,0]", "y[1,1]"]);
        assert_eq!(places("y", &[]), ["y"]);
    }
}
