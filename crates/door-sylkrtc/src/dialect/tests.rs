use super::*;
use crate::wire::account::{AccountEvent, IncomingSession};
use crate::wire::request::NoRequest;
use crate::wire::session::{SessionEvent, SessionState};
use crate::wire::videoroom::{Publisher, RoomAction, RoomRequest, VideoroomEvent};
use crate::wire::{Party, Request};

fn read(translator: &mut Translator, json: &str) -> Result<Request, NoRequest> {
    let members: Map<String, Value> = serde_json::from_str(json).unwrap();
    let name = members["sylkrtc"].as_str().unwrap().to_owned();
    let (name, members) = translator.inbound(&name, members);
    Request::read(&name, &members, translator.dialect() != Dialect::V2)
}

fn room(session: &str, what: RoomAction) -> Result<Request, NoRequest> {
    Ok(Request::Videoroom(RoomRequest {
        session: session.into(),
        what,
    }))
}

fn bob() -> Party {
    Party {
        uri: "bob@example.net".into(),
        display_name: "Bob".into(),
    }
}

#[test]
fn room_requests_of_d1_are_unfolded() {
    let mut d1 = Translator::new(Dialect::V1);
    for (json, expected) in [
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t9","session":"V1","option":"feed-attach","feed_attach":{"session":"F1","publisher":"V2"}}"#,
            room(
                "V1",
                RoomAction::FeedAttach {
                    publisher: "V2".into(),
                    feed: "F1".into(),
                },
            ),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t10","session":"V1","option":"trickle","trickle":{"session":"F1","candidates":[]}}"#,
            room("F1", RoomAction::Trickle { candidates: vec![] }),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t10","session":"V1","option":"trickle","trickle":{"candidates":[{"candidate":"c","sdpMid":"0","sdpMLineIndex":0}]}}"#,
            room(
                "V1",
                RoomAction::Trickle {
                    candidates: vec!["c".into()],
                },
            ),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t11","session":"F1","option":"update","update":{"video":false}}"#,
            room(
                "F1",
                RoomAction::Update {
                    audio: None,
                    video: Some(false),
                    bitrate: None,
                },
            ),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t","session":"V1","option":"feed-answer","feed_answer":{"session":"F1","sdp":"v=0"}}"#,
            room(
                "V1",
                RoomAction::FeedAnswer {
                    feed: "F1".into(),
                    sdp: "v=0".into(),
                },
            ),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t","session":"V1","option":"feed-detach","feed_detach":{"session":"F1"}}"#,
            room("V1", RoomAction::FeedDetach { feed: "F1".into() }),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t","session":"V1","option":"configure-room","configure_room":{"active_participants":["V2"]}}"#,
            room(
                "V1",
                RoomAction::Configure {
                    active_participants: vec!["V2".into()],
                },
            ),
        ),
        (
            r#"{"sylkrtc":"videoroom-ctl","transaction":"t","session":"V1","option":"invite-participants","invite_participants":{"participants":["sip:bob@example.net"]}}"#,
            room(
                "V1",
                RoomAction::Invite {
                    participants: vec!["bob@example.net".into()],
                },
            ),
        ),
        (
            r#"{"sylkrtc":"videoroom-terminate","transaction":"t12","session":"V1"}"#,
            room("V1", RoomAction::Leave),
        ),
    ] {
        assert_eq!(read(&mut d1, json), expected, "{json}");
    }
    assert_eq!(d1.dialect(), Dialect::V1);
    let unknown = r#"{"sylkrtc":"videoroom-ctl","transaction":"t","session":"V1","option":"dance","dance":{}}"#;
    assert_eq!(
        read(&mut d1, unknown),
        Err(NoRequest::Unknown("videoroom-ctl".to_owned()))
    );
}

#[test]
fn an_old_name_makes_it_d0_and_case_does_not_matter() {
    let mut d1 = Translator::new(Dialect::V1);
    let add = r#"{"sylkrtc":"Account-Remove","transaction":"1","account":"a@b"}"#;
    assert!(read(&mut d1, add).is_ok());
    assert_eq!(d1.dialect(), Dialect::V1);
    let old = r#"{"sylkrtc":"remove_account","transaction":"1","account":"a@b"}"#;
    assert_eq!(
        read(&mut d1, old),
        Ok(Request::AccountRemove {
            account: "a@b".into()
        })
    );
    assert_eq!(d1.dialect(), Dialect::V0);
    let mut d2 = Translator::new(Dialect::V2);
    assert_eq!(
        read(&mut d2, old),
        Err(NoRequest::Unknown("remove_account".to_owned()))
    );
}

#[test]
fn tokens_of_d1_mean_nothing() {
    let json = r#"{"sylkrtc":"account-devicetoken","transaction":"1","account":"a@b","old_token":null,"new_token":"x"}"#;
    let read_d1 = read(&mut Translator::new(Dialect::V1), json).unwrap();
    assert!(matches!(read_d1, Request::AccountDeviceToken(token) if token.push.is_none()));
    assert!(read(&mut Translator::new(Dialect::V2), json).is_err());
}

