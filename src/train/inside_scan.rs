//! Looks into a scan of which a step made the first number that is not finite: what the operation in its body was
//! given, and in which examples.
//!
//! The numbers of a step are gone with it. What the scan was given is still there, so its steps are done again, in the
//! plain code of [`crate::ir::interpret`], up to the one whose results are no 32-bit numbers.

use super::cause::{Numbers, Trouble, trouble};
use crate::ir::dim::{Var, batch};
use crate::ir::graph::{Graph, NodeId};
use crate::ir::interpret::{Feeds, Tensor, interpret};
use crate::ir::op::{InputId, Op};
use crate::ir::scan::{Operand, Scan};

/// What was found in the body.
pub(super) struct Inside {
    /// The operation.
    pub node: NodeId,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// What it was given.
    pub operands: Vec<Numbers>,
    /// What came out.
    pub result: Numbers,
    /// The examples of the batch that it happened in; none where it does not work example by example.
    pub examples: Vec<usize>,
}

/// Multiplications that a second look may cost; the plain code makes about a hundred million in a second.
const MOST_WORK: usize = 1_000_000_000;

/// Does the steps of a scan again, on what it was given.
pub(super) fn look(
    scan: &Scan,
    operands: &[&[f32]],
    size: &dyn Fn(&Var) -> Option<i64>,
    examples: usize,
    is_backward: bool,
) -> Option<Inside> {
    // Random numbers would have to be drawn again, and a scan in a scan would have to be looked into in turn.
    let is_plain =
        |op: &Op| !matches!(op, Op::Random { .. } | Op::Scan(_) | Op::Attention(_) | Op::AttentionBackward(_));
    if !scan.body.nodes.iter().all(|node| is_plain(&node.op)) {
        return None;
    }
    let steps = usize::try_from(scan.steps.evaluate(&size)?).ok().filter(|n| *n > 0)?;
    let captured = operands.iter().skip(scan.carries() + scan.scanned).map(|x| x.len()).sum::<usize>();
    if captured.saturating_mul(examples).saturating_mul(steps) > MOST_WORK {
        return None;
    }
    let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let mut carries: Vec<Vec<f64>> = operands.iter().take(scan.carries()).map(|x| wide(x)).collect();
    for position in scan.positions(steps) {
        let input = |id: InputId| {
            let index = id.0 as usize;
            let x = operands.get(index).copied().unwrap_or_default();
            match scan.operand(index) {
                Operand::Carry => carries.get(index).cloned().unwrap_or_default(),
                Operand::Scanned => {
                    let run = x.len() / steps;
                    wide(x.get(position * run..(position + 1) * run).unwrap_or_default())
                }
                Operand::Captured => wide(x),
            }
        };
        let feeds = Feeds { input: &input, state: &|_| Vec::new(), random: &|_| 0.0 };
        let values = interpret(&scan.body, size, &feeds).ok()?;
        if let Some(node) = first_wrong(&scan.body, &values) {
            return Some(found(&scan.body, &values, node, examples, is_backward));
        }
        let outputs = scan.body.outputs.iter().take(carries.len());
        // The next step begins with what 32 bits hold of this one's results.
        let narrow = |x: &f64| f64::from(*x as f32);
        carries = outputs
            .map(|o| values.get(o.node.index()).map_or(Vec::new(), |v| v.data.iter().map(narrow).collect()))
            .collect();
    }
    None
}

/// The first operation on the way to a result that is not finite, whose operands all are.
fn first_wrong(body: &Graph, values: &[Tensor]) -> Option<NodeId> {
    let is_finite: Vec<bool> = values.iter().map(|v| v.data.iter().all(|x| (*x as f32).is_finite())).collect();
    let is_wrong = |node: NodeId| !is_finite.get(node.index()).copied().unwrap_or(true);
    // Masks are made of infinities.
    let on_purpose = |node: NodeId| matches!(body.node(node).op, Op::Constant(_) | Op::Literal(_));
    let mut open: Vec<NodeId> = body.outputs.iter().map(|o| o.node).filter(|node| is_wrong(*node)).collect();
    let mut is_suspect = vec![false; body.nodes.len()];
    while let Some(node) = open.pop() {
        if let Some(known) = is_suspect.get_mut(node.index())
            && !std::mem::replace(known, true)
        {
            open.extend(body.node(node).inputs.iter().filter(|input| is_wrong(**input)));
        }
    }
    let mut suspects = (0..body.nodes.len()).filter(|i| is_suspect.get(*i).copied().unwrap_or(false));
    suspects.find_map(|index| {
        let node = NodeId(index as u32);
        let is_sound = body.node(node).inputs.iter().all(|input| !is_wrong(*input) || on_purpose(*input));
        (is_sound && !on_purpose(node)).then_some(node)
    })
}

fn found(body: &Graph, values: &[Tensor], id: NodeId, examples: usize, is_backward: bool) -> Inside {
    let narrow = |node: NodeId| -> Vec<f32> {
        values.get(node.index()).map_or(Vec::new(), |v| v.data.iter().map(|x| *x as f32).collect())
    };
    let numbers = |node: NodeId| Numbers {
        is_number: body.repeated_number(node).is_some(),
        ..Numbers::of(body.node(node).span, &narrow(node))
    };
    let node = body.node(id);
    let operands: Vec<Numbers> = node.inputs.iter().map(|input| numbers(*input)).collect();
    let result = narrow(id);
    let wrong = |x: &[f32]| x.iter().any(|x| !x.is_finite());
    let of_examples = node.shape.first() == Some(&batch());
    let each = (result.len() / examples.max(1)).max(1);
    let chunks = result.chunks(each).enumerate().filter(|(_, x)| of_examples && wrong(x));
    Inside {
        node: id,
        trouble: trouble(&node.op, &operands, is_backward),
        examples: chunks.map(|(example, _)| example).collect(),
        result: Numbers::of(node.span, &result),
        operands,
    }
}
