use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use api::command::channel::Execute;
use api::command::control::{ControlId, ExecuteControlled};
use api::command::table::ChangeAlias;
use api::event::{ChannelEvent, ControllerWanted, CustomEvent, Spoken, SystemEvent};
use api::view::{
    Alias, AnswerState, CallState, CallerProfile, Channel, ChannelState, Direction, Directory,
    DirectoryUser, Domain, Hangup,
};
use api::{
    Answer, BackendPort, BusLimits, Capabilities, ChannelId, Command, CommandError, ErrorKind,
    Event, EventId, EventKind, HangupCause, NodeId, ObjectKind, Origin, Publisher, Seq, Switch,
    Timestamp, Uuid, Variables, View, pair,
};

const NODE: NodeId = NodeId(Uuid::from_u128(7));

/// A switch that does what it is asked in the simplest way, and remembers what it was asked.
pub struct FakeSwitch {
    handle: Switch,
    state: tokio::sync::Mutex<State>,
    pub executed: Mutex<Vec<Execute>>,
    pub asked: Mutex<Vec<&'static str>>,
    /// What a synchronous program asked for, each answered when the test says so.
    pub controlled: Mutex<Vec<ExecuteControlled>>,
    pub finish: Arc<Notify>,
}

struct State {
    view: View,
    publisher: Publisher,
}

pub fn channel(id: &str) -> Arc<Channel> {
    let id = ChannelId::from_text(id).unwrap();
    let mut variables = Variables::new();
    variables.set("foo", "bar");
    Arc::new(Channel {
        profile: Some(Arc::new(CallerProfile::new(id.clone(), Direction::Inbound))),
        id,
        serial: 1,
        name: "loopback/9196-a".into(),
        direction: Direction::Inbound,
        state: ChannelState::Park,
        next_state: ChannelState::Park,
        call_state: CallState::Active,
        answer: AnswerState::Answered,
        hit_dialplan: true,
        external_id: None,
        read_codec: None,
        write_codec: None,
        other: None,
        variables,
        hangup: None,
        application: None,
        bridged_to: None,
        room: None,
        verbose_events: false,
        initial: None,
        sent_callee: None,
        bugs: Vec::new(),
    })
}

