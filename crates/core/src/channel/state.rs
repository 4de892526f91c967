//! State changes and the events that go with them, in the order of event-socket.md §5.3.

use std::sync::Arc;

use api::ChannelId;
use api::event::ChannelEvent;
use api::view::{AnswerState, CallState, ChannelState};

use crate::Switch;
use crate::work::Work;

impl Switch {
    /// Announces the state the channel will run next (`Channel-State-Number`).
    pub(crate) fn set_next_state(&mut self, id: &ChannelId, next: ChannelState) {
        if let Some(live) = self.channels.get_mut(id) {
            tracing::debug!(channel = %id, from = %live.seen.state, to = %next, "State is set");
            live.seen_mut().next_state = next;
            self.touch(id);
        }
    }

    /// Enters a state: CHANNEL_STATE.
    pub(crate) fn enter_state(&mut self, id: &ChannelId, state: ChannelState) {
        if let Some(live) = self.channels.get_mut(id) {
            let seen = live.seen_mut();
            seen.state = state;
            if state != ChannelState::Hangup
                || seen.next_state.number() < ChannelState::Hangup.number()
            {
                seen.next_state = state;
            }
            self.emit(id, ChannelEvent::StateChanged);
        }
    }

    /// CHANNEL_CALLSTATE, unless nothing changes.
    pub(crate) fn set_call_state(&mut self, id: &ChannelId, to: CallState) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let from = live.seen.call_state;
        if from == to {
            return;
        }
        live.seen_mut().call_state = to;
        self.emit(id, ChannelEvent::CallStateChanged { from });
    }

    /// CHANNEL_PROGRESS: the far end rings, or we tell the caller that it does.
    pub(crate) fn mark_ringing(&mut self, id: &ChannelId) {
        let now = self.now.wall;
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        if live.seen.answer != AnswerState::Ringing || live.profile_mut().times.progress.happened()
        {
            return;
        }
        live.profile_mut().times.progress = now;
        self.emit(id, ChannelEvent::Progress);
        self.set_call_state(id, CallState::Ringing);
    }

    /// CHANNEL_PROGRESS_MEDIA: media flows before the answer.
    pub(crate) fn mark_early(&mut self, id: &ChannelId) {
        let now = self.now.wall;
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        if live.seen.answer != AnswerState::Ringing {
            return;
        }
        live.seen_mut().answer = AnswerState::Early;
        live.profile_mut().times.progress_media = now;
        self.set_var(id, "endpoint_disposition", "EARLY MEDIA");
        self.emit(id, ChannelEvent::ProgressMedia);
        self.set_call_state(id, CallState::Early);
    }

    /// CHANNEL_ANSWER and call state ACTIVE.
    pub(crate) fn mark_answered(&mut self, id: &ChannelId) {
        let now = self.now.wall;
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        if matches!(
            live.seen.answer,
            AnswerState::Answered | AnswerState::Hangup
        ) {
            return;
        }
        live.seen_mut().answer = AnswerState::Answered;
        live.profile_mut().times.answered = now;
        self.emit(id, ChannelEvent::Answered);
        self.presence(id, "answered");
        self.set_call_state(id, CallState::Active);
        self.set_var(id, "endpoint_disposition", "ANSWER");
        self.run_hooks(id, "answer");
        self.look_again(id);
        self.work.push_back(Work::Messages(id.clone()));
    }

    /// PRESENCE_IN of channels that have a presence id.
    pub(crate) fn presence(&mut self, id: &ChannelId, status: &str) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(from) = live.seen.variables.text("presence_id") else {
            return;
        };
        let from = Arc::from(from);
        self.tell_presence(id, from, "unknown".into(), status.into());
    }

    /// PRESENCE_IN about somebody.
    pub(crate) fn tell_presence(
        &mut self,
        id: &ChannelId,
        from: Arc<str>,
        rpid: Arc<str>,
        status: Arc<str>,
    ) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let count = live.presence_events;
        live.presence_events += 1;
        self.emit(
            id,
            ChannelEvent::Presence {
                from,
                rpid,
                status,
                count,
            },
        );
    }

    /// The first states of a channel made by the switch, up to the point where its endpoint acts.
    pub(crate) fn route_outbound(&mut self, id: &ChannelId) {
        self.enter_state(id, ChannelState::Routing);
        self.enter_state(id, ChannelState::ConsumeMedia);
    }
}
