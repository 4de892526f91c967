//! What both stores promise.

use serde_json::json;

use super::*;
use crate::timestamp;
use crate::wire::message::{Direction, State, Wanted};

/// Both, fresh.
async fn fresh(limits: StoreLimits) -> [Arc<dyn Store>; 2] {
    let place = ::store::Place::Memory;
    let store = ::store::Store::open(&place, ::store::Limits::default()).await;
    let durable = StorePlace::Server(store.unwrap());
    [open(&StorePlace::Memory, limits), open(&durable, limits)]
}

/// Both, with the account `a@b`.
async fn both(limits: StoreLimits) -> [Arc<dyn Store>; 2] {
    let stores = fresh(limits).await;
    for store in &stores {
        store.open("a@b", Owner::Ours).await.unwrap();
    }
    stores
}

async fn usual() -> [Arc<dyn Store>; 2] {
    both(StoreLimits::default()).await
}

fn entry(id: &str, contact: &str) -> Entry {
    Entry {
        contact: contact.into(),
        timestamp: timestamp::now(),
        disposition: vec![Wanted::PositiveDelivery, Wanted::Display],
        message_id: id.into(),
        content_type: "text/plain".into(),
        content: "x".into(),
        direction: Direction::Incoming,
        state: Some(State::Received),
    }
}

async fn ids(store: &dyn Store, after: After, limit: usize) -> Vec<String> {
    let entries = store.journal("a@b", after, limit).await.unwrap();
    entries
        .iter()
        .map(|entry| entry.message_id.to_string())
        .collect()
}

fn push(app: &str, token: &str) -> Push {
    Push {
        token: token.into(),
        platform: "ios".into(),
        device: "8c6f".into(),
        silent: true,
        app: app.into(),
    }
}

#[tokio::test]
async fn journals_are_read_from_a_place_on() {
    let limits = StoreLimits {
        entries: 4,
        ..StoreLimits::default()
    };
    for store in both(limits).await {
        let store = &*store;
        for id in ["0", "1", "2", "3", "4"] {
            store.append("a@b", entry(id, "c@d")).await.unwrap();
        }
        let all = ids(store, After::Beginning, 10).await;
        assert_eq!(all, ["1", "2", "3", "4"], "the oldest went");
        assert_eq!(ids(store, After::Beginning, 2).await, ["1", "2"]);
        let after = |id: &str, time: Option<&str>| After::Message(id.into(), time.map(Arc::from));
        assert_eq!(ids(store, after("3", None), 10).await, ["4"]);
        assert_eq!(ids(store, after("?", None), 10).await.len(), 4);
        let future = "2999-01-01T00:00:00Z";
        assert!(ids(store, after("?", Some(future)), 10).await.is_empty());
        assert_eq!(ids(store, after("3", Some(future)), 10).await, ["4"]);
        assert!(ids(store, After::Time(future.into()), 10).await.is_empty());
        let past = After::Time("2020-01-01T00:00:00Z".into());
        assert_eq!(ids(store, past, 10).await.len(), 4);
        assert_eq!(ids(store, After::Time("?".into()), 10).await.len(), 4);
        let nobody = store.journal("c@d", After::Beginning, 10).await;
        assert_eq!(nobody.unwrap(), []);
    }
}

#[tokio::test]
async fn entries_come_back_as_they_were() {
    for store in usual().await {
        let marker = Entry {
            disposition: Vec::new(),
            direction: Direction::None,
            state: None,
            content: "größe \"x\"\0\r\n".into(),
            ..entry("2", "C@D")
        };
        let entries = [entry("1", "c@D"), marker];
        for entry in &entries {
            store.append("a@b", entry.clone()).await.unwrap();
        }
        assert_eq!(
            store.journal("a@b", After::Beginning, 9).await.unwrap(),
            entries
        );
    }
}

