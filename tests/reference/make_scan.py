"""Makes the numbers that recurrences written with `scan` are compared with.

    pip install torch numpy
    python tests/reference/make_scan.py

Writes `catalog/scan.json`, cases as `make_catalog.py` describes them: torch.nn.RNN, GRU and LSTM, and loops over
`unbind`, against the same formulas as programs. The weights of torch's layers are `[out, in]`; the programs declare them
so, or transposed where they are multiplied from the right.
"""

import make_catalog
import torch
from make_catalog import case, families
from make_recurrent import OUT, module, numbers, write


def through(kind, hidden, program, reverse=False, batch=3, steps=5, width=3):
    """One layer of torch's, with its weights declared by the program: `wi [in, n]`, `wh [hidden, n]`, `bi`, `bh`."""
    made = module(kind, width, hidden)
    named = dict(made.named_parameters())
    weights = {
        "wi": named["weight_ih_l0"].detach().T.contiguous(),
        "wh": named["weight_hh_l0"].detach().T.contiguous(),
        "bi": named["bias_ih_l0"].detach().clone(),
        "bh": named["bias_hh_l0"].detach().clone(),
    }

    def function(x):
        own = {
            "weight_ih_l0": weights["wi"].T,
            "weight_hh_l0": weights["wh"].T,
            "bias_ih_l0": weights["bi"],
            "bias_hh_l0": weights["bh"],
        }
        x = x.flip(1) if reverse else x
        return torch.func.functional_call(made, own, (x,))[0]

    declares = {name: str(list(weight.shape)) for name, weight in weights.items()}
    name = f"{kind}{', from the end' if reverse else ''}, {hidden} wide"
    x = numbers(batch, steps, width, reach=1.5)
    case("scan", name, program, function, {"x": x}, kind="function", weights=weights, declares=declares)


def rnn(hidden, source="x"):
    return f"scan {source} as xt, h = zeros([{hidden}]) {{ tanh(xt @ wi + bi + h @ wh + bh) }}"


def gru(n):
    gates = f"let i = xt @ wi + bi; let r = h @ wh + bh; let reset = sigmoid(i[0 .. {n}] + r[0 .. {n}])"
    update = f"let z = sigmoid(i[{n} .. {2 * n}] + r[{n} .. {2 * n}])"
    new = f"let new = tanh(i[{2 * n} ..] + reset * r[{2 * n} ..])"
    return f"scan x as xt, h = zeros([{n}]) {{ {gates}; {update}; {new}; (1 - z) * new + z * h }}"


def lstm(n):
    cuts = [f"0 .. {n}", f"{n} .. {2 * n}", f"{2 * n} .. {3 * n}", f"{3 * n} .."]
    gates = "let g = xt @ wi + bi + h @ wh + bh"
    c = f"let c2 = sigmoid(g[{cuts[1]}]) * c + sigmoid(g[{cuts[0]}]) * tanh(g[{cuts[2]}])"
    h = f"(sigmoid(g[{cuts[3]}]) * tanh(c2), c2)"
    states = f"h = zeros([{n}]), c = zeros([{n}])"
    # Both states come out; the first is torch's output.
    return f"stack(scan x as xt, {states} {{ {gates}; {c}; {h} }})[0]"


def loop(name, program, function, inputs, weights=None, declares=None):
    case("scan", name, program, function, inputs, weights=weights, declares=declares)


def main():
    make_catalog.floats = lambda *shape, batch, low, high: numbers(*shape, reach=high)
    for hidden in (1, 5):
        through("rnn", hidden, rnn(hidden))
        through("gru", hidden, gru(hidden))
        through("lstm", hidden, lstm(hidden))
    through("rnn", 4, rnn(4, "flip(x, axis: 0)"), reverse=True)
    through("rnn", 3, rnn(3), batch=1, steps=1, width=1)

    x = numbers(3, 4, 2, reach=1.5)

    def product(x):
        return torch.cumprod(x, 1)

    loop("a running product", "scan x as xt, p = ones([2]) { p * xt }", product, {"x": x})

    def smoothed(x, start):
        states, s = [], start
        for xt in x.unbind(1):
            s = 0.75 * s + 0.25 * xt * x.mean(1)
            states.append(s)
        return torch.stack(states, 1)

    start = numbers(3, 2, reach=1.5)
    program = "scan x as xt, s = start { 0.75 * s + 0.25 * xt * mean(x, axis: 0) }"
    loop("smoothing from a start, with all of the sequence", program, smoothed, {"x": x, "start": start})

    grid = numbers(2, 3, 4, reach=1.5)
    w = numbers(4, 4, reach=0.7)

    def over_grid(x):
        rows, above = [], torch.zeros(2, 4)
        for row in x.unbind(1):
            cells, left = [], torch.zeros(2)
            for cell in row.unbind(1):
                left = torch.tanh(left + cell)
                cells.append(left)
            above = torch.tanh(above @ weights["w"] + torch.stack(cells, 1))
            rows.append(above)
        return torch.stack(rows, 1)

    weights = {"w": w}
    inner = "scan row as cell, left = 0 { tanh(left + cell) }"
    program = f"scan x as row, above = zeros([4]) {{ let along = {inner}; tanh(above @ w + along) }}"
    loop("a scan in a scan", program, over_grid, {"x": grid}, weights=weights, declares={"w": "[4, 4]"})


if __name__ == "__main__":
    main()
    write(OUT / "catalog" / "scan.json", "recurrences written with scan", families["scan"])
