//! A program that answers calls, as people write them with the crate freeswitch-esl: the switch connects to it.
//!
//!     outbound_freeswitch_esl PORT

use freeswitch_esl::Esl;
use jackfield_conformance::{TONE, argument, say};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = Esl::outbound(format!("127.0.0.1:{}", argument(1)))
        .await
        .unwrap();
    say(json!({"stage": "listens"}));
    let (call, _) = listener.accept().await.unwrap();
    say(json!({"stage": "connected", "uuid": call.call_uuid().await}));
    call.answer().await.unwrap();
    call.playback(TONE).await.unwrap();
    say(json!({"stage": "played"}));
    let digit = call.play_and_get_digits(
        1,
        1,
        1,
        10_000,
        "#",
        "tone_stream://%(200,0,850)",
        "silence",
    );
    say(json!({"stage": "pressed", "digit": digit.await.unwrap()}));
    call.hangup("USER_BUSY").await.unwrap();
    say(json!({"stage": "done"}));
}
