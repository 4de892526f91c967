//! `security.xml` of the original (event-api.md §2.2). Names of contexts and of the keystore's attributes are known; of
//! the rest only what it says: an address is one, and a name beside a password is a user.

use net::Network;

use super::Notes;
use super::tree::{ReadError, Thing, plain};
use crate::config::{Credentials, loopback};

/// The context this door stands for.
const OURS: &str = "communication_manager";

/// Contexts there are.
const CONTEXTS: [&str; 5] = [OURS, "client", "administrator", "voicemail", "recording"];

/// What the file says of this door.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Security {
    /// Who may ask; empty where the file says nothing.
    pub allow: Vec<Network>,
    /// Name and password of the realm.
    pub user: Option<(String, String)>,
    /// Whether TLS is demanded.
    pub require_tls: Option<bool>,
    /// Where the certificate is.
    pub keystore: Option<Keystore>,
    /// What there is to say about it.
    pub notes: Notes,
}

/// A keystore of Java. Its passwords are read and forgotten: its contents have to be exported by Java's own tool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keystore {
    /// Its file.
    pub filename: String,
    /// Which of its certificates.
    pub alias: Option<String>,
}

/// Reads the file.
///
/// # Errors
/// [`ReadError`].
pub fn security(text: &str) -> Result<Security, ReadError> {
    let root = Thing::read(text)?;
    let mut found = Security::default();
    let mut contexts = 0;
    for thing in root.all() {
        if thing.kind() == "sslkeystore" {
            found.keystore_of(thing);
        }
        if let Some(context) = context_of(thing) {
            contexts += 1;
            if context == OURS {
                found.context(thing);
            } else {
                let what = format!("context {context}: this door has nothing of it");
                found.notes.left(what);
            }
        }
    }
    if contexts == 0 {
        found
            .notes
            .left("there is no context in it that is known by name");
    }
    Ok(found)
}

/// Which context a thing is, if it is one.
fn context_of(thing: &Thing) -> Option<&'static str> {
    let is = |text: &str| {
        CONTEXTS
            .into_iter()
            .find(|context| plain(context) == plain(text))
    };
    if thing.kind() != "securitycontext" {
        return is(&thing.name);
    }
    thing.fields.iter().find_map(|(_, value)| is(value))
}

impl Security {
    fn keystore_of(&mut self, thing: &Thing) {
        let Some(filename) = thing.field(&["filename"]) else {
            self.notes.left("SSLKeystore: it names no file");
            return;
        };
        let alias = thing.field(&["certAlias"]).map(str::to_owned);
        let of = alias
            .as_ref()
            .map_or_else(String::new, |alias| format!(", certificate {alias}"));
        self.notes.took(format!("keystore {filename}{of}"));
        self.notes.left("SSLKeystore: certificate and key have to be exported from it, see the comments in the TOML");
        self.keystore = Some(Keystore {
            filename: filename.to_owned(),
            alias,
        });
    }

    fn context(&mut self, context: &Thing) {
        for thing in context.all() {
            if thing.kind() == "sslkeystore" || (thing != context && context_of(thing).is_some()) {
                continue;
            }
            let user = thing.field(&["username", "user", "userName", "login", "name"]);
            let password = thing.field(&["password", "pass", "secret"]);
            let pair = user
                .zip(password)
                .filter(|(user, _)| context_of(thing).is_none() || plain(user) != plain(OURS));
            if let Some((user, password)) = pair {
                self.user(user, password);
            }
            for (name, value) in &thing.fields {
                self.value(thing, name, value, pair);
            }
        }
    }

    fn user(&mut self, user: &str, password: &str) {
        if self.user.is_some() {
            self.notes
                .left(format!("user {user}: this door has one user, the first"));
        } else if Credentials::new(user, password).is_none() {
            self.notes
                .left(format!("user {user}: no name and password of HTTP Basic"));
        } else {
            self.notes.took(format!("user {user}, with a password"));
            self.user = Some((user.to_owned(), password.to_owned()));
        }
    }

    fn value(&mut self, thing: &Thing, name: &str, value: &str, pair: Option<(&str, &str)>) {
        let kind = plain(name);
        let says_tls =
            |kind: &str| kind.contains("ssl") || kind.contains("secure") || kind.contains("https");
        let switch = switch(value);
        if let Some(networks) = networks(value) {
            self.notes.took(format!("{value} may ask"));
            self.allow.extend(networks);
        } else if let Some(on) = switch.filter(|_| says_tls(&kind) || says_tls(&thing.kind())) {
            self.notes.took(format!(
                "TLS is {}",
                if on { "demanded" } else { "not demanded" }
            ));
            self.require_tls = Some(on);
        } else if CONTEXTS
            .iter()
            .any(|context| plain(context) == plain(value))
            || pair.is_some_and(|(user, password)| value == user || value == password)
        {
            // Said already.
        } else if kind.contains("pass") || kind.contains("secret") {
            self.notes
                .left(format!("{}: {name}, a password without a name", thing.name));
        } else {
            self.notes.left(format!("{}: {name} = {value}", thing.name));
        }
    }
}

