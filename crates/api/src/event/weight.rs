//! How much memory an event holds on to: what keeps the queues of the bus within their bytes.
//!
//! Clients choose the length of much of what events carry, so everything of no fixed length is counted. What the event
//! shares with others (a channel's variables, a member) is counted for each, as if it alone kept it.

use std::sync::Arc;

use super::{AccountEvent, ChannelEvent, EventKind, RoomAction, RoomEvent, StageEvent};
use super::{CustomEvent, JobEvent, MessageEvent, SystemEvent, WebEventKind, WebParty};
use super::{
    FifoAction, FifoEvent, ParkingEvent, QueueEvent, UserEvent, VoicemailAction, VoicemailEvent,
};
use super::{VideoRoomEventKind, WebHeaders};
use crate::variables::{Value, Variables};
use crate::view::{Channel, Registration, Room};

/// The event itself, with the short texts any may have.
const EVENT: usize = 512;
/// A channel without its variables.
const CHANNEL: usize = 1024;
/// A variable or header with its places in memory; longer texts count by their length.
const PAIR: usize = 64;

/// What an event is made of, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Weight {
    /// Without its texts.
    plain: usize,
    /// Its texts: they are kept twice, once more in what some door encodes.
    texts: usize,
}

impl Weight {
    pub(super) fn of(kind: &EventKind, channel: Option<&Arc<Channel>>) -> Self {
        let (lists, texts) = match kind {
            EventKind::Channel(event) => of_channel(event),
            EventKind::Room(event) => of_room(event),
            EventKind::Account(event) => (0, of_account(event)),
            EventKind::Job(event) => (0, of_job(event)),
            EventKind::System(event) => (0, of_system(event)),
            EventKind::Custom(event) => (0, of_custom(event)),
            EventKind::Web(event) => (0, of_web(&event.kind)),
            EventKind::Message(event) => of_message(event),
            EventKind::VideoRoom(event) => of_video_room(&event.kind),
            EventKind::Stage(event) => (0, of_stage(event)),
            EventKind::Queue(event) => (0, of_queue(event)),
            EventKind::Parking(event) => (0, of_parking(event)),
            EventKind::Fifo(event) => (0, of_fifo(event)),
            EventKind::User(event) => (0, of_user(event)),
            EventKind::Voicemail(event) => of_voicemail(event),
        };
        Self {
            plain: EVENT + channel.map_or(0, |channel| the_channel(channel)) + lists,
            texts,
        }
    }

    /// With frames of so many bytes. One that is not encoded yet will be, after the queues have weighed the event.
    pub(super) fn with_frames(self, encoded: usize) -> usize {
        let frames = self.texts.max(encoded);
        self.plain.saturating_add(self.texts).saturating_add(frames)
    }
}

fn the_channel(channel: &Channel) -> usize {
    CHANNEL + variables(&channel.variables)
}

fn variables(variables: &Variables) -> usize {
    let length = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| item.len() + PAIR).sum(),
    };
    let each = variables.iter();
    each.map(|(name, value)| PAIR.max(name.len() + length(value)))
        .sum()
}

fn pairs(pairs: &[(Arc<str>, Arc<str>)]) -> usize {
    let each = pairs.iter();
    each.map(|(name, value)| PAIR.max(name.len() + value.len()))
        .sum()
}

fn text(text: Option<&Arc<str>>) -> usize {
    text.map_or(0, |text| text.len())
}

