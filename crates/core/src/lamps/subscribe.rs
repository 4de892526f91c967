//! SUBSCRIBE: who may be told of what (RFC 6665 §4.2.1, RFC 3842 §3, RFC 4235 §3).

use std::sync::Arc;
use std::time::Duration;

use api::view::DirectoryUser;
use sip::event::{IncomingRequest, RequestId, SessionId, SubscriptionId};
use sip::message::header::Params;
use sip::message::{HeaderName, Uri};

use super::dialog_info::Documents;
use super::package::{PACKAGES, Package};
use super::subscriptions::{Subscriber, Subscription};
use super::telling::Notifying;
use crate::Switch;
use crate::registrar::{CallAuth, address};

/// Shortest subscription granted, seconds; shorter wishes get 423. The same as of registrations.
const MIN_EXPIRES_S: u32 = 30;
/// Longest one granted, seconds, and what is granted to who asks for nothing (RFC 3842 §3.4).
const MAX_EXPIRES_S: u32 = 3_600;
/// Longest `id` of an Event header, bytes.
const MAX_EVENT_ID: usize = 64;

/// A refusal: code and headers.
type Refusal = (u16, Vec<(String, String)>);

/// What a SUBSCRIBE asks for.
#[derive(Debug)]
struct Asked {
    package: Package,
    event_id: Option<Box<str>>,
    /// 0: to be told once, or not any more.
    expires_s: u32,
    phone: Subscriber,
}

fn refuse(code: u16) -> Refusal {
    (code, Vec::new())
}

fn busy() -> Refusal {
    (503, vec![("Retry-After".into(), "300".into())])
}

impl Asked {
    fn of(request: &IncomingRequest) -> Result<Self, Refusal> {
        let bad_event = || (489, vec![("Allow-Events".into(), PACKAGES.into())]);
        let event = request.header(HeaderName::Event).ok_or_else(bad_event)?;
        let (package, params) = event.split_once(';').unwrap_or((event, ""));
        let package = Package::named(package.trim()).ok_or_else(bad_event)?;
        let event_id = Params(params).value("id").filter(|id| !id.is_empty());
        if event_id.is_some_and(|id| id.len() > MAX_EVENT_ID) {
            return Err(refuse(400));
        }
        if !takes(request, package.content_type()) {
            let kinds = vec![("Accept".into(), package.content_type().into())];
            return Err((406, kinds));
        }
        let contact = request
            .contact()
            .filter(|contact| contact.parsed_uri().is_ok_and(|uri| uri.is_sip()))
            .ok_or_else(|| refuse(400))?;
        let expires_s = match request.header(HeaderName::Expires) {
            None => MAX_EXPIRES_S,
            Some(text) => seconds(text).ok_or_else(|| refuse(400))?,
        };
        if (1..MIN_EXPIRES_S).contains(&expires_s) {
            let least = vec![("Min-Expires".into(), MIN_EXPIRES_S.to_string())];
            return Err((423, least));
        }
        Ok(Self {
            package,
            event_id: event_id.map(Into::into),
            expires_s: expires_s.min(MAX_EXPIRES_S),
            phone: Subscriber {
                contact: contact.uri.into(),
                flow: request.flow,
                is_behind_proxy: request.header(HeaderName::RecordRoute).is_some(),
            },
        })
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![
            ("Expires".into(), self.expires_s.to_string()),
            ("Allow-Events".into(), PACKAGES.into()),
        ]
    }
}

/// Seconds as written; more than fits is the most there is (RFC 3261 §20.19).
fn seconds(text: &str) -> Option<u32> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

/// Whether the phone reads what we send; without Accept it does (RFC 3842 §3.5, RFC 4235 §3.5).
fn takes(request: &IncomingRequest, content_type: &str) -> bool {
    let mut kinds = request.header_list(HeaderName::Accept).peekable();
    kinds.peek().is_none()
        || kinds.any(|kind| {
            let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind).trim();
            [content_type, "application/*", "*/*"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(kind))
        })
}

/// To whom a SUBSCRIBE goes, and whom from.
struct Whose {
    profile: Arc<str>,
    /// Who asks, where that had to be proven.
    watcher: Option<Arc<str>>,
    user: Arc<str>,
    domain: Arc<str>,
}

impl Switch {
    /// A SUBSCRIBE outside the dialogs of subscriptions.
    pub(crate) fn incoming_subscribe(
        &mut self,
        id: RequestId,
        session: Option<SessionId>,
        request: &IncomingRequest,
    ) {
        // A subscription has a dialog of its own (RFC 6665 §4.5.2).
        if session.is_some() {
            return self.respond(id, 403, &[]);
        }
        if let Err((code, headers)) = self.subscribe(id, request) {
            self.respond(id, code, &headers);
        }
    }

