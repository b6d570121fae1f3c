//! Tables made from a seed, and literal rows.

use super::cell::Parsed;
use super::place::Place;
use super::problem::{DataProblem, Found};
use super::random::{Purpose, Stream};
use super::source_spec::{Cell, SourceSpec};
use std::f64::consts::{PI, TAU};

/// A table in memory. Numbers only, except for literal rows.
pub(crate) struct MemoryTable {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// The cell as one of a file would be read: `"NA"` is missing, `"5"` a number.
    pub(crate) fn parsed(&self) -> Parsed<'_> {
        match self {
            Cell::Number(n) if n.is_nan() => Parsed::Missing,
            Cell::Number(n) => Parsed::Number(*n),
            Cell::Text(t) => super::cell::parse(t),
            Cell::Missing => Parsed::Missing,
        }
    }
}

/// The table of a source that is not in files; none for one that is.
pub(crate) fn generate(source: &SourceSpec) -> Found<Option<MemoryTable>> {
    let table = match source {
        SourceSpec::Csv(_)
        | SourceSpec::Idx(_)
        | SourceSpec::Npy(_)
        | SourceSpec::Npz { .. }
        | SourceSpec::ImageFolder { .. }
        | SourceSpec::Text(_)
        | SourceSpec::Lines(_) => {
            return Ok(None);
        }
        SourceSpec::Rows { columns, rows } => literal(columns, rows)?,
        SourceSpec::Moons { n, noise, seed } => {
            check("moons", *n, 1, *noise)?;
            moons(*n, *noise, *seed)
        }
        SourceSpec::Spirals { n, classes, noise, seed } => {
            check("spirals", *n, *classes, *noise)?;
            spirals(*n, *classes, *noise, *seed)
        }
        SourceSpec::Blobs { n, classes, features, std, seed } => {
            check("blobs", *n, *classes, 0.0)?;
            if *features == 0 {
                return Err(argument("blobs", "features", features, "at least 1"));
            }
            if !(std.is_finite() && *std >= 0.0) {
                return Err(argument("blobs", "std", std, "a number that is not negative"));
            }
            blobs(*n, *classes, *features, *std, *seed)
        }
        SourceSpec::Sine { n, periods, noise, seed } => {
            check("sine", *n, 1, *noise)?;
            if !(periods.is_finite() && *periods > 0.0) {
                return Err(argument("sine", "periods", periods, "greater than 0"));
            }
            sine(*n, *periods, *noise, *seed)
        }
    };
    Ok(Some(table))
}

fn argument(of: &'static str, argument: &'static str, value: impl ToString, wanted: &'static str) -> Box<DataProblem> {
    Box::new(DataProblem::Argument { of, argument, value: value.to_string(), wanted })
}

fn check(of: &'static str, n: usize, classes: usize, noise: f64) -> Found<()> {
    if n == 0 || n > 100_000_000 {
        return Err(argument(of, "n", n, "between 1 and 100 million"));
    }
    if classes == 0 || classes > n {
        return Err(argument(of, "classes", classes, "at least 1 and at most the number of points"));
    }
    if !(noise.is_finite() && noise >= 0.0) {
        return Err(argument(of, "noise", noise, "a number that is not negative"));
    }
    Ok(())
}

fn literal(columns: &[String], rows: &[Vec<Cell>]) -> Found<MemoryTable> {
    for (i, row) in rows.iter().enumerate() {
        if row.len() != columns.len() {
            let place = Place { source: "rows".into(), line: i as u64 + 1, in_file: false };
            return Err(Box::new(DataProblem::RaggedRow {
                place,
                cells: row.len(),
                columns: columns.len(),
                over_lines: false,
            }));
        }
    }
    Ok(MemoryTable { columns: columns.to_vec(), rows: rows.to_vec() })
}

/// The columns that a generator makes, of so many features where it has as many as it is told to; none for a source of
/// another kind.
pub fn generated_columns(generator: &str, features: usize) -> Vec<String> {
    match generator {
        "moons" | "spirals" => labelled(2),
        "blobs" => labelled(features),
        "sine" => vec!["x".to_owned(), "y".to_owned()],
        _ => Vec::new(),
    }
}

/// `x0`, `x1`, …, `label`
fn labelled(features: usize) -> Vec<String> {
    (0..features).map(|i| format!("x{i}")).chain(["label".to_owned()]).collect()
}

fn made(generator: &str, features: usize, rows: Vec<Vec<f64>>) -> MemoryTable {
    let columns = generated_columns(generator, features);
    MemoryTable { columns, rows: rows.into_iter().map(|r| r.into_iter().map(Cell::Number).collect()).collect() }
}

// The classes take turns, so that an ordered split sees all of them.

fn moons(n: usize, noise: f64, seed: u64) -> MemoryTable {
    let mut draw = Stream::new(seed, Purpose::Generate, 0);
    let each = n.div_ceil(2).saturating_sub(1).max(1) as f64;
    let rows = (0..n)
        .map(|i| {
            let angle = PI * (i / 2) as f64 / each;
            let (x, y) = match i % 2 {
                0 => (angle.cos(), angle.sin()),
                _ => (1.0 - angle.cos(), 0.5 - angle.sin()),
            };
            vec![x + noise * draw.normal(), y + noise * draw.normal(), (i % 2) as f64]
        })
        .collect();
    made("moons", 2, rows)
}

fn spirals(n: usize, classes: usize, noise: f64, seed: u64) -> MemoryTable {
    let mut draw = Stream::new(seed, Purpose::Generate, 0);
    let each = n.div_ceil(classes).saturating_sub(1).max(1) as f64;
    let rows = (0..n)
        .map(|i| {
            let (arm, t) = (i % classes, (i / classes) as f64 / each);
            // From near the centre outwards, two thirds of a turn: hard for a line, easy for a small network.
            let radius = 0.05 + 0.95 * t;
            let angle = 4.0 * t + TAU * arm as f64 / classes as f64;
            vec![radius * angle.cos() + noise * draw.normal(), radius * angle.sin() + noise * draw.normal(), arm as f64]
        })
        .collect();
    made("spirals", 2, rows)
}

fn blobs(n: usize, classes: usize, features: usize, std: f64, seed: u64) -> MemoryTable {
    let mut draw = Stream::new(seed, Purpose::Generate, 0);
    let centres: Vec<Vec<f64>> =
        (0..classes).map(|_| (0..features).map(|_| 20.0 * draw.unit() - 10.0).collect()).collect();
    let rows = centres
        .iter()
        .enumerate()
        .cycle()
        .take(n)
        .map(|(class, centre)| {
            let mut row: Vec<f64> = centre.iter().map(|c| c + std * draw.normal()).collect();
            row.push(class as f64);
            row
        })
        .collect();
    made("blobs", features, rows)
}

fn sine(n: usize, periods: f64, noise: f64, seed: u64) -> MemoryTable {
    let mut draw = Stream::new(seed, Purpose::Generate, 0);
    let rows = (0..n)
        .map(|i| {
            let x = TAU * periods * i as f64 / n.saturating_sub(1).max(1) as f64;
            vec![x, x.sin() + noise * draw.normal()]
        })
        .collect();
    made("sine", 0, rows)
}
