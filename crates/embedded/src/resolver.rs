//! Asking the DNS for the servers of a domain (RFC 3263). What is asked, and in which order, is `sip::resolve`'s; here
//! is only the asking. Answers are kept as long as their TTL says, so that a busy domain is asked for rarely.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use sip::resolve::{Destination, Hop, Lookup, Naptr, Question, Records, Srv, Step};
use tokio::sync::Semaphore;

/// Longest time one lookup takes, all its questions together.
const PATIENCE: Duration = Duration::from_secs(8);
/// Longest time one question waits for one server.
const QUESTION: Duration = Duration::from_secs(2);
/// Answers kept.
const CACHE: u64 = 4_096;
/// Longest time an answer is kept, whatever its TTL says.
const KEEP: Duration = Duration::from_secs(3_600);
/// The same for the answer that there is nothing.
const KEEP_NOTHING: Duration = Duration::from_secs(60);
/// Lookups asking at one time. Others wait, within their patience.
const AT_ONCE: usize = 256;

/// The way to the DNS. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DnsResolver {
    shared: Arc<Shared>,
}

struct Shared {
    /// `None` when the system's configuration could not be read; then only addresses are found.
    resolver: Option<TokioResolver>,
    asking: Semaphore,
}

impl DnsResolver {
    /// Asks these servers, or with none of them those of the system.
    pub(crate) fn new(servers: &[SocketAddr]) -> Self {
        let resolver = match build(servers) {
            Ok(resolver) => Some(resolver),
            Err(error) => {
                tracing::warn!(%error, "The system's DNS configuration cannot be used; host names will not be found");
                None
            }
        };
        Self {
            shared: Arc::new(Shared {
                resolver,
                asking: Semaphore::new(AT_ONCE),
            }),
        }
    }

    /// The hops of a destination in the order they are to be tried, at least one; or why there is none.
    pub(crate) async fn find(&self, destination: Destination) -> Result<Vec<Hop>, Box<str>> {
        let host = destination.to_string();
        match tokio::time::timeout(PATIENCE, self.ask_all(destination)).await {
            Ok(found) => found,
            Err(_elapsed) => Err(format!("{host}: the DNS does not answer").into()),
        }
    }

    async fn ask_all(&self, destination: Destination) -> Result<Vec<Hop>, Box<str>> {
        // Closed by nobody.
        let _turn = self.shared.asking.acquire().await;
        let mut lookup = Lookup::new(destination, rand::random());
        loop {
            match lookup.step() {
                Step::Ask(question) => {
                    let records = self.ask(question).await;
                    lookup.answer(records);
                }
                Step::Done(hops) => return Ok(hops),
                Step::Failed(why) => return Err(why),
            }
        }
    }

    async fn ask(&self, question: Question) -> Records {
        let Some(resolver) = &self.shared.resolver else {
            return Records::Failed("there is no DNS server to ask".into());
        };
        let answer = match &question {
            Question::Naptr(name) => naptr(resolver, name).await.map(Records::Naptr),
            Question::Srv(name) => srv(resolver, name).await.map(Records::Srv),
            Question::Addresses(name) => {
                let found = resolver.lookup_ip(absolute(name).as_str()).await;
                found.map(|found| Records::Addresses(found.iter().collect()))
            }
        };
        answer.unwrap_or_else(|error| {
            if error.is_no_records_found() || error.is_nx_domain() {
                return match question {
                    Question::Naptr(_) => Records::Naptr(Vec::new()),
                    Question::Srv(_) => Records::Srv(Vec::new()),
                    Question::Addresses(_) => Records::Addresses(Vec::new()),
                };
            }
            tracing::debug!(%error, "A DNS question got no answer");
            Records::Failed("the DNS does not answer".into())
        })
    }
}

fn build(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if servers.is_empty() {
        Resolver::builder_tokio()?
    } else {
        let servers = servers.iter().map(name_server).collect();
        let config = ResolverConfig::from_name_servers(servers);
        Resolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    bound(builder.options_mut());
    builder.build()
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
        .map(|mut connection| {
            connection.port = address.port();
            connection
        })
        .into();
    NameServerConfig::new(address.ip(), true, connections)
}

fn bound(options: &mut ResolverOpts) {
    options.timeout = QUESTION;
    options.cache_size = CACHE;
    options.positive_max_ttl = Some(KEEP);
    options.negative_max_ttl = Some(KEEP_NOTHING);
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
}

async fn naptr(resolver: &TokioResolver, name: &str) -> Result<Vec<Naptr>, NetError> {
    let found = resolver.lookup(absolute(name), RecordType::NAPTR).await?;
    let mut records = Vec::new();
    for record in found.answers() {
        // An alias may stand before what it leads to.
        if let RData::NAPTR(naptr) = &record.data {
            records.push(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                flags: text(&naptr.flags),
                service: text(&naptr.services),
                replacement: plain(&naptr.replacement),
            });
        }
    }
    Ok(records)
}

async fn srv(resolver: &TokioResolver, name: &str) -> Result<Vec<Srv>, NetError> {
    let found = resolver.lookup(absolute(name), RecordType::SRV).await?;
    let mut records = Vec::new();
    for record in found.answers() {
        if let RData::SRV(srv) = &record.data {
            records.push(Srv {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: plain(&srv.target),
            });
        }
    }
    Ok(records)
}

/// A name with its root, so that no search list is tried. One without any dot may be meant for one.
fn absolute(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') {
        format!("{name}.")
    } else {
        name.to_owned()
    }
}

fn plain(name: &Name) -> Box<str> {
    let text = name.to_utf8();
    text.strip_suffix('.').unwrap_or(&text).into()
}

fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

#[cfg(test)]
mod tests;
