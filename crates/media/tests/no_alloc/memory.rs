//! What legs, peers and treated voices take, and that they give it back.

use super::*;

/// The bar for a parked leg of the whole switch is 40 kB; this is the media part of it.
#[test]
fn a_leg_takes_less_than_twenty_four_kilobytes_and_gives_it_back() {
    let started = Instant::now();
    let config = EngineConfig {
        started,
        wall: SystemTime::now(),
        seed: 1,
    };
    let (engine, out) = (Engine::new(config), Output::new());
    let mut line = Line {
        engine,
        out,
        started,
        ms: 0,
        reports: 0,
        datagrams: 0,
    };
    line.phone(LegId(1), CodecSpec::pcmu());
    let before = BYTES.with(Cell::get);
    for leg in 2..102 {
        line.phone(LegId(leg), CodecSpec::pcmu());
    }
    let each = (BYTES.with(Cell::get) - before) / 100;
    assert!(each < 24 * 1024, "{each} bytes");
    for leg in 2..102 {
        line.command(MediaCommand::CloseLeg { leg: LegId(leg) });
    }
    let left = BYTES.with(Cell::get) - before;
    // The tables keep their room for the next hundred.
    assert!(left < 64 * 1024, "{left} bytes");
    println!("{each} bytes per G.711 leg");
}

/// A connected WebRTC peer that has audio and video agreed, with its certificate shared.
#[test]
fn a_webrtc_peer_takes_less_than_128_kilobytes_and_gives_it_back() {
    let mut pairs = Vec::new();
    let connected = || {
        let mut pair = webrtc_pair::Pair::new(false);
        let wish = webrtc_pair::wish(true);
        pair.negotiate(webrtc_pair::BROWSER, &wish, &wish);
        pair.connect();
        pair.crossed = Vec::new();
        pair
    };
    drop(connected());
    let before = BYTES.with(Cell::get);
    for _ in 0..20 {
        pairs.push(connected());
    }
    let each = (BYTES.with(Cell::get) - before) / 40;
    assert!(each < 128 * 1024, "{each} bytes");
    pairs = Vec::new();
    drop(pairs);
    let left = BYTES.with(Cell::get) - before;
    assert!(left < 64 * 1024, "{left} bytes");
    println!("{each} bytes per WebRTC peer");
}

/// Of one participant, with everything that can be done to a wide voice.
#[test]
fn a_treated_voice_takes_less_than_640_kilobytes_and_gives_it_back() {
    let before = BYTES.with(Cell::get);
    let mut chain = VoiceChain::new(48_000, 48_000);
    let held = |set: &dyn Fn(&mut MemberControls)| {
        let mut chain = VoiceChain::new(48_000, 48_000);
        let mut controls = MemberControls::default();
        set(&mut controls);
        let before = BYTES.with(Cell::get);
        chain.set(&controls);
        BYTES.with(Cell::get) - before
    };
    let alone = [
        held(&|c| c.echo_cancellation = true),
        held(&|c| c.noise_suppression = true),
        held(&|c| c.automatic_equaliser = true),
        held(&|c| c.automatic_gain = true),
        held(&|c| c.voice_shift_semitones = 1),
    ];
    chain.set(&MemberControls {
        noise_suppression: true,
        automatic_gain: true,
        automatic_equaliser: true,
        echo_cancellation: true,
        voice_shift_semitones: 3,
        ..MemberControls::default()
    });
    let each = BYTES.with(Cell::get) - before;
    drop(chain);
    // Before anything is printed: what tests print is kept in memory.
    let left = BYTES.with(Cell::get) - before;
    assert_eq!(left, 0);
    assert!(each < 640 * 1024, "{each} bytes");
    println!("{each} bytes per voice; echo, noise, equaliser, gain and shift alone {alone:?}");
}
