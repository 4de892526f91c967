use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::bus::QueueLimits;
use api::command::message::{Delivery, SendMessage};
use api::event::{
    MessageEvent, VideoRoomEvent, VideoRoomEventKind, WebEvent, WebEventKind, WebParty,
};
use api::id::WebClientId;
use api::view::{Channel, Direction, Directory, DirectoryUser, Domain};
use api::{
    Answer, BackendPort, BusLimits, Capabilities, ChannelId, Command, CommandError, ErrorKind,
    Event, EventId, EventKind, NodeId, ObjectKind, Publisher, Seq, Switch, Timestamp, Uuid,
    Variables, View, pair,
};
use tokio::sync::Semaphore;

use super::rooms::FakeRooms;

const NODE: NodeId = NodeId(Uuid::from_u128(7));

/// A switch that accepts everything and remembers it. Registrations succeed, calls ring when told to.
pub struct FakeSwitch {
    handle: Switch,
    state: tokio::sync::Mutex<State>,
    pub asked: Mutex<Vec<Command>>,
    /// The next command of that name is refused so.
    pub refusals: Mutex<HashMap<&'static str, CommandError>>,
    /// Statuses with which messages are answered, in order; then 200.
    pub deliveries: Mutex<Vec<(u16, &'static str)>>,
    /// Registrations fail with it.
    pub registration: Mutex<Option<(u16, &'static str)>>,
    clients: Mutex<HashMap<WebClientId, String>>,
    /// Commands wait for a permit while it has none; see `hold`.
    gate: Semaphore,
}

struct State {
    view: View,
    publisher: Publisher,
    channels: u32,
    rooms: FakeRooms,
}

impl State {
    async fn publish(&mut self, kinds: Vec<EventKind>) {
        let event = |kind| {
            self.view.as_of = self.view.as_of.next();
            let id = EventId {
                node: NODE,
                seq: Seq(self.view.as_of.0),
            };
            Event::new(id, Timestamp(1), kind, None, None)
        };
        let events = kinds.into_iter().map(event).collect();
        let view = Arc::new(self.view.clone());
        self.publisher.publish(events, view).await;
    }

    /// The view has a channel.
    fn appears(&mut self, id: &ChannelId) {
        let channel = Channel::new(id.clone(), 1, "", Direction::Inbound);
        self.view.channels.insert_mut(id.clone(), Arc::new(channel));
    }
}

pub fn party(uri: &str, name: &str) -> WebParty {
    WebParty {
        uri: uri.into(),
        display_name: name.into(),
    }
}

/// What a telephone that has proved itself writes.
pub fn letter(from: &str, to: &str, content_type: &str, body: &str) -> MessageEvent {
    MessageEvent {
        from: party(from, "Phone"),
        verified: true,
        sender: None,
        source: ([127, 0, 0, 1], 0).into(),
        to: to.into(),
        clients: vec![],
        awaited: None,
        call: None,
        content_type: content_type.into(),
        headers: vec![],
        body: body.to_owned().into(),
    }
}

impl FakeSwitch {
    pub fn start() -> Arc<Self> {
        let capabilities = Capabilities {
            node: NODE,
            applications: Arc::new([]),
            endpoints: Arc::new([]),
            codecs: Arc::new([]),
        };
        // Alice has a password here; everybody else has to register.
        let alice = DirectoryUser {
            id: "alice".into(),
            domain: "example.org".into(),
            params: vec![("a1-hash".into(), super::HA1.into())],
            ..DirectoryUser::default()
        };
        let domain = |name: &str| Domain {
            name: name.into(),
            users: vec![Arc::new(alice.clone())],
            index: [("alice".into(), 0), ("77".into(), 0)].into(),
            ..Domain::default()
        };
        let view = View {
            directory: Arc::new(Directory {
                domains: vec![domain("example.org"), domain("example.net")],
            }),
            ..View::default()
        };
        let (handle, port, dispatcher) = pair(capabilities, BusLimits::default(), view.clone());
        let BackendPort {
            mut requests,
            publisher,
        } = port;
        let fake = Arc::new(Self {
            handle,
            state: tokio::sync::Mutex::new(State {
                view,
                publisher,
                channels: 0,
                rooms: FakeRooms::default(),
            }),
            asked: Mutex::default(),
            refusals: Mutex::default(),
            deliveries: Mutex::default(),
            registration: Mutex::default(),
            clients: Mutex::default(),
            gate: Semaphore::new(1),
        });
        tokio::spawn(dispatcher.run());
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Some(request) = requests.recv().await {
                let passed = serving.gate.acquire().await.unwrap();
                let (command, _, responder) = request.into_parts();
                let answer = serving.serve(command).await;
                let as_of = serving.state.lock().await.view.as_of;
                responder.send(answer, as_of);
                drop(passed);
            }
        });
        fake
    }

