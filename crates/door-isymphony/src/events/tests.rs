//! The examples of event-api.md §5, made of what the switch tells, and read back as filters read them.

use std::sync::Arc;

use api::event::{
    ChannelEvent, Event, EventKind, QueueAction, QueueEvent, QueueTitle, UserChange, UserEvent,
};
use api::id::{AgentId, EventId, NodeId, QueueAgentId, QueueId, Seq};
use api::view::{
    Agent, AgentPatience, AgentState, AgentStatistics, AgentStatus, CallerProfile, Channel,
    DeviceState, Direction, Extension, Hangup, QueueAgent, QueueAgentState, QueueSettings,
    StatusType, UserState, UserStatus, View,
};
use api::{ChannelId, HangupCause, Timestamp, Uuid};
use serde_json::json;

use super::Teller;
use crate::config::Licensing;
use crate::filter::Filter;
use crate::following::Following;
use crate::objects::{Kind, Objects, complete};
use crate::wire::{Entry, Line, Value, members};

const SEGMENT: &str = "6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101";
const CORE: &str = "3f0c2a8a-9d0b-4c0e-8f5d-0d5b7c1e2a90";
const EXTENSION: &str = "b1d7c1de-8e0c-4e0a-9b54-2f0f6f1f7702";
const USER: &str = "0b6b5d0f-5a57-4a39-8c8b-6f1f3b0f7c11";

/// As event-api.md §5.1 prints them, without line breaks.
const HANGUP: &str = r#"{"callSegmentId":"6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101","callerIdName":"Ana Ruiz","callerIdNumber":"201","coreServerId":"3f0c2a8a-9d0b-4c0e-8f5d-0d5b7c1e2a90","did":null,"extensionId":"b1d7c1de-8e0c-4e0a-9b54-2f0f6f1f7702","extensionNumber":"201","time":1700000012345,"type":"hangup","userId":"0b6b5d0f-5a57-4a39-8c8b-6f1f3b0f7c11","username":"ana"}"#;
const STATUS: &str = r#"{"coreServerId":"3f0c2a8a-9d0b-4c0e-8f5d-0d5b7c1e2a90","name":"Lunch","note":"back at two","returnTime":1700003600000,"statusType":"away","time":1700000000000,"type":"userStatus","userCreated":true,"userId":"0b6b5d0f-5a57-4a39-8c8b-6f1f3b0f7c11","username":"ana"}"#;

/// Ana with extension 201; `full`: her licence.
fn objects(full: bool) -> Objects {
    let mut objects = Objects::default();
    let mut make = |kind: Kind, parent: &str, id: &str, live: &str, members: Value| {
        let members = complete(kind, members.as_object().unwrap()).unwrap();
        let live = Uuid::parse_str(live).unwrap();
        objects.insert_as(kind, parent.into(), id.into(), live, members);
    };
    make(Kind::CoreServer, "", "k", CORE, json!({"slug": "default"}));
    make(
        Kind::Extension,
        "k",
        "e",
        EXTENSION,
        json!({"extension": "201", "displayName": "Ana"}),
    );
    make(
        Kind::User,
        "k",
        "u",
        USER,
        json!({"username": "ana", "full": full}),
    );
    make(
        Kind::ManagingUser,
        "k",
        "e",
        SEGMENT,
        json!({"userId": "u"}),
    );
    objects
}

fn told_with(
    event: EventKind,
    channel: Option<Channel>,
    ms: i64,
    licensing: Licensing,
    full: bool,
) -> Vec<String> {
    let id = EventId {
        node: NodeId(Uuid::from_u128(1)),
        seq: Seq(1),
    };
    let event = Event::new(id, Timestamp(ms * 1000), event, channel.map(Arc::new), None);
    let (objects, view) = (objects(full), View::default());
    let teller = Teller {
        objects: &objects,
        view: &view,
        following: &Following::default(),
        licensing,
        extended: true,
        at: event.at,
    };
    teller.told(&event).into_iter().map(Line::finish).collect()
}

fn told(event: EventKind, channel: Option<Channel>, ms: i64) -> Vec<String> {
    told_with(event, channel, ms, Licensing::Open, true)
}

/// Ana's telephone has called, and has hung up.
fn ana() -> Channel {
    let id = ChannelId::from_text(SEGMENT).unwrap();
    let mut channel = Channel::new(id.clone(), 1, "sofia/internal/201@d", Direction::Inbound);
    channel.variables.set("presence_id", "201@d");
    channel.profile = Some(Arc::new(CallerProfile {
        caller_id_name: "Ana Ruiz".into(),
        caller_id_number: "201".into(),
        destination_number: "202".into(),
        ..CallerProfile::new(id, Direction::Inbound)
    }));
    channel.hangup = Some(Hangup {
        cause: HangupCause::NormalClearing,
        blame: api::cause::Blame::Caller,
    });
    channel
}

fn filter(property: &str, value: &str) -> Filter {
    Filter::new(vec![Entry {
        property: property.to_owned(),
        value: value.to_owned(),
    }])
}

#[test]
fn a_hangup() {
    let lines = told(
        EventKind::Channel(ChannelEvent::HangupComplete),
        Some(ana()),
        1_700_000_012_345,
    );
    assert_eq!(lines, [HANGUP]);
}

