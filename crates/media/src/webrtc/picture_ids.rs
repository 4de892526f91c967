//! Picture numbers inside VP8 (RFC 7741 §4.2), which must go on where another layer, or the same after a pause, takes over:
//! a decoder takes a step back for something it has seen.

/// The numbers of one outgoing video.
#[derive(Debug, Default)]
pub(super) struct PictureIds {
    picture: Run,
    base: Run,
}

impl PictureIds {
    /// PictureID and TL0PICIDX of a packet, as they go out. `begins`: it is the first of another part.
    pub(super) fn number(
        &mut self,
        begins: bool,
        picture: Option<u16>,
        base: Option<u8>,
    ) -> (Option<u16>, Option<u8>) {
        let picture = picture.map(|id| self.picture.number(begins, id, 0x7fff));
        let base = base.map(|id| self.base.number(begins, u16::from(id), 0xff) as u8);
        (picture, base)
    }
}

/// One number that counts up and wraps.
#[derive(Debug, Default)]
struct Run {
    last: Option<u16>,
    /// Ours minus theirs.
    offset: u16,
}

impl Run {
    fn number(&mut self, begins: bool, theirs: u16, mask: u16) -> u16 {
        if let Some(last) = self.last.filter(|_| begins) {
            self.offset = last.wrapping_add(1).wrapping_sub(theirs) & mask;
        }
        let ours = theirs.wrapping_add(self.offset) & mask;
        let ahead = |last: u16| ours.wrapping_sub(last) & mask <= mask / 2;
        if self.last.is_none_or(ahead) {
            self.last = Some(ours);
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_from_part_to_part_and_wrap() {
        let mut ids = PictureIds::default();
        let mut number = |begins, picture, base| ids.number(begins, Some(picture), Some(base));
        assert_eq!(number(true, 0x7ffe, 254), (Some(0x7ffe), Some(254)));
        assert_eq!(number(false, 0x7fff, 255), (Some(0x7fff), Some(255)));
        // Another layer, then one of its packets again that was late.
        assert_eq!(number(true, 500, 7), (Some(0), Some(0)));
        assert_eq!(number(false, 502, 8), (Some(2), Some(1)));
        assert_eq!(number(false, 501, 7), (Some(1), Some(0)));
        assert_eq!(number(true, 0x7ffe, 254), (Some(3), Some(2)));
        assert_eq!(ids.number(false, None, None), (None, None));
    }
}
