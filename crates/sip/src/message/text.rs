//! Bringing the head of a message into the one form the parser reads.

use bytes::Bytes;

/// Replaces each line break before a continuation line by blanks of the same length
/// (RFC 3261 §7.3.1: a fold means a single blank). Offsets do not move.
pub(super) fn unfold(bytes: &Bytes, head_len: usize) -> Bytes {
    let mut copy = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = copy
        .get(at..head_len)
        .and_then(|rest| memchr::memchr(b'\n', rest))
    {
        let line_end = at + found;
        if line_end + 1 < head_len && matches!(copy.get(line_end + 1), Some(b' ' | b'\t')) {
            if let Some(byte) = copy.get_mut(line_end) {
                *byte = b' ';
            }
            if let Some(byte) = line_end
                .checked_sub(1)
                .and_then(|before| copy.get_mut(before))
                && *byte == b'\r'
            {
                *byte = b' ';
            }
        }
        at = line_end + 1;
    }
    Bytes::from(copy)
}

/// Reads a head that is not UTF-8 as Latin-1, as older phones send display names.
/// Returns the new text and the new length of its head.
pub(super) fn latin1_head_to_utf8(bytes: &Bytes, head_len: usize) -> (Bytes, usize) {
    let (head, body) = bytes.split_at(head_len);
    let mut text: Vec<u8> = head
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .into_bytes();
    let new_head = text.len();
    text.extend_from_slice(body);
    (Bytes::from(text), new_head)
}
