//! Queues and parking lots as clients read them.

use super::*;

/// What clients of callcenter::info read, header by header.
#[test]
fn queues_speak_as_mod_callcenter() {
    use api::cause::HangupCause;
    use api::event::{EndOfStay, LeaveReason, QueueAction, QueueEvent};
    use api::id::{AgentId, QueueCallerId, QueueId};
    use api::view::{
        Agent, AgentPatience, AgentState, AgentStatistics, AgentStatus, CallerState, DeviceState,
        Queue, QueueCaller, QueueSettings,
    };
    let queue = Queue {
        id: QueueId(Uuid::from_u128(2)),
        name: "support@default".into(),
        settings: Arc::new(QueueSettings::named("support@default")),
        enabled: true,
        configured: true,
        callers: Vec::new(),
        agents: Vec::new(),
        calls_answered: 0,
        calls_abandoned: 0,
    };
    let agent = Arc::new(Agent {
        id: AgentId(Uuid::from_u128(3)),
        name: "1000@default".into(),
        display_name: "Bob".into(),
        contact: "user/1000".into(),
        extension: None,
        dynamic: false,
        status: AgentStatus::Available,
        pause_reason: None,
        state: AgentState::InQueueCall,
        device: DeviceState::Unknown,
        patience: AgentPatience::default(),
        statistics: AgentStatistics::default(),
        channel: None,
    });
    let channel_id = channel().id;
    let caller = Arc::new(QueueCaller {
        id: QueueCallerId(Uuid::from_u128(5)),
        channel: channel_id.clone(),
        caller_name: "Ana".into(),
        caller_number: "1001".into(),
        call_began: Timestamp(1_000_000),
        joined_at: Timestamp(2_000_000),
        rejoined_at: Timestamp::ZERO,
        answered_at: Timestamp(5_000_000),
        abandoned_at: Timestamp::ZERO,
        base_score: 0,
        state: CallerState::Answered,
        position: 0,
        agent: None,
    });
    let told = |action: QueueAction, with_agent: bool, with_caller: bool| {
        let kind = QueueEvent {
            queue: Some((&queue).into()),
            agent: with_agent.then(|| agent.clone()),
            place: None,
            caller: with_caller.then(|| caller.clone()),
            action,
        };
        let event = event(EventKind::Queue(Box::new(kind)), Some(channel()));
        assert_eq!(subclass(&event), Some("callcenter::info"));
        let all = headers(&event, &server());
        let unique_id = all.get("Unique-ID").map(|id| id.into_owned());
        assert_eq!(unique_id.as_deref(), Some(channel_id.as_str()));
        let own: Vec<String> = all
            .iter()
            .filter(|header| header.name.starts_with("CC-"))
            .map(|header| format!("{}: {}", &header.name[3..], header.text()))
            .collect();
        (name(&event), own.join(", "))
    };
    let member = "Member-UUID: 00000000-0000-0000-0000-000000000005, Member-Session-UUID: df9b9a45-efdf-4035-9f89-f3efd0f905e5, Member-CID-Name: Ana, Member-CID-Number: 1001";
    let leg = ChannelId::from_text("leg").expect("a valid id");
    let at = event(EventKind::System(SystemEvent::Started), None)
        .at
        .as_seconds();
    let cases = [
        (
            QueueAction::CallerJoined,
            (false, true),
            format!("Queue: support@default, Action: member-queue-start, {member}"),
        ),
        (
            QueueAction::Counted,
            (false, false),
            "Queue: support@default, Action: members-count, Count: 0, Selection: Single-Queue".into(),
        ),
        (
            QueueAction::Offered,
            (true, true),
            format!("Queue: support@default, Action: agent-offering, Agent: 1000@default, Agent-System: single_box, {member}"),
        ),
        (
            QueueAction::OfferFailed {
                cause: HangupCause::NoAnswer,
                called_at: Timestamp(3_000_000),
            },
            (true, true),
            format!("Queue: support@default, Action: bridge-agent-fail, Agent: 1000@default, Agent-System: single_box, Agent-Called-Time: 3, Agent-Aborted-Time: {at}, Hangup-Cause: NO_ANSWER, {member}"),
        ),
        (
            QueueAction::BridgeStarted {
                channel: leg,
                called_at: Timestamp(4_000_000),
                answered_at: Timestamp(5_000_000),
            },
            (true, true),
            format!("Queue: support@default, Action: bridge-agent-start, Agent: 1000@default, Agent-System: single_box, Agent-UUID: leg, Agent-Called-Time: 4, Agent-Answered-Time: 5, Member-Joined-Time: 2, {member}"),
        ),
        (
            QueueAction::StayEnded(EndOfStay::Terminated),
            (true, true),
            format!("Queue: support@default, Action: member-queue-end, Agent: 1000@default, Agent-System: single_box, Agent-Answered-Time: 5, Member-Joined-Time: 2, Member-Leaving-Time: {at}, Cause: Terminated, {member}"),
        ),
        (
            QueueAction::StayEnded(EndOfStay::TimedOut),
            (false, true),
            format!("Queue: support@default, Action: member-queue-end, Member-Joined-Time: 2, Member-Leaving-Time: {at}, Cause: Cancel, Cancel-Reason: TIMEOUT, {member}"),
        ),
        (
            QueueAction::StatusChanged {
                old: AgentStatus::LoggedOut,
            },
            (true, false),
            "Queue: support@default, Action: agent-status-change, Agent: 1000@default, Agent-Status: Available".into(),
        ),
        (
            QueueAction::StateChanged {
                old: AgentState::Waiting,
            },
            (true, false),
            "Queue: support@default, Action: agent-state-change, Agent: 1000@default, Agent-State: In a queue call".into(),
        ),
    ];
    for (action, (with_agent, with_caller), expected) in cases {
        let told = told(action, with_agent, with_caller);
        assert_eq!(told, (Some(EventName::Custom), expected));
    }
    let left = QueueAction::CallerLeft {
        reason: LeaveReason::Answered,
        position: 1,
    };
    let expected = format!(
        "Queue: support@default, Action: member-queue-leave, Leave-Reason: ANSWERED, Position: 1, {member}"
    );
    assert_eq!(told(left, false, true).1, expected);
    let device = QueueAction::DeviceChanged {
        old: DeviceState::Ringing,
    };
    let expected = "Queue: support@default, Action: agent-device-change, Agent: 1000@default, Agent-Device: UNKNOWN";
    assert_eq!(told(device, true, false).1, expected);
}

