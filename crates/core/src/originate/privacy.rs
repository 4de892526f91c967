//! What is told of a caller who does not want to be known (RFC 3323).

use api::view::CallerProfile;
use sip::endpoint::Party;

/// Name of somebody who is not named (RFC 3323 §4.1.1.3).
pub(crate) const ANONYMOUS: &str = "Anonymous";
/// Address of somebody whose number is not told, without the scheme (RFC 3323 §4.1.1.3).
pub(crate) const ANONYMOUS_ADDRESS: &str = "anonymous@anonymous.invalid";

/// What a caller hides from whoever is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Privacy {
    pub(crate) name: bool,
    pub(crate) number: bool,
}

impl Privacy {
    /// What a caller profile says. A name that holds a hidden number is hidden as well, because people without a name
    /// are shown by their number.
    pub(crate) fn of(profile: &CallerProfile) -> Self {
        let number = profile.privacy_hide_number;
        let (name, digits) = (&*profile.caller_id_name, &*profile.caller_id_number);
        let told_by_name = number && !digits.is_empty() && name.contains(digits);
        Self {
            name: profile.privacy_hide_name || told_by_name,
            number,
        }
    }

    /// Somebody as they are shown. `is_account`: the address is that of our account at a trunk, which says nothing about
    /// the caller and without which the trunk takes no call.
    pub(crate) fn shown(self, party: Party, is_account: bool) -> Party {
        let Party { display, uri } = party;
        Party {
            display: if self.name { ANONYMOUS.into() } else { display },
            uri: if self.number && !is_account {
                format!("sip:{ANONYMOUS_ADDRESS}")
            } else {
                uri
            },
        }
    }

    /// The parameter of Remote-Party-ID (draft-ietf-sip-privacy-04 §5.3).
    pub(crate) fn word(self) -> &'static str {
        match (self.name, self.number) {
            (false, false) => "off",
            (true, false) => "name",
            (false, true) => "uri",
            (true, true) => "full",
        }
    }
}
