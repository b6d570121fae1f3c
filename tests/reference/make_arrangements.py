"""Makes the numbers that functions of patterns and of order are compared with: einsum, rearrange, topk, flip, roll.

    pip install torch numpy einops
    python tests/reference/make_arrangements.py

Writes `catalog/arrangements.json`, in the form that `make_catalog.py` describes.
"""

import json

import einops
import make_catalog
import torch
from make_catalog import OUT, case, families, floats

make_catalog.random = torch.Generator().manual_seed(23)


def one(name, program, function, shape=(2, 3), **bounds):
    case("arrangements", name, program, function, {"x": floats(*shape, **bounds)})


def einsum(name, pattern, batched, *shapes):
    operands = dict(zip("abcd", (floats(*shape) for shape in shapes)))
    program = f'einsum("{pattern}", {", ".join(operands)})'
    case("arrangements", name, program, lambda *xs: torch.einsum(batched, *xs), operands)


def arrangements():
    einsum("einsum of a product", "td,de->te", "ntd,nde->nte", (2, 3), (3, 5))
    einsum("einsum with spaces", "t d, e d -> e t", "ntd,ned->net", (3, 2), (5, 2))
    einsum("einsum outer", "i,j->ij", "ni,nj->nij", (3,), (5,))
    einsum("einsum inner", "i,i->", "ni,ni->n", (7,), (7,))
    einsum("einsum by number", "ij,ij->ij", "nij,nij->nij", (3, 2), (3, 2))
    einsum("einsum of heads", "hqd,hkd->hqk", "zhqd,zhkd->zhqk", (2, 3, 5), (2, 1, 5))
    einsum("einsum of heads in the middle", "qhd,khd->hqk", "zqhd,zkhd->zhqk", (3, 2, 5), (1, 2, 5))
    einsum("einsum transpose", "ij->ji", "nij->nji", (3, 5))
    einsum("einsum sum", "ijk->j", "nijk->nj", (2, 3, 2))
    einsum("einsum trace", "ii->", "nii->n", (3, 3))
    einsum("einsum diagonal", "iji->ji", "niji->nji", (3, 2, 3))
    einsum("einsum without a result", "ba,b", "nba,nb->na", (3, 2), (3,))
    einsum("einsum of sums", "ij,jk->", "nij,njk->n", (2, 3), (3, 2))
    einsum("einsum of two sums", "abc,bcd->ad", "nabc,nbcd->nad", (2, 3, 1), (3, 1, 2))
    einsum("einsum of three", "i,ij,j->", "ni,nij,nj->n", (2,), (2, 3), (3,))
    einsum("einsum of three to a matrix", "ia,jb,ab->ij", "nia,njb,nab->nij", (3, 2), (2, 3), (2, 3))
    einsum("einsum of four", "a,b,c,abc->cb", "na,nb,nc,nabc->ncb", (2,), (3,), (2,), (2, 3, 2))
    w = floats(3, 2, batch=False)
    case(
        "arrangements",
        "einsum with a weight",
        'einsum("td,de->et", x, w)',
        lambda x: torch.einsum("ntd,de->net", x, w),
        {"x": floats(2, 3)},
        weights={"w": w},
        declares={"w": "[3, 2]"},
    )
    one("einsum in a pipe", 'x |> einsum("td->dt")', lambda x: x.transpose(1, 2))

    def rearrange(name, pattern, batched, shape, **sizes):
        given = "".join(f", {axis}: {size}" for axis, size in sizes.items())
        one(name, f'x |> rearrange("{pattern}"{given})', lambda x: einops.rearrange(x, batched, **sizes), shape=shape)

    rearrange("rearrange", "a b -> b a", "n a b -> n b a", (2, 3))
    rearrange("rearrange heads", "t (h d) -> h t d", "n t (h d) -> n h t d", (3, 6), h=3)
    rearrange("rearrange heads by width", "t (h d) -> h t d", "n t (h d) -> n h t d", (3, 6), d=3)
    rearrange("rearrange back", "h t d -> t (h d)", "n h t d -> n t (h d)", (2, 3, 2))
    rearrange(
        "rearrange patches", "c (h p) (w q) -> (h w) (p q c)", "n c (h p) (w q) -> n (h w) (p q c)", (2, 2, 6), p=2, q=3
    )
    rearrange("rearrange to one", "a b c -> (c b a)", "n a b c -> n (c b a)", (2, 3, 2))
    rearrange("rearrange with ones", "a 1 b -> b 1 a ()", "n a 1 b -> n b 1 a ()", (3, 1, 2))

    one("topk values", "topk(x, 3)[0]", lambda x: x.topk(3).values, shape=(7,))
    one("topk positions", "topk(x, 3)[1]", lambda x: x.topk(3).indices, shape=(7,))
    one("topk first axis", "topk(x, 2, axis: 0)[0]", lambda x: x.topk(2, dim=1).values, shape=(5, 3))
    one("topk middle axis", "topk(x, 3, axis: 1)[0]", lambda x: x.topk(3, dim=2).values, shape=(2, 5, 3))
    one("topk of all", "topk(x, 3)[0]", lambda x: x.topk(3).values, shape=(3,))
    one("flip", "x |> flip(axis: 0)", lambda x: x.flip(1), shape=(5,))
    one("flip last axis", "x |> flip(axis: -1)", lambda x: x.flip(-1))
    one("flip two axes", "x |> flip(axis: [0, 2])", lambda x: x.flip((1, 3)), shape=(2, 3, 3))
    one("roll", "x |> roll(2, axis: 0)", lambda x: x.roll(2, 1), shape=(5,))
    one("roll back", "x |> roll(-1, axis: -1)", lambda x: x.roll(-1, -1), shape=(3, 5))
    one("roll far", "x |> roll(-8, axis: 0)", lambda x: x.roll(-8, 1), shape=(3, 2))
    one("roll all", "x |> roll(4)", lambda x: x.flatten(1).roll(4, 1).reshape(x.shape), shape=(2, 3))


def main():
    arrangements()
    cases = families["arrangements"]
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    versions = {"torch": torch.__version__.split("+")[0], "einops": einops.__version__}
    about = {"about": "einsum, rearrange, topk, flip, roll", "versions": versions}
    path = OUT / "arrangements.json"
    path.write_text(f'{json.dumps(about)[:-1]}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
