//! One leg of an originate: from its dial string to a channel.

use std::sync::Arc;
use std::time::Duration;

use api::dial::VariableList;
use api::{ChannelId, HangupCause};
use media::control::{LegId, WebCommand, WebReport};
use sip::resolve::Hop;

use super::expand::Target;
use super::{AttemptId, OriginateId, Purpose};
use crate::Switch;
use crate::channel::MediaLeg;
use crate::leg::Line;
use crate::next_hop::{Asker, Found, targets};
use crate::timers::{Deadline, in_time};
use crate::work::Work;

/// How far a leg has come.
#[derive(Debug)]
pub(crate) enum LegState {
    /// Waits for `leg_delay_start`.
    Delayed(Box<Plan>),
    /// The servers of its destination are being looked for.
    Locating(Box<Plan>),
    /// Its media leg is being opened; `given_up` says why nobody waits for that any more.
    Opening {
        plan: Box<Plan>,
        media: Box<MediaLeg>,
        given_up: Option<HangupCause>,
    },
    /// It is a channel.
    Calling(ChannelId),
    /// Over.
    Failed(HangupCause),
}

/// What a leg is to be.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    /// Variables of the new channel, in the order they are set.
    pub(crate) variables: VariableList,
    /// The same, where those of the leg itself win: for what steers the making.
    pub(crate) steering: VariableList,
}

impl Plan {
    /// What steers the making of the leg.
    pub(crate) fn steer(&self, name: &str) -> Option<&str> {
        self.steering
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| &**v)
    }
}

/// Variables of a leg from its three scopes. As channel variables `{}` wins over `[]`, unless `local_var_clobber`;
/// for steering `[]` wins (event-socket.md §6.4).
pub(super) fn merge(
    global: &VariableList,
    thread: &VariableList,
    leg: &VariableList,
) -> (VariableList, VariableList) {
    fn put(list: &mut VariableList, name: &Arc<str>, value: &Arc<str>) {
        match list.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(slot) => slot.1 = value.clone(),
            None => list.push((name.clone(), value.clone())),
        }
    }
    let clobber = thread
        .iter()
        .chain(global)
        .any(|(n, v)| n.eq_ignore_ascii_case("local_var_clobber") && api::variables::is_true(v));
    let mut variables = VariableList::new();
    let mut steering = VariableList::new();
    let order: [&VariableList; 3] = if clobber {
        [global, thread, leg]
    } else {
        [leg, global, thread]
    };
    for (name, value) in order.into_iter().flatten() {
        put(&mut variables, name, value);
    }
    for (name, value) in [global, thread, leg].into_iter().flatten() {
        put(&mut steering, name, value);
    }
    (variables, steering)
}

impl Switch {
    /// Starts the legs of a hunt.
    pub(super) fn start_legs(&mut self, id: OriginateId, thread: usize, legs: Vec<api::dial::Leg>) {
        for leg in legs {
            let Some(originate) = self.originates.get(&id) else {
                return;
            };
            let Some(run) = originate.threads.get(thread) else {
                return;
            };
            let (variables, steering) = merge(&originate.variables, &run.variables, &leg.variables);
            let targets = self.expand_target(&leg.endpoint, &leg.address);
            let targets = match targets {
                Ok(targets) => targets,
                Err(cause) => {
                    if leg.endpoint.eq_ignore_ascii_case("sofia") && self.admit() {
                        self.stillborn();
                    }
                    self.add_leg(id, thread, LegState::Failed(cause));
                    continue;
                }
            };
            for (target, extra) in targets {
                let mut plan = Plan {
                    target,
                    variables: variables.clone(),
                    steering: steering.clone(),
                };
                for (name, value) in extra {
                    if plan.steer(&name).is_none() {
                        plan.variables.push((name.clone(), value.clone()));
                        plan.steering.push((name, value));
                    }
                }
                self.start_leg(id, thread, plan);
            }
        }
    }

    fn add_leg(&mut self, id: OriginateId, thread: usize, state: LegState) -> Option<AttemptId> {
        let originate = self.originates.get_mut(&id)?;
        let leg = originate.legs.len();
        originate.legs.push(state);
        originate.threads.get_mut(thread)?.current.push(leg);
        Some(AttemptId { originate: id, leg })
    }

