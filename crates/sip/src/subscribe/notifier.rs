//! Answering SUBSCRIBEs and sending NOTIFYs (RFC 6665 §4.2).

use std::time::Instant;

use bytes::Bytes;

use super::Subscription;
use crate::dialog::{Dialog, InDialog};
use crate::endpoint::{Endpoint, EndpointError, Outcome, Outgoing, check_headers};
use crate::event::{Event, IncomingRequest, RequestId, SubscriptionId, TransactionId};
use crate::message::{HeaderName, Message, Method, Uri, is_header_value};
use crate::transaction::ClientOwner;
use crate::transport::Flow;

impl Endpoint {
    /// The subscription a request with a To tag belongs to, when both tags and the Call-ID fit.
    pub(crate) fn subscription_of(&self, request: &Message) -> Option<SubscriptionId> {
        let local_tag = request.to()?.tag()?;
        let remote_tag = request.from()?.tag().unwrap_or("");
        let id = SubscriptionId(u64::from_str_radix(local_tag, 16).ok()?);
        let known = self.subscriptions.get(&id)?;
        let fits = *known.local_tag == *local_tag
            && *known.call_id == *request.call_id()
            && *known.dialog.remote_tag == *remote_tag;
        fits.then_some(id)
    }

    /// A request inside the dialog of a subscription; its server transaction exists.
    pub(crate) fn on_subscriber_request(
        &mut self,
        now: Instant,
        flow: &Flow,
        server: u64,
        id: SubscriptionId,
        message: Message,
    ) {
        let (Some(method), Some(cseq)) = (message.method().cloned(), message.cseq()) else {
            return;
        };
        let Some(known) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let last = &mut known.dialog.remote_cseq;
        if last.is_some_and(|last| cseq.number <= last) {
            return self.reply(now, server, 500, "CSeq Out Of Order", &[], None);
        }
        *last = Some(cseq.number);
        match method {
            Method::Subscribe => {
                self.note_handed_up(server);
                self.out.event(Event::Resubscribe {
                    id: RequestId(server),
                    subscription: id,
                    request: IncomingRequest {
                        message,
                        flow: *flow,
                    },
                });
            }
            Method::Options => {
                let headers = self.config.capability_headers(flow.local);
                self.reply(now, server, 200, "", &headers, None);
            }
            // There is no such usage of this dialog.
            Method::Invite
            | Method::Bye
            | Method::Info
            | Method::Update
            | Method::Prack
            | Method::Register
            | Method::Message
            | Method::Notify
            | Method::Refer
            | Method::Publish => self.reply(now, server, 481, "", &[], None),
            Method::Ack | Method::Cancel | Method::Other(_) => {
                self.reply(now, server, 501, "", &[], None)
            }
        }
    }

    pub(crate) fn start_subscription(
        &mut self,
        now: Instant,
        id: RequestId,
        request: &IncomingRequest,
        contact: &str,
        headers: &[(String, String)],
    ) -> Outcome<SubscriptionId> {
        check_headers(headers)?;
        Uri::parse(contact).map_err(|_| EndpointError::InvalidUri)?;
        let is_first = request.to().is_some_and(|to| to.tag().is_none());
        if request.method() != Some(&Method::Subscribe) || !is_first || request.contact().is_none()
        {
            return Err(EndpointError::InvalidState);
        }
        if self.subscriptions.len() >= self.config.limits.subscriptions {
            return Err(EndpointError::LimitReached);
        }
        let transaction = self
            .servers
            .get(&id.0)
            .filter(|transaction| transaction.handed_up)
            .ok_or(EndpointError::UnknownRequest)?;
        // The tag all answers of this transaction carry is the dialog's.
        let local_tag = transaction.tag.clone();
        let number =
            u64::from_str_radix(&local_tag, 16).map_err(|_| EndpointError::InvalidState)?;
        let to = request.header(HeaderName::To).unwrap_or("");
        let subscription = Subscription {
            call_id: request.call_id().into(),
            local: format!("{to};tag={local_tag}").into(),
            local_tag,
            contact: contact.into(),
            local_cseq: self.first_cseq(),
            dialog: Dialog::from_request(request, &request.flow),
        };
        let subscribed = SubscriptionId(number);
        self.subscriptions.insert(subscribed, subscription);
        self.confirm_subscription(now, id, subscribed, headers);
        Ok(subscribed)
    }

    pub(crate) fn continue_subscription(
        &mut self,
        now: Instant,
        id: RequestId,
        subscription: SubscriptionId,
        request: &IncomingRequest,
        headers: &[(String, String)],
    ) -> Outcome {
        check_headers(headers)?;
        let waits = self
            .servers
            .get(&id.0)
            .is_some_and(|transaction| transaction.handed_up);
        if !waits {
            return Err(EndpointError::UnknownRequest);
        }
        let known = self
            .subscriptions
            .get_mut(&subscription)
            .ok_or(EndpointError::UnknownSubscription)?;
        known.dialog.refresh(request, &request.flow);
        self.confirm_subscription(now, id, subscription, headers);
        Ok(())
    }

    /// 200 with our Contact and the route the SUBSCRIBE recorded (RFC 3261 §12.1.1).
    fn confirm_subscription(
        &mut self,
        now: Instant,
        id: RequestId,
        subscription: SubscriptionId,
        headers: &[(String, String)],
    ) {
        let Some(known) = self.subscriptions.get(&subscription) else {
            return;
        };
        let Some(transaction) = self.servers.get_mut(&id.0) else {
            return;
        };
        transaction.handed_up = false;
        self.handed_up -= 1;
        let mut writer = transaction.template.response(200, "", &known.local_tag);
        writer.lines(transaction.template.record_routes());
        writer.header(HeaderName::Contact, &format!("<{}>", known.contact));
        self.config
            .write_capabilities(&mut writer, &crate::Extensions::default());
        for (name, value) in headers {
            writer.named(name, value);
        }
        let bytes = writer.finish();
        self.run_server(now, id.0, 200, bytes);
    }

    pub(crate) fn send_notify(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        headers: &[(String, String)],
        body: Option<(&str, Bytes)>,
    ) -> Outcome<TransactionId> {
        check_headers(headers)?;
        if !body.as_ref().is_none_or(|(kind, _)| is_header_value(kind)) {
            return Err(EndpointError::InvalidHeader);
        }
        if !self.subscriptions.contains_key(&id) {
            return Err(EndpointError::UnknownSubscription);
        }
        if self.is_full() {
            return Err(EndpointError::LimitReached);
        }
        let key = self.new_client_key();
        let transaction = self.next_transaction();
        let known = self
            .subscriptions
            .get_mut(&id)
            .ok_or(EndpointError::UnknownSubscription)?;
        known.local_cseq += 1;
        let target = known.dialog.target();
        let bytes = InDialog {
            dialog: &known.dialog,
            config: &self.config,
            extensions: crate::Extensions::default(),
            local: &known.local,
            call_id: &known.call_id,
            contact: &known.contact,
            method: &Method::Notify,
            key,
            number: known.local_cseq,
            headers,
            body: body.as_ref().map(|(kind, body)| (*kind, &body[..])),
        }
        .print();
        self.outgoing.insert(
            transaction,
            Outgoing {
                client: key,
                auth: None,
            },
        );
        let owner = ClientOwner::Request(transaction, None);
        self.start_client(now, key, owner, &Method::Notify, bytes, target);
        Ok(transaction)
    }
}
