//! Answering calls: the peer's INVITE until our final answer and its ACK.

use std::time::Instant;

use bytes::Bytes;

use super::expiry::{Expiry, judge};
use super::reliable::Reliable;
use super::{Session, State, UnacknowledgedAnswer};
use crate::dialog::Dialog;
use crate::endpoint::{Endpoint, EndpointError, Outcome, check_headers};
use crate::event::{Event, IncomingRequest, SessionId};
use crate::message::{HeaderName, Message, Method, Uri};
use crate::transaction::{ClientOwner, SessionTimer};
use crate::transport::Flow;

impl Endpoint {
    /// A new INVITE that passed all checks; its server transaction exists.
    pub(crate) fn on_new_call(&mut self, now: Instant, flow: &Flow, server: u64, message: Message) {
        let extensions = self.config.extensions_at(flow.local);
        let mut expiry = Expiry::default();
        match judge(extensions.timer, &message) {
            Ok(grant) => expiry.grant(grant),
            Err(minimum_s) => {
                let headers = [("Min-SE".to_owned(), minimum_s.to_string())];
                return self.reply(now, server, 422, "", &headers, None);
            }
        }
        let id = self.next_session();
        let (tag, local_tag) = self.new_tag();
        let to = message.header(HeaderName::To).unwrap_or("");
        let mut session = Session {
            state: State::Incoming { server },
            is_caller: false,
            call_id: message.call_id().into(),
            tag,
            local: format!("{to};tag={local_tag}").into(),
            local_tag: local_tag.into(),
            contact: own_contact(&message, flow).into(),
            local_cseq: self.first_cseq(),
            dialogs: vec![Dialog::from_request(&message, flow)],
            late_forks: Vec::new(),
            auth: None,
            answer: None,
            owes_ack: None,
            outgoing: None,
            incoming: None,
            hangup_wanted: None,
            behind_refresh: None,
            extensions,
            reliable: Reliable::of(&message, extensions.reliable),
            expiry,
            takes_update: false,
            local_sdp: None,
        };
        session.learn_abilities(&message);
        if let Some(transaction) = self.servers.get_mut(&server) {
            transaction.session = Some(id);
            transaction.tag = session.local_tag.clone();
        }
        self.tags.insert(tag, id);
        self.sessions.insert(id, session);
        self.out.event(Event::Invite {
            session: id,
            request: IncomingRequest {
                message,
                flow: *flow,
            },
        });
    }

    fn incoming_server(&self, id: SessionId) -> Outcome<u64> {
        let session = self
            .sessions
            .get(&id)
            .ok_or(EndpointError::UnknownSession)?;
        match session.state {
            State::Incoming { server } => Ok(server),
            State::Inviting { .. } | State::Established | State::Leaving => {
                Err(EndpointError::InvalidState)
            }
        }
    }

    pub(crate) fn send_provisional(
        &mut self,
        now: Instant,
        id: SessionId,
        code: u16,
        sdp: Option<&Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        let server = self.incoming_server(id)?;
        if !(101..200).contains(&code) {
            return Err(EndpointError::InvalidCode);
        }
        check_headers(headers)?;
        let session = self.sessions.get(&id);
        if session.is_some_and(|session| session.reliable.answer_waits()) {
            return Err(EndpointError::InvalidState);
        }
        // What was agreed on reliably is not said again.
        let is_agreed = session
            .and_then(Session::dialog)
            .is_some_and(|dialog| dialog.early.is_agreed());
        let sdp = sdp.filter(|_| !is_agreed);
        if self.send_reliably(now, id, server, code, sdp, headers)? {
            return Ok(());
        }
        let bytes = self
            .dialog_response(id, server, code, "", sdp, headers)
            .ok_or(EndpointError::InvalidState)?;
        self.run_server(now, server, code, bytes);
        Ok(())
    }

