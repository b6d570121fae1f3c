//! The language server, spoken to as an editor does.

use crate::editor_client::{Editor, at, document, uri};
use nnrun::lsp::Ending;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, SystemTime};

const PROGRAM: &str = "model M(x: [4]) -> logits: [3] {\n  x |> Dense(8) |> relu |> Dense(3)\n}\n";
const URI: &str = "untitled:M.nn";

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|d| d["code"].as_str().unwrap()).collect()
}

#[test]
fn a_session_begins_and_ends() {
    let editor = Editor::plain();
    assert_eq!(editor.capabilities["positionEncoding"], "utf-16");
    assert_eq!(editor.capabilities["textDocumentSync"]["change"], 1);
    assert_eq!(editor.leave(), Ending::Orderly);
    assert_eq!(Editor::plain().vanish(), Ending::Abrupt);
}

#[test]
fn requests_out_of_turn_are_refused() {
    let mut editor = Editor::unacquainted();
    let early = editor.request("textDocument/hover", document(URI)).unwrap_err();
    assert_eq!(early["code"], -32002);
    let params = json!({ "processId": null, "rootUri": null, "capabilities": {} });
    editor.request("initialize", params.clone()).unwrap();
    assert_eq!(editor.request("initialize", params).unwrap_err()["code"], -32600);
    assert_eq!(editor.request("nnrun/nothing", Value::Null).unwrap_err()["code"], -32601);
    assert_eq!(editor.request("textDocument/formatting", json!({ "x": 1 })).unwrap_err()["code"], -32602);
    editor.request("shutdown", Value::Null).unwrap();
    assert_eq!(editor.request("textDocument/formatting", document(URI)).unwrap_err()["code"], -32600);
}

#[test]
fn broken_messages_are_answered_and_survived() {
    let mut editor = Editor::plain();
    editor.send_text("{ not json");
    let answer = editor.wait_for(|m| m.get("error").is_some());
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(-32700)));
    editor.send_text(r#"{"jsonrpc":"2.0","id":77,"nothing":1}"#);
    let answer = editor.wait_for(|m| m.get("error").is_some());
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(77), &json!(-32600)));
    editor.notify("textDocument/didOpen", json!({ "wrong": true }));
    editor.notify("nnrun/unheard", Value::Null);
    editor.change("file:///never/opened.nn", 3, "");
    editor.open(URI, PROGRAM);
    assert_eq!(editor.diagnostics(URI, 1), Vec::<Value>::new());
    assert_eq!(editor.leave(), Ending::Orderly);
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_is_answered_logged_and_survived() {
    let mut editor = Editor::plain();
    let error = editor.request("nnrun/panic", json!("now")).unwrap_err();
    assert_eq!(error["code"], -32603);
    assert!(error["message"].as_str().unwrap().contains("asked to panic"), "{error}");
    let log = editor.wait_for(|m| m["method"] == "window/logMessage");
    assert_eq!(log["params"]["type"], 1);
    editor.open(URI, PROGRAM);
    assert_eq!(editor.diagnostics(URI, 1), Vec::<Value>::new());
    assert_eq!(editor.leave(), Ending::Orderly);
}

#[test]
fn a_cancelled_request_is_not_begun() {
    let mut editor = Editor::plain();
    // While the first is worked on the others arrive.
    let texts: Vec<String> = (0..50).map(|i| PROGRAM.replace("M(", &format!("M{i}("))).collect();
    editor.open(URI, &texts.concat());
    let format = json!({ "textDocument": { "uri": URI }, "options": { "tabSize": 2, "insertSpaces": true } });
    let first = editor.ask("textDocument/formatting", format.clone());
    let second = editor.ask("textDocument/formatting", format);
    editor.notify("$/cancelRequest", json!({ "id": second }));
    editor.notify("$/cancelRequest", json!({ "id": 12345 }));
    editor.answer(first).unwrap();
    match editor.answer(second) {
        Err(error) => assert_eq!(error["code"], -32800),
        // It was quicker than the cancel.
        Ok(edits) => assert!(edits.is_array()),
    }
    assert_eq!(editor.leave(), Ending::Orderly);
}

