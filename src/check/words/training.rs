//! Words for mistakes in `train`, `data` and `expect`.

use super::names::edits_of;
use super::{augment, quote, suggest, suggest_duration, this_is};
use crate::check::mistake::{Mistake, SettingMeaning};
use crate::diagnostics::{Code, Diagnostic, Edit};
use crate::source::Span;

pub(super) fn diagnostic(mistake: &Mistake, span: Span) -> Diagnostic {
    match mistake {
        Mistake::MissingSetting { setting, example, at } => {
            let message = format!("this `train` has no `{setting}`");
            let diagnostic = Diagnostic::new(Code::E0601, message, span, format!("`{setting}:` is missing"));
            match at {
                Some((at, line)) => diagnostic.fix(format!("add a line such as `{example}`"), *at, line.as_str()),
                None => diagnostic.help(format!("add a line such as `{example}`")),
            }
        }
        Mistake::UnknownSetting { name, nearest, known } => {
            let diagnostic =
                Diagnostic::new(Code::E0602, format!("there is no setting `{name}`"), span, "not a setting");
            suggest(diagnostic, span, nearest.as_ref(), known, "settings")
        }
        Mistake::GroupSetting { name, optimizer, nearest, known } => {
            let message = format!("`{optimizer}` has no `{name}` that a group could have of its own");
            let diagnostic = Diagnostic::new(Code::E0602, message, span, "no argument of the optimizer");
            suggest(diagnostic, span, nearest.as_ref(), known, "arguments")
        }
        Mistake::GroupWithoutRate => {
            let message = "the learning rate of the optimizer is 0, and that of a group is a multiple of it";
            Diagnostic::new(Code::E0603, message, span, "a multiple of 0")
                .note("a schedule changes the optimizer's rate, and each group's by the same factor")
                .help("give the optimizer a rate above 0; `freeze` keeps weights as they are")
        }
        Mistake::AccumulatesBelow { layer, batch, step } => {
            let examples = if *batch == 1 { "1 example".to_owned() } else { format!("{batch} examples") };
            let message = format!("`BatchNorm` sees {examples} at a time, not the {step} of a step with `accumulate`");
            Diagnostic::new(Code::L0128, message, span, "so a step is not that of one large batch")
                .label(*layer, "its statistics are those of each part")
                .help("`LayerNorm` and `GroupNorm` look at one example alone")
        }
        Mistake::ForeignSetting { name, meaning } => {
            let diagnostic =
                Diagnostic::new(Code::E0602, format!("there is no setting `{name}`"), span, "not a setting");
            match meaning {
                SettingMeaning::Called(ours) => diagnostic.fix(format!("it is called `{ours}` here"), span, *ours),
                SettingMeaning::OfOptimizer { line, argument, at: Some((at, before, after)) } => {
                    let edits = vec![
                        Edit { span: *line, text: String::new() },
                        Edit { span: *at, text: format!("{before}{argument}{after}") },
                    ];
                    diagnostic
                        .label(*at, "an argument of the optimizer")
                        .fix_all(format!("give the optimizer `{argument}`"), edits)
                }
                SettingMeaning::OfOptimizer { argument, at: None, .. } => {
                    diagnostic.help(format!("it is an argument of the optimizer: `optimizer: Adam({argument})`"))
                }
                SettingMeaning::OfData => diagnostic.help(
                    "how data is split is said in its `data` block: `split: random(train: 80%, validation: 20%)`",
                ),
                SettingMeaning::NotNeeded(why) => diagnostic.help(*why),
            }
        }
        Mistake::SettingInQuotes { setting, text, instead } => {
            let message = format!("{setting} is named without quotes");
            let diagnostic = Diagnostic::new(Code::E0603, message, span, "a text");
            match instead {
                Some(ours) => {
                    let diagnostic = match text == ours {
                        true => diagnostic,
                        false => diagnostic.note(format!("`{text}` is called `{ours}` here")),
                    };
                    diagnostic.fix(format!("write `{ours}`"), span, *ours)
                }
                None => diagnostic,
            }
        }
        Mistake::ColumnsElsewhere { instead } => {
            let message = "columns are chosen by their names";
            let whole = format!("write `{instead}`");
            Diagnostic::new(Code::E0540, message, span, "written as in another library").fix(
                whole,
                span,
                instead.as_str(),
            )
        }
        Mistake::DataMethod { name, repair } => {
            let message = format!("data has no methods such as `{name}`");
            let diagnostic = Diagnostic::new(Code::E0541, message, span, "data flows into functions by `|>`");
            match repair {
                Some(repair) => diagnostic.fix_all(repair.title.clone(), edits_of(&repair.edits)),
                None => diagnostic.help(
                    "columns are `t.a`, `t[a, b]`, `t[a .. f]` and `t[except: c]`; `nnrun explain` lists what can be done to them",
                ),
            }
        }
        Mistake::DropOnTable { edits } => {
            let message = "rows are left out of the table, for all fields alike";
            let diagnostic = Diagnostic::new(Code::E0540, message, span, "leaves rows out of this field alone");
            match edits.as_slice() {
                [] => diagnostic.help("write `t |> drop_missing` where the table is read"),
                edits => diagnostic.fix_all("write `|> drop_missing` behind the table", edits_of(edits)),
            }
        }
        Mistake::SplitElsewhere { instead } => {
            let message = "shares of a split have names, and are parts of the whole";
            Diagnostic::new(Code::E0603, message, span, "written as in another library").fix(
                format!("write `{instead}`"),
                span,
                instead.as_str(),
            )
        }
        Mistake::NothingToRecompute { model } => {
            let message = format!("`recompute: blocks` finds no block in `{model}`");
            Diagnostic::new(Code::E0603, message, span, "nothing lies within a block here").help(
                "a block is an application of a `block` or a copy of a `repeat`; where there is none, leave it out",
            )
        }
        Mistake::SettingType { setting, wanted, found } => {
            let message = format!("`{setting}` must be {wanted}");
            let diagnostic = Diagnostic::new(Code::E0603, message, span, this_is(found));
            if let ("clip", Some(number)) = (setting.as_str(), found.strip_prefix("the number ")) {
                let written = format!("norm({number})");
                return diagnostic.fix(format!("write `{written}`"), span, written);
            }
            match (setting.as_str(), found.contains(" steps"), found.contains(" epochs")) {
                ("epochs", true, _) => diagnostic.help("to count in steps, write `steps:` instead of `epochs:`"),
                ("steps", _, true) => diagnostic.help("to count in epochs, write `epochs:` instead of `steps:`"),
                _ => suggest_duration(diagnostic, span, wanted, found),
            }
        }
        Mistake::SettingWord { setting, wanted, found, nearest } => {
            let message = format!("`{setting}` must be {wanted}");
            let diagnostic = Diagnostic::new(Code::E0603, message, span, format!("this is `{found}`"));
            suggest(diagnostic, span, nearest.as_ref(), &[], "")
        }
        Mistake::BatchOfOne { batch, rows, layer, is_written } => {
            let message = match rows {
                Some(_) => "the last batch of each epoch has one example, and one has no mean and variance",
                None => "a batch of one example has no mean and variance",
            };
            let diagnostic = Diagnostic::new(Code::E0624, message.to_owned(), span, "this batch")
                .label(*layer, "needs several examples in training");
            match rows {
                Some(rows) => {
                    let diagnostic = diagnostic.note(format!(
                        "{rows} training examples make {} batches of {batch}, and 1 is left",
                        rows / batch.max(&1)
                    ));
                    let advice = "leave the smaller batch out with `drop_last: true`, or take another batch size";
                    match is_written {
                        true => diagnostic.fix(advice, span.end_point(), "\n  drop_last: true"),
                        false => diagnostic.help(advice),
                    }
                }
                None => diagnostic.help("take a larger batch; `LayerNorm` works on each example by itself"),
            }
        }
        Mistake::Augment { operation, field, fault } => augment::diagnostic(operation, field, fault, span),
        Mistake::NoFieldForInput { input, model, data, nearest, fields, declared, bind } => {
            let message = format!("`{data}` has no field `{input}` for this input of the model");
            let diagnostic = Diagnostic::new(Code::E0604, message, span, format!("`{data}` gives no `{input}`"))
                .label(*declared, "the input");
            if let Some((field, edit)) = bind {
                return diagnostic.fix_all(format!("give it the field `{field}`"), vec![edit.clone()]);
            }
            let diagnostic = match (nearest, model) {
                // Where no field was named, what is there is the name of the model.
                (Some(nearest), Some(_)) => diagnostic.help(format!("did you mean the field `{nearest}`?")),
                (nearest, _) => suggest(diagnostic, span, nearest.as_ref(), fields, "its fields"),
            };
            match model {
                Some(model) => diagnostic
                    .help(format!("a field of another name is bound with `train {model}({input}: field) on {data}`")),
                None => diagnostic,
            }
        }
        Mistake::LossType { found } => {
            let message = format!("a loss must be one number for each example, and this is {found}");
            let diagnostic = Diagnostic::new(Code::E0605, message, span, found.clone());
            if found == "a list of no terms" {
                diagnostic
                    .help("one term is enough: `{ fit: mse(prediction, target) }`, or `mse(prediction, target)` alone")
            } else if found.contains('[') {
                diagnostic.help("reduce it with `mean(…)` or `sum(…)`, or compare with `mse(prediction, target)`")
            } else {
                diagnostic
            }
        }
        Mistake::Ambiguous { name, model, data } => {
            let message = format!("`{name}` is an output of the model and a field of the data");
            Diagnostic::new(Code::E0606, message, span, "which one?")
                .fix(format!("the model's: `{model}.{name}`"), span, format!("{model}.{name}"))
                .fix(format!("the data's: `{data}.{name}`"), span, format!("{data}.{name}"))
        }
        Mistake::MetricOperands { metric, reason } => {
            let message = format!("`{metric}` cannot tell what to compare");
            Diagnostic::new(Code::E0607, message, span, reason.to_string())
                .help(format!("name the prediction and the target: `{metric}(prediction, target)`"))
        }
        Mistake::NoSplit { split, data } => {
            let message = format!("`{data}` has no {split} split");
            Diagnostic::new(Code::E0608, message, span, "not there").help(format!(
                "say in `data {data}` how it is split, for example `split: random(train: 70%, validation: 15%, test: 15%)`"
            ))
        }
        Mistake::UnknownMeasure { name, nearest, known } => {
            let diagnostic = Diagnostic::new(Code::E0609, format!("`{name}` is not measured"), span, "not measured");
            let diagnostic = suggest(diagnostic, span, nearest.as_ref(), known, "what is measured");
            diagnostic.help("what stands in `metrics: […]` is measured, and the loss")
        }
        Mistake::UnknownPath { path, nearest, known } => {
            let message = format!("no weight has the path `{path}`");
            let diagnostic = Diagnostic::new(Code::E0610, message, span, "names nothing");
            match nearest {
                // In quotes only where it was: a path without a `*` needs none.
                Some(nearest) if span.len() > path.len() => {
                    diagnostic.fix(format!("did you mean `{nearest}`?"), span, format!("\"{nearest}\""))
                }
                nearest => suggest(diagnostic, span, nearest.as_ref(), known, "paths"),
            }
        }
        Mistake::Conflict { first, second, first_span, removed } => {
            let message = format!("`{first}` and `{second}` both say how long to train");
            Diagnostic::new(Code::E0611, message, span, "either this")
                .label(*first_span, "or this")
                .fix(format!("keep `{first}`, remove `{second}`"), *removed, "")
                .help("an epoch sees every example once, a step one batch: keep the one that you mean")
        }
        Mistake::LossOperands { callee, instead } => {
            let message = format!("`{callee}` does not say what it compares");
            let diagnostic = Diagnostic::new(Code::E0605, message, span, "a loss is given a prediction and a target");
            match instead {
                Some(instead) => diagnostic.fix(format!("write `{instead}`"), span, instead.as_str()),
                None => diagnostic.help(format!("name them: `{callee}(output, field)`")),
            }
        }
        Mistake::ScheduleOutlasts { part, begins, ends, steps } => {
            let (message, label) = match begins {
                Some(begins) => (
                    format!("`{part}` would begin at step {}, but training ends with step {steps}", begins + 1),
                    "never begins",
                ),
                None => (format!("this warmup lasts {ends} steps, but training only {steps}"), "never comes to `lr`"),
            };
            Diagnostic::new(Code::L0102, message, span, label)
                .help("make what comes before it shorter, or train for longer")
        }
        Mistake::ScheduleLength { schedule } => {
            let message = format!("`{schedule}` must say how long it lasts, for another part follows");
            Diagnostic::new(Code::E0612, message, span, "how long?").help(format!(
                "add `over:`, for example `{schedule}(…, over: 5 epochs)`; only the last part fills what is left"
            ))
        }
        Mistake::NothingToTrain { reason } => {
            Diagnostic::new(Code::E0613, format!("there is nothing to train: {reason}"), span, reason.to_string())
        }
        Mistake::NotData { wanted, found } => {
            let diagnostic = Diagnostic::new(Code::E0540, format!("{wanted} is wanted here"), span, this_is(found));
            match (*wanted, found.as_str()) {
                ("a field", "a table") => {
                    diagnostic.help("columns make a field: `t.a` is one column, `t[a, b]` and `t[a .. b]` are several")
                }
                _ => diagnostic,
            }
        }
        Mistake::NotADataFunction { name, nearest, known } => {
            let message = format!("{} is not something that can be done to data", quote(name));
            let diagnostic = Diagnostic::new(Code::E0541, message, span, "not a data function");
            suggest(diagnostic, span, nearest.as_ref(), known, "what can be done to data")
        }
        Mistake::UnknownFact { name, split: Some(split), .. } => {
            let message = format!("of which split should this `{name}` be?");
            Diagnostic::new(Code::E0701, message, span, "a measure belongs to a split").fix(
                format!("write `{split}.{name}`"),
                span,
                format!("{split}.{name}"),
            )
        }
        Mistake::UnknownFact { name, nearest, known, split: None } => {
            let diagnostic =
                Diagnostic::new(Code::E0701, format!("`{name}` is nothing that can be expected"), span, "not known");
            suggest(diagnostic, span, nearest.as_ref(), known, "what can be expected")
        }
        Mistake::FactType { wanted, found } => {
            Diagnostic::new(Code::E0702, format!("{wanted} is wanted here"), span, this_is(found))
                .help("a fact compares: `test.accuracy >= 0.9`")
        }
        Mistake::ShareBeyondOne { measure, place, percent } => {
            let message = format!("`{measure}` is a share from 0 to 1, and never reaches this");
            let diagnostic = Diagnostic::new(Code::E0702, message, span, "more than 1").label(*place, "from 0 to 1");
            match percent {
                Some(percent) => diagnostic.fix(format!("in percent: `{percent}`"), span, percent.as_str()),
                None => diagnostic.help("1 is all of them; `95%` is 0.95"),
            }
        }
        Mistake::NoTrain => {
            let message = "nothing is trained in this file, so nothing can be expected of it";
            Diagnostic::new(Code::E0703, message, span, "of which training?").help("add a `train Model on data { … }`")
        }
        // The other families have said theirs.
        _ => Diagnostic::new(Code::E0211, "something is wrong here", span, "here"),
    }
}
