//! Times of a call, and media that is slow to open.

use std::time::Duration;

use api::command::channel::TakeEarlyMedia;
use api::{Answer, HangupCause, RequestId};
use sip::message::Method;

use crate::rig::Rig;
use crate::web::tests::foreign::{respond, sent};

fn failed(rig: &mut Rig, request: RequestId) -> Option<HangupCause> {
    let answer = rig.answers.remove(&request.0)?;
    Some(answer.unwrap_err().cause.expect("a cause"))
}

#[test]
fn a_leg_whose_time_is_over_before_its_media_has_opened_is_not_called() {
    for dial in [
        "{originate_timeout=5}sofia/internal/bob@192.0.2.1",
        "[leg_timeout=5]sofia/internal/bob@192.0.2.1",
    ] {
        let mut rig = Rig::new();
        rig.slow_media = true;
        let request = rig.call(dial);
        rig.pass(Duration::from_secs(6));
        rig.open_media();
        assert_eq!(
            failed(&mut rig, request),
            Some(HangupCause::NoAnswer),
            "{dial}"
        );
        let invites = |message: &sip::message::Message| message.method() == Some(&Method::Invite);
        assert!(!rig.take_sent().iter().any(invites), "{dial}");
        rig.pass(Duration::from_secs(1));
        let census = rig.switch.census();
        assert_eq!((census.originates, census.legs, census.channels), (0, 0, 0));
    }
}

#[test]
fn early_media_that_was_ignored_counts_when_it_is_taken() {
    let mut rig = Rig::new();
    let request = rig.call("{ignore_early_media=true}sofia/internal/bob@192.0.2.1");
    let leg = rig.switch.channels.keys().next().cloned().unwrap();
    let take = |rig: &mut Rig| {
        let channel = leg.clone();
        rig.get(TakeEarlyMedia { channel }).unwrap();
    };
    let invite = sent(&mut rig, &Method::Invite);
    let sdp = "Contact: <sip:bob@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n\
               s=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    respond(&mut rig, &invite, "183 Session Progress", sdp);
    assert!(!rig.answers.contains_key(&request.0));
    take(&mut rig);
    assert!(matches!(
        rig.answers.get(&request.0),
        Some(Ok(Answer::Channel(id))) if *id == leg
    ));
    // Of one that sends none yet, what it sends later counts.
    let mut rig = Rig::new();
    let request = rig.call("{ignore_early_media=true}sofia/internal/bob@192.0.2.1");
    let channel = rig.switch.channels.keys().next().cloned().unwrap();
    let invite = sent(&mut rig, &Method::Invite);
    rig.get(TakeEarlyMedia { channel }).unwrap();
    assert!(!rig.answers.contains_key(&request.0));
    respond(&mut rig, &invite, "183 Session Progress", sdp);
    assert!(rig.answers.contains_key(&request.0));
}

#[test]
fn a_phone_that_is_to_answer_by_itself_is_told_so() {
    let told = |variables: &str| {
        let mut rig = Rig::new();
        rig.call(&format!("{{{variables}}}sofia/internal/bob@192.0.2.1"));
        let invite = sent(&mut rig, &Method::Invite);
        let all = invite.headers();
        let own = all.filter(|header| header.raw_name.eq_ignore_ascii_case("Call-Info"));
        assert!(own.count() < 2, "{variables}");
        invite.header_named("Call-Info").map(str::to_owned)
    };
    let asked = told("sip_auto_answer=true").unwrap();
    assert!(
        asked.starts_with("<sip:") && asked.ends_with(">;answer-after=0"),
        "{asked}"
    );
    assert_eq!(told("sip_auto_answer=false"), None);
    // Who knows better says it.
    let own = told("sip_auto_answer=true,sip_h_Call-Info=<sip:x>;answer-after=2");
    assert_eq!(own.as_deref(), Some("<sip:x>;answer-after=2"));
}

