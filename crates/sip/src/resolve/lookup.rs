//! The questions of RFC 3263 §4, in their order.

use std::collections::VecDeque;
use std::net::IpAddr;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::order::by_priority_and_weight;
use super::{Destination, Hop, MAX_HOPS};
use crate::transport::Transport;

/// Most records read of one answer.
const MAX_RECORDS: usize = 32;
/// Most questions of one lookup: NAPTR, two services, and the addresses of as many servers as can be hops.
const MAX_QUESTIONS: usize = 3 + MAX_HOPS;

/// What has to be asked of the DNS. Names are as they came, without a dot at their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// NAPTR records.
    Naptr(Box<str>),
    /// SRV records.
    Srv(Box<str>),
    /// A and AAAA records.
    Addresses(Box<str>),
}

/// A NAPTR record, as far as it matters here (RFC 3403).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lower ones first.
    pub order: u16,
    /// Lower ones first among those of one order.
    pub preference: u16,
    /// `s` = the replacement names SRV records.
    pub flags: Box<str>,
    /// `SIP+D2U` and the like.
    pub service: Box<str>,
    /// What to ask next.
    pub replacement: Box<str>,
}

/// An SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower ones first.
    pub priority: u16,
    /// Share among those of one priority.
    pub weight: u16,
    /// Port.
    pub port: u16,
    /// Host; `.` or nothing = the service is decidedly not there.
    pub target: Box<str>,
}

/// What the DNS has. Empty = nothing of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// To [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// To [`Question::Srv`].
    Srv(Vec<Srv>),
    /// To [`Question::Addresses`], in the order of the answer.
    Addresses(Vec<IpAddr>),
    /// The question got no answer, and why.
    Failed(Box<str>),
}

/// What a lookup wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An answer.
    Ask(Question),
    /// Nothing: these are the hops, at least one, in the order they are to be tried.
    Done(Vec<Hop>),
    /// Nothing: there is no hop, and why.
    Failed(Box<str>),
}

/// One lookup.
#[derive(Debug)]
pub struct Lookup {
    destination: Destination,
    rng: StdRng,
    stage: Stage,
    /// Services still to be asked for.
    services: VecDeque<(Box<str>, Transport)>,
    /// Servers whose addresses are still to be asked for.
    servers: VecDeque<(Box<str>, u16, Transport)>,
    /// Some service was there, so the domain's own addresses are none of its servers.
    has_service: bool,
    hops: Vec<Hop>,
    questions: usize,
    /// The last question that got no answer at all.
    trouble: Option<Box<str>>,
    /// SIP is offered, but only in ways we do not have.
    only_others: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Naptr,
    Services,
    Servers,
    OwnAddress,
    Over,
}

impl Lookup {
    /// A lookup of a destination. The seed decides among servers of equal priority.
    pub fn new(destination: Destination, seed: u64) -> Self {
        let mut lookup = Self {
            rng: StdRng::seed_from_u64(seed),
            stage: Stage::Over,
            services: VecDeque::new(),
            servers: VecDeque::new(),
            has_service: false,
            hops: Vec::new(),
            questions: 0,
            trouble: None,
            only_others: false,
            destination,
        };
        if let Some(hop) = lookup.destination.literal() {
            lookup.hops.push(hop);
            return lookup;
        }
        lookup.stage = match (lookup.destination.port(), lookup.destination.transport()) {
            // A port makes it a server, not a domain (§4.2).
            (Some(_), _) => Stage::OwnAddress,
            // `sips` says no transport, only that it has to be TLS.
            (None, Some(Transport::Tls)) => Stage::Naptr,
            (None, Some(transport)) => {
                lookup.want_service(transport);
                Stage::Services
            }
            (None, None) => Stage::Naptr,
        };
        lookup
    }

    /// What is needed next. The same again until it is answered.
    pub fn step(&mut self) -> Step {
        loop {
            if self.hops.len() >= MAX_HOPS || self.questions >= MAX_QUESTIONS {
                self.stage = Stage::Over;
            }
            match self.stage {
                Stage::Naptr => return Step::Ask(Question::Naptr(self.destination.host().into())),
                Stage::Services => match self.services.front() {
                    Some((name, _)) => return Step::Ask(Question::Srv(name.clone())),
                    None if self.has_service => self.stage = Stage::Servers,
                    None => self.stage = Stage::OwnAddress,
                },
                Stage::Servers => match self.servers.front() {
                    Some((name, port, transport)) => match name.parse() {
                        // Not allowed, but seen.
                        Ok(address) => {
                            let (port, transport) = (*port, *transport);
                            self.servers.pop_front();
                            self.add(address, port, transport);
                        }
                        Err(_) => return Step::Ask(Question::Addresses(name.clone())),
                    },
                    None => self.stage = Stage::Over,
                },
                Stage::OwnAddress => {
                    return Step::Ask(Question::Addresses(self.destination.host().into()));
                }
                Stage::Over => return self.outcome(),
            }
        }
    }

