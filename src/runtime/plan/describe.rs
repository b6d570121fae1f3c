//! A plan for people: one line an instruction.

use super::arena::Layout;
use super::lower::{Lowered, Operand, Task, Work};
use super::view::View;
use super::windows;
use super::{Instruction, Plan};
use crate::ir::graph::Graph;
use crate::ir::op::Unary;
use crate::ir::recurrent::Cell;
use crate::runtime::kernels::Kernel;
use crate::runtime::kernels::elementwise::TileOp;
use crate::runtime::kernels::memory::{Place, Space};
use crate::runtime::kernels::recurrent::Pass;
use crate::runtime::recording::Cost;
use crate::source::SourceMap;
use std::fmt::Write;

/// What is needed to name things.
pub struct Describer<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// Its work.
    pub lowered: &'a Lowered,
    /// Where the items lie.
    pub places: &'a [Option<Place>],
    /// Who lies in place of whom.
    pub layout: &'a Layout,
    /// Which items are written straight into a state.
    pub state_of: &'a [Option<usize>],
}

impl Describer<'_> {
    /// Describes the instruction of a group, which takes so many operations.
    pub fn cost(&self, members: &[usize], kernel: &Kernel, element: usize, flops: u64) -> Cost {
        let work = &self.lowered.work;
        let stored: Vec<usize> = members.iter().copied().filter(|m| self.places[*m].is_some()).collect();
        let results: Vec<String> = stored.iter().map(|m| self.result(*m)).collect();
        let mut operands: Vec<String> = Vec::new();
        for operand in members.iter().flat_map(|m| &work[*m].operands) {
            let text = match operand {
                Operand::View(view) if members.contains(&view.root) => continue,
                Operand::View(view) => self.operand(view),
                Operand::Constant(x) => x.to_string(),
            };
            if !operands.contains(&text) {
                operands.push(text);
            }
        }
        let names: Vec<String> = members.iter().map(|m| name(&work[*m])).collect();
        let operation = match kernel {
            Kernel::MatMul(p) => {
                let [m, k, n] = p.sizes;
                let stack: usize = p.stack.iter().map(|s| s.0).product();
                let times = if stack == 1 { String::new() } else { format!("{stack} × ") };
                format!("matmul {times}{m}×{k}×{n}")
            }
            _ if names.len() > 1 => format!("fused {{{}}}", names.join(" ")),
            _ => names.join(" "),
        };
        let last = members.last().map(|m| self.graph.node(work[*m].node).span);
        Cost {
            span: last.unwrap_or_default(),
            operation,
            results: results.join(", "),
            operands: operands.join(", "),
            flops,
            bytes: kernel.traffic() * element as u64,
            stored: stored.iter().map(|m| work[*m].count() * element).sum(),
            pieces: kernel.pieces(),
        }
    }

    fn result(&self, item: usize) -> String {
        let shape = &self.lowered.work[item].shape;
        match self.places[item] {
            Some(Place { space: Space::Arena, offset }) => {
                let place = match self.layout.in_place_of[item] {
                    Some(other) => format!("@{offset} in place of %{other}"),
                    None => format!("@{offset}"),
                };
                format!("%{item} {shape:?} {place}")
            }
            Some(Place { space: Space::States, .. }) => {
                let state = self.state_of[item].and_then(|state| self.graph.states.get(state));
                let path = state.map_or("?", |state| &*state.path);
                format!("%{item} {shape:?} in {path}")
            }
            _ => format!("%{item} {shape:?}"),
        }
    }

    fn operand(&self, view: &View) -> String {
        let item = &self.lowered.work[view.root];
        let name = match item.task {
            Task::Input(input) => self.graph.inputs[input].name.to_string(),
            Task::State(state) => self.graph.states[state].path.to_string(),
            Task::Literal(_) => "literal".to_string(),
            _ => format!("%{}", view.root),
        };
        let mut text = format!("{name} {:?}", view.shape());
        if !view.is_linear() || view.offset != 0 {
            let strides: Vec<String> = view.axes.iter().map(|a| a.1.to_string()).collect();
            let _ = write!(text, " strides ({})", strides.join(", "));
            if view.offset != 0 {
                let _ = write!(text, " from {}", view.offset);
            }
        }
        text
    }
}

