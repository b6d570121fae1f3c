//! Which examples belong to which split.

use super::dataset::Splits;
use super::plan::SplitSpec;
use super::problem::{DataProblem, Found};
use super::random::{Purpose, Stream};
use super::source_spec::Split;
use std::collections::BTreeMap;

/// Sizes of the splits in the order of their shares, the one that takes what is left at the end.
type Counts = Vec<(Split, usize)>;

/// The number of examples of train, validation and test.
///
/// `rows` and `given` are those of the sources. Errors: shares that do not make sense, or leave a split empty.
pub(crate) fn split_sizes(spec: &SplitSpec, rows: [usize; 3], given: Option<&[Split]>) -> Found<[usize; 3]> {
    let mut sizes = rows;
    if let Some(shares) = shares_of(spec) {
        let [pool, ..] = rows;
        for (split, count) in shared_counts(shares, pool, given)? {
            if let Some(size) = sizes.get_mut(split.index()) {
                *size = count;
            }
        }
    }
    Ok(sizes)
}

fn shares_of(spec: &SplitSpec) -> Option<&[(Split, f64)]> {
    match spec {
        SplitSpec::AsGiven => None,
        SplitSpec::Random { shares, .. } | SplitSpec::Ordered { shares } => Some(shares),
    }
}

/// How the examples of the pool (all of them, or those of a given train) are shared.
pub(crate) fn shared_counts(shares: &[(Split, f64)], pool: usize, given: Option<&[Split]>) -> Found<Counts> {
    let mut seen = Vec::new();
    for (split, share) in shares {
        if !(*share > 0.0 && *share <= 1.0) {
            return Err(Box::new(DataProblem::ShareOutside { split: *split, share: *share }));
        }
        if seen.contains(split) {
            return Err(Box::new(DataProblem::ShareTwice { split: *split }));
        }
        if *split != Split::Train && given.is_some_and(|g| g.contains(split)) {
            return Err(Box::new(DataProblem::SplitGiven { split: *split }));
        }
        seen.push(*split);
    }
    let sum: f64 = shares.iter().map(|(_, s)| s).sum();
    let names_train = seen.contains(&Split::Train);
    // Shares such as 70 %, 15 % and 15 % do not add up to exactly 1 in binary.
    let fits = if names_train { (sum - 1.0).abs() < 1e-9 } else { sum < 1.0 - 1e-9 };
    if !fits {
        return Err(Box::new(DataProblem::Shares { shares: shares.to_vec(), sum }));
    }
    let mut all: Vec<(Split, f64)> = shares.to_vec();
    if !names_train {
        all.push((Split::Train, 1.0 - sum));
    }
    let mut counts: Counts = Vec::new();
    let mut left = pool;
    for (i, (split, share)) in all.iter().enumerate() {
        let rounded_down = (share * pool as f64 + 1e-9).floor() as usize;
        let count = if i + 1 == all.len() { left } else { rounded_down.min(left) };
        if count == 0 {
            return Err(Box::new(DataProblem::EmptySplit { split: *split, share: *share, rows: pool }));
        }
        left -= count;
        counts.push((*split, count));
    }
    Ok(counts)
}

