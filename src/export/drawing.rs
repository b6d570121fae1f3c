//! Boxes, groups and edges: what there is to draw, without a place for it.

use super::families::Family;
use super::flow::{Flow, Made, Origin, around, flow};
use super::folding::fold;
use super::text_width::shorten;
use super::words::{LONGEST, arguments, formula, on_one_line};
use crate::build::show_type;
use crate::check::{Checked, LayerRow, Model, Port, RegionKind};
use crate::ir::dim::{batch, show_shape};
use crate::ir::graph::{NodeId, State, StateRole};
use crate::source::Span;
use std::sync::Arc;

/// A network as boxes and edges.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// The model's name.
    pub model: Arc<str>,
    /// One line about the whole: the data, the number of parameters.
    pub about: String,
    /// Where the model's name stands.
    pub span: Span,
    /// In the order in which data comes by.
    pub boxes: Vec<DrawnBox>,
    /// A group before those inside it.
    pub groups: Vec<Group>,
    /// From box to box.
    pub edges: Vec<Edge>,
}

/// How a box looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Inputs, outputs: round ends.
    Port,
    /// Layers and functions.
    Layer,
    /// The circle of a sum.
    Sum,
    /// Weights and states: flat.
    Chip,
}

/// A box.
#[derive(Debug, Clone)]
pub struct DrawnBox {
    /// How it looks.
    pub look: Look,
    /// What its colour says.
    pub family: Family,
    /// The first line.
    pub title: String,
    /// The second line, perhaps empty.
    pub detail: String,
    /// The last line, perhaps empty: the path of its weights, and how many.
    pub foot: String,
    /// All that is known, for a tooltip.
    pub full: String,
    /// The row of `summary` that it is.
    pub row: Option<usize>,
    /// The path of its weights; empty where it has none.
    pub path: Arc<str>,
    /// The group that it lies in.
    pub group: Option<usize>,
    /// Its source.
    pub span: Span,
}

/// Boxes that were written as one.
#[derive(Debug, Clone)]
pub struct Group {
    /// `ConvUnit(32)`, `repeat × 4`
    pub title: String,
    /// What kind it is, in a style sheet: `block`, `repeat`, `scan`.
    pub kind: &'static str,
    /// How many copies it stands for.
    pub copies: usize,
    /// The path of its weights; empty where it adds nothing to that around it.
    pub path: Arc<str>,
    /// The row of `summary` that it is: that of a scan.
    pub row: Option<usize>,
    /// The group that it lies in, which stands before it.
    pub parent: Option<usize>,
    /// Its source.
    pub span: Span,
}

/// What an edge stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// Data flows.
    Data,
    /// To the next step of a scan: against the direction of the drawing.
    Next,
}

/// From box to box.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Index of the box that it leaves.
    pub from: usize,
    /// Index of the box that it reaches.
    pub to: usize,
    /// What it stands for.
    pub kind: EdgeKind,
    /// The shape of what flows.
    pub label: String,
}

impl Drawing {
    /// The drawing of a model of a checked program.
    pub fn new(checked: &Checked, model: &Model) -> Drawing {
        let flow = fold(model, flow(model));
        let group_of = groups(checked, model, &flow);
        let mut order: Vec<usize> = (0..flow.made.len()).collect();
        // Inputs first, outputs last, the others as their nodes come.
        order.sort_by_key(|index| {
            let made = &flow.made[*index];
            let node = made.node.map_or(0, |n| n.0);
            match made.origin {
                Origin::Input(input) => (0, input as u32),
                Origin::Output(output) => (2, output as u32),
                _ => (1, node),
            }
        });
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| place[*from] = to);
        let boxes = order.iter().map(|index| words(checked, model, &flow, *index, &group_of)).collect();
        let mut edges: Vec<Edge> = flow
            .flowing
            .iter()
            .map(|f| Edge {
                from: place[f.from],
                to: place[f.to],
                kind: if f.is_next { EdgeKind::Next } else { EdgeKind::Data },
                label: shape_of(&flow, f.node),
            })
            .collect();
        edges.sort_by_key(|edge| (edge.from, edge.to));
        Drawing {
            model: model.name.clone(),
            about: about(checked, model),
            span: model.span,
            boxes,
            groups: group_of.groups,
            edges,
        }
    }
}

