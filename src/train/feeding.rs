//! Brings examples to an executable.

use super::error::RunError;
use crate::data::{Dataset, Field, gather};
use crate::ir::dim::VarKind;
use crate::ir::graph::InputKind;
use crate::ir::op::InputId;
use crate::runtime::{Binding, Element, Executable, Feed, PlanId, Session};

/// Which field goes to which input. Holds the room that it needs, so that feeding does not allocate.
pub(super) struct Feeder {
    columns: Vec<Column>,
    /// Ragged sizes, each with a field whose lengths they are.
    lengths: Vec<(u32, usize)>,
    ids: Vec<u64>,
    gathered: Vec<f32>,
}

struct Column {
    input: InputId,
    field: usize,
    /// Whether it is the lengths of the field that are wanted, and not its values.
    is_lengths: bool,
}

impl Column {
    /// Writes what the input wants of these examples.
    fn gather(&self, field: &Field, rows: &[u32], out: &mut [f32]) {
        match self.is_lengths {
            true => out.iter_mut().zip(rows).for_each(|(to, row)| *to = field.length(*row as usize) as f32),
            false => gather(field, rows, out),
        }
    }
}

impl Feeder {
    /// For the fields that the executable reads.
    pub(super) fn new<E: Element>(executable: &Executable<E>, dataset: &Dataset) -> Result<Feeder, RunError> {
        let mut columns = Vec::new();
        let mut lengths: Vec<(u32, usize)> = Vec::new();
        for (index, input) in executable.graph().inputs.iter().enumerate() {
            let Some(name) = input.field() else { continue };
            let field = dataset.fields.iter().position(|f| f.name == name).ok_or_else(|| RunError::Internal {
                stage: "data",
                message: format!("the field `{name}` was not loaded"),
            })?;
            let variable = match input.kind {
                InputKind::Lengths { variable } => Some(variable),
                InputKind::Field | InputKind::Scalar => {
                    input.shape.get(1).and_then(|d| d.as_var()).filter(|v| v.kind == VarKind::Ragged).map(|v| v.id)
                }
            };
            lengths.extend(variable.filter(|v| !lengths.iter().any(|(known, _)| known == v)).map(|v| (v, field)));
            let is_lengths = matches!(input.kind, InputKind::Lengths { .. });
            columns.push(Column { input: InputId(index as u32), field, is_lengths });
        }
        Ok(Feeder { columns, lengths, ids: Vec::new(), gathered: Vec::new() })
    }

    /// The length that an example itself gives to a ragged size.
    pub(super) fn own_length(&self, dataset: &Dataset, variable: u32, row: u32) -> Option<usize> {
        let (_, field) = self.lengths.iter().find(|(known, _)| *known == variable)?;
        Some(dataset.fields.get(*field)?.length(row as usize))
    }

    /// The sizes that these examples give to what is open.
    pub(super) fn binding(&self, dataset: &Dataset, rows: &[u32]) -> Binding {
        let mut binding = Binding::batch(rows.len());
        for (variable, field) in &self.lengths {
            if let Some(field) = dataset.fields.get(*field) {
                binding = binding.with(*variable, padded(longest(field, rows), field.kind.shape.first().copied()));
            }
        }
        binding
    }

    /// Runs the executable on these examples and says by which plan.
    pub(super) fn run(
        &mut self,
        executable: &mut Executable<f32>,
        session: &mut Session<f32>,
        dataset: &Dataset,
        rows: &[u32],
        draw: Draw,
    ) -> Result<PlanId, RunError> {
        let plan = executable.prepare(&self.binding(dataset, rows)).map_err(RunError::plan)?;
        for column in &self.columns {
            if let Some(field) = dataset.fields.get(column.field) {
                column.gather(field, rows, executable.input_mut(plan, column.input));
            }
        }
        let feed = self.feed(dataset, rows, draw);
        executable.run(session, plan, &feed);
        Ok(plan)
    }

    /// The same in another precision.
    pub(super) fn run_as<E: Element>(
        &mut self,
        executable: &mut Executable<E>,
        session: &mut Session<E>,
        dataset: &Dataset,
        rows: &[u32],
        draw: Draw,
    ) -> Result<PlanId, RunError> {
        let plan = executable.prepare(&self.binding(dataset, rows)).map_err(RunError::plan)?;
        for column in &self.columns {
            if let Some(field) = dataset.fields.get(column.field) {
                let place = executable.input_mut(plan, column.input);
                self.gathered.resize(place.len(), 0.0);
                column.gather(field, rows, &mut self.gathered);
                for (place, value) in place.iter_mut().zip(&self.gathered) {
                    *place = E::from_f64(f64::from(*value));
                }
            }
        }
        let feed = self.feed(dataset, rows, draw);
        executable.run(session, plan, &feed);
        Ok(plan)
    }

    /// What random numbers depend on for these rows.
    pub(super) fn feed(&mut self, dataset: &Dataset, rows: &[u32], draw: Draw) -> Feed<'_> {
        self.ids.clear();
        let id = |row: &u32| dataset.ids.get(*row as usize).map_or(u64::from(*row), |id| u64::from(*id));
        self.ids.extend(rows.iter().map(id));
        Feed { seed: draw.seed, step: draw.step, examples: &self.ids }
    }
}

/// What random numbers depend on beside the example.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw {
    pub(super) seed: u64,
    pub(super) step: u64,
}

impl Draw {
    /// Evaluation always draws the same.
    pub(super) const EVALUATION: Draw = Draw { seed: 0, step: 0 };
}

fn longest(field: &Field, rows: &[u32]) -> usize {
    rows.iter().map(|row| field.length(*row as usize)).max().unwrap_or(0)
}

/// The length that a batch is padded to: rounded up a little, so that batches of nearly the same length share a plan
/// (at most eight for every doubling), but not beyond the longest example that there is.
fn padded(longest: usize, most: Option<usize>) -> usize {
    let step = (longest.next_power_of_two() / 16).max(1);
    let rounded = longest.next_multiple_of(step);
    most.map_or(rounded, |most| rounded.min(most.max(longest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_up_a_little() {
        let rounded: Vec<usize> = [0, 1, 7, 16, 17, 29, 33, 100, 1000].map(|n| padded(n, None)).to_vec();
        assert_eq!(rounded, [0, 1, 7, 16, 18, 30, 36, 104, 1024]);
        assert_eq!((padded(29, Some(29)), padded(17, Some(29))), (29, 18));
        let plans: std::collections::BTreeSet<usize> = (513..=1024).map(|n| padded(n, None)).collect();
        assert_eq!(plans.len(), 8);
    }
}