#[test]
fn diagnostics_follow_the_text() {
    let mut editor =
        Editor::with(json!({ "textDocument": { "publishDiagnostics": { "relatedInformation": true } } }), Value::Null);
    editor.open(URI, &PROGRAM.replace("Dense(3)", "Dense(4)"));
    let found = editor.diagnostics(URI, 1);
    assert_eq!(codes(&found), ["E0331"], "{found:?}");
    let only = &found[0];
    assert_eq!((&only["severity"], &only["source"]), (&json!(1), &json!("nnrun")));
    assert!(only["codeDescription"]["href"].as_str().unwrap().ends_with("/src/diagnostics/explanations/E0331.md"));
    assert!(!only["relatedInformation"].as_array().unwrap().is_empty(), "{only}");
    let fixes = only["data"]["fixes"].as_array().unwrap();
    assert_eq!(fixes[0]["edits"][0]["newText"], "3", "{fixes:?}");
    editor.change(URI, 2, PROGRAM);
    assert_eq!(editor.diagnostics(URI, 2), Vec::<Value>::new());
    editor.notify("textDocument/didClose", document(URI));
    let cleared = editor.wait_for(|m| m["method"] == "textDocument/publishDiagnostics");
    assert_eq!(cleared["params"]["diagnostics"], json!([]));
}

#[test]
fn a_client_that_asks_is_not_told() {
    let mut editor = Editor::with(json!({ "textDocument": { "diagnostic": {} } }), Value::Null);
    editor.open(URI, "hyper a = b\n");
    let report = editor.request("textDocument/diagnostic", document(URI)).unwrap();
    assert_eq!(report["kind"], "full");
    assert_eq!(codes(report["items"].as_array().unwrap()), ["E0101"]);
    assert!(editor.unasked.iter().all(|m| m["method"] != "textDocument/publishDiagnostics"), "{:?}", editor.unasked);
}

#[test]
fn columns_are_counted_in_utf_16() {
    let mut editor = Editor::plain();
    editor.open(URI, "# 𝔸 模型 e\u{301}\r\nhyper a = \"𝔸模e\u{301}\" + missing\r\n");
    let found = editor.diagnostics(URI, 1);
    let range = &found.iter().find(|d| d["code"] == "E0101").expect("the name is not known")["range"];
    assert_eq!(range["start"], json!({ "line": 1, "character": 20 }));
    assert_eq!(range["end"], json!({ "line": 1, "character": 27 }));
}

#[test]
fn imports_are_read_as_they_are_in_the_editor() {
    let folder = tempfile::tempdir().unwrap();
    let (main, part) = (folder.path().join("main.nn"), folder.path().join("part.nn"));
    std::fs::write(&part, "block Head(n)(x: [D]) -> [n] {\n  x |> Dense(n)\n}\n").unwrap();
    let text = "import Head from \"part.nn\"\n\nmodel M(x: [4]) -> y: [3] {\n  x |> Head(3)\n}\n";
    let mut editor = Editor::plain();
    editor.open(&uri(&main), text);
    assert_eq!(editor.diagnostics(&uri(&main), 1), Vec::<Value>::new());
    // The unsaved text of the part has no such block.
    editor.open(&uri(&part), "block Tail(n)(x: [D]) -> [n] {\n  x |> Dense(n)\n}\n");
    let found = editor.diagnostics(&uri(&main), 1);
    assert_eq!(codes(&found), ["E0105"], "{found:?}");
    // Closed, it is again what is on disk.
    editor.notify("textDocument/didClose", document(&uri(&part)));
    assert_eq!(editor.diagnostics(&uri(&main), 1), Vec::<Value>::new());
}

