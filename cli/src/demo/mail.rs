//! A mail server for one machine: takes every mail on loopback and hands it on.
//!
//! RFC 5321 as far as a client needs it: no relaying, no authentication, no TLS.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

/// Longest line taken, twice what RFC 5321 section 4.5.3.1.6 asks for.
const LONGEST_LINE: u64 = 2_000;
/// Largest mail taken, in bytes.
const LARGEST_MAIL: usize = 10 << 20;

/// A mail as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Caught {
    /// Address in `MAIL FROM`.
    pub(super) from: String,
    /// Addresses in `RCPT TO`.
    pub(super) to: Vec<String>,
    /// Header and body.
    pub(super) raw: Vec<u8>,
}

/// Listens on a free port of the loopback address; what comes is sent to `caught`.
pub(super) async fn listen(caught: UnboundedSender<Caught>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let caught = caught.clone();
            // A client that breaks off concerns nobody else.
            tokio::spawn(async move { Session::new(stream, caught).serve().await });
        }
    });
    Ok(address)
}

struct Session {
    stream: BufReader<TcpStream>,
    caught: UnboundedSender<Caught>,
    mail: Option<Caught>,
}

/// Whether the session goes on.
enum Next {
    Command,
    Quit,
}

impl Session {
    fn new(stream: TcpStream, caught: UnboundedSender<Caught>) -> Self {
        Self { stream: BufReader::new(stream), caught, mail: None }
    }

    async fn serve(mut self) -> io::Result<()> {
        self.say("220 localhost ready").await?;
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if let Next::Quit = self.command(&line).await? {
                break;
            }
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.say(
                    "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760",
                )
                .await?
            }
            "HELO" | "NOOP" => self.say("250 ok").await?,
            "RSET" => {
                self.mail = None;
                self.say("250 ok").await?;
            }
            "MAIL" => {
                self.mail = Some(Caught { from: address(rest), ..Caught::default() });
                self.say("250 ok").await?;
            }
            "RCPT" => self.recipient(address(rest)).await?,
            "DATA" => self.data().await?,
            "QUIT" => {
                self.say("221 bye").await?;
                return Ok(Next::Quit);
            }
            _ => self.say("502 not known here").await?,
        }
        Ok(Next::Command)
    }

    async fn recipient(&mut self, address: String) -> io::Result<()> {
        match &mut self.mail {
            Some(mail) if !address.is_empty() => {
                mail.to.push(address);
                self.say("250 ok").await
            }
            Some(_) => self.say("501 no address").await,
            None => self.say("503 MAIL first").await,
        }
    }

    async fn data(&mut self) -> io::Result<()> {
        let Some(mut mail) = self.mail.take().filter(|mail| !mail.to.is_empty()) else {
            return self.say("503 MAIL and RCPT first").await;
        };
        self.say("354 go on").await?;
        loop {
            let Some(line) = self.line().await? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            if line == b".\r\n" || line == b".\n" {
                break;
            }
            // A line that starts with a dot was given another (RFC 5321 section 4.5.2).
            mail.raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if mail.raw.len() > LARGEST_MAIL {
                return self.say("552 too large").await;
            }
        }
        // It is counted before it is acknowledged: an acknowledged mail is never lost.
        let _ = self.caught.send(mail);
        self.say("250 taken").await
    }

    /// The next line with its end; none when the client has gone.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        if line.ends_with(b"\n") { Ok(Some(line)) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
    }
}

/// The address between the angle brackets of `FROM:<a@b.c> SIZE=1`.
fn address(rest: &str) -> String {
    let inside = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    async fn talk(client: &str) -> (String, Vec<Caught>) {
        let (send, mut receive) = unbounded_channel();
        let mut stream =
            TcpStream::connect(listen(send).await.expect("it listens")).await.expect("it connects");
        stream.write_all(client.as_bytes()).await.expect("it takes");
        let mut said = String::new();
        stream.read_to_string(&mut said).await.expect("it answers");
        let mut caught = Vec::new();
        while let Ok(mail) = receive.try_recv() {
            caught.push(mail);
        }
        (said, caught)
    }

    #[tokio::test]
    async fn takes_a_mail_and_unstuffs_dots() {
        let (said, caught) = talk(
            "EHLO me\r\nMAIL FROM:<a@b.c> SIZE=9\r\nRCPT TO:<d@e.f>\r\nRCPT TO:<g@h.i>\r\nDATA\r\n\
             Subject: x\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n",
        )
        .await;
        assert!(said.ends_with("354 go on\r\n250 taken\r\n221 bye\r\n"), "{said}");
        assert_eq!(
            caught,
            [Caught {
                from: "a@b.c".to_owned(),
                to: vec!["d@e.f".to_owned(), "g@h.i".to_owned()],
                raw: b"Subject: x\r\n\r\n.dot\r\nend\r\n".to_vec(),
            }]
        );
    }

    #[tokio::test]
    async fn wants_commands_in_their_order() {
        let (said, caught) =
            talk("RCPT TO:<d@e.f>\r\nDATA\r\nWHAT\r\nMAIL FROM:<>\r\nDATA\r\nQUIT\r\n").await;
        let codes: Vec<_> = said.lines().filter_map(|line| line.get(..3)).collect();
        assert_eq!(codes, ["220", "503", "503", "502", "250", "503", "221"]);
        assert_eq!(caught, []);
    }
}
