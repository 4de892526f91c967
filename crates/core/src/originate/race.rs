//! Who wins an originate, and what the others end with.

use api::cause::Blame;
use api::command::call::Then;
use api::event::ChannelEvent;
use api::view::{AnswerState, ChannelState, OtherType};
use api::{ChannelId, CommandError, HangupCause, RequestId};

use super::{AttemptId, LegState, OriginateId, Purpose};
use crate::Switch;
use crate::channel::other_leg;

impl Switch {
    /// An originate looks at its legs: the next hunt, or the end.
    pub(crate) fn judge_originate(&mut self, id: OriginateId) {
        loop {
            self.collect_failures(id);
            let Some(originate) = self.originates.get_mut(&id) else {
                return;
            };
            if originate.decided {
                let alive = originate
                    .legs
                    .iter()
                    .any(|leg| matches!(leg, LegState::Opening { .. }));
                if !alive {
                    self.originates.remove(&id);
                }
                return;
            }
            let legs = &originate.legs;
            let next = originate
                .threads
                .iter_mut()
                .enumerate()
                .find_map(|(index, thread)| {
                    if thread.exhausted {
                        return None;
                    }
                    let busy = thread.started
                        && thread
                            .current
                            .iter()
                            .any(|leg| !matches!(legs.get(*leg), Some(LegState::Failed(_)) | None));
                    if busy {
                        return None;
                    }
                    thread.started = true;
                    thread.current.clear();
                    match thread.hunts.pop_front() {
                        Some(hunt) => Some((index, hunt)),
                        None => {
                            thread.exhausted = true;
                            None
                        }
                    }
                });
            match next {
                Some((thread, hunt)) => self.start_legs(id, thread, hunt),
                None => break,
            }
        }
        let Some(originate) = self.originates.get(&id) else {
            return;
        };
        if originate.threads.iter().all(|thread| thread.exhausted) {
            let cause = originate.last_cause;
            self.originate_failed(id, cause);
        }
    }

    /// Legs whose channels have ended become failures.
    fn collect_failures(&mut self, id: OriginateId) {
        let Some(originate) = self.originates.get_mut(&id) else {
            return;
        };
        for leg in &mut originate.legs {
            match leg {
                LegState::Calling(channel) => match self.channels.get(channel) {
                    Some(live) if live.is_up() => {}
                    Some(live) => {
                        let cause = live
                            .seen
                            .hangup
                            .map_or(HangupCause::NormalClearing, |h| h.cause);
                        originate.last_cause = cause;
                        originate.last_status = live
                            .seen
                            .variable("sip_invite_failure_status")
                            .and_then(|status| status.parse().ok());
                        *leg = LegState::Failed(cause);
                    }
                    None => *leg = LegState::Failed(HangupCause::NormalClearing),
                },
                LegState::Failed(cause) => {
                    if *cause != HangupCause::LoseRace && *cause != HangupCause::None {
                        originate.last_cause = *cause;
                    }
                }
                LegState::Delayed(_) | LegState::Locating(_) | LegState::Opening { .. } => {}
            }
        }
    }

    fn originate_failed(&mut self, id: OriginateId, cause: HangupCause) {
        let Some(mut originate) = self.originates.remove(&id) else {
            return;
        };
        originate.decided = true;
        match originate.purpose {
            Purpose::Command { request, .. } => {
                self.refuse(request, CommandError::call_failed(cause));
            }
            Purpose::Bridge { a } => self.bridge_failed(&a, cause),
            Purpose::Fifo(call, _) => self.member_call_failed(call, cause),
            Purpose::Queue(offer, _) => self.offer_failed(offer, cause),
            // Nobody waits for it; the leg's own events say it.
            Purpose::Page(_) => {}
            Purpose::Room { room, request, job } => {
                self.room_dial_done(&room, request, job, Err(cause))
            }
            Purpose::VideoRoom(invitation) => {
                let status = originate.last_status;
                let status = status.filter(|s| HangupCause::from_sip_status(*s) == cause);
                let code = status.unwrap_or_else(|| cause.sip_status());
                self.invitation_done(&invitation, Some(code));
            }
        }
    }

    /// Hangs up every leg but the winner.
    pub(crate) fn drop_legs(
        &mut self,
        id: OriginateId,
        winner: Option<&ChannelId>,
        cause: HangupCause,
    ) {
        let Some(originate) = self.originates.get_mut(&id) else {
            return;
        };
        let mut losers = Vec::new();
        for leg in &mut originate.legs {
            match leg {
                LegState::Calling(channel) if Some(&*channel) != winner => {
                    losers.push(channel.clone())
                }
                LegState::Delayed(_) | LegState::Locating(_) => *leg = LegState::Failed(cause),
                LegState::Calling(_) | LegState::Opening { .. } | LegState::Failed(_) => {}
            }
        }
        for channel in losers {
            self.hangup(&channel, cause, Blame::Ours);
        }
    }