#[test]
fn an_error_in_an_import_is_shown_where_it_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.nn");
    std::fs::write(folder.path().join("part.nn"), "hyper width = widht\n").unwrap();
    let mut editor =
        Editor::with(json!({ "textDocument": { "publishDiagnostics": { "relatedInformation": true } } }), Value::Null);
    editor.open(&uri(&main), "import \"part.nn\"\n\nmodel M(x: [width]) -> y: [width] {\n  x |> relu\n}\n");
    let found = editor.diagnostics(&uri(&main), 1);
    assert_eq!(codes(&found), ["E0101"], "{found:?}");
    assert_eq!(found[0]["range"]["start"], json!({ "line": 0, "character": 7 }));
    let related = &found[0]["relatedInformation"][0]["location"];
    assert_eq!(related["uri"], uri(&folder.path().join("part.nn")).as_str());
}

#[test]
fn changed_data_renews_diagnostics() {
    let folder = tempfile::tempdir().unwrap();
    let (main, table) = (folder.path().join("main.nn"), folder.path().join("t.csv"));
    let text = "data d {\n  let t = csv(\"t.csv\")\n  field x = t.a\n  field y = t.b\n}\n";
    let write = |content: &str, age: u64| {
        std::fs::write(&table, content).unwrap();
        let when = SystemTime::now() - Duration::from_secs(age);
        std::fs::File::options().write(true).open(&table).unwrap().set_modified(when).unwrap();
    };
    let capabilities = json!({ "workspace": {
        "didChangeWatchedFiles": { "dynamicRegistration": true },
        "inlayHint": { "refreshSupport": true },
    } });
    let mut editor = Editor::with(capabilities, Value::Null);
    let asked = editor.wait_for(|m| m["method"] == "client/registerCapability");
    assert_eq!(asked["params"]["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    editor.open(&uri(&main), text);
    assert_eq!(codes(&editor.diagnostics(&uri(&main), 1)), ["E0501"], "there is no file");
    let changed = json!({ "changes": [{ "uri": uri(&table), "type": 2 }] });
    write("a,c\n1,2\n", 60);
    editor.notify("workspace/didChangeWatchedFiles", changed.clone());
    let found = editor.diagnostics(&uri(&main), 1);
    assert_eq!(codes(&found), ["E0503"], "there is no such column: {found:?}");
    write("a,b\n1,2\n", 30);
    editor.notify("workspace/didChangeWatchedFiles", changed);
    assert_eq!(editor.diagnostics(&uri(&main), 1), Vec::<Value>::new());
    editor.wait_for(|m| m["method"] == "workspace/inlayHint/refresh");
}

#[test]
fn a_picture_that_is_cut_short_in_place_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.nn");
    let picture = folder.path().join("pictures/a/0.png");
    std::fs::create_dir_all(folder.path().join("pictures/a")).unwrap();
    std::fs::create_dir_all(folder.path().join("pictures/b")).unwrap();
    let write = |path: &Path, content: &[u8], age: u64| {
        std::fs::write(path, content).unwrap();
        let when = SystemTime::now() - Duration::from_secs(age);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(when).unwrap();
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(8, 8).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let whole = bytes.into_inner();
    write(&picture, &whole, 60);
    write(&folder.path().join("pictures/b/0.png"), &whole, 60);
    for class in ["", "a", "b"] {
        let when = SystemTime::now() - Duration::from_secs(50);
        std::fs::File::open(folder.path().join("pictures").join(class)).unwrap().set_modified(when).unwrap();
    }
    let text = "data d {\n  let p = image_folder(\"pictures\", size: [8, 8], channels: 1)\n  field x = p.image\n}\n";
    let mut editor = Editor::plain();
    editor.open(&uri(&main), text);
    assert_eq!(editor.diagnostics(&uri(&main), 1), Vec::<Value>::new());
    // The folder's time does not move.
    write(&picture, &whole[..whole.len() - 8], 30);
    editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&picture), "type": 2 }] }));
    assert_eq!(codes(&editor.diagnostics(&uri(&main), 1)), ["E0530"]);
}

