//! How names are written: blocks and models as `CamelCase`, everything else as `snake_case`.
//!
//! A single capital passes anywhere, with its index: formulas have their own tradition. Scripts without capitals know no difference.

use super::Subject;
use super::statements::{sequences, types};
use crate::diagnostics::{Code, Diagnostic};
use crate::syntax::ast::{self, ExprKind, Ident, ItemKind, Outputs, Pattern, StatementKind, TypeExprKind};

pub(super) fn conventions(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for item in &subject.ast.items {
        match &item.kind {
            ItemKind::Hyper(hyper) => snake(&hyper.name, "a hyper", tell),
            ItemKind::Data(data) => snake(&data.name, "a data block", tell),
            ItemKind::Let(ast::Let { pattern, .. }) => names_of(pattern).for_each(|name| snake(name, "a value", tell)),
            ItemKind::Import(import) => import.alias.iter().for_each(|alias| snake(alias, "an import", tell)),
            ItemKind::Block(function) => {
                camel(&function.name, "a block", tell);
                signature(subject, function, tell);
            }
            ItemKind::Model(function) => {
                camel(&function.name, "a model", tell);
                signature(subject, function, tell);
            }
            ItemKind::Train(_) | ItemKind::Expect(_) | ItemKind::Sweep(_) | ItemKind::Error => {}
        }
    }
    sequences(subject.ast, &mut |sequence| {
        for statement in sequence.statements {
            match &statement.kind {
                StatementKind::Let(binding) => {
                    names_of(&binding.pattern).for_each(|name| snake(name, "a value", tell));
                }
                StatementKind::Weight(weight) => snake(&weight.name, "a weight", tell),
                StatementKind::Constant(constant) => snake(&constant.name, "a constant", tell),
                StatementKind::Field { name, .. } => snake(name, "a field", tell),
                StatementKind::Phase { name, .. } => snake(name, "a phase", tell),
                _ => {}
            }
        }
    });
}

fn names_of(pattern: &Pattern) -> impl Iterator<Item = &Ident> {
    match pattern {
        Pattern::Name(name) => std::slice::from_ref(name).iter(),
        Pattern::Tuple(names, _) => names.iter(),
    }
}

fn signature(subject: &Subject<'_>, function: &ast::Function, tell: &mut dyn FnMut(Diagnostic)) {
    function.hypers.iter().flatten().for_each(|hyper| snake(&hyper.name, "a hyper", tell));
    function.inputs.iter().for_each(|input| snake(&input.name, "an input", tell));
    let outputs: &[ast::Output] = match &function.outputs {
        Outputs::Inferred => &[],
        Outputs::One(output) => std::slice::from_ref(output),
        Outputs::Many(outputs) => outputs,
    };
    outputs.iter().filter_map(|o| o.name.as_ref()).for_each(|name| snake(name, "an output", tell));
    dimensions(subject, function, tell);
}

/// A bare lower-case name in the type of an input, which is neither a hyper of the block nor of the file, is a
/// dimension.
fn dimensions(subject: &Subject<'_>, function: &ast::Function, tell: &mut dyn FnMut(Diagnostic)) {
    let own = function.hypers.iter().flatten().map(|h| &h.name.name);
    let of_file = subject.program.hypers.iter().map(|(name, _)| name);
    let known: Vec<_> = own.chain(of_file).chain(subject.imported.iter().map(|(name, _)| name)).cloned().collect();
    let inputs = function.inputs.iter().filter_map(|i| i.ty.as_ref()).map(|ty| ty.span);
    let inputs: Vec<_> = inputs.collect();
    let imports = subject.ast.items.iter().any(|item| matches!(item.kind, ItemKind::Import(_)));
    for ty in types(function).into_iter().filter(|ty| inputs.contains(&ty.span)) {
        let TypeExprKind::Tensor { shape: Some(shape), .. } = &ty.kind else { continue };
        for dim in shape {
            let ExprKind::Name(name) = &dim.kind else { continue };
            let is_lower = name.chars().next().is_some_and(|c| c.is_ascii_lowercase());
            // A hyper of another file may have been brought by its name.
            if is_lower && !known.contains(name) && !imports {
                let message = format!("the dimension `{name}` is written like a hyper");
                let capital = name.chars().take(1).flat_map(char::to_uppercase).collect::<String>();
                tell(
                    Diagnostic::new(Code::L0109, message, dim.span, "this name binds a size")
                        .help(format!("single capitals are usual for dimensions: `{capital}`"))
                        .usual_name(capital),
                );
            }
        }
    }
}

fn snake(name: &Ident, what: &str, tell: &mut dyn FnMut(Diagnostic)) {
    let text: &str = &name.name;
    // `W`, `x_T` and `W_xh` are of formulas.
    let letters = |part: &str| part.chars().filter(|c| c.is_alphabetic()).count();
    let has_capital = |part: &&str| part.chars().any(|c| c.is_ascii_uppercase());
    if !text.split('_').filter(has_capital).any(|part| letters(part) > 1) {
        return;
    }
    let wanted = snake_case(text);
    let message = format!("`{text}` is {what}, and those are written in snake_case");
    let label = format!("`{wanted}` would be usual");
    tell(Diagnostic::new(Code::L0109, message, name.span, label).usual_name(wanted));
}

fn camel(name: &Ident, what: &str, tell: &mut dyn FnMut(Diagnostic)) {
    let text: &str = &name.name;
    let begins_small = text.chars().find(|c| *c != '_').is_some_and(|c| c.is_ascii_lowercase());
    let has_gap = text.trim_start_matches('_').contains('_') && !has_digits_around_gaps(text);
    if !begins_small && !has_gap {
        return;
    }
    let wanted = camel_case(text);
    let message = format!("`{text}` is {what}, and those are written in CamelCase");
    let label = format!("`{wanted}` would be usual");
    tell(Diagnostic::new(Code::L0109, message, name.span, label).usual_name(wanted));
}

/// `Net_8_16`: without the gaps it would be another number.
fn has_digits_around_gaps(text: &str) -> bool {
    let parts: Vec<&str> = text.split('_').collect();
    parts.windows(2).any(|pair| match pair {
        [a, b] => a.ends_with(|c: char| c.is_ascii_digit()) && b.starts_with(|c: char| c.is_ascii_digit()),
        _ => false,
    })
}

/// `hiddenSize`, `HiddenSize`, `HIDDEN_SIZE` → `hidden_size`
fn snake_case(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| chars.get(j));
        let after = chars.get(i + 1);
        let begins_word = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase() || b.is_numeric() || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase()))
            });
        if begins_word {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// `conv_unit` → `ConvUnit`
fn camel_case(text: &str) -> String {
    let words = text.split('_').filter(|w| !w.is_empty());
    words
        .map(|word| {
            let mut chars = word.chars();
            let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
            first + chars.as_str()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_turned_into_what_is_usual() {
        for (text, wanted) in
            [("hiddenSize", "hidden_size"), ("HIDDEN_SIZE", "hidden_size"), ("LSTMCell", "lstm_cell"), ("w2V", "w2_v")]
        {
            assert_eq!(snake_case(text), wanted);
        }
        for (text, wanted) in [("conv_unit", "ConvUnit"), ("lenet", "Lenet"), ("_x_y", "XY")] {
            assert_eq!(camel_case(text), wanted);
        }
    }
}
