//! The loss of a train: the names that it may use, its terms, what weighs them.

use super::checker::Checker;
use super::found_settings::Found;
use super::mistake::Mistake;
use super::names_in::find_uses;
use super::program::ClassWeights;
use super::train::Pairing;
use super::value::{Frame, Value};
use crate::build::{Kind, StateScope, Tensor};
use crate::catalog::{self, EntryKind};
use crate::data::FieldType;
use crate::ir::dim::Dim;
use crate::ir::graph::NodeId;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, StatementKind, Symbol};

impl Checker<'_> {
    /// The names that a loss may use: outputs, inputs, fields, and the `let`s of the train.
    pub fn loss_frame(
        &mut self,
        train: &ast::Train,
        pairing: &Pairing,
        outputs: &[(Symbol, Value)],
        fields: &[(Symbol, Value)],
        inputs: &[Value],
        found: &Found<'_>,
    ) -> Frame {
        let model_name = pairing.definition.function.name.name.clone();
        let data_name = self.data.get(pairing.data).map_or_else(|| Symbol::from(""), |b| b.name.clone());
        let mut frame = Frame::new(pairing.definition.module, StateScope::default());
        // Names are looked up in the file of the train, not in that of the model.
        frame.module = found.module;
        // Fields that nothing uses: never looked up, but what a misspelt name may mean.
        let all = self.data.get(pairing.data).map(|block| block.description.fields.clone()).unwrap_or_default();
        for (name, _) in all.iter().filter(|(name, _)| !fields.iter().any(|(used, _)| **used == **name)) {
            frame.bind(&Symbol::from(name.as_str()), Value::Unknown);
        }
        for (name, value) in fields {
            frame.bind(name, value.clone());
        }
        let mut model_values = Vec::new();
        for ((name, field), input) in pairing.fields.iter().zip(inputs) {
            model_values.push((name.clone(), input.clone()));
            let clash = name != field && fields.iter().any(|(f, _)| f == name);
            if clash {
                self.ambiguous(train, name, &model_name, &data_name);
            }
            frame.bind(name, input.clone());
        }
        for (name, value) in outputs {
            model_values.push((name.clone(), value.clone()));
            let taken = fields.iter().any(|(f, _)| f == name) || pairing.fields.iter().any(|(i, _)| i == name);
            if taken {
                self.ambiguous(train, name, &model_name, &data_name);
            }
            frame.bind(name, value.clone());
        }
        frame.bind(&model_name, Value::Record(model_name.clone(), model_values));
        if data_name != model_name {
            frame.bind(&data_name, Value::Record(data_name.clone(), fields.to_vec()));
        }
        for statement in &train.statements {
            if let StatementKind::Let(binding) = &statement.kind {
                self.let_statement(binding, &mut frame);
            }
        }
        frame
    }

    /// Tells every use of a name that stands for two things.
    fn ambiguous(&mut self, train: &ast::Train, name: &Symbol, model: &Symbol, data: &Symbol) {
        for span in find_uses(&train.statements, name) {
            let mistake = Mistake::Ambiguous { name: name.clone(), model: model.clone(), data: data.clone() };
            self.mistake(span, &mistake);
        }
    }

    /// The terms of the loss.
    pub fn loss(
        &mut self,
        found: &Found<'_>,
        frame: &mut Frame,
        fields: &[(Symbol, Option<FieldType>, Span)],
        class_weights: &mut Option<ClassWeights>,
    ) -> Option<Vec<(Option<Symbol>, Tensor)>> {
        let loss = found.setting("loss")?;
        let entries: Vec<(Option<Symbol>, &Expr)> = match &loss.kind {
            ExprKind::Record(entries) => entries
                .iter()
                .map(|e| match &e.key.kind {
                    ExprKind::Name(name) => (Some(name.clone()), &e.value),
                    _ => (Some("loss".into()), &e.value),
                })
                .collect(),
            _ => vec![(None, loss)],
        };
        let mut terms: Vec<(Option<Symbol>, Tensor)> = Vec::new();
        let mut is_fine = true;
        if let ExprKind::Record(entries) = &loss.kind {
            self.distinct_terms(entries, loss.span);
            if entries.is_empty() {
                self.mistake(loss.span, &Mistake::LossType { found: "a list of no terms".to_owned() });
                return None;
            }
        }
        for (name, expr) in entries {
            if let Some(mistake) = self.loss_by_name(expr, frame, fields) {
                self.mistake(expr.span, &mistake);
                is_fine = false;
                continue;
            }
            let value = self.expression(expr, frame);
            match self.loss_term(value, expr.span) {
                Some(tensor) => terms.push((name, tensor)),
                None => is_fine = false,
            }
        }
        if !is_fine {
            return None;
        }
        if let Some(setting) = found.setting("class_weights") {
            match &setting.kind {
                ExprKind::Name(word) if &**word == "balanced" => {}
                ExprKind::None => return Some(terms),
                ExprKind::Error => return None,
                _ => return self.wrong_form("class_weights", setting, "`balanced` or `none`", &["balanced", "none"]),
            }
            let known = class_weights.as_ref().map(|w| w.node);
            let weighed = self.balance(loss, setting.span, frame, fields, &mut terms, known)?;
            *class_weights = Some(weighed);
        }
        Some(terms)
    }

    /// A loss that is only named, `cross_entropy` or `"mse"`: what it would compare.
    fn loss_by_name(
        &self,
        expr: &Expr,
        frame: &Frame,
        fields: &[(Symbol, Option<FieldType>, Span)],
    ) -> Option<Mistake> {
        let name = match &expr.unparenthesized().kind {
            ExprKind::String(text) => text.as_str(),
            ExprKind::Name(name) if frame.lookup(name).is_none() => name,
            ExprKind::Call { callee, args, .. } if args.is_empty() => match &callee.kind {
                ExprKind::Name(name) if frame.lookup(name).is_none() => name,
                _ => return None,
            },
            _ => return None,
        };
        let elsewhere = || catalog::find_elsewhere(name).map(|(e, _)| e).filter(|e| e.kind() == EntryKind::Loss);
        let found = catalog::find(name, &[EntryKind::Loss]);
        let is_text = matches!(expr.kind, ExprKind::String(_));
        let entry = if is_text { found.or_else(elsewhere)? } else { found? };
        let model = frame.bindings.iter().find_map(|b| match &b.value {
            Value::Record(name, values) => Some((name, values)),
            _ => None,
        });
        let outputs: Vec<&Symbol> = model
            .iter()
            .flat_map(|(_, values)| values.iter())
            .map(|(name, _)| name)
            .filter(|name| !fields.iter().any(|(f, ..)| f == *name))
            .collect();
        let inputs: Vec<&Symbol> = model.iter().flat_map(|(_, values)| values.iter()).map(|(name, _)| name).collect();
        let targets: Vec<&Symbol> = fields.iter().map(|(f, ..)| f).filter(|f| !inputs.contains(f)).collect();
        let instead = match (outputs.as_slice(), targets.as_slice()) {
            ([output], [target]) => Some(format!("{}({output}, {target})", entry.name)),
            _ => None,
        };
        Some(Mistake::LossOperands { callee: entry.name, instead })
    }

    /// Each term of a loss is logged under a name of its own.
    fn distinct_terms(&mut self, entries: &[ast::RecordEntry], sum: Span) {
        let mut seen: Vec<(&Symbol, Span)> = Vec::new();
        for entry in entries {
            let ExprKind::Name(name) = &entry.key.kind else { continue };
            match seen.iter().find(|(n, _)| *n == name) {
                Some((_, first)) => {
                    let mistake = Mistake::Duplicate { name: name.clone(), what: "term", first: *first };
                    self.mistake(entry.key.span, &mistake);
                }
                // Their sum has that name.
                None if &**name == "loss" => {
                    let mistake = Mistake::Duplicate { name: name.clone(), what: "measure", first: sum };
                    self.mistake(entry.key.span, &mistake);
                }
                None => seen.push((name, entry.key.span)),
            }
        }
    }

    fn loss_term(&mut self, value: Value, span: Span) -> Option<Tensor> {
        match value {
            Value::Unknown => None,
            Value::Tensor(t) if t.shape.is_empty() => Some(t),
            Value::Number(_) => {
                self.mistake(
                    span,
                    &Mistake::NothingToTrain { reason: "this loss is the same whatever the weights are" },
                );
                None
            }
            other => {
                self.mistake(span, &Mistake::LossType { found: other.describe() });
                None
            }
        }
    }

    /// `class_weights: balanced`: weighs each example by the class of the loss's target.
    fn balance(
        &mut self,
        loss: &Expr,
        at: Span,
        frame: &mut Frame,
        fields: &[(Symbol, Option<FieldType>, Span)],
        terms: &mut [(Option<Symbol>, Tensor)],
        known: Option<NodeId>,
    ) -> Option<ClassWeights> {
        let calls = self.loss_calls(loss, frame);
        let targets: Vec<&Expr> = calls.iter().map(|c| c.target).collect();
        let mut chosen = None;
        for target in targets {
            if let (ExprKind::Name(name), Value::Tensor(t)) = (&target.kind, self.expression(target, frame))
                && let (Kind::Class { count, .. }, []) = (&t.kind, t.shape.as_slice())
                && fields.iter().any(|(f, ..)| f == name)
            {
                chosen = Some((name.clone(), t.clone(), count.as_constant().unwrap_or(1).max(1) as usize));
                break;
            }
        }
        let Some((field, target, classes)) = chosen else {
            let wanted = "a loss whose target is a data field of classes".to_owned();
            let found = "another target".to_owned();
            self.mistake(at, &Mistake::SettingType { setting: "class_weights: balanced".into(), wanted, found });
            return None;
        };
        self.builder.span = at;
        // The loss for the partners of `mixup` is weighed by the same numbers.
        let weights = match known {
            Some(node) => self.builder.tensor(node, vec![Dim::from(classes)], false),
            None => self.builder.literal(&[classes], vec![1.0; classes]),
        };
        let node = weights.node;
        let weight = self.builder.gather_rows(&weights, &target).ok()?;
        let normalizer = self.builder.normalizer(&weight).ok()?;
        let share = self.builder.divide(&weight, &normalizer).ok()?;
        for (_, term) in terms {
            *term = self.builder.multiply(term, &share).ok()?;
        }
        Some(ClassWeights { node, field, classes })
    }
}
