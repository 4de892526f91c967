//! Offers and answers of encrypted sound, as a phone and the media side see them.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

use api::ChannelId;
use api::command::channel::{Hold, HoldAction};
use media::control::{LegProtection, MediaCommand};
use media::srtp::{MasterKey, Suite};
use sip::message::{Message, Method};
use sip::sdp;

use crate::rig::{Rig, Talk};
use crate::web::tests::foreign::{SERVER, respond};

const SUITE_80: &str = "AES_CM_128_HMAC_SHA1_80";

fn crypto(tag: u32, suite: &str, fill: u8) -> String {
    let suite = Suite::from_name(suite).unwrap();
    let bytes = vec![fill; suite.key_bytes() + suite.salt_bytes()];
    let value = sdp::Crypto::print(tag, suite.name(), &bytes);
    format!("a=crypto:{value}\r\n")
}

/// A description with these lines of sound, each with what stands under it.
fn described(lines: &[(&str, u16, &str)]) -> String {
    let mut text =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n".to_owned();
    for (protocol, port, under) in lines {
        text.push_str(&format!("m=audio {port} {protocol} 0\r\n{under}"));
    }
    text
}

fn body(message: &Message) -> sdp::SessionDescription {
    sdp::parse(&message.body()).expect("a description")
}

/// The keys a line names: tag, suite, key.
fn keys(line: &sdp::MediaDescription) -> Vec<(u32, String, Vec<u8>)> {
    line.crypto()
        .map(|crypto| {
            let key = crypto.key().expect("a key of ours can be read");
            (crypto.tag, crypto.suite.to_owned(), key.key_and_salt)
        })
        .collect()
}

/// What the media side was told of protection last.
fn protection(rig: &Rig) -> Option<LegProtection> {
    rig.commands.iter().rev().find_map(|command| match command {
        MediaCommand::Protect { protection, .. } => Some(*protection),
        _ => None,
    })
}

fn expected(suite: &str, send: &[u8], receive: u8) -> Option<LegProtection> {
    let suite = Suite::from_name(suite).unwrap();
    let theirs = vec![receive; suite.key_bytes() + suite.salt_bytes()];
    Some(LegProtection::Srtp {
        send: MasterKey::new(suite, send).unwrap(),
        receive: MasterKey::new(suite, &theirs).unwrap(),
    })
}

fn variable(rig: &mut Rig, id: &ChannelId, name: &str) -> Option<String> {
    let value = rig.channel(id).variables.get(name);
    value.map(|value| value.to_text().to_string())
}

/// Somebody without credentials calls and is answered, or refused.
fn called_with(rule: Option<&str>, offer: &str) -> (Rig, Talk, Message) {
    let mut config = crate::rig::config();
    config.profiles[0].auth_calls = false;
    config.profiles[0].context = "default".into();
    config.profiles[0].secure_media = rule.map(Into::into);
    let mut rig = Rig::with(config);
    rig.sent();
    let mut talk = Talk::calls(
        &mut rig,
        SERVER,
        "bob@192.0.2.1",
        "9196@127.0.0.1",
        "",
        offer,
    );
    let answer = rig.last_final();
    if answer.code() == Some(200) {
        talk.take(&mut rig, &answer);
    }
    (rig, talk, answer)
}

fn only_channel(rig: &Rig) -> ChannelId {
    rig.switch.channels.keys().next().cloned().expect("a call")
}

#[test]
fn an_offered_key_is_answered_with_one_of_ours() {
    for protocol in ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP"] {
        let under = format!(
            "{}{}{}",
            "a=crypto:1 F8_128_HMAC_SHA1_80 inline:AAAA\r\n",
            "a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|1:4\r\n",
            crypto(7, SUITE_80, 3)
        );
        let (mut rig, _, answer) = called_with(None, &described(&[(protocol, 4000, &under)]));
        let answer = body(&answer);
        assert_eq!(answer.media[0].protocol, protocol);
        let ours = keys(&answer.media[0]);
        assert_eq!(ours.len(), 1);
        assert_eq!((ours[0].0, ours[0].1.as_str()), (7, SUITE_80));
        assert_eq!(protection(&rig), expected(SUITE_80, &ours[0].2, 3));
        let id = only_channel(&rig);
        for (name, value) in [
            ("rtp_has_crypto", SUITE_80),
            ("rtp_secure_media_confirmed", "true"),
        ] {
            assert_eq!(variable(&mut rig, &id, name).as_deref(), Some(value));
        }
    }
}