/// Yes or no.
fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "enabled" => Some(true),
        "false" | "no" | "off" | "0" | "disabled" => Some(false),
        _ => None,
    }
}

/// What looks like an address: one, a network (`10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.*.*.*`), `localhost`, or several of
/// them between commas or blanks.
fn networks(value: &str) -> Option<Vec<Network>> {
    let parts = value.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
    let mut networks = Vec::new();
    for part in parts.filter(|part| !part.is_empty()) {
        if part.eq_ignore_ascii_case("localhost") {
            networks.extend(loopback());
        } else {
            networks.push(network(part)?);
        }
    }
    (!networks.is_empty()).then_some(networks)
}

fn network(text: &str) -> Option<Network> {
    if let Ok(network) = text.parse() {
        return Some(network);
    }
    if let Ok(address) = text.parse() {
        return Some(Network::of_address(address));
    }
    if let Some((address, mask)) = text.split_once('/') {
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        let mask = mask.parse::<std::net::Ipv4Addr>().ok()?.to_bits();
        let prefix = mask.leading_ones();
        let whole = mask.checked_shl(prefix).unwrap_or_default() == 0;
        return Network::new(address.into(), u8::try_from(prefix).ok()?).filter(|_| whole);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let known = parts.iter().take_while(|part| **part != "*").count();
    if parts.len() != 4 || known == 4 || parts.iter().skip(known).any(|part| *part != "*") {
        return None;
    }
    let address = text.replace('*', "0").parse::<std::net::Ipv4Addr>().ok()?;
    Network::new(address.into(), u8::try_from(known * 8).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0"?>
<Security>
  <SSLKeystore filename="conf/keystore.jks" keystorePassword="s3cret" keyPassword="s3cret" certAlias="panel"/>
  <SecurityContext servlet="communication_manager">
    <SSL enabled="true"/>
    <ACL><allow>127.0.0.1</allow><allow>192.168.4.*</allow><allow>10.0.0.0/255.0.0.0</allow></ACL>
    <Realm><User username="manager" password="other"/><User username="second" password="x"/></Realm>
    <timeout seconds="30"/>
  </SecurityContext>
  <SecurityContext servlet="client"><ACL><allow>0.0.0.0/0</allow></ACL></SecurityContext>
</Security>"#;

    #[test]
    fn addresses_users_and_the_keystore() {
        let found = security(FILE).unwrap();
        let allowed: Vec<String> = found.allow.iter().map(ToString::to_string).collect();
        assert_eq!(allowed, ["127.0.0.1/32", "192.168.4.0/24", "10.0.0.0/8"]);
        assert_eq!(found.user, Some(("manager".to_owned(), "other".to_owned())));
        assert_eq!(found.require_tls, Some(true));
        let keystore = found.keystore.unwrap();
        assert_eq!(
            (&*keystore.filename, keystore.alias.as_deref()),
            ("conf/keystore.jks", Some("panel"))
        );
        let said = format!("{:?}", found.notes);
        assert!(
            !said.contains("s3cret") && !said.contains("other"),
            "{said}"
        );
        for left in ["context client", "user second", "timeout: seconds = 30"] {
            assert!(
                found
                    .notes
                    .left_out
                    .iter()
                    .any(|note| note.starts_with(left)),
                "{left}: {said}"
            );
        }
    }

    #[test]
    fn texts_and_names_of_elements_will_do_too() {
        let file = "<s><communication_manager><acl>10.1.2.3, ::1 localhost</acl><realm><user>ana</user><password>p</password></realm><useSSL>no</useSSL></communication_manager></s>";
        let found = security(file).unwrap();
        assert_eq!(found.allow.len(), 4);
        assert_eq!(found.user, Some(("ana".to_owned(), "p".to_owned())));
        assert_eq!(found.require_tls, Some(false));
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            "1",
            "1.2.3",
            "1.2.3.4.5",
            "1.*.3.4",
            "10.0.0.0/255.0.255.0",
            "10.0.0.0/x",
            "a.b.c.*",
            "*",
            "300.*.*.*",
        ] {
            assert_eq!(networks(text), None, "{text}");
        }
        assert_eq!(networks("*.*.*.*").unwrap()[0].to_string(), "0.0.0.0/0");
        assert_eq!(
            networks("10.0.0.0/0.0.0.0").unwrap()[0].to_string(),
            "0.0.0.0/0"
        );
        assert!(security("<a/>").unwrap().notes.left_out[0].contains("no context"));
    }
}
