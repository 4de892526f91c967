//! Every type of event there is and what is in it (event-api.md §5): what filters know of types, what is told with
//! `extended_events` only, and what the AsyncAPI document says, all come from here.

use api::event::Family;
use api::view::StatusType;

use crate::wire::{Map, Value};

/// One type of event.
#[derive(Debug)]
pub(crate) struct EventType {
    /// As in `type`.
    pub(crate) name: &'static str,
    /// When it comes, for people.
    pub(crate) about: &'static str,
    /// Of event-api.md §5.3: told with `extended_events` only.
    pub(crate) extended: bool,
    /// Families of the switch's events it is made of.
    pub(crate) families: &'static [Family],
    sets: &'static [Set],
}

/// Properties that come together.
#[derive(Clone, Copy, Debug)]
enum Set {
    Once(&'static [Property]),
    /// Each twice, with `1` and with `2` behind its name (event-api.md §5.1 `linkEnd`).
    Twice(&'static [Property]),
}

/// One property of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) is: Is,
    /// May be `null`.
    pub(crate) nullable: bool,
    pub(crate) about: &'static str,
}

/// What a value is in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Is {
    Text,
    /// One of these.
    Word(&'static [&'static str]),
    /// A type of status of a user.
    Status,
    Integer,
    Flag,
}

const fn property(name: &'static str, is: Is, about: &'static str) -> Property {
    Property {
        name,
        is,
        nullable: false,
        about,
    }
}

impl Property {
    const fn or_null(self) -> Self {
        Self {
            nullable: true,
            ..self
        }
    }

    /// The words it may be, where it may not be any.
    pub(crate) fn words(&self) -> Option<Vec<&'static str>> {
        match self.is {
            Is::Word(words) => Some(words.to_vec()),
            Is::Status => Some(StatusType::ALL.iter().map(|kind| kind.name()).collect()),
            Is::Text | Is::Integer | Is::Flag => None,
        }
    }

    /// Whether an event may have that value there.
    fn takes(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.nullable,
            Value::Bool(_) => self.is == Is::Flag,
            Value::Number(number) => self.is == Is::Integer && number.is_i64(),
            Value::String(text) => match self.words() {
                Some(words) => words.contains(&text.as_str()),
                None => self.is == Is::Text,
            },
            Value::Array(_) | Value::Object(_) => false,
        }
    }
}

/// What every event has besides `type`.
pub(crate) const COMMON: &[Property] = &[
    property("time", Is::Integer, "When it happened, Unix milliseconds"),
    property(
        "coreServerId",
        Is::Text,
        "The core server; null where none is configured",
    )
    .or_null(),
];

const USER: &[Property] = &[
    property("userId", Is::Text, "The user"),
    property("username", Is::Text, "The user's name"),
];

const MESSAGES: &[Property] = &[
    property("newMessages", Is::Integer, "Messages nobody listened to"),
    property("oldMessages", Is::Integer, "Messages that were kept"),
];

const OWNER: &[Property] = &[
    property("userId", Is::Text, "The user of the extension").or_null(),
    property("username", Is::Text, "The user's name").or_null(),
];

const LOGIN: &[Property] = &[
    property(
        "userLoginId",
        Is::Text,
        "The same when somebody signs in and out",
    ),
    property("ip", Is::Text, "The address the user came from"),
    property("port", Is::Integer, "The local port the user came to"),
];

const STATUS: &[Property] = &[
    property("name", Is::Text, "What the user says, in words"),
    property("statusType", Is::Status, "What kind of status it is"),
    property("note", Is::Text, "More words; may be empty"),
    property(
        "returnTime",
        Is::Integer,
        "When the user will be back, Unix milliseconds; -1 when not said",
    ),
    property(
        "userCreated",
        Is::Flag,
        "The status is the user's own, not a prepared one",
    ),
];

/// A call segment, with the extension and the user it belongs to.
const SEGMENT: &[Property] = &[
    property("callSegmentId", Is::Text, "The call segment"),
    property("callerIdName", Is::Text, "The segment's own name"),
    property("callerIdNumber", Is::Text, "The segment's own number"),
    property(
        "did",
        Is::Text,
        "The number by which it came in; null for others",
    )
    .or_null(),
    property("extensionId", Is::Text, "The extension; null outside").or_null(),
    property("extensionNumber", Is::Text, "The extension's number").or_null(),
    property("userId", Is::Text, "The user of the extension").or_null(),
    property("username", Is::Text, "The user's name").or_null(),
];

const ROOM: &[Property] = &[
    property("conferenceRoomId", Is::Text, "The conference room"),
    property("conferenceRoomName", Is::Text, "What the room is called"),
];

