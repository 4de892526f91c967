//! Twenty milliseconds of G.711, both laws, both ways, and a relay that transcodes.

use divan::{Bencher, black_box};
use jackfield_media as media;
use media::codec::g711;
use media::level;

fn main() {
    divan::main();
}

#[divan::bench]
fn ulaw_decode_alaw_encode(bencher: Bencher<'_, '_>) {
    let mut payload = [0; 160];
    g711::ulaw_encode(&level::sine(8000, 440.0, -10.0, 160), &mut payload);
    let (mut samples, mut out) = ([0; 160], [0; 160]);
    bencher.bench_local(|| {
        g711::ulaw_decode(black_box(&payload), &mut samples);
        black_box(g711::alaw_encode(&samples, &mut out))
    });
}

#[divan::bench]
fn alaw_decode_ulaw_encode(bencher: Bencher<'_, '_>) {
    let mut payload = [0; 160];
    g711::alaw_encode(&level::sine(8000, 440.0, -10.0, 160), &mut payload);
    let (mut samples, mut out) = ([0; 160], [0; 160]);
    bencher.bench_local(|| {
        g711::alaw_decode(black_box(&payload), &mut samples);
        black_box(g711::ulaw_encode(&samples, &mut out))
    });
}
