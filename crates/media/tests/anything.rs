//! Whatever is commanded and whatever arrives, in whatever order: nothing panics, every playback and
//! recording ends exactly once, every leg that opened closes, and at the end nothing is left.
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test names the reports it looks for"
)]

mod studio;

use std::collections::HashMap;

use jackfield_media as media;
use media::Port;
use media::control::{
    Codec, Digit, Direction, DtmfStep, EchoDelay, LegId, LegKind, LegSpec, MediaCommand,
    MediaReport, MemberControls, MemberSettings, MuteSide, OpusSending, PlayId, RecordId,
    RecordSides, Relation, RoomId, SeekTo, SilenceStop, TelephoneEvent,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngCore, SeedableRng};
use studio::{Studio, spec_of};

const LEGS: u64 = 8;

struct Chaos {
    studio: Studio,
    rng: StdRng,
    next: u64,
}

impl Chaos {
    fn leg(&mut self) -> LegId {
        LegId(self.rng.random_range(1..=LEGS))
    }

    fn room(&mut self) -> RoomId {
        RoomId(self.rng.random_range(1..=2))
    }

    fn side(&mut self) -> MuteSide {
        if self.rng.random() {
            MuteSide::Read
        } else {
            MuteSide::Write
        }
    }

    fn gain_db(&mut self) -> f32 {
        self.rng.random_range(-80.0..80.0)
    }

    fn rate_hz(&mut self) -> u32 {
        *[0, 8000, 16_000, 44_100, 48_000, u32::MAX]
            .choose(&mut self.rng)
            .expect("not empty")
    }

    fn some(&mut self) -> u64 {
        self.rng.random_range(1..=self.next.max(1))
    }

    fn file(&mut self) -> String {
        let names = [
            "tone_stream://%(100,50,440)",
            "tone_stream://%(10,0,440);loops=-1",
            "missing.wav",
            "a.wav",
            "local_stream://moh",
            "file_string://a.wav!tone_stream://%(60,0,300)",
            "{x=y}b.wav",
            "",
            "x://y",
        ];
        (*names.choose(&mut self.rng).expect("not empty")).to_owned()
    }

    fn codec(&mut self) -> Codec {
        *[
            Codec::Pcmu,
            Codec::Pcma,
            Codec::L16,
            Codec::G722,
            Codec::Opus,
        ]
        .choose(&mut self.rng)
        .expect("not empty")
    }

    fn spec(&mut self, leg: LegId) -> LegSpec {
        let (send, receive) = (self.codec(), self.codec());
        let mut send = spec_of(send, self.rng.random_range(0..80));
        if self.rng.random_bool(0.1) {
            send.clock_rate_hz = self.rate_hz();
        }
        let receive = if self.rng.random_bool(0.1) {
            vec![]
        } else {
            vec![send, spec_of(receive, 20)]
        };
        LegSpec {
            remote: studio::phone::address(leg),
            rtcp: self
                .rng
                .random_bool(0.3)
                .then(|| studio::phone::address(leg)),
            send,
            opus: OpusSending {
                stereo: false,
                fec: self.rng.random(),
                dtx: self.rng.random(),
                cbr: self.rng.random(),
                max_playback_rate_hz: self.rng.random_range(0..60_000),
                max_bitrate: self.rng.random_bool(0.5).then(|| self.rng.random()),
                complexity: self.rng.random(),
            },
            receive,
            telephone_event: self.rng.random_bool(0.7).then_some(TelephoneEvent {
                send: 101,
                receive: 101,
                clock_rate_hz: 8000,
            }),
            direction: *[
                Direction::SendRecv,
                Direction::SendOnly,
                Direction::RecvOnly,
                Direction::Inactive,
            ]
            .choose(&mut self.rng)
            .expect("not empty"),
            symmetric: self.rng.random(),
            timeout_ms: self.rng.random_bool(0.5).then_some(200),
        }
    }

    fn settings(&mut self) -> MemberSettings {
        MemberSettings {
            mute: self.rng.random(),
            deaf: self.rng.random(),
            energy: self.rng.random_range(0..2000),
            hang_over_ms: self.rng.random_range(0..300),
            auto_energy: self.rng.random_range(0..2000),
            max_energy: self.rng.random_range(0..2000),
            automatic_gain: if self.rng.random_bool(0.3) {
                self.rng.random_range(1..4000)
            } else {
                0
            },
            gain_in_db: self.gain_db(),
            gain_out_db: self.gain_db(),
        }
    }

