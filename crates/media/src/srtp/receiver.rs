//! Uncovering what is received.

use super::replay::Replay;
use super::sender::ENCRYPTED;
use super::session::{Nonces, Session};
use super::suite::MasterKey;
use super::{index_near, rtp_header_bytes, word};

/// Streams of one peer that are told apart: phones begin another one after a hold or a transfer. Only genuine packets
/// make a stream; the one that was heard longest ago makes room.
const STREAMS: usize = 16;

/// One stream of the peer.
#[derive(Clone, Copy, Default)]
struct Stream {
    ssrc: u32,
    rtp: Replay,
    rtcp: Replay,
    /// When it was heard last, in packets; 0: this place is free.
    heard: u64,
}

/// One direction of a leg.
pub struct Receiver {
    master: MasterKey,
    rtp: Session,
    rtcp: Session,
    streams: [Stream; STREAMS],
    packets: u64,
}

impl Receiver {
    /// `None` when the crypto library refuses the key.
    #[must_use]
    pub fn new(master: MasterKey) -> Option<Self> {
        Some(Self {
            master,
            rtp: Session::rtp(&master)?,
            rtcp: Session::rtcp(&master)?,
            streams: [Stream::default(); STREAMS],
            packets: 0,
        })
    }

    /// What it was made with.
    #[must_use]
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// Checks and uncovers an RTP packet in place; `None`: not genuine, or it came before.
    pub fn open_rtp<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a mut [u8]> {
        let head_bytes = rtp_header_bytes(datagram)?;
        let end = datagram.len().checked_sub(self.rtp.tag_bytes())?;
        if end < head_bytes {
            return None;
        }
        let ssrc = word(datagram, 8)?;
        let sequence = u16::from_be_bytes([datagram[2], datagram[3]]);
        let place = self.place(ssrc);
        let mut replay = place.map_or_else(Replay::default, |at| self.streams[at].rtp);
        let index = match replay.highest() {
            Some(highest) => index_near(highest, sequence)?,
            None => u64::from(sequence),
        };
        if !replay.admits(index) {
            return None;
        }
        let (head, rest) = datagram.split_at_mut(head_bytes);
        self.rtp.open_rtp(Nonces { ssrc, index }, head, rest)?;
        replay.note(index);
        self.genuine(ssrc).rtp = replay;
        Some(&mut datagram[..end])
    }

    /// Checks and uncovers an RTCP packet in place; `None`: not genuine, or it came before.
    pub fn open_rtcp<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a mut [u8]> {
        let tag_bytes = self.rtcp.tag_bytes();
        let end = datagram
            .len()
            .checked_sub(tag_bytes + 4)
            .filter(|end| *end >= 8)?;
        let is_aead = self.master.suite().is_aead();
        let trailer = word(datagram, if is_aead { end + tag_bytes } else { end })?;
        // One that is not encrypted was not agreed on.
        if trailer & ENCRYPTED == 0 {
            return None;
        }
        let index = u64::from(trailer & !ENCRYPTED);
        let ssrc = word(datagram, 4)?;
        let place = self.place(ssrc);
        let mut replay = place.map_or_else(Replay::default, |at| self.streams[at].rtcp);
        if !replay.admits(index) {
            return None;
        }
        let (packet, behind) = datagram.split_at_mut(end);
        let (head, body) = packet.split_at_mut(8);
        let tag = if is_aead {
            &behind[..tag_bytes]
        } else {
            &behind[4..]
        };
        let nonces = Nonces { ssrc, index };
        self.rtcp
            .open_rtcp(nonces, head, body, trailer.to_be_bytes(), tag)?;
        replay.note(index);
        self.genuine(ssrc).rtcp = replay;
        Some(&mut datagram[..end])
    }

    fn place(&self, ssrc: u32) -> Option<usize> {
        self.streams
            .iter()
            .position(|stream| stream.heard > 0 && stream.ssrc == ssrc)
    }

    /// The stream of a genuine packet, made when it is the first.
    fn genuine(&mut self, ssrc: u32) -> &mut Stream {
        self.packets += 1;
        let oldest = || {
            let by_age = |at: &usize| self.streams[*at].heard;
            (0..STREAMS).min_by_key(by_age).unwrap_or(0)
        };
        let known = self.place(ssrc);
        let at = known.unwrap_or_else(oldest);
        let stream = &mut self.streams[at];
        if known.is_none() {
            *stream = Stream {
                ssrc,
                ..Stream::default()
            };
        }
        stream.heard = self.packets;
        stream
    }
}
