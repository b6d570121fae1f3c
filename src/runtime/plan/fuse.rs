//! Groups of work: what one instruction computes.
//!
//! From the end of the graph to its beginning, each elementwise item joins the earliest group that reads it, where that
//! group reads it number by number. Work is so done as late as possible and never twice: an item that others read too
//! is stored by its group on the side. The update of a weight with its moments becomes one group by itself. A pool that
//! finds the places of the largest numbers takes them, too.

use super::view::View;
use super::work::{Lowered, Task, Work};
use crate::runtime::kernels::pool::PoolOp;

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
        let first = earliest[i].map(|(group, _)| group);
        let is_taken = |group: &usize| joins && takes_what_was_found(work, &groups.members[*group], i);
        let joined = earliest[i].filter(|(group, by_number)| *by_number && may_join(*group)).map(|(group, _)| group);
        let joined = joined.or_else(|| first.filter(is_taken));
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

/// Whether a group does nothing but take the numbers whose places a pool finds: the pool has them at hand.
fn takes_what_was_found(work: &[Work], group: &[usize], pool: usize) -> bool {
    let &[take] = group else { return false };
    let Task::Pool { op: PoolOp::ArgMax, geometry, planes } = &work[pool].task else { return false };
    let Task::Along { place: false, axis, size } = work[take].task else { return false };
    let image = work[pool].views().next().map(|view| view.root);
    let roots: Vec<usize> = work[take].views().map(|view| view.root).collect();
    let outer: usize = work[take].shape.iter().take(axis).product();
    image.is_some_and(|image| roots == [image, pool] && work[image].count() == planes * size)
        && work[take].views().all(|view| is_whole(view, &work[view.root]))
        && (outer, size, work[take].count()) == (*planes, geometry.plane(), work[pool].count())
        && axis + 1 == work[take].shape.len()
}
