//! Products that turn the same matrix, and the sums of its columns, are one instruction: the gradients of a layer's weights
//! and bias.
//!
//! A recurrent layer multiplies the gradient of its gates with what came in and with its states, and adds it up for the
//! bias: the gradient is read once for all three.

use super::emit::Emitter;
use super::fuse::{Groups, is_whole};
use super::view::View;
use super::work::{Lowered, Operand, Task, Work};
use crate::ir::op::Reduction;
use crate::runtime::kernels::memory::Place;
use crate::runtime::kernels::turned::{Other, Turned, pays};
use std::collections::HashMap;

/// Instructions that are joined have fewer than so many others between them: what they read lives to the last of them.
const NEAR: usize = 16;

/// The operands of a product that [`Turned`] makes: numbers of the turned matrix's columns, and those of the other's, lie
/// side by side.
struct Factors<'a> {
    left: &'a View,
    right: &'a View,
    /// Rows of the result, what is summed over, columns.
    sizes: [usize; 3],
}

/// The operands of an item that is such a product, and large enough.
fn factors(item: &Work) -> Option<Factors<'_>> {
    let (Task::MatMul, [Operand::View(left), Operand::View(right)]) = (&item.task, &item.operands[..]) else {
        return None;
    };
    let (&[(rows, 1), (depth, _)], &[_, (columns, 1)]) = (&left.axes[..], &right.axes[..]) else { return None };
    let sizes = [rows, depth, columns];
    pays(sizes).then_some(Factors { left, right, sizes })
}

/// The matrix whose columns an item sums up.
fn summed<'a>(item: &'a Work, lowered: &Lowered) -> Option<&'a View> {
    let (Task::Reduce { reduction: Reduction::Sum, axes }, [Operand::View(view)]) = (&item.task, &item.operands[..])
    else {
        return None;
    };
    // Those in front, all of them, and no others.
    let is_leading = axes.iter().enumerate().all(|(i, axis)| i == *axis);
    (is_leading && is_whole(view, &lowered.work[view.root])).then_some(view)
}

/// Whether an instruction of these members is one that [`kernel`] makes.
pub fn is_turned(lowered: &Lowered, members: &[usize]) -> bool {
    members.iter().any(|item| factors(&lowered.work[*item]).is_some())
}

/// Joins the groups that turn the same matrix.
pub fn join(lowered: &Lowered, groups: &mut Groups) {
    // For each matrix that is turned, the products.
    let mut turning: HashMap<usize, Vec<(usize, Factors)>> = HashMap::new();
    for (i, item) in lowered.work.iter().enumerate() {
        if let Some(factors) = factors(item) {
            turning.entry(factors.left.root).or_default().push((i, factors));
        }
    }
    if turning.is_empty() {
        return;
    }
    let mut sums: HashMap<usize, Vec<usize>> = HashMap::new();
    for (i, item) in lowered.work.iter().enumerate() {
        if let Some(view) = summed(item, lowered).filter(|view| turning.contains_key(&view.root)) {
            sums.entry(view.root).or_default().push(i);
        }
    }
    let leads = leads_to(lowered, groups, |item| {
        factors(item).is_some() || summed(item, lowered).is_some_and(|view| turning.contains_key(&view.root))
    });
    let mut into: Vec<Option<usize>> = vec![None; groups.members.len()];
    for (root, products) in &turning {
        let Some((_, first)) = products.first() else { continue };
        let [rows, depth, _] = first.sizes;
        let is_all = first.left.offset == 0 && rows * depth == lowered.work[*root].count();
        let mut all: Vec<usize> = Vec::new();
        // One of them at most: there is room for one.
        all.extend(sums.get(root).into_iter().flatten().find(|item| is_all && lowered.work[**item].count() == rows));
        all.extend(products.iter().filter(|(_, of)| of.left == first.left).map(|(item, _)| *item));
        let mut all: Vec<(usize, usize)> = all.iter().filter_map(|item| Some((groups.of[*item]?, *item))).collect();
        all.sort_unstable();
        // The last of them is when all can be done.
        let mut target = all.last().map_or(0, |(group, _)| *group);
        for (group, item) in all.into_iter().rev().skip(1) {
            if target - group > NEAR {
                target = group;
            } else if groups.members[group] == [item] && !leads[group] {
                into[group] = Some(target);
            }
        }
    }
    if into.iter().all(Option::is_none) {
        return;
    }
    for (group, target) in into.into_iter().enumerate() {
        if let Some(target) = target {
            let members = std::mem::take(&mut groups.members[group]);
            groups.members[target].extend(members);
            // A product is the last, by which the instruction is named.
            groups.members[target].sort_unstable_by_key(|item| (factors(&lowered.work[*item]).is_some(), *item));
        }
    }
    groups.members.retain(|members| !members.is_empty());
    for (group, members) in groups.members.iter().enumerate() {
        members.iter().for_each(|item| groups.of[*item] = Some(group));
    }
}

/// For each group, whether one of these items follows from what it computes. What is put off may not lead to any of them: two
/// instructions could then wait on each other.
fn leads_to(lowered: &Lowered, groups: &Groups, is_one: impl Fn(&Work) -> bool) -> Vec<bool> {
    let mut leads = vec![false; groups.members.len()];
    for (group, members) in groups.members.iter().enumerate().rev() {
        if leads[group] || members.iter().any(|item| is_one(&lowered.work[*item])) {
            for view in members.iter().flat_map(|item| lowered.work[*item].views()) {
                if let Some(before) = groups.of[view.root].filter(|before| *before != group) {
                    leads[before] = true;
                }
            }
        }
    }
    leads
}

/// The kernel of such a group.
pub fn kernel(emitter: &Emitter, members: &[usize]) -> Result<Turned, String> {
    let lowered = emitter.lowered;
    let (mut turned, mut sums): (Option<Turned>, Option<Place>) = (None, None);
    for member in members {
        let item = &lowered.work[*member];
        let output = emitter.place(*member)?;
        let Some(Factors { left, right, sizes: [rows, depth, columns] }) = factors(item) else {
            sums = Some(output);
            continue;
        };
        let distance = |view: &View, axis: usize| usize::try_from(view.axes[axis].1).map_err(|_| "a factor backwards");
        let other = Other { input: emitter.place_of(right)?, distance: distance(right, 0)?, columns, output };
        match &mut turned {
            Some(turned) => turned.others.push(other),
            None => {
                turned = Some(Turned {
                    depth,
                    rows,
                    input: emitter.place_of(left)?,
                    distance: distance(left, 1)?,
                    others: vec![other],
                    sums: None,
                    is_shared: !emitter.is_in_band,
                });
            }
        }
    }
    let turned = turned.ok_or("sums without a product")?;
    Ok(Turned { sums, ..turned })
}
