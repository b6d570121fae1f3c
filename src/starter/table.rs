//! Programs about the columns that a table has.

use super::{NoStart, data_error, quoted};
use crate::data::{ColumnFacts, ColumnKind, DataFile, PerSplit, Schema, SourceSpec, TableExpr, schema};
use crate::source::Span;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// A whole number of so many values is a class.
const MOST_CLASSES: usize = 20;
/// A text of more values than this tells examples apart, not kinds of them.
const MOST_KINDS: usize = 30;
/// More names than this are not listed.
const LISTED: usize = 6;
/// How much of a series is looked back upon.
const WINDOW: usize = 24;

/// What is done with a column.
enum Use {
    Numbers { is_filled: bool },
    Kinds { values: usize, is_filled: bool },
    Nothing(&'static str),
}

/// What a program is about.
pub(super) struct About<'a> {
    /// The data block's name.
    pub(super) name: &'a str,
    /// The model's.
    pub(super) model: &'a str,
    /// The table, as the file will name it.
    pub(super) written: &'a str,
    /// Where it is now.
    pub(super) path: &'a Path,
    /// The column that is predicted, where one is named.
    pub(super) named: Option<&'a str>,
}

fn columns(about: &About) -> Result<Arc<Schema>, NoStart> {
    let file = DataFile::new(about.written, about.path);
    let source = SourceSpec::Csv(PerSplit::Whole(vec![file]));
    data_error(schema(&TableExpr::source(source, Span::default())))
}

fn target<'s>(schema: &'s Schema, named: Option<&str>) -> Result<&'s ColumnFacts, NoStart> {
    let found = match named {
        Some(name) => schema.column(name),
        None => schema.columns.last(),
    };
    found.ok_or_else(|| NoStart::NoColumn(schema.columns.iter().map(|column| column.name.clone()).collect()))
}

fn use_of(column: &ColumnFacts) -> Use {
    let is_filled = column.missing > 0;
    if column.constant() {
        return Use::Nothing("the same in every row");
    }
    match (column.kind, &column.distinct) {
        (ColumnKind::Number, _) if column.infinite.is_some() => Use::Nothing("holds infinite numbers"),
        (ColumnKind::Number, _) if column.beyond_single().is_some() => Use::Nothing("holds numbers beyond 3.4e38"),
        (ColumnKind::Number, _) => Use::Numbers { is_filled },
        (ColumnKind::Text, Some(distinct)) if distinct.len() <= MOST_KINDS => {
            Use::Kinds { values: distinct.len() + usize::from(is_filled), is_filled }
        }
        (ColumnKind::Text, _) => Use::Nothing("a text of its own in nearly every row"),
    }
}

/// How a column is written: `name`, or `"name of several words"`.
fn in_brackets(name: &str) -> String {
    let is_word = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !crate::syntax::is_reserved(name)
        && crate::catalog::word(name).is_none();
    if is_word { name.to_owned() } else { quoted(name) }
}

/// A name for the field of a column, unlike those that are there.
fn field_name(column: &str, taken: &mut Vec<String>) -> String {
    let mut name = super::identifier(&column.to_lowercase());
    while taken.contains(&name) || crate::catalog::entries().any(|entry| entry.name == name) {
        name.push('_');
    }
    taken.push(name.clone());
    name
}

