use sip::message::Method;

use crate::web::tests::foreign;
use api::command::queue::{
    AgentTarget, LoadAgent, LoadQueue, LoadQueueAgents, LogIn, LogOut, PauseAgent, RemoveAgent,
    RemoveQueue, SetAgentState, SetPenalty,
};
use api::view::{AgentState, DeviceState, Extension};
use api::{ErrorKind, ObjectKind};
use sip::transport::Transport;

use super::*;
use crate::rig::Phone;

fn extension(user: &str) -> AgentTarget {
    AgentTarget::Extension(Extension {
        user: user.into(),
        domain: "127.0.0.1".into(),
    })
}

fn log_in(center: &mut Center, user: &str) {
    let login = LogIn {
        queue: QUEUE.into(),
        agent: extension(user),
        penalty: Some(3),
        paused: false,
    };
    center.rig.get(login).expect("that is allowed");
}

#[test]
fn an_extension_that_logs_in_is_an_agent_until_it_logs_out() {
    let mut center = Center::with(Strategy::RingAll);
    center.told();
    log_in(&mut center, "1000");
    assert_eq!(
        center.told(),
        [
            "added 1000@127.0.0.1",
            "PlaceAdded 1000@127.0.0.1",
            "penalty 1000@127.0.0.1",
            "1000@127.0.0.1 is Available",
            "in 1000@127.0.0.1",
            "1000@127.0.0.1's device UNAVAILABLE"
        ]
    );
    let agent = center.seen_agent("1000@127.0.0.1");
    assert_eq!(&*agent.display_name, "Ana");
    assert!(agent.dynamic);
    let place = center.place("1000@127.0.0.1");
    assert_eq!(
        (place.level, place.logged_in, place.paused),
        (3, true, false)
    );
    assert!(center.rig.view.queue_agent(place.id).is_some());
    let out = LogOut {
        queue: QUEUE.into(),
        agent: extension("1000"),
    };
    center.rig.get(out.clone()).unwrap();
    assert_eq!(
        center.told(),
        [
            "out 1000@127.0.0.1",
            "PlaceRemoved 1000@127.0.0.1",
            "removed 1000@127.0.0.1"
        ]
    );
    assert!(center.rig.view.agents.is_empty());
    let error = center.rig.get(out).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound(ObjectKind::Agent));
}

#[test]
fn nobody_is_logged_in_who_does_not_exist() {
    let mut center = Center::with(Strategy::RingAll);
    let login = |queue: &str, user: &str| LogIn {
        queue: queue.into(),
        agent: extension(user),
        penalty: None,
        paused: false,
    };
    let error = center.rig.get(login(QUEUE, "4711")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound(ObjectKind::User));
    let error = center.rig.get(login("no", "1000")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound(ObjectKind::Queue));
    assert!(center.rig.view.agents.is_empty());
}

#[test]
fn an_agent_logs_in_to_one_queue_and_not_to_his_others() {
    let mut center = Center::with(Strategy::RingAll);
    let other = PutQueue {
        name: "sales".into(),
        settings: QueueSettings::named("sales"),
        enabled: true,
    };
    center.rig.get(other).unwrap();
    center.agent("bob", "rings9");
    let put = PutQueueAgent {
        queue: "sales".into(),
        agent: "bob".into(),
        level: None,
        position: None,
        new: None,
    };
    center.rig.get(put).unwrap();
    center.status("bob", AgentStatus::LoggedOut);
    center.told();
    let login = LogIn {
        queue: "sales".into(),
        agent: AgentTarget::Name("bob".into()),
        penalty: None,
        paused: true,
    };
    center.rig.get(login).unwrap();
    assert_eq!(center.told(), ["bob is Available", "in bob", "paused bob"]);
    assert!(!center.place("bob").logged_in);
    // All of them at once.
    center.status("bob", AgentStatus::LoggedOut);
    assert_eq!(center.told(), ["bob is Logged Out", "out bob"]);
}

#[test]
fn a_paused_agent_is_spared_that_queue() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    center.told();
    let pause = |queue: Option<&str>, paused: bool| PauseAgent {
        queue: queue.map(Into::into),
        agent: AgentTarget::Name("bob".into()),
        paused,
        reason: paused.then(|| "lunch".into()),
    };
    center.rig.get(pause(Some(QUEUE), true)).unwrap();
    assert_eq!(center.told(), ["paused bob"]);
    assert_eq!(center.place("bob").pause_reason.as_deref(), Some("lunch"));
    center.caller("ann");
    center.pass(3);
    assert_eq!(center.offered(), [""; 0]);
    center.rig.get(pause(Some(QUEUE), false)).unwrap();
    assert_eq!(center.told(), ["unpaused bob", "offered ann to bob"]);
    assert_eq!(center.place("bob").pause_reason, None);
    // Altogether it is a break.
    center.rig.get(pause(None, true)).unwrap();
    assert_eq!(center.told(), ["bob is On Break", "paused bob"]);
    assert_eq!(center.place("bob").pause_reason.as_deref(), Some("lunch"));
    let error = center.rig.get(pause(Some(QUEUE), false)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidState);
    center.rig.get(pause(None, false)).unwrap();
    assert_eq!(center.told()[..2], ["bob is Available", "unpaused bob"]);
}

#[test]
fn a_penalty_is_a_level() {
    let mut center = Center::with(Strategy::TopDown);
    center.agent("bob", "rings9");
    center.agent("dan", "rings9");
    let penalty = SetPenalty {
        queue: Some(QUEUE.into()),
        agent: AgentTarget::Name("bob".into()),
        penalty: 9,
    };
    center.rig.get(penalty).unwrap();
    let queue = center.rig.view.queues.get(QUEUE).unwrap().clone();
    let order: Vec<_> = queue.agents.iter().map(|place| &*place.agent).collect();
    assert_eq!(order, ["dan", "bob"]);
    center.told();
    center.caller("ann");
    assert_eq!(center.offered(), ["ann to dan"]);
}

