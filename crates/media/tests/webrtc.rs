//! Peers against each other: descriptions, connection, audio and video, ends. Virtual time.

mod webrtc_pair;

use std::time::Duration;

use jackfield_media as media;
use media::control::{Codec, Direction, OpusSending, PeerWish};
use media::rtp::Packet;
use media::webrtc::{Peer, Sending};
use proptest::prelude::*;
use webrtc_pair::{BROWSER, Pair, SERVER, rtp, sections, settings, split_candidates, wish};

const CHROMIUM: &str = include_str!("browsers/chromium-156-offer.sdp");
const CHROMIUM_GATHERED: &str = include_str!("browsers/chromium-156-offer-gathered.sdp");

fn answer_to(offer: &str, wish: &PeerWish) -> Result<(String, media::control::WebAgreed), String> {
    let now = std::time::Instant::now();
    let settings = settings("10.0.0.2:2000", false);
    let mut peer = Peer::new(&settings, now, 7);
    peer.accept(now, offer, wish, &mut Vec::new())
        .map_err(|refusal| refusal.to_string())
}

#[test]
fn a_browser_gets_its_sections_back_in_order_with_all_it_needs() {
    for offer in [CHROMIUM, CHROMIUM_GATHERED] {
        let (answer, agreed) = answer_to(offer, &wish(true)).unwrap();
        let sections = sections(&answer);
        assert_eq!(sections.len(), 3, "{answer}");
        assert!(answer.contains("a=group:BUNDLE 0 1\r\n"), "{answer}");
        // Audio: what was wished for, best first, with the events of its clock.
        assert!(
            sections[0].starts_with("m=audio 9 UDP/TLS/RTP/SAVPF 0 8 126\r\n"),
            "{answer}"
        );
        assert!(!sections[0].contains("opus"), "{answer}");
        assert!(
            sections[0].contains("a=rtcp-fb:0 transport-cc\r\n")
                || !CHROMIUM.contains("a=rtcp-fb:0 ")
        );
        // Video: VP8 and one H.264, each with its repair, and feedback per payload type.
        assert!(
            sections[1].starts_with("m=video 9 UDP/TLS/RTP/SAVPF 96 97 108 109\r\n"),
            "{answer}"
        );
        for pt in [96, 108] {
            for feedback in ["nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"] {
                assert!(
                    sections[1].contains(&format!("a=rtcp-fb:{pt} {feedback}\r\n")),
                    "{pt} {feedback}: {answer}"
                );
            }
        }
        assert!(
            sections[1].contains("packetization-mode=1;profile-level-id=42e01f"),
            "{answer}"
        );
        // The data channel is refused in its place.
        assert!(
            sections[2].starts_with("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"),
            "{answer}"
        );
        assert!(sections[2].contains("a=mid:2\r\n") && sections[2].contains("a=inactive\r\n"));
        for section in &sections[..2] {
            assert!(section.contains("a=sendrecv\r\n"), "{answer}");
            assert!(
                section.contains("a=ssrc:") && section.contains("a=msid:"),
                "{answer}"
            );
            assert!(section.contains("a=setup:passive\r\n"), "{answer}");
            assert!(section.contains("a=fingerprint:sha-256 "), "{answer}");
            assert!(section.contains("a=rtcp-mux\r\n"), "{answer}");
        }
        assert!(sections[0].contains(" 10.0.0.2 2000 typ host"), "{answer}");
        assert_eq!(
            answer.matches("a=end-of-candidates\r\n").count(),
            1,
            "{answer}"
        );
        assert!(!answer.contains("rtcp-fb:*"), "{answer}");

        assert!(agreed.video.is_some());
        let audio = agreed.audio.unwrap();
        assert_eq!(audio.send.codec, Codec::Pcmu);
        assert_eq!(audio.direction, Direction::SendRecv);
        assert_eq!(audio.telephone_event.unwrap().send, 126);
        let receive: Vec<u8> = audio.receive.iter().map(|spec| spec.payload_type).collect();
        assert_eq!(receive, [0, 8]);
    }
}

#[test]
fn the_wish_decides_the_order_and_whether_there_is_video() {
    let wish = PeerWish {
        audio: vec![Codec::Pcma, Codec::Pcmu],
        video: false,
        prefer_video: None,
        far_video: None,
        leg: None,
    };
    let (answer, agreed) = answer_to(CHROMIUM, &wish).unwrap();
    let sections = sections(&answer);
    assert!(
        sections[0].starts_with("m=audio 9 UDP/TLS/RTP/SAVPF 8 0 126\r\n"),
        "{answer}"
    );
    assert!(
        sections[1].starts_with("m=video 0 UDP/TLS/RTP/SAVPF "),
        "{answer}"
    );
    assert!(
        sections[1].contains("a=inactive\r\n") && !sections[1].contains("a=ssrc"),
        "{answer}"
    );
    assert!(answer.contains("a=group:BUNDLE 0\r\n"), "{answer}");
    assert!(agreed.video.is_none());
    assert_eq!(agreed.audio.unwrap().send.payload_type, 8);
}

