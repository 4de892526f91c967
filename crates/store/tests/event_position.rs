//! Numbers of events: reserved ahead, never taken back, known to the next run.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_store::Place;
use support::{Kept, kept, open};

#[tokio::test]
async fn what_was_reserved_is_known_to_the_next_run() {
    for Kept { store, place, .. } in kept("event_position").await {
        assert_eq!(store.event_position().await.unwrap(), 0);
        store.reserve_events(1_767_225_600_000_000).await.unwrap();
        store.reserve_events(7).await.unwrap();
        assert_eq!(store.event_position().await.unwrap(), 1_767_225_600_000_000);
        if place != Place::Memory {
            store.close().await;
            let again = open(&place).await;
            assert_eq!(again.event_position().await.unwrap(), 1_767_225_600_000_000);
        }
    }
}