    fn command(&mut self) -> MediaCommand {
        let leg = self.leg();
        let room = self.room();
        match self.rng.random_range(0..30) {
            0..4 => {
                let kind = match self.rng.random_range(0..4) {
                    0 => LegKind::Null {
                        rate_hz: self.rate_hz(),
                    },
                    1 => LegKind::Pair {
                        other: self.leg(),
                        rate_hz: self.rate_hz(),
                    },
                    _ => LegKind::Rtp {
                        bind: [127, 0, 0, 1].into(),
                    },
                };
                MediaCommand::OpenLeg { leg, kind }
            }
            4..8 => MediaCommand::SetRemote {
                leg,
                spec: self.spec(leg),
            },
            8 | 9 => MediaCommand::Bridge {
                a: leg,
                b: self.leg(),
            },
            10 => MediaCommand::Unbridge {
                a: leg,
                b: self.leg(),
            },
            11 if self.rng.random() => MediaCommand::Monitor {
                leg,
                of: self.rng.random_bool(0.8).then(|| self.leg()),
            },
            11 => {
                let delay_ms = self.rng.random_range(0..20_000);
                MediaCommand::Echo {
                    leg,
                    delay: self.rng.random_bool(0.7).then_some(EchoDelay { delay_ms }),
                }
            }
            12 | 13 => {
                self.next += 1;
                MediaCommand::Play {
                    leg,
                    play: PlayId(self.next),
                    file: self.file(),
                    repeats: Some(0),
                    gain_db: self.gain_db(),
                    mix: self.rng.random(),
                }
            }
            14 => MediaCommand::StopPlay {
                play: PlayId(self.some()),
            },
            15 => MediaCommand::PausePlay {
                play: PlayId(self.some()),
                paused: self.rng.random(),
            },
            16 => MediaCommand::SeekPlay {
                play: PlayId(self.some()),
                to: match self.rng.random_range(0..3) {
                    0 => SeekTo::Start {
                        ms: self.rng.random(),
                    },
                    1 => SeekTo::Ahead {
                        ms: self.rng.random(),
                    },
                    _ => SeekTo::Back {
                        ms: self.rng.random(),
                    },
                },
            },
            17 => {
                self.next += 1;
                MediaCommand::Record {
                    leg,
                    record: RecordId(self.next),
                    file: if self.rng.random_bool(0.2) {
                        "/forbidden.wav".into()
                    } else {
                        "r.wav".into()
                    },
                    sides: *[
                        RecordSides::Read,
                        RecordSides::Write,
                        RecordSides::Both,
                        RecordSides::Stereo,
                    ]
                    .choose(&mut self.rng)
                    .expect("not empty"),
                    limit_ms: self.rng.random_bool(0.5).then_some(300),
                    silence: self.rng.random_bool(0.5).then_some(SilenceStop {
                        threshold: 300,
                        after_ms: 200,
                    }),
                    append: self.rng.random(),
                    rate_hz: self.rng.random_bool(0.5).then_some(16_000),
                }
            }
            18 => MediaCommand::StopRecord {
                record: RecordId(self.some()),
            },
            19 => MediaCommand::PauseRecord {
                record: RecordId(self.some()),
                paused: self.rng.random(),
            },
            20 => {
                let digit = Digit::from_event(self.rng.random_range(0..=16))
                    .expect("all of them are digits");
                let steps = vec![
                    DtmfStep::Digit {
                        digit,
                        duration_ms: self.rng.random(),
                    },
                    DtmfStep::Pause {
                        pause_ms: self.rng.random_range(0..200),
                    },
                ];
                MediaCommand::SendDtmf {
                    leg,
                    steps,
                    gap_ms: self.rng.random_range(0..100),
                }
            }
            21 => MediaCommand::DetectDtmf {
                leg,
                on: self.rng.random(),
            },
            22 => MediaCommand::Mute {
                leg,
                side: self.side(),
                on: self.rng.random(),
            },
            23 => MediaCommand::SetGain {
                leg,
                side: self.side(),
                gain_db: self.gain_db(),
            },
            24 => MediaCommand::OpenRoom {
                room,
                rate_hz: self.rate_hz(),
            },
            25 => MediaCommand::JoinRoom {
                room,
                leg,
                settings: self.settings(),
            },
            26 => match self.rng.random_range(0..5) {
                4 => MediaCommand::SetControls {
                    room,
                    leg,
                    controls: MemberControls {
                        noise_suppression: self.rng.random(),
                        automatic_gain: self.rng.random(),
                        automatic_equaliser: self.rng.random(),
                        echo_cancellation: self.rng.random(),
                        voice_shift_semitones: self.rng.random(),
                        input_gain_percent: self.rng.random(),
                        ..MemberControls::default()
                    },
                },
                0 => MediaCommand::LeaveRoom { room, leg },
                1 => MediaCommand::SetMember {
                    room,
                    leg,
                    settings: self.settings(),
                },
                2 => MediaCommand::Relate {
                    room,
                    leg,
                    other: self.leg(),
                    relation: Relation::NoHear,
                },
                _ => MediaCommand::CloseRoom { room },
            },
            27 => {
                self.next += 1;
                let (play, file) = (PlayId(self.next), self.file());
                MediaCommand::RoomPlay {
                    room,
                    play,
                    file,
                    repeats: Some(0),
                    gain_db: self.gain_db(),
                }
            }
            28 => {
                self.next += 1;
                let record = RecordId(self.next);
                MediaCommand::RoomRecord {
                    room,
                    record,
                    stereo: self.rng.random(),
                    file: "m.wav".into(),
                    limit_ms: Some(400),
                    append: false,
                }
            }
            _ => MediaCommand::CloseLeg { leg },
        }
    }

