//! DTMF tones in audio: eight Goertzel filters and the checks that keep speech out.

use super::goertzel::Goertzel;
use crate::control::Digit;

/// Block length in samples at 8 kHz (12.75 ms): narrow enough to part 697 from 770 Hz, short enough
/// for three blocks in the shortest digit of Q.24 (40 ms).
const BLOCK_AT_8K: u32 = 102;
/// Weakest tone accepted, each of the two, dBFS. Q.24 asks for −25 dBm; lines add loss.
const WEAKEST_DBFS: f32 = -33.0;
/// High group stronger than the low one by at most this: "normal twist" of Q.24.
const TWIST_DB: f32 = 4.0;
/// Low group stronger than the high one by at most this.
const REVERSE_TWIST_DB: f32 = 8.0;
/// The winner of a group exceeds the others of its group by this.
const GROUP_GUARD_DB: f32 = 7.0;
/// Share of the whole power in the two tones; speech spreads over more frequencies.
const PURITY: f32 = 0.75;
/// Blocks that must agree before a digit counts.
const BLOCKS_ON: u8 = 2;
/// Blocks without it before the digit has ended, so that a lost packet does not make two of one.
const BLOCKS_OFF: u8 = 3;

const ROWS: [u16; 4] = [697, 770, 852, 941];
const COLUMNS: [u16; 4] = [1209, 1336, 1477, 1633];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// Finds digits in a stream of samples.
///
/// Latency: a digit is told when it has ended, 38 ms after its last sample. Cost: 2 µs per 20 ms at
/// 8 kHz. No allocation.
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    rate_hz: u32,
    block: u32,
    filters: [Goertzel; 8],
    power: f32,
    filled: u32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// No digit.
    Quiet,
    /// Seen in `blocks` blocks in a row, not enough yet.
    Maybe { digit: Digit, blocks: u8 },
    /// A digit lasts since `blocks` blocks, the last `missing` of which did not show it.
    Lasting {
        digit: Digit,
        blocks: u32,
        missing: u8,
    },
}

impl DtmfDetector {
    /// A detector for one sampling rate.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let mut filters = [Goertzel::new(0, rate_hz); 8];
        for (filter, hz) in filters.iter_mut().zip(ROWS.into_iter().chain(COLUMNS)) {
            *filter = Goertzel::new(hz, rate_hz);
        }
        Self {
            rate_hz,
            block: rate_hz * BLOCK_AT_8K / 8000,
            filters,
            power: 0.0,
            filled: 0,
            state: State::Quiet,
        }
    }

    /// Listens to a stretch; `found` is told each digit that ended in it, with its length in samples
    /// at 8 kHz.
    pub fn process(&mut self, samples: &[i16], mut found: impl FnMut(Digit, u32)) {
        for &sample in samples {
            let sample = f32::from(sample) / f32::from(i16::MAX);
            for filter in &mut self.filters {
                filter.add(sample);
            }
            self.power += sample * sample;
            self.filled += 1;
            if self.filled == self.block {
                let heard = self.judge();
                if let Some((digit, blocks)) = self.step(heard) {
                    found(digit, blocks * BLOCK_AT_8K);
                }
            }
        }
    }

    /// Rate it was made for, hertz.
    #[must_use]
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn judge(&mut self) -> Option<Digit> {
        let length = self.block as f32;
        self.filled = 0;
        let whole = std::mem::take(&mut self.power);
        let mut powers = [0.0; 8];
        for (power, filter) in powers.iter_mut().zip(&mut self.filters) {
            *power = filter.take();
        }
        let (row, row_power) = strongest(&powers[..4])?;
        let (column, column_power) = strongest(&powers[4..])?;
        // A sine of amplitude a gives a²·n²/4 here; full scale is 1.
        let weakest = ratio(WEAKEST_DBFS) * length * length / 4.0;
        if row_power < weakest || column_power < weakest {
            return None;
        }
        if column_power > row_power * ratio(TWIST_DB)
            || row_power > column_power * ratio(REVERSE_TWIST_DB)
        {
            return None;
        }
        // Power of the two tones as a share: Σx² of a sine is a²·n/2.
        if (row_power + column_power) * 2.0 / length < PURITY * whole {
            return None;
        }
        Digit::from_char(KEYS[row][column])
    }

    fn step(&mut self, heard: Option<Digit>) -> Option<(Digit, u32)> {
        let (next, ended) = match (self.state, heard) {
            (State::Quiet, None) => (State::Quiet, None),
            (State::Quiet, Some(digit)) => (State::Maybe { digit, blocks: 1 }, None),
            (State::Maybe { .. }, None) => (State::Quiet, None),
            (State::Maybe { digit, blocks }, Some(again)) if again == digit => {
                if blocks + 1 >= BLOCKS_ON {
                    let blocks = u32::from(blocks) + 1;
                    (
                        State::Lasting {
                            digit,
                            blocks,
                            missing: 0,
                        },
                        None,
                    )
                } else {
                    (
                        State::Maybe {
                            digit,
                            blocks: blocks + 1,
                        },
                        None,
                    )
                }
            }
            (State::Maybe { .. }, Some(other)) => (
                State::Maybe {
                    digit: other,
                    blocks: 1,
                },
                None,
            ),
            (State::Lasting { digit, blocks, .. }, Some(again)) if again == digit => (
                State::Lasting {
                    digit,
                    blocks: blocks + 1,
                    missing: 0,
                },
                None,
            ),
            (
                State::Lasting {
                    digit,
                    blocks,
                    missing,
                },
                heard,
            ) => {
                if missing + 1 >= BLOCKS_OFF {
                    let next = match heard {
                        Some(other) => State::Maybe {
                            digit: other,
                            blocks: 1,
                        },
                        None => State::Quiet,
                    };
                    (next, Some((digit, blocks - u32::from(missing))))
                } else {
                    (
                        State::Lasting {
                            digit,
                            blocks: blocks + 1,
                            missing: missing + 1,
                        },
                        None,
                    )
                }
            }
        };
        self.state = next;
        ended
    }
}

