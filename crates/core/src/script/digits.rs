//! Digits on their way from a phone to whichever application reads them (event-socket.md §5.1, DTMF).

use api::ChannelId;
use api::event::{ChannelEvent, DtmfSource};

use crate::Switch;
use crate::channel::PendingDigit;

/// Digits one channel keeps unread; older ones are dropped, as a phone's user would expect.
const MAX_DIGITS: usize = 256;

impl Switch {
    /// A digit arrived on a channel.
    pub(crate) fn digit_arrived(&mut self, id: &ChannelId, digit: PendingDigit) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        if live.blocks_digits {
            return;
        }
        if live.digits.len() >= MAX_DIGITS {
            live.digits.pop_front();
        }
        live.digits.push_back(digit);
        self.read_digits(id);
    }

    /// Hands waiting digits to the innermost application, if it reads any.
    pub(crate) fn read_digits(&mut self, id: &ChannelId) {
        loop {
            let Some(live) = self.channels.get_mut(id) else {
                return;
            };
            let reads = match live.script.runs.last() {
                Some(run) => run.app.reads_digits(),
                None => live.bridge.is_some(),
            };
            if !reads {
                return;
            }
            let Some(digit) = live.digits.pop_front() else {
                return;
            };
            live.dialed.push(digit.digit);
            let PendingDigit {
                digit,
                duration,
                source,
            } = digit;
            self.emit(
                id,
                ChannelEvent::Dtmf {
                    digit,
                    duration,
                    source,
                },
            );
            let pending = PendingDigit {
                digit,
                duration,
                source,
            };
            if self.has_digit_actions(id) {
                self.bound_digit(id, pending);
            } else {
                self.digit_goes_on(id, pending);
            }
        }
    }

    /// A digit that is bound to nothing.
    pub(crate) fn digit_goes_on(&mut self, id: &ChannelId, digit: PendingDigit) {
        let PendingDigit {
            digit,
            duration,
            source,
        } = digit;
        if self.consultation_digit(id, digit) || self.meta_digit(id, digit) {
            return;
        }
        self.pass_to_peer(id, digit, duration, source);
        self.app_digit(id, digit);
    }

    /// A `*` that was held back because a key might have followed.
    pub(crate) fn pass_held_star(&mut self, id: &ChannelId) {
        let usual = self.view.settings.dtmf_durations[1];
        self.pass_to_peer(id, '*', usual, DtmfSource::App);
    }

    /// In a bridge, digits the media side did not pass on by itself go on from here.
    fn pass_to_peer(&mut self, id: &ChannelId, digit: char, duration: u32, source: DtmfSource) {
        if source == DtmfSource::Rtp || source == DtmfSource::InbandAudio {
            return;
        }
        let Some(live) = self.channels.get(id) else {
            return;
        };
        let in_bridge = live
            .script
            .runs
            .last()
            .is_none_or(|run| run.app.passes_digits_on());
        let Some(bridge) = live.bridge.clone().filter(|_| in_bridge) else {
            return;
        };
        self.send_digits(&bridge.peer, &[(digit, duration)]);
    }
}
