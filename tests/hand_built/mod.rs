//! Checked programs built by hand, for tests of training that are not about the checker.

use nnrun::build::{Builder, Kind, Role, StateScope, Tensor};
use nnrun::catalog::{ArgValue, Args, Body, Duration, EntryKind, MetricContext, find};
use nnrun::check::{
    Checked, Configured, DataBlock, Fact, Fit, Forward, Length, Metric, Model, Port, Program, Settings, Train,
};
use nnrun::data::{
    Cell, DataPlan, FieldExpr, FieldNode, FieldPlan, SourceSpec, Split, SplitSpec, TableExpr, TableNode, describe,
};
use nnrun::ir::dim::{Dim, batch};
use nnrun::ir::graph::InputKind;
use nnrun::source::{SourceMap, Span};
use nnrun::syntax::ast;
use std::sync::Arc;

/// Two noisy clouds of 90 points in three dimensions, standardized, with a class.
pub fn data(split: SplitSpec) -> DataPlan {
    let mut state: u64 = 7;
    let mut noise = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1u64 << 24) as f64 - 0.5
    };
    let mut rows = Vec::new();
    for i in 0..90 {
        let class = i % 3;
        let mut row: Vec<Cell> =
            (0..3).map(|axis| Cell::Number(noise() * 2.0 + if axis == class { 1.5 } else { 0.0 })).collect();
        row.push(Cell::Text(["ash", "birch", "cedar"][class].to_owned()));
        rows.push(row);
    }
    let columns = ["a", "b", "c", "tree"].map(str::to_owned).to_vec();
    let table =
        TableExpr { span: Span::default(), node: Arc::new(TableNode::Source(SourceSpec::Rows { columns, rows })) };
    let field = |node| FieldExpr::new(node, Span::default());
    let columns = |names: &[&str], scalar| {
        let names = names.iter().map(|n| n.to_string()).collect();
        field(FieldNode::Columns { table: table.clone(), names, scalar })
    };
    let plan = |name: &str, expr| FieldPlan { name: name.to_owned(), expr, span: Span::default() };
    DataPlan {
        fields: vec![
            plan("x", field(FieldNode::Standardize(columns(&["a", "b", "c"], false)))),
            plan("tree", field(FieldNode::Classes(columns(&["tree"], true), None))),
        ],
        split,
        split_span: Span::default(),
    }
}

pub fn thirds() -> SplitSpec {
    let shares = vec![(Split::Train, 0.6), (Split::Validation, 0.2), (Split::Test, 0.2)];
    SplitSpec::Random { shares, stratify: None, seed: 3 }
}

