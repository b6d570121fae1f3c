//! What the losses of a learning-rate range test say.
//!
//! The loss is smoothed over its neighbours on both sides, so that the curve does not lag behind the rates as a running
//! average would. Three rates are read off it:
//!
//! - the *steepest*: where the loss falls fastest over the logarithm of the rate. A step does most for the loss there;
//! - the *lowest*: where it has come down. That is too large already, for the loss has stopped to fall;
//! - the *suggested*: the steepest, but at most a quarter of the lowest, in one digit. With a loss that falls ever faster
//!   until it breaks, the steepest lies at the edge, and the edge moves while a network learns.

/// The part of the steps that a point is smoothed over, as the deviation of a bell curve.
const WIDTH: f64 = 1.0 / 40.0;
/// So many deviations on each side count.
const REACH: f64 = 3.0;
/// The part of the steps whose mean is what the loss begins with.
const BEGINNING: f64 = 1.0 / 20.0;
/// A fall of less than this part of the loss is none.
const LEAST_FALL: f64 = 0.01;
/// Nor is one of less than so many of its standard errors.
const ERRORS: f64 = 4.0;
/// The largest part of the lowest rate that is suggested.
const BELOW_LOWEST: f64 = 0.25;
/// It has come down where this part of its fall is left.
const LEFT: f64 = 0.01;
/// It still falls at the end where its last tenth of the steps has this part of the fall.
const STILL: f64 = 0.1;
/// How much the last losses count for whether it explodes.
const MEMORY: f64 = 0.7;

/// A step of a range test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatePoint {
    /// The learning rate of the step.
    pub lr: f64,
    /// The loss of its batch, before the update.
    pub loss: f64,
    /// The same smoothed.
    pub smoothed: f64,
}

/// What a curve says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundRate {
    /// What to write.
    pub suggested: f64,
    /// Where the loss falls fastest.
    pub steepest: f64,
    /// Where it has come down.
    pub lowest: f64,
    /// Whether it falls fastest at the smallest rates that were tried.
    pub is_at_start: bool,
    /// Whether it still falls at the largest.
    pub is_at_end: bool,
}

/// Watches whether losses explode, while they come.
#[derive(Debug)]
pub(super) struct Watch {
    /// How many make the beginning.
    first: usize,
    count: usize,
    start: f64,
    recent: f64,
    best: f64,
}

impl Watch {
    /// Of a test with so many steps.
    pub(super) fn new(steps: usize) -> Watch {
        Watch { first: beginning(steps), count: 0, start: 0.0, recent: 0.0, best: f64::INFINITY }
    }

    /// Takes the next loss and says whether that is the end: it has come above where it began, by as much as it had
    /// fallen before and by half of what it began with.
    pub(super) fn explodes(&mut self, loss: f64) -> bool {
        self.count += 1;
        if self.count <= self.first {
            self.start += (loss - self.start) / self.count as f64;
            self.recent = self.start;
            self.best = self.start;
            return false;
        }
        let end = ceiling(self.start, self.best);
        // A single batch that is odd does not make an explosion.
        let loss = loss.min(end + (end - self.start));
        self.recent = MEMORY * self.recent + (1.0 - MEMORY) * loss;
        self.best = self.best.min(self.recent);
        self.recent > end
    }
}

fn beginning(steps: usize) -> usize {
    ((steps as f64 * BEGINNING) as usize).max(3)
}

/// Above this a loss has exploded.
fn ceiling(start: f64, best: f64) -> f64 {
    start + (start - best).max(0.5 * start.abs()).max(f64::MIN_POSITIVE)
}

