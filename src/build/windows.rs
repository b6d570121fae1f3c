//! Operations whose windows slide over axes: convolutions and pools, their sizes and their padding.
//!
//! Channels come first, the axes that windows slide over last. Every operand passes through
//! [`Builder::window_operand`], which keeps the padding of ragged axes out.

use super::builder::Builder;
use super::problem::{Problem, Shape};
use super::ragged::LOWEST;
use super::tensor::Tensor;
use crate::ir::dim::{Dim, batch};
use crate::ir::graph::NodeId;
use crate::ir::op::Op;
use crate::ir::window::{WindowAxis, Windows};

/// How windows lie along one axis, as the user says it. The sizes are symbols where a block is checked by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Taps of a window.
    pub kernel: Dim,
    /// Distance between windows.
    pub stride: Dim,
    /// Distance between taps.
    pub dilation: Dim,
    /// Positions added around the axis.
    pub padding: Padding,
}

/// Positions added around an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Padding {
    /// So many on each side.
    Each(Dim),
    /// As many as give `ceil(size / stride)` windows, the odd one behind.
    Same,
}

/// The largest plane whose positions single precision tells apart.
const LARGEST_PLANE: i64 = 1 << 24;

impl Window {
    /// How far a window reaches behind its first tap.
    pub fn reach(&self) -> Dim {
        self.dilation.clone() * (self.kernel.clone() - Dim::constant(1))
    }

    /// How many windows an axis of this size has, and how many positions in front of it they reach.
    fn places(&self, axis: usize, size: &Dim) -> Result<(Dim, Dim), Problem> {
        let one = Dim::constant(1);
        let by_stride = |n: Dim| n.floor_div(&self.stride).ok_or_else(|| self.misfit(axis, size));
        match &self.padding {
            Padding::Each(padding) => {
                let room = size.clone() + Dim::constant(2) * padding.clone() - self.reach();
                if room.as_constant().is_some_and(|n| n < 1) {
                    return Err(self.misfit(axis, size));
                }
                Ok((by_stride(room - one.clone())? + one, padding.clone()))
            }
            Padding::Same => {
                let places = by_stride(size.clone() + self.stride.clone() - one.clone())?;
                let last = (places.clone() - one.clone()) * self.stride.clone();
                let before = half_of_lacking(last + self.reach() + one - size.clone(), &self.reach(), &self.stride);
                if before.is_ragged() {
                    let why = format!("`padding: same` would begin at another place for each {size}");
                    let instead = "say the padding as a number, or give the windows a stride of 1".into();
                    return Err(Problem::Ragged { size: size.clone(), why, instead });
                }
                Ok((places, before))
            }
        }
    }

    /// How many windows an axis of this size has; `None` where there is no place for one.
    pub fn count(&self, size: &Dim) -> Option<Dim> {
        self.places(0, size).ok().map(|(count, _)| count)
    }

    /// The size that has so many windows, the smallest where several have, and how many positions in front of it they
    /// reach.
    fn size_of(&self, places: &Dim, more: &Dim) -> (Dim, Dim) {
        let one = Dim::constant(1);
        match &self.padding {
            Padding::Each(padding) => {
                let last = (places.clone() - one.clone()) * self.stride.clone();
                let size = last + self.reach() + one - Dim::constant(2) * padding.clone() + more.clone();
                (size, padding.clone())
            }
            Padding::Same => {
                let total = self.reach() + one - self.stride.clone();
                (
                    places.clone() * self.stride.clone() + more.clone(),
                    half_of_lacking(total, &self.reach(), &self.stride),
                )
            }
        }
    }

