//! The points of a sweep: what is tried for each hyper, and which of it is left by `require`.

use super::program::{HyperValue, Measure};
use super::sweep_condition::{Condition, NoNumber};
use crate::data::{Purpose, Stream};
use crate::source::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More points than this are a slip.
pub const MOST_POINTS: usize = 100_000;
/// Where so many draws give no point, more would not.
const FIRST_DRAWS: usize = 10_000;
/// So many take about a second.
const MOST_DRAWS: usize = 1_000_000;
/// Digits that a drawn number keeps: it can be read, and written as `--set`, exactly as it is used.
const DIGITS: usize = 4;

/// A checked `sweep`.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// What is tried for each hyper, in the order of the file.
    pub axes: Vec<Axis>,
    /// Must hold for a point to be tried.
    pub(super) require: Option<Condition>,
    /// Which points are tried.
    pub tries: Tries,
    /// By what the best is found.
    pub best: Best,
    /// The item.
    pub span: Span,
}

/// A hyper and what is tried for it.
#[derive(Debug, Clone)]
pub struct Axis {
    /// The hyper.
    pub name: Arc<str>,
    /// Its values.
    pub tried: Tried,
    /// Where its key is written.
    pub span: Span,
}

/// What is tried for a hyper.
#[derive(Debug, Clone)]
pub enum Tried {
    /// `[32, 64, 128]`
    List(Vec<Candidate>),
    /// `a .. b`, both ends included; `log(a .. b)`.
    Range {
        /// The smaller end.
        low: f64,
        /// The larger end.
        high: f64,
        /// Whether each order of magnitude has the same share.
        is_log: bool,
        /// Whether only whole numbers are drawn.
        is_whole: bool,
    },
}

/// One value of a hyper.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// As `--set NAME=…` takes it.
    pub text: String,
    /// What it is.
    pub value: HyperValue,
}

/// Which points are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tries {
    /// All that the lists give together.
    Grid,
    /// `random(count, seed: seed)`
    Random {
        /// How many.
        count: usize,
        /// Of the draws.
        seed: u64,
    },
}

/// `min(validation.loss)`
#[derive(Debug, Clone)]
pub struct Best {
    /// Of the last train of the file.
    pub measure: Measure,
    /// Whether the largest is the best; `measure.higher_is_better` says what is usual.
    pub is_largest: bool,
}

impl Best {
    /// `validation.loss`
    pub fn name(&self) -> String {
        format!("{}.{}", self.measure.split.name(), self.measure.metric)
    }

    /// As it is written: `min(validation.loss)`.
    pub fn written(&self) -> String {
        format!("{}({})", if self.is_largest { "max" } else { "min" }, self.name())
    }
}

/// A point: a value for each axis, in their order.
pub type Point = Vec<Candidate>;

/// Why there are no points.
#[derive(Debug, Clone, PartialEq)]
pub enum NoPoints {
    /// More than [`MOST_POINTS`].
    TooMany,
    /// `require` leaves none of so many.
    NoneLeft {
        /// How many there are without it.
        of: usize,
    },
    /// So many draws gave fewer different points for which `require` holds than are wanted.
    TooFew {
        /// How many they gave.
        found: usize,
        /// How often was drawn.
        draws: usize,
    },
    /// `require` has no answer for a point.
    NoAnswer {
        /// The point.
        point: Point,
        /// Why.
        why: NoNumber,
    },
}

impl Sweep {
    /// All points, numbered from 1 by their place: the same for the same text, whatever runs them.
    ///
    /// # Errors
    /// Where there are too many, or none: what the checker tells of the file.
    pub fn points(&self) -> Result<Vec<Point>, NoPoints> {
        match self.tries {
            Tries::Grid => self.grid(),
            Tries::Random { count, seed } => self.drawn(count, seed),
        }
    }

    /// How many points the lists give together, before `require`; ranges count as one.
    fn grid_size(&self) -> u128 {
        self.axes.iter().fold(1, |size: u128, axis| match &axis.tried {
            Tried::List(values) => size.saturating_mul(values.len() as u128),
            Tried::Range { .. } => size,
        })
    }

    fn is_admitted(&self, point: &Point) -> Result<bool, NoPoints> {
        let Some(condition) = &self.require else { return Ok(true) };
        condition.holds(point).map_err(|why| NoPoints::NoAnswer { point: point.clone(), why })
    }

    /// The first key changes slowest.
    fn grid(&self) -> Result<Vec<Point>, NoPoints> {
        let size = self.grid_size();
        if size > MOST_POINTS as u128 {
            return Err(NoPoints::TooMany);
        }
        let mut points: Vec<Point> = vec![Vec::new()];
        for axis in &self.axes {
            let Tried::List(values) = &axis.tried else { continue };
            points = points
                .iter()
                .flat_map(|point| values.iter().map(|value| point.iter().chain([value]).cloned().collect()))
                .collect();
        }
        let mut left = Vec::new();
        for point in points {
            if self.is_admitted(&point)? {
                left.push(point);
            }
        }
        if left.is_empty() { Err(NoPoints::NoneLeft { of: size as usize }) } else { Ok(left) }
    }

