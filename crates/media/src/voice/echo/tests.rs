//! The canceller alone, in rooms made of numbers.

use super::*;
use crate::level;
use crate::voice::talker::{noise, sum, talker};

const RATE: usize = 16_000;

/// A room: an impulse response of sparse reflections that dies away over 100 ms, after a delay, 10 dB below what was heard.
fn echo_of(heard: &[i16], delay_ms: usize, seed: u64) -> Vec<i16> {
    let taps = noise(seed, 1600, -20.0);
    let path: Vec<(usize, f64)> = taps
        .iter()
        .enumerate()
        .filter(|(n, _)| *n == 0 || n % 13 == 5)
        .map(|(n, &tap)| {
            let fading = (-(n as f64) / 350.0).exp();
            let gain = if n == 0 {
                0.25
            } else {
                f64::from(tap) / 32_768.0 * fading
            };
            (delay_ms * RATE / 1000 + n, gain)
        })
        .collect();
    (0..heard.len())
        .map(|at| {
            let parts = path.iter().filter(|(late, _)| *late <= at);
            let sum: f64 = parts
                .map(|(late, gain)| gain * f64::from(heard[at - late]))
                .sum();
            sum.round() as i16
        })
        .collect()
}

fn cancelled(canceller: &mut EchoCanceller, heard: &[i16], said: &[i16]) -> Vec<i16> {
    let mut out = Vec::new();
    for (heard, said) in heard.chunks_exact(320).zip(said.chunks_exact(320)) {
        let mut low: Vec<f32> = said.iter().map(|&s| f32::from(s)).collect();
        canceller.process(heard, &mut low, &mut []);
        out.extend(low.iter().map(|s| s.round() as i16));
    }
    out
}

/// Echo return loss enhancement from a second on, decibels.
fn erle(said: &[i16], out: &[i16], from_s: usize) -> f64 {
    level::dbfs(&said[from_s * RATE..]) - level::dbfs(&out[from_s * RATE..])
}

#[test]
fn an_echo_is_gone_after_two_seconds() {
    for delay_ms in [5, 60, 200, 450, 700] {
        for seed in [1, 2, 3] {
            let heard = talker(seed, RATE as u32, 8, -20.0);
            let background = noise(9, heard.len(), -75.0);
            let said = sum(&echo_of(&heard, delay_ms, 77), &background);
            let mut canceller = EchoCanceller::new();
            let out = cancelled(&mut canceller, &heard, &said);
            let by: Vec<f64> = (0..8)
                .map(|s| erle(&said[..(s + 1) * RATE], &out[..(s + 1) * RATE], s))
                .collect();
            println!(
                "{delay_ms} ms, {seed}: delay {} {by:.0?}",
                canceller.delay_ms()
            );
            let after = if delay_ms > 250 { 4 } else { 2 };
            let found = erle(&said, &out, after);
            assert!(found >= 20.0, "{delay_ms} ms: {found} dB");
        }
    }
}

#[test]
fn who_speaks_near_is_heard_while_the_other_speaks() {
    for delay_ms in [60, 200] {
        for seed in [1, 2, 3] {
            let heard = talker(seed, RATE as u32, 12, -20.0);
            let mut near = talker(seed + 40, RATE as u32, 12, -25.0);
            near[..4 * RATE].fill(0);
            let echo = echo_of(&heard, delay_ms, 77);
            let said = sum(&echo, &near);
            let mut canceller = EchoCanceller::new();
            let out = cancelled(&mut canceller, &heard, &said);
            let speaking = 4 * RATE..12 * RATE;
            // It comes out a block later.
            let later = 4 * RATE + LOW_BLOCK..12 * RATE;
            let loud = level::dbfs(&near[speaking]);
            let kept = level::dbfs(&out[later.clone()]);
            let off: Vec<i16> = later.map(|n| out[n] - near[n - LOW_BLOCK]).collect();
            let off = level::dbfs(&off);
            println!("{delay_ms} ms, {seed}: near {loud:.1}, out {kept:.1}, difference {off:.1}");
            assert!((kept - loud).abs() < 2.0, "{kept}, not {loud} dBFS");
            assert!(off < loud - 8.0, "{off} dBFS is not the voice");
        }
    }
}

