//! The thread itself, over loopback sockets, with peers of our own in the part of browsers.

mod browser;
mod layered;
mod lines;
mod rooms;

use std::time::{Duration, Instant};

use media::codec::{Decoder, Encoder};
use media::control::{
    Codec, CodecSpec, Direction, EchoDelay, LegId, LegKind, LegSpec, MediaCommand, MediaReport,
    OpusSending, PeerEnd, PeerId, PeerWish, PlayId, WebAgreed, WebCommand, WebReport,
};
use media::level;
use media::rtp::Packet;
use tokio::sync::mpsc::Receiver;

use super::{Prepared, WebConfig, WebThread};
use crate::media_io::{MediaConfig, MediaThreads};
use browser::{Browser, rtp};

/// Long enough for a loaded machine, short enough to end a broken test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Media threads and peers, joined as the switch joins them.
struct Stage {
    web: WebThread,
    reports: Receiver<WebReport>,
    media: MediaThreads,
    media_reports: Receiver<MediaReport>,
}

fn wish(codec: Codec, video: bool, leg: Option<LegId>) -> PeerWish {
    PeerWish {
        audio: vec![codec],
        video,
        prefer_video: None,
        far_video: None,
        leg: leg.map(|leg| (0, leg)),
    }
}

impl Stage {
    fn new(ice_lite: bool, workers: usize) -> Self {
        let prepared = Prepared::new(Some(&WebConfig {
            ice_lite,
            ..WebConfig::default()
        }))
        .unwrap();
        let config = MediaConfig {
            workers: Some(workers),
            seed: Some(1),
            ..MediaConfig::default()
        };
        let (media, media_reports, lanes) =
            MediaThreads::start_with(config, Some(prepared.waker())).unwrap();
        assert_eq!(lanes.len(), workers);
        let (web, reports) = prepared.start(lanes, media.ports()).unwrap();
        Self {
            web,
            reports,
            media,
            media_reports,
        }
    }