    /// How the size of the result follows, as it is worked out on paper: `28 - (3 - 1) = 26`, `26/2 = 13`,
    /// `(28 + 2·1 - 3)/2 + 1 = 14 (rounded down)`.
    pub fn arithmetic(&self, size: &Dim) -> String {
        let one = Dim::constant(1);
        let show = |dim: &Dim| if dim.as_constant().is_some() { dim.to_string() } else { format!("({dim})") };
        let places = self.places(0, size).map_or_else(|_| "none".to_owned(), |(places, _)| places.to_string());
        let Padding::Each(padding) = &self.padding else {
            return match self.stride == one {
                true => format!("{size}, as `same` keeps it"),
                false => format!("{}/{} = {places} (rounded up)", show(size), show(&self.stride)),
            };
        };
        let mut text = show(size);
        if *padding != Dim::default() {
            text += &format!(" + 2·{}", show(padding));
        }
        let room = size.clone() + Dim::constant(2) * padding.clone() - self.reach();
        let is_none = room.as_constant().is_some_and(|n| n < 1);
        if self.stride == one || is_none {
            if self.kernel != one {
                let times = if self.dilation == one { String::new() } else { format!("{}·", show(&self.dilation)) };
                text += &format!(" - {times}({} - 1)", self.kernel);
            }
            return match room.as_constant() {
                Some(n) if is_none => text + &format!(" = {n}"),
                _ if text == places => text,
                _ => text + &format!(" = {places}"),
            };
        }
        let stride = show(&self.stride);
        let exact = |n: &Dim| n.exact_quotient(&self.stride).is_some();
        let rounded = |is_exact: bool| if is_exact { "" } else { " (rounded down)" };
        // Windows that lie side by side.
        if self.kernel == self.stride && self.dilation == one && *padding == Dim::default() {
            return format!("{text}/{stride} = {places}{}", rounded(exact(size)));
        }
        if self.dilation == one {
            text += &format!(" - {}", show(&self.kernel));
        } else {
            text += &format!(" - {}·({} - 1) - 1", show(&self.dilation), self.kernel);
        }
        format!("({text})/{stride} + 1 = {places}{}", rounded(exact(&(room - one))))
    }

    fn misfit(&self, axis: usize, size: &Dim) -> Problem {
        Problem::Window { axis, size: size.clone(), window: Box::new(self.clone()) }
    }

    /// As an operation has it. A size that is a symbol belongs to a block by itself, which is never run: 1 will do.
    fn axis(&self, before: Dim) -> WindowAxis {
        let number = |dim: &Dim| dim.as_constant().and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1);
        WindowAxis {
            kernel: number(&self.kernel),
            stride: number(&self.stride),
            dilation: number(&self.dilation),
            before,
        }
    }
}

/// Half of the positions that windows lack, rounded down; 0 where they lack none.
///
/// The last window begins less than a stride before the end, so `lacking` lies between `reach + 1 - stride` and `reach`.
fn half_of_lacking(lacking: Dim, reach: &Dim, stride: &Dim) -> Dim {
    let half = |n: Dim| n.floor_div(&Dim::constant(2)).unwrap_or_default();
    match (lacking.as_constant(), reach.as_constant(), stride.as_constant()) {
        (Some(n), ..) => Dim::constant(n.max(0) / 2),
        (None, Some(reach), Some(stride)) if reach + 1 < stride => {
            // Dims have no maximum; this is 1 where the number is not negative and 0 where it is.
            let bound = Dim::constant(stride);
            let counts = (lacking.clone() + bound.clone()).floor_div(&bound).unwrap_or_default();
            half(lacking) * counts
        }
        _ => half(lacking),
    }
}

impl Builder {
    /// An operand of windows over its last axes: what stands behind the end of a ragged one is `fill`, and it has an
    /// axis of examples in front.
    fn window_operand(&mut self, x: &Tensor, axes: usize, fill: f64) -> (NodeId, Tensor) {
        let slid: Vec<usize> = (x.rank().saturating_sub(axes)..x.rank()).collect();
        let x = self.masked(x, &slid, fill);
        let mut shape = x.shape.clone();
        shape.insert(0, if x.batched { batch() } else { Dim::constant(1) });
        (self.reshape_node(x.node, shape), x)
    }

    /// Appends an operation on an operand that has an axis of examples, and takes that away where `like` has none.
    fn windowed(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape, like: &Tensor) -> Result<Tensor, Problem> {
        self.check_size(&shape)?;
        if like.batched {
            return Ok(self.emit(op, inputs, shape, true));
        }
        let mut lifted = shape.clone();
        lifted.insert(0, Dim::constant(1));
        let node = self.graph.push(op, inputs, lifted, self.span);
        let node = self.reshape_node(node, shape.clone());
        Ok(self.tensor(node, shape, false))
    }

    /// The windows over the last axes of `x`: as an operation has them, and how many there are.
    fn laid_out(&self, x: &Tensor, windows: &[Window]) -> Result<(Windows, Shape), Problem> {
        let lead = x.rank().saturating_sub(windows.len());
        let (mut axes, mut places) = (Vec::new(), Shape::new());
        for ((axis, size), window) in x.shape.iter().enumerate().skip(lead).zip(windows) {
            let (count, before) = window.places(axis, size)?;
            axes.push(window.axis(before));
            places.push(count);
        }
        Ok((axes.into(), places))
    }

