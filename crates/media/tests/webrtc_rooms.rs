//! What rooms need of peers: feeds, codecs, limits. Virtual time.

mod webrtc_pair;

use std::sync::Arc;
use std::time::Duration;

use jackfield_media as media;
use media::control::{Codec, PeerWish, VideoCodec};
use media::webrtc::{AudioPacket, Forwarding, Peer, Rates, Sending, VideoPacket};
use webrtc_pair::feed::{BOTH, answer_to, feed, picture, room, sendonly};
use webrtc_pair::{BROWSER, Pair, SERVER, rtp, sections, settings};

const CHROMIUM: &str = include_str!("browsers/chromium-156-offer.sdp");

fn sound(n: u16, codec: Option<Codec>) -> AudioPacket {
    AudioPacket {
        codec,
        marker: false,
        payload_type: 96,
        ssrc: 5,
        sequence: n,
        timestamp: u32::from(n) * 960,
        payload: Arc::from([n as u8; 50].as_slice()),
    }
}

#[test]
fn the_offer_of_a_feed_has_what_the_source_sends_and_all_a_page_needs() {
    let video_only = Sending {
        audio: None,
        ..BOTH
    };
    let audio_only = Sending {
        video: None,
        ..BOTH
    };
    let vp9 = Sending {
        video: Some(VideoCodec::Vp9),
        ..BOTH
    };
    let h264 = Sending {
        video: Some(VideoCodec::H264),
        ..BOTH
    };
    let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
    for (sending, lines) in [
        (BOTH, vec![audio, "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"]),
        (audio_only, vec![audio]),
        (video_only, vec!["m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"]),
        (vp9, vec![audio, "m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\n"]),
        (h264, vec![audio, "m=video 9 UDP/TLS/RTP/SAVPF 108 109\r\n"]),
    ] {
        let now = std::time::Instant::now();
        let mut peer = Peer::new(&settings("10.0.0.2:2000", false), now, 7);
        let offer = peer.offer_feed(now, sending, &mut Vec::new()).unwrap();
        let sections = sections(&offer);
        assert_eq!(sections.len(), lines.len(), "{offer}");
        let mut streams = Vec::new();
        for (section, line) in sections.iter().zip(lines) {
            assert!(section.starts_with(line), "{offer}");
            assert!(section.contains("a=sendonly\r\n"), "{offer}");
            assert!(section.contains("a=setup:actpass\r\n"), "{offer}");
            let said = |what: &str| {
                let of_ssrc = |l: &&str| l.starts_with("a=ssrc:") && l.contains(what);
                section.lines().filter(of_ssrc).count()
            };
            assert!(said(" cname:") > 0 && said(" msid:") > 0, "{offer}");
            let msid = section.lines().find_map(|l| l.strip_prefix("a=msid:"));
            streams.extend(msid.and_then(|msid| msid.split(' ').next()));
        }
        assert_eq!(streams.len(), sections.len(), "{offer}");
        streams.dedup();
        assert_eq!(
            streams.len(),
            1,
            "sound and pictures are one stream: {offer}"
        );
        assert!(sections[0].contains(" 10.0.0.2 2000 typ host"), "{offer}");
        assert_eq!(offer.matches("a=end-of-candidates\r\n").count(), 1);
        assert!(!offer.contains("telephone-event") && !offer.contains("rtcp-fb:*"));
    }
    let now = std::time::Instant::now();
    let mut peer = Peer::new(&settings("10.0.0.2:2000", false), now, 7);
    let nothing = Sending::default();
    assert!(peer.offer_feed(now, nothing, &mut Vec::new()).is_err());
}

