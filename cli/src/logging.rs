//! The log of a server: lines for people, or JSON for machines, on standard error.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes what a server tells; `ONWARD_LOG` says how much: `info`, `debug`, `onward_runtime=debug`.
pub(crate) fn server(log: Log) {
    let filter = std::env::var("ONWARD_LOG").unwrap_or_default();
    let filter = if filter.is_empty() { "info,sqlx=warn".to_owned() } else { filter };
    let builder =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr);
    match log {
        Log::Text => builder.with_ansi(wants_colour()).with_target(false).init(),
        Log::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).init(),
    }
}

/// Writes what goes wrong in a server that runs beside other output.
pub(crate) fn warnings() {
    let filter =
        std::env::var("ONWARD_LOG").ok().filter(|it| !it.is_empty()).unwrap_or_else(|| "warn".to_owned());
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(wants_colour())
        .with_target(false)
        .without_time()
        .init();
}

fn wants_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}
