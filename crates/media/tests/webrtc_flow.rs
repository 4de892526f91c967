//! What flows between connected peers, what must not, and how peers end. Virtual time.

mod webrtc_pair;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jackfield_media as media;
use media::control::{PeerEnd, VideoCodec};
use media::rtp::rtcp;
use media::webrtc::{Forwarding, VideoPacket};
use webrtc_pair::{BROWSER, Pair, SERVER, rtp, split_candidates, wish};

fn connected(video: bool) -> Pair {
    let mut pair = Pair::new(false);
    pair.negotiate(BROWSER, &wish(video), &wish(video));
    pair.connect();
    pair
}

fn picture(ssrc: u32, sequence: u16, timestamp: u32) -> VideoPacket {
    VideoPacket {
        format: VideoCodec::Vp8,
        layer: 0,
        ssrc,
        sequence,
        timestamp,
        marker: true,
        turned: None,
        payload: Arc::from([0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, sequence as u8].as_slice()),
    }
}

#[test]
fn video_goes_through_with_numbers_that_go_on_from_source_to_source() {
    let mut pair = connected(true);
    for n in 0..10 {
        let packet = picture(5, 65_530_u16.wrapping_add(n), u32::from(n) * 3000);
        let sent = pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out));
        assert_eq!(sent, Forwarding::Sent);
        pair.run(Duration::from_millis(33));
    }
    pair.ends[SERVER].peer.expect_new_video();
    for n in 0..10 {
        let packet = picture(6, n, u32::from(n) * 3000 + 99);
        let sent = pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out));
        assert_eq!(sent, Forwarding::Sent);
        pair.run(Duration::from_millis(33));
    }
    let seen = &pair.ends[BROWSER].video;
    assert_eq!(seen.len(), 20);
    for two in seen.windows(2) {
        assert_eq!(two[1].sequence, two[0].sequence.wrapping_add(1));
        assert_eq!(two[1].ssrc, two[0].ssrc);
        let step = two[1].timestamp.wrapping_sub(two[0].timestamp);
        assert!((1..9000).contains(&step), "{step}");
    }
    assert_eq!(seen[0].format, VideoCodec::Vp8);
    assert!(seen[0].marker);
}

#[test]
fn a_keyframe_that_is_asked_for_is_asked_of_the_sender_but_not_ten_times() {
    let mut pair = connected(true);
    let packet = picture(5, 1, 0);
    pair.with(BROWSER, |peer, now, out| peer.send_video(now, &packet, out));
    for _ in 0..10 {
        pair.with(SERVER, |peer, now, out| peer.ask_for_keyframe(now, 0, out));
        pair.run(Duration::from_millis(10));
    }
    assert_eq!(pair.ends[BROWSER].keyframes_wanted, 1);
    pair.run(Duration::from_millis(300));
    pair.with(SERVER, |peer, now, out| peer.ask_for_keyframe(now, 0, out));
    pair.run(Duration::from_millis(50));
    assert_eq!(pair.ends[BROWSER].keyframes_wanted, 2);
}

#[test]
fn a_lost_video_packet_is_asked_for_and_sent_again() {
    let mut pair = connected(true);
    for n in 0..60_u16 {
        pair.cut = n == 20;
        let packet = picture(5, n, u32::from(n) * 3000);
        pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out));
        pair.cut = false;
        pair.run(Duration::from_millis(20));
    }
    pair.run(Duration::from_millis(500));
    let mut seen: Vec<u16> = pair.ends[BROWSER]
        .video
        .iter()
        .map(|p| p.sequence)
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 60);
}

#[test]
fn a_viewer_that_cannot_take_more_says_so_to_the_sender() {
    let mut pair = connected(true);
    let packet = picture(5, 1, 0);
    pair.with(BROWSER, |peer, now, out| peer.send_video(now, &packet, out));
    pair.with(SERVER, |peer, now, out| {
        peer.limit_bitrate(now, 250_000, out)
    });
    pair.run(Duration::from_millis(1500));
    let limit = *pair.ends[BROWSER].limits.last().unwrap();
    assert!((240_000..=250_000).contains(&limit), "{limit}");
}

