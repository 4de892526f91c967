//! Attribute values of dialplan elements.

use super::condition::{Break, Quorum};

/// `continue`, `inline`, `require-nested`: the words FreeSWITCH takes for true and false.
pub(super) fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "enabled" | "active" | "allow" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "disabled" | "inactive" | "deny" | "f" | "0" | "" => Some(false),
        _ => None,
    }
}

pub(super) fn break_when(value: &str) -> Option<Break> {
    match value.to_ascii_lowercase().as_str() {
        "on-false" => Some(Break::OnFalse),
        "on-true" => Some(Break::OnTrue),
        "always" => Some(Break::Always),
        "never" => Some(Break::Never),
        _ => None,
    }
}

pub(super) fn quorum(value: &str) -> Option<Quorum> {
    match value.to_ascii_lowercase().as_str() {
        "all" => Some(Quorum::All),
        "any" => Some(Quorum::Any),
        "xor" => Some(Quorum::Xor),
        _ => None,
    }
}
