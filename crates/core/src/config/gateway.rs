//! What is said of a gateway.

use std::sync::Arc;
use std::time::Duration;

use sip::resolve::Destination;
use sip::transport::Transport;

use super::Secret;

/// Lifetime a registration is asked for unless a file says otherwise, seconds.
pub const EXPIRES_S: u32 = 3600;
/// Pause after a failure unless a file says otherwise.
pub const RETRY: Duration = Duration::from_secs(30);

/// Gateways by the names of their profiles.
pub type GatewayLists = Vec<(Arc<str>, Vec<GatewayConfig>)>;

/// A peer calls can be sent to by name (`sofia/gateway/<name>/…`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GatewayConfig {
    /// Its name; no other gateway has it.
    pub name: Arc<str>,
    /// Its server: host of the URIs we call, and where calls are sent to.
    pub proxy: Destination,
    /// Where REGISTER is sent to, if elsewhere.
    pub register_proxy: Option<Destination>,
    /// Where calls are sent to, if elsewhere.
    pub outbound_proxy: Option<Destination>,
    /// Realm its challenges are expected to have.
    pub realm: Arc<str>,
    /// User name; empty without an account.
    pub username: Arc<str>,
    /// User name of the credentials, if another.
    pub auth_username: Option<Arc<str>>,
    /// Password for digest.
    pub password: Secret,
    /// User part of From, if not the user name.
    pub from_user: Option<Arc<str>>,
    /// Host part of From, and of the account, if not the realm.
    pub from_domain: Option<Arc<str>>,
    /// Calls are made in the name of whoever calls.
    pub caller_id_in_from: bool,
    /// How else it is told who calls.
    pub caller_id: CallerIdHeader,
    /// What its calls are for.
    pub extension: GatewayExtension,
    /// The user part of our contact is the extension, instead of the gateway's name.
    pub extension_in_contact: bool,
    /// Further parameters of our contact.
    pub contact_params: Vec<(Arc<str>, Arc<str>)>,
    /// Dialplan context of its calls, if not that of the profile.
    pub context: Option<Arc<str>>,
    /// We register there.
    pub register: bool,
    /// Lifetime a registration is asked for, seconds.
    pub expires_s: u32,
    /// Pause after a failure.
    pub retry: Duration,
    /// Whether it is asked every now and then.
    pub ping: Option<PingConfig>,
    /// Variables of channels that come from there.
    pub inbound_variables: Vec<(Arc<str>, Arc<str>)>,
    /// Variables of channels that go there.
    pub outbound_variables: Vec<(Arc<str>, Arc<str>)>,
}

/// The header that tells a gateway who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CallerIdHeader {
    /// `Remote-Party-ID`.
    #[default]
    RemotePartyId,
    /// `P-Asserted-Identity` (RFC 3325).
    AssertedIdentity,
    /// None.
    Nothing,
}

/// What calls of a gateway are for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GatewayExtension {
    /// The user name.
    Username,
    /// This one.
    Fixed(Arc<str>),
    /// The user part of To (`auto_to_user`).
    ToUser,
}

/// How a gateway is asked whether it is there (OPTIONS).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PingConfig {
    /// How often.
    pub every: Duration,
    /// Answers it takes to be up, at least 1.
    pub least: u32,
    /// So many answers may stand against those that do not come; not below `least`.
    pub most: u32,
}

impl GatewayConfig {
    /// A gateway of which only its server is known.
    pub fn new(name: &str, proxy: Destination) -> Self {
        Self {
            name: name.into(),
            realm: proxy.host().into(),
            proxy,
            register_proxy: None,
            outbound_proxy: None,
            username: "".into(),
            auth_username: None,
            password: Secret::default(),
            from_user: None,
            from_domain: None,
            caller_id_in_from: false,
            caller_id: CallerIdHeader::default(),
            extension: GatewayExtension::Username,
            extension_in_contact: false,
            contact_params: Vec::new(),
            context: None,
            register: false,
            expires_s: EXPIRES_S,
            retry: RETRY,
            ping: None,
            inbound_variables: Vec::new(),
            outbound_variables: Vec::new(),
        }
    }