#[test]
fn who_sends_keeps_to_one_codec_the_preferred_one_where_there_is_a_choice() {
    for (prefer, codec, formats) in [
        (None, VideoCodec::Vp8, "96 97"),
        (Some(VideoCodec::Vp8), VideoCodec::Vp8, "96 97"),
        (Some(VideoCodec::Vp9), VideoCodec::Vp9, "98 99"),
        (Some(VideoCodec::H264), VideoCodec::H264, "108 109"),
    ] {
        let (answer, peer) = answer_to(&sendonly(), &room(prefer));
        let video = &sections(&answer)[1];
        let line = format!("m=video 9 UDP/TLS/RTP/SAVPF {formats}\r\n");
        assert!(video.starts_with(&line), "{answer}");
        assert!(video.contains("a=recvonly\r\n"), "{answer}");
        let sending = Sending {
            video: Some(codec),
            ..BOTH
        };
        assert_eq!(peer.sending(), sending);
    }
    // One that is not offered is not missed.
    let offer = sendonly().replace(" VP9/", " XX9/");
    let (answer, peer) = answer_to(&offer, &room(Some(VideoCodec::Vp9)));
    assert_eq!(peer.sending(), BOTH, "{answer}");
    // Who only watches sends nothing.
    let (_, peer) = answer_to(&CHROMIUM.replace("sendrecv", "recvonly"), &room(None));
    assert_eq!(peer.sending(), Sending::default());
}

#[test]
fn a_feed_begins_with_a_whole_picture_and_asks_for_it_again() {
    let mut pair = feed(BOTH);
    let show = |pair: &mut Pair, n, whole| {
        let packet = picture(n, whole);
        let sent = pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out));
        pair.run(Duration::from_millis(100));
        sent
    };
    for n in 0..25 {
        assert_eq!(show(&mut pair, n, false), Forwarding::Held);
    }
    assert_eq!(pair.ends[SERVER].keyframes_wanted, 3, "once a second");
    for n in 25..30 {
        assert_eq!(show(&mut pair, n, n == 25), Forwarding::Sent);
    }
    let seen = &pair.ends[BROWSER].video;
    assert_eq!((seen.len(), seen[0].payload[2]), (5, 25));
    assert_eq!(pair.ends[SERVER].keyframes_wanted, 3);
}

#[test]
fn a_feed_gets_sound_in_its_own_payload_type_and_nothing_it_cannot_hear() {
    let mut pair = feed(Sending {
        video: None,
        ..BOTH
    });
    let mut say = |n, codec| {
        let packet = sound(n, codec);
        pair.with(SERVER, |peer, now, out| {
            peer.forward_audio(now, &packet, out)
        })
    };
    assert_eq!(say(0, Some(Codec::Opus)), Forwarding::Sent);
    assert_eq!(say(1, Some(Codec::Pcmu)), Forwarding::Refused);
    assert_eq!(say(1, None), Forwarding::Held);
    assert_eq!(say(2, Some(Codec::Opus)), Forwarding::Sent);
    // A straggler from before the beginning would take a number that is taken.
    assert_eq!(say(40_000, Some(Codec::Opus)), Forwarding::Sent);
    assert_eq!(say(39_999, Some(Codec::Opus)), Forwarding::Held);
    let video = picture(0, true);
    let sent = pair.with(SERVER, |peer, now, out| peer.send_video(now, &video, out));
    assert_eq!(sent, Forwarding::Refused);
    let heard: Vec<_> = pair.ends[BROWSER]
        .audio
        .iter()
        .map(|bytes| media::rtp::Packet::parse(bytes).unwrap())
        .collect();
    assert_eq!(heard.len(), 3);
    for (n, packet) in (0..).zip(&heard) {
        assert_eq!(
            (packet.payload_type, packet.sequence),
            (111, heard[0].sequence + n)
        );
    }
}

#[test]
fn a_feed_repairs_losses_from_its_own_buffer() {
    let mut pair = feed(BOTH);
    for n in 0..200_u16 {
        pair.cut = n % 20 == 7;
        let packet = picture(n, n == 0);
        pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out));
        pair.cut = false;
        pair.run(Duration::from_millis(20));
    }
    pair.run(Duration::from_secs(1));
    let seen = &pair.ends[BROWSER].video;
    let mut numbers: Vec<u16> = seen.iter().map(|packet| packet.sequence).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 200);
    assert_eq!(pair.ends[SERVER].keyframes_wanted, 0);
}

