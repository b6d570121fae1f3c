//! The words for a [`super::Problem`].

use super::problem::{Problem, Shape};
use super::tensor::{Kind, Role};
use super::windows::{Padding, Window};
use crate::diagnostics::{Code, Diagnostic, Edit, Label, quoted_list};
use crate::ir::dim::{Comparison, Dim, show_shape};
use crate::source::Span;

/// The call, operator or flow form that met a problem.
#[derive(Debug, Clone, Default)]
pub struct CallSite<'a> {
    /// As it is written: `Dense`, `concat`, `+`, `@`, `[]` for an index, `residual`.
    pub name: &'a str,
    /// The whole expression.
    pub span: Span,
    /// The name alone, where an edit may put another; empty where there is none.
    pub name_span: Span,
    /// Where each operand is written, with its type as the user writes it; the piped one first.
    pub operands: Vec<(Span, String)>,
    /// Where arguments are written, by parameter.
    pub arguments: Vec<(&'static str, Span)>,
    /// The stage `|> softmax` (or `sigmoid`, …), its bar included, that gave the operand of a loss its role, where
    /// it stands in a pipeline and taking it away leaves one; with its text.
    pub role_stage: Option<(Span, String)>,
}

impl CallSite<'_> {
    fn operand_span(&self, operand: usize) -> Span {
        self.operands.get(operand).map_or(self.span, |(span, _)| *span)
    }

    fn argument_span(&self, name: &str) -> Span {
        self.arguments.iter().find(|(n, _)| *n == name).map_or(self.span, |(_, span)| *span)
    }

    /// `` `softmax` ``, `this residual`: the subject of a sentence.
    fn subject(&self) -> String {
        match self.name {
            "residual" => "this residual".into(),
            "[]" => "this index".into(),
            "" => "this".into(),
            name => format!("`{name}`"),
        }
    }

    /// A diagnostic with a label for every operand, `primary` first.
    fn about_operands(&self, code: Code, message: String, primary: usize) -> Diagnostic {
        let Some((span, shown)) = self.operands.get(primary) else {
            return Diagnostic::new(code, message, self.span, "here");
        };
        let mut diagnostic = Diagnostic::new(code, message, *span, shown.clone());
        for (i, (span, shown)) in self.operands.iter().enumerate() {
            // `x * x` names one place twice.
            let known = diagnostic.labels.iter().any(|l| l.span == *span);
            if i != primary && !known {
                diagnostic.labels.push(Label { span: *span, message: shown.clone() });
            }
        }
        diagnostic
    }
}

