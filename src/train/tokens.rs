//! Between text and the classes of a model.

use super::error::RunError;
use super::generate::CannotGenerate;
use crate::data::{END, PAD, START, TokenKind, UNKNOWN};
use std::collections::HashMap;

/// Names that stand for no text.
const MARKS: [&str; 4] = [START, END, UNKNOWN, PAD];

/// The names of the classes, and how text is cut into them.
pub(super) struct Tokens {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    kind: TokenKind,
}

impl Tokens {
    /// Characters, where every name is one, else words.
    pub(super) fn new(names: Vec<String>) -> Tokens {
        let is_character = |name: &String| MARKS.contains(&name.as_str()) || name.chars().count() == 1;
        let kind = if names.iter().all(is_character) { TokenKind::Characters } else { TokenKind::Words };
        let by_name = names.iter().enumerate().map(|(i, name)| (name.clone(), i)).collect();
        Tokens { names, by_name, kind }
    }

    /// The classes of a text; where texts of the data have a start, behind that.
    pub(super) fn tokens(&self, text: &str) -> Result<Vec<usize>, RunError> {
        let mut tokens: Vec<usize> = self.by_name.get(START).copied().into_iter().collect();
        for part in self.kind.cut(text) {
            match self.by_name.get(part).or_else(|| self.by_name.get(UNKNOWN)) {
                Some(token) => tokens.push(*token),
                None => {
                    let known = self.names.iter().filter(|n| !MARKS.contains(&n.as_str())).cloned().collect();
                    let token = part.to_owned();
                    return Err(RunError::Generate(CannotGenerate::UnknownToken { token, known }));
                }
            }
        }
        if tokens.is_empty() {
            return Err(RunError::Generate(CannotGenerate::NoPrompt));
        }
        Ok(tokens)
    }

    /// Whether a text ends with this.
    pub(super) fn ends_at(&self, token: usize) -> bool {
        self.names.get(token).is_some_and(|name| name == END || name == PAD)
    }

    /// The text of classes: characters as they are, words with spaces between them, but not before marks.
    pub(super) fn text(&self, tokens: &[usize]) -> String {
        let mut text = String::new();
        for name in tokens.iter().filter_map(|token| self.names.get(*token)) {
            if name == START || name == END || name == PAD {
                continue;
            }
            let joins = name.chars().all(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | '’' | '”'));
            if self.kind == TokenKind::Words && !text.is_empty() && !joins {
                text.push(' ');
            }
            text.push_str(name);
        }
        text
    }
}
