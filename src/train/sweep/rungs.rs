//! Successive halving: all points are trained for a while, the best third of them go on, until few are at their end.

/// One of so many goes on.
pub(super) const SHARE: usize = 3;

/// How many rungs there are for so many points, the shortest of which has so many epochs.
pub(super) fn count(points: usize, epochs: u64) -> usize {
    let (mut rungs, mut left) = (1, points);
    while left >= SHARE && epochs / power(rungs) >= 1 {
        left = survivors(left);
        rungs += 1;
    }
    rungs
}

/// The epoch behind which a point of so many epochs ends at this rung (from 1); none at the last one.
pub(super) fn until(epochs: u64, rung: usize, rungs: usize) -> Option<u64> {
    (rung < rungs).then(|| (epochs / power(rungs - rung)).max(1))
}

/// How many of so many go on.
pub(super) fn survivors(points: usize) -> usize {
    points.div_ceil(SHARE)
}

fn power(exponent: usize) -> u64 {
    (SHARE as u64).saturating_pow(exponent as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_grow_as_points_get_fewer() {
        let rungs = count(24, 81);
        assert_eq!(rungs, 4);
        let until: Vec<Option<u64>> = (1..=rungs).map(|rung| until(81, rung, rungs)).collect();
        assert_eq!(until, [Some(3), Some(9), Some(27), None]);
        assert_eq!((survivors(24), survivors(8), survivors(3)), (8, 3, 1));
    }

    #[test]
    fn little_is_not_divided() {
        assert_eq!(count(2, 100), 1);
        assert_eq!(count(100, 2), 1);
        assert_eq!(count(100, 3), 2);
        assert_eq!(until(1, 1, 3), Some(1));
    }
}
