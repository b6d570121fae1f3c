//! Layers, crossings and places of one group's boxes, after Sugiyama, Tagawa and Toda (1981).
//!
//! Items are put in layers so that links go down; a link over several layers gets a narrow place in each that it
//! passes; the places of a layer are ordered so that few links cross; and then moved, without changing the order, to
//! where their neighbours are, which is a least-squares problem of its own for each layer.

/// What is placed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Item {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Which layers it may be in.
    pub rank: Rank,
}

/// Which layers an item may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rank {
    /// Nothing stands above it, and nothing but its kind beside it. Without a link, it stands on the left.
    First,
    /// Anywhere between.
    #[default]
    Free,
    /// Nothing stands below it, and nothing but its kind beside it.
    Last,
}

/// From an item down to another.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Index of the upper item.
    pub from: usize,
    /// Index of the lower item.
    pub to: usize,
    /// Where it leaves, from the middle of the upper item.
    pub from_offset: f64,
    /// Where it arrives, from the middle of the lower item.
    pub to_offset: f64,
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Placed {
    /// For each item its middle and its upper edge.
    pub items: Vec<(f64, f64)>,
    /// For each link the points that it goes through, from top to bottom; between an even and an odd one it is
    /// straight down.
    pub links: Vec<Vec<(f64, f64)>>,
    /// The size of the whole.
    pub width: f64,
    /// The size of the whole.
    pub height: f64,
}

/// The space between neighbours in a layer.
const BESIDE: f64 = 26.0;
/// The space that a passing link keeps.
const BESIDE_A_LINK: f64 = 14.0;
/// The space between layers, where shapes are written.
pub const BETWEEN: f64 = 42.0;
/// The space between the title of a group and what is in it.
const BELOW_BORDER: f64 = 16.0;
/// The space between what is in a group and its border.
const ABOVE_BORDER: f64 = 28.0;
/// How far a line goes straight down before it turns: as far as the shape beside it.
const STEM: f64 = 18.0;
/// How often orders are improved.
const ORDERINGS: usize = 12;
/// How often places are: first by one side at a time, then by both.
const MOVES: usize = 36;

/// A place in a layer: an item, or a link that passes.
#[derive(Debug, Clone, Copy)]
struct Vertex {
    layer: usize,
    width: f64,
    item: Option<usize>,
    is_first: bool,
    x: f64,
}

/// From a vertex to one in the next layer.
#[derive(Debug, Clone, Copy)]
struct Step {
    upper: usize,
    lower: usize,
    upper_offset: f64,
    lower_offset: f64,
}

/// Places items.
pub fn place(items: &[Item], links: &[Link]) -> Placed {
    let layers = layers_of(items, links);
    let count = layers.iter().copied().max().map_or(0, |most| most + 1);
    let mut drawing = Layers::new(items, links, &layers, count);
    drawing.reduce_crossings();
    drawing.move_to_neighbours();
    drawing.align_titles();
    drawing.finish(items, links)
}

/// The layer of each item: below everything that it is reached from.
fn layers_of(items: &[Item], links: &[Link]) -> Vec<usize> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut waiting = vec![0usize; items.len()];
    for link in links {
        below[link.from].push(link.to);
        waiting[link.to] += 1;
    }
    let has_first = items.iter().any(|item| item.rank == Rank::First);
    let lowest = |item: &Item| usize::from(has_first && item.rank != Rank::First);
    let mut layers: Vec<usize> = items.iter().map(lowest).collect();
    let mut order = Vec::with_capacity(items.len());
    let mut ready: std::collections::VecDeque<usize> = (0..items.len()).filter(|i| waiting[*i] == 0).collect();
    while let Some(item) = ready.pop_front() {
        order.push(item);
        for to in &below[item] {
            layers[*to] = layers[*to].max(layers[item] + 1);
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                ready.push_back(*to);
            }
        }
    }
    // What begins here, a weight or a second input, goes down to where it is used.
    let is_reached = |item: usize| links.iter().any(|l| l.to == item);
    for item in order.iter().rev() {
        if items[*item].rank == Rank::Free
            && !is_reached(*item)
            && let Some(nearest) = below[*item].iter().map(|to| layers[*to]).min()
        {
            layers[*item] = layers[*item].max(nearest.saturating_sub(1));
        }
    }
    let free = items.iter().zip(&layers).filter(|(item, _)| item.rank != Rank::Last).map(|(_, layer)| *layer).max();
    let last = free.map_or(0, |free| free + 1);
    items.iter().zip(layers).map(|(item, layer)| if item.rank == Rank::Last { last } else { layer }).collect()
}

