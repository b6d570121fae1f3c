"""Makes the numbers that layers which gate are compared with: PReLU, SwiGLU, MixtureOfExperts, SpatialDropout.

    pip install torch numpy
    python tests/reference/make_gated.py

Writes `catalog/gated.json`, in the form that `make_catalog.py` describes.
"""

import json

import make_catalog
import torch
import torch.nn.functional as F
from make_catalog import OUT, case, families, floats

make_catalog.random = torch.Generator().manual_seed(41)


def layer(name, program, function, shape, weights=None, **more):
    case("gated", name, program, function, {"x": floats(*shape)}, kind="layer", weights=weights, **more)


def small(*shape):
    return floats(*shape, batch=False, low=-1, high=1)


def prelu(name, program, shape, count, channel):
    weights = {"prelu1.weight": small(count)}

    def function(x):
        x = x.movedim(channel, 1)
        return F.prelu(x, weights["prelu1.weight"]).movedim(1, channel)

    layer(name, program, function, shape, weights)


def gate(x, weights, of, bias=False):
    part = lambda n: (weights[f"{of}.{n}.weight"], weights.get(f"{of}.{n}.bias") if bias else None)
    return F.linear(F.silu(F.linear(x, *part("w1"))) * F.linear(x, *part("w3")), *part("w2"))


def swiglu_weights(of, width, hidden, bias=False):
    weights = {f"{of}.w1.weight": small(hidden, width), f"{of}.w3.weight": small(hidden, width)}
    weights[f"{of}.w2.weight"] = small(width, hidden)
    if bias:
        weights |= {f"{of}.w1.bias": small(hidden), f"{of}.w3.bias": small(hidden), f"{of}.w2.bias": small(width)}
    return weights


def mixture(name, program, shape, experts, hidden, top):
    of, width = "mixture_of_experts1", shape[-1]
    weights = {f"{of}.gate.weight": small(experts, width)}
    for i in range(experts):
        weights |= swiglu_weights(f"{of}.experts.{i}", width, hidden)

    def function(x):
        scores = F.linear(x, weights[f"{of}.gate.weight"])
        values, chosen = scores.topk(top, -1)
        shares = torch.zeros_like(scores).scatter(-1, chosen, values.softmax(-1))
        return sum(shares[..., i : i + 1] * gate(x, weights, f"{of}.experts.{i}") for i in range(experts))

    layer(name, program, function, shape, weights)


def main():
    prelu("PReLU", "x |> PReLU", (3,), 1, 1)
    prelu("PReLU of rows, a slope a channel", "x |> PReLU(channels: true)", (2, 3), 3, -1)
    prelu("PReLU of images, a slope a channel", "x |> PReLU(channels: true)", (3, 2, 2), 3, 1)
    weights = swiglu_weights("swiglu1", 3, 5)
    layer("SwiGLU", "x |> SwiGLU(5)", lambda x: gate(x, weights, "swiglu1"), (3,), weights)
    biased = swiglu_weights("swiglu1", 3, 4, True)
    layer("SwiGLU of rows, bias", "x |> SwiGLU(4, bias: true)", lambda x: gate(x, biased, "swiglu1", True), (2, 3), biased)
    mixture("MixtureOfExperts", "x |> MixtureOfExperts(3, 2)", (3,), 3, 2, 2)
    mixture("MixtureOfExperts of rows", "x |> MixtureOfExperts(4, hidden: 3, top: 1)", (3, 2), 4, 3, 1)
    mixture("MixtureOfExperts, soft", "x |> MixtureOfExperts(3, 2, top: 3)", (2, 3), 3, 2, 3)
    layer("SpatialDropout, eval", "x |> SpatialDropout(0.5)", lambda x: x * 1, (2, 3, 2), mode="eval")
    cases = families["gated"]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    about = {"about": "layers that gate", "versions": {"torch": torch.__version__.split("+")[0]}}
    path = OUT / "gated.json"
    path.write_text(f'{json.dumps(about)[:-1]}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
