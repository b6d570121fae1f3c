//! The law of ragged dimensions: the result for a sequence in a padded batch equals the result for that sequence alone,
//! forward and in the gradients. What "alone" means is said by another program: the same code over a dimension of fixed
//! size, which knows nothing of lengths.

use super::graphs::Numbers;
use super::one_model::{Differentiated, Named, Place, classes, differentiated};
use super::ui::rendered;
use nnrun::check::{Checked, Forward, Overrides, check_text};
use nnrun::compile::measurement;
use nnrun::ir::dim::{Dim, Var, VarKind};
use nnrun::ir::graph::{Graph, InputKind, StateRole};
use nnrun::ir::interpret::{Draw, Feeds, interpret};
use nnrun::ir::op::InputId;
use nnrun::runtime::{Binding, Element, Feed, Session, States};
use std::collections::BTreeMap;
use std::path::Path;

/// Names of tensors with their types, in which `T` and `S` are lengths: `[T, 3]`, `class(4)[S]`.
pub type Inputs<'a> = &'a [(&'a str, &'a str)];

/// The length of each ragged dimension by its name.
pub type Lengths = BTreeMap<&'static str, usize>;

/// A type's kind and sizes, as written.
fn parts(ty: &str) -> (String, Vec<String>) {
    let (kind, sizes) = ty.split_once('[').unwrap_or((ty, ""));
    let sizes = sizes.trim_end_matches(']').split(',').map(str::trim).filter(|n| !n.is_empty());
    (if kind.is_empty() { "float".into() } else { kind.to_owned() }, sizes.map(str::to_owned).collect())
}

/// The declaration of a field and its columns; `lengths` says the sizes of `T` and `S` where they are fixed.
fn field(name: &str, ty: &str, lengths: Option<&Lengths>) -> (String, Vec<String>) {
    let (kind, sizes) = parts(ty);
    let ragged = sizes.first().filter(|d| ["T", "S"].contains(&d.as_str()));
    let size = |d: &String| d.parse().unwrap_or_else(|_| lengths.map_or(0, |l| l[d.as_str()]));
    let table = ragged.map_or("t", |d| if d == "T" { "t" } else { "s" });
    let position: Vec<usize> =
        sizes.iter().skip(usize::from(lengths.is_none() && ragged.is_some())).map(size).collect();
    let count: usize = position.iter().product();
    let own: Vec<String> = (0..count).map(|i| format!("{name}_{i}")).collect();
    let mut code =
        if position.is_empty() { format!("{table}.{}", own[0]) } else { format!("{table}[{}]", own.join(", ")) };
    match (lengths, ragged) {
        (None, None) => code += " |> first",
        (None, Some(_)) => assert!(position.len() < 2, "{name}: {ty}"),
        (Some(_), _) => {}
    }
    if let Some(n) = classes(&kind) {
        code += &format!(" |> classes({n})");
    }
    if position.len() > 1 {
        code += &format!(" |> reshape({position:?})");
    }
    (format!("  field {name} = {code}\n"), own)
}