#[test]
fn data_is_looked_at_also_where_nobody_watches_it() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.nn");
    let mut editor = Editor::plain();
    editor.open(&uri(&main), "data d {\n  let t = csv(\"t.csv\")\n  field x = t.a\n}\n");
    assert_eq!(codes(&editor.diagnostics(&uri(&main), 1)), ["E0501"]);
    std::fs::write(folder.path().join("t.csv"), "a\n1\n").unwrap();
    assert_eq!(editor.diagnostics(&uri(&main), 1), Vec::<Value>::new());
}

#[test]
fn documents_that_were_never_opened_are_read_from_disk() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/xor.nn");
    let mut editor = Editor::with(json!({ "textDocument": { "diagnostic": {} } }), Value::Null);
    let report = editor.request("textDocument/diagnostic", document(&uri(&path))).unwrap();
    assert_eq!(report["items"], json!([]));
    let missing = editor.request("textDocument/diagnostic", document("file:///nowhere/a.nn")).unwrap_err();
    assert_eq!(missing["code"], -32803);
    assert!(missing["message"].as_str().unwrap().contains("/nowhere/a.nn"), "{missing}");
}

#[test]
fn a_document_is_formatted_by_small_edits() {
    let mut editor = Editor::plain();
    editor.open(URI, "hyper  a = 1\r\n\r\nblock B(x) {\r\n  x|>relu\r\n}\r\n");
    let options = json!({ "tabSize": 4, "insertSpaces": false });
    let edits =
        editor.request("textDocument/formatting", json!({ "textDocument": { "uri": URI }, "options": options }));
    let texts: Vec<Value> = edits.unwrap().as_array().unwrap().iter().map(|e| e["newText"].clone()).collect();
    assert_eq!(texts, [" ", " ", " "]);
    let range = json!({ "start": { "line": 3, "character": 0 }, "end": { "line": 3, "character": 9 } });
    let params = json!({ "textDocument": { "uri": URI }, "range": range, "options": options });
    let edits = editor.request("textDocument/rangeFormatting", params).unwrap();
    assert_eq!(edits[0]["range"]["start"], json!({ "line": 3, "character": 3 }));
    assert_eq!(edits.as_array().unwrap().len(), 2);
    editor.change(URI, 2, "hyper  a = \n");
    let edits =
        editor.request("textDocument/formatting", json!({ "textDocument": { "uri": URI }, "options": options }));
    assert_eq!(edits.unwrap(), json!([]));
}

const CNN: &str = "data digits {
  let t = rows([[0, 1, 2, 3, 0], [3, 2, 1, 0, 1]], columns: [a, b, c, d, k])
  field image = t[a .. d] |> reshape([1, 2, 2])
  field kind  = t.k |> classes
}

block Unit(channels)(x: [C, H, W]) -> [channels, H, W] {
  x |> Conv2d(channels, kernel: 3, padding: same) |> relu
}

model Net(image: digits.image) -> logits: [2] {
  image
  |> Unit(4)
  |> Flatten |> Dense(2)
}

train Net on digits {
  loss:      cross_entropy(logits, kind)
  optimizer: Adam(lr: 0.01)
  epochs:    1
  batch:     2
}
";

fn whole(uri: &str) -> Value {
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 999, "character": 0 } });
    json!({ "textDocument": { "uri": uri }, "range": range })
}

/// `line:character label`
fn shown(hints: &Value) -> Vec<String> {
    let hints = hints.as_array().unwrap().iter();
    hints
        .map(|h| format!("{}:{} {}", h["position"]["line"], h["position"]["character"], h["label"].as_str().unwrap()))
        .collect()
}

