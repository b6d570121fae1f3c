"""Makes the numbers that the training loop is compared with.

    pip install torch numpy safetensors
    python tests/reference/make_training.py

For each case: `training/<case>.nn`, a program that `nnrun --init <init> --log-steps --json` runs, and
`training/<case>.json`, the loss and the learning rate of each of its first 50 steps according to PyTorch. The
initial weights lie beside them. All of iris is the training split (there is no `split`), in file order
(`shuffle: false`), standardized with the population deviation; an epoch is 9 batches of 16 and one of 6, so that
50 steps are 5 epochs.

A step's loss is the one before the step's update, over its own batch; `lr` is the rate the update used.
`float64_drift` is how far a run in double precision is from this one: what agrees to within a few
times that agrees as well as single precision can.
"""

import csv
import json
import math
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

HERE = pathlib.Path(__file__).parent
OUT = HERE / "training"
DATA = HERE.parent.parent / "examples" / "data" / "tabular" / "iris.csv"
COLUMNS = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]
STEPS, BATCH, EPOCHS, PER_EPOCH = 50, 16, 5, 10

torch.set_num_threads(1)


class Net(nn.Sequential):
    """A chain whose layers have the names that `.nn` gives them (`dense1`, `batch_norm1`, …)."""

    KINDS = {nn.Linear: "dense", nn.BatchNorm1d: "batch_norm", nn.LayerNorm: "layer_norm"}

    def __init__(self, *layers):
        super().__init__()
        counts = {}
        for i, layer in enumerate(layers):
            kind = self.KINDS.get(type(layer))
            counts[kind] = counts.get(kind, 0) + 1
            self.add_module(f"{kind}{counts[kind]}" if kind else f"function{i}", layer)

    def weights(self):
        return {k: v for k, v in self.state_dict().items() if not k.endswith("num_batches_tracked")}


# The three networks: how torch writes them, how .nn writes them, where their first weights lie.
NETS = {
    "plain": (
        lambda: Net(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3)),
        "x |> Dense(16) |> tanh |> Dense(8) |> relu |> Dense(3)",
        "init.safetensors",
    ),
    "batch_norm": (
        lambda: Net(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3)),
        "x |> Dense(16) |> BatchNorm |> relu |> Dense(3)",
        "init_batch_norm.safetensors",
    ),
    "layer_norm": (
        lambda: Net(nn.Linear(4, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 3)),
        "x |> Dense(16) |> LayerNorm |> gelu |> Dense(3)",
        "init_layer_norm.safetensors",
    ),
}


# Schedules as the language defines them: the rate at step k, given the optimizer's.
def constant(k, lr):
    return lr


def warmup_cosine(k, lr, warm=10, to=1e-5):
    if k < warm:
        return lr * (k + 1) / warm
    k, n = k - warm, STEPS - warm
    return to + (lr - to) * (1 + math.cos(math.pi * k / n)) / 2


def warmup_from(k, lr, warm=20, start=1e-4):
    return start + (lr - start) * (k + 1) / warm if k < warm else lr


def cosine_then_linear(k, lr, first=2 * PER_EPOCH, middle=5e-3, to=1e-4):
    if k < first:
        return middle + (lr - middle) * (1 + math.cos(math.pi * k / first)) / 2
    k, n = k - first, STEPS - first
    return lr + (to - lr) * k / n


def linear(k, lr, to=1e-4):
    return lr + (to - lr) * k / STEPS


