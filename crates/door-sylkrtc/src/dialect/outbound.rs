use std::collections::HashMap;
use std::sync::Arc;

use super::Dialect;
use crate::wire::account::AccountEvent;
use crate::wire::session::{Answer, SessionEvent, SessionState};
use crate::wire::videoroom::{VideoroomEvent, publishers};
use crate::wire::{Body, Event, Json};

/// An event of D1: the members beside `data`, and those inside it.
struct Shape {
    kind: &'static str,
    top: Body,
    data: Option<Body>,
}

/// The frame in D1 or D0; `None` for what those clients lack.
pub(super) fn d1(
    event: &Event,
    dialect: Dialect,
    early: &mut HashMap<Arc<str>, Answer>,
) -> Option<String> {
    let shape = match event {
        Event::Ready => Shape {
            kind: "event",
            top: vec![("event", "ready".into())],
            data: None,
        },
        Event::PublicKey { .. } => return None,
        Event::Account { account, event } => of_account(account, event, dialect)?,
        Event::Session { session, event } => {
            let data = of_session(session, event, early)?;
            Shape {
                kind: "session_event",
                top: vec![("session", session.into()), ("event", "state".into())],
                data: Some(data),
            }
        }
        Event::Videoroom { session, event } => of_videoroom(session, event)?,
    };
    let mut members: Body = vec![("sylkrtc", shape.kind.into())];
    members.extend(shape.top);
    members.extend(shape.data.map(|data| ("data", Json::members(data))));
    Some(Json::members(members).print())
}

fn of_account(account: &Arc<str>, event: &AccountEvent, dialect: Dialect) -> Option<Shape> {
    let mut top: Body = vec![("account", account.into())];
    let (name, data) = match event {
        AccountEvent::Registering
        | AccountEvent::Registered(_)
        | AccountEvent::RegistrationFailed { .. } => ("registration_state", event.body().1),
        AccountEvent::IncomingSession(incoming) => {
            // The id is not within `data`.
            top.push(("session", (&incoming.session).into()));
            let (name, caller) = match dialect {
                Dialect::V0 => (
                    "incoming_call",
                    ("caller", (&incoming.originator.uri).into()),
                ),
                Dialect::V1 | Dialect::V2 => (
                    "incoming_session",
                    ("originator", incoming.originator.json()),
                ),
            };
            (name, vec![caller, ("sdp", (&incoming.sdp).into())])
        }
        AccountEvent::MissedSession { originator } => {
            ("missed_session", vec![("originator", originator.json())])
        }
        AccountEvent::ConferenceInvite {
            room,
            originator,
            session_id: _,
        } => (
            "conference_invite",
            vec![("originator", originator.json()), ("room", room.into())],
        ),
        AccountEvent::Message(_)
        | AccountEvent::Disposition(_)
        | AccountEvent::SyncConversations(_)
        | AccountEvent::Sync(_)
        | AccountEvent::AddressBook(_) => return None,
    };
    top.push(("event", name.into()));
    Some(Shape {
        kind: "account_event",
        top,
        data: Some(data),
    })
}

/// The members of `data` of a state event.
fn of_session(
    session: &Arc<str>,
    event: &SessionEvent,
    early: &mut HashMap<Arc<str>, Answer>,
) -> Option<Body> {
    let state = match event {
        SessionEvent::State(state) => state,
        SessionEvent::UpdateReceived { .. }
        | SessionEvent::UpdateAccepted { .. }
        | SessionEvent::UpdateFailed { .. }
        | SessionEvent::Message(_)
        | SessionEvent::Disposition(_) => return None,
    };
    let mut data: Body = vec![("state", state.name().into())];
    match state {
        SessionState::Progress | SessionState::Established => {}
        SessionState::Ringing | SessionState::Proceeding { .. } => return None,
        SessionState::EarlyMedia { sdp, call_id } => {
            let answer = Answer {
                sdp: sdp.clone(),
                call_id: call_id.clone(),
            };
            early.insert(session.clone(), answer);
            return None;
        }
        SessionState::Accepted { answer, headers: _ } => {
            // Such a client parses the answer of its own call without looking whether there is one.
            let held = early.remove(session);
            let answer = answer.as_ref().or(held.as_ref());
            data.extend(answer.map(|answer| ("sdp", (&answer.sdp).into())));
        }
        SessionState::Terminated { reason } => {
            early.remove(session);
            data.push(("reason", reason.into()));
        }
    }
    Some(data)
}

fn of_videoroom(session: &Arc<str>, event: &VideoroomEvent) -> Option<Shape> {
    let mut top: Body = vec![("session", session.into())];
    let mut data: Option<Body> = None;
    let name = match event {
        VideoroomEvent::Progress
        | VideoroomEvent::Established
        | VideoroomEvent::Terminated { .. } => {
            data = Some(event.body().1);
            "state"
        }
        VideoroomEvent::Accepted { sdp, .. } => {
            data = Some(vec![("state", "accepted".into()), ("sdp", sdp.into())]);
            "state"
        }
        VideoroomEvent::InitialPublishers(list) => {
            data = Some(publishers(list));
            "initial_publishers"
        }
        VideoroomEvent::PublishersJoined(list) => {
            data = Some(publishers(list));
            "publishers_joined"
        }
        VideoroomEvent::PublishersLeft(_) => {
            data = Some(event.body().1);
            "publishers_left"
        }
        VideoroomEvent::FeedAttached { feed, sdp } => {
            data = Some(vec![("sdp", sdp.into()), ("subscription", feed.into())]);
            "feed_attached"
        }
        VideoroomEvent::FeedEstablished { feed } => {
            data = Some(vec![
                ("state", "established".into()),
                ("subscription", feed.into()),
            ]);
            "feed_established"
        }
        // Hyphenated and flat, unlike all others.
        VideoroomEvent::Configure { .. } => "configure-room",
        VideoroomEvent::FileSharing(_)
        | VideoroomEvent::Message { .. }
        | VideoroomEvent::MessageDelivery { .. }
        | VideoroomEvent::ComposingIndication { .. }
        | VideoroomEvent::MuteAudio { .. }
        | VideoroomEvent::InviteStatus { .. }
        | VideoroomEvent::MuteRequest { .. }
        | VideoroomEvent::RaisedHands(_) => return None,
    };
    top.push(("event", name.into()));
    if data.is_none() {
        top.extend(event.body().1);
    }
    Some(Shape {
        kind: "videoroom_event",
        top,
        data,
    })
}
