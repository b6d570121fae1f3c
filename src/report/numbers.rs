//! Numbers as people read them.

use crate::ide::count;

/// A measure: four digits that matter, `0.9565`, `12.35`, `1.2e-7`.
pub fn measure(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() {
        return if x.is_nan() { "nan".to_owned() } else { format!("{}inf", if x < 0.0 { "-" } else { "" }) };
    }
    if size == 0.0 {
        "0".to_owned()
    } else if !(1e-4..1e6).contains(&size) {
        format!("{x:.3e}")
    } else if size < 10.0 {
        format!("{x:.4}")
    } else if size < 100.0 {
        format!("{x:.3}")
    } else if size < 1000.0 {
        format!("{x:.2}")
    } else {
        format!("{x:.1}")
    }
}

/// A number that may be a count: `12,345`, `0.9565`.
pub fn value(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() >= 1.0 && x.abs() < 1e15 {
        let sign = if x < 0.0 { "-" } else { "" };
        format!("{sign}{}", count(x.abs() as u64))
    } else {
        measure(x)
    }
}

/// A learning rate: `0.01`, `3.2e-4`.
pub fn rate(x: f64) -> String {
    if x == 0.0 {
        "0".to_owned()
    } else if x.abs() >= 1e-3 {
        let text = format!("{x:.5}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        let text = format!("{x:.2e}");
        match text.split_once('e') {
            Some((digits, exponent)) => {
                format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            None => text,
        }
    }
}

/// A stretch of time: `0.42 s`, `12.3 s`, `3 min 05 s`, `2 h 10 min`.
pub fn seconds(s: f64) -> String {
    if s < 10.0 {
        format!("{s:.2} s")
    } else if s < 60.0 {
        format!("{s:.1} s")
    } else if s < 3600.0 {
        let whole = s.round() as u64;
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        let minutes = (s / 60.0).round() as u64;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_keep_the_digits_that_matter() {
        assert_eq!(measure(0.956_521), "0.9565");
        assert_eq!(measure(12.345_6), "12.346");
        assert_eq!(measure(0.000_012), "1.200e-5");
        assert_eq!(measure(0.0), "0");
        assert_eq!(measure(f64::NAN), "nan");
        assert_eq!(measure(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn counts_are_whole() {
        assert_eq!([value(12_345.0), value(-2.0), value(0.5)], ["12,345", "-2", "0.5000"]);
    }

    #[test]
    fn rates_are_short() {
        assert_eq!(rate(0.01), "0.01");
        assert_eq!(rate(0.0003), "3e-4");
        assert_eq!(rate(0.000_123_4), "1.23e-4");
        assert_eq!(rate(1.0), "1");
    }

    #[test]
    fn times_have_units() {
        assert_eq!(seconds(185.2), "3 min 05 s");
        assert_eq!(seconds(7260.0), "2 h 01 min");
    }
}
