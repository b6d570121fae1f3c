//! From groups with memory to kernels.

use super::turned;
use super::view::{View, join};
use super::work::{Lowered, Operand, Task, Work};
use crate::ir::op::Attention;
use crate::runtime::kernels::Kernel;
use crate::runtime::kernels::adam::Adam;
use crate::runtime::kernels::assemble::{Assemble, Part};
use crate::runtime::kernels::attention;
use crate::runtime::kernels::convolve::Convolve;
use crate::runtime::kernels::elementwise::{Access, Load, Program, Store, TileStep};
use crate::runtime::kernels::lines::Lines;
use crate::runtime::kernels::matmul::MatMul;
use crate::runtime::kernels::memory::{Place, Space};
use crate::runtime::kernels::pool::Pool;
use crate::runtime::kernels::random::Random;
use crate::runtime::kernels::recurrent::Recurrent;
use crate::runtime::kernels::reduce::Reduce;
use crate::runtime::kernels::rows::{Along, RowOp, Rows};
use crate::runtime::kernels::winograd::Winograd;

/// What is needed to turn operands into places.
pub struct Emitter<'a> {
    /// The work.
    pub lowered: &'a Lowered,
    /// Where each item lies, where it is stored.
    pub places: &'a [Option<Place>],
    /// Where the literal of a number lies.
    pub splat: &'a mut dyn FnMut(f64) -> usize,
    /// Whether one thread runs all of a kernel, so that nothing is gained by cutting it.
    pub is_in_band: bool,
}

/// Sizes before an axis, of it, and behind it.
fn around(shape: &[usize], axis: usize) -> [usize; 3] {
    [shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product()]
}

