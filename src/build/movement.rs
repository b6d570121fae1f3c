//! Operations that only move numbers: broadcasting, reshaping, joining.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::tensor::Tensor;
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::NodeId;
use crate::ir::op::Op;

impl Builder {
    /// The shape that NumPy's broadcasting gives two shapes.
    pub fn broadcast_shapes(&self, left: &[Dim], right: &[Dim]) -> Result<Shape, Problem> {
        let rank = left.len().max(right.len());
        let at = |shape: &[Dim], i: usize| (i + shape.len()).checked_sub(rank).and_then(|i| shape.get(i).cloned());
        (0..rank)
            .map(|i| match (at(left, i), at(right, i)) {
                (Some(a), Some(b)) if a.is_one() => Ok(b),
                (Some(a), Some(b)) if b.is_one() => Ok(a),
                // Where both may fit, the known size says more.
                (Some(a), Some(b)) if self.sizes_fit(&a, &b) => Ok(if a.as_constant().is_some() { a } else { b }),
                (Some(a), None) | (None, Some(a)) => Ok(a),
                _ => Err(Problem::Broadcast { left: left.to_vec(), right: right.to_vec() }),
            })
            .collect()
    }

    /// Repeats `x` to a shape, with a batch axis if `batched`. Kind and role stay.
    pub fn broadcast_to(&mut self, x: &Tensor, shape: &[Dim], batched: bool) -> Result<Tensor, Problem> {
        let is_same = x.shape == shape;
        // A scalar fits every shape.
        if !is_same && x.rank() > 0 && self.broadcast_shapes(&x.shape, shape)?.len() != shape.len() {
            return Err(Problem::Broadcast { left: x.shape.clone(), right: shape.to_vec() });
        }
        self.check_size(shape)?;
        if is_same && x.batched == batched {
            return Ok(x.clone());
        }
        let mut target = shape.to_vec();
        if batched {
            target.insert(0, batch());
        }
        let node = match &self.shared {
            Some(shared) if self.graph.shape(x.node).is_empty() => {
                let mut known = shared.repeated.get(&x.node).into_iter().flatten().copied();
                known.find(|node| self.graph.shape(*node) == target.as_slice())
            }
            _ => None,
        };
        let node = node.unwrap_or_else(|| self.repeated(x, target, batched));
        Ok(Tensor { node, shape: shape.to_vec(), batched, span: self.span, ..x.clone() })
    }

    /// The node of `x`, repeated to the shape of a node.
    fn repeated(&mut self, x: &Tensor, target: Vec<Dim>, batched: bool) -> NodeId {
        // First the rank, then the repetition.
        let mut aligned: Vec<Dim> = (batched && x.batched).then(batch).into_iter().collect();
        aligned.resize(target.len() - x.rank(), Dim::constant(1));
        aligned.extend(x.shape.iter().cloned());
        let mut node = self.reshape_node(x.node, aligned);
        if self.graph.shape(node) != target.as_slice() {
            node = self.graph.push(Op::Broadcast, vec![node], target, self.span);
        }
        if let Some(shared) = &mut self.shared
            && self.graph.shape(x.node).is_empty()
        {
            shared.repeated.entry(x.node).or_default().push(node);
        }
        node
    }

    pub(super) fn reshape_node(&mut self, node: NodeId, shape: Vec<Dim>) -> NodeId {
        if self.graph.shape(node) == shape.as_slice() {
            return node;
        }
        self.graph.push(Op::Reshape, vec![node], shape, self.span)
    }

    /// The same numbers in another shape; at most one `None` follows from the others.
    pub fn reshape(&mut self, x: &Tensor, to: &[Option<Dim>]) -> Result<Tensor, Problem> {
        let wrong = || Problem::Reshape { from: x.shape.clone(), to: to.to_vec() };
        let total = x.shape.iter().cloned().fold(Dim::constant(1), |a, b| a * b);
        let known = to.iter().flatten().cloned().fold(Dim::constant(1), |a, b| a * b);
        let shape: Shape = match to.iter().filter(|d| d.is_none()).count() {
            0 if self.sizes_fit(&total, &known) => to.iter().flatten().cloned().collect(),
            1 => {
                let hole = match (total.as_constant(), known.as_constant()) {
                    (_, Some(0)) => return Err(wrong()),
                    (Some(t), Some(k)) if t % k == 0 => Dim::constant(t / k),
                    (Some(_), Some(_)) => return Err(wrong()),
                    _ => match total.exact_quotient(&known) {
                        Some(quotient) => quotient,
                        None if self.generic => total.floor_div(&known).ok_or_else(wrong)?,
                        None => return Err(wrong()),
                    },
                };
                to.iter().map(|d| d.clone().unwrap_or_else(|| hole.clone())).collect()
            }
            _ => return Err(wrong()),
        };
        self.check_size(&shape)?;
        self.check_ragged_axes(&x.shape, &shape)?;
        Ok(self.reshape_to(x, shape))
    }

    /// [`Builder::reshape`] to a shape that is known to fit.
    pub fn reshape_to(&mut self, x: &Tensor, shape: Shape) -> Tensor {
        let mut node_shape = shape.clone();
        if x.batched {
            node_shape.insert(0, batch());
        }
        let node = self.reshape_node(x.node, node_shape);
        Tensor { node, shape, span: self.span, ..x.clone() }
    }

    /// All axes in one.
    pub fn flatten(&mut self, x: &Tensor) -> Result<Tensor, Problem> {
        self.reshape(x, &[None])
    }

