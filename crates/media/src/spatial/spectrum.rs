//! One source in one frame, transformed once for all who listen.

use std::f32::consts::PI;
use std::sync::Arc;

use super::renderer::{Renderer, Workbench};
use super::reverb::Reverb;
use super::vector::Spectrum;

/// A source fades in and out over so many parts of a second.
const FADES_PER_S: u32 = 100;
/// Samples beyond are clipped: 12 dB above full scale, which no decoder gives.
const LOUDEST: f32 = 4.0;
/// Samples below are silence: −180 dB, so that no product of gains becomes a denormal number.
const QUIETEST: f32 = 1e-9;

/// A frame of sound, samples between −1 and 1.
#[derive(Clone, Copy, Debug)]
pub enum Sound<'a> {
    /// One channel.
    Mono(&'a [f32]),
    /// Left and right channel, of equal length.
    Stereo(&'a [f32], &'a [f32]),
}

/// A source's sound of this frame in all the forms listeners need: its samples, its spectrum, its reverberation.
///
/// Given every frame to [`SourceSpectrum::analyse`]; then any number of listeners add it. Latency none. Cost per 20 ms
/// at 48 kHz: one transform; a silent source costs next to nothing. 40 kB, as much again with reverberation; allocates
/// when made only.
#[derive(Debug)]
pub struct SourceSpectrum {
    renderer: Arc<Renderer>,
    channels: [Vec<f32>; 2],
    raw: [Vec<f32>; 2],
    mono: Vec<f32>,
    is_stereo: bool,
    /// The last samples, as many as the transform is long, the frame at the end.
    window: Vec<f32>,
    spectrum: Spectrum,
    workbench: Workbench,
    /// Samples of silence at the end of the window.
    quiet: usize,
    /// Whether the next sound is the first.
    is_new: bool,
    reverb: Option<Reverb>,
}

impl SourceSpectrum {
    /// A silent source.
    #[must_use]
    pub fn new(renderer: &Arc<Renderer>) -> Self {
        let frame = renderer.frame();
        let empty = || [vec![0.0; frame], vec![0.0; frame]];
        Self {
            renderer: Arc::clone(renderer),
            channels: empty(),
            raw: empty(),
            mono: vec![0.0; frame],
            is_stereo: false,
            window: vec![0.0; renderer.transforms.length()],
            spectrum: Spectrum::new(renderer.transforms.bins()),
            workbench: Workbench::new(&renderer.transforms),
            quiet: renderer.transforms.length(),
            is_new: true,
            reverb: None,
        }
    }

    /// A silent source that also reverberates, for rooms in which anybody listens with reverberation.
    #[must_use]
    pub fn with_reverb(renderer: &Arc<Renderer>) -> Self {
        Self {
            reverb: Some(Reverb::new(renderer)),
            ..Self::new(renderer)
        }
    }

    /// Takes the next frame. The first with sound fades in over 10 ms. Frames shorter than the renderer's end in silence,
    /// longer ones are cut; what is no number is silence.
    pub fn analyse(&mut self, sound: Sound<'_>) {
        self.take(sound, sound);
    }

    /// Takes the next frame as it is after all effects, and as it came in, for those who listen without any.
    pub fn analyse_with_raw(&mut self, sound: Sound<'_>, raw: Sound<'_>) {
        self.take(sound, raw);
    }

    /// Ends the sound where it is: continues the last frame for 10 ms, fading. To be called instead of
    /// [`SourceSpectrum::analyse`] in the frame after the last, or whenever sound ends abruptly.
    pub fn fade_out(&mut self) {
        let fade = self.fade();
        for channel in self.channels.iter_mut().chain(&mut self.raw) {
            continue_fading(channel, fade);
        }
        self.analyse_channels();
        self.is_new = true;
    }

    /// Forgets all sound, at once.
    pub fn reset(&mut self) {
        for channel in self.channels.iter_mut().chain(&mut self.raw) {
            channel.fill(0.0);
        }
        self.mono.fill(0.0);
        self.window.fill(0.0);
        self.spectrum.clear();
        self.quiet = self.window.len();
        self.is_new = true;
        if let Some(reverb) = &mut self.reverb {
            reverb.reset();
        }
    }

