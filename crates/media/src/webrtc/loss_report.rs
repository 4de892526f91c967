//! What the leg of a browser is told of its own audio.

/// What a browser said of the audio it gets, as a receiver report about the leg's own stream. RFC 3550 §6.4.2. The codec
/// prepares for losses by it.
pub(super) fn loss_report(ssrc: u32, loss: f32, remote: Option<(u64, u32)>) -> Vec<u8> {
    let (lost, jitter) = remote.unwrap_or_default();
    let lost = u32::try_from(lost).unwrap_or(u32::MAX).min(0x007f_ffff);
    let fraction = (loss * 256.0).clamp(0.0, 255.0) as u8;
    let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
    bytes.extend(ssrc.to_be_bytes());
    bytes.push(fraction);
    bytes.extend(&lost.to_be_bytes()[1..]);
    // Highest sequence number, then jitter, then times of a sender report that was not ours.
    bytes.extend([0; 4]);
    bytes.extend(jitter.to_be_bytes());
    bytes.extend([0; 8]);
    bytes
}
