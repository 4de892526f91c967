//! What users say of themselves, and what their devices do (event-api.md §5.1 `userStatus`, §5.3).

use api::Timestamp;
use api::event::{AccountEvent, ChannelEvent, UserChange, UserEvent};
use api::view::{CallState, Channel, DeviceState, Direction, View};

use super::Teller;
use super::party::{Party, number_of};
use crate::following::Following;
use crate::objects::{Owner, milliseconds};
use crate::wire::Line;

impl Teller<'_> {
    pub(super) fn of_user(&self, event: &UserEvent) -> Vec<Line> {
        let Some(owner) = self.objects.owner(&event.user.user.user) else {
            return Vec::new();
        };
        if !self.owner_is_licensed(&owner) {
            return Vec::new();
        }
        match event.change {
            UserChange::DoNotDisturb => {
                let mut line = self.of_extension("extensionDnd", &owner);
                line.set("enabled", event.user.do_not_disturb);
                vec![line]
            }
            UserChange::Status => self.of_status(event, &owner).into_iter().collect(),
        }
    }

    /// Nothing is told of a status that was taken back, as the manual has no words for it, nor of extensions of nobody.
    fn of_status(&self, event: &UserEvent, owner: &Owner) -> Option<Line> {
        let (status, user) = (event.user.status.as_ref()?, owner.user.as_ref()?);
        let mut line = self.line("userStatus");
        line.set("coreServerId", owner.core.live_id());
        line.set("userId", user.live_id());
        line.set("username", user.text("username"));
        line.set("name", &*status.name);
        line.set("statusType", status.kind.name());
        line.set("note", &*status.note);
        line.set("returnTime", status.returns_at.map_or(-1, milliseconds));
        line.set("userCreated", status.own);
        Some(line)
    }

    /// A device does something else when a call of its does.
    pub(super) fn of_device(&self, what: &ChannelEvent, channel: &Channel) -> Option<Line> {
        let changes = matches!(
            what,
            ChannelEvent::CallStateChanged { .. } | ChannelEvent::Destroyed
        );
        if !changes {
            return None;
        }
        let owner = self.objects.owner(number_of(channel)?)?;
        self.of_state(&owner, Some((what, channel)))
    }

    /// A device comes, or goes.
    pub(super) fn of_account(&self, event: &AccountEvent) -> Option<Line> {
        let registration = match event {
            AccountEvent::Registered {
                registration,
                refreshed: false,
                ..
            }
            | AccountEvent::Unregistered { registration }
            | AccountEvent::Expired { registration } => registration,
            AccountEvent::Registered { .. }
            | AccountEvent::RegisterAttempted { .. }
            | AccountEvent::RegisterFailed { .. }
            | AccountEvent::Gateway(_)
            | AccountEvent::GatewayAdded { .. }
            | AccountEvent::GatewayDeleted { .. } => return None,
        };
        let owner = self.objects.owner(&registration.user)?;
        self.of_state(&owner, None)
    }

    fn of_state(&self, owner: &Owner, cause: Option<(&ChannelEvent, &Channel)>) -> Option<Line> {
        if !self.owner_is_licensed(owner) {
            return None;
        }
        let number = owner.extension.text("extension");
        let mut line = self.of_extension("extensionState", owner);
        line.set(
            "state",
            state_at(number, self.view, self.following, self.at, cause).name(),
        );
        Some(line)
    }

    pub(super) fn of_extension(&self, kind: &str, owner: &Owner) -> Line {
        let mut line = self.line(kind);
        let user = owner.user.as_ref();
        line.set("coreServerId", owner.core.live_id());
        line.set("extensionId", owner.extension.live_id());
        line.set("extensionNumber", owner.extension.text("extension"));
        line.set_or_null("userId", user.map(|user| user.live_id()));
        line.set_or_null("username", user.map(|user| user.text("username")));
        line
    }

    pub(super) fn owner_is_licensed(&self, owner: &Owner) -> bool {
        self.is_licensed(&Party {
            id: String::new(),
            name: String::new(),
            number: String::new(),
            did: None,
            owner: Some(owner.clone()),
        })
    }
}

/// What the device of a directory user is doing.
pub(crate) fn device_state(user: &str, view: &View, following: &Following) -> DeviceState {
    state_at(user, view, following, Timestamp(i64::MAX), None)
}

/// The same at an event, whatever the view has come to: the channel it is of counts as the event shows it, and calls that
/// began later do not.
fn state_at(
    user: &str,
    view: &View,
    following: &Following,
    at: Timestamp,
    cause: Option<(&ChannelEvent, &Channel)>,
) -> DeviceState {
    let (mut ringing, mut talking, mut held) = (0, 0, 0);
    let caused = cause.map(|(_, channel)| &channel.id);
    let calls = following.calls_of(user);
    let others = calls.iter().filter(|id| Some(*id) != caused);
    let others = others.filter_map(|id| view.channels.get(id));
    let others = others.filter(|channel| began(channel) <= at);
    let this = cause
        .filter(|(what, _)| !matches!(what, ChannelEvent::Destroyed))
        .map(|(_, channel)| channel);
    for channel in others.map(|channel| &**channel).chain(this) {
        let called = channel.direction == Direction::Outbound;
        match channel.call_state {
            CallState::Ringing | CallState::Early if called && !channel.is_answered() => {
                ringing += 1;
            }
            CallState::Held => held += 1,
            CallState::Dialing
            | CallState::Ringing
            | CallState::Early
            | CallState::RingWait
            | CallState::Active
            | CallState::Unheld => talking += 1,
            CallState::Down | CallState::Hangup => {}
        }
    }
    let is_registered = || view.registrations.values().any(|r| &*r.user == user);
    let wants_none = || {
        let mut states = view.users.values();
        states.any(|state| &*state.user.user == user && state.do_not_disturb)
    };
    match (ringing, talking, held) {
        (0, 0, 0) if wants_none() => DeviceState::Busy,
        (0, 0, 0) if is_registered() => DeviceState::NotInUse,
        (0, 0, 0) => DeviceState::Unavailable,
        (0, 0, _) => DeviceState::OnHold,
        (0, ..) => DeviceState::InUse,
        (_, 0, 0) => DeviceState::Ringing,
        _ => DeviceState::RingInUse,
    }
}

fn began(channel: &Channel) -> Timestamp {
    let profile = channel.profile.as_ref();
    profile.map_or(Timestamp::ZERO, |profile| profile.times.created)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::view::CallerProfile;
    use api::{ChannelId, Timestamp};

    use super::*;

    #[test]
    fn what_began_later_does_not_count() {
        let (mut view, following) = (View::default(), Following::default());
        let id = ChannelId::from_text("a").unwrap();
        let mut call = Channel::new(id.clone(), 1, "sofia/internal/1000@d", Direction::Inbound);
        call.variables.set("presence_id", "1000@d");
        call.call_state = CallState::Active;
        let mut profile = CallerProfile::new(id.clone(), Direction::Inbound);
        profile.times.created = Timestamp(10);
        call.profile = Some(Arc::new(profile));
        view.channels.insert_mut(id, Arc::new(call));
        following.begin(&view);
        let state = |at| state_at("1000", &view, &following, Timestamp(at), None);
        assert_eq!(state(9), DeviceState::Unavailable);
        assert_eq!(state(10), DeviceState::InUse);
    }
}
