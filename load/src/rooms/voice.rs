//! What every talker says: a second of a voice whose pitch wanders, encoded once.

use media::codec::opus::OpusEncoder;
use media::control::OpusSending;

use crate::sip_agent::OPUS;

/// Frames before they repeat.
const FRAMES: usize = 50;
/// Samples of 20 ms at 48 kHz, and the step of the RTP clock.
pub(super) const FRAME: u32 = 960;
/// Harmonics of the voice.
const HARMONICS: u32 = 12;

pub(super) struct Voice(Vec<Vec<u8>>);

impl Voice {
    pub(super) fn new() -> Self {
        let mut encoder = OpusEncoder::new(48_000, OpusSending::default());
        let mut phase = 0.0_f64;
        let frames = (0..FRAMES).map(|frame| {
            let turn = frame as f64 / FRAMES as f64 * std::f64::consts::TAU;
            let hertz = 170.0 + 40.0 * turn.sin();
            let samples: Vec<i16> = (0..FRAME)
                .map(|_| {
                    phase += hertz * std::f64::consts::TAU / 48_000.0;
                    let sum: f64 = (1..=HARMONICS)
                        .map(|n| (phase * f64::from(n)).sin() / f64::from(n))
                        .sum();
                    (sum * 3_000.0) as i16
                })
                .collect();
            let mut bytes = vec![0; 1275];
            let length = encoder.encode(&samples, &mut bytes);
            bytes.truncate(length);
            bytes
        });
        Self(frames.collect())
    }

    /// Packet number `round` of a member; each is at another place of the voice.
    pub(super) fn packet(&self, member: usize, round: u32) -> Vec<u8> {
        let frame = (round as usize + member * 7) % self.0.len();
        let mut packet = vec![0x80, OPUS];
        packet.extend_from_slice(&(round as u16).to_be_bytes());
        packet.extend_from_slice(&round.wrapping_mul(FRAME).to_be_bytes());
        packet.extend_from_slice(&(member as u32 + 1).to_be_bytes());
        if let Some(frame) = self.0.get(frame) {
            packet.extend_from_slice(frame);
        }
        packet
    }
}
