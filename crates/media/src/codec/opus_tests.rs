use super::*;
use crate::level;

const RATE: u32 = 48_000;
/// Twenty milliseconds.
const FRAME: usize = 960;

/// Encodes all of it in packets of 20 ms.
fn encoded(samples: &[i16], sending: OpusSending, expected_loss: u8) -> Vec<Vec<u8>> {
    let mut encoder = OpusEncoder::new(RATE, sending);
    encoder.expect_loss(expected_loss);
    let packets = samples.chunks_exact(FRAME).map(|frame| {
        let mut out = [0; 1500];
        let length = encoder.encode(frame, &mut out);
        out[..length].to_vec()
    });
    packets.collect()
}

/// Plays packets without those whose number `lost` names; `repairs` says whether the packet behind a
/// lost one may be looked at.
fn decoded(packets: &[Vec<u8>], lost: impl Fn(usize) -> bool, repairs: bool) -> Vec<i16> {
    let mut decoder = OpusDecoder::new(RATE);
    let mut heard = vec![0; packets.len() * FRAME];
    for (n, out) in heard.chunks_exact_mut(FRAME).enumerate() {
        if lost(n) {
            let next = packets.get(n + 1).filter(|_| repairs && !lost(n + 1));
            decoder.fill_hole(next.map(Vec::as_slice), out);
        } else {
            assert_eq!(decoder.decode(&packets[n], out), FRAME);
        }
    }
    heard
}

/// Something between a hum and a voice: a pitch that wanders, in syllables, no two packets alike.
fn babble(seconds: usize) -> Vec<i16> {
    let mut phase = 0.0f64;
    let samples = (0..seconds * RATE as usize).map(|n| {
        let at = n as f64 / f64::from(RATE);
        let pitch = 150.0 + 60.0 * (at * 7.3).sin() + 25.0 * (at * 23.0).sin();
        phase += pitch * std::f64::consts::TAU / f64::from(RATE);
        let voice: f64 = (1..12)
            .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
            .sum();
        let syllable = (0.55 + 0.45 * (at * 11.0).sin()).max(0.0);
        (voice * syllable * 5000.0) as i16
    });
    samples.collect()
}

/// How far two sounds lie apart over packets that `of` names: the envelope of 5 ms pieces, mean
/// difference in decibels. A waveform need not match to sound the same.
fn apart_db(a: &[i16], b: &[i16], of: impl Fn(usize) -> bool) -> f64 {
    let piece = FRAME / 4;
    let pairs = a.chunks_exact(piece).zip(b.chunks_exact(piece));
    let differences: Vec<f64> = pairs
        .enumerate()
        .filter(|(n, _)| of(n / 4))
        .map(|(_, (a, b))| {
            let (a, b) = (level::dbfs(a).max(-60.0), level::dbfs(b).max(-60.0));
            (a - b).abs()
        })
        .collect();
    differences.iter().sum::<f64>() / differences.len() as f64
}

#[test]
fn a_tone_keeps_its_frequency_and_level() {
    for hz in [300.0, 1004.0, 6000.0] {
        let tone = level::sine(RATE, hz, -12.0, RATE as usize);
        let heard = decoded(&encoded(&tone, OpusSending::default(), 0), |_| false, false);
        let steady = &heard[RATE as usize / 2..];
        let found = level::dominant_hz(steady, RATE).unwrap();
        assert!((found - hz).abs() < 2.0, "{found}, not {hz}");
        let loud = level::dbfs(steady);
        assert!((loud + 12.0).abs() < 0.5, "{loud} dBFS at {hz} Hz");
    }
}

#[test]
fn the_peers_wishes_bound_what_is_sent() {
    let voice = babble(4);
    let bits = |sending| {
        let bytes: usize = encoded(&voice, sending, 0).iter().map(Vec::len).sum();
        bytes * 8 / 4
    };
    let plain = OpusSending::default();
    let most = bits(plain);
    assert!((24_000..=40_000).contains(&most), "{most}");
    let thrifty = bits(OpusSending {
        max_bitrate: Some(12_000),
        ..plain
    });
    assert!((8000..=15_000).contains(&thrifty), "{thrifty}");

    let narrow = OpusSending {
        max_playback_rate_hz: 8000,
        ..plain
    };
    let tone = level::sine(RATE, 6000.0, -12.0, RATE as usize);
    let heard = decoded(&encoded(&tone, narrow, 0), |_| false, false);
    let left = level::dbfs(&heard[RATE as usize / 2..]);
    assert!(
        left < -40.0,
        "6 kHz is beyond what 8 kHz plays: {left} dBFS"
    );

    let constant = encoded(&voice, OpusSending { cbr: true, ..plain }, 0);
    assert!(
        constant
            .iter()
            .all(|packet| packet.len() == constant[0].len())
    );
}