    pub(crate) fn send_answer(
        &mut self,
        now: Instant,
        id: SessionId,
        sdp: Option<&Bytes>,
        headers: &[(String, String)],
    ) -> Outcome {
        let server = self.incoming_server(id)?;
        check_headers(headers)?;
        if self.hold_answer_back(id, sdp, headers)? {
            return Ok(());
        }
        let is_agreed = self
            .sessions
            .get(&id)
            .and_then(Session::dialog)
            .is_some_and(|dialog| dialog.early.is_agreed());
        let sdp = sdp.filter(|_| !is_agreed);
        let bytes = self
            .dialog_response(id, server, 200, "", sdp, headers)
            .ok_or(EndpointError::InvalidState)?;
        self.run_server(now, server, 200, bytes.clone());
        if let Some(session) = self.sessions.get_mut(&id) {
            session.state = State::Established;
            session.reliable.stop(&mut self.out.timers);
        }
        self.start_granted(now, id);
        self.await_ack(now, id, server, bytes);
        Ok(())
    }

    pub(crate) fn send_rejection(
        &mut self,
        now: Instant,
        id: SessionId,
        code: u16,
        reason: &str,
        headers: &[(String, String)],
    ) -> Outcome {
        let server = self.incoming_server(id)?;
        if !(300..700).contains(&code) {
            return Err(EndpointError::InvalidCode);
        }
        check_headers(headers)?;
        self.reply(now, server, code, reason, headers, None);
        self.end_session(now, id, Event::Ended { session: id });
        Ok(())
    }

    /// Keeps a 2xx to an INVITE to repeat it until its ACK comes.
    pub(crate) fn await_ack(&mut self, now: Instant, id: SessionId, server: u64, response: Bytes) {
        let interval = self.config.timers.t1;
        let Some(transaction) = self.servers.get(&server) else {
            return;
        };
        let (target, number) = (transaction.template.target, transaction.number);
        let repeat = Some(self.arm_session(now + interval, id, SessionTimer::RepeatAnswer));
        let give_up = Some(self.arm_session(
            now + self.config.timers.sixty_four_t1(),
            id,
            SessionTimer::AckMissing,
        ));
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.answer = Some(UnacknowledgedAnswer {
            number,
            response,
            target,
            interval,
            repeat,
            give_up,
        });
    }

    /// An ACK inside a dialog of ours.
    pub(crate) fn on_dialog_ack(&mut self, now: Instant, id: SessionId, ack: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let number = ack.cseq().map(|cseq| cseq.number);
        let Some(answer) = session
            .answer
            .take_if(|answer| Some(answer.number) == number)
        else {
            return;
        };
        let UnacknowledgedAnswer {
            mut repeat,
            mut give_up,
            ..
        } = answer;
        self.out.timers.cancel(&mut repeat);
        self.out.timers.cancel(&mut give_up);
        let wanted = session.hangup_wanted.take();
        self.out.event(Event::Acked {
            session: id,
            sdp: ack.sdp(),
        });
        match wanted {
            Some(headers) => self.leave(now, id, &headers),
            None => self.resume_reinvite(now, id),
        }
    }

    pub(crate) fn on_repeat_answer(&mut self, now: Instant, id: SessionId) {
        let t2 = self.config.timers.t2;
        let Some(answer) = self
            .sessions
            .get_mut(&id)
            .and_then(|session| session.answer.as_mut())
        else {
            return;
        };
        answer.interval = (answer.interval * 2).min(t2);
        let at = now + answer.interval;
        let (target, bytes) = (answer.target, answer.response.clone());
        answer.repeat = Some(self.out.timers.arm(
            at,
            crate::transaction::Due::Session(id, SessionTimer::RepeatAnswer),
        ));
        self.out.transmit(target, bytes);
    }

    /// No ACK for 64·T1: the dialog is confirmed, but the session ends with a BYE (§13.3.1.4).
    pub(crate) fn on_ack_missing(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let wanted = session.hangup_wanted.take();
        let event = match &wanted {
            Some(_) => Event::Ended { session: id },
            None => Event::Timeout { session: id },
        };
        self.send_bye(now, id, &wanted.unwrap_or_default(), ClientOwner::Nobody);
        self.end_session(now, id, event);
    }