def step_decay(k, lr, every=2, factor=0.5):
    return lr * factor ** (k // PER_EPOCH // every)


def exponential(k, lr, factor=0.8):
    return lr * factor ** (k // PER_EPOCH)


def case(
    net="plain",
    loss="cross_entropy(logits, species)",
    optimizer=None,
    torch_loss=None,
    torch_optimizer=None,
    schedule=None,
    torch_schedule=constant,
    clip=None,
    torch_clip=None,
    batch=BATCH,
    accumulate=None,
    ema=None,
    group=None,
    torch_groups=None,
):
    return locals()


def grouped(model):
    """Biases without decay, the first layer at a tenth of the rate with other betas; the bias of it is of the last group."""
    named = dict(model.named_parameters())
    biases = [p for n, p in named.items() if n.endswith("bias") and not n.startswith("dense1.")]
    first = [p for n, p in named.items() if n.startswith("dense1.")]
    rest = [p for n, p in named.items() if not n.endswith("bias") and not n.startswith("dense1.")]
    groups = [{"params": rest}, {"params": biases, "weight_decay": 0.0}]
    groups.append({"params": first, "lr": 1e-3, "betas": (0.8, 0.99)})
    return torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.1)


CASES = {
    "sgd": case(optimizer="SGD(lr: 0.1)", torch_optimizer=lambda p: torch.optim.SGD(p, lr=0.1)),
    "sgd_weight_decay": case(
        optimizer="SGD(lr: 0.05, momentum: 0.9, weight_decay: 1e-2)",
        torch_optimizer=lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-2),
    ),
    "sgd_momentum": case(
        optimizer="SGD(lr: 0.05, momentum: 0.9)", torch_optimizer=lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)
    ),
    "sgd_nesterov": case(
        optimizer="SGD(lr: 0.05, momentum: 0.9, nesterov: true)",
        torch_optimizer=lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    ),
    "adam": case(optimizer="Adam(lr: 1e-2)", torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2)),
    "adam_weight_decay": case(
        optimizer="Adam(lr: 1e-2, weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2, weight_decay=0.01),
    ),
    "adamw": case(
        optimizer="AdamW(lr: 1e-2, weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.01),
    ),
    "rmsprop": case(
        optimizer="RMSprop(lr: 2e-3)",
        torch_optimizer=lambda p: torch.optim.RMSprop(p, lr=2e-3),
    ),
    "rmsprop_centered": case(
        optimizer="RMSprop(lr: 2e-3, alpha: 0.9, eps: 1e-5, weight_decay: 0.01, momentum: 0.5, centered: true)",
        torch_optimizer=lambda p: torch.optim.RMSprop(
            p, lr=2e-3, alpha=0.9, eps=1e-5, weight_decay=0.01, momentum=0.5, centered=True
        ),
    ),
    "adagrad": case(
        optimizer="Adagrad(lr: 0.05)",
        torch_optimizer=lambda p: torch.optim.Adagrad(p, lr=0.05),
    ),
    "adagrad_decay": case(
        optimizer="Adagrad(lr: 0.05, lr_decay: 0.1, weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.Adagrad(p, lr=0.05, lr_decay=0.1, weight_decay=0.01),
    ),
    "adadelta": case(
        optimizer="Adadelta(weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.Adadelta(p, weight_decay=0.01),
    ),
    "nadam": case(
        optimizer="NAdam(lr: 1e-2, weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.NAdam(p, lr=1e-2, weight_decay=0.01),
    ),
    "radam": case(
        optimizer="RAdam(lr: 1e-2, weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.RAdam(p, lr=1e-2, weight_decay=0.01),
    ),
    "label_smoothing": case(
        loss="cross_entropy(logits, species, label_smoothing: 0.1)",
        torch_loss=lambda dtype: nn.CrossEntropyLoss(label_smoothing=0.1),
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
    ),
    "class_weight": case(
        loss="cross_entropy(logits, species, weight: [1, 2, 0.5])",
        torch_loss=lambda dtype: nn.CrossEntropyLoss(weight=torch.tensor([1, 2, 0.5], dtype=dtype)),
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
    ),
    "clip_norm": case(
        optimizer="SGD(lr: 0.1, momentum: 0.9)",
        clip="norm(1.0)",
        torch_optimizer=lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        torch_clip=lambda p: nn.utils.clip_grad_norm_(p, 1.0),
    ),
    "clip_value": case(
        optimizer="SGD(lr: 0.1, momentum: 0.9)",
        clip="value(0.1)",
        torch_optimizer=lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        torch_clip=lambda p: nn.utils.clip_grad_value_(p, 0.1),
    ),
    "warmup_cosine": case(
        optimizer="AdamW(lr: 1e-2, weight_decay: 0.01)",
        torch_optimizer=lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.01),
        schedule="warmup(10 steps) then cosine(to: 1e-5)",
        torch_schedule=warmup_cosine,
    ),
    "warmup_constant": case(
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
        schedule="warmup(2 epochs, from: 1e-4) then constant",
        torch_schedule=warmup_from,
    ),
    "cosine_then_linear": case(
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
        schedule="cosine(to: 5e-3, over: 2 epochs) then linear(to: 1e-4)",
        torch_schedule=cosine_then_linear,
    ),
    "linear": case(
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
        schedule="linear(to: 1e-4)",
        torch_schedule=linear,
    ),
    "step": case(
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
        schedule="step(every: 2 epochs, factor: 0.5)",
        torch_schedule=step_decay,
    ),
    "exponential": case(
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
        schedule="exponential(factor: 0.8)",
        torch_schedule=exponential,
    ),
    # A step of several batches is that of one: the losses of "class_weight", whose last batch of an epoch has 6 examples.
    "accumulate": case(
        loss="cross_entropy(logits, species, weight: [1, 2, 0.5])",
        torch_loss=lambda dtype: nn.CrossEntropyLoss(weight=torch.tensor([1, 2, 0.5], dtype=dtype)),
        optimizer="Adam(lr: 1e-2)",
        torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2),
        clip="norm(1.0)",
        torch_clip=lambda p: nn.utils.clip_grad_norm_(p, 1.0),
        batch=4,
        accumulate=4,
    ),
    "ema": case(optimizer="Adam(lr: 1e-2)", torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2), ema=0.9),
    "groups": case(
        optimizer="AdamW(lr: 1e-2, weight_decay: 0.1)",
        schedule="warmup(10 steps) then cosine(to: 1e-5)",
        torch_schedule=warmup_cosine,
        group='["*.bias"] { weight_decay: 0 }\n  group [dense1] { lr: 1e-3; betas: [0.8, 0.99] }',
        torch_groups=grouped,
    ),
    "batch_norm": case(
        net="batch_norm", optimizer="Adam(lr: 1e-2)", torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2)
    ),
    "layer_norm": case(
        net="layer_norm", optimizer="Adam(lr: 1e-2)", torch_optimizer=lambda p: torch.optim.Adam(p, lr=1e-2)
    ),
}