    /// Convolves `x [C, S…]` with `weight [O, C/groups, K…]`, the same for all examples: `[O, S'…]`.
    pub fn convolve(
        &mut self,
        x: &Tensor,
        weight: &Tensor,
        windows: &[Window],
        groups: usize,
    ) -> Result<Tensor, Problem> {
        let (axes, places) = self.laid_out(x, windows)?;
        let mut shape: Shape = weight.shape.iter().take(1).cloned().collect();
        shape.extend(places);
        let (image, like) = self.window_operand(x, windows.len(), 0.0);
        let y = self.windowed(Op::Convolve { windows: axes, groups }, vec![image, weight.node], shape, &like)?;
        Ok(self.harmless_windows(y, windows.len()))
    }

    /// The transpose of [`Builder::convolve`]: `x [O, S'…]` and `weight [O, C/groups, K…]` give `[C, S…]`; `more`
    /// positions are added behind each axis.
    pub fn convolve_transposed(
        &mut self,
        x: &Tensor,
        weight: &Tensor,
        windows: &[Window],
        more: &[Dim],
        groups: usize,
    ) -> Result<Tensor, Problem> {
        let channels = weight.shape.get(1).cloned().unwrap_or_default() * Dim::from(groups);
        let lead = x.rank().saturating_sub(windows.len());
        let (mut axes, mut shape) = (Vec::new(), vec![channels]);
        for (i, (places, window)) in x.shape.iter().skip(lead).zip(windows).enumerate() {
            let (size, before) = window.size_of(places, more.get(i).unwrap_or(&Dim::default()));
            if size.as_constant().is_some_and(|n| n < 1) {
                let message = format!("nothing is left of an axis of {places}: its result would be {size} long");
                return Err(Problem::Argument { argument: "padding", message });
            }
            axes.push(window.axis(before));
            shape.push(size);
        }
        let (image, like) = self.window_operand(x, windows.len(), 0.0);
        let op = Op::ConvolveInput { windows: axes.into(), groups };
        let y = self.windowed(op, vec![image, weight.node], shape, &like)?;
        Ok(self.harmless_windows(y, windows.len()))
    }

    /// What windows behind the end of a ragged axis give is made of zeros: no length, no spread, nothing to divide by.
    /// Ones take its place, and no gradient comes back from there, whatever is made of them.
    fn harmless_windows(&mut self, y: Tensor, axes: usize) -> Tensor {
        let slid: Vec<usize> = (y.rank().saturating_sub(axes)..y.rank()).collect();
        self.masked(&y, &slid, 1.0)
    }

    /// The largest number of each window over the last axes; what is added around them is none of the numbers.
    pub fn window_max(&mut self, x: &Tensor, windows: &[Window]) -> Result<Tensor, Problem> {
        let (axes, places) = self.laid_out(x, windows)?;
        let lead = x.rank().saturating_sub(windows.len());
        let plane = x.shape.iter().skip(lead).filter_map(Dim::as_constant).fold(1_i64, i64::saturating_mul);
        if plane > LARGEST_PLANE {
            let message =
                format!("its windows lie in {plane} numbers, more than the 2^24 whose places can be told apart");
            return Err(Problem::Argument { argument: "kernel", message });
        }
        let product = |sizes: &[Dim]| sizes.iter().cloned().fold(Dim::constant(1), |a, b| a * b);
        let channels: Shape = x.shape.iter().take(lead).cloned().collect();
        let mut shape = channels.clone();
        shape.extend(places.iter().cloned());
        self.check_size(&shape)?;
        // Where the largest stands is found without the padding of ragged axes; it is then taken from `x` as it is, so
        // that windows wholly in the padding give numbers of `x` too.
        let (masked, like) = self.window_operand(x, windows.len(), LOWEST);
        let place = self.windowed(Op::WindowArgMax(axes), vec![masked], shape.clone(), &like)?;
        let flat = |sizes: &[Dim]| channels.iter().cloned().chain([product(sizes)]).collect::<Shape>();
        let x = self.broadcast_to(x, &x.shape, like.batched)?;
        let numbers = self.flat_node(&x, flat(&x.shape[lead..]));
        let places = self.flat_node(&place, flat(&places));
        let op = Op::TakeAlong { axis: lead + usize::from(like.batched) };
        let taken_shape = self.graph.shape(places).to_vec();
        let taken = self.graph.push(op, vec![numbers, places], taken_shape, self.span);
        let mut node_shape = shape.clone();
        if like.batched {
            node_shape.insert(0, batch());
        }
        let node = self.reshape_node(taken, node_shape);
        Ok(self.tensor(node, shape, like.batched).with_kind(x.kind.clone()))
    }

    /// A node with these numbers in another per-example shape.
    fn flat_node(&mut self, x: &Tensor, mut shape: Shape) -> NodeId {
        if x.batched {
            shape.insert(0, batch());
        }
        self.reshape_node(x.node, shape)
    }

