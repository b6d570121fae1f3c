//! The text as a flat list of tokens, without structure: what the repairs before parsing and the formatter look at.
//!
//! The scanner accepts any text. Its words, numbers and strings end where those of the grammar end.

use pest::unicode;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or a word of the language.
    Word,
    /// A number with its suffix.
    Number,
    /// `"…"`; not closed where the line ends before the quote.
    String {
        /// Whether its last quote is there.
        closed: bool,
    },
    /// `'…'` or `“…”`, which are no strings of this language.
    SingleQuoted,
    /// `# …` or `## …`
    Comment,
    /// `// …`, which is no comment of this language.
    SlashComment,
    /// `/* … */` or `"""…"""`, which are no comments of this language.
    BlockComment,
    /// `\n`
    Newline,
    /// `(`, `[` or `{`
    Open(u8),
    /// `)`, `]` or `}`
    Close(u8),
    /// An operator or a mark.
    Symbol,
    /// A character that no token begins with.
    Other,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Token {
    /// Its text.
    pub(crate) fn text(self, source: &str) -> &str {
        source.get(self.start..self.end).unwrap_or("")
    }

    /// Whether it stands for nothing in the program.
    pub(crate) fn is_trivia(self) -> bool {
        use TokenKind::{BlockComment, Comment, Newline, SlashComment};
        matches!(self.kind, Comment | Newline | SlashComment | BlockComment)
    }
}

/// Operators and marks, longer ones first.
const SYMBOLS: &[&str] = &[
    "%>%", "...", "|>", "||", "->", "=>", "→", ":=", "+=", "-=", "*=", "/=", "//", ">>", "==", "!=", "<=", ">=", "&&",
    "**", "..", "<", ">", "+", "-", "*", "/", "@", "^", "%", "=", ":", ",", ";", ".", "!", "|", "&",
];

/// Operators with two operands: a line that begins or ends with one belongs to its neighbour.
pub(crate) fn is_operator(text: &str) -> bool {
    // By its length and its first byte: every repair asks this of every token.
    match *text.as_bytes() {
        [b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'@' | b'^' | b'%' | b'=' | b'|'] => true,
        [a, b] => {
            let two = [a, b];
            matches!(
                &two,
                b"|>"
                    | b"||"
                    | b"->"
                    | b"=>"
                    | b"//"
                    | b">>"
                    | b"=="
                    | b"!="
                    | b"<="
                    | b">="
                    | b"&&"
                    | b"**"
                    | b".."
                    | b"or"
            )
        }
        [a, b, c] => [b"%>%", b"and"].contains(&&[a, b, c]) || text == "→",
        _ => text == "then",
    }
}

/// The operator or mark that a text begins with.
fn symbol_at(text: &str) -> Option<&'static str> {
    let first = text.bytes().next()?;
    SYMBOLS.iter().copied().find(|symbol| symbol.as_bytes().first() == Some(&first) && text.starts_with(symbol))
}

/// All tokens of the text, in order.
pub(crate) fn scan(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { source, at: 0, tokens: Vec::new() };
    while scanner.token() {}
    scanner.tokens
}

/// The words and whole numbers of a text, be it code or not.
pub(crate) fn words_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !word_char(c)).filter(|word| !word.is_empty())
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

/// The same classes of characters as in the grammar.
fn word_start(c: char) -> bool {
    c == '_' || if c.is_ascii() { c.is_ascii_alphabetic() } else { unicode::LETTER(c) }
}

