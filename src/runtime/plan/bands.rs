//! Bands: instructions that work row by row on the same examples run one behind the other for some of these, then for the
//! next, so that what one leaves is still in a core's own cache when the next comes by.
//!
//! What only they read never goes to the arena: a band's part of it lies in memory of the thread that runs the band. A
//! tile of a large loop nest, as compilers for arrays cut it (Wolf and Lam, "A data locality optimizing algorithm", 1991),
//! found here along the first axis alone: what is not row by row along it (the gradient of a weight, a loss) ends a chain.
//! The bands follow from the sizes alone, and so do the bits.

use super::arena::{Layout, lay_out, stored};
use super::emit::Emitter;
use super::fuse::Groups;
use super::order::Order;
use super::view::View;
use super::work::{Lowered, Operand, Task, Work};
use crate::runtime::kernels::Kernel;
use crate::runtime::kernels::bands::Bands;
use crate::runtime::kernels::convolve::Side;
use crate::runtime::kernels::matmul;
use crate::runtime::kernels::memory::{Place, Space};
use crate::runtime::kernels::rows::RowOp;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

/// Bands that are wanted, for threads to share.
const WANTED: usize = 16;
/// Numbers that a band should touch at most, so that they stay in the cache.
const ROOM: usize = 1 << 17;
/// Most bands: each has kernels of its own.
const MANY: usize = 64;
/// Most instructions of a chain.
const MOST: usize = 64;

/// What is worth its while.
#[derive(Debug)]
pub struct Limits {
    /// Numbers that a chain must keep from the arena: less stays in the caches anyway.
    least: usize,
    /// The fewest bands that will do.
    bands: usize,
    /// Rows of a product in a band: each band packs the other side anew.
    rows: usize,
    /// Multiplications for each row of such a product. So the product of a band is made in the same way as that of all
    /// rows, and its bits are the same.
    width: usize,
    /// Whether what needs all examples may wait for the end of a chain, which it ends otherwise.
    waits: bool,
}

/// What is usual.
pub const USUAL: Limits = Limits { least: 1 << 16, bands: 4, rows: 128, width: matmul::SMALL / 64 + 1, waits: true };

/// With shorter chains, behind which nothing is kept.
pub const SHORT: Limits = Limits { waits: false, ..USUAL };

/// Whatever can be done.
pub const SMALLEST: Limits = Limits { least: 1, bands: 2, rows: 1, width: 0, waits: true };

/// Instructions that are run together: one, or a chain in bands.
#[derive(Debug, Default)]
pub struct Step {
    /// The groups, in order.
    pub groups: Vec<usize>,
    /// Into how many parts the first axes can be cut, and how many bands they make; none where there are none.
    pub bands: Option<[usize; 2]>,
}

/// In which order what is done where.
#[derive(Debug, Default)]
pub struct Schedule {
    /// In order.
    pub steps: Vec<Step>,
    /// For each item, the state (index) that is its memory.
    pub state_of: Vec<Option<usize>>,
    /// Whether an item lies in the memory of the band alone.
    pub is_inside: Vec<bool>,
}

impl Schedule {
    /// Whether there is a chain.
    pub fn has_bands(&self) -> bool {
        self.steps.iter().any(|step| step.bands.is_some())
    }

    /// The instructions one by one.
    pub fn plain(order: &Order) -> Schedule {
        let is_inside = vec![false; order.state_of.len()];
        let step = |group: &usize| Step { groups: vec![*group], bands: None };
        Schedule { steps: order.sequence.iter().map(step).collect(), state_of: order.state_of.clone(), is_inside }
    }
}