    /// Whether neither this frame nor what filters remember of earlier ones holds any sound.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.quiet >= self.window.len()
    }

    pub(super) fn spectrum(&self) -> &Spectrum {
        &self.spectrum
    }

    pub(super) fn channels(&self) -> &[Vec<f32>; 2] {
        &self.channels
    }

    pub(super) fn raw(&self) -> &[Vec<f32>; 2] {
        &self.raw
    }

    pub(super) fn mono(&self) -> &[f32] {
        &self.mono
    }

    /// Reverberation at both ears, unless there is none or it has died away.
    pub(super) fn reverberation(&self) -> Option<[&[f32]; 2]> {
        self.reverb.as_ref().and_then(Reverb::ears)
    }

    pub(super) fn belongs_to(&self, renderer: &Arc<Renderer>) -> bool {
        Arc::ptr_eq(&self.renderer, renderer)
    }

    fn take(&mut self, sound: Sound<'_>, raw: Sound<'_>) {
        copy(sound, &mut self.channels);
        copy(raw, &mut self.raw);
        self.is_stereo = matches!(sound, Sound::Stereo(..));
        if self.is_new && !self.is_frame_silent() {
            let fade = self.fade();
            for channel in self.channels.iter_mut().chain(&mut self.raw) {
                for (n, sample) in channel.iter_mut().take(fade).enumerate() {
                    *sample *= 1.0 - falling(n, fade);
                }
            }
            self.is_new = false;
        }
        self.analyse_channels();
    }

    fn analyse_channels(&mut self) {
        let frame = self.renderer.frame();
        let [left, right] = &self.channels;
        if self.is_stereo {
            for ((mono, left), right) in self.mono.iter_mut().zip(left).zip(right) {
                *mono = (left + right) * 0.5;
            }
        } else {
            self.mono.copy_from_slice(left);
        }
        if let Some(reverb) = &mut self.reverb {
            reverb.process(&self.mono);
        }
        let was_silent = self.is_silent();
        if self.is_frame_silent() {
            self.quiet = (self.quiet + frame).min(self.window.len());
        } else {
            self.quiet = 0;
        }
        if was_silent && self.is_silent() {
            return;
        }
        self.window.copy_within(frame.., 0);
        let start = self.window.len() - frame;
        self.window[start..].copy_from_slice(&self.mono);
        self.workbench
            .forward(&self.renderer.transforms, &self.window, &mut self.spectrum);
    }

    fn is_frame_silent(&self) -> bool {
        let mut samples = self.channels.iter().chain(&self.raw).flatten();
        samples.all(|&sample| sample == 0.0)
    }

    fn fade(&self) -> usize {
        (self.renderer.rate_hz() / FADES_PER_S) as usize
    }
}

/// From 1 down to 0 over `length`, without a corner.
fn falling(n: usize, length: usize) -> f32 {
    0.5 + 0.5 * (PI * (n + 1) as f32 / (length + 1) as f32).cos()
}

fn copy(sound: Sound<'_>, to: &mut [Vec<f32>; 2]) {
    let (left, right) = match sound {
        Sound::Mono(samples) => (samples, samples),
        Sound::Stereo(left, right) => (left, right),
    };
    for (to, from) in to.iter_mut().zip([left, right]) {
        let length = from.len().min(to.len());
        for (to, &sample) in to.iter_mut().zip(from) {
            *to = if sample.is_finite() && sample.abs() > QUIETEST {
                sample.clamp(-LOUDEST, LOUDEST)
            } else {
                0.0
            };
        }
        to[length..].fill(0.0);
    }
}

/// A frame becomes its own continuation: mirrored in its last sample, so that value and slope go on, and fading.
fn continue_fading(samples: &mut [f32], fade: usize) {
    let Some(&last) = samples.last() else {
        return;
    };
    samples.reverse();
    let fade = fade.min(samples.len() - 1);
    // The first of the reversed samples is the last one itself; what follows it is the continuation.
    samples.copy_within(1..=fade, 0);
    for (n, sample) in samples[..fade].iter_mut().enumerate() {
        *sample = (2.0 * last - *sample) * falling(n, fade);
    }
    samples[fade..].fill(0.0);
}