/// A program in which `code` stands at its place. Without `lengths`, `T` and `S` are ragged.
pub fn program(inputs: Inputs, statements: &str, code: &str, place: Place, lengths: Option<&Lengths>) -> String {
    let mut fields = String::new();
    let mut columns = vec!["id".to_owned(), "unused".to_owned()];
    for (name, ty) in inputs {
        let (declared, own) = field(name, ty, lengths);
        fields += &declared;
        columns.extend(own);
    }
    let rows = |ids: &[usize]| {
        let row = |id: &usize| format!("[{id}, {}]", vec!["0"; columns.len() - 1].join(", "));
        format!("rows([{}], columns: [{}])", ids.iter().map(row).collect::<Vec<_>>().join(", "), columns.join(", "))
    };
    let tables = match lengths {
        None => format!(
            "  let t = {} |> sequences(by: id)\n  let s = {} |> sequences(by: id)\n  field unused = t[unused] |> first\n",
            rows(&[1, 1, 2]),
            rows(&[1, 2, 2]),
        ),
        Some(_) => format!("  let t = {}\n  let s = {}\n  field unused = t[unused]\n", rows(&[1, 2]), rows(&[1, 2])),
    };
    let declared: Vec<String> = inputs.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let (model, loss) = match place {
        Place::Model { outputs } => {
            let names: Vec<String> = (0..outputs).map(|i| format!("tried{i}")).collect();
            let names = names.join(", ");
            let bound = if outputs == 1 { names.clone() } else { format!("({names})") };
            let inputs = declared.join(", ");
            let body = format!("{statements}  let {bound} = {code}\n  ({names}, unused * trained)");
            let head = format!("model M(unused: [1], {inputs}) -> ({names}, zero)");
            (format!("{head} {{\n  weight trained: [1] = zeros\n{body}\n}}"), "sum(zero)".to_owned())
        }
        Place::Loss => {
            let model = "model M(unused: [1]) -> zero {\n  weight trained: [1] = zeros\n  unused * trained\n}";
            (model.to_owned(), format!("{code} + sum(zero)"))
        }
    };
    format!(
        "data d {{\n{tables}{fields}}}\n\nblock UnitRows(x: [T, D]) {{\n  x / norm(x, axis: -1, keep: true)\n}}\n\n{model}\n\ntrain M on d {{\n  loss: {loss}\n  optimizer: SGD(lr: 1)\n  \
         epochs: 1\n  batch: 2\n}}\n"
    )
}

pub fn check(text: &str) -> Checked {
    check_text(Path::new("examples/example.nn"), text, &Overrides::default())
}

/// Numbers of one example.
#[derive(Clone, Debug)]
pub struct Block {
    pub shape: Vec<usize>,
    pub numbers: Vec<f64>,
}

impl Block {
    /// The same numbers within another shape; what lies outside is taken from the last position, or 0.
    fn within(&self, shape: &[usize], repeats: bool) -> Vec<f64> {
        let count: usize = shape.iter().product();
        (0..count)
            .map(|mut i| {
                let mut at = vec![0; shape.len()];
                for axis in (0..shape.len()).rev() {
                    at[axis] = i % shape[axis];
                    i /= shape[axis];
                }
                let inside = at.iter().zip(&self.shape).all(|(i, n)| i < n);
                let from = at.iter().zip(&self.shape).fold(0, |sum, (i, n)| sum * n + (*i).min(n - 1));
                if inside || repeats { self.numbers[from] } else { 0.0 }
            })
            .collect()
    }

    /// The part of a padded block that is this one, and the largest number outside of it.
    fn cut(padded: &[f64], shape: &[usize], own: &[usize]) -> (Vec<f64>, f64) {
        let (mut inside, mut outside) = (Vec::new(), 0.0_f64);
        for (mut i, x) in padded.iter().enumerate() {
            let mut is_inside = true;
            for axis in (0..shape.len()).rev() {
                is_inside &= i % shape[axis] < own[axis];
                i /= shape[axis];
            }
            if is_inside {
                inside.push(*x);
            } else {
                outside = if x.is_nan() { f64::INFINITY } else { outside.max(x.abs()) };
            }
        }
        (inside, outside)
    }
}

/// A batch of sequences: lengths of each example, and the lengths that they are padded to.
pub struct Batch {
    pub examples: Vec<Lengths>,
    pub padded: Lengths,
}

fn sizes(lengths: &Lengths, batch: usize) -> impl Fn(&Dim) -> usize {
    move |dim: &Dim| {
        let value = dim.evaluate(&|v: &Var| match v.kind {
            VarKind::Batch => Some(batch as i64),
            _ => lengths.get(&*v.name).map(|n| *n as i64),
        });
        value.unwrap_or_else(|| panic!("the size {dim}")) as usize
    }
}

