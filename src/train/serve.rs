//! Predictions for another program: an object of JSON a line in, and one out.

use super::error::{ReopenError, RunError};
use super::predict::{Predictor, chosen_train};
use super::prediction::PredictedCell;
use super::reopen::open;
use crate::data::{Cell, DataError, DataProblem, FieldNode, SourceSpec};
use crate::diagnostics::{io_reason, quoted_list};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

/// How errors call what a line holds.
const GIVEN: &str = "the object";
/// The place of the only row in the words of whoever reads data.
const PLACE: &str = "row 1 of rows";

/// Who answers.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The model, where the run has several.
    pub model: Option<String>,
    /// Workers.
    pub threads: usize,
}

/// What was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Lines with predictions.
    pub predicted: u64,
    /// Lines with an error in their place.
    pub refused: u64,
}

/// Answers each line of `input` with one of `output`, at once: predictions by the names of the columns that a CSV of them
/// would have, or `{"error": …}` with the number of the line. Blank lines are passed over.
///
/// An object has the columns that the model needs; others do not matter. Where an example is more than a row, each column
/// is a list, as are the answers. Errors: the run cannot be opened or does not read tables; `output` cannot be written
/// (none where nobody reads it any more).
pub fn serve(
    run: &Path,
    options: &ServeOptions,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Served, ReopenError> {
    let (opened, checked) = open(run)?;
    let served = (|| {
        let train = chosen_train(&opened, &checked, options.model.as_deref())?;
        let mut predictor = Predictor::new(&opened, &checked, train, options.threads)?;
        let columns = Columns::of(&predictor)?;
        answer_all(&mut predictor, &columns, input, output)
    })();
    served.map_err(|error| ReopenError { error, sources: checked.sources })
}

/// The columns that the model reads.
struct Columns {
    names: BTreeSet<String>,
    /// Those of them that only tell sequences apart: an object is one sequence.
    keys: BTreeSet<String>,
}

impl Columns {
    /// Errors: the model reads something that is no table.
    fn of(predictor: &Predictor) -> Result<Columns, RunError> {
        let mut columns = Columns { names: BTreeSet::new(), keys: BTreeSet::new() };
        let mut other = None;
        let wanted = predictor.wanted();
        for field in predictor.block.plan.fields.iter().filter(|field| wanted.contains(&field.name.as_str())) {
            field.expr.walk(&mut |expr| match &*expr.node {
                FieldNode::Columns { table, names, .. } => {
                    columns.names.extend(names.iter().cloned());
                    columns.keys.extend(table.sequences_by().into_iter().flat_map(|(by, _)| by).cloned());
                    let origin = table.origin();
                    if origin.is_image_folder() || matches!(origin, SourceSpec::Lines(_)) {
                        other.get_or_insert((field.span, origin.name()));
                    }
                }
                FieldNode::Array(source) | FieldNode::Stream { source, .. } => {
                    other.get_or_insert((field.span, source.name()));
                }
                _ => {}
            });
        }
        match other {
            None => Ok(columns),
            Some((span, wanted)) => {
                let problem = DataProblem::WrongReplacement { wanted, given: "objects of JSON" };
                Err(RunError::Input { error: DataError::new(span, problem), given: PathBuf::from("--stdin") })
            }
        }
    }
}

fn answer_all(
    predictor: &mut Predictor,
    columns: &Columns,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Served, RunError> {
    let mut served = Served::default();
    let mut line = Vec::new();
    let mut is_over = false;
    for number in 1_u64.. {
        if is_over {
            break;
        }
        line.clear();
        let answered = match input.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) if line.trim_ascii().is_empty() => continue,
            Ok(_) => answer(predictor, columns, &line),
            Err(error) => {
                is_over = true;
                Err(format!("standard input cannot be read: {}", io_reason(&error)))
            }
        };
        let answer = match answered {
            Ok(answer) => {
                served.predicted += 1;
                Value::Object(answer)
            }
            Err(reason) => {
                served.refused += 1;
                json!({ "error": reason, "line": number })
            }
        };
        if let Err(error) = writeln!(output, "{answer}").and_then(|()| output.flush()) {
            match error.kind() {
                std::io::ErrorKind::BrokenPipe => break,
                _ => return Err(RunError::write(Path::new("standard output"), &error)),
            }
        }
    }
    Ok(served)
}

