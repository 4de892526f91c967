//! Twenty milliseconds of sources heard from directions, at 48 kHz: how many a core can render for one listener, and
//! how many listeners. Divide 20 ms by the time per source (the argument says how many there are) or per listener.

use std::sync::Arc;

use divan::{Bencher, black_box};
use jackfield_media::spatial::{
    Device, Direction, HalfSpan, Hearing, HrtfSet, Listener, ListenerControls, MixSpace, Mixing,
    Quality, Renderer, Sound, SourceSpectrum,
};

const FRAME: usize = 960;

fn main() {
    divan::main();
}

/// Sources that all talk, and whoever listens.
struct Hall {
    sources: Vec<SourceSpectrum>,
    listeners: Vec<Listener>,
    space: MixSpace,
    sound: Vec<f32>,
    out: [Vec<f32>; 2],
    tick: usize,
}

impl Hall {
    fn new(renderer: &Arc<Renderer>, sources: usize, listeners: usize, device: Device) -> Self {
        let mut hall = Self {
            sources: (0..sources)
                .map(|_| SourceSpectrum::new(renderer))
                .collect(),
            listeners: (0..listeners)
                .map(|_| Listener::new(renderer, sources))
                .collect(),
            space: MixSpace::new(renderer),
            sound: (0..FRAME).map(|n| (n as f32 * 0.1).sin() * 0.01).collect(),
            out: [vec![0.0; FRAME], vec![0.0; FRAME]],
            tick: 0,
        };
        for listener in &mut hall.listeners {
            listener.set_controls(ListenerControls {
                mixing: Mixing::Spatial(device),
                reverb: false,
                master_percent: 100,
            });
        }
        hall
    }

    fn tick(&mut self, degrees_per_tick: usize) {
        self.tick += 1;
        for source in &mut self.sources {
            source.analyse(Sound::Mono(black_box(&self.sound)));
        }
        for (seat, listener) in self.listeners.iter_mut().enumerate() {
            let mut mix = listener.begin(&mut self.space);
            for (n, source) in self.sources.iter().enumerate() {
                let azimuth = n * 7 + seat * 11 + self.tick * degrees_per_tick;
                let hearing = Hearing {
                    audible: true,
                    gain: 0.5,
                    direction: Direction::new(azimuth as f32 + 1.5, 3.0),
                };
                mix.add(n, source, hearing);
            }
            let [left, right] = &mut self.out;
            mix.render(left, right);
        }
    }
}

fn renderer(set: &HrtfSet, quality: u8) -> Arc<Renderer> {
    let quality = Quality::new(quality).expect("one of five");
    Renderer::new(set, 48_000, FRAME, quality).expect("a usual rate")
}

/// A listener and so many sources; the second number is by how many degrees each moves in a tick.
#[divan::bench(args = [(20, 0), (20, 3), (64, 0), (64, 3), (250, 0), (250, 3), (1000, 0), (1000, 3)])]
fn sources_quality_3(bencher: Bencher<'_, '_>, (sources, degrees): (usize, usize)) {
    let renderer = renderer(&HrtfSet::kemar(), 3);
    let mut hall = Hall::new(&renderer, sources, 1, Device::Headphones);
    bencher.bench_local(|| hall.tick(degrees));
}

/// 64 moving sources with each set.
#[divan::bench(args = [1, 2, 3, 4, 5])]
fn moving_64_kemar(bencher: Bencher<'_, '_>, quality: u8) {
    let mut hall = Hall::new(
        &renderer(&HrtfSet::kemar(), quality),
        64,
        1,
        Device::Headphones,
    );
    bencher.bench_local(|| hall.tick(3));
}

#[divan::bench(args = [1, 2, 3, 4, 5])]
fn moving_64_spherical_head(bencher: Bencher<'_, '_>, quality: u8) {
    let set = HrtfSet::spherical_head();
    let mut hall = Hall::new(&renderer(&set, quality), 64, 1, Device::Headphones);
    bencher.bench_local(|| hall.tick(3));
}

/// So many listeners of three talkers, everybody sitting still.
#[divan::bench(args = [1, 100, 1000])]
fn listeners_to_three(bencher: Bencher<'_, '_>, listeners: usize) {
    let renderer = renderer(&HrtfSet::kemar(), 3);
    let mut hall = Hall::new(&renderer, 3, listeners, Device::Headphones);
    bencher.bench_local(|| hall.tick(0));
}

#[divan::bench(args = [100])]
fn listeners_to_three_with_loudspeakers(bencher: Bencher<'_, '_>, listeners: usize) {
    let renderer = renderer(&HrtfSet::kemar(), 3);
    let device = Device::Loudspeakers(HalfSpan::default());
    let mut hall = Hall::new(&renderer, 3, listeners, device);
    bencher.bench_local(|| hall.tick(0));
}

/// Twenty people around a table, all talking and all listening to all.
#[divan::bench]
fn table_of_20(bencher: Bencher<'_, '_>) {
    let mut hall = Hall::new(&renderer(&HrtfSet::kemar(), 3), 20, 20, Device::Headphones);
    bencher.bench_local(|| hall.tick(0));
}

/// What one source adds that leaves reverberation in the room.
#[divan::bench]
fn one_source_with_reverb(bencher: Bencher<'_, '_>) {
    let mut source = SourceSpectrum::with_reverb(&renderer(&HrtfSet::spherical_head(), 3));
    let sound = [0.01; FRAME];
    bencher.bench_local(|| source.analyse(Sound::Mono(black_box(&sound))));
}

#[divan::bench(sample_count = 5)]
fn reading_kemar() -> HrtfSet {
    HrtfSet::kemar()
}

#[divan::bench(sample_count = 5)]
fn making_a_renderer(bencher: Bencher<'_, '_>) {
    let set = HrtfSet::kemar();
    bencher.bench_local(|| renderer(&set, 3));
}
