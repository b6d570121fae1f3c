//! The syntax tree: what the user wrote, with a [`Span`] on every node.
//!
//! The tree keeps parentheses (the formatter wants them, and `x |> f + y` is judged by them) and marks what could
//! not be parsed with `Error` nodes, so that everything around a mistake is still checked.

use crate::source::Span;
use std::sync::Arc;

/// Text of a name. Cheap to clone.
pub type Symbol = Arc<str>;

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name.
    pub name: Symbol,
    /// Where it stands.
    pub span: Span,
}

/// A whole file.
#[derive(Debug, Clone)]
pub struct File {
    /// Names that stand behind those of modules of other frameworks (`nn.Linear`): the name, and the span of it all.
    pub qualified: Vec<Ident>,
    /// In file order.
    pub items: Vec<Item>,
    /// Where the text was repaired before it was parsed, in file order: what stands there was read otherwise.
    pub repaired: Vec<u32>,
    /// The whole text.
    pub span: Span,
}

/// One item of a file.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The text of the `##` comment before it, lines joined by `\n`, markers removed.
    pub doc: Option<String>,
    /// From the item's word to its end.
    pub span: Span,
}

/// The kinds of items.
#[derive(Debug, Clone)]
pub enum ItemKind {
    /// `hyper NAME = expr`
    Hyper(Hyper),
    /// `import …`
    Import(Import),
    /// `block …`
    Block(Function),
    /// `model …`
    Model(Function),
    /// `data name { … }`
    Data(Data),
    /// `train Model on data { … }`
    Train(Train),
    /// `expect { … }`
    Expect(Expect),
    /// `sweep { … }`
    Sweep(Sweep),
    /// `let name = layer`, shared by all models of the file.
    Let(Let),
    /// What could not be parsed; the parser has reported it.
    Error,
}

/// `hyper NAME = expr`
#[derive(Debug, Clone)]
pub struct Hyper {
    /// Its name.
    pub name: Ident,
    /// Its value unless overridden.
    pub value: Expr,
}

/// `import "path.nn"`, `import A, B from "path.nn"`, `import "path.nn" as p`
#[derive(Debug, Clone)]
pub struct Import {
    /// The names asked for; `None` brings all.
    pub names: Option<Vec<Ident>>,
    /// The path as written, relative to the file.
    pub path: String,
    /// Where the string stands.
    pub path_span: Span,
    /// `as p`
    pub alias: Option<Ident>,
}

/// A `block` or a `model`.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: Ident,
    /// Compile-time parameters; `None` where the block has a single list (the tensors). Models have none.
    pub hypers: Option<Vec<HyperParam>>,
    /// Tensor inputs.
    pub inputs: Vec<TensorParam>,
    /// What stands after `->`.
    pub outputs: Outputs,
    /// Between the braces.
    pub body: Body,
    /// From the name to the last parenthesis or output.
    pub signature: Span,
}

/// A compile-time parameter: `channels`, `kernel: 3`.
#[derive(Debug, Clone)]
pub struct HyperParam {
    /// Its name.
    pub name: Ident,
    /// Its value where the call leaves it out.
    pub default: Option<Expr>,
}

/// A tensor parameter: `x: [T, D]`, or `x`.
#[derive(Debug, Clone)]
pub struct TensorParam {
    /// Its name.
    pub name: Ident,
    /// Its type; inferred where left out.
    pub ty: Option<TypeExpr>,
}

/// The outputs of a signature.
#[derive(Debug, Clone)]
pub enum Outputs {
    /// No `->`: one output, called `output`.
    Inferred,
    /// `-> logits: [10]`, `-> logits`, `-> [10]` (name `None`).
    One(Output),
    /// `-> (mean: [8], log_var: [8])`
    Many(Vec<Output>),
}

/// One output of a signature.
#[derive(Debug, Clone)]
pub struct Output {
    /// Its name; `None` for a type alone, the output is then called `output`.
    pub name: Option<Ident>,
    /// Its type; inferred where left out.
    pub ty: Option<TypeExpr>,
    /// Where it stands.
    pub span: Span,
}