struct Layers {
    vertices: Vec<Vertex>,
    /// The vertices of each layer, from left to right.
    rows: Vec<Vec<usize>>,
    steps: Vec<Step>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// The vertices of each link, from top to bottom.
    chains: Vec<Vec<usize>>,
}

impl Layers {
    fn new(items: &[Item], links: &[Link], layers: &[usize], count: usize) -> Layers {
        let mut vertices: Vec<Vertex> = items
            .iter()
            .zip(layers)
            .enumerate()
            .map(|(index, (item, layer))| {
                let is_first = item.rank == Rank::First;
                Vertex { layer: *layer, width: item.width, item: Some(index), is_first, x: 0.0 }
            })
            .collect();
        let mut steps = Vec::new();
        let mut chains = Vec::new();
        for link in links {
            let mut chain = vec![link.from];
            for layer in layers[link.from] + 1..layers[link.to] {
                chain.push(vertices.len());
                vertices.push(Vertex { layer, width: 0.0, item: None, is_first: false, x: 0.0 });
            }
            chain.push(link.to);
            for (place, pair) in chain.windows(2).enumerate() {
                let [upper, lower] = *pair else { continue };
                steps.push(Step {
                    upper,
                    lower,
                    upper_offset: if place == 0 { link.from_offset } else { 0.0 },
                    lower_offset: if place + 2 == chain.len() { link.to_offset } else { 0.0 },
                });
            }
            chains.push(chain);
        }
        let mut above = vec![Vec::new(); vertices.len()];
        let mut below = vec![Vec::new(); vertices.len()];
        for (index, step) in steps.iter().enumerate() {
            below[step.upper].push(index);
            above[step.lower].push(index);
        }
        let mut rows = vec![Vec::new(); count];
        vertices.iter().enumerate().for_each(|(index, vertex)| rows[vertex.layer].push(index));
        Layers { vertices, rows, steps, above, below, chains }
    }

