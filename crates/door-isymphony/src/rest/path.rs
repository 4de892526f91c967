//! Paths of requests: taken apart, and found among the routes (event-api.md §1, §7).

/// Most segments of a path; the longest of ours have a dozen.
const MOST: usize = 32;

/// The segments of a path, percent-decoded. Slashes at the end and twice in a row mean nothing. `None`: too many, or what
/// is no text.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let segments: Option<Vec<String>> = parts.take(MOST + 1).map(decoded).collect();
    segments.filter(|segments| segments.len() <= MOST)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// What stands in a path for something with a name: an id, or `getByName` and what it is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Id(String),
    Name(String),
}

impl Place {
    /// Either.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Id(text) | Self::Name(text) => text,
        }
    }
}

/// Before a name.
const BY_NAME: &str = "getByName";

/// Compares segments with a pattern. In patterns `{x}` is any one segment, `[x]` an id or `getByName` and a name, the
/// rest is itself. Gives what stands there.
pub(super) fn matches(pattern: &str, mut segments: &[&str]) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    for part in pattern.split('/') {
        let (first, rest) = segments.split_first()?;
        segments = rest;
        if part.starts_with('[') {
            if *first == BY_NAME {
                let (name, rest) = segments.split_first()?;
                segments = rest;
                places.push(Place::Name((*name).to_owned()));
            } else {
                places.push(Place::Id((*first).to_owned()));
            }
        } else if part.starts_with('{') {
            places.push(Place::Id((*first).to_owned()));
        } else if part != *first {
            return None;
        }
    }
    segments.is_empty().then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_percents() {
        let of = |path| segments(path).unwrap_or_default();
        assert_eq!(of("//a/b%20c//%C3%A9/"), ["a", "b c", "é"]);
        assert_eq!(of("/a%2Fb"), ["a/b"]);
        assert_eq!(of("/"), Vec::<String>::new());
        for wrong in ["/%", "/%4", "/%zz", "/%ff", "/%C3"] {
            assert_eq!(segments(wrong), None, "{wrong}");
        }
        assert!(segments(&"/a".repeat(MOST)).is_some());
        assert!(segments(&"/a".repeat(MOST + 1)).is_none());
    }

    #[test]
    fn ids_and_names() {
        let pattern = "coreServers/[core]/extensions/[extension]/originate";
        let found = |path: &str| matches(pattern, &path.split('/').collect::<Vec<_>>());
        let (id, name) = (
            |t: &str| Place::Id(t.to_owned()),
            |t: &str| Place::Name(t.to_owned()),
        );
        assert_eq!(
            found("coreServers/getByName/default/extensions/getByName/201/originate"),
            Some(vec![name("default"), name("201")])
        );
        assert_eq!(
            found("coreServers/c/extensions/getByName/201/originate"),
            Some(vec![id("c"), name("201")])
        );
        assert_eq!(
            found("coreServers/c/extensions/e/originate"),
            Some(vec![id("c"), id("e")])
        );
        for other in [
            "coreServers/c/extensions/getByName/originate",
            "coreServers/c/extensions/e",
            "coreServers/c/extensions/e/originate/x",
            "coreServers/c/queues/e/originate",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
        let config = |path: &str| {
            matches(
                "asterisk/{K}/queues/{id}",
                &path.split('/').collect::<Vec<_>>(),
            )
        };
        assert_eq!(config("asterisk/k/queues/q"), Some(vec![id("k"), id("q")]));
        assert_eq!(config("asterisk/k/queues"), None);
    }
}