/// Says a problem to the user.
pub fn diagnostic(problem: &Problem, site: &CallSite) -> Diagnostic {
    let subject = site.subject();
    match problem {
        Problem::Broadcast { left, right } => broadcast(site, left, right),
        Problem::MatMulInner { left, right } => mat_mul(site, left, right),
        Problem::Rank { operand, wanted, shape } => {
            let message = format!("{subject} wants {wanted}, but this is {}", with_axes(shape));
            let diagnostic = site.about_operands(Code::E0303, message, *operand);
            match shape.as_slice() {
                [] => diagnostic.help("a scalar becomes [1] by `unsqueeze(axis: 0)`"),
                [_, _] if wanted.contains("[C, H, W]") => {
                    diagnostic.help("an image without channels, [H, W], gets one by `unsqueeze(axis: 0)`")
                }
                _ => diagnostic,
            }
        }
        Problem::Axis { axis, shape } => {
            let message = format!("there is no axis {axis}: {subject} works on {}", shape_or_scalar(shape));
            let diagnostic = Diagnostic::new(Code::E0304, message, site.argument_span("axis"), format!("axis {axis}"));
            let diagnostic = label_operand(diagnostic, site, 0);
            match shape.len() as i64 {
                0 => diagnostic.note("a scalar has no axes"),
                1 => diagnostic.help("the only axis is 0, or -1 from the end"),
                n => diagnostic
                    .help(format!("axes are 0 to {} from the first, or -1 to -{n} from the last", n - 1))
                    .note("the batch is not among them: shapes are per example"),
            }
        }
        Problem::AxisName { name, times, shape } => {
            let shown = show_shape(shape);
            let message = match times {
                0 => format!("no axis of {shown} is called `{name}`"),
                n => format!("{n} axes of {shown} are called `{name}`"),
            };
            let diagnostic = Diagnostic::new(Code::E0304, message, site.argument_span("axis"), format!("`{name}`"));
            let diagnostic = label_operand(diagnostic, site, 0);
            match times {
                0 => diagnostic.help("give the position instead: 0 is the first axis, -1 the last"),
                _ => diagnostic.help("give the position of the one that is meant: 0 is the first axis, -1 the last"),
            }
        }
        Problem::Reshape { from, to } => reshape(site, from, to),
        Problem::Join { first, operand, other, axis } => join(site, first, *operand, other, *axis),
        Problem::Position { position, size, axis } => {
            let message = format!("position {position} lies outside axis {axis}, which has {}", positions(size));
            let diagnostic = Diagnostic::new(Code::E0307, message, site.span, format!("position {position}"));
            let diagnostic = label_operand(diagnostic, site, 0);
            match size.as_constant() {
                Some(n) => {
                    diagnostic.help(format!("positions are 0 to {}, or -1 to -{n} from the end", n.saturating_sub(1)))
                }
                None => diagnostic,
            }
        }
        Problem::TooManyPositions { given, shape } => {
            let message =
                format!("{} given, but this is {}", count(*given, "position is", "positions are"), with_axes(shape));
            let diagnostic = Diagnostic::new(Code::E0307, message, site.span, "one position an axis at most");
            label_operand(diagnostic, site, 0).note("the batch takes no position: shapes are per example")
        }
        Problem::OutOfRange { operand, number, count, what } => {
            let message = format!("{number} is none of the {count} {what}");
            let mut diagnostic = site.about_operands(Code::E0344, message, *operand);
            if let Some(label) = diagnostic.labels.first_mut() {
                let end = if *number < 0 { "as low as" } else { "up to" };
                label.message = format!("{}, {end} {number}", label.message);
            }
            let last = count.as_constant().map_or(String::new(), |n| n.saturating_sub(1).to_string());
            let diagnostic = diagnostic.help(format!("they are counted from 0 to {last}"));
            match number {
                ..0 => diagnostic.note("only a position that is written, `x[-1]`, counts from the end"),
                _ => diagnostic,
            }
        }
        Problem::EmptySlice { size } => {
            let message = format!("this slice of an axis of {size} holds nothing");
            let diagnostic = Diagnostic::new(Code::E0307, message, site.span, "ends before it begins");
            label_operand(diagnostic, site, 0).help("`a .. b` begins at a and ends just before b")
        }
        Problem::LossShapes { left, right } => loss_shapes(site, left, right),
        Problem::LossRole { operand, wanted, got, instead } => loss_role(site, *operand, wanted, *got, instead),
        Problem::ClassCount { operand, width, classes, names } => {
            let message = format!(
                "{width} logits for {}",
                if classes.is_one() { "1 class".into() } else { format!("{classes} classes") }
            );
            let mut diagnostic = site.about_operands(Code::E0403, message, *operand);
            if let Some(names) = names {
                let list = quoted_list(names.iter().map(String::as_str), 6);
                diagnostic = diagnostic.note(format!("the classes are {list}"));
            }
            diagnostic.help(format!("the last layer before the loss wants {classes} units, one a class"))
        }
        Problem::Kind { operand, wanted, got } => kind(site, *operand, wanted, got),
        Problem::Length { argument, wanted, got, reason } => {
            let message = format!("`{argument}` wants {wanted} numbers, {reason}; it has {got}");
            let label = format!("{got} of {wanted}");
            Diagnostic::new(Code::E0312, message, site.argument_span(argument), label)
        }
        Problem::Argument { argument, message } => {
            let text = format!("in {subject}, `{argument}` does not fit: {message}");
            let span = site.argument_span(argument);
            let diagnostic = Diagnostic::new(Code::E0312, text, span, format!("`{argument}`"));
            site.operands.iter().enumerate().fold(diagnostic, |d, (i, _)| label_operand(d, site, i))
        }
        Problem::Parts { argument, parts, what, size, .. } => {
            let what = what.replace("{}", &size.to_string());
            let text = format!("in {subject}, `{argument}` does not fit: {parts} {what} equally");
            let span = site.argument_span(argument);
            let diagnostic = Diagnostic::new(Code::E0312, text, span, format!("{parts} does not divide {size}"));
            label_operand(diagnostic, site, 0)
        }
        Problem::Pieces { sizes, total } => {
            let sum = sizes.iter().cloned().fold(Dim::default(), |a, b| a + b);
            let text =
                format!("in {subject}, `sizes` does not fit: the sizes add up to {sum}, but the axis has {total}");
            let terms: Vec<String> = sizes.iter().map(Dim::to_string).collect();
            let label = format!("{} = {sum}", terms.join(" + "));
            label_operand(Diagnostic::new(Code::E0312, text, site.argument_span("sizes"), label), site, 0)
        }
        Problem::Number { argument, message, .. } => {
            let text = format!("in {subject}, `{argument}` does not fit: {message}");
            let span = site.argument_span(argument);
            let diagnostic = Diagnostic::new(Code::E0312, text, span, format!("`{argument}`"));
            label_operand(diagnostic, site, 0)
        }
        Problem::UnknownSize { what, size } => {
            let why = if size.is_ragged() { "differs from example to example" } else { "is not known" };
            let message = format!("{what} needs the size {size}, which {why}");
            let diagnostic = Diagnostic::new(Code::E0308, message, site.span, format!("depends on {size}"));
            let diagnostic = label_operand(diagnostic, site, 0);
            if size.is_ragged() {
                diagnostic
                    .note("what is made once, before any sequence is seen, needs one number for all of them")
                    .help("reduce that axis first: `mean(axis: 0)`, `max(axis: 0)`, `last`")
            } else {
                diagnostic.help("write the number in the model's inputs, or train it on data that says it")
            }
        }
        Problem::Shared { path, first, now, first_span } => {
            let message = format!(
                "the weight `{path}` is {} by its first use, and would have to be {} here",
                show_shape(first),
                show_shape(now)
            );
            let diagnostic = Diagnostic::new(Code::E0309, message, site.span, format!("needs {}", show_shape(now)));
            let diagnostic = label_operand(diagnostic, site, 0);
            diagnostic
                .label(*first_span, format!("made it {}", show_shape(first)))
                .note("a layer with a name is one layer wherever it is applied: its uses share their weights")
                .help("give both uses inputs of one size, or make a second layer")
        }
        Problem::Window { axis, size, window } => window_size(site, *axis, size, window),
        Problem::Ragged { size, why, instead } => {
            let message = format!("{subject} cannot keep the padding out: {size} differs from example to example");
            let diagnostic = Diagnostic::new(Code::E0320, message, site.span, format!("along {size}"));
            label_operand(diagnostic, site, 0).note(why.clone()).help(instead.clone())
        }
        Problem::TooLarge { shape } => {
            let numbers = shape.iter().filter_map(Dim::as_constant).fold(1.0, |a, n| a * n as f64);
            let message = format!("{} would hold {} numbers", show_shape(shape), in_words(numbers).trim_end());
            Diagnostic::new(Code::E0310, message, site.span, "too large for any memory")
                .note(format!("that is {}B in single precision; nnrun stops at 2^40 numbers", in_words(numbers * 4.0)))
                .help("is an axis flattened, or a size written, that should not be?")
        }
        Problem::NotPerExample { what } => {
            let message = format!("{what} of something that is the same for all examples");
            let diagnostic = Diagnostic::new(Code::E0313, message, site.span, "does not depend on the example");
            label_operand(diagnostic, site, 0).help("apply it to something that is made from the model's inputs")
        }
    }
}

