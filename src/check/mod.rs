//! Floor 5: from the syntax tree to a checked program: names, arguments, shapes, roles, training.
//!
//! Checking *is* building: a model is evaluated with tensors in place of data, and what comes out is its graph. A
//! mistake gives a diagnostic and an unknown value, which agrees with everything, so that one mistake is told once.
//!
//! ```text
//! checker.rs      the state of a check                    program.rs     what it gives
//! items.rs        the names of a file, imports, hypers    paths.rs       paths of weights, and globs
//! data_block.rs   data blocks → data::DataPlan            data_source.rs, data_images.rs, data_function.rs, data_split.rs
//! data_sequences.rs  examples of several rows, of text    data_columns.rs  columns as they are chosen elsewhere
//! data_repairs.rs edits for mistakes in data
//! expression.rs   expressions                             sizes.rs, index.rs
//! call.rs         calls and pipes                         apply.rs       a stage meets its tensors
//! slip.rs         the arguments of a call whose name is misspelt
//! flow.rs         let, if, repeat                         declared.rs    weight, constant
//! foreign.rs      names and calls of other frameworks     axes_elsewhere.rs  … and their axes
//! scan.rs         a body for each position                value.rs       what an expression may be
//! residual.rs     x + stage(x)                            names_in.rs    the names that a piece uses
//! memory.rs       what the last check found out           placed.rs      … moved to where it stands now
//! phases.rs       the phases of a train                   noted.rs       what is noted for who shows the program
//! arguments.rs    arguments against parameters            argument_value.rs  each as its parameter wants it
//! regions.rs      which layers lie in which, for drawings, and what is computed again
//! signature.rs    blocks and models against their types   alone.rs       those that no train uses
//! train.rs        model + data                            loss.rs, metrics.rs, augment.rs
//! found_settings.rs  the settings as written               settings.rs    what they say
//! watched.rs      `stop`, `keep`, measures                chosen_weights.rs  `freeze`, `l2("dense1.*")`
//! facts.rs        `expect`                                causal_fact.rs  `causal(output, input)` in it
//! sweep.rs        `sweep`                                 sweep_condition.rs, sweep_points.rs  which points it has
//! provenance.rs   where a size came from                  given.rs       where its number is written
//! solve.rs        the edit that repairs a size            solve_outputs.rs  … of a model's output
//! solve_skips.rs  … where a skip connection comes back    solve_fields.rs   what the data has to do with it
//! extra_axis.rs   … of an input with a batch in its type
//! mistake.rs      what can be wrong                       words/         how it is said
//! lints/          what is right and probably not meant
//! ```

mod alone;
mod apply;
mod argument_value;
mod arguments;
mod augment;
mod axes_elsewhere;
mod call;
mod causal_fact;
mod checker;
mod chosen_weights;
mod data_block;
mod data_columns;
mod data_function;
mod data_images;
mod data_repairs;
mod data_sequences;
mod data_source;
mod data_split;
mod declared;
mod expression;
mod extra_axis;
mod facts;
mod flow;
mod foreign;
mod found_settings;
mod given;
mod index;
mod items;
mod lints;
mod loss;
mod memory;
mod metrics;
mod mistake;
mod names_in;
mod noted;
mod paths;
mod phases;
mod placed;
mod program;
mod provenance;
mod regions;
mod residual;
mod scan;
mod settings;
mod signature;
mod sizes;
mod slip;
mod solve;
mod solve_fields;
mod solve_outputs;
mod solve_skips;
mod sweep;
mod sweep_condition;
mod sweep_points;
mod train;
mod value;
mod watched;
mod words;

pub use items::set_path;
pub use lints::{LintLevels, LintName, allow_fix};
pub use memory::Memory;
pub use paths::glob_matches;
pub(crate) use phases::phases_of;
pub use program::{
    Checked, ClassWeights, Clip, Configured, DataBlock, Fact, FactExpr, FileRole, FileUse, Fit, Forward, Group,
    HyperValue, LayerRow, Length, Measure, Metric, Model, Noted, NotedLayer, Phase, Port, Program, Settings, Train,
    title_of,
};
pub use regions::{Region, RegionKind, StepState, Steps};
pub use sweep_condition::NoNumber;
pub use sweep_points::{Axis, Best, Candidate, MOST_POINTS, NoPoints, Point, Sweep, Tried, Tries};
pub use value::snake_case;

use crate::data::{Fitted, at_one_moment};
use crate::diagnostics::{Code, Diagnostic, io_reason, tidy};
use crate::source::{OpenTexts, Span};
use crate::syntax::ast::ItemKind;
use checker::{Checker, NamedKind};
use lints::Subject;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use value::Value;

/// What the command line adds to a file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--set name=value`, in order.
    pub set: Vec<(String, String)>,
    /// `--epochs n`
    pub epochs: Option<u64>,
    /// `--seed n`
    pub seed: Option<u64>,
    /// What a run knew of its data, by data block: its names stand, whatever the files hold now.
    pub fitted: BTreeMap<String, Fitted>,
    /// Texts that stand in the place of imported files.
    pub open: OpenTexts,
    /// `--deny` and `--allow`
    pub lints: LintLevels,
}

/// Checks a file. Only a file that cannot be read is an `Err`: everything else is in [`Checked::diagnostics`].
pub fn check_file(path: &Path, overrides: &Overrides) -> Result<Checked, ReadError> {
    let text = std::fs::read(path).map_err(|error| ReadError { path: path.to_owned(), message: io_reason(&error) })?;
    let text = String::from_utf8(text)
        .map_err(|_| ReadError { path: path.to_owned(), message: "it is not UTF-8 text".to_owned() })?;
    Ok(check_text(path, &text, overrides))
}

