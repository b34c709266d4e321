//! How long an editor waits: `cargo bench -p onward-lsp --bench latency`.
//!
//! A client of its own speaks to a server over pipes, as an editor does: a project of 1,000 rule
//! files and one of 10,000 lines that somebody types in. Prints for each kind of request the
//! median and the 99th percentile, and what the server needs of memory. With `PEER` set to a
//! command such as `ruff server`, that server does the same on Python of the same size;
//! `benches/peers` gets them. `ROUNDS` says how often (200), `FILES` how many files.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if std::env::args().any(|it| it == "serve") {
        return match onward_lsp::serve() {
            Ok(_) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latency: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

fn measure() -> Outcome<()> {
    let (rounds, files) = (number("ROUNDS", 200), number("FILES", 1_000));
    let own = std::env::current_exe()?;
    let mut server = Command::new(own);
    server.arg("serve");
    println!("onward lsp, {files} files and one of 10,000 lines, {rounds} rounds");
    session(server, &Rules { files }, rounds)?;
    if let Ok(peer) = std::env::var("PEER") {
        let mut words = peer.split_whitespace();
        let mut server = Command::new(words.next().unwrap_or_default());
        server.args(words);
        println!("\n{peer}, {files} files and one of 10,000 lines, {rounds} rounds");
        session(server, &Python { files }, rounds)?;
    }
    Ok(())
}

/// A language, and a project in it.
trait Sample {
    fn name(&self) -> &'static str;
    fn ending(&self) -> &'static str;
    /// One file of many; the largest is number 0.
    fn files(&self) -> Vec<String>;
    /// Words that somebody types into the middle, letter by letter, then deletes.
    fn typed(&self) -> &'static str;
    /// Words of a line in the middle, after which it is typed.
    fn after(&self) -> &'static str;
    /// What is asked of the place, besides what every server knows.
    fn asked(&self) -> &'static [&'static str];
}

struct Rules {
    files: usize,
}

/// About 33 lines.
fn unit(n: usize) -> String {
    format!(
        r#"## Somebody has filled in form {n}.
event filled_in_{n} {{
  form: text
  amount: number?
}}

template tips_{n} email {{
  subject "Tips {n} for {{{{ contact.first_name | default "you" }}}}"
  markdown """
    # Hello

    {{% if contact.last_name is set %}}Dear {{{{ contact.last_name }}}}{{% end %}},
    here are tips on {n}.
    """
}}

## Follows up on form {n}.
workflow follow_{n} "Follow up {n}" for contact {{
  on filled_in_{n} as form where form.form = "number {n}" and contact.email is set
  once
  exit when contact.last_name = "Nobody {n}"

  first: do email tips_{n}
  wait 2 days
  if contact.first_name is set {{
    do task "Call {{{{ contact.first_name }}}} about {n}" due in 2h
  }} else {{
    do note "Nobody to call about {{{{ form.form }}}}"
  }}
  wait 1 day
  do note "Done with {n}"
}}

"#
    )
}

impl Sample for Rules {
    fn name(&self) -> &'static str {
        "onward"
    }

    fn ending(&self) -> &'static str {
        "onward"
    }

    fn files(&self) -> Vec<String> {
        let large = (0..300).map(unit).collect();
        std::iter::once(large).chain((1_000..1_000 + self.files).map(unit)).collect()
    }

    fn typed(&self) -> &'static str {
        " and contact.first_name is set"
    }

    fn after(&self) -> &'static str {
        "form.form = \"number 150\""
    }

    fn asked(&self) -> &'static [&'static str] {
        &[
            "textDocument/hover",
            "textDocument/completion",
            "textDocument/definition",
            "textDocument/references",
            "textDocument/documentHighlight",
            "textDocument/signatureHelp",
            "textDocument/selectionRange",
            "textDocument/linkedEditingRange",
            "textDocument/codeAction",
            "textDocument/codeLens",
            "textDocument/inlayHint",
            "textDocument/semanticTokens/range",
            "textDocument/semanticTokens/full",
            "textDocument/foldingRange",
            "textDocument/documentSymbol",
            "textDocument/documentLink",
            "textDocument/formatting",
            "textDocument/rangeFormatting",
            "workspace/symbol",
        ]
    }
}

