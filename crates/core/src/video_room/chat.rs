//! What is written in a room: chat, typing, files.

use std::sync::Arc;

use api::command::video_room::{SayInVideoRoom, ShareFile, ShowComposing};
use api::event::{SharedFile, VideoRoomEventKind, WebParty};
use api::{ChannelId, CommandError, ErrorKind, ObjectKind, Timestamp};

use super::senseless;
use crate::Switch;

/// Longest content of a message, bytes.
const MAX_CONTENT: usize = 64 * 1024;
/// Longest MIME type, bytes.
const MAX_TYPE: usize = 255;
/// Most messages kept for those who come later.
const MAX_SAID: usize = 50;
/// Most bytes of them; the oldest go first.
const MAX_SAID_BYTES: usize = 256 * 1024;
/// Most files of one room.
const MAX_FILES: usize = 1000;
/// Longest name of a file, bytes: that of most file systems.
const MAX_FILE_NAME: usize = 255;

/// Something that was said.
#[derive(Debug)]
pub(super) struct Past {
    channel: ChannelId,
    from: WebParty,
    content_type: Arc<str>,
    content: Arc<str>,
    at: Timestamp,
}

impl Past {
    /// As somebody hears of it who came later.
    pub(super) fn told_to(&self, joiner: &ChannelId) -> VideoRoomEventKind {
        VideoRoomEventKind::SaidBefore {
            to: joiner.clone(),
            channel: self.channel.clone(),
            from: self.from.clone(),
            content_type: self.content_type.clone(),
            content: self.content.clone(),
            at: self.at,
        }
    }
}

impl Switch {
    pub(crate) fn say_in_video_room(
        &mut self,
        command: SayInVideoRoom,
    ) -> Result<(), CommandError> {
        let SayInVideoRoom {
            channel,
            content_type,
            content,
        } = command;
        let (name, from) = self.require_participant(&channel)?;
        if content.len() > MAX_CONTENT {
            return Err(senseless("content", "longer than 64 kB"));
        }
        if content_type.is_empty() || content_type.len() > MAX_TYPE {
            return Err(senseless("content_type", "no MIME type"));
        }
        let at = self.now.wall;
        if let Some(room) = self.video_rooms.rooms.get_mut(&name) {
            room.said.push_back(Past {
                channel: channel.clone(),
                from: from.clone(),
                content_type: content_type.clone(),
                content: content.clone(),
                at,
            });
            let mut bytes: usize = room.said.iter().map(|past| past.content.len()).sum();
            while room.said.len() > MAX_SAID || bytes > MAX_SAID_BYTES {
                let Some(oldest) = room.said.pop_front() else {
                    break;
                };
                bytes -= oldest.content.len();
            }
        }
        let said = VideoRoomEventKind::Said {
            channel: Some(channel),
            from,
            content_type,
            content,
        };
        self.tell_video_room(&name, said);
        Ok(())
    }

    /// The room itself says who came or went.
    pub(super) fn notice(&mut self, name: &Arc<str>, who: &WebParty, what: &str) {
        let shown = if who.display_name.is_empty() {
            &who.uri
        } else {
            &who.display_name
        };
        let said = VideoRoomEventKind::Said {
            channel: None,
            from: WebParty {
                uri: name.clone(),
                display_name: "".into(),
            },
            content_type: "text/plain".into(),
            content: format!("{shown} has {what} the room").into(),
        };
        self.tell_video_room(name, said);
    }

    pub(crate) fn show_composing(&mut self, command: &ShowComposing) -> Result<(), CommandError> {
        let (name, from) = self.require_participant(&command.channel)?;
        let composing = VideoRoomEventKind::Composing {
            channel: command.channel.clone(),
            from,
            active: command.active,
            refresh_s: command.refresh_s,
        };
        self.tell_video_room(&name, composing);
        Ok(())
    }

    pub(crate) fn share_file(&mut self, command: &ShareFile) -> Result<(), CommandError> {
        let (name, uploader) = self.require_participant(&command.channel)?;
        if command.name.is_empty() || command.name.len() > MAX_FILE_NAME {
            return Err(senseless("name", "no name of a file"));
        }
        let missing = || CommandError::not_found(ObjectKind::Member);
        let room = self.video_rooms.rooms.get_mut(&name).ok_or_else(missing)?;
        if room.files.iter().any(|file| file.name == command.name) {
            return Err(CommandError::new(
                ErrorKind::AlreadyExists(ObjectKind::File),
                "the room has a file of that name",
            ));
        }
        if room.files.len() >= MAX_FILES {
            return Err(CommandError::new(ErrorKind::LimitReached, "too many files"));
        }
        let file = SharedFile {
            name: command.name.clone(),
            size: command.size,
            uploader,
            channel: command.channel.clone(),
        };
        room.files.push(file.clone());
        self.tell_video_room(&name, VideoRoomEventKind::FileShared(file));
        Ok(())
    }
}
