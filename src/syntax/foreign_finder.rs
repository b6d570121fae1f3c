//! Finds what is written as in another language, in the tokens of a text, and says what is to be parsed instead.
//!
//! Where something is meant that this language has, the text is put right and checked as if it had been written so. The
//! rest is hidden: lines at the top of a file are cut out, in a body [`HIDDEN`] stands for an expression of which nothing
//! is known.

use super::error::SyntaxError;
use super::foreign::{Foreign, Lines};
use super::repair::{at_margin, line_indent};
use super::token_lines::TokenLines;
use super::tokens::{Token, TokenKind};
use crate::diagnostics::nearest;
use crate::source::{FileId, Span};

/// Stands for an expression that was taken out; the grammar takes it for one.
pub(super) const HIDDEN: &str = "\u{E000}";

/// Modules of other frameworks, and whose they are. Their names are read as ours: `nn.Linear` is `Linear`.
pub(crate) const MODULES: &[(&str, &str)] = &[
    ("torch", "PyTorch"),
    ("nn", "PyTorch"),
    ("F", "PyTorch"),
    ("optim", "PyTorch"),
    ("torchvision", "PyTorch"),
    ("tf", "TensorFlow"),
    ("tensorflow", "TensorFlow"),
    ("keras", "Keras"),
    ("np", "NumPy"),
    ("numpy", "NumPy"),
    ("jnp", "JAX"),
    ("jax", "JAX"),
    ("flax", "Flax"),
    ("pd", "pandas"),
    ("pandas", "pandas"),
    ("sklearn", "scikit-learn"),
    ("math", "Python"),
];

/// What reads files, here and elsewhere: what stands in its parentheses is a path, though it has no quotes.
pub(crate) const READERS: &[&str] =
    &["csv", "idx", "npy", "npz", "text", "image_folder", "read_csv", "load_csv", "load", "ImageFolder"];

/// What is found.
#[derive(Default)]
pub(super) struct Found {
    pub errors: Vec<SyntaxError>,
    /// Offset, length and replacement.
    pub edits: Vec<(usize, usize, String)>,
    /// What is not looked at any more.
    pub done: Vec<(usize, usize)>,
    /// What is not even parsed.
    pub hidden: Vec<Span>,
}

/// Looks through the tokens of a text.
pub(super) fn find(file: FileId, source: &str, tokens: &[Token]) -> Found {
    let lines = TokenLines { file, source, tokens };
    let mut finder = Finder { lines, found: Found::default() };
    finder.top_lines();
    finder.rest();
    finder.found
}

struct Finder<'a> {
    lines: TokenLines<'a>,
    found: Found,
}

impl<'a> std::ops::Deref for Finder<'a> {
    type Target = TokenLines<'a>;

    fn deref(&self) -> &TokenLines<'a> {
        &self.lines
    }
}

