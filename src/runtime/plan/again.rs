//! What is cheap to compute is computed again where it is read, not kept.
//!
//! A number that the backward pass reads has to lie in memory from the forward pass on, which costs its room and a way
//! there and back. Where it follows in a few cheap steps from numbers that lie there anyway (`x/√2` and `x/2` of a gelu from
//! its `x`), the instruction that reads it takes these steps itself. The steps are the same, so the bits are, too.

use super::fuse::{Groups, MOST, is_whole};
use super::work::{Lowered, Operand, Task, Work};
use crate::ir::op::Unary;
use crate::runtime::kernels::elementwise::TileOp;
use std::ops::Range;

/// Tensors of fewer numbers stay in the caches.
const LEAST: usize = 1 << 16;
/// Most steps that are taken again for a tensor in one instruction.
const STEPS: usize = 8;
/// What is so many times smaller may live longer.
const SMALLER: usize = 16;

/// Lets instructions that read what is cheap compute it again.
pub fn again(lowered: &mut Lowered, groups: &mut Groups) {
    // Most networks that are deep are narrow: nothing need be looked up for them.
    if !lowered.work.iter().any(|item| item.count() >= LEAST && is_cheap(item)) {
        return;
    }
    let mut again = Again::new(lowered, groups);
    for group in 0..again.groups.members.len() {
        let members = again.groups.members[group].clone();
        let mut kept: Vec<usize> = members.iter().copied().filter(|item| again.could_be(*item)).collect();
        kept.retain(|item| !again.replace(*item, None));
        // Several may follow from one that is not kept now: `x/√2` and `x/2` from `x`.
        let follow = |from: usize| kept.iter().filter(|item| again.chains(**item, Some(from)).is_some()).count();
        let best = members.iter().copied().filter(|from| !kept.contains(from)).max_by_key(|from| follow(*from));
        if let Some(from) = best.filter(|from| follow(*from) > 1) {
            kept.iter().for_each(|item| _ = again.replace(*item, Some(from)));
        }
    }
}

struct Again<'a> {
    lowered: &'a mut Lowered,
    groups: &'a mut Groups,
    /// Who reads each item.
    readers: Vec<Vec<usize>>,
    /// The last group that reads each item.
    last: Vec<Option<usize>>,
    /// Whether the caller gets it.
    is_wanted: Vec<bool>,
}

