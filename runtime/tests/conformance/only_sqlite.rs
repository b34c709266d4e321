//! What only the store in SQLite must do: one process has its file.

use onward_runtime::store::StoreError;

use super::*;

#[tokio::test]
async fn one_process_has_the_file() {
    let bed = Bed::sqlite().await;
    let error = store::open(&bed.address, &options()).await.err().unwrap();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(error.to_string().ends_with("stop that one, or give this one a file of its own"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_missing_is_explained() {
    let error = store::open("/nowhere/at/all/store.db", &options()).await.err().unwrap();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
    assert!(error.to_string().contains("`/nowhere/at/all/store.db`"), "{error}");
}

#[tokio::test]
async fn a_killed_process_leaves_nothing_locked() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("store.db").display().to_string();
    let store = store::open(&address, &options()).await.unwrap();
    let bed = Bed { store, address: address.clone(), folder: None };
    let node = Node::start(&bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana")]).await;
    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    bed.store.accept(vec![event("e1", "ana")]).await.unwrap();
    drop(node);
    drop(bed);

    let store = store::open(&address, &options()).await.unwrap();
    assert_eq!(store.lease("n2", TTL).await.unwrap().len(), 8, "leases are free at once");
    assert_eq!(store.pending("n2", noon()).await.unwrap().len(), 1);
    assert_eq!(store.expired("n2", TTL, 10).await.unwrap(), claims, "so are claims");
}
