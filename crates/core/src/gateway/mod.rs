//! Gateways: peers that calls are sent to by name, some of which we register with (event-socket.md §6.7). A gateway is up
//! when calls are sent there: it need not be registered with or is, and answers when it is asked.

mod call;
mod control;
mod ping;
mod registration;
mod show;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Timestamp;
use api::event::{AccountEvent, EventKind, GatewayState};
use sip::event::TransactionId;
use sip::resolve::Destination;
use sip::transport::Target;

pub(crate) use call::{ByGateway, route};
use ping::Ping;

use crate::Switch;
use crate::config::GatewayConfig;
use crate::next_hop::{Asker, Found, targets};
use crate::registration_client::{Heard, RegistrationId};
use crate::timers::Deadline;

/// How long the addresses of a gateway's servers are believed.
const FIND_AGAIN: Duration = Duration::from_secs(600);
/// Most addresses of servers remembered for one gateway.
const MAX_SERVERS: usize = 64;
/// How long a request waits for its answer (RFC 3261 §17.1.2.2, timer F).
const REQUEST_TIME: Duration = Duration::from_secs(32);

/// A gateway. One that is killed and started again has another number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct GatewayId(u64);

/// The gateways there are.
#[derive(Debug, Default)]
pub(crate) struct Gateways {
    live: BTreeMap<GatewayId, Gateway>,
    /// Requests that ask a gateway whether it is there.
    pings: HashMap<TransactionId, GatewayId>,
    serial: u64,
}

/// How it stands with a gateway's registration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// There is none to be.
    NoReg,
    /// None yet.
    Unregistered,
    /// The first REGISTER is on its way, or one after a failure.
    Trying,
    /// It is.
    Registered,
    /// It is, and is being renewed.
    Refreshing,
    /// Its time is over, and no REGISTER was answered yet.
    Expired,
    /// The last attempt failed; another one follows.
    Waiting,
    /// It is being taken back; whether it is to be made again then.
    Ending { again: bool },
}