#[test]
fn the_secure_line_is_preferred_and_the_other_refused() {
    let key = crypto(1, "AEAD_AES_256_GCM", 3);
    let offer = described(&[("RTP/AVP", 4000, ""), ("RTP/SAVP", 4002, &key)]);
    let (rig, _, answer) = called_with(None, &offer);
    let answer = body(&answer);
    assert_eq!(answer.media[0].port, 0);
    assert_ne!(answer.media[1].port, 0);
    let ours = keys(&answer.media[1]);
    assert_eq!(
        protection(&rig),
        expected("AEAD_AES_256_GCM", &ours[0].2, 3)
    );
}

#[test]
fn what_must_be_encrypted_is_refused_in_the_clear_and_the_other_way_round() {
    let key = crypto(1, SUITE_80, 3);
    let mki = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|1:4\r\n";
    let open = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm UNENCRYPTED_SRTP\r\n";
    let short = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MTIz\r\n";
    for (rule, protocol, under, code) in [
        (None, "RTP/AVP", "", 200),
        (None, "RTP/SAVP", "", 488),
        (None, "RTP/SAVP", mki, 488),
        (None, "RTP/SAVP", open, 488),
        (None, "RTP/SAVP", short, 488),
        (None, "RTP/AVP", short, 200),
        (Some("mandatory"), "RTP/AVP", "", 488),
        (Some("mandatory"), "RTP/AVP", short, 488),
        (Some("mandatory"), "RTP/AVP", &key, 200),
        (Some("mandatory"), "RTP/SAVP", &key, 200),
        (Some("mandatory:AEAD_AES_128_GCM"), "RTP/SAVP", &key, 488),
        (Some("optional"), "RTP/AVP", "", 200),
        (Some("forbidden"), "RTP/SAVP", &key, 488),
        (Some("forbidden"), "RTP/AVP", &key, 200),
    ] {
        let (rig, _, answer) = called_with(rule, &described(&[(protocol, 4000, under)]));
        assert_eq!(answer.code(), Some(code), "{rule:?} {protocol} {under}");
        let is_secure = code == 200 && under == key && rule != Some("forbidden");
        assert_eq!(protection(&rig).is_some(), is_secure);
        if code == 200 {
            assert_eq!(
                body(&answer).media[0].attribute("crypto").is_some(),
                is_secure
            );
        }
    }
}

/// A call of ours, with what it offers.
fn calling(variables: &str) -> (Rig, Message) {
    let mut rig = Rig::new();
    rig.sent();
    rig.call(&format!("{{{variables}}}sofia/internal/bob@192.0.2.1"));
    let invite = rig
        .take_sent()
        .into_iter()
        .find(|message| message.method() == Some(&Method::Invite))
        .expect("an INVITE");
    (rig, invite)
}

fn pick_up(rig: &mut Rig, invite: &Message, answer: &str) -> Talk {
    let talk = Talk::called(invite, SERVER);
    let headers =
        format!("Contact: <sip:bob@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{answer}");
    respond(rig, invite, "200 OK", &headers);
    talk
}

#[test]
fn we_offer_a_key_for_each_suite_and_take_the_one_that_is_answered() {
    let (mut rig, invite) = calling("rtp_secure_media=mandatory");
    let offer = body(&invite);
    assert_eq!(offer.media.len(), 1);
    assert_eq!(offer.media[0].protocol, "RTP/SAVP");
    let ours = keys(&offer.media[0]);
    let names: Vec<_> = ours
        .iter()
        .map(|(tag, name, _)| (*tag, name.as_str()))
        .collect();
    let all: Vec<_> = (1..).zip(Suite::ALL.map(Suite::name)).collect();
    assert_eq!(names, all);
    let answer = described(&[("RTP/SAVP", 4000, &crypto(4, SUITE_80, 9))]);
    pick_up(&mut rig, &invite, &answer);
    assert_eq!(protection(&rig), expected(SUITE_80, &ours[3].2, 9));
}