    /// It has rung long enough.
    pub(crate) fn originate_timeout(&mut self, id: OriginateId) {
        let Some(originate) = self.originates.get_mut(&id) else {
            return;
        };
        if originate.decided {
            return;
        }
        for thread in &mut originate.threads {
            thread.hunts.clear();
        }
        originate.last_cause = HangupCause::NoAnswer;
        for leg in &mut originate.legs {
            match leg {
                LegState::Delayed(_) | LegState::Locating(_) => {
                    *leg = LegState::Failed(HangupCause::NoAnswer);
                }
                LegState::Opening { given_up, .. } => *given_up = Some(HangupCause::NoAnswer),
                LegState::Calling(_) | LegState::Failed(_) => {}
            }
        }
        self.drop_legs(id, None, HangupCause::NoAnswer);
        self.work.push_back(crate::work::Work::Judge(id));
    }

    /// A leg rings: the caller of a bridge hears of it.
    pub(crate) fn leg_ringing(&mut self, id: &ChannelId) {
        let Some(attempt) = self.attempt_of(id) else {
            return;
        };
        if let Some(a) = self.bridging(attempt) {
            self.ring_channel(&a);
        }
        self.invitation_rings(attempt);
    }

    /// A leg sends early media: the first alone wins with it, unless nobody wants early media.
    pub(crate) fn leg_early(&mut self, id: &ChannelId) {
        let Some(attempt) = self.attempt_of(id) else {
            return;
        };
        let Some(originate) = self.originates.get(&attempt.originate) else {
            return;
        };
        let rivals = originate
            .legs
            .iter()
            .filter(|leg| !matches!(leg, LegState::Failed(_)))
            .count();
        if rivals != 1 || self.var_true(id, "ignore_early_media") || self.is_ring_ready(id) {
            if let Some(a) = self.bridging(attempt) {
                self.ring_channel(&a);
            }
            self.invitation_rings(attempt);
            return;
        }
        self.leg_won(attempt, id);
    }

    /// Early media of a leg is ignored no longer; what came already counts now.
    pub(crate) fn take_early_media(&mut self, id: &ChannelId) {
        self.unset_var(id, "ignore_early_media");
        let live = self.channels.get(id);
        if live.is_some_and(|live| live.seen.answer == AnswerState::Early) {
            self.leg_early(id);
        }
    }

    fn is_ring_ready(&self, id: &ChannelId) -> bool {
        self.var(id, "ignore_early_media") == Some("ring_ready")
    }

    /// A leg is answered.
    pub(crate) fn leg_answered(&mut self, id: &ChannelId) {
        match self.attempt_of(id) {
            Some(attempt) => self.leg_won(attempt, id),
            None => self.late_answer(id),
        }
    }

    /// The leg had won with early media and is answered now: so is the caller it is bridged with.
    fn late_answer(&mut self, id: &ChannelId) {
        let Some(bridge) = self.channels.get(id).and_then(|live| live.bridge.clone()) else {
            return;
        };
        if !bridge.is_a && bridge.by_application {
            self.suit(&bridge.peer, id);
            self.answer_channel(&bridge.peer);
            self.set_call_state(&bridge.peer, api::view::CallState::Active);
        }
    }

    fn attempt_of(&self, id: &ChannelId) -> Option<AttemptId> {
        let attempt = self.channels.get(id)?.attempt?;
        let originate = self.originates.get(&attempt.originate)?;
        (!originate.decided).then_some(attempt)
    }

    /// Who runs the `bridge` a leg was made for, before or after it was won.
    pub(crate) fn caller_of(&self, id: &ChannelId) -> Option<ChannelId> {
        let live = self.channels.get(id)?;
        match live.attempt {
            Some(attempt) => self.bridging(attempt),
            None => live
                .bridge
                .as_ref()
                .filter(|bridge| !bridge.is_a)
                .map(|bridge| bridge.peer.clone()),
        }
    }

    fn bridging(&self, attempt: AttemptId) -> Option<ChannelId> {
        match &self.originates.get(&attempt.originate)?.purpose {
            Purpose::Bridge { a } => Some(a.clone()),
            Purpose::Command { .. }
            | Purpose::Room { .. }
            | Purpose::VideoRoom(_)
            | Purpose::Fifo(..)
            | Purpose::Queue(..)
            | Purpose::Page(_) => None,
        }
    }

    /// Somebody else takes the call a leg was made for: that channel has won in its place.
    pub(crate) fn take_leg(&mut self, leg: &ChannelId, by: &ChannelId) {
        let Some(attempt) = self.attempt_of(leg) else {
            return;
        };
        let caller = self.bridging(attempt);
        self.leg_won(attempt, by);
        // Whoever takes a call means to talk, whether their own answer has gone through by now or not.
        if let Some(caller) = caller {
            self.answer_channel(&caller);
        }
    }

