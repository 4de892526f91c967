//! What the SIP endpoint reports, and what becomes of it.

use api::cause::Blame;
use api::{ChannelId, HangupCause};
use bytes::Bytes;
use sip::event::{Event, SessionId};
use sip::message::Message;
use sip::message::header::Reason;

use super::inbound::cause_of;
use crate::Switch;

impl Switch {
    /// One event of the SIP endpoint.
    pub(crate) fn sip_event(&mut self, event: Event) {
        match event {
            Event::Invite { session, request } => self.incoming_invite(session, request),
            Event::Request {
                id,
                session,
                request,
            } => self.incoming_request(id, session, request),
            Event::Resubscribe {
                id,
                subscription,
                request,
            } => self.resubscribe(id, subscription, &request),
            Event::Progress {
                session,
                code,
                sdp,
                response,
                ..
            } => {
                self.with(session, |switch, id| {
                    switch.sip_progress(id, code, sdp, &response)
                });
            }
            Event::Answered {
                session,
                sdp,
                response,
                ..
            } => {
                self.with(session, |switch, id| {
                    switch.sip_answered(id, sdp, &response)
                });
            }
            Event::Rejected {
                session,
                code,
                response,
            } => {
                self.with(session, |switch, id| {
                    if code != 503 || !switch.try_next_server(id) {
                        switch.sip_rejected(id, code, &response);
                    }
                });
                self.sessions.remove(&session);
            }
            Event::Acked { session, sdp } => {
                self.with(session, |switch, id| switch.sip_acked(id, sdp));
            }
            Event::ProgressAcked { session, sdp } => {
                self.with(session, |switch, id| switch.take_late_answer(id, sdp));
            }
            Event::Cancelled { session, request } => {
                self.with(session, |switch, id| {
                    switch.peer_ended(id, "recv_cancel");
                    let named = cause_of(&request, Some(487));
                    let mut reasons = Reason::of(&request);
                    let cause = if reasons.any(|reason| reason.is_completed_elsewhere()) {
                        HangupCause::LoseRace
                    } else if named == HangupCause::NormalClearing {
                        HangupCause::OriginatorCancel
                    } else {
                        named
                    };
                    switch.hangup(id, cause, Blame::Caller);
                });
                self.sessions.remove(&session);
            }
            Event::Bye { session, request } => {
                self.with(session, |switch, id| switch.sip_bye(id, &request));
                self.sessions.remove(&session);
            }
            Event::Reinvite {
                session,
                sdp,
                request,
            } => {
                self.with(session, |switch, id| {
                    switch.peer_reinvites(id, sdp, &request)
                });
            }
            Event::ReinviteAnswered {
                session,
                sdp,
                response,
            } => {
                self.with(session, |switch, id| {
                    switch.reinvite_answered(id, sdp, &response)
                });
            }
            Event::ReinviteFailed { session, code } => {
                self.with(session, |switch, id| switch.reinvite_failed(id, code));
            }
            Event::ReinviteOutdated { session } => {
                self.with(session, |switch, id| switch.reinvite_outdated(id));
            }
            Event::Info {
                session,
                content_type,
                body,
            } => {
                self.with(session, |switch, id| {
                    switch.sip_info(id, &content_type, &body)
                });
            }
            Event::ForkAnswered { session, to_tag } => {
                tracing::debug!(?session, to_tag = %to_tag, "A further fork was hung up");
            }
            Event::Timeout { session } => {
                self.with(session, |switch, id| {
                    if switch.try_next_server(id) {
                        return;
                    }
                    switch.peer_ended(id, "recv_cancel");
                    switch.hangup(id, HangupCause::RecoveryOnTimerExpire, Blame::Upstream);
                });
                self.sessions.remove(&session);
            }
            Event::Expired { session } => {
                self.with(session, |switch, id| {
                    switch.peer_ended(id, "send_bye");
                    switch.hangup(id, HangupCause::RecoveryOnTimerExpire, Blame::Upstream);
                });
                self.sessions.remove(&session);
            }
            Event::TransportFailed { session } => {
                self.with(session, |switch, id| {
                    if !switch.try_next_server(id) {
                        switch.sip_unreachable(id);
                    }
                });
                self.sessions.remove(&session);
            }
            Event::Ended { session } => {
                self.sessions.remove(&session);
            }
            Event::Response {
                id, code, response, ..
            } => {
                if !self.message_answered(id, code, response.as_ref())
                    && !self.register_answered(id, code, response.as_ref())
                    && !self.notify_answered(id, code, response.is_some())
                    && !self.ping_answered(id, code, response.as_ref())
                {
                    tracing::debug!(?id, code, "Response to a request of ours");
                }
            }
            Event::FlowClosed { flow } => self.flow_closed(flow),
        }
    }

    /// Runs `act` for the session's channel, if it still has one.
    fn with(&mut self, session: SessionId, act: impl FnOnce(&mut Self, &ChannelId)) {
        if let Some(id) = self.sessions.get(&session).cloned() {
            act(self, &id);
        }
    }

    /// The session has ended from the other side.
    fn peer_ended(&mut self, id: &ChannelId, disposition: &'static str) {
        if let Some(leg) = self.sip_leg(id) {
            leg.session = None;
            leg.disposition = Some(disposition);
        }
    }

    fn sip_bye(&mut self, id: &ChannelId, request: &Message) {
        let cause = cause_of(request, None);
        self.peer_ended(id, "recv_bye");
        self.request_variables(id, request);
        let agent = request.header_named("User-Agent").map(Box::from);
        if let Some(leg) = self.sip_leg(id) {
            leg.ended_by = agent;
        }
        self.term_variables(id, request, 200, cause);
        let inbound = self
            .channels
            .get(id)
            .is_some_and(|live| live.seen.direction == api::view::Direction::Inbound);
        self.hangup(
            id,
            cause,
            if inbound {
                Blame::Caller
            } else {
                Blame::Callee
            },
        );
    }

    fn sip_acked(&mut self, id: &ChannelId, sdp: Option<Bytes>) {
        self.settle_bypass(id);
        self.take_late_answer(id, sdp);
    }

    /// The caller's answer to an offer of ours, in its ACK or PRACK.
    fn take_late_answer(&mut self, id: &ChannelId, sdp: Option<Bytes>) {
        let awaits = self.sip_leg(id).is_some_and(|leg| leg.awaits_answer);
        if !awaits {
            return;
        }
        let taken = sdp.is_some_and(|text| self.take_answer(id, &text));
        if !taken {
            tracing::info!(channel = %id, "No usable answer to our offer");
            self.hangup(id, HangupCause::IncompatibleDestination, Blame::Caller);
        }
    }
}
