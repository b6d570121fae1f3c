//! What makes examples of several rows, or of text.

use crate::catalog::{Body, Bounds, Entry, Example, Param, ParamType};

/// All of them.
pub static ALL: &[&Entry] = &[&WINDOWS, &SEQUENCES, &CHARACTERS, &WORDS, &LINES, &PAD];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "" }
}

/// Stretches of a long series.
pub static WINDOWS: Entry = Entry {
    name: "windows",
    summary: "Rows that follow one another as one example, for series and text. Windows of one source with different \
              offsets stay aligned by their start; none crosses from one split into another.",
    formula: "window i: rows i * stride + offset .. i * stride + offset + length",
    params: &[
        Param::required("x", ParamType::Tensor, "something with one value a row"),
        Param::required("length", ParamType::Whole { min: 1, max: 1 << 32 }, "how many rows a window has"),
        Param::optional("stride", ParamType::Whole { min: 1, max: 1 << 32 }, "1", "rows from one start to the next"),
        Param::optional(
            "offset",
            ParamType::Whole { min: 0, max: 1 << 32 },
            "0",
            "how many rows after its start the window begins; 1 for the row after each",
        ),
    ],
    shapes: &["[..] -> [length, ..]"],
    example: example("csv(\"data/sequences/sunspots.csv\").sunactivity |> windows(12, offset: 1)"),
    source: "torch.Tensor.unfold",
    elsewhere: &[
        ("unfold", "PyTorch"),
        ("timeseries_dataset_from_array", "Keras"),
        ("sliding_window_view", "NumPy"),
        ("rolling", "pandas"),
    ],
    body: Body::DataFunction,
};

/// `pandas.DataFrame.groupby`, each group an example.
pub static SEQUENCES: Entry = Entry {
    name: "sequences",
    summary: "The rows of each id as one example: a sequence with a length of its own. Sequences stand in the order in \
              which their ids first appear, ids of different files apart.",
    formula: "",
    params: &[
        Param::required("table", ParamType::Table, "the table, a row a position"),
        Param::required("by", ParamType::Names, "the column that is the same within a sequence, or several"),
    ],
    shapes: &["t.a is [T], t[a .. f] is [T, D]"],
    example: example("csv(\"data/sequences/japanese_vowels_train.csv\") |> sequences(by: series)"),
    source: "pandas.DataFrame.groupby",
    elsewhere: &[("groupby", "pandas"), ("group_by", "Polars")],
    body: Body::DataFunction,
};

const TEXT: Param = Param::required("text", ParamType::Tensor, "a text, the lines of one, or a column of text");
const NAMES: &[Param] = &[
    TEXT,
    Param::optional(
        "max",
        ParamType::Whole { min: 1, max: 1 << 24 },
        "none",
        "how many of the most frequent have a class of their own; the rest are `<unknown>`",
    ),
    Param::optional(
        "unknown",
        ParamType::Bool,
        "false",
        "whether names come from the training split only, and all others are one more class, `<unknown>`",
    ),
    Param::optional("start", ParamType::Bool, "false", "whether each line begins with a `<start>`"),
    Param::optional("end", ParamType::Bool, "false", "whether each line finishes with an `<end>`"),
    Param::optional("like", ParamType::Tensor, "none", "a field whose classes are taken, with their numbers"),
];

/// Text, character by character.
pub static CHARACTERS: Entry = Entry {
    name: "characters",
    summary: "Numbers the characters of a text: of a whole text a character a row, of lines and cells a sequence each. \
              White space counts.",
    formula: "",
    params: NAMES,
    shapes: &["a text -> class(n) a row", "a line -> class(n)[T]"],
    example: example("text(\"data/text/as_you_like_it.txt\") |> characters |> windows(64, stride: 16)"),
    source: "",
    elsewhere: &[("StringLookup", "Keras"), ("unicode_split", "TensorFlow")],
    body: Body::DataFunction,
};

/// Text, word by word.
pub static WORDS: Entry = Entry {
    name: "words",
    summary: "Numbers the words of a text: runs of letters and digits, and each punctuation mark by itself. Upper and \
              lower case differ.",
    formula: "",
    params: NAMES,
    shapes: &["a text -> class(n) a row", "a line -> class(n)[T]"],
    example: example("t.species |> words(max: 2)"),
    source: "",
    elsewhere: &[("TextVectorization", "Keras"), ("CountVectorizer", "scikit-learn"), ("get_tokenizer", "torchtext")],
    body: Body::DataFunction,
};

/// Text, line by line.
pub static LINES: Entry = Entry {
    name: "lines",
    summary: "Makes each line of a text an example. An empty line counts as missing.",
    formula: "",
    params: &[Param::required("text", ParamType::Table, "the text")],
    shapes: &["a text -> a table of lines"],
    example: example("text(\"data/text/first_names.txt\") |> lines"),
    source: "",
    elsewhere: &[("TextLineDataset", "TensorFlow"), ("read_lines", "R")],
    body: Body::DataFunction,
};

/// Sequences of one length.
pub static PAD: Entry = Entry {
    name: "pad",
    summary: "Fills sequences up to one length, behind their end. Classes are filled up with a class of their own, \
              `<pad>`. What a model reads need not be padded.",
    formula: "",
    params: &[
        Param::required("x", ParamType::Tensor, "the sequences"),
        Param::required("length", ParamType::Whole { min: 1, max: 1 << 32 }, "the length; none may be longer"),
        Param::optional("value", ParamType::Number(Bounds::ANY), "0", "what they are filled with"),
    ],
    shapes: &["[T, ..] -> [length, ..]"],
    example: example("t[a, b, c] |> pad(5)"),
    source: "tf.keras.utils.pad_sequences",
    elsewhere: &[("pad_sequences", "Keras"), ("pad_sequence", "PyTorch")],
    body: Body::DataFunction,
};
