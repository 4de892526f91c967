//! The network side of an RTP leg: who the peer is, what it sends, what we send it.

use std::net::SocketAddr;

use rand::rngs::StdRng;

use super::negotiated::Negotiated;
use super::packetiser::{Format, Packetiser};
use super::scratch::Scratch;
use crate::control::{
    CodecSpec, LegId, LegProtection, LegSpec, LegStats, MediaReport, TelephoneEvent,
};
use crate::frame::{Ears, Frame};
use crate::output::{Output, Port};
use crate::rtp::reception::Arrival;
use crate::rtp::rtcp::{self, Control};
use crate::rtp::telephone_event::{EventReceiver, EventSender, Pressed};
use crate::rtp::{Circumstances, Evenness, Packet, Protection, Reception, Sending};

/// Comfort noise. RFC 3389; it fills pauses and carries no sound we play.
const COMFORT_NOISE: u8 = 13;

/// Everything about one peer.
pub(crate) struct RtpSide {
    /// Where RTP goes out and comes in.
    carrier: Port,
    pub(crate) local: Option<(SocketAddr, SocketAddr)>,
    negotiated: Option<Negotiated>,
    protection: Protection,
    pub(crate) reception: Reception,
    evenness: Evenness,
    pub(crate) sending: Sending,
    control: Control,
    events: EventReceiver,
    stats: LegStats,
    heard_us: u64,
    /// Something came since the last tick.
    has_come: bool,
    timeout_told: bool,
    /// Bounds of what the jitter buffer adds, milliseconds.
    delay_ms: Option<(u16, u16)>,
}

/// What an RTP datagram was.
pub(crate) enum Received<'a> {
    /// Nothing to pass on.
    Nothing,
    /// Sound in one of our formats.
    Audio {
        packet: Packet<'a>,
        sequence: u64,
        format: u8,
        spec: CodecSpec,
    },
    /// A telephone-event, and the digits it completed.
    Event {
        packet: Packet<'a>,
        pressed: [Option<Pressed>; 2],
    },
}

impl RtpSide {
    pub(crate) fn new(carrier: Port, sending: Sending, now_us: u64, rng: &mut StdRng) -> Self {
        Self {
            carrier,
            local: None,
            negotiated: None,
            protection: Protection::default(),
            reception: Reception::new(8000),
            evenness: Evenness::default(),
            sending,
            control: Control::new(now_us, rng),
            events: EventReceiver::new(8000),
            stats: LegStats::default(),
            heard_us: now_us,
            has_come: false,
            timeout_told: false,
            delay_ms: None,
        }
    }

    /// Whether a WebRTC peer stands between us and the other end: it checks who sends, protects what is
    /// sent, and speaks RTCP for itself.
    fn is_web(&self) -> bool {
        self.carrier == Port::Web
    }

    /// Whether its ports are not bound yet.
    pub(crate) fn is_unbound(&self) -> bool {
        !self.is_web() && self.local.is_none()
    }

    /// Takes a negotiation, keeping what still fits; returns the rate of the leg.
    pub(crate) fn set_remote(&mut self, now_us: u64, spec: &LegSpec) -> u32 {
        let mut negotiated = Negotiated::new(spec, self.negotiated.take());
        negotiated.playout.jitter.bound(self.delay_ms);
        let send = negotiated.packetiser.spec;
        self.reception
            .set_clock_rate(negotiated.playout.clock_rate_hz());
        self.sending.set_clock_rate(send.clock_rate_hz);
        self.events.set_clock_rate(send.clock_rate_hz);
        self.negotiated = Some(negotiated);
        self.heard_us = now_us;
        self.timeout_told = false;
        send.sampling_rate_hz()
    }

    /// Takes what was agreed about protection. A peer of WebRTC has its own.
    pub(crate) fn protect(&mut self, protection: LegProtection) {
        if !self.is_web() {
            self.protection.agree(protection);
        }
    }

