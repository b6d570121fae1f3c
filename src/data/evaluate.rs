//! The values of an expression, block by block, in f64.
//!
//! What has an axis of positions is computed for positions, everything else for examples; where the one is made of the
//! other, the examples are looked up. Blocks have a fixed size, so that sums over them do not depend on the number of
//! threads.

use super::array_file::Array;
use super::cell::{Parsed, number_name, parse};
use super::field_expr::{BinaryOp, UnaryOp};
use super::fitted::Estimate;
use super::layout::{Layout, broadcast_index};
use super::load_sources::Sources;
use super::problem::{DataProblem, Found};
use super::resolve::{Element, Op, Resolved};
use super::schema::ColumnKind;
use super::steps::{StepKind, Steps};
use super::table_reader::place_of;
use super::tokens::place_in_stream;
use super::vocabulary::UNKNOWN;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Elements of a block, about.
const BLOCK: usize = 1 << 18;

/// The values of a block of examples (or positions), one after the other.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// Missing values are NaN.
    Numbers(Vec<f64>),
    Texts(Vec<Option<Arc<str>>>),
}

impl Values {
    /// The numbers; text counts as missing, which resolving has ruled out.
    pub fn numbers(self) -> Vec<f64> {
        match self {
            Values::Numbers(v) => v,
            Values::Texts(v) => vec![f64::NAN; v.len()],
        }
    }
}

/// Computes values from sources and estimates.
pub(crate) struct Evaluator<'a> {
    pub(super) sources: &'a Sources,
    pub(super) estimates: &'a [Estimate],
    /// Where windows start.
    starts: &'a [u32],
    /// By estimate: the class of a name and of a number.
    classes: Vec<Option<Lookup>>,
}

pub(super) struct Lookup {
    pub by_name: HashMap<String, usize>,
    by_number: HashMap<u64, usize>,
    /// Of everything that has no name.
    unknown: Option<usize>,
}

impl<'a> Evaluator<'a> {
    pub fn new(sources: &'a Sources, estimates: &'a [Estimate], starts: &'a [u32]) -> Self {
        let classes = estimates
            .iter()
            .map(|e| match e {
                Estimate::Classes { names, unknown } => {
                    let by_name = names.iter().enumerate().map(|(i, n)| (n.clone(), i)).collect();
                    let number = |n: &str| match parse(n) {
                        Parsed::Number(n) => Some((n + 0.0).to_bits()),
                        _ => None,
                    };
                    let by_number = names.iter().enumerate().filter_map(|(i, n)| Some((number(n)?, i))).collect();
                    let unknown = unknown.then(|| names.iter().position(|n| n == UNKNOWN)).flatten();
                    Some(Lookup { by_name, by_number, unknown })
                }
                _ => None,
            })
            .collect();
        Evaluator { sources, estimates, starts, classes }
    }

    /// Calls `f` with the values of every block of `rows`, in order.
    pub fn each_block(
        &self,
        node: &Resolved,
        rows: &[u32],
        f: &mut dyn FnMut(&[u32], Values) -> Found<()>,
    ) -> Found<()> {
        // A few blocks at a time are computed side by side and consumed in order, so that memory stays small.
        let size = (BLOCK / node.each().max(1)).max(1);
        for group in rows.chunks(size.saturating_mul(rayon::current_num_threads().max(1))) {
            let blocks: Vec<Found<Values>> = group.par_chunks(size).map(|rows| self.block(node, rows)).collect();
            for (rows, values) in group.chunks(size).zip(blocks) {
                f(rows, values?)?;
            }
        }
        Ok(())
    }

    /// The class of a name.
    pub(super) fn lookup(&self, estimate: usize) -> Option<&Lookup> {
        self.classes.get(estimate).and_then(Option::as_ref)
    }

    /// Where the values of an example, or of a position where there are such, come from, for messages.
    pub(super) fn place_in(&self, node: &Resolved, at: u32) -> Option<super::place::Place> {
        place_in(node, at, self.starts)
    }

    /// The values of a part for the examples or positions `rows` of the whole.
    fn part(&self, node: &Resolved, part: &Resolved, rows: &[u32]) -> Found<Values> {
        match &part.steps {
            Some(steps) if node.steps.is_none() => self.block(part, &steps.of_all(rows, self.starts)),
            _ => self.block(part, rows),
        }
    }