    fn datagram(&mut self) {
        let leg = self.leg();
        let mut bytes = vec![0; self.rng.random_range(0..400)];
        self.rng.fill_bytes(&mut bytes);
        if let [first, second, ..] = bytes.as_mut_slice() {
            *first = 0x80 | (*first & self.rng.random_range(0..=0x3f));
            *second = *[0, 8, 98, 101, 13, 200, 201, 203, 0x80]
                .choose(&mut self.rng)
                .expect("not empty");
        }
        let port = if self.rng.random_bool(0.8) {
            Port::Rtp
        } else {
            Port::Rtcp
        };
        let from = studio::phone::address(leg);
        let now = self.studio.now();
        self.studio
            .engine
            .receive(now, leg, port, from, &mut bytes, &mut self.studio.out);
        self.studio.serve();
    }
}

#[test]
fn nothing_panics_and_everything_ends() {
    for seed in 0..16 {
        let mut studio = Studio::new(seed);
        let tone = media::level::sine(16_000, 500.0, -10.0, 8000);
        studio.files.insert("a.wav".into(), (16_000, tone.clone()));
        studio.files.insert("b.wav".into(), (8000, tone));
        let mut chaos = Chaos {
            studio,
            rng: StdRng::seed_from_u64(seed),
            next: 0,
        };
        let mut plays = Vec::new();
        let mut records = Vec::new();
        for _ in 0..1500 {
            let command = chaos.command();
            match &command {
                MediaCommand::Play { play, .. } | MediaCommand::RoomPlay { play, .. } => {
                    plays.push(*play)
                }
                MediaCommand::Record { record, .. } | MediaCommand::RoomRecord { record, .. } => {
                    records.push(*record);
                }
                _ => {}
            }
            chaos.studio.command(command);
            for _ in 0..chaos.rng.random_range(0..6) {
                chaos.datagram();
            }
            let ms = chaos.rng.random_range(0..60);
            chaos.studio.run(ms);
        }
        let mut studio = chaos.studio;
        (1..=LEGS).for_each(|leg| studio.command(MediaCommand::CloseLeg { leg: LegId(leg) }));
        (1..=2).for_each(|room| studio.command(MediaCommand::CloseRoom { room: RoomId(room) }));
        assert!(studio.engine.is_empty(), "seed {seed}");
        let (mut played, mut recorded, mut legs) = (HashMap::new(), HashMap::new(), HashMap::new());
        for report in &studio.reports {
            match report {
                MediaReport::PlayDone { play, .. } => *played.entry(*play).or_insert(0) += 1,
                MediaReport::RecordDone { record, .. } => {
                    *recorded.entry(*record).or_insert(0) += 1
                }
                MediaReport::Opened { leg, .. } => *legs.entry(*leg).or_insert(0) += 1,
                MediaReport::Closed { leg, .. } => *legs.entry(*leg).or_insert(0) -= 1,
                _ => {}
            }
        }
        assert!(
            plays.iter().all(|play| played.get(play) == Some(&1)),
            "seed {seed}"
        );
        assert!(
            records
                .iter()
                .all(|record| recorded.get(record) == Some(&1)),
            "seed {seed}"
        );
        assert!(
            legs.values().all(|&balance| balance == 0),
            "seed {seed}: {legs:?}"
        );
    }
}
