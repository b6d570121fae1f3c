//! Where data comes from.

use crate::catalog::{Body, Bounds, Entry, Example, Param, ParamType};

/// All of them.
pub static ALL: &[&Entry] =
    &[&CSV, &IDX, &NPY, &NPZ, &IMAGE_FOLDER, &TEXT, &ROWS, &MOONS, &SPIRALS, &BLOBS, &SINE, &RANDOM];

const fn example(code: &'static str) -> Example {
    Example { inputs: &[], code, output: "" }
}

const FILES: &[Param] = &[
    Param::optional("files", ParamType::Texts, "none", "a file, a list of files, or a pattern such as \"part-*.csv\""),
    Param::optional("train", ParamType::Texts, "none", "the files of the training split"),
    Param::optional("validation", ParamType::Texts, "none", "the files of the validation split"),
    Param::optional("test", ParamType::Texts, "none", "the files of the test split"),
];

const POINTS: Param =
    Param::required("n", ParamType::Whole { min: 1, max: 1 << 32 }, "how many points there are, all together");
const NOISE: Param = Param::optional(
    "noise",
    ParamType::Number(Bounds::NOT_NEGATIVE),
    "0",
    "the standard deviation of what is added to each point",
);
const SEED: Param = Param::optional("seed", ParamType::Whole { min: 0, max: i64::MAX }, "0", "which draw it is");

/// Tables in text files.
pub static CSV: Entry = Entry {
    name: "csv",
    summary: "A table from a text file with a header; the columns are chosen by name.",
    formula: "",
    params: FILES,
    shapes: &["t.a is a scalar, t[a] is [1], t[a .. f] has a number a column"],
    example: example("csv(\"data/tabular/iris.csv\")"),
    source: "RFC 4180",
    elsewhere: &[("read_csv", "pandas"), ("load_csv", "Hugging Face"), ("CsvDataset", "TensorFlow")],
    body: Body::Source,
};

/// Arrays in MNIST's format.
pub static IDX: Entry = Entry {
    name: "idx",
    summary: "An array in the format of MNIST; its first axis are the examples.",
    formula: "",
    params: FILES,
    shapes: &["all axes of the file but the first"],
    example: example("idx(\"data/images/digits8x8-1797-images-idx3-ubyte.gz\") / 16"),
    source: "LeCun, Cortes and Burges, the MNIST database",
    elsewhere: &[("MNIST", "torchvision"), ("FashionMNIST", "torchvision")],
    body: Body::Source,
};

/// Arrays of NumPy.
pub static NPY: Entry = Entry {
    name: "npy",
    summary: "An array that NumPy saved; its first axis are the examples.",
    formula: "",
    params: FILES,
    shapes: &["all axes of the file but the first"],
    example: example("npy(\"features.npy\")"),
    source: "numpy.save",
    elsewhere: &[("np.load", "NumPy")],
    body: Body::Source,
};

/// Archives of arrays of NumPy.
pub static NPZ: Entry = Entry {
    name: "npz",
    summary: "An archive of arrays that NumPy saved; each is chosen by its name, and its first axis are the examples.",
    formula: "",
    params: FILES,
    shapes: &["a.x: all axes of the array `x` but the first"],
    example: example("npz(\"features.npz\").x"),
    source: "numpy.savez",
    elsewhere: &[("np.savez", "NumPy")],
    body: Body::Source,
};

/// Images in folders.
pub static IMAGE_FOLDER: Entry = Entry {
    name: "image_folder",
    summary: "Images (png, jpeg) from a folder that has a folder of images for each class.",
    formula: "p.image: from 0 to 255, turned as its camera says, without transparency, resized to `size` with antialiasing; \
              gray = 0.299 red + 0.587 green + 0.114 blue",
    params: &[
        Param::optional("folders", ParamType::Texts, "none", "the folder, or a list of folders"),
        Param::optional("train", ParamType::Texts, "none", "the folder of the training split"),
        Param::optional("validation", ParamType::Texts, "none", "the folder of the validation split"),
        Param::optional("test", ParamType::Texts, "none", "the folder of the test split"),
        Param::optional(
            "size",
            ParamType::OneOf(&[ParamType::Size, ParamType::Shape { hole: false }]),
            "none",
            "the size of every image, `size: 32` or `size: [height, width]`; it must be given",
        ),
        Param::optional("channels", ParamType::Whole { min: 1, max: 3 }, "3", "1 for gray, 3 for red, green and blue"),
    ],
    shapes: &[
        "p.image is [channels, height, width], p.label the name of the folder, for `classes`",
        "the examples stand in the order of the names of folders and files; hidden ones do not count",
    ],
    example: example("image_folder(\"data/images/shapes\", size: 24, channels: 1)"),
    source: "torchvision.datasets.ImageFolder; resizing as Pillow's Image.resize with BILINEAR",
    elsewhere: &[("ImageFolder", "torchvision"), ("image_dataset_from_directory", "Keras")],
    body: Body::Source,
};

