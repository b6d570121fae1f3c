//! The copies of a `repeat` as one: the first stands for all.

use super::flow::{Flow, Flowing, Made, Origin, around};
use crate::check::{Model, Region, RegionKind};
use std::collections::{BTreeMap, BTreeSet};

/// Takes the boxes of later copies out of a flow; what flowed to or from them does so with the first copy's.
pub fn fold(model: &Model, flow: Flow) -> Flow {
    let Flow { made, flowing, nodes } = flow;
    let copies = Copies::new(model, &made);
    let mut stands: Vec<usize> = (0..made.len()).collect();
    for (index, own) in made.iter().enumerate() {
        for (repeat, copy) in copies.around(own.region) {
            if copy == 0 {
                continue;
            }
            // Outer copies are folded first; what an inner `repeat` has left is folded with the first of them.
            if let Some(first) = copies.counterpart(model, repeat, copy, index, own) {
                stands[index] = first;
                break;
            }
        }
    }
    let represented = |index: usize| {
        let mut at = index;
        while stands[at] != at {
            at = stands[at];
        }
        at
    };
    let mut place = vec![None; made.len()];
    let mut kept: Vec<Made> = Vec::new();
    for (index, own) in made.iter().enumerate() {
        if stands[index] == index {
            place[index] = Some(kept.len());
            kept.push(own.clone());
        }
    }
    let mut seen = BTreeSet::new();
    let mut folded = Vec::new();
    // From behind: what leaves the last copy leaves the `repeat`, and has the shape that is read.
    for flow in flowing.iter().rev() {
        if copies.crosses(made[flow.from].region, made[flow.to].region) {
            continue;
        }
        let (Some(from), Some(to)) = (place[represented(flow.from)], place[represented(flow.to)]) else { continue };
        if (from != to || flow.is_next) && seen.insert((from, to, flow.is_next)) {
            folded.push(Flowing { from, to, ..*flow });
        }
    }
    folded.reverse();
    Flow { made: kept, flowing: folded, nodes }
}

/// The copies of every `repeat`.
struct Copies {
    /// Of a copy: its `repeat`, and which one it is.
    places: BTreeMap<usize, (usize, usize)>,
    /// The regions around each region, the outermost first, itself last.
    chains: Vec<Vec<usize>>,
    /// The copies of each `repeat`, in order.
    of: BTreeMap<usize, Vec<usize>>,
    /// The boxes of the first copies by what tells them apart.
    firsts: BTreeMap<(usize, String), usize>,
}

impl Copies {
    fn new(model: &Model, made: &[Made]) -> Self {
        let regions: &[Region] = &model.regions;
        let mut chains = vec![Vec::new(); regions.len()];
        for index in (0..regions.len()).rev() {
            let mut chain: Vec<usize> = match around(regions, index) {
                Some(outer) => chains.get(outer).cloned().unwrap_or_default(),
                None => Vec::new(),
            };
            chain.push(index);
            chains[index] = chain;
        }
        let mut places = BTreeMap::new();
        let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, region) in regions.iter().enumerate() {
            if matches!(region.kind, RegionKind::Copy)
                && let Some(repeat) = around(regions, index)
            {
                let copies = of.entry(repeat).or_default();
                places.insert(index, (repeat, copies.len()));
                copies.push(index);
            }
        }
        let mut copies = Copies { places, chains, of, firsts: BTreeMap::new() };
        let mut counted = BTreeMap::new();
        for (index, own) in made.iter().enumerate() {
            for (repeat, copy) in copies.around(own.region) {
                let key = copies.key(model, repeat, copy, own);
                let count = counted.entry((repeat, copy, key.clone())).or_insert(0usize);
                *count += 1;
                if copy == 0 && *count == 1 {
                    copies.firsts.insert((repeat, key), index);
                }
            }
        }
        copies
    }

    /// Each `repeat` around a region with the number of the copy, the outermost first.
    fn around(&self, region: Option<usize>) -> Vec<(usize, usize)> {
        let chain = region.and_then(|r| self.chains.get(r)).map_or(&[][..], Vec::as_slice);
        chain.iter().filter_map(|index| self.places.get(index)).copied().collect()
    }

    /// Whether two regions lie in different copies of one `repeat`.
    fn crosses(&self, from: Option<usize>, to: Option<usize>) -> bool {
        let to = self.around(to);
        self.around(from).iter().any(|(repeat, copy)| to.iter().any(|(r, c)| r == repeat && c != copy))
    }

    /// What tells a box of a copy from the others of it, and is the same in all copies.
    fn key(&self, model: &Model, repeat: usize, copy: usize, made: &Made) -> String {
        let region = self.of.get(&repeat).and_then(|copies| copies.get(copy)).and_then(|r| model.regions.get(*r));
        let (row, node, inside) = region.map_or((0, 0, 0), |r| (r.rows.start, r.nodes.start, r.first_inside));
        let span = (made.span.file, made.span.start, made.span.end);
        let at = |n: usize, start: usize| n.checked_sub(start);
        match &made.origin {
            Origin::Row(index) => format!("row {:?}", at(*index, row)),
            Origin::State(scan, state) => format!("state {:?} {state}", at(*scan, inside)),
            Origin::Weight(_) => format!("weight {span:?} {:?}", made.node.map(|n| at(n.index(), node))),
            origin => format!("{origin:?} {span:?} {:?}", made.region.map(|r| at(r, inside))),
        }
    }

    fn counterpart(&self, model: &Model, repeat: usize, copy: usize, index: usize, made: &Made) -> Option<usize> {
        let key = self.key(model, repeat, copy, made);
        self.firsts.get(&(repeat, key)).copied().filter(|first| *first != index)
    }
}
