//! Where data comes from: files, literal rows, generators, and tables made of them.

use crate::source::Span;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A file as the user named it and where it lies.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DataFile {
    /// As written in the `.nn` file; what messages show. A `*` or `?` in its last part stands for several files.
    pub written: String,
    /// Resolved against the folder of the `.nn` file by the caller.
    pub path: PathBuf,
}

impl DataFile {
    /// A file `written` in a `.nn` file (or on the command line), which lies at `path`.
    pub fn new(written: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        DataFile { written: written.into(), path: path.into() }
    }
}

impl fmt::Debug for DataFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.path)
    }
}

/// One of the three parts of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What the weights and the estimates are fitted on.
    Train,
    /// What is measured after each epoch.
    Validation,
    /// What is measured once, at the end.
    Test,
}

impl Split {
    /// All three, in the order in which rows are numbered.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// As it is written: `train`, `validation`, `test`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }

    /// Its place in [`Split::ALL`].
    pub(crate) fn index(self) -> usize {
        match self {
            Split::Train => 0,
            Split::Validation => 1,
            Split::Test => 2,
        }
    }
}

/// Something that a source has once, or once per split.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PerSplit<T> {
    /// `csv("a.csv")`
    Whole(T),
    /// `csv(train: "a.csv", test: "b.csv")`
    Given {
        /// `train: …`
        train: Option<T>,
        /// `validation: …`
        validation: Option<T>,
        /// `test: …`
        test: Option<T>,
    },
}

impl<T> PerSplit<T> {
    /// The parts, in the order in which their rows are numbered, each with the index of its split (a whole counts as
    /// train).
    pub fn parts(&self) -> Vec<(Split, &T)> {
        match self {
            PerSplit::Whole(t) => vec![(Split::Train, t)],
            PerSplit::Given { train, validation, test } => Split::ALL
                .into_iter()
                .zip([train, validation, test])
                .filter_map(|(split, part)| part.as_ref().map(|p| (split, p)))
                .collect(),
        }
    }

    /// Whether the source says itself which rows belong to which split.
    pub fn is_given(&self) -> bool {
        matches!(self, PerSplit::Given { .. })
    }
}

/// A cell of `rows([[…]])`.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// `5`
    Number(f64),
    /// `"red"`
    Text(String),
    /// `none`
    Missing,
}

/// Where rows come from. Tables have named columns; arrays ([`Idx`](SourceSpec::Idx), [`Npy`](SourceSpec::Npy)) have
/// their examples along the first axis.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceSpec {
    /// `csv("a.csv")`, `csv(["a.csv", "b.csv"])`, `csv("part-*.csv")`, `csv(train: …, test: …)`: a table.
    Csv(PerSplit<Vec<DataFile>>),
    /// `idx("images-idx3-ubyte.gz")`: an array.
    Idx(PerSplit<Vec<DataFile>>),
    /// `npy("a.npy")`: an array.
    Npy(PerSplit<Vec<DataFile>>),
    /// `npz("a.npz").x`: an array.
    Npz {
        /// The archives.
        files: PerSplit<Vec<DataFile>>,
        /// The name of the array in each of them.
        array: String,
    },
    /// `text("a.txt")`: one long text.
    Text(PerSplit<Vec<DataFile>>),
    /// `text("a.txt") |> lines`: a table of one column, [`LINE`].
    Lines(PerSplit<Vec<DataFile>>),
    /// `image_folder("photos", size: 32)`: a folder of images for each class. Its column `label` is the class; its images
    /// are an array.
    ImageFolder {
        /// The folders that hold the folders of the classes.
        folders: PerSplit<Vec<DataFile>>,
        /// Height and width that images are brought to.
        size: [usize; 2],
        /// 1 (gray) or 3 (red, green, blue).
        channels: usize,
        /// Whether each image must lie in the folder of its class. New data to predict need not; it may be one file.
        labeled: bool,
    },
    /// `rows([[0, 1], [1, 0]], columns: [a, b])`: a table.
    Rows {
        /// The names of the columns.
        columns: Vec<String>,
        /// The cells, row by row.
        rows: Vec<Vec<Cell>>,
    },
    /// Two interleaving half circles: columns `x0`, `x1`, `label` (0 or 1).
    Moons {
        /// Number of points.
        n: usize,
        /// Standard deviation of the noise.
        noise: f64,
        /// Of the noise.
        seed: u64,
    },
    /// Arms of a spiral: columns `x0`, `x1`, `label`.
    Spirals {
        /// Number of points, all arms together.
        n: usize,
        /// Number of arms.
        classes: usize,
        /// Standard deviation of the noise.
        noise: f64,
        /// Of the noise.
        seed: u64,
    },
    /// Normal clouds around random centres: columns `x0`, …, `label`.
    Blobs {
        /// Number of points, all clouds together.
        n: usize,
        /// Number of clouds.
        classes: usize,
        /// Number of columns besides `label`.
        features: usize,
        /// Standard deviation of each cloud.
        std: f64,
        /// Of centres and points.
        seed: u64,
    },
    /// A sine wave: columns `x` (evenly from 0 to 2π `periods`) and `y` = sin x with noise.
    Sine {
        /// Number of points.
        n: usize,
        /// Number of periods.
        periods: f64,
        /// Standard deviation of the noise.
        noise: f64,
        /// Of the noise.
        seed: u64,
    },
    /// Numbers that have nothing to do with each other: columns `x0`, ….
    Random {
        /// Number of rows.
        n: usize,
        /// Number of columns.
        features: usize,
        /// Whole numbers below this one, each as likely; none for numbers from 0 to 1.
        classes: Option<usize>,
        /// Of the numbers.
        seed: u64,
    },
}

