//! What happens in the switch, as clients read it (event-api.md §5).

mod call;
mod catalogue;
mod login;
mod party;
mod people;
mod queue;
mod room;
mod voicemail;

use api::Timestamp;
use api::event::{Event, EventKind, FormatId};
use api::view::View;
use bytes::Bytes;

use crate::config::Licensing;
use crate::following::Following;
use crate::objects::{Objects, milliseconds};
use crate::start::Shared;
use crate::wire::{Line, Value};

pub(crate) use catalogue::{EventType, Is, Property, TYPES, named, property_of};
pub(crate) use login::{LOGIN, LOGOUT};
pub(crate) use party::{Party, dialler, number_of};
pub(crate) use people::device_state;
pub(crate) use voicemail::mailbox_of;

/// How our events are encoded; other doors have the numbers below.
const FORMAT: FormatId = FormatId::new(5);

/// What is needed to say what an event means.
pub(crate) struct Teller<'a> {
    pub(crate) objects: &'a Objects,
    pub(crate) view: &'a View,
    pub(crate) following: &'a Following,
    pub(crate) licensing: Licensing,
    /// Types of event-api.md §5.3 are told too.
    pub(crate) extended: bool,
    /// When it happened.
    at: Timestamp,
}

/// The events of a client that one of the switch's becomes, one in each line; empty when it is none for them. Encoded
/// once, whoever asks first.
pub(crate) fn encoded(event: &Event, shared: &Shared) -> Bytes {
    event.frame(FORMAT, |event| {
        let objects = shared.configuration.now();
        let view = shared.switch.view();
        let teller = Teller {
            objects: &objects,
            view: &view,
            following: &shared.following,
            licensing: shared.config.licensing,
            extended: shared.config.extended_events,
            at: event.at,
        };
        let lines = teller.told(event).into_iter().map(Line::finish);
        lines.collect::<Vec<_>>().join("\n").into()
    })
}

/// The events of one encoding, each sharing its bytes.
pub(crate) fn lines(encoded: &Bytes) -> impl Iterator<Item = Bytes> {
    let lines = encoded.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| encoded.slice_ref(line))
}

impl Teller<'_> {
    /// What is told: of the types that are switched on, and as the catalogue says they are.
    fn told(&self, event: &Event) -> Vec<Line> {
        let mut lines = self.lines(event);
        lines.retain(|line| {
            let name = line.members().get("type").and_then(Value::as_str);
            let Some(kind) = name.and_then(named) else {
                debug_assert!(false, "the catalogue has no {name:?}");
                tracing::error!(
                    ?name,
                    "An event is of a type nobody has described, and is not told"
                );
                return false;
            };
            debug_assert_eq!(kind.fault(line.members()), None);
            self.extended || !kind.extended
        });
        lines
    }

    fn lines(&self, event: &Event) -> Vec<Line> {
        let channel = event.channel.as_deref();
        match &event.kind {
            EventKind::Channel(what) => match channel {
                Some(channel) => {
                    let mut lines = self.of_call(what, channel);
                    lines.extend(self.of_device(what, channel));
                    lines
                }
                None => Vec::new(),
            },
            EventKind::Room(room) => self.of_room(room, channel),
            EventKind::Queue(queue) => self.of_queue(queue, channel).into_iter().collect(),
            EventKind::Parking(parking) => self.of_parking(parking, channel),
            EventKind::User(user) => self.of_user(user),
            EventKind::Voicemail(event) => self.of_voicemail(event),
            EventKind::Custom(custom) => self.of_login(custom).into_iter().collect(),
            EventKind::Account(account) => self.of_account(account).into_iter().collect(),
            EventKind::Job(_)
            | EventKind::System(_)
            | EventKind::Web(_)
            | EventKind::Message(_)
            | EventKind::VideoRoom(_)
            | EventKind::Fifo(_)
            | EventKind::Stage(_) => Vec::new(),
        }
    }

    fn line(&self, kind: &str) -> Line {
        Line::new(kind, milliseconds(self.at))
    }

    /// Whether somebody is licensed for events (event-api.md §5).
    fn is_licensed(&self, party: &Party) -> bool {
        match self.licensing {
            Licensing::Open => true,
            Licensing::Compatible => party.is_licensed(),
        }
    }
}

#[cfg(test)]
mod tests;
