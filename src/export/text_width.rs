//! How wide a text is. Nothing here knows the reader's fonts, so the answer is on the safe side.

/// The width of a text of this size, in the units of the size.
pub fn text_width(text: &str, size: f64, is_bold: bool) -> f64 {
    let ems: f64 = text.chars().map(|c| ems(c, is_bold)).sum();
    ems * size
}

/// The width of a character of a wide sans-serif font (DejaVu Sans, Verdana), rounded up.
fn ems(c: char, is_bold: bool) -> f64 {
    let regular = match c {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | 'I' | '!' => 0.34,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' | '·' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.0,
        'A'..='Z' => 0.76,
        '+' | '=' | '<' | '>' | '~' | '^' | '×' | '→' | '#' => 0.86,
        c if (c as u32) < 0x2e80 => 0.64,
        _ => 1.05,
    };
    if is_bold { regular * 1.1 } else { regular }
}

/// A text cut to at most `most` characters, with an ellipsis where something is lost.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
