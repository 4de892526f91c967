//! A program in the place of a peer: samples or payloads, without RTP (event-socket.md §2.12, unicast).

use std::collections::VecDeque;

use crate::control::{Codec, CodecSpec, LegId, Unicast, UnicastTransport};
use crate::frame::Frame;
use crate::leg::Leg;
use crate::output::{Output, Port};

/// What waits to be heard at most; older sound makes place. The clock of a program is not ours.
const LONGEST_WAIT_MS: usize = 200;
/// Frames that wait before the first is heard, so that a program whose clock trembles is heard without holes.
const FRAMES_AHEAD: usize = 2;
/// Packets a phone or a program may pass on per tick in the long run, and at one time: three times what a phone sends
/// in packets of 20 ms. More are dropped, so that nobody makes us send more than they are worth.
const PACKETS_PER_TICK: u32 = 3;
const PACKETS_AT_ONCE: u32 = 12;
/// Behind so long a silence sound begins anew.
const PAUSE_US: u64 = 100_000;

/// One program.
pub(crate) struct UnicastSide {
    pub(crate) link: Unicast,
    /// Whether its socket is there.
    pub(crate) is_open: bool,
    /// Samples that wait to be heard.
    waiting: VecDeque<i16>,
    longest_wait: usize,
    flows: bool,
    /// Half a sample at the end of what a stream brought.
    odd: Option<u8>,
    to_program: Allowance,
    to_phone: Allowance,
    /// When a payload of the program last went to the phone.
    passed_us: Option<u64>,
}

/// Packets that may still go.
struct Allowance(u32);

impl Allowance {
    fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    fn refill(&mut self) {
        self.0 = (self.0 + PACKETS_PER_TICK).min(PACKETS_AT_ONCE);
    }
}

impl UnicastSide {
    pub(crate) fn new(link: Unicast, rate_hz: u32) -> Self {
        let longest_wait = rate_hz as usize / 1000 * LONGEST_WAIT_MS;
        Self {
            link,
            is_open: false,
            waiting: VecDeque::with_capacity(longest_wait),
            longest_wait,
            flows: false,
            odd: None,
            to_program: Allowance(PACKETS_AT_ONCE),
            to_phone: Allowance(PACKETS_AT_ONCE),
            passed_us: None,
        }
    }

    /// Forgets what waits to be heard.
    pub(crate) fn flush(&mut self) {
        self.waiting.clear();
        self.flows = false;
    }

    /// Takes samples of the program.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if let Some(low) = self.odd.take() {
            let Some((high, rest)) = bytes.split_first() else {
                self.odd = Some(low);
                return;
            };
            self.keep(i16::from_le_bytes([low, *high]));
            bytes = rest;
        }
        let (pairs, rest) = bytes.as_chunks::<2>();
        for pair in pairs {
            self.keep(i16::from_le_bytes(*pair));
        }
        // A datagram that ends within a sample is cut; a stream goes on with the other half.
        if self.link.transport == UnicastTransport::Tcp {
            self.odd = rest.first().copied();
        }
    }

    fn keep(&mut self, sample: i16) {
        if self.waiting.len() == self.longest_wait {
            self.waiting.pop_front();
        }
        self.waiting.push_back(sample);
    }

    /// First half of a tick: what does the program say? `false`: nothing, and the frame is not to be used.
    pub(crate) fn listen(&mut self, frame: &mut Frame) -> bool {
        self.to_program.refill();
        self.to_phone.refill();
        let samples = frame.samples_mut();
        if !self.flows && self.waiting.len() < FRAMES_AHEAD * samples.len() {
            return false;
        }
        self.flows = self.waiting.len() >= samples.len();
        let found = !self.waiting.is_empty();
        for sample in samples {
            *sample = self.waiting.pop_front().unwrap_or(0);
        }
        found
    }

    /// Second half of a tick: what does the program hear? Silence too: it may have no other clock.
    pub(crate) fn speak(&self, leg: LegId, said: &Frame, out: &mut Output) {
        if !self.is_open || self.link.native {
            return;
        }
        out.transmit(leg, Port::Unicast, self.link.remote, |bytes, _| {
            for sample in said.samples() {
                bytes.extend_from_slice(&sample.to_le_bytes());
            }
        });
    }

    /// A packet of the phone, for a program that wants it as it comes.
    pub(crate) fn pass_on(&mut self, leg: LegId, payload: &[u8], out: &mut Output) {
        if !self.link.native || !self.is_open || !self.to_program.take() {
            return;
        }
        out.transmit(leg, Port::Unicast, self.link.remote, |bytes, _| {
            bytes.extend_from_slice(payload);
        });
    }

    /// A payload of the program for its phone; nothing is sent while something else is heard in its place, or when it is
    /// none of the phone's codec.
    pub(crate) fn pass_back(
        &mut self,
        now_us: u64,
        payload: &[u8],
        phone: &mut Leg,
        out: &mut Output,
    ) {
        if !self.is_open || phone.is_shaped() {
            return;
        }
        let id = phone.id;
        let Some(side) = phone.rtp() else { return };
        let Some(ticks) = side.sends().and_then(|spec| ticks(spec, payload)) else {
            return;
        };
        if !self.to_phone.take() {
            return;
        }
        let before = self.passed_us.replace(now_us);
        let resumes = before.is_none_or(|before| now_us.saturating_sub(before) > PAUSE_US);
        side.send_payload(now_us, id, (payload, ticks), resumes, out);
    }
}

