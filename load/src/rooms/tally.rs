//! What one measurement found, and the medians of several.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Wanted;
use super::bridge::{Account, Mixer};
use super::heard::Heard;
use crate::spread::Spread;

/// Less of what should have come means that something else was measured than was meant, parts of one.
const ENOUGH: f64 = 0.98;

pub(super) struct Figures {
    mixer: Mixer,
    members: usize,
    /// Cores in use.
    cores: f64,
    /// Packets sent to members, parts of those that should have been.
    came: f64,
    /// Bytes.
    memory: f64,
    lateness: Spread,
    bitrate: f64,
    kind: &'static str,
    level_db: f64,
    account: Account,
}

impl Figures {
    /// `time` is the processor's and the clock's.
    ///
    /// # Errors
    /// When members heard nothing, or much less than they should.
    pub(super) fn new(
        wanted: &Wanted,
        mixer: Mixer,
        time: (Duration, Duration),
        memory: f64,
        heard: &Heard,
        account: Account,
    ) -> Result<Self> {
        let (used, elapsed) = time;
        let expected = wanted.members as f64 * elapsed.as_secs_f64() * 50.0;
        let came = heard.packets() as f64 / expected;
        if heard.members() != wanted.members || came < ENOUGH {
            bail!(
                "{}: {} of {} members heard {:.1} % of what they should",
                mixer.name(),
                heard.members(),
                wanted.members,
                came * 100.0
            );
        }
        Ok(Self {
            mixer,
            members: wanted.members,
            cores: used.as_secs_f64() / elapsed.as_secs_f64(),
            came,
            memory,
            lateness: Spread::of(heard.lateness()),
            bitrate: heard.bitrate(),
            kind: heard.kind(),
            level_db: heard.level_db(),
            account,
        })
    }

    fn per_core(&self) -> f64 {
        self.members as f64 / self.cores
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>16}: {} members at {:.3} cores: {:.0} per core; {:.1} % of the packets came, {} at {:.0} kbit/s, \
             {:.0} dBFS; late {}; {:.0} kB per member{}",
            self.mixer.name(),
            self.members,
            self.cores,
            self.per_core(),
            self.came * 100.0,
            self.kind,
            self.bitrate / 1000.0,
            self.level_db,
            self.lateness,
            self.memory / 1000.0,
            self.account,
        )
    }
}

/// Medians of every server, and what they are of the first one's.
pub(super) fn summary(mixers: &[Mixer], figures: &[Figures]) -> String {
    let median_of = |mixer: Mixer, value: fn(&Figures) -> f64| {
        let of = figures.iter().filter(|figures| figures.mixer == mixer);
        median(of.map(value).collect())
    };
    let Some(&first) = mixers.first() else {
        return String::new();
    };
    let most = median_of(first, Figures::per_core);
    let line = |&mixer: &Mixer| {
        let per_core = median_of(mixer, Figures::per_core);
        format!(
            "{:>16}: median {per_core:.0} members per core, {} has {:.2} times as many; {:.0} kB per member, p99 {:.2} ms late\n",
            mixer.name(),
            first.name(),
            most / per_core,
            median_of(mixer, |figures| figures.memory) / 1000.0,
            median_of(mixer, |figures| {
                figures.lateness.percentile(99).as_secs_f64() * 1000.0
            }),
        )
    };
    mixers.iter().map(line).collect()
}

/// The middle value; the mean of the middle two of an even number.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = values.get(middle.wrapping_sub(1)).copied();
    lower.map_or(upper, |lower| (lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