impl FakeSwitch {
    pub fn start() -> Arc<Self> {
        let capabilities = Capabilities {
            node: NODE,
            applications: Arc::new([]),
            endpoints: Arc::new([]),
            codecs: Arc::new([]),
        };
        let mut view = View {
            directory: Arc::new(directory()),
            ..View::default()
        };
        view.globals.insert_mut("hold_music".into(), "tune".into());
        let (handle, port, dispatcher) = pair(capabilities, BusLimits::default(), view.clone());
        let BackendPort {
            mut requests,
            publisher,
        } = port;
        let fake = Arc::new(Self {
            handle,
            state: tokio::sync::Mutex::new(State { view, publisher }),
            executed: Mutex::default(),
            asked: Mutex::default(),
            controlled: Mutex::default(),
            finish: Arc::default(),
        });
        tokio::spawn(dispatcher.run());
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Some(request) = requests.recv().await {
                let (command, origin, responder) = request.into_parts();
                if let Command::ExecuteControlled(execute) = command {
                    serving.controlled.lock().unwrap().push(execute);
                    let finish = serving.finish.clone();
                    tokio::spawn(async move {
                        finish.notified().await;
                        responder.send(Ok(Answer::Unit(())), Seq(0));
                    });
                    continue;
                }
                let answer = serving.serve(command, origin).await;
                let as_of = serving.state.lock().await.view.as_of;
                responder.send(answer, as_of);
            }
        });
        fake
    }

    pub fn handle(&self) -> Switch {
        self.handle.clone()
    }

    async fn serve(&self, command: Command, origin: Origin) -> Result<Answer, CommandError> {
        self.asked.lock().unwrap().push(command.name());
        match command {
            Command::Fire(fire) => {
                let kind = EventKind::Custom(Box::new(fire.event));
                self.publish(vec![(kind, None)], Some(origin)).await;
                Ok(Answer::Unit(()))
            }
            Command::QueueEvent(queue) => {
                let channel = self.live(&queue.channel).await;
                let kind = EventKind::Custom(Box::new(queue.event));
                self.publish(vec![(kind, channel)], Some(origin)).await;
                Ok(Answer::Unit(()))
            }
            Command::AnnounceApi(api) => {
                let kind = EventKind::System(SystemEvent::ApiExecuted {
                    command: api.command,
                    argument: api.argument,
                    job: api.job,
                });
                self.publish(vec![(kind, None)], Some(origin)).await;
                Ok(Answer::Unit(()))
            }
            Command::AnnounceJob(job) => {
                let kind = EventKind::Job(Box::new(job.job));
                self.publish(vec![(kind, None)], Some(origin)).await;
                Ok(Answer::Unit(()))
            }
            Command::Hangup(hangup) => self.hang_up(&hangup.channel, hangup.cause).await,
            Command::SetVariables(set) => {
                let Some(mut channel) = self.live(&set.channel).await else {
                    return Err(CommandError::not_found(ObjectKind::Channel));
                };
                for (name, value) in set.variables {
                    Arc::make_mut(&mut channel).variables.set(&name, &*value);
                }
                let mut state = self.state.lock().await;
                state.view.channels.insert_mut(set.channel, channel);
                let view = Arc::new(state.view.clone());
                state.publisher.publish(Vec::new(), view).await;
                Ok(Answer::Unit(()))
            }
            Command::ChangeAlias(ChangeAlias::Set {
                alias,
                command,
                is_sticky,
            }) => {
                let mut state = self.state.lock().await;
                let found = Alias { command, is_sticky };
                state.view.tables.aliases.insert_mut(alias, found);
                let view = Arc::new(state.view.clone());
                state.publisher.publish(Vec::new(), view).await;
                Ok(Answer::Unit(()))
            }
            Command::Expand(expand) => {
                let name = expand.text.trim_matches(['$', '{', '}']).to_owned();
                let view = self.handle.view();
                Ok(Answer::Text(
                    view.globals
                        .get(&*name)
                        .cloned()
                        .unwrap_or_else(|| "".into()),
                ))
            }
            Command::Execute(execute) => {
                let known = self.live(&execute.channel).await.is_some();
                self.executed.lock().unwrap().push(execute);
                let gone = CommandError::not_found(ObjectKind::Channel);
                if known {
                    Ok(Answer::Unit(()))
                } else {
                    Err(gone)
                }
            }
            Command::ClaimControl(_)
            | Command::BeginControl(_)
            | Command::ParkForControl(_)
            | Command::EndControl(_) => Ok(Answer::Unit(())),
            other => Err(CommandError::new(ErrorKind::NotSupported, other.name())),
        }
    }

    /// Publishes events, each in its own batch position, with the view as it is.
    pub async fn publish(
        &self,
        kinds: Vec<(EventKind, Option<Arc<Channel>>)>,
        origin: Option<Origin>,
    ) {
        let mut state = self.state.lock().await;
        let mut events = Vec::new();
        for (kind, channel) in kinds {
            state.view.as_of = state.view.as_of.next();
            let id = EventId {
                node: NODE,
                seq: Seq(state.view.as_of.0),
            };
            events.push(Event::new(id, Timestamp(1), kind, channel, origin.clone()));
        }
        let view = Arc::new(state.view.clone());
        state.publisher.publish(events, view).await;
    }

    pub async fn fire(&self, name: &str, subclass: Option<&str>, body: Option<&str>) {
        let event = CustomEvent {
            name: name.into(),
            subclass: subclass.map(Into::into),
            headers: Vec::new(),
            body: body.map(Into::into),
            from_client: true,
        };
        let kind = EventKind::Custom(Box::new(event));
        self.publish(vec![(kind, None)], None).await;
    }

    pub async fn add(&self, id: &str) -> Arc<Channel> {
        let channel = channel(id);
        {
            let mut state = self.state.lock().await;
            state
                .view
                .channels
                .insert_mut(channel.id.clone(), channel.clone());
        }
        let kind = EventKind::Channel(ChannelEvent::Created);
        self.publish(vec![(kind, Some(channel.clone()))], None)
            .await;
        channel
    }

    /// A channel runs `socket`.
    pub async fn want(&self, id: &str, address: &str, asynchronous: bool, full: bool) {
        let wanted = ControllerWanted {
            channel: ChannelId::from_text(id).unwrap(),
            control: ControlId(1),
            spoken: Spoken::EventSocket,
            address: address.into(),
            asynchronous,
            full,
        };
        let event = SystemEvent::ControllerWanted(Box::new(wanted));
        self.publish(vec![(EventKind::System(event), None)], None)
            .await;
    }

    /// It left `socket`.
    pub async fn leave_socket(&self, id: &str) {
        let event = SystemEvent::ControlOver {
            channel: ChannelId::from_text(id).unwrap(),
            control: ControlId(1),
        };
        self.publish(vec![(EventKind::System(event), None)], None)
            .await;
    }

    /// Waits until that was asked.
    pub async fn until_asked(&self, name: &str) {
        let asked = async {
            while !self.was_asked(name) {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), asked).await;
        assert!(waited.is_ok(), "{name} is asked");
    }

    /// Waits until the program has that many things running or run.
    pub async fn until_controlled(&self, count: usize) {
        let running = async {
            while self.controlled.lock().unwrap().len() < count {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), running).await;
        assert!(waited.is_ok(), "{count} are run");
    }

    async fn live(&self, id: &ChannelId) -> Option<Arc<Channel>> {
        self.state.lock().await.view.channels.get(id).cloned()
    }

    pub async fn hang_up(
        &self,
        id: &ChannelId,
        cause: HangupCause,
    ) -> Result<Answer, CommandError> {
        let Some(channel) = self.live(id).await else {
            return Err(CommandError::not_found(ObjectKind::Channel));
        };
        self.state.lock().await.view.channels.remove_mut(id);
        let mut down = (*channel).clone();
        down.hangup = Some(Hangup {
            cause,
            blame: api::cause::Blame::Caller,
        });
        let down = Arc::new(down);
        let kinds = [
            ChannelEvent::HungUp,
            ChannelEvent::StateChanged,
            ChannelEvent::HangupComplete,
            ChannelEvent::Destroyed,
        ];
        let events = kinds.map(|kind| (EventKind::Channel(kind), Some(down.clone())));
        self.publish(events.into(), None).await;
        Ok(Answer::Unit(()))
    }

    pub fn was_asked(&self, name: &str) -> bool {
        self.asked.lock().unwrap().contains(&name)
    }
}

fn directory() -> Directory {
    let user = |id: &str, params: &[(&str, &str)]| {
        Arc::new(DirectoryUser {
            id: id.into(),
            domain: "127.0.0.1".into(),
            params: params
                .iter()
                .map(|(n, v)| ((*n).into(), (*v).into()))
                .collect(),
            ..DirectoryUser::default()
        })
    };
    let users = vec![
        user("esladmin", &[("esl-password", "adminpass")]),
        user(
            "esl",
            &[
                ("esl-password", "eslpass"),
                (
                    "esl-allowed-events",
                    "CHANNEL_CREATE CHANNEL_HANGUP CUSTOM conference::maintenance",
                ),
                ("esl-allowed-api", "status version bgapi eval show"),
                ("esl-allowed-log", "false"),
            ],
        ),
        user("1000", &[("password", "1234")]),
    ];
    let index = users
        .iter()
        .enumerate()
        .map(|(at, user)| (user.id.clone(), at));
    Directory {
        domains: vec![Domain {
            name: "127.0.0.1".into(),
            index: index.collect(),
            users,
            ..Domain::default()
        }],
    }
}
