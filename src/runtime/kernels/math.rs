//! Elementary functions of f32 without branches, so that LLVM turns a loop over a slice into vector code for whatever
//! instruction set the loop is compiled for. Within about 2 units in the last place, right at infinities, NaN, zeros and
//! denormals; the tests compare with f64 over the whole range.
//!
//! Where `FUSED` says that the processor has an instruction for it, a multiplication with an addition is rounded once: a
//! quarter less time, and the products of matrices differ between such processors and others anyway. Random numbers do
//! not: they are made with the plain functions.
//!
//! Constants are written with the digits of their sources, more than f32 holds.
//!
//! The reductions and polynomials are the classic ones of Cody and Waite, of Sun's fdlibm (logarithm, sine, cosine) and
//! of Moshier's Cephes (exponential, tanh).
#![allow(clippy::excessive_precision)]

/// 1.5 · 2²³: adding it rounds to a whole number, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Calls a function of an element with `FUSED` as it is where this stands, which must be a multiversioned function.
macro_rules! with_fused {
    ($function:ident::<$element:ty>($($argument:expr),* $(,)?)) => {
        match multiversion::target::target_cfg_f!(target_feature = "fma") || cfg!(target_arch = "aarch64") {
            true => $function::<$element, true>($($argument),*),
            false => $function::<$element, false>($($argument),*),
        }
    };
}
pub(super) use with_fused;

/// `a · b + c`
#[inline(always)]
fn plus<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// 2ⁿ for -126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((n + 127) << 23) as u32)
}

/// eˣ
#[inline(always)]
pub fn exp<const FUSED: bool>(x: f32) -> f32 {
    // Beyond these the result is 0 or infinity all the same; comparisons leave NaN as it is.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let rounded = plus::<FUSED>(x, std::f32::consts::LOG2_E, ROUND);
    let n = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let whole = rounded - ROUND;
    let r = plus::<FUSED>(whole, -0.693_359_4, x);
    let r = plus::<FUSED>(whole, 2.121_944_4e-4, r);
    let p = 1.987_569_2e-4;
    let p = plus::<FUSED>(p, r, 1.398_2e-3);
    let p = plus::<FUSED>(p, r, 8.333_452e-3);
    let p = plus::<FUSED>(p, r, 4.166_579_6e-2);
    let p = plus::<FUSED>(p, r, 1.666_666_5e-1);
    let p = plus::<FUSED>(p, r, 0.5);
    let y = plus::<FUSED>(p, r * r, r) + 1.0;
    // In two halves, as 2ⁿ itself may lie outside the normal numbers. NaN gives any n; its y is NaN.
    let n = if x.is_nan() { 0 } else { n };
    let half = n >> 1;
    y * power_of_two(half) * power_of_two(n - half)
}

/// Takes apart x = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2, for positive normal x.
#[inline(always)]
fn take_apart(x: f32) -> (f32, f32) {
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let shifted = (x.to_bits() as i32).wrapping_sub(SQRT_HALF);
    let k = shifted >> 23;
    let mantissa = (shifted & 0x007f_ffff) + SQRT_HALF;
    (k as f32, f32::from_bits(mantissa as u32) - 1.0)
}

/// log(1 + f) + k·log(2) + correction.
#[inline(always)]
fn log_of_parts<const FUSED: bool>(k: f32, f: f32, correction: f32) -> f32 {
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let t1 = w * plus::<FUSED>(w, 0.242_790_79, 0.400_009_72);
    let t2 = z * plus::<FUSED>(w, 0.284_987_87, 0.666_666_6);
    let half_square = 0.5 * f * f;
    s * (half_square + (t1 + t2)) + (k * 9.058_001e-6 + correction) - half_square + f + k * 0.693_138_1
}

/// log x
#[inline(always)]
pub fn ln<const FUSED: bool>(x: f32) -> f32 {
    let denormal = x < f32::MIN_POSITIVE;
    let scaled = if denormal { x * 33_554_432.0 } else { x };
    let (k, f) = take_apart(scaled);
    let k = if denormal { k - 25.0 } else { k };
    let y = log_of_parts::<FUSED>(k, f, 0.0);
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x < 0.0 { f32::NAN } else { y };
    // Infinity and NaN are their own logarithms.
    if x < f32::INFINITY { y } else { x }
}