    pub fn handle(&self) -> Switch {
        self.handle.clone()
    }

    /// Answers nothing until the guard is dropped.
    pub async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.gate.acquire().await.unwrap()
    }

    /// Names of everything asked so far.
    pub fn names(&self) -> Vec<&'static str> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .map(Command::name)
            .collect()
    }

    pub fn was_asked(&self, name: &str) -> usize {
        self.names()
            .into_iter()
            .filter(|asked| *asked == name)
            .count()
    }

    /// The last command that `pick` recognises.
    pub fn last<T>(&self, pick: impl Fn(&Command) -> Option<T>) -> Option<T> {
        self.asked.lock().unwrap().iter().rev().find_map(pick)
    }

    pub fn refuse(&self, name: &'static str, kind: ErrorKind, detail: &str) {
        let error = CommandError::new(kind, detail);
        self.refusals.lock().unwrap().insert(name, error);
    }

    /// The newest client of an account.
    pub fn client_of(&self, account: &str) -> WebClientId {
        let clients = self.clients.lock().unwrap();
        let of = clients.iter().filter(|(_, name)| *name == account);
        *of.map(|(client, _)| client)
            .max()
            .expect("the account is known")
    }

    async fn serve(&self, command: Command) -> Result<Answer, CommandError> {
        self.asked.lock().unwrap().push(command.clone());
        if let Some(refusal) = self.refusals.lock().unwrap().remove(command.name()) {
            return Err(refusal);
        }
        match command {
            Command::AddWebClient(add) => {
                let name = format!("{}@{}", add.user, add.domain);
                self.clients.lock().unwrap().insert(add.client, name);
                Ok(Answer::Unit(()))
            }
            Command::RemoveWebClient(remove) => {
                self.clients.lock().unwrap().remove(&remove.client);
                Ok(Answer::Unit(()))
            }
            Command::RegisterWebClient(register) => {
                self.web(register.client, WebEventKind::Registering).await;
                let fails = *self.registration.lock().unwrap();
                let kind = match fails {
                    Some((code, phrase)) => WebEventKind::RegistrationFailed {
                        code,
                        phrase: phrase.into(),
                    },
                    None => WebEventKind::Registered,
                };
                self.web(register.client, kind).await;
                Ok(Answer::Unit(()))
            }
            Command::PlaceWebCall(place) => {
                let channel = self.new_channel().await;
                let calling = WebEventKind::Calling {
                    channel: channel.clone(),
                };
                self.web(place.client, calling).await;
                Ok(Answer::Channel(channel))
            }
            Command::SendMessage(send) => self.send(&send).await,
            Command::SendCallMessage(_) => Ok(Answer::Delivery(self.delivery())),
            Command::UnregisterWebClient(_)
            | Command::KeepMessages(_)
            | Command::AnswerMessage(_)
            | Command::AnswerWebCall(_)
            | Command::EndWebCall(_)
            | Command::TrickleWebCall(_)
            | Command::UpdateWebCall(_)
            | Command::PressWebDigits(_) => Ok(Answer::Unit(())),
            other => self.room_command(other).await,
        }
    }

    /// Everything about video rooms; what it causes is published before the answer is sent.
    async fn room_command(&self, command: Command) -> Result<Answer, CommandError> {
        let names = self.clients.lock().unwrap().clone();
        let channel = match command {
            Command::JoinVideoRoom(_) => Some(self.new_channel().await),
            _ => None,
        };
        let mut state = self.state.lock().await;
        match (&command, &channel) {
            (_, Some(joins)) => state.appears(joins),
            (Command::LeaveVideoRoom(leave), _) => {
                state.view.channels.remove_mut(&leave.channel);
            }
            _ => {}
        }
        let (answer, events) = state.rooms.serve(command, &names, channel);
        drop(state);
        for event in events {
            self.publish(EventKind::VideoRoom(Box::new(event))).await;
        }
        answer
    }

    /// Something happens in a room by itself.
    pub async fn in_room(&self, room: &str, kind: VideoRoomEventKind) {
        let room = room.into();
        let event = VideoRoomEvent { room, kind };
        self.publish(EventKind::VideoRoom(Box::new(event))).await;
    }

    /// A telephone dials into a room.
    pub async fn phone_enters(&self, room: &str, uri: &str) -> ChannelId {
        let channel = self.new_channel().await;
        let mut state = self.state.lock().await;
        state.appears(&channel);
        let events = state.rooms.phone(room, channel.clone(), uri);
        drop(state);
        for event in events {
            self.publish(EventKind::VideoRoom(Box::new(event))).await;
        }
        channel
    }

    fn delivery(&self) -> Delivery {
        let mut deliveries = self.deliveries.lock().unwrap();
        let (code, phrase) = if deliveries.is_empty() {
            (200, "OK")
        } else {
            deliveries.remove(0)
        };
        Delivery {
            code,
            phrase: phrase.into(),
        }
    }

    /// Delivers to the other clients of the account it goes to.
    async fn send(&self, send: &SendMessage) -> Result<Answer, CommandError> {
        let delivery = self.delivery();
        let names = self.clients.lock().unwrap().clone();
        let sender = names.get(&send.client).cloned();
        let sender = sender.ok_or(CommandError::not_found(ObjectKind::User))?;
        let to = &*send.to;
        let clients: Vec<WebClientId> = names
            .iter()
            .filter(|(client, name)| *name == to && **client != send.client)
            .map(|(client, _)| *client)
            .collect();
        if delivery.code < 300 && !clients.is_empty() {
            let event = MessageEvent {
                from: party(&sender, "Alice"),
                sender: Some(send.client),
                clients,
                headers: send.headers.clone(),
                body: send.body.clone(),
                ..letter("", to, &send.content_type, "")
            };
            self.write(event).await;
        }
        Ok(Answer::Delivery(delivery))
    }

    /// Somebody writes.
    pub async fn write(&self, letter: MessageEvent) {
        self.publish(EventKind::Message(Box::new(letter))).await;
    }

    pub async fn new_channel(&self) -> ChannelId {
        let mut state = self.state.lock().await;
        state.channels += 1;
        ChannelId::from_text(&format!("channel-{}", state.channels)).unwrap()
    }

    /// The channel of the last call that was placed.
    pub async fn placed(&self) -> ChannelId {
        let state = self.state.lock().await;
        ChannelId::from_text(&format!("channel-{}", state.channels)).unwrap()
    }

    pub async fn web(&self, client: WebClientId, kind: WebEventKind) {
        self.publish(EventKind::Web(Box::new(WebEvent { client, kind })))
            .await;
    }

    pub async fn publish(&self, kind: EventKind) {
        self.state.lock().await.publish(vec![kind]).await;
    }

    /// More happens at once than the door can take in; meanwhile these channels end.
    pub async fn flood(&self, ended: &[ChannelId]) {
        let mut state = self.state.lock().await;
        for channel in ended {
            state.view.channels.remove_mut(channel);
            state.rooms.lose(channel);
        }
        let nobody = || WebEvent {
            client: WebClientId(u64::MAX),
            kind: WebEventKind::Registering,
        };
        let most = QueueLimits::default().messages;
        let kinds = (0..=most).map(|_| EventKind::Web(Box::new(nobody())));
        state.publish(kinds.collect()).await;
    }
}
