//! A client of the language server, which runs in a thread of the test and is talked to through pipes.

use nnrun::lsp::{Ending, serve};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write, pipe};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Long enough for a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Editor {
    to: Box<dyn Write + Send>,
    from: Receiver<(Instant, Value)>,
    server: Option<JoinHandle<Ending>>,
    child: Option<Child>,
    next_id: i64,
    /// When the last message began to be sent, and when that came in whole which was waited for last: before it was
    /// taken apart, which takes this client longer than the server needs to put it together.
    pub sent: Instant,
    pub came: Instant,
    /// What the server told or asked and nobody looked at yet.
    pub unasked: Vec<Value>,
    /// What is answered to `workspace/configuration`.
    pub configuration: Value,
    /// The answer to `initialize`.
    pub capabilities: Value,
}

impl Editor {
    /// A server that knows no client yet.
    pub fn unacquainted() -> Editor {
        let (server_input, to) = pipe().unwrap();
        let (output, server_output) = pipe().unwrap();
        let server = std::thread::spawn(move || serve(BufReader::new(server_input), server_output).unwrap());
        Editor { server: Some(server), ..Editor::between(to, output) }
    }

    /// A client of what reads here and writes there.
    fn between(to: impl Write + Send + 'static, output: impl Read + Send + 'static) -> Editor {
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let (unasked, configuration, capabilities) = (Vec::new(), Value::Null, Value::Null);
        let to = Box::new(to);
        let (sent, came) = (Instant::now(), Instant::now());
        Editor { to, from, server: None, child: None, next_id: 1, sent, came, unasked, configuration, capabilities }
    }

    /// A server in a process of its own.
    pub fn running(binary: &Path, capabilities: Value) -> Editor {
        let mut command = Command::new(binary);
        let mut child = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Editor { child: Some(child), ..Editor::between(to, output) }.introduced(capabilities, Value::Null)
    }

    /// A server that knows this client.
    pub fn with(capabilities: Value, options: Value) -> Editor {
        Editor::unacquainted().introduced(capabilities, options)
    }

    fn introduced(self, capabilities: Value, options: Value) -> Editor {
        let mut editor = self;
        let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities, "initializationOptions": options });
        editor.capabilities = editor.request("initialize", params).unwrap()["capabilities"].clone();
        editor.notify("initialized", json!({}));
        editor
    }

    /// A server for a client that can do little.
    pub fn plain() -> Editor {
        Editor::with(json!({}), Value::Null)
    }

    pub fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    pub fn send_text(&mut self, text: &str) {
        self.sent = Instant::now();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and gives its id.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The result of a request, or its error.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// The answer to a request that was sent.
    pub fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let answer = self.wait_for(|message| message.get("method").is_none() && message["id"] == id);
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// The first message of the server that `is_it`, also of those that came before.
    pub fn wait_for(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.unasked.iter().position(&is_it) {
            return self.unasked.remove(at);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let (came, message) =
                self.from.recv_timeout(left).unwrap_or_else(|_| panic!("no such message; {:?}", self.unasked));
            if message.get("method").is_some() && message.get("id").is_some() {
                let result = match message["method"].as_str() {
                    Some("workspace/configuration") => json!([self.configuration]),
                    _ => Value::Null,
                };
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
            }
            if is_it(&message) {
                self.came = came;
                return message;
            }
            self.unasked.push(message);
        }
    }

    pub fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "nn", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&mut self, uri: &str, version: i64, text: &str) {
        let params =
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "text": text }] });
        self.notify("textDocument/didChange", params);
    }

    /// The diagnostics that are published for this version of a document.
    pub fn diagnostics(&mut self, uri: &str, version: i64) -> Vec<Value> {
        let message = self.wait_for(|m| {
            m["method"] == "textDocument/publishDiagnostics"
                && m["params"]["uri"] == uri
                && m["params"]["version"] == version
        });
        message["params"]["diagnostics"].as_array().unwrap().clone()
    }

    /// `shutdown` and `exit`: how the server ended.
    pub fn leave(mut self) -> Ending {
        self.request("shutdown", Value::Null).unwrap();
        self.notify("exit", Value::Null);
        match (self.server.take(), self.child.take()) {
            (Some(server), _) => server.join().unwrap(),
            (None, child) => match child.unwrap().wait().unwrap().code() {
                Some(0) => Ending::Orderly,
                _ => Ending::Abrupt,
            },
        }
    }

    /// Goes away without a word.
    pub fn vanish(mut self) -> Ending {
        let server = self.server.take().unwrap();
        drop(self);
        server.join().unwrap()
    }
}

fn read(input: &mut impl BufRead) -> Option<(Instant, Value)> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut content = vec![0; length?];
    input.read_exact(&mut content).ok()?;
    let came = Instant::now();
    Some((came, serde_json::from_slice(&content).ok()?))
}

/// The URI of a file whose path has nothing to escape.
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// `{ textDocument: { uri } }`
pub fn document(uri: &str) -> Value {
    json!({ "textDocument": { "uri": uri } })
}

/// `{ textDocument: { uri }, position: … }`
pub fn at(uri: &str, line: usize, character: usize) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } })
}
