use std::net::SocketAddr;
use std::sync::Arc;

use crate::time::Timestamp;

/// A contact under which an account can be reached now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registration {
    /// Creation number.
    pub serial: u64,
    /// SIP profile it came in through.
    pub profile: Arc<str>,
    /// User part of the address registered.
    pub user: Arc<str>,
    /// Its domain.
    pub domain: Arc<str>,
    /// User name of the credentials.
    pub auth_user: Arc<str>,
    /// Realm of the credentials.
    pub auth_realm: Arc<str>,
    /// Contact as the phone gave it, with display name and parameters.
    pub contact: Arc<str>,
    /// URI calls are sent to.
    pub contact_uri: Arc<str>,
    /// SIP `Call-ID` of the registration.
    pub call_id: Arc<str>,
    /// `User-Agent` of the phone.
    pub user_agent: Arc<str>,
    /// Where the request came from.
    pub source: SocketAddr,
    /// `udp` or `tcp`; `ws` for a web client.
    pub transport: &'static str,
    /// When it was made or refreshed.
    pub refreshed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// A SIP profile: one set of listening addresses with its rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SipProfile {
    /// Name, as `internal`.
    pub name: Arc<str>,
    /// Other names of it (domains).
    pub aliases: Vec<Arc<str>>,
    /// Address SIP is bound to.
    pub sip_ip: Arc<str>,
    /// Port SIP is bound to.
    pub sip_port: u16,
    /// Address media is bound to.
    pub rtp_ip: Arc<str>,
    /// Dialplan context of calls that come in.
    pub context: Arc<str>,
    /// Dialplan type.
    pub dialplan: Arc<str>,
    /// Realm of challenges.
    pub realm: Arc<str>,
    /// Codec names offered, in order.
    pub codecs: Vec<Arc<str>>,
    /// Gateways that belong to it.
    pub gateways: Vec<Gateway>,
    /// Calls in: all, failed; out: all, failed.
    pub calls_in: u64,
    /// See `calls_in`.
    pub failed_calls_in: u64,
    /// See `calls_in`.
    pub calls_out: u64,
    /// See `calls_in`.
    pub failed_calls_out: u64,
}

/// A peer calls can be sent to by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gateway {
    /// Name in dial strings.
    pub name: Arc<str>,
    /// `sip:user@host` of it.
    pub uri: Arc<str>,
    /// State word, as `NOREG`.
    pub state: &'static str,
}