struct Python {
    files: usize,
}

fn function(n: usize) -> String {
    let mut text = format!("class Form{n}:\n    \"\"\"Form {n}.\"\"\"\n\n    number: int = {n}\n\n\n");
    text.push_str(&format!("def follow_{n}(form: Form{n}, names: list[str]) -> list[str]:\n"));
    text.push_str("    \"\"\"Follows up.\"\"\"\n    found: list[str] = []\n");
    for step in 0..10 {
        text.push_str(&format!("    if form.number == {step}:\n        found.append(names[{step}])\n"));
    }
    text.push_str("    return found\n\n\n");
    text
}

impl Sample for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn ending(&self) -> &'static str {
        "py"
    }

    fn files(&self) -> Vec<String> {
        let large = (0..312).map(function).collect();
        std::iter::once(large).chain((1_000..1_000 + self.files).map(function)).collect()
    }

    fn typed(&self) -> &'static str {
        " and bool(names)"
    }

    fn after(&self) -> &'static str {
        "def follow_156(form: Form156, names: list[str]) -> list[str]:\n    \"\"\"Follows up.\"\"\"\n    found: list[str] = []\n    if form.number == 0"
    }

    fn asked(&self) -> &'static [&'static str] {
        &["textDocument/hover", "textDocument/codeAction", "textDocument/formatting"]
    }
}

/// Times of one kind of thing.
struct Times(Vec<Duration>);

impl Times {
    fn tell(mut self, what: &str) {
        self.0.sort();
        let at = |share: f64| {
            let index = ((self.0.len() as f64 - 1.0) * share).round() as usize;
            self.0.get(index).copied().unwrap_or_default().as_secs_f64() * 1_000.0
        };
        println!("{what:<42} median {:>9.3} ms   p99 {:>9.3} ms", at(0.5), at(0.99));
    }
}

fn session(command: Command, sample: &dyn Sample, rounds: usize) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let texts = sample.files();
    for (n, text) in texts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("file_{n}.{}", sample.ending())), text)?;
    }
    if sample.ending() == "onward" {
        std::fs::write(folder.path().join("onward.toml"), "")?;
    }
    let text = texts.first().map(String::as_str).unwrap_or_default();
    let begun = Instant::now();
    let mut client = Client::start(command, folder.path())?;
    let promised = client.hello(folder.path())?;
    println!("{:<42} {:>16.1} ms", "answer to initialize", begun.elapsed().as_secs_f64() * 1_000.0);
    let uri = format!("file://{}/file_0.{}", folder.path().display(), sample.ending());
    let document = json!({ "uri": uri, "languageId": sample.name(), "version": 1, "text": text });
    client.tell("textDocument/didOpen", &json!({ "textDocument": document }))?;
    client.diagnostics(&uri, 1)?;
    println!("{:<42} {:>16.1} ms", "first diagnostics", begun.elapsed().as_secs_f64() * 1_000.0);
    let offset = text.find(sample.after()).ok_or("no such words")? + sample.after().len();
    let mut typist = Typist::at(text, offset, uri.clone(), sample.typed());
    client.key_strokes(&mut typist, rounds)?;
    typist.reset(&mut client)?;
    for method in sample.asked() {
        if !promised.contains(method) {
            continue;
        }
        client.questions(method, &mut typist, rounds.min(100))?;
    }
    println!(
        "{:<42} {:>16.1} MB (peak {:.1} MB)",
        "memory",
        client.memory("VmRSS:")?,
        client.memory("VmHWM:")?
    );
    client.bye()
}

/// Somebody who types a few words, deletes them, and begins again.
struct Typist {
    uri: String,
    line: usize,
    column: usize,
    words: Vec<char>,
    /// How many letters of the words are there.
    there: usize,
    deletes: bool,
    version: i64,
}

impl Typist {
    fn at(text: &str, offset: usize, uri: String, words: &str) -> Self {
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count();
        let column = before.rfind('\n').map_or(offset, |it| offset - it - 1);
        let words = words.chars().collect();
        Self { uri, line, column, words, there: 0, deletes: false, version: 1 }
    }

