//! What can be wrong with data, as facts. Their words are in `wording`.

use super::place::{MissingIn, OperandValue, Place};
use super::source_spec::Split;
use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// A problem and the place in the `.nn` file that it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct DataError {
    /// Where.
    pub span: Span,
    /// What. Boxed, because results carry it.
    pub problem: Box<DataProblem>,
}

impl DataError {
    /// A problem at `span`.
    pub fn new(span: Span, problem: DataProblem) -> Self {
        DataError { span, problem: Box::new(problem) }
    }

    /// In words.
    pub fn diagnostic(&self) -> Diagnostic {
        self.problem.diagnostic(self.span)
    }
}

/// What most of this module returns.
pub type DataResult<T> = Result<T, DataError>;

/// What the first line of a file is that should be a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstLine {
    /// An example like the others.
    Example,
    /// A comment.
    Comment,
    /// The beginning of a web page.
    Page,
    /// The beginning of JSON.
    Json,
    /// The beginning of what git-lfs keeps in place of a large file.
    GitLfs,
}

/// Something wrong with the data, or with what is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub enum DataProblem {
    /// The file is not there.
    NoFile {
        /// As the user wrote it.
        written: String,
        /// The most similar path that does exist, written the same way.
        nearest: Option<String>,
        /// The first folder on its way that does not exist, if that is why.
        missing_folder: Option<String>,
    },
    /// The file is there but cannot be read.
    Unreadable {
        /// As the user wrote it.
        written: String,
        /// What the system said.
        reason: String,
    },
    /// Data that is too large for memory has no room on the disk either.
    NoRoomBeside {
        /// The folder of the file that was to hold it.
        folder: String,
        /// Bytes of the file, as far as it came.
        written: u64,
        /// What the system said.
        reason: String,
    },
    /// What was kept in a file, or is read from its own as it is needed, cannot be read any more.
    LostBeside {
        /// What the system said.
        reason: String,
    },
    /// A file or source holds no rows.
    Empty {
        /// As the user wrote it.
        written: String,
        /// Whether it has a header at least.
        header: bool,
    },
    /// A byte sequence that is not UTF-8.
    NotUtf8 {
        /// The line.
        place: Place,
    },
    /// A file that is read as text, and begins as one of another format does.
    OtherFormat {
        /// As the user wrote it.
        written: String,
        /// What it is: `a NumPy array`.
        format: &'static str,
        /// What reads such a file, or how it becomes one that is read.
        instead: &'static str,
    },
    /// A row has more or fewer cells than there are columns.
    RaggedRow {
        /// The row.
        place: Place,
        /// Its number of cells.
        cells: usize,
        /// The number of columns.
        columns: usize,
        /// Whether one of its cells goes on over several lines: a quote may never be closed.
        over_lines: bool,
    },
    /// A quote that opens a cell is never closed: the rest of the file would be that cell.
    NeverCloses {
        /// The row.
        place: Place,
    },
    /// Two columns have one name.
    DuplicateColumn {
        /// The name.
        column: String,
        /// Where from.
        source: String,
        /// Their positions, from 1.
        positions: (usize, usize),
    },
    /// Files that make one table do not have the same columns.
    ColumnsDiffer {
        /// The first file.
        first: String,
        /// A file that differs.
        other: String,
        /// Columns that the other lacks.
        lacking: Vec<String>,
        /// Columns that only the other has.
        extra: Vec<String>,
    },
    /// A table has no such column.
    NoColumn {
        /// The name.
        column: String,
        /// The most similar name.
        nearest: Option<String>,
        /// All names.
        columns: Vec<String>,
        /// Where from.
        source: String,
    },
    /// A range of columns that runs backwards.
    RangeReversed {
        /// First, as written.
        from: String,
        /// Last, as written.
        to: String,
    },
    /// A column chosen twice.
    ChosenTwice {
        /// Its name.
        column: String,
    },
    /// A choice of columns that leaves none.
    NothingChosen,
    /// `except:` names a column that was not chosen.
    ExceptNotChosen {
        /// Its name.
        column: String,
    },
    /// The first line of a file, which should name its columns, does something else.
    NoHeader {
        /// The file.
        source: String,
        /// Its first line.
        line: String,
        /// What that is.
        reading: FirstLine,
    },
    /// Text where numbers are needed.
    TextForNumber {
        /// The column.
        column: String,
        /// The first cell that is not a number.
        value: String,
        /// Where it is.
        place: Place,
        /// How many cells are not numbers.
        count: u64,
        /// Of how many rows.
        rows: u64,
        /// Whether the data is other data than the one that was learned from, where the column held numbers.
        is_new: bool,
        /// What needs numbers: `standardize`, `+`, `field x`.
        wanted_by: String,
    },
    /// Missing values that nothing fills.
    Missing {
        /// The columns with missing values.
        columns: Vec<MissingIn>,
        /// What they reach: a field or a function.
        reaches: String,
    },
    /// A field that uses no source.
    ConstantField,
    /// `drop_missing` leaves no row.
    AllDropped {
        /// Where the rows come from.
        source: String,
        /// How many there were.
        rows: usize,
    },
    /// An estimate over a column of which the training split has no value.
    NothingToEstimate {
        /// The column, or the expression.
        what: String,
        /// `standardize`, `fill`, …
        wanted_by: &'static str,
    },
    /// Two parts of one data block take different rows of one table.
    RowsDiffer {
        /// The table's source.
        source: String,
    },
    /// A label that is not one of `0 .. n-1`.
    LabelOutside {
        /// What holds it: a column or a file.
        what: String,
        /// The value as it stands in the data.
        value: String,
        /// Where it is, where that is known.
        place: Option<Place>,
        /// The number of classes that was written.
        classes: usize,
        /// What the data would need, where it is integers from 0.
        needed: Option<usize>,
    },
    /// `classes` of values that are computed from estimates.
    ClassesOfEstimate,
    /// `one_hot` of something that is not a class.
    OneHotOfNumbers,
    /// More distinct values than an `f32` can number.
    TooManyClasses {
        /// How many.
        count: usize,
    },
    /// A function that does not work on classes or text was given them.
    ClassesForNumber {
        /// The function or operator.
        wanted_by: String,
    },
    /// `fill` with something that does not suit the column.
    FillMismatch {
        /// The column or field.
        column: String,
        /// What was to be filled in: `mean`, `median`, `"unknown"`, `0`.
        filling: String,
        /// Whether the column is text.
        text: bool,
    },
    /// An idx or npy file that is not one.
    BadArray {
        /// As the user wrote it.
        written: String,
        /// `idx`, `npy`
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder of images that has no folder for any class.
    NoClassFolders {
        /// As the user wrote it.
        folder: String,
        /// How many images lie in it directly.
        images: usize,
    },
    /// A folder without an image in it.
    NoImages {
        /// As the user wrote it, and the class.
        folder: String,
    },
    /// An image of a format that is not read.
    ImageFormat {
        /// The file.
        written: String,
        /// `webp`, `gif`
        format: String,
    },
    /// A png or jpeg file that is not one.
    BrokenImage {
        /// The file.
        written: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Arrays that make one source have different shapes.
    ArraysDiffer {
        /// The first file and its shape of an example.
        first: (String, Vec<usize>),
        /// A file that differs and its shape of an example.
        other: (String, Vec<usize>),
    },
    /// Two fields of a data block have different numbers of examples.
    LengthsDiffer {
        /// A field, its number of examples, and the split this is about.
        first: (String, usize),
        /// Another one.
        other: (String, usize),
        /// The split, where the sources are given per split.
        split: Option<Split>,
    },
    /// One field comes split, the other does not, or they name different splits.
    SplitsDiffer {
        /// A field and the splits that its source names (none: not split).
        first: (String, Vec<Split>),
        /// Another one.
        other: (String, Vec<Split>),
    },
    /// A source is given per split, but without `train`.
    NoTrain {
        /// The splits that it names.
        given: Vec<Split>,
    },
    /// Shares that do not make 100 %.
    Shares {
        /// As written.
        shares: Vec<(Split, f64)>,
        /// Their sum.
        sum: f64,
    },
    /// A share that is not between 0 and 1.
    ShareOutside {
        /// Of which split.
        split: Split,
        /// As a fraction.
        share: f64,
    },
    /// A split named twice in one setting.
    ShareTwice {
        /// Which.
        split: Split,
    },
    /// A setting names a split that the sources give already.
    SplitGiven {
        /// Which.
        split: Split,
    },
    /// A split that gets no example.
    EmptySplit {
        /// Which.
        split: Split,
        /// Its share.
        share: f64,
        /// The number of examples to share.
        rows: usize,
    },
    /// `stratify:` by something that is not a scalar class.
    StratifyNotClass {
        /// Its type in words.
        found: String,
    },
    /// A number that is infinite, or a computation that has no finite result.
    NotFinite {
        /// The field or column.
        what: String,
        /// `inf`, `-inf` or `NaN`, or the cell as it stands.
        value: String,
        /// Where, where that is known.
        place: Option<Place>,
        /// Whether it stands so in the data, rather than being computed.
        in_data: bool,
    },
    /// A computation that has no finite result for some examples: a division by 0.
    NoFiniteResult {
        /// The field.
        field: String,
        /// `/`, `log`; none where it is neither an operator nor a function.
        operation: Option<&'static str>,
        /// What it works on, in the first such example.
        operands: Vec<OperandValue>,
        /// What comes out.
        result: f64,
        /// Where the first such example stands, where that is known.
        place: Option<Place>,
        /// How many examples (positions, where they have such) this happens in.
        count: usize,
        /// Of how many.
        rows: usize,
    },
    /// A function of a number for which it has no finite value: `log` of 0.
    OutsideDomain {
        /// The function.
        function: &'static str,
        /// The column, or the file.
        column: String,
        /// The number.
        value: String,
        /// Where it stands.
        place: Place,
    },
    /// Two shapes that cannot be combined elementwise.
    Broadcast {
        /// The operator.
        op: &'static str,
        /// The left shape.
        left: Vec<usize>,
        /// The right shape.
        right: Vec<usize>,
    },
    /// Fields (or parts of one) whose examples are not the same thing.
    UnitsDiffer {
        /// A field, and what an example of it is.
        first: (String, String),
        /// Another one.
        other: (String, String),
        /// Their sources, where they are two.
        sources: Option<(String, String)>,
    },
    /// A split has fewer rows than a window needs.
    WindowTooLong {
        /// The split, where the rows are split before windows are made.
        split: Option<Split>,
        /// Its rows.
        rows: usize,
        /// The rows that a window needs.
        reach: usize,
        /// Where the rows come from.
        source: String,
    },
    /// A warning: windows that share rows are split at random, so that rows of the test split are trained on.
    WindowsOverlap {
        /// Rows from the start of one to the start of the next.
        stride: usize,
        /// Rows that one takes.
        rows: usize,
    },
    /// `windows` of something that has not one value a row.
    WindowsOf {
        /// What an example of it is.
        found: String,
    },
    /// Something that would need examples of equal length.
    LengthsOfTheirOwn {
        /// `reshape`, `concat`, `+`
        function: String,
    },
    /// `pad` to a length that some example exceeds.
    PadTooShort {
        /// As written.
        length: usize,
        /// The longest example.
        longest: usize,
    },
    /// `pad` of classes with a number.
    PadOfClasses,
    /// `first` of an example without any position.
    FirstOfNothing {
        /// Which, from 1.
        example: usize,
    },
    /// Tokens of something that is not one text an example.
    TokensOf {
        /// `characters`, `words`
        function: &'static str,
        /// What it is.
        found: String,
    },
    /// Marks of start and end in one long text.
    EndsOfOneText {
        /// `characters`, `words`
        kind: &'static str,
    },
    /// `like:` names something that is not a class.
    LikeNotClass,
    /// A token that the field whose names are taken does not have.
    NotInLike {
        /// The token.
        token: String,
        /// How often it stands in the text.
        count: u64,
    },
    /// `reshape` to another number of elements.
    Reshape {
        /// The shape that is there.
        from: Vec<usize>,
        /// The dims as written.
        to: Vec<Option<usize>>,
    },
    /// `concat` of shapes that differ elsewhere than in the axis.
    ConcatShapes {
        /// The first shape.
        first: Vec<usize>,
        /// One that does not fit.
        other: Vec<usize>,
        /// As written.
        axis: isize,
    },
    /// An axis that the shape does not have.
    NoAxis {
        /// As written.
        axis: isize,
        /// The shape.
        shape: Vec<usize>,
    },
    /// An argument of a source or function outside its bounds.
    Argument {
        /// Of what: `moons`, `rescale`.
        of: &'static str,
        /// Its name.
        argument: &'static str,
        /// As written.
        value: String,
        /// What is allowed, as the end of "must be …".
        wanted: &'static str,
    },
    /// A class name that was not there when the model was trained.
    UnknownClass {
        /// The field.
        field: String,
        /// The name.
        name: String,
        /// Where.
        place: Option<Place>,
        /// The names that are known.
        known: Vec<String>,
    },
    /// New data of a kind that cannot take the place of a source.
    WrongReplacement {
        /// What the plan reads: `csv`, `idx`.
        wanted: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// The fields asked for come from several sources, so one file cannot replace them.
    SeveralSources {
        /// The fields.
        fields: Vec<String>,
    },
    /// The new data's examples have another shape.
    ReplacementShape {
        /// The field.
        field: String,
        /// The shape the model was trained with.
        wanted: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// What was saved with the weights does not belong to this data block.
    FittedMismatch {
        /// The field.
        field: String,
        /// What is missing or different.
        reason: String,
    },
    /// A data block has no field of this name.
    NoField {
        /// The name.
        field: String,
        /// The fields there are.
        fields: Vec<String>,
    },
    /// More rows than can be numbered.
    TooManyRows {
        /// How many.
        rows: u64,
    },
}

/// What the readers return, which do not know where in the `.nn` file they are called for.
pub(crate) type Found<T> = Result<T, Box<DataProblem>>;

/// Puts a problem at its place.
pub(crate) trait At<T> {
    /// At `span`.
    fn at(self, span: Span) -> DataResult<T>;
}

impl<T> At<T> for Found<T> {
    fn at(self, span: Span) -> DataResult<T> {
        self.map_err(|problem| DataError { span, problem })
    }
}
