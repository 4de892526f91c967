//! Nothing is allocated or freed while sound flows: thousands of ticks of relay, transcoding, a
//! conference, playback and recording under an allocator that counts.
#![allow(unsafe_code, reason = "a global allocator cannot be written without")]

mod covered;
mod memory;
mod sharing;
#[path = "../webrtc_pair/mod.rs"]
mod webrtc_pair;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use jackfield_media as media;
use media::codec::Encoder;
use media::control::{
    Codec, CodecSpec, Direction, LegId, LegKind, LegSpec, MediaCommand, MediaReport,
    MemberControls, MemberSettings, MuteSide, OpusSending, Place, PlayId, RecordId, RecordSides,
    RoomId, TelephoneEvent, Unicast, UnicastTransport, Wanted, Watch, WatchId, Whisper,
};
use media::rtp::Packet;
use media::rtp::telephone_event::Payload;
use media::source::{Drain, FrameSink};
use media::spatial::{
    Device, HalfSpan, Heading, HrtfSet, Listener, ListenerControls, MixSpace, Mixing, Pose,
    Position, Quality, Renderer, Sound, SourceSpectrum, Viewpoint,
};
use media::voice::VoiceChain;
use media::{Answer, Engine, EngineConfig, Output, Port, Request, level};

struct Counting;

/// The program beside a channel.
const PROGRAM: LegId = LegId(100);

