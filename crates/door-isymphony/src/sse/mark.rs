//! Where a client was.

use api::{EventId, NodeId, Seq};

/// A place, and how many of the events of clients that one of the switch's became were told there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub(super) place: Place,
    pub(super) told: usize,
}

/// An event of the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Of this run: `node:seq:told`.
    Run(EventId),
    /// In the log of events, over all runs: `sequence:told`. With 0 told it is over and done with.
    Log(u64),
}

impl Mark {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let first = parts.next()?;
        let second = parts.next()?;
        let mark = match parts.next() {
            None => Self {
                place: Place::Log(first.parse().ok()?),
                told: second.parse().ok()?,
            },
            Some(told) => Self {
                place: Place::Run(EventId {
                    node: first.parse::<NodeId>().ok()?,
                    seq: Seq(second.parse().ok()?),
                }),
                told: told.parse().ok()?,
            },
        };
        parts.next().is_none().then_some(mark)
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Place::Run(EventId { node, seq }) => write!(f, "{node}:{seq}:{}", self.told),
            Place::Log(sequence) => write!(f, "{sequence}:{}", self.told),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        let node = "6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101";
        let run = format!("{node}:17:2");
        let mark = Mark::parse(&run).unwrap();
        assert!(matches!(mark.place, Place::Run(event) if event.seq.0 == 17));
        assert_eq!((mark.told, mark.to_string()), (2, run.clone()));
        let log = Mark::parse("1767225600000017:3").unwrap();
        let place = Place::Log(1_767_225_600_000_017);
        assert_eq!(log, Mark { place, told: 3 });
        assert_eq!(log.to_string(), "1767225600000017:3");
        for wrong in [
            "",
            "17",
            ":",
            "17:x",
            "-1:1",
            "99999999999999999999:1",
            "a:17:1",
            &format!("{node}:x:1"),
            &format!("{node}:17"),
            &format!("{run}:1"),
        ] {
            assert_eq!(Mark::parse(wrong), None, "{wrong}");
        }
    }
}
