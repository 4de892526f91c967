use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::super::{
    ChannelEvent, CustomEvent, Event, EventKind, FormatId, JobEvent, MessageEvent, QueueAction,
    QueueEvent, RoomAction, RoomEvent, StageAction, StageEvent, StagePlace, SystemEvent,
    VideoRoomEvent, VideoRoomEventKind, WebEvent, WebEventKind, WebParty,
};
use crate::id::{
    ChannelId, EventId, JobId, MemberId, NodeId, ParticipantId, QueueCallerId, QueueId, RoomId,
    RoomNumber, Seq, WebClientId,
};
use crate::spatial::{Controls, Layout, ParticipantKind, Pose};
use crate::time::Timestamp;
use crate::view::{
    CallerState, Channel, Direction, Participant, Queue, QueueCaller, QueueSettings, Relation,
    Room, RoomFlags, RoomParameters,
};
use crate::{Uuid, variables::Variables};

const MIB: usize = 1 << 20;

fn event(kind: EventKind, channel: Option<Arc<Channel>>) -> Event {
    let node = NodeId(Uuid::from_u128(7));
    let id = EventId { node, seq: Seq(1) };
    Event::new(id, Timestamp(1), kind, channel, None)
}

fn weight(kind: EventKind) -> usize {
    event(kind, None).weight()
}

fn long() -> Arc<str> {
    "x".repeat(MIB).into()
}

fn channel() -> ChannelId {
    ChannelId::from_text("6f2b61b4-55a4-4a54-9a3b-3b4f6f5f0001").unwrap()
}

fn party() -> WebParty {
    WebParty {
        uri: "1001@example.org".into(),
        display_name: "".into(),
    }
}

fn custom(headers: Vec<(Arc<str>, Arc<str>)>, body: Option<Arc<str>>) -> EventKind {
    EventKind::Custom(Box::new(CustomEvent {
        name: "CUSTOM".into(),
        subclass: Some("a::b".into()),
        headers,
        body,
        from_client: true,
    }))
}

/// What a client may make as long as it likes counts at least twice: in the event, and in the frame some door makes of
/// it after the queues have weighed it.
#[test]
fn texts_of_every_family_count_and_so_do_their_frames() {
    let web = |kind| {
        EventKind::Web(Box::new(WebEvent {
            client: WebClientId(1),
            kind,
        }))
    };
    let video = |kind| {
        EventKind::VideoRoom(Box::new(VideoRoomEvent {
            room: "room@host".into(),
            kind,
        }))
    };
    let heavy = [
        custom(Vec::new(), Some(long())),
        custom(vec![("X".into(), long())], None),
        custom(vec![(long(), "x".into())], None),
        EventKind::Message(Box::new(MessageEvent {
            from: party(),
            verified: true,
            sender: None,
            source: SocketAddr::from(([127, 0, 0, 1], 5060)),
            to: "1002@example.org".into(),
            clients: Vec::new(),
            awaited: None,
            call: None,
            content_type: "text/plain".into(),
            headers: Vec::new(),
            body: Bytes::from(vec![b'x'; MIB]),
        })),
        EventKind::Job(Box::new(JobEvent {
            job: JobId("1".into()),
            owner: None,
            command: "status".into(),
            argument: None,
            output: Some(long()),
        })),
        EventKind::System(SystemEvent::ApiExecuted {
            command: "echo".into(),
            argument: Some(long()),
            job: None,
        }),
        EventKind::Channel(ChannelEvent::Application {
            headers: vec![("X".into(), long())],
        }),
        EventKind::Channel(ChannelEvent::InfoReceived {
            content_type: "a/b".into(),
            body: long(),
        }),
        EventKind::Channel(ChannelEvent::PrivateCommand {
            headers: Vec::new(),
            body: Some(long()),
        }),
        web(WebEventKind::UpdateReceived {
            channel: channel(),
            offer: long(),
        }),
        video(VideoRoomEventKind::Said {
            channel: None,
            from: party(),
            content_type: "text/plain".into(),
            content: long(),
        }),
    ];
    for kind in heavy {
        let family = kind.family();
        let weight = weight(kind);
        assert!(
            (2 * MIB..2 * MIB + 4096).contains(&weight),
            "{family:?}: {weight}"
        );
    }
}

/// Several doors may encode it; then what they made counts.
#[test]
fn frames_count_when_they_are_more_than_was_thought() {
    let event = event(custom(Vec::new(), Some(long())), None);
    let before = event.weight();
    let frame = |format, times: usize| {
        event.frame(FormatId::new(format), |_| "x".repeat(times * MIB).into());
    };
    frame(0, 1);
    assert_eq!(event.weight(), before);
    frame(1, 3);
    assert!(event.weight() > before + 2 * MIB);
}

