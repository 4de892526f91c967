//! Session timers (RFC 4028): when a session ends that nobody refreshes, and who refreshes it.
//!
//! | Who | does | when |
//! |---|---|---|
//! | we refresh | UPDATE, or re-INVITE for a peer without UPDATE | half the interval after the last refresh |
//! | the peer refreshes | BYE when nothing came | a third of the interval, at most 32 s, before its end |

use std::time::{Duration, Instant};

use super::{OutgoingReinvite, State};
use crate::endpoint::{Endpoint, TimerTerms};
use crate::event::{Event, SessionId};
use crate::message::header::{Refresher, SessionExpires, delta_seconds};
use crate::message::{HeaderName, Message, Method, parse_datagram};
use crate::transaction::{
    ClientKey, ClientOwner, Due, Sent, SessionTimer, TimerId, TimerQueue, derived,
};
use crate::transport::Flow;

/// Retries after 422: each proxy on the way may ask for more (§7.3).
const LONGER: u8 = 5;

/// How long before a refresh is tried again that failed or had to wait.
const AGAIN: Duration = Duration::from_secs(1);

/// The session timer of one session.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    running: Option<Running>,
    /// What our answer to the peer's INVITE or UPDATE says.
    granted: Option<Grant>,
    /// The longest Min-SE that a 422 asked for, seconds.
    minimum_s: u32,
    /// How often a 422 came in a row.
    too_short: u8,
}

#[derive(Debug)]
struct Running {
    interval_s: u32,
    we_refresh: bool,
    /// When the session ends without a refresh.
    deadline: Instant,
    timer: Option<TimerId>,
}

/// A timer as an answer of ours sets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    interval_s: u32,
    we_refresh: bool,
}

impl Expiry {
    /// Headers of our INVITE, re-INVITE or UPDATE (§7.1, §7.4): who refreshes goes on doing so.
    pub(crate) fn request_headers(&self, terms: Option<TimerTerms>) -> Vec<(String, String)> {
        let Some(terms) = terms else {
            return Vec::new();
        };
        let running = self.running.as_ref();
        let minimum_s = terms.minimum_s.max(self.minimum_s);
        let interval_s = running.map(|running| running.interval_s);
        let Some(interval_s) = interval_s.or(terms.interval_s) else {
            return Vec::new();
        };
        let expires = SessionExpires {
            seconds: interval_s.max(minimum_s),
            refresher: running.map(|running| {
                if running.we_refresh {
                    Refresher::Uac
                } else {
                    Refresher::Uas
                }
            }),
        };
        let mut headers = vec![("Session-Expires".to_owned(), expires.print())];
        if minimum_s != TimerTerms::USUAL_MINIMUM_S {
            headers.push(("Min-SE".to_owned(), minimum_s.to_string()));
        }
        headers
    }

    /// Headers of our 2xx (§9).
    pub(crate) fn answer_headers(&self) -> Vec<(HeaderName, String)> {
        let Some(grant) = self.granted else {
            return Vec::new();
        };
        let refresher = if grant.we_refresh {
            Refresher::Uas
        } else {
            Refresher::Uac
        };
        let expires = SessionExpires {
            seconds: grant.interval_s,
            refresher: Some(refresher),
        };
        let mut headers = vec![(HeaderName::SessionExpires, expires.print())];
        if !grant.we_refresh {
            headers.push((HeaderName::Require, "timer".to_owned()));
        }
        headers
    }

    /// What the answer to a request will say, when the request is accepted.
    pub(crate) fn grant(&mut self, grant: Option<Grant>) {
        self.granted = grant;
    }

    pub(crate) fn stop(&mut self, timers: &mut TimerQueue) {
        if let Some(mut running) = self.running.take() {
            timers.cancel(&mut running.timer);
        }
    }