    /// The answer to what [`Lookup::step`] asked; anything else is as good as no answer.
    pub fn answer(&mut self, records: Records) {
        self.questions += 1;
        if let Records::Failed(why) = &records {
            self.trouble = Some(why.clone());
        }
        match self.stage {
            Stage::Naptr => {
                if let Records::Naptr(records) = records {
                    self.take_naptr(records);
                }
                if self.services.is_empty() && !self.only_others {
                    match self.destination.transport() {
                        Some(transport) => self.want_service(transport),
                        None => {
                            self.want_service(Transport::Udp);
                            self.want_service(Transport::Tcp);
                        }
                    }
                }
                self.stage = if self.only_others {
                    Stage::Over
                } else {
                    Stage::Services
                };
            }
            Stage::Services => {
                let service = self.services.pop_front();
                if let (Records::Srv(records), Some((_, transport))) = (records, service) {
                    self.take_srv(records, transport);
                }
            }
            Stage::Servers => {
                let server = self.servers.pop_front();
                if let (Records::Addresses(list), Some((_, port, transport))) = (records, server) {
                    for address in list.into_iter().take(MAX_RECORDS) {
                        self.add(address, port, transport);
                    }
                }
            }
            Stage::OwnAddress => {
                if let Records::Addresses(list) = records {
                    for address in list.into_iter().take(MAX_RECORDS) {
                        let hop = self.destination.at(address);
                        self.add(hop.address.ip(), hop.address.port(), hop.transport);
                    }
                }
                self.stage = Stage::Over;
            }
            Stage::Over => {}
        }
    }

    fn want_service(&mut self, transport: Transport) {
        let label = match transport {
            Transport::Udp => "_sip._udp",
            Transport::Tcp | Transport::Ws => "_sip._tcp",
            Transport::Tls | Transport::Wss => "_sips._tcp",
        };
        let name = format!("{label}.{}", self.destination.host());
        self.services.push_back((name.into(), transport));
    }

    fn take_naptr(&mut self, mut records: Vec<Naptr>) {
        records.truncate(MAX_RECORDS);
        records.sort_by_key(|record| (record.order, record.preference));
        let wants_tls = self.destination.transport() == Some(Transport::Tls);
        let mut others = false;
        let mut over_tls = Vec::new();
        for record in records {
            let is_sip = record.flags.eq_ignore_ascii_case("s") && !record.replacement.is_empty();
            let transport = match record.service.to_ascii_uppercase().as_str() {
                "SIP+D2U" => Some(Transport::Udp),
                "SIP+D2T" => Some(Transport::Tcp),
                "SIPS+D2T" => Some(Transport::Tls),
                "SIP+D2W" | "SIPS+D2W" | "SIP+D2S" => {
                    others |= is_sip;
                    None
                }
                _ => None,
            };
            match transport.filter(|_| is_sip) {
                Some(Transport::Tls) => over_tls.push((record.replacement, Transport::Tls)),
                Some(transport) if !wants_tls => {
                    self.services.push_back((record.replacement, transport));
                }
                Some(_) | None => {}
            }
        }
        // A request that does not ask for TLS goes over it where the domain takes nothing else: not every profile has it.
        if self.services.is_empty() {
            self.services.extend(over_tls);
        }
        self.only_others = others && self.services.is_empty();
    }

    fn take_srv(&mut self, mut records: Vec<Srv>, transport: Transport) {
        records.truncate(MAX_RECORDS);
        self.has_service |= !records.is_empty();
        records.retain(|record| !matches!(&*record.target, "" | ".") && record.port != 0);
        for record in by_priority_and_weight(records, &mut self.rng) {
            let target = record.target.strip_suffix('.').unwrap_or(&record.target);
            self.servers
                .push_back((target.into(), record.port, transport));
        }
    }

    fn add(&mut self, address: IpAddr, port: u16, transport: Transport) {
        let hop = Hop {
            transport,
            address: (address, port).into(),
        };
        if self.hops.len() < MAX_HOPS && !self.hops.contains(&hop) {
            self.hops.push(hop);
        }
    }

    fn outcome(&self) -> Step {
        if !self.hops.is_empty() {
            return Step::Done(self.hops.clone());
        }
        let host = self.destination.host();
        let why = match &self.trouble {
            _ if self.only_others => {
                format!("{host} takes SIP only over transports that are not supported")
            }
            Some(trouble) => format!("{host}: {trouble}"),
            None if self.has_service => format!("the SIP servers of {host} have no addresses"),
            None => format!("{host} is not known"),
        };
        Step::Failed(why.into())
    }
}

#[cfg(test)]
#[path = "lookup_tests.rs"]
mod tests;
