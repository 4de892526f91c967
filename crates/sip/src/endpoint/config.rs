//! What an endpoint is told at its start, and what it refuses.

use std::net::SocketAddr;
use std::time::Duration;

use super::Extensions;
use crate::message::{HeaderName, MessageWriter, Method};

/// Settings of an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// Printed as User-Agent in requests and responses; empty prints nothing.
    pub user_agent: String,
    /// The timers of RFC 3261.
    pub timers: Timers,
    /// Bounds of memory.
    pub limits: Limits,
    /// Methods handed up as [`crate::Event::Request`]; others that are known get 405, unknown ones
    /// 501. INVITE, ACK, CANCEL, BYE, INFO, PRACK and UPDATE are the endpoint's own.
    pub methods: Vec<Method>,
    /// Option tags we serve: printed as Supported, allowed in Require.
    pub supported: Vec<String>,
    /// What calls over an address of ours may use beside. At addresses that are not there, nothing.
    pub extensions: Vec<(SocketAddr, Extensions)>,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            user_agent: "Jackfield".into(),
            timers: Timers::default(),
            limits: Limits::default(),
            methods: vec![
                Method::Register,
                Method::Options,
                Method::Message,
                Method::Subscribe,
                Method::Notify,
                Method::Refer,
                Method::Publish,
            ],
            supported: vec!["path".into()],
            extensions: Vec::new(),
        }
    }
}

impl EndpointConfig {
    /// The value of Allow: our own methods and those handed up.
    pub(crate) fn allow(&self) -> String {
        let own = [
            Method::Invite,
            Method::Ack,
            Method::Bye,
            Method::Cancel,
            Method::Info,
            Method::Prack,
            Method::Update,
        ];
        let mut allow = String::with_capacity(100);
        for method in own.iter().chain(&self.methods) {
            if !allow.is_empty() {
                allow.push_str(", ");
            }
            allow.push_str(method.as_str());
        }
        allow
    }

    /// User-Agent, Allow and Supported.
    pub(crate) fn write_capabilities(&self, writer: &mut MessageWriter, extensions: &Extensions) {
        if !self.user_agent.is_empty() {
            writer.header(HeaderName::UserAgent, &self.user_agent);
        }
        self.write_allowed(writer, extensions);
    }

    /// Allow and Supported.
    pub(crate) fn write_allowed(&self, writer: &mut MessageWriter, extensions: &Extensions) {
        writer.header(HeaderName::Allow, &self.allow());
        let tags = self.supported(extensions);
        if !tags.is_empty() {
            writer.header(HeaderName::Supported, &tags);
        }
    }

    /// What an answer to OPTIONS at an address of ours says of us (RFC 3261 §11.2). User-Agent is printed anyway.
    pub fn capability_headers(&self, local: SocketAddr) -> Vec<(String, String)> {
        let extensions = self.extensions_at(local);
        vec![
            ("Allow".into(), self.allow()),
            ("Accept".into(), "application/sdp".into()),
            ("Supported".into(), self.supported(&extensions)),
        ]
    }

    /// The value of Supported; may be empty.
    fn supported(&self, extensions: &Extensions) -> String {
        let own = self.supported.iter().map(String::as_str);
        let tags: Vec<_> = extensions.tags().chain(own).collect();
        tags.join(", ")
    }
}

/// The base timers (RFC 3261 table 4).
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// Round-trip estimate, 500 ms.
    pub t1: Duration,
    /// Longest interval between retransmissions, 4 s.
    pub t2: Duration,
    /// Longest life of a message in the network, 5 s.
    pub t4: Duration,
    /// How long an INVITE we sent may ring without a final answer before it is cancelled
    /// (timer C of §16.6 gives "larger than three minutes").
    pub ringing: Duration,
}

impl Timers {
    /// 64·T1: timers B, F, H, J, L and M, and the wait for an ACK.
    pub fn sixty_four_t1(&self) -> Duration {
        self.t1 * 64
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            ringing: Duration::from_secs(300),
        }
    }
}

/// Bounds of memory. Above them new work gets 503 with Retry-After, or an error.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Transactions, client and server together.
    pub transactions: usize,
    /// INVITE sessions.
    pub sessions: usize,
    /// Subscriptions of peers.
    pub subscriptions: usize,
    /// Forks remembered of one INVITE.
    pub forks: usize,
    /// In-dialog requests waiting for `respond`, per session, and re-INVITE attempts after glare.
    pub pending_per_session: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transactions: 500_000,
            sessions: 100_000,
            subscriptions: 100_000,
            forks: 12,
            pending_per_session: 8,
        }
    }
}

/// What is alive inside, for tests and metrics. All zero when idle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Client transactions.
    pub client_transactions: usize,
    /// Server transactions.
    pub server_transactions: usize,
    /// Sessions.
    pub sessions: usize,
    /// Subscriptions of peers.
    pub subscriptions: usize,
    /// Armed timers.
    pub timers: usize,
    /// Requests outside sessions that wait for a response of the peer.
    pub outgoing: usize,
    /// Requests handed up that wait for `respond`.
    pub incoming: usize,
    /// Messages waiting for `poll_transmit`.
    pub transmits: usize,
    /// Events waiting for `poll_event`.
    pub events: usize,
}

/// Why a call of the endpoint was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No such session: it ended, or never was.
    #[error("No such session")]
    UnknownSession,
    /// No such subscription: it was ended.
    #[error("No such subscription")]
    UnknownSubscription,
    /// No such request: answered already, or withdrawn with its session.
    #[error("No such request")]
    UnknownRequest,
    /// The session is not in a state for this.
    #[error("Not possible in this state of the session")]
    InvalidState,
    /// A URI cannot be read.
    #[error("Malformed URI")]
    InvalidUri,
    /// A header name is no token, or a value holds a line break.
    #[error("Malformed header")]
    InvalidHeader,
    /// The status code does not fit the call.
    #[error("Status code out of range")]
    InvalidCode,
    /// A bound of [`Limits`] is reached.
    #[error("Limit reached")]
    LimitReached,
}
