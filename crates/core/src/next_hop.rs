//! Finding the servers of other domains (RFC 3263). The shell asks the DNS; who wanted to know waits here, and nobody
//! else waits.

use std::collections::HashMap;
use std::net::SocketAddr;

use api::RequestId;
use api::command::web::PlaceWebCall;
use sip::resolve::{Destination, Hop};
use sip::transport::{Target, Transport};

use crate::config::ProfileConfig;
use crate::gateway::GatewayId;
use crate::message::Outbound;
use crate::originate::AttemptId;
use crate::registration_client::RegistrationId;
use crate::{Effect, Switch};

/// Most lookups under way at one time; beyond, they fail at once.
const MAX_LOOKUPS: usize = 2_000;

/// A lookup under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LookupId(pub u64);

/// Who waits for a lookup.
#[derive(Debug)]
pub(crate) enum Asker {
    /// A registration with another server.
    Registration(RegistrationId),
    /// A page that calls another server.
    WebCall(RequestId, Box<PlaceWebCall>),
    /// A message to another server.
    Message(Box<Outbound>),
    /// A leg of an originate.
    Leg(AttemptId),
    /// A gateway: whether calls are sent there.
    Gateway(GatewayId, bool),
}

/// Hops, at least one, or why there is none.
pub(crate) type Found = Result<Vec<Hop>, Box<str>>;

/// The lookups under way.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    waiting: HashMap<LookupId, Asker>,
    serial: u64,
}

impl Lookups {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Switch {
    /// Finds out where a destination is, and goes on with what `asker` wants: at once for an address, else when the
    /// DNS has answered.
    pub(crate) fn look_up(&mut self, destination: Destination, asker: Asker) {
        if let Some(hop) = destination.literal() {
            return self.found(asker, Ok(vec![hop]));
        }
        if self.lookups.waiting.len() >= MAX_LOOKUPS {
            return self.found(asker, Err("too many lookups at once".into()));
        }
        self.lookups.serial += 1;
        let id = LookupId(self.lookups.serial);
        self.lookups.waiting.insert(id, asker);
        self.effect(Effect::Resolve { id, destination });
    }

    /// The shell has an answer.
    pub(crate) fn resolved(&mut self, id: LookupId, result: Found) {
        if let Some(asker) = self.lookups.waiting.remove(&id) {
            self.found(asker, result);
        }
    }

    fn found(&mut self, asker: Asker, found: Found) {
        match asker {
            Asker::Registration(id) => self.registrar_found(id, found),
            Asker::WebCall(request, command) => self.web_callee_found(request, *command, found),
            Asker::Message(outbound) => self.message_server_found(*outbound, found),
            Asker::Leg(attempt) => self.leg_found(attempt, found),
            Asker::Gateway(id, for_calls) => self.gateway_found(id, for_calls, found),
        }
    }

    /// Where web clients' requests to a host go: the proxy, if there is one.
    pub(crate) fn web_next_hop(&self, host: &str) -> Result<Destination, Box<str>> {
        if let Some(proxy) = &self.config.outbound_proxy {
            return Ok(proxy.clone());
        }
        let uri = format!("sip:{host}");
        let uri = sip::message::Uri::parse(&uri).map_err(|error| error.to_string())?;
        Destination::of_uri(&uri).map_err(|error| format!("{host}: {error}").into())
    }
}

/// The hops a profile has a socket for, as targets.
pub(crate) fn targets(profile: &ProfileConfig, hops: &[Hop]) -> Vec<Target> {
    hops.iter()
        .filter(|hop| hop.address.is_ipv4() == profile.sip.is_ipv4())
        .filter_map(|hop| target_over(profile, hop.address, hop.transport))
        .collect()
}

/// A target at an address over a transport; `None`: the profile does not have that.
pub(crate) fn target_over(
    profile: &ProfileConfig,
    remote: SocketAddr,
    transport: Transport,
) -> Option<Target> {
    Some(Target {
        flow: (transport == Transport::Udp).then_some(profile.udp_flow),
        transport,
        local: profile.local(transport)?,
        remote,
    })
}