/// How long a payload lasts, in units of the RTP clock; `None`: it is none of that codec, or longer than one may be.
fn ticks(spec: CodecSpec, payload: &[u8]) -> Option<u32> {
    let bytes = u32::try_from(payload.len()).ok()?;
    let ticks = match spec.codec {
        // RFC 3551 §4.5.2: the clock of G.722 says 8000.
        Codec::Pcmu | Codec::Pcma | Codec::G722 => bytes,
        Codec::L16 => bytes.is_multiple_of(2).then_some(bytes / 2)?,
        Codec::Opus => opus_ticks(payload)?,
    };
    let longest = spec.clock_rate_hz / 1000 * spec.codec.longest_packet_ms();
    let fits = payload.len() <= spec.codec.longest_payload(spec.clock_rate_hz);
    (ticks > 0 && ticks <= longest && fits).then_some(ticks)
}

/// RFC 6716 §3.1: the first byte tells how long a frame is and how many there are.
fn opus_ticks(payload: &[u8]) -> Option<u32> {
    let toc = *payload.first()?;
    let frame = match toc >> 3 {
        silk @ 0..=11 => [480, 960, 1920, 2880][usize::from(silk & 3)],
        hybrid @ 12..=15 => [480, 960][usize::from(hybrid & 1)],
        celt => [120, 240, 480, 960][usize::from(celt & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*payload.get(1)? & 0x3f),
    };
    Some(frame * frames)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn side(transport: UnicastTransport) -> UnicastSide {
        let address: SocketAddr = "127.0.0.1:8026".parse().unwrap();
        let link = Unicast {
            local: address,
            remote: address,
            transport,
            native: false,
        };
        UnicastSide::new(link, 8000)
    }

    fn bytes(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|s| s.to_le_bytes()).collect()
    }

    #[test]
    fn a_stream_may_break_anywhere_and_a_datagram_is_cut() {
        let all = bytes(&(0..320).collect::<Vec<i16>>());
        let mut stream = side(UnicastTransport::Tcp);
        all.chunks(7).for_each(|part| stream.receive(part));
        let mut frame = Frame::silent(8000);
        assert!(stream.listen(&mut frame));
        assert_eq!(frame.samples(), (0..160).collect::<Vec<i16>>());
        let mut datagrams = side(UnicastTransport::Udp);
        datagrams.receive(&all[..321]);
        datagrams.receive(&all[..320]);
        assert!(datagrams.listen(&mut frame));
        assert_eq!(frame.samples()[159], 159);
        assert!(datagrams.listen(&mut frame));
        assert_eq!(frame.samples()[0], 0, "half a sample moved the rest");
    }

    #[test]
    fn what_waits_is_bounded_and_the_newest_is_kept() {
        let mut side = side(UnicastTransport::Udp);
        for n in 0..100 {
            side.receive(&bytes(&[n; 160]));
        }
        let mut frame = Frame::silent(8000);
        let mut heard = Vec::new();
        while side.listen(&mut frame) {
            heard.push(frame.samples()[0]);
        }
        assert_eq!(heard, (90..100).collect::<Vec<i16>>());
    }

    #[test]
    fn packets_are_as_many_as_phones_send_and_no_more() {
        let mut allowance = Allowance(PACKETS_AT_ONCE);
        let gone = (0..1000).filter(|_| allowance.take()).count();
        assert_eq!(gone, 12);
        allowance.refill();
        assert_eq!((0..1000).filter(|_| allowance.take()).count(), 3);
    }

    #[test]
    fn lengths_of_payloads() {
        let of = |spec: CodecSpec, payload: &[u8]| ticks(spec, payload);
        assert_eq!(of(CodecSpec::pcmu(), &[0; 160]), Some(160));
        assert_eq!(of(CodecSpec::pcmu(), &[]), None);
        assert_eq!(of(CodecSpec::pcmu(), &[0; 2000]), None);
        let opus = CodecSpec::opus(96);
        // SILK 20 ms, CELT 20 ms, CELT 10 ms twice, hybrid 20 ms thrice; nothing, and too long.
        assert_eq!(of(opus, &[0b0000_1000, 1]), Some(960));
        assert_eq!(of(opus, &[0b1001_1000, 1]), Some(960));
        assert_eq!(of(opus, &[0b1001_0001, 1]), Some(960));
        assert_eq!(of(opus, &[0b0110_1011, 3]), Some(2880));
        assert_eq!(of(opus, &[]), None);
        assert_eq!(of(opus, &[0b0001_1011, 63]), None);
    }
}
