//! What can be done to data before a model sees it.

use crate::catalog::{Body, Bounds, Entry, Example, Param, ParamType};

/// All of them.
pub static ALL: &[&Entry] = &[
    &CLASSES,
    &ONE_HOT,
    &STANDARDIZE,
    &RESCALE,
    &FILL,
    &RESHAPE,
    &CONCAT,
    &FIRST,
    &DROP_MISSING,
    &ABS,
    &SQRT,
    &EXP,
    &LOG,
    &SIN,
    &COS,
    &TANH,
    &SIGMOID,
    &SIGN,
    &FLOOR,
    &CEIL,
    &RELU,
];

const FIELD: Param = Param::required("x", ParamType::Tensor, "the field");

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "" }
}

/// `sklearn.preprocessing.LabelEncoder`.
pub static CLASSES: Entry = Entry {
    name: "classes",
    summary: "Numbers the distinct values, sorted; or takes numbers 0 .. n-1 as they are.",
    formula: "",
    params: &[
        FIELD,
        Param::optional(
            "n",
            ParamType::Whole { min: 1, max: 1 << 31 },
            "none",
            "how many classes there are, where the values are their numbers already",
        ),
        Param::optional(
            "unknown",
            ParamType::Bool,
            "false",
            "whether names come from the training split only, and all others are one more class, `<unknown>`",
        ),
    ],
    shapes: &["[..] -> class(n)[..]"],
    example: example("t.species |> classes"),
    source: "sklearn.preprocessing.LabelEncoder",
    elsewhere: &[("LabelEncoder", "scikit-learn"), ("factorize", "pandas"), ("StringLookup", "Keras")],
    body: Body::DataFunction,
};

/// `sklearn.preprocessing.OneHotEncoder`.
pub static ONE_HOT: Entry = Entry {
    name: "one_hot",
    summary: "A class as numbers: 1 at its position, 0 at all others, along a new last axis.",
    formula: "",
    params: &[FIELD],
    shapes: &["class(n)[..] -> [.., n]"],
    example: example("t.color |> classes |> one_hot"),
    source: "sklearn.preprocessing.OneHotEncoder",
    elsewhere: &[("OneHotEncoder", "scikit-learn"), ("get_dummies", "pandas")],
    body: Body::DataFunction,
};

/// `sklearn.preprocessing.StandardScaler`.
pub static STANDARDIZE: Entry = Entry {
    name: "standardize",
    summary: "Subtracts the mean and divides by the standard deviation of the training split, column by column.",
    formula: "(x - mean) / std, the variance divided by n; a constant column becomes 0",
    params: &[FIELD],
    shapes: &["[..] -> [..]"],
    example: example("t[a .. f] |> standardize"),
    source: "sklearn.preprocessing.StandardScaler",
    elsewhere: &[("StandardScaler", "scikit-learn"), ("Normalization", "Keras"), ("Normalize", "torchvision")],
    body: Body::DataFunction,
};

/// `sklearn.preprocessing.MinMaxScaler`.
pub static RESCALE: Entry = Entry {
    name: "rescale",
    summary: "Maps the smallest and largest value of the training split to the ends of a range, column by column.",
    formula: "lo + (x - min) * (hi - lo) / (max - min)",
    params: &[FIELD, Param::required("to", ParamType::Range, "the range, `0 .. 1`")],
    shapes: &["[..] -> [..]"],
    example: example("t[a .. f] |> rescale(0 .. 1)"),
    source: "sklearn.preprocessing.MinMaxScaler",
    elsewhere: &[("MinMaxScaler", "scikit-learn"), ("Rescaling", "Keras")],
    body: Body::DataFunction,
};

/// `sklearn.impute.SimpleImputer`.
pub static FILL: Entry = Entry {
    name: "fill",
    summary: "Puts the mean or median of the training split, a number or a text in place of missing values.",
    formula: "",
    params: &[
        FIELD,
        Param::required(
            "with",
            ParamType::OneOf(&[
                ParamType::Choice(&["mean", "median"]),
                ParamType::Number(Bounds::ANY),
                ParamType::Text,
            ]),
            "`mean`, `median`, or the value itself",
        ),
    ],
    shapes: &["[..] -> [..]"],
    example: example("t.age |> fill(median)"),
    source: "sklearn.impute.SimpleImputer",
    elsewhere: &[("fillna", "pandas"), ("SimpleImputer", "scikit-learn"), ("fill_null", "Polars")],
    body: Body::DataFunction,
};

