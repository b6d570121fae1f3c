//! The type of a field, known at check time from scans.

use super::combine::agree;
use super::dataset::{common_examples, resolve_fields, resolve_strata};
use super::field_expr::FieldExpr;
use super::fitted::Fitted;
use super::framing::sizes;
use super::plan::{DataPlan, SplitSpec};
use super::problem::{At, DataError, DataProblem, DataResult};
use super::resolve::{Element, Examples, Resolved, Unit, resolve};
use super::resolve_source::fit_single;
use super::source_spec::Split;
use super::steps::Steps;
use crate::diagnostics::Severity;
use std::fmt;
use std::sync::Arc;

/// What the elements of a field are.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Numbers.
    Float,
    /// Whole numbers.
    Int,
    /// 0 and 1.
    Bool,
    /// `0 .. names.len() - 1`, each with a name.
    Class {
        /// The names, by class.
        names: Arc<[String]>,
    },
}

impl FieldKind {
    /// The number of classes.
    pub fn classes(&self) -> Option<usize> {
        match self {
            FieldKind::Class { names } => Some(names.len()),
            _ => None,
        }
    }
}

/// The type of a field, per example.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldType {
    /// What its elements are.
    pub kind: FieldKind,
    /// Its shape. Where it is ragged, the first dim is that of the longest example.
    pub shape: Vec<usize>,
    /// Where the first axis differs from example to example: a key that tells whose lengths it has. Fields with the same
    /// key have the same length in every example; what lengths other keys have is another matter.
    pub ragged: Option<Arc<str>>,
}

impl FieldType {
    /// Whether a number between two of its values means nothing: classes, truth values.
    pub fn is_discrete(&self) -> bool {
        matches!(self.kind, FieldKind::Class { .. } | FieldKind::Bool)
    }

    /// Elements of one example (of the longest one, where it is ragged).
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// As it is written: `[4]`, `class(3)`, `class(68)[128]`, `float`.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FieldKind::Float if self.shape.is_empty() => return f.write_str("float"),
            FieldKind::Float => {}
            FieldKind::Int => f.write_str("int")?,
            FieldKind::Bool => f.write_str("bool")?,
            FieldKind::Class { names } => write!(f, "class({})", names.len())?,
        }
        if self.shape.is_empty() {
            return Ok(());
        }
        let dims: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}

/// The type of a field expression.
///
/// Errors: what the data holds does not suit what is asked of it; the span is that of the part it is about.
pub fn field_type(expr: &FieldExpr) -> DataResult<FieldType> {
    Ok(type_of(&finished(resolve(expr, None)?)?))
}

/// A whole field: numbers or classes, none missing.
pub(crate) fn finished(resolved: Resolved) -> DataResult<Resolved> {
    let is_class = matches!(resolved.element, Element::Class(_));
    if !is_class {
        resolved.needs_numbers("a field")?;
    }
    resolved.needs_all("the field")?;
    resolved.needs_finite()?;
    if !is_class {
        fit_single(&resolved)?;
    }
    if resolved.examples.is_none() {
        return Err(DataError::new(resolved.span, DataProblem::ConstantField));
    }
    Ok(resolved)
}

pub(crate) fn type_of(resolved: &Resolved) -> FieldType {
    let kind = match &resolved.element {
        Element::Number | Element::Text => FieldKind::Float,
        Element::Bool => FieldKind::Bool,
        Element::Class(names) => FieldKind::Class { names: names.clone() },
    };
    FieldType { kind, shape: resolved.shape.clone(), ragged: resolved.steps.as_ref().and_then(Steps::ragged) }
}

/// A data block as the checker, the editor and the planner need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Each field's type, in file order; none where it has errors.
    pub fields: Vec<(String, Option<FieldType>)>,
    /// Examples in each split, where that is known. Splits that do not exist have 0.
    pub examples: Option<[usize; 3]>,
}

impl Description {
    /// The type of a field.
    pub fn field(&self, name: &str) -> Option<&FieldType> {
        self.fields.iter().find(|(n, _)| n == name).and_then(|(_, t)| t.as_ref())
    }

    /// The number of examples of a split; none where unknown or where the split does not exist.
    pub fn examples(&self, split: Split) -> Option<usize> {
        self.examples.and_then(|e| e.get(split.index()).copied()).filter(|n| *n > 0)
    }
}

/// A warning where rows that are trained on are also in the windows of other splits.
fn overlap(plan: &DataPlan, examples: &Examples) -> Option<DataError> {
    match (&plan.split, &examples.unit) {
        (SplitSpec::Random { .. }, Unit::Windows { stride, reach, first }) if *stride < reach - first => {
            let problem = DataProblem::WindowsOverlap { stride: *stride, rows: reach - first };
            Some(DataError::new(plan.split_span, problem))
        }
        _ => None,
    }
}

/// The types of all fields and the sizes of the splits, with every independent error of the block.
pub fn describe(plan: &DataPlan) -> (Description, Vec<DataError>) {
    describe_again(plan, None)
}

/// [`describe`], with the names of classes as an earlier load knew them, where one is given.
pub fn describe_again(plan: &DataPlan, fitted: Option<&Fitted>) -> (Description, Vec<DataError>) {
    let mut errors: Vec<DataError> = Vec::new();
    let mut fields = Vec::new();
    let mut resolved = Vec::new();
    for field in &plan.fields {
        let known = fitted.and_then(|f| f.fields.get(&field.name)).map(|f| f.estimates.as_slice());
        match resolve(&field.expr, known).and_then(finished) {
            Ok(tree) => {
                fields.push((field.name.clone(), Some(type_of(&tree))));
                resolved.push((field, tree));
            }
            Err(error) => {
                fields.push((field.name.clone(), None));
                errors.push(error);
            }
        }
    }
    let mut examples = None;
    match common_examples(&resolved) {
        Err(error) => errors.push(error),
        Ok(None) => {}
        Ok(Some(common)) => {
            match sizes(&plan.split, &common).at(plan.split_span) {
                Ok(sizes) => {
                    examples = Some(sizes);
                    errors.extend(overlap(plan, &common));
                }
                Err(error) => errors.push(error),
            }
            if let SplitSpec::Random { stratify: Some(by), .. } = &plan.split {
                let strata = resolve_strata(by).and_then(|by| match &by.examples {
                    Some(e) => agree(("stratify", e), ("the fields", &common)).map(|_| ()).at(plan.split_span),
                    None => Ok(()),
                });
                errors.extend(strata.err());
            }
        }
    }
    // Names that are of the training split only.
    let is_sound = errors.iter().all(|e| e.problem.code().severity() == Severity::Warning);
    if is_sound && fitted.is_none() && plan.fields.iter().any(|f| f.expr.is_named_by_training()) {
        match resolve_fields(plan) {
            Err(error) => errors.push(error),
            Ok((all, ..)) => {
                for ((_, known), (_, tree)) in fields.iter_mut().zip(&all) {
                    *known = Some(type_of(tree));
                }
            }
        }
    }
    // A file that several fields read is wrong once.
    let mut distinct: Vec<DataError> = Vec::new();
    for error in errors {
        if !distinct.iter().any(|e| e.problem == error.problem) {
            distinct.push(error);
        }
    }
    (Description { fields, examples }, distinct)
}
