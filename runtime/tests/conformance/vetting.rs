//! The last look at messages, in the transaction that claims them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use onward_engine::Unmet;
use onward_engine::model::{Change, EntityChange, Outcome, SentMessage, Snapshot, Transition, What};
use onward_runtime::store::{
    EffectFilter, EffectState, Parking, Settle, Settlement, TimelineFilter, Verdict, Vetting,
};
use serde_json::json;

use super::*;

/// At most so many messages a person, ever; and what the step of an intent says.
struct Judge {
    cap: usize,
    asked: Mutex<BTreeSet<String>>,
}

impl Judge {
    fn new(cap: usize) -> Self {
        Self { cap, asked: Mutex::default() }
    }
}

impl Vetting for Judge {
    fn concerns(&self, intent: &Intent) -> bool {
        intent.channel.is_some()
    }

    fn asks_for_run(&self, _: &Intent) -> bool {
        false
    }

    fn vet(
        &self,
        snapshot: &Snapshot,
        intent: &Intent,
        sent: &[SentMessage],
        now: Timestamp,
    ) -> Result<Verdict, Unmet> {
        self.asked.lock().unwrap().insert(intent.key.to_string());
        let subject = snapshot.entities.get(&intent.subject).unwrap();
        let account = EntityId::new("account", "acme");
        if !snapshot.entities.contains_key(&account) {
            return Err(Unmet::Needs(needs([account].into())));
        }
        let refuses = subject.as_ref().is_some_and(|entity| entity.attributes.contains_key("refuses"));
        Ok(match &*intent.step {
            _ if refuses => Verdict::Never { reason: "no consent".into() },
            "quiet" if now < after(600) => Verdict::Later { until: after(600), reason: "quiet hours".into() },
            "exit" => Verdict::Exit { reason: "is a customer".into() },
            "program" => return Err(Unmet::NeedsProgram(program())),
            _ if sent.len() >= self.cap => Verdict::Later { until: after(9_000), reason: "a cap".into() },
            _ => Verdict::Send,
        })
    }
}

fn message(key: &str, subject: &str, step: &str) -> Intent {
    Intent { step: step.into(), channel: Some("email".into()), ..intent(key, subject) }
}

fn vetted(node: &str, limit: u32) -> Claiming {
    Claiming { since: Some(after(-86_400)), ..claiming(node, limit) }
}

async fn states(bed: &Bed) -> BTreeMap<String, EffectState> {
    let effects = bed.store.effects(&EffectFilter::default()).await.unwrap();
    effects.iter().map(|effect| (effect.intent.key.to_string(), effect.state)).collect()
}

pub(crate) async fn what_may_not_go_out_is_not_claimed(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let intents = ["now", "quiet", "exit", "program"].map(|step| message(step, "ana", step));
    node.intend("ana", intents.into()).await;
    let plain = Intent { step: "quiet".into(), ..intent("plain", "ana") };
    node.intend("ana", vec![plain]).await;
    let refuses = Change::Set(fields(json!({"refuses": true})));
    let entities = vec![EntityChange { id: contact("ben"), at: noon(), change: refuses }];
    let intents = vec![message("never", "ben", "now")];
    node.commit("ben", Transition { entities, intents, ..Transition::default() }).await.unwrap();

    let judge = Judge::new(9);
    let claimed = bed.store.claim(&vetted("n1", 10), &judge).await.unwrap();
    assert_eq!(claimed_keys(&claimed.claims), ["now", "plain"]);
    assert_eq!((claimed.programs, claimed.decided), ([program()].into(), 3));
    let of = |states: &BTreeMap<String, EffectState>, key: &str| states[key];
    let now = states(bed).await;
    assert_eq!(of(&now, "quiet"), EffectState::Ready);
    assert_eq!(of(&now, "never"), EffectState::Dropped);
    assert_eq!(of(&now, "exit"), EffectState::Cancelled);
    assert_eq!(of(&now, "program"), EffectState::Ready, "as it was");

    let taken = node.take_all(2).await;
    for filed in &taken {
        match &filed.fact.kind {
            FactKind::Touched { by, .. } => assert_eq!(by, &contact("ana")),
            FactKind::Outcome { outcome, .. } => {
                assert_eq!(outcome, &Outcome::Dropped { detail: "no consent".into() });
            }
            other => panic!("{other:?}"),
        }
    }
    let lines = eventually("a line", async || {
        let lines = bed.store.timeline_last(&TimelineFilter::default(), 10).await.unwrap();
        (!lines.is_empty()).then_some(lines)
    })
    .await;
    let told: Vec<_> = lines.iter().map(|line| (line.entry.what, &*line.entry.detail)).collect();
    assert_eq!(told, [(What::Deferred, "quiet hours")]);

    let claimed = bed.store.claim(&vetted("n1", 10), &judge).await.unwrap();
    assert!(claimed.claims.is_empty(), "{claimed:?}");
    let later = Claiming { now: after(600), ..vetted("n1", 10) };
    let claims = bed.store.claim(&later, &judge).await.unwrap().claims;
    assert_eq!((claimed_keys(&claims), claims[0].attempt), (vec!["quiet"], 1), "deferring is no attempt");
}

