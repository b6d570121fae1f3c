//! The update of Adam (Kingma and Ba, 2015) as one loop. As thirteen steps of a [`super::elementwise::Program`] it fetches
//! and writes three times as many numbers of the first-level cache, and takes more than twice as long.

use super::elementwise::{Store, TileOp, TileStep};
use super::memory::Place;
use crate::ir::op::{Binary, Unary};
use crate::runtime::element::Element;

/// Numbers that are in registers at a time.
const LANES: usize = 16;

/// What stands at the end of a program; slots are those of the program.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// The gradient, its average, the average of its square, the weight.
    pub tiles: [u8; 4],
    /// The same for all numbers: `1 - β₁`, `β₂`, `1 - β₂`, the root of the second bias correction, `ε`, the rate divided by the
    /// first bias correction.
    pub constants: [u8; 6],
    /// Where the new averages and the new weight go; they may lie in place of the old ones.
    pub places: [Place; 3],
}

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// What it held before the first step.
    Before(u8),
    /// What this step made.
    Made(usize),
}

use Value::{Before, Made};

/// The operations, and which of their operands are made by which of them.
const STEPS: [(TileOp, [Option<usize>; 2]); 13] = [
    (TileOp::Binary(Binary::Subtract), [None, None]),
    (TileOp::Binary(Binary::Multiply), [Some(0), None]),
    (TileOp::Binary(Binary::Add), [None, Some(1)]),
    (TileOp::Binary(Binary::Multiply), [None, None]),
    (TileOp::Unary(Unary::Square), [None, None]),
    (TileOp::Binary(Binary::Multiply), [Some(4), None]),
    (TileOp::Binary(Binary::Add), [Some(3), Some(5)]),
    (TileOp::Unary(Unary::SquareRoot), [Some(6), None]),
    (TileOp::Binary(Binary::Divide), [Some(7), None]),
    (TileOp::Binary(Binary::Add), [Some(8), None]),
    (TileOp::Binary(Binary::Divide), [Some(2), Some(9)]),
    (TileOp::Binary(Binary::Multiply), [Some(10), None]),
    (TileOp::Binary(Binary::Subtract), [None, Some(11)]),
];

/// The steps whose results are kept.
const KEPT: [usize; 3] = [2, 6, 12];

impl Adam {
    /// Takes the update from the end of the steps of a program, with the stores of its results, if it stands there.
    /// `is_constant` says whether a slot holds the same for all numbers.
    pub fn take(steps: &mut Vec<TileStep>, stores: &mut Vec<Store>, is_constant: impl Fn(u8) -> bool) -> Option<Adam> {
        let first = steps.len().checked_sub(STEPS.len())?;
        let own = &steps[first..];
        let mut held: Vec<(u8, usize)> = Vec::new();
        let mut operands = [[Before(0); 2]; STEPS.len()];
        for (i, (step, (op, made))) in own.iter().zip(STEPS).enumerate() {
            if step.op != op {
                return None;
            }
            operands[i] = [step.operands[0], step.operands[1]].map(|slot| {
                let maker = held.iter().rev().find(|(of, _)| *of == slot).map(|(_, by)| *by);
                maker.map_or(Before(slot), Made)
            });
            let is_unary = matches!(op, TileOp::Unary(_));
            let as_expected = |operand: usize| match made[operand] {
                Some(by) => operands[i][operand] == Made(by),
                None => (is_unary && operand == 1) || matches!(operands[i][operand], Before(_)),
            };
            if !(as_expected(0) && as_expected(1)) {
                return None;
            }
            held.push((step.target, i));
        }
        let before = |step: usize, operand: usize| match operands[step][operand] {
            Before(slot) => slot,
            Made(_) => 0,
        };
        let tiles = [before(0, 0), before(0, 1), before(3, 0), before(12, 0)];
        let constants = [before(1, 1), before(3, 1), before(5, 1), before(8, 1), before(9, 1), before(11, 1)];
        let is_same = before(2, 0) == tiles[1] && before(4, 0) == tiles[0];
        if !is_same || !constants.iter().all(|slot| is_constant(*slot)) {
            return None;
        }
        // All that is kept of these steps are their results, and nothing else is.
        let mut places = Vec::with_capacity(KEPT.len());
        for kept in KEPT {
            places.push(stores.iter().find(|store| store.slot == own[kept].target)?.place);
        }
        let places = places.try_into().ok()?;
        let is_kept = |slot: u8| KEPT.iter().any(|kept| own[*kept].target == slot);
        if own.iter().enumerate().any(|(i, step)| !KEPT.contains(&i) && stores.iter().any(|s| s.slot == step.target)) {
            return None;
        }
        stores.retain(|store| !is_kept(store.slot));
        steps.truncate(first);
        Some(Adam { tiles, constants, places })
    }

