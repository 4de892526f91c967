//! What is in an event, as one table: each name, or subclass of CUSTOM, with its own headers. Variables, caller
//! profiles and what a program adds are not in it: an event may have any other headers besides.

use crate::names::EventName;
use api::view::{CallState, ChannelState};

/// What a value is; on the wire all are texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Is {
    /// Any text.
    Text,
    /// A whole number in decimal.
    Number,
    /// A whole number in decimal, or this word where nobody knows it.
    NumberOr(&'static str),
    /// `true` or `false`.
    Truth,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A [`ChannelState`].
    ChannelState,
    /// A [`CallState`].
    CallState,
}

impl Is {
    /// The words it must be one of; `None` for a text that is free, or a number.
    pub fn words(self) -> Option<Vec<&'static str>> {
        match self {
            Self::Text | Self::Number | Self::NumberOr(_) => None,
            Self::Truth => Some(vec!["true", "false"]),
            Self::OneOf(words) => Some(words.to_vec()),
            Self::ChannelState => Some(ChannelState::ALL.iter().map(|s| s.name()).collect()),
            Self::CallState => Some(CallState::ALL.iter().map(|s| s.name()).collect()),
        }
    }
}

/// A header of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub is: Is,
    /// Whether it is always there; headers without a value are left out of events.
    pub always: bool,
}

/// One kind of event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// `Event-Name`.
    pub name: EventName,
    /// `Event-Subclass` of CUSTOM.
    pub subclass: Option<&'static str>,
    /// What it tells.
    pub about: &'static str,
    /// Whether it is about a channel, and so has [`CHANNEL`] too.
    pub of_channel: bool,
    /// Whether it stands in the order of the switch, and so always has [`SEQUENCE`].
    pub in_order: bool,
    /// What it has besides.
    pub headers: &'static [Header],
}

const fn always(name: &'static str, is: Is) -> Header {
    Header {
        name,
        is,
        always: true,
    }
}

const fn text(name: &'static str) -> Header {
    always(name, Is::Text)
}

const fn maybe(name: &'static str) -> Header {
    maybe_that(text(name))
}

const fn maybe_that(header: Header) -> Header {
    Header {
        always: false,
        ..header
    }
}

const fn number(name: &'static str) -> Header {
    always(name, Is::Number)
}

const fn truth(name: &'static str) -> Header {
    always(name, Is::Truth)
}