/// Finds the chains, where `units` is the number of examples.
pub fn bands(lowered: &Lowered, groups: &Groups, order: &Order, (units, limits): (usize, &Limits)) -> Schedule {
    let cuts = |group: usize| {
        let members = &groups.members[group];
        members.iter().all(|item| order.state_of[*item].is_none() && is_cut(&lowered.work[*item], units, limits))
    };
    let is_large = |group: usize| groups.members[group].iter().any(|item| lowered.work[*item].count() >= limits.least);
    if units < limits.bands || !order.sequence.iter().any(|group| is_large(*group) && cuts(*group)) {
        return Schedule::plain(order);
    }
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); groups.members.len()];
    for (group, after) in order.after.iter().enumerate() {
        after.iter().for_each(|after| before[*after].push(group));
    }
    let mut stays = vec![false; lowered.work.len()];
    for item in lowered.outputs.iter().chain(lowered.updates.iter().map(|(_, item)| item)) {
        stays[*item] = true;
    }
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); lowered.work.len()];
    for (group, members) in groups.members.iter().enumerate() {
        for view in members.iter().flat_map(|item| lowered.work[*item].views()) {
            if readers[view.root].last() != Some(&group) {
                readers[view.root].push(group);
            }
        }
    }
    let mut finder = Finder {
        lowered,
        groups,
        units,
        limits,
        stored: stored(lowered, groups, &[]),
        stays,
        readers,
        phase: vec![Phase::Before; groups.members.len()],
        chain: Vec::new(),
        later: Vec::new(),
        steps: Vec::new(),
        is_inside: vec![false; lowered.work.len()],
    };
    for (at, group) in order.sequence.iter().enumerate() {
        finder.add(at, *group, &before[*group], cuts(*group));
    }
    finder.close();
    Schedule { steps: finder.steps, state_of: order.state_of.clone(), is_inside: finder.is_inside }
}

/// When a group comes, seen from the chain that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    Inside,
    Behind,
}

struct Finder<'a> {
    lowered: &'a Lowered,
    groups: &'a Groups,
    units: usize,
    limits: &'a Limits,
    /// Which items lie in memory.
    stored: Vec<bool>,
    /// Which are asked for from outside.
    stays: Vec<bool>,
    /// The groups that read each item.
    readers: Vec<Vec<usize>>,
    phase: Vec<Phase>,
    /// The groups of the chain that is being made, and those that wait for its end, with their places in the order.
    chain: Vec<(usize, usize)>,
    later: Vec<(usize, usize)>,
    steps: Vec<Step>,
    is_inside: Vec<bool>,
}

