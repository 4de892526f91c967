//! Changing an established session from either side (RFC 3261 §14), and UPDATE from the peer
//! (RFC 3311).

use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng as _;

use super::{OutgoingReinvite, State};
use crate::endpoint::{Endpoint, EndpointError, Outcome, check_headers};
use crate::event::{Event, IncomingRequest, SessionId};
use crate::message::{Message, Method, parse_datagram};
use crate::transaction::{ClientOwner, Sent, SessionTimer};
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
        let busy = session.outgoing.is_some()
            || session.incoming.is_some()
            || session.owes_ack.is_some()
            || session.hangup_wanted.is_some();
        if busy || !matches!(session.state, State::Established) {
            return Err(EndpointError::InvalidState);
        }
        session.outgoing = Some(OutgoingReinvite {
            client: None,
            retry: None,
            sdp,
            headers: headers.to_vec(),
            attempts: 0,
            is_outdated: false,
        });
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
        let body = sdp.as_ref().map(|sdp| ("application/sdp", &sdp[..]));
        let key = self.send_in_dialog(
            now,
            id,
            &Method::Invite,
            &headers,
            body,
            ClientOwner::Reinvite(id),
        );
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
        let number = parse_datagram(sent.request.clone())
            .ok()
            .and_then(|request| request.cseq())
            .map(|cseq| cseq.number);
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
                let offered = session
                    .outgoing
                    .take()
                    .is_some_and(|outgoing| outgoing.sdp.is_some());
                if let Some(dialog) = session.dialog_mut() {
                    dialog.refresh(&response, flow);
                }
                if let Some(auth) = &mut session.auth {
                    auth.accepted();
                }
                if offered || matches!(session.state, State::Leaving) {
                    self.send_ack(id, number, None, None);
                } else {
                    session.owes_ack = Some(number);
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
            401 | 407 => match self.with_credentials(id, &sent.request, &response) {
                Some((key, bytes)) => {
                    if let Some(outgoing) = self
                        .sessions
                        .get_mut(&id)
                        .and_then(|session| session.outgoing.as_mut())
                    {
                        outgoing.client = Some(key);
                    }
                    self.start_client(
                        now,
                        key,
                        ClientOwner::Reinvite(id),
                        &Method::Invite,
                        bytes,
                        sent.target,
                    );
                }
                None => self.fail_reinvite(id, code),
            },
            // The peer has lost the dialog (§12.2.1.2).
            408 | 481 => self.on_dialog_lost(now, id),
            _ => self.fail_reinvite(id, code),
        }
    }

    /// Events about changes stop once we hang up.
    fn report(&mut self, id: SessionId, event: Event) {
        let is_established = self
            .sessions
            .get(&id)
            .is_some_and(|session| matches!(session.state, State::Established));
        if is_established {
            self.out.event(event);
        }
    }

    pub(crate) fn fail_reinvite(&mut self, id: SessionId, code: u16) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.outgoing.take().is_some() {
            self.report(id, Event::ReinviteFailed { session: id, code });
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
        if outgoing.attempts >= attempts || !matches!(session.state, State::Established) {
            return self.fail_reinvite(id, 491);
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
        if outgoing.is_outdated {
            session.outgoing = None;
            return self.report(id, Event::ReinviteOutdated { session: id });
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
        let established = matches!(session.state, State::Established);
        if is_update && sdp.is_none() {
            if let Some(dialog) = session.dialog_mut() {
                dialog.refresh(&message, flow);
            }
            let contact = [("Contact".to_owned(), format!("<{}>", session.contact))];
            return self.reply(now, server, 200, "", &contact, None);
        }
        if in_flight {
            return self.reply(now, server, 491, "", &[], None);
        }
        if session.incoming.is_some() || session.answer.is_some() || !established {
            // §14.2: a second one before the first is through; try again within ten seconds.
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
            return Ok(());
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
        if is_invite {
            self.await_ack(now, id, server, bytes);
        }
        Ok(())
    }
}