fn of_channel(event: &ChannelEvent) -> (usize, usize) {
    use ChannelEvent as E;
    let texts = match event {
        E::Bridged { b, .. } | E::Unbridged { b, .. } => return (the_channel(b), 0),
        E::Executed(application) => application.name.len() + application.data.len(),
        E::ExecuteComplete {
            application,
            response,
        } => application.name.len() + application.data.len() + response.len(),
        E::Application { headers } => pairs(headers),
        E::Updated { name, number, .. } => name.len() + number.len(),
        E::PlaybackStarted { path, params, .. } | E::PlaybackStopped { path, params, .. } => {
            path.len() + pairs(params)
        }
        E::RecordStarted { path, variables }
        | E::RecordStopped {
            path, variables, ..
        } => path.len() + pairs(variables),
        E::MediaBugStarted(bug) | E::MediaBugStopped(bug) => bug.function.len() + bug.target.len(),
        E::ToneDetected { key } => key.len(),
        E::PrivateCommand { headers, body } => pairs(headers) + text(body.as_ref()),
        E::Presence {
            from, rpid, status, ..
        } => from.len() + rpid.len() + status.len(),
        E::InfoReceived { content_type, body } => content_type.len() + body.len(),
        E::Outgoing
        | E::Created
        | E::Originated
        | E::StateChanged
        | E::CallStateChanged { .. }
        | E::Progress
        | E::ProgressMedia
        | E::Answered
        | E::Parked
        | E::Unparked
        | E::Held
        | E::Unheld
        | E::Renamed { .. }
        | E::HungUp
        | E::HangupComplete
        | E::Destroyed
        | E::Dtmf { .. }
        | E::TalkStarted
        | E::TalkStopped
        | E::CodecSet { .. }
        | E::Heartbeat => 0,
    };
    (0, texts)
}

/// The picture of a conference is copied with each change: its lists are the event's own.
fn of_room(event: &RoomEvent) -> (usize, usize) {
    let Room {
        members,
        recordings,
        relations,
        ..
    } = &*event.room;
    let lists = size_of_val(&**members) + size_of_val(&**recordings) + size_of_val(&**relations);
    let member = event.member.as_ref();
    let member = member.map_or(0, |member| the_channel(&member.channel));
    use RoomAction as A;
    let texts = match &event.action {
        A::DigitPressed { key, data } => key.len() + data.len(),
        A::DigitsSent { digits } => digits.len(),
        A::Transferred { from, to } => from.len() + to.len(),
        A::FilePlaying { file, .. }
        | A::FilePlayed { file, .. }
        | A::EnterSoundChanged { file }
        | A::ExitSoundChanged { file } => file.len(),
        A::RecordingStarted { path, .. }
        | A::RecordingStopped { path, .. }
        | A::RecordingPaused { path, .. }
        | A::RecordingResumed { path, .. } => path.len(),
        A::Created
        | A::Destroyed
        | A::MemberAdded
        | A::MemberRemoved
        | A::TalkingStarted
        | A::TalkingStopped
        | A::MuteDetected
        | A::Muted
        | A::Unmuted
        | A::Deafened
        | A::Undeafened
        | A::Held
        | A::Unheld
        | A::Kicked
        | A::HungUp
        | A::EnergyStepped { .. }
        | A::GainStepped { .. }
        | A::VolumeStepped { .. }
        | A::EnergySet { .. }
        | A::AutoEnergySet { .. }
        | A::MaxEnergySet { .. }
        | A::AutomaticGainSet { .. }
        | A::VolumeInSet { .. }
        | A::VolumeOutSet { .. }
        | A::FloorChanged { .. }
        | A::Locked
        | A::Unlocked
        | A::DialResult { .. }
        | A::EnterSoundSwitched { .. }
        | A::ExitSoundSwitched { .. }
        | A::PositionSet { .. } => 0,
    };
    let lists = lists + member + variables(&event.room.variables);
    (lists, texts + event.room.name.len())
}

fn of_account(event: &AccountEvent) -> usize {
    match event {
        AccountEvent::RegisterAttempted { registration, .. } => of_registration(registration),
        AccountEvent::Registered { registration, .. }
        | AccountEvent::Unregistered { registration }
        | AccountEvent::Expired { registration } => of_registration(registration),
        AccountEvent::RegisterFailed {
            profile,
            user,
            domain,
            user_agent,
            ..
        } => profile.len() + user.len() + domain.len() + user_agent.len(),
        AccountEvent::Gateway(state) => {
            let phrase = state.response.as_ref().map_or(0, |(_, words)| words.len());
            state.gateway.len() + phrase
        }
        AccountEvent::GatewayAdded { profile, gateway }
        | AccountEvent::GatewayDeleted { profile, gateway } => profile.len() + gateway.len(),
    }
}

