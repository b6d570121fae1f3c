//! Eight numbers side by side, for what LLVM does not turn into vectors by itself: short lines whose even and odd places go
//! different ways.
#![allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined

use crate::runtime::element::Element;

/// How many.
pub const LANES: usize = 8;

/// Calls a function of an element with the vectors of the processor that the version is for in which this stands, which
/// must be a multiversioned function.
macro_rules! with_eight {
    ($function:ident::<$element:ty>($($argument:expr),* $(,)?)) => {
        match multiversion::target::target_cfg_f!(target_feature = "avx2") {
            true => $function::<$element, <$element as crate::runtime::element::Element>::Eight>($($argument),*),
            false => $function::<$element, [$element; crate::runtime::kernels::eight::LANES]>($($argument),*),
        }
    };
}
pub(super) use with_eight;

/// Eight numbers that are computed with together.
pub trait Eight<E>: Copy {
    /// Some of the eight.
    type Mask: Copy;

    /// Eight zeros.
    ///
    /// # Safety
    /// The processor has the instructions of this implementation; so for all that follow.
    unsafe fn zero() -> Self;

    /// # Safety
    /// Eight numbers can be read.
    unsafe fn load(from: *const E) -> Self;

    /// # Safety
    /// Eight numbers can be written.
    unsafe fn store(self, to: *mut E);

    /// Those of the places `at, at + 1, …` that lie in front of `end` and are not negative.
    ///
    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn mask(at: isize, end: usize) -> Self::Mask;

    /// Zeros where the mask has none.
    ///
    /// # Safety
    /// The numbers of the mask can be read; the others are not touched.
    unsafe fn load_some(from: *const E, mask: Self::Mask) -> Self;

    /// Stores the first of them.
    ///
    /// # Safety
    /// So many numbers can be written; the others are not touched.
    unsafe fn store_first(self, to: *mut E, count: usize);

    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn plus(self, other: Self) -> Self;

    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn minus(self, other: Self) -> Self;

    /// Eight times the same number.
    ///
    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn all(x: E) -> Self;

    /// Of two numbers with something beside each, the larger one with what is beside it; NaN counts as the largest, and of
    /// two that are alike the first stays.
    ///
    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn larger(first: [Self; 2], second: [Self; 2]) -> [Self; 2];

    /// Of sixteen numbers those at even and those at odd places.
    ///
    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn apart(both: [Self; 2]) -> [Self; 2];

    /// The reverse of [`Eight::apart`].
    ///
    /// # Safety
    /// See [`Eight::zero`].
    unsafe fn together(even: Self, odd: Self) -> [Self; 2];
}

impl<E: Element> Eight<E> for [E; LANES] {
    type Mask = (usize, usize);

    #[inline(always)]
    unsafe fn zero() -> Self {
        [E::ZERO; LANES]
    }

    #[inline(always)]
    unsafe fn load(from: *const E) -> Self {
        // SAFETY: the caller's promise.
        unsafe { *from.cast() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut E) {
        // SAFETY: the caller's promise.
        unsafe { *to.cast() = self };
    }

    #[inline(always)]
    unsafe fn mask(at: isize, end: usize) -> (usize, usize) {
        let of = |place: isize| (place - at).clamp(0, LANES as isize) as usize;
        (of(0), of(end as isize))
    }

    #[inline(always)]
    unsafe fn load_some(from: *const E, (start, end): (usize, usize)) -> Self {
        let mut all = [E::ZERO; LANES];
        for l in start..end {
            // SAFETY: the caller's promise.
            all[l] = unsafe { *from.wrapping_add(l) };
        }
        all
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut E, count: usize) {
        for l in 0..count.min(LANES) {
            // SAFETY: the caller's promise.
            unsafe { *to.add(l) = self[l] };
        }
    }

    #[inline(always)]
    unsafe fn plus(mut self, other: Self) -> Self {
        for l in 0..LANES {
            self[l] += other[l];
        }
        self
    }

    #[inline(always)]
    unsafe fn minus(mut self, other: Self) -> Self {
        for l in 0..LANES {
            self[l] -= other[l];
        }
        self
    }

    #[inline(always)]
    unsafe fn all(x: E) -> Self {
        [x; LANES]
    }

    #[inline(always)]
    unsafe fn larger([mut number, mut beside]: [Self; 2], [new, beside_new]: [Self; 2]) -> [Self; 2] {
        for l in 0..LANES {
            // Not less or equal: larger, or NaN. What is NaN already stays.
            #[allow(clippy::eq_op, clippy::neg_cmp_op_on_partial_ord)]
            let takes = !(new[l] <= number[l]) & (number[l] == number[l]);
            number[l] = if takes { new[l] } else { number[l] };
            beside[l] = if takes { beside_new[l] } else { beside[l] };
        }
        [number, beside]
    }

    #[inline(always)]
    unsafe fn apart([first, second]: [Self; 2]) -> [Self; 2] {
        let mut of = [[E::ZERO; LANES]; 2];
        for l in 0..LANES / 2 {
            for parity in 0..2 {
                of[parity][l] = first[2 * l + parity];
                of[parity][LANES / 2 + l] = second[2 * l + parity];
            }
        }
        of
    }

    #[inline(always)]
    unsafe fn together(even: Self, odd: Self) -> [Self; 2] {
        let mut all = [[E::ZERO; LANES]; 2];
        for l in 0..LANES / 2 {
            for half in 0..2 {
                all[half][2 * l] = even[half * LANES / 2 + l];
                all[half][2 * l + 1] = odd[half * LANES / 2 + l];
            }
        }
        all
    }
}

/// With AVX2.
#[cfg(target_arch = "x86_64")]
mod avx {
    use super::Eight;
    use std::arch::x86_64::*;

