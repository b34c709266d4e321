//! Where secrets come from. They are asked for when a request is made, and never kept.

use std::fmt;
use std::sync::Arc;

/// Gives a secret by its name. Shows nothing of what it knows.
#[derive(Clone)]
pub struct Secrets(Arc<Source>);

type Source = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Secrets {
    /// Secrets that a function gives, such as one that reads the environment.
    pub fn new(secrets: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(secrets))
    }

    /// No secrets.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| None)
    }

    /// The secret of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}
