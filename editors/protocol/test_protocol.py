"""`nnrun lsp` as a client sees it: every capability, on a clean file, a wrong one, an empty one, and on text of which
characters, bytes and UTF-16 units are three different things."""

import asyncio
import re

import pytest
from conftest import CLEAN, CNN, FILES, LIBRARY, NON_ASCII, USER, WRONG, applied, edits_of, position_of, slice_of
from lsprotocol import types

ALL = list(FILES)
WHOLE = types.Range(types.Position(0, 0), types.Position(10_000, 0))


def opened(client, workspace, name, text=None, version=1):
    """Tells the server that an editor has the file open."""
    text = FILES[name] if text is None else text
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem(uri=workspace.uri(name), language_id="nn", version=version, text=text)
        )
    )
    return workspace.document(name)


def changed(client, workspace, name, text, version):
    """Tells the server the text as it is now."""
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version=version, uri=workspace.uri(name)),
            [types.TextDocumentContentChangeWholeDocument(text=text)],
        )
    )


def asks(client):
    """Whether the client asks for diagnostics: then it is not told unasked."""
    return client.capabilities.text_document.diagnostic is not None


async def pushed(client, workspace, name, wanted):
    """What the server has told of a file unasked, as soon as it is as wanted (or after five seconds)."""
    uri = workspace.uri(name)
    for _ in range(250):
        if uri in client.diagnostics and wanted(list(client.diagnostics[uri])):
            break
        await asyncio.sleep(0.02)
    return list(client.diagnostics.get(uri, []))


async def diagnostics_of(client, workspace, name):
    """What is wrong with a file: asked for where the server can be asked."""
    report = await client.text_document_diagnostic_async(
        types.DocumentDiagnosticParams(text_document=workspace.document(name))
    )
    return report.items


def text_of(contents):
    """The Markdown of a hover or of documentation."""
    return contents.value if isinstance(contents, types.MarkupContent) else str(contents)


def plain(text):
    """Without what parts the thousands."""
    return re.sub(r"(?<=\d)[ ,\u202f\u2009](?=\d{3})", "", text)


def places(answer):
    """Locations of whichever form, as (file name, range)."""
    found = []
    for place in answer if isinstance(answer, (list, tuple)) else [answer]:
        if isinstance(place, types.LocationLink):
            found.append((place.target_uri.rsplit("/", 1)[-1], place.target_selection_range))
        else:
            found.append((place.uri.rsplit("/", 1)[-1], place.range))
    return found


# ---- diagnostics ----


@pytest.mark.asyncio
async def test_diagnostics_are_pushed_with_related_places(client, workspace):
    opened(client, workspace, "wrong.nn")
    if asks(client):
        found = await diagnostics_of(client, workspace, "wrong.nn")
    else:
        found = await pushed(client, workspace, "wrong.nn", lambda found: found)
    assert [d.code for d in found] == ["E0301", "E0102", "E0202"]
    assert [slice_of(WRONG, d.range) for d in found] == ["relu", "Linear", "learning_rate"]
    assert all(d.severity == types.DiagnosticSeverity.Error and d.source == "nnrun" for d in found)
    assert all(d.code in d.code_description.href for d in found)
    residual = found[0]
    assert "[32]" in residual.message and "[64]" in residual.message
    published = client.capabilities.text_document.publish_diagnostics
    if not (published and published.related_information):
        return
    related = [slice_of(WRONG, r.location.range) for r in residual.related_information]
    assert related, "the input of the residual is named"


@pytest.mark.asyncio
async def test_diagnostics_go_when_the_mistake_goes(client, workspace):
    if asks(client):
        pytest.skip("this client asks")
    opened(client, workspace, "wrong.nn")
    assert await pushed(client, workspace, "wrong.nn", lambda found: found)
    changed(client, workspace, "wrong.nn", CLEAN, 2)
    assert not await pushed(client, workspace, "wrong.nn", lambda found: not found)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ALL)
