//! How evenly the packets of a peer come, and whether it loses them one by one or in bursts.

/// Packets of which one variance is made: a second of the usual ones.
const WINDOW: u32 = 50;
/// A longer time between two packets is a pause of who talks, and says nothing about the network.
const PAUSE_US: u64 = 1_000_000;

/// Bookkeeping of one incoming stream of sound. RFC 3550 §6.4.1 for what is compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evenness {
    latest: Option<Latest>,
    window: Window,
    times_us: u64,
    times: u64,
    /// Packets that were measured.
    pub packets: u64,
    /// Packets missing in holes of two and more, when the packet behind the hole came.
    pub missing_in_bursts: u64,
    /// Smallest and largest variance of the time between two packets, against the time between what they hold, in
    /// windows of 50; squares of microseconds.
    pub variance_us2: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Latest {
    sequence: u64,
    spoken_us: u64,
    arrival_us: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    differences: u32,
    sum: i64,
    squares: u64,
}

impl Evenness {
    /// The stream began anew: what comes next follows nothing.
    pub fn restart(&mut self) {
        (self.latest, self.window) = (None, Window::default());
    }

    /// Takes an audio packet: its extended number, its timestamp in microseconds, and when it came, by any steady clock.
    pub fn take(&mut self, sequence: u64, spoken_us: u64, arrival_us: u64) {
        self.packets += 1;
        let now = Latest {
            sequence,
            spoken_us,
            arrival_us,
        };
        let Some(before) = self.latest else {
            self.latest = Some(now);
            return;
        };
        if sequence <= before.sequence {
            return;
        }
        self.latest = Some(now);
        let missing = sequence - before.sequence - 1;
        if missing >= 2 {
            self.missing_in_bursts += missing;
        }
        let took_us = arrival_us.saturating_sub(before.arrival_us);
        if missing > 0 || took_us > PAUSE_US {
            return;
        }
        self.times += 1;
        self.times_us += took_us;
        let lasts_us = spoken_us.wrapping_sub(before.spoken_us) as i64;
        let difference = (took_us as i64).wrapping_sub(lasts_us);
        if difference.unsigned_abs() <= PAUSE_US {
            self.compare(difference);
        }
    }

    /// Mean time between two packets that follow each other, microseconds; 0 when there were none.
    #[must_use]
    pub fn mean_interval_us(&self) -> u64 {
        self.times_us.checked_div(self.times).unwrap_or(0)
    }

    fn compare(&mut self, difference_us: i64) {
        let window = &mut self.window;
        window.differences += 1;
        window.sum += difference_us;
        window.squares += difference_us.unsigned_abs().pow(2);
        if window.differences < WINDOW {
            return;
        }
        let count = u64::from(window.differences);
        let mean = window.sum.unsigned_abs() / count;
        let variance = (window.squares / count).saturating_sub(mean * mean);
        self.window = Window::default();
        let (least, most) = self.variance_us2.unwrap_or((variance, variance));
        self.variance_us2 = Some((least.min(variance), most.max(variance)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms, each so many microseconds late.
    fn take_all(
        evenness: &mut Evenness,
        numbers: impl IntoIterator<Item = u64>,
        late: impl Fn(u64) -> u64,
    ) {
        for number in numbers {
            let spoken_us = number * 20_000;
            evenness.take(number, spoken_us, spoken_us + late(number));
        }
    }

    #[test]
    fn what_comes_evenly_has_no_variance() {
        let mut evenness = Evenness::default();
        take_all(&mut evenness, 1..=200, |_| 3_000);
        assert_eq!(evenness.variance_us2, Some((0, 0)));
        assert_eq!(
            (evenness.mean_interval_us(), evenness.packets),
            (20_000, 200)
        );
        assert_eq!(evenness.missing_in_bursts, 0);
    }

    #[test]
    fn the_quietest_and_the_wildest_second_are_told() {
        let mut evenness = Evenness::default();
        // Every other packet 4 ms late from the 101st on: differences of ±4 ms, a variance of 16 ms².
        take_all(&mut evenness, 1..=301, |number| {
            if number > 100 && number % 2 == 0 {
                4_000
            } else {
                0
            }
        });
        let (least, most) = evenness.variance_us2.unwrap();
        assert_eq!(least, 0);
        assert!((15_900_000..=16_000_000).contains(&most), "{most}");
        assert!((19_990..=20_010).contains(&evenness.mean_interval_us()));
    }

    #[test]
    fn only_holes_of_two_and_more_are_bursts() {
        let mut evenness = Evenness::default();
        take_all(&mut evenness, [1, 2, 4, 5, 9, 8, 10], |_| 0);
        assert_eq!(evenness.missing_in_bursts, 3);
        // Only packets that follow each other say how far apart they come.
        assert_eq!(evenness.mean_interval_us(), 20_000);
    }

    #[test]
    fn pauses_and_new_streams_say_nothing_about_the_network() {
        let mut evenness = Evenness::default();
        evenness.take(1, 0, 0);
        evenness.take(2, 20_000, 5_000_000);
        assert_eq!(evenness.mean_interval_us(), 0);
        evenness.restart();
        evenness.take(90_000, 7, 5_020_000);
        evenness.take(90_001, 20_007, 5_040_000);
        assert_eq!(
            (evenness.mean_interval_us(), evenness.missing_in_bursts),
            (20_000, 0)
        );
    }

    #[test]
    fn no_times_of_a_peer_overflow() {
        let mut evenness = Evenness::default();
        for n in 0..400u64 {
            let spoken_us = if n % 2 == 0 { u64::MAX - n } else { n };
            evenness.take(n * 2 + n % 3, spoken_us, n * 999_999);
        }
        assert!(evenness.packets == 400);
    }
}
