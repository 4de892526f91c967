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
/// at 48 kHz: one transform, 2.5 µs; a silent source costs next to nothing. 40 kB, as much again with reverberation;
/// allocates when made only.
#[derive(Debug)]
pub struct SourceSpectrum {
    renderer: Arc<Renderer>,
    /// The last samples folded to one channel, as many as the transform is long, the frame at the end.
    window: Vec<f32>,
    spectrum: Spectrum,
    workbench: Workbench,
    /// Both channels of the frame, where there are two.
    stereo: [Vec<f32>; 2],
    is_stereo: bool,
    /// What came in, where it is something else.
    raw: [Vec<f32>; 2],
    has_raw: bool,
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
            window: vec![0.0; renderer.transforms.length()],
            spectrum: Spectrum::new(renderer.transforms.bins()),
            workbench: Workbench::new(&renderer.transforms),
            stereo: empty(),
            is_stereo: false,
            raw: empty(),
            has_raw: false,
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
        self.take(sound, None);
    }

    /// Takes the next frame as it is after all effects, and as it came in, for those who listen without any.
    pub fn analyse_with_raw(&mut self, sound: Sound<'_>, raw: Sound<'_>) {
        self.take(sound, Some(raw));
    }

    /// Ends the sound where it is: continues the last frame for 10 ms, fading. To be called instead of
    /// [`SourceSpectrum::analyse`] in the frame after the last, or whenever sound ends abruptly.
    pub fn fade_out(&mut self) {
        self.is_new = true;
        if self.is_silent() {
            self.ring();
            return;
        }
        let fade = self.fade();
        if !self.is_stereo {
            self.stereo[0].copy_from_slice(frame_of(&self.window, self.renderer.frame()));
        }
        for channel in self.stereo.iter_mut().chain(&mut self.raw) {
            continue_fading(channel, fade);
        }
        self.shift();
        if !self.is_stereo {
            let start = self.window.len() - self.renderer.frame();
            self.window[start..].copy_from_slice(&self.stereo[0]);
        }
        self.transform(false);
    }

    /// Forgets all sound, at once.
    pub fn reset(&mut self) {
        self.window.fill(0.0);
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

    /// Whether nothing is left of it: neither sound nor reverberation.
    #[must_use]
    pub fn has_died_away(&self) -> bool {
        self.is_silent() && self.reverberation().is_none()
    }

    pub(super) fn spectrum(&self) -> &Spectrum {
        &self.spectrum
    }

    /// The frame, left and right.
    pub(super) fn channels(&self) -> [&[f32]; 2] {
        if self.is_stereo {
            [&self.stereo[0], &self.stereo[1]]
        } else {
            [self.mono(); 2]
        }
    }

    /// The frame before all effects.
    pub(super) fn raw(&self) -> [&[f32]; 2] {
        if self.has_raw {
            [&self.raw[0], &self.raw[1]]
        } else {
            self.channels()
        }
    }

    pub(super) fn mono(&self) -> &[f32] {
        frame_of(&self.window, self.renderer.frame())
    }

    /// Reverberation at both ears, unless there is none or it has died away.
    pub(super) fn reverberation(&self) -> Option<[&[f32]; 2]> {
        self.reverb.as_ref().and_then(Reverb::ears)
    }

    pub(super) fn belongs_to(&self, renderer: &Arc<Renderer>) -> bool {
        Arc::ptr_eq(&self.renderer, renderer)
    }

    fn take(&mut self, sound: Sound<'_>, raw: Option<Sound<'_>>) {
        let is_silence = sound.is_silence() && raw.is_none_or(|raw| raw.is_silence());
        if is_silence && self.is_silent() {
            self.ring();
            return;
        }
        self.shift();
        let start = self.window.len() - self.renderer.frame();
        match sound {
            Sound::Mono(samples) => copy(samples, &mut self.window[start..]),
            Sound::Stereo(..) => copy_channels(sound, &mut self.stereo),
        }
        self.is_stereo = matches!(sound, Sound::Stereo(..));
        if let Some(raw) = raw {
            copy_channels(raw, &mut self.raw);
        }
        self.has_raw = raw.is_some();
        if self.is_new && !is_silence {
            self.is_new = false;
            let fade = self.fade();
            if !self.is_stereo {
                fade_in(&mut self.window[start..], fade);
            }
            for channel in self.stereo.iter_mut().chain(&mut self.raw) {
                fade_in(channel, fade);
            }
        }
        self.transform(is_silence);
    }

    /// Makes room for a frame at the end of the window.
    fn shift(&mut self) {
        self.window.copy_within(self.renderer.frame().., 0);
    }

    /// After the frame is in place.
    fn transform(&mut self, is_silence: bool) {
        let frame = self.renderer.frame();
        if self.is_stereo {
            let start = self.window.len() - frame;
            let [left, right] = &self.stereo;
            let channels = left.iter().zip(right);
            for (mono, (left, right)) in self.window[start..].iter_mut().zip(channels) {
                *mono = (left + right) * 0.5;
            }
        }
        self.quiet = if is_silence { self.quiet + frame } else { 0 };
        self.ring();
        self.workbench
            .forward(&self.renderer.transforms, &self.window, &mut self.spectrum);
    }

    /// The room goes on.
    fn ring(&mut self) {
        if let Some(reverb) = &mut self.reverb {
            reverb.process(frame_of(&self.window, self.renderer.frame()));
        }
    }

    fn fade(&self) -> usize {
        (self.renderer.rate_hz() / FADES_PER_S) as usize
    }
}

impl Sound<'_> {
    fn is_silence(self) -> bool {
        let (left, right) = self.channels();
        left.iter().chain(right).all(|&sample| sample == 0.0)
    }
}

impl<'a> Sound<'a> {
    fn channels(self) -> (&'a [f32], &'a [f32]) {
        match self {
            Sound::Mono(samples) => (samples, samples),
            Sound::Stereo(left, right) => (left, right),
        }
    }
}

/// The end of a window.
fn frame_of(window: &[f32], frame: usize) -> &[f32] {
    &window[window.len() - frame..]
}

/// From 1 down to 0 over `length`, without a corner.
fn falling(n: usize, length: usize) -> f32 {
    0.5 + 0.5 * (PI * (n + 1) as f32 / (length + 1) as f32).cos()
}

fn fade_in(samples: &mut [f32], fade: usize) {
    for (n, sample) in samples.iter_mut().take(fade).enumerate() {
        *sample *= 1.0 - falling(n, fade);
    }
}

fn copy_channels(sound: Sound<'_>, to: &mut [Vec<f32>; 2]) {
    let (left, right) = sound.channels();
    copy(left, &mut to[0]);
    copy(right, &mut to[1]);
}

fn copy(from: &[f32], to: &mut [f32]) {
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
