//! Connecting two channels and taking them apart (event-socket.md §5.3 S2, S8).

use std::sync::Arc;

use api::cause::Blame;
use api::command::call::BridgeChannels;
use api::event::ChannelEvent;
use api::view::{ChannelState, Direction, OtherType, ProfileTimes};
use api::{ChannelId, CommandError, ErrorKind, HangupCause, ObjectKind, RequestId, Timestamp};
use media::control::MediaCommand;

use crate::Switch;
use crate::channel::{Bridge, other_leg};
use crate::work::Work;

impl Switch {
    /// Connects `a` and `b`: CHANNEL_BRIDGE on the A leg, CS_EXCHANGE_MEDIA on the B leg. `by_application` says that
    /// A's `bridge` application holds it.
    pub(crate) fn connect(&mut self, a: &ChannelId, b: &ChannelId, by_application: bool) {
        let now = self.now.wall;
        for (id, peer, is_a) in [(a, b, true), (b, a, false)] {
            if let Some(live) = self.channels.get_mut(id) {
                live.attempt = None;
                live.bridge = Some(Bridge {
                    peer: peer.clone(),
                    is_a,
                    by_application,
                });
                live.profile_mut().times.bridged = now;
                live.seen_mut().bridged_to = Some(peer.clone());
            }
        }
        if by_application {
            self.set_var(a, "signal_bond", b.as_str());
            self.set_var(b, "signal_bond", a.as_str());
        } else {
            self.tie(a, b);
        }
        let legs = self.channels.get(a).zip(self.channels.get(b));
        let Some((worker, leg_a, leg_b, b_seen)) =
            legs.map(|(la, lb)| (la.media.worker, la.media.id, lb.media.id, lb.seen.clone()))
        else {
            return;
        };
        for id in [a, b] {
            self.settle_unicast(id);
        }
        self.media(worker, MediaCommand::Bridge { a: leg_a, b: leg_b });
        self.link_video(a);
        self.emit(
            a,
            ChannelEvent::Bridged {
                a: a.clone(),
                b: b_seen,
            },
        );
        let call = self
            .channels
            .get(a)
            .map(|live| live.seen.call_id().to_owned());
        if let Some(call) = call {
            self.set_var(b, "call_uuid", call);
        }
        for (id, peer, is_a) in [(a, b, true), (b, a, false)] {
            let (channel, name, number) = self
                .channels
                .get(peer)
                .map(|live| {
                    let profile = live.seen.profile.as_deref();
                    let text = |field: fn(&api::view::CallerProfile) -> &Arc<str>| {
                        profile.map(|p| field(p).to_string()).unwrap_or_default()
                    };
                    let shown = if is_a {
                        (text(|p| &p.callee_id_name), text(|p| &p.callee_id_number))
                    } else {
                        (text(|p| &p.caller_id_name), text(|p| &p.caller_id_number))
                    };
                    (live.seen.name.to_string(), shown.0, shown.1)
                })
                .unwrap_or_default();
            if is_a {
                self.set_var(id, "bridge_to", peer.as_str());
            }
            self.set_var(id, "last_bridge_to", peer.as_str());
            self.set_var(id, "bridge_channel", channel);
            self.set_var(id, "bridge_uuid", peer.as_str());
            self.set_var(id, "signal_bond", peer.as_str());
            let name = if name.is_empty() {
                number.clone()
            } else {
                name
            };
            self.set_var(id, "last_sent_callee_id_name", name);
            self.set_var(id, "last_sent_callee_id_number", number);
        }
        if self
            .channels
            .get(b)
            .is_some_and(|live| live.seen.state != ChannelState::ExchangeMedia)
        {
            self.enter_state(b, ChannelState::ExchangeMedia);
        }
        self.work.push_back(Work::Messages(a.clone()));
        self.work.push_back(Work::Messages(b.clone()));
        self.read_digits(a);
        self.read_digits(b);
        for id in [a, b] {
            self.transfer_decided(id, 200);
        }
        self.settle_bypass(a);
    }

    /// Each becomes the other's `Other-Leg`.
    pub(crate) fn tie(&mut self, a: &ChannelId, b: &ChannelId) {
        let profiles = self
            .channels
            .get(a)
            .zip(self.channels.get(b))
            .and_then(|(la, lb)| Some((la.seen.profile.clone()?, lb.seen.profile.clone()?)));
        let Some((profile_a, profile_b)) = profiles else {
            return;
        };
        if let Some(live) = self.channels.get_mut(a) {
            let mut other = other_leg(OtherType::Originatee, &profile_b);
            Arc::make_mut(&mut other.profile).times.bridged = Timestamp::ZERO;
            live.seen_mut().other = Some(other);
        }
        if let Some(live) = self.channels.get_mut(b) {
            // It learns none of the times (golden stream-30-uuid-bridge), as one that was made for the bridge.
            let mut other = other_leg(OtherType::Originator, &profile_a);
            Arc::make_mut(&mut other.profile).times = ProfileTimes::default();
            live.seen_mut().other = Some(other);
        }
        self.touch(a);
        self.touch(b);
    }