    fn start_leg(&mut self, id: OriginateId, thread: usize, plan: Plan) {
        if !self.admit() {
            self.add_leg(
                id,
                thread,
                LegState::Failed(HangupCause::DestinationOutOfOrder),
            );
            return;
        }
        let seconds = |name: &str| {
            plan.steer(name)
                .and_then(|v| v.parse::<u64>().ok())
                .map(Duration::from_secs)
        };
        let delay = seconds("leg_delay_start");
        let limit = seconds("leg_timeout");
        let now = self.now.mono;
        let Some(attempt) = self.add_leg(id, thread, LegState::Delayed(Box::new(plan))) else {
            return;
        };
        if let Some(limit) = limit {
            self.timers.set(
                in_time(now, delay.unwrap_or_default().saturating_add(limit)),
                Deadline::Leg(attempt),
            );
        }
        match delay {
            Some(delay) if !delay.is_zero() => {
                self.timers.set(in_time(now, delay), Deadline::Leg(attempt))
            }
            Some(_) | None => self.begin_leg(attempt),
        }
    }

    /// A leg's time has come: it starts late, or it has rung long enough.
    pub(crate) fn leg_timeout(&mut self, attempt: AttemptId) {
        let Some(originate) = self.originates.get(&attempt.originate) else {
            return;
        };
        if originate.decided {
            return;
        }
        match originate.legs.get(attempt.leg) {
            Some(LegState::Delayed(_)) => self.begin_leg(attempt),
            Some(LegState::Calling(channel)) => {
                let channel = channel.clone();
                self.hangup(&channel, HangupCause::NoAnswer, api::cause::Blame::Callee);
            }
            Some(LegState::Locating(_)) => {
                self.set_leg(attempt, LegState::Failed(HangupCause::NoAnswer));
                self.work.push_back(Work::Judge(attempt.originate));
            }
            Some(LegState::Opening { .. }) => self.give_up_opening(attempt, HangupCause::NoAnswer),
            Some(LegState::Failed(_)) | None => {}
        }
    }

    /// A leg whose media leg is being opened is over as soon as that has opened.
    fn give_up_opening(&mut self, attempt: AttemptId, cause: HangupCause) {
        if let Some(LegState::Opening { given_up, .. }) = self
            .originates
            .get_mut(&attempt.originate)
            .and_then(|originate| originate.legs.get_mut(attempt.leg))
        {
            *given_up = Some(cause);
        }
    }

    /// Begins a leg: finds its servers, where they have to be found.
    fn begin_leg(&mut self, attempt: AttemptId) {
        let known = self.take_hops_of_caller(attempt.originate);
        let Some(originate) = self.originates.get_mut(&attempt.originate) else {
            return;
        };
        let Some(slot) = originate.legs.get_mut(attempt.leg) else {
            return;
        };
        let LegState::Delayed(mut plan) =
            std::mem::replace(slot, LegState::Failed(HangupCause::None))
        else {
            return;
        };
        if let Target::Sip(sip) = &mut plan.target {
            if !known.is_empty() {
                sip.lookup = None;
                *slot = LegState::Locating(plan);
                return self.leg_found(attempt, Ok(known));
            }
            if let Some(destination) = sip.lookup.take() {
                *slot = LegState::Locating(plan);
                return self.look_up(destination, Asker::Leg(attempt));
            }
        }
        self.make_leg(attempt, plan);
    }

    /// Where the caller of a bridge was found to be going before it began. Its first leg has them; where it is sent
    /// later is another matter.
    fn take_hops_of_caller(&mut self, id: OriginateId) -> Vec<Hop> {
        let caller = self.originates.get(&id).and_then(|o| match &o.purpose {
            Purpose::Bridge { a } => Some(a.clone()),
            Purpose::Command { .. }
            | Purpose::Room { .. }
            | Purpose::VideoRoom(_)
            | Purpose::Fifo(..)
            | Purpose::Queue(..)
            | Purpose::Page(_) => None,
        });
        caller
            .and_then(|a| self.web_leg(&a).map(|leg| std::mem::take(&mut leg.hops)))
            .unwrap_or_default()
    }