#[test]
fn hints_show_shapes_and_parameters() {
    let mut editor = Editor::plain();
    editor.open(URI, CNN);
    let hints = editor.request("textDocument/inlayHint", whole(URI)).unwrap();
    assert_eq!(
        shown(&hints),
        [
            "2:13 : [1, 2, 2]",
            "3:12 : class(2)",
            "7:49 → [4, 2, 2] · 40",
            "7:57 → [4, 2, 2]",
            "12:12 → [4, 2, 2] · 40",
            "13:12 → [16]",
            "13:24 → [2] · 34",
        ]
    );
    // Only of the lines that are asked for.
    let range = json!({ "start": { "line": 12, "character": 0 }, "end": { "line": 13, "character": 0 } });
    let hints = editor.request("textDocument/inlayHint", json!({ "textDocument": { "uri": URI }, "range": range }));
    assert_eq!(shown(&hints.unwrap()), ["12:12 → [4, 2, 2] · 40"]);
    for empty in ["", "\n", "# nothing"] {
        editor.change(URI, 2, empty);
        assert_eq!(editor.request("textDocument/inlayHint", whole(URI)).unwrap(), json!([]));
    }
}

#[test]
fn hints_are_switched_off_and_on() {
    let capabilities = json!({ "workspace": { "configuration": true, "inlayHint": { "refreshSupport": true } } });
    let mut editor = Editor::with(capabilities, json!({ "inlayHints": { "shapes": false } }));
    editor.open(URI, PROGRAM);
    editor.wait_for(|m| m["method"] == "workspace/configuration");
    let hints = |editor: &mut Editor| shown(&editor.request("textDocument/inlayHint", whole(URI)).unwrap());
    assert_eq!(hints(&mut editor), ["1:15 · 40", "1:35 · 27"]);
    editor.configuration = json!({ "inlayHints": { "shapes": true, "parameters": false } });
    editor.notify("workspace/didChangeConfiguration", json!({ "settings": null }));
    editor.wait_for(|m| m["method"] == "workspace/inlayHint/refresh");
    assert_eq!(hints(&mut editor), ["1:15 → [8]", "1:23 → [8]", "1:35 → [3]"]);
}

#[test]
fn lenses_run_trains_and_show_what_models_cost() {
    let mut editor = Editor::plain();
    editor.open(URI, CNN);
    let lenses = editor.request("textDocument/codeLens", document(URI)).unwrap();
    let commands: Vec<Value> = lenses.as_array().unwrap().iter().map(|l| l["command"].clone()).collect();
    assert_eq!(commands[0]["title"], "74 parameters · 296 B · 395 FLOP");
    assert_eq!(commands[0]["command"], "nnrun.showGraph");
    assert_eq!((&commands[1]["title"], &commands[1]["command"]), (&json!("▶ Run"), &json!("nnrun.run")));
    // The only train of a file is the file.
    assert_eq!(commands[1]["arguments"], json!([URI]));
    assert_eq!(lenses[1]["range"]["start"]["line"], 16);
}

#[test]
fn each_of_several_trains_has_a_lens() {
    let (before, train) = CNN.split_at(CNN.find("train Net").unwrap());
    let second = before.replace("digits", "others").replace("Unit", "Other").replace("Net", "Second")
        + &train.replace("Net", "Second").replace("digits", "others");
    let mut editor = Editor::plain();
    editor.open(URI, &format!("{CNN}\n{second}"));
    let lenses = editor.request("textDocument/codeLens", document(URI)).unwrap();
    let runs: Vec<(Value, Value)> = lenses
        .as_array()
        .unwrap()
        .iter()
        .filter(|lens| lens["command"]["command"] == "nnrun.run")
        .map(|lens| (lens["command"]["title"].clone(), lens["command"]["arguments"].clone()))
        .collect();
    let expected = [("▶ Run", json!([URI, "Net"])), ("▶ Run all", json!([URI])), ("▶ Run", json!([URI, "Second"]))];
    assert_eq!(runs, expected.map(|(title, arguments)| (json!(title), arguments)));
}

