//! Schedules: the learning rate as a function of the step.
//!
//! LANGUAGE.md's formulas, with k the step within the part from 0 and n the part's number of steps.

mod cycles;
mod plateau;

pub use cycles::{CYCLIC, ONE_CYCLE};
pub use plateau::PLATEAU;

use super::entry::{Bounds, Param, ParamType};
use super::{Args, Body, Duration, Entry, Example, Moment, Rate};

/// All of them.
pub static ALL: &[&Entry] = &[
    &CONSTANT,
    &STEP,
    &MULTISTEP,
    &EXPONENTIAL,
    &LINEAR,
    &POLYNOMIAL,
    &COSINE,
    &INVERSE_SQRT,
    &CYCLIC,
    &ONE_CYCLE,
    &PLATEAU,
    &WARMUP,
];

const OVER: Param = Param::optional(
    "over",
    ParamType::Duration,
    "none",
    "how long it lasts; needed in front of `then`, otherwise it fills what is left",
);
const TO: Param = Param::optional("to", ParamType::Number(Bounds::NOT_NEGATIVE), "0", "the rate at the end");
/// A bare number counts epochs, as in torch.
const EVERY: ParamType = ParamType::OneOf(&[ParamType::Duration, ParamType::Whole { min: 1, max: 1 << 40 }]);

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "" }
}

fn over(args: &Args) -> Option<Duration> {
    args.duration("over")
}

/// The share of the part that is over: k / n.
fn progress(at: &Moment) -> f64 {
    if at.steps == 0 { 1.0 } else { at.step as f64 / at.steps as f64 }
}

/// How often `every` has passed.
fn passed(args: &Args, at: &Moment) -> f64 {
    let every = args.duration("every").unwrap_or(Duration::Epochs(args.optional_number("every").unwrap_or(1.0)));
    (at.step / every.steps(at.steps_per_epoch).max(1)) as f64
}

/// `torch.optim.lr_scheduler.ConstantLR` with factor 1.
pub static CONSTANT: Entry = Entry {
    name: "constant",
    summary: "The learning rate stays as it is.",
    formula: "lr",
    params: &[OVER],
    shapes: &[],
    example: example("constant"),
    source: "no scheduler in torch.optim",
    elsewhere: &[("ConstantLR", "PyTorch")],
    body: Body::Schedule(Rate { rate: |_, at| at.lr, length: over, watch: None }),
};

/// `torch.optim.lr_scheduler.StepLR`.
pub static STEP: Entry = Entry {
    name: "step",
    summary: "Multiplies the rate by a factor every few epochs.",
    formula: "lr * factor^floor(k / every)",
    params: &[
        Param::required("every", EVERY, "how long the rate stays, in epochs unless it says steps"),
        Param::optional("factor", ParamType::Number(Bounds::POSITIVE), "0.1", "what it is multiplied by"),
        OVER,
    ],
    shapes: &[],
    example: example("step(every: 10 epochs, factor: 0.5)"),
    source: "torch.optim.lr_scheduler.StepLR",
    elsewhere: &[("StepLR", "PyTorch"), ("step_lr", "PyTorch")],
    body: Body::Schedule(Rate {
        rate: |args, at| at.lr * args.number("factor").powf(passed(args, at)),
        length: over,
        watch: None,
    }),
};

/// `torch.optim.lr_scheduler.MultiStepLR`.
pub static MULTISTEP: Entry = Entry {
    name: "multistep",
    summary: "Multiplies the rate by a factor at each of several epochs.",
    formula: "lr * factor^(how many milestones have passed)",
    params: &[
        Param::required("milestones", ParamType::Numbers, "after how many epochs (or steps) the rate changes"),
        Param::optional("factor", ParamType::Number(Bounds::POSITIVE), "0.1", "what it is multiplied by"),
        Param::optional("unit", ParamType::Choice(&["epochs", "steps"]), "epochs", "what the milestones count"),
        OVER,
    ],
    shapes: &[],
    example: example("multistep([30, 80], factor: 0.1)"),
    source: "torch.optim.lr_scheduler.MultiStepLR",
    elsewhere: &[
        ("MultiStepLR", "PyTorch"),
        ("PiecewiseConstantDecay", "Keras"),
        ("piecewise_constant_schedule", "JAX"),
    ],
    body: Body::Schedule(Rate {
        rate: |args, at| {
            let unit = if args.choice("unit") == "steps" { Duration::Steps } else { Duration::Epochs };
            let milestones = args.numbers("milestones").unwrap_or_default().iter();
            let passed = milestones.filter(|m| at.step >= unit(**m).steps(at.steps_per_epoch)).count();
            at.lr * args.number("factor").powf(passed as f64)
        },
        length: over,
        watch: None,
    }),
};

