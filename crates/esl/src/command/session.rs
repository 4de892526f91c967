//! Commands of a connection that controls a channel: `getvar`, `myevents`, `divert_events`, `linger`
//! (event-socket.md §2.10, §2.11, §2.14, §2.15).

use crate::Format;
use crate::frame::leading_number;

/// `myevents` that worked.
pub const EVENTS_ENABLED: &str = "+OK Events Enabled";
/// `myevents` a second time; spelled as the original does.
pub const ALREADY_ENABLED: &str = "-ERR aready enabled.";
/// `myevents` for a channel that does not exist.
pub const INVALID_UUID: &str = "-ERR invalid uuid";
/// `linger` and `nolinger` without a channel.
pub const NOT_CONTROLLING: &str = "-ERR not controlling a session";
/// `nolinger`.
pub const WILL_NOT_LINGER: &str = "+OK will not linger";

/// `getvar <name>`. The reply is the bare value; unset, empty or without a name it is [`super::NOT_FOUND`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GetVar {
    /// A channel variable, else a profile field, else a global variable. May be empty.
    pub name: String,
}

/// `myevents <uuid> [json|xml|plain]`, or without the uuid on an outbound connection. An inbound connection keeps the
/// format it has, whatever word it gives (golden myevents-05-format); an outbound one changes it (golden
/// outbound-16-myevents-json-transfer).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MyEvents {
    /// First word behind the command; the channel.
    pub uuid: String,
    /// The format an outbound connection asks for; there is no word back to plain.
    pub format: Option<Format>,
}

impl MyEvents {
    /// Reads what follows `myevents`.
    pub fn parse(rest: &str) -> Self {
        let uuid = rest
            .trim_start_matches(' ')
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned();
        let has = |small: &str, capital: &str| rest.contains(small) || rest.contains(capital);
        let format = if has("xml", "XML") {
            Some(Format::Xml)
        } else if has("json", "JSON") {
            Some(Format::Json)
        } else {
            None
        };
        Self { uuid, format }
    }
}

/// `divert_events on|off`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DivertEvents {
    /// The channel's own events come to this connection.
    On,
    /// Any other word.
    Off,
    /// No word.
    Missing,
}

impl DivertEvents {
    /// Reads what follows `divert_events`.
    pub fn parse(rest: &str) -> Self {
        match rest.trim() {
            "" => Self::Missing,
            word if word.eq_ignore_ascii_case("on") => Self::On,
            _ => Self::Off,
        }
    }

    /// `Reply-Text`; whether a channel is controlled is asked first.
    pub fn reply(self, controls_channel: bool) -> &'static str {
        match (controls_channel, self) {
            (false, _) => "-ERR not controlling a session.",
            (true, Self::On) => "+OK events diverted",
            (true, Self::Off) => "+OK events not diverted",
            (true, Self::Missing) => "-ERR missing value.",
        }
    }
}

/// `linger [<seconds>]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Linger {
    /// `None`: without limit.
    pub seconds: Option<u32>,
}

impl Linger {
    /// Reads what follows `linger`. A word that is no number counts as 0 seconds; a negative one as no limit.
    pub fn parse(rest: &str) -> Self {
        let word = rest.trim();
        let seconds = if word.is_empty() {
            None
        } else {
            u32::try_from(leading_number(word)).ok()
        };
        Self { seconds }
    }

    /// `Reply-Text`.
    pub fn reply(self, controls_channel: bool) -> String {
        match (controls_channel, self.seconds) {
            (false, _) => NOT_CONTROLLING.to_owned(),
            (true, Some(seconds)) => format!("+OK will linger {seconds} seconds"),
            (true, None) => "+OK will linger".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_of_myevents_is_its_first_word() {
        assert_eq!(MyEvents::parse(" abc json").uuid, "abc");
        assert_eq!(MyEvents::parse("  JSON abc").uuid, "JSON");
        assert_eq!(MyEvents::parse(" ").uuid, "");
    }

    #[test]
    fn the_format_of_myevents_on_an_outbound_connection() {
        // golden outbound-16-myevents-json-transfer
        assert_eq!(MyEvents::parse(" json").format, Some(Format::Json));
        assert_eq!(MyEvents::parse(" XML").format, Some(Format::Xml));
        assert_eq!(MyEvents::parse(" Json").format, None);
        assert_eq!(MyEvents::parse(" plain").format, None);
        assert_eq!(MyEvents::parse("").format, None);
    }

    #[test]
    fn lingering() {
        // golden myevents-04-session-commands, misc-01-no-session
        assert_eq!(Linger::parse(" 5").reply(true), "+OK will linger 5 seconds");
        assert_eq!(Linger::parse("").reply(true), "+OK will linger");
        assert_eq!(
            Linger::parse(" 10").reply(false),
            "-ERR not controlling a session"
        );
    }

    #[test]
    fn diverting() {
        // golden divert-01, myevents-04-session-commands
        assert_eq!(
            DivertEvents::parse(" on").reply(true),
            "+OK events diverted"
        );
        assert_eq!(
            DivertEvents::parse(" off").reply(true),
            "+OK events not diverted"
        );
        assert_eq!(DivertEvents::parse("").reply(true), "-ERR missing value.");
        assert_eq!(
            DivertEvents::parse("").reply(false),
            "-ERR not controlling a session."
        );
    }
}
