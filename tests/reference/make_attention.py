"""Makes the numbers that embeddings, positions, attention and transformers are compared with.

    pip install torch numpy
    python tests/reference/make_attention.py

Writes `catalog/attention.json`, in the format that `make_catalog.py` describes; `single` is how far single precision
may be off where that is more than 1e-5. The modules are those of torch.nn with
`batch_first=True`; weights are set to small multiples of 1/32 by their names in the state dict. What torch has no
module for (positions) is written from its paper.
"""

import json

import torch
from make_catalog import OUT, case, families, floats, labels
from torch import nn
from torch.func import functional_call


def module(name, program, path, net, inputs, call=None):
    """A torch.nn module as a layer of one path, in evaluation mode; its weights are drawn anew."""
    net = net.eval()
    state = net.state_dict()
    weights = {
        f"{path}.{key}": floats(*value.shape, batch=False, low=-1, high=1)
        if value.numel() < 62
        else torch.randint(-31, 32, value.shape).double() / 64
        for key, value in state.items()
    }

    def function(*tensors):
        parts = {key: weights[f"{path}.{key}"] for key in state}
        return (call or (lambda f, *xs: f(*xs)))(lambda *a, **k: functional_call(net, parts, a, k), *tensors)

    case("attention", name, program, function, inputs, kind="layer", weights=weights, mode="eval")
    if path.startswith("transformer"):
        # Normalized again and again, gradients are small differences of large numbers: what single precision gives.
        families["attention"][-1]["single"] = 1e-4


def positions():
    table = lambda v, d: {"embedding1.weight": floats(v, d, batch=False, low=-2, high=2)}
    embed = lambda w: lambda x: nn.functional.embedding(x, w["embedding1.weight"])
    for name, program, classes, shape, width in (
        ("Embedding", "x |> Embedding(3)", 5, (), 3),
        ("Embedding of a sequence", "x |> Embedding(2)", 7, (4,), 2),
        ("Embedding of a grid", "x |> Embedding(width: 3)", 4, (2, 3), 3),
    ):
        w = table(classes, width)
        case("attention", name, program, embed(w), {"x": labels(classes, *shape)}, kind="layer", weights=w)

    for name, program, shape, most in (
        ("Positions", "x |> Positions(max: 3)", (3, 4), 3),
        ("Positions, more than there are", "x |> Positions(5)", (3, 2), 5),
    ):
        w = {"positions1.weight": floats(most, shape[1], batch=False, low=-2, high=2)}
        add = lambda x, w=w: x + w["positions1.weight"][: x.shape[1]]
        case("attention", name, program, add, {"x": floats(*shape)}, kind="layer", weights=w)

    def angles(t, width, base):
        return torch.arange(t).double()[:, None] / base ** (torch.arange(0, width, 2).double() / width)

    def sinusoidal(x, base=10000.0):
        t, width = x.shape[1:]
        pe = torch.zeros(t, width + width % 2)
        pe[:, 0::2], pe[:, 1::2] = angles(t, width, base).sin(), angles(t, width, base).cos()
        return x + pe[:, :width]

    def rotary(x, base=10000.0):
        # As rotations of the plane: complex numbers.
        t, width = x.shape[-2:]
        turn = torch.polar(torch.ones(t, width // 2), angles(t, width, base))
        return torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()) * turn).flatten(-2)

    for name, program, function, shape in (
        ("SinusoidalPositions", "x |> SinusoidalPositions", sinusoidal, (5, 4)),
        ("SinusoidalPositions of odd width", "x |> SinusoidalPositions", sinusoidal, (4, 5)),
        ("SinusoidalPositions, base", "x |> SinusoidalPositions(base: 100)", lambda x: sinusoidal(x, 100.0), (3, 2)),
        ("RotaryPositions", "x |> RotaryPositions", rotary, (5, 4)),
        ("RotaryPositions of heads", "x |> RotaryPositions(base: 50)", lambda x: rotary(x, 50.0), (2, 3, 4)),
    ):
        case("attention", name, program, function, {"x": floats(*shape)}, kind="layer")


