//! Loops over the numbers of a state: a function of what stands at each position and at the same position of others.
//!
//! Slices come as arguments, so that the compiler knows that they lie apart, and are counted through, which leaves
//! nothing to be inlined but the function.
#![allow(clippy::needless_range_loop)] // see above

use crate::runtime::element::Element;

/// `to = f(to, a)`
#[inline(always)]
pub fn of_two<E: Element>(to: &mut [E], a: &[E], f: impl Fn(E, E) -> E) {
    let n = to.len();
    let a = &a[..n];
    for j in 0..n {
        to[j] = f(to[j], a[j]);
    }
}

/// `to = f(to, a, b)`
#[inline(always)]
pub fn of_three<E: Element>(to: &mut [E], a: &[E], b: &[E], f: impl Fn(E, E, E) -> E) {
    let n = to.len();
    let (a, b) = (&a[..n], &b[..n]);
    for j in 0..n {
        to[j] = f(to[j], a[j], b[j]);
    }
}

/// `to = f(to, a, b, c)`
#[inline(always)]
pub fn of_four<E: Element>(to: &mut [E], a: &[E], b: &[E], c: &[E], f: impl Fn(E, E, E, E) -> E) {
    let n = to.len();
    let (a, b, c) = (&a[..n], &b[..n], &c[..n]);
    for j in 0..n {
        to[j] = f(to[j], a[j], b[j], c[j]);
    }
}
