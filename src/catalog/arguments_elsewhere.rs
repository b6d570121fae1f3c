//! Arguments by the names that other frameworks give them.

/// What an argument of another framework is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentElsewhere {
    /// An argument of another name.
    Called(&'static str),
    /// Nothing: why.
    NotNeeded(&'static str),
    /// A stage behind the layer.
    Stage,
}

/// Our names with those that they have elsewhere. A name may stand in several lists: a layer has one of ours.
const CALLED: &[(&str, &[&str])] = &[
    ("units", &["out_features", "output_dim", "num_units", "n_units", "neurons", "output_size", "out_dim"]),
    ("channels", &["out_channels", "filters", "num_filters", "n_filters", "output_channels"]),
    ("kernel", &["kernel_size", "pool_size", "filter_size", "window_shape", "ksize"]),
    ("stride", &["strides"]),
    ("padding", &["pad"]),
    ("dilation", &["dilation_rate"]),
    ("groups", &["num_groups"]),
    ("bias", &["use_bias", "add_bias"]),
    ("init", &["kernel_initializer", "weight_init", "initializer", "kernel_init", "embeddings_initializer"]),
    ("p", &["rate", "prob", "dropout_rate", "drop_prob"]),
    ("eps", &["epsilon"]),
    ("width", &["embedding_dim", "embed_dim", "output_dim", "dim", "d_model"]),
    ("hidden", &["hidden_size", "units", "hidden_dim", "dim_feedforward", "ff_dim", "num_hidden"]),
    ("layers", &["num_layers", "n_layers", "depth"]),
    ("heads", &["num_heads", "nhead", "n_heads", "n_head"]),
    ("causal", &["is_causal", "use_causal_mask"]),
    ("max", &["max_len", "max_length", "max_position_embeddings", "maxlen"]),
    ("scale", &["scale_factor", "size"]),
    ("axis", &["dim", "axes", "dims"]),
    ("keep", &["keepdim", "keepdims"]),
    ("lr", &["learning_rate", "rate", "eta"]),
    ("beta1", &["beta_1"]),
    ("beta2", &["beta_2"]),
    ("weight_decay", &["decay", "wd"]),
    ("factor", &["gamma", "decay_rate", "decay_factor"]),
    ("every", &["step_size", "decay_steps"]),
    ("to", &["eta_min", "min_lr", "end_lr", "end_factor", "end_learning_rate"]),
    ("peak", &["max_lr", "peak_lr"]),
    ("std", &["stddev", "scale"]),
    ("weight", &["class_weight", "class_weights", "pos_weight"]),
    ("ignore", &["ignore_index", "ignore_class"]),
    ("target", &["targets", "labels", "y_true"]),
    ("delta", &["beta"]),
    ("k", &["top_k"]),
    ("size", &["image_size", "target_size", "output_size"]),
    ("dir", &["directory", "root"]),
    ("columns", &["names", "usecols"]),
];

const SIZE: &str = "the size of the input is inferred";
const BATCH: &str = "the batch is never an axis here";
const NOT_NEEDED: &[(&str, &str)] = &[
    ("in_features", SIZE),
    ("in_channels", SIZE),
    ("num_features", SIZE),
    ("input_dim", SIZE),
    ("input_size", SIZE),
    ("input_shape", SIZE),
    ("batch_input_shape", SIZE),
    ("input_length", SIZE),
    ("num_channels", SIZE),
    ("normalized_shape", SIZE),
    ("key_dim", "each head takes its part of the width"),
    ("embed_dim", SIZE),
    ("d_model", SIZE),
    ("num_embeddings", "the vocabulary is that of the input, a `class(n)`"),
    ("vocab_size", "the vocabulary is that of the input, a `class(n)`"),
    ("batch_first", BATCH),
    ("time_major", BATCH),
    ("start_dim", BATCH),
    ("reduction", "a loss is averaged over the batch"),
    ("size_average", "a loss is averaged over the batch"),
    ("inplace", "no value changes in place"),
    ("device", "there is nothing to move"),
    ("dtype", "numbers are 32-bit floats"),
    ("name", "a layer is named by `let`"),
    ("data_format", "images are `[C, H, W]`"),
    ("mask_zero", "padding is known from the data and kept out of every result"),
    ("mask", "padding is known from the data and kept out of every result"),
    ("attn_mask", "padding is known from the data; `causal: true` hides what comes later"),
    ("key_padding_mask", "padding is known from the data and kept out of every result"),
    ("padding_mask", "padding is known from the data and kept out of every result"),
    ("padding_idx", "padding is known from the data and kept out of every result"),
    ("params", "all weights of the model are trained, without those in `freeze`"),
    ("training", "`Dropout` and the like know whether they train"),
    ("requires_grad", "what is not trained stands in `freeze:`, in `train`"),
    ("trainable", "what is not trained stands in `freeze:`, in `train`"),
];

/// What an argument `name` is to something with the arguments `known`.
pub fn argument_elsewhere<'k>(name: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<ArgumentElsewhere> {
    let called = |ours: &'static str| known.clone().any(|k| k == ours);
    let here = CALLED.iter().find(|(ours, theirs)| theirs.contains(&name) && called(ours));
    if let Some((ours, _)) = here {
        return Some(ArgumentElsewhere::Called(ours));
    }
    if matches!(name, "activation" | "nonlinearity" | "act" | "activation_fn") {
        return Some(ArgumentElsewhere::Stage);
    }
    NOT_NEEDED.iter().find(|(theirs, _)| *theirs == name).map(|(_, why)| ArgumentElsewhere::NotNeeded(why))
}

/// The names that one of our arguments has elsewhere.
pub fn names_of_argument(ours: &str) -> &'static [&'static str] {
    CALLED.iter().find(|(name, _)| *name == ours).map_or(&[], |(_, theirs)| theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_known_by_what_they_belong_to() {
        let of = |known: &'static [&'static str], name| argument_elsewhere(name, known.iter().copied());
        assert_eq!(of(&["units", "bias"], "out_features"), Some(ArgumentElsewhere::Called("units")));
        assert_eq!(of(&["hidden", "layers"], "units"), Some(ArgumentElsewhere::Called("hidden")));
        assert_eq!(of(&["x", "axis"], "dim"), Some(ArgumentElsewhere::Called("axis")));
        assert_eq!(of(&["width"], "embed_dim"), Some(ArgumentElsewhere::Called("width")));
        assert!(matches!(of(&["heads"], "embed_dim"), Some(ArgumentElsewhere::NotNeeded(_))));
        assert_eq!(of(&["units"], "activation"), Some(ArgumentElsewhere::Stage));
        assert_eq!(of(&["units"], "banana"), None);
    }
}
