//! What strangers write, for the tests that write anything at all.

use crate::wire;

/// Reads the body of an answer; what is wrong with it, if anything.
///
/// # Errors
/// A sentence for people.
pub fn answer(body: &[u8]) -> Result<usize, String> {
    wire::read(body)
        .map(|answer| answer.actions.len())
        .map_err(|wrong| wrong.to_string())
}
