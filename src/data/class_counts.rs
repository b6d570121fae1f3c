//! How many examples of each class a split has.

use super::dataset::load;
use super::field_expr::{FieldExpr, FieldNode};
use super::field_type::{FieldKind, FieldType};
use super::plan::{DataPlan, SplitSpec};
use super::problem::{DataError, DataProblem, Found};
use super::scan_cache::kept;
use super::schema::files_of;
use super::source_spec::Split;
use serde::{Deserialize, Serialize};

/// The examples of each class, split by split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCounts {
    /// The names of the classes.
    pub names: Vec<String>,
    /// By split, in the order of [`Split::ALL`], and by class.
    counts: [Vec<usize>; 3],
}

impl ClassCounts {
    fn of_split(&self, split: Split) -> &[usize] {
        self.counts.get(split.index()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Examples of a split.
    pub fn total(&self, split: Split) -> usize {
        self.of_split(split).iter().sum()
    }

    /// Examples of a class in a split.
    pub fn of(&self, split: Split, name: &str) -> usize {
        let at = self.names.iter().position(|n| n == name);
        at.and_then(|at| self.of_split(split).get(at).copied()).unwrap_or(0)
    }

    /// The class that most examples of a split are of, and how many.
    pub fn largest(&self, split: Split) -> Option<(&str, usize)> {
        let counted = self.names.iter().map(String::as_str).zip(self.of_split(split).iter().copied());
        counted.fold(None, |best, (name, count)| match best {
            Some((_, most)) if most >= count => best,
            _ => Some((name, count)),
        })
    }

    /// The classes that no example of a split is of.
    pub fn lacking(&self, split: Split) -> Vec<String> {
        let counted = self.names.iter().zip(self.of_split(split));
        counted.filter(|(_, count)| **count == 0).map(|(name, _)| name.clone()).collect()
    }

    /// The class of all examples, where they have only one.
    pub fn only_class(&self) -> Option<&str> {
        let all = |i: usize| Split::ALL.iter().filter_map(|s| self.of_split(*s).get(i)).sum::<usize>();
        let mut present = self.names.iter().enumerate().filter(|(i, _)| all(*i) > 0);
        match (present.next(), present.next()) {
            (Some((_, only)), None) => Some(only),
            _ => None,
        }
    }
}

/// Counts the classes of a field of this type that has one an example, in the splits as they will be. Only what this field
/// and the split need is read, once for each state of the files. `None` where the field has no such classes or cannot be
/// read.
pub fn class_counts(plan: &DataPlan, field: &str, ty: &FieldType) -> Option<ClassCounts> {
    let own = plan.field(field)?;
    if ty.kind.classes().is_none() || !ty.shape.is_empty() {
        return None;
    }
    // Which windows there are depends on all fields.
    if plan.fields.iter().any(|f| has_windows(&f.expr)) {
        return None;
    }
    let plan = DataPlan { fields: vec![own.clone()], split: plan.split.clone(), split_span: plan.split_span };
    let stratify = match &plan.split {
        SplitSpec::Random { stratify, .. } => stratify.as_ref(),
        _ => None,
    };
    let sources = own.expr.sources().into_iter().chain(stratify.into_iter().flat_map(FieldExpr::sources));
    let mut files = Vec::new();
    for source in sources {
        for file in files_of(source).ok()? {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    let kind = format!("classes {:?} {:?}", own.expr, plan.split);
    kept(&files, &kind, || count(&plan)).ok().map(|counts| counts.as_ref().clone())
}

fn has_windows(expr: &FieldExpr) -> bool {
    matches!(&*expr.node, FieldNode::Windows { .. }) || expr.children().into_iter().any(has_windows)
}

fn count(plan: &DataPlan) -> Found<ClassCounts> {
    let data = load(plan).map_err(|DataError { problem, .. }| problem)?;
    let no_classes = || Box::new(DataProblem::ConstantField);
    let field = data.fields.first().ok_or_else(no_classes)?;
    let FieldKind::Class { names } = &field.kind.kind else { return Err(no_classes()) };
    let count = |split: Split| {
        let mut counts = vec![0usize; names.len()];
        for row in data.splits.get(split) {
            let class = field.example(*row as usize).first().map_or(usize::MAX, |class| *class as usize);
            if let Some(count) = counts.get_mut(class) {
                *count += 1;
            }
        }
        counts
    };
    Ok(ClassCounts { names: names.to_vec(), counts: Split::ALL.map(count) })
}
