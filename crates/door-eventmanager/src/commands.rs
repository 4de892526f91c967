//! What clients ask for, done.

mod library;
mod participants;
mod rooms;

use std::sync::atomic::Ordering;

use api::command::server::ChangeSettings;

use crate::error::{Code, Refusal};
use crate::session::Session;
use crate::wire::{LogLevel, Members, Object, Request};

impl Session {
    /// Does what was asked; gives the members of the reply.
    pub(crate) async fn perform(
        &mut self,
        request: Request,
        members: &Members<'_>,
    ) -> Result<Object, Refusal> {
        if !self.shared.switch.is_running() {
            return Err(Refusal::new(Code::NotInitialized, "the switch has stopped"));
        }
        if self.shared.logs(LogLevel::Debug) {
            tracing::info!(connection = self.connection(), ?request, "Command");
        }
        match request {
            Request::Version => Ok(library::version()),
            Request::License => Ok(library::license()),
            Request::LibraryConfiguration => {
                Ok(library::configuration(self.shared.switch.view().output))
            }
            Request::AllLayouts => Ok(self.all_layouts()),
            Request::DefinedStates => Ok(library::defined_states(self.dialect())),
            Request::RoomCount => Ok(self.room_count()),
            Request::SetLogLevel(level) => {
                // Shared with the console of the event socket.
                self.ask(ChangeSettings::RoomLogLevel(level as u8)).await?;
                Ok(Object::new())
            }
            Request::EnableLogging(on) => {
                self.shared.logs.store(on, Ordering::Relaxed);
                Ok(Object::new())
            }
            Request::CreateRoom(new) => self.create_room(new).await,
            Request::DestroyRoom(room) => self.destroy_room(&room).await,
            Request::Layout(room) => self.layout(&room),
            Request::SetLayout(room, layout) => self.set_layout(&room, layout).await,
            Request::ParticipantCount(room) => self.participant_count(&room),
            Request::AllRooms => Ok(self.all_rooms()),
            Request::Room(room) => self.room(&room),
            Request::Custom(room) => self.custom_event(&room, members).await,
            Request::AddParticipant(room, new) => self.add_participant(&room, new).await,
            Request::AllParticipants(room) => self.all_participants(&room),
            Request::SetAllStates(room, control, value) => {
                self.set_state(&room, None, control, value).await
            }
            Request::AllStates(room, control) => self.all_states(&room, control),
            Request::Spherical {
                room,
                listener,
                source,
            } => self.spherical(&room, listener, source),
            Request::One(room, id, about) => self.one(&room, id, about).await,
        }
    }
}
