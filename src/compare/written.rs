//! What stands in the text of a program, without spaces and comments that mean nothing.

use crate::check::{Checked, Train, phases_of};
use crate::source::Span;
use crate::syntax::ast::{Expr, ItemKind, Pattern, Statement, StatementKind};
use crate::syntax::tokens::{self, Token, TokenKind};

/// The text of a program's own file.
#[derive(Clone, Copy)]
pub(super) struct Written<'c> {
    checked: &'c Checked,
}

/// The statements of an item; none for one that stands in another file.
#[derive(Clone)]
pub(super) struct Statements<'c> {
    checked: &'c Checked,
    all: Vec<&'c Statement>,
}

/// A `group` of a train.
pub(super) struct WrittenGroup {
    /// `["*.bias"]`
    pub(super) patterns: String,
    pub(super) span: Span,
    /// Key and value of every setting.
    pub(super) settings: Vec<(String, String, Span)>,
}

impl<'c> Written<'c> {
    pub(super) fn of(checked: &'c Checked) -> Self {
        Written { checked }
    }

    /// Where a hyper stands; an empty span where it does not.
    pub(super) fn hyper(self, name: &str) -> Span {
        let hypers = self.checked.ast.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Hyper(hyper) => Some(hyper.name.clone()),
            _ => None,
        });
        hypers.into_iter().find(|ident| &*ident.name == name).map_or(Span::default(), |ident| ident.span)
    }

    pub(super) fn data(self, name: &str) -> Statements<'c> {
        let found = self.checked.ast.items.iter().find_map(|item| match &item.kind {
            ItemKind::Data(data) if &*data.name.name == name => Some(data.statements.iter().collect()),
            _ => None,
        });
        Statements { checked: self.checked, all: found.unwrap_or_default() }
    }

    /// Of a train, or of a phase of one with what it inherits.
    pub(super) fn train(self, train: &Train) -> Statements<'c> {
        let item = self.checked.ast.items.iter().find_map(|item| match &item.kind {
            ItemKind::Train(tree) => Some(tree).filter(|tree| tree.model.last().is_some_and(|m| m.span == train.span)),
            _ => None,
        });
        let name = train.phase.as_ref().map(|phase| phase.span);
        let phases = item.map(phases_of).unwrap_or_default();
        let found = phases.into_iter().find(|(phase, _)| phase.map(|ident| ident.span) == name);
        Statements { checked: self.checked, all: found.map(|(_, statements)| statements).unwrap_or_default() }
    }
}

impl Statements<'_> {
    pub(super) fn field(&self, name: &str) -> Option<(String, Span)> {
        self.all.iter().find_map(|statement| match &statement.kind {
            StatementKind::Field { name: ident, value } if &*ident.name == name => {
                Some((text(self.checked, value), ident.span))
            }
            _ => None,
        })
    }

    pub(super) fn setting(&self, key: &str) -> Option<(String, Span)> {
        self.settings().into_iter().find(|(other, ..)| other == key).map(|(_, value, span)| (value, span))
    }

    /// Key and value of every setting.
    pub(super) fn settings(&self) -> Vec<(String, String, Span)> {
        let settings = self.all.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Setting(setting) => {
                Some((setting.key.name.to_string(), text(self.checked, &setting.value), setting.key.span))
            }
            _ => None,
        });
        settings.collect()
    }

    /// Every `group`: what it names, and its settings.
    pub(super) fn groups(&self) -> Vec<WrittenGroup> {
        let groups = self.all.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Group { patterns, body } => Some(WrittenGroup {
                patterns: text(self.checked, patterns),
                span: patterns.span,
                settings: Statements { checked: self.checked, all: body.iter().collect() }.settings(),
            }),
            _ => None,
        });
        groups.collect()
    }

    /// Name and value of every `let`.
    pub(super) fn lets(&self) -> Vec<(String, String, Span)> {
        let lets = self.all.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Let(binding) => {
                let name = match &binding.pattern {
                    Pattern::Name(ident) => format!("let {}", ident.name),
                    Pattern::Tuple(..) => "let (…)".to_owned(),
                };
                Some((name, text(self.checked, &binding.value), statement.span))
            }
            _ => None,
        });
        lets.collect()
    }
}

/// An expression on one line: one space wherever there is any, no comments.
pub(super) fn text(checked: &Checked, expr: &Expr) -> String {
    let source = checked.sources.text(expr.span);
    let mut shown = String::new();
    let mut end = 0;
    for token in tokens::scan(source).into_iter().filter(|token| !token.is_trivia()) {
        if token.start > end && !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(token.text(source));
        end = token.end;
    }
    shown
}

/// Whether two texts are the same but for spaces, lines and comments.
pub(super) fn alike(one: &str, other: &str) -> bool {
    words(one).eq(words(other))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    tokens::scan(text).into_iter().filter(|token| !token.is_trivia()).map(move |token| token.text(text))
}

/// Whether two texts are the same line by line, but for spaces, comments and empty lines.
pub(super) fn alike_by_line(one: &str, other: &str) -> bool {
    let lines = |text: &str| -> Vec<Vec<String>> {
        let all = tokens::scan(text);
        let lines = all.split(|token| token.kind == TokenKind::Newline);
        let code = |line: &[Token]| -> Vec<String> {
            line.iter().filter(|token| !token.is_trivia()).map(|token| token.text(text).to_owned()).collect()
        };
        lines.map(code).filter(|line| !line.is_empty()).collect()
    };
    lines(one) == lines(other)
}