/// What a source gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceShape {
    Table,
    Array,
    Images,
    Text,
    Lines,
}

impl SourceSpec {
    /// Whether it is an array rather than a table with columns.
    pub fn is_array(&self) -> bool {
        matches!(self, SourceSpec::Idx(_) | SourceSpec::Npy(_) | SourceSpec::Npz { .. })
    }

    /// What can take its place.
    pub(crate) fn shape(&self) -> SourceShape {
        match self {
            SourceSpec::Idx(_) | SourceSpec::Npy(_) | SourceSpec::Npz { .. } => SourceShape::Array,
            SourceSpec::ImageFolder { .. } => SourceShape::Images,
            SourceSpec::Text(_) => SourceShape::Text,
            SourceSpec::Lines(_) => SourceShape::Lines,
            SourceSpec::Csv(_)
            | SourceSpec::Rows { .. }
            | SourceSpec::Moons { .. }
            | SourceSpec::Spirals { .. }
            | SourceSpec::Blobs { .. }
            | SourceSpec::Sine { .. }
            | SourceSpec::Random { .. } => SourceShape::Table,
        }
    }

    /// Whether it is a folder of images: both an array and a table of their labels.
    pub fn is_image_folder(&self) -> bool {
        matches!(self, SourceSpec::ImageFolder { .. })
    }

    /// What it is called in the language.
    pub fn name(&self) -> &'static str {
        match self {
            SourceSpec::Csv(_) => "csv",
            SourceSpec::Idx(_) => "idx",
            SourceSpec::Npy(_) => "npy",
            SourceSpec::Npz { .. } => "npz",
            SourceSpec::Text(_) => "text",
            SourceSpec::Lines(_) => "lines",
            SourceSpec::ImageFolder { .. } => "image_folder",
            SourceSpec::Rows { .. } => "rows",
            SourceSpec::Moons { .. } => "moons",
            SourceSpec::Spirals { .. } => "spirals",
            SourceSpec::Blobs { .. } => "blobs",
            SourceSpec::Sine { .. } => "sine",
            SourceSpec::Random { .. } => "random",
        }
    }

    /// Its files (or folders of images), where it has any, in row order.
    pub fn files(&self) -> Option<&PerSplit<Vec<DataFile>>> {
        match self {
            SourceSpec::Csv(f)
            | SourceSpec::Idx(f)
            | SourceSpec::Npy(f)
            | SourceSpec::Npz { files: f, .. }
            | SourceSpec::Text(f)
            | SourceSpec::Lines(f) => Some(f),
            SourceSpec::ImageFolder { folders, .. } => Some(folders),
            SourceSpec::Rows { .. }
            | SourceSpec::Moons { .. }
            | SourceSpec::Spirals { .. }
            | SourceSpec::Blobs { .. }
            | SourceSpec::Sine { .. }
            | SourceSpec::Random { .. } => None,
        }
    }
}

/// The name of the only column of [`SourceSpec::Lines`].
pub const LINE: &str = "line";

/// A table: a source with columns, perhaps with rows left out. Cheap to clone.
#[derive(Clone)]
pub struct TableExpr {
    /// Where it is written.
    pub span: Span,
    /// What it is.
    pub node: Arc<TableNode>,
}

/// What a table is made of.
#[derive(Debug)]
pub enum TableNode {
    /// All rows of a source.
    Source(SourceSpec),
    /// `t |> drop_missing`: the rows of a table in which no column (or none of the named ones) is missing.
    DropMissing {
        /// The table.
        table: TableExpr,
        /// The columns that must be there; all where none are named.
        columns: Option<Vec<String>>,
    },
    /// `t |> sequences(by: id)`: the same rows, those of each id of a file being one example.
    Sequences {
        /// The table.
        table: TableExpr,
        /// The columns that say which sequence a row belongs to.
        by: Vec<String>,
    },
}

impl TableExpr {
    /// All rows of a source.
    pub fn source(source: SourceSpec, span: Span) -> Self {
        TableExpr { span, node: Arc::new(TableNode::Source(source)) }
    }

    /// `self |> drop_missing`
    #[must_use]
    pub fn drop_missing(self, columns: Option<Vec<String>>, span: Span) -> Self {
        TableExpr { span, node: Arc::new(TableNode::DropMissing { table: self, columns }) }
    }

    /// The source that its rows come from.
    pub fn origin(&self) -> &SourceSpec {
        match &*self.node {
            TableNode::Source(s) => s,
            TableNode::DropMissing { table, .. } | TableNode::Sequences { table, .. } => table.origin(),
        }
    }

    /// `self |> sequences(by: …)`
    #[must_use]
    pub fn sequences(self, by: Vec<String>, span: Span) -> Self {
        TableExpr { span, node: Arc::new(TableNode::Sequences { table: self, by }) }
    }

    /// The columns whose values tell its sequences apart and where that is written, if its examples are sequences.
    pub fn sequences_by(&self) -> Option<(&[String], Span)> {
        match &*self.node {
            TableNode::Source(_) => None,
            TableNode::DropMissing { table, .. } => table.sequences_by(),
            TableNode::Sequences { by, .. } => Some((by, self.span)),
        }
    }
}

/// Without spans, so that equal tables look alike wherever they are written.
impl fmt::Debug for TableExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