    /// Axis `i` of the result is axis `order[i]` of `x`; `order` is a permutation of its axes.
    pub fn permute(&mut self, x: &Tensor, order: &[usize]) -> Tensor {
        let shape: Shape = order.iter().filter_map(|i| x.shape.get(*i).cloned()).collect();
        let mut node_order: Vec<usize> = order.iter().map(|i| x.node_axis(*i)).collect();
        if x.batched {
            node_order.insert(0, 0);
        }
        if node_order.iter().enumerate().all(|(i, p)| i == *p) {
            return x.clone();
        }
        let result = self.emit(Op::Permute(node_order.into()), vec![x.node], shape, x.batched);
        Tensor { kind: x.kind.clone(), role: x.role, ..result }
    }

    /// Swaps the last two axes.
    pub fn transpose(&mut self, x: &Tensor) -> Result<Tensor, Problem> {
        let rank = x.rank();
        if rank < 2 {
            let wanted = "at least two axes".to_owned();
            return Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() });
        }
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 1, rank - 2);
        Ok(self.permute(x, &order))
    }

    /// Removes an axis of size 1.
    pub fn squeeze(&mut self, x: &Tensor, axis: usize) -> Result<Tensor, Problem> {
        let one = Dim::constant(1);
        if x.shape.get(axis).is_none_or(|d| !self.sizes_fit(d, &one)) {
            let mut to: Vec<Option<Dim>> = x.shape.iter().cloned().map(Some).collect();
            if axis < to.len() {
                to.remove(axis);
            }
            return Err(Problem::Reshape { from: x.shape.clone(), to });
        }
        let mut shape = x.shape.clone();
        shape.remove(axis);
        Ok(self.reshape_to(x, shape))
    }

    /// Adds an axis of size 1 in front of `axis` (`axis` = rank adds it at the end).
    pub fn unsqueeze(&mut self, x: &Tensor, axis: usize) -> Tensor {
        let mut shape = x.shape.clone();
        shape.insert(axis.min(shape.len()), Dim::constant(1));
        self.reshape_to(x, shape)
    }

    /// Tensors one behind the other along an axis. Kind and role of the first stay where all have them.
    pub fn concat(&mut self, parts: &[Tensor], axis: i64) -> Result<Tensor, Problem> {
        let Some(first) = parts.first() else {
            return Err(Problem::Argument { argument: "tensors", message: "the list is empty".into() });
        };
        let axis = self.axis(first, axis)?;
        let mut size = Dim::default();
        for (operand, part) in parts.iter().enumerate() {
            let fits = part.rank() == first.rank()
                && (0..first.rank()).all(|i| i == axis || self.sizes_fit(&first.shape[i], &part.shape[i]));
            if !fits {
                let (first, other) = (first.shape.clone(), part.shape.clone());
                return Err(Problem::Join { first, operand, other, axis: Some(axis) });
            }
            size = size + part.shape[axis].clone();
        }
        if let Some(ragged) = parts.iter().rev().skip(1).rev().position(|p| p.shape[axis].is_ragged()) {
            return self.concat_behind(parts, ragged, axis);
        }
        let batched = parts.iter().any(|p| p.batched);
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            nodes.push(self.broadcast_to(part, &part.shape, batched)?.node);
        }
        let mut shape = first.shape.clone();
        shape[axis] = size;
        self.check_size(&shape)?;
        let node_axis = axis + usize::from(batched);
        let result = self.emit(Op::Concat { axis: node_axis }, nodes, shape, batched);
        let kind = if parts.iter().all(|p| p.kind == first.kind) { first.kind.clone() } else { result.kind.clone() };
        Ok(result.with_kind(kind))
    }

    /// Tensors of one shape side by side along a new axis.
    pub fn stack(&mut self, parts: &[Tensor], axis: i64) -> Result<Tensor, Problem> {
        let Some(first) = parts.first() else {
            return Err(Problem::Argument { argument: "tensors", message: "the list is empty".into() });
        };
        for (operand, part) in parts.iter().enumerate() {
            if !self.shapes_fit(&first.shape, &part.shape) {
                let (first, other) = (first.shape.clone(), part.shape.clone());
                return Err(Problem::Join { first, operand, other, axis: None });
            }
        }
        let rank = first.rank() as i64 + 1;
        let from_start = if axis < 0 { axis + rank } else { axis };
        if !(0..rank).contains(&from_start) {
            return Err(Problem::Axis { axis, shape: first.shape.clone() });
        }
        let lifted: Vec<Tensor> = parts.iter().map(|p| self.unsqueeze(p, from_start as usize)).collect();
        self.concat(&lifted, from_start)
    }

    /// `before` and `after` copies of `value` around an axis.
    pub fn pad(&mut self, x: &Tensor, axis: usize, before: Dim, after: Dim, value: f64) -> Result<Tensor, Problem> {
        let mut shape = x.shape.clone();
        let Some(size) = shape.get_mut(axis) else {
            return Err(Problem::Axis { axis: axis as i64, shape });
        };
        *size = size.clone() + before.clone() + after.clone();
        self.check_size(&shape)?;
        let is_ragged_behind = x.shape[axis].is_ragged() && after.as_constant() != Some(0);
        // Behind the end comes the value, and not first the padding of the batch.
        let x = if is_ragged_behind { &self.masked(x, &[axis], value) } else { x };
        let op = Op::Pad { axis: x.node_axis(axis), before, after, value };
        Ok(self.emit(op, vec![x.node], shape, x.batched).with_kind(x.kind.clone()))
    }
}
