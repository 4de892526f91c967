//! Where playbacks come from and recordings go: the two seams to files, tones and whatever comes.

/// A stream of mono samples at a fixed rate, pulled by a media thread. Implementations neither block,
/// lock nor allocate in `read`; one that has to wait for a disk says [`Fill::Starved`].
pub trait FrameSource: Send {
    /// Sampling rate of what `read` gives, hertz.
    fn rate_hz(&self) -> u32;

    /// Writes samples from the start of `out`; says how many, and whether there are more to come.
    fn read(&mut self, out: &mut [i16]) -> Fill;

    /// Goes to a position counted from the beginning. `false`: it cannot.
    fn seek(&mut self, sample: u64) -> bool;
}

/// How far a source got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// All of the buffer is filled; there may be more.
    Full,
    /// So many are filled, and the rest is not there yet (a slow disk). It is played as silence.
    Starved(usize),
    /// So many are filled, and that was all.
    End(usize),
    /// It cannot be read any further.
    Failed,
}

/// Where a recording goes. The same duties as [`FrameSource`].
pub trait FrameSink: Send {
    /// Sampling rate it wants, hertz.
    fn rate_hz(&self) -> u32;

    /// 1, or 2 for left and right interleaved.
    fn channels(&self) -> u16;

    /// Takes samples; says how many it had to drop because it is behind, or that it is broken.
    fn write(&mut self, samples: &[i16]) -> Drain;
}

/// What a sink did with what it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// Took everything.
    Taken,
    /// Took some; so many samples are lost.
    Dropped(usize),
    /// Takes nothing any more.
    Failed,
}
