//! Measures a split: loss, its terms and the metrics over all its examples, as if they were one batch.

use super::balance;
use super::error::RunError;
use super::event::Measures;
use super::feeding::{Draw, Feeder};
use super::normalizing::Normalizers;
use crate::catalog::{Accumulator, Body, MetricContext, MetricValue};
use crate::check::{Metric, Train};
use crate::compile;
use crate::data::{Dataset, FieldKind};
use crate::ir::graph::Graph;
use crate::runtime::{Executable, PlanId, Session, States};
use std::sync::Arc;

/// Examples that are measured at once: enough to keep the machine busy, few enough to stay small.
const LEAST_BATCH: usize = 64;

/// Measures splits of one train.
pub(super) struct Measurer<'a> {
    dataset: &'a Dataset,
    batch: usize,
    executable: Executable<f32>,
    feeder: Feeder,
    /// Name and output of what is averaged over the examples: the loss and its terms.
    means: Vec<(Arc<str>, usize)>,
    metrics: Vec<Measured<'a>>,
    normalizers: Option<Normalizers>,
}

struct Measured<'a> {
    metric: &'a Metric,
    context: MetricContext,
    operands: Vec<usize>,
    /// Where they are ragged: how many positions of each example count.
    lengths: Option<usize>,
    /// The operands of the own positions of all examples, one behind the other.
    own: Vec<Vec<f32>>,
}

impl<'a> Measurer<'a> {
    /// Compiles the evaluation of a train. The states must hold those of the model.
    pub(super) fn new(train: &'a Train, dataset: &'a Dataset, states: &States<f32>) -> Result<Self, RunError> {
        let weights = balance::class_weights(train, dataset);
        let graph = averaged(compile::evaluation_graph(train, weights.as_deref()), states);
        let executable = compile::measurement(graph, states)?;
        let feeder = Feeder::new(&executable, dataset)?;
        let output = |name: &str| {
            executable.output_index(name).ok_or_else(|| RunError::Internal {
                stage: "optimize",
                message: format!("the output `{name}` of the evaluation is gone"),
            })
        };
        let mut means = vec![(Arc::from(compile::LOSS), output(compile::LOSS)?)];
        for (name, _) in &train.evaluation.terms {
            means.push((name.clone(), output(&compile::term_output(name))?));
        }
        let mut metrics = Vec::new();
        for (i, metric) in train.evaluation.metrics.iter().enumerate() {
            let operands = (0..metric.operands.len()).map(|j| output(&compile::metric_output(i, j)));
            let operands = operands.collect::<Result<_, _>>()?;
            let lengths = metric.positions.as_ref().map(|_| output(&compile::metric_output(i, metric.operands.len())));
            let lengths = lengths.transpose()?;
            metrics.push(Measured { metric, context: context(metric, dataset), operands, lengths, own: Vec::new() });
        }
        let normalizers = Normalizers::new(&train.evaluation, dataset, weights.as_deref(), states, &executable)?;
        let batch = train.settings.batch.max(LEAST_BATCH);
        Ok(Measurer { dataset, batch, executable, feeder, means, metrics, normalizers })
    }

    /// The measures of these examples.
    pub(super) fn measure(&mut self, session: &mut Session<f32>, examples: &[u32]) -> Result<Measures, RunError> {
        let examples = &self.dataset.by_length(examples);
        if let Some(normalizers) = &mut self.normalizers {
            let batches = examples.chunks(self.batch);
            normalizers.run(&mut self.executable, session, self.dataset, batches, Draw::EVALUATION)?;
        }
        let mut sums = vec![0.0; self.means.len()];
        let mut accumulators: Vec<Box<dyn Accumulator>> = self.metrics.iter().filter_map(Measured::start).collect();
        for rows in examples.chunks(self.batch) {
            let plan = self.feeder.run(&mut self.executable, session, self.dataset, rows, Draw::EVALUATION)?;
            for (sum, (_, output)) in sums.iter_mut().zip(&self.means) {
                *sum += total(&self.executable, plan, *output, rows.len());
            }
            for (accumulator, measured) in accumulators.iter_mut().zip(&mut self.metrics) {
                measured.add(accumulator.as_mut(), &self.executable, plan, rows.len());
            }
        }
        let count = examples.len().max(1) as f64;
        let means = self.means.iter().zip(sums);
        let mut values: Vec<(Arc<str>, MetricValue)> =
            means.map(|((name, _), sum)| (name.clone(), MetricValue::Number(sum / count))).collect();
        for (accumulator, measured) in accumulators.iter().zip(&self.metrics) {
            values.push((measured.metric.name.clone(), accumulator.finish()));
        }
        Ok(Measures { values })
    }
}

/// The graph with the average of each weight in its place, where the states have one.
fn averaged(mut graph: Graph, states: &States<f32>) -> Graph {
    for state in &mut graph.states {
        let average = compile::average_path(&state.path);
        if states.entry(&average).is_some() {
            state.path = average;
        }
    }
    graph
}

/// The sum of an output over the examples of a batch; one that does not differ by example counts for each.
pub(super) fn total(executable: &Executable<f32>, plan: PlanId, output: usize, examples: usize) -> f64 {
    let values = executable.output(plan, output);
    match values {
        [one] => f64::from(*one) * examples as f64,
        many => many.iter().map(|x| f64::from(*x)).sum(),
    }
}

impl Measured<'_> {
    /// Adds a batch. Of ragged operands, every position of an example counts as an example of its own.
    fn add(&mut self, to: &mut dyn Accumulator, executable: &Executable<f32>, plan: PlanId, examples: usize) {
        let operands: Vec<&[f32]> = self.operands.iter().map(|o| executable.output(plan, *o)).collect();
        let (Some(lengths), Some(positions)) = (self.lengths, &self.metric.positions) else {
            return to.add(examples, &operands);
        };
        let lengths = executable.output(plan, lengths);
        self.own.resize(operands.len(), Vec::new());
        for ((own, operand), width) in self.own.iter_mut().zip(&operands).zip(&positions.widths) {
            own.clear();
            let padded = operand.len().checked_div(lengths.len()).unwrap_or(0);
            for (row, length) in operand.chunks_exact(padded.max(1)).zip(lengths) {
                own.extend(row.iter().take(*length as usize * width));
            }
        }
        let count = lengths.iter().map(|n| n.max(0.0) as usize).sum();
        to.add(count, &self.own.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    fn start(&self) -> Option<Box<dyn Accumulator>> {
        match &self.metric.entry.body {
            Body::Metric(definition) => Some((definition.start)(&self.metric.args, &self.context)),
            _ => None,
        }
    }
}

/// What the metric may know of its target, with what only the loaded data says.
fn context(metric: &Metric, dataset: &Dataset) -> MetricContext {
    let mut context = metric.context.clone();
    let Some(name) = &metric.target_field else { return context };
    if let Some(inverse) = dataset.fitted.fields.get(&**name).and_then(|f| f.inverse.as_ref()) {
        context.units = inverse.scale.iter().copied().zip(inverse.offset.iter().copied()).collect();
    }
    if let Some(FieldKind::Class { names }) = dataset.field(name).map(|f| &f.kind.kind) {
        context.class_count = names.len();
        context.classes = Some(names.clone());
    }
    context
}
