//! Tests of the whole module, through its public face.

mod images;
mod large;
mod loading;
mod new_data;
mod problems;
mod sequences;
mod tables;
mod text;

use super::*;
use crate::source::Span;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with files, and sources over them.
pub struct Folder(TempDir);

impl Folder {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        for (name, content) in files {
            folder.write(name, content);
        }
        folder
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("written");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn file(&self, name: &str) -> DataFile {
        DataFile::new(name, self.path(name))
    }

    pub fn csv(&self, name: &str) -> TableExpr {
        TableExpr::source(SourceSpec::Csv(PerSplit::Whole(vec![self.file(name)])), span(1))
    }

    pub fn csv_split(&self, train: &str, test: &str) -> TableExpr {
        let files = given(vec![self.file(train)], vec![self.file(test)]);
        TableExpr::source(SourceSpec::Csv(files), span(1))
    }
}

pub fn given<T>(train: T, test: T) -> PerSplit<T> {
    PerSplit::Given { train: Some(train), validation: None, test: Some(test) }
}

pub fn example(name: &str) -> TableExpr {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    TableExpr::source(SourceSpec::Csv(PerSplit::Whole(vec![DataFile::new(name, path)])), span(1))
}

/// Literal rows; NaN is missing.
pub fn rows<const N: usize>(columns: [&str; N], rows: &[[f64; N]]) -> TableExpr {
    let columns = columns.map(str::to_string).to_vec();
    let rows = rows.iter().map(|r| r.iter().map(|x| Cell::Number(*x)).collect()).collect();
    TableExpr::source(SourceSpec::Rows { columns, rows }, span(1))
}

pub fn span(start: usize) -> Span {
    Span::new(crate::source::FileId(0), start, start + 1)
}

pub fn name(text: &str) -> Name {
    Name { text: text.into(), span: Span::new(crate::source::FileId(0), 100, 100 + text.len()) }
}

pub fn one(table: &TableExpr, column_name: &str) -> FieldExpr {
    column(table, &name(column_name), span(2)).expect("a column")
}

pub fn range(table: &TableExpr, from: &str, to: &str) -> FieldExpr {
    let selector = Selector::Range { from: name(from), to: name(to) };
    select(table, &[selector], span(2)).expect("columns")
}

pub fn standardize(field: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::Standardize(field), span(3))
}

pub fn rescale(field: FieldExpr, lo: f64, hi: f64) -> FieldExpr {
    FieldExpr::new(FieldNode::Rescale { field, lo, hi }, span(3))
}

pub fn classes(field: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::Classes(field, None), span(3))
}

pub fn classes_n(field: FieldExpr, n: usize) -> FieldExpr {
    FieldExpr::new(FieldNode::Classes(field, Some(n)), span(3))
}

pub fn one_hot(field: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::OneHot(field), span(3))
}

pub fn fill(field: FieldExpr, filling: Filling) -> FieldExpr {
    FieldExpr::new(FieldNode::Fill(field, filling), span(3))
}

pub fn unary(op: UnaryOp, field: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::Unary(op, field), span(3))
}

pub fn binary(op: BinaryOp, a: FieldExpr, b: FieldExpr) -> FieldExpr {
    FieldExpr::new(FieldNode::Binary(op, a, b), span(3))
}

pub fn number(n: f64) -> FieldExpr {
    FieldExpr::new(FieldNode::Number(n), span(3))
}

pub fn reshape(field: FieldExpr, dims: &[Option<usize>]) -> FieldExpr {
    FieldExpr::new(FieldNode::Reshape(field, dims.to_vec()), span(3))
}

pub fn plan(fields: Vec<(&str, FieldExpr)>, split: SplitSpec) -> DataPlan {
    let fields = fields.into_iter().map(|(name, expr)| FieldPlan { name: name.into(), expr, span: span(4) }).collect();
    DataPlan { fields, split, split_span: span(5) }
}

/// The values of a single field with everything in train.
pub fn values(expr: FieldExpr) -> Vec<f32> {
    let data = load(&plan(vec![("x", expr)], SplitSpec::AsGiven)).expect("loaded");
    data.fields[0].values.all().to_vec()
}

pub fn problem_of(expr: FieldExpr) -> DataProblem {
    *field_type(&expr).expect_err("a problem").problem
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("written");
    encoder.finish().expect("finished")
}

pub fn idx(dims: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|d| d.to_be_bytes()));
    bytes.extend(body);
    bytes
}

pub fn idx_source(folder: &Folder, name: &str) -> FieldExpr {
    let source = SourceSpec::Idx(PerSplit::Whole(vec![folder.file(name)]));
    FieldExpr::new(FieldNode::Array(source), span(2))
}

#[track_caller]
pub fn assert_close(have: &[f32], want: &[f32]) {
    assert_eq!(have.len(), want.len(), "{have:?}");
    for (a, b) in have.iter().zip(want) {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{have:?} against {want:?}");
    }
}
