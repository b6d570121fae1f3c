//! The numbers that a run computes with.

use super::kernels::eight::{Eight, LANES};
use super::kernels::math;
use crate::ir::op::{Binary, Unary};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// f32 when training, f64 when gradients are checked.
///
/// The elementary functions of f32 are branch-free and vectorise; those of f64 are the standard library's. `FUSED` says
/// whether the processor multiplies and adds in one instruction, see [`math`].
pub trait Element:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + std::fmt::Debug
    + std::fmt::Display
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + faer::traits::RealField
    + 'static
{
    /// Eight of them, for processors with AVX2.
    type Eight: Eight<Self>;
    /// Its name: `f32`, `f64`.
    const NAME: &'static str;
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// Smaller than all others.
    const LOWEST: Self;
    /// Not a number.
    const NOT_A_NUMBER: Self;
    /// The nearest number.
    fn from_f64(x: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;
    /// The same number, rounded to f32.
    fn from_f32(x: f32) -> Self;
    /// The whole number that an index is stored as; anything else gives some index, never a panic.
    fn to_index(self) -> usize;
    /// Neither infinite nor NaN.
    fn finite(self) -> bool;
    /// eˣ
    fn exponential<const FUSED: bool>(self) -> Self;
    /// log x
    fn logarithm<const FUSED: bool>(self) -> Self;
    /// log(1 + x)
    fn logarithm_one_plus<const FUSED: bool>(self) -> Self;
    /// tanh x
    fn hyperbolic_tangent<const FUSED: bool>(self) -> Self;
    /// 1/(1 + e⁻ˣ)
    fn logistic<const FUSED: bool>(self) -> Self;
    /// log(1 + eˣ)
    fn soft_plus<const FUSED: bool>(self) -> Self;
    /// erf x
    fn error_function<const FUSED: bool>(self) -> Self;
    /// sin x where [`Element::trigonometric_by_hand`] is false.
    fn sine(self) -> Self;
    /// cos x where [`Element::trigonometric_by_hand`] is false.
    fn cosine(self) -> Self;
    /// Whether x is too large for the fast sine and cosine.
    fn trigonometric_by_hand(self) -> bool;
    /// sin x of any x.
    fn slow_sine(self) -> Self;
    /// cos x of any x.
    fn slow_cosine(self) -> Self;
    /// xʸ
    fn power(self, y: Self) -> Self;
    /// √x
    fn square_root(self) -> Self;
    /// The largest whole number not above.
    fn round_down(self) -> Self;
    /// The smallest whole number not below.
    fn round_up(self) -> Self;
    /// |x|
    fn absolute(self) -> Self;
    /// `self · factor + term`, rounded once; slow where the processor has no instruction for it.
    fn fused(self, factor: Self, term: Self) -> Self;
    /// `self · factor + term`, rounded once where `FUSED` says that the processor has an instruction for it.
    #[inline(always)]
    fn times_plus<const FUSED: bool>(self, factor: Self, term: Self) -> Self {
        if FUSED { self.fused(factor, term) } else { self * factor + term }
    }
}

impl Element for f32 {
    #[cfg(target_arch = "x86_64")]
    type Eight = std::arch::x86_64::__m256;
    #[cfg(not(target_arch = "x86_64"))]
    type Eight = [f32; LANES];
    const NAME: &'static str = "f32";
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const LOWEST: f32 = f32::NEG_INFINITY;
    const NOT_A_NUMBER: f32 = f32::NAN;
    #[inline(always)]
    fn from_f64(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn from_f32(x: f32) -> f32 {
        x
    }
    #[inline(always)]
    fn to_index(self) -> usize {
        // Numbers beyond are no positions that f32 could tell apart.
        self as u32 as usize
    }
    #[inline(always)]
    fn finite(self) -> bool {
        self.is_finite()
    }
    #[inline(always)]
    fn exponential<const FUSED: bool>(self) -> f32 {
        math::exp::<FUSED>(self)
    }
    #[inline(always)]
    fn logarithm<const FUSED: bool>(self) -> f32 {
        math::ln::<FUSED>(self)
    }
    #[inline(always)]
    fn logarithm_one_plus<const FUSED: bool>(self) -> f32 {
        math::ln_1p::<FUSED>(self)
    }
    #[inline(always)]
    fn hyperbolic_tangent<const FUSED: bool>(self) -> f32 {
        math::tanh::<FUSED>(self)
    }
    #[inline(always)]
    fn logistic<const FUSED: bool>(self) -> f32 {
        math::sigmoid::<FUSED>(self)
    }
    #[inline(always)]
    fn soft_plus<const FUSED: bool>(self) -> f32 {
        math::softplus::<FUSED>(self)
    }
    #[inline(always)]
    fn error_function<const FUSED: bool>(self) -> f32 {
        math::erf::<FUSED>(self)
    }
    #[inline(always)]
    fn sine(self) -> f32 {
        math::sin(self)
    }
    #[inline(always)]
    fn cosine(self) -> f32 {
        math::cos(self)
    }
    #[inline(always)]
    fn trigonometric_by_hand(self) -> bool {
        self.abs() >= math::TRIGONOMETRIC_LIMIT
    }
    fn slow_sine(self) -> f32 {
        self.sin()
    }
    fn slow_cosine(self) -> f32 {
        self.cos()
    }
    #[inline(always)]
    fn power(self, y: f32) -> f32 {
        self.powf(y)
    }
    #[inline(always)]
    fn square_root(self) -> f32 {
        self.sqrt()
    }
    #[inline(always)]
    fn round_down(self) -> f32 {
        self.floor()
    }
    #[inline(always)]
    fn round_up(self) -> f32 {
        self.ceil()
    }
    #[inline(always)]
    fn absolute(self) -> f32 {
        self.abs()
    }
    #[inline(always)]
    fn fused(self, factor: f32, term: f32) -> f32 {
        self.mul_add(factor, term)
    }
}

impl Element for f64 {
    type Eight = [f64; LANES];
    const NAME: &'static str = "f64";
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const LOWEST: f64 = f64::NEG_INFINITY;
    const NOT_A_NUMBER: f64 = f64::NAN;
    #[inline(always)]
    fn from_f64(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn from_f32(x: f32) -> f64 {
        f64::from(x)
    }
    #[inline(always)]
    fn to_index(self) -> usize {
        self as usize
    }
    #[inline(always)]
    fn finite(self) -> bool {
        self.is_finite()
    }
    fn exponential<const FUSED: bool>(self) -> f64 {
        self.exp()
    }
    fn logarithm<const FUSED: bool>(self) -> f64 {
        self.ln()
    }
    fn logarithm_one_plus<const FUSED: bool>(self) -> f64 {
        self.ln_1p()
    }
    fn hyperbolic_tangent<const FUSED: bool>(self) -> f64 {
        self.tanh()
    }
    fn logistic<const FUSED: bool>(self) -> f64 {
        let e = (-self.abs()).exp();
        (if self >= 0.0 { 1.0 } else { e }) / (1.0 + e)
    }
    fn soft_plus<const FUSED: bool>(self) -> f64 {
        (if self < 0.0 { 0.0 } else { self }) + (-self.abs()).exp().ln_1p()
    }
    fn error_function<const FUSED: bool>(self) -> f64 {
        math::erf64(self)
    }
    fn sine(self) -> f64 {
        self.sin()
    }
    fn cosine(self) -> f64 {
        self.cos()
    }
    #[inline(always)]
    fn trigonometric_by_hand(self) -> bool {
        false
    }
    fn slow_sine(self) -> f64 {
        self.sin()
    }
    fn slow_cosine(self) -> f64 {
        self.cos()
    }
    fn power(self, y: f64) -> f64 {
        self.powf(y)
    }
    #[inline(always)]
    fn square_root(self) -> f64 {
        self.sqrt()
    }
    #[inline(always)]
    fn round_down(self) -> f64 {
        self.floor()
    }
    #[inline(always)]
    fn round_up(self) -> f64 {
        self.ceil()
    }
    #[inline(always)]
    fn absolute(self) -> f64 {
        self.abs()
    }
    #[inline(always)]
    fn fused(self, factor: f64, term: f64) -> f64 {
        self.mul_add(factor, term)
    }
}

#[inline(always)]
fn truth<E: Element>(condition: bool) -> E {
    if condition { E::ONE } else { E::ZERO }
}

/// The meaning of a [`Unary`] on one number. `unary` is a constant where this is inlined, so loops have no `match`.
#[inline(always)]
pub fn apply_unary<E: Element, const FUSED: bool>(unary: Unary, x: E) -> E {
    match unary {
        Unary::StopGradient | Unary::Again => x,
        Unary::Negate => -x,
        Unary::Absolute => x.absolute(),
        Unary::Sign => {
            let y = truth::<E>(x > E::ZERO) - truth::<E>(x < E::ZERO);
            #[allow(clippy::eq_op)] // true of all but NaN
            if x == x { y } else { x }
        }
        Unary::Floor => x.round_down(),
        Unary::Ceil => x.round_up(),
        Unary::Reciprocal => E::ONE / x,
        Unary::Square => x * x,
        Unary::SquareRoot => x.square_root(),
        Unary::ReciprocalSquareRoot => E::ONE / x.square_root(),
        Unary::Exponential => x.exponential::<FUSED>(),
        Unary::Logarithm => x.logarithm::<FUSED>(),
        Unary::LogarithmOnePlus => x.logarithm_one_plus::<FUSED>(),
        Unary::Sine => x.sine(),
        Unary::Cosine => x.cosine(),
        Unary::Tanh => x.hyperbolic_tangent::<FUSED>(),
        Unary::Sigmoid => x.logistic::<FUSED>(),
        Unary::Softplus => x.soft_plus::<FUSED>(),
        Unary::ErrorFunction => x.error_function::<FUSED>(),
        // NaN stays, as in `torch.relu`.
        Unary::Relu => {
            if x < E::ZERO {
                E::ZERO
            } else {
                x
            }
        }
        Unary::Not => truth(x == E::ZERO),
    }
}

/// The meaning of a [`Binary`] on two numbers.
#[inline(always)]
pub fn apply_binary<E: Element>(binary: Binary, x: E, y: E) -> E {
    match binary {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        Binary::Power => x.power(y),
        // A NaN in y fails the comparison and a NaN in x is asked for: both come out.
        Binary::Maximum =>
        {
            #[allow(clippy::eq_op)]
            if x > y || x != x {
                x
            } else {
                y
            }
        }
        Binary::Minimum =>
        {
            #[allow(clippy::eq_op)]
            if x < y || x != x {
                x
            } else {
                y
            }
        }
        Binary::Equal => truth(x == y),
        Binary::NotEqual => truth(x != y),
        Binary::Less => truth(x < y),
        Binary::LessEqual => truth(x <= y),
        Binary::And => truth(x != E::ZERO && y != E::ZERO),
        Binary::Or => truth(x != E::ZERO || y != E::ZERO),
    }
}
