//! Numbers over time in bounded room: a run of a million steps is drawn from as many points as one of a thousand.

/// Points that are held; a terminal shows far fewer.
const MOST: usize = 1024;

/// Points from left to right. When there are too many, neighbours become one, which stands for their mean.
#[derive(Debug, Clone)]
pub struct Series {
    points: Vec<(f64, f64)>,
    /// How many numbers a point stands for.
    stride: u32,
    /// What the next point is made of.
    pending: Pending,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pending {
    count: u32,
    at: f64,
    sum: f64,
}

impl Pending {
    fn mean(self) -> Option<(f64, f64)> {
        (self.count > 0).then(|| (self.at / f64::from(self.count), self.sum / f64::from(self.count)))
    }
}

impl Default for Series {
    fn default() -> Series {
        Series { points: Vec::with_capacity(MOST), stride: 1, pending: Pending::default() }
    }
}

impl Series {
    /// Adds a number to the right. Takes no memory.
    pub fn push(&mut self, at: f64, value: f64) {
        let Pending { count, at: sum_at, sum } = self.pending;
        self.pending = Pending { count: count + 1, at: sum_at + at, sum: sum + value };
        if self.pending.count < self.stride {
            return;
        }
        if self.points.len() == MOST {
            for i in 0..MOST / 2 {
                let pair = (self.points.get(2 * i).copied(), self.points.get(2 * i + 1).copied());
                if let ((Some(a), Some(b)), Some(place)) = (pair, self.points.get_mut(i)) {
                    *place = middle(a, b);
                }
            }
            self.points.truncate(MOST / 2);
            self.stride = self.stride.saturating_mul(2);
            return;
        }
        self.points.extend(self.pending.mean());
        self.pending = Pending::default();
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty() && self.pending.count == 0
    }

    /// At most about so many points, each the mean of those around it.
    pub fn points(&self, most: usize) -> Vec<(f64, f64)> {
        let stretch = self.points.len().div_ceil(most.max(1)).max(1);
        let mean = |points: &[(f64, f64)]| {
            let mut all = Pending { count: points.len() as u32, ..Pending::default() };
            points.iter().for_each(|(at, value)| (all.at, all.sum) = (all.at + at, all.sum + value));
            all.mean()
        };
        self.points.chunks(stretch).filter_map(mean).chain(self.pending.mean()).collect()
    }
}

/// What is no number leaves a gap only where there is nothing else.
fn middle(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let value = match (a.1.is_finite(), b.1.is_finite()) {
        (true, false) => a.1,
        (false, true) => b.1,
        _ => (a.1 + b.1) / 2.0,
    };
    ((a.0 + b.0) / 2.0, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_numbers_take_no_more_room_than_a_thousand() {
        let mut series = Series::default();
        let before = series.points.capacity();
        for step in 0..1_000_000 {
            series.push(f64::from(step), f64::from(step) * 2.0);
        }
        assert_eq!(series.points.capacity(), before);
        let points = series.points(100);
        assert!((50..=110).contains(&points.len()), "{}", points.len());
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0), "from left to right");
        assert!(points.iter().all(|(at, value)| (at * 2.0 - value).abs() < 1e-6), "means of a line lie on it");
        assert!(points.first().is_some_and(|p| p.0 < 20_000.0) && points.last().is_some_and(|p| p.0 > 990_000.0));
    }

    #[test]
    fn few_numbers_stay_as_they_are() {
        let mut series = Series::default();
        assert!(series.is_empty());
        series.push(1.0, 0.5);
        series.push(2.0, f64::NAN);
        let points = series.points(80);
        assert_eq!(points[0], (1.0, 0.5));
        assert!(points[1].1.is_nan() && points.len() == 2);
    }

    #[test]
    fn what_is_no_number_does_not_spread() {
        assert_eq!(middle((0.0, 1.0), (2.0, f64::NAN)), (1.0, 1.0));
        assert!(middle((0.0, f64::NAN), (2.0, f64::NAN)).1.is_nan());
    }
}
