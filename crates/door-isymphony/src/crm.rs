//! The page of another program inside the panel (event-api.md §10): where it is, and what of an event is put into its address.

use axum::http::Uri;

/// Types of events a page can be loaded for: those that say of which user they are.
const KINDS: &[&str] = &[
    "dial",
    "dialEnd",
    "link",
    "linkEnd",
    "hangup",
    "hold",
    "holdEnd",
    "recordStart",
    "recordEnd",
    "callerId",
    "park",
    "parkEnd",
    "queueCallJoin",
    "queueCallLeave",
    "confRoomCallJoin",
    "confRoomCallLeave",
    "confRoomCallMute",
    "confRoomCallUnmute",
    "agentLogin",
    "agentLogout",
    "agentPause",
    "agentUnpause",
    "agentState",
    "agentPenalty",
    "userStatus",
    "extensionDnd",
    "extensionState",
    "userLogin",
];

/// Properties of one side of a call. Of a pair, they are those of the user's own side; with `other` before them and a
/// capital letter (`otherCallerIdNumber`) those of the other one, with `1` and `2` behind them as the event has them.
const SIDE: &[&str] = &[
    "callSegmentId",
    "callerIdName",
    "callerIdNumber",
    "did",
    "extensionId",
    "extensionNumber",
    "userId",
    "username",
];

/// Properties of other events.
const OTHERS: &[&str] = &[
    "type",
    "time",
    "coreServerId",
    "agent",
    "agentId",
    "conferenceRoomId",
    "conferenceRoomName",
    "enabled",
    "ip",
    "name",
    "note",
    "parkingLot",
    "parkingLotId",
    "paused",
    "pauseReason",
    "penalty",
    "port",
    "position",
    "queue",
    "queueId",
    "reason",
    "returnTime",
    "slot",
    "state",
    "statusType",
    "userCreated",
    "userLoginId",
];

/// Where the page is when nothing else is said: the card of the console, which shows who calls.
const OWN_CARD: &str = "/caller?number={otherCallerIdNumber}&name={otherCallerIdName}&call={callSegmentId}&since={time}";

/// A page inside the panel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crm {
    url: String,
    /// As a `frame-src` of a Content Security Policy has it.
    source: String,
    event: String,
    title: String,
}

/// Why there can be no such page.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CrmError {
    /// Some other scheme, or no address at all.
    #[error(
        "the page must be at http:// or https://, or at a path of this server that begins with one /"
    )]
    Address,
    /// Braces in the name of a server would lead calls to servers nobody has named.
    #[error("a property can stand in the path and behind it, not in the server's name")]
    PropertyInHost,
    /// Name and password would be shown to every user.
    #[error("name and password do not belong into the address of a page")]
    Credentials,
    /// A brace too many.
    #[error("{{ and }} do not fit together")]
    Braces,
    /// Nothing is called that.
    #[error("no event has a property {0:?}")]
    NoSuchProperty(String),
    /// Nothing is called that, or it is about no user.
    #[error("there is no event {0:?} of users; known here: {known}", known = KINDS.join(", "))]
    NoSuchEvent(String),
}

impl Crm {
    /// `url` has properties of events in braces, `event` is the type for which the page is loaded anew, `title` its
    /// name for people.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(url: &str, event: &str, title: &str) -> Result<Self, Vec<CrmError>> {
        let mut errors = Vec::new();
        let source = source(url)
            .map_err(|error| errors.push(error))
            .unwrap_or_default();
        match properties(url) {
            Ok(names) => {
                let unknown = names.into_iter().filter(|name| !is_property(name));
                errors.extend(unknown.map(|name| CrmError::NoSuchProperty(name.to_owned())));
            }
            Err(error) => errors.push(error),
        }
        if !KINDS.contains(&event) {
            errors.push(CrmError::NoSuchEvent(event.to_owned()));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            url: url.to_owned(),
            source,
            event: event.to_owned(),
            title: title.to_owned(),
        })
    }

    /// The type for which a page is loaded when nothing else is said: two talk.
    pub const USUAL_EVENT: &'static str = "link";

    /// The name of a page when nothing else is said.
    pub const USUAL_TITLE: &'static str = "Customer";

    /// The card that comes with the console.
    #[must_use]
    pub fn own_card() -> Self {
        Self {
            url: OWN_CARD.to_owned(),
            source: OWN.to_owned(),
            event: Self::USUAL_EVENT.to_owned(),
            title: "Caller".to_owned(),
        }
    }

    /// The address, with properties in braces.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where pages may come from that the panel shows, as a Content Security Policy says it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The type for which it is loaded anew.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        &self.title
    }
}

/// This server itself, in a Content Security Policy.
const OWN: &str = "'self'";

