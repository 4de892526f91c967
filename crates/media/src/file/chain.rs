//! Several sources one after the other (`file_string://a!b`).

use crate::source::{Fill, FrameSource};

/// Plays its sources in order, without a gap. All have the same rate.
pub struct Chain {
    rate_hz: u32,
    sources: Vec<Box<dyn FrameSource>>,
    current: usize,
}

impl Chain {
    /// `None` when there is no source, or their rates differ.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn FrameSource>>) -> Option<Self> {
        let rate_hz = sources.first()?.rate_hz();
        let same = sources.iter().all(|source| source.rate_hz() == rate_hz);
        same.then_some(Self {
            rate_hz,
            sources,
            current: 0,
        })
    }
}

impl FrameSource for Chain {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        let mut written = 0;
        while let Some(source) = self.sources.get_mut(self.current) {
            match source.read(&mut out[written..]) {
                Fill::Full => return Fill::Full,
                Fill::Starved(more) => return Fill::Starved(written + more),
                Fill::End(more) => {
                    written += more;
                    self.current += 1;
                }
                // One that breaks is skipped: the listener hears the rest.
                Fill::Failed => self.current += 1,
            }
        }
        Fill::End(written)
    }

    fn seek(&mut self, sample: u64) -> bool {
        self.sources
            .get_mut(self.current)
            .is_some_and(|source| source.seek(sample))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Silence;

    #[test]
    fn the_second_begins_where_the_first_ended() {
        let silence = |ms| -> Box<dyn FrameSource> { Box::new(Silence::new(8000, Some(ms), 0)) };
        let mut chain = Chain::new(vec![silence(30), silence(15)]).unwrap();
        let mut frame = [0; 160];
        assert_eq!(chain.read(&mut frame), Fill::Full);
        assert_eq!(chain.read(&mut frame), Fill::Full);
        assert_eq!(chain.read(&mut frame), Fill::End(40));
        assert!(Chain::new(Vec::new()).is_none());
    }
}
