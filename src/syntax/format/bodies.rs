//! Items, statements and the braces around them.

use super::INDENT;
use super::writer::Writer;
use crate::source::Span;
use crate::syntax::ast::{Body, Expr, ExprKind, File, Function, Item, ItemKind, Statement, StatementKind};
use crate::syntax::tokens::is_operator;

/// A statement, or the expression that ends a body.
enum Line<'a> {
    Statement(&'a Statement),
    Result(&'a Expr),
}

impl Line<'_> {
    fn span(&self) -> Span {
        match self {
            Line::Statement(statement) => statement.span,
            Line::Result(expr) => expr.span,
        }
    }
}

impl Writer<'_> {
    pub(super) fn file(&mut self, file: &File) {
        self.align_items(&file.items);
        let mut before: Option<&Item> = None;
        for item in &file.items {
            let blank = before.is_some_and(|b| self.is_tall(b) || self.is_tall(item));
            self.break_statement(0, true, blank);
            self.enter(INDENT);
            self.item(item);
            self.upto(item.span.end as usize);
            self.leave();
            before = Some(item);
        }
        self.break_statement(0, true, false);
    }

    /// Whether an item has braces of its own and more than a line.
    fn is_tall(&self, item: &Item) -> bool {
        !matches!(item.kind, ItemKind::Hyper(_) | ItemKind::Import(_) | ItemKind::Let(_))
            && self.breaks_between(item.span.start as usize, item.span.end as usize)
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Hyper(hyper) => self.expr(&hyper.value),
            ItemKind::Let(binding) => self.expr(&binding.value),
            ItemKind::Block(function) | ItemKind::Model(function) => self.function(function),
            ItemKind::Data(data) => self.block(item.span, &data.statements, None),
            ItemKind::Expect(expect) => self.block(item.span, &expect.statements, None),
            ItemKind::Sweep(sweep) => self.block(item.span, &sweep.statements, None),
            ItemKind::Train(train) => {
                if let Some(segment) = train.model.last() {
                    let open = self.code_after(segment.span.end as usize);
                    if self.token_text(open) == "(" {
                        let items = train.bindings.iter().map(super::expressions::Element::of_arg).collect::<Vec<_>>();
                        self.upto(open);
                        self.bracket(open, &items, false);
                    }
                }
                let start = train.data.last().map_or(item.span, |d| d.span);
                self.upto(start.end as usize);
                self.block(Span { start: start.end, ..item.span }, &train.statements, None);
            }
            ItemKind::Import(_) | ItemKind::Error => {}
        }
    }

    fn function(&mut self, function: &Function) {
        let open = function.body.span.start as usize;
        let names = |from: usize| self.code_after(from);
        let first = names(function.name.span.end as usize);
        if let Some(hypers) = &function.hypers {
            let items: Vec<_> = hypers.iter().map(super::expressions::Element::of_hyper).collect();
            self.upto(first);
            self.bracket(first, &items, false);
        }
        let first = self.code_after(self.written());
        if self.token_text(first) == "(" || function.hypers.is_none() {
            let first =
                if function.hypers.is_none() { self.code_after(function.name.span.end as usize) } else { first };
            let items: Vec<_> = function.inputs.iter().map(super::expressions::Element::of_input).collect();
            self.upto(first);
            self.bracket(first, &items, false);
        }
        self.upto(open);
        self.body(&function.body);
    }

    /// Statements between the braces that follow in `span`.
    pub(super) fn block(&mut self, span: Span, statements: &[Statement], result: Option<&Expr>) {
        let mut open = self.code_after(span.start as usize);
        while self.token_text(open) != "{" && open < span.end as usize {
            open = self.code_after(open + 1);
        }
        let body = Span { start: open as u32, ..span };
        self.braces(body, statements, result);
    }

    /// A body of a block, a model or an expression.
    pub(super) fn body(&mut self, body: &Body) {
        // `else if`: a body without braces.
        if let (Some(result), true) = (&body.result, body.statements.is_empty())
            && matches!(result.kind, ExprKind::If { .. })
            && result.span == body.span
        {
            self.expr(result);
            return;
        }
        self.braces(body.span, &body.statements, body.result.as_deref());
    }

    fn braces(&mut self, span: Span, statements: &[Statement], result: Option<&Expr>) {
        let lines: Vec<Line<'_>> = statements.iter().map(Line::Statement).chain(result.map(Line::Result)).collect();
        let (open, end) = (span.start as usize, span.end as usize);
        let close = end.saturating_sub(1);
        self.upto(open);
        let fits = self.fits(open, end);
        self.upto(open + 1);
        let mut broken = false;
        let mut from = open + 1;
        for line in &lines {
            broken |= self.breaks_between(from, line.span().start as usize);
            from = line.span().end as usize;
        }
        broken |= if lines.is_empty() { self.has_comment(from, close) } else { self.breaks_between(from, close) };
        broken |= !fits && !self.breaks_between(open, end);
        let base = self.next_line_indent();
        if !broken {
            for (i, line) in lines.iter().enumerate() {
                if i > 0 {
                    self.mark(";");
                }
                self.line(line, base);
            }
            self.upto(end);
            return;
        }
        self.align_statements(statements);
        for (i, line) in lines.iter().enumerate() {
            // A line that begins with an operator would go on with the one before.
            if i > 0 && is_operator(self.token_text(line.span().start as usize)) {
                self.mark(";");
            }
            self.break_statement(base + INDENT, i > 0, false);
            self.line(line, base + INDENT);
        }
        self.upto(from);
        self.comments(base + INDENT);
        if !lines.is_empty() || self.has_comment(open, end) {
            self.break_line(base);
        }
        self.upto(end);
    }

    fn line(&mut self, line: &Line<'_>, indent: usize) {
        self.enter(indent + INDENT);
        match line {
            Line::Statement(statement) => self.statement(statement),
            Line::Result(expr) => self.expr(expr),
        }
        self.upto(line.span().end as usize);
        self.leave();
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Let(l) => self.expr(&l.value),
            StatementKind::Weight(w) => self.expr(&w.init),
            StatementKind::Constant(c) => self.expr(&c.value),
            StatementKind::Field { value, .. } => self.expr(value),
            StatementKind::Setting(s) => self.expr(&s.value),
            StatementKind::Expression(e) => self.expr(e),
            StatementKind::Phase { name, body } => {
                self.block(Span { start: name.span.end, ..statement.span }, body, None)
            }
            StatementKind::Group { patterns, body } => {
                self.expr(patterns);
                self.block(Span { start: patterns.span.end, ..statement.span }, body, None);
            }
            StatementKind::Error => {}
        }
    }
}
