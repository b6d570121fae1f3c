//! Random programs: checked, compiled and run for several batch sizes as the interpreter says; and no example sees the
//! others of its batch.

use super::graphs::Numbers;
use super::one_model::{
    Differentiated, Named, Place, checked, count, differentiated, executed, executed_in_bands, interpreted, program,
};
use super::random_graphs::{Step, runner, steps};
use nnrun::ir::graph::{Graph, StateRole};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A body under construction: names with their shapes, all of them bounded by a few units.
struct Program {
    body: String,
    pool: Vec<(String, Vec<usize>)>,
    /// Whether small errors stay small in the gradients too.
    smooth: bool,
}

impl Program {
    fn new() -> Program {
        let pool = vec![("x".to_owned(), vec![4]), ("m".to_owned(), vec![3, 4]), ("s".to_owned(), vec![])];
        Program { body: String::new(), pool, smooth: true }
    }

    fn add(&mut self, code: &str, shape: Vec<usize>) {
        let name = format!("h{}", self.pool.len());
        writeln!(self.body, "  let {name} = {code}").unwrap();
        self.pool.push((name, shape));
    }

    fn step(&mut self, step: Step) {
        let [kind, pick, other, detail] = step.choices();
        let (h, of) = self.pool[pick % self.pool.len()].clone();
        let alike: Vec<&String> = self.pool.iter().filter(|(_, shape)| *shape == of).map(|(name, _)| name).collect();
        let other = alike[other % alike.len()].clone();
        let rank = of.len();
        let with = |axis: usize, size: usize| {
            let mut shape = of.clone();
            shape[axis] = size;
            shape
        };
        let without = |axis: usize| of.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, n)| *n).collect();
        let axis = if rank == 0 { 0 } else { detail % rank };
        let last = of.last().copied().unwrap_or(1);
        let keeps = ["relu", "abs", "leaky_relu(0.2)", "clamp(min: -0.7, max: 0.9)", "maximum(0.3)"];
        let bends = ["tanh", "sigmoid", "gelu", "silu", "softplus", "sin", "mish", "elu", "gelu(approximate: tanh)"];
        match kind % 25 {
            0 => self.add(&format!("{h} |> {}", bends[detail % bends.len()]), of),
            1 => {
                self.smooth = false;
                self.add(&format!("{h} |> {}", keeps[detail % keeps.len()]), of);
            }
            2 => self.add(&format!("tanh({h} {} {other})", ["+", "-", "*"][detail % 3]), of),
            3 => self.add(&format!("{h} / (1 + {other}^2) - 0.5"), of),
            4 => {
                self.smooth = false;
                self.add(&format!("where({h} > 0.1, {h}, {other} * 0.5 - {other} + {h})"), of);
            }
            // A scalar stands beside everything.
            5 => self.add(&format!("tanh({h} * (s + 1))"), of),
            _ if rank == 0 => self.add(&format!("full([3], {h}) * arange(3) / 3"), vec![3]),
            6 | 7 => self.add(&format!("{h} |> Dense({}) |> tanh", 1 + detail % 4), with(rank - 1, 1 + detail % 4)),
            8 => self.add(&format!("{h} |> residual {{ Dense({last}) |> tanh }}"), of),
            9 => {
                let stage = format!("residual {{ LayerNorm(eps: 0.3) |> Dense({last}) |> gelu }} |> tanh");
                self.add(&format!("{h} |> repeat {} {{ {stage} }}", 1 + detail % 3), of);
            }
            10 => {
                let layer = format!("layer{}", self.pool.len());
                writeln!(self.body, "  let {layer} = Dense(2, bias: {})", detail % 2 == 0).unwrap();
                self.add(&format!("tanh(({h} |> {layer}) - {layer}({other}))"), with(rank - 1, 2));
            }
            11 => self.add(&format!("{h} |> softmax(axis: {axis})"), of),
            12 => self.add(&format!("{h} |> log_softmax(axis: {axis}) |> tanh"), of),
            13 => {
                let (name, keep) = (["sum", "mean"][detail / 2 % 2], detail % 2 == 0);
                let shape = if keep { with(axis, 1) } else { without(axis) };
                self.add(&format!("{h} |> {name}(axis: {axis}, keep: {keep}) |> tanh"), shape);
            }
            14 => {
                self.smooth = false;
                self.add(&format!("{h} |> {}(axis: {axis})", ["max", "min"][detail / 2 % 2]), without(axis));
            }
            15 if of[axis] > 1 => self.add(&format!("{h} |> var(axis: {axis}) |> tanh"), without(axis)),
            15 => self.add(&format!("{h} |> Flatten"), vec![of.iter().product()]),
            16 if of[axis] < 12 => self.add(&format!("concat([{h}, {other}], axis: {axis})"), with(axis, 2 * of[axis])),
            16 => self.add(&format!("{h} |> cumsum(axis: {axis}) |> sin"), of),
            17 => {
                let (mut one, mut two) = (of.clone(), vec![1]);
                if detail % 2 == 0 {
                    one.push(1);
                    self.add(&format!("{h} |> reshape({one:?})"), one);
                } else {
                    two.extend(&of);
                    self.add(&format!("{h} |> unsqueeze(axis: 0)"), two);
                }
            }
            18 if rank >= 2 => {
                let mut shape = of.clone();
                shape.swap(rank - 1, rank - 2);
                self.add(&format!("{h} |> transpose"), shape);
            }
            18 => self.add(&format!("{h} |> pad([1, 2], value: 0.5)"), vec![last + 3]),
            19 => {
                let before = ".., ".repeat(axis);
                let n = of[axis];
                match detail / 4 % 3 {
                    0 => self.add(&format!("{h}[{before}{}]", ["0", "-1"][detail % 2]), without(axis)),
                    1 if n > 1 => self.add(&format!("{h}[{before}1 ..]"), with(axis, n - 1)),
                    _ if n > 1 => self.add(&format!("{h}[{before}.. -1]"), with(axis, n - 1)),
                    _ => self.add(&format!("{h}[{before}0]"), without(axis)),
                }
            }
            20 if rank == 2 => {
                let shape = vec![of[0], of[0]];
                self.add(&format!("tanh({h} @ transpose({other}) / {last})"), shape);
            }
            22 => {
                // `other` at the same position, and what is the same in all steps beside it.
                let state = if rank == 1 { "0".to_owned() } else { format!("zeros({:?})", &of[1..]) };
                let item = ["xt", "xt * s", "sin(xt) + a * xt"][detail % 3];
                self.add(&format!("scan {h} as xt, a = {state} {{ tanh(0.5 * a + {item}) }}"), of);
            }
            23 if rank == 2 => {
                let width = 1 + detail % 4;
                let next = ["concat([xt, a])", "concat([a, xt * s])"][detail / 4 % 2];
                let code = format!("scan {h} as xt, a = zeros([{width}]) {{ {next} |> Dense({width}) |> tanh }}");
                self.add(&code, vec![of[0], width]);
            }
            24 if rank == 2 => {
                // Two states, a product that does not wait for the steps, and something captured of every example.
                let name = format!("w{}", self.pool.len());
                writeln!(self.body, "  weight {name}: [{last}, {last}] = zeros").unwrap();
                let step = format!("let b2 = tanh(xt @ {name} + b * sum({other})); (sigmoid(a) * b2, b2)");
                let states = format!("a = {h}[0], b = zeros([{last}])");
                self.add(&format!("stack(scan {h} as xt, {states} {{ {step} }})"), [vec![2], of].concat());
            }
            20 => self.add(&format!("stack([{h}, {other}])"), [vec![2], of].concat()),
            _ if (1..=3).contains(&rank) => {
                let name = format!("w{}", self.pool.len());
                writeln!(self.body, "  weight {name}: [{last}, 3] = zeros").unwrap();
                self.add(&format!("tanh({h} @ {name})"), with(rank - 1, 3));
            }
            _ => self.add(&format!("{h} |> Flatten"), vec![of.iter().product()]),
        }
    }
}

