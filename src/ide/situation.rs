//! What stands around the cursor, by the tokens before it: a text is rarely whole while it is typed.

use crate::syntax::tokens::{Token, TokenKind, is_operator, scan};
use std::ops::Range;

/// A bracket that is open at the cursor, or the file itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Around {
    /// Nothing is open.
    File,
    /// `model M(x) {`, `train M on d {`: an item's body, by its word and its name.
    Item { word: String, name: String },
    /// `phase p {`: settings.
    Settings,
    /// `group […] {`: arguments of the optimizer.
    Group,
    /// `if c {`, `scan … {`: a body within a body; of `residual` and `repeat` it is a stage.
    Body { is_stage: bool },
    /// `loss: {`, `augment: {`: a record, by its key.
    Record { key: String },
    /// `block B(`, `model M(`: the lists of a signature.
    Signature,
    /// `train M(`: fields for inputs.
    Bindings,
    /// `Dense(`, `p.Block(`, by the words before the parenthesis.
    Call { callee: Vec<String>, piped: bool },
    /// `t[`, by the words before the bracket.
    Index { base: Vec<String> },
    /// `[` of a list.
    List,
    /// `(` around an expression.
    Parentheses,
}

/// An open bracket, and what has been written in it.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub around: Around,
    /// The token of the bracket.
    open: usize,
    /// The first token of the statement or argument that is being written.
    start: usize,
    /// The arguments before it, by their first tokens.
    arguments: Vec<Range<usize>>,
}

/// What stands around a place of a text.
#[derive(Debug)]
pub(super) struct Situation<'t> {
    text: &'t str,
    /// Everything before the word at the cursor that means something.
    tokens: Vec<Token>,
    /// Outermost first, the file before all.
    pub frames: Vec<Frame>,
    /// The file, with nothing in it.
    file: Frame,
    /// The word at the cursor, the part behind the cursor included.
    pub word: Range<usize>,
    /// What stands in the string that the cursor is in, up to the cursor.
    pub string: Option<Range<usize>>,
    /// Whether the cursor is in a comment.
    pub in_comment: bool,
}

fn file() -> Frame {
    Frame { around: Around::File, open: 0, start: 0, arguments: Vec::new() }
}

/// Words that begin an item with a body.
const ITEMS: &[&str] = &["block", "model", "data", "train", "expect", "sweep"];