#[test]
fn fec_brings_back_what_was_lost_and_costs_nothing_before() {
    let voice = babble(8);
    let sending = OpusSending {
        fec: true,
        ..OpusSending::default()
    };
    // Packets of the transform coder, configurations 16 to 31 (RFC 6716 §3.1), have no copies.
    let calm = encoded(&voice, sending, 0);
    assert!(calm.iter().skip(5).all(|packet| packet[0] >> 3 >= 16));
    let wary = encoded(&voice, sending, 10);
    let copies = wary.iter().filter(|p| p[0] >> 3 < 16 && p[1] & 0x40 != 0);
    assert!(copies.count() > wary.len() * 3 / 4);

    let lost = |n: usize| n > 10 && n % 10 == 7;
    let whole = decoded(&wary, |_| false, false);
    let repaired = apart_db(&whole, &decoded(&wary, lost, true), lost);
    let guessed = apart_db(&whole, &decoded(&wary, lost, false), lost);
    assert!(repaired < 2.0, "{repaired} dB apart");
    assert!(
        guessed > repaired * 2.0,
        "guessed {guessed}, repaired {repaired} dB apart"
    );
}

#[test]
fn silence_is_said_by_saying_nothing_only_where_wished() {
    let mut sound = babble(1);
    sound.resize(RATE as usize * 4, 0);
    let wished = encoded(
        &sound,
        OpusSending {
            dtx: true,
            ..OpusSending::default()
        },
        0,
    );
    let late = &wished[100..];
    let sent = late.iter().filter(|packet| !packet.is_empty()).count();
    assert!((1..20).contains(&sent), "{sent} packets in 2 s of silence");
    let plain = encoded(&sound, OpusSending::default(), 0);
    assert!(plain.iter().all(|packet| !packet.is_empty()));
}

#[test]
fn two_channels_and_long_packets_are_understood() {
    let mut stereo = libopus::Encoder::new(RATE, Channels::Stereo, Application::Audio).unwrap();
    let tone = level::sine(RATE, 1000.0, -12.0, RATE as usize);
    let mut decoder = OpusDecoder::new(RATE);
    let (mut packet, mut out) = ([0; 1500], vec![0; RATE as usize]);
    for (n, frame) in tone.chunks_exact(5760).enumerate() {
        let both: Vec<i16> = frame.iter().flat_map(|&sample| [sample, sample]).collect();
        let length = stereo.encode(&both, &mut packet).unwrap();
        let samples = decoder.decode(&packet[..length], &mut out[n * 5760..]);
        assert_eq!(samples, 5760, "120 ms");
    }
    let steady = &out[FRAME * 10..5760 * 8];
    let found = level::dominant_hz(steady, RATE).unwrap();
    assert!((found - 1000.0).abs() < 2.0, "{found}");
    assert!((level::dbfs(steady) + 12.0).abs() < 0.5);
}

#[test]
fn what_is_no_opus_is_concealed() {
    let tone = level::sine(RATE, 400.0, -12.0, FRAME * 20);
    let packets = encoded(&tone, OpusSending::default(), 0);
    let mut decoder = OpusDecoder::new(RATE);
    let mut out = [0; 5760];
    for packet in &packets {
        decoder.decode(packet, &mut out);
    }
    // Nothing; a count of 0 frames; more frames than bytes; 50 frames of 20 ms, longer than allowed.
    for spoilt in [&[][..], &[0x0b, 0], &[0xff, 0x3f], &[0x0b, 50, 1, 1]] {
        assert_eq!(decoder.decode(spoilt, &mut out), FRAME, "{spoilt:?}");
        assert!(level::dbfs(&out[..FRAME]) > -40.0, "the tone goes on");
        decoder.decode(&packets[19], &mut out);
    }
    // And what does not fit.
    assert_eq!(decoder.decode(&packets[19], &mut out[..480]), 480);
}