/// The data of a model and how many numbers it learns.
fn about(checked: &Checked, model: &Model) -> String {
    let program = &checked.program;
    let data = program
        .trains
        .iter()
        .find(|train| program.models.get(train.model).is_some_and(|m| m.span == model.span))
        .and_then(|train| program.data.get(train.data))
        .map(|data| format!("on {}", data.name));
    let weights = model.graph.states.iter().filter(|state| state.role == StateRole::Weight);
    let parameters = match weights.map(numbers).sum::<Option<u64>>() {
        Some(n) => parameters(n),
        None => "parameters depend on the data".to_owned(),
    };
    data.into_iter().chain([parameters]).collect::<Vec<_>>().join(" · ")
}

fn numbers(state: &State) -> Option<u64> {
    state.shape.iter().map(|dim| dim.as_constant().and_then(|n| u64::try_from(n).ok())).product()
}

fn parameters(n: u64) -> String {
    format!("{} parameter{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// `12,480`
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The shape of a node for one example.
fn shape_of(flow: &Flow, node: NodeId) -> String {
    let Some(node) = flow.nodes.get(node.index()) else { return String::new() };
    let shape = match node.shape.split_first() {
        Some((first, rest)) if *first == batch() => rest,
        _ => node.shape.as_slice(),
    };
    if shape.is_empty() { "scalar".to_owned() } else { show_shape(shape) }
}

/// The groups that hold boxes, and which one each region is.
struct Grouped {
    groups: Vec<Group>,
    /// By region: itself where it is a group, else that around it.
    of_region: Vec<Option<usize>>,
}

fn groups(checked: &Checked, model: &Model, flow: &Flow) -> Grouped {
    let regions = &model.regions;
    // A region is used where a box lies in it or in one inside.
    let mut used = vec![false; regions.len()];
    for made in &flow.made {
        let mut at = made.region;
        while let Some(index) = at {
            match used.get_mut(index) {
                Some(place) if !*place => *place = true,
                _ => break,
            }
            at = around(regions, index);
        }
    }
    let mut grouped = Grouped { groups: Vec::new(), of_region: vec![None; regions.len()] };
    // Those around come later in the list, and before those inside in the drawing.
    for (index, region) in regions.iter().enumerate().rev() {
        let parent = around(regions, index).and_then(|outer| grouped.of_region.get(outer).copied().flatten());
        let written = on_one_line(&checked.sources, region.span);
        let (title, kind, copies, row) = match &region.kind {
            RegionKind::Block { name } => {
                let title = if written.starts_with(&**name) { written } else { name.to_string() };
                (title, "block", 1, None)
            }
            RegionKind::Repeat { copies } => (format!("repeat × {copies}"), "repeat", *copies, None),
            RegionKind::Scan(steps) => {
                let states: Vec<&str> = steps.states.iter().map(|s| &*s.name).collect();
                let walked = written.strip_prefix("scan ").and_then(|rest| rest.split_once(" as "));
                let walked = walked.map_or(String::new(), |(walked, _)| format!("{walked} as "));
                let title = format!("scan {walked}{}, {}", steps.item, states.join(", "));
                (title, "scan", 1, region.rows.end.checked_sub(1))
            }
            RegionKind::Copy | RegionKind::Residual => {
                grouped.of_region[index] = parent;
                continue;
            }
        };
        if !used[index] {
            continue;
        }
        grouped.of_region[index] = Some(grouped.groups.len());
        let path = region.path.clone();
        grouped.groups.push(Group {
            title: shorten(&title, LONGEST),
            kind,
            copies,
            path,
            row,
            parent,
            span: region.span,
        });
    }
    grouped
}

/// A box with its words.
fn words(checked: &Checked, model: &Model, flow: &Flow, index: usize, groups: &Grouped) -> DrawnBox {
    let made = &flow.made[index];
    let plain = DrawnBox {
        look: Look::Layer,
        family: Family::Formula,
        title: String::new(),
        detail: String::new(),
        foot: String::new(),
        full: on_one_line(&checked.sources, made.span),
        row: None,
        path: "".into(),
        group: made.region.and_then(|region| groups.of_region.get(region).copied().flatten()),
        span: made.span,
    };
    match &made.origin {
        Origin::Input(input) => port(plain, model.inputs.get(*input)),
        Origin::Output(output) => port(plain, model.outputs.get(*output)),
        Origin::Row(row) => match model.layers.get(*row) {
            Some(layer) => DrawnBox { row: Some(*row), ..layer_words(plain, layer) },
            None => plain,
        },
        Origin::Weight(state) => match model.graph.states.get(*state) {
            Some(state) => DrawnBox {
                look: Look::Chip,
                family: Family::Weight,
                title: state.path.rsplit('.').next().unwrap_or_default().to_owned(),
                detail: show_shape(&state.shape),
                full: format!("weight {} {}", state.path, show_shape(&state.shape)),
                path: state.path.clone(),
                ..plain
            },
            None => plain,
        },
        Origin::State(region, state) => {
            let steps = match model.regions.get(*region).map(|r| &r.kind) {
                Some(RegionKind::Scan(steps)) => steps.states.get(*state),
                _ => None,
            };
            let title = steps.map_or_else(String::new, |s| s.name.to_string());
            let (look, family) = (Look::Chip, Family::Recurrent);
            let full = format!("{title}: what a step hands to the next");
            let detail = made.node.map(|node| shape_of(flow, node)).unwrap_or_default();
            DrawnBox { look, family, title, detail, full, ..plain }
        }
        Origin::Sum => DrawnBox { look: Look::Sum, title: "+".to_owned(), ..plain },
        Origin::Formula => {
            let text = formula(&checked.sources, made.span, &read_by(flow, made, index));
            DrawnBox { title: shorten(&text, LONGEST), ..plain }
        }
    }
}

/// The sources of the boxes that a box reads.
fn read_by(flow: &Flow, made: &Made, index: usize) -> Vec<Span> {
    let sources = flow.flowing.iter().filter(|f| f.to == index).filter_map(|f| flow.made.get(f.from));
    // An input stands in the expression by its name.
    let drawn = sources.filter(|m| !matches!(m.origin, Origin::Input(_) | Origin::Weight(_) | Origin::State(..)));
    drawn.map(|m| m.span).filter(|span| *span != made.span).collect()
}

fn port(plain: DrawnBox, port: Option<&Port>) -> DrawnBox {
    let Some(port) = port else { return plain };
    let ty = show_type(&port.kind, &port.shape);
    let full = format!("{}: {ty}", port.name);
    DrawnBox { look: Look::Port, family: Family::Port, title: port.name.to_string(), detail: ty, full, ..plain }
}

fn layer_words(plain: DrawnBox, row: &LayerRow) -> DrawnBox {
    let family = Family::of(row);
    if !row.is_layer {
        let whole = Some(&plain.full).filter(|t| t.starts_with(&*row.kind) && t.chars().count() <= LONGEST);
        let title = whole.cloned().unwrap_or_else(|| row.kind.to_string());
        let full = format!("{}\n{}", plain.full, row.output);
        return DrawnBox { family, title, full, ..plain };
    }
    let detail = arguments(&plain.full, &row.kind).unwrap_or_default();
    let count = match row.parameters {
        _ if row.is_shared => Some("shared".to_owned()),
        Some(0) => None,
        Some(n) => Some(grouped(n)),
        None => Some("open".to_owned()),
    };
    let name = row.path.rsplit('.').next().unwrap_or_default();
    let foot = count.map_or_else(String::new, |count| format!("{name} · {count}"));
    let known = match row.parameters {
        Some(n) if !row.is_shared => format!(" · {}", parameters(n)),
        _ => String::new(),
    };
    let full = format!("{}\n{} → {}{known}", plain.full, row.path, row.output);
    let (title, path) = (row.kind.to_string(), row.path.clone());
    DrawnBox { family, title, detail: shorten(&detail, LONGEST), foot, full, path, ..plain }
}
