use std::sync::Arc;

use serde_json::{Map, Value};

/// Longest id, name or type a client may send, in characters (sylkrtc.md §1.9).
pub(crate) const MAX_ID: usize = 128;

/// Longest address, in bytes. Ours: far beyond any real one.
const MAX_AOR: usize = 256;

/// Longest description, in bytes (sylkrtc.md §1.9).
pub(crate) const MAX_SDP: usize = 64 << 10;

/// A request breaks a rule of sylkrtc.md §2.2; the text goes to the client.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Invalid(pub(crate) String);

/// The members of one request, checked as they are taken. `null` means "not given".
pub(crate) struct Fields<'a> {
    request: &'static str,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `request` is the name that error texts give it.
    pub(crate) fn new(request: &'static str, members: &'a Map<String, Value>) -> Self {
        Self { request, members }
    }

    fn given(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn needed(&self, name: &str) -> Result<&'a Value, Invalid> {
        self.given(name).ok_or_else(|| {
            let request = self.request;
            Invalid(format!(
                "Mandatory property '{name}' of '{request}' object is missing"
            ))
        })
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Self, &str, &'a Value) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Invalid> {
        let given = self.given(name);
        given.map(|value| read(self, name, value)).transpose()
    }

    fn read_text(&self, name: &str, value: &'a Value) -> Result<&'a str, Invalid> {
        value.as_str().ok_or_else(|| invalid(name, value))
    }

    fn read_boolean(&self, name: &str, value: &'a Value) -> Result<bool, Invalid> {
        value.as_bool().ok_or_else(|| invalid(name, value))
    }

    /// A float is no integer, and neither is a boolean.
    fn read_integer(&self, name: &str, value: &'a Value) -> Result<i64, Invalid> {
        value.as_i64().ok_or_else(|| invalid(name, value))
    }

    fn read_list(&self, name: &str, value: &'a Value) -> Result<&'a Vec<Value>, Invalid> {
        value.as_array().ok_or_else(|| invalid(name, value))
    }

    /// Any text.
    pub(crate) fn text(&self, name: &str) -> Result<Arc<str>, Invalid> {
        self.read_text(name, self.needed(name)?).map(Arc::from)
    }

    /// Any text, or nothing.
    pub(crate) fn text_optional(&self, name: &str) -> Result<Option<Arc<str>>, Invalid> {
        Ok(self.optional(name, Self::read_text)?.map(Arc::from))
    }

    /// A text with a length in characters.
    pub(crate) fn text_within(
        &self,
        name: &str,
        least: usize,
        most: usize,
    ) -> Result<Arc<str>, Invalid> {
        let text = self.text(name)?;
        length(&text, least, most)?;
        Ok(text)
    }

    /// An id of the client's choice.
    pub(crate) fn id(&self, name: &str) -> Result<Arc<str>, Invalid> {
        self.text_within(name, 1, MAX_ID)
    }

    /// A short text that may be missing or empty.
    pub(crate) fn name_optional(&self, name: &str) -> Result<Option<Arc<str>>, Invalid> {
        let text = self.text_optional(name)?;
        if let Some(text) = &text {
            length(text, 0, MAX_ID)?;
        }
        Ok(text)
    }

    /// A description.
    pub(crate) fn sdp(&self, name: &str) -> Result<Arc<str>, Invalid> {
        let sdp = self.text(name)?;
        if sdp.len() > MAX_SDP {
            return Err(Invalid(format!(
                "the value's length must be between 0 and {MAX_SDP} inclusive"
            )));
        }
        Ok(sdp)
    }

    /// An address without its scheme.
    pub(crate) fn aor(&self, name: &str) -> Result<Arc<str>, Invalid> {
        aor(&self.text(name)?)
    }

    /// Text of a display name, without the quotes and blanks around it.
    pub(crate) fn display_name(&self, name: &str) -> Result<Arc<str>, Invalid> {
        let text = self.name_optional(name)?.unwrap_or_default();
        Ok(text.trim_matches(['"', ' ']).into())
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, Invalid> {
        self.optional(name, Self::read_boolean)
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Invalid> {
        self.optional(name, Self::read_integer)
    }

    /// One of a few texts.
    pub(crate) fn choice<T>(
        &self,
        name: &str,
        of: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Invalid> {
        let value = self.needed(name)?;
        of(self.read_text(name, value)?).ok_or_else(|| invalid(name, value))
    }

    /// A boolean that must be there.
    pub(crate) fn boolean_needed(&self, name: &str) -> Result<bool, Invalid> {
        self.read_boolean(name, self.needed(name)?)
    }

    /// Texts without duplicates, in order.
    pub(crate) fn unique_texts(&self, name: &str) -> Result<Vec<Arc<str>>, Invalid> {
        let mut unique: Vec<Arc<str>> = Vec::new();
        for value in self.optional(name, Self::read_list)?.into_iter().flatten() {
            let text = self.read_text(name, value)?;
            length(text, 0, MAX_ID)?;
            if !unique.iter().any(|there| &**there == text) {
                unique.push(text.into());
            }
        }
        Ok(unique)
    }

    /// Addresses without duplicates, in order; mandatory.
    pub(crate) fn unique_aors(&self, name: &str) -> Result<Vec<Arc<str>>, Invalid> {
        self.needed(name)?;
        let mut unique = Vec::new();
        for text in self.unique_texts(name)? {
            let aor = aor(&text)?;
            if !unique.contains(&aor) {
                unique.push(aor);
            }
        }
        Ok(unique)
    }

    /// A list of objects, each read by `read`; an optional list that is missing is empty.
    pub(crate) fn objects<T>(
        &self,
        name: &str,
        mandatory: bool,
        item: &'static str,
        read: impl Fn(Self) -> Result<T, Invalid>,
    ) -> Result<Vec<T>, Invalid> {
        if mandatory {
            self.needed(name)?;
        }
        let values = self.optional(name, Self::read_list)?.into_iter().flatten();
        let objects = values.map(|value| {
            let members = value.as_object().ok_or_else(|| invalid(name, value))?;
            read(Fields::new(item, members))
        });
        objects.collect()
    }

    /// An object as it is.
    pub(crate) fn object(&self, name: &str) -> Result<&'a Map<String, Value>, Invalid> {
        let value = self.needed(name)?;
        value.as_object().ok_or_else(|| invalid(name, value))
    }
}

/// How long a value may be in an error text.
const SHOWN: usize = 100;

fn invalid(name: &str, value: &Value) -> Invalid {
    let mut shown = value.to_string();
    if shown.len() > SHOWN {
        let end = (0..=SHOWN).rev().find(|at| shown.is_char_boundary(*at));
        shown.truncate(end.unwrap_or(0));
        shown.push('…');
    }
    Invalid(format!("Invalid value for '{name}' property: {shown}"))
}

fn length(text: &str, least: usize, most: usize) -> Result<(), Invalid> {
    let within = (least..=most).contains(&text.chars().count());
    let wrong = || {
        Invalid(format!(
            "the value's length must be between {least} and {most} inclusive"
        ))
    };
    within.then_some(()).ok_or_else(wrong)
}

/// `user@host` out of what a client calls an address: the scheme goes, the case stays.
pub(crate) fn aor(text: &str) -> Result<Arc<str>, Invalid> {
    let bare = text
        .strip_prefix("sip:")
        .or_else(|| text.strip_prefix("sips:"));
    let bare = bare.unwrap_or(text);
    let wrong = || {
        let shown: String = text.chars().take(SHOWN).collect();
        Invalid(format!("invalid SIP URI: {shown}"))
    };
    let (user, host) = bare.split_once('@').ok_or_else(wrong)?;
    let fits = !user.is_empty()
        && bare.len() <= MAX_AOR
        && user.chars().all(user_may_have)
        && is_host(host);
    fits.then(|| bare.into()).ok_or_else(wrong)
}

/// RFC 3261 §25.1 `user` and `user-unreserved`, and letters beyond ASCII, which existing accounts have.
fn user_may_have(c: char) -> bool {
    c.is_alphanumeric() || "-_.!~*'()%&=+$,;?/#".contains(c)
}

/// A name, an IPv4 address or an IPv6 reference, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let fits = address.parse::<std::net::Ipv6Addr>().is_ok();
            (
                fits,
                rest.strip_prefix(':').or((!rest.is_empty()).then_some("?")),
            )
        }
        None => {
            let (name, port) = text
                .split_once(':')
                .map_or((text, None), |(n, p)| (n, Some(p)));
            let fits = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-._".contains(c));
            (fits, port)
        }
    };
    host && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_texts_of_the_reference() {
        let given =
            members(r#"{"sdp":5,"list":["a","b","a"],"flag":1,"n":1.5,"yes":true,"none":null}"#);
        let fields = Fields::new("SessionCreateRequest", &given);
        let say = |result: Result<_, Invalid>| result.unwrap_err().0;
        assert_eq!(
            say(fields.text("uri")),
            "Mandatory property 'uri' of 'SessionCreateRequest' object is missing"
        );
        assert_eq!(
            say(fields.text("none")),
            "Mandatory property 'none' of 'SessionCreateRequest' object is missing"
        );
        assert_eq!(
            say(fields.text("sdp")),
            "Invalid value for 'sdp' property: 5"
        );
        assert!(fields.boolean("flag").is_err() && fields.integer("n").is_err());
        assert!(fields.integer("yes").is_err(), "a boolean is no integer");
        assert_eq!(fields.text_optional("none"), Ok(None));
        assert_eq!(fields.unique_texts("list").unwrap().len(), 2);
    }

    #[test]
    fn addresses_lose_their_scheme_and_keep_their_case() {
        assert_eq!(&*aor("sip:Alice@Example.org").unwrap(), "Alice@Example.org");
        assert_eq!(
            &*aor("sips:a@[2001:db8::1]:5061").unwrap(),
            "a@[2001:db8::1]:5061"
        );
        assert_eq!(
            &*aor("+31201234567@example.org").unwrap(),
            "+31201234567@example.org"
        );
        for wrong in [
            "foo bar",
            "@x",
            "a@",
            "a@b c",
            "a@b\r\nVia: x",
            "a<b@c",
            "a@b:port",
            "a@b@c",
        ] {
            assert!(aor(wrong).is_err(), "{wrong}");
        }
        assert_eq!(aor("foo bar").unwrap_err().0, "invalid SIP URI: foo bar");
    }

    #[test]
    fn a_long_value_is_shown_in_part() {
        let given = members(&format!(r#"{{"sdp":["{}"]}}"#, "ä".repeat(200)));
        let error = Fields::new("X", &given).text("sdp").unwrap_err();
        assert!(error.0.ends_with('…') && error.0.len() < 160);
    }
}
