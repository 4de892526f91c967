use std::sync::OnceLock;

use bytes::Bytes;

/// An encoding some door uses. Doors pick numbers below [`FormatId::COUNT`]; `door-esl` owns 0 to 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FormatId {
    number: u8,
    variant: u32,
}

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
        Self { number, variant: 0 }
    }

    /// The same format in another form, where a door's configuration decides how events read. Each form is encoded for
    /// itself; of one event and format the form that is asked for first is shared.
    #[must_use]
    pub const fn variant(self, variant: u32) -> Self {
        Self { variant, ..self }
    }
}

/// Encoded forms of one event, each filled once, with the variant it is of.
#[derive(Debug, Default)]
pub struct FrameCache([OnceLock<(u32, Bytes)>; FormatId::COUNT]);

impl FrameCache {
    pub(crate) fn get_or_encode(&self, format: FormatId, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut encode = Some(encode);
        let mut encoded = || encode.take().map(|encode| encode()).unwrap_or_default();
        let place = &self.0[usize::from(format.number)];
        let (variant, frame) = place.get_or_init(|| (format.variant, encoded()));
        if *variant == format.variant {
            frame.clone()
        } else {
            encoded()
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.0
            .iter()
            .filter_map(OnceLock::get)
            .map(|(_, frame)| frame.len())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_reads_the_form_of_another() {
        let cache = FrameCache::default();
        let format = FormatId::new(3);
        let get = |format, text: &'static str| cache.get_or_encode(format, || text.into());
        let first = get(format.variant(1), "one");
        assert_eq!(get(format.variant(1), "again").as_ptr(), first.as_ptr());
        assert_eq!(get(format.variant(2), "two"), "two");
        assert_eq!(get(format.variant(1), "again"), "one");
        assert_eq!(get(FormatId::new(4), "other"), "other");
        assert_eq!(cache.weight(), 3 + 5);
    }
}
