//! JSON of the Live API (event-api.md §7.2).

use api::ChannelId;
use api::view::{CallState, Channel, Direction, QueueAgent, UserStatus, View};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use uuid::Builder;

use super::find::{LotFound, QueueFound};
use super::rooms::Room;
use crate::events::{Party, device_state, number_of};
use crate::following::Following;
use crate::objects::{Object, Objects, milliseconds};
use crate::pages::Login;
use crate::start::Shared;
use crate::wire::Value;

pub(super) fn core(core: &Object) -> Value {
    json!({
        "id": core.live_id(),
        "configurationId": &*core.id,
        "slug": core.text("slug"),
        "name": core.text("name"),
    })
}

/// `userId`, `state` and `dnd` are ours: what events tell of it later.
pub(super) fn extension(
    extension: &Object,
    objects: &Objects,
    view: &View,
    following: &Following,
) -> Value {
    let number = extension.text("extension");
    let mut users = view.users.values();
    json!({
        "id": extension.live_id(),
        "extensionNumber": extension.text("extension"),
        "displayName": extension.text("displayName"),
        "configurationId": &*extension.id,
        "permissionId": &*extension.id,
        "userId": objects.managing_user(extension).map(|user| user.live_id()),
        "state": device_state(number, view, following).name(),
        "dnd": users.any(|state| &*state.user.user == number && state.do_not_disturb),
    })
}

/// `said` is what the user says of themselves; the member is ours.
pub(super) fn user(user: &Object, said: Option<&UserStatus>) -> Value {
    json!({
        "id": user.live_id(),
        "configurationId": &*user.id,
        "userName": user.text("username"),
        "displayedName": user.text("displayName"),
        "permissionId": &*user.id,
        "status": said.map(status),
    })
}

/// The members of a `userStatus` event.
pub(super) fn login(login: &Login) -> Value {
    json!({
        "id": login.id.to_string(),
        "ip": login.ip.to_string(),
        "port": login.port,
        "time": login.since,
    })
}

pub(super) fn status(status: &UserStatus) -> Value {
    json!({
        "name": &*status.name,
        "statusType": status.kind.name(),
        "note": &*status.note,
        "returnTime": status.returns_at.map_or(-1, milliseconds),
        "userCreated": status.own,
    })
}

pub(super) fn queue(queue: &QueueFound) -> Value {
    let configured = queue.object.as_ref();
    let id = configured.map(|object| object.id.to_string());
    let own = configured.map(|object| object.text("displayName"));
    let in_switch = queue
        .running
        .as_ref()
        .map(|queue| &*queue.settings.display_name);
    let name = own.filter(|name| !name.is_empty()).or(in_switch);
    json!({
        "id": queue.live.to_string(),
        "displayName": name.unwrap_or(queue.identifier()),
        "identifier": queue.identifier(),
        "configurationId": id,
        "permissionId": id,
    })
}

pub(super) fn lot(lot: &LotFound) -> Value {
    let configured = lot.object.as_ref();
    let id = configured.map(|object| object.id.to_string());
    let name = configured.map_or(lot.identifier(), |object| object.text("name"));
    json!({
        "id": lot.live.to_string(),
        "name": name,
        "identifier": lot.identifier(),
        "configurationId": id,
        "permissionId": id,
    })
}

/// An agent's place in a queue. `None`: they are gone.
pub(super) fn agent(
    place: &QueueAgent,
    view: &View,
    objects: &Objects,
    following: &Following,
) -> Option<Value> {
    let agent = view.agents.get(&place.agent)?;
    let user = agent.extension.as_ref().map(|extension| &*extension.user);
    let owner = user.and_then(|user| objects.owner(user));
    let extension = owner.as_ref().map(|owner| &owner.extension);
    Some(json!({
        "id": place.id.to_string(),
        "name": &*agent.display_name,
        "state": user.map_or(agent.device, |user| device_state(user, view, following)).name(),
        "paused": place.paused,
        "pauseReason": place.pause_reason.as_deref(),
        "dynamic": place.dynamic,
        "penalty": place.level,
        "extensionId": extension.map(|extension| extension.live_id()),
        "extensionNumber": extension.map(|extension| extension.text("extension")),
    }))
}

pub(super) fn room(room: &Room) -> Value {
    let configured = room.object.as_ref();
    let id = configured.map(|object| object.id.to_string());
    let number = configured.map(|object| object.text("destinationExtension"));
    let number = number.filter(|number| !number.is_empty());
    json!({
        "id": room.live.to_string(),
        "configurationId": id,
        "displayName": room.name,
        "identifier": room.identifier,
        "dialString": number.unwrap_or(&room.identifier),
        "userGenerated": configured.is_none(),
        "permissionId": id,
    })
}

/// A call segment. For an extension a call is incoming that the switch makes to it, for everybody else one that comes to
/// the switch.
pub(crate) fn show_segment(channel: &Channel, objects: &Objects, shared: &Shared) -> Value {
    let party = Party::of(channel, objects);
    let is_internal = party.owner.is_some();
    let called = channel.direction == Direction::Outbound;
    json!({
        "id": party.id,
        "type": if is_internal { "INTERNAL" } else { "EXTERNAL" },
        "callerId": {
            "id": caller_id(&party.id),
            "name": party.name,
            "number": party.number,
        },
        "did": party.did,
        "onHold": channel.call_state == CallState::Held,
        "recording": shared.following.is_recorded(&channel.id),
        "incoming": called == is_internal,
    })
}

/// What else there is to say of a segment, in members of ours: whose it is, whom it talks with since when, whom it rings,
/// and whether it is muted in a conference.
pub(super) fn relate(
    shown: &mut Value,
    channel: &Channel,
    dials: &[ChannelId],
    objects: &Objects,
    view: &View,
) {
    let owner = number_of(channel).and_then(|user| objects.owner(user));
    let extension = owner.as_ref().map(|owner| &owner.extension);
    let since = channel
        .profile
        .as_ref()
        .map(|profile| profile.times.bridged);
    let since = since.filter(|at| at.happened()).map(milliseconds);
    let linked = channel.bridged_to.iter();
    let linked: Value = linked
        .map(|id| json!({"id": id.as_str(), "since": since}))
        .collect();
    let room = channel.room.as_ref().and_then(|name| view.rooms.get(name));
    let mut members = room.iter().flat_map(|room| &room.members);
    let member = members.find(|member| member.channel.id == channel.id);
    let Value::Object(shown) = shown else {
        return;
    };
    let more = [
        (
            "extensionId",
            extension.map(|extension| extension.live_id()).into(),
        ),
        (
            "extensionNumber",
            extension
                .map(|extension| extension.text("extension"))
                .into(),
        ),
        ("linkedTo", linked),
        ("dialing", dials.iter().map(ChannelId::as_str).collect()),
        (
            "muted",
            member.is_some_and(|member| !member.can_speak).into(),
        ),
    ];
    shown.extend(more.map(|(name, value)| (name.to_owned(), value)));
}

/// The id of a segment's caller id: the segments have one each, which lasts as long as they do.
fn caller_id(segment: &str) -> String {
    let hash = digest(&SHA256, format!("callerId of {segment}").as_bytes());
    let bytes = hash
        .as_ref()
        .first_chunk::<16>()
        .copied()
        .unwrap_or_default();
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}
