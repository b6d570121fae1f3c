//! Just enough of the language to run the examples of entries and of the reference files: calls, pipelines,
//! operators, numbers, lists. The real front end lies above the catalog, so its tests cannot use it.

use crate::build::{Builder, Kind, StateScope, Tensor};
use crate::catalog::{ArgValue, Args, Body, Default, Duration, Entry, EntryKind, InitSpec, ParamType, find};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Text(String),
    Mark(&'static str),
}

const MARKS: &[&str] = &["|>", "<=", ">=", "(", ")", "[", "]", ",", ":", "+", "-", "*", "/", "@", "^", "<", ">"];

fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while let Some(c) = rest.chars().next() {
        let end = |f: &dyn Fn(char) -> bool| rest.find(|c| !f(c)).unwrap_or(rest.len());
        let length = if let Some(mark) = MARKS.iter().find(|m| rest.starts_with(**m)) {
            found.push(Token::Mark(mark));
            mark.len()
        } else if c == '"' {
            let end = rest[1..].find('"').unwrap() + 1;
            found.push(Token::Text(rest[1..end].into()));
            end + 1
        } else if c.is_ascii_digit() {
            let mut end = end(&|c| c.is_ascii_digit() || c == '.' || c == '_' || c == 'e');
            if rest[..end].ends_with('e') && rest[end..].starts_with('-') {
                end += 1 + rest[end + 1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - end - 1);
            }
            found.push(Token::Number(rest[..end].replace('_', "").parse().unwrap()));
            end
        } else {
            let end = end(&|c| c.is_alphanumeric() || c == '_');
            assert!(end > 0, "{rest}");
            found.push(Token::Name(rest[..end].into()));
            end
        };
        rest = rest[length..].trim_start();
    }
    found
}

/// An expression over named tensors and layers.
pub struct Script<'a> {
    pub builder: &'a mut Builder,
    pub tensors: &'a [(String, Tensor)],
    /// Layers are numbered in text order by kind, as LANGUAGE.md names weights.
    pub layers: Vec<String>,
    tokens: Vec<Token>,
    at: usize,
}

/// What stands between two commas.
#[derive(Debug, Clone)]
enum Value {
    Tensors(Vec<Tensor>),
    Number(f64),
    List(Vec<Value>),
    Word(String),
    Text(String),
    /// `normal(std: 0.02)` where weights start, `5 epochs`.
    Argument(ArgValue),
}

impl<'a> Script<'a> {
    pub fn new(builder: &'a mut Builder, tensors: &'a [(String, Tensor)], text: &str) -> Self {
        Script { builder, tensors, layers: Vec::new(), tokens: tokens(text), at: 0 }
    }

    pub fn run(mut self) -> Vec<Tensor> {
        let value = self.pipeline();
        assert_eq!(self.at, self.tokens.len(), "all of it is read: {:?}", self.tokens);
        self.tensors_of(value)
    }

