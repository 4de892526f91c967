//! The recording of a room: what its conference hears.

use std::sync::Arc;

use crate::Switch;

impl Switch {
    /// Begins the recording the room's settings ask for, once.
    pub(super) fn record_video_room(&mut self, name: &Arc<str>) {
        let Some(room) = self.video_rooms.rooms.get_mut(name) else {
            return;
        };
        let Some(folder) = room.settings.record_into.clone() else {
            return;
        };
        if std::mem::replace(&mut room.recorded, true) {
            return;
        }
        let start = self.local_time().strftime("%Y%m%d-%H%M%S%.3f").to_string();
        let path: Arc<str> = format!(
            "{}/{}-{start}.wav",
            folder.trim_end_matches('/'),
            file_name(name)
        )
        .into();
        if let Err(error) = self.record_conference(name, &path) {
            tracing::warn!(room = %name, %error, "Video room is not recorded");
        }
    }
}

/// A room's name as part of a file's: what means something to file systems is replaced.
fn file_name(room: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    let name: String = room
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    match name.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => name,
    }
}
