//! Commands of clients about stages.

use std::sync::Arc;

use api::command::stage::{
    AddParticipant, CreateStage, DestroyStage, FlushParticipant, Place, RemoveParticipant,
    RenameParticipant,
};
use api::event::StageAction;
use api::id::{ParticipantId, RoomNumber};
use api::view::Participant;
use api::{CommandError, ErrorKind, ObjectKind};
use media::control::MediaCommand;

use super::come_and_go::Newcomer;
use super::{MAX_ROOM_NAME, MAX_TEXT};
use crate::Switch;

/// Rates a participant can be said to have, hertz (event-manager.md §10).
const RATES: [u32; 5] = [8000, 16_000, 24_000, 32_000, 48_000];

fn refused(argument: &'static str, why: &'static str) -> CommandError {
    CommandError::new(ErrorKind::InvalidArgument(argument), why)
}

fn check_text(argument: &'static str, text: &str) -> Result<(), CommandError> {
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(refused(
            argument,
            "at most 2000 bytes without control characters",
        ));
    }
    Ok(())
}

impl Switch {
    pub(crate) fn create_stage(&mut self, asked: &CreateStage) -> Result<RoomNumber, CommandError> {
        let name = &asked.room;
        let fits = !name.is_empty() && name.len() <= MAX_ROOM_NAME;
        if !fits || name.trim() != &**name || name.chars().any(char::is_control) {
            return Err(refused("name", "1 to 256 bytes without blanks at the ends"));
        }
        check_text("description", &asked.description)?;
        let exists = |why: String| {
            let kind = ErrorKind::AlreadyExists(ObjectKind::Room);
            Err(CommandError::new(kind, why))
        };
        let numbered = |number: &RoomNumber| self.view.stage_names.contains_key(number);
        if let Some(number) = asked.number.filter(numbered) {
            return exists(format!("room {number} exists"));
        }
        if let Some(live) = self.stages.all.get(name) {
            return exists(match asked.number {
                None => format!("room {name} exists"),
                // Looked for by the number asked for, it would not be found.
                Some(_) => {
                    let number = live.seen.number;
                    format!("a room named {name} exists: it has the number {number}")
                }
            });
        }
        let layout = match asked.layout {
            Some(id) => self.view.layout(id).cloned(),
            None => Some(self.view.default_layout.clone()),
        };
        let layout = layout.ok_or_else(|| CommandError::not_found(ObjectKind::Layout))?;
        self.open_stage(name, asked.number, asked.description.clone(), layout, true)
    }

    pub(crate) fn destroy_stage(&mut self, asked: &DestroyStage) -> Result<(), CommandError> {
        let room = &asked.room;
        let live = self.stages.live(room)?;
        live.seen_mut().kept = false;
        let participants = live.seen.participants.clone();
        for participant in participants {
            self.send_off(room, &participant);
        }
        // With its last member the conference took the stage along.
        if self.stages.all.contains_key(room) {
            self.close_stage(room);
        }
        Ok(())
    }

    /// Sends a participant away; a member out of its conference.
    fn send_off(&mut self, room: &Arc<str>, participant: &Participant) {
        match self.member_of_participant(room, participant.id) {
            Some((mix, member)) => self.evict(mix, member),
            None => self.remove_from_stage(room, participant.id),
        }
    }

    pub(crate) fn add_participant(&mut self, asked: AddParticipant) -> Result<Place, CommandError> {
        self.stages.live(&asked.room)?;
        check_text("name", &asked.name)?;
        if !RATES.contains(&asked.rate_hz) {
            return Err(refused("rate", "8000, 16000, 24000, 32000 or 48000"));
        }
        if !(1..=2).contains(&asked.channels) {
            return Err(refused("channels", "1 or 2"));
        }
        let newcomer = Newcomer {
            id: asked.participant,
            name: asked.name,
            kind: asked.kind,
            rate_hz: asked.rate_hz,
            channels: asked.channels,
            member: None,
            muted: false,
        };
        self.add_to_stage(&asked.room, newcomer)?;
        let participant = self.stages.participant(&asked.room, asked.participant)?;
        Ok(Place {
            seat: participant.seat,
            pose: participant.pose,
        })
    }

    pub(crate) fn remove_participant(
        &mut self,
        asked: &RemoveParticipant,
    ) -> Result<(), CommandError> {
        let participant = self.stages.participant(&asked.room, asked.participant)?;
        let participant = participant.clone();
        if self.is_recorder(&asked.room, asked.participant) {
            return Err(CommandError::new(
                ErrorKind::InvalidState,
                "a recording ends where it was begun",
            ));
        }
        self.send_off(&asked.room, &participant);
        Ok(())
    }

    pub(crate) fn rename_participant(
        &mut self,
        asked: &RenameParticipant,
    ) -> Result<(), CommandError> {
        let participant = self.stages.participant(&asked.room, asked.participant)?;
        check_text("name", &asked.name)?;
        if participant.name != asked.name {
            let live = self.stages.live(&asked.room)?;
            live.change(asked.participant)?.name = asked.name.clone();
            let id: Option<ParticipantId> = Some(asked.participant);
            self.stage_event(&asked.room, id, StageAction::Renamed);
        }
        Ok(())
    }

    pub(crate) fn flush_participant(
        &mut self,
        asked: &FlushParticipant,
    ) -> Result<(), CommandError> {
        self.stages.participant(&asked.room, asked.participant)?;
        if let Some((worker, _, leg)) = self.leg_of_participant(&asked.room, asked.participant) {
            self.media(worker, MediaCommand::Flush { leg });
        }
        Ok(())
    }
}
