//! A data block in memory.

use super::class_names::class_names;
use super::combine::agree;
use super::estimate::{check_known, fit, inverse};
use super::evaluate::{Evaluator, place_in};
use super::field_type::{FieldType, finished, type_of};
use super::fitted::{Estimate, Fitted, FittedField, Inverse};
use super::framing::{Framing, frame, starts};
use super::load_sources::Sources;
use super::not_finite::{Culprit, culprit};
use super::plan::{DataPlan, FieldPlan, SplitSpec};
use super::problem::{At, DataError, DataProblem, DataResult};
use super::resolve::{Examples, Resolved, resolve, resolve_split};
use super::source_spec::Split;
use super::steps::StepKind;
use super::store::{BlockSize, Limits, Store, StoreWriter, Stretch};
use super::windows_of_blocks::Blocks;
use std::ops::Range;

/// All examples of a data block.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The fields, in file order (only those asked for, after [`apply`](super::apply)).
    pub fields: Vec<Field>,
    /// Which examples belong to which split.
    pub splits: Splits,
    /// What was estimated and the class names.
    pub fitted: Fitted,
    /// For each example the number of its row in the source (of its first row, where it has several), from 0, splits one
    /// after the other; stable under `drop_missing`. Random draws are keyed by it.
    pub ids: Ids,
    /// What each example is called, where one is more than a row; only for new data.
    pub names: Option<ExampleNames>,
    /// Where the values are in files: how they are read.
    pub blocks: Option<Blocks>,
}

/// The numbers that examples are known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ids {
    /// So many, each its own place.
    Places(usize),
    /// One for each example.
    Own(Vec<u32>),
}

impl Default for Ids {
    fn default() -> Self {
        Ids::Places(0)
    }
}

impl Ids {
    /// The number of an example.
    pub fn get(&self, example: usize) -> Option<u32> {
        match self {
            Ids::Places(count) => (example < *count).then_some(example as u32),
            Ids::Own(ids) => ids.get(example).copied(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Ids::Places(count) => *count,
            Ids::Own(ids) => ids.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.len()).filter_map(|example| self.get(example))
    }

    /// Their bytes in memory.
    pub fn memory(&self) -> usize {
        match self {
            Ids::Places(_) => 0,
            Ids::Own(ids) => ids.len() * size_of::<u32>(),
        }
    }
}

/// What tells examples of several rows apart for whoever reads predictions of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleNames {
    /// The columns whose values tell sequences apart; `row` for windows.
    pub columns: Vec<String>,
    /// By example, a value a column. Of a window, the number (from 1) of the row that it starts at.
    pub values: Vec<Vec<String>>,
}

/// The values of a field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// The values, example after example (those of windows: row after row), row-major; classes and truth values as
    /// their number. [`Field::example`] finds those of one example.
    pub values: Store<f32>,
    /// The number of examples.
    pub rows: usize,
    /// Where it is ragged: where each example begins in `values`, and at last where they end (`rows + 1` numbers).
    pub offsets: Option<Vec<usize>>,
    /// Where its examples are windows, which share values: where each example begins in `values`.
    pub starts: Option<Vec<usize>>,
    /// Back to its own units, where it is standardized or rescaled.
    pub inverse: Option<Inverse>,
}

impl Field {
    /// Elements of one position: of all axes but the first.
    pub fn position(&self) -> usize {
        self.kind.shape.iter().skip(1).product()
    }

