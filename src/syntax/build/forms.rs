//! The forms that hold bodies: `if`, `residual`, `repeat`, `scan`, with their braces or without.

use super::Builder;
use super::expressions::{Pieces, level};
use crate::diagnostics::Edit;
use crate::source::Span;
use crate::syntax::ast::{Arg, Body, Expr, ExprKind, StatementKind};
use crate::syntax::error::SyntaxError;
use crate::syntax::parse::Rule;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn if_form(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let (mut condition, mut then_body, mut else_body) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::expr => condition = Some(self.expr(inner)),
                Rule::body if then_body.is_none() => then_body = Some(self.body(inner)),
                Rule::body => else_body = Some(self.body(inner)),
                Rule::if_form => {
                    let other = self.if_form(inner);
                    let span = other.span;
                    else_body = Some(Body { statements: Vec::new(), result: Some(Box::new(other)), span });
                }
                _ => {}
            }
        }
        let kind = match (condition, then_body) {
            (Some(condition), Some(then_body)) => ExprKind::If { condition: Box::new(condition), then_body, else_body },
            _ => ExprKind::Error,
        };
        Expr { kind, span }
    }

    pub(super) fn residual(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let whole = self.span(&pair);
        let (mut args, mut args_span) = (Vec::new(), whole);
        let mut body = None;
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::call => {
                    args_span = self.span(&inner);
                    args = self.args(inner);
                }
                Rule::body => body = Some(self.body(inner)),
                Rule::bare_stage => body = Some(self.bare_stage(inner, "residual")),
                _ => {}
            }
        }
        if let Some(body) = body {
            return ExprKind::Residual { args, body };
        }
        match <[Arg; 1]>::try_from(args) {
            Ok([Arg { name: None, value }]) => {
                let body = self.called_stage(value, args_span, "residual");
                ExprKind::Residual { args: Vec::new(), body }
            }
            _ => self.no_stage(whole, "residual"),
        }
    }

    /// A stage that lacks its braces.
    fn bare_stage(&mut self, pair: Pair<'_, Rule>, form: &'static str) -> Body {
        let mut pieces: Pieces<'_> = pair.into_inner().collect();
        let stage = self.climb(&mut pieces, level::POWER);
        let edits = vec![
            Edit { span: stage.span.start_point(), text: "{ ".into() },
            Edit { span: stage.span.end_point(), text: " }".into() },
        ];
        self.report(SyntaxError::MissingBraces { stage: stage.span, form, edits });
        Body { statements: Vec::new(), span: stage.span, result: Some(Box::new(stage)) }
    }

    /// A stage in the parentheses of `call` that should be braces.
    fn called_stage(&mut self, stage: Expr, call: Span, form: &'static str) -> Body {
        let edits = vec![self.opening_brace(call, stage.span), self.closing_brace(call, stage.span)];
        self.report(SyntaxError::MissingBraces { stage: call, form, edits });
        Body { statements: Vec::new(), span: stage.span, result: Some(Box::new(stage)) }
    }

    /// What is meant by a count that no body follows: `repeat(3, stage)`, `repeat 3 (stage)`.
    fn repeat_of(&mut self, count: Expr, whole: Span) -> ExprKind {
        match count.kind {
            // The count reaches as far as an expression does.
            ExprKind::Pipe { input, stage } => {
                let span = whole.start_point().to(input.span);
                let kind = self.repeat_of(*input, span);
                ExprKind::Pipe { input: Box::new(Expr { kind, span }), stage }
            }
            ExprKind::Tuple(parts) => {
                let Ok([times, stage]) = <[Expr; 2]>::try_from(parts) else { return self.no_stage(whole, "repeat") };
                let edits = vec![
                    Edit { span: count.span.start_point().to(times.span.start_point()), text: " ".into() },
                    Edit { span: times.span.end_point().to(stage.span.start_point()), text: " { ".into() },
                    self.closing_brace(count.span, stage.span),
                ];
                self.report(SyntaxError::MissingBraces { stage: stage.span, form: "repeat", edits });
                let body = Body { statements: Vec::new(), span: stage.span, result: Some(Box::new(stage)) };
                ExprKind::Repeat { count: Box::new(times), body }
            }
            ExprKind::Call { callee, args, args_span }
                if matches!(callee.kind, ExprKind::Number(_) | ExprKind::Name(_)) =>
            {
                match <[Arg; 1]>::try_from(args) {
                    Ok([Arg { name: None, value }]) => {
                        let body = self.called_stage(value, args_span, "repeat");
                        ExprKind::Repeat { count: callee, body }
                    }
                    _ => self.no_stage(whole, "repeat"),
                }
            }
            _ => self.no_stage(whole, "repeat"),
        }
    }

    /// Reports that no stage follows `residual` or `repeat n`.
    fn no_stage(&mut self, form: Span, word: &'static str) -> ExprKind {
        let end = form.start as usize + self.text(form).trim_end().len();
        let tokens = self.tokens();
        let next = tokens.get(tokens.partition_point(|t| t.start < end)).filter(|t| !t.is_trivia());
        let (span, found) = match next {
            Some(token) => (Span::new(self.file, token.start, token.end), format!("`{}`", token.text(self.source))),
            None => (form, "the end of the line".to_owned()),
        };
        let expected = format!("`{{` and a stage after `{word}`");
        self.report(SyntaxError::Unexpected { span, expected, found });
        ExprKind::Error
    }

    /// The edit that makes the parenthesis before a stage a brace, with space around it.
    fn opening_brace(&self, call: Span, stage: Span) -> Edit {
        let span = match self.text(call).starts_with('(') {
            true => Span { end: call.start + 1, ..call },
            false => call.start_point().to(stage.start_point()),
        };
        let behind = self.source.get(span.end as usize..).and_then(|t| t.chars().next());
        let text = format!("{}{{{}", self.space_before(span), spaced(behind));
        Edit { span, text }
    }

    /// The same of the one behind it, which may not be there: the parser was given one that the text lacks.
    fn closing_brace(&self, call: Span, stage: Span) -> Edit {
        let behind = stage.end_point().to(call.end_point());
        let span = match self.text(behind).ends_with(')') {
            true => Span { start: call.end - 1, ..call },
            false => behind,
        };
        Edit { span, text: format!("{}}}", self.space_before(span)) }
    }

    /// The space that is missing before a place.
    fn space_before(&self, place: Span) -> &'static str {
        spaced(self.source.get(..place.start as usize).and_then(|t| t.chars().next_back()))
    }

    pub(super) fn repeat(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let whole = self.span(&pair);
        let (mut count, mut body) = (None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::expr => count = Some(self.expr(inner)),
                Rule::body => body = Some(self.body(inner)),
                Rule::bare_stage => body = Some(self.bare_stage(inner, "repeat")),
                Rule::missing_count => {
                    let start = whole.start as usize;
                    let word = Span::new(self.file, start, start + "repeat".len());
                    self.report(SyntaxError::MissingCount { word });
                    count = Some(Expr { kind: ExprKind::Error, span: word.end_point() });
                }
                _ => {}
            }
        }
        match (count, body) {
            (Some(count), Some(body)) => ExprKind::Repeat { count: Box::new(count), body },
            (Some(count), None) => self.repeat_of(count, whole),
            _ => ExprKind::Error,
        }
    }

    pub(super) fn scan(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let (mut input, mut item, mut body) = (None, None, None);
        let mut states = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::expr => input = Some(self.expr(inner)),
                Rule::name => item = Some(self.ident(&inner)),
                Rule::body => body = Some(self.body(inner)),
                Rule::scan_state => {
                    if let (Some(name), Some(start)) = self.named_value(inner) {
                        states.push((name, start));
                    }
                }
                _ => {}
            }
        }
        match (input, item, body) {
            (Some(input), Some(item), Some(body)) => ExprKind::Scan { input: Box::new(input), item, states, body },
            _ => ExprKind::Error,
        }
    }

    /// A `body` pair of a block, a model or an expression: its last expression is the result.
    pub(super) fn body(&mut self, pair: Pair<'_, Rule>) -> Body {
        let span = self.span(&pair);
        let mut statements = self.statements(pair, super::statements::Place::Body);
        let last = statements.pop();
        let result = match last {
            Some(statement) => match statement.kind {
                StatementKind::Expression(expr) => Some(Box::new(expr)),
                _ => {
                    // What could not be parsed may have been the result.
                    let unknown = matches!(statement.kind, StatementKind::Error)
                        .then(|| Box::new(Expr { kind: ExprKind::Error, span: statement.span }));
                    statements.push(statement);
                    unknown
                }
            },
            None => None,
        };
        Body { statements, result, span }
    }
}

/// The space between a brace and what stands beside it.
fn spaced(neighbour: Option<char>) -> &'static str {
    if neighbour.is_none_or(char::is_whitespace) { "" } else { " " }
}
