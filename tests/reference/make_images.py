"""Makes images.json: images resized and rotated by PyTorch, for the tests of image folders and augmentation.

    python tests/reference/make_images.py

torch.nn.functional.interpolate with antialias=True is what torchvision's Resize does to tensors (and Pillow to images);
affine_grid and grid_sample with align_corners=False are what torchvision's rotate does.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F


def numbers(tensor):
    return [round(x, 5) for x in tensor.flatten().tolist()]


def main():
    generator = torch.Generator().manual_seed(1)
    resize = []
    for (height, width), size in [((5, 7), (3, 4)), ((8, 8), (4, 4)), ((4, 3), (9, 5)), ((11, 6), (2, 9)), ((6, 6), (6, 6))]:
        image = torch.randint(0, 256, (1, 3, height, width), generator=generator).float()
        out = F.interpolate(image, size=size, mode="bilinear", antialias=True, align_corners=False)
        resize.append({"from": [height, width], "to": list(size), "in": numbers(image), "out": numbers(out)})
    rotate = []
    for (height, width), degrees in [((5, 5), 30.0), ((4, 6), -77.0), ((7, 5), 90.0), ((6, 5), 180.0), ((3, 8), 12.5)]:
        image = torch.rand((1, 1, height, width), generator=generator)
        angle = math.radians(degrees)
        # Counter-clockwise by the angle, in pixels, as torchvision's rotate scales it.
        cos, sin = math.cos(angle), math.sin(angle)
        theta = torch.tensor([[[cos, -sin * height / width, 0.0], [sin * width / height, cos, 0.0]]])
        grid = F.affine_grid(theta, [1, 1, height, width], align_corners=False)
        case = {"size": [height, width], "degrees": degrees, "in": numbers(image)}
        for mode in ["nearest", "bilinear"]:
            case[mode] = numbers(F.grid_sample(image, grid, mode=mode, padding_mode="zeros", align_corners=False))
        rotate.append(case)
    path = Path(__file__).parent / "images.json"
    lines = [f'"{key}": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]" for key, cases in [("resize", resize), ("rotate", rotate)]]
    path.write_text("{" + ",\n".join(lines) + "}\n")


main()
