//! Texts as classes: the tokens of one long text, or those of each of many.

use super::combine::whole;
use super::evaluate::{Evaluator, Values};
use super::field_expr::FieldExpr;
use super::framing::Framing;
use super::groups::Groups;
use super::load_sources::Sources;
use super::problem::{At, DataError, DataProblem, DataResult, Found};
use super::resolve::{Element, Examples, Op, Resolved, Unit, resolve_names};
use super::resolve_source::given_splits;
use super::scan_cache::kept;
use super::schema::files_of;
use super::source_spec::{PerSplit, SourceSpec};
use super::steps::{StepKind, Steps};
use super::store::Limits;
use super::tokens::{Counter, TextScan, read_stream, text_scan};
use super::vocabulary::Vocabulary;
use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where names come from: an earlier load, another field, or the tokens themselves.
pub(crate) struct Naming<'a> {
    pub vocabulary: &'a Vocabulary,
    pub like: Option<&'a FieldExpr>,
    /// Names of an earlier load.
    pub known: Option<Vec<String>>,
    pub training: Option<&'a Framing>,
}

impl Naming<'_> {
    /// The names for tokens that `all` counts over all splits and `training` over some examples.
    fn names(
        self,
        all: &TextScan,
        span: Span,
        training: impl FnOnce(&Framing) -> Found<TextScan>,
    ) -> DataResult<Arc<[String]>> {
        self.vocabulary.check(span)?;
        if let Some(known) = self.known {
            return Ok(known.into());
        }
        if let Some(like) = self.like {
            let names = resolve_names(like, self.training)?;
            let names = self.vocabulary.names(Vec::new(), Some(&names));
            self.vocabulary.check_like(all, &names, span)?;
            return Ok(names);
        }
        let counts = match self.training.filter(|_| self.vocabulary.is_of_training()) {
            Some(framing) => training(framing).at(span)?.counts,
            None => all.counts.clone(),
        };
        Ok(self.vocabulary.names(counts, None))
    }
}

/// `text("a.txt") |> characters`: a token a row.
pub(crate) fn stream(source: &SourceSpec, naming: Naming<'_>, estimate: usize, span: Span) -> DataResult<Resolved> {
    let vocabulary = naming.vocabulary;
    let kind = vocabulary.kind;
    if vocabulary.extra() > 0 {
        return Err(DataError::new(span, DataProblem::EndsOfOneText { kind: kind.name() }));
    }
    let mut counts = [0usize; 3];
    let mut all = TextScan::default();
    let mut written = Vec::new();
    for (split, files) in source.files().map(PerSplit::parts).unwrap_or_default() {
        for file in super::files::expand(files).at(span)? {
            let scan = text_scan(&file, kind).at(span)?;
            if let Some(count) = counts.get_mut(split.index()) {
                *count += scan.tokens as usize;
            }
            all.tokens += scan.tokens;
            all.counts.extend(scan.counts.iter().cloned());
            written.push(file.written);
        }
    }
    if all.tokens >= u64::from(u32::MAX) {
        return Err(DataError::new(span, DataProblem::TooManyRows { rows: all.tokens }));
    }
    merge_counts(&mut all.counts);
    let names = naming.names(&all, span, |framing| {
        let stream = read_stream(source, kind)?;
        let mut counter = Counter::default();
        for position in framing.training(None, true) {
            let id = stream.ids.get(position as usize).map_or(usize::MAX, |id| *id as usize);
            stream.distinct.get(id).into_iter().for_each(|token| counter.add(token));
        }
        Ok(counter.finish())
    })?;
    Ok(Resolved {
        op: Op::Stream { source: source.clone(), kind, estimate },
        parts: Vec::new(),
        span,
        element: Element::Class(names),
        shape: Vec::new(),
        steps: None,
        examples: Some(Examples {
            unit: Unit::Rows,
            counts,
            given: given_splits(source, span)?,
            kept: None,
            source: Arc::new((stream_key(source, kind.name()), written.join(", "))),
        }),
        image: false,
        missing: Vec::new(),
        texts: Vec::new(),
        infinite: None,
    })
}

/// What tells the tokens of a source apart from its other tokens.
pub(crate) fn stream_key(source: &SourceSpec, kind: &str) -> String {
    format!("{kind} of {source:?}")
}

