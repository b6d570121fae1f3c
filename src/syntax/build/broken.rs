//! A second look at what is no statement or item: where it goes wrong, and what could stand there.

use super::Builder;
use super::statements::Place;
use crate::source::Span;
use crate::syntax::error::SyntaxError;
use crate::syntax::parse::{NnParser, Rule};
use crate::syntax::repair::{ITEM_WORDS, RESERVED};
use crate::syntax::tokens::{Token, TokenKind, scan};
use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

impl Builder<'_> {
    /// Reports why a `broken_statement` (in its place) or a `broken_item` cannot be parsed.
    pub(super) fn broken(&mut self, pair: &Pair<'_, Rule>, place: Option<Place>) {
        let text = pair.as_str();
        let base = pair.as_span().start();
        let rule = if place.is_some() { Rule::only_statement } else { Rule::only_item };
        let (at, rules) = match NnParser::parse(rule, text) {
            Ok(_) => (text.len(), Vec::new()),
            Err(error) => {
                let at = match error.location {
                    InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
                };
                let rules = match error.variant {
                    ErrorVariant::ParsingError { positives, .. } => positives,
                    ErrorVariant::CustomError { .. } => Vec::new(),
                };
                (at, rules)
            }
        };
        let tokens: Vec<Token> = scan(text).into_iter().filter(|t| !t.is_trivia()).collect();
        let previous = tokens.iter().rev().find(|t| t.end <= at).copied();
        let next = tokens.iter().find(|t| t.end > at).copied();
        let (start, end) = next.map_or((text.len(), text.len()), |t| (t.start, t.end));
        let span = self.span_of(base + start, base + end);
        let found = next.map_or("the end of the line".to_owned(), |t| describe(t, text));

        if let (Some(next), Some(previous)) = (next, previous) {
            let word = next.text(text);
            let binds =
                matches!(previous.text(text), "let" | "hyper" | "block" | "model" | "data" | "phase" | "field" | "as");
            if binds && RESERVED.contains(&word) {
                self.report(SyntaxError::Reserved { span, word: word.to_owned() });
                return;
            }
        }
        let first = tokens.first().map_or("", |t| t.text(text));
        let in_settings = !matches!(place, None | Some(Place::Body | Place::Expect));
        if let (Some(next), Some(previous)) = (next, previous)
            && in_settings
            && tokens.first() == Some(&previous)
            && previous.kind == TokenKind::Word
            && !matches!(first, "let" | "field" | "phase" | "group")
            && matches!(
                next.kind,
                TokenKind::Number | TokenKind::String { .. } | TokenKind::Word | TokenKind::Open(b'[')
            )
        {
            let key = self.span_of(base + previous.start, base + previous.end);
            self.report(SyntaxError::MissingColon { key, text: first.to_owned() });
            return;
        }
        let expected = self.expected(&rules, text, &tokens, previous, next, first, place);
        let span = if next.is_none() {
            let last = text.chars().next_back().map_or(0, char::len_utf8) as u32;
            Span { start: span.start.saturating_sub(last).max(self.span(pair).start), ..span }
        } else {
            span
        };
        self.report(SyntaxError::Unexpected { span, expected, found });
    }

    #[allow(clippy::too_many_arguments)]
    fn expected(
        &self,
        rules: &[Rule],
        text: &str,
        tokens: &[Token],
        previous: Option<Token>,
        next: Option<Token>,
        first: &str,
        place: Option<Place>,
    ) -> String {
        let before = previous.map_or("", |t| t.text(text));
        let Some(previous) = previous else {
            return match place {
                None => {
                    "an item: `model`, `block`, `data`, `train`, `hyper`, `import`, `expect`, `sweep` or `let`".into()
                }
                Some(Place::Body) => "a value, a layer or `let`".into(),
                Some(Place::Data) => "`let`, `field` or `split:`".into(),
                Some(Place::Expect) => "a fact such as `test.accuracy >= 0.9`".into(),
                Some(_) => "a setting such as `epochs: 10`".into(),
            };
        };
        if place.is_none() && tokens.len() > 1 && previous == tokens[0] && !ITEM_WORDS.contains(&first) {
            return "an item: `model`, `block`, `data`, `train`, `hyper`, `import`, `expect`, `sweep` or `let`".into();
        }
        let wants = |rule: Rule| rules.contains(&rule);
        let is_operand = matches!(
            previous.kind,
            TokenKind::Word | TokenKind::Number | TokenKind::String { .. } | TokenKind::Close(_)
        ) && !RESERVED.contains(&before);
        match before {
            "|>" => return "a layer or function after `|>`".into(),
            "then" => return "a schedule after `then`".into(),
            "->" => return "the outputs of the signature after `->`".into(),
            "let" => return "a name after `let`".into(),
            "if" => return "a condition after `if`".into(),
            "repeat" => return "a number of copies after `repeat`".into(),
            "scan" => return "what to walk after `scan`".into(),
            "else" => return "`{` after `else`".into(),
            "residual" => return "`{` and a stage after `residual`".into(),
            "block" | "model" | "data" | "hyper" | "phase" | "field" | "weight" | "constant"
                if wants(Rule::name) || wants(Rule::word) =>
            {
                return format!("a name after `{before}`");
            }
            "train" => return "the name of a model after `train`, as in `train Net on iris {`".into(),
            "on" if wants(Rule::path) => return "the name of a data item after `on`".into(),
            "import" => return "a path such as \"blocks.nn\" or names after `import`".into(),
            _ => {}
        }
        let seen = |mark: &str| tokens.iter().any(|t| t.end <= previous.end && t.text(text) == mark);
        if first == "weight" && is_operand && !seen(":") {
            return "`:` and a type".into();
        }
        if wants(Rule::type_expr) || wants(Rule::scalar_kind) {
            return format!("a type after `{before}`");
        }
        if wants(Rule::kw_on) && first == "train" {
            return "`on` and the name of a data item".into();
        }
        if wants(Rule::kw_from) {
            return "`from` and a path".into();
        }
        if wants(Rule::kw_as) && first != "import" && is_operand {
            return "`as` and a name for one step".into();
        }
        let statement_word = matches!(first, "let" | "hyper" | "weight" | "constant" | "field");
        if statement_word && is_operand && !seen("=") {
            return match first {
                "weight" => "`=` and how the weight starts".into(),
                _ => format!("`=` and a value after `{before}`"),
            };
        }
        if is_operand && place.is_none() && matches!(first, "model" | "block") {
            return match (previous.kind, wants(Rule::tensor_list)) {
                (TokenKind::Word, true) => format!("`(` and the inputs after `{before}`"),
                _ => "`->` or `{`".into(),
            };
        }
        if wants(Rule::body) && is_operand {
            return format!("`{{` after `{before}`");
        }
        let in_settings = !matches!(place, None | Some(Place::Body | Place::Expect));
        if in_settings && tokens.first() == Some(&previous) && previous.kind == TokenKind::Word {
            return format!("`:` and a value after `{before}`");
        }
        if is_operand && next.is_some() {
            let inside = open_bracket(tokens, previous);
            return match inside {
                Some(b'(') => "`,` or `)`".into(),
                Some(b'[') => "`,` or `]`".into(),
                Some(_) => "an operator, `;` or a new line".into(),
                None => "an operator, `|>` or the end of the statement".into(),
            };
        }
        if is_operand {
            return "more".into();
        }
        match before {
            "" => "a value".into(),
            _ => format!("a value after `{before}`"),
        }
    }
}

/// The innermost bracket that is open behind `token`.
fn open_bracket(tokens: &[Token], token: Token) -> Option<u8> {
    let mut open = Vec::new();
    for t in tokens.iter().take_while(|t| t.end <= token.end) {
        match t.kind {
            TokenKind::Open(kind) => open.push(kind),
            TokenKind::Close(_) => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

fn describe(token: Token, text: &str) -> String {
    let written = token.text(text);
    match token.kind {
        TokenKind::String { .. } => format!("the text {written}"),
        _ => format!("`{written}`"),
    }
}
