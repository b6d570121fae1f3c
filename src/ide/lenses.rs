//! Lines above items: what to run, what a model costs.

use super::amounts::{before_unit, bytes, counted};
use super::costs;
use crate::check::{Checked, Model};
use crate::source::Span;
use crate::syntax::ast::ItemKind;

/// A line above an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    /// The name of the item.
    pub span: Span,
    /// What it says.
    pub text: String,
    /// What a click does.
    pub action: LensAction,
}

/// What a click does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LensAction {
    /// Runs what trains this model; the whole file where none is named.
    Run(Option<String>),
    /// Shows the graph of this model.
    ShowGraph(String),
}

/// Every lens of a file, in order. A train is there to be run also where the file has mistakes: running it says which.
pub fn lenses(checked: &Checked) -> Vec<Lens> {
    let mut lenses = Vec::new();
    let trains = checked.ast.items.iter().filter(|item| matches!(item.kind, ItemKind::Train(_))).count();
    for item in &checked.ast.items {
        match &item.kind {
            ItemKind::Train(train) => {
                let Some(name) = train.model.last() else { continue };
                let mut run = |text: &str, name: Option<String>, span: Span| {
                    lenses.push(Lens { span, text: text.to_owned(), action: LensAction::Run(name) });
                };
                if trains == 1 {
                    run("▶ Run", None, name.span);
                    continue;
                }
                run("▶ Run", Some(name.name.to_string()), name.span);
                // The trains of a file belong together: the first offers them all.
                if lenses.iter().filter(|lens| matches!(lens.action, LensAction::Run(_))).count() == 1 {
                    let action = LensAction::Run(None);
                    lenses.push(Lens { span: name.span, text: "▶ Run all".to_owned(), action });
                }
            }
            ItemKind::Model(function) => {
                let Some(model) = checked.program.models.iter().find(|m| m.span == function.name.span) else {
                    continue;
                };
                let action = LensAction::ShowGraph(function.name.name.to_string());
                lenses.push(Lens { span: function.name.span, text: cost(model), action });
            }
            _ => {}
        }
    }
    lenses
}

/// `131 parameters · 524 B · 1.0 kFLOP`; the FLOPs are those of one example.
fn cost(model: &Model) -> String {
    let Some(parameters) = costs::parameters(model) else { return "sizes are open".to_owned() };
    let mut parts = vec![counted(parameters, "parameter")];
    parts.extend(costs::weight_bytes(model).map(bytes));
    parts.extend(costs::flops(model).map(|flops| format!("{}FLOP", before_unit(flops as f64))));
    parts.join(" · ")
}
