//! The `Digest name=value, …` form of challenges and credentials (RFC 7616 §3.3, §3.4).

use crate::message::header::split_list;

/// Most parameters read of one header; the RFC defines thirteen.
const MAX_PARAMS: usize = 32;

/// Parameters of one `Digest` header. Values are what stands between the quotes, escapes kept,
/// because that is what both sides hash.
#[derive(Debug)]
pub(crate) struct DigestParams<'a> {
    params: Vec<(&'a str, &'a str)>,
}

impl<'a> DigestParams<'a> {
    /// `None` when the scheme is another or a parameter has no value.
    pub(crate) fn parse(value: &'a str) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once([' ', '\t'])?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut params = Vec::with_capacity(12);
        for part in split_list(rest).take(MAX_PARAMS) {
            let (name, value) = part.split_once('=')?;
            let value = value.trim();
            let value = value
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(value);
            params.push((name.trim(), value));
        }
        Some(Self { params })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.params
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }
}
