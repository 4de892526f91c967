//! When a browser is asked for whole pictures, however many want one.

use std::time::{Duration, Instant};

use super::layers::MAX_LAYERS;

/// A browser is asked at most this often, per layer: a flood of requests would make it send nothing but whole pictures.
const PAUSE: Duration = Duration::from_millis(300);

/// What is wanted of one browser, by layer. Several wishes within the pause cost one request, and the last is kept until
/// the pause is over or a whole picture came, whichever is first.
#[derive(Debug)]
pub(crate) struct KeyframeWishes {
    layers: [Wish; MAX_LAYERS],
    pause: Duration,
}

impl Default for KeyframeWishes {
    fn default() -> Self {
        Self {
            layers: Default::default(),
            pause: PAUSE,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Wish {
    asked: Option<Instant>,
    waiting: bool,
}

impl Wish {
    fn ready(&self, now: Instant, pause: Duration) -> bool {
        self.asked.is_none_or(|asked| now >= asked + pause)
    }
}

impl KeyframeWishes {
    /// Asks at most this often from now on.
    pub(crate) fn pause_for(&mut self, pause: Duration) {
        self.pause = pause;
    }

    /// Somebody wants a whole picture. `true`: it is to be asked for now.
    pub(crate) fn wish(&mut self, now: Instant, layer: u8) -> bool {
        let Some(wish) = self.layers.get_mut(usize::from(layer)) else {
            return false;
        };
        wish.waiting = !wish.ready(now, self.pause);
        if !wish.waiting {
            wish.asked = Some(now);
        }
        !wish.waiting
    }

    /// A whole picture began: nobody waits for one any more.
    pub(crate) fn came(&mut self, layer: u8) {
        if let Some(wish) = self.layers.get_mut(usize::from(layer)) {
            wish.waiting = false;
        }
    }

    /// Whether somebody waits, so that it matters what comes.
    pub(crate) fn waits(&self, layer: u8) -> bool {
        self.layers
            .get(usize::from(layer))
            .is_some_and(|wish| wish.waiting)
    }

    /// When a kept wish is to be asked for.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.layers
            .iter()
            .filter(|wish| wish.waiting)
            .filter_map(|wish| wish.asked.map(|asked| asked + self.pause))
            .min()
    }

    /// The next layer whose kept wish is to be asked for now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<u8> {
        let at = self
            .layers
            .iter()
            .position(|wish| wish.waiting && wish.ready(now, self.pause))?;
        self.layers[at] = Wish {
            asked: Some(now),
            waiting: false,
        };
        u8::try_from(at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_wishes_are_one_request_and_the_last_is_not_lost() {
        let mut wishes = KeyframeWishes::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(wishes.wish(at(0), 1));
        assert_eq!(wishes.due(), None);
        for ms in 1..200 {
            assert!(!wishes.wish(at(ms), 1));
        }
        assert!(wishes.wish(at(5), 0), "another layer is another picture");
        assert_eq!(wishes.due(), Some(at(300)));
        assert_eq!(wishes.take_due(at(299)), None);
        assert_eq!(wishes.take_due(at(300)), Some(1));
        assert_eq!(wishes.take_due(at(300)), None);
        assert!(!wishes.wish(at(599), 1));
        wishes.came(1);
        assert!(!wishes.waits(1));
        assert_eq!((wishes.due(), wishes.take_due(at(900))), (None, None));
        assert!(wishes.wish(at(900), 1));
        assert!(!wishes.wish(at(900), 200));
    }
}
