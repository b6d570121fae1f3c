//! Columns of tables, as they are in the files.

use super::Context;
use super::offer::{OfferKind, Offers};
use crate::check::Checked;
use crate::ide::columns::columns;
use crate::ide::names::{Names, Table};

/// A table, with the names and the program that it is of.
type Found<'c> = (&'c Checked, &'c Names, &'c Table);

impl Context<'_> {
    /// The columns of the table that a name stands for.
    pub fn offer_columns(&self, base: &[String], offers: &mut Offers) {
        let [name] = base else { return };
        if let Some(found) = self.table_called(name) {
            self.offer_columns_of(found, offers);
        }
    }

    /// In `t[…]`: columns of a table; of anything else, positions.
    pub fn offer_index(&self, base: &[String], offers: &mut Offers) {
        match base {
            [name] if self.table_called(name).is_some() => {
                self.offer_columns(base, offers);
                if !self.situation.statement().contains(&"except") {
                    let doc = "Columns of the range that are left out.";
                    offers.add_snippet(OfferKind::Argument, "except:", "except: ${1}", "t[a .. f, except: c]", doc);
                }
            }
            _ => self.offer_expression(offers),
        }
    }

    /// The columns of the table at the head of the pipeline that is being written.
    pub fn offer_columns_of_pipeline(&self, offers: &mut Offers) {
        let statement = self.situation.outer_statement();
        let head = statement.iter().position(|t| *t == "=").and_then(|at| statement.get(at + 1));
        let Some(head) = head else { return };
        if let Some(found) = self.table_called(head) {
            return self.offer_columns_of(found, offers);
        }
        // `let t = csv("a.csv") |> sequences(by:`: the table that this statement itself makes.
        let before = self.names.tables.iter().filter(|t| (t.span.start as usize) < self.offset && t.source == **head);
        if let Some(table) = before.max_by_key(|t| t.span.start) {
            self.offer_columns_of((self.checked, self.names, table), offers);
        }
    }

    /// The table that a name of the data block at the cursor stands for.
    pub fn table_called(&self, name: &str) -> Option<Found<'_>> {
        let of = |names: &'_ Names| {
            let ids = names.table_of.iter();
            let own = ids.filter(|(id, _)| &*names.declaration(**id).name == name);
            // Of several blocks the one around the cursor, else the last before it.
            own.filter(|(id, _)| names.declaration(**id).span.file == self.checked.file)
                .max_by_key(|(id, _)| {
                    let start = names.declaration(**id).span.start as usize;
                    (start <= self.offset, if start <= self.offset { start } else { usize::MAX - start })
                })
                .map(|(_, table)| *table)
        };
        if let Some(table) = of(self.names) {
            return Some((self.checked, self.names, self.names.tables.get(table)?));
        }
        let (checked, names) = self.earlier?;
        Some((checked, names, names.tables.get(of(names)?)?))
    }

    fn offer_columns_of(&self, (checked, names, table): Found<'_>, offers: &mut Offers) {
        for id in &table.columns {
            offers.add(OfferKind::Column, &names.declaration(*id).name, "a column", "");
        }
        for column in columns(checked, table) {
            let page = column.sentence();
            match is_name(&column.name) || self.situation.string.is_some() {
                true => offers.add(OfferKind::Column, &column.name, column.holds, page),
                // A name that is none stands in quotes, in an index only.
                false if self.situation.last() != "." => {
                    offers.add(OfferKind::Column, &format!("\"{}\"", column.name), column.holds, page);
                }
                false => {}
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_start = |c: char| c == '_' || c.is_alphabetic();
    let mut characters = text.chars();
    characters.next().is_some_and(is_start) && characters.all(|c| is_start(c) || c.is_numeric())
}