/// Adds the operand's type as a label, unless its place is labelled already.
fn label_operand(diagnostic: Diagnostic, site: &CallSite, operand: usize) -> Diagnostic {
    match site.operands.get(operand) {
        Some((span, shown)) if diagnostic.labels.iter().all(|l| l.span != *span) => {
            diagnostic.label(*span, shown.clone())
        }
        _ => diagnostic,
    }
}

fn broadcast(site: &CallSite, left: &[Dim], right: &[Dim]) -> Diagnostic {
    let (l, r) = (show_shape(left), show_shape(right));
    let message = match site.name {
        "residual" => format!("this residual adds {r} to {l}"),
        _ => format!("{} cannot combine {l} and {r}", site.subject()),
    };
    let mut diagnostic = site.about_operands(Code::E0301, message, usize::from(site.name == "residual"));
    if site.name == "residual" {
        for (label, what) in diagnostic.labels.iter_mut().zip(["gives", "the input of the residual,"]) {
            label.message = format!("{what} {}", label.message);
        }
    }
    for (from_end, (a, b)) in left.iter().rev().zip(right.iter().rev()).enumerate() {
        // With a single axis the message has said it.
        let is_said = left.len() == 1 && right.len() == 1;
        if !is_said && a.compare(b) != Comparison::Equal && !a.is_one() && !b.is_one() {
            let how = if a.compare(b) == Comparison::Different { "are not equal" } else { "may differ" };
            diagnostic = diagnostic.note(format!("axis -{}: {a} and {b} {how}, and neither is 1", from_end + 1));
        }
    }
    if site.name == "residual" {
        return diagnostic
            .help("a residual is x + stage(x): end the stage with the shape of its input, or let `residual(shortcut: …)` change the input along");
    }
    let transposed = |a: &[Dim], b: &[Dim]| matches!((a, b), ([.., p, q], [.., s, t]) if p == t && q == s);
    if transposed(left, right) {
        return diagnostic.help("one of the two transposed, `transpose(..)`, has the shape of the other");
    }
    // [T] against [T, D]: one number a row.
    let lead = |short: &[Dim], long: &[Dim]| short.len() < long.len() && long.starts_with(short);
    for (operand, short, long) in [(0, left, right), (1, right, left)] {
        if !short.is_empty() && lead(short, long) {
            let span = site.operand_span(operand);
            let text = " |> unsqueeze(axis: -1)".repeat(long.len() - short.len());
            let title = format!("align {} with the first axes of {}", show_shape(short), show_shape(long));
            return diagnostic.fix_all(title, pipe_into(span, &text));
        }
    }
    diagnostic
}

