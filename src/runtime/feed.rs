//! What changes from step to step besides the input tensors.

/// The sizes that a graph leaves open, made known: the number of examples, and the padded lengths of ragged axes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binding {
    /// Number of examples.
    pub batch: usize,
    /// The size of every other variable by its [`crate::ir::dim::Var::id`].
    pub lengths: Vec<(u32, usize)>,
}

impl Binding {
    /// So many examples, no other open size.
    pub fn batch(examples: usize) -> Binding {
        Binding { batch: examples, lengths: Vec::new() }
    }

    /// Also binds a variable.
    #[must_use]
    pub fn with(mut self, variable: u32, size: usize) -> Binding {
        self.lengths.push((variable, size));
        self
    }

    /// The size of a variable.
    pub fn size(&self, variable: u32) -> Option<usize> {
        if variable == 0 {
            return Some(self.batch);
        }
        self.lengths.iter().find(|(id, _)| *id == variable).map(|(_, n)| *n)
    }
}

/// What random numbers depend on.
#[derive(Debug, Clone, Copy)]
pub struct Feed<'a> {
    /// Of the run.
    pub seed: u64,
    /// Of the step. Evaluation passes a fixed one.
    pub step: u64,
    /// The identity of each row of the batch: its index in the data, so that a draw does not depend on the place in
    /// the batch. A row without an entry is numbered by its place.
    pub examples: &'a [u64],
}
