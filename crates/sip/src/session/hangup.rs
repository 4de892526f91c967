//! Ending sessions, from either side.

use std::time::Instant;

use super::{Cancel, State};
use crate::dialog::InDialog;
use crate::endpoint::{Endpoint, EndpointError, Outcome, check_headers};
use crate::event::{Event, SessionId};
use crate::message::{Message, Method};
use crate::transaction::{ClientOwner, Sent};

impl Endpoint {
    pub(crate) fn hang_up(
        &mut self,
        now: Instant,
        id: SessionId,
        code: u16,
        headers: &[(String, String)],
    ) -> Outcome {
        check_headers(headers)?;
        let session = self
            .sessions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSession)?;
        match &mut session.state {
            State::Incoming { .. } => {
                // Hung up as if it were answered, but the answer still waits for a PRACK.
                let is_answered = session.reliable.answer_waits() && code < 300;
                let code = if is_answered { 480 } else { code };
                self.send_rejection(now, id, code, "", headers)
            }
            State::Inviting { client, cancel, .. } => {
                if matches!(cancel, Cancel::No) {
                    *cancel = Cancel::Wanted {
                        headers: headers.to_vec(),
                        timed_out: false,
                    };
                    if self
                        .clients
                        .get(client)
                        .is_some_and(|transaction| transaction.may_cancel())
                    {
                        self.send_cancel(now, id);
                    }
                }
                Ok(())
            }
            State::Established if !session.is_caller && session.answer.is_some() => {
                // No BYE before the ACK of our 2xx (§15). Asked twice, the first reason stays.
                session
                    .hangup_wanted
                    .get_or_insert_with(|| headers.to_vec());
                Ok(())
            }
            State::Established => {
                if let Some(number) = session.owes_ack.take() {
                    self.send_ack(id, number, None, None);
                }
                self.leave(now, id, headers);
                Ok(())
            }
            State::Leaving => Ok(()),
        }
    }

    /// Sends BYE; `Ended` follows its outcome.
    pub(crate) fn leave(&mut self, now: Instant, id: SessionId, headers: &[(String, String)]) {
        self.drop_session_timers(id);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.state = State::Leaving;
        }
        self.send_bye(now, id, headers, ClientOwner::Bye(id));
    }

    pub(crate) fn send_bye(
        &mut self,
        now: Instant,
        id: SessionId,
        headers: &[(String, String)],
        owner: ClientOwner,
    ) {
        self.send_in_dialog(now, id, &Method::Bye, headers, None, owner);
    }

    /// Prints and sends a request in the session's dialog, under the next number.
    pub(crate) fn send_in_dialog(
        &mut self,
        now: Instant,
        id: SessionId,
        method: &Method,
        headers: &[(String, String)],
        body: Option<(&str, &[u8])>,
        owner: ClientOwner,
    ) -> Option<crate::transaction::ClientKey> {
        let remote_tag = self.sessions.get(&id)?.dialog()?.remote_tag.clone();
        self.send_in_dialog_of(now, id, &remote_tag, method, headers, body, owner)
    }

    /// The same in the dialog with that tag of the peer; there are several while forks ring.
    #[expect(
        clippy::too_many_arguments,
        reason = "a request is made of so many things"
    )]
    pub(crate) fn send_in_dialog_of(
        &mut self,
        now: Instant,
        id: SessionId,
        remote_tag: &str,
        method: &Method,
        headers: &[(String, String)],
        body: Option<(&str, &[u8])>,
        owner: ClientOwner,
    ) -> Option<crate::transaction::ClientKey> {
        let key = self.new_client_key();
        let session = self.sessions.get_mut(&id)?;
        let dialog = session
            .dialogs
            .iter()
            .find(|dialog| *dialog.remote_tag == *remote_tag)?;
        session.local_cseq += 1;
        let timer = if matches!(method, Method::Invite | Method::Update) {
            session.expiry.request_headers(session.extensions.timer)
        } else {
            Vec::new()
        };
        let headers = &[headers, &timer].concat();
        let bytes = InDialog {
            dialog,
            config: &self.config,
            extensions: session.extensions,
            local: &session.local,
            call_id: &session.call_id,
            contact: &session.contact,
            method,
            key,
            number: session.local_cseq,
            headers,
            body,
        }
        .print();
        let target = dialog.target();
        self.start_client(now, key, owner, method, bytes, target);
        Some(key)
    }

    /// The final response to our BYE: whatever it says, the session is over.
    pub(crate) fn on_bye_response(
        &mut self,
        now: Instant,
        id: SessionId,
        sent: &Sent,
        response: &Message,
        code: u16,
    ) {
        if code < 200 {
            return;
        }
        if matches!(code, 401 | 407)
            && let Some((key, bytes)) = self.with_credentials(id, &sent.request, response)
        {
            return self.start_client(
                now,
                key,
                ClientOwner::Bye(id),
                &Method::Bye,
                bytes,
                sent.target,
            );
        }
        self.end_session(now, id, Event::Ended { session: id });
    }

    /// The peer hangs up. A pending INVITE of either kind gets 487.
    pub(crate) fn on_bye(&mut self, now: Instant, id: SessionId, server: u64, request: Message) {
        self.reply(now, server, 200, "", &[], None);
        if let Some(State::Incoming { server }) =
            self.sessions.get(&id).map(|session| &session.state)
        {
            let server = *server;
            self.reply(now, server, 487, "", &[], None);
        }
        self.end_session(
            now,
            id,
            Event::Bye {
                session: id,
                request,
            },
        );
    }

    /// The peer cancels an INVITE that we have not answered.
    pub(crate) fn on_cancelled(&mut self, now: Instant, invite: u64, request: Message) {
        let Some(id) = self
            .servers
            .get(&invite)
            .and_then(|transaction| transaction.session)
        else {
            return;
        };
        self.reply(now, invite, 487, "", &[], None);
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match session.state {
            State::Incoming { .. } => self.end_session(
                now,
                id,
                Event::Cancelled {
                    session: id,
                    request,
                },
            ),
            // A re-INVITE was withdrawn; the session goes on.
            State::Established | State::Leaving | State::Inviting { .. } => session.incoming = None,
        }
    }

    /// The terminal event: removes everything of the session but transactions that end by themselves.
    pub(crate) fn end_session(&mut self, now: Instant, id: SessionId, event: Event) {
        debug_assert!(event.is_terminal(), "a session ends with a terminal event");
        self.drop_session_timers(id);
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        self.tags.remove(&session.tag);
        if let Some(server) = session.incoming {
            self.reply(now, server, 487, "", &[], None);
        }
        tracing::debug!(session = id.0, because = ?std::mem::discriminant(&event), "Session ends");
        self.out.event(event);
    }

    pub(crate) fn drop_session_timers(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let timers = &mut self.out.timers;
        session.expiry.stop(timers);
        session.reliable.stop(timers);
        if let State::Inviting { timer, .. } = &mut session.state {
            timers.cancel(timer);
        }
        if let Some(mut answer) = session.answer.take() {
            timers.cancel(&mut answer.repeat);
            timers.cancel(&mut answer.give_up);
        }
        if let Some(outgoing) = &mut session.outgoing {
            timers.cancel(&mut outgoing.retry);
        }
    }

    pub(crate) fn on_ringing_timeout(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let State::Inviting { client, cancel, .. } = &mut session.state else {
            return;
        };
        *cancel = Cancel::Wanted {
            headers: Vec::new(),
            timed_out: true,
        };
        if self
            .clients
            .get(client)
            .is_some_and(|transaction| transaction.may_cancel())
        {
            self.send_cancel(now, id);
        } else {
            self.end_session(now, id, Event::Timeout { session: id });
        }
    }

    /// Our CANCEL led to nothing: the INVITE is given up (§9.1).
    pub(crate) fn on_cancel_unanswered(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let State::Inviting { client, cancel, .. } = &session.state else {
            return;
        };
        let timed_out = matches!(cancel, Cancel::Sent { timed_out: true });
        let client = *client;
        self.drop_client(client);
        let event = if timed_out {
            Event::Timeout { session: id }
        } else {
            Event::Ended { session: id }
        };
        self.end_session(now, id, event);
    }
}