#[test]
fn an_idle_agent_waits_again_when_he_says_so() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    let state = |state| SetAgentState {
        agent: "bob".into(),
        state,
    };
    center.rig.get(state(AgentState::Idle)).unwrap();
    center.told();
    center.caller("ann");
    assert_eq!(center.offered(), [""; 0]);
    let error = center.rig.get(state(AgentState::Receiving)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidState);
    center.rig.get(state(AgentState::Waiting)).unwrap();
    assert_eq!(center.offered(), ["ann to bob"]);
}

#[test]
fn a_removed_agent_is_called_no_more() {
    let mut center = Center::with(Strategy::RingAll);
    center.agent("bob", "rings9");
    center.caller("ann");
    center.told();
    let remove = RemoveAgent {
        agent: "bob".into(),
    };
    center.rig.get(remove).unwrap();
    assert_eq!(
        center.told(),
        [
            "out bob",
            "PlaceRemoved bob",
            "failed bob ORIGINATOR_CANCEL",
            "removed bob"
        ]
    );
    assert_eq!(center.in_line(), ["ann"]);
    assert_eq!(center.rig.switch.census().queue_offers, 0);
}

#[test]
fn a_device_is_seen_registering_and_calling() {
    let mut center = Center::with(Strategy::RingAll);
    log_in(&mut center, "1000");
    let mut phone = Phone::new("1000", "127.0.0.1:5070", Transport::Udp, 1);
    center.told();
    assert_eq!(phone.register(&mut center.rig, "1234", 600), 200);
    assert_eq!(center.told(), ["1000@127.0.0.1's device NOT_INUSE"]);
    // Somebody who is no queue calls them.
    center.rig.call("user/1000@127.0.0.1");
    assert_eq!(center.told(), ["1000@127.0.0.1's device RINGING"]);
    let agent = center.seen_agent("1000@127.0.0.1");
    assert_eq!(agent.device, DeviceState::Ringing);
    assert_eq!(agent.statistics.external_calls, 1);
    center.caller("ann");
    assert_eq!(center.offered(), [""; 0]);
    center.rig.pass(Duration::from_secs(70));
    let told = center.told();
    assert!(
        told.contains(&"offered ann to 1000@127.0.0.1".to_owned()),
        "{told:?}"
    );
    assert_eq!(
        center
            .seen_agent("1000@127.0.0.1")
            .statistics
            .external_calls,
        0
    );
}

#[test]
fn a_device_is_seen_answering() {
    let mut center = Center::with(Strategy::RingAll);
    log_in(&mut center, "1000");
    let mut phone = Phone::new("1000", "127.0.0.1:5070", Transport::Udp, 1);
    assert_eq!(phone.register(&mut center.rig, "1234", 600), 200);
    center.rig.sent();
    center.rig.call("user/1000@127.0.0.1");
    let invite = foreign::sent(&mut center.rig, &Method::Invite);
    center.told();
    let answer = "Contact: <sip:1000@127.0.0.1:5070>\r\nContent-Type: application/sdp\r\n\r\n\
        v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    foreign::respond(&mut center.rig, &invite, "200 OK", answer);
    assert_eq!(center.told(), ["1000@127.0.0.1's device INUSE"]);
}

#[test]
fn the_built_in_configuration_has_a_queue_with_three_agents() {
    let mut rig = Rig::new();
    rig.pass(Duration::from_secs(1));
    let queue = rig.view.queue("5001").expect("by its number").clone();
    assert_eq!((&*queue.name, queue.configured), ("support@default", true));
    let agents: Vec<_> = queue.agents.iter().map(|place| &*place.agent).collect();
    assert_eq!(agents, ["1000@default", "1001@default", "1002@default"]);
    assert!(
        queue
            .agents
            .iter()
            .all(|place| place.logged_in && !place.dynamic)
    );
    let agent = rig.view.agents.get("1000@default").unwrap();
    assert_eq!(agent.device, DeviceState::Unavailable);
    let extension = agent.extension.as_ref().unwrap().to_string();
    assert_eq!(extension, "1000@127.0.0.1");
}

#[test]
fn what_the_configuration_says_can_be_had_again() {
    let mut rig = Rig::new();
    let queue: Arc<str> = "support@default".into();
    let agent: Arc<str> = "1000@default".into();
    rig.get(RemoveAgent {
        agent: agent.clone(),
    })
    .unwrap();
    rig.get(RemoveQueue {
        queue: queue.clone(),
    })
    .unwrap();
    assert!(rig.view.queues.is_empty() && !rig.view.agents.contains_key(&agent));
    rig.get(LoadQueue {
        queue: queue.clone(),
    })
    .unwrap();
    rig.get(LoadAgent {
        agent: agent.clone(),
    })
    .unwrap();
    let load = LoadQueueAgents {
        queue: Some(queue.clone()),
        agent: None,
    };
    assert_eq!(rig.get(load), Ok(Answer::Count(3)));
    let seen = rig.view.queues.get(&queue).unwrap();
    assert_eq!((&*seen.settings.number, seen.agents.len()), ("5001", 3));
    let nobody = rig.get(LoadAgent {
        agent: "nobody".into(),
    });
    let kind = ErrorKind::NotFound(ObjectKind::Agent);
    assert_eq!(nobody.unwrap_err().kind, kind);
}
