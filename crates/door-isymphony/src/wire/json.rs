//! JSON from strangers: bounded in depth by the library, in length by whoever has read it.

pub(crate) use serde_json::Value;

/// Members of an object, sorted by name (event-api.md §3: "alphabetical").
pub(crate) type Map = serde_json::Map<String, Value>;

/// Strict JSON; `None` when it is none.
pub(crate) fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}
