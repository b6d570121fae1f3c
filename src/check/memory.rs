//! What an earlier check of a file found out, for trains and blocks that are as they were.
//!
//! While somebody types, nearly all of a program stays as it is. What a train is depends on its own text, on that of
//! every item whose name stands in it or in one of those, and on what their data holds. Where all of that is the same,
//! what was made of it before is taken and moved to where the text stands now. Only what went without a mistake is kept:
//! a mistake may be told in the words of what stands around it.

use super::checker::{Checker, NamedKind};
use super::noted::Notes;
use super::program::{Model, Noted, Phase, Train};
use crate::data::Description;
use crate::source::{Placed, Span};
use crate::syntax::ast::{self, ItemKind};
use crate::syntax::words_in;
use std::collections::HashMap;
use std::fmt::Write;

/// So many checks after which something was last asked for, it is forgotten.
const ROUNDS: u64 = 8;

/// What is kept from one check of a file to the next. It is of use for that file only, and the larger the program, the
/// more.
#[derive(Debug, Default)]
pub struct Memory {
    /// By what is asked and the texts that the answer depends on.
    kept: HashMap<String, Kept>,
    round: u64,
    /// How many questions of the last check were answered from here.
    recalled: usize,
    /// The items of the text that is being checked; none where what one is depends on more than this text.
    items: Option<Items>,
}

/// What was found out, and where all that it depends on stood.
#[derive(Debug)]
struct Kept {
    found: Found,
    places: Vec<Span>,
    data: Vec<Description>,
    notes: Vec<(Span, Noted)>,
    /// How many variables it took.
    variables: u32,
    last_round: u64,
}

#[derive(Debug, Clone)]
enum Found {
    /// A train with its model.
    Train(Box<(Train, Model)>),
    /// A block has nothing wrong with it, whatever its sizes.
    Block,
}

/// The items of a text with what they name.
#[derive(Debug)]
struct Items {
    spans: Vec<Span>,
    /// Indices of items, in the order of their names.
    mentions: Vec<Vec<usize>>,
    /// Of those that are data: what it holds, once that is known.
    data: Vec<Option<usize>>,
    /// Whether the text was read as it stands.
    is_as_written: Vec<bool>,
}

/// A question, and what its answer depends on.
pub(super) struct Question {
    key: String,
    places: Vec<Span>,
    data: Vec<Description>,
}

/// What was there before an evaluation.
pub(super) struct Before {
    mistakes_met: usize,
    files: usize,
    next_var: u32,
    notes: Notes,
}

impl Memory {
    /// How many trains and blocks of the last check were known from the one before.
    pub fn recalled(&self) -> usize {
        self.recalled
    }

    /// Forgets what nobody has asked for in a while.
    pub(super) fn end_round(mut self) -> Memory {
        self.items = None;
        self.kept.retain(|_, kept| kept.last_round + ROUNDS > self.round);
        self.round += 1;
        self
    }
}

impl Items {
    fn of(text: &str, ast: &ast::File) -> Items {
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, item) in ast.items.iter().enumerate() {
            let name = match &item.kind {
                ItemKind::Hyper(hyper) => &hyper.name,
                ItemKind::Block(function) | ItemKind::Model(function) => &function.name,
                ItemKind::Data(data) => &data.name,
                ItemKind::Let(ast::Let { pattern: ast::Pattern::Name(name), .. }) => name,
                _ => continue,
            };
            named.entry(&name.name).or_default().push(index);
        }
        let mut items = Items { spans: Vec::new(), mentions: Vec::new(), data: Vec::new(), is_as_written: Vec::new() };
        for item in &ast.items {
            let mut mentions: Vec<usize> = Vec::new();
            for word in words_in(text.get(item.span.range()).unwrap_or("")) {
                for index in named.get(word).into_iter().flatten() {
                    if !mentions.contains(index) {
                        mentions.push(*index);
                    }
                }
            }
            let next_edit = ast.repaired.partition_point(|at| *at < item.span.start);
            items.spans.push(item.span);
            items.mentions.push(mentions);
            items.data.push(None);
            items.is_as_written.push(ast.repaired.get(next_edit).is_none_or(|at| *at > item.span.end));
        }
        items
    }

    /// An item and all that it depends on, each once. `None` where one of them was not read as it is written.
    fn reached_from(&self, item: usize) -> Option<Vec<usize>> {
        let mut reached = vec![item];
        let mut next = 0;
        while let Some(index) = reached.get(next).copied() {
            next += 1;
            if !self.is_as_written.get(index).copied().unwrap_or(false) {
                return None;
            }
            for mentioned in self.mentions.get(index).into_iter().flatten() {
                if !reached.contains(mentioned) {
                    reached.push(*mentioned);
                }
            }
        }
        Some(reached)
    }
}

