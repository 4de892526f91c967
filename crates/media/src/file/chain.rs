//! Several sources one after the other (`file_string://a!b`).

use crate::source::{Fill, FrameSource};

/// Plays its sources in order, without a gap, as often as asked. All have the same rate.
pub struct Chain {
    rate_hz: u32,
    sources: Vec<Box<dyn FrameSource>>,
    current: usize,
    /// Rounds after this one; `None` = for ever.
    repeats: Option<u32>,
    /// Samples this round has given; a round that gives none is the last.
    given: usize,
}

impl Chain {
    /// One round. `None` when there is no source, or their rates differ.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn FrameSource>>) -> Option<Self> {
        Self::repeated(sources, Some(0))
    }

    /// `repeats` further rounds, `None` = for ever; sources that cannot go back to their beginning are silent in them. `None`
    /// as with [`Chain::new`].
    #[must_use]
    pub fn repeated(sources: Vec<Box<dyn FrameSource>>, repeats: Option<u32>) -> Option<Self> {
        let rate_hz = sources.first()?.rate_hz();
        let same = sources.iter().all(|source| source.rate_hz() == rate_hz);
        same.then_some(Self {
            rate_hz,
            sources,
            current: 0,
            repeats,
            given: 0,
        })
    }

    /// Begins the next round; `false` when there is none.
    fn begin_again(&mut self) -> bool {
        if self.repeats == Some(0) || self.given == 0 {
            return false;
        }
        self.repeats = self.repeats.map(|left| left - 1);
        self.given = 0;
        self.current = 0;
        for source in &mut self.sources {
            source.seek(0);
        }
        true
    }
}

impl FrameSource for Chain {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        let mut written = 0;
        loop {
            let Some(source) = self.sources.get_mut(self.current) else {
                if self.begin_again() {
                    continue;
                }
                return Fill::End(written);
            };
            let before = written;
            let filled = source.read(&mut out[written..]);
            let end = match filled {
                Fill::Full => {
                    written = out.len();
                    Some(Fill::Full)
                }
                Fill::Starved(more) => {
                    written += more;
                    Some(Fill::Starved(written))
                }
                Fill::End(more) => {
                    written += more;
                    None
                }
                // One that breaks is skipped: the listener hears the rest.
                Fill::Failed => None,
            };
            self.given += written - before;
            match end {
                Some(fill) => return fill,
                None => self.current += 1,
            }
        }
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

    /// So many samples, as often as it is taken back to its beginning.
    struct Short(usize, usize);

    impl FrameSource for Short {
        fn rate_hz(&self) -> u32 {
            8000
        }

        fn read(&mut self, out: &mut [i16]) -> Fill {
            let given = out.len().min(self.0 - self.1);
            self.1 += given;
            if given == out.len() {
                Fill::Full
            } else {
                Fill::End(given)
            }
        }

        fn seek(&mut self, sample: u64) -> bool {
            self.1 = sample as usize;
            true
        }
    }

    #[test]
    fn rounds_begin_again_until_one_gives_nothing() {
        let parts = |lengths: [usize; 2]| -> Vec<Box<dyn FrameSource>> {
            let short = |length| Box::new(Short(length, 0)) as Box<dyn FrameSource>;
            lengths.into_iter().map(short).collect()
        };
        let mut chain = Chain::repeated(parts([80, 120]), Some(2)).unwrap();
        let mut frame = [0; 160];
        for _ in 0..3 {
            assert_eq!(chain.read(&mut frame), Fill::Full);
        }
        assert_eq!(chain.read(&mut frame), Fill::End(120));
        let mut nothing = Chain::repeated(parts([0, 0]), None).unwrap();
        assert_eq!(nothing.read(&mut frame), Fill::End(0));
    }
}
