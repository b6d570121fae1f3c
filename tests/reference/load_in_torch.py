"""Loads what nnrun trained into PyTorch, as the README says, and compares the predictions.

    pip install torch safetensors
    python tests/reference/load_in_torch.py FOLDER

For each program of `tests/reference/torch` FOLDER holds `<name>/model.safetensors`, a run, and `<name>.csv`, what
`nnrun predict` made of `points.csv`. `cargo test` makes such a folder where it finds a python3 with these packages
(`NNRUN_PYTHON` names another). Exits with 1 where a state dict does not fit or a number differs.
"""

import csv
import pathlib
import sys

import torch
from safetensors.torch import load_file
from torch import nn

TOLERANCE = 1e-5


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense1 = nn.Linear(4, 16)
        self.dropout1 = nn.Dropout(0.3)
        self.dense2 = nn.Linear(16, 8)
        self.dense3 = nn.Linear(8, 3)

    def forward(self, x):
        logits = self.dense3(self.dense2(self.dropout1(self.dense1(x).relu())).tanh())
        # `predict` tells probabilities.
        return logits.softmax(-1)


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense1 = nn.Linear(4, 12)
        self.batch_norm1 = nn.BatchNorm1d(12)
        self.dense2 = nn.Linear(12, 6)
        self.layer_norm1 = nn.LayerNorm(6)
        self.batch_norm2 = nn.BatchNorm1d(6, eps=1e-3)
        self.dense3 = nn.Linear(6, 2)

    def forward(self, x):
        h = self.dense2(self.batch_norm1(self.dense1(x)).relu())
        return self.dense3(self.batch_norm2(nn.functional.gelu(self.layer_norm1(h))))


class Stage(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(10)
        self.dense1 = nn.Linear(10, 20)
        self.dense2 = nn.Linear(20, 10)

    def forward(self, x):
        return x + self.dense2(nn.functional.gelu(self.dense1(self.layer_norm1(x))))


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense1 = nn.Linear(7, 6)
        self.dense2 = nn.Linear(6, 2, bias=False)

    def forward(self, x):
        return self.dense2(self.dense1(x).tanh())


class Paths(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(4, 5)
        self.repeat1 = nn.Sequential(Stage(), Stage(), Stage())
        self.dense1 = nn.Linear(10, 7)
        self.head = Head()

    def forward(self, x):
        both = torch.cat([self.enc(x), self.enc(-x)], -1)
        return self.head(nn.functional.silu(self.dense1(self.repeat1(both))))


class Gate(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.slope = nn.Parameter(torch.ones(width))
        self.dense1 = nn.Linear(inputs, width)
        self.dense2 = nn.Linear(inputs, width)

    def forward(self, x):
        return self.slope * self.dense1(x).sigmoid() * self.dense2(x).tanh()


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.gate1 = Gate(4, 8)
        self.batch_norm1 = nn.BatchNorm1d(8)
        self.gate2 = Gate(8, 6)
        self.dense1 = nn.Linear(6, 1)

    def forward(self, x):
        return self.dense1(self.gate2(self.batch_norm1(self.gate1(x * self.scale))))


# The program, its twin, and the columns of the predictions.
TWINS = {
    "mlp": (Mlp, ["logits.ash", "logits.birch", "logits.cedar"]),
    "norms": (Norms, ["y_hat[0]", "y_hat[1]"]),
    "paths": (Paths, ["y_hat[0]", "y_hat[1]"]),
    "blocks": (Blocks, ["y_hat"]),
}


def columns(path, names):
    with open(path, newline="") as file:
        return torch.tensor([[float(row[name]) for name in names] for row in csv.DictReader(file)])


def main(folder):
    torch.set_num_threads(1)
    points = columns(folder / "points.csv", ["a", "b", "c", "d"])
    failed = False
    for name, (twin, predicted) in TWINS.items():
        net = twin()
        net.load_state_dict(load_file(folder / name / "model.safetensors"), strict=True)
        net.eval()
        with torch.no_grad():
            wanted = net(points)
        found = columns(folder / f"{name}.csv", predicted)
        if found.shape != wanted.shape:
            print(f"{name}: {list(found.shape)} predictions instead of {list(wanted.shape)}")
            failed = True
            continue
        error = ((found - wanted).abs() / wanted.abs().clamp(min=0.1)).max().item()
        print(f"{name}: {len(points)} rows, {len(net.state_dict())} tensors, off by at most {error:.1e}")
        # A NaN is no agreement.
        failed |= not error <= TOLERANCE
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
