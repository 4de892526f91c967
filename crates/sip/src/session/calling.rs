//! Placing calls: our INVITE until its final answer, forks included.

use std::time::Instant;

use bytes::Bytes;

use super::expiry::Expiry;
use super::reliable::Reliable;
use super::{Cancel, Session, State};
use crate::auth::ChallengeAnswerer;
use crate::dialog::{Dialog, Early, InDialog, via_value};
use crate::endpoint::{Endpoint, EndpointError, InviteRequest, Outcome, check_headers};
use crate::event::{Event, SessionId};
use crate::message::{
    HeaderName, Message, MessageWriter, Method, Uri, is_header_value, parse_datagram,
};
use crate::transaction::{ClientKey, ClientOwner, Due, Sent, SessionTimer, derived};
use crate::transport::{Flow, Transmit};

impl Endpoint {
    pub(crate) fn place_call(
        &mut self,
        now: Instant,
        request: InviteRequest,
    ) -> Outcome<SessionId> {
        for uri in [
            &request.to_uri,
            &request.from.uri,
            &request.to.uri,
            &request.local_contact,
        ] {
            Uri::parse(uri).map_err(|_| EndpointError::InvalidUri)?;
        }
        check_headers(&request.headers)?;
        let texts = [&request.from.display, &request.to.display]
            .into_iter()
            .chain(&request.route)
            .chain(&request.call_id);
        if !texts.into_iter().all(|text| is_header_value(text)) {
            return Err(EndpointError::InvalidHeader);
        }
        if self.sessions.len() >= self.config.limits.sessions || self.is_full() {
            return Err(EndpointError::LimitReached);
        }
        let id = self.next_session();
        let (tag, local_tag) = self.new_tag();
        let call_id = request
            .call_id
            .clone()
            .unwrap_or_else(|| self.new_call_id());
        let local = format!("{};tag={local_tag}", request.from.print());
        let local_cseq = self.first_cseq();
        let key = self.new_client_key();
        let mut writer = MessageWriter::request(&Method::Invite, &request.to_uri);
        writer.header(HeaderName::Via, &via_value(&request.target, key));
        writer.header(HeaderName::MaxForwards, &request.max_forwards.to_string());
        for route in &request.route {
            writer.header(HeaderName::Route, route);
        }
        writer.header(HeaderName::From, &local);
        writer.header(HeaderName::To, &request.to.print());
        writer.header(HeaderName::CallId, &call_id);
        writer.header(HeaderName::CSeq, &format!("{local_cseq} INVITE"));
        writer.header(HeaderName::Contact, &format!("<{}>", request.local_contact));
        let extensions = self.config.extensions_at(request.target.local);
        self.config.write_capabilities(&mut writer, &extensions);
        let expiry = Expiry::default();
        let timer_headers = expiry.request_headers(extensions.timer);
        for (name, value) in timer_headers.iter().chain(&request.headers) {
            writer.named(name, value);
        }
        let bytes = match &request.sdp {
            Some(sdp) => writer.finish_with("application/sdp", sdp),
            None => writer.finish(),
        };
        let timer =
            Some(self.arm_session(now + self.config.timers.ringing, id, SessionTimer::Ringing));
        self.tags.insert(tag, id);
        self.sessions.insert(
            id,
            Session {
                state: State::Inviting {
                    client: key,
                    cancel: Cancel::No,
                    timer,
                    offered: request.sdp.is_some(),
                },
                is_caller: true,
                call_id: call_id.into(),
                tag,
                local_tag: local_tag.into(),
                local: local.into(),
                contact: request.local_contact.into(),
                local_cseq,
                dialogs: Vec::new(),
                late_forks: Vec::new(),
                auth: request.credentials.map(ChallengeAnswerer::new),
                answer: None,
                owes_ack: None,
                outgoing: None,
                incoming: None,
                hangup_wanted: None,
                behind_refresh: None,
                extensions,
                reliable: Reliable::default(),
                expiry,
                takes_update: false,
                local_sdp: request.sdp,
            },
        );
        self.start_client(
            now,
            key,
            ClientOwner::Invite(id),
            &Method::Invite,
            bytes,
            request.target,
        );
        Ok(id)
    }

