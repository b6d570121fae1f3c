"""Makes the numbers that losses of regions, distances and alignments are compared with: dice, triplet, ctc.

    pip install torch numpy
    python tests/reference/make_overlap_losses.py

Writes `catalog/overlap_losses.json`, in the form that `make_catalog.py` describes.
"""

import json

import make_catalog
import torch
import torch.nn.functional as F
from make_catalog import BATCH, OUT, Labels, case, families, floats, labels

make_catalog.random = torch.Generator().manual_seed(31)


def loss(name, program, function, **inputs):
    case("overlap_losses", name, program, function, inputs, kind="loss")


def dice(x, y, smooth=1e-5):
    """monai.losses.DiceLoss(softmax=True, to_onehot_y=True): x is [N, C, ...], y is [N, ...]."""
    p, t = x.softmax(1), F.one_hot(y, x.shape[1]).movedim(-1, 1).to(x.dtype)
    over = tuple(range(2, x.dim()))
    both, said, there = ((v.sum(over) if over else v) for v in (p * t, p, t))
    return (1 - (2 * both + smooth) / (said + there + smooth)).mean()


def dice_of_one(x, y, smooth=1e-5):
    p = x.sigmoid().flatten(1)
    y = y.flatten(1)
    return (1 - (2 * (p * y).sum(1) + smooth) / (p.sum(1) + y.sum(1) + smooth)).mean()


def triplet(a, p, n, margin=1.0):
    flat = (v.reshape(-1, v.shape[-1]) for v in (a, p, n))
    return F.triplet_margin_loss(*flat, margin=margin)


def targets(classes, size, lengths, blank=0, repeated=False):
    """Classes but the blank, and blanks behind them."""
    rows = torch.full((BATCH, size), blank)
    others = [c for c in range(classes) if c != blank]
    for row, length in zip(rows, lengths):
        for i in range(length):
            row[i] = others[(int(row[i - 1]) + i) % len(others)] if i and not repeated else others[0]
    return Labels(classes, rows), torch.tensor(lengths)


def ctc(name, positions, classes, size, lengths, blank=0, repeated=False):
    y, counts = targets(classes, size, lengths, blank, repeated)

    def function(x, y):
        return F.ctc_loss(
            x.log_softmax(-1).transpose(0, 1),
            y,
            torch.full((BATCH,), positions),
            counts,
            blank=blank,
            reduction="mean",
            zero_infinity=True,
        )

    program = "ctc(x, y)" if blank == 0 else f"ctc(x, y, blank: {blank})"
    loss(name, program, function, x=floats(positions, classes), y=y)


def losses():
    loss("dice rows", "dice(x, y)", lambda x, y: dice(x.transpose(1, 2), y), x=floats(4, 3), y=labels(3, 4))
    loss("dice images, axis 0", "dice(x, y, axis: 0)", dice, x=floats(2, 3, 2), y=labels(2, 3, 2))
    loss(
        "dice smoothed",
        "dice(x, y, smooth: 1)",
        lambda x, y: dice(x.transpose(1, 2), y, 1),
        x=floats(5, 2),
        y=labels(2, 5),
    )
    loss("dice of one class a question", "dice(x, y)", dice, x=floats(3), y=labels(3))
    hard = (floats(3, 3) > 0).double()
    loss("dice of one score", "dice(x, y)", dice_of_one, x=floats(3, 3), y=hard)
    loss("dice of a scalar", "dice(x, y, smooth: 1)", lambda x, y: dice_of_one(x[:, None], y[:, None], 1), x=floats(), y=(floats() > 0).double())

    three = lambda *shape: {"a": floats(*shape), "p": floats(*shape) + 1 / 64, "n": floats(*shape) - 1 / 64}
    loss("triplet", "triplet(a, p, n)", triplet, **three(3))
    loss("triplet margin", "triplet(a, p, n, margin: 2.5)", lambda a, p, n: triplet(a, p, n, 2.5), **three(5))
    loss("triplet rows", "triplet(a, p, n, margin: 0.25)", lambda a, p, n: triplet(a, p, n, 0.25), **three(3, 2))

    ctc("ctc", 5, 3, 2, [2] * BATCH)
    ctc("ctc of lengths", 6, 4, 3, [3, 1, 2, 0, 3])
    ctc("ctc of one position", 1, 3, 1, [1, 0, 1, 1, 0])
    ctc("ctc of repeated classes", 7, 3, 3, [3, 2, 3, 1, 0], repeated=True)
    ctc("ctc with too few positions", 3, 3, 3, [3, 3, 2, 1, 3], repeated=True)
    ctc("ctc with another blank", 5, 4, 2, [2, 1, 2, 2, 0], blank=3)


def main():
    losses()
    cases = families["overlap_losses"]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    about = {"about": "dice, triplet, ctc", "versions": {"torch": torch.__version__.split("+")[0]}}
    path = OUT / "overlap_losses.json"
    path.write_text(f'{json.dumps(about)[:-1]}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
