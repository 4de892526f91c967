//! RTCP of one leg: reports out on a random clock, reports in. RFC 3550 §6.

pub mod read;
pub mod write;

use rand::Rng;

use super::{Reception, Sending};
use crate::control::LegStats;
use read::Incoming;

/// Mean time between reports. RFC 3550 §6.2 allows one per 5 s to two participants.
const INTERVAL_US: u64 = 5_000_000;
/// Seconds from 1900 (NTP) to 1970 (Unix). RFC 5905 §6.
const NTP_OFFSET_S: u64 = 2_208_988_800;

/// The control side of a leg.
#[derive(Clone, Debug)]
pub struct Control {
    due_us: u64,
    /// Middle 32 bits of the NTP time in the peer's last sender report, and when it came.
    last_sender_report: Option<(u32, u64)>,
    remote_lost: u32,
    expected_loss_percent: u8,
    remote_jitter_us: u32,
    round_trip_us: u32,
    received: u32,
    sent: u32,
    picture_wanted: bool,
}

impl Control {
    /// First report after half to one and a half half-intervals. RFC 3550 §6.2.
    #[must_use]
    pub fn new(now_us: u64, rng: &mut impl Rng) -> Self {
        Self {
            due_us: now_us + random_interval(rng) / 2,
            last_sender_report: None,
            remote_lost: 0,
            expected_loss_percent: 0,
            remote_jitter_us: 0,
            round_trip_us: 0,
            received: 0,
            sent: 0,
            picture_wanted: false,
        }
    }

    /// Whether a report is to be written now.
    #[must_use]
    pub fn is_due(&self, now_us: u64) -> bool {
        now_us >= self.due_us
    }

    /// Appends the report that is due: SR when we sent something, else RR, with our CNAME.
    pub fn report(
        &mut self,
        now_us: u64,
        ntp: u64,
        sending: &Sending,
        reception: &mut Reception,
        rng: &mut impl Rng,
        out: &mut Vec<u8>,
    ) {
        self.due_us = now_us + random_interval(rng);
        self.sent += 1;
        let block = reception.ssrc().map(|ssrc| {
            let (last, delay) = self.last_sender_report.map_or((0, 0), |(middle, at_us)| {
                (middle, seconds_16_16(now_us.saturating_sub(at_us)))
            });
            write::Block {
                ssrc,
                fraction_lost: reception.take_fraction_lost(),
                lost: reception.lost(),
                highest: reception.extended_highest(),
                jitter: reception.jitter(),
                last_sender_report: last,
                delay,
            }
        });
        let report = (sending.packets > 0).then(|| write::SenderInfo {
            ntp,
            timestamp: sending.timestamp_at(now_us),
            packets: sending.packets as u32,
            bytes: sending.bytes as u32,
        });
        write::report(sending.ssrc(), report, block, out);
    }

    /// Takes a compound packet of the peer; says whether it was one. `ntp` is the time now.
    pub fn receive(
        &mut self,
        now_us: u64,
        ntp: u64,
        ours: u32,
        rate_hz: u32,
        bytes: &[u8],
    ) -> bool {
        let understood = read::compound(bytes, |incoming| match incoming {
            Incoming::SenderReport { ntp } => {
                self.last_sender_report = Some(((ntp >> 16) as u32, now_us));
            }
            Incoming::Block {
                ssrc,
                fraction_lost,
                lost,
                jitter,
                last_sender_report,
                delay,
            } => {
                if ssrc == ours {
                    self.remote_lost = lost;
                    let percent = (u32::from(fraction_lost) * 100).div_ceil(256) as u8;
                    let remembered = self.expected_loss_percent / 4 * 3;
                    self.expected_loss_percent = percent.max(remembered);
                    let jitter_us = u64::from(jitter) * 1_000_000 / u64::from(rate_hz.max(1));
                    self.remote_jitter_us = u32::try_from(jitter_us).unwrap_or(u32::MAX);
                    self.learn_round_trip(ntp, last_sender_report, delay);
                }
            }
            Incoming::PictureWanted => self.picture_wanted = true,
            Incoming::Bye => {}
        });
        self.received += u32::from(understood);
        understood
    }

    /// Share of our packets that will probably be lost on their way to the peer, in percent: what it
    /// told last, or three quarters of what was expected before that, since losses come in spells.
    #[must_use]
    pub fn expected_loss_percent(&self) -> u8 {
        self.expected_loss_percent
    }

