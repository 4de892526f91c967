//! The peers there are: who they are, what they are told, when they end.

mod feeds;
mod lines;
mod links;
mod sources;
mod table;
mod traffic;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use media::LineHappening;
use media::control::{LegId, PeerEnd, PeerId, PeerWish, WebAgreed, WebCommand, WebReport};
use media::webrtc::{Happening, Peer, PeerSettings, Refusal};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::WebCounters;
use super::reports::ReportLane;
use super::sockets::Sockets;
use crate::media_io::web_lane::WebEnd;
pub(super) use lines::Lines;
use links::Links;
use sources::{Flow, Sources};
use table::{Entry, Table};

/// All peers, and what they need of the world. Lives on their thread.
pub(super) struct Peers {
    /// `None`: no browsers are expected, only phones.
    settings: Option<PeerSettings>,
    sockets: Sockets,
    lanes: Vec<WebEnd>,
    reports: ReportLane,
    counters: Arc<WebCounters>,
    table: Table,
    links: Links,
    sources: Sources,
    lines: Lines,
    rng: StdRng,
    /// What calls leave, kept to reuse its memory; likewise who gets a packet, and the packet for a leg.
    spare: Vec<Vec<Happening>>,
    spare_line: Vec<Vec<LineHappening>>,
    viewers: Vec<PeerId>,
    plain: Vec<u8>,
}

