//! Which name was meant, and how lists of names are written.

use super::quoting::excerpt;

/// The candidate nearest to `name` by Damerau–Levenshtein distance (optimal string alignment), if it is near enough
/// to be a slip: at most a third of the longer name's characters, at least one. Differences of case alone are free.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().filter(|c| *c != '_').collect();
    candidates
        .into_iter()
        .filter(|c| *c != name)
        .filter_map(|candidate| {
            let have: Vec<char> = candidate.to_lowercase().chars().filter(|c| *c != '_').collect();
            let limit = (wanted.len().max(have.len()) / 3).max(1);
            let d = distance(&wanted, &have);
            // Few slips are made at the first letter.
            let begins_otherwise = have.first() != wanted.first();
            // A key that was hit twice or not at all at the end, rather than another.
            let goes_on_otherwise = !have.starts_with(&wanted) && !wanted.starts_with(&have);
            let rank = (d, begins_otherwise, goes_on_otherwise, candidate.len().abs_diff(name.len()));
            (d <= limit && d < have.len().max(1)).then_some((rank, candidate))
        })
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

/// The only candidate that a single slip makes `name` of: near enough to look at what stands behind the name, too.
pub fn one_slip_from<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |name: &str| -> Vec<char> { name.to_lowercase().chars().filter(|c| *c != '_').collect() };
    let wanted = letters(name);
    let mut near = candidates.into_iter().filter(|candidate| distance(&wanted, &letters(candidate)) <= 1);
    let first = near.next()?;
    (wanted.len() >= 4 && near.all(|other| other == first)).then_some(first)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = substituted.min(previous[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = previous;
        previous = row;
    }
    previous[b.len()]
}

/// `a`, `a and b`, `a, b and c`, and beyond `most` names `a, b, c and 4 more`; each in backquotes, and
/// of a long one its beginning.
pub fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> = names.iter().take(most).map(|n| format!("`{}`", excerpt(n))).collect();
    if names.len() > most {
        shown.push(format!("{} more", names.len() - most));
    }
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// `an optimizer`, `a layer`
pub fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        assert_eq!(nearest("Dence", ["Dense", "Dropout"]), Some("Dense"));
        assert_eq!(nearest("dense", ["Dense", "Dropout"]), Some("Dense"));
        assert_eq!(nearest("layernorm", ["LayerNorm", "BatchNorm"]), Some("LayerNorm"));
        assert_eq!(nearest("softmxa", ["softmax", "softplus"]), Some("softmax"));
        assert_eq!(nearest("unit", ["init", "units"]), Some("units"));
        assert_eq!(nearest("banana", ["Dense", "Dropout"]), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("", ["y"]), None);
    }

    #[test]
    fn a_single_slip_is_beyond_doubt_where_it_leads_to_one_name() {
        assert_eq!(one_slip_from("Dens", ["Dense", "Dropout"]), Some("Dense"));
        assert_eq!(one_slip_from("softmxa", ["softmax", "softplus"]), Some("softmax"));
        assert_eq!(one_slip_from("Conv4d", ["Conv1d", "Conv2d"]), None);
        assert_eq!(one_slip_from("Dennss", ["Dense"]), None);
        assert_eq!(one_slip_from("sun", ["sum"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(quoted_list(["a"], 3), "`a`");
        assert_eq!(quoted_list(["a", "b"], 3), "`a` and `b`");
        assert_eq!(quoted_list(["a", "b", "c", "d"], 2), "`a`, `b` and 2 more");
    }
}
