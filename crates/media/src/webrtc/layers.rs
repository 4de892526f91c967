//! Layers of one video, sent side by side (simulcast, RFC 8853): how much each takes, and which one fits a viewer.

use std::time::{Duration, Instant};

/// Layers of one video at most; browsers send three.
pub(super) const MAX_LAYERS: usize = 4;
/// Time over which bits are counted: long enough to hold a whole picture and its followers.
const WINDOW: Duration = Duration::from_secs(1);
/// A window this long holds a pause, and what was counted in it is no rate.
const PAUSE: Duration = Duration::from_secs(2);

/// Bits per second of one sender, with 0 for what does not flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Of its sound.
    pub audio: u64,
    /// Of each layer of its video.
    pub layers: [u64; MAX_LAYERS],
}

impl Rates {
    /// The layer for somebody who can take so many bits per second of sound and pictures and has the layer `present`: the
    /// one that takes most of those that fit, or else the one that takes least.
    ///
    /// Going up needs some room to spare, and a layer that takes clearly more: a still picture makes all layers small, and
    /// each change costs a whole picture.
    pub(super) fn best(&self, present: u8, budget: Option<u64>) -> u8 {
        let budget = budget.map_or(u64::MAX, |bits| bits.saturating_sub(self.audio));
        let now = self.layers.get(usize::from(present)).copied();
        let now = now.filter(|rate| *rate > 0 && *rate <= budget);
        let fits = |rate: u64| match now {
            Some(now) => rate / 5 * 6 <= budget && rate >= now / 4 * 5,
            None => rate <= budget,
        };
        let flowing = || (0..).zip(self.layers).filter(|(_, rate)| *rate > 0);
        let best = flowing()
            .filter(|(_, rate)| fits(*rate))
            .max_by_key(|(_, rate)| *rate);
        match (best, now) {
            (Some((layer, _)), _) => layer,
            (None, Some(_)) => present,
            (None, None) => flowing()
                .min_by_key(|(_, rate)| *rate)
                .map_or(present, |(layer, _)| layer),
        }
    }

    /// What the best of it takes, with its sound.
    pub(super) fn most(&self) -> u64 {
        let video = self.layers.iter().max().copied().unwrap_or_default();
        video.saturating_add(self.audio)
    }
}

/// Counts what one browser sends.
#[derive(Debug, Default)]
pub(super) struct Meter {
    since: Option<Instant>,
    bits: Rates,
    rates: Rates,
}

impl Meter {
    /// Counts a packet of sound, once there is video.
    pub(super) fn audio(&mut self, bytes: usize) {
        if self.since.is_some() {
            self.bits.audio += bits(bytes);
        }
    }

    /// Counts a packet of video. `Some`: a window is over.
    pub(super) fn video(&mut self, now: Instant, layer: u8, bytes: usize) -> Option<Rates> {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed > PAUSE {
            self.since = Some(now);
            self.bits = Rates::default();
        }
        if let Some(count) = self.bits.layers.get_mut(usize::from(layer)) {
            *count += bits(bytes);
        }
        if passed < WINDOW || passed > PAUSE {
            return None;
        }
        self.since = Some(now);
        let ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).max(1);
        let counted = std::mem::take(&mut self.bits);
        // Half of what was before, so that one whole picture more or less decides nothing; what begins or ends does at once.
        let mean = |before: u64, bits: u64| match (before, bits.saturating_mul(1000) / ms) {
            (0, rate) => rate,
            (_, 0) => 0,
            (before, rate) => before.midpoint(rate),
        };
        self.rates.audio = mean(self.rates.audio, counted.audio);
        for (rate, bits) in self.rates.layers.iter_mut().zip(counted.layers) {
            *rate = mean(*rate, bits);
        }
        Some(self.rates)
    }

    /// What was last measured.
    pub(super) fn rates(&self) -> Rates {
        self.rates
    }
}

/// What a payload costs on the wire: with the headers of RTP, UDP and IP, and the seal.
fn bits(payload: usize) -> u64 {
    8 * (payload as u64 + 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Rates = Rates {
        audio: 40_000,
        layers: [900_000, 100_000, 300_000, 0],
    };

    #[test]
    fn the_best_layer_that_fits_is_taken_whatever_the_order() {
        for (budget, layer) in [
            (None, 0),
            (Some(2_000_000), 0),
            (Some(1_000_000), 2),
            (Some(500_000), 2),
            (Some(345_000), 1),
            (Some(200_000), 1),
            (Some(10_000), 1),
            (Some(0), 1),
        ] {
            assert_eq!(THREE.best(1, budget), layer, "{budget:?}");
        }
    }

    #[test]
    fn what_flows_stays_as_long_as_it_fits_and_nothing_is_clearly_better() {
        assert_eq!(THREE.best(0, Some(945_000)), 0);
        assert_eq!(THREE.best(0, Some(935_000)), 2);
        assert_eq!(THREE.best(2, Some(345_000)), 2);
        let still = Rates {
            audio: 0,
            layers: [31_000, 30_000, 28_000, 0],
        };
        for present in 0..3 {
            assert_eq!(still.best(present, None), present);
        }
        // A layer that ended is left, for the best there is.
        let ended = Rates {
            audio: 0,
            layers: [0, 100_000, 300_000, 0],
        };
        assert_eq!(ended.best(0, None), 2);
        assert_eq!(ended.best(0, Some(50_000)), 1);
        assert_eq!(Rates::default().best(3, Some(1)), 3);
    }

    #[test]
    fn bits_are_counted_by_the_second() {
        let mut meter = Meter::default();
        let start = Instant::now();
        let mut told = Vec::new();
        for ms in 0..=3000_u64 {
            let now = start + Duration::from_millis(ms);
            meter.audio(40);
            if ms < 2000 {
                told.extend(meter.video(now, 0, 65));
            }
            told.extend(meter.video(now, 2, 940));
        }
        assert_eq!(told.len(), 3);
        for rates in &told {
            assert!((790_000..810_000).contains(&rates.audio), "{rates:?}");
            assert!(
                (7_900_000..8_100_000).contains(&rates.layers[2]),
                "{rates:?}"
            );
            assert_eq!((rates.layers[1], rates.layers[3]), (0, 0));
        }
        assert!(
            (990_000..1_010_000).contains(&told[1].layers[0]),
            "{told:?}"
        );
        assert_eq!(told[2].layers[0], 0);
        assert_eq!(meter.rates(), told[2]);
        assert_eq!(told[2].most(), told[2].layers[2] + told[2].audio);
    }

    #[test]
    fn a_pause_of_the_video_makes_no_layer_small() {
        let mut meter = Meter::default();
        let start = Instant::now();
        let mut play = |from_ms: u64, to_ms: u64| -> Vec<Rates> {
            let told = (from_ms..to_ms).filter_map(|ms| {
                meter.audio(40);
                meter.video(start + Duration::from_millis(ms), 0, 940)
            });
            told.collect()
        };
        let before = play(0, 2500);
        assert_eq!(before.len(), 2);
        let after = play(62_000, 64_500);
        assert_eq!(after.len(), 2);
        for rates in before.iter().chain(&after) {
            let video = rates.layers[0];
            assert!((7_900_000..8_100_000).contains(&video), "{rates:?}");
            assert!((790_000..810_000).contains(&rates.audio), "{rates:?}");
        }
    }
}
