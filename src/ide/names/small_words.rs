//! Words that mean something in one place only, with what they mean there.

/// A word that means something in its place.
#[derive(Debug)]
pub struct SmallWord {
    /// As it is written.
    pub name: &'static str,
    /// Where it stands.
    pub place: &'static str,
    /// How it is written.
    pub syntax: &'static str,
    /// What it means, in one sentence.
    pub summary: &'static str,
}

const fn word(name: &'static str, place: &'static str, syntax: &'static str, summary: &'static str) -> SmallWord {
    SmallWord { name, place, syntax, summary }
}

/// All of them.
pub static SMALL_WORDS: &[SmallWord] = &[
    word("split", "data", "split: random(train: 80%, test: 20%)", "How the examples are shared out."),
    word(
        "random",
        "split",
        "random(train: 80%, test: 20%, stratify: field, seed: 0)",
        "Shuffles the examples before they are shared out.",
    ),
    word("ordered", "split", "ordered(train: 80%, test: 20%)", "Cuts the rows in file order, without overlap."),
    word("seed", "random", "seed: n", "Which shuffle it is."),
    word("stratify", "random", "stratify: field", "Gives every split the same shares of the classes of a field."),
    word("train", "measure", "train", "The training split."),
    word("validation", "measure", "validation", "The split that is measured after each epoch."),
    word("test", "measure", "test", "The split that is measured once, at the end."),
    word("loss", "measure", "validation.loss", "The loss of a split."),
    word("parameters", "measure", "Model.parameters", "How many trainable numbers the model has."),
    word("norm", "clip", "clip: norm(c)", "Scales all gradients together where their common length is above c."),
    word("value", "clip", "clip: value(c)", "Cuts each gradient at -c and c."),
    word(
        "patience",
        "stop",
        "stop: patience(validation.loss, 10 epochs)",
        "Ends training where the measure has not become better for that long.",
    ),
    word("best", "keep", "keep: best(validation.loss)", "Ends with the weights of the best measure."),
    word("best", "sweep", "best: min(validation.loss)", "Which point of a sweep is the best."),
    word("require", "sweep", "require: condition", "Leaves out the points for which it does not hold."),
    word("try", "sweep", "try: random(n, seed: 0)", "How many points are tried; the grid if left out."),
    word("random", "sweep", "random(n, seed: 0)", "Points drawn at random."),
    word("log", "sweep", "log(a .. b)", "Values drawn so that each order of magnitude has the same share."),
    word("min", "sweep", "min(measure)", "The smallest is the best."),
    word("max", "sweep", "max(measure)", "The largest is the best."),
    word(
        "balanced",
        "class_weights",
        "class_weights: balanced",
        "Each class counts the same, however many examples it has.",
    ),
    word("weights", "penalty", "weights", "All trainable numbers of the model."),
    word("training", "expression", "training", "True in a training step, false in evaluation."),
    word("classes", "field", "data.field.classes", "How many classes the field has."),
    word("shape", "field", "data.field.shape", "The shape of the field, a list of sizes."),
    word("except", "columns", "t[a .. f, except: c]", "Columns of the range that are left out."),
    word("shortcut", "residual", "residual(shortcut: stage) { stage }", "What is added in place of the input."),
];

/// The word of this name in this place.
pub fn small_word(name: &str, place: &str) -> Option<&'static SmallWord> {
    SMALL_WORDS.iter().find(|w| w.name == name && w.place == place)
}
