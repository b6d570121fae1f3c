//! Which kinds of layers look alike.

use crate::catalog::{self, Entry, EntryKind};
use crate::check::LayerRow;

/// What the colour of a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Inputs and outputs.
    Port,
    /// Layers of units: Dense and what is like it.
    Dense,
    /// Convolutions.
    Convolution,
    /// Pools and upsampling: fewer positions, or more.
    Pool,
    /// Norms.
    Norm,
    /// Attention and transformers.
    Attention,
    /// Recurrent layers and states.
    Recurrent,
    /// Embeddings and positions.
    Embedding,
    /// Dropout and its kind.
    Dropout,
    /// What works number by number.
    Activation,
    /// What moves numbers about.
    Movement,
    /// Arithmetic as it is written.
    Formula,
    /// `weight` statements.
    Weight,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 13] = [
        Family::Port,
        Family::Dense,
        Family::Convolution,
        Family::Pool,
        Family::Norm,
        Family::Attention,
        Family::Recurrent,
        Family::Embedding,
        Family::Dropout,
        Family::Activation,
        Family::Movement,
        Family::Formula,
        Family::Weight,
    ];

    /// Its name in a style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Family::Port => "port",
            Family::Dense => "dense",
            Family::Convolution => "convolution",
            Family::Pool => "pool",
            Family::Norm => "norm",
            Family::Attention => "attention",
            Family::Recurrent => "recurrent",
            Family::Embedding => "embedding",
            Family::Dropout => "dropout",
            Family::Activation => "activation",
            Family::Movement => "movement",
            Family::Formula => "formula",
            Family::Weight => "weight",
        }
    }

    /// Of a layer or function. A layer's name says what it is; one that fits no word has weights like `Dense`.
    pub fn of(row: &LayerRow) -> Family {
        let words: [(&str, Family); 15] = [
            ("Conv", Family::Convolution),
            ("Pool", Family::Pool),
            ("Upsample", Family::Pool),
            ("Norm", Family::Norm),
            ("Attention", Family::Attention),
            ("Transformer", Family::Attention),
            ("RNN", Family::Recurrent),
            ("LSTM", Family::Recurrent),
            ("GRU", Family::Recurrent),
            ("Embedding", Family::Embedding),
            ("Positions", Family::Embedding),
            ("Dropout", Family::Dropout),
            ("dropout", Family::Dropout),
            ("Flatten", Family::Movement),
            ("PReLU", Family::Activation),
        ];
        let known = words.iter().find(|(word, _)| row.kind.contains(word)).map(|(_, family)| *family);
        known.unwrap_or_else(|| match (row.is_layer, catalog::find(&row.kind, &[EntryKind::Function])) {
            (true, _) => Family::Dense,
            (false, Some(entry)) if keeps_shape(entry) => Family::Activation,
            (false, _) => Family::Movement,
        })
    }
}

/// Whether a function gives a tensor of the shape that it takes.
fn keeps_shape(entry: &Entry) -> bool {
    !entry.shapes.is_empty() && entry.shapes.iter().all(|rule| rule.split_once(" -> ").is_some_and(|(a, b)| a == b))
}
