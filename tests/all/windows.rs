//! Convolutions and pools of the runtime against the interpreter: sizes around every edge, both precisions, any number
//! of threads.

use crate::graphs::{Numbers, push, shape};
use nnrun::autodiff::differentiate;
use nnrun::ir::dim::{Dim, Var, VarKind, batch};
use nnrun::ir::graph::{Graph, InputKind, NodeId};
use nnrun::ir::interpret::{Feeds, interpret};
use nnrun::ir::op::{InputId, Op, Reduction};
use nnrun::ir::verify::verify;
use nnrun::ir::window::{WindowAxis, Windows};
use nnrun::runtime::{Binding, Element, Executable, Feed, Session, States};
use nnrun::source::Span;

/// A convolution with its gradients, or a pool; all outputs.
struct Case {
    image: Vec<usize>,
    /// `[O, C/groups, K…]`; none for a pool.
    kernel: Option<Vec<usize>>,
    windows: Vec<[usize; 4]>,
    groups: usize,
}

impl Case {
    fn convolution(image: &[usize], kernel: &[usize], windows: &[[usize; 4]], groups: usize) -> Case {
        Case { image: image.to_vec(), kernel: Some(kernel.to_vec()), windows: windows.to_vec(), groups }
    }

    fn pool(image: &[usize], windows: &[[usize; 4]]) -> Case {
        Case { image: image.to_vec(), kernel: None, windows: windows.to_vec(), groups: 1 }
    }

    fn windows(&self) -> Windows {
        let axis = |[kernel, stride, dilation, before]: [usize; 4]| WindowAxis {
            kernel,
            stride,
            dilation,
            before: Dim::from(before),
        };
        self.windows.iter().map(|w| axis(*w)).collect()
    }

    /// As many windows as reach no further behind than in front.
    fn places(&self) -> Vec<usize> {
        let lead = self.image.len() - self.windows.len();
        let count = |(size, [kernel, stride, dilation, before]): (&usize, &[usize; 4])| {
            (size + 2 * before - dilation * (kernel - 1) - 1) / stride + 1
        };
        self.image[lead..].iter().zip(&self.windows).map(count).collect()
    }

    fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        let field = |graph: &mut Graph, name: &str, sizes: &[usize]| {
            let of: Vec<Dim> = std::iter::once(batch()).chain(sizes.iter().map(|n| Dim::from(*n))).collect();
            graph.add_input(name, of, InputKind::Field, Span::default()).1
        };
        let image = field(&mut graph, "image", &self.image);
        match &self.kernel {
            Some(kernel) => {
                let fixed: Vec<i64> = kernel.iter().map(|n| *n as i64).collect();
                let weight = graph.add_input("kernel", shape(&fixed), InputKind::Field, Span::default()).1;
                let mut result = vec![kernel[0]];
                result.extend(self.places());
                let cotangent = field(&mut graph, "cotangent", &result);
                let of = graph.shape(cotangent).to_vec();
                let op = Op::Convolve { windows: self.windows(), groups: self.groups };
                let y = push(&mut graph, op, &[image, weight], of.clone());
                let loss = total(&mut graph, y, cotangent);
                let gradients = differentiate(&mut graph, loss, &[image, weight]);
                graph.add_output("result", y);
                for (name, gradient) in ["image", "kernel"].into_iter().zip(gradients) {
                    graph.add_output(name, gradient.unwrap());
                }
            }
            None => {
                let lead = self.image.len() - self.windows.len();
                let mut pooled = self.image[..lead].to_vec();
                pooled.extend(self.places());
                let cotangent = field(&mut graph, "cotangent", &pooled);
                let of = graph.shape(cotangent).to_vec();
                let place = push(&mut graph, Op::WindowArgMax(self.windows()), &[image], of.clone());
                graph.add_output("place", place);
                // The largest themselves, and back.
                let plane: usize = self.image[lead..].iter().product();
                let line: usize = self.places().iter().product();
                let flat = |graph: &mut Graph, x: NodeId, last: usize| {
                    let mut of: Vec<Dim> = graph.shape(x)[..=lead].to_vec();
                    of.push(Dim::from(last));
                    push(graph, Op::Reshape, &[x], of)
                };
                let (x, places) = (flat(&mut graph, image, plane), flat(&mut graph, place, line));
                let of_places = graph.shape(places).to_vec();
                let largest = push(&mut graph, Op::TakeAlong { axis: lead + 1 }, &[x, places], of_places);
                let sum = push(&mut graph, Op::WindowSum(self.windows()), &[image], of.clone());
                graph.add_output("largest", largest);
                graph.add_output("sum", sum);
                let largest = push(&mut graph, Op::Reshape, &[largest], of);
                for (name, y) in [("largest back", largest), ("sum back", sum)] {
                    let loss = total(&mut graph, y, cotangent);
                    let gradient = differentiate(&mut graph, loss, &[image])[0].unwrap();
                    graph.add_output(name, gradient);
                }
            }
        }
        verify(&graph).unwrap_or_else(|violation| panic!("{violation}"));
        graph
    }
}