/// Shape of an example of an input or output.
fn example_shape(shape: &[Dim], lengths: &Lengths) -> Vec<usize> {
    let size = sizes(lengths, 1);
    shape.iter().skip(1).map(size).collect()
}

/// Whether random numbers are drawn in a graph, or in the body of a scan in it.
fn draws(graph: &Graph) -> bool {
    graph.nodes.iter().any(|n| match &n.op {
        nnrun::ir::op::Op::Random { .. } => true,
        nnrun::ir::op::Op::Scan(scan) => draws(&scan.body),
        _ => false,
    })
}

fn drawn(ids: &[usize], draw: Draw) -> f64 {
    let seed = u64::from(draw.stream) << 40 | (ids[draw.row] as u64) << 20 | draw.position as u64;
    Numbers::new(seed ^ draw.within).unit()
}

/// How a graph is run: what it is fed by name, its open sizes, and which examples stand in the batch.
pub struct Run<'a> {
    pub inputs: &'a Named,
    pub states: &'a Named,
    pub lengths: &'a Lengths,
    pub ids: &'a [usize],
}

pub fn interpreted(graph: &Graph, run: &Run) -> Named {
    let number = |named: &Named, name: &str| named.get(name).cloned().unwrap_or_else(|| panic!("no {name}"));
    let feeds = Feeds {
        input: &|id| number(run.inputs, &graph.inputs[id.0 as usize].name),
        state: &|id| number(run.states, &graph.states[id.0 as usize].path),
        random: &|draw| drawn(run.ids, draw),
    };
    let sizes = |v: &Var| match v.kind {
        VarKind::Batch => Some(run.ids.len() as i64),
        _ => run.lengths.get(&*v.name).map(|n| *n as i64),
    };
    let values = interpret(graph, &sizes, &feeds).unwrap_or_else(|failure| panic!("{failure}"));
    graph.outputs.iter().map(|o| (o.name.to_string(), values[o.node.index()].data.clone())).collect()
}

pub fn executed<E: Element>(graph: &Graph, run: &Run) -> Named {
    let mut held = States::<E>::of(graph).unwrap();
    for (path, numbers) in run.states {
        if let Some(place) = held.get_mut(path) {
            place.iter_mut().zip(numbers).for_each(|(to, x)| *to = E::from_f64(*x));
        }
    }
    let mut executable = measurement(graph.clone(), &held).unwrap();
    let mut session = Session::new(held, 1);
    let mut binding = Binding::batch(run.ids.len());
    let mut known = Vec::new();
    for dim in graph.nodes.iter().flat_map(|n| &n.shape) {
        for v in dim.variables().into_iter().filter(|v| v.kind == VarKind::Ragged) {
            if !known.contains(&v.id) {
                known.push(v.id);
                binding = binding.with(v.id, run.lengths[&*v.name]);
            }
        }
    }
    let plan = executable.prepare(&binding).unwrap();
    for i in 0..executable.graph().inputs.len() {
        let name = executable.graph().inputs[i].name.clone();
        let numbers = run.inputs.get(&*name).unwrap_or_else(|| panic!("no numbers for {name}"));
        let place = executable.input_mut(plan, InputId(i as u32));
        assert_eq!(place.len(), numbers.len(), "{name}");
        place.iter_mut().zip(numbers).for_each(|(to, x)| *to = E::from_f64(*x));
    }
    let ids: Vec<u64> = run.ids.iter().map(|id| *id as u64).collect();
    executable.run(&mut session, plan, &Feed { seed: 1, step: 1, examples: &ids });
    let numbers = |x: &[E]| x.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    let outputs = executable.graph().outputs.iter().enumerate();
    outputs.map(|(i, o)| (o.name.to_string(), numbers(executable.output(plan, i)))).collect()
}

