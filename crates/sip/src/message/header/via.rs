//! Via (RFC 3261 §20.42, RFC 3581).

use super::Params;
use crate::message::uri::split_host_port;

/// The prefix that marks a branch as unique (RFC 3261 §8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// Transport token as written: `UDP`.
    pub transport: &'a str,
    /// Host of sent-by, without brackets.
    pub host: &'a str,
    /// Port of sent-by.
    pub port: Option<u16>,
    /// Parameters: see the methods.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one Via value; `None` when it is malformed or of another protocol. The version is not
    /// looked at: a request of another version still wants its 505.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (protocol, rest) = value.split_once('/')?;
        let (_version, rest) = rest.split_once('/')?;
        if !protocol.trim().eq_ignore_ascii_case("SIP") {
            return None;
        }
        let rest = rest.trim_start();
        let (transport, rest) = rest.split_once([' ', '\t'])?;
        let (sent_by, params) = rest.split_once(';').unwrap_or((rest, ""));
        let sent_by = sent_by.trim();
        let (host, port) = match split_host_port(sent_by) {
            Ok(split) => split,
            // Blanks around the colon are allowed: `host : 5060`.
            Err(_) => {
                let (host, port) = sent_by.rsplit_once(':')?;
                (
                    split_host_port(host.trim()).ok()?.0,
                    Some(port.trim().parse().ok()?),
                )
            }
        };
        Some(Via {
            transport,
            host,
            port,
            params: Params(params),
        })
    }

    /// The branch, empty when absent.
    pub fn branch(&self) -> &'a str {
        self.params.value("branch").unwrap_or("")
    }

    /// Whether the branch is unique by itself; otherwise the request is matched as RFC 2543 did.
    /// A bare cookie identifies nothing and counts as the old form.
    pub fn has_magic_cookie(&self) -> bool {
        let branch = self.branch().as_bytes();
        branch.len() > MAGIC_COOKIE.len()
            && branch
                .get(..MAGIC_COOKIE.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(MAGIC_COOKIE.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn via_in_usual_and_unusual_writing() {
        let via = Via::parse("SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKx;rport").unwrap();
        assert_eq!(
            (via.transport, via.host, via.port, via.branch()),
            ("UDP", "192.0.2.2", Some(5060), "z9hG4bKx")
        );
        assert!(via.params.has("rport") && via.has_magic_cookie());
        let via =
            Via::parse("SIP  / 2.0 /TCP   spindle.example.com ;  branch  =  z9hG4bK9ikj8").unwrap();
        assert_eq!(
            (via.transport, via.host, via.port),
            ("TCP", "spindle.example.com", None)
        );
        assert_eq!(via.branch(), "z9hG4bK9ikj8");
        let via = Via::parse("SIP/2.0/UDP [2001:db8::9] : 5061;branch=z9hG4bK").unwrap();
        assert_eq!(
            (via.host, via.port, via.has_magic_cookie()),
            ("2001:db8::9", Some(5061), false)
        );
        for bad in [
            "",
            "SIP/2.0/UDP",
            "HTTP/2.0/UDP h",
            "SIP/2.0/UDP h:x",
            "UDP h",
        ] {
            assert_eq!(Via::parse(bad), None, "{bad}");
        }
    }
}
