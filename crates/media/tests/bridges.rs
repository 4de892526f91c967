//! Two people hear each other: what goes in comes out, in frequency, level and time.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use jackfield_media as media;
use media::control::{
    Codec, Direction, EchoDelay, LegId, LegKind, LegSpec, MediaCommand, MediaReport, MuteSide,
    OpusSending,
};
use media::level;
use studio::{Network, Studio, spec_of};

fn bridge(studio: &mut Studio, a: LegId, b: LegId) {
    studio.command(MediaCommand::Bridge { a, b });
}

/// Frequency and level of the last second heard.
fn last_second(studio: &mut Studio, leg: LegId) -> (f64, f64) {
    let phone = studio.at(leg);
    let rate = phone.rate_hz();
    let start = phone.heard.len().saturating_sub(rate as usize);
    let heard = &phone.heard[start..];
    (
        level::dominant_hz(heard, rate).unwrap_or(0.0),
        level::dbfs(heard),
    )
}

fn assert_tone(heard: (f64, f64), hz: f64, level_dbfs: f64, tolerance_db: f64) {
    assert!((heard.0 - hz).abs() < 2.0, "{heard:?}, not {hz} Hz");
    assert!(
        (heard.1 - level_dbfs).abs() < tolerance_db,
        "{heard:?}, not {level_dbfs} dBFS"
    );
}

#[test]
fn equal_codecs_are_relayed_on_arrival_both_ways() {
    let mut studio = Studio::new(1);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.at(b).say(620.0, -16.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 440.0, -10.0, 0.2);
    assert_tone(last_second(&mut studio, a), 620.0, -16.0, 0.2);
    let counted = studio.stats(b);
    assert!(
        counted.relayed >= 98 && counted.relayed == counted.packets_out,
        "{counted:?}"
    );
    assert_eq!(counted.concealed_samples, 0);
    // On arrival: the phone's own phase shows, not that of our ticks.
    let arrivals: Vec<_> = studio.at(b).packets.iter().map(|p| p.5 % 20).collect();
    assert!(arrivals.iter().all(|&ms| ms == arrivals[0] && ms != 0));
}

#[test]
fn different_laws_are_transcoded_with_little_delay() {
    let mut studio = Studio::new(2);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    bridge(&mut studio, a, b);
    studio.at(a).say(1004.0, -10.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 1004.0, -10.0, 0.2);
    assert_eq!(studio.stats(b).relayed, 0);
    let first = studio.at(b).packets[0].5;
    assert!(first <= 20 + 20 + 40, "first sound after {first} ms");
    assert!(studio.at(a).packets.is_empty(), "nobody says anything to A");
}