/// How far apart the largest two numbers are, relative to the largest.
fn off(wanted: &[f64], found: &[f64]) -> f64 {
    assert_eq!(wanted.len(), found.len());
    let largest = wanted.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
    let is_same = |w: &f64, f: &f64| w == f || (w.is_nan() && f.is_nan());
    let errors = wanted.iter().zip(found).map(|(w, f)| if is_same(w, f) { 0.0 } else { (w - f).abs() });
    errors.fold(0.0, |a, b| if b.is_nan() { f64::INFINITY } else { a.max(b / largest) })
}

/// Numbers of a field, by the type it was declared with.
fn numbers_of(shape: &[usize], kind: &str, numbers: &mut Numbers) -> Block {
    let count: usize = shape.iter().product();
    let draw = |_| match classes(kind) {
        Some(n) => (numbers.unit() * n as f64).floor(),
        None if kind == "int" => (numbers.unit() * 3.0).floor(),
        None => f64::from(numbers.between(-1.5, 1.5) as f32),
    };
    Block { shape: shape.to_vec(), numbers: (0..count).map(draw).collect() }
}

fn weights(graph: &Graph) -> Named {
    let mut numbers = Numbers::new(5);
    let states = graph.states.iter().filter(|s| !matches!(s.role, StateRole::Optimizer | StateRole::Counter));
    let mut of = |s: &nnrun::ir::graph::State| {
        let count: i64 = s.shape.iter().map(|d| d.as_constant().unwrap()).product();
        // Running variances are positive.
        let low = if s.role == StateRole::Buffer { 0.3 } else { -0.7 };
        (0..count).map(|_| f64::from(numbers.between(low, 0.8) as f32)).collect::<Vec<f64>>()
    };
    let mut named: Named = states.map(|s| (s.path.to_string(), of(s))).collect();
    for s in graph.states.iter().filter(|s| s.role == StateRole::Counter) {
        named.insert(s.path.to_string(), vec![3.0]);
    }
    named
}

/// How the law is tried.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    pub inputs: Inputs<'a>,
    pub statements: &'a str,
    pub code: &'a str,
    pub place: Place,
    pub training: bool,
    /// Whether single precision can follow: no step or kink is near.
    pub is_smooth: bool,
}

fn forward(checked: &Checked, training: bool) -> &Forward {
    let train = &checked.program.trains[0];
    if training { &train.training } else { &train.evaluation }
}

/// What was found: nothing where all is right.
pub type Verdict = Result<(), String>;

/// What a padded batch is fed, and each example's own part of it.
fn fed(graph: &Graph, inputs: Inputs, batch: &Batch) -> (Named, Vec<BTreeMap<String, Block>>) {
    // Each example's own numbers, by input.
    let mut numbers = Numbers::new(11);
    let mut own: Vec<BTreeMap<String, Block>> = vec![BTreeMap::new(); batch.examples.len()];
    let mut padded = Named::new();
    for input in &graph.inputs {
        let to = example_shape(&input.shape, &batch.padded);
        let mut all = Vec::new();
        for (example, lengths) in batch.examples.iter().enumerate() {
            let block = match input.kind {
                InputKind::Scalar => continue,
                InputKind::Field if &*input.name == "unused" => Block { shape: vec![1], numbers: vec![0.0] },
                InputKind::Lengths { .. } => {
                    let name = input.field().unwrap();
                    let declared = inputs.iter().find(|(n, _)| *n == name).unwrap_or(&("unused", "[T]"));
                    let length = lengths[if parts(declared.1).1[0] == "S" { "S" } else { "T" }];
                    Block { shape: vec![], numbers: vec![length as f64] }
                }
                InputKind::Field => {
                    let kind = inputs.iter().find(|(n, _)| **n == *input.name).map_or("float".into(), |i| parts(i.1).0);
                    numbers_of(&example_shape(&input.shape, lengths), &kind, &mut numbers)
                }
            };
            // Nobody asks for the gradients of padding.
            all.extend(block.within(&to, !input.name.starts_with("cotangent")));
            own[example].insert(input.name.to_string(), block);
        }
        if input.kind == InputKind::Scalar || input.shape.is_empty() {
            all = vec![if input.kind == InputKind::Scalar { 0.7 } else { 1.0 }];
            for own in &mut own {
                own.insert(input.name.to_string(), Block { shape: vec![], numbers: all.clone() });
            }
        }
        padded.insert(input.name.to_string(), all);
    }
    (padded, own)
}