    /// The values of an example; nothing for one that is not there.
    pub fn example(&self, row: usize) -> Stretch<'_, f32> {
        self.values.get(self.place(row).unwrap_or_default())
    }

    /// Where the values of an example lie.
    pub(super) fn place(&self, row: usize) -> Option<Range<usize>> {
        let each = self.kind.elements();
        let start = |at: &Vec<usize>| at.get(row).copied();
        match (&self.offsets, &self.starts) {
            (Some(offsets), _) => Some(start(offsets)?..*offsets.get(row.checked_add(1)?)?),
            (None, Some(starts)) => start(starts).map(|s| s..s.saturating_add(each)),
            (None, None) => row.checked_mul(each).map(|s| s..s.saturating_add(each)),
        }
    }

    /// Positions of an example along its first axis: its own number where the field is ragged, otherwise that of all
    /// examples (1 for a scalar). 0 for an example that is not there.
    pub fn length(&self, row: usize) -> usize {
        match &self.offsets {
            None if row < self.rows => self.kind.shape.first().copied().unwrap_or(1),
            None => 0,
            Some(offsets) => match (offsets.get(row), row.checked_add(1).and_then(|next| offsets.get(next))) {
                (Some(start), Some(end)) => end.saturating_sub(*start) / self.position().max(1),
                _ => 0,
            },
        }
    }
}

/// The examples of each split, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Splits {
    /// What is fitted.
    pub train: Vec<u32>,
    /// Empty where there is none.
    pub validation: Vec<u32>,
    /// Empty where there is none.
    pub test: Vec<u32>,
}

impl Splits {
    /// The examples of a split.
    pub fn get(&self, split: Split) -> &[u32] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    pub(crate) fn get_mut(&mut self, split: Split) -> &mut Vec<u32> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Test => &mut self.test,
        }
    }
}

impl Dataset {
    /// Whether examples differ in length.
    pub fn is_ragged(&self) -> bool {
        self.fields.iter().any(|f| f.kind.ragged.is_some())
    }

    /// How long an example is: of all its sequences together, those of one key counted once.
    pub fn length(&self, row: usize) -> usize {
        let of = |(i, field): (usize, &Field)| {
            let key = field.kind.ragged.as_ref()?;
            let is_first = !self.fields.iter().take(i).any(|f| f.kind.ragged.as_ref() == Some(key));
            is_first.then(|| field.length(row))
        };
        self.fields.iter().enumerate().filter_map(of).sum()
    }

