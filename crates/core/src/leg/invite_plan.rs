//! What an INVITE of ours is going to say.

use std::collections::VecDeque;
use std::sync::Arc;

use sip::endpoint::Party;
use sip::transport::{Target, Transport};

use crate::config::CallerIdHeader;
use crate::originate::Privacy;

/// Everything an outbound INVITE says.
#[derive(Clone, Debug)]
pub(crate) struct InvitePlan {
    pub(crate) to_uri: String,
    pub(crate) to: Party,
    /// As it is shown.
    pub(crate) from: Party,
    /// Who calls, as it is shown, where From does not say so.
    pub(crate) identity: Option<Party>,
    /// The header that says who calls.
    pub(crate) caller_id: CallerIdHeader,
    /// What the caller hides.
    pub(crate) privacy: Privacy,
    /// The servers to be tried, the next one first.
    pub(crate) targets: VecDeque<Target>,
    pub(crate) contact: InviteContact,
    pub(crate) credentials: Option<sip::auth::Credentials>,
    pub(crate) route: Vec<String>,
    /// Of the first attempt, for those that follow (RFC 3263 §4.3).
    pub(crate) call_id: Option<String>,
}

/// Where we are.
#[derive(Clone, Debug)]
pub(crate) enum InviteContact {
    /// At a profile's address.
    At(std::net::SocketAddr),
    /// What a gateway knows us by.
    Gateway(Arc<str>),
}

impl InviteContact {
    /// The URI of the Contact of a call to `to`; `sips` where that is (RFC 3261 §8.1.1.8). Over TLS a profile is reached at
    /// another port.
    pub(crate) fn uri(&self, target: &Target, to: &str) -> String {
        let usual = match self {
            Self::At(address) => *address,
            Self::Gateway(uri) => return uri.to_string(),
        };
        let at = match target.transport {
            Transport::Tls => target.local,
            Transport::Udp | Transport::Tcp | Transport::Ws | Transport::Wss => usual,
        };
        let is_sips = sip::message::Uri::parse(to).is_ok_and(|uri| uri.is_sips());
        match target.transport.uri_param() {
            _ if is_sips => format!("sips:mod_sofia@{at}"),
            Some(transport) => format!("sip:mod_sofia@{at};transport={transport}"),
            None => format!("sip:mod_sofia@{at}"),
        }
    }
}

impl InvitePlan {
    /// What tells the callee who calls, beside From.
    pub(super) fn caller_id_header(&self) -> Option<(String, String)> {
        let identity = self.identity.as_ref().unwrap_or(&self.from);
        let display = if identity.display.is_empty() {
            String::new()
        } else {
            format!("{} ", sip::message::header::quote(&identity.display))
        };
        let who = format!("{display}<{}>", identity.uri);
        match self.caller_id {
            CallerIdHeader::RemotePartyId => Some((
                "Remote-Party-ID".into(),
                format!(
                    "{who};party=calling;screen=yes;privacy={}",
                    self.privacy.word()
                ),
            )),
            CallerIdHeader::AssertedIdentity => Some(("P-Asserted-Identity".into(), who)),
            CallerIdHeader::Nothing => None,
        }
    }
}
