//! sylkrtc.md §3.6 and §6: coming, going, and what concerns a participation or feed as a whole.

mod everybody;
mod feeds;

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::command::video_room::{
    Flow, JoinVideoRoom, LeaveVideoRoom, TrickleFeed, UpdateFeed, UpdatePublication,
};
use api::command::web::TrickleWebCall;
use api::event::VideoRoomEventKind;
use api::id::FeedId;
use api::{ChannelId, CommandError, ErrorKind, EventKind, Ha1, ObjectKind};
use md5::{Digest, Md5};
use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};

use super::{Done, Handled};
use crate::accounts::Account;
use crate::error::Refusal;
use crate::inbox::Notice;
use crate::rooms::{Participation, Standing};
use crate::session::Session;
use crate::start::Shared;
use crate::wire::videoroom::{Join, RoomAction, RoomRequest, VideoroomEvent};
use crate::wire::{Event, Invalid, Party};

/// Longest that leaving waits for the switch: the client waits 300 ms for `terminated`.
const LEAVING: Duration = Duration::from_millis(150);

/// Longest that an `ack` waits for the event that is to come before it (sylkrtc.md §1.10).
const OWN_EVENT: Duration = Duration::from_millis(250);

/// What a request of a participation is about.
enum Subject {
    Publication(ChannelId),
    Feed(FeedId),
}

impl Session {
    pub(super) async fn videoroom_join(&mut self, join: Join) -> Handled {
        let Join {
            session,
            account,
            uri,
            sdp,
            audio,
            video,
        } = join;
        let named = self.accounts.named(&account);
        let account = named.ok_or_else(|| Refusal::unknown_account(&account))?;
        let in_use = || Refusal(format!("Session ID {session} already in use"));
        // The others call a telephone by its channel, so nobody may be called like one.
        let is_channel = self.shared.switch.view().channel(&session).is_some();
        if is_channel || self.rooms.uses(&session) || self.calls.get(&session).is_some() {
            return Err(in_use());
        }
        let room: Arc<str> = uri.to_lowercase().into();
        if !self.may_enter(account, &room) {
            return Err(Refusal(format!("is not allowed to join room {uri}")));
        }
        if self.rooms.len() + self.calls.len() >= self.shared.config.max_calls {
            return Err(Refusal::new("Too many sessions"));
        }
        let client = account.client;
        let party = Party {
            uri: account.name.clone(),
            display_name: account.display_name.clone(),
        };
        if !self.shared.rooms.begin(&room, &session, client, party) {
            return Err(in_use());
        }
        let command = JoinVideoRoom {
            client,
            room: room.clone(),
            offer: sdp,
            settings: self.shared.config.rooms.settings(&room, audio, video),
        };
        let channel = self.join(command, &session).await.map_err(|error| {
            if error.kind == ErrorKind::LimitReached {
                Refusal::new("480 Room full")
            } else if error.kind == ErrorKind::Forbidden {
                Refusal(format!("is not allowed to join room {uri}"))
            } else {
                error.into()
            }
        })?;
        self.rooms
            .insert(Participation::new(session.clone(), client, room, channel));
        self.in_room(&session, VideoroomEvent::Progress);
        Ok(Done::default())
    }

    /// Has the switch let it in. Should this connection end meanwhile, the answer still finds somebody who leaves.
    async fn join(
        &self,
        command: JoinVideoRoom,
        session: &Arc<str>,
    ) -> Result<ChannelId, CommandError> {
        let (to, from) = oneshot::channel();
        let (shared, session) = (self.shared.clone(), session.clone());
        let origin = self.origin.clone();
        self.shared.spawn(async move {
            let room = command.room.clone();
            let asked = shared.switch.ask(command, origin.clone()).await;
            let answer = asked.map(|done| done.value);
            match &answer {
                // The others are told of it at this moment, so its name is known before anything else is done.
                Ok(channel) => shared.rooms.started(&room, &session, channel.clone()),
                Err(_) => shared.rooms.left(&room, &session),
            }
            if let Err(Ok(channel)) = to.send(answer) {
                leave(&shared, &room, &session, channel, origin).await;
            }
        });
        let gone = || CommandError::new(ErrorKind::Unavailable, "the switch has stopped");
        from.await.map_err(|_| gone())?
    }

