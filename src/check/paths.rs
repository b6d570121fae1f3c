//! Paths of weights and the globs that name several.

/// Whether a path is the pattern, lies below it (`backbone` names `backbone.dense1.weight`), or matches it as a glob:
/// `*` stands for any characters, dots among them.
pub fn glob_matches(pattern: &str, path: &str) -> bool {
    if !pattern.contains('*') {
        return path == pattern || path.strip_prefix(pattern).is_some_and(|rest| rest.starts_with('.'));
    }
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn patterns_name_what_lies_below_and_globs_cross_dots() {
        assert!(glob_matches("backbone", "backbone.dense1.weight"));
        assert!(glob_matches("dense1.weight", "dense1.weight"));
        assert!(!glob_matches("dense1", "dense10.weight"));
        assert!(glob_matches("*.bias", "a.b.bias"));
        assert!(glob_matches("*norm*", "batch_norm1.weight"));
        assert!(glob_matches("repeat1.*.weight", "repeat1.0.dense1.weight"));
        assert!(!glob_matches("*.bias", "a.b.weight"));
        assert!(glob_matches("*", "anything"));
    }
}
