//! The graph of a model, scans opened, each node with the box that it belongs to.

use crate::check::{Model, Region, RegionKind};
use crate::ir::graph::{InputKind, Node, NodeId};
use crate::ir::op::Op;
use crate::source::Span;
use std::collections::BTreeMap;
use std::ops::Range;

/// What a value is made of, as far as a drawing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carries {
    /// Numbers of the program, lengths: not drawn.
    Nothing,
    /// Weights alone.
    Weights,
    /// What the network is given, or draws.
    Data,
}

/// Why a box is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// An input of the model, by its index.
    Input(usize),
    /// An output of the model, by its index.
    Output(usize),
    /// A row of [`Model::layers`].
    Row(usize),
    /// A `weight` of a block or model, by its index in the graph's states.
    Weight(usize),
    /// A state of a scan: the region, and the state's index.
    State(usize, usize),
    /// Arithmetic, written as one expression.
    Formula,
    /// The sum of a residual.
    Sum,
}

/// A box, before it has words.
#[derive(Debug, Clone)]
pub struct Made {
    /// Why it is there.
    pub origin: Origin,
    /// The expression that it shows.
    pub span: Span,
    /// The innermost region that it lies in, an index of [`Model::regions`].
    pub region: Option<usize>,
    /// Its last node.
    pub node: Option<NodeId>,
}

/// Data on its way from box to box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flowing {
    /// The box that it leaves.
    pub from: usize,
    /// The box that it goes into.
    pub to: usize,
    /// The node whose value it is, for its shape.
    pub node: NodeId,
    /// Whether it goes to the next step of a scan.
    pub is_next: bool,
}

/// A model taken apart into boxes.
pub struct Flow {
    /// The boxes.
    pub made: Vec<Made>,
    /// What flows between them.
    pub flowing: Vec<Flowing>,
    /// The nodes, those of the bodies of scans among them.
    pub nodes: Vec<Node>,
}

/// Takes a model apart.
pub fn flow(model: &Model) -> Flow {
    let mut opened = Opened::new(model);
    opened.follow_needs();
    opened.make_boxes();
    let flowing = opened.flowing();
    Flow { made: opened.made, flowing, nodes: opened.nodes }
}

/// A state of a scan at its place in the graph.
struct Stepped {
    placeholder: usize,
    start: NodeId,
    next: NodeId,
    region: usize,
    state: usize,
}

struct Opened<'m> {
    model: &'m Model,
    nodes: Vec<Node>,
    /// The nodes of each row.
    rows: Vec<Range<usize>>,
    /// Nodes that stand for others: the position of a scan for what is walked, its results for the states.
    stands_for: BTreeMap<usize, NodeId>,
    states: Vec<Stepped>,
    /// The innermost region of each node.
    region_of: Vec<Option<usize>>,
    carries: Vec<Carries>,
    needed: Vec<bool>,
    /// Nodes whose value is wanted for itself, not only inside an expression.
    is_result: Vec<bool>,
    made: Vec<Made>,
    box_of: Vec<Option<usize>>,
}

impl<'m> Opened<'m> {
    fn new(model: &'m Model) -> Self {
        let mut nodes = model.graph.nodes.clone();
        let mut rows: Vec<Range<usize>> = model.layers.iter().map(|row| row.nodes.clone()).collect();
        let mut stands_for = BTreeMap::new();
        let mut states = Vec::new();
        // Outer scans first: what lies in them is scans that have been closed before.
        for (index, region) in model.regions.iter().enumerate().rev() {
            let RegionKind::Scan(steps) = &region.kind else { continue };
            let first = region.nodes.start;
            for (place, node) in nodes.iter_mut().skip(first).zip(&steps.nodes) {
                *place = node.clone();
            }
            for (place, nodes) in rows.iter_mut().skip(region.rows.start).zip(&steps.rows) {
                *place = nodes.clone();
            }
            stands_for.insert(first, steps.input);
            for (state, step) in steps.states.iter().enumerate() {
                let placeholder = first + 1 + state;
                states.push(Stepped { placeholder, start: step.start, next: step.next, region: index, state });
            }
            for (result, step) in steps.results.iter().zip(&steps.states) {
                stands_for.insert(result.index(), step.next);
            }
            if let Some(row) = rows.get_mut(region.rows.end.saturating_sub(1)) {
                // The scan itself is a group, not a box.
                *row = 0..0;
            }
        }
        let region_of = innermost(&model.regions, nodes.len(), |region| region.nodes.clone());
        let mut opened = Opened {
            model,
            carries: vec![Carries::Nothing; nodes.len()],
            needed: vec![false; nodes.len()],
            is_result: vec![false; nodes.len()],
            box_of: vec![None; nodes.len()],
            made: Vec::new(),
            nodes,
            rows,
            stands_for,
            states,
            region_of,
        };
        opened.follow_data();
        opened
    }