impl Finder<'_> {
    /// Takes the next group of the order to the chain, in front of it or behind it.
    fn add(&mut self, at: usize, group: usize, before: &[usize], is_cut: bool) {
        let follows = |phase: Phase, finder: &Self| before.iter().any(|group| finder.phase[*group] == phase);
        if !self.chain.is_empty() {
            let (waits, continues) = (follows(Phase::Behind, self), follows(Phase::Inside, self));
            if is_cut && continues && !waits && self.chain.len() < MOST && self.fits(group) {
                return self.join(at, group);
            }
            // What has nothing to do with a chain comes before it, unless one that is no chain yet is given up for it.
            let is_alone = !waits && !continues;
            if is_alone && (!is_cut || self.chain.len() > 1) {
                return self.steps.push(Step { groups: vec![group], bands: None });
            }
            if !is_alone && !is_cut && self.limits.waits && self.may_wait(group) {
                self.phase[group] = Phase::Behind;
                return self.later.push((at, group));
            }
            self.close();
        }
        match is_cut && self.fits(group) {
            true => self.join(at, group),
            false => self.steps.push(Step { groups: vec![group], bands: None }),
        }
    }

    fn join(&mut self, at: usize, group: usize) {
        self.phase[group] = Phase::Inside;
        self.chain.push((at, group));
    }

    /// Whether the rows that a group reads of what the chain or itself computes are those of the same examples.
    fn fits(&self, group: usize) -> bool {
        let is_near = |root: usize| {
            self.groups.of[root].is_some_and(|other| other == group || self.phase[other] == Phase::Inside)
        };
        self.groups.members[group].iter().all(|item| {
            let item = &self.lowered.work[*item];
            let mut operands = item.operands.iter().enumerate();
            operands.all(|(i, operand)| match operand {
                Operand::View(view) if is_near(view.root) => {
                    let root = self.lowered.work[view.root].count();
                    keeps_to_its_band(item, i, root, self.units)
                }
                _ => true,
            })
        })
    }

    /// The items of the chain that lie in memory.
    fn items(&self) -> impl Iterator<Item = usize> {
        let items = self.chain.iter().flat_map(|(_, group)| &self.groups.members[*group]);
        items.copied().filter(|item| self.stored[*item])
    }

    /// Whether only the chain reads an item.
    fn is_own(&self, item: usize) -> bool {
        !self.stays[item] && self.readers[item].iter().all(|group| self.phase[*group] == Phase::Inside)
    }

    /// Whether a group that reads the chain may wait for its end: what must be kept until then is not more than what need
    /// not be kept at all, but for one result.
    fn may_wait(&self, group: usize) -> bool {
        let (mut kept, mut spared, mut largest) = (0, 0, 0);
        for item in self.items() {
            let count = self.lowered.work[item].count();
            largest = largest.max(count);
            let waits = |reader: &usize| *reader == group || self.phase[*reader] == Phase::Behind;
            if self.readers[item].iter().any(waits) {
                kept += count;
            } else if self.is_own(item) {
                spared += count;
            }
        }
        kept <= spared + largest
    }

    /// How many bands the chain should have.
    fn bands(&self) -> usize {
        let (mut touched, mut least) = (1, self.units.div_ceil(MANY));
        for (_, group) in &self.chain {
            let mut here = 0;
            for item in &self.groups.members[*group] {
                let of = &self.lowered.work[*item];
                here += usize::from(self.stored[*item]) * of.count() / self.units;
                let from_others = |view: &&View| self.groups.of[view.root] != Some(*group);
                let is_repeated = |view: &View| view.axes.first().is_none_or(|axis| axis.1 == 0);
                let read = of.views().filter(from_others).filter(|view| !is_repeated(view));
                here += read.map(|view| view.count() / self.units).sum::<usize>();
                if is_product_with_one(of) {
                    least = least.max(self.limits.rows.div_ceil((rows_of(of) / self.units).max(1)));
                }
            }
            touched = touched.max(here);
        }
        self.units / (self.units / WANTED).min(ROOM / touched).max(least)
    }

    /// Ends the chain: in bands, if that is worth it.
    fn close(&mut self) {
        let own: Vec<usize> = self.items().filter(|item| self.is_own(*item)).collect();
        let spared: usize = own.iter().map(|item| self.lowered.work[*item].count()).sum();
        let bands = if self.chain.len() > 1 && spared >= self.limits.least { self.bands() } else { 1 };
        let (mut chain, mut later) = (std::mem::take(&mut self.chain), std::mem::take(&mut self.later));
        for (_, group) in chain.iter().chain(&later) {
            self.phase[*group] = Phase::Before;
        }
        if bands >= self.limits.bands {
            own.into_iter().for_each(|item| self.is_inside[item] = true);
            let groups = chain.iter().map(|(_, group)| *group).collect();
            self.steps.push(Step { groups, bands: Some([self.units, bands]) });
        } else {
            later.append(&mut chain);
            later.sort_unstable();
        }
        self.steps.extend(later.into_iter().map(|(_, group)| Step { groups: vec![group], bands: None }));
    }
}

/// What a band reads of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The rows of its examples, along the first axis.
    Rows,
    /// All of it.
    Whole,
}

/// What a band of an item reads of an operand; none where the item is not row by row along its first axis.
fn cut_of(item: &Work, operand: usize) -> Option<Cut> {
    let rows_then_whole = if operand == 0 { Cut::Rows } else { Cut::Whole };
    match &item.task {
        Task::Elementwise(_) | Task::Pool { .. } => Some(Cut::Rows),
        Task::MatMul if item.shape.len() > 2 => Some(Cut::Rows),
        Task::MatMul => Some(rows_then_whole),
        Task::Reduce { axes, .. } => (!axes.contains(&0)).then_some(Cut::Rows),
        Task::Lines { axis, .. } | Task::Pad { axis, .. } | Task::Concat { axis } | Task::Along { axis, .. } => {
            (*axis > 0).then_some(Cut::Rows)
        }
        Task::Rows { op: RowOp::Gather, .. } => Some(if operand == 0 { Cut::Whole } else { Cut::Rows }),
        // Which examples there are, dropout must know.
        Task::Attention { attention, .. } => attention.dropout.is_none().then_some(Cut::Rows),
        Task::Convolve(sizes) => (sizes.side != Side::Kernel).then_some(rows_then_whole),
        _ => None,
    }
}

