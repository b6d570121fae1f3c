"""Makes the numbers that functions, layers and losses are compared with.

    pip install torch numpy
    python tests/reference/make_catalog.py

Writes `catalog/<family>.json`: {"about": …, "versions": …, "cases": [case, …]}. A case is

    name       unique in its file
    kind       "function", "layer" or "loss"
    program    a .nn expression of the inputs, per example
    mode       "train" or "eval", where it matters
    inputs     name -> {"shape", "kind", "data"}; the first axis is the batch, data in row-major order;
               kind is "float" or "class(n)"
    weights    name in the state dict -> {"shape", "data"}: set before the program runs. A `weight`
               that the program declares itself stands in `declares`: name -> its .nn shape
    output     {"shape", "kind", "data"}; for a loss a scalar, the mean over the batch (or, with class weights, the
               weighted mean over the batch)
    cotangent  what the gradients are seeded with: they are those of (output * cotangent).sum();
               left out, with `grads`, for an "int" output and where no input is a float
    grads      float input or trainable weight -> {"shape", "data"}
    after      BatchNorm in training: the running statistics afterwards

All is computed in double precision by torch.nn, torch.nn.functional and autograd, and rounded to seven digits. The
inputs are odd multiples of 1/32 or 1/64: exact in single precision, without ties, and away from every kink. A torch batch axis is
written out here (`dim + 1`) and left out in the programs. BatchNorm takes channels where .nn has them: last for `[D]` and
`[T, D]`, first for `[C, H, W]`. `var` and `std` are torch's: the sum is divided by n - 1. BatchNorm normalizes with
the population variance and keeps the unbiased one in `running_var`.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parent / "catalog"
BATCH = 5

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
random = torch.Generator().manual_seed(11)
families = {}


# -- what inputs are made of


def floats(*shape, low=-2.5, high=2.5, batch=True):
    """Distinct odd multiples of 1/32 (1/64 where there are too few) between low and high, in random order."""
    shape = (BATCH, *shape) if batch else shape
    count = torch.Size(shape).numel()
    unit = 32 if (high - low) * 16 > count else 64
    start = int(low * unit) // 2 * 2 + 1
    values = torch.arange(start, int(high * unit), 2)
    assert len(values) >= count, (len(values), count)
    return (values[torch.randperm(len(values), generator=random)[:count]] / unit).reshape(shape)


def labels(n, *shape):
    """Integers in 0 .. n-1, every one of them used where there is room."""
    count = torch.Size((BATCH, *shape)).numel()
    values = torch.arange(count) % n
    return Labels(n, values[torch.randperm(count, generator=random)].reshape(BATCH, *shape))


class Labels:
    def __init__(self, n, tensor):
        self.n, self.tensor = n, tensor


def rounded(tensor):
    return (
        [int(v) for v in tensor.flatten().tolist()]
        if not tensor.is_floating_point()
        else [
            int(r) if (r := float(f"{v:.7g}")).is_integer() and abs(r) < 1e6 else r for v in tensor.flatten().tolist()
        ]
    )


def written(tensor, **more):
    return {"shape": list(tensor.shape), **more, "data": rounded(tensor)}


# -- one case


def case(family, name, program, torch_function, inputs, kind="function", weights=None, mode=None, declares=None):
    """Runs `torch_function(*inputs)` forwards and backwards, with the tensors of `weights` in it, and files the case."""
    tensors, described = {}, {}
    for key, value in inputs.items():
        if isinstance(value, Labels):
            tensors[key], described[key] = value.tensor, written(value.tensor, kind=f"class({value.n})")
        else:
            tensors[key] = value.clone().requires_grad_()
            described[key] = written(value, kind="float")
    before = {k: v.clone() for k, v in (weights or {}).items()}
    leaves = {k: v for k, v in tensors.items() if v.is_floating_point()}
    if weights:
        trainable = {k: v.requires_grad_() for k, v in weights.items() if "running_" not in k}
        leaves |= trainable
    output = torch_function(*tensors.values())
    entry = {"name": name, "kind": kind, "program": program}
    if mode:
        entry["mode"] = mode
    entry["inputs"] = described
    if declares:
        entry["declares"] = declares
    if weights:
        entry["weights"] = {k: written(v.detach()) for k, v in before.items()}
    whole = not output.is_floating_point()
    entry["output"] = written(output.detach(), kind="int" if whole else "float")
    if leaves and not whole:
        reach = 1.5 if output.numel() < 90 else max(4, output.numel() / 60)
        seed = torch.ones(()) if kind == "loss" else floats(*output.shape, batch=False, low=-reach, high=reach)
        entry["cotangent"] = written(seed)
        grads = torch.autograd.grad((output * seed).sum(), list(leaves.values()), allow_unused=True)
        entry["grads"] = {
            k: written(torch.zeros_like(v) if g is None else g) for (k, v), g in zip(leaves.items(), grads)
        }
    if mode == "train":
        after = {k: v for k, v in weights.items() if "running_" in k}
        if after:
            entry["after"] = {k: written(v) for k, v in after.items()}
    cases = families.setdefault(family, [])
    assert all(c["name"] != name for c in cases), name
    cases.append(entry)


# -- elementwise functions


def elementwise():
    def both(name, program, function, **bounds):
        case("elementwise", name, program, function, {"x": floats(2, **bounds)})

    wide = {"low": -5, "high": 5}
    both("relu", "x |> relu", F.relu)
    both("leaky_relu", "x |> leaky_relu", F.leaky_relu)
    both("leaky_relu slope", "x |> leaky_relu(negative_slope: 0.2)", lambda x: F.leaky_relu(x, 0.2))
    both("elu", "x |> elu", F.elu)
    both("elu alpha", "x |> elu(alpha: 0.5)", lambda x: F.elu(x, 0.5))
    both("selu", "x |> selu", F.selu)
    both("gelu", "x |> gelu", F.gelu, **wide)
    both("gelu none", "x |> gelu(approximate: none)", F.gelu)
    both("gelu tanh", "x |> gelu(approximate: tanh)", lambda x: F.gelu(x, approximate="tanh"), **wide)
    both("silu", "x |> silu", F.silu, **wide)
    both("mish", "x |> mish", F.mish, **wide)
    both("softplus", "x |> softplus", F.softplus, low=-30, high=30)
    both("softplus beta", "x |> softplus(beta: 2)", lambda x: F.softplus(x, beta=2))
    both("sigmoid", "x |> sigmoid", torch.sigmoid, **wide)
    both("sigmoid far", "x |> sigmoid", torch.sigmoid, low=-30, high=30)
    both("tanh", "x |> tanh", torch.tanh, **wide)
    both("hardswish", "x |> hardswish", F.hardswish, **wide)
    both("exp", "x |> exp", torch.exp)
    both("log", "x |> log", torch.log, low=0, high=5)
    both("sqrt", "x |> sqrt", torch.sqrt, low=0, high=5)
    both("abs", "x |> abs", torch.abs)
    both("sin", "x |> sin", torch.sin, **wide)
    both("cos", "x |> cos", torch.cos, **wide)
    both("sign", "x |> sign", torch.sign)
    both("floor", "x |> floor", torch.floor)
    both("ceil", "x |> ceil", torch.ceil)
    both("pow whole", "x |> pow(3)", lambda x: x.pow(3))
    both("pow half", "x |> pow(0.5)", lambda x: x.pow(0.5), low=0, high=5)
    both("pow operator", "x ^ 2", lambda x: x**2)
    both("pow negative", "x ^ (-2)", lambda x: x**-2, low=0.5, high=5)
    both("clamp", "x |> clamp(min: -0.5, max: 1)", lambda x: x.clamp(-0.5, 1))
    both("clamp below", "x |> clamp(min: 0)", lambda x: x.clamp(min=0))
    both("minimum number", "x |> minimum(1)", lambda x: torch.minimum(x, torch.tensor(1.0)))
    both("where number", "where(x > 0.5, x, 0.1 * x)", lambda x: torch.where(x > 0.5, x, 0.1 * x))
    both("negation", "(-x)", lambda x: -x)
    both("precedence", "1 - x ^ 2 / 4 + 2 * x", lambda x: 1 - x**2 / 4 + 2 * x)
    both("chain", "x |> tanh |> exp |> log |> softplus", lambda x: F.softplus(torch.log(torch.exp(torch.tanh(x)))))
    both("used twice", "x * sigmoid(x) + x", lambda x: x * torch.sigmoid(x) + x)
    for name, function in (("gelu", F.gelu), ("tanh", torch.tanh)):
        case("elementwise", f"{name} matrix", f"x |> {name}", function, {"x": floats(2, 3)})
        case("elementwise", f"{name} scalar", f"x |> {name}", function, {"x": floats()})

    def two(name, program, function, a=(2,), b=(2,), **bounds):
        case("elementwise", name, program, function, {"a": floats(*a), "b": floats(*b, **bounds) + 1 / 64})

    two("minimum", "minimum(a, b)", torch.minimum)
    two("maximum", "maximum(a, b)", torch.maximum)
    two("where", "where(a > b, a, 2 * b)", lambda a, b: torch.where(a > b, a, 2 * b))
    two("where not equal", "where(a <= b and b > 0, a, b)", lambda a, b: torch.where((a <= b) & (b > 0), a, b))
    case("elementwise", "pow of two tensors", "pow(a, b)", torch.pow, {"a": floats(3, low=0, high=4), "b": floats(3)})
    two("add", "a + b", torch.add)
    two("subtract", "a - b", torch.sub)
    two("multiply", "a * b", torch.mul)
    two("divide", "a / b", torch.div, low=0.5, high=3)
    case(
        "elementwise",
        "broadcast a last axis",
        "a * b",
        lambda a, b: a * b[:, None, :],
        {"a": floats(2, 3), "b": floats(3)},
    )
    two("broadcast ones", "a + b", torch.add, a=(2, 1), b=(1, 3))
    case(
        "elementwise",
        "broadcast a scalar",
        "a / b",
        lambda a, b: a / b[:, None, None],
        {"a": floats(2, 3), "b": floats(low=0.5, high=3)},
    )


# -- reductions and softmax


def reductions():
    def one(name, program, function, shape=(2, 3), **bounds):
        case("reductions", name, program, function, {"x": floats(*shape, **bounds)})

    everything = {
        "sum": lambda x: x.flatten(1).sum(1),
        "mean": lambda x: x.flatten(1).mean(1),
        "max": lambda x: x.flatten(1).max(1).values,
        "min": lambda x: x.flatten(1).min(1).values,
        "var": lambda x: x.flatten(1).var(1),
        "std": lambda x: x.flatten(1).std(1),
    }
    along = {
        "sum": lambda x, d, k: x.sum(d, keepdim=k),
        "mean": lambda x, d, k: x.mean(d, keepdim=k),
        "max": lambda x, d, k: x.max(d, keepdim=k).values,
        "min": lambda x, d, k: x.min(d, keepdim=k).values,
        "var": lambda x, d, k: x.var(d, keepdim=k),
        "std": lambda x, d, k: x.std(d, keepdim=k),
    }
    for name in along:
        f = along[name]
        one(f"{name} of all", f"x |> {name}", everything[name])
        one(f"{name} of a vector", f"x |> {name}", everything[name], shape=(3,))
        one(f"{name} axis 0", f"x |> {name}(axis: 0)", lambda x: f(x, 1, False), shape=(3, 2))
        one(f"{name} last axis, kept", f"x |> {name}(axis: -1, keep: true)", lambda x: f(x, -1, True))
    one("mean middle axis", "x |> mean(axis: 1)", lambda x: x.mean(2), shape=(2, 3, 2))
    one("argmax", "x |> argmax(axis: -1)", lambda x: x.argmax(-1))
    one("argmax axis 0", "x |> argmax(axis: 0)", lambda x: x.argmax(1), shape=(3, 2))
    one("norm", "x |> norm", lambda x: x.flatten(1).norm(dim=1))
    one("norm last axis", "x |> norm(axis: -1)", lambda x: x.norm(dim=-1))
    one("norm kept", "x |> norm(axis: 0, keep: true)", lambda x: x.norm(dim=1, keepdim=True))
    one("softmax", "x |> softmax", lambda x: x.softmax(-1), shape=(4,))
    one("softmax axis 0", "x |> softmax(axis: 0)", lambda x: x.softmax(1), shape=(3, 2))
    one("softmax far", "x |> softmax", lambda x: x.softmax(-1), shape=(3,), low=-60, high=60)
    one("log_softmax", "x |> log_softmax", lambda x: x.log_softmax(-1), shape=(4,))
    one("log_softmax axis 0", "x |> log_softmax(axis: 0)", lambda x: x.log_softmax(1), shape=(3, 2))
    one("log_softmax far", "x |> log_softmax", lambda x: x.log_softmax(-1), shape=(3,), low=-60, high=60)
    one("cumsum", "x |> cumsum(axis: 0)", lambda x: x.cumsum(1), shape=(4,))
    one("cumsum last axis", "x |> cumsum(axis: -1)", lambda x: x.cumsum(-1))
    one("cumsum first axis", "x |> cumsum(axis: 0)", lambda x: x.cumsum(1), shape=(3, 2))


# -- shapes, indices, pieces


def shapes():
    def one(name, program, function, shape=(2, 3)):
        case("shapes", name, program, function, {"x": floats(*shape)})

    one("reshape", "x |> reshape([3, 2])", lambda x: x.reshape(-1, 3, 2))
    one("reshape inferred", "x |> reshape([_, 2])", lambda x: x.reshape(BATCH, -1, 2))
    one("reshape flat", "x |> reshape([6])", lambda x: x.reshape(BATCH, 6))
    one("transpose", "x |> transpose", lambda x: x.transpose(-1, -2))
    one("transpose of three", "x |> transpose", lambda x: x.transpose(-1, -2), shape=(2, 3, 1))
    one("permute", "x |> permute([2, 0, 1])", lambda x: x.permute(0, 3, 1, 2), shape=(2, 3, 2))
    one("squeeze", "x |> squeeze", lambda x: x.squeeze(-1), shape=(1,))
    one("squeeze all", "x |> squeeze", lambda x: x.reshape(BATCH, 3), shape=(1, 3, 1))
    one("squeeze axis", "x |> squeeze(axis: 0)", lambda x: x.squeeze(1), shape=(1, 3, 1))
    one("unsqueeze first", "x |> unsqueeze(axis: 0)", lambda x: x.unsqueeze(1), shape=(3,))
    one("unsqueeze last", "x |> unsqueeze(axis: -1)", lambda x: x.unsqueeze(-1), shape=(3,))
    one("pad", "x |> pad([1, 2])", lambda x: F.pad(x, (1, 2)), shape=(3,))
    one("pad last axis of two", "x |> pad([0, 1])", lambda x: F.pad(x, (0, 1)))
    one("pad both axes", "x |> pad([1, 0, 0, 2], value: 0.5)", lambda x: F.pad(x, (1, 0, 0, 2), value=0.5))
    one("first", "x[0]", lambda x: x[:, 0])
    one("last position", "x[-1]", lambda x: x[:, -1])
    one("slice", "x[1 .. 3]", lambda x: x[:, 1:3], shape=(4, 2))
    one("slice to the end", "x[1 ..]", lambda x: x[:, 1:], shape=(4,))
    one("slice before the last", "x[.. -1]", lambda x: x[:, :-1], shape=(4,))
    one("column", "x[.., 0]", lambda x: x[:, :, 0])
    one("columns", "x[.., 1 .. 3]", lambda x: x[:, :, 1:3])
    one("concat with itself", "concat([x, x * 2])", lambda x: torch.cat([x, x * 2], 1))

    def two(name, program, function, a, b):
        case("shapes", name, program, function, {"a": floats(*a), "b": floats(*b)})

    two("concat", "concat([a, b])", lambda a, b: torch.cat([a, b], 1), (2,), (3,))
    two("concat rows", "concat([a, b])", lambda a, b: torch.cat([a, b], 1), (1, 2), (2, 2))
    two("concat last axis", "concat([a, b], axis: -1)", lambda a, b: torch.cat([a, b], -1), (2, 1), (2, 2))
    two("stack", "stack([a, b])", lambda a, b: torch.stack([a, b], 1), (3,), (3,))
    two("stack last axis", "stack([a, b], axis: -1)", lambda a, b: torch.stack([a, b], -1), (2, 2), (2, 2))

    case(
        "shapes",
        "gather",
        "x |> gather(axis: 0, index: i)",
        lambda x, i: x.gather(1, i),
        {"x": floats(4), "i": labels(4, 2)},
    )
    case(
        "shapes",
        "gather last axis",
        "x |> gather(axis: -1, index: i)",
        lambda x, i: x.gather(-1, i),
        {"x": floats(2, 3), "i": labels(3, 2, 2)},
    )
    case(
        "shapes",
        "rows by index",
        "x[i]",
        lambda x, i: torch.stack([r[j] for r, j in zip(x, i)]),
        {"x": floats(3, 2), "i": labels(3, 4)},
    )
    case("shapes", "one_hot", "y |> one_hot", lambda y: F.one_hot(y, 4).double(), {"y": labels(4)})
    case("shapes", "one_hot of a vector", "y |> one_hot", lambda y: F.one_hot(y, 3).double(), {"y": labels(3, 2)})
    case(
        "shapes",
        "one_hot times weights",
        "one_hot(y) * x",
        lambda y, x: F.one_hot(y, 3) * x,
        {"y": labels(3), "x": floats(3)},
    )


# -- matrix products


def products():
    def two(name, a, b, function=torch.matmul):
        case("products", name, "a @ b", function, {"a": floats(*a), "b": floats(*b)})

    two("matrix @ matrix", (2, 3), (3, 4))
    two("row @ column", (1, 3), (3, 1))
    two("vector @ matrix", (3,), (3, 2), lambda a, b: torch.einsum("nd,nde->ne", a, b))
    two("matrix @ vector", (2, 3), (3,), lambda a, b: torch.einsum("ntd,nd->nt", a, b))
    two("vector @ vector", (3,), (3,), lambda a, b: torch.einsum("nd,nd->n", a, b))
    two("heads", (2, 3, 1), (2, 1, 2))
    case("products", "x @ transpose(x)", "x @ transpose(x)", lambda x: x @ x.transpose(-1, -2), {"x": floats(3, 2)})
    for name, shape in (("vector @ weight", (3,)), ("matrix @ weight", (2, 3))):
        w = floats(3, 4, batch=False)
        case(
            "products",
            name,
            "x @ w",
            lambda x: x @ w,
            {"x": floats(*shape)},
            weights={"w": w},
            declares={"w": "[3, 4]"},
        )
    w, b = floats(3, 2, batch=False), floats(2, batch=False)
    case(
        "products",
        "affine of weights",
        "tanh(x @ w + b)",
        lambda x: torch.tanh(x @ w + b),
        {"x": floats(3)},
        weights={"w": w, "b": b},
        declares={"w": "[3, 2]", "b": "[2]"},
    )
    u = floats(2, 2, batch=False)
    case(
        "products",
        "weight @ matrix",
        "w @ x",
        lambda x: u @ x,
        {"x": floats(2, 3)},
        weights={"w": u},
        declares={"w": "[2, 2]"},
    )


# -- layers


def layers():
    def dense(name, program, shape, units, bias=True):
        weights = {"dense1.weight": floats(units, shape[-1], batch=False, low=-1, high=1)}
        if bias:
            weights["dense1.bias"] = floats(units, batch=False, low=-1, high=1)
        case(
            "layers",
            name,
            program,
            lambda x: F.linear(x, weights["dense1.weight"], weights.get("dense1.bias")),
            {"x": floats(*shape)},
            kind="layer",
            weights=weights,
        )

    dense("Dense", "x |> Dense(4)", (3,), 4)
    dense("Dense to one", "x |> Dense(1)", (7,), 1)
    dense("Dense on rows", "x |> Dense(2)", (2, 3), 2)
    dense("Dense on images", "x |> Dense(2)", (2, 1, 3), 2)
    dense("Dense without bias", "x |> Dense(3, bias: false)", (5,), 3, bias=False)

    two = {
        "dense1.weight": floats(4, 3, batch=False, low=-1, high=1),
        "dense1.bias": floats(4, batch=False, low=-1, high=1),
        "dense2.weight": floats(2, 4, batch=False, low=-1, high=1),
        "dense2.bias": floats(2, batch=False, low=-1, high=1),
    }
    case(
        "layers",
        "two Dense",
        "x |> Dense(4) |> tanh |> Dense(2)",
        lambda x: F.linear(
            torch.tanh(F.linear(x, two["dense1.weight"], two["dense1.bias"])), two["dense2.weight"], two["dense2.bias"]
        ),
        {"x": floats(3)},
        kind="layer",
        weights=two,
    )

    def norm_weights(name, n, running):
        weights = {
            f"{name}1.weight": floats(n, batch=False, low=0.5, high=2),
            f"{name}1.bias": floats(n, batch=False, low=-1, high=1),
        }
        if running:
            weights |= {
                f"{name}1.running_mean": floats(n, batch=False, low=-1, high=1),
                f"{name}1.running_var": floats(n, batch=False, low=0.5, high=2),
            }
        return weights

    def batch_norm(name, program, shape, mode, momentum=0.1, eps=1e-5):
        first = len(shape) == 3
        weights = norm_weights("batch_norm", shape[0] if first else shape[-1], True)
        get = lambda part: weights[f"batch_norm1.{part}"]

        def function(x):
            moved = x if first or len(shape) == 1 else x.transpose(1, 2)
            y = F.batch_norm(
                moved,
                get("running_mean"),
                get("running_var"),
                get("weight"),
                get("bias"),
                training=mode == "train",
                momentum=momentum,
                eps=eps,
            )
            return y if first or len(shape) == 1 else y.transpose(1, 2)

        case(
            "layers",
            name,
            program,
            function,
            {"x": floats(*shape)},
            kind="layer",
            weights=weights,
            mode=mode,
        )

    for mode in ("train", "eval"):
        batch_norm(f"BatchNorm, {mode}", "x |> BatchNorm", (3,), mode)
        batch_norm(f"BatchNorm on rows, {mode}", "x |> BatchNorm", (3, 2), mode)
        batch_norm(f"BatchNorm on images, {mode}", "x |> BatchNorm", (2, 2, 3), mode)
    batch_norm(
        "BatchNorm with momentum and eps, train", "x |> BatchNorm(momentum: 0.3, eps: 1e-3)", (3,), "train", 0.3, 1e-3
    )

    def layer_norm(name, program, shape, eps=1e-5):
        weights = norm_weights("layer_norm", shape[-1], False)
        case(
            "layers",
            name,
            program,
            lambda x: F.layer_norm(x, shape[-1:], weights["layer_norm1.weight"], weights["layer_norm1.bias"], eps),
            {"x": floats(*shape)},
            kind="layer",
            weights=weights,
        )

    layer_norm("LayerNorm", "x |> LayerNorm", (4,))
    layer_norm("LayerNorm on rows", "x |> LayerNorm", (2, 3))
    layer_norm("LayerNorm with eps", "x |> LayerNorm(eps: 1e-2)", (5,), 1e-2)

    def rms_norm(name, program, shape, eps=torch.finfo(torch.float32).eps):
        weights = {"rms_norm1.weight": floats(shape[-1], batch=False, low=0.5, high=2)}
        case(
            "layers",
            name,
            program,
            lambda x: F.rms_norm(x, shape[-1:], weights["rms_norm1.weight"], eps),
            {"x": floats(*shape)},
            kind="layer",
            weights=weights,
        )

    rms_norm("RMSNorm", "x |> RMSNorm", (4,))
    rms_norm("RMSNorm on rows with eps", "x |> RMSNorm(eps: 1e-2)", (2, 3), 1e-2)
    for kind, function, by_rows in (
        ("Avg", lambda x: F.adaptive_avg_pool2d(x, 1), lambda x: x.mean(1)),
        ("Max", lambda x: F.adaptive_max_pool2d(x, 1), lambda x: x.amax(1)),
    ):
        program = f"x |> Global{kind}Pool"
        images = lambda x: function(x).flatten(1)
        case("layers", f"Global{kind}Pool of images", program, images, {"x": floats(2, 3, 2)}, kind="layer")
        case("layers", f"Global{kind}Pool of rows", program, by_rows, {"x": floats(3, 2)}, kind="layer")
    case("layers", "Flatten", "x |> Flatten", lambda x: x.flatten(1), {"x": floats(2, 3)}, kind="layer")
    case("layers", "Flatten images", "x |> Flatten", lambda x: x.flatten(1), {"x": floats(2, 3, 2)}, kind="layer")
    case("layers", "Dropout, eval", "x |> Dropout(0.5)", lambda x: x * 1, {"x": floats(3)}, kind="layer", mode="eval")


# -- losses


def losses():
    def loss(name, program, function, **inputs):
        case("losses", name, program, function, inputs, kind="loss")

    for name, program, function in (
        ("mse", "mse(x, y)", F.mse_loss),
        ("mae", "mae(x, y)", F.l1_loss),
        ("huber", "huber(x, y)", F.huber_loss),
        ("huber delta", "huber(x, y, delta: 0.5)", lambda x, y: F.huber_loss(x, y, delta=0.5)),
    ):
        for kind, shape in (("scalar", ()), ("vector", (3,)), ("matrix", (2, 3))):
            loss(f"{name} {kind}", program, function, x=floats(*shape), y=floats(*shape) + 1 / 64)

    def probability(*shape):
        return floats(*shape, low=0, high=1)

    for kind, shape in (("scalar", ()), ("vector", (3,))):
        loss(f"bce {kind}", "bce(x, y)", F.binary_cross_entropy, x=probability(*shape), y=probability(*shape))
        loss(
            f"bce_with_logits {kind}",
            "bce_with_logits(x, y)",
            F.binary_cross_entropy_with_logits,
            x=floats(*shape),
            y=probability(*shape),
        )
    hard = (floats(3) > 0).double()
    loss(
        "bce_with_logits hard",
        "bce_with_logits(x, y)",
        F.binary_cross_entropy_with_logits,
        x=floats(3, low=-40, high=40),
        y=hard,
    )

    def probabilities(*shape):
        return floats(*shape).softmax(-1)

    loss(
        "kl_div",
        "kl_div(log_softmax(x), y)",
        lambda x, y: F.kl_div(x.log_softmax(-1), y, reduction="batchmean"),
        x=floats(4),
        y=probabilities(4),
    )
    loss(
        "kl_div rows",
        "kl_div(log_softmax(x), y)",
        lambda x, y: F.kl_div(x.log_softmax(-1), y, reduction="batchmean") / 3,
        x=floats(3, 4),
        y=probabilities(3, 4),
    )
    for kind, shape in (("scalar", ()), ("matrix", (2, 3))):
        loss(f"poisson {kind}", "poisson(x, y)", F.poisson_nll_loss, x=floats(*shape), y=floats(*shape, low=0, high=5))
        loss(
            f"gaussian_nll {kind}",
            "gaussian_nll(x, y, v)",
            F.gaussian_nll_loss,
            x=floats(*shape),
            y=floats(*shape) + 1 / 64,
            v=floats(*shape, low=0.125, high=4),
        )
    sign = lambda y: torch.where(y > 0, 1, -1)
    loss("hinge scores", "hinge(x, y)", lambda x, y: F.relu(1 - sign(y) * x).mean(), x=floats(3), y=floats(3))
    loss("hinge classes", "hinge(x, y)", F.multi_margin_loss, x=floats(4), y=labels(4))
    loss(
        "hinge rows, margin",
        "hinge(x, y, margin: 0.5)",
        lambda x, y: F.multi_margin_loss(x.flatten(0, 1), y.flatten(), margin=0.5),
        x=floats(3, 4),
        y=labels(4, 3),
    )

    def cosine(a, b):
        a, b = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
        return F.cosine_embedding_loss(a, b, torch.ones(len(a)))

    for kind, shape in (("vector", (3,)), ("matrix", (2, 3))):
        loss(f"cosine {kind}", "cosine(a, b)", cosine, a=floats(*shape), b=floats(*shape))

    def focal(x, y, gamma):
        entropy = F.cross_entropy(x, y, reduction="none")
        return ((1 - (-entropy).exp()) ** gamma * entropy).mean()

    def focal_of_one(x, y, gamma):
        entropy = F.binary_cross_entropy_with_logits(x, y, reduction="none")
        p = x.sigmoid()
        return ((1 - (p * y + (1 - p) * (1 - y))) ** gamma * entropy).mean()

    for name, arguments, gamma in (("", "", 2), (" gamma", ", gamma: 1.5", 1.5), (" gamma 0", ", gamma: 0", 0)):
        loss(f"focal{name}", f"focal(x, y{arguments})", lambda x, y: focal(x, y, gamma), x=floats(4), y=labels(4))
        loss(
            f"focal of one{name}",
            f"focal(x, y{arguments})",
            lambda x, y: focal_of_one(x, y, gamma),
            x=floats(3),
            y=probability(3),
        )

    weight = torch.tensor([1, 2, 0.5, 1.5])
    variants = {
        "": ("", {}),
        " smoothed": (", label_smoothing: 0.1", {"label_smoothing": 0.1}),
        " weighted": (", weight: [1, 2, 0.5, 1.5]", {"weight": weight}),
        " smoothed and weighted": (
            ", label_smoothing: 0.1, weight: [1, 2, 0.5, 1.5]",
            {"label_smoothing": 0.1, "weight": weight},
        ),
    }
    for name, (arguments, options) in variants.items():
        loss(
            f"cross_entropy{name}",
            f"cross_entropy(x, y{arguments})",
            lambda x, y: F.cross_entropy(x, y, **options),
            x=floats(4),
            y=labels(4),
        )
        loss(
            f"cross_entropy rows{name}",
            f"cross_entropy(x, y{arguments})",
            lambda x, y: F.cross_entropy(x.transpose(1, 2), y, **options),
            x=floats(3, 4),
            y=labels(4, 3),
        )
    loss("cross_entropy far", "cross_entropy(x, y)", F.cross_entropy, x=floats(3, low=-60, high=60), y=labels(3))
    loss("cross_entropy axis 0", "cross_entropy(x, y, axis: 0)", F.cross_entropy, x=floats(4, 2), y=labels(4, 2))
    loss(
        "composed",
        "mse(x, y) + 0.1 * mae(x, y)",
        lambda x, y: F.mse_loss(x, y) + 0.1 * F.l1_loss(x, y),
        x=floats(3),
        y=floats(3) + 1 / 64,
    )
    loss(
        "of one's own",
        "mean((x - y) ^ 2) + 0.5 * sum(abs(x))",
        lambda x, y: (((x - y) ** 2).mean(-1) + 0.5 * x.abs().sum(-1)).mean(),
        x=floats(3),
        y=floats(3) + 1 / 64,
    )


ABOUT = {
    "elementwise": "functions of one number, arithmetic and its broadcasting",
    "reductions": "reductions (var and std divide by n - 1), softmax, cumsum",
    "shapes": "functions that move numbers; indices and slices",
    "products": "the matrix product",
    "layers": "layers, with their weights under their names in the state dict",
    "losses": "losses, averaged over the batch",
}


def main():
    for make in (elementwise, reductions, shapes, products, layers, losses):
        make()
    OUT.mkdir(exist_ok=True)
    for family, cases in families.items():
        lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        head = json.dumps({"about": ABOUT[family], "versions": {"torch": torch.__version__.split("+")[0]}})[:-1]
        path = OUT / f"{family}.json"
        path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
        print(f"{family:12} {len(cases):3} cases {path.stat().st_size:7} bytes")


if __name__ == "__main__":
    main()
