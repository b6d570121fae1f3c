"""Makes the steps that Muon is compared with: torch.optim.Muon for matrices, torch.optim.AdamW for the rest.

    pip install torch
    python tests/reference/make_muon.py

Writes `muon.json`: a case is the arguments, a shape, the weight before, the gradient of each step and the weight after
it. torch rounds to bfloat16 within its iteration; here it does not, so that the numbers can be compared to the last
digits.
"""

import json
import pathlib

import torch

OUT = pathlib.Path(__file__).parent / "muon.json"
torch.set_default_dtype(torch.float64)
random = torch.Generator().manual_seed(2)
torch.bfloat16 = torch.float64
KINDS = {"adjust": "adjust_lr_fn"}


def case(shape, **args):
    weight = torch.randn(shape, generator=random)
    entry = {"args": args, "shape": list(shape), "weight": weight.flatten().tolist(), "gradients": [], "after": []}
    parameter = torch.nn.Parameter(weight.clone())
    options = {KINDS.get(name, name): value for name, value in args.items()}
    rest = options.pop("adam_lr", None)
    if len(shape) == 2:
        optimizer = torch.optim.Muon([parameter], **options)
    else:
        lr = options.get("lr", 1e-3) if rest is None else rest
        optimizer = torch.optim.AdamW([parameter], lr=lr, weight_decay=options.get("weight_decay", 0.1))
    for _ in range(3):
        parameter.grad = torch.randn(shape, generator=random)
        entry["gradients"].append(parameter.grad.flatten().tolist())
        optimizer.step()
        entry["after"].append(parameter.detach().flatten().tolist())
    return entry


def main():
    cases = [
        case((3, 5)),
        case((5, 3), lr=0.02),
        case((4, 4), lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.0),
        case((1, 7), lr=0.05, adjust="match_rms_adamw"),
        case((7, 2), lr=0.05, ns_steps=3, adjust="match_rms_adamw"),
        case((6,), lr=0.02, adam_lr=1e-3),
        case((5,), lr=0.01, weight_decay=0.0),
        case((2, 3, 2), lr=0.01),
    ]
    lines = ",\n".join(json.dumps(c) for c in cases)
    OUT.write_text('{"versions": {"torch": "%s"}, "cases": [\n%s\n]}\n' % (torch.__version__.split("+")[0], lines))


if __name__ == "__main__":
    main()
