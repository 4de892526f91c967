//! Dialogs that are named to be replaced: by an INVITE (RFC 3891), or by whom a phone transfers (RFC 5589 §7).

use std::sync::Arc;

use api::cause::Blame;
use api::view::Direction;
use api::{Application, ChannelId, HangupCause};
use sip::event::IncomingRequest;
use sip::message::header::{HeaderName, Replaces};

use super::LegEnd;
use crate::Switch;

/// What a Replaces header names.
pub(super) enum Named {
    /// Nothing of ours.
    Unknown,
    /// A call that is just ending.
    Over,
    Call(ChannelId),
}

/// Which calls a caller may take over (RFC 3891 §3).
pub(super) enum Claim<'a> {
    /// It calls a client of another server's.
    Nothing,
    /// Those of the domain it proved to belong to: colleagues pick up each other's calls, if they know their dialogs.
    CallsOf(&'a Arc<str>),
    /// It is trusted.
    Everything,
}

/// Where a channel went that another one is to follow.
pub(super) enum Place {
    Room(Application),
    Number {
        number: Arc<str>,
        context: Option<Arc<str>>,
    },
}

impl Switch {
    /// The call of ours with that dialog.
    pub(super) fn named_by(&self, replaces: &Replaces<'_>) -> Named {
        let Some(session) = self.sip.replaced(replaces) else {
            return Named::Unknown;
        };
        match self.sessions.get(&session) {
            Some(id) if self.channels.get(id).is_some_and(|live| live.is_up()) => {
                Named::Call(id.clone())
            }
            Some(_) | None => Named::Over,
        }
    }

    /// The call an INVITE wants to take over, if it wants one.
    ///
    /// # Errors
    /// The status it is refused with (RFC 3891 §3).
    pub(super) fn replaced_by(
        &self,
        request: &IncomingRequest,
        claim: Claim<'_>,
    ) -> Result<Option<ChannelId>, u16> {
        let mut values = request.header_list(HeaderName::Replaces);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(400);
        }
        let replaces = Replaces::parse(value).ok_or(400_u16)?;
        let id = match self.named_by(&replaces) {
            Named::Unknown => return Err(481),
            Named::Over => return Err(603),
            Named::Call(id) => id,
        };
        let is_allowed = match claim {
            Claim::Nothing => false,
            Claim::CallsOf(domain) => match self.channels.get(&id).map(|live| &live.end) {
                Some(LegEnd::Sip(leg)) => leg.domain.as_ref() == Some(domain),
                Some(LegEnd::Web(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_))
                | None => false,
            },
            Claim::Everything => true,
        };
        if !is_allowed {
            tracing::warn!(channel = %id, peer = %request.flow.remote, "Call of somebody else is not given away");
            return Err(403);
        }
        let answered = self
            .channels
            .get(&id)
            .is_some_and(|live| live.seen.is_answered());
        match (answered, replaces.early_only) {
            (true, true) => Err(486),
            (true, false) => Ok(Some(id)),
            // One that rings can be taken over from us only where it was us who called, and for somebody.
            (false, _) if self.caller_of(&id).is_some() => Ok(Some(id)),
            (false, _) => Err(481),
        }
    }

    /// A leg that came to take over a call has been answered.
    pub(super) fn take_over(&mut self, id: &ChannelId) {
        let Some(old) = self.sip_leg(id).and_then(|leg| leg.replaces.take()) else {
            return;
        };
        let waiting = self
            .channels
            .get(&old)
            .filter(|live| live.is_up())
            .map(|live| live.attempt.is_some());
        let far = match waiting {
            None => {
                // It ended while this one was answered.
                self.hangup(id, HangupCause::NormalClearing, Blame::Ours);
                return;
            }
            Some(true) => self.caller_of(&old),
            Some(false) => self.partner(&old),
        };
        let leads = self
            .channels
            .get(&old)
            .and_then(|live| live.bridge.as_ref())
            .is_some_and(|bridge| bridge.is_a);
        match far {
            Some(far) => {
                self.separate(&old);
                self.answer_channel(&far);
                let (a, b) = if leads { (id, &far) } else { (&far, id) };
                self.join(a, b);
            }
            None => match self.place_of(&old) {
                Some(place) => self.send_to(id, place),
                None => {
                    // It talks to nobody and went nowhere: there is nothing to take over.
                    self.hangup(id, HangupCause::NormalTemporaryFailure, Blame::Ours);
                    return;
                }
            },
        }
        self.hangup(&old, HangupCause::AttendedTransfer, Blame::Callee);
    }

    /// Where a channel that talks to nobody went: the room it sits in, or what it dialled. `None` for one that was
    /// called itself: the number it has is its own.
    pub(super) fn place_of(&self, id: &ChannelId) -> Option<Place> {
        if let Some(data) = self.entrance_to_room_of(id) {
            return Some(Place::Room(Application::new("conference", data)));
        }
        let live = self.channels.get(id)?;
        if live.seen.direction != Direction::Inbound {
            return None;
        }
        let profile = live.seen.profile.as_ref()?;
        Some(Place::Number {
            number: profile.destination_number.clone(),
            context: Some(profile.context.clone()).filter(|context| !context.is_empty()),
        })
    }

    /// Sends a channel where another one went.
    pub(super) fn send_to(&mut self, id: &ChannelId, place: Place) {
        match place {
            Place::Room(conference) => {
                self.leave_for_transfer(id);
                self.execute_actions(id, vec![conference]);
            }
            Place::Number { number, context } => self.transfer_channel(id, &number, None, context),
        }
    }

    /// Connects two channels that are left over; false when that cannot be, and both are hung up.
    pub(super) fn join(&mut self, a: &ChannelId, b: &ChannelId) -> bool {
        let joined = self.bridge_channels(a, b);
        if let Err(error) = &joined {
            tracing::warn!(%a, %b, %error, "Calls cannot be joined");
            for id in [a, b] {
                self.hangup(id, HangupCause::NormalTemporaryFailure, Blame::Ours);
            }
        }
        joined.is_ok()
    }
}

#[cfg(test)]
mod tests;
