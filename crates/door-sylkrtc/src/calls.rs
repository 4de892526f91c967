//! The calls of one connection: which session is which channel, and what the client was told of it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::ChannelId;
use api::id::WebClientId;
use md5::{Digest, Md5};

use crate::dialect::Dialect;
use crate::wire::account::IncomingSession;

/// How long the end of a session is remembered, so that late candidates do no harm.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Most ends remembered.
const MOST_ENDED: usize = 256;

/// How long candidates wait for their session (sylkrtc.md §3.5).
const HELD: Duration = Duration::from_secs(5);

/// Most unknown sessions with candidates waiting, and most candidates of each.
const MOST_HELD: (usize, usize) = (16, 64);

/// A call as the door has to know it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) session: Arc<str>,
    pub(crate) client: WebClientId,
    /// `None` while the switch has not answered yet.
    pub(crate) channel: Option<ChannelId>,
    pub(crate) way: Way,
    /// `user@host` of the far side.
    pub(crate) peer: Arc<str>,
    pub(crate) dialog: Dialog,
    /// `established` was said.
    pub(crate) media_up: bool,
    /// The client got its answer: there is exactly one (sylkrtc.md §5.2).
    pub(crate) answer_sent: bool,
    pub(crate) update: Update,
}

/// Who called.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Way {
    /// The client.
    Out,
    /// Somebody else; what the client was told.
    In(Box<IncomingSession>),
}

/// Where the SIP dialog stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialog {
    Connecting,
    Progress,
    EarlyMedia,
    Accepted,
}

/// A change of the call under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Update {
    Idle,
    /// The client has offered.
    Local,
    /// The far side has offered.
    Remote,
}

impl Call {
    /// A call that the client makes.
    pub(crate) fn out(session: Arc<str>, client: WebClientId, peer: Arc<str>) -> Self {
        Self {
            session,
            client,
            channel: None,
            way: Way::Out,
            peer,
            dialog: Dialog::Connecting,
            media_up: false,
            answer_sent: false,
            update: Update::Idle,
        }
    }

    /// A call that came in.
    pub(crate) fn incoming(
        client: WebClientId,
        channel: ChannelId,
        incoming: IncomingSession,
    ) -> Self {
        Self {
            channel: Some(channel),
            ..Self::out("".into(), client, incoming.originator.uri.clone())
        }
        .came_in(incoming)
    }

    fn came_in(mut self, incoming: IncomingSession) -> Self {
        self.session = incoming.session.clone();
        self.way = Way::In(Box::new(incoming));
        self
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.dialog == Dialog::Accepted
    }

    /// The state as error texts of the reference name it.
    pub(crate) fn state(&self) -> &'static str {
        match (self.dialog, self.update) {
            (Dialog::Connecting, _) => "connecting",
            (Dialog::Progress, _) => "progress",
            (Dialog::EarlyMedia, _) => "early_media",
            (Dialog::Accepted, Update::Local) => "local-updating",
            (Dialog::Accepted, Update::Remote) => "remote-updating",
            (Dialog::Accepted, Update::Idle) if self.media_up => "established",
            (Dialog::Accepted, Update::Idle) => "accepted",
        }
    }

    /// What the end of the call is called when the client ends it (sylkrtc.md §5.4).
    pub(crate) fn own_end(&self, decline_code: u16) -> Arc<str> {
        match (&self.way, self.dialog) {
            (_, Dialog::Accepted) => "200 to BYE".into(),
            (Way::Out, _) => "487 Request Terminated".into(),
            (Way::In(_), _) => format!("{decline_code} {}", phrase(decline_code)).into(),
        }
    }
}

/// Phrases of statuses a call is declined with (RFC 3261 §21).
fn phrase(code: u16) -> &'static str {
    match code {
        403 => "Forbidden",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        488 => "Not Acceptable Here",
        600 => "Busy Everywhere",
        603 => "Decline",
        606 => "Not Acceptable",
        300..=399 => "Redirected",
        500..=599 => "Server Failure",
        _ => "Declined",
    }
}

/// The calls of one connection.
#[derive(Default)]
pub(crate) struct Calls {
    by_session: HashMap<Arc<str>, Call>,
    by_channel: HashMap<ChannelId, Arc<str>>,
    ended: VecDeque<(Arc<str>, Instant)>,
    held: HashMap<Arc<str>, (Vec<Arc<str>>, Instant)>,
}

impl Calls {
    pub(crate) fn insert(&mut self, call: Call) {
        self.ended.retain(|(session, _)| *session != call.session);
        if let Some(channel) = &call.channel {
            self.by_channel
                .insert(channel.clone(), call.session.clone());
        }
        self.by_session.insert(call.session.clone(), call);
    }

    /// The switch has given a call its channel.
    pub(crate) fn started(&mut self, session: &str, channel: ChannelId) {
        if let Some(call) = self.by_session.get_mut(session) {
            call.channel = Some(channel.clone());
            self.by_channel.insert(channel, call.session.clone());
        }
    }

    pub(crate) fn get(&self, session: &str) -> Option<&Call> {
        self.by_session.get(session)
    }

    pub(crate) fn get_mut(&mut self, session: &str) -> Option<&mut Call> {
        self.by_session.get_mut(session)
    }

    pub(crate) fn of_channel(&mut self, channel: &ChannelId) -> Option<&mut Call> {
        self.by_session.get_mut(self.by_channel.get(channel)?)
    }

