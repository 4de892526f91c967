//! Opus legs among themselves and with G.711: what goes in comes out, through losses and pauses too.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::Port;
use media::control::{
    Codec, Direction, LegId, LegSpec, MediaCommand, MediaReport, MemberSettings, MuteSide,
    OpusSending, PlayId, RecordId, RecordSides, RoomId, TelephoneEvent,
};
use media::level;
use media::rtp::rtcp::write;
use studio::{Studio, phone, spec_of};

const FEC: OpusSending = OpusSending {
    stereo: false,
    fec: true,
    dtx: false,
    cbr: false,
    max_playback_rate_hz: 48_000,
    max_bitrate: None,
    complexity: 5,
};
const DTX: OpusSending = OpusSending {
    stereo: false,
    fec: false,
    dtx: true,
    ..FEC
};

fn bridge(studio: &mut Studio, a: LegId, b: LegId) {
    studio.command(MediaCommand::Bridge { a, b });
}

/// Frequency and level of the last second heard.
fn last_second(studio: &mut Studio, leg: LegId) -> (f64, f64) {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len().saturating_sub(rate as usize)..];
    let hz = level::dominant_hz(heard, rate).unwrap_or(0.0);
    (hz, level::dbfs(heard))
}

fn assert_tone(heard: (f64, f64), hz: f64, level_dbfs: f64) {
    assert!((heard.0 - hz).abs() < 2.0, "{heard:?}, not {hz} Hz");
    let apart = (heard.1 - level_dbfs).abs();
    assert!(apart < 0.6, "{heard:?}, not {level_dbfs} dBFS");
}

/// Share of the 10 ms pieces heard that are more than 6 dB too quiet, leaving out the beginning.
fn gaps(studio: &mut Studio, leg: LegId, level_dbfs: f64) -> f64 {
    let phone = studio.at(leg);
    let piece = phone.rate_hz() as usize / 100;
    let pieces = phone.heard.chunks_exact(piece).skip(50);
    let quiet: Vec<bool> = pieces.map(|p| level::dbfs(p) < level_dbfs - 6.0).collect();
    quiet.iter().filter(|&&quiet| quiet).count() as f64 / quiet.len() as f64
}

#[test]
fn two_opus_legs_are_relayed_without_being_decoded() {
    let mut studio = Studio::new(1);
    let (a, b) = (studio.phone(Codec::Opus), studio.phone(Codec::Opus));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.at(b).say(5000.0, -16.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 440.0, -10.0);
    assert_tone(last_second(&mut studio, a), 5000.0, -16.0);
    let counted = studio.stats(b);
    assert!(
        counted.relayed >= 98 && counted.relayed == counted.packets_out,
        "{counted:?}"
    );
}

#[test]
fn what_is_changed_on_the_way_is_decoded_and_encoded() {
    let mut studio = Studio::new(2);
    let (a, b) = (studio.phone(Codec::Opus), studio.phone(Codec::Opus));
    bridge(&mut studio, a, b);
    let side = MuteSide::Write;
    studio.command(MediaCommand::SetGain {
        leg: b,
        side,
        gain_db: -6.0,
    });
    studio.at(a).say(7000.0, -10.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 7000.0, -16.0);
    assert_eq!(studio.stats(b).relayed, 0);
}

#[test]
fn opus_and_g711_hear_each_other_with_little_delay() {
    for law in [Codec::Pcmu, Codec::Pcma] {
        let mut studio = Studio::new(3);
        let (a, b) = (studio.phone(Codec::Opus), studio.phone(law));
        bridge(&mut studio, a, b);
        studio.at(a).say(1004.0, -10.0);
        studio.at(b).say(620.0, -16.0);
        studio.run(2000);
        assert_tone(last_second(&mut studio, b), 1004.0, -10.0);
        assert_tone(last_second(&mut studio, a), 620.0, -16.0);
        for leg in [a, b] {
            // A packet is spoken (20 ms), waited for (20), taken at the next tick (20), and the codec
            // and the change of rates look ahead (6.5 + 2).
            let phone = studio.at(leg);
            let onset = level::onset(&phone.heard, 1000).expect("it was loud");
            let ms = phone.packets[0].5 + onset as u64 * 1000 / u64::from(phone.rate_hz());
            assert!(ms <= 70, "heard after {ms} ms");
        }
        assert_eq!(studio.stats(a).concealed_samples, 0);
    }
}

