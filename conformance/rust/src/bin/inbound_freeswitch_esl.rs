//! A program that controls calls, as people write them with the crate freeswitch-esl. It passes on no events, and
//! executes applications on outbound connections only.
//!
//!     inbound_freeswitch_esl PORT PASSWORD PHONE

use freeswitch_esl::{Esl, EslError};
use jackfield_conformance::{TONE, argument, say};
use serde_json::json;

// On one thread: the library notes who waits for a reply only after it has sent the request, and on several the reply
// can be faster, and is lost then.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = format!("127.0.0.1:{}", argument(1));
    let (password, phone) = (argument(2), argument(3));
    match Esl::inbound(&address, format!("{password}-wrong")).await {
        Err(EslError::AuthFailed) => say(json!({"stage": "refused", "text": "-ERR invalid"})),
        other => panic!("{other:?}"),
    }
    let switch = Esl::inbound(&address, &password).await.unwrap();
    assert!(switch.connected());
    say(json!({"stage": "status", "text": switch.api("status").await.unwrap()}));
    match switch.api("uuid_kill nobody").await {
        Err(EslError::ApiError(text)) => {
            say(json!({"stage": "failed", "text": format!("-ERR {text}")}))
        }
        other => panic!("{other:?}"),
    }
    let command = format!("originate user/{phone} &park()");
    let uuid = switch.bgapi(&command).await.unwrap();
    say(json!({"stage": "job", "text": format!("+OK {uuid}")}));
    switch
        .api(&format!("uuid_broadcast {uuid} {TONE}"))
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    switch
        .api(&format!("uuid_kill {uuid} USER_BUSY"))
        .await
        .unwrap();
    switch.disconnect().await.unwrap();
    say(json!({"stage": "done"}));
}