    /// A response to the INVITE that makes a session.
    pub(crate) fn on_invite_response(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        sent: &Sent,
        response: Message,
        code: u16,
    ) {
        let is_current = self.sessions.get(&id).is_some_and(
            |session| matches!(&session.state, State::Inviting { client, .. } if *client == sent.key),
        );
        match (code, is_current) {
            (100..=199, true) => self.on_progress(now, flow, id, &sent.request, response, code),
            (200..=299, true) => self.on_answered(now, flow, id, &sent.request, response, code),
            (200..=299, false) => self.on_late_answer(now, flow, id, &sent.request, &response),
            (100..=199, false) => {}
            (_, true) => self.on_rejected(now, id, sent, response, code),
            // The failure of an INVITE that was repeated with credentials.
            (_, false) => {}
        }
    }

    fn on_progress(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        sent: &Bytes,
        response: Message,
        code: u16,
    ) {
        let forks = self.config.limits.forks;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Inviting { cancel, .. } = &session.state else {
            return;
        };
        if let Cancel::Wanted { .. } = cancel {
            return self.send_cancel(now, id);
        }
        let cancelled = matches!(cancel, Cancel::Sent { .. });
        if code == 100 || cancelled {
            return;
        }
        session.learn_abilities(&response);
        let to_tag: Box<str> = response.to().and_then(|to| to.tag()).unwrap_or("").into();
        if !to_tag.is_empty() {
            let has_room = session.dialogs.len() < forks;
            match session
                .dialogs
                .iter_mut()
                .find(|dialog| dialog.remote_tag == to_tag)
            {
                Some(dialog) => dialog.refresh(&response, flow),
                None if has_room => {
                    if let Ok(invite) = parse_datagram(sent.clone()) {
                        session
                            .dialogs
                            .push(Dialog::from_response(&invite, &response, flow));
                    }
                }
                // Reported, but not kept: one INVITE must not fill the memory.
                None => {}
            }
        }
        let Some(sdp) = self.take_progress(now, id, &to_tag, &response) else {
            return;
        };
        self.out.event(Event::Progress {
            session: id,
            code,
            sdp,
            to_tag,
            response,
        });
    }

    fn on_answered(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        sent: &Bytes,
        response: Message,
        code: u16,
    ) {
        let Ok(invite) = parse_datagram(sent.clone()) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Inviting {
            cancel,
            timer,
            offered,
            ..
        } = &mut session.state
        else {
            return;
        };
        let offered = *offered;
        self.out.timers.cancel(timer);
        let gave_up = match cancel {
            Cancel::No => None,
            Cancel::Wanted { headers, timed_out } => Some((std::mem::take(headers), *timed_out)),
            Cancel::Sent { timed_out } => Some((Vec::new(), *timed_out)),
        };
        let mut dialog = Dialog::from_response(&invite, &response, flow);
        // The peer's requests of the early dialog count on, and what was agreed in it is agreed.
        let mut agreed = None;
        if let Some(early) = session
            .dialogs
            .iter_mut()
            .find(|early| early.remote_tag == dialog.remote_tag)
        {
            dialog.remote_cseq = early.remote_cseq;
            if let Early::Agreed(answer) = &mut early.early {
                agreed = Some(answer.take());
            }
        }
        session.learn_abilities(&response);
        session.dialogs.clear();
        session.dialogs.push(dialog);
        session.state = State::Established;
        if let Some(auth) = &mut session.auth {
            auth.accepted();
        }
        let number = invite.cseq().map_or(session.local_cseq, |cseq| cseq.number);
        if let Some((headers, timed_out)) = gave_up {
            // The 2xx overtook our CANCEL: take the call and hang it up (§9.1).
            self.send_ack(id, number, Some(&invite), None);
            if timed_out {
                self.send_bye(now, id, &headers, ClientOwner::Nobody);
                self.end_session(now, id, Event::Timeout { session: id });
            } else {
                self.leave(now, id, &headers);
            }
            return;
        }
        if offered || agreed.is_some() {
            self.send_ack(id, number, Some(&invite), None);
        } else {
            session.owes_ack = Some(number);
        }
        self.on_refreshed(now, id, &response);
        let to_tag = response.to().and_then(|to| to.tag()).unwrap_or("").into();
        // Descriptions behind a reliable answer mean nothing (RFC 3261 §13.2.1).
        let sdp = agreed.unwrap_or_else(|| response.sdp());
        self.out.event(Event::Answered {
            session: id,
            code,
            sdp,
            to_tag,
            response,
        });
    }