    fn leg_won(&mut self, attempt: AttemptId, id: &ChannelId) {
        let Some(originate) = self.originates.get_mut(&attempt.originate) else {
            return;
        };
        originate.decided = true;
        if let Some(live) = self.channels.get_mut(id) {
            live.attempt = None;
        }
        self.drop_legs(attempt.originate, Some(id), HangupCause::LoseRace);
        let Some(originate) = self.originates.get_mut(&attempt.originate) else {
            return;
        };
        // Legs still opening are closed when they report; the purpose is served now.
        let purpose = std::mem::replace(&mut originate.purpose, Purpose::Bridge { a: id.clone() });
        if let Some(slot) = originate.legs.get_mut(attempt.leg) {
            *slot = LegState::Failed(HangupCause::None);
        }
        self.work
            .push_back(crate::work::Work::Judge(attempt.originate));
        match purpose {
            Purpose::Command { request, then } => {
                self.start_then(id, then, Some(request));
            }
            Purpose::Bridge { a } => {
                let summary = self
                    .channels
                    .get(id)
                    .and_then(|live| live.seen.profile.clone());
                if let Some(profile) = summary {
                    let legs = format!(
                        "{id};{};{}",
                        profile.callee_id_name, profile.callee_id_number
                    );
                    self.set_var(&a, "originated_legs", legs);
                }
                self.adopt_callee(&a, id);
                self.bridge_won(&a, id);
            }
            Purpose::Fifo(call, _) => {
                if let Some(application) = self.member_answered(call, id) {
                    self.start_then(id, Then::Run(application), None);
                }
            }
            Purpose::Queue(offer, _) => self.offer_answered(offer, id),
            Purpose::Room { room, request, job } => {
                self.room_dial_done(&room, request, job, Ok(id.clone()));
                let then = Then::Run(api::Application::new("conference", room));
                self.start_then(id, then, None);
            }
            // Behind it nothing is left to do, which hangs it up.
            Purpose::Page(path) => {
                let then = Then::Run(api::Application::new("playback", path));
                self.start_then(id, then, None);
            }
            Purpose::VideoRoom(invitation) => {
                self.invitation_done(&invitation, None);
                let room = crate::room::conference_of(&invitation.room);
                let then = Then::Run(api::Application::new("conference", room));
                self.start_then(id, then, None);
            }
        }
    }

    /// The caller's profile shows whom it reached.
    pub(crate) fn adopt_callee(&mut self, a: &ChannelId, b: &ChannelId) {
        let Some(profile) = self
            .channels
            .get(b)
            .and_then(|live| live.seen.profile.clone())
        else {
            return;
        };
        if let Some(live) = self.channels.get_mut(a) {
            let own = live.profile_mut();
            own.callee_id_name = profile.callee_id_name.clone();
            own.callee_id_number = profile.callee_id_number.clone();
            // As it is at this moment: the times of the bridge itself are not part of it (recorded).
            live.seen_mut().other = Some(other_leg(OtherType::Originatee, &profile));
        }
    }

    /// A channel a client made becomes a caller itself: caller and callee change places (CALL_UPDATE).
    fn flip_caller_id(&mut self, id: &ChannelId) {
        let Some(profile) = self
            .channels
            .get(id)
            .and_then(|live| live.seen.profile.clone())
        else {
            return;
        };
        self.set_var(id, "pre_transfer_caller_id_name", &*profile.caller_id_name);
        self.set_var(
            id,
            "pre_transfer_caller_id_number",
            &*profile.caller_id_number,
        );
        self.set_var(id, "channel_cid_flipped", "yes");
        if let Some(live) = self.channels.get_mut(id) {
            let own = live.profile_mut();
            std::mem::swap(&mut own.caller_id_name, &mut own.callee_id_name);
            std::mem::swap(&mut own.caller_id_number, &mut own.callee_id_number);
            live.seen_mut().hit_dialplan = true;
        }
        let event = ChannelEvent::Updated {
            direction: Some("RECV"),
            name: "".into(),
            number: "".into(),
            bridged_to: None,
        };
        self.emit(id, event);
    }

    /// What a client wanted the new channel to do. `request` is answered before it begins.
    fn start_then(&mut self, id: &ChannelId, then: Then, request: Option<RequestId>) {
        match then {
            Then::Run(application) => {
                self.flip_caller_id(id);
                if let Some(request) = request {
                    self.answer(request, Ok(id.clone()));
                }
                self.set_next_state(id, ChannelState::Execute);
                self.execute_actions(id, vec![application]);
            }
            Then::Route {
                extension,
                dialplan,
                context,
            } => {
                // Clients see the transfer in what the flip announces (recorded).
                let goes_on = self.retarget(id, &extension, Some(dialplan), Some(context));
                self.flip_caller_id(id);
                if let Some(request) = request {
                    self.answer(request, Ok(id.clone()));
                }
                if goes_on {
                    self.route_anew(id);
                }
            }
        }
    }
}
