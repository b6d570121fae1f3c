//! `Dropout`.

use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::only;
use crate::catalog::{Args, Body, Bounds, Entry, Example, Param, ParamType};
use crate::ir::op::{Binary, Distribution};

/// `torch.nn.Dropout`; Srivastava et al. 2014.
pub static DROPOUT: Entry = Entry {
    name: "Dropout",
    summary: "In training, sets a random share of the numbers to 0 and scales up the rest; nothing in evaluation.",
    formula: "y = 0 with probability p, else x / (1 - p)",
    params: &[Param::optional("p", ParamType::Number(Bounds::UNIT), "0.5", "the share that is set to 0")],
    shapes: &["[..] -> [..]"],
    example: Example { inputs: &[("x", "[4]")], code: "x |> Dropout(0.3)", output: "[4]" },
    source: "torch.nn.Dropout",
    elsewhere: &[("nn.Dropout", "PyTorch"), ("AlphaDropout", "PyTorch")],
    body: Body::Layer { inputs: &["x"], apply },
};

fn apply(b: &mut Builder, _: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    Ok(vec![drop_out(b, only(inputs)?, args.number("p"))?])
}

/// `x` with a share of its numbers set to 0 and the rest scaled up, in training.
pub fn drop_out(b: &mut Builder, x: &Tensor, p: f64) -> Result<Tensor, Problem> {
    if !b.training || p <= 0.0 {
        return Ok(x.clone());
    }
    let zero = b.constant(0.0);
    if p >= 1.0 {
        // 1 / (1 - p) is infinite here.
        let nothing = b.broadcast_to(&zero, &x.shape, x.batched)?;
        return Ok(nothing);
    }
    let draw = b.random(&x.shape, Distribution::Uniform)?;
    let p_constant = b.constant(p);
    let kept = b.binary(Binary::LessEqual, &p_constant, &draw)?;
    let scaled = b.scale(x, 1.0 / (1.0 - p));
    b.select(&kept, &scaled, &zero)
}
