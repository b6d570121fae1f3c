//! `ctc`: sequences whose alignment is not known.

use crate::build::{Builder, Kind, Problem, Role, Tensor};
use crate::catalog::demands::{last_axis, numbers};
use crate::catalog::{Args, Body, Entry, Example, Param, ParamType, Task};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

/// It alone.
pub static ALL: &[&Entry] = &[&CTC];

/// `torch.nn.CTCLoss(zero_infinity=True)`; Graves et al. 2006.
pub static CTC: Entry = Entry {
    name: "ctc",
    summary: "How surprised the model is by a shorter sequence of classes, however it is spread over the positions; the \
              loss of speech and handwriting.",
    formula: "-log(sum of the probabilities of all ways to spell the target: every class at one position or more in a \
              row, blanks anywhere between, and between two equal classes), divided by the length of the target; 0 where \
              there are too few positions for any way",
    params: &[
        Param::required("logits", ParamType::Tensor, "scores of the classes at each position, before any softmax"),
        Param::required("target", ParamType::Tensor, "the classes in order; what stands behind them is blank"),
        Param::optional("blank", ParamType::Whole { min: 0, max: 1 << 40 }, "0", "the class that spells nothing"),
    ],
    shapes: &["[T, C], class(C)[S] -> float"],
    example: Example { inputs: &[("logits", "[5, 3]"), ("y", "class(3)[2]")], code: "ctc(logits, y)", output: "float" },
    source: "torch.nn.CTCLoss(zero_infinity=True); Graves et al. 2006",
    elsewhere: &[("CTCLoss", "PyTorch"), ("CTC", "Keras"), ("ctc_loss", "PyTorch"), ("ctc_batch_cost", "Keras")],
    body: Body::Loss { build: ctc, operands: ("logits", "target"), task: Task::Classification },
};

/// The logarithm of a probability of 0: finite, so that its differences are no NaN, and far below every other.
const NEVER: f64 = -1e30;

/// How many positions are unrolled at most: every one is a dozen nodes of the graph.
const MOST: i64 = 1024;

fn ctc(b: &mut Builder, args: &Args) -> Result<Vec<Tensor>, Problem> {
    let (x, y) = (args.operand("logits")?, args.operand("target")?);
    numbers(0, x)?;
    if x.role != Role::Value {
        return Err(Problem::LossRole { operand: 0, wanted: "logits", got: x.role, instead: "" });
    }
    if x.rank() != 2 {
        let wanted = "two axes, positions and classes, `[T, C]`".to_owned();
        return Err(Problem::Rank { operand: 0, wanted, shape: x.shape.clone() });
    }
    let Kind::Class { count, names } = &y.kind else {
        return Err(Problem::Kind { operand: 1, wanted: "class(n)", got: y.kind.clone() });
    };
    if y.rank() != 1 {
        let wanted = "one axis, the classes in order, `class(C)[S]`".to_owned();
        return Err(Problem::Rank { operand: 1, wanted, shape: y.shape.clone() });
    }
    let (last, width) = last_axis(x)?;
    if !b.sizes_fit(&width, count) {
        return Err(Problem::ClassCount { operand: 0, width, classes: count.clone(), names: names.clone() });
    }
    let blank = args.dim("blank");
    if let (Some(blank), Some(width)) = (blank.as_constant(), width.as_constant())
        && blank >= width
    {
        let message = format!("there is no class {blank} among {width}");
        return Err(Problem::Argument { argument: "blank", message });
    }
    let positions = x.shape.first().cloned().unwrap_or_default();
    let Some(count) = positions.as_constant() else {
        if b.generic {
            // By itself a block is only checked for what fails at every size.
            let nothing = b.constant(0.0);
            return Ok(vec![b.broadcast_to(&nothing, &[], x.batched)?]);
        }
        return Err(Problem::UnknownSize { what: "ctc".into(), size: positions });
    };
    if count > MOST {
        let message = format!("{count} positions; {MOST} are the most that are unrolled");
        return Err(Problem::Argument { argument: "logits", message });
    }
    let log_probabilities = b.log_softmax(x, last);
    let (places, is_skippable, is_label) = places(b, y, &blank)?;
    // emissions[t, l]: the log-probability at t of what stands at place l.
    let chosen = b.one_hot(&places, &width)?;
    let chosen = b.transpose(&chosen)?;
    let emissions = b.matmul(&log_probabilities, &chosen)?;
    let alpha = forward(b, &emissions, &is_skippable, count)?;
    let length = b.sum(&is_label, &[0], false);
    let (one, zero) = (b.constant(1.0), b.constant(0.0));
    let twice = b.scale(&length, 2.0);
    let behind = b.take_last(&alpha, &twice.clone().with_kind(Kind::Int))?;
    let last_label = b.offset(&twice, -1.0);
    let last_label = b.binary(Binary::Maximum, &last_label, &zero)?.with_kind(Kind::Int);
    let on = b.take_last(&alpha, &last_label)?;
    // Without a label there is but one place to end.
    let is_empty = b.binary(Binary::Equal, &length, &zero)?;
    let never = b.constant(NEVER);
    let on = b.select(&is_empty, &never, &on)?;
    let log_likelihood = log_sum_exp(b, &[behind, on])?;
    let limit = b.constant(NEVER / 2.0);
    let is_possible = b.binary(Binary::Less, &limit, &log_likelihood)?;
    let negative = b.unary(Unary::Negate, &log_likelihood);
    let loss = b.select(&is_possible, &negative, &zero)?;
    let divisor = b.binary(Binary::Maximum, &length, &one)?;
    Ok(vec![b.divide(&loss, &divisor)?])
}