fn word_char(c: char) -> bool {
    word_start(c) || if c.is_ascii() { c.is_ascii_digit() } else { unicode::NUMBER(c) || unicode::MARK(c) }
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest().chars().nth(ahead)
    }

    fn skip_while(&mut self, accept: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !accept(c)).unwrap_or(rest.len());
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.tokens.push(Token { kind, start, end: self.at });
    }

    fn token(&mut self) -> bool {
        self.skip_while(|c| matches!(c, ' ' | '\t' | '\r' | '\u{A0}' | '\u{FEFF}'));
        let start = self.at;
        let Some(first) = self.peek(0) else { return false };
        let kind = match first {
            '\n' => {
                self.at += 1;
                TokenKind::Newline
            }
            '#' => {
                self.skip_while(|c| c != '\n');
                TokenKind::Comment
            }
            '"' | '\'' if self.triple_quoted(first) => TokenKind::BlockComment,
            '"' => TokenKind::String { closed: self.string() },
            '\'' => self.single_quoted(&['\'']),
            '`' => self.single_quoted(&['`', '\'']),
            '“' | '”' | '„' => self.single_quoted(&['”', '“', '"']),
            '‘' | '’' => self.single_quoted(&['’', '‘', '\'']),
            '(' | '[' | '{' => {
                self.at += 1;
                TokenKind::Open(first as u8)
            }
            ')' | ']' | '}' => {
                self.at += 1;
                TokenKind::Close(first as u8)
            }
            c if word_start(c) => {
                self.skip_while(word_char);
                TokenKind::Word
            }
            c if c.is_ascii_digit() => {
                self.number();
                TokenKind::Number
            }
            '.' if self.peek(1).is_some_and(|c| c.is_ascii_digit()) && !self.after_operand(start) => {
                self.at += 1;
                self.skip_while(word_char);
                TokenKind::Number
            }
            '/' if self.rest().starts_with("/*") => {
                self.at += self.rest().find("*/").map_or(self.rest().len(), |i| i + 2);
                TokenKind::BlockComment
            }
            '/' if self.rest().starts_with("//") && !self.is_division() => {
                self.skip_while(|c| c != '\n');
                TokenKind::SlashComment
            }
            _ => match symbol_at(self.rest()) {
                Some(symbol) => {
                    self.at += symbol.len();
                    TokenKind::Symbol
                }
                None => {
                    self.at += first.len_utf8();
                    TokenKind::Other
                }
            },
        };
        self.push(kind, start);
        true
    }

    fn after_operand(&self, start: usize) -> bool {
        self.tokens.last().is_some_and(|t| {
            t.end == start
                && matches!(
                    t.kind,
                    TokenKind::Word | TokenKind::Close(_) | TokenKind::String { .. } | TokenKind::Number
                )
        })
    }

    /// Leaves the scanner behind the string, or, where it is not closed, where it probably should be.
    fn string(&mut self) -> bool {
        let rest = self.rest();
        let mut escaped = false;
        for (i, c) in rest.char_indices().skip(1) {
            match c {
                '\n' => {
                    let line = rest.get(..i).unwrap_or("");
                    self.at += probable_string_end(line);
                    return false;
                }
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.at += i + 1;
                    return true;
                }
                _ => {}
            }
        }
        self.at += probable_string_end(rest);
        false
    }

    fn single_quoted(&mut self, closing: &[char]) -> TokenKind {
        let rest = self.rest();
        let line = rest.lines().next().unwrap_or("");
        let opening = line.chars().next().map_or(1, char::len_utf8);
        match line.char_indices().skip(1).find(|(_, c)| closing.contains(c)) {
            Some((i, c)) => {
                self.at += i + c.len_utf8();
                TokenKind::SingleQuoted
            }
            None => {
                self.at += opening;
                TokenKind::Other
            }
        }
    }

    /// Passes over `"""…"""`, which comments a Python program, where it is one.
    fn triple_quoted(&mut self, quote: char) -> bool {
        let marks: String = [quote; 3].iter().collect();
        let Some(inner) = self.rest().strip_prefix(&marks) else { return false };
        let Some(end) = inner.find(&marks) else { return false };
        self.at += end + 2 * marks.len();
        true
    }

    fn number(&mut self) {
        let digits = |c: char| c.is_ascii_digit() || c == '_';
        self.skip_while(digits);
        if self.peek(0) == Some('.') {
            match self.peek(1) {
                Some(c) if c.is_ascii_digit() => {
                    self.at += 1;
                    self.skip_while(digits);
                }
                Some(c) if c == '.' || word_start(c) => {}
                _ => self.at += 1,
            }
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.peek(1), Some('+' | '-')));
            if self.peek(1 + sign).is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1 + sign;
                self.skip_while(|c| c.is_ascii_digit());
            }
        }
        if self.peek(0) == Some('%') {
            let after = self.rest().get(1..).unwrap_or("").trim_start_matches([' ', '\t', '\r', '\u{A0}', '\u{FEFF}']);
            if !after.starts_with(|c: char| word_start(c) || c.is_ascii_digit()) {
                self.at += 1;
            }
        } else {
            self.skip_while(word_char);
        }
    }

    /// Whether the `//` here is a rounding division, as in `H // 2]`, and no comment.
    fn is_division(&self) -> bool {
        let after_operand = self
            .tokens
            .last()
            .is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::Number | TokenKind::Close(_)));
        let rest = self.rest().get(2..).unwrap_or("").trim_start_matches([' ', '\t']);
        let operand = rest.find(|c| !word_char(c)).unwrap_or(rest.len());
        let behind = rest.get(operand..).unwrap_or("").trim_start_matches([' ', '\t', '\r']);
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
        after_operand
            && operand > 0
            && (behind.starts_with([')', ']', ',', ';', '}', '+', '*', '/'])
                || is_number && (behind.is_empty() || behind.starts_with('\n')))
    }
}

/// Where the string of this line, which lacks its last quote, should have ended: before the brackets that close it.
fn probable_string_end(line: &str) -> usize {
    line.trim_end_matches([' ', '\t', '\r', ')', ']', '}', ',', ';', '{']).len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        scan(source).into_iter().map(|t| t.text(source)).collect()
    }

    #[test]
    fn an_operator_has_two_operands() {
        let marks = [":", ",", ";", ".", "...", "!", "&", ":=", "+=", "-=", "*=", "/="];
        for symbol in SYMBOLS {
            assert_eq!(is_operator(symbol), !marks.contains(symbol), "{symbol}");
        }
        assert!(["and", "or", "then"].into_iter().all(is_operator));
        assert!(!["", "x", "not", "the", "thens", "é", "(", "if", "|>>"].into_iter().any(is_operator));
    }

    #[test]
    fn numbers_take_their_suffix() {
        assert_eq!(
            texts("80%, 10k 2M 1e-3 1_000 1..3 .5 10%3"),
            ["80%", ",", "10k", "2M", "1e-3", "1_000", "1", "..", "3", ".5", "10", "%", "3"]
        );
    }

    #[test]
    fn slashes_divide_or_comment() {
        assert_eq!(texts("[H//2, W // 2] // half"), ["[", "H", "//", "2", ",", "W", "//", "2", "]", "// half"]);
    }

    #[test]
    fn strings_that_do_not_end() {
        assert_eq!(texts("csv(\"a.csv)\nx"), ["csv", "(", "\"a.csv", ")", "\n", "x"]);
        assert_eq!(texts("\"a\\\"b\" 'c'"), ["\"a\\\"b\"", "'c'"]);
    }
}