#[test]
fn a_browser_is_told_what_arrives_so_that_it_may_send_more() {
    let mut pair = connected(true);
    pair.crossed.clear();
    for n in 0..50 {
        let packet = picture(5, n, u32::from(n) * 3000);
        pair.with(BROWSER, |peer, now, out| peer.send_video(now, &packet, out));
        pair.run(Duration::from_millis(20));
    }
    // SRTCP hides its content but for the first header: transport-wide feedback is packet type 205.
    let browser = pair.ends[BROWSER].address;
    let feedback = |(to, _, bytes): &&(SocketAddr, SocketAddr, Vec<u8>)| {
        *to == browser && bytes.len() > 8 && bytes[0] == 0x8f && bytes[1] == 205
    };
    let count = pair.crossed.iter().filter(feedback).count();
    assert!(count >= 5, "{count} reports in a second");
}

#[test]
fn what_was_heard_once_is_not_heard_again() {
    let mut pair = connected(false);
    for n in 0..20 {
        let packet = rtp(0, 1, n, u32::from(n) * 160, &[1; 160]);
        pair.with(BROWSER, |peer, now, out| peer.send_audio(now, &packet, out));
    }
    assert_eq!(pair.ends[SERVER].audio.len(), 20);
    let again = std::mem::take(&mut pair.crossed);
    let server = pair.ends[SERVER].address;
    for (to, from, bytes) in again {
        // Media only: repeating checks and handshakes is what the network does.
        if to == server && bytes[0] & 0xc0 == 0x80 {
            pair.with(SERVER, |peer, now, out| {
                peer.receive(now, from, to, &bytes, out)
            });
        }
    }
    assert_eq!(pair.ends[SERVER].audio.len(), 20);
}

#[test]
fn a_leg_is_told_what_share_of_its_audio_is_lost() {
    let mut pair = connected(false);
    for n in 0..1000_u16 {
        let packet = rtp(0, 4711, n, u32::from(n) * 160, &[1; 160]);
        pair.cut = n % 5 == 0;
        pair.with(SERVER, |peer, now, out| peer.send_audio(now, &packet, out));
        pair.cut = false;
        pair.run(Duration::from_millis(20));
    }
    let reports = &pair.ends[SERVER].reports;
    assert!((2..=5).contains(&reports.len()), "{}", reports.len());
    let last = reports.last().unwrap();
    let mut told = Vec::new();
    assert!(rtcp::read::compound(last, |incoming| told.push(incoming)));
    let [
        rtcp::read::Incoming::Block {
            ssrc,
            fraction_lost,
            lost,
            ..
        },
    ] = told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(ssrc, 4711);
    assert!((40..64).contains(&fraction_lost), "{fraction_lost}/256");
    assert!(lost > 100, "{lost}");
}

#[test]
fn strangers_are_not_listened_to() {
    let mut pair = connected(false);
    let stranger: SocketAddr = "10.9.9.9:999".parse().unwrap();
    let server = pair.ends[SERVER].address;
    let now = pair.now;
    assert!(!pair.ends[SERVER].peer.trusts(now, stranger, server));
    let browser = pair.ends[BROWSER].address;
    assert!(pair.ends[SERVER].peer.trusts(now, browser, server));
    let packet = rtp(0, 1, 1, 160, &[1; 160]);
    pair.with(BROWSER, |peer, now, out| peer.send_audio(now, &packet, out));
    let (_, _, sealed) = pair.crossed.pop().unwrap();
    let heard = pair.ends[SERVER].audio.len();
    for bytes in [
        sealed.as_slice(),
        &[0x16, 0xfe, 0xfd, 0, 0],
        &[0x80, 0, 0, 1],
    ] {
        assert!(!pair.with(SERVER, |peer, now, out| {
            peer.receive(now, stranger, server, bytes, out)
        }));
    }
    assert_eq!(pair.ends[SERVER].audio.len(), heard);
}