    /// The next change.
    fn strike(&mut self) -> Value {
        if self.there == self.words.len() {
            self.deletes = true;
        } else if self.there == 0 {
            self.deletes = false;
        }
        let here = self.column + self.there;
        let change = if self.deletes {
            self.there -= 1;
            json!({ "range": self.range(here - 1, here), "text": "" })
        } else {
            let letter = self.words.get(self.there).copied().unwrap_or(' ');
            self.there += 1;
            json!({ "range": self.range(here, here), "text": letter.to_string() })
        };
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        json!({ "textDocument": document, "contentChanges": [change] })
    }

    fn range(&self, start: usize, end: usize) -> Value {
        let at = |character: usize| json!({ "line": self.line, "character": character });
        json!({ "start": at(start), "end": at(end) })
    }

    /// Deletes everything that was typed.
    fn reset(&mut self, client: &mut Client) -> Outcome<()> {
        while self.there > 0 {
            self.deletes = true;
            let change = self.strike();
            client.tell("textDocument/didChange", &change)?;
            client.diagnostics(&self.uri.clone(), self.version)?;
        }
        Ok(())
    }

    /// What is asked about a name before the words.
    fn question(&self, method: &str) -> Value {
        let here = json!({ "line": self.line, "character": self.column.saturating_sub(18) });
        let range = json!({ "start": here, "end": here });
        let around = json!({
            "start": { "line": self.line.saturating_sub(20), "character": 0 },
            "end": { "line": self.line + 40, "character": 0 },
        });
        let wide = matches!(
            method,
            "textDocument/semanticTokens/range" | "textDocument/inlayHint" | "textDocument/rangeFormatting"
        );
        json!({
            "textDocument": { "uri": self.uri },
            "position": here,
            "positions": [here],
            "range": if wide { around } else { range },
            "context": { "diagnostics": [], "includeDeclaration": true },
            "options": { "tabSize": 2, "insertSpaces": true },
            "query": "follow_15",
        })
    }
}

struct Client {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    asked: i64,
}

impl Client {
    fn start(mut command: Command, folder: &Path) -> Outcome<Self> {
        let mut child = command
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = child.stdout.take().ok_or("no output")?;
        let (told, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = next(&mut output) {
                if told.send(message).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, input, messages, asked: 0 })
    }

    fn send(&mut self, message: &Value) -> Outcome<()> {
        let body = message.to_string();
        // One write: what a pipe carries at once is read at once.
        let whole = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.input.write_all(whole.as_bytes())?;
        Ok(self.input.flush()?)
    }