/// States of devices (event-api.md §5.1).
const STATES: &[&str] = &[
    "UNKNOWN",
    "NOT_INUSE",
    "INUSE",
    "BUSY",
    "INVALID",
    "UNAVAILABLE",
    "RINGING",
    "RINGINUSE",
    "ONHOLD",
];

const QUEUE: &[Property] = &[
    property("queueId", Is::Text, "The queue"),
    property("queue", Is::Text, "What the queue is called"),
];

const AGENT: &[Property] = &[
    property("agentId", Is::Text, "The agent's place in the queue"),
    property("agent", Is::Text, "What the agent is called"),
    property("state", Is::Word(STATES), "What the agent's device does"),
    property("extensionId", Is::Text, "The agent's extension").or_null(),
    property("extensionNumber", Is::Text, "The extension's number").or_null(),
];

const PAUSE: &[Property] = &[
    property("paused", Is::Flag, "Whether the agent pauses now"),
    property("pauseReason", Is::Text, "Why, where it was said").or_null(),
];

const EXTENSION: &[Property] = &[
    property("extensionId", Is::Text, "The extension"),
    property("extensionNumber", Is::Text, "The extension's number"),
];

const LOT: &[Property] = &[
    property("parkingLotId", Is::Text, "The parking lot"),
    property("parkingLot", Is::Text, "What the lot is called"),
    property("slot", Is::Text, "Where in the lot"),
];

const POSITION: &[Property] = &[property(
    "position",
    Is::Integer,
    "The caller's place in the queue, from 1",
)];
const PENALTY: &[Property] = &[property(
    "penalty",
    Is::Integer,
    "Agents with less are called first",
)];
const STATE: &[Property] = &[property("state", Is::Word(STATES), "What the device does")];
const ENABLED: &[Property] = &[property("enabled", Is::Flag, "Whether no calls are wanted")];
const LEFT: &[Property] = &[property(
    "reason",
    Is::Word(&["ANSWERED", "ABANDONED", "TIMEOUT", "TRANSFERRED"]),
    "Why the caller waits no more",
)];
const PARK_ENDED: &[Property] = &[property(
    "reason",
    Is::Word(&["RETRIEVED", "TIMEOUT", "HANGUP"]),
    "Why the call is parked no more",
)];

use Set::{Once, Twice};

const OF_AGENT: &[Set] = &[Once(AGENT), Once(QUEUE), Once(OWNER)];
const OF_SEGMENT: &[Set] = &[Once(SEGMENT)];
const OF_PAIR: &[Set] = &[Twice(SEGMENT)];
const OF_ROOM: &[Set] = &[Once(SEGMENT), Once(ROOM)];
const CALLS: &[Family] = &[Family::Channel];
const ROOMS: &[Family] = &[Family::Room];
const QUEUES: &[Family] = &[Family::Queue];

/// One that the original's manual has, or implies.
const fn event(
    name: &'static str,
    about: &'static str,
    families: &'static [Family],
    sets: &'static [Set],
) -> EventType {
    EventType {
        name,
        about,
        extended: false,
        families,
        sets,
    }
}

impl EventType {
    /// One of ours.
    const fn extended(self) -> Self {
        Self {
            extended: true,
            ..self
        }
    }

    /// Everything in it but `type`, with the names as they are written.
    pub(crate) fn properties(&self) -> impl Iterator<Item = (String, Property)> {
        let own = self.sets.iter().flat_map(|set| {
            let (properties, suffixes): (_, &[&str]) = match set {
                Once(properties) => (properties, &[""]),
                Twice(properties) => (properties, &["1", "2"]),
            };
            suffixes.iter().flat_map(|suffix| {
                let named =
                    move |property: &Property| (format!("{}{suffix}", property.name), *property);
                properties.iter().map(named)
            })
        });
        let common = COMMON.iter();
        common
            .map(|property| (property.name.to_owned(), *property))
            .chain(own)
    }

    /// What in an event is not as it is said here.
    pub(crate) fn fault(&self, members: &Map) -> Option<String> {
        let mut expected = 1;
        for (name, property) in self.properties() {
            expected += 1;
            match members.get(&name) {
                None => return Some(format!("{} has no {name}", self.name)),
                Some(value) if !property.takes(value) => {
                    return Some(format!("{name} of {} is {value}", self.name));
                }
                Some(_) => {}
            }
        }
        (members.len() != expected).then(|| format!("{} has more than is said of it", self.name))
    }
}

