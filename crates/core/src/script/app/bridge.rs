//! `bridge`: call somebody and connect the two (event-socket.md §5.3 S2, S3; §6.9).

use std::sync::Arc;

use api::cause::Blame;
use api::dial::DialString;
use api::view::{CallState, ChannelState};
use api::{ChannelId, HangupCause};

use super::{App, Started};
use crate::Switch;
use crate::channel::Live;
use crate::originate::{OriginateId, Purpose};

/// A bridge in the making or in progress.
#[derive(Debug)]
pub(crate) enum BridgeApp {
    /// The other side is being called.
    Dialling(OriginateId),
    /// The two are connected.
    Up,
    /// They were, and what runs on top goes on to its end first.
    Over,
}

impl BridgeApp {
    pub(super) fn is_up(&self) -> bool {
        match self {
            Self::Dialling(_) | Self::Over => false,
            Self::Up => true,
        }
    }
}

pub(super) fn bridge(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let Ok(dial) = DialString::parse(data) else {
        switch.bridge_failed(id, HangupCause::DestinationOutOfOrder);
        return Started::Done;
    };
    if switch
        .channels
        .get(id)
        .is_some_and(|live| live.seen.is_answered())
    {
        switch.set_call_state(id, CallState::RingWait);
    }
    let originate = switch.originate_for_bridge(id, dial);
    Started::Waits(App::Bridge(BridgeApp::Dialling(originate)))
}

impl Switch {
    /// The bridge application of `id` has its other side: `b` answered (or sends early media).
    pub(crate) fn bridge_won(&mut self, id: &ChannelId, b: &ChannelId) {
        if self.consulted(id, b) {
            return;
        }
        if let Some(App::Bridge(app)) = self.bridge_app(id) {
            *app = BridgeApp::Up;
        }
        let answered = self
            .channels
            .get(b)
            .is_some_and(|live| live.seen.is_answered());
        self.suit(id, b);
        if answered {
            self.answer_channel(id);
            self.set_call_state(id, CallState::Active);
        } else {
            self.pre_answer_channel(id);
        }
        self.set_var(id, "originate_disposition", "SUCCESS");
        self.set_var(id, "DIALSTATUS", "SUCCESS");
        self.set_var(id, "originate_causes", format!("{b};NONE"));
        self.connect(id, b, true);
    }

    fn bridge_app(&mut self, id: &ChannelId) -> Option<&mut App> {
        self.channels
            .get_mut(id)?
            .script
            .runs
            .iter_mut()
            .map(|run| &mut run.app)
            .find(|app| matches!(app, App::Bridge(_)))
    }

    /// Nobody answered the bridge application's call.
    pub(crate) fn bridge_failed(&mut self, id: &ChannelId, cause: HangupCause) {
        if self.consulted_nobody(id, cause) {
            return;
        }
        self.set_var(id, "originate_disposition", cause.name());
        self.set_var(id, "DIALSTATUS", dial_status(cause));
        let goes_on = self.continues_after(id, cause);
        let serves_on = |live: &Live| live.is_up() && !live.script.actions.is_empty();
        if !goes_on || !self.channels.get(id).is_some_and(serves_on) {
            self.transfer_decided(id, cause.sip_status());
        }
        if self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.call_state == CallState::RingWait)
        {
            self.set_call_state(id, CallState::Active);
        }
        if goes_on {
            if matches!(
                self.bridge_app(id),
                Some(App::Bridge(BridgeApp::Dialling(_)))
            ) {
                self.application_done(id, None);
            }
            return;
        }
        self.hangup(id, cause, Blame::Callee);
    }

    /// Whether the dialplan goes on after a failed bridge (event-socket.md §6.9, `bridge`).
    fn continues_after(&self, id: &ChannelId, cause: HangupCause) -> bool {
        let named = |list: &str| {
            list.split(',')
                .map(str::trim)
                .any(|word| HangupCause::parse(word) == Some(cause))
        };
        if let Some(list) = self.var(id, "failure_causes") {
            return !named(list);
        }
        match self.var(id, "continue_on_fail") {
            Some(word) if api::variables::is_true(word) && word.parse::<u16>().is_err() => true,
            Some(word) if word.eq_ignore_ascii_case("false") => false,
            Some(list) => named(list),
            None => matches!(
                cause,
                HangupCause::NoAnswer | HangupCause::NoUserResponse | HangupCause::OriginatorCancel
            ),
        }
    }

    /// The two were disconnected; the A leg goes on in its dialplan, or not.
    pub(crate) fn bridge_over(&mut self, id: &ChannelId) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if !live.is_up() {
            return;
        }
        // Something else is on top: that goes on to its end first. A queue or a fifo is its own bridge.
        if !matches!(self.innermost_app(id), Some(App::Bridge(_)))
            && let Some(App::Bridge(app)) = self.bridge_app(id)
        {
            *app = BridgeApp::Over;
            return;
        }
        if self.var_true(id, "park_after_bridge") {
            self.replace_rest(id, "park", "");
        } else if let Some(to) = self.var(id, "transfer_after_bridge").map(str::to_owned) {
            let mut words = to.split(':').map(Arc::<str>::from);
            if let Some(extension) = words.next() {
                let (dialplan, context) = (words.next(), words.next());
                self.transfer_channel(id, &extension, dialplan, context);
                return;
            }
        } else if self.var_true(id, "hangup_after_bridge") {
            self.application_done(id, None);
            self.hangup(id, HangupCause::NormalClearing, Blame::Callee);
            return;
        }
        self.application_done(id, None);
    }

    /// Throws the rest of the dialplan away and puts one application in its place.
    fn replace_rest(&mut self, id: &ChannelId, name: &str, data: &str) {
        if let Some(live) = self.channels.get_mut(id) {
            live.script.actions.clear();
            live.script
                .actions
                .push_back(api::Application::new(name, data));
        }
    }

    pub(super) fn abort_bridge(&mut self, id: &ChannelId, app: BridgeApp) {
        match app {
            BridgeApp::Dialling(originate) => {
                let hangup = self.channels.get(id).and_then(|live| live.seen.hangup);
                // Those who rang for it missed nothing when its caller has found somebody elsewhere.
                let cause = match hangup.map(|hangup| hangup.cause) {
                    Some(HangupCause::LoseRace) => HangupCause::LoseRace,
                    Some(_) | None => HangupCause::OriginatorCancel,
                };
                self.cancel_originate(originate, cause);
            }
            BridgeApp::Over => {}
            BridgeApp::Up => {
                if self
                    .channels
                    .get(id)
                    .is_some_and(|live| live.seen.state != ChannelState::Hangup)
                {
                    self.disconnect(id);
                }
            }
        }
    }

    fn originate_for_bridge(&mut self, id: &ChannelId, dial: DialString) -> OriginateId {
        let timeout = self
            .var(id, "call_timeout")
            .or_else(|| self.var(id, "originate_timeout"))
            .and_then(|t| t.parse().ok());
        self.originate(
            dial,
            timeout.map(std::time::Duration::from_secs),
            Purpose::Bridge { a: id.clone() },
        )
    }
}

/// `DIALSTATUS` of a failed dial (event-socket.md §5.4).
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "every other cause is its own name"
)]
fn dial_status(cause: HangupCause) -> &'static str {
    match cause {
        HangupCause::OriginatorCancel => "CANCEL",
        HangupCause::UserBusy => "BUSY",
        HangupCause::NoAnswer => "NOANSWER",
        HangupCause::DestinationOutOfOrder | HangupCause::InvalidProfile => "INVALIDARGS",
        HangupCause::CallRejected => "DONTCALL",
        other => other.name(),
    }
}
