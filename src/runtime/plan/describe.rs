//! A plan for people: one line an instruction.

use super::arena::Layout;
use super::bands::Schedule;
use super::view::View;
use super::windows;
use super::work::{Lowered, Operand, Task, Work};
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
use std::fmt::{self, Write};
use std::ops::Range;

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
    /// Which items are written straight into a state, and which lie inside a band.
    pub schedule: &'a Schedule,
    /// Whether there is somebody to read it.
    pub in_words: bool,
}

impl Describer<'_> {
    /// What the instruction of a group is and costs; it takes so many operations.
    pub fn cost(&self, members: &[usize], kernel: &Kernel, element: usize, flops: u64) -> Cost {
        let work = &self.lowered.work;
        let stored: Vec<usize> = members.iter().copied().filter(|m| self.places[*m].is_some()).collect();
        let (operation, results, operands) = match self.in_words {
            true => self.words(members, &stored, kernel),
            false => Default::default(),
        };
        let last = members.last().map(|m| self.graph.node(work[*m].node).span);
        Cost {
            span: last.unwrap_or_default(),
            operation,
            results,
            operands,
            flops,
            bytes: kernel.traffic() * element as u64,
            stored: stored.iter().map(|m| work[*m].count() * element).sum(),
            pieces: kernel.pieces(),
        }
    }

    /// The operation, its results, and its operands.
    fn words(&self, members: &[usize], stored: &[usize], kernel: &Kernel) -> (String, String, String) {
        if let Kernel::Bands(bands) = kernel {
            // What they are of stands inside.
            let inside = bands.bands.first().map_or(0, Vec::len);
            let operation = format!("{} bands of {inside} instructions", bands.bands.len());
            return (operation, String::new(), String::new());
        }
        let work = &self.lowered.work;
        let mut results = String::new();
        for (i, item) in stored.iter().enumerate() {
            results.push_str(if i > 0 { ", " } else { "" });
            self.result(&mut results, *item);
        }
        let mut operands = String::new();
        let mut texts: Vec<Range<usize>> = Vec::new();
        for operand in members.iter().flat_map(|m| &work[*m].operands) {
            let before = operands.len();
            operands.push_str(if before > 0 { ", " } else { "" });
            let start = operands.len();
            match operand {
                Operand::View(view) if members.contains(&view.root) => {}
                Operand::View(view) => self.operand(&mut operands, view),
                Operand::Constant(x) => {
                    let _ = write!(operands, "{x}");
                }
            };
            let text = &operands[start..];
            if text.is_empty() || texts.iter().any(|other| operands[other.clone()] == *text) {
                operands.truncate(before);
            } else {
                texts.push(start..operands.len());
            }
        }
        let operation = match kernel {
            Kernel::MatMul(p) => {
                let [m, k, n] = p.sizes;
                let stack: usize = p.stack.iter().map(|s| s.0).product();
                let times = if stack == 1 { String::new() } else { format!("{stack} × ") };
                format!("matmul {times}{m}×{k}×{n}")
            }
            Kernel::Turned(t) => {
                let mut of = String::from("matmul");
                for other in &t.others {
                    let _ = write!(of, " {}×{}×{}", t.rows, t.depth, other.columns);
                }
                of + if t.sums.is_some() { " and sums" } else { "" }
            }
            _ => self.names(members),
        };
        (operation, results, operands)
    }

    /// What the members of a group do: `fused {add relu}`.
    fn names(&self, members: &[usize]) -> String {
        if let &[pool, _] = members
            && let Task::Pool { .. } = self.lowered.work[pool].task
        {
            let mut names = self.names(&[pool]);
            names.push_str(" and max");
            return names;
        }
        let mut names = String::from(if members.len() > 1 { "fused {" } else { "" });
        for (i, member) in members.iter().enumerate() {
            names.push_str(if i > 0 { " " } else { "" });
            name(&mut names, &self.lowered.work[*member]);
        }
        names.push_str(if members.len() > 1 { "}" } else { "" });
        names
    }

    fn result(&self, text: &mut String, item: usize) {
        let _ = write!(text, "%{item} {:?}", self.lowered.work[item].shape);
        let _ = match self.places[item] {
            Some(Place { space: Space::Arena, offset }) => match self.layout.in_place_of[item] {
                Some(other) => write!(text, " @{offset} in place of %{other}"),
                None => write!(text, " @{offset}"),
            },
            Some(Place { space: Space::States, .. }) => {
                let state = self.schedule.state_of[item].and_then(|state| self.graph.states.get(state));
                write!(text, " in {}", state.map_or("?", |state| &*state.path))
            }
            Some(Place { space: Space::Own, .. }) => text.write_str(" in the band"),
            _ => Ok(()),
        };
    }

    fn operand(&self, text: &mut String, view: &View) {
        let item = &self.lowered.work[view.root];
        let _ = match item.task {
            Task::Input(input) => text.write_str(&self.graph.inputs[input].name),
            Task::State(state) => text.write_str(&self.graph.states[state].path),
            Task::Literal(_) => text.write_str("literal"),
            _ => write!(text, "%{}", view.root),
        };
        text.push_str(" [");
        for (i, (size, _)) in view.axes.iter().enumerate() {
            let _ = write!(text, "{}{size}", if i > 0 { ", " } else { "" });
        }
        text.push(']');
        if !view.is_linear() || view.offset != 0 {
            text.push_str(" strides (");
            for (i, (_, stride)) in view.axes.iter().enumerate() {
                let _ = write!(text, "{}{stride}", if i > 0 { ", " } else { "" });
            }
            text.push(')');
            if view.offset != 0 {
                let _ = write!(text, " from {}", view.offset);
            }
        }
    }
}

