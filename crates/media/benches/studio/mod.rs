//! Legs with addresses but without sockets, for benches.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each bench is a crate of its own and uses its part"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use jackfield_media as media;
use media::control::{CodecSpec, Direction, LegId, LegKind, LegSpec, MediaCommand, OpusSending};
use media::{Answer, Engine, EngineConfig, Output, Request};

pub struct Studio {
    pub engine: Engine,
    pub out: Output,
    started: Instant,
}

pub fn remote(leg: LegId) -> SocketAddr {
    SocketAddr::new([10, 0, (leg.0 >> 8) as u8, leg.0 as u8].into(), 4000)
}

impl Studio {
    pub fn at_ms(&self, ms: u64) -> Instant {
        self.started + Duration::from_millis(ms)
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.engine.handle(self.started, command, &mut self.out);
        for request in std::mem::take(&mut self.out.requests) {
            if let Request::Bind { leg, address } = request {
                let at = SocketAddr::new(address, 20_000);
                self.engine.answer(
                    Answer::Bound {
                        leg,
                        result: Ok((at, at)),
                    },
                    &mut self.out,
                );
            }
        }
        self.out.clear();
    }

    /// Agrees on a format with the peer of a leg.
    pub fn negotiate(&mut self, leg: LegId, spec: CodecSpec) {
        self.negotiate_with(leg, spec, OpusSending::default());
    }

    fn negotiate_with(&mut self, leg: LegId, spec: CodecSpec, opus: OpusSending) {
        let spec = LegSpec {
            remote: remote(leg),
            rtcp: None,
            send: spec,
            opus,
            receive: vec![spec],
            telephone_event: None,
            direction: Direction::SendRecv,
            symmetric: true,
            timeout_ms: None,
        };
        self.command(MediaCommand::SetRemote { leg, spec });
    }
}

/// Legs 1 to `count`, each with a peer.
pub fn legs(count: u64, spec: CodecSpec) -> Studio {
    legs_with(count, spec, OpusSending::default())
}

/// The same, with wishes about the Opus they are sent.
pub fn legs_with(count: u64, spec: CodecSpec, opus: OpusSending) -> Studio {
    let started = Instant::now();
    let config = EngineConfig {
        started,
        wall: SystemTime::now(),
        seed: 1,
    };
    let mut studio = Studio {
        engine: Engine::new(config),
        out: Output::new(),
        started,
    };
    for leg in (1..=count).map(LegId) {
        let bind = [127, 0, 0, 1].into();
        studio.command(MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Rtp { bind },
        });
        studio.negotiate_with(leg, spec, opus);
    }
    studio
}

/// The same, bridged in pairs.
pub fn bridged(count: u64, spec: CodecSpec) -> Studio {
    let mut studio = legs(count, spec);
    for a in (1..count).step_by(2) {
        studio.command(MediaCommand::Bridge {
            a: LegId(a),
            b: LegId(a + 1),
        });
    }
    studio
}
