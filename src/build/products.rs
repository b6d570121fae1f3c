//! Matrix products.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::tensor::Tensor;
use crate::ir::dim::{Dim, batch};
use crate::ir::op::Op;

impl Builder {
    /// `x @ y` as `torch.matmul`: the product of the last two axes; a vector on the left is a row, on the right a
    /// column, and goes from the result; the axes before are broadcast.
    pub fn matmul(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor, Problem> {
        for (operand, t) in [x, y].into_iter().enumerate() {
            if t.rank() == 0 {
                let wanted = "at least one axis".to_owned();
                return Err(Problem::Rank { operand, wanted, shape: t.shape.clone() });
            }
        }
        let (x, y) = (self.masked(x, &[x.rank() - 1], 0.0), self.masked(y, &[y.rank().saturating_sub(2)], 0.0));
        self.matmul_of_masked(&x, &y)
    }

    /// [`Builder::matmul`] of at least one axis each, where the padding of a ragged inner size is 0 already.
    pub fn matmul_of_masked(&mut self, x: &Tensor, y: &Tensor) -> Result<Tensor, Problem> {
        if y.rank() == 2 && !y.batched {
            // All rows of all examples against one matrix.
            self.check_inner(x, &x.shape[x.rank() - 1], y, &y.shape[0])?;
            return self.matmul_with_matrix(x, y);
        }
        let (row, column) = (x.rank() == 1, y.rank() == 1);
        let left = if row { self.unsqueeze(x, 0) } else { x.clone() };
        let right = if column { self.unsqueeze(y, 1) } else { y.clone() };
        self.check_inner(x, &left.shape[left.rank() - 1], y, &right.shape[right.rank() - 2])?;
        let product = if right.rank() == 2 && !right.batched {
            self.matmul_with_matrix(&left, &right)?
        } else {
            self.matmul_by_example(&left, &right)?
        };
        let rank = product.rank();
        let mut shape = product.shape.clone();
        if column {
            shape.remove(rank - 1);
        }
        if row {
            // The row's axis stands before the last one, or last where that went.
            shape.remove(rank - 2);
        }
        Ok(if row || column { self.reshape_to(&product, shape) } else { product })
    }

    fn check_inner(&self, x: &Tensor, a: &Dim, y: &Tensor, b: &Dim) -> Result<(), Problem> {
        if self.sizes_fit(a, b) {
            return Ok(());
        }
        Err(Problem::MatMulInner { left: x.shape.clone(), right: y.shape.clone() })
    }

    /// The rows of all examples against one matrix: a single product. `left` has at least one axis.
    fn matmul_with_matrix(&mut self, left: &Tensor, right: &Tensor) -> Result<Tensor, Problem> {
        let mut shape = left.shape.clone();
        let columns = right.shape[1].clone();
        if let Some(last) = shape.last_mut() {
            *last = columns.clone();
        }
        self.check_size(&shape)?;
        let mut rows = left.shape[..left.rank() - 1].iter().cloned().fold(Dim::constant(1), |a, b| a * b);
        if left.batched {
            rows = rows * batch();
        }
        let inner = left.shape[left.rank() - 1].clone();
        let flat = self.reshape_node(left.node, vec![rows.clone(), inner]);
        let node = self.graph.push(Op::MatMul, vec![flat, right.node], vec![rows, columns], self.span);
        let mut node_shape = shape.clone();
        if left.batched {
            node_shape.insert(0, batch());
        }
        let node = self.reshape_node(node, node_shape);
        Ok(self.tensor(node, shape, left.batched))
    }

    fn matmul_by_example(&mut self, left: &Tensor, right: &Tensor) -> Result<Tensor, Problem> {
        let batched = left.batched || right.batched;
        let (lead_left, matrix_left) = left.shape.split_at(left.rank() - 2);
        let (lead_right, matrix_right) = right.shape.split_at(right.rank() - 2);
        let lead = self.broadcast_shapes(lead_left, lead_right)?;
        let join =
            |lead: &Shape, a: &Dim, b: &Dim| lead.iter().cloned().chain([a.clone(), b.clone()]).collect::<Shape>();
        let x = self.broadcast_to(left, &join(&lead, &matrix_left[0], &matrix_left[1]), batched)?;
        let y = self.broadcast_to(right, &join(&lead, &matrix_right[0], &matrix_right[1]), batched)?;
        let shape = join(&lead, &matrix_left[0], &matrix_right[1]);
        self.check_size(&shape)?;
        Ok(self.emit(Op::MatMul, vec![x.node, y.node], shape, batched))
    }

    /// `x @ transpose(weight)` along the last axis: the product of `torch.nn.functional.linear`, without the bias.
    pub fn linear(&mut self, x: &Tensor, weight: &Tensor) -> Result<Tensor, Problem> {
        let transposed = self.transpose(weight)?;
        self.matmul(x, &transposed)
    }
}