#[test]
fn a_wish_for_a_whole_picture_that_came_too_soon_is_kept_until_one_comes() {
    let mut pair = Pair::new(false);
    pair.negotiate(BROWSER, &room(None), &room(None));
    pair.connect();
    let show = |pair: &mut Pair, n, whole| {
        let packet = picture(n, whole);
        pair.with(BROWSER, |peer, now, out| peer.send_video(now, &packet, out));
    };
    let ask = |pair: &mut Pair| {
        pair.with(SERVER, |peer, now, out| peer.ask_for_keyframe(now, 0, out));
        pair.run(Duration::from_millis(10));
        pair.ends[BROWSER].keyframes_wanted
    };
    show(&mut pair, 0, true);
    assert_eq!((ask(&mut pair), ask(&mut pair)), (1, 1));
    pair.run(Duration::from_millis(200));
    assert_eq!(pair.ends[BROWSER].keyframes_wanted, 1);
    pair.run(Duration::from_millis(200));
    assert_eq!(pair.ends[BROWSER].keyframes_wanted, 2);
    // Kept again, but this time the picture comes before the request.
    assert_eq!(ask(&mut pair), 2);
    show(&mut pair, 1, false);
    show(&mut pair, 2, true);
    pair.run(Duration::from_millis(600));
    assert_eq!(pair.ends[BROWSER].keyframes_wanted, 2);
}

#[test]
fn a_limit_reaches_a_browser_that_sends_late_or_misses_the_word() {
    let mut pair = Pair::new(false);
    pair.negotiate(BROWSER, &room(None), &room(None));
    pair.with(SERVER, |peer, now, out| {
        peer.limit_sending(now, 100_000, out)
    });
    pair.connect();
    for n in 0..100 {
        pair.cut = (10..60).contains(&n);
        let packet = picture(n, true);
        pair.with(BROWSER, |peer, now, out| peer.send_video(now, &packet, out));
        pair.run(Duration::from_millis(50));
    }
    let limits = &pair.ends[BROWSER].limits;
    assert!((2..=4).contains(&limits.len()), "{limits:?}");
    assert!(
        limits.iter().all(|bits| (95_000..=100_000).contains(bits)),
        "{limits:?}"
    );
    // A viewer that can take less lowers it once; one that can take more does not raise it.
    let told = limits.len();
    for bits in [50_000, 900_000] {
        pair.with(SERVER, |peer, now, out| peer.limit_bitrate(now, bits, out));
        pair.run(Duration::from_millis(100));
    }
    let limits = &pair.ends[BROWSER].limits[told..];
    assert!(limits.iter().any(|bits| *bits <= 50_000), "{limits:?}");
    assert!(limits.iter().all(|bits| *bits <= 100_000), "{limits:?}");
}

#[test]
fn one_who_only_speaks_is_limited_too() {
    let mut pair = Pair::new(false);
    let audio_only = PeerWish {
        video: false,
        ..room(None)
    };
    pair.negotiate(BROWSER, &audio_only, &audio_only);
    pair.connect();
    pair.with(SERVER, |peer, now, out| {
        peer.limit_sending(now, 20_000, out)
    });
    let packet = rtp(111, 1, 1, 960, &[1; 40]);
    assert!(pair.with(BROWSER, |peer, now, out| peer.send_audio(now, &packet, out)));
    pair.run(Duration::from_secs(2));
    assert!(!pair.ends[BROWSER].limits.is_empty());
}

