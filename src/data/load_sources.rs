//! Reading into memory what expressions need of their sources: only the columns that are used.

use super::array_file::{Array, read_array};
use super::cell::{Parsed, number_name};
use super::image_file::read_images;
use super::problem::{At, DataResult, Found};
use super::resolve::{Op, Resolved};
use super::resolve_text::stream_key;
use super::schema::ColumnKind;
use super::source_spec::SourceSpec;
use super::table_reader::{TableSink, parts, read};
use super::tokens::{TokenKind, TokenStream, read_stream};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A column in memory, all splits one after the other.
#[derive(Debug)]
pub(crate) enum Column {
    /// Missing cells are NaN.
    Numbers(Vec<f64>),
    /// Equal texts share their memory.
    Texts(Vec<Option<Arc<str>>>),
}

/// Columns and arrays by the source they are of.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    columns: HashMap<(String, String), Arc<Column>>,
    arrays: HashMap<String, Arc<Array>>,
    streams: HashMap<String, Arc<TokenStream>>,
}

impl Sources {
    /// Reads everything that the expressions need.
    pub fn load(expressions: &[&Resolved]) -> DataResult<Sources> {
        type Wanted<'a> = BTreeMap<String, (&'a SourceSpec, crate::source::Span, BTreeMap<&'a str, ColumnKind>)>;
        let mut tables: Wanted<'_> = BTreeMap::new();
        let mut arrays = BTreeMap::new();
        let mut streams = BTreeMap::new();
        for expression in expressions {
            expression.walk(&mut |node| match &node.op {
                Op::Columns { table, columns } => {
                    let source = table.origin();
                    let wanted = tables.entry(format!("{source:?}")).or_insert((source, table.span, BTreeMap::new()));
                    wanted.2.extend(columns.iter().map(|(name, kind)| (name.as_str(), *kind)));
                }
                Op::Array(source) => {
                    arrays.entry(format!("{source:?}")).or_insert((source, node.span));
                }
                Op::Stream { source, kind, .. } => {
                    streams.entry(stream_key(source, kind.name())).or_insert((source, *kind, node.span));
                }
                _ => {}
            });
        }
        let mut sources = Sources::default();
        for (key, (source, span, wanted)) in tables {
            for (name, column) in read_columns(source, &wanted).at(span)? {
                sources.columns.insert((key.clone(), name), Arc::new(column));
            }
        }
        for (key, (source, span)) in arrays {
            sources.arrays.insert(key, Arc::new(read_whole(source).at(span)?));
        }
        for (key, (source, kind, span)) in streams {
            sources.streams.insert(key, Arc::new(read_stream(source, kind).at(span)?));
        }
        Ok(sources)
    }

    /// The tokens of a text that was loaded.
    pub fn stream(&self, source: &SourceSpec, kind: TokenKind) -> Option<Arc<TokenStream>> {
        self.streams.get(&stream_key(source, kind.name())).cloned()
    }

    /// A column that was loaded.
    pub fn column(&self, source: &str, name: &str) -> Option<Arc<Column>> {
        self.columns.get(&(source.to_string(), name.to_string())).cloned()
    }

    /// An array that was loaded.
    pub fn array(&self, source: &str) -> Option<Arc<Array>> {
        self.arrays.get(source).cloned()
    }
}

fn read_whole(source: &SourceSpec) -> Found<Array> {
    if source.is_image_folder() {
        return read_images(source);
    }
    let mut whole: Option<Array> = None;
    for file in super::schema::files_of(source)? {
        let next = read_array(&file, source)?;
        match &mut whole {
            None => whole = Some(next),
            Some(whole) => {
                if let (Some(rows), Some(more)) = (whole.shape.first_mut(), next.shape.first()) {
                    *rows += more;
                }
                whole.numbers.append(next.numbers);
            }
        }
    }
    whole.ok_or_else(|| Box::new(super::problem::DataProblem::NoTrain { given: Vec::new() }))
}

struct Collector<'a> {
    wanted: &'a BTreeMap<&'a str, ColumnKind>,
    names: Vec<String>,
    /// By position in the part that is being read: which of `columns`.
    slots: Vec<Option<usize>>,
    columns: Vec<Column>,
    texts: HashMap<String, Arc<str>>,
}

impl Collector<'_> {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(text.to_string(), shared.clone());
        shared
    }
}

impl TableSink for Collector<'_> {
    fn header(&mut self, columns: &[String]) -> Found<Vec<bool>> {
        self.slots = columns
            .iter()
            .map(|name| {
                let kind = self.wanted.get(name.as_str())?;
                Some(self.names.iter().position(|n| n == name).unwrap_or_else(|| {
                    self.names.push(name.clone());
                    self.columns.push(match kind {
                        ColumnKind::Number => Column::Numbers(Vec::new()),
                        ColumnKind::Text => Column::Texts(Vec::new()),
                    });
                    self.names.len() - 1
                }))
            })
            .collect();
        Ok(self.slots.iter().map(Option::is_some).collect())
    }

    fn cell(&mut self, column: usize, _line: u64, cell: Parsed<'_>) {
        let Some(slot) = self.slots.get(column).copied().flatten() else { return };
        let text = match (self.columns.get(slot), cell) {
            (Some(Column::Texts(_)), Parsed::Text(t)) => Some(self.shared(t)),
            (Some(Column::Texts(_)), Parsed::Number(n)) => Some(self.shared(&number_name(n))),
            _ => None,
        };
        match self.columns.get_mut(slot) {
            Some(Column::Texts(v)) => v.push(text),
            Some(Column::Numbers(v)) => v.push(if let Parsed::Number(n) = cell { n } else { f64::NAN }),
            None => {}
        }
    }
}

/// The columns of these names that a source has.
pub(crate) fn read_columns(source: &SourceSpec, wanted: &BTreeMap<&str, ColumnKind>) -> Found<Vec<(String, Column)>> {
    let (names, slots, columns, texts) = (Vec::new(), Vec::new(), Vec::new(), HashMap::new());
    let mut collector = Collector { wanted, names, slots, columns, texts };
    for (_, part) in parts(source)? {
        read(&part, &mut collector)?;
    }
    Ok(collector.names.into_iter().zip(collector.columns).collect())
}
