//! Queues in a whole switch, in virtual time.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

mod announcements;
mod anything;
mod delays;
mod leaving;
mod logins;
mod serving;
mod strategies;

use std::sync::Arc;
use std::time::Duration;

use api::command::call::{Originate, Then};
use api::command::channel::Hangup;
use api::command::queue::{PutAgent, PutQueue, PutQueueAgent, SetAgentStatus};
use api::dial::DialString;
use api::event::{Event, EventKind, QueueAction};
use api::view::{Agent, AgentPatience, AgentStatus, QueueAgent, QueueSettings, Strategy};
use api::{Answer, Application, ChannelId, HangupCause};

use crate::config_xml::{Configuration, Globals, TextFiles};
use crate::rig::{Rig, config};

const QUEUE: &str = "support@default";

/// Agents are called at these numbers by loopback; whoever answers is parked on the other half.
const DIALPLAN: &str = r#"<document><section name="dialplan"><context name="default">
  <extension name="at once"><condition field="destination_number" expression="^now\d*$">
    <action application="answer"/><action application="park"/></condition></extension>
  <extension name="rings"><condition field="destination_number" expression="^rings(\d+)$">
    <action application="ring_ready"/><action application="sleep" data="$1000"/>
    <action application="answer"/><action application="park"/></condition></extension>
  <extension name="busy"><condition field="destination_number" expression="^busy$">
    <action application="hangup" data="USER_BUSY"/></condition></extension>
  <extension name="rejects"><condition field="destination_number" expression="^rejects$">
    <action application="hangup" data="CALL_REJECTED"/></condition></extension>
  <extension name="overflow"><condition field="destination_number" expression="^overflow$">
    <action application="park"/></condition></extension>
  </context></section>
  <section name="directory"><domain name="127.0.0.1"><groups><group name="default"><users>
    <user id="1000"><params><param name="password" value="1234"/></params>
      <variables><variable name="effective_caller_id_name" value="Ana"/></variables></user>
    <user id="1001"><params><param name="password" value="1234"/></params></user>
  </users></group></groups></domain></section></document>"#;

struct Center {
    rig: Rig,
}

/// A caller who waits as long as they are let, and is parked then.
const THEN_PARK: &str = "park";

impl Center {
    fn new() -> Self {
        let mut files = TextFiles::new();
        files.insert("/c/root.xml", DIALPLAN);
        let xml = Configuration::load(&files, "/c/root.xml".as_ref(), Globals::new());
        let mut config = config();
        config.xml = Arc::new(xml.expect("a sound configuration"));
        Self {
            rig: Rig::with(config),
        }
    }

    fn with(strategy: Strategy) -> Self {
        let mut center = Self::new();
        center.queue(|settings| settings.strategy = strategy);
        center
    }

    fn queue(&mut self, change: impl FnOnce(&mut QueueSettings)) {
        let mut settings = QueueSettings {
            music: "music.wav".into(),
            ..QueueSettings::named(QUEUE)
        };
        change(&mut settings);
        let name: Arc<str> = QUEUE.into();
        let put = PutQueue {
            name,
            settings,
            enabled: true,
        };
        self.rig.get(put).expect("a queue");
    }

    /// An agent at the end of the line of those of their level.
    fn agent(&mut self, name: &str, number: &str) {
        self.agent_at(name, number, 1);
    }

    fn agent_at(&mut self, name: &str, number: &str, level: u32) {
        let agents = self.rig.view.queues.get(QUEUE).expect("the queue");
        let position = u32::try_from(agents.agents.len() + 1).expect("few");
        let contact = format!("loopback/{number}/default");
        self.put_agent(name, &contact, AgentPatience::default());
        let put = PutQueueAgent {
            queue: QUEUE.into(),
            agent: name.into(),
            level: Some(level),
            position: Some(position),
            new: Some(true),
        };
        self.rig.get(put).expect("a place");
        self.status(name, AgentStatus::Available);
    }

    fn put_agent(&mut self, name: &str, contact: &str, patience: AgentPatience) {
        let put = PutAgent {
            name: name.into(),
            display_name: None,
            contact: Some(contact.into()),
            patience: Some(patience),
        };
        self.rig.get(put).expect("an agent");
    }

    fn status(&mut self, name: &str, status: AgentStatus) {
        let agent = name.into();
        let done = self.rig.get(SetAgentStatus { agent, status });
        done.expect("the agent exists");
    }

    fn patience(&mut self, name: &str, patience: AgentPatience) {
        let put = PutAgent {
            name: name.into(),
            display_name: None,
            contact: None,
            patience: Some(patience),
        };
        self.rig.get(put).expect("the agent exists");
    }

    /// Somebody calls the queue.
    fn caller(&mut self, name: &str) -> ChannelId {
        self.caller_with(name, "")
    }