#[test]
fn a_channel_counts_with_the_length_of_its_variables() {
    let mut seen = Channel::new(channel(), 1, "null/x", Direction::Inbound);
    let weigh = |seen: &Channel| {
        let kind = EventKind::Channel(ChannelEvent::Answered);
        event(kind, Some(Arc::new(seen.clone()))).weight()
    };
    let bare = weigh(&seen);
    seen.variables = [("short", "value")].into_iter().collect();
    assert_eq!(weigh(&seen), bare + 64);
    seen.variables.set("long", &*long());
    assert!(weigh(&seen) >= bare + MIB);
    let list = format!("ARRAY::{}", vec!["x"; 1000].join("|:"));
    seen.variables = [("list", &*list)].into_iter().collect();
    assert!(weigh(&seen) >= bare + 16_000, "a list counts by its items");
    let bridged = EventKind::Channel(ChannelEvent::Bridged {
        a: channel(),
        b: Arc::new(seen),
    });
    assert!(weight(bridged) >= 16_000);
}

#[test]
fn a_conference_counts_with_its_lists() {
    let mut room = Room {
        id: RoomId(Uuid::from_u128(3)),
        name: "3000".into(),
        domain: "".into(),
        profile: "default".into(),
        rate_hz: 8000,
        interval_ms: 20,
        created: Timestamp(1),
        flags: RoomFlags::default(),
        pin: None,
        members: Vec::new(),
        floor: None,
        recordings: Vec::new(),
        relations: Vec::new(),
        variables: Variables::new(),
        enter_sound: None,
        exit_sound: None,
        energy_level: 0,
        parameters: RoomParameters::default(),
    };
    let weigh = |room: &Room| {
        weight(EventKind::Room(Box::new(RoomEvent {
            room: Arc::new(room.clone()),
            member: None,
            action: RoomAction::Locked,
        })))
    };
    let bare = weigh(&room);
    let rule = Relation {
        member: MemberId(1),
        other: MemberId(2),
        nospeak: true,
        nohear: false,
    };
    room.relations = vec![rule; 4096];
    assert!(weigh(&room) >= bare + 4096 * size_of::<Relation>());
}

/// An event of a room says which room; it does not keep the list of everybody there (10,000 events of a room of
/// 10,000 would otherwise keep 80 kB each).
#[test]
fn an_event_of_a_stage_is_as_small_as_it_says() {
    let event = StageEvent {
        stage: StagePlace {
            number: RoomNumber(12),
            name: "12".into(),
            layout: Arc::new(Layout::built_in()),
        },
        participant: Some(Arc::new(Participant {
            id: ParticipantId(3),
            name: "x".repeat(2000).into(),
            kind: ParticipantKind::Regular,
            rate_hz: 48_000,
            channels: 1,
            seat: None,
            pose: Pose::default(),
            controls: Controls::default(),
            member: None,
            channel: None,
        })),
        action: StageAction::Renamed,
    };
    assert!((4000..5000).contains(&weight(EventKind::Stage(Box::new(event)))));
}

/// An event of a queue says which queue, and keeps no list of who else waits there.
#[test]
fn an_event_of_a_queue_is_as_small_as_it_says() {
    let caller = |n: u128| QueueCaller {
        id: QueueCallerId(Uuid::from_u128(n)),
        channel: channel(),
        caller_name: "x".repeat(1000).into(),
        caller_number: "100".into(),
        call_began: Timestamp(1),
        joined_at: Timestamp(2),
        rejoined_at: Timestamp::ZERO,
        answered_at: Timestamp::ZERO,
        abandoned_at: Timestamp::ZERO,
        base_score: 0,
        state: CallerState::Waiting,
        position: 1,
        agent: None,
    };
    let queue = Queue {
        id: QueueId(Uuid::from_u128(1)),
        name: "support@default".into(),
        settings: Arc::new(QueueSettings {
            music: "x".repeat(500).into(),
            ..QueueSettings::named("support@default")
        }),
        enabled: true,
        configured: true,
        callers: (0..1000).map(|n| Arc::new(caller(n))).collect(),
        agents: Vec::new(),
        calls_answered: 0,
        calls_abandoned: 0,
    };
    let event = QueueEvent {
        queue: Some((&queue).into()),
        agent: None,
        place: None,
        caller: Some(Arc::new(caller(1))),
        action: QueueAction::CallerJoined,
    };
    assert_eq!(event.queue.as_ref().map(|queue| queue.waiting), Some(1000));
    assert!((3000..5000).contains(&weight(EventKind::Queue(Box::new(event)))));
}
