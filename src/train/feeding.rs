//! Brings examples to an executable.

use super::augmenting::Augmenter;
use super::error::RunError;
use super::lengths::RaggedSizes;
use crate::build::Limit;
use crate::data::{Dataset, Field, SHARE_INPUT, gather, partner_of};
use crate::ir::dim::VarKind;
use crate::ir::graph::InputKind;
use crate::ir::op::InputId;
use crate::runtime::{Binding, Element, Executable, Feed, PlanId, Session};

/// Numbers that a thread copies at a time: some microseconds' worth.
const PART: usize = 1 << 14;

/// Which field goes to which input. Holds the room that it needs, so that feeding does not allocate.
pub(super) struct Feeder {
    columns: Vec<Column>,
    /// Ragged sizes, each with a field whose lengths they are.
    lengths: Vec<(u32, usize)>,
    ids: Vec<u64>,
    gathered: Vec<f32>,
    /// What is done to the values on their way.
    augmenter: Option<Augmenter>,
    /// Rows and ids of the examples that those of the batch are mixed with.
    partners: Vec<u32>,
    partner_ids: Vec<u64>,
}

struct Column {
    input: InputId,
    content: Content,
}

/// What an input wants of a batch; fields by their place in the dataset.
#[derive(Clone, Copy)]
enum Content {
    Values(usize),
    Lengths(usize),
    /// The values in the examples that those of the batch are mixed with; the examples' own where nothing is mixed.
    Partners(usize),
    /// The share of each example in its mixture; 1 where nothing is mixed.
    Shares,
}

impl Content {
    /// Writes what is wanted of these examples, unchanged.
    fn gather<E: Element>(self, session: &Session<E>, dataset: &Dataset, rows: &[u32], out: &mut [f32]) {
        match self {
            Content::Shares => out.fill(1.0),
            Content::Values(field) | Content::Partners(field) => {
                let Some(field) = dataset.fields.get(field) else { return };
                let each = (out.len() / rows.len().max(1)).max(1);
                session.share(out, (PART / each).max(1) * each, &|at, part| {
                    let (first, count) = (at / each, part.len() / each);
                    gather(field, rows.get(first..first + count).unwrap_or(&[]), part);
                });
            }
            Content::Lengths(field) => {
                if let Some(field) = dataset.fields.get(field) {
                    out.iter_mut().zip(rows).for_each(|(to, row)| *to = field.length(*row as usize) as f32);
                }
            }
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
            if name == SHARE_INPUT {
                columns.push(Column { input: InputId(index as u32), content: Content::Shares });
                continue;
            }
            let partner = partner_of(name);
            let name = partner.unwrap_or(name);
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
            let content = match (input.kind, partner) {
                (InputKind::Lengths { .. }, _) => Content::Lengths(field),
                (_, Some(_)) => Content::Partners(field),
                (_, None) => Content::Values(field),
            };
            columns.push(Column { input: InputId(index as u32), content });
        }
        let (ids, gathered, partners, partner_ids) = Default::default();
        RaggedSizes { lengths: &lengths, dataset }.are_long_enough(executable.graph())?;
        Ok(Feeder { columns, lengths, ids, gathered, augmenter: None, partners, partner_ids })
    }

    /// With the augmentation of a train from now on, or with none.
    pub(super) fn set_augmenter(&mut self, augmenter: Option<Augmenter>) {
        self.augmenter = augmenter;
    }

    /// Whether no sequence is longer than what the network has room for.
    pub(super) fn check_limits(&self, dataset: &Dataset, limits: &[Limit]) -> Result<(), RunError> {
        RaggedSizes { lengths: &self.lengths, dataset }.are_short_enough(limits)
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
        self.identify(dataset, rows);
        match &mut self.augmenter {
            None => {
                for column in &self.columns {
                    column.content.gather(session, dataset, rows, executable.input_mut(plan, column.input));
                }
            }
            Some(augmenter) => {
                augmenter.begin(draw.step, &self.ids);
                let partners = augmenter.mixing().partners().iter().map(|place| *place as usize);
                self.partners.clear();
                self.partners.extend(partners.clone().filter_map(|place| rows.get(place)));
                self.partner_ids.clear();
                self.partner_ids.extend(partners.filter_map(|place| self.ids.get(place)));
                for column in &self.columns {
                    let values = executable.input_mut(plan, column.input);
                    match column.content {
                        Content::Values(field) => {
                            column.content.gather(session, dataset, rows, values);
                            augmenter.change(dataset, field, draw.step, &self.ids, values);
                        }
                        Content::Partners(field) => {
                            column.content.gather(session, dataset, &self.partners, values);
                            augmenter.change(dataset, field, draw.step, &self.partner_ids, values);
                        }
                        Content::Lengths(_) => column.content.gather(session, dataset, rows, values),
                        Content::Shares => {
                            let shares = augmenter.mixing().shares();
                            values.iter_mut().zip(shares).for_each(|(to, share)| *to = *share);
                        }
                    }
                }
            }
        }
        // Before what could not be read makes weights or measures of it.
        dataset.is_read()?;
        let feed = Feed { seed: draw.seed, step: draw.step, examples: &self.ids };
        executable.run(session, plan, &feed);
        Ok(plan)
    }

    /// The same in another precision, and without augmentation.
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
            let place = executable.input_mut(plan, column.input);
            self.gathered.resize(place.len(), 0.0);
            column.content.gather(session, dataset, rows, &mut self.gathered);
            for (place, value) in place.iter_mut().zip(&self.gathered) {
                *place = E::from_f64(f64::from(*value));
            }
        }
        self.identify(dataset, rows);
        // Before what could not be read makes weights or measures of it.
        dataset.is_read()?;
        let feed = Feed { seed: draw.seed, step: draw.step, examples: &self.ids };
        executable.run(session, plan, &feed);
        Ok(plan)
    }

    /// What random numbers depend on for these rows.
    pub(super) fn feed(&mut self, dataset: &Dataset, rows: &[u32], draw: Draw) -> Feed<'_> {
        self.identify(dataset, rows);
        Feed { seed: draw.seed, step: draw.step, examples: &self.ids }
    }

    /// The numbers that the examples are known by.
    fn identify(&mut self, dataset: &Dataset, rows: &[u32]) {
        self.ids.clear();
        let id = |row: &u32| dataset.ids.get(*row as usize).map_or(u64::from(*row), u64::from);
        self.ids.extend(rows.iter().map(id));
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