    /// The values of the examples `rows`, or of the positions where there are such.
    pub fn block(&self, node: &Resolved, rows: &[u32]) -> Found<Values> {
        let part = |i: usize| match node.parts.get(i) {
            Some(part) => self.part(node, part, rows),
            None => Ok(Values::Numbers(Vec::new())),
        };
        let estimate = |i: &usize| self.estimates.get(*i);
        Ok(match &node.op {
            Op::Number(n) => Values::Numbers(vec![*n; rows.len()]),
            Op::Columns { columns, .. } => self.columns(node, columns, rows)?,
            Op::Array(source) => match self.sources.array(&format!("{source:?}")) {
                Some(array) => Values::Numbers(examples(&array, node.each(), rows)?),
                None => Values::Numbers(Vec::new()),
            },
            Op::Stream { source, kind, estimate } => self.stream(source, *kind, *estimate, rows)?,
            Op::Tokens { vocabulary, estimate } => self.tokens(node, vocabulary, *estimate, rows)?,
            Op::Binary(op) => Values::Numbers(binary(*op, node, part(0)?.numbers(), part(1)?.numbers())),
            Op::Unary(op) => Values::Numbers(unary(*op, part(0)?.numbers())),
            Op::Standardize { estimate: i, layout } => {
                let mut v = part(0)?.numbers();
                if let Some(Estimate::Standardize { mean, deviation }) = estimate(i) {
                    let one = |x: f64, (m, d): (f64, f64)| if d == 0.0 { 0.0 * (x - m) } else { (x - m) / d };
                    by_column(&mut v, *layout, node.each(), &pairs(mean, deviation), one);
                }
                Values::Numbers(v)
            }
            Op::Rescale { estimate: i, layout, lo, hi } => {
                let mut v = part(0)?.numbers();
                if let Some(Estimate::Rescale { min, max }) = estimate(i) {
                    let one = |x: f64, (a, b): (f64, f64)| {
                        let share = if b > a { (x - a) / (b - a) } else { 0.0 * x };
                        lo + share * (hi - lo)
                    };
                    by_column(&mut v, *layout, node.each(), &pairs(min, max), one);
                }
                Values::Numbers(v)
            }
            Op::Fill { estimate: i, layout, .. } => {
                let mut v = part(0)?.numbers();
                if let Some(Estimate::Fill { values }) = estimate(i) {
                    let one = |x: f64, (fill, _): (f64, f64)| if x.is_nan() { fill } else { x };
                    by_column(&mut v, *layout, node.each(), &pairs(values, values), one);
                }
                Values::Numbers(v)
            }
            Op::FillNumber(n) => {
                Values::Numbers(part(0)?.numbers().into_iter().map(|x| if x.is_nan() { *n } else { x }).collect())
            }
            Op::FillText(t) => Values::Texts(match part(0)? {
                Values::Texts(v) => v.into_iter().map(|x| x.or_else(|| Some(t.clone()))).collect(),
                // A column of which no cell is there.
                Values::Numbers(v) => {
                    v.into_iter().map(|x| Some(if x.is_nan() { t.clone() } else { number_name(x).into() })).collect()
                }
            }),
            Op::Classes { estimate: i, fixed, .. } => {
                Values::Numbers(self.class_numbers(node, *i, *fixed, part(0)?, rows)?)
            }
            Op::OneHot(n) => {
                let classes = part(0)?.numbers();
                let mut v = vec![0.0; classes.len() * n];
                for (slot, class) in v.chunks_exact_mut((*n).max(1)).zip(classes) {
                    if let Some(one) = slot.get_mut(class as usize) {
                        *one = 1.0;
                    }
                }
                Values::Numbers(v)
            }
            Op::Reshape | Op::Windows => part(0)?,
            Op::Pad(value) => Values::Numbers(self.padded(node, *value, rows)?),
            Op::Concat(axis) => Values::Numbers(self.concat(node, *axis, rows)?),
            Op::First => {
                let inner = node.parts.first();
                if let Some((inner, steps)) = inner.and_then(|p| Some((p, p.steps.as_ref()?))) {
                    return self.block(inner, &steps.firsts(rows, self.starts));
                }
                let length = inner.and_then(|p| p.shape.first()).copied().unwrap_or(1);
                let (each, stride) = (node.each(), node.each() * length);
                match part(0)? {
                    Values::Numbers(v) => Values::Numbers(firsts(&v, each, stride)),
                    Values::Texts(v) => Values::Texts(firsts(&v, each, stride)),
                }
            }
        })
    }

