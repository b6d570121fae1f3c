//! How deeply a text is nested, before anything is built of it that must be walked.

use super::error::SyntaxError;
use super::repair::Repairer;
use super::tokens::{TokenKind, is_operator};

/// Deepest nesting of brackets.
pub(crate) const MAX_BRACKETS: usize = 100;
/// Deepest nesting of the syntax tree, which chains of operators deepen, too.
const MAX_DEPTH: usize = 500;

/// What stands between two brackets.
#[derive(Default)]
struct Frame {
    finished: usize,
    operators: usize,
    child: usize,
}

impl Frame {
    fn depth(&self) -> usize {
        self.finished.max(self.operators + self.child)
    }

    fn finish(&mut self) {
        *self = Frame { finished: self.depth(), operators: 0, child: 0 };
    }
}

impl Repairer<'_> {
    /// Whether brackets or chains of operators would make a tree too deep to walk.
    pub fn depth(&mut self) -> bool {
        let mut frames = vec![Frame::default()];
        let mut braces = vec![true];
        let mut goes_on = false;
        for (i, &token) in self.tokens.iter().enumerate() {
            let text = token.text(self.source);
            let count = frames.len();
            let Some(frame) = frames.last_mut() else { return false };
            match token.kind {
                TokenKind::Newline => {
                    let next =
                        self.tokens.iter().skip(i + 1).take(64).find(|t| !t.is_trivia()).map(|t| t.text(self.source));
                    let continued = next.is_none_or(|t| is_operator(t) || matches!(t, "." | "else"));
                    if braces.last() == Some(&true) && !goes_on && !continued {
                        frame.finish();
                    }
                    continue;
                }
                TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment => continue,
                TokenKind::Open(kind) => {
                    frame.operators += 1;
                    frames.push(Frame::default());
                    braces.push(kind == b'{');
                }
                TokenKind::Close(_) => {
                    let inner = frame.depth() + 1;
                    if count > 1 {
                        frames.pop();
                        braces.pop();
                    }
                    if let Some(outer) = frames.last_mut() {
                        outer.child = outer.child.max(inner);
                    }
                }
                TokenKind::Symbol if matches!(text, "," | ";") => frame.finish(),
                TokenKind::Symbol if text != ":" => frame.operators += 1,
                TokenKind::Word if is_operator(text) || matches!(text, "not" | "else" | "repeat" | "residual") => {
                    frame.operators += 1
                }
                _ => {}
            }
            goes_on = matches!(text, "," | ":" | "not" | "." | "!")
                || is_operator(text)
                || matches!(token.kind, TokenKind::Open(_));
            let deepest = frames.iter().rev().fold(0, |inner, f| f.finished.max(f.operators + f.child.max(inner)));
            let limit = if frames.len() > MAX_BRACKETS {
                MAX_BRACKETS
            } else if deepest > MAX_DEPTH {
                MAX_DEPTH
            } else {
                continue;
            };
            let span = self.span(token);
            self.errors.push(SyntaxError::TooDeep { span, limit });
            return true;
        }
        false
    }
}
