//! One record as it stands in a file: length, checksum, sequence number, time, kind, payload; all numbers little-endian.

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C (RFC 3720 §B.4): found in hardware and in every other log.
const CHECKSUM: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// The kind of record that stands for events that are not in the log; its payload is three numbers.
pub const GAP: u8 = 0;

/// Longest payload: an event that is longer is left out, as a gap. Ours; a request may have 16 MiB at most.
pub const MAX_PAYLOAD: usize = 32 << 20;

/// Length and checksum.
pub(crate) const PREFIX: usize = 8;

/// Sequence number, time and kind.
const FIXED: usize = 17;

/// A record that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Where it stands in the order of everything that ever happened here.
    pub sequence: u64,
    /// When it happened, Unix microseconds.
    pub at: i64,
    /// Whose it is; [`GAP`] or a number its writer chose.
    pub kind: u8,
    /// What its writer put in.
    pub payload: &'a [u8],
}

/// What begins a piece of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decoded<'a> {
    /// A record, and its length with everything around it.
    Record(Record<'a>, usize),
    /// The beginning of one; so many bytes are needed at least.
    Partial(usize),
    /// No record.
    Damaged,
}

/// Appends a record. A payload above [`MAX_PAYLOAD`] cannot be read again: whoever calls has looked.
pub fn encode(out: &mut Vec<u8>, record: Record<'_>) {
    let start = out.len();
    let length = u32::try_from(FIXED + record.payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&record.sequence.to_le_bytes());
    out.extend_from_slice(&record.at.to_le_bytes());
    out.push(record.kind);
    out.extend_from_slice(record.payload);
    let sum = checksum(length, &out[start + PREFIX..]);
    out[start + 4..start + PREFIX].copy_from_slice(&sum.to_le_bytes());
}

/// Reads the record at the beginning of `bytes`.
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() else {
        return Decoded::Partial(PREFIX);
    };
    let [a, b, c, d, e, f, g, h] = *prefix;
    let (stored, sum) = (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    );
    let length = stored as usize;
    if !(FIXED..=FIXED + MAX_PAYLOAD).contains(&length) {
        return Decoded::Damaged;
    }
    let Some(body) = rest.get(..length) else {
        return Decoded::Partial(PREFIX + length);
    };
    if checksum(stored, body) != sum {
        return Decoded::Damaged;
    }
    let Some((sequence, body)) = body.split_first_chunk() else {
        return Decoded::Damaged;
    };
    let Some((at, body)) = body.split_first_chunk() else {
        return Decoded::Damaged;
    };
    let Some((kind, payload)) = body.split_first() else {
        return Decoded::Damaged;
    };
    let record = Record {
        sequence: u64::from_le_bytes(*sequence),
        at: i64::from_le_bytes(*at),
        kind: *kind,
        payload,
    };
    Decoded::Record(record, PREFIX + length)
}

/// The length is under the checksum too: zeroes are no record.
pub(crate) fn checksum(length: u32, body: &[u8]) -> u32 {
    let mut digest = CHECKSUM.digest();
    digest.update(&length.to_le_bytes());
    digest.update(body);
    digest.finalize()
}

/// Three numbers in a row, as gaps and the heads of segments have them.
pub(crate) fn numbers<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut chunks = bytes.chunks_exact(8);
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = u64::from_le_bytes(chunks.next()?.try_into().ok()?);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(payload: &[u8]) -> Record<'_> {
        Record {
            sequence: 7,
            at: -1,
            kind: 1,
            payload,
        }
    }

    #[test]
    fn nothing_but_the_whole_record_is_one() {
        let mut bytes = Vec::new();
        encode(&mut bytes, record(b"payload"));
        for end in 0..bytes.len() {
            assert!(
                matches!(decode(&bytes[..end]), Decoded::Partial(_)),
                "{end}"
            );
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(
                !matches!(decode(&changed), Decoded::Record(..)),
                "byte {at} counts"
            );
        }
        assert_eq!(decode(&[0; 64]), Decoded::Damaged);
    }

    proptest! {
        #[test]
        fn records_are_read_as_they_were_written(
            sequence: u64, at: i64, kind: u8, payload: Vec<u8>, behind: Vec<u8>,
        ) {
            let written = Record { sequence, at, kind, payload: &payload };
            let mut bytes = Vec::new();
            encode(&mut bytes, written);
            let length = bytes.len();
            bytes.extend_from_slice(&behind);
            prop_assert_eq!(decode(&bytes), Decoded::Record(written, length));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            if let Decoded::Record(record, length) = decode(&bytes) {
                prop_assert!(length <= bytes.len() && record.payload.len() < length);
            }
        }
    }
}
