//! Items, signatures and types.

use super::Builder;
use super::statements::Place;
use crate::diagnostics::nearest;
use crate::source::Span;
use crate::syntax::ast::{
    Arg, Body, Data, Expect, Expr, ExprKind, Function, Hyper, HyperParam, Ident, Import, Item, ItemKind, Output,
    Outputs, ScalarKind, Sweep, TensorParam, Train, TypeExpr, TypeExprKind,
};
use crate::syntax::error::SyntaxError;
use crate::syntax::parse::Rule;
use pest::iterators::{Pair, Pairs};

impl Builder<'_> {
    /// All items of the `file` pair.
    pub(crate) fn file(&mut self, pairs: Pairs<'_, Rule>) -> Vec<Item> {
        let mut items = Vec::new();
        let mut stray = false;
        for pair in pairs.flat_map(Pair::into_inner) {
            let span = self.span(&pair);
            let is_stray = pair.as_rule() == Rule::stray;
            match pair.as_rule() {
                Rule::item => items.push(self.item(pair)),
                Rule::line_comma => self.line_comma(&pair, "an item"),
                Rule::broken_item => {
                    self.broken(&pair, None);
                    items.push(Item { kind: ItemKind::Error, doc: None, span });
                }
                // One report for a run of them.
                Rule::stray if !stray => {
                    let (expected, found) = ("an item".into(), format!("`{}`", pair.as_str()));
                    self.report(SyntaxError::Unexpected { span, expected, found });
                    items.push(Item { kind: ItemKind::Error, doc: None, span });
                }
                _ => {}
            }
            stray = is_stray;
        }
        items
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> Item {
        let span = self.span(&pair);
        let doc = self.doc_before(span.start as usize);
        let Some(inner) = pair.into_inner().next() else {
            return Item { kind: ItemKind::Error, doc, span };
        };
        let kind = match inner.as_rule() {
            Rule::hyper => self.hyper(inner),
            Rule::import => self.import(inner),
            Rule::function => self.function(inner),
            Rule::data => self.data(inner),
            Rule::train => self.train(inner),
            Rule::expect => Some(ItemKind::Expect(Expect { statements: self.inner_statements(inner, Place::Expect) })),
            Rule::sweep => Some(ItemKind::Sweep(Sweep { statements: self.inner_statements(inner, Place::Sweep) })),
            Rule::let_binding => self.let_binding(inner).map(ItemKind::Let),
            _ => None,
        };
        Item { kind: kind.unwrap_or(ItemKind::Error), doc, span }
    }

    fn inner_statements(&mut self, pair: Pair<'_, Rule>, place: Place) -> Vec<crate::syntax::ast::Statement> {
        let body = pair.into_inner().find(|p| p.as_rule() == Rule::body);
        body.map_or_else(Vec::new, |body| self.statements(body, place))
    }

    fn hyper(&mut self, pair: Pair<'_, Rule>) -> Option<ItemKind> {
        let whole = self.span(&pair);
        let (mut name, mut value) = (None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => name = Some(self.ident(&inner)),
                Rule::wrong_colon => self.colon_for_equals(&inner, "a hyper"),
                Rule::expr => value = Some(self.expr(inner)),
                Rule::missing_value => value = Some(self.missing_value(whole)),
                _ => {}
            }
        }
        Some(ItemKind::Hyper(Hyper { name: name?, value: value? }))
    }

    fn import(&mut self, pair: Pair<'_, Rule>) -> Option<ItemKind> {
        let (mut names, mut path, mut alias) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::import_names => names = Some(inner.into_inner().map(|n| self.ident(&n)).collect()),
                Rule::string => path = Some((self.string(&inner), self.span(&inner))),
                Rule::name => alias = Some(self.ident(&inner)),
                _ => {}
            }
        }
        let (path, path_span) = path?;
        Some(ItemKind::Import(Import { names, path, path_span, alias }))
    }

    fn function(&mut self, pair: Pair<'_, Rule>) -> Option<ItemKind> {
        let mut is_model = false;
        let (mut name, mut hypers, mut inputs, mut body) = (None, None, Vec::new(), None);
        let mut outputs = Outputs::Inferred;
        let mut signature = self.span(&pair);
        let mut arrow = None;
        for inner in pair.into_inner() {
            let span = self.span(&inner);
            match inner.as_rule() {
                Rule::function_word => is_model = inner.as_str() == "model",
                Rule::wrong_arrow => arrow = Some((span, Some(inner.as_str().to_owned()))),
                Rule::missing_arrow => arrow = Some((span, None)),
                Rule::name => {
                    signature = span;
                    name = Some(self.ident(&inner));
                }
                Rule::hyper_list | Rule::bare_hypers => {
                    let list = self.hyper_params(inner);
                    if is_model {
                        let name = name.as_ref().map_or(String::new(), |n: &Ident| n.name.to_string());
                        self.report(SyntaxError::ModelHypers { span, name });
                    }
                    hypers = Some(list);
                }
                Rule::tensor_list => {
                    signature = signature.to(span);
                    inputs = self.tensor_params(inner);
                }
                Rule::bare_inputs => {
                    signature = signature.to(span);
                    let before = self.source.get(..span.start as usize).unwrap_or("").trim_end_matches([' ', '\t']);
                    let start = Span { start: before.len() as u32, end: span.start, ..span };
                    self.report(SyntaxError::BareInputs { span, start });
                    inputs = self.tensor_params(inner);
                }
                Rule::outputs => {
                    signature = signature.to(span);
                    if let Some((arrow, found)) = arrow.take() {
                        self.report(SyntaxError::NoArrow { arrow, found, outputs: span });
                    }
                    outputs = self.outputs(inner);
                }
                Rule::body => body = Some(self.body(inner)),
                _ => {}
            }
        }
        let body: Body = body?;
        let function = Function { name: name?, hypers, inputs, outputs, body, signature };
        Some(if is_model { ItemKind::Model(function) } else { ItemKind::Block(function) })
    }

    fn hyper_params(&mut self, pair: Pair<'_, Rule>) -> Vec<HyperParam> {
        let mut params = Vec::new();
        for inner in pair.into_inner() {
            if !self.is_marker(&inner) && inner.as_rule() == Rule::hyper_param {
                let (name, default) = self.named_value(inner);
                params.extend(name.map(|name| HyperParam { name, default }));
            }
        }
        params
    }

    fn tensor_params(&mut self, pair: Pair<'_, Rule>) -> Vec<TensorParam> {
        let mut params = Vec::new();
        for inner in pair.into_inner() {
            if self.is_marker(&inner) || inner.as_rule() != Rule::tensor_param {
                continue;
            }
            let (name, ty) = self.named_type(inner);
            params.extend(name.map(|name| TensorParam { name, ty }));
        }
        params
    }

    fn named_type(&mut self, pair: Pair<'_, Rule>) -> (Option<Ident>, Option<TypeExpr>) {
        let (mut name, mut ty) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::word | Rule::name => name = Some(self.ident(&part)),
                Rule::wrong_equals => self.equals_for_colon(&part, name.as_ref()),
                Rule::missing_colon => self.missing_colon(name.as_ref()),
                Rule::type_expr | Rule::unknown_type => ty = Some(self.type_expr(part)),
                _ => {}
            }
        }
        (name, ty)
    }

    fn outputs(&mut self, pair: Pair<'_, Rule>) -> Outputs {
        let many = pair.as_str().starts_with('(');
        let mut outputs = Vec::new();
        for inner in pair.into_inner() {
            if self.is_marker(&inner) || inner.as_rule() != Rule::output {
                continue;
            }
            let span = self.span(&inner);
            let (name, ty) = self.named_type(inner);
            outputs.push(Output { name, ty, span });
        }
        if many {
            return Outputs::Many(outputs);
        }
        outputs.pop().map_or(Outputs::Inferred, Outputs::One)
    }

    /// A `type_expr` or `unknown_type` pair.
    pub(super) fn type_expr(&mut self, pair: Pair<'_, Rule>) -> TypeExpr {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::unknown_type {
            let word = pair.into_inner().next().map_or(span, |w| self.span(&w));
            let name = self.text(word).to_owned();
            let known = match name.as_str() {
                "float32" | "float64" | "double" | "f32" | "f64" | "real" | "number" => Some("float"),
                "int32" | "int64" | "integer" | "long" | "i32" | "i64" => Some("int"),
                "boolean" => Some("bool"),
                other => ["float", "int", "bool"].into_iter().find(|k| nearest(other, [*k]).is_some()),
            };
            self.report(SyntaxError::UnknownType { span: word, name, nearest: known });
            return TypeExpr { kind: TypeExprKind::Error, span };
        }
        let (mut kind, mut shape, mut field) = (None, None, None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::scalar_kind => kind = Some(self.scalar_kind(inner)),
                Rule::list => shape = Some(self.elements(inner).0),
                Rule::field_type => field = Some(inner.into_inner().map(|w| self.ident(&w)).collect()),
                _ => {}
            }
        }
        let kind = match field {
            Some(segments) => TypeExprKind::Field(segments),
            None => TypeExprKind::Tensor { kind, shape },
        };
        TypeExpr { kind, span }
    }

    fn scalar_kind(&mut self, pair: Pair<'_, Rule>) -> ScalarKind {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(word) if word.as_rule() == Rule::kind_word => match word.as_str() {
                "int" => ScalarKind::Int,
                "bool" => ScalarKind::Bool,
                _ => ScalarKind::Float,
            },
            Some(count) if count.as_rule() == Rule::expr => ScalarKind::Class(Box::new(self.expr(count))),
            _ => ScalarKind::Class(Box::new(Expr { kind: ExprKind::Error, span })),
        }
    }

    fn path(&mut self, pair: Pair<'_, Rule>) -> Vec<Ident> {
        pair.into_inner().map(|segment| self.ident(&segment)).collect()
    }

    fn data(&mut self, pair: Pair<'_, Rule>) -> Option<ItemKind> {
        let (mut name, mut statements) = (None, Vec::new());
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::name => name = Some(self.ident(&inner)),
                Rule::body => statements = self.statements(inner, Place::Data),
                _ => {}
            }
        }
        Some(ItemKind::Data(Data { name: name?, statements }))
    }

    fn train(&mut self, pair: Pair<'_, Rule>) -> Option<ItemKind> {
        let whole: Span = self.span(&pair);
        let mut paths: Vec<Vec<Ident>> = Vec::new();
        let mut no_on = None;
        let (mut bindings, mut statements, mut call) = (Vec::new(), Vec::new(), None);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::path => paths.push(self.path(inner)),
                Rule::call => {
                    call = Some(self.span(&inner));
                    bindings = self.args(inner);
                }
                Rule::wrong_on | Rule::missing_on => no_on = Some(self.span(&inner)),
                Rule::body => statements = self.statements(inner, Place::Train),
                _ => {}
            }
        }
        if let Some(span) = no_on {
            // `train Net(iris)`: what stands in the parentheses is the data.
            let data = match bindings.as_slice() {
                [Arg { name: None, value: Expr { kind: ExprKind::Name(name), span } }] => {
                    Some(Ident { name: name.clone(), span: *span })
                }
                _ => None,
            };
            let is_called = paths.len() < 2;
            let call = call.filter(|_| is_called);
            let found = self.text(span).to_owned();
            let name = if is_called { data.as_ref().map(|data| data.name.to_string()) } else { None };
            self.report(SyntaxError::NoOn { span: call.unwrap_or(span), found, data: name });
            if is_called {
                bindings.clear();
                paths.push(vec![data?]);
            }
        }
        let data = paths.pop().unwrap_or_else(|| vec![self.no_ident(whole)]);
        let model = paths.pop().unwrap_or_else(|| vec![self.no_ident(whole)]);
        Some(ItemKind::Train(Train { model, bindings, data, statements }))
    }
}
