//! What programs mean: paths of weights, sharing, flow forms, imports, hypers. Each test is a small program and what
//! must be known of it after checking.

use nnrun::check::{Checked, HyperValue, Overrides, check_file, check_text};
use nnrun::ir::graph::StateRole;
use std::path::Path;

const DATA: &str = "
data d {
  let t   = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])
  field x = t[a, b]
  field y = t.y
  field k = t.y |> classes
}
";

const TRAIN: &str = "
train Net on d {
  loss:      mse(output, y)
  optimizer: SGD(lr: 0.1)
  epochs:    1
}
";

fn check(program: &str) -> Checked {
    check_text(Path::new("test.nn"), program, &Overrides::default())
}

/// Checks `blocks` and a model of this body, trained on two numbers, without errors.
fn sound(blocks: &str, body: &str) -> Checked {
    let program = format!("{DATA}{blocks}\nmodel Net(x: [2]) {{\n{body}\n}}\n{TRAIN}");
    let checked = check(&program);
    assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
    checked
}

/// Paths of the trained weights and their shapes: `dense1.weight [3, 2]`.
fn weights(checked: &Checked) -> Vec<String> {
    let graph = &checked.program.trains[0].training.graph;
    let weights = graph.states.iter().filter(|s| s.role == StateRole::Weight);
    weights.map(|s| format!("{} {}", s.path, nnrun::ir::dim::show_shape(&s.shape))).collect()
}

/// Segments of layers alone: their weights' paths without the last part.
fn layers(checked: &Checked) -> Vec<String> {
    let mut layers = Vec::new();
    for path in weights(checked) {
        let layer = path.split(' ').next().and_then(|p| p.rsplit_once('.')).map_or("", |(l, _)| l).to_owned();
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    layers
}

/// What uses an output of another shape than promised says nothing more about it.
#[test]
fn a_broken_promise_is_told_once() {
    let program = format!("{DATA}model Net(x: [2]) -> output: float {{ x |> Dense(1) }}\n{TRAIN}");
    assert_eq!(codes(&check(&program)), ["E0331"]);
}

/// A field that nothing else uses is what a misspelt name in a loss most likely means.
#[test]
fn a_misspelt_field_is_guessed() {
    let train = TRAIN.replace("mse(output, y)", "cross_entropy(output, kindd)");
    let data = DATA.replace("field k ", "field kind ");
    let checked = check(&format!("{data}model Net(x: [2]) {{ x |> Dense(2) }}\n{train}"));
    assert_eq!(codes(&checked), ["E0101"]);
    let diagnostic = &checked.diagnostics[0];
    assert!(format!("{diagnostic:?}").contains("did you mean `kind`"), "{diagnostic:#?}");
}

fn codes(checked: &Checked) -> Vec<&'static str> {
    checked.diagnostics.iter().map(|d| d.code.text()).collect()
}

#[test]
fn layers_are_counted_by_kind_in_text_order() {
    let checked = sound("", "x |> Dense(3) |> LayerNorm |> Dense(4) |> tanh |> Dense(1) |> squeeze");
    assert_eq!(layers(&checked), ["dense1", "layer_norm1", "dense2", "dense3"]);
    assert_eq!(weights(&checked)[0], "dense1.weight [3, 2]");
}

#[test]
fn a_let_whose_value_is_a_layer_names_it_and_one_whose_value_is_a_tensor_does_not() {
    let checked = sound("", "let enc = Dense(4)\nlet h = x |> Dense(3)\nh |> enc |> Dense(1) |> squeeze");
    assert_eq!(layers(&checked), ["dense1", "enc", "dense2"]);
}

#[test]
fn a_named_composition_is_a_body_of_its_own() {
    let body = "let h = x |> Dense(5)
                let enc = Dense(4) |> relu |> Dense(3)
                h |> enc |> Dense(1) |> squeeze";
    assert_eq!(layers(&sound("", body)), ["dense1", "enc.dense1", "enc.dense2", "dense2"]);
}

#[test]
fn repeat_and_residual_have_the_paths_that_they_promise() {
    let body = "let stack = repeat 2 { residual { Dense(2) |> tanh } }
                x |> stack |> repeat 2 { Dense(2) } |> residual { Dense(2) } |> Dense(1) |> squeeze";
    let expected = ["stack.0.dense1", "stack.1.dense1", "repeat1.0.dense1", "repeat1.1.dense1", "dense1", "dense2"];
    assert_eq!(layers(&sound("", body)), expected);
}

