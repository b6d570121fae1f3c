//! Text of a trained model: the next token drawn from what it predicts, again and again.
//!
//! Where the model works along its sequence and only attention looks back, each token costs one position: the keys and
//! values of those before are kept ([`stepwise`]). Otherwise, and once the text is longer than what the model reads at
//! once, the last tokens that fit are computed again each time.

use super::error::{ReopenError, RunError};
use super::feeding::Draw;
use super::next_token::Choice;
use super::predict::chosen_train;
use super::reopen::open;
use super::tokens::Tokens;
use crate::build::Kind;
use crate::check::Train;
use crate::compile::{measurement, prediction_graph};
use crate::ir::dim::VarKind;
use crate::ir::graph::{Graph, InputKind};
use crate::ir::op::InputId;
use crate::optimize::{POSITION, Sequence, stepwise};
use crate::runtime::{Binding, Element, Executable, Feed, Session, States};
use std::path::Path;
use std::sync::Arc;

/// What to write.
#[derive(Debug, Clone)]
pub struct GenerateOptions {
    /// The model, where the run has several.
    pub model: Option<String>,
    /// How many tokens.
    pub tokens: usize,
    /// What the text begins with.
    pub prompt: String,
    /// What the logits are divided by: below 1 likely tokens become likelier, 0 takes the likeliest.
    pub temperature: f64,
    /// From how many of the likeliest tokens one is drawn; all where it is left out.
    pub top_k: Option<usize>,
    /// Of the draws.
    pub seed: u64,
    /// Workers.
    pub threads: usize,
}

/// Why a model cannot write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotGenerate {
    /// It does not read a sequence of classes and predict one of them.
    NoTokens {
        /// Of the model.
        model: Arc<str>,
    },
    /// Nothing to begin with.
    NoPrompt,
    /// A part of the prompt that the model has no class for.
    UnknownToken {
        /// The part.
        token: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The model reads so many tokens at once, and cannot do with fewer.
    ShortPrompt {
        /// How many it reads.
        wanted: usize,
        /// How many the prompt has.
        found: usize,
    },
}

impl CannotGenerate {
    /// What is wrong.
    pub(super) fn message(&self) -> String {
        match self {
            CannotGenerate::NoTokens { model } => {
                format!(
                    "{model} cannot write: it does not read one sequence of classes and predict one at each position, or one"
                )
            }
            CannotGenerate::NoPrompt => "there is no prompt for the text to begin with".to_owned(),
            CannotGenerate::UnknownToken { token, .. } => {
                format!("the model does not know {token:?} of the prompt: it is not in the data that it was trained on")
            }
            CannotGenerate::ShortPrompt { wanted, found } => {
                format!("the model reads {wanted} tokens at once, and the prompt has {found}")
            }
        }
    }

