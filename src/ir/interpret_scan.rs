//! What a scan means.

use super::dim::Var;
use super::interpret::{Draw, Failure, Feeds, Tensor, interpret};
use super::op::InputId;
use super::scan::{Operand, Scan, within};

/// The flat result of a scan on these operands, in so many steps.
pub(super) fn scan(
    scan: &Scan,
    steps: usize,
    operands: &[&Tensor],
    bindings: &dyn Fn(&Var) -> Option<i64>,
    random: &dyn Fn(Draw) -> f64,
) -> Result<Vec<f64>, Failure> {
    let mut carries: Vec<Vec<f64>> = operands.iter().take(scan.carries()).map(|x| x.data.clone()).collect();
    // Each part as its entries, by position.
    let mut parts: Vec<Vec<Vec<f64>>> = Vec::new();
    for (carry, traced) in carries.iter().zip(&scan.traced) {
        let mut entries = vec![Vec::new(); if *traced { steps + 1 } else { 1 }];
        // Without a step the initial value is all there is.
        let first = if scan.reverse { entries.len() - 1 } else { 0 };
        entries[first] = carry.clone();
        parts.push(entries);
    }
    parts.extend((0..scan.stacked()).map(|_| vec![Vec::new(); steps]));
    for position in scan.positions(steps) {
        let input = |id: InputId| {
            let index = id.0 as usize;
            let Some(x) = operands.get(index) else { return Vec::new() };
            match scan.operand(index) {
                Operand::Carry => carries[index].clone(),
                Operand::Scanned => {
                    let run = x.data.len() / steps;
                    x.data[position * run..(position + 1) * run].to_vec()
                }
                Operand::Captured => x.data.clone(),
            }
        };
        let feeds = Feeds {
            input: &input,
            state: &|_| Vec::new(),
            random: &|draw| random(Draw { within: within(draw.within, position), ..draw }),
        };
        let values = interpret(&scan.body, bindings, &feeds)?;
        let outputs: Vec<Vec<f64>> = scan
            .body
            .outputs
            .iter()
            .map(|o| values.get(o.node.index()).map_or(Vec::new(), |v| v.data.clone()))
            .collect();
        let (_, after) = scan.entries(position);
        for (i, output) in outputs.into_iter().enumerate() {
            match scan.traced.get(i) {
                Some(traced) => {
                    carries[i] = output.clone();
                    parts[i][if *traced { after } else { 0 }] = output;
                }
                None => parts[i][position] = output,
            }
        }
    }
    Ok(parts.into_iter().flatten().flatten().collect())
}