const fn word(name: &'static str, words: &'static [&'static str]) -> Header {
    always(name, Is::OneOf(words))
}

const DIRECTIONS: &[&str] = &["inbound", "outbound"];

/// The place of an event in the order of the switch (event-socket.md §4.2).
pub const SEQUENCE: Header = number("Event-Sequence");

/// In every event (event-socket.md §4.2), besides `Event-Name` and [`SEQUENCE`].
pub const CORE: &[Header] = &[
    text("Core-UUID"),
    text("FreeSWITCH-Hostname"),
    text("FreeSWITCH-Switchname"),
    text("FreeSWITCH-IPv4"),
    text("FreeSWITCH-IPv6"),
    text("Event-Date-Local"),
    text("Event-Date-GMT"),
    number("Event-Date-Timestamp"),
    text("Event-Calling-File"),
    text("Event-Calling-Function"),
    number("Event-Calling-Line-Number"),
];

/// In every event about a channel (event-socket.md §4.3).
pub const CHANNEL: &[Header] = &[
    always("Channel-State", Is::ChannelState),
    always("Channel-Call-State", Is::CallState),
    number("Channel-State-Number"),
    text("Channel-Name"),
    text("Unique-ID"),
    word("Call-Direction", DIRECTIONS),
    word("Presence-Call-Direction", DIRECTIONS),
    truth("Channel-HIT-Dialplan"),
    text("Channel-Call-UUID"),
    word("Answer-State", &["ringing", "early", "answered", "hangup"]),
];

const fn of_channel(name: EventName, about: &'static str, headers: &'static [Header]) -> Kind {
    Kind {
        name,
        subclass: None,
        about,
        of_channel: true,
        in_order: true,
        headers,
    }
}

const fn of_server(name: EventName, about: &'static str, headers: &'static [Header]) -> Kind {
    Kind {
        of_channel: false,
        ..of_channel(name, about, headers)
    }
}

const fn custom(subclass: &'static str, about: &'static str, headers: &'static [Header]) -> Kind {
    Kind {
        subclass: Some(subclass),
        ..of_server(EventName::Custom, about, headers)
    }
}

/// An event that is said to one connection, and not by the switch.
const fn to_one(kind: Kind) -> Kind {
    Kind {
        in_order: false,
        ..kind
    }
}

const RAN: &[Header] = &[
    text("Application"),
    maybe("Application-Data"),
    text("Application-UUID"),
];

const RAN_AND_ENDED: &[Header] = &[
    text("Application"),
    maybe("Application-Data"),
    maybe("Application-Response"),
    text("Application-UUID"),
];

const BRIDGED: &[Header] = &[text("Bridge-A-Unique-ID"), text("Bridge-B-Unique-ID")];

const TASK: &[Header] = &[
    number("Task-ID"),
    maybe("Task-Desc"),
    maybe("Task-Group"),
    number("Task-Runtime"),
];

const BUG: &[Header] = &[text("Media-Bug-Function"), maybe("Media-Bug-Target")];

const REGISTERED: &[Header] = &[
    text("profile-name"),
    text("contact"),
    text("call-id"),
    maybe("username"),
    maybe("realm"),
    number("expires"),
    text("network-ip"),
    number("network-port"),
    maybe("user-agent"),
];

/// What the switch tells. Programs and dialplans may fire any name besides.
pub const KINDS: &[Kind] = &[
    of_channel(EventName::ChannelOutgoing, "A leg is being made", &[]),
    of_channel(EventName::ChannelCreate, "A channel is there", &[]),
    of_channel(EventName::ChannelOriginate, "A leg calls somebody", &[]),
    of_channel(EventName::ChannelState, "It does something else", &[]),
    of_channel(
        EventName::ChannelCallstate,
        "Its call is another",
        &[
            text("Original-Channel-Call-State"),
            number("Channel-Call-State-Number"),
        ],
    ),
    of_channel(EventName::ChannelProgress, "It rings", &[]),
    of_channel(
        EventName::ChannelProgressMedia,
        "It sounds before the answer",
        &[],
    ),
    of_channel(EventName::ChannelAnswer, "It is answered", &[]),
    of_channel(EventName::ChannelExecute, "An application begins", RAN),
    of_channel(
        EventName::ChannelExecuteComplete,
        "An application has ended",
        RAN_AND_ENDED,
    ),
    of_channel(EventName::ChannelBridge, "Two talk", BRIDGED),
    of_channel(EventName::ChannelUnbridge, "They do no more", BRIDGED),
    of_channel(EventName::ChannelPark, "It waits for orders", &[]),
    of_channel(EventName::ChannelUnpark, "It does no more", &[]),
    of_channel(EventName::ChannelHold, "It is held", &[]),
    of_channel(EventName::ChannelUnhold, "It is not held any more", &[]),
    of_channel(
        EventName::ChannelUuid,
        "It is called otherwise",
        &[text("Old-Unique-ID")],
    ),
    of_channel(
        EventName::ChannelHangup,
        "It is hung up",
        &[text("Hangup-Cause")],
    ),
    of_channel(
        EventName::ChannelHangupComplete,
        "It is hung up, and all is known about it",
        &[text("Hangup-Cause")],
    ),
    of_channel(
        EventName::ChannelDestroy,
        "It is gone",
        &[text("Hangup-Cause")],
    ),
    of_channel(
        EventName::CallUpdate,
        "What its telephone shows is another",
        &[maybe("Sent-Callee-ID-Name"), maybe("Sent-Callee-ID-Number")],
    ),
    of_channel(
        EventName::Dtmf,
        "A key was pressed",
        &[
            text("DTMF-Digit"),
            number("DTMF-Duration"),
            text("DTMF-Source"),
        ],
    ),
    of_channel(EventName::Talk, "Somebody speaks", &[]),
    of_channel(EventName::Notalk, "Nobody speaks any more", &[]),
    of_channel(
        EventName::PlaybackStart,
        "Something is played",
        &[text("Playback-File-Path")],
    ),
    of_channel(
        EventName::PlaybackStop,
        "It is played no more",
        &[text("Playback-File-Path"), text("Playback-Status")],
    ),
    of_channel(
        EventName::RecordStart,
        "It is recorded",
        &[text("Record-File-Path")],
    ),
    of_channel(
        EventName::RecordStop,
        "It is recorded no more",
        &[text("Record-File-Path")],
    ),
    of_channel(EventName::MediaBugStart, "Somebody listens along", BUG),
    of_channel(EventName::MediaBugStop, "They do no more", BUG),
    of_channel(
        EventName::DetectedTone,
        "A tone is heard",
        &[text("Detected-Tone")],
    ),
    of_channel(EventName::Codec, "Its codec is agreed", &[]),
    of_channel(EventName::SessionHeartbeat, "It is still there", &[]),
    of_channel(
        EventName::RecvInfo,
        "Its telephone sent INFO",
        &[maybe("SIP-Content-Type")],
    ),
    of_server(
        EventName::Startup,
        "The server is there",
        &[text("Event-Info")],
    ),
    of_server(
        EventName::ShutdownRequested,
        "It is to end",
        &[text("Event-Info")],
    ),
    of_server(EventName::Shutdown, "It ends", &[text("Event-Info")]),
    of_server(
        EventName::Heartbeat,
        "How it is doing",
        &[
            text("Event-Info"),
            text("Up-Time"),
            text("FreeSWITCH-Version"),
            number("Uptime-msec"),
            number("Session-Count"),
            number("Max-Sessions"),
            number("Session-Per-Sec"),
            number("Session-Per-Sec-Last"),
            number("Session-Per-Sec-Max"),
            number("Session-Per-Sec-FiveMin"),
            number("Session-Since-Startup"),
            number("Session-Peak-Max"),
            number("Session-Peak-FiveMin"),
            text("Idle-CPU"),
        ],
    ),
    of_server(
        EventName::Reloadxml,
        "The configuration was read again",
        &[],
    ),
    of_server(
        EventName::CertReload,
        "Certificates and keys are read again",
        &[],
    ),
    of_server(
        EventName::Api,
        "A console command was run",
        &[text("API-Command"), maybe("API-Command-Argument")],
    ),
    of_server(EventName::AddSchedule, "Something is due later", TASK),
    of_server(EventName::ExeSchedule, "It is done", TASK),
    of_server(EventName::ReSchedule, "It is due again", TASK),
    of_server(EventName::DelSchedule, "It is not due any more", TASK),
    of_server(
        EventName::BackgroundJob,
        "A bgapi has ended; the body is its output",
        &[
            text("Job-UUID"),
            text("Job-Command"),
            maybe("Job-Command-Arg"),
        ],
    ),
    of_server(
        EventName::Message,
        "Somebody took a message",
        &[
            text("proto"),
            maybe("from"),
            maybe("to"),
            maybe("type"),
            maybe("from_full"),
        ],
    ),
    of_server(
        EventName::MessageQuery,
        "A phone has registered that may want to know what waits for it",
        &[
            text("Message-Account"),
            text("VM-Sofia-Profile"),
            text("VM-Call-ID"),
        ],
    ),
    of_server(
        EventName::MessageWaiting,
        "How many messages wait in a mailbox",
        &[
            word("MWI-Messages-Waiting", &["yes", "no"]),
            text("MWI-Message-Account"),
            text("MWI-Voice-Message"),
        ],
    ),
    custom(
        "sofia::register_attempt",
        "A telephone asks to be known",
        REGISTERED,
    ),
    custom("sofia::register", "A telephone is known", REGISTERED),
    custom("sofia::unregister", "A telephone goes", REGISTERED),
    custom("sofia::expire", "A telephone did not come back", REGISTERED),
    custom(
        "sofia::register_failure",
        "A telephone has a wrong password",
        &[
            text("profile-name"),
            maybe("to-user"),
            maybe("to-host"),
            text("network-ip"),
            number("network-port"),
        ],
    ),
    custom(
        "sofia::gateway_state",
        "A gateway is up or down, or its registration changes",
        &[
            text("Gateway"),
            word(
                "State",
                &[
                    "NOREG",
                    "UNREGED",
                    "TRYING",
                    "REGISTER",
                    "REGED",
                    "UNREGISTER",
                    "FAILED",
                    "FAIL_WAIT",
                    "EXPIRED",
                    "DOWN",
                    "TIMEOUT",
                ],
            ),
            word("Ping-Status", &["UP", "DOWN"]),
            maybe("Register-Network-IP"),
            maybe("Register-Network-Port"),
            maybe("Phrase"),
            maybe("Status"),
        ],
    ),
    custom(
        "sofia::gateway_add",
        "A gateway begins",
        &[text("profile-name"), text("Gateway")],
    ),
    custom(
        "sofia::gateway_delete",
        "A gateway was ended",
        &[text("profile-name"), text("Gateway")],
    ),
    custom(
        "conference::maintenance",
        "Something happens in a conference",
        &[
            text("Conference-Name"),
            number("Conference-Size"),
            number("Conference-Ghosts"),
            text("Conference-Profile-Name"),
            text("Conference-Unique-ID"),
            text("Action"),
        ],
    ),
    custom(
        "callcenter::info",
        "Something happens in a queue",
        &[text("CC-Action")],
    ),
    custom(
        "fifo::info",
        "Something happens in a fifo",
        &[text("FIFO-Name"), text("FIFO-Action")],
    ),
    custom(
        "valet_parking::info",
        "A call is parked or fetched",
        &[
            text("Valet-Lot-Name"),
            text("Valet-Extension"),
            word("Action", &["hold", "bridge", "exit"]),
        ],
    ),
    custom(
        "vm::maintenance",
        "Something happens to a mailbox",
        &[text("VM-Action"), text("VM-User"), text("VM-Domain")],
    ),
    custom(
        "jackfield::user",
        "A user says how they are",
        &[
            word("Action", &["do-not-disturb", "status"]),
            text("User"),
            text("Domain"),
            truth("Do-Not-Disturb"),
        ],
    ),
    to_one(custom(
        "event_socket::dropped",
        "Events are missing here",
        &[
            // That of the last one that is missing, where it is of this run of the server.
            maybe_that(SEQUENCE),
            always("Dropped-Count", Is::NumberOr("unknown")),
            maybe_that(number("First-Sequence")),
            maybe_that(number("Last-Sequence")),
            maybe_that(number("Jackfield-First-Sequence")),
            maybe_that(number("Jackfield-Last-Sequence")),
        ],
    )),
];

impl Kind {
    /// What it is called in documents: the name, or the subclass with its colons replaced.
    pub fn id(&self) -> String {
        match self.subclass {
            Some(subclass) => subclass.replace("::", "."),
            None => self.name.as_str().to_owned(),
        }
    }

    /// All its headers, `Event-Name` and `Event-Subclass` left out.
    pub fn all_headers(&self) -> impl Iterator<Item = &'static Header> {
        let channel: &'static [Header] = if self.of_channel { CHANNEL } else { &[] };
        let sequence: &'static [Header] = if self.in_order { &[SEQUENCE] } else { &[] };
        CORE.iter()
            .chain(sequence)
            .chain(channel)
            .chain(self.headers)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_and_their_headers_are_there_once() {
        let ids: BTreeSet<_> = KINDS.iter().map(Kind::id).collect();
        assert_eq!(ids.len(), KINDS.len());
        for kind in KINDS {
            let names: BTreeSet<_> = kind.all_headers().map(|header| header.name).collect();
            assert_eq!(names.len(), kind.all_headers().count(), "{}", kind.id());
            assert_eq!(kind.subclass.is_some(), kind.name == EventName::Custom);
        }
    }
}
