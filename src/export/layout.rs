//! The whole drawing, group by group from the inside: a group that has been laid out is a box of its parent.
//!
//! An edge that crosses the border of a group does so at a port, of which a group has one for each value that comes in
//! or goes out; so no line passes through a group that it has nothing to do with. Room for what is written below a box
//! is kept beside it.

use super::drawing::{Drawing, DrawnBox, EdgeKind, Look};
use super::layered::{Item, Link, Placed, Rank, place};
use super::text_width::text_width;
use std::collections::BTreeMap;

/// Sizes of the texts.
pub const TITLE: f64 = 13.0;
/// Sizes of the texts.
pub const DETAIL: f64 = 11.0;
/// The height of a line of text of the first size.
pub const TITLE_LINE: f64 = 18.0;
/// The height of the other lines.
pub const DETAIL_LINE: f64 = 15.0;
/// Between a box and its text.
const BESIDE_TEXT: f64 = 14.0;
/// Between a box and its text.
pub const ABOVE_TEXT: f64 = 7.0;
/// Between a line and what is written beside it.
const BESIDE_LINE: f64 = 7.0;
/// The height of the title of a group.
pub const GROUP_TITLE: f64 = 20.0;
/// Between a group and what is in it.
const INSIDE: f64 = 16.0;
/// How far the cards of a stack lie apart.
pub const STACKED: f64 = 4.0;
/// Around the whole.
pub const MARGIN: f64 = 20.0;
/// The lines above the drawing.
const HEADING: f64 = 52.0;
/// The circle of a sum.
const CIRCLE: f64 = 26.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rectangle {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Rectangle {
    /// Whether two rectangles have a point in common that is on no edge.
    pub fn overlaps(&self, other: &Rectangle) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Whether another one lies in it.
    pub fn holds(&self, other: &Rectangle) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.x + other.width <= self.x + self.width
            && other.y + other.height <= self.y + self.height
    }
}

/// A line that is drawn: an edge, or the part of one, or of several, within a group.
#[derive(Debug, Clone)]
pub struct Line {
    /// The points it goes through, from top to bottom.
    pub points: Vec<(f64, f64)>,
    /// Whether it ends at a box, not at a port.
    pub has_arrow: bool,
    /// Whether it runs from bottom to top: to the next step of a scan.
    pub is_next: bool,
}

/// Where everything is.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Of the whole.
    pub width: f64,
    /// Of the whole.
    pub height: f64,
    /// Of each box.
    pub boxes: Vec<Rectangle>,
    /// Of each group; of a stack, the first card.
    pub groups: Vec<Rectangle>,
    /// All lines.
    pub lines: Vec<Line>,
    /// What is written below boxes, and where it begins.
    pub labels: Vec<(String, f64, f64)>,
}

/// Lays a drawing out.
pub fn layout(drawing: &Drawing) -> Layout {
    let mut work = Work::new(drawing);
    // Inner groups stand behind those around them.
    for group in (0..drawing.groups.len()).rev() {
        work.lay_out(Some(group));
    }
    work.lay_out(None);
    let inside = work.inside.get(&None).map_or((0.0, 0.0), |inside| (inside.placed.width, inside.placed.height));
    let heading = text_width(&drawing.model, TITLE + 3.0, true).max(text_width(&drawing.about, DETAIL, false));
    let width = (inside.0.max(heading) + 2.0 * MARGIN).ceil();
    let mut layout = Layout {
        width,
        height: (inside.1 + HEADING + 2.0 * MARGIN).ceil(),
        boxes: vec![Rectangle::default(); drawing.boxes.len()],
        groups: vec![Rectangle::default(); drawing.groups.len()],
        lines: Vec::new(),
        labels: Vec::new(),
    };
    work.put(None, ((width - inside.0) / 2.0, MARGIN + HEADING), &mut layout);
    layout
}

/// What lies in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Box(usize),
    Group(usize),
    /// Where the value of a box comes in; `true`, where that of a box goes back to a state.
    In(usize, bool),
    /// Where the value of a box goes out.
    Out(usize, bool),
    /// Room for the group's title.
    Title,
}

/// A line within a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    from: usize,
    to: usize,
    /// The box at which the whole edge begins.
    source: usize,
    is_next: bool,
}

/// A group that has been laid out.
struct Inside {
    members: Vec<Member>,
    ways: Vec<Way>,
    placed: Placed,
}

struct Work<'d> {
    drawing: &'d Drawing,
    /// By group, the outermost as `None`.
    members: BTreeMap<Option<usize>, Vec<Member>>,
    ways: BTreeMap<Option<usize>, Vec<Way>>,
    inside: BTreeMap<Option<usize>, Inside>,
    /// What is written below each box.
    labels: Vec<Option<String>>,
}