#[test]
fn different_rates_are_converted() {
    let mut studio = Studio::new(3);
    let (a, b) = (studio.phone(Codec::L16), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.at(a).say(1500.0, -12.0);
    studio.at(b).say(900.0, -20.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 1500.0, -12.0, 0.3);
    assert_tone(last_second(&mut studio, a), 900.0, -20.0, 0.3);
}

#[test]
fn every_packet_length_is_taken_and_given() {
    for ptime_ms in [10, 20, 30, 40, 60] {
        let mut studio = Studio::new(u64::from(ptime_ms));
        let a = studio.phone_with(|leg| LegSpec {
            send: spec_of(Codec::Pcmu, ptime_ms),
            receive: vec![spec_of(Codec::Pcmu, ptime_ms)],
            telephone_event: None,
            ..studio::agreed(leg, Codec::Pcmu, OpusSending::default())
        });
        let b = studio.phone(Codec::Pcma);
        bridge(&mut studio, a, b);
        studio.at(a).say(440.0, -10.0);
        studio.at(b).say(880.0, -10.0);
        studio.run(3000);
        assert_tone(last_second(&mut studio, b), 440.0, -10.0, 0.3);
        assert_tone(last_second(&mut studio, a), 880.0, -10.0, 0.3);
        let counted = studio.stats(a);
        let whole = 3000 / u64::from(ptime_ms);
        let expected = whole * 95 / 100 - 3..=whole;
        assert!(
            expected.contains(&counted.packets_out),
            "{ptime_ms} ms: {counted:?}"
        );
    }
}

#[test]
fn loss_jitter_and_reordering_are_heard_through() {
    for seed in 0..5 {
        let mut studio = Studio::new(seed);
        studio.network = Network {
            loss: 0.05,
            jitter_ms: 45,
            duplicates: 0.02,
        };
        let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
        bridge(&mut studio, a, b);
        studio.at(a).say(400.0, -10.0);
        studio.run(20_000);
        assert_tone(last_second(&mut studio, b), 400.0, -10.0, 1.5);
        let counted = studio.stats(a);
        assert!(
            (20..=90).contains(&counted.lost),
            "seed {seed}: {counted:?}"
        );
        assert!(
            counted.reordered > 50 && counted.duplicates > 5,
            "seed {seed}: {counted:?}"
        );
        assert!(counted.late < 60, "seed {seed}: {counted:?}");
        let concealed = counted.concealed_samples / 160;
        assert!(
            (20..=200).contains(&concealed),
            "seed {seed}: {concealed} frames concealed"
        );
    }
}

#[test]
fn a_relay_keeps_loss_visible_and_numbers_unbroken() {
    let mut studio = Studio::new(9);
    studio.network = Network {
        loss: 0.1,
        jitter_ms: 0,
        duplicates: 0.0,
    };
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.run(4000);
    let packets = studio.at(b).packets.clone();
    let span = packets.last().unwrap().1.wrapping_sub(packets[0].1);
    assert!((15..=45).contains(&(usize::from(span) + 1 - packets.len())));
    for pair in packets.windows(2) {
        let sequences = u32::from(pair[1].1.wrapping_sub(pair[0].1));
        assert_eq!(pair[1].2.wrapping_sub(pair[0].2), sequences * 160);
        assert_eq!(pair[1].4, pair[0].4, "one SSRC");
    }
}

#[test]
fn a_peer_that_begins_anew_is_heard_on() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut studio = Studio::new(4);
        let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(codec));
        bridge(&mut studio, a, b);
        studio.at(a).say(440.0, -10.0);
        studio.run(1000);
        studio.at(a).restart(0x1234_5678_9abc_def0);
        studio.run(2000);
        assert_tone(last_second(&mut studio, b), 440.0, -10.0, 0.2);
        let packets = &studio.at(b).packets;
        assert!(
            packets
                .windows(2)
                .all(|p| p[0].4 == p[1].4 && p[1].1 == p[0].1.wrapping_add(1))
        );
    }
}

#[test]
fn echo_returns_at_once_or_after_its_delay() {
    for (delay_ms, expected) in [(0, 0..=100), (500, 500..=600)] {
        let mut studio = Studio::new(5);
        let a = studio.phone(Codec::Pcmu);
        studio.command(MediaCommand::Echo {
            leg: a,
            delay: Some(EchoDelay { delay_ms }),
        });
        studio.at(a).say(700.0, -10.0);
        studio.run(2000);
        assert_tone(last_second(&mut studio, a), 700.0, -10.0, 0.2);
        assert!(expected.contains(&studio.at(a).packets[0].5), "{delay_ms}");
        studio.command(MediaCommand::Echo {
            leg: a,
            delay: None,
        });
        let before = studio.at(a).packets.len();
        studio.run(200);
        assert_eq!(studio.at(a).packets.len(), before);
    }
}

#[test]
fn a_pair_carries_sound_from_one_half_to_the_other() {
    let mut studio = Studio::new(6);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    let (half_a, half_b) = (LegId(100), LegId(101));
    let pair = |leg, other| MediaCommand::OpenLeg {
        leg,
        kind: LegKind::Pair {
            other,
            rate_hz: 8000,
        },
    };
    studio.command(pair(half_a, half_b));
    studio.command(pair(half_b, half_a));
    bridge(&mut studio, a, half_a);
    bridge(&mut studio, half_b, b);
    studio.at(a).say(440.0, -10.0);
    studio.at(b).say(880.0, -14.0);
    studio.run(2000);
    assert_tone(last_second(&mut studio, b), 440.0, -10.0, 0.2);
    assert_tone(last_second(&mut studio, a), 880.0, -14.0, 0.2);
    studio.at(a).press('5', 100);
    studio.run(1000);
    assert_eq!(studio.at(b).digits, "5", "digits pass the pair too");
    let told = studio
        .reports
        .iter()
        .filter(|r| matches!(r, MediaReport::Dtmf { .. }))
        .count();
    assert_eq!(told, 2, "once by the phone's leg, once by the far half");
}