    /// The servers of a leg's destination were looked for.
    pub(crate) fn leg_found(&mut self, attempt: AttemptId, found: Found) {
        let slot = self
            .originates
            .get_mut(&attempt.originate)
            .and_then(|o| o.legs.get_mut(attempt.leg))
            .filter(|slot| matches!(slot, LegState::Locating(_)));
        // Nobody waits for it any more.
        let Some(slot) = slot else { return };
        let LegState::Locating(mut plan) =
            std::mem::replace(slot, LegState::Failed(HangupCause::None))
        else {
            return;
        };
        let found = found.and_then(|hops| {
            let Target::Sip(sip) = &mut plan.target else {
                return Err("no SIP destination".into());
            };
            if let Some(profile) = self.config.profiles.get(sip.profile) {
                sip.targets = targets(profile, &hops);
            }
            if sip.targets.is_empty() {
                return Err("the profile does not reach its addresses".into());
            }
            Ok(())
        });
        match found {
            Ok(()) => self.make_leg(attempt, plan),
            Err(why) => {
                tracing::info!(%why, "A destination is not found");
                self.stillborn();
                let cause = HangupCause::NormalTemporaryFailure;
                self.set_leg(attempt, LegState::Failed(cause));
                self.work.push_back(Work::Judge(attempt.originate));
            }
        }
    }

    /// Makes the channel of a leg, after its media leg where it needs one.
    fn make_leg(&mut self, attempt: AttemptId, plan: Box<Plan>) {
        let Some(worker) = self.originates.get(&attempt.originate).map(|o| o.worker) else {
            return;
        };
        let mut media = self.new_media(worker);
        let state = match plan.target.rtp_bind() {
            Some(bind) => {
                self.open_media(&mut media, media::control::LegKind::Rtp { bind });
                self.opening.insert(media.id, attempt);
                LegState::Opening {
                    plan,
                    media: Box::new(media),
                    given_up: None,
                }
            }
            None => {
                let channel = self.make_outbound(attempt, *plan, media);
                LegState::Calling(channel)
            }
        };
        self.set_leg(attempt, state);
    }

    pub(super) fn set_leg(&mut self, attempt: AttemptId, state: LegState) {
        if let Some(slot) = self
            .originates
            .get_mut(&attempt.originate)
            .and_then(|o| o.legs.get_mut(attempt.leg))
        {
            *slot = state;
        }
    }

    /// The media leg of a call about to be made is open; true when it was one of ours.
    pub(crate) fn outbound_media_opened(
        &mut self,
        leg: LegId,
        local: Option<std::net::SocketAddr>,
        ssrc: Option<u32>,
    ) -> bool {
        let Some(attempt) = self.opening.remove(&leg) else {
            return false;
        };
        let Some((plan, mut media, given_up)) = self.take_opening(attempt) else {
            self.media(0, media::control::MediaCommand::CloseLeg { leg });
            return true;
        };
        media.open = true;
        media.opening = false;
        media.local = local;
        media.ssrc = ssrc;
        match self.line_for(attempt, &plan).filter(|_| given_up.is_none()) {
            Some(bind) => {
                let peer = self.new_peer();
                media.line = Line::Opening(peer);
                self.opening_lines.insert(peer, attempt);
                let opening = LegState::Opening {
                    plan,
                    media,
                    given_up: None,
                };
                self.set_leg(attempt, opening);
                self.peers(WebCommand::OpenLine { peer, bind });
            }
            None => self.leg_opened_whole(attempt, *plan, *media, given_up),
        }
        true
    }

    /// The ports for the video of a call about to be made are there, or there are none; true when they were for one.
    pub(crate) fn outbound_line_settled(&mut self, report: &WebReport) -> bool {
        let (peer, local) = match report {
            WebReport::LineOpened { peer, local } => (*peer, Some(*local)),
            WebReport::Refused { peer, .. } => (*peer, None),
            WebReport::Answered { .. }
            | WebReport::Offered { .. }
            | WebReport::Agreed { .. }
            | WebReport::PictureWanted { .. }
            | WebReport::Connected { .. }
            | WebReport::Ended { .. } => return false,
        };
        let Some(attempt) = self.opening_lines.remove(&peer) else {
            return false;
        };
        match self.take_opening(attempt) {
            Some((plan, mut media, given_up)) => {
                media.line = local.map_or(Line::Closed, |local| Line::Open(peer, local));
                self.leg_opened_whole(attempt, *plan, *media, given_up);
            }
            None => self.peers(WebCommand::Close { peer }),
        }
        true
    }