    fn columns(&self, node: &Resolved, columns: &[(String, ColumnKind)], rows: &[u32]) -> Found<Values> {
        let examples = node.examples.as_ref();
        let key = examples.map_or("", |e| e.source.0.as_str());
        let kept = examples.and_then(|e| e.kept.as_deref());
        let row = |r: &u32| kept.map_or(*r as usize, |k| k.get(*r as usize).map_or(usize::MAX, |r| *r as usize));
        let width = columns.len();
        let Some(table) = self.sources.table(key) else {
            return Ok(Values::Numbers(vec![f64::NAN; rows.len() * width]));
        };
        let place = |(name, _): &(String, ColumnKind)| table.column(name);
        let is_text = |column: &usize| table.columns().get(*column).is_some_and(|(_, kind)| *kind == ColumnKind::Text);
        let places: Vec<Option<usize>> = columns.iter().map(place).collect();
        if places.iter().flatten().any(is_text) {
            let mut out = vec![None; rows.len() * width];
            for (j, column) in places.iter().enumerate() {
                let Some(column) = column else { continue };
                let mut slots = out.iter_mut().skip(j).step_by(width);
                let text = |cell: f64| match is_text(column) {
                    true => table.text(cell).cloned(),
                    false => (!cell.is_nan()).then(|| number_name(cell).into()),
                };
                table.each(*column, rows.iter().map(row), |cell| {
                    if let Some(slot) = slots.next() {
                        *slot = text(cell);
                    }
                })?;
            }
            return Ok(Values::Texts(out));
        }
        let mut out = vec![f64::NAN; rows.len() * width];
        for (j, column) in places.iter().enumerate() {
            let Some(column) = column else { continue };
            let mut slots = out.iter_mut().skip(j).step_by(width);
            table.each(*column, rows.iter().map(row), |cell| {
                if let Some(slot) = slots.next() {
                    *slot = cell;
                }
            })?;
        }
        Ok(Values::Numbers(out))
    }

    fn class_numbers(&self, node: &Resolved, i: usize, fixed: bool, values: Values, rows: &[u32]) -> Found<Vec<f64>> {
        let Some(lookup) = self.lookup(i) else {
            return Ok(values.numbers());
        };
        if node.parts.first().is_some_and(|p| matches!(p.element, Element::Class(_))) {
            return Ok(values.numbers());
        }
        let known = lookup.by_name.len();
        let each = node.each().max(1);
        let unknown = |name: String, element: usize| -> Box<DataProblem> {
            let place = rows.get(element / each).and_then(|row| self.place_in(node, *row));
            if fixed {
                let what = "the new data".to_string();
                return Box::new(DataProblem::LabelOutside { what, value: name, place, classes: known, needed: None });
            }
            let names = match self.estimates.get(i) {
                Some(Estimate::Classes { names, .. }) => names.clone(),
                _ => Vec::new(),
            };
            Box::new(DataProblem::UnknownClass { field: String::new(), name, place, known: names })
        };
        match values {
            Values::Numbers(v) => v
                .into_iter()
                .enumerate()
                .map(|(e, x)| {
                    if fixed && x >= 0.0 && x < known as f64 && x.fract() == 0.0 {
                        return Ok(x);
                    }
                    match lookup.by_number.get(&(x + 0.0).to_bits()) {
                        Some(class) if !fixed => Ok(*class as f64),
                        _ => lookup.unknown.map(|class| class as f64).ok_or_else(|| unknown(number_name(x), e)),
                    }
                })
                .collect(),
            Values::Texts(v) => v
                .into_iter()
                .enumerate()
                .map(|(e, x)| {
                    let name = x.as_deref().unwrap_or("");
                    let class = lookup.by_name.get(name).copied().or(lookup.unknown);
                    class.map(|c| c as f64).ok_or_else(|| unknown(name.to_string(), e))
                })
                .collect(),
        }
    }

    /// Every example to the length of the whole.
    fn padded(&self, node: &Resolved, value: f64, rows: &[u32]) -> Found<Vec<f64>> {
        let Some(part) = node.parts.first() else { return Ok(Vec::new()) };
        let values = self.part(node, part, rows)?.numbers();
        let position: usize = node.shape.iter().skip(1).product();
        let mut out = Vec::with_capacity(node.each() * rows.len());
        let mut start = 0;
        for row in rows {
            let length = match &part.steps {
                Some(steps) => steps.length(*row),
                None => part.shape.first().copied().unwrap_or(0),
            };
            let end = start + length * position;
            out.extend_from_slice(values.get(start..end).unwrap_or(&[]));
            let missing = node.each().saturating_sub(length * position);
            out.extend(std::iter::repeat_n(value, missing));
            start = end;
        }
        Ok(out)
    }

    fn concat(&self, node: &Resolved, axis: usize, rows: &[u32]) -> Found<Vec<f64>> {
        // Everything from the axis on lies together within a part, and so it does in the whole.
        let run = |shape: &[usize]| shape.get(axis..).unwrap_or(&[]).iter().product::<usize>();
        let mut blocks = Vec::new();
        for part in &node.parts {
            blocks.push((self.part(node, part, rows)?.numbers(), run(node.shape_of(part))));
        }
        let outer = node.own_shape().iter().take(axis).product::<usize>() * rows.len();
        let mut out = Vec::with_capacity(node.each() * rows.len());
        for i in 0..outer {
            for (values, run) in &blocks {
                out.extend_from_slice(values.get(i * run..(i + 1) * run).unwrap_or(&[]));
            }
        }
        Ok(out)
    }
}