impl<'t> Situation<'t> {
    /// What stands around a byte.
    pub fn at(text: &'t str, offset: usize) -> Situation<'t> {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let all = scan(text);
        let mut before: Vec<Token> = all.iter().copied().filter(|t| t.end <= offset).collect();
        let (mut word, mut string, mut in_comment) = (offset..offset, None, false);
        // The token that the cursor is in or at the end of.
        if let Some(at) = all.iter().find(|t| t.start < offset && offset <= t.end) {
            match at.kind {
                TokenKind::Word => {
                    word = at.start..at.end;
                    before.retain(|t| t.start != at.start);
                }
                TokenKind::String { closed } if offset < at.end || !closed => {
                    let end = if closed { at.end - 1 } else { at.end };
                    string = Some(at.start + 1..end.max(offset).max(at.start + 1));
                    before.retain(|t| t.start != at.start);
                }
                TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment => in_comment = true,
                _ => {}
            }
        } else if let Some(at) = all.iter().find(|t| t.start == offset && matches!(t.kind, TokenKind::Word)) {
            word = at.start..at.end;
        }
        let mut situation =
            Situation { text, tokens: Vec::new(), frames: vec![file()], file: file(), word, string, in_comment };
        situation.read(&before);
        situation
    }

    fn read(&mut self, before: &[Token]) {
        for (position, token) in before.iter().enumerate() {
            match token.kind {
                TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment => continue,
                TokenKind::Newline => {
                    let next = before.iter().skip(position + 1).find(|t| !t.is_trivia());
                    let goes_on = next.is_some_and(|t| is_operator(t.text(self.text)));
                    if self.is_block() && !goes_on && !self.is_unfinished() {
                        self.end_part();
                    }
                    continue;
                }
                TokenKind::Open(bracket) => {
                    let around = self.around(bracket);
                    let open = self.tokens.len();
                    self.tokens.push(*token);
                    self.frames.push(Frame { around, open, start: open + 1, arguments: Vec::new() });
                    continue;
                }
                TokenKind::Close(bracket) => {
                    self.tokens.push(*token);
                    let opener = match bracket {
                        b')' => b'(',
                        b']' => b'[',
                        _ => b'{',
                    };
                    let matching = self.frames.iter().rposition(|f| {
                        self.tokens.get(f.open).is_some_and(|t| t.kind == TokenKind::Open(opener))
                            && f.around != Around::File
                    });
                    if let Some(matching) = matching {
                        self.frames.truncate(matching.max(1));
                    }
                    continue;
                }
                _ => {}
            }
            self.tokens.push(*token);
            match token.text(self.text) {
                "," => self.end_part(),
                ";" if self.is_block() => self.end_part(),
                _ => {}
            }
        }
    }

    /// Whether a newline ends something here.
    fn is_block(&self) -> bool {
        !matches!(
            self.here().around,
            Around::Call { .. }
                | Around::Index { .. }
                | Around::List
                | Around::Parentheses
                | Around::Signature
                | Around::Bindings
        )
    }

    /// Whether what stands last wants something behind it.
    fn is_unfinished(&self) -> bool {
        let last = self.tokens.last().map_or("", |t| t.text(self.text));
        is_operator(last) || matches!(last, "," | "=" | "->")
    }

    fn end_part(&mut self) {
        let end = self.tokens.len();
        if let Some(frame) = self.frames.last_mut() {
            let part = frame.start..end;
            frame.arguments.push(part);
            frame.start = end;
        }
    }

    /// What a bracket opens, by what stands before it.
    fn around(&self, bracket: u8) -> Around {
        let statement = self.statement();
        let first = statement.first().copied().unwrap_or("");
        let is_item = matches!(self.here().around, Around::File) && ITEMS.contains(&first);
        let last = statement.last().copied().unwrap_or("");
        match bracket {
            b'{' => {
                if is_item {
                    let name = statement.get(1).copied().unwrap_or("").to_owned();
                    return Around::Item { word: first.to_owned(), name };
                }
                match first {
                    "phase" if self.is_of_train() => return Around::Settings,
                    "group" if self.is_of_train() => return Around::Group,
                    _ => {}
                }
                match statement.as_slice() {
                    [key, ":"] => Around::Record { key: (*key).to_owned() },
                    words => {
                        let form =
                            words.iter().rev().find(|w| matches!(**w, "residual" | "repeat" | "if" | "else" | "scan"));
                        Around::Body { is_stage: matches!(form, Some(&("residual" | "repeat"))) }
                    }
                }
            }
            b'(' => {
                if is_item && first == "train" {
                    return Around::Bindings;
                }
                if is_item && matches!(first, "block" | "model") {
                    return Around::Signature;
                }
                let callee = self.chain(self.tokens.len());
                match callee.is_empty() && last != ")" {
                    true => Around::Parentheses,
                    false => Around::Call { piped: self.is_piped(&callee), callee },
                }
            }
            _ => {
                if is_item && matches!(first, "block" | "model") {
                    return Around::List;
                }
                let base = self.chain(self.tokens.len());
                let touches = matches!(last, ")" | "]") || !base.is_empty();
                let is_word = base.len() == 1 && matches!(base.first().map(String::as_str), Some("group" | "freeze"));
                if touches && !is_word && self.is_index() { Around::Index { base } } else { Around::List }
            }
        }
    }

    /// Whether a `[` here is an index: not so behind a word that wants a value.
    fn is_index(&self) -> bool {
        let last = self.tokens.last().map_or("", |t| t.text(self.text));
        !matches!(last, "and" | "or" | "not" | "then" | "in" | "class" | "float" | "int" | "bool")
    }

    /// The words of `a.b.c` that end before a token.
    fn chain(&self, end: usize) -> Vec<String> {
        let mut words = Vec::new();
        let mut at = end;
        while let Some(token) = at.checked_sub(1).and_then(|i| self.tokens.get(i)) {
            if token.kind != TokenKind::Word {
                break;
            }
            words.push(token.text(self.text).to_owned());
            match at.checked_sub(2).and_then(|i| self.tokens.get(i)) {
                Some(dot) if dot.text(self.text) == "." => at -= 2,
                _ => break,
            }
        }
        words.reverse();
        if words.iter().any(|w| matches!(w.as_str(), "if" | "and" | "or" | "not" | "else" | "then" | "on" | "from")) {
            words.clear();
        }
        words
    }

    /// Whether `|>` stands before a callee.
    fn is_piped(&self, callee: &[String]) -> bool {
        let tokens = callee.len() * 2 - usize::from(!callee.is_empty());
        let before = self.tokens.len().checked_sub(tokens + 1).and_then(|i| self.tokens.get(i));
        before.is_some_and(|t| t.text(self.text) == "|>")
    }

    fn is_of_train(&self) -> bool {
        self.frames.iter().any(|f| matches!(&f.around, Around::Item { word, .. } if word == "train"))
    }

    /// The innermost bracket.
    pub fn here(&self) -> &Frame {
        self.frames.last().unwrap_or(&self.file)
    }

    /// The tokens of the statement or argument that is being written, up to the word at the cursor.
    pub fn statement(&self) -> Vec<&'t str> {
        self.part(self.here().start..self.tokens.len())
    }

