//! Reading into memory what expressions need of their sources: only the columns that are used.

use super::array_file::{Array, read_array};
use super::image_file::read_images;
use super::problem::{At, DataResult, Found};
use super::resolve::{Op, Resolved};
use super::resolve_text::stream_key;
use super::schema::ColumnKind;
use super::source_spec::SourceSpec;
use super::store::Limits;
use super::table::Table;
use super::tokens::{TokenKind, TokenStream, read_stream};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Tables and arrays by the source they are of.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    tables: HashMap<String, Arc<Table>>,
    arrays: HashMap<String, Arc<Array>>,
    streams: HashMap<String, Arc<TokenStream>>,
}

impl Sources {
    /// Reads everything that the expressions need.
    pub fn load(expressions: &[&Resolved], limits: &Limits) -> DataResult<Sources> {
        type Wanted<'a> = BTreeMap<String, (&'a SourceSpec, crate::source::Span, BTreeMap<&'a str, ColumnKind>)>;
        let mut tables: Wanted<'_> = BTreeMap::new();
        let mut arrays = BTreeMap::new();
        let mut streams = BTreeMap::new();
        for expression in expressions {
            expression.walk(&mut |node| match &node.op {
                Op::Columns { table, columns, .. } => {
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
            sources.tables.insert(key, Arc::new(Table::read(source, &wanted, limits).at(span)?));
        }
        for (key, (source, span)) in arrays {
            sources.arrays.insert(key, Arc::new(read_whole(source, limits).at(span)?));
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

    /// A table that was loaded.
    pub fn table(&self, source: &str) -> Option<&Table> {
        self.tables.get(source).map(Arc::as_ref)
    }

    /// An array that was loaded.
    pub fn array(&self, source: &str) -> Option<Arc<Array>> {
        self.arrays.get(source).cloned()
    }
}

fn read_whole(source: &SourceSpec, limits: &Limits) -> Found<Array> {
    if source.is_image_folder() {
        return read_images(source, limits.source);
    }
    let mut whole: Option<Array> = None;
    for file in super::schema::files_of(source)? {
        let next = read_array(&file, source, limits.source)?;
        whole = Some(match whole {
            None => next,
            Some(Array { mut shape, boolean, numbers }) => {
                if let (Some(rows), Some(more)) = (shape.first_mut(), next.shape.first()) {
                    *rows += more;
                }
                Array { shape, boolean, numbers: numbers.followed_by(next.numbers) }
            }
        });
    }
    whole.ok_or_else(|| Box::new(super::problem::DataProblem::NoTrain { given: Vec::new() }))
}
