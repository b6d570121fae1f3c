//! The innermost loop of the products that are written here: some rows times some columns, with the sums in registers.

use crate::runtime::element::Element;
use multiversion::multiversion;

/// Calls a function of an element with the rows and columns of a tile and with whether multiplication and addition are one
/// instruction, as they are where this stands, which must be a multiversioned function. A tile has as many sums as registers
/// hold, and enough of them that no addition waits for the one before: 16 of 32 registers, 12 of 16.
macro_rules! with_tile {
    ($function:ident::<$element:ty>($($argument:expr),* $(,)?)) => {{
        let is_wide = multiversion::target::target_cfg_f!(target_feature = "avx512f");
        let has_fused = multiversion::target::target_cfg_f!(target_feature = "fma") || cfg!(target_arch = "aarch64");
        match (is_wide, has_fused) {
            (true, _) => $function::<$element, 8, { crate::runtime::kernels::tiles::WIDEST }, true>($($argument),*),
            (false, true) => $function::<$element, 6, 16, true>($($argument),*),
            (false, false) => $function::<$element, 2, 16, false>($($argument),*),
        }
    }};
}
pub(super) use with_tile;

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
    // SAFETY: passed on.
    unsafe { with_tile!(all_columns::<E>(sizes, a, b, c, adds)) }
}

/// The same for operands that were packed: `a` into panels of as many rows as a tile, so many numbers apart, column by
/// column; `b` into one panel of as many columns as a tile, row by row. What the last panel of rows lacks is not read.
///
/// # Safety
/// As [`matrix`]; the panels are of the sizes that [`with_tile`] has where this is called from.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt",
    "x86_64+avx2+avx+fma+bmi1+bmi2+lzcnt+popcnt"
))]
pub unsafe fn panels<E: Element>(sizes: [usize; 3], a: (*const E, usize), b: *const E, c: (*mut E, usize), adds: bool) {
    // SAFETY: passed on.
    unsafe { with_tile!(all_panels::<E>(sizes, a, b, c, adds)) }
}

/// # Safety
/// As [`panels`].
#[inline(always)]
unsafe fn all_panels<E: Element, const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    [rows, depth, width]: [usize; 3],
    (a, distance): (*const E, usize),
    b: *const E,
    (c, c_row): (*mut E, usize),
    adds: bool,
) {
    for (panel, row) in (0..rows).step_by(ROWS).enumerate() {
        let count = ROWS.min(rows - row);
        // SAFETY: rows of the operands.
        unsafe {
            let (a, b, c) = ((a.add(panel * distance), [1, ROWS]), (b, COLUMNS), (c.add(row * c_row), c_row));
            match width == COLUMNS {
                true => column::<E, ROWS, COLUMNS, FUSED, true>(count, [depth, width], a, b, c, adds),
                false => column::<E, ROWS, COLUMNS, FUSED, false>(count, [depth, width], a, b, c, adds),
            }
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
    // An address for each row, so that nothing but one count has to be added up on the way.
    let mut rows = [a; ROWS];
    for i in 0..ROWS {
        rows[i] = a.wrapping_add(i * a_row);
    }
    let (mut at, mut b) = (0, b);
    for _ in 0..depth {
        // SAFETY: one of `depth` rows.
        let right = unsafe { &*b.cast::<[E; COLUMNS]>() };
        // Plain counting, which leaves nothing to be inlined: iterators were not, and cost a factor of six.
        for i in 0..ROWS {
            // SAFETY: one of `depth` numbers of the row.
            let left = unsafe { *rows[i].add(at) };
            for j in 0..COLUMNS {
                sums[i][j] = left.times_plus::<FUSED>(right[j], sums[i][j]);
            }
        }
        at += a_column;
        b = b.wrapping_add(b_row);
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
