//! From frames to packets of the negotiated length.

use crate::codec::Encoder;
use crate::control::{Codec, CodecSpec, OpusSending};
use crate::frame::{Ears, TICK_MS};

/// Cuts what frames bring into packets and encodes them. Between ticks it holds less than one packet.
pub(crate) struct Packetiser {
    encoder: Encoder,
    pub(crate) spec: CodecSpec,
    pub(crate) opus: OpusSending,
    /// Samples not yet sent, of both channels in turn where the encoder takes two.
    pending: Vec<i16>,
    /// Samples of a packet, of all channels.
    packet_samples: usize,
    channels: usize,
    /// Length of a packet in units of the RTP clock.
    packet_ticks: u32,
    payload: Vec<u8>,
    /// Bytes of the packet of the last [`Packetiser::push`]; 0: there was none.
    latest: usize,
    /// Nothing was sent before.
    idle: bool,
    /// The share of packets the peer lacks, in percent.
    expected_loss: u8,
    /// What was sent last came from another encoder, so that this one does not know what the peer remembers.
    is_behind: bool,
}

/// What packets of several legs have in common, so that one can be sent to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Format {
    /// With the payload type 0: each leg has its own.
    spec: CodecSpec,
    opus: OpusSending,
}

/// From so much loss on, in percent, Opus carries copies of its packets: that is for each peer as it needs it.
const LOSSY_PERCENT: u8 = 6;

impl Packetiser {
    pub(crate) fn new(spec: CodecSpec, opus: OpusSending) -> Self {
        let ptime_ms = u32::from(spec.ptime_ms.clamp(10, 60));
        let per_ms = spec.sampling_rate_hz() / 1000;
        let encoder = Encoder::new(spec, opus);
        let channels = encoder.channels();
        let packet_samples = (per_ms * ptime_ms) as usize * channels;
        Self {
            encoder,
            spec,
            opus,
            pending: Vec::with_capacity(packet_samples + (per_ms * TICK_MS) as usize * channels),
            packet_samples,
            channels,
            packet_ticks: spec.clock_rate_hz / 1000 * ptime_ms,
            payload: vec![0; spec.codec.longest_payload(spec.clock_rate_hz)],
            latest: 0,
            idle: true,
            expected_loss: 0,
            is_behind: false,
        }
    }

    /// Whether two channels can be sent.
    pub(crate) fn is_stereo(&self) -> bool {
        self.channels == 2
    }

    /// What its packets have in common with those of other legs; `None`: they are its own. A packet is that of a tick; G.722
    /// would need the whole past of a stream to go on with another one.
    pub(crate) fn format(&self) -> Option<Format> {
        let lasts_a_tick = u32::from(self.spec.ptime_ms) == TICK_MS;
        let is_joinable = match self.spec.codec {
            Codec::Pcmu | Codec::Pcma | Codec::L16 => true,
            Codec::G722 => false,
            Codec::Opus => self.expected_loss < LOSSY_PERCENT,
        };
        (lasts_a_tick && is_joinable).then_some(Format {
            spec: CodecSpec {
                payload_type: 0,
                ..self.spec
            },
            opus: self.opus,
        })
    }

    /// The packet of this tick and its length in units of the RTP clock; nothing where silence is said by saying nothing.
    pub(crate) fn latest(&self) -> Option<(&[u8], u32)> {
        (self.latest > 0).then(|| (&self.payload[..self.latest], self.packet_ticks))
    }

    /// A packet of another encoder is sent in place of one of ours, or nothing; says whether sound begins with it.
    pub(crate) fn stand_aside(&mut self, is_sent: bool) -> bool {
        self.pending.clear();
        self.is_behind = true;
        std::mem::replace(&mut self.idle, !is_sent) && is_sent
    }

    /// What the peer heard last came from another encoder: forgets its own, to take in that of the other.
    pub(crate) fn begin_anew(&mut self) {
        self.pending.clear();
        self.encoder.restart();
    }

    /// Takes in what another encoder sent to the peer, a tick of it.
    pub(crate) fn take_in(&mut self, heard: Ears<'_>) {
        self.gather(heard);
        if self.pending.len() == self.packet_samples {
            self.encoder.encode(&self.pending, &mut self.payload);
        }
        self.pending.clear();
    }

    /// The next packet follows on those of another encoder.
    pub(crate) fn stand_alone(&mut self) {
        self.encoder.stand_alone();
        self.is_behind = false;
    }

    /// Adds what is heard to what is pending.
    fn gather(&mut self, heard: Ears<'_>) {
        let mid = heard.mid.samples();
        if self.channels == 1 {
            self.pending.extend_from_slice(mid);
            return;
        }
        self.encoder.send_both(heard.side.is_some());
        match heard.side {
            Some(side) => {
                let both = mid.iter().zip(side.samples());
                self.pending.extend(both.flat_map(|(mid, side)| {
                    [mid.saturating_add(*side), mid.saturating_sub(*side)]
                }));
            }
            None => self.pending.extend(mid.iter().flat_map(|mid| [*mid, *mid])),
        }
    }

    /// Takes what is heard; `send(payload, ticks, resumes)` is called for each packet that completes.
    pub(crate) fn push(&mut self, heard: Ears<'_>, mut send: impl FnMut(&[u8], u32, bool)) {
        if std::mem::take(&mut self.is_behind) {
            self.encoder.restart();
        }
        self.latest = 0;
        self.gather(heard);
        let whole = self.pending.len() / self.packet_samples * self.packet_samples;
        for samples in self.pending[..whole].chunks_exact(self.packet_samples) {
            match self.encoder.encode(samples, &mut self.payload) {
                // The codec says silence by saying nothing.
                0 => self.idle = true,
                length => {
                    self.latest = length;
                    let resumes = std::mem::take(&mut self.idle);
                    send(&self.payload[..length], self.packet_ticks, resumes);
                }
            }
        }
        self.pending.drain(..whole);
    }

    /// Nothing is said in this tick: what is pending will never be a packet.
    pub(crate) fn pause(&mut self) {
        self.pending.clear();
        self.latest = 0;
        self.idle = true;
    }

    /// The peer tells what share of our packets it lacks, in percent.
    pub(crate) fn expect_loss(&mut self, percent: u8) {
        self.expected_loss = percent;
        self.encoder.expect_loss(percent);
    }
}
