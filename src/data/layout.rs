//! Shapes of examples: which elements belong to one column, and how shapes combine.

use super::problem::{DataProblem, Found};

/// Which element of an example belongs to which column (or channel).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// All to one: scalars, and images without an axis of channels.
    One,
    /// The last axis are the columns: `[D]`, `[T, D]`.
    Last(usize),
    /// The first axis are the channels: `[C, H, W]`; so many channels, of so many elements each.
    First(usize, usize),
}

impl Layout {
    /// The language's rule, with one exception: two axes of an image file are a picture, not steps and features.
    pub fn of(shape: &[usize], image: bool) -> Layout {
        match shape {
            [] => Layout::One,
            [d] => Layout::Last(*d),
            [_, _] if image => Layout::One,
            [_, d] => Layout::Last(*d),
            [c, rest @ ..] => Layout::First(*c, rest.iter().product()),
        }
    }

    /// The number of columns.
    pub fn columns(self) -> usize {
        match self {
            Layout::One => 1,
            Layout::Last(d) => d,
            Layout::First(c, _) => c,
        }
    }

    /// The column of an element of an example.
    pub fn column(self, element: usize) -> usize {
        match self {
            Layout::One => 0,
            Layout::Last(d) => element % d.max(1),
            Layout::First(_, inner) => element / inner.max(1),
        }
    }
}

/// NumPy's broadcasting of two shapes.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).and_then(|i| shape.get(i)).copied();
    (0..rank)
        .map(|i| match (dim(a, i).unwrap_or(1), dim(b, i).unwrap_or(1)) {
            (x, y) if x == y => Some(x),
            (1, x) | (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// For each element of the broadcast `shape`, the element of a part of shape `from`.
pub(crate) fn broadcast_index(from: &[usize], shape: &[usize]) -> Vec<usize> {
    let skipped = shape.len().saturating_sub(from.len());
    (0..shape.iter().product())
        .map(|element: usize| {
            let (mut rest, mut stride, mut at) = (element, 1, 0);
            for (i, dim) in shape.iter().enumerate().rev() {
                let index = rest % (*dim).max(1);
                rest /= (*dim).max(1);
                if let Some(have) = i.checked_sub(skipped).and_then(|i| from.get(i)) {
                    at += if *have == 1 { 0 } else { index * stride };
                    stride *= have;
                }
            }
            at
        })
        .collect()
}

/// The shape of `each` elements; one dim at most is open.
pub(crate) fn reshape(each: usize, dims: &[Option<usize>]) -> Option<Vec<usize>> {
    let known = dims.iter().flatten().try_fold(1usize, |n, d| n.checked_mul(*d))?;
    let open = dims.iter().filter(|d| d.is_none()).count();
    let fill = match open {
        0 if known == each => 1,
        1 if known > 0 && each.is_multiple_of(known) => each / known,
        _ => return None,
    };
    Some(dims.iter().map(|d| d.unwrap_or(fill)).collect())
}

/// The shape of joined examples and the axis counted from the front. Scalars are joined as vectors of one.
pub(crate) fn concat_shape(shapes: &[&[usize]], axis: isize) -> Found<(Vec<usize>, usize)> {
    let promoted: Vec<&[usize]> = shapes.iter().map(|s| if s.is_empty() { &[1][..] } else { s }).collect();
    let Some(first) = promoted.first() else { return Err(Box::new(DataProblem::NothingChosen)) };
    let rank = first.len() as isize;
    let at = if axis < 0 { axis + rank } else { axis };
    if at < 0 || at >= rank {
        return Err(Box::new(DataProblem::NoAxis { axis, shape: first.to_vec() }));
    }
    let at = at as usize;
    let mut shape = first.to_vec();
    let mut sum = 0;
    for other in &promoted {
        let fits = other.len() == first.len()
            && other.iter().zip(first.iter()).enumerate().all(|(i, (a, b))| i == at || a == b);
        if !fits {
            return Err(Box::new(DataProblem::ConcatShapes { first: first.to_vec(), other: other.to_vec(), axis }));
        }
        sum += other.get(at).copied().unwrap_or(1);
    }
    if let Some(dim) = shape.get_mut(at) {
        *dim = sum;
    }
    Ok((shape, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_combine_as_in_numpy() {
        assert_eq!(broadcast(&[2, 3], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast(&[2, 1], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast(&[], &[3]), Some(vec![3]));
        assert_eq!(broadcast(&[2], &[3]), None);
        assert_eq!(broadcast_index(&[2, 1], &[2, 3]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(broadcast_index(&[3], &[2, 3]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(broadcast_index(&[], &[2]), [0, 0]);
        assert_eq!(reshape(6, &[Some(2), None]), Some(vec![2, 3]));
        assert_eq!(reshape(6, &[Some(4), None]), None);
        assert_eq!(reshape(6, &[Some(3), Some(2)]), Some(vec![3, 2]));
        assert_eq!(concat_shape(&[&[], &[2]], 0).ok(), Some((vec![3], 0)));
        assert_eq!(concat_shape(&[&[2, 3], &[2, 1]], -1).ok(), Some((vec![2, 4], 1)));
        assert!(concat_shape(&[&[2, 3], &[3, 1]], -1).is_err());
    }

    #[test]
    fn columns_of_layouts() {
        assert_eq!(Layout::of(&[28, 28], true).columns(), 1);
        assert_eq!(Layout::of(&[12, 3], false), Layout::Last(3));
        assert_eq!(Layout::of(&[3, 8, 8], true).column(64), 1);
    }
}