impl<'d> Work<'d> {
    fn new(drawing: &'d Drawing) -> Self {
        let mut work = Work {
            drawing,
            members: BTreeMap::new(),
            ways: BTreeMap::new(),
            inside: BTreeMap::new(),
            labels: vec![None; drawing.boxes.len()],
        };
        for index in 0..drawing.groups.len() {
            work.members.entry(Some(index)).or_default().push(Member::Title);
        }
        for (index, own) in drawing.boxes.iter().enumerate() {
            work.members.entry(own.group).or_default().push(Member::Box(index));
        }
        for (index, group) in drawing.groups.iter().enumerate() {
            work.members.entry(group.parent).or_default().push(Member::Group(index));
        }
        for edge in &drawing.edges {
            let is_next = edge.kind == EdgeKind::Next;
            let says_itself = drawing.boxes.get(edge.from).is_none_or(|b| matches!(b.look, Look::Port | Look::Chip));
            if let (false, false, Some(label)) = (is_next, says_itself, work.labels.get_mut(edge.from)) {
                label.get_or_insert_with(|| edge.label.clone());
            }
            // A line to the next step is laid out like one from the state on.
            let (from, to) = if is_next { (edge.to, edge.from) } else { (edge.from, edge.to) };
            if from != to {
                work.connect(from, to, is_next);
            }
        }
        work
    }

    /// The groups around a box, the innermost first, and last what is around them all.
    fn around(&self, of: usize) -> Vec<Option<usize>> {
        let mut chain = Vec::new();
        let mut at = self.drawing.boxes.get(of).and_then(|b| b.group);
        while let Some(group) = at {
            chain.push(Some(group));
            at = self.drawing.groups.get(group).and_then(|g| g.parent);
        }
        chain.push(None);
        chain
    }

    fn connect(&mut self, from: usize, to: usize, is_next: bool) {
        let (out, into) = (self.around(from), self.around(to));
        let common = out.iter().copied().find(|group| into.contains(group)).flatten();
        let mut leaves = Member::Box(from);
        for group in out.iter().take_while(|group| **group != common) {
            self.way(*group, leaves, Member::Out(from, is_next), from, is_next);
            leaves = group.map_or(Member::Title, Member::Group);
        }
        let inner: Vec<usize> = into.iter().take_while(|group| **group != common).copied().flatten().collect();
        let mut group = common;
        for inner in inner.iter().rev() {
            self.way(group, leaves, Member::Group(*inner), from, is_next);
            leaves = Member::In(from, is_next);
            group = Some(*inner);
        }
        self.way(group, leaves, Member::Box(to), from, is_next);
    }

    fn way(&mut self, group: Option<usize>, from: Member, to: Member, source: usize, is_next: bool) {
        let members = self.members.entry(group).or_default();
        let mut index = |member: Member| match members.iter().position(|m| *m == member) {
            Some(index) => index,
            None => {
                members.push(member);
                members.len() - 1
            }
        };
        let way = Way { from: index(from), to: index(to), source, is_next };
        let ways = self.ways.entry(group).or_default();
        if !ways.contains(&way) {
            ways.push(way);
        }
    }

    fn lay_out(&mut self, group: Option<usize>) {
        let members = self.members.remove(&group).unwrap_or_default();
        let ways = self.ways.remove(&group).unwrap_or_default();
        let items: Vec<Item> = members.iter().map(|member| self.item(*member, group)).collect();
        let links: Vec<Link> = ways
            .iter()
            .map(|way| {
                let (from, to) = (members.get(way.from).copied(), members.get(way.to).copied());
                let is_beside = way.is_next && [from, to].iter().all(|m| matches!(m, Some(Member::Box(_))));
                let beside = match (is_beside, items.get(way.from), items.get(way.to)) {
                    // Beside what flows down between the same two.
                    (true, Some(from), Some(to)) => (from.width.min(to.width) / 2.0 - 12.0).max(6.0),
                    _ => 0.0,
                };
                let offset = |group: Option<Member>, port| match group {
                    Some(Member::Group(group)) => self.port(group, port),
                    _ => beside,
                };
                Link {
                    from: way.from,
                    to: way.to,
                    from_offset: offset(from, Member::Out(way.source, way.is_next)),
                    to_offset: offset(to, Member::In(way.source, way.is_next)),
                }
            })
            .collect();
        let placed = place(&items, &links);
        self.inside.insert(group, Inside { members, ways, placed });
    }