#[test]
fn telephones_in_between_do_not_hide_an_echo() {
    // G.711 both ways, so that an echo is no linear copy any more.
    let coded = |sound: &[i16]| {
        let mut bytes = vec![0; sound.len()];
        crate::codec::g711::ulaw_encode(sound, &mut bytes);
        let mut out = vec![0; sound.len()];
        crate::codec::g711::ulaw_decode(&bytes, &mut out);
        out
    };
    let heard = talker(4, RATE as u32, 8, -20.0);
    let said = coded(&echo_of(&coded(&heard), 120, 77));
    let out = cancelled(&mut EchoCanceller::new(), &heard, &said);
    let found = erle(&said, &out, 2);
    println!("{found:.1}");
    assert!(found >= 20.0, "{found} dB");
}

#[test]
fn a_voice_no_louder_than_the_echo_stays_too() {
    let heard = talker(2, RATE as u32, 12, -18.0);
    let mut near = talker(42, RATE as u32, 12, -31.0);
    near[..4 * RATE].fill(0);
    let echo = echo_of(&heard, 60, 77);
    let out = cancelled(&mut EchoCanceller::new(), &heard, &sum(&echo, &near));
    let (echo, loud) = (
        level::dbfs(&echo[4 * RATE..]),
        level::dbfs(&near[4 * RATE..]),
    );
    let kept = level::dbfs(&out[4 * RATE..]);
    println!("echo {echo:.1}, near {loud:.1}, out {kept:.1}");
    assert!((kept - loud).abs() < 2.0, "{kept}, not {loud} dBFS");
}

#[test]
fn without_an_echo_a_voice_stays_as_it_is() {
    let heard = talker(1, RATE as u32, 8, -20.0);
    let near = talker(7, RATE as u32, 8, -25.0);
    let out = cancelled(&mut EchoCanceller::new(), &heard, &near);
    let changed = |from: usize, to: usize| {
        let range = from * RATE..to * RATE;
        level::dbfs(&out[range.clone()]) - level::dbfs(&near[range])
    };
    // Until it knows that there is none, it takes for an echo what might be one.
    let (first, later) = (changed(0, 1), changed(2, 8));
    println!("first second {first:+.1} dB, later {later:+.1} dB");
    assert!(first.abs() < 3.0, "{first} dB in the first second");
    assert!(later.abs() < 1.0, "{later} dB later");
    let alone = cancelled(&mut EchoCanceller::new(), &vec![0; near.len()], &near);
    let off: Vec<i16> = (LOW_BLOCK..alone.len())
        .map(|n| alone[n] - near[n - LOW_BLOCK])
        .collect();
    assert!(level::dbfs(&off) < -70.0, "{}", level::dbfs(&off));
}

#[test]
fn another_room_is_learnt_again() {
    let heard = talker(5, RATE as u32, 16, -20.0);
    let mut said = echo_of(&heard, 60, 77);
    said[8 * RATE..].copy_from_slice(&echo_of(&heard, 140, 78)[8 * RATE..]);
    let out = cancelled(&mut EchoCanceller::new(), &heard, &said);
    let found = erle(&said, &out, 11);
    println!("{found:.1}");
    assert!(found >= 20.0, "{found} dB three seconds after the change");
}

#[test]
fn the_loudest_there_is_does_no_harm() {
    let square: Vec<i16> = (0..RATE * 2)
        .map(|n| if n / 40 % 2 == 0 { i16::MAX } else { i16::MIN })
        .collect();
    let mut canceller = EchoCanceller::new();
    cancelled(&mut canceller, &square, &square);
    cancelled(&mut canceller, &noise(3, RATE * 2, 3.0), &square);
    let near = talker(7, RATE as u32, 4, -25.0);
    let out = cancelled(&mut canceller, &vec![0; near.len()], &near);
    let (loud, kept) = (level::dbfs(&near[RATE..]), level::dbfs(&out[RATE..]));
    assert!((loud - kept).abs() < 2.0, "{kept}, not {loud} dBFS");
}

mod quiet;
