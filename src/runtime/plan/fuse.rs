//! Groups of work: what one instruction computes.
//!
//! From the end of the graph to its beginning, each elementwise item joins the earliest group that reads it, where that
//! group reads it number by number. Work is so done as late as possible and never twice: an item that others read too
//! is stored by its group on the side. The update of a weight with its moments becomes one group by itself.

use super::lower::{Lowered, Task, Work};
use super::view::View;

/// Most operands and steps of a group together; a program has room for [`super::super::kernels::elementwise::MAX_SLOTS`].
pub const MOST: usize = 88;

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
    // Groups are numbered backwards until the end.
    let mut groups = Groups { members: Vec::new(), of: vec![None; work.len()] };
    let mut sizes: Vec<usize> = Vec::new();
    // For each item, the earliest group that reads it, as far as readers were seen, and whether number by number.
    let mut earliest: Vec<Option<(usize, bool)>> = vec![None; work.len()];
    for (i, item) in work.iter().enumerate().rev().filter(|(_, item)| !item.is_source()) {
        let size = 1 + item.operands.len();
        let is_elementwise = matches!(item.task, Task::Elementwise(_));
        let may_join = |group: usize| joins && is_elementwise && sizes[group] + size <= MOST;
        let joined = earliest[i].filter(|(group, by_number)| *by_number && may_join(*group)).map(|(group, _)| group);
        let group = joined.unwrap_or_else(|| {
            groups.members.push(Vec::new());
            sizes.push(0);
            groups.members.len() - 1
        });
        groups.members[group].push(i);
        groups.of[i] = Some(group);
        sizes[group] += size;
        for view in item.views() {
            let root = &work[view.root];
            let by_number = is_elementwise && is_whole(view, root) && item.count() == root.count();
            earliest[view.root] = Some(match earliest[view.root] {
                Some((other, by_numbers)) if other == group => (group, by_numbers && by_number),
                Some((other, by_numbers)) if other > group => (other, by_numbers),
                _ => (group, by_number),
            });
        }
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
