//! What a REGISTER asks for.

use super::registrar::RegistrarConfig;
use crate::message::header::{NameAddr, Params, unquote};
use crate::message::{HeaderName, Message, Uri};

/// Most contacts of one REGISTER.
const MAX_CONTACTS: usize = 32;

/// A REGISTER in the registrar's terms.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) wish: Wish,
    pub(super) call_id: &'a str,
    pub(super) cseq: u32,
    pub(super) path: Vec<&'a str>,
    pub(super) user_agent: &'a str,
}

#[derive(Debug)]
pub(super) enum Wish {
    /// No Contact: list what is there.
    Query,
    /// `Contact: *` with `Expires: 0`.
    RemoveAll,
    Change(Vec<Contact>),
}

#[derive(Debug)]
pub(super) struct Contact {
    pub(super) uri: String,
    /// Seconds granted; 0 removes.
    pub(super) expires: u32,
    pub(super) q: u16,
    pub(super) instance: Option<String>,
}

#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) headers: Vec<(String, String)>,
}

pub(super) fn read<'a>(
    request: &'a Message,
    config: &RegistrarConfig,
) -> Result<Asked<'a>, Refusal> {
    let bad = |reason| Refusal {
        code: 400,
        reason,
        headers: Vec::new(),
    };
    let cseq = request.cseq().ok_or(bad("Malformed CSeq"))?.number;
    let expires_header = request.header(HeaderName::Expires).map(seconds);
    let values: Vec<_> = request
        .header_list(HeaderName::Contact)
        .take(MAX_CONTACTS + 1)
        .collect();
    let wish = if values.is_empty() {
        Wish::Query
    } else if values.len() > MAX_CONTACTS {
        return Err(bad("Too Many Contacts"));
    } else if values.contains(&"*") {
        if values.len() > 1 || expires_header != Some(Some(0)) {
            return Err(bad("Wildcard Needs Expires Of Zero"));
        }
        Wish::RemoveAll
    } else {
        let contacts = values.into_iter().map(|value| {
            let contact = NameAddr::parse(value)
                .filter(|contact| Uri::parse(contact.uri).is_ok() && is_uri_text(contact.uri));
            let contact = contact.ok_or(bad("Malformed Contact"))?;
            // A lifetime that cannot be read counts as none (RFC 3261 §20.10).
            let asked = match contact.params.value("expires") {
                Some(own) => seconds(own),
                None => expires_header.flatten(),
            };
            let expires = asked
                .unwrap_or(config.default_expires)
                .min(config.max_expires);
            if (1..config.min_expires).contains(&expires) {
                let minimum = vec![("Min-Expires".into(), config.min_expires.to_string())];
                return Err(Refusal {
                    code: 423,
                    reason: "",
                    headers: minimum,
                });
            }
            Ok(Contact {
                uri: contact.uri.into(),
                expires,
                q: q(contact.params),
                instance: instance(contact.params),
            })
        });
        Wish::Change(contacts.collect::<Result<_, _>>()?)
    };
    Ok(Asked {
        wish,
        call_id: request.call_id(),
        cseq,
        path: request.header_list(HeaderName::Path).collect(),
        user_agent: request.header(HeaderName::UserAgent).unwrap_or(""),
    })
}

/// Whether nothing stands in a URI that no URI may hold unescaped (RFC 3986 §2, RFC 3261 §25.1): what separates and
/// brackets in the notations URIs are put into.
fn is_uri_text(uri: &str) -> bool {
    !uri.contains(['{', '}', '|', '\\', '^', '`', '"'])
}

/// Seconds of an Expires value; more than 2³²−1 counts as that.
fn seconds(value: &str) -> Option<u32> {
    let value = value.trim();
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u32::MAX))
}

/// `q` in thousandths; absent or unreadable means first choice.
fn q(params: Params<'_>) -> u16 {
    let Some(value) = params.value("q") else {
        return 1000;
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let padded = format!("{fraction:0<3}");
    match (
        whole,
        padded
            .get(..3)
            .and_then(|digits| digits.parse::<u16>().ok()),
    ) {
        ("0" | "", Some(thousandths)) => thousandths,
        _ => 1000,
    }
}

/// `+sip.instance` and `reg-id` as one key; both are needed (RFC 5626 §6).
fn instance(params: Params<'_>) -> Option<String> {
    let instance = unquote(params.value("+sip.instance")?).into_owned();
    let reg_id: u32 = params.value("reg-id")?.parse().ok()?;
    Some(format!("{instance};{reg_id}"))
}