    /// What to do.
    pub(super) fn help(&self) -> Vec<String> {
        match self {
            CannotGenerate::NoTokens { .. } => {
                let input = "its input is one field such as `chars: class(V)[T]`";
                let shifted = "a model that cuts its own input, `chars[.. -1]`, has `[T - 1, V]`: take two fields instead, as \
                               `field chars = lines |> characters(start: true)` and \
                               `field next = lines |> characters(end: true, like: chars)` give them";
                vec![
                    format!("{input}, its output `[T, V]` or `[V]`, held against a class by cross_entropy"),
                    shifted.to_owned(),
                ]
            }
            CannotGenerate::NoPrompt => vec!["begin it: --prompt \"Once upon a time\"".to_owned()],
            CannotGenerate::UnknownToken { known, .. } => {
                let shown: Vec<String> = known.iter().take(100).map(|name| name.escape_debug().to_string()).collect();
                let more = known.len().saturating_sub(shown.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let single = known.iter().all(|name| name.chars().count() == 1);
                vec![format!("it knows {}{more}", shown.join(if single { "" } else { " " }))]
            }
            CannotGenerate::ShortPrompt { .. } => {
                vec!["give it a longer prompt, or predict at each position of a causal model, `-> [T, V]`".to_owned()]
            }
        }
    }
}

/// Writes a text: the prompt and what follows it.
pub fn generate(run: &Path, options: &GenerateOptions) -> Result<String, ReopenError> {
    let (opened, checked) = open(run)?;
    let write = || {
        let train = chosen_train(&opened, &checked, options.model.as_deref())?;
        let fitted = opened.fitted(&checked, train)?;
        let no_tokens = || RunError::Generate(CannotGenerate::NoTokens { model: train.name.clone() });
        let model = TextModel::of(train).ok_or_else(no_tokens)?;
        let names = fitted.fields.get(&model.field).and_then(|field| field.classes.clone());
        let vocabulary = Tokens::new(names.ok_or_else(no_tokens)?);
        let mut tokens = vocabulary.tokens(&options.prompt)?;
        let mut generator: Generator<f32> = Generator::new(model, opened.states(&checked, train)?, options.threads)?;
        let mut choice = Choice::new(options.temperature, options.top_k, options.seed);
        for _ in 0..options.tokens {
            let logits = generator.next(&tokens)?;
            let token = choice.draw(&logits);
            if vocabulary.ends_at(token) {
                break;
            }
            tokens.push(token);
        }
        Ok(vocabulary.text(&tokens))
    };
    write().map_err(|error| ReopenError { error, sources: checked.sources.clone() })
}

/// A model that reads a sequence of classes and says which comes next.
pub(super) struct TextModel {
    graph: Graph,
    /// The data field that it reads.
    field: String,
    input: InputId,
    /// The variable of the positions, where their number is open.
    ragged: Option<u32>,
    /// How many positions it reads; the longest of the data where that is open.
    context: usize,
    /// The classes.
    classes: usize,
    /// Whether it predicts at each position, and not once.
    each: bool,
    /// Its outputs are probabilities and not logarithms of them.
    probabilities: bool,
}

impl TextModel {
    /// The model of a train, if it is one.
    pub(super) fn of(train: &Train) -> Option<TextModel> {
        let whole = prediction_graph(train);
        let fields: Vec<usize> =
            (0..whole.inputs.len()).filter(|i| whole.inputs[*i].kind == InputKind::Field).collect();
        let [input] = fields[..] else { return None };
        let of = whole.inputs.get(input)?;
        let [_, positions] = of.shape.as_slice() else { return None };
        let variable = positions.as_var().filter(|v| v.kind == VarKind::Ragged).map(|v| v.id);
        let longest = variable.and_then(|id| train.longest.iter().find(|(of, _)| *of == id)).map(|(_, n)| *n);
        let context = positions.as_constant().and_then(|n| usize::try_from(n).ok()).or(longest)?;
        let outputs = &train.evaluation.outputs;
        let (at, port, each) = outputs.iter().enumerate().find_map(|(at, port)| match port.shape.as_slice() {
            [along, _] if along == positions => Some((at, port, true)),
            [_] => Some((at, port, false)),
            _ => None,
        })?;
        let classes = port.shape.last()?.as_constant().and_then(|n| usize::try_from(n).ok())?;
        let predicts = train.fits.iter().any(|fit| fit.output == port.name && fit.loss.name == "cross_entropy");
        if !matches!(port.kind, Kind::Float) || !predicts {
            return None;
        }
        let mut graph = whole.clone();
        graph.outputs = vec![whole.outputs.get(at)?.clone()];
        Some(TextModel {
            field: of.name.to_string(),
            input: InputId(input as u32),
            ragged: variable,
            context,
            classes,
            each,
            probabilities: port.role == crate::build::Role::Probabilities,
            graph,
        })
    }
}

/// Says what comes next.
pub(super) struct Generator<E> {
    model: TextModel,
    /// Computes all positions.
    whole: Executable<E>,
    whole_session: Session<E>,
    /// Whether behind the text anything may stand, as no position looks there.
    is_causal: bool,
    /// Computes one, where that is possible, with what it keeps.
    one: Option<(Executable<E>, Session<E>)>,
    /// Tokens that have gone through it.
    done: Vec<usize>,
    last: Vec<f64>,
}

impl<E: Element> Generator<E> {
    /// With the weights of a run.
    pub(super) fn new(model: TextModel, states: States<E>, threads: usize) -> Result<Generator<E>, RunError> {
        let context = model.context as i64;
        let sequence = Sequence::new(&model.graph, model.input, &|_| Some(context));
        let node = model.graph.outputs.first().map(|o| o.node);
        let along = sequence.as_ref().zip(node).is_some_and(|(s, node)| s.is_causal(node) == Some(true));
        let one = match sequence.as_ref().filter(|_| model.each).and_then(stepwise) {
            None => None,
            Some(graph) => {
                let mut states = states.clone();
                states.add(&graph).map_err(RunError::plan)?;
                Some((measurement(graph, &states)?, Session::new(states, threads)))
            }
        };
        let whole = measurement(model.graph.clone(), &states)?;
        let whole_session = Session::new(states, threads);
        let is_causal = along && model.each;
        Ok(Generator { model, whole, whole_session, is_causal, one, done: Vec::new(), last: Vec::new() })
    }

