//! Metrics of the classes that a model names: `accuracy`, `precision`, `recall`, `f1`, `iou`, `mcc`, `confusion`.

use super::labels::labels;
use super::share;
use crate::catalog::{
    Accumulator, Args, Body, Entry, Example, MetricContext, MetricDefinition, MetricValue, Param, ParamType, Task,
};

/// All of them.
pub static ALL: &[&Entry] = &[&ACCURACY, &PRECISION, &RECALL, &F1, &IOU, &MCC, &CONFUSION];

pub(super) const PREDICTION: Param =
    Param::required("prediction", ParamType::Tensor, "logits or probabilities, one a class, or one for yes or no");
pub(super) const TARGET: Param = Param::required("target", ParamType::Tensor, "the right class, or 0 and 1");
pub(super) const AXIS: Param = Param::optional("axis", ParamType::Axis, "-1", "the axis of the classes");
pub(super) const IGNORE: Param = Param::optional(
    "ignore",
    ParamType::Whole { min: i64::MIN, max: i64::MAX },
    "none",
    "a class whose positions do not count, such as padding; as the loss has it, where the operands are its",
);

const PARAMS: &[Param] = &[PREDICTION, TARGET, AXIS, IGNORE];

pub(super) const SHAPES: &[&str] = &["[.., C], class(C)[..]", "[..], [..]"];

pub(super) const fn example(code: &'static str) -> Example {
    Example { inputs: &[("logits", "[3]"), ("y", "class(3)")], code, output: "" }
}

/// The share of positions whose class is right.
pub static ACCURACY: Entry = Entry {
    name: "accuracy",
    summary: "The share of positions for which the model names the right class.",
    formula: "count(prediction == target) / count(target)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("accuracy(logits, y)"),
    source: "sklearn.metrics.accuracy_score",
    elsewhere: &[
        ("Accuracy", "Keras"),
        ("acc", "Keras"),
        ("binary_accuracy", "Keras"),
        ("categorical_accuracy", "Keras"),
        ("sparse_categorical_accuracy", "Keras"),
        ("accuracy_score", "scikit-learn"),
    ],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, _| Box::new(Hits { ignored: ignored(args), ..Hits::default() }),
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// True positives among what was named positive; macro, or of class 1.
pub static PRECISION: Entry = Entry {
    name: "precision",
    summary: "Of what the model names a class, the share that is: the mean over classes, or of class 1 of two.",
    formula: "true positives / (true positives + false positives)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("precision(logits, y)"),
    source: "sklearn.metrics.precision_score",
    elsewhere: &[("Precision", "Keras"), ("precision_score", "scikit-learn")],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, c| Table::start(args, c, Summary::Precision),
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// True positives among what is positive; macro, or of class 1.
pub static RECALL: Entry = Entry {
    name: "recall",
    summary: "Of what is of a class, the share that the model finds: the mean over classes, or of class 1 of two.",
    formula: "true positives / (true positives + false negatives)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("recall(logits, y)"),
    source: "sklearn.metrics.recall_score",
    elsewhere: &[("Recall", "Keras"), ("recall_score", "scikit-learn"), ("sensitivity", "statistics")],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, c| Table::start(args, c, Summary::Recall),
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// The harmonic mean of precision and recall; macro, or of class 1.
pub static F1: Entry = Entry {
    name: "f1",
    summary: "The harmonic mean of precision and recall: the mean over classes, or of class 1 of two.",
    formula: "2 * true positives / (2 * true positives + false positives + false negatives)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("f1(logits, y)"),
    source: "sklearn.metrics.f1_score",
    elsewhere: &[("F1Score", "Keras"), ("f1_score", "scikit-learn"), ("f_score", "statistics")],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, c| Table::start(args, c, Summary::F1),
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// The intersection over the union of what is and what is named; macro, or of class 1.
pub static IOU: Entry = Entry {
    name: "iou",
    summary: "Of what is of a class or named it, the share that is both: the mean over classes, or of class 1 of two.",
    formula: "true positives / (true positives + false positives + false negatives)",
    params: PARAMS,
    shapes: SHAPES,
    example: example("iou(logits, y)"),
    source: "sklearn.metrics.jaccard_score",
    elsewhere: &[
        ("MeanIoU", "Keras"),
        ("IoU", "Keras"),
        ("BinaryIoU", "Keras"),
        ("jaccard_score", "scikit-learn"),
        ("JaccardIndex", "TorchMetrics"),
    ],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, c| Table::start(args, c, Summary::Overlap),
        higher_is_better: true,
        is_share: true,
        task: Task::Classification,
    }),
};

/// Matthews 1975; for more than two classes Gorodkin 2004.
pub static MCC: Entry = Entry {
    name: "mcc",
    summary: "The correlation of the classes that are and those that are named: 1 is all right, 0 is chance.",
    formula: "(hits * n - sum(there * named)) / sqrt((n^2 - sum(there^2)) * (n^2 - sum(named^2))), sums over classes",
    params: PARAMS,
    shapes: SHAPES,
    example: example("mcc(logits, y)"),
    source: "sklearn.metrics.matthews_corrcoef",
    elsewhere: &[
        ("matthews_corrcoef", "scikit-learn"),
        ("MatthewsCorrCoef", "TorchMetrics"),
        ("MatthewsCorrelationCoefficient", "TensorFlow Addons"),
    ],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, c| Table::start(args, c, Summary::Correlation),
        higher_is_better: true,
        is_share: false,
        task: Task::Classification,
    }),
};

