//! What calls may use beyond RFC 3261, by the address of ours they go over.

use std::net::SocketAddr;

use super::EndpointConfig;

/// Extensions of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Reliable provisional responses (RFC 3262). A peer that sends them gets its PRACK also without.
    pub reliable: bool,
    /// Session timers (RFC 4028).
    pub timer: Option<TimerTerms>,
}

/// What we want of session timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerTerms {
    /// The interval we ask for, seconds, at least 1; `None`: only the peer's wish starts a timer.
    pub interval_s: Option<u32>,
    /// The shortest interval we accept (Min-SE), seconds, at least 1. RFC 4028 §4 has 90 as the least.
    pub minimum_s: u32,
}

impl TimerTerms {
    /// 90 seconds (RFC 4028 §4): what Min-SE is where nobody says it.
    pub const USUAL_MINIMUM_S: u32 = 90;
}

impl Extensions {
    /// Their option tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        let reliable = self.reliable.then_some("100rel");
        let timer = self.timer.is_some().then_some("timer");
        reliable.into_iter().chain(timer)
    }
}

impl EndpointConfig {
    /// The extensions of calls over an address of ours: those of that address, else of one with its port (a socket
    /// may be bound to all addresses), else none.
    pub(crate) fn extensions_at(&self, local: SocketAddr) -> Extensions {
        let exact = self.extensions.iter().find(|(own, _)| *own == local);
        let by_port = || {
            let has_port = |(own, _): &&(SocketAddr, Extensions)| own.port() == local.port();
            self.extensions.iter().find(has_port)
        };
        exact
            .or_else(by_port)
            .map_or(Extensions::default(), |(_, extensions)| *extensions)
    }

    /// Whether a request may require an extension.
    pub(crate) fn serves(&self, tag: &str, extensions: &Extensions) -> bool {
        let own = self.supported.iter().map(String::as_str);
        own.chain(extensions.tags())
            .any(|known| known.eq_ignore_ascii_case(tag))
    }
}