/// What the steps make: the last three values are the outputs.
fn built(steps: &[Step]) -> (String, Differentiated, bool) {
    let mut random = Program::new();
    for step in steps {
        random.step(*step);
        // Shapes that double and double again would only take time.
        let is_huge = |(_, shape): &(String, Vec<usize>)| shape.len() > 4 || shape.iter().product::<usize>() > 300;
        if random.pool.last().is_some_and(is_huge) {
            random.pool.pop();
            let end = random.body.trim_end().rfind('\n').map_or(0, |at| at + 1);
            random.body.truncate(end);
        }
    }
    let names: Vec<String> = random.pool.iter().rev().take(3).map(|(name, _)| format!("{name} * 1")).collect();
    let inputs = [("x", "[4]"), ("m", "[3, 4]"), ("s", "float")];
    let inputs = inputs.map(|(name, ty)| (name.to_owned(), ty.to_owned()));
    let place = Place::Model { outputs: 3 };
    let code = format!("({})", names.join(", "));
    // The statements stand before the one that the outputs come from.
    let text = program(&inputs, &[], &code, place);
    let at = text.find("  let (tried0").unwrap();
    let text = format!("{}{}{}", &text[..at], random.body, &text[at..]);
    let checked = checked(&text);
    (text, differentiated(&checked.program.trains[0].evaluation, place), random.smooth)
}

fn inputs(graph: &Graph, examples: usize, seed: u64) -> Named {
    let mut numbers = Numbers::new(seed);
    let mut draw = |n: usize| (0..n).map(|_| f64::from(numbers.between(-1.5, 1.5) as f32)).collect();
    graph.inputs.iter().map(|i| (i.name.to_string(), draw(count(&i.shape, examples)))).collect()
}

