//! Fitting: what `standardize`, `rescale` and `fill` take from the training split.

use super::class_names::class_names;
use super::evaluate::Evaluator;
use super::fitted::{Estimate, Inverse};
use super::framing::Framing;
use super::layout::Layout;
use super::load_sources::Sources;
use super::problem::{At, DataError, DataProblem, DataResult, Found};
use super::resolve::{Op, Resolved};

/// The estimates of an expression over the training split, in the order in which they are numbered. A row that several
/// windows share counts once.
pub(crate) fn fit(node: &Resolved, sources: &Sources, framing: &Framing) -> DataResult<Vec<Estimate>> {
    let mut estimates = Vec::new();
    let mut places = Vec::new();
    node.walk(&mut |n| places.push(n));
    for place in places {
        let part = place.parts.first().unwrap_or(place);
        let evaluator = Evaluator::new(sources, &estimates, &framing.starts);
        let over = Training { evaluator, part, framing };
        let estimate = match &place.op {
            Op::Standardize { layout, .. } => over.moments(*layout).and_then(|m| m.standardize(part)),
            Op::Rescale { layout, .. } => over.moments(*layout).and_then(|m| m.rescale(part)),
            Op::Fill { layout, median: false, .. } => over.moments(*layout).and_then(|m| m.fill(part)),
            Op::Fill { layout, median: true, .. } => over.medians(*layout),
            op @ (Op::Classes { .. } | Op::Stream { .. } | Op::Tokens { .. }) => {
                let names = class_names(&place.element).map(|n| n.to_vec()).unwrap_or_default();
                Ok(Estimate::Classes { names, unknown: matches!(op, Op::Classes { unknown: true, .. }) })
            }
            _ => continue,
        };
        estimates.push(estimate.at(place.span)?);
    }
    Ok(estimates)
}

/// What was saved must be what the expression asks for.
pub(crate) fn check_known(node: &Resolved, known: &[Estimate], field: &str) -> DataResult<()> {
    let mut wanted: Vec<(&'static str, usize)> = Vec::new();
    node.walk(&mut |n| match &n.op {
        Op::Standardize { layout, .. } => wanted.push(("standardize", layout.columns())),
        Op::Rescale { layout, .. } => wanted.push(("rescale", layout.columns())),
        Op::Fill { layout, .. } => wanted.push(("fill", layout.columns())),
        Op::Classes { .. } | Op::Stream { .. } | Op::Tokens { .. } => wanted.push(("classes", 0)),
        _ => {}
    });
    let columns = |e: &Estimate| match e {
        Estimate::Standardize { mean: v, .. } | Estimate::Rescale { min: v, .. } | Estimate::Fill { values: v } => {
            v.len()
        }
        Estimate::Classes { .. } => 0,
    };
    let fits = wanted.len() == known.len()
        && wanted.iter().zip(known).all(|((name, n), e)| *name == e.name() && *n == columns(e));
    if fits {
        return Ok(());
    }
    let list = |names: Vec<String>| if names.is_empty() { "nothing".to_string() } else { names.join(", ") };
    let reason = format!(
        "it needs {}, and what was saved is {}",
        list(wanted.iter().map(|(n, _)| n.to_string()).collect()),
        list(known.iter().map(|e| e.name().to_string()).collect())
    );
    Err(DataError::new(node.span, DataProblem::FittedMismatch { field: field.to_string(), reason }))
}

struct Training<'a> {
    evaluator: Evaluator<'a>,
    part: &'a Resolved,
    framing: &'a Framing,
}

/// By column, over all values that are there.
#[derive(Default, Clone)]
struct Moments {
    count: Vec<f64>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    min: Vec<f64>,
    max: Vec<f64>,
}

