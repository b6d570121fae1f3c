//! Tables made from a seed, and literal rows.

use super::cell::Parsed;
use super::place::Place;
use super::problem::{DataProblem, Found};
use super::random::{Purpose, Stream};
use super::source_spec::{Cell, SourceSpec};
use std::f64::consts::{PI, TAU};

/// A table that is in no file.
pub(crate) struct MemoryTable {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The cells.
    pub rows: MemoryRows,
}

/// The rows of a [`MemoryTable`].
pub(crate) enum MemoryRows {
    /// As they are written in the program.
    Literal(Vec<Vec<Cell>>),
    /// Made one after the other, always the same ones: as many as a generator makes would not all fit in memory.
    Made(Box<dyn Fn() -> MadeRows>),
}

/// Rows as they are made.
type MadeRows = Box<dyn Iterator<Item = Vec<f64>>>;

impl MemoryTable {
    /// Calls `see` with the cells of each row. Errors: those of `see`.
    pub(crate) fn each(&self, see: &mut dyn FnMut(&mut dyn Iterator<Item = Parsed<'_>>) -> Found<()>) -> Found<()> {
        match &self.rows {
            MemoryRows::Literal(rows) => rows.iter().try_for_each(|row| see(&mut row.iter().map(Cell::parsed))),
            MemoryRows::Made(rows) => rows().try_for_each(|row| see(&mut row.into_iter().map(Parsed::Number))),
        }
    }
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
        SourceSpec::Random { n, features, classes, seed } => {
            check("random", *n, 1, 0.0)?;
            if *features == 0 {
                return Err(argument("random", "features", features, "at least 1"));
            }
            if *classes == Some(0) {
                return Err(argument("random", "classes", 0, "at least 1"));
            }
            random(*n, *features, *classes, *seed)
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
    Ok(MemoryTable { columns: columns.to_vec(), rows: MemoryRows::Literal(rows.to_vec()) })
}

/// The columns that a generator makes, of so many features where it has as many as it is told to; none for a source of
/// another kind.
pub fn generated_columns(generator: &str, features: usize) -> Vec<String> {
    match generator {
        "moons" | "spirals" => labelled(2),
        "blobs" => labelled(features),
        "random" => numbered(features).collect(),
        "sine" => vec!["x".to_owned(), "y".to_owned()],
        _ => Vec::new(),
    }
}

/// `x0`, `x1`, …
fn numbered(features: usize) -> impl Iterator<Item = String> {
    (0..features).map(|i| format!("x{i}"))
}

/// `x0`, `x1`, …, `label`
fn labelled(features: usize) -> Vec<String> {
    numbered(features).chain(["label".to_owned()]).collect()
}

/// The table of a generator, whose rows come of a draw that begins anew each time.
fn made<Rows>(generator: &str, features: usize, seed: u64, rows: impl Fn(Stream) -> Rows + 'static) -> MemoryTable
where
    Rows: Iterator<Item = Vec<f64>> + 'static,
{
    let rows = move || -> MadeRows { Box::new(rows(Stream::new(seed, Purpose::Generate, 0))) };
    MemoryTable { columns: generated_columns(generator, features), rows: MemoryRows::Made(Box::new(rows)) }
}

// The classes take turns, so that an ordered split sees all of them.

fn moons(n: usize, noise: f64, seed: u64) -> MemoryTable {
    let each = n.div_ceil(2).saturating_sub(1).max(1) as f64;
    made("moons", 2, seed, move |mut draw| {
        (0..n).map(move |i| {
            let angle = PI * (i / 2) as f64 / each;
            let (x, y) = match i % 2 {
                0 => (angle.cos(), angle.sin()),
                _ => (1.0 - angle.cos(), 0.5 - angle.sin()),
            };
            vec![x + noise * draw.normal(), y + noise * draw.normal(), (i % 2) as f64]
        })
    })
}

fn spirals(n: usize, classes: usize, noise: f64, seed: u64) -> MemoryTable {
    let each = n.div_ceil(classes).saturating_sub(1).max(1) as f64;
    made("spirals", 2, seed, move |mut draw| {
        (0..n).map(move |i| {
            let (arm, t) = (i % classes, (i / classes) as f64 / each);
            // From near the centre outwards, two thirds of a turn: hard for a line, easy for a small network.
            let radius = 0.05 + 0.95 * t;
            let angle = 4.0 * t + TAU * arm as f64 / classes as f64;
            vec![radius * angle.cos() + noise * draw.normal(), radius * angle.sin() + noise * draw.normal(), arm as f64]
        })
    })
}

fn blobs(n: usize, classes: usize, features: usize, std: f64, seed: u64) -> MemoryTable {
    made("blobs", features, seed, move |mut draw| {
        let centres: Vec<Vec<f64>> =
            (0..classes).map(|_| (0..features).map(|_| 20.0 * draw.unit() - 10.0).collect()).collect();
        (0..n).map(move |i| {
            let class = i % classes;
            let cloud = centres[class].iter().map(|c| c + std * draw.normal()).collect::<Vec<f64>>();
            cloud.into_iter().chain([class as f64]).collect()
        })
    })
}

fn sine(n: usize, periods: f64, noise: f64, seed: u64) -> MemoryTable {
    made("sine", 0, seed, move |mut draw| {
        (0..n).map(move |i| {
            let x = TAU * periods * i as f64 / n.saturating_sub(1).max(1) as f64;
            vec![x, x.sin() + noise * draw.normal()]
        })
    })
}

/// Numbers that have nothing to do with each other.
fn random(n: usize, features: usize, classes: Option<usize>, seed: u64) -> MemoryTable {
    made("random", features, seed, move |mut draw| {
        let mut number = move || match classes {
            None => draw.unit(),
            // Rounding may make the product the number of classes itself.
            Some(classes) => (draw.unit() * classes as f64).floor().min(classes as f64 - 1.0),
        };
        (0..n).map(move |_| (0..features).map(|_| number()).collect())
    })
}
