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

#[tokio::test]
async fn sounds_are_put_into_boxes() {
    let usage = "-USAGE: [group=<group>[@domain]|domain=<domain>|<box>[@<domain>]] <sound_file> [<cid_num>] [<cid_name>]\n";
    check(&[
        ("vm_inject", usage),
        ("vm_inject 1005@vm.test", usage),
        ("vm_inject 4711@vm.test a.wav", "-ERR No such box!\n"),
        (
            "vm_inject group=nosuch@vm.test a.wav",
            "-ERR No such box!\n",
        ),
        ("vm_inject domain=nosuch a.wav", "-ERR No such box!\n"),
        ("vm_inject 1005@vm.test a.wav", "+OK\n"),
    ])
    .await;
    let bench = bench().await;
    for line in [
        "vm_inject 1005@vm.test /tmp/a.wav 900 Front desk",
        "vm_inject group=desk@vm.test b.wav 901",
        "vm_inject domain=vm.test c.wav",
    ] {
        bench.console.execute(&Line::parse(line)).await;
    }
    let asked = bench.asked.lock().expect("no test panics with the lock");
    let said: Vec<String> = asked
        .iter()
        .filter_map(|command| {
            let Command::InjectVoiceMessage(c) = command else {
                return None;
            };
            let user = &c.mailbox.user;
            Some(format!(
                "{user} {} {} {}",
                c.file, c.caller_number, c.caller_name
            ))
        })
        .collect();
    assert_eq!(
        said,
        [
            "1005 /tmp/a.wav 900 Front desk",
            "1005 b.wav 901 Anonymous",
            "1005 c.wav anonymous Anonymous",
            "1006 c.wav anonymous Anonymous",
        ]
    );
}

#[tokio::test]
async fn preferences_of_a_box() {
    let usage = "-USAGE: [profile/]<user>@<domain>[|[name_path|greeting_path|password]]\n";
    check(&[
        ("vm_prefs", usage),
        ("vm_prefs 1005@vm.test|pin", usage),
        ("vm_prefs 4711@vm.test", "-ERR No such box!\n"),
        ("vm_prefs 1006@vm.test", ":/v/greeting.wav:2468"),
        (
            "vm_prefs default/1006@vm.test|greeting_path",
            "/v/greeting.wav",
        ),
        ("vm_prefs 1006@vm.test|password", "2468"),
        ("vm_prefs 1006@vm.test|name_path", ""),
        ("vm_prefs 1005@vm.test", ":/v/greeting.wav:"),
        ("vm_prefs other/1006@vm.test", "-ERR no such profile\n"),
    ])
    .await;
}
