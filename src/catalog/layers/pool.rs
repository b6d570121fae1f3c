//! `MaxPool1d`, `MaxPool2d`, `AvgPool1d`, `AvgPool2d` and `AdaptiveAvgPool2d`.

use super::channels::{Channels, DILATION, KERNEL, PADDING, SIZES, known, positions, windows};
use crate::build::{Builder, Padding, Problem, Tensor};
use crate::catalog::demands::{numbers, only};
use crate::catalog::{ArgValue, Args, Body, Entry, Example, Param};
use crate::ir::dim::Dim;
use crate::ir::op::{Binary, Unary};

const STRIDE: Param = Param::optional("stride", SIZES, "kernel", "how far the window moves");
const AROUND: Param =
    Param { doc: "positions around each axis that a maximum skips: at most half of the kernel", ..PADDING };
const ZEROS: Param = Param {
    doc: "zeros around each axis, at most half of the kernel, which the mean counts as torch does; those of `same` it \
          does not count",
    ..PADDING
};

const MAX: &[Param] = &[KERNEL, STRIDE, AROUND, DILATION];
const MEAN: &[Param] = &[KERNEL, STRIDE, ZEROS];

const SIZE: &str = "size of an axis: (size + 2 padding - kernel) / stride + 1, rounded down";
const MAX_SIZE: &str = "size of an axis: (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down";

const ROWS: &[&str] = &["[T, D] -> [T', D]"];
const IMAGES: &[&str] = &["[C, H, W] -> [C, H', W']"];