def read_iris():
    with DATA.open() as file:
        rows = list(csv.DictReader(file))
    x = torch.tensor([[float(row[c]) for c in COLUMNS] for row in rows], dtype=torch.float64)
    names = sorted({row["species"] for row in rows})
    y = torch.tensor([names.index(row["species"]) for row in rows])
    return (x - x.mean(0)) / x.std(0, unbiased=False), y


def run(c, x, y, dtype):
    """The losses and rates of the 50 steps, and the model they leave."""
    make, _, init = NETS[c["net"]]
    model = make()
    model.load_state_dict(INITIAL[init], strict=False)
    model, x = model.to(dtype), x.to(dtype)
    measure = c["torch_loss"](dtype) if c["torch_loss"] else nn.CrossEntropyLoss()
    optimizer = c["torch_groups"](model) if c["torch_groups"] else c["torch_optimizer"](model.parameters())
    bases = [group["lr"] for group in optimizer.param_groups]
    base = bases[0]
    average = c["ema"] and AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(c["ema"]))
    losses, rates = [], []
    for k in range(STEPS):
        start = k % PER_EPOCH * BATCH
        rate = c["torch_schedule"](k, base)
        for group, own in zip(optimizer.param_groups, bases):
            group["lr"] = own * rate / base
        optimizer.zero_grad()
        loss = measure(model(x[start : start + BATCH]), y[start : start + BATCH])
        loss.backward()
        if c["torch_clip"]:
            c["torch_clip"](model.parameters())
        optimizer.step()
        if average:
            average.update_parameters(model)
        losses.append(loss.item())
        rates.append(rate)
    if average:
        model = average.module
    model.eval()
    with torch.no_grad():
        logits = model(x)
        evaluation = {"loss": measure(logits, y).item(), "accuracy": (logits.argmax(-1) == y).double().mean().item()}
    return losses, rates, evaluation, model


def program(name, c):
    _, body, init = NETS[c["net"]]
    settings = [
        ("loss", c["loss"]),
        ("optimizer", c["optimizer"]),
        ("schedule", c["schedule"]),
        ("clip", c["clip"]),
        ("epochs", EPOCHS),
        ("batch", c["batch"]),
        ("accumulate", c["accumulate"]),
        ("ema", c["ema"]),
        ("shuffle", "false"),
        ("metrics", "[accuracy]"),
        ("seed", 1),
    ]
    settings = [(word + ":", value) for word, value in settings if value is not None]
    wide = max(len(word) for word, _ in settings)
    lines = "\n".join(f"  {word:<{wide}} {value}" for word, value in settings)
    if c["group"]:
        lines += f"\n  group {c['group']}"
    return f"""# Made by make_training.py; starts from {init}.
data iris {{
  let t         = csv("../../../examples/data/tabular/iris.csv")
  field x       = t[sepal_length_cm .. petal_width_cm] |> standardize
  field species = t.species |> classes
}}

model Net(x: [4]) -> logits: [3] {{
  {body}
}}

train Net on iris {{
{lines}
}}
"""


def short(v):
    return float(f"{v:.8g}")


def initial_weights():
    """PyTorch's own initialisation, from a fixed seed; norms start a little away from one and zero."""
    states = {}
    for seed, (make, _, init) in enumerate(NETS.values(), start=20):
        torch.manual_seed(seed)
        model = make()
        for name, tensor in model.state_dict().items():
            if "norm" in name and name.endswith(("weight", "bias")):
                tensor += 0.1 * torch.randn_like(tensor)
        states[init] = {k: v.clone() for k, v in model.weights().items()}
    return states


INITIAL = initial_weights()


def main():
    OUT.mkdir(exist_ok=True)
    for init, state in INITIAL.items():
        save_file(state, OUT / init)
        (OUT / init).chmod(0o644)
    x, y = read_iris()
    for name, c in CASES.items():
        losses, rates, evaluation, model = run(c, x, y, torch.float32)
        double, _, _, _ = run(c, x, y, torch.float64)
        result = {
            "init": NETS[c["net"]][2],
            "losses": [short(v) for v in losses],
            "lrs": [short(v) for v in rates],
            "after": {
                "evaluation": {k: short(v) for k, v in evaluation.items()},
                "sums": {k: short(v.double().sum().item()) for k, v in model.weights().items()},
            },
            "float64_drift": float(f"{max(abs(a - b) for a, b in zip(losses, double)):.2g}"),
            "versions": {"torch": torch.__version__.split("+")[0]},
        }
        (OUT / f"{name}.nn").write_text(program(name, c))
        (OUT / f"{name}.json").write_text(json.dumps(result) + "\n")
        print(f"{name:20} {losses[0]:.4f} -> {losses[-1]:.4f}  drift {result['float64_drift']:.1g}  {evaluation}")


if __name__ == "__main__":
    main()
