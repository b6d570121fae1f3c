//! The loop, from `initialize` to `exit`.

use super::client::Client;
use super::failure::Failure;
use super::publish::{self, Publisher};
use super::requests::{Requests, capabilities};
use super::settings::SECTION;
use super::snapshot::Snapshot;
use super::transport::{Inbox, Incoming, Next, Outbox};
use super::{Ending, uri};
use gen_lsp_types::{
    ConfigurationItem, ConfigurationParams, ConfigurationRequest, DidChangeConfigurationParams,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, FileSystemWatcher,
    InitializeResult, LogMessageParams, MessageType, Registration, RegistrationParams, RegistrationRequest,
    Request as _, ServerInfo, Uri,
};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How often files are looked at that the client may not watch.
const PATIENCE: Duration = Duration::from_secs(2);
/// An editor that tells of a key asks about it a moment later, and what it asks is more urgent than what we tell unasked:
/// so long nothing must come in before we begin with that.
const GRACE: Duration = Duration::from_millis(10);
/// An editor that never ceases to ask is told nevertheless.
const MOST_GRACE: Duration = Duration::from_millis(100);

/// Files on which programs depend: other programs, and what data is read from.
const WATCHED: &str = "**/*.{nn,csv,tsv,txt,gz,npy,npz,idx,png,jpg,jpeg,safetensors}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing but `initialize` is answered.
    Fresh,
    Running,
    /// Nothing but `exit` is expected.
    ShutDown,
}

/// What an answer of the client is to.
enum Asked {
    /// Our section of its configuration.
    Configuration,
    /// Nothing to do but to note a refusal.
    Other(String),
}

/// A conversation with one client.
pub(super) struct Server {
    inbox: Inbox,
    outbox: Outbox,
    phase: Phase,
    snapshot: Snapshot,
    requests: Requests,
    publisher: Publisher,
    asked: BTreeMap<RequestId, Asked>,
    /// When the first message came in after the last news.
    untold_since: Option<Instant>,
    next_id: i32,
}

impl Server {
    pub fn new(inbox: Inbox, outbox: Outbox) -> Server {
        Server {
            inbox,
            outbox,
            phase: Phase::Fresh,
            snapshot: Snapshot::default(),
            requests: Requests::all(),
            publisher: Publisher::default(),
            asked: BTreeMap::new(),
            untold_since: None,
            next_id: 1,
        }
    }

    /// Until the client leaves. `Err` where it can no longer be written to.
    pub fn run(mut self) -> io::Result<Ending> {
        loop {
            let untold_since = *self.untold_since.get_or_insert_with(Instant::now);
            let grace = GRACE.min(MOST_GRACE.saturating_sub(untold_since.elapsed()));
            let next = match self.inbox.next(grace) {
                Next::Silence => {
                    self.tell_news()?;
                    self.untold_since = None;
                    self.inbox.next(PATIENCE)
                }
                next => next,
            };
            match next {
                Next::Silence => {}
                Next::End => return Ok(self.ending()),
                Next::Message(Incoming::Malformed { id, code, reason }) => {
                    self.log(MessageType::Warning, &format!("a message was not understood: {reason}"))?;
                    self.outbox.refuse(&id, code, &reason)?;
                }
                Next::Message(Incoming::Message(Message::Request(request))) => self.request(request)?,
                Next::Message(Incoming::Message(Message::Response(response))) => self.response(response)?,
                Next::Message(Incoming::Message(Message::Notification(notification))) => {
                    if notification.method == "exit" {
                        return Ok(self.ending());
                    }
                    self.notification(notification)?;
                }
            }
        }
    }

    fn ending(&self) -> Ending {
        if self.phase == Phase::ShutDown { Ending::Orderly } else { Ending::Abrupt }
    }