#[test]
fn a_status() {
    let status = UserStatus {
        name: "Lunch".into(),
        kind: StatusType::Away,
        note: "back at two".into(),
        returns_at: Some(Timestamp(1_700_003_600_000_000)),
        own: true,
    };
    let state = |status| UserState {
        user: Extension {
            user: "201".into(),
            domain: "d".into(),
        },
        do_not_disturb: true,
        status: Some(status),
    };
    let event = |state, change| {
        EventKind::User(
            UserEvent {
                user: Arc::new(state),
                change,
            }
            .into(),
        )
    };
    let lines = told(
        event(state(status.clone()), UserChange::Status),
        None,
        1_700_000_000_000,
    );
    assert_eq!(lines, [STATUS]);
    // Who does not say when they will be back.
    let open = UserStatus {
        returns_at: None,
        ..status.clone()
    };
    let line = &told(event(state(open), UserChange::Status), None, 1)[0];
    assert!(line.contains("\"returnTime\":-1,"), "{line}");
    let line = &told(event(state(status), UserChange::DoNotDisturb), None, 1)[0];
    assert!(
        line.contains("\"enabled\":true,") && line.contains("\"type\":\"extensionDnd\""),
        "{line}"
    );
}

#[test]
fn the_examples_are_read_as_they_are_meant() {
    for (line, property, value) in [
        (HANGUP, "username", "ana"),
        (HANGUP, "time", "1700000012345"),
        (HANGUP, "callerIdName", "Ana Ruiz"),
        (STATUS, "userCreated", "true"),
        (STATUS, "statusType", "away"),
        (STATUS, "note", "back at two"),
    ] {
        assert!(filter(property, value).passes(line), "{property}");
        assert!(filter(property, "*").passes(line), "{property}");
    }
    assert!(!filter("did", "*").passes(HANGUP));
    for line in [HANGUP, STATUS] {
        let strict: Value = serde_json::from_str(line).unwrap();
        let read: Vec<(String, Value)> = members(line)
            .map(|(name, value)| (name.to_owned(), serde_json::from_str(value).unwrap()))
            .collect();
        let meant: Vec<(String, Value)> = strict.as_object().unwrap().clone().into_iter().collect();
        assert_eq!(read, meant);
    }
}

#[test]
fn an_agent_comes_and_goes() {
    let settings = QueueSettings {
        display_name: "Support".into(),
        number: "5001".into(),
        ..QueueSettings::named("support@d")
    };
    let id = QueueId(Uuid::from_u128(5));
    let agent = Agent {
        id: AgentId(Uuid::from_u128(6)),
        name: "201@d".into(),
        display_name: "Ana".into(),
        contact: "user/201@d".into(),
        extension: Some(Extension {
            user: "201".into(),
            domain: "d".into(),
        }),
        dynamic: true,
        status: AgentStatus::Available,
        pause_reason: None,
        state: AgentState::Waiting,
        device: DeviceState::NotInUse,
        patience: AgentPatience::default(),
        statistics: AgentStatistics::default(),
        channel: None,
    };
    let place = QueueAgent {
        id: QueueAgentId(Uuid::from_u128(7)),
        agent: "201@d".into(),
        level: 2,
        position: 1,
        dynamic: true,
        logged_in: true,
        paused: true,
        pause_reason: Some("lunch".into()),
        state: QueueAgentState::Ready,
    };
    let event = |action| {
        EventKind::Queue(
            QueueEvent {
                queue: Some(QueueTitle {
                    id,
                    name: "support@d".into(),
                    settings: Arc::new(settings.clone()),
                    enabled: true,
                    waiting: 0,
                }),
                agent: Some(Arc::new(agent.clone())),
                place: Some(Arc::new(place.clone())),
                caller: None,
                action,
            }
            .into(),
        )
    };
    let read = |action| -> Value {
        let lines = told(event(action), None, 5);
        assert_eq!(lines.len(), 1);
        serde_json::from_str(&lines[0]).unwrap()
    };
    let login = json!({
        "agent": "Ana", "agentId": place.id.to_string(), "coreServerId": CORE,
        "extensionId": EXTENSION, "extensionNumber": "201", "queue": "Support",
        "queueId": id.to_string(), "state": "NOT_INUSE", "time": 5, "type": "agentLogin",
        "userId": USER, "username": "ana",
    });
    assert_eq!(read(QueueAction::LoggedIn), login);
    let pause = read(QueueAction::Paused);
    assert_eq!(
        (&pause["type"], &pause["paused"], &pause["pauseReason"]),
        (&json!("agentPause"), &json!(true), &json!("lunch"))
    );
    assert_eq!(read(QueueAction::PenaltyChanged)["penalty"], 2);
    assert!(told(event(QueueAction::Counted), None, 5).is_empty());
    let lite = told_with(
        event(QueueAction::LoggedIn),
        None,
        5,
        Licensing::Compatible,
        false,
    );
    assert!(lite.is_empty());
}

/// event-api.md §5: events are for users with a full licence, where licences count.
#[test]
fn licences_count_where_they_are_to() {
    let hung_up = || EventKind::Channel(ChannelEvent::HangupComplete);
    let count = |licensing, full| told_with(hung_up(), Some(ana()), 5, licensing, full).len();
    assert_eq!(count(Licensing::Open, false), 1);
    assert_eq!(count(Licensing::Compatible, true), 1);
    assert_eq!(count(Licensing::Compatible, false), 0);
}
