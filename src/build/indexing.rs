//! Taking parts of tensors: positions, slices, rows of tables.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::tensor::{Kind, Tensor};
use crate::ir::dim::Dim;
use crate::ir::op::Op;

/// One position of `x[…]`.
#[derive(Debug, Clone)]
pub enum Position {
    /// `3`, `-1`: the axis goes.
    At(i64),
    /// `a .. b`, half-open, from the end where negative; the axis stays.
    Range {
        /// 0 where left out.
        start: Option<i64>,
        /// The end where left out.
        end: Option<i64>,
    },
    /// `..`: the whole axis.
    Whole,
}

impl Builder {
    /// `x[…]`: positions for the first axes; the others stay whole.
    pub fn index(&mut self, x: &Tensor, positions: &[Position]) -> Result<Tensor, Problem> {
        if positions.len() > x.rank() {
            return Err(Problem::TooManyPositions { given: positions.len(), shape: x.shape.clone() });
        }
        let mut result = x.clone();
        let mut axis = 0;
        for (original_axis, position) in positions.iter().enumerate() {
            let size = x.shape[original_axis].clone();
            match position {
                Position::Whole => axis += 1,
                Position::At(position) if *position < 0 && size.is_ragged() => {
                    result = self.counted_from_end(&result, axis, *position, 1);
                    let mut shape = result.shape.clone();
                    shape.remove(axis);
                    result = self.reshape_to(&result, shape);
                }
                Position::Range { start: Some(start), end } if *start < 0 && size.is_ragged() => {
                    let end = end.unwrap_or(0);
                    if *start >= end {
                        return Err(Problem::EmptySlice { size });
                    }
                    result = self.counted_from_end(&result, axis, *start, end - *start);
                    axis += 1;
                }
                Position::At(position) => {
                    let start = self.counted_from_start(*position, &size, original_axis, false)?;
                    result = self.slice(&result, axis, start, Dim::constant(1));
                    let mut shape = result.shape.clone();
                    shape.remove(axis);
                    result = self.reshape_to(&result, shape);
                }
                Position::Range { start, end } => {
                    let start =
                        start.map_or(Ok(Dim::default()), |p| self.counted_from_start(p, &size, original_axis, true))?;
                    let end =
                        end.map_or(Ok(size.clone()), |p| self.counted_from_start(p, &size, original_axis, true))?;
                    let length = end - start.clone();
                    if length.as_constant().is_some_and(|n| n <= 0) {
                        return Err(Problem::EmptySlice { size });
                    }
                    result = self.slice(&result, axis, start, length);
                    axis += 1;
                }
            }
        }
        Ok(result)
    }

    fn counted_from_start(&self, position: i64, size: &Dim, axis: usize, is_bound: bool) -> Result<Dim, Problem> {
        if let Some(n) = size.as_constant() {
            let p = if position < 0 { position + n } else { position };
            if p < 0 || p > n || (p == n && !is_bound) {
                return Err(Problem::Position { position, size: size.clone(), axis });
            }
            return Ok(Dim::constant(p));
        }
        Ok(if position < 0 { size.clone() + Dim::constant(position) } else { Dim::constant(position) })
    }

    /// `length` positions of an axis from `start` on.
    pub fn slice(&mut self, x: &Tensor, axis: usize, start: Dim, length: Dim) -> Tensor {
        let mut shape = x.shape.clone();
        if shape[axis] == length {
            return x.clone();
        }
        shape[axis] = length;
        let op = Op::Slice { axis: x.node_axis(axis), start, step: 1 };
        let result = self.emit(op, vec![x.node], shape, x.batched);
        Tensor { kind: x.kind.clone(), role: x.role, ..result }
    }

    /// The positions of an axis in reverse order.
    pub fn flip(&mut self, x: &Tensor, axis: usize) -> Tensor {
        let size = x.shape.get(axis).cloned().unwrap_or_default();
        if size.is_ragged() {
            return self.flipped_at_own_end(x, axis, &size);
        }
        let op = Op::Slice { axis: x.node_axis(axis), start: size - Dim::constant(1), step: -1 };
        let result = self.emit(op, vec![x.node], x.shape.clone(), x.batched);
        Tensor { kind: x.kind.clone(), role: x.role, ..result }
    }

