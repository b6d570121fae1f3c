//! Words that stand within items, settings and forms and have no page of their own in the catalog: types, choices, and
//! what holds a form together.

/// A word with a meaning only where it stands.
#[derive(Debug)]
pub struct Part {
    /// As it is written.
    pub name: &'static str,
    /// Where it stands: `a type`, `a word of `split``.
    pub place: &'static str,
    /// What it means there.
    pub summary: &'static str,
    /// How it is written, one form a line.
    pub syntax: &'static [&'static str],
    /// Names whose pages say more.
    pub see: &'static [&'static str],
}

const fn part(
    name: &'static str,
    place: &'static str,
    summary: &'static str,
    syntax: &'static [&'static str],
    see: &'static [&'static str],
) -> Part {
    Part { name, place, summary, syntax, see }
}

static PARTS: &[Part] = &[
    part(
        "float",
        "a type",
        "Numbers: what a shape without a word before it holds.",
        &["x: [3]", "x: float"],
        &["class"],
    ),
    part(
        "int",
        "a type",
        "Whole numbers: positions and counts. Sums and products of them are whole, too.",
        &["ids: int[T]"],
        &["class"],
    ),
    part("bool", "a type", "Truth values: what comparisons give, and masks are.", &["mask: bool[T]"], &["where"]),
    part(
        "class",
        "a type",
        "One of n names, as its number from 0; from data, with the names. `n` may be a name that is bound.",
        &["label: class(10)", "chars: class(V)[T]"],
        &["classes", "Embedding"],
    ),
    part(
        "field",
        "a statement of `data`",
        "Something that each example has: a name, and a type that is known when the program is checked.",
        &["field name = table.column |> function"],
        &["data"],
    ),
    part(
        "split",
        "a setting of `data`",
        "How examples are shared out to train, validation and test; without it everything is train.",
        &["split: random(train: 80%, test: 20%, seed: 1)", "split: ordered(train: 90%, validation: 10%)"],
        &["data"],
    ),
    part(
        "random",
        "a word of `split`",
        "Draws which example goes into which split. `stratify` keeps the shares of each class; `seed` says which draw.",
        &["split: random(train: 70%, validation: 15%, test: 15%, stratify: species, seed: 7)"],
        &["split", "ordered"],
    ),
    part(
        "ordered",
        "a word of `split`",
        "Cuts the rows in their order, before windows are made of them: for time series and text.",
        &["split: ordered(train: 90%, validation: 10%)"],
        &["split", "windows"],
    ),
    part(
        "stratify",
        "an argument of `random(…)` in `split`",
        "A field of classes whose shares are the same in each split.",
        &["split: random(train: 80%, test: 20%, stratify: species)"],
        &["split", "random"],
    ),
    part(
        "validation",
        "a split",
        "Examples that are not trained on: measured after each epoch, for `stop`, `keep` and the report.",
        &["split: random(validation: 10%)", "keep: best(validation.loss)"],
        &["split", "validate", "keep"],
    ),
    part(
        "test",
        "a split",
        "Examples that are used once, at the end.",
        &["split: random(train: 80%, test: 20%)", "expect { test.accuracy >= 0.9 }"],
        &["split", "expect"],
    ),
    part("except", "a word of a selection", "Columns that a range leaves out.", &["t[a .. f, except: c]"], &["data"]),
    part(
        "columns",
        "an argument of `rows`",
        "The names of the columns.",
        &["rows([[0, 1], [1, 0]], columns: [a, y])"],
        &["rows"],
    ),
    part(
        "norm",
        "a word of `clip`",
        "The largest length that all gradients together may have.",
        &["clip: norm(1.0)"],
        &["clip"],
    ),
    part("value", "a word of `clip`", "The largest number that a gradient may hold.", &["clip: value(0.5)"], &["clip"]),
    part(
        "best",
        "a word of `keep`",
        "The weights of the epoch where a measure was best.",
        &["keep: best(validation.loss)"],
        &["keep"],
    ),
    part(
        "balanced",
        "a word of `class_weights`",
        "Each class counts as much as every other, however rare it is.",
        &["class_weights: balanced"],
        &["class_weights"],
    ),
    part(
        "weights",
        "a word of `l1` and `l2`",
        "All trainable numbers of the model; a path or a glob in its place names some.",
        &["loss: mse(p, y) + 1e-4 * l2(weights)", "loss: mse(p, y) + 1e-4 * l2(\"dense1.*\")"],
        &["l2", "l1"],
    ),
    part(
        "training",
        "a condition of `if`",
        "Holds in a training step, and not when the model is measured or predicts.",
        &["if training { x + 0.1 * normal([8]) } else { x }"],
        &["if", "Dropout"],
    ),
    part(
        "else",
        "a word of `if`",
        "What is chosen where the condition does not hold.",
        &["if deep { a } else { b }"],
        &["if"],
    ),
    part(
        "shortcut",
        "an argument of `residual`",
        "What is added in the place of the input.",
        &["residual(shortcut: Dense(8)) { Dense(8) }"],
        &["residual"],
    ),
    part(
        "on",
        "a word of `train`",
        "Stands before the data that is trained on.",
        &["train Model on data { … }"],
        &["train"],
    ),
    part(
        "as",
        "a word of `scan` and `import`",
        "Stands before a name.",
        &["scan x as xt, h = init { … }", "import \"blocks.nn\" as blocks"],
        &["scan", "import"],
    ),
    part(
        "from",
        "a word of `import`",
        "Stands before the file that names come from.",
        &["import Encoder from \"blocks.nn\""],
        &["import", "warmup"],
    ),
    part("and", "an operator", "Holds where both sides do.", &["a and b"], &["where"]),
    part("or", "an operator", "Holds where one of the sides does.", &["a or b"], &["where"]),
    part("not", "an operator", "Holds where its operand does not.", &["not a"], &["where"]),
    part("true", "a value", "What holds.", &["bias: true"], &["bool"]),
    part("false", "a value", "What does not hold.", &["bias: false"], &["bool"]),
    part(
        "none",
        "a value",
        "Nothing: an argument that is left out, a cell that is missing.",
        &["class_weights: none"],
        &[],
    ),
    part("epoch", "a unit", "Once through the whole training split.", &["warmup(1 epoch)"], &["epochs"]),
    part("step", "a unit", "One batch, and one change of the weights.", &["validate: 500 steps"], &["steps"]),
    part(
        "phase",
        "a statement of `train`",
        "A part of training with settings of its own; the others are those around it. This version does not run it.",
        &["phase head { freeze: [backbone]; epochs: 3 }"],
        &["train"],
    ),
    part(
        "group",
        "a statement of `train`",
        "Weights with settings of the optimizer of their own. This version does not run it.",
        &["group [\"*.bias\"] { weight_decay: 0 }"],
        &["train"],
    ),
    part(
        "sweep",
        "an item of a file",
        "Hypers to search, and how. This version does not run it.",
        &["sweep { width: [32, 64]; best: min(validation.loss) }"],
        &["hyper"],
    ),
    part(
        "parameters",
        "a fact of `expect`",
        "How many trainable numbers the model has.",
        &["expect { parameters < 500k }"],
        &["expect"],
    ),
    part(
        "memory",
        "a fact of `expect`",
        "The bytes that a training step needs.",
        &["expect { memory < 100M }"],
        &["expect"],
    ),
    part("seconds", "a fact of `expect`", "How long training took.", &["expect { seconds < 60 }"], &["expect"]),
];

/// All of them.
pub fn parts() -> impl Iterator<Item = &'static Part> {
    PARTS.iter()
}

/// The word of this name.
pub fn part_called(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|p| p.name == name)
}
