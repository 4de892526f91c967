//! Session-Expires (RFC 4028 §4).

use super::params::Params;

/// Who sends the refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request this is about.
    Uac,
    /// Who answers it.
    Uas,
}

/// After how long a session ends that nobody refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes, when it is said.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads a value; `None` when malformed.
    pub fn parse(value: &str) -> Option<Self> {
        let (seconds, params) = value.split_once(';').unwrap_or((value, ""));
        let refresher = Params(params).value("refresher");
        Some(Self {
            seconds: delta_seconds(seconds)?,
            refresher: match refresher {
                Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                Some(_) | None => None,
            },
        })
    }

    /// The value as we print it.
    pub(crate) fn print(self) -> String {
        match self.refresher {
            Some(Refresher::Uac) => format!("{};refresher=uac", self.seconds),
            Some(Refresher::Uas) => format!("{};refresher=uas", self.seconds),
            None => self.seconds.to_string(),
        }
    }
}

/// A number of seconds, as Session-Expires and Min-SE have it; parameters behind it are not looked at. What is beyond
/// 2³²−1 counts as that.
pub(crate) fn delta_seconds(value: &str) -> Option<u32> {
    let digits = value.split(';').next()?.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_refresher() {
        let read = |text| SessionExpires::parse(text).map(|it| (it.seconds, it.refresher));
        assert_eq!(read("1800"), Some((1800, None)));
        assert_eq!(
            read(" 90 ; refresher=UAS;x=1"),
            Some((90, Some(Refresher::Uas)))
        );
        assert_eq!(read("90;refresher=me"), Some((90, None)));
        assert_eq!(read("99999999999999"), Some((u32::MAX, None)));
        for bad in ["", ";refresher=uac", "-1", "1.5", "abc"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
