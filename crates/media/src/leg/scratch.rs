//! Working memory shared by the legs of one engine: nothing in it survives a call.

use crate::dsp::Resampler;
use crate::frame::MAX_FRAME_SAMPLES;

/// Buffers for one step of one leg. Long enough for a packet of 60 ms at the highest rate.
pub(crate) struct Scratch {
    pub(crate) first: [i16; Resampler::MAX_BLOCK],
    pub(crate) second: [i16; Resampler::MAX_BLOCK],
    pub(crate) interleaved: [i16; MAX_FRAME_SAMPLES * 2],
}

impl Scratch {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            first: [0; Resampler::MAX_BLOCK],
            second: [0; Resampler::MAX_BLOCK],
            interleaved: [0; MAX_FRAME_SAMPLES * 2],
        })
    }
}