pub(crate) async fn messages_that_went_out_are_counted(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    node.intend("ana", (0..4).map(|n| message(&format!("m{n}"), "ana", "now")).collect()).await;
    node.intend("ben", vec![message("other", "ben", "now")]).await;
    let judge = Judge::new(2);
    let claims = bed.store.claim(&vetted("n1", 10), &judge).await.unwrap().claims;
    assert_eq!(claimed_keys(&claims), ["m0", "m1", "other"]);
    node.intend("ana", vec![message("m4", "ana", "now")]).await;
    assert!(bed.store.claim(&vetted("n1", 10), &judge).await.unwrap().claims.is_empty());
    // What was refused did not go out; what will be tried again is on its way.
    let settle = |claim: &Claim, settlement| Settle { claim: claim.clone(), settlement };
    let refused = Settlement::Parked { why: Parking::Refused, detail: "550".into() };
    let again = Settlement::Retry { due: after(9_999), detail: "451".into() };
    bed.store.settle(vec![settle(&claims[0], refused), settle(&claims[1], again)], after(5)).await.unwrap();
    node.intend("ana", vec![message("m5", "ana", "now"), message("m6", "ana", "now")]).await;
    let claims = bed.store.claim(&vetted("n1", 10), &judge).await.unwrap().claims;
    assert_eq!(claimed_keys(&claims), ["m5"]);
    // What is older than any cap looks does not count.
    let late = Claiming { now: after(9_000), since: Some(after(8_000)), ..claiming("n1", 1) };
    assert_eq!(bed.store.claim(&late, &judge).await.unwrap().claims.len(), 1);
}

pub(crate) async fn a_cap_holds_for_all_nodes_together(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    for person in 0..5 {
        let subject = format!("p{person}");
        let messages = (0..12).map(|n| message(&format!("{subject}-{n}"), &subject, "now")).collect();
        node.intend(&subject, messages).await;
    }
    let mut dispatchers = tokio::task::JoinSet::new();
    for number in 0..4 {
        let store = bed.store.clone();
        dispatchers.spawn(async move {
            let judge = Judge::new(3);
            let mut claims = Vec::new();
            for _ in 0..12 {
                let claiming = vetted(&format!("n{number}"), 4);
                claims.extend(store.claim(&claiming, &judge).await.unwrap().claims);
            }
            claims
        });
    }
    let claims: Vec<Claim> = dispatchers.join_all().await.into_iter().flatten().collect();
    let mut each: BTreeMap<_, u32> = BTreeMap::new();
    for claim in &claims {
        *each.entry(claim.intent.subject.id.to_string()).or_default() += 1;
    }
    assert!(each.values().all(|count| *count <= 3), "{each:?}");
    // Whoever found somebody locked left the message as it was: the next one takes it.
    let mut more = bed.store.claim(&vetted("n1", 60), &Judge::new(3)).await.unwrap().claims;
    more.extend(claims);
    assert_eq!(more.len(), 15);
}
