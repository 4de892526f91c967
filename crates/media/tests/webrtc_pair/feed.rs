//! Feeds, and those who send to them.

use std::sync::Arc;

use jackfield_media as media;
use media::control::{Codec, Direction, PeerWish, VideoCodec};
use media::webrtc::{Peer, Sending, VideoPacket};

use super::{BROWSER, Pair, SERVER, settings};

const CHROMIUM: &str = include_str!("../browsers/chromium-156-offer.sdp");

pub const BOTH: Sending = Sending {
    audio: Some(Codec::Opus),
    video: Some(VideoCodec::Vp8),
    layered: false,
};

pub fn room(prefer_video: Option<VideoCodec>) -> PeerWish {
    PeerWish {
        audio: vec![Codec::Opus],
        video: true,
        prefer_video,
        far_video: None,
        leg: None,
    }
}

/// A new peer's answer to an offer, and the peer.
pub fn answer_to(offer: &str, wish: &PeerWish) -> (String, Peer) {
    let now = std::time::Instant::now();
    let mut peer = Peer::new(&settings("10.0.0.2:2000", false), now, 7);
    let taken = peer.accept(now, offer, wish, &mut Vec::new());
    let (answer, agreed) = taken.expect("an answer");
    assert!(agreed.video.is_some(), "{answer}");
    (answer, peer)
}

/// Chromium as one who sends and wants to see nothing.
pub fn sendonly() -> String {
    CHROMIUM.replace("a=sendrecv", "a=sendonly")
}

pub fn picture(n: u16, whole: bool) -> VideoPacket {
    VideoPacket {
        format: VideoCodec::Vp8,
        layer: 0,
        ssrc: 5,
        sequence: n,
        timestamp: u32::from(n) * 3000,
        marker: true,
        turned: None,
        payload: Arc::from([0x10, u8::from(!whole), n as u8].as_slice()),
    }
}

/// A feed and its browser, connected.
pub fn feed(sending: Sending) -> Pair {
    let mut pair = if sending.layered {
        Pair::estimating()
    } else {
        Pair::new(false)
    };
    let offer = pair.with(SERVER, |peer, now, out| peer.offer_feed(now, sending, out));
    let (answer, _) = pair.accept(BROWSER, &offer.expect("an offer"), &room(sending.video));
    let agreed = pair.take_answer(SERVER, &answer);
    assert_eq!(agreed.video, sending.video);
    assert_eq!(
        agreed.audio.map(|audio| audio.direction),
        sending.audio.map(|_| Direction::SendOnly)
    );
    pair.connect();
    pair
}
