//! Twenty milliseconds of one participant's voice through each stage, at the rates the chain works at. What is common
//! to all (parting and joining the bands, the fade's copies) is in every figure; `gain` is nearest to it.

use divan::{Bencher, black_box};
use jackfield_media as media;
use media::control::MemberControls;
use media::frame::Frame;
use media::voice::VoiceChain;

fn main() {
    divan::main();
}

fn through(bencher: Bencher<'_, '_>, rate_hz: u32, set: impl FnOnce(&mut MemberControls)) {
    let mut chain = VoiceChain::new(rate_hz, rate_hz);
    let mut controls = MemberControls::default();
    set(&mut controls);
    chain.set(&controls);
    let (mut said, mut heard) = (Frame::silent(rate_hz), Frame::silent(rate_hz));
    let mut out = vec![0; rate_hz as usize / 50];
    let mut seed = 1u32;
    let mut tick = move || {
        // Noise that rises and falls, so that nothing is taken for silence and spared.
        let loud = 1 + (seed >> 24) as i16 % 8;
        for (said, heard) in said.samples_mut().iter_mut().zip(heard.samples_mut()) {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *heard = (seed >> 16) as i16 / 64 * loud;
            *said = *heard / 2;
        }
        out.copy_from_slice(said.samples());
        chain.process(&said, &heard, black_box(&mut out));
    };
    (0..200).for_each(|_| tick());
    bencher.bench_local(tick);
}

#[divan::bench(args = [16_000, 48_000])]
fn nothing(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |_| ());
}

#[divan::bench(args = [16_000, 48_000])]
fn echo(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |controls| {
        controls.echo_cancellation = true
    });
}

#[divan::bench(args = [16_000, 48_000])]
fn noise(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |controls| {
        controls.noise_suppression = true
    });
}

#[divan::bench(args = [16_000, 48_000])]
fn equaliser(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |controls| {
        controls.automatic_equaliser = true
    });
}

#[divan::bench(args = [16_000, 48_000])]
fn gain(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |controls| controls.automatic_gain = true);
}

#[divan::bench(args = [16_000, 48_000])]
fn shift(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |controls| {
        controls.voice_shift_semitones = 5
    });
}

#[divan::bench(args = [16_000, 48_000])]
fn everything(bencher: Bencher<'_, '_>, rate_hz: u32) {
    through(bencher, rate_hz, |controls| {
        controls.echo_cancellation = true;
        controls.noise_suppression = true;
        controls.automatic_equaliser = true;
        controls.automatic_gain = true;
        controls.voice_shift_semitones = -5;
    });
}
