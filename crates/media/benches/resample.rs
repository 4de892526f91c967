//! Twenty milliseconds from one rate to another.

use divan::{Bencher, black_box};
use jackfield_media as media;
use media::dsp::Resampler;
use media::level;

fn main() {
    divan::main();
}

#[divan::bench(args = [(8000, 16_000), (16_000, 8000), (8000, 48_000), (48_000, 8000), (44_100, 8000)])]
fn twenty_ms(bencher: Bencher<'_, '_>, (from, to): (u32, u32)) {
    let mut resampler = Resampler::new(from, to).expect("a usual pair of rates");
    let input = level::sine(from, 440.0, -10.0, from as usize / 50);
    let mut output = vec![0; to as usize / 50];
    bencher.bench_local(|| black_box(resampler.process(black_box(&input), &mut output)));
}
