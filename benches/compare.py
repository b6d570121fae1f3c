#!/usr/bin/env python3
"""Times the training steps of benches/workloads against PyTorch (and JAX), by turns, in one sitting.

    cargo build --release
    python3 benches/compare.py                     # all workloads, three rounds, two threads
    python3 benches/compare.py mlp cnn --rounds 5  # some of them
    python3 benches/compare.py --with torch,compile,jax

Every turn is a process of its own: `nnrun bench` on one side, this file as a worker on the other, which does the same
work with the same sizes, a batch gathered from the data set included. Frameworks that are not installed are left out,
and said so. The table shows the median over all rounds of each round's median step, how far the rounds lie apart, and
how many times faster nnrun is than the best of the others; then the most memory that each process held.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOADS = ["tiny", "mlp", "cnn", "rnn", "lstm", "gpt"]
# Steps of a turn, about a second each.
STEPS = {"tiny": 3000, "mlp": 200, "cnn": 40, "rnn": 80, "lstm": 40, "gpt": 8}
# Examples in the data set, and of a batch: as in the files of the workloads.
SIZES = {"tiny": (1024, 16), "mlp": (2048, 128), "cnn": (1024, 64), "rnn": (512, 64), "lstm": (512, 64), "gpt": (256, 16)}


def measure(step, count):
    """Milliseconds of `count` steps behind some to warm up."""
    for _ in range(max(3, count // 10)):
        step()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def torch_worker(name, count, threads, compiled):
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    torch.manual_seed(1)

    class Final(nn.Module):
        """The last state of a recurrent layer, then a dense one."""

        def __init__(self, layer):
            super().__init__()
            self.layer, self.head = layer, nn.Linear(128, 10)

        def forward(self, x):
            return self.head(self.layer(x)[0][:, -1])

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(128), nn.LayerNorm(128)
            self.qkv, self.out = nn.Linear(128, 384), nn.Linear(128, 128)
            self.up, self.down = nn.Linear(128, 512), nn.Linear(512, 128)

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = (y.view(b, t, 4, 32).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(d, 2))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
            return x + self.down(F.gelu(self.up(self.norm2(x))))

    class Gpt(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(65, 128), nn.Parameter(torch.randn(128, 128) * 0.05)
            self.blocks = nn.Sequential(*[Block() for _ in range(4)])
            self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, 65)

        def forward(self, x):
            return self.head(self.norm(self.blocks(self.tokens(x) + self.positions))).flatten(0, 1)

    examples, batch = SIZES[name]
    if name == "tiny":
        model, x = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)), torch.rand(examples, 4)
        y = torch.randint(0, 3, (examples,))
    elif name == "mlp":
        layers = nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10)
        model, x = nn.Sequential(*layers), torch.rand(examples, 784)
        y = torch.randint(0, 10, (examples,))
    elif name == "cnn":
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10),
        )
        x, y = torch.rand(examples, 1, 28, 28), torch.randint(0, 10, (examples,))
    elif name in ("rnn", "lstm"):
        layer = nn.RNN if name == "rnn" else nn.LSTM
        model, x = Final(layer(32, 128, batch_first=True)), torch.rand(examples, 64, 32)
        y = torch.randint(0, 10, (examples,))
    else:
        model, x = Gpt(), torch.randint(0, 65, (examples, 128))
        y = torch.randint(0, 65, (examples, 128))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    run = torch.compile(model) if compiled else model
    state = {"order": torch.randperm(examples), "at": 0}

    def step():
        if state["at"] + batch > examples:
            state["order"], state["at"] = torch.randperm(examples), 0
        chosen = state["order"][state["at"] : state["at"] + batch]
        state["at"] += batch
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(run(x[chosen]), y[chosen].flatten())
        loss.backward()
        optimizer.step()

    return measure(step, count)


def jax_worker(name, count, threads):
    # XLA takes as many threads as the process may use processors.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import lax

    draw = np.random.default_rng(1)

    def dense(inputs, outputs):
        limit = inputs**-0.5
        return [draw.uniform(-limit, limit, size).astype(np.float32) for size in ((inputs, outputs), (outputs,))]

    examples, batch = SIZES[name]
    classes = {"tiny": 3, "gpt": 65}.get(name, 10)
    linear = lambda w, x: x @ w[0] + w[1]
    if name in ("tiny", "mlp"):
        sizes = [4, 16, 3] if name == "tiny" else [784, 512, 256, 10]
        weights = [dense(*pair) for pair in zip(sizes, sizes[1:])]
        x = draw.random((examples, sizes[0]), dtype=np.float32)

        def forward(w, x):
            for layer in w[:-1]:
                x = jax.nn.relu(linear(layer, x))
            return linear(w[-1], x)

    elif name == "cnn":
        kernel = lambda o, c: [draw.uniform(-0.1, 0.1, (o, c, 3, 3)).astype(np.float32), np.zeros(o, np.float32)]
        weights = [kernel(32, 1), kernel(64, 32), dense(3136, 128), dense(128, 10)]
        x = draw.random((examples, 1, 28, 28), dtype=np.float32)

        def stage(w, x):
            x = jax.nn.relu(lax.conv(x, w[0], (1, 1), "SAME") + w[1][:, None, None])
            return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

        def forward(w, x):
            x = stage(w[1], stage(w[0], x)).reshape(x.shape[0], -1)
            return linear(w[3], jax.nn.relu(linear(w[2], x)))

    elif name in ("rnn", "lstm"):
        gates = 128 if name == "rnn" else 512
        weights = [dense(32, gates), dense(128, gates), dense(128, 10)]
        x = draw.random((examples, 64, 32), dtype=np.float32)

        def rnn(h, p, w):
            h = jnp.tanh(p + linear(w, h))
            return h

        def lstm(state, p, w):
            h, c = state
            i, f, g, o = jnp.split(p + linear(w, h), 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c

        def forward(w, x):
            products = jnp.swapaxes(linear(w[0], x), 0, 1)
            zeros = jnp.zeros((x.shape[0], 128))
            if name == "rnn":
                h, _ = lax.scan(lambda h, p: (rnn(h, p, w[1]), None), zeros, products)
            else:
                (h, _), _ = lax.scan(lambda s, p: (lstm(s, p, w[1]), None), (zeros, zeros), products)
            return linear(w[2], h)

    else:
        norm = lambda: [np.ones(128, np.float32), np.zeros(128, np.float32)]
        block = lambda: [norm(), dense(128, 384), dense(128, 128), norm(), dense(128, 512), dense(512, 128)]
        table = lambda rows: (draw.normal(size=(rows, 128)) * 0.05).astype(np.float32)
        weights = [table(65), table(128), [block() for _ in range(4)], norm(), dense(128, 65)]
        x = draw.integers(0, 65, (examples, 128))
        seen = np.tril(np.ones((128, 128), bool))

        def layer_norm(w, x):
            mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
            return (x - mean) * lax.rsqrt(variance + 1e-5) * w[0] + w[1]

        def attend(w, x):
            b, t, d = x.shape
            y = linear(w[1], layer_norm(w[0], x)).reshape(b, t, 3, 4, 32)
            q, k, v = (y[:, :, i].transpose(0, 2, 1, 3) for i in range(3))
            scores = jnp.where(seen, q @ k.swapaxes(-1, -2) * 32**-0.5, -jnp.inf)
            y = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(b, t, d)
            x = x + linear(w[2], y)
            return x + linear(w[5], jax.nn.gelu(linear(w[4], layer_norm(w[3], x)), approximate=False))

        def forward(w, x):
            x = w[0][x] + w[1]
            for layer in w[2]:
                x = attend(layer, x)
            return linear(w[4], layer_norm(w[3], x))

    y = draw.integers(0, classes, (examples, 128) if name == "gpt" else (examples,))
    x, y, weights = jnp.asarray(x), jnp.asarray(y), jax.tree.map(jnp.asarray, weights)
    zeros = jax.tree.map(jnp.zeros_like, weights)

    def loss(w, x, y):
        logs = jax.nn.log_softmax(forward(w, x))
        return -jnp.take_along_axis(logs, y[..., None], -1).mean()

    def step(w, m, v, t, chosen):
        g = jax.grad(loss)(w, x[chosen], y[chosen])
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        move = lambda w, m, v: w - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return jax.tree.map(move, w, m, v), m, v

    step = jax.jit(step, donate_argnums=(0, 1, 2))
    state = {"w": weights, "m": zeros, "v": jax.tree.map(jnp.zeros_like, weights), "t": 0}
    state |= {"order": draw.permutation(examples), "at": 0}

    def turn():
        if state["at"] + batch > examples:
            state["order"], state["at"] = draw.permutation(examples), 0
        chosen = state["order"][state["at"] : state["at"] + batch]
        state["at"] += batch
        state["t"] += 1
        state["w"], state["m"], state["v"] = step(state["w"], state["m"], state["v"], float(state["t"]), chosen)
        jax.block_until_ready(state["w"])

    return measure(turn, count)


def quantile(times, part):
    return sorted(times)[int(part * (len(times) - 1))]


def work(args):
    name, count = args.workloads[0], args.steps or STEPS[args.workloads[0]]
    if args.worker == "jax":
        times = jax_worker(name, count, args.threads)
    else:
        times = torch_worker(name, count, args.threads, args.worker == "compile")
    print(json.dumps({"ms_per_step": {"median": quantile(times, 0.5), "p10": quantile(times, 0.1)}}))


def turn(command):
    """Runs a process; gives its milliseconds a step and the most memory that it held, in MiB, or why there are none."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        process = subprocess.Popen(command, stdout=out, stderr=error, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), error.seek(0)
        lines = out.read().strip().splitlines()
        if process.returncode != 0 or not lines:
            return None, (error.read().strip().splitlines() or ["no reason given"])[-1]
        return (json.loads(lines[-1])["ms_per_step"]["median"], usage.ru_maxrss / 1024), None


