//! A studio for listening: an engine, simulated phones around it, a network between them that loses,
//! delays and reorders by a seed, and memory in place of files. Time is virtual.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::wildcard_enum_match_arm,
    reason = "each test file is a crate of its own and uses its part"
)]

pub mod hall;
pub mod phone;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use jackfield_media as media;
use media::control::{
    Codec, CodecSpec, Direction, LegId, LegKind, LegSpec, LegStats, MediaCommand, MediaReport,
    OpusSending, PlayEnd, RecordId, TelephoneEvent,
};
use media::file::{Chain, Part};
use media::source::{Drain, Fill, FrameSink, FrameSource};
use media::tone::HoldMusic;
use media::{Answer, Engine, EngineConfig, Output, Port, Request};
use phone::Phone;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What the network does to packets in either direction.
#[derive(Clone, Copy, Default)]
pub struct Network {
    /// Share lost, 0–1.
    pub loss: f64,
    /// Extra delay, uniform from nothing to this.
    pub jitter_ms: u64,
    /// Share that comes twice.
    pub duplicates: f64,
}

pub struct Studio {
    pub engine: Engine,
    pub out: Output,
    pub reports: Vec<MediaReport>,
    pub phones: Vec<Phone>,
    pub network: Network,
    /// Files that exist: rate and samples.
    pub files: HashMap<String, (u32, Vec<i16>)>,
    /// What was recorded, interleaved, by recording.
    pub tapes: HashMap<RecordId, Arc<Mutex<Vec<i16>>>>,
    /// What programs beside channels were sent, in order.
    pub programs: Vec<(LegId, Vec<u8>)>,
    pub rng: StdRng,
    started: Instant,
    pub now_ms: u64,
    in_flight: Vec<(u64, u64, usize, Vec<u8>)>,
    flights: u64,
}

pub fn engine_address(leg: LegId) -> SocketAddr {
    SocketAddr::new(
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        20_000 + leg.0 as u16 * 2,
    )
}

pub fn spec_of(codec: Codec, ptime_ms: u16) -> CodecSpec {
    let (payload_type, clock_rate_hz) = match codec {
        Codec::Pcmu => (0, 8000),
        Codec::Pcma => (8, 8000),
        Codec::L16 => (98, 16_000),
        Codec::G722 => (9, 8000),
        Codec::Opus => (102, 48_000),
    };
    CodecSpec {
        payload_type,
        codec,
        clock_rate_hz,
        ptime_ms,
    }
}

/// What is agreed with a phone of the studio.
pub fn agreed(leg: LegId, codec: Codec, opus: OpusSending) -> LegSpec {
    let spec = spec_of(codec, 20);
    LegSpec {
        remote: phone::address(leg),
        rtcp: None,
        send: spec,
        opus,
        receive: vec![spec],
        telephone_event: Some(TelephoneEvent {
            send: 101,
            receive: 101,
            clock_rate_hz: spec.clock_rate_hz,
        }),
        direction: Direction::SendRecv,
        symmetric: false,
        timeout_ms: None,
    }
}

impl Studio {
    pub fn new(seed: u64) -> Self {
        let started = Instant::now();
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self {
            engine: Engine::new(EngineConfig {
                started,
                wall,
                seed,
            }),
            out: Output::new(),
            reports: Vec::new(),
            phones: Vec::new(),
            network: Network::default(),
            files: HashMap::new(),
            tapes: HashMap::new(),
            programs: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            started,
            now_ms: 0,
            in_flight: Vec::new(),
            flights: 0,
        }
    }

    pub fn now(&self) -> Instant {
        self.started + Duration::from_millis(self.now_ms)
    }

    /// A phone with a codec, connected to a leg of its own. Digits travel as events.
    pub fn phone(&mut self, codec: Codec) -> LegId {
        self.phone_for(codec, OpusSending::default())
    }

    /// The same, with wishes about the Opus it is sent.
    pub fn phone_for(&mut self, codec: Codec, opus: OpusSending) -> LegId {
        self.phone_with(|leg| agreed(leg, codec, opus))
    }

