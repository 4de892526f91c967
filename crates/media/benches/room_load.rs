//! How many members of a conference in Opus one core carries: everybody talking, and three talkers before listeners who hear the
//! same or, for comparison, each another volume, so that each is encoded for; then listeners in three dimensions, on one seat and each
//! on a seat of its own. Prints processor time per tick, the slowest of a hundred ticks, and memory; of those on one seat also the
//! tick in which all go to seats of their own.

use std::time::Instant;

use jackfield_media as media;
use media::codec::Encoder;
use media::control::{
    CodecSpec, LegId, MediaCommand, MemberControls, MemberSettings, OpusSending, Place, RoomId,
};
use media::rtp::Packet;
use media::spatial::{HrtfSet, Quality, Renderer};
use media::{Port, level};

mod studio;

const RATE: u32 = 48_000;
const FRAME: usize = 960;
const ROOM: RoomId = RoomId(1);
const TICK_US: f64 = 20_000.0;
/// Ticks until listeners share, then those measured.
const WARM: u64 = 100;
const MEASURED: u64 = 200;

/// How those who do not talk listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listening {
    /// All to the same.
    Alike,
    /// All to the plain mix, each at another volume.
    Apart,
    /// In three dimensions, all from one seat.
    OneSeat,
    /// In three dimensions, each from a seat of its own.
    OwnSeats,
}

fn main() {
    println!(
        "members  talking  listening  per tick   slowest of 100  mixed  encoded  members per core  memory each"
    );
    for members in [3, 50, 100] {
        measure(members, members, Listening::Alike);
    }
    measure(200, 3, Listening::Apart);
    for members in [200, 1000, 2000] {
        measure(members, 3, Listening::Alike);
    }
    // Three talkers and so many listeners.
    for listeners in [200, 1000] {
        measure(listeners + 3, 3, Listening::OneSeat);
    }
    measure(203, 3, Listening::OwnSeats);
}

fn place(leg: LegId, x: i32, z: i32) -> MediaCommand {
    MediaCommand::Place {
        room: ROOM,
        leg,
        place: Place {
            position_cm: [x, 0, z],
            ..Place::default()
        },
    }
}

fn measure(members: u64, talkers: u64, listening: Listening) {
    let resident = resident_kb();
    let spec = CodecSpec::opus(102);
    let in_a_hall = matches!(listening, Listening::OneSeat | Listening::OwnSeats);
    let opus = OpusSending {
        stereo: in_a_hall,
        ..OpusSending::default()
    };
    let mut studio = studio::legs_with(members, spec, opus);
    if in_a_hall {
        // As the server does unless told otherwise.
        let renderer = Renderer::new(&HrtfSet::kemar(), RATE, FRAME, Quality::ALL[4]);
        studio
            .engine
            .equip(renderer.expect("a rate and a frame it has"));
    }
    studio.command(MediaCommand::OpenRoom {
        room: ROOM,
        rate_hz: RATE,
    });
    for leg in (1..=members).map(LegId) {
        let is_apart = listening == Listening::Apart;
        let settings = MemberSettings {
            // Hundredths of a decibel.
            gain_out_db: if is_apart { leg.0 as f32 * -0.01 } else { 0.0 },
            ..MemberSettings::default()
        };
        studio.command(MediaCommand::JoinRoom {
            room: ROOM,
            leg,
            settings,
        });
        if in_a_hall {
            let is_own = listening == Listening::OwnSeats || leg.0 <= talkers;
            let x = if is_own { leg.0 as i32 } else { 0 };
            let z = if leg.0 <= talkers { 100 } else { 0 };
            studio.command(place(leg, x * 40 - 80, z));
            let controls = MemberControls {
                mixing_3d: leg.0 > talkers,
                ..MemberControls::default()
            };
            studio.command(MediaCommand::SetControls {
                room: ROOM,
                leg,
                controls,
            });
        }
    }
    let voices = packets(spec);
    let mut times = Vec::new();
    let (mut rendered, mut encoded) = (0, 0);
    let mut apart = None;
    for tick in 1..=WARM + MEASURED + 1 {
        let now = studio.at_ms(tick * 20);
        if tick == WARM + 1 {
            (rendered, encoded) = (studio.out.rendered, studio.out.encoded);
        }
        if tick == WARM + MEASURED + 1 {
            rendered = studio.out.rendered - rendered;
            encoded = studio.out.encoded - encoded;
            if listening != Listening::OneSeat {
                break;
            }
            for leg in (talkers + 1..=members).map(LegId) {
                studio.command(place(leg, leg.0 as i32 * 40, 0));
            }
        }
        let began = processor_ns();
        for leg in (1..=talkers).map(LegId) {
            let payload = &voices[(tick + leg.0 * 7) as usize % voices.len()];
            let packet = Packet {
                marker: false,
                payload_type: spec.payload_type,
                sequence: tick as u16,
                timestamp: tick as u32 * FRAME as u32,
                ssrc: 7,
                payload,
            };
            let mut datagram = [0; 1500];
            let length = 12 + payload.len();
            datagram[..12].copy_from_slice(&packet.header());
            datagram[12..length].copy_from_slice(payload);
            studio.engine.receive(
                now,
                leg,
                Port::Rtp,
                studio::remote(leg),
                &mut datagram[..length],
                &mut studio.out,
            );
        }
        studio.engine.tick(now, &mut studio.out);
        let took = (processor_ns() - began) as f64 / 1000.0;
        match tick {
            ..=WARM => {}
            tick if tick <= WARM + MEASURED => times.push(took),
            _ => apart = Some(took),
        }
        studio.out.clear();
    }
    let per_tick = |count: u64| count as f64 / MEASURED as f64;
    let (rendered, encoded) = (per_tick(rendered), per_tick(encoded));
    let memory = (resident_kb().saturating_sub(resident)) / members;
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let slowest = times[times.len() * 99 / 100];
    let per_core = members as f64 * TICK_US / mean;
    let listening = format!("{listening:?}");
    println!(
        "{members:7}  {talkers:7}  {listening:9}  {mean:7.0} µs  {slowest:10.0} µs  {rendered:5.0}  {encoded:7.0}  {per_core:16.0}  {memory:8} kB"
    );
    if let Some(apart) = apart {
        println!("         and the tick in which all go to seats of their own: {apart:.0} µs");
    }
}

/// A second of a voice.
fn packets(spec: CodecSpec) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(spec, OpusSending::default());
    let mut voice = vec![0i32; RATE as usize];
    for harmonic in 1..12 {
        let hz = 170.0 * f64::from(harmonic);
        let part = level::sine(RATE, hz, -18.0 - f64::from(harmonic), voice.len());
        for (sum, sample) in voice.iter_mut().zip(part) {
            *sum += i32::from(sample);
        }
    }
    let voice: Vec<i16> = voice
        .into_iter()
        .map(|sample| sample.clamp(-32_768, 32_767) as i16)
        .collect();
    voice
        .chunks_exact(FRAME)
        .map(|frame| {
            let mut payload = vec![0; 1400];
            let length = encoder.encode(frame, &mut payload);
            payload.truncate(length);
            payload
        })
        .collect()
}

/// Processor time of this process as the kernel accounts it, which other programs on the machine add little to.
fn processor_ns() -> u64 {
    let read = |path| std::fs::read_to_string(path).ok();
    let first = |text: String| text.split_whitespace().next()?.parse().ok();
    let accounted = read("/proc/self/schedstat").and_then(first);
    accounted.unwrap_or_else(|| {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    })
}

/// Memory of this process, kB.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0)
}
