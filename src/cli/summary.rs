//! `nnrun summary`: the layers of each model with their shapes, parameters and costs.

use super::arguments::SummaryArgs;
use super::exit::Exit;
use super::files;
use super::numbers::{before_unit, bytes, compact, count, counted};
use super::output::{BOLD, DIM, Output, paint};
use super::table::{Align, Table};
use crate::build::show_type;
use crate::check::{Checked, Model, Port, Train};
use crate::compile::{CompileError, Foreseen, StepCost};
use crate::ide;
use crate::ir::dim::show_shape;
use serde_json::{Value, json};

/// Runs the command.
pub fn summary(output: &Output, args: &SummaryArgs) -> Exit {
    let checked = match files::program(output, &args.program.file, &args.program.changes.overrides()) {
        Ok(checked) => checked,
        Err(exit) => return exit,
    };
    if checked.program.models.is_empty() {
        output.error(&format!("{} has no model", args.program.file.display()), None);
        return Exit::Wrong;
    }
    let mut worst = Exit::Fine;
    for (index, model) in checked.program.models.iter().enumerate() {
        // A model may be trained in phases, which take different room.
        let trains: Vec<&Train> = checked.program.trains.iter().filter(|t| t.model == index).collect();
        if args.json {
            let mut object = as_json(model);
            if let (Some(batch), Some(object)) = (args.batch, object.as_object_mut()) {
                match largest_step(&trains, batch, args.threads) {
                    Ok(Some((_, cost))) => {
                        object.insert("batch".into(), json!(batch));
                        object.insert("threads".into(), json!(args.threads));
                        object.insert("step_bytes".into(), json!(cost.bytes));
                        object.insert("step_flops".into(), json!(cost.flops));
                    }
                    Ok(None) => {}
                    Err(error) => worst = worst.max(broken(output, &error)),
                }
            }
            output.result(&format!("{object}\n"));
            continue;
        }
        if index > 0 {
            output.result("\n");
        }
        output.result(&heading(&checked, model, trains.first().copied()));
        output.result(&table(model).render(output.width(), "  "));
        if let Some(batch) = args.batch {
            worst = worst.max(memory(output, model, &trains, batch, args.threads));
        }
    }
    worst
}

/// `Classifier(x: [4]) -> logits: class(3)`, and the data that it is bound to.
fn heading(checked: &Checked, model: &Model, train: Option<&Train>) -> String {
    let ports = |ports: &[Port]| {
        let shown: Vec<String> =
            ports.iter().map(|p| format!("{}: {}", p.name, show_type(&p.kind, &p.shape))).collect();
        shown.join(", ")
    };
    let outputs = match model.outputs.as_slice() {
        [one] => ports(std::slice::from_ref(one)),
        many => format!("({})", ports(many)),
    };
    let data = train.and_then(|t| checked.program.data.get(t.data)).map(|d| format!(" on {}", d.name));
    let line = format!("{}({}) -> {outputs}", paint(BOLD, &model.name), ports(&model.inputs));
    format!("{line}{}\n", paint(DIM, &data.unwrap_or_default()))
}

fn table(model: &Model) -> Table {
    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("output", Align::Left),
        ("parameters", Align::Right),
        ("FLOPs", Align::Right),
    ]);
    for row in &model.layers {
        let parameters = match row.parameters {
            _ if row.is_shared => "shared".to_owned(),
            Some(0) if !row.is_layer => String::new(),
            Some(n) => count(n),
            None => "open".to_owned(),
        };
        table.row(vec![
            row.path.to_string(),
            row.output.clone(),
            parameters,
            ide::flops_of_row(model, row).map_or_else(String::new, |n| compact(n as f64)),
        ]);
    }
    for (path, shape, parameters) in own_weights(model) {
        let parameters = parameters.map_or_else(|| "open".to_owned(), count);
        table.row(vec![path, format!("weight {shape}"), parameters, String::new()]);
    }
    let parameters = ide::parameters(model).map_or_else(|| "open".to_owned(), count);
    let all = ide::flops(model).map_or_else(String::new, |n| compact(n as f64));
    table.total(vec!["total".to_owned(), String::new(), parameters, all]);
    table
}

/// Weights that no layer of the table holds: those that a block or model declares by `weight`.
fn own_weights(model: &Model) -> Vec<(String, String, Option<u64>)> {
    let is_of_a_layer = |path: &str| {
        model.layers.iter().any(|row| path.strip_prefix(&*row.path).is_some_and(|rest| rest.starts_with('.')))
    };
    ide::weights(model)
        .filter(|state| !is_of_a_layer(&state.path))
        .map(|state| (state.path.to_string(), show_shape(&state.shape), ide::numbers_in(state)))
        .collect()
}

/// The memory of a training step. Each thread beyond the first has room of its own for what it works on.
fn memory(output: &Output, model: &Model, trains: &[&Train], batch: usize, threads: usize) -> Exit {
    match largest_step(trains, batch, threads) {
        Ok(None) => {
            output.note(&format!("{} is not trained in this file: it has no training step", model.name));
            Exit::Fine
        }
        Ok(Some((train, cost))) => {
            let of = if trains.len() > 1 { format!(" of {}", train.title()) } else { String::new() };
            output.result(&format!(
                "\n  a training step{of} with a batch of {} on {}: {} ({} bytes), {}FLOPs\n",
                count(batch as u64),
                counted(threads as u64, "thread"),
                bytes(cost.bytes),
                count(cost.bytes),
                before_unit(cost.flops as f64),
            ));
            Exit::Fine
        }
        Err(error) => broken(output, &error),
    }
}

/// The train of a model whose steps take most memory, and what one takes: a phase that freezes weights takes less.
fn largest_step<'t>(
    trains: &[&'t Train],
    batch: usize,
    threads: usize,
) -> Result<Option<(&'t Train, StepCost)>, CompileError> {
    let mut largest: Option<(&Train, StepCost)> = None;
    for train in trains {
        let cost = Foreseen::new(train, threads)?.cost(batch)?;
        if largest.as_ref().is_none_or(|(_, known)| cost.bytes > known.bytes) {
            largest = Some((train, cost));
        }
    }
    Ok(largest)
}

fn broken(output: &Output, error: &CompileError) -> Exit {
    output.error(&error.to_string(), Some("this is a mistake of nnrun, not of the program"));
    Exit::Wrong
}

fn as_json(model: &Model) -> Value {
    let layers: Vec<Value> = model
        .layers
        .iter()
        .map(|row| {
            json!({
                "path": &*row.path, "kind": &*row.kind, "output": row.output, "parameters": row.parameters,
                "shared": row.is_shared, "flops": ide::flops_of_row(model, row),
            })
        })
        .collect();
    json!({
        "model": &*model.name, "layers": layers, "parameters": ide::parameters(model), "flops": ide::flops(model),
    })
}
