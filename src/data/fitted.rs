//! What is estimated on the training split and saved with the weights.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Estimates and class names of every field. Its JSON is the same for the same data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// By name.
    pub fields: BTreeMap<String, FittedField>,
}

/// What is known of a field once it has been loaded. Enough to report predictions of it without its data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FittedField {
    /// Its shape; where it is ragged, with the length of the longest example.
    pub shape: Vec<usize>,
    /// Whether its examples have lengths of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ragged: bool,
    /// Its class names, where it is a class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Back to its own units, where it is standardized or rescaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Inverse>,
    /// One estimate for each place of its expression that has one, parts before the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<Estimate>,
}

/// One estimate. The vectors have one number a column (a channel, for images).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimate {
    /// `standardize`
    Standardize {
        /// Means over the training split.
        mean: Vec<f64>,
        /// Population standard deviations; 0 for a constant column.
        deviation: Vec<f64>,
    },
    /// `rescale`
    Rescale {
        /// Smallest values.
        min: Vec<f64>,
        /// Largest values.
        max: Vec<f64>,
    },
    /// `fill(mean)`, `fill(median)`
    Fill {
        /// What is filled in.
        values: Vec<f64>,
    },
    /// `classes`, `characters`, `words`
    Classes {
        /// The names, by class.
        names: Vec<String>,
        /// Whether what has none of them is the class `<unknown>`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unknown: bool,
    },
}

impl Estimate {
    /// What it is an estimate for, as it is written.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Estimate::Standardize { .. } => "standardize",
            Estimate::Rescale { .. } => "rescale",
            Estimate::Fill { .. } => "fill",
            Estimate::Classes { .. } => "classes",
        }
    }
}

/// How a field's values are turned back into its own units: `value * scale + offset`, element by element. Where a field
/// has one position a row, the numbers are those of a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inverse {
    /// One number an element of an example, or of a position.
    pub scale: Vec<f64>,
    /// One number an element of an example, or of a position.
    pub offset: Vec<f64>,
}

impl Inverse {
    /// Turns the values of whole examples, one after another, into the field's own units.
    pub fn apply(&self, values: &mut [f32]) {
        let units = self.scale.iter().zip(&self.offset).cycle();
        for (value, (scale, offset)) in values.iter_mut().zip(units) {
            *value = (f64::from(*value) * scale + offset) as f32;
        }
    }
}
