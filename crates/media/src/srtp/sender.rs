//! Covering what is sent.

use super::session::{Nonces, Session};
use super::suite::MasterKey;
use super::{index_near, rtp_header_bytes, word};

/// Marks an RTCP packet as encrypted. RFC 3711 §3.4.
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// One direction of a leg: everything it sends has one SSRC.
pub struct Sender {
    master: MasterKey,
    rtp: Session,
    rtcp: Session,
    /// The highest packet so far, its wraps counted.
    highest: Option<u64>,
    /// Number of the next RTCP packet, 31 bits.
    rtcp_index: u32,
}

impl Sender {
    /// `None` when the crypto library refuses the key.
    #[must_use]
    pub fn new(master: MasterKey) -> Option<Self> {
        Some(Self {
            master,
            rtp: Session::rtp(&master)?,
            rtcp: Session::rtcp(&master)?,
            highest: None,
            rtcp_index: 0,
        })
    }

    /// What it was made with.
    #[must_use]
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// Covers the RTP packet at the end of `bytes`, from `start` on. `false`: it must not go.
    #[must_use]
    pub fn seal_rtp(&mut self, bytes: &mut Vec<u8>, start: usize) -> bool {
        self.try_rtp(bytes, start).is_some()
    }

    fn try_rtp(&mut self, bytes: &mut Vec<u8>, start: usize) -> Option<()> {
        let packet = bytes.get(start..)?;
        let head_bytes = rtp_header_bytes(packet)?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let index = match self.highest {
            Some(highest) => index_near(highest, sequence)?,
            None => u64::from(sequence),
        };
        self.highest = self.highest.max(Some(index));
        let nonces = Nonces {
            ssrc: word(packet, 8)?,
            index,
        };
        let end = bytes.len() - start;
        bytes.resize(bytes.len() + self.rtp.tag_bytes(), 0);
        let (head, rest) = bytes[start..].split_at_mut(head_bytes);
        let (body, tag) = rest.split_at_mut(end - head_bytes);
        self.rtp.seal_rtp(nonces, head, body, tag)
    }

    /// Covers the RTCP packet at the end of `bytes`, from `start` on. `false`: it must not go.
    #[must_use]
    pub fn seal_rtcp(&mut self, bytes: &mut Vec<u8>, start: usize) -> bool {
        self.try_rtcp(bytes, start).is_some()
    }

    fn try_rtcp(&mut self, bytes: &mut Vec<u8>, start: usize) -> Option<()> {
        let end = bytes.len().checked_sub(start).filter(|end| *end >= 8)?;
        // After so many the key is used up (RFC 3711 §9.2); at one a second that is 68 years.
        let index = Some(self.rtcp_index).filter(|index| *index < ENCRYPTED)?;
        self.rtcp_index += 1;
        let nonces = Nonces {
            ssrc: word(&bytes[start..], 4)?,
            index: u64::from(index),
        };
        let trailer = (index | ENCRYPTED).to_be_bytes();
        let tag_bytes = self.rtcp.tag_bytes();
        bytes.resize(bytes.len() + tag_bytes + 4, 0);
        let (head, rest) = bytes[start..].split_at_mut(8);
        let (body, behind) = rest.split_at_mut(end - 8);
        // AEAD writes its tag where its ciphertext ends, before the index (RFC 7714 §9.2); others behind it.
        let (tag, last) = if self.master.suite().is_aead() {
            behind.split_at_mut(tag_bytes)
        } else {
            let (last, tag) = behind.split_at_mut(4);
            (tag, last)
        };
        last.copy_from_slice(&trailer);
        self.rtcp.seal_rtcp(nonces, head, body, trailer, tag)
    }
}
