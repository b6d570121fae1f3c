//! What a train watches: `stop: patience(…)`, `keep: best(…)`, and the measures in them.

use super::checker::Checker;
use super::mistake::Mistake;
use super::program::{Forward, Measure};
use super::train::Pairing;
use super::value::{Frame, Value};
use crate::catalog::{Body, Duration};
use crate::data::Split;
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

impl Checker<'_> {
    /// `patience(validation.loss, 10 epochs)`
    pub fn patience(
        &mut self,
        expr: &Expr,
        pairing: Option<&Pairing>,
        evaluation: Option<&Forward>,
        frame: &mut Frame,
    ) -> Option<(Measure, Duration)> {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && let (ExprKind::Name(name), [measure, duration]) = (&callee.kind, args.as_slice())
            && &**name == "patience"
        {
            let measure = self.measure(&measure.value, pairing.map(|p| p.data), evaluation);
            let duration = match self.expression(&duration.value, frame) {
                Value::Duration(d) => Some(d),
                other => {
                    let wanted = "a duration such as `10 epochs`";
                    self.wrong_setting("stop", duration.value.span, wanted, &other)
                }
            };
            return Some((measure?, duration?));
        }
        self.wrong_form("stop", expr, "`patience(validation.loss, 10 epochs)`", &["patience"])
    }

    /// `best(validation.loss)`
    pub fn keep(&mut self, expr: &Expr, pairing: Option<&Pairing>, evaluation: Option<&Forward>) -> Option<Measure> {
        if let ExprKind::Call { callee, args, .. } = &expr.kind
            && let (ExprKind::Name(name), [measure]) = (&callee.kind, args.as_slice())
            && &**name == "best"
        {
            return self.measure(&measure.value, pairing.map(|p| p.data), evaluation);
        }
        self.wrong_form("keep", expr, "`best(validation.loss)`", &["best"])
    }

    /// `validation.loss`, of a train on the data with this index.
    pub fn measure(&mut self, expr: &Expr, data: Option<usize>, evaluation: Option<&Forward>) -> Option<Measure> {
        let ExprKind::Field { base, name } = &expr.kind else {
            if !matches!(expr.kind, ExprKind::Error) {
                let wanted = "a measure such as `validation.loss`".to_owned();
                self.mistake(expr.span, &Mistake::Type { wanted, found: "something else".into() });
            }
            return None;
        };
        let ExprKind::Name(split_name) = &base.kind else {
            let wanted = "`train` or `validation` before the dot".to_owned();
            self.mistake(base.span, &Mistake::Type { wanted, found: "something else".into() });
            return None;
        };
        let split = match &**split_name {
            "train" => Split::Train,
            "validation" => Split::Validation,
            "test" => {
                let wanted = "`train` or `validation` (the test split is used once, at the end)".to_owned();
                self.mistake(base.span, &Mistake::Type { wanted, found: "`test`".into() });
                return None;
            }
            other => {
                let known = ["train", "validation"];
                let mistake = Mistake::UnknownName {
                    name: split_name.clone(),
                    wanted: "split",
                    nearest: nearest(other, known).map(str::to_owned),
                    known: known.map(str::to_owned).to_vec(),
                    unnamed: None,
                };
                self.mistake(base.span, &mistake);
                return None;
            }
        };
        self.has_split(split, base.span, data?)?;
        let evaluation = evaluation?;
        if &*name.name == "loss" {
            return Some(Measure { split, metric: "loss".into(), higher_is_better: false, span: expr.span });
        }
        let Some(metric) = evaluation.metrics.iter().find(|m| m.name == name.name) else {
            let known: Vec<String> = std::iter::once("loss".to_owned())
                .chain(evaluation.metrics.iter().map(|m| m.name.to_string()))
                .collect();
            let near = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
            self.mistake(name.span, &Mistake::UnknownMeasure { name: name.name.to_string(), nearest: near, known });
            return None;
        };
        let higher_is_better = matches!(&metric.entry.body, Body::Metric(m) if m.higher_is_better);
        Some(Measure { split, metric: metric.name.clone(), higher_is_better, span: expr.span })
    }

    /// Tells where a split does not exist.
    pub fn has_split(&mut self, split: Split, span: Span, data: usize) -> Option<()> {
        let block = self.data.get(data)?;
        // Where nothing is known of the splits or their sizes, something else has been told.
        if !block.split_is_known {
            return None;
        }
        if block.description.examples.is_some() && block.description.examples(split).is_none() {
            let (split, data) = (split.name().to_owned(), block.name.clone());
            self.mistake(span, &Mistake::NoSplit { split, data });
            return None;
        }
        Some(())
    }
}
