//! Signal processing: small machines with a state, each `process`ing what passes.

pub mod conceal;
pub mod dtmf_detect;
pub mod gain;
mod goertzel;
pub mod oscillator;
pub mod resample;
pub mod tone_detect;

pub use conceal::Concealer;
pub use dtmf_detect::DtmfDetector;
pub use gain::Gain;
pub use oscillator::Oscillator;
pub use resample::Resampler;
pub use tone_detect::ToneDetector;