#[test]
fn an_answer_without_our_key_ends_the_call() {
    for answer in [
        described(&[("RTP/SAVP", 4000, "")]),
        described(&[("RTP/AVP", 4000, "")]),
        described(&[("RTP/SAVP", 4000, &crypto(1, SUITE_80, 9))]),
        described(&[("RTP/SAVP", 4000, &crypto(9, SUITE_80, 9))]),
    ] {
        let (mut rig, invite) = calling("rtp_secure_media=true");
        pick_up(&mut rig, &invite, &answer);
        assert_eq!(protection(&rig), None, "{answer}");
        assert!(rig.switch.channels.is_empty(), "{answer}");
    }
}

#[test]
fn an_optional_offer_has_both_and_the_phone_takes_one() {
    for is_secure in [true, false] {
        let (mut rig, invite) =
            calling("rtp_secure_media_outbound=optional:AES_CM_128_HMAC_SHA1_80");
        let offer = body(&invite);
        let protocols: Vec<_> = offer.media.iter().map(|line| &*line.protocol).collect();
        assert_eq!(protocols, ["RTP/SAVP", "RTP/AVP"]);
        assert!(keys(&offer.media[1]).is_empty());
        let key = crypto(1, SUITE_80, 9);
        let ports = if is_secure { (4000, 0) } else { (0, 4000) };
        let answer = described(&[("RTP/SAVP", ports.0, &key), ("RTP/AVP", ports.1, "")]);
        let mut talk = pick_up(&mut rig, &invite, &answer);
        assert_eq!(protection(&rig).is_some(), is_secure);
        // What it is, it stays: a later offer has one line that is not refused, in its place.
        let id = only_channel(&rig);
        rig.take_sent();
        let hold = Hold {
            channel: id,
            action: HoldAction::On,
        };
        rig.get(hold).unwrap();
        let again = rig
            .take_sent()
            .into_iter()
            .find(|message| message.method() == Some(&Method::Invite))
            .expect("a re-INVITE");
        let again = body(&again);
        let open: Vec<_> = again.media.iter().map(|line| line.port != 0).collect();
        assert_eq!(open, [is_secure, !is_secure]);
        if is_secure {
            assert_eq!(keys(&again.media[0]), keys(&offer.media[0]), "the same key");
        }
        let _ended = &mut talk;
    }
}

#[test]
fn nothing_is_offered_where_nobody_asked() {
    for variables in [
        "rtp_secure_media=false",
        "rtp_secure_media_inbound=mandatory",
    ] {
        let (_, invite) = calling(variables);
        let offer = body(&invite);
        assert_eq!(offer.media[0].protocol, "RTP/AVP");
        assert!(offer.media[0].attribute("crypto").is_none());
    }
}

#[test]
fn a_changed_session_keeps_our_key_and_takes_a_new_one_of_the_phone() {
    let offer = |fill| described(&[("RTP/SAVP", 4000, &crypto(1, SUITE_80, fill))]);
    let (mut rig, mut talk, answer) = called_with(None, &offer(3));
    let ours = keys(&body(&answer).media[0]);
    for fill in [3, 4] {
        rig.take_sent();
        talk.request(&mut rig, &Method::Invite, "", &offer(fill));
        let answer = rig.last_final();
        assert_eq!(keys(&body(&answer).media[0]), ours, "the same key");
        talk.take(&mut rig, &answer);
        assert_eq!(protection(&rig), expected(SUITE_80, &ours[0].2, fill));
    }
}

#[test]
fn a_session_that_must_be_encrypted_is_not_changed_to_the_clear() {
    let secure = described(&[("RTP/SAVP", 4000, &crypto(1, SUITE_80, 3))]);
    let clear = described(&[("RTP/AVP", 4000, "")]);
    for (rule, code) in [(Some("mandatory"), 488), (Some("optional"), 200)] {
        let (mut rig, mut talk, _) = called_with(rule, &secure);
        rig.take_sent();
        let before = protection(&rig);
        talk.request(&mut rig, &Method::Invite, "", &clear);
        assert_eq!(rig.last_final().code(), Some(code));
        let id = only_channel(&rig);
        let confirmed = variable(&mut rig, &id, "rtp_secure_media_confirmed");
        if code == 200 {
            assert_eq!(protection(&rig), Some(LegProtection::Plain));
            assert_eq!(confirmed, None);
        } else {
            assert_eq!(protection(&rig), before);
            assert_eq!(confirmed.as_deref(), Some("true"));
        }
    }
}