    /// Takes a call out and remembers that it was there.
    pub(crate) fn end(&mut self, session: &str, now: Instant) -> Option<Call> {
        let call = self.forget(session)?;
        if self.ended.len() >= MOST_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((call.session.clone(), now));
        Some(call)
    }

    /// Takes a call out.
    pub(crate) fn forget(&mut self, session: &str) -> Option<Call> {
        let call = self.by_session.remove(session)?;
        if let Some(channel) = &call.channel {
            self.by_channel.remove(channel);
        }
        Some(call)
    }

    pub(crate) fn has_ended(&self, session: &str, now: Instant) -> bool {
        let mut ended = self.ended.iter();
        ended.any(|(id, at)| &**id == session && now.saturating_duration_since(*at) < REMEMBERED)
    }

    /// Takes out all calls of a client.
    pub(crate) fn take(&mut self, client: WebClientId) -> Vec<Call> {
        let of_client = |call: &&Call| call.client == client;
        let sessions: Vec<Arc<str>> = self
            .by_session
            .values()
            .filter(of_client)
            .map(|call| call.session.clone())
            .collect();
        sessions
            .iter()
            .filter_map(|session| self.forget(session))
            .collect()
    }

    /// Live calls that came in for a client.
    pub(crate) fn incoming(&self, client: WebClientId) -> usize {
        let calls = self.by_session.values();
        calls
            .filter(|call| call.client == client && call.way != Way::Out)
            .count()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_session.len()
    }

    /// Keeps candidates for a session that is not there yet. What does not fit is dropped.
    pub(crate) fn hold(&mut self, session: &Arc<str>, candidates: Vec<Arc<str>>, now: Instant) {
        self.held.retain(|_, (_, until)| now < *until);
        if !self.held.contains_key(session) && self.held.len() >= MOST_HELD.0 {
            return;
        }
        let (list, _) = self
            .held
            .entry(session.clone())
            .or_insert_with(|| (Vec::new(), now + HELD));
        let room = MOST_HELD.1.saturating_sub(list.len());
        list.extend(candidates.into_iter().take(room));
    }

    /// What was kept for a session that is there now.
    pub(crate) fn held(&mut self, session: &str, now: Instant) -> Vec<Arc<str>> {
        let held = self.held.remove(session).filter(|(_, until)| now < *until);
        held.map(|(candidates, _)| candidates).unwrap_or_default()
    }

    /// The id of an incoming session: the MD5 of its Call-ID, so that a push notification can be matched. The second
    /// leg of a call forked to two accounts of this connection gets another one (sylkrtc.md §5.3).
    pub(crate) fn incoming_id(&self, call_id: &str, account: &str, dialect: Dialect) -> Arc<str> {
        let first = hashed(call_id, dialect);
        if !self.by_session.contains_key(&first) {
            return first;
        }
        hashed(&format!("{call_id}\n{account}"), dialect)
    }
}

/// MD5 in the layout of a UUID; D1 had it without dashes.
pub(crate) fn hashed(text: &str, dialect: Dialect) -> Arc<str> {
    let hash: [u8; 16] = Md5::digest(text.as_bytes()).into();
    let id = api::Uuid::from_bytes(hash);
    match dialect {
        Dialect::V2 => id.hyphenated().to_string(),
        Dialect::V0 | Dialect::V1 => id.simple().to_string(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL_ID: &str = "b7Kq0fT2xYw9LmN4cRs1vDz8";

    fn call(session: &str) -> Call {
        Call::out(session.into(), WebClientId(1), "bob@example.net".into())
    }

    #[test]
    fn incoming_ids_are_hashes_and_do_not_collide() {
        let mut calls = Calls::default();
        let id = calls.incoming_id(CALL_ID, "bob@example.net", Dialect::V2);
        assert_eq!(&*id, "ac11b689-36fb-9fa5-524c-9ed3549b6b0a");
        let old = calls.incoming_id(CALL_ID, "bob@example.net", Dialect::V1);
        assert_eq!(&*old, "ac11b68936fb9fa5524c9ed3549b6b0a");
        calls.insert(call(&id));
        let second = calls.incoming_id(CALL_ID, "carol@example.net", Dialect::V2);
        assert!(second != id && second.len() == id.len());
    }

    #[test]
    fn candidates_wait_for_their_session_but_not_for_long() {
        let mut calls = Calls::default();
        let now = Instant::now();
        let session: Arc<str> = "S1".into();
        calls.hold(&session, vec!["a".into()], now);
        calls.hold(&session, vec!["b".into(); 100], now);
        assert_eq!(calls.held("S1", now).len(), 64);
        assert!(calls.held("S1", now).is_empty(), "once");
        calls.hold(&session, vec!["a".into()], now);
        assert!(calls.held("S1", now + HELD).is_empty(), "too late");
        for number in 0..100 {
            calls.hold(&format!("S{number}").into(), vec![], now);
        }
        assert_eq!(calls.held.len(), 16);
    }

    #[test]
    fn ends_are_remembered_for_a_while() {
        let mut calls = Calls::default();
        let now = Instant::now();
        calls.insert(call("S1"));
        assert!(calls.end("S1", now).is_some() && calls.end("S1", now).is_none());
        assert!(calls.has_ended("S1", now) && !calls.has_ended("S1", now + REMEMBERED));
        calls.insert(call("S1"));
        assert!(!calls.has_ended("S1", now), "its id is used again");
    }
}
