//! What an editor says, kept in a file to be heard again.
//!
//! A tape is the bytes of a session in their order. It is played one message after the other:
//! the next comes when everything before it is answered, so that it always ends the same way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};

use crate::desk::Desk;

/// Passes on what it reads, and keeps it in a file.
pub(crate) struct Recorder<R> {
    from: R,
    tape: File,
}

impl<R> Recorder<R> {
    pub(crate) fn new(from: R, file: &Path) -> io::Result<Self> {
        Ok(Self { from, tape: File::create(file)? })
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Recorder<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.from).poll_read(cx, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        // A full disk is no reason to end a session.
        let _ = self.tape.write_all(new);
        Poll::Ready(Ok(()))
    }
}

/// How many bytes may be under way.
const UNDER_WAY: usize = 1 << 20;

/// Plays a tape to the desk: what it says comes out of the stream.
pub(crate) fn play(file: &Path, desk: Desk) -> io::Result<DuplexStream> {
    let mut tape = BufReader::new(File::open(file)?);
    let (mut told, heard) = duplex(UNDER_WAY);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    thread::spawn(move || {
        let mut said = 0;
        while let Some(message) = next(&mut tape) {
            let head = format!("Content-Length: {}\r\n\r\n", message.len());
            let sent = runtime.block_on(async {
                told.write_all(head.as_bytes()).await?;
                told.write_all(&message).await
            });
            if sent.is_err() {
                return;
            }
            let value: Value = serde_json::from_slice(&message).unwrap_or_default();
            // An answer of the client does not reach the desk as a message.
            said += u64::from(value.get("method").is_some());
            desk.wait(said);
        }
    });
    Ok(heard)
}

/// The next message of a tape; none at its end, or where it is torn.
fn next(tape: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if tape.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let mut message = vec![0; length?];
    tape.read_exact(&mut message).ok()?;
    Some(message)
}
