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

/// Place by place: `word: "how it is written" => "what it means"`.
macro_rules! small_words {
    ($($place:literal { $($name:literal: $syntax:literal => $summary:literal;)* })*) => {
        &[$($(SmallWord { name: $name, place: $place, syntax: $syntax, summary: $summary },)*)*]
    };
}

/// All of them.
pub static SMALL_WORDS: &[SmallWord] = small_words! {
    "item" {
        "sweep": "sweep { hyper: [a, b, …]; try: random(20); best: min(validation.loss) }" =>
            "Searches values for hypers: each point is a run of the file, the best by a measure of the validation split.";
    }
    "statement" {
        "field": "field name = expression" => "A named value of each example. Models and losses see it by its name.";
        "phase": "phase name { settings }" =>
            "A part of the training, after the one before and from its weights. It inherits the settings around it.";
        "group": "group [\"*.bias\", \"*norm*\"] { weight_decay: 0 }" =>
            "Settings of the optimizer for some of the weights, by their paths. The last group that matches wins.";
    }
    "header" {
        "on": "train Model on data { … }" => "The data that the model is trained on.";
        "from": "import Name from \"path.nn\"" => "The file that the items are taken from.";
        "as": "import \"path.nn\" as p" => "A name for the file: its items are then `p.Name`.";
        "then": "schedule: warmup(5 epochs) then cosine(to: 0)" =>
            "Joins the parts of a schedule: each begins where the one before it ends.";
        "else": "if condition { a } else { b }" => "What it is where the condition does not hold.";
    }
    "value" {
        "none": "none" => "Nothing: the value of an argument that is left out.";
        "true": "true" => "On, or that a condition holds.";
        "false": "false" => "Off, or that a condition does not hold.";
    }
    "type" {
        "float": "name: float" => "One number; `[T, D]` alone is a tensor of them.";
        "int": "name: int[T]" => "Whole numbers.";
        "bool": "name: bool[T]" => "Truths: 1 or 0.";
        "class": "name: class(n)[T]" => "Whole numbers from 0 to n - 1, which stand for the names of n classes.";
    }
    "duration" {
        "epoch": "1 epoch" => "A pass over the training split.";
        "epochs": "n epochs" => "Passes over the training split.";
        "step": "1 step" => "A step of the optimizer.";
        "steps": "n steps" => "Steps of the optimizer.";
    }
    "data" {
        "split": "split: random(train: 80%, test: 20%)" => "How the examples are shared out.";
    }
    "split" {
        "random": "random(train: 80%, test: 20%, stratify: field, seed: 0)" =>
            "Shuffles the examples before they are shared out.";
        "ordered": "ordered(train: 80%, test: 20%)" => "Cuts the rows in file order, without overlap.";
    }
    "random" {
        "seed": "seed: n" => "Which shuffle it is.";
        "stratify": "stratify: field" => "Gives every split the same shares of the classes of a field.";
    }
    "measure" {
        "train": "train" => "The training split.";
        "validation": "validation" => "The split that is measured after each epoch.";
        "test": "test" => "The split that is measured once, at the end.";
        "loss": "validation.loss" => "The loss of a split.";
        "parameters": "Model.parameters" => "How many trainable numbers the model has.";
    }
    "clip" {
        "norm": "clip: norm(c)" => "Scales all gradients together where their common length is above c.";
        "value": "clip: value(c)" => "Cuts each gradient at -c and c.";
    }
    "stop" {
        "patience": "stop: patience(validation.loss, 10 epochs)" =>
            "Ends training where the measure has not become better for that long.";
    }
    "keep" {
        "best": "keep: best(validation.loss)" => "Ends with the weights of the best measure.";
    }
    "sweep" {
        "best": "best: min(validation.loss)" => "Which point of a sweep is the best.";
        "require": "require: condition" => "Leaves out the points for which it does not hold.";
        "try": "try: random(n, seed: 0)" => "How many points are tried; the grid if left out.";
        "random": "random(n, seed: 0)" => "Points drawn at random.";
        "log": "log(a .. b)" => "Values drawn so that each order of magnitude has the same share.";
        "min": "min(measure)" => "The smallest is the best.";
        "max": "max(measure)" => "The largest is the best.";
    }
    "class_weights" {
        "balanced": "class_weights: balanced" => "Each class counts the same, however many examples it has.";
    }
    "penalty" {
        "weights": "weights" => "All trainable numbers of the model.";
    }
    "expression" {
        "training": "training" => "True in a training step, false in evaluation.";
    }
    "field" {
        "classes": "data.field.classes" => "How many classes the field has.";
        "shape": "data.field.shape" => "The shape of the field, a list of sizes.";
    }
    "columns" {
        "except": "t[a .. f, except: c]" => "Columns of the range that are left out.";
    }
    "residual" {
        "shortcut": "residual(shortcut: stage) { stage }" => "What is added in place of the input.";
    }
};

/// The word of this name in this place.
pub fn small_word(name: &str, place: &str) -> Option<&'static SmallWord> {
    SMALL_WORDS.iter().find(|w| w.name == name && w.place == place)
}

/// What a word is that means the same wherever it can stand.
pub fn keyword(name: &str) -> Option<&'static SmallWord> {
    ["item", "statement", "header", "value", "type"].into_iter().find_map(|place| small_word(name, place))
}
