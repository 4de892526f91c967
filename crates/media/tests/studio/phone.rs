//! A simulated phone: says a tone, presses keys, keeps what it hears in the order it was meant.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jackfield_media as media;
use media::codec::{Decoder, Encoder};
use media::control::{Codec, CodecSpec, Digit, LegId, OpusSending};
use media::dsp::Oscillator;
use media::dsp::oscillator::amplitude;
use media::rtp::Packet;
use media::rtp::telephone_event::{EventReceiver, EventSender};

pub struct Phone {
    pub leg: LegId,
    pub address: SocketAddr,
    spec: CodecSpec,
    encoder: Encoder,
    decoder: Decoder,
    /// Clock of its events; 8000 with phones that know no other.
    pub event_clock_hz: u32,
    /// What sounds together.
    voice: Vec<Oscillator>,
    /// Its microphone hears its loudspeaker: so much later, milliseconds, and by this factor.
    pub echoes: Option<(usize, f64)>,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    spurt: bool,
    event: Option<EventSender>,
    events: EventReceiver,
    /// Samples by RTP timestamp; what never came is silent.
    pub heard: Vec<i16>,
    first_timestamp: Option<u32>,
    /// Both channels of what is heard, for who listens with two ears.
    pub ears: Option<Ears>,
    /// Payload type, sequence, timestamp, marker, SSRC and arrival of each packet.
    pub packets: Vec<(u8, u16, u32, bool, u32, u64)>,
    /// What each packet carried, in the order they came.
    pub payloads: Vec<Vec<u8>>,
    /// Opus packets that carry a copy of the one before (FEC).
    pub copies: usize,
    /// Digits that came as events.
    pub digits: String,
}

/// Two channels of Opus.
pub struct Ears {
    decoder: opus::Decoder,
    pub left: Vec<i16>,
    pub right: Vec<i16>,
}

impl Ears {
    fn hear(&mut self, payload: &[u8]) {
        let mut pairs = [0; 5760 * 2];
        let samples = self.decoder.decode(payload, &mut pairs, false);
        for pair in pairs[..samples.expect("the engine sends Opus") * 2].chunks_exact(2) {
            self.left.push(pair[0]);
            self.right.push(pair[1]);
        }
    }
}

pub fn address(leg: LegId) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 1, leg.0 as u8)), 4000)
}

impl Phone {
    pub fn new(leg: LegId, spec: CodecSpec, random: u64) -> Self {
        Self {
            leg,
            address: address(leg),
            spec,
            encoder: Encoder::new(spec, OpusSending::default()),
            decoder: Decoder::new(spec),
            event_clock_hz: spec.clock_rate_hz,
            voice: Vec::new(),
            echoes: None,
            sequence: random as u16,
            timestamp: (random >> 16) as u32,
            ssrc: (random >> 32) as u32,
            spurt: true,
            event: None,
            events: EventReceiver::new(spec.clock_rate_hz),
            heard: Vec::new(),
            first_timestamp: None,
            ears: None,
            packets: Vec::new(),
            payloads: Vec::new(),
            copies: 0,
            digits: String::new(),
        }
    }

    /// Encodes Opus as told from now on, expecting losses.
    pub fn encode_as(&mut self, sending: OpusSending, expected_loss: u8) {
        self.encoder = Encoder::new(self.spec, sending);
        self.encoder.expect_loss(expected_loss);
    }

    /// Says a tone from now on.
    pub fn say(&mut self, hz: f64, level_dbfs: f32) {
        let rate_hz = self.rate_hz();
        self.voice = vec![Oscillator::new(rate_hz, hz, amplitude(level_dbfs))];
    }

    /// Hums: a tone with ten harmonics, which speech coders take for a voice. The level is that of the
    /// fundamental; together they are 2 dB louder.
    pub fn hum(&mut self, hz: f64, level_dbfs: f32) {
        let rate_hz = self.rate_hz();
        let harmonic = |k: u8| {
            let (hz, level) = (hz * f64::from(k), amplitude(level_dbfs) / f64::from(k));
            Oscillator::new(rate_hz, hz, level)
        };
        self.voice = (1..=10).map(harmonic).collect();
    }

    /// Says two tones so near to each other that together they swell and fade, as often in a second as they are apart.
    pub fn swell(&mut self, hz: f64, apart_hz: f64, level_dbfs: f32) {
        let rate_hz = self.rate_hz();
        let tone = |hz| Oscillator::new(rate_hz, hz, amplitude(level_dbfs) / 2.0);
        self.voice = vec![tone(hz - apart_hz / 2.0), tone(hz + apart_hz / 2.0)];
    }

    /// Sends nothing from now on.
    pub fn hush(&mut self) {
        self.voice.clear();
        self.spurt = true;
    }

    /// Begins the stream anew, as a phone does after a transfer.
    pub fn restart(&mut self, random: u64) {
        self.sequence = random as u16;
        self.timestamp = (random >> 16) as u32;
        self.ssrc = (random >> 32) as u32;
    }

    /// Presses a key for so long.
    pub fn press(&mut self, digit: char, ms: u32) {
        let digit = Digit::from_char(digit).expect("tests press real keys");
        let per_ms = self.event_clock_hz / 1000;
        self.event = Some(EventSender::new(
            digit,
            self.timestamp,
            ms * per_ms,
            20 * per_ms,
        ));
    }