fn merge_counts(counts: &mut Vec<(String, u64)>) {
    counts.sort();
    counts.dedup_by(|(name, n), (kept, total)| {
        let is_same = name == kept;
        if is_same {
            *total += *n;
        }
        is_same
    });
}

#[derive(Serialize, Deserialize)]
struct EachScan {
    /// Tokens of each example.
    ends: Vec<u32>,
    all: TextScan,
}

/// `t.review |> words`: the tokens of each text, as a sequence with a length of its own.
pub(crate) fn each(
    part: Resolved,
    inner: &FieldExpr,
    naming: Naming<'_>,
    estimate: usize,
    span: Span,
) -> DataResult<Resolved> {
    let vocabulary = naming.vocabulary.clone();
    let function = vocabulary.kind.name();
    let is_one_text = part.shape.is_empty() && part.is_of_rows();
    if part.element != Element::Text || !is_one_text {
        let found = match (&part.element, is_one_text) {
            (Element::Text, _) => format!("{} texts an example", part.shape.iter().product::<usize>()),
            (Element::Class(_), _) => "classes".to_string(),
            (Element::Number | Element::Bool, _) => "numbers".to_string(),
        };
        return Err(DataError::new(part.span, DataProblem::TokensOf { function, found }));
    }
    part.needs_all(function)?;
    let mut files = Vec::new();
    let mut sources = Vec::new();
    part.walk(&mut |node| {
        if let Op::Columns { table, .. } = &node.op {
            sources.push(table.origin().clone());
        }
    });
    for source in &sources {
        files.extend(files_of(source).at(span)?);
    }
    let rows: usize = part.examples.as_ref().map_or(0, |e| e.counts.iter().sum());
    let rows: Vec<u32> = (0..rows as u32).collect();
    let scan = kept(&files, &format!("{function} of {inner:?}"), || {
        let mut ends = Vec::with_capacity(rows.len());
        let all = count(&part, &rows, &vocabulary, Some(&mut ends))?;
        Ok(EachScan { ends, all })
    })
    .at(span)?;
    let extra = vocabulary.extra();
    let ends: Vec<u32> = scan.ends.iter().zip(1..).map(|(end, texts)| end + (extra * texts) as u32).collect();
    let names =
        naming.names(&scan.all, span, |framing| count(&part, &framing.training(None, true), &vocabulary, None))?;
    let counts = part.examples.as_ref().map_or([0; 3], |e| e.counts);
    let groups = Groups { ends, order: None, counts };
    let longest = groups.longest();
    let marks = if extra > 0 { format!(" with {extra} marks") } else { String::new() };
    let key = format!("{function} of {}{marks}", named(&part, inner));
    let steps = Steps { key: key.into(), kind: StepKind::Groups(Arc::new(groups)) };
    let op = Op::Tokens { vocabulary, estimate };
    let resolved = whole(op, vec![part], span, Element::Class(names), vec![longest])?;
    Ok(Resolved { texts: Vec::new(), ..resolved.with(Some(steps)) })
}

/// What a key calls a text: its column and file, where it is no more than that.
fn named(part: &Resolved, inner: &FieldExpr) -> String {
    match (&part.op, &part.examples) {
        (Op::Columns { table, columns, .. }, Some(examples)) if table.origin().files().is_some() => {
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            format!("{} of {}", names.join(", "), examples.source.1)
        }
        _ => format!("{inner:?}"),
    }
}

/// The tokens of some rows; `ends` takes how many there are after each.
fn count(part: &Resolved, rows: &[u32], vocabulary: &Vocabulary, mut ends: Option<&mut Vec<u32>>) -> Found<TextScan> {
    let sources = Sources::load(&[part], &Limits::USUAL).map_err(|e| e.problem)?;
    let evaluator = Evaluator::new(&sources, &[], &[]);
    let mut counts: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    let mut tokens = 0u64;
    evaluator.each_block(part, rows, &mut |_, values| {
        let Values::Texts(texts) = values else { return Ok(()) };
        for text in &texts {
            for token in vocabulary.kind.cut(text.as_deref().unwrap_or("")) {
                tokens += 1;
                match counts.get_mut(token) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(token.to_string(), 1);
                    }
                }
            }
            if tokens >= u64::from(u32::MAX) {
                return Err(Box::new(DataProblem::TooManyRows { rows: tokens }));
            }
            if let Some(ends) = &mut ends {
                ends.push(tokens as u32);
            }
        }
        Ok(())
    })?;
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort();
    Ok(TextScan { tokens, counts })
}
