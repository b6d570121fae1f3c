//! How the layers of a model lie in each other: what a drawing needs beside the graph.

use super::checker::Checker;
use crate::ir::graph::{Node, NodeId};
use crate::source::Span;
use crate::syntax::ast::Symbol;
use std::ops::Range;
use std::sync::Arc;

/// A part of a model that was written as one.
#[derive(Debug, Clone)]
pub struct Region {
    /// Of what form.
    pub kind: RegionKind,
    /// The path that its weights begin with; empty where it adds nothing to that around it.
    pub path: Arc<str>,
    /// Where it is applied.
    pub span: Span,
    /// Its nodes in the graph of the model.
    pub nodes: Range<usize>,
    /// Its layers in the rows of the model.
    pub rows: Range<usize>,
    /// The regions inside this one are those from this index of the list to its own.
    pub first_inside: usize,
}

/// The forms that hold layers.
#[derive(Debug, Clone)]
pub enum RegionKind {
    /// A block of the user's.
    Block {
        /// Its name.
        name: Symbol,
    },
    /// `repeat n { … }`, around its copies.
    Repeat {
        /// How many.
        copies: usize,
    },
    /// One of the copies.
    Copy,
    /// `residual { … }`
    Residual,
    /// `scan … { … }`
    Scan(Arc<Steps>),
}

/// The body of a scan as it was built, before it became a graph of its own.
#[derive(Debug, Clone)]
pub struct Steps {
    /// What is walked.
    pub input: NodeId,
    /// The nodes from the first of the region on: the position, the states, what the body makes of them.
    pub nodes: Vec<Node>,
    /// The nodes of each layer in the body.
    pub rows: Vec<Range<usize>>,
    /// What the body calls a position.
    pub item: Symbol,
    /// The states, in order.
    pub states: Vec<StepState>,
    /// The value of each state after all steps, stacked: nodes behind those of the body.
    pub results: Vec<NodeId>,
}

/// A state that a scan hands from step to step.
#[derive(Debug, Clone)]
pub struct StepState {
    /// Its name.
    pub name: Symbol,
    /// Its value before the first step.
    pub start: NodeId,
    /// Its value after a step.
    pub next: NodeId,
}

/// Where a region began.
pub(super) struct Opened {
    node: usize,
    row: usize,
    region: usize,
}

impl Checker<'_> {
    /// Begins a region; what is built until it is closed lies in it.
    pub fn open_region(&self) -> Opened {
        Opened { node: self.builder.graph.nodes.len(), row: self.rows.len(), region: self.regions.len() }
    }

    pub fn close_region(&mut self, opened: Opened, kind: RegionKind, path: Arc<str>, span: Span) {
        self.regions.push(Region {
            kind,
            path,
            span,
            nodes: opened.node..self.builder.graph.nodes.len(),
            rows: opened.row..self.rows.len(),
            first_inside: opened.region,
        });
    }
}

/// The nodes of each application of a block and each copy of a `repeat`: the outermost of those that hold no `repeat`
/// themselves, so that a stack of layers is not one block, and what they add up to is not kept.
pub(super) fn blocks(regions: &[Region]) -> Vec<Range<usize>> {
    let is_repeat = |region: &Region| matches!(region.kind, RegionKind::Repeat { .. });
    let is_candidate = |index: &usize| {
        let region = &regions[*index];
        let is_block = matches!(region.kind, RegionKind::Block { .. } | RegionKind::Copy);
        is_block && !region.nodes.is_empty() && !regions[region.first_inside..*index].iter().any(is_repeat)
    };
    let mut blocks: Vec<Range<usize>> = Vec::new();
    // A region stands behind those inside it.
    for index in (0..regions.len()).filter(is_candidate) {
        let nodes = &regions[index].nodes;
        blocks.retain(|inside| inside.start < nodes.start);
        blocks.push(nodes.clone());
    }
    blocks
}
