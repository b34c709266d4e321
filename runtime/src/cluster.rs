//! A temporary PostgreSQL, for tests and the benchmark: `DATABASE_URL` if it is set,
//! else one of this process's own, as an unprivileged user, gone when the process is.
//!
//! Nothing that serves people uses it.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// Starts a cluster in a folder of its own, tells the folder, and takes both away when
/// its input ends: when the process that started it is gone, however it went.
const SUPERVISE: &str = r#"
set -eu
cd /
folder=$(mktemp -d "${TMPDIR:-/tmp}/onward-postgres.XXXXXX")
stop() { "$1/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$folder"; }
trap 'stop "$1"' EXIT
quietly() { "$@" >>"$folder/log" 2>&1 </dev/null || { tail -n 5 "$folder/log" >&2; exit 1; }; }
quietly "$1/initdb" -D "$folder/data" -U onward -A trust -E UTF8 --locale=C --no-sync
quietly "$1/pg_ctl" -D "$folder/data" -w -l "$folder/server.log" \
    -o "-k $folder -p 5432 -c listen_addresses= -c max_connections=300" start
echo "$folder"
exec >/dev/null 2>&1
cat
"#;

/// Users that a server may run as, if this process is root: PostgreSQL refuses root.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Why there is no PostgreSQL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClusterError {
    /// None is installed.
    #[error("no PostgreSQL was found; install the package `postgresql`, or set DATABASE_URL")]
    Missing,
    /// It did not start.
    #[error("a temporary PostgreSQL did not start: {0}")]
    Start(String),
    /// A database could not be made.
    #[error("database `{name}` could not be made: {why}")]
    Database {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
}

/// A PostgreSQL server that tests may make databases on.
#[derive(Debug, Clone)]
pub struct Cluster {
    server: PgConnectOptions,
}

impl Cluster {
    /// The server of this process, started by the first caller.
    ///
    /// # Errors
    /// If PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self, ClusterError> {
        static SERVER: OnceLock<Result<(Cluster, Option<ChildStdin>), ClusterError>> = OnceLock::new();
        SERVER.get_or_init(server).as_ref().map(|(cluster, _)| cluster.clone()).map_err(Clone::clone)
    }

    /// A new, empty database; one with this name is dropped first. Answers its address.
    ///
    /// # Errors
    /// If the server does not do it.
    pub async fn database(&self, name: &str) -> Result<String, ClusterError> {
        let name = format!("onward_{}", name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"));
        let failed =
            |error: sqlx::Error| ClusterError::Database { name: name.clone(), why: error.to_string() };
        let mut db = self.server.connect().await.map_err(failed)?;
        for statement in [
            format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"),
            format!("CREATE DATABASE \"{name}\""),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut db).await.map_err(failed)?;
        }
        db.close().await.map_err(failed)?;
        Ok(self.server.clone().database(&name).to_url_lossy().to_string())
    }
}

/// The server, and what keeps it up if it is this process's own.
fn server() -> Result<(Cluster, Option<ChildStdin>), ClusterError> {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        let server =
            PgConnectOptions::from_str(&url).map_err(|error| ClusterError::Start(error.to_string()))?;
        return Ok((Cluster { server }, None));
    }
    let (folder, hold) = supervise(&newest().ok_or(ClusterError::Missing)?)?;
    let server = PgConnectOptions::new().socket(folder).port(5432).username("onward").database("postgres");
    Ok((Cluster { server }, Some(hold)))
}

/// Where the newest installed PostgreSQL has its programs.
fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path))?.join("bin");
    newest.join("initdb").exists().then_some(newest)
}

fn supervise(programs: &Path) -> Result<(PathBuf, ChildStdin), ClusterError> {
    let failed = |error: std::io::Error| ClusterError::Start(error.to_string());
    let mut child = unprivileged()
        .args(["sh", "-c", SUPERVISE, "onward-postgres"])
        .arg(programs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        // Ctrl-C is for the tests; the cluster ends after them.
        .process_group(0)
        .spawn()
        .map_err(failed)?;
    let (Some(hold), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ClusterError::Start("its pipes are closed".to_owned()));
    };
    let mut folder = String::new();
    BufReader::new(output).read_line(&mut folder).map_err(failed)?;
    match folder.trim() {
        "" => Err(ClusterError::Start("see above for its last words".to_owned())),
        folder => Ok((folder.into(), hold)),
    }
}

/// What runs a command as somebody whom PostgreSQL accepts.
fn unprivileged() -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    match USERS.iter().find_map(|user| numbers(&passwd, user)) {
        Some((user, group)) if is_root => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--regid", group, "--clear-groups", "--"]);
            command
        }
        _ => Command::new("env"),
    }
}

/// A user's number and its group's, from `/etc/passwd`.
fn numbers<'a>(passwd: &'a str, user: &str) -> Option<(&'a str, &'a str)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _password) = (fields.next()?, fields.next()?);
        (name == user).then_some((fields.next()?, fields.next()?))
    })
}