/// Classes, or a number, from all other columns.
pub(super) fn classes_or_numbers(about: &About) -> Result<String, NoStart> {
    let About { name, model, written, named, .. } = *about;
    let schema = columns(about)?;
    let target = target(&schema, named)?;
    let values = target.distinct.as_ref().map(Vec::len);
    let is_class = match (target.kind, values) {
        // Of nearly as many classes as rows none is learned.
        (ColumnKind::Text, Some(values)) => {
            (values as u64).saturating_mul(2) <= schema.rows.iter().sum::<usize>() as u64
        }
        (ColumnKind::Number, Some(values)) => target.integral() && values <= MOST_CLASSES,
        (_, None) => false,
    };
    let shown = &target.name;
    if target.constant() {
        return Err(NoStart::NothingToLearn(format!("`{shown}` is the same in every row")));
    }
    if target.kind == ColumnKind::Text && !is_class {
        return Err(NoStart::NothingToLearn(format!("`{shown}` is a text of its own in nearly every row")));
    }
    let mut taken =
        vec!["numbers".to_owned(), "t".to_owned(), name.to_owned(), "logits".to_owned(), "predicted".to_owned()];
    let label = field_name(&target.name, &mut taken);
    let mut plain = Vec::new();
    let mut kinds = Vec::new();
    let mut left_out = Vec::new();
    let mut is_any_filled = false;
    for column in schema.columns.iter().filter(|column| column.name != target.name) {
        match use_of(column) {
            Use::Numbers { is_filled } => {
                is_any_filled |= is_filled;
                plain.push(in_brackets(&column.name));
            }
            Use::Kinds { values, is_filled } => {
                let field = field_name(&column.name, &mut taken);
                kinds.push((field, scalar_of(&column.name), values, is_filled));
            }
            Use::Nothing(why) => left_out.push(format!("`{}`, {why}", column.name)),
        }
    }
    if plain.is_empty() && kinds.is_empty() {
        return Err(NoStart::NothingToLearn(format!("beside `{shown}` there is no column to predict from")));
    }
    let mut text = format!("# What `{shown}` is, from the other columns of {}.\n", quoted(written));
    if !left_out.is_empty() {
        let more = left_out.len().saturating_sub(LISTED);
        let listed = left_out.iter().take(LISTED).cloned().collect::<Vec<_>>().join("; ");
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        let _ = write!(text, "#\n# Left out: {listed}{rest}.\n");
    }
    let _ = write!(text, "\ndata {name} {{\n  let t = csv({})", quoted(written));
    if target.missing > 0 {
        let _ = write!(text, " |> drop_missing(columns: [{}])", in_brackets(&target.name));
    }
    text.push('\n');
    let mut inputs = Vec::new();
    if !plain.is_empty() {
        let fill = if is_any_filled { " |> fill(mean)" } else { "" };
        let _ = writeln!(text, "  field numbers = t[{}]{fill} |> standardize", plain.join(", "));
        inputs.push(("numbers".to_owned(), plain.len()));
    }
    for (field, column, values, is_filled) in kinds {
        let fill = if is_filled { " |> fill(\"unknown\")" } else { "" };
        let _ = writeln!(text, "  field {field} = {column}{fill} |> classes |> one_hot");
        inputs.push((field, values));
    }
    let scalar = scalar_of(&target.name);
    let as_what = if is_class { "classes" } else { "standardize" };
    let _ = writeln!(text, "  field {label} = {scalar} |> {as_what}");
    let stratify = if is_class { format!(", stratify: {label}") } else { String::new() };
    let _ = writeln!(text, "  split: random(train: 70%, validation: 15%, test: 15%{stratify}, seed: 1)\n}}\n");
    let signature: Vec<String> = inputs.iter().map(|(field, _)| format!("{field}: {name}.{field}")).collect();
    let first = match inputs.as_slice() {
        [(only, _)] => only.clone(),
        several => {
            format!("concat([{}])", several.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>().join(", "))
        }
    };
    let (output, head) = match is_class {
        true => (format!("logits: [{name}.{label}.classes]"), format!("Dense({name}.{label}.classes)")),
        false => ("predicted: float".to_owned(), "Dense(1) |> squeeze".to_owned()),
    };
    let _ = writeln!(
        text,
        "model {model}({}) -> {output} {{\n  {first}\n  |> Dense(64) |> relu |> Dropout(0.1)\n  |> Dense(32) |> relu\n  |> {head}\n}}\n",
        signature.join(", ")
    );
    let (loss, metrics) = match is_class {
        true => (format!("cross_entropy(logits, {label})"), "[accuracy, f1, confusion]"),
        false => (format!("huber(predicted, {label})"), "[mae, rmse, r2]"),
    };
    let _ = writeln!(
        text,
        "train {model} on {name} {{\n  loss: {loss}\n  optimizer: AdamW(lr: 3e-3, weight_decay: 1e-2)\n  schedule: cosine(to: 1e-5)\n  \
         epochs: 40\n  batch: 32\n  metrics: {metrics}\n  keep: best(validation.loss)\n  seed: 42\n}}"
    );
    Ok(text)
}

/// A column with one number an example.
fn scalar_of(name: &str) -> String {
    match in_brackets(name) {
        quoted if quoted.starts_with('"') => format!("t[{quoted}] |> first"),
        name => format!("t.{name}"),
    }
}

/// What comes next of a column, from all columns of numbers before it.
pub(super) fn sequence(about: &About) -> Result<String, NoStart> {
    let About { name, model, written, named, .. } = *about;
    let schema = columns(about)?;
    let is_series = |column: &&ColumnFacts| {
        matches!(use_of(column), Use::Numbers { is_filled: false }) && column.kind == ColumnKind::Number
    };
    let series: Vec<&ColumnFacts> = schema.columns.iter().filter(is_series).collect();
    let target = match named {
        Some(_) => target(&schema, named)?,
        None => *series.last().ok_or_else(|| {
            NoStart::NothingToLearn("no column of it is numbers throughout, with none missing".to_owned())
        })?,
    };
    if !series.iter().any(|column| column.name == target.name) {
        let shown = &target.name;
        return Err(NoStart::NothingToLearn(format!("`{shown}` is not numbers throughout, with none missing")));
    }
    let listed: Vec<String> = series.iter().map(|column| in_brackets(&column.name)).collect();
    let width = listed.len();
    let shown = &target.name;
    Ok(format!(
        "# The next `{shown}`, from the {WINDOW} rows before it.\n\ndata {name} {{\n  let t = csv({})\n  \
         let series = t[{}] |> standardize\n  field past = series |> windows({WINDOW})\n  \
         field next = {} |> standardize |> windows(1, offset: {WINDOW}) |> first\n  \
         # Time has an order: what is measured comes behind what was trained on.\n  \
         split: ordered(train: 70%, validation: 15%, test: 15%)\n}}\n\nmodel {model}(past: [{WINDOW}, {width}]) -> predicted: \
         float {{\n  past |> GRU(32, returns: final) |> Dense(1) |> squeeze\n}}\n\ntrain {model} on {name} {{\n  \
         loss: mse(predicted, next)\n  optimizer: AdamW(lr: 3e-3)\n  clip: norm(1.0)\n  epochs: 10\n  batch: 32\n  \
         metrics: [mae, r2]\n  keep: best(validation.loss)\n  seed: 42\n}}\n",
        quoted(written),
        listed.join(", "),
        scalar_of(shown),
    ))
}