    fn tell(&mut self, method: &str, params: &Value) -> Outcome<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// The next message; requests of the server are answered on the way.
    fn hear(&mut self) -> Outcome<Value> {
        let message = self.messages.recv_timeout(Duration::from_secs(120))?;
        if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }))?;
        }
        Ok(message)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Outcome<Value> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let message = self.hear()?;
            if message.get("method").is_none() && message.get("id") == Some(&id.into()) {
                return match message.get("error") {
                    Some(error) => Err(format!("{method}: {error}").into()),
                    None => Ok(message.get("result").cloned().unwrap_or_default()),
                };
            }
        }
    }

    /// Waits for the diagnostics of a version.
    fn diagnostics(&mut self, uri: &str, version: i64) -> Outcome<()> {
        loop {
            let message = self.hear()?;
            if message.get("method").and_then(Value::as_str) != Some("textDocument/publishDiagnostics") {
                continue;
            }
            let params = message.get("params").cloned().unwrap_or_default();
            let same = params.get("uri").and_then(Value::as_str) == Some(uri);
            if same && params.get("version").and_then(Value::as_i64).is_none_or(|it| it >= version) {
                return Ok(());
            }
        }
    }

    /// Says hello; gives the methods that are promised.
    fn hello(&mut self, folder: &Path) -> Outcome<Vec<&'static str>> {
        let uri = format!("file://{}", folder.display());
        let answer = self.ask(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": uri,
                "workspaceFolders": [{ "uri": uri, "name": "bench" }],
                "capabilities": {
                    "general": { "positionEncodings": ["utf-8", "utf-16"] },
                    "textDocument": {
                        "publishDiagnostics": { "versionSupport": true, "relatedInformation": true },
                        "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
                        "codeAction": { "codeActionLiteralSupport": { "codeActionKind": { "valueSet": [] } } },
                    },
                },
            }),
        )?;
        self.tell("initialized", &json!({}))?;
        let promises = [
            ("textDocument/hover", "hoverProvider"),
            ("textDocument/completion", "completionProvider"),
            ("textDocument/definition", "definitionProvider"),
            ("textDocument/references", "referencesProvider"),
            ("textDocument/documentHighlight", "documentHighlightProvider"),
            ("textDocument/signatureHelp", "signatureHelpProvider"),
            ("textDocument/selectionRange", "selectionRangeProvider"),
            ("textDocument/linkedEditingRange", "linkedEditingRangeProvider"),
            ("textDocument/codeAction", "codeActionProvider"),
            ("textDocument/codeLens", "codeLensProvider"),
            ("textDocument/inlayHint", "inlayHintProvider"),
            ("textDocument/semanticTokens/range", "semanticTokensProvider"),
            ("textDocument/semanticTokens/full", "semanticTokensProvider"),
            ("textDocument/foldingRange", "foldingRangeProvider"),
            ("textDocument/documentSymbol", "documentSymbolProvider"),
            ("textDocument/documentLink", "documentLinkProvider"),
            ("textDocument/formatting", "documentFormattingProvider"),
            ("textDocument/rangeFormatting", "documentRangeFormattingProvider"),
            ("workspace/symbol", "workspaceSymbolProvider"),
        ];
        let can = |name: &str| answer.get("capabilities").and_then(|it| it.get(name)).is_some();
        Ok(promises.iter().filter(|(_, name)| can(name)).map(|(method, _)| *method).collect())
    }

    fn key_strokes(&mut self, typist: &mut Typist, rounds: usize) -> Outcome<()> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let change = typist.strike();
            let begun = Instant::now();
            self.tell("textDocument/didChange", &change)?;
            self.diagnostics(&typist.uri, typist.version)?;
            times.push(begun.elapsed());
        }
        Times(times).tell("keystroke to diagnostics");
        Ok(())
    }

    /// Asks again and again: when nothing has changed, and right after a keystroke.
    fn questions(&mut self, method: &str, typist: &mut Typist, rounds: usize) -> Outcome<()> {
        let (mut quiet, mut busy) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let change = typist.strike();
            let question = typist.question(method);
            self.tell("textDocument/didChange", &change)?;
            let begun = Instant::now();
            self.ask(method, &question)?;
            busy.push(begun.elapsed());
            self.diagnostics_or_answer(&typist.uri.clone(), typist.version)?;
            let begun = Instant::now();
            self.ask(method, &question)?;
            quiet.push(begun.elapsed());
        }
        typist.reset(self)?;
        Times(quiet).tell(method);
        Times(busy).tell("  right after a keystroke");
        Ok(())
    }

    /// Waits until the server has nothing more to do about the last keystroke.
    fn diagnostics_or_answer(&mut self, uri: &str, version: i64) -> Outcome<()> {
        let wait = Duration::from_millis(400);
        let begun = Instant::now();
        while begun.elapsed() < wait {
            let Ok(message) = self.messages.recv_timeout(wait.saturating_sub(begun.elapsed())) else { break };
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }))?;
            }
            let params = message.get("params").cloned().unwrap_or_default();
            let same = params.get("uri").and_then(Value::as_str) == Some(uri);
            if same && params.get("version").and_then(Value::as_i64).is_some_and(|it| it >= version) {
                break;
            }
        }
        Ok(())
    }

    /// In megabytes (Linux only).
    fn memory(&self, what: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what)).ok_or("no figure")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }

    fn bye(mut self) -> Outcome<()> {
        self.ask("shutdown", &Value::Null)?;
        self.tell("exit", &Value::Null)?;
        self.child.wait()?;
        Ok(())
    }
}

fn next(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((_, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
