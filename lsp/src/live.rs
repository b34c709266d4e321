//! What a running server tells of the workflows: asked now and then by a thread of its own, so
//! that nothing here ever waits for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;

/// What is known is asked for again after so long.
const STALE: Duration = Duration::from_secs(15);
/// So long may the server take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was told last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Live {
    workflows: BTreeMap<String, Workflow>,
}

/// How a workflow does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Workflow {
    entered: u64,
    unfinished: u64,
    /// When the first of its waiting runs goes on.
    wakes: Option<Timestamp>,
}

impl Live {
    /// How a workflow does, in words; `clock` writes a moment.
    pub(crate) fn said(&self, workflow: &str, clock: impl Fn(Timestamp) -> String) -> Option<String> {
        let it = self.workflows.get(workflow)?;
        let mut said = format!("{} in flight", runs(it.unfinished));
        if let Some(wakes) = it.wakes {
            said.push_str(&format!(", next wakes {}", clock(wakes)));
        }
        Some(format!("{said} · {} started so far", it.entered))
    }
}

fn runs(count: u64) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}

/// Of one server.
#[derive(Debug, Default)]
struct Cache {
    told: Option<Live>,
    asked: Option<Instant>,
}

type Caches = BTreeMap<(String, String), Arc<Mutex<Cache>>>;

/// What was told last by the server at this address; it is asked again if that is long ago.
pub(crate) fn known(url: &str, key: &str) -> Option<Live> {
    static CACHES: OnceLock<Mutex<Caches>> = OnceLock::new();
    let mut caches = CACHES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let cache = Arc::clone(caches.entry((url.to_owned(), key.to_owned())).or_default());
    drop(caches);
    let mut held = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if held.asked.is_none_or(|it| it.elapsed() > STALE) {
        held.asked = Some(Instant::now());
        let (cache, url, key) = (Arc::clone(&cache), url.to_owned(), key.to_owned());
        thread::spawn(move || {
            if let Some(live) = ask(&url, &key) {
                cache.lock().unwrap_or_else(PoisonError::into_inner).told = Some(live);
            }
        });
    }
    held.told.clone()
}

/// `GET /v1/stats`
#[derive(Debug, Deserialize)]
struct Stats {
    #[serde(default)]
    workflows: Vec<Counted>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    workflow: String,
    #[serde(default)]
    entered: u64,
    #[serde(default)]
    runs: Option<BTreeMap<String, u64>>,
}

/// `GET /v1/runs?state=waiting`
#[derive(Debug, Deserialize)]
struct Runs {
    #[serde(default)]
    runs: Vec<Waiting>,
}

#[derive(Debug, Deserialize)]
struct Waiting {
    workflow: String,
    #[serde(default)]
    wake: Option<Timestamp>,
}

/// Asks the server; none if it does not answer.
fn ask(url: &str, key: &str) -> Option<Live> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    runtime.block_on(async {
        // Another client of this process may have set it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().ok()?;
        let get = async |path: &str| {
            let request = client.get(format!("{}{path}", url.trim_end_matches('/'))).bearer_auth(key);
            request.send().await.ok()?.error_for_status().ok()
        };
        let stats: Stats = get("/v1/stats").await?.json().await.ok()?;
        let waiting: Option<Runs> = match get("/v1/runs?state=waiting&limit=500").await {
            Some(answer) => answer.json().await.ok(),
            None => None,
        };
        Some(gathered(stats, waiting))
    })
}

fn gathered(stats: Stats, waiting: Option<Runs>) -> Live {
    let mut live = Live::default();
    for it in stats.workflows {
        let runs = it.runs.unwrap_or_default();
        let unfinished =
            runs.iter().filter(|(status, _)| *status != "finished").map(|(_, count)| count).sum();
        live.workflows.insert(it.workflow, Workflow { entered: it.entered, unfinished, wakes: None });
    }
    for run in waiting.into_iter().flat_map(|it| it.runs) {
        if let (Some(workflow), Some(wake)) = (live.workflows.get_mut(&run.workflow), run.wake) {
            workflow.wakes = Some(workflow.wakes.map_or(wake, |known| known.min(wake)));
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_a_workflow_does() {
        let stats = serde_json::from_str(
            r#"{"workflows":[{"workflow":"trial","entered":312,"runs":{"waiting":41,"finished":9}}]}"#,
        );
        let waiting = serde_json::from_str(
            r#"{"runs":[{"workflow":"trial","wake":"2026-03-08T14:00:00Z"},{"workflow":"trial","wake":"2026-03-09T14:00:00Z"}]}"#,
        );
        let live = gathered(stats.unwrap(), Some(waiting.unwrap()));
        let said = live.said("trial", |at| at.to_string()).unwrap();
        assert_eq!(said, "41 runs in flight, next wakes 2026-03-08T14:00:00Z · 312 started so far");
        assert_eq!(live.said("other", |at| at.to_string()), None);
    }
}