    pub fn phone_with(&mut self, spec: impl FnOnce(LegId) -> LegSpec) -> LegId {
        let leg = LegId(self.phones.len() as u64 + 1);
        let spec = spec(leg);
        self.phones
            .push(Phone::new(leg, spec.receive[0], self.rng.random()));
        let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.command(MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Rtp { bind },
        });
        self.command(MediaCommand::SetRemote { leg, spec });
        leg
    }

    pub fn at(&mut self, leg: LegId) -> &mut Phone {
        let found = self.phones.iter_mut().find(|phone| phone.leg == leg);
        found.expect("every leg asked for has a phone")
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.engine.handle(self.now(), command, &mut self.out);
        self.serve();
    }

    /// A re-INVITE changes which way sound goes to and from a G.711 phone.
    pub fn redirect(&mut self, leg: LegId, codec: Codec, direction: Direction) {
        let spec = LegSpec {
            direction,
            ..agreed(leg, codec, OpusSending::default())
        };
        self.command(MediaCommand::SetRemote { leg, spec });
    }

    /// What a leg has counted so far.
    pub fn stats(&mut self, leg: LegId) -> LegStats {
        self.command(MediaCommand::ReportStats { leg });
        let found = self.reports.iter().rev().find_map(|report| match report {
            MediaReport::Stats { leg: of, stats } if *of == leg => Some(*stats),
            _ => None,
        });
        found.expect("ReportStats is answered")
    }

    /// Goes on by so many milliseconds.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.millisecond();
        }
    }

    fn millisecond(&mut self) {
        self.now_ms += 1;
        for at in 0..self.phones.len() {
            for packet in self.phones[at].millisecond(self.now_ms) {
                self.fly(at, packet);
            }
        }
        self.land();
        if self.now_ms.is_multiple_of(20) {
            self.engine.tick(self.now(), &mut self.out);
            self.serve();
        }
    }

    fn fly(&mut self, phone: usize, packet: Vec<u8>) {
        if self.rng.random_bool(self.network.loss) {
            return;
        }
        for _ in 0..1 + usize::from(self.rng.random_bool(self.network.duplicates)) {
            let delay = self.rng.random_range(0..=self.network.jitter_ms);
            self.flights += 1;
            self.in_flight
                .push((self.now_ms + delay, self.flights, phone, packet.clone()));
        }
    }

    fn land(&mut self) {
        let now = self.now_ms;
        let (mut landed, flying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.in_flight)
            .into_iter()
            .partition(|flight| flight.0 <= now);
        self.in_flight = flying;
        landed.sort_by_key(|flight| (flight.0, flight.1));
        for (_, _, phone, mut packet) in landed {
            let (leg, from) = (self.phones[phone].leg, self.phones[phone].address);
            self.engine
                .receive(self.now(), leg, Port::Rtp, from, &mut packet, &mut self.out);
            self.serve();
        }
    }

    /// Does what the engine asks for, as a shell would.
    pub fn serve(&mut self) {
        loop {
            let now_ms = self.now_ms;
            for (datagram, bytes) in self.out.datagrams() {
                if datagram.port == Port::Unicast {
                    self.programs.push((datagram.leg, bytes.to_vec()));
                    continue;
                }
                let phone = self.phones.iter_mut().find(|p| p.address == datagram.to);
                if let (Some(phone), Port::Rtp) = (phone, datagram.port) {
                    phone.hear(now_ms, bytes);
                }
            }
            self.out.clear_datagrams();
            self.reports.append(&mut self.out.reports);
            self.out.retired.clear();
            if self.out.requests.is_empty() {
                return;
            }
            for request in std::mem::take(&mut self.out.requests) {
                if let Some(answer) = self.fulfil(request) {
                    self.engine.answer(answer, &mut self.out);
                }
            }
        }
    }

    fn fulfil(&mut self, request: Request) -> Option<Answer> {
        Some(match request {
            Request::Bind { leg, .. } => {
                let rtp = engine_address(leg);
                let rtcp = SocketAddr::new(rtp.ip(), rtp.port() + 1);
                Answer::Bound {
                    leg,
                    result: Ok((rtp, rtcp)),
                }
            }
            Request::Connect { leg, .. } => Answer::Connected {
                leg,
                result: Ok(()),
            },
            Request::Release { .. } => return None,
            Request::OpenSource {
                play,
                name,
                rate_hz,
                repeats,
            } => {
                let streams = name.parts.iter();
                let mut streams = streams.filter(|part| matches!(part, Part::LocalStream { .. }));
                assert!(
                    repeats == Some(0) || streams.next().is_some(),
                    "the studio plays files once"
                );
                let sources: Option<Vec<_>> = name
                    .parts
                    .iter()
                    .map(|part| match part {
                        Part::Path { path, .. } => {
                            let (rate_hz, samples) = self.files.get(path)?.clone();
                            Some(Box::new(Tape {
                                rate_hz,
                                samples,
                                at: 0,
                            }) as Box<dyn FrameSource>)
                        }
                        Part::LocalStream { .. } => {
                            Some(Box::new(HoldMusic::new(rate_hz)) as Box<dyn FrameSource>)
                        }
                        Part::Tone(_) | Part::Silence { .. } => part.synthesise(rate_hz, Some(0)),
                    })
                    .collect();
                let result = match sources.and_then(Chain::new) {
                    Some(chain) => Ok(Box::new(chain) as Box<dyn FrameSource>),
                    None => Err(PlayEnd::NotFound),
                };
                Answer::SourceOpened { play, result }
            }
            Request::OpenSink {
                record,
                path,
                rate_hz,
                channels,
                ..
            } => {
                let tape = Arc::new(Mutex::new(Vec::new()));
                self.tapes.insert(record, tape.clone());
                let sink: Box<dyn FrameSink> = Box::new(Recorder {
                    rate_hz,
                    channels,
                    tape,
                });
                Answer::SinkOpened {
                    record,
                    sink: (path != "/forbidden.wav").then_some(sink),
                }
            }
            Request::CloseSink { record, .. } => Answer::SinkClosed {
                record,
                file_bytes: Some(44),
            },
        })
    }

    /// What a recording holds, interleaved.
    pub fn tape(&self, record: RecordId) -> Vec<i16> {
        self.tapes[&record]
            .lock()
            .expect("no test thread panics holding it")
            .clone()
    }
}

/// A file in memory.
struct Tape {
    rate_hz: u32,
    samples: Vec<i16>,
    at: usize,
}

impl FrameSource for Tape {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut [i16]) -> Fill {
        let left = &self.samples[self.at..];
        let length = left.len().min(out.len());
        out[..length].copy_from_slice(&left[..length]);
        self.at += length;
        if length < out.len() {
            Fill::End(length)
        } else {
            Fill::Full
        }
    }

    fn seek(&mut self, sample: u64) -> bool {
        self.at = (sample as usize).min(self.samples.len());
        true
    }
}

struct Recorder {
    rate_hz: u32,
    channels: u16,
    tape: Arc<Mutex<Vec<i16>>>,
}

impl FrameSink for Recorder {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn write(&mut self, samples: &[i16]) -> Drain {
        self.tape
            .lock()
            .expect("no test thread panics holding it")
            .extend_from_slice(samples);
        Drain::Taken
    }
}
