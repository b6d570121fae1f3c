"""The server under test, a workspace for it, and places in texts as the protocol counts them."""

import os
import pathlib
import shutil
import sys

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

# ---- the programs ----

CNN = """\
## Handwritten digits.
data digits {
  field image = idx("data/images/digits8x8-1797-images-idx3-ubyte.gz") / 16 |> reshape([1, 8, 8])
  field label = idx("data/images/digits8x8-1797-labels-idx1-ubyte.gz") |> classes(10)
  split: random(train: 80%, test: 20%, seed: 3)
}

hyper width = 16

## Two convolutions and a pool.
block Unit(channels)(x: [C, H, W]) -> [channels, H/2, W/2] {
  x |> Conv2d(channels, kernel: 3, padding: same) |> relu |> MaxPool2d(2)
}

model Digits(image: digits.image) -> logits: [digits.label.classes] {
  let features = image |> Unit(width) |> Unit(2 * width)
  features |> Flatten |> Dense(32) |> relu |> Dense(digits.label.classes)
}

train Digits on digits {
  loss:      cross_entropy(logits, label)
  optimizer: Adam(lr: 1e-3)
  epochs:    2
  batch:     64
  metrics:   [accuracy]
  seed:      1
}
"""

WRONG = """\
data iris {
  let t         = csv("data/tabular/iris.csv")
  field x       = t[sepal_length_cm .. petal_width_cm] |> standardize
  field species = t.species |> classes
  split: random(train: 60%, test: 40%, seed: 7)
}

model Net(x: [4]) -> logits: [iris.species.classes] {
  x |> Dense(64) |> residual { Dense(32) |> relu } |> Linear(16) |> tanh |> Dense(iris.species.classes)
}

train Net on iris {
  loss:      cross_entropy(logits, species)
  optimizer: Adam(learning_rate: 1e-3)
  epochs:    2
  batch:     16
}
"""

CLEAN = WRONG.replace("Linear(16)", "Dense(16)").replace("learning_rate", "lr").replace("Dense(32) |> relu", "Dense(64) |> relu")

# Characters of one, two and three bytes, of two UTF-16 units (𝔸), and one that is written with two (é).
NON_ASCII = """\
# Größe 模型 𝔸 e\u0301 👩‍🔬
data werte {
  let t       = rows([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], columns: [a, b, y])  # 模
  field größe = t[a, b]
  field y     = t.y
}

model Größe(größe: [2]) -> 出力: float {
  größe |> Dense(8) |> tanh |> Dense(1) |> squeeze  # 𝔸
}

train Größe on werte {
  loss:      bce_with_logits(出力, y)  # "𝔸" |> Linear
  optimizer: Adam(lr: 0.05)
  epochs:    3
  batch:     4
}
"""

LIBRARY = """\
## Shared by others.
block Head(units)(x: [D]) -> [units] {
  x |> Dense(units) |> relu
}
"""

USER = """\
import "library.nn"

model One(x: [4]) -> [2] {
  x |> Head(8) |> Head(2)
}
"""

FILES = {
    "cnn.nn": CNN,
    "wrong.nn": WRONG,
    "clean.nn": CLEAN,
    "empty.nn": "",
    "non_ascii.nn": NON_ASCII,
    "library.nn": LIBRARY,
    "user.nn": USER,
}


class Workspace:
    """A folder of programs, with their data beside them."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        for name, text in FILES.items():
            (root / name).write_text(text, encoding="utf-8")
        shutil.copytree(REPOSITORY / "examples" / "data" / "tabular", root / "data" / "tabular")
        (root / "data" / "images").mkdir()
        for file in (REPOSITORY / "examples" / "data" / "images").glob("digits8x8*"):
            shutil.copy(file, root / "data" / "images")

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def document(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(uri=self.uri(name))


def position_of(text: str, needle: str, occurrence: int = 1, after: bool = False) -> types.Position:
    """Where `needle` begins (or ends), in lines and UTF-16 units."""
    at = -1
    for _ in range(occurrence):
        at = text.index(needle, at + 1)
    if after:
        at += len(needle)
    before = text[:at]
    column = before.rsplit("\n", 1)[-1]
    return types.Position(line=before.count("\n"), character=len(column.encode("utf-16-le")) // 2)


def offset_of(text: str, position: types.Position) -> int:
    """The index into a Python string of a position."""
    lines = text.split("\n")
    start = sum(len(line) + 1 for line in lines[: position.line])
    line = lines[position.line]
    units = line.encode("utf-16-le")[: 2 * position.character]
    return start + len(units.decode("utf-16-le"))


def slice_of(text: str, span: types.Range) -> str:
    """What stands in a range."""
    return text[offset_of(text, span.start) : offset_of(text, span.end)]


def applied(text: str, edits) -> str:
    """The text after edits that do not overlap."""
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        text = text[: offset_of(text, edit.range.start)] + edit.new_text + text[offset_of(text, edit.range.end) :]
    return text


def edits_of(edit: types.WorkspaceEdit) -> dict:
    """The text edits of a workspace edit, by URI, in whichever of its two forms it came."""
    found = {uri: list(edits) for uri, edits in (edit.changes or {}).items()}
    for change in edit.document_changes or []:
        found.setdefault(change.text_document.uri, []).extend(change.edits)
    return found


def server_command() -> list:
    """The server: `NNRUN` if it is set, else the newest build of this checkout."""
    if "NNRUN" in os.environ:
        return [os.environ["NNRUN"], "lsp"]
    builds = [REPOSITORY / "target" / profile / "nnrun" for profile in ("release", "debug")]
    builds = sorted((b for b in builds if b.exists()), key=lambda b: b.stat().st_mtime)
    if not builds:
        sys.exit("there is no nnrun: build it with `cargo build --release`, or name it with NNRUN=…")
    return [str(builds[-1]), "lsp"]


REFRESHES = [
    types.WORKSPACE_INLAY_HINT_REFRESH,
    types.WORKSPACE_CODE_LENS_REFRESH,
    types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
    types.WORKSPACE_FOLDING_RANGE_REFRESH,
]


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest_lsp.fixture(
    params=["visual_studio_code", "neovim", "emacs"],
    config=ClientServerConfig(server_command=server_command()),
)
async def client(request, lsp_client: LanguageClient, workspace: Workspace):
    # What an editor answers when the server asks something of it.
    for asked in [types.CLIENT_REGISTER_CAPABILITY, types.CLIENT_UNREGISTER_CAPABILITY, *REFRESHES]:
        lsp_client.feature(asked)(lambda *_: None)
    capabilities = client_capabilities(request.param)
    lsp_client.initialized_with = await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities,
            root_uri=workspace.root.as_uri(),
            workspace_folders=[types.WorkspaceFolder(uri=workspace.root.as_uri(), name="programs")],
        )
    )
    yield
    await lsp_client.shutdown_session()