/// log(1 + x)
#[inline(always)]
pub fn ln_1p<const FUSED: bool>(x: f32) -> f32 {
    let u = 1.0 + x;
    let (k, f) = take_apart(u);
    // What rounding to u lost, relative to u.
    let lost = if k >= 1.0 { 1.0 - (u - x) } else { x - (u - 1.0) };
    let lost = lost / u;
    // Near 0 nothing need be lost: 1 + x is not formed.
    let near = x > -0.2929 && x < 0.4142;
    let (k, f, lost) = if near { (0.0, x, 0.0) } else { (k, f, if k < 25.0 { lost } else { 0.0 }) };
    let y = log_of_parts::<FUSED>(k, f, lost);
    let y = if x == -1.0 { f32::NEG_INFINITY } else { y };
    let y = if x < -1.0 { f32::NAN } else { y };
    // Also keeps the sign of a zero and the denormals.
    let y = if x.abs() < 1e-10 { x } else { y };
    if x < f32::INFINITY { y } else { x }
}

/// tanh x
#[inline(always)]
pub fn tanh<const FUSED: bool>(x: f32) -> f32 {
    let size = x.abs();
    let z = x * x;
    let p = -5.704_988_7e-3;
    let p = plus::<FUSED>(p, z, 2.063_908_9e-2);
    let p = plus::<FUSED>(p, z, -5.373_971_6e-2);
    let p = plus::<FUSED>(p, z, 1.333_144_2e-1);
    let p = plus::<FUSED>(p, z, -3.333_328_2e-1);
    let near = plus::<FUSED>(p * z, x, x);
    let far = 1.0 - 2.0 / (exp::<FUSED>(size + size) + 1.0);
    let y = if size < 0.625 { near } else { far.copysign(x) };
    if x.is_nan() { x } else { y }
}

/// 1/(1 + e⁻ˣ)
#[inline(always)]
pub fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    // From e^-|x|, which cannot overflow, and so that tiny results keep their digits.
    let e = exp::<FUSED>(-x.abs());
    let numerator = if x >= 0.0 { 1.0 } else { e };
    numerator / (1.0 + e)
}

/// log(1 + eˣ)
#[inline(always)]
pub fn softplus<const FUSED: bool>(x: f32) -> f32 {
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + ln_1p::<FUSED>(exp::<FUSED>(-x.abs()))
}

/// The error function, after N. Juffa's two-piece minimax approximation.
#[inline(always)]
pub fn erf<const FUSED: bool>(x: f32) -> f32 {
    let size = x.abs();
    // From 4 on it is 1.
    let t = if size > 8.0 { 8.0 } else { size };
    let s = t * t;
    let r = plus::<FUSED>(-1.728_534_7e-5, t, 3.831_972_6e-4);
    let u = plus::<FUSED>(-3.883_964_4e-3, t, 2.425_462_2e-2);
    let r = plus::<FUSED>(r, s, u);
    let r = plus::<FUSED>(r, t, -1.067_778_8e-1);
    let r = plus::<FUSED>(r, t, -6.348_468_7e-1);
    let r = plus::<FUSED>(r, t, -1.287_175_1e-1);
    let far = (1.0 - exp::<FUSED>(plus::<FUSED>(r, t, -t))).copysign(x);
    let q = -5.967_617e-4;
    let q = plus::<FUSED>(q, s, 4.991_194e-3);
    let q = plus::<FUSED>(q, s, -2.676_813_5e-2);
    let q = plus::<FUSED>(q, s, 1.128_199_2e-1);
    let q = plus::<FUSED>(q, s, -3.761_253_4e-1);
    let q = plus::<FUSED>(q, s, 1.283_791_7e-1);
    let near = plus::<FUSED>(q, x, x);
    let y = if size > 0.927_734_4 { far } else { near };
    if x.is_nan() { x } else { y }
}

/// Beyond this size [`sin`] and [`cos`] need more digits of π than they hold.
pub const TRIGONOMETRIC_LIMIT: f32 = 2.0e8;

/// Sine and cosine of the rest after whole quarter turns, and how many those were.
#[inline(always)]
fn quarter_turns(x: f32) -> (f64, f64, u64) {
    const ROUND64: f64 = 6_755_399_441_055_744.0;
    let x = f64::from(x);
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUND64;
    let n = rounded - ROUND64;
    let r = x - n * 1.570_796_310_901_641_8 - n * 1.589_325_477_352_819_7e-8;
    let z = r * r;
    let w = z * z;
    let sine_tail = -0.000_198_393_348_360_966_32 + z * 0.000_002_718_311_493_989_822;
    let s = z * r;
    let sine = (r + s * (-0.166_666_666_416_265_24 + z * 0.008_333_329_385_889_463)) + s * w * sine_tail;
    let cosine_tail = -0.001_388_676_377_460_993 + z * 0.000_024_390_448_796_277_41;
    let cosine = ((1.0 + z * -0.499_999_997_251_031) + w * 0.041_666_623_323_739_06) + (w * z) * cosine_tail;
    (sine, cosine, rounded.to_bits() & 3)
}

/// sin x for |x| below [`TRIGONOMETRIC_LIMIT`].
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    let (sine, cosine, quarter) = quarter_turns(x);
    let y = if quarter & 1 == 0 { sine } else { cosine };
    let y = if quarter & 2 == 0 { y } else { -y };
    // The sign of zero.
    if x == 0.0 { x } else { y as f32 }
}

