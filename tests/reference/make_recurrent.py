"""Makes the numbers that the recurrent layers are compared with.

    pip install torch numpy
    python tests/reference/make_recurrent.py

Writes `catalog/recurrent.json`, cases as `make_catalog.py` describes them, and `recurrent_packed.json`: sequences of
different length through `torch.nn.utils.rnn.pack_padded_sequence`. A packed case is

    name
    cell           "rnn", "relu", "lstm" or "gru"
    bidirectional
    lengths        of the sequences
    x              {"shape", "data"}: padded, [batch, steps, width]
    weights        name in the state dict -> {"shape", "data"}
    output         the states of all steps, 0 behind the end of a sequence
    final          the final states, both directions side by side
    cotangents     what output and final are multiplied with, before they are added up to what is differentiated
    grads          of that sum, for "x" and the weights

All is computed in double precision by torch.nn.RNN, LSTM and GRU and by autograd, and rounded to seven digits. Weights
are multiples of 1/64 in about ±1/sqrt(hidden).
"""

import json
import pathlib

import make_catalog
import torch
from make_catalog import case, families, written
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

OUT = pathlib.Path(__file__).parent
random = torch.Generator().manual_seed(23)

KINDS = {
    "rnn": ("RNN", torch.nn.RNN, {}, ""),
    "relu": ("RNN", torch.nn.RNN, {"nonlinearity": "relu"}, ", activation: relu"),
    "lstm": ("LSTM", torch.nn.LSTM, {}, ""),
    "gru": ("GRU", torch.nn.GRU, {}, ""),
}


def numbers(*shape, reach):
    """Odd multiples of 1/64 up to `reach`."""
    bound = max(1, int(reach * 32))
    return (2 * torch.randint(-bound, bound, shape, generator=random) + 1).double() / 64


def module(kind, width, hidden, **options):
    _, make, own, _ = KINDS[kind]
    made = make(width, hidden, batch_first=True, **own, **options).double()
    for parameter in made.parameters():
        parameter.data = numbers(*parameter.shape, reach=1.5 * hidden**-0.5)
    return made


def final(made, states):
    """The final states of the last layer, both directions side by side."""
    last = states[-2:] if made.bidirectional else states[-1:]
    return torch.cat(list(last), -1)


def layer(name, kind, batch=3, steps=4, width=3, hidden=5, returns="sequence", arguments="", **options):
    word, _, _, own = KINDS[kind]
    made = module(kind, width, hidden, **options)
    path = f"{word.lower()}1."
    weights = {path + k: v.detach().clone() for k, v in made.named_parameters()}

    def function(x):
        named = {k.removeprefix(path): v for k, v in weights.items()}
        output, states = torch.func.functional_call(made, named, (x,))
        states = states[0] if kind == "lstm" else states
        return final(made, states) if returns == "final" else output

    if returns == "final":
        arguments += ", returns: final"
    program = f"x |> {word}({hidden}{arguments}{own})"
    x = numbers(batch, steps, width, reach=1.5)
    case("recurrent", f"{kind}: {name}", program, function, {"x": x}, kind="layer", weights=weights)


def layers():
    # Cotangents as those of the other families, for results of any size.
    make_catalog.floats = lambda *shape, batch, low, high: numbers(*shape, reach=high)
    for kind in KINDS:
        layer("one layer", kind)
        layer("one step of one example", kind, batch=1, steps=1, hidden=3)
        layer("two layers", kind, hidden=4, arguments=", layers: 2", num_layers=2)
        layer("both directions", kind, hidden=3, arguments=", bidirectional: true", bidirectional=True)
        layer(
            "two layers, both directions",
            kind,
            batch=3,
            width=2,
            hidden=3,
            arguments=", layers: 2, bidirectional: true",
            num_layers=2,
            bidirectional=True,
        )
        layer("the final state", kind, returns="final")
        layer(
            "the final states of both directions",
            kind,
            steps=3,
            hidden=3,
            returns="final",
            arguments=", layers: 2, bidirectional: true",
            num_layers=2,
            bidirectional=True,
        )
        layer("without bias", kind, hidden=4, arguments=", bias: false", bias=False)
        layer("one number wide", kind, width=1, hidden=1)
        layer("many steps", kind, batch=2, steps=50, width=1, hidden=4)
    layer("wider than a tile", "rnn", batch=9, steps=3, width=2, hidden=33)
    layer("wider than a tile", "gru", batch=9, steps=2, width=1, hidden=17)


def packed(kind, bidirectional, lengths=(4, 1, 3, 2), width=2, hidden=3):
    made = module(kind, width, hidden, bidirectional=bidirectional)
    steps = max(lengths)
    x = numbers(len(lengths), steps, width, reach=1.5).requires_grad_()
    sequences = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    output, states = made(sequences)
    output, _ = pad_packed_sequence(output, batch_first=True)
    last = final(made, states[0] if kind == "lstm" else states)
    seeds = [numbers(*output.shape, reach=1.5), numbers(*last.shape, reach=1.5)]
    total = (output * seeds[0]).sum() + (last * seeds[1]).sum()
    leaves = {"x": x} | dict(made.named_parameters())
    grads = torch.autograd.grad(total, list(leaves.values()))
    return {
        "name": f"{kind}, {'both directions' if bidirectional else 'one direction'}",
        "cell": kind,
        "bidirectional": bidirectional,
        "lengths": list(lengths),
        "x": written(x.detach()),
        "weights": {k: written(v.detach()) for k, v in made.named_parameters()},
        "output": written(output.detach()),
        "final": written(last.detach()),
        "cotangents": [written(seed) for seed in seeds],
        "grads": {k: written(g) for k, g in zip(leaves, grads)},
    }


def write(path, about, cases):
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    head = json.dumps({"about": about, "versions": {"torch": torch.__version__.split("+")[0]}})[:-1]
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(f"{path.name:24} {len(cases):3} cases {path.stat().st_size:7} bytes")


if __name__ == "__main__":
    layers()
    write(OUT / "catalog" / "recurrent.json", "recurrent layers", families["recurrent"])
    cases = [packed(kind, both) for kind in KINDS for both in (False, True)]
    write(OUT / "recurrent_packed.json", "recurrent layers over sequences of different length", cases)
