//! What flows: datagrams of browsers in, what peers leave out, audio to and from the media threads, video and the sound of
//! rooms from one browser to others.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use media::control::{LegId, PeerId, WebReport};
use media::webrtc::{AudioPacket, Forwarding, Happening, Rates, VideoPacket};

use super::Peers;
use crate::web_io::stun;

/// Packets of one media thread taken in a round.
const AUDIO_PER_TURN: usize = 2048;
/// Datagrams sent because of those read, before other things get their turn: in a big room one makes dozens.
const SENT_PER_TURN: u64 = 1024;
/// Where a receiver report with one block says which share was lost. RFC 3550 §6.4.2.
const FRACTION_LOST: usize = 12;

impl Peers {
    /// Reads from one of our ports; says whether there may be more.
    pub(in crate::web_io) fn read(
        &mut self,
        now: Instant,
        socket: usize,
        batch: usize,
        buffer: &mut [u8],
    ) -> bool {
        let sent_before = self.counters.datagrams_out.get();
        for _ in 0..batch {
            if self.counters.datagrams_out.get() - sent_before >= SENT_PER_TURN {
                return true;
            }
            match self.sockets.read(socket, buffer) {
                None => return false,
                Some(Ok((length, from, to))) => {
                    self.counters.datagrams_in.add(1);
                    self.datagram(now, from, to, &buffer[..length]);
                }
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // A browser's port is closed (ICMP): the next datagrams may still be good.
                Some(Err(_)) => {}
            }
        }
        true
    }

    /// Finds the peer of a datagram: by whom a check asks for, or by where it comes from.
    fn datagram(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let way = (from, to);
        let name = stun::asked_for(datagram);
        let is_check = name.is_some();
        let is_answer = !is_check && stun::is_stun(datagram);
        let peer = match name {
            None if is_answer => self.answered(now, way, datagram),
            None => self.table.at(from),
            Some(name) => self.table.by_name(name),
        };
        let taken = peer.filter(|&peer| is_answer || self.takes(now, peer, way, datagram));
        match taken {
            None => self.counters.strangers.add(1),
            Some(peer) if is_check || is_answer => self.table.heard(now, peer, way, is_check),
            Some(_) => {}
        }
    }

    /// Who took an answer to a check.
    fn answered(
        &mut self,
        now: Instant,
        way: (SocketAddr, SocketAddr),
        datagram: &[u8],
    ) -> Option<PeerId> {
        let mut n = 0;
        while let Some(peer) = self.table.prober(way.0, n) {
            if self.takes(now, peer, way, datagram) {
                return Some(peer);
            }
            n += 1;
        }
        None
    }

    fn takes(
        &mut self,
        now: Instant,
        peer: PeerId,
        (from, to): (SocketAddr, SocketAddr),
        datagram: &[u8],
    ) -> bool {
        self.with(now, peer, |p, out| p.receive(now, from, to, datagram, out)) == Some(true)
    }

    /// Takes what the legs say to browsers.
    pub(in crate::web_io) fn take_audio(&mut self, now: Instant) {
        for lane in 0..self.lanes.len() {
            for _ in 0..AUDIO_PER_TURN {
                let Some(mut parcel) = self.lanes[lane].pop() else {
                    break;
                };
                let peer = self.table.of_leg(parcel.leg());
                if peer.is_none()
                    && let Some(voice) = self.sources.of_leg(parcel.leg())
                {
                    self.speak(now, voice, parcel.datagram());
                    continue;
                }
                let sent = peer.and_then(|peer| {
                    self.with(now, peer, |p, out| {
                        p.send_audio(now, parcel.datagram(), out)
                    })
                });
                if sent != Some(true) {
                    self.counters.audio_refused.add(1);
                }
            }
        }
    }

