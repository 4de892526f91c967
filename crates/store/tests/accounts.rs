//! What accounts leave behind, in each database the same. The door's own tests say more; these say it of PostgreSQL too.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_store::{After, Device, Entry, Limits, Mark, Owner, Store, StoreError};
use support::{Kept, kept};

fn entry(id: &str, contact: &str, content: &str) -> Entry {
    Entry {
        contact: contact.to_uppercase().into(),
        contact_key: contact.into(),
        timestamp: "2026-03-01T09:15:30.120000+00:00".into(),
        wanted: vec!["positive-delivery".to_owned(), "display".to_owned()],
        message_id: id.into(),
        content_type: "text/plain".into(),
        content: content.into(),
        direction: "incoming".to_owned(),
        state: None,
    }
}

async fn ids(store: &Store, after: After) -> Vec<String> {
    let entries = store.journal("a@b", after, 100).await.unwrap();
    let ids = entries.iter().map(|entry| entry.message_id.to_string());
    ids.collect()
}

#[tokio::test]
async fn journals_keep_their_order_and_their_bounds() {
    for Kept { store, .. } in kept("journal").await {
        let limits = Limits {
            entries: 3,
            ..Limits::default()
        };
        let store = store.with_limits(limits);
        let text = "größe \"x\"\0\u{10FFFE}\r\n";
        assert!(
            !store
                .append("a@b", 1, entry("0", "c@d", text))
                .await
                .unwrap()
        );
        store.open_account("a@b", Owner::Ours).await.unwrap();
        // The clock stands still; time goes on all the same.
        for id in ["1", "2", "3", "4"] {
            assert!(
                store
                    .append("a@b", 10, entry(id, "c@d", text))
                    .await
                    .unwrap()
            );
        }
        assert_eq!(ids(&store, After::Beginning).await, ["2", "3", "4"]);
        assert_eq!(ids(&store, After::Time(12)).await, ["4"]);
        let after = |id: &str, time| After::Message(id.into(), time);
        assert_eq!(ids(&store, after("3", None)).await, ["4"]);
        assert_eq!(ids(&store, after("9", Some(11))).await, ["3", "4"]);
        let journal = store.journal("a@b", After::Beginning, 1).await.unwrap();
        assert_eq!(journal, [entry("2", "c@d", text)]);

        let mark = |reported: &str| Mark {
            state: "displayed".to_owned(),
            reported: Some(reported.to_owned()),
        };
        assert!(store.mark("a@b", "2", mark("display")).await.unwrap());
        assert!(!store.mark("a@b", "9", mark("display")).await.unwrap());
        let journal = store.journal("a@b", After::Beginning, 1).await.unwrap();
        let marked = Entry {
            wanted: vec!["positive-delivery".to_owned()],
            state: Some("displayed".to_owned()),
            ..entry("2", "c@d", text)
        };
        assert_eq!(journal, [marked]);
        store.clear_wanted("a@b", "c@d").await.unwrap();
        let journal = store.journal("a@b", After::Beginning, 9).await.unwrap();
        assert!(journal.iter().all(|entry| entry.wanted.is_empty()));
        let contact = store.contact_of("a@b", "3").await.unwrap();
        assert_eq!(contact.as_deref(), Some("C@D"));
        assert!(!store.remove_message("a@b", "e@f", "3").await.unwrap());
        assert!(store.remove_message("a@b", "c@d", "3").await.unwrap());
        store
            .append("a@b", 20, entry("5", "e@f", "x"))
            .await
            .unwrap();
        assert_eq!(ids(&store, After::Beginning).await, ["2", "4", "5"]);
        assert_eq!(store.remove_conversation("a@b", "c@d").await.unwrap(), 2);
        assert_eq!(ids(&store, After::Beginning).await, ["5"]);
        let huge = entry("6", "e@f", &"x".repeat(2 << 20));
        assert_eq!(store.append("a@b", 30, huge).await, Err(StoreError::Full));
    }
}