    /// The same with more variables.
    fn caller_with(&mut self, name: &str, variables: &str) -> ChannelId {
        let dial = format!("{{origination_callee_id_name={name}{variables}}}null/{name}");
        let extension = format!("callcenter:{QUEUE},{THEN_PARK}");
        let originate = Originate {
            dial: DialString::parse(&dial).expect("a dial string"),
            then: Then::Route {
                extension: extension.into(),
                dialplan: "inline".into(),
                context: "default".into(),
            },
            caller_id_name: None,
            caller_id_number: None,
            timeout: None,
        };
        match self.rig.get(originate) {
            Ok(Answer::Channel(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn hang_up(&mut self, channel: &ChannelId) {
        let hangup = Hangup {
            channel: channel.clone(),
            cause: HangupCause::NormalClearing,
        };
        self.rig.get(hangup).expect("the channel lives");
    }

    fn pass(&mut self, seconds: u64) {
        self.rig.pass(Duration::from_secs(seconds));
    }

    fn seen_agent(&self, name: &str) -> Arc<Agent> {
        let agent = self.rig.view.agents.get(name);
        agent.expect("the agent is seen").clone()
    }

    fn place(&self, name: &str) -> Arc<QueueAgent> {
        let queue = self.rig.view.queues.get(QUEUE).expect("the queue");
        queue.agent(name).expect("the agent's place").clone()
    }

    /// Names of those in line.
    fn in_line(&self) -> Vec<String> {
        let queue = self.rig.view.queues.get(QUEUE).expect("the queue");
        let waiting: Vec<_> = queue.waiting().collect();
        for (index, caller) in waiting.iter().enumerate() {
            assert_eq!(caller.position as usize, index + 1);
        }
        waiting.iter().map(|c| c.caller_name.to_string()).collect()
    }

    /// The leg of the agent who serves somebody.
    fn leg(&self, name: &str) -> ChannelId {
        let channel = self.seen_agent(name).channel.clone();
        channel.expect("the agent is in a call")
    }

    fn bridged(&self, a: &ChannelId) -> Option<ChannelId> {
        self.rig.channel(a).bridged_to.clone()
    }

    fn var(&self, id: &ChannelId, name: &str) -> Option<String> {
        self.rig.channel(id).variable(name).map(str::to_owned)
    }

    /// What happened to queues since the last call, one word or two each, with whom.
    fn told(&mut self) -> Vec<String> {
        self.rig.seen(told)
    }

    /// Only what was offered to whom.
    fn offered(&mut self) -> Vec<String> {
        let of = |word: String| word.strip_prefix("offered ").map(str::to_owned);
        self.rig.seen(|event| told(event).and_then(of))
    }
}

fn told(event: &Event) -> Option<String> {
    let EventKind::Queue(event) = &event.kind else {
        return None;
    };
    use QueueAction as A;
    let agent = event.agent.as_ref().map_or("?", |agent| &agent.name);
    let caller = event.caller.as_ref();
    let caller = caller.map_or("?".into(), |caller| caller.caller_name.to_string());
    let waiting = event.queue.as_ref().map_or(0, |queue| queue.waiting);
    Some(match &event.action {
        A::QueueAdded | A::QueueChanged | A::QueueRemoved => format!("{:?}", event.action),
        A::AgentAdded => format!("added {agent}"),
        A::AgentRemoved => format!("removed {agent}"),
        A::AgentChanged => return None,
        A::StatusChanged { .. } => {
            let status = event.agent.as_ref().map(|agent| agent.status);
            format!("{agent} is {}", status.expect("of an agent"))
        }
        A::StateChanged { .. } => return None,
        A::DeviceChanged { .. } => {
            let device = event.agent.as_ref().map(|agent| agent.device);
            format!("{agent}'s device {}", device.expect("of an agent"))
        }
        A::TooManyNoAnswers => format!("{agent} answers too little"),
        A::PlaceAdded | A::PlaceRemoved => format!("{:?} {agent}", event.action),
        A::LoggedIn => format!("in {agent}"),
        A::LoggedOut => format!("out {agent}"),
        A::Paused => format!("paused {agent}"),
        A::Unpaused => format!("unpaused {agent}"),
        A::PenaltyChanged => format!("penalty {agent}"),
        A::CallerJoined => format!("joined {caller}"),
        A::CallerResumed => format!("resumed {caller}"),
        A::CallerLeft { reason, position } => {
            format!("left {caller} {} {position}", reason.name())
        }
        A::Counted => format!("count {waiting}"),
        A::Offered => format!("offered {caller} to {agent}"),
        A::OfferFailed { cause, .. } => format!("failed {agent} {}", cause.name()),
        A::BridgeStarted { .. } => format!("bridged {caller} {agent}"),
        A::BridgeEnded { .. } => format!("unbridged {caller} {agent}"),
        A::StayEnded(end) => format!("ended {caller} {end:?}"),
    })
}

/// A switch with a queue of that strategy, and callers of one application only.
fn application(data: &str) -> Application {
    Application::new("callcenter", data)
}