/// `torch.optim.lr_scheduler.ExponentialLR`.
pub static EXPONENTIAL: Entry = Entry {
    name: "exponential",
    summary: "Multiplies the rate by a factor after every epoch.",
    formula: "lr * factor^floor(k / every)",
    params: &[
        Param::required("factor", ParamType::Number(Bounds::POSITIVE), "what it is multiplied by"),
        Param::optional("every", EVERY, "1 epochs", "how often, in epochs unless it says steps"),
        OVER,
    ],
    shapes: &[],
    example: example("exponential(0.95)"),
    source: "torch.optim.lr_scheduler.ExponentialLR",
    elsewhere: &[("ExponentialLR", "PyTorch"), ("ExponentialDecay", "Keras"), ("exponential_decay", "JAX")],
    body: Body::Schedule(Rate {
        rate: |args, at| at.lr * args.number("factor").powf(passed(args, at)),
        length: over,
        watch: None,
    }),
};

/// `torch.optim.lr_scheduler.LinearLR`.
pub static LINEAR: Entry = Entry {
    name: "linear",
    summary: "The rate moves to another one in a straight line.",
    formula: "lr + (to - lr) * k / n",
    params: &[TO, OVER],
    shapes: &[],
    example: example("linear(to: 1e-5)"),
    source: "torch.optim.lr_scheduler.LinearLR",
    elsewhere: &[("LinearLR", "PyTorch"), ("linear_schedule", "JAX"), ("PolynomialDecay", "Keras")],
    body: Body::Schedule(Rate {
        rate: |args, at| at.lr + (args.number("to") - at.lr) * progress(at),
        length: over,
        watch: None,
    }),
};

/// `torch.optim.lr_scheduler.PolynomialLR`, which ends at 0 only.
pub static POLYNOMIAL: Entry = Entry {
    name: "polynomial",
    summary: "The rate moves to another one along a power of what is left.",
    formula: "to + (lr - to) * (1 - k / n)^power",
    params: &[
        Param::optional(
            "power",
            ParamType::Number(Bounds::POSITIVE),
            "1",
            "1 is a straight line; more falls fast first, less falls fast last",
        ),
        TO,
        OVER,
    ],
    shapes: &[],
    example: example("polynomial(power: 2, to: 1e-5)"),
    source: "torch.optim.lr_scheduler.PolynomialLR, with another end than 0",
    elsewhere: &[("PolynomialLR", "PyTorch"), ("polynomial_schedule", "JAX"), ("poly", "Caffe")],
    body: Body::Schedule(Rate {
        rate: |args, at| {
            let to = args.number("to");
            let left = (1.0 - progress(at)).max(0.0);
            to + (at.lr - to) * left.powf(args.optional_number("power").unwrap_or(1.0))
        },
        length: over,
        watch: None,
    }),
};

/// Vaswani et al. 2017, as fairseq writes it; torch has none.
pub static INVERSE_SQRT: Entry = Entry {
    name: "inverse_sqrt",
    summary: "The rate rises to lr in a straight line, then falls with the root of the step.",
    formula: "lr * (k + 1) / warmup for the first steps, then lr * sqrt(warmup / (k + 1))",
    params: &[
        Param::optional("warmup", ParamType::Duration, "1 steps", "how long it rises; from there on it falls"),
        OVER,
    ],
    shapes: &[],
    example: example("inverse_sqrt(warmup: 400 steps)"),
    source: "Vaswani et al. 2017, Attention Is All You Need; no scheduler in torch.optim",
    elsewhere: &[("noam", "Transformer"), ("NoamLR", "AllenNLP"), ("rsqrt", "JAX")],
    body: Body::Schedule(Rate {
        rate: |args, at| {
            let warmup = args.duration("warmup").map_or(1, |d| d.steps(at.steps_per_epoch).max(1)) as f64;
            let k = (at.step + 1) as f64;
            at.lr * (k / warmup).min((warmup / k).sqrt())
        },
        length: over,
        watch: None,
    }),
};

/// `torch.optim.lr_scheduler.CosineAnnealingLR`; Loshchilov and Hutter 2016.
pub static COSINE: Entry = Entry {
    name: "cosine",
    summary: "The rate falls to another one along half a cosine: slowly, fast, slowly.",
    formula: "to + (lr - to) * (1 + cos(π * k / n)) / 2",
    params: &[TO, OVER],
    shapes: &[],
    example: example("cosine(to: 1e-5)"),
    source: "torch.optim.lr_scheduler.CosineAnnealingLR",
    elsewhere: &[
        ("CosineAnnealingLR", "PyTorch"),
        ("CosineDecay", "Keras"),
        ("cosine_decay", "JAX"),
        ("cosine_annealing", "PyTorch"),
    ],
    body: Body::Schedule(Rate {
        rate: |args, at| {
            let to = args.number("to");
            to + (at.lr - to) * (1.0 + (std::f64::consts::PI * progress(at)).cos()) / 2.0
        },
        length: over,
        watch: None,
    }),
};

