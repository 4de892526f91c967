//! The whole chain, by ear.

use super::*;
use crate::level;
use crate::voice::biquad::{Biquad, Coefficients};
use crate::voice::talker::{noise, sum, talker};

fn none() -> MemberControls {
    MemberControls::default()
}

fn one_of_each() -> [MemberControls; 6] {
    let [mut echo, mut noise, mut equaliser, mut gain, mut shift] = [none(); 5];
    echo.echo_cancellation = true;
    noise.noise_suppression = true;
    equaliser.automatic_equaliser = true;
    gain.automatic_gain = true;
    shift.voice_shift_semitones = 4;
    let all = MemberControls {
        echo_cancellation: true,
        noise_suppression: true,
        automatic_equaliser: true,
        automatic_gain: true,
        voice_shift_semitones: -3,
        ..none()
    };
    [echo, noise, equaliser, gain, shift, all]
}

/// A leg and a room around a chain.
struct Seat {
    chain: VoiceChain,
    /// What the voice goes through untouched.
    beside: Option<Resampler>,
    room_rate_hz: u32,
    leg_rate_hz: u32,
}

impl Seat {
    fn new(leg_rate_hz: u32, room_rate_hz: u32) -> Self {
        Self {
            chain: VoiceChain::new(leg_rate_hz, room_rate_hz),
            beside: converter(leg_rate_hz, room_rate_hz),
            room_rate_hz,
            leg_rate_hz,
        }
    }

    /// Passes sound through, changing controls as `change` wants before each tick.
    fn pass(
        &mut self,
        said: &[i16],
        heard: &[i16],
        mut change: impl FnMut(usize) -> Option<MemberControls>,
    ) -> Vec<i16> {
        let length = samples_per_tick(self.leg_rate_hz);
        let mut out = Vec::new();
        for (n, tick) in said.chunks_exact(length).enumerate() {
            if let Some(controls) = change(n) {
                self.chain.set(&controls);
            }
            let (mut says, mut hears) = (
                Frame::silent(self.leg_rate_hz),
                Frame::silent(self.leg_rate_hz),
            );
            says.samples_mut().copy_from_slice(tick);
            if let Some(heard) = heard.get(n * length..(n + 1) * length) {
                hears.samples_mut().copy_from_slice(heard);
            }
            let mut room = vec![0; samples_per_tick(self.room_rate_hz)];
            convert(&mut self.beside, tick, &mut room);
            self.chain.process(&says, &hears, &mut room);
            out.extend(room);
        }
        out
    }
}

/// The highest peak of what is far above a low tone, dBFS: where there was no click there is nothing. The tone's own beginning
/// does not count.
fn click_dbfs(sound: &[i16], rate_hz: u32) -> f64 {
    let mut sound: Vec<f32> = sound.iter().map(|&s| f32::from(s)).collect();
    for _ in 0..2 {
        Biquad::new(Coefficients::high_pass(rate_hz, 2000.0)).process(&mut sound);
    }
    let late = &sound[samples_per_tick(rate_hz) * 2..];
    let highest = late.iter().fold(0.0f32, |highest, s| highest.max(s.abs()));
    20.0 * (f64::from(highest) / f64::from(i16::MAX)).log10()
}

#[test]
fn no_switch_clicks() {
    for (leg_hz, room_hz) in [
        (8000, 8000),
        (16_000, 16_000),
        (48_000, 48_000),
        (8000, 48_000),
        (48_000, 16_000),
    ] {
        let tone = level::sine(leg_hz, 200.0, -12.0, leg_hz as usize * 3);
        for (which, controls) in one_of_each().into_iter().enumerate() {
            let mut seat = Seat::new(leg_hz, room_hz);
            let out = seat.pass(&tone, &[], |n| match n {
                30 | 101 => Some(controls),
                80 | 130 => Some(none()),
                _ => None,
            });
            let click = click_dbfs(&out, room_hz);
            println!("{leg_hz} to {room_hz} Hz, {which}: {click:.1} dBFS");
            assert!(
                click < -50.0,
                "{leg_hz} to {room_hz} Hz, {which}: {click} dBFS"
            );
            assert!(seat.chain.is_idle());
        }
    }
}

#[test]
fn switches_thrown_at_any_time_do_not_click() {
    let tone = level::sine(16_000, 200.0, -12.0, 16_000 * 12);
    let mut seat = Seat::new(16_000, 16_000);
    let mut seed = 1u32;
    let out = seat.pass(&tone, &[], |n| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let bit = |at: u32| seed >> (20 + at) & 1 == 1;
        (n > 5 && bit(5)).then(|| MemberControls {
            echo_cancellation: bit(0),
            noise_suppression: bit(1),
            automatic_equaliser: bit(2),
            automatic_gain: bit(3),
            voice_shift_semitones: if bit(4) { (seed >> 8) as i8 % 13 } else { 0 },
            ..none()
        })
    });
    let click = click_dbfs(&out, 16_000);
    println!("{click:.1} dBFS");
    assert!(click < -50.0, "{click} dBFS");
}

