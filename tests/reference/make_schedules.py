"""Makes the rates that schedules are compared with: those of torch.optim.lr_scheduler.

    pip install torch
    python tests/reference/make_schedules.py

Writes `schedules.json`: a case is a schedule as a program says it, the optimizer's `lr`, and the rate of every step; where
the schedule watches the loss, also the loss after each epoch. An epoch is 5 steps.

torch's schedulers are called as their pages say: after each step, or after each epoch those that count epochs. Where the
language says the same thing in other words, torch is driven so that it does the same:

- `warmup(n, from: a)` is a + (lr - a) (k + 1) / n, a line that is at lr in its last step: LinearLR over n - 1 steps from
  a + (lr - a) / n. One that falls to lr has that beginning as the optimizer's rate, and LinearLR stays at its end.
- `linear` that rises is LinearLR with the end as the optimizer's rate, for a factor of torch is at most 1.
- `polynomial(to: b)` is PolynomialLR of lr - b, with b added: torch's ends at 0.
- `cyclic` with a factor is CyclicLR with a scale_fn by cycle; its own modes know 1 and 1/2.
- `one_cycle(peak, to)` is OneCycleLR with div_factor = peak / lr and final_div_factor = lr / to.
- `plateau` is ReduceLROnPlateau with eps=0: by default that leaves out a fall of less than 1e-8. Of a negative loss, torch
  takes a share of the best away upwards, so that a worse one is better; the language never does, which is compared where
  the share is 0.
- `then` is SequentialLR, whose milestones are where the parts begin; behind a plateau, which SequentialLR does not take,
  one scheduler after the other by hand. Restarts of a cosine are CosineAnnealingWarmRestarts.
- `inverse_sqrt` torch has none of: LambdaLR with the formula of "Attention Is All You Need" as it stands there, with the
  width of the model that makes its highest rate lr.
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler as schedulers

OUT = pathlib.Path(__file__).parent / "schedules.json"
PER_EPOCH = 5


def optimizer(lr):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


def rates(make, lr=0.1, steps=20, by_epoch=False):
    """The rate of each step."""
    of = optimizer(lr)
    scheduler = make(of)
    found = []
    for k in range(steps):
        found.append(of.param_groups[0]["lr"])
        of.step()
        if k + 1 < steps and (not by_epoch or (k + 1) % PER_EPOCH == 0):
            scheduler.step()
    return found


def case(text, make, lr=0.1, steps=20, by_epoch=False, driven_lr=None, add=0.0):
    found = rates(make, driven_lr or lr, steps, by_epoch)
    return {"schedule": text, "lr": lr, "rates": [rate + add for rate in found]}


def chain(*parts):
    """Parts with their lengths; the last has none."""

    def make(of):
        ends = [sum(length for length, _ in parts[: i + 1]) for i in range(len(parts) - 1)]
        return schedulers.SequentialLR(of, [part(of) for _, part in parts], milestones=ends)

    return make


# ---- parts that chains are made of ----


def constant():
    return lambda of: schedulers.ConstantLR(of, factor=1, total_iters=0)


def warmup(n, lr=0.1, start=0.0):
    return lambda of: schedulers.LinearLR(of, (start + (lr - start) / n) / lr, 1, n - 1)


def linear(n, to, lr=0.1):
    return lambda of: schedulers.LinearLR(of, 1, to / lr, n)


def cosine(n, to=0.0):
    return lambda of: schedulers.CosineAnnealingLR(of, n, to)


def restarts(first, times=1, to=0.0):
    return lambda of: schedulers.CosineAnnealingWarmRestarts(of, first, times, to)


def step(every, factor=0.1):
    return lambda of: schedulers.StepLR(of, every, factor)


def multistep(milestones, factor=0.1):
    return lambda of: schedulers.MultiStepLR(of, milestones, factor)


def exponential(factor):
    return lambda of: schedulers.ExponentialLR(of, factor)


def polynomial(n, power=1.0):
    return lambda of: schedulers.PolynomialLR(of, n, power)


def cyclic(peak, up, down=None, factor=None, lr=0.1):
    scale = {} if factor is None else {"scale_fn": lambda cycle: factor ** (cycle - 1), "scale_mode": "cycle"}
    return lambda of: schedulers.CyclicLR(
        of, base_lr=lr, max_lr=peak, step_size_up=up, step_size_down=down, cycle_momentum=False, **scale
    )


def triangular2(peak, up, lr=0.1):
    return lambda of: schedulers.CyclicLR(
        of, base_lr=lr, max_lr=peak, step_size_up=up, mode="triangular2", cycle_momentum=False
    )


def one_cycle(peak, n=20, lr=0.1, rise=0.3, to=None):
    end = 1e4 if to is None else lr / to
    return lambda of: schedulers.OneCycleLR(
        of, peak, total_steps=n, pct_start=rise, div_factor=peak / lr, final_div_factor=end, cycle_momentum=False
    )


def attention(n, lr=0.1):
    def factor(k):
        width = 1 / (lr * lr * n)
        return width**-0.5 * min((k + 1) ** -0.5, (k + 1) * n**-1.5) / lr

    return lambda of: schedulers.LambdaLR(of, factor)


def plateau(text, losses, lr=0.1, before=None, length=0, **more):
    """The rate of each step, the loss being known behind each epoch; `before` goes in front, so many steps long."""
    of = optimizer(lr)
    first = before(of) if before else None
    watching = None
    found = []
    for epoch, loss in enumerate(losses):
        for k in range(epoch * PER_EPOCH, (epoch + 1) * PER_EPOCH):
            if k == length:
                of.param_groups[0]["lr"] = lr
                watching = schedulers.ReduceLROnPlateau(of, eps=0, **more)
            found.append(of.param_groups[0]["lr"])
            of.step()
            if first and k + 1 < length:
                first.step()
        if watching:
            watching.step(loss)
    return {"schedule": text, "lr": lr, "losses": losses, "rates": found}


def main():
    epochs = {"by_epoch": True}
    stalled = [1.0, 0.9, 0.95, 0.9, 0.91, 0.92, 0.89, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.88, 0.9, 0.9, 0.9, 0.9, 0.9]
    slow = [1 - 0.00001 * i for i in range(20)]
    below = [-1 - 0.001 * i for i in range(10)] + [-1.2] * 10
    patient = [2.0, 1.9] + [1.9] * 30
    cases = [
        case("constant", constant()),
        # ---- by factors ----
        case("step(every: 1)", step(1), **epochs),
        case("step(every: 2 epochs, factor: 0.5)", step(2, 0.5), steps=43, **epochs),
        case("step(every: 3 steps, factor: 0.9)", step(3, 0.9)),
        case("step(every: 4 steps, factor: 1.5)", step(4, 1.5), lr=3e-4),
        case("multistep([1, 3], factor: 0.5)", multistep([1, 3], 0.5), **epochs),
        case("multistep([2, 3, 7])", multistep([2, 3, 7]), steps=50, **epochs),
        case("multistep([1, 3], factor: 0.5, unit: steps)", multistep([1, 3], 0.5)),
        case("multistep([5, 12, 13], factor: 0.3, unit: steps)", multistep([5, 12, 13], 0.3), lr=2e-3),
        case("exponential(0.9)", exponential(0.9), steps=60, **epochs),
        case("exponential(0.95, every: 1 steps)", exponential(0.95), steps=100),
        case("exponential(1.1, every: 1 steps)", exponential(1.1), lr=1e-5, steps=50),
        # ---- to an end ----
        case("linear", linear(20, 0)),
        case("linear(to: 0.02)", linear(20, 0.02)),
        case("linear(to: 1e-5)", linear(333, 1e-5, lr=3e-3), lr=3e-3, steps=333),
        case("linear(to: 0.4)", lambda of: schedulers.LinearLR(of, 0.25, 1, 20), driven_lr=0.4),
        case("linear(to: 0.01, over: 12 steps)", linear(12, 0.01)),
        case("polynomial", polynomial(20)),
        case("polynomial(power: 2)", polynomial(20, 2)),
        case("polynomial(power: 0.5)", polynomial(50, 0.5), lr=1e-3, steps=50),
        case("polynomial(power: 3, over: 15 steps)", polynomial(15, 3)),
        case("polynomial(power: 2, to: 0.01)", polynomial(20, 2), driven_lr=0.1 - 0.01, add=0.01),
        case("cosine", cosine(20)),
        case("cosine(to: 0.01)", cosine(20, 0.01)),
        case("cosine(to: 1e-6)", cosine(777, 1e-6), lr=5e-4, steps=777),
        case("cosine(to: 0.3)", cosine(20, 0.3)),
        # ---- up and down ----
        case("cyclic(peak: 0.5, up: 3 steps)", cyclic(0.5, 3)),
        case("cyclic(peak: 0.5, up: 2 steps, down: 4 steps)", cyclic(0.5, 2, 4)),
        case("cyclic(peak: 0.5, up: 7 steps, down: 1 steps)", cyclic(0.5, 7, 1), steps=50),
        case("cyclic(peak: 0.01, up: 1 epochs)", cyclic(0.01, 5, lr=1e-4), lr=1e-4, steps=60),
        case("cyclic(peak: 0.5, up: 3 steps, factor: 0.5)", triangular2(0.5, 3)),
        case("cyclic(peak: 0.5, up: 3 steps, factor: 0.8)", cyclic(0.5, 3, factor=0.8), steps=60),
        case("cyclic(peak: 0.5, up: 4 steps, down: 3 steps, factor: 1.2)", cyclic(0.5, 4, 3, 1.2), steps=60),
        case("cyclic(peak: 0.05, up: 4 steps)", cyclic(0.05, 4)),
        case("one_cycle(peak: 0.5)", one_cycle(0.5)),
        case("one_cycle(peak: 0.5, rise: 0.5, to: 0.01)", one_cycle(0.5, rise=0.5, to=0.01)),
        case("one_cycle(peak: 0.03)", one_cycle(0.03, 101, 1.2e-3), lr=1.2e-3, steps=101),
        case("one_cycle(peak: 0.2, rise: 0.25, to: 1e-8)", one_cycle(0.2, 64, rise=0.25, to=1e-8), steps=64),
        case("one_cycle(peak: 0.2, rise: 0.93)", one_cycle(0.2, 33, rise=0.93), steps=33),
        case("one_cycle(peak: 0.2, rise: 1)", one_cycle(0.2, rise=1.0)),
        # ---- by the root ----
        case("inverse_sqrt", attention(1)),
        case("inverse_sqrt(warmup: 4 steps)", attention(4), steps=50),
        case("inverse_sqrt(warmup: 2 epochs)", attention(10, lr=5e-4), lr=5e-4, steps=200),
        # ---- in chains ----
        case("warmup(5 steps) then constant", chain((5, warmup(5)), (0, constant()))),
        case("warmup(2 epochs, from: 0.02) then constant", chain((10, warmup(10, start=0.02)), (0, constant()))),
        case("warmup(5 steps, from: 0.3) then constant", lambda of: schedulers.LinearLR(of, 1, 0.1 / 0.26, 4),
             driven_lr=0.26),
        case("warmup(5 steps) then cosine(to: 1e-3)", chain((5, warmup(5)), (0, cosine(15, 1e-3)))),
        case("warmup(1 epochs, from: 1e-5) then linear", chain((5, warmup(5, 1e-2, 1e-5)), (0, linear(45, 0, 1e-2))),
             lr=1e-2, steps=50),
        case("warmup(3 steps) then exponential(0.9, every: 1 steps)", chain((3, warmup(3)), (0, exponential(0.9)))),
        case("warmup(3 steps) then step(every: 4 steps, factor: 0.5)", chain((3, warmup(3)), (0, step(4, 0.5)))),
        case("warmup(3 steps) then multistep([4, 9], unit: steps)", chain((3, warmup(3)), (0, multistep([4, 9])))),
        case("warmup(4 steps) then polynomial(power: 2)", chain((4, warmup(4)), (0, polynomial(16, 2)))),
        case("constant(over: 6 steps) then cosine(over: 10 steps) then constant",
             chain((6, constant()), (10, cosine(10)), (0, constant()))),
        case("warmup(5 steps) then constant(over: 10 steps) then cosine(to: 0.01, over: 20 steps) then "
             "linear(to: 0.05, over: 10 steps) then exponential(0.9, every: 1 steps)",
             chain((5, warmup(5)), (10, constant()), (20, cosine(20, 0.01)), (10, linear(10, 0.05)),
                   (0, exponential(0.9))), steps=60),
        case("cosine(over: 5 steps) then cosine(over: 5 steps) then cosine(over: 5 steps) then cosine(over: 5 steps)",
             restarts(5)),
        case("cosine(to: 0.01, over: 1 epochs) then cosine(to: 0.01, over: 2 epochs) then cosine(to: 0.01)",
             restarts(5, 2, 0.01), steps=35),
        # ---- by the loss ----
        plateau("plateau(factor: 0.5, patience: 2 epochs)", stalled, factor=0.5, patience=2),
        plateau("plateau(patience: 0 epochs, to: 1e-3)", stalled, factor=0.1, patience=0, min_lr=1e-3),
        plateau("plateau(factor: 0.3, patience: 3 epochs, threshold: 0.05)", stalled,
                factor=0.3, patience=3, threshold=0.05),
        plateau("plateau(patience: 4 epochs)", slow, factor=0.1, patience=4),
        plateau("plateau", patient),
        plateau("plateau(factor: 0.7, patience: 1 epochs, threshold: 0)", below, factor=0.7, patience=1, threshold=0),
        plateau("warmup(10 steps) then plateau(factor: 0.5, patience: 1 epochs)", stalled,
                before=warmup(10), length=10, factor=0.5, patience=1),
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    OUT.write_text('{"versions": {"torch": "%s"}, "cases": [\n%s\n]}\n' % (torch.__version__.split("+")[0], lines))
    print(f"{len(cases)} cases, {sum(len(case['rates']) for case in cases)} rates")


if __name__ == "__main__":
    main()