/// A linear rise at the start; Goyal et al. 2017.
pub static WARMUP: Entry = Entry {
    name: "warmup",
    summary: "The rate rises to lr in a straight line; another schedule follows with `then`.",
    formula: "from + (lr - from) * (k + 1) / n",
    params: &[
        Param::required("duration", ParamType::Duration, "how long it takes"),
        Param::optional("from", ParamType::Number(Bounds::NOT_NEGATIVE), "0", "the rate before the first step"),
    ],
    shapes: &[],
    example: example("warmup(100 steps) then cosine(to: 1e-4)"),
    source: "Goyal et al. 2017, Accurate, Large Minibatch SGD",
    elsewhere: &[("WarmupLR", "DeepSpeed"), ("linear_warmup", "JAX")],
    body: Body::Schedule(Rate {
        rate: |args, at| {
            let from = args.number("from");
            let share = if at.steps == 0 { 1.0 } else { (at.step + 1) as f64 / at.steps as f64 };
            from + (at.lr - from) * share
        },
        length: |args| args.duration("duration"),
        watch: None,
    }),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ArgValue;

    fn rate(entry: &Entry, set: &[(&'static str, ArgValue)], step: u64, steps: u64) -> f64 {
        let mut args = Args::new();
        for (name, value) in set {
            args.set(name, value.clone(), None);
        }
        let Body::Schedule(schedule) = entry.body else { panic!("{} is no schedule", entry.name) };
        (schedule.rate)(&args, &Moment { step, steps, steps_per_epoch: 10, lr: 1.0, stalls: 0 })
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} against {b}");
    }

    #[test]
    fn the_formulas_of_the_language() {
        let number = ArgValue::Number;
        let to = |n| [("to", number(n))];
        close(rate(&COSINE, &to(0.2), 0, 8), 1.0);
        close(rate(&COSINE, &to(0.2), 4, 8), 0.6);
        close(rate(&COSINE, &to(0.2), 2, 8), 0.2 + 0.8 * (1.0 + (std::f64::consts::PI / 4.0).cos()) / 2.0);
        close(rate(&LINEAR, &to(0.2), 2, 8), 0.8);
        close(rate(&LINEAR, &to(3.0), 4, 8), 2.0);
        close(rate(&WARMUP, &[("from", number(0.0))], 0, 5), 0.2);
        close(rate(&WARMUP, &[("from", number(0.5))], 4, 5), 1.0);
        close(rate(&CONSTANT, &[], 7, 8), 1.0);
    }

    #[test]
    fn step_and_exponential_count_epochs_unless_given_steps() {
        let factor = ("factor", ArgValue::Number(0.5));
        let every = |d| [("every", d), factor.clone()];
        for whole in [ArgValue::Number(2.0), ArgValue::Duration(Duration::Epochs(2.0))] {
            close(rate(&STEP, &every(whole.clone()), 19, 100), 1.0);
            close(rate(&STEP, &every(whole.clone()), 20, 100), 0.5);
            close(rate(&STEP, &every(whole), 59, 100), 0.25);
        }
        close(rate(&STEP, &every(ArgValue::Duration(Duration::Steps(3.0))), 7, 100), 0.25);
        close(rate(&EXPONENTIAL, &every(ArgValue::Duration(Duration::Epochs(1.0))), 35, 100), 0.125);
        close(rate(&EXPONENTIAL, &every(ArgValue::Duration(Duration::Steps(1.0))), 2, 100), 0.25);
    }

    #[test]
    fn the_inverse_root_is_lr_where_the_warmup_ends() {
        let args = [("warmup", ArgValue::Duration(Duration::Steps(4.0)))];
        for (step, wanted) in [(0, 0.25), (1, 0.5), (3, 1.0), (15, 0.5), (63, 0.25)] {
            close(rate(&INVERSE_SQRT, &args, step, 100), wanted);
        }
        close(rate(&INVERSE_SQRT, &[], 3, 100), 0.5);
    }

    #[test]
    fn parts_without_steps_do_not_divide_by_zero() {
        for entry in ALL {
            assert!(rate(entry, &[], 0, 0).is_finite(), "{}", entry.name);
        }
    }
}
