//! Columns of tables, as they are in the files.

use super::Context;
use super::offer::{OfferKind, Offers};
use crate::data::{ColumnFacts, ColumnKind, DataFile, PerSplit, SourceSpec, TableExpr, schema};
use crate::ide::names::{Names, Table};

impl Context<'_> {
    /// The columns of the table that a name stands for.
    pub fn offer_columns(&self, base: &[String], offers: &mut Offers) {
        let [name] = base else { return };
        if let Some((names, table)) = self.table_called(name) {
            self.offer_columns_of(names, table, offers);
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
        if let Some((names, table)) = self.table_called(head) {
            return self.offer_columns_of(names, table, offers);
        }
        // `let t = csv("a.csv") |> sequences(by:`: the table that this statement itself makes.
        let makes = |names: &Names| {
            let before = names.tables.iter().filter(|t| (t.span.start as usize) < self.offset && t.source == **head);
            before.max_by_key(|t| t.span.start).cloned()
        };
        if let Some(table) = makes(&self.names) {
            self.offer_columns_of(&self.names, &table, offers);
        }
    }

    /// The table that a name of the data block at the cursor stands for.
    pub fn table_called(&self, name: &str) -> Option<(&Names, &Table)> {
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
        if let Some(table) = of(&self.names) {
            return Some((&self.names, self.names.tables.get(table)?));
        }
        let (_, names) = self.earlier.as_ref()?;
        let table = of(names)?;
        Some((names, names.tables.get(table)?))
    }

    fn offer_columns_of(&self, names: &Names, table: &Table, offers: &mut Offers) {
        for id in &table.columns {
            offers.add(OfferKind::Column, &names.declaration(*id).name, "a column", "");
        }
        match table.source.as_str() {
            "csv" => {
                let files: Vec<DataFile> =
                    table.files.iter().map(|(written, path)| DataFile::new(written.clone(), path.clone())).collect();
                if files.is_empty() {
                    return;
                }
                let source = SourceSpec::Csv(PerSplit::Whole(files));
                let Ok(schema) = schema(&TableExpr::source(source, table.span)) else { return };
                for column in &schema.columns {
                    let detail = describe(column);
                    match is_name(&column.name) {
                        true => offers.add(OfferKind::Column, &column.name, detail, facts(column)),
                        false if self.situation.string.is_some() => {
                            offers.add(OfferKind::Column, &column.name, detail, facts(column));
                        }
                        // A name that is none stands in quotes, in an index only.
                        false if self.situation.last() != "." => {
                            let quoted = format!("\"{}\"", column.name);
                            offers.add(OfferKind::Column, &quoted, detail, facts(column));
                        }
                        false => {}
                    }
                }
            }
            "moons" | "spirals" => ["x0", "x1", "label"]
                .iter()
                .for_each(|c| offers.add(OfferKind::Column, c, format!("of {}", table.source), "")),
            "blobs" | "sine" => {
                let names: &[&str] = if table.source == "sine" { &["x", "y"] } else { &["x0", "x1", "label"] };
                names.iter().for_each(|c| offers.add(OfferKind::Column, c, format!("of {}", table.source), ""));
            }
            "image_folder" => {
                offers.add(OfferKind::Column, "image", "[channels, height, width]", "");
                offers.add(OfferKind::Column, "label", "the name of the folder", "");
            }
            _ => {}
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_start = |c: char| c == '_' || c.is_alphabetic();
    let mut characters = text.chars();
    characters.next().is_some_and(is_start) && characters.all(|c| is_start(c) || c.is_numeric())
}

fn describe(column: &ColumnFacts) -> String {
    match column.kind {
        ColumnKind::Number if column.integral() => "whole numbers".to_owned(),
        ColumnKind::Number => "numbers".to_owned(),
        ColumnKind::Text => "text".to_owned(),
    }
}

fn facts(column: &ColumnFacts) -> String {
    let mut facts = Vec::new();
    if let (Some((min, _)), Some((max, _))) = (&column.min, &column.max) {
        facts.push(format!("from {min} to {max}"));
    }
    if let Some(distinct) = column.distinct.as_ref().filter(|d| d.len() <= 12) {
        let shown: Vec<String> = distinct.iter().map(|v| format!("`{v}`")).collect();
        facts.push(format!("{} values: {}", distinct.len(), shown.join(", ")));
    }
    if column.missing > 0 {
        facts.push(format!("{} missing", column.missing));
    }
    facts.join("; ")
}
