//! What stands between the words of a program without being written: shapes, and what layers learn.

use super::amounts::count;
use super::walk;
use crate::check::{Checked, NotedLayer};
use crate::source::Span;
use crate::syntax::ast::{ExprKind, ItemKind, Let, Pattern, Statement, StatementKind};

/// A hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The byte that it stands before.
    pub at: usize,
    /// What it says.
    pub text: String,
    /// Whether it is a type, behind a colon as one would be written.
    pub is_type: bool,
    /// What there is to say beside it.
    pub tooltip: Option<String>,
}

/// Which hints are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HintKinds {
    /// The shape behind every stage; types of lets and fields.
    pub shapes: bool,
    /// How many numbers a layer learns.
    pub parameters: bool,
}

/// The hints of a part of a checked file, in order.
pub fn hints(checked: &Checked, within: Span, kinds: HintKinds) -> Vec<Hint> {
    let mut hints = Vec::new();
    walk::expressions(&checked.ast, &mut |expr| {
        if let ExprKind::Pipe { input, stage } = &expr.kind {
            hints.extend(of_stage(checked, stage.span, kinds));
            // The first part of a composition, `residual { LayerNorm |> … }`, is a stage as well.
            let is_first = !matches!(input.kind, ExprKind::Pipe { .. });
            if is_first && checked.program.noted(input.span).is_some_and(|noted| noted.layer.is_some()) {
                hints.extend(of_stage(checked, input.span, kinds));
            }
        }
        // A single stage between braces.
        if let ExprKind::Residual { body, .. } | ExprKind::Repeat { body, .. } = &expr.kind
            && let Some(result) = &body.result
            && !matches!(result.kind, ExprKind::Pipe { .. })
        {
            hints.extend(of_stage(checked, result.span, kinds));
        }
    });
    if kinds.shapes {
        names(checked, &mut hints);
    }
    hints.retain(|hint| within.touches(hint.at));
    hints.sort_by_key(|hint| hint.at);
    hints.dedup();
    hints
}

/// `→ [32, 14, 14] · 320`
fn of_stage(checked: &Checked, stage: Span, kinds: HintKinds) -> Option<Hint> {
    let noted = checked.program.noted(stage).filter(|noted| !noted.is_value)?;
    let shape = kinds.shapes.then(|| format!("→ {}", noted.text));
    let learned = noted.layer.as_ref().filter(|_| kinds.parameters).and_then(learned);
    let parts: Vec<String> = match (shape, learned) {
        (None, None) => return None,
        (None, Some(learned)) => vec![String::new(), learned],
        (shape, learned) => shape.into_iter().chain(learned).collect(),
    };
    let tooltip = noted.layer.as_ref().and_then(|layer| {
        let numbers = layer.parameters.filter(|n| *n > 0)?;
        let whose = if layer.path.is_empty() { String::new() } else { format!(" of {}", layer.path) };
        Some(format!("{} trainable numbers{whose}", count(numbers)))
    });
    Some(Hint { at: stage.end as usize, text: parts.join(" · ").trim_start().to_owned(), is_type: false, tooltip })
}

fn learned(layer: &NotedLayer) -> Option<String> {
    match layer.parameters {
        _ if layer.is_shared => Some("shared".to_owned()),
        Some(0) | None => None,
        Some(n) => Some(count(n)),
    }
}

/// Types behind the names of lets and fields, where the end of a pipeline does not show the same.
fn names(checked: &Checked, hints: &mut Vec<Hint>) {
    for item in &checked.ast.items {
        match &item.kind {
            ItemKind::Block(function) | ItemKind::Model(function) => of_lets(checked, &function.body.statements, hints),
            ItemKind::Data(data) => {
                let Some(block) = checked.program.data.iter().find(|block| block.span == data.name.span) else {
                    continue;
                };
                for statement in &data.statements {
                    let StatementKind::Field { name, .. } = &statement.kind else { continue };
                    if let Some(ty) = block.description.field(&name.name) {
                        hints.push(of_name(name.span, &ty.to_string()));
                    }
                }
            }
            ItemKind::Train(train) => of_lets(checked, &train.statements, hints),
            _ => {}
        }
    }
    walk::bodies(&checked.ast, &mut |body| {
        let is_inner = !checked.ast.items.iter().any(|item| match &item.kind {
            ItemKind::Block(function) | ItemKind::Model(function) => function.body.span == body.span,
            _ => false,
        });
        if is_inner && body.span.lies_in(checked.ast.span) {
            of_lets(checked, &body.statements, hints);
        }
    });
}

