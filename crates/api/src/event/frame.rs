use std::sync::OnceLock;

use bytes::Bytes;

/// An encoding some door uses. Doors pick numbers below [`FormatId::COUNT`]; `door-esl` owns 0 to 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FormatId(u8);

impl FormatId {
    /// How many formats there can be.
    pub const COUNT: usize = 8;

    /// The format with that number, which must be below [`FormatId::COUNT`].
    ///
    /// # Panics
    /// When the number is too large: formats are constants of the doors, so this is found at compile time
    /// (`const`).
    pub const fn new(number: u8) -> Self {
        assert!(
            (number as usize) < Self::COUNT,
            "format number is below COUNT"
        );
        Self(number)
    }
}

/// Encoded forms of one event, each filled once.
#[derive(Debug, Default)]
pub struct FrameCache([OnceLock<Bytes>; FormatId::COUNT]);

impl FrameCache {
    pub(crate) fn get_or_encode(&self, format: FormatId, encode: impl FnOnce() -> Bytes) -> Bytes {
        self.0[usize::from(format.0)].get_or_init(encode).clone()
    }

    pub(crate) fn weight(&self) -> usize {
        self.0
            .iter()
            .filter_map(OnceLock::get)
            .map(Bytes::len)
            .sum()
    }
}
