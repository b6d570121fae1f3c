//! Metrics of how the classes are ranked: `top_k`, `auroc`, `pr_auc`, and `perplexity`, of how probable the right one is.

use super::classification::{AXIS, IGNORE, PREDICTION, SHAPES, TARGET, example, ignored};
use super::labels::{Scored, scores};
use super::share;
use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::{Accumulator, Args, Body, Entry, MetricDefinition, MetricValue, Param, ParamType, Task};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// All of them.
pub static ALL: &[&Entry] = &[&TOP_K, &AUROC, &PR_AUC, &PERPLEXITY];

/// The share of positions whose right class is among the k most probable.
pub static TOP_K: Entry = Entry {
    name: "top_k",
    summary: "The share of positions for which the right class is among the k that the model holds most probable.",
    formula: "count(target in the k largest of the prediction) / count(target); of equals the first counts as larger",
    params: &[
        PREDICTION,
        TARGET,
        Param::required("k", ParamType::Whole { min: 1, max: 1 << 40 }, "how many guesses the model has"),
        AXIS,
        IGNORE,
    ],
    shapes: &["[.., C], class(C)[..]"],
    example: example("top_k(logits, y, 2)"),
    source: "sklearn.metrics.top_k_accuracy_score",
    elsewhere: &[
        ("TopKCategoricalAccuracy", "Keras"),
        ("SparseTopKCategoricalAccuracy", "Keras"),
        ("top_k_accuracy_score", "scikit-learn"),
    ],
    body: Body::Metric(MetricDefinition {
        build: is_among_the_first,
        start: |args, _| Box::new(Mean { ignored: ignored(args), of: |x| x, sum: 0.0, count: 0 }),
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// The area under the receiver operating characteristic; macro over one class against the rest.
pub static AUROC: Entry = Entry {
    name: "auroc",
    summary: "How probable it is that the model scores a positive above a negative; the mean over each class against \
              the rest, or of class 1 of two. 0.5 is chance, also where only one class is there.",
    formula: "(count(positive scored above negative) + count(scored equally) / 2) / count(pairs)",
    params: &[PREDICTION, TARGET, AXIS, IGNORE],
    shapes: SHAPES,
    example: example("auroc(logits, y)"),
    source: "sklearn.metrics.roc_auc_score(multi_class=\"ovr\")",
    elsewhere: &[
        ("AUC", "Keras"),
        ("roc_auc_score", "scikit-learn"),
        ("AUROC", "TorchMetrics"),
        ("roc_auc", "scikit-learn"),
    ],
    body: Body::Metric(MetricDefinition {
        build: ranked,
        start: |args, _| {
            Box::new(Ranked { ignored: ignored(args), area: area_under_roc, otherwise: 0.5, ..Ranked::EMPTY })
        },
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// Average precision, the area under the steps of precision over recall; macro over one class against the rest.
pub static PR_AUC: Entry = Entry {
    name: "pr_auc",
    summary: "The average precision: the area under precision over recall, in steps; the mean over each class against \
              the rest, or of class 1 of two.",
    formula: "sum over thresholds of (recall[n] - recall[n-1]) * precision[n]",
    params: &[PREDICTION, TARGET, AXIS, IGNORE],
    shapes: SHAPES,
    example: example("pr_auc(logits, y)"),
    source: "sklearn.metrics.average_precision_score",
    elsewhere: &[
        ("average_precision_score", "scikit-learn"),
        ("AveragePrecision", "TorchMetrics"),
        ("average_precision", "scikit-learn"),
    ],
    body: Body::Metric(MetricDefinition {
        build: ranked,
        start: |args, _| {
            Box::new(Ranked { ignored: ignored(args), area: average_precision, otherwise: 0.0, ..Ranked::EMPTY })
        },
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// `exp` of the mean negative log-likelihood.
pub static PERPLEXITY: Entry = Entry {
    name: "perplexity",
    summary: "Among how many equally probable classes the model, on average, still hesitates: e to the cross-entropy of \
              the whole split.",
    formula: "exp(mean(-log(probability of the target)))",
    params: &[PREDICTION, TARGET, AXIS, IGNORE],
    shapes: &["[.., C], class(C)[..]"],
    example: example("perplexity(logits, y)"),
    source: "Jelinek et al. 1977; torchmetrics.text.Perplexity",
    elsewhere: &[("Perplexity", "TorchMetrics"), ("ppl", "fairseq")],
    body: Body::Metric(MetricDefinition {
        build: surprise,
        start: |args, _| Box::new(Mean { ignored: ignored(args), of: f64::exp, sum: 0.0, count: 0 }),
        higher_is_better: false,
        is_share: false,
        task: Task::Classification,
    }),
};

/// Scores by class, which these two want: with a single score there is nothing to choose from.
fn by_class(b: &mut Builder, args: &Args, prediction: &Tensor, target: &Tensor) -> Result<Scored, Problem> {
    let scored = scores(b, args, prediction, target)?;
    if scored.by_class {
        return Ok(scored);
    }
    match target.kind {
        Kind::Class { .. } => {
            let wanted = "an axis with one number a class, `[.., C]`".to_owned();
            Err(Problem::Rank { operand: 0, wanted, shape: prediction.shape.clone() })
        }
        _ => Err(Problem::Kind { operand: 1, wanted: "class(n)", got: target.kind.clone() }),
    }
}

/// The target as a position that exists, also where it is ignored.
fn position(b: &mut Builder, args: &Args, target: &Tensor) -> Result<Tensor, Problem> {
    let Some(ignored) = args.optional_number("ignore") else { return Ok(target.clone()) };
    let ignored = b.constant(ignored);
    let counts = b.binary(Binary::NotEqual, target, &ignored)?;
    let zero = b.constant(0.0);
    Ok(b.select(&counts, target, &zero)?.with_kind(target.kind.clone()))
}

/// 1 where the target is among the k first, else 0; and the target.
fn is_among_the_first(
    b: &mut Builder,
    args: &Args,
    prediction: &Tensor,
    target: &Tensor,
) -> Result<Vec<Tensor>, Problem> {
    let Scored { scores, .. } = by_class(b, args, prediction, target)?;
    let classes = scores.shape.last().cloned().unwrap_or_default();
    let k = args.dim("k");
    if let (Some(k), Some(classes)) = (k.as_constant(), classes.as_constant())
        && k > classes
    {
        let message = format!("{k} of {classes} classes would always hold the right one");
        return Err(Problem::Argument { argument: "k", message });
    }
    let place = position(b, args, target)?;
    let right = b.take_last(&scores, &place)?;
    let last = scores.rank() - 1;
    let right = b.unsqueeze(&right, last);
    let place = b.unsqueeze(&place, last).with_kind(Kind::Int);
    let larger = b.binary(Binary::Less, &right, &scores)?;
    let equal = b.binary(Binary::Equal, &right, &scores)?;
    let positions = b.iota(&classes);
    let earlier = b.binary(Binary::Less, &positions, &place)?;
    let tied = b.binary(Binary::And, &equal, &earlier)?;
    let ahead = b.binary(Binary::Or, &larger, &tied)?.with_kind(Kind::Float);
    let rank = b.sum(&ahead, &[last], false);
    let k = b.size(&k);
    let hit = b.binary(Binary::Less, &rank, &k)?;
    Ok(vec![hit, target.clone()])
}

/// What classes are ranked by, `[.., C]` or one number a question, and the target.
fn ranked(b: &mut Builder, args: &Args, prediction: &Tensor, target: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let Scored { scores, target, by_class } = scores(b, args, prediction, target)?;
    if !by_class {
        return Ok(vec![scores, target]);
    }
    // Logits of different examples are not on one scale; probabilities are.
    let last = scores.rank() - 1;
    let probabilities = match prediction.role {
        Role::Value => b.softmax(&scores, last),
        Role::Probabilities | Role::LogProbabilities => scores,
    };
    if probabilities.shape.last().and_then(Dim::as_constant) == Some(2) {
        let of_one = b.slice(&probabilities, last, Dim::constant(1), Dim::constant(1));
        return Ok(vec![b.squeeze(&of_one, last)?, target]);
    }
    Ok(vec![probabilities, target])
}

/// The negative log-likelihood of each position, and the target.
fn surprise(b: &mut Builder, args: &Args, prediction: &Tensor, target: &Tensor) -> Result<Vec<Tensor>, Problem> {
    let Scored { scores, .. } = by_class(b, args, prediction, target)?;
    let last = scores.rank() - 1;
    let log_probabilities = match prediction.role {
        Role::Value => b.log_softmax(&scores, last),
        Role::Probabilities => b.unary(Unary::Logarithm, &scores),
        Role::LogProbabilities => scores,
    };
    let place = position(b, args, target)?;
    let right = b.take_last(&log_probabilities, &place)?;
    Ok(vec![b.unary(Unary::Negate, &right), target.clone()])
}

/// A function of the mean of the first operand, where the second is not ignored.
struct Mean {
    ignored: Option<f32>,
    of: fn(f64) -> f64,
    sum: f64,
    count: u64,
}

impl Accumulator for Mean {
    fn add(&mut self, _examples: usize, operands: &[&[f32]]) {
        let [values, target] = operands else { return };
        for (value, _) in values.iter().zip(*target).filter(|(_, t)| Some(**t) != self.ignored) {
            self.sum += f64::from(*value);
            self.count += 1;
        }
    }

    fn finish(&self) -> MetricValue {
        let mean = share(self.sum, self.count as f64);
        MetricValue::Number(if self.count == 0 { 0.0 } else { (self.of)(mean) })
    }
}

/// All scores of a split: where a score stands among the others is known only at the end.
struct Ranked {
    ignored: Option<f32>,
    /// The area of one class, of scores with whether they are positive; none where it is not defined.
    area: fn(&mut [(f32, bool)]) -> Option<f64>,
    /// The area where no class has one.
    otherwise: f64,
    /// Scores of each position.
    width: usize,
    scores: Vec<f32>,
    targets: Vec<f32>,
}

impl Ranked {
    const EMPTY: Ranked = Ranked {
        ignored: None,
        area: area_under_roc,
        otherwise: 0.0,
        width: 1,
        scores: Vec::new(),
        targets: Vec::new(),
    };
}

impl Accumulator for Ranked {
    fn add(&mut self, _examples: usize, operands: &[&[f32]]) {
        let [scores, target] = operands else { return };
        if target.is_empty() {
            return;
        }
        self.width = (scores.len() / target.len()).max(1);
        for (scores, target) in scores.chunks(self.width).zip(*target) {
            if Some(*target) != self.ignored {
                self.scores.extend(scores);
                self.targets.push(*target);
            }
        }
    }

    fn finish(&self) -> MetricValue {
        let mut areas = Vec::new();
        for class in 0..self.width {
            let positive = if self.width == 1 { 1.0 } else { class as f32 };
            let lines = self.scores.chunks(self.width).zip(&self.targets);
            let mut pairs: Vec<(f32, bool)> =
                lines.filter_map(|(scores, t)| scores.get(class).map(|s| (*s, *t == positive))).collect();
            areas.extend((self.area)(&mut pairs));
        }
        let sum: f64 = areas.iter().sum();
        MetricValue::Number(if areas.is_empty() { self.otherwise } else { sum / areas.len() as f64 })
    }
}

/// Groups of equal scores, the highest first: how many positives and negatives each has.
fn steps(pairs: &mut [(f32, bool)]) -> Vec<(f64, f64)> {
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    // -0 and 0 are one score.
    let groups = pairs.chunk_by(|a, b| a.0 == b.0);
    let counted = groups.map(|group| {
        let positives = group.iter().filter(|(_, is_positive)| *is_positive).count();
        (positives as f64, (group.len() - positives) as f64)
    });
    counted.collect()
}

fn area_under_roc(pairs: &mut [(f32, bool)]) -> Option<f64> {
    let (mut above, mut won, mut negatives) = (0.0, 0.0, 0.0);
    for (positive, negative) in steps(pairs) {
        won += negative * (above + positive / 2.0);
        above += positive;
        negatives += negative;
    }
    (above > 0.0 && negatives > 0.0).then(|| won / (above * negatives))
}

fn average_precision(pairs: &mut [(f32, bool)]) -> Option<f64> {
    let (mut hits, mut named, mut sum) = (0.0, 0.0, 0.0);
    for (positive, negative) in steps(pairs) {
        hits += positive;
        named += positive + negative;
        sum += positive * hits / named;
    }
    (hits > 0.0).then(|| sum / hits)
}
