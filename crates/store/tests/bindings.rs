//! Where telephones are registered: kept, replaced, forgotten, and over in time.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_store::{Binding, BindingChange, Place};
use support::{Kept, kept, open};

fn binding(id: &str, serial: i64, expires: i64) -> Binding {
    Binding {
        id: id.into(),
        serial,
        profile: "internal".into(),
        user: "1000".into(),
        domain: "example.org".into(),
        realm: "example.org".into(),
        contact: "\"Änne\0\" <sip:1000@192.0.2.1>".into(),
        contact_uri: "sip:1000@192.0.2.1".into(),
        q: 700,
        call_id: "call".into(),
        cseq: i64::from(u32::MAX),
        transport: "udp".into(),
        local: "192.0.2.9:5060".into(),
        source: "[2001:db8::1]:5062".into(),
        way: "192.0.2.1:5060".into(),
        path: "<sip:one;lr>\n<sip:two;lr>".into(),
        user_agent: "Phone/1".into(),
        instance: Some("urn:uuid:1;1".into()),
        refreshed: 10,
        expires,
    }
}

fn put(binding: Binding) -> BindingChange {
    BindingChange::Put(Box::new(binding))
}

#[tokio::test]
async fn the_last_word_about_a_binding_is_kept_until_its_time() {
    for Kept { store, place, .. } in kept("bindings").await {
        let refreshed = Binding {
            instance: None,
            path: "".into(),
            source: "192.0.2.2:1".into(),
            cseq: 7,
            ..binding("a", 2, 300)
        };
        let changes = vec![
            put(binding("a", 2, 100)),
            put(binding("b", 1, 200)),
            put(refreshed.clone()),
            put(binding("c", 3, 200)),
            BindingChange::Delete("c".into()),
            BindingChange::Delete("none".into()),
        ];
        store.change_bindings(changes.clone()).await.unwrap();
        let both = [binding("b", 1, 200), refreshed.clone()];
        assert_eq!(store.bindings(50).await.unwrap(), both);
        // The answer to the first attempt was lost.
        store.change_bindings(changes).await.unwrap();
        assert_eq!(store.bindings(199).await.unwrap(), both);
        assert_eq!(
            store.bindings(200).await.unwrap(),
            std::slice::from_ref(&refreshed)
        );
        // Forgotten, and not only left out.
        assert_eq!(
            store.bindings(0).await.unwrap(),
            std::slice::from_ref(&refreshed)
        );
        if place != Place::Memory {
            store.close().await;
            let again = open(&place).await;
            assert_eq!(again.bindings(0).await.unwrap(), [refreshed]);
        }
    }
}

#[tokio::test]
async fn many_go_together_and_of_each_the_last_word_counts() {
    for Kept { store, .. } in kept("many_bindings").await {
        // More than one statement takes, with ids that come again in the same change.
        let mut changes: Vec<_> = (0..150)
            .map(|serial| put(binding(&format!("{}", serial % 50), serial, 100)))
            .collect();
        changes.insert(145, BindingChange::Delete("44".into()));
        store.change_bindings(changes).await.unwrap();
        let kept = store.bindings(50).await.unwrap();
        let serials: Vec<i64> = kept.iter().map(|binding| binding.serial).collect();
        let expected: Vec<i64> = (100..150).filter(|serial| *serial != 144).collect();
        assert_eq!(serials, expected);
        assert!(
            kept.iter()
                .all(|kept| *kept.id == *format!("{}", kept.serial % 50))
        );
    }
}