    /// Whether there is such a room and its policy admits the account (sylkrtc.md §6.2).
    fn may_enter(&self, account: &Account, room: &str) -> bool {
        let config = &self.shared.config;
        if !config
            .rooms
            .has(room, |domain| self.shared.is_local(domain))
        {
            return false;
        }
        let standing = if self.is_proven(account) {
            Standing::Proven
        } else if config.is_guest_domain(&account.domain) {
            Standing::Guest
        } else {
            Standing::Unknown
        };
        let own = config.rooms.rooms.get(room);
        let usual = crate::rooms::AccessPolicy::default();
        let policy = own.map_or(&usual, |own| &own.access);
        policy.admits(&account.name, standing)
    }

    /// Whether an account is who it says: it was registered, or has the password of one of ours.
    fn is_proven(&self, account: &Account) -> bool {
        if account.authenticated {
            return true;
        }
        let view = self.shared.switch.view();
        let Some(user) = view.directory.user(&account.domain, &account.user) else {
            return false;
        };
        let given = |name| user.param(name).filter(|value| !value.is_empty());
        let known = match given("a1-hash") {
            Some(hash) => Ha1::from_hex(hash),
            None => given("password").map(|password| {
                let text = format!("{}:{}:{password}", user.id, account.domain);
                Ha1::new(Md5::digest(text.as_bytes()).into())
            }),
        };
        // An alias has no password of its own.
        let known = known.filter(|_| *user.id == *account.user);
        known.is_some_and(|known| {
            let right = || subtle::ConstantTimeEq::ct_eq(&known.bytes()[..], account.ha1.bytes());
            let from = self.source.ip();
            let guesses = &self.shared.guesses;
            guesses.judge(from, Instant::now(), || right().into())
        })
    }

    pub(super) async fn videoroom(&mut self, request: RoomRequest) -> Handled {
        let RoomRequest { session, what } = request;
        match what {
            RoomAction::Leave => self.videoroom_leave(&session).await,
            RoomAction::Trickle { candidates } => self.room_trickle(&session, candidates).await,
            RoomAction::Update {
                audio,
                video,
                bitrate,
            } => self.room_update(&session, audio, video, bitrate).await,
            RoomAction::FeedAttach { publisher, feed } => {
                self.feed_attach(&session, &publisher, feed).await
            }
            RoomAction::FeedAnswer { feed, sdp } => self.feed_answer(&session, &feed, sdp).await,
            RoomAction::FeedDetach { feed } => self.feed_detach(&session, &feed).await,
            RoomAction::Configure {
                active_participants,
            } => self.configure(&session, &active_participants).await,
            RoomAction::Invite { participants } => self.room_invite(&session, participants).await,
            RoomAction::Message {
                message_id,
                content,
                content_type,
            } => {
                self.room_message(&session, message_id, content, content_type)
                    .await
            }
            RoomAction::Composing { active, refresh } => {
                self.room_composing(&session, active, refresh).await
            }
            RoomAction::MuteAudio => self.mute_audio(&session).await,
            RoomAction::ToggleHand { session_id } => {
                self.toggle_hand(&session, session_id.as_deref()).await
            }
            RoomAction::Remove { .. } => {
                self.participation(&session)?;
                Err(Refusal::new("Participants cannot be removed"))
            }
            RoomAction::MuteParticipant {
                participant_id,
                muted,
            } => self.mute_participant(&session, &participant_id, muted),
        }
    }

    /// A participation of this connection.
    fn participation(&self, session: &str) -> Result<&Participation, Refusal> {
        let participation = self.rooms.get(session);
        participation.ok_or_else(|| Refusal::unknown_room_session(session))
    }

    /// `terminated` before the `ack`, and soon: the client waits no longer than 300 ms for it.
    async fn videoroom_leave(&mut self, session: &Arc<str>) -> Handled {
        let ended = self.rooms.end(session, Instant::now());
        let ended = ended.ok_or_else(|| Refusal::unknown_room_session(session))?;
        let (shared, origin) = (self.shared.clone(), self.origin.clone());
        let leaving = self.shared.spawn(async move {
            let Participation {
                session,
                room,
                channel,
                ..
            } = ended;
            leave(&shared, &room, &session, channel, origin).await;
        });
        // It goes on should it take longer.
        timeout(LEAVING, leaving).await.ok();
        self.in_room(session, VideoroomEvent::Terminated { reason: None });
        Ok(Done::default())
    }