#[test]
fn paths_are_links() {
    let folder = tempfile::tempdir().unwrap();
    let (main, part, table) =
        (folder.path().join("main.nn"), folder.path().join("part.nn"), folder.path().join("模.csv"));
    std::fs::write(&part, "hyper a = 1\n").unwrap();
    std::fs::write(&table, "a\n1\n").unwrap();
    let text = "import \"part.nn\"\nimport \"gone.nn\"\ndata d {\n  let t = csv(\"模.csv\")\n  field x = t.a\n}\n";
    let mut editor = Editor::plain();
    editor.open(&uri(&main), text);
    let links = editor.request("textDocument/documentLink", document(&uri(&main))).unwrap();
    assert_eq!(links.as_array().unwrap().len(), 2, "{links}");
    assert_eq!(links[0]["target"], uri(&part).as_str());
    assert_eq!(
        links[0]["range"],
        json!({ "start": { "line": 0, "character": 8 }, "end": { "line": 0, "character": 15 } })
    );
    assert!(links[1]["target"].as_str().unwrap().ends_with("/%E6%A8%A1.csv"), "{links}");
    assert_eq!(links[1]["tooltip"], "Open the data (4 B)");
}

#[test]
fn texts_fold_and_selections_grow() {
    let mut editor = Editor::plain();
    editor.open(URI, &CNN.replace('\n', "\r\n"));
    let folds = editor.request("textDocument/foldingRange", document(URI)).unwrap();
    let lines: Vec<(i64, i64)> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["startLine"].as_i64().unwrap(), f["endLine"].as_i64().unwrap()))
        .collect();
    assert_eq!(lines, [(0, 4), (6, 8), (10, 14), (16, 21)]);
    let params = json!({ "textDocument": { "uri": URI }, "positions": [{ "line": 13, "character": 18 }] });
    let ranges = editor.request("textDocument/selectionRange", params).unwrap();
    assert_eq!(ranges[0]["range"]["start"], json!({ "line": 13, "character": 16 }));
    assert_eq!(ranges[0]["parent"]["parent"]["range"]["start"], json!({ "line": 11, "character": 2 }));
}

/// The hover at the first place where `word` stands in the text, moved on by `by` characters.
fn hover(editor: &mut Editor, text: &str, word: &str, by: usize) -> String {
    let offset = text.find(word).unwrap_or_else(|| panic!("{word} is not there")) + by;
    let line = text[..offset].matches('\n').count();
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let character = text[start..offset].encode_utf16().count();
    let found = editor.request("textDocument/hover", at(URI, line, character)).unwrap();
    found["contents"]["value"].as_str().unwrap_or("nothing").to_owned()
}

#[test]
fn hover_says_what_a_word_is_here() {
    let mut editor = Editor::plain();
    let text =
        format!("hyper wide = 2 * 8\n\n## Squares its input.\nblock Square(x: [D]) -> [D] {{\n  x * x\n}}\n\n{CNN}");
    editor.open(URI, &text);
    let mut pages = String::new();
    for (word, by) in [
        ("wide", 1),
        ("block Square", 8),
        ("x * x", 0),
        ("* x", 0),
        ("image = t", 1),
        ("kind  =", 1),
        ("Conv2d", 3),
        ("kernel:", 2),
        ("same", 1),
        ("relu", 1),
        ("Net", 1),
        ("Unit(4)", 1),
        ("H, W", 0),
        ("Dense(2)", 1),
        ("batch:", 2),
        ("Adam", 1),
        ("train Net", 1),
        ("|> Flatten", 0),
        ("digits {", 1),
        ("cross_entropy", 3),
        ("logits,", 2),
        ("channels)", 2),
    ] {
        pages.push_str(&format!("──── {word}\n{}\n\n", hover(&mut editor, &text, word, by)));
    }
    insta::assert_snapshot!(pages);
    assert_eq!(hover(&mut editor, &text, "{\n", 0), "nothing");
    editor.change(URI, 2, "");
    assert_eq!(editor.request("textDocument/hover", at(URI, 0, 0)).unwrap(), Value::Null);
}