#[test]
fn untouched_is_untouched() {
    let voice = talker(2, 16_000, 4, -20.0);
    let mut seat = Seat::new(16_000, 16_000);
    assert_eq!(
        seat.pass(&voice, &voice, |n| (n == 3).then_some(none())),
        voice
    );
    let [.., all] = one_of_each();
    let out = seat.pass(&voice, &voice, |n| match n {
        50 => Some(all),
        100 => Some(none()),
        _ => None,
    });
    assert_eq!(out[..50 * 320], voice[..50 * 320]);
    assert_ne!(out[60 * 320..100 * 320], voice[60 * 320..100 * 320]);
    assert_eq!(out[101 * 320..], voice[101 * 320..], "one tick of fade");
    // Faded out, and let go with the next change.
    assert!(seat.chain.echo.machine().is_some());
    seat.chain.set(&none());
    assert!(seat.chain.echo.machine().is_none() && seat.chain.in_use.is_none());
}

#[test]
fn an_octave_is_an_octave_at_every_rate() {
    for (leg_hz, room_hz) in [
        (8000, 8000),
        (8000, 48_000),
        (24_000, 16_000),
        (48_000, 48_000),
    ] {
        let tone = level::sine(leg_hz, 440.0, -12.0, leg_hz as usize);
        for (semitones, wanted) in [(12, 880.0), (-12, 220.0)] {
            let mut seat = Seat::new(leg_hz, room_hz);
            let controls = MemberControls {
                voice_shift_semitones: semitones,
                ..none()
            };
            let out = seat.pass(&tone, &[], |n| (n == 0).then_some(controls));
            let late = &out[room_hz as usize / 2..];
            let found = level::dominant_hz(late, room_hz).unwrap();
            assert!((found / wanted - 1.0).abs() < 0.01, "{found}, not {wanted}");
            let loud = level::dbfs(late);
            assert!((loud + 12.0).abs() < 0.5, "{loud} dBFS");
        }
    }
}

/// What comes back from a loudspeaker across a table: 60 ms later, 12 dB softer.
fn echo_of(heard: &[i16], rate_hz: u32) -> Vec<i16> {
    let late = rate_hz as usize * 60 / 1000;
    let mut echo = vec![0; late];
    echo.extend(heard.iter().map(|s| s / 4));
    echo.truncate(heard.len());
    echo
}

#[test]
fn narrow_and_wide_echoes_go() {
    let [only_echo, ..] = one_of_each();
    for leg_hz in [8000, 16_000, 48_000] {
        let heard = talker(8, leg_hz, 8, -20.0);
        let echo = echo_of(&heard, leg_hz);
        let said = sum(&echo, &noise(1, echo.len(), -75.0));
        let mut seat = Seat::new(leg_hz, leg_hz);
        let out = seat.pass(&said, &heard, |n| (n == 0).then_some(only_echo));
        assert!(seat.chain.echo.machine().is_some());
        let late = 2 * leg_hz as usize..;
        let less = level::dbfs(&said[late.clone()]) - level::dbfs(&out[late]);
        println!("{leg_hz} Hz: {less:.1} dB");
        assert!(less > 20.0, "{leg_hz} Hz: {less} dB");
    }
}

#[test]
fn wide_noise_goes() {
    let [_, only_noise, ..] = one_of_each();
    let hiss = noise(3, 48_000 * 4, -40.0);
    let mut seat = Seat::new(48_000, 48_000);
    let out = seat.pass(&hiss, &[], |n| (n == 0).then_some(only_noise));
    let less = level::dbfs(&hiss[96_000..]) - level::dbfs(&out[96_000..]);
    println!("{less:.1} dB");
    assert!(less > 12.0, "{less} dB");
}

#[test]
fn the_loudest_and_strangest_input_is_survived() {
    let [.., all] = one_of_each();
    for rate_hz in [8000, 16_000, 48_000] {
        let second = rate_hz as usize;
        let mut sound: Vec<i16> = vec![i16::MIN; second];
        sound.extend((0..second).map(|n| if n % 2 == 0 { i16::MAX } else { i16::MIN }));
        sound.extend((0..second).map(|n| if n % 977 == 0 { i16::MAX } else { 0 }));
        sound.extend(noise(1, second, 6.0));
        sound.extend(vec![0; second]);
        sound.extend(talker(1, rate_hz, 6, -25.0));
        let mut seat = Seat::new(rate_hz, rate_hz);
        seat.pass(&sound, &sound, |n| (n == 0).then_some(all));
        let mut calm = sound[5 * second..].to_vec();
        calm.truncate(6 * second);
        let heard: Vec<i16> = vec![0; calm.len()];
        let after = seat.pass(&calm, &heard, |_| None);
        let loud = level::dbfs(&after[3 * second..]);
        assert!((-32.0..-14.0).contains(&loud), "{rate_hz} Hz: {loud} dBFS");
    }
}
