//! Who sends to whom in rooms: sources, which are browsers or the voices of legs, and the feeds of each.

use std::time::{Duration, Instant};

use media::control::{LegId, PeerId};
use media::id_map::IdMap;

/// Feeds of one source at most: a room of that many, each seeing all others.
pub(super) const FEEDS_PER_SOURCE: usize = 64;
/// For how long the worst report of a voice's feeds outweighs better ones; each feed reports every 5 s.
const WORST_COUNTS: Duration = Duration::from_secs(10);

/// Which media are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) audio: bool,
    pub(super) video: bool,
}

impl Flow {
    const ALL: Self = Self {
        audio: true,
        video: true,
    };
}

struct Source {
    feeds: Vec<PeerId>,
    flow: Flow,
    voice: Option<Voice>,
}

impl Source {
    const fn new() -> Self {
        Self {
            feeds: Vec::new(),
            flow: Flow::ALL,
            voice: None,
        }
    }
}

/// The leg behind a source without a browser.
struct Voice {
    worker: usize,
    leg: LegId,
    /// The worst share of loss its feeds reported, in 1/256, and until when that counts.
    worst: Option<(u8, Instant)>,
}

/// Sources, feeds, and how they hang together.
#[derive(Default)]
pub(super) struct Sources {
    sources: IdMap<PeerId, Source>,
    /// Whom each feed gets; `None`: that one is gone.
    feeds: IdMap<PeerId, Option<PeerId>>,
    by_leg: IdMap<LegId, PeerId>,
}

impl Sources {
    /// Feeds there are.
    pub(super) fn feed_count(&self) -> usize {
        self.feeds.len()
    }

    /// Lets a feed get a source. `false`: the source has as many as it may.
    pub(super) fn subscribe(&mut self, feed: PeerId, source: PeerId) -> bool {
        let feeds = &mut self.sources.entry(source).or_insert(Source::new()).feeds;
        if feeds.len() >= FEEDS_PER_SOURCE {
            return false;
        }
        feeds.push(feed);
        self.feeds.insert(feed, Some(source));
        true
    }

    pub(super) fn is_feed(&self, peer: PeerId) -> bool {
        self.feeds.contains_key(&peer)
    }

    /// Whom a feed gets.
    pub(super) fn source_of(&self, feed: PeerId) -> Option<PeerId> {
        self.feeds.get(&feed).copied().flatten()
    }

    /// Who gets a source.
    pub(super) fn feeds_of(&self, source: PeerId) -> &[PeerId] {
        self.sources
            .get(&source)
            .map_or(&[], |source| source.feeds.as_slice())
    }

    /// What of a source is forwarded.
    pub(super) fn flow(&self, source: PeerId) -> Flow {
        self.sources
            .get(&source)
            .map_or(Flow::ALL, |source| source.flow)
    }

    /// Sets that; what it was before.
    pub(super) fn set_flow(&mut self, source: PeerId, flow: Flow) -> Flow {
        let source = self.sources.entry(source).or_insert(Source::new());
        std::mem::replace(&mut source.flow, flow)
    }

    /// Makes a source of what a leg sends, or lets it be of another leg from now on.
    pub(super) fn open_voice(&mut self, voice: PeerId, worker: usize, leg: LegId) {
        self.free_leg(voice);
        let source = self.sources.entry(voice).or_insert(Source::new());
        source.voice = Some(Voice {
            worker,
            leg,
            worst: None,
        });
        self.by_leg.insert(leg, voice);
    }

    pub(super) fn is_voice(&self, peer: PeerId) -> bool {
        let source = self.sources.get(&peer);
        source.is_some_and(|source| source.voice.is_some())
    }

    /// The voice of a leg.
    pub(super) fn of_leg(&self, leg: LegId) -> Option<PeerId> {
        self.by_leg.get(&leg).copied()
    }

    pub(super) fn move_leg(&mut self, leg: LegId, worker: usize) {
        let source = self.of_leg(leg).and_then(|v| self.sources.get_mut(&v));
        if let Some(voice) = source.and_then(|source| source.voice.as_mut()) {
            voice.worker = worker;
        }
    }