    /// Whether the peer asked for a whole picture since this was last asked.
    pub fn take_picture_wanted(&mut self) -> bool {
        std::mem::take(&mut self.picture_wanted)
    }

    /// When the next report is due, microseconds.
    #[must_use]
    pub fn due_us(&self) -> u64 {
        self.due_us
    }

    /// Copies what is known into the counters of a leg.
    pub fn fill(&self, stats: &mut LegStats) {
        stats.remote_lost = self.remote_lost;
        stats.remote_jitter_us = self.remote_jitter_us;
        stats.round_trip_us = self.round_trip_us;
        stats.rtcp_in = self.received;
        stats.rtcp_out = self.sent;
    }

    /// RFC 3550 §6.4.1: arrival − LSR − DLSR, all in 1/65,536 s.
    fn learn_round_trip(&mut self, ntp: u64, last_sender_report: u32, delay: u32) {
        if last_sender_report == 0 {
            return;
        }
        let trip = ((ntp >> 16) as u32)
            .wrapping_sub(last_sender_report)
            .wrapping_sub(delay);
        // A peer that answers from the future would wrap; more than a minute is no round trip.
        if trip < 60 << 16 {
            self.round_trip_us = ((u64::from(trip) * 1_000_000) >> 16) as u32;
        }
    }
}

/// NTP time of a moment given as microseconds since 1970: seconds and 2⁻³² seconds.
#[must_use]
pub fn ntp_time(unix_us: u64) -> u64 {
    let seconds = unix_us / 1_000_000 + NTP_OFFSET_S;
    let fraction = ((unix_us % 1_000_000) << 32) / 1_000_000;
    seconds << 32 | fraction
}

fn seconds_16_16(us: u64) -> u32 {
    u32::try_from((us << 16) / 1_000_000).unwrap_or(u32::MAX)
}

/// Half to one and a half intervals, so that reports of many legs do not march in step.
fn random_interval(rng: &mut impl Rng) -> u64 {
    rng.random_range(INTERVAL_US / 2..INTERVAL_US * 3 / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    /// Two controls that report to each other over a wire of 30 ms each way.
    #[test]
    fn two_peers_learn_loss_jitter_and_round_trip_from_each_other() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut a, mut b) = (Control::new(0, &mut rng), Control::new(0, &mut rng));
        let mut a_sends = Sending::new(0xa, 0, 0, 8000);
        let mut b_sends = Sending::new(0xb, 0, 0, 8000);
        let mut b_hears = Reception::new(8000);
        let mut a_hears = Reception::new(8000);
        for n in 0..100u64 {
            let sent = a_sends.own(n * 20_000, 0, 160, n == 0, &[0; 160]);
            if n % 10 != 5 {
                b_hears.arrive(sent.ssrc, sent.sequence);
                b_hears.measure(sent.timestamp, n * 20_000 + 30_000);
            }
        }
        b_sends.own(0, 0, 160, true, &[0; 160]);
        let unix = 1_700_000_000_000_000;
        let mut wire = Vec::new();
        let at = 2_000_000;
        a.report(
            at,
            ntp_time(unix + at),
            &a_sends,
            &mut a_hears,
            &mut rng,
            &mut wire,
        );
        assert!(b.receive(at + 30_000, ntp_time(unix + at + 30_000), 0xb, 8000, &wire));
        wire.clear();
        let at = 3_000_000;
        b.report(
            at,
            ntp_time(unix + at),
            &b_sends,
            &mut b_hears,
            &mut rng,
            &mut wire,
        );
        assert!(a.receive(at + 30_000, ntp_time(unix + at + 30_000), 0xa, 8000, &wire));
        let mut stats = LegStats::default();
        a.fill(&mut stats);
        assert_eq!(stats.remote_lost, 10);
        assert_eq!(a.expected_loss_percent(), 10);
        assert!(
            (59_000..=61_000).contains(&stats.round_trip_us),
            "{}",
            stats.round_trip_us
        );
        assert_eq!((stats.rtcp_in, stats.rtcp_out), (1, 1));
    }

    #[test]
    fn ntp_counts_from_1900() {
        assert_eq!(ntp_time(0), NTP_OFFSET_S << 32);
        assert_eq!(ntp_time(500_000) as u32, 1 << 31);
    }
}