#[test]
fn every_packet_length_is_taken_and_given() {
    for ptime_ms in [10, 20, 40, 60] {
        let mut studio = Studio::new(u64::from(ptime_ms));
        let a = studio.phone_with(|leg| LegSpec {
            remote: phone::address(leg),
            rtcp: None,
            send: spec_of(Codec::Opus, ptime_ms),
            opus: OpusSending::default(),
            receive: vec![spec_of(Codec::Opus, ptime_ms)],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: false,
            timeout_ms: None,
        });
        let b = studio.phone(Codec::Pcma);
        bridge(&mut studio, a, b);
        studio.at(a).say(440.0, -10.0);
        studio.at(b).say(880.0, -10.0);
        studio.run(3000);
        assert_tone(last_second(&mut studio, b), 440.0, -10.0);
        assert_tone(last_second(&mut studio, a), 880.0, -10.0);
        let packets = &studio.at(a).packets;
        assert!(
            packets
                .windows(2)
                .all(|w| w[1].2 - w[0].2 == u32::from(ptime_ms) * 48)
        );
    }
}

/// Speech coders take a steady hum for noise after a while: this one has syllables.
fn speak(studio: &mut Studio, leg: LegId, ms: u64) {
    for n in 0..ms / 200 {
        let level_dbfs = if n % 2 == 0 { -16.0 } else { -22.0 };
        studio.at(leg).hum(200.0, level_dbfs);
        studio.run(200);
    }
}

#[test]
fn a_tenth_of_the_packets_may_be_lost() {
    for (sending, expected_loss) in [(FEC, 10), (OpusSending::default(), 0)] {
        let mut studio = Studio::new(4);
        let (a, b) = (studio.phone(Codec::Opus), studio.phone(Codec::Pcmu));
        bridge(&mut studio, a, b);
        studio.network.loss = 0.1;
        studio.at(a).encode_as(sending, expected_loss);
        speak(&mut studio, a, 10_000);
        let counted = studio.stats(a);
        assert!((30..80).contains(&counted.lost), "{counted:?}");
        let concealed = counted.concealed_samples / 960;
        assert!(concealed.abs_diff(counted.lost) < 10, "{counted:?}");
        let (hz, _) = last_second(&mut studio, b);
        assert!((hz - 200.0).abs() < 2.0, "{hz}");
        let gaps = gaps(&mut studio, b, -20.0);
        // Three lost in a row leave a hole nobody fills.
        assert!(gaps < 0.02, "{sending:?}: {gaps} of the time too quiet");
    }
}

/// The first packet of each burst is lost, which nobody can guess from the silence before it.
#[test]
fn losses_are_repaired_from_the_packets_behind_them() {
    let loud_ms_per_burst = |sending| {
        let mut studio = Studio::new(5);
        let (a, b) = (studio.phone(Codec::Opus), studio.phone(Codec::Pcmu));
        bridge(&mut studio, a, b);
        studio.at(a).encode_as(sending, 10);
        speak(&mut studio, a, 1000);
        for _ in 0..20 {
            studio.at(a).hum(200.0, -70.0);
            studio.run(200);
            studio.at(a).hum(200.0, -16.0);
            studio.network.loss = 1.0;
            studio.run(20);
            studio.network.loss = 0.0;
            studio.run(40);
        }
        let pieces = studio.at(b).heard[8000..].chunks_exact(40);
        pieces.filter(|piece| level::dbfs(piece) > -25.0).count() as f64 * 5.0 / 20.0
    };
    let (repaired, guessed) = (
        loud_ms_per_burst(FEC),
        loud_ms_per_burst(OpusSending::default()),
    );
    assert!(
        repaired > guessed + 8.0,
        "{repaired} ms of each burst heard, {guessed} ms when only guessed"
    );
}

