//! Names, completions and actions over the protocol, on text that is not ASCII.

use crate::editor_client::{Editor, document, uri};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const PARTS: &str =
    "## Zwei Schichten 𝔸.\nblock Pair(units)(x: [D]) -> [units] {\n  x |> Dense(units) |> relu |> Dense(units)\n}\n";
// The astral letter is two units wide.
const NET: &str = "import Pair from \"parts.nn\"\n\nmodel Net(x: [2]) -> y: [4] {\n  let 𝔸 = x |> Pair(4); 𝔸 |> Pair(4) |> softmax(0)\n}\n";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("parts.nn"), PARTS).unwrap();
    std::fs::write(folder.join("net.nn"), NET).unwrap();
    folder
}

/// An editor that has a folder open, and `net.nn` in it.
fn editor(folder: &Path) -> (Editor, String) {
    let mut editor = Editor::unacquainted();
    let capabilities = json!({
        "textDocument": {
            "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            "completion": { "completionItem": { "snippetSupport": true } },
        },
        "workspace": { "workspaceEdit": { "documentChanges": true } },
    });
    let folders = json!([{ "uri": uri(folder), "name": "nets" }]);
    let params =
        json!({ "processId": null, "rootUri": uri(folder), "workspaceFolders": folders, "capabilities": capabilities });
    let answer = editor.request("initialize", params).unwrap();
    editor.capabilities = answer["capabilities"].clone();
    editor.notify("initialized", json!({}));
    let net = uri(&folder.join("net.nn"));
    editor.open(&net, NET);
    (editor, net)
}

/// The position of the n-th place where a text stands, in UTF-16.
fn place(text: &str, word: &str, nth: usize) -> Value {
    let at = text.match_indices(word).nth(nth).unwrap().0;
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    json!({ "line": line, "character": text[start..at].encode_utf16().count() })
}

fn at(uri: &str, position: Value) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": position })
}

#[test]
fn names_are_followed_and_changed() {
    let folder = folder("lsp-names");
    let (mut editor, net) = editor(&folder);
    let parts = uri(&folder.join("parts.nn"));
    let second = place(NET, "Pair", 2);
    let found = editor.request("textDocument/definition", at(&net, second.clone())).unwrap();
    assert_eq!(found[0]["targetUri"], parts);
    assert_eq!(found[0]["targetSelectionRange"]["start"], json!({ "line": 1, "character": 6 }));
    assert_eq!(found[0]["originSelectionRange"]["start"], second);
    let mut params = at(&net, second.clone());
    params["context"] = json!({ "includeDeclaration": true });
    assert_eq!(editor.request("textDocument/references", params).unwrap().as_array().unwrap().len(), 4);
    let lit = editor.request("textDocument/documentHighlight", at(&net, place(NET, "𝔸", 1))).unwrap();
    assert_eq!(lit.as_array().unwrap().len(), 2);
    assert_eq!(lit[0]["kind"], 3);

    let prepared = editor.request("textDocument/prepareRename", at(&net, second.clone())).unwrap();
    assert_eq!(prepared["placeholder"], "Pair");
    let mut params = at(&net, second.clone());
    params["newName"] = json!("Twice");
    let edit = editor.request("textDocument/rename", params.clone()).unwrap();
    let changes = edit["documentChanges"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    let of_net = changes.iter().find(|c| c["textDocument"]["uri"] == net).unwrap();
    assert_eq!(of_net["textDocument"]["version"], 1);
    assert_eq!(of_net["edits"].as_array().unwrap().len(), 3);
    params["newName"] = json!("Dense");
    let refused = editor.request("textDocument/rename", params).unwrap_err();
    assert_eq!(refused["message"], "`Dense` is of the language: a layer");
    let refused = editor.request("textDocument/prepareRename", at(&net, place(NET, "softmax", 0))).unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains("keeps its name"));
    editor.leave();
}

#[test]
fn outlines_items_and_calls() {
    let folder = folder("lsp-symbols");
    let (mut editor, net) = editor(&folder);
    let outline = editor.request("textDocument/documentSymbol", document(&net)).unwrap();
    let names: Vec<&str> = outline.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["import Pair from \"parts.nn\"", "Net"]);
    assert_eq!(outline[1]["children"][0]["name"], "𝔸");
    let found = editor.request("workspace/symbol", json!({ "query": "pa" })).unwrap();
    assert_eq!(found[0]["name"], "Pair");
    assert_eq!(found[0]["location"]["uri"], uri(&folder.join("parts.nn")));
    let items = editor.request("textDocument/prepareCallHierarchy", at(&net, place(NET, "Pair", 1))).unwrap();
    assert_eq!(items[0]["name"], "Pair");
    let callers = editor.request("callHierarchy/incomingCalls", json!({ "item": items[0] })).unwrap();
    assert_eq!(callers[0]["from"]["name"], "Net");
    assert_eq!(callers[0]["fromRanges"].as_array().unwrap().len(), 2);
    let used = editor.request("callHierarchy/outgoingCalls", json!({ "item": callers[0]["from"] })).unwrap();
    assert_eq!(used[0]["to"]["name"], "Pair");
    editor.leave();
}