    /// Examples in an order in which neighbours are of nearly the same length; as they are where all are of one.
    pub fn by_length(&self, examples: &[u32]) -> Vec<u32> {
        let mut order = examples.to_vec();
        if self.is_ragged() {
            order.sort_by_cached_key(|e| self.length(*e as usize));
        }
        order
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

/// Reads a data block: sources, split, estimates on the training split, values.
///
/// Errors: the first problem of the data.
pub fn load(plan: &DataPlan) -> DataResult<Dataset> {
    load_within(plan, &Limits::USUAL)
}

/// As [`load`], with other limits of what is in memory.
pub fn load_within(plan: &DataPlan, limits: &Limits) -> DataResult<Dataset> {
    let (fields, examples, framing) = resolve_fields(plan)?;
    let mut finished_fields = Vec::new();
    for (field, resolved) in fields {
        finished_fields.push((field, finished(resolved)?));
    }
    let needed: Vec<&Resolved> = finished_fields.iter().map(|(_, r)| r).collect();
    let sources = Sources::load(&needed, limits)?;
    let blocks = Blocks::of(&needed, &framing, limits);
    let mut fitted = Fitted::default();
    let mut values = Vec::new();
    for (field, resolved) in &finished_fields {
        let estimates = fit(resolved, &sources, &framing)?;
        values.push(compute(field, resolved, &sources, &estimates, &framing, blocks.as_ref())?);
        fitted.fields.insert(field.name.clone(), remember(resolved, estimates));
    }
    let ids = framing.ids(examples.as_ref());
    Ok(Dataset { fields: values, splits: framing.splits, fitted, ids, names: None, blocks })
}

/// The fields of a plan.
type Fields<'a> = Vec<(&'a FieldPlan, Resolved)>;

/// All fields of a block, and how its examples are split. Names that are of the training split only need to know it.
pub(crate) fn resolve_fields(plan: &DataPlan) -> DataResult<(Fields<'_>, Option<Examples>, Framing)> {
    let mut fields = Vec::new();
    for field in &plan.fields {
        fields.push((field, resolve(&field.expr, None)?));
    }
    let stratify = match &plan.split {
        SplitSpec::Random { stratify: Some(by), .. } => Some(resolve_strata(by)?),
        _ => None,
    };
    let examples = common_examples(&fields)?;
    let sources = Sources::load(&stratify.iter().collect::<Vec<_>>(), &Limits::USUAL)?;
    let framing = framing_of(plan, examples.as_ref(), stratify.as_ref(), &sources)?;
    for (field, resolved) in &mut fields {
        if field.expr.is_named_by_training() {
            *resolved = resolve_split(&field.expr, &framing)?;
        }
    }
    Ok((fields, examples, framing))
}

/// The examples of the fields, split as the plan says.
fn framing_of(
    plan: &DataPlan,
    examples: Option<&Examples>,
    stratify: Option<&Resolved>,
    sources: &Sources,
) -> DataResult<Framing> {
    let Some(all) = examples else { return Ok(Framing::default()) };
    let strata = match stratify {
        None => None,
        Some(by) => {
            if let Some(by) = &by.examples {
                let named = match &plan.split {
                    SplitSpec::Random { stratify: Some(by), .. } => by.span,
                    _ => plan.split_span,
                };
                agree(("stratify", by), ("the fields", all)).at(named)?;
            }
            Some(strata_of(plan, by, all, sources)?)
        }
    };
    frame(&plan.split, all, strata.as_deref()).at(plan.split_span)
}

/// `stratify:` must be a scalar class that needs no split itself.
pub(crate) fn resolve_strata(by: &super::field_expr::FieldExpr) -> DataResult<Resolved> {
    let resolved = resolve(by, None)?;
    if class_names(&resolved.element).is_none() || !resolved.shape.is_empty() {
        let found = type_of(&resolved).to_string();
        return Err(DataError::new(by.span, DataProblem::StratifyNotClass { found }));
    }
    Ok(resolved)
}

fn strata_of(plan: &DataPlan, by: &Resolved, all: &Examples, sources: &Sources) -> DataResult<Vec<u64>> {
    let starts = starts(&plan.split, all).at(plan.split_span)?;
    let estimates = fit(by, sources, &Framing::default())?;
    let evaluator = Evaluator::new(sources, &estimates, &starts);
    let count = if starts.is_empty() { all.counts.iter().sum() } else { starts.len() };
    let mut strata = Vec::new();
    let rows: Vec<u32> = (0..count as u32).collect();
    let read = evaluator.each_block(by, &rows, &mut |_, values| {
        strata.extend(values.numbers().iter().map(|class| *class as u64));
        Ok(())
    });
    read.at(by.span)?;
    Ok(strata)
}

/// The examples that all fields speak of.
pub(crate) fn common_examples(fields: &[(&FieldPlan, Resolved)]) -> DataResult<Option<Examples>> {
    let mut common: Option<(&str, Examples)> = None;
    for (field, resolved) in fields {
        let Some(examples) = &resolved.examples else { continue };
        common = Some(match common {
            None => (&field.name, examples.clone()),
            Some((first, so_far)) => {
                let agreed = agree((first, &so_far), (&field.name, examples)).at(field.span)?;
                (first, agreed)
            }
        });
    }
    Ok(common.map(|(_, examples)| examples))
}

pub(crate) fn remember(resolved: &Resolved, estimates: Vec<Estimate>) -> FittedField {
    FittedField {
        shape: resolved.shape.clone(),
        ragged: resolved.is_ragged(),
        classes: class_names(&resolved.element).map(|names| names.to_vec()),
        inverse: inverse(resolved, &estimates),
        estimates,
    }
}

/// The values of a field over all its examples.
pub(crate) fn compute(
    field: &FieldPlan,
    resolved: &Resolved,
    sources: &Sources,
    estimates: &[Estimate],
    framing: &Framing,
    blocks: Option<&Blocks>,
) -> DataResult<Field> {
    let each = resolved.each().max(1);
    let rows = framing.count;
    let begins_at = |position: usize| position * each;
    // Windows share rows, so what is computed are rows; all else lies as its examples do.
    let (all, offsets, starts) = match resolved.steps.as_ref().map(|s| &s.kind) {
        None => (framing.examples(), None, None),
        Some(StepKind::Groups(groups)) => {
            let ends = groups.ends.iter().map(|end| begins_at(*end as usize));
            let positions = (0..groups.count()).flat_map(|example| groups.positions(example)).collect();
            (positions, Some(std::iter::once(0).chain(ends).collect::<Vec<usize>>()), None)
        }
        Some(StepKind::Window { offset, .. }) => {
            let count: usize = resolved.examples.as_ref().map_or(0, |e| e.counts.iter().sum());
            let starts = framing.starts.iter().map(|start| begins_at(*start as usize + offset)).collect();
            ((0..count as u32).collect(), None, Some(starts))
        }
    };
    let evaluator = Evaluator::new(sources, estimates, &framing.starts);
    let mut at = resolved.span;
    let count = all.len() * resolved.each();
    let mut values = StoreWriter::new(count, if blocks.is_some() { 0 } else { usize::MAX });
    // The first row with a number that is not finite, and how many there are.
    let (mut wrong, mut wrong_rows) = (None, 0);
    let computed = evaluator.each_block(resolved, &all, &mut |rows, block| {
        for (row, numbers) in rows.iter().zip(block.numbers().chunks(each)) {
            if numbers.iter().any(|value| !(*value as f32).is_finite()) {
                wrong.get_or_insert(*row);
                wrong_rows += 1;
            }
            values.extend(numbers.iter().map(|value| *value as f32))?;
        }
        Ok(())
    });
    let computed = computed.and_then(|()| match wrong {
        None => Ok(()),
        Some(row) => {
            let Culprit { operation, span, operands, result } = culprit(&evaluator, resolved, row)?;
            let place = place_in(resolved, row, &framing.starts);
            let (field, count, rows) = (field.name.clone(), wrong_rows, all.len());
            at = span;
            Err(Box::new(DataProblem::NoFiniteResult { field, operation, operands, result, place, count, rows }))
        }
    });
    computed.map_err(|mut problem| {
        if let DataProblem::UnknownClass { field: name, .. } = &mut *problem {
            name.clone_from(&field.name);
        }
        DataError { span: at, problem }
    })?;
    let inverse = inverse(resolved, estimates);
    let size = match blocks {
        Some(blocks) => blocks.size(count, rows, each),
        None => BlockSize { numbers: count, most: 1 },
    };
    let values = values.finish(size).at(resolved.span)?;
    Ok(Field { name: field.name.clone(), kind: type_of(resolved), values, rows, offsets, starts, inverse })
}

/// A field of a plan with the estimates it was fitted with, ready for other data.
pub(crate) fn resolve_known(
    field: &FieldPlan,
    expr: &super::field_expr::FieldExpr,
    fitted: &Fitted,
) -> DataResult<(Resolved, Vec<Estimate>)> {
    let Some(known) = fitted.fields.get(&field.name) else {
        let reason = "nothing was saved for it".to_string();
        return Err(DataError::new(field.span, DataProblem::FittedMismatch { field: field.name.clone(), reason }));
    };
    let resolved = finished(resolve(expr, Some(&known.estimates))?)?;
    // How long the longest is may differ where examples have lengths of their own.
    let fixed = |shape: &[usize]| shape.iter().skip(usize::from(known.ragged)).copied().collect::<Vec<_>>();
    let is_same = resolved.is_ragged() == known.ragged && resolved.shape.len() == known.shape.len();
    if !is_same || fixed(&resolved.shape) != fixed(&known.shape) {
        let (wanted, found) = (known.shape.clone(), resolved.shape.clone());
        let problem = DataProblem::ReplacementShape { field: field.name.clone(), wanted, found };
        return Err(DataError::new(field.span, problem));
    }
    check_known(&resolved, &known.estimates, &field.name)?;
    Ok((resolved, known.estimates.clone()))
}
