//! New data in place of a plan's source, with the estimates of an earlier load: for `predict` and `eval`.

use super::cell::number_name;
use super::dataset::{Dataset, ExampleNames, Ids, common_examples, compute, resolve_fields, resolve_known};
use super::evaluate::{Evaluator, Values};
use super::field_expr::{FieldExpr, FieldNode};
use super::fitted::Fitted;
use super::framing::{Framing, frame};
use super::load_sources::Sources;
use super::plan::{DataPlan, FieldPlan, SplitSpec};
use super::problem::{At, DataError, DataProblem, DataResult};
use super::resolve::{Examples, Op, Resolved, Unit};
use super::resolve_source::columns;
use super::source_spec::{SourceSpec, TableExpr, TableNode};
use super::store::Limits;
use super::windows_of_blocks::Blocks;
use std::collections::BTreeSet;

/// Reads new data in place of the plan's source, with the estimates and class names of an earlier
/// [`load`](super::load).
///
/// Only the `wanted` fields are computed, so only the columns that they need must be there; columns may stand in
/// another order. Everything is in `splits.test`, in the order of the rows; where the plan says `drop_missing`, rows
/// that lack a needed column are left out, and `ids` says which are there. With `replaced` none, the plan's own sources
/// and split are read again, with the saved estimates.
///
/// Errors: a needed column that is missing, a class name never seen (with its place), fields of several sources.
pub fn apply(plan: &DataPlan, fitted: &Fitted, replaced: Option<&SourceSpec>, wanted: &[&str]) -> DataResult<Dataset> {
    let mut fields: Vec<&FieldPlan> = Vec::new();
    for name in wanted {
        match plan.field(name) {
            Some(field) => fields.push(field),
            None => {
                let fields = plan.fields.iter().map(|f| f.name.clone()).collect();
                let problem = DataProblem::NoField { field: name.to_string(), fields };
                return Err(DataError::new(plan.split_span, problem));
            }
        }
    }
    let mut expressions: Vec<FieldExpr> = fields.iter().map(|f| f.expr.clone()).collect();
    if let Some(new) = replaced {
        replaceable(plan, &fields, new)?;
        let needed = needed_columns(&expressions);
        expressions = expressions.iter().map(|e| with_source(e, new, &needed)).collect();
    }
    let mut resolved = Vec::new();
    let mut estimates = Vec::new();
    for (field, expr) in fields.iter().zip(&expressions) {
        let (tree, known) = resolve_known(field, expr, fitted).map_err(|mut error| {
            if let DataProblem::TextForNumber { is_new, .. } = &mut *error.problem {
                *is_new = replaced.is_some();
            }
            error
        })?;
        resolved.push((*field, tree));
        estimates.push(known);
    }
    let examples = common_examples(&resolved)?;
    let trees: Vec<_> = resolved.iter().map(|(_, r)| r).collect();
    let sources = Sources::load(&trees, &Limits::USUAL)?;
    let framing = match (replaced, &examples) {
        (_, None) => Framing::default(),
        (Some(_), Some(examples)) => frame(&SplitSpec::AsGiven, examples, None).at(plan.split_span)?.unsplit(),
        // Fields that are not wanted here may say how the data is split.
        (None, Some(_)) => resolve_fields(plan)?.2,
    };
    let blocks = Blocks::of(&trees, &framing, &Limits::USUAL);
    let mut values = Vec::new();
    for ((field, tree), known) in resolved.iter().zip(&estimates) {
        values.push(compute(field, tree, &sources, known, &framing, blocks.as_ref())?);
    }
    let ids = framing.ids(examples.as_ref());
    let names = match (replaced, &examples) {
        (Some(_), Some(examples)) => names_of(&resolved, examples, &ids)?,
        _ => None,
    };
    Ok(Dataset { fields: values, splits: framing.splits, fitted: fitted.clone(), ids, names, blocks })
}

/// What the examples are called, where one is more than a row.
fn names_of(fields: &[(&FieldPlan, Resolved)], examples: &Examples, ids: &Ids) -> DataResult<Option<ExampleNames>> {
    let groups = match &examples.unit {
        Unit::Rows => return Ok(None),
        Unit::Windows { .. } => {
            let values = ids.iter().map(|row| vec![(u64::from(row) + 1).to_string()]).collect();
            return Ok(Some(ExampleNames { columns: vec!["row".to_string()], values }));
        }
        Unit::Sequences(groups) => groups,
    };
    let mut found: Option<TableExpr> = None;
    for (_, tree) in fields {
        tree.walk(&mut |node| match &node.op {
            Op::Columns { table, .. } if table.sequences_by().is_some() => found = Some(table.clone()),
            _ => {}
        });
    }
    let Some((table, (by, span))) = found.as_ref().and_then(|t| Some((t, t.sequences_by()?))) else { return Ok(None) };
    let tree = columns(table, by, false, span)?;
    let sources = Sources::load(&[&tree], &Limits::USUAL)?;
    let firsts: Vec<u32> = (0..groups.count()).filter_map(|example| groups.positions(example).next()).collect();
    let cells: Vec<String> = match Evaluator::new(&sources, &[], &[]).block(&tree, &firsts).at(span)? {
        Values::Numbers(v) => v.into_iter().map(number_name).collect(),
        Values::Texts(v) => v.into_iter().map(|text| text.map_or(String::new(), |t| t.to_string())).collect(),
    };
    let values = cells.chunks(by.len().max(1)).map(<[String]>::to_vec).collect();
    Ok(Some(ExampleNames { columns: by.to_vec(), values }))
}

