//! One side of a call: a call segment with the extension and the user it belongs to (event-api.md §4, §5.1).

use std::sync::Arc;

use api::ChannelId;
use api::view::{CallerProfile, Channel, Direction, OtherType, View};
use serde_json::Value;

use crate::objects::{Objects, Owner};
use crate::wire::Line;

/// What the switch calls somebody it knows no name of.
const NO_NAME: &str = "Outbound Call";

/// A call segment, as events and the Live API show it.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// The channel's id.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) number: String,
    /// Number by which it came into the system, if it came.
    pub(crate) did: Option<String>,
    /// `None`: it is no extension of ours.
    pub(crate) owner: Option<Owner>,
}

/// The user of a channel, as `1000`.
pub(crate) fn number_of(channel: &Channel) -> Option<&str> {
    let presence = channel.variable("presence_id");
    let user = presence.and_then(|id| id.split('@').next());
    user.or_else(|| channel.variable("user_name"))
        .filter(|user| !user.is_empty())
}

/// The channel that dialled another: the one it was made for, or the caller for whom a queue calls an agent.
pub(crate) fn dialler(channel: &Channel) -> Option<ChannelId> {
    let made_for = channel.other.as_ref();
    if let Some(other) = made_for.filter(|other| other.kind == OtherType::Originator) {
        return Some(other.profile.unique_id.clone());
    }
    let is_agent = channel.variable("cc_side") == Some("agent");
    let caller = channel.variable("cc_member_session_uuid");
    ChannelId::from_text(caller.filter(|_| is_agent)?)
}

impl Party {
    /// One of whom nothing is known but its channel's id.
    pub(super) fn stranger(id: &ChannelId) -> Self {
        Self {
            id: id.to_string(),
            name: String::new(),
            number: String::new(),
            did: None,
            owner: None,
        }
    }

    /// A channel as it is, or was at an event.
    pub(crate) fn of(channel: &Channel, objects: &Objects) -> Self {
        let owner = number_of(channel).and_then(|user| objects.owner(user));
        let (name, number) = shown(channel, owner.as_ref());
        // Whoever dialled from an extension of ours did not come in by a number.
        let first = channel.initial.as_ref().or(channel.profile.as_ref());
        let came_in = channel.direction == Direction::Inbound && owner.is_none();
        let did = first.filter(|_| came_in);
        Self {
            id: channel.id.to_string(),
            name,
            number,
            did: did
                .map(|profile| profile.destination_number.to_string())
                .filter(|number| !number.is_empty()),
            owner,
        }
    }

    /// The other leg of a channel: as the view has it, or what its profile says when it has gone.
    pub(crate) fn other(profile: &CallerProfile, view: &View, objects: &Objects) -> Self {
        if let Some(channel) = view.channels.get(&profile.unique_id) {
            return Self::of(channel, objects);
        }
        let user = Some(&*profile.username).filter(|user| !user.is_empty());
        Self {
            id: profile.unique_id.to_string(),
            name: profile.caller_id_name.to_string(),
            number: profile.caller_id_number.to_string(),
            did: None,
            owner: user.and_then(|user| objects.owner(user)),
        }
    }

    /// Whether it is bound to a user with a full licence.
    pub(crate) fn is_licensed(&self) -> bool {
        let user = self.owner.as_ref().and_then(|owner| owner.user.as_ref());
        user.is_some_and(|user| user.flag("full") && user.flag("enabled"))
    }

    /// Sets the members of a segment; `suffix` is empty, `1` or `2`.
    pub(crate) fn describe(&self, line: &mut Line, suffix: &str) {
        let mut set = |name: &str, value: Option<String>| {
            line.set(
                &format!("{name}{suffix}"),
                value.map_or(Value::Null, Value::from),
            );
        };
        let owner = self.owner.as_ref();
        let user = owner.and_then(|owner| owner.user.as_ref());
        set("callSegmentId", Some(self.id.clone()));
        set("callerIdName", Some(self.name.clone()));
        set("callerIdNumber", Some(self.number.clone()));
        set("did", self.did.clone());
        set("extensionId", owner.map(|owner| owner.extension.live_id()));
        set(
            "extensionNumber",
            owner.map(|owner| owner.extension.text("extension").to_owned()),
        );
        set("userId", user.map(|user| user.live_id()));
        set(
            "username",
            user.map(|user| user.text("username").to_owned()),
        );
    }

    /// The live id of its core server.
    pub(crate) fn core(&self) -> Option<String> {
        self.owner.as_ref().map(|owner| owner.core.live_id())
    }
}

/// The live id of the core server of something that belongs to none.
pub(super) fn first_core(objects: &Objects) -> Option<String> {
    objects.cores().next().map(|core| core.live_id())
}

/// Under what name and number a segment itself is known, not whom it talks to.
fn shown(channel: &Channel, owner: Option<&Owner>) -> (String, String) {
    let text = |text: &Arc<str>| text.to_string();
    let profile = channel.profile.as_ref();
    // Who called the switch has said who they are.
    if channel.direction == Direction::Inbound
        && let Some(profile) = profile
    {
        return (
            text(&profile.caller_id_name),
            text(&profile.caller_id_number),
        );
    }
    if let Some(owner) = owner {
        let (name, number) = (
            owner.extension.text("displayName"),
            owner.extension.text("extension"),
        );
        let name = if name.is_empty() { number } else { name };
        return (name.to_owned(), number.to_owned());
    }
    // Whom the switch called is known by what it dialled.
    let first = channel.initial.as_ref().or(profile);
    let Some(first) = first else {
        return (String::new(), String::new());
    };
    let number = text(&first.callee_id_number);
    let name = match &*first.callee_id_name {
        "" | NO_NAME => number.clone(),
        name => name.to_owned(),
    };
    (name, number)
}
