//! Places in rooms: layouts, seats, poses, and what is set about each participant.
//!
//! Every conference has a stage while it runs, so that it can be looked at and arranged whoever opened it; a client
//! may also make one before anybody calls. The picture in the view is the truth; beside it stands only who sits
//! where. A participant that is a member of the conference has the member's number.

mod arrange;
mod come_and_go;
mod control;
mod of_conference;
mod request;
mod seating;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::event::{EventKind, StageAction, StageEvent, StagePlace};
use api::id::{ParticipantId, RoomNumber};
use api::spatial::Layout;
use api::view::{Participant, Stage};
use api::{CommandError, ErrorKind, ObjectKind};
use media::control::RecordId;

use crate::Switch;
use seating::Seating;

/// Stages at one time.
const MAX_STAGES: usize = 10_000;
/// Participants of one stage.
const MAX_PARTICIPANTS: usize = 10_000;
/// Longest name of a stage, bytes.
const MAX_ROOM_NAME: usize = 256;
/// Longest name of a participant and description of a stage, bytes (event-manager.md §12.2).
const MAX_TEXT: usize = 2000;
/// Numbers of rooms whose names are none, and of recordings, begin here (event-manager.md §6.7).
const FIRST_GIVEN_NUMBER: i32 = 1_000_000_000;

/// Every stage there is.
#[derive(Debug)]
pub(crate) struct Stages {
    all: BTreeMap<Arc<str>, LiveStage>,
    next_number: i32,
}

impl Default for Stages {
    fn default() -> Self {
        Self {
            all: BTreeMap::new(),
            next_number: FIRST_GIVEN_NUMBER,
        }
    }
}

/// One stage.
#[derive(Debug)]
struct LiveStage {
    /// What clients see of it.
    seen: Arc<Stage>,
    seating: Seating,
    /// Which participant a recording of its conference is.
    recorders: BTreeMap<RecordId, ParticipantId>,
    /// Whoever comes hears the others from their seats.
    arranged: bool,
}

impl Stages {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// # Errors
    /// `NotFound(Room)`.
    fn live(&mut self, room: &str) -> Result<&mut LiveStage, CommandError> {
        self.all
            .get_mut(room)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Room))
    }

    /// # Errors
    /// `NotFound(Room)`, `NotFound(Member)`.
    fn participant(
        &self,
        room: &str,
        id: ParticipantId,
    ) -> Result<&Arc<Participant>, CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Room);
        self.all.get(room).ok_or_else(missing)?.seen(id)
    }
}

impl LiveStage {
    fn seen_mut(&mut self) -> &mut Stage {
        Arc::make_mut(&mut self.seen)
    }

    /// A participant to look at. Only looking leaves the list shared with the view, however long it is.
    ///
    /// # Errors
    /// `NotFound(Member)`.
    fn seen(&self, id: ParticipantId) -> Result<&Arc<Participant>, CommandError> {
        let missing = || CommandError::not_found(ObjectKind::Member);
        self.seen.participant(id).ok_or_else(missing)
    }

    /// A participant to change: one that clients are told of.
    ///
    /// # Errors
    /// `NotFound(Member)`.
    fn change(&mut self, id: ParticipantId) -> Result<&mut Participant, CommandError> {
        let stage = Arc::make_mut(&mut self.seen);
        stage
            .participants
            .binary_search_by_key(&id, |p| p.id)
            .ok()
            .and_then(|at| stage.participants.get_mut(at))
            .map(Arc::make_mut)
            .ok_or_else(|| CommandError::not_found(ObjectKind::Member))
    }
}

fn too_many(what: &'static str) -> CommandError {
    CommandError::new(ErrorKind::LimitReached, what)
}

impl Switch {
    /// Makes a stage.
    ///
    /// # Errors
    /// `LimitReached`.
    fn open_stage(
        &mut self,
        name: &Arc<str>,
        number: Option<RoomNumber>,
        description: Arc<str>,
        layout: Arc<Layout>,
        kept: bool,
    ) -> Result<RoomNumber, CommandError> {
        if self.stages.len() >= MAX_STAGES {
            return Err(too_many("too many rooms"));
        }
        let number = number.unwrap_or_else(|| self.number_of_stage(name));
        let stage = Arc::new(Stage {
            number,
            name: name.clone(),
            description,
            layout,
            participants: Vec::new(),
            kept,
        });
        self.view.stage_names.insert_mut(number, name.clone());
        let live = LiveStage {
            seen: stage,
            seating: Seating::default(),
            recorders: BTreeMap::new(),
            arranged: false,
        };
        self.stages.all.insert(name.clone(), live);
        self.stage_event(name, None, StageAction::Created);
        Ok(number)
    }

    /// A name that is a whole number is its own number, unless another room has it.
    fn number_of_stage(&mut self, name: &str) -> RoomNumber {
        let own = name.parse::<i32>().ok().map(RoomNumber);
        if let Some(own) = own.filter(|own| !self.view.stage_names.contains_key(own)) {
            return own;
        }
        loop {
            let given = RoomNumber(self.stages.next_number);
            self.stages.next_number = given.0.checked_add(1).unwrap_or(FIRST_GIVEN_NUMBER);
            if !self.view.stage_names.contains_key(&given) {
                return given;
            }
        }
    }

    /// Ends a stage nobody is on any more.
    fn close_stage(&mut self, name: &Arc<str>) {
        let Some(stage) = self.stages.all.get(name).map(|live| live.seen.clone()) else {
            return;
        };
        self.stage_event(name, None, StageAction::Destroyed);
        self.stages.all.remove(name);
        self.view.stages.remove_mut(name);
        self.view.stage_names.remove_mut(&stage.number);
        self.view_changed();
    }

    /// Fires an event about a stage as it is now, and renews its picture in the view.
    fn stage_event(&mut self, name: &str, id: Option<ParticipantId>, action: StageAction) {
        let Some(live) = self.stages.all.get(name) else {
            return;
        };
        let stage = live.seen.clone();
        let participant = id.and_then(|id| stage.participant(id).cloned());
        self.publish_stage(stage, participant, action);
    }

    fn publish_stage(
        &mut self,
        stage: Arc<Stage>,
        participant: Option<Arc<Participant>>,
        action: StageAction,
    ) {
        self.view
            .stages
            .insert_mut(stage.name.clone(), stage.clone());
        let channel = participant
            .as_ref()
            .and_then(|participant| participant.channel.as_ref())
            .and_then(|id| self.channels.get(id))
            .map(|live| live.seen.clone());
        let event = StageEvent {
            stage: StagePlace::from(&*stage),
            participant,
            action,
        };
        self.publish(EventKind::Stage(Box::new(event)), channel);
    }
}

#[cfg(test)]
mod tests;
