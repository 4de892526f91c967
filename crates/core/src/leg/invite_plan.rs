//! What an INVITE of ours is going to say.

use std::collections::VecDeque;
use std::sync::Arc;

use sip::endpoint::Party;
use sip::transport::Target;

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
    /// The URI of the Contact; `transport` is the parameter of where the call is sent to.
    pub(crate) fn uri(&self, transport: &str) -> String {
        match self {
            Self::At(address) => format!("sip:mod_sofia@{address}{transport}"),
            Self::Gateway(uri) => uri.to_string(),
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