#[test]
fn a_shared_layer_appears_once_where_it_is_bound() {
    let body = "let shared = Dense(2)
                let both = shared |> tanh |> Dense(2)
                x |> shared |> both |> repeat 2 { shared |> Dense(2) } |> Dense(1) |> squeeze";
    let expected = ["shared", "both.dense1", "repeat1.0.dense1", "repeat1.1.dense1", "dense1"];
    assert_eq!(layers(&sound("", body)), expected);
}

#[test]
fn blocks_bind_dims_and_take_layers_and_functions() {
    let blocks = "
block Wide(act, factor: 4)(x: [D]) -> [D] { x |> Dense(factor * D) |> act |> Dense(D) }
block Half(x: [D]) -> [D/2] { x |> Dense(D / 2) }
block Both(a: [D], b: [D]) -> (sum: [D], difference: [D]) { (a + b, a - b) }
block Through(layer)(x: [D]) -> [D] { x |> layer }
";
    let body = "let h = x |> Wide(gelu) |> Wide(tanh, factor: 2)
                let (s, m) = Both(h, x)
                let z = concat([s, m]) |> Half
                z |> Through(Dense(2)) |> Dense(1) |> squeeze";
    let expected = ["wide1.dense1", "wide1.dense2", "wide2.dense1", "wide2.dense2", "half1.dense1", "dense1", "dense2"];
    let checked = sound(blocks, body);
    assert_eq!(layers(&checked), expected);
    assert_eq!(weights(&checked)[0], "wide1.dense1.weight [8, 2]");
    assert_eq!(weights(&checked)[8], "half1.dense1.weight [2, 4]");
}

/// A layer that a hyper's default makes is one of its block's own, called as the hyper.
#[test]
fn layers_of_defaults_are_those_of_their_block() {
    let blocks = "
block Normed(norm: LayerNorm, act: Dense(3) |> relu)(x: [D]) -> [D] { x |> norm |> act |> Dense(D) }
block Outer(inner: Normed)(x: [D]) -> [D] { x |> inner }
block Twice(stack: repeat 2 { Dense(2) })(x: [D]) -> [D] { x |> stack }
";
    let body = "let named = Normed
                let chain = Dense(2) |> Normed(act: relu)
                x |> Dense(2) |> LayerNorm |> Normed |> named |> named |> chain |> Outer |> Twice |> Normed(Dense(2))
                  |> Dense(1) |> squeeze";
    let expected = [
        "dense1",
        "layer_norm1",
        "normed1.norm",
        "normed1.act.dense1",
        "normed1.dense1",
        "named.norm",
        "named.act.dense1",
        "named.dense1",
        "chain.dense1",
        "chain.normed1.norm",
        "chain.normed1.dense1",
        "outer1.inner.norm",
        "outer1.inner.act.dense1",
        "outer1.inner.dense1",
        "twice1.stack.0.dense1",
        "twice1.stack.1.dense1",
        "dense2",
        "normed2.act.dense1",
        "normed2.dense1",
        "dense3",
    ];
    assert_eq!(layers(&sound(blocks, body)), expected);
}

/// A hyper of the file that is a layer is one layer, as a `let` of the file is.
#[test]
fn a_layer_of_a_hyper_has_its_name() {
    let checked = sound("hyper head = Dense(2)\n", "x |> Dense(2) |> head |> tanh |> head |> Dense(1) |> squeeze");
    assert_eq!(layers(&checked), ["dense1", "head", "dense2"]);
}

/// A name that a body gives a layer is not that of a layer which a default has made.
#[test]
fn a_layer_of_a_default_keeps_its_path_from_others() {
    let block = "block Own(a: Dense(2))(x: [D]) -> [2] { let a = LayerNorm\n x |> a }";
    let program = format!("{DATA}{block}\nmodel Net(x: [2]) {{ x |> Own |> Dense(1) |> squeeze }}{TRAIN}");
    assert_eq!(codes(&check(&program)), ["E0111"]);
}

#[test]
fn a_block_applied_twice_shares_its_weights() {
    let blocks = "block Two(x: [D]) -> [D] { x |> Dense(D) |> Dense(D) }";
    let checked = sound(blocks, "let two = Two\nx |> two |> two |> Dense(1) |> squeeze");
    assert_eq!(layers(&checked), ["two.dense1", "two.dense2", "dense1"]);
}

