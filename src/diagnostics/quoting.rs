//! Texts of ours in the languages of others, and theirs in our messages.

use std::borrow::Cow;

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

/// More of a text of others makes a message no clearer.
const LONGEST: usize = 60;

/// A text of others in a message, which is a line: its beginning, where it is long, and signs for what ends lines.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    let is_long = text.chars().nth(LONGEST).is_some();
    if !is_long && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars().take(LONGEST) {
        match c.is_control() {
            true => shown.extend(c.escape_debug()),
            false => shown.push(c),
        }
    }
    if is_long {
        shown.push('…');
    }
    Cow::Owned(shown)
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

    #[test]
    fn a_message_is_a_line_that_can_be_read() {
        assert_eq!(excerpt("setosa"), "setosa");
        assert_eq!(excerpt("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(excerpt(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(excerpt(&"é".repeat(1 << 20)), format!("{}…", "é".repeat(60)));
    }
}