/// Where the values of an example, or of a position where there are such, come from, for messages.
pub(crate) fn place_in(node: &Resolved, at: u32, starts: &[u32]) -> Option<super::place::Place> {
    let kept = node.examples.as_ref().and_then(|e| e.kept.as_deref());
    let row = kept.map_or(Some(u64::from(at)), |k| k.get(at as usize).map(|r| u64::from(*r)));
    match (&node.op, row) {
        (Op::Columns { table, .. }, Some(row)) => place_of(table.origin(), row),
        (Op::Array(source), Some(row)) if source.is_image_folder() => place_of(source, row),
        (Op::Array(_), Some(row)) => {
            let source = node.examples.as_ref().map_or(String::new(), |e| e.source.1.clone());
            Some(super::place::Place { source, line: row + 1, in_file: false })
        }
        (Op::Stream { source, kind, .. }, _) => place_in_stream(source, *kind, at as usize),
        (Op::Tokens { .. }, _) => match (&node.steps, node.parts.first()) {
            (Some(Steps { kind: StepKind::Groups(groups), .. }), Some(part)) => {
                place_in(part, groups.ends.partition_point(|end| *end <= at) as u32, starts)
            }
            _ => None,
        },
        _ => node.parts.iter().find_map(|part| match &part.steps {
            Some(steps) if node.steps.is_none() => place_in(part, *steps.firsts(&[at], starts).first()?, starts),
            _ => place_in(part, at, starts),
        }),
    }
}

/// Elements of the examples of an array; those that follow one another are read at once.
fn examples(array: &Array, each: usize, rows: &[u32]) -> Found<Vec<f64>> {
    let mut out = Vec::with_capacity(each * rows.len());
    for run in rows.chunk_by(|row, next| row.checked_add(1) == Some(*next)) {
        let start = run.first().map_or(0, |row| *row as usize * each);
        array.numbers.copy(start..start + run.len() * each, &mut out)?;
    }
    Ok(out)
}

fn firsts<T: Clone>(values: &[T], each: usize, stride: usize) -> Vec<T> {
    values.chunks(stride.max(1)).flat_map(|c| c.get(..each).unwrap_or(&[]).iter().cloned()).collect()
}

fn pairs(a: &[f64], b: &[f64]) -> Vec<(f64, f64)> {
    a.iter().copied().zip(b.iter().copied()).collect()
}

/// Applies a function with the numbers of its column to every element.
fn by_column(
    values: &mut [f64],
    layout: Layout,
    each: usize,
    columns: &[(f64, f64)],
    one: impl Fn(f64, (f64, f64)) -> f64,
) {
    let table: Vec<(f64, f64)> =
        (0..each).map(|e| columns.get(layout.column(e)).copied().unwrap_or((0.0, 0.0))).collect();
    for example in values.chunks_mut(each.max(1)) {
        for (value, column) in example.iter_mut().zip(&table) {
            *value = one(*value, *column);
        }
    }
}

fn unary(op: UnaryOp, mut values: Vec<f64>) -> Vec<f64> {
    for value in &mut values {
        *value = op.apply(*value);
    }
    values
}

fn binary(op: BinaryOp, node: &Resolved, mut left: Vec<f64>, right: Vec<f64>) -> Vec<f64> {
    let [a, b] = node.parts.as_slice() else { return left };
    let (a, b, shape) = (node.shape_of(a), node.shape_of(b), node.own_shape());
    let (a_each, b_each) = (a.iter().product::<usize>(), b.iter().product::<usize>());
    if a == b {
        for (x, y) in left.iter_mut().zip(&right) {
            *x = op.apply(*x, *y);
        }
        return left;
    }
    if b_each == 1 && a == shape {
        for (example, y) in left.chunks_mut(a_each.max(1)).zip(&right) {
            for x in example {
                *x = op.apply(*x, *y);
            }
        }
        return left;
    }
    let (ia, ib) = (broadcast_index(a, shape), broadcast_index(b, shape));
    let at = |v: &[f64], i: usize| v.get(i).copied().unwrap_or(f64::NAN);
    left.chunks(a_each.max(1))
        .zip(right.chunks(b_each.max(1)))
        .flat_map(|(x, y)| ia.iter().zip(&ib).map(move |(i, j)| op.apply(at(x, *i), at(y, *j))))
        .collect()
}