/// The edits that send an expression through further stages. `|>` binds loosest, so it needs parentheses as an
/// operand of an operator.
fn pipe_into(span: Span, stages: &str) -> Vec<Edit> {
    vec![
        Edit { span: span.start_point(), text: "(".into() },
        Edit { span: span.end_point(), text: format!("{stages})") },
    ]
}

fn mat_mul(site: &CallSite, left: &[Dim], right: &[Dim]) -> Diagnostic {
    let (l, r) = (show_shape(left), show_shape(right));
    let message = format!("{} cannot multiply {l} by {r}", site.subject());
    let inner_left = left.last().cloned().unwrap_or_default();
    let column = right.len() == 1;
    let inner_right = if column { right.first() } else { right.iter().rev().nth(1) };
    let inner_right = inner_right.cloned().unwrap_or_default();
    let rows = if column { "the vector on the right" } else { "a column on the right" };
    let diagnostic = site
        .about_operands(Code::E0302, message, 0)
        .note(format!("a row on the left has {inner_left} numbers, {rows} has {inner_right}; they must agree"));
    let (turned_left, turned_right) = (left.iter().rev().nth(1), right.last());
    if !column && turned_right == Some(&inner_left) {
        return diagnostic.fix_all("transpose the right", call_around(site.operand_span(1), "transpose"));
    }
    if turned_left == Some(&inner_right) {
        return diagnostic.fix_all("transpose the left", call_around(site.operand_span(0), "transpose"));
    }
    diagnostic
}

fn call_around(span: Span, function: &str) -> Vec<Edit> {
    vec![
        Edit { span: span.start_point(), text: format!("{function}(") },
        Edit { span: span.end_point(), text: ")".into() },
    ]
}

fn reshape(site: &CallSite, from: &[Dim], to: &[Option<Dim>]) -> Diagnostic {
    let shown: Vec<String> = to.iter().map(|d| d.as_ref().map_or("_".into(), Dim::to_string)).collect();
    let target = format!("[{}]", shown.join(", "));
    let total = from.iter().cloned().fold(Dim::constant(1), |a, b| a * b);
    let known = to.iter().flatten().cloned().fold(Dim::constant(1), |a, b| a * b);
    let holes = to.iter().filter(|d| d.is_none()).count();
    if site.name == "squeeze" {
        let message = format!("`squeeze` removes axes of size 1, and this one of {} is not", show_shape(from));
        return site.about_operands(Code::E0305, message, 0);
    }
    let message = format!("{} cannot be reshaped to {target}", show_shape(from));
    let diagnostic = Diagnostic::new(Code::E0305, message, site.argument_span("shape"), target.clone());
    let diagnostic = label_operand(diagnostic, site, 0);
    match holes {
        0 => diagnostic
            .note(format!("{} is {total} numbers, {target} is {known}", show_shape(from)))
            .help("`_` in place of one size takes what is left over"),
        1 => diagnostic.note(format!("{total} numbers do not divide by {known}")),
        n => diagnostic.note(format!("{n} sizes are `_`; only one can follow from the others")),
    }
}