fn of_registration(registration: &Registration) -> usize {
    let Registration {
        profile,
        user,
        domain,
        auth_user,
        auth_realm,
        contact,
        contact_uri,
        call_id,
        user_agent,
        ..
    } = registration;
    let texts = [
        profile,
        user,
        domain,
        auth_user,
        auth_realm,
        contact,
        contact_uri,
        call_id,
        user_agent,
    ];
    texts.iter().map(|text| text.len()).sum()
}

fn of_job(event: &JobEvent) -> usize {
    event.command.len() + text(event.argument.as_ref()) + text(event.output.as_ref())
}

fn of_system(event: &SystemEvent) -> usize {
    match event {
        SystemEvent::ApiExecuted {
            command, argument, ..
        } => command.len() + text(argument.as_ref()),
        SystemEvent::Task { task, run, .. } => {
            task.description.len() + task.group.len() + text(run.as_ref())
        }
        SystemEvent::ConsoleLineDue { line, .. } => line.len(),
        SystemEvent::ControllerWanted(wanted) => wanted.address.len(),
        SystemEvent::Started
        | SystemEvent::ControlOver { .. }
        | SystemEvent::ShutdownRequested { .. }
        | SystemEvent::ShuttingDown
        | SystemEvent::Heartbeat(_)
        | SystemEvent::XmlReloaded => 0,
    }
}

fn of_custom(event: &CustomEvent) -> usize {
    let names = event.name.len() + text(event.subclass.as_ref());
    names + pairs(&event.headers) + text(event.body.as_ref())
}

fn of_web(kind: &WebEventKind) -> usize {
    use WebEventKind as K;
    let headers = |headers: &WebHeaders| pairs(headers);
    match kind {
        K::Incoming {
            offer,
            from,
            call_id,
            headers: given,
            ..
        } => offer.len() + party(from) + call_id.len() + headers(given),
        K::EarlyMedia {
            answer, call_id, ..
        } => text(answer.as_ref()) + call_id.len(),
        K::Accepted {
            answer,
            call_id,
            headers: given,
            ..
        } => text(answer.as_ref()) + call_id.len() + headers(given),
        K::UpdateReceived { offer, .. } => offer.len(),
        K::UpdateAccepted { answer, .. } => answer.len(),
        K::RegistrationFailed { phrase, .. }
        | K::Terminated { phrase, .. }
        | K::UpdateFailed { phrase, .. } => phrase.len(),
        K::Registering
        | K::Registered
        | K::Calling { .. }
        | K::Proceeding { .. }
        | K::Established { .. } => 0,
    }
}

fn party(party: &WebParty) -> usize {
    party.uri.len() + party.display_name.len()
}

fn of_message(event: &MessageEvent) -> (usize, usize) {
    let texts = party(&event.from) + event.to.len() + event.content_type.len();
    let clients = size_of_val(&*event.clients);
    (clients, texts + pairs(&event.headers) + event.body.len())
}

fn of_video_room(kind: &VideoRoomEventKind) -> (usize, usize) {
    use VideoRoomEventKind as K;
    match kind {
        K::Joined {
            answer,
            publishers,
            active,
            hands,
            files,
            ..
        } => {
            let lists = size_of_val(&**publishers)
                + size_of_val(&**active)
                + size_of_val(&**hands)
                + size_of_val(&**files);
            let publishers: usize = publishers.iter().map(|one| party(&one.party)).sum();
            let files = files.iter();
            let files: usize = files
                .map(|file| file.name.len() + party(&file.uploader))
                .sum();
            (lists, answer.len() + publishers + files)
        }
        K::PublisherJoined(publisher) => (0, party(&publisher.party)),
        K::FeedOffered { offer, .. } => (0, offer.len()),
        K::Configured { active, .. } => (size_of_val(&**active), 0),
        K::HandsChanged { hands } => (size_of_val(&**hands), 0),
        K::Said {
            from,
            content_type,
            content,
            ..
        }
        | K::SaidBefore {
            from,
            content_type,
            content,
            ..
        } => (0, party(from) + content_type.len() + content.len()),
        K::Composing { from, .. } => (0, party(from)),
        K::FileShared(file) => (0, file.name.len() + party(&file.uploader)),
        K::Invited {
            clients,
            participants,
            originator,
            ..
        } => {
            let lists = size_of_val(&**clients) + size_of_val(&**participants);
            let participants: usize = participants.iter().map(|one| one.len()).sum();
            (lists, participants + party(originator))
        }
        K::InviteStatus {
            participant,
            phrase,
            ..
        } => (0, participant.len() + phrase.len()),
        K::Left { phrase, .. } => (0, phrase.len()),
        K::Established { .. }
        | K::PublisherLeft { .. }
        | K::FeedEstablished { .. }
        | K::FeedEnded { .. }
        | K::MuteAsked { .. }
        | K::Closed => (0, 0),
    }
}