/// Texts.
pub static TEXT: Entry = Entry {
    name: "text",
    summary: "A text in UTF-8, to be cut by `characters`, `words` or `lines`.",
    formula: "",
    params: FILES,
    shapes: &["`characters` and `words` give a row a token"],
    example: example("text(\"data/text/as_you_like_it.txt\")"),
    source: "",
    elsewhere: &[("TextLineDataset", "TensorFlow")],
    body: Body::Source,
};

/// Rows in the program itself.
pub static ROWS: Entry = Entry {
    name: "rows",
    summary: "A table written in the program itself.",
    formula: "",
    params: &[
        Param::required("rows", ParamType::Rows, "the rows, each a list of numbers, strings or `none`"),
        Param::required("columns", ParamType::Names, "the names of the columns"),
    ],
    shapes: &["as csv"],
    example: example("rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])"),
    source: "",
    elsewhere: &[("DataFrame", "pandas"), ("from_tensor_slices", "TensorFlow")],
    body: Body::Source,
};

/// `sklearn.datasets.make_moons`.
pub static MOONS: Entry = Entry {
    name: "moons",
    summary: "Points on two interleaving half circles; columns x0, x1 and label.",
    formula: "label 0: (cos t, sin t); label 1: (1 - cos t, 0.5 - sin t); t from 0 to π",
    params: &[POINTS, NOISE, SEED],
    shapes: &["as csv"],
    example: example("moons(200, noise: 0.1)"),
    source: "sklearn.datasets.make_moons",
    elsewhere: &[("make_moons", "scikit-learn")],
    body: Body::Source,
};

/// Arms of a spiral.
pub static SPIRALS: Entry = Entry {
    name: "spirals",
    summary: "Points on the arms of a spiral, a class an arm; columns x0, x1 and label.",
    formula: "",
    params: &[
        POINTS,
        Param::optional("classes", ParamType::Whole { min: 2, max: 1000 }, "2", "how many arms there are"),
        NOISE,
        SEED,
    ],
    shapes: &["as csv"],
    example: example("spirals(300, classes: 3, noise: 0.1)"),
    source: "Lang and Witbrock 1988, Learning to Tell Two Spirals Apart",
    elsewhere: &[("make_spirals", "scikit-learn")],
    body: Body::Source,
};

/// `sklearn.datasets.make_blobs`.
pub static BLOBS: Entry = Entry {
    name: "blobs",
    summary: "Normal clouds around random centres, a class a cloud; columns x0, x1, .. and label.",
    formula: "",
    params: &[
        POINTS,
        Param::optional("classes", ParamType::Whole { min: 1, max: 1000 }, "3", "how many clouds there are"),
        Param::optional("features", ParamType::Whole { min: 1, max: 100_000 }, "2", "how many columns beside label"),
        Param::optional("std", ParamType::Number(Bounds::NOT_NEGATIVE), "1", "the standard deviation of a cloud"),
        SEED,
    ],
    shapes: &["as csv"],
    example: example("blobs(300, classes: 3)"),
    source: "sklearn.datasets.make_blobs",
    elsewhere: &[("make_blobs", "scikit-learn"), ("make_classification", "scikit-learn")],
    body: Body::Source,
};

/// A sine wave.
pub static SINE: Entry = Entry {
    name: "sine",
    summary: "Points of a sine wave; columns x and y.",
    formula: "y = sin(x), x evenly from 0 to 2π * periods",
    params: &[
        POINTS,
        Param::optional("periods", ParamType::Number(Bounds::POSITIVE), "1", "how many waves there are"),
        NOISE,
        SEED,
    ],
    shapes: &["as csv"],
    example: example("sine(200, noise: 0.1)"),
    source: "",
    elsewhere: &[],
    body: Body::Source,
};

/// Numbers without meaning, to measure with.
pub static RANDOM: Entry = Entry {
    name: "random",
    summary: "Random numbers that have nothing to do with each other, of any size: to measure how fast a network is.",
    formula: "uniform from 0 to 1; with `classes`, whole numbers from 0 to classes - 1, each as likely; columns x0, x1, ..",
    params: &[
        Param::required("n", ParamType::Whole { min: 1, max: 1 << 32 }, "how many rows there are"),
        Param::optional("features", ParamType::Whole { min: 1, max: 100_000 }, "1", "how many columns there are"),
        Param::optional(
            "classes",
            ParamType::Whole { min: 1, max: 1 << 24 },
            "none",
            "how many whole numbers there are",
        ),
        SEED,
    ],
    shapes: &["as csv"],
    example: example("random(100, features: 3, seed: 1)"),
    source: "",
    elsewhere: &[("rand", "torch, NumPy"), ("randint", "torch, NumPy"), ("FakeData", "torchvision")],
    body: Body::Source,
};
