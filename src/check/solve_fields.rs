//! What the data has to do with a problem of a tensor that is one of its fields: a vector of one column where the column
//! is meant, quantities where names are wanted.

use super::checker::Checker;
use super::solve::Met;
use crate::build::{Kind, Problem, Tensor};
use crate::data::{ColumnFacts, FieldExpr, FieldNode, FieldPlan, SourceSpec, schema};
use crate::diagnostics::Diagnostic;
use crate::ir::dim::Dim;
use crate::ir::op::Op;

impl Checker<'_> {
    /// The diagnostic of a problem for which a field of the data is to blame, and what is to be done there; `None` where
    /// none is.
    pub fn about_field(&self, diagnostic: &Diagnostic, met: &Met) -> Option<Diagnostic> {
        match met.problem {
            Problem::LossShapes { left, right } => self
                .column_as_vector(diagnostic, met, left, right)
                .or_else(|| self.label_at_every_step(diagnostic, met, left, right)),
            Problem::Kind { operand, wanted, got: Kind::Float | Kind::Int } if wanted.starts_with("class") => self
                .quantities(diagnostic, met, *operand)
                .or_else(|| self.numbers_of_classes(diagnostic, met, *operand)),
            _ => None,
        }
    }

    /// The field that a tensor is, unchanged.
    fn field_behind(&self, tensor: &Tensor) -> Option<&FieldPlan> {
        let node = self.builder.graph.node(tensor.node);
        let fields = || self.data.iter().flat_map(|block| &block.plan.fields);
        matches!(node.op, Op::Input(_)).then(|| fields().find(|field| field.span == node.span)).flatten()
    }

    /// `t[y]`, a vector of one number, against what would fit the number itself.
    fn column_as_vector(&self, diagnostic: &Diagnostic, met: &Met, left: &[Dim], right: &[Dim]) -> Option<Diagnostic> {
        let target = met.operands.get(1)?;
        let takes_classes = matches!(met.site.name, "cross_entropy" | "nll");
        let would_fit = left.is_empty() || left.len() == 1 && (takes_classes || !target.kind.is_float());
        let chosen = one_column(&self.field_behind(target)?.expr)?;
        let text = self.sources.text(chosen.span);
        let (table, column) = (text.split('[').next()?.trim(), chosen_name(chosen)?);
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if !would_fit || !matches!(right, [one] if one.is_one()) || !column.chars().all(is_name) {
            return None;
        }
        let instead = format!("{table}.{column}");
        let told = Diagnostic { fixes: Vec::new(), help: Vec::new(), ..diagnostic.clone() };
        let told = told.label(chosen.span, "a vector of one column").note(format!(
            "`{table}[…]` makes a vector, of one number where one column is named; the number itself is `{instead}`"
        ));
        Some(told.fix(format!("take the column: `{instead}`"), chosen.span, instead.as_str()))
    }

    /// A column of sequences, which has a value for every step, against one prediction for each of them.
    fn label_at_every_step(
        &self,
        diagnostic: &Diagnostic,
        met: &Met,
        left: &[Dim],
        right: &[Dim],
    ) -> Option<Diagnostic> {
        let field = self.field_behind(met.operands.get(1)?)?;
        let (column, is_class) = match &*field.expr.node {
            FieldNode::Classes(inner, _) | FieldNode::KnownClasses(inner) => (inner, true),
            _ => (&field.expr, false),
        };
        let FieldNode::Columns { scalar: true, names, .. } = &*column.node else { return None };
        let ([_], [steps], true) = (left, right, matches!(met.site.name, "cross_entropy" | "nll")) else { return None };
        let integral = columns_of(column).all(|facts| facts.fraction.is_none());
        if !steps.is_ragged() || !is_class && !integral {
            return None;
        }
        let told = Diagnostic { fixes: Vec::new(), help: Vec::new(), notes: Vec::new(), ..diagnostic.clone() };
        let name = names.first()?;
        let told = told.label(column.span, "a value for every step").note(format!(
            "the model gives one prediction for each sequence; `first` takes the `{name}` of its first step"
        ));
        let stage = if is_class { "|> first" } else { "|> first |> classes" };
        Some(told.fix(format!("one for each sequence: `{stage}`"), column.span.end_point(), format!(" {stage}")))
    }

    /// Whole numbers that are those of classes, in a column or in the file of the labels.
    fn numbers_of_classes(&self, diagnostic: &Diagnostic, met: &Met, operand: usize) -> Option<Diagnostic> {
        let target = met.operands.get(operand)?;
        let field = self.field_behind(target)?;
        let column = match &*field.expr.node {
            FieldNode::First(inner) => inner,
            _ => &field.expr,
        };
        let label = match &*column.node {
            FieldNode::Columns { scalar: true, names, .. } => {
                let facts = columns_of(column).next()?;
                let count = facts.distinct.as_ref().filter(|_| facts.fraction.is_none())?.len();
                format!("column `{}` holds {count} different whole numbers", names.first()?)
            }
            FieldNode::Array(SourceSpec::Idx(_)) if target.rank() == 0 => "a number for each example".to_owned(),
            _ => return None,
        };
        let told = Diagnostic { fixes: Vec::new(), help: Vec::new(), ..diagnostic.clone() };
        Some(told.label(field.expr.span, label).fix(
            "make classes of them: `|> classes`",
            field.expr.span.end_point(),
            " |> classes",
        ))
    }

    /// A field of quantities where names are wanted: numbering them would make a class of nearly every example.
    fn quantities(&self, diagnostic: &Diagnostic, met: &Met, operand: usize) -> Option<Diagnostic> {
        let field = self.field_behind(met.operands.get(operand)?)?;
        let facts = columns_of(&field.expr).find(|facts| facts.fraction.is_some())?;
        let (number, _) = facts.fraction.as_ref()?;
        let (name, column) = (&field.name, &facts.name);
        let different = match &facts.distinct {
            Some(distinct) => format!("{} different numbers", distinct.len()),
            None => "very many different numbers".to_owned(),
        };
        let told = Diagnostic { fixes: Vec::new(), help: Vec::new(), ..diagnostic.clone() };
        let told = told.label(field.expr.span, format!("column `{column}` holds {different}, such as {number}"));
        let told = told.note(format!("`{name}` is a quantity, and a class is a name: a kind, a place, a word"));
        let is_loss = matches!(met.site.name, "cross_entropy" | "nll") && operand == 1;
        Some(match (is_loss, met.site.name_span.is_empty()) {
            (true, false) => {
                told.fix(format!("measure how far it is off: `mse(…, {name})`"), met.site.name_span, "mse")
            }
            (true, true) => told.help("`mse` measures how far a quantity is off"),
            _ => told.help("quantities go into a layer as they are, side by side: `Dense`"),
        })
    }
}

/// The only column of a field that is one, with what is done to it left out.
fn one_column(expr: &FieldExpr) -> Option<&FieldExpr> {
    match &*expr.node {
        FieldNode::Columns { scalar: false, names, .. } => (names.len() == 1).then_some(expr),
        FieldNode::Standardize(inner)
        | FieldNode::Rescale { field: inner, .. }
        | FieldNode::Fill(inner, _)
        | FieldNode::Unary(_, inner)
        | FieldNode::Classes(inner, _)
        | FieldNode::KnownClasses(inner) => one_column(inner),
        _ => None,
    }
}

fn chosen_name(expr: &FieldExpr) -> Option<&str> {
    match &*expr.node {
        FieldNode::Columns { names, .. } => names.first().map(String::as_str),
        _ => None,
    }
}

/// What is known of the columns that a field is made of.
fn columns_of(expr: &FieldExpr) -> impl Iterator<Item = ColumnFacts> {
    let mut found = Vec::new();
    expr.walk(&mut |node| {
        if let FieldNode::Columns { table, names, .. } = &*node.node
            && let Ok(schema) = schema(table)
        {
            found.extend(names.iter().filter_map(|name| schema.column(name)).cloned());
        }
    });
    found.into_iter()
}
