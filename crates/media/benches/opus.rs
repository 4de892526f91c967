//! Twenty milliseconds of Opus: encoding by effort and with FEC, decoding, concealment, and a bridge that
//! transcodes to G.711 both ways.

mod studio;

use divan::{Bencher, black_box};
use jackfield_media as media;
use media::codec::opus::{OpusDecoder, OpusEncoder};
use media::control::{CodecSpec, LegId, MediaCommand, OpusSending};
use media::{Port, rtp::Packet};
use studio::{legs, remote};

const RATE: u32 = 48_000;
const FRAME: usize = 960;

fn main() {
    divan::main();
}

/// One second with a pitch that wanders, in syllables.
fn babble() -> Vec<i16> {
    let mut phase = 0.0f64;
    let samples = (0..RATE as usize).map(|n| {
        let at = n as f64 / f64::from(RATE);
        phase += (150.0 + 60.0 * (at * 7.3).sin()) * std::f64::consts::TAU / f64::from(RATE);
        let voice: f64 = (1..12)
            .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
            .sum();
        (voice * (0.55 + 0.45 * (at * 11.0).sin()) * 5000.0) as i16
    });
    samples.collect()
}

fn encode_all(bencher: Bencher<'_, '_>, sending: OpusSending, expected_loss: u8) {
    let voice = babble();
    let mut encoder = OpusEncoder::new(RATE, sending);
    encoder.expect_loss(expected_loss);
    let mut frames = voice.chunks_exact(FRAME).cycle();
    let mut out = [0; 1500];
    bencher.bench_local(|| {
        let frame = frames.next().expect("it cycles");
        black_box(encoder.encode(frame, &mut out))
    });
}

#[divan::bench(args = [0, 5, 10])]
fn encode(bencher: Bencher<'_, '_>, complexity: u8) {
    let sending = OpusSending {
        complexity,
        ..OpusSending::default()
    };
    encode_all(bencher, sending, 0);
}

#[divan::bench(args = [0, 5, 10])]
fn encode_with_fec(bencher: Bencher<'_, '_>, complexity: u8) {
    let sending = OpusSending {
        complexity,
        fec: true,
        ..OpusSending::default()
    };
    encode_all(bencher, sending, 10);
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let mut encoder = OpusEncoder::new(RATE, OpusSending::default());
    let packets: Vec<Vec<u8>> = babble()
        .chunks_exact(FRAME)
        .map(|frame| {
            let mut out = [0; 1500];
            let length = encoder.encode(frame, &mut out);
            out[..length].to_vec()
        })
        .collect();
    let mut decoder = OpusDecoder::new(RATE);
    let mut packets = packets.iter().cycle();
    let mut out = [0; FRAME];
    bencher.bench_local(|| {
        let packet = packets.next().expect("it cycles");
        black_box(decoder.decode(packet, &mut out))
    });
}

#[divan::bench]
fn conceal(bencher: Bencher<'_, '_>) {
    let mut encoder = OpusEncoder::new(RATE, OpusSending::default());
    let mut decoder = OpusDecoder::new(RATE);
    let (mut packet, mut out) = ([0; 1500], [0; FRAME]);
    for frame in babble().chunks_exact(FRAME) {
        let length = encoder.encode(frame, &mut packet);
        decoder.decode(&packet[..length], &mut out);
    }
    bencher.bench_local(|| decoder.fill_hole(None, black_box(&mut out)));
}

/// A tick of a call between Opus and G.711 with both sides speaking: packets in, packets out.
#[divan::bench]
fn call_with_g711(bencher: Bencher<'_, '_>) {
    let specs = [CodecSpec::opus(102), CodecSpec::pcmu()];
    let mut studio = legs(2, specs[0]);
    studio.negotiate(LegId(2), specs[1]);
    studio.command(MediaCommand::Bridge {
        a: LegId(1),
        b: LegId(2),
    });
    let mut encoder = OpusEncoder::new(RATE, OpusSending::default());
    let mut voice = vec![0; 1500];
    let length = encoder.encode(&babble()[..FRAME], &mut voice);
    let payloads = [&voice[..length], &[0x55; 160][..]];
    let mut n = 0u64;
    bencher.bench_local(|| {
        n += 1;
        let now = studio.at_ms(n * 20);
        for (at, payload) in payloads.iter().enumerate() {
            let leg = LegId(at as u64 + 1);
            let packet = Packet {
                marker: false,
                payload_type: specs[at].payload_type,
                sequence: n as u16,
                timestamp: n as u32 * specs[at].clock_rate_hz / 50,
                ssrc: at as u32,
                payload,
            };
            let mut datagram = packet.header().to_vec();
            datagram.extend_from_slice(payload);
            let from = remote(leg);
            let out = &mut studio.out;
            studio
                .engine
                .receive(now, leg, Port::Rtp, from, &mut datagram, out);
        }
        studio.engine.tick(now, &mut studio.out);
        black_box(studio.out.datagram_count());
        studio.out.clear();
    });
}