/// How often each class was taken for each.
pub static CONFUSION: Entry = Entry {
    name: "confusion",
    summary: "How often each class was taken for each: a row a right class, a column a named one.",
    formula: "counts[target][prediction]",
    params: PARAMS,
    shapes: SHAPES,
    example: example("confusion(logits, y)"),
    source: "sklearn.metrics.confusion_matrix",
    elsewhere: &[("confusion_matrix", "scikit-learn"), ("ConfusionMatrix", "TorchMetrics")],
    body: Body::Metric(MetricDefinition {
        build: labels,
        start: |args, c| Table::start(args, c, Summary::Matrix),
        higher_is_better: true,
        is_share: false,
        task: Task::Classification,
    }),
};

/// The class whose positions do not count.
pub(super) fn ignored(args: &Args) -> Option<f32> {
    args.optional_number("ignore").map(|n| n as f32)
}

#[derive(Default)]
struct Hits {
    ignored: Option<f32>,
    right: u64,
    all: u64,
}

impl Accumulator for Hits {
    fn add(&mut self, _examples: usize, operands: &[&[f32]]) {
        let [prediction, target] = operands else { return };
        for (p, t) in prediction.iter().zip(*target).filter(|(_, t)| Some(**t) != self.ignored) {
            self.all += 1;
            self.right += u64::from(p == t);
        }
    }

    fn finish(&self) -> MetricValue {
        MetricValue::Number(share(self.right as f64, self.all as f64))
    }
}

#[derive(Clone, Copy)]
enum Summary {
    Precision,
    Recall,
    F1,
    Overlap,
    Correlation,
    Matrix,
}

/// A confusion matrix that grows where a class turns up that was not announced.
struct Table {
    ignored: Option<f32>,
    names: Vec<String>,
    counts: Vec<Vec<u64>>,
    summary: Summary,
}

impl Table {
    fn start(args: &Args, context: &MetricContext, summary: Summary) -> Box<dyn Accumulator> {
        // A target that is not a class has been read as 0 and 1.
        let classes = if context.class_count == 0 { 2 } else { context.class_count };
        let given = context.classes.as_deref().unwrap_or_default();
        let names = (0..classes).map(|i| given.get(i).cloned().unwrap_or_else(|| i.to_string())).collect();
        Box::new(Table { ignored: ignored(args), names, counts: vec![vec![0; classes]; classes], summary })
    }

    fn count(&mut self, target: f32, prediction: f32) {
        // A saturating cast: a negative number or NaN, which the graph never gives, would count as class 0.
        let (target, prediction) = (target as usize, prediction as usize);
        let wanted = target.max(prediction) + 1;
        for i in self.names.len()..wanted.min(1 << 20) {
            self.names.push(i.to_string());
            self.counts.iter_mut().for_each(|row| row.push(0));
            self.counts.push(vec![0; self.names.len()]);
        }
        if let Some(cell) = self.counts.get_mut(target).and_then(|row| row.get_mut(prediction)) {
            *cell += 1;
        }
    }

    fn of_class(&self, class: usize) -> f64 {
        let at = |t: usize, p: usize| self.counts.get(t).and_then(|row| row.get(p)).copied().unwrap_or(0) as f64;
        let classes = 0..self.counts.len();
        let hits = at(class, class);
        let named: f64 = classes.clone().map(|t| at(t, class)).sum();
        let there: f64 = classes.map(|p| at(class, p)).sum();
        match self.summary {
            Summary::Precision => share(hits, named),
            Summary::Recall => share(hits, there),
            Summary::Overlap => share(hits, named + there - hits),
            Summary::F1 | Summary::Correlation | Summary::Matrix => share(2.0 * hits, named + there),
        }
    }

    /// The correlation of targets and predictions: of the counts of two classes that of Matthews, of more that of
    /// Gorodkin.
    fn correlation(&self) -> f64 {
        let classes = self.counts.len();
        let there: Vec<f64> = self.counts.iter().map(|row| row.iter().sum::<u64>() as f64).collect();
        let named: Vec<f64> =
            (0..classes).map(|class| self.counts.iter().filter_map(|row| row.get(class)).sum::<u64>() as f64).collect();
        let hits: u64 = self.counts.iter().enumerate().filter_map(|(i, row)| row.get(i)).sum();
        let all: f64 = there.iter().sum();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let covariance = hits as f64 * all - product(&there, &named);
        let spread = (all * all - product(&there, &there)) * (all * all - product(&named, &named));
        share(covariance, spread.sqrt())
    }

    /// Whether the class occurs at all, among targets or predictions. scikit-learn averages over those only.
    fn occurs(&self, class: usize) -> bool {
        self.counts.get(class).is_some_and(|row| row.iter().any(|n| *n > 0))
            || self.counts.iter().any(|row| row.get(class).is_some_and(|n| *n > 0))
    }
}

impl Accumulator for Table {
    fn add(&mut self, _examples: usize, operands: &[&[f32]]) {
        let [prediction, target] = operands else { return };
        let ignored = self.ignored;
        for (p, t) in prediction.iter().zip(*target).filter(|(_, t)| Some(**t) != ignored) {
            self.count(*t, *p);
        }
    }

    fn finish(&self) -> MetricValue {
        let classes = self.counts.len();
        match self.summary {
            Summary::Matrix => MetricValue::Confusion { classes: self.names.clone(), counts: self.counts.clone() },
            Summary::Correlation => MetricValue::Number(self.correlation()),
            _ if classes == 2 => MetricValue::Number(self.of_class(1)),
            _ => {
                let seen: Vec<usize> = (0..classes).filter(|c| self.occurs(*c)).collect();
                let sum: f64 = seen.iter().map(|c| self.of_class(*c)).sum();
                MetricValue::Number(share(sum, seen.len() as f64))
            }
        }
    }
}
