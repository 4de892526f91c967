//! The room: a feedback delay network.
//!
//! A room has one network in the sense that all its sources ring alike. Each source has the state of its own, because
//! each listener hears other sources at other levels, never itself, and nothing of a whisper it may not hear; as the
//! network is linear, the sum is that of one network fed with what the listener hears.

use std::f32::consts::FRAC_1_SQRT_2;

use super::renderer::Renderer;

/// What the room gets of a source.
pub const SEND_DB: f32 = -18.0;
/// Time in which it falls by 60 dB, seconds.
pub const RT60_S: f32 = 0.35;

const LINES: usize = 8;
/// Length of the delay lines in samples at 48 kHz: primes, 7 to 24 ms.
const DELAYS_AT_48K: [usize; LINES] = [349, 431, 521, 613, 727, 859, 983, 1151];
/// Share of the sample before in each passage through a line, at 48 kHz: high frequencies die away faster.
const DAMPING_AT_48K: f32 = 0.15;
/// Signs with which a source enters the lines, and with which the lines reach the ears; those of the ears have nothing
/// in common, and none is one the mixing would gather in a single line.
const ENTRY: [f32; LINES] = [1.0, -1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0];
const EARS: [[f32; LINES]; 2] = [
    [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0],
    [1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0],
];
/// Below this it has died away: −120 dB.
const SILENT: f32 = 1e-6;

/// Coefficients at a rate.
#[derive(Clone, Debug)]
pub(super) struct ReverbDesign {
    delays: [usize; LINES],
    gains: [f32; LINES],
    damping: f32,
    /// Makes what reaches an ear as strong as what went in.
    level: f32,
}

impl ReverbDesign {
    pub(super) fn new(rate_hz: u32) -> Self {
        let scale = rate_hz as f32 / 48_000.0;
        let delays = DELAYS_AT_48K.map(|delay| (delay as f32 * scale).round() as usize);
        let gains = delays.map(|delay| {
            let passages = RT60_S * rate_hz as f32 / delay as f32;
            10f32.powf(-3.0 / passages)
        });
        let mut design = Self {
            delays,
            gains,
            damping: DAMPING_AT_48K * scale,
            level: 1.0,
        };
        design.level = design.energy(rate_hz as usize).sqrt().recip();
        design
    }

    /// Energy of the impulse response, mean of both ears, over a second.
    fn energy(&self, length: usize) -> f32 {
        let mut network = Network::new(self.clone(), length);
        let mut impulse = vec![0.0; length];
        impulse[0] = 1.0;
        network.process(&impulse);
        let samples = network.ears.iter().flatten();
        samples.map(|sample| sample * sample).sum::<f32>() / 2.0
    }
}

/// What a source leaves in the room.
///
/// Latency 7 ms, the first reflection. Cost per 20 ms at 48 kHz: 8 µs, nothing once it has died away. 60 kB; allocates
/// when made only.
#[derive(Debug)]
pub(super) struct Reverb {
    network: Network,
    is_silent: bool,
}

impl Reverb {
    pub(super) fn new(renderer: &Renderer) -> Self {
        Self {
            network: Network::new(renderer.reverb.clone(), renderer.frame()),
            is_silent: true,
        }
    }

    /// Takes a frame of the source.
    pub(super) fn process(&mut self, mono: &[f32]) {
        let is_fed = mono.iter().any(|&sample| sample != 0.0);
        if self.is_silent && !is_fed {
            return;
        }
        self.is_silent = false;
        self.network.process(mono);
        if !is_fed && self.network.is_silent() {
            self.reset();
        }
    }

    /// What reaches the ears in this frame; `None` when it has died away.
    pub(super) fn ears(&self) -> Option<[&[f32]; 2]> {
        let [left, right] = &self.network.ears;
        (!self.is_silent).then_some([left, right])
    }

    pub(super) fn reset(&mut self) {
        self.network.reset();
        self.is_silent = true;
    }
}

#[derive(Debug)]
struct Network {
    design: ReverbDesign,
    /// Rings as long as the delay.
    lines: [Vec<f32>; LINES],
    /// Where the oldest sample of each is.
    at: [usize; LINES],
    /// The sample before, for the damping.
    before: [f32; LINES],
    /// What comes out of the lines in a stretch.
    stretch: [Vec<f32>; LINES],
    ears: [Vec<f32>; 2],
}

impl Network {
    fn new(design: ReverbDesign, frame: usize) -> Self {
        let longest = design.delays[0].min(frame);
        Self {
            lines: design.delays.map(|delay| vec![0.0; delay]),
            at: [0; LINES],
            before: [0.0; LINES],
            stretch: std::array::from_fn(|_| vec![0.0; longest]),
            ears: [vec![0.0; frame], vec![0.0; frame]],
            design,
        }
    }

    fn process(&mut self, mono: &[f32]) {
        let mut done = 0;
        while done < mono.len() {
            // As far as no ring has to turn: none is shorter than the first.
            let length = self
                .lines
                .iter()
                .zip(self.at)
                .map(|(line, at)| line.len() - at)
                .fold((mono.len() - done).min(self.stretch[0].len()), usize::min);
            self.pass(&mono[done..done + length], done);
            done += length;
        }
    }

