//! What the data cannot give: a class that a split lacks, a column that tells nothing, an answer among the questions.

use super::Subject;
use crate::build::Kind;
use crate::check::program::{DataBlock, Port, Train};
use crate::data::{
    ClassCounts, ColumnFacts, FieldExpr, FieldNode, FieldPlan, SourceSpec, Split, SplitSpec, TableExpr, class_counts,
    schema,
};
use crate::diagnostics::{Code, Diagnostic, excerpt, quoted_list};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind};

/// Fewer classes are judged by what is measured alone.
const MANY_CLASSES: usize = 20;

pub(super) fn data(subject: &Subject<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for (train, tree) in subject.trains() {
        let Some(block) = subject.data_of(train) else { continue };
        let targets: Vec<&FieldPlan> = train
            .fits
            .iter()
            .filter_map(|fit| fit.target_field.as_ref())
            .filter_map(|name| block.plan.field(name))
            .collect();
        let inputs: Vec<&FieldPlan> = inputs_of(subject, train, tree, block);
        for target in &targets {
            classes(block, target, tell);
            match inputs.iter().find(|input| input.name == target.name) {
                None => leakage(&inputs, target, tell),
                Some(input) if inputs.len() > 1 => same_field(subject, train, input, tell),
                // An autoencoder, whose target is its whole input.
                Some(_) => {}
            }
        }
        for input in &inputs {
            constant_columns(input, tell);
        }
    }
    for block in &subject.program.data {
        same_file(block, tell);
        behind_quotes(block, tell);
    }
}

/// Cells that go on behind the quote that closes them: mostly a quote within that is not written twice.
fn behind_quotes(block: &DataBlock, tell: &mut dyn FnMut(Diagnostic)) {
    let mut told: Vec<Span> = Vec::new();
    for field in &block.plan.fields {
        field.expr.walk(&mut |node| {
            let FieldNode::Columns { table, names, .. } = &*node.node else { return };
            let Ok(schema) = schema(table) else { return };
            let found = names.iter().find_map(|name| Some((name, schema.column(name)?.goes_on.as_ref()?)));
            let Some((name, (written, place))) = found.filter(|_| !told.contains(&table.span)) else { return };
            told.push(table.span);
            let message = format!("{place} has text behind the quote that closes a cell of column `{}`", excerpt(name));
            tell(
                Diagnostic::new(Code::L0130, message, table.span, "read here")
                    .note(format!(
                        "`{}` is read without the quotes around its beginning, and with the rest as it stands",
                        excerpt(written)
                    ))
                    .help("a cell in quotes ends with them, and a quote within it is written twice: \"3\"\" nails\""),
            );
        });
    }
}

/// A class that the model reads and predicts, beside other inputs.
fn same_field(subject: &Subject<'_>, train: &Train, field: &FieldPlan, tell: &mut dyn FnMut(Diagnostic)) {
    let model = subject.program.models.get(train.model);
    let port = model.and_then(|model| model.inputs.iter().find(|port| *port.name == *field.name));
    // Numbers may be what an autoencoder with a condition gives back.
    if !port.is_some_and(|port| matches!(port.kind, Kind::Class { .. })) {
        return;
    }
    let name = &field.name;
    let at = model.map_or(train.span, |model| model.span);
    tell(
        Diagnostic::new(
            Code::L0119,
            format!("the model is given the answer: `{name}` is an input and the target"),
            at,
            format!("reads `{name}`"),
        )
        .label(field.span, "the loss wants it, too")
        .note("what is measured looks far better than it will be where the answer is not known")
        .help(format!("leave `{name}` out of the inputs of the model")),
    );
}

/// A file that is in two splits.
fn same_file(block: &DataBlock, tell: &mut dyn FnMut(Diagnostic)) {
    let mut sources: Vec<(Span, &SourceSpec)> = Vec::new();
    for field in &block.plan.fields {
        field.expr.walk(&mut |node| match &*node.node {
            FieldNode::Columns { table, .. } => sources.push((table.span, table.origin())),
            FieldNode::Array(source) | FieldNode::Stream { source, .. } => sources.push((node.span, source)),
            _ => {}
        });
    }
    let found = sources.into_iter().find_map(|(span, source)| {
        let parts = source.files().map(|files| files.parts()).unwrap_or_default();
        let files = || parts.iter().flat_map(|(split, files)| files.iter().map(move |file| (*split, file)));
        let twice = files().find_map(|(split, file)| {
            files()
                .find(|(other, same)| *other != split && same.path == file.path)
                .map(|(other, _)| (split, other, file))
        })?;
        Some((span, twice))
    });
    let Some((span, (first, second, file))) = found else { return };
    let (first, second) = (first.name(), second.name());
    let message = format!("`{}` is the data of {first} and of {second}", file.written);
    tell(
        Diagnostic::new(Code::L0126, message, span, "one file in two splits")
            .note(format!("what is measured on {second} says nothing of examples that the model has not seen"))
            .help("name the file once and divide it: `split: random(train: 80%, test: 20%, seed: 1)`"),
    );
}

