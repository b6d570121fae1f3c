//! Texts of ours in the languages of others.

/// A text as XML, HTML and their attributes have it. What none of them can hold is shown as U+FFFD.
pub fn xml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A word as a shell reads it.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-+.,=/:%@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_text() {
        assert_eq!(xml_text("<b a=\"1\">'&\u{0}\u{7}"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;\u{fffd}\u{fffd}");
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_read_more_into_them() {
        for plain in ["examples/iris.nn", "lr=1e-3"] {
            assert_eq!(shell_word(plain), plain);
        }
        assert_eq!(shell_word("act=Dense(4) |> relu"), "'act=Dense(4) |> relu'");
        assert_eq!(shell_word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_word(""), "''");
    }
}
