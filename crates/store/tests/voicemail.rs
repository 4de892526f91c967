//! The index of voicemail: kept once, marked, forgotten.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_store::{Place, VoiceMessage};
use support::{Kept, kept, open};

fn message(id: &str, left_at: i64) -> VoiceMessage {
    VoiceMessage {
        id: id.into(),
        mailbox: "1000".into(),
        domain: "example.org".into(),
        caller_name: "Änne \"A\"\0".into(),
        caller_number: "1001".into(),
        left_at,
        read_at: None,
        length_ms: 4_200,
        file: format!("/var/voicemail/{id}.wav").into(),
    }
}

#[tokio::test]
async fn a_message_comes_back_as_it_was_and_once() {
    for Kept { store, place, .. } in kept("voicemail").await {
        store.save_voice_message(message("b", 20)).await.unwrap();
        store.save_voice_message(message("a", 10)).await.unwrap();
        // The answer to the first attempt was lost.
        let again = VoiceMessage {
            caller_number: "9".into(),
            ..message("a", 30)
        };
        store.save_voice_message(again).await.unwrap();
        let all = [message("a", 10), message("b", 20)];
        assert_eq!(store.voice_messages().await.unwrap(), all);

        store
            .mark_voice_message("a".into(), Some(99))
            .await
            .unwrap();
        store
            .mark_voice_message("none".into(), Some(99))
            .await
            .unwrap();
        let read = VoiceMessage {
            read_at: Some(99),
            ..message("a", 10)
        };
        let all = [read, message("b", 20)];
        assert_eq!(store.voice_messages().await.unwrap(), all);
        store.mark_voice_message("a".into(), None).await.unwrap();
        store.delete_voice_message("b".into()).await.unwrap();
        store.delete_voice_message("b".into()).await.unwrap();
        assert_eq!(store.voice_messages().await.unwrap(), [message("a", 10)]);
        if place != Place::Memory {
            store.close().await;
            let again = open(&place).await;
            assert_eq!(again.voice_messages().await.unwrap(), [message("a", 10)]);
        }
    }
}
