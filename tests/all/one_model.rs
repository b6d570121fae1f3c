//! Small programs around one expression, taken through the pipeline: text, checker, differentiation, then either the
//! interpreter or optimizer, plan and kernels.

use super::ui::rendered;
use nnrun::autodiff::differentiate;
use nnrun::check::{Checked, Forward, Overrides, check_text};
use nnrun::compile::measurement;
use nnrun::ir::dim::VarKind;
use nnrun::ir::graph::{Graph, InputKind, NodeId, StateRole};
use nnrun::ir::interpret::{Draw, Feeds, interpret};
use nnrun::ir::op::{Binary, Op, Reduction};
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Element, Executable, Feed, Session, States};
use nnrun::source::Span;
use std::collections::BTreeMap;
use std::path::Path;

/// Numbers by the name of an input, a state or an output.
pub type Named = BTreeMap<String, Vec<f64>>;

/// What the program is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The body of a model with so many outputs.
    Model { outputs: usize },
    /// The loss of a train.
    Loss,
}

/// A `.nn` type: its kind as written, and its sizes.
pub fn parse_type(ty: &str) -> (String, Vec<usize>) {
    let (kind, sizes) = ty.split_once('[').unwrap_or((ty, ""));
    let sizes = sizes.trim_end_matches(']').split(',').map(str::trim).filter(|n| !n.is_empty());
    let kind = if kind.is_empty() { "float" } else { kind };
    (kind.to_owned(), sizes.map(|n| n.parse().unwrap()).collect())
}

/// The number of classes of a kind.
pub fn classes(kind: &str) -> Option<usize> {
    kind.strip_prefix("class(").and_then(|n| n.trim_end_matches(')').parse().ok())
}

/// A program in which `code` stands at its place and sees the inputs, and whose model declares the weights. What a
/// train needs besides, a field and a weight, is there and not used.
pub fn program(inputs: &[(String, String)], weights: &[(String, String)], code: &str, place: Place) -> String {
    let mut fields = String::new();
    let mut columns = vec!["unused".to_owned()];
    for (name, ty) in inputs {
        let (kind, sizes) = parse_type(ty);
        let count: usize = sizes.iter().product();
        let own: Vec<String> = (0..count).map(|i| format!("{name}_{i}")).collect();
        let mut field = match sizes.len() {
            0 => format!("t.{}", own[0]),
            _ => format!("t[{}]", own.join(", ")),
        };
        if let Some(n) = classes(&kind) {
            field += &format!(" |> classes({n})");
        }
        if sizes.len() > 1 {
            field += &format!(" |> reshape({sizes:?})");
        }
        fields += &format!("  field {name} = {field}\n");
        columns.extend(own);
    }
    let row = vec!["0"; columns.len()].join(", ");
    let declared: Vec<String> = inputs.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let weights: String = weights.iter().map(|(name, shape)| format!("  weight {name}: {shape} = zeros\n")).collect();
    // A train has a weight to train: one whose product with a field of zeros takes part in the loss.
    let (model, loss) = match place {
        Place::Model { outputs } => {
            let inputs = std::iter::once("unused: [1]".to_owned()).chain(declared).collect::<Vec<_>>().join(", ");
            let names: Vec<String> = (0..outputs).map(|i| format!("tried{i}")).collect();
            let names = names.join(", ");
            let bound = if outputs == 1 { names.clone() } else { format!("({names})") };
            let body = format!("{weights}  let {bound} = {code}\n  ({names}, unused * trained)");
            let model = format!("model M({inputs}) -> ({names}, zero) {{\n  weight trained: [1] = zeros\n{body}\n}}");
            (model, "sum(zero)".to_owned())
        }
        Place::Loss => {
            let model = "model M(unused: [1]) -> zero {\n  weight trained: [1] = zeros\n  unused * trained\n}";
            let loss = match code.strip_suffix('}') {
                Some(terms) => format!("{terms}, zero: sum(zero) }}"),
                None => format!("{code} + sum(zero)"),
            };
            (model.to_owned(), loss)
        }
    };
    format!(
        "data d {{\n  let t = rows([[{row}], [{row}]], columns: [{}])\n  field unused = t[unused]\n{fields}}}\n\n{model}\n\n\
         train M on d {{\n  loss: {loss}\n  optimizer: SGD(lr: 1)\n  epochs: 1\n  batch: 2\n}}\n",
        columns.join(", ")
    )
}

/// Checks a program that has nothing wrong.
pub fn checked(program: &str) -> Checked {
    let checked = check_text(Path::new("examples/example.nn"), program, &Overrides::default());
    assert!(!checked.has_errors(), "{program}\n{}", rendered(&checked));
    checked
}

/// `forward` with its model's outputs (or its loss, per `place`), their sum weighted by inputs `cotangent 0`, …, and
/// the gradients of that sum with respect to every input and weight: outputs `out 0`, …, `sum`, `d x`, ….
pub struct Differentiated {
    pub graph: Graph,
    /// The inputs and weights with a gradient.
    pub gradients: Vec<String>,
    /// Whether each output holds real numbers, in order.
    pub floats: Vec<bool>,
}

