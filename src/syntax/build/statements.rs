//! Statements, and which of them may stand where.

use super::Builder;
use crate::source::Span;
use crate::syntax::ast::{
    BinaryOperator, ConstantDeclaration, Expr, ExprKind, Ident, Let, Pattern, Setting, Statement, StatementKind,
    TypeExpr, WeightDeclaration,
};
use crate::syntax::error::SyntaxError;
use crate::syntax::parse::Rule;
use pest::iterators::Pair;

/// What the braces around statements belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A block, a model, or an expression in one.
    Body,
    Data,
    Train,
    Phase,
    Group,
    Expect,
    Sweep,
}

impl Builder<'_> {
    /// The statements of a `body` pair.
    pub(super) fn statements(&mut self, pair: Pair<'_, Rule>, place: Place) -> Vec<Statement> {
        let mut statements = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::statement => statements.push(self.statement(inner, place)),
                Rule::broken_statement => {
                    let span = self.span(&inner);
                    self.broken(&inner, Some(place));
                    statements.push(Statement { kind: StatementKind::Error, doc: None, span });
                }
                Rule::line_comma => {
                    let what = if matches!(place, Place::Body | Place::Expect) { "a statement" } else { "a setting" };
                    self.line_comma(&inner, what);
                }
                _ => {
                    self.is_marker(&inner);
                }
            }
        }
        statements
    }

    /// Reports a comma behind what ends with its line.
    pub(super) fn line_comma(&mut self, pair: &Pair<'_, Rule>, what: &'static str) {
        let span = self.span(pair);
        let behind = self.source.get(span.end as usize..).unwrap_or("").trim_start_matches([' ', '\t', '\r']);
        let ends_line = behind.is_empty() || behind.starts_with(['\n', '#', '}']);
        self.report(SyntaxError::LineComma { span, what, ends_line });
    }

    fn statement(&mut self, pair: Pair<'_, Rule>, place: Place) -> Statement {
        let span = self.span(&pair);
        let doc = self.doc_before(span.start as usize);
        let Some(inner) = pair.into_inner().next() else {
            return Statement { kind: StatementKind::Error, doc, span };
        };
        let kind = match inner.as_rule() {
            Rule::setting => self.setting(inner),
            Rule::let_binding => self.let_binding(inner).map(StatementKind::Let),
            Rule::weight => self.weight(inner),
            Rule::constant => self.constant(inner),
            Rule::field => self.field(inner),
            Rule::phase => self.phase(inner),
            Rule::group => self.group(inner),
            Rule::assignment => self.assignment(inner, place),
            Rule::expr => Some(StatementKind::Expression(self.expr(inner))),
            _ => None,
        };
        let kind = self.placed(kind.unwrap_or(StatementKind::Error), span, place);
        Statement { kind, doc, span }
    }

    /// The statement, or `Error` where it has no place here.
    fn placed(&mut self, kind: StatementKind, span: Span, place: Place) -> StatementKind {
        use Place::{Body, Data, Expect, Group, Phase, Sweep, Train};
        let (what, fits, belongs) = match &kind {
            StatementKind::Error => return kind,
            StatementKind::Let(_) => {
                ("a `let`".into(), !matches!(place, Group | Expect | Sweep), "a body, `data` or `train`")
            }
            StatementKind::Weight(_) => ("a `weight`".into(), place == Body, "a block or model"),
            StatementKind::Constant(_) => ("a `constant`".into(), place == Body, "a block or model"),
            StatementKind::Field { .. } => ("a `field`".into(), place == Data, "`data`"),
            StatementKind::Setting(s) => (
                format!("the setting `{}`", s.key.name),
                !matches!(place, Body | Expect),
                "`data`, `train`, `phase`, `group` or `sweep`",
            ),
            StatementKind::Phase { .. } => ("a `phase`".into(), place == Train, "`train`"),
            StatementKind::Group { .. } => ("a `group`".into(), matches!(place, Train | Phase), "`train` or `phase`"),
            StatementKind::Expression(expr) => {
                if matches!(expr.kind, ExprKind::Error) {
                    return StatementKind::Error;
                }
                if let (ExprKind::Name(name), false) = (&expr.kind, matches!(place, Body | Expect)) {
                    self.report(SyntaxError::MissingValue { of: span, text: name.to_string() });
                    return StatementKind::Error;
                }
                ("an expression".into(), matches!(place, Body | Expect), "a body or `expect`")
            }
        };
        if fits {
            return kind;
        }
        self.report(SyntaxError::Misplaced { span: self.first_line(span), what, belongs });
        StatementKind::Error
    }

    /// The part of a span that stands on its first line.
    fn first_line(&self, span: Span) -> Span {
        let length = self.text(span).lines().next().map_or(0, str::len);
        Span::new(self.file, span.start as usize, span.start as usize + length)
    }

    fn setting(&mut self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let (key, value) = self.named_value(pair);
        Some(StatementKind::Setting(Setting { key: key?, value: value? }))
    }

    pub(super) fn let_binding(&mut self, pair: Pair<'_, Rule>) -> Option<Let> {
        let whole = self.span(&pair);
        let (mut pattern, mut value) = (None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::pattern => {
                    let span = self.span(&inner);
                    let is_tuple = inner.as_str().starts_with('(');
                    let mut names: Vec<Ident> = inner
                        .into_inner()
                        .filter(|p| p.as_rule() == Rule::name)
                        .map(|name| self.ident(&name))
                        .collect();
                    pattern = if is_tuple { Some(Pattern::Tuple(names, span)) } else { names.pop().map(Pattern::Name) };
                }
                Rule::wrong_let => self.report(SyntaxError::HyperForLet { span: self.span(&inner) }),
                Rule::wrong_binding => {
                    let (span, found) = (self.span(&inner), inner.as_str().to_owned());
                    self.report(SyntaxError::ForeignOperator { span, found, meant: "=" });
                }
                Rule::expr => value = Some(self.expr(inner)),
                Rule::missing_value => value = Some(self.missing_value(whole)),
                _ => {}
            }
        }
        Some(Let { pattern: pattern?, value: value? })
    }

    /// Name, type and value of `weight`, `constant` and `field`.
    fn declaration(&mut self, pair: Pair<'_, Rule>) -> (Option<Ident>, Option<TypeExpr>, Option<Expr>) {
        let whole = self.span(&pair);
        let (mut name, mut ty, mut value) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::word | Rule::name => name = Some(self.ident(&inner)),
                Rule::type_expr | Rule::unknown_type => ty = Some(self.type_expr(inner)),
                Rule::missing_colon => self.missing_colon(name.as_ref()),
                Rule::wrong_colon => self.colon_for_equals(&inner, "a field"),
                Rule::expr => value = Some(self.expr(inner)),
                Rule::missing_value => value = Some(self.missing_value(whole)),
                Rule::missing_start => {
                    let end = Span { end: whole.start + self.text(whole).trim_end().len() as u32, ..whole }.end_point();
                    if let Some(name) = &name {
                        self.report(SyntaxError::MissingStart { name: name.span, end });
                    }
                    value = Some(Expr { kind: ExprKind::Error, span: end });
                }
                _ => {}
            }
        }
        (name, ty, value)
    }

    pub(super) fn colon_for_equals(&mut self, pair: &Pair<'_, Rule>, what: &'static str) {
        let (span, text) = (self.span(pair), pair.as_str().to_owned());
        self.report(SyntaxError::ColonForEquals { span, text, what });
    }

    fn weight(&mut self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let (name, ty, init) = self.declaration(pair);
        Some(StatementKind::Weight(WeightDeclaration { name: name?, ty: ty?, init: init? }))
    }

    fn constant(&mut self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let (name, ty, value) = self.declaration(pair);
        Some(StatementKind::Constant(ConstantDeclaration { name: name?, ty, value: value? }))
    }

    fn field(&mut self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let (name, _, value) = self.declaration(pair);
        Some(StatementKind::Field { name: name?, value: value? })
    }

    fn phase(&mut self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let (mut name, mut body) = (None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => name = Some(self.ident(&inner)),
                Rule::body => body = Some(self.statements(inner, Place::Phase)),
                _ => {}
            }
        }
        Some(StatementKind::Phase { name: name?, body: body? })
    }

    fn group(&mut self, pair: Pair<'_, Rule>) -> Option<StatementKind> {
        let (mut patterns, mut body) = (None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::list => {
                    let span = self.span(&inner);
                    patterns = Some(Expr { kind: ExprKind::List(self.elements(inner).0), span });
                }
                Rule::body => body = Some(self.statements(inner, Place::Group)),
                _ => {}
            }
        }
        Some(StatementKind::Group { patterns: patterns?, body: body? })
    }

    /// `name = value`, which is wrong everywhere; what is meant depends on the place.
    fn assignment(&mut self, pair: Pair<'_, Rule>, place: Place) -> Option<StatementKind> {
        let whole = self.span(&pair);
        let (mut name, mut value, mut walrus) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => name = Some(self.ident(&inner)),
                Rule::walrus => walrus = Some(self.span(&inner)),
                Rule::expr => value = Some(self.expr(inner)),
                Rule::missing_value => value = Some(self.missing_value(whole)),
                _ => {}
            }
        }
        let (name, value) = (name?, value?);
        let behind = self.text(Span { start: name.span.end, ..whole });
        let equals = name.span.end as usize + behind.find('=').unwrap_or(0);
        let equals = walrus.unwrap_or(Span::new(self.file, equals, equals + 1));
        match place {
            Place::Data if &*name.name == "split" => Some(self.equals_in_setting(name, equals, value)),
            Place::Data if self.is_asked_for(&name) => {
                self.report(SyntaxError::MissingLet {
                    name: name.span,
                    text: name.name.to_string(),
                    walrus,
                    word: "field",
                });
                Some(StatementKind::Field { name, value })
            }
            Place::Body | Place::Data => {
                self.report(SyntaxError::MissingLet {
                    name: name.span,
                    text: name.name.to_string(),
                    walrus,
                    word: "let",
                });
                Some(StatementKind::Let(Let { pattern: Pattern::Name(name), value }))
            }
            Place::Expect => {
                self.report(SyntaxError::EqualsForComparison { span: equals });
                let left = Box::new(Expr { kind: ExprKind::Name(name.name), span: name.span });
                let kind =
                    ExprKind::Binary { op: BinaryOperator::Equal, op_span: equals, left, right: Box::new(value) };
                Some(StatementKind::Expression(Expr { kind, span: whole }))
            }
            Place::Train | Place::Phase | Place::Group | Place::Sweep => {
                Some(self.equals_in_setting(name, equals, value))
            }
        }
    }

    /// `epochs = 3`
    fn equals_in_setting(&mut self, key: Ident, equals: Span, value: Expr) -> StatementKind {
        let spaced = self.source.get(equals.end as usize..).is_some_and(|t| t.starts_with(char::is_whitespace));
        let span = Span { start: key.span.end, ..equals };
        self.report(SyntaxError::EqualsForColon { span, name: key.name.to_string(), spaced });
        StatementKind::Setting(Setting { key, value })
    }

    /// Whether a name that `data` binds is what somebody outside of it asks for, and so a field: no other statement
    /// makes something of it, and a model, a `train` or a type has that name.
    fn is_asked_for(&self, name: &Ident) -> bool {
        let tokens = self.tokens();
        let text = |i: usize| tokens.get(i).map_or("", |t| t.text(self.source));
        let here = tokens.partition_point(|t| t.start < name.span.start as usize);
        // Whether a token is the brace of the data itself, walking from here: one that was not met from within.
        let is_edge = |depth: &mut usize, i: usize, inwards: &str, outwards: &str| {
            let mark = text(i);
            let is_edge = *depth == 0 && mark == outwards;
            *depth = if mark == inwards { *depth + 1 } else { depth.saturating_sub(usize::from(mark == outwards)) };
            is_edge
        };
        let (mut before, mut behind) = (0, 0);
        let start = (0..here).rev().find(|i| is_edge(&mut before, *i, "}", "{")).unwrap_or(0);
        let end = (here..tokens.len()).find(|i| is_edge(&mut behind, *i, "{", "}")).unwrap_or(tokens.len());
        let named = |range: std::ops::Range<usize>| range.filter(|i| *i != here && text(*i) == &*name.name);
        // `t.species` is a column of that name.
        let is_value = |i: &usize| i.checked_sub(1).is_none_or(|before| text(before) != ".");
        let makes_more = named(start..end).filter(is_value).any(|i| matches!(text(i + 1), "[" | "." | "|>"));
        !makes_more && named(0..start).chain(named(end..tokens.len())).next().is_some()
    }
}
