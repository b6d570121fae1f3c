//! Schedules that rise and fall: `cyclic`, `one_cycle`.

use super::{OVER, example, over};
use crate::catalog::entry::{Bounds, Param, ParamType};
use crate::catalog::{Args, Body, Entry, Moment, Rate};

const PEAK: Param = Param::required("peak", ParamType::Number(Bounds::NOT_NEGATIVE), "the highest rate");

/// `torch.optim.lr_scheduler.CyclicLR`; Smith 2015. A `factor` of 0.5 is its `triangular2`.
pub static CYCLIC: Entry = Entry {
    name: "cyclic",
    summary: "The rate rises from lr to a peak and falls back in straight lines, again and again.",
    formula: "c = floor(k / (up + down)), the cycle; x its share on the way up, then down; \
              lr + (peak - lr) * factor^c * x",
    params: &[
        PEAK,
        Param::optional("up", ParamType::Duration, "2000 steps", "how long it rises"),
        Param::optional("down", ParamType::Duration, "none", "how long it falls; left out, as long as it rises"),
        Param::optional(
            "factor",
            ParamType::Number(Bounds::POSITIVE),
            "1",
            "what the height above lr is multiplied by after each cycle",
        ),
        OVER,
    ],
    shapes: &[],
    example: example("cyclic(peak: 0.1, up: 200 steps)"),
    source: "torch.optim.lr_scheduler.CyclicLR, with lr as its base_lr",
    elsewhere: &[("CyclicLR", "PyTorch"), ("CyclicalLearningRate", "TensorFlow"), ("triangular", "PyTorch")],
    body: Body::Schedule(Rate { rate: cyclic, length: over, watch: None }),
};

/// `torch.optim.lr_scheduler.OneCycleLR`; Smith and Topin 2017.
pub static ONE_CYCLE: Entry = Entry {
    name: "one_cycle",
    summary: "The rate rises from lr to a peak along half a cosine, then falls to almost nothing along another.",
    formula: "u = rise * n - 1 steps up and n - 1 - u down; from a to b in m steps: b + (a - b) * (1 + cos(π * j / m)) / 2",
    params: &[
        PEAK,
        Param::optional("rise", ParamType::Number(Bounds::UNIT), "0.3", "the share of the steps in which it rises"),
        Param::optional(
            "to",
            ParamType::Number(Bounds::NOT_NEGATIVE),
            "none",
            "the rate at the end; left out, lr / 10000",
        ),
        OVER,
    ],
    shapes: &[],
    example: example("one_cycle(peak: 0.1)"),
    source: "torch.optim.lr_scheduler.OneCycleLR, with lr as its max_lr / div_factor",
    elsewhere: &[("OneCycleLR", "PyTorch"), ("cosine_onecycle_schedule", "JAX"), ("fit_one_cycle", "fastai")],
    body: Body::Schedule(Rate { rate: one_cycle, length: over, watch: None }),
};

fn cyclic(args: &Args, at: &Moment) -> f64 {
    let steps = |name: &str| args.duration(name).map(|d| d.steps(at.steps_per_epoch).max(1));
    let up = steps("up").unwrap_or(2000);
    let cycle = up + steps("down").unwrap_or(up);
    let (turn, within) = (at.step / cycle, at.step % cycle);
    let height = if within <= up { within as f64 / up as f64 } else { (cycle - within) as f64 / (cycle - up) as f64 };
    let factor = args.optional_number("factor").unwrap_or(1.0).powf(turn as f64);
    at.lr + (args.number("peak") - at.lr) * factor * height
}

fn one_cycle(args: &Args, at: &Moment) -> f64 {
    let peak = args.number("peak");
    let end = args.optional_number("to").unwrap_or(at.lr / 1e4);
    let k = at.step as f64;
    let last = at.steps as f64 - 1.0;
    let top = args.optional_number("rise").unwrap_or(0.3) * at.steps as f64 - 1.0;
    if k <= top && top > 0.0 {
        along_cosine(at.lr, peak, k / top)
    } else if last > top {
        along_cosine(peak, end, ((k - top.max(0.0)) / (last - top.max(0.0))).clamp(0.0, 1.0))
    } else {
        peak
    }
}

fn along_cosine(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
}