    /// Carries out what a peer left, and tells whom it concerns.
    pub(super) fn carry(&mut self, now: Instant, peer: PeerId, out: &mut Vec<Happening>) {
        for happening in out.drain(..) {
            match happening {
                Happening::Send { from, to, bytes } => {
                    if stun::is_request(&bytes) {
                        self.table.probed(peer, to);
                    }
                    if self.sockets.send(from, to, &bytes) {
                        self.counters.datagrams_out.add(1);
                    } else {
                        self.counters.send_failures.add(1);
                    }
                }
                Happening::Audio(packet) => self.audio(now, peer, &packet),
                Happening::AudioReport(report) => self.audio_report(now, peer, &report),
                Happening::Video(packet) => self.video(now, peer, &packet),
                Happening::Measured(rates) => self.measured(now, peer, &rates),
                Happening::KeyframeWanted => self.ask_source(now, peer),
                Happening::KeyframeAsked => self.counters.keyframes_asked.add(1),
                Happening::BitrateLimit(bits) => {
                    // One of many in a room does not decide what the others see.
                    if let Some(source) = self.links.of(peer) {
                        self.with(now, source, |p, out| p.limit_bitrate(now, bits, out));
                    }
                }
                Happening::Connected => {
                    self.reports.send(WebReport::Connected { peer });
                    // It saw nothing of the video so far, and cannot begin in the middle of it.
                    self.ask_source(now, peer);
                }
                Happening::Ended(why) => {
                    self.remove(peer);
                    self.show_numbers();
                    self.reports.send(WebReport::Ended { peer, why });
                }
            }
        }
    }

    /// A browser's sound: to its leg, and to its feeds.
    fn audio(&mut self, now: Instant, peer: PeerId, packet: &AudioPacket) {
        if !self.sources.flow(peer).audio {
            return;
        }
        // Without a leg no media thread listens, which is what was wished for.
        if let Some((worker, leg)) = self.table.get(peer).and_then(|entry| entry.leg) {
            let mut plain = std::mem::take(&mut self.plain);
            plain.clear();
            packet.write_to(&mut plain);
            self.hand_to_leg(worker, leg, &plain);
            self.plain = plain;
        }
        self.forward_audio(now, peer, packet);
    }

    /// What a leg says as a voice.
    fn speak(&mut self, now: Instant, voice: PeerId, datagram: &[u8]) {
        if !self.sources.flow(voice).audio || self.sources.feeds_of(voice).is_empty() {
            return;
        }
        match AudioPacket::of_voice(datagram) {
            Some(packet) => self.forward_audio(now, voice, &packet),
            None => self.counters.audio_refused.add(1),
        }
    }

    fn forward_audio(&mut self, now: Instant, source: PeerId, packet: &AudioPacket) {
        let mut feeds = std::mem::take(&mut self.viewers);
        feeds.clear();
        feeds.extend_from_slice(self.sources.feeds_of(source));
        for &feed in &feeds {
            match self.with(now, feed, |p, out| p.forward_audio(now, packet, out)) {
                Some(Forwarding::Sent) => self.counters.audio_forwarded.add(1),
                Some(Forwarding::Held) => {}
                Some(Forwarding::Refused) | None => self.counters.audio_refused.add(1),
            }
        }
        self.keep_viewers(feeds);
    }

    /// How a browser gets what a leg says: the leg's codec prepares for losses.
    fn audio_report(&mut self, now: Instant, peer: PeerId, report: &[u8]) {
        let own = self.table.get(peer).and_then(|entry| entry.leg);
        let fraction_lost = report.get(FRACTION_LOST).copied().unwrap_or_default();
        let leg = own.or_else(|| self.sources.worse(now, peer, fraction_lost));
        // In a room, nobody here encodes what a browser says.
        if let Some((worker, leg)) = leg {
            self.hand_to_leg(worker, leg, report);
        }
    }

    fn hand_to_leg(&mut self, worker: usize, leg: LegId, datagram: &[u8]) {
        let lane = self.lanes.get_mut(worker);
        if !lane.is_some_and(|lane| lane.push(leg, datagram)) {
            self.counters.audio_dropped.add(1);
        }
    }

    fn video(&mut self, now: Instant, peer: PeerId, packet: &VideoPacket) {
        if !self.sources.flow(peer).video {
            return;
        }
        let viewers = self.viewers(peer);
        if viewers.is_empty() {
            self.counters.video_refused.add(1);
        }
        for &viewer in &viewers {
            self.show(now, viewer, packet);
        }
        self.keep_viewers(viewers);
    }

    fn measured(&mut self, now: Instant, source: PeerId, rates: &Rates) {
        let viewers = self.viewers(source);
        for &viewer in &viewers {
            self.with(now, viewer, |p, out| p.measured(now, rates, out));
        }
        self.keep_viewers(viewers);
    }
}
