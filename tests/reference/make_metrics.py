"""Makes the numbers that metrics are compared with, by scikit-learn.

    pip install scikit-learn numpy
    python tests/reference/make_metrics.py

Writes `metrics.json`: {"about": …, "versions": …, "cases": [case, …]}. A case is

    metric      a metric of the catalog, with its arguments as they are written behind the operands
    prediction  {"shape", "data"}, the first axis being the rows of the split; "role" is "logits" or "probabilities"
    target      {"shape", "kind", "data"}; kind is "class(n)" or "float"
    value       what scikit-learn makes of the whole split
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics as sk

OUT = pathlib.Path(__file__).parent / "metrics.json"
random = np.random.default_rng(5)
cases = []


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def written(array, **more):
    return {"shape": list(array.shape), **more, "data": [float(f"{v:.7g}") for v in array.flatten().tolist()]}


def case(name, metric, prediction, target, kind, value, role="logits", **arguments):
    entry = {"name": name, "metric": metric, "arguments": arguments, "role": role}
    entry |= {"prediction": written(prediction), "target": written(target, kind=kind), "value": float(f"{value:.9g}")}
    cases.append(entry)


def scores(rows, *shape):
    """Multiples of 1/8, so that some are equal."""
    return np.round(random.normal(size=(rows, *shape)) * 8) / 8


def right(logits, share=0.6):
    """Labels that the logits often name."""
    classes = logits.shape[-1]
    guess = logits.argmax(-1)
    return np.where(random.random(guess.shape) < share, guess, random.integers(0, classes, guess.shape))


OF_CLASSES = {
    "accuracy": lambda y, p: sk.accuracy_score(y, p),
    "precision": lambda y, p: sk.precision_score(y, p, average="macro", zero_division=0),
    "recall": lambda y, p: sk.recall_score(y, p, average="macro", zero_division=0),
    "f1": lambda y, p: sk.f1_score(y, p, average="macro", zero_division=0),
    "iou": lambda y, p: sk.jaccard_score(y, p, average="macro", zero_division=0),
    "mcc": sk.matthews_corrcoef,
}
OF_TWO = {
    "accuracy": sk.accuracy_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
    "iou": sk.jaccard_score,
    "mcc": sk.matthews_corrcoef,
}


def average_precision(y, p):
    return np.mean([sk.average_precision_score(y == c, p[:, c]) for c in range(p.shape[1])])


def main():
    logits = scores(47, 4)
    y = right(logits)
    for metric, function in OF_CLASSES.items():
        case(f"{metric} of classes", metric, logits, y, "class(4)", function(y, logits.argmax(-1)))
    counts = y != 2
    for metric in ("accuracy", "mcc"):
        value = OF_CLASSES[metric](y[counts], logits.argmax(-1)[counts])
        case(f"{metric} without a class", metric, logits, y, "class(4)", value, ignore=2)
    p = softmax(logits)
    for role, prediction in (("logits", logits), ("probabilities", p)):
        for k in (1, 2, 3):
            # scikit-learn takes the last of equals first, and the scores have ties: reverse the classes.
            value = sk.top_k_accuracy_score(3 - y, logits[:, ::-1], k=k)
            case(f"top_k {k} of {role}", "top_k", prediction, y, "class(4)", value, role, k=k)
        value = sk.roc_auc_score(y, p, multi_class="ovr", average="macro")
        case(f"auroc of {role}", "auroc", prediction, y, "class(4)", value, role)
        case(f"pr_auc of {role}", "pr_auc", prediction, y, "class(4)", average_precision(y, p), role)
        case(f"perplexity of {role}", "perplexity", prediction, y, "class(4)", np.exp(sk.log_loss(y, p)), role)
    value = np.exp(sk.log_loss(y[counts], p[counts], labels=range(4)))
    case("perplexity without a class", "perplexity", logits, y, "class(4)", value, ignore=2)

    two = scores(31, 2)
    y = right(two)
    for metric, function in OF_TWO.items():
        case(f"{metric} of two logits", metric, two, y, "class(2)", function(y, two.argmax(-1)))
    case("auroc of two logits", "auroc", two, y, "class(2)", sk.roc_auc_score(y, two[:, 1] - two[:, 0]))
    case("pr_auc of two logits", "pr_auc", two, y, "class(2)", sk.average_precision_score(y, two[:, 1] - two[:, 0]))

    one = scores(29) + 1 / 16
    y = np.where(random.random(29) < 0.7, one > 0, random.random(29) < 0.5).astype(float)
    for kind in ("float", "class(2)"):
        for metric, function in OF_TWO.items():
            case(f"{metric} of a score, {kind}", metric, one, y, kind, function(y, one > 0))
        case(f"auroc of a score, {kind}", "auroc", one, y, kind, sk.roc_auc_score(y, one))
        case(f"pr_auc of a score, {kind}", "pr_auc", one, y, kind, sk.average_precision_score(y, one))

    rows = scores(11, 3, 5)
    y = right(rows)
    flat, flat_y = rows.reshape(-1, 5), y.flatten()
    case("accuracy of rows", "accuracy", rows, y, "class(5)", sk.accuracy_score(flat_y, flat.argmax(-1)))
    value = sk.roc_auc_score(flat_y, softmax(flat), multi_class="ovr", average="macro")
    case("auroc of rows", "auroc", rows, y, "class(5)", value)
    case("perplexity of rows", "perplexity", rows, y, "class(5)", np.exp(sk.log_loss(flat_y, softmax(flat))))
    first = rows.transpose(0, 2, 1)
    case("iou of rows, axis 0", "iou", first, y, "class(5)", OF_CLASSES["iou"](flat_y, flat.argmax(-1)), axis=0)
    value = sk.top_k_accuracy_score(4 - flat_y, flat[:, ::-1], k=2)
    case("top_k of rows, axis 0", "top_k", first, y, "class(5)", value, k=2, axis=0)

    about = {"about": "metrics of whole splits", "versions": {"scikit-learn": sklearn.__version__}}
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    OUT.write_text(f'{json.dumps(about)[:-1]}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