    fn peek(&self, mark: &str) -> bool {
        self.tokens.get(self.at) == MARKS.iter().find(|m| **m == mark).map(|m| Token::Mark(m)).as_ref()
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = self.peek(mark);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Name(word.into()));
        self.at += usize::from(found);
        found
    }

    fn tensors_of(&mut self, value: Value) -> Vec<Tensor> {
        match value {
            Value::Tensors(tensors) => tensors,
            other => vec![self.tensor_of(other)],
        }
    }

    fn tensor_of(&mut self, value: Value) -> Tensor {
        match value {
            Value::Tensors(mut tensors) => tensors.remove(0),
            Value::Number(n) => self.builder.constant(n),
            other => panic!("{other:?} is no tensor"),
        }
    }

    fn pipeline(&mut self) -> Value {
        let mut value = self.conjunction();
        while self.take("|>") {
            let piped = self.tensor_of(value);
            value = self.call(Some(piped));
        }
        value
    }

    fn conjunction(&mut self) -> Value {
        let mut left = self.comparison();
        while self.word("and") {
            let right = self.comparison();
            left = self.binary(Binary::And, left, right);
        }
        left
    }

    fn comparison(&mut self) -> Value {
        let left = self.sum();
        for (mark, op, swapped) in [
            ("<=", Binary::LessEqual, false),
            (">=", Binary::LessEqual, true),
            ("<", Binary::Less, false),
            (">", Binary::Less, true),
        ] {
            if self.take(mark) {
                let right = self.sum();
                return if swapped { self.binary(op, right, left) } else { self.binary(op, left, right) };
            }
        }
        left
    }

    fn binary(&mut self, op: Binary, left: Value, right: Value) -> Value {
        let (left, right) = (self.tensor_of(left), self.tensor_of(right));
        Value::Tensors(vec![self.builder.binary(op, &left, &right).unwrap()])
    }

    fn sum(&mut self) -> Value {
        let mut left = self.product();
        loop {
            let op = if self.take("+") {
                Binary::Add
            } else if self.take("-") {
                Binary::Subtract
            } else {
                return left;
            };
            let right = self.product();
            left = self.binary(op, left, right);
        }
    }

    fn product(&mut self) -> Value {
        let mut left = self.negation();
        loop {
            if self.take("@") {
                let right = self.negation();
                let (x, y) = (self.tensor_of(left), self.tensor_of(right));
                left = Value::Tensors(vec![self.builder.matmul(&x, &y).unwrap()]);
                continue;
            }
            let op = if self.take("*") {
                Binary::Multiply
            } else if self.take("/") {
                Binary::Divide
            } else {
                return left;
            };
            let right = self.negation();
            left = self.binary(op, left, right);
        }
    }

    fn negation(&mut self) -> Value {
        if !self.take("-") {
            return self.power();
        }
        match self.negation() {
            Value::Number(n) => Value::Number(-n),
            value => {
                let x = self.tensor_of(value);
                Value::Tensors(vec![self.builder.unary(Unary::Negate, &x)])
            }
        }
    }

    fn power(&mut self) -> Value {
        let base = self.atom();
        if !self.take("^") {
            return base;
        }
        let exponent = self.negation();
        let (x, y) = (self.tensor_of(base), self.tensor_of(exponent));
        Value::Tensors(vec![crate::catalog::power(self.builder, &x, &y).unwrap()])
    }

    fn atom(&mut self) -> Value {
        match self.tokens.get(self.at).cloned() {
            Some(Token::Number(n)) => {
                self.at += 1;
                let epochs = self.word("epochs") || self.word("epoch");
                if epochs {
                    return Value::Argument(ArgValue::Duration(Duration::Epochs(n)));
                }
                if self.word("steps") {
                    return Value::Argument(ArgValue::Duration(Duration::Steps(n)));
                }
                Value::Number(n)
            }
            Some(Token::Mark("(")) => {
                self.at += 1;
                let value = self.pipeline();
                assert!(self.take(")"));
                value
            }
            Some(Token::Mark("[")) => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.take("]") {
                    items.push(self.pipeline());
                    self.take(",");
                }
                Value::List(items)
            }
            Some(Token::Text(text)) => {
                self.at += 1;
                Value::Text(text)
            }
            Some(Token::Name(name)) => {
                if let Some((_, tensor)) = self.tensors.iter().find(|(n, _)| *n == name) {
                    self.at += 1;
                    return Value::Tensors(vec![tensor.clone()]);
                }
                let called = self.tokens.get(self.at + 1) == Some(&Token::Mark("("));
                if called && find(&name, &KINDS).is_some() {
                    return self.call(None);
                }
                self.at += 1;
                Value::Word(name)
            }
            other => panic!("{other:?} begins no value"),
        }
    }

    /// A function, loss, or layer, applied to what is piped and to what is in parentheses.
    fn call(&mut self, piped: Option<Tensor>) -> Value {
        let Some(Token::Name(name)) = self.tokens.get(self.at).cloned() else { panic!("a name: {:?}", self.tokens) };
        self.at += 1;
        let entry = find(&name, &KINDS).unwrap_or_else(|| panic!("`{name}` is in the catalog"));
        let is_layer = entry.kind() == EntryKind::Layer;
        let mut given: Vec<(Option<String>, Value)> = Vec::new();
        if self.take("(") {
            while !self.take(")") {
                let named = match (self.tokens.get(self.at), self.tokens.get(self.at + 1)) {
                    (Some(Token::Name(n)), Some(Token::Mark(":"))) => Some(n.clone()),
                    _ => None,
                };
                self.at += 2 * usize::from(named.is_some());
                let value = self.pipeline();
                given.push((named, value));
                self.take(",");
            }
        }
        if !is_layer && let Some(piped) = piped.clone() {
            let first = entry.params.iter().position(|p| matches!(p.ty, ParamType::Tensor | ParamType::Tensors));
            given.insert(first.unwrap_or(0), (None, Value::Tensors(vec![piped])));
        }
        let args = self.arguments(entry, given);
        match entry.body {
            Body::Layer { apply, .. } => {
                let segment = crate_path(&name);
                let number = self.layers.iter().filter(|l| **l == segment).count() + 1;
                self.layers.push(segment.clone());
                let scope = StateScope(format!("{segment}{number}").into());
                let mut inputs = vec![piped.expect("a layer in a pipeline")];
                // `x |> CrossAttention(2)(memory)`: the tensors behind the piped one.
                if self.take("(") {
                    while !self.take(")") {
                        let value = self.pipeline();
                        inputs.push(self.tensor_of(value));
                        self.take(",");
                    }
                }
                Value::Tensors(apply(self.builder, &scope, &args, &inputs).unwrap())
            }
            Body::Function { build, .. } | Body::Loss { build, .. } | Body::Penalty { build } => {
                Value::Tensors(build(self.builder, &args).unwrap())
            }
            _ => panic!("{name} is applied to nothing"),
        }
    }

    fn arguments(&mut self, entry: &'static Entry, given: Vec<(Option<String>, Value)>) -> Args {
        let mut values: Vec<Option<Value>> = vec![None; entry.params.len()];
        let mut sizes = Vec::new();
        for (position, (name, value)) in given.into_iter().enumerate() {
            let at = match name {
                Some(name) if entry.params.iter().all(|p| p.name != name) => {
                    let Value::Number(n) = value else { panic!("`{name}` is a size") };
                    sizes.push((name.into(), Dim::constant(n as i64)));
                    continue;
                }
                Some(name) => entry.params.iter().position(|p| p.name == name).expect("a parameter"),
                None => position,
            };
            values[at] = Some(value);
        }
        let mut args = Args::new();
        for (param, value) in entry.params.iter().zip(values) {
            if matches!(param.ty, ParamType::NamedSizes) {
                args.set(param.name, ArgValue::Sizes(sizes.clone()), None);
                continue;
            }
            let is_given = value.is_some();
            let value = match (value, param.default) {
                (Some(value), _) => value,
                (None, Default::Value("none")) if !matches!(param.ty, ParamType::Choice(_)) => continue,
                // As large as another argument: the entry sees that it is left out.
                (None, Default::Value(text)) if entry.param(text).is_some() => continue,
                (None, Default::Value(text)) => {
                    let saved = (std::mem::replace(&mut self.tokens, tokens(text)), std::mem::replace(&mut self.at, 0));
                    let value = self.pipeline();
                    (self.tokens, self.at) = saved;
                    value
                }
                (None, Default::Required) => panic!("{} wants `{}`", entry.name, param.name),
            };
            let value = self.convert(&param.ty, value);
            let value = value.unwrap_or_else(|| panic!("{}: `{}` is of its type", entry.name, param.name));
            args.set(param.name, value, is_given.then(crate::source::Span::default));
        }
        args
    }

    fn convert(&mut self, ty: &ParamType, value: Value) -> Option<ArgValue> {
        let numbers = |items: &[Value]| -> Option<Vec<f64>> {
            items.iter().map(|i| if let Value::Number(n) = i { Some(*n) } else { None }).collect()
        };
        Some(match (ty, value) {
            (ParamType::Tensor, value) => ArgValue::Tensor(self.tensor_of(value)),
            (ParamType::Tensors, Value::List(items)) => {
                ArgValue::Tensors(items.into_iter().map(|i| self.tensor_of(i)).collect())
            }
            (ParamType::Size, Value::Number(n)) => ArgValue::Dim(Dim::constant(n as i64)),
            (ParamType::Whole { min, max }, Value::Number(n)) if n >= *min as f64 && n <= *max as f64 => {
                ArgValue::Dim(Dim::constant(n as i64))
            }
            (ParamType::Number(bounds), Value::Number(n)) if bounds.contain(n) => ArgValue::Number(n),
            (ParamType::Text, Value::Text(text)) => ArgValue::Text(text.as_str().into()),
            (ParamType::Bool, Value::Word(w)) if w == "true" || w == "false" => ArgValue::Bool(w == "true"),
            (ParamType::Choice(words), Value::Word(w)) => ArgValue::Choice(words.iter().find(|c| **c == w)?),
            (ParamType::Shape { .. }, Value::List(items)) => {
                let size = |i: &Value| match i {
                    Value::Number(n) => Some(Dim::constant(*n as i64)),
                    _ => None,
                };
                ArgValue::Shape(items.iter().map(size).collect())
            }
            (ParamType::Axis | ParamType::Axes, Value::Number(n)) => ArgValue::Axis(n as i64),
            (ParamType::Axes, Value::List(items)) => {
                ArgValue::Axes(numbers(&items)?.into_iter().map(|n| n as i64).collect())
            }
            (ParamType::Numbers, Value::List(items)) => ArgValue::Numbers(numbers(&items)?),
            (ParamType::Duration, Value::Argument(a @ ArgValue::Duration(_))) => a,
            (ParamType::Init, Value::Word(w)) => {
                let entry = find(&w, &[EntryKind::Initializer])?;
                let args = self.arguments(entry, Vec::new());
                ArgValue::Init(InitSpec { entry, args })
            }
            (ParamType::Weights, Value::Word(all)) if all == "weights" => ArgValue::Tensors(Vec::new()),
            (ParamType::OneOf(types), value) => types.iter().find_map(|t| self.convert(t, value.clone()))?,
            _ => return None,
        })
    }
}