#[tokio::test]
async fn messages_are_marked_and_removed() {
    for store in usual().await {
        store.append("a@b", entry("1", "c@D")).await.unwrap();
        store.append("a@b", entry("2", "e@f")).await.unwrap();
        let mark = Mark {
            state: State::Displayed,
            reported: Some(Wanted::Display),
        };
        assert!(store.mark("a@b", "1", mark.clone()).await.unwrap());
        assert!(!store.mark("a@b", "9", mark.clone()).await.unwrap());
        assert!(!store.mark("x@y", "1", mark).await.unwrap());
        let journal = store.journal("a@b", After::Beginning, 9).await.unwrap();
        assert_eq!(journal[0].disposition, [Wanted::PositiveDelivery]);
        assert_eq!(journal[0].state, Some(State::Displayed));
        store.clear_wanted("a@b", "C@d").await.unwrap();
        store.clear_wanted("a@b", "c@d").await.unwrap();
        let journal = store.journal("a@b", After::Beginning, 9).await.unwrap();
        assert_eq!(journal[0].disposition, []);
        assert_eq!(journal[1].disposition.len(), 2, "of another conversation");
        let contact = store.contact_of("a@b", "1").await.unwrap();
        assert_eq!(contact.as_deref(), Some("c@D"));
        assert_eq!(store.contact_of("a@b", "9").await.unwrap(), None);
        let other = store.remove_message("a@b", "e@f", "1").await.unwrap();
        assert!(!other, "of another conversation");
        assert!(store.remove_message("a@b", "c@d", "1").await.unwrap());
        assert_eq!(store.remove_conversation("a@b", "e@F").await.unwrap(), 1);
        assert_eq!(store.remove_conversation("x@y", "e@F").await.unwrap(), 0);
        assert!(ids(&*store, After::Beginning, 9).await.is_empty());
    }
}

#[tokio::test]
async fn what_was_removed_makes_room() {
    let limits = StoreLimits {
        bytes: 500,
        ..StoreLimits::default()
    };
    for store in both(limits).await {
        for id in ["1", "2", "3"] {
            store.append("a@b", entry(id, "c@d")).await.unwrap();
        }
        assert_eq!(ids(&*store, After::Beginning, 9).await, ["2", "3"]);
        assert!(store.remove_message("a@b", "c@d", "2").await.unwrap());
        store.append("a@b", entry("4", "e@f")).await.unwrap();
        assert_eq!(ids(&*store, After::Beginning, 9).await, ["3", "4"]);
        store.remove_conversation("a@b", "c@d").await.unwrap();
        store.append("a@b", entry("5", "e@f")).await.unwrap();
        assert_eq!(ids(&*store, After::Beginning, 9).await, ["4", "5"]);
        let huge = Entry {
            content: "x".repeat(600).into(),
            ..entry("6", "c@d")
        };
        assert_eq!(store.append("a@b", huge).await, Err(StoreError::Full));
    }
}

#[tokio::test]
async fn accounts_and_items_are_limited() {
    let limits = StoreLimits {
        accounts: 1,
        items: 1,
        ..StoreLimits::default()
    };
    for store in fresh(limits).await {
        assert!(!store.knows("a@b").await.unwrap());
        store.open("a@b", Owner::Ours).await.unwrap();
        store.open("a@b", Owner::Ours).await.unwrap();
        assert!(store.knows("a@b").await.unwrap());
        assert_eq!(store.accounts().await.unwrap(), ["a@b".into()]);
        assert_eq!(store.open("c@d", Owner::Ours).await, Err(StoreError::Full));
        for item in [json!({"id": "1"}), json!({"id": "1", "name": "ü"})] {
            store
                .put_item("a@b", Kind::Contact, "1", item)
                .await
                .unwrap();
        }
        let second = store.put_item("a@b", Kind::Group, "1", Value::Null).await;
        assert_eq!(second, Err(StoreError::Full));
        let book = store.address_book("a@b").await.unwrap();
        assert_eq!(book, [(Kind::Contact, json!({"id": "1", "name": "ü"}))]);
        assert!(!store.delete_item("a@b", Kind::Group, "1").await.unwrap());
        assert!(store.delete_item("a@b", Kind::Contact, "1").await.unwrap());
        assert_eq!(store.address_book("a@b").await.unwrap(), []);
        assert!(!store.delete_item("c@d", Kind::Contact, "1").await.unwrap());
    }
}

#[tokio::test]
async fn nothing_is_kept_for_whoever_is_not_known() {
    for store in usual().await {
        assert!(!store.append("c@d", entry("1", "a@b")).await.unwrap());
        assert!(!store.set_public_key("c@d", "k".into()).await.unwrap());
        let item = store.put_item("c@d", Kind::Contact, "1", Value::Null);
        assert_eq!(item.await, Err(StoreError::Full));
        let device = store.put_device("c@d", push("x", "1"));
        assert_eq!(device.await, Err(StoreError::Full));
        assert_eq!(store.accounts().await.unwrap(), ["a@b".into()]);
    }
}

