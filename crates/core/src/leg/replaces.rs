//! Dialogs that are named to be replaced: by an INVITE (RFC 3891), or by whom a phone transfers (RFC 5589 §7).

use api::cause::Blame;
use api::{ChannelId, HangupCause};
use sip::event::IncomingRequest;
use sip::message::header::{HeaderName, Replaces};

use crate::Switch;

/// What a Replaces header names.
pub(super) enum Named {
    /// Nothing of ours.
    Unknown,
    /// A call that is just ending.
    Over,
    Call(ChannelId),
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
    pub(super) fn replaced_by(&self, request: &IncomingRequest) -> Result<Option<ChannelId>, u16> {
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
            None => self.send_after(id, &old),
        }
        self.hangup(&old, HangupCause::AttendedTransfer, Blame::Callee);
    }

    /// Sends a channel where another one went.
    pub(super) fn send_after(&mut self, id: &ChannelId, other: &ChannelId) {
        let Some(profile) = self
            .channels
            .get(other)
            .and_then(|live| live.seen.profile.clone())
        else {
            return;
        };
        let context = Some(profile.context.clone()).filter(|context| !context.is_empty());
        self.transfer_channel(id, &profile.destination_number, None, context);
    }

    /// Connects two channels that are left over.
    pub(super) fn join(&mut self, a: &ChannelId, b: &ChannelId) {
        if let Err(error) = self.bridge_channels(a, b) {
            tracing::warn!(%a, %b, %error, "Calls cannot be joined");
            for id in [a, b] {
                self.hangup(id, HangupCause::NormalTemporaryFailure, Blame::Ours);
            }
        }
    }
}
