//! Replaces (RFC 3891 §6.1): the dialog a new INVITE takes over.

use super::params::Params;

/// One Replaces value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaces<'a> {
    /// `Call-ID` of the dialog.
    pub call_id: &'a str,
    /// Tag of whoever gets the INVITE.
    pub to_tag: &'a str,
    /// Tag of the other side.
    pub from_tag: &'a str,
    /// Only while the dialog is not confirmed.
    pub early_only: bool,
}

impl<'a> Replaces<'a> {
    /// Reads the value of the header. `None` unless there is a `Call-ID` and each tag once.
    pub fn parse(value: &'a str) -> Option<Self> {
        let (call_id, params) = value.split_once(';')?;
        let params = Params(params);
        let one = |name: &str| {
            let mut found = params
                .iter()
                .filter(|(found, _)| found.eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (Some((_, Some(tag))), None) if !tag.is_empty() => Some(tag),
                _ => None,
            }
        };
        let call_id = call_id.trim();
        Some(Self {
            call_id: Some(call_id).filter(|id| !id.is_empty())?,
            to_tag: one("to-tag")?,
            from_tag: one("from-tag")?,
            early_only: params.has("early-only"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_named_by_three_things() {
        // RFC 3891 §6.1
        let value = "98732@sip.example.com ;from-tag=r33th4x0r;to-tag=ff87ff;early-only";
        let replaces = Replaces::parse(value).unwrap();
        assert_eq!(
            (replaces.call_id, replaces.to_tag, replaces.from_tag),
            ("98732@sip.example.com", "ff87ff", "r33th4x0r")
        );
        assert!(replaces.early_only);
        let plain = "12adf2f34456gs5;to-tag=12345;from-tag=54321";
        assert!(!Replaces::parse(plain).unwrap().early_only);
        for spoilt in [
            "",
            "a",
            ";to-tag=1;from-tag=2",
            "a;to-tag=1",
            "a;from-tag=2",
            "a;to-tag;from-tag=2",
            "a;to-tag=1;to-tag=2;from-tag=3",
        ] {
            assert_eq!(Replaces::parse(spoilt), None, "{spoilt}");
        }
    }
}