thread_local! {
    /// Allocations and frees of this thread while it is being watched.
    static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
    /// Bytes this thread has allocated and not freed.
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: i64) {
    BYTES.with(|held| held.set(held.get() + bytes));
    COUNT.with(|count| {
        if let Some(so_far) = count.get() {
            count.set(Some(so_far + 1));
        }
    });
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches only a thread-local
// without a destructor, which allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`, and we pass it on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `dealloc`, and we pass it on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps the contract of `realloc`, and we pass it on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Takes samples and forgets them.
struct Nowhere {
    channels: u16,
}

impl FrameSink for Nowhere {
    fn rate_hz(&self) -> u32 {
        16_000
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn write(&mut self, _samples: &[i16]) -> Drain {
        Drain::Taken
    }
}

struct Line {
    engine: Engine,
    out: Output,
    started: Instant,
    ms: u64,
    reports: u64,
    datagrams: u64,
}

impl Line {
    fn new(seed: u64) -> Self {
        let started = Instant::now();
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        Self {
            engine: Engine::new(EngineConfig {
                started,
                wall,
                seed,
            }),
            out: Output::new(),
            started,
            ms: 0,
            reports: 0,
            datagrams: 0,
        }
    }

    fn now(&self) -> Instant {
        self.started + Duration::from_millis(self.ms)
    }

    fn command(&mut self, command: MediaCommand) {
        self.engine.handle(self.now(), command, &mut self.out);
        while !self.out.requests.is_empty() {
            for request in std::mem::take(&mut self.out.requests) {
                let answer = match request {
                    Request::Bind { leg, address } => {
                        let at = |port| SocketAddr::new(address, 20_000 + leg.0 as u16 * 2 + port);
                        Answer::Bound {
                            leg,
                            result: Ok((at(0), at(1))),
                        }
                    }
                    Request::OpenSink {
                        record, channels, ..
                    } => Answer::SinkOpened {
                        record,
                        sink: Some(Box::new(Nowhere { channels })),
                    },
                    Request::CloseSink { record, .. } => Answer::SinkClosed {
                        record,
                        file_bytes: Some(44),
                    },
                    Request::Connect { leg, .. } => Answer::Connected {
                        leg,
                        result: Ok(()),
                    },
                    Request::Release { .. } => continue,
                    Request::OpenSource { .. } => panic!("only tones are played here"),
                };
                self.engine.answer(answer, &mut self.out);
            }
        }
        // The list that was taken away is not what a shell would do: it drains in place.
        self.out.requests.reserve(256);
        self.out.clear();
    }

    fn phone(&mut self, leg: LegId, send: CodecSpec) {
        let bind = [127, 0, 0, 1].into();
        self.command(MediaCommand::OpenLeg {
            leg,
            kind: LegKind::Rtp { bind },
        });
        let spec = LegSpec {
            remote: remote(leg),
            rtcp: None,
            send,
            opus: OpusSending {
                fec: true,
                stereo: leg == LegId(15) || leg.0 > 100,
                ..OpusSending::default()
            },
            receive: vec![send],
            telephone_event: Some(TelephoneEvent {
                send: 101,
                receive: 101,
                clock_rate_hz: 8000,
            }),
            direction: Direction::SendRecv,
            symmetric: true,
            timeout_ms: Some(60_000),
        };
        self.command(MediaCommand::SetRemote { leg, spec });
    }

    /// Everything that can be done to a member's voice, or nothing.
    fn treat(&mut self, room: RoomId, leg: LegId, on: bool) {
        let controls = MemberControls {
            noise_suppression: on,
            automatic_gain: on,
            automatic_equaliser: on,
            echo_cancellation: on,
            voice_shift_semitones: if on { 3 } else { 0 },
            ..MemberControls::default()
        };
        self.command(MediaCommand::SetControls {
            room,
            leg,
            controls,
        });
    }

    /// Twenty milliseconds of everybody talking, some packets lost, a digit now and then.
    fn tick(&mut self, n: u64, legs: &[(LegId, CodecSpec)], payloads: &[Vec<u8>]) {
        let now = self.now();
        for (at, (leg, spec)) in legs.iter().enumerate() {
            let ticks = u64::from(spec.clock_rate_hz) / 50;
            if (n + leg.0).is_multiple_of(31) {
                continue;
            }
            let digit = n % 500 < 8;
            let event = Payload {
                event: 5,
                end: n % 500 > 4,
                duration: 160 * (1 + n % 8) as u16,
            };
            let event = event.bytes();
            let packet = Packet {
                marker: false,
                payload_type: if digit { 101 } else { spec.payload_type },
                sequence: n as u16,
                timestamp: if digit {
                    (n / 500 * 500 * ticks) as u32
                } else {
                    (n * ticks) as u32
                },
                ssrc: leg.0 as u32,
                payload: if digit { &event } else { &payloads[at] },
            };
            let mut datagram = [0; 1024];
            datagram[..12].copy_from_slice(&packet.header());
            datagram[12..12 + packet.payload.len()].copy_from_slice(packet.payload);
            let datagram = &mut datagram[..12 + packet.payload.len()];
            self.engine
                .receive(now, *leg, Port::Rtp, remote(*leg), datagram, &mut self.out);
        }
        let mut said = [n as u8; 320];
        self.engine.receive(
            now,
            PROGRAM,
            Port::Unicast,
            remote(PROGRAM),
            &mut said,
            &mut self.out,
        );
        self.ms += 20;
        self.engine.tick(self.now(), &mut self.out);
        self.reports += self.out.reports.len() as u64;
        self.datagrams += self.out.datagram_count() as u64;
        assert!(self.out.requests.is_empty());
        self.out.clear();
    }
}

fn remote(leg: LegId) -> SocketAddr {
    SocketAddr::new([10, 0, 0, leg.0 as u8].into(), 4000)
}

#[test]
fn five_thousand_ticks_allocate_nothing() {
    let mut line = Line::new(1);
    let wide = CodecSpec {
        payload_type: 98,
        codec: Codec::L16,
        clock_rate_hz: 16_000,
        ptime_ms: 20,
    };
    let specs = [
        CodecSpec::pcmu(),
        CodecSpec::pcmu(), // relayed
        CodecSpec::pcmu(),
        CodecSpec::pcma(), // transcoded
        CodecSpec::pcmu(),
        wide, // transcoded and converted
        CodecSpec::pcmu(),
        CodecSpec::pcma(),
        wide,              // a room
        CodecSpec::pcmu(), // played to, recorded, listened to for tones
        CodecSpec::opus(102),
        CodecSpec::pcmu(), // transcoded from and to Opus
        CodecSpec::opus(102),
        CodecSpec::opus(102), // relayed
        CodecSpec::opus(102), // in the room
        CodecSpec::opus(102), // sends what a member of the room says
        CodecSpec::g722(),
        CodecSpec::pcmu(), // transcoded from and to G.722
        CodecSpec::g722(),
        CodecSpec::opus(102), // transcoded from G.722 to Opus and back
        CodecSpec::pcmu(),    // with a program
        CodecSpec::opus(102), // overhears the first bridge and talks to it
    ];
    let legs: Vec<_> = specs
        .into_iter()
        .zip(1..)
        .map(|(spec, id)| (LegId(id), spec))
        .collect();
    for &(leg, spec) in &legs {
        line.phone(leg, spec);
    }
    for (a, b) in [
        (1, 2),
        (3, 4),
        (5, 6),
        (11, 12),
        (13, 14),
        (17, 18),
        (19, 20),
    ] {
        line.command(MediaCommand::Bridge {
            a: LegId(a),
            b: LegId(b),
        });
    }
    let link = Unicast {
        local: ([127, 0, 0, 1], 8025).into(),
        remote: ([127, 0, 0, 1], 8026).into(),
        transport: UnicastTransport::Udp,
        native: false,
    };
    line.command(MediaCommand::OpenLeg {
        leg: PROGRAM,
        kind: LegKind::Unicast {
            link,
            beside: LegId(21),
        },
    });
    line.command(MediaCommand::Bridge {
        a: LegId(21),
        b: PROGRAM,
    });
    line.command(MediaCommand::Eavesdrop {
        leg: LegId(22),
        of: Some(LegId(5)),
        whisper: Whisper {
            to_leg: true,
            to_other: true,
        },
    });
    // Somebody's sound is looked through, laid over and delayed.
    let tone = Wanted::Tone { hz: vec![480, 620] };
    let sound = Wanted::Sound {
        threshold: 32_767,
        frames: u32::MAX,
    };
    for (watch, side, wanted) in [
        (1, MuteSide::Read, tone.clone()),
        (2, MuteSide::Write, tone),
        (3, MuteSide::Read, sound),
    ] {
        line.command(MediaCommand::Watch(Watch {
            leg: LegId(6),
            watch: WatchId(watch),
            side,
            wanted,
        }));
    }
    for (play, side) in [(90, MuteSide::Read), (91, MuteSide::Write)] {
        line.command(MediaCommand::Displace {
            leg: LegId(6),
            play: PlayId(play),
            file: "tone_stream://%(500,500,1300)".to_owned(),
            repeats: None,
            side,
            mix: true,
        });
    }
    line.command(MediaCommand::BoundDelay {
        leg: LegId(6),
        ms: Some((60, 120)),
    });
    let room = RoomId(1);
    line.command(MediaCommand::OpenRoom {
        room,
        rate_hz: 16_000,
    });
    for leg in [7, 8, 9, 15] {
        let settings = MemberSettings {
            gain_in_db: 3.0,
            ..MemberSettings::default()
        };
        line.command(MediaCommand::JoinRoom {
            room,
            leg: LegId(leg),
            settings,
        });
    }
    // Two listen in three dimensions, one of them with two ears.
    let ears = HrtfSet::spherical_head();
    let renderer = Renderer::new(&ears, 48_000, 960, Quality::new(3).unwrap());
    line.engine.equip(renderer.unwrap());
    for (leg, x) in [(7, 100), (15, -100)] {
        let controls = MemberControls {
            mixing_3d: true,
            ..MemberControls::default()
        };
        let place = Place {
            position_cm: [x, 0, 0],
            ..Place::default()
        };
        let leg = LegId(leg);
        line.command(MediaCommand::Place { room, leg, place });
        line.command(MediaCommand::SetControls {
            room,
            leg,
            controls,
        });
    }
    line.command(MediaCommand::Monitor {
        leg: LegId(16),
        of: Some(LegId(8)),
    });
    // Voices at all the rates there are, treated in every way.
    for leg in [7, 8, 9, 15] {
        line.treat(room, LegId(leg), true);
    }
    let file = "tone_stream://%(100,50,440,480);loops=-1".to_owned();
    line.command(MediaCommand::RoomPlay {
        room,
        play: PlayId(1),
        file: file.clone(),
        repeats: None,
        gain_db: -3.0,
    });
    line.command(MediaCommand::Play {
        leg: LegId(10),
        play: PlayId(2),
        file,
        repeats: None,
        gain_db: 0.0,
        mix: false,
    });
    line.command(MediaCommand::DetectDtmf {
        leg: LegId(10),
        on: true,
    });
    let record = |leg, record, sides| MediaCommand::Record {
        leg: LegId(leg),
        record: RecordId(record),
        file: "r.wav".to_owned(),
        sides,
        limit_ms: None,
        silence: None,
        append: false,
        rate_hz: Some(16_000),
    };
    line.command(record(10, 1, RecordSides::Both));
    line.command(record(3, 2, RecordSides::Stereo));
    line.command(MediaCommand::RoomRecord {
        room,
        record: RecordId(3),
        stereo: false,
        file: "m.wav".to_owned(),
        limit_ms: None,
        append: false,
    });
    let payloads: Vec<Vec<u8>> = legs
        .iter()
        .map(|(_, spec)| {
            let rate_hz = spec.sampling_rate_hz();
            let tone = level::sine(rate_hz, 400.0, -12.0, rate_hz as usize / 50);
            let mut payload = vec![0; 1500];
            let length = Encoder::new(*spec, OpusSending::default()).encode(&tone, &mut payload);
            payload.truncate(length);
            payload
        })
        .collect();
    for n in 0..50 {
        line.tick(n, &legs, &payloads);
    }
    // Fades out while it is counted; later most others do, because treatment takes its time in a test.
    line.treat(room, LegId(8), false);
    line.reports = 0;
    line.datagrams = 0;
    COUNT.with(|count| count.set(Some(0)));
    for n in 50..5050 {
        line.tick(n, &legs, &payloads);
        if n == 800 {
            let so_far = COUNT.with(|count| count.replace(None));
            line.treat(room, LegId(7), false);
            line.treat(room, LegId(15), false);
            COUNT.with(|count| count.set(so_far));
        }
    }
    let counted = COUNT.with(|count| count.replace(None));
    assert_eq!(counted, Some(0), "allocations and frees in 5,000 ticks");
    assert!(line.datagrams > 19 * 5000, "{} datagrams", line.datagrams);
    assert!(
        line.reports > 100,
        "digits and talk were told: {}",
        line.reports
    );
    // The short way really was taken.
    line.engine.handle(
        line.now(),
        MediaCommand::ReportStats { leg: LegId(2) },
        &mut line.out,
    );
    let Some(MediaReport::Stats { stats, .. }) = line.out.reports.last() else {
        panic!("no stats")
    };
    assert!(stats.relayed > 4500, "{stats:?}");
}

/// Poses, devices and sources change all the time; one source falls silent, its reverberation ends, it begins again.
#[test]
fn rendering_directions_allocates_nothing() {
    let set = HrtfSet::spherical_head();
    let quality = Quality::new(3).expect("one of five");
    let renderer = Renderer::new(&set, 48_000, 960, quality).expect("a usual rate");
    let mut sources = [(); 5].map(|()| SourceSpectrum::with_reverb(&renderer));
    let mut listener = Listener::new(&renderer, sources.len());
    let mut space = MixSpace::new(&renderer);
    let mut view = Viewpoint::new(sources.len());
    let (mut left, mut right) = ([0.0; 960], [0.0; 960]);
    let devices = [
        Mixing::Spatial(Device::Headphones),
        Mixing::Spatial(Device::Loudspeakers(HalfSpan::default())),
        Mixing::Flat,
        Mixing::Bypass,
        Mixing::Mono,
    ];
    COUNT.with(|count| count.set(Some(0)));
    for tick in 0..600usize {
        listener.set_controls(ListenerControls {
            mixing: devices[tick / 7 % devices.len()],
            ..ListenerControls::default()
        });
        view.set_pose(Pose {
            heading: Heading::new((tick % 360) as i16 - 180, 0).expect("in range"),
            ..Pose::default()
        });
        let mut mix = listener.begin(&mut space);
        for (n, source) in sources.iter_mut().enumerate() {
            match tick % 200 {
                100 => source.fade_out(),
                silent @ 101..180 if silent > n => source.analyse(Sound::Mono(&[0.0; 960])),
                _ => source.analyse(Sound::Stereo(&[0.5; 960], &[0.25; 960])),
            }
            let position = Position::new(n as i32 * 50, 10, tick as i32 - 300).expect("near");
            mix.add(n, source, view.hear(n, position));
        }
        mix.render(&mut left, &mut right);
    }
    let counted = COUNT.with(|count| count.replace(None));
    assert_eq!(counted, Some(0), "allocations and frees in 600 ticks");
    assert!(left.iter().any(|&sample| sample != 0.0));
}

#[test]
fn the_counter_counts() {
    COUNT.with(|count| count.set(Some(0)));
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(COUNT.with(|count| count.replace(None)), Some(2));
}
