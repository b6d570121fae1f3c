//! Expressions: pipelines, operators, lists.

use super::writer::Writer;
use super::{INDENT, WIDTH};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, HyperParam, RecordEntry, TensorParam};

/// A list that is shorter than this is left on its line: breaking it would not save the line.
const WORTH_BREAKING: usize = 40;

/// An element between brackets.
pub(super) struct Element<'a> {
    span: Span,
    /// Where the value behind a name begins.
    value_start: Option<usize>,
    value: Option<&'a Expr>,
    key: Option<&'a Expr>,
}

impl<'a> Element<'a> {
    pub(super) fn of_arg(arg: &'a Arg) -> Self {
        let value_start = arg.name.as_ref().map(|_| arg.value.span.start as usize);
        Element { span: arg.span(), value_start, value: Some(&arg.value), key: None }
    }

    pub(super) fn of_hyper(param: &'a HyperParam) -> Self {
        let span = param.default.as_ref().map_or(param.name.span, |d| param.name.span.to(d.span));
        let value_start = param.default.as_ref().map(|d| d.span.start as usize);
        Element { span, value_start, value: param.default.as_ref(), key: None }
    }

    pub(super) fn of_input(param: &'a TensorParam) -> Self {
        let span = param.ty.as_ref().map_or(param.name.span, |ty| param.name.span.to(ty.span));
        Element { span, value_start: param.ty.as_ref().map(|ty| ty.span.start as usize), value: None, key: None }
    }

    fn of_expr(expr: &'a Expr) -> Self {
        let value_start = match &expr.kind {
            ExprKind::Named { value, .. } => Some(value.span.start as usize),
            _ => None,
        };
        Element { span: expr.span, value_start, value: Some(expr), key: None }
    }

    fn of_entry(entry: &'a RecordEntry) -> Self {
        let span = entry.key.span.to(entry.value.span);
        Element {
            span,
            value_start: Some(entry.value.span.start as usize),
            value: Some(&entry.value),
            key: Some(&entry.key),
        }
    }
}

