//! What flows: datagrams of browsers in, what peers leave out, audio to and from the media threads, video from one
//! browser to another.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use media::control::{PeerId, WebReport};
use media::webrtc::{Happening, VideoPacket};

use super::Peers;
use crate::web_io::stun;

/// Packets of one media thread taken in a round.
const AUDIO_PER_TURN: usize = 2048;

impl Peers {
    /// Reads from one of our ports; says whether there may be more.
    pub(in crate::web_io) fn read(
        &mut self,
        now: Instant,
        socket: usize,
        batch: usize,
        buffer: &mut [u8],
    ) -> bool {
        for _ in 0..batch {
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
        let peer = match stun::asked_for(datagram) {
            Some(name) => self.table.by_name(name),
            None if stun::is_stun(datagram) => self.table.at_or_probed(from),
            None => self.table.at(from),
        };
        let taken = peer.filter(|&peer| {
            self.with(now, peer, |p, out| p.receive(now, from, to, datagram, out)) == Some(true)
        });
        match taken {
            None => self.counters.strangers.add(1),
            Some(peer) => self.table.heard(now, peer, from, to),
        }
    }

    /// Takes what the legs say to browsers.
    pub(in crate::web_io) fn take_audio(&mut self, now: Instant) {
        for lane in 0..self.lanes.len() {
            for _ in 0..AUDIO_PER_TURN {
                let Some(mut parcel) = self.lanes[lane].pop() else {
                    break;
                };
                let peer = self.table.of_leg(parcel.leg());
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
                Happening::Audio(datagram) => self.audio(peer, &datagram),
                Happening::Video(packet) => self.video(now, peer, &packet),
                Happening::KeyframeWanted => self.ask_source(now, peer),
                Happening::BitrateLimit(bits) => {
                    if let Some(source) = self.table.linked(peer) {
                        self.with(now, source, |p, out| p.limit_bitrate(now, bits, out));
                    }
                }
                Happening::Connected => {
                    self.reports.send(WebReport::Connected { peer });
                    // It saw nothing of the video so far, and cannot begin in the middle of it.
                    self.ask_source(now, peer);
                }
                Happening::Ended(why) => {
                    self.table.remove(peer);
                    self.counters.peers.set(self.table.len() as u64);
                    self.reports.send(WebReport::Ended { peer, why });
                }
            }
        }
    }

    fn audio(&mut self, peer: PeerId, datagram: &[u8]) {
        let leg = self.table.get(peer).and_then(|entry| entry.leg);
        // Without a leg nobody listens, which is what was wished for.
        let Some((worker, leg)) = leg else { return };
        let lane = self.lanes.get_mut(worker);
        if !lane.is_some_and(|lane| lane.push(leg, datagram)) {
            self.counters.audio_dropped.add(1);
        }
    }

    fn video(&mut self, now: Instant, peer: PeerId, packet: &VideoPacket) {
        let viewer = self.table.linked(peer);
        let sent = viewer.and_then(|v| self.with(now, v, |p, out| p.send_video(now, packet, out)));
        if sent == Some(true) {
            self.counters.video_forwarded.add(1);
        } else {
            self.counters.video_refused.add(1);
        }
    }
}
