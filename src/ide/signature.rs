//! What a call takes, and which of it is being written.

use super::completion::Context;
use super::documentation;
use super::names::{DeclarationKind, Names};
use super::situation::{Around, Frame, Situation};
use crate::catalog::{Body, Default, Entry, ParamType, describe};
use crate::check::Checked;
use std::ops::Range;

/// The signature of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// `Dense(units, bias: true, init)`
    pub label: String,
    /// Markdown.
    pub documentation: String,
    /// Its parameters, in order.
    pub parameters: Vec<SignatureParameter>,
    /// The one that is being written; `None` where there is no such.
    pub active: Option<usize>,
}

/// A parameter of a signature.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureParameter {
    /// The bytes of the label that show it.
    pub label: Range<usize>,
    /// Markdown.
    pub documentation: String,
}

/// The signature of the innermost call around a byte of the checked file.
pub fn signature(
    checked: &Checked,
    names: &Names,
    earlier: Option<(&Checked, &Names)>,
    offset: usize,
) -> Option<Signature> {
    let text = &checked.sources.file(checked.file).text;
    let situation = Situation::at(text, offset);
    if situation.in_comment {
        return None;
    }
    let context = Context::new(checked, names, earlier, situation, offset);
    // A list within a call belongs to the call.
    let frames = context.situation.frames.iter().rev();
    let frame = frames
        .take_while(|f| {
            !matches!(f.around, Around::Item { .. } | Around::Body { .. } | Around::Settings | Around::Group)
        })
        .find(|f| matches!(&f.around, Around::Call { .. } | Around::Bindings))?;
    match &frame.around {
        Around::Call { callee, piped } => match context.entry_called(callee) {
            Some(entry) => Some(of_entry(entry, *piped, &context.situation, frame)),
            None => {
                let (names, block) = context.block_called(callee)?;
                Some(of_block(names, block, &context, frame))
            }
        },
        _ => of_bindings(&context, frame),
    }
}

/// A label being put together, with its parameters.
struct Label {
    text: String,
    parameters: Vec<SignatureParameter>,
}

impl Label {
    fn new(name: &str) -> Label {
        Label { text: format!("{name}("), parameters: Vec::new() }
    }

    fn add(&mut self, shown: &str, documentation: String) {
        if !self.parameters.is_empty() {
            self.text.push_str(", ");
        }
        let start = self.text.len();
        self.text.push_str(shown);
        self.parameters.push(SignatureParameter { label: start..self.text.len(), documentation });
    }
}

fn of_entry(entry: &'static Entry, piped: bool, situation: &Situation<'_>, frame: &Frame) -> Signature {
    let is_tensor = |ty: &ParamType| matches!(ty, ParamType::Tensor | ParamType::Tensors | ParamType::Table);
    let taken = if piped { entry.params.iter().position(|p| is_tensor(&p.ty)) } else { None };
    let params: Vec<_> = entry.params.iter().enumerate().filter(|(i, _)| taken != Some(*i)).map(|(_, p)| p).collect();
    let mut label = Label::new(entry.name);
    for param in &params {
        let shown = match param.default {
            Default::Required => format!("{}: {}", param.name, describe(&param.ty)),
            Default::Value("none") => format!("{}?: {}", param.name, describe(&param.ty)),
            Default::Value(value) => format!("{}: {} = {value}", param.name, describe(&param.ty)),
        };
        label.add(&shown, param.doc.to_owned());
    }
    label.text.push(')');
    if let Body::Layer { inputs, .. } = entry.body {
        label.text.push_str(&format!("({})", inputs.join(", ")));
    }
    let names: Vec<&str> = params.iter().map(|p| p.name).collect();
    let active = active(&names, situation, frame);
    let documentation = format!("{}\n", entry.summary);
    Signature { label: label.text, documentation, parameters: label.parameters, active }
}

fn of_block(names: &Names, block: usize, context: &Context<'_>, frame: &Frame) -> Signature {
    let declaration = names.declaration(block);
    let members = |kind: DeclarationKind| names.members(block).map(|(_, d)| d).filter(move |d| d.kind == kind);
    let mut kind = DeclarationKind::HyperParameter;
    if members(kind).next().is_none() {
        kind = DeclarationKind::Input;
    }
    let mut label = Label::new(&declaration.name);
    let mut parameter_names = Vec::new();
    for member in members(kind) {
        let shown = context.text_of(member.whole);
        label.add(if shown.is_empty() { &member.name } else { &shown }, String::new());
        parameter_names.push(&*member.name);
    }
    label.text.push(')');
    if kind == DeclarationKind::HyperParameter {
        let inputs: Vec<String> = members(DeclarationKind::Input).map(|d| context.text_of(d.whole)).collect();
        label.text.push_str(&format!("({})", inputs.join(", ")));
    }
    let active = active(&parameter_names, &context.situation, frame);
    let documentation = documentation::of_declaration(declaration, &context.checked.sources);
    Signature { label: label.text, documentation, parameters: label.parameters, active }
}

/// `train M(input: field)`
fn of_bindings(context: &Context<'_>, frame: &Frame) -> Option<Signature> {
    let (model, _) = context.pair();
    let model = model?;
    let (names, id, declaration) =
        context.items().into_iter().find(|(_, _, d)| d.kind == DeclarationKind::Model && &*d.name == model)?;
    let mut label = Label::new(model);
    let mut parameter_names = Vec::new();
    for (_, input) in names.members(id).filter(|(_, d)| d.kind == DeclarationKind::Input) {
        label.add(&context.text_of(input.whole), "the data field for this input".to_owned());
        parameter_names.push(&*input.name);
    }
    label.text.push(')');
    let active = active(&parameter_names, &context.situation, frame);
    let documentation = documentation::of_declaration(declaration, &context.checked.sources);
    Some(Signature { label: label.text, documentation, parameters: label.parameters, active })
}

/// The parameter at the cursor, by its name or by its position.
fn active(names: &[&str], situation: &Situation<'_>, frame: &Frame) -> Option<usize> {
    if let Some(name) = situation.argument_name(frame) {
        return names.iter().position(|n| *n == name);
    }
    let before = situation.arguments(frame);
    let position = before.iter().filter(|n| n.is_none()).count();
    if before.iter().any(Option::is_some) {
        // Behind a named argument, the first that is not given.
        return (position..names.len()).find(|i| names.get(*i).is_some_and(|n| !before.contains(&Some(n))));
    }
    (position < names.len()).then_some(position)
}
