//! A provider that answers as a test wants, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How one request is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// With a status, headers and a body.
    Status(u16, &'static str, String),
    /// By closing the connection once the request has come.
    Close,
    /// With 200, once there is a permit.
    Hold(Arc<Semaphore>),
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, "", String::new())
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::Status(200, "content-type: application/json\r\n", body.to_owned())
    }
}

/// What came in: its first line and headers, and its body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// A provider on loopback.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    asked: Vec<Asked>,
}

impl Receiver {
    /// Gives these answers in turn, then 200.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { replies: replies.into_iter().collect(), asked: Vec::new() }));
        let receiver = Self { address, state };
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        receiver
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn serve(&self, mut stream: TcpStream) {
        while let Some(asked) = read(&mut stream).await {
            let reply = {
                let mut state = self.state.lock().unwrap();
                state.asked.push(asked);
                state.replies.pop_front().unwrap_or_else(|| Reply::json("{}"))
            };
            let text = match reply {
                Reply::Close => return,
                Reply::Hold(until) => {
                    until.acquire().await.unwrap().forget();
                    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned()
                }
                Reply::Status(status, headers, body) => {
                    format!(
                        "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                }
            };
            if stream.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut asked = Asked { head, body: String::new() };
    let length: usize = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    asked.body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Some(asked)
}