#[test]
fn descriptions_that_cannot_be_used_are_refused_with_a_reason() {
    let none = PeerWish {
        audio: vec![Codec::L16],
        video: true,
        prefer_video: None,
        far_video: None,
        leg: None,
    };
    assert_eq!(
        answer_to(CHROMIUM, &none).unwrap_err(),
        "no codec in common"
    );
    let refused = |offer: &str, word: &str| {
        let why = answer_to(offer, &wish(true)).unwrap_err();
        assert!(why.contains(word), "{why}");
    };
    refused("", "no media section");
    refused("v=0\r\nm=audio\r\n", "malformed");
    refused(&CHROMIUM.replace("a=ice-pwd", "a=x-pwd"), "ice-pwd");
    refused(&CHROMIUM.replace("a=fingerprint", "a=x"), "fingerprint");
    refused(&CHROMIUM.replace("a=mid:1", "a=mid:0"), "mid");
    refused(
        &CHROMIUM.replace("a=rtpmap:96 VP8", "a=rtpmap:8 VP8"),
        "two things",
    );
    refused(&CHROMIUM.replace("SAVPF", "AVP"), "transport");
    refused(&"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n".repeat(17), "too many");
    refused(&"a=x\r\n".repeat(20_000), "too long");
}

#[test]
fn two_peers_connect_and_talk_whoever_offers_and_whether_ice_is_lite_or_full() {
    for (offerer, lite) in [
        (BROWSER, false),
        (BROWSER, true),
        (SERVER, false),
        (SERVER, true),
    ] {
        let mut pair = Pair::new(lite);
        let agreed = pair.negotiate(offerer, &wish(true), &wish(true));
        pair.connect();
        assert!(agreed.iter().all(|agreed| agreed.video.is_some()));
        let payload_type = agreed[BROWSER].audio.as_ref().unwrap().send.payload_type;
        for n in 0..100_u16 {
            for end in [BROWSER, SERVER] {
                let packet = rtp(
                    payload_type,
                    77,
                    65_500_u16.wrapping_add(n),
                    u32::from(n) * 160,
                    &[n as u8; 160],
                );
                assert!(pair.with(end, |peer, now, out| peer.send_audio(now, &packet, out)));
            }
            pair.run(Duration::from_millis(20));
        }
        for end in &pair.ends {
            assert_eq!(end.audio.len(), 100, "offerer {offerer}, lite {lite}");
            let first = Packet::parse(&end.audio[0]).unwrap();
            for (n, bytes) in (0..).zip(&end.audio) {
                let packet = Packet::parse(bytes).unwrap();
                assert_eq!(packet.payload, [n as u8; 160]);
                assert_eq!(packet.payload_type, payload_type);
                assert_eq!(packet.sequence, first.sequence + n);
                assert_eq!(packet.timestamp, first.timestamp + u32::from(n) * 160);
                assert_eq!(packet.ssrc, first.ssrc);
            }
            assert_eq!(end.connected, 1);
            assert!(end.ended.is_empty(), "{:?}", end.ended);
        }
    }
}

#[test]
fn candidates_may_trickle_after_the_answer() {
    let mut pair = Pair::new(true);
    let offer = pair.offer(BROWSER, &wish(false));
    let (bare, candidates) = split_candidates(&offer);
    let (answer, _) = pair.accept(SERVER, &bare, &wish(false));
    pair.take_answer(BROWSER, &answer);
    for useless in [
        "",
        "candidate:",
        "candidate:1 1 udp 2113937151 3b6ec6a4-0a58-4b2c-9a1f-2f4f0f6f2f3c.local 50000 typ host",
        "candidate:1 1 tcp 1518280447 10.0.0.1 9 typ host tcptype active",
    ] {
        pair.with(SERVER, |peer, now, out| peer.trickle(now, useless, out));
    }
    for candidate in candidates {
        pair.with(SERVER, |peer, now, out| peer.trickle(now, &candidate, out));
    }
    pair.connect();
}

#[test]
fn a_browser_that_names_no_address_is_found_by_its_checks() {
    for lite in [false, true] {
        let mut pair = Pair::new(lite);
        let offer = pair.offer(BROWSER, &wish(false));
        let (bare, _) = split_candidates(&offer);
        let (answer, _) = pair.accept(SERVER, &bare, &wish(false));
        pair.take_answer(BROWSER, &answer);
        pair.connect();
    }
}