#[test]
fn copies_are_sent_once_the_peer_tells_of_losses() {
    let mut studio = Studio::new(6);
    let (a, b) = (
        studio.phone_for(Codec::Opus, FEC),
        studio.phone(Codec::Pcmu),
    );
    bridge(&mut studio, a, b);
    speak(&mut studio, b, 2000);
    assert_eq!(studio.at(a).copies, 0);
    let ssrc = studio.at(a).packets[0].4;
    let mut report = Vec::new();
    let block = write::Block {
        ssrc,
        fraction_lost: 25,
        lost: 10,
        highest: 100,
        jitter: 0,
        last_sender_report: 0,
        delay: 0,
    };
    write::report(77, None, Some(block), &mut report);
    let (now, from) = (studio.now(), studio.at(a).address);
    studio
        .engine
        .receive(now, a, Port::Rtcp, from, &mut report, &mut studio.out);
    let before = studio.at(a).packets.len();
    speak(&mut studio, b, 2000);
    let sent = studio.at(a).packets.len() - before;
    let copies = studio.at(a).copies;
    assert!(copies > sent / 3, "{copies} of {sent} packets carry copies");
    let (hz, _) = last_second(&mut studio, a);
    assert!((hz - 200.0).abs() < 2.0, "{hz}");
}