/// All of them.
pub(crate) const TYPES: &[EventType] = &[
    event(
        "userLogin",
        "Somebody signed in at the panel",
        &[Family::Custom],
        &[Once(USER), Once(LOGIN)],
    ),
    event(
        "userLogout",
        "Somebody signed out of the panel",
        &[Family::Custom],
        &[Once(USER), Once(LOGIN)],
    ),
    event(
        "userStatus",
        "A user set a status",
        &[Family::User],
        &[Once(USER), Once(STATUS)],
    ),
    event(
        "dial",
        "A segment (1) begins to ring another (2)",
        CALLS,
        OF_PAIR,
    ),
    event(
        "dialEnd",
        "The ringing ended, answered or not",
        CALLS,
        OF_PAIR,
    ),
    event("link", "Two segments are connected", CALLS, OF_PAIR),
    event(
        "linkEnd",
        "Two segments are connected no more",
        CALLS,
        OF_PAIR,
    ),
    // That of somebody who leaves a conference by hanging up comes when they have left it.
    event(
        "hangup",
        "A call segment ended",
        &[Family::Channel, Family::Room],
        OF_SEGMENT,
    ),
    event(
        "confRoomCallJoin",
        "A segment entered a conference room",
        ROOMS,
        OF_ROOM,
    ),
    event(
        "confRoomCallLeave",
        "A segment left a conference room",
        ROOMS,
        OF_ROOM,
    ),
    event("agentLogin", "An agent entered a queue", QUEUES, OF_AGENT),
    event("agentLogout", "An agent left a queue", QUEUES, OF_AGENT),
    event(
        "agentPause",
        "An agent takes no calls for a while",
        QUEUES,
        &[Once(AGENT), Once(QUEUE), Once(OWNER), Once(PAUSE)],
    )
    .extended(),
    event(
        "agentUnpause",
        "An agent takes calls again",
        QUEUES,
        &[Once(AGENT), Once(QUEUE), Once(OWNER), Once(PAUSE)],
    )
    .extended(),
    event(
        "agentState",
        "An agent's device does something else",
        QUEUES,
        OF_AGENT,
    )
    .extended(),
    event(
        "agentPenalty",
        "An agent has another penalty",
        QUEUES,
        &[Once(AGENT), Once(QUEUE), Once(OWNER), Once(PENALTY)],
    )
    .extended(),
    event(
        "queueCallJoin",
        "A caller waits in a queue",
        QUEUES,
        &[Once(SEGMENT), Once(QUEUE), Once(POSITION)],
    )
    .extended(),
    event(
        "queueCallLeave",
        "A caller waits no more",
        QUEUES,
        &[Once(SEGMENT), Once(QUEUE), Once(POSITION), Once(LEFT)],
    )
    .extended(),
    event(
        "callerId",
        "A segment is known by another name or number",
        CALLS,
        OF_SEGMENT,
    )
    .extended(),
    event("hold", "A segment holds its call", CALLS, OF_SEGMENT).extended(),
    event(
        "holdEnd",
        "A segment goes on with its call",
        CALLS,
        OF_SEGMENT,
    )
    .extended(),
    event(
        "recordStart",
        "A segment is being recorded",
        CALLS,
        OF_SEGMENT,
    )
    .extended(),
    event("recordEnd", "A recording ended", CALLS, OF_SEGMENT).extended(),
    event(
        "park",
        "A segment was parked",
        &[Family::Parking],
        &[Once(SEGMENT), Once(LOT)],
    )
    .extended(),
    event(
        "parkEnd",
        "A segment is parked no more",
        &[Family::Parking],
        &[Once(SEGMENT), Once(LOT), Once(PARK_ENDED)],
    )
    .extended(),
    event(
        "extensionDnd",
        "Calls of an extension are wanted, or not",
        &[Family::User],
        &[Once(EXTENSION), Once(OWNER), Once(ENABLED)],
    )
    .extended(),
    event(
        "extensionState",
        "A device does something else; a state may be repeated",
        &[Family::Channel, Family::Account, Family::User],
        &[Once(EXTENSION), Once(OWNER), Once(STATE)],
    )
    .extended(),
    event(
        "voicemail",
        "There are more or fewer messages in the voicemail box of an extension",
        &[Family::Voicemail],
        &[Once(EXTENSION), Once(OWNER), Once(MESSAGES)],
    )
    .extended(),
    event(
        "confRoomCallMute",
        "A segment in a conference room is heard no more",
        ROOMS,
        OF_ROOM,
    )
    .extended(),
    event(
        "confRoomCallUnmute",
        "A segment in a conference room is heard again",
        ROOMS,
        OF_ROOM,
    )
    .extended(),
];

/// The type of that name.
pub(crate) fn named(name: &str) -> Option<&'static EventType> {
    TYPES.iter().find(|kind| kind.name == name)
}

/// A property of a type.
pub(crate) fn property_of(kind: &str, name: &str) -> Option<Property> {
    let mut properties = named(kind)?.properties();
    properties.find_map(|(own, property)| (own == name).then_some(property))
}

#[cfg(test)]
mod tests;
