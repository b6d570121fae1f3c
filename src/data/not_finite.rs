//! Which operation of a field has no finite result, and for which numbers.

use super::evaluate::{Evaluator, Values};
use super::field_expr::BinaryOp;
use super::layout::broadcast_index;
use super::place::OperandValue;
use super::problem::Found;
use super::resolve::{Op, Resolved};
use crate::source::Span;

/// The innermost operation that made a number which is not finite of numbers that are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Culprit {
    /// `/`, `log`; none where it is neither an operator nor a function.
    pub operation: Option<&'static str>,
    /// What it is written as.
    pub span: Span,
    /// The numbers it worked on.
    pub operands: Vec<OperandValue>,
    /// What came out.
    pub result: f64,
}

/// Looks into an expression of which the values of `row` are not all finite. Where only the narrower numbers of the
/// data set do not hold one, that is the whole expression.
pub(crate) fn culprit(evaluator: &Evaluator, node: &Resolved, row: u32) -> Found<Culprit> {
    let mut node = node;
    // A number that 64 bits hold and 32 do not is looked for only where no other is wrong.
    let holds: fn(f64) -> bool = match first_wrong(&numbers(evaluator, node, row)?, f64::is_finite) {
        Some(_) => f64::is_finite,
        None => |x| (x as f32).is_finite(),
    };
    'inward: loop {
        for part in &node.parts {
            // A part of another rhythm (positions in place of examples) has rows of its own.
            let is_alike = part.steps.is_some() == node.steps.is_some();
            if is_alike && first_wrong(&numbers(evaluator, part, row)?, holds).is_some() {
                node = part;
                continue 'inward;
            }
        }
        break;
    }
    let values = numbers(evaluator, node, row)?;
    let wrong = first_wrong(&values, holds).unwrap_or(0);
    let mut operands = Vec::new();
    for part in node.parts.iter().filter(|part| part.steps.is_some() == node.steps.is_some()) {
        let index = broadcast_index(node.shape_of(part), node.own_shape());
        let element = index.get(wrong).copied().unwrap_or(0);
        if let Some(value) = numbers(evaluator, part, row)?.get(element) {
            operands.push(OperandValue { span: part.span, value: *value, column: column(part, element) });
        }
    }
    let operation = match &node.op {
        Op::Binary(op) => Some(op.symbol()),
        Op::Unary(op) => super::field_expr::UnaryOp::NAMED.iter().find(|(_, known)| known == op).map(|(name, _)| *name),
        _ => None,
    };
    let result = values.get(wrong).copied().unwrap_or(f64::NAN);
    Ok(Culprit { operation, span: node.span, operands, result })
}

fn numbers(evaluator: &Evaluator, node: &Resolved, row: u32) -> Found<Vec<f64>> {
    Ok(match evaluator.block(node, &[row])? {
        Values::Numbers(numbers) => numbers,
        // What is no number cannot be one that is not finite.
        Values::Texts(_) => Vec::new(),
    })
}

fn first_wrong(values: &[f64], holds: fn(f64) -> bool) -> Option<usize> {
    values.iter().position(|x| !holds(*x))
}

/// The column that an element of a part is read from, if it is nothing but that.
fn column(part: &Resolved, element: usize) -> Option<String> {
    match &part.op {
        Op::Columns { columns, .. } => columns.get(element).map(|(name, _)| name.clone()),
        _ => None,
    }
}

/// Whether an operation divides by its right operand.
pub(crate) fn divides(operation: Option<&str>) -> bool {
    operation == Some(BinaryOp::Div.symbol())
}