async def test_diagnostics_are_answered(client, workspace, name):
    opened(client, workspace, name)
    found = await diagnostics_of(client, workspace, name)
    errors = [d.code for d in found if d.severity == types.DiagnosticSeverity.Error]
    assert errors == (["E0301", "E0102", "E0202"] if name == "wrong.nn" else []), found


@pytest.mark.asyncio
async def test_a_mistake_in_an_import_shows_in_the_user(client, workspace):
    opened(client, workspace, "user.nn")
    opened(client, workspace, "library.nn")
    assert not [d for d in await diagnostics_of(client, workspace, "user.nn") if d.severity == 1]
    # Unsaved text counts.
    changed(client, workspace, "library.nn", LIBRARY.replace("Head", "Foot"), 2)
    found = await diagnostics_of(client, workspace, "user.nn")
    assert "E0101" in [d.code for d in found], found


@pytest.mark.asyncio
async def test_data_that_changes_renews_diagnostics(client, workspace):
    opened(client, workspace, "clean.nn")
    assert not await diagnostics_of(client, workspace, "clean.nn")
    table = workspace.root / "data" / "tabular" / "iris.csv"
    table.write_text(table.read_text().replace("species", "kind", 1))
    client.workspace_did_change_watched_files(
        types.DidChangeWatchedFilesParams([types.FileEvent(uri=table.as_uri(), type=types.FileChangeType.Changed)])
    )
    found = await diagnostics_of(client, workspace, "clean.nn")
    assert any("species" in d.message for d in found), found


@pytest.mark.asyncio
async def test_places_count_utf16(client, workspace):
    text = NON_ASCII.replace("|> squeeze", "|> skweeze", 1).replace("  größe |>", "  größe #𝔸 模\n  |>", 1)
    opened(client, workspace, "non_ascii.nn", text)
    (found,) = [d for d in await diagnostics_of(client, workspace, "non_ascii.nn") if d.severity == 1]
    assert slice_of(text, found.range) == "skweeze"


# ---- what a place is ----


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "needle", "occurrence", "wanted"),
    [
        ("cnn.nn", "Conv2d", 1, ["Conv2d", "kernel", "stride"]),
        ("cnn.nn", "Dense(32)", 1, ["[32]", "4128"]),
        ("cnn.nn", "Unit(width)", 1, ["Two convolutions and a pool", "[16, 4, 4]"]),
        ("cnn.nn", "features |>", 1, ["[32, 2, 2]"]),
        ("cnn.nn", "width)", 1, ["16"]),
        ("cnn.nn", "label)", 1, ["class(10)"]),
        ("cnn.nn", "Adam", 1, ["Adam", "lr"]),
        ("cnn.nn", "cross_entropy", 1, ["cross_entropy"]),
        ("cnn.nn", "batch:", 1, ["batch"]),
        ("wrong.nn", "tanh", 1, ["tanh"]),
        ("non_ascii.nn", "Dense(8)", 1, ["[8]", "24"]),
    ],
)
async def test_hover(client, workspace, name, needle, occurrence, wanted):
    document = opened(client, workspace, name)
    hover = await client.text_document_hover_async(
        types.HoverParams(document, position_of(FILES[name], needle, occurrence))
    )
    assert hover is not None, f"nothing at {needle}"
    text = plain(text_of(hover.contents))
    for part in wanted:
        assert part in text, f"{part} in\n{text}"


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ALL)
async def test_hover_everywhere(client, workspace, name):
    document = opened(client, workspace, name)
    for line, text in enumerate(FILES[name].split("\n") or [""]):
        for character in range(0, len(text) + 3, 5):
            await client.text_document_hover_async(types.HoverParams(document, types.Position(line, character)))


@pytest.mark.asyncio
async def test_inlay_hints(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(document, WHOLE))
    labels = ["".join(p.value for p in h.label) if not isinstance(h.label, str) else h.label for h in hints]
    joined = "\n".join(labels)
    for part in ["[16, 4, 4]", "[32, 2, 2]", "[128]", "[10]"]:
        assert part in joined, joined
    assert "4128" in plain(joined), joined
    # A range asks for less.
    line = position_of(CNN, "let features").line
    one = types.Range(types.Position(line, 0), types.Position(line + 1, 0))
    fewer = await client.text_document_inlay_hint_async(types.InlayHintParams(document, one))
    assert 0 < len(fewer) < len(hints) and all(h.position.line == line for h in fewer)


