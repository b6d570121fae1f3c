//! What can be wrong with a text, as facts. Their words are in `wording`.

use super::foreign::Foreign;
use crate::diagnostics::Edit;
use crate::source::Span;

/// A mistake of syntax.
#[derive(Debug, Clone, PartialEq)]
pub enum SyntaxError {
    /// Something stands where another thing was expected.
    Unexpected {
        /// What stands there; empty at the end of the text.
        span: Span,
        /// What was expected there, in the language's words.
        expected: String,
        /// How what stands there is called.
        found: String,
    },
    /// A bracket is never closed.
    Unclosed {
        /// The bracket.
        open: Span,
        /// What would close it.
        closer: char,
        /// Where it should be closed.
        at: Span,
        /// The bracket of another kind that was found instead.
        found: Option<Span>,
    },
    /// An item whose body has no `{`.
    NoBrace {
        /// Its first word.
        word: String,
        /// The last word of what stands before the body.
        header: Span,
        /// The last word of the body, if no `}` follows it.
        end: Option<Span>,
    },
    /// A bracket closes nothing.
    StrayClose {
        /// The bracket.
        span: Span,
        /// As written.
        bracket: char,
    },
    /// A string without its last quote.
    UnterminatedString {
        /// What there is of it.
        span: Span,
    },
    /// A string in single or curly quotes.
    SingleQuotes {
        /// With the quotes.
        span: Span,
        /// Which these are: `single quotes`.
        quotes: &'static str,
        /// Without.
        content: String,
    },
    /// A backslash before a character that needs none.
    UnknownEscape {
        /// The backslash and the character.
        span: Span,
        /// The same.
        text: String,
    },
    /// `// …` or `/* … */`
    ForeignComment {
        /// All of it.
        span: Span,
        /// As it should be written, where that is possible.
        replacement: Option<String>,
        /// `//` or `/*`
        marker: &'static str,
    },
    /// An operator of another language.
    ForeignOperator {
        /// Where.
        span: Span,
        /// As written.
        found: String,
        /// What the language writes.
        meant: &'static str,
    },
    /// `%` between two operands.
    Modulo {
        /// Where.
        span: Span,
    },
    /// `->`, or the pipe of another language, between expressions.
    ArrowForPipe {
        /// Where.
        span: Span,
        /// As written.
        text: String,
    },
    /// A single `=` between expressions.
    EqualsForComparison {
        /// Where.
        span: Span,
    },
    /// `name = value` where `name: value` is meant.
    EqualsForColon {
        /// The `=`, with the white space before it.
        span: Span,
        /// The name before it.
        name: String,
        /// Whether white space follows it.
        spaced: bool,
    },
    /// `field x: value`, `hyper n := value`
    ColonForEquals {
        /// The `:`.
        span: Span,
        /// As written.
        text: String,
        /// What is given a value: `a field`.
        what: &'static str,
    },
    /// `epochs 5`
    MissingColon {
        /// The key.
        key: Span,
        /// Its text.
        text: String,
    },
    /// `repeat 3 Dense(4)`, `residual(Dense(4))`
    MissingBraces {
        /// The stage.
        stage: Span,
        /// `repeat` or `residual`.
        form: &'static str,
        /// What puts it in braces.
        edits: Vec<Edit>,
    },
    /// `repeat { Dense(4) }`
    MissingCount {
        /// The word.
        word: Span,
    },
    /// `model Net x: [4]`
    BareInputs {
        /// The inputs.
        span: Span,
        /// The white space before them.
        start: Span,
    },
    /// `model Net(x: [4]) logits: [3]`
    NoArrow {
        /// What stands instead of the arrow, if anything does.
        arrow: Span,
        /// Its text.
        found: Option<String>,
        /// The outputs.
        outputs: Span,
    },
    /// `train Net with iris`, `train Net(iris)`
    NoOn {
        /// What stands there, or where `on` is missing.
        span: Span,
        /// As written.
        found: String,
        /// The data, where it stands in parentheses.
        data: Option<String>,
    },
    /// A comma at the end of a statement.
    LineComma {
        /// The comma.
        span: Span,
        /// What ends there: `a setting`.
        what: &'static str,
        /// Whether the line ends there, too.
        ends_line: bool,
    },
    /// `hyper w = 4` in a body
    HyperForLet {
        /// The word.
        span: Span,
    },
    /// A number that cannot be read.
    BadNumber {
        /// Where.
        span: Span,
        /// As written.
        text: String,
        /// Why.
        problem: NumberProblem,
    },
    /// An operator lacks its right operand.
    MissingOperand {
        /// The operator.
        operator: Span,
        /// As written.
        text: String,
    },
    /// Nothing stands after `key:` or `name =`.
    MissingValue {
        /// What the value is of.
        of: Span,
        /// Its text, with the `:` or `=`.
        text: String,
    },
    /// A `weight` that does not say how it starts.
    MissingStart {
        /// Its name.
        name: Span,
        /// Where the start would stand.
        end: Span,
    },
    /// A dot without a name.
    MissingName {
        /// The dot.
        dot: Span,
    },
    /// Two elements without a comma between them.
    MissingComma {
        /// Where it should be.
        at: Span,
        /// The element that follows.
        next: Span,
    },
    /// Two statements on a line without `;`.
    MissingSemicolon {
        /// Where it should be.
        at: Span,
        /// The first word of the second statement.
        next: Span,
    },
    /// `h = …` in a body.
    MissingLet {
        /// The name.
        name: Span,
        /// Its text.
        text: String,
        /// A `:=` in place of the `=`.
        walrus: Option<Span>,
        /// What binds such a name here: `let`, or `field`.
        word: &'static str,
    },
    /// A word that is almost the one that is needed.
    Misspelt {
        /// Where.
        span: Span,
        /// As written.
        found: String,
        /// The word that is meant.
        meant: String,
    },
    /// `x |> f + y`
    ArithmeticAfterPipe {
        /// The pipeline, up to the stage.
        pipeline: Span,
        /// The operator.
        operator: Span,
        /// As written.
        text: &'static str,
    },
    /// A statement or setting where its kind has no place.
    Misplaced {
        /// All of it.
        span: Span,
        /// What it is.
        what: String,
        /// Where it may stand.
        belongs: &'static str,
    },
    /// Brackets or operators nested too deeply.
    TooDeep {
        /// Where the limit is passed.
        span: Span,
        /// The limit.
        limit: usize,
    },
    /// A reserved word as a name.
    Reserved {
        /// Where.
        span: Span,
        /// The word.
        word: String,
    },
    /// `a < b < c`, `a .. b .. c`
    Chained {
        /// The first operator.
        first: Span,
        /// The second operator.
        second: Span,
        /// What stands between them.
        middle: Span,
        /// The text of that.
        middle_text: String,
        /// Whether they are comparisons; else ranges.
        comparison: bool,
    },
    /// A word where a type is expected.
    UnknownType {
        /// Where.
        span: Span,
        /// The word.
        name: String,
        /// A type with a similar name.
        nearest: Option<&'static str>,
    },
    /// A model with two lists.
    ModelHypers {
        /// The first list.
        span: Span,
        /// The model.
        name: String,
    },
    /// A piece of another language.
    Foreign(Foreign),
}

/// Why a number cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub enum NumberProblem {
    /// Too large for a 64-bit float.
    Overflow,
    /// `5epochs`
    UnitTouches(&'static str),
    /// `.5`, `1.`, `10K`: what it should be.
    WriteInstead(String),
    /// Letters that are no suffix.
    Suffix(String),
}
