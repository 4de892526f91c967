//! Working memory shared by the legs of one engine: nothing in it survives a call.

use crate::frame::MAX_FRAME_SAMPLES;

/// The longest packet at the highest rate: 120 ms at 48 kHz.
const MAX_PACKET_SAMPLES: usize = MAX_FRAME_SAMPLES * 6;

/// Buffers for one step of one leg.
pub(crate) struct Scratch {
    pub(crate) first: [i16; MAX_PACKET_SAMPLES],
    pub(crate) second: [i16; MAX_PACKET_SAMPLES],
    /// A packet at its own rate, before it is converted to the leg's.
    pub(crate) raw: [i16; MAX_PACKET_SAMPLES],
    pub(crate) interleaved: [i16; MAX_FRAME_SAMPLES * 2],
}

impl Scratch {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self {
            first: [0; MAX_PACKET_SAMPLES],
            second: [0; MAX_PACKET_SAMPLES],
            raw: [0; MAX_PACKET_SAMPLES],
            interleaved: [0; MAX_FRAME_SAMPLES * 2],
        })
    }
}
