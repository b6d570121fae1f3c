//! Paths of weights: `freeze: [encoder, "head.*"]`, `l2(embed)`, `embed.weight`.

use super::resolver::{Item, Resolver, within_quotes};
use super::scope::Scope;
use super::{DeclarationId, DeclarationKind, Form, Meaning, Name};
use crate::catalog::small_word;
use crate::check::snake_case;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Symbol};

/// What gives a segment of a path its name.
const NAMED: &[DeclarationKind] = &[DeclarationKind::Layer, DeclarationKind::Weight, DeclarationKind::Let];

impl Resolver<'_> {
    /// Weights: the word `weights`, paths, globs in quotes, or a list of these.
    pub fn weights(&mut self, expr: &Expr, scope: &mut Scope) {
        match &expr.kind {
            ExprKind::List(items) => items.iter().for_each(|item| self.weights(item, scope)),
            ExprKind::Name(name) if &**name == "weights" => {
                let word = small_word("weights", "penalty");
                self.name(expr.span, word.map_or(Meaning::WeightPath, Meaning::SmallWord));
            }
            ExprKind::String(_) => {
                let inside = within_quotes(expr.span);
                let text = self.sources.text(inside);
                let mut segments: Vec<(Symbol, Span)> = Vec::new();
                let mut start = inside.start;
                for segment in text.split('.') {
                    let end = start + segment.len() as u32;
                    segments.push((segment.into(), Span { start, end, ..inside }));
                    start = end + 1;
                }
                self.path(&segments, scope);
            }
            _ => match segments(expr) {
                Some(segments) => self.path(&segments, scope),
                None => self.read(expr, scope),
            },
        }
    }

    fn path(&mut self, segments: &[(Symbol, Span)], scope: &Scope) {
        let mut within = scope.model;
        for (position, (segment, span)) in segments.iter().enumerate() {
            if segment.is_empty() || segment.contains('*') {
                within = None;
                continue;
            }
            let own = within.and_then(|w| self.member(w, segment, NAMED));
            let shared = || match self.item(scope.module, segment) {
                Some(Item::Declared(id)) if self.kind(id) == DeclarationKind::SharedLayer => Some(id),
                _ => None,
            };
            if let Some(id) = own.or_else(|| if position == 0 { shared() } else { None }) {
                self.name(*span, Meaning::Declared(id));
                within = self.made_of.get(&id).copied();
            } else if let Some((block, count)) = self.block_of_segment(segment) {
                let form = Form::Segment(count.to_owned());
                self.found.names.push(Name { span: *span, meaning: Meaning::Declared(block), form });
                within = Some(block);
            } else {
                self.name(*span, Meaning::WeightPath);
                // A copy of a `repeat`, a layer of the catalog: what is inside has no name in the program.
                within = None;
            }
        }
    }

    /// The block whose use is called so, `conv_unit1` of `ConvUnit`, and its count.
    fn block_of_segment<'s>(&self, segment: &'s str) -> Option<(DeclarationId, &'s str)> {
        self.found.declarations.iter().enumerate().find_map(|(id, declaration)| {
            if declaration.kind != DeclarationKind::Block {
                return None;
            }
            // `Conv2` gives `conv21`: the name may end with a digit of its own.
            let count = segment.strip_prefix(&*snake_case(&declaration.name))?;
            let is_count = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
            is_count.then_some((id, count))
        })
    }

    /// `embed.weight`: a weight of a named layer.
    pub fn weight_of(&self, layer: DeclarationId, name: &str) -> Meaning {
        let block = self.made_of.get(&layer);
        block.and_then(|block| self.member(*block, name, NAMED)).map_or(Meaning::WeightPath, Meaning::Declared)
    }
}

/// `a.b.c` as its segments.
fn segments(expr: &Expr) -> Option<Vec<(Symbol, Span)>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![(name.clone(), expr.span)]),
        ExprKind::Field { base, name } => {
            let mut path = segments(base)?;
            path.push((name.name.clone(), name.span));
            Some(path)
        }
        _ => None,
    }
}