/// `torch.nn.MaxPool1d` over the rows of `[T, D]`.
pub static MAX_POOL1D: Entry = Entry {
    name: "MaxPool1d",
    summary: "The largest number of each window of a sequence, channel by channel.",
    formula: MAX_SIZE,
    params: MAX,
    shapes: ROWS,
    example: Example { inputs: &[("x", "[10, 4]")], code: "x |> MaxPool1d(2)", output: "[5, 4]" },
    source: "torch.nn.MaxPool1d",
    elsewhere: &[
        ("MaxPooling1D", "Keras"),
        ("MaxPool1D", "Keras"),
        ("max_pool1d", "PyTorch"),
        ("nn.MaxPool1d", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, _, args, inputs| max(b, args, inputs, 1, "MaxPool1d") },
};

/// `torch.nn.MaxPool2d`.
pub static MAX_POOL2D: Entry = Entry {
    name: "MaxPool2d",
    summary: "The largest number of each window of an image, channel by channel.",
    formula: MAX_SIZE,
    params: MAX,
    shapes: IMAGES,
    example: Example { inputs: &[("x", "[3, 8, 8]")], code: "x |> MaxPool2d(2)", output: "[3, 4, 4]" },
    source: "torch.nn.MaxPool2d",
    elsewhere: &[
        ("MaxPooling2D", "Keras"),
        ("MaxPool2D", "Keras"),
        ("MaxPool", "ONNX"),
        ("max_pool2d", "PyTorch"),
        ("max_pool", "Flax"),
        ("maxpool", "PyTorch"),
        ("nn.MaxPool2d", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, _, args, inputs| max(b, args, inputs, 2, "MaxPool2d") },
};

/// `torch.nn.AvgPool1d` over the rows of `[T, D]`.
pub static AVG_POOL1D: Entry = Entry {
    name: "AvgPool1d",
    summary: "The mean of each window of a sequence, channel by channel.",
    formula: SIZE,
    params: MEAN,
    shapes: ROWS,
    example: Example { inputs: &[("x", "[10, 4]")], code: "x |> AvgPool1d(2)", output: "[5, 4]" },
    source: "torch.nn.AvgPool1d",
    elsewhere: &[
        ("AveragePooling1D", "Keras"),
        ("AvgPool1D", "Keras"),
        ("avg_pool1d", "PyTorch"),
        ("nn.AvgPool1d", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, _, args, inputs| mean(b, args, inputs, 1, "AvgPool1d") },
};

/// `torch.nn.AvgPool2d`.
pub static AVG_POOL2D: Entry = Entry {
    name: "AvgPool2d",
    summary: "The mean of each window of an image, channel by channel.",
    formula: SIZE,
    params: MEAN,
    shapes: IMAGES,
    example: Example { inputs: &[("x", "[3, 8, 8]")], code: "x |> AvgPool2d(2)", output: "[3, 4, 4]" },
    source: "torch.nn.AvgPool2d",
    elsewhere: &[
        ("AveragePooling2D", "Keras"),
        ("AvgPool2D", "Keras"),
        ("AveragePool", "ONNX"),
        ("avg_pool2d", "PyTorch"),
        ("avg_pool", "Flax"),
        ("nn.AvgPool2d", "PyTorch"),
    ],
    body: Body::Layer { inputs: &["x"], apply: |b, _, args, inputs| mean(b, args, inputs, 2, "AvgPool2d") },
};

/// `torch.nn.AdaptiveAvgPool2d`.
pub static ADAPTIVE_AVG_POOL2D: Entry = Entry {
    name: "AdaptiveAvgPool2d",
    summary: "The means of as many windows as are asked for, which cover the image evenly.",
    formula: "window i of n along an axis covers positions i * size / n, rounded down, up to (i + 1) * size / n, rounded up",
    params: &[Param::required("size", SIZES, "windows along each axis; a list gives one for each")],
    shapes: &["[C, H, W] -> [C, size, size]"],
    example: Example { inputs: &[("x", "[3, 7, 8]")], code: "x |> AdaptiveAvgPool2d(4)", output: "[3, 4, 4]" },
    source: "torch.nn.AdaptiveAvgPool2d",
    elsewhere: &[("adaptive_avg_pool2d", "PyTorch"), ("nn.AdaptiveAvgPool2d", "PyTorch")],
    body: Body::Layer { inputs: &["x"], apply: |b, _, args, inputs| adaptive(b, args, inputs) },
};

/// torch allows a window that lies at least half inside.
fn half_inside(windows: &[crate::build::Window]) -> Result<(), Problem> {
    for window in windows {
        if let Padding::Each(padding) = &window.padding
            && let (Some(padding), Some(kernel)) = (padding.as_constant(), window.kernel.as_constant())
            && padding > kernel / 2
        {
            let message = format!("{padding} is more than half of the kernel, {kernel}");
            return Err(Problem::Number { argument: "padding", message, instead: kernel / 2 });
        }
    }
    Ok(())
}

fn max(
    b: &mut Builder,
    args: &Args,
    inputs: &[Tensor],
    axes: usize,
    layer: &'static str,
) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    positions(x, axes)?;
    let channels = Channels::first(b, x);
    let windows = windows(b, args, axes, layer)?;
    half_inside(&windows)?;
    let y = b.window_max(&channels.x, &windows)?;
    Ok(vec![channels.back(b, y)])
}

fn mean(
    b: &mut Builder,
    args: &Args,
    inputs: &[Tensor],
    axes: usize,
    layer: &'static str,
) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    positions(x, axes)?;
    let channels = Channels::first(b, x);
    let windows = windows(b, args, axes, layer)?;
    half_inside(&windows)?;
    let y = b.window_mean(&channels.x, &windows)?;
    Ok(vec![channels.back(b, y)])
}

fn adaptive(b: &mut Builder, args: &Args, inputs: &[Tensor]) -> Result<Vec<Tensor>, Problem> {
    let x = only(inputs)?;
    numbers(0, x)?;
    positions(x, 2)?;
    let sizes: Vec<Dim> = match args.get("size") {
        ArgValue::Shape(list) if list.len() == 2 => list.iter().flatten().cloned().collect(),
        ArgValue::Shape(list) => {
            let reason = "one for each axis of positions";
            return Err(Problem::Length { argument: "size", wanted: Dim::constant(2), got: list.len(), reason });
        }
        _ => vec![args.dim("size"); 2],
    };
    let mut y = x.clone();
    for (axis, count) in [2, 1].into_iter().zip(sizes.iter().rev()) {
        known(b, count, || "the result of AdaptiveAvgPool2d".into())?;
        let size = x.shape.get(axis).cloned().unwrap_or_default();
        if let Some(ragged) = Some(&size).filter(|size| size.is_ragged()) {
            return Err(Problem::UnknownSize { what: "AdaptiveAvgPool2d".into(), size: ragged.clone() });
        }
        let means = even_means(b, count, &size)?;
        y = along(b, &y, axis, &means)?;
    }
    Ok(vec![y])
}

/// `[count, size]`: row i holds 1/n at the n positions of window i of as many that cover an axis evenly.
fn even_means(b: &mut Builder, count: &Dim, size: &Dim) -> Result<Tensor, Problem> {
    let window = b.iota(count);
    let window = b.unsqueeze(&window, 1);
    let (count, numbers) = (b.size(count), b.size(size));
    let edge = |b: &mut Builder, window: &Tensor, side: Unary| {
        let reach = b.multiply(window, &numbers)?;
        let edge = b.divide(&reach, &count)?;
        Ok::<Tensor, Problem>(b.unary(side, &edge))
    };
    let start = edge(b, &window, Unary::Floor)?;
    let next = b.offset(&window, 1.0);
    let end = edge(b, &next, Unary::Ceil)?;
    let position = b.iota(size);
    let behind = b.binary(Binary::LessEqual, &start, &position)?;
    let before = b.binary(Binary::Less, &position, &end)?;
    let inside = b.binary(Binary::And, &behind, &before)?;
    let width = b.subtract(&end, &start)?;
    b.divide(&inside, &width)
}

/// Multiplies an axis of `x` by a matrix `[to, from]`, the same for all other positions.
pub(super) fn along(b: &mut Builder, x: &Tensor, axis: usize, matrix: &Tensor) -> Result<Tensor, Problem> {
    let rank = x.rank();
    // The axis last, the product, and back.
    let mut order: Vec<usize> = (0..rank).filter(|a| *a != axis).collect();
    order.push(axis);
    let turned = b.permute(x, &order);
    let matrix = b.transpose(matrix)?;
    let y = b.matmul(&turned, &matrix)?;
    let mut back: Vec<usize> = (0..rank).collect();
    for (to, from) in order.iter().enumerate() {
        if let Some(slot) = back.get_mut(*from) {
            *slot = to;
        }
    }
    Ok(b.permute(&y, &back))
}