    fn request(&mut self, request: Request) -> io::Result<()> {
        let Request { id, method, params } = request;
        let answer = match (self.phase, method.as_str()) {
            (Phase::Fresh, "initialize") => Ok(self.initialize(&params).to_string()),
            (Phase::Fresh, _) => {
                let reason = format!("`{method}` came before `initialize`");
                Err(Failure::new(ErrorCode::ServerNotInitialized, reason))
            }
            (_, "initialize") => Err(Failure::new(ErrorCode::InvalidRequest, "`initialize` comes once")),
            (Phase::ShutDown, _) => {
                Err(Failure::new(ErrorCode::InvalidRequest, format!("`{method}` came after `shutdown`")))
            }
            (Phase::Running, "shutdown") => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null.to_string())
            }
            (Phase::Running, _) if self.take_cancel(&id) => {
                Err(Failure::new(ErrorCode::RequestCanceled, "cancelled before it was begun"))
            }
            (Phase::Running, _) => {
                let (requests, snapshot) = (&self.requests, &self.snapshot);
                match caught(|| requests.answer(snapshot, &method, params)) {
                    Ok(answer) => answer,
                    Err(panic) => {
                        self.log(MessageType::Error, &format!("`{method}` failed by a mistake of nnrun: {panic}"))?;
                        let reason = format!("a mistake of nnrun: {panic}");
                        Err(Failure::new(ErrorCode::InternalError, reason))
                    }
                }
            }
        };
        match answer {
            Ok(result) => self.outbox.answer(&id, &result),
            Err(failure) => self.outbox.send(Response { id, response_result: Err(failure.into()) }),
        }
    }

    /// Whether a notification that waits cancels the request.
    fn take_cancel(&mut self, id: &RequestId) -> bool {
        let waiting = self.inbox.waiting();
        let cancels = |incoming: &Incoming| match incoming {
            Incoming::Message(Message::Notification(n)) if n.method == "$/cancelRequest" => {
                let cancelled = n.params.get("id").cloned().and_then(|id| serde_json::from_value(id).ok());
                cancelled.is_some_and(|cancelled: RequestId| cancelled == *id)
            }
            _ => false,
        };
        match waiting.iter().position(cancels) {
            Some(at) => waiting.remove(at).is_some(),
            None => false,
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.phase = Phase::Running;
        self.snapshot.client = Client::of(params);
        if let Some(options) = params.get("initializationOptions") {
            self.snapshot.settings.update(options);
        }
        let folders = params.get("workspaceFolders").and_then(Value::as_array);
        let named = folders.into_iter().flatten().filter_map(|f| f.get("uri"));
        let root = params.get("rootUri").filter(|_| folders.is_none_or(Vec::is_empty));
        let uris = named.chain(root).filter_map(Value::as_str);
        self.snapshot.folders = uris.map(|text| uri::to_path(&Uri::from(text))).collect();
        let info = ServerInfo { name: "nnrun".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
        json!(InitializeResult { capabilities: capabilities(), server_info: Some(info) })
    }

    fn notification(&mut self, notification: Notification) -> io::Result<()> {
        let Notification { method, params } = notification;
        if self.phase != Phase::Running {
            // Before `initialize` and after `shutdown` notifications are dropped, as the protocol wants.
            return Ok(());
        }
        match method.as_str() {
            "initialized" => self.initialized(),
            "textDocument/didOpen" => self.with(&method, params, |server, params: DidOpenTextDocumentParams| {
                let document = params.text_document;
                server.snapshot.documents.open(document.uri, document.version, document.text);
                Ok(())
            }),
            "textDocument/didChange" => self.with(&method, params, |server, params: DidChangeTextDocumentParams| {
                let (uri, version) = (params.text_document.text_document_identifier.uri, params.text_document.version);
                if server.snapshot.documents.change(&uri, version, params.content_changes) {
                    return Ok(());
                }
                server.log(MessageType::Warning, &format!("{} was changed but never opened", uri.0))
            }),
            "textDocument/didClose" => self.with(&method, params, |server, params: DidCloseTextDocumentParams| {
                let uri = params.text_document.uri;
                server.snapshot.documents.close(&uri);
                server.snapshot.analyses.forget(&uri);
                match server.publisher.close(&uri, &server.snapshot) {
                    Some(told) => server.outbox.send(told),
                    None => Ok(()),
                }
            }),
            "workspace/didChangeConfiguration" => {
                self.with(&method, params, |server, params: DidChangeConfigurationParams| {
                    server.configure(&params.settings)?;
                    server.ask_for_configuration()
                })
            }
            "workspace/didChangeWorkspaceFolders" => {
                self.with(&method, params, |server, params: DidChangeWorkspaceFoldersParams| {
                    let folders = &mut server.snapshot.folders;
                    let gone: Vec<_> = params.event.removed.iter().map(|f| uri::to_path(&f.uri)).collect();
                    folders.retain(|folder| !gone.contains(folder));
                    folders.extend(params.event.added.iter().map(|f| uri::to_path(&f.uri)));
                    Ok(())
                })
            }
            // The stamps of files are compared before every answer.
            "workspace/didChangeWatchedFiles" => {
                self.with(&method, params, |server, params: DidChangeWatchedFilesParams| {
                    for change in params.changes {
                        server.snapshot.analyses.changed(&uri::to_path(&change.uri));
                    }
                    Ok(())
                })
            }
            // All that it does is to wake us.
            "textDocument/didSave" => Ok(()),
            // A request that is cancelled too late was answered; `$/` may be ignored.
            _ if method.starts_with("$/") => Ok(()),
            _ => self.log(MessageType::Log, &format!("the notification `{method}` is not known here")),
        }
    }

    /// Does something with the parameters of a notification, which cannot be answered where they do not fit.
    fn with<P: DeserializeOwned>(
        &mut self,
        method: &str,
        params: Value,
        act: impl FnOnce(&mut Self, P) -> io::Result<()>,
    ) -> io::Result<()> {
        match serde_json::from_value(params) {
            Ok(params) => act(self, params),
            Err(error) => self.log(MessageType::Warning, &format!("the parameters of `{method}` do not fit: {error}")),
        }
    }

    /// Asks the client for what it does only when asked.
    fn initialized(&mut self) -> io::Result<()> {
        let client = self.snapshot.client;
        let mut registrations = Vec::new();
        if client.watches_files {
            let watcher = FileSystemWatcher { glob_pattern: WATCHED.to_owned().into(), kind: None };
            let options = DidChangeWatchedFilesRegistrationOptions { watchers: vec![watcher] };
            registrations.push(Registration {
                id: "nnrun-files".to_owned(),
                method: "workspace/didChangeWatchedFiles".to_owned(),
                register_options: Some(json!(options)),
            });
        }
        if client.registers_configuration {
            registrations.push(Registration {
                id: "nnrun-configuration".to_owned(),
                method: "workspace/didChangeConfiguration".to_owned(),
                register_options: Some(json!({ "section": SECTION })),
            });
        }
        if !registrations.is_empty() {
            let method = RegistrationRequest::METHOD.to_string();
            self.ask(&method, json!(RegistrationParams { registrations }), Asked::Other(method.clone()))?;
        }
        self.ask_for_configuration()
    }

    fn ask_for_configuration(&mut self) -> io::Result<()> {
        if !self.snapshot.client.gives_configuration {
            return Ok(());
        }
        let item = ConfigurationItem { scope_uri: None, section: Some(SECTION.to_owned()) };
        let params = json!(ConfigurationParams { items: vec![item] });
        self.ask(&ConfigurationRequest::METHOD.to_string(), params, Asked::Configuration)
    }

    /// Takes the user's settings. Where they change something, the client is told to ask again.
    fn configure(&mut self, value: &Value) -> io::Result<()> {
        let before = self.snapshot.settings;
        self.snapshot.settings.update(value);
        if self.snapshot.settings == before {
            return Ok(());
        }
        self.refresh(publish::refreshes(&self.snapshot))
    }

    fn response(&mut self, response: Response) -> io::Result<()> {
        match (self.asked.remove(&response.id), response.response_result) {
            (Some(Asked::Configuration), Ok(value)) => match value.get(0).cloned() {
                Some(section) => self.configure(&section),
                None => Ok(()),
            },
            (Some(Asked::Configuration), Err(_)) => Ok(()),
            (Some(Asked::Other(method)), Err(error)) => {
                self.log(MessageType::Log, &format!("the client refused `{method}`: {}", error.message))
            }
            (Some(Asked::Other(_)), Ok(_)) | (None, _) => Ok(()),
        }
    }

    fn ask(&mut self, method: &str, params: Value, asked: Asked) -> io::Result<()> {
        let id = RequestId::from(self.next_id);
        self.next_id += 1;
        self.asked.insert(id.clone(), asked);
        self.outbox.send(Request { id, method: method.to_owned(), params })
    }

    fn refresh(&mut self, methods: Vec<String>) -> io::Result<()> {
        for method in methods {
            self.ask(&method, Value::Null, Asked::Other(method.clone()))?;
        }
        Ok(())
    }

    /// Brings the client's view of every open document up to date, until something comes in that is more urgent.
    fn tell_news(&mut self) -> io::Result<()> {
        if self.phase != Phase::Running {
            return Ok(());
        }
        let open: Vec<Uri> = self.snapshot.documents.iter().map(|d| d.uri.clone()).collect();
        let mut refreshes = Vec::new();
        for uri in open {
            let (publisher, snapshot) = (&mut self.publisher, &self.snapshot);
            match caught(|| publisher.look_at(&uri, snapshot)) {
                Ok(news) => {
                    for told in news.diagnostics {
                        self.outbox.send(told)?;
                    }
                    if !news.refreshes.is_empty() {
                        refreshes = news.refreshes;
                    }
                }
                Err(panic) => {
                    let text = format!("{} cannot be checked by a mistake of nnrun: {panic}", uri.0);
                    self.log(MessageType::Error, &text)?;
                }
            }
            if !self.inbox.waiting().is_empty() {
                break;
            }
        }
        self.snapshot.analyses.tidy();
        self.refresh(refreshes)
    }

    /// A line in the client's log, and where it is serious on standard error.
    fn log(&mut self, kind: MessageType, message: &str) -> io::Result<()> {
        if kind == MessageType::Error {
            eprintln!("{message}");
        }
        let params = LogMessageParams { kind, message: message.to_owned() };
        self.outbox.send(Notification::new("window/logMessage".to_owned(), params))
    }
}

/// What `act` gives, or what it panicked with. Everything that it looks at is either not changed by it, or a cache whose
/// entries are put in whole.
fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| words_of(&*panic))
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason is known").to_owned()
}
