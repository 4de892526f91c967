//! What is wanted of the sound of a leg: `rtp_secure_media` (documented with the original's sample dialplan) and what a
//! profile says in its place.

use media::srtp::Suite;

/// Whether sound is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Nobody said anything: what is offered to us is taken, and nothing is offered.
    AsOffered,
    /// Encrypted where the other side can, in the clear where it cannot.
    Optional,
    /// Encrypted, or no call.
    Mandatory,
    /// In the clear, or no call.
    Forbidden,
}

/// A rule with the suites that may be used, the best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) rule: Rule,
    pub(crate) suites: Vec<Suite>,
}

impl Wish {
    /// When nobody said anything.
    pub(crate) fn as_offered() -> Self {
        Self {
            rule: Rule::AsOffered,
            suites: Suite::ALL.to_vec(),
        }
    }

    /// Reads `mandatory`, `true`, `optional`, `forbidden`, `false`, a list of suites (which is mandatory), or
    /// `mandatory:<suites>` and `optional:<suites>`; suites stand between `:`, `|` or `,`. What cannot be understood is
    /// mandatory: a mistake must not put a call in the clear. Beside it, the words that mean nothing.
    pub(crate) fn parse(text: &str) -> (Self, Vec<&str>) {
        let mut words = text
            .split([':', '|', ','])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .peekable();
        let rule = words.peek().and_then(|word| rule(word));
        if rule.is_some() {
            words.next();
        }
        let mut suites = Vec::new();
        let mut unknown = Vec::new();
        for word in words {
            match suite(word) {
                Some(suite) if suites.contains(&suite) => {}
                Some(suite) => suites.push(suite),
                None => unknown.push(word),
            }
        }
        if suites.is_empty() {
            suites = Suite::ALL.to_vec();
        }
        let rule = rule.unwrap_or(Rule::Mandatory);
        (Self { rule, suites }, unknown)
    }
}

fn rule(word: &str) -> Option<Rule> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if is("optional") {
        Some(Rule::Optional)
    } else if is("forbidden") || ["false", "no", "off", "0"].iter().any(|name| is(name)) {
        Some(Rule::Forbidden)
    } else if is("mandatory") || api::variables::is_true(word) {
        Some(Rule::Mandatory)
    } else {
        None
    }
}

/// By its name, or by the one the original's configuration has for suites of RFC 6188.
fn suite(word: &str) -> Option<Suite> {
    let word = word
        .to_ascii_uppercase()
        .replace("AES_CM_256", "AES_256_CM");
    Suite::from_name(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_suites_are_read() {
        for (text, rule) in [
            ("true", Rule::Mandatory),
            ("mandatory", Rule::Mandatory),
            ("Optional", Rule::Optional),
            ("false", Rule::Forbidden),
            ("forbidden", Rule::Forbidden),
        ] {
            let (wish, unknown) = Wish::parse(text);
            assert_eq!((wish.rule, unknown.len()), (rule, 0), "{text}");
            assert_eq!(wish.suites, Suite::ALL);
        }
        let (wish, unknown) =
            Wish::parse("optional:AES_CM_256_HMAC_SHA1_80:aes_cm_128_hmac_sha1_32|NULL");
        assert_eq!(wish.rule, Rule::Optional);
        assert_eq!(
            wish.suites,
            [Suite::Aes256CmSha1_80, Suite::Aes128CmSha1_32]
        );
        assert_eq!(unknown, ["NULL"]);
        let (wish, _) = Wish::parse("AES_CM_128_HMAC_SHA1_80");
        assert_eq!(wish.rule, Rule::Mandatory);
        assert_eq!(wish.suites, [Suite::Aes128CmSha1_80]);
    }

    #[test]
    fn a_mistake_does_not_put_a_call_in_the_clear() {
        let (wish, unknown) = Wish::parse("mandatroy");
        assert_eq!(wish.rule, Rule::Mandatory);
        assert_eq!(unknown, ["mandatroy"]);
    }
}
