//! Console commands of few words: the texts clients parse, byte for byte.
#[allow(dead_code, reason = "shared with the other tests of the console")]
mod scripted;

use scripted::check;

#[tokio::test]
async fn nobody_opens_ports_at_a_router() {
    check(&[
        ("nat_map", "false"),
        ("nat_map status", "false"),
        ("nat_map add 5060 udp", "false"),
        ("show nat_map", "\n0 total.\n"),
    ])
    .await;
}
