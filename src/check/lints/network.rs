//! How numbers flow through a network: which layer's result a layer reads, and who else reads it.

use super::Subject;
use crate::check::program::{LayerRow, Port, Train};
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::Op;
use crate::syntax::ast::{Expr, ExprKind};
use std::cell::OnceCell;
use std::sync::Arc;

/// A network that is built, with what lints ask of it.
pub(super) struct Network<'a> {
    /// Whose it is; none of a model that nothing trains.
    pub train: Option<&'a Train>,
    pub graph: &'a Graph,
    /// Layers and functions in pipelines, in order of application.
    pub rows: &'a [LayerRow],
    pub outputs: &'a [Port],
    /// Outputs that a loss holds against a target; none where no train says so.
    pub predictions: Vec<Arc<str>>,
    /// By node: the row that made it.
    row_of: Vec<Option<usize>>,
    /// By node: whether it depends on an example.
    is_data: Vec<bool>,
    /// By node: who reads it, once somebody has asked.
    readers: OnceCell<Vec<Vec<NodeId>>>,
}

/// The networks of a file: those of its trains as they train, and the models that it only declares.
pub(super) fn networks<'a>(subject: &'a Subject<'_>) -> Vec<Network<'a>> {
    let mut networks = Vec::new();
    networks.extend(subject.trains().map(|(train, _)| Network::of_train(train)));
    for model in subject.untrained() {
        let is_sound = subject.item_at(model.span).is_none_or(|item| !subject.is_broken(item.span));
        if is_sound {
            networks.push(Network::new(&model.graph, &model.layers, &model.outputs, Vec::new()));
        }
    }
    networks
}

impl<'a> Network<'a> {
    fn of_train(train: &'a Train) -> Self {
        let predictions = train.fits.iter().map(|fit| fit.output.clone()).collect();
        let forward = &train.training;
        let network = Network::new(&forward.graph, &train.layers, &forward.outputs, predictions);
        Network { train: Some(train), ..network }
    }

    fn new(graph: &'a Graph, rows: &'a [LayerRow], outputs: &'a [Port], predictions: Vec<Arc<str>>) -> Self {
        let mut row_of = vec![None; graph.nodes.len()];
        for (i, row) in rows.iter().enumerate() {
            for slot in row_of.get_mut(row.nodes.clone()).into_iter().flatten() {
                // A layer inside another one's range (of a scan) is the more exact answer.
                slot.get_or_insert(i);
            }
        }
        let mut is_data: Vec<bool> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let of_input = |id: &NodeId| is_data.get(id.index()).copied().unwrap_or(false);
            is_data.push(matches!(node.op, Op::Input(_)) || node.inputs.iter().any(of_input));
        }
        Network { train: None, graph, rows, outputs, predictions, row_of, is_data, readers: OnceCell::new() }
    }

    fn readers(&self, id: NodeId) -> &[NodeId] {
        let readers = self.readers.get_or_init(|| {
            let mut readers = vec![Vec::new(); self.graph.nodes.len()];
            for (i, node) in self.graph.nodes.iter().enumerate() {
                for input in &node.inputs {
                    if let Some(readers) = readers.get_mut(input.index()) {
                        readers.push(NodeId(i as u32));
                    }
                }
            }
            readers
        });
        readers.get(id.index()).map_or(&[], Vec::as_slice)
    }

    pub fn node(&self, id: NodeId) -> Option<&'a Node> {
        self.graph.nodes.get(id.index())
    }

    /// The row that made a node.
    pub fn row(&self, id: NodeId) -> Option<(usize, &'a LayerRow)> {
        let row = self.row_of.get(id.index()).copied().flatten()?;
        self.rows.get(row).map(|r| (row, r))
    }

    /// Whether a node depends on an example.
    pub fn depends_on_data(&self, id: NodeId) -> bool {
        self.is_data.get(id.index()).copied().unwrap_or(false)
    }

    /// The operands of a node that depend on an example, each once.
    pub fn data_inputs(&self, id: NodeId) -> Vec<NodeId> {
        let mut inputs: Vec<NodeId> = Vec::new();
        for input in self.node(id).map(|n| n.inputs.as_slice()).unwrap_or_default() {
            if self.depends_on_data(*input) && !inputs.contains(input) {
                inputs.push(*input);
            }
        }
        inputs
    }

    /// What a row reads that depends on an example, each once.
    pub fn inputs_of_row(&self, row: usize) -> Vec<NodeId> {
        let Some(nodes) = self.rows.get(row).map(|r| r.nodes.clone()) else { return Vec::new() };
        let mut inputs: Vec<NodeId> = Vec::new();
        for id in nodes.clone() {
            for input in self.data_inputs(NodeId(id as u32)) {
                if !nodes.contains(&input.index()) && !inputs.contains(&input) {
                    inputs.push(input);
                }
            }
        }
        inputs
    }

    /// Whether one layer or operation alone reads a node, and it is no output.
    fn is_read_once(&self, id: NodeId) -> bool {
        // A layer may read its operand several times: for the mean, and to subtract it.
        let reader = |id: &NodeId| self.row(*id).map_or(Err(*id), |(row, _)| Ok(row));
        let mut readers = self.readers(id).iter().map(reader);
        let Some(first) = readers.next() else { return false };
        readers.all(|other| other == first) && !self.outputs.iter().any(|o| o.node == id)
    }

    /// The row whose result comes to `id` and nowhere else, rows that `passes` says change nothing of interest left
    /// out.
    pub fn only_source(&self, id: NodeId, passes: impl Fn(&LayerRow) -> bool) -> Option<&'a LayerRow> {
        let mut at = id;
        loop {
            if !self.is_read_once(at) && !self.row(at).is_some_and(|(_, row)| passes(row)) {
                return None;
            }
            match self.row(at) {
                Some((i, row)) if passes(row) => match self.inputs_of_row(i).as_slice() {
                    [only] => at = *only,
                    _ => return None,
                },
                Some((_, row)) => return Some(row),
                None => match (self.node(at).map(|n| &n.op), self.data_inputs(at).as_slice()) {
                    (Some(Op::Reshape), [only]) => at = *only,
                    _ => return None,
                },
            }
        }
    }

    /// The shape of a weight of a row, where all of its sizes are known.
    pub fn weight_shape(&self, row: &LayerRow, name: &str) -> Option<Vec<i64>> {
        let path = format!("{}.{name}", row.path);
        let state = self.graph.states.iter().find(|s| *s.path == *path)?;
        state.shape.iter().map(Dim::as_constant).collect()
    }

    /// The only call of the file that makes a row's layer, where it stands at the place of its application.
    pub fn call_of(&self, subject: &'a Subject<'_>, row: &LayerRow) -> Option<&'a Expr> {
        let is_of_row = |call: &&Expr| {
            let ExprKind::Call { callee, .. } = &call.kind else { return false };
            matches!(&callee.kind, ExprKind::Name(name) if *name == row.kind)
        };
        let mut calls = subject.calls_in(row.span).filter(is_of_row);
        calls.next().filter(|_| calls.next().is_none())
    }
}