    fn pass(&mut self, mono: &[f32], done: usize) {
        let length = mono.len();
        for line in 0..LINES {
            let at = self.at[line];
            let delayed = &self.lines[line][at..at + length];
            let out = &mut self.stretch[line][..length];
            let older = self.design.gains[line] * self.design.damping;
            let newer = self.design.gains[line] - older;
            out[0] = newer * delayed[0] + older * self.before[line];
            for (out, pair) in out[1..].iter_mut().zip(delayed.windows(2)) {
                *out = newer * pair[1] + older * pair[0];
            }
            self.before[line] = delayed[length - 1];
        }
        for (ear, signs) in self.ears.iter_mut().zip(EARS) {
            let ear = &mut ear[done..done + length];
            ear.fill(0.0);
            for (line, sign) in self.stretch.iter().zip(signs) {
                for (ear, &sample) in ear.iter_mut().zip(line) {
                    *ear += sample * sign * self.design.level;
                }
            }
        }
        self.mix(length);
        let lines = self.lines.iter_mut().zip(&mut self.at);
        for (((line, at), stretch), entry) in lines.zip(&self.stretch).zip(ENTRY) {
            let into = line[*at..*at + length].iter_mut();
            for ((into, &mixed), &mono) in into.zip(stretch).zip(mono) {
                *into = mixed + mono * entry;
            }
            *at = (*at + length) % line.len();
        }
    }

    /// Hadamard matrix of order 8: every line feeds all lines equally.
    fn mix(&mut self, length: usize) {
        for distance in [1, 2, 4] {
            for line in 0..LINES {
                if line & distance != 0 {
                    continue;
                }
                let (first, second) = self.stretch.split_at_mut(line + distance);
                let pair = first[line][..length]
                    .iter_mut()
                    .zip(&mut second[0][..length]);
                for (a, b) in pair {
                    (*a, *b) = ((*a + *b) * FRAC_1_SQRT_2, (*a - *b) * FRAC_1_SQRT_2);
                }
            }
        }
    }

    fn is_silent(&self) -> bool {
        let mut samples = self.lines.iter().flatten();
        samples.all(|sample| sample.abs() < SILENT)
    }

    fn reset(&mut self) {
        for samples in self.lines.iter_mut().chain(&mut self.ears) {
            samples.fill(0.0);
        }
        self.before = [0.0; LINES];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impulse_response(rate: u32) -> [Vec<f32>; 2] {
        let mut network = Network::new(ReverbDesign::new(rate), rate as usize / 50);
        let mut heard = [Vec::new(), Vec::new()];
        let mut frame = vec![0.0; rate as usize / 50];
        frame[0] = 1.0;
        for _ in 0..50 {
            network.process(&frame);
            frame.fill(0.0);
            for (heard, ear) in heard.iter_mut().zip(&network.ears) {
                heard.extend_from_slice(ear);
            }
        }
        heard
    }

    /// Time of decay from −5 to −35 dB of what is still to come (Schroeder), doubled.
    fn rt60(response: &[f32], rate: u32) -> f32 {
        let mut left: Vec<f64> = response
            .iter()
            .rev()
            .scan(0.0, |sum, &x| {
                *sum += f64::from(x).powi(2);
                Some(*sum)
            })
            .collect();
        left.reverse();
        let passes = |db: f64| left.iter().position(|&e| 10.0 * (e / left[0]).log10() < db);
        (passes(-35.0).unwrap() - passes(-5.0).unwrap()) as f32 / rate as f32 * 2.0
    }

    #[test]
    fn it_dies_away_in_350_milliseconds() {
        for rate in [8000, 16_000, 24_000, 32_000, 48_000] {
            for ear in impulse_response(rate) {
                let measured = rt60(&ear, rate);
                assert!((0.28..=0.42).contains(&measured), "{rate}: {measured} s");
            }
        }
    }

    #[test]
    fn an_ear_gets_as_much_as_went_in_and_the_ears_differ() {
        for rate in [8000, 48_000] {
            let [left, right] = impulse_response(rate);
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let (l, r) = (product(&left, &left), product(&right, &right));
            assert!((10.0 * l.log10()).abs() < 1.0 && (10.0 * r.log10()).abs() < 1.0);
            let alike = product(&left, &right) / (l * r).sqrt();
            assert!(alike.abs() < 0.2, "{rate}: {alike}");
        }
    }

    #[test]
    fn it_ends_in_silence_without_denormal_numbers() {
        let mut network = Network::new(ReverbDesign::new(48_000), 960);
        network.process(&[0.5; 960]);
        let mut frames = 0;
        while !network.is_silent() {
            network.process(&[0.0; 960]);
            let all = network.lines.iter().chain(&network.ears).flatten();
            assert!(all.clone().all(|x| x.is_finite()));
            frames += 1;
            assert!(frames < 60);
        }
        network.reset();
        network.process(&[0.0; 960]);
        assert!(network.ears.iter().flatten().all(|&sample| sample == 0.0));
    }
}
