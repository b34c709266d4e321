//! Settings: what the reader has chosen in an editor.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Client;

/// Under what name editors keep them.
pub(super) const SECTION: &str = "onward";

/// What the reader has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// A running server from which hints of real life come; none without an address.
    pub(crate) server: Option<Server>,
    /// What is shown between the words.
    pub(crate) hints: Hints,
}

/// A running server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Server {
    /// Where it is, as `http://localhost:8080`.
    pub(crate) url: String,
    /// A key that may read.
    #[serde(default)]
    pub(crate) key: String,
}

/// What is shown between the words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Hints {
    /// Everything.
    #[default]
    All,
    /// Nothing.
    None,
}

impl Settings {
    /// Reads them; what cannot be understood is as if it were not there.
    pub(crate) fn read(value: &Value) -> Self {
        let own = value.get(SECTION).unwrap_or(value);
        Self::deserialize(own).unwrap_or_default()
    }
}

/// What to ask a client for its settings; none if it does not answer that.
pub(crate) fn asked(client: &Client) -> Option<(&'static str, Value)> {
    let asks = client.can("/workspace/configuration");
    asks.then(|| ("workspace/configuration", json!({ "items": [{ "section": SECTION }] })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_understands() {
        let settings = Settings::read(&json!({ "onward": { "hints": "none", "path": "x" } }));
        assert_eq!(settings, Settings { hints: Hints::None, server: None });
        let settings = Settings::read(&json!({ "server": { "url": "http://localhost:1" } }));
        assert_eq!(settings.server.map(|it| it.url).as_deref(), Some("http://localhost:1"));
        assert_eq!(Settings::read(&Value::Null), Settings::default());
        assert_eq!(Settings::read(&json!({ "hints": 3 })), Settings::default());
    }
}