#[tokio::test]
async fn strangers_make_room_and_ours_stay() {
    for Kept { store, .. } in kept("strangers").await {
        let limits = Limits {
            accounts: 1,
            foreign_accounts: 2,
            items: 1,
            devices: 2,
            ..Limits::default()
        };
        let store = store.with_limits(limits);
        store.open_account("a@b", Owner::Ours).await.unwrap();
        let full = Err(StoreError::Full);
        assert_eq!(store.open_account("c@b", Owner::Ours).await, full);
        for (name, used) in [("1@x", 1), ("2@x", 2), ("1@x", 3), ("3@x", 4)] {
            let owner = Owner::Foreign { used };
            store.open_account(name, owner).await.unwrap();
        }
        let names = store.accounts().await.unwrap();
        assert_eq!(names, ["1@x".into(), "3@x".into(), "a@b".into()]);
        assert!(store.knows("3@x").await.unwrap() && !store.knows("2@x").await.unwrap());
        store
            .put_item("1@x", "contact", "1", "{}".to_owned())
            .await
            .unwrap();
        store
            .append("3@x", 1, entry("1", "a@b", "x"))
            .await
            .unwrap();
        let more = store.open_account("4@x", Owner::Foreign { used: 5 }).await;
        assert_eq!(more, full, "all have something");

        let second = store.put_item("1@x", "group", "1", "{}".to_owned()).await;
        assert_eq!(second, full);
        store
            .put_item("1@x", "contact", "1", "[]".to_owned())
            .await
            .unwrap();
        let book = store.address_book("1@x").await.unwrap();
        assert_eq!(book, [("contact".to_owned(), "[]".to_owned())]);
        assert!(!store.delete_item("1@x", "group", "1").await.unwrap());
        assert!(store.delete_item("1@x", "contact", "1").await.unwrap());

        assert_eq!(store.public_key("a@b").await.unwrap(), None);
        assert!(store.set_public_key("a@b", "key".into()).await.unwrap());
        assert!(!store.set_public_key("z@b", "key".into()).await.unwrap());
        let key = store.public_key("a@b").await.unwrap();
        assert_eq!(key.as_deref(), Some("key"));

        let device = |key: &str, token: &str| Device {
            key: key.into(),
            token: token.into(),
            platform: "ios".into(),
            device: "1".into(),
            silent: token == "3",
            app: "app".into(),
        };
        for (key, token) in [("x", "1"), ("y", "2"), ("x", "3"), ("z", "4")] {
            store.put_device("a@b", device(key, token)).await.unwrap();
        }
        let there = store.devices("a@b").await.unwrap();
        assert_eq!(
            there,
            [device("x", "3"), device("z", "4")],
            "the oldest went"
        );
        assert!(store.delete_token("a@b", "3").await.unwrap());
        assert!(!store.delete_token("a@b", "3").await.unwrap());
    }
}

#[tokio::test]
async fn address_books_and_names_are_in_the_order_of_their_bytes() {
    for Kept { store, .. } in kept("order-of-bytes").await {
        for name in ["b@x", "B@x", "a@x", "ä@x"] {
            store.open_account(name, Owner::Ours).await.unwrap();
        }
        let names = store.accounts().await.unwrap();
        assert_eq!(
            names,
            ["B@x".into(), "a@x".into(), "b@x".into(), "ä@x".into()]
        );
        for (kind, id) in [
            ("policy", "1"),
            ("contact", "b"),
            ("contact", "B"),
            ("group", "9"),
        ] {
            store
                .put_item("a@x", kind, id, id.to_owned())
                .await
                .unwrap();
        }
        let book = store.address_book("a@x").await.unwrap();
        let items: Vec<&str> = book.iter().map(|(_, item)| item.as_str()).collect();
        assert_eq!(items, ["B", "b", "9", "1"]);
    }
}

/// One account of each of many clients at the same time: batches of jobs, each in its own savepoint.
#[tokio::test]
async fn a_job_that_fails_does_not_disturb_the_others() {
    for Kept { store, .. } in kept("batches").await {
        store.open_account("a@b", Owner::Ours).await.unwrap();
        let jobs = (0..300).map(|number: i64| {
            let store = store.clone();
            tokio::spawn(async move {
                let id = number.to_string();
                if number % 3 == 0 {
                    // Nobody knows it.
                    let item = store.put_item("z@b", "contact", &id, "{}".to_owned());
                    assert_eq!(item.await, Err(StoreError::Full));
                    return;
                }
                let kept = store.append("a@b", number, entry(&id, "c@d", "x"));
                assert!(kept.await.unwrap());
            })
        });
        for job in jobs.collect::<Vec<_>>() {
            job.await.unwrap();
        }
        assert_eq!(ids(&store, After::Beginning).await.len(), 100, "the newest");
    }
}
