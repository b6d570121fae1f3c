//! What `expect` can hold a program to, beside the metrics of a split.

use crate::catalog::{Body, Bounds, Entry, Example, Param, ParamType};

/// All of them.
pub static ALL: &[&Entry] = &[&PARAMETERS, &MEMORY, &SECONDS, &OVERFITS, &GRADIENTS_MATCH, &CAUSAL];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "" }
}

/// Number of trainable numbers.
pub static PARAMETERS: Entry = Entry {
    name: "parameters",
    summary: "How many trainable numbers the model has.",
    formula: "",
    params: &[],
    shapes: &[],
    example: example("parameters < 500k"),
    source: "",
    elsewhere: &[("numel", "PyTorch"), ("count_params", "Keras")],
    body: Body::Expectation,
};

/// Bytes of a training step.
pub static MEMORY: Entry = Entry {
    name: "memory",
    summary: "How many bytes a training step needs.",
    formula: "",
    params: &[],
    shapes: &[],
    example: example("memory < 200M"),
    source: "",
    elsewhere: &[("max_memory_allocated", "PyTorch")],
    body: Body::Expectation,
};

/// Seconds of a run.
pub static SECONDS: Entry = Entry {
    name: "seconds",
    summary: "How many seconds the training took.",
    formula: "",
    params: &[],
    shapes: &[],
    example: example("seconds < 60"),
    source: "",
    elsewhere: &[],
    body: Body::Expectation,
};

/// Whether the model can learn a single batch by heart.
pub static OVERFITS: Entry = Entry {
    name: "overfits",
    summary: "Whether the model can learn one batch by heart; one that cannot has a mistake in it.",
    formula: "",
    params: &[Param::required("batch", ParamType::Whole { min: 1, max: 1 << 20 }, "how many examples the batch has")],
    shapes: &[],
    example: example("overfits(8)"),
    source: "Karpathy 2019, A Recipe for Training Neural Networks",
    elsewhere: &[("overfit_batches", "Lightning")],
    body: Body::Expectation,
};

/// Whether the gradients agree with finite differences.
pub static GRADIENTS_MATCH: Entry = Entry {
    name: "gradients_match",
    summary: "Whether the gradients agree with finite differences, in double precision.",
    formula: "|g - d| <= tolerance * max(1, |g|, |d|), d = (loss(w + h) - loss(w - h)) / 2h",
    params: &[Param::optional(
        "tolerance",
        ParamType::Number(Bounds::POSITIVE),
        "1e-4",
        "how far they may lie apart, relative to their size",
    )],
    shapes: &[],
    example: example("gradients_match(1e-4)"),
    source: "torch.autograd.gradcheck",
    elsewhere: &[("gradcheck", "PyTorch"), ("check_grads", "JAX")],
    body: Body::Expectation,
};

/// Whether an output looks at the past alone.
pub static CAUSAL: Entry = Entry {
    name: "causal",
    summary: "Whether no position of an output depends on later positions of an input, as where the next one is \
              predicted: proved on the graph where that is possible, else tried in double precision.",
    formula: "d output[t] / d input[s] = 0 for s > t",
    params: &[
        Param::required("output", ParamType::Names, "an output of the model, `[T, ..]`"),
        Param::required("input", ParamType::Names, "an input of the model with the same positions, `[T, ..]`"),
    ],
    shapes: &[],
    example: example("causal(logits, chars)"),
    source: "",
    elsewhere: &[("is_causal", "PyTorch"), ("use_causal_mask", "Keras")],
    body: Body::Expectation,
};