/// Blank, label, blank, label, …, blank: the class of each place, where one may come from two places before, and which
/// elements of the target are labels.
fn places(b: &mut Builder, y: &Tensor, blank: &Dim) -> Result<(Tensor, Tensor, Tensor), Problem> {
    let y = y.clone().with_kind(Kind::Int);
    let blank = b.size(blank);
    let is_label = b.binary(Binary::NotEqual, &y, &blank)?.with_kind(Kind::Float);
    let blanks = b.broadcast_to(&blank, &y.shape, y.batched)?;
    let size = y.shape.first().cloned().unwrap_or_default();
    let pairs = b.stack(&[blanks, y.clone()], -1)?;
    let flat = b.reshape_to(&pairs, vec![size.clone() * Dim::constant(2)]);
    let one_blank = b.broadcast_to(&blank, &[Dim::constant(1)], y.batched)?;
    let places = b.concat(&[flat, one_blank], 0)?.with_kind(Kind::Int);
    // A blank is only passed over between two labels that differ.
    let total = places.shape.first().cloned().unwrap_or_default();
    let two = Dim::constant(2);
    let now = b.slice(&places, 0, two.clone(), total.clone() - two.clone());
    let before = b.slice(&places, 0, Dim::default(), total - two.clone());
    let differs = b.binary(Binary::NotEqual, &now, &before)?;
    let is_letter = b.binary(Binary::NotEqual, &now, &blank)?;
    let skippable = b.binary(Binary::And, &differs, &is_letter)?.with_kind(Kind::Float);
    let skippable = b.pad(&skippable, 0, two, Dim::default(), 0.0)?;
    Ok((places, skippable, is_label))
}

/// The log-probability, after the last position, of having come to each place.
fn forward(b: &mut Builder, emissions: &Tensor, is_skippable: &Tensor, positions: i64) -> Result<Tensor, Problem> {
    let places = emissions.shape.get(1).cloned().unwrap_or_default();
    let row = |b: &mut Builder, t: i64| -> Tensor {
        let row = b.slice(emissions, 0, Dim::constant(t), Dim::constant(1));
        b.reshape_to(&row, vec![places.clone()])
    };
    let never = b.constant(NEVER);
    // One begins with a blank or with the first label.
    let order = b.iota(&places);
    let two = b.constant(2.0);
    let is_start = b.binary(Binary::Less, &order, &two)?;
    let first = row(b, 0);
    let mut alpha = b.select(&is_start, &first, &never)?;
    for t in 1..positions {
        let from = |b: &mut Builder, alpha: &Tensor, by: i64| -> Result<Tensor, Problem> {
            let kept = b.slice(alpha, 0, Dim::default(), places.clone() - Dim::constant(by));
            b.pad(&kept, 0, Dim::constant(by), Dim::default(), NEVER)
        };
        let step = from(b, &alpha, 1)?;
        let skip = from(b, &alpha, 2)?;
        let skip = b.select(is_skippable, &skip, &never)?;
        let come = log_sum_exp(b, &[alpha, step, skip])?;
        let emission = row(b, t);
        alpha = b.add(&come, &emission)?;
    }
    Ok(alpha)
}

/// `log(exp(a) + exp(b) + …)`, number by number.
fn log_sum_exp(b: &mut Builder, terms: &[Tensor]) -> Result<Tensor, Problem> {
    let mut largest: Option<Tensor> = None;
    for term in terms {
        // The result does not depend on it, so no gradient need flow through it.
        let still = b.unary(Unary::StopGradient, term);
        largest = Some(match largest {
            None => still,
            Some(other) => b.binary(Binary::Maximum, &other, &still)?,
        });
    }
    let Some(largest) = largest else { return Ok(b.constant(NEVER)) };
    let mut sum: Option<Tensor> = None;
    for term in terms {
        let less = b.subtract(term, &largest)?;
        let part = b.unary(Unary::Exponential, &less);
        sum = Some(match sum {
            None => part,
            Some(sum) => b.add(&sum, &part)?,
        });
    }
    let Some(sum) = sum else { return Ok(largest) };
    let logarithm = b.unary(Unary::Logarithm, &sum);
    b.add(&logarithm, &largest)
}