impl Peers {
    pub(super) fn new(
        settings: Option<PeerSettings>,
        sockets: Sockets,
        lanes: Vec<WebEnd>,
        lines: Lines,
        reports: ReportLane,
        counters: Arc<WebCounters>,
    ) -> Self {
        Self {
            settings,
            sockets,
            lanes,
            reports,
            counters,
            table: Table::default(),
            links: Links::default(),
            sources: Sources::default(),
            lines,
            rng: StdRng::from_os_rng(),
            spare: Vec::new(),
            spare_line: Vec::new(),
            viewers: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Does what the switch wants.
    pub(super) fn command(&mut self, now: Instant, command: WebCommand) {
        match command {
            WebCommand::Accept { peer, offer, wish } => {
                self.make(now, peer);
                let taken = self.with(now, peer, |p, out| p.accept(now, &offer, &wish, out));
                if let Some((answer, agreed)) = self.judge(peer, taken) {
                    self.agree(now, peer, Some(&wish));
                    self.reports.send(WebReport::Answered {
                        peer,
                        answer,
                        agreed,
                    });
                }
            }
            WebCommand::Offer { peer, wish } => {
                self.make(now, peer);
                let made = self.with(now, peer, |p, out| p.offer(now, &wish, out));
                if let Some(offer) = self.judge(peer, made) {
                    self.remember(now, peer, Some(&wish));
                    self.reports.send(WebReport::Offered { peer, offer });
                }
            }
            WebCommand::TakeAnswer { peer, answer } => {
                if !self.table.has(peer) {
                    return;
                }
                let taken = self.with(now, peer, |p, out| p.take_answer(now, &answer, out));
                let agreed: Option<WebAgreed> = self.judge(peer, taken);
                if let Some(agreed) = agreed {
                    self.agree(now, peer, None);
                    self.reports.send(WebReport::Agreed { peer, agreed });
                }
            }
            WebCommand::Trickle { peer, candidate } => {
                self.with(now, peer, |p, out| p.trickle(now, &candidate, out));
            }
            WebCommand::OpenFeed { peer, source } => self.open_feed(now, peer, source),
            WebCommand::OpenVoice { peer, leg } => self.open_voice(peer, leg),
            WebCommand::SetFlow { peer, audio, video } => {
                self.set_flow(now, peer, Flow { audio, video });
            }
            WebCommand::LimitBitrate {
                peer,
                bits_per_second,
            } => self.limit(now, peer, bits_per_second),
            WebCommand::LinkVideo { a, b } => self.link(now, a, b),
            WebCommand::UnlinkVideo { a, b } => self.links.unlink(a, b),
            WebCommand::OpenLine { peer, bind } => self.open_line(now, peer, bind),
            WebCommand::DescribeLine { peer, spec } => self.describe_line(now, peer, spec),
            WebCommand::AskForPicture { peer } => self.ask_source(now, peer),
            WebCommand::Close { peer } => {
                self.close_line(now, peer);
                self.with(now, peer, |p, out| p.close(now, out));
                self.remove(peer);
            }
        }
        self.show_numbers();
    }

    /// Forgets a peer or a voice.
    fn remove(&mut self, peer: PeerId) {
        self.table.remove(peer);
        self.links.remove(peer);
        self.sources.remove(peer);
    }

    fn show_numbers(&self) {
        self.counters.peers.set(self.table.len() as u64);
        let feeds = self.sources.feed_count();
        self.counters.feeds.set(feeds as u64);
        self.counters.lines.set(self.lines.len() as u64);
    }

    /// A peer of that name, made if there is none.
    fn make(&mut self, now: Instant, peer: PeerId) {
        if let Some(settings) = self.settings.as_ref().filter(|_| !self.table.has(peer)) {
            let made = Peer::new(settings, now, self.rng.random());
            self.table.insert(peer, Entry::new(made, now));
        }
    }

    /// Tells of a refusal; a peer that has agreed on nothing yet goes with it.
    fn judge<T>(&mut self, peer: PeerId, outcome: Option<Result<T, Refusal>>) -> Option<T> {
        let refusal = match outcome {
            Some(Ok(value)) => return Some(value),
            Some(Err(refusal)) => refusal.to_string(),
            None if self.settings.is_none() => "WebRTC is not configured".to_owned(),
            None => "the peer failed".to_owned(),
        };
        if self.table.get(peer).is_some_and(|entry| !entry.agreed) {
            self.remove(peer);
        }
        self.reports.send(WebReport::Refused { peer, why: refusal });
        None
    }

    fn agree(&mut self, now: Instant, peer: PeerId, wish: Option<&PeerWish>) {
        if let Some(entry) = self.table.get_mut(peer) {
            entry.agreed = true;
        }
        self.remember(now, peer, wish);
        if self.table.get_mut(peer).is_some_and(Entry::changed_layers) {
            self.show_anew(now, peer);
        }
        // What was agreed may be seen by the other side of a video link only now. A feed asks when it is connected.
        if !self.sources.is_feed(peer) {
            self.ask_source(now, peer);
        }
    }

    /// Keeps the tables true after a description: another leg, other credentials.
    fn remember(&mut self, now: Instant, peer: PeerId, wish: Option<&PeerWish>) {
        if let Some(wish) = wish {
            self.table.set_leg(peer, wish.leg);
        }
        self.table.learn_name(peer);
        self.with(now, peer, |p, out| p.timeout(now, out));
    }

    /// A leg lives on another media worker now.
    pub(super) fn leg_moved(&mut self, leg: LegId, worker: usize) {
        self.table.move_leg(leg, worker);
        self.sources.move_leg(leg, worker);
    }

    fn link(&mut self, now: Instant, a: PeerId, b: PeerId) {
        let there = |peer: &PeerId| self.table.has(*peer) || self.lines.has(*peer);
        if ![a, b].iter().all(there) || !self.links.link(a, b) {
            return;
        }
        for (viewer, source) in [(a, b), (b, a)] {
            self.show_source(now, viewer, source);
        }
    }

    /// All who see a source begin anew with it.
    fn show_anew(&mut self, now: Instant, source: PeerId) {
        let viewers = self.viewers(source);
        for &viewer in &viewers {
            self.show_source(now, viewer, source);
        }
        self.keep_viewers(viewers);
    }

    /// What a viewer sees is of that source from now on, or in other layers than before, or begins anew.
    fn show_source(&mut self, now: Instant, viewer: PeerId, source: PeerId) {
        self.with_line(now, viewer, |line, _| line.expect_new_video());
        let source = self.table.get(source).map(|source| &source.peer);
        let layered = source.filter(|source| source.sending().layered);
        let rates = layered.map(|source| source.rates());
        self.with(now, viewer, |p, out| {
            p.expect_new_video();
            if let Some(rates) = rates {
                p.measured(now, &rates, out);
            }
        });
        self.ask_source(now, viewer);
    }

    /// Asks whoever a peer sees for a whole picture, if it sees anything now.
    fn ask_source(&mut self, now: Instant, viewer: PeerId) {
        let linked = self.links.of(viewer);
        let source = linked.or_else(|| self.sources.source_of(viewer));
        let layer = match self.table.get(viewer) {
            Some(entry) => entry.peer.wanted_layer(),
            None => self.lines.watches(viewer).then_some(0),
        };
        if let (Some(source), Some(layer)) = (source, layer)
            && self.sources.flow(source).video
        {
            self.with_line(now, source, |line, out| line.ask_for_picture(now, out));
            self.with(now, source, |p, out| p.ask_for_keyframe(now, layer, out));
        }
    }

    /// Who gets what a peer sends; to be given back by [`Peers::keep_viewers`].
    fn viewers(&mut self, source: PeerId) -> Vec<PeerId> {
        let mut viewers = std::mem::take(&mut self.viewers);
        viewers.clear();
        viewers.extend(self.links.of(source));
        viewers.extend_from_slice(self.sources.feeds_of(source));
        viewers
    }

    fn keep_viewers(&mut self, viewers: Vec<PeerId>) {
        self.viewers = viewers;
    }

    /// Does something with a peer, and everything that follows from it. `None`: there is no such peer, or the library
    /// failed on it, which ends that one peer and not the thread.
    fn with<T>(
        &mut self,
        now: Instant,
        peer: PeerId,
        what: impl FnOnce(&mut Peer, &mut Vec<Happening>) -> T,
    ) -> Option<T> {
        let entry = self.table.get_mut(peer)?;
        let mut out = self.spare.pop().unwrap_or_default();
        let done = catch_unwind(AssertUnwindSafe(|| what(&mut entry.peer, &mut out)));
        let result = match done {
            Ok(result) => Some(result),
            Err(_) => {
                tracing::error!(peer = peer.0, "The library of the WebRTC peers failed");
                self.counters.failures.add(1);
                out.clear();
                out.push(Happening::Ended(PeerEnd::Socket));
                None
            }
        };
        self.table.reschedule(peer, now);
        self.carry(now, peer, &mut out);
        out.clear();
        self.spare.push(out);
        result
    }

    /// When a peer wants time to pass.
    pub(super) fn due(&self) -> Option<Instant> {
        [self.table.due(), self.lines.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets time pass for all peers that want it.
    pub(super) fn pass_time(&mut self, now: Instant) {
        while let Some(peer) = self.table.take_due(now) {
            self.with(now, peer, |p, out| p.timeout(now, out));
        }
        self.pass_time_of_lines(now);
    }

    /// Ends a round: wakes the media threads that were sent something, hands reports over. Says whether some had to
    /// be kept.
    pub(super) fn end_round(&mut self, began: Instant) -> bool {
        for lane in &mut self.lanes {
            lane.wake();
        }
        let kept = self.reports.flush();
        self.counters
            .busy_us
            .add(began.elapsed().as_micros() as u64);
        kept
    }

    /// Says good-bye to all browsers and phones.
    pub(super) fn close_all(&mut self, now: Instant) {
        self.close_lines(now);
        for peer in self.table.ids() {
            self.with(now, peer, |p, out| p.close(now, out));
        }
    }
}

#[cfg(test)]
mod tests;
