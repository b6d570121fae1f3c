//! From the nodes of a graph to work: views disappear into the operands, sizes are numbers, what a kernel cannot read
//! as it lies gets a copy.

use super::Joining;
use super::literals::Literals;
use super::scan::measure;
use super::view::View;
use super::windows;
use super::work::{Lowered, Operand, Task, Work};
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};
use crate::ir::recurrent::Recurrence;
use crate::ir::scan;
use crate::runtime::element::{Element, apply_binary, apply_unary};
use crate::runtime::executable::PlanError;
use crate::runtime::feed::Binding;
use crate::runtime::kernels::convolve;
use crate::runtime::kernels::elementwise::{MAX_AXES, TileOp};
use crate::runtime::kernels::lines::LineOp;
use crate::runtime::kernels::recurrent::Pass;
use crate::runtime::kernels::rows::RowOp;
use crate::runtime::kernels::winograd;
use std::collections::HashSet;

/// The number that a dimension stands for.
pub fn size_of(dim: &Dim, binding: &Binding) -> Result<usize, PlanError> {
    let value = dim.evaluate(&|v| binding.size(v.id).and_then(|n| i64::try_from(n).ok()));
    value.and_then(|n| usize::try_from(n).ok()).ok_or_else(|| PlanError::Size { dim: dim.to_string() })
}

/// The numbers that a shape stands for.
pub fn sizes_of(shape: &[Dim], binding: &Binding) -> Result<Vec<usize>, PlanError> {
    shape.iter().map(|d| size_of(d, binding)).collect()
}

/// Lowers what the outputs and updates of a graph need.
pub fn lower<E: Element>(
    graph: &Graph,
    binding: &Binding,
    literals: &mut Literals<E>,
    joining: Joining,
) -> Result<Lowered, PlanError> {
    let mut needed = vec![false; graph.nodes.len()];
    for root in graph.roots() {
        needed[root.index()] = true;
    }
    for (i, node) in graph.nodes.iter().enumerate().rev() {
        if needed[i] {
            for input in &node.inputs {
                needed[input.index()] = true;
            }
        }
    }
    let mut lowering = Lowering {
        binding,
        literals,
        joining,
        work: Vec::with_capacity(needed.iter().filter(|is_needed| **is_needed).count()),
        inputs: vec![None; graph.inputs.len()],
        states: vec![None; graph.states.len()],
        node: NodeId(0),
    };
    let mut values: Vec<Option<Operand>> = Vec::with_capacity(graph.nodes.len());
    // The sizes of all nodes, one behind the other, and where those of each end.
    let (mut sizes, mut ends): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::with_capacity(graph.nodes.len()));
    for (i, node) in graph.nodes.iter().enumerate() {
        if !needed[i] {
            values.push(None);
            ends.push(sizes.len());
            continue;
        }
        lowering.node = NodeId(i as u32);
        let first = sizes.len();
        for dim in &node.shape {
            sizes.push(size_of(dim, binding)?);
        }
        ends.push(sizes.len());
        let sizes_of_node = |node: usize| {
            let first = node.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
            ends.get(node).and_then(|end| sizes.get(first..*end)).unwrap_or(&[])
        };
        let mut operands = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            let value = values.get(input.index()).cloned().flatten();
            let value = value.ok_or_else(|| PlanError::Internal(format!("node {i} stands before its input")))?;
            operands.push((value, sizes_of_node(input.index())));
        }
        let value = lowering.lower_node(&node.op, operands, sizes[first..].to_vec())?;
        values.push(Some(value));
    }
    let mut result = Lowered::default();
    let value = |node: NodeId| {
        values.get(node.index()).cloned().flatten().ok_or_else(|| PlanError::Internal("a root is missing".into()))
    };
    for output in &graph.outputs {
        lowering.node = output.node;
        let shape = sizes_of(graph.shape(output.node), binding)?;
        let own = lowering.own(value(output.node)?, &shape, |_| false)?;
        result.outputs.push(own);
    }
    let mut taken = HashSet::new();
    for update in &graph.updates {
        lowering.node = update.value;
        let shape = sizes_of(graph.shape(update.value), binding)?;
        let own = lowering.own(value(update.value)?, &shape, |item| taken.contains(&item))?;
        taken.insert(own);
        result.updates.push((update.state.0 as usize, own));
    }
    result.work = lowering.work;
    Ok(result)
}