    /// `id` hung up: its partner is told, CHANNEL_UNBRIDGE fires, and the partner goes on or ends.
    pub(crate) fn leave_bridge(&mut self, id: &ChannelId, cause: HangupCause) {
        let Some(bridge) = self.channels.get(id).and_then(|live| live.bridge.clone()) else {
            return;
        };
        let peer = bridge.peer.clone();
        if self.consultation_left(id, cause) {
            return;
        }
        let (a, b) = if bridge.is_a {
            (id.clone(), peer.clone())
        } else {
            (peer.clone(), id.clone())
        };
        self.set_var(&peer, "last_bridge_hangup_cause", cause.name());
        // The B leg never outlives the bridge it was made for; an A leg may go on in its dialplan.
        if bridge.is_a
            && self.channels.get(&b).is_some_and(|live| live.is_up())
            && self.ends_with_peer(&b)
        {
            // Clients hear of the B leg's end first, then of the bridge's.
            if let Some(live) = self.channels.get_mut(&b) {
                live.bridge = None;
            }
            self.hangup(&b, cause_for_peer(cause), Blame::Caller);
            self.unbridge(&a, &b, cause);
            return;
        }
        self.unbridge(&a, &b, cause);
        if bridge.is_a {
            self.continue_after_bridge(&b, cause);
        } else {
            self.continue_after_bridge(&a, cause);
        }
    }

    /// Whether this side has nothing of its own to go on with.
    fn ends_with_peer(&self, id: &ChannelId) -> bool {
        self.channels.get(id).is_some_and(|live| {
            live.script.runs.is_empty()
                && live.script.actions.is_empty()
                && !live.seen.variables.is_true("park_after_bridge")
        })
    }

    pub(crate) fn continue_after_bridge(&mut self, id: &ChannelId, cause: HangupCause) {
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if !live.is_up() {
            return;
        }
        if self.is_served(id) {
            self.service_over(id);
            return;
        }
        if self.talks_in_fifo(id) {
            self.fifo_talk_over(id);
            return;
        }
        let Some(live) = self.channels.get(id) else {
            return;
        };
        if live
            .script
            .runs
            .iter()
            .any(|run| matches!(run.app, crate::script::app::App::Bridge(_)))
        {
            self.bridge_over(id);
            return;
        }
        if live.seen.variables.is_true("park_after_bridge") {
            self.enter_park(id);
            return;
        }
        self.hangup(id, cause_for_peer(cause), Blame::Callee);
    }

    /// CHANNEL_UNBRIDGE and the end of shared media.
    pub(crate) fn unbridge(&mut self, a: &ChannelId, b: &ChannelId, cause: HangupCause) {
        let legs = self.channels.get(a).zip(self.channels.get(b));
        if let Some((worker, leg_a, leg_b)) =
            legs.map(|(la, lb)| (la.media.worker, la.media.id, lb.media.id))
        {
            self.media(worker, MediaCommand::Unbridge { a: leg_a, b: leg_b });
        }
        self.unset_var(a, "bridge_to");
        for (id, peer) in [(a, b), (b, a)] {
            self.end_soft_hold(id, peer);
        }
        for id in [a, b] {
            if let Some(live) = self.channels.get_mut(id) {
                live.bridge = None;
                live.seen_mut().bridged_to = None;
            }
            self.set_var(id, "bridge_hangup_cause", cause.name());
        }
        self.make_own_call(b);
        for id in [a, b] {
            self.need_media(id);
            self.settle_unicast(id);
            self.link_video(id);
            self.far_page_went(id);
        }
        let b_seen = self.channels.get(b).map(|live| live.seen.clone());
        if let Some(b_seen) = b_seen {
            self.emit(
                a,
                ChannelEvent::Unbridged {
                    a: a.clone(),
                    b: b_seen,
                },
            );
        }
    }

