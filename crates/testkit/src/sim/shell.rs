//! The media engine with a shell in memory: ports are numbers, files are vectors.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use media::control::{LegId, MediaReport, PlayEnd, TransportFailure};
use media::file::Part;
use media::source::{Drain, FrameSink};
use media::tone::HoldMusic;
use media::webrtc::NOWHERE;
use media::{Answer, Engine, EngineConfig, MediaCommand, Output, Port, Request};

use super::wire::Datagram;

/// First and last port of media.
const PORTS: (u16, u16) = (30_000, 50_000);

/// A file being recorded: path and samples.
type Recorded = Arc<Mutex<Vec<i16>>>;

struct MemorySink {
    rate_hz: u32,
    channels: u16,
    samples: Recorded,
}

impl FrameSink for MemorySink {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn write(&mut self, samples: &[i16]) -> Drain {
        self.samples
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(samples);
        Drain::Taken
    }
}

/// Engine and shell.
pub(super) struct MediaShell {
    pub(super) engine: Engine,
    out: Output,
    ports: HashMap<LegId, (SocketAddr, SocketAddr)>,
    next_port: u16,
    /// What was recorded, by path.
    pub(super) files: HashMap<String, Recorded>,
    /// What legs sent to WebRTC peers, while somebody listens.
    pub(super) to_peers: Option<HashMap<LegId, Vec<Vec<u8>>>>,
}

impl MediaShell {
    pub(super) fn new(started: Instant, seed: u64) -> Self {
        let wall = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_795_000_000);
        Self {
            engine: Engine::new(EngineConfig {
                started,
                wall,
                seed,
            }),
            out: Output::new(),
            ports: HashMap::new(),
            next_port: PORTS.0,
            files: HashMap::new(),
            to_peers: None,
        }
    }

    pub(super) fn command(&mut self, now: Instant, command: MediaCommand) {
        self.engine.handle(now, command, &mut self.out);
    }

    /// Whether a datagram for this address was taken.
    pub(super) fn receive(&mut self, now: Instant, datagram: &Datagram) -> bool {
        let found = self.ports.iter().find_map(|(leg, (rtp, rtcp))| {
            if *rtp == datagram.to {
                Some((*leg, Port::Rtp))
            } else {
                (*rtcp == datagram.to).then_some((*leg, Port::Rtcp))
            }
        });
        let Some((leg, port)) = found else {
            return false;
        };
        let mut bytes = datagram.bytes.clone();
        self.engine
            .receive(now, leg, port, datagram.from, &mut bytes, &mut self.out);
        true
    }

    /// A packet a WebRTC peer brought.
    pub(super) fn receive_from_peer(&mut self, now: Instant, leg: LegId, mut packet: Vec<u8>) {
        let bytes = &mut packet;
        self.engine
            .receive(now, leg, Port::Web, NOWHERE, bytes, &mut self.out);
    }

    pub(super) fn tick(&mut self, now: Instant) {
        self.engine.tick(now, &mut self.out);
    }

    /// Carries out what the engine asked for; what is left is for the wire and for the switch.
    pub(super) fn drain(&mut self, wire: &mut Vec<Datagram>, reports: &mut Vec<MediaReport>) {
        loop {
            for (datagram, bytes) in self.out.datagrams() {
                if let (Port::Web, Some(sent)) = (datagram.port, &mut self.to_peers) {
                    sent.entry(datagram.leg).or_default().push(bytes.to_vec());
                }
                let Some((rtp, rtcp)) = self.ports.get(&datagram.leg) else {
                    continue;
                };
                let from = if datagram.port == Port::Rtp {
                    *rtp
                } else {
                    *rtcp
                };
                wire.push(Datagram {
                    from,
                    to: datagram.to,
                    bytes: bytes.to_vec(),
                });
            }
            self.out.clear_datagrams();
            reports.append(&mut self.out.reports);
            self.out.retired.clear();
            let requests = std::mem::take(&mut self.out.requests);
            if requests.is_empty() {
                return;
            }
            for request in requests {
                self.serve(request);
            }
        }
    }

    fn serve(&mut self, request: Request) {
        let answer = match request {
            Request::Bind { leg, address } => {
                let start = self.next_port;
                let result = loop {
                    let port = self.next_port;
                    self.next_port = if port + 2 >= PORTS.1 {
                        PORTS.0
                    } else {
                        port + 2
                    };
                    let pair = (
                        SocketAddr::new(address, port),
                        SocketAddr::new(address, port + 1),
                    );
                    if !self.ports.values().any(|used| *used == pair) {
                        self.ports.insert(leg, pair);
                        break Ok(pair);
                    }
                    if self.next_port == start {
                        break Err(TransportFailure::NoPorts);
                    }
                };
                Answer::Bound { leg, result }
            }
            Request::Release { leg } => {
                self.ports.remove(&leg);
                return;
            }
            // Programs beside channels have sockets, which this world has not.
            Request::Connect { leg, .. } => Answer::Connected {
                leg,
                result: Err(TransportFailure::Refused),
            },
            // There are no files to play here, and one tune in the place of every stream; tones the engine makes itself.
            Request::OpenSource {
                play,
                name,
                rate_hz,
                ..
            } => Answer::SourceOpened {
                play,
                result: match name.parts.as_slice() {
                    [Part::LocalStream { .. }] => Ok(Box::new(HoldMusic::new(rate_hz))),
                    _ => Err(PlayEnd::NotFound),
                },
            },
            Request::OpenSink {
                record,
                path,
                rate_hz,
                channels,
                ..
            } => {
                let samples = self.files.entry(path).or_default().clone();
                Answer::SinkOpened {
                    record,
                    sink: Some(Box::new(MemorySink {
                        rate_hz,
                        channels,
                        samples,
                    })),
                }
            }
            Request::CloseSink { record, .. } => Answer::SinkClosed {
                record,
                file_bytes: Some(44),
            },
        };
        self.engine.answer(answer, &mut self.out);
    }
}