#[test]
fn a_peer_that_pauses_is_heard_again_and_misses_nothing() {
    let mut studio = Studio::new(7);
    let (a, b) = (studio.phone(Codec::Opus), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.at(a).encode_as(DTX, 0);
    for round in 0..3 {
        studio.at(a).say(440.0, -10.0);
        studio.run(1000);
        assert_tone(last_half(&mut studio, b), 440.0, -10.0);
        studio.at(a).say(440.0, -120.0);
        studio.run(2000);
        let quiet = last_half(&mut studio, b).1;
        assert!(quiet < -45.0, "round {round}: {quiet} dBFS");
    }
    let counted = studio.stats(a);
    assert!(counted.packets_in < 350, "pauses are not sent: {counted:?}");
    assert_eq!((counted.lost, counted.late), (0, 0));
}

fn last_half(studio: &mut Studio, leg: LegId) -> (f64, f64) {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let heard = &phone.heard[phone.heard.len().saturating_sub(rate as usize / 2)..];
    let hz = level::dominant_hz(heard, rate).unwrap_or(0.0);
    (hz, level::dbfs(heard))
}

#[test]
fn pauses_are_not_sent_to_a_peer_that_wishes_so() {
    let count = |opus| {
        let mut studio = Studio::new(8);
        let (a, b) = (
            studio.phone_for(Codec::Opus, opus),
            studio.phone(Codec::Pcmu),
        );
        bridge(&mut studio, a, b);
        studio.at(b).say(440.0, -10.0);
        studio.run(1000);
        studio.at(b).say(440.0, -120.0);
        studio.run(3000);
        studio.at(b).say(440.0, -10.0);
        studio.run(1000);
        assert_tone(last_half(&mut studio, a), 440.0, -10.0);
        // Numbers count on, timestamps follow the clock, and what comes behind a pause says so.
        let packets = &studio.at(a).packets;
        let steps = packets.windows(2);
        assert!(steps.clone().all(|w| w[1].1 == w[0].1.wrapping_add(1)));
        assert!(steps.clone().all(|w| (w[1].2 - w[0].2 > 960) == w[1].3));
        let spread = packets.last().unwrap().2 - packets[0].2;
        assert!(spread.abs_diff(48 * 5000) < 48 * 100, "{spread} ticks");
        packets.len()
    };
    let (with, without) = (count(DTX), count(OpusSending::default()));
    assert!(
        without > 240 && with < 150,
        "{with} with DTX, {without} without"
    );
}

#[test]
fn digits_pass_at_either_clock() {
    let mut studio = Studio::new(9);
    let a = studio.phone(Codec::Opus);
    let b = studio.phone(Codec::Pcmu);
    // Phones like this one have Opus and know only the old clock.
    let c = studio.phone_with(|leg| LegSpec {
        remote: phone::address(leg),
        rtcp: None,
        send: spec_of(Codec::Opus, 20),
        opus: OpusSending::default(),
        receive: vec![spec_of(Codec::Opus, 20)],
        telephone_event: Some(TelephoneEvent {
            send: 101,
            receive: 101,
            clock_rate_hz: 8000,
        }),
        direction: Direction::SendRecv,
        symmetric: false,
        timeout_ms: None,
    });
    studio.at(c).event_clock_hz = 8000;
    for (from, to) in [(a, b), (b, a), (a, c), (c, a), (c, b), (b, c)] {
        bridge(&mut studio, from, to);
        studio.reports.clear();
        studio.at(to).digits.clear();
        studio.at(from).say(440.0, -20.0);
        studio.run(300);
        studio.at(from).press('5', 2000);
        studio.run(5000);
        studio.at(from).press('#', 100);
        studio.run(800);
        assert_eq!(studio.at(to).digits, "5#", "from {from:?} to {to:?}");
        let told = studio.reports.iter().filter_map(|report| match report {
            MediaReport::Dtmf {
                leg,
                digit,
                duration_samples,
                ..
            } if *leg == from => Some((digit.as_char(), *duration_samples)),
            _ => None,
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [('5', 16_000), ('#', 800)],
            "in samples at 8 kHz"
        );
        studio.at(from).hush();
        studio.run(500);
    }
}

#[test]
fn files_are_played_to_opus_and_opus_is_recorded() {
    let mut studio = Studio::new(10);
    let a = studio.phone(Codec::Opus);
    let tone = level::sine(16_000, 900.0, -14.0, 16_000 * 3);
    studio.files.insert("/nine.wav".into(), (16_000, tone));
    studio.command(MediaCommand::Play {
        leg: a,
        play: PlayId(1),
        file: "/nine.wav".into(),
        repeats: Some(0),
        gain_db: 0.0,
        mix: false,
    });
    studio.command(MediaCommand::Record {
        leg: a,
        record: RecordId(1),
        file: "/r.wav".into(),
        sides: RecordSides::Read,
        limit_ms: None,
        silence: None,
        append: false,
        rate_hz: None,
    });
    studio.at(a).say(440.0, -10.0);
    studio.run(2500);
    assert_tone(last_second(&mut studio, a), 900.0, -14.0);
    let tape = studio.tape(RecordId(1));
    assert!(tape.len() > 48_000 * 2, "recorded at the rate of the leg");
    let last = &tape[tape.len() - 48_000..];
    let hz = level::dominant_hz(last, 48_000).unwrap_or(0.0);
    assert_tone((hz, level::dbfs(last)), 440.0, -10.0);
}

#[test]
fn opus_meets_g711_in_a_room() {
    for rate_hz in [8000, 16_000, 48_000] {
        let mut studio = Studio::new(11);
        let room = RoomId(1);
        studio.command(MediaCommand::OpenRoom { room, rate_hz });
        let (a, b) = (studio.phone(Codec::Opus), studio.phone(Codec::Pcmu));
        for leg in [a, b] {
            let settings = MemberSettings::default();
            studio.command(MediaCommand::JoinRoom {
                room,
                leg,
                settings,
            });
        }
        studio.at(a).say(1000.0, -10.0);
        studio.at(b).say(500.0, -16.0);
        studio.run(2000);
        assert_tone(last_second(&mut studio, a), 500.0, -16.0);
        assert_tone(last_second(&mut studio, b), 1000.0, -10.0);
    }
}