/// `name(key: value, …)` of the catalog; defaults must be given as well.
pub fn configured(kind: EntryKind, name: &str, args: &[(&'static str, ArgValue)]) -> Configured {
    let entry = find(name, &[kind]).unwrap_or_else(|| panic!("{name} is not in the catalog"));
    let mut all = Args::new();
    for (key, value) in args {
        all.set(key, value.clone(), Some(Span::default()));
    }
    Configured { entry, args: all, span: Span::default() }
}

/// `Dense(12) |> tanh |> Dense(3)` with cross entropy.
pub fn forward(training: bool) -> Forward {
    let mut b = Builder::new(training, false);
    let input = |b: &mut Builder, name: &str, shape: Vec<Dim>, kind: Kind| {
        let mut node_shape = vec![batch()];
        node_shape.extend(shape.clone());
        let (_, node) = b.graph.add_input(name, node_shape, InputKind::Field, Span::default());
        Tensor { node, shape, batched: true, kind, role: Role::Value, span: Span::default() }
    };
    let x = input(&mut b, "x", vec![Dim::constant(3)], Kind::Float);
    let tree = Kind::Class { count: Dim::constant(3), names: None };
    let target = input(&mut b, "tree", vec![], tree);
    let dense = |b: &mut Builder, path: &str, units: i64, x: &Tensor| {
        let Body::Layer { apply, .. } = find("Dense", &[EntryKind::Layer]).unwrap().body else { panic!() };
        let mut args = Args::new();
        args.set("units", ArgValue::Dim(Dim::constant(units)), None);
        args.set("bias", ArgValue::Bool(true), None);
        apply(b, &StateScope(path.into()), &args, std::slice::from_ref(x)).unwrap().remove(0)
    };
    let h = dense(&mut b, "dense1", 12, &x);
    let h = b.unary(nnrun::ir::op::Unary::Tanh, &h);
    let logits = dense(&mut b, "dense2", 3, &h);
    let Body::Loss { build, .. } = find("cross_entropy", &[EntryKind::Loss]).unwrap().body else { panic!() };
    let mut args = Args::new();
    args.set("logits", ArgValue::Tensor(logits.clone()), None);
    args.set("target", ArgValue::Tensor(target.clone()), None);
    args.set("label_smoothing", ArgValue::Number(0.0), None);
    args.set("axis", ArgValue::Axis(-1), None);
    let mut loss = build(&mut b, &args).unwrap().remove(0);
    let mut metrics = Vec::new();
    if training {
        loss = b.batch_mean(&loss, &[]).unwrap();
    } else {
        let entry = find("accuracy", &[EntryKind::Metric]).unwrap();
        let Body::Metric(definition) = &entry.body else { panic!() };
        let operands = (definition.build)(&mut b, &Args::new(), &logits, &target).unwrap();
        metrics.push(Metric {
            name: "accuracy".into(),
            entry,
            args: Args::new(),
            operands: operands.iter().map(|t| t.node).collect(),
            positions: None,
            target_field: Some("tree".into()),
            context: MetricContext { classes: None, class_count: 3, units: Vec::new() },
            span: Span::default(),
        });
    }
    let port = Port {
        name: "logits".into(),
        kind: logits.kind.clone(),
        shape: logits.shape.clone(),
        role: logits.role,
        node: logits.node,
        span: Span::default(),
    };
    Forward {
        blocks: Vec::new(),
        loss: loss.node,
        graph: b.graph.into(),
        terms: Vec::new(),
        outputs: vec![port],
        metrics,
        normalizers: b.normalizers,
        class_weights: None,
    }
}

pub fn adam(lr: f64) -> Configured {
    configured(
        EntryKind::Optimizer,
        "Adam",
        &[
            ("lr", ArgValue::Number(lr)),
            ("betas", ArgValue::Numbers(vec![0.9, 0.999])),
            ("eps", ArgValue::Number(1e-8)),
            ("weight_decay", ArgValue::Number(0.0)),
        ],
    )
}

pub fn settings() -> Settings {
    Settings {
        recompute: false,
        groups: Vec::new(),
        ema: None,
        accumulate: None,
        optimizer: adam(0.02),
        schedule: Vec::new(),
        length: Length::Epochs(12),
        batch: 16,
        shuffle: true,
        drop_last: false,
        seed: 5,
        clip: None,
        frozen: Vec::new(),
        validate: Duration::Epochs(1.0),
        stop: None,
        keep: None,
        load: None,
        augment: Vec::new(),
    }
}

/// A file with these trains of the one model.
pub fn checked(split: SplitSpec, trains: Vec<Settings>, facts: Vec<Fact>) -> Checked {
    let mut sources = SourceMap::new();
    let file = sources.add("trees.nn", "# built by hand\n");
    let plan = data(split);
    let (description, errors) = describe(&plan);
    assert!(errors.is_empty(), "{errors:?}");
    let evaluation = forward(false);
    let model = Model {
        name: "Trees".into(),
        span: Span::default(),
        inputs: Vec::new(),
        outputs: evaluation.outputs.clone(),
        regions: Vec::new(),
        layers: Vec::new(),
        graph: evaluation.graph,
        is_bound: true,
        longest: Vec::new(),
    };
    let train = |settings| Train {
        phase: None,
        name: "Trees".into(),
        model: 0,
        data: 0,
        span: Span::default(),
        training: forward(true),
        evaluation: forward(false),
        layers: Vec::new(),
        longest: Vec::new(),
        limits: Vec::new(),
        fits: vec![Fit {
            output: "logits".into(),
            loss: find("cross_entropy", &[EntryKind::Loss]).unwrap(),
            target_field: Some("tree".into()),
        }],
        settings,
    };
    let program = Program {
        models: vec![model],
        data: vec![DataBlock { name: "trees".into(), plan, description, split_is_known: true, span: Span::default() }],
        trains: trains.into_iter().map(train).collect(),
        facts,
        ..Program::default()
    };
    Checked {
        sources,
        file,
        ast: ast::File { items: Vec::new(), repaired: Vec::new(), qualified: Vec::new(), span: Span::default() }.into(),
        program,
        diagnostics: Vec::new(),
        files: Vec::new(),
    }
}