    /// Listens to both channels of Opus from now on.
    pub fn listen_with_two_ears(&mut self) {
        let decoder = opus::Decoder::new(48_000, opus::Channels::Stereo);
        self.ears = Some(Ears {
            decoder: decoder.expect("there is memory"),
            left: Vec::new(),
            right: Vec::new(),
        });
    }

    /// Forgets what was heard so far.
    pub fn forget(&mut self) {
        self.heard.clear();
        if let Some(ears) = &mut self.ears {
            ears.left.clear();
            ears.right.clear();
        }
        self.first_timestamp = None;
        self.packets.clear();
        self.payloads.clear();
    }

    pub fn millisecond(&mut self, now_ms: u64) -> Vec<Vec<u8>> {
        // Phones are not in step with us, nor with each other.
        let phase = self.leg.0 * 7;
        if !(now_ms + phase).is_multiple_of(u64::from(self.spec.ptime_ms)) {
            return Vec::new();
        }
        let ptime_ms = u32::from(self.spec.ptime_ms);
        let samples = self.rate_hz() / 1000 * ptime_ms;
        let mut packets = Vec::new();
        if let Some(mut event) = self.event.take() {
            while let Some(next) = event.packet() {
                let bytes = next.payload.bytes();
                packets.push(self.packet(101, next.timestamp, next.marker, &bytes));
                if !event.is_ending() {
                    break;
                }
            }
            self.event = Some(event).filter(|event| !event.is_done());
        } else if !self.voice.is_empty() || self.echoes.is_some() {
            let echo = self.echo(samples as usize);
            let mut sample = || self.voice.iter_mut().map(|tone| tone.sample()).sum::<f64>();
            let spoken: Vec<i16> = echo
                .into_iter()
                .map(|echo| (sample() + echo).round() as i16)
                .collect();
            let mut payload = [0; 4000];
            match self.encoder.encode(&spoken, &mut payload) {
                0 => self.spurt = true,
                length => {
                    let marker = std::mem::take(&mut self.spurt);
                    let payload = &payload[..length];
                    packets.push(self.packet(
                        self.spec.payload_type,
                        self.timestamp,
                        marker,
                        payload,
                    ));
                }
            }
        }
        let ticks = self.spec.clock_rate_hz / 1000 * ptime_ms;
        self.timestamp = self.timestamp.wrapping_add(ticks);
        packets
    }

    /// What its microphone hears of its loudspeaker.
    fn echo(&self, samples: usize) -> Vec<f64> {
        let mut echo = vec![0.0; samples];
        if let Some((delay_ms, factor)) = self.echoes {
            let end = self
                .heard
                .len()
                .saturating_sub(delay_ms * self.rate_hz() as usize / 1000);
            let played = &self.heard[end.saturating_sub(samples)..end];
            for (echo, sample) in echo.iter_mut().zip(played) {
                *echo = f64::from(*sample) * factor;
            }
        }
        echo
    }

    fn packet(
        &mut self,
        payload_type: u8,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
    ) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let packet = Packet {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
            payload,
        };
        let mut bytes = packet.header().to_vec();
        bytes.extend_from_slice(payload);
        bytes
    }

    pub fn hear(&mut self, now_ms: u64, bytes: &[u8]) {
        let packet = Packet::parse(bytes).expect("the engine sends RTP on its RTP port");
        let Packet {
            marker,
            payload_type,
            sequence,
            timestamp,
            ssrc,
            payload,
        } = packet;
        self.packets
            .push((payload_type, sequence, timestamp, marker, ssrc, now_ms));
        self.payloads.push(payload.to_vec());
        if payload_type == 101 {
            for pressed in self
                .events
                .receive(now_ms * 1000, timestamp, payload)
                .into_iter()
                .flatten()
            {
                self.digits.push(pressed.digit.as_char());
            }
            return;
        }
        assert_eq!(
            payload_type, self.spec.payload_type,
            "a format that was negotiated"
        );
        let first = *self.first_timestamp.get_or_insert(timestamp);
        let samples_per_tick = (self.rate_hz() / self.spec.clock_rate_hz) as usize;
        let at = timestamp.wrapping_sub(first) as usize * samples_per_tick;
        if at > 10_000_000 {
            return; // older than the first one
        }
        // RFC 6716 §3.1 and §4.2.3: speech coder, one channel; the second bit behind the first byte.
        if self.spec.codec == Codec::Opus && payload[0] >> 3 < 16 && payload[1] & 0x40 != 0 {
            self.copies += 1;
        }
        if let Some(ears) = &mut self.ears {
            ears.hear(payload);
        }
        let mut spoken = [0; 5760];
        let samples = self.decoder.decode(payload, &mut spoken);
        if self.heard.len() < at + samples {
            self.heard.resize(at + samples, 0);
        }
        self.heard[at..at + samples].copy_from_slice(&spoken[..samples]);
    }

    /// Rate of what it says and hears.
    pub fn rate_hz(&self) -> u32 {
        self.spec.sampling_rate_hz()
    }
}
