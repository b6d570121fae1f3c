//! What makes examples of several rows.

use crate::catalog::{Body, Entry, Example, Param, ParamType};

/// All of them.
pub static ALL: &[&Entry] = &[&WINDOWS, &SEQUENCES];

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
    elsewhere: &[("groupby", "pandas"), ("pad_sequence", "PyTorch"), ("group_by", "Polars")],
    body: Body::DataFunction,
};