def commands(args, name):
    steps = str(args.steps or STEPS[name])
    file = os.path.join(HERE, "workloads", f"{name}.nn")
    found = {"nnrun": [args.nnrun, "bench", file, "--json", "--steps", steps, "--threads", str(args.threads)]}
    worker = [sys.executable, os.path.abspath(__file__), name, "--steps", steps, "--threads", str(args.threads)]
    for other in filter(None, args.others.split(",")):
        found[other] = worker + ["--worker", other]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", help="which; all where none is named")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="steps of a turn; about a second's worth otherwise")
    parser.add_argument("--with", dest="others", default="torch,jax", help="of torch, compile, jax")
    parser.add_argument("--nnrun", default=os.path.join(HERE, "..", "target", "release", "nnrun"))
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(args)
    names = args.workloads or WORKLOADS
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        parser.error(f"no workload {unknown[0]}; there are {', '.join(WORKLOADS)}")
    others = [other for other in args.others.split(",") if other]
    columns = ["nnrun", *others]
    heads = "".join(f"{column:>24}" for column in columns)
    memory = f"{'MiB':>8}" + "".join(f"{other:>9}" for other in others)
    print(f"{'ms a step':10}{heads}{'ratio':>8}{memory}", flush=True)
    missing = {}
    for name in names:
        found = commands(args, name)
        times = {column: [] for column in columns}
        held = {}
        for _ in range(args.rounds):
            for column in columns:
                if (column, None) in missing or (column, name) in missing:
                    continue
                measured, why = turn(found[column])
                if measured is None:
                    missing[(column, None if "No module named" in why else name)] = why
                else:
                    times[column].append(measured[0])
                    held[column] = max(held.get(column, 0), measured[1])
        if not times["nnrun"]:
            sys.exit(f"nnrun bench failed: {missing[('nnrun', name)]}")

        def cell(column):
            own = times[column]
            if not own:
                return f"{'–':>24}"
            spread = f"{min(own):.3g}–{max(own):.3g}"
            return f"{statistics.median(own):>9.3g} {spread:>14}"

        best = min((statistics.median(times[o]) for o in others if times[o]), default=None)
        ratio = f"{best / statistics.median(times['nnrun']):>8.2f}" if best else f"{'–':>8}"
        memory = [f"{held[c]:.0f}" if c in held else "–" for c in columns]
        memory = f"{memory[0]:>8}" + "".join(f"{m:>9}" for m in memory[1:])
        print(f"{name:10}" + "".join(cell(c) for c in columns) + ratio + memory, flush=True)
    for (column, name), why in missing.items():
        print(f"{column}{f' on {name}' if name else ''} is left out: {why}")


if __name__ == "__main__":
    main()
