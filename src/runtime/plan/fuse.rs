//! Groups of work: what one instruction computes.
//!
//! From the end of the graph to its beginning, each elementwise item joins the earliest group that reads it, where that
//! group reads it number by number. Work is so done as late as possible and never twice: an item that others read too
//! is stored by its group on the side. The update of a weight with its moments becomes one group by itself.

use super::lower::{Lowered, Task, Work};
use super::view::View;

/// Most operands and steps of a group together; a program has room for [`super::super::kernels::elementwise::MAX_SLOTS`].
const MOST: usize = 88;

/// Which items an instruction computes.
#[derive(Debug, Default)]
pub struct Groups {
    /// The items of each group in order; groups in order of evaluation.
    pub members: Vec<Vec<usize>>,
    /// The group of each item; `None` for sources.
    pub of: Vec<Option<usize>>,
}

/// Whether a view is all of an item's memory, in order.
pub fn is_whole(view: &View, root: &Work) -> bool {
    view.offset == 0 && view.count() == root.count() && view.is_linear()
}

/// Finds the groups; where it `joins` none, each item is a group of its own.
pub fn fuse(lowered: &Lowered, joins: bool) -> Groups {
    let work = &lowered.work;
    // For each item: who reads it, and whether number by number.
    let mut readers: Vec<Vec<(usize, bool)>> = vec![Vec::new(); work.len()];
    for (i, item) in work.iter().enumerate() {
        for view in item.views() {
            let elementwise = matches!(item.task, Task::Elementwise(_));
            let root = &work[view.root];
            readers[view.root].push((i, elementwise && is_whole(view, root) && item.count() == root.count()));
        }
    }
    // Groups are numbered backwards until the end.
    let mut groups = Groups { members: Vec::new(), of: vec![None; work.len()] };
    let mut sizes: Vec<usize> = Vec::new();
    for (i, item) in work.iter().enumerate().rev().filter(|(_, item)| !item.is_source()) {
        let size = 1 + item.operands.len();
        let earliest = readers[i].iter().filter_map(|(r, _)| groups.of[*r]).max();
        let joined = earliest.filter(|group| {
            joins
                && matches!(item.task, Task::Elementwise(_))
                && sizes[*group] + size <= MOST
                && readers[i].iter().all(|(r, by_number)| *by_number || groups.of[*r] != Some(*group))
        });
        let group = joined.unwrap_or_else(|| {
            groups.members.push(Vec::new());
            sizes.push(0);
            groups.members.len() - 1
        });
        groups.members[group].push(i);
        groups.of[i] = Some(group);
        sizes[group] += size;
    }
    let last = groups.members.len().saturating_sub(1);
    groups.members.reverse();
    for members in &mut groups.members {
        members.reverse();
    }
    for group in groups.of.iter_mut().flatten() {
        *group = last - *group;
    }
    groups
}