    fn on_rejected(
        &mut self,
        now: Instant,
        id: SessionId,
        sent: &Sent,
        response: Message,
        code: u16,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Inviting { cancel, .. } = &session.state else {
            return;
        };
        match cancel {
            Cancel::Wanted {
                timed_out: true, ..
            }
            | Cancel::Sent { timed_out: true } => {
                return self.end_session(now, id, Event::Timeout { session: id });
            }
            Cancel::Wanted { .. } | Cancel::Sent { .. } => {
                return self.end_session(now, id, Event::Ended { session: id });
            }
            Cancel::No => {}
        }
        let again = match code {
            401 | 407 => self.with_credentials(id, &sent.request, &response),
            422 => self.with_longer_interval(id, sent, &response),
            _ => None,
        };
        if let Some((key, bytes)) = again {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.dialogs.clear();
                if let State::Inviting { client, .. } = &mut session.state {
                    *client = key;
                }
            }
            return self.start_client(
                now,
                key,
                ClientOwner::Invite(id),
                &Method::Invite,
                bytes,
                sent.target,
            );
        }
        self.end_session(
            now,
            id,
            Event::Rejected {
                session: id,
                code,
                response,
            },
        );
    }

    /// The request of a session again, with credentials and the next number.
    pub(crate) fn with_credentials(
        &mut self,
        id: SessionId,
        sent: &Bytes,
        challenge: &Message,
    ) -> Option<(ClientKey, Bytes)> {
        let request = parse_datagram(sent.clone()).ok()?;
        let key = self.new_client_key();
        let session = self.sessions.get_mut(&id)?;
        let auth = session.auth.as_mut()?;
        let headers = auth.answer(
            challenge,
            request.method()?,
            request.request_uri()?,
            &mut self.rng,
        )?;
        let number = session.local_cseq + 1;
        let bytes = derived::repeat_with(&request, key, number, &headers)?;
        session.local_cseq = number;
        Some((key, bytes))
    }

    /// Sends the ACK for a 2xx and keeps it for repetitions. Credentials of the INVITE go along
    /// (§22.1).
    pub(crate) fn send_ack(
        &mut self,
        id: SessionId,
        number: u32,
        invite: Option<&Message>,
        sdp: Option<&Bytes>,
    ) {
        let key = self.new_client_key();
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Some(dialog) = session.dialogs.last_mut() else {
            return;
        };
        if let Some(sdp) = sdp {
            session.local_sdp = Some(sdp.clone());
        }
        let headers: Vec<_> = invite
            .into_iter()
            .flat_map(Message::headers)
            .filter(|header| {
                matches!(
                    header.name,
                    HeaderName::Authorization | HeaderName::ProxyAuthorization
                )
            })
            .map(|header| (header.raw_name.to_owned(), header.value.to_owned()))
            .collect();
        let bytes = InDialog {
            dialog,
            config: &self.config,
            extensions: session.extensions,
            local: &session.local,
            call_id: &session.call_id,
            contact: &session.contact,
            method: &Method::Ack,
            key,
            number,
            headers: &headers,
            body: sdp.map(|sdp| ("application/sdp", &sdp[..])),
        }
        .print();
        let transmit = Transmit {
            target: dialog.target(),
            bytes,
        };
        dialog.ack = Some((number, transmit.clone()));
        self.out.transmits.push_back(transmit);
    }

    /// Sends the CANCEL of our INVITE, once.
    pub(crate) fn send_cancel(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Inviting {
            client,
            cancel,
            timer,
            ..
        } = &mut session.state
        else {
            return;
        };
        let Cancel::Wanted { headers, timed_out } = cancel else {
            return;
        };
        let Some(transaction) = self.clients.get(client) else {
            return;
        };
        let Ok(invite) = parse_datagram(transaction.request().clone()) else {
            return;
        };
        let (key, target) = (client.cancel(), transaction.target());
        let bytes = derived::cancel_of(&invite, headers);
        *cancel = Cancel::Sent {
            timed_out: *timed_out,
        };
        self.out.timers.cancel(timer);
        let wait = now + self.config.timers.sixty_four_t1();
        *timer = Some(
            self.out
                .timers
                .arm(wait, Due::Session(id, SessionTimer::CancelUnanswered)),
        );
        self.start_client(
            now,
            key,
            ClientOwner::Nobody,
            &Method::Cancel,
            bytes,
            target,
        );
    }

    /// No final response came to our INVITE.
    pub(crate) fn on_invite_timeout(&mut self, now: Instant, id: SessionId, key: ClientKey) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let State::Inviting { client, cancel, .. } = &session.state else {
            return;
        };
        if *client != key {
            return;
        }
        let hung_up = matches!(
            cancel,
            Cancel::Wanted {
                timed_out: false,
                ..
            } | Cancel::Sent { timed_out: false }
        );
        let event = if hung_up {
            Event::Ended { session: id }
        } else {
            Event::Timeout { session: id }
        };
        self.end_session(now, id, event);
    }
}
