//! What is printed at the start: what is open, and what to try.

use std::fmt::Write;
use std::net::SocketAddr;

use embedded::BoundProfile;
use switch_core::config_xml::Configuration;

/// What is open.
pub(crate) struct Open<'a> {
    pub(crate) profiles: &'a [BoundProfile],
    pub(crate) event_socket: &'a [SocketAddr],
    pub(crate) secure_event_socket: &'a [SocketAddr],
    /// Addresses the event socket is still trying to get.
    pub(crate) waiting: usize,
    pub(crate) sylkrtc: Option<&'a door_sylkrtc::Door>,
    pub(crate) eventmanager: Option<&'a door_eventmanager::Door>,
    pub(crate) isymphony: Option<&'a door_isymphony::Door>,
    pub(crate) metrics: Option<SocketAddr>,
    /// The console, as `http://127.0.0.1:8870`.
    pub(crate) console: &'a [String],
    pub(crate) xml: &'a Configuration,
    pub(crate) xml_name: &'a str,
    /// The numbers below mean something only in the configuration we ship.
    pub(crate) built_in: bool,
}

/// The text.
pub(crate) fn banner(open: &Open<'_>) -> String {
    let mut text = format!("Jackfield {} is running.\n\n", env!("CARGO_PKG_VERSION"));
    let mut row = |left: &str, right: String| {
        // Writing to a String does not fail.
        writeln!(text, "  {left:<15} {right}").ok();
    };
    for profile in open.profiles {
        let how = format!("udp+tcp {}   (profile {})", profile.address, profile.name);
        row("SIP", how);
        if let Some(address) = profile.tls {
            row("SIP", format!("tls {address}   (profile {})", profile.name));
        }
    }
    for address in open.event_socket {
        row("event socket", address.to_string());
    }
    for address in open.secure_event_socket {
        row("event socket", format!("{address}   (TLS)"));
    }
    if open.waiting > 0 {
        let why = "waiting for an address that is in use";
        row("event socket", why.to_owned());
    }
    if let Some(door) = open.sylkrtc {
        for url in web_phone_urls(door) {
            row("web phones", url);
        }
        if door.is_waiting() {
            let why = "waiting for an address that is in use";
            row("web phones", why.to_owned());
        }
    }
    if let Some(door) = open.eventmanager {
        for url in event_manager_urls(door) {
            row("Event Manager", url);
        }
        if door.is_waiting() {
            let why = "waiting for an address that is in use";
            row("Event Manager", why.to_owned());
        }
    }
    if let Some(address) = open.metrics {
        row(
            "metrics, health",
            format!("http://{address}/metrics  http://{address}/health"),
        );
    }
    for url in open.console {
        row(
            "console",
            format!(
                "{url}/  with a telephone: {url}/phone, rooms: {url}/rooms, a panel: {url}/panel"
            ),
        );
    }
    if let Some(door) = open.isymphony {
        for url in panel_urls(door) {
            row("panels", url);
        }
        if door.is_waiting() {
            let why = "waiting for an address that is in use";
            row("panels", why.to_owned());
        }
    }
    row("configuration", open.xml_name.to_owned());
    for domain in open.xml.directory.domains() {
        let users: Vec<&str> = domain.users().map(|user| user.id()).collect();
        let users = match users.as_slice() {
            [first, .., last] if users.len() > 3 => {
                format!("{} users, {first} to {last}", users.len())
            }
            few => few.join(", "),
        };
        row("users", format!("{users} @ {}", domain.name()));
    }
    if open.built_in {
        text.push_str(TRY);
        if let Some(address) = open.event_socket.first() {
            let (ip, port) = (address.ip(), address.port());
            writeln!(
                text,
                "\n  jackfield cli -H {ip} -P {port} -x \"originate user/1000 9198\"   rings 1000 and plays the tune"
            )
            .ok();
        }
    }
    text.push_str("\nStop with Ctrl-C: calls may end first; again, and it stops at once.\n");
    text
}

/// Where Event Manager clients connect.
pub(crate) fn event_manager_urls(door: &door_eventmanager::Door) -> Vec<String> {
    let scheme = if door.is_secure() { "wss" } else { "ws" };
    let urls = door.local_addrs().iter();
    urls.map(|address| format!("{scheme}://{address}"))
        .collect()
}

/// Where clients of the Live API, the Configuration API and the Event API connect.
pub(crate) fn panel_urls(door: &door_isymphony::Door) -> Vec<String> {
    let url = |scheme, address: &SocketAddr| format!("{scheme}://{address}/communication_manager/");
    let plain = door
        .local_addrs()
        .iter()
        .map(|address| url("http", address));
    let secure = door.tls_addrs().iter().map(|address| url("https", address));
    plain.chain(secure).collect()
}

/// Where web phones connect.
pub(crate) fn web_phone_urls(door: &door_sylkrtc::Door) -> Vec<String> {
    let url = |scheme, address: &SocketAddr| format!("{scheme}://{address}{}", door.path());
    let plain = door.local_addrs().iter().map(|address| url("ws", address));
    let secure = door.tls_addrs().iter().map(|address| url("wss", address));
    plain.chain(secure).collect()
}

const TRY: &str = "
Register phones as 1000 to 1019, password 1234, and call
  9196   hear yourself
  9197   a steady tone
  9198   a tune
  3000   a conference, and so up to 3099
  3100   a room in three dimensions, with headphones, and so up to 3119
  5000   be parked
  5001   wait for an agent: 1000, 1001 or 1002
  6000   be parked where 6001, and so up to 6099, finds you
  *97    your voicemail; the password is your number
  1001   another phone, or its voicemail
";

#[cfg(test)]
mod tests {
    use super::*;
    use embedded::XmlSource;
    use switch_core::config_xml::Globals;

    #[test]
    fn it_names_what_is_open_and_what_to_try() {
        let built_in = XmlSource {
            root: None,
            globals: Globals::new(),
        };
        let xml = built_in.load().unwrap();
        let profiles = [BoundProfile {
            name: "internal".into(),
            address: "127.0.0.1:5060".parse().unwrap(),
            tls: Some("127.0.0.1:5061".parse().unwrap()),
        }];
        let text = banner(&Open {
            profiles: &profiles,
            event_socket: &["127.0.0.1:8021".parse().unwrap()],
            secure_event_socket: &["127.0.0.1:8022".parse().unwrap()],
            waiting: 1,
            sylkrtc: None,
            eventmanager: None,
            isymphony: None,
            metrics: None,
            console: &["http://127.0.0.1:8870".to_owned()],
            xml: &xml,
            xml_name: "the built-in configuration",
            built_in: true,
        });
        for expected in [
            "udp+tcp 127.0.0.1:5060   (profile internal)",
            "SIP             tls 127.0.0.1:5061   (profile internal)",
            "event socket    127.0.0.1:8021",
            "event socket    127.0.0.1:8022   (TLS)",
            "http://127.0.0.1:8870/phone, rooms: http://127.0.0.1:8870/rooms, a panel: http://127.0.0.1:8870/panel",
            "event socket    waiting for an address that is in use",
            "20 users, 1000 to 1019 @ 127.0.0.1",
            "9198   a tune",
            "cli -H 127.0.0.1 -P 8021",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }
}
