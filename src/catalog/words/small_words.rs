//! Words that mean something in one place only, with what they mean there: types, choices, and what holds a form
//! together.

/// A word that means something in its place.
#[derive(Debug)]
pub struct SmallWord {
    /// As it is written.
    pub name: &'static str,
    /// The place where it is looked up, in a word.
    pub place: &'static str,
    /// What it is there: `a type`, `a word of `split``.
    pub what: &'static str,
    /// How it is written, one form a line.
    pub syntax: &'static [&'static str],
    /// What it means.
    pub summary: &'static str,
    /// Names whose pages say more.
    pub see: &'static [&'static str],
}

/// Place by place: `name: ["how it is written"] => "what it means", see "page"`.
macro_rules! small_words {
    ($($place:literal, $what:literal {
        $($name:literal: [$($syntax:literal),*] => $summary:literal $(, see $($see:literal)*)?;)*
    })*) => {
        &[$($(SmallWord {
            name: $name,
            place: $place,
            what: $what,
            syntax: &[$($syntax),*],
            summary: $summary,
            see: &[$($($see),*)?],
        },)*)*]
    };
}

static ALL: &[SmallWord] = small_words! {
    "item", "an item of a file" {
        "sweep": ["sweep { width: [32, 64]; try: random(20); best: min(validation.loss) }"] =>
            "Searches values for hypers: each point is a run of the file, and the best is found by a measure, of the validation \
             split where there is one. A hyper has a list of values, `a .. b` (evenly drawn; whole numbers where the hyper \
             is one and both ends are) or `log(a .. b)`. `nnrun sweep FILE` checks all points and runs them; `--jobs n` runs \
             several at once, `--halving` ends the worse ones early. `expect` is not looked at; the test split is used once, \
             for the best.", see "hyper" "try" "require" "best" "log";
    }
    "statement", "a statement of `data`" {
        "field": ["field name = table.column |> function"] =>
            "A named value of each example, of a type that is known when the program is checked. Models and losses see \
             it by its name.", see "data";
    }
    "statement", "a statement of `train`" {
        "phase": ["phase head { freeze: [backbone]; epochs: 3 }"] =>
            "A part of the training, after the one before and from its weights. It inherits the settings around it, \
             but for its own; `epochs` and `steps` take each other's place. The test split waits for the last one.", see "train";
        "group": ["group [\"*.bias\", \"*norm*\"] { weight_decay: 0 }"] =>
            "Arguments of the optimizer for some of the weights, by their paths; the others are as the optimizer says. The last \
             group that matches wins. A schedule changes the optimizer's `lr`, and that of a group by the same factor: \
             where it halves the one, it halves the other. What a run shows as `lr` is the optimizer's.",
             see "optimizer" "freeze" "schedule";
    }
    "header", "a word of `train`" {
        "on": ["train Model on data { … }"] => "Stands before the data that the model is trained on.", see "train";
    }
    "header", "a word of `import`" {
        "from": ["import Encoder from \"blocks.nn\""] => "Stands before the file that items are taken from.",
            see "import" "warmup";
    }
    "header", "a word of `scan` and `import`" {
        "as": ["scan x as xt, h = init { … }", "import \"blocks.nn\" as blocks"] =>
            "Stands before a name: of one step, or of a file, whose items are then `blocks.Name`.", see "scan" "import";
    }
    "header", "a word of `if`" {
        "else": ["if deep { a } else { b }"] => "What it is where the condition does not hold.", see "if";
    }
    "operator", "an operator" {
        "and": ["a and b"] => "Holds where both sides do.", see "where";
        "or": ["a or b"] => "Holds where one of the sides does.", see "where";
        "not": ["not a"] => "Holds where its operand does not.", see "where";
    }
    "value", "a value" {
        "none": ["class_weights: none"] => "Nothing: an argument that is left out, a cell that is missing.";
        "true": ["bias: true"] => "On, or that a condition holds.", see "bool";
        "false": ["bias: false"] => "Off, or that a condition does not hold.", see "bool";
    }
    "type", "a type" {
        "float": ["x: [3]", "x: float"] =>
            "Numbers: what a shape without a word before it holds; without a shape, one of them.", see "class";
        "int": ["ids: int[T]"] =>
            "Whole numbers: positions and counts. Sums and products of them are whole, too.", see "class";
        "bool": ["mask: bool[T]"] => "Truth values, 1 or 0: what comparisons give, and masks are.", see "where";
        "class": ["label: class(10)", "chars: class(V)[T]"] =>
            "One of n names, as its number from 0 to n - 1; from data, with the names. `n` may be a name that is bound.",
            see "classes" "Embedding";
    }
    "duration", "a unit" {
        "epoch": ["warmup(1 epoch)"] => "A pass over the training split.", see "epochs";
        "epochs": ["warmup(5 epochs)"] => "Passes over the training split.", see "epochs";
        "step": ["validate: 1 step"] => "A step of the optimizer: one batch, and one change of the weights.",
            see "steps";
        "steps": ["validate: 500 steps"] => "Steps of the optimizer: batches, and changes of the weights.", see "steps";
    }
    "data", "a setting of `data`" {
        "split": [
            "split: random(train: 80%, test: 20%, seed: 1)",
            "split: ordered(train: 90%, validation: 10%)"
        ] => "How examples are shared out to train, validation and test; without it everything is train.", see "data";
    }
    "split", "a word of `split`" {
        "random": ["split: random(train: 70%, validation: 15%, test: 15%, stratify: species, seed: 7)"] =>
            "Draws which example goes into which split.", see "split" "ordered";
        "ordered": ["split: ordered(train: 90%, validation: 10%)"] =>
            "Cuts the rows in their order, before windows are made of them: for time series and text.",
            see "split" "windows";
    }
    "random", "an argument of `random`" {
        "seed": ["random(train: 80%, test: 20%, seed: 1)"] => "Which draw it is.", see "split";
        "stratify": ["split: random(train: 80%, test: 20%, stratify: species)"] =>
            "A field of classes whose shares are the same in each split.", see "split" "random";
    }
    "rows", "an argument of `rows`" {
        "columns": ["rows([[0, 1], [1, 0]], columns: [a, y])"] => "The names of the columns.", see "rows";
    }
    "columns", "a word of a selection" {
        "except": ["t[a .. f, except: c]"] => "Columns that a range leaves out.", see "data";
    }
    "field", "what is known of a field" {
        "classes": ["data.field.classes"] => "How many classes the field has.", see "class";
        "shape": ["data.field.shape"] => "The shape of the field, a list of sizes.", see "field";
    }
    "measure", "a split" {
        "train": ["expect { train.loss < 0.1 }"] => "The examples that are trained on.", see "split" "expect";
        "validation": ["split: random(validation: 10%)", "keep: best(validation.loss)"] =>
            "Examples that are not trained on: measured after each epoch, for `stop`, `keep` and the report.",
            see "split" "validate" "keep";
        "test": ["split: random(train: 80%, test: 20%)", "expect { test.accuracy >= 0.9 }"] =>
            "Examples that are measured once, at the end.", see "split" "expect";
    }
    "measure", "a measure of a split" {
        "loss": ["keep: best(validation.loss)", "expect { test.loss < 0.1 }"] => "The loss of a split.", see "expect";
    }
    "measure", "a fact of `expect`" {
        "parameters": ["expect { parameters < 500k }", "expect { Model.parameters < 500k }"] =>
            "How many trainable numbers the model has.", see "expect";
    }
    "fact", "a fact of `expect`" {
        "memory": ["expect { memory < 100M }"] => "The bytes that a training step needs.", see "expect";
        "seconds": ["expect { seconds < 60 }"] => "How long training took.", see "expect";
    }
    "clip", "a word of `clip`" {
        "norm": ["clip: norm(1.0)"] => "Scales all gradients together where their common length is above this.",
            see "clip";
        "value": ["clip: value(0.5)"] => "Cuts each number of a gradient at this and its negative.", see "clip";
    }
    "stop", "a word of `stop`" {
        "patience": ["stop: patience(validation.loss, 10 epochs)"] =>
            "Ends training where the measure has not become better for that long.", see "stop";
    }
    "keep", "a word of `keep`" {
        "best": ["keep: best(validation.loss)"] => "Ends with the weights of the epoch where the measure was best.",
            see "keep";
    }
    "class_weights", "a word of `class_weights`" {
        "balanced": ["class_weights: balanced"] => "Each class counts as much as every other, however rare it is.",
            see "class_weights";
    }
    "penalty", "a word of `l1` and `l2`" {
        "weights": ["loss: mse(p, y) + 1e-4 * l2(weights)", "loss: mse(p, y) + 1e-4 * l2(\"dense1.*\")"] =>
            "All trainable numbers of the model; a path or a glob in its place names some.", see "l2" "l1";
    }
    "expression", "a condition of `if`" {
        "training": ["if training { x + 0.1 * normal([8]) } else { x }"] =>
            "Holds in a training step, and not when the model is measured or predicts.", see "if" "Dropout";
    }
    "residual", "an argument of `residual`" {
        "shortcut": ["residual(shortcut: Dense(8)) { Dense(8) }"] => "What is added in the place of the input.",
            see "residual";
    }
    "sweep", "a word of `sweep`" {
        "best": ["best: min(validation.loss)"] =>
            "Which point of a sweep is the best; left out, the one with the best of what `keep` names, else the \
             smallest loss of the validation split, or of the training split where there is no other. Of several trains \
             the last is meant.", see "sweep";
        "require": ["require: width <= 64 or lr < 1e-3"] => "Leaves out the points for which it does not hold.",
            see "sweep";
        "try": ["try: random(20, seed: 1)"] => "How many points are tried; the grid where it is left out.", see "sweep";
        "random": ["try: random(20, seed: 1)"] => "So many different points, drawn at random; the same for the same seed.",
            see "sweep";
        "log": ["lr: log(1e-4 .. 1e-2)"] =>
            "Values that are drawn so that each order of magnitude has the same share.", see "sweep";
        "min": ["best: min(validation.loss)"] => "The smallest is the best.", see "sweep";
        "max": ["best: max(validation.accuracy)"] => "The largest is the best.", see "sweep";
    }
};

/// All of them, place by place.
pub fn small_words() -> impl Iterator<Item = &'static SmallWord> {
    ALL.iter()
}

/// The word of this name in this place.
pub fn small_word(name: &str, place: &str) -> Option<&'static SmallWord> {
    ALL.iter().find(|word| word.name == name && word.place == place)
}

/// What a word is that means the same wherever it can stand.
pub fn keyword(name: &str) -> Option<&'static SmallWord> {
    ["item", "statement", "header", "operator", "value", "type"].into_iter().find_map(|place| small_word(name, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_told_once_in_its_place() {
        let mut seen = BTreeSet::new();
        for word in small_words() {
            assert!(seen.insert((word.name, word.place)), "{} in {}", word.name, word.place);
            assert!(word.summary.ends_with('.') && !word.syntax.is_empty(), "{}", word.name);
            assert!(word.syntax.iter().any(|line| line.contains(word.name)), "{}", word.name);
        }
    }
}