#[test]
fn opus_is_agreed_on_with_what_the_browser_wants_of_it() {
    let wish = PeerWish {
        audio: vec![Codec::Opus, Codec::Pcmu],
        video: false,
        prefer_video: None,
        far_video: None,
        leg: None,
    };
    let offer = CHROMIUM.replace(
        "a=fmtp:111 minptime=10;useinbandfec=1",
        "a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=20000;usedtx=1",
    );
    let (answer, agreed) = answer_to(&offer, &wish).unwrap();
    let audio = &sections(&answer)[0];
    assert!(
        audio.starts_with("m=audio 9 UDP/TLS/RTP/SAVPF 111 0 110 126\r\n"),
        "{answer}"
    );
    assert!(
        audio.contains("a=fmtp:111 minptime=10;useinbandfec=1"),
        "{answer}"
    );
    let spec = agreed.audio.unwrap();
    assert_eq!(spec.send, media::control::CodecSpec::opus(111));
    let wanted = OpusSending {
        fec: true,
        dtx: true,
        max_bitrate: Some(20_000),
        ..OpusSending::default()
    };
    assert_eq!(spec.opus, wanted);
    let event = spec.telephone_event.unwrap();
    assert_eq!(
        (event.send, event.receive, event.clock_rate_hz),
        (110, 110, 48_000)
    );
}

#[test]
fn g722_is_agreed_on_and_passes() {
    let wish = PeerWish {
        audio: vec![Codec::G722, Codec::Opus],
        video: false,
        prefer_video: None,
        far_video: None,
        leg: None,
    };
    let (answer, agreed) = answer_to(CHROMIUM, &wish).unwrap();
    assert!(
        sections(&answer)[0].starts_with("m=audio 9 UDP/TLS/RTP/SAVPF 9 111 "),
        "{answer}"
    );
    let spec = agreed.audio.unwrap();
    assert_eq!(spec.send, media::control::CodecSpec::g722());
    assert_eq!(spec.send.sampling_rate_hz(), 16_000);
    let event = spec.telephone_event.unwrap();
    assert_eq!((event.send, event.clock_rate_hz), (126, 8000));

    let mut pair = Pair::new(false);
    let told = pair.negotiate(BROWSER, &wish, &wish);
    for agreed in told {
        let sends = agreed.audio.unwrap().send;
        assert_eq!((sends.codec, sends.payload_type), (Codec::G722, 9));
    }
    pair.connect();
    for n in 0..20_u16 {
        let packet = rtp(9, 77, n, u32::from(n) * 160, &[n as u8; 160]);
        assert!(pair.with(BROWSER, |peer, now, out| peer.send_audio(now, &packet, out)));
        pair.run(Duration::from_millis(20));
    }
    let heard = &pair.ends[SERVER].audio;
    assert_eq!(heard.len(), 20);
    for pair in heard.windows(2) {
        let [before, after] = [0, 1].map(|at| Packet::parse(&pair[at]).unwrap());
        assert_eq!(after.payload_type, 9);
        assert_eq!(after.timestamp - before.timestamp, 160, "counted at 8 kHz");
    }
}

#[test]
fn what_each_side_is_told_mirrors_the_other() {
    let mut pair = Pair::new(false);
    for (direction, ours) in [
        ("sendrecv", Direction::SendRecv),
        ("sendonly", Direction::RecvOnly),
        ("recvonly", Direction::SendOnly),
        ("inactive", Direction::Inactive),
    ] {
        let offer = CHROMIUM.replace("a=sendrecv", &format!("a={direction}"));
        let (answer, agreed) = answer_to(&offer, &wish(false)).unwrap();
        assert_eq!(agreed.audio.unwrap().direction, ours, "{answer}");
    }
    // A description that says nothing means both ways, and ours says so.
    let (answer, agreed) =
        answer_to(&CHROMIUM.replace("a=sendrecv\r\n", ""), &wish(false)).unwrap();
    assert!(sections(&answer)[0].contains("a=sendrecv\r\n"), "{answer}");
    assert_eq!(agreed.audio.unwrap().direction, Direction::SendRecv);
    // Two ends of one negotiation agree with each other.
    let [browser, server] = pair.negotiate(BROWSER, &wish(true), &wish(false));
    assert!(browser.video.is_none() && server.video.is_none());
    let (browser, server) = (browser.audio.unwrap(), server.audio.unwrap());
    assert_eq!(browser.send, server.send);
    assert_eq!(browser.receive, server.receive);
}