    /// Host part of the account's address.
    pub(crate) fn domain(&self) -> &str {
        self.from_domain.as_deref().unwrap_or(&self.realm)
    }

    /// User part of From where a call is not made in the caller's name; empty without an account.
    pub(crate) fn user_in_from(&self) -> &str {
        self.from_user.as_deref().unwrap_or(&self.username)
    }

    /// Where calls are sent to.
    pub(crate) fn calls_go_to(&self) -> &Destination {
        self.outbound_proxy.as_ref().unwrap_or(&self.proxy)
    }

    /// Where REGISTER is sent to.
    pub(crate) fn registrar(&self) -> &Destination {
        self.register_proxy.as_ref().unwrap_or(&self.proxy)
    }

    /// What our contact is called: the user part.
    pub(crate) fn contact_user(&self) -> Arc<str> {
        match &self.extension {
            GatewayExtension::Fixed(extension) if self.extension_in_contact => extension.clone(),
            GatewayExtension::Username
                if self.extension_in_contact && !self.username.is_empty() =>
            {
                self.username.clone()
            }
            GatewayExtension::Fixed(_) | GatewayExtension::Username | GatewayExtension::ToUser => {
                format!("gw+{}", self.name).into()
            }
        }
    }

    /// What answers its challenges.
    pub(crate) fn credentials(&self) -> Option<sip::auth::Credentials> {
        let username = self.auth_username.as_ref().unwrap_or(&self.username);
        (!username.is_empty())
            .then(|| sip::auth::Credentials::password(&**username, &*self.password.0))
    }

    /// The URI of somebody in the domain of the account, or of the domain.
    pub(crate) fn account_uri(&self, user: &str) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        format!(
            "sip:{}{at}{}",
            crate::originate::escape_user(user),
            self.domain()
        )
    }

    /// The URI of somebody at its server.
    pub(crate) fn uri(&self, user: &str) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        let transport = transport_parameter(&self.proxy);
        format!("sip:{user}{at}{}{transport}", host_port(&self.proxy))
    }
}

/// The parameter of a URI that says how its server is reached; empty for UDP.
pub(crate) fn transport_parameter(destination: &Destination) -> String {
    let known = destination.transport().and_then(Transport::uri_param);
    known.map_or_else(String::new, |name| format!(";transport={name}"))
}

/// `host` or `host:port`, as it stands in URIs.
pub(crate) fn host_port(destination: &Destination) -> String {
    let host = destination.host();
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    match destination.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway() -> GatewayConfig {
        let proxy = Destination::peer("192.0.2.9:5080;transport=tcp", None).unwrap();
        GatewayConfig {
            username: "u".into(),
            ..GatewayConfig::new("carrier", proxy)
        }
    }

    #[test]
    fn what_is_not_said_follows_from_the_rest() {
        let mut gateway = gateway();
        assert_eq!(
            (gateway.domain(), gateway.user_in_from()),
            ("192.0.2.9", "u")
        );
        assert_eq!(gateway.uri("12"), "sip:12@192.0.2.9:5080;transport=tcp");
        gateway.realm = "carrier.example".into();
        gateway.from_user = Some("f".into());
        assert_eq!(
            (gateway.domain(), gateway.user_in_from()),
            ("carrier.example", "f")
        );
        gateway.from_domain = Some("d".into());
        assert_eq!(gateway.domain(), "d");
        gateway.proxy = Destination::peer("[2001:db8::1]", None).unwrap();
        assert_eq!(gateway.uri(""), "sip:[2001:db8::1]");
    }

    #[test]
    fn the_contact_is_the_gateway_or_its_extension() {
        let mut gateway = gateway();
        assert_eq!(&*gateway.contact_user(), "gw+carrier");
        gateway.extension_in_contact = true;
        assert_eq!(&*gateway.contact_user(), "u");
        gateway.extension = GatewayExtension::Fixed("900".into());
        assert_eq!(&*gateway.contact_user(), "900");
        gateway.extension = GatewayExtension::ToUser;
        assert_eq!(&*gateway.contact_user(), "gw+carrier");
    }
}
