//! A database server that goes away takes nothing with it but what it was asked meanwhile, and keeps nobody waiting.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::time::{Duration, Instant};

use jackfield_store::{ObjectError, ObjectLimits, ObjectName, Objects, Place, Store};
use support::{LIMITS, open, own_server};

const PATIENCE: Duration = Duration::from_secs(60);

/// What nobody waits for longer than.
const AT_ONCE: Duration = Duration::from_secs(10);

async fn put(objects: &Objects, id: &str) -> Result<(), ObjectError> {
    let new = jackfield_store::NewObject {
        name: ObjectName::new("server", id),
        parent: None,
        unique: Vec::new(),
        json: "{}".into(),
    };
    tokio::time::timeout(AT_ONCE, objects.put_new(new))
        .await
        .expect("an answer, if only that it failed")
}

/// Tries until the store takes something again.
async fn until_kept(objects: &Objects, id: &str) {
    let began = Instant::now();
    while put(objects, id).await != Ok(()) {
        assert!(began.elapsed() < PATIENCE, "the store came back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let Some(mut server) = own_server("loss") else {
        return;
    };
    let place = server.database();
    let store = open(&place).await;
    let objects = store.objects("panel", ObjectLimits::default());
    put(&objects, "before").await.unwrap();
    assert!(store.is_connected());
    server.stop();
    assert_eq!(put(&objects, "lost").await, Err(ObjectError::Failed));
    assert_eq!(put(&objects, "lost").await, Err(ObjectError::Failed));
    assert!(!store.is_connected());
    assert!(
        objects
            .get(&ObjectName::new("server", "before"))
            .await
            .is_err()
    );
    server.start_again();
    until_kept(&objects, "after").await;
    assert!(store.is_connected());
    let kept = objects.list("server", None).await.unwrap();
    let kept: Vec<&str> = kept.iter().map(|object| &*object.name.id).collect();
    assert_eq!(kept, ["before", "after"]);
    store.close().await;
    assert_eq!(put(&objects, "closed").await, Err(ObjectError::Failed));
}

#[tokio::test]
async fn a_server_that_is_late_is_waited_for_without_blocking() {
    let Some(mut server) = own_server("late") else {
        return;
    };
    let place = server.database();
    server.stop();
    let store = open(&place).await;
    let objects = store.objects("panel", ObjectLimits::default());
    assert_eq!(put(&objects, "early").await, Err(ObjectError::Failed));
    server.start_again();
    until_kept(&objects, "late").await;
}

#[tokio::test]
async fn a_server_that_refuses_us_is_said() {
    let Some(server) = own_server("refused") else {
        return;
    };
    let Place::Postgres(_) = server.database() else {
        unreachable!("it is one");
    };
    let place = server.place("no_such_database");
    let error = Store::open(&place, LIMITS).await.unwrap_err().to_string();
    assert!(error.contains("no_such_database"), "{error}");
    assert!(!error.contains("postgres://"), "{error}");
}
