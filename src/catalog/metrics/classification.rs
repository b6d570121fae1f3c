//! Metrics of classes: `accuracy`, `precision`, `recall`, `f1`, `confusion`.

use super::labels::labels;
use super::share;
use crate::catalog::{
    Accumulator, Body, Entry, Example, MetricContext, MetricDefinition, MetricValue, Param, ParamType, Task,
};

/// All of them.
pub static ALL: &[&Entry] = &[&ACCURACY, &PRECISION, &RECALL, &F1, &CONFUSION];

const PARAMS: &[Param] = &[
    Param::required("prediction", ParamType::Tensor, "logits or probabilities, one a class, or one for yes or no"),
    Param::required("target", ParamType::Tensor, "the right class, or 0 and 1"),
    Param::optional("axis", ParamType::Axis, "-1", "the axis of the classes"),
];

const SHAPES: &[&str] = &["[.., C], class(C)[..]", "[..], [..]"];

const fn example(code: &'static str) -> Example {
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
        start: |_, _| Box::new(Hits::default()),
        higher_is_better: true,
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
        start: |_, c| Table::start(c, Summary::Precision),
        higher_is_better: true,
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
        start: |_, c| Table::start(c, Summary::Recall),
        higher_is_better: true,
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
        start: |_, c| Table::start(c, Summary::F1),
        higher_is_better: true,
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
        start: |_, c| Table::start(c, Summary::Matrix),
        higher_is_better: true,
        task: Task::Classification,
    }),
};

#[derive(Default)]
struct Hits {
    right: u64,
    all: u64,
}

impl Accumulator for Hits {
    fn add(&mut self, _examples: usize, operands: &[&[f32]]) {
        let [prediction, target] = operands else { return };
        self.all += target.len() as u64;
        self.right += prediction.iter().zip(*target).filter(|(p, t)| p == t).count() as u64;
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
    Matrix,
}

/// A confusion matrix that grows where a class turns up that was not announced.
struct Table {
    names: Vec<String>,
    counts: Vec<Vec<u64>>,
    summary: Summary,
}

impl Table {
    fn start(context: &MetricContext, summary: Summary) -> Box<dyn Accumulator> {
        // A target that is not a class has been read as 0 and 1.
        let classes = if context.class_count == 0 { 2 } else { context.class_count };
        let given = context.classes.as_deref().unwrap_or_default();
        let names = (0..classes).map(|i| given.get(i).cloned().unwrap_or_else(|| i.to_string())).collect();
        Box::new(Table { names, counts: vec![vec![0; classes]; classes], summary })
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
            Summary::F1 | Summary::Matrix => share(2.0 * hits, named + there),
        }
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
        for (p, t) in prediction.iter().zip(*target) {
            self.count(*t, *p);
        }
    }

    fn finish(&self) -> MetricValue {
        let classes = self.counts.len();
        match self.summary {
            Summary::Matrix => MetricValue::Confusion { classes: self.names.clone(), counts: self.counts.clone() },
            _ if classes == 2 => MetricValue::Number(self.of_class(1)),
            _ => {
                let seen: Vec<usize> = (0..classes).filter(|c| self.occurs(*c)).collect();
                let sum: f64 = seen.iter().map(|c| self.of_class(*c)).sum();
                MetricValue::Number(share(sum, seen.len() as f64))
            }
        }
    }
}
