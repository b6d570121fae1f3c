//! `Embedding`.

use crate::build::{Builder, Kind, Problem, StateScope, Tensor};
use crate::catalog::demands::only;
use crate::catalog::{Args, Body, Entry, Example, Fans, Param, ParamType};
use crate::ir::init::Init;

/// `torch.nn.Embedding`; the size of the vocabulary is that of the `class(n)` input.
pub static EMBEDDING: Entry = Entry {
    name: "Embedding",
    summary: "A trainable vector for each class: looks up the rows of a table.",
    formula: "y = weight[x]",
    params: &[
        Param::required("width", ParamType::Size, "how many numbers stand for a class"),
        Param::optional("init", ParamType::Init, "none", "how `weight` starts; left out, normal with mean 0 and std 1"),
    ],
    shapes: &["class(V)[..] -> [.., width]"],
    example: Example { inputs: &[("x", "class(5)[3]")], code: "x |> Embedding(4)", output: "[3, 4]" },
    source: "torch.nn.Embedding",
    elsewhere: &[("nn.Embedding", "PyTorch"), ("Embed", "Flax"), ("EmbeddingBag", "PyTorch")],
    body: Body::Layer { inputs: &["x"], apply },
};

fn apply(b: &mut Builder, scope: &StateScope, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let ids = only(inputs)?;
    let Kind::Class { count, .. } = &ids.kind else {
        return Err(Problem::Kind { operand: 0, wanted: "class(n)", got: ids.kind.clone() });
    };
    let width = args.dim("width");
    let size = |n: &crate::ir::dim::Dim| n.as_constant().map_or(1.0, |n| n.max(1) as f64);
    let fans = Fans { input: size(count), output: size(&width) };
    let init = args.init("init").map_or(Init::Normal { mean: 0.0, std: 1.0 }, |i| i.resolve(fans));
    let table = b.weight(scope, "weight", &[count.clone(), width], init)?;
    Ok(vec![b.gather_rows(&table, ids)?])
}