@pytest.mark.asyncio
async def test_inlay_hints_of_what_is_right_in_a_wrong_file(client, workspace):
    document = opened(client, workspace, "wrong.nn", WRONG.replace("Linear", "Dense"))
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(document, WHOLE))
    labels = "\n".join("".join(p.value for p in h.label) if not isinstance(h.label, str) else h.label for h in hints)
    assert "[64]" in labels and "[32]" in labels, labels


@pytest.mark.asyncio
async def test_signature_help(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    at = position_of(CNN, "Conv2d(channels, kernel: 3, ", after=True)
    help_ = await client.text_document_signature_help_async(types.SignatureHelpParams(document, at))
    signature = help_.signatures[help_.active_signature or 0]
    assert signature.label.startswith("Conv2d(")
    parameters = [p.label if isinstance(p.label, str) else signature.label[p.label[0] : p.label[1]] for p in signature.parameters]
    active = signature.active_parameter if signature.active_parameter is not None else help_.active_parameter
    assert any("kernel" in p for p in parameters), parameters
    assert "padding" in parameters[active] or "stride" in parameters[active], parameters[active]


# ---- completion ----


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "before", "typed", "wanted"),
    [
        ("cnn.nn", "|> Flatten", " |> ", ["Dense", "relu", "Unit", "LayerNorm"]),
        ("cnn.nn", "padding: same", ", ", ["stride", "dilation", "groups"]),
        ("clean.nn", "field species = t.", "", ["species", "sepal_width_cm"]),
        ("clean.nn", "  batch:     16\n", "  ", ["metrics", "schedule", "seed"]),
        ("clean.nn", "optimizer: ", "", ["AdamW", "SGD"]),
        ("clean.nn", "cross_entropy(", "", ["logits"]),
        ("clean.nn", 'csv("data/tabular/', "", ["iris.csv", "penguins.csv"]),
        ("empty.nn", "", "", ["model", "data", "train", "block"]),
        ("non_ascii.nn", "größe |> Dense(8)", " |> ", ["Dense", "relu"]),
    ],
)
async def test_completion(client, workspace, name, before, typed, wanted):
    text = FILES[name]
    at = text.index(before) + len(before)
    text = text[:at] + typed + text[at:]
    document = opened(client, workspace, name, text)
    position = position_of(text, before + typed, after=True) if before + typed else types.Position(0, 0)
    answer = await client.text_document_completion_async(types.CompletionParams(document, position))
    items = answer.items if isinstance(answer, types.CompletionList) else answer
    labels = [item.label.rstrip(":") for item in items]
    for part in wanted:
        assert any(label == part or label.startswith(part) for label in labels), f"{part} in {labels}"


@pytest.mark.asyncio
async def test_completion_explains(client, workspace):
    text = CNN.replace("|> Flatten", "|>  |> Flatten")
    document = opened(client, workspace, "cnn.nn", text)
    at = position_of(text, "|>  |> Flatten")
    at.character += len("|> ")
    answer = await client.text_document_completion_async(types.CompletionParams(document, at))
    items = answer.items if isinstance(answer, types.CompletionList) else answer
    (dense,) = [i for i in items if i.label == "Dense"]
    if dense.documentation is None:
        dense = await client.completion_item_resolve_async(dense)
    assert "units" in (dense.detail or "") + text_of(dense.documentation)


# ---- names ----


