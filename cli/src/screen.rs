//! What people see: lines on standard output and asides on standard error, in
//! colours that anstream takes out where nobody wants them.

use std::fmt::Display;
use std::io::Write as _;

use owo_colors::OwoColorize as _;

/// Writes a line to standard output. A reader that has gone away ends the program in peace.
pub(crate) fn line(text: impl Display) {
    let mut out = anstream::stdout().lock();
    end_if_closed(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// Writes text as it is to standard output.
pub(crate) fn raw(text: &str) {
    let mut out = anstream::stdout().lock();
    end_if_closed(write!(out, "{text}").and_then(|()| out.flush()));
}

/// Writes bytes as they are to standard output.
pub(crate) fn bytes(content: &[u8]) {
    let mut out = std::io::stdout().lock();
    end_if_closed(out.write_all(content).and_then(|()| out.flush()));
}

/// Writes a line to standard error.
pub(crate) fn aside(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Writes a value as indented JSON to standard output.
pub(crate) fn json(value: &serde_json::Value) {
    line(format!("{value:#}"));
}

fn end_if_closed(written: std::io::Result<()>) {
    if written.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

/// Green: it went well.
pub(crate) fn green(text: impl Display) -> String {
    text.green().to_string()
}

/// Red: it went wrong.
pub(crate) fn red(text: impl Display) -> String {
    text.red().bold().to_string()
}

/// Yellow: look here.
pub(crate) fn yellow(text: impl Display) -> String {
    text.yellow().to_string()
}

/// Cyan: names and advice.
pub(crate) fn cyan(text: impl Display) -> String {
    text.cyan().to_string()
}

/// Dim: less important.
pub(crate) fn dim(text: impl Display) -> String {
    text.dimmed().to_string()
}

/// Bold: headings.
pub(crate) fn bold(text: impl Display) -> String {
    text.bold().to_string()
}

/// The plural's `s`: `1 run`, `2 runs`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// Text that came from outside, without the control characters that could move a terminal's cursor.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '·' } else { c }).collect()
}
