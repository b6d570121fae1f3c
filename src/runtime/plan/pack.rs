//! Packs blocks of memory, each wanted for a stretch of time, into one arena.

/// A block and when it is wanted, ends included.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// The first instruction.
    pub from: usize,
    /// The last one.
    pub to: usize,
    /// Elements.
    pub size: usize,
}

/// The first element of each block: the largest is placed first, each in the narrowest gap that is free throughout its
/// life, else behind the others that live then.
pub fn pack(lives: &[Life]) -> Vec<usize> {
    let mut by_size: Vec<usize> = (0..lives.len()).collect();
    by_size.sort_by_key(|b| (std::cmp::Reverse(lives[*b].size), lives[*b].from));
    // What is wanted beyond the last instruction is so at it.
    let last = lives.iter().map(|life| life.from).max().unwrap_or(0);
    let mut taken = Taken::new(last + 1);
    let mut offsets = vec![0; lives.len()];
    let mut spans = Vec::new();
    for block in by_size {
        let Life { from, to, size } = lives[block];
        taken.during(from, to.min(last), &mut spans);
        let offset = narrowest(&spans, size);
        offsets[block] = offset;
        if size > 0 {
            taken.take(from, to.min(last), (offset, offset + size));
        }
    }
    offsets
}

/// Where the narrowest gap between spans, in order, begins that has room; else where the last of them ends.
fn narrowest(spans: &[Span], size: usize) -> usize {
    let mut free = 0;
    let mut best: Option<(usize, usize)> = None;
    for (start, end) in spans {
        if *start > free && start - free >= size && best.is_none_or(|(gap, _)| start - free < gap) {
            best = Some((start - free, free));
        }
        free = free.max(*end);
    }
    best.map_or(free, |(_, offset)| offset)
}

/// First element, and that behind the last.
type Span = (usize, usize);

/// What is taken when. Nearly all that the forward pass computes is wanted at the middle of a step, so asking each block
/// whether it is in the way would take time with the square of a network's depth. This is a segment tree over time (de
/// Berg et al., *Computational Geometry*, 2008, section 10.3), each node a stretch of it: of the node `n`, the halves
/// are `2n` and `2n + 1`. Neighbours in memory are joined, so that a node's list is short.
struct Taken {
    /// Number of leaves; those are the last nodes.
    leaves: usize,
    /// What is taken throughout a stretch, but for what is so throughout a longer one around it.
    throughout: Vec<Vec<Span>>,
    /// What is taken at some time of a stretch; what is so throughout a longer one around it may be missing.
    sometime: Vec<Vec<Span>>,
}

impl Taken {
    fn new(times: usize) -> Taken {
        let leaves = times.next_power_of_two();
        Taken { leaves, throughout: vec![Vec::new(); 2 * leaves], sometime: vec![Vec::new(); 2 * leaves] }
    }

    /// The stretches that the first and the last time lie in.
    fn around(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + use<> {
        let up = |time: usize| std::iter::successors(Some(time), |node| (*node > 1).then_some(node / 2));
        let other = up(to + self.leaves).zip(up(from + self.leaves)).take_while(|(a, b)| a != b).map(|(a, _)| a);
        up(from + self.leaves).chain(other)
    }

    /// The fewest stretches that together are these times.
    fn covering(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + use<> {
        let (mut low, mut high) = (from + self.leaves, to + self.leaves + 1);
        let mut pending = None;
        std::iter::from_fn(move || {
            while pending.is_none() && low < high {
                let left = (low % 2 == 1).then_some(low);
                let right = (high % 2 == 1).then_some(high - 1);
                (low, high) = (low.div_ceil(2), high / 2);
                match (left, right) {
                    (Some(left), right) => {
                        pending = right;
                        return Some(left);
                    }
                    (None, right) => pending = right,
                }
            }
            pending.take()
        })
    }

    fn take(&mut self, from: usize, to: usize, span: Span) {
        for node in self.around(from, to) {
            add(&mut self.sometime[node], span);
        }
        for node in self.covering(from, to) {
            add(&mut self.sometime[node], span);
            add(&mut self.throughout[node], span);
        }
    }

    /// What is taken at some time of these, in order.
    fn during(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        spans.clear();
        for node in self.around(from, to) {
            spans.extend(&self.throughout[node]);
        }
        for node in self.covering(from, to) {
            spans.extend(&self.sometime[node]);
        }
        // A few lists in order, one behind the other: the stable sort merges them.
        spans.sort();
    }
}

/// Adds a span to others in order, between any two of which something is free.
fn add(spans: &mut Vec<Span>, (start, end): Span) {
    let first = spans.partition_point(|span| span.1 < start);
    let behind = spans.partition_point(|span| span.0 <= end);
    match behind.checked_sub(1).filter(|last| first <= *last) {
        None => spans.insert(first, (start, end)),
        // All that it touches and what lies between becomes one.
        Some(last) => {
            spans[first] = (start.min(spans[first].0), end.max(spans[last].1));
            if first < last {
                spans.drain(first + 1..=last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What [`pack`] does, in the plainest way.
    fn asked_one_by_one(lives: &[Life]) -> Vec<usize> {
        let mut by_size: Vec<usize> = (0..lives.len()).collect();
        by_size.sort_by_key(|b| (std::cmp::Reverse(lives[*b].size), lives[*b].from));
        let mut offsets = vec![0; lives.len()];
        let mut placed: Vec<usize> = Vec::new();
        for block in by_size {
            let life = lives[block];
            let in_the_way = |b: &&usize| lives[**b].to >= life.from && life.to >= lives[**b].from;
            let mut spans: Vec<Span> =
                placed.iter().filter(in_the_way).map(|b| (offsets[*b], offsets[*b] + lives[*b].size)).collect();
            spans.sort_unstable();
            offsets[block] = narrowest(&spans, life.size);
            placed.push(block);
        }
        offsets
    }

    proptest! {
        #[test]
        fn each_block_lies_where_the_plainest_way_puts_it(
            lives in proptest::collection::vec((0usize..40, 0usize..40, 1usize..20, any::<bool>()), 0..60)
        ) {
            let life = |(from, length, size, stays): (usize, usize, usize, bool)| {
                Life { from, to: if stays && length > 30 { usize::MAX } else { from + length }, size }
            };
            let lives: Vec<Life> = lives.into_iter().map(life).collect();
            prop_assert_eq!(pack(&lives), asked_one_by_one(&lives));
        }
    }
}
