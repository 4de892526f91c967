//! Descriptions of browsers: an offer and, to an offer of ours, an answer. Whatever is taken is answered by something that
//! another peer can take.
#![no_main]

use std::sync::LazyLock;
use std::time::Instant;

use media::control::{Codec, PeerWish};
use media::webrtc::{Identity, LocalAddress, Peer, PeerSettings};

static SETTINGS: LazyLock<PeerSettings> = LazyLock::new(|| PeerSettings {
    identity: Identity::new().expect("a certificate can be made"),
    addresses: vec![LocalAddress {
        bound: ([10, 0, 0, 1], 1000).into(),
        advertised: None,
    }],
    ice_lite: false,
});

libfuzzer_sys::fuzz_target!(|text: &str| {
    let now = Instant::now();
    let wish = PeerWish {
        audio: vec![Codec::Opus, Codec::Pcmu],
        video: true,
        prefer_video: None,
        leg: None,
        far_video: None,
    };
    let mut out = Vec::new();
    let mut peer = Peer::new(&SETTINGS, now, 1);
    let taken = peer.accept(now, text, &wish, &mut out);
    if let Ok((answer, agreed)) = taken {
        let sections = |text: &str| text.lines().filter(|line| line.starts_with("m=")).count();
        assert_eq!(sections(&answer), sections(text), "{answer}");
        assert!(answer.contains("a=end-of-candidates\r\n"), "{answer}");
        assert!(agreed.audio.is_some() || agreed.video.is_some(), "{answer}");
    }
    // Once more on the same peer, and our own offer behind it.
    let again = peer.accept(now, text, &wish, &mut out);
    let _ = peer.offer(now, &wish, &mut out);
    let _ = peer.take_answer(now, text, &mut out);
    drop(again);

    let mut caller = Peer::new(&SETTINGS, now, 1);
    let offered = caller.offer(now, &wish, &mut out).is_ok();
    assert!(offered);
    let _ = caller.take_answer(now, text, &mut out);
    caller.trickle(now, text, &mut out);

    // What it sends, to a feed that is answered with the same.
    let mut feed = Peer::estimating(&SETTINGS, now, 1);
    if feed.offer_feed(now, peer.sending(), &mut out).is_ok() {
        let _ = feed.take_answer(now, text, &mut out);
        feed.measured(now, &peer.rates(), &mut out);
    }
});
