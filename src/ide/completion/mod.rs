//! What could stand at the cursor, the most fitting first.
//!
//! What is wanted is decided by the tokens before the cursor ([`super::situation`]), for a text is rarely whole while it
//! is typed; what there is comes from the names of the text, and of the last one that could be read.
//!
//! ```text
//! offer.rs     one thing that could stand there         entries.rs   entries of the catalog, with their arguments
//! values.rs    expressions and what is in sight         members.rs   behind a dot
//! settings.rs  statements and settings, their values    files.rs     paths          columns.rs   columns of tables
//! ```

mod columns;
mod entries;
mod files;
mod members;
mod offer;
mod settings;

mod values;

pub use offer::{Offer, OfferKind};

use super::names::Names;
use super::situation::{Around, Situation};
use crate::catalog::EntryKind;
use crate::check::Checked;
use crate::source::Span;
use offer::Offers;

/// What completions are made of.
pub(in crate::ide) struct Context<'a> {
    /// The text as it is.
    pub checked: &'a Checked,
    /// Its names.
    pub names: &'a Names,
    /// An earlier text, which could be read, with its names.
    pub earlier: Option<(&'a Checked, &'a Names)>,
    pub situation: Situation<'a>,
    pub offset: usize,
}

impl<'a> Context<'a> {
    pub fn new(
        checked: &'a Checked,
        names: &'a Names,
        earlier: Option<(&'a Checked, &'a Names)>,
        situation: Situation<'a>,
        offset: usize,
    ) -> Context<'a> {
        Context { checked, names, earlier, situation, offset }
    }
}

/// What could stand at a byte of the checked file. `earlier` is the last text of it without syntax errors, if there is
/// one, with its names.
pub fn complete(checked: &Checked, names: &Names, earlier: Option<(&Checked, &Names)>, offset: usize) -> Vec<Offer> {
    let text = &checked.sources.file(checked.file).text;
    let situation = Situation::at(text, offset);
    if situation.in_comment {
        return Vec::new();
    }
    let context = Context::new(checked, names, earlier, situation, offset);
    let range = context.situation.string.clone().unwrap_or_else(|| context.situation.word.clone());
    let mut offers = Offers::new(Span::new(checked.file, range.start, range.end));
    context.offer(&mut offers);
    offers.finish()
}

impl Context<'_> {
    fn offer(&self, offers: &mut Offers) {
        let situation = &self.situation;
        if let Some(string) = &situation.string {
            return self.offer_in_string(string.clone(), offers);
        }
        if let Some(base) = situation.before_dot() {
            return self.offer_members(&base, offers);
        }
        if is_naming(situation) {
            return;
        }
        match &situation.here().around {
            Around::File => self.offer_at_the_top(offers),
            Around::Item { word, .. } => match word.as_str() {
                "block" | "model" => self.offer_in_body(offers),
                "data" => self.offer_in_data(offers),
                "train" => self.offer_in_train(offers),
                "expect" => self.offer_facts(offers),
                _ => self.offer_in_sweep(offers),
            },
            Around::Settings => self.offer_in_train(offers),
            Around::Group => self.offer_in_group(offers),
            Around::Body { is_stage: true } if situation.statement().is_empty() => self.offer_stages(offers),
            Around::Body { .. } => self.offer_in_body(offers),
            Around::Record { key } => self.offer_in_record(key, offers),
            Around::Signature => self.offer_types(offers),
            Around::Bindings => self.offer_bindings(offers),
            Around::Call { callee, piped } => self.offer_arguments(callee, *piped, offers),
            Around::Index { base } => self.offer_index(base, offers),
            Around::List => self.offer_in_list(offers),
            Around::Parentheses => self.offer_expression(offers),
        }
    }

    /// In the list of something: metrics, paths, sizes of a type, else what the outer place wants.
    fn offer_in_list(&self, offers: &mut Offers) {
        let situation = &self.situation;
        let outer = situation.outer_statement();
        match outer.as_slice() {
            _ if situation.here_is_type() => self.offer_sizes(offers),
            ["metrics", ":", ..] => match situation.statement().as_slice() {
                [] => self.offer_entries(&[EntryKind::Metric], false, offers),
                [_, ":"] => self.offer_entries(&[EntryKind::Metric], false, offers),
                _ => self.offer_expression(offers),
            },
            ["freeze", ":", ..] | ["group", ..] => self.offer_paths(offers),
            _ => {
                // A list of columns: `by: [a, b]`, `columns: [a, b]`.
                let call = situation.frames.iter().rev().nth(1);
                match call.map(|f| (&f.around, situation.argument_name(f))) {
                    Some((Around::Call { .. }, Some("by" | "columns"))) => self.offer_columns_of_pipeline(offers),
                    Some((Around::Index { base }, _)) => self.offer_index(&base.clone(), offers),
                    _ => self.offer_expression(offers),
                }
            }
        }
    }
}

/// Whether the cursor stands where something new gets its name.
fn is_naming(situation: &Situation<'_>) -> bool {
    matches!(
        situation.statement().as_slice(),
        [.., "let" | "weight" | "constant" | "field" | "hyper" | "block" | "model" | "data" | "phase" | "as"]
    ) && !matches!(situation.here().around, Around::Call { .. } | Around::Index { .. } | Around::List)
}
