//! The innermost loop of the products that are written here: some rows times some columns, with the sums in registers.

use crate::runtime::element::Element;
use multiversion::multiversion;
use multiversion::target::target_cfg_f;

/// So many columns of the right operand are read at a time: the rows of one that has a number of columns of which this is
/// no divisor must have room behind them.
pub fn columns_of_a_tile() -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return WIDEST;
    }
    16
}

/// The most columns of a tile.
pub const WIDEST: usize = 32;

/// `c = a · b`, or added to what `c` holds; sizes are rows, inner size, columns. All operands come with the distance of
/// their rows, `a` with that of its columns too. For matrices that lie in the first caches: nothing is packed.
///
/// A function of its own, not to be inlined: in the middle of others the sums did not stay in registers.
///
/// # Safety
/// `a`, `b` and `c` are matrices of these sizes; rows of `b` can be read to the next multiple of [`columns_of_a_tile`];
/// nobody else touches `c`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub unsafe fn matrix<E: Element>(
    sizes: [usize; 3],
    a: (*const E, [usize; 2]),
    b: (*const E, usize),
    c: (*mut E, usize),
    adds: bool,
) {
    let is_wide = target_cfg_f!(target_feature = "avx512f");
    let has_fused = target_cfg_f!(target_feature = "fma") || cfg!(target_arch = "aarch64");
    // As many sums as registers hold, and enough of them that no addition waits for the one before: 16 of 32 registers, 12
    // of 16.
    // SAFETY: passed on.
    unsafe {
        match (is_wide, has_fused) {
            (true, _) => all_columns::<E, 8, WIDEST, true>(sizes, a, b, c, adds),
            (false, true) => all_columns::<E, 6, 16, true>(sizes, a, b, c, adds),
            (false, false) => all_columns::<E, 2, 16, false>(sizes, a, b, c, adds),
        }
    }
}

/// # Safety
/// As [`matrix`].
#[inline(always)]
unsafe fn all_columns<E: Element, const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    [rows, depth, columns]: [usize; 3],
    a: (*const E, [usize; 2]),
    (b, b_row): (*const E, usize),
    (c, c_row): (*mut E, usize),
    adds: bool,
) {
    for from in (0..columns).step_by(COLUMNS) {
        let width = COLUMNS.min(columns - from);
        // SAFETY: columns of the operands.
        unsafe {
            let (b, c) = ((b.add(from), b_row), (c.add(from), c_row));
            match width == COLUMNS {
                true => column::<E, ROWS, COLUMNS, FUSED, true>(rows, [depth, width], a, b, c, adds),
                false => column::<E, ROWS, COLUMNS, FUSED, false>(rows, [depth, width], a, b, c, adds),
            }
        }
    }
}

/// `c = a · b`, or added to what `c` holds, for `ROWS` rows and `COLUMNS` columns, of which the first `width` are kept (all
/// of them where that is `WHOLE`, which spares the way through memory);
/// says how many rows that were. All operands come with the distance of their rows, `a` with that of its columns too.
///
/// # Safety
/// `a` has so many rows of `depth` numbers, `b` `depth` rows of `COLUMNS` (not just `width`) numbers, `c` rows of `width`
/// numbers which nobody else touches.
#[allow(clippy::needless_range_loop)] // see below
#[inline(always)]
unsafe fn tile<E: Element, const ROWS: usize, const COLUMNS: usize, const FUSED: bool, const WHOLE: bool>(
    [depth, width]: [usize; 2],
    (a, [a_row, a_column]): (*const E, [usize; 2]),
    (b, b_row): (*const E, usize),
    (c, c_row): (*mut E, usize),
    adds: bool,
) -> usize {
    let mut sums = [[E::ZERO; COLUMNS]; ROWS];
    for k in 0..depth {
        // SAFETY: k < depth.
        let right = unsafe { &*b.add(k * b_row).cast::<[E; COLUMNS]>() };
        // Plain counting, which leaves nothing to be inlined: iterators were not, and cost a factor of six.
        for i in 0..ROWS {
            // SAFETY: i < ROWS, k < depth.
            let left = unsafe { *a.add(i * a_row + k * a_column) };
            for j in 0..COLUMNS {
                sums[i][j] = left.times_plus::<FUSED>(right[j], sums[i][j]);
            }
        }
    }
    for i in 0..ROWS {
        let to = c.wrapping_add(i * c_row);
        // The sums are only ever asked for by constants: asked for by `width`, they were kept in memory all the time, and
        // the loop above took twice as long.
        let mut line = [E::ZERO; COLUMNS];
        // SAFETY: i < ROWS, and `width` columns from here; the line is no memory of anyone else.
        unsafe {
            if adds {
                match WHOLE {
                    true => line = *to.cast::<[E; COLUMNS]>(),
                    false => std::ptr::copy_nonoverlapping(to, line.as_mut_ptr(), width),
                }
            }
            for j in 0..COLUMNS {
                line[j] += sums[i][j];
            }
            match WHOLE {
                true => *to.cast::<[E; COLUMNS]>() = line,
                false => std::ptr::copy_nonoverlapping(line.as_ptr(), to, width),
            }
        }
    }
    ROWS
}

/// [`tile`] for all of so many rows: whole tiles of them, then smaller ones.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn column<E: Element, const ROWS: usize, const COLUMNS: usize, const FUSED: bool, const WHOLE: bool>(
    rows: usize,
    sizes: [usize; 2],
    (a, [a_row, a_column]): (*const E, [usize; 2]),
    b: (*const E, usize),
    (c, c_row): (*mut E, usize),
    adds: bool,
) {
    let mut row = 0;
    while row < rows {
        // SAFETY: rows of the operands.
        unsafe {
            let (a, c) = ((a.add(row * a_row), [a_row, a_column]), (c.add(row * c_row), c_row));
            row += match rows - row {
                left if left >= ROWS => tile::<E, ROWS, COLUMNS, FUSED, WHOLE>(sizes, a, b, c, adds),
                left if ROWS > 4 && left >= 4 => tile::<E, 4, COLUMNS, FUSED, WHOLE>(sizes, a, b, c, adds),
                left if ROWS > 2 && left >= 2 => tile::<E, 2, COLUMNS, FUSED, WHOLE>(sizes, a, b, c, adds),
                _ => tile::<E, 1, COLUMNS, FUSED, WHOLE>(sizes, a, b, c, adds),
            };
        }
    }
}