#[test]
fn later_offers_change_what_flows_and_keep_the_sections() {
    let mut pair = Pair::new(false);
    pair.negotiate(BROWSER, &wish(false), &wish(true));
    pair.connect();
    // The browser adds video.
    let [browser, server] = pair.negotiate(BROWSER, &wish(true), &wish(true));
    assert!(browser.video.is_some() && server.video.is_some());
    // We offer without a change, which restarts ICE, and go on.
    let before = pair.ends[SERVER].peer.fragment();
    pair.negotiate(SERVER, &wish(true), &wish(true));
    assert_ne!(pair.ends[SERVER].peer.fragment(), before);
    // The browser restarts ICE.
    pair.negotiate(BROWSER, &wish(true), &wish(true));
    pair.run(Duration::from_secs(40));
    for (end, other) in [(BROWSER, SERVER), (SERVER, BROWSER)] {
        let packet = rtp(0, 1, 1, 1, b"still here");
        assert!(pair.with(end, |peer, now, out| peer.send_audio(now, &packet, out)));
        let heard = pair.ends[other].audio.pop().unwrap();
        assert_eq!(Packet::parse(&heard).unwrap().payload, b"still here");
    }
    for end in &pair.ends {
        assert_eq!((end.connected, end.ended.len()), (1, 0));
    }
}

#[test]
fn a_refused_later_description_changes_nothing() {
    let mut pair = Pair::new(false);
    pair.negotiate(BROWSER, &wish(false), &wish(false));
    pair.connect();
    for bad in ["", "v=0\r\n", &CHROMIUM.replace("PCM", "XCM")] {
        let refused = pair.with(SERVER, |peer, now, out| {
            peer.accept(now, bad, &wish(false), out).is_err()
        });
        assert!(refused);
        let refused = pair.with(SERVER, |peer, now, out| {
            peer.take_answer(now, bad, out).is_err()
        });
        assert!(refused);
    }
    let packet = rtp(0, 1, 1, 1, b"x");
    assert!(pair.with(SERVER, |peer, now, out| peer.send_audio(now, &packet, out)));
    assert_eq!(pair.ends[BROWSER].audio.len(), 1);
}

#[test]
fn our_own_later_offer_still_names_the_data_channel_we_refused() {
    let now = std::time::Instant::now();
    let mut peer = Peer::new(&settings("10.0.0.2:2000", false), now, 7);
    let mut out = Vec::new();
    peer.accept(now, CHROMIUM, &wish(true), &mut out).unwrap();
    let offer = peer.offer(now, &wish(true), &mut out).unwrap();
    let sections = sections(&offer);
    assert_eq!(sections.len(), 3, "{offer}");
    assert!(sections[2].starts_with("m=application 0 "), "{offer}");
    assert!(sections[0].contains("a=setup:actpass\r\n"), "{offer}");
    assert!(sections[0].contains("a=end-of-candidates\r\n"), "{offer}");
    assert!(offer.contains(" 2 IN IP4"), "the version counts: {offer}");
}

#[test]
fn a_later_offer_with_fewer_sections_is_refused_and_nothing_changes() {
    let now = std::time::Instant::now();
    let (mut peer, mut out) = (Peer::new(&SETTINGS, now, 7), Vec::new());
    let (first, agreed) = peer.accept(now, CHROMIUM, &wish(true), &mut out).unwrap();
    let (head, _) = CHROMIUM.split_once("m=application").unwrap();
    let (audio, _) = head.split_once("m=video").unwrap();
    out.clear();
    for shorter in [head, audio] {
        let refusal = peer.accept(
            now,
            &shorter.replace(" 0 1 2", " 0 1"),
            &wish(true),
            &mut out,
        );
        assert_eq!(refusal.unwrap_err().to_string(), "a media section is gone");
    }
    assert!(out.is_empty(), "{out:?}");
    let (again, same) = peer.accept(now, CHROMIUM, &wish(true), &mut out).unwrap();
    assert_eq!(agreed, same);
    let sections = [first, again].map(|answer| sections(&answer));
    assert_eq!(sections[0].len(), 3);
    assert_eq!(sections[0].len(), sections[1].len());
}

#[test]
fn a_data_channel_in_place_of_a_medium_is_refused() {
    let now = std::time::Instant::now();
    let (mut peer, mut out) = (Peer::new(&SETTINGS, now, 7), Vec::new());
    peer.accept(now, CHROMIUM, &wish(true), &mut out).unwrap();
    let swapped = CHROMIUM.replace(
        "m=video 9 UDP/TLS/RTP/SAVPF",
        "m=application 9 UDP/DTLS/SCTP",
    );
    assert_ne!(swapped, CHROMIUM);
    assert!(peer.accept(now, &swapped, &wish(true), &mut out).is_err());
    assert!(peer.accept(now, CHROMIUM, &wish(true), &mut out).is_ok());
}