impl Again<'_> {
    fn new<'a>(lowered: &'a mut Lowered, groups: &'a mut Groups) -> Again<'a> {
        let count = lowered.work.len();
        let (mut readers, mut last, mut is_wanted) = (vec![Vec::new(); count], vec![None; count], vec![false; count]);
        for (i, item) in lowered.work.iter().enumerate() {
            for view in item.views() {
                readers[view.root].push(i);
                last[view.root] = last[view.root].max(groups.of[i]);
            }
        }
        for item in lowered.outputs.iter().chain(lowered.updates.iter().map(|(_, item)| item)) {
            is_wanted[*item] = true;
        }
        Again { lowered, groups, readers, last, is_wanted }
    }

    /// Whether an item is kept for groups that could compute it themselves, if they had from what.
    fn could_be(&self, item: usize) -> bool {
        let (work, own) = (&self.lowered.work[item], self.groups.of[item]);
        let readers = &self.readers[item];
        let is_far = |reader: &&usize| self.groups.of[**reader] != own;
        !self.is_wanted[item]
            && work.count() >= LEAST
            && is_cheap(work)
            && readers.iter().any(|reader| is_far(&reader))
            && readers.iter().filter(is_far).all(|reader| {
                let of = &self.lowered.work[*reader];
                matches!(of.task, Task::Elementwise(_)) && reads_whole(of, item, self.lowered)
            })
    }

    /// For each group that reads an item of another, the steps that lead to it, from what lives then and from `from`;
    /// none where there are none or too many.
    fn chains(&self, item: usize, from: Option<usize>) -> Option<Vec<(usize, Vec<usize>)>> {
        let own = self.groups.of[item];
        let mut far: Vec<usize> = self.readers[item].iter().filter_map(|r| self.groups.of[*r]).collect();
        far.retain(|group| Some(*group) != own);
        far.sort_unstable();
        far.dedup();
        let size = |items: &[usize]| items.iter().map(|i| 1 + self.lowered.work[*i].operands.len()).sum::<usize>();
        let chain = |group: usize| {
            let mut chain = Chain { of: self, group, from, items: Vec::new() };
            let fits = chain.add(item) && size(&self.groups.members[group]) + size(&chain.items) <= MOST;
            fits.then_some((group, chain.items))
        };
        far.into_iter().map(chain).collect()
    }

    /// Lets all groups compute an item that read it from another, if they can.
    fn replace(&mut self, item: usize, from: Option<usize>) -> bool {
        let Some(chains) = self.chains(item, from) else { return false };
        for (group, chain) in chains {
            let copies = self.copy(group, &chain);
            for copy in copies.clone() {
                for view in self.lowered.work[copy].views() {
                    self.readers[view.root].push(copy);
                    self.last[view.root] = self.last[view.root].max(Some(group));
                }
            }
            for reader in self.readers[item].iter().filter(|r| self.groups.of[**r] == Some(group)) {
                point(&mut self.lowered.work[*reader], item, copies.end - 1);
            }
        }
        self.last[item] = self.groups.of[item];
        true
    }

    /// Copies a chain in front of the members of a group, and says which the copies are.
    fn copy(&mut self, group: usize, chain: &[usize]) -> Range<usize> {
        let first = self.lowered.work.len();
        for (i, item) in chain.iter().enumerate() {
            let mut copy = self.lowered.work[*item].clone();
            for (before, of) in chain[..i].iter().enumerate() {
                point(&mut copy, *of, first + before);
            }
            self.lowered.work.push(copy);
            self.groups.of.push(Some(group));
            // By its own group alone.
            self.readers.push(Vec::new());
            self.last.push(Some(group));
            self.is_wanted.push(false);
        }
        let copies = first..self.lowered.work.len();
        self.groups.members[group].splice(0..0, copies.clone());
        copies
    }
}

/// Whether an item reads all of another, each number for the number at its place.
fn reads_whole(item: &Work, root: usize, lowered: &Lowered) -> bool {
    let of = &lowered.work[root];
    item.count() == of.count() && item.views().filter(|view| view.root == root).all(|view| is_whole(view, of))
}

/// Whether an item is a step that takes less time than a way to memory and back: no polynomial. (An error function takes
/// 1.2 ns a number on a processor on which storing and loading takes less than one.)
fn is_cheap(item: &Work) -> bool {
    match item.task {
        Task::Elementwise(TileOp::Unary(unary)) => matches!(
            unary,
            Unary::Negate | Unary::Absolute | Unary::Sign | Unary::Relu | Unary::Square | Unary::Not | Unary::Again
        ),
        Task::Elementwise(_) => true,
        _ => false,
    }
}

/// The steps that lead to an item from what lives while a group runs.
struct Chain<'a> {
    of: &'a Again<'a>,
    group: usize,
    /// Taken to live, too.
    from: Option<usize>,
    /// Each behind what it reads.
    items: Vec<usize>,
}

impl Chain<'_> {
    /// Adds an item behind what it needs; `false` where that is too much, or not to be had.
    fn add(&mut self, item: usize) -> bool {
        if self.items.contains(&item) {
            return true;
        }
        let lowered: &Lowered = self.of.lowered;
        let work = &lowered.work[item];
        let is_had = work.views().all(|view| {
            let root = &lowered.work[view.root];
            let lives = root.is_source() || self.of.last[view.root] >= Some(self.group) || self.from == Some(view.root);
            lives
                || SMALLER * root.count() <= work.count()
                || reads_whole(work, view.root, lowered) && self.add(view.root)
        });
        self.items.push(item);
        is_had && is_cheap(work) && self.items.len() <= STEPS
    }
}

/// Lets an item read another in place of this one.
fn point(item: &mut Work, from: usize, to: usize) {
    for operand in &mut item.operands {
        if let Operand::View(view) = operand
            && view.root == from
        {
            view.root = to;
        }
    }
}
