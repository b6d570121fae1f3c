"""Draws the folder `shapes`: circles, squares and triangles of 24 × 24 grey pixels, a folder a class.

    python make_shapes.py

Everything is drawn here from a seed, with the standard library alone; nothing is taken from anywhere.
"""

import math
import random
import struct
import zlib
from pathlib import Path

SIDE, EACH = 24, 40
OUT = Path(__file__).parent / "shapes"


def inside(kind, x, y, size, angle):
    """Whether a point is in a shape of this size around the origin, turned by an angle."""
    x, y = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    if kind == "circle":
        return x * x + y * y < size * size
    if kind == "square":
        return max(abs(x), abs(y)) < 0.886 * size
    corners = [math.radians(90 + 120 * k) for k in range(3)]
    return all(x * math.cos(a) + y * math.sin(a) < 0.78 * size for a in corners)


def draw(kind, rng):
    size, angle = rng.uniform(4.5, 8), rng.uniform(0, 2 * math.pi)
    cx, cy = rng.uniform(9, 15), rng.uniform(9, 15)
    back, ink = rng.uniform(0, 90), rng.uniform(130, 255)
    rows = []
    for i in range(SIDE):
        row = []
        for j in range(SIDE):
            # Sixteen points a pixel make smooth edges.
            points = [(j + (a + 0.5) / 4, i + (b + 0.5) / 4) for a in range(4) for b in range(4)]
            share = sum(inside(kind, x - cx, y - cy, size, angle) for x, y in points) / 16
            shade = back + share * (ink - back) + rng.gauss(0, 14)
            row.append(max(0, min(255, round(shade / 8) * 8)))
        rows.append(bytes(row))
    return rows


def png(rows):
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


rng = random.Random(1)
for kind in ["circle", "square", "triangle"]:
    (OUT / kind).mkdir(parents=True, exist_ok=True)
    for number in range(EACH):
        (OUT / kind / f"{number:02}.png").write_bytes(png(draw(kind, rng)))
