//! Numbers at the beginning of bytes, eight digits at a time.
//!
//! Where the digits and a power of ten are both exact in double precision, their product or quotient is rounded once,
//! which is correctly (Clinger, How to Read Floating Point Numbers Accurately, 1990). All others are left to the
//! standard library, so that numbers are always those that it reads.

/// Powers of ten that are exact in double precision.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// What digits weigh that this many others follow.
const WEIGHTS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
/// So many digits fit into 64 bits, whatever they are.
const MOST_DIGITS: usize = 19;
/// Whole numbers up to this one are exact in double precision.
const MOST_EXACT: u64 = 1 << 53;
/// The number of at most seven digits that stands at `at`, without an exponent, and where it ends; none for all others.
#[inline(always)]
pub(super) fn short_number(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let window: &[u8; 10] = bytes.get(at..)?.first_chunk()?;
    let is_negative = window.first() == Some(&b'-');
    let from = |at: usize| window.get(at..).and_then(<[u8]>::first_chunk).map(|word| u64::from_le_bytes(*word));
    let (first, second, third) = (from(0)?, from(1)?, from(2)?);
    let (word, next) = if is_negative { (second, third) } else { (first, second) };
    // What is behind a point moves to its place. One that is behind the digits does not matter.
    let point = first_zero(word ^ (ONES * u64::from(b'.')));
    let before = (point >> 7).wrapping_sub(1);
    let (whole, count) = up_to_eight((word & before) | (next & !before));
    if count == 0 || count == 8 {
        return None;
    }
    let point_at = before.trailing_ones() as usize / 8;
    let number = match count.saturating_sub(point_at) {
        0 => whole as f64,
        behind => whole as f64 / POWERS.get(behind)?,
    };
    let length = usize::from(is_negative) + count + usize::from(point_at <= count);
    Some((if is_negative { -number } else { number }, at + length))
}

/// The number that `bytes` begin with, and how many of them it takes; none for what begins with neither a digit, a
/// point nor a minus, and for some that are written in no usual way, which may be numbers too.
pub(in crate::data) fn leading_number(bytes: &[u8]) -> Option<(f64, usize)> {
    let is_negative = bytes.first() == Some(&b'-');
    let mut digits = Digits { whole: 0, count: 0, at: usize::from(is_negative) };
    digits.take(bytes);
    let before = digits.count;
    if bytes.get(digits.at) == Some(&b'.') {
        digits.at += 1;
        digits.take(bytes);
    }
    if digits.count == 0 {
        return None;
    }
    let is_exact = digits.count <= MOST_DIGITS && digits.whole <= MOST_EXACT;
    let behind = i64::try_from(digits.count - before).ok()?;
    let exponent = match bytes.get(digits.at) {
        Some(b'e' | b'E') => digits.exponent(bytes)? - behind,
        _ => -behind,
    };
    let number = match POWERS.get(exponent.unsigned_abs() as usize) {
        Some(power) if is_exact => {
            let whole = if is_negative { -(digits.whole as f64) } else { digits.whole as f64 };
            if exponent < 0 { whole / power } else { whole * power }
        }
        _ => std::str::from_utf8(bytes.get(..digits.at)?).ok()?.parse().ok()?,
    };
    Some((number, digits.at))
}

/// The digits so far.
struct Digits {
    /// What they say, unless there are more than [`MOST_DIGITS`].
    whole: u64,
    count: usize,
    /// Where the next one would be.
    at: usize,
}

impl Digits {
    /// Takes all digits that follow.
    #[inline(always)]
    fn take(&mut self, bytes: &[u8]) {
        loop {
            let (whole, count) = up_to_eight(eight(bytes, self.at));
            let weight = WEIGHTS.get(count).copied().unwrap_or_default();
            self.whole = self.whole.wrapping_mul(weight).wrapping_add(whole);
            self.count += count;
            self.at += count;
            if count < 8 {
                return;
            }
        }
    }

    /// The exponent whose `e` follows.
    fn exponent(&mut self, bytes: &[u8]) -> Option<i64> {
        let sign = bytes.get(self.at + 1);
        self.at += if matches!(sign, Some(b'-' | b'+')) { 2 } else { 1 };
        let (whole, count) = up_to_eight(eight(bytes, self.at));
        self.at += count;
        // One of eight digits may go on.
        let exponent = (1..8).contains(&count).then_some(whole as i64)?;
        Some(if sign == Some(&b'-') { -exponent } else { exponent })
    }
}