pub fn differentiated(forward: &Forward, place: Place) -> Differentiated {
    let mut graph = Graph::clone(&forward.graph);
    graph.outputs.clear();
    let outputs: Vec<(NodeId, bool)> = match place {
        Place::Model { outputs } => {
            forward.outputs.iter().take(outputs).map(|port| (port.node, port.kind.is_float())).collect()
        }
        Place::Loss => vec![(forward.loss, true)],
    };
    let wrt: Vec<(String, NodeId)> = (0..graph.nodes.len())
        .filter_map(|index| match graph.nodes[index].op {
            Op::Input(id) => Some((graph.inputs[id.0 as usize].name.to_string(), NodeId(index as u32))),
            Op::State(id) if graph.states[id.0 as usize].role == StateRole::Weight => {
                Some((graph.states[id.0 as usize].path.to_string(), NodeId(index as u32)))
            }
            _ => None,
        })
        .collect();
    let span = Span::default();
    let mut sum = graph.push(Op::Constant(0.0), vec![], vec![], span);
    for (i, (output, is_float)) in outputs.iter().enumerate() {
        graph.add_output(format!("out {i}"), *output);
        if !is_float {
            continue;
        }
        let shape = graph.shape(*output).to_vec();
        let (_, weights) = graph.add_input(format!("cotangent {i}"), shape.clone(), InputKind::Field, span);
        let mut part = graph.push(Op::Binary(Binary::Multiply), vec![*output, weights], shape.clone(), span);
        if !shape.is_empty() {
            let axes = (0..shape.len()).collect::<Vec<_>>().into();
            let ones = vec![nnrun::ir::dim::Dim::constant(1); shape.len()];
            part = graph.push(Op::Reduce { reduction: Reduction::Sum, axes }, vec![part], ones, span);
            part = graph.push(Op::Reshape, vec![part], vec![], span);
        }
        sum = graph.push(Op::Binary(Binary::Add), vec![sum, part], vec![], span);
    }
    graph.add_output("sum", sum);
    let nodes: Vec<NodeId> = wrt.iter().map(|(_, node)| *node).collect();
    let found = differentiate(&mut graph, sum, &nodes);
    let mut gradients = Vec::new();
    for ((name, _), gradient) in wrt.into_iter().zip(found) {
        if let Some(gradient) = gradient {
            graph.add_output(format!("d {name}"), gradient);
            gradients.push(name);
        }
    }
    let floats = outputs.iter().map(|(_, is_float)| *is_float).collect();
    Differentiated { graph, gradients, floats }
}

/// How many numbers an input or state holds.
pub fn count(shape: &[nnrun::ir::dim::Dim], examples: usize) -> usize {
    shape.iter().map(|d| d.evaluate(&|_| Some(examples as i64)).unwrap() as usize).product()
}

/// A number in [0, 1) for each draw, the same at each call.
fn drawn(draw: Draw) -> f64 {
    let seed = u64::from(draw.stream) << 40 | (draw.row as u64) << 20 | draw.position as u64;
    crate::graphs::Numbers::new(seed ^ draw.within).unit()
}

/// The outputs, and what the states become, by the interpreter.
pub fn interpreted(graph: &Graph, examples: usize, inputs: &Named, states: &Named) -> Named {
    let number =
        |named: &Named, name: &str| named.get(name).cloned().unwrap_or_else(|| panic!("no numbers for {name}"));
    let feeds = Feeds {
        input: &|id| number(inputs, &graph.inputs[id.0 as usize].name),
        state: &|id| number(states, &graph.states[id.0 as usize].path),
        random: &drawn,
    };
    let sizes = |v: &nnrun::ir::dim::Var| (v.kind == VarKind::Batch).then_some(examples as i64);
    let values = interpret(graph, &sizes, &feeds).unwrap_or_else(|failure| panic!("{failure}"));
    let of = |node: NodeId| values[node.index()].data.clone();
    let outputs = graph.outputs.iter().map(|o| (o.name.to_string(), of(o.node)));
    let updates = graph.updates.iter().map(|u| (graph.states[u.state.0 as usize].path.to_string(), of(u.value)));
    outputs.chain(updates).collect()
}

/// The same by optimizer, plan and kernels.
pub fn executed<E: Element>(graph: &Graph, examples: usize, inputs: &Named, states: &Named) -> Named {
    run::<E>(&|graph, held| measurement(graph, held).unwrap(), graph, examples, (inputs, states))
}

/// The same with everything in bands of few examples that can be.
pub fn executed_in_bands<E: Element>(graph: &Graph, examples: usize, inputs: &Named, states: &Named) -> Named {
    let banded = |graph, held: &States<E>| Executable::in_bands(optimize(graph), held).unwrap();
    run::<E>(&banded, graph, examples, (inputs, states))
}

fn run<E: Element>(
    planned: &dyn Fn(Graph, &States<E>) -> Executable<E>,
    graph: &Graph,
    examples: usize,
    (inputs, states): (&Named, &Named),
) -> Named {
    let mut held = States::<E>::of(graph).unwrap();
    for (path, numbers) in states {
        if let Some(place) = held.get_mut(path) {
            assert_eq!(place.len(), numbers.len(), "{path}");
            place.iter_mut().zip(numbers).for_each(|(to, x)| *to = E::from_f64(*x));
        }
    }
    let mut executable = planned(graph.clone(), &held);
    let mut session = Session::new(held, 1);
    let plan = executable.prepare(&Binding::batch(examples)).unwrap();
    for i in 0..executable.graph().inputs.len() {
        let name = executable.graph().inputs[i].name.clone();
        let numbers = inputs.get(&*name).unwrap_or_else(|| panic!("no numbers for {name}"));
        let place = executable.input_mut(plan, nnrun::ir::op::InputId(i as u32));
        assert_eq!(place.len(), numbers.len(), "{name}");
        place.iter_mut().zip(numbers).for_each(|(to, x)| *to = E::from_f64(*x));
    }
    executable.run(&mut session, plan, &Feed { seed: 1, step: 1, examples: &[] });
    let numbers = |x: &[E]| x.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    let outputs = executable.graph().outputs.iter().enumerate();
    let outputs = outputs.map(|(i, o)| (o.name.to_string(), numbers(executable.output(plan, i))));
    outputs.chain(session.states.iter().map(|(entry, x)| (entry.path.to_string(), numbers(x)))).collect()
}