    fn item(&self, member: Member, group: Option<usize>) -> Item {
        match member {
            Member::Box(index) => {
                let Some(own) = self.drawing.boxes.get(index) else { return Item::default() };
                let (width, height) = box_size(own);
                let label = self.labels.get(index).and_then(Option::as_ref);
                let beside = label.map_or(0.0, |text| 2.0 * (text_width(text, DETAIL, false) + BESIDE_LINE));
                Item { width: width.max(beside), height, rank: Rank::Free }
            }
            Member::Group(index) => {
                let (width, height) = self.group_size(index);
                Item { width, height, rank: Rank::Free }
            }
            Member::In(..) => Item { width: 2.0, height: 0.0, rank: Rank::First },
            Member::Out(..) => Item { width: 2.0, height: 0.0, rank: Rank::Last },
            Member::Title => {
                let group = group.and_then(|g| self.drawing.groups.get(g));
                let width = group.map_or(0.0, |g| text_width(&g.title, DETAIL, true));
                Item { width, height: GROUP_TITLE, rank: Rank::First }
            }
        }
    }

    fn group_size(&self, group: usize) -> (f64, f64) {
        let stack = self.drawing.groups.get(group).map_or(0.0, |g| cards(g.copies) as f64 * STACKED);
        let Some(inside) = self.inside.get(&Some(group)) else { return (0.0, 0.0) };
        let is_open = inside.members.iter().any(|m| matches!(m, Member::Out(..)));
        let below = if is_open { 0.0 } else { INSIDE };
        (inside.placed.width + 2.0 * INSIDE + stack, inside.placed.height + below + stack)
    }

    /// How far a port lies from the middle of its group.
    fn port(&self, group: usize, port: Member) -> f64 {
        let Some(inside) = self.inside.get(&Some(group)) else { return 0.0 };
        let x = inside.members.iter().position(|m| *m == port).and_then(|at| inside.placed.items.get(at));
        x.map_or(0.0, |(x, _)| x + INSIDE - self.group_size(group).0 / 2.0)
    }

    /// Moves what has been laid out to where it belongs.
    fn put(&self, group: Option<usize>, (left, top): (f64, f64), layout: &mut Layout) {
        let Some(inside) = self.inside.get(&group) else { return };
        let stack = group.and_then(|g| self.drawing.groups.get(g)).map_or(0.0, |g| cards(g.copies) as f64 * STACKED);
        for (way, points) in inside.ways.iter().zip(&inside.placed.links) {
            let mut points: Vec<(f64, f64)> = points.iter().map(|(x, y)| (left + x, top + y)).collect();
            let (from, to) = (inside.members.get(way.from), inside.members.get(way.to));
            if let (Some(Member::Out(..)), Some(last)) = (to, points.last().copied()) {
                // Across the cards behind.
                points.push((last.0, last.1 + stack));
            }
            let end = if way.is_next { from } else { to };
            let has_arrow = matches!(end, Some(Member::Box(_)));
            layout.lines.push(Line { points, has_arrow, is_next: way.is_next });
        }
        for (member, (x, y)) in inside.members.iter().zip(&inside.placed.items) {
            match member {
                Member::Box(index) => {
                    let Some(own) = self.drawing.boxes.get(*index) else { continue };
                    let (width, height) = box_size(own);
                    let place = Rectangle { x: left + x - width / 2.0, y: top + y, width, height };
                    if let Some(Some(text)) = self.labels.get(*index) {
                        let (x, y) = (left + x + BESIDE_LINE, top + y + height + DETAIL + 4.0);
                        layout.labels.push((text.clone(), x, y));
                    }
                    if let Some(rectangle) = layout.boxes.get_mut(*index) {
                        *rectangle = place;
                    }
                }
                Member::Group(index) => {
                    let (width, height) = self.group_size(*index);
                    let stack = self.drawing.groups.get(*index).map_or(0.0, |g| cards(g.copies) as f64 * STACKED);
                    let (x, y) = (left + x - width / 2.0, top + y);
                    if let Some(rectangle) = layout.groups.get_mut(*index) {
                        *rectangle = Rectangle { x, y, width: width - stack, height: height - stack };
                    }
                    self.put(Some(*index), (x + INSIDE, y), layout);
                }
                Member::In(..) | Member::Out(..) | Member::Title => {}
            }
        }
    }
}

/// How many cards show behind the first.
pub fn cards(copies: usize) -> usize {
    copies.saturating_sub(1).min(2)
}

/// The size of a box with its lines.
fn box_size(own: &DrawnBox) -> (f64, f64) {
    if own.look == Look::Sum {
        return (CIRCLE, CIRCLE);
    }
    let lines = [(&own.title, TITLE, true), (&own.detail, DETAIL, false), (&own.foot, DETAIL, false)];
    let width = lines.iter().map(|(text, size, is_bold)| text_width(text, *size, *is_bold)).fold(0.0, f64::max);
    let beside = if own.look == Look::Port { BESIDE_TEXT + 6.0 } else { BESIDE_TEXT };
    let more = lines.iter().skip(1).filter(|(text, ..)| !text.is_empty()).count();
    ((width + 2.0 * beside).ceil().max(56.0), 2.0 * ABOVE_TEXT + TITLE_LINE + more as f64 * DETAIL_LINE)
}