    /// Orders each layer by where its neighbours are, up and down, and keeps the best order that was seen.
    fn reduce_crossings(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..ORDERINGS {
            if best.0 == 0 {
                break;
            }
            let is_down = sweep % 2 == 0;
            let order: Vec<usize> = if is_down {
                (1..self.rows.len()).collect()
            } else {
                (0..self.rows.len().saturating_sub(1)).rev().collect()
            };
            for layer in order {
                let positions = self.positions();
                let middle = |vertex: usize| -> Option<f64> {
                    let steps = if is_down { &self.above[vertex] } else { &self.below[vertex] };
                    let own = |step: &usize| {
                        let step = self.steps[*step];
                        let (other, offset) =
                            if is_down { (step.upper, step.upper_offset) } else { (step.lower, step.lower_offset) };
                        // Ports of one item are told apart, but not taken for other items.
                        positions[other] as f64 + (offset / 10_000.0).clamp(-0.4, 0.4)
                    };
                    (!steps.is_empty()).then(|| steps.iter().map(own).sum::<f64>() / steps.len() as f64)
                };
                let key = |vertex: usize| match (self.is_loose(vertex), middle(vertex)) {
                    (true, _) => f64::NEG_INFINITY,
                    (false, middle) => middle.unwrap_or(positions[vertex] as f64),
                };
                let mut keyed: Vec<(f64, usize)> =
                    self.rows[layer].iter().map(|vertex| (key(*vertex), *vertex)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[layer] = keyed.into_iter().map(|(_, vertex)| vertex).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    /// Whether a vertex is the title of what is placed.
    fn is_loose(&self, vertex: usize) -> bool {
        let is_first = self.vertices[vertex].is_first;
        is_first && self.above[vertex].is_empty() && self.below[vertex].is_empty()
    }

    /// The place of each vertex in its layer.
    fn positions(&self) -> Vec<usize> {
        let mut positions = vec![0; self.vertices.len()];
        for row in &self.rows {
            row.iter().enumerate().for_each(|(place, vertex)| positions[*vertex] = place);
        }
        positions
    }

    fn crossings(&self) -> usize {
        let positions = self.positions();
        let mut crossings = 0;
        for row in &self.rows {
            let mut ends: Vec<(usize, f64, usize, f64)> = Vec::new();
            for vertex in row {
                for step in self.below[*vertex].iter().map(|step| self.steps[*step]) {
                    ends.push((positions[*vertex], step.upper_offset, positions[step.lower], step.lower_offset));
                }
            }
            ends.sort_by(|a, b| (a.0, a.2).cmp(&(b.0, b.2)).then(a.1.total_cmp(&b.1)).then(a.3.total_cmp(&b.3)));
            for (index, one) in ends.iter().enumerate() {
                crossings += ends.iter().skip(index + 1).filter(|other| one.0 < other.0 && one.2 > other.2).count();
            }
        }
        crossings
    }

    /// The least distance of the middles of two neighbours.
    fn distance(&self, left: usize, right: usize) -> f64 {
        let (left, right) = (&self.vertices[left], &self.vertices[right]);
        let space = if left.item.is_some() && right.item.is_some() { BESIDE } else { BESIDE_A_LINK };
        (left.width + right.width) / 2.0 + space
    }

    fn move_to_neighbours(&mut self) {
        for row in 0..self.rows.len() {
            let mut x = 0.0;
            for place in 0..self.rows[row].len() {
                let vertex = self.rows[row][place];
                if place > 0 {
                    x += self.distance(self.rows[row][place - 1], vertex);
                }
                self.vertices[vertex].x = x;
            }
        }
        for sweep in 0..MOVES {
            let (up, down) = match sweep {
                late if late * 2 >= MOVES => (true, true),
                even if even % 2 == 0 => (true, false),
                _ => (false, true),
            };
            let order: Vec<usize> =
                if sweep % 2 == 0 { (0..self.rows.len()).collect() } else { (0..self.rows.len()).rev().collect() };
            for layer in order {
                self.move_layer(layer, up, down);
            }
        }
    }

    /// How much two neighbours want to stand below each other: long links and chains should be straight before
    /// anything else is.
    fn pull(&self, one: usize, other: usize) -> f64 {
        let (upper, lower) =
            if self.vertices[one].layer < self.vertices[other].layer { (one, other) } else { (other, one) };
        let is_link = |vertex: usize| self.vertices[vertex].item.is_none();
        let is_chain = self.below[upper].len() == 1 && self.above[lower].len() == 1;
        if is_chain || (is_link(upper) && is_link(lower)) { 8.0 } else { 1.0 }
    }

    /// Moves a title to the left edge, or as near as its neighbour lets it be.
    fn align_titles(&mut self) {
        let edge = |vertex: &usize| self.vertices[*vertex].x - self.vertices[*vertex].width / 2.0;
        let others = (0..self.vertices.len()).filter(|vertex| !self.is_loose(*vertex));
        let left = others.map(|vertex| edge(&vertex)).fold(f64::INFINITY, f64::min);
        for title in (0..self.vertices.len()).filter(|vertex| self.is_loose(*vertex)).collect::<Vec<_>>() {
            let next = self.rows[self.vertices[title].layer].get(1).copied();
            let nearest = next.map_or(f64::INFINITY, |next| self.vertices[next].x - self.distance(title, next));
            let x = (left + self.vertices[title].width / 2.0).min(nearest);
            if x.is_finite() {
                self.vertices[title].x = x;
            }
        }
    }

    /// Moves the vertices of a layer as near as the order allows to where their neighbours above or below want them.
    fn move_layer(&mut self, layer: usize, with_above: bool, with_below: bool) {
        let row = self.rows[layer].clone();
        let mut wanted: Vec<(f64, f64)> = Vec::with_capacity(row.len());
        let mut shift = 0.0;
        let mut shifts = Vec::with_capacity(row.len());
        for (place, vertex) in row.iter().enumerate() {
            let (mut sum, mut weight) = (0.0, 0.0);
            let above = self.above[*vertex].iter().filter(|_| with_above).map(|step| {
                let step = self.steps[*step];
                (step.upper, step.upper_offset - step.lower_offset)
            });
            let below = self.below[*vertex].iter().filter(|_| with_below).map(|step| {
                let step = self.steps[*step];
                (step.lower, step.lower_offset - step.upper_offset)
            });
            for (other, offset) in above.chain(below) {
                let pull = self.pull(*vertex, other);
                sum += pull * (self.vertices[other].x + offset);
                weight += pull;
            }
            let (x, weight) = if weight > 0.0 { (sum / weight, weight) } else { (self.vertices[*vertex].x, 0.05) };
            if place > 0 {
                shift += self.distance(row[place - 1], *vertex);
            }
            shifts.push(shift);
            wanted.push((x - shift, weight));
        }
        for ((vertex, x), shift) in row.iter().zip(ascending(&wanted)).zip(shifts) {
            self.vertices[*vertex].x = x + shift;
        }
    }

    /// The space below a layer: less where there is only a border to leave or to reach.
    fn space_below(&self, items: &[Item], layer: usize) -> f64 {
        let is = |layer: usize, rank: Rank| {
            let row = self.rows.get(layer).map_or(&[][..], Vec::as_slice);
            !row.is_empty() && row.iter().all(|v| self.vertices[*v].item.is_some_and(|item| items[item].rank == rank))
        };
        match (is(layer, Rank::First), is(layer + 1, Rank::Last)) {
            (true, _) => BELOW_BORDER,
            (false, true) => ABOVE_BORDER,
            (false, false) => BETWEEN,
        }
    }

    fn finish(self, items: &[Item], links: &[Link]) -> Placed {
        let tallest = |row: &Vec<usize>| {
            let heights = row.iter().filter_map(|v| self.vertices[*v].item).map(|item| items[item].height);
            heights.fold(0.0, f64::max)
        };
        let mut tops = Vec::with_capacity(self.rows.len());
        let mut heights = Vec::with_capacity(self.rows.len());
        let mut y = 0.0;
        for row in &self.rows {
            let height = tallest(row);
            tops.push(y);
            heights.push(height);
            y += height + self.space_below(items, tops.len() - 1);
        }
        let height = tops.last().zip(heights.last()).map_or(0.0, |(top, height)| top + height);
        let left = self.vertices.iter().map(|v| v.x - v.width / 2.0).fold(f64::INFINITY, f64::min);
        let right = self.vertices.iter().map(|v| v.x + v.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
        let (left, right) = if left <= right { (left, right) } else { (0.0, 0.0) };
        let top_of = |item: usize| {
            let layer = self.vertices[item].layer;
            match items[item].rank {
                Rank::First => tops[layer],
                Rank::Last => tops[layer] + heights[layer] - items[item].height,
                Rank::Free => tops[layer] + (heights[layer] - items[item].height) / 2.0,
            }
        };
        let placed: Vec<(f64, f64)> =
            (0..items.len()).map(|item| (self.vertices[item].x - left, top_of(item))).collect();
        let paths = links.iter().zip(&self.chains).map(|(link, chain)| {
            let mut points = Vec::with_capacity(chain.len() * 2);
            for (place, vertex) in chain.iter().enumerate() {
                let layer = self.vertices[*vertex].layer;
                let (x, is_first, is_last) = (self.vertices[*vertex].x - left, place == 0, place + 1 == chain.len());
                if is_first {
                    points.push((x + link.from_offset, top_of(*vertex) + items[link.from].height));
                    let stem = if items[link.from].rank == Rank::Free { STEM } else { 0.0 };
                    points.push((x + link.from_offset, tops[layer] + heights[layer] + stem));
                } else if is_last {
                    points.push((x + link.to_offset, tops[layer]));
                    points.push((x + link.to_offset, top_of(*vertex)));
                } else {
                    points.push((x, tops[layer]));
                    points.push((x, tops[layer] + heights[layer]));
                }
            }
            points
        });
        Placed { links: paths.collect(), items: placed, width: right - left, height }
    }
}

/// The numbers that do not fall and are nearest to those wanted, in weighted squares: neighbours that would are pooled.
fn ascending(wanted: &[(f64, f64)]) -> Vec<f64> {
    // Mean, weight, how many.
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(wanted.len());
    for (x, weight) in wanted {
        let mut pool = (*x, *weight, 1);
        while let Some(last) = pools.last().copied().filter(|last| last.0 > pool.0) {
            let weight = last.1 + pool.1;
            pool = ((last.0 * last.1 + pool.0 * pool.1) / weight, weight, last.2 + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    pools.iter().flat_map(|(x, _, count)| std::iter::repeat_n(*x, *count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_are_the_nearest_that_do_not_fall() {
        assert_eq!(ascending(&[(1.0, 1.0), (3.0, 1.0), (2.0, 1.0), (5.0, 1.0)]), [1.0, 2.5, 2.5, 5.0]);
        assert_eq!(ascending(&[(2.0, 3.0), (0.0, 1.0)]), [1.5, 1.5]);
    }

    fn item() -> Item {
        Item { width: 40.0, height: 20.0, rank: Rank::Free }
    }

    fn link(from: usize, to: usize) -> Link {
        Link { from, to, from_offset: 0.0, to_offset: 0.0 }
    }

    #[test]
    fn a_chain_is_straight() {
        let placed = place(&[item(); 4], &[link(0, 1), link(1, 2), link(2, 3)]);
        assert!(placed.items.iter().all(|(x, _)| (x - 20.0).abs() < 1e-9), "{placed:?}");
    }

    #[test]
    fn a_skip_goes_around_what_it_skips() {
        let placed = place(&[item(); 4], &[link(0, 1), link(1, 2), link(2, 3), link(0, 3)]);
        let (x, _) = placed.items[1];
        let skip = &placed.links[3];
        assert_eq!(skip.len(), 8);
        assert!(skip[2..6].iter().all(|(at, _)| (at - x).abs() > 20.0), "{placed:?}");
    }

    #[test]
    fn two_links_that_cross_are_turned() {
        let placed = place(&[item(); 4], &[link(0, 3), link(1, 2)]);
        assert!((placed.items[0].0 < placed.items[1].0) == (placed.items[3].0 < placed.items[2].0), "{placed:?}");
    }
}
