//! Distinct texts, numbered as they come.

use std::collections::HashMap;
use std::sync::Arc;

/// Places of texts that are found without a hash of all of them.
const RECENT: usize = 256;

/// A set of texts.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, usize>,
    /// By a few of their bytes, the number of a text that was asked for last.
    recent: Vec<usize>,
}

impl Texts {
    /// The number of a text, which is added if it is not there.
    pub fn number(&mut self, text: &str) -> usize {
        let place = place(text.as_bytes());
        if let Some(known) = self.recent.get(place)
            && self.all.get(*known).is_some_and(|known| **known == *text)
        {
            return *known;
        }
        let number = self.numbers.get(text).copied().unwrap_or_else(|| {
            let shared: Arc<str> = text.into();
            self.numbers.insert(shared.clone(), self.all.len());
            self.all.push(shared);
            self.all.len() - 1
        });
        self.recent.resize(RECENT, usize::MAX);
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = number;
        }
        number
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// All of them, by their numbers.
    pub fn into_all(self) -> Vec<Arc<str>> {
        self.all
    }
}

/// Where a text is among the recent ones.
fn place(text: &[u8]) -> usize {
    let byte = |at: usize| text.get(at).copied().map_or(0, u64::from);
    let last = text.len().saturating_sub(1);
    let some = text.len() as u64 | byte(0) << 32 | byte(last / 2) << 40 | byte(last) << 48;
    (some.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - RECENT.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_number() {
        let mut texts = Texts::default();
        let words: Vec<String> = (0..3000).map(|i| format!("{}{}", "a".repeat(i % 7), i * i % 1009)).collect();
        let mut first: Vec<&str> = Vec::new();
        for word in words.iter().chain(&words) {
            let number = first.iter().position(|known| known == word).unwrap_or_else(|| {
                first.push(word);
                first.len() - 1
            });
            assert_eq!(texts.number(word), number, "{word}");
        }
        assert_eq!((texts.len(), texts.number("")), (first.len(), first.len()));
        assert_eq!(texts.into_all()[..first.len()].iter().map(|text| &**text).collect::<Vec<_>>(), first);
    }
}