    fn start(&mut self, timers: &mut TimerQueue, now: Instant, id: SessionId, grant: Grant) {
        self.stop(timers);
        self.too_short = 0;
        let interval = Duration::from_secs(u64::from(grant.interval_s));
        let deadline = now + interval - (interval / 3).min(Duration::from_secs(32));
        let (at, timer) = if grant.we_refresh {
            (now + interval / 2, SessionTimer::Refresh)
        } else {
            (deadline, SessionTimer::Expired)
        };
        self.running = Some(Running {
            interval_s: grant.interval_s,
            we_refresh: grant.we_refresh,
            deadline,
            timer: Some(timers.arm(at, Due::Session(id, timer))),
        });
    }
}

/// Whether a sender of a request knows session timers.
fn knows_timers(request: &Message) -> bool {
    [HeaderName::Supported, HeaderName::Require]
        .into_iter()
        .flat_map(|name| request.header_list(name))
        .any(|tag| tag.eq_ignore_ascii_case("timer"))
}

fn asked_of(message: &Message) -> Option<SessionExpires> {
    SessionExpires::parse(message.header(HeaderName::SessionExpires)?)
}

fn minimum_of(message: &Message) -> u32 {
    message
        .header(HeaderName::MinSe)
        .and_then(delta_seconds)
        .unwrap_or(0)
}

/// What we make of the wishes in a peer's INVITE or UPDATE (§9).
///
/// # Errors
/// The Min-SE to refuse it with 422.
pub(crate) fn judge(terms: Option<TimerTerms>, request: &Message) -> Result<Option<Grant>, u32> {
    let Some(terms) = terms else { return Ok(None) };
    let knows = knows_timers(request);
    let least = terms.minimum_s.max(minimum_of(request));
    let asked = asked_of(request);
    let interval_s = match (asked, terms.interval_s) {
        (Some(asked), _) if knows && asked.seconds < terms.minimum_s => {
            return Err(terms.minimum_s);
        }
        // It may be made shorter, but not than anybody on the way accepts.
        (Some(asked), Some(ours)) => asked.seconds.min(ours).max(least),
        (Some(asked), None) => asked.seconds.max(least),
        (None, Some(ours)) => ours.max(least),
        (None, None) => return Ok(None),
    };
    let we_refresh = !knows || asked.and_then(|asked| asked.refresher) == Some(Refresher::Uas);
    Ok(Some(Grant {
        interval_s,
        we_refresh,
    }))
}

impl Endpoint {
    /// Our 2xx to an INVITE or UPDATE has been sent: the timer starts as it says, or there is none any more.
    pub(crate) fn start_granted(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match session.expiry.granted.take() {
            Some(grant) => session.expiry.start(&mut self.out.timers, now, id, grant),
            None => session.expiry.stop(&mut self.out.timers),
        }
    }

    /// The peer's 2xx to an INVITE or UPDATE of ours (§7.2).
    pub(crate) fn on_refreshed(&mut self, now: Instant, id: SessionId, response: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if matches!(session.state, State::Leaving) {
            return;
        }
        let asked = asked_of(response).filter(|_| session.extensions.timer.is_some());
        let Some(expires) = asked else {
            return session.expiry.stop(&mut self.out.timers);
        };
        let grant = Grant {
            // Of zero seconds there would be no end of refreshes.
            interval_s: expires.seconds.max(1),
            we_refresh: expires.refresher != Some(Refresher::Uas),
        };
        session.expiry.start(&mut self.out.timers, now, id, grant);
    }

    /// The same request with the interval that a 422 wants (§7.3), unless that came too often.
    pub(crate) fn with_longer_interval(
        &mut self,
        id: SessionId,
        sent: &Sent,
        response: &Message,
    ) -> Option<(ClientKey, bytes::Bytes)> {
        let request = parse_datagram(sent.request.clone()).ok()?;
        let key = self.new_client_key();
        let session = self.sessions.get_mut(&id)?;
        let terms = session.extensions.timer?;
        let minimum_s = minimum_of(response);
        let asked = asked_of(&request)?;
        if minimum_s <= asked.seconds || session.expiry.too_short >= LONGER {
            return None;
        }
        session.expiry.too_short += 1;
        session.expiry.minimum_s = minimum_s.max(terms.minimum_s);
        let minimum_s = session.expiry.minimum_s;
        let expires = SessionExpires {
            seconds: minimum_s,
            refresher: asked.refresher,
        };
        let number = session.local_cseq + 1;
        let headers = [
            (HeaderName::SessionExpires, expires.print()),
            (HeaderName::MinSe, minimum_s.to_string()),
        ];
        let bytes = derived::repeat_with(&request, key, number, &headers)?;
        session.local_cseq = number;
        Some((key, bytes))
    }

