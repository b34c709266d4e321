//! How a command ends: an exit code, and what to tell the reader if it went wrong.

use std::fmt;
use std::process::ExitCode;

use crate::screen;

/// What a command's exit code means. The numbers are documented; they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All well.
    Fine,
    /// What was checked has problems.
    Problems,
    /// The arguments do not fit.
    Usage,
    /// A file, a store or a server cannot be reached.
    Unreachable,
    /// The server was reached and refused.
    Refused,
}

impl Exit {
    /// Every code with its number and meaning, for the help page.
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Fine, "all well"),
        (
            Self::Problems,
            "what was checked has problems: errors in rules, a failed check of `doctor` or `demo`",
        ),
        (Self::Usage, "the command line does not fit: an unknown option, a value that cannot be read"),
        (Self::Unreachable, "a file, a store or a server cannot be reached, or failed"),
        (
            Self::Refused,
            "the server was reached and refused: a wrong key, an event or a program that does not fit",
        ),
    ];

    /// The number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Problems => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.number().into()
    }
}

/// Why a command could not do its work, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What is wrong: lower case, no full stop.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
}

impl Failure {
    /// The arguments do not fit.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: help.into() }
    }

    /// Something cannot be reached.
    pub(crate) fn unreachable(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::Unreachable, message: message.into(), help: help.into() }
    }

    /// The server refused.
    pub(crate) fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, message: message.into(), help: help.into() }
    }

    /// What was checked has problems.
    pub(crate) fn problems(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::Problems, message: message.into(), help: help.into() }
    }

    /// A file could not be read or written.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path; names are case-sensitive",
            std::io::ErrorKind::PermissionDenied => "check who may read and write there",
            std::io::ErrorKind::StorageFull => "free some space on the disk",
            _ => "check the path and the disk",
        };
        Self::unreachable(format!("cannot {what} `{}`: {}", path.display(), reason(error)), help)
    }

    /// Tells the reader, on standard error.
    pub(crate) fn show(&self) {
        screen::aside(format!("{} {}", screen::red("error:"), self.message));
        if !self.help.is_empty() {
            screen::aside(format!(" {} {}", screen::cyan("help:"), self.help));
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An operating system's error in its own words, without its number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    without_number(&error.to_string()).to_lowercase()
}

fn without_number(text: &str) -> &str {
    text.split(" (os error").next().unwrap_or_default()
}

/// An error with what caused it, as far as that says something else.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut told = without_number(&error.to_string()).to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        let text = without_number(&text);
        if !told.contains(text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}

/// How a command ends.
pub(crate) type Outcome = Result<Exit, Failure>;
