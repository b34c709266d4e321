//! Effects over SMTP: what each answer of a mail server means.

use serde_json::{Value, json};

use crate::bed::{Bed, Road};
use crate::postbox::{Postbox, Treatment};

const RULES: &str = r#"
template thanks email {
  subject "Order {{number}} — danke"
  text "We have it, Ünal."
  html "<p>We have it.</p>"
}
workflow orders {
  on order_placed
  while running parallel
  do email thanks
}
"#;

async fn outcome(treatment: Treatment) -> (Postbox, Bed, Value) {
    let postbox = Postbox::start([treatment]).await;
    let bed = Bed::start(RULES, Road::Sent(Some(postbox.port))).await;
    bed.order(1).await;
    let effect = bed.run().await["intents"][0].clone();
    (postbox, bed, effect)
}

#[tokio::test]
async fn a_mail_is_written_as_it_should_be() {
    let postbox = Postbox::start([]).await;
    let bed = Bed::start(RULES, Road::Sent(Some(postbox.port))).await;
    bed.order(1).await;
    bed.order(2).await;
    let taken = postbox.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(postbox.connections(), 1, "the connection is used again");
    let run = bed.run().await;
    let effect = &run["intents"][0];
    let id = Some(format!("<{}@acme.example>", effect["key"].as_str().unwrap()));
    let mail = taken.iter().find(|mail| mail.header("Message-ID") == id).expect("its id is made of its key");
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("hello@acme.example", &["ana@example.com".to_owned()][..])
    );
    assert_eq!(mail.header("Date"), Some("Fri, 06 Mar 2026 12:00:00 +0000".to_owned()));
    assert!(mail.header("Content-Type").unwrap().starts_with("multipart/alternative"), "{}", mail.text);
    assert!(mail.text.contains("<p>We have it.</p>"), "{}", mail.text);
    assert_eq!((&effect["state"], &effect["detail"]), (&json!("accepted"), &json!("250 queued as 1A2B")));
    bed.server.stop().await.unwrap();
}

#[tokio::test]
async fn not_now_is_tried_again_with_the_same_id() {
    for treatment in [
        Treatment::Recipient("450 4.2.0 busy"),
        Treatment::Text("451 4.3.0 later"),
        Treatment::CloseBeforeText,
    ] {
        let (postbox, bed, effect) = outcome(treatment).await;
        assert_eq!(effect["state"], "ready", "{treatment:?}: {effect}");
        bed.pass(60).await;
        let key = effect["key"].as_str().unwrap();
        assert_eq!(postbox.taken()[0].header("Message-ID"), Some(format!("<{key}@acme.example>")));
    }
}

#[tokio::test]
async fn never_is_parked() {
    for (treatment, detail) in [
        (Treatment::Recipient("550 5.1.1 no such user"), "ana@example.com: 550 5.1.1 no such user"),
        (Treatment::Text("554 5.7.1 spam"), "554 5.7.1 spam"),
    ] {
        let (_, _, effect) = outcome(treatment).await;
        assert_eq!((&effect["state"], &effect["parked"]), (&json!("parked"), &json!("refused")));
        assert_eq!(effect["detail"], detail);
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_text_is_unsure() {
    let (_, _, effect) = outcome(Treatment::CloseAfterText).await;
    assert_eq!((&effect["state"], &effect["parked"]), (&json!("parked"), &json!("unsure")), "{effect}");
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_nothing() {
    let postbox = Postbox::start([Treatment::TakeAndClose]).await;
    let bed = Bed::start(RULES, Road::Sent(Some(postbox.port))).await;
    bed.order(1).await;
    bed.order(2).await;
    assert_eq!((postbox.taken().len(), postbox.connections()), (2, 2));
}

#[tokio::test]
async fn without_a_mail_server_a_person_is_told_what_to_do() {
    let bed = Bed::start(RULES, Road::Sent(None)).await;
    bed.order(1).await;
    let parked = bed.get("/v1/parked").await.body;
    let reason = parked["parked"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("no mail server is set"), "{reason}");
}