/// The examples of each split. `strata` has a number for each example of the pool, where it is stratified.
pub(crate) fn assign(
    spec: &SplitSpec,
    rows: [usize; 3],
    given: Option<&[Split]>,
    strata: Option<&[u64]>,
) -> Found<Splits> {
    let [train, validation, _] = rows;
    let total: usize = rows.iter().sum();
    let range = |from: usize, to: usize| (from as u32..to as u32).collect::<Vec<u32>>();
    // Those of the pool are many, and not needed where they are shared out.
    let own = if matches!(spec, SplitSpec::AsGiven) { range(0, train) } else { Vec::new() };
    let mut splits =
        Splits { train: own, validation: range(train, train + validation), test: range(train + validation, total) };
    let shares = match spec {
        SplitSpec::AsGiven => return Ok(splits),
        SplitSpec::Ordered { shares } => {
            let counts = shared_counts(shares, train, given)?;
            let mut start = 0;
            for split in Split::ALL {
                if let Some((_, count)) = counts.iter().find(|(s, _)| *s == split) {
                    *splits.get_mut(split) = range(start, start + count);
                    start += count;
                }
            }
            return Ok(splits);
        }
        SplitSpec::Random { shares, .. } => shares,
    };
    let SplitSpec::Random { seed, .. } = spec else { return Ok(splits) };
    let counts = shared_counts(shares, train, given)?;
    let mut order = range(0, train);
    Stream::new(*seed, Purpose::Split, 0).shuffle(&mut order);
    for (split, _) in &counts {
        splits.get_mut(*split).clear();
    }
    match strata {
        None => {
            let mut rest = order.as_slice();
            for (split, count) in &counts {
                let (taken, left) = rest.split_at(*count.min(&rest.len()));
                splits.get_mut(*split).extend(taken);
                rest = left;
            }
        }
        Some(strata) => {
            let mut members: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
            for row in order {
                members.entry(strata.get(row as usize).copied().unwrap_or(0)).or_default().push(row);
            }
            let mut members: Vec<Vec<u32>> = members.into_values().collect();
            let sizes: Vec<usize> = members.iter().map(Vec::len).collect();
            for ((split, _), takes) in counts.iter().zip(allocate(&counts, &sizes)) {
                for (member, take) in members.iter_mut().zip(takes) {
                    splits.get_mut(*split).extend(member.drain(..take.min(member.len())));
                }
            }
        }
    }
    for (split, _) in &counts {
        splits.get_mut(*split).sort_unstable();
    }
    Ok(splits)
}

