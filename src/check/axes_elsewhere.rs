//! Axes as other frameworks count and name them: `transpose(0, 1)`, `x.permute(1, 0)`, tensors among the arguments of a
//! layer, patterns of `einsum` with the batch.

use super::checker::Checker;
use super::foreign::removal;
use super::mistake::Mistake;
use super::solve::Met;
use super::value::{Frame, Value};
use crate::build::Tensor;
use crate::catalog::{Body, Entry};
use crate::diagnostics::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, UnaryOperator};

/// An order of axes, and whether it was written as if the batch were one.
pub(super) struct Order {
    axes: Vec<usize>,
    pub counts_batch: bool,
}

impl Order {
    /// Two axes that change places; `None` where there are no such axes.
    fn swapping(rank: usize, first: i64, second: i64) -> Option<Order> {
        let count = rank as i64;
        let own = |n: i64| (-count..count).contains(&n).then(|| n.rem_euclid(count));
        let (first, second, counts_batch) = match (own(first), own(second)) {
            (Some(first), Some(second)) => (first, second, false),
            // An axis behind the last is counted with the batch, and so is the other.
            _ if (1..=count).contains(&first) && (1..=count).contains(&second) => (first - 1, second - 1, true),
            _ => return None,
        };
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(first as usize, second as usize);
        (first != second).then_some(Order { axes, counts_batch })
    }

    /// All axes in another order.
    fn of(rank: usize, axes: &[i64]) -> Option<Order> {
        let (axes, counts_batch) = match axes {
            [0, rest @ ..] if rest.len() == rank && rank > 0 => (rest.iter().map(|n| n - 1).collect(), true),
            axes => (axes.to_vec(), false),
        };
        let count = rank as i64;
        let mut own = Vec::new();
        for n in axes {
            let n = (-count..count).contains(&n).then(|| n.rem_euclid(count) as usize)?;
            if own.contains(&n) {
                return None;
            }
            own.push(n);
        }
        (own.len() == rank).then_some(Order { axes: own, counts_batch })
    }

    /// The stage that orders axes so.
    fn stage(&self) -> String {
        match self.axes.as_slice() {
            [before @ .., a, b]
                if a == &(b + 1) && *a + 1 == self.axes.len() && before.iter().enumerate().all(|(i, n)| i == *n) =>
            {
                "transpose".to_owned()
            }
            axes => format!("permute({})", list(axes)),
        }
    }
}

fn list(axes: &[usize]) -> String {
    let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
    format!("[{}]", axes.join(", "))
}

/// The whole number that an expression is as it stands.
fn whole(expr: &Expr) -> Option<i64> {
    match &expr.kind {
        ExprKind::Number(n) if n.value.fract() == 0.0 && n.value.abs() < 1e9 => Some(n.value as i64),
        ExprKind::Unary { op: UnaryOperator::Negate, operand } => whole(operand).map(|n| -n),
        _ => None,
    }
}