    /// Where the video of a leg needs ports: it goes to a phone, and its caller has pictures the phone may be offered.
    fn line_for(&self, attempt: AttemptId, plan: &Plan) -> Option<std::net::IpAddr> {
        let Target::Sip(sip) = &plan.target else {
            return None;
        };
        let originate = self.originates.get(&attempt.originate)?;
        let a = match &originate.purpose {
            Purpose::Bridge { a } if !originate.decided => a,
            Purpose::Bridge { .. }
            | Purpose::Command { .. }
            | Purpose::Room { .. }
            | Purpose::VideoRoom(_)
            | Purpose::Fifo(..)
            | Purpose::Queue(..)
            | Purpose::Page(_) => return None,
        };
        let formats = self.pictures_for(a, &self.codecs_for(sip, plan));
        (!formats.is_empty()).then_some(sip.rtp_bind)
    }

    /// Takes a leg out that waits for its ports, and why nobody waits for it any more, if so.
    fn take_opening(
        &mut self,
        attempt: AttemptId,
    ) -> Option<(Box<Plan>, Box<MediaLeg>, Option<HangupCause>)> {
        let originate = self.originates.get_mut(&attempt.originate)?;
        let lost = originate.decided.then_some(HangupCause::LoseRace);
        let slot = originate.legs.get_mut(attempt.leg)?;
        match std::mem::replace(slot, LegState::Failed(HangupCause::LoseRace)) {
            LegState::Opening {
                plan,
                media,
                given_up,
            } => Some((plan, media, lost.or(given_up))),
            other @ (LegState::Delayed(_)
            | LegState::Locating(_)
            | LegState::Calling(_)
            | LegState::Failed(_)) => {
                *slot = other;
                None
            }
        }
    }

    /// All ports of a leg are there: it becomes a channel, unless nobody waits for it any more.
    fn leg_opened_whole(
        &mut self,
        attempt: AttemptId,
        plan: Plan,
        media: MediaLeg,
        given_up: Option<HangupCause>,
    ) {
        if let Some(cause) = given_up {
            self.set_leg(attempt, LegState::Failed(cause));
            let leg = media.id;
            self.media(media.worker, media::control::MediaCommand::CloseLeg { leg });
            self.forget_line(media.line);
            self.work.push_back(Work::Judge(attempt.originate));
            return;
        }
        let channel = self.make_outbound(attempt, plan, media);
        self.set_leg(attempt, LegState::Calling(channel));
    }

    /// The media leg of a call about to be made could not be opened.
    pub(crate) fn outbound_media_failed(&mut self, leg: LegId) -> bool {
        let Some(attempt) = self.opening.remove(&leg) else {
            return false;
        };
        self.set_leg(
            attempt,
            LegState::Failed(HangupCause::NormalCircuitCongestion),
        );
        self.work.push_back(Work::Judge(attempt.originate));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(&str, &str)]) -> VariableList {
        pairs
            .iter()
            .map(|(n, v)| ((*n).into(), (*v).into()))
            .collect()
    }

    fn value<'l>(list: &'l VariableList, name: &str) -> &'l str {
        list.iter()
            .find(|(n, _)| &**n == name)
            .map(|(_, v)| &**v)
            .unwrap_or_default()
    }

    #[test]
    fn braces_win_as_variables_and_brackets_for_steering() {
        let (variables, steering) = merge(
            &list(&[("a", "global")]),
            &list(&[("x", "thread")]),
            &list(&[("x", "leg")]),
        );
        assert_eq!(
            (value(&variables, "x"), value(&steering, "x")),
            ("thread", "leg")
        );
        assert_eq!(
            (value(&variables, "a"), value(&steering, "a")),
            ("global", "global")
        );
    }

    #[test]
    fn local_var_clobber_lets_brackets_win() {
        let thread = list(&[("x", "thread"), ("local_var_clobber", "true")]);
        let (variables, _) = merge(&list(&[]), &thread, &list(&[("x", "leg")]));
        assert_eq!(value(&variables, "x"), "leg");
    }
}
