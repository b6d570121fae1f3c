//! Executables against the interpreter: the same numbers through views, fusion and planned memory.

use crate::graphs::Numbers;
use crate::random_graphs::{Random, runner, steps};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, VarKind, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId, State, StateRole, Update};
use nnrun::ir::init::Init;
use nnrun::ir::interpret::{Feeds, interpret};
use nnrun::ir::op::{Binary, Distribution, Op, Reduction, StateId, Unary};
use nnrun::optimize::optimize;
use nnrun::runtime::{Binding, Element, Executable, Feed, Session, States};
use nnrun::source::Span;

const FEED: Feed<'static> = Feed { seed: 1, step: 1, examples: &[] };

/// The numbers of each input for a batch size.
fn numbers_for(graph: &Graph, examples: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(seed);
    let size = |d: &Dim| d.evaluate(&|_| Some(examples as i64)).unwrap() as usize;
    let counts = graph.inputs.iter().map(|i| i.shape.iter().map(size).product::<usize>());
    counts.map(|n| (0..n).map(|_| f64::from(numbers.between(-1.2, 1.2) as f32)).collect()).collect()
}

/// All values by the oracle.
fn expected(graph: &Graph, examples: usize, inputs: &[Vec<f64>], states: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let feeds = Feeds {
        input: &|id| inputs[id.0 as usize].clone(),
        state: &|StateId(id)| states[id as usize].clone(),
        random: &|_| panic!("no random numbers here"),
    };
    let binding = |v: &nnrun::ir::dim::Var| (v.kind == VarKind::Batch).then_some(examples as i64);
    interpret(graph, &binding, &feeds).unwrap().into_iter().map(|t| t.data).collect()
}

struct Machine<E> {
    executable: Executable<E>,
    session: Session<E>,
}

impl<E: Element> Machine<E> {
    fn new(graph: &Graph, threads: usize) -> Self {
        let states = States::of(graph).unwrap();
        let executable = Executable::new(graph.clone(), &states).unwrap();
        Machine { executable, session: Session::new(states, threads) }
    }

    fn run(&mut self, examples: usize, inputs: &[Vec<f64>]) -> Vec<Vec<E>> {
        let plan = self.executable.prepare(&Binding::batch(examples)).unwrap();
        for (i, numbers) in inputs.iter().enumerate() {
            let target = self.executable.input_mut(plan, nnrun::ir::op::InputId(i as u32));
            assert_eq!(target.len(), numbers.len());
            target.iter_mut().zip(numbers).for_each(|(t, x)| *t = E::from_f64(*x));
        }
        self.executable.run(&mut self.session, plan, &FEED);
        let count = self.executable.graph().outputs.len();
        (0..count).map(|o| self.executable.output(plan, o).to_vec()).collect()
    }

    fn describe(&mut self, examples: usize) -> String {
        let plan = self.executable.prepare(&Binding::batch(examples)).unwrap();
        self.executable.plan(plan).describe(None)
    }
}

fn assert_close<E: Element>(expected: &[f64], found: &[E], tolerance: f64, what: impl Fn() -> String) {
    assert_eq!(expected.len(), found.len(), "{}", what());
    for (e, f) in expected.iter().zip(found) {
        let f = f.to_f64();
        let same = (e.is_nan() && f.is_nan()) || e == &f || (e - f).abs() <= tolerance * (1.0 + e.abs());
        assert!(same, "{f} instead of {e} in {}", what());
    }
}

/// Whether small errors stay small: no jumps near the numbers at hand.
fn is_continuous(graph: &Graph) -> bool {
    !graph.nodes.iter().any(|n| {
        matches!(n.op, Op::Unary(Unary::Not | Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Relu | Unary::Absolute))
            || matches!(n.op, Op::Binary(Binary::Less | Binary::LessEqual | Binary::Equal | Binary::NotEqual))
            || matches!(n.op, Op::Reduce { reduction: Reduction::Maximum | Reduction::Minimum, .. } | Op::ArgMax { .. })
            || matches!(n.op, Op::Binary(Binary::Maximum | Binary::Minimum))
    })
}

#[test]
fn random_graphs_run_as_they_are_interpreted() {
    let run = |steps: Vec<crate::random_graphs::Step>| {
        let mut random = Random::new(true);
        steps.iter().for_each(|step| random.step(*step));
        let loss = random.loss(3);
        let mut graph = random.graph;
        let gradients = differentiate(&mut graph, loss, &random.pool[..2]);
        // Not every tensor is an output, so that some pass through registers only.
        for (i, id) in random.pool.iter().enumerate().filter(|(i, _)| i % 3 == 2) {
            graph.add_output(format!("{i}"), *id);
        }
        for (i, id) in gradients.iter().flatten().enumerate() {
            graph.add_output(format!("gradient {i}"), *id);
        }
        graph.add_output("loss", loss);
        for graph in [graph.clone(), optimize(graph)] {
            let mut double = Machine::<f64>::new(&graph, 1);
            let mut single = Machine::<f32>::new(&graph, 1);
            let mut threaded = Machine::<f32>::new(&graph, 3);
            let continuous = is_continuous(&graph);
            for (round, examples) in [3, 1, 7, 3].into_iter().enumerate() {
                let inputs = numbers_for(&graph, examples, round as u64);
                let values = expected(&graph, examples, &inputs, &[]);
                let (d, s, t) =
                    (double.run(examples, &inputs), single.run(examples, &inputs), threaded.run(examples, &inputs));
                for (i, output) in graph.outputs.iter().enumerate() {
                    let value = &values[output.node.index()];
                    let plan = double.describe(examples);
                    let name = |kind| {
                        format!(
                            "{} ({kind}) of\n{}\n{plan}",
                            output.name,
                            nnrun::ir::print::print(&graph, &Default::default())
                        )
                    };
                    assert_close(value, &d[i], 1e-9, || name("f64"));
                    if continuous {
                        assert_close(value, &s[i], 2e-3, || name("f32"));
                    }
                    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(&s[i]), bits(&t[i]), "threads matter for {}", output.name);
                }
            }
        }
        Ok(())
    };
    runner(400).run(&steps(), run).unwrap();
}
