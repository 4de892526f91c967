//! The contact a web client is registered with elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use sip::transport::Transport;

/// Longest contact parameter, bytes.
const MAX_PARAMETER: usize = 1024;
/// Most contact parameters.
const MAX_PARAMETERS: usize = 16;

/// Whether a contact parameter can stand in a registration.
pub(crate) fn is_parameter((name, value): &(Arc<str>, Arc<str>)) -> bool {
    sip::message::is_token(name)
        && value.len() <= MAX_PARAMETER
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && !value.contains([';', '>', '<', '"', ','])
}

/// A contact URI of ours with the parameters a page wants (RFC 8599 and its kin).
pub(crate) fn uri(
    user: &str,
    local: SocketAddr,
    transport: Transport,
    parameters: &[(Arc<str>, Arc<str>)],
) -> String {
    let mut uri = format!("sip:{user}@{local}");
    if let Some(transport) = transport.uri_param() {
        uri.push_str(&format!(";transport={transport}"));
    }
    let own = |name: &str| {
        ["transport", "maddr", "ttl", "user", "method", "lr"]
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(name))
    };
    for (name, value) in parameters
        .iter()
        .filter(|parameter| is_parameter(parameter) && !own(&parameter.0))
        .take(MAX_PARAMETERS)
    {
        uri.push_str(&format!(";{name}"));
        if !value.is_empty() {
            uri.push_str(&format!("={}", escape(value)));
        }
    }
    uri
}

/// A parameter's value with what may not stand in it escaped (RFC 3261 §25.1, paramchar).
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()[]/:&+$%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped_and_none_changes_where_we_are() {
        let parameters: Vec<(Arc<str>, Arc<str>)> = [
            ("pn-tok", "fcm:AA=?1"),
            ("pn-type", "ios"),
            ("maddr", "203.0.113.66"),
            ("Transport", "tls"),
            ("bad name", "x"),
            ("x", "a;b"),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
        let local = "[2001:db8::1]:5060".parse().unwrap();
        let uri = uri("w1", local, Transport::Tcp, &parameters);
        assert_eq!(
            uri,
            "sip:w1@[2001:db8::1]:5060;transport=tcp;pn-tok=fcm:AA%3D%3F1;pn-type=ios"
        );
        assert!(sip::message::Uri::parse(&uri).is_ok());
    }
}
