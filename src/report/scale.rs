//! Axes: from values to places between 0 and 1, with round ticks.

/// A range of values and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
    /// Ascending, all of them in the range.
    pub(super) ticks: Vec<f64>,
    /// Between two ticks, where those are evenly spaced.
    step: f64,
}

impl Scale {
    /// From the round number below the least value to the one above the largest. `about` so many ticks.
    pub(super) fn linear(low: f64, high: f64, about: usize) -> Scale {
        let (low, high) = apart(low, high);
        let step = round_step((high - low) / about.max(1) as f64);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        Scale { low: first * step, high: last * step, is_log: false, ticks: ticks(first, last, step), step }
    }

    /// From the first to the last of whole numbers that are counted, such as epochs; ticks between them.
    pub(super) fn counted(low: f64, high: f64, about: usize) -> Scale {
        let (low, high) = if high - low < 1.0 { (low - 0.5, low + 0.5) } else { (low, high) };
        let step = round_step((high - low) / about.max(1) as f64).max(1.0);
        let (first, last) = ((low / step).ceil(), (high / step).floor());
        Scale { low, high, is_log: false, ticks: ticks(first, last, step), step }
    }

    /// Over powers of ten; the values must be above 0.
    pub(super) fn logarithmic(low: f64, high: f64, about: usize) -> Scale {
        let (first, last) = ((low.log10() + 1e-9).floor(), (high.log10() - 1e-9).ceil());
        let last = if last > first { last } else { first + 1.0 };
        let each = ((last - first) / about.max(1) as f64).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut power = first;
        while power <= last {
            ticks.push(10f64.powf(power));
            power += each;
        }
        Scale { low: first, high: last, is_log: true, ticks, step: 1.0 }
    }

    /// Where a value lies: 0 at the low end, 1 at the high one.
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if self.is_log { value.log10() } else { value };
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// A tick in as many digits as tell it from its neighbours.
    pub(super) fn label(&self, tick: f64) -> String {
        let size = tick.abs().max(self.step);
        if tick != 0.0
            && (self.is_log && !(1e-3..1e4).contains(&tick.abs()) || size >= 1e6 || size < 1e-2 && self.step < 1e-5)
        {
            return exponential(tick);
        }
        let digits = if self.is_log { tick } else { self.step };
        let decimals = (-digits.log10().floor()).clamp(0.0, 12.0) as usize;
        format!("{tick:.decimals$}")
    }
}

/// `1e-4`, `2.5e6`
fn exponential(x: f64) -> String {
    let text = format!("{x:.2e}");
    match text.split_once('e') {
        Some((digits, power)) if digits.contains('.') => {
            format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

fn ticks(first: f64, last: f64, step: f64) -> Vec<f64> {
    let count = (last - first).clamp(0.0, 1000.0) as usize;
    (0..=count).map(|i| (first + i as f64) * step).collect()
}

/// Some room around a single value.
fn apart(low: f64, high: f64) -> (f64, f64) {
    if high - low > low.abs().max(high.abs()) * 1e-9 && (high - low).is_normal() {
        return (low, high);
    }
    let room = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
    (low - room, high + room)
}

/// The next of 1, 2, 5, 10, 20, … that is not smaller.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(f64::MIN_POSITIVE).log10().floor());
    let digit = least / power;
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| digit <= round + 1e-9).unwrap_or(10.0);
    round * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks.iter().map(|tick| scale.label(*tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_the_values() {
        assert_eq!(labels(&Scale::linear(0.07, 1.12, 4)), ["0.0", "0.5", "1.0", "1.5"]);
        assert_eq!(labels(&Scale::linear(0.912, 0.987, 4)), ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]);
        assert_eq!(labels(&Scale::linear(-3.0, 12.0, 4)), ["-5", "0", "5", "10", "15"]);
        assert_eq!(labels(&Scale::linear(0.700_701, 0.700_703, 2)), ["0.700701", "0.700702", "0.700703"]);
        assert_eq!(labels(&Scale::counted(1.0, 80.0, 6)), ["20", "40", "60", "80"]);
        assert_eq!(labels(&Scale::counted(1.0, 1.0, 6)), ["1"]);
        for (low, high) in [(0.0, 0.0), (5.0, 5.0), (-1e300, 1e300), (1e-300, 1e-299), (1.0, 1.0 + 1e-15)] {
            let scale = Scale::linear(low, high, 4);
            assert!((1..=1001).contains(&scale.ticks.len()), "{scale:?}");
            assert!((0.0..=1.0).contains(&scale.place(low)) && scale.place(low) <= scale.place(high), "{scale:?}");
        }
    }

    #[test]
    fn powers_of_ten_are_ticks() {
        assert_eq!(labels(&Scale::logarithmic(1.2e-5, 0.05, 6)), ["1e-5", "1e-4", "0.001", "0.01", "0.1"]);
        assert_eq!(labels(&Scale::logarithmic(0.01, 0.01, 6)), ["0.01", "0.1"]);
        assert_eq!(Scale::logarithmic(1e-20, 1e20, 5).ticks.len(), 6);
    }
}