/// The fields that the model reads: those of its inputs' names, unless the train says others.
fn inputs_of<'a>(subject: &Subject<'_>, train: &Train, tree: &ast::Train, block: &'a DataBlock) -> Vec<&'a FieldPlan> {
    let Some(model) = subject.program.models.get(train.model) else { return Vec::new() };
    let field_of = |(i, port): (usize, &Port)| {
        let named = tree.bindings.iter().find(|b| b.name.as_ref().is_some_and(|n| n.name == port.name));
        let bound = named.or_else(|| tree.bindings.get(i).filter(|b| b.name.is_none()));
        match bound.map(|b| &b.value.kind) {
            Some(ExprKind::Name(field)) => block.plan.field(field),
            _ => block.plan.field(&port.name),
        }
    };
    model.inputs.iter().enumerate().filter_map(field_of).collect()
}

/// Classes that a split has no example of, and targets that have only one.
fn classes(block: &DataBlock, target: &FieldPlan, tell: &mut dyn FnMut(Diagnostic)) {
    let ty = block.description.field(&target.name);
    let Some(counts) = ty.and_then(|ty| class_counts(&block.plan, &target.name, ty)) else { return };
    if let Some(only) = counts.only_class() {
        let message = format!("every example has the same class in `{}`: there is nothing to tell apart", target.name);
        tell(
            Diagnostic::new(Code::E0542, message, target.span, format!("always `{}`", excerpt(only)))
                .help("is this the column of the classes, and does the file hold all of them?"),
        );
        return;
    }
    let examples: usize = Split::ALL.into_iter().map(|split| counts.total(split)).sum();
    if counts.names.len() >= MANY_CLASSES && counts.names.len() * 2 > examples {
        let message = format!("`{}` has {} classes in {examples} examples", target.name, counts.names.len());
        tell(
            Diagnostic::new(Code::L0125, message, target.expr.span, "nearly every value is a class of its own")
                .note("a class is learned from many examples of it, and a new example has a value that is none of them")
                .help("a quantity is learned as it is, without `classes`, with `mse` as the loss; names of single examples cannot be learned"),
        );
        return;
    }
    let splits: Vec<Split> = Split::ALL.into_iter().filter(|s| counts.total(*s) > 0).collect();
    let lacking = splits.iter().find_map(|split| {
        let names = counts.lacking(*split);
        (!names.is_empty()).then_some((*split, names))
    });
    let Some((split, names)) = lacking else { return };
    let listed = quoted_list(names.iter().map(String::as_str), 4);
    let many = if names.len() == 1 { "class" } else { "classes" };
    let message = format!("the {split} split has no example of the {many} {listed}", split = split.name());
    let why = match split {
        Split::Train => "a class that no example shows is not learned, and never rightly predicted",
        _ => "what is measured there says nothing of it",
    };
    let at = if matches!(block.plan.split, SplitSpec::AsGiven) { target.span } else { block.plan.split_span };
    let mut diagnostic = Diagnostic::new(Code::L0120, message, at, why);
    if at != target.span {
        diagnostic = diagnostic.label(target.span, format!("has {} classes", counts.names.len()));
    }
    for name in names.iter().take(3) {
        let held: Vec<String> = splits.iter().map(|s| format!("{} in {}", counts.of(*s, name), s.name())).collect();
        diagnostic = diagnostic.note(format!("`{}`: {}", excerpt(name), held.join(", ")));
    }
    tell(match stratified(block, target, &counts) {
        Some(()) => {
            let end = block.plan.split_span.end_point();
            let inside = Span { start: end.start.saturating_sub(1), end: end.end.saturating_sub(1), ..end };
            let text = format!(", stratify: {}", target.name);
            diagnostic.fix(
                format!("spread its classes evenly over the splits: `stratify: {}`", target.name),
                inside,
                text,
            )
        }
        None => diagnostic,
    });
}

/// Whether drawing the split by class would give every split an example of each.
fn stratified(block: &DataBlock, target: &FieldPlan, counts: &ClassCounts) -> Option<()> {
    let SplitSpec::Random { shares, stratify: None, seed } = &block.plan.split else { return None };
    let mut plan = block.plan.clone();
    plan.split = SplitSpec::Random { shares: shares.clone(), stratify: Some(target.expr.clone()), seed: *seed };
    let better = class_counts(&plan, &target.name, block.description.field(&target.name)?)?;
    let is_whole = Split::ALL.into_iter().filter(|s| counts.total(*s) > 0).all(|s| better.lacking(s).is_empty());
    is_whole.then_some(())
}

/// A column of a table that a field reads.
type Column<'a> = (&'a TableExpr, &'a str);