fn answer(predictor: &mut Predictor, columns: &Columns, line: &[u8]) -> Result<Map<String, Value>, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("this is not JSON: {error}"))?;
    let Value::Object(mut object) = value else {
        return Err("an object with the columns of an example is wanted, such as {\"a\": 1, \"b\": \"red\"}".to_owned());
    };
    object.retain(|name, _| columns.names.contains(name) || columns.keys.contains(name));
    let is_missing = |name: &&String| !object.contains_key(*name) && !columns.keys.contains(*name);
    if let Some(missing) = columns.names.iter().find(is_missing) {
        let known: Vec<&str> = object.keys().map(String::as_str).collect();
        return Err(match known.as_slice() {
            [] => format!("it has no column `{missing}`"),
            known => format!("it has no column `{missing}` beside {}", quoted_list(known.iter().copied(), 8)),
        });
    }
    let is_sequence = !columns.keys.is_empty();
    let added: Vec<&String> = columns.keys.iter().filter(|key| !object.contains_key(*key)).collect();
    for key in &added {
        object.insert((*key).clone(), json!(1));
    }
    let (source, is_list) = rows(&object)?;
    let table = predictor.table(&source, GIVEN, false).map_err(|error| {
        // The only row needs no place.
        [" at ", ", in ", " in "]
            .iter()
            .fold(error.to_string(), |text, before| text.replace(&format!("{before}{PLACE}"), ""))
            .replace(PLACE, GIVEN)
    })?;
    let mut answer = Map::new();
    let lines: Vec<&[PredictedCell]> = table.cells().collect();
    if lines.is_empty() {
        return Err("nothing is left of it: a cell is missing that the program needs (`drop_missing`)".to_owned());
    }
    // Several rows are several examples, unless they are a sequence.
    let is_one = lines.len() == 1 && !table.is_by_position() && (is_sequence || !is_list);
    for (column, name) in table.columns().iter().enumerate().filter(|(_, name)| !added.contains(name)) {
        let mut cells = lines.iter().filter_map(|line| line.get(column)).map(json_of);
        let value = if is_one { cells.next().unwrap_or_default() } else { cells.collect() };
        answer.insert(name.clone(), value);
    }
    Ok(answer)
}

fn json_of(cell: &PredictedCell) -> Value {
    match cell {
        PredictedCell::Text(text) => Value::String(text.clone()),
        // In the digits that a CSV has, which are those of single precision; what is not finite is null.
        PredictedCell::Number(x) => x.to_string().parse::<f64>().map_or(Value::Null, |x| json!(x)),
    }
}

/// The object as a table: a row, or as many as its lists are long. Whether there are lists.
fn rows(object: &Map<String, Value>) -> Result<(SourceSpec, bool), String> {
    let lists: Vec<(&String, usize)> =
        object.iter().filter_map(|(name, value)| Some((name, value.as_array()?.len()))).collect();
    let count = lists.first().map_or(1, |(_, count)| *count);
    if let (Some((first, _)), Some((other, others))) = (lists.first(), lists.iter().find(|(_, n)| *n != count)) {
        return Err(format!(
            "`{first}` has {count} numbers, and `{other}` {others}: lists of one object are equally long"
        ));
    }
    if count == 0 {
        return Err("its lists are empty".to_owned());
    }
    let columns: Vec<String> = object.keys().cloned().collect();
    if columns.is_empty() {
        return Err("it has no columns".to_owned());
    }
    let mut rows = Vec::with_capacity(count);
    for row in 0..count {
        let cells = object.iter().map(|(name, value)| match value {
            Value::Array(list) => cell(name, list.get(row).unwrap_or(&Value::Null)),
            value => cell(name, value),
        });
        rows.push(cells.collect::<Result<Vec<Cell>, String>>()?);
    }
    Ok((SourceSpec::Rows { columns, rows }, !lists.is_empty()))
}

fn cell(name: &str, value: &Value) -> Result<Cell, String> {
    Ok(match value {
        Value::Null => Cell::Missing,
        Value::Number(number) => Cell::Number(number.as_f64().unwrap_or(f64::NAN)),
        // As a CSV has it: empty cells and `NA` are missing, and `"5"` is a number.
        Value::String(text) => match crate::data::cell_of(text) {
            Some(number) => number,
            None => Cell::Text(text.trim().to_owned()),
        },
        Value::Bool(yes) => Cell::Text(yes.to_string()),
        Value::Array(_) | Value::Object(_) => {
            return Err(format!("`{name}` holds a list or an object where a cell is wanted"));
        }
    })
}
