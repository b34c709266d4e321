//! The built binary, used as a person would: what it prints and how it ends.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says why and ends; clippy knows only functions with #[test] as tests"
)]

mod check;
mod compile;
mod demo;
mod dev;
mod examples;
mod import;
mod new;
mod operate;
mod pages;
mod reference;
mod serve;
mod style;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a command did.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless it ended with this code; gives standard output.
    #[track_caller]
    fn ends_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self.out
    }

    /// Fails the test unless it ended with this code; gives standard error.
    #[track_caller]
    fn complains_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self.err
    }
}

/// The command `onward …`, with nothing of the tester's settings.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onward"));
    command.args(args).stdin(Stdio::null());
    for name in ["ONWARD_URL", "ONWARD_KEY", "ONWARD_STORE", "DATABASE_URL", "ONWARD_API_KEYS", "ONWARD_LOG"]
    {
        command.env_remove(name);
    }
    command
}

/// Runs `onward …`.
fn onward(args: &[&str]) -> Ran {
    Ran::of(&command(args).output().expect("onward runs"))
}

/// Runs `onward …` with this on its standard input.
fn onward_fed(args: &[&str], input: &str) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("onward starts");
    child.stdin.take().expect("it has an input").write_all(input.as_bytes()).expect("it reads");
    Ran::of(&child.wait_with_output().expect("onward ends"))
}

/// The workspace's folder.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("there is one")
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of letters")
}

/// Compares with a file of the workspace; `ONWARD_UPDATE=1` writes it instead.
#[track_caller]
fn expect_file(file: &str, found: &str) {
    let path = workspace().join(file);
    if std::env::var_os("ONWARD_UPDATE").is_some() {
        std::fs::write(&path, found).expect("it can be written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        wanted == found,
        "{file} is not what came out; look, and accept it with ONWARD_UPDATE=1:\n{found}"
    );
}