def attention():
    def itself(name, program, shape, heads, causal=False, bias=True):
        net = nn.MultiheadAttention(shape[1], heads, bias=bias, batch_first=True)
        mask = torch.ones(shape[0], shape[0], dtype=torch.bool).triu(1) if causal else None
        call = lambda f, x: f(x, x, x, need_weights=False, attn_mask=mask)[0]
        module(name, program, "self_attention1", net, {"x": floats(*shape)}, call)

    itself("SelfAttention", "x |> SelfAttention(2)", (3, 4), 2)
    itself("SelfAttention, causal", "x |> SelfAttention(3, causal: true)", (5, 6), 3, causal=True)
    itself("SelfAttention of one head", "x |> SelfAttention(heads: 1)", (2, 3), 1)
    itself("SelfAttention of one position", "x |> SelfAttention(2, causal: true)", (1, 2), 2, causal=True)
    itself("SelfAttention without bias", "x |> SelfAttention(5, bias: false)", (4, 5), 5, bias=False)

    def cross(name, program, shape, memory, heads, bias=True):
        kwargs = {} if memory[1] == shape[1] else {"kdim": memory[1], "vdim": memory[1]}
        net = nn.MultiheadAttention(shape[1], heads, bias=bias, batch_first=True, **kwargs)
        call = lambda f, x, m: f(x, m, m, need_weights=False)[0]
        module(name, program, "cross_attention1", net, {"x": floats(*shape), "m": floats(*memory)}, call)

    cross("CrossAttention", "x |> CrossAttention(2)(m)", (3, 4), (5, 4), 2)
    cross("CrossAttention to another width", "x |> CrossAttention(2)(m)", (3, 4), (2, 3), 2)
    cross("CrossAttention to another width without bias", "x |> CrossAttention(1, bias: false)(m)", (1, 3), (3, 2), 1, False)


def transformers():
    def encoder(name, program, shape, heads, hidden, layers, causal=False, norm=False, **options):
        layer = nn.TransformerEncoderLayer(shape[1], heads, hidden, batch_first=True, **options)
        last = nn.LayerNorm(shape[1]) if norm else None
        net = nn.TransformerEncoder(layer, layers, norm=last, enable_nested_tensor=False)
        mask = torch.ones(shape[0], shape[0], dtype=torch.bool).triu(1) if causal else None
        call = lambda f, x: f(x, mask=mask)
        module(name, program, "transformer_encoder1", net, {"x": floats(*shape)}, call)

    encoder("TransformerEncoder", "x |> TransformerEncoder(2, 5, 2)", (3, 4), 2, 5, 2)
    encoder(
        "TransformerEncoder, norms first, gelu, causal",
        "x |> TransformerEncoder(1, hidden: 6, layers: 1, norm_first: true, activation: gelu, causal: true, norm: true)",
        (4, 3),
        1,
        6,
        1,
        causal=True,
        norm=True,
        norm_first=True,
        activation="gelu",
    )

    def decoder(name, program, shape, memory, heads, hidden, layers, causal=True, **options):
        layer = nn.TransformerDecoderLayer(shape[1], heads, hidden, batch_first=True, **options)
        net = nn.TransformerDecoder(layer, layers)
        mask = torch.ones(shape[0], shape[0], dtype=torch.bool).triu(1) if causal else None
        call = lambda f, x, m: f(x, m, tgt_mask=mask)
        module(name, program, "transformer_decoder1", net, {"x": floats(*shape), "m": floats(*memory)}, call)

    decoder("TransformerDecoder", "x |> TransformerDecoder(2, 3, 2)(m)", (3, 4), (2, 4), 2, 3, 2)
    decoder(
        "TransformerDecoder, norms first, not causal",
        "x |> TransformerDecoder(1, 4, 1, norm_first: true, causal: false, eps: 1e-3)(m)",
        (2, 2),
        (3, 2),
        1,
        4,
        1,
        causal=False,
        norm_first=True,
        layer_norm_eps=1e-3,
    )


def main():
    for make in (positions, attention, transformers):
        make()
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in families["attention"])
    about = {
        "about": "embeddings, positions, attention, transformers",
        "versions": {"torch": torch.__version__.split("+")[0]},
    }
    path = OUT / "attention.json"
    path.write_text(f'{json.dumps(about)[:-1]}, "cases": [\n{lines}\n]}}\n')
    print(f"attention {len(families['attention'])} cases {path.stat().st_size} bytes")


if __name__ == "__main__":
    torch.manual_seed(3)
    main()
