//! Real sentences through what is done to a voice. Runs with `cargo xtask test speech`, which sees to it that
//! `espeak-ng` is there; a plain `cargo test` leaves it out.

use std::process::Command;

use jackfield_media as media;
use media::control::MemberControls;
use media::dsp::Resampler;
use media::frame::Frame;
use media::level;
use media::voice::VoiceChain;

const RATE: u32 = 16_000;
const SECOND: usize = RATE as usize;

const HERE: &str = "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore, \
    and the shells she sells are surely sea shells. Please call Stella, and ask her to bring these things with \
    her from the store.";
const THERE: &str = "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. The \
    rainbow is a division of white light into many beautiful colours, with its path high above.";

/// A sentence at a level in dBFS, at 16 kHz.
fn spoken(voice: &str, words: &str, dbfs: f64) -> Vec<i16> {
    let output = Command::new("espeak-ng")
        .args(["--stdout", "-v", voice, "-s", "150", words])
        .output()
        .expect("espeak-ng from the Debian package of that name");
    assert!(output.status.success(), "{output:?}");
    let wav = output.stdout;
    let from_hz = u32::from_le_bytes(wav[24..28].try_into().expect("four bytes"));
    let data = wav
        .windows(4)
        .position(|w| w == b"data")
        .expect("a WAV file")
        + 8;
    let sound: Vec<i16> = wav[data..]
        .chunks_exact(2)
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect();
    let mut resampler = Resampler::new(from_hz, RATE).expect("a usual rate");
    let mut out = Vec::new();
    for block in sound.chunks(from_hz as usize / 50) {
        let mut tick = [0; SECOND / 50 + 1];
        let written = resampler.process(block, &mut tick);
        out.extend_from_slice(&tick[..written]);
    }
    at_level(&out, dbfs)
}

fn at_level(sound: &[i16], dbfs: f64) -> Vec<i16> {
    let factor = 10f64.powf((dbfs - level::dbfs(sound)) / 20.0);
    sound
        .iter()
        .map(|&s| (f64::from(s) * factor).round() as i16)
        .collect()
}

fn noise(samples: usize, dbfs: f64) -> Vec<i16> {
    let mut seed = 7u32;
    let sound: Vec<i16> = (0..samples)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as i16
        })
        .collect();
    at_level(&sound, dbfs)
}

fn sum(a: &[i16], b: &[i16]) -> Vec<i16> {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// Later and softer, with a second and a third reflection.
fn echo_of(heard: &[i16], delay_ms: usize) -> Vec<i16> {
    let late = delay_ms * SECOND / 1000;
    let at = |n: usize, back: usize| n.checked_sub(back).map_or(0.0, |n| f64::from(heard[n]));
    (0..heard.len())
        .map(|n| (0.3 * at(n, late) + 0.15 * at(n, late + 83) - 0.1 * at(n, late + 401)) as i16)
        .collect()
}

fn treated(said: &[i16], heard: &[i16], set: impl FnOnce(&mut MemberControls)) -> Vec<i16> {
    let mut chain = VoiceChain::new(RATE, RATE);
    let mut controls = MemberControls::default();
    set(&mut controls);
    chain.set(&controls);
    let mut out = Vec::new();
    let mut ticks = heard.chunks_exact(SECOND / 50);
    for tick in said.chunks_exact(SECOND / 50) {
        let (mut says, mut hears) = (Frame::silent(RATE), Frame::silent(RATE));
        says.samples_mut().copy_from_slice(tick);
        if let Some(heard) = ticks.next() {
            hears.samples_mut().copy_from_slice(heard);
        }
        let mut room = tick.to_vec();
        chain.process(&says, &hears, &mut room);
        out.extend(room);
    }
    out
}

#[test]
fn noise_goes_and_words_stay() {
    let words = spoken("en", HERE, -20.0);
    let mut voice = vec![0; 3 * SECOND];
    voice.extend(&words);
    let said = sum(&voice, &noise(voice.len(), -35.0));
    let out = treated(&said, &[], |controls| controls.noise_suppression = true);
    let less = -35.0 - level::dbfs(&out[2 * SECOND..3 * SECOND]);
    let kept = level::dbfs(&out[3 * SECOND..]) - level::dbfs(&said[3 * SECOND..]);
    println!("noise {less:.1} dB less, words {kept:+.1} dB");
    assert!(less > 14.0, "{less} dB");
    assert!(kept.abs() < 2.0, "{kept} dB");
}

#[test]
fn echoes_go_and_who_speaks_against_them_stays() {
    for delay_ms in [60, 200, 500] {
        let heard = spoken("en-us+f3", THERE, -20.0);
        let echo = echo_of(&heard, delay_ms);
        let said = sum(&echo, &noise(echo.len(), -75.0));
        let set = |controls: &mut MemberControls| controls.echo_cancellation = true;
        let out = treated(&said, &heard, set);
        let learnt = if delay_ms > 250 { 5 } else { 2 };
        let late = learnt * SECOND..out.len();
        let less = level::dbfs(&said[late.clone()]) - level::dbfs(&out[late]);
        let mut near = vec![0; 6 * SECOND];
        near.extend(spoken("en", HERE, -28.0));
        near.resize(heard.len(), 0);
        let out = treated(&sum(&echo, &near), &heard, set);
        let both = 6 * SECOND..out.len();
        let kept = level::dbfs(&out[both.clone()]) - level::dbfs(&near[both]);
        println!("{delay_ms} ms: echo {less:.1} dB less, who speaks against it {kept:+.1} dB");
        assert!(less > 20.0, "{delay_ms} ms: {less} dB");
        assert!(kept.abs() < 2.0, "{delay_ms} ms: {kept} dB");
    }
}

#[test]
fn soft_and_loud_sentences_become_as_loud() {
    let after = [-37.0, -24.0, -10.0].map(|dbfs| {
        let said = spoken("en", HERE, dbfs);
        let out = treated(&said, &[], |controls| controls.automatic_gain = true);
        level::dbfs(&out[3 * SECOND..])
    });
    println!("{after:.1?} dBFS");
    let (least, most) = (
        after[0].min(after[1]).min(after[2]),
        after[0].max(after[1]).max(after[2]),
    );
    assert!(most - least < 2.0, "{after:?}");
    // −23 LUFS of a voice without its pauses is about −20 dBFS.
    assert!((-24.0..-18.0).contains(&most), "{after:?}");
}
