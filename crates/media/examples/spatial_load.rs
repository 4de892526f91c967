//! Processor time of rendering moving sources for one listener, for `load/beside-openal.sh`.
//!
//! `spatial_load SOURCES QUALITY SECONDS` prints microseconds of processor time per tick of 20 ms.

use jackfield_media::spatial::{
    Device, Direction, Hearing, HrtfSet, Listener, ListenerControls, MixSpace, Mixing, Quality,
    Renderer, Sound, SourceSpectrum,
};

const FRAME: usize = 960;

fn main() {
    let mut words = std::env::args()
        .skip(1)
        .map(|word| word.parse::<usize>().ok());
    let mut next = || words.next().flatten();
    let (Some(count), Some(level), Some(seconds)) = (next(), next(), next()) else {
        eprintln!("usage: spatial_load SOURCES QUALITY SECONDS");
        std::process::exit(64);
    };
    let quality = u8::try_from(level).ok().and_then(Quality::new);
    let quality = quality.unwrap_or_else(|| {
        eprintln!("a quality is 1 to 5");
        std::process::exit(64);
    });
    let renderer = Renderer::new(&HrtfSet::kemar(), 48_000, FRAME, quality)
        .expect("48 kHz in frames of 20 ms can be rendered");
    let sound = noise(48_000);
    let mut sources: Vec<_> = (0..count).map(|_| SourceSpectrum::new(&renderer)).collect();
    let mut listener = Listener::new(&renderer, count);
    listener.set_controls(ListenerControls {
        mixing: Mixing::Spatial(Device::Headphones),
        reverb: false,
        master_percent: 100,
    });
    let mut space = MixSpace::new(&renderer);
    let (mut left, mut right) = (vec![0.0; FRAME], vec![0.0; FRAME]);
    let ticks = seconds * 50;
    let mut before = 0;
    for tick in 0..ticks + 10 {
        if tick == 10 {
            before = processor_ns();
        }
        let mut mix = listener.begin(&mut space);
        for (n, source) in sources.iter_mut().enumerate() {
            let start = (n * 977 + tick * FRAME) % (sound.len() - FRAME);
            source.analyse(Sound::Mono(&sound[start..start + FRAME]));
            let azimuth = (n * 7) as f32 + tick as f32 * 1.7;
            let hearing = Hearing {
                audible: true,
                gain: 1.0 / count as f32,
                direction: Direction::new(azimuth, (n % 5) as f32 * 9.0 - 18.0),
            };
            mix.add(n, source, hearing);
        }
        mix.render(&mut left, &mut right);
        assert!(left.iter().chain(&right).all(|sample| sample.is_finite()));
    }
    let spent = processor_ns() - before;
    println!("{:.1}", spent as f64 / 1000.0 / ticks as f64);
}

fn noise(length: usize) -> Vec<f32> {
    let mut seed = 1u32;
    let next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// What the kernel accounts to this thread.
fn processor_ns() -> u64 {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat");
    let spent = account
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok());
    spent.expect("Linux tells every thread what it has used")
}