#[test]
fn a_hole_of_any_length_is_filled() {
    let tone = level::sine(RATE, 400.0, -12.0, FRAME * 20);
    let packets = encoded(&tone, OpusSending::default(), 0);
    for length in [0, 1, 119, 120, 500, 960, 5760] {
        let mut decoder = OpusDecoder::new(RATE);
        let mut out = [0; 5760];
        for packet in &packets {
            decoder.decode(packet, &mut out);
        }
        let mut hole = vec![i16::MAX; length];
        decoder.fill_hole(None, &mut hole);
        assert!(hole.iter().all(|&sample| sample != i16::MAX), "{length}");
    }
}

#[test]
fn two_channels_stay_apart_and_one_is_sent_when_they_do_not_differ() {
    let sending = OpusSending {
        stereo: true,
        ..OpusSending::default()
    };
    let mut encoder = OpusEncoder::new(RATE, sending);
    assert_eq!(encoder.channels(), 2);
    let tone = level::sine(RATE, 1000.0, -12.0, RATE as usize);
    let mut ears = libopus::Decoder::new(RATE, Channels::Stereo).unwrap();
    let mut play = |both: bool| {
        encoder.send_both(both);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for frame in tone.chunks_exact(FRAME) {
            let pairs: Vec<i16> = frame
                .iter()
                .flat_map(|s| [*s, if both { 0 } else { *s }])
                .collect();
            let mut packet = [0; 1500];
            let length = encoder.encode(&pairs, &mut packet);
            // RFC 6716 §3.1: the third bit of the first byte.
            assert_eq!(packet[0] & 4 != 0, both);
            let mut heard = [0; FRAME * 2];
            assert_eq!(
                ears.decode(&packet[..length], &mut heard, false).unwrap(),
                FRAME
            );
            left.extend(heard.iter().step_by(2));
            right.extend(heard.iter().skip(1).step_by(2));
        }
        let steady = RATE as usize / 2;
        (level::dbfs(&left[steady..]), level::dbfs(&right[steady..]))
    };
    let (left, right) = play(true);
    assert!((left + 12.0).abs() < 0.5 && right < -50.0, "{left} {right}");
    let (left, right) = play(false);
    assert!(
        (left + 12.0).abs() < 0.5 && (left - right).abs() < 0.1,
        "{left} {right}"
    );
}

#[test]
fn talkers_on_both_sides_stay_there() {
    let sending = OpusSending {
        stereo: true,
        complexity: 5,
        ..OpusSending::default()
    };
    let mut encoder = OpusEncoder::new(RATE, sending);
    encoder.send_both(true);
    // Two talkers whose lines lie between each other's, each 12 dB softer and 0.7 ms later at the far ear.
    let lines = |first: u32| (0..28).map(move |n| f64::from(first + 200 * n));
    let talker = |at: f64, first: u32| -> f64 {
        let wave = |hz: f64| (std::f64::consts::TAU * hz * at + hz * hz).sin();
        lines(first).map(wave).sum::<f64>() * 160.0
    };
    let mut ears = [Vec::new(), Vec::new()];
    let mut decoder = libopus::Decoder::new(RATE, Channels::Stereo).unwrap();
    let (mut samples, mut packet) = ([0; FRAME * 2], [0; 1500]);
    for frame in 0..75 {
        for (n, pair) in samples.chunks_exact_mut(2).enumerate() {
            let at = (frame * FRAME + n) as f64 / f64::from(RATE);
            let near = |first| talker(at, first);
            let far = |first| talker(at - 0.0007, first) / 4.0;
            pair[0] = (near(300) + far(400)) as i16;
            pair[1] = (near(400) + far(300)) as i16;
        }
        let length = encoder.encode(&samples, &mut packet);
        let read = decoder.decode(&packet[..length], &mut samples, false);
        assert_eq!(read.unwrap(), FRAME);
        if frame >= 25 {
            for (ear, side) in ears.iter_mut().zip(0..) {
                ear.extend(samples.iter().skip(side).step_by(2).copied());
            }
        }
    }
    let power = |ear: &[i16], first: u32| -> f64 {
        let lines = lines(first).map(|hz| level::dbfs_at(ear, RATE, hz));
        lines.map(|db| 10f64.powf(db / 10.0)).sum()
    };
    let [left, right] = &ears;
    for (near, far, first) in [(left, right, 300), (right, left, 400)] {
        let apart_db = 10.0 * (power(near, first) / power(far, first)).log10();
        assert!(apart_db > 9.0, "{first}: {apart_db} dB");
    }
}
