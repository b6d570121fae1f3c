//! What is estimated on the training split and saved with the weights.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Estimates and class names of every field. Its JSON is the same for the same data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// By field: one estimate for each place of its expression that has one, parts before the whole.
    pub fields: BTreeMap<String, Vec<Estimate>>,
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
    /// `classes`
    Classes {
        /// The names, by class.
        names: Vec<String>,
    },
}

/// How a field's values are turned back into its own units: `value * scale + offset`, element by element.
#[derive(Debug, Clone, PartialEq)]
pub struct Inverse {
    /// One number an element of an example (or one for all).
    pub scale: Vec<f64>,
    /// One number an element of an example (or one for all).
    pub offset: Vec<f64>,
}
