//! Layers of one video (RFC 8853): which are taken, and which one a feed gets. Virtual time.

mod webrtc_pair;

use std::time::Duration;

use jackfield_media as media;
use media::webrtc::{Rates, Sending, VideoPacket};
use webrtc_pair::feed::{BOTH, answer_to, feed, picture, room, sendonly};
use webrtc_pair::{BROWSER, Pair, SERVER, sections};

/// The same with layers of its video.
fn layered(lines: &[&str]) -> String {
    let video = "a=mid:1\r\n";
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let offer = sendonly();
    assert!(offer.contains(video));
    offer.replace(video, &format!("{video}{lines}"))
}

#[test]
fn layers_are_taken_from_one_who_only_sends_and_only_as_many_as_we_know() {
    let three = [
        "a=rid:h send",
        "a=rid:m send",
        "a=rid:l send",
        "a=simulcast:send h;m;l",
    ];
    let (answer, peer) = answer_to(&layered(&three), &room(None));
    let video = &sections(&answer)[1];
    for line in [
        "a=rid:h recv",
        "a=rid:m recv",
        "a=rid:l recv",
        "a=simulcast:recv h;m;l",
    ] {
        assert!(video.contains(&format!("{line}\r\n")), "{line}: {answer}");
    }
    assert!(peer.sending().layered);
    // With alternatives, a paused one and restrictions.
    let strange = [
        "a=rid:1 send max-width=1280;max-fps=30",
        "a=rid:2 send pt=96,98",
        "a=rid:3 send",
        "a=simulcast:send 1,3;~2",
    ];
    let (answer, peer) = answer_to(&layered(&strange), &room(None));
    assert!(answer.contains("a=simulcast:recv 1;2\r\n"), "{answer}");
    assert!(
        peer.sending().layered && !answer.contains("max-width"),
        "{answer}"
    );
    for useless in [
        &["a=rid:h send", "a=simulcast:send h"][..],
        &["a=rid:h send", "a=simulcast:send h;m"],
        &["a=rid:h send", "a=rid:h send", "a=simulcast:send h;h"],
        &[
            "a=rid:toolonganame send",
            "a=rid:m send",
            "a=simulcast:send toolonganame;m",
        ],
        &["a=rid:h recv", "a=rid:m recv", "a=simulcast:recv h;m"],
        &["a=simulcast:send "],
        &[
            "a=rid:1 send",
            "a=rid:2 send",
            "a=rid:3 send",
            "a=rid:4 send",
            "a=rid:5 send",
            "a=simulcast:send 1;2;3;4;5",
        ],
    ] {
        let (answer, peer) = answer_to(&layered(useless), &room(None));
        assert!(
            !answer.contains("simulcast") && !answer.contains("a=rid"),
            "{answer}"
        );
        assert!(!peer.sending().layered, "{useless:?}");
    }
    let call = layered(&three).replace("a=sendonly", "a=sendrecv");
    let (answer, peer) = answer_to(&call, &room(None));
    assert!(
        !answer.contains("simulcast") && !peer.sending().layered,
        "{answer}"
    );
}

/// Pictures a second, and packets in a picture of each layer: some 0.2, 0.7 and 2.3 Mbit/s.
const PICTURES: u64 = 25;
const PACKETS: [u16; 3] = [1, 3, 10];

/// Plays a sender of three layers to a feed for so many seconds; every picture is whole. The layer wanted at the end.
fn play(pair: &mut Pair, sequences: &mut [u16; 3], seconds: u64) -> Option<u8> {
    let rates = Rates {
        audio: 0,
        layers: [232_000, 696_000, 2_320_000, 0],
    };
    for n in 0..seconds * PICTURES {
        if n % PICTURES == 0 {
            pair.with(SERVER, |peer, now, out| peer.measured(now, &rates, out));
        }
        for layer in 0..3 {
            for part in 0..PACKETS[layer] {
                let sequence = &mut sequences[layer];
                *sequence += 1;
                let mut payload = vec![0; 1100];
                payload[0] = if part == 0 { 0x10 } else { 0 };
                let packet = VideoPacket {
                    layer: layer as u8,
                    ssrc: 5 + layer as u32,
                    timestamp: n as u32 * 3600,
                    marker: part + 1 == PACKETS[layer],
                    payload: payload.into(),
                    ..picture(*sequence, true)
                };
                pair.with(SERVER, |peer, now, out| peer.send_video(now, &packet, out));
            }
        }
        pair.run(Duration::from_millis(1000 / PICTURES));
    }
    pair.ends[SERVER].peer.wanted_layer()
}

#[test]
fn a_feed_finds_out_which_layer_its_line_carries() {
    let mut pair = feed(Sending {
        audio: None,
        layered: true,
        ..BOTH
    });
    let mut sequences = [0; 3];
    // A line without bounds is found to have room for the best.
    assert_eq!(play(&mut pair, &mut sequences, 30), Some(2));
    let before = pair.ends[BROWSER].video.len();
    assert_eq!(play(&mut pair, &mut sequences, 2), Some(2));
    let seen = pair.ends[BROWSER].video.len() - before;
    assert!((450..=550).contains(&seen), "{seen} packets in two seconds");
    // It becomes narrow.
    pair.width = Some(1_200_000);
    assert_eq!(play(&mut pair, &mut sequences, 10), Some(1));
    pair.width = None;
    assert_eq!(play(&mut pair, &mut sequences, 30), Some(2));
    // What is allowed counts beside what is possible.
    pair.with(SERVER, |peer, now, out| {
        peer.limit_viewing(now, 800_000, out)
    });
    assert_eq!(play(&mut pair, &mut sequences, 2), Some(1));
}

#[test]
fn a_narrow_line_gets_a_layer_it_carries() {
    let mut pair = feed(Sending {
        audio: None,
        layered: true,
        ..BOTH
    });
    pair.width = Some(1_200_000);
    let mut sequences = [0; 3];
    let mut wanted = [0; 3];
    for _ in 0..60 {
        let layer = play(&mut pair, &mut sequences, 1).expect("it watches");
        wanted[usize::from(layer)] += 1;
    }
    assert!(wanted[1] > 50, "{wanted:?}");
}