    // SAFETY, of all below: the caller has AVX2, and promises what it promises of the memory.
    impl Eight<f32> for __m256 {
        type Mask = __m256i;

        #[inline(always)]
        unsafe fn zero() -> Self {
            unsafe { _mm256_setzero_ps() }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            unsafe { _mm256_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm256_storeu_ps(to, self) };
        }

        #[inline(always)]
        unsafe fn mask(at: isize, end: usize) -> __m256i {
            unsafe {
                let of = _mm256_add_epi32(_mm256_set1_epi32(at as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
                let is_before = _mm256_cmpgt_epi32(_mm256_set1_epi32(end as i32), of);
                _mm256_and_si256(is_before, _mm256_cmpgt_epi32(of, _mm256_set1_epi32(-1)))
            }
        }

        #[inline(always)]
        unsafe fn load_some(from: *const f32, mask: __m256i) -> Self {
            unsafe { _mm256_maskload_ps(from, mask) }
        }

        // By halves: storing by a mask takes some processors as long as twenty stores.
        #[inline(always)]
        unsafe fn store_first(self, mut to: *mut f32, count: usize) {
            unsafe {
                if count >= 8 {
                    return _mm256_storeu_ps(to, self);
                }
                let mut left = _mm256_castps256_ps128(self);
                if count & 4 != 0 {
                    _mm_storeu_ps(to, left);
                    (to, left) = (to.add(4), _mm256_extractf128_ps::<1>(self));
                }
                if count & 2 != 0 {
                    _mm_storel_pd(to.cast(), _mm_castps_pd(left));
                    (to, left) = (to.add(2), _mm_movehl_ps(left, left));
                }
                if count & 1 != 0 {
                    _mm_store_ss(to, left);
                }
            }
        }

        #[inline(always)]
        unsafe fn plus(self, other: Self) -> Self {
            unsafe { _mm256_add_ps(self, other) }
        }

        #[inline(always)]
        unsafe fn minus(self, other: Self) -> Self {
            unsafe { _mm256_sub_ps(self, other) }
        }

        #[inline(always)]
        unsafe fn all(x: f32) -> Self {
            unsafe { _mm256_set1_ps(x) }
        }

        #[inline(always)]
        unsafe fn larger([number, beside]: [Self; 2], [new, beside_new]: [Self; 2]) -> [Self; 2] {
            unsafe {
                // Not less or equal: larger, or NaN. What is NaN already stays.
                let is_larger = _mm256_cmp_ps::<_CMP_NLE_UQ>(new, number);
                let takes = _mm256_and_ps(is_larger, _mm256_cmp_ps::<_CMP_ORD_Q>(number, number));
                [_mm256_blendv_ps(number, new, takes), _mm256_blendv_ps(beside, beside_new, takes)]
            }
        }

        #[inline(always)]
        unsafe fn apart([first, second]: [Self; 2]) -> [Self; 2] {
            unsafe {
                // Within the halves of each, then the quarters in order.
                let even = _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(first, second));
                let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0b11_01_11_01>(first, second));
                let even = _mm256_permute4x64_pd::<0b11_01_10_00>(even);
                let odd = _mm256_permute4x64_pd::<0b11_01_10_00>(odd);
                [_mm256_castpd_ps(even), _mm256_castpd_ps(odd)]
            }
        }

        #[inline(always)]
        unsafe fn together(even: Self, odd: Self) -> [Self; 2] {
            unsafe {
                let (low, high) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
                [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
            }
        }
    }
}
