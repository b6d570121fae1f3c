//! Everything an editor asks, asked at every place of every example.

use super::names::{DeclarationKind, Meaning, Names};
use super::{HintKinds, StepCosts, complete, hints, hover, signature, walk};
use crate::check::{Checked, Overrides, check_text};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::tokens::{Token, TokenKind, scan};
use std::path::Path;

/// An example with what is asked of it.
struct Example {
    name: String,
    text: String,
    checked: Checked,
    names: Names,
    steps: StepCosts,
}

impl Example {
    fn all() -> Vec<Example> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "nn"));
        paths.sort();
        assert!(paths.len() > 15, "{paths:?}");
        let read = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let checked = check_text(path, &text, &Overrides::default());
            assert!(checked.diagnostics.is_empty(), "{}: {:?}", path.display(), checked.diagnostics);
            let (names, steps) = (Names::of(&checked), StepCosts::of(&checked));
            Example { name: path.file_name().unwrap().to_string_lossy().into_owned(), text, checked, names, steps }
        };
        paths.iter().map(read).collect()
    }

    fn hover(&self, offset: u32) -> String {
        hover(&self.checked, &self.names, &self.steps, offset as usize).map_or(String::new(), |found| found.text)
    }

    /// What means something, in order.
    fn tokens(&self) -> Vec<Token> {
        scan(&self.text).into_iter().filter(|token| !token.is_trivia()).collect()
    }

    fn expressions(&self) -> Vec<&Expr> {
        let mut found = Vec::new();
        walk::expressions(&self.checked.ast, &mut |expr| found.push(expr));
        found
    }

    /// `iris.nn:12 in "x |> Dense(3)"`
    fn place(&self, offset: usize) -> String {
        let line = self.text[..offset].matches('\n').count();
        format!("{}:{} in {:?}", self.name, line + 1, self.text.lines().nth(line).unwrap_or("").trim())
    }
}

#[test]
fn every_word_says_what_it_is() {
    let (mut asked, mut silent) = (0, Vec::new());
    for example in Example::all() {
        // Words, and what is named within quotes; symbols are only to be survived.
        let mut wanted: Vec<(usize, bool)> =
            example.tokens().iter().map(|token| (token.start, token.kind == TokenKind::Word)).collect();
        for name in example.names.in_file(example.checked.file) {
            assert!(!matches!(name.meaning, Meaning::Missing | Meaning::Unknown), "{name:?}");
            let start = name.span.start as usize;
            if example.text[..start].ends_with('"') {
                wanted.push((start, true));
            }
        }
        for (offset, is_word) in wanted {
            asked += usize::from(is_word);
            if example.hover(offset as u32).trim().is_empty() && is_word {
                silent.push(example.place(offset));
            }
        }
    }
    assert!(asked > 600, "{asked} words");
    assert!(silent.is_empty(), "{} say nothing:\n{}", silent.len(), silent.join("\n"));
}

/// Where the word stands that a stage is known by: `Dense` of `Dense(8)`, `CrossAttention` of `CrossAttention(4)(m)`.
fn head(expr: &Expr) -> Span {
    match &expr.kind {
        ExprKind::Call { callee, .. } => head(callee),
        ExprKind::Paren(inner) => head(inner),
        ExprKind::Field { name, .. } => name.span,
        _ => expr.span,
    }
}

#[test]
fn hovers_and_hints_agree() {
    let kinds = HintKinds { shapes: true, parameters: true };
    let (mut compared, mut different) = (0, Vec::new());
    for example in Example::all() {
        let expressions = example.expressions();
        for hint in hints(&example.checked, example.checked.ast.span, kinds) {
            let end = hint.at as u32;
            let (at, said) = if hint.is_type {
                (end - 1, hint.text.clone())
            } else {
                let shape = hint.text.trim_start_matches("→ ").split(" · ").next().unwrap();
                // Of the expressions that end there the largest that is no pipeline is the stage.
                let ending = expressions.iter().filter(|expr| expr.span.end == end);
                let stages = ending.filter(|expr| !matches!(expr.kind, ExprKind::Pipe { .. }));
                let stage = stages.max_by_key(|expr| expr.span.len()).unwrap();
                (head(stage).start, format!("gives `{shape}`"))
            };
            let page = example.hover(at);
            if !page.contains(&said) {
                different.push(format!("{}\n{said}\nagainst\n{page}", example.place(at as usize)));
            }
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared} hints");
    assert!(different.is_empty(), "{} of {compared}:\n{}", different.len(), different.join("\n────\n"));
}

#[test]
fn what_is_offered_fits_in_at_every_token() {
    let (mut asked, mut offered) = (0, 0);
    for example in Example::all() {
        let mut offsets: Vec<usize> = example.tokens().iter().flat_map(|token| [token.start, token.end]).collect();
        offsets.dedup();
        for offset in offsets {
            let offers = complete(&example.checked, &example.names, None, offset);
            for offer in &offers {
                let place = || format!("{offer:?} at {}", example.place(offset));
                let replaced = example.text.get(offer.replaces.range()).unwrap_or_else(|| panic!("{}", place()));
                assert!(!replaced.contains('\n') && offer.replaces.touches(offset), "{}", place());
                assert!(!offer.label.is_empty() && !offer.text.is_empty(), "{}", place());
            }
            asked += 1;
            offered += usize::from(!offers.is_empty());
        }
    }
    assert!(asked > 3000 && offered * 2 > asked, "{offered} of {asked} places");
}

#[test]
fn every_argument_has_the_signature_of_its_call() {
    let (mut asked, mut missing) = (0, Vec::new());
    for example in Example::all() {
        for expr in example.expressions() {
            let ExprKind::Call { callee, args, .. } = &expr.kind else { continue };
            let name = head(callee);
            let Some(meaning) = example.names.at(example.checked.file, name.start as usize).map(|name| &name.meaning)
            else {
                continue;
            };
            let has_parameters = match meaning {
                Meaning::Entry(entry) => !entry.params.is_empty(),
                Meaning::Declared(id) => example.names.declaration(*id).kind == DeclarationKind::Block,
                _ => false,
            };
            // The second call of `CrossAttention(4)(memory)` is of its tensors.
            if !has_parameters || !matches!(callee.kind, ExprKind::Name(_)) {
                continue;
            }
            for arg in args {
                let at = arg.value.span.start as usize;
                let found = signature(&example.checked, &example.names, None, at);
                let called = format!("{}(", &example.text[name.range()]);
                let fits = found.as_ref().is_some_and(|found| {
                    let active = found.active.and_then(|active| found.parameters.get(active));
                    let is_named = arg.name.as_ref().is_none_or(|name| {
                        active.is_some_and(|active| found.label[active.label.clone()].starts_with(&*name.name))
                    });
                    found.label.starts_with(&called) && is_named
                });
                // What begins with a call of its own is within that call only behind its bracket.
                if !fits {
                    missing.push(format!(
                        "{} of {}: {found:?}",
                        &example.text[arg.value.span.range()],
                        example.place(at)
                    ));
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 300, "{asked} arguments");
    assert!(missing.is_empty(), "{} of {asked}:\n{}", missing.len(), missing.join("\n"));
}