impl Finder<'_> {
    fn tell(&mut self, foreign: Foreign) {
        self.found.errors.push(foreign.into());
    }

    fn replace(&mut self, start: usize, end: usize, by: impl Into<String>) {
        self.found.edits.push((start, end - start, by.into()));
    }

    /// Lines at the top of the file.
    fn top_lines(&mut self) {
        let mut depth = 0_usize;
        let mut i = 0;
        while i < self.tokens.len() {
            let starts = self.begins_line(i) && at_margin(self.source, self.start(i));
            if starts && let Some(what) = self.top_level(i, depth) {
                let end = self.line_end(i);
                let has_block = self.text(self.last_of_line(i)) == ":";
                let behind = if has_block { self.block_end(end, 0) } else { end };
                let (from, to) = (self.start(i), self.end(self.last_of_line(i)));
                let to = from + self.between(from, to).lines().next().map_or(0, str::len);
                let all = self.span(from, self.end(behind));
                // What it declares may be used below.
                match what {
                    Lines::Class | Lines::Function => self.found.hidden.push(self.token_span(i + 1)),
                    Lines::Value(_) => self.found.hidden.push(self.token_span(i)),
                    Lines::Import | Lines::Control(_) | Lines::Call(_) => {}
                }
                self.tell(Foreign::Lines { span: self.span(from, to), all, what });
                self.replace(from, self.start(behind), "");
                self.found.done.push((from, self.start(behind)));
                i = behind;
                continue;
            }
            if starts && depth == 0 && self.is_word(i) && self.text(i + 1) == "=" {
                let is_literal = matches!(self.kind(i + 2), TokenKind::Number | TokenKind::String { .. })
                    || matches!(self.text(i + 2), "true" | "false" | "True" | "False");
                if is_literal && self.line_end(i) == i + 3 {
                    let (name, text) = (self.token_span(i), self.text(i).to_owned());
                    self.tell(Foreign::TopLevelValue { name, text });
                    self.replace(self.start(i), self.start(i), "hyper ");
                }
            }
            match self.kind(i) {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            i += 1;
        }
    }

    /// What of another language begins at the token, which begins a line at the top of a file.
    fn top_level(&self, i: usize, depth: usize) -> Option<Lines> {
        let (word, next) = (self.text(i), self.text(i + 1));
        let ends_in_colon = || self.text(self.last_of_line(i)) == ":";
        if word == "@" && self.is_word(i + 1) && depth == 0 {
            return Some(Lines::Function);
        }
        if !self.is_word(i) {
            return None;
        }
        match word {
            "class" if self.is_word(i + 1) && !self.opens_brace(i) => return Some(Lines::Class),
            "def" | "async" if self.is_word(i + 1) && !self.opens_brace(i) => return Some(Lines::Function),
            "from" if self.is_word(i + 1) => return Some(Lines::Import),
            "import" if self.is_word(i + 1) => {
                let (from, to) = (self.start(i), self.end(self.last_of_line(i)));
                let line = self.between(from, to);
                let is_module = MODULES.iter().any(|(name, _)| *name == next) || line.contains(" as ");
                return (is_module && !line.contains('"') && !line.contains(" from ")).then_some(Lines::Import);
            }
            "for" | "while" | "with" | "if" | "try" | "elif" | "else" | "except" | "finally" if ends_in_colon() => {
                return Some(Lines::Control(word.to_owned()));
            }
            _ => {}
        }
        if depth > 0 {
            return None;
        }
        match next {
            "." => {
                // `model.fit(…)`: the name before the parenthesis.
                let mut last = i;
                while self.text(last + 1) == "." && self.is_word(last + 2) {
                    last += 2;
                }
                (last > i && self.text(last + 1) == "(").then(|| Lines::Call(self.text(last).to_owned()))
            }
            "(" if word == "print" => Some(Lines::Call(word.to_owned())),
            "=" if matches!(self.kind(i + 2), TokenKind::Word | TokenKind::Open(_)) && self.line_end(i) > i + 3 => {
                Some(Lines::Value(word.to_owned()))
            }
            _ => None,
        }
    }

    /// Everything else, token by token.
    fn rest(&mut self) {
        // The open brackets, and whether each is an index.
        let mut open: Vec<(u8, bool)> = Vec::new();
        let mut in_signature = false;
        let mut begins = true;
        // What is done already, lines further down; and what we do on the way, which begins before where we are.
        let (mut lines, mut own) = (0..self.found.done.len(), self.found.done.len());
        let mut behind = 0;
        let mut i = 0;
        while i < self.tokens.len() {
            let at = self.start(i);
            while let Some((_, end)) =
                self.found.done.get(lines.start).filter(|(start, _)| !lines.is_empty() && *start <= at)
            {
                behind = behind.max(*end);
                lines.start += 1;
            }
            for (_, end) in self.found.done.get(own..).unwrap_or_default() {
                behind = behind.max(*end);
            }
            own = self.found.done.len();
            if at < behind {
                i += 1;
                continue;
            }
            let adjacent = i > 0 && self.end(i - 1) == self.start(i);
            if self.begins_line(i) && matches!(self.text(i), "model" | "block") && self.is_word(i + 1) {
                in_signature = true;
            }
            let starts_statement = std::mem::take(&mut begins);
            match self.kind(i) {
                TokenKind::Newline | TokenKind::Comment | TokenKind::SlashComment | TokenKind::BlockComment => {
                    begins = true;
                }
                TokenKind::Open(kind) => {
                    let is_operand = i > 0 && matches!(self.kind(i - 1), TokenKind::Word | TokenKind::Close(_));
                    if kind == b'{' {
                        in_signature = false;
                        begins = true;
                    } else if self.is_shape(i, in_signature) {
                        self.shape(i);
                    } else if kind == b'(' && i > 0 && READERS.contains(&self.text(i - 1)) {
                        self.paths(i);
                    }
                    open.push((kind, kind == b'[' && adjacent && is_operand && !in_signature));
                }
                TokenKind::Close(_) => {
                    open.pop();
                }
                TokenKind::Symbol => match self.text(i) {
                    ";" => begins = true,
                    // `t[a .. f, except: c]` has an argument.
                    ":" if open.last() == Some(&(b'[', true)) && !self.is_exception(i) => i = self.slice(i),
                    "..." => {
                        let (start, end) = (self.start(i), self.end(i));
                        self.tell(Foreign::LookAlike { span: self.span(start, end), found: "...".into(), meant: ".." });
                        self.replace(start, end, "..");
                    }
                    _ => {}
                },
                TokenKind::Other => self.look_alike(i),
                TokenKind::Word => {
                    let in_body = open.last().is_some_and(|(kind, _)| *kind == b'{');
                    if !(starts_statement && in_body && self.statement(i)) {
                        self.word(i);
                    }
                }
                _ => {}
            }
            i += 1;
        }
    }

    /// Whether the bracket is that of a type.
    fn is_shape(&self, open: usize, in_signature: bool) -> bool {
        let Some(before) = open.checked_sub(1) else { return false };
        let is_declared = open >= 3 && matches!(self.text(open - 3), "weight" | "constant");
        match self.text(before) {
            ":" => in_signature || is_declared,
            // A model may be called so.
            "float" | "int" | "bool" => in_signature && before > 0 && matches!(self.text(before - 1), ":" | "->"),
            "->" => in_signature && self.kind(open) == TokenKind::Open(b'['),
            _ => false,
        }
    }

    /// The shape of a type: in which brackets it stands, and whether it begins with the batch.
    fn shape(&mut self, open: usize) {
        if self.kind(open) == TokenKind::Open(b'(') {
            let Some(close) = self.close_of(open).filter(|close| self.text(*close) == ")") else { return };
            self.tell(Foreign::TupleShape { open: self.token_span(open), close: self.token_span(close) });
            self.replace(self.start(open), self.end(open), "[");
            self.replace(self.start(close), self.end(close), "]");
        }
        let last = match (self.text(open + 1), self.text(open + 2)) {
            ("None" | "none" | "?" | "batch" | "batch_size", ",") => open + 1,
            ("-", "1") if self.text(open + 3) == "," => open + 2,
            _ => return,
        };
        let span = self.span(self.start(open + 1), self.end(last));
        let removed = self.span(self.start(open + 1), self.start(last + 2));
        self.tell(Foreign::BatchAxis { span, removed });
        self.replace(self.start(open + 1), self.start(last + 2), "");
        self.found.done.push((self.start(open + 1), self.start(last + 2)));
    }

    /// The arguments of what reads files: paths among them that have no quotes.
    fn paths(&mut self, open: usize) {
        let is_piece = |kind: TokenKind, text: &str| match kind {
            TokenKind::Word | TokenKind::Number | TokenKind::Other => true,
            TokenKind::Symbol => matches!(text, "/" | "." | ".." | "-" | ":" | "*" | "+" | "@" | "%"),
            _ => false,
        };
        let mut depth = 0_usize;
        let mut i = open;
        while i < self.tokens.len() {
            match self.kind(i) {
                TokenKind::Open(b'{') => return,
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
            let begins = matches!(self.text(i), "(" | "[" | "," | ":" | "=");
            i += 1;
            if !begins || self.text(i + 1) == ":" && !matches!(self.text(i + 2), "/" | "\\") {
                continue;
            }
            let mut last = i;
            while self.end(last) == self.start(last + 1) && is_piece(self.kind(last + 1), self.text(last + 1)) {
                last += 1;
            }
            let (start, end) = (self.start(i), self.end(last));
            let path = self.between(start, end);
            let is_whole = matches!(self.text(last + 1), "," | ")" | "]") || self.kind(last + 1) == TokenKind::Newline;
            if last > i && is_piece(self.kind(i), self.text(i)) && is_whole && path.contains(['/', '.', '\\']) {
                let path = path.replace('\\', "/");
                self.replace(start, end, format!("\"{path}\""));
                self.tell(Foreign::BarePath { span: self.span(start, end), path });
                self.found.done.push((start, end));
                i = last + 1;
            }
        }
    }

    /// Whether a colon within the brackets of an index is that of `except: column`.
    fn is_exception(&self, colon: usize) -> bool {
        colon.checked_sub(1).is_some_and(|name| self.text(name) == "except")
    }

    /// An axis of an index with a colon in it. Gives the last token of the axis.
    fn slice(&mut self, colon: usize) -> usize {
        let is_edge = |text: &str| matches!(text, "," | "[" | "]");
        let mut first = colon;
        let mut depth = 0_i32;
        while first > 0 && !(depth == 0 && is_edge(self.text(first - 1))) {
            match self.kind(first - 1) {
                TokenKind::Close(_) => depth += 1,
                TokenKind::Open(_) => depth -= 1,
                _ => {}
            }
            first -= 1;
        }
        let mut last = colon;
        let mut depth = 0_i32;
        let mut has_step = false;
        while last + 1 < self.tokens.len() && !(depth == 0 && is_edge(self.text(last + 1))) {
            match self.kind(last + 1) {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) => depth -= 1,
                TokenKind::Newline if depth == 0 => break,
                _ => has_step |= depth == 0 && self.text(last + 1) == ":",
            }
            last += 1;
        }
        let (start, end) = (self.start(first), self.end(last));
        let before = self.between(start, self.start(colon)).trim();
        let behind = self.between(self.end(colon), end).trim();
        let instead = format!(
            "{before}{}..{}{behind}",
            if before.is_empty() { "" } else { " " },
            if behind.is_empty() { "" } else { " " }
        );
        // `t[a .. d, exept: b]` is an argument with its name.
        if nearest(before, ["except"]).is_some() {
            return last;
        }
        let span = self.span(start, end);
        if has_step {
            self.tell(Foreign::Slice { span, instead: None });
            self.replace(start, end, "..");
        } else {
            self.tell(Foreign::Slice { span, instead: Some(instead) });
            // What begins with the range begins where the colon stands.
            self.replace(self.start(colon), self.end(colon), if before.is_empty() { ".. " } else { " .. " });
        }
        last
    }

    /// Signs that a word processor or another keyboard makes.
    fn look_alike(&mut self, i: usize) {
        let meant = match self.text(i) {
            "–" | "—" | "−" | "‐" | "‑" => "-",
            "×" | "·" | "⋅" | "∗" => "*",
            "÷" | "∕" => "/",
            "≥" => ">=",
            "≤" => "<=",
            "≠" => "!=",
            "，" | "、" => ",",
            "：" => ":",
            "；" => ";",
            "＝" => "=",
            "＋" => "+",
            "…" => "..",
            "｜" => "|",
            HIDDEN => {
                // Not the one that we write ourselves.
                self.replace(self.start(i), self.end(i), "\u{FFFD}");
                return;
            }
            _ => return,
        };
        let (span, found) = (self.token_span(i), self.text(i).to_owned());
        self.replace(self.start(i), self.end(i), meant);
        self.tell(Foreign::LookAlike { span, found, meant });
    }

    /// A word that begins a statement. Whether it was one of another language.
    fn statement(&mut self, i: usize) -> bool {
        let (word, next) = (self.text(i).to_owned(), self.text(i + 1).to_owned());
        let on_line = self.kind(i + 1) != TokenKind::Newline && !matches!(next.as_str(), "" | "}" | ":" | "=" | "|>");
        match word.as_str() {
            "return" if on_line => {
                let (start, end) = (self.start(i), self.start(i + 1));
                self.tell(Foreign::Return { span: self.span(start, end) });
                self.replace(start, end, "");
            }
            "const" | "var" | "val" | "auto" | "final" if self.is_word(i + 1) && self.text(i + 2) == "=" => {
                let span = self.token_span(i);
                self.tell(Foreign::Binding { word: span, text: word, replaced: span, by: "let" });
                self.replace(self.start(i), self.end(i), "let");
            }
            "let" if matches!(next.as_str(), "mut" | "const" | "var") && self.is_word(i + 2) => {
                let replaced = self.span(self.start(i + 1), self.start(i + 2));
                self.tell(Foreign::Binding { word: self.token_span(i + 1), text: next, replaced, by: "" });
                self.replace(self.start(i + 1), self.start(i + 2), "");
            }
            "for" | "while" if on_line => self.control(i, word),
            "def" | "class" | "function" | "with" if self.is_word(i + 1) => self.control(i, word),
            _ if matches!(next.as_str(), "+=" | "-=" | "*=" | "/=") => self.in_place(i),
            _ => return false,
        }
        true
    }

    /// A loop or function, with all that it holds.
    fn control(&mut self, i: usize, word: String) {
        let first_line = self.last_of_line(i);
        let brace = (i..self.line_end(i)).find(|t| self.kind(*t) == TokenKind::Open(b'{'));
        let behind = match brace {
            Some(brace) => self.close_of(brace).map_or(self.source.len(), |close| self.end(close)),
            None => {
                let end = self.line_end(i);
                let indent = line_indent(self.source, self.start(i));
                let behind = if self.text(first_line) == ":" { self.block_end(end, indent) } else { end };
                self.start(behind)
            }
        };
        let start = self.start(i);
        let line = self.between(start, behind).lines().next().map_or(0, |l| l.trim_end_matches([' ', '{']).len());
        self.tell(Foreign::Control { span: self.span(start, start + line), word });
        self.replace(start, behind, HIDDEN);
        self.found.done.push((start, behind));
    }

    /// `h += x`
    fn in_place(&mut self, i: usize) {
        let (name, operator) = (self.text(i).to_owned(), self.text(i + 1).to_owned());
        let last = self.last_of_line(i);
        let last = if self.kind(last) == TokenKind::Close(b'}') { last - 1 } else { last };
        if last < i + 2 {
            return;
        }
        let rest = self.between(self.start(i + 2), self.end(last)).to_owned();
        let rest = if last > i + 2 && rest.contains([' ', '|']) { format!("({rest})") } else { rest };
        let sign = operator.trim_end_matches('=');
        let instead = format!("let {name} = {name} {sign} {rest}");
        let (start, end) = (self.start(i), self.end(last));
        self.tell(Foreign::InPlace { span: self.span(start, end), operator, instead: instead.clone() });
        self.replace(start, end, instead);
        self.found.done.push((start, end));
    }

    /// A word anywhere else.
    fn word(&mut self, i: usize) {
        let before = i.checked_sub(1).map_or("", |b| self.text(b)).to_owned();
        let next = self.text(i + 1).to_owned();
        let word = self.text(i).to_owned();
        let is_name = before != "." && !matches!(next.as_str(), ":" | "=" | "(");
        match word.as_str() {
            "self" if next == "." && self.is_word(i + 2) && before != "." => {
                let (start, end) = (self.start(i), self.start(i + 2));
                self.tell(Foreign::OfSelf { span: self.span(start, end) });
                self.replace(start, end, "");
            }
            "True" | "False" | "None" if is_name => {
                let meant = match word.as_str() {
                    "True" => "true",
                    "False" => "false",
                    _ => "none",
                };
                self.constant(i, word, meant, "Python");
            }
            "null" | "nil" if is_name => self.constant(i, word, "none", "other languages"),
            "lambda" if next == ":" || self.is_word(i + 1) => {
                let end = self.argument_end(i);
                let (start, end) = (self.start(i), self.end(end));
                self.tell(Foreign::Lambda { span: self.span(start, end) });
                self.replace(start, end, HIDDEN);
                self.found.done.push((start, end));
            }
            "if" => self.conditional(i),
            "f" | "F" | "r" | "R" | "b" | "u" | "rb" | "fr" | "rf" if self.end(i) == self.start(i + 1) => {
                let quoted = self.text(i + 1).to_owned();
                if !matches!(self.kind(i + 1), TokenKind::String { closed: true } | TokenKind::SingleQuoted) {
                    return;
                }
                let content: String = quoted.chars().skip(1).take(quoted.chars().count().saturating_sub(2)).collect();
                let raw = word.contains(['r', 'R']);
                let content = if raw { content.replace('\\', "\\\\") } else { content };
                let instead = format!("\"{content}\"");
                let is_format = word.contains(['f', 'F']) && content.contains('{');
                let (start, end) = (self.start(i), self.end(i + 1));
                let span = self.span(start, end);
                self.tell(Foreign::PrefixedString { span, instead: instead.clone(), is_format });
                self.replace(start, end, instead);
                self.found.done.push((start, end));
            }
            _ => {}
        }
    }

    fn constant(&mut self, i: usize, text: String, meant: &'static str, language: &'static str) {
        self.tell(Foreign::Constant { span: self.token_span(i), text, meant, language });
        self.replace(self.start(i), self.end(i), meant);
    }

    /// The last token before what ends an argument: a comma, a closing bracket, the end of the line.
    fn argument_end(&self, i: usize) -> usize {
        let mut depth = 0_usize;
        let mut last = i;
        for t in i..self.tokens.len() {
            match self.kind(t) {
                TokenKind::Open(_) => depth += 1,
                TokenKind::Close(_) if depth == 0 => break,
                TokenKind::Close(_) => depth -= 1,
                TokenKind::Newline | TokenKind::Comment if depth == 0 => break,
                TokenKind::Symbol if depth == 0 && matches!(self.text(t), "," | ";" | "|>") && t > i => break,
                _ => {}
            }
            last = t;
        }
        last
    }

    /// `a if c else b`
    fn conditional(&mut self, i: usize) {
        let Some(before) = i.checked_sub(1) else { return };
        let is_operand = match self.kind(before) {
            TokenKind::Number | TokenKind::Close(_) | TokenKind::String { .. } => self.text(before) != "}",
            TokenKind::Word => !matches!(self.text(before), "else" | "and" | "or" | "not" | "then" | "return"),
            _ => false,
        };
        let last = self.argument_end(i);
        let otherwise = (i..last).find(|t| self.text(*t) == "else");
        let Some(otherwise) = otherwise else { return };
        if !is_operand || (i..last).any(|t| self.kind(t) == TokenKind::Open(b'{')) {
            return;
        }
        let mut first = i;
        let mut depth = 0_usize;
        while let Some(t) = first.checked_sub(1) {
            match self.kind(t) {
                TokenKind::Close(_) => depth += 1,
                TokenKind::Open(_) if depth == 0 => break,
                TokenKind::Open(_) => depth -= 1,
                TokenKind::Newline => break,
                TokenKind::Symbol if depth == 0 && matches!(self.text(t), "=" | ":" | "," | ";") => break,
                _ => {}
            }
            first = t;
        }
        let part = |from: usize, to: usize| self.between(from, to).trim().to_owned();
        let (start, end) = (self.start(first), self.end(last));
        let instead = format!(
            "if {} {{ {} }} else {{ {} }}",
            part(self.end(i), self.start(otherwise)),
            part(start, self.start(i)),
            part(self.end(otherwise), end)
        );
        self.tell(Foreign::Conditional { span: self.span(start, end), instead: instead.clone() });
        self.replace(start, end, instead);
        self.found.done.push((start, end));
    }
}