    /// Bounds what the jitter buffer adds, in this negotiation and those to come.
    pub(crate) fn bound_delay(&mut self, ms: Option<(u16, u16)>) {
        self.delay_ms = ms;
        if let Some(negotiated) = &mut self.negotiated {
            negotiated.playout.jitter.bound(ms);
        }
    }

    /// Drops what is buffered of what the peer says.
    pub(crate) fn flush(&mut self) {
        if let Some(negotiated) = &mut self.negotiated {
            negotiated.playout.reset();
        }
    }

    /// What we send, if we may.
    pub(crate) fn sends(&self) -> Option<CodecSpec> {
        let negotiated = self.negotiated.as_ref()?;
        negotiated
            .direction
            .sends()
            .then_some(negotiated.packetiser.spec)
    }

    /// Whether the peer plays two channels.
    pub(crate) fn is_stereo(&self) -> bool {
        self.negotiated
            .as_ref()
            .is_some_and(|n| n.packetiser.is_stereo())
    }

    /// Whether digits travel as events.
    pub(crate) fn sends_events(&self) -> bool {
        self.negotiated
            .as_ref()
            .is_some_and(|n| n.telephone_event.is_some())
    }

    /// Rate in which lengths of events are counted.
    pub(crate) fn event_rate_hz(&self) -> u32 {
        self.telephone_event()
            .map_or(8000, |event| event.clock_rate_hz)
    }

