//! Losses of numbers against numbers: `mse`, `mae`, `huber`.

use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::numbers;
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType, Task};
use crate::ir::op::{Binary, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[&MSE, &MAE, &HUBER];

const PREDICTION: Param = Param::required("prediction", ParamType::Tensor, "what the model says");
const TARGET: Param = Param::required("target", ParamType::Tensor, "what is right");
const SHAPES: &[&str] = &["[..], [..] -> float"];

/// `torch.nn.functional.mse_loss`.
pub static MSE: Entry = Entry {
    name: "mse",
    summary: "The mean squared error.",
    formula: "(prediction - target)^2, averaged over all positions",
    params: &[PREDICTION, TARGET],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[3]"), ("y", "[3]")], code: "mse(x, y)", output: "float" },
    source: "torch.nn.MSELoss",
    elsewhere: &[
        ("MSELoss", "PyTorch"),
        ("mse_loss", "PyTorch"),
        ("MeanSquaredError", "Keras"),
        ("mean_squared_error", "Keras"),
        ("L2Loss", "MXNet"),
    ],
    body: Body::Loss {
        build: |b, args| {
            let error = error(b, args)?;
            let square = b.unary(Unary::Square, &error);
            super::mean_of_positions(b, &square)
        },
        operands: ("prediction", "target"),
        task: Task::Regression,
    },
};

/// `torch.nn.functional.l1_loss`.
pub static MAE: Entry = Entry {
    name: "mae",
    summary: "The mean absolute error.",
    formula: "|prediction - target|, averaged over all positions",
    params: &[PREDICTION, TARGET],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[3]"), ("y", "[3]")], code: "mae(x, y)", output: "float" },
    source: "torch.nn.L1Loss",
    elsewhere: &[
        ("L1Loss", "PyTorch"),
        ("l1_loss", "PyTorch"),
        ("MeanAbsoluteError", "Keras"),
        ("mean_absolute_error", "Keras"),
    ],
    body: Body::Loss {
        build: |b, args| {
            let error = error(b, args)?;
            let distance = b.unary(Unary::Absolute, &error);
            super::mean_of_positions(b, &distance)
        },
        operands: ("prediction", "target"),
        task: Task::Regression,
    },
};

/// `torch.nn.functional.huber_loss`; Huber 1964.
pub static HUBER: Entry = Entry {
    name: "huber",
    summary: "Squared for small errors, absolute for large ones: outliers pull less.",
    formula: "e = |prediction - target|; e^2 / 2 where e < delta, else delta * (e - delta / 2); averaged over all positions",
    params: &[
        PREDICTION,
        TARGET,
        Param::optional("delta", ParamType::Number(Bounds::POSITIVE), "1", "the error from which on it is linear"),
    ],
    shapes: SHAPES,
    example: Example { inputs: &[("x", "[3]"), ("y", "[3]")], code: "huber(x, y, delta: 0.5)", output: "float" },
    source: "torch.nn.HuberLoss",
    elsewhere: &[
        ("HuberLoss", "PyTorch"),
        ("huber_loss", "PyTorch"),
        ("Huber", "Keras"),
        ("SmoothL1Loss", "PyTorch"),
        ("smooth_l1_loss", "PyTorch"),
    ],
    body: Body::Loss {
        build: |b, args| {
            let error = error(b, args)?;
            let delta = args.number("delta");
            let distance = b.unary(Unary::Absolute, &error);
            let bound = b.constant(delta);
            let small = b.binary(Binary::Less, &distance, &bound)?;
            let square = b.unary(Unary::Square, &error);
            let parabola = b.scale(&square, 0.5);
            let above = b.offset(&distance, -0.5 * delta);
            let line = b.scale(&above, delta);
            let loss = b.select(&small, &parabola, &line)?;
            super::mean_of_positions(b, &loss)
        },
        operands: ("prediction", "target"),
        task: Task::Regression,
    },
};

fn error(b: &mut Builder, args: &Args) -> Result<Tensor, Problem> {
    let (x, y) = (args.operand("prediction")?, args.operand("target")?);
    numbers(0, x)?;
    numbers(1, y)?;
    super::same_shapes(b, x, y)?;
    b.subtract(x, y)
}
