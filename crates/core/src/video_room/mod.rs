//! Video rooms: who publishes, who subscribes, hands, chat.

use api::error::ErrorKind;
use api::{Command, CommandError, RequestId};

use crate::Switch;

impl Switch {
    /// Carries out one command about video rooms.
    pub(crate) fn video_room_command(&mut self, id: RequestId, command: Command) {
        let _ = command;
        self.refuse(
            id,
            CommandError::new(ErrorKind::NotSupported, "no video rooms yet"),
        );
    }
}