@pytest.mark.asyncio
async def test_definition(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    cases = [
        ("Unit(width)", 1, "cnn.nn", "Unit"),
        ("width)", 1, "cnn.nn", "width"),
        ("features |>", 1, "cnn.nn", "features"),
        ("label)", 1, "cnn.nn", "label"),
        ("digits.image", 1, "cnn.nn", "digits"),
    ]
    for needle, occurrence, file, target in cases:
        answer = await client.text_document_definition_async(
            types.DefinitionParams(document, position_of(CNN, needle, occurrence))
        )
        assert answer, f"{needle} is declared nowhere"
        found = places(answer)
        assert found[0][0] == file and slice_of(CNN, found[0][1]).startswith(target), (needle, found)


@pytest.mark.asyncio
async def test_definition_leads_to_other_files(client, workspace):
    document = opened(client, workspace, "user.nn")
    head = await client.text_document_definition_async(types.DefinitionParams(document, position_of(USER, "Head(8)")))
    ((file, span),) = places(head)
    assert file == "library.nn" and slice_of(LIBRARY, span) == "Head"
    path = await client.text_document_definition_async(types.DefinitionParams(document, position_of(USER, "library.nn")))
    assert places(path)[0][0] == "library.nn"
    document = opened(client, workspace, "clean.nn")
    table = await client.text_document_definition_async(types.DefinitionParams(document, position_of(CLEAN, "iris.csv")))
    assert places(table)[0][0] == "iris.csv"


@pytest.mark.asyncio
async def test_references_and_highlights(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    at = position_of(CNN, "width = 16")
    answer = await client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(include_declaration=True), document, at)
    )
    assert [slice_of(CNN, r.range) for r in answer] == ["width"] * 3
    highlights = await client.text_document_document_highlight_async(types.DocumentHighlightParams(document, at))
    assert len(highlights) == 3


@pytest.mark.asyncio
async def test_rename_across_files(client, workspace):
    opened(client, workspace, "user.nn")
    document = opened(client, workspace, "library.nn")
    at = position_of(LIBRARY, "Head")
    prepared = await client.text_document_prepare_rename_async(types.PrepareRenameParams(document, at))
    span = prepared if isinstance(prepared, types.Range) else prepared.range
    assert slice_of(LIBRARY, span) == "Head"
    edit = await client.text_document_rename_async(types.RenameParams(document, at, "Top"))
    edits = edits_of(edit)
    assert applied(LIBRARY, edits[workspace.uri("library.nn")]) == LIBRARY.replace("Head", "Top")
    assert applied(USER, edits[workspace.uri("user.nn")]) == USER.replace("Head", "Top")


@pytest.mark.asyncio
async def test_rename_refuses_what_is_no_name(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    at = position_of(CNN, "width = 16")
    for name in ["let", "1st", "a b", ""]:
        with pytest.raises(Exception) as refusal:
            await client.text_document_rename_async(types.RenameParams(document, at, name))
        assert str(refusal.value)


@pytest.mark.asyncio
async def test_rename_of_non_ascii(client, workspace):
    document = opened(client, workspace, "non_ascii.nn")
    edit = await client.text_document_rename_async(
        types.RenameParams(document, position_of(NON_ASCII, "出力: float"), "ausgabe")
    )
    (edits,) = edits_of(edit).values()
    assert applied(NON_ASCII, edits) == NON_ASCII.replace("出力", "ausgabe")


@pytest.mark.asyncio
async def test_symbols(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    names = [s.name for s in symbols]
    assert set(names) >= {"digits", "width", "Unit", "Digits"}, names
    if isinstance(symbols[0], types.DocumentSymbol):
        (data,) = [s for s in symbols if s.name == "digits" and s.children]
        assert {"image", "label"} <= {c.name for c in data.children}
    found = await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="Head"))
    assert any(s.name == "Head" and s.location.uri == workspace.uri("library.nn") for s in found), found


@pytest.mark.asyncio
async def test_call_hierarchy(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    items = await client.text_document_prepare_call_hierarchy_async(
        types.CallHierarchyPrepareParams(document, position_of(CNN, "Unit(channels)"))
    )
    (unit,) = items
    assert unit.name == "Unit"
    incoming = await client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(unit))
    assert [c.from_.name for c in incoming] == ["Digits"] and len(incoming[0].from_ranges) == 2
    items = await client.text_document_prepare_call_hierarchy_async(
        types.CallHierarchyPrepareParams(document, position_of(CNN, "Digits(image"))
    )
    outgoing = await client.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(items[0]))
    assert "Unit" in [c.to.name for c in outgoing]


