//! Settings that train or measure something else than was probably wanted.

use super::Subject;
use crate::catalog::{Args, Body, Entry, EntryKind, rate};
use crate::check::program::Train;
use crate::data::{Split, class_counts};
use crate::diagnostics::{Code, Diagnostic};

/// How far beyond the usual a learning rate may be before it is told.
const FAR: f64 = 10.0;

/// From which share of the largest class on accuracy says little.
const LARGE_SHARE: f64 = 0.8;

pub(super) fn training(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for (train, _) in subject.trains() {
        let optimizer = &train.settings.optimizer;
        learning_rate(optimizer.entry, &optimizer.args, false, tell);
        for group in &train.settings.groups {
            learning_rate(optimizer.entry, &group.args, true, tell);
        }
        accuracy_alone(subject, train, tell);
    }
}

/// A group may well hold its weights nearly still.
fn learning_rate(optimizer: &Entry, args: &Args, is_of_group: bool, tell: &mut dyn FnMut(Diagnostic)) {
    let Body::Optimizer(definition) = &optimizer.body else { return };
    let Some(span) = args.span("lr") else { return };
    let ((low, high), lr) = (definition.usual_lr, args.number("lr"));
    let name = optimizer.name;
    // 0.1 / 10 is not 0.01 in binary.
    let slack = 1.0 + 1e-9;
    let (how, what) = if lr > high * FAR * slack {
        ("far above", "steps so long jump over what they look for; the loss often grows until it is not a number")
    } else if lr * FAR * slack < low && !is_of_group {
        ("far below", "steps so short hardly change the weights")
    } else {
        return;
    };
    let message = format!("a learning rate of {} is {how} the usual for {name}", rate(lr));
    tell(Diagnostic::new(Code::L0116, message, span, format!("usual are {} to {}", rate(low), rate(high))).note(what));
}

/// Where nearly all examples are of one class, always answering it has a high accuracy.
fn accuracy_alone(subject: &Subject<'_>, train: &Train, tell: &mut dyn FnMut(Diagnostic)) {
    let metrics = &train.evaluation.metrics;
    let of_classes: Vec<_> = metrics.iter().filter(|m| is_of_classes(m.entry.name)).collect();
    let [accuracy] = of_classes.as_slice() else { return };
    if accuracy.entry.name != "accuracy" {
        return;
    }
    let (Some(field), Some(block)) = (&accuracy.target_field, subject.data_of(train)) else { return };
    let ty = block.description.field(field);
    let Some(counts) = ty.and_then(|ty| class_counts(&block.plan, field, ty)) else { return };
    let measured = [Split::Test, Split::Validation, Split::Train].into_iter().find(|s| counts.total(*s) > 0);
    let Some(split) = measured else { return };
    let Some((class, count)) = counts.largest(split) else { return };
    let share = count as f64 / counts.total(split) as f64;
    if share < LARGE_SHARE || count == counts.total(split) {
        return;
    }
    let percent = (share * 1000.0).floor() / 10.0;
    let message = format!("accuracy says little here: always answering `{class}` has an accuracy of {percent} %");
    let at = block.plan.field(field).map_or(accuracy.span, |f| f.span);
    let mut diagnostic = Diagnostic::new(Code::L0117, message, accuracy.span, "the only measure of the classes")
        .label(at, format!("{count} of {} {} examples are `{class}`", counts.total(split), split.name()));
    diagnostic = match counts.names.len() {
        2 => diagnostic.help("`auroc` does not depend on how many there are of each; `f1` is that of class 1"),
        _ => diagnostic.help("`f1` weighs every class alike, `confusion` shows them all"),
    };
    tell(diagnostic.fix("measure `f1`, too", accuracy.span.end_point(), ", f1"));
}

/// Whether a metric looks at classes at all.
fn is_of_classes(name: &str) -> bool {
    const OF_CLASSES: [&str; 8] = ["accuracy", "precision", "recall", "f1", "confusion", "auroc", "mcc", "pr_auc"];
    debug_assert!(OF_CLASSES.iter().all(|name| crate::catalog::find(name, &[EntryKind::Metric]).is_some()));
    OF_CLASSES.contains(&name)
}