/// The columns that a field is made of, row by row. `None` where rows are moved against each other, for the same column
/// of another row is another value, and where columns are the positions of a sequence: those are read as one.
fn columns(expr: &FieldExpr) -> Option<Vec<Column<'_>>> {
    match &*expr.node {
        FieldNode::Columns { table, names, .. } => Some(names.iter().map(|n| (table, n.as_str())).collect()),
        FieldNode::Windows { .. } => None,
        _ if is_sequence_of_classes(expr) => None,
        _ => expr.children().into_iter().map(columns).collect::<Option<Vec<_>>>().map(|parts| parts.concat()),
    }
}

/// Whether several columns are numbered together.
fn is_sequence_of_classes(expr: &FieldExpr) -> bool {
    let (FieldNode::Classes(inner, _) | FieldNode::KnownClasses(inner)) = &*expr.node else { return false };
    matches!(&*inner.node, FieldNode::Columns { scalar: false, .. })
}

/// A column that is both asked and given. A target that is all of the input is an autoencoder's.
fn leakage(inputs: &[&FieldPlan], target: &FieldPlan, tell: &mut dyn FnMut(Diagnostic)) {
    let Some(wanted) = columns(&target.expr) else { return };
    let same = |a: &Column<'_>, b: &Column<'_>| a.1 == b.1 && a.0.origin() == b.0.origin();
    let mut asked: Vec<(&FieldPlan, Column<'_>)> = Vec::new();
    for input in inputs {
        let Some(columns) = columns(&input.expr) else { continue };
        asked.extend(columns.into_iter().map(|column| (*input, column)));
    }
    let is_wanted = |column: &Column<'_>| wanted.iter().any(|w| same(w, column));
    if wanted.is_empty() || asked.iter().all(|(_, column)| is_wanted(column)) && asked.len() > 1 {
        return;
    }
    let Some((input, (_, name))) = asked.iter().find(|(_, column)| is_wanted(column)) else { return };
    let leaked: Vec<&str> =
        wanted.iter().map(|(_, name)| *name).filter(|n| asked.iter().any(|(_, c)| c.1 == *n)).collect();
    let message = match leaked.as_slice() {
        [_] => format!(
            "the model is given the answer: column `{name}` is in `{}` and in the target `{}`",
            input.name, target.name
        ),
        _ => format!(
            "the model is given the answers: {} are in its input and in the target `{}`",
            quoted_list(leaked.iter().copied(), 4),
            target.name
        ),
    };
    let diagnostic = Diagnostic::new(Code::L0119, message, input.expr.span, format!("the model reads `{name}` here"))
        .label(target.expr.span, "the loss wants it here")
        .note("what is measured looks far better than it will be where the answer is not known");
    tell(diagnostic.help(match asked.len() {
        1 => format!("give `{}` other columns", input.name),
        _ => format!("leave the column out of `{}`: a smaller range, or `except: {name}`", input.name),
    }));
}

/// Columns that hold the same value in every row.
fn constant_columns(input: &FieldPlan, tell: &mut dyn FnMut(Diagnostic)) {
    let mut open = vec![&input.expr];
    while let Some(expr) = open.pop() {
        if !is_sequence_of_classes(expr) {
            open.extend(expr.children());
        }
        let FieldNode::Columns { table, names, scalar } = &*expr.node else { continue };
        let Ok(schema) = schema(table) else { continue };
        // Of a thousand columns hardly any is constant: each is looked at once.
        let is_constant = |c: &&ColumnFacts| c.missing == 0 && c.distinct.as_ref().is_some_and(|d| d.len() == 1);
        let constant: Vec<&str> = schema.columns.iter().filter(is_constant).map(|c| c.name.as_str()).collect();
        let constant: Vec<&str> = names.iter().map(String::as_str).filter(|name| constant.contains(name)).collect();
        let [first, ..] = constant.as_slice() else { continue };
        if schema.total_rows() < 2 {
            continue;
        }
        let value = schema.column(first).and_then(|c| c.distinct.as_ref()?.first().cloned()).unwrap_or_default();
        let message = match constant.as_slice() {
            [only] => {
                format!("column `{}` is the same in every row, so it tells the model nothing", excerpt(only))
            }
            several => format!(
                "the columns {} are the same in every row, so they tell the model nothing",
                quoted_list(several.iter().copied(), 4)
            ),
        };
        let diagnostic = Diagnostic::new(
            Code::L0118,
            message,
            expr.span,
            format!("`{}` is always {}", excerpt(first), excerpt(&value)),
        );
        let except = match constant.as_slice() {
            [only] => format!("except: {only}"),
            several => format!("except: [{}]", several.join(", ")),
        };
        tell(match scalar {
            true => diagnostic.help("leave it out"),
            false => diagnostic.help(format!("leave it out: `t[…, {except}]`")),
        });
    }
}