    /// The node whose value a node's is.
    fn real(&self, node: NodeId) -> usize {
        let mut at = node.index();
        while let Some(other) = self.stands_for.get(&at) {
            at = other.index();
        }
        at
    }

    fn inputs(&self, node: usize) -> Vec<(usize, NodeId)> {
        self.nodes.get(node).map_or(&[][..], |n| &n.inputs).iter().map(|input| (self.real(*input), *input)).collect()
    }

    fn follow_data(&mut self) {
        for index in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(index) else { continue };
            let own = match &node.op {
                Op::Input(id) => match self.model.graph.inputs.get(id.0 as usize) {
                    Some(input) if input.kind == InputKind::Field => Carries::Data,
                    Some(_) => Carries::Nothing,
                    // What a step of a scan gets.
                    None => Carries::Data,
                },
                Op::Random { .. } => Carries::Data,
                Op::State(_) => Carries::Weights,
                _ => Carries::Nothing,
            };
            let most = self.inputs(index).iter().filter_map(|(n, _)| self.carries.get(*n)).copied().max();
            self.carries[index] = own.max(most.unwrap_or(Carries::Nothing));
        }
    }

    /// What the outputs and the layers are made of; loss and metrics, which stand in the same graph, are not.
    fn follow_needs(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for port in &self.model.outputs {
            let node = self.real(port.node);
            self.is_result[node] = true;
            open.push(node);
        }
        for step in &self.states {
            let next = self.real(step.next);
            self.is_result[next] = true;
            open.extend([next, self.real(step.start)]);
        }
        open.extend(self.rows.iter().flat_map(Range::clone));
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut self.needed[node], true) {
                open.extend(self.inputs(node).iter().map(|(n, _)| *n));
            }
        }
    }

    fn make(&mut self, origin: Origin, span: Span, region: Option<usize>, node: Option<NodeId>) -> usize {
        self.made.push(Made { origin, span, region, node });
        self.made.len() - 1
    }

    fn make_boxes(&mut self) {
        for (index, port) in self.model.inputs.iter().enumerate() {
            let made = self.make(Origin::Input(index), port.span, None, Some(port.node));
            self.box_of[port.node.index()] = Some(made);
        }
        let regions = innermost(&self.model.regions, self.model.layers.len(), |region| region.rows.clone());
        for (index, row) in self.model.layers.iter().enumerate() {
            let range = self.rows.get(index).cloned().unwrap_or_default();
            if range.is_empty() {
                continue;
            }
            let region = regions.get(index).copied().flatten();
            let made = self.make(Origin::Row(index), row.span, region, Some(NodeId(range.end as u32 - 1)));
            range.for_each(|node| self.box_of[node] = Some(made));
        }
        for step in 0..self.states.len() {
            let Stepped { placeholder, region, state, .. } = self.states[step];
            let span = self.model.regions.get(region).map_or_else(Span::default, |r| r.span);
            let node = NodeId(placeholder as u32);
            self.box_of[placeholder] = Some(self.make(Origin::State(region, state), span, Some(region), Some(node)));
        }
        self.make_formulas();
        for (index, port) in self.model.outputs.iter().enumerate() {
            self.make(Origin::Output(index), port.span, None, Some(port.node));
        }
    }

    /// Nodes outside of layers: those of one expression become one box. From the last on, so that an expression is met
    /// before its parts.
    fn make_formulas(&mut self) {
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for node in (0..self.nodes.len()).filter(|n| self.needed[*n]) {
            for (input, _) in self.inputs(node) {
                readers[input].push(node);
            }
        }
        for index in (0..self.nodes.len()).rev() {
            let is_free = self.needed[index] && self.box_of[index].is_none() && !self.stands_for.contains_key(&index);
            if !is_free || self.carries[index] == Carries::Nothing {
                continue;
            }
            let node = &self.nodes[index];
            let (span, region) = (node.span, self.region_of[index]);
            let origin = match &node.op {
                Op::State(id) => Origin::Weight(id.0 as usize),
                // Fields that only the loss reads.
                Op::Input(_) => continue,
                _ if self.is_sum_of_residual(region, span) => Origin::Sum,
                _ => Origin::Formula,
            };
            let mut boxes: Vec<usize> = readers[index].iter().filter_map(|reader| self.box_of[*reader]).collect();
            boxes.sort_unstable();
            boxes.dedup();
            let is_part_of = |made: &Made| match (&made.origin, &origin) {
                (Origin::Formula, Origin::Formula) => {
                    self.group(made.region) == self.group(region) && span.lies_in(made.span)
                }
                (Origin::Sum, Origin::Sum) => made.region == region,
                _ => false,
            };
            let whole = match boxes.as_slice() {
                [only] if !self.is_result[index] => self.made.get(*only).filter(|made| is_part_of(made)).map(|_| *only),
                _ => None,
            };
            let made = match whole {
                Some(whole) => whole,
                None => self.make(origin, span, region, Some(NodeId(index as u32))),
            };
            self.box_of[index] = Some(made);
        }
    }

    fn is_sum_of_residual(&self, region: Option<usize>, span: Span) -> bool {
        let region = region.and_then(|index| self.model.regions.get(index));
        region.is_some_and(|r| matches!(r.kind, RegionKind::Residual) && r.span == span)
    }

    /// The innermost region around, residuals aside: they are drawn as an edge, not as a group.
    fn group(&self, region: Option<usize>) -> Option<usize> {
        let mut at = region;
        while let Some(index) = at
            && self.model.regions.get(index).is_some_and(|r| matches!(r.kind, RegionKind::Residual))
        {
            at = around(&self.model.regions, index);
        }
        at
    }

    fn flowing(&self) -> Vec<Flowing> {
        let mut flowing: Vec<Flowing> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut add = |flow: Flowing| {
            if (flow.from != flow.to || flow.is_next) && seen.insert((flow.from, flow.to, flow.is_next)) {
                flowing.push(flow);
            }
        };
        for index in 0..self.nodes.len() {
            let Some(to) = self.box_of[index] else { continue };
            for (input, as_read) in self.inputs(index) {
                let Some(from) = self.box_of[input] else { continue };
                let is_row = |made: usize| matches!(self.made[made].origin, Origin::Row(_));
                let is_sharing = self.carries[input] == Carries::Weights && is_row(from) && is_row(to);
                if self.carries[input] != Carries::Nothing && !is_sharing {
                    add(Flowing { from, to, node: as_read, is_next: false });
                }
            }
        }
        for step in &self.states {
            let Some(state) = self.box_of[step.placeholder] else { continue };
            if let Some(from) = self.box_of[self.real(step.start)] {
                add(Flowing { from, to: state, node: step.start, is_next: false });
            }
            if let Some(from) = self.box_of[self.real(step.next)] {
                add(Flowing { from, to: state, node: step.next, is_next: true });
            }
        }
        for (to, made) in self.made.iter().enumerate() {
            if let (Origin::Output(_), Some(node)) = (&made.origin, made.node)
                && let Some(from) = self.box_of[self.real(node)]
            {
                add(Flowing { from, to, node, is_next: false });
            }
        }
        flowing
    }
}

/// The region that a region lies in: the next one of the list whose insides reach back to it.
pub fn around(regions: &[Region], index: usize) -> Option<usize> {
    regions.iter().enumerate().skip(index + 1).find(|(_, r)| r.first_inside <= index).map(|(at, _)| at)
}

/// For each of `count` places the innermost region that covers it.
fn innermost(regions: &[Region], count: usize, range: impl Fn(&Region) -> Range<usize>) -> Vec<Option<usize>> {
    let mut places = vec![None; count];
    // Those around come later in the list.
    for (index, region) in regions.iter().enumerate().rev() {
        places.get_mut(range(region)).into_iter().flatten().for_each(|place| *place = Some(index));
    }
    places
}
