//! Expressions: precedence, and the forms that an operand may have.

use super::Builder;
use super::literals::duration_unit;
use crate::source::Span;
use crate::syntax::ast::{Arg, BinaryOperator, DurationUnit, Expr, ExprKind, Ident, RecordEntry, UnaryOperator};
use crate::syntax::error::SyntaxError;
use crate::syntax::foreign_finder::MODULES;
use crate::syntax::parse::Rule;
use pest::iterators::Pair;
use std::collections::VecDeque;

/// How tightly operators bind; higher binds tighter.
pub(super) mod level {
    pub const THEN: u8 = 1;
    pub const PIPE: u8 = 2;
    pub const OR: u8 = 3;
    pub const AND: u8 = 4;
    pub const NOT: u8 = 5;
    pub const COMPARE: u8 = 6;
    pub const RANGE: u8 = 7;
    pub const ADD: u8 = 8;
    pub const MULTIPLY: u8 = 9;
    pub const NEGATE: u8 = 10;
    pub const POWER: u8 = 11;
}

#[derive(Clone, Copy, PartialEq)]
enum Infix {
    Pipe,
    Range,
    Binary(BinaryOperator),
}

pub(super) type Pieces<'i> = VecDeque<Pair<'i, Rule>>;

fn infix(pair: &Pair<'_, Rule>) -> Option<(Infix, u8)> {
    use BinaryOperator as B;
    if pair.as_rule() == Rule::dots {
        return Some((Infix::Range, level::RANGE));
    }
    if pair.as_rule() != Rule::infix {
        return None;
    }
    let (operator, level) = match pair.as_str() {
        "|>" | "->" | "→" | "=>" | ">>" | "%>%" | "|" => return Some((Infix::Pipe, level::PIPE)),
        "then" => (B::Then, level::THEN),
        "or" | "||" => (B::Or, level::OR),
        "and" | "&&" => (B::And, level::AND),
        "==" | "=" => (B::Equal, level::COMPARE),
        "!=" => (B::NotEqual, level::COMPARE),
        "<" => (B::Less, level::COMPARE),
        "<=" => (B::LessEqual, level::COMPARE),
        ">" => (B::Greater, level::COMPARE),
        ">=" => (B::GreaterEqual, level::COMPARE),
        "+" => (B::Add, level::ADD),
        "-" => (B::Subtract, level::ADD),
        "*" => (B::Multiply, level::MULTIPLY),
        "/" | "//" | "%" => (B::Divide, level::MULTIPLY),
        "@" => (B::MatrixMultiply, level::MULTIPLY),
        "^" | "**" => (B::Power, level::POWER),
        _ => return None,
    };
    Some((Infix::Binary(operator), level))
}