impl Checker<'_> {
    /// Begins to remember, once the names of the file are known. What a train is may depend on an imported file and on
    /// what the command line sets: then nothing is remembered.
    pub fn begin_to_remember(&mut self, module: usize) {
        let set = self.overrides;
        let Some(memory) = &mut self.memory else { return };
        let module = &self.modules[module];
        // One that could not be had is no module, and what was wanted of it may be anything.
        let imports = module.ast.items.iter().any(|item| matches!(item.kind, ItemKind::Import(_)));
        let is_alone =
            !imports && set.set.is_empty() && set.fitted.is_empty() && set.epochs.is_none() && set.seed.is_none();
        memory.recalled = 0;
        memory.items = is_alone.then(|| Items::of(&self.sources.file(module.file).text, &module.ast));
    }

    /// Notes which items are the data blocks of [`Checker::data`].
    pub fn remember_data(&mut self, module: usize) {
        let Some(items) = self.memory.as_mut().and_then(|memory| memory.items.as_mut()) else { return };
        let module = &self.modules[module];
        for (place, item) in items.data.iter_mut().zip(&module.ast.items) {
            if let ItemKind::Data(data) = &item.kind
                && let Some(named) = module.names.get(&data.name.name).filter(|named| named.span == data.name.span)
                && let NamedKind::Data(_, _, index) = &named.kind
            {
                *place = *index;
            }
        }
    }

    /// A train, as it was found before or anew.
    pub fn train_again(
        &mut self,
        train: &ast::Train,
        phase: Option<Phase>,
        item: usize,
        module: usize,
    ) -> Option<Train> {
        let number = phase.as_ref().map_or(0, |phase| phase.number);
        let Some(question) = self.question(&format!("train {number}"), item) else {
            return self.train(train, phase, module);
        };
        if let Some(Found::Train(found)) = self.recall(&question) {
            let (mut again, model) = *found;
            again.data = self.find_data(&train.data, module)?;
            again.model = self.trained_models.len();
            self.trained_models.push(model);
            return Some(again);
        }
        let before = self.before();
        let found = self.train(train, phase, module);
        let whole = found.as_ref().and_then(|train| {
            let model = self.trained_models.get(train.model)?;
            Some(Found::Train(Box::new((train.clone(), model.clone()))))
        });
        self.remember(question, before, whole);
        found
    }

    /// Checks a block by itself, unless that was done before.
    pub fn block_again(&mut self, item: usize, check: impl FnOnce(&mut Self)) {
        let Some(question) = self.question("block", item) else { return check(self) };
        if self.recall(&question).is_some() {
            return;
        }
        let before = self.before();
        check(self);
        self.remember(question, before, Some(Found::Block));
    }

    /// `None` where the answer depends on more than can be told.
    fn question(&self, what: &str, item: usize) -> Option<Question> {
        let items = self.memory.as_ref()?.items.as_ref()?;
        // Behind a network that is too large, less is built of the others.
        if self.has_given_up() {
            return None;
        }
        let mut question = Question { key: what.to_owned(), places: Vec::new(), data: Vec::new() };
        for index in items.reached_from(item)? {
            let span = items.spans.get(index).copied()?;
            let text = self.sources.text(span);
            // With its length, so that no two rows of texts are one.
            let _ = write!(question.key, "\n{} ", text.len());
            question.key.push_str(text);
            question.places.push(span);
            if matches!(self.modules.get(self.main_module)?.ast.items.get(index)?.kind, ItemKind::Data(_)) {
                let block = self.data.get(items.data.get(index).copied()??)?;
                // Its lengths are variables of this check.
                let is_ragged =
                    block.description.fields.iter().any(|(_, ty)| ty.as_ref().is_none_or(|ty| ty.ragged.is_some()));
                if is_ragged || !block.split_is_known {
                    return None;
                }
                question.data.push(block.description.clone());
            }
        }
        Some(question)
    }

    fn recall(&mut self, question: &Question) -> Option<Found> {
        let memory = self.memory.as_mut()?;
        let kept = memory.kept.get_mut(&question.key).filter(|kept| kept.data == question.data)?;
        kept.last_round = memory.round;
        memory.recalled += 1;
        let (mut found, mut notes) = (kept.found.clone(), kept.notes.clone());
        if kept.places != question.places {
            let moves: Vec<(Span, i64)> = kept
                .places
                .iter()
                .zip(&question.places)
                .map(|(from, to)| (*from, i64::from(to.start) - i64::from(from.start)))
                .collect();
            let mut visit = |span: &mut Span| {
                let by = moves.iter().find(|(from, _)| holds(*from, *span)).map_or(0, |(_, by)| *by);
                let to = |at: u32| (i64::from(at) + by) as u32;
                (span.start, span.end) = (to(span.start), to(span.end));
            };
            found.spans(&mut visit);
            notes.spans(&mut visit);
        }
        self.next_var += kept.variables;
        self.notes.add(&notes);
        Some(found)
    }

    fn before(&mut self) -> Before {
        Before {
            mistakes_met: self.mistakes_met,
            files: self.files.len(),
            next_var: self.next_var,
            notes: std::mem::take(&mut self.notes),
        }
    }

    /// Keeps what was found, if there was nothing to be told and all of it stands in the items that were asked about.
    fn remember(&mut self, question: Question, before: Before, found: Option<Found>) {
        let notes = std::mem::replace(&mut self.notes, before.notes).in_order();
        self.notes.add(&notes);
        let is_silent = self.mistakes_met == before.mistakes_met && self.files.len() == before.files;
        let (Some(found), Some(memory)) = (found.filter(|_| is_silent), &mut self.memory) else { return };
        let Question { key, places, data } = question;
        let variables = self.next_var - before.next_var;
        let mut kept = Kept { found, places, data, notes, variables, last_round: memory.round };
        if kept.is_of_its_places() {
            memory.kept.insert(key, kept);
        }
    }
}

impl Kept {
    fn is_of_its_places(&mut self) -> bool {
        let places = self.places.clone();
        let mut is_inside = true;
        let mut visit = |span: &mut Span| {
            is_inside &= *span == Span::default() || places.iter().any(|place| holds(*place, *span));
        };
        self.found.spans(&mut visit);
        self.notes.spans(&mut visit);
        is_inside
    }
}

/// Whether a span lies in a place; that of nothing lies in none.
fn holds(place: Span, span: Span) -> bool {
    span != Span::default() && span.lies_in(place)
}

impl Placed for Found {
    fn spans(&mut self, visit: &mut dyn FnMut(&mut Span)) {
        match self {
            Found::Train(found) => {
                found.0.spans(visit);
                found.1.spans(visit);
            }
            Found::Block => {}
        }
    }
}