    /// Rows of a table that is the same for all examples: `table` is `[n, …rest]`; the result is `[…ids, …rest]`.
    pub fn gather_rows(&mut self, table: &Tensor, ids: &Tensor) -> Result<Tensor, Problem> {
        let Some((rows, rest)) = table.shape.split_first() else {
            let wanted = "at least one axis".to_owned();
            return Err(Problem::Rank { operand: 0, wanted, shape: Vec::new() });
        };
        match &ids.kind {
            Kind::Class { count, .. } if !self.sizes_fit(count, rows) => {
                return Err(Problem::Argument {
                    argument: "ids",
                    message: format!("there are {count} classes, but the table has {rows} rows"),
                });
            }
            Kind::Class { .. } | Kind::Int => {}
            kind => return Err(Problem::Kind { operand: 1, wanted: "class(n) or int", got: kind.clone() }),
        }
        self.check_range(1, ids, rows, "rows")?;
        if table.batched {
            return self.gather_per_example(table, ids);
        }
        let shape: Shape = ids.shape.iter().chain(rest).cloned().collect();
        self.check_size(&shape)?;
        Ok(self.emit(Op::GatherRows, vec![table.node, ids.node], shape, ids.batched).with_kind(table.kind.clone()))
    }

    /// Refuses whole numbers that are known, and are not all positions of an axis.
    pub fn check_range(&self, operand: usize, ids: &Tensor, count: &Dim, what: &'static str) -> Result<(), Problem> {
        let (Some((least, largest)), Some(n)) = (self.known_range(ids), count.as_constant()) else { return Ok(()) };
        let outside = if least < 0 { Some(least) } else { Some(largest).filter(|m| *m >= n) };
        match outside {
            Some(number) => Err(Problem::OutOfRange { operand, number, count: count.clone(), what }),
            None => Ok(()),
        }
    }

    /// As [`Builder::gather_rows`], where each example has a table of its own: a one-hot product, since the rows of
    /// the examples do not lie in one table.
    fn gather_per_example(&mut self, table: &Tensor, ids: &Tensor) -> Result<Tensor, Problem> {
        let rows = table.shape[0].clone();
        let rest: Shape = table.shape[1..].to_vec();
        let width = rest.iter().cloned().fold(Dim::constant(1), |a, b| a * b);
        let flat_table = self.reshape_to(table, vec![rows.clone(), width]);
        let flat_ids = self.flatten(ids)?;
        let chosen = self.one_hot(&flat_ids, &rows)?;
        let taken = self.matmul(&chosen, &flat_table)?;
        let shape: Shape = ids.shape.iter().chain(&rest).cloned().collect();
        Ok(self.reshape_to(&taken, shape))
    }

    /// One number along the last axis of `x`, at the position `ids` says; `ids` has the shape of `x` without it.
    pub fn take_last(&mut self, x: &Tensor, ids: &Tensor) -> Result<Tensor, Problem> {
        let axis = self.axis(x, -1)?;
        let lead = &x.shape[..axis];
        if !self.shapes_fit(lead, &ids.shape) {
            return Err(Problem::LossShapes { left: x.shape.clone(), right: ids.shape.clone() });
        }
        let batched = x.batched || ids.batched;
        let mut kept = x.shape.clone();
        kept[axis] = Dim::constant(1);
        let ids = self.reshape_to(ids, kept.clone());
        let ids = self.broadcast_to(&ids, &kept, batched)?;
        let x = self.broadcast_to(x, &x.shape, batched)?;
        let op = Op::TakeAlong { axis: x.node_axis(axis) };
        let taken = self.emit(op, vec![x.node, ids.node], kept.clone(), batched);
        kept.pop();
        Ok(self.reshape_to(&taken, kept))
    }

    /// 1 at the position that each number says, along a new last axis of this size.
    pub fn one_hot(&mut self, ids: &Tensor, size: &Dim) -> Result<Tensor, Problem> {
        let axis = ids.rank();
        let lifted = self.unsqueeze(ids, axis);
        let one = self.constant(1.0);
        let ones = self.broadcast_to(&one, &lifted.shape, ids.batched)?;
        let mut shape = lifted.shape.clone();
        shape[axis] = size.clone();
        self.check_size(&shape)?;
        let op = Op::PlaceAlong { axis: lifted.node_axis(axis), size: size.clone() };
        Ok(self.emit(op, vec![ones.node, lifted.node], shape, ids.batched))
    }
}