#[tokio::test]
async fn strangers_make_room_for_each_other_and_never_for_ours() {
    let limits = StoreLimits {
        accounts: 1,
        foreign_accounts: 3,
        ..StoreLimits::default()
    };
    for store in both(limits).await {
        let store = &*store;
        let open = |name: &'static str| async move {
            // Times of use tell who was there last.
            let before = timestamp::now_micros();
            while timestamp::now_micros() == before {
                tokio::task::yield_now().await;
            }
            store.open(name, Owner::Foreign).await
        };
        let there = async || -> Vec<String> {
            let names = store.accounts().await.unwrap().into_iter();
            names.map(|name| name.to_string()).collect()
        };
        for name in ["1@x", "2@x", "3@x", "1@x"] {
            open(name).await.unwrap();
        }
        store.append("3@x", entry("1", "a@b")).await.unwrap();
        store.set_public_key("2@x", "k".into()).await.unwrap();
        open("4@x").await.unwrap();
        assert_eq!(there().await, ["1@x", "3@x", "4@x", "a@b"], "2 is oldest");
        open("5@x").await.unwrap();
        assert_eq!(there().await, ["3@x", "4@x", "5@x", "a@b"]);
        let item = store.put_item("4@x", Kind::Contact, "1", json!(1));
        item.await.unwrap();
        store.put_device("5@x", push("x", "1")).await.unwrap();
        assert_eq!(
            open("6@x").await,
            Err(StoreError::Full),
            "all have something"
        );
        open("3@x").await.unwrap();
        // Its domain has become one of ours, or is not any more.
        store.open("3@x", Owner::Ours).await.unwrap();
        open("6@x").await.unwrap();
        assert_eq!(there().await, ["3@x", "4@x", "5@x", "6@x", "a@b"]);
        assert_eq!(store.open("c@d", Owner::Ours).await, Err(StoreError::Full));
    }
}

#[tokio::test]
async fn address_books_are_in_order() {
    for store in usual().await {
        for (kind, id) in [
            (Kind::Policy, "1"),
            (Kind::Contact, "2"),
            (Kind::Contact, "1"),
            (Kind::Group, "9"),
        ] {
            store.put_item("a@b", kind, id, json!(id)).await.unwrap();
        }
        let book = store.address_book("a@b").await.unwrap();
        let order = [
            (Kind::Contact, json!("1")),
            (Kind::Contact, json!("2")),
            (Kind::Group, json!("9")),
            (Kind::Policy, json!("1")),
        ];
        assert_eq!(book, order);
    }
}

#[tokio::test]
async fn keys_and_devices() {
    let limits = StoreLimits {
        devices: 2,
        ..StoreLimits::default()
    };
    for store in both(limits).await {
        assert_eq!(store.public_key("a@b").await.unwrap(), None);
        store.set_public_key("a@b", "k1".into()).await.unwrap();
        store.set_public_key("a@b", "k2".into()).await.unwrap();
        assert_eq!(
            store.public_key("a@b").await.unwrap().as_deref(),
            Some("k2")
        );
        let long = "k".repeat((64 << 10) + 1).into();
        assert_eq!(
            store.set_public_key("a@b", long).await,
            Err(StoreError::Full)
        );
        for (app, token) in [("x", "1"), ("y", "2"), ("x", "3"), ("z", "4")] {
            store.put_device("a@b", push(app, token)).await.unwrap();
        }
        let devices = store.devices("a@b").await.unwrap();
        let pushes: Vec<Push> = devices.iter().map(|device| device.push.clone()).collect();
        assert_eq!(pushes, [push("x", "3"), push("z", "4")], "the oldest went");
        assert_eq!(&*devices[0].key, "x-8c6f");
        assert!(store.delete_token("a@b", "3").await.unwrap());
        assert!(!store.delete_token("a@b", "3").await.unwrap());
        assert!(!store.delete_token("c@d", "4").await.unwrap());
        assert_eq!(store.devices("a@b").await.unwrap().len(), 1);
    }
}
