//! Metrics of numbers: `mae`, `rmse`, `r2`, in the target's own units.

use super::share;
use crate::build::{Builder, Problem, Tensor};
use crate::catalog::demands::numbers;
use crate::catalog::{
    Accumulator, Args, Body, Entry, Example, MetricContext, MetricDefinition, MetricValue, Param, ParamType, Task,
};

/// All of them.
pub static ALL: &[&Entry] = &[&MAE, &RMSE, &R2];

const PARAMS: &[Param] = &[
    Param::required("prediction", ParamType::Tensor, "what the model says"),
    Param::required("target", ParamType::Tensor, "what is right"),
];

const SHAPES: &[&str] = &["[..], [..]"];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[("x", "[3]"), ("y", "[3]")], code, output: "" }
}

/// `sklearn.metrics.mean_absolute_error`.
pub static MAE: Entry = Entry {
    name: "mae",
    summary: "The mean absolute error, in the target's own units.",
    formula: "mean(|prediction - target|)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("mae(x, y)"),
    source: "sklearn.metrics.mean_absolute_error",
    elsewhere: &[("MeanAbsoluteError", "Keras"), ("mean_absolute_error", "scikit-learn")],
    body: Body::Metric(MetricDefinition {
        build: operands,
        start: |_, context| Errors::start(context, Power::Absolute),
        higher_is_better: false,
        is_share: false,
        task: Task::Regression,
    }),
};

/// `sklearn.metrics.root_mean_squared_error`.
pub static RMSE: Entry = Entry {
    name: "rmse",
    summary: "The root of the mean squared error, in the target's own units.",
    formula: "sqrt(mean((prediction - target)^2))",
    params: PARAMS,
    shapes: SHAPES,
    example: example("rmse(x, y)"),
    source: "sklearn.metrics.root_mean_squared_error",
    elsewhere: &[("RootMeanSquaredError", "Keras"), ("root_mean_squared_error", "scikit-learn")],
    body: Body::Metric(MetricDefinition {
        build: operands,
        start: |_, context| Errors::start(context, Power::Square),
        higher_is_better: false,
        is_share: false,
        task: Task::Regression,
    }),
};

/// `sklearn.metrics.r2_score`.
pub static R2: Entry = Entry {
    name: "r2",
    summary: "The share of the target's variance that the model explains; several outputs count alike.",
    formula: "1 - sum((prediction - target)^2) / sum((target - mean(target))^2)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("r2(x, y)"),
    source: "sklearn.metrics.r2_score",
    elsewhere: &[("R2Score", "Keras"), ("r2_score", "scikit-learn"), ("r_squared", "statistics")],
    body: Body::Metric(MetricDefinition {
        build: operands,
        start: |_, _| Box::new(Explained::default()),
        higher_is_better: true,
        is_share: false,
        task: Task::Regression,
    }),
};

fn operands(b: &mut Builder, _: &Args, prediction: &Tensor, target: &Tensor) -> Result<Vec<Tensor>, Problem> {
    numbers(0, prediction)?;
    numbers(1, target)?;
    if !b.shapes_fit(&prediction.shape, &target.shape) {
        return Err(Problem::LossShapes { left: prediction.shape.clone(), right: target.shape.clone() });
    }
    Ok(vec![prediction.clone(), target.clone()])
}

enum Power {
    Absolute,
    Square,
}

/// Adds up powers of the errors.
struct Errors {
    /// What an error is multiplied by to be in the target's own units, one factor a number of an example.
    scales: Vec<f64>,
    power: Power,
    sum: f64,
    count: u64,
}

impl Errors {
    fn start(context: &MetricContext, power: Power) -> Box<dyn Accumulator> {
        // The offset goes in a difference.
        let scales = context.units.iter().map(|(scale, _)| *scale).collect();
        Box::new(Errors { scales, power, sum: 0.0, count: 0 })
    }
}

impl Accumulator for Errors {
    fn add(&mut self, _examples: usize, operands: &[&[f32]]) {
        let [prediction, target] = operands else { return };
        for (i, (p, t)) in prediction.iter().zip(*target).enumerate() {
            let scale = match self.scales.len() {
                0 => 1.0,
                n => self.scales.get(i % n).copied().unwrap_or(1.0),
            };
            let error = (f64::from(*p) - f64::from(*t)) * scale;
            self.sum += match self.power {
                Power::Absolute => error.abs(),
                Power::Square => error * error,
            };
            self.count += 1;
        }
    }

    fn finish(&self) -> MetricValue {
        let mean = share(self.sum, self.count as f64);
        MetricValue::Number(match self.power {
            Power::Absolute => mean,
            Power::Square => mean.sqrt(),
        })
    }
}

/// What r2 needs of one number of the examples. Own units would change nothing: they scale both sums alike.
#[derive(Debug, Clone, Default)]
struct Spread {
    residual: f64,
    mean: f64,
    /// Σ (target - mean)², by Welford's method: the plain Σ t² - n mean² loses every digit for years or prices.
    total: f64,
}

#[derive(Default)]
struct Explained {
    spreads: Vec<Spread>,
    examples: u64,
}

impl Accumulator for Explained {
    fn add(&mut self, examples: usize, operands: &[&[f32]]) {
        let [prediction, target] = operands else { return };
        let width = target.len().checked_div(examples).unwrap_or(0);
        if width == 0 {
            return;
        }
        self.spreads.resize(width, Spread::default());
        for (row_p, row_t) in prediction.chunks_exact(width).zip(target.chunks_exact(width)) {
            self.examples += 1;
            for ((p, t), spread) in row_p.iter().zip(row_t).zip(&mut self.spreads) {
                let (p, t) = (f64::from(*p), f64::from(*t));
                spread.residual += (p - t) * (p - t);
                let from_old_mean = t - spread.mean;
                spread.mean += from_old_mean / self.examples as f64;
                spread.total += from_old_mean * (t - spread.mean);
            }
        }
    }

    fn finish(&self) -> MetricValue {
        // A constant target has no variance to explain: 1 where it is hit exactly, else 0, as scikit-learn says.
        let scores = self.spreads.iter().map(|s| match (s.total == 0.0, s.residual == 0.0) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            (false, _) => 1.0 - s.residual / s.total,
        });
        MetricValue::Number(share(scores.sum(), self.spreads.len() as f64))
    }
}