/// `Σ x · y`
fn total(graph: &mut Graph, x: NodeId, y: NodeId) -> NodeId {
    let of = graph.shape(x).to_vec();
    let product = push(graph, Op::Binary(nnrun::ir::op::Binary::Multiply), &[x, y], of.clone());
    let axes: Vec<usize> = (0..of.len()).collect();
    let sum = Op::Reduce { reduction: Reduction::Sum, axes: axes.into() };
    let sum = push(graph, sum, &[product], vec![Dim::constant(1); of.len()]);
    push(graph, Op::Reshape, &[sum], vec![])
}

fn numbers_for(graph: &Graph, examples: usize) -> Vec<Vec<f64>> {
    let mut numbers = Numbers::new(4);
    let count = |shape: &[Dim]| {
        let sizes = shape.iter().map(|d| d.evaluate(&|_| Some(examples as i64)).unwrap() as usize);
        sizes.product::<usize>()
    };
    graph.inputs.iter().map(|input| (0..count(&input.shape)).map(|_| numbers.between(-1.0, 1.0)).collect()).collect()
}

fn run<E: Element>(graph: &Graph, examples: usize, inputs: &[Vec<f64>], threads: usize) -> Vec<Vec<E>> {
    let states = States::of(graph).unwrap();
    let mut executable = Executable::<E>::new(graph.clone(), &states).unwrap();
    let mut session = Session::new(states, threads);
    let plan = executable.prepare(&Binding::batch(examples)).unwrap();
    for (i, numbers) in inputs.iter().enumerate() {
        let target = executable.input_mut(plan, InputId(i as u32));
        target.iter_mut().zip(numbers).for_each(|(t, x)| *t = E::from_f64(*x));
    }
    executable.run(&mut session, plan, &Feed { seed: 0, step: 0, examples: &[] });
    (0..graph.outputs.len()).map(|o| executable.output(plan, o).to_vec()).collect()
}

#[test]
fn windows_run_as_they_are_interpreted() {
    let cases = [
        Case::convolution(&[1, 28, 28], &[8, 1, 3, 3], &[[3, 1, 1, 1]; 2], 1),
        Case::convolution(&[8, 14, 14], &[16, 8, 3, 3], &[[3, 1, 1, 1]; 2], 1),
        Case::convolution(&[3, 11, 9], &[4, 3, 5, 3], &[[5, 2, 1, 2], [3, 3, 1, 0]], 1),
        Case::convolution(&[4, 10, 7], &[8, 2, 3, 2], &[[3, 1, 2, 2], [2, 2, 3, 2]], 2),
        // Depthwise, with one unit a channel and with two.
        Case::convolution(&[5, 9, 9], &[5, 1, 3, 3], &[[3, 1, 1, 1]; 2], 5),
        Case::convolution(&[5, 9, 8], &[10, 1, 3, 3], &[[3, 2, 1, 1]; 2], 5),
        // Windows as large as three images, gaps across edges.
        Case::convolution(&[2, 2, 3], &[3, 2, 7, 9], &[[7, 1, 1, 3], [9, 1, 1, 4]], 1),
        Case::convolution(&[2, 6, 5], &[3, 2, 3, 3], &[[3, 1, 2, 2], [3, 1, 2, 2]], 1),
        // Pointwise.
        Case::convolution(&[6, 5, 7], &[3, 6, 1, 1], &[[1, 1, 1, 0]; 2], 1),
        Case::convolution(&[6, 5, 7], &[4, 3, 1, 1], &[[1, 2, 1, 0]; 2], 2),
        // A line, a volume, a kernel as large as the image.
        Case::convolution(&[3, 40], &[7, 3, 4], &[[4, 1, 2, 3]], 1),
        Case::convolution(&[2, 4, 5, 6], &[3, 2, 2, 3, 2], &[[2, 1, 1, 0], [3, 2, 1, 1], [2, 1, 2, 1]], 1),
        Case::convolution(&[2, 4, 4], &[3, 2, 4, 4], &[[4, 1, 1, 0]; 2], 1),
        // In parts: a matrix larger than fits the cache.
        Case::convolution(&[20, 40, 41], &[6, 20, 5, 5], &[[5, 1, 1, 2]; 2], 1),
        Case::pool(&[3, 8, 8], &[[2, 2, 1, 0]; 2]),
        Case::pool(&[3, 9, 7], &[[3, 2, 1, 1], [2, 1, 1, 0]]),
        Case::pool(&[2, 40, 39], &[[3, 2, 1, 1], [2, 2, 1, 0]]),
        Case::pool(&[2, 21, 50], &[[2, 2, 1, 0], [3, 1, 2, 0]]),
        Case::pool(&[2, 9, 7], &[[3, 1, 2, 1], [2, 2, 3, 1]]),
        Case::pool(&[4, 17], &[[4, 3, 1, 2]]),
        // The image lies between the rows of every window.
        Case::pool(&[2, 2, 20], &[[2, 1, 3, 1], [2, 2, 1, 0]]),
        Case::pool(&[2, 4, 5, 6], &[[2, 2, 1, 0], [3, 1, 1, 1], [2, 2, 1, 1]]),
    ];
    for case in &cases {
        let graph = case.graph();
        for examples in [1, 2, 5, 33] {
            if examples == 33 && case.image.iter().product::<usize>() > 2000 {
                continue;
            }
            let inputs = numbers_for(&graph, examples);
            let feeds = Feeds {
                input: &|id| inputs[id.0 as usize].clone(),
                state: &|_| panic!("no states here"),
                random: &|_| panic!("no random numbers here"),
            };
            let binding = |v: &Var| (v.kind == VarKind::Batch).then_some(examples as i64);
            let expected = interpret(&graph, &binding, &feeds).unwrap();
            let double = run::<f64>(&graph, examples, &inputs, 2);
            let single = run::<f32>(&graph, examples, &inputs, 1);
            let threaded = run::<f32>(&graph, examples, &inputs, 3);
            for (i, output) in graph.outputs.iter().enumerate() {
                let expected = &expected[output.node.index()].data;
                let name = format!("{} of {:?} {:?} with {examples}", output.name, case.image, case.windows);
                assert_eq!(expected.len(), double[i].len(), "{name}");
                let largest = expected.iter().fold(1.0_f64, |a, x| a.max(x.abs()));
                for (e, (d, s)) in expected.iter().zip(double[i].iter().zip(&single[i])) {
                    assert!((e - d).abs() <= 1e-11 * largest, "{name}: {d} instead of {e}");
                    assert!((e - f64::from(*s)).abs() <= 3e-5 * largest, "{name}: {s} instead of {e}");
                }
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert!(bits(&single[i]) == bits(&threaded[i]), "threads matter for {name}");
            }
        }
    }
}

