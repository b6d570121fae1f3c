//! `causal(output, input)` in `expect`.

use super::checker::Checker;
use super::mistake::Mistake;
use super::program::{FactExpr, Port, Train};
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{Arg, ExprKind};
use std::sync::Arc;

/// The parameters, and what they are called in messages.
const PARAMETERS: [(&str, &str); 2] = [("output", "an output of the model"), ("input", "an input of the model")];

impl Checker<'_> {
    /// An output and an input of a model, which have as many positions.
    pub fn causal_fact(
        &mut self,
        args: &[Arg],
        span: Span,
        trains: &[Train],
        about: &Option<usize>,
    ) -> Option<(FactExpr, super::facts::Sort)> {
        let train = trains.get(about.unwrap_or(trains.len().saturating_sub(1)))?;
        let known: Vec<String> = PARAMETERS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let callee = || "causal".to_owned();
        let mut given: [Option<&Arg>; 2] = [None, None];
        for (position, arg) in args.iter().enumerate() {
            let at = match &arg.name {
                None => position,
                Some(name) => match PARAMETERS.iter().position(|(known, _)| **known == *name.name) {
                    Some(at) => at,
                    None => {
                        let nearest = nearest(&name.name, known.iter().map(String::as_str)).map(str::to_owned);
                        let name_span = name.span;
                        let name = name.name.clone();
                        self.mistake(name_span, &Mistake::UnknownArgument { callee: callee(), name, nearest, known });
                        return None;
                    }
                },
            };
            match given.get_mut(at) {
                Some(slot) => *slot = Some(arg),
                None => {
                    let mistake = Mistake::TooManyArguments { callee: callee(), takes: 2, given: args.len(), known };
                    self.mistake(span, &mistake);
                    return None;
                }
            }
        }
        let inputs = self.model_inputs.get(train.model).cloned().unwrap_or_default();
        let output = self.port(given[0], 0, span, &train.evaluation.outputs)?;
        let input = self.port(given[1], 1, span, &inputs)?;
        if output.shape.is_empty() || output.shape.first() != input.shape.first() {
            let wanted = match input.shape.first() {
                Some(positions) => format!("an output whose first axis is that of `{}`, {positions}", input.name),
                None => format!("an input with positions; `{}` has none, and", input.name),
            };
            let found = crate::build::show_type(&output.kind, &output.shape);
            self.mistake(given[0].map_or(span, |arg| arg.value.span), &Mistake::Type { wanted, found });
            return None;
        }
        let names = (output.name.clone(), input.name.clone());
        Some((FactExpr::Causal { output: names.0, input: names.1 }, super::facts::Sort::Truth))
    }

    fn port(&mut self, given: Option<&Arg>, parameter: usize, span: Span, ports: &[Port]) -> Option<Port> {
        let (param, wanted) = PARAMETERS[parameter];
        let Some(arg) = given else {
            let (callee, doc) = ("causal".to_owned(), wanted.to_owned());
            self.mistake(span, &Mistake::MissingArgument { callee, param: param.to_owned(), doc });
            return None;
        };
        let ExprKind::Name(name) = &arg.value.kind else {
            let (wanted, found) = (wanted.to_owned(), "something else".to_owned());
            self.mistake(arg.value.span, &Mistake::Type { wanted, found });
            return None;
        };
        if let Some(port) = ports.iter().find(|port| port.name == *name) {
            return Some(port.clone());
        }
        let known: Vec<String> = ports.iter().map(|port| port.name.to_string()).collect();
        let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
        let name: Arc<str> = name.clone();
        self.mistake(arg.value.span, &Mistake::UnknownName { name, wanted: param, nearest, known, unnamed: None });
        None
    }
}
