//! Pictures between pages and phones, and between phones.

use api::command::web::UpdateWebCall;
use sip::message::{HeaderName, Message, Method};
use sip::transport::Transport;

use super::foreign::{SERVER, respond, respond_from, sent};
use super::*;
use crate::rig::Phone;

const OTHER: &str = "192.0.2.2:5060";
const VP8: &str = "m=video 6000 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\na=rtcp-fb:* nack pli\r\n";
/// As old phones pack it, which browsers do not.
const H264_MODE_0: &str =
    "m=video 6000 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\na=fmtp:98 profile-level-id=42801f\r\n";
const REFUSED: &str = "m=video 0 RTP/AVP 97\r\n";

fn both() -> String {
    format!("{AUDIO}{VIDEO}")
}

/// What a phone says of its sound, and of its pictures.
fn phone(pictures: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP 0\r\n{pictures}"
    )
}

/// Phones are believed, and have pictures.
fn rig() -> Rig {
    Rig::with(rig_config())
}

fn rig_config() -> crate::config::Config {
    let mut config = config();
    let profile = &mut config.profiles[0];
    profile.codecs = ["PCMU", "VP8", "H264"].map(Into::into).to_vec();
    profile.auth_calls = false;
    profile.context = "default".into();
    config
}

fn body(message: &Message) -> String {
    String::from_utf8_lossy(&message.body()).into_owned()
}

/// The video line of a description.
fn video_line(message: &Message) -> String {
    let body = body(message);
    let mut lines = body.lines().filter(|line| line.starts_with("m=video"));
    lines.next().unwrap_or("none").to_owned()
}

fn with_sdp(sdp: &str) -> String {
    format!("Contact: <sip:bob@192.0.2.1>\r\nContent-Type: application/sdp\r\n\r\n{sdp}")
}

