//! Views: how the numbers of a tensor lie in the memory of another.

/// Axes (sizes and strides) over the linear memory of a work item.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Whose memory: an index into the list of work.
    pub root: usize,
    /// Its first element.
    pub offset: usize,
    /// Size and stride of each axis.
    pub axes: Vec<(usize, isize)>,
}

impl View {
    /// All of a root, row-major.
    pub fn linear(root: usize, shape: &[usize]) -> View {
        let mut stride = 1_isize;
        let mut axes: Vec<(usize, isize)> = Vec::with_capacity(shape.len());
        for size in shape.iter().rev() {
            axes.push((*size, stride));
            stride *= *size as isize;
        }
        axes.reverse();
        View { root, offset: 0, axes }
    }

    /// The sizes.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|a| a.0).collect()
    }

    /// How many numbers.
    pub fn count(&self) -> usize {
        self.axes.iter().map(|a| a.0).product()
    }

    /// Whether the numbers lie one behind the other, row-major.
    pub fn is_linear(&self) -> bool {
        let mut expected = 1;
        for (size, stride) in self.axes.iter().rev() {
            if *size == 0 {
                return true;
            }
            if *size != 1 && *stride != expected {
                return false;
            }
            expected *= *size as isize;
        }
        true
    }

    /// Axes that continue each other become one; those of size 1 go.
    pub fn joined(&self) -> Vec<(usize, isize)> {
        join(&self.axes)
    }

    /// Axis `i` is axis `permutation[i]` of this.
    pub fn permuted(&self, permutation: &[usize]) -> View {
        View { axes: permutation.iter().map(|p| self.axes[*p]).collect(), ..*self }
    }

    /// Axes of size 1 are repeated.
    pub fn broadcast(&self, shape: &[usize]) -> View {
        let axes = self.axes.iter().zip(shape).map(|(a, n)| if a.0 == *n { *a } else { (*n, 0) }).collect();
        View { axes, ..*self }
    }

    /// Positions `start`, `start + step`, … of an axis; `None` where that lies before the root.
    pub fn sliced(&self, axis: usize, start: usize, step: isize, size: usize) -> Option<View> {
        let mut view = self.clone();
        let (_, stride) = view.axes[axis];
        if size > 0 {
            view.offset = view.offset.checked_add_signed(start as isize * stride)?;
        }
        view.axes[axis] = (size, stride * step);
        Some(view)
    }

    /// The same numbers, row-major, in another shape, where strides can say it.
    pub fn reshaped(&self, shape: &[usize]) -> Option<View> {
        if self.count() == 0 {
            return Some(View { offset: 0, ..View::linear(self.root, shape) });
        }
        // Each joined axis must be a product of neighbouring new axes.
        let mut joined = self.joined().into_iter().rev();
        let mut axes: Vec<(usize, isize)> = Vec::with_capacity(shape.len());
        let (mut rest, mut stride) = (1, 0);
        for size in shape.iter().rev() {
            if *size == 1 {
                axes.push((1, 0));
                continue;
            }
            if rest == 1 {
                (rest, stride) = joined.next()?;
            }
            if rest % size != 0 {
                return None;
            }
            axes.push((*size, stride));
            stride *= *size as isize;
            rest /= size;
        }
        axes.reverse();
        (rest == 1).then_some(View { axes, ..*self })
    }
}

/// Joins axes that continue each other and drops those of size 1. Keeps one axis at least.
pub fn join(axes: &[(usize, isize)]) -> Vec<(usize, isize)> {
    let mut joined: Vec<(usize, isize)> = Vec::with_capacity(axes.len());
    for (size, stride) in axes.iter().filter(|a| a.0 != 1) {
        match joined.last_mut() {
            Some(last) if last.1 == *size as isize * stride => *last = (last.0 * size, *stride),
            _ => joined.push((*size, *stride)),
        }
    }
    if joined.is_empty() {
        joined.push((1, 0));
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reshapes_that_strides_can_say() {
        let x = View::linear(0, &[4, 6]);
        assert_eq!(x.reshaped(&[2, 2, 3, 2]).unwrap(), View::linear(0, &[2, 2, 3, 2]));
        let turned = x.permuted(&[1, 0]);
        assert_eq!(turned.reshaped(&[3, 2, 4]).unwrap().axes, [(3, 2), (2, 1), (4, 6)]);
        assert!(turned.reshaped(&[24]).is_none());
        assert!(turned.reshaped(&[4, 6]).is_none());
        let repeated = View::linear(0, &[1, 6]).broadcast(&[4, 6]);
        assert_eq!(repeated.reshaped(&[2, 2, 6]).unwrap().axes, [(2, 0), (2, 0), (6, 1)]);
        assert!(repeated.reshaped(&[24]).is_none());
        let back = View::linear(0, &[5]).sliced(0, 4, -1, 5).unwrap();
        assert_eq!((back.offset, back.axes[0]), (4, (5, -1)));
    }

    #[test]
    fn linear_is_row_major() {
        assert!(View::linear(0, &[3, 1, 2]).is_linear());
        assert!(!View::linear(0, &[3, 2]).permuted(&[1, 0]).is_linear());
        assert!(View::linear(0, &[3, 4]).sliced(0, 1, 1, 2).unwrap().is_linear());
        assert!(!View::linear(0, &[3, 4]).sliced(1, 1, 1, 2).unwrap().is_linear());
        assert_eq!(View::linear(0, &[3, 4]).joined(), [(12, 1)]);
    }
}