#[test]
fn garbage_from_the_browsers_own_address_harms_nothing() {
    let mut pair = connected(true);
    let (browser, server) = (pair.ends[BROWSER].address, pair.ends[SERVER].address);
    let real: Vec<Vec<u8>> = pair
        .crossed
        .iter()
        .map(|(_, _, bytes)| bytes.clone())
        .collect();
    let mut garbage: Vec<Vec<u8>> = vec![
        vec![],
        vec![0; 1],
        vec![0x80; 3],
        vec![0x80; 1500],
        vec![0x16; 13],
        vec![0x15, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40],
        vec![0x15, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0],
        vec![
            0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ],
        vec![0xff; 2000],
    ];
    // Everything real, cut short and with a bit turned over.
    for bytes in real {
        garbage.push(bytes[..bytes.len() / 2].to_vec());
        let mut turned = bytes;
        let at = turned.len() * 2 / 3;
        turned[at] ^= 0x40;
        garbage.push(turned);
    }
    for bytes in garbage {
        pair.with(SERVER, |peer, now, out| {
            peer.receive(now, browser, server, &bytes, out);
        });
    }
    pair.run(Duration::from_secs(1));
    assert!(
        pair.ends[SERVER].ended.is_empty(),
        "{:?}",
        pair.ends[SERVER].ended
    );
    let packet = rtp(0, 1, 1, 160, &[1; 160]);
    pair.with(BROWSER, |peer, now, out| peer.send_audio(now, &packet, out));
    assert_eq!(pair.ends[SERVER].audio.len(), 1);
}

#[test]
fn a_browser_that_goes_says_so() {
    let mut pair = connected(false);
    pair.with(BROWSER, |peer, now, out| peer.close(now, out));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.ends[SERVER].ended, [PeerEnd::Closed]);
    assert!(pair.ends[SERVER].peer.is_over());
    // The one who closed is told nothing.
    assert!(pair.ends[BROWSER].ended.is_empty());
}

#[test]
fn a_browser_that_falls_silent_is_given_up_once_and_not_too_soon() {
    for lite in [false, true] {
        let mut pair = Pair::new(lite);
        pair.negotiate(BROWSER, &wish(false), &wish(false));
        pair.connect();
        pair.cut = true;
        pair.run(Duration::from_secs(10));
        assert!(pair.ends[SERVER].ended.is_empty(), "lite {lite}");
        pair.run(Duration::from_secs(60));
        assert_eq!(pair.ends[SERVER].ended, [PeerEnd::IceFailed], "lite {lite}");
    }
}

#[test]
fn a_connection_that_breaks_for_a_while_goes_on() {
    let mut pair = connected(false);
    pair.cut = true;
    pair.run(Duration::from_secs(5));
    pair.cut = false;
    pair.run(Duration::from_secs(60));
    for end in &pair.ends {
        assert_eq!((end.connected, end.ended.len()), (1, 0));
    }
}

#[test]
fn without_a_way_to_each_other_ice_fails() {
    let mut pair = Pair::new(false);
    pair.cut = true;
    pair.negotiate(BROWSER, &wish(false), &wish(false));
    pair.run(Duration::from_secs(29));
    assert!(pair.ends[SERVER].ended.is_empty());
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.ends[SERVER].ended, [PeerEnd::IceFailed]);
}

#[test]
fn nobody_is_given_up_while_the_browser_has_not_answered() {
    let mut pair = Pair::new(false);
    pair.offer(SERVER, &wish(false));
    pair.run(Duration::from_secs(300));
    assert!(pair.ends[SERVER].ended.is_empty());
}

