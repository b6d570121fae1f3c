//! The order of the instructions, and which results are written straight into a state.
//!
//! A state keeps its value from before the step until everyone has read it: its readers come before the instruction
//! that writes it. Where that is impossible, because a reader needs the new value too, the new value is kept aside and
//! copied at the end.

use super::fuse::{Groups, is_whole};
use super::view::View;
use super::work::{Lowered, Operand, Task, Work};
use crate::ir::op::Unary;
use crate::runtime::kernels::elementwise::TileOp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// So many numbers may live for the whole step.
const FEW: usize = 16;

/// The order, and who is written where.
#[derive(Debug, Default)]
pub struct Order {
    /// Groups in order of execution.
    pub sequence: Vec<usize>,
    /// For each group, those that have to come after it.
    pub after: Vec<Vec<usize>>,
    /// For each item, the state (index) that is its memory.
    pub state_of: Vec<Option<usize>>,
}

struct Dependencies {
    after: Vec<Vec<usize>>,
    /// The last search that came by each group, so that a search need not begin with a clean slate.
    seen: Vec<u32>,
    searches: u32,
}

impl Dependencies {
    fn push(&mut self) {
        self.after.push(Vec::new());
        self.seen.push(0);
    }

    /// May be said twice.
    fn add(&mut self, before: usize, after: usize) {
        if before != after && self.after[before].last() != Some(&after) {
            self.after[before].push(after);
        }
    }

    fn reaches(&mut self, from: usize, targets: &[usize]) -> bool {
        if targets.is_empty() {
            return false;
        }
        self.searches += 1;
        let mut open = self.after[from].clone();
        while let Some(group) = open.pop() {
            if targets.contains(&group) {
                return true;
            }
            if std::mem::replace(&mut self.seen[group], self.searches) != self.searches {
                open.extend(&self.after[group]);
            }
        }
        false
    }
}

/// Orders the groups; may append copies to the work.
pub fn order(lowered: &mut Lowered, groups: &mut Groups) -> Order {
    let count = groups.members.len();
    let mut dependencies = Dependencies { after: vec![Vec::new(); count], seen: vec![0; count], searches: 0 };
    let mut readers: Vec<Vec<usize>> = Vec::new();
    for (group, members) in groups.members.iter().enumerate() {
        for view in members.iter().flat_map(|m| lowered.work[*m].views()) {
            if let Some(before) = groups.of[view.root] {
                dependencies.add(before, group);
            } else if let Task::State(state) = lowered.work[view.root].task {
                readers.resize(readers.len().max(state + 1), Vec::new());
                if readers[state].last() != Some(&group) {
                    readers[state].push(group);
                }
            }
        }
    }
    let mut state_of = vec![None; lowered.work.len()];
    for (state, item) in lowered.updates.clone() {
        readers.resize(readers.len().max(state + 1), Vec::new());
        let Some(group) = groups.of[item] else { continue };
        let others: Vec<usize> = readers[state].iter().copied().filter(|r| *r != group).collect();
        // What the caller gets stays in the arena: the next step must not change it.
        let in_place = !lowered.outputs.contains(&item)
            && reads_in_place(lowered, &groups.members[group], state)
            && !dependencies.reaches(group, &others);
        let writer = if in_place {
            state_of[item] = Some(state);
            group
        } else {
            let shape = lowered.work[item].shape.clone();
            let copy = Work {
                task: Task::Elementwise(TileOp::Unary(Unary::StopGradient)),
                operands: vec![Operand::View(View::linear(item, &shape))],
                node: lowered.work[item].node,
                shape,
            };
            lowered.work.push(copy);
            let copy = lowered.work.len() - 1;
            groups.members.push(vec![copy]);
            groups.of.push(Some(groups.members.len() - 1));
            state_of.push(Some(state));
            dependencies.push();
            dependencies.add(group, groups.members.len() - 1);
            groups.members.len() - 1
        };
        for reader in others {
            dependencies.add(reader, writer);
        }
        if !in_place && readers[state].contains(&group) {
            dependencies.add(group, writer);
        }
    }
    let sequence = sequence(&dependencies, lowered, groups, &state_of);
    Order { sequence, after: dependencies.after, state_of }
}

/// Whether the members of a group read a state at most number by number.
fn reads_in_place(lowered: &Lowered, members: &[usize], state: usize) -> bool {
    members.iter().all(|m| {
        let item = &lowered.work[*m];
        item.views().all(|view| {
            let root = &lowered.work[view.root];
            !matches!(root.task, Task::State(s) if s == state)
                || matches!(item.task, Task::Elementwise(_)) && is_whole(view, root)
        })
    })
}

/// As the groups stand, but the update of a state, on which nothing waits, as soon as it can be: it lets go of a
/// gradient. And at the very beginning the few numbers that follow from what is there before, such as the rate of this
/// step, so that no update waits for them.
fn sequence(dependencies: &Dependencies, lowered: &Lowered, groups: &Groups, state_of: &[Option<usize>]) -> Vec<usize> {
    let count = groups.members.len();
    let mut waiting = vec![0_usize; count];
    for after in dependencies.after.iter().flatten() {
        waiting[*after] += 1;
    }
    let eager = |group: usize| {
        let members = &groups.members[group];
        dependencies.after[group].is_empty()
            && members.iter().any(|m| state_of[*m].is_some())
            && !members.iter().any(|m| lowered.outputs.contains(m))
    };
    let is_small = |group: usize| groups.members[group].iter().all(|m| lowered.work[*m].count() <= FEW);
    let mut ready: BinaryHeap<Reverse<(bool, usize)>> =
        (0..count).filter(|g| waiting[*g] == 0).map(|g| Reverse((!(is_small(g) || eager(g)), g))).collect();
    let mut sequence = Vec::with_capacity(count);
    // Until something else is begun, what can be done follows from such numbers alone.
    let mut is_beginning = true;
    while let Some(Reverse((is_late, group))) = ready.pop() {
        is_beginning &= !is_late;
        sequence.push(group);
        for after in &dependencies.after[group] {
            waiting[*after] -= 1;
            if waiting[*after] == 0 {
                let is_early = eager(*after) || is_beginning && is_small(*after);
                ready.push(Reverse((!is_early, *after)));
            }
        }
    }
    sequence
}