fn incoming() -> Event {
    Event::Account {
        account: "alice@example.org".into(),
        event: AccountEvent::IncomingSession(IncomingSession {
            session: "ac11b68936fb9fa5524c9ed3549b6b0a".into(),
            originator: bob(),
            sdp: "v=0\r\n...".into(),
            call_id: "x".into(),
            headers: vec![("X-A".into(), "1".into())],
        }),
    }
}

#[test]
fn the_exceptions_of_d1() {
    let mut d1 = Translator::new(Dialect::V1);
    assert_eq!(
        d1.outbound(&incoming()).unwrap(),
        r#"{"sylkrtc":"account_event","account":"alice@example.org","session":"ac11b68936fb9fa5524c9ed3549b6b0a","event":"incoming_session","data":{"originator":{"uri":"bob@example.net","display_name":"Bob"},"sdp":"v=0\r\n..."}}"#
    );
    let mut room = |event| {
        d1.outbound(&Event::Videoroom {
            session: "V1".into(),
            event,
        })
    };
    assert_eq!(
        room(VideoroomEvent::Configure {
            originator: "videoroom".into(),
            active_participants: vec!["V2".into()]
        })
        .unwrap(),
        r#"{"sylkrtc":"videoroom_event","session":"V1","event":"configure-room","originator":"videoroom","active_participants":["V2"]}"#
    );
    assert_eq!(
        room(VideoroomEvent::Accepted {
            sdp: "v=0\r\n...".into(),
            audio: true,
            video: true,
            duration: 0,
        })
        .unwrap(),
        r#"{"sylkrtc":"videoroom_event","session":"V1","event":"state","data":{"state":"accepted","sdp":"v=0\r\n..."}}"#
    );
    let publisher = Publisher {
        id: "V2".into(),
        party: bob(),
        is_phone: false,
    };
    assert_eq!(
        room(VideoroomEvent::InitialPublishers(vec![publisher])).unwrap(),
        r#"{"sylkrtc":"videoroom_event","session":"V1","event":"initial_publishers","data":{"publishers":[{"id":"V2","uri":"bob@example.net","display_name":"Bob"}]}}"#
    );
    assert_eq!(
        room(VideoroomEvent::FeedAttached {
            feed: "F1".into(),
            sdp: "v=0\r\n...".into()
        })
        .unwrap(),
        r#"{"sylkrtc":"videoroom_event","session":"V1","event":"feed_attached","data":{"sdp":"v=0\r\n...","subscription":"F1"}}"#
    );
    assert_eq!(
        room(VideoroomEvent::FeedEstablished { feed: "F1".into() }).unwrap(),
        r#"{"sylkrtc":"videoroom_event","session":"V1","event":"feed_established","data":{"state":"established","subscription":"F1"}}"#
    );
    assert_eq!(
        room(VideoroomEvent::MuteAudio {
            originator: "V1".into()
        }),
        None
    );
    let invite = AccountEvent::ConferenceInvite {
        room: "team@videoconference.example.org".into(),
        session_id: "s".into(),
        originator: Party {
            display_name: "".into(),
            ..bob()
        },
    };
    assert_eq!(
        d1.outbound(&Event::Account {
            account: "alice@example.org".into(),
            event: invite
        })
        .unwrap(),
        r#"{"sylkrtc":"account_event","account":"alice@example.org","event":"conference_invite","data":{"originator":{"uri":"bob@example.net","display_name":""},"room":"team@videoconference.example.org"}}"#
    );
}

#[test]
fn d0_has_a_caller() {
    let mut d0 = Translator::new(Dialect::V0);
    assert_eq!(
        d0.outbound(&incoming()).unwrap(),
        r#"{"sylkrtc":"account_event","account":"alice@example.org","session":"ac11b68936fb9fa5524c9ed3549b6b0a","event":"incoming_call","data":{"caller":"bob@example.net","sdp":"v=0\r\n..."}}"#
    );
}

#[test]
fn the_answer_of_early_media_waits_for_accepted_in_d1() {
    let mut d1 = Translator::new(Dialect::V1);
    let mut say = |state| {
        d1.outbound(&Event::Session {
            session: "S1".into(),
            event: SessionEvent::State(state),
        })
    };
    let early = SessionState::EarlyMedia {
        sdp: "early".into(),
        call_id: "c".into(),
    };
    assert_eq!(say(early), None);
    assert_eq!(say(SessionState::Ringing), None);
    assert_eq!(say(SessionState::Proceeding { code: 183 }), None);
    let accepted = SessionState::Accepted {
        answer: None,
        headers: vec![],
    };
    assert_eq!(
        say(accepted.clone()).unwrap(),
        r#"{"sylkrtc":"session_event","session":"S1","event":"state","data":{"state":"accepted","sdp":"early"}}"#
    );
    // Only once: a second call of that name has its own.
    assert!(!say(accepted).unwrap().contains("sdp"));
}
