//! Secrets come from the environment, and only from there.

/// The secret of this name. An empty one counts as missing.
pub(crate) fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
