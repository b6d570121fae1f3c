//! Where each stored result lies: lifetimes, results in place of operands that die, packed offsets.

use super::bands::{Schedule, Step, keeps_to_its_band};
use super::fuse::{Groups, is_whole};
use super::pack::{Life, pack};
use super::work::{Lowered, Operand, Task};

/// The memory of the results.
#[derive(Debug, Default)]
pub struct Layout {
    /// For each item that is stored in the arena, its first element.
    pub offset: Vec<Option<usize>>,
    /// For each item, whether it takes the place of another.
    pub in_place_of: Vec<Option<usize>>,
    /// For each item that works in memory of its own beside its result, the first element of that.
    pub workspace: Vec<Option<usize>>,
    /// Elements of the arena.
    pub size: usize,
    /// The most elements that live at one time: no layout can be smaller.
    pub demand: usize,
}

/// Lays out the arena; `line` is the number of elements of a cache line.
pub fn lay_out(lowered: &Lowered, groups: &Groups, schedule: &Schedule, line: usize) -> Layout {
    let work = &lowered.work;
    let mut position = vec![0; groups.members.len()];
    for (at, step) in schedule.steps.iter().enumerate() {
        step.groups.iter().for_each(|group| position[*group] = at);
    }
    // Who is stored, from when to when.
    let mut lives: Vec<Option<Life>> = vec![None; work.len()];
    let stored = stored(lowered, groups, &schedule.is_inside);
    for (i, item) in work.iter().enumerate() {
        if let (true, Some(group), None) = (stored[i], groups.of[i], schedule.state_of[i]) {
            let size = item.count().next_multiple_of(line);
            lives[i] = Some(Life { from: position[group], to: position[group], size });
        }
    }
    for (i, item) in work.iter().enumerate() {
        let Some(group) = groups.of[i] else { continue };
        for view in item.views() {
            if let Some(life) = &mut lives[view.root] {
                life.to = life.to.max(position[group]);
            }
        }
    }
    for output in &lowered.outputs {
        if let Some(life) = &mut lives[*output] {
            life.to = usize::MAX;
        }
    }
    let mut layout = Layout {
        offset: vec![None; work.len()],
        in_place_of: vec![None; work.len()],
        workspace: vec![None; work.len()],
        ..Layout::default()
    };
    // In place: the new result continues the life of the old.
    let mut owner: Vec<usize> = (0..work.len()).collect();
    for (at, step) in schedule.steps.iter().enumerate() {
        let mut dying = dying(lowered, groups, step, |root| lives[root].is_some_and(|l| l.to == at && l.from < at));
        for (turn, group) in step.groups.iter().enumerate() {
            let members = &groups.members[*group];
            let by_number = members.iter().all(|m| matches!(work[*m].task, Task::Elementwise(_)));
            for member in members {
                if lives[*member].is_none() {
                    continue;
                }
                let place = dying.iter().position(|old| {
                    let is_free = if old.last == turn { by_number && old.is_whole } else { old.last < turn };
                    // As many numbers, so that the bands of both lie at the same places.
                    let is_alike = work[old.root].count() == work[*member].count();
                    is_free && is_alike && old.keeps_to_bands
                });
                let Some(place) = place else { continue };
                let root = dying.swap_remove(place).root;
                layout.in_place_of[*member] = Some(root);
                owner[*member] = owner[root];
            }
        }
    }
    let mut blocks: Vec<Life> = Vec::new();
    let mut block_of: Vec<Option<usize>> = vec![None; work.len()];
    let mut in_order: Vec<usize> = (0..work.len()).filter(|i| lives[*i].is_some()).collect();
    in_order.sort_by_key(|i| lives[*i].map(|l| l.from));
    for i in in_order {
        let Some(life) = lives[i] else { continue };
        match block_of[owner[i]] {
            Some(block) => {
                blocks[block].to = blocks[block].to.max(life.to);
                block_of[i] = Some(block);
            }
            None => {
                block_of[owner[i]] = Some(blocks.len());
                block_of[i] = Some(blocks.len());
                blocks.push(life);
            }
        }
    }
    let mut workspaces: Vec<(usize, usize)> = Vec::new();
    for (i, item) in work.iter().enumerate() {
        let size = item.workspace();
        if let (Some(group), true) = (groups.of[i], size > 0) {
            workspaces.push((i, blocks.len()));
            let at = position[group];
            blocks.push(Life { from: at, to: at, size: size.next_multiple_of(line) });
        }
    }
    let offsets = pack(&blocks);
    for (item, block) in workspaces {
        layout.workspace[item] = Some(offsets[block]);
    }
    for (i, block) in block_of.iter().enumerate() {
        if let (Some(block), true) = (block, lives[i].is_some()) {
            layout.offset[i] = Some(offsets[*block]);
        }
    }
    layout.size = offsets.iter().zip(&blocks).map(|(offset, life)| offset + life.size).max().unwrap_or(0);
    layout.demand = demand(&blocks, schedule.steps.len());
    layout
}

/// An item that a step is the last to read.
struct Dying {
    root: usize,
    /// The last group of the step that reads it.
    last: usize,
    /// Whether all of it is read, number by number.
    is_whole: bool,
    /// Whether each band reads its own part of it alone.
    keeps_to_bands: bool,
}

fn dying(lowered: &Lowered, groups: &Groups, step: &Step, dies: impl Fn(usize) -> bool) -> Vec<Dying> {
    let mut all: Vec<Dying> = Vec::new();
    for (last, group) in step.groups.iter().enumerate() {
        for item in groups.members[*group].iter().map(|item| &lowered.work[*item]) {
            for (operand, view) in item.operands.iter().enumerate() {
                let Operand::View(view) = view else { continue };
                if !dies(view.root) {
                    continue;
                }
                let root = &lowered.work[view.root];
                let keeps = step.bands.is_none_or(|[units, _]| keeps_to_its_band(item, operand, root.count(), units));
                let is_whole = is_whole(view, root);
                match all.iter_mut().find(|old| old.root == view.root) {
                    Some(old) => {
                        old.is_whole = is_whole && (old.is_whole || old.last < last);
                        old.keeps_to_bands &= keeps;
                        old.last = last;
                    }
                    None => all.push(Dying { root: view.root, last, is_whole, keeps_to_bands: keeps }),
                }
            }
        }
    }
    all
}

/// Which items lie in memory: those that another instruction reads, or the caller, unless they lie inside a band.
pub fn stored(lowered: &Lowered, groups: &Groups, is_inside: &[bool]) -> Vec<bool> {
    let mut stored = vec![false; lowered.work.len()];
    for (i, item) in lowered.work.iter().enumerate() {
        for view in item.views() {
            if groups.of[view.root] != groups.of[i] {
                stored[view.root] = true;
            }
        }
        if !matches!(item.task, Task::Elementwise(_)) {
            stored[i] = true;
        }
    }
    for item in lowered.outputs.iter().chain(lowered.updates.iter().map(|(_, item)| item)) {
        stored[*item] = true;
    }
    for (stored, is_inside) in stored.iter_mut().zip(is_inside) {
        *stored &= !is_inside;
    }
    stored
}

fn demand(blocks: &[Life], steps: usize) -> usize {
    let mut change = vec![0_isize; steps + 2];
    for life in blocks {
        change[life.from] += life.size as isize;
        change[life.to.min(steps) + 1] -= life.size as isize;
    }
    let (mut now, mut most) = (0_isize, 0);
    for c in change {
        now += c;
        most = most.max(now);
    }
    most as usize
}
