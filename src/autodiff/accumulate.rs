//! The sum of what the readers of a node contributed to its gradient.
//!
//! The steps of an unrolled recurrence each read one slice of a sequence; added up as they come, `T` padded gradients
//! of `T` positions each would cost `T²`. Slices that do not overlap are joined instead.

use super::Emitter;
use crate::ir::dim::Dim;
use crate::ir::graph::NodeId;
use crate::ir::op::Op;
use crate::ir::shape_rule::with_size;

/// A gradient that is zero outside some positions of an axis.
struct Part {
    /// The gradient of those positions.
    of: NodeId,
    axis: usize,
    start: i64,
    end: i64,
}

/// The sum of the contributions, of which there is at least one.
pub(super) fn sum(e: &mut Emitter, contributions: &[NodeId]) -> NodeId {
    if let [only] = contributions {
        return *only;
    }
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    for &id in contributions {
        match part(e, id) {
            Some(part) => parts.push((id, part)),
            None => whole.push(id),
        }
    }
    // By axis and position, so that each part can be laid behind those that end before it.
    parts.sort_by_key(|(id, part)| (part.axis, part.start, part.end, *id));
    let mut rows: Vec<Vec<(NodeId, Part)>> = Vec::new();
    for (id, part) in parts {
        let fits = |row: &&mut Vec<(NodeId, Part)>| {
            row.last().is_some_and(|(_, last)| last.axis == part.axis && last.end <= part.start)
        };
        match rows.iter_mut().find(fits) {
            Some(row) => row.push((id, part)),
            None => rows.push(vec![(id, part)]),
        }
    }
    for row in rows {
        whole.push(join(e, &row));
    }
    whole.into_iter().reduce(|x, y| e.add(x, y)).unwrap_or_else(|| e.constant(0.0))
}

fn part(e: &Emitter, id: NodeId) -> Option<Part> {
    let node = e.graph().node(id);
    let Op::Pad { axis, before, after: _, value: 0.0 } = &node.op else { return None };
    let of = *node.inputs.first()?;
    let start = before.as_constant()?;
    let end = start + e.graph().shape(of).get(*axis)?.as_constant()?;
    node.shape.get(*axis)?.as_constant()?;
    Some(Part { of, axis: *axis, start, end })
}

/// Parts that follow each other, with zeros between them.
fn join(e: &mut Emitter, row: &[(NodeId, Part)]) -> NodeId {
    let (first_id, first) = &row[0];
    if row.len() == 1 {
        return *first_id;
    }
    let shape = e.shape(*first_id);
    let axis = first.axis;
    let (mut pieces, mut at) = (Vec::new(), 0);
    let gap = |e: &mut Emitter, pieces: &mut Vec<NodeId>, size: i64| {
        if size > 0 {
            pieces.push(e.full(0.0, &with_size(&shape, axis, Dim::constant(size))));
        }
    };
    for (_, part) in row {
        gap(e, &mut pieces, part.start - at);
        pieces.push(part.of);
        at = part.end;
    }
    gap(e, &mut pieces, shape[axis].as_constant().unwrap_or(at) - at);
    e.push(Op::Concat { axis }, &pieces, shape)
}