/// A request of a phone; `branch` tells it from others, `to_tag` is empty outside of a call.
fn request(
    rig: &mut Rig,
    from: &str,
    method: &str,
    to_tag: &str,
    number: u32,
    kind: &str,
    body: &str,
) {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    let text = format!(
        "{method} sip:1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{method}{number}\r\n\
         From: <sip:desk@192.0.2.1>;tag=desk\r\nTo: <sip:1001@127.0.0.1>{to_tag}\r\nCall-ID: pictures\r\n\
         CSeq: {number} {method}\r\nContact: <sip:desk@{from}>\r\nMax-Forwards: 70\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    rig.receive(from, &text);
}

fn invite(rig: &mut Rig, to_tag: &str, number: u32, sdp: &str) {
    request(
        rig,
        SERVER,
        "INVITE",
        to_tag,
        number,
        "application/sdp",
        sdp,
    );
}

/// The final response to an INVITE of a phone, acknowledged; its code, its tag and itself.
fn answered(rig: &mut Rig, number: u32) -> (u16, String, Message) {
    let mut finals: Vec<Message> = rig
        .take_sent()
        .into_iter()
        .filter(|m| m.code().is_some_and(|code| code >= 200))
        .filter(|m| {
            m.header(HeaderName::CSeq)
                .is_some_and(|c| c.ends_with("INVITE"))
        })
        .collect();
    assert_eq!(finals.len(), 1, "one final answer: {finals:?}");
    let answer = finals.remove(0);
    let tag = answer.to().and_then(|to| to.tag().map(str::to_owned));
    let tag = tag.unwrap_or_default();
    request(rig, SERVER, "ACK", &tag, number, "application/sdp", "");
    (answer.code().unwrap_or_default(), tag, answer)
}

fn update(rig: &mut Rig, channel: &ChannelId, sdp: &str) {
    rig.get(UpdateWebCall {
        channel: channel.clone(),
        sdp: sdp.into(),
    })
    .unwrap();
}

/// An offer, and an answer, as browsers write them in a call.
fn offer(pictures: bool) -> String {
    let pictures = if pictures { VIDEO } else { "" };
    format!("{AUDIO}{pictures}a=setup:actpass\r\n")
}

fn said(pictures: bool) -> String {
    offer(pictures).replace("actpass", "active")
}

/// A page calls a phone, which answers with these pictures; its INVITE.
fn page_calls(rig: &mut Rig, offer: &str, pictures: &str) -> (ChannelId, Message) {
    let user = add(rig, 1, "1000@127.0.0.1");
    let call = place(rig, user, "bob@192.0.2.1", offer);
    let invite = sent(rig, &Method::Invite);
    respond(rig, &invite, "200 OK", &with_sdp(&phone(pictures)));
    (call, invite)
}

/// A phone calls a page, which answers; the page's channel and the tag of our side.
fn phone_calls(rig: &mut Rig, pictures: &str, answered_with: &str) -> (ChannelId, String, Message) {
    let callee = registered(rig, 2, "1001@127.0.0.1");
    invite(rig, "", 1, &phone(pictures));
    let page = call_of(rig, callee);
    answer(rig, &page, answered_with).unwrap();
    let (code, tag, answer) = answered(rig, 1);
    assert_eq!(code, 200);
    (page, tag, answer)
}

fn over(mut rig: Rig, page: &ChannelId) {
    end(&mut rig, page, 486);
    let bye = sent(&mut rig, &Method::Bye);
    respond(&mut rig, &bye, "200 OK", "");
    rig.pass(std::time::Duration::from_secs(40));
    check_idle(&rig);
}

#[test]
fn a_page_and_the_phone_it_calls_see_each_other() {
    let mut rig = rig();
    let (page, invite) = page_calls(&mut rig, &both(), VP8);
    assert_eq!(video_line(&invite), "m=video 30004 RTP/AVP 104");
    for line in ["a=rtpmap:104 VP8/90000", "a=rtcp-fb:* nack pli"] {
        assert!(body(&invite).contains(line), "{line} in\n{}", body(&invite));
    }
    assert_eq!(
        rig.peers.orders(),
        [
            "line 2",
            "describe 2 VP8 SendRecv PictureLoss",
            "accept 1 PCMU+VP8",
            "link 1 2"
        ]
    );
    let bob = rig
        .view
        .channels
        .values()
        .find(|live| live.id != page)
        .cloned();
    let flow = |name: &str| bob.as_ref().unwrap().variables.text(name).map(String::from);
    assert_eq!(flow("video_media_flow").as_deref(), Some("sendrecv"));
    assert_eq!(flow("remote_video_media_flow").as_deref(), Some("sendrecv"));
    over(rig, &page);
}

#[test]
fn a_phone_without_pictures_leaves_a_call_of_sound() {
    for pictures in [REFUSED, "", H264_MODE_0] {
        let mut rig = rig();
        let (page, _) = page_calls(&mut rig, &both(), pictures);
        assert_eq!(
            rig.peers.orders(),
            ["line 2", "accept 1 PCMU"],
            "{pictures}"
        );
        over(rig, &page);
    }
    // A page that offers none, a profile without any, and no ports: the phone is not even asked.
    let mut rig = rig();
    let (page, invite) = page_calls(&mut rig, AUDIO, "");
    assert_eq!(video_line(&invite), "none");
    over(rig, &page);
    let mut plain = super::rig();
    let (page, invite) = page_calls(&mut plain, &both(), "");
    assert_eq!(video_line(&invite), "none");
    over(plain, &page);
    let mut rig = self::rig();
    rig.peers.refuses_lines = true;
    let (page, invite) = page_calls(&mut rig, &both(), "");
    assert_eq!(video_line(&invite), "none");
    over(rig, &page);
}

#[test]
fn early_pictures_go_with_early_sound() {
    let mut rig = rig();
    let user = add(&mut rig, 1, "1000@127.0.0.1");
    let page = place(&mut rig, user, "bob@192.0.2.1", &both());
    let invite = sent(&mut rig, &Method::Invite);
    respond(
        &mut rig,
        &invite,
        "183 Session Progress",
        &with_sdp(&phone(VP8)),
    );
    let linked = [
        "line 2",
        "describe 2 VP8 SendRecv PictureLoss",
        "accept 1 PCMU+VP8",
        "link 1 2",
    ];
    assert_eq!(rig.peers.orders(), linked);
    respond(&mut rig, &invite, "200 OK", &with_sdp(&phone(VP8)));
    assert_eq!(rig.peers.orders(), ["describe 2 VP8 SendRecv PictureLoss"]);
    over(rig, &page);
}

#[test]
fn a_phone_calls_a_page_with_what_both_have() {
    let mut rig = rig();
    let offer = VP8.replace("97\r\na=", "98 97\r\na=rtpmap:98 H264/90000\r\na=");
    let (page, _, answer) = phone_calls(&mut rig, &offer, &both());
    assert_eq!(video_line(&answer), "m=video 30002 RTP/AVP 97");
    assert_eq!(
        rig.peers.orders(),
        [
            "line 1",
            "offer 2 PCMU+VP8",
            "take 2",
            "describe 1 VP8 SendRecv PictureLoss",
            "link 1 2"
        ]
    );
    over(rig, &page);
}

#[test]
fn pictures_the_page_lacks_are_refused_and_the_sound_lives_on() {
    // Unknown to us; packed as browsers do not; known, and the page declines.
    let unknown = "m=video 6000 RTP/AVP 34\r\n";
    for (pictures, orders) in [
        (unknown, vec!["offer 1 PCMU", "take 1"]),
        (
            H264_MODE_0,
            vec!["line 1", "offer 2 PCMU", "take 2", "close 1"],
        ),
    ] {
        let mut rig = rig();
        let (page, _, answer) = phone_calls(&mut rig, pictures, AUDIO);
        assert!(video_line(&answer).starts_with("m=video 0 "), "{pictures}");
        assert_eq!(rig.peers.orders(), orders);
        over(rig, &page);
    }
    let mut rig = rig();
    let (page, _, answer) = phone_calls(&mut rig, VP8, AUDIO);
    assert!(video_line(&answer).starts_with("m=video 0 "));
    assert_eq!(
        rig.peers.orders(),
        ["line 1", "offer 2 PCMU+VP8", "take 2", "close 1"]
    );
    over(rig, &page);
}

#[test]
fn a_page_adds_pictures_to_a_call_with_a_phone_and_ends_them() {
    for (status, pictures, takes) in [
        ("200 OK", VP8, true),
        ("200 OK", REFUSED, false),
        ("488 Not Acceptable Here", "", false),
    ] {
        let mut rig = rig();
        let (page, _) = page_calls(&mut rig, AUDIO, "");
        rig.take_sent();
        rig.peers.orders();
        rig.events.clear();
        update(&mut rig, &page, &offer(true));
        let again = sent(&mut rig, &Method::Invite);
        assert_eq!(video_line(&again), "m=video 30004 RTP/AVP 104");
        assert_eq!(rig.seen(told), Vec::<String>::new(), "the phone first");
        respond(&mut rig, &again, status, &with_sdp(&phone(pictures)));
        assert_eq!(rig.seen(told), ["1: update accepted answer of 1"]);
        if !takes {
            assert_eq!(
                rig.peers.orders(),
                ["line 2", "accept 1 PCMU"],
                "{pictures}"
            );
            over(rig, &page);
            continue;
        }
        assert_eq!(
            rig.peers.orders(),
            [
                "line 2",
                "describe 2 VP8 SendRecv PictureLoss",
                "accept 1 PCMU+VP8",
                "link 1 2"
            ]
        );
        rig.take_sent();
        update(&mut rig, &page, &offer(false));
        let again = sent(&mut rig, &Method::Invite);
        assert!(video_line(&again).starts_with("m=video 0 "), "{again:?}");
        respond(&mut rig, &again, "200 OK", &with_sdp(&phone(REFUSED)));
        assert!(
            rig.peers
                .orders()
                .iter()
                .any(|order| order.starts_with("unlink"))
        );
        over(rig, &page);
    }
}

#[test]
fn a_phone_adds_pictures_to_a_call_with_a_page_and_ends_them() {
    for takes in [true, false] {
        let mut rig = rig();
        let (page, tag, _) = phone_calls(&mut rig, "", AUDIO);
        rig.peers.orders();
        rig.events.clear();
        invite(&mut rig, &tag, 2, &phone(VP8));
        assert_eq!(
            rig.seen(told),
            ["2: update received offer of 1"],
            "the page first"
        );
        update(&mut rig, &page, &said(takes));
        let (code, _, answer) = answered(&mut rig, 2);
        let expected = if takes {
            "m=video 30004 RTP/AVP 97"
        } else {
            "m=video 0 RTP/AVP 97"
        };
        assert_eq!((code, video_line(&answer).as_str()), (200, expected));
        let orders = rig.peers.orders();
        let last = if takes { "link 2 1" } else { "close 2" };
        assert_eq!(orders.last().map(String::as_str), Some(last), "{orders:?}");
        if takes {
            invite(&mut rig, &tag, 3, &phone(REFUSED));
            let (_, _, answer) = answered(&mut rig, 3);
            assert!(video_line(&answer).starts_with("m=video 0 "));
            assert_eq!(
                rig.seen(told),
                ["2: update received offer of 1"],
                "without them"
            );
            update(&mut rig, &page, &said(false));
            assert!(
                !rig.peers
                    .orders()
                    .iter()
                    .any(|order| order.starts_with("link"))
            );
        }
        over(rig, &page);
    }
}

#[test]
fn a_page_that_says_nothing_costs_the_phone_its_pictures_after_a_while() {
    let mut rig = rig();
    let (page, tag, _) = phone_calls(&mut rig, "", AUDIO);
    invite(&mut rig, &tag, 2, &phone(VP8));
    rig.pass(std::time::Duration::from_millis(10_100));
    let (code, _, answer) = answered(&mut rig, 2);
    assert_eq!(code, 200);
    assert!(video_line(&answer).starts_with("m=video 0 "));
    over(rig, &page);
}

#[test]
fn hold_stops_the_pictures_and_keeps_them_agreed() {
    let mut rig = rig();
    let (page, tag, _) = phone_calls(&mut rig, VP8, &both());
    rig.peers.orders();
    let held = phone(&format!("a=sendonly\r\n{VP8}a=sendonly\r\n"));
    invite(&mut rig, &tag, 2, &held);
    let (_, _, answer) = answered(&mut rig, 2);
    assert_eq!(video_line(&answer), "m=video 30002 RTP/AVP 97");
    assert_eq!(rig.peers.orders(), ["describe 1 VP8 RecvOnly PictureLoss"]);
    invite(&mut rig, &tag, 3, &phone(VP8));
    answered(&mut rig, 3);
    assert_eq!(rig.peers.orders(), ["describe 1 VP8 SendRecv PictureLoss"]);
    over(rig, &page);
}

#[test]
fn whole_pictures_are_asked_for_by_info_both_ways() {
    let mut rig = rig();
    let quiet = VP8.replace("a=rtcp-fb:* nack pli\r\n", "");
    let (page, tag, _) = phone_calls(&mut rig, &quiet, &both());
    let orders = rig.peers.orders();
    assert!(
        orders.contains(&"describe 1 VP8 SendRecv Signalled".to_owned()),
        "{orders:?}"
    );
    let update = "<media_control><vc_primitive><to_encoder><picture_fast_update/>\
                  </to_encoder></vc_primitive></media_control>";
    request(
        &mut rig,
        SERVER,
        "INFO",
        &tag,
        2,
        "application/media_control+xml",
        update,
    );
    assert_eq!(rig.peers.orders(), ["picture for 1"]);
    assert!(rig.take_sent().iter().any(|m| m.code() == Some(200)));
    rig.feed(Input::Web(WebReport::PictureWanted { peer: PeerId(1) }));
    let info = sent(&mut rig, &Method::Info);
    assert!(body(&info).contains("<picture_fast_update/>"));
    assert_eq!(
        info.header_named("Content-Type"),
        Some("application/media_control+xml")
    );
    respond(&mut rig, &info, "200 OK", "");
    over(rig, &page);
}

#[test]
fn phones_see_each_other_in_whatever_way_they_share() {
    for (taken, linked) in [(H264_MODE_0, true), (REFUSED, false)] {
        let mut rig = rig();
        let mut callee = Phone::new("1002", OTHER, Transport::Udp, 2);
        assert_eq!(callee.register(&mut rig, "1234", 3600), 200);
        request_to(&mut rig, "1002", &phone(H264_MODE_0));
        let offered = sent(&mut rig, &Method::Invite);
        assert_eq!(video_line(&offered), "m=video 30004 RTP/AVP 104");
        assert!(body(&offered).contains("a=fmtp:104 profile-level-id=42801f\r\n"));
        respond_from(
            &mut rig,
            OTHER,
            &offered,
            "200 OK",
            &with_sdp(&phone(taken)),
        );
        let (code, tag, answer) = answered(&mut rig, 1);
        assert_eq!(code, 200);
        assert_eq!(!video_line(&answer).starts_with("m=video 0 "), linked);
        let orders = rig.peers.orders();
        assert_eq!(
            orders.contains(&"link 2 1".to_owned()) || orders.contains(&"link 1 2".to_owned()),
            linked,
            "{orders:?}"
        );
        request(&mut rig, SERVER, "BYE", &tag, 2, "application/sdp", "");
        let bye = sent(&mut rig, &Method::Bye);
        respond_from(&mut rig, OTHER, &bye, "200 OK", "");
        callee.register(&mut rig, "1234", 0);
        rig.pass(std::time::Duration::from_secs(40));
        check_idle(&rig);
    }
}

#[test]
fn a_caller_who_may_have_no_pictures_has_sound() {
    let path = "/built-in/dialplan/default.xml";
    let mut files = crate::config_xml::built_in();
    let dialplan = crate::config_xml::Files::read(&files, path.as_ref()).unwrap();
    let before = "<action application=\"export\" data=\"dialed_extension=$1\"/>";
    assert!(dialplan.contains(before));
    let novideo = format!("<action application=\"novideo\"/>{before}");
    files.insert(path, dialplan.replace(before, &novideo));
    let root = crate::config_xml::BUILT_IN_ROOT.as_ref();
    let xml = crate::config_xml::Configuration::load(&files, root, Default::default()).unwrap();
    let mut config = rig_config();
    config.xml = Arc::new(xml);
    let mut rig = Rig::with(config);
    let mut callee = Phone::new("1002", OTHER, Transport::Udp, 2);
    assert_eq!(callee.register(&mut rig, "1234", 3600), 200);
    request_to(&mut rig, "1002", &phone(VP8));
    let offered = sent(&mut rig, &Method::Invite);
    assert_eq!(video_line(&offered), "none");
    respond_from(&mut rig, OTHER, &offered, "200 OK", &with_sdp(&phone("")));
    let (code, _, answer) = answered(&mut rig, 1);
    assert_eq!(code, 200);
    assert!(video_line(&answer).starts_with("m=video 0 "));
    assert!(body(&answer).contains("m=audio 2"));
}

fn request_to(rig: &mut Rig, user: &str, sdp: &str) {
    let text = format!(
        "INVITE sip:{user}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {SERVER};branch=z9hG4bKfirst\r\n\
         From: <sip:desk@192.0.2.1>;tag=desk\r\nTo: <sip:1001@127.0.0.1>\r\nCall-ID: pictures\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:desk@{SERVER}>\r\nMax-Forwards: 70\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    rig.receive(SERVER, &text);
}