impl Checker<'_> {
    /// `transpose(0, 1)`, where `transpose` is not told which axes. `None` where it is something else.
    pub fn transposed(
        &mut self,
        entry: &Entry,
        args: &[Arg],
        span: Span,
        piped: Option<&Value>,
        frame: &mut Frame,
    ) -> Option<Value> {
        if entry.name != "transpose" || args.iter().any(|arg| arg.name.is_some()) {
            return None;
        }
        let (own, [first, second]) = match (piped, args) {
            (Some(_), [first, second]) => (None, [first, second]),
            (None, [own, first, second]) => (Some(own), [first, second]),
            _ => return None,
        };
        let numbers = (whole(&first.value)?, whole(&second.value)?);
        let value = match (own, piped) {
            (Some(own), _) => self.expression(&own.value, frame),
            (None, piped) => piped?.clone(),
        };
        let Value::Tensor(tensor) = value else { return None };
        let order = Order::swapping(tensor.rank(), numbers.0, numbers.1)?;
        let stage = order.stage();
        let given = first.span().to(second.span());
        let (instead, edits) = match own {
            None => (stage.clone(), vec![(span, stage)]),
            Some(own) => {
                let text = self.sources.text(own.span()).to_owned();
                let behind = Span { start: own.span().end, end: given.end, ..given };
                let name = Span { end: span.start + entry.name.len() as u32, ..span };
                match stage.strip_prefix("permute(").and_then(|axes| axes.strip_suffix(')')) {
                    None => (format!("transpose({text})"), vec![(behind, String::new())]),
                    Some(axes) => {
                        let edits = vec![(name, "permute".to_owned()), (given, axes.to_owned())];
                        (format!("permute({text}, {axes})"), edits)
                    }
                }
            }
        };
        let counts_batch = order.counts_batch;
        self.mistake(given, &Mistake::AxesOfTranspose { rank: tensor.rank(), instead, edits, counts_batch });
        Some(self.ordered(&tensor, &order, span))
    }

    /// What `x.transpose(0, 1)` and `x.permute(1, 0)` are here, and what they give.
    pub fn order_by_method(&mut self, method: &str, args: &[Arg], x: &Tensor, span: Span) -> Option<(String, Value)> {
        let items: Vec<&Expr> = match args {
            [Arg { name: None, value: Expr { kind: ExprKind::List(items) | ExprKind::Tuple(items), .. } }] => {
                items.iter().collect()
            }
            args => args.iter().map(|arg| &arg.value).collect(),
        };
        let numbers: Vec<i64> = items.iter().map(|item| whole(item)).collect::<Option<_>>()?;
        let order = match (method, numbers.as_slice()) {
            ("transpose" | "swapaxes" | "swapdims", [first, second]) => Order::swapping(x.rank(), *first, *second)?,
            ("permute" | "transpose", axes) => Order::of(x.rank(), axes)?,
            _ => return None,
        };
        Some((order.stage(), self.ordered(x, &order, span)))
    }

    fn ordered(&mut self, x: &Tensor, order: &Order, span: Span) -> Value {
        self.builder.span = span;
        Value::Tensor(Tensor { span, ..self.builder.permute(x, &order.axes) })
    }

    /// `CrossAttention(4, memory)`: how many arguments a layer is given before its tensors, where those stand among
    /// them, and the tensors. The edit puts them into parentheses of their own.
    pub fn tensors_among(
        &mut self,
        entry: &Entry,
        args: &[Arg],
        span: Span,
        is_piped: bool,
        frame: &Frame,
    ) -> Option<usize> {
        let Body::Layer { inputs, .. } = entry.body else { return None };
        let is_tensor = |arg: &Arg| {
            let is_input = arg.name.as_ref().is_none_or(|name| inputs.contains(&&*name.name));
            let bound = match &arg.value.kind {
                ExprKind::Name(name) => frame.lookup(name).map(|binding| &binding.value),
                _ => None,
            };
            is_input && matches!(bound, Some(Value::Tensor(_)))
        };
        let first = args.iter().position(is_tensor)?;
        let (before, tensors) = args.split_at(first);
        let taken = tensors.len() + usize::from(is_piped);
        // A layer without arguments takes its tensors in one pair of parentheses.
        let is_called_again = self.sources.text(Span { start: span.end, end: span.end + 1, ..span }) == "(";
        let fits = taken == inputs.len() || !is_piped && taken + 1 == inputs.len();
        let (last, [.., last_before]) = (tensors.last()?, before) else { return None };
        if is_called_again || !fits || !tensors.iter().all(is_tensor) {
            return None;
        }
        let removed = Span { start: last_before.span().end, end: last.span().end, ..span };
        let names: Vec<&str> = tensors.iter().map(|arg| self.sources.text(arg.value.span)).collect();
        let behind = format!("({})", names.join(", "));
        let kept = Span { end: removed.start, ..span };
        let instead = format!("{}){behind}", self.sources.text(kept));
        let edits = vec![(removed, String::new()), (span.end_point(), behind)];
        let callee = entry.name.to_owned();
        let at = tensors.first().map_or(span, |arg| arg.span());
        self.mistake(at, &Mistake::TensorAmongArguments { callee, instead, edits });
        Some(first)
    }

    /// `einsum(a, b, "td,de->te")`, `einsum("td,de->te", [a, b])`: the arguments as they are taken here.
    pub fn einsum_arguments(&mut self, entry: &Entry, args: &[Arg]) -> Option<Vec<Arg>> {
        let is_text = |arg: &Arg| arg.name.is_none() && matches!(arg.value.kind, ExprKind::String(_));
        if entry.name != "einsum" {
            return None;
        }
        match args {
            [pattern, Arg { name: None, value: Expr { kind: ExprKind::List(items), span } }] if is_text(pattern) => {
                let (open, close) =
                    (Span { end: span.start + 1, ..*span }, Span { start: span.end.saturating_sub(1), ..*span });
                let edits = vec![(open, String::new()), (close, String::new())];
                self.mistake(*span, &Mistake::OperandsInBrackets { edits });
                let operands = items.iter().map(|item| Arg { name: None, value: item.clone() });
                Some(std::iter::once(pattern.clone()).chain(operands).collect())
            }
            [first, ..] if !is_text(first) => {
                let at = args.iter().position(is_text)?;
                let pattern = args.get(at)?;
                let text = self.sources.text(pattern.span()).to_owned();
                let edits =
                    vec![(removal(args, at)?, String::new()), (first.span().start_point(), format!("{text}, "))];
                self.mistake(pattern.span(), &Mistake::PatternBehind { edits });
                let others = args.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, arg)| arg.clone());
                Some(std::iter::once(pattern.clone()).chain(others).collect())
            }
            _ => None,
        }
    }

    /// A pattern of `einsum` that has the batch in front, or `...` for it and other axes.
    pub fn pattern_without_batch(&self, diagnostic: Diagnostic, met: &Met) -> Diagnostic {
        let Some((_, span)) = met.site.arguments.iter().find(|(name, _)| *name == "pattern") else { return diagnostic };
        let Some(pattern) = self.sources.text(*span).strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
            return diagnostic;
        };
        let ranks: Vec<usize> = met.operands.iter().map(|x| x.rank()).collect();
        let Some(instead) = without_batch(pattern, &ranks) else { return diagnostic };
        let told = Diagnostic { help: Vec::new(), ..diagnostic };
        told.fix(format!("without the batch: `\"{instead}\"`"), *span, format!("\"{instead}\""))
    }
}