#[test]
fn the_largest_of_a_window_is_the_first_and_nan_above_all() {
    let mut graph = Graph::default();
    let of = |n: i64| vec![batch(), Dim::constant(n)];
    let (_, x) = graph.add_input("x", of(6), InputKind::Field, Span::default());
    let windows = [WindowAxis { kernel: 3, stride: 3, dilation: 1, before: Dim::constant(0) }];
    let place = push(&mut graph, Op::WindowArgMax(windows.into()), &[x], of(2));
    graph.add_output("place", place);
    for (numbers, expected) in [
        ([1.0, 1.0, 0.0, -2.0, -1.0, -1.0], [0.0, 4.0]),
        ([1.0, f64::NAN, 5.0, f64::NAN, 9.0, f64::NAN], [1.0, 3.0]),
        ([f64::NEG_INFINITY; 6], [0.0, 3.0]),
    ] {
        let inputs = vec![numbers.to_vec()];
        assert_eq!(run::<f64>(&graph, 1, &inputs, 1)[0], expected);
        assert_eq!(run::<f32>(&graph, 1, &inputs, 1)[0], expected.map(|x| x as f32));
        let feeds = Feeds { input: &|_| numbers.to_vec(), state: &|_| Vec::new(), random: &|_| 0.0 };
        let values = interpret(&graph, &|_| Some(1), &feeds).unwrap();
        assert_eq!(values[place.index()].data, expected);
    }
    // Many side by side: every 37th number is NaN, some in a row are smaller than all.
    let mut graph = Graph::default();
    let (_, x) = graph.add_input("x", of(200), InputKind::Field, Span::default());
    let windows = [WindowAxis { kernel: 4, stride: 2, dilation: 1, before: Dim::constant(0) }];
    let place = push(&mut graph, Op::WindowArgMax(windows.into()), &[x], of(99));
    graph.add_output("place", place);
    let number = |i: i32| match i {
        _ if i % 37 == 5 => f64::NAN,
        90..110 => f64::NEG_INFINITY,
        _ => f64::from(i * 7 % 11),
    };
    let numbers: Vec<f64> = (0..200).map(number).collect();
    let feeds = Feeds { input: &|_| numbers.clone(), state: &|_| Vec::new(), random: &|_| 0.0 };
    let values = interpret(&graph, &|_| Some(1), &feeds).unwrap();
    let expected = &values[place.index()].data;
    assert_eq!(run::<f64>(&graph, 1, std::slice::from_ref(&numbers), 1)[0], *expected);
    // With vectors made by hand, where the processor has them.
    let found = run::<f32>(&graph, 1, std::slice::from_ref(&numbers), 1);
    assert_eq!(found[0].iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), *expected);
}
