"""Makes `reversals.csv`: rows of eight random digits, behind a column `start` that is always 10.

    python make_reversals.py
"""

import csv
import pathlib
import random

ROWS, DIGITS = 2000, 8

draw = random.Random(7)
with open(pathlib.Path(__file__).with_name("reversals.csv"), "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["start", *(f"s{i}" for i in range(DIGITS))])
    for _ in range(ROWS):
        writer.writerow([10, *(draw.randrange(10) for _ in range(DIGITS))])