struct Lowering<'a, E> {
    binding: &'a Binding,
    literals: &'a mut Literals<E>,
    /// What is computed together in the bodies of loops.
    joining: Joining,
    work: Vec<Work>,
    inputs: Vec<Option<usize>>,
    states: Vec<Option<usize>>,
    node: NodeId,
}

impl<E: Element> Lowering<'_, E> {
    fn push(&mut self, task: Task, operands: Vec<Operand>, shape: Vec<usize>) -> usize {
        self.work.push(Work { task, operands, shape, node: self.node });
        self.work.len() - 1
    }

    fn result(&mut self, task: Task, operands: Vec<Operand>, shape: Vec<usize>) -> Operand {
        let root = self.push(task, operands, shape.clone());
        Operand::View(View::linear(root, &shape))
    }

    fn literal(&mut self, offset: usize, count: usize) -> usize {
        self.push(Task::Literal(offset), Vec::new(), vec![count])
    }

    /// An operand as numbers in memory.
    fn view(&mut self, operand: Operand, shape: &[usize]) -> View {
        match operand {
            Operand::View(view) => view,
            Operand::Constant(x) => {
                let offset = self.literals.splat(x);
                let root = self.literal(offset, 1);
                View { root, offset: 0, axes: shape.iter().map(|n| (*n, 0)).collect() }
            }
        }
    }

    /// A copy that lies linear.
    fn copied(&mut self, view: View) -> Result<View, PlanError> {
        let shape = view.shape();
        if view.joined().len() > MAX_AXES {
            return Err(PlanError::Internal(format!("a tensor of {} axes", shape.len())));
        }
        let copy = TileOp::Unary(Unary::StopGradient);
        let root = self.push(Task::Elementwise(copy), vec![Operand::View(view)], shape.clone());
        Ok(View::linear(root, &shape))
    }

    /// An operand that lies linear.
    fn linear(&mut self, operand: Operand, shape: &[usize]) -> Result<Operand, PlanError> {
        let view = self.view(operand, shape);
        let view = if view.is_linear() { view } else { self.copied(view)? };
        Ok(Operand::View(view))
    }

    /// An item of work that is just these numbers, computed in the step and not `taken`.
    fn own(&mut self, operand: Operand, shape: &[usize], taken: impl Fn(usize) -> bool) -> Result<usize, PlanError> {
        let view = self.view(operand, shape);
        if let Some(root) = self.work.get(view.root) {
            let whole = view.offset == 0 && view.is_linear() && view.count() == root.count();
            if whole && !root.is_source() && !taken(view.root) {
                return Ok(view.root);
            }
        }
        Ok(self.copied(view)?.root)
    }

    /// An operand that an elementwise kernel can take.
    fn gatherable(&mut self, operand: Operand) -> Result<Operand, PlanError> {
        match operand {
            // Not reachable below rank 9; two copies would do, were it wanted.
            Operand::View(view) if view.joined().len() > MAX_AXES => {
                Err(PlanError::Internal(format!("a tensor of {} axes", view.axes.len())))
            }
            other => Ok(other),
        }
    }

    fn lower_node(
        &mut self,
        op: &Op,
        operands: Vec<(Operand, &[usize])>,
        shape: Vec<usize>,
    ) -> Result<Operand, PlanError> {
        let mut operands = operands.into_iter();
        let mut next = || operands.next().ok_or_else(|| PlanError::Internal(format!("{op:?} has too few inputs")));
        Ok(match op {
            Op::Input(id) => {
                let index = id.0 as usize;
                let root = match self.inputs.get(index).copied().flatten() {
                    Some(root) => root,
                    None => self.push(Task::Input(index), Vec::new(), shape.clone()),
                };
                if let Some(slot) = self.inputs.get_mut(index) {
                    *slot = Some(root);
                }
                Operand::View(View::linear(root, &shape))
            }
            Op::State(id) => {
                let index = id.0 as usize;
                let root = match self.states.get(index).copied().flatten() {
                    Some(root) => root,
                    None => self.push(Task::State(index), Vec::new(), shape.clone()),
                };
                if let Some(slot) = self.states.get_mut(index) {
                    *slot = Some(root);
                }
                Operand::View(View::linear(root, &shape))
            }
            Op::Constant(x) => Operand::Constant(*x),
            Op::Size(dim) => Operand::Constant(size_of(dim, self.binding)? as f64),
            Op::Literal(data) => {
                let offset = self.literals.data(data);
                let root = self.literal(offset, data.len());
                Operand::View(View::linear(root, &shape))
            }
            Op::Iota { axis } => {
                let offset = self.literals.iota(shape[*axis]);
                let root = self.literal(offset, shape[*axis]);
                let strided = |(i, n): (usize, &usize)| (*n, isize::from(i == *axis));
                Operand::View(View { root, offset: 0, axes: shape.iter().enumerate().map(strided).collect() })
            }
            Op::Random { stream, distribution } => {
                let task = Task::Random { stream: *stream, distribution: *distribution };
                self.result(task, Vec::new(), shape)
            }
            Op::Unary(Unary::StopGradient | Unary::Again) => next()?.0,
            Op::Unary(unary) => match next()?.0 {
                Operand::Constant(x) => Operand::Constant(apply_unary::<f64, false>(*unary, x)),
                x => {
                    let x = self.gatherable(x)?;
                    self.result(Task::Elementwise(TileOp::Unary(*unary)), vec![x], shape)
                }
            },
            Op::Binary(binary) => match (next()?.0, next()?.0) {
                (Operand::Constant(x), Operand::Constant(y)) => Operand::Constant(apply_binary(*binary, x, y)),
                (x, y) => {
                    let (x, y) = (self.gatherable(x)?, self.gatherable(y)?);
                    self.result(Task::Elementwise(TileOp::Binary(*binary)), vec![x, y], shape)
                }
            },
            Op::Select => match (next()?.0, next()?.0, next()?.0) {
                (Operand::Constant(c), y, z) => {
                    if c != 0.0 {
                        y
                    } else {
                        z
                    }
                }
                (x, y, z) => {
                    let operands = vec![self.gatherable(x)?, self.gatherable(y)?, self.gatherable(z)?];
                    self.result(Task::Elementwise(TileOp::Select), operands, shape)
                }
            },
            Op::Reshape => match next()?.0 {
                Operand::Constant(x) => Operand::Constant(x),
                Operand::View(view) => match view.reshaped(&shape) {
                    Some(view) => Operand::View(view),
                    None => {
                        let copy = self.copied(view)?;
                        Operand::View(View::linear(copy.root, &shape))
                    }
                },
            },
            Op::Permute(permutation) => match next()?.0 {
                Operand::Constant(x) => Operand::Constant(x),
                Operand::View(view) => Operand::View(view.permuted(permutation)),
            },
            Op::Broadcast => match next()?.0 {
                Operand::Constant(x) => Operand::Constant(x),
                Operand::View(view) => Operand::View(view.broadcast(&shape)),
            },
            Op::Slice { axis, start, step } => match next()?.0 {
                Operand::Constant(x) => Operand::Constant(x),
                Operand::View(view) => {
                    let start = size_of(start, self.binding)?;
                    let sliced = view.sliced(*axis, start, *step as isize, shape[*axis]);
                    Operand::View(sliced.ok_or_else(|| PlanError::Internal("a slice before its tensor".into()))?)
                }
            },
            Op::Pad { axis, before, after: _, value } => {
                let (x, sizes) = next()?;
                let x = self.view(x, sizes);
                let before = size_of(before, self.binding)?;
                self.result(Task::Pad { axis: *axis, before, value: *value }, vec![Operand::View(x)], shape)
            }
            Op::Concat { axis } => {
                let parts: Vec<Operand> = operands.map(|(part, sizes)| Operand::View(self.view(part, sizes))).collect();
                self.result(Task::Concat { axis: *axis }, parts, shape)
            }
            Op::Reduce { reduction, axes } => {
                let (x, sizes) = next()?;
                let x = self.view(x, sizes);
                if axes.iter().all(|a| sizes[*a] == 1) {
                    return Ok(Operand::View(x));
                }
                let task = Task::Reduce { reduction: *reduction, axes: axes.clone() };
                self.result(task, vec![Operand::View(x)], shape)
            }
            Op::ArgMax { axis } => {
                let (x, sizes) = next()?;
                let x = self.linear(x, sizes)?;
                self.result(Task::Lines { op: LineOp::ArgMax, axis: *axis }, vec![x], shape)
            }
            Op::CumulativeSum { axis, reverse } => {
                let (x, sizes) = next()?;
                let x = self.linear(x, sizes)?;
                let op = if *reverse { LineOp::RunningSumReversed } else { LineOp::RunningSum };
                self.result(Task::Lines { op, axis: *axis }, vec![x], shape)
            }
            Op::Softmax { axis } => {
                let (x, sizes) = next()?;
                let x = self.linear(x, sizes)?;
                self.result(Task::Lines { op: LineOp::Softmax, axis: *axis }, vec![x], shape)
            }
            Op::LogSoftmax { axis } => {
                let (x, sizes) = next()?;
                let x = self.linear(x, sizes)?;
                self.result(Task::Lines { op: LineOp::LogSoftmax, axis: *axis }, vec![x], shape)
            }
            Op::MatMul => {
                let ((x, xs), (y, ys)) = (next()?, next()?);
                let (x, y) = (self.view(x, xs), self.view(y, ys));
                let (x, y) = (self.factor(x)?, self.factor(y)?);
                self.result(Task::MatMul, vec![Operand::View(x), Operand::View(y)], shape)
            }
            Op::Attention(attention) | Op::AttentionBackward(attention) => {
                let mut views = Vec::with_capacity(6);
                for (i, (x, sizes)) in operands.enumerate() {
                    // Heads and positions may lie anywhere, what is multiplied side by side.
                    let view = self.view(x, sizes);
                    let as_it_lies = i < 3 && view.axes.iter().skip(2).all(|(n, stride)| *n <= 1 || *stride > 0);
                    let as_it_lies = as_it_lies && view.axes.last().is_none_or(|(n, stride)| *n <= 1 || *stride == 1);
                    let view = if as_it_lies || view.is_linear() { view } else { self.copied(view)? };
                    views.push(Operand::View(view));
                }
                let backward = matches!(op, Op::AttentionBackward(_));
                self.result(Task::Attention { attention: *attention, backward }, views, shape)
            }
            Op::GatherRows => {
                let ((x, xs), (y, ys)) = (next()?, next()?);
                let rows = xs.first().copied().unwrap_or(0);
                let operands = vec![self.linear(x, xs)?, self.linear(y, ys)?];
                self.result(Task::Rows { op: RowOp::Gather, rows }, operands, shape)
            }
            Op::ScatterRows { rows } => {
                let ((x, xs), (y, ys)) = (next()?, next()?);
                let rows = size_of(rows, self.binding)?;
                let operands = vec![self.linear(x, xs)?, self.linear(y, ys)?];
                self.result(Task::Rows { op: RowOp::Scatter, rows }, operands, shape)
            }
            Op::TakeAlong { axis } => {
                let ((x, xs), (y, ys)) = (next()?, next()?);
                let size = xs[*axis];
                let operands = vec![self.linear(x, xs)?, self.linear(y, ys)?];
                self.result(Task::Along { place: false, axis: *axis, size }, operands, shape)
            }
            Op::PlaceAlong { axis, size } => {
                let ((x, xs), (y, ys)) = (next()?, next()?);
                let size = size_of(size, self.binding)?;
                let operands = vec![self.linear(x, xs)?, self.linear(y, ys)?];
                self.result(Task::Along { place: true, axis: *axis, size }, operands, shape)
            }
            Op::Scan(scan) => {
                let of = measure(scan, size_of(&scan.steps, self.binding)?, self.binding, self.literals, self.joining)?;
                let mut all = Vec::new();
                for (i, (x, sizes)) in operands.enumerate() {
                    all.push(match scan.operand(i) {
                        scan::Operand::Captured => self.linear(x, sizes)?,
                        scan::Operand::Carry | scan::Operand::Scanned => Operand::View(self.view(x, sizes)),
                    });
                }
                self.result(Task::Scan(Box::new(of)), all, shape)
            }
            Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => {
                let ((x, xs), (y, ys)) = (next()?, next()?);
                let task = windows::task(op, xs, ys, &shape, self.binding)?;
                let operands = vec![self.linear(x, xs)?, self.linear(y, ys)?];
                match task {
                    Task::Convolve(sizes) => self.convolution(*sizes, operands, shape),
                    task => self.result(task, operands, shape),
                }
            }
            Op::WindowArgMax(_) | Op::WindowSum(_) | Op::WindowSpread(_) => {
                let (x, xs) = next()?;
                let task = windows::task(op, xs, &[], &shape, self.binding)?;
                let x = self.linear(x, xs)?;
                self.result(task, vec![x], shape)
            }
            Op::Recurrent { recurrence, keep } => {
                let operands: Vec<_> = operands.collect();
                self.recurrent(*recurrence, Pass::Forward { keep: *keep }, operands, shape)?
            }
            Op::RecurrentBackward(recurrence) => {
                let operands: Vec<_> = operands.collect();
                self.recurrent(*recurrence, Pass::Backward, operands, shape)?
            }
        })
    }

    /// Operands are linear.
    fn convolution(&mut self, sizes: convolve::Sizes, mut operands: Vec<Operand>, shape: Vec<usize>) -> Operand {
        let (task, runs) = match windows::winograd(&sizes) {
            Some((part, of)) => {
                let task = |part| Task::Winograd { part, sizes: Box::new(of) };
                if let (winograd::Part::Result, Some(kernel)) = (part, operands.last_mut()) {
                    // The image's gradient is the convolution with the kernel turned by half.
                    let weights = winograd::Part::Weights { turned: sizes.side == convolve::Side::Image };
                    let transformed = vec![winograd::PLACES, of.units, of.channels];
                    *kernel = self.result(task(weights), vec![kernel.clone(), kernel.clone()], transformed);
                }
                (task(part), if part == winograd::Part::Gradient { of.runs() } else { 1 })
            }
            None => (Task::Convolve(Box::new(sizes)), sizes.runs()),
        };
        if runs == 1 {
            return self.result(task, operands, shape);
        }
        let mut partial = vec![runs];
        partial.extend(&shape);
        let partial = self.result(task, operands, partial);
        // Behind the first axis lies the shape, without the axis of size 1 that a reduction leaves.
        self.result(windows::sum_of_runs(), vec![partial], shape)
    }

    fn recurrent(
        &mut self,
        recurrence: Recurrence,
        pass: Pass,
        operands: Vec<(Operand, &[usize])>,
        shape: Vec<usize>,
    ) -> Result<Operand, PlanError> {
        // The first operand, products or gradients, says how many steps and examples there are, the weight the rest.
        let weight = if pass == Pass::Backward { 2 } else { 1 };
        let sizes = match (operands.first(), operands.get(weight)) {
            (Some((_, x)), Some((_, w))) if x.len() == 3 && w.len() == 2 => [x[0], x[1], w[1]],
            _ => return Err(PlanError::Internal("a recurrent layer of other shapes".into())),
        };
        let mut linear = Vec::with_capacity(operands.len());
        for (operand, sizes) in operands {
            linear.push(self.linear(operand, sizes)?);
        }
        Ok(self.result(Task::Recurrent { recurrence, pass, sizes }, linear, shape))
    }

    /// A matrix that the product kernel can read: strides of its own last two axes forward and not repeated.
    fn factor(&mut self, view: View) -> Result<View, PlanError> {
        let matrix = &view.axes[view.axes.len().saturating_sub(2)..];
        if matrix.iter().all(|(size, stride)| *size <= 1 || *stride > 0) {
            return Ok(view);
        }
        self.copied(view)
    }
}