    /// The logits, or logarithms of probabilities, of the token behind these.
    pub(super) fn next(&mut self, tokens: &[usize]) -> Result<Vec<f64>, RunError> {
        if tokens.is_empty() {
            return Err(RunError::Generate(CannotGenerate::NoPrompt));
        }
        let numbers = if tokens.len() <= self.model.context && self.one.is_some() {
            self.step(tokens)?
        } else {
            self.again(tokens)?
        };
        Ok(match self.model.probabilities {
            true => numbers.into_iter().map(f64::ln).collect(),
            false => numbers,
        })
    }

    /// Position by position, those that have not been computed yet.
    fn step(&mut self, tokens: &[usize]) -> Result<Vec<f64>, RunError> {
        if !tokens.starts_with(&self.done) || tokens.len() == self.done.len() && self.last.is_empty() {
            self.done.clear();
        }
        let Some((executable, session)) = &mut self.one else { return Ok(Vec::new()) };
        let plan = executable.prepare(&Binding::batch(1)).map_err(RunError::plan)?;
        for (position, token) in tokens.iter().enumerate().skip(self.done.len()) {
            for input in 0..executable.graph().inputs.len() {
                let of = &executable.graph().inputs[input];
                let number = match of.kind {
                    InputKind::Field => *token as f64,
                    InputKind::Scalar if &*of.name == POSITION => position as f64,
                    InputKind::Scalar => 0.0,
                    InputKind::Lengths { .. } => self.model.context as f64,
                };
                executable.input_mut(plan, InputId(input as u32)).fill(E::from_f64(number));
            }
            executable.run(session, plan, &FEED);
            self.done.push(*token);
            self.last = executable.output(plan, 0).iter().map(|x| x.to_f64()).collect();
        }
        Ok(self.last.clone())
    }

    /// All positions that the model reads at once.
    fn again(&mut self, tokens: &[usize]) -> Result<Vec<f64>, RunError> {
        let (context, classes) = (self.model.context, self.model.classes);
        let window = &tokens[tokens.len().saturating_sub(context)..];
        let mut binding = Binding::batch(1);
        if let Some(variable) = self.model.ragged {
            binding = binding.with(variable, window.len());
        } else if window.len() < context && !self.is_causal {
            return Err(RunError::Generate(CannotGenerate::ShortPrompt { wanted: context, found: window.len() }));
        }
        let plan = self.whole.prepare(&binding).map_err(RunError::plan)?;
        for input in 0..self.whole.graph().inputs.len() {
            let kind = self.whole.graph().inputs[input].kind;
            let to = self.whole.input_mut(plan, InputId(input as u32));
            match kind {
                // What is behind the text is not looked at.
                InputKind::Field => {
                    to.fill(E::ZERO);
                    to.iter_mut().zip(window).for_each(|(to, token)| *to = E::from_f64(*token as f64));
                }
                InputKind::Scalar => to.fill(E::ZERO),
                InputKind::Lengths { .. } => to.fill(E::from_f64(window.len() as f64)),
            }
        }
        self.whole.run(&mut self.whole_session, plan, &FEED);
        let numbers = self.whole.output(plan, 0);
        let row = if self.model.each { window.len() - 1 } else { 0 };
        Ok(numbers.iter().skip(row * classes).take(classes).map(|x| x.to_f64()).collect())
    }
}

const FEED: Feed<'static> = Feed { seed: Draw::EVALUATION.seed, step: Draw::EVALUATION.step, examples: &[] };

#[cfg(test)]
mod tests {
    use super::{Generator, TextModel};
    use crate::check::{Overrides, check_text};
    use crate::runtime::{Element, States};
    use crate::train::gradient_check::fresh_states;
    use std::path::Path;

