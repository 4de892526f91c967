use std::net::SocketAddr;
use std::sync::Arc;

use crate::view::Registration;

/// A gateway's state changed, or whether it answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GatewayState {
    /// Its name.
    pub gateway: Arc<str>,
    /// State word.
    pub state: &'static str,
    /// Whether calls are sent there.
    pub is_up: bool,
    /// The server that registered us.
    pub server: Option<SocketAddr>,
    /// Status and words of the response that changed it, or of the one made here for want of any.
    pub response: Option<(u16, Arc<str>)>,
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
    /// `sofia::gateway_add`
    GatewayAdded {
        /// SIP profile.
        profile: Arc<str>,
        /// Its name.
        gateway: Arc<str>,
    },
    /// `sofia::gateway_delete`
    GatewayDeleted {
        /// SIP profile.
        profile: Arc<str>,
        /// Its name.
        gateway: Arc<str>,
    },
}