/// cos x for |x| below [`TRIGONOMETRIC_LIMIT`].
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    let (sine, cosine, quarter) = quarter_turns(x);
    let y = if quarter & 1 == 0 { cosine } else { sine };
    let y = if (quarter + 1) & 2 == 0 { y } else { -y };
    y as f32
}

/// The error function in f64: the series of positive terms, then the continued fraction. Exact to a few units, slow:
/// only checks of gradients run in f64.
pub fn erf64(x: f64) -> f64 {
    let t = x.abs();
    if x.is_nan() {
        return x;
    }
    if t > 6.0 {
        return 1.0_f64.copysign(x);
    }
    let scale = std::f64::consts::FRAC_2_SQRT_PI * (-t * t).exp();
    if t < 3.0 {
        // 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (1·3·5…(2n+1))
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
        }
        return scale * sum;
    }
    let mut fraction = t;
    for n in (1..=60).rev() {
        fraction = t + 0.5 * f64::from(n) / fraction;
    }
    (1.0 - scale / (2.0 * fraction)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance in units in the last place of the exact result.
    fn ulps(got: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        if got.is_nan() || exact.is_nan() {
            return if got.is_nan() && exact.is_nan() { 0.0 } else { f64::INFINITY };
        }
        if got == rounded {
            return 0.0;
        }
        if !got.is_finite() || !rounded.is_finite() {
            return f64::INFINITY;
        }
        let exponent = (rounded.abs().to_bits() >> 23).max(1) as i32 - 150;
        (f64::from(got) - exact).abs() / 2f64.powi(exponent)
    }

    /// The largest error over about a million numbers of all sizes, and the special ones.
    fn worst(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> (f64, f32) {
        let specials =
            [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN, 1e-45, -1e-45];
        let all = (0..u32::MAX).step_by(4001).map(f32::from_bits).chain(specials);
        let dense = (0..200_000).map(|i| (i as f32 - 100_000.0) * 1.3e-4);
        all.chain(dense)
            .map(|x| (ulps(f(x), exact(f64::from(x))), x))
            .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
    }

    #[test]
    fn functions_are_within_their_bounds() {
        type Row = (&'static str, fn(f32) -> f32, fn(f64) -> f64, f64);
        let rows = |is_fused: bool| -> [Row; 7] {
            let of = |plain: fn(f32) -> f32, fused: fn(f32) -> f32| if is_fused { fused } else { plain };
            [
                ("exp", of(exp::<false>, exp::<true>), f64::exp, 2.0),
                ("ln", of(ln::<false>, ln::<true>), f64::ln, 1.5),
                ("ln_1p", of(ln_1p::<false>, ln_1p::<true>), f64::ln_1p, 2.5),
                ("tanh", of(tanh::<false>, tanh::<true>), f64::tanh, 2.5),
                (
                    "sigmoid",
                    of(sigmoid::<false>, sigmoid::<true>),
                    |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) },
                    3.0,
                ),
                ("softplus", of(softplus::<false>, softplus::<true>), |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 2.5),
                ("erf", of(erf::<false>, erf::<true>), erf64, 2.5),
            ]
        };
        for (name, f, exact, bound) in [false, true].into_iter().flat_map(rows) {
            let exact = move |x: f64| if x.is_nan() { x } else { exact(x) };
            let (error, at) = worst(f, exact);
            println!("{name}: {error:.2} ulp at {at:e}");
            assert!(error <= bound, "{name}: {error} ulp at {at:e}");
        }
        let trigonometric = |f: fn(f32) -> f32, x: f32| if x.abs() < TRIGONOMETRIC_LIMIT { f(x) } else { f32::NAN };
        let limited =
            |f: fn(f64) -> f64| move |x: f64| if x.abs() < f64::from(TRIGONOMETRIC_LIMIT) { f(x) } else { f64::NAN };
        assert!(worst(|x| trigonometric(sin, x), limited(f64::sin)).0 <= 1.0);
        assert!(worst(|x| trigonometric(cos, x), limited(f64::cos)).0 <= 1.0);
        assert_eq!(sin(-0.0).to_bits(), (-0.0f32).to_bits());
    }

    #[test]
    fn error_function_of_f64_agrees_with_known_values() {
        for (x, y) in [
            (0.1, 0.112_462_916_018_284_9),
            (1.0, 0.842_700_792_949_714_9),
            (2.9, 0.999_958_902_121_900_5),
            (3.1, 0.999_988_351_342_632_8),
        ] {
            assert!((erf64(x) - y).abs() < 1e-15, "{x}");
            assert!((erf64(-x) + y).abs() < 1e-15, "{x}");
        }
    }
}
