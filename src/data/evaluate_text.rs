//! The classes of tokens.

use super::evaluate::{Evaluator, Lookup, Values};
use super::fitted::Estimate;
use super::place::Place;
use super::problem::{DataProblem, Found};
use super::resolve::Resolved;
use super::source_spec::SourceSpec;
use super::steps::{StepKind, Steps};
use super::tokens::{TokenKind, place_in_stream};
use super::vocabulary::{END, START, UNKNOWN, Vocabulary};

impl Evaluator<'_> {
    /// The class of a token. Errors: it has no name.
    fn class_of(&self, lookup: &Lookup, i: usize, token: &str, place: impl Fn() -> Option<Place>) -> Found<f64> {
        match lookup.by_name.get(token).or_else(|| lookup.by_name.get(UNKNOWN)) {
            Some(class) => Ok(*class as f64),
            None => {
                let known = match self.estimates.get(i) {
                    Some(Estimate::Classes { names, .. }) => names.clone(),
                    _ => Vec::new(),
                };
                let (field, name) = (String::new(), token.to_string());
                Err(Box::new(DataProblem::UnknownClass { field, name, place: place(), known }))
            }
        }
    }

    /// The classes of the tokens at `positions` of a text.
    pub(super) fn stream(&self, source: &SourceSpec, kind: TokenKind, i: usize, positions: &[u32]) -> Found<Values> {
        let stream = self.sources.stream(source, kind);
        let (Some(stream), Some(lookup)) = (stream, self.lookup(i)) else { return Ok(Values::Numbers(Vec::new())) };
        let mut classes = Vec::with_capacity(stream.distinct.len());
        for (id, token) in stream.distinct.iter().enumerate() {
            let place = || {
                let first = stream.ids.iter().position(|found| *found as usize == id)?;
                place_in_stream(source, kind, first)
            };
            classes.push(self.class_of(lookup, i, token, place)?);
        }
        let class = |position: &u32| {
            let id = stream.ids.get(*position as usize).map_or(usize::MAX, |id| *id as usize);
            classes.get(id).copied().unwrap_or(f64::NAN)
        };
        Ok(Values::Numbers(positions.iter().map(class).collect()))
    }

    /// The classes of the tokens at `positions`, counted over the texts of all examples.
    pub(super) fn tokens(
        &self,
        node: &Resolved,
        vocabulary: &Vocabulary,
        i: usize,
        positions: &[u32],
    ) -> Found<Values> {
        let (Some(Steps { kind: StepKind::Groups(groups), .. }), Some(part), Some(lookup)) =
            (&node.steps, node.parts.first(), self.lookup(i))
        else {
            return Ok(Values::Numbers(Vec::new()));
        };
        // Positions of one text stand together, so that each is cut once.
        let mut rows: Vec<u32> = Vec::new();
        let mut row_of = Vec::with_capacity(positions.len());
        for position in positions {
            let is_in = |row: &u32| groups.range(*row as usize).contains(&(*position as usize));
            if !rows.last().is_some_and(is_in) {
                rows.push(groups.ends.partition_point(|end| end <= position) as u32);
            }
            row_of.push(rows.len() - 1);
        }
        let Values::Texts(texts) = self.block(part, &rows)? else { return Ok(Values::Numbers(Vec::new())) };
        let named = |name: &str| lookup.by_name.get(name).map_or(f64::NAN, |class| *class as f64);
        let mut classes: Vec<Vec<f64>> = Vec::with_capacity(rows.len());
        for (text, row) in texts.iter().zip(&rows) {
            let mut all: Vec<f64> = vocabulary.start.then(|| named(START)).into_iter().collect();
            for token in vocabulary.kind.cut(text.as_deref().unwrap_or("")) {
                all.push(self.class_of(lookup, i, token, || self.place_in(part, *row))?);
            }
            all.extend(vocabulary.end.then(|| named(END)));
            classes.push(all);
        }
        let class = |(position, at): (&u32, &usize)| {
            let start = rows.get(*at).map_or(0, |row| groups.range(*row as usize).start);
            let within = (*position as usize).saturating_sub(start);
            classes.get(*at).and_then(|all| all.get(within)).copied().unwrap_or(f64::NAN)
        };
        Ok(Values::Numbers(positions.iter().zip(&row_of).map(class).collect()))
    }
}