/// The origin of an address, or [`OWN`].
fn source(url: &str) -> Result<String, CrmError> {
    // What browsers take for something else than it looks like.
    if url
        .bytes()
        .any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\')
    {
        return Err(CrmError::Address);
    }
    if url.starts_with('/') {
        return if url.starts_with("//") {
            Err(CrmError::Address)
        } else {
            Ok(OWN.to_owned())
        };
    }
    let (scheme, rest) = url.split_once("://").ok_or(CrmError::Address)?;
    let scheme = scheme.to_ascii_lowercase();
    if !["http", "https"].contains(&scheme.as_str()) {
        return Err(CrmError::Address);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    if host.contains(['{', '}']) {
        return Err(CrmError::PropertyInHost);
    }
    if host.contains('@') {
        return Err(CrmError::Credentials);
    }
    let origin = format!("{scheme}://{host}").to_ascii_lowercase();
    let parsed = origin.parse::<Uri>().ok();
    let authority = parsed.as_ref().and_then(Uri::authority);
    // A policy has no words for some of what an authority may hold.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let fits = authority.is_some_and(|authority| {
        let port_fits = authority.port().is_some() || !authority.as_str().ends_with(':');
        !authority.host().is_empty() && port_fits && authority.as_str().bytes().all(plain)
    });
    if fits {
        Ok(origin)
    } else {
        Err(CrmError::Address)
    }
}

/// What stands in braces.
fn properties(url: &str) -> Result<Vec<&str>, CrmError> {
    let mut names = Vec::new();
    let mut parts = url.split('{');
    if parts.next().is_some_and(|first| first.contains('}')) {
        return Err(CrmError::Braces);
    }
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or(CrmError::Braces)?;
        if rest.contains('}') {
            return Err(CrmError::Braces);
        }
        names.push(name);
    }
    Ok(names)
}

fn is_property(name: &str) -> bool {
    let of_side = |name: &str| SIDE.contains(&name);
    let of_pair = name.strip_suffix(['1', '2']).is_some_and(of_side);
    let of_other = name.strip_prefix("other").is_some_and(|name| {
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let is_capital = name.starts_with(|first: char| first.is_ascii_uppercase());
        let name: String = first.into_iter().chain(letters).collect();
        is_capital && of_side(&name)
    });
    of_side(name) || of_pair || of_other || OTHERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<String, Vec<CrmError>> {
        Crm::new(url, "link", "x").map(|crm| crm.source().to_owned())
    }

    #[test]
    fn the_policy_names_just_the_origin() {
        for (url, source) in [
            (
                "https://crm.example.org/find?n={callerIdNumber1}&u={username}",
                "https://crm.example.org",
            ),
            ("HTTP://CRM.example.org:8080", "http://crm.example.org:8080"),
            (
                "http://[2001:db8::1]:8080?x={did}#{time}",
                "http://[2001:db8::1]:8080",
            ),
            (
                "http://192.0.2.1/{otherCallerIdName}/{callSegmentId2}",
                "http://192.0.2.1",
            ),
            ("/caller?number={otherCallerIdNumber}", "'self'"),
        ] {
            assert_eq!(of(url).as_deref(), Ok(source), "{url}");
        }
        let card = Crm::own_card();
        assert_eq!(Crm::new(card.url(), card.event(), card.title()), Ok(card));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        use CrmError as E;
        for (url, error) in [
            ("javascript:alert(1)", E::Address),
            ("javascript://x/%0aalert(1)", E::Address),
            ("data:text/html,x", E::Address),
            ("file:///etc/passwd", E::Address),
            ("//evil.example/x", E::Address),
            ("/\\evil.example", E::Address),
            ("crm.example.org", E::Address),
            ("", E::Address),
            ("https://", E::Address),
            ("https://a b/", E::Address),
            ("https://a;script-src *", E::Address),
            ("https://a,b/", E::Address),
            ("https://*.example.org/", E::Address),
            ("https://a:/", E::Address),
            ("https://{did}.example.org/", E::PropertyInHost),
            ("https://ana:secret@crm.example.org/", E::Credentials),
            ("/x?{did", E::Braces),
            ("/x?did}", E::Braces),
            ("/x?{did}}", E::Braces),
            ("/x?{phone}", E::NoSuchProperty("phone".to_owned())),
            ("/x?{otherdid}", E::NoSuchProperty("otherdid".to_owned())),
            ("/x?{}", E::NoSuchProperty(String::new())),
        ] {
            assert_eq!(of(url), Err(vec![error]), "{url}");
        }
        assert_eq!(
            Crm::new("ftp://x/{y}", "answer", "x"),
            Err(vec![
                E::Address,
                E::NoSuchProperty("y".to_owned()),
                E::NoSuchEvent("answer".to_owned())
            ])
        );
    }
}
