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
    ids: Vec<u64>,
    gathered: Vec<f32>,
}

struct Column {
    input: InputId,
    field: usize,
    /// Id of the ragged size and its axis in an example.
    ragged: Option<u32>,
}

impl Feeder {
    /// For the fields that the executable reads.
    pub(super) fn new<E: Element>(executable: &Executable<E>, dataset: &Dataset) -> Result<Feeder, RunError> {
        let mut columns = Vec::new();
        for (index, input) in executable.graph().inputs.iter().enumerate() {
            if input.kind != InputKind::Field {
                continue;
            }
            let field = dataset.fields.iter().position(|f| f.name == *input.name).ok_or_else(|| {
                RunError::Internal { stage: "data", message: format!("the field `{}` was not loaded", input.name) }
            })?;
            let ragged =
                input.shape.get(1).and_then(|d| d.as_var()).filter(|v| v.kind == VarKind::Ragged).map(|v| v.id);
            columns.push(Column { input: InputId(index as u32), field, ragged });
        }
        Ok(Feeder { columns, ids: Vec::new(), gathered: Vec::new() })
    }

    /// The sizes that these examples give to what is open.
    pub(super) fn binding(&self, dataset: &Dataset, rows: &[u32]) -> Binding {
        let mut binding = Binding::batch(rows.len());
        for column in &self.columns {
            let (Some(variable), Some(field)) = (column.ragged, dataset.fields.get(column.field)) else { continue };
            if binding.size(variable).is_none() {
                binding = binding.with(variable, longest(field, rows));
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
                gather(field, rows, executable.input_mut(plan, column.input));
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
                gather(field, rows, &mut self.gathered);
                for (place, value) in place.iter_mut().zip(&self.gathered) {
                    *place = E::from_f64(f64::from(*value));
                }
            }
        }
        let feed = self.feed(dataset, rows, draw);
        executable.run(session, plan, &feed);
        Ok(plan)
    }

    fn feed(&mut self, dataset: &Dataset, rows: &[u32], draw: Draw) -> Feed<'_> {
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