/// Whether an item can be computed for some of so many units along its first axis.
fn is_cut(item: &Work, units: usize, limits: &Limits) -> bool {
    let Some(rows) = item.shape.first().copied().filter(|rows| rows.is_multiple_of(units)) else { return false };
    let mut operands = item.operands.iter().enumerate();
    item.count() > 0
        && !item.operands.is_empty()
        && operands.all(|(i, operand)| match (cut_of(item, i), operand) {
            (None, _) => false,
            (Some(Cut::Rows), Operand::View(view)) => lies_by_rows(view, rows),
            _ => true,
        })
        && !(is_product_with_one(item)
            && (rows_of(item) < limits.rows * limits.bands || multiplications(item) < limits.width * rows_of(item)))
}

/// Whether a view has so many rows, and these lie one behind the other or are all the same.
fn lies_by_rows(view: &View, rows: usize) -> bool {
    let Some(((size, stride), others)) = view.axes.split_first() else { return false };
    let is_within = |(size, other): &(usize, isize)| *size == 1 || other.unsigned_abs() <= stride.unsigned_abs();
    *size == rows && (*stride == 0 || others.iter().all(is_within))
}

/// Whether an item is the product of its rows with one matrix, which each band packs anew.
fn is_product_with_one(item: &Work) -> bool {
    let is_repeated = |view: &View| view.axes.first().is_none_or(|axis| axis.1 == 0);
    matches!(item.task, Task::MatMul) && (item.shape.len() == 2 || item.views().nth(1).is_some_and(is_repeated))
}

/// Rows of a product, of all its matrices.
fn rows_of(product: &Work) -> usize {
    product.count() / product.shape.last().copied().unwrap_or(1).max(1)
}

fn multiplications(product: &Work) -> usize {
    let inner = product.views().next().and_then(|view| view.axes.last()).map_or(0, |axis| axis.0);
    product.count() * inner
}

/// Whether of an operand, a view of so many numbers, each unit of an item reads the same unit alone.
pub fn keeps_to_its_band(item: &Work, operand: usize, numbers: usize, units: usize) -> bool {
    let Some(Operand::View(view)) = item.operands.get(operand) else { return false };
    let Some((&(rows, stride), others)) = view.axes.split_first() else { return false };
    if cut_of(item, operand) != Some(Cut::Rows) || !numbers.is_multiple_of(units) || rows != item.shape[0] {
        return false;
    }
    let (unit, rows) = (numbers / units, rows / units);
    let (mut low, mut high) = (view.offset as i128, view.offset as i128);
    for (size, stride) in std::iter::once(&(rows, stride)).chain(others) {
        let reach = (*size as i128 - 1) * *stride as i128;
        low += reach.min(0);
        high += reach.max(0);
    }
    stride * rows as isize == unit as isize && low >= 0 && high < unit as i128
}

/// What an item is for some of its units.
fn cut(item: &Work, units: usize, band: &Range<usize>) -> Result<Work, String> {
    let per = item.shape[0] / units;
    let (first, rows) = (band.start * per, band.len() * per);
    let mut cut = item.clone();
    cut.shape[0] = rows;
    for (i, operand) in cut.operands.iter_mut().enumerate() {
        if let (Operand::View(view), Some(Cut::Rows)) = (operand, cut_of(item, i)) {
            *view = view.sliced(0, first, 1, rows).ok_or("a band before its tensor")?;
        }
    }
    match &mut cut.task {
        Task::Convolve(sizes) => sizes.examples = rows,
        Task::Pool { planes, .. } => *planes = *planes / item.shape[0] * rows,
        _ => {}
    }
    Ok(cut)
}

