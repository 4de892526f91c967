//! Digits as clients write them, and sending and receiving them.

use api::ChannelId;
use api::event::DtmfSource;
use media::control::{Digit, DtmfStep, MediaCommand};

use crate::Switch;
use crate::channel::PendingDigit;
use crate::leg::LegEnd;

/// Most digits in one command.
const MAX_DIGITS: usize = 128;
/// Samples per millisecond, as durations are counted.
const SAMPLES_PER_MS: u32 = 8;

/// One step of a digit string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// A digit with its length in samples at 8 kHz.
    Digit(char, u32),
    /// A pause in milliseconds.
    Pause(u16),
}

/// Reads `12w34#@100`: digits, `w` 500 ms, `W` 1 s, optionally one length in milliseconds for all.
pub(crate) fn parse_digits(text: &str, default_samples: u32) -> Vec<Step> {
    let (digits, samples) = match text.trim().split_once('@') {
        Some((digits, ms)) => (
            digits,
            ms.trim()
                .parse::<u32>()
                .map_or(default_samples, |ms| ms.min(24_000) * SAMPLES_PER_MS),
        ),
        None => (text.trim(), default_samples),
    };
    digits
        .chars()
        .filter_map(|c| match c {
            'w' => Some(Step::Pause(500)),
            'W' => Some(Step::Pause(1000)),
            c => Digit::from_char(c).map(|digit| Step::Digit(digit.as_char(), samples)),
        })
        .take(MAX_DIGITS)
        .collect()
}

impl Switch {
    /// Sends digits with pauses towards whatever the channel talks to.
    pub(crate) fn send_steps(&mut self, id: &ChannelId, steps: &[Step]) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        match &live.end {
            LegEnd::Sip(_) | LegEnd::Web(_) => {
                let steps = steps
                    .iter()
                    .filter_map(|step| match *step {
                        Step::Digit(digit, samples) => {
                            Digit::from_char(digit).map(|digit| DtmfStep::Digit {
                                digit,
                                duration_ms: u16::try_from(samples / SAMPLES_PER_MS)
                                    .unwrap_or(u16::MAX),
                            })
                        }
                        Step::Pause(pause_ms) => Some(DtmfStep::Pause { pause_ms }),
                    })
                    .collect();
                self.media_of(id, |leg| MediaCommand::SendDtmf {
                    leg,
                    steps,
                    gap_ms: 50,
                });
            }
            LegEnd::Null => {
                let digits: String = plain(steps).map(|(digit, _)| digit).collect();
                self.set_var(id, "null_channel_dtmf_queued", digits);
            }
            // Nobody is there.
            LegEnd::Pickup(_) => {}
            LegEnd::Loopback(half) => {
                let other = half.other.clone();
                for (digit, duration) in plain(steps).collect::<Vec<_>>() {
                    self.digit_arrived(
                        &other,
                        PendingDigit {
                            digit,
                            duration,
                            source: DtmfSource::App,
                        },
                    );
                }
            }
        }
    }

    /// `last_dtmf_duration`: how long the digits sent by command take, in milliseconds, each with a pause of the
    /// usual length behind it (recorded: 500 for one digit, 1000 for two).
    pub(crate) fn note_sent_digits(&mut self, id: &ChannelId, steps: &[Step]) {
        let pause = self.view.settings.dtmf_durations[1] / SAMPLES_PER_MS;
        let total: u32 = plain(steps)
            .map(|(_, samples)| samples / SAMPLES_PER_MS + pause)
            .sum();
        if total > 0 {
            self.set_var(id, "last_dtmf_duration", total.to_string());
        }
    }

    /// Sends plain digits.
    pub(crate) fn send_digits(&mut self, id: &ChannelId, digits: &[(char, u32)]) {
        let steps: Vec<_> = digits
            .iter()
            .map(|&(digit, samples)| Step::Digit(digit, samples))
            .collect();
        self.send_steps(id, &steps);
    }

    /// Pretends that digits came from the channel's phone.
    pub(crate) fn receive_digits(&mut self, id: &ChannelId, text: &str) {
        let default = self.view.settings.dtmf_durations[1];
        for (digit, duration) in plain(&parse_digits(text, default)).collect::<Vec<_>>() {
            self.digit_arrived(
                id,
                PendingDigit {
                    digit,
                    duration,
                    source: DtmfSource::App,
                },
            );
        }
    }

    /// Lets nobody have the digits of a channel, or lets them through again.
    pub(crate) fn drop_digits(&mut self, id: &ChannelId, on: bool) {
        if let Some(live) = self.channels.get_mut(id) {
            live.blocks_digits = on;
        }
        self.media_of(id, |leg| MediaCommand::PassDtmf { leg, on: !on });
    }

    /// Forgets digits not yet read and not yet sent.
    pub(crate) fn flush_digits(&mut self, id: &ChannelId) {
        if let Some(live) = self.channels.get_mut(id) {
            live.digits.clear();
        }
        self.media_of(id, |leg| MediaCommand::FlushDtmf { leg });
    }
}

fn plain(steps: &[Step]) -> impl Iterator<Item = (char, u32)> + '_ {
    steps.iter().filter_map(|step| match *step {
        Step::Digit(digit, samples) => Some((digit, samples)),
        Step::Pause(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digit_strings() {
        assert_eq!(
            parse_digits("1w#W", 2000),
            [
                Step::Digit('1', 2000),
                Step::Pause(500),
                Step::Digit('#', 2000),
                Step::Pause(1000)
            ]
        );
        assert_eq!(parse_digits("5@100", 2000), [Step::Digit('5', 800)]);
        assert_eq!(parse_digits("xyz", 2000), []);
        assert_eq!(parse_digits(&"1".repeat(1000), 2000).len(), MAX_DIGITS);
    }

    #[test]
    fn dropped_digits_are_nobodys() {
        use api::command::channel::{DropDtmf, ReceiveDtmf};
        let mut rig = crate::rig::Rig::new();
        let id = rig.park("null/x");
        let leg = rig.leg_of(&id);
        for on in [true, false] {
            let channel = id.clone();
            rig.get(DropDtmf { channel, on }).unwrap();
            let told = rig.commands.last().cloned();
            assert_eq!(told, Some(MediaCommand::PassDtmf { leg, on: !on }));
            rig.events.clear();
            let channel = id.clone();
            let digits = "7".into();
            rig.get(ReceiveDtmf { channel, digits }).unwrap();
            assert_eq!(rig.events.is_empty(), on);
        }
    }

    #[test]
    fn digits_sent_by_command_leave_their_length() {
        use api::command::channel::SendDtmf;
        let mut rig = crate::rig::Rig::new();
        let id = rig.park("null/x");
        for (digits, ms) in [
            ("1", "500"),
            ("12", "1000"),
            ("xyz", "1000"),
            ("5@100", "350"),
        ] {
            let command = SendDtmf {
                channel: id.clone(),
                digits: digits.into(),
            };
            rig.get(command).unwrap();
            let channel = rig.channel(&id);
            assert_eq!(channel.variable("last_dtmf_duration"), Some(ms), "{digits}");
        }
    }
}