/// One thing that may go wrong with a description.
#[derive(Clone, Debug)]
enum Spoil {
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
    Replace(usize, String),
    Turn(usize, u8),
    Number(usize, u16),
}

fn spoils() -> impl Strategy<Value = Vec<Spoil>> {
    let line = 0..400_usize;
    proptest::collection::vec(
        prop_oneof![
            line.clone().prop_map(Spoil::Drop),
            line.clone().prop_map(Spoil::Double),
            (line.clone(), line.clone()).prop_map(|(a, b)| Spoil::Swap(a, b)),
            (line.clone(), "a=[a-z-]{1,9}(:[ -~]{0,20})?").prop_map(|(a, b)| Spoil::Replace(a, b)),
            (0..12_000_usize, 32..127_u8).prop_map(|(a, b)| Spoil::Turn(a, b)),
            (line, any::<u16>()).prop_map(|(a, b)| Spoil::Number(a, b)),
        ],
        1..12,
    )
}

fn spoilt(offer: &str, spoils: &[Spoil]) -> String {
    let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
    for spoil in spoils {
        let count = lines.len().max(1);
        match spoil {
            Spoil::Drop(at) if lines.len() > 1 => drop(lines.remove(at % count)),
            Spoil::Double(at) => lines.insert(at % count, lines[at % count].clone()),
            Spoil::Swap(a, b) => lines.swap(a % count, b % count),
            Spoil::Replace(at, line) => lines[at % count].clone_from(line),
            Spoil::Turn(at, byte) => {
                let line = &mut lines[at % count];
                let at = (at / count) % line.len().max(1);
                line.replace_range(at..(at + 1).min(line.len()), &char::from(*byte).to_string());
            }
            Spoil::Number(at, number) => {
                // The first number of a line: payload types, mostly.
                let line = &mut lines[at % count];
                let digits = |c: char| c.is_ascii_digit();
                if let Some(from) = line.find(digits) {
                    let length = line[from..]
                        .find(|c| !digits(c))
                        .unwrap_or(line.len() - from);
                    line.replace_range(from..from + length, &(number % 140).to_string());
                }
            }
            Spoil::Drop(_) => {}
        }
    }
    lines.join("\r\n") + "\r\n"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_spoilt_description_makes_it_panic(spoils in spoils(), again in spoils()) {
        let now = std::time::Instant::now();
        let mut out = Vec::new();
        let mut peer = Peer::new(&SETTINGS, now, 7);
        let offers = [spoilt(CHROMIUM_GATHERED, &spoils), spoilt(CHROMIUM, &again)];
        for offer in &offers {
            if let Ok((answer, agreed)) = peer.accept(now, offer, &wish(true), &mut out) {
                prop_assert!(agreed.audio.is_some() || agreed.video.is_some());
                prop_assert_eq!(sections(&answer).len(), sections(&format!("\r\n{offer}")).len());
            }
        }
        // Our own offer, and that as an answer.
        if peer.offer(now, &wish(true), &mut out).is_ok() {
            drop(peer.take_answer(now, &offers[0], &mut out));
        }
        let mut caller = Peer::new(&SETTINGS, now, 7);
        let ours = caller.offer(now, &wish(true), &mut out).unwrap();
        let answer = spoilt(&ours.replace("actpass", "active"), &spoils);
        drop(caller.take_answer(now, &answer, &mut out));
        // One who sends layers, and the answer to a feed.
        let mut sender = Peer::new(&SETTINGS, now, 7);
        let layers = "a=sendonly\r\na=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l";
        let offer = spoilt(&CHROMIUM.replace("a=sendrecv", layers), &spoils);
        drop(sender.accept(now, &offer, &wish(true), &mut out));
        let sending = Sending { audio: Some(Codec::Opus), ..sender.sending() };
        let mut feed = Peer::estimating(&SETTINGS, now, 7);
        let ours = feed.offer_feed(now, sending, &mut out).unwrap();
        let answer = ours.replace("actpass", "active").replace("sendonly", "recvonly");
        if feed.take_answer(now, &spoilt(&answer, &again), &mut out).is_ok() {
            let rates = sender.rates();
            feed.measured(now, &rates, &mut out);
        }
    }
}

static SETTINGS: std::sync::LazyLock<media::webrtc::PeerSettings> =
    std::sync::LazyLock::new(|| settings("10.0.0.2:2000", false));