/// A one in every byte.
pub(super) const ONES: u64 = 0x0101_0101_0101_0101;

/// The high bit of the first byte (the lowest) that is zero; no bit where none is.
#[inline(always)]
fn first_zero(word: u64) -> u64 {
    let zeros = zeros(word);
    zeros & zeros.wrapping_neg()
}

/// The high bit of the first byte that is zero, and perhaps of some behind it; no bit where none is.
#[inline(always)]
pub(super) fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// The bytes from a place on; zeros, which are no digits, where there is none.
#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// The high bit of every byte that is zero.
#[inline(always)]
pub(super) fn all_zeros(word: u64) -> u64 {
    const LOW: u64 = ONES * 0x7f;
    !(((word & LOW) + LOW) | word | LOW)
}

/// What the digits say that a word begins with (its lowest byte is the first), and how many there are.
#[inline(always)]
fn up_to_eight(word: u64) -> (u64, usize) {
    let digits = word ^ 0x3030_3030_3030_3030;
    // The high bit of every byte that is more than 9. A carry spoils only bytes behind such a one.
    let others = (digits | digits.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080;
    let bits = others.trailing_zeros() & !7;
    // Those that are there become the last of eight, behind zeros; then neighbours are put together three times.
    let digits = digits.checked_shl(64 - bits).unwrap_or(0);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let mask = 0x0000_00ff_0000_00ff;
    let high = (pairs & mask).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & mask).wrapping_mul(1 + (10_000 << 32));
    (high.wrapping_add(low) >> 32, (bits / 8) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn numbers_are_read_as_the_standard_library_reads_them(
            text in "-?[0-9]{0,18}(\\.[0-9]{0,18})?([eE][-+]?[0-9]{0,3})?",
            behind in "[,\n\r a-z.+-]?[0-9e.]{0,12}",
        ) {
            let both = [text.as_bytes(), behind.as_bytes()].concat();
            let of = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<f64>().ok().map(f64::to_bits);
            let read = |bytes: &[u8]| leading_number(bytes).map(|(number, length)| (number.to_bits(), length));
            for bytes in [text.as_bytes(), &both] {
                if let Some((number, length)) = read(bytes) {
                    prop_assert_eq!(Some(number), of(&bytes[..length]));
                }
                if let Some((number, length)) = short_number(bytes, 0) {
                    prop_assert_eq!(Some(number.to_bits()), of(&bytes[..length]));
                }
            }
            prop_assert_eq!(read(text.as_bytes()), of(text.as_bytes()).map(|number| (number, text.len())));
        }

        #[test]
        fn short_numbers_are_among_them(text in "-?([0-9]{1,7}|[0-9]{1,3}\\.[0-9]{0,4}|\\.[0-9]{1,7})", behind in "[,e\n]\\PC{10}") {
            let both = [b"1,", text.as_bytes(), behind.as_bytes()].concat();
            let read = short_number(&both, 2).map(|(number, end)| (number.to_bits(), end));
            prop_assert_eq!(read, text.parse::<f64>().ok().map(|number| (number.to_bits(), 2 + text.len())));
        }
    }

    #[test]
    fn where_numbers_end() {
        for (text, number) in [
            ("1", Some((1.0, 1))),
            ("-0.5,", Some((-0.5, 4))),
            (".5\n", Some((0.5, 2))),
            ("5.", Some((5.0, 2))),
            ("1e5", Some((1e5, 3))),
            ("25E-1;", Some((2.5, 5))),
            ("1.5e+3", Some((1500.0, 6))),
            ("1_0", Some((1.0, 1))),
            ("1.2.3", Some((1.2, 3))),
            ("123456789012.345", Some((123456789012.345, 16))),
            ("9007199254740992", Some((9007199254740992.0, 16))),
            ("9007199254740993", Some((9007199254740992.0, 16))),
            ("-12345678901234567890.5,", Some((-12345678901234567890.5, 23))),
            ("1e23", Some((1e23, 4))),
            ("1e999", Some((f64::INFINITY, 5))),
            ("1e", None),
            ("1e-", None),
            ("1e00000001", None),
        ] {
            assert_eq!(leading_number(text.as_bytes()), number, "{text}");
        }
        assert_eq!(leading_number(b"-0").map(|(number, _)| number.to_bits()), Some((-0.0f64).to_bits()));
        for text in ["", "-", ".", "-.", "+1", " 1", "NaN", "inf", "--1", "/", ":"] {
            assert_eq!(leading_number(text.as_bytes()), None, "{text}");
        }
    }
}
