//! Whether every sequence has a length that the network can take.

use super::error::RunError;
use crate::build::Limit;
use crate::data::Dataset;
use crate::ir::dim::Dim;
use crate::ir::graph::Graph;

/// Up to which length the shortest one is looked for that would do.
const FURTHEST: i64 = 1 << 16;

/// The ragged sizes of a graph, each with the field whose lengths it has.
pub(super) struct RaggedSizes<'a> {
    /// By variable.
    pub(super) lengths: &'a [(u32, usize)],
    pub(super) dataset: &'a Dataset,
}

impl RaggedSizes<'_> {
    fn of(&self, size: &Dim, row: usize) -> Option<i64> {
        size.evaluate(&|v| match self.lengths.iter().find(|(known, _)| *known == v.id) {
            Some((_, field)) => self.dataset.fields.get(*field).map(|f| f.length(row) as i64),
            // The batch.
            None => Some(1),
        })
    }

    /// The length that a size is made of, where it is made of one.
    fn length(&self, size: &Dim, row: usize) -> usize {
        let variables = size.variables();
        let field = variables.iter().find_map(|v| self.lengths.iter().find(|(known, _)| *known == v.id));
        field.and_then(|(_, field)| self.dataset.fields.get(*field)).map_or(0, |f| f.length(row))
    }

    fn rows(&self) -> usize {
        self.dataset.ids.len()
    }

    /// No size of the graph is less than 1 for any sequence: a window of 5 positions wants as many.
    pub(super) fn are_long_enough(&self, graph: &Graph) -> Result<(), RunError> {
        let mut seen: Vec<&Dim> = Vec::new();
        for node in &graph.nodes {
            for size in node.shape.iter().filter(|d| d.is_ragged()) {
                if seen.contains(&size) {
                    continue;
                }
                seen.push(size);
                let is_short = |row: &usize| self.of(size, *row).is_some_and(|n| n < 1);
                let Some(first) = (0..self.rows()).find(is_short) else { continue };
                let least = (1..FURTHEST).find(|n| size.evaluate(&|_| Some(*n)).is_some_and(|size| size >= 1));
                return Err(RunError::SequenceLength {
                    length: self.length(size, first),
                    count: (first..self.rows()).filter(is_short).count(),
                    least,
                    most: None,
                    span: node.span,
                });
            }
        }
        Ok(())
    }

    /// No sequence is longer than what the network has room for.
    pub(super) fn are_short_enough(&self, limits: &[Limit]) -> Result<(), RunError> {
        for limit in limits {
            let is_long = |row: &usize| self.of(&limit.size, *row).is_some_and(|n| n > limit.most);
            if let Some(first) = (0..self.rows()).find(is_long) {
                return Err(RunError::SequenceLength {
                    length: self.length(&limit.size, first),
                    count: (first..self.rows()).filter(is_long).count(),
                    least: None,
                    most: Some(limit.most),
                    span: limit.span,
                });
            }
        }
        Ok(())
    }
}