    /// The next report, while the browsers go on.
    fn report(&mut self, browsers: &mut [&mut Browser]) -> WebReport {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(report) = self.reports.try_recv() {
                return report;
            }
            assert!(Instant::now() < until, "no report in time");
            browsers.iter_mut().for_each(|browser| browser.work());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn post(&mut self, command: WebCommand) {
        self.web.post(command).unwrap();
        self.web.flush();
    }

    /// A browser calls: it offers, we answer, it connects.
    fn call(&mut self, peer: PeerId, wish: PeerWish) -> (Browser, WebAgreed) {
        let mut browser = Browser::new(Instant::now());
        let agreed = self.call_from(&mut browser, peer, wish);
        (browser, agreed)
    }

    fn call_from(&mut self, browser: &mut Browser, peer: PeerId, wish: PeerWish) -> WebAgreed {
        let offer = browser.offer(&wish);
        self.post(WebCommand::Accept { peer, offer, wish });
        let WebReport::Answered {
            peer: of,
            answer,
            agreed,
        } = self.report(&mut [browser])
        else {
            panic!("not answered")
        };
        assert_eq!(of, peer);
        browser.take_answer(&answer);
        assert_eq!(self.report(&mut [browser]), WebReport::Connected { peer });
        until(browser, |browser| browser.connected);
        agreed
    }

    /// A leg on the first worker that hears itself.
    fn echoing(&mut self, leg: LegId, agreed: WebAgreed) {
        let spec = agreed.audio.unwrap();
        let delay = Some(EchoDelay::default());
        for command in [
            MediaCommand::OpenLeg {
                leg,
                kind: LegKind::Web,
            },
            MediaCommand::SetRemote { leg, spec },
            MediaCommand::Echo { leg, delay },
        ] {
            self.media.post(0, command).unwrap();
        }
        self.media.flush();
        let report = self.media_reports.blocking_recv().unwrap();
        let opened = MediaReport::Opened {
            leg,
            local: None,
            ssrc: None,
        };
        assert_eq!(report, opened);
    }
}

/// Runs a browser until something is so.
fn until(browser: &mut Browser, mut so: impl FnMut(&mut Browser) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so(browser) {
        assert!(Instant::now() < end, "not in time");
        browser.work();
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_a_browser_says_in_opus_comes_back_from_an_echoing_leg() {
    for lite in [false, true] {
        let mut stage = Stage::new(lite, 1);
        let (peer, leg) = (PeerId(7), LegId(1));
        let (mut browser, agreed) = stage.call(peer, wish(Codec::Opus, false, Some(leg)));
        stage.echoing(leg, agreed.clone());
        let spec = agreed.audio.unwrap().send;
        assert_eq!(spec.codec, Codec::Opus);
        let tone = level::sine(48_000, 400.0, -12.0, 960 * 60);
        let mut encoder = Encoder::new(spec, OpusSending::default());
        let mut payload = [0; 1500];
        for (n, samples) in (0..).zip(tone.chunks(960)) {
            let length = encoder.encode(samples, &mut payload);
            browser.say(&rtp(
                spec.payload_type,
                n,
                u32::from(n) * 960,
                &payload[..length],
            ));
            let next = Instant::now() + Duration::from_millis(20);
            until(&mut browser, |_| Instant::now() >= next);
        }
        until(&mut browser, |browser| browser.heard.len() >= 50);
        let mut decoder = Decoder::new(CodecSpec::opus(spec.payload_type));
        let mut sound = Vec::new();
        for bytes in &browser.heard {
            let packet = Packet::parse(bytes).unwrap();
            assert_eq!(packet.payload_type, spec.payload_type);
            let mut samples = [0; 5760];
            let length = decoder.decode(packet.payload, &mut samples);
            sound.extend_from_slice(&samples[..length]);
        }
        let second = &sound[sound.len() - 24_000..];
        let hz = level::dominant_hz(second, 48_000).unwrap();
        assert!((hz - 400.0).abs() < 5.0, "{hz} Hz");
        let level = level::dbfs_at(second, 48_000, 400.0);
        assert!((level + 12.0).abs() < 2.0, "{level} dB");
        stage.post(WebCommand::Close { peer });
        until(&mut browser, |browser| browser.ended.is_some());
        assert_eq!(browser.ended, Some(PeerEnd::Closed));
        assert_eq!(stage.web.counters().peers.get(), 0);
    }
}

#[test]
fn a_browser_can_be_called_and_trickle_later() {
    let mut stage = Stage::new(false, 1);
    let peer = PeerId(1);
    let wanted = wish(Codec::Pcmu, false, None);
    stage.post(WebCommand::Offer {
        peer,
        wish: wanted.clone(),
    });
    let WebReport::Offered { offer, .. } = stage.report(&mut []) else {
        panic!("no offer")
    };
    assert!(offer.contains("a=end-of-candidates"));
    let mut browser = Browser::new(Instant::now());
    let answer = browser.accept(&offer, &wanted);
    let (bare, candidates): (Vec<&str>, Vec<&str>) = answer
        .lines()
        .partition(|line| !line.starts_with("a=candidate"));
    stage.post(WebCommand::TakeAnswer {
        peer,
        answer: bare.join("\r\n") + "\r\n",
    });
    let WebReport::Agreed { agreed, .. } = stage.report(&mut [&mut browser]) else {
        panic!("not agreed")
    };
    assert_eq!(agreed.audio.unwrap().send.codec, Codec::Pcmu);
    for candidate in candidates {
        let candidate = candidate.replace("a=", "");
        stage.post(WebCommand::Trickle { peer, candidate });
    }
    assert_eq!(
        stage.report(&mut [&mut browser]),
        WebReport::Connected { peer }
    );
    browser.close();
    let why = PeerEnd::Closed;
    assert_eq!(
        stage.report(&mut [&mut browser]),
        WebReport::Ended { peer, why }
    );
}

#[test]
fn two_browsers_see_each_other_while_they_are_linked() {
    let mut stage = Stage::new(true, 1);
    let (a, b) = (PeerId(1), PeerId(2));
    let wanted = wish(Codec::Pcmu, true, None);
    let (mut one, agreed) = stage.call(a, wanted.clone());
    assert!(agreed.video.is_some());
    // The first one sends before there is anybody to see it.
    one.show(0);
    let (mut two, _) = stage.call(b, wanted);
    stage.post(WebCommand::LinkVideo { a, b });
    let end = Instant::now() + PATIENCE;
    while one.keyframes_wanted == 0 {
        assert!(Instant::now() < end, "no picture was asked for");
        one.work();
        std::thread::sleep(Duration::from_millis(1));
    }
    for n in 1..100 {
        one.show(n);
        two.show(n);
        for browser in [&mut one, &mut two] {
            browser.work();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    until(&mut two, |browser| browser.seen.len() >= 99);
    until(&mut one, |browser| browser.seen.len() >= 99);
    for browser in [&one, &two] {
        let mut numbers: Vec<u16> = browser.seen.iter().map(|packet| packet.sequence).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 99);
        assert_eq!(numbers[98] - numbers[0], 98);
    }
    // The viewer's wish for a whole picture goes to the one it sees.
    let before = one.keyframes_wanted;
    two.want_keyframe();
    until(&mut two, |browser| {
        browser.work();
        one.work();
        one.keyframes_wanted > before
    });
    stage.post(WebCommand::UnlinkVideo { a, b });
    let forwarded = stage.web.counters().video_forwarded.get();
    let refused = stage.web.counters().video_refused.get();
    // Orders are carried out one after the other: when this one is refused, the one before is done.
    let (peer, source) = (PeerId(8), PeerId(9));
    stage.post(WebCommand::OpenFeed { peer, source });
    let told = stage.report(&mut [&mut one, &mut two]);
    assert!(
        matches!(
            told,
            WebReport::Refused {
                peer: PeerId(8),
                ..
            }
        ),
        "{told:?}"
    );
    one.show(100);
    until(&mut one, |_| {
        stage.web.counters().video_refused.get() > refused
    });
    assert_eq!(stage.web.counters().video_forwarded.get(), forwarded);
}

#[test]
fn a_browser_in_a_call_is_asked_for_pictures_and_told_when_they_end() {
    let mut stage = Stage::new(true, 1);
    let (a, b) = (PeerId(1), PeerId(2));
    let sound = wish(Codec::Pcmu, false, None);
    let pictures = wish(Codec::Pcmu, true, None);
    let (mut one, agreed) = stage.call(a, sound.clone());
    assert!(agreed.video.is_none());
    let (mut two, _) = stage.call(b, pictures.clone());
    for with in [true, false, true] {
        let wish = if with { &pictures } else { &sound };
        stage.post(WebCommand::Offer {
            peer: a,
            wish: wish.clone(),
        });
        let WebReport::Offered { offer, .. } = stage.report(&mut [&mut one, &mut two]) else {
            panic!("no offer")
        };
        let answer = one.accept(&offer, wish);
        stage.post(WebCommand::TakeAnswer { peer: a, answer });
        let WebReport::Agreed { agreed, .. } = stage.report(&mut [&mut one, &mut two]) else {
            panic!("not agreed")
        };
        assert_eq!(agreed.video.is_some(), with);
        assert!(agreed.audio.is_some());
    }
    stage.post(WebCommand::LinkVideo { a, b });
    for n in 0..100 {
        one.show(n);
        for browser in [&mut one, &mut two] {
            browser.work();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    until(&mut two, |browser| browser.seen.len() >= 90);
    // One that was asked and did not answer may still add them itself.
    let c = PeerId(3);
    let (mut three, _) = stage.call(c, sound);
    stage.post(WebCommand::Offer {
        peer: c,
        wish: pictures.clone(),
    });
    let mut all = [&mut one, &mut two, &mut three];
    assert!(matches!(stage.report(&mut all), WebReport::Offered { .. }));
    let offer = three.offer(&pictures);
    stage.post(WebCommand::Accept {
        peer: c,
        offer,
        wish: pictures,
    });
    let mut all = [&mut one, &mut two, &mut three];
    let WebReport::Answered { agreed, .. } = stage.report(&mut all) else {
        panic!("not answered")
    };
    assert!(agreed.video.is_some());
}

#[test]
fn bad_descriptions_are_refused_and_strangers_get_nothing() {
    let mut stage = Stage::new(true, 1);
    let peer = PeerId(3);
    let wanted = wish(Codec::Pcmu, false, None);
    stage.post(WebCommand::Accept {
        peer,
        offer: "v=0\r\n".into(),
        wish: wanted.clone(),
    });
    let WebReport::Refused { peer: of, why } = stage.report(&mut []) else {
        panic!("not refused")
    };
    assert_eq!(
        (of, why.as_str()),
        (peer, "the description has no media section")
    );
    // It is gone: nothing is said about it any more.
    let answer = String::new();
    stage.post(WebCommand::TakeAnswer { peer, answer });
    let (mut browser, _) = stage.call(PeerId(4), wanted);
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let to = stage.web.addresses()[0];
    for bytes in [
        &b"\x00\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa"[..],
        b"\x16\xfe\xfd",
        &[0x80; 200],
        b"",
        &[0xff; 1900],
    ] {
        stranger.send_to(bytes, to).unwrap();
    }
    assert!(stranger.recv_from(&mut [0; 100]).is_err());
    until(&mut browser, |_| stage.web.counters().strangers.get() >= 5);
}

#[test]
fn a_leg_that_moves_to_another_media_thread_is_followed() {
    let mut stage = Stage::new(true, 2);
    let (peer, leg) = (PeerId(1), LegId(5));
    let (mut browser, agreed) = stage.call(peer, wish(Codec::Pcmu, false, Some(leg)));
    stage.echoing(leg, agreed);
    for moved in [false, true] {
        if moved {
            stage.media.move_leg(leg, 0, 1).unwrap();
            stage.media.flush();
            let report = stage.media_reports.blocking_recv().unwrap();
            assert_eq!(report, MediaReport::Moved { leg, worker: 1 });
            stage.web.leg_moved(leg, 1).unwrap();
            stage.web.flush();
            let delay = Some(EchoDelay::default());
            stage
                .media
                .post(1, MediaCommand::Echo { leg, delay })
                .unwrap();
            stage.media.flush();
            browser.heard.clear();
        }
        let mut n = 0;
        until(&mut browser, |browser| {
            browser.say(&rtp(0, n, u32::from(n) * 160, &[0x55; 160]));
            n += 1;
            std::thread::sleep(Duration::from_millis(20));
            browser.heard.len() >= 20
        });
    }
}

#[test]
fn a_page_that_names_anothers_address_does_not_get_its_answers() {
    let mut stage = Stage::new(false, 1);
    let wanted = wish(Codec::Pcmu, false, None);
    let mut victim = Browser::new(Instant::now());
    // One that is never heard of again says it is where another one will be.
    let mut liar = Browser::new(Instant::now());
    let (here, there) = (liar.address().port(), victim.address().port());
    let offer = liar.offer(&wanted);
    let offer = offer.replace(&format!(" {here} "), &format!(" {there} "));
    stage.post(WebCommand::Accept {
        peer: PeerId(1),
        offer,
        wish: wanted.clone(),
    });
    assert!(matches!(stage.report(&mut []), WebReport::Answered { .. }));
    let end = Instant::now() + PATIENCE;
    while stage.web.counters().datagrams_out.get() == 0 {
        assert!(Instant::now() < end, "the lie was not looked at");
        std::thread::sleep(Duration::from_millis(1));
    }
    stage.call_from(&mut victim, PeerId(2), wanted);
}