    /// Takes a bridge apart because one side is sent elsewhere. The other side goes on as after a hangup.
    pub(crate) fn disconnect(&mut self, id: &ChannelId) {
        let Some(bridge) = self.channels.get(id).and_then(|live| live.bridge.clone()) else {
            return;
        };
        let (a, b) = if bridge.is_a {
            (id.clone(), bridge.peer.clone())
        } else {
            (bridge.peer.clone(), id.clone())
        };
        self.unbridge(&a, &b, HangupCause::NormalClearing);
        self.continue_after_bridge(&bridge.peer, HangupCause::NormalClearing);
    }

    /// Takes a bridge apart and leaves both sides with nothing to do; the caller sends them somewhere.
    pub(crate) fn separate(&mut self, id: &ChannelId) -> Option<ChannelId> {
        let bridge = self.channels.get(id).and_then(|live| live.bridge.clone())?;
        let (a, b) = if bridge.is_a {
            (id.clone(), bridge.peer.clone())
        } else {
            (bridge.peer.clone(), id.clone())
        };
        self.unbridge(&a, &b, HangupCause::NormalClearing);
        Some(bridge.peer)
    }

    /// `uuid_bridge`
    pub(crate) fn bridge_command(&mut self, request: RequestId, command: &BridgeChannels) {
        let answer = self.bridge_channels(&command.a, &command.b);
        self.answer(request, answer);
    }

    /// Takes two channels out of what they are doing and connects them.
    ///
    /// # Errors
    /// `NotFound(Channel)`; `InvalidState` while one of them is being called.
    pub(crate) fn bridge_channels(
        &mut self,
        a: &ChannelId,
        b: &ChannelId,
    ) -> Result<(), CommandError> {
        for id in [a, b] {
            if self.channels.get(id).is_none_or(|live| !live.is_up()) {
                return Err(CommandError::not_found(ObjectKind::Channel));
            }
        }
        if a == b {
            // Nothing to do, and the original says so too (recorded).
            return Ok(());
        }
        for id in [a, b] {
            let ready = self.channels.get(id).is_some_and(|live| {
                live.attempt.is_none() && live.seen.state != ChannelState::ConsumeMedia
            });
            if !ready {
                return Err(CommandError::new(
                    ErrorKind::InvalidState,
                    "the channel is still being called",
                ));
            }
        }
        self.set_var(a, "uuid_bridge", b.as_str());
        for (id, peer) in [(a, b), (b, a)] {
            let name = self
                .channels
                .get(peer)
                .map(|live| live.seen.name.clone())
                .unwrap_or_else(|| "".into());
            self.set_var(id, "bridge_channel", &*name);
            self.set_var(id, "bridge_uuid", peer.as_str());
            self.set_var(id, "signal_bond", peer.as_str());
            self.remember_original(id);
        }
        self.tie(a, b);
        for (id, peer) in [(a, b), (b, a)] {
            if let Some(old) = self.separate_for_bridge(id, peer) {
                self.continue_after_bridge(&old, HangupCause::NormalClearing);
            }
            self.new_profile(id, "uuid_br", peer.as_str());
            self.turn(id, id == a);
            if self.channels.contains_key(a) {
                self.tie(a, b);
            }
            self.set_next_state(id, ChannelState::Hibernate);
            self.end_script(id);
            for state in [
                ChannelState::Hibernate,
                ChannelState::Reset,
                ChannelState::SoftExecute,
            ] {
                self.enter_state(id, state);
            }
        }
        self.unset_var(a, "uuid_bridge");
        // It belongs to a call of its own until the bridge is there, and clients see it behind the others (golden
        // stream-30-uuid-bridge).
        self.unset_var(b, "call_uuid");
        self.make_own_call(b);
        for (id, peer) in [(a, b), (b, a)] {
            self.announce_uuid_bridge(id, peer);
        }
        self.connect(a, b, false);
        Ok(())
    }

    /// Of two channels a command connects, the one named first counts as calling and the other one as called, whoever has
    /// called them.
    fn turn(&mut self, id: &ChannelId, calls: bool) {
        if let Some(live) = self.channels.get_mut(id) {
            live.profile_mut().logical_direction = if calls {
                Direction::Inbound
            } else {
                Direction::Outbound
            };
            live.seen_mut().hit_dialplan = calls;
        }
    }

    fn separate_for_bridge(&mut self, id: &ChannelId, new_peer: &ChannelId) -> Option<ChannelId> {
        let old = self.separate(id)?;
        (old != *new_peer).then_some(old)
    }
}

/// What the other side of a bridge ends with.
fn cause_for_peer(cause: HangupCause) -> HangupCause {
    if matches!(cause, HangupCause::None | HangupCause::LoseRace) {
        HangupCause::NormalClearing
    } else {
        cause
    }
}

#[cfg(test)]
mod tests;
