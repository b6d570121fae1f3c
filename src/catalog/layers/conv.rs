//! `Conv1d`, `Conv2d`, `Conv3d` and their transposes.

use super::channels::{Channels, DILATION, KERNEL, PADDING, STRIDE, known, number, of_group, positions, windows};
use crate::build::{Builder, Problem, StateScope, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{Args, Body, Entry, Example, Fans, Param, ParamType};
use crate::ir::dim::Dim;
use crate::ir::init::Init;

const CHANNELS: Param = Param::required("channels", ParamType::Size, "how many channels the result has");
const GROUPS: Param = Param::optional(
    "groups",
    ParamType::Size,
    "1",
    "into how many parts the channels are divided; each part of the result sees its own part alone",
);
const BIAS: Param =
    Param::optional("bias", ParamType::Bool, "true", "whether a trained number is added to each channel");
const INIT: Param = Param::optional(
    "init",
    ParamType::Init,
    "none",
    "how `weight` starts; left out, kaiming_uniform with a = sqrt(5), which is uniform in ±1/sqrt(numbers that a \
     window sees)",
);
const MORE: Param = Param::optional(
    "output_padding",
    ParamType::Whole { min: 0, max: 1 << 20 },
    "0",
    "positions added behind each axis of the result: of the sizes that a stride makes one, which is meant",
);

const FORWARD: &[Param] = &[CHANNELS, KERNEL, STRIDE, PADDING, DILATION, GROUPS, BIAS, INIT];
const TRANSPOSED: &[Param] = &[CHANNELS, KERNEL, STRIDE, PADDING, MORE, GROUPS, BIAS, DILATION, INIT];

const FORMULA: &str = "y[o] = bias[o] + sum over channels c and positions k of the window: weight[o, c, k] * x[c, \
                       place * stride + k * dilation - padding]; \
                       size of an axis: (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down";
const FORMULA_TRANSPOSED: &str = "y[o, place * stride + k * dilation - padding] += weight[c, o, k] * x[c, place], then + \
                                  bias[o]; size of an axis: (size - 1) stride - 2 padding + dilation (kernel - 1) + \
                                  output_padding + 1; with padding: same, size * stride";

/// `torch.nn.Conv1d` over the rows of `[T, D]`.
pub static CONV1D: Entry = Entry {
    name: "Conv1d",
    summary: "Slides windows along a sequence: each channel of the result is a weighted sum of what the window sees.",
    formula: FORMULA,
    params: FORWARD,
    shapes: &["[T, D] -> [T', channels]"],
    example: Example {
        inputs: &[("x", "[10, 4]")],
        code: "x |> Conv1d(8, kernel: 3, padding: same)",
        output: "[10, 8]",
    },
    source: "torch.nn.Conv1d",
    elsewhere: &[
        ("Conv1D", "Keras"),
        ("Convolution1D", "Keras"),
        ("conv1d", "PyTorch"),
        ("LazyConv1d", "PyTorch"),
        ("nn.Conv1d", "PyTorch"),
        ("TemporalConvolution", "Torch7"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, scope, args, inputs| forward(b, scope, args, inputs, 1, "Conv1d") },
};

/// `torch.nn.Conv2d`.
pub static CONV2D: Entry = Entry {
    name: "Conv2d",
    summary: "Slides windows over an image: each channel of the result is a weighted sum of what the window sees.",
    formula: FORMULA,
    params: FORWARD,
    shapes: &["[C, H, W] -> [channels, H', W']"],
    example: Example {
        inputs: &[("x", "[3, 8, 8]")],
        code: "x |> Conv2d(16, kernel: 3, stride: 2, padding: 1)",
        output: "[16, 4, 4]",
    },
    source: "torch.nn.Conv2d",
    elsewhere: &[
        ("Conv2D", "Keras"),
        ("Convolution2D", "Keras"),
        ("conv2d", "PyTorch"),
        ("Conv", "Flax"),
        ("conv", "Flax"),
        ("Convolution", "Caffe"),
        ("SpatialConvolution", "Torch7"),
        ("DepthwiseConv2D", "Keras"),
        ("LazyConv2d", "PyTorch"),
        ("nn.Conv2d", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, scope, args, inputs| forward(b, scope, args, inputs, 2, "Conv2d") },
};

/// `torch.nn.Conv3d`.
pub static CONV3D: Entry = Entry {
    name: "Conv3d",
    summary: "Slides windows through a volume: each channel of the result is a weighted sum of what the window sees.",
    formula: FORMULA,
    params: FORWARD,
    shapes: &["[C, D, H, W] -> [channels, D', H', W']"],
    example: Example {
        inputs: &[("x", "[1, 4, 4, 4]")],
        code: "x |> Conv3d(2, kernel: 3, padding: 1)",
        output: "[2, 4, 4, 4]",
    },
    source: "torch.nn.Conv3d",
    elsewhere: &[
        ("Conv3D", "Keras"),
        ("conv3d", "PyTorch"),
        ("nn.Conv3d", "PyTorch"),
        ("VolumetricConvolution", "Torch7"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, scope, args, inputs| forward(b, scope, args, inputs, 3, "Conv3d") },
};

/// `torch.nn.ConvTranspose1d` over the rows of `[T, D]`.
pub static CONV_TRANSPOSE1D: Entry = Entry {
    name: "ConvTranspose1d",
    summary: "Spreads each position of a sequence over a window of a longer one: the transpose of Conv1d.",
    formula: FORMULA_TRANSPOSED,
    params: TRANSPOSED,
    shapes: &["[T, D] -> [T', channels]"],
    example: Example {
        inputs: &[("x", "[5, 4]")],
        code: "x |> ConvTranspose1d(8, kernel: 2, stride: 2)",
        output: "[10, 8]",
    },
    source: "torch.nn.ConvTranspose1d",
    elsewhere: &[
        ("Conv1DTranspose", "Keras"),
        ("conv_transpose1d", "PyTorch"),
        ("Deconv1d", "Chainer"),
        ("nn.ConvTranspose1d", "PyTorch"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, scope, args, inputs| transposed(b, scope, args, inputs, 1, "ConvTranspose1d"),
    },
};

/// `torch.nn.ConvTranspose2d`.
pub static CONV_TRANSPOSE2D: Entry = Entry {
    name: "ConvTranspose2d",
    summary: "Spreads each position of an image over a window of a larger one: the transpose of Conv2d.",
    formula: FORMULA_TRANSPOSED,
    params: TRANSPOSED,
    shapes: &["[C, H, W] -> [channels, H', W']"],
    example: Example {
        inputs: &[("x", "[8, 4, 4]")],
        code: "x |> ConvTranspose2d(3, kernel: 2, stride: 2)",
        output: "[3, 8, 8]",
    },
    source: "torch.nn.ConvTranspose2d",
    elsewhere: &[
        ("Conv2DTranspose", "Keras"),
        ("Convolution2DTranspose", "Keras"),
        ("conv_transpose2d", "PyTorch"),
        ("ConvTranspose", "Flax"),
        ("Deconvolution", "Caffe"),
        ("Deconv2d", "Chainer"),
        ("SpatialFullConvolution", "Torch7"),
        ("nn.ConvTranspose2d", "PyTorch"),
    ],
    body: Body::Layer {
        inputs: &["x"],
        apply: |b, scope, args, inputs| transposed(b, scope, args, inputs, 2, "ConvTranspose2d"),
    },
};

/// What both directions need of their arguments.
struct Groups {
    count: usize,
    /// Channels of the operand, and of the result, in each.
    channels: Dim,
    units: Dim,
}

fn groups(b: &Builder, args: &Args, input: &Dim, layer: &'static str) -> Result<Groups, Problem> {
    let groups = args.dim("groups");
    known(b, &groups, || format!("the groups of {layer}"))?;
    let result = args.dim("channels");
    Ok(Groups {
        count: number(&groups),
        channels: of_group(input, &groups, "groups cannot share the {} channels of its input", &result)?,
        units: of_group(&result, &groups, "groups cannot share the {} channels of its result", input)?,
    })
}

/// The weight and, where there is one, the bias. `inner` and `outer` are numbers that one position of the result, and
/// of the operand, is connected with.
fn weights(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    shape: Vec<Dim>,
) -> Result<(Tensor, Option<Tensor>), Problem> {
    // As numbers with a point: a kernel that is too large by far is told below, and must not overflow here.
    let number = |dim: &Dim| number(dim) as f64;
    let taps: f64 = shape.iter().skip(2).map(number).product();
    let fan = |axis: usize| shape.get(axis).map_or(1.0, number) * taps;
    // As torch counts: the second axis is what flows in, also for the transposes.
    let fans = Fans { input: fan(1), output: fan(0) };
    let bound = fans.input.sqrt().recip();
    let start = Init::Uniform { low: -bound, high: bound };
    let init = args.init("init").map_or(start, |i| i.resolve(fans));
    let weight = b.weight(scope, "weight", &shape, init)?;
    let bias = match args.bool("bias") {
        true => Some(b.weight(scope, "bias", &[args.dim("channels")], start)?),
        false => None,
    };
    Ok((weight, bias))
}

/// Adds one number a channel; channels stand first.
fn with_bias(b: &mut Builder, y: Tensor, bias: Option<Tensor>) -> Result<Tensor, Problem> {
    let Some(bias) = bias else { return Ok(y) };
    let mut aligned = vec![Dim::constant(1); y.rank()];
    if let (Some(first), Some(size)) = (aligned.first_mut(), bias.shape.first()) {
        *first = size.clone();
    }
    let bias = b.reshape_to(&bias, aligned);
    b.add(&y, &bias)
}

fn forward(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    inputs: &[Tensor],
    axes: usize,
    layer: &'static str,
) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    positions(x, axes)?;
    let channels = Channels::first(b, x);
    let groups = groups(b, args, &channels.count(), layer)?;
    let windows = windows(b, args, axes, layer)?;
    let mut shape = vec![args.dim("channels"), groups.channels];
    shape.extend(windows.iter().map(|w| w.kernel.clone()));
    let (weight, bias) = weights(b, scope, args, shape)?;
    let y = b.convolve(&channels.x, &weight, &windows, groups.count)?;
    let y = with_bias(b, y, bias)?;
    Ok(vec![channels.back(b, y)])
}

fn transposed(
    b: &mut Builder,
    scope: &StateScope,
    args: &Args,
    inputs: &[Tensor],
    axes: usize,
    layer: &'static str,
) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    positions(x, axes)?;
    let channels = Channels::first(b, x);
    let groups = groups(b, args, &channels.count(), layer)?;
    let windows = windows(b, args, axes, layer)?;
    let more = args.dim("output_padding");
    for window in &windows {
        let bound = window.stride.as_constant().zip(window.dilation.as_constant()).map(|(s, d)| s.max(d));
        if more.as_constant().zip(bound).is_some_and(|(more, bound)| more >= bound) {
            let message = format!("{more} positions more are not fewer than the stride or the dilation");
            return Err(Problem::Argument { argument: "output_padding", message });
        }
    }
    let mut shape = vec![channels.count(), groups.units];
    shape.extend(windows.iter().map(|w| w.kernel.clone()));
    let (weight, bias) = weights(b, scope, args, shape)?;
    let more = vec![more; axes];
    let y = b.convolve_transposed(&channels.x, &weight, &windows, &more, groups.count)?;
    let y = with_bias(b, y, bias)?;
    Ok(vec![channels.back(b, y)])
}
