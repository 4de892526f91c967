/// The generation of the original interface that is spoken; clients compare the number.
pub const INTERFACE_VERSION: &str = "v1.0.14";

/// The form of what somebody with two ears hears of a room (event-manager.md §10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Output {
    /// Hertz.
    pub rate_hz: u32,
    /// Frames of one buffer.
    pub frames: u32,
    /// Samples of one frame.
    pub channels: u8,
    /// Samples of the channels alternate.
    pub interleaved: bool,
    /// Effort of the rendering, 1–5.
    pub quality: u8,
}

impl Output {
    /// What it is unless configured otherwise: 20 ms at 48 kHz. Only the quality can be another.
    pub const OF_ROOMS: Self = Self {
        rate_hz: 48_000,
        frames: 960,
        channels: 2,
        interleaved: true,
        quality: 5,
    };
}
