//! A database server that is killed while much is written: what was answered is there when it comes back, what was not
//! written is answered as that, and nobody waits long for either.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jackfield_store::{NewObject, ObjectError, ObjectLimits, ObjectName, Objects};
use support::{open, own_server};

const WRITERS: usize = 16;

/// How often the server is killed.
const ROUNDS: usize = 3;

/// What is kept in a round before the server is killed.
const KEPT_BEFORE: usize = 150;

/// What nobody waits for longer than: the store gives a transaction fifteen seconds.
const ANSWERED: Duration = Duration::from_secs(30);

/// How long anything may take altogether.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two attempts of one writer while nothing is kept.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Progress {
    kept: AtomicUsize,
    failed: AtomicUsize,
    is_over: AtomicBool,
}

/// What one writer was answered.
#[derive(Default)]
struct Answers {
    kept: Vec<String>,
    failed: Vec<String>,
}

async fn put(objects: &Objects, id: &str) -> Result<(), ObjectError> {
    let new = NewObject {
        name: ObjectName::new("extension", id),
        parent: None,
        unique: Vec::new(),
        json: "{}".into(),
    };
    let put = tokio::time::timeout(ANSWERED, objects.put_new(new));
    put.await.expect("an answer, if only that it failed")
}

async fn write(objects: Objects, writer: usize, progress: Arc<Progress>) -> Answers {
    let mut answers = Answers::default();
    for number in 0.. {
        if progress.is_over.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("{writer}-{number}");
        match put(&objects, &id).await {
            Ok(()) => {
                answers.kept.push(id);
                progress.kept.fetch_add(1, Ordering::Relaxed);
            }
            Err(ObjectError::Failed) => {
                answers.failed.push(id);
                progress.failed.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
            Err(other) => panic!("{id}: {other}"),
        }
    }
    answers
}

/// Waits until so many more are counted.
async fn more(count: &AtomicUsize, more: usize, what: &str) {
    let (began, before) = (Instant::now(), count.load(Ordering::Relaxed));
    while count.load(Ordering::Relaxed) < before + more {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_the_database_server() {
    let Some(mut server) = own_server("killed") else {
        return;
    };
    let place = server.database();
    let store = open(&place).await;
    let objects = store.objects("panel", ObjectLimits::default());
    let progress = Arc::<Progress>::default();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(objects.clone(), writer, progress.clone())))
        .collect();
    for round in 0..ROUNDS {
        let kept = format!("something is kept in round {round}");
        more(&progress.kept, KEPT_BEFORE, &kept).await;
        server.kill();
        // All of those who were waiting, and some who came later.
        let refused = format!("something is refused in round {round}");
        more(&progress.failed, 2 * WRITERS, &refused).await;
        assert!(!store.is_connected());
        server.start_again();
    }
    more(&progress.kept, KEPT_BEFORE, "something is kept at the end").await;
    progress.is_over.store(true, Ordering::Relaxed);
    let mut answers = Answers::default();
    for writer in writers {
        let one = writer.await.unwrap();
        answers.kept.extend(one.kept);
        answers.failed.extend(one.failed);
    }
    let there = objects.list("extension", None).await.unwrap();
    let there: HashSet<&str> = there.iter().map(|object| &*object.name.id).collect();
    let lost: Vec<_> = answers
        .kept
        .iter()
        .filter(|id| !there.contains(id.as_str()))
        .collect();
    assert!(lost.is_empty(), "{lost:?} were answered, and are lost");
    assert_eq!(there.len(), {
        let kept_all_the_same = |id: &&String| there.contains(id.as_str());
        answers.kept.len() + answers.failed.iter().filter(kept_all_the_same).count()
    });
    // Who is told that something failed may try again: it is kept now, or it was kept before the answer got lost.
    for id in &answers.failed {
        let was_there = there.contains(id.as_str());
        let again = put(&objects, id).await;
        assert_eq!(again.is_ok(), !was_there, "{id}: {again:?}");
        assert!(!was_there || matches!(again, Err(ObjectError::Conflict { .. })));
    }
    store.close().await;
}