    /// Updates `count` numbers.
    ///
    /// # Safety
    /// `tiles` have so many numbers, as `results` have; a result may be one of the tiles and lies apart from all others.
    /// Constants can be read.
    #[allow(clippy::needless_range_loop)] // counting leaves nothing to be inlined
    #[inline(always)]
    pub unsafe fn run<E: Element>(count: usize, tiles: [*const E; 4], constants: [E; 6], results: [*mut E; 3]) {
        let mut at = 0;
        // SAFETY: whole blocks of the tiles, each read before anything is written; then number by number.
        unsafe {
            while at + LANES <= count {
                let g = *tiles[0].add(at).cast::<[E; LANES]>();
                let mut m = *tiles[1].add(at).cast::<[E; LANES]>();
                let mut v = *tiles[2].add(at).cast::<[E; LANES]>();
                let mut w = *tiles[3].add(at).cast::<[E; LANES]>();
                for i in 0..LANES {
                    (m[i], v[i], w[i]) = step(g[i], m[i], v[i], w[i], constants);
                }
                *results[0].add(at).cast::<[E; LANES]>() = m;
                *results[1].add(at).cast::<[E; LANES]>() = v;
                *results[2].add(at).cast::<[E; LANES]>() = w;
                at += LANES;
            }
            while at < count {
                let (m, v, w) =
                    step(*tiles[0].add(at), *tiles[1].add(at), *tiles[2].add(at), *tiles[3].add(at), constants);
                *results[0].add(at) = m;
                *results[1].add(at) = v;
                *results[2].add(at) = w;
                at += 1;
            }
        }
    }
}

/// The thirteen steps, in their order.
#[inline(always)]
fn step<E: Element>(g: E, m: E, v: E, w: E, [toward, kept, square, correction, eps, size]: [E; 6]) -> (E, E, E) {
    let m = m + (g - m) * toward;
    let v = v * kept + g * g * square;
    let divisor = v.square_root() / correction + eps;
    (m, v, w - m / divisor * size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::kernels::memory::Space;

    fn place(offset: usize) -> Place {
        Place { space: Space::States, offset }
    }

    /// As the planner writes them: loads 0 to 9 are g, m, v, w and the constants, registers begin at 10.
    fn program() -> (Vec<TileStep>, Vec<Store>) {
        let operands: [[u8; 2]; 13] = [
            [0, 1],
            [10, 4],
            [1, 11],
            [2, 5],
            [0, 0],
            [11, 6],
            [10, 13],
            [14, 14],
            [10, 7],
            [11, 8],
            [12, 10],
            [11, 9],
            [3, 10],
        ];
        let targets = [10, 11, 12, 10, 11, 13, 14, 10, 11, 10, 11, 10, 15];
        let step = |(i, (op, _)): (usize, (TileOp, _))| {
            let [a, b] = operands[i];
            TileStep { op, operands: [a, b, a], target: targets[i] }
        };
        let stores = [(12, 0), (14, 100), (15, 200)];
        let stores = stores.map(|(slot, offset)| Store { place: place(offset), slot, direct: true });
        (STEPS.into_iter().enumerate().map(step).collect(), stores.to_vec())
    }

    #[test]
    fn the_update_is_found_where_it_stands_and_nowhere_else() {
        let is_constant = |slot: u8| (4..10).contains(&slot);
        let (mut steps, mut stores) = program();
        let adam = Adam::take(&mut steps, &mut stores, is_constant).expect("it stands there");
        assert_eq!((adam.tiles, adam.constants), ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9]));
        assert_eq!(adam.places, [0, 100, 200].map(place));
        assert!(steps.is_empty() && stores.is_empty());
        // Another operation, another operand, a rate of its own for each number, a result in between that is kept.
        type Change = fn(&mut Vec<TileStep>, &mut Vec<Store>);
        let changes: [Change; 4] = [
            |steps, _| steps[12].op = TileOp::Binary(Binary::Add),
            |steps, _| steps[4].operands = [1; 3],
            |steps, _| steps[11].operands[1] = 3,
            |_, stores| stores.push(Store { place: place(300), slot: 13, direct: true }),
        ];
        for change in changes {
            let (mut steps, mut stores) = program();
            change(&mut steps, &mut stores);
            let before = (steps.len(), stores.len());
            assert!(Adam::take(&mut steps, &mut stores, is_constant).is_none());
            assert_eq!((steps.len(), stores.len()), before);
        }
    }

    #[test]
    fn numbers_are_updated_in_place() {
        let number = |i: usize| ((i * 37 + 11) % 101) as f64 / 50.0 - 1.0;
        let constants = [0.1, 0.999, 0.001, 0.5, 1e-8, 0.01];
        for count in [0, 1, 15, 16, 40] {
            let g: Vec<f64> = (0..count).map(number).collect();
            let mut m: Vec<f64> = (0..count).map(|i| number(i + 3)).collect();
            let mut v: Vec<f64> = (0..count).map(|i| number(i + 5).abs()).collect();
            let mut w: Vec<f64> = (0..count).map(|i| number(i + 7)).collect();
            let of = |i: usize| {
                let (m, v) = (m[i] + (g[i] - m[i]) * 0.1, v[i] * 0.999 + g[i] * g[i] * 0.001);
                (m, v, w[i] - m / (v.sqrt() / 0.5 + 1e-8) * 0.01)
            };
            let expected: Vec<(f64, f64, f64)> = (0..count).map(of).collect();
            let results = [m.as_mut_ptr(), v.as_mut_ptr(), w.as_mut_ptr()];
            let [a, b, c] = results.map(<*mut f64>::cast_const);
            // SAFETY: vectors of so many numbers.
            unsafe { Adam::run(count, [g.as_ptr(), a, b, c], constants, results) };
            let found: Vec<(f64, f64, f64)> = (0..count).map(|i| (m[i], v[i], w[i])).collect();
            assert_eq!(found, expected);
        }
    }
}