#[test]
fn on_hold_nothing_is_sent_and_nothing_heard() {
    let mut studio = Studio::new(7);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.at(b).say(880.0, -10.0);
    studio.run(500);
    studio.redirect(a, Codec::Pcmu, Direction::Inactive);
    studio.at(a).forget();
    studio.at(b).forget();
    studio.run(500);
    assert!(studio.at(a).packets.is_empty() && studio.at(b).packets.is_empty());
    studio.redirect(a, Codec::Pcmu, Direction::SendRecv);
    studio.run(1500);
    assert_tone(last_second(&mut studio, b), 440.0, -10.0, 0.2);
    assert_tone(last_second(&mut studio, a), 880.0, -10.0, 0.2);
}

#[test]
fn what_was_said_before_hold_is_not_heard_after_it() {
    let mut studio = Studio::new(9);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    studio.network.jitter_ms = 40;
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.run(1010);
    studio.redirect(a, Codec::Pcmu, Direction::Inactive);
    studio.at(a).hush();
    studio.run(500);
    studio.at(b).forget();
    studio.redirect(a, Codec::Pcmu, Direction::SendRecv);
    studio.run(500);
    assert_eq!(last_second(&mut studio, b).1, f64::NEG_INFINITY);
}

#[test]
fn mute_and_gain_leave_the_short_way_and_return_to_it() {
    let mut studio = Studio::new(8);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcmu));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -20.0);
    studio.command(MediaCommand::SetGain {
        leg: a,
        side: MuteSide::Read,
        gain_db: 6.0,
    });
    studio.run(1500);
    assert_tone(last_second(&mut studio, b), 440.0, -14.0, 0.3);
    studio.command(MediaCommand::SetGain {
        leg: a,
        side: MuteSide::Read,
        gain_db: 0.0,
    });
    studio.command(MediaCommand::Mute {
        leg: b,
        side: MuteSide::Write,
        on: true,
    });
    studio.run(1500);
    assert_eq!(last_second(&mut studio, b).1, f64::NEG_INFINITY);
    studio.command(MediaCommand::Mute {
        leg: b,
        side: MuteSide::Write,
        on: false,
    });
    let relayed = studio.stats(b).relayed;
    studio.run(1500);
    assert_tone(last_second(&mut studio, b), 440.0, -20.0, 0.3);
    assert!(studio.stats(b).relayed > relayed + 70);
}

#[test]
fn what_is_not_for_us_costs_a_count_and_nothing_else() {
    let mut studio = Studio::new(11);
    let a = studio.phone(Codec::Pcmu);
    let from = studio.at(a).address;
    for datagram in [
        &b""[..],
        b"x",
        &[0x80; 11],
        &[0x80, 77, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3],
        &[0xff; 2000],
    ] {
        let now = studio.now();
        for port in [media::Port::Rtp, media::Port::Rtcp] {
            studio
                .engine
                .receive(now, a, port, from, &mut datagram.to_vec(), &mut studio.out);
            studio.serve();
        }
    }
    assert_eq!(studio.stats(a).refused, 10);
    let unknown = LegId(77);
    let now = studio.now();
    studio.engine.receive(
        now,
        unknown,
        media::Port::Rtp,
        from,
        &mut [0x80; 40],
        &mut studio.out,
    );
    studio.run(100);
}

#[test]
fn closing_everything_leaves_nothing() {
    let mut studio = Studio::new(12);
    let (a, b) = (studio.phone(Codec::Pcmu), studio.phone(Codec::Pcma));
    bridge(&mut studio, a, b);
    studio.at(a).say(440.0, -10.0);
    studio.run(500);
    for leg in [a, b] {
        studio.command(MediaCommand::CloseLeg { leg });
    }
    assert!(studio.engine.is_empty());
    let closed: Vec<_> = studio
        .reports
        .iter()
        .filter_map(|r| match r {
            MediaReport::Closed { leg, stats } => Some((*leg, stats.packets_in, stats.packets_out)),
            _ => None,
        })
        .collect();
    assert_eq!(closed.len(), 2);
    assert!(closed[0].1 > 20 && closed[1].2 > 20);
}
