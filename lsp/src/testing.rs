//! An editor for tests: it speaks to the desk in this process, and fails when the server says
//! something that the test did not expect.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_core::Stream;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower_lsp_server::jsonrpc::{Error, Id, Request, Response};

use crate::desk::{self, Desk};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An editor and its server.
pub(crate) struct Editor {
    desk: Desk,
    runtime: Runtime,
    heard: mpsc::UnboundedReceiver<Request>,
    answers: mpsc::UnboundedSender<Response>,
    /// What the server has said, and nobody has asked for yet.
    unread: VecDeque<Request>,
    /// How many messages were sent.
    sent: u64,
    asked: i64,
    pub(crate) folder: TempDir,
    /// What it has answered to `initialize`.
    pub(crate) hello: Value,
}

/// Where a `$0` stood in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    line: usize,
    character: usize,
}

impl Cursor {
    pub(crate) fn position(self) -> Value {
        json!({ "line": self.line, "character": self.character })
    }
}

/// Takes the `$0` out of a text; its place in characters.
pub(crate) fn cursor(text: &str) -> (String, Cursor) {
    let (before, after) = text.split_once("$0").expect("a cursor");
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (format!("{before}{after}"), Cursor { line, character })
}

impl Editor {
    /// An editor that asks for diagnostics itself and counts characters; the project's files are on disk.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self::with(
            files,
            json!({
                "general": { "positionEncodings": ["utf-32"] },
                "textDocument": {
                    "diagnostic": { "relatedInformation": true },
                    "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
                },
                "workspace": { "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create"] } },
            }),
        )
    }

    /// An editor with these capabilities.
    pub(crate) fn with(files: &[(&str, &str)], capabilities: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        }
        let (desk, line) = desk::open();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("it starts");
        let mut editor = Self {
            desk,
            runtime,
            heard: line.requests,
            answers: line.answers,
            unread: VecDeque::new(),
            sent: 0,
            asked: 0,
            folder,
            hello: Value::Null,
        };
        let uri = editor.uri("");
        let folders = json!([{ "uri": uri.trim_end_matches('/'), "name": "test" }]);
        let hello = json!({ "capabilities": capabilities, "workspaceFolders": folders });
        editor.hello = editor.ask("initialize", hello).expect("it says hello");
        editor.tell("initialized", json!({}));
        editor
    }

    pub(crate) fn uri(&self, path: &str) -> String {
        crate::projects::uri_of(&self.folder.path().join(path)).to_string()
    }

    fn put(&mut self, request: Request) -> oneshot::Receiver<Response> {
        let (answer, answered) = oneshot::channel();
        self.desk.put(request, answer);
        self.sent += 1;
        answered
    }

    /// Tells the server something.
    pub(crate) fn tell(&mut self, method: &'static str, params: Value) {
        drop(self.put(Request::build(method).params(params).finish()));
    }

    /// Asks, and does not wait: the id and the answer to come.
    pub(crate) fn begin(
        &mut self,
        method: &'static str,
        params: Value,
    ) -> (i64, oneshot::Receiver<Response>) {
        self.asked += 1;
        let id = self.asked;
        (id, self.put(Request::build(method).id(id).params(params).finish()))
    }

    /// Waits for an answer.
    pub(crate) fn end(&mut self, answer: oneshot::Receiver<Response>) -> Result<Value, Error> {
        let waited = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await });
        waited.expect("an answer in time").expect("an answer").into_parts().1
    }

    /// Asks and waits.
    pub(crate) fn ask(&mut self, method: &'static str, params: Value) -> Result<Value, Error> {
        let (_, answer) = self.begin(method, params);
        self.end(answer)
    }

    /// Asks about a document.
    pub(crate) fn about(&mut self, method: &'static str, path: &str, mut more: Value) -> Value {
        let uri = self.uri(path);
        more["textDocument"] = json!({ "uri": uri });
        self.ask(method, more).expect("an answer")
    }

    /// Opens a document.
    pub(crate) fn open(&mut self, path: &str, text: &str) {
        let document = json!({ "uri": self.uri(path), "languageId": "onward", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Changes the whole text of a document.
    pub(crate) fn change(&mut self, path: &str, version: i32, text: &str) {
        let document = json!({ "uri": self.uri(path), "version": version });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// Answers a request of the server.
    pub(crate) fn answer(&mut self, request: &Request, result: Value) {
        let id = request.id().cloned().expect("a request");
        self.answers.unbounded_send(Response::from_ok(id, result)).expect("the server is there");
    }

    /// Waits for the next thing that the server says unasked: this method.
    pub(crate) fn expect(&mut self, method: &str) -> Request {
        let next = match self.unread.pop_front() {
            Some(next) => next,
            None => {
                let heard = &mut self.heard;
                let next = std::future::poll_fn(|cx| Pin::new(&mut *heard).poll_next(cx));
                let waited = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, next).await });
                waited.expect("a message in time").expect("a message")
            }
        };
        assert_eq!(next.method(), method, "{next:?}");
        next
    }

    /// Waits until the server has taken and answered everything.
    pub(crate) fn settle(&mut self) {
        self.desk.wait(self.sent);
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.settle();
        while let Ok(unexpected) = self.heard.try_recv() {
            self.unread.push_back(unexpected);
        }
        assert!(self.unread.is_empty(), "the server said: {:?}", self.unread);
    }
}

/// The code of an error (LSP 3.17, `ErrorCodes`).
pub(crate) fn code(result: &Result<Value, Error>) -> Option<i64> {
    result.as_ref().err().map(|it| it.code.code())
}

/// The id of a request, as a cancellation names it.
pub(crate) fn id(number: i64) -> Value {
    serde_json::to_value(Id::Number(number)).expect("a number")
}

/// A text after `TextEdit[]` in characters.
pub(crate) fn edited(text: &str, edits: &Value) -> String {
    let offset = |place: &Value| {
        let line = place["line"].as_u64().expect("a line") as usize;
        let character = place["character"].as_u64().expect("a place") as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        start
            + text.get(start..).unwrap_or_default().chars().take(character).map(char::len_utf8).sum::<usize>()
    };
    let mut all: Vec<(usize, usize, &str)> = edits
        .as_array()
        .expect("edits")
        .iter()
        .map(|it| {
            let new = it["newText"].as_str().expect("a text");
            (offset(&it["range"]["start"]), offset(&it["range"]["end"]), new)
        })
        .collect();
    all.sort_by_key(|(start, end, _)| (*start, *end));
    let mut out = text.to_owned();
    for (start, end, new) in all.into_iter().rev() {
        out.replace_range(start..end, new);
    }
    out
}
