//! What is done to a participant's own voice in a room: event-manager.md §8 (controls 3–5, 100, 101) and §11.
//!
//! [`VoiceChain`] is the whole of it. Each stage is a file, in the order in which sound passes them: [`echo`],
//! [`suppressor`], [`equaliser`], [`automatic_gain`], [`pitch`].

mod automatic_gain;
mod biquad;
pub mod chain;
mod echo;
mod equaliser;
mod gated;
mod limiter;
mod loudness;
mod pitch;
mod speaking;
mod stage;
mod suppressor;
#[cfg(test)]
mod talker;
mod two_bands;

pub use chain::VoiceChain;
pub(crate) use gated::GatedLoudness;

/// The rate at which echo and noise are looked for, hertz: the lower one of the two bands of a wide voice.
const LOW_RATE_HZ: u32 = 16_000;
/// Samples of a tick at [`LOW_RATE_HZ`].
const LOW_FRAME: usize = 320;
/// Samples of half a tick at [`LOW_RATE_HZ`]: what echo and noise are looked for in.
const LOW_BLOCK: usize = 160;
/// The rate of a wide voice, hertz.
const WIDE_RATE_HZ: u32 = 48_000;
/// Samples of a tick at [`WIDE_RATE_HZ`].
const WIDE_FRAME: usize = 960;
/// Samples of a wide voice for one of its lower band.
const WIDE_PER_LOW: usize = 3;
/// What samples are divided by to lie between −1 and 1.
const FULL_SCALE: f32 = 32_768.0;