/// The pattern for operands of so many axes, where it has the batch as an axis of its own.
fn without_batch(pattern: &str, ranks: &[usize]) -> Option<String> {
    let operands = |pattern: &str| -> Vec<String> {
        let left = pattern.split("->").next().unwrap_or_default();
        left.split(',').map(|part| part.chars().filter(|c| !c.is_whitespace()).collect()).collect()
    };
    let instead = if pattern.contains("...") {
        // What it stands for beside the batch has no letters yet.
        let written = operands(pattern);
        let open = written.iter().zip(ranks).filter_map(|(part, rank)| {
            let letters = part.strip_prefix("...")?.len();
            Some(rank.checked_sub(letters))
        });
        let mut open: Vec<Option<usize>> = open.collect();
        open.dedup();
        let [Some(count)] = open.as_slice() else { return None };
        let free: String =
            "tsnmpqabcdefghijkloruvwxyz".chars().filter(|c| !pattern.contains(*c)).take(*count).collect();
        (free.len() == *count).then(|| pattern.replace("...", &free))?
    } else {
        // Without a result, an axis that two operands have is summed over.
        let (left, right) = pattern.split_once("->")?;
        let parts: Vec<&str> = left.split(',').chain([right]).map(str::trim_start).collect();
        let batch = parts.first()?.chars().next()?;
        let is_batch = parts.iter().all(|part| part.starts_with(batch));
        let is_once_each = pattern.matches(batch).count() == parts.len();
        (is_batch && is_once_each).then(|| pattern.replace(batch, ""))?
    };
    let counts: Vec<usize> = operands(&instead).iter().map(String::len).collect();
    (counts == ranks).then_some(instead)
}

#[cfg(test)]
mod tests {
    use super::{Order, without_batch};

    #[test]
    fn axes_are_swapped_as_torch_does_with_the_batch_or_without() {
        let stage = |rank, a, b| Order::swapping(rank, a, b).map(|o| (o.stage(), o.counts_batch));
        assert_eq!(stage(2, 0, 1), Some(("transpose".into(), false)));
        assert_eq!(stage(2, -1, -2), Some(("transpose".into(), false)));
        assert_eq!(stage(2, 1, 2), Some(("transpose".into(), true)));
        assert_eq!(stage(3, 0, 2), Some(("permute([2, 1, 0])".into(), false)));
        assert_eq!(stage(3, 1, 2), Some(("transpose".into(), false)));
        assert_eq!(stage(3, 1, 3), Some(("permute([2, 1, 0])".into(), true)));
        assert_eq!(stage(2, 0, 2), None);
        assert_eq!(stage(2, 1, 1), None);
    }

    #[test]
    fn orders_of_all_axes() {
        let stage = |rank, axes: &[i64]| Order::of(rank, axes).map(|o| (o.stage(), o.counts_batch));
        assert_eq!(stage(2, &[1, 0]), Some(("transpose".into(), false)));
        assert_eq!(stage(2, &[0, 2, 1]), Some(("transpose".into(), true)));
        assert_eq!(stage(3, &[2, 0, 1]), Some(("permute([2, 0, 1])".into(), false)));
        assert_eq!(stage(3, &[0, 3, 1, 2]), Some(("permute([2, 0, 1])".into(), true)));
        assert_eq!(stage(3, &[0, 0, 1]), None);
        assert_eq!(stage(3, &[0, 1]), None);
    }

    #[test]
    fn patterns_lose_the_batch() {
        let instead = |pattern, ranks: &[usize]| without_batch(pattern, ranks);
        assert_eq!(instead("btd,bsd->bts", &[2, 2]).as_deref(), Some("td,sd->ts"));
        assert_eq!(instead("b i j, b j k -> b i k", &[2, 2]).as_deref(), Some(" i j,  j k ->  i k"));
        assert_eq!(instead("...d,de->...e", &[2, 2]).as_deref(), Some("td,de->te"));
        assert_eq!(instead("...td,...sd->...ts", &[2, 2]).as_deref(), Some("td,sd->ts"));
        assert_eq!(instead("...td,...sd->...ts", &[3, 3]).as_deref(), Some("ntd,nsd->nts"));
        assert_eq!(instead("bi,bj", &[1, 1]), None);
        assert_eq!(instead("td,de->te", &[2, 3]), None);
        assert_eq!(instead("btd,bdb->bt", &[2, 2]), None);
    }
}