fn of_stage(event: &StageEvent) -> usize {
    let name = event.participant.as_ref().map_or(0, |one| one.name.len());
    event.stage.name.len() + name
}

fn of_queue(event: &QueueEvent) -> usize {
    let queue = event.queue.as_ref().map_or(0, |queue| {
        let settings = &*queue.settings;
        let announcements = [&settings.announcement, &settings.position_announcement];
        let files = announcements.into_iter().flatten();
        queue.name.len()
            + settings.display_name.len()
            + settings.number.len()
            + settings.music.len()
            + text(settings.record_template.as_ref())
            + text(settings.overflow.as_ref())
            + files.map(|one| one.file.len()).sum::<usize>()
    });
    let agent = event.agent.as_ref().map_or(0, |agent| {
        let extension = agent.extension.as_ref();
        agent.name.len()
            + agent.display_name.len()
            + agent.contact.len()
            + text(agent.pause_reason.as_ref())
            + extension.map_or(0, |one| one.user.len() + one.domain.len())
    });
    let place = event.place.as_ref().map_or(0, |place| {
        place.agent.len() + text(place.pause_reason.as_ref())
    });
    let caller = event.caller.as_ref().map_or(0, |caller| {
        caller.caller_name.len() + caller.caller_number.len() + text(caller.agent.as_ref())
    });
    queue + agent + place + caller
}

fn of_parking(event: &ParkingEvent) -> usize {
    event.name.len() + event.parked.slot.len()
}

fn of_fifo(event: &FifoEvent) -> usize {
    let caller = match &event.action {
        FifoAction::ConsumerPopped {
            caller,
            name,
            number,
        } => caller.as_str().len() + name.len() + number.len(),
        FifoAction::Pushed { .. }
        | FifoAction::Aborted
        | FifoAction::TimedOut
        | FifoAction::CallerPopped
        | FifoAction::ConsumerStarted
        | FifoAction::ConsumerStopped
        | FifoAction::ConsumerReturned
        | FifoAction::CallerBridged(_)
        | FifoAction::ConsumerBridged(_) => 0,
        FifoAction::MemberCalled { member, .. } | FifoAction::MemberDecided { member, .. } => {
            member.len()
        }
    };
    event.fifo.len() + caller
}

fn of_user(event: &UserEvent) -> usize {
    let status = event.user.status.as_ref();
    let user = &event.user.user;
    user.user.len()
        + user.domain.len()
        + status.map_or(0, |status| status.name.len() + status.note.len())
}

/// The box is shared with the view, but may be the last picture of what has been deleted since.
fn of_voicemail(event: &VoicemailEvent) -> (usize, usize) {
    let mailbox = &event.mailbox;
    let list = mailbox.messages.len() * size_of::<usize>();
    let text = match &event.action {
        VoicemailAction::Left(message) => {
            message.caller_name.len() + message.caller_number.len() + message.path.len()
        }
        VoicemailAction::GreetingRecorded { path } => path.len(),
        VoicemailAction::Waiting
        | VoicemailAction::Counted
        | VoicemailAction::Authenticated { .. } => 0,
    };
    let name = mailbox.name.user.len() + mailbox.name.domain.len();
    (list, name + text)
}

#[cfg(test)]
mod tests;
