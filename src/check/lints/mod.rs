//! Lints: what is right by the rules and probably not meant.
//!
//! They run once a file is checked, each a function over what the checker understood. One that looks at names wants a
//! file without errors, for a name may be used where something could not be understood; one that looks at a train
//! wants that train, its model and its data sound. A lint that cries wolf is a defect: each says nothing where a
//! careful user could have meant what is written.
//!
//! ```text
//! unused.rs       what nothing uses                 conventions.rs  how names are written
//! layers.rs       bias, Dense, dropout, softmax     activations.rs  chains of sigmoids
//! pixels.rs       pools and strides that drop       network.rs      how numbers flow, for what is of layers
//! training.rs     learning rate, accuracy           data.rs         columns, classes, leakage
//! groups.rs       groups that change nothing
//! order.rs        numbers in PyTorch's order        ahead.rs        layers that see what is to be predicted
//! allow.rs        `# allow(L0102)`                  levels.rs       `--deny`, `--allow`
//! statements.rs   walks over what has statements
//! ```

mod activations;
mod ahead;
mod allow;
mod conventions;
mod data;
mod groups;
mod layers;
mod levels;
mod network;
mod order;
mod pixels;
mod statements;
mod training;
mod unused;

pub use allow::allow_fix;
pub use levels::{LintLevels, LintName};

use super::program::{DataBlock, Model, Program, Train};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::ast::{self, Expr, ExprKind, ItemKind, Symbol};
use crate::syntax::walk;
use std::cell::OnceCell;

/// What lints look at: a file as the checker understood it.
pub(super) struct Subject<'a> {
    pub sources: &'a SourceMap,
    /// The file itself; only of it is anything told.
    pub file: FileId,
    pub ast: &'a ast::File,
    pub program: &'a Program,
    /// What was told of it before.
    pub diagnostics: &'a [Diagnostic],
    /// Names that an import brought without naming them, with the file that they are of.
    pub imported: Vec<(Symbol, FileId)>,
    /// The calls of the file by a name, in its order; each once. Found when first asked for.
    pub calls: OnceCell<Vec<&'a Expr>>,
}

impl Subject<'_> {
    /// The calls of the file by a name that lie within a span.
    fn calls_in(&self, span: Span) -> impl Iterator<Item = &Expr> {
        let calls = self.calls.get_or_init(|| {
            let mut calls: Vec<&Expr> = Vec::new();
            walk::expressions(self.ast, &mut |expr| {
                if matches!(&expr.kind, ExprKind::Call { callee, .. } if matches!(callee.kind, ExprKind::Name(_))) {
                    calls.push(expr);
                }
            });
            calls.sort_by_key(|call| (call.span.start, call.span.end));
            calls.dedup_by_key(|call| call.span);
            calls
        });
        let first = calls.partition_point(|call| call.span.start < span.start);
        let begun = calls.iter().skip(first).take_while(move |call| call.span.start < span.end);
        begun.copied().filter(move |call| call.span.lies_in(span))
    }

    fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether an error stands within a span.
    fn is_broken(&self, span: Span) -> bool {
        let within =
            |at: Span| at.file == span.file && span.start <= at.start && at.start < span.end.max(span.start + 1);
        self.diagnostics.iter().any(|d| d.is_error() && within(d.span()))
    }

    /// The item whose name or word stands at a place.
    fn item_at(&self, at: Span) -> Option<&ast::Item> {
        self.ast.items.iter().find(|item| item.span.file == at.file && item.span.touches(at.start as usize))
    }

    /// The data block of a train.
    fn data_of(&self, train: &Train) -> Option<&DataBlock> {
        self.program.data.get(train.data)
    }

    /// The trains that can be judged: they, their model and their data have no errors.
    fn trains(&self) -> impl Iterator<Item = (&Train, &ast::Train)> {
        self.program.trains.iter().filter_map(|train| {
            let item = self.item_at(train.span)?;
            let ItemKind::Train(tree) = &item.kind else { return None };
            let model = self.program.models.get(train.model).and_then(|m| self.item_at(m.span));
            let data = self.data_of(train).and_then(|d| self.item_at(d.span));
            let parts = [Some(item), model, data];
            let is_sound = !parts.into_iter().flatten().any(|part| self.is_broken(part.span));
            is_sound.then_some((train, tree))
        })
    }

    /// The models that no train of the file names. Those of a train with errors wait until it has none.
    fn untrained(&self) -> impl Iterator<Item = &Model> {
        let is_named = |model: &Model| {
            self.ast.items.iter().any(|item| match &item.kind {
                ItemKind::Train(train) => train.model.last().is_some_and(|name| name.name == model.name),
                _ => false,
            })
        };
        self.program.models.iter().filter(move |model| !is_named(model))
    }
}

/// Everything that the lints find, and what is wrong with the comments that silence them. `diagnostics` may lose
/// warnings, to such comments or to the command line; some may become errors.
pub(super) fn lint(subject: &Subject<'_>, levels: &LintLevels) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut tell = |diagnostic: Diagnostic| {
        let is_known = |d: &Diagnostic| d.code == diagnostic.code && d.span() == diagnostic.span();
        if diagnostic.span().file == subject.file && !found.iter().any(is_known) {
            found.push(diagnostic);
        }
    };
    if !subject.has_errors() {
        unused::unused(subject, &mut tell);
        conventions::conventions(subject, &mut tell);
    }
    data::data(subject, &mut tell);
    training::training(subject, &mut tell);
    groups::groups(subject, &mut tell);
    for network in network::networks(subject) {
        ahead::ahead(subject, &network, &mut tell);
        layers::layers(subject, &network, &mut tell);
        order::order(subject, &network, &mut tell);
        activations::activations(&network, &mut tell);
        pixels::pixels(subject, &network, &mut tell);
    }
    // A kernel that is a number of channels drops pixels, and it is not the padding that is wrong.
    let mistaken: Vec<Span> = found.iter().filter(|d| d.code == Code::L0124).map(Diagnostic::span).collect();
    found.retain(|d| d.code != Code::L0111 || !mistaken.iter().any(|at| at.lies_in(d.span())));
    // Data that cannot be learned from makes lints of layers that would have nothing wrong.
    if found.iter().any(Diagnostic::is_error) {
        found.retain(Diagnostic::is_error);
    }
    let mut all = subject.diagnostics.to_vec();
    all.extend(found);
    let mut all = allow::silence(subject, all);
    levels.apply(&mut all);
    all
}