/// Compares a padded batch with its sequences alone.
pub fn obeys(trial: Trial, batch: &Batch) -> Verdict {
    let text = program(trial.inputs, trial.statements, trial.code, trial.place, None);
    let checked = check(&text);
    if checked.has_errors() {
        return Err(format!("{text}\n{}", rendered(&checked)));
    }
    let whole = differentiated(forward(&checked, trial.training), trial.place);
    let states = weights(&whole.graph);
    let ids: Vec<usize> = (0..batch.examples.len()).map(|i| 40 + 3 * i).collect();
    let (padded, own) = fed(&whole.graph, trial.inputs, batch);
    let run = Run { inputs: &padded, states: &states, lengths: &batch.padded, ids: &ids };
    let found = [
        ("interpreted", 1e-9, interpreted(&whole.graph, &run)),
        ("in f64", 1e-9, executed::<f64>(&whole.graph, &run)),
        ("in f32", if trial.is_smooth { 2e-4 } else { f64::INFINITY }, executed::<f32>(&whole.graph, &run)),
    ];
    // Draws of the two worlds are different ones.
    let draws = draws(&whole.graph);
    let mut sums = Named::new();
    for (example, lengths) in batch.examples.iter().enumerate() {
        let fixed_text = program(trial.inputs, trial.statements, trial.code, trial.place, Some(lengths));
        let fixed = check(&fixed_text);
        // Along an axis behind the first, the draws of the two worlds are others.
        let is_incomparable = trial.code.contains("normal([2");
        let worlds: Vec<(&str, Differentiated)> = if fixed.has_errors() || is_incomparable {
            vec![("ragged", differentiated(forward(&checked, trial.training), trial.place))]
        } else {
            vec![
                ("fixed", differentiated(forward(&fixed, trial.training), trial.place)),
                ("ragged", differentiated(forward(&checked, trial.training), trial.place)),
            ]
        };
        for (turn, (world, alone)) in worlds.iter().enumerate() {
            let mut inputs: Named = own[example].iter().map(|(n, b)| (n.clone(), b.numbers.clone())).collect();
            for input in whole.graph.inputs.iter().filter(|i| i.kind == InputKind::Scalar) {
                inputs.insert(input.name.to_string(), vec![0.7]);
            }
            let run = Run { inputs: &inputs, states: &states, lengths, ids: &ids[example..=example] };
            let wanted = interpreted(&alone.graph, &run);
            for (name, wanted) in &wanted {
                let is_of_a_state = name.strip_prefix("d ").is_some_and(|n| states.contains_key(n));
                if is_of_a_state && turn == 0 {
                    let sum = sums.entry(name.clone()).or_insert_with(|| vec![0.0; wanted.len()]);
                    sum.iter_mut().zip(wanted).for_each(|(sum, x)| *sum += x);
                }
                if is_of_a_state || name == "sum" {
                    continue;
                }
                let node = whole.graph.output(name).ok_or_else(|| format!("no {name}\n{text}"))?;
                let shape = whole.graph.shape(node);
                let (to, of) = (example_shape(shape, &batch.padded), example_shape(shape, lengths));
                let count: usize = to.iter().product();
                for (how, tolerance, found) in &found {
                    if draws && (*how != "interpreted") {
                        continue;
                    }
                    let row = &found[name][example * count..(example + 1) * count];
                    let (inside, outside) = Block::cut(row, &to, &of);
                    if inside.len() != wanted.len() {
                        return Err(format!("{name} of example {example} has another shape {world}\n{text}"));
                    }
                    let error = off(wanted, &inside);
                    if error > *tolerance || error.is_nan() {
                        return Err(format!(
                            "{name} of example {example} is {error:e} off {how}, against {world}:\nwanted {wanted:?}\n\
                             found  {inside:?}\n{text}"
                        ));
                    }
                    // The logarithm of a negative number is none for the example itself.
                    if wanted.iter().any(|x| x.is_nan()) {
                        continue;
                    }
                    if !outside.is_finite() || (name.starts_with("d ") && outside != 0.0) {
                        return Err(format!("{name} of example {example} has {outside} behind its end {how}\n{text}"));
                    }
                }
            }
        }
    }
    for (name, wanted) in &sums {
        for (how, tolerance, found) in &found {
            if draws && (*how != "interpreted") {
                continue;
            }
            let error = off(wanted, &found[name]);
            if error > *tolerance || error.is_nan() {
                let found = &found[name];
                return Err(format!("{name} is {error:e} off {how}:\nwanted {wanted:?}\nfound  {found:?}\n{text}"));
            }
        }
    }
    Ok(())
}