/// Room for programs nested as deeply as the parser lets pass, through calls of blocks as deep as the checker does. It
/// is address space: only what is used is memory.
const STACK_BYTES: usize = 256 << 20;

/// Checks a text as if it stood in the file `path` (which need not exist; imports and data are relative to it).
pub fn check_text(path: &Path, text: &str, overrides: &Overrides) -> Checked {
    // On a stack of its own: how deep a program may be must not depend on who asks.
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("check".to_owned()).stack_size(STACK_BYTES);
        match builder.spawn_scoped(scope, || check_on_this_stack(path, text, overrides)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => check_on_this_stack(path, text, overrides),
        }
    })
}

/// [`check_text`] for who already stands on a stack of some hundred megabytes.
pub fn check_on_this_stack(path: &Path, text: &str, overrides: &Overrides) -> Checked {
    at_one_moment(|| check_now(path, text, overrides, None).0)
}

/// As [`check_on_this_stack`], with what is remembered of the last check of the same file: the result is the same, and
/// sooner there where little has changed.
pub fn check_again(path: &Path, text: &str, overrides: &Overrides, memory: &mut Memory) -> Checked {
    let (checked, kept) = at_one_moment(|| check_now(path, text, overrides, Some(std::mem::take(memory))));
    *memory = kept.unwrap_or_default();
    checked
}

fn check_now(path: &Path, text: &str, overrides: &Overrides, memory: Option<Memory>) -> (Checked, Option<Memory>) {
    let mut checker = Checker::new(overrides);
    checker.memory = memory;
    let module = checker.add_module(path, text, &mut Vec::new());
    checker.main_module = module;
    checker.override_hypers(module);
    checker.begin_to_remember(module);
    let ast = checker.modules[module].ast.clone();
    let file = checker.modules[module].file;
    let mut program = Program::default();
    for item in &ast.items {
        match &item.kind {
            ItemKind::Hyper(hyper) => {
                let name = hyper.name.name.clone();
                let value = match checker.hyper(module, &name, hyper.name.span) {
                    Value::Number(n) => HyperValue::Number(n),
                    Value::Bool(b) => HyperValue::Bool(b),
                    Value::Text(text) => HyperValue::Text(text),
                    _ => HyperValue::Other,
                };
                program.hypers.push((name, value));
            }
            ItemKind::Data(data) => {
                // A second block of the same name has been told; only the first is found by it.
                let is_first =
                    checker.modules[module].names.get(&data.name.name).is_some_and(|n| n.span == data.name.span);
                if is_first && matches!(checker.modules[module].names[&data.name.name].kind, NamedKind::Data(..)) {
                    checker.find_data(std::slice::from_ref(&data.name), module);
                }
            }
            _ => {}
        }
    }
    checker.remember_data(module);
    for (index, item) in ast.items.iter().enumerate() {
        if let ItemKind::Train(train) = &item.kind {
            for (phase, part) in checker.phases(train) {
                program.trains.extend(checker.train_again(&part, phase, index, module));
            }
        }
    }
    program.models = checker.models_alone(module);
    checker.renumber(&mut program);
    checker.model_inputs = program.models.iter().map(|model| model.inputs.clone()).collect();
    for item in &ast.items {
        if let ItemKind::Expect(expect) = &item.kind {
            program.facts.extend(checker.facts(expect, &program.trains, module));
        }
    }
    let mut first = None;
    for item in &ast.items {
        if let ItemKind::Sweep(sweep) = &item.kind {
            let checked = checker.sweep(sweep, item.span, first, &program.trains, module);
            program.sweep = program.sweep.or(checked);
            first = first.or(Some(item.span));
        }
    }
    checker.qualified_names(module);
    program.data = std::mem::take(&mut checker.data);
    program.notes = std::mem::take(&mut checker.notes).finish();
    let mut told = std::mem::take(&mut checker.diagnostics);
    drop_what_is_rewritten(&mut told);
    let own_names = checker.modules[module].names.iter();
    let imported = own_names.filter(|(_, named)| named.span.file != file);
    let subject = Subject {
        sources: &checker.sources,
        file,
        ast: &ast,
        program: &program,
        diagnostics: &told,
        imported: imported.map(|(name, named)| (name.clone(), named.span.file)).collect(),
        calls: OnceCell::new(),
    };
    let mut diagnostics = lints::lint(&subject, &overrides.lints);
    tidy(&mut diagnostics);
    let memory = checker.memory.map(Memory::end_round);
    (Checked { sources: checker.sources, file, ast, program, diagnostics, files: checker.files }, memory)
}

/// Takes back what is told of an argument that is to be removed or written anew: `activation='relu'` is one mistake,
/// not also one of its `=` and one of its quotes.
fn drop_what_is_rewritten(diagnostics: &mut Vec<Diagnostic>) {
    let mut rewritten: Vec<(Code, Span, Span)> = Vec::new();
    for diagnostic in diagnostics.iter().filter(|d| matches!(d.code, Code::E0202 | Code::E0205 | Code::E0225)) {
        let edits = diagnostic.fixes.first().map(|fix| fix.edits.as_slice()).unwrap_or_default();
        rewritten.extend(edits.iter().map(|edit| (diagnostic.code, diagnostic.span(), edit.span)));
    }
    diagnostics.retain(|d| {
        let span = d.span();
        !rewritten.iter().any(|(code, own, edit)| {
            let is_inside = span.lies_in(*edit) && !span.is_empty();
            is_inside && (*code, *own) != (d.code, span)
        })
    });
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub message: String,
}
