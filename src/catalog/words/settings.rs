//! Settings of a `train`.

use super::{Word, WordKind};

const fn setting(
    name: &'static str,
    summary: &'static str,
    syntax: &'static [&'static str],
    text: &'static [&'static str],
    example: &'static str,
    elsewhere: &'static [(&'static str, &'static str)],
) -> Word {
    Word { name, kind: WordKind::Setting, summary, syntax, text, example, elsewhere }
}

/// All of them.
pub(super) static ALL: &[Word] = &[
    setting(
        "loss",
        "What training makes small: one number an example, averaged over the batch.",
        &["loss: expression", "loss: { name: expression, … }"],
        &[
            "Any scalar made of model outputs, model inputs and data fields, by name: a loss of the catalog, or \
             arithmetic. Named terms are added, and each is logged beside the sum.",
            "A name that is both an output and a field is an error that offers `Model.name` and `data.name`.",
        ],
        "  loss: { fit: cross_entropy(logits, y), size: 0.01 * mean(logits ^ 2) }\n",
        &[("criterion", "PyTorch"), ("loss_fn", "PyTorch"), ("objective", "XGBoost"), ("loss_weights", "Keras")],
    ),
    setting(
        "optimizer",
        "How weights are improved by their gradients.",
        &["optimizer: Name(lr: rate, …)"],
        &["One of the optimizers of the catalog. `lr` is what a `schedule` starts from."],
        "  optimizer: AdamW(lr: 1e-3, weight_decay: 0.01)\n",
        &[],
    ),
    setting(
        "schedule",
        "How the learning rate changes from step to step.",
        &["schedule: part", "schedule: part then part …"],
        &["Left out, the optimizer's `lr` stays. The schedules of the catalog are joined by `then`."],
        "  schedule: warmup(2 epochs) then cosine(to: 1e-5)\n",
        &[("lr_scheduler", "PyTorch"), ("scheduler", "PyTorch"), ("LearningRateScheduler", "Keras")],
    ),
    setting(
        "epochs",
        "How often training goes through the whole training split.",
        &["epochs: n"],
        &["Either it or `steps`. `--epochs n` takes its place. The last batch of an epoch may be smaller."],
        "  epochs: 20\n",
        &[("max_epochs", "Lightning"), ("num_epochs", "PyTorch"), ("n_epochs", "PyTorch"), ("nb_epoch", "Keras")],
    ),
    setting(
        "steps",
        "How many steps of the optimizer training has, in place of `epochs`.",
        &["steps: n"],
        &["It goes through the data as often as that takes, and may end within an epoch."],
        "  steps: 500\n",
        &[("max_steps", "Lightning"), ("steps_per_epoch", "Keras"), ("num_steps", "JAX"), ("iterations", "textbooks")],
    ),
    setting(
        "batch",
        "How many examples a step sees; 32 if left out.",
        &["batch: n"],
        &[],
        "  batch: 64\n",
        &[("batch_size", "PyTorch, Keras"), ("minibatch", "textbooks")],
    ),
    setting(
        "accumulate",
        "How many batches a step of the optimizer sees, one after the other; for large batches in little memory.",
        &["accumulate: n"],
        &[
            "A step is that of a batch n times larger, to rounding; losses are averaged over all of its examples. Layers that look \
             at other examples, `BatchNorm`, see one batch at a time. Steps, schedules and `steps:` count steps of the optimizer.",
        ],
        "  batch: 16\n  accumulate: 4\n",
        &[
            ("accumulate_grad_batches", "Lightning"),
            ("gradient_accumulation_steps", "Transformers"),
            ("accumulation_steps", "PyTorch"),
        ],
    ),
    setting(
        "recompute",
        "Computes what lies within blocks again in the backward pass in place of keeping it: less memory for more time.",
        &["recompute: blocks", "recompute: none"],
        &[
            "A block is an application of a `block` or a copy of a `repeat`; of those in each other, the outermost that holds no \
             `repeat`. Kept are its inputs and outputs. The numbers are the same to the last bit; a step takes up to a third longer.",
        ],
        "  recompute: blocks\n",
        &[
            ("checkpoint", "PyTorch"),
            ("gradient_checkpointing", "Transformers"),
            ("remat", "JAX"),
            ("recompute_grad", "TensorFlow"),
        ],
    ),
    setting(
        "ema",
        "Measures and keeps averages of the weights over the last steps in place of the weights themselves.",
        &["ema: decay"],
        &[
            "After the first step the averages are the weights; after each later one, average = decay * average + (1 - decay) * \
             weight. A decay of 0.99 looks back about 100 steps. The training loss of an epoch is still that of its steps, with the \
             weights themselves. Statistics of `BatchNorm` are those of the weights.",
        ],
        "  ema: 0.99\n",
        &[("AveragedModel", "PyTorch"), ("use_ema", "Keras"), ("ema_decay", "timm"), ("ema_momentum", "Keras")],
    ),
    setting(
        "metrics",
        "What is measured on the validation split after each epoch, and on the test split at the end.",
        &["metrics: [metric, metric(output, target), name: metric(…)]"],
        &["A metric alone takes its operands from the loss, where that has one call that fits; `name:` names one. \
             Measured is the whole split, not the mean over its batches."],
        "  metrics: [accuracy, f1(logits, y), best_two: top_k(2)]\n",
        &[],
    ),
    setting(
        "clip",
        "Keeps gradients from becoming too large.",
        &["clip: norm(c)", "clip: value(c)"],
        &[
            "`norm` scales all gradients together where their common length is above c; `value` cuts each number at -c and c.",
        ],
        "  clip: norm(1.0)\n",
        &[
            ("clip_grad_norm_", "PyTorch"),
            ("clip_grad_value_", "PyTorch"),
            ("clipnorm", "Keras"),
            ("clip_by_global_norm", "Optax"),
        ],
    ),
    setting(
        "shuffle",
        "Whether each epoch draws the examples in an order of its own; true if left out.",
        &["shuffle: true or false"],
        &["The order depends on the seed and the epoch alone."],
        "  shuffle: false\n",
        &[],
    ),
    setting(
        "drop_last",
        "Whether a last batch that is smaller than the others is left out; false if left out.",
        &["drop_last: true or false"],
        &[],
        "  drop_last: true\n",
        &[("drop_remainder", "TensorFlow")],
    ),
    setting(
        "seed",
        "The number that every draw depends on: initial weights, order, dropout; 42 if left out.",
        &["seed: n"],
        &["`--seed n` takes its place. The same file, data and seed give the same bytes, with any number of threads."],
        "  seed: 42\n",
        &[
            ("manual_seed", "PyTorch"),
            ("set_random_seed", "Keras"),
            ("PRNGKey", "JAX"),
            ("random_state", "scikit-learn"),
        ],
    ),
    setting(
        "class_weights",
        "Weighs each example by how rare its class is.",
        &["class_weights: balanced"],
        &[
            "A class of n_c of n examples counts n / (classes * n_c), estimated on the training split, for a loss whose \
             target is a field of classes.",
        ],
        "  class_weights: balanced\n",
        &[("class_weight", "scikit-learn"), ("pos_weight", "PyTorch")],
    ),
    setting(
        "stop",
        "Ends training where a measure has not become better for a while.",
        &["stop: patience(measure, duration)"],
        &[
            "The measure is that of a split, `validation.loss` or `validation.accuracy`; of the test split none may be, \
             for it is used once, at the end.",
        ],
        "  stop: patience(train.loss, 5 epochs)\n",
        &[("EarlyStopping", "Keras"), ("early_stopping", "Lightning")],
    ),
    setting(
        "patience",
        "For how long `stop` waits for a measure to become better.",
        &["stop: patience(measure, duration)"],
        &["It counts from the best value so far; a value that is not a number is not better."],
        "  stop: patience(train.loss, 5 epochs)\n",
        &[],
    ),
    setting(
        "keep",
        "Which weights a run ends with: those of the best measure rather than the last.",
        &["keep: best(measure)"],
        &["The test split and `expect` then see the kept weights."],
        "  keep: best(train.loss)\n",
        &[("save_best_only", "Keras"), ("restore_best_weights", "Keras"), ("ModelCheckpoint", "Keras")],
    ),
    setting(
        "freeze",
        "Weights that stay as they are.",
        &["freeze: [path, \"glob.*\"]"],
        &[
            "A path of a layer stands for all its weights; in a glob `*` stands for anything, dots too. A frozen `BatchNorm` \
           keeps its statistics.",
        ],
        "  freeze: [dense1]\n",
        &[("requires_grad", "PyTorch"), ("trainable", "Keras"), ("stop_grad", "JAX")],
    ),
    setting(
        "validate",
        "How often the validation split is measured; after each epoch if left out.",
        &["validate: duration"],
        &[],
        "  validate: 2 epochs\n",
        &[("validation_freq", "Keras"), ("val_check_interval", "Lightning")],
    ),
    setting(
        "load",
        "Starts from saved weights.",
        &["load: \"weights.safetensors\""],
        &["Paths are relative to the file. Weights are found by their names, and their shapes must agree."],
        "",
        &[("load_state_dict", "PyTorch"), ("load_weights", "Keras")],
    ),
    setting(
        "augment",
        "Changes the examples of each batch at random, in training alone.",
        &["augment: { field: augmentation |> …, [field, field]: augmentation }"],
        &[
            "Operations are done in order, on the values as the field gives them, and evaluation sees these unchanged. Fields in \
           one list share the draws: an image and its mask stay together. Draws depend on the seed, the step, the example and \
           the operation, never on threads or the place in the batch; only `mixup` mixes with another example of the batch. \
           `overfits` and gradient checks do without.",
        ],
        "",
        &[("transforms", "torchvision"), ("preprocessing layers", "Keras")],
    ),
];