fn states(graph: &Graph) -> Named {
    let mut numbers = Numbers::new(5);
    let mut draw = |n: usize| (0..n).map(|_| f64::from(numbers.between(-0.7, 0.7) as f32)).collect();
    let weights = graph.states.iter().filter(|s| s.role == StateRole::Weight);
    weights.map(|s| (s.path.to_string(), draw(count(&s.shape, 1)))).collect()
}

fn worst(wanted: &[f64], found: &[f64]) -> f64 {
    assert_eq!(wanted.len(), found.len());
    let largest = wanted.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
    let errors = wanted.iter().zip(found).map(|(w, f)| if w.is_nan() && f.is_nan() { 0.0 } else { (w - f).abs() });
    errors.fold(0.0, |a, b| if b.is_nan() { f64::INFINITY } else { a.max(b / largest) })
}

#[test]
fn random_programs_run_as_they_are_interpreted() {
    let mut measured: BTreeMap<&str, f64> = BTreeMap::new();
    let mut tried = 0;
    let run = |steps: Vec<Step>| {
        let (text, built, smooth) = built(&steps);
        let states = states(&built.graph);
        tried += 1;
        for examples in 1..=5 {
            let inputs = inputs(&built.graph, examples, examples as u64);
            let wanted = interpreted(&built.graph, examples, &inputs, &states);
            let single = executed::<f32>(&built.graph, examples, &inputs, &states);
            let double = executed::<f64>(&built.graph, examples, &inputs, &states);
            let banded = executed_in_bands::<f64>(&built.graph, examples, &inputs, &states);
            for output in &built.graph.outputs {
                let name = &*output.name;
                let is_gradient = name.starts_with("d ");
                let exact = worst(&wanted[name], &double[name]);
                assert!(exact < 1e-10, "{name} of {examples} examples is {exact:e} off in f64:\n{text}");
                let apart = worst(&double[name], &banded[name]);
                assert!(apart < 1e-12, "{name} of {examples} examples is {apart:e} off in bands:\n{text}");
                if is_gradient && !smooth {
                    continue;
                }
                let rounded = worst(&wanted[name], &single[name]);
                assert!(rounded < 1e-4, "{name} of {examples} examples is {rounded:e} off in f32:\n{text}");
                let sort = if is_gradient { "gradients" } else { "outputs" };
                let slot = measured.entry(sort).or_default();
                *slot = slot.max(rounded);
            }
        }
        Ok(())
    };
    let run = std::cell::RefCell::new(run);
    runner(150).run(&steps(), |steps| (run.borrow_mut())(steps)).unwrap();
    println!("{tried} programs, f32 off by at most {measured:?}");
}

/// The rows of an array whose first axis is the batch.
fn rows(numbers: &[f64], examples: usize) -> Vec<Vec<f64>> {
    numbers.chunks(numbers.len() / examples).map(<[f64]>::to_vec).collect()
}

#[test]
fn no_example_sees_the_others_of_its_batch() {
    const EXAMPLES: usize = 5;
    let mut alone_is_the_same = (0, 0);
    let run = |steps: Vec<Step>| {
        let (text, built, _) = built(&steps);
        let mut graph = built.graph;
        graph.outputs.retain(|o| o.name.starts_with("out "));
        let states = states(&graph);
        let batched: Vec<String> = graph.inputs.iter().map(|i| i.name.to_string()).collect();
        let full = inputs(&graph, EXAMPLES, 1);
        let whole = executed::<f32>(&graph, EXAMPLES, &full, &states);
        let strangers = inputs(&graph, EXAMPLES, 2);
        for example in 0..EXAMPLES {
            // The same place in a batch of others.
            let mut mixed = strangers.clone();
            let mut alone = Named::new();
            for name in &batched {
                let own = rows(&full[name], EXAMPLES).swap_remove(example);
                let at = example * own.len();
                mixed.get_mut(name).unwrap()[at..at + own.len()].copy_from_slice(&own);
                alone.insert(name.clone(), own);
            }
            let mixed = executed::<f32>(&graph, EXAMPLES, &mixed, &states);
            let alone = executed::<f32>(&graph, 1, &alone, &states);
            for output in &graph.outputs {
                let name = &*output.name;
                let wanted = &rows(&whole[name], EXAMPLES)[example];
                assert!(*wanted == rows(&mixed[name], EXAMPLES)[example], "{name} of example {example}:\n{text}");
                assert!(worst(wanted, &alone[name]) < 1e-5, "{name} of example {example} alone:\n{text}");
                alone_is_the_same.0 += usize::from(*wanted == alone[name]);
                alone_is_the_same.1 += 1;
            }
        }
        Ok(())
    };
    let run = std::cell::RefCell::new(run);
    runner(60).run(&steps(), |steps| (run.borrow_mut())(steps)).unwrap();
    println!("alone, {} of {} outputs have the same bits", alone_is_the_same.0, alone_is_the_same.1);
}
