//! Changing a session from either side: by re-INVITE (RFC 3261 §14), and before the final answer by UPDATE (RFC 3311).

use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng as _;

use super::expiry::judge;
use super::open_offer::{OpenOffer, is_foreign_body, may_change, open_offer};
use super::{OutgoingReinvite, State};
use crate::dialog::Early;
use crate::endpoint::{Endpoint, EndpointError, Outcome, check_headers};
use crate::event::{Event, IncomingRequest, SessionId};
use crate::message::{Message, Method, parse_datagram};
use crate::transaction::{ClientKey, ClientOwner, Sent, SessionTimer};
use crate::transport::Flow;

impl Endpoint {
    pub(crate) fn start_reinvite(
        &mut self,
        now: Instant,
        id: SessionId,
        sdp: Option<Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        check_headers(headers)?;
        let session = self
            .sessions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSession)?;
        let refreshes = session
            .outgoing
            .as_ref()
            .is_some_and(|outgoing| outgoing.is_refresh);
        let busy = session.outgoing.is_some() && !refreshes
            || session.behind_refresh.is_some()
            || session.incoming.is_some()
            || session.owes_ack.is_some()
            || session.hangup_wanted.is_some();
        if busy || !may_change(session) || (session.is_early() && sdp.is_none()) {
            return Err(EndpointError::InvalidState);
        }
        let change = OutgoingReinvite::new(sdp, headers.to_vec());
        if refreshes {
            session.behind_refresh = Some(change);
            return Ok(());
        }
        session.outgoing = Some(change);
        self.resume_reinvite(now, id);
        Ok(())
    }

    /// Sends a waiting re-INVITE, unless an ACK is still missing: then it goes out behind that.
    pub(crate) fn resume_reinvite(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.answer.is_some() {
            return;
        }
        let Some(outgoing) = session
            .outgoing
            .as_mut()
            .filter(|outgoing| outgoing.client.is_none() && outgoing.retry.is_none())
        else {
            return;
        };
        let (sdp, headers) = (outgoing.sdp.clone(), outgoing.headers.clone());
        let method = if session.is_early() {
            Method::Update
        } else {
            Method::Invite
        };
        let body = sdp.as_ref().map(|sdp| ("application/sdp", &sdp[..]));
        let owner = ClientOwner::Reinvite(id);
        let key = self.send_in_dialog(now, id, &method, &headers, body, owner);
        if let Some(outgoing) = self
            .sessions
            .get_mut(&id)
            .and_then(|session| session.outgoing.as_mut())
        {
            outgoing.client = key;
        }
    }

    pub(crate) fn on_reinvite_response(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        sent: &Sent,
        response: Message,
        code: u16,
    ) {
        if code < 200 {
            return;
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let is_current = session
            .outgoing
            .as_ref()
            .is_some_and(|outgoing| outgoing.client == Some(sent.key));
        let asked = parse_datagram(sent.request.clone())
            .ok()
            .and_then(|request| request.cseq());
        let is_invite = asked
            .as_ref()
            .is_some_and(|cseq| cseq.method == Method::Invite);
        let number = asked.as_ref().map(|cseq| cseq.number);
        if !is_current {
            // A 2xx again: its ACK was lost.
            if let Some((acked, ack)) = session.dialog().and_then(|dialog| dialog.ack.as_ref())
                && (200..300).contains(&code)
                && Some(*acked) == number
            {
                self.out.transmits.push_back(ack.clone());
            }
            return;
        }
        match code {
            200..=299 => {
                let Some(number) = number else { return };
                let change = session.outgoing.take();
                let offered = change.as_ref().is_some_and(|change| change.sdp.is_some());
                let is_refresh = change.as_ref().is_some_and(|change| change.is_refresh);
                if let Some(sdp) = change.and_then(|change| change.sdp) {
                    session.local_sdp = Some(sdp);
                }
                let settled = session.is_early();
                session.learn_abilities(&response);
                if let Some(dialog) = session.dialog_mut() {
                    dialog.refresh(&response, flow);
                    if settled {
                        dialog.early = Early::Agreed(None);
                    }
                }
                if let Some(auth) = &mut session.auth {
                    auth.accepted();
                }
                if !is_invite {
                    // Nothing acknowledges the answer to an UPDATE.
                } else if offered || matches!(session.state, State::Leaving) {
                    self.send_ack(id, number, None, None);
                } else {
                    session.owes_ack = Some(number);
                }
                self.on_refreshed(now, id, &response);
                if is_refresh {
                    return self.change_behind_refresh(now, id);
                }
                let sdp = response.sdp();
                self.report(
                    id,
                    Event::ReinviteAnswered {
                        session: id,
                        sdp,
                        response,
                    },
                );
            }
            491 => self.retry_after_glare(now, id),
            401 | 407 => {
                let again = self.with_credentials(id, &sent.request, &response);
                self.repeat_change(now, id, sent, is_invite, again, code);
            }
            422 => {
                let again = self.with_longer_interval(id, sent, &response);
                self.repeat_change(now, id, sent, is_invite, again, code);
            }
            // The peer has lost the dialog (§12.2.1.2).
            408 | 481 => self.on_dialog_lost(now, id),
            _ => self.fail_reinvite(now, id, code),
        }
    }

    /// Sends a change in another form, or gives it up when there is none.
    fn repeat_change(
        &mut self,
        now: Instant,
        id: SessionId,
        sent: &Sent,
        is_invite: bool,
        again: Option<(ClientKey, Bytes)>,
        code: u16,
    ) {
        let Some((key, bytes)) = again else {
            return self.fail_reinvite(now, id, code);
        };
        let session = self.sessions.get_mut(&id);
        if let Some(outgoing) = session.and_then(|session| session.outgoing.as_mut()) {
            outgoing.client = Some(key);
        }
        let method = if is_invite {
            Method::Invite
        } else {
            Method::Update
        };
        let owner = ClientOwner::Reinvite(id);
        self.start_client(now, key, owner, &method, bytes, sent.target);
    }

    /// The refresh is through, or has failed: what the owner wants comes next.
    fn change_behind_refresh(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.outgoing = session.behind_refresh.take();
        self.resume_reinvite(now, id);
    }

    /// Events about changes stop once we hang up.
    fn report(&mut self, id: SessionId, event: Event) {
        let goes_on = self
            .sessions
            .get(&id)
            .is_some_and(|session| !matches!(session.state, State::Leaving));
        if goes_on {
            self.out.event(event);
        }
    }

    pub(crate) fn fail_reinvite(&mut self, now: Instant, id: SessionId, code: u16) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match session.outgoing.take() {
            Some(change) if change.is_refresh => {
                self.refresh_later(now, id);
                self.change_behind_refresh(now, id);
            }
            Some(_) => self.report(id, Event::ReinviteFailed { session: id, code }),
            None => {}
        }
    }

    /// Ends a session whose peer does not know or answer it any more.
    pub(crate) fn on_dialog_lost(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.outgoing = None;
        match session.state {
            State::Established => {
                self.send_bye(now, id, &[], ClientOwner::Nobody);
                self.end_session(now, id, Event::Timeout { session: id });
            }
            State::Leaving | State::Inviting { .. } | State::Incoming { .. } => {}
        }
    }

    /// Both sides asked at once: waits 2.1–4 s when the Call-ID is ours, else 0–2 s, in steps of
    /// 10 ms (§14.1).
    fn retry_after_glare(&mut self, now: Instant, id: SessionId) {
        let attempts = self.config.limits.pending_per_session;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let steps = if session.is_caller {
            self.rng.random_range(210..=400)
        } else {
            self.rng.random_range(0..=200)
        };
        let Some(outgoing) = &mut session.outgoing else {
            return;
        };
        outgoing.client = None;
        outgoing.attempts += 1;
        let is_over = matches!(session.state, State::Leaving);
        if outgoing.attempts >= attempts || is_over {
            return self.fail_reinvite(now, id, 491);
        }
        let at = now + Duration::from_millis(steps * 10);
        outgoing.retry = Some(self.out.timers.arm(
            at,
            crate::transaction::Due::Session(id, SessionTimer::RetryReinvite),
        ));
    }

    pub(crate) fn on_retry_reinvite(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Some(outgoing) = &mut session.outgoing else {
            return;
        };
        outgoing.retry = None;
        if session.incoming.is_some() {
            return self.retry_after_glare(now, id);
        }
        if outgoing.is_outdated && outgoing.is_refresh {
            // The peer's change was a refresh, too.
            return self.change_behind_refresh(now, id);
        }
        if outgoing.is_outdated {
            session.outgoing = None;
            return self.report(id, Event::ReinviteOutdated { session: id });
        }
        if session.is_early() && !may_change(session) {
            return self.fail_reinvite(now, id, 491);
        }
        self.resume_reinvite(now, id);
    }

    /// A re-INVITE, or an UPDATE, of the peer.
    pub(crate) fn on_peer_change(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        server: u64,
        message: Message,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let in_flight = session
            .outgoing
            .as_ref()
            .is_some_and(|outgoing| outgoing.client.is_some())
            || session.owes_ack.is_some();
        let is_update = message.method() == Some(&Method::Update);
        let sdp = message.sdp();
        match judge(session.extensions.timer, &message) {
            Ok(grant) => session.expiry.grant(grant),
            Err(minimum_s) => {
                let headers = [("Min-SE".to_owned(), minimum_s.to_string())];
                return self.reply(now, server, 422, "", &headers, None);
            }
        }
        if is_update && sdp.is_none() {
            if is_foreign_body(&message) {
                let headers = [("Accept".to_owned(), "application/sdp".to_owned())];
                return self.reply(now, server, 415, "", &headers, None);
            }
            return self.refresh_by_peer(now, flow, id, server, &message);
        }
        if in_flight {
            return self.reply(now, server, 491, "", &[], None);
        }
        let early = session.is_early().then(|| open_offer(session, &message));
        let early = match early {
            Some(OpenOffer::Ours) => return self.reply(now, server, 491, "", &[], None),
            Some(OpenOffer::Theirs) => false,
            Some(OpenOffer::None) => is_update,
            None => false,
        };
        let established = matches!(session.state, State::Established);
        if session.incoming.is_some() || session.answer.is_some() || !(established || early) {
            // §14.2, RFC 3311 §5.2: another one before the first is through; try again within ten seconds.
            let seconds = self.rng.random_range(0..=10_u32);
            return self.reply(
                now,
                server,
                500,
                "",
                &[("Retry-After".into(), seconds.to_string())],
                None,
            );
        }
        if let Some(dialog) = session.dialog_mut() {
            dialog.refresh(&message, flow);
        }
        session.incoming = Some(server);
        let request = IncomingRequest {
            message,
            flow: *flow,
        };
        self.out.event(Event::Reinvite {
            session: id,
            sdp,
            request,
        });
    }

    /// An UPDATE without a description: the target and the session timer are refreshed, nothing else.
    fn refresh_by_peer(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        server: u64,
        message: &Message,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let tag = message.from().and_then(|from| from.tag()).unwrap_or("");
        let mut dialogs = session.dialogs.iter_mut();
        if let Some(dialog) = dialogs.find(|dialog| *dialog.remote_tag == *tag) {
            dialog.refresh(message, flow);
        }
        if !matches!(session.state, State::Established) {
            // The timer starts with the final answer (RFC 4028 §7.2).
            session.expiry.grant(None);
        }
        let is_established = matches!(session.state, State::Established);
        let Some(bytes) = self.dialog_response(id, server, 200, "", None, &[]) else {
            return;
        };
        self.run_server(now, server, 200, bytes);
        if is_established {
            self.start_granted(now, id);
        }
    }

    pub(crate) fn answer_change(
        &mut self,
        now: Instant,
        id: SessionId,
        code: u16,
        sdp: Option<&Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        check_headers(headers)?;
        let session = self
            .sessions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSession)?;
        let server = session.incoming.ok_or(EndpointError::InvalidState)?;
        if code != 200 && !(300..700).contains(&code) {
            return Err(EndpointError::InvalidCode);
        }
        session.incoming = None;
        if code >= 300 {
            self.reply(now, server, code, "", headers, None);
            self.continue_answering(now, id);
            return Ok(());
        }
        let is_early = session.is_early();
        if let Some(dialog) = session.dialog_mut().filter(|_| is_early) {
            // What the owner hears with the final answer is what has been agreed last.
            dialog.early = Early::Agreed(None);
        }
        // What we offered before is no offer for the session as it is from here on.
        if let Some(outgoing) = &mut session.outgoing {
            outgoing.is_outdated = outgoing.sdp.is_some();
        }
        let is_invite = self
            .servers
            .get(&server)
            .is_some_and(|transaction| transaction.method == Method::Invite);
        let bytes = self
            .dialog_response(id, server, code, "", sdp, headers)
            .ok_or(EndpointError::InvalidState)?;
        self.run_server(now, server, code, bytes.clone());
        if !is_early {
            self.start_granted(now, id);
        }
        if is_invite {
            self.await_ack(now, id, server, bytes);
        }
        self.continue_answering(now, id);
        Ok(())
    }
}
