//! Those who are sent the same, with directions and without.

use super::*;

/// Twenty milliseconds of a tone.
fn payload(spec: CodecSpec) -> Vec<u8> {
    let tone = level::sine(48_000, 400.0, -12.0, 960);
    let mut payload = vec![0; 1500];
    let length = Encoder::new(spec, OpusSending::default()).encode(&tone, &mut payload);
    payload.truncate(length);
    payload
}

/// Listeners of a room follow a leader, begin to talk and come back, while a recording listens from the middle.
#[test]
fn sharing_an_encoder_allocates_nothing() {
    let mut line = Line::new(2);
    let set = HrtfSet::spherical_head();
    let quality = Quality::new(1).expect("one of five");
    let renderer = Renderer::new(&set, 48_000, 960, quality).expect("a usual rate");
    line.engine.equip(renderer);
    let room = RoomId(1);
    line.command(MediaCommand::OpenRoom {
        room,
        rate_hz: 16_000,
    });
    let spec = CodecSpec::opus(102);
    let legs = [1, 2, 3, 4, 5, 6].map(|id| (LegId(id), spec));
    for (leg, spec) in legs {
        line.phone(leg, spec);
        line.command(MediaCommand::JoinRoom {
            room,
            leg,
            settings: MemberSettings::default(),
        });
    }
    line.command(MediaCommand::RoomRecord {
        room,
        record: RecordId(3),
        stereo: true,
        file: "m.wav".to_owned(),
        limit_ms: None,
        append: false,
    });
    let payloads = vec![payload(spec); legs.len()];
    // The first talks all the time, each of the others for a second in its turn.
    let tick = |line: &mut Line, n: u64| {
        let turn = 1 + (n / 150) as usize % (legs.len() - 1);
        if n % 150 < 50 {
            line.tick(n, &[legs[0], legs[turn]], &payloads);
        } else {
            line.tick(n, &legs[..1], &payloads);
        }
    };
    for n in 0..100 {
        tick(&mut line, n);
    }
    let encoded = line.out.encoded;
    COUNT.with(|count| count.set(Some(0)));
    for n in 100..1600 {
        tick(&mut line, n);
    }
    let counted = COUNT.with(|count| count.replace(None));
    assert_eq!(counted, Some(0), "allocations and frees in 1,500 ticks");
    let encoded = line.out.encoded - encoded;
    // Two encoders, and one more for who talks, ends talking, and waits half a second.
    assert!((2 * 1500..4 * 1500).contains(&encoded), "{encoded}");
}

/// Listeners on one seat follow a leader, talk, move away alone and together, come back, and change how they listen.
#[test]
fn sharing_directions_allocates_nothing() {
    let mut line = Line::new(3);
    let set = HrtfSet::spherical_head();
    let quality = Quality::new(1).expect("one of five");
    let renderer = Renderer::new(&set, 48_000, 960, quality).expect("a usual rate");
    line.engine.equip(renderer);
    let room = RoomId(1);
    line.command(MediaCommand::OpenRoom {
        room,
        rate_hz: 48_000,
    });
    let opus = CodecSpec::opus(102);
    let legs = [101, 102, 103, 104, 105, 106, 107].map(|id| (LegId(id), opus));
    let control = |leg, master_gain_percent| MediaCommand::SetControls {
        room,
        leg,
        controls: MemberControls {
            mixing_3d: true,
            master_gain_percent,
            ..MemberControls::default()
        },
    };
    let place = |leg, x| MediaCommand::Place {
        room,
        leg,
        place: Place {
            position_cm: [x, 0, 0],
            ..Place::default()
        },
    };
    for (leg, spec) in legs {
        line.phone(leg, spec);
        line.command(MediaCommand::JoinRoom {
            room,
            leg,
            settings: MemberSettings::default(),
        });
        line.command(control(leg, 100));
    }
    line.command(place(legs[0].0, 150));
    let payloads = vec![payload(opus); legs.len()];
    let mut rendered = 0;
    for n in 0..2400 {
        if n == 100 {
            rendered = line.out.rendered;
            COUNT.with(|count| count.set(Some(0)));
        }
        let (follower, leader, others) = (legs[3].0, legs[1].0, &legs[1..]);
        // Commands may allocate; what comes of them in the ticks behind them may not.
        let so_far = COUNT.with(|count| count.replace(None));
        match n % 600 {
            200 => line.command(place(follower, 80)),
            210 => line.command(place(leader, 60)),
            300 => others.iter().for_each(|leg| line.command(place(leg.0, 40))),
            400 => line.command(control(follower, 50)),
            410 => line.command(control(leader, 0)),
            450 => others
                .iter()
                .for_each(|leg| line.command(control(leg.0, 100))),
            550 => others.iter().for_each(|leg| line.command(place(leg.0, 0))),
            _ => {}
        }
        COUNT.with(|count| count.set(so_far));
        match n % 600 {
            100..150 => line.tick(n, &[legs[0], legs[3]], &payloads),
            500..520 => line.tick(n, &[legs[0], legs[1]], &payloads),
            _ => line.tick(n, &legs[..1], &payloads),
        }
    }
    let counted = COUNT.with(|count| count.replace(None));
    assert_eq!(counted, Some(0), "allocations and frees in 2,300 ticks");
    let rendered = line.out.rendered - rendered;
    // The talker and those on the seat, and one or two more for those who are apart.
    assert!((2 * 2300..4 * 2300).contains(&rendered), "{rendered}");
}