/// The points of the steps that were done of so many.
pub(super) fn points(rates: &[f64], losses: &[f64], steps: usize) -> Vec<RatePoint> {
    let of_start = losses.get(..beginning(steps)).unwrap_or(losses);
    let start = of_start.iter().sum::<f64>() / of_start.len().max(1) as f64;
    let best = losses.iter().copied().fold(start, f64::min);
    // What explodes at the end says nothing of what was before it.
    let end = ceiling(start, best);
    let kept: Vec<f64> = losses.iter().map(|loss| loss.min(end)).collect();
    let smooth = smoothed(&kept, steps as f64 * WIDTH);
    let points = rates.iter().zip(losses).zip(smooth);
    points.map(|((lr, loss), smoothed)| RatePoint { lr: *lr, loss: *loss, smoothed }).collect()
}

/// Each value with its neighbours, weighted by a bell curve.
fn smoothed(values: &[f64], deviation: f64) -> Vec<f64> {
    let reach = (deviation * REACH).ceil() as usize;
    let of = |at: usize| {
        let from = at.saturating_sub(reach);
        let (mut sum, mut weights) = (0.0, 0.0);
        for (index, value) in values.iter().enumerate().skip(from).take(at + reach + 1 - from) {
            let weight = (-0.5 * ((index as f64 - at as f64) / deviation.max(1e-9)).powi(2)).exp();
            sum += weight * value;
            weights += weight;
        }
        sum / weights
    };
    (0..values.len()).map(of).collect()
}

/// What the points say. None where the loss does not fall by more than chance has it.
pub(super) fn found(points: &[RatePoint], steps: usize) -> Option<FoundRate> {
    let start_of = beginning(steps).min(points.len());
    let start = points.iter().take(start_of).map(|p| p.smoothed).sum::<f64>() / start_of.max(1) as f64;
    let lowest_at = (0..points.len()).min_by(|a, b| {
        let of = |at: &usize| points.get(*at).map_or(f64::INFINITY, |point| point.smoothed);
        of(a).total_cmp(&of(b))
    })?;
    let least_loss = points.get(lowest_at)?.smoothed;
    // How far the losses lie from their curve, up to there.
    let before = points.get(..=lowest_at)?;
    let spread = (before.iter().map(|p| (p.loss - p.smoothed).powi(2)).sum::<f64>() / before.len() as f64).sqrt();
    let together = (2.0 * std::f64::consts::PI.sqrt() * steps as f64 * WIDTH).max(1.0);
    let least = (LEAST_FALL * start.abs()).max(ERRORS * spread / together.sqrt());
    let fall = start - least_loss;
    if fall <= least {
        return None;
    }
    let lowest = points.iter().find(|point| point.smoothed <= least_loss + LEFT * fall)?;
    let tenth = points.get(lowest_at.saturating_sub(steps / 10))?;
    let still_falls = tenth.smoothed - least_loss > STILL * fall;
    let slope = |pair: &[RatePoint]| match pair {
        [a, b] => (b.smoothed - a.smoothed) / (b.lr.ln() - a.lr.ln()),
        _ => f64::INFINITY,
    };
    let steepest_at = (0..before.len().saturating_sub(1)).min_by(|a, b| {
        let of = |at: &usize| before.get(*at..at + 2).map_or(f64::INFINITY, slope);
        of(a).total_cmp(&of(b))
    })?;
    let steepest = (before.get(steepest_at)?.lr * before.get(steepest_at + 1)?.lr).sqrt();
    Some(FoundRate {
        suggested: one_digit(steepest.min(lowest.lr * BELOW_LOWEST)),
        steepest,
        lowest: lowest.lr,
        is_at_start: steepest_at < start_of,
        is_at_end: lowest_at + start_of >= points.len() && points.len() == steps && still_falls,
    })
}

