//! Segment's own Node client, unchanged, drives a server.

use std::process::Command;
use std::time::Duration;

use crate::harness::{KEY, Receivers, Server, free_port, project, tests_folder, within};

#[tokio::test(flavor = "multi_thread")]
async fn the_node_client_works_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let receivers = Receivers::start(false);
    let store = format!("sqlite:{}", folder.path().join("onward.db").display());
    let server = Server { store, port: free_port(), smtp: receivers.smtp, folder: folder.path().to_owned() };
    let _process = server.start().await;
    server.deploy(&project("segment", &receivers, folder.path()));

    let sent = Command::new("node")
        .arg(tests_folder().join("clients/segment.mjs"))
        .args([&server.url(""), KEY])
        .output()
        .expect("node runs");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));

    within(Duration::from_secs(30), "three mails arrive", async || receivers.seen().await.mails.len() == 3)
        .await;
    let mut mails: Vec<(String, Vec<String>)> =
        receivers.seen().await.mails.into_values().map(|mail| (mail.subject, mail.to)).collect();
    mails.sort();
    let mail = |subject: &str, to: &str| (subject.to_owned(), vec![to.to_owned()]);
    assert_eq!(
        mails,
        [
            // The form came from a visitor without a name, who turned out to be Bob.
            mail("Bob, thank you for `newsletter`", "bob@example.com"),
            mail("Somebody of Acme looked at /pricing", "sales@example.com"),
            mail("Ana, thank you for `contact`", "ana@example.com"),
        ]
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
}
