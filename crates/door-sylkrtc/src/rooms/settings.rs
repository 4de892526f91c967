//! What the operator says about rooms (sylkrtc.md §6.2, §6.3).

use std::collections::HashMap;
use std::path::PathBuf;

use api::command::video_room::VideoRoomSettings;
use md5::{Digest, Md5};

use super::policy::AccessPolicy;

/// Before the domain in the address of a room.
const PREFIX: &str = "videoconference.";

/// Video rooms of a door.
#[derive(Clone, Debug)]
pub struct RoomsConfig {
    /// Bits per second the publishers of a room share, 64,000–4,194,304.
    pub max_bitrate: u32,
    /// Preferred for pictures.
    pub video_codec: VideoCodec,
    /// Most publishers of a room.
    pub max_publishers: usize,
    /// Below it each recorded room has a folder.
    pub recordings: PathBuf,
    /// Below it are the files shared in rooms; `None`: none can be shared.
    pub files: Option<PathBuf>,
    /// Bytes of one shared file.
    pub max_file: u64,
    /// Bytes of all files of one room.
    pub max_files_bytes: u64,
    /// Files of one room.
    pub max_files: usize,
    /// Rooms that differ from that, by `room@host` in lower case.
    pub rooms: HashMap<String, RoomConfig>,
}

/// One room.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoomConfig {
    /// Its sound is recorded.
    pub record: bool,
    /// Who may enter.
    pub access: AccessPolicy,
    /// As in [`RoomsConfig`].
    pub max_bitrate: Option<u32>,
    /// As in [`RoomsConfig`].
    pub video_codec: Option<VideoCodec>,
    /// Sound only.
    pub video_disabled: bool,
    /// Its files stay when the last participant has left.
    pub persistent: bool,
}

/// Codecs for pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the codec of that name")]
pub enum VideoCodec {
    H264,
    Vp8,
    Vp9,
}

impl VideoCodec {
    /// By its name in configurations: `h264`, `vp8` or `vp9`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::H264, Self::Vp8, Self::Vp9]
            .into_iter()
            .find(|codec| codec.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
        }
    }
}

impl Default for RoomsConfig {
    /// As the reference: 2,016,000 bit/s, VP9, 10 publishers. No files; when there are, 64 MiB each and 512 MiB and
    /// 200 files in a room.
    fn default() -> Self {
        Self {
            max_bitrate: 2_016_000,
            video_codec: VideoCodec::Vp9,
            max_publishers: 10,
            recordings: "recordings/videoconference".into(),
            files: None,
            max_file: 64 << 20,
            max_files_bytes: 512 << 20,
            max_files: 200,
            rooms: HashMap::new(),
        }
    }
}

impl RoomsConfig {
    /// Bitrates a room may be limited to, in bits per second (sylkrtc.md §6.2).
    pub const BITRATES: std::ops::RangeInclusive<u32> = 64_000..=4_194_304;

    /// Whether there is such a room: one the operator has named, or any of `videoconference.` before a domain of ours.
    pub(crate) fn has(&self, room: &str, is_local: impl Fn(&str) -> bool) -> bool {
        let host = room.split_once('@').map_or("", |(_, host)| host);
        self.rooms.contains_key(room) || host.strip_prefix(PREFIX).is_some_and(is_local)
    }

    /// What a room is made like by a join that asks for these media.
    pub(crate) fn settings(&self, room: &str, audio: bool, video: bool) -> VideoRoomSettings {
        let own = self.rooms.get(room);
        let record = own.is_some_and(|own| own.record);
        let codec = own.and_then(|own| own.video_codec);
        let folder = || self.recordings.join(folder_name(room));
        VideoRoomSettings {
            audio,
            video: video && !own.is_some_and(|own| own.video_disabled),
            max_bitrate: own
                .and_then(|own| own.max_bitrate)
                .unwrap_or(self.max_bitrate),
            video_codec: codec.unwrap_or(self.video_codec).name().into(),
            record_into: record.then(|| folder().to_string_lossy().into()),
            max_publishers: self.max_publishers,
            phones_may_dial: own.is_none_or(|own| own.access.is_open()),
        }
    }

    pub(crate) fn is_persistent(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|own| own.persistent)
    }
}

/// Longest name of a folder made from a room's, in bytes; something may be added to it.
const MAX_FOLDER: usize = 180;

/// A room's name as the name of one folder: clients choose it, and it may have slashes.
pub(super) fn folder_name(room: &str) -> String {
    let mut name = String::new();
    for byte in room.bytes() {
        if byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"@._-+".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.len() > MAX_FOLDER {
        let hash: [u8; 16] = Md5::digest(room.as_bytes()).into();
        name.truncate(MAX_FOLDER - 33);
        name.push_str(&format!("-{:032x}", u128::from_be_bytes(hash)));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_below_our_domains_or_named() {
        let mut config = RoomsConfig::default();
        let is_local = |domain: &str| domain == "example.org";
        assert!(config.has("team@videoconference.example.org", is_local));
        for other in [
            "team@example.org",
            "team@videoconference.example.com",
            "team@conference.example.org",
            "team",
        ] {
            assert!(!config.has(other, is_local), "{other}");
        }
        let named = "team@rooms.example.com";
        config.rooms.insert(named.to_owned(), RoomConfig::default());
        assert!(config.has(named, is_local));
    }

    #[test]
    fn settings_are_those_of_the_room() {
        let mut config = RoomsConfig::default();
        let usual = config.settings("a@b", true, true);
        assert_eq!((usual.max_bitrate, &*usual.video_codec), (2_016_000, "vp9"));
        assert!(usual.audio && usual.video && usual.record_into.is_none());
        let own = RoomConfig {
            record: true,
            video_disabled: true,
            max_bitrate: Some(512_000),
            video_codec: Some(VideoCodec::Vp8),
            ..RoomConfig::default()
        };
        config.rooms.insert("a@b".to_owned(), own);
        let settings = config.settings("a@b", false, true);
        assert_eq!(
            (settings.max_bitrate, &*settings.video_codec),
            (512_000, "vp8")
        );
        assert!(!settings.audio && !settings.video);
        assert_eq!(
            settings.record_into.as_deref(),
            Some("recordings/videoconference/a@b")
        );
    }

    #[test]
    fn a_folder_is_one_folder() {
        assert_eq!(folder_name("../../etc@x/y"), "..%2F..%2Fetc@x%2Fy");
        assert_eq!(folder_name("ü@x"), "%C3%BC@x");
        let long = ["a", "b"].map(|last| folder_name(&format!("{}{last}", "ü".repeat(100))));
        assert!(long[0] != long[1] && long[0].len() <= MAX_FOLDER);
    }
}