# ---- the text ----


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ALL)
async def test_semantic_tokens(client, workspace, name):
    document = opened(client, workspace, name)
    tokens = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
    data = tokens.data if tokens else []
    assert len(data) % 5 == 0
    lines = FILES[name].split("\n")
    line = character = 0
    texts = []
    for i in range(0, len(data), 5):
        delta_line, delta_start, length, kind, _ = data[i : i + 5]
        line += delta_line
        character = delta_start if delta_line else character + delta_start
        units = lines[line].encode("utf-16-le")
        assert 2 * (character + length) <= len(units), "a token within its line"
        texts.append(units[2 * character : 2 * (character + length)].decode("utf-16-le"))
        assert kind < len(client.initialized_with.capabilities.semantic_tokens_provider.legend.token_types)
    assert bool(texts) == bool(FILES[name])
    if name == "cnn.nn":
        assert {"Conv2d", "Unit", "relu", "image"} <= set(texts)
    if name == "non_ascii.nn":
        assert {"größe", "Dense", "出力"} <= set(texts)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ALL)
async def test_folding(client, workspace, name):
    document = opened(client, workspace, name)
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(document)) or []
    assert all(f.start_line < f.end_line for f in folds)
    starts = {f.start_line for f in folds}
    items = [i for i, line in enumerate(FILES[name].split("\n")) if line.endswith("{")]
    assert starts >= set(items)


