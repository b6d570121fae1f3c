//! The edit that repairs a size: which number would have to be another, and where that is written.

use super::checker::Checker;
use super::given::{By, Given};
use super::provenance::{Beginning, Scope, Source, clashing};
use crate::build::words::CallSite;
use crate::build::{Kind, Padding, Problem, Tensor};
use crate::diagnostics::{Diagnostic, Edit};
use crate::ir::dim::{Dim, show_shape};
use crate::source::Span;
use crate::syntax::words_in;
use std::rc::Rc;

/// Arguments whose numbers are the size of a result, which can be another without anything else being so.
const FREE: &[&str] = &["units", "channels", "hidden", "width"];

/// An operation that met a problem.
pub(super) struct Met<'a> {
    pub problem: &'a Problem,
    pub site: &'a CallSite<'a>,
    pub operands: &'a [&'a Tensor],
    /// Where its arguments were given.
    pub given: &'a [(&'static str, Rc<Given>)],
}

impl Met<'_> {
    /// Where an argument is written.
    fn argument(&self, name: &str) -> Option<Span> {
        self.site.arguments.iter().find(|(n, _)| *n == name).map(|(_, span)| *span)
    }
}

impl Checker<'_> {
    /// Offers the edits that repair a problem.
    pub fn with_solutions(&self, diagnostic: Diagnostic, met: &Met) -> Diagnostic {
        if let Some(told) = self.about_field(&diagnostic, met) {
            return told;
        }
        if met.site.name == "einsum" {
            return self.pattern_without_batch(diagnostic, met);
        }
        match met.problem {
            Problem::Broadcast { left, right } if diagnostic.fixes.is_empty() => {
                self.make_equal(diagnostic, met, &clashing(left, right))
            }
            Problem::MatMulInner { left, right } if !right.is_empty() && diagnostic.fixes.is_empty() => {
                let axes = (left.len().saturating_sub(1), right.len().saturating_sub(2));
                self.make_equal(diagnostic, met, &[axes])
            }
            Problem::Join { first, other, axis, operand } => {
                let diagnostic = self.join_elsewhere(diagnostic, met, first, other, *axis);
                self.uneven_parts(diagnostic, met, first, other, *operand)
            }
            Problem::LossShapes { left, right } if left.len() == right.len() => {
                let differing: Vec<(usize, usize)> =
                    (0..left.len()).filter(|i| left.get(*i) != right.get(*i)).map(|i| (i, i)).collect();
                self.make_equal(diagnostic, met, &differing)
            }
            Problem::LossShapes { left, right } => {
                let diagnostic = reshape_to_fit(diagnostic, met, left, right);
                self.head_of_one(diagnostic, met, left, right)
            }
            Problem::Kind { operand: 1, got: Kind::Class { count, .. }, .. }
                if met.site.name.starts_with("bce") && !met.site.name_span.is_empty() =>
            {
                let width = met.operands.first().and_then(|t| t.shape.last());
                match width == Some(count) {
                    true => {
                        let title = "use `cross_entropy`, which takes one number a class";
                        diagnostic.fix(title, met.site.name_span, "cross_entropy")
                    }
                    false => diagnostic,
                }
            }
            Problem::ClassCount { operand, width, classes, .. } => {
                self.one_unit_a_class(diagnostic, met, *operand, width, classes)
            }
            Problem::Parts { argument, size, nearest, .. } => self.divide(diagnostic, met, argument, size, nearest),
            Problem::Window { axis, size, window } => self.make_room(diagnostic, met, *axis, size, window),
            Problem::Rank { operand, wanted, shape } => self.raise(diagnostic, met, *operand, wanted, shape),
            Problem::Reshape { from, to } => self.fill(diagnostic, met, from, to),
            Problem::Number { argument, instead, .. } => match self.place_of(met, argument) {
                Some(at) => diagnostic.fix(format!("write `{argument}: {instead}`"), at, instead.to_string()),
                None => diagnostic,
            },
            Problem::Axis { .. } if met.site.name == "permute" => self.without_batch(diagnostic, met),
            Problem::Pieces { sizes, total } => self.last_piece(diagnostic, met, sizes, total),
            Problem::Length { argument, .. } => self.one_for_all(diagnostic, met, argument),
            _ => diagnostic,
        }
    }

    /// `permute([0, 2, 1])` of two axes: the order of them, and of the batch before them.
    fn without_batch(&self, diagnostic: Diagnostic, met: &Met) -> Diagnostic {
        let Some(span) = met.argument("axes") else { return diagnostic };
        let inside = self.sources.text(span).trim_start_matches('[').trim_end_matches(']');
        let axes: Option<Vec<usize>> = inside.split(',').map(|axis| axis.trim().parse().ok()).collect();
        let count = met.operands.first().map_or(0, |x| x.shape.len());
        let mut is_there = vec![false; count + 1];
        for axis in axes.iter().flatten() {
            if let Some(place) = is_there.get_mut(*axis) {
                *place = true;
            }
        }
        match axes.as_deref() {
            Some([0, rest @ ..]) if rest.len() == count && is_there.iter().all(|there| *there) => {
                let own: Vec<String> = rest.iter().map(|axis| axis.saturating_sub(1).to_string()).collect();
                let own = format!("[{}]", own.join(", "));
                Diagnostic { help: Vec::new(), ..diagnostic }.fix(format!("without the batch: `{own}`"), span, own)
            }
            _ => diagnostic,
        }
    }

    /// Whether a stage may give this shape: where it is the last of a body, the signature has promised one.
    pub fn may_give(&self, stage: Span, shape: &[Dim]) -> bool {
        match self.scopes.last().and_then(Scope::promised) {
            Some((result, promised)) if result.file == stage.file && result.end == stage.end => {
                let fits = |(promised, size): (&Option<Dim>, &Dim)| {
                    promised.as_ref().is_none_or(|promised| self.builder.sizes_fit(promised, size))
                };
                promised.len() == shape.len() && promised.iter().zip(shape).all(fits)
            }
            _ => true,
        }
    }

    /// Where the number of an argument is to be edited.
    fn place_of(&self, met: &Met, argument: &str) -> Option<Span> {
        match met.given.iter().find(|(name, _)| *name == argument) {
            Some((_, given)) => self.place(given),
            None => met.argument(argument),
        }
    }

    /// Where another number has to be written for one that was given: in the call of a block, whose other calls keep
    /// theirs; in a hyper of the file only where nothing else reads that.
    pub fn place(&self, given: &Rc<Given>) -> Option<Span> {
        let mut at = given.clone();
        while let (true, Some((name, before))) = (at.is_name, at.name.clone()) {
            match before.by {
                By::Call | By::Argument => at = before,
                By::Hyper if self.times_named(&name) == 2 => at = before,
                By::Hyper => return Some(at.span),
                By::Default => return None,
            }
        }
        Some(at.span)
    }

    /// A size as it can be written at a place: by its name in a block, which has other calls.
    pub fn size_at(&self, size: &Dim, place: Span) -> Option<String> {
        let scope = self.scopes.iter().rev().find(|s| place.lies_in(s.span));
        let named = scope.and_then(|s| {
            let mut names = s.names.iter().filter(|(_, d)| d == size);
            match (names.next(), names.next()) {
                (Some((name, _)), None) => Some(name.to_string()),
                _ => None,
            }
        });
        match (scope, size.as_constant()) {
            (Some(scope), Some(n)) if scope.is_called => {
                // A number that the block itself writes is the same in all of its calls.
                let writes = || words_in(self.sources.text(scope.span)).any(|word| word == n.to_string());
                named.or_else(|| writes().then(|| n.to_string()))
            }
            (_, Some(n)) => Some(n.to_string()),
            (Some(_), None) => named.or_else(|| Some(size.to_string())).filter(|_| self.builder.generic),
            (None, None) => None,
        }
    }

    /// The edit that gives an axis another size, where one number decides it.
    pub fn resized(&self, source: &Source, wanted: &Dim) -> Option<(String, Edit)> {
        self.resized_as(source, wanted, None)
    }

    /// As [`Checker::resized`], the size written as `text` where that is given.
    pub fn resized_as(&self, source: &Source, wanted: &Dim, text: Option<&str>) -> Option<(String, Edit)> {
        if !source.changes.is_empty() {
            return None;
        }
        match &source.beginning {
            Beginning::Argument { layer, param, given, is_exact } if FREE.contains(param) => {
                let span = self.place(given)?;
                // Two directions give half of it each.
                let wanted = if *is_exact { wanted.clone() } else { wanted.exact_quotient(&Dim::constant(2))? };
                let written = match text.filter(|_| *is_exact) {
                    Some(text) => text.to_owned(),
                    None => self.size_at(&wanted, span)?,
                };
                let name = given.written().1.filter(|_| span != given.span);
                let title = match (name, *param) {
                    // Which of several calls is meant.
                    (Some(name), _) => {
                        format!("let `{name}` be {} in line {}", shown(&written), self.sources.position(span).line)
                    }
                    (None, "width") => format!("make this `{layer}` {} wide", shown(&written)),
                    (None, "hidden") => format!("give this `{layer}` {} hidden units", shown(&written)),
                    (None, param) => format!("give this `{layer}` {} {param}", shown(&written)),
                };
                Some((title, Edit { span, text: written }))
            }
            Beginning::Declared { name, span, is_dim: true, is_number: true, is_input: false } => {
                let text = self.size_at(wanted, *span)?;
                Some((format!("let that axis of `{name}` be {text}"), Edit { span: *span, text }))
            }
            _ => None,
        }
    }

    /// One of two sizes that should be equal takes the other.
    fn make_equal(&self, diagnostic: Diagnostic, met: &Met, axes: &[(usize, usize)]) -> Diagnostic {
        let ([(a, b)], [left, right, ..]) = (axes, met.operands) else { return diagnostic };
        let (Some(size_a), Some(size_b)) = (left.shape.get(*a), right.shape.get(*b)) else { return diagnostic };
        let (source_a, source_b) = (self.source(left, *a), self.source(right, *b));
        let ways = [(self.resized(&source_b, size_a), right, *b), (self.resized(&source_a, size_b), left, *a)];
        ways.into_iter().fold(diagnostic, |diagnostic, (way, operand, axis)| match way {
            Some((title, edit)) => {
                let promised = self.output_dim(operand.span, axis).filter(|dim| *dim != edit.span);
                let promised = promised.map(|span| Edit { span, text: edit.text.clone() });
                diagnostic.fix_all(title, std::iter::once(edit).chain(promised).collect())
            }
            None => diagnostic,
        })
    }

    /// The axis to join along is written into the call where it is not yet.
    fn join_elsewhere(
        &self,
        diagnostic: Diagnostic,
        met: &Met,
        first: &[Dim],
        other: &[Dim],
        axis: Option<usize>,
    ) -> Diagnostic {
        if first.len() != other.len() {
            return diagnostic;
        }
        let differing: Vec<usize> = (0..first.len()).filter(|i| first.get(*i) != other.get(*i)).collect();
        match (axis, differing.as_slice(), met.argument("axis")) {
            (Some(_), [only], None) => {
                let value = only.to_string();
                match self.with_argument(met.site.span, "axis", &value) {
                    Some(edit) => {
                        let mut diagnostic = diagnostic.fix(format!("join along axis {only}"), edit.span, edit.text);
                        diagnostic.help.clear();
                        diagnostic
                    }
                    None => diagnostic,
                }
            }
            (None, [0], None) if met.site.name == "stack" && !met.site.name_span.is_empty() => {
                let mut diagnostic = diagnostic;
                diagnostic.help.clear();
                diagnostic.fix("put them one behind the other with `concat`", met.site.name_span, "concat")
            }
            _ => diagnostic,
        }
    }

    /// The edit that gives a call an argument which it does not have.
    pub fn with_argument(&self, call: Span, name: &str, value: &str) -> Option<Edit> {
        let text = self.sources.text(call);
        let inside = Span { end: call.end.saturating_sub(1), ..call }.end_point();
        if text.ends_with("()") {
            Some(Edit { span: inside, text: format!("{name}: {value}") })
        } else if text.ends_with(')') {
            Some(Edit { span: inside, text: format!(", {name}: {value}") })
        } else if text.chars().all(|c| c.is_alphanumeric() || c == '_') && !text.is_empty() {
            Some(Edit { span: call.end_point(), text: format!("({name}: {value})") })
        } else {
            None
        }
    }

    /// The nearest numbers that divide a size.
    fn divide(&self, diagnostic: Diagnostic, met: &Met, argument: &str, size: &Dim, nearest: &[i64]) -> Diagnostic {
        let Some(at) = self.place_of(met, argument) else { return diagnostic };
        let given = met.given.iter().find(|(name, _)| *name == argument).map(|(_, given)| given);
        let elsewhere = given.filter(|given| given.span != at).and_then(|given| given.written().1);
        nearest.iter().fold(diagnostic, |d, n| {
            let title = match &elsewhere {
                Some(name) => format!("let `{name}` be {n}, which divides {size}"),
                None => format!("write `{argument}: {n}`, which divides {size}"),
            };
            d.fix(title, at, n.to_string())
        })
    }

    /// Windows that find no place: padding, a smaller kernel, or channels that stand last.
    fn make_room(
        &self,
        diagnostic: Diagnostic,
        met: &Met,
        axis: usize,
        size: &Dim,
        window: &crate::build::Window,
    ) -> Diagnostic {
        let mut diagnostic = diagnostic;
        let Some(x) = met.operands.first() else { return diagnostic };
        // [28, 28, 3]: what has so few positions is the channels.
        if let ([height, width, channels], Some(true)) =
            (x.shape.as_slice(), size.as_constant().map(|n| n <= 4 && axis == 2))
            && channels == size
            && height.as_constant() > channels.as_constant()
            && width.as_constant() > channels.as_constant()
            && self.is_piped(x.span, met.site.span)
        {
            let title = "move the channels to the front with `permute([2, 0, 1])`";
            diagnostic.help.clear();
            return diagnostic
                .fix(title, x.span.end_point(), " |> permute([2, 0, 1])")
                .note("an image is [C, H, W]: its channels come first, as in PyTorch");
        }
        let is_pool = met.site.name.contains("Pool");
        if window.padding != Padding::Same && !is_pool && window.dilation.is_one() {
            let edit = match met.argument("padding") {
                Some(span) => Some(Edit { span, text: "same".into() }),
                None => self.with_argument(met.site.span, "padding", "same"),
            };
            if let Some(edit) = edit {
                diagnostic.help.clear();
                diagnostic = diagnostic.fix("keep the size with `padding: same`", edit.span, edit.text);
            }
        }
        let is_one_number = window.padding == Padding::Each(Dim::default()) && window.dilation.is_one();
        if let (Some(n), true, Some(at)) = (size.as_constant(), is_one_number, self.place_of(met, "kernel"))
            && !self.sources.text(at).contains('[')
            && n >= 1
        {
            diagnostic = diagnostic.fix(format!("make the kernel {n}"), at, n.to_string());
        }
        match self.pool_too_many(x, size, window) {
            Some((pool, edit)) => {
                let title =
                    format!("take away `{}` in line {}", self.sources.text(pool), self.sources.position(pool).line);
                diagnostic.fix(title, edit.span, edit.text)
            }
            None => diagnostic,
        }
    }

    /// A pool without which windows find a place, where only convolutions that move by 1 stand behind it; and the edit
    /// that takes it out of its pipeline.
    fn pool_too_many(&self, x: &Tensor, size: &Dim, window: &crate::build::Window) -> Option<(Span, Edit)> {
        let axis = x.shape.iter().rposition(|d| d == size)?;
        let changes = self.source(x, axis).changes;
        let pool = changes.iter().rev().find(|c| !c.can_keep)?;
        let is_pool = self.application_at(pool.span).is_some_and(|a| a.layer.contains("Pool"));
        let larger = (size.clone() + pool.from.clone() - pool.to.clone() - window.reach()).as_constant()?;
        let before = Span { start: 0, end: pool.span.start, ..pool.span };
        let bar = self.sources.text(before).trim_end().strip_suffix("|>")?.trim_end().len();
        let span = Span::new(pool.span.file, bar, pool.span.end as usize);
        (is_pool && larger >= 1).then(|| (pool.span, Edit { span, text: String::new() }))
    }

    /// Too few or too many axes.
    fn raise(&self, diagnostic: Diagnostic, met: &Met, operand: usize, wanted: &str, shape: &[Dim]) -> Diagnostic {
        let Some(x) = met.operands.get(operand) else { return diagnostic };
        if !self.is_piped(x.span, met.site.span) {
            return diagnostic;
        }
        let mut diagnostic = diagnostic;
        let behind = x.span.end_point();
        match shape {
            [_, _] if wanted.contains("[C, H, W]") => {
                diagnostic.help.clear();
                diagnostic.fix("add an axis of one channel with `unsqueeze(0)`", behind, " |> unsqueeze(0)")
            }
            [n] if wanted.contains("[C, H, W]") => {
                // 784 numbers are a picture of 28 by 28.
                let side = n.as_constant().map(|n| (n as f64).sqrt().round() as i64).unwrap_or(0);
                if side > 1 && n.as_constant() == Some(side * side) {
                    let title = format!("make an image of {n} numbers with `reshape([1, {side}, {side}])`");
                    diagnostic.fix(title, behind, format!(" |> reshape([1, {side}, {side}])"))
                } else {
                    diagnostic
                }
            }
            [] if wanted.starts_with("at least one axis") => {
                diagnostic.help.clear();
                diagnostic.fix("make it [1] with `unsqueeze(0)`", behind, " |> unsqueeze(0)")
            }
            _ => diagnostic,
        }
    }

    /// Whether a stage stands right behind an expression in a pipeline.
    fn is_piped(&self, input: Span, stage: Span) -> bool {
        if input.file != stage.file || input.end > stage.start {
            return false;
        }
        let between = Span { start: input.end, end: stage.start, ..input };
        self.sources.text(between).trim() == "|>"
    }

    /// The shape of a `reshape` whose product is right: one of its sizes follows from the others, or two equal ones do.
    fn fill(&self, diagnostic: Diagnostic, met: &Met, from: &[Dim], to: &[Option<Dim>]) -> Diagnostic {
        let Some(at) = met.argument("shape") else { return diagnostic };
        if !self.is_plain_list(at) {
            return diagnostic;
        }
        let total = from.iter().map(Dim::as_constant).try_fold(1_i64, |a, b| a.checked_mul(b?));
        let Some(total) = total else { return diagnostic };
        let sizes: Vec<i64> = to.iter().flatten().filter_map(Dim::as_constant).collect();
        let show = |sizes: &[i64]| show_shape(&sizes.iter().map(|n| Dim::constant(*n)).collect::<Vec<_>>());
        if sizes.len() != to.len() || sizes.iter().any(|n| *n < 1) {
            return diagnostic;
        }
        let mut found: Vec<Vec<i64>> = Vec::new();
        // Two equal sizes: [1, 27, 27] of 784 numbers is [1, 28, 28].
        for (i, n) in sizes.iter().enumerate() {
            let twins: Vec<usize> = (0..sizes.len()).filter(|j| sizes.get(*j) == Some(n)).collect();
            let others = sizes.iter().enumerate().filter(|(j, _)| !twins.contains(j));
            let others = others.fold(1_i64, |a, (_, n)| a.saturating_mul(*n));
            let side = (total as f64 / others as f64).sqrt().round() as i64;
            if twins.first() == Some(&i) && twins.len() == 2 && side * side * others == total && *n > 1 {
                found.push(sizes.iter().map(|m| if m == n { side } else { *m }).collect());
            }
        }
        for i in 0..sizes.len() {
            let others =
                sizes.iter().enumerate().filter(|(j, _)| *j != i).fold(1_i64, |a, (_, n)| a.saturating_mul(*n));
            if total % others == 0 {
                let mut sizes = sizes.clone();
                if let Some(size) = sizes.get_mut(i) {
                    *size = total / others;
                }
                found.push(sizes);
            }
        }
        found.dedup();
        found
            .retain(|sizes| self.may_give(met.site.span, &sizes.iter().map(|n| Dim::constant(*n)).collect::<Vec<_>>()));
        let mut diagnostic = diagnostic;
        if !found.is_empty() {
            diagnostic.help.clear();
        }
        found.iter().take(2).fold(diagnostic, |d, sizes| {
            let text = show(sizes);
            d.fix(format!("write {text}, which is {total} numbers"), at, text)
        })
    }

    /// The last piece takes what the others leave.
    fn last_piece(&self, diagnostic: Diagnostic, met: &Met, sizes: &[Dim], total: &Dim) -> Diagnostic {
        let (Some((_, others)), Some(at)) = (sizes.split_last(), met.argument("sizes")) else { return diagnostic };
        let rest = others.iter().fold(total.clone(), |rest, size| rest - size.clone());
        match rest.as_constant().filter(|n| *n > 0 && self.is_plain_list(at)) {
            Some(_) => {
                let text = show_shape(&others.iter().cloned().chain([rest.clone()]).collect::<Vec<_>>());
                diagnostic.fix(format!("let the last piece have {rest}"), at, text)
            }
            None => diagnostic,
        }
    }

    /// A list of equal numbers that is too long or too short says what the number alone says.
    fn one_for_all(&self, diagnostic: Diagnostic, met: &Met, argument: &str) -> Diagnostic {
        let Some(at) = met.argument(argument).filter(|at| self.is_plain_list(*at)) else { return diagnostic };
        let text = self.sources.text(at);
        let mut numbers = text.trim_matches(['[', ']']).split(',').map(str::trim);
        let Some(first) = numbers.next().filter(|first| first.parse::<u32>().is_ok()) else { return diagnostic };
        match numbers.all(|n| n == first) {
            true => diagnostic.fix(format!("write `{argument}: {first}`, for all axes"), at, first),
            false => diagnostic,
        }
    }

    /// Whether a list holds nothing but numbers and `_`: what names stand for may be something else in another call.
    fn is_plain_list(&self, at: Span) -> bool {
        let text = self.sources.text(at);
        text.starts_with('[') && text.chars().all(|c| c.is_ascii_digit() || "[], _".contains(c))
    }
}

/// Two operands of a loss that hold the same numbers in other shapes.
fn reshape_to_fit(diagnostic: Diagnostic, met: &Met, left: &[Dim], right: &[Dim]) -> Diagnostic {
    let count = |shape: &[Dim]| shape.iter().map(Dim::as_constant).try_fold(1_i64, |a, b| a.checked_mul(b?));
    let (Some(prediction), Some(target)) = (count(left), count(right)) else { return diagnostic };
    if prediction != target || !diagnostic.fixes.is_empty() || right.is_empty() {
        return diagnostic;
    }
    let Some(x) = met.operands.first() else { return diagnostic };
    let shape = show_shape(right);
    let mut diagnostic = diagnostic;
    diagnostic.help.clear();
    diagnostic.fix(format!("give it the shape {shape}"), x.span.end_point(), format!(" |> reshape({shape})"))
}

/// A number as it is, code in quotes.
fn shown(text: &str) -> String {
    if text.parse::<f64>().is_ok() { text.to_owned() } else { format!("`{text}`") }
}