/// `numpy.reshape` of each example.
pub static RESHAPE: Entry = Entry {
    name: "reshape",
    summary: "The same values in another shape, per example.",
    formula: "",
    params: &[
        FIELD,
        Param::required("shape", ParamType::Shape { hole: true }, "the shape; one size may be `_`, what is left over"),
    ],
    shapes: &["[..] -> shape"],
    example: example("idx(\"images.gz\") / 255 |> reshape([1, 28, 28])"),
    source: "numpy.reshape",
    elsewhere: &[],
    body: Body::DataFunction,
};

/// `numpy.concatenate` of each example.
pub static CONCAT: Entry = Entry {
    name: "concat",
    summary: "Fields one behind the other along an axis of the example.",
    formula: "",
    params: &[
        Param::required("fields", ParamType::Tensors, "the fields"),
        Param::optional("axis", ParamType::Axis, "0", "the axis that grows"),
    ],
    shapes: &["[A, ..], [B, ..] -> [A + B, ..]"],
    example: example("concat([t[a .. f] |> standardize, t.color |> classes |> one_hot])"),
    source: "numpy.concatenate",
    elsewhere: &[("ColumnTransformer", "scikit-learn")],
    body: Body::DataFunction,
};

/// The first position.
pub static FIRST: Entry = Entry {
    name: "first",
    summary: "The first value along the first axis: of a column that is constant in each sequence.",
    formula: "",
    params: &[FIELD],
    shapes: &["[T, ..] -> [..]"],
    example: example("t[a, b, c] |> first"),
    source: "",
    elsewhere: &[],
    body: Body::DataFunction,
};

/// `pandas.DataFrame.dropna`.
pub static DROP_MISSING: Entry = Entry {
    name: "drop_missing",
    summary: "The rows of a table in which nothing is missing.",
    formula: "",
    params: &[
        Param::required("table", ParamType::Table, "the table"),
        Param::optional("columns", ParamType::Names, "none", "the columns that must be there; all if left out"),
    ],
    shapes: &["a table -> a table"],
    example: example("csv(\"data.csv\") |> drop_missing"),
    source: "pandas.DataFrame.dropna",
    elsewhere: &[("dropna", "pandas"), ("drop_nulls", "Polars")],
    body: Body::DataFunction,
};

/// Functions of each number mean the same for data as in a model; only the reader differs.
macro_rules! elementwise {
    ($($item:ident $name:literal $summary:literal $example:literal)*) => {$(
        #[doc = $summary]
        pub static $item: Entry = Entry {
            name: $name,
            summary: $summary,
            formula: "",
            params: &[FIELD],
            shapes: &["[..] -> [..]"],
            example: example($example),
            source: concat!("torch.", $name),
            elsewhere: &[],
            body: Body::DataFunction,
        };
    )*};
}

elementwise! {
    ABS "abs" "Each number without its sign." "t.change |> abs"
    SQRT "sqrt" "The square root of each number." "t.area |> sqrt"
    EXP "exp" "e to the power of each number." "t.score |> exp"
    LOG "log" "The natural logarithm of each number; for prices, counts and other skewed columns." "t.price |> log"
    SIN "sin" "The sine of each number, in radians." "t.angle |> sin"
    COS "cos" "The cosine of each number, in radians." "t.angle |> cos"
    TANH "tanh" "Squeezes numbers between -1 and 1." "t.score |> tanh"
    SIGMOID "sigmoid" "Squeezes numbers between 0 and 1." "t.score |> sigmoid"
    SIGN "sign" "-1, 0 or 1, as each number is negative, zero or positive." "t.change |> sign"
    FLOOR "floor" "Each number rounded down." "t.age |> floor"
    CEIL "ceil" "Each number rounded up." "t.age |> ceil"
    RELU "relu" "Keeps positive numbers and turns negative ones into 0." "t.gain |> relu"
}
