//! The video of an RTP peer, a desk phone: plain packets in and out, never decoded.
//!
//! Nothing here opens a socket or reads a clock. A line takes what others send as [`VideoPacket`]s and gives the peer's
//! packets away as such, so that it can be linked with a browser's [`Peer`](crate::webrtc::Peer) or with another line. The
//! peer sees one stream for ever: one SSRC, numbers and timestamps that go on whoever is passed on to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::control::{Asking, VideoSpec};
use crate::rtp::packet::is_rtcp;
use crate::rtp::reception::Arrival;
use crate::rtp::rtcp::{self, Control};
use crate::rtp::{Circumstances, Latch, Packet, Reception, Sending};
use crate::webrtc::keyframe_wishes::KeyframeWishes;
use crate::webrtc::viewing::{Verdict, Viewing};
use crate::webrtc::{Forwarding, VideoPacket};

/// RTP clock of all video. RFC 3551 §5.
const CLOCK_HZ: u32 = 90_000;
/// A phone is asked through its signalling at most this often: it takes longer, and may go through proxies.
const SIGNALLED_PAUSE: Duration = Duration::from_secs(1);

/// What came of a call into a line.
#[derive(Debug, PartialEq, Eq)]
pub enum LineHappening {
    /// A datagram is to be sent from the RTP port.
    SendRtp {
        /// Where to.
        to: SocketAddr,
        /// The datagram.
        bytes: Vec<u8>,
    },
    /// A datagram is to be sent from the RTCP port.
    SendRtcp {
        /// Where to.
        to: SocketAddr,
        /// The datagram.
        bytes: Vec<u8>,
    },
    /// The peer sent a packet of video.
    Video(VideoPacket),
    /// The peer, or this line for it, needs a whole picture of what is passed on to it.
    PictureWanted,
    /// The peer is to be asked for a whole picture through its signalling.
    AskBySignalling,
    /// The peer was asked for a whole picture by RTCP.
    PictureAsked,
}

/// The video of one RTP peer.
pub struct VideoLine {
    agreed: Option<Agreed>,
    reception: Reception,
    sending: Sending,
    control: Control,
    viewing: Viewing,
    wishes: KeyframeWishes,
    rng: StdRng,
    began: Instant,
    /// NTP time when it began.
    ntp: u64,
    heard_us: u64,
    /// Counts requests of the kind that is numbered.
    asked: u8,
}

/// What was negotiated, and where the peer really is.
struct Agreed {
    spec: VideoSpec,
    latch: Latch,
}

impl VideoLine {
    /// A line that knows nothing of its peer yet. `ntp` is the time now ([`rtcp::ntp_time`]).
    #[must_use]
    pub fn new(now: Instant, ntp: u64, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        // Numbers begin at random. RFC 3550 §5.1.
        let sending = Sending::of_pictures(rng.random(), rng.random(), rng.random());
        Self {
            agreed: None,
            reception: Reception::new(CLOCK_HZ),
            sending,
            control: Control::new(0, &mut rng),
            viewing: Viewing::everything(None),
            wishes: KeyframeWishes::default(),
            rng,
            began: now,
            ntp,
            heard_us: 0,
            asked: 0,
        }
    }

    /// Takes what was negotiated, the first or a later time; what was learnt of the peer stays while it is where it was.
    pub fn describe(&mut self, now: Instant, spec: VideoSpec) {
        let before = self.agreed.as_ref();
        let latch = Latch::new(
            spec.remote,
            Some(spec.rtcp),
            true,
            before.map(|before| &before.latch),
        );
        if before.is_some_and(|before| before.spec.codec != spec.codec) {
            self.viewing.begin_anew();
        }
        if spec.asking == Asking::Signalled {
            self.wishes.pause_for(SIGNALLED_PAUSE);
        }
        self.heard_us = self.us(now);
        self.agreed = Some(Agreed { spec, latch });
    }