/// Compares a loss of a padded batch, and its gradients, with the mean of the losses of its sequences alone, each
/// counted as often as it has positions (or weighs, where positions weigh).
pub fn averages_over_positions(inputs: Inputs, code: &str, batch: &Batch) -> Verdict {
    let text = program(inputs, "", code, Place::Loss, None);
    let checked = check(&text);
    if checked.has_errors() {
        return Err(format!("{text}\n{}", rendered(&checked)));
    }
    let train = &checked.program.trains[0];
    let whole = differentiated(&train.training, Place::Loss).graph;
    let ids: Vec<usize> = (0..batch.examples.len()).collect();
    let states = weights(&whole);
    let (padded, own) = fed(&whole, inputs, batch);
    let run = Run { inputs: &padded, states: &states, lengths: &batch.padded, ids: &ids };
    // How much each sequence counts: what the evaluation divides by.
    let mut counts = vec![1.0; ids.len()];
    if let Some(graph) = nnrun::compile::normalizer_graph(&train.evaluation, None) {
        let values = interpreted(&graph, &run);
        counts.clone_from(values.values().next().unwrap());
    }
    let mut wanted = Named::new();
    for (example, lengths) in batch.examples.iter().enumerate() {
        let fixed = check(&program(inputs, "", code, Place::Loss, Some(lengths)));
        assert!(!fixed.has_errors(), "{text}\n{}", rendered(&fixed));
        let alone = differentiated(&fixed.program.trains[0].training, Place::Loss).graph;
        let inputs: Named = own[example].iter().map(|(n, b)| (n.clone(), b.numbers.clone())).collect();
        let run = Run { inputs: &inputs, states: &states, lengths, ids: &ids[example..=example] };
        let share = counts[example] / counts.iter().sum::<f64>();
        for (name, numbers) in interpreted(&alone, &run) {
            let shape = whole.shape(whole.output(&name).ok_or_else(|| format!("no {name}\n{text}"))?);
            let numbers: Vec<f64> = numbers.iter().map(|x| x * share).collect();
            let is_of_examples = shape.first().is_some_and(|d| *d == nnrun::ir::dim::batch());
            if is_of_examples {
                let to = example_shape(shape, &batch.padded);
                let block = Block { shape: example_shape(shape, lengths), numbers };
                wanted.entry(name).or_default().extend(block.within(&to, false));
            } else {
                let sum = wanted.entry(name).or_insert_with(|| vec![0.0; numbers.len()]);
                sum.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += x);
            }
        }
    }
    for (how, tolerance, found) in [
        ("interpreted", 1e-9, interpreted(&whole, &run)),
        ("in f64", 1e-9, executed::<f64>(&whole, &run)),
        ("in f32", 1e-3, executed::<f32>(&whole, &run)),
    ] {
        // What only makes a train of the program is averaged over the examples.
        for (name, wanted) in wanted.iter().filter(|(name, _)| !["d unused", "d trained"].contains(&name.as_str())) {
            let error = off(wanted, &found[name]);
            if error > tolerance {
                let found = &found[name];
                return Err(format!("{name} is {error:e} off {how}:\nwanted {wanted:?}\nfound  {found:?}\n{text}"));
            }
        }
    }
    Ok(())
}