/// The name of what an item does.
fn name(item: &Work) -> String {
    match &item.task {
        Task::Input(_) => "input".into(),
        Task::State(_) => "state".into(),
        Task::Literal(_) => "literal".into(),
        Task::Elementwise(TileOp::Unary(Unary::StopGradient)) => "copy".into(),
        Task::Elementwise(TileOp::Unary(unary)) => snake(&format!("{unary:?}")),
        Task::Elementwise(TileOp::Binary(binary)) => snake(&format!("{binary:?}")),
        Task::Elementwise(TileOp::Select) => "select".into(),
        Task::Random { distribution, stream } => {
            format!("random {} stream {stream}", snake(&format!("{distribution:?}")))
        }
        Task::MatMul => "matmul".into(),
        Task::Reduce { reduction, axes } => format!("reduce {} over {axes:?}", snake(&format!("{reduction:?}"))),
        Task::Lines { op, axis } => format!("{} along {axis}", snake(&format!("{op:?}"))),
        Task::Pad { axis, before, value } => format!("pad axis {axis} with {value} from {before}"),
        Task::Concat { axis } => format!("concat axis {axis}"),
        Task::Rows { op, .. } => format!("{} rows", snake(&format!("{op:?}"))),
        Task::Scan(of) => format!("scan {} steps{}", of.steps, if of.scan.reverse { " in reverse" } else { "" }),
        Task::Attention { attention, backward } => {
            let causal = if attention.causal { "causal " } else { "" };
            format!("{causal}attention{}", if *backward { " backward" } else { "" })
        }
        Task::Along { place: true, axis, .. } => format!("place along {axis}"),
        Task::Along { place: false, axis, .. } => format!("take along {axis}"),
        Task::Convolve(sizes) => windows::describe(sizes),
        Task::Winograd { part, sizes } => windows::describe_winograd(*part, sizes),
        Task::Pool { op, geometry, .. } => {
            format!("window {} of {}", snake(&format!("{op:?}")), windows::describe_windows(geometry))
        }
        Task::Recurrent { recurrence, pass, .. } => {
            let cell = match recurrence.cell {
                Cell::Rnn { .. } => "rnn",
                Cell::Lstm => "lstm",
                Cell::Gru => "gru",
            };
            let reversed = if recurrence.reverse { " reversed" } else { "" };
            let pass = if *pass == Pass::Backward { " backward" } else { "" };
            format!("{cell}{reversed}{pass}")
        }
    }
}

fn snake(camel: &str) -> String {
    let mut text = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// `1.5 MB`; thousands, not 1024s.
fn show_bytes(bytes: usize) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

impl Plan {
    /// What `check --emit plan` prints: a header, then a line for each instruction: what it does, its results with their
    /// places in the arena (in elements), its operands, and where in the source it comes from.
    pub fn describe(&self, sources: Option<&SourceMap>) -> String {
        let mut sizes = vec![format!("B = {}", self.binding.batch)];
        sizes.extend(self.binding.lengths.iter().map(|(id, n)| format!("#{id} = {n}")));
        let mut text = format!(
            "plan for {}: {} instructions, arena {} ({} live at most)\n",
            sizes.join(", "),
            self.instructions.len(),
            show_bytes(self.arena_bytes()),
            show_bytes(self.demand * self.element_bytes),
        );
        describe_all(&mut text, &self.instructions, 0, sources);
        text
    }
}

/// A line for each instruction; those of a loop's body behind it, indented.
fn describe_all(text: &mut String, instructions: &[Instruction], depth: usize, sources: Option<&SourceMap>) {
    let number = instructions.len().saturating_sub(1).to_string().len();
    for (i, instruction) in instructions.iter().enumerate() {
        let cost = &instruction.cost;
        let _ = write!(text, "{:indent$}{i:>number$}  {cost}", "", indent = 4 * depth);
        let _ = write!(text, "  # {}", show_bytes(cost.stored));
        if cost.pieces > 1 {
            let _ = write!(text, ", {} pieces", cost.pieces);
        }
        if let Some(sources) = sources.filter(|sources| sources.has(cost.span.file)) {
            let _ = write!(text, ", {}", sources.location(cost.span));
        }
        text.push('\n');
        describe_all(text, &instruction.inside, depth + 1, sources);
    }
}