const KINDS: [EntryKind; 3] = [EntryKind::Layer, EntryKind::Function, EntryKind::Loss];

/// `LayerNorm` is `layer_norm`, `RMSNorm` is `rms_norm`.
fn crate_path(name: &str) -> String {
    if ["PReLU", "SwiGLU"].contains(&name) {
        return name.to_lowercase();
    }
    let chars: Vec<char> = name.chars().collect();
    let mut path = String::new();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let ends_acronym = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        if c.is_uppercase() && before.is_some_and(|b| !b.is_uppercase() || ends_acronym) {
            path.push('_');
        }
        path.extend(c.to_lowercase());
    }
    path
}

/// `class(3)[4]`, `[2, 3]`, `float`: the kind and the shape.
pub fn parse_type(text: &str) -> (Kind, Vec<usize>) {
    let (kind, shape) = text.split_at(text.find('[').unwrap_or(text.len()));
    let shape = shape.trim_matches(['[', ']']).split(',').filter(|s| !s.trim().is_empty());
    let shape = shape.map(|s| s.trim().parse().unwrap()).collect();
    let kind = match kind {
        "" | "float" => Kind::Float,
        "int" => Kind::Int,
        "bool" => Kind::Bool,
        class => {
            let count: i64 = class.trim_start_matches("class(").trim_end_matches(')').parse().unwrap();
            Kind::Class { count: Dim::constant(count), names: None }
        }
    };
    (kind, shape)
}
