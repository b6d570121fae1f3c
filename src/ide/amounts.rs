//! Amounts as people read them.

pub use crate::diagnostics::bytes;

/// A whole number in groups of three: `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of one thing: `1 epoch`, `1,200 epochs`.
pub fn counted(n: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Large amounts: `950`, `1.2k`, `3.4M`.
pub fn compact(x: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    for (size, unit) in UNITS {
        if x.abs() >= size {
            return format!("{:.1}{unit}", x / size);
        }
    }
    format!("{x:.0}")
}

/// An amount before a unit: `1.2 k` before `FLOP`, `950 ` without a prefix.
pub fn before_unit(x: f64) -> String {
    let amount = compact(x);
    match amount.char_indices().find(|(_, c)| c.is_alphabetic()) {
        Some((at, _)) => {
            let (number, prefix) = amount.split_at(at);
            format!("{number} {prefix}")
        }
        None => format!("{amount} "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(counted(1, "epoch"), "1 epoch");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(12), "12 B");
        assert_eq!(compact(1234.0), "1.2k");
        assert_eq!(before_unit(1234.0) + "FLOP", "1.2 kFLOP");
        assert_eq!(before_unit(12.0) + "FLOP", "12 FLOP");
    }
}