#[test]
fn training_and_evaluation_agree_on_paths_whatever_if_chooses() {
    let body = "let h = if training { x |> Dense(3) |> Dropout(0.5) } else { x |> Dense(3) }
                h |> Dense(1) |> squeeze";
    let checked = sound("", body);
    let paths = |states: &[nnrun::ir::graph::State]| states.iter().map(|s| s.path.to_string()).collect::<Vec<_>>();
    let train = &checked.program.trains[0];
    // Each graph takes its own branch; the layer behind it has one path in both.
    assert!(paths(&train.training.graph.states).contains(&"dense3.weight".to_owned()));
    assert!(paths(&train.evaluation.graph.states).contains(&"dense3.weight".to_owned()));
}

#[test]
fn a_weight_of_a_layer_is_its_field() {
    let body = "let first = Dense(2)
                let h = x |> first
                let tied = h @ transpose(first.weight)
                tied |> Dense(1) |> squeeze";
    assert_eq!(layers(&sound("", body)), ["first", "dense1"]);
}

#[test]
fn declared_weights_have_their_own_names_and_starts() {
    let blocks = "
block Affine(units)(x: [D]) -> [units] {
  weight w: [D, units] = normal(std: 0.02)
  weight b: [units]    = zeros
  constant two: [units] = 2
  x @ w * two + b
}";
    let checked = sound(blocks, "x |> Affine(3) |> Affine(1) |> squeeze");
    let expected = ["affine1.w [2, 3]", "affine1.b [3]", "affine2.w [3, 1]", "affine2.b [1]"];
    assert_eq!(weights(&checked), expected);
}

#[test]
fn two_layers_of_one_path_are_an_error() {
    let program = format!(
        "{DATA}\nmodel Net(x: [2]) {{\n let dense1 = Dense(2)\n x |> Dense(2) |> dense1 |> Dense(1) |> squeeze }}{TRAIN}"
    );
    assert_eq!(codes(&check(&program)), ["E0111"]);
}

#[test]
fn an_output_does_not_hide_a_function_of_its_name() {
    let program = format!(
        "{DATA}\nmodel Net(x: [2]) -> (mean: [2], output: float) {{\n (x |> Dense(2), mean(x |> Dense(2))) }}
train Net on d {{
  loss: mse(mean(mean), y) + 0.1 * mse(output, y)
  optimizer: SGD(lr: 0.1)
  epochs: 1
}}"
    );
    assert!(!check(&program).has_errors(), "{:#?}", check(&program).diagnostics);
}

#[test]
fn hypers_are_overridden_before_anything_derived_is_computed() {
    let program = "hyper width = 4\nhyper wide = 2 * width\nmodel Net(x: [2]) { x |> Dense(wide) }";
    let set = Overrides { set: vec![("width".into(), "8".into())], ..Overrides::default() };
    let checked = check_text(Path::new("test.nn"), program, &set);
    assert!(checked.diagnostics.is_empty());
    let values: Vec<_> = checked.program.hypers.iter().map(|(n, v)| (n.to_string(), v.clone())).collect();
    assert_eq!(values, [("width".into(), HyperValue::Number(8.0)), ("wide".into(), HyperValue::Number(16.0))]);
    let unknown = Overrides { set: vec![("wdth".into(), "8".into())], ..Overrides::default() };
    assert_eq!(codes(&check_text(Path::new("test.nn"), program, &unknown)), ["E0107"]);
}

