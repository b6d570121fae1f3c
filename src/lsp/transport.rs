//! Messages in and out: a header with a length, then JSON.
//!
//! A thread of its own reads ahead, so that the server can see what is waiting. What is no message is given on as what
//! it is: one broken message must not end a session.

use lsp_server::{ErrorCode, Message, RequestId};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// More than any program is: a length beyond it is no length, and must not become an allocation.
const MOST_BYTES: usize = 1 << 28;

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message.
    Message(Message),
    /// Something else, with the answer that it deserves.
    Malformed {
        /// Its id where it has one, else null.
        id: Value,
        /// What sort of mistake it is.
        code: ErrorCode,
        /// What is wrong with it.
        reason: String,
    },
}

/// What has come in and was not worked on yet.
pub(super) struct Inbox {
    arriving: Receiver<Incoming>,
    waiting: VecDeque<Incoming>,
}

/// What there is to do.
pub(super) enum Next {
    /// The oldest message.
    Message(Incoming),
    /// Nothing came in for a while.
    Silence,
    /// Nothing will come any more.
    End,
}

impl Inbox {
    /// Begins to read.
    pub fn reading(mut input: impl BufRead + Send + 'static) -> io::Result<Inbox> {
        let (sender, arriving) = channel();
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            while let Ok(Some(incoming)) = read(&mut input) {
                let is_last = matches!(&incoming, Incoming::Message(Message::Notification(n)) if n.method == "exit");
                if sender.send(incoming).is_err() || is_last {
                    break;
                }
            }
        })?;
        Ok(Inbox { arriving, waiting: VecDeque::new() })
    }

    /// Everything that waits, the oldest first.
    pub fn waiting(&mut self) -> &mut VecDeque<Incoming> {
        self.waiting.extend(self.arriving.try_iter());
        &mut self.waiting
    }

    /// The oldest message, once there is one.
    pub fn next(&mut self, patience: Duration) -> Next {
        if let Some(first) = self.waiting().pop_front() {
            return Next::Message(first);
        }
        match self.arriving.recv_timeout(patience) {
            Ok(first) => Next::Message(first),
            Err(RecvTimeoutError::Timeout) => Next::Silence,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }
}

/// Where messages go.
pub(super) struct Outbox {
    output: Box<dyn Write + Send>,
}

impl Outbox {
    pub fn new(output: impl Write + Send + 'static) -> Outbox {
        Outbox { output: Box::new(output) }
    }

    /// Sends a message.
    pub fn send(&mut self, message: impl Into<Message>) -> io::Result<()> {
        message.into().write(&mut self.output)
    }

    /// Answers a request with JSON.
    pub fn answer(&mut self, id: &RequestId, result: &str) -> io::Result<()> {
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", json!(id));
        self.write(&text)
    }

    /// Answers what was no message.
    pub fn refuse(&mut self, id: &Value, code: ErrorCode, reason: &str) -> io::Result<()> {
        // An answer without an id cannot be said in the library's types.
        let error = json!({ "code": code as i32, "message": reason });
        let text = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
        self.write(&text)
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        write!(self.output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        self.output.flush()
    }
}

/// The next message; none at the end. `Err` where the input itself fails.
fn read(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = read_header(input)? else { return Ok(None) };
    let mut content = vec![0; length];
    match input.read_exact(&mut content) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let value: Value = match serde_json::from_slice(&content) {
        Ok(value) => value,
        Err(error) => {
            let reason = format!("this is not JSON: {error}");
            return Ok(Some(Incoming::Malformed { id: Value::Null, code: ErrorCode::ParseError, reason }));
        }
    };
    let id = match value.get("id") {
        Some(id @ (Value::Number(_) | Value::String(_))) => id.clone(),
        _ => Value::Null,
    };
    Ok(Some(match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => {
            let reason = "this is neither a request nor a response nor a notification".to_owned();
            Incoming::Malformed { id, code: ErrorCode::InvalidRequest, reason }
        }
    }))
}

/// The length of the next message. Lines that belong to no header are passed over until one makes sense again.
fn read_header(input: &mut impl BufRead) -> io::Result<Option<usize>> {
    let mut length = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            match length {
                Some(length) => return Ok(Some(length)),
                None => continue,
            }
        }
        if let Some((name, value)) = text.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok().filter(|n| *n <= MOST_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    fn all(text: &str) -> Vec<Incoming> {
        let mut input = io::Cursor::new(text.to_owned());
        std::iter::from_fn(|| read(&mut input).expect("a cursor does not fail")).collect()
    }

    #[test]
    fn messages_are_read_one_after_the_other() {
        let text = framed(r#"{"jsonrpc":"2.0","method":"a"}"#) + &framed(r#"{"jsonrpc":"2.0","id":1,"method":"b"}"#);
        let found = all(&text);
        assert!(matches!(&found[0], Incoming::Message(Message::Notification(n)) if n.method == "a"));
        assert!(matches!(&found[1], Incoming::Message(Message::Request(r)) if r.method == "b"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_is_no_message_does_not_hide_the_next() {
        let good = framed(r#"{"jsonrpc":"2.0","method":"a"}"#);
        for bad in [framed("{"), framed("[]"), framed(r#"{"id":7}"#), framed("\u{1F600}"), "junk\r\n\r\n".to_owned()] {
            let found = all(&(bad.clone() + &good));
            let last = found.last();
            assert!(matches!(last, Some(Incoming::Message(Message::Notification(n))) if n.method == "a"), "{bad}");
        }
        let found = all(&framed(r#"{"id":7,"method":1}"#));
        assert!(matches!(&found[0], Incoming::Malformed { id, .. } if *id == 7));
    }

    #[test]
    fn an_absurd_length_is_no_length() {
        let text = format!("Content-Length: 99999999999999\r\n\r\n{}", framed(r#"{"method":"a"}"#));
        assert!(matches!(&all(&text)[..], [Incoming::Message(Message::Notification(_))]));
    }
}