/// One file can replace one source, of its own kind.
fn replaceable(plan: &DataPlan, fields: &[&FieldPlan], new: &SourceSpec) -> DataResult<()> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut wrong = None;
    for field in fields {
        field.expr.walk(&mut |node| {
            let source = match &*node.node {
                FieldNode::Columns { table, .. } => table.origin(),
                FieldNode::Array(source) | FieldNode::Stream { source, .. } => source,
                _ => return,
            };
            found.insert(format!("{source:?}"));
            if source.shape() != new.shape() {
                wrong = Some((field.span, DataProblem::WrongReplacement { wanted: source.name(), given: new.name() }));
            }
        });
    }
    if let Some((span, problem)) = wrong {
        return Err(DataError::new(span, problem));
    }
    if found.len() > 1 {
        let fields = fields.iter().map(|f| f.name.clone()).collect();
        return Err(DataError::new(plan.split_span, DataProblem::SeveralSources { fields }));
    }
    Ok(())
}

fn needed_columns(expressions: &[FieldExpr]) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for expression in expressions {
        expression.walk(&mut |node| {
            if let FieldNode::Columns { table, names, .. } = &*node.node {
                needed.extend(names.iter().cloned());
                needed.extend(table.sequences_by().into_iter().flat_map(|(by, _)| by).cloned());
            }
        });
    }
    needed
}

fn with_source(expr: &FieldExpr, new: &SourceSpec, needed: &BTreeSet<String>) -> FieldExpr {
    let again = |e: &FieldExpr| with_source(e, new, needed);
    let node = match &*expr.node {
        FieldNode::Columns { table, names, scalar } => {
            FieldNode::Columns { table: table_with_source(table, new, needed), names: names.clone(), scalar: *scalar }
        }
        FieldNode::Array(_) => FieldNode::Array(new.clone()),
        FieldNode::Number(n) => FieldNode::Number(*n),
        FieldNode::Binary(op, a, b) => FieldNode::Binary(*op, again(a), again(b)),
        FieldNode::Unary(op, a) => FieldNode::Unary(*op, again(a)),
        FieldNode::Standardize(a) => FieldNode::Standardize(again(a)),
        FieldNode::Rescale { field, lo, hi } => FieldNode::Rescale { field: again(field), lo: *lo, hi: *hi },
        FieldNode::Fill(a, filling) => FieldNode::Fill(again(a), filling.clone()),
        FieldNode::Classes(a, n) => FieldNode::Classes(again(a), *n),
        FieldNode::KnownClasses(a) => FieldNode::KnownClasses(again(a)),
        // Names are those that were saved, so whose they are no longer matters.
        FieldNode::Stream { vocabulary, .. } => {
            FieldNode::Stream { source: new.clone(), vocabulary: vocabulary.clone(), like: None }
        }
        FieldNode::Tokens { field, vocabulary, .. } => {
            FieldNode::Tokens { field: again(field), vocabulary: vocabulary.clone(), like: None }
        }
        FieldNode::OneHot(a) => FieldNode::OneHot(again(a)),
        FieldNode::Reshape(a, dims) => FieldNode::Reshape(again(a), dims.clone()),
        FieldNode::Concat(parts, axis) => FieldNode::Concat(parts.iter().map(again).collect(), *axis),
        FieldNode::First(a) => FieldNode::First(again(a)),
        FieldNode::Pad { field, length, value } => {
            FieldNode::Pad { field: again(field), length: *length, value: *value }
        }
        FieldNode::Windows { field, length, stride, offset } => {
            FieldNode::Windows { field: again(field), length: *length, stride: *stride, offset: *offset }
        }
    };
    FieldExpr::new(node, expr.span)
}

/// `drop_missing` looks only at the columns that are needed: the others may not even be there.
fn table_with_source(table: &TableExpr, new: &SourceSpec, needed: &BTreeSet<String>) -> TableExpr {
    match &*table.node {
        TableNode::Source(_) => TableExpr::source(new.clone(), table.span),
        TableNode::Sequences { table: inner, by } => {
            table_with_source(inner, new, needed).sequences(by.clone(), table.span)
        }
        TableNode::DropMissing { table: inner, columns } => {
            let columns = match columns {
                None => needed.iter().cloned().collect(),
                Some(names) => names.iter().filter(|n| needed.contains(*n)).cloned().collect(),
            };
            table_with_source(inner, new, needed).drop_missing(Some(columns), table.span)
        }
    }
}
