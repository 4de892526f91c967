//! Telephones in rooms: legs that speak to browsers, and browsers that speak to legs.

use super::*;

/// What is agreed on for the leg of a voice: Opus, and nothing else.
fn voice_spec() -> LegSpec {
    let opus = CodecSpec::opus(96);
    LegSpec {
        remote: media::webrtc::NOWHERE,
        rtcp: None,
        send: opus,
        opus: OpusSending::default(),
        receive: vec![opus],
        telephone_event: None,
        direction: Direction::SendRecv,
        symmetric: false,
        timeout_ms: None,
    }
}

/// The tone in the last half second of what a feed heard, in Opus.
fn heard_hz(heard: &[Vec<u8>]) -> f64 {
    let mut decoder = Decoder::new(CodecSpec::opus(111));
    let mut sound = Vec::new();
    for bytes in heard {
        let packet = Packet::parse(bytes).unwrap();
        assert_eq!(packet.payload_type, 111);
        let mut samples = [0; 5760];
        let length = decoder.decode(packet.payload, &mut samples);
        sound.extend_from_slice(&samples[..length]);
    }
    level::dominant_hz(&sound[sound.len() - 24_000..], 48_000).unwrap()
}

#[test]
fn a_telephone_is_heard_in_a_room_of_browsers() {
    let mut stage = Stage::new(true, 1);
    let (voice, leg) = (PeerId(9), LegId(3));
    let opened = WebCommand::OpenVoice {
        peer: voice,
        leg: (0, leg),
    };
    stage.post(opened);
    let mut feeds: Vec<Browser> = (2..4).map(|n| stage.feed(PeerId(n), voice)).collect();
    let offer = stage.open_feed(PeerId(5), voice);
    assert!(
        offer.contains("m=audio") && !offer.contains("m=video"),
        "{offer}"
    );
    let file = "tone_stream://%(9000,0,500)".to_owned();
    for command in [
        MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Web,
        },
        MediaCommand::SetRemote {
            leg,
            spec: voice_spec(),
        },
        MediaCommand::Play {
            leg,
            play: PlayId(1),
            file,
            repeats: Some(0),
            gain_db: 0.0,
            mix: false,
        },
    ] {
        stage.media.post(0, command).unwrap();
    }
    stage.media.flush();
    let [one, two] = &mut feeds[..] else { panic!() };
    let all = &mut [one, two];
    together(all, |all| all.iter().all(|feed| feed.heard.len() >= 60));
    for feed in all.iter() {
        let hz = heard_hz(&feed.heard);
        assert!((hz - 500.0).abs() < 5.0, "{hz} Hz");
    }
    // Paused it is silent, and closed it is gone, without an end for those who listened.
    stage.flow(voice, false, true);
    rest(all, 100);
    let heard = all[0].heard.len();
    rest(all, 200);
    assert_eq!(all[0].heard.len(), heard);
    stage.flow(voice, true, true);
    together(all, |all| all[0].heard.len() > heard + 10);
    stage.post(WebCommand::Close { peer: voice });
    rest(all, 100);
    let heard = all[0].heard.len();
    let refused = stage.web.counters().audio_refused.get();
    rest(all, 200);
    assert_eq!((all[0].heard.len(), all[0].ended), (heard, None));
    // The leg is nobody's now.
    assert!(stage.web.counters().audio_refused.get() > refused);
    assert_eq!(stage.refused(PeerId(6), voice), "there is no such source");
}

#[test]
fn what_is_said_in_a_room_goes_to_browsers_and_to_telephones_until_it_is_muted() {
    let mut stage = Stage::new(true, 1);
    let (own, other, voice) = (LegId(1), LegId(2), PeerId(9));
    let wish = wish(Codec::Opus, false, Some(own));
    let (mut sender, agreed) = stage.publish_with(SOURCE, &wish);
    assert_eq!(
        agreed.audio.as_ref().unwrap().direction,
        Direction::RecvOnly
    );
    // In place of a telephone: another leg, whose sound goes to a feed again.
    stage.post(WebCommand::OpenVoice {
        peer: voice,
        leg: (0, other),
    });
    for (leg, spec) in [(own, agreed.audio.unwrap()), (other, voice_spec())] {
        let kind = LegKind::Web;
        for command in [
            MediaCommand::OpenLeg { leg, kind },
            MediaCommand::SetRemote { leg, spec },
        ] {
            stage.media.post(0, command).unwrap();
        }
    }
    let bridge = MediaCommand::Bridge { a: own, b: other };
    stage.media.post(0, bridge).unwrap();
    stage.media.flush();
    let mut browser = stage.feed(PeerId(2), SOURCE);
    let mut telephone = stage.feed(PeerId(3), voice);
    let all = &mut [&mut sender, &mut browser, &mut telephone];
    let tone = level::sine(48_000, 600.0, -12.0, 960 * 60);
    let mut encoder = Encoder::new(CodecSpec::opus(111), OpusSending::default());
    let mut payload = [0; 1500];
    let mut say = |all: &mut [&mut Browser], from: u16| {
        for (n, samples) in (from..).zip(tone.chunks(960)) {
            let length = encoder.encode(samples, &mut payload);
            all[0].say(&rtp(111, n, u32::from(n) * 960, &payload[..length]));
            rest(all, 20);
        }
    };
    say(all, 0);
    for listener in &all[1..] {
        assert!(listener.heard.len() >= 50, "{}", listener.heard.len());
        let hz = heard_hz(&listener.heard);
        assert!((hz - 600.0).abs() < 5.0, "{hz} Hz");
    }
    stage.flow(SOURCE, false, true);
    let dropped = stage.web.counters().audio_dropped.get();
    let heard = all[1].heard.len();
    say(all, 100);
    assert_eq!(all[1].heard.len(), heard);
    assert_eq!(stage.web.counters().audio_dropped.get(), dropped);
    // The leg behind got nothing either: what it made of the last packets has ended.
    all[2].heard.clear();
    rest(all, 300);
    assert!(all[2].heard.len() < 3, "{}", all[2].heard.len());
}
