//! Signal processing: small machines with a state, each `process`ing what passes.

pub mod conceal;
pub mod dtmf_detect;
pub mod gain;
pub mod oscillator;
pub mod resample;

pub use conceal::Concealer;
pub use dtmf_detect::DtmfDetector;
pub use gain::Gain;
pub use oscillator::Oscillator;
pub use resample::Resampler;
