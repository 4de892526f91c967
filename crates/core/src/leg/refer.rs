//! REFER: a phone sends whom it talks to elsewhere (RFC 3515), or to whom it talks in another call (RFC 5589 §7).

use std::sync::Arc;

use api::cause::Blame;
use api::{ChannelId, HangupCause};
use bytes::Bytes;
use sip::event::{IncomingRequest, RequestId, SessionId};
use sip::message::header::{NameAddr, Replaces};
use sip::message::{Method, reason_phrase};

use super::LegEnd;
use super::replaces::Named;
use crate::Switch;

/// How long a phone may expect to hear of a transfer: a little longer than a call rings by default.
const PROGRESS_SECONDS: u32 = 90;

/// Where a phone sends somebody.
enum Goal {
    Extension(Box<str>),
    /// Its own other call, or what it takes for one.
    Call(Box<str>),
}

impl Goal {
    fn of(request: &IncomingRequest) -> Option<Self> {
        let to = NameAddr::parse(request.header_named("Refer-To")?)?;
        let uri = to.parsed_uri().ok()?;
        Some(match uri.header("Replaces") {
            Some(replaces) => Self::Call((*replaces).into()),
            None => Self::Extension((*uri.user_decoded()).into()),
        })
    }
}

impl Switch {
    /// A phone transfers the channel it talks to.
    pub(super) fn incoming_refer(
        &mut self,
        request_id: RequestId,
        session: Option<SessionId>,
        request: &IncomingRequest,
    ) {
        let channel = session.and_then(|session| self.sessions.get(&session).cloned());
        let (Some(session), Some(id), Some(goal)) = (session, channel, Goal::of(request)) else {
            self.respond(request_id, if session.is_none() { 481 } else { 400 }, &[]);
            return;
        };
        let Some(peer) = self.partner(&id) else {
            self.respond(request_id, 603, &[]);
            return;
        };
        self.respond(request_id, 202, &[]);
        match goal {
            Goal::Extension(extension) => {
                let context = self.context_of_transfer(&id, &peer);
                self.separate(&id);
                self.tell_referrer(session, 100);
                if let Some(live) = self.channels.get_mut(&peer) {
                    live.referrer = Some(id);
                }
                self.transfer_channel(&peer, &extension, Some("XML".into()), context);
            }
            Goal::Call(replaces) => self.attended_transfer(session, &id, &peer, &replaces),
        }
    }

    /// Joins the far sides of two calls of one phone, and ends both.
    fn attended_transfer(
        &mut self,
        session: SessionId,
        id: &ChannelId,
        peer: &ChannelId,
        replaces: &str,
    ) {
        let named = Replaces::parse(replaces).map(|replaces| self.named_by(&replaces));
        let other = match named {
            Some(Named::Call(other)) if other != *id && other != *peer => other,
            Some(Named::Call(_) | Named::Unknown | Named::Over) | None => {
                self.tell_referrer(session, 481);
                return;
            }
        };
        let consulted = self.partner(&other);
        let is_done = match consulted {
            Some(far) => {
                self.separate(id);
                self.separate(&other);
                self.join(peer, &far)
            }
            // Nobody is there yet, or a machine.
            None => {
                let Some(place) = self.place_of(&other) else {
                    self.tell_referrer(session, 603);
                    return;
                };
                self.separate(id);
                self.send_to(peer, place);
                true
            }
        };
        self.tell_referrer(session, if is_done { 200 } else { 500 });
        for leg in [id, &other] {
            self.hangup(leg, HangupCause::AttendedTransfer, Blame::Caller);
        }
    }

    /// The dialplan context in which a phone sends another leg elsewhere: what the phone could dial by itself. A
    /// stranger we called has no dialplan of ours; whom it sends elsewhere could have dialled that by itself.
    fn context_of_transfer(&self, referrer: &ChannelId, peer: &ChannelId) -> Option<Arc<str>> {
        self.own_context(referrer)
            .or_else(|| self.own_context(peer))
            .or_else(|| match &self.channels.get(peer)?.end {
                LegEnd::Sip(leg) => self.context_of_profile(leg.profile),
                LegEnd::Web(_) | LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
            })
    }

    /// The context a leg dials in by itself, wherever a dialplan has sent it since; `None` for a stranger we called.
    fn own_context(&self, id: &ChannelId) -> Option<Arc<str>> {
        let of_user = self.var(id, "user_context").map(Arc::from);
        of_user
            .filter(|context: &Arc<str>| !context.is_empty())
            .or_else(|| match &self.channels.get(id)?.end {
                LegEnd::Sip(leg) => leg.own_context.clone(),
                LegEnd::Web(leg) => self.context_of_profile(leg.profile),
                LegEnd::Null | LegEnd::Pickup(_) | LegEnd::Loopback(_) => None,
            })
    }

    fn context_of_profile(&self, index: usize) -> Option<Arc<str>> {
        let profile = self.config.profiles.get(index)?;
        Some(profile.context.clone()).filter(|context| !context.is_empty())
    }

    /// Whoever sent the channel elsewhere hears how that went, and its own call ends.
    pub(crate) fn transfer_decided(&mut self, id: &ChannelId, code: u16) {
        let Some(live) = self.channels.get_mut(id) else {
            return;
        };
        let Some(referrer) = live.referrer.take() else {
            return;
        };
        if let Some(session) = self.sip_leg(&referrer).and_then(|leg| leg.session) {
            self.tell_referrer(session, code);
        }
        // One that has found somebody else to talk to meanwhile goes on.
        if self.partner(&referrer).is_none() {
            self.hangup(&referrer, HangupCause::BlindTransfer, Blame::Caller);
        }
    }

    /// Says how a transfer goes; nothing follows a final status (RFC 3515 §2.4.5).
    fn tell_referrer(&mut self, session: SessionId, code: u16) {
        let state = if code < 200 {
            format!("active;expires={PROGRESS_SECONDS}")
        } else {
            "terminated;reason=noresource".to_owned()
        };
        let headers = [
            ("Event".to_owned(), "refer".to_owned()),
            ("Subscription-State".to_owned(), state),
        ];
        let line = format!("SIP/2.0 {code} {}\r\n", reason_phrase(code));
        let notified = self.sip.request_in_dialog(
            self.now.mono,
            session,
            Method::Notify,
            &headers,
            Some(("message/sipfrag;version=2.0", Bytes::from(line))),
        );
        if let Err(error) = notified {
            tracing::debug!(?session, %error, "Transferring phone cannot be told");
        }
    }
}

#[cfg(test)]
mod tests;