/// A type.
#[derive(Debug, Clone)]
pub struct TypeExpr {
    /// What it says.
    pub kind: TypeExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of types.
#[derive(Debug, Clone)]
pub enum TypeExprKind {
    /// `KIND? SHAPE?`, at least one of them.
    Tensor {
        /// `float` where left out.
        kind: Option<ScalarKind>,
        /// A scalar where left out.
        shape: Option<Vec<Expr>>,
    },
    /// `data.field` or `alias.data.field`: the type of that field.
    Field(Vec<Ident>),
    /// Could not be parsed.
    Error,
}

/// What the numbers of a tensor are.
#[derive(Debug, Clone)]
pub enum ScalarKind {
    /// `float`
    Float,
    /// `int`
    Int,
    /// `bool`
    Bool,
    /// `class(n)`
    Class(Box<Expr>),
}

/// `{ let … ; weight … ; expr }`
#[derive(Debug, Clone)]
pub struct Body {
    /// Everything before the last expression.
    pub statements: Vec<Statement>,
    /// The output; `None` where it is missing (reported by the checker).
    pub result: Option<Box<Expr>>,
    /// With the braces.
    pub span: Span,
}

/// A statement of a body of a block, model, `if`, `scan`, `data`, `train`, `phase` or `group`.
/// Which kinds may stand where is the parser's business: it reports the others.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// A `##` comment before it.
    pub doc: Option<String>,
    /// All of it.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// `let x = expr`, `let (a, b) = expr`
    Let(Let),
    /// `weight w: [D, out] = xavier_uniform` (blocks and models)
    Weight(WeightDeclaration),
    /// `constant pe: [T, D] = expr` (blocks and models)
    Constant(ConstantDeclaration),
    /// `field x = expr` (data)
    Field {
        /// Its name.
        name: Ident,
        /// Its value.
        value: Expr,
    },
    /// `key: expr` (data, train, phase, group, sweep)
    Setting(Setting),
    /// `phase NAME { … }` (train)
    Phase {
        /// Its name.
        name: Ident,
        /// Settings and lets.
        body: Vec<Statement>,
    },
    /// `group ["*.bias"] { … }` (train, phase)
    Group {
        /// Paths and globs.
        patterns: Expr,
        /// Settings.
        body: Vec<Statement>,
    },
    /// An expression before the last one of a body, or a fact of `expect`.
    Expression(Expr),
    /// Could not be parsed; the parser has reported it.
    Error,
}

/// `let pattern = value`
#[derive(Debug, Clone)]
pub struct Let {
    /// What it binds.
    pub pattern: Pattern,
    /// The value.
    pub value: Expr,
}

/// What a `let` binds.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// `x`
    Name(Ident),
    /// `(a, b)`
    Tuple(Vec<Ident>, Span),
}

/// `weight w: [D, out] = init`
#[derive(Debug, Clone)]
pub struct WeightDeclaration {
    /// Its name: its segment of the path.
    pub name: Ident,
    /// Its shape.
    pub ty: TypeExpr,
    /// Its start.
    pub init: Expr,
}

/// `constant pe: [T, D] = expr`
#[derive(Debug, Clone)]
pub struct ConstantDeclaration {
    /// Its name.
    pub name: Ident,
    /// Its shape; inferred where left out.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
}

/// `key: value`
#[derive(Debug, Clone)]
pub struct Setting {
    /// The word before the colon.
    pub key: Ident,
    /// The value.
    pub value: Expr,
}

/// `data name { … }`
#[derive(Debug, Clone)]
pub struct Data {
    /// Its name.
    pub name: Ident,
    /// `let`, `field` and settings (`split`).
    pub statements: Vec<Statement>,
}

/// `train Model(x: measurements) on data { … }`
#[derive(Debug, Clone)]
pub struct Train {
    /// The model's name, or `p.Model`: the segments.
    pub model: Vec<Ident>,
    /// `input: field`
    pub bindings: Vec<Arg>,
    /// The data's name, or `p.data`.
    pub data: Vec<Ident>,
    /// `let`, settings, `phase`, `group`.
    pub statements: Vec<Statement>,
}

/// `expect { … }`
#[derive(Debug, Clone)]
pub struct Expect {
    /// [`StatementKind::Expression`] or [`StatementKind::Error`].
    pub statements: Vec<Statement>,
}