#[test]
fn completions_and_signatures() {
    let folder = folder("lsp-completion");
    let (mut editor, net) = editor(&folder);
    // The whole text was seen once; then it is half typed.
    editor.request("textDocument/documentSymbol", document(&net)).unwrap();
    let typed = NET.replace("𝔸 |> Pair(4) |> softmax(0)", "𝔸 |> Pa");
    editor.change(&net, 2, &typed);
    let mut position = place(&typed, "Pa", 2);
    position["character"] = json!(position["character"].as_u64().unwrap() + 2);
    let list = editor.request("textDocument/completion", at(&net, position)).unwrap();
    let items = list["items"].as_array().unwrap();
    let pair = items.iter().find(|i| i["label"] == "Pair").unwrap();
    assert_eq!((&pair["textEdit"]["newText"], &pair["insertTextFormat"]), (&json!("Pair(${1:units})"), &json!(2)));
    assert_eq!(pair["textEdit"]["range"]["start"], place(&typed, "Pa", 2));
    assert!(pair["documentation"]["value"].as_str().unwrap().contains("Zwei Schichten 𝔸."));
    assert!(items.iter().any(|i| i["label"] == "Dense"));

    let typed = NET.replace("softmax(0)", "Conv2d(8, kernel: ");
    editor.change(&net, 3, &typed);
    let mut position = place(&typed, "kernel: ", 0);
    position["character"] = json!(position["character"].as_u64().unwrap() + 8);
    let help = editor.request("textDocument/signatureHelp", at(&net, position)).unwrap();
    let signature = &help["signatures"][0];
    assert!(signature["label"].as_str().unwrap().starts_with("Conv2d(channels: size, kernel: "));
    assert_eq!(help["activeParameter"], 1);
    editor.leave();
}

#[test]
fn fixes_and_refactorings() {
    let folder = folder("lsp-actions");
    let (mut editor, net) = editor(&folder);
    let broken = NET.replace("softmax(0)", "Linear(3)");
    editor.change(&net, 2, &broken);
    let start = place(&broken, "Linear", 0);
    let mut params = json!({
        "textDocument": { "uri": net }, "range": { "start": start, "end": start }, "context": { "diagnostics": [] },
    });
    let found = editor.request("textDocument/codeAction", params.clone()).unwrap();
    let fix = found.as_array().unwrap().iter().find(|a| a["kind"] == "quickfix").unwrap();
    assert_eq!(fix["isPreferred"], true);
    assert!(fix["diagnostics"][0]["code"].as_str().unwrap().starts_with('E'));
    let edit = &fix["edit"]["documentChanges"][0]["edits"][0];
    assert_eq!((&edit["newText"], &edit["range"]["start"]), (&json!("Dense"), &start));

    editor.change(&net, 3, NET);
    params["range"] = json!({ "start": place(NET, "softmax", 0), "end": place(NET, "softmax", 0) });
    params["context"]["only"] = json!(["refactor"]);
    let found = editor.request("textDocument/codeAction", params.clone()).unwrap();
    assert!(found.as_array().unwrap().iter().all(|a| a["kind"].as_str().unwrap().starts_with("refactor")));
    assert!(found.as_array().unwrap().iter().any(|a| a["title"] == "give the arguments of `softmax` their names"));
    editor.leave();
}

#[test]
fn a_name_against_the_convention_is_changed_in_every_file() {
    let folder = folder("lsp-usual-names");
    let part = "block my_pair(n)(x: [D]) -> [n] {\n  x |> Dense(n)\n}\n";
    let net = "import my_pair from \"pair.nn\"\n\nmodel Net(x: [4]) -> [2] {\n  x |> my_pair(8) |> my_pair(2)\n}\n";
    std::fs::write(folder.join("pair.nn"), part).unwrap();
    std::fs::write(folder.join("user.nn"), net).unwrap();
    let (mut editor, _) = editor(&folder);
    let pair = uri(&folder.join("pair.nn"));
    editor.open(&pair, part);
    let start = place(part, "my_pair", 0);
    let params = json!({
        "textDocument": { "uri": pair }, "range": { "start": start, "end": start }, "context": { "diagnostics": [] },
    });
    let found = editor.request("textDocument/codeAction", params).unwrap();
    let found = found.as_array().unwrap();
    let rename = found.iter().find(|a| a["title"] == "rename `my_pair` to `MyPair`").unwrap();
    assert_eq!((&rename["kind"], &rename["isPreferred"]), (&json!("quickfix"), &json!(true)));
    assert_eq!(rename["diagnostics"][0]["code"], "L0109");
    let changes = rename["edit"]["documentChanges"].as_array().unwrap();
    let edits = |file: &str| {
        let change = changes.iter().find(|c| c["textDocument"]["uri"] == uri(&folder.join(file))).unwrap();
        change["edits"].as_array().unwrap().len()
    };
    assert_eq!((edits("pair.nn"), edits("user.nn")), (1, 3));
    let allow = found.iter().find(|a| a["title"] == "allow L0109 here").unwrap();
    assert!(allow["isPreferred"].is_null());
    editor.leave();
}

#[test]
fn an_empty_file_is_answered() {
    let mut editor = Editor::plain();
    let empty = "untitled:Empty.nn";
    editor.open(empty, "");
    let start = json!({ "line": 0, "character": 0 });
    for method in [
        "textDocument/definition",
        "textDocument/documentHighlight",
        "textDocument/signatureHelp",
        "textDocument/prepareCallHierarchy",
    ] {
        let answer = editor.request(method, at(empty, start.clone())).unwrap();
        assert!(answer.is_null() || answer.as_array().is_some_and(Vec::is_empty), "{method}: {answer}");
    }
    let offered = editor.request("textDocument/completion", at(empty, start.clone())).unwrap();
    assert!(offered["items"].as_array().unwrap().iter().any(|i| i["label"] == "model"));
    assert_eq!(editor.request("textDocument/documentSymbol", document(empty)).unwrap(), json!([]));
    editor.leave();
}