/// Compares layers with statistics of the batch: of a padded batch they are those of all its positions, which one long
/// sequence has as well.
pub fn counts_every_position_once(inputs: Inputs, code: &str, batch: &Batch) -> Verdict {
    let place = Place::Model { outputs: 1 };
    let text = program(inputs, "", code, place, None);
    let all = batch.examples.iter().map(|l| l["T"]).sum();
    let joined = Lengths::from([("T", all), ("S", all)]);
    let graph = |text: &str| {
        let checked = check(text);
        assert!(!checked.has_errors(), "{text}\n{}", rendered(&checked));
        let forward = &checked.program.trains[0].training;
        let mut graph = differentiated(forward, place).graph;
        for update in graph.updates.clone() {
            let name = format!("next {}", graph.states[update.state.0 as usize].path);
            graph.add_output(name, update.value);
        }
        graph
    };
    let (whole, one) = (graph(&text), graph(&program(inputs, "", code, place, Some(&joined))));
    let ids: Vec<usize> = (0..batch.examples.len()).collect();
    let states = weights(&whole);
    let (padded, own) = fed(&whole, inputs, batch);
    let mut long = Named::new();
    for own in &own {
        for (name, block) in own {
            // What only makes a train of the program is not ragged.
            let numbers: &mut Vec<f64> = long.entry(name.clone()).or_default();
            if name == "unused" { *numbers = vec![0.0] } else { numbers.extend(&block.numbers) }
        }
    }
    let wanted = interpreted(&one, &Run { inputs: &long, states: &states, lengths: &joined, ids: &[0] });
    let run = Run { inputs: &padded, states: &states, lengths: &batch.padded, ids: &ids };
    for (how, tolerance, found) in [
        ("interpreted", 1e-9, interpreted(&whole, &run)),
        ("in f64", 1e-9, executed::<f64>(&whole, &run)),
        ("in f32", 1e-3, executed::<f32>(&whole, &run)),
    ] {
        for (name, wanted) in wanted.iter().filter(|(name, _)| !["d unused", "d trained"].contains(&name.as_str())) {
            let shape = whole.shape(whole.output(name).ok_or_else(|| format!("no {name}"))?);
            let mut numbers = found[name].clone();
            if shape.first() == Some(&nnrun::ir::dim::batch()) {
                let to = example_shape(shape, &batch.padded);
                let count: usize = to.iter().product();
                let rows = found[name].chunks(count).zip(&batch.examples);
                numbers =
                    rows.flat_map(|(row, lengths)| Block::cut(row, &to, &example_shape(shape, lengths)).0).collect();
            }
            let error = off(wanted, &numbers);
            if error > tolerance {
                return Err(format!("{name} is {error:e} off {how}:\nwanted {wanted:?}\nfound  {numbers:?}\n{text}"));
            }
        }
    }
    Ok(())
}

/// Three sequences; the padding is longer than the longest of them.
pub fn batch(at_least: usize) -> Batch {
    let lengths = |t: usize, s: usize| Lengths::from([("T", t), ("S", s)]);
    Batch {
        examples: vec![
            lengths(at_least + 2, at_least),
            lengths(at_least, at_least + 1),
            lengths(at_least + 3, at_least + 3),
        ],
        padded: lengths(at_least + 5, at_least + 4),
    }
}