impl Training<'_> {
    fn each(&self, layout: Layout, f: &mut dyn FnMut(usize, f64)) -> Found<()> {
        let each = self.part.each();
        let columns: Vec<usize> = (0..each).map(|e| layout.column(e)).collect();
        let train = self.framing.training(self.part.steps.as_ref(), self.part.is_of_rows());
        self.evaluator.each_block(self.part, &train, &mut |_, values| {
            for (value, column) in values.numbers().into_iter().zip(columns.iter().cycle()) {
                if !value.is_nan() {
                    f(*column, value);
                }
            }
            Ok(())
        })
    }

    fn moments(&self, layout: Layout) -> Found<Moments> {
        let n = layout.columns();
        let mut m = Moments {
            count: vec![0.0; n],
            mean: vec![0.0; n],
            deviation: vec![0.0; n],
            min: vec![f64::INFINITY; n],
            max: vec![f64::NEG_INFINITY; n],
        };
        let Moments { count, mean, deviation, min, max } = &mut m;
        self.each(layout, &mut |c, x| {
            if let (Some(count), Some(mean), Some(min), Some(max)) =
                (count.get_mut(c), mean.get_mut(c), min.get_mut(c), max.get_mut(c))
            {
                *count += 1.0;
                *mean += x;
                *min = min.min(x);
                *max = max.max(x);
            }
        })?;
        for (mean, count) in mean.iter_mut().zip(count.iter()) {
            *mean /= count;
        }
        // A second pass, because the difference of two large sums would lose the deviation of a narrow column.
        self.each(layout, &mut |c, x| {
            if let (Some(sum), Some(mean)) = (deviation.get_mut(c), mean.get(c)) {
                *sum += (x - mean) * (x - mean);
            }
        })?;
        for (i, (sum, count)) in deviation.iter_mut().zip(count.iter()).enumerate() {
            *sum = (*sum / count).sqrt();
            // The mean of equal numbers may miss them by a rounding; a constant column has no deviation at all.
            if let (Some(min), Some(max), Some(mean)) = (min.get(i), max.get(i), mean.get_mut(i))
                && min == max
            {
                (*sum, *mean) = (0.0, *min);
            }
        }
        Ok(m)
    }

    fn medians(&self, layout: Layout) -> Found<Estimate> {
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); layout.columns()];
        self.each(layout, &mut |c, x| {
            if let Some(column) = columns.get_mut(c) {
                column.push(x);
            }
        })?;
        let mut values = Vec::new();
        for (i, mut column) in columns.into_iter().enumerate() {
            column.sort_by(f64::total_cmp);
            let (low, high) = (column.get(column.len().saturating_sub(1) / 2), column.get(column.len() / 2));
            let (Some(low), Some(high)) = (low, high) else { return Err(nothing(self.part, i, "fill")) };
            values.push(0.5 * (low + high));
        }
        Ok(Estimate::Fill { values })
    }
}

fn nothing(part: &Resolved, column: usize, wanted_by: &'static str) -> Box<DataProblem> {
    let what = match &part.op {
        Op::Columns { columns, .. } => columns.get(column).map(|(name, _)| name.clone()),
        _ => None,
    };
    Box::new(DataProblem::NothingToEstimate {
        what: what.unwrap_or_else(|| format!("column {}", column + 1)),
        wanted_by,
    })
}

impl Moments {
    fn filled(self, part: &Resolved, wanted_by: &'static str) -> Found<Moments> {
        match self.count.iter().position(|n| *n == 0.0) {
            Some(column) => Err(nothing(part, column, wanted_by)),
            None => Ok(self),
        }
    }

    fn standardize(self, part: &Resolved) -> Found<Estimate> {
        let m = self.filled(part, "standardize")?;
        Ok(Estimate::Standardize { mean: m.mean, deviation: m.deviation })
    }

    fn rescale(self, part: &Resolved) -> Found<Estimate> {
        let m = self.filled(part, "rescale")?;
        Ok(Estimate::Rescale { min: m.min, max: m.max })
    }

    fn fill(self, part: &Resolved) -> Found<Estimate> {
        Ok(Estimate::Fill { values: self.filled(part, "fill")?.mean })
    }
}

/// How values of the expression are turned back into what they were before `standardize` and `rescale`; none where
/// neither was applied last.
pub(crate) fn inverse(node: &Resolved, estimates: &[Estimate]) -> Option<Inverse> {
    let part = node.parts.first();
    let spread = |layout: &Layout, f: &dyn Fn(usize) -> Option<(f64, f64)>| {
        let each: Option<Vec<(f64, f64)>> = (0..node.each()).map(|e| f(layout.column(e))).collect();
        let (scale, offset) = each?.into_iter().unzip();
        Some(Inverse { scale, offset })
    };
    let own = match &node.op {
        Op::Reshape | Op::Windows | Op::Pad(_) => return inverse(part?, estimates),
        Op::First => {
            let mut inner = inverse(part?, estimates)?;
            inner.scale.truncate(node.each());
            inner.offset.truncate(node.each());
            return Some(inner);
        }
        Op::Standardize { estimate, layout } => match estimates.get(*estimate)? {
            Estimate::Standardize { mean, deviation } => {
                spread(layout, &|c| Some((*deviation.get(c)?, *mean.get(c)?)))?
            }
            _ => return None,
        },
        Op::Rescale { estimate, layout, lo, hi } => match estimates.get(*estimate)? {
            Estimate::Rescale { min, max } => spread(layout, &|c| {
                let scale = (max.get(c)? - min.get(c)?) / (hi - lo);
                Some((scale, min.get(c)? - lo * scale))
            })?,
            _ => return None,
        },
        _ => return None,
    };
    match part.and_then(|p| inverse(p, estimates)) {
        None => Some(own),
        Some(inner) => {
            // What was before an axis of positions has one number an element of a position.
            let scale = own.scale.iter().zip(inner.scale.iter().cycle()).map(|(a, b)| a * b).collect();
            let inner = own.offset.iter().zip(inner.scale.iter().zip(&inner.offset).cycle());
            Some(Inverse { scale, offset: inner.map(|(o, (s, i))| o * s + i).collect() })
        }
    }
}
