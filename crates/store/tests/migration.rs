//! A database that an earlier server has left is taken over with everything in it.
//!
//! `fixtures/version-2.db` was written by the server whose schema had that number, with a journal of at most three entries.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use std::path::Path;

use jackfield_store::{After, Device, Entry, NewObject, ObjectLimits, ObjectName, Owner, Place};
use support::{Folder, open};

const ALICE: &str = "alice@example.org";
const MIDNIGHT: i64 = 1_767_225_600_000_000;

fn entry(id: &str, content: &str) -> Entry {
    Entry {
        contact: "Bob@example.net".into(),
        contact_key: "bob@example.net".into(),
        timestamp: "2026-01-01T00:00:00.000000+00:00".into(),
        wanted: vec!["positive-delivery".to_owned(), "display".to_owned()],
        message_id: id.into(),
        content_type: "text/plain".into(),
        content: content.into(),
        direction: "incoming".to_owned(),
        state: None,
    }
}

#[tokio::test]
async fn a_database_of_version_2_is_taken_over() {
    let folder = Folder::new("version-2");
    let path = folder.database();
    let left = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-2.db");
    std::fs::copy(left, &path).unwrap();
    for opened in ["migrated", "opened again"] {
        let store = open(&Place::File(path.clone())).await;
        let names = store.accounts().await.unwrap();
        assert_eq!(names, [ALICE.into(), "bob@example.net".into()], "{opened}");
        let key = store.public_key(ALICE).await.unwrap();
        assert_eq!(key.as_deref(), Some("-----BEGIN PGP"));
        let journal = store.journal(ALICE, After::Beginning, 10).await.unwrap();
        let read = Entry {
            wanted: vec!["positive-delivery".to_owned()],
            state: Some("displayed".to_owned()),
            ..entry("m4", "Yes")
        };
        let expected = [
            entry("m2", "Lunch?"),
            entry("m3", "größe \"x\"\0\r\n"),
            read,
        ];
        assert_eq!(journal, expected);
        let since = After::Time(MIDNIGHT + 2);
        assert_eq!(store.journal(ALICE, since, 10).await.unwrap().len(), 1);
        let book = store.address_book(ALICE).await.unwrap();
        let contact = r#"{"id":"c1","name":"Bob"}"#;
        assert_eq!(book, [("contact".to_owned(), contact.to_owned())]);
        let device = Device {
            key: "app-1".into(),
            token: "t".into(),
            platform: "ios".into(),
            device: "1".into(),
            silent: true,
            app: "app".into(),
        };
        assert_eq!(store.devices(ALICE).await.unwrap(), [device]);
        let objects = store.objects("panel", ObjectLimits::default());
        let new = NewObject {
            name: ObjectName::new("server", opened),
            parent: None,
            unique: Vec::new(),
            json: "{}".into(),
        };
        objects.put_new(new).await.unwrap();
        let stranger = Owner::Foreign { used: MIDNIGHT + 1 };
        store
            .open_account("bob@example.net", stranger)
            .await
            .unwrap();
    }
}