    /// A model of windows of five tokens out of seven.
    fn generator<E: Element>(signature: &str, body: &str) -> Generator<E> {
        let program = format!(
            "data d {{
  let t   = rows([[0, 1, 2, 3, 4, 5], [6, 5, 4, 3, 2, 1]], columns: [a, b, c, d, e, f])
  field x = t[a, b, c, d, e] |> classes(7)
  field y = t[b, c, d, e, f] |> classes(7)
  field z = t.f |> classes(7)
}}
model M(x: class(V)[T]) -> logits: {signature} {{ {body} }}
train M on d {{
  loss: cross_entropy(logits, {})
  optimizer: SGD(lr: 0.1)
  epochs: 1
}}
",
            if signature == "[V]" { "z" } else { "y" }
        );
        let checked = check_text(Path::new("test.nn"), &program, &Overrides::default());
        assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
        let train = &checked.program.trains[0];
        let model = TextModel::of(train).expect("a model of text");
        let fresh = fresh_states(&model.graph, 3).expect("states");
        let mut states = States::<E>::of(&model.graph).expect("states");
        for (entry, numbers) in fresh.iter() {
            let to = states.get_mut(&entry.path).expect("the same states");
            to.iter_mut().zip(numbers).for_each(|(to, x)| *to = E::from_f64(*x));
        }
        Generator::new(model, states, 1).expect("a generator")
    }

    /// With what was kept, and with everything computed again: the same logits, also once the window slides.
    fn compare<E: Element>(tolerance: f64) {
        let body = "x |> Embedding(8) |> Positions(max: T)
                      |> repeat 2 { residual { LayerNorm |> SelfAttention(2, causal: true) } } |> Dense(V)";
        let mut kept = generator::<E>("[T, V]", body);
        let mut again = generator::<E>("[T, V]", body);
        assert!(kept.one.is_some() && kept.is_causal);
        again.one = None;
        let tokens = [3, 0, 6, 6, 2, 5, 1, 4];
        for length in [2, 3, 4, 5, 6, 7, 8, 3] {
            let (k, a) = (kept.next(&tokens[..length]), again.next(&tokens[..length]));
            let (k, a) = (k.expect("logits"), a.expect("logits"));
            assert_eq!((k.len(), a.len()), (7, 7));
            for (k, a) in k.iter().zip(&a) {
                assert!((k - a).abs() < tolerance, "{k} and {a} behind {length} tokens");
            }
        }
    }

    #[test]
    fn what_is_kept_gives_what_is_computed_again() {
        compare::<f64>(1e-12);
        compare::<f32>(1e-5);
    }

    #[test]
    fn a_model_that_predicts_once_wants_its_whole_window() {
        let mut generator = generator::<f32>("[V]", "x |> Embedding(4) |> GRU(6, returns: final) |> Dense(V)");
        assert!(generator.one.is_none());
        let error = generator.next(&[1, 2]).expect_err("too short").to_string();
        assert!(error.contains("reads 5 tokens at once, and the prompt has 2"), "{error}");
        assert_eq!(generator.next(&[1, 2, 3, 4, 5, 6]).expect("logits").len(), 7);
    }
}