    /// An `error` would end the conference in the client, so late candidates are let pass.
    async fn room_trickle(&self, id: &str, mut candidates: Vec<Arc<str>>) -> Handled {
        if candidates.is_empty() {
            // There are no more.
            candidates.push("".into());
        }
        let trickled = match self.subject(id) {
            Ok(Subject::Publication(channel)) => {
                let trickle = TrickleWebCall {
                    channel,
                    candidates,
                };
                self.ask(trickle).await
            }
            Ok(Subject::Feed(feed)) => self.ask(TrickleFeed { feed, candidates }).await,
            Err(_) if self.rooms.has_ended(id, Instant::now()) => Ok(()),
            Err(refusal) => return Err(refusal),
        };
        match trickled {
            Ok(()) => Ok(Done::default()),
            // It has ended a moment ago; the client will hear of it.
            Err(error) if is_gone(&error) => Ok(Done::default()),
            Err(error) => Err(error.into()),
        }
    }

    async fn room_update(
        &self,
        id: &str,
        audio: Option<bool>,
        video: Option<bool>,
        bitrate: Option<i64>,
    ) -> Handled {
        let bitrate = bitrate
            .map(|bitrate| {
                let fits = u32::try_from(bitrate).ok().filter(|bitrate| *bitrate > 0);
                let wrong = || Invalid(format!("Invalid value for 'bitrate' property: {bitrate}"));
                fits.ok_or_else(wrong)
            })
            .transpose()?;
        let flow = Flow {
            audio,
            video,
            bitrate,
        };
        let updated = match self.subject(id)? {
            Subject::Publication(channel) => self.ask(UpdatePublication { channel, flow }).await,
            Subject::Feed(feed) => self.ask(UpdateFeed { feed, flow }).await,
        };
        updated.map_err(|error| of_room(error, id))?;
        Ok(Done::default())
    }

    /// The participation or feed of that id.
    fn subject(&self, id: &str) -> Result<Subject, Refusal> {
        if let Some(participation) = self.rooms.get(id) {
            return Ok(Subject::Publication(participation.channel.clone()));
        }
        match self.rooms.of_feed(id) {
            Some((_, feed)) => Ok(Subject::Feed(feed)),
            None => Err(Refusal::unknown_room_session(id)),
        }
    }

    /// Handles what waits until an event that this client causes was told to it: it comes before the `ack`.
    async fn told(&mut self, session: &str, is_it: impl Fn(&VideoRoomEventKind) -> bool) {
        let Some(participation) = self.rooms.get(session) else {
            return;
        };
        let (client, room) = (participation.client, participation.room.clone());
        let until = tokio::time::Instant::now() + OWN_EVENT;
        let inbox = self.inbox.clone();
        // Whatever else is wrong shows when the connection looks itself.
        while let Ok(Ok(notice)) = timeout_at(until, inbox.next()).await {
            let found = match &notice {
                Notice::Switch(of, event) if *of == client => match &event.kind {
                    EventKind::VideoRoom(event) => event.room == room && is_it(&event.kind),
                    EventKind::Channel(_)
                    | EventKind::Room(_)
                    | EventKind::Account(_)
                    | EventKind::Job(_)
                    | EventKind::System(_)
                    | EventKind::Custom(_)
                    | EventKind::Web(_)
                    | EventKind::Message(_)
                    | EventKind::Stage(_)
                    | EventKind::Queue(_)
                    | EventKind::Parking(_)
                    | EventKind::Fifo(_)
                    | EventKind::User(_)
                    | EventKind::Voicemail(_) => false,
                },
                Notice::Switch(..)
                | Notice::Account(..)
                | Notice::InCall(..)
                | Notice::AskedToMute { .. }
                | Notice::HandOver(..) => false,
            };
            self.notice(notice).await;
            if found {
                return;
            }
        }
    }

    /// Says something about a participation.
    pub(crate) fn in_room(&mut self, session: &Arc<str>, event: VideoroomEvent) {
        self.say(&Event::Videoroom {
            session: session.clone(),
            event,
        });
    }
}

/// Ends a participation: in the switch, and in what the door knows.
pub(crate) async fn leave(
    shared: &Shared,
    room: &str,
    session: &str,
    channel: ChannelId,
    origin: api::Origin,
) {
    if let Err(error) = shared.switch.ask(LeaveVideoRoom { channel }, origin).await {
        // It has ended a moment ago, or the switch has stopped.
        tracing::debug!(%error, "Nobody to leave a room");
    }
    shared.rooms.left(room, session);
}

/// What a request is about is no longer there.
fn is_gone(error: &CommandError) -> bool {
    error.kind == ErrorKind::NotFound(ObjectKind::Member)
        || error.kind == ErrorKind::NotFound(ObjectKind::Channel)
}

/// A refusal of the switch about a participation or feed, in the words of the reference.
fn of_room(error: CommandError, id: &str) -> Refusal {
    if is_gone(&error) {
        Refusal::unknown_room_session(id)
    } else {
        error.into()
    }
}
