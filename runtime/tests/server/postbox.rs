//! A mail server that does as a test wants, and remembers what it took.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How one mail is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Recipients get this answer.
    Recipient(&'static str),
    /// The mail's text gets this answer.
    Text(&'static str),
    /// The connection is closed after the text has come.
    CloseAfterText,
    /// The connection is closed before the text.
    CloseBeforeText,
    /// It is taken, then the connection is closed.
    TakeAndClose,
}

/// What was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Taken {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next()?.replace("\r\n ", " ");
        head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// A mail server on loopback.
#[derive(Clone)]
pub(crate) struct Postbox {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    treatments: VecDeque<Treatment>,
    taken: Vec<Taken>,
    connections: usize,
}

impl Postbox {
    /// Treats mails so in turn, then takes them.
    pub(crate) async fn start(treatments: impl IntoIterator<Item = Treatment>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { treatments: treatments.into_iter().collect(), ..State::default() };
        let postbox = Self { port, state: Arc::new(Mutex::new(state)) };
        let this = postbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.state.lock().unwrap().connections += 1;
                let this = this.clone();
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        postbox
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap().taken.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 postbox").await?;
        let (mut from, mut to) = (String::new(), Vec::new());
        let mut treatment = None;
        loop {
            let line = line(&mut stream).await?;
            let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => say(&mut stream, "250-postbox\r\n250 8BITMIME").await?,
                "MAIL" => {
                    treatment = self.state.lock().unwrap().treatments.pop_front();
                    from = address(&line);
                    to.clear();
                    say(&mut stream, "250 ok").await?;
                }
                "RCPT" => match treatment {
                    Some(Treatment::Recipient(answer)) => say(&mut stream, answer).await?,
                    _ => {
                        to.push(address(&line));
                        say(&mut stream, "250 ok").await?;
                    }
                },
                "DATA" if treatment == Some(Treatment::CloseBeforeText) => return None,
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let text = text(&mut stream).await?;
                    match treatment {
                        Some(Treatment::Text(answer)) => say(&mut stream, answer).await?,
                        Some(Treatment::CloseAfterText) => return None,
                        _ => {
                            let taken = Taken { from: from.clone(), to: to.clone(), text };
                            self.state.lock().unwrap().taken.push(taken);
                            say(&mut stream, "250 queued as 1A2B").await?;
                        }
                    }
                    if treatment == Some(Treatment::TakeAndClose) {
                        return None;
                    }
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return None;
                }
                _ => say(&mut stream, "250 ok").await?,
            }
        }
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

async fn text(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        text.push_str(&line);
    }
}