@pytest.mark.asyncio
async def test_formatting(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    assert not await client.text_document_formatting_async(types.DocumentFormattingParams(document, options))
    untidy = CNN.replace("let features = image |> Unit(width)", "let features=image|>Unit( width )")
    changed(client, workspace, "cnn.nn", untidy, 2)
    edits = await client.text_document_formatting_async(types.DocumentFormattingParams(document, options))
    assert applied(untidy, edits) == CNN
    line = position_of(untidy, "let features").line
    one = types.Range(types.Position(line, 0), types.Position(line, 5))
    edits = await client.text_document_range_formatting_async(
        types.DocumentRangeFormattingParams(document, one, options)
    )
    assert applied(untidy, edits) == CNN
    # What does not parse stays as it is.
    changed(client, workspace, "cnn.nn", untidy + "model {", 3)
    assert not await client.text_document_formatting_async(types.DocumentFormattingParams(document, options))


@pytest.mark.asyncio
async def test_formatting_keeps_non_ascii(client, workspace):
    untidy = NON_ASCII.replace("|> Dense(8)", "|>Dense( 8 )")
    document = opened(client, workspace, "non_ascii.nn", untidy)
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    edits = await client.text_document_formatting_async(types.DocumentFormattingParams(document, options))
    assert applied(untidy, edits) == NON_ASCII


@pytest.mark.asyncio
async def test_document_links(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    links = await client.text_document_document_link_async(types.DocumentLinkParams(document))
    assert len(links) == 2
    assert all(slice_of(CNN, link.range).strip('"').startswith("data/images/") for link in links)
    assert all(link.target.startswith("file:") for link in links)
    document = opened(client, workspace, "user.nn")
    (link,) = await client.text_document_document_link_async(types.DocumentLinkParams(document))
    assert link.target == workspace.uri("library.nn")


@pytest.mark.asyncio
async def test_code_lens(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(document))
    for i, lens in enumerate(lenses):
        if lens.command is None:
            lenses[i] = await client.code_lens_resolve_async(lens)
    titles = [lens.command.title for lens in lenses]
    assert any("Run" in t for t in titles), titles
    (numbers,) = [t for t in titles if "parameters" in t and "FLOP" in t]
    assert "B" in numbers
    (run,) = [lens for lens in lenses if "Run" in lens.command.title]
    assert run.range.start.line == position_of(CNN, "train Digits").line


# ---- code actions ----


async def actions_at(client, document, span, diagnostics=()):
    answer = await client.text_document_code_action_async(
        types.CodeActionParams(document, span, types.CodeActionContext(diagnostics=list(diagnostics)))
    )
    actions = []
    for action in answer or []:
        if isinstance(action, types.CodeAction) and action.edit is None and action.data is not None:
            action = await client.code_action_resolve_async(action)
        actions.append(action)
    return actions


@pytest.mark.asyncio
async def test_fixes_repair_the_wrong_file(client, workspace):
    text = WRONG
    document = opened(client, workspace, "wrong.nn")
    for version in range(2, 8):
        found = [d for d in await diagnostics_of(client, workspace, "wrong.nn") if d.severity == 1]
        if not found:
            break
        fixes = await actions_at(client, document, found[0].range, found[:1])
        fixes = [f for f in fixes if f.kind == types.CodeActionKind.QuickFix and f.edit]
        assert fixes, f"no fix for {found[0].code}"
        text = applied(text, edits_of(fixes[0].edit)[workspace.uri("wrong.nn")])
        changed(client, workspace, "wrong.nn", text, version)
    assert not [d for d in await diagnostics_of(client, workspace, "wrong.nn") if d.severity == 1], text


@pytest.mark.asyncio
async def test_refactorings(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    # Inline a let.
    at = position_of(CNN, "features = image")
    titles = [a.title for a in await actions_at(client, document, types.Range(at, at))]
    assert any("in its place" in t for t in titles), titles
    # Extract stages to a block.
    span = types.Range(position_of(CNN, "Flatten |>"), position_of(CNN, "|> relu |> Dense(digits", after=False))
    titles = [a.title for a in await actions_at(client, document, span)]
    assert any("make a block" in t for t in titles), titles
    # Name a layer.
    at = position_of(CNN, "Dense(32)")
    titles = [a.title for a in await actions_at(client, document, types.Range(at, at))]
    assert any("name this layer" in t for t in titles), titles
    # A setting that is missing.
    at = position_of(CNN, "train Digits")
    titles = [a.title for a in await actions_at(client, document, types.Range(at, at))]
    assert any(t.startswith("add `") for t in titles), titles


# ---- robustness ----


@pytest.mark.asyncio
async def test_the_server_answers_after_nonsense(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    far = types.Position(100_000, 100_000)
    await client.text_document_hover_async(types.HoverParams(document, far))
    with pytest.raises(Exception):
        await client.protocol.send_request_async("nnrun/thereIsNoSuchRequest", {"a": 1})
    unknown = types.TextDocumentIdentifier(uri=workspace.uri("never_written.nn"))
    try:
        await client.text_document_hover_async(types.HoverParams(unknown, types.Position(0, 0)))
    except Exception as refusal:  # noqa: BLE001 - any answer will do, silence will not
        assert str(refusal)
    for version, text in enumerate(["", "model", "\0\uffff", "{" * 2000, CNN * 3, CNN], start=2):
        changed(client, workspace, "cnn.nn", text, version)
        await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    hover = await client.text_document_hover_async(types.HoverParams(document, position_of(CNN, "Conv2d")))
    assert "Conv2d" in text_of(hover.contents)


@pytest.mark.asyncio
async def test_answers_are_of_the_newest_text(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    for version in range(2, 30):
        units = 30 + version
        changed(client, workspace, "cnn.nn", CNN.replace("Dense(32)", f"Dense({units})"), version)
        hover = await client.text_document_hover_async(types.HoverParams(document, position_of(CNN, "Dense(32)")))
        assert f"[{units}]" in text_of(hover.contents)


@pytest.mark.asyncio
async def test_graph(client, workspace):
    document = opened(client, workspace, "cnn.nn")
    at = position_of(CNN, "Flatten |>")
    answer = await client.protocol.send_request_async(
        "nnrun/graph",
        {"textDocument": {"uri": document.uri}, "position": {"line": at.line, "character": at.character}},
    )
    get = answer.get if isinstance(answer, dict) else lambda key: getattr(answer, key)
    assert get("svg").lstrip().startswith("<svg") and "Conv2d" in get("svg")
    assert get("model") == "Digits" and get("current") is not None
