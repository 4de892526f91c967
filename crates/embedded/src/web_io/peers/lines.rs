//! The video of desk phones: lines with their ports, and what flows between them and the browsers.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use media::control::{PeerId, TransportFailure, VideoSpec, WebReport};
use media::rtp::rtcp::ntp_time;
use media::webrtc::{Forwarding, VideoPacket};
use media::{LineHappening, Port, VideoLine};
use mio::{Registry, Token};
use rand::Rng;

use super::Peers;
use crate::media_io::port_pool::PortPool;
use crate::media_io::sockets::{Sockets, VIDEO_CLASS};

/// A line and when it wants time to pass.
struct Entry {
    line: VideoLine,
    due: Option<Instant>,
}

/// All lines.
pub(in crate::web_io) struct Lines {
    entries: HashMap<PeerId, Entry>,
    sockets: Sockets<PeerId>,
    due: BTreeSet<(Instant, PeerId)>,
}

impl Lines {
    /// Ready to open lines on ports of the pool; tokens from `first_token` on are theirs.
    pub(in crate::web_io) fn new(registry: Registry, pool: PortPool, first_token: usize) -> Self {
        Self {
            entries: HashMap::new(),
            sockets: Sockets::new(registry, pool, first_token, VIDEO_CLASS),
            due: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn has(&self, peer: PeerId) -> bool {
        self.entries.contains_key(&peer)
    }

    fn open(
        &mut self,
        now: Instant,
        peer: PeerId,
        bind: IpAddr,
        line: VideoLine,
    ) -> Result<SocketAddr, TransportFailure> {
        if self.has(peer) {
            return Err(TransportFailure::Exists);
        }
        let (rtp, _) = self.sockets.bind(now, peer, bind)?;
        self.entries.insert(peer, Entry { line, due: None });
        Ok(rtp)
    }

    fn remove(&mut self, now: Instant, peer: PeerId) {
        if let Some(entry) = self.entries.remove(&peer) {
            self.sockets.release(now, peer);
            if let Some(due) = entry.due {
                self.due.remove(&(due, peer));
            }
        }
    }

    /// Notes when a line wants time to pass next.
    fn reschedule(&mut self, peer: PeerId) {
        let Some(entry) = self.entries.get_mut(&peer) else {
            return;
        };
        let due = entry.line.due();
        if due != entry.due {
            if let Some(old) = entry.due {
                self.due.remove(&(old, peer));
            }
            if let Some(due) = due {
                self.due.insert((due, peer));
            }
            entry.due = due;
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    fn ids(&self) -> Vec<PeerId> {
        self.entries.keys().copied().collect()
    }

    /// Whether whole pictures of what a line gets are of use.
    pub(super) fn watches(&self, peer: PeerId) -> bool {
        let entry = self.entries.get(&peer);
        entry.is_some_and(|entry| entry.line.watches())
    }
}

impl Peers {
    pub(super) fn open_line(&mut self, now: Instant, peer: PeerId, bind: IpAddr) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let ntp = ntp_time(since.unwrap_or_default().as_micros() as u64);
        let line = VideoLine::new(now, ntp, self.rng.random());
        let opened = if self.table.has(peer) {
            Err(TransportFailure::Exists)
        } else {
            self.lines.open(now, peer, bind, line)
        };
        self.reports.send(match opened {
            Ok(local) => WebReport::LineOpened { peer, local },
            Err(why) => WebReport::Refused {
                peer,
                why: format!("no ports for video: {why:?}"),
            },
        });
    }

    pub(super) fn describe_line(&mut self, now: Instant, peer: PeerId, spec: VideoSpec) {
        self.with_line(now, peer, |line, _| line.describe(now, spec));
        // What was agreed may be seen only now, by either side.
        self.ask_source(now, peer);
        if let Some(other) = self.links.of(peer) {
            self.ask_source(now, other);
        }
    }

    pub(super) fn close_line(&mut self, now: Instant, peer: PeerId) {
        self.with_line(now, peer, |line, out| line.close(out));
        self.lines.remove(now, peer);
    }

    /// Does something with a line, and everything that follows from it.
    pub(super) fn with_line<T>(
        &mut self,
        now: Instant,
        peer: PeerId,
        what: impl FnOnce(&mut VideoLine, &mut Vec<LineHappening>) -> T,
    ) -> Option<T> {
        let entry = self.lines.entries.get_mut(&peer)?;
        let mut out = self.spare_line.pop().unwrap_or_default();
        let result = what(&mut entry.line, &mut out);
        self.lines.reschedule(peer);
        for happening in out.drain(..) {
            match happening {
                LineHappening::SendRtp { to, bytes } => self.send_from(peer, Port::Rtp, to, &bytes),
                LineHappening::SendRtcp { to, bytes } => {
                    self.send_from(peer, Port::Rtcp, to, &bytes);
                }
                LineHappening::Video(packet) => self.line_video(now, peer, &packet),
                LineHappening::PictureWanted => self.ask_source(now, peer),
                LineHappening::PictureAsked => self.counters.keyframes_asked.add(1),
                LineHappening::AskBySignalling => {
                    self.counters.keyframes_asked.add(1);
                    self.reports.send(WebReport::PictureWanted { peer });
                }
            }
        }
        self.spare_line.push(out);
        Some(result)
    }

    fn send_from(&mut self, peer: PeerId, port: Port, to: SocketAddr, bytes: &[u8]) {
        if self.lines.sockets.send(peer, port, to, bytes) {
            self.counters.datagrams_out.add(1);
        } else {
            self.counters.send_failures.add(1);
        }
    }

    /// A phone's picture, for whoever it is linked with.
    fn line_video(&mut self, now: Instant, peer: PeerId, packet: &VideoPacket) {
        match self.links.of(peer) {
            Some(viewer) => self.show(now, viewer, packet),
            None => self.counters.video_refused.add(1),
        }
    }

    /// Passes a packet of video on to one who sees it.
    pub(super) fn show(&mut self, now: Instant, viewer: PeerId, packet: &VideoPacket) {
        let shown = if self.lines.has(viewer) {
            self.with_line(now, viewer, |line, out| line.send(now, packet, out))
        } else {
            self.with(now, viewer, |p, out| p.send_video(now, packet, out))
        };
        match shown {
            Some(Forwarding::Sent) => self.counters.video_forwarded.add(1),
            Some(Forwarding::Held) => {}
            Some(Forwarding::Refused) | None => self.counters.video_refused.add(1),
        }
    }

    /// Reads from one port of a line; says whether there may be more.
    pub(in crate::web_io) fn read_line(
        &mut self,
        now: Instant,
        token: Token,
        batch: usize,
        buffer: &mut [u8],
    ) -> bool {
        for _ in 0..batch {
            // A line may have been closed because of what it was sent.
            let Some((peer, port, socket)) = self.lines.sockets.at(token) else {
                return false;
            };
            match socket.recv_from(buffer) {
                Ok((length, from)) => {
                    self.counters.datagrams_in.add(1);
                    let datagram = &buffer[..length];
                    let taken = self.with_line(now, peer, |line, out| match port {
                        Port::Rtcp => line.receive_rtcp(now, from, datagram, out),
                        Port::Rtp | Port::Web | Port::Unicast => {
                            line.receive(now, from, datagram, out)
                        }
                    });
                    if taken != Some(true) {
                        self.counters.strangers.add(1);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return false,
                // A phone's port is closed (ICMP): the next datagrams may still be good.
                Err(_) => {}
            }
        }
        true
    }

    /// Lets time pass for the lines that want it.
    pub(super) fn pass_time_of_lines(&mut self, now: Instant) {
        while let Some(&(due, peer)) = self.lines.due.first()
            && due <= now
        {
            self.lines.due.remove(&(due, peer));
            if let Some(entry) = self.lines.entries.get_mut(&peer) {
                entry.due = None;
            }
            self.with_line(now, peer, |line, out| line.timeout(now, out));
        }
    }

    /// Says good-bye to all phones.
    pub(super) fn close_lines(&mut self, now: Instant) {
        for peer in self.lines.ids() {
            self.close_line(now, peer);
        }
    }
}