/// For each split, how many examples it takes of each stratum: in proportion, rounded by largest remainder (of equal
/// ones the first stratum's), so that the split gets exactly its count. The last split takes what is left.
fn allocate(counts: &[(Split, usize)], sizes: &[usize]) -> Vec<Vec<usize>> {
    let total: u128 = sizes.iter().map(|s| *s as u128).sum::<u128>().max(1);
    let mut left = sizes.to_vec();
    let mut takes = Vec::new();
    for (i, (_, count)) in counts.iter().enumerate() {
        if i + 1 == counts.len() {
            takes.push(std::mem::take(&mut left));
            break;
        }
        let quota = |size: usize| *count as u128 * size as u128;
        let mut take: Vec<usize> =
            sizes.iter().zip(&left).map(|(size, left)| ((quota(*size) / total) as usize).min(*left)).collect();
        let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
        by_remainder.sort_by_key(|s| std::cmp::Reverse(sizes.get(*s).map_or(0, |size| quota(*size) % total)));
        let mut short = count.saturating_sub(take.iter().sum());
        // Once around is enough, unless strata are used up; every round takes at least one or there is none left.
        while short > 0 {
            let before = short;
            for s in &by_remainder {
                if let (Some(take), Some(left)) = (take.get_mut(*s), left.get(*s))
                    && short > 0
                    && *take < *left
                {
                    *take += 1;
                    short -= 1;
                }
            }
            if short == before {
                break;
            }
        }
        for (left, take) in left.iter_mut().zip(&take) {
            *left -= take;
        }
        takes.push(take);
    }
    takes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn random(shares: &[(Split, f64)], seed: u64) -> SplitSpec {
        SplitSpec::Random { shares: shares.to_vec(), stratify: None, seed }
    }
    use Split::{Test, Train, Validation};

    #[test]
    fn shares_are_rounded_as_promised() {
        let sizes = |shares: &[(Split, f64)], n| split_sizes(&random(shares, 0), [n, 0, 0], None);
        assert_eq!(sizes(&[(Train, 0.7), (Validation, 0.15), (Test, 0.15)], 150), Ok([105, 22, 23]));
        assert_eq!(sizes(&[(Validation, 0.1), (Test, 0.25)], 11), Ok([8, 1, 2]));
        assert_eq!(sizes(&[(Test, 0.15), (Train, 0.85)], 150), Ok([128, 0, 22]));
        let carved = split_sizes(&random(&[(Validation, 0.1)], 1), [6000, 0, 1000], Some(&[Train, Test]));
        assert_eq!(carved, Ok([5400, 600, 1000]));
    }

    #[test]
    fn shares_that_make_no_sense() {
        let problem = |shares: &[(Split, f64)], given: Option<&[Split]>| {
            *split_sizes(&random(shares, 0), [4, 0, 0], given).expect_err("a problem")
        };
        use DataProblem as P;
        assert!(matches!(problem(&[(Train, 0.7), (Test, 0.2)], None), P::Shares { .. }));
        assert!(matches!(problem(&[(Validation, 0.5), (Test, 0.5)], None), P::Shares { .. }));
        assert!(matches!(problem(&[(Validation, -0.5)], None), P::ShareOutside { .. }));
        assert!(matches!(problem(&[(Validation, f64::NAN)], None), P::ShareOutside { .. }));
        assert!(matches!(problem(&[(Validation, 0.1)], None), P::EmptySplit { rows: 4, .. }));
        assert!(matches!(problem(&[(Test, 0.3), (Test, 0.3)], None), P::ShareTwice { .. }));
        assert!(matches!(problem(&[(Test, 0.3)], Some(&[Train, Test])), P::SplitGiven { split: Test }));
    }

    #[test]
    fn ordered_keeps_the_order_of_time() {
        let spec = SplitSpec::Ordered { shares: vec![(Test, 0.2), (Validation, 0.3)] };
        let splits = assign(&spec, [10, 0, 0], None, None).expect("split");
        assert_eq!((splits.train.as_slice(), splits.validation.as_slice()), (&[0, 1, 2, 3, 4][..], &[5, 6, 7][..]));
        assert_eq!(splits.test, [8, 9]);
    }

    #[test]
    fn given_splits_follow_one_another() {
        let splits = assign(&SplitSpec::AsGiven, [2, 1, 3], Some(&Split::ALL), None).expect("split");
        assert_eq!((splits.train, splits.validation, splits.test), (vec![0, 1], vec![2], vec![3, 4, 5]));
    }

    proptest! {
        #[test]
        fn every_example_is_in_one_split(n in 3usize..400, v in 0.01f64..0.45, t in 0.01f64..0.45, seed: u64, k in 1u64..6) {
            let spec = random(&[(Validation, v), (Test, t)], seed);
            let strata: Vec<u64> = (0..n as u64).map(|i| i * i % k).collect();
            for strata in [None, Some(strata.as_slice())] {
                let Ok(splits) = assign(&spec, [n, 0, 0], None, strata) else { continue };
                let sizes = split_sizes(&spec, [n, 0, 0], None).expect("sizes");
                prop_assert_eq!([splits.train.len(), splits.validation.len(), splits.test.len()], sizes);
                prop_assert_eq!(sizes[1], (v * n as f64 + 1e-9).floor() as usize);
                let mut all = [splits.train.clone(), splits.validation, splits.test].concat();
                all.sort_unstable();
                prop_assert_eq!(all, (0..n as u32).collect::<Vec<_>>());
                prop_assert!(splits.train.is_sorted());
            }
        }

        #[test]
        fn strata_share_in_proportion(sizes in proptest::collection::vec(1usize..60, 1..6), seed: u64) {
            let strata: Vec<u64> = sizes.iter().enumerate().flat_map(|(s, n)| vec![s as u64; *n]).collect();
            let n = strata.len();
            let Ok(splits) = assign(&random(&[(Test, 0.25)], seed), [n, 0, 0], None, Some(&strata)) else {
                return Ok(());
            };
            let count = splits.test.len() as f64;
            for (s, size) in sizes.iter().enumerate() {
                let taken = splits.test.iter().filter(|r| strata[**r as usize] == s as u64).count() as f64;
                prop_assert!((taken - count * *size as f64 / n as f64).abs() < 1.0);
            }
        }
    }
}
