//! One binding: an address where an account can be reached for a while.

use std::sync::Arc;
use std::time::Instant;

use crate::transport::{Flow, Target};

/// A contact registered for an address of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Its number in the registrar, from 1; a refresh keeps it.
    pub id: u64,
    /// Contact URI as the phone wrote it.
    pub contact: Arc<str>,
    /// Preference in thousandths, 0–1000.
    pub q: u16,
    /// Call-ID of the registering user agent.
    pub call_id: Arc<str>,
    /// CSeq of the last REGISTER.
    pub cseq: u32,
    /// When it ends.
    pub expires_at: Instant,
    /// When the last REGISTER arrived.
    pub refreshed_at: Instant,
    /// Where the last REGISTER came from. Behind a NAT this, not the contact, is the way back.
    pub flow: Flow,
    /// Path to print as Route, in order (RFC 3327).
    pub path: Box<[Box<str>]>,
    /// User-Agent of the phone.
    pub user_agent: Box<str>,
    /// `+sip.instance` with `reg-id` (RFC 5626): the same phone under a new address.
    pub instance: Option<Box<str>>,
}

impl Binding {
    /// Where requests for this binding go: back along the flow that registered it.
    pub fn target(&self) -> Target {
        self.flow.target()
    }

    /// Seconds left at `now`, rounded up.
    pub fn expires_in(&self, now: Instant) -> u32 {
        let left = self.expires_at.saturating_duration_since(now);
        u32::try_from(left.as_secs() + u64::from(left.subsec_nanos() > 0)).unwrap_or(u32::MAX)
    }
}

/// What a REGISTER or the clock did to a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingChange {
    /// What happened.
    pub kind: ChangeKind,
    /// The address of record.
    pub aor: Box<str>,
    /// The binding as it is, or was.
    pub binding: Binding,
}

/// What happened to a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Registered,
    /// It was there and lives longer, perhaps over another flow.
    Refreshed,
    /// The phone, the operator or the loss of its connection ended it.
    Removed,
    /// Its time ran out.
    Expired,
}