fn of_lets(checked: &Checked, statements: &[Statement], hints: &mut Vec<Hint>) {
    for statement in statements {
        let StatementKind::Let(Let { pattern, value }) = &statement.kind else { continue };
        let names = match pattern {
            Pattern::Name(_) if matches!(value.unparenthesized().kind, ExprKind::Pipe { .. }) => continue,
            Pattern::Name(name) => std::slice::from_ref(name),
            Pattern::Tuple(names, _) => names,
        };
        for name in names {
            if let Some(noted) = checked.program.noted(name.span).filter(|noted| !noted.is_value) {
                hints.push(of_name(name.span, &noted.text));
            }
        }
    }
}

fn of_name(name: Span, ty: &str) -> Hint {
    Hint { at: name.end as usize, text: format!(": {ty}"), is_type: true, tooltip: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Overrides, check_text};
    use std::path::Path;

    fn with_hints(text: &str, kinds: HintKinds) -> String {
        let checked = check_text(Path::new("test.nn"), text, &Overrides::default());
        let mut shown = text.to_owned();
        let hints = hints(&checked, checked.ast.span, kinds);
        for hint in hints.iter().rev() {
            shown.insert_str(hint.at, &format!("⟨{}⟩", hint.text));
        }
        shown
    }

    const ALL: HintKinds = HintKinds { shapes: true, parameters: true };

    #[test]
    fn every_stage_shows_what_comes_out() {
        let text = "block Unit(channels)(x: [C, H, W]) -> [channels, H/2, W/2] {
  x |> Conv2d(channels, kernel: 3, padding: same) |> relu |> MaxPool2d(2)
}

model M(x: [1, 28, 28]) -> y: [10] {
  let (a, b) = x |> Unit(8) |> split([4, 4])
  let c = concat([a, b])
  c |> Unit(16)
    |> residual { Conv2d(16, kernel: 1) }
    |> repeat 2 { BatchNorm |> relu }
    |> Flatten |> Dense(10)
}
";
        insta::assert_snapshot!(with_hints(text, ALL));
    }

    #[test]
    fn each_kind_is_switched_alone() {
        let text = "model M(x: [4]) -> y: [3] {\n  x |> Dense(8) |> relu |> Dense(3)\n}\n";
        let shapes = with_hints(text, HintKinds { shapes: true, parameters: false });
        assert!(shapes.contains("x |> Dense(8)⟨→ [8]⟩ |> relu⟨→ [8]⟩ |> Dense(3)⟨→ [3]⟩"), "{shapes}");
        let parameters = with_hints(text, HintKinds { shapes: false, parameters: true });
        assert!(parameters.contains("x |> Dense(8)⟨· 40⟩ |> relu |> Dense(3)⟨· 27⟩"), "{parameters}");
        assert_eq!(with_hints(text, HintKinds { shapes: false, parameters: false }), text);
    }

    #[test]
    fn what_is_right_is_shown_beside_what_is_wrong() {
        let text = "model M(x: [4]) -> y: [3] {\n  x |> Dense(8) |> Dens(4) |> Dense(3)\n}\n\nmodel N(x: [T, 4]) -> y {\n  x |> Dense(2)\n}\n";
        let shown = with_hints(text, ALL);
        assert!(shown.contains("Dense(8)⟨→ [8] · 40⟩ |> Dens(4) |> Dense(3)\n"), "{shown}");
        assert!(shown.contains("x |> Dense(2)⟨→ [T, 2] · 10⟩"), "{shown}");
    }

    #[test]
    fn fields_and_shared_layers() {
        let text = "data d {
  let t = rows([[0, 1, \"a\"], [1, 0, \"b\"]], columns: [p, q, k])
  field x = t[p, q]
  field k = t.k |> classes
}

model M(x: [2]) -> y: [2] {
  let twice = Dense(2)
  x |> twice |> twice
}
";
        let shown = with_hints(text, ALL);
        assert!(shown.contains("field x⟨: [2]⟩ =") && shown.contains("field k⟨: class(2)⟩ ="), "{shown}");
        assert!(shown.contains("x |> twice⟨→ [2] · 6⟩ |> twice⟨→ [2] · shared⟩"), "{shown}");
    }
}