    /// The statement around the brackets that are open in it.
    pub fn outer_statement(&self) -> Vec<&'t str> {
        let frame = self.frames.iter().rev().find(|f| {
            !matches!(
                f.around,
                Around::Call { .. } | Around::Index { .. } | Around::List | Around::Parentheses | Around::Body { .. }
            )
        });
        self.part(frame.map_or(0, |f| f.start)..self.tokens.len())
    }

    fn part(&self, tokens: Range<usize>) -> Vec<&'t str> {
        self.tokens.get(tokens).unwrap_or_default().iter().map(|t| t.text(self.text)).collect()
    }

    /// The arguments before the one at the cursor: their names where they have one.
    pub fn arguments(&self, frame: &Frame) -> Vec<Option<&'t str>> {
        let name = |part: &Range<usize>| match self.part(part.clone()).as_slice() {
            [name, ":", ..] => Some(*name),
            _ => None,
        };
        frame.arguments.iter().map(name).collect()
    }

    /// The name of the argument at the cursor, in this bracket.
    pub fn argument_name(&self, frame: &Frame) -> Option<&'t str> {
        match self.part(frame.start..self.tokens.len()).as_slice() {
            [name, ":", ..] => Some(*name),
            _ => None,
        }
    }

    /// What stands right before the word at the cursor.
    pub fn last(&self) -> &'t str {
        self.tokens.last().map_or("", |t| t.text(self.text))
    }

    /// The words before the dot that the cursor stands behind.
    pub fn before_dot(&self) -> Option<Vec<String>> {
        (self.last() == ".").then(|| self.chain(self.tokens.len() - 1))
    }

    /// The word and name of the item that the cursor is in.
    pub fn item(&self) -> Option<(&str, &str)> {
        self.frames.iter().find_map(|f| match &f.around {
            Around::Item { word, name } => Some((word.as_str(), name.as_str())),
            _ => None,
        })
    }

    /// The words of the item at the cursor before its brace: `train M on d`.
    pub fn header(&self) -> Vec<&'t str> {
        let start = self.frames.first().map_or(0, |f| f.start);
        let brace = self.frames.iter().find(|f| matches!(f.around, Around::Item { .. })).map(|f| f.open);
        self.part(start..brace.unwrap_or(self.tokens.len()))
    }

    /// The words that the parts of a bracket before the one that is being written begin with.
    pub fn beginnings(&self, frame: &Frame) -> Vec<&'t str> {
        let first = |part: &Range<usize>| self.tokens.get(part.start).map(|t| t.text(self.text));
        frame.arguments.iter().filter_map(first).collect()
    }

    /// The name of the optimizer of the train around the cursor: the last that is written before it, else the next.
    pub fn optimizer(&self) -> Option<&'t str> {
        let open = self.frames.iter().find(|f| matches!(f.around, Around::Item { .. }))?.open;
        let after = |tokens: &[Token], text: &'t str| {
            let texts: Vec<&str> = tokens.iter().filter(|t| !t.is_trivia()).map(|t| t.text(text)).collect();
            let names = texts.windows(3).filter(|w| matches!(w, ["optimizer", ":", _])).map(|w| w[2]);
            names.collect::<Vec<_>>()
        };
        if let Some(name) = after(self.tokens.get(open..)?, self.text).last() {
            return Some(name);
        }
        let rest = self.text.get(self.word.end..)?;
        let end = rest.find("\n}").unwrap_or(rest.len());
        let rest = rest.get(..end)?;
        after(&scan(rest), rest).first().copied()
    }

    /// The first words of the statements of the item around the cursor, before and behind it.
    pub fn statements_of_item(&self) -> Vec<&'t str> {
        let Some(item) = self.frames.iter().find(|f| matches!(f.around, Around::Item { .. })) else {
            return Vec::new();
        };
        let first = |part: &Range<usize>| self.tokens.get(part.start).map(|t| t.text(self.text));
        let mut words: Vec<&str> = item.arguments.iter().filter_map(first).collect();
        // Behind the cursor, up to the brace that ends the item.
        let rest = self.text.get(self.word.end..).unwrap_or("");
        let (mut depth, mut is_first) = (0_i32, false);
        for token in scan(rest) {
            match token.kind {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth -= 1,
                TokenKind::Newline => is_first = true,
                TokenKind::Word if is_first && depth == 0 => {
                    words.push(token.text(rest));
                    is_first = false;
                }
                _ => is_first = false,
            }
            if depth < 0 {
                break;
            }
        }
        words
    }

    /// The word that begins the item whose signature is being written.
    pub fn item_word(&self) -> Option<&'t str> {
        let frame = self.frames.first()?;
        self.part(frame.start..self.tokens.len()).first().copied()
    }

    /// Words that the tokens of the open item bind: `let h`, `weight w`, `scan x as xt, h = …`.
    pub fn bound_words(&self) -> Vec<&'t str> {
        let start = self.frames.first().map_or(0, |f| f.start);
        let words = self.part(start..self.tokens.len());
        let mut bound = Vec::new();
        for pair in words.windows(2) {
            if let [word, name] = pair
                && matches!(*word, "let" | "weight" | "constant" | "field" | "as")
                && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            {
                bound.push(*name);
            }
        }
        bound
    }
}