    /// Takes a datagram that came to the RTP port. `false`: it is not RTP, of another payload type, or from a stranger.
    pub fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<LineHappening>,
    ) -> bool {
        if is_rtcp(datagram) {
            return self.receive_rtcp(now, from, datagram, out);
        }
        let now_us = self.us(now);
        let silence_us = now_us.saturating_sub(self.heard_us);
        let before = self.reception.ssrc();
        let taken = self.agreed.as_mut().zip(Packet::parse(datagram));
        let taken = taken.filter(|(agreed, packet)| {
            packet.payload_type == agreed.spec.receive_payload_type && !packet.payload.is_empty()
        });
        let Some((agreed, packet)) = taken else {
            return false;
        };
        let arrival = Circumstances {
            silence_us,
            same_stream: before == Some(packet.ssrc),
            wanted: agreed.spec.direction.receives(),
        };
        if !agreed.latch.admits(from, arrival) {
            return false;
        }
        self.heard_us = now_us;
        match self.reception.arrive(packet.ssrc, packet.sequence) {
            Arrival::Part(_) | Arrival::Restart(_) => {}
            Arrival::Duplicate | Arrival::Suspect => return true,
        }
        self.reception.measure(packet.timestamp, now_us);
        if !agreed.spec.direction.receives() {
            return true;
        }
        let packet = VideoPacket {
            format: agreed.spec.codec,
            layer: 0,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            marker: packet.marker,
            turned: None,
            payload: Arc::from(packet.payload),
        };
        if self.wishes.waits(0) && packet.begins_keyframe() {
            self.wishes.came(0);
        }
        out.push(LineHappening::Video(packet));
        true
    }

    /// Takes a datagram that came to the RTCP port. `false`: it is not RTCP, or from a stranger.
    pub fn receive_rtcp(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<LineHappening>,
    ) -> bool {
        let (now_us, ntp) = (self.us(now), self.ntp_at(now));
        let ours = self.sending.ssrc();
        let Some(agreed) = self.agreed.as_mut().filter(|a| a.latch.knows(from)) else {
            return false;
        };
        if !self.control.receive(now_us, ntp, ours, CLOCK_HZ, datagram) {
            return false;
        }
        agreed.latch.learn_rtcp(from);
        if self.control.take_picture_wanted() && agreed.spec.direction.sends() {
            out.push(LineHappening::PictureWanted);
        }
        true
    }

    /// Sends a packet of somebody's video to the peer.
    pub fn send(
        &mut self,
        now: Instant,
        packet: &VideoPacket,
        out: &mut Vec<LineHappening>,
    ) -> Forwarding {
        let now_us = self.us(now);
        let Some(agreed) = &self.agreed else {
            return Forwarding::Refused;
        };
        if agreed.spec.codec != packet.format {
            return Forwarding::Refused;
        }
        if !agreed.spec.direction.sends() {
            // What it misses now it cannot build on later.
            self.viewing.begin_anew();
            return Forwarding::Held;
        }
        match self
            .viewing
            .judge(now, packet.layer, || packet.begins_keyframe())
        {
            Verdict::Send => {}
            Verdict::Begin => self.sending.expect_new_source(),
            Verdict::Hold => return Forwarding::Held,
            Verdict::HoldAndAsk => {
                out.push(LineHappening::PictureWanted);
                return Forwarding::Held;
            }
        }
        let theirs = Packet {
            marker: packet.marker,
            payload_type: agreed.spec.send_payload_type,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
            payload: &packet.payload,
        };
        let payload_type = agreed.spec.send_payload_type;
        let Some(ours) = self.sending.relayed(now_us, &theirs, payload_type) else {
            return Forwarding::Held;
        };
        let mut bytes = ours.header().to_vec();
        bytes.extend_from_slice(ours.payload);
        let to = agreed.latch.rtp_to();
        out.push(LineHappening::SendRtp { to, bytes });
        Forwarding::Sent
    }

    /// What is passed on to the peer comes from elsewhere from now on: nothing of it goes out before a whole picture.
    pub fn expect_new_video(&mut self) {
        self.viewing.begin_anew();
    }

    /// Whether whole pictures of what is passed on are of use.
    #[must_use]
    pub fn watches(&self) -> bool {
        let agreed = self.agreed.as_ref();
        agreed.is_some_and(|agreed| agreed.spec.direction.sends())
    }

    /// Asks the peer for a whole picture: now, or, if it was asked a moment ago, after a moment.
    pub fn ask_for_picture(&mut self, now: Instant, out: &mut Vec<LineHappening>) {
        let sends = |agreed: &Agreed| agreed.spec.direction.receives();
        if self.agreed.as_ref().is_some_and(sends) && self.wishes.wish(now, 0) {
            self.ask(now, out);
        }
    }

    fn ask(&mut self, now: Instant, out: &mut Vec<LineHappening>) {
        let Some(agreed) = &self.agreed else { return };
        let asking = agreed.spec.asking;
        if asking == Asking::Signalled {
            out.push(LineHappening::AskBySignalling);
            return;
        }
        // Before its first packet nobody knows whom to ask, and that packet begins a whole picture.
        let Some(sender) = self.reception.ssrc() else {
            return;
        };
        let ours = self.sending.ssrc();
        self.asked = self.asked.wrapping_add(1);
        let number = self.asked;
        self.report(now, out, |bytes| match asking {
            Asking::FullIntra => rtcp::write::full_intra_request(ours, sender, number, bytes),
            Asking::PictureLoss | Asking::Signalled => {
                rtcp::write::picture_loss(ours, sender, bytes);
            }
        });
        out.push(LineHappening::PictureAsked);
    }

    /// Sends a report with what stands behind it.
    fn report(
        &mut self,
        now: Instant,
        out: &mut Vec<LineHappening>,
        behind: impl FnOnce(&mut Vec<u8>),
    ) {
        let (now_us, ntp) = (self.us(now), self.ntp_at(now));
        let Some(agreed) = &self.agreed else { return };
        let mut bytes = Vec::with_capacity(96);
        self.control.report(
            now_us,
            ntp,
            &self.sending,
            &mut self.reception,
            &mut self.rng,
            &mut bytes,
        );
        behind(&mut bytes);
        out.push(control(&agreed.latch, bytes));
    }

    /// Lets time pass: to be called when [`VideoLine::due`] is reached, and any time before.
    pub fn timeout(&mut self, now: Instant, out: &mut Vec<LineHappening>) {
        if self.wishes.take_due(now).is_some() {
            self.ask(now, out);
        }
        if self.agreed.is_some() && self.control.is_due(self.us(now)) {
            self.report(now, out, |_| {});
        }
    }

    /// When [`VideoLine::timeout`] wants to be called next; `None`: not before something is agreed.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.agreed.as_ref()?;
        let report = self.began + Duration::from_micros(self.control.due_us());
        Some(self.wishes.due().map_or(report, |ask| ask.min(report)))
    }

    /// Says good-bye, if there was anything to say good-bye to.
    pub fn close(&mut self, out: &mut Vec<LineHappening>) {
        let Some(agreed) = self.agreed.take().filter(|_| self.sending.packets > 0) else {
            return;
        };
        let mut bytes = Vec::with_capacity(64);
        rtcp::write::bye(self.sending.ssrc(), &mut bytes);
        out.push(control(&agreed.latch, bytes));
    }

    fn us(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.began).as_micros() as u64
    }

    fn ntp_at(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.began).as_nanos();
        self.ntp
            .wrapping_add(((passed << 32) / 1_000_000_000) as u64)
    }
}

/// A control datagram, from the port the peer expects it of.
fn control(latch: &Latch, bytes: Vec<u8>) -> LineHappening {
    let to = latch.rtcp_to();
    if latch.is_multiplexed() {
        LineHappening::SendRtp { to, bytes }
    } else {
        LineHappening::SendRtcp { to, bytes }
    }
}

#[cfg(test)]
mod tests;