#[test]
fn imports_bring_items_flat_by_name_or_under_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("deep.nn", "block Deep(x: [D]) -> [D] { x |> Dense(D) }");
    write(
        "lib.nn",
        "import \"deep.nn\"\nhyper width = 3\nblock Unit(x: [D]) -> [width] { x |> Deep |> Dense(width) }\n",
    );
    write(
        "net.nn",
        "import \"lib.nn\" as lib\nimport Unit from \"lib.nn\"\nmodel Net(x: [2]) { x |> lib.Unit |> Unit }",
    );
    write("passed.nn", "import \"lib.nn\"\nmodel Net(x: [2]) { x |> Deep }");
    write("circle.nn", "import \"circle2.nn\"\nmodel Net(x: [2]) { x |> Dense(2) }");
    write("circle2.nn", "import \"circle.nn\"");
    let check = |name: &str| check_file(&folder.path().join(name), &Overrides::default()).expect("readable");
    let net = check("net.nn");
    assert!(net.diagnostics.is_empty(), "{:#?}", net.diagnostics);
    let paths: Vec<_> = net.program.models[0].graph.states.iter().map(|s| s.path.to_string()).collect();
    assert_eq!(paths[0], "unit1.deep1.dense1.weight");
    assert_eq!(paths[4], "unit2.deep1.dense1.weight");
    // Nothing is passed on.
    assert_eq!(codes(&check("passed.nn")), ["E0101"]);
    assert_eq!(codes(&check("circle.nn")), ["E0105"]);
}

#[test]
fn a_model_trained_twice_is_one_model() {
    let program = format!("{DATA}\nmodel Net(x: [2]) {{ x |> Dense(1) |> squeeze }}\n{TRAIN}{TRAIN}");
    let checked = check(&program);
    assert!(!checked.has_errors());
    assert_eq!((checked.program.models.len(), checked.program.trains.len()), (1, 2));
}

#[test]
fn a_loss_that_no_weight_takes_part_in_is_an_error() {
    let program = format!(
        "{DATA}\nmodel Net(x: [2]) {{ x |> Dense(1) |> squeeze }}
train Net on d {{
  loss: mse(y, y)
  optimizer: SGD(lr: 0.1)
  epochs: 1
}}"
    );
    assert_eq!(codes(&check(&program)), ["E0613"]);
}

/// What is made in the body of a scan is made once, counts in the body around it, and what does not depend on the step
/// does not stand in the loop.
#[test]
fn a_scan_shares_its_layers_and_keeps_out_of_the_loop_what_it_can() {
    let body = "let rows = x |> Dense(6) |> reshape([3, 2])
                let hs = scan rows as xt, h = zeros([4]) {
                  let gate = concat([xt, h]) |> Dense(4) |> sigmoid
                  let input = xt |> Dense(4)
                  gate * h + (1 - gate) * tanh(input)
                }
                hs |> last |> Dense(1) |> squeeze";
    let checked = sound("", body);
    assert_eq!(layers(&checked), ["dense1", "dense2", "dense3", "dense4"]);
    let graph = &checked.program.trains[0].training.graph;
    let scans: Vec<_> = graph
        .nodes
        .iter()
        .filter_map(|n| match &n.op {
            nnrun::ir::op::Op::Scan(scan) => Some(scan),
            _ => None,
        })
        .collect();
    let [scan] = scans[..] else { panic!("one scan") };
    // The product of `xt` alone is taken for all steps at once.
    let products = scan.body.nodes.iter().filter(|n| matches!(n.op, nnrun::ir::op::Op::MatMul)).count();
    assert_eq!(products, 1);
    nnrun::ir::verify::verify(graph).expect("a sound graph");
}

/// A scan over something that is the same for all examples, with a body that is not; and one over weights alone.
#[test]
fn what_a_scan_walks_may_be_the_same_for_all_examples() {
    let body = "let hs = scan arange(3) as t, h = 0 { h + sum(x) * t }
                weight w: [3, 2] = ones
                let ws = scan w as row, s = zeros([2]) { s + row }
                last(hs) + sum(last(ws))";
    let checked = sound("", body);
    let graph = &checked.program.trains[0].training.graph;
    nnrun::ir::verify::verify(graph).expect("a sound graph");
}

#[test]
fn scans_nest_and_stand_in_blocks_residuals_and_repeats() {
    let blocks = "
block Sums(x: [T, D]) -> [T, D] {
  scan x as xt, s = zeros([D]) { s + xt }
}
block Grid(x: [H, W]) -> [H, W] {
  scan x as row, above = zeros([W]) {
    let along = scan row as cell, left = 0 { tanh(left + cell) }
    tanh(above + along)
  }
}
";
    let body = "let m = x |> Dense(6) |> reshape([2, 3])
                m |> residual { Sums } |> repeat 2 { Grid |> Sums } |> Flatten |> Dense(1) |> squeeze";
    let checked = sound(blocks, body);
    let graph = &checked.program.trains[0].training.graph;
    nnrun::ir::verify::verify(graph).expect("a sound graph");
}

