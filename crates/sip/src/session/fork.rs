//! Answers of forks that came too late: acknowledged and hung up (RFC 3261 §13.2.2.4).

use std::time::Instant;

use bytes::Bytes;

use crate::dialog::{Dialog, InDialog};
use crate::endpoint::Endpoint;
use crate::event::{Event, SessionId};
use crate::message::{HeaderName, Message, Method, parse_datagram};
use crate::transaction::{ClientKey, ClientOwner};
use crate::transport::Flow;

impl Endpoint {
    /// A 2xx after one has been taken: the same again wants the ACK again; another fork is
    /// acknowledged and hung up (§13.2.2.4).
    pub(super) fn on_late_answer(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        sent: &Bytes,
        response: &Message,
    ) {
        let Ok(invite) = parse_datagram(sent.clone()) else {
            return;
        };
        let to_tag: Box<str> = response.to().and_then(|to| to.tag()).unwrap_or("").into();
        let mut is_new = true;
        if let Some(session) = self.sessions.get_mut(&id) {
            let number = invite.cseq().map(|cseq| cseq.number);
            if let Some(dialog) = session
                .dialog()
                .filter(|dialog| dialog.remote_tag == to_tag)
            {
                if let Some((acked, ack)) = &dialog.ack
                    && Some(*acked) == number
                {
                    self.out.transmits.push_back(ack.clone());
                }
                return;
            }
            is_new = !session.late_forks.contains(&to_tag);
            if is_new && session.late_forks.len() < self.config.limits.forks {
                session.late_forks.push(to_tag.clone());
                self.out.event(Event::ForkAnswered {
                    session: id,
                    to_tag,
                });
            }
        }
        self.drop_fork(now, flow, &invite, response, is_new);
    }

    /// Acknowledges a dialog nobody wants, and ends it.
    fn drop_fork(
        &mut self,
        now: Instant,
        flow: &Flow,
        invite: &Message,
        response: &Message,
        send_bye: bool,
    ) {
        let dialog = Dialog::from_response(invite, response, flow);
        let number = invite.cseq().map_or(1, |cseq| cseq.number);
        let (ack_key, bye_key) = (self.new_client_key(), self.new_client_key());
        let print = |method: &Method, key: ClientKey, number: u32| {
            InDialog {
                dialog: &dialog,
                config: &self.config,
                extensions: crate::Extensions::default(),
                local: invite.header(HeaderName::From).unwrap_or(""),
                call_id: invite.call_id(),
                contact: "",
                method,
                key,
                number,
                headers: &[],
                body: None,
            }
            .print()
        };
        let (ack, bye) = (
            print(&Method::Ack, ack_key, number),
            print(&Method::Bye, bye_key, number + 1),
        );
        self.out.transmit(dialog.target(), ack);
        if send_bye {
            self.start_client(
                now,
                bye_key,
                ClientOwner::Nobody,
                &Method::Bye,
                bye,
                dialog.target(),
            );
        }
    }
}