#[test]
fn hover_on_a_column_says_what_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "age,who\n31,ann\n,bob\n40.5,ann\n").unwrap();
    let text = "data d {\n  let t = csv(\"t.csv\")\n  field x = t.age |> fill(mean)\n  field y = t.who |> classes\n}\n";
    let main = uri(&folder.path().join("main.nn"));
    let mut editor = Editor::plain();
    editor.open(&main, text);
    let mut says = |line, character| {
        let found = editor.request("textDocument/hover", at(&main, line, character)).unwrap();
        found["contents"]["value"].as_str().unwrap().to_owned()
    };
    assert!(says(2, 15).contains("`age`: numbers from 31 to 40.5, 1 missing"), "{}", says(2, 15));
    let field = says(3, 8);
    assert!(field.contains("field y: class(2)") && field.contains("Classes: `ann`, `bob`"), "{field}");
    assert!(field.contains("Examples: 3 train") && field.contains("`who`: text: `ann`, `bob`"), "{field}");
}

#[test]
fn tokens_are_as_names_resolve() {
    let mut editor = Editor::plain();
    let text = "# 𝔸\r\nmodel M(x: [T, 4]) -> mean: [T, 2] {\r\n  x |> Dense(2) |> softmax(axis: -1)\r\n}\r\n";
    editor.open(URI, text);
    let legend = editor.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"].clone();
    let decode = |answer: &Value| {
        let numbers: Vec<u64> = answer["data"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let (mut line, mut character) = (0, 0);
        let mut shown = Vec::new();
        for token in numbers.chunks(5) {
            character = if token[0] > 0 { token[1] } else { character + token[1] };
            line += token[0];
            shown.push(format!("{line}:{character}+{} {}", token[2], legend[token[3] as usize].as_str().unwrap()));
        }
        shown
    };
    let full = decode(&editor.request("textDocument/semanticTokens/full", document(URI)).unwrap());
    assert_eq!(full[..4], ["0:0+4 comment", "1:0+5 keyword", "1:6+1 class", "1:8+1 parameter"]);
    assert!(full.contains(&"1:12+1 typeParameter".to_owned()), "{full:?}");
    assert!(full.contains(&"2:7+5 class".to_owned()) && full.contains(&"2:19+7 function".to_owned()), "{full:?}");
    let range = json!({ "start": { "line": 2, "character": 0 }, "end": { "line": 3, "character": 0 } });
    let part =
        editor.request("textDocument/semanticTokens/range", json!({ "textDocument": { "uri": URI }, "range": range }));
    let of_line: Vec<String> = full.iter().filter(|token| token.starts_with("2:")).cloned().collect();
    assert_eq!(decode(&part.unwrap()), of_line);
    editor.change(URI, 2, "");
    assert_eq!(editor.request("textDocument/semanticTokens/full", document(URI)).unwrap()["data"], json!([]));

    // A client with a grammar is told what that cannot know.
    let capabilities = json!({ "textDocument": { "semanticTokens": { "augmentsSyntaxTokens": true } } });
    let mut editor = Editor::with(capabilities, Value::Null);
    editor.open(URI, text);
    let told = decode(&editor.request("textDocument/semanticTokens/full", document(URI)).unwrap());
    let is_of_grammar =
        |token: &String| ["comment", "keyword", "number", "operator"].iter().any(|k| token.ends_with(k));
    let expected: Vec<String> = full.iter().filter(|token| !is_of_grammar(token)).cloned().collect();
    assert_eq!(told, expected);
}