/// The convolutional program of the contract. Its block is checked by itself, where no size is known, and in use.
#[test]
fn the_convolutional_program_of_the_contract_checks() {
    let text = std::fs::read_to_string(super::snapshot::repository("tests/programs/fashion.nn")).unwrap();
    let checked = check_text(Path::new("examples/fashion.nn"), &text, &Overrides::default());
    assert!(checked.diagnostics.is_empty(), "{:#?}", checked.diagnostics);
    assert_eq!(
        weights(&checked),
        [
            "conv_unit1.conv2d1.weight [32, 1, 3, 3]",
            "conv_unit1.conv2d1.bias [32]",
            "conv_unit2.conv2d1.weight [64, 32, 3, 3]",
            "conv_unit2.conv2d1.bias [64]",
            "dense1.weight [128, 3136]",
            "dense1.bias [128]",
            "dense2.weight [10, 128]",
            "dense2.bias [10]",
        ]
    );
}

/// Sizes of convolutions and pools as formulas of names: a promise that no size keeps is told, one that some do is not.
#[test]
fn blocks_of_windows_are_checked_by_themselves() {
    let block = |promise: &str, body: &str| {
        let mut told = codes(&check(&format!("block B(n)(x: [C, H, W]) -> {promise} {{ {body} }}")));
        // Not every promise says something of `n`.
        told.retain(|code| code.starts_with('E'));
        told
    };
    let none: [&str; 0] = [];
    assert_eq!(block("[n, H/2, W/2]", "x |> Conv2d(n, kernel: 3, padding: same) |> MaxPool2d(2)"), none);
    assert_eq!(block("[n, H - 2, W - 4]", "x |> Conv2d(n, kernel: [3, 5])"), none);
    assert_eq!(block("[n, (H + 1)/2, (W + 1)/2]", "x |> Conv2d(n, kernel: 3, stride: 2, padding: same)"), none);
    assert_eq!(block("[C, 2*H, 2*W]", "x |> ConvTranspose2d(C, kernel: 2, stride: 2)"), none);
    assert_eq!(block("[C, 2*H, 2*W]", "x |> Upsample(2)"), none);
    assert_eq!(
        block("[n]", "x |> Conv2d(n, kernel: 3, groups: C) |> GroupNorm(4) |> BatchNorm |> GlobalAvgPool"),
        none
    );
    assert_eq!(block("[n, H, W]", "x |> Conv2d(n, kernel: 3)"), ["E0331"]);
    assert_eq!(block("[C, n, n]", "x |> AdaptiveAvgPool2d(n)"), none);
}

#[test]
fn whole_numbers_beside_whole_numbers_are_whole() {
    let output = |program: &str| {
        let checked = check(program);
        assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
    };
    for (ty, body) in [
        ("int[3]", "arange(3) - 1"),
        ("int[3]", "2 * arange(3) + 1"),
        ("int[3]", "-arange(3)"),
        ("[3]", "arange(3) / 2"),
        ("[3]", "0.5 * arange(3)"),
    ] {
        output(&format!("model M(x: [4]) -> {ty} {{\n  {body}\n}}\n"));
    }
    output("model M(ids: class(5)) -> int {\n  ids + 1\n}\n");
    assert!(check("model M(x: [4]) -> int[3] {\n  arange(3) / 2\n}\n").has_errors());
}

#[test]
fn forms_may_stand_in_a_signature() {
    sound("block B(n: if true { 1 } else { 2 })(x: [D]) -> [D] {\n  x * n\n}\n", "  x |> B |> Dense(1) |> squeeze");
}

/// The words of types are words only where a type can stand.
#[test]
fn a_model_may_be_called_as_a_type() {
    for name in ["int", "float", "bool", "class"] {
        let checked = check(&format!("model {name}(x: [4]) -> logits: [2] {{\n  x |> Dense(2)\n}}\n"));
        assert!(!checked.has_errors(), "{name}\n{:#?}", checked.diagnostics);
    }
    assert_eq!(codes(&check("model Net(x: int(4)) -> y: [4] { x }\n")), ["E0019"]);
}

#[test]
fn a_kernel_beyond_all_numbers_is_a_mistake() {
    assert!(check("model Net(x: [3, 8, 8]) { x |> Conv2d(4, kernel: 9e17) }\n").has_errors());
}
