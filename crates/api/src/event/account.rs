use std::net::SocketAddr;
use std::sync::Arc;

use crate::view::Registration;

/// Why a gateway's line in `sofia status` changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GatewayState {
    /// Its name.
    pub gateway: Arc<str>,
    /// State word.
    pub state: &'static str,
}

/// Registrations coming and going (event-socket.md §5.2, §5.3 S11).
#[derive(Clone, Debug)]
pub enum AccountEvent {
    /// `sofia::pre_register` and `sofia::register_attempt`: credentials were judged.
    RegisterAttempted {
        /// What the request would register.
        registration: Registration,
        /// `SUCCESS`, `RENEWED`, `STALE` or `FORBIDDEN`.
        result: &'static str,
    },
    /// `sofia::register`
    Registered {
        /// As it is now.
        registration: Arc<Registration>,
        /// Seconds granted.
        expires_s: u32,
        /// It existed before.
        refreshed: bool,
    },
    /// `sofia::register_failure`
    RegisterFailed {
        /// SIP profile.
        profile: Arc<str>,
        /// Address that was to be registered.
        user: Arc<str>,
        /// Its domain.
        domain: Arc<str>,
        /// Where the request came from.
        source: SocketAddr,
        /// `User-Agent` of the phone.
        user_agent: Arc<str>,
    },
    /// `sofia::unregister`
    Unregistered {
        /// As it was.
        registration: Arc<Registration>,
    },
    /// `sofia::expire`
    Expired {
        /// As it was.
        registration: Arc<Registration>,
    },
    /// `sofia::gateway_state`
    Gateway(GatewayState),
}