    fn subscribe(&mut self, id: RequestId, request: &IncomingRequest) -> Result<(), Refusal> {
        let asked = Asked::of(request)?;
        if self.view.settings.draining {
            return Err(busy());
        }
        let whose = self.subscriber(request, asked.package)?;
        let address = address(&whose.user, &whose.domain);
        let (package, watcher) = (asked.package, whose.watcher.as_ref());
        if asked.expires_s > 0 && self.subscriptions.is_full(package, &address, watcher) {
            tracing::warn!(user = %address, source = %request.flow.remote, "Too many subscriptions; one more is refused");
            return Err(busy());
        }
        let notice = self
            .notice_for(package, &whose.user, &whose.domain)
            .ok_or_else(|| refuse(404))?;
        let transport = match request.flow.transport.uri_param() {
            Some(transport) => format!(";transport={transport}"),
            None => String::new(),
        };
        let contact = format!("sip:mod_sofia@{}{transport}", request.flow.local);
        let subscribed = self
            .sip
            .accept_subscription(self.now.mono, id, request, &contact, &asked.headers())
            .map_err(|error| {
                tracing::warn!(user = %address, %error, "A subscription is refused");
                busy()
            })?;
        if package == Package::Dialog {
            self.watch(&address);
        }
        if asked.expires_s == 0 {
            let event = (package, asked.event_id.as_deref());
            self.tell_once(subscribed, event, &notice, (&whose.user, &whose.domain));
            self.sip.end_subscription(subscribed);
            if self.subscriptions.of(Package::Dialog, &address).is_empty() {
                self.subscriptions.watched.remove(&address);
            }
            return Ok(());
        }
        tracing::debug!(user = %address, source = %request.flow.remote, seconds = asked.expires_s, package = package.name(), "Subscribed");
        let subscription = Subscription {
            package,
            watcher: whose.watcher,
            user: whose.user,
            domain: whose.domain,
            profile: whose.profile,
            call_id: request.call_id().into(),
            event_id: asked.event_id,
            phone: asked.phone,
            expires_at: self.now.mono + Duration::from_secs(asked.expires_s.into()),
            armed: None,
            notifying: Notifying::No,
            told_at: None,
            news_at: None,
            documents: Documents::default(),
        };
        self.subscriptions.put(subscribed, subscription);
        self.arm_subscription(subscribed);
        self.notify_subscriber(subscribed, notice);
        Ok(())
    }

    /// Who asks for what of whom. Who is not known to the profile has to prove to be that user, or one who has the same
    /// box; for calls, somebody of the same domain, who may also pick them up.
    fn subscriber(
        &mut self,
        request: &IncomingRequest,
        package: Package,
    ) -> Result<Whose, Refusal> {
        let index = self.profile_of(request.flow.local);
        let profile = self.config.profiles.get(index).cloned();
        let profile = profile.ok_or_else(|| refuse(403))?;
        let proven = if self.trusts(index, request.flow.remote.ip()) {
            None
        } else {
            match self.authenticate_call(request) {
                CallAuth::Accepted { user, .. } => Some(user),
                CallAuth::Challenge(headers) => return Err((407, headers)),
                CallAuth::Forbidden => return Err(refuse(403)),
            }
        };
        let (user, domain) = request
            .request_uri()
            .and_then(|uri| Uri::parse(uri).ok())
            .and_then(|uri| Some((uri.user_decoded(), self.domain_of(&profile, uri.host)?)))
            .ok_or_else(|| refuse(404))?;
        let account = self.account(&domain, &user);
        let is_allowed = match (&proven, package, &account) {
            (None, ..) => true,
            (Some(proven), Package::Dialog, _) => proven.domain == domain,
            (Some(proven), Package::Summary, Some(account)) => has_box_of(proven, &account.user),
            (Some(_), Package::Summary, None) => return Err(refuse(404)),
        };
        if !is_allowed {
            tracing::warn!(
                %user, %domain, source = %request.flow.remote, package = package.name(),
                "A subscription to what is somebody else's is refused"
            );
            return Err(refuse(403));
        }
        // As the directory writes it.
        let user = account.map_or_else(|| Arc::from(&*user), |account| account.user.id.clone());
        Ok(Whose {
            profile: profile.name,
            watcher: proven.map(|proven| address(&proven.id, &proven.domain)),
            user,
            domain,
        })
    }

    /// A SUBSCRIBE in the dialog of a subscription: it goes on, or ends.
    pub(crate) fn resubscribe(
        &mut self,
        id: RequestId,
        subscription: SubscriptionId,
        request: &IncomingRequest,
    ) {
        if let Err((code, headers)) = self.renew_subscription(id, subscription, request) {
            self.respond(id, code, &headers);
        }
    }

    fn renew_subscription(
        &mut self,
        id: RequestId,
        subscription: SubscriptionId,
        request: &IncomingRequest,
    ) -> Result<(), Refusal> {
        let asked = Asked::of(request)?;
        let known = self.subscriptions.get(subscription);
        let known = known
            .filter(|known| known.package == asked.package && known.event_id == asked.event_id)
            .ok_or_else(|| refuse(481))?;
        let notice = self.notice_for(known.package, &known.user, &known.domain);
        let Some(notice) = notice else {
            self.terminate_subscription(subscription, "noresource");
            return Err(refuse(404));
        };
        let is_behind_proxy = known.phone.is_behind_proxy;
        let headers = asked.headers();
        self.sip
            .refresh_subscription(self.now.mono, id, subscription, request, &headers)
            .map_err(|error| {
                tracing::warn!(%error, "A subscription is not refreshed");
                refuse(500)
            })?;
        let phone = Subscriber {
            // The route of a dialog is that of its beginning (RFC 3261 §12.2).
            is_behind_proxy,
            ..asked.phone
        };
        let expires_at = self.now.mono + Duration::from_secs(asked.expires_s.into());
        self.subscriptions.renew(subscription, phone, expires_at);
        if asked.expires_s == 0 {
            self.terminate_subscription(subscription, "timeout");
            return Ok(());
        }
        self.arm_subscription(subscription);
        self.notify_subscriber(subscription, notice);
        Ok(())
    }
}

/// Whether a user may know what is in the box of another: it is the user's own, or theirs together.
fn has_box_of(user: &DirectoryUser, other: &DirectoryUser) -> bool {
    let is_same = user.id == other.id && user.domain == other.domain;
    is_same
        || user
            .mailbox()
            .is_some_and(|own| other.mailbox() == Some(own))
}
