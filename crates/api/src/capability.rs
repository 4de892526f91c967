//! What the backend can do, so that a door can refuse early and honestly.

use std::sync::Arc;

/// A dialplan application the backend runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApplicationInfo {
    /// Name as in the dialplan.
    pub name: &'static str,
    /// One line for people.
    pub description: &'static str,
    /// Form of its argument.
    pub syntax: &'static str,
}

/// Facts about the backend that do not change while it runs.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// The run of the server.
    pub node: crate::id::NodeId,
    /// Applications that work, sorted by name.
    pub applications: Arc<[ApplicationInfo]>,
    /// Endpoint types a dial string may name (`sofia`, `user`, `loopback` …).
    pub endpoints: Arc<[&'static str]>,
    /// Codec names as `show codec` lists them.
    pub codecs: Arc<[&'static str]>,
}
