//! What only the store in Postgres must do: it has several writers at once.

use onward_runtime::store::{Position, StoreError, TimelineFilter};
use sqlx::{Connection, PgConnection};

use super::*;

const LATE: &str = "
    INSERT INTO facts (shard, id, kind, subject_kind, subject_id, body, at, origin)
    VALUES ($1, 'late', 'deleted', 'contact', 'ana', '{\"kind\": \"deleted\"}', now(), 'live')";
const LATE_LINE: &str = "
    INSERT INTO timeline (shard, at, subject_kind, subject_id, workflow, what, detail)
    VALUES (3, now(), 'contact', 'ana', 'welcome', 'noted', 'late')";
const LINE: &str = "
    INSERT INTO timeline (shard, at, subject_kind, subject_id, workflow, what, detail)
    VALUES (5, now(), 'contact', 'ben', 'welcome', 'noted', 'early')";

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_committed_late_is_not_skipped() {
    let bed = Bed::postgres("late_fact").await;
    let mut node = Node::start(&bed, "n1").await;
    let shard = i32::from(shard_of(&contact("ana"), SHARDS));
    let mut db = PgConnection::connect(&bed.address).await.unwrap();
    let mut open = db.begin().await.unwrap();
    sqlx::query(LATE).bind(shard).execute(&mut *open).await.unwrap();
    // These have higher numbers and are committed first.
    for n in 0..5 {
        bed.store.accept(vec![event(&format!("e{n}"), "ana")]).await.unwrap();
    }
    assert!(node.take().await.is_empty(), "nothing is read that an open transaction may come before");
    assert_eq!(bed.store.pending("n1", noon()).await.unwrap(), [0_u16; 0]);
    assert_eq!(bed.store.counts().await.unwrap().unread, 5);
    open.commit().await.unwrap();
    let taken = node.take_all(6).await;
    assert_eq!(&*taken[0].fact.id, "late", "in the order of transactions");
    assert_eq!(ids(&taken), ["e0", "e1", "e2", "e3", "e4", "late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_committed_late_is_not_skipped() {
    let bed = Bed::postgres("late_line").await;
    let all = TimelineFilter::default();
    let mut db = PgConnection::connect(&bed.address).await.unwrap();
    let mut other = PgConnection::connect(&bed.address).await.unwrap();
    let mut open = db.begin().await.unwrap();
    sqlx::query(LATE_LINE).execute(&mut *open).await.unwrap();
    sqlx::query(LINE).execute(&mut other).await.unwrap();
    assert!(bed.store.timeline_after(Position::default(), &all, 10).await.unwrap().is_empty());
    open.commit().await.unwrap();
    let details = eventually("both lines", async || {
        let lines = bed.store.timeline_after(Position::default(), &all, 10).await.unwrap();
        (lines.len() == 2).then(|| lines.iter().map(|line| line.entry.detail.to_string()).collect::<Vec<_>>())
    })
    .await;
    assert_eq!(details, ["late", "early"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_may_start_at_once() {
    let address = Cluster::start().unwrap().database("start_at_once").await.unwrap();
    let mut nodes = tokio::task::JoinSet::new();
    for shards in [16, 32, 16, 32, 16, 32] {
        let address = address.clone();
        let options = Options { shards: Some(shards), ..options() };
        nodes.spawn(async move { store::open(&address, &options).await.map(|store| store.shards()) });
    }
    let opened = nodes.join_all().await;
    let shards: Vec<u16> = opened.iter().filter_map(|opened| opened.as_ref().ok().copied()).collect();
    assert_eq!(shards.len(), 3, "{opened:?}");
    assert!(shards.iter().all(|count| *count == shards[0]), "the first one decides");
    let store = store::open(&address, &Options::default()).await.unwrap();
    assert_eq!(store.lease("n1", TTL).await.unwrap().len(), usize::from(shards[0]));
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_explained() {
    let error = store::open("postgres://me:secret@[bad/db", &options()).await.err().unwrap();
    assert!(matches!(error, StoreError::Address { .. }), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = store::open("postgres://me:secret@127.0.0.1:1/db", &options()).await.err().unwrap();
    assert!(matches!(error, StoreError::Database(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_goes_on_where_it_was() {
    let bed = Bed::postgres("restored").await;
    let mut node = Node::start(&bed, "n1").await;
    let device = event_of("e1", keys(&[(Namespace::Anonymous, "d1")]));
    bed.store.accept(vec![device, event("e2", "ana")]).await.unwrap();
    node.take_all(2).await;
    let known = event_of("e3", keys(&[(Namespace::Id, "ana"), (Namespace::Anonymous, "d1")]));
    bed.store.accept(vec![known]).await.unwrap();
    let mut db = PgConnection::connect(&bed.address).await.unwrap();
    sqlx::query(LINE).execute(&mut db).await.unwrap();
    // What a dump of a database that has seen more transactions brings along.
    for moved in [
        "UPDATE facts SET tx = tx + 1000000000",
        "UPDATE merges SET tx = tx + 1000000000",
        "UPDATE timeline SET tx = tx + 1000000000",
        "UPDATE leases SET cursor_tx = cursor_tx + 1000000000 WHERE cursor_tx > 0",
    ] {
        sqlx::query(moved).execute(&mut db).await.unwrap();
    }
    let store = store::open(&bed.address, &options()).await.unwrap();
    let bed = Bed { store, ..bed };
    let mut node = Node::start(&bed, "n2").await;
    let taken = node.take_all(2).await;
    assert_eq!(ids(&taken)[0], "e3");
    assert!(taken.iter().all(|filed| filed.moved.is_none()), "the merge itself is not moved");
    bed.store.accept(vec![event("e4", "ana")]).await.unwrap();
    assert_eq!(ids(&node.take_all(1).await), ["e4"]);
    let lines = bed.store.timeline_last(&TimelineFilter::default(), 10).await.unwrap();
    assert_eq!(lines.len(), 1);
}
