//! Twenty milliseconds of audio.

/// Length of a tick and of every [`Frame`], milliseconds.
pub const TICK_MS: u32 = 20;
/// The highest sampling rate a frame can have, hertz.
pub const MAX_RATE_HZ: u32 = 48_000;
/// Samples of the longest frame.
pub const MAX_FRAME_SAMPLES: usize = samples_per_tick(MAX_RATE_HZ);

/// Samples one tick has at a rate in hertz.
#[must_use]
pub const fn samples_per_tick(rate_hz: u32) -> usize {
    (rate_hz * TICK_MS / 1000) as usize
}

/// The rate itself if the engine can mix and frame at it, otherwise 8000 Hz.
#[must_use]
pub const fn supported_rate(rate_hz: u32) -> u32 {
    match rate_hz {
        16_000 | 24_000 | 32_000 | 48_000 => rate_hz,
        _ => 8000,
    }
}

/// What two ears hear in a tick.
#[derive(Clone, Copy)]
pub struct Ears<'a> {
    /// Half of what they hear together; all of it for who hears with one.
    pub mid: &'a Frame,
    /// Half of what the left one hears more than the right one; of the same rate. `None`: both hear the same.
    pub side: Option<&'a Frame>,
}

/// One tick of audio at one rate. Does not allocate.
#[derive(Clone)]
pub struct Frame {
    rate_hz: u32,
    samples: [i16; MAX_FRAME_SAMPLES],
}

impl Frame {
    /// Silence at a rate; rates the engine has no frames for become 8000 Hz.
    #[must_use]
    pub const fn silent(rate_hz: u32) -> Self {
        Self {
            rate_hz: supported_rate(rate_hz),
            samples: [0; MAX_FRAME_SAMPLES],
        }
    }

    /// Sampling rate, hertz.
    #[must_use]
    pub const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// The samples of this tick.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples[..samples_per_tick(self.rate_hz)]
    }

    /// The samples of this tick, to be changed.
    pub fn samples_mut(&mut self) -> &mut [i16] {
        &mut self.samples[..samples_per_tick(self.rate_hz)]
    }

    /// Makes it a silent frame of another rate, as [`Frame::silent`] would.
    pub fn reshape(&mut self, rate_hz: u32) {
        self.rate_hz = supported_rate(rate_hz);
        self.clear();
    }

    /// Makes it silent.
    pub fn clear(&mut self) {
        self.samples_mut().fill(0);
    }

    /// Takes over rate and samples of another frame.
    pub fn copy_from(&mut self, other: &Self) {
        self.rate_hz = other.rate_hz;
        self.samples_mut().copy_from_slice(other.samples());
    }

    /// Adds another frame of the same rate, clipping at full scale.
    pub fn add(&mut self, other: &Self) {
        for (sum, add) in self.samples_mut().iter_mut().zip(other.samples()) {
            *sum = sum.saturating_add(*add);
        }
    }
}