#[test]
fn a_handshake_that_never_ends_is_given_up_after_thirty_seconds() {
    let mut pair = Pair::new(false);
    let offer = pair.offer(BROWSER, &wish(false));
    let (answer, _) = pair.accept(SERVER, &offer, &wish(false));
    // The browser never begins the handshake: it thinks that the server does.
    let answer = answer.replace("a=setup:passive", "a=setup:active");
    pair.take_answer(BROWSER, &answer);
    pair.run(Duration::from_secs(29));
    assert!(pair.ends[SERVER].ended.is_empty());
    assert_eq!(pair.ends[SERVER].connected, 0);
    pair.run(Duration::from_secs(15));
    assert_eq!(pair.ends[SERVER].ended, [PeerEnd::DtlsTimeout]);
}

#[test]
fn another_certificate_than_the_promised_one_is_not_talked_to() {
    let mut pair = Pair::new(false);
    let offer = pair.offer(BROWSER, &wish(false));
    let (head, tail) = offer.split_once("a=fingerprint:sha-256 ").unwrap();
    let other = if tail.starts_with("00") { "11" } else { "00" };
    let forged = format!("{head}a=fingerprint:sha-256 {other}{}", &tail[2..]);
    let (answer, _) = pair.accept(SERVER, &forged, &wish(false));
    pair.take_answer(BROWSER, &answer);
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.ends[SERVER].ended, [PeerEnd::DtlsFailed]);
    assert_eq!(pair.ends[SERVER].connected, 0);
}

#[test]
fn more_candidates_than_anybody_has_are_not_kept() {
    let mut pair = Pair::new(false);
    let offer = pair.offer(BROWSER, &wish(false));
    let (bare, real) = split_candidates(&offer);
    let (answer, _) = pair.accept(SERVER, &bare, &wish(false));
    pair.take_answer(BROWSER, &answer);
    for n in 0..10_000 {
        let candidate = format!(
            "candidate:1 1 udp 1 10.1.{}.{} 99 typ host",
            n / 250,
            n % 250
        );
        pair.with(SERVER, |peer, now, out| peer.trickle(now, &candidate, out));
    }
    for candidate in real {
        pair.with(SERVER, |peer, now, out| peer.trickle(now, &candidate, out));
    }
    // Its own checks still find us.
    pair.connect();
}

#[test]
fn checks_from_more_addresses_than_anybody_has_are_a_strangers() {
    let mut pair = connected(false);
    let server = pair.ends[SERVER].address;
    let is_check = |datagram: &&(SocketAddr, SocketAddr, Vec<u8>)| {
        datagram.0 == server && datagram.2.starts_with(&[0, 1])
    };
    let (_, home, check) = pair.crossed.iter().find(is_check).unwrap().clone();
    let check_from = |pair: &mut Pair, port| {
        let from = SocketAddr::new([10, 7, 7, 7].into(), port);
        pair.with(SERVER, |peer, now, out| {
            peer.receive(now, from, server, &check, out)
        })
    };
    // The browser's own address is one of those there may be.
    let taken = (1..=200).filter(|port| check_from(&mut pair, *port));
    assert_eq!(taken.count(), 63);
    assert!(check_from(&mut pair, 1) && !check_from(&mut pair, 999));
    let still = pair.with(SERVER, |peer, now, out| {
        peer.receive(now, home, server, &check, out)
    });
    assert!(still);
    // After an ICE restart there may be others.
    pair.crossed.clear();
    let before = pair.ends[SERVER].peer.fragment();
    pair.negotiate(SERVER, &wish(false), &wish(false));
    assert_ne!(pair.ends[SERVER].peer.fragment(), before);
    pair.run(Duration::from_secs(1));
    let (_, _, check) = pair.crossed.iter().find(is_check).unwrap().clone();
    let stranger = SocketAddr::new([10, 7, 7, 7].into(), 999);
    let taken = pair.with(SERVER, |peer, now, out| {
        peer.receive(now, stranger, server, &check, out)
    });
    assert!(taken);
}