/// Index and power of the strongest, if it stands out from the rest of its group.
fn strongest(group: &[f32]) -> Option<(usize, f32)> {
    let (at, &power) = group.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let guard = power / ratio(GROUP_GUARD_DB);
    let alone = group
        .iter()
        .enumerate()
        .all(|(other, &p)| other == at || p < guard);
    alone.then_some((at, power))
}

fn ratio(db: f32) -> f32 {
    10f32.powf(db / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn press(digit: char, rate_hz: u32, ms: u32, low_db: f64, high_db: f64) -> Vec<i16> {
        let (low, high) = Digit::from_char(digit).unwrap().frequencies().unwrap();
        let length = (rate_hz * ms / 1000) as usize;
        let low = level::sine(rate_hz, f64::from(low), low_db, length);
        let high = level::sine(rate_hz, f64::from(high), high_db, length);
        low.iter().zip(high).map(|(a, b)| a + b).collect()
    }

    fn hear(rate_hz: u32, samples: &[i16]) -> Vec<(char, u32)> {
        let mut detector = DtmfDetector::new(rate_hz);
        let mut heard = Vec::new();
        for frame in samples.chunks(rate_hz as usize / 50) {
            detector.process(frame, |digit, samples| {
                heard.push((digit.as_char(), samples))
            });
        }
        heard
    }

    #[test]
    fn every_digit_is_heard_once_at_every_rate() {
        for rate in [8000, 16_000, 48_000] {
            let mut line = vec![0; 800];
            for digit in "0123456789*#ABCD".chars() {
                line.extend(press(digit, rate, 100, -10.0, -8.0));
                line.extend(vec![0; rate as usize / 12]);
            }
            let heard = hear(rate, &line);
            let digits: String = heard.iter().map(|h| h.0).collect();
            assert_eq!(digits, "0123456789*#ABCD");
            assert!(
                heard.iter().all(|h| (500..=1000).contains(&h.1)),
                "{heard:?}"
            );
        }
    }

    #[test]
    fn one_frequency_alone_or_too_much_twist_is_no_digit() {
        let mut line = level::sine(8000, 770.0, -6.0, 4000);
        line.extend(vec![0; 800]);
        line.extend(press('5', 8000, 200, -30.0, -6.0));
        line.extend(vec![0; 800]);
        assert_eq!(hear(8000, &line), []);
    }

    #[test]
    fn noise_and_music_are_no_digits_and_a_gap_of_one_block_does_not_split() {
        let mut rng = StdRng::seed_from_u64(7);
        let noise: Vec<i16> = (0..80_000)
            .map(|_| rng.random_range(-12_000..12_000))
            .collect();
        assert_eq!(hear(8000, &noise), []);
        let mut line = press('7', 8000, 60, -10.0, -10.0);
        line.extend(vec![0; 120]);
        line.extend(press('7', 8000, 60, -10.0, -10.0));
        line.extend(vec![0; 800]);
        assert_eq!(hear(8000, &line).len(), 1);
    }
}
