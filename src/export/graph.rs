//! What the command line and the language server call.

use super::drawing::Drawing;
use super::{dot as as_dot, svg as as_svg};
use crate::check::{Checked, Model};
use crate::source::Span;

/// The drawing of a model as an SVG document: of the one of this name, or of the first. `None` where there is none.
pub fn svg(checked: &Checked, model: Option<&str>) -> Option<String> {
    let drawing = Drawing::new(checked, find(checked, model)?);
    Some(as_svg::svg(checked, &drawing))
}

/// The same as a DOT graph.
pub fn dot(checked: &Checked, model: Option<&str>) -> Option<String> {
    let drawing = Drawing::new(checked, find(checked, model)?);
    Some(as_dot::dot(&drawing))
}

/// The model of this name, or the first.
pub fn find<'c>(checked: &'c Checked, model: Option<&str>) -> Option<&'c Model> {
    let models = &checked.program.models;
    match model {
        Some(name) => models.iter().find(|m| *m.name == *name),
        None => models.first(),
    }
}

/// The model whose text holds a place of the checked file (in bytes), or a block of which it uses; else the first.
pub fn at(checked: &Checked, offset: usize) -> Option<&Model> {
    let models = &checked.program.models;
    let item = checked.ast.items.iter().find(|item| item.span.touches(offset))?;
    let holds = |span: Span| span.lies_in(item.span);
    let of_train = checked.program.trains.iter().find(|t| holds(t.span)).and_then(|t| models.get(t.model));
    models
        .iter()
        .find(|m| holds(m.span))
        .or(of_train)
        .or_else(|| models.iter().find(|m| m.layers.iter().any(|row| holds(row.span))))
        .or(models.first())
}

/// The `data-start` of the innermost box or group whose source holds a place of the checked file (in bytes).
pub fn current(checked: &Checked, model: &Model, offset: usize) -> Option<usize> {
    let drawing = Drawing::new(checked, model);
    let boxes = drawing.boxes.iter().map(|own| own.span);
    let groups = drawing.groups.iter().map(|own| own.span);
    let here = boxes.chain(groups).filter(|span| span.file == checked.file && span.touches(offset));
    let innermost = here.min_by_key(|span| span.len())?;
    Some(as_svg::utf16(&checked.sources.file(checked.file).text, innermost.start as usize))
}