/// `sweep { … }`
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Settings: hypers with what to try, `require`, `try`, `best`.
    pub statements: Vec<Statement>,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// `12`, `1_000`, `0.5`, `1e-3`, `80%`, `10k`, `2M`
    Number(Number),
    /// `"…"`, escapes resolved.
    String(String),
    /// `true`, `false`
    Bool(bool),
    /// `none`
    None,
    /// A name.
    Name(Symbol),
    /// `_`: the dim of `reshape` that follows from the others.
    Hole,
    /// `5 epochs`, `500 steps`; the amount is a number or a name.
    Duration {
        /// How many.
        amount: Box<Expr>,
        /// Of what.
        unit: DurationUnit,
    },
    /// `[a, b]`; an element may be [`ExprKind::Named`].
    List(Vec<Expr>),
    /// `near: mae(a, b)`, only as an element of a list: a metric with a name.
    Named {
        /// The name.
        name: Ident,
        /// What it names.
        value: Box<Expr>,
    },
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `(a)`
    Paren(Box<Expr>),
    /// `{ years: 0.3 * mse(a, age), kind: … }`: terms of a loss, augmentations by field.
    Record(Vec<RecordEntry>),
    /// `a .. b`, `a ..`, `.. b`, `..`
    Range {
        /// Before the dots.
        start: Option<Box<Expr>>,
        /// After the dots.
        end: Option<Box<Expr>>,
    },
    /// `-x`, `not x`
    Unary {
        /// Which.
        op: UnaryOperator,
        /// On what.
        operand: Box<Expr>,
    },
    /// `a + b` and the like.
    Binary {
        /// Which.
        op: BinaryOperator,
        /// Where the operator stands.
        op_span: Span,
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
    },
    /// `x |> stage`
    Pipe {
        /// What flows in.
        input: Box<Expr>,
        /// What it flows through.
        stage: Box<Expr>,
    },
    /// `f(a, name: b)`
    Call {
        /// What is called.
        callee: Box<Expr>,
        /// Its arguments.
        args: Vec<Arg>,
        /// With the parentheses.
        args_span: Span,
    },
    /// `x[a, b]`, `t[a .. f, except: c]`
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// Positions, ranges, columns.
        args: Vec<Arg>,
        /// With the brackets.
        args_span: Span,
    },
    /// `t.column`
    Field {
        /// Of what.
        base: Box<Expr>,
        /// Which.
        name: Ident,
    },
    /// `if c { a } else { b }`
    If {
        /// Known at compile time.
        condition: Box<Expr>,
        /// Where it holds.
        then_body: Body,
        /// Where it does not; another `if` stands in a body without statements.
        else_body: Option<Body>,
    },
    /// `residual(shortcut: …) { stage }`
    Residual {
        /// In the parentheses.
        args: Vec<Arg>,
        /// The stage.
        body: Body,
    },
    /// `repeat n { stage }`
    Repeat {
        /// How many copies.
        count: Box<Expr>,
        /// The stage.
        body: Body,
    },
    /// `scan x as xt, h = h0, c = c0 { … }`
    Scan {
        /// What is walked.
        input: Box<Expr>,
        /// The name of one step of it.
        item: Ident,
        /// States with their starts.
        states: Vec<(Ident, Expr)>,
        /// Gives the next states.
        body: Body,
    },
    /// Could not be parsed; the parser has reported it.
    Error,
}

/// A number literal.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Its value, suffix applied.
    pub value: f64,
    /// As written, with the suffix.
    pub text: Symbol,
}

/// The unit of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DurationUnit {
    /// `epoch`, `epochs`
    Epochs,
    /// `step`, `steps`
    Steps,
}

/// One entry of a record.
#[derive(Debug, Clone)]
pub struct RecordEntry {
    /// A name, or a list of names.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// An argument of a call or an index.
#[derive(Debug, Clone)]
pub struct Arg {
    /// `name:` where given.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

impl Arg {
    /// All of it, name included.
    pub fn span(&self) -> Span {
        self.name.as_ref().map_or(self.value.span, |n| n.span.to(self.value.span))
    }
}

/// `-x`, `not x`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Operators with two operands, `|>` and `..` aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `then`, which joins schedules; binds loosest of all
    Then,
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `@`
    MatrixMultiply,
    /// `^`
    Power,
}

impl BinaryOperator {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOperator::Then => "then",
            BinaryOperator::Or => "or",
            BinaryOperator::And => "and",
            BinaryOperator::Equal => "==",
            BinaryOperator::NotEqual => "!=",
            BinaryOperator::Less => "<",
            BinaryOperator::LessEqual => "<=",
            BinaryOperator::Greater => ">",
            BinaryOperator::GreaterEqual => ">=",
            BinaryOperator::Add => "+",
            BinaryOperator::Subtract => "-",
            BinaryOperator::Multiply => "*",
            BinaryOperator::Divide => "/",
            BinaryOperator::MatrixMultiply => "@",
            BinaryOperator::Power => "^",
        }
    }
}

impl Expr {
    /// The expression without the parentheses around it.
    pub fn unparenthesized(&self) -> &Expr {
        match &self.kind {
            ExprKind::Paren(inner) => inner.unparenthesized(),
            _ => self,
        }
    }
}