    /// Half the interval is over.
    pub(crate) fn on_refresh_due(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Some(running) = &mut session.expiry.running else {
            return;
        };
        running.timer = None;
        let is_busy = session.outgoing.is_some()
            || session.incoming.is_some()
            || session.answer.is_some()
            || session.owes_ack.is_some();
        if is_busy || !matches!(session.state, State::Established) {
            // The change under way is a refresh itself, if it comes through.
            return self.refresh_later(now, id);
        }
        if session.takes_update || session.local_sdp.is_none() {
            let owner = ClientOwner::Refresh(id);
            self.send_in_dialog(now, id, &Method::Update, &[], None, owner);
            return;
        }
        session.outgoing = Some(OutgoingReinvite {
            is_refresh: true,
            ..OutgoingReinvite::new(session.local_sdp.clone(), Vec::new())
        });
        self.resume_reinvite(now, id);
    }

    /// A refresh did not come about: once more soon, while there is time.
    pub(crate) fn refresh_later(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let Some(running) = &mut session.expiry.running else {
            return;
        };
        let (at, timer) = if now + AGAIN < running.deadline {
            (now + AGAIN, SessionTimer::Refresh)
        } else {
            (running.deadline, SessionTimer::Expired)
        };
        self.out.timers.cancel(&mut running.timer);
        running.timer = Some(self.out.timers.arm(at, Due::Session(id, timer)));
    }

    /// The answer to a refreshing UPDATE.
    pub(crate) fn on_refresh_response(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        sent: &Sent,
        response: &Message,
        code: u16,
    ) {
        if code < 200 {
            return;
        }
        let again = match code {
            401 | 407 => self.with_credentials(id, &sent.request, response),
            422 => self.with_longer_interval(id, sent, response),
            _ => None,
        };
        if let Some((key, bytes)) = again {
            let owner = ClientOwner::Refresh(id);
            return self.start_client(now, key, owner, &Method::Update, bytes, sent.target);
        }
        match code {
            200..=299 => self.on_update_accepted(now, flow, id, response),
            408 | 481 => self.on_dialog_lost(now, id),
            405 | 501 => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.takes_update = false;
                }
                self.on_refresh_due(now, id);
            }
            _ => self.refresh_later(now, id),
        }
    }

    /// The answer to an UPDATE that the owner sent without a description: it refreshes like any other.
    pub(crate) fn on_owner_update_response(
        &mut self,
        now: Instant,
        flow: &Flow,
        id: SessionId,
        response: &Message,
        code: u16,
    ) {
        let is_update = response
            .cseq()
            .is_some_and(|cseq| cseq.method == Method::Update);
        if is_update && (200..300).contains(&code) {
            self.on_update_accepted(now, flow, id, response);
        }
    }

    fn on_update_accepted(&mut self, now: Instant, flow: &Flow, id: SessionId, response: &Message) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let remote_tag = response.to().and_then(|to| to.tag()).unwrap_or("");
        let mut dialogs = session.dialogs.iter_mut();
        if let Some(dialog) = dialogs.find(|dialog| *dialog.remote_tag == *remote_tag) {
            dialog.refresh(response, flow);
        }
        session.learn_abilities(response);
        if matches!(session.state, State::Established) {
            self.on_refreshed(now, id, response);
        }
    }

    /// Nobody refreshed the session: it ends with a BYE (§10).
    pub(crate) fn on_expired(&mut self, now: Instant, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        if !matches!(session.state, State::Established) {
            return;
        }
        let reason = "SIP;cause=408;text=\"Session timeout\"".to_owned();
        let headers = [("Reason".to_owned(), reason)];
        self.send_bye(now, id, &headers, ClientOwner::Nobody);
        self.end_session(now, id, Event::Expired { session: id });
    }
}
