#!/usr/bin/env python3
"""Counts the instructions of a training step of each workload, and compares them with the figures that are committed.

    cargo build --release
    python3 benches/instructions.py            # fails where a step takes 5 % more than benches/instructions.json says
    python3 benches/instructions.py --update   # writes down what it takes now

Instructions, unlike times, are the same on a busy machine. They are those of one thread under valgrind, which shows
programs a processor with AVX2 whatever the machine has; a processor without AVX2 or another architecture gives other
counts, and is refused. The workloads are made small, so that all of it takes a few minutes. Two runs of different length
are counted, and the difference is what the steps took.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FIGURES = os.path.join(HERE, "instructions.json")
# What makes the workloads small: valgrind takes a fused multiply-add apart in software.
SIZES = {
    "tiny": ["--batch", "16"],
    "mlp": ["--batch", "8"],
    "cnn": ["--batch", "2"],
    "rnn": ["--batch", "4"],
    "lstm": ["--batch", "2"],
    "gpt": ["--batch", "1", "--set", "width=32"],
}
# Of the two runs; enough that what else the process does, which is not always the same, does not count.
STEPS = {"tiny": (50, 850)}
FEW_STEPS = (2, 6)
TOLERANCE = 0.05


def count(nnrun, name, steps, folder):
    """The instructions of a whole run."""
    file = os.path.join(HERE, "workloads", f"{name}.nn")
    bench = [nnrun, "bench", file, "--json", "--threads", "1", "--steps", str(steps), *SIZES[name]]
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.path.join(folder, 'out')}"]
    environment = dict(os.environ, XDG_CACHE_HOME=folder)
    ended = subprocess.run(valgrind + bench, capture_output=True, text=True, env=environment)
    found = re.search(r"Collected : (\d+)", ended.stderr)
    if ended.returncode != 0 or not found:
        sys.exit(f"{name}: {ended.stderr.strip()[-2000:]}")
    return int(found.group(1))


def has_avx2():
    try:
        with open("/proc/cpuinfo") as info:
            return platform.machine() == "x86_64" and " avx2 " in info.read()
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", help="which; all where none is named")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--nnrun", default=os.path.join(HERE, "..", "target", "release", "nnrun"))
    args = parser.parse_args()
    if not shutil.which("valgrind") or not has_avx2():
        print("SKIPPED: instructions are not counted; that needs valgrind and a processor with AVX2")
        return
    with open(FIGURES) as file:
        figures = json.load(file)
    slower = []
    for name in args.workloads or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            # What is known of the data is found out once, and found by both runs.
            check = [args.nnrun, "check", os.path.join(HERE, "workloads", f"{name}.nn")]
            subprocess.run(check, check=True, capture_output=True, env=dict(os.environ, XDG_CACHE_HOME=folder))
            steps = STEPS.get(name, FEW_STEPS)
            few, many = (count(args.nnrun, name, n, folder) for n in steps)
        now = (many - few) / (steps[1] - steps[0])
        before = figures.get(name)
        change = f"{100 * (now / before - 1):+.1f} %" if before else "new"
        print(f"{name:6}{now / 1e6:12.3f} million instructions a step  {change}", flush=True)
        if before and now > before * (1 + TOLERANCE):
            slower.append(name)
        figures[name] = round(now)
    if args.update:
        with open(FIGURES, "w") as file:
            file.write(json.dumps(figures, indent=2) + "\n")
    elif slower:
        sys.exit(f"slower than benches/instructions.json by more than 5 %: {', '.join(slower)}; --update if it is meant")


if __name__ == "__main__":
    main()