/// The nearest number of one digit.
fn one_digit(x: f64) -> f64 {
    format!("{x:.0e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: usize = 100;

    /// Rates from 1e-7 to 10, and losses of them, with some noise.
    fn curve(noise: f64, loss: impl Fn(f64) -> f64) -> Vec<RatePoint> {
        let rates: Vec<f64> = (0..STEPS).map(|k| 1e-7 * 1e8f64.powf(k as f64 / 99.0)).collect();
        let mut state = 1u64;
        let mut noisy = |lr: f64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            loss(lr) + noise * ((state >> 33) as f64 / (1u64 << 31) as f64 - 0.5)
        };
        let losses: Vec<f64> = rates.iter().map(|lr| noisy(*lr)).collect();
        points(&rates, &losses, STEPS)
    }

    /// Falls from 2.3 to 0.3 around `at`, and explodes from `breaks` on.
    fn usual(at: f64, breaks: f64) -> impl Fn(f64) -> f64 {
        move |lr| 0.3 + 2.0 / (1.0 + (lr / at).powf(1.5)) + (lr / breaks).powi(4)
    }

    #[test]
    fn the_steepest_place_is_found_through_noise() {
        for noise in [0.0, 0.3] {
            let found = found(&curve(noise, usual(3e-3, 1.0)), STEPS).unwrap();
            assert!((1.5e-3..6e-3).contains(&found.steepest), "{noise}: {found:?}");
            assert!((0.05..0.6).contains(&found.lowest), "{noise}: {found:?}");
            assert_eq!(found.suggested, one_digit(found.steepest));
            assert!(!found.is_at_start && !found.is_at_end);
        }
    }

    #[test]
    fn what_breaks_where_it_is_steepest_is_kept_away_from() {
        let found = found(&curve(0.0, |lr| 2.0 - 1.9 * (lr / 0.1).min(1.0) + (lr / 0.12).powi(8)), STEPS).unwrap();
        assert!(found.steepest > 0.5 * found.lowest, "{found:?}");
        assert!(found.suggested <= 0.25 * found.lowest * 1.1, "{found:?}");
    }

    #[test]
    fn a_loss_that_does_not_fall_has_no_rate() {
        for noise in [0.0, 0.5, 3.0] {
            assert_eq!(found(&curve(noise, |_| 2.3), STEPS), None, "{noise}");
            assert_eq!(found(&curve(noise, |lr| 2.3 + lr), STEPS), None, "{noise}");
        }
    }

    #[test]
    fn a_range_that_is_too_small_is_noticed() {
        let low = found(&curve(0.0, usual(1e-9, 1.0)), STEPS);
        assert!(low.is_none_or(|found| found.is_at_start), "{low:?}");
        let high = found(&curve(0.0, usual(10.0, 1e9)), STEPS).unwrap();
        assert!(high.is_at_end, "{high:?}");
    }

    #[test]
    fn losses_below_zero_are_losses() {
        let shifted = |shift: f64| {
            let usual = usual(3e-3, 1.0);
            found(&curve(0.1, move |lr| usual(lr) + shift), STEPS).unwrap()
        };
        assert_eq!(shifted(-5.0).suggested, shifted(0.0).suggested);
    }

    #[test]
    fn an_explosion_is_one_and_an_odd_batch_is_none() {
        let explodes_at = |loss: &dyn Fn(usize) -> f64| {
            let mut watch = Watch::new(STEPS);
            (0..STEPS).find(|k| watch.explodes(loss(*k)))
        };
        assert_eq!(explodes_at(&|_| 2.3), None);
        assert_eq!(explodes_at(&|k| if k == 40 { 1e9 } else { 2.3 }), None);
        assert!(explodes_at(&|k| if k >= 40 { 1e9 } else { 2.3 }).is_some_and(|k| (41..44).contains(&k)));
        let fell = |k: usize| if k < 50 { 2.3 - 0.04 * k as f64 } else { 0.3 + 0.2 * (k - 50) as f64 };
        assert!(explodes_at(&fell).is_some_and(|k| (68..75).contains(&k)), "{:?}", explodes_at(&fell));
        assert!(explodes_at(&|k| fell(k) - 3.0).is_some_and(|k| (68..75).contains(&k)));
    }
}