    /// The mean of each window over the last axes. What is added around them counts as zeros, as in torch; with
    /// [`Padding::Same`] it is none of the numbers, nor is what stands behind the end of a ragged axis.
    pub fn window_mean(&mut self, x: &Tensor, windows: &[Window]) -> Result<Tensor, Problem> {
        let (axes, places) = self.laid_out(x, windows)?;
        let lead = x.rank().saturating_sub(windows.len());
        let mut shape: Shape = x.shape.iter().take(lead).cloned().collect();
        shape.extend(places.iter().cloned());
        let (image, like) = self.window_operand(x, windows.len(), 0.0);
        let sum = self.windowed(Op::WindowSum(axes.clone()), vec![image], shape, &like)?;
        let taps = windows.iter().fold(Dim::constant(1), |a, w| a * w.kernel.clone());
        if windows.iter().all(|w| w.padding != Padding::Same) {
            let taps = self.size(&taps);
            let mean = self.divide(&sum, &taps)?;
            return Ok(self.harmless_windows(mean, windows.len()));
        }
        // How many numbers each window has: the same operation on ones.
        let mut of_ones = vec![Dim::constant(1); lead];
        of_ones.extend(x.shape.iter().skip(lead).cloned());
        let ones = self.full(&of_ones, 1.0)?;
        let (ones, like) = self.window_operand(&ones, windows.len(), 0.0);
        let mut counted = vec![Dim::constant(1); lead];
        counted.extend(places);
        let count = self.windowed(Op::WindowSum(axes), vec![ones], counted, &like)?;
        // A window wholly behind the end of a ragged axis has none.
        let count = self.with_scalar(crate::ir::op::Binary::Maximum, &count, 1.0);
        let mean = self.divide(&sum, &count)?;
        Ok(self.harmless_windows(mean, windows.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::dim::{Var, VarKind};

    fn window(kernel: i64, stride: i64, dilation: i64, padding: Padding) -> Window {
        let [kernel, stride, dilation] = [kernel, stride, dilation].map(Dim::constant);
        Window { kernel, stride, dilation, padding }
    }

    /// What a symbol's formulas give for a number is what the number gives.
    #[test]
    fn sizes_of_symbols_are_sizes_of_numbers() {
        let h = Dim::var(Var { id: 7, kind: VarKind::Free, name: "H".into() });
        for kernel in 1..6 {
            for stride in 1..6 {
                for dilation in 1..4 {
                    let paddings = [Padding::Same, Padding::Each(Dim::constant(0)), Padding::Each(Dim::constant(2))];
                    for window in paddings.map(|padding| window(kernel, stride, dilation, padding)) {
                        let (places, before) = window.places(0, &h).unwrap();
                        for n in dilation * (kernel - 1) + 1..30 {
                            let at = |dim: &Dim| dim.evaluate(&|_| Some(n));
                            let (known, known_before) = window.places(0, &Dim::constant(n)).unwrap();
                            assert_eq!((at(&places), at(&before)), (known.as_constant(), known_before.as_constant()));
                            if window.padding == Padding::Same {
                                assert_eq!(known.as_constant(), Some((n + stride - 1) / stride), "{window:?} of {n}");
                                let total = ((n + stride - 1) / stride - 1) * stride + dilation * (kernel - 1) + 1 - n;
                                assert_eq!(known_before.as_constant(), Some(total.max(0) / 2), "{window:?} of {n}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn halving_windows_halve_symbols() {
        let h = Dim::var(Var { id: 7, kind: VarKind::Free, name: "H".into() });
        let shown = |window: Window| window.places(0, &h).unwrap().0.to_string();
        assert_eq!(shown(window(2, 2, 1, Padding::Each(Dim::constant(0)))), "H/2");
        assert_eq!(shown(window(3, 1, 1, Padding::Same)), "H");
        assert_eq!(shown(window(4, 1, 3, Padding::Same)), "H");
        assert_eq!(shown(window(3, 2, 1, Padding::Same)), "(H + 1)/2");
        assert_eq!(shown(window(3, 2, 1, Padding::Each(Dim::constant(1)))), "(H + 1)/2");
        assert_eq!(shown(window(3, 1, 1, Padding::Each(Dim::constant(0)))), "H - 2");
        // A transposed convolution undoes the halving of an even size.
        let up = window(2, 2, 1, Padding::Each(Dim::constant(0)));
        assert_eq!(up.size_of(&h, &Dim::default()).0.to_string(), "2*H");
        assert_eq!(window(3, 2, 1, Padding::Same).size_of(&h, &Dim::default()).0.to_string(), "2*H");
    }
}