/// What surrounds a chain.
pub struct Surroundings<'a> {
    #[allow(missing_docs)]
    pub lowered: &'a Lowered,
    #[allow(missing_docs)]
    pub groups: &'a Groups,
    #[allow(missing_docs)]
    pub schedule: &'a Schedule,
    /// Where the items lie.
    pub places: &'a [Option<Place>],
    /// Elements of a cache line.
    pub line: usize,
}

impl Surroundings<'_> {
    /// The kernel of a chain.
    pub fn kernel(
        &self,
        step: &Step,
        [units, count]: [usize; 2],
        splat: &mut dyn FnMut(f64) -> usize,
    ) -> Result<Bands, String> {
        let mut bands = Bands::default();
        for band in 0..count {
            let (kernels, own) = self.band(step, units, band * units / count..(band + 1) * units / count, splat)?;
            bands.bands.push(kernels);
            bands.own = bands.own.max(own);
        }
        Ok(bands)
    }

    /// The kernels of a band, and the numbers of memory that it wants for itself: it is planned like a small program whose
    /// sources are what the chain reads of others.
    fn band(
        &self,
        step: &Step,
        units: usize,
        band: Range<usize>,
        splat: &mut dyn FnMut(f64) -> usize,
    ) -> Result<(Vec<Kernel>, usize), String> {
        let of = |item: usize| self.lowered.work.get(item).ok_or("an item is missing");
        let (mut small, mut groups) = (Lowered::default(), Groups::default());
        let mut places: Vec<Option<Place>> = Vec::new();
        let mut is_elsewhere: Vec<bool> = Vec::new();
        let mut index_of: HashMap<usize, usize> = HashMap::new();
        for (at, group) in step.groups.iter().enumerate() {
            let mut members = Vec::with_capacity(self.groups.members[*group].len());
            for item in &self.groups.members[*group] {
                let mut work = cut(of(*item)?, units, &band)?;
                for operand in &mut work.operands {
                    let Operand::View(view) = operand else { continue };
                    if !self.groups.of[view.root].is_some_and(|group| step.groups.contains(&group)) {
                        if let Entry::Vacant(entry) = index_of.entry(view.root) {
                            entry.insert(small.work.len());
                            let shape = of(view.root)?.shape.clone();
                            small.work.push(Work {
                                task: Task::Input(0),
                                operands: Vec::new(),
                                shape,
                                node: work.node,
                            });
                            groups.of.push(None);
                            places.push(self.places[view.root]);
                            is_elsewhere.push(true);
                        }
                    } else {
                        let before = band.start * (of(view.root)?.count() / units);
                        view.offset = view.offset.checked_sub(before).ok_or("a band reads another")?;
                    }
                    view.root = *index_of.get(&view.root).ok_or("a chain out of order")?;
                }
                index_of.insert(*item, small.work.len());
                members.push(small.work.len());
                groups.of.push(Some(at));
                let before = band.start * (of(*item)?.count() / units);
                let outside = self.places[*item].filter(|_| !self.schedule.is_inside[*item]);
                places.push(outside.map(|place| Place { offset: place.offset + before, ..place }));
                is_elsewhere.push(outside.is_some());
                small.work.push(work);
            }
            groups.members.push(members);
        }
        let single = |group| Step { groups: vec![group], bands: None };
        let schedule = Schedule {
            steps: (0..groups.members.len()).map(single).collect(),
            state_of: vec![None; small.work.len()],
            is_inside: is_elsewhere,
        };
        let Layout { offset, size, .. } = lay_out(&small, &groups, &schedule, self.line);
        for (place, offset) in places.iter_mut().zip(offset) {
            *place = place.or(offset.map(|offset| Place { space: Space::Own, offset }));
        }
        let mut emitter = Emitter { lowered: &small, places: &places, splat, is_in_band: true };
        let kernels = groups.members.iter().map(|members| emitter.kernel(members)).collect::<Result<_, _>>()?;
        Ok((kernels, size))
    }
}