fn join(site: &CallSite, first: &[Dim], operand: usize, other: &[Dim], axis: Option<usize>) -> Diagnostic {
    let (f, o) = (show_shape(first), show_shape(other));
    let Some(axis) = axis else {
        let message = format!("{} puts tensors of one shape side by side; these are {f} and {o}", site.subject());
        return site
            .about_operands(Code::E0306, message, operand)
            .help("`concat` joins along an axis that is there already, which may differ");
    };
    let message = format!("{} along axis {axis} cannot join {f} and {o}", site.subject());
    let diagnostic = site.about_operands(Code::E0306, message, operand);
    if first.len() != other.len() {
        let note = format!("{} and {} differ in their number of axes", f, o);
        return diagnostic.note(note).help("`unsqueeze(axis: 0)` adds an axis of size 1");
    }
    let differing: Vec<usize> = (0..first.len()).filter(|i| first.get(*i) != other.get(*i)).collect();
    match differing.as_slice() {
        // The one axis that differs is the one to join along.
        [only] => {
            let diagnostic = diagnostic.note(format!("axis {only} differs; only the axis of joining may"));
            match site.arguments.iter().find(|(n, _)| *n == "axis") {
                Some((_, span)) => diagnostic.fix(format!("join along axis {only}"), *span, only.to_string()),
                None => diagnostic.help(format!("join along it: `axis: {only}`")),
            }
        }
        _ => diagnostic.note("all axes but that of joining must agree"),
    }
}

fn window_size(site: &CallSite, axis: usize, size: &Dim, window: &Window) -> Diagnostic {
    let extent = window.reach() + Dim::constant(1);
    let padded = match &window.padding {
        Padding::Each(n) if *n != Dim::default() => format!(", padded by {n} on each side"),
        Padding::Each(_) | Padding::Same => String::new(),
    };
    let message = format!("{} slides a window of {extent} over an axis of {size}{padded}", site.subject());
    let diagnostic = site
        .about_operands(Code::E0321, message, 0)
        .note(format!("axis {axis}: {}, so there is no place for a window", window.arithmetic(size)));
    let diagnostic = match site.arguments.iter().find(|(name, _)| *name == "kernel") {
        Some((_, span)) => diagnostic.label(*span, format!("{} taps", window.kernel)),
        None => diagnostic,
    };
    if site.name.starts_with("Conv") {
        diagnostic.help("`padding: same` keeps the size of a convolution, however small the axis")
    } else {
        diagnostic.help("a smaller kernel fits, or a global pool, which has one window as large as the axis")
    }
}

fn loss_shapes(site: &CallSite, left: &[Dim], right: &[Dim]) -> Diagnostic {
    let (l, r) = (shape_or_scalar(left), shape_or_scalar(right));
    let message = format!("{} compares {l} with {r}", site.subject());
    let diagnostic = site
        .about_operands(Code::E0401, message, 0)
        .note("nothing is broadcast in a loss or metric: the shapes must be the same");
    // [1] against a scalar, [28, 28, 1] against [28, 28].
    let without_ones = |shape: &[Dim]| shape.iter().filter(|d| !d.is_one()).cloned().collect::<Shape>();
    for (operand, long, short) in [(0, left, right), (1, right, left)] {
        if long.len() > short.len() && without_ones(long) == short {
            let span = site.operand_span(operand);
            let title = format!("remove the axis of size 1 from {}", show_shape(long));
            let edit = Edit { span: span.end_point(), text: " |> squeeze".into() };
            return diagnostic.fix_all(title, vec![edit]);
        }
    }
    let count = |shape: &[Dim]| shape.iter().cloned().fold(Dim::constant(1), |a, b| a * b);
    if count(left) == count(right) {
        return diagnostic.help(format!("both hold {} numbers: `reshape` makes them alike", count(left)));
    }
    diagnostic
}