impl Builder<'_> {
    /// An `expr` pair.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut pieces: Pieces<'_> = pair.into_inner().collect();
        let expr = self.climb(&mut pieces, 0);
        // Only a grammar that changed under this file leaves pieces over.
        if pieces.is_empty() { expr } else { Expr { kind: ExprKind::Error, span } }
    }

    pub(super) fn climb(&mut self, pieces: &mut Pieces<'_>, least: u8) -> Expr {
        let leading_dots = pieces.front().filter(|p| p.as_rule() == Rule::dots).map(|dots| self.span(dots));
        let mut left = self.operand(pieces);
        // Where the operators of this level stood, for chains that are not allowed.
        let mut previous: Option<(Span, u8)> = None;
        while let Some((operator, level)) = pieces.front().and_then(infix) {
            if level < least {
                break;
            }
            let Some(pair) = pieces.pop_front() else { break };
            let op_span = self.span(&pair);
            self.foreign_operator(&pair, op_span);
            let mut middle = None;
            if let Some((first, before)) = previous
                && before == level
                && matches!(level, level::COMPARE | level::RANGE)
            {
                middle = self.chained(first, op_span, &left, level == level::COMPARE);
            }
            // `.. b .. c`
            if previous.is_none()
                && matches!(operator, Infix::Range)
                && matches!(left.kind, ExprKind::Range { start: None, .. })
                && let Some(first) = leading_dots
            {
                middle = self.chained(first, op_span, &left, false);
            }
            previous = Some((op_span, level));
            left = match operator {
                Infix::Range => {
                    let end =
                        pieces.front().is_some_and(starts_operand).then(|| Box::new(self.climb(pieces, level + 1)));
                    let span = end.as_ref().map_or(left.span.to(op_span), |e| left.span.to(e.span));
                    match end.is_none() && self.goes_on_without_end(pieces, op_span) {
                        true => Expr { kind: ExprKind::Error, span },
                        false => Expr { kind: ExprKind::Range { start: Some(Box::new(left)), end }, span },
                    }
                }
                Infix::Pipe => {
                    let stage = self.right_operand(pieces, level + 1, op_span, pair.as_str());
                    self.pipe(left, stage)
                }
                Infix::Binary(op) => {
                    let next = if op == BinaryOperator::Power { level } else { level + 1 };
                    // `2 ^ -x`: the sign binds looser, but nothing else can be meant.
                    let right = self.right_operand(pieces, next, op_span, pair.as_str());
                    let span = left.span.to(right.span);
                    let binary = |op, left: Expr, right: Expr| {
                        let span = left.span.to(right.span);
                        let kind = ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) };
                        Expr { kind, span }
                    };
                    match middle {
                        _ if pair.as_str() == "%" => Expr { kind: ExprKind::Error, span },
                        // What is meant by a chain of comparisons.
                        Some(middle) => binary(BinaryOperator::And, left, binary(op, middle, right)),
                        None => binary(op, left, right),
                    }
                }
            };
        }
        left
    }

    fn right_operand(&mut self, pieces: &mut Pieces<'_>, least: u8, operator: Span, text: &str) -> Expr {
        match pieces.front() {
            Some(pair) if starts_operand(pair) => self.climb(pieces, least),
            _ => {
                if pieces.front().is_some_and(|p| p.as_rule() == Rule::missing_operand) {
                    pieces.pop_front();
                }
                self.report(SyntaxError::MissingOperand { operator, text: text.to_owned() });
                Expr { kind: ExprKind::Error, span: operator.end_point() }
            }
        }
    }

    /// Tells of an operator behind `..` that binds its operands closer than that does: `a .. + b`, `.. .. b`.
    fn goes_on_without_end(&mut self, pieces: &Pieces<'_>, dots: Span) -> bool {
        let goes_on = pieces.front().and_then(infix).is_some_and(|(_, level)| level >= level::RANGE);
        if goes_on {
            self.report(SyntaxError::MissingOperand { operator: dots, text: "..".to_owned() });
        }
        goes_on
    }

    /// Prefixes, the operand itself, and what follows it.
    fn operand(&mut self, pieces: &mut Pieces<'_>) -> Expr {
        let Some(first) = pieces.pop_front() else {
            return Expr { kind: ExprKind::Error, span: self.span_of(0, 0) };
        };
        let span = self.span(&first);
        match first.as_rule() {
            Rule::prefix => {
                let (op, level) = match first.as_str() {
                    "-" => (UnaryOperator::Negate, level::NEGATE),
                    "!" => {
                        self.report(SyntaxError::ForeignOperator { span, found: "!".into(), meant: "not " });
                        (UnaryOperator::Not, level::NOT)
                    }
                    _ => (UnaryOperator::Not, level::NOT),
                };
                let operand = self.climb(pieces, level);
                let span = span.to(operand.span);
                Expr { kind: ExprKind::Unary { op, operand: Box::new(operand) }, span }
            }
            Rule::dots => {
                let end =
                    pieces.front().is_some_and(starts_operand).then(|| Box::new(self.climb(pieces, level::RANGE + 1)));
                if end.is_none() && self.goes_on_without_end(pieces, span) {
                    return Expr { kind: ExprKind::Error, span };
                }
                let span = end.as_ref().map_or(span, |e| span.to(e.span));
                Expr { kind: ExprKind::Range { start: None, end }, span }
            }
            _ => {
                let mut expr = self.primary(first);
                while let Some(next) = pieces.front()
                    && matches!(next.as_rule(), Rule::call | Rule::index | Rule::member | Rule::duration_unit)
                    && let Some(next) = pieces.pop_front()
                {
                    expr = self.postfix(expr, next);
                }
                expr
            }
        }
    }

    fn postfix(&mut self, base: Expr, pair: Pair<'_, Rule>) -> Expr {
        let own = self.span(&pair);
        let span = base.span.to(own);
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::call => ExprKind::Call { callee: Box::new(base), args: self.args(pair), args_span: own },
            Rule::index => ExprKind::Index { base: Box::new(base), args: self.args(pair), args_span: own },
            Rule::duration_unit => {
                let unit = duration_unit(pair.as_str().trim()).unwrap_or(DurationUnit::Epochs);
                ExprKind::Duration { amount: Box::new(base), unit }
            }
            _ => match pair.into_inner().next() {
                Some(name) if name.as_rule() == Rule::word => {
                    let name = self.ident(&name);
                    match self.of_module(&base) {
                        true => {
                            self.qualified.retain(|q| q.span != base.span);
                            self.qualified.push(Ident { name: name.name.clone(), span });
                            ExprKind::Name(name.name)
                        }
                        false => ExprKind::Field { base: Box::new(base), name },
                    }
                }
                _ => {
                    self.report(SyntaxError::MissingName { dot: own });
                    ExprKind::Error
                }
            },
        };
        Expr { kind, span }
    }

    /// Whether this is a module of another framework, `nn` or `torch.nn`, and nothing of this file.
    fn of_module(&self, base: &Expr) -> bool {
        let ExprKind::Name(name) = &base.kind else { return false };
        match self.text(base.span) {
            head if head == &**name => MODULES.iter().any(|(module, _)| *module == head) && !self.declares(head),
            _ => self.qualified.iter().any(|q| q.span == base.span),
        }
    }

    fn foreign_operator(&mut self, pair: &Pair<'_, Rule>, span: Span) {
        let error = match pair.as_str() {
            text @ ("->" | "→" | "=>" | ">>" | "%>%" | "|") => {
                SyntaxError::ArrowForPipe { span, text: text.to_owned() }
            }
            "=" => SyntaxError::EqualsForComparison { span },
            "%" => SyntaxError::Modulo { span },
            found @ ("||" | "&&" | "**" | "//") => {
                let meant = match found {
                    "||" => "or",
                    "&&" => "and",
                    "//" => "/",
                    _ => "^",
                };
                SyntaxError::ForeignOperator { span, found: found.to_owned(), meant }
            }
            _ => return,
        };
        self.report(error);
    }

    /// Reports `a < b < c`; gives its `b`.
    fn chained(&mut self, first: Span, second: Span, left: &Expr, comparison: bool) -> Option<Expr> {
        let middle = match &left.kind {
            // The second of two links is wrapped in the `and` that stands for them.
            ExprKind::Binary { op: BinaryOperator::And, right, .. } => match &right.kind {
                ExprKind::Binary { right, .. } => right,
                _ => right,
            },
            ExprKind::Binary { right, .. } => right,
            _ => left,
        };
        let (span, middle_text) = (middle.span, self.text(middle.span).to_owned());
        self.report(SyntaxError::Chained { first, second, middle: span, middle_text, comparison });
        comparison.then(|| middle.clone())
    }

    /// `left |> stage`. Arithmetic in the stage is meant for the result: it is reported, and done that way.
    fn pipe(&mut self, left: Expr, stage: Expr) -> Expr {
        match stage.kind {
            ExprKind::Binary { op, op_span: arithmetic, left: inner, right } => {
                let innermost = leftmost(&inner);
                let pipeline = left.span.to(innermost.0);
                if innermost.1 {
                    self.report(SyntaxError::ArithmeticAfterPipe { pipeline, operator: arithmetic, text: op.text() });
                }
                let piped = self.pipe(left, *inner);
                let span = piped.span.to(right.span);
                Expr { kind: ExprKind::Binary { op, op_span: arithmetic, left: Box::new(piped), right }, span }
            }
            _ => {
                let span = left.span.to(stage.span);
                Expr { kind: ExprKind::Pipe { input: Box::new(left), stage: Box::new(stage) }, span }
            }
        }
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::number => return self.number(&pair),
            Rule::string => ExprKind::String(self.string(&pair)),
            Rule::boolean => ExprKind::Bool(pair.as_str() == "true"),
            Rule::nothing => ExprKind::None,
            Rule::hole => ExprKind::Hole,
            Rule::name | Rule::word => ExprKind::Name(pair.as_str().into()),
            Rule::list => ExprKind::List(self.elements(pair).0),
            Rule::paren => {
                let (mut elements, trailing) = self.elements(pair);
                match elements.pop() {
                    Some(only) if elements.is_empty() && !trailing => ExprKind::Paren(Box::new(only)),
                    Some(last) => {
                        elements.push(last);
                        ExprKind::Tuple(elements)
                    }
                    None => ExprKind::Tuple(elements),
                }
            }
            Rule::record => ExprKind::Record(self.record(pair)),
            Rule::if_form => return self.if_form(pair),
            Rule::residual => self.residual(pair),
            Rule::repeat => self.repeat(pair),
            Rule::scan => self.scan(pair),
            _ => ExprKind::Error,
        };
        Expr { kind, span }
    }

    /// Expressions between brackets, and whether a comma ends them.
    pub(super) fn elements(&mut self, pair: Pair<'_, Rule>) -> (Vec<Expr>, bool) {
        let mut elements = Vec::new();
        let mut trailing = false;
        for inner in pair.into_inner() {
            if inner.as_rule() == Rule::expr {
                elements.push(self.expr(inner));
            } else if inner.as_rule() == Rule::named_element {
                let span = self.span(&inner);
                if let (Some(name), Some(value)) = self.named_value(inner) {
                    elements.push(Expr { kind: ExprKind::Named { name, value: Box::new(value) }, span });
                }
            } else {
                trailing |= inner.as_rule() == Rule::trailing_comma;
                self.is_marker(&inner);
            }
        }
        (elements, trailing)
    }

    /// The arguments of a `call` or `index` pair.
    pub(super) fn args(&mut self, pair: Pair<'_, Rule>) -> Vec<Arg> {
        let mut args = Vec::new();
        for inner in pair.into_inner() {
            if inner.as_rule() == Rule::argument {
                args.push(self.argument(inner));
            } else {
                self.is_marker(&inner);
            }
        }
        args
    }

    fn argument(&mut self, pair: Pair<'_, Rule>) -> Arg {
        let span = self.span(&pair);
        let (name, value) = self.named_value(pair);
        Arg { name, value: value.unwrap_or(Expr { kind: ExprKind::Error, span }) }
    }

    /// `word: expr`, with `=` for `:` or without a value reported; or an expression alone.
    pub(super) fn named_value(&mut self, pair: Pair<'_, Rule>) -> (Option<Ident>, Option<Expr>) {
        let whole = self.span(&pair);
        let (mut name, mut value) = (None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::word | Rule::name | Rule::key => name = Some(self.ident(&inner)),
                Rule::wrong_equals => self.equals_for_colon(&inner, name.as_ref()),
                Rule::missing_colon => self.missing_colon(name.as_ref()),
                Rule::expr => value = Some(self.expr(inner)),
                Rule::missing_value => value = Some(self.missing_value(whole)),
                _ => {}
            }
        }
        (name, value)
    }

    pub(super) fn equals_for_colon(&mut self, pair: &Pair<'_, Rule>, name: Option<&Ident>) {
        let equals = self.span(pair);
        let start = name.map_or(equals.start, |n| n.span.end);
        let (span, text) = (Span { start, ..equals }, name.map_or(String::new(), |n| n.name.to_string()));
        let spaced = self.source.get(span.end as usize..).is_some_and(|t| t.starts_with(char::is_whitespace));
        self.report(SyntaxError::EqualsForColon { span, name: text, spaced });
    }

    /// Reports `name value` for `name: value`.
    pub(super) fn missing_colon(&mut self, name: Option<&Ident>) {
        if let Some(name) = name {
            self.report(SyntaxError::MissingColon { key: name.span, text: name.name.to_string() });
        }
    }

    /// Reports that nothing follows `of`, which is a `name:` or `name =`.
    pub(super) fn missing_value(&mut self, of: Span) -> Expr {
        let text = self.text(of).trim_end().to_owned();
        let of = Span { end: of.start + text.len() as u32, ..of };
        self.report(SyntaxError::MissingValue { of, text });
        Expr { kind: ExprKind::Error, span: of.end_point() }
    }

    fn record(&mut self, pair: Pair<'_, Rule>) -> Vec<RecordEntry> {
        let mut entries = Vec::new();
        for inner in pair.into_inner() {
            if self.is_marker(&inner) || inner.as_rule() != Rule::record_entry {
                continue;
            }
            let whole = self.span(&inner);
            let (mut key, mut value) = (None, None);
            for part in inner.into_inner() {
                match part.as_rule() {
                    Rule::word | Rule::list => key = Some(self.primary(part)),
                    Rule::wrong_equals => {
                        let name = key.as_ref().map(|k: &Expr| Ident { name: self.text(k.span).into(), span: k.span });
                        self.equals_for_colon(&part, name.as_ref());
                    }
                    Rule::expr => value = Some(self.expr(part)),
                    Rule::missing_value => value = Some(self.missing_value(whole)),
                    _ => {}
                }
            }
            if let (Some(key), Some(value)) = (key, value) {
                entries.push(RecordEntry { key, value });
            }
        }
        entries
    }
}

fn starts_operand(pair: &Pair<'_, Rule>) -> bool {
    !matches!(pair.as_rule(), Rule::infix | Rule::dots | Rule::missing_operand)
}

/// The span of the stage itself in `stage + a * b`, and whether the left operand is that stage (and no more arithmetic).
fn leftmost(expr: &Expr) -> (Span, bool) {
    match &expr.kind {
        ExprKind::Binary { left, .. } => (leftmost(left).0, false),
        _ => (expr.span, true),
    }
}