impl Emitter<'_> {
    /// Where an item lies.
    pub fn place(&self, item: usize) -> Result<Place, String> {
        self.places.get(item).copied().flatten().ok_or_else(|| format!("item {item} is read and not stored"))
    }

    /// Where the first number of a view lies.
    pub fn place_of(&self, view: &View) -> Result<Place, String> {
        let place = self.place(view.root)?;
        Ok(Place { offset: place.offset + view.offset, ..place })
    }

    fn view<'w>(&self, item: &'w Work, index: usize) -> Result<&'w View, String> {
        match item.operands.get(index) {
            Some(Operand::View(view)) => Ok(view),
            _ => Err(format!("{:?} lacks an operand in memory", item.task)),
        }
    }

    /// The kernel of a group.
    pub fn kernel(&mut self, members: &[usize]) -> Result<Kernel, String> {
        let lowered = self.lowered;
        let Some(last) = members.last() else { return Err("an empty group".into()) };
        let (index, item) = (*last, &lowered.work[*last]);
        let output = self.place(index);
        if turned::is_turned(lowered, members) {
            return Ok(Kernel::Turned(turned::kernel(self, members)?));
        }
        Ok(match &item.task {
            Task::Elementwise(_) => Kernel::Elementwise(self.program(members)?),
            Task::Input(_) | Task::State(_) | Task::Literal(_) => return Err("a source is no instruction".into()),
            Task::Random { stream, distribution } => {
                let rows = item.shape.first().copied().unwrap_or(1);
                let width = item.shape.iter().skip(1).product();
                Kernel::Random(Random { stream: *stream, distribution: *distribution, rows, width, output: output? })
            }
            Task::MatMul => Kernel::MatMul(self.product(item, output?)?),
            Task::Reduce { reduction, axes } => {
                let view = self.view(item, 0)?;
                let (mut kept, mut reduced) = (Vec::new(), Vec::new());
                for (i, axis) in view.axes.iter().enumerate() {
                    if axes.contains(&i) { reduced.push(*axis) } else { kept.push(*axis) }
                }
                // The order in which reduced axes are walked is free: the one with the smallest stride innermost.
                reduced.sort_by_key(|(_, stride)| std::cmp::Reverse(stride.unsigned_abs()));
                Kernel::Reduce(Reduce {
                    reduction: *reduction,
                    kept: join(&kept),
                    reduced: join(&reduced),
                    input: self.place_of(view)?,
                    output: output?,
                })
            }
            Task::Lines { op, axis } => {
                let view = self.view(item, 0)?;
                let sizes = around(&view.shape(), *axis);
                Kernel::Lines(Lines { op: *op, sizes, input: self.place_of(view)?, output: output? })
            }
            Task::Pad { axis, before, value } => {
                let view = self.view(item, 0)?;
                let part = self.part(view, &item.shape, *axis, *before)?;
                let count = item.count();
                Kernel::Assemble(Assemble { fill: Some(*value), parts: vec![part], output: output?, count })
            }
            Task::Concat { axis } => {
                let (mut parts, mut at) = (Vec::new(), 0);
                for view in item.views() {
                    parts.push(self.part(view, &item.shape, *axis, at)?);
                    at += view.axes[*axis].0;
                }
                Kernel::Assemble(Assemble { fill: None, parts, output: output?, count: item.count() })
            }
            Task::Rows { op, rows } => {
                let (x, y) = (self.view(item, 0)?, self.view(item, 1)?);
                let table = match op {
                    RowOp::Gather => x.shape(),
                    RowOp::Scatter => item.shape.clone(),
                };
                Kernel::Rows(Rows {
                    op: *op,
                    rows: *rows,
                    width: table.iter().skip(1).product(),
                    count: y.count(),
                    input: self.place_of(x)?,
                    indices: self.place_of(y)?,
                    output: output?,
                })
            }
            Task::Scan(_) => return Err("a scan has a plan of its own".into()),
            Task::Attention { attention, backward } => {
                Kernel::Attention(self.attention(item, *attention, *backward, output?)?)
            }
            // What a pool has found the place of.
            Task::Along { .. } if members.len() > 1 => match self.kernel(&members[..1])? {
                Kernel::Pool(pool) => Kernel::Pool(Pool { numbers: Some(output?), ..pool }),
                other => return Err(format!("{other:?} finds no places")),
            },
            Task::Along { place, axis, size } => {
                let (x, y) = (self.view(item, 0)?, self.view(item, 1)?);
                let [outer, count, inner] = around(&y.shape(), *axis);
                Kernel::Along(Along {
                    place: *place,
                    sizes: [outer, *size, inner],
                    count,
                    input: self.place_of(x)?,
                    indices: self.place_of(y)?,
                    output: output?,
                })
            }
            Task::Convolve(sizes) => {
                let inputs = [self.place_of(self.view(item, 0)?)?, self.place_of(self.view(item, 1)?)?];
                Kernel::Convolve(Convolve { sizes: **sizes, inputs, output: output? })
            }
            Task::Winograd { part, sizes } => {
                let inputs = [self.place_of(self.view(item, 0)?)?, self.place_of(self.view(item, 1)?)?];
                Kernel::Winograd(Winograd { part: *part, sizes: **sizes, inputs, output: output? })
            }
            Task::Pool { op, geometry, planes } => {
                let input = self.place_of(self.view(item, 0)?)?;
                Kernel::Pool(Pool {
                    op: *op,
                    geometry: **geometry,
                    planes: *planes,
                    input,
                    output: output?,
                    numbers: None,
                })
            }
            Task::Recurrent { recurrence, pass, sizes } => {
                let mut inputs = Vec::with_capacity(item.operands.len());
                for index in 0..item.operands.len() {
                    inputs.push(self.place_of(self.view(item, index)?)?);
                }
                let inputs = inputs.try_into().map_err(|_| "a recurrent layer lacks an operand")?;
                let (recurrence, pass, sizes) = (*recurrence, *pass, *sizes);
                Kernel::Recurrent(Recurrent { recurrence, pass, sizes, inputs, output: output? })
            }
        })
    }

    fn attention(
        &self,
        item: &Work,
        attention: Attention,
        backward: bool,
        output: Place,
    ) -> Result<attention::Attention, String> {
        let matrix = |i: usize| {
            let view = self.view(item, i)?;
            let [_, _, rows, columns] = view.axes[..] else { return Err("attention to what has no heads".to_owned()) };
            let strides = [view.axes[0].1, view.axes[1].1, rows.1];
            Ok((attention::Matrices { place: self.place_of(view)?, strides, rows: rows.0, width: columns.0 }, view))
        };
        let ((q, view), (k, _), (v, _)) = (matrix(0)?, matrix(1)?, matrix(2)?);
        let backward = match backward {
            true => Some([self.place_of(self.view(item, 4)?)?, self.place_of(self.view(item, 5)?)?]),
            false => None,
        };
        Ok(attention::Attention {
            attention,
            examples: view.axes[0].0,
            heads: view.axes[1].0,
            q,
            k,
            v,
            lengths: self.place_of(self.view(item, 3)?)?,
            backward,
            output,
            is_shared: !self.is_in_band,
        })
    }

    fn part(&self, view: &View, shape: &[usize], axis: usize, at: usize) -> Result<Part, String> {
        let target = View::linear(0, shape);
        let mut axes: Vec<(usize, isize, isize)> = Vec::new();
        for ((size, from), (_, to)) in view.axes.iter().zip(&target.axes).filter(|(v, _)| v.0 != 1) {
            let (size, from, to) = (*size, *from, *to);
            match axes.last_mut() {
                Some(last) if last.1 == size as isize * from && last.2 == size as isize * to => {
                    *last = (last.0 * size, from, to);
                }
                _ => axes.push((size, from, to)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 0, 0));
        }
        Ok(Part { input: self.place_of(view)?, target: at * target.axes[axis].1 as usize, axes })
    }

    fn product(&self, item: &Work, output: Place) -> Result<MatMul, String> {
        let (x, y) = (self.view(item, 0)?, self.view(item, 1)?);
        let rank = item.shape.len();
        if rank < 2 || x.axes.len() != rank || y.axes.len() != rank {
            return Err("a product of tensors that are no matrices".into());
        }
        let [(mut m, left_row), (k, left_column)] = [x.axes[rank - 2], x.axes[rank - 1]];
        let [(_, right_row), (n, right_column)] = [y.axes[rank - 2], y.axes[rank - 1]];
        let mut stack: Vec<(usize, [isize; 2])> = Vec::new();
        for ((size, a), (_, b)) in x.axes.iter().zip(&y.axes).take(rank - 2).filter(|(x, _)| x.0 != 1) {
            match stack.last_mut() {
                Some((last, strides)) if *strides == [*size as isize * a, *size as isize * b] => {
                    *last *= size;
                    *strides = [*a, *b];
                }
                _ => stack.push((*size, [*a, *b])),
            }
        }
        // One right matrix for a whole axis of left ones: the axis is more rows of one product.
        let mut left_row = left_row;
        while let Some((size, [a, 0])) = stack.last().copied() {
            if m == 1 {
                left_row = a;
            } else if a != m as isize * left_row {
                break;
            }
            m *= size;
            stack.pop();
        }
        Ok(MatMul {
            stack,
            sizes: [m, k, n],
            left: [left_row, left_column],
            right: [right_row, right_column],
            inputs: [self.place_of(x)?, self.place_of(y)?],
            output,
            is_shared: !self.is_in_band,
        })
    }

    fn program(&mut self, members: &[usize]) -> Result<Program, String> {
        let lowered = self.lowered;
        let count = lowered.work[members[0]].count();
        let mut loads: Vec<Load> = Vec::new();
        // First all operands, as registers are numbered behind them.
        let mut sources: Vec<Vec<Source>> = Vec::new();
        for member in members {
            let item = &lowered.work[*member];
            let mut from = Vec::new();
            for operand in &item.operands {
                let load = match operand {
                    Operand::View(view) if members.contains(&view.root) => {
                        from.push(Source::Member(view.root));
                        continue;
                    }
                    Operand::View(view) => {
                        let axes = view.joined();
                        let access = match axes[..] {
                            [(n, 1)] if n == count => Access::Linear,
                            [(1, _)] => Access::Linear,
                            [(_, 0)] => Access::Scalar,
                            _ => Access::Strided(axes),
                        };
                        Load { place: self.place_of(view)?, access }
                    }
                    Operand::Constant(x) => {
                        let offset = (self.splat)(*x);
                        Load { place: Place { space: Space::Literals, offset }, access: Access::Splat }
                    }
                };
                let same = |l: &Load| l.place == load.place && l.access == load.access;
                let index = loads.iter().position(same).unwrap_or_else(|| {
                    loads.push(load);
                    loads.len() - 1
                });
                from.push(Source::Load(index));
            }
            sources.push(from);
        }
        let mut last_use = vec![0; members.len()];
        for (at, from) in sources.iter().enumerate() {
            for source in from {
                if let Source::Member(root) = source
                    && let Some(m) = members.iter().position(|m| m == root)
                {
                    last_use[m] = at;
                }
            }
        }
        let mut registers = 0_usize;
        let mut free: Vec<usize> = Vec::new();
        let mut register_of = vec![0_usize; members.len()];
        let mut steps = Vec::with_capacity(members.len());
        let mut stores = Vec::new();
        for (at, member) in members.iter().enumerate() {
            let item = &lowered.work[*member];
            let stored = self.places.get(*member).copied().flatten();
            // A stored result has a register of its own, which is its memory where that is possible.
            let register = match (stored, free.pop()) {
                (None, Some(register)) => register,
                (_, kept) => {
                    free.extend(kept);
                    registers += 1;
                    registers - 1
                }
            };
            register_of[at] = register;
            let mut operands = [0_u8; 3];
            for (i, o) in operands.iter_mut().enumerate() {
                let slot = match sources[at].get(i).or(sources[at].first()) {
                    Some(Source::Load(load)) => *load,
                    Some(Source::Member(root)) => {
                        let m = members.iter().position(|m| m == root).ok_or("a member is missing")?;
                        loads.len() + register_of[m]
                    }
                    None => return Err("an elementwise item without operands".into()),
                };
                *o = u8::try_from(slot).map_err(|_| "too many slots")?;
            }
            let target = u8::try_from(loads.len() + register).map_err(|_| "too many slots")?;
            let Task::Elementwise(op) = item.task else { return Err("a group of two kinds".into()) };
            steps.push(TileStep { op, operands, target });
            if let Some(place) = stored {
                stores.push(Store { place, slot: target, direct: true });
            }
            for (m, last) in last_use.iter().enumerate().take(at) {
                let own = self.places.get(members[m]).copied().flatten().is_some();
                if *last == at && !own {
                    free.push(register_of[m]);
                }
            }
        }
        let is_constant = |slot: u8| {
            loads.get(slot as usize).is_some_and(|load| matches!(load.access, Access::Scalar | Access::Splat))
        };
        let adam = Adam::take(&mut steps, &mut stores, is_constant);
        // Where a result lies on an operand that is still read when the result is made, it is made aside.
        for store in &mut stores {
            let written = steps.iter().position(|s| s.target == store.slot);
            let disturbs = |(i, load): (usize, &Load)| {
                let is_read_last = adam.is_some_and(|adam: Adam| adam.tiles.contains(&(i as u8)));
                let read = steps.iter().rposition(|s| s.operands.contains(&(i as u8)));
                load.place == store.place && (is_read_last || read >= written)
            };
            store.direct = !loads.iter().enumerate().any(disturbs);
        }
        Ok(Program { count, loads, registers, steps, stores, adam })
    }
}

enum Source {
    Load(usize),
    Member(usize),
}