/// Appends the name of what an item does.
fn name(text: &mut String, item: &Work) {
    let _ = match &item.task {
        Task::Input(_) => text.write_str("input"),
        Task::State(_) => text.write_str("state"),
        Task::Literal(_) => text.write_str("literal"),
        Task::Elementwise(TileOp::Unary(Unary::StopGradient)) => text.write_str("copy"),
        Task::Elementwise(TileOp::Unary(unary)) => write!(text, "{}", Snake(unary)),
        Task::Elementwise(TileOp::Binary(binary)) => write!(text, "{}", Snake(binary)),
        Task::Elementwise(TileOp::Select) => text.write_str("select"),
        Task::Random { distribution, stream } => write!(text, "random {} stream {stream}", Snake(distribution)),
        Task::MatMul => text.write_str("matmul"),
        Task::Reduce { reduction, axes } => write!(text, "reduce {} over {axes:?}", Snake(reduction)),
        Task::Lines { op, axis } => write!(text, "{} along {axis}", Snake(op)),
        Task::Pad { axis, before, value } => write!(text, "pad axis {axis} with {value} from {before}"),
        Task::Concat { axis } => write!(text, "concat axis {axis}"),
        Task::Rows { op, .. } => write!(text, "{} rows", Snake(op)),
        Task::Scan(of) => write!(text, "scan {} steps{}", of.steps, if of.scan.reverse { " in reverse" } else { "" }),
        Task::Attention { attention, backward } => {
            let causal = if attention.causal { "causal " } else { "" };
            write!(text, "{causal}attention{}", if *backward { " backward" } else { "" })
        }
        Task::Along { place: true, axis, .. } => write!(text, "place along {axis}"),
        Task::Along { place: false, axis, .. } => write!(text, "take along {axis}"),
        Task::Convolve(sizes) => text.write_str(&windows::describe(sizes)),
        Task::Winograd { part, sizes } => text.write_str(&windows::describe_winograd(*part, sizes)),
        Task::Pool { op, geometry, .. } => {
            write!(text, "window {} of {}", Snake(op), windows::describe_windows(geometry))
        }
        Task::Recurrent { recurrence, pass, .. } => {
            let cell = match recurrence.cell {
                Cell::Rnn { .. } => "rnn",
                Cell::Lstm => "lstm",
                Cell::Gru => "gru",
            };
            let reversed = if recurrence.reverse { " reversed" } else { "" };
            let pass = if *pass == Pass::Backward { " backward" } else { "" };
            write!(text, "{cell}{reversed}{pass}")
        }
    };
}

/// The name of a variant as people write it: `error_function`.
struct Snake<T>(T);

impl<T: fmt::Debug> fmt::Display for Snake<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, c) in format!("{:?}", self.0).char_indices() {
            if i > 0 && c.is_ascii_uppercase() {
                f.write_char('_')?;
            }
            f.write_char(c.to_ascii_lowercase())?;
        }
        Ok(())
    }
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
    pub(in crate::runtime) fn describe(&self, sources: Option<&SourceMap>) -> String {
        let mut sizes = vec![format!("B = {}", self.binding.batch)];
        sizes.extend(self.binding.lengths.iter().map(|(id, n)| format!("#{id} = {n}")));
        let mut text = format!(
            "plan for {}: {} instructions, arena {} ({} live at most)\n",
            sizes.join(", "),
            self.instructions.len(),
            show_bytes(self.arena_bytes()),
            show_bytes(self.demand * self.element_bytes),
        );
        describe_all(&mut text, &self.instructions, (0, true), sources);
        text
    }
}

/// A line for each instruction; those of a loop's body behind it, indented.
fn describe_all(
    text: &mut String,
    instructions: &[Instruction],
    (depth, is_shared): (usize, bool),
    sources: Option<&SourceMap>,
) {
    let number = instructions.len().saturating_sub(1).to_string().len();
    for (i, instruction) in instructions.iter().enumerate() {
        let cost = &instruction.cost;
        let _ = write!(text, "{:indent$}{i:>number$}  {cost}", "", indent = 4 * depth);
        let _ = write!(text, "  # {}", show_bytes(cost.stored));
        if cost.pieces > 1 && is_shared {
            let _ = write!(text, ", {} pieces", cost.pieces);
        }
        if let Some(sources) = sources.filter(|sources| sources.has(cost.span.file)) {
            let _ = write!(text, ", {}", sources.location(cost.span));
        }
        text.push('\n');
        // Threads share bands, not what is in them.
        describe_all(text, &instruction.inside, (depth + 1, cost.pieces == 1), sources);
    }
}