impl Standing {
    /// The word clients know it by.
    fn word(self) -> &'static str {
        match self {
            Self::NoReg => "NOREG",
            Self::Unregistered => "UNREGED",
            Self::Trying | Self::Refreshing => "TRYING",
            Self::Registered => "REGED",
            Self::Expired => "EXPIRED",
            Self::Waiting => "FAIL_WAIT",
            Self::Ending { .. } => "UNREGISTER",
        }
    }

    /// Whether calls are sent there, as far as the registration matters.
    fn carries_calls(self) -> bool {
        match self {
            Self::NoReg | Self::Registered | Self::Refreshing => true,
            Self::Unregistered
            | Self::Trying
            | Self::Expired
            | Self::Waiting
            | Self::Ending { .. } => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Gateway {
    config: Arc<GatewayConfig>,
    /// Index of its profile.
    profile: usize,
    /// Our contact there.
    contact: Arc<str>,
    standing: Standing,
    registration: Option<RegistrationId>,
    /// The registration of the one in whose place it came: it registers when that has been taken back, as the registrar
    /// cannot tell their contacts apart.
    behind: Option<RegistrationId>,
    /// When the last REGISTER was sent.
    tried: Timestamp,
    ping: Option<Ping>,
    /// Where calls go: `None` while that is not known, nowhere when it was not found.
    targets: Option<Vec<Target>>,
    /// Whose calls are believed to be its own.
    servers: Vec<IpAddr>,
    /// When its servers are looked for.
    find_at: Option<Instant>,
    /// When [`Deadline::Gateway`] comes.
    armed: Option<Instant>,
    up_since: Timestamp,
    calls_in: Calls,
    calls_out: Calls,
}

/// Calls that were, and how many of them were not answered.
#[derive(Clone, Copy, Default, Debug)]
struct Calls {
    all: u64,
    failed: u64,
}

impl Gateway {
    fn is_up(&self) -> bool {
        self.standing.carries_calls() && self.ping.as_ref().is_none_or(Ping::is_up)
    }

    /// Whether it is to register, for the first time.
    fn begins(&self) -> bool {
        self.standing == Standing::Unregistered
            && self.registration.is_none()
            && self.behind.is_none()
    }

    /// Where its servers are to be looked for, and whether calls go there.
    fn destinations(&self) -> Vec<(Destination, bool)> {
        let config = &self.config;
        let mut all = vec![(config.calls_go_to().clone(), true)];
        for other in [&config.proxy, config.registrar()] {
            if !all.iter().any(|(known, _)| known == other) {
                all.push((other.clone(), false));
            }
        }
        all
    }

    fn know(&mut self, servers: &[IpAddr]) {
        for server in servers {
            if !self.servers.contains(server) {
                self.servers.push(*server);
            }
        }
        // The oldest go first: what was found last is never among them.
        let surplus = self.servers.len().saturating_sub(MAX_SERVERS);
        self.servers.drain(..surplus);
    }
}

impl Gateways {
    fn named(&self, profile: Option<usize>, name: &str) -> Option<(GatewayId, &Gateway)> {
        self.live
            .iter()
            .find(|(_, gateway)| {
                gateway.config.name.eq_ignore_ascii_case(name)
                    && profile.is_none_or(|profile| gateway.profile == profile)
            })
            .map(|(id, gateway)| (*id, gateway))
    }
}

impl Switch {
    /// The gateways of the configuration come to be. They begin with the first input, when all is bound.
    pub(crate) fn add_gateways(&mut self) {
        for profile in 0..self.config.profiles.len() {
            let all = self.config.profiles.get(profile);
            let all = all.map_or_else(Vec::new, |profile| profile.gateways.clone());
            for config in all {
                self.add_gateway(profile, config, None);
            }
        }
    }

    fn add_gateway(&mut self, index: usize, config: GatewayConfig, behind: Option<RegistrationId>) {
        let Some(profile) = self.config.profiles.get(index) else {
            return;
        };
        let (name, of_profile) = (config.name.clone(), profile.name.clone());
        self.gateways.serial += 1;
        let id = GatewayId(self.gateways.serial);
        let now = self.now.mono;
        let gateway = Gateway {
            contact: call::contact(&config, profile).into(),
            standing: if config.register {
                Standing::Unregistered
            } else {
                Standing::NoReg
            },
            registration: None,
            behind,
            tried: Timestamp::ZERO,
            ping: config.ping.map(|habits| Ping::new(habits, now)),
            targets: None,
            servers: Vec::new(),
            find_at: Some(now),
            armed: None,
            up_since: Timestamp::ZERO,
            calls_in: Calls::default(),
            calls_out: Calls::default(),
            config: Arc::new(config),
            profile: index,
        };
        self.gateways.live.insert(id, gateway);
        self.publish(
            EventKind::Account(Box::new(AccountEvent::GatewayAdded {
                profile: of_profile,
                gateway: name,
            })),
            None,
        );
        self.gateway_changed(id);
        self.arm_gateway(id);
    }

    /// What is due of a gateway.
    pub(crate) fn gateway_due(&mut self, id: GatewayId) {
        let now = self.now.mono;
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        if gateway.armed.is_none_or(|armed| armed > now) {
            return;
        }
        gateway.armed = None;
        if gateway.find_at.is_some_and(|at| at <= now) {
            self.find_gateway(id);
        }
        let begins = self.gateways.live.get(&id).is_some_and(Gateway::begins);
        if begins {
            self.register_with(id);
        }
        self.expire_gateway(id);
        self.ping_gateway(id);
        self.arm_gateway(id);
    }

    /// Sets the next deadline of a gateway.
    fn arm_gateway(&mut self, id: GatewayId) {
        let now = self.now.mono;
        let Some(gateway) = self.gateways.live.get(&id) else {
            return;
        };
        let begins = gateway.begins();
        let held = matches!(
            gateway.standing,
            Standing::Registered | Standing::Refreshing
        );
        let lapses = gateway
            .registration
            .filter(|_| held)
            .and_then(|registration| self.registration_times(registration).0);
        let next = [
            begins.then_some(now),
            gateway.find_at,
            gateway
                .ping
                .as_ref()
                .filter(|_| gateway.targets.is_some())
                .and_then(Ping::due),
            lapses,
        ];
        let Some(next) = next.into_iter().flatten().min() else {
            return;
        };
        if let Some(gateway) = self.gateways.live.get_mut(&id)
            && gateway.armed.is_none_or(|armed| next < armed)
        {
            gateway.armed = Some(next);
            self.timers.set(next, Deadline::Gateway(id));
        }
    }

    fn find_gateway(&mut self, id: GatewayId) {
        let now = self.now.mono;
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        let all = gateway.destinations();
        let named = all.iter().any(|(one, _)| one.literal().is_none());
        gateway.find_at = named.then(|| now + FIND_AGAIN);
        for (destination, for_calls) in all {
            self.look_up(destination, Asker::Gateway(id, for_calls));
        }
    }

    /// A gateway's servers were looked for.
    pub(crate) fn gateway_found(&mut self, id: GatewayId, for_calls: bool, found: Found) {
        let now = self.now.mono;
        let Some(gateway) = self.gateways.live.get_mut(&id) else {
            return;
        };
        match found {
            Ok(hops) => {
                let profile = self.config.profiles.get(gateway.profile);
                let found = profile.map_or_else(Vec::new, |profile| targets(profile, &hops));
                let servers: Vec<IpAddr> = found.iter().map(|t| t.remote.ip()).collect();
                gateway.know(&servers);
                if for_calls {
                    gateway.targets = Some(found);
                }
            }
            Err(why) => {
                tracing::warn!(gateway = %gateway.config.name, %why, "The servers of a gateway are not found");
                gateway.find_at = Some(now + gateway.config.retry);
                if for_calls {
                    gateway.targets.get_or_insert_default();
                }
            }
        }
        self.arm_gateway(id);
    }

    /// Servers of a gateway, as a registration found them.
    pub(crate) fn gateway_is_at(&mut self, id: GatewayId, servers: &[IpAddr]) {
        if let Some(gateway) = self.gateways.live.get_mut(&id) {
            gateway.know(servers);
        }
    }

    /// Tells everybody how a gateway stands, by this word if it is one of those that pass at once.
    fn tell_gateway(&mut self, id: GatewayId, word: Option<&'static str>, heard: Option<&Heard>) {
        self.gateway_changed(id);
        let Some(gateway) = self.gateways.live.get(&id) else {
            return;
        };
        let state = GatewayState {
            gateway: gateway.config.name.clone(),
            state: word.unwrap_or_else(|| gateway.standing.word()),
            is_up: gateway.is_up(),
            server: heard.and_then(|heard| heard.from),
            response: heard.map(|heard| (heard.code, heard.phrase.clone())),
        };
        let event = Box::new(AccountEvent::Gateway(state));
        self.publish(EventKind::Account(event), None);
    }
}
