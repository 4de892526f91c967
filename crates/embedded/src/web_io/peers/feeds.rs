//! Rooms: feeds and voices are made, what is forwarded is paused, resumed and limited. sylkrtc.md §6.

use std::time::Instant;

use media::control::{Codec, LegId, PeerId, WebReport};
use media::webrtc::{Peer, Refusal, Sending};
use rand::Rng;

use super::Peers;
use super::sources::Flow;
use super::table::Entry;

impl Peers {
    pub(super) fn open_feed(&mut self, now: Instant, feed: PeerId, source: PeerId) {
        let sending = match self.feedable(feed, source) {
            Ok(sending) => sending,
            Err(why) => {
                self.counters.feeds_refused.add(1);
                let why = why.to_owned();
                self.reports.send(WebReport::Refused { peer: feed, why });
                return;
            }
        };
        let first = self.rng.random();
        if let Some(settings) = &self.settings {
            let made = if sending.layered {
                Peer::estimating(settings, now, first)
            } else {
                Peer::new(settings, now, first)
            };
            self.table.insert(feed, Entry::new(made, now));
        }
        let offered: Option<Result<String, Refusal>> =
            self.with(now, feed, |p, out| p.offer_feed(now, sending, out));
        if let Some(offer) = self.judge(feed, offered) {
            self.remember(now, feed, None);
            let rates = self.table.get(source).map(|source| source.peer.rates());
            if let Some(rates) = rates.filter(|_| sending.layered) {
                self.with(now, feed, |p, out| p.measured(now, &rates, out));
            }
            self.reports.send(WebReport::Offered { peer: feed, offer });
        } else {
            self.counters.feeds_refused.add(1);
        }
    }

    /// Checks that a feed can be made, and lets it get its source.
    fn feedable(&mut self, feed: PeerId, source: PeerId) -> Result<Sending, &'static str> {
        if self.table.has(feed) || self.sources.is_voice(feed) {
            return Err("there is a peer of that name");
        }
        let sending = match self.table.get(source) {
            Some(entry) => entry.peer.sending(),
            None if self.sources.is_voice(source) => Sending {
                audio: Some(Codec::Opus),
                ..Sending::default()
            },
            None => return Err("there is no such source"),
        };
        if sending.audio.is_none() && sending.video.is_none() {
            return Err("the source sends nothing");
        }
        if !self.sources.subscribe(feed, source) {
            return Err("the source has too many feeds");
        }
        Ok(sending)
    }

    pub(super) fn open_voice(&mut self, voice: PeerId, (worker, leg): (usize, LegId)) {
        if self.table.has(voice) {
            tracing::warn!(peer = voice.0, "A voice has the name of a browser");
            self.counters.feeds_refused.add(1);
            return;
        }
        self.sources.open_voice(voice, worker, leg);
    }

    pub(super) fn set_flow(&mut self, now: Instant, peer: PeerId, flow: Flow) {
        if self.sources.is_feed(peer) {
            self.with(now, peer, |p, out| {
                p.set_flow(now, flow.audio, flow.video, out)
            });
            return;
        }
        if !self.table.has(peer) && !self.sources.is_voice(peer) {
            return;
        }
        let before = self.sources.set_flow(peer, flow);
        if flow.audio && !before.audio {
            let viewers = self.viewers(peer);
            for &viewer in &viewers {
                self.with(now, viewer, |p, _| p.expect_new_audio());
            }
            self.keep_viewers(viewers);
        }
        if flow.video && !before.video {
            self.show_anew(now, peer);
        }
    }

    pub(super) fn limit(&mut self, now: Instant, peer: PeerId, bits_per_second: u32) {
        let bits = u64::from(bits_per_second);
        let is_feed = self.sources.is_feed(peer);
        // A voice has no browser that could be asked to send less; nothing is there under its name.
        self.with(now, peer, |p, out| {
            if is_feed {
                p.limit_viewing(now, bits, out);
            } else {
                p.limit_sending(now, bits, out);
            }
        });
    }
}