    /// Takes an RTP datagram.
    pub(crate) fn receive<'a>(
        &mut self,
        now_us: u64,
        from: SocketAddr,
        datagram: &'a mut [u8],
    ) -> Received<'a> {
        let web = self.is_web();
        let Some(negotiated) = &mut self.negotiated else {
            // Early media before the answer: nothing says yet what it is.
            self.stats.refused += 1;
            return Received::Nothing;
        };
        let Some(packet) = self
            .protection
            .open_rtp(datagram)
            .and_then(|plain| Packet::parse(plain))
        else {
            self.stats.refused += 1;
            return Received::Nothing;
        };
        let arrival = Circumstances {
            silence_us: now_us.saturating_sub(self.heard_us),
            same_stream: self.reception.ssrc() == Some(packet.ssrc),
            wanted: negotiated.direction.receives(),
        };
        if !web && !negotiated.latch.admits(from, arrival) {
            self.stats.refused += 1;
            return Received::Nothing;
        }
        self.heard_us = now_us;
        self.timeout_told = false;
        self.has_come = true;
        self.stats.packets_in += 1;
        self.stats.bytes_in += packet.payload.len() as u64;
        let sequence = match self.reception.arrive(packet.ssrc, packet.sequence) {
            Arrival::Part(sequence) => sequence,
            Arrival::Restart(sequence) => {
                negotiated.playout.reset();
                self.events.reset();
                self.evenness.restart();
                sequence
            }
            Arrival::Duplicate | Arrival::Suspect => return Received::Nothing,
        };
        if !negotiated.direction.receives() {
            return Received::Nothing;
        }
        if negotiated
            .telephone_event
            .is_some_and(|event| event.receive == packet.payload_type)
        {
            negotiated.playout.jitter.skip(now_us, sequence);
            self.stats.events_in += 1;
            let pressed = self
                .events
                .receive(now_us, packet.timestamp, packet.payload);
            return Received::Event { packet, pressed };
        }
        let Some((format, spec)) = negotiated.playout.format(packet.payload_type) else {
            negotiated.playout.jitter.skip(now_us, sequence);
            if packet.payload_type == COMFORT_NOISE {
                self.stats.comfort_noise_in += 1;
            } else {
                self.stats.refused += 1;
            }
            return Received::Nothing;
        };
        self.reception.set_clock_rate(spec.clock_rate_hz);
        self.reception.measure(packet.timestamp, now_us);
        let spoken_us = unwrapped_us(packet.timestamp, spec.clock_rate_hz, now_us);
        self.evenness.take(sequence, spoken_us, now_us);
        Received::Audio {
            packet,
            sequence,
            format,
            spec,
        }
    }

    /// Keeps a packet for the next ticks.
    pub(crate) fn buffer(
        &mut self,
        now_us: u64,
        packet: &Packet<'_>,
        sequence: u64,
        format: u8,
        rate_hz: u32,
    ) {
        let Some(negotiated) = &mut self.negotiated else {
            return;
        };
        let jitter = &mut negotiated.playout.jitter;
        let spoken_us = unwrapped_us(packet.timestamp, rate_hz, now_us);
        jitter.observe(now_us, spoken_us);
        if !jitter.insert(now_us, sequence, format, packet.payload) {
            self.stats.late = jitter.late;
        }
    }

    /// The packets pass by: what was buffered is not played any more.
    pub(crate) fn bypass(&mut self) {
        if let Some(negotiated) = &mut self.negotiated
            && !negotiated.playout.is_empty()
        {
            negotiated.playout.reset();
        }
    }

    /// Sends a peer's packet on as ours. `false`: it may not go.
    pub(crate) fn relay(
        &mut self,
        now_us: u64,
        leg: LegId,
        packet: &Packet<'_>,
        payload_type: u8,
        out: &mut Output,
    ) -> bool {
        let Some(negotiated) = &mut self.negotiated else {
            return false;
        };
        let Some(packet) = self.sending.relayed(now_us, packet, payload_type) else {
            self.stats.not_relayed += 1;
            return false;
        };
        let route = (leg, self.carrier, negotiated.latch.rtp_to());
        transmit(route, &mut self.protection, &packet, out);
        negotiated.packetiser.pause();
        self.stats.relayed += 1;
        true
    }

    /// So many packets of events were passed on.
    pub(crate) fn count_events_out(&mut self, packets: u64) {
        self.stats.events_out += packets;
    }

    /// How events travel.
    pub(crate) fn telephone_event(&self) -> Option<TelephoneEvent> {
        self.negotiated.as_ref()?.telephone_event
    }

    /// Takes an RTCP datagram.
    pub(crate) fn receive_rtcp(
        &mut self,
        now_us: u64,
        ntp: u64,
        from: SocketAddr,
        datagram: &mut [u8],
    ) {
        let web = self.is_web();
        let Some(negotiated) = &mut self.negotiated else {
            return;
        };
        let known = web || negotiated.latch.knows(from);
        let rate_hz = negotiated.packetiser.spec.clock_rate_hz;
        let Some(plain) = self.protection.open_rtcp(datagram).filter(|_| known) else {
            self.stats.refused += 1;
            return;
        };
        let plain_bytes = plain.len() as u64;
        let understood = self
            .control
            .receive(now_us, ntp, self.sending.ssrc(), rate_hz, plain);
        if !understood {
            self.stats.refused += 1;
            return;
        }
        self.stats.rtcp_bytes_in += plain_bytes;
        if !web {
            negotiated.latch.learn_rtcp(from);
        }
        negotiated
            .packetiser
            .expect_loss(self.control.expected_loss_percent());
    }

    /// First half of a tick; `false` when the peer says nothing, and the frame is not to be used.
    pub(crate) fn listen(&mut self, now_us: u64, frame: &mut Frame, scratch: &mut Scratch) -> bool {
        let has_come = std::mem::take(&mut self.has_come);
        match &mut self.negotiated {
            Some(n) if n.direction.receives() => {
                self.stats.empty_ticks += u64::from(!has_come);
                n.playout.pull(now_us, frame, scratch)
            }
            Some(_) | None => false,
        }
    }

    /// Second half of a tick: sends a frame, or nothing.
    pub(crate) fn speak(
        &mut self,
        now_us: u64,
        leg: LegId,
        heard: Option<Ears<'_>>,
        out: &mut Output,
    ) {
        let Some(negotiated) = &mut self.negotiated else {
            return;
        };
        let Some(heard) = heard.filter(|_| negotiated.direction.sends()) else {
            negotiated.packetiser.pause();
            return;
        };
        let (sending, protection) = (&mut self.sending, &mut self.protection);
        let route = (leg, self.carrier, negotiated.latch.rtp_to());
        let payload_type = negotiated.packetiser.spec.payload_type;
        negotiated
            .packetiser
            .push(heard, |payload, ticks, resumes| {
                out.encoded += 1;
                let packet = sending.own(now_us, payload_type, ticks, resumes, payload);
                transmit(route, protection, &packet, out);
            });
    }

    /// What its packets have in common with those of others who hear the same; `None`: they are its own.
    pub(crate) fn format(&self) -> Option<Format> {
        self.negotiated
            .as_ref()
            .filter(|negotiated| negotiated.direction.sends())?
            .packetiser
            .format()
    }

    /// Its encoder.
    pub(crate) fn packetiser(&mut self) -> Option<&mut Packetiser> {
        self.negotiated.as_mut().map(|n| &mut n.packetiser)
    }

    /// Second half of a tick for who hears what another leg hears: sends what was encoded for that one.
    pub(crate) fn repeat(&mut self, now_us: u64, leg: LegId, other: &Self, out: &mut Output) {
        let (Some(negotiated), Some(other)) = (&mut self.negotiated, &other.negotiated) else {
            return;
        };
        let latest = other.packetiser.latest();
        let resumes = negotiated.packetiser.stand_aside(latest.is_some());
        let Some((payload, ticks)) = latest else {
            return;
        };
        let route = (leg, self.carrier, negotiated.latch.rtp_to());
        let payload_type = negotiated.packetiser.spec.payload_type;
        let packet = self
            .sending
            .own(now_us, payload_type, ticks, resumes, payload);
        transmit(route, &mut self.protection, &packet, out);
    }

    /// Sends a payload that somebody else has encoded, of so many units of the clock; `resumes`: there was a pause before.
    pub(crate) fn send_payload(
        &mut self,
        now_us: u64,
        leg: LegId,
        (payload, ticks): (&[u8], u32),
        resumes: bool,
        out: &mut Output,
    ) {
        let Some(negotiated) = &mut self.negotiated else {
            return;
        };
        negotiated.packetiser.stand_aside(true);
        let route = (leg, self.carrier, negotiated.latch.rtp_to());
        let payload_type = negotiated.packetiser.spec.payload_type;
        let packet = self
            .sending
            .own(now_us, payload_type, ticks, resumes, payload);
        transmit(route, &mut self.protection, &packet, out);
    }

    /// Timestamp for an event that begins now.
    pub(crate) fn begin_event(&mut self, now_us: u64) -> u32 {
        self.sending.begin_event(now_us)
    }

    /// Sends the packets of an event that are due in this tick.
    pub(crate) fn send_event(
        &mut self,
        now_us: u64,
        leg: LegId,
        event: &mut EventSender,
        out: &mut Output,
    ) {
        let Some(negotiated) = &mut self.negotiated else {
            return;
        };
        let Some(telephone_event) = negotiated.telephone_event else {
            return;
        };
        let route = (leg, self.carrier, negotiated.latch.rtp_to());
        negotiated.packetiser.pause();
        loop {
            let Some(next) = event.packet() else { return };
            if negotiated.direction.sends() {
                let bytes = next.payload.bytes();
                let packet = self.sending.event(
                    now_us,
                    telephone_event.send,
                    next.timestamp,
                    next.marker,
                    &bytes,
                );
                self.stats.events_out += 1;
                transmit(route, &mut self.protection, &packet, out);
            }
            if !event.is_ending() {
                return;
            }
        }
    }

    /// Ends an event whose end was lost.
    pub(crate) fn overdue_event(&mut self, now_us: u64) -> Option<Pressed> {
        self.events.tick(now_us)
    }

    /// Tells the switch when the peer has been silent for too long.
    pub(crate) fn watch(&mut self, now_us: u64, leg: LegId, out: &mut Output) {
        let Some(negotiated) = &self.negotiated else {
            return;
        };
        let Some(timeout_us) = negotiated.timeout_us else {
            return;
        };
        let silence_us = now_us.saturating_sub(self.heard_us);
        if negotiated.direction.receives() && silence_us >= timeout_us && !self.timeout_told {
            self.timeout_told = true;
            out.report(MediaReport::MediaTimeout {
                leg,
                silence_ms: silence_us / 1000,
            });
        }
    }

    /// Sends the RTCP report that is due.
    pub(crate) fn report(
        &mut self,
        now_us: u64,
        ntp: u64,
        leg: LegId,
        rng: &mut StdRng,
        out: &mut Output,
    ) {
        let Some(negotiated) = &self.negotiated else {
            return;
        };
        if self.is_web() || !self.control.is_due(now_us) {
            return;
        }
        let port = if negotiated.latch.is_multiplexed() {
            Port::Rtp
        } else {
            Port::Rtcp
        };
        out.transmit(leg, port, negotiated.latch.rtcp_to(), |bytes, start| {
            self.control
                .report(now_us, ntp, &self.sending, &mut self.reception, rng, bytes);
            self.protection.seal_rtcp(bytes, start);
        });
    }

    /// Says good-bye, if there was anything to say good-bye to.
    pub(crate) fn bye(&mut self, leg: LegId, out: &mut Output) {
        let Some(negotiated) = &self.negotiated else {
            return;
        };
        if self.is_web() || self.sending.packets == 0 {
            return;
        }
        let port = if negotiated.latch.is_multiplexed() {
            Port::Rtp
        } else {
            Port::Rtcp
        };
        out.transmit(leg, port, negotiated.latch.rtcp_to(), |bytes, start| {
            rtcp::write::bye(self.sending.ssrc(), bytes);
            self.protection.seal_rtcp(bytes, start);
        });
    }

    pub(crate) fn stats(&self) -> LegStats {
        let mut stats = self.stats;
        stats.packets_out = self.sending.packets;
        stats.bytes_out = self.sending.bytes;
        stats.lost = self.reception.lost();
        stats.duplicates = self.reception.duplicates;
        stats.reordered = self.reception.reordered;
        stats.jitter_us = self.reception.jitter_us();
        stats.measured = self.evenness.packets;
        stats.interval_us = self.evenness.mean_interval_us();
        stats.variance_us2 = self.evenness.variance_us2.unwrap_or_default();
        stats.missing_in_bursts = self.evenness.missing_in_bursts;
        if let Some(negotiated) = &self.negotiated {
            stats.late = negotiated.playout.jitter.late;
            stats.overflows = negotiated.playout.jitter.overflows;
            stats.largest_buffer = negotiated.playout.jitter.largest;
            stats.buffer_ms = negotiated.playout.jitter.depth_ms();
            stats.concealed_samples = negotiated.playout.concealed_samples;
        }
        self.control.fill(&mut stats);
        stats
    }
}

fn transmit(
    (leg, port, to): (LegId, Port, SocketAddr),
    protection: &mut Protection,
    packet: &Packet<'_>,
    out: &mut Output,
) {
    out.transmit(leg, port, to, |bytes, start| {
        bytes.extend_from_slice(&packet.header());
        bytes.extend_from_slice(packet.payload);
        protection.seal_rtp(bytes, start);
    });
}

/// A timestamp as microseconds near `now_us`, so that 32 bits do not wrap within what is compared.
fn unwrapped_us(timestamp: u32, rate_hz: u32, now_us: u64) -> u64 {
    let rate = u64::from(rate_hz.max(1));
    // Half a wrap is added so that the result cannot be negative.
    let now_ticks = (u128::from(now_us) * u128::from(rate) / 1_000_000) as u64 + (1 << 33);
    let distance = i64::from(timestamp.wrapping_sub(now_ticks as u32) as i32);
    now_ticks.saturating_add_signed(distance) * 1_000_000 / rate
}
