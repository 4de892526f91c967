//! A dialplan application with its argument: `park`, `playback /sounds/x.wav`.

use std::sync::Arc;

/// One step of a dialplan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// Name, case-insensitive.
    pub name: Arc<str>,
    /// Argument, may be empty; `${…}` not yet expanded.
    pub data: Arc<str>,
}

impl Application {
    /// `name` with the argument `data`.
    pub fn new(name: impl Into<Arc<str>>, data: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            data: data.into(),
        }
    }

    /// Reads `&park`, `&park()` or `&playback(/a b.wav)`: the text ends at the first `)`
    /// (event-socket.md §6.4). `None` without the `&` or without a name.
    pub fn parse_ampersand(text: &str) -> Option<Self> {
        let text = text.strip_prefix('&')?;
        let (name, data) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.split(')').next().unwrap_or_default()),
            None => (text, ""),
        };
        let name = name.trim();
        (!name.is_empty()).then(|| Self::new(name, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ampersand_forms() {
        let check = |text: &str, name: &str, data: &str| {
            assert_eq!(
                Application::parse_ampersand(text),
                Some(Application::new(name, data)),
                "{text}"
            );
        };
        check("&park", "park", "");
        check("&park()", "park", "");
        check("&playback(/a b.wav)", "playback", "/a b.wav");
        check("&playback(/a(1).wav)", "playback", "/a(1");
        assert_eq!(Application::parse_ampersand("park"), None);
        assert_eq!(Application::parse_ampersand("&"), None);
    }
}
