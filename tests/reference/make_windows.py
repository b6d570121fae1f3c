"""Makes the numbers that convolutions, pools and the norms over channels are compared with.

    pip install torch numpy
    python tests/reference/make_windows.py

Writes `catalog/windows.json`, in the format that `make_catalog.py` describes. `padding: same` is torch's where torch has
it (stride 1); for other strides the operand is padded beforehand as TensorFlow does: ceil(size / stride) windows, the odd
position behind.
"""

import json

import torch
import torch.nn.functional as F

import make_catalog
from make_catalog import OUT, case, families, floats

FAMILY = "windows"


def numbers(*shape):
    """A batch of two, in a range wide enough for distinct numbers."""
    count = 2 * torch.Size(shape).numel()
    reach = max(2.5, (count // 32 + 2) / 2)
    return floats(2, *shape, batch=False, low=-reach, high=reach)


def weight(*shape):
    reach = max(1.0, (torch.Size(shape).numel() // 32 + 2) / 2)
    return floats(*shape, batch=False, low=-reach, high=reach)


def layer(name, program, function, shape, weights=None, mode=None):
    case(FAMILY, name, program, function, {"x": numbers(*shape)}, kind="layer", weights=weights, mode=mode)


def by_rows(function):
    """Of [N, T, D], as torch has it for [N, D, T]."""
    return lambda x: function(x.transpose(1, 2)).transpose(1, 2)


def pad_same(x, kernel, stride, dilation):
    padding = []
    for size, k, s, d in reversed(list(zip(x.shape[2:], kernel, stride, dilation))):
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        padding += [total // 2, total - total // 2]
    return F.pad(x, padding)


def each(value, axes):
    return list(value) if isinstance(value, (list, tuple)) else [value] * axes


def shown(**arguments):
    return "".join(f", {k}: {list(v) if isinstance(v, tuple) else v}" for k, v in arguments.items())


def convolution(axes, name, shape, channels, kernel, **arguments):
    """A convolution, `shape` as in .nn."""
    options = dict(arguments)
    bias = options.pop("bias", "true") == "true"
    padding = options.pop("padding", 0)
    stride, dilation = (each(options.get(k, 1), axes) for k in ("stride", "dilation"))
    groups = options.get("groups", 1)
    inputs = shape[-1] if axes == 1 else shape[0]
    path = f"conv{axes}d1"
    weights = {f"{path}.weight": weight(channels, inputs // groups, *each(kernel, axes))}
    if bias:
        weights[f"{path}.bias"] = weight(channels)
    run = [F.conv1d, F.conv2d, F.conv3d][axes - 1]

    def function(x):
        w, b = weights[f"{path}.weight"], weights.get(f"{path}.bias")
        if padding == "same" and all(s == 1 for s in stride):
            return run(x, w, b, 1, "same", dilation, groups)
        if padding == "same":
            x = pad_same(x, each(kernel, axes), stride, dilation)
        return run(x, w, b, stride, 0 if padding == "same" else each(padding, axes), dilation, groups)

    program = f"x |> Conv{axes}d({channels}{shown(kernel=kernel, **arguments)})"
    layer(f"Conv{axes}d {name}", program, by_rows(function) if axes == 1 else function, shape, weights)


def transposed(axes, name, shape, channels, kernel, **arguments):
    options = dict(arguments)
    bias = options.pop("bias", "true") == "true"
    padding, more = options.pop("padding", 0), options.get("output_padding", 0)
    stride, dilation = (each(options.get(k, 1), axes) for k in ("stride", "dilation"))
    groups = options.get("groups", 1)
    inputs = shape[-1] if axes == 1 else shape[0]
    path = f"conv_transpose{axes}d1"
    weights = {f"{path}.weight": weight(inputs, channels // groups, *each(kernel, axes))}
    if bias:
        weights[f"{path}.bias"] = weight(channels)
    run = [F.conv_transpose1d, F.conv_transpose2d][axes - 1]

    def function(x):
        w, b = weights[f"{path}.weight"], weights.get(f"{path}.bias")
        if padding != "same":
            return run(x, w, b, stride, each(padding, axes), more, groups, dilation)
        # size * stride positions: what a convolution with the same windows and `same` would read.
        y = run(x, w, b, stride, 0, 0, groups, dilation)
        for axis, (size, k, s, d) in enumerate(zip(x.shape[2:], each(kernel, axes), stride, dilation)):
            before = max(d * (k - 1) + 1 - s, 0) // 2
            y = y.narrow(axis + 2, before, size * s)
        return y

    program = f"x |> ConvTranspose{axes}d({channels}{shown(kernel=kernel, **arguments)})"
    layer(f"ConvTranspose{axes}d {name}", program, by_rows(function) if axes == 1 else function, shape, weights)


def convolutions():
    convolution(2, "plain", (2, 6, 7), 3, 3)
    convolution(2, "without bias", (1, 5, 5), 2, 3, bias="false")
    convolution(2, "padded, stride 2, odd sizes", (3, 7, 5), 2, 3, stride=2, padding=1)
    convolution(2, "of a list each", (2, 7, 6), 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2))
    convolution(2, "dilation 2", (2, 7, 7), 2, 3, dilation=2, padding=2)
    convolution(2, "groups", (4, 5, 4), 6, 3, groups=2, padding=1)
    convolution(2, "depthwise", (3, 5, 6), 3, 3, groups=3, padding="same")
    convolution(2, "depthwise, two a channel", (3, 5, 5), 6, (3, 2), groups=3, stride=2)
    convolution(2, "pointwise", (4, 3, 5), 3, 1)
    convolution(2, "pointwise, stride 2", (3, 5, 4), 2, 1, stride=2)
    convolution(2, "pointwise groups", (4, 3, 3), 6, 1, groups=2)
    convolution(2, "as large as the image", (2, 3, 4), 5, (3, 4))
    convolution(2, "of one pixel", (3, 1, 1), 2, 3, padding=1)
    convolution(2, "padding larger than the kernel", (1, 2, 3), 2, 2, padding=3, stride=2)
    convolution(2, "same", (2, 5, 6), 3, 3, padding="same")
    convolution(2, "same, even kernel", (2, 5, 4), 2, 2, padding="same")
    convolution(2, "same, even kernel of 4 and 3", (1, 6, 5), 2, (4, 3), padding="same")
    convolution(2, "same, dilation", (2, 6, 5), 2, (3, 2), padding="same", dilation=(2, 3))
    convolution(2, "same, stride 2, odd and even", (2, 7, 6), 2, 3, padding="same", stride=2)
    convolution(2, "same, stride larger than the kernel", (1, 8, 7), 2, 2, padding="same", stride=3)
    convolution(1, "plain", (7, 3), 2, 3)
    convolution(1, "same", (6, 2), 4, 3, padding="same")
    convolution(1, "same, even kernel", (5, 2), 3, 4, padding="same")
    convolution(1, "stride, padding, dilation", (9, 3), 2, 3, stride=2, padding=2, dilation=2)
    convolution(1, "groups", (5, 4), 6, 2, groups=2)
    convolution(1, "pointwise", (4, 3), 5, 1)
    convolution(3, "plain", (2, 3, 4, 3), 2, 2)
    convolution(3, "stride, padding, groups", (2, 3, 4, 5), 4, (2, 3, 1), stride=(1, 2, 2), padding=(1, 1, 0), groups=2)

    transposed(2, "doubling", (3, 3, 4), 2, 2, stride=2)
    transposed(2, "plain", (2, 3, 4), 3, 3)
    transposed(2, "stride 2, padding, output_padding", (2, 4, 3), 3, 3, stride=2, padding=1, output_padding=1)
    transposed(2, "groups", (4, 3, 3), 6, 4, stride=2, padding=1, groups=2)
    transposed(2, "of a list each, dilation", (2, 3, 4), 2, (2, 3), stride=(3, 1), padding=(1, 0), dilation=(1, 2))
    transposed(2, "same", (2, 3, 4), 2, 3, stride=2, padding="same")
    transposed(2, "depthwise without bias", (3, 3, 3), 3, 2, stride=2, groups=3, bias="false")
    transposed(1, "doubling", (4, 3), 2, 2, stride=2)
    transposed(1, "padding, dilation", (5, 2), 3, 3, stride=2, padding=1, dilation=2)


def pools():
    for axes, shape in ((1, (9, 2)), (2, (2, 7, 6))):
        largest, mean = (F.max_pool1d, F.avg_pool1d) if axes == 1 else (F.max_pool2d, F.avg_pool2d)
        turn = by_rows if axes == 1 else lambda f: f
        for name, arguments in (
            ("of 2", dict(kernel=2)),
            ("of 3, stride 2, padding 1", dict(kernel=3, stride=2, padding=1)),
            ("overlapping", dict(kernel=3, stride=1)),
            ("with gaps between", dict(kernel=2, stride=3)),
        ):
            k, s, p = arguments["kernel"], arguments.get("stride"), arguments.get("padding", 0)
            text = shown(**arguments)[2:]
            layer(f"MaxPool{axes}d {name}", f"x |> MaxPool{axes}d({text})", turn(lambda x: largest(x, k, s, p)), shape)
            layer(f"AvgPool{axes}d {name}", f"x |> AvgPool{axes}d({text})", turn(lambda x: mean(x, k, s, p)), shape)
    layer("MaxPool2d of a list", "x |> MaxPool2d([2, 3])", lambda x: F.max_pool2d(x, (2, 3)), (2, 5, 7))
    layer(
        "MaxPool2d of lists",
        "x |> MaxPool2d([3, 2], stride: [2, 1], padding: [1, 0])",
        lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)),
        (2, 5, 4),
    )
    layer(
        "MaxPool2d dilation",
        "x |> MaxPool2d(2, stride: 1, dilation: 2)",
        lambda x: F.max_pool2d(x, 2, 1, 0, 2),
        (1, 5, 6),
    )
    same = lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    layer("AvgPool2d same", "x |> AvgPool2d(3, stride: 1, padding: same)", same, (2, 4, 5))
    largest = lambda x: F.max_pool2d(x, 3, 2, 1)
    layer("MaxPool2d same of odd sizes", "x |> MaxPool2d(3, stride: 2, padding: same)", largest, (2, 5, 7))
    for size, shape in ((3, (2, 7, 5)), ((2, 3), (2, 5, 8)), (1, (3, 3, 4)), (4, (1, 2, 3)), (2, (2, 4, 6))):
        program = f"x |> AdaptiveAvgPool2d({list(size) if isinstance(size, tuple) else size})"
        layer(f"AdaptiveAvgPool2d {size} of {shape}", program, lambda x: F.adaptive_avg_pool2d(x, size), shape)
    for scale, shape in ((2, (2, 3, 2)), ((3, 2), (1, 2, 4)), (3, (1, 1, 3))):
        text = list(scale) if isinstance(scale, tuple) else scale
        layer(f"Upsample {scale}", f"x |> Upsample({text})", lambda x: F.interpolate(x, scale_factor=scale), shape)
        layer(
            f"Upsample {scale} bilinear",
            f"x |> Upsample({text}, mode: bilinear)",
            lambda x: F.interpolate(x, scale_factor=scale, mode="bilinear"),
            shape,
        )
    rows = by_rows(lambda x: F.interpolate(x, scale_factor=2))
    layer("Upsample of rows", "x |> Upsample(2)", rows, (4, 2))
    rows = by_rows(lambda x: F.interpolate(x, scale_factor=3, mode="linear"))
    layer("Upsample of rows, linear", "x |> Upsample(3, mode: linear)", rows, (4, 2))
    layer("GlobalAvgPool of volumes", "x |> GlobalAvgPool", lambda x: x.mean((2, 3, 4)), (2, 2, 3, 2))
    layer("GlobalMaxPool of volumes", "x |> GlobalMaxPool", lambda x: x.amax((2, 3, 4)), (2, 2, 3, 2))


def norms():
    def affine(path, n):
        return {
            f"{path}.weight": floats(n, batch=False, low=0.5, high=2),
            f"{path}.bias": floats(n, batch=False, low=-1, high=1),
        }

    for groups, shape in ((2, (6,)), (1, (3, 4)), (2, (3, 4)), (3, (3, 2, 3)), (2, (4, 3, 2)), (2, (2, 2, 3, 2))):
        rows = len(shape) == 2
        weights = affine("group_norm1", shape[-1] if rows else shape[0])
        function = lambda x: F.group_norm(x, groups, weights["group_norm1.weight"], weights["group_norm1.bias"])
        name = f"GroupNorm({groups}) of {list(shape)}"
        layer(name, f"x |> GroupNorm({groups})", by_rows(function) if rows else function, shape, weights)
    plain = lambda x: F.group_norm(x, 2, eps=1e-2)
    layer("GroupNorm with eps, without weights", "x |> GroupNorm(2, eps: 1e-2, affine: false)", plain, (4, 2, 2))
    layer("InstanceNorm", "x |> InstanceNorm", F.instance_norm, (2, 3, 2))
    layer("InstanceNorm of rows", "x |> InstanceNorm", by_rows(F.instance_norm), (4, 3))
    weights = affine("instance_norm1", 3)
    function = lambda x: F.instance_norm(
        x, weight=weights["instance_norm1.weight"], bias=weights["instance_norm1.bias"], eps=1e-3
    )
    layer("InstanceNorm affine", "x |> InstanceNorm(eps: 1e-3, affine: true)", function, (3, 2, 3), weights)
    for mode in ("train", "eval"):
        of = affine("batch_norm1", 2) | {
            "batch_norm1.running_mean": floats(2, batch=False, low=-1, high=1),
            "batch_norm1.running_var": floats(2, batch=False, low=0.5, high=2),
        }
        part = lambda name: of[f"batch_norm1.{name}"]
        function = lambda x: F.batch_norm(
            x,
            part("running_mean"),
            part("running_var"),
            part("weight"),
            part("bias"),
            training=mode == "train",
        )
        layer(f"BatchNorm of volumes, {mode}", "x |> BatchNorm", function, (2, 1, 3, 2), of, mode)


def networks():
    """What the layers are put together to."""
    kernel, after = weight(3, 1, 3, 3), weight(3)
    head, bias = weight(2, 12), weight(2)
    weights = {"conv2d1.weight": kernel, "conv2d1.bias": after, "dense1.weight": head, "dense1.bias": bias}
    layer(
        "a small convolutional network",
        "x |> Conv2d(3, kernel: 3, padding: same) |> tanh |> MaxPool2d(2) |> Flatten |> Dense(2)",
        lambda x: F.linear(F.max_pool2d(torch.tanh(F.conv2d(x, kernel, after, padding=1)), 2).flatten(1), head, bias),
        (1, 5, 4),
        weights,
    )
    first, second = weight(2, 2, 3, 3), weight(2, 4, 3, 3)
    weights = {"conv2d1.weight": first, "conv2d2.weight": second}
    layer(
        "a skip",
        "concat([x, x |> Conv2d(2, kernel: 3, padding: 1, bias: false) |> tanh]) "
        "|> Conv2d(2, kernel: 3, stride: 2, bias: false)",
        lambda x: F.conv2d(torch.cat([x, torch.tanh(F.conv2d(x, first, padding=1))], 1), second, stride=2),
        (2, 5, 5),
        weights,
    )


def main():
    convolutions()
    pools()
    norms()
    networks()
    cases = families[FAMILY]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    about = "convolutions, pools and norms over channels"
    head = json.dumps({"about": about, "versions": {"torch": torch.__version__.split("+")[0]}})[:-1]
    path = OUT / f"{FAMILY}.json"
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(f"{FAMILY:12} {len(cases):3} cases {path.stat().st_size:7} bytes")


if __name__ == "__main__":
    make_catalog.random.manual_seed(23)
    main()
