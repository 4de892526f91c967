//! `vm_boxcount`, `vm_list`, `vm_delete` and `vm_read` against a switch that answers as scripted.

use crate::scripted::{bench, check};
use api::command::Command;
use jackfield_esl::command::api::Line;

#[tokio::test]
async fn what_is_in_a_box() {
    let row = "1737453540:0:1005:vm.test:inbox:/v/msg_m-1.wav:m-1:Ana & Bo:1001:4\n";
    let read = "1737453541:1737453599:1005:vm.test:inbox:/v/msg_m-2.wav:m-2::1002:1\n";
    let xml = "<voicemail>\n <message>\n  <created_epoch>1737453540</created_epoch>\n  <read_epoch>0</read_epoch>\n  \
               <user>1005</user>\n  <domain>vm.test</domain>\n  <folder>inbox</folder>\n  <path>/v/msg_m-1.wav</path>\n  \
               <uuid>m-1</uuid>\n  <cid-name>Ana &amp; Bo</cid-name>\n  <cid-number>1001</cid-number>\n  \
               <message-len>4</message-len>\n </message>\n <message>\n  <created_epoch>1737453541</created_epoch>\n  \
               <read_epoch>1737453599</read_epoch>\n  <user>1005</user>\n  <domain>vm.test</domain>\n  \
               <folder>inbox</folder>\n  <path>/v/msg_m-2.wav</path>\n  <uuid>m-2</uuid>\n  <cid-name></cid-name>\n  \
               <cid-number>1002</cid-number>\n  <message-len>1</message-len>\n </message>\n</voicemail>\n";
    check(&[
        ("vm_boxcount 1005@vm.test", "1"),
        ("vm_boxcount default/1005@vm.test|saved", "1"),
        ("vm_boxcount sip:1005@vm.test|all", "1:1:0:0"),
        ("vm_boxcount 1005@vm.test|new-urgent", "0"),
        (
            "vm_boxcount 1005@vm.test|old",
            "-USAGE: [profile/]<user>@<domain>[|[new|saved|new-urgent|saved-urgent|all]]\n",
        ),
        ("vm_boxcount 4711@vm.test|all", "0:0:0:0"),
        ("vm_list 1005@vm.test/default", &format!("{row}{read}")),
        ("vm_list 1005@vm.test xml", xml),
        ("vm_list 1006@vm.test xml", "<voicemail>\n</voicemail>\n"),
        ("vm_list 1007@vm.test", "-ERR No such box!\n"),
        ("vm_list", "-USAGE: <id>@<domain>[/profile] [xml]\n"),
        ("vm_delete 1005@vm.test m-3", "-ERR No such message!\n"),
        ("vm_delete 1005@vm.test m-1", "+OK\n"),
        (
            "vm_read 1005@vm.test seen",
            "-USAGE: <id>@<domain>[/profile] <read|unread> [<uuid>]\n",
        ),
        ("vm_read 1005@vm.test unread", "+OK\n"),
    ])
    .await;
}

#[tokio::test]
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]
async fn what_the_switch_is_asked() {
    let bench = bench().await;
    for line in [
        "vm_read 1005@vm.test read m-1",
        "vm_delete 1005@vm.test",
        "vm_delete 1006@vm.test",
    ] {
        bench.console.execute(&Line::parse(line)).await;
    }
    let asked = bench.asked.lock().expect("no test panics with the lock");
    let asked: Vec<String> = asked
        .iter()
        .filter_map(|command| match command {
            Command::MarkVoiceMessage(c) => {
                Some(format!("{} {} {}", c.mailbox.user, c.message, c.read))
            }
            Command::DeleteVoiceMessage(c) => Some(format!("{} {}", c.mailbox.user, c.message)),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["1005 m-1 true", "1005 m-1", "1005 m-2"]);
}
