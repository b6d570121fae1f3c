"""Makes the rates that schedules are compared with: those of torch.optim.lr_scheduler.

    pip install torch
    python tests/reference/make_schedules.py

Writes `schedules.json`: a case is the name of a schedule, its arguments (durations in steps), `lr`, `steps`,
`steps_per_epoch`, and the rate of every step. An epoch is 5 steps; torch's schedulers are called as their pages say:
after each step, or after each epoch those that count epochs. Under `plateau`: the loss after each epoch, and the rate
during it.
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler

OUT = pathlib.Path(__file__).parent / "schedules.json"
STEPS, PER_EPOCH, LR = 20, 5, 0.1


def rates(make, lr=LR, by_epoch=False):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer)
    found = []
    for k in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if k + 1 < STEPS and (not by_epoch or (k + 1) % PER_EPOCH == 0):
            scheduler.step()
    return found


def cycle(**more):
    return lambda o: lr_scheduler.CyclicLR(o, base_lr=LR, max_lr=0.5, cycle_momentum=False, **more)


def one_cycle(**more):
    return lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=STEPS, div_factor=5, cycle_momentum=False, **more)


def plateau(losses, to=0.0, **more):
    """The rate of each epoch, whose loss is known at its end; patience in epochs."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=to, **more)
    found = []
    for loss in losses:
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(loss)
    return {"args": {"threshold": 1e-4, "to": to} | more, "losses": losses, "rates": found}


def main():
    multistep = lambda o: lr_scheduler.MultiStepLR(o, [1, 3], gamma=0.5)
    cases = [
        ("multistep", {"milestones": [1, 3], "factor": 0.5, "unit": "epochs"}, rates(multistep, by_epoch=True)),
        ("multistep", {"milestones": [1, 3], "factor": 0.5, "unit": "steps"}, rates(multistep)),
        ("polynomial", {"power": 2, "to": 0}, rates(lambda o: lr_scheduler.PolynomialLR(o, STEPS, power=2))),
        ("polynomial", {"to": 0}, rates(lambda o: lr_scheduler.PolynomialLR(o, STEPS))),
        ("cyclic", {"peak": 0.5, "up": 3}, rates(cycle(step_size_up=3))),
        ("cyclic", {"peak": 0.5, "up": 2, "down": 4}, rates(cycle(step_size_up=2, step_size_down=4))),
        ("cyclic", {"peak": 0.5, "up": 3, "factor": 0.5}, rates(cycle(step_size_up=3, mode="triangular2"))),
        ("one_cycle", {"peak": 0.5}, rates(one_cycle())),
        ("one_cycle", {"peak": 0.5, "rise": 0.5, "to": 0.01}, rates(one_cycle(pct_start=0.5, final_div_factor=10))),
    ]
    lines = [
        json.dumps({"schedule": name, "args": args, "lr": LR, "steps_per_epoch": PER_EPOCH, "rates": values})
        for name, args, values in cases
    ]
    stalled = [1.0, 0.9, 0.95, 0.9, 0.91, 0.92, 0.89, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.88, 0.9, 0.9, 0.9, 0.9, 0.9]
    slow = [1 - 0.00001 * i for i in range(20)]
    plateaus = [
        plateau(stalled, factor=0.5, patience=2),
        plateau(stalled, factor=0.1, patience=0, to=1e-3),
        plateau(stalled, factor=0.3, patience=3, threshold=0.05),
        plateau(slow, factor=0.1, patience=4),
    ]
    lines[-1] += "\n], \"plateau\": [\n" + ",\n".join(json.dumps(case) for case in plateaus)
    OUT.write_text('{"versions": {"torch": "%s"}, "cases": [\n%s\n]}\n' % (torch.__version__.split("+")[0], ",\n".join(lines)))


if __name__ == "__main__":
    main()