#[test]
fn parked_calls_speak_as_valet_parking() {
    use api::event::{ParkingAction, ParkingEvent, UnparkReason};
    use api::id::LotId;
    use api::view::ParkedCall;
    let by = ChannelId::from_text("by").expect("a valid id");
    for (action, expected) in [
        (ParkingAction::Parked, "hold"),
        (
            ParkingAction::Unparked(UnparkReason::Retrieved { by }),
            "bridge",
        ),
        (ParkingAction::Unparked(UnparkReason::TimedOut), "exit"),
    ] {
        let kind = ParkingEvent {
            lot: LotId(Uuid::from_u128(1)),
            name: "lot".into(),
            parked: Arc::new(ParkedCall {
                slot: "6001".into(),
                channel: channel().id,
                since: Timestamp(1),
                until: Timestamp::ZERO,
            }),
            action,
        };
        let event = event(EventKind::Parking(Box::new(kind)), Some(channel()));
        assert_eq!(subclass(&event), Some("valet_parking::info"));
        let all = headers(&event, &server());
        assert_eq!(all.get("Valet-Lot-Name").as_deref(), Some("lot"));
        assert_eq!(all.get("Valet-Extension").as_deref(), Some("6001"));
        assert_eq!(all.get("Action").as_deref(), Some(expected));
        let other = all.get("Bridge-To-UUID");
        assert_eq!(other.as_deref(), (expected == "bridge").then_some("by"));
        assert!(all.get("Unique-ID").is_some());
    }
}

#[test]
fn users_speak_for_themselves() {
    use api::event::{UserChange, UserEvent};
    use api::view::{Extension, StatusType, UserState, UserStatus};
    let kind = UserEvent {
        user: Arc::new(UserState {
            user: Extension {
                user: "1000".into(),
                domain: "example.org".into(),
            },
            do_not_disturb: true,
            status: Some(UserStatus {
                name: "Lunch".into(),
                kind: StatusType::Away,
                note: "back at two".into(),
                returns_at: Some(Timestamp(7_000_000)),
                own: true,
            }),
        }),
        change: UserChange::Status,
    };
    let event = event(EventKind::User(Box::new(kind)), None);
    assert_eq!(subclass(&event), Some("jackfield::user"));
    let all = headers(&event, &server());
    let own: Vec<String> = all
        .iter()
        .skip_while(|header| header.name != "Action")
        .map(|header| format!("{}: {}", header.name, header.text()))
        .collect();
    assert_eq!(
        own.join(", "),
        "Action: status, User: 1000, Domain: example.org, Do-Not-Disturb: true, Status-Name: Lunch, Status-Type: away, Status-Note: back at two, Status-Return-Time: 7"
    );
}