    /// Different points, drawn again where `require` does not hold or they were there before.
    fn drawn(&self, count: usize, seed: u64) -> Result<Vec<Point>, NoPoints> {
        if count > MOST_POINTS {
            return Err(NoPoints::TooMany);
        }
        let mut stream = Stream::new(seed, Purpose::Sweep, 0);
        let draws = count.saturating_mul(100).saturating_add(FIRST_DRAWS).min(MOST_DRAWS);
        let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
        let mut points = Vec::with_capacity(count);
        for drawn in 0..draws {
            if points.len() == count {
                break;
            }
            if points.is_empty() && drawn == FIRST_DRAWS {
                return Err(NoPoints::TooFew { found: 0, draws: drawn });
            }
            let point: Point = self.axes.iter().map(|axis| axis.tried.draw(&mut stream)).collect();
            if self.is_admitted(&point)? && seen.insert(point.iter().map(|value| value.text.clone()).collect()) {
                points.push(point);
            }
        }
        if points.len() < count { Err(NoPoints::TooFew { found: points.len(), draws }) } else { Ok(points) }
    }
}

impl Tried {
    fn draw(&self, stream: &mut Stream) -> Candidate {
        match self {
            Tried::List(values) => {
                let at = stream.below(values.len().max(1) as u64) as usize;
                values.get(at).cloned().unwrap_or(Candidate { text: String::new(), value: HyperValue::Other })
            }
            Tried::Range { low, high, is_log, is_whole } => {
                let number = match (is_log, is_whole) {
                    (false, true) => low + stream.below(((high - low) as u64).saturating_add(1)) as f64,
                    (false, false) => rounded(low + stream.unit() * (high - low)),
                    (true, whole) => {
                        let drawn = (low.ln() + stream.unit() * (high.ln() - low.ln())).exp();
                        if *whole { drawn.round() } else { rounded(drawn) }
                    }
                };
                Candidate::number(number.clamp(*low, *high))
            }
        }
    }
}

impl Candidate {
    /// A number as short as it can be written.
    pub(super) fn number(x: f64) -> Candidate {
        let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
        let text = if plain.len() <= scientific.len() { plain } else { scientific };
        Candidate { text, value: HyperValue::Number(x) }
    }
}

/// The nearest number of [`DIGITS`] digits.
fn rounded(x: f64) -> f64 {
    format!("{x:.*e}", DIGITS - 1).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;

    fn sweep(axes: Vec<Tried>, tries: Tries) -> Sweep {
        let axes = axes.into_iter().enumerate();
        let measure =
            Measure { split: Split::Validation, metric: "loss".into(), higher_is_better: false, span: Span::default() };
        Sweep {
            axes: axes.map(|(i, tried)| Axis { name: format!("h{i}").into(), tried, span: Span::default() }).collect(),
            require: None,
            tries,
            best: Best { measure, is_largest: false },
            span: Span::default(),
        }
    }

    fn list(values: &[f64]) -> Tried {
        Tried::List(values.iter().map(|x| Candidate::number(*x)).collect())
    }

    fn texts(points: &[Point]) -> Vec<String> {
        points.iter().map(|p| p.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn the_first_key_of_a_grid_changes_slowest() {
        let points = sweep(vec![list(&[1.0, 2.0]), list(&[0.5, 1e-7])], Tries::Grid).points().unwrap();
        assert_eq!(texts(&points), ["1 0.5", "1 1e-7", "2 0.5", "2 1e-7"]);
    }

    #[test]
    fn draws_never_change() {
        let ranges = || {
            vec![
                Tried::Range { low: 1e-4, high: 1e-2, is_log: true, is_whole: false },
                Tried::Range { low: 3.0, high: 5.0, is_log: false, is_whole: true },
                Tried::Range { low: -1.0, high: 1.0, is_log: false, is_whole: false },
            ]
        };
        let points = sweep(ranges(), Tries::Random { count: 200, seed: 1 }).points().unwrap();
        assert_eq!(texts(&points[..2]), texts(&sweep(ranges(), Tries::Random { count: 2, seed: 1 }).points().unwrap()));
        for (axis, (low, high)) in [(1e-4, 1e-2), (3.0, 5.0), (-1.0, 1.0)].into_iter().enumerate() {
            let values: Vec<f64> = points.iter().map(|p| p[axis].text.parse().unwrap()).collect();
            assert!(values.iter().all(|x| (low..=high).contains(x)), "{values:?}");
        }
        let below = points.iter().filter(|p| p[0].text.parse::<f64>().unwrap() < 1e-3).count();
        assert!((80..120).contains(&below), "half of the draws lie in each order of magnitude, not {below} of 200");
    }

    #[test]
    fn points_that_cannot_be_had_are_counted() {
        let many = sweep(vec![list(&[1.0; 400]), list(&[1.0; 400])], Tries::Grid);
        assert_eq!(many.points(), Err(NoPoints::TooMany));
        let few = sweep(vec![list(&[1.0, 2.0])], Tries::Random { count: 3, seed: 1 });
        assert_eq!(few.points(), Err(NoPoints::TooFew { found: 2, draws: 10_300 }));
    }
}
