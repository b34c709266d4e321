//! `onward dev`: rules run on this machine, messages shown instead of sent.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::Format;
use super::check::{show_terminal, summary};
use crate::client::block;
use crate::dev::session::{Pace, Printing, Session, Setup};
use crate::dev::typed::{self, Order, WORDS};
use crate::dev::watch::Watch;
use crate::failure::{Exit, Failure, Outcome};
use crate::project::Files;
use crate::{events, moment, screen};

/// Run a project on this machine: every message is shown instead of sent
///
/// Watches the files and deploys them when they are saved. While it runs, type `jump 2d` to move the clock,
/// `runs` to see who waits for what, `quit` to end.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Send the events of this file, one JSON object a line; `"after": "2d"` in it says how long after the start
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Move the clock on, from one thing that happens to the next; may be given several times
    #[arg(long, value_name = "DURATION", value_parser = moment::duration_argument)]
    jump: Vec<SignedDuration>,
    /// How fast the clock goes, such as 1000x
    #[arg(long, value_name = "FACTOR", value_parser = moment::speed_argument)]
    speed: Option<f64>,
    /// What the clock shows at the start, such as 2026-03-02T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment::moment_argument)]
    at: Option<Timestamp>,
    /// End when nothing is left to do; the clock stands still unless it jumps or --speed is given
    #[arg(long)]
    once: bool,
    /// Forget what happened before
    #[arg(long)]
    fresh: bool,
    /// Where to keep what happens: .onward-data in the project, or with --once nowhere
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where the HTTP API listens: 127.0.0.1:4700, or with --once any free port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    format: Format,
}

/// Where the store is, and what goes away with it.
struct Place {
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Dev {
    pub(super) fn run(self) -> Outcome {
        let files = Files::read(&self.path)?;
        crate::logging::warnings();
        block(async {
            let place = self.place(&files)?;
            let mut session = Session::start(self.setup(&place.folder)?).await?;
            self.greet(&files, &session);
            if !deploy(&mut session, &files).await? && self.once {
                session.stop().await?;
                return Ok(Exit::Problems);
            }
            if let Some(file) = &self.events {
                let name = file.display().to_string();
                session.tell(events::lines(&name, events::open(file)?)?)?;
            }
            session.feed().await?;
            for by in &self.jump {
                session.jump(*by).await?;
            }
            if self.once {
                session.finish_story().await?;
                session.show_runs().await?;
            } else {
                stay(&mut session, files).await?;
            }
            session.stop().await?;
            Ok(Exit::Fine)
        })
    }

    fn place(&self, files: &Files) -> Result<Place, Failure> {
        if self.once && self.data.is_none() {
            let made =
                tempfile::tempdir().map_err(|error| Failure::file("make", &std::env::temp_dir(), &error))?;
            return Ok(Place { folder: made.path().to_owned(), _temporary: Some(made) });
        }
        let folder = self.data.clone().unwrap_or_else(|| files.root.join(".onward-data"));
        if self.fresh {
            forget(&folder)?;
        }
        std::fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
        Ok(Place { folder, _temporary: None })
    }

    fn setup(&self, folder: &Path) -> Result<Setup, Failure> {
        let pace = match (self.speed, self.once) {
            (Some(speed), _) => Pace::Scaled(speed),
            (None, true) => Pace::Still,
            (None, false) => Pace::Scaled(1.0),
        };
        let free = SocketAddr::from(([127, 0, 0, 1], if self.once { 0 } else { 4700 }));
        let printing = match (self.format.json, self.once) {
            (true, _) => Printing::Json,
            (false, true) => Printing::InOrder,
            (false, false) => Printing::AsItComes,
        };
        Ok(Setup {
            folder: folder.to_owned(),
            at: self.at,
            pace,
            listen: self.listen.unwrap_or(free),
            printing,
        })
    }

    fn greet(&self, files: &Files, session: &Session) {
        screen::aside(format!(
            "{}  {}  {} UTC",
            screen::bold(files.root.display()),
            screen::dim(session.url()),
            moment::show(session.now())
        ));
        if !self.once {
            screen::aside(screen::dim(format!("nothing is sent; type {WORDS}")));
        }
    }
}

/// Removes what `onward dev` kept in `folder`, and nothing else.
fn forget(folder: &Path) -> Result<(), Failure> {
    for name in ["onward.db", "onward.db-wal", "onward.db-shm", "onward.db.lock", "clock"] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::file("remove", &path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks, compiles and deploys; says whether it did.
async fn deploy(session: &mut Session, files: &Files) -> Result<bool, Failure> {
    let compiled = files.compile()?;
    show_terminal(files, &compiled);
    if let Some(program) = &compiled.program {
        session.deploy(program).await?;
    } else {
        screen::aside(summary(files, &compiled));
    }
    Ok(compiled.program.is_some())
}

/// Follows the files, the typed orders and the story until told to end.
async fn stay(session: &mut Session, mut files: Files) -> Result<(), Failure> {
    let mut watch = Watch::over(&files.root)?;
    let mut orders = typed::orders();
    loop {
        tokio::select! {
            () = watch.changed() => match Files::read(&files.root) {
                Ok(now) if now == files => {}
                Ok(now) => {
                    files = now;
                    deploy(session, &files).await?;
                }
                Err(failure) => failure.show(),
            },
            order = orders.recv() => match order {
                Some(Order::Jump(by)) => session.jump(by).await?,
                Some(Order::Runs) => session.show_runs().await?,
                Some(Order::Tell(text)) => screen::aside(text),
                Some(Order::Quit) | None => return Ok(()),
            },
            () = session.next_event() => session.feed().await?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}