#[test]
fn each_codec_goes_through_from_a_whole_picture_on() {
    // Whole and predicted pictures: RFC 9628 §4.2, RFC 6184 §5.4.
    for (format, whole, predicted) in [
        (VideoCodec::Vp8, &[0x10, 0x00][..], &[0x10, 0x01][..]),
        (VideoCodec::Vp9, &[0x88, 0x01, 0x00], &[0xc8, 0x02, 0x00]),
        (VideoCodec::H264, &[0x67, 0x42], &[0x41, 0x9a]),
    ] {
        let video = Some(format);
        let mut pair = feed(Sending { video, ..BOTH });
        let mut show = |n, format, payload: &[u8]| {
            let packet = VideoPacket {
                format,
                payload: payload.into(),
                ..picture(n, true)
            };
            pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out))
        };
        assert_eq!(show(0, format, predicted), Forwarding::Held, "{format:?}");
        assert_eq!(show(1, format, whole), Forwarding::Sent, "{format:?}");
        assert_eq!(show(2, format, predicted), Forwarding::Sent, "{format:?}");
        let other = match format {
            VideoCodec::Vp8 => VideoCodec::H264,
            VideoCodec::Vp9 | VideoCodec::H264 => VideoCodec::Vp8,
        };
        assert_eq!(show(3, other, whole), Forwarding::Refused, "{format:?}");
        let seen = &pair.ends[BROWSER].video;
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|packet| packet.format == format));
        assert_eq!(seen[1].sequence, seen[0].sequence + 1);
    }
}

#[test]
fn what_is_too_long_for_a_packet_does_not_go_out_and_does_no_harm() {
    let mut pair = feed(BOTH);
    let mut send = |sound: &AudioPacket, picture: &VideoPacket| {
        pair.with(SERVER, |peer, now, out| {
            let heard = peer.forward_audio(now, sound, out);
            (heard, peer.send_video(now, picture, out))
        })
    };
    for length in [1501, 1980, 2030, 65_000] {
        let payload: Arc<[u8]> = vec![0x10; length].into();
        let long = AudioPacket {
            payload: payload.clone(),
            ..sound(1, Some(Codec::Opus))
        };
        let wide = VideoPacket {
            payload,
            ..picture(1, true)
        };
        let both = (Forwarding::Refused, Forwarding::Refused);
        assert_eq!(send(&long, &wide), both, "{length}");
    }
    let payload: Arc<[u8]> = vec![0x10; 1500].into();
    let long = AudioPacket {
        payload: payload.clone(),
        ..sound(2, Some(Codec::Opus))
    };
    let wide = VideoPacket {
        payload,
        turned: Some(90),
        ..picture(2, true)
    };
    assert_eq!(send(&long, &wide), (Forwarding::Sent, Forwarding::Sent));
    pair.run(Duration::from_millis(100));
    let browser = &pair.ends[BROWSER];
    assert_eq!((browser.audio.len(), browser.video.len()), (1, 1));
}

#[test]
fn keys_pressed_by_who_speaks_leave_no_holes_in_what_is_heard() {
    let mut pair = feed(BOTH);
    for n in 1..=20 {
        let codec = Some(Codec::Opus).filter(|_| !(8..=12).contains(&n));
        let done = pair.with(SERVER, |peer, now, out| {
            peer.forward_audio(now, &sound(n, codec), out)
        });
        let expected = codec.map_or(Forwarding::Held, |_| Forwarding::Sent);
        assert_eq!(done, expected, "{n}");
        pair.run(Duration::from_millis(20));
    }
    let heard: Vec<u16> = pair.ends[BROWSER]
        .audio
        .iter()
        .map(|bytes| u16::from_be_bytes([bytes[2], bytes[3]]))
        .collect();
    assert_eq!(heard.len(), 15);
    assert!(
        heard.windows(2).all(|two| two[1] == two[0] + 1),
        "{heard:?}"
    );
}

#[test]
fn another_source_without_layers_is_seen_by_a_feed_of_one_with_layers() {
    let mut pair = feed(Sending {
        layered: true,
        ..BOTH
    });
    let rates = Rates {
        audio: 0,
        layers: [100_000, 300_000, 0, 0],
    };
    pair.with(SERVER, |peer, now, out| peer.measured(now, &rates, out));
    assert_eq!(pair.ends[SERVER].peer.wanted_layer(), Some(1));
    pair.ends[SERVER].peer.expect_new_video();
    assert_eq!(pair.ends[SERVER].peer.wanted_layer(), Some(0));
    let done = pair.with(SERVER, |peer, now, out| {
        peer.send_video(now, &picture(1, true), out)
    });
    assert_eq!(done, Forwarding::Sent);
}