impl Writer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) {
        self.upto(expr.span.start as usize);
        match &expr.kind {
            ExprKind::Pipe { .. } => self.pipeline(expr),
            ExprKind::Binary { op_span, left, right, .. } => {
                self.expr(left);
                let operator = op_span.start as usize;
                let before = self.breaks_between(left.span.end as usize, operator);
                let after = self.breaks_between(op_span.end as usize, right.span.start as usize);
                let comment = self.has_comment(op_span.end as usize, right.span.start as usize);
                if before || after && !comment {
                    let indent = self.continuation_indent();
                    self.break_line(indent);
                }
                self.upto(op_span.end as usize);
                self.expr(right);
            }
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Range { start, end } => start.iter().chain(end).for_each(|e| self.expr(e)),
            ExprKind::Duration { amount, .. } => self.expr(amount),
            ExprKind::Named { value, .. } => self.expr(value),
            ExprKind::Field { base, .. } => self.expr(base),
            ExprKind::Call { callee: base, args, args_span } | ExprKind::Index { base, args, args_span } => {
                self.expr(base);
                let items: Vec<_> = args.iter().map(Element::of_arg).collect();
                self.bracket(args_span.start as usize, &items, false);
            }
            ExprKind::List(elements) | ExprKind::Tuple(elements) => {
                let items: Vec<_> = elements.iter().map(Element::of_expr).collect();
                self.bracket(expr.span.start as usize, &items, false);
            }
            ExprKind::Paren(inner) => self.bracket(expr.span.start as usize, &[Element::of_expr(inner)], false),
            ExprKind::Record(entries) => {
                let items: Vec<_> = entries.iter().map(Element::of_entry).collect();
                self.bracket(expr.span.start as usize, &items, true);
            }
            ExprKind::If { condition, then_body, else_body } => {
                self.expr(condition);
                self.body(then_body);
                if let Some(body) = else_body {
                    self.body(body);
                }
            }
            ExprKind::Residual { args, body } => {
                let open = self.code_after(expr.span.start as usize + "residual".len());
                if self.token_text(open) == "(" {
                    let items: Vec<_> = args.iter().map(Element::of_arg).collect();
                    self.upto(open);
                    self.bracket(open, &items, false);
                }
                self.body(body);
            }
            ExprKind::Repeat { count, body } => {
                self.expr(count);
                self.body(body);
            }
            ExprKind::Scan { input, states, body, .. } => {
                self.expr(input);
                for (_, start) in states {
                    self.expr(start);
                }
                self.body(body);
            }
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Name(_)
            | ExprKind::Hole
            | ExprKind::Error => {}
        }
        self.upto(expr.span.end as usize);
    }

    /// `a |> b |> c`: lines that were broken stay so; a line that is too long is broken at each of its stages.
    fn pipeline(&mut self, expr: &Expr) {
        let mut stages: Vec<&Expr> = Vec::new();
        let mut head = expr;
        while let ExprKind::Pipe { input, stage } = &head.kind {
            stages.push(stage);
            head = input;
        }
        stages.reverse();
        // Does a line end before this stage?
        let mut broken = Vec::with_capacity(stages.len());
        let mut before = head.span.end as usize;
        for stage in &stages {
            broken.push(self.breaks_between(before, stage.span.start as usize));
            before = stage.span.end as usize;
        }
        let head_column = self.next_column();
        let line_indent = self.next_line_indent();
        let starts_line = head_column == line_indent;
        self.break_long_lines(head, &stages, &mut broken, head_column);

        self.upto(head.span.start as usize + 1);
        let first_line = self.output_line();
        self.expr(head);
        let same_line = self.output_line() == first_line;
        let mut indent = if starts_line { line_indent } else { line_indent + INDENT };
        for (i, stage) in stages.iter().enumerate() {
            let after = if i == 0 { head.span.end } else { stages.get(i - 1).map_or(head.span.end, |s| s.span.end) };
            let operator = self.code_after(after as usize);
            if broken.get(i) == Some(&true) {
                self.break_line(indent);
            } else if i == 0 {
                indent = if same_line { self.next_column() } else { line_indent + INDENT };
            }
            self.enter(indent + INDENT);
            self.upto(operator + 1);
            self.expr(stage);
            self.leave();
        }
    }

    /// Marks the stages of the lines that do not fit.
    fn break_long_lines(&self, head: &Expr, stages: &[&Expr], broken: &mut [bool], head_column: usize) {
        let mut start = 0;
        while start <= stages.len() {
            // The line holds the head (or the stage that begins it) and the stages up to the next break.
            let rest = broken.iter().enumerate().skip(start);
            let end = rest.filter(|(_, b)| **b).map(|(i, _)| i).find(|i| *i >= start).unwrap_or(stages.len());
            let first = if start == 0 { Some(head) } else { stages.get(start - 1).copied() };
            let last = if end == 0 { Some(head) } else { stages.get(end - 1).copied() };
            if let (Some(first), Some(last)) = (first, last) {
                let (from, to) = (first.span.start as usize, last.span.end as usize);
                let column = if start == 0 { head_column } else { head_column + "|> ".len() };
                if !self.breaks_between(from, to) && column + self.width(from, to) > WIDTH {
                    broken.iter_mut().take(end).skip(start).for_each(|b| *b = true);
                }
            }
            start = end + 1;
        }
    }

    /// Elements between brackets; `open` is the offset of the opening one.
    pub(super) fn bracket(&mut self, open: usize, items: &[Element<'_>], is_record: bool) {
        self.upto(open);
        let last_end = items.last().map_or(open + 1, |e| e.span.end as usize);
        let mut close = self.code_after(last_end);
        if self.token_text(close) == "," {
            close = self.code_after(close + 1);
        }
        let base = self.next_line_indent();
        let fits = self.fits(open, close + 1);
        let is_broken = self.breaks_between(open, close);
        self.upto(open + 1);

        let mut breaks = Vec::with_capacity(items.len());
        let mut from = open + 1;
        for item in items {
            breaks.push(self.breaks_between(from, item.span.start as usize));
            from = item.span.end as usize;
        }
        let mut hanging = breaks.first() == Some(&true);
        let mut laid_out = breaks.iter().any(|b| *b);
        if !fits && !is_broken && items.len() > 1 && self.width(open, close) > WORTH_BREAKING {
            (hanging, laid_out) = (true, true);
            let plain = items
                .iter()
                .all(|i| self.width(i.span.start as usize, i.span.end as usize) <= 12 && i.value_start.is_none());
            breaks.iter_mut().enumerate().for_each(|(i, b)| *b = i == 0 || !plain);
        }
        let indent = if hanging { base + INDENT } else { self.next_column() };
        if laid_out && breaks.iter().skip(1).all(|b| *b) && items.iter().all(|i| i.value_start.is_some()) {
            let values: Vec<_> = items.iter().filter_map(|i| Some((i.span.start as usize, i.value_start?))).collect();
            self.align_values(&values);
        }
        self.enter(indent);
        for (i, item) in items.iter().enumerate() {
            let (start, end) = (item.span.start as usize, item.span.end as usize);
            let overflows = laid_out && i > 0 && !self.breaks_between(start, end) && !self.fits(start, end + 1);
            if breaks.get(i) == Some(&true) || overflows {
                self.break_line(indent);
            }
            if let Some(key) = item.key {
                self.expr(key);
            }
            if let Some(value) = item.value {
                self.expr(value);
            }
            self.upto(end);
            let comma = self.code_after(end);
            if self.token_text(comma) == "," {
                self.upto(comma + 1);
            } else if is_record && i + 1 < items.len() {
                self.mark(",");
            }
        }
        self.leave();
        if hanging {
            self.enter(indent);
            self.comments(indent);
            self.leave();
            self.break_line(base);
        }
        self.upto(close + 1);
    }
}
