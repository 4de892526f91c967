//! Participants (event-manager.md §6.3).

use std::sync::Arc;

use api::command::stage::{
    AddParticipant, FlushParticipant, PlaceParticipant, RemoveParticipant, RenameParticipant,
    SeatParticipant, SetControl,
};
use api::id::{ParticipantId, SeatId};
use api::spatial::{Control, Heading, Output};
use api::view::{self, Stage};
use api::{ErrorKind, ObjectKind};

use crate::error::{Code, Refusal};
use crate::session::Session;
use crate::wire::{self, About, NewParticipant, Object, Participation, RoomKey, Seat, full_name};

/// A participant of a room.
///
/// # Errors
/// When it is not there.
fn find(stage: &Stage, id: i64) -> Result<&Arc<view::Participant>, Refusal> {
    let number = i32::try_from(id).ok().map(ParticipantId);
    let found = number.and_then(|number| stage.participant(number));
    found.ok_or_else(|| {
        let why = format!("participant {id} does not exist in room {}", stage.number);
        Refusal::new(Code::ParticipantId, why)
    })
}

/// # Errors
/// When the control does not take the value.
fn checked(control: Control, value: i64) -> Result<i32, Refusal> {
    let fits = i32::try_from(value).ok();
    let fits = fits.filter(|value| control.check(*value).is_ok());
    fits.ok_or_else(|| {
        let (from, to) = control.range().into_inner();
        let name = full_name(control);
        Refusal::value(format!("{name} takes {from} to {to}, not {value}"))
    })
}

fn name(participant: &view::Participant) -> Object {
    Object::new()
        .with("participant_name", &*participant.name)
        .with("value", &*participant.name)
}

fn configuration(participant: &view::Participant) -> Object {
    Object::new()
        .with("input_sampling_rate", participant.rate_hz)
        .with("input_number_channels", participant.channels)
        .with("type", participant.kind.number())
}

fn seat(participant: &view::Participant) -> Object {
    let seat = Seat::from(participant);
    Object::new()
        .with("seat", seat)
        .with("seat_id", seat.id)
        .with("value", seat.id)
}

fn position(participant: &view::Participant) -> Object {
    let view::Participant { pose, .. } = participant;
    Object::new()
        .with("position", wire::Position::from(pose.position))
        .with("heading", wire::Heading::from(pose.heading))
        .with("x", pose.position.x)
        .with("y", pose.position.y)
        .with("z", pose.position.z)
        .with("azimuth_heading", pose.heading.azimuth)
        .with("elevation_heading", pose.heading.elevation)
}

impl Session {
    /// What concerns one participant.
    pub(super) async fn one(
        &self,
        key: &RoomKey,
        id: i64,
        about: About,
    ) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let there = find(&stage, id)?;
        let (room, participant) = (stage.name.clone(), there.id);
        match about {
            About::Name => return Ok(name(there)),
            About::Configuration => return Ok(configuration(there)),
            About::Seat => return Ok(seat(there)),
            About::Position => return Ok(position(there)),
            About::State(control) => {
                return Ok(Object::new().with("value", there.controls.get(control)));
            }
            About::SetState(control, value) => {
                return self.set_state(key, Some(participant), control, value).await;
            }
            About::SetSeat(seat) => return self.sit_down(&stage, participant, seat).await,
            About::Remove => {
                let remove = RemoveParticipant { room, participant };
                self.ask(remove).await.map_err(|error| {
                    if error.kind == ErrorKind::InvalidState {
                        return Refusal::new(Code::ParticipantType, error.detail.into_string());
                    }
                    error.into()
                })?;
            }
            About::SetName(name) => {
                let name = name.into();
                self.ask(RenameParticipant {
                    room,
                    participant,
                    name,
                })
                .await?;
            }
            About::SetPosition {
                position,
                azimuth,
                elevation,
            } => {
                let before = there.pose.heading;
                let azimuth = azimuth.unwrap_or(before.azimuth.into());
                let elevation = elevation.unwrap_or(before.elevation.into());
                self.ask(PlaceParticipant {
                    room,
                    participant,
                    position,
                    heading: Heading::new(azimuth, elevation),
                })
                .await?;
            }
            About::Flush => self.ask(FlushParticipant { room, participant }).await?,
        }
        Ok(Object::new())
    }

    async fn sit_down(
        &self,
        stage: &Stage,
        participant: ParticipantId,
        seat: SeatId,
    ) -> Result<Object, Refusal> {
        let take = SeatParticipant {
            room: stage.name.clone(),
            participant,
            seat,
        };
        self.ask(take).await.map_err(|error| {
            if error.kind == ErrorKind::NotFound(ObjectKind::Seat) {
                let layout = stage.layout.id;
                return Refusal::value(format!("seat {seat} does not exist in layout {layout}"));
            }
            error.into()
        })?;
        Ok(Object::new())
    }

    /// Sets a control of one participant, or of everybody who is there.
    pub(super) async fn set_state(
        &self,
        key: &RoomKey,
        participant: Option<ParticipantId>,
        control: Control,
        value: i64,
    ) -> Result<Object, Refusal> {
        let room = self.find_room(key)?.name.clone();
        let value = checked(control, value)?;
        self.ask(SetControl {
            room,
            participant,
            control,
            value,
        })
        .await?;
        Ok(Object::new())
    }

    pub(super) async fn add_participant(
        &self,
        key: &RoomKey,
        new: NewParticipant,
    ) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let rate_hz = match new.rate_hz {
            Some(rate) => u32::try_from(rate).unwrap_or(0),
            None => Output::OF_ROOMS.rate_hz,
        };
        let add = AddParticipant {
            room: stage.name.clone(),
            participant: new.id,
            name: new.name.into(),
            kind: new.kind,
            rate_hz,
            channels: u8::try_from(new.channels).unwrap_or(0),
        };
        self.ask(add).await.map_err(|error| {
            if error.kind == ErrorKind::AlreadyExists(ObjectKind::Member) {
                let why = format!("participant {} exists in room {}", new.id, stage.number);
                return Refusal::new(Code::ParticipantId, why);
            }
            error.into()
        })?;
        Ok(Object::new())
    }

    pub(super) fn all_states(&self, key: &RoomKey, control: Control) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let states = stage.participants.iter().map(|participant| Participation {
            participant_id: participant.id.0,
            value: participant.controls.get(control),
        });
        let states: Vec<Participation> = states.collect();
        Ok(Object::new().with("participants", states))
    }

    /// Where a listener hears a source.
    pub(super) fn spherical(
        &self,
        key: &RoomKey,
        listener: i64,
        source: i64,
    ) -> Result<Object, Refusal> {
        let stage = self.find_room(key)?;
        let (listener, source) = (find(&stage, listener)?, find(&stage, source)?);
        let heard = listener.pose.hears(source.pose.position);
        Ok(Object::new()
            .with("azimuth", heard.azimuth)
            .with("elevation", heard.elevation)
            .with("distance", heard.distance))
    }
}