    /// A response that makes or continues a dialog: Contact, Record-Route, what we can do.
    pub(crate) fn dialog_response(
        &mut self,
        id: SessionId,
        server: u64,
        code: u16,
        reason: &str,
        sdp: Option<&Bytes>,
        headers: &[(String, String)],
    ) -> Option<Bytes> {
        let session = self.sessions.get_mut(&id)?;
        let transaction = self.servers.get(&server)?;
        if let Some(sdp) = sdp {
            session.local_sdp = Some(sdp.clone());
        }
        let mut writer = transaction
            .template
            .response(code, reason, &session.local_tag);
        writer.lines(transaction.template.record_routes());
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("Contact"))
        {
            writer.header(HeaderName::Contact, &format!("<{}>", session.contact));
        }
        self.config
            .write_capabilities(&mut writer, &session.extensions);
        let is_refresh = matches!(transaction.method, Method::Invite | Method::Update);
        if is_refresh && (200..300).contains(&code) {
            for (name, value) in session.expiry.answer_headers() {
                writer.header(name, &value);
            }
        }
        for (name, value) in headers {
            writer.named(name, value);
        }
        Some(match sdp {
            Some(sdp) => writer.finish_with("application/sdp", sdp),
            None => writer.finish(),
        })
    }
}

/// Our Contact for a call that came in: the user it asked for, at the address it reached. The transport
/// is named even where it is the usual one, as programs that read `sip_contact_params` expect.
fn own_contact(invite: &Message, flow: &Flow) -> String {
    let uri = invite.request_uri().and_then(|uri| Uri::parse(uri).ok());
    let user = uri
        .filter(Uri::is_sip)
        .and_then(|uri| uri.user)
        .filter(|user| !user.is_empty());
    let at = user.map_or(String::new(), |user| format!("{user}@"));
    if wants_sips(invite) {
        return format!("sips:{at}{}", flow.local);
    }
    let transport = flow.transport.uri_param().unwrap_or("udp");
    format!("sip:{at}{};transport={transport}", flow.local)
}

/// Whether our Contact has to be a SIPS URI: the Request-URI or the topmost Record-Route is one, or without
/// Record-Route the peer's Contact (RFC 3261 §12.1.1).
fn wants_sips(invite: &Message) -> bool {
    let is_sips = |uri: &str| {
        uri.get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"))
    };
    if invite.request_uri().is_some_and(is_sips) {
        return true;
    }
    match invite.header_list(HeaderName::RecordRoute).next() {
        Some(route) => route
            .split_once('<')
            .is_some_and(|(_, uri)| is_sips(uri.trim_start())),
        None => invite.contact().is_some_and(|contact| is_sips(contact.uri)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::parse_datagram;
    use crate::transport::{FlowId, Transport};

    #[test]
    fn a_contact_is_sips_where_the_peer_wants_it() {
        let flow = Flow {
            id: FlowId(1),
            transport: Transport::Tls,
            local: "192.0.2.1:5061".parse().unwrap(),
            remote: "192.0.2.2:40000".parse().unwrap(),
        };
        let of = |uri: &str, more: &str| {
            let text = format!(
                "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\n{more}\r\n\r\n"
            );
            own_contact(&parse_datagram(text.into_bytes()).unwrap(), &flow)
        };
        let plain = "sip:9@192.0.2.1:5061;transport=tls";
        let secure = "sips:9@192.0.2.1:5061";
        for (uri, more, expected) in [
            ("sip:9@h", "Contact: <sip:a@192.0.2.2;transport=tls>", plain),
            ("sips:9@h", "Contact: <sip:a@192.0.2.2>", secure),
            ("sip:9@h", "Contact: <sips:a@192.0.2.2>", secure),
            (
                "sip:9@h",
                "Record-Route: <sips:p;lr>\r\nContact: <sip:a@192.0.2.2>",
                secure,
            ),
            (
                "sip:9@h",
                "Record-Route: <sip:p;lr>\r\nContact: <sips:a@192.0.2.2>",
                plain,
            ),
        ] {
            assert_eq!(of(uri, more), expected, "{uri} {more}");
        }
    }
}