#[test]
fn times_past_the_end_of_the_clock_are_long_times() {
    for dial in [
        "{originate_timeout=18446744073709551615}sofia/internal/bob@192.0.2.1",
        "{call_timeout=10000000000000000000}sofia/internal/bob@192.0.2.1",
        "[leg_timeout=18446744073709551615,leg_delay_start=18446744073709551615]null/x",
        "{park_timeout=18446744073709551615}null/x",
        "{enable_heartbeat_events=18446744073709551615}null/x",
    ] {
        let mut rig = Rig::new();
        let request = rig.call(dial);
        rig.pass(Duration::from_secs(3));
        assert_eq!(
            rig.answers.contains_key(&request.0),
            dial.ends_with("null/x") && !dial.contains("delay"),
            "{dial}"
        );
    }
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    rig.run(&id, "sleep:18446744073709551615");
    assert!(rig.switch.channels[&id].is_up());
}

/// Who calls: `From` without its tag, `Remote-Party-ID` and `Privacy`.
fn identity(invite: &sip::message::Message) -> (String, String, Option<String>) {
    let text = |name: &str| invite.header_named(name).map(str::to_owned);
    let from = text("From").expect("a From");
    let (from, _) = from.split_once(";tag=").expect("a tag");
    (
        from.into(),
        text("Remote-Party-ID").expect("an identity"),
        text("Privacy"),
    )
}

#[test]
fn a_caller_hides_its_name_its_number_or_both() {
    let known = r#""Ana" <sip:1001@127.0.0.1>"#;
    let unnamed = r#""Anonymous" <sip:1001@127.0.0.1>"#;
    let unnumbered = r#""Ana" <sip:anonymous@anonymous.invalid>"#;
    let unknown = r#""Anonymous" <sip:anonymous@anonymous.invalid>"#;
    for (word, shown, rpid_word, privacy) in [
        ("no", known, "off", None),
        ("NAME", unnamed, "name", None),
        ("number", unnumbered, "uri", Some("id")),
        ("full", unknown, "full", Some("id")),
        ("yes", unknown, "full", Some("id")),
        // Nothing is said of it, so all stays hidden.
        ("perhaps", unknown, "full", Some("id")),
    ] {
        for dial in [
            "sofia/internal/bob@192.0.2.1",
            "loopback/park/default/inline",
        ] {
            let mut rig = Rig::new();
            let a = rig.park("null/a");
            let name = "set_profile_var:caller_id_name=Ana,set_profile_var:caller_id_number=1001";
            rig.run(&a, &format!("{name},privacy:full,privacy:{word},park"));
            rig.sent();
            rig.run(&a, &format!("bridge:{dial}"));
            let hidden = |rig: &Rig, id: &api::ChannelId| {
                let profile = rig.channel(id).profile.clone().expect("a profile");
                (profile.privacy_hide_name, profile.privacy_hide_number)
            };
            let told = hidden(&rig, &a);
            for id in rig.switch.channels.keys() {
                assert_eq!(hidden(&rig, id), told, "{word} {dial}");
            }
            if dial.starts_with("loopback") {
                continue;
            }
            let rpid = format!("{shown};party=calling;screen=yes;privacy={rpid_word}");
            let expected = (shown.to_owned(), rpid, privacy.map(str::to_owned));
            assert_eq!(
                identity(&sent(&mut rig, &Method::Invite)),
                expected,
                "{word}"
            );
        }
    }
}

#[test]
fn a_name_that_is_the_number_is_hidden_with_it() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    let name = "set_profile_var:caller_id_name=1001,set_profile_var:caller_id_number=1001";
    rig.sent();
    rig.run(
        &a,
        &format!("{name},privacy:number,bridge:sofia/internal/bob@192.0.2.1"),
    );
    let shown = identity(&sent(&mut rig, &Method::Invite));
    assert!(!format!("{shown:?}").contains("1001"), "{shown:?}");
}

#[test]
fn a_header_of_the_dialplan_goes_before_ours() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.sent();
    rig.run(
        &a,
        "privacy:full,bridge:[sip_h_Privacy=header]sofia/internal/bob@192.0.2.1",
    );
    let sent = rig.sent();
    let invite = sent.iter().find(|one| one.bytes.starts_with(b"INVITE "));
    let text = String::from_utf8_lossy(&invite.expect("an INVITE").bytes).into_owned();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("Privacy:"))
        .collect();
    assert_eq!(lines, ["Privacy: header"]);
}