    /// Where a feed's report of such a loss goes: to the leg of its voice, unless another feed fares worse.
    pub(super) fn worse(&mut self, now: Instant, feed: PeerId, lost: u8) -> Option<(usize, LegId)> {
        let source = self.source_of(feed)?;
        let voice = self.sources.get_mut(&source)?.voice.as_mut()?;
        let better = |(worst, until)| lost < worst && now < until;
        if voice.worst.is_some_and(better) {
            return None;
        }
        voice.worst = Some((lost, now + WORST_COUNTS));
        Some((voice.worker, voice.leg))
    }

    /// Forgets a feed, or a source, whose feeds get nothing from now on.
    pub(super) fn remove(&mut self, peer: PeerId) {
        if let Some(source) = self.feeds.remove(&peer).flatten()
            && let Some(source) = self.sources.get_mut(&source)
        {
            source.feeds.retain(|feed| *feed != peer);
        }
        self.free_leg(peer);
        for feed in self.sources.remove(&peer).map_or(Vec::new(), |s| s.feeds) {
            self.feeds.insert(feed, None);
        }
    }

    fn free_leg(&mut self, voice: PeerId) {
        let source = self.sources.get_mut(&voice);
        if let Some(old) = source.and_then(|source| source.voice.take())
            && self.by_leg.get(&old.leg) == Some(&voice)
        {
            self.by_leg.remove(&old.leg);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: PeerId = PeerId(1);

    #[test]
    fn a_source_has_so_many_feeds_and_no_more() {
        let mut sources = Sources::default();
        for n in 0..FEEDS_PER_SOURCE as u64 {
            assert!(sources.subscribe(PeerId(100 + n), SOURCE));
        }
        assert!(!sources.subscribe(PeerId(7), SOURCE));
        assert!(!sources.is_feed(PeerId(7)));
        sources.remove(PeerId(100));
        assert!(sources.subscribe(PeerId(7), SOURCE));
        assert_eq!(sources.feed_count(), FEEDS_PER_SOURCE);
    }

    #[test]
    fn feeds_outlive_their_source_and_nothing_stays_behind() {
        let mut sources = Sources::default();
        let (feed, leg) = (PeerId(2), LegId(9));
        sources.open_voice(SOURCE, 0, leg);
        assert!(sources.subscribe(feed, SOURCE));
        assert_eq!(sources.of_leg(leg), Some(SOURCE));
        // Another leg takes its place.
        sources.open_voice(SOURCE, 1, LegId(10));
        assert_eq!(
            (sources.of_leg(leg), sources.of_leg(LegId(10))),
            (None, Some(SOURCE))
        );
        assert_eq!(sources.feeds_of(SOURCE), [feed]);
        sources.remove(SOURCE);
        assert!(sources.is_feed(feed) && !sources.is_voice(SOURCE));
        assert_eq!(sources.source_of(feed), None);
        sources.remove(feed);
        assert!(sources.feeds.is_empty() && sources.sources.is_empty());
        assert!(sources.by_leg.is_empty());
    }

    #[test]
    fn a_voice_hears_of_the_feed_that_fares_worst() {
        let mut sources = Sources::default();
        let (now, leg) = (Instant::now(), LegId(9));
        sources.open_voice(SOURCE, 0, leg);
        sources.move_leg(leg, 3);
        for feed in [2, 3] {
            sources.subscribe(PeerId(feed), SOURCE);
        }
        assert_eq!(sources.worse(now, PeerId(2), 50), Some((3, leg)));
        assert_eq!(sources.worse(now, PeerId(3), 10), None);
        assert_eq!(sources.worse(now, PeerId(3), 60), Some((3, leg)));
        let later = now + WORST_COUNTS;
        assert_eq!(sources.worse(later, PeerId(3), 0), Some((3, leg)));
        assert_eq!(sources.worse(later, PeerId(4), 99), None);
    }
}
