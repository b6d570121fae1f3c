//! Which of two lists belongs to which: the alignment of Needleman and Wunsch (1970).

/// Pairs of indices, in order; where one is missing the other has no partner. `likeness` says how well two belong
/// together; 0 and less is not at all.
pub(super) fn align<A, B>(
    before: &[A],
    after: &[B],
    likeness: impl Fn(&A, &B) -> i64,
) -> Vec<(Option<usize>, Option<usize>)> {
    let width = after.len() + 1;
    // The best sum of likenesses of the rests behind (i, j).
    let mut best = vec![0i64; (before.len() + 1) * width];
    let at = |i: usize, j: usize| i * width + j;
    let of = |best: &[i64], i: usize, j: usize| best.get(at(i, j)).copied().unwrap_or(0);
    let pair = |best: &[i64], i: usize, j: usize| {
        let like = before.get(i).zip(after.get(j)).map_or(0, |(a, b)| likeness(a, b));
        (like > 0).then(|| like + of(best, i + 1, j + 1))
    };
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            let alone = of(&best, i + 1, j).max(of(&best, i, j + 1));
            let value = pair(&best, i, j).map_or(alone, |paired| paired.max(alone));
            if let Some(place) = best.get_mut(at(i, j)) {
                *place = value;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < before.len() || j < after.len() {
        let value = of(&best, i, j);
        if pair(&best, i, j).is_some_and(|paired| paired == value) {
            pairs.push((Some(i), Some(j)));
            (i, j) = (i + 1, j + 1);
        } else if i < before.len() && (j == after.len() || of(&best, i + 1, j) == value) {
            pairs.push((Some(i), None));
            i += 1;
        } else {
            pairs.push((None, Some(j)));
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(before: &str, after: &str) -> String {
        let (before, after): (Vec<char>, Vec<char>) = (before.chars().collect(), after.chars().collect());
        let like = |a: &char, b: &char| match (a == b, a.eq_ignore_ascii_case(b)) {
            (true, _) => 3,
            (_, true) => 1,
            _ => 0,
        };
        let show = |side: &[char], at: Option<usize>| at.map_or('-', |at| side[at]);
        let all = align(&before, &after, like).into_iter();
        all.map(|(a, b)| format!("{}{}", show(&before, a), show(&after, b))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_new_stands_alone() {
        assert_eq!(pairs("abc", "abc"), "aa bb cc");
        assert_eq!(pairs("abc", "abxc"), "aa bb -x cc");
        assert_eq!(pairs("abc", "ac"), "aa b- cc");
        assert_eq!(pairs("aab", "aAb"), "aa aA bb");
        assert_eq!(pairs("a", "A"), "aA");
        assert_eq!(pairs("", "ab"), "-a -b");
        assert_eq!(pairs("ab", ""), "a- b-");
    }
}