fn loss_role(site: &CallSite, operand: usize, wanted: &str, got: Role, instead: &str) -> Diagnostic {
    let message = format!("{} wants {wanted}, and gets {got}", site.subject());
    let made = site.operands.get(operand).map(|(_, shown)| format!("{shown}, {got}")).unwrap_or_default();
    let mut diagnostic = Diagnostic::new(Code::E0402, message, site.operand_span(operand), made);
    if wanted == "logits" {
        let function = if site.name == "bce_with_logits" { "sigmoid" } else { "softmax" };
        diagnostic = diagnostic.note(format!(
            "logits are the numbers before any {function}: {} applies it itself, and more exactly; \
             applied twice it flattens the gradients, and the model learns slowly or not at all",
            site.subject()
        ));
    }
    if let Some((stage, text)) = &site.role_stage {
        diagnostic = diagnostic.label(*stage, format!("this makes {got} of it"));
        diagnostic = diagnostic.fix(format!("take `{text}` away"), *stage, "");
    }
    // `nll` knows neither smoothing nor probabilities as target.
    let against_classes = site.operands.get(1).is_some_and(|(_, shown)| shown.starts_with("class"))
        && site.arguments.iter().all(|(name, _)| *name != "label_smoothing");
    if instead == "nll" && !against_classes {
        if site.role_stage.is_none() {
            let function = if got == Role::LogProbabilities { "log_softmax" } else { "softmax" };
            diagnostic = diagnostic.help(format!("give it the numbers before the {function}"));
        }
    } else if instead == "nll" && got == Role::Probabilities {
        let behind = Edit { span: site.operand_span(operand).end_point(), text: " |> log".into() };
        if site.name_span.is_empty() {
            diagnostic = diagnostic.help("`nll` takes the logarithm of probabilities");
        } else {
            let name = Edit { span: site.name_span, text: instead.into() };
            diagnostic =
                diagnostic.fix_all("use `nll`, which takes the logarithm of probabilities", vec![name, behind]);
        }
    } else if !instead.is_empty() {
        if site.name_span.is_empty() {
            diagnostic = diagnostic.help(format!("`{instead}` takes {got}"));
        } else {
            let takes = if got == Role::Value { "logits".to_owned() } else { got.to_string() };
            diagnostic = diagnostic.fix(format!("use `{instead}`, which takes {takes}"), site.name_span, instead);
        }
    } else if site.role_stage.is_none() {
        diagnostic = match got {
            Role::Probabilities if wanted == "log-probabilities" => diagnostic.fix_all(
                "take the logarithm",
                vec![Edit { span: site.operand_span(operand).end_point(), text: " |> log".into() }],
            ),
            Role::Probabilities => diagnostic.help("give it the numbers before the softmax or sigmoid"),
            Role::LogProbabilities if wanted == "logits" => {
                diagnostic.help("give it the numbers before the log_softmax")
            }
            Role::LogProbabilities => diagnostic.help("`exp` makes probabilities of them"),
            Role::Value => diagnostic,
        };
    }
    diagnostic
}

fn kind(site: &CallSite, operand: usize, wanted: &str, got: &Kind) -> Diagnostic {
    let message = format!("{} wants {wanted}, and gets {got}", site.subject());
    let diagnostic = site.about_operands(Code::E0311, message, operand);
    let wants_class = wanted.starts_with("class");
    match got {
        Kind::Class { .. } if wanted == "numbers" => diagnostic
            .note("the number of a class is a name: class 2 is not twice class 1")
            .fix_all("turn the class into numbers, one a class", stage_behind(site, operand, "one_hot")),
        Kind::Float | Kind::Int if wants_class => {
            diagnostic.help("a field of class numbers or names becomes one where the data is read: `|> classes`")
        }
        Kind::Float | Kind::Int | Kind::Bool | Kind::Class { .. } => diagnostic,
    }
}

/// The edit that sends an operand through one more stage, where it is an argument or stands in a pipeline.
fn stage_behind(site: &CallSite, operand: usize, stage: &str) -> Vec<Edit> {
    vec![Edit { span: site.operand_span(operand).end_point(), text: format!(" |> {stage}") }]
}

/// `[3, 4], 2 axes`, `a scalar`.
fn with_axes(shape: &[Dim]) -> String {
    match shape.len() {
        0 => "a scalar".into(),
        1 => format!("{}, which has 1 axis", show_shape(shape)),
        n => format!("{}, which has {n} axes", show_shape(shape)),
    }
}

fn shape_or_scalar(shape: &[Dim]) -> String {
    if shape.is_empty() { "a scalar".into() } else { show_shape(shape) }
}

fn positions(size: &Dim) -> String {
    if size.is_one() { "1 position".into() } else { format!("{size} positions") }
}

fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// `2.0 T`: a large number, rounded.
fn in_words(n: f64) -> String {
    match n {
        n if n >= 1e15 => format!("{:.1e} ", n),
        n if n >= 1e12 => format!("{:.1} T", n / 1e12),
        n if n >= 1e9 => format!("{:.1} G", n / 1e9),
        n if n >= 1e6 => format!("{:.1} M", n / 1e6),
        n => format!("{n} "),
    }
}
