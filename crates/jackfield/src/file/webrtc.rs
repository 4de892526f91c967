//! `[webrtc]`: where browsers send their media, and the rooms in which they meet.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use door_sylkrtc::{AccessOrder, RoomConfig, RoomsConfig, VideoCodec, Who};
use embedded::WebConfig;

use super::schema::count;
use super::toml_tree::{Source, Table};

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    listen: Option<Vec<SocketAddr>>,
    advertise: Option<IpAddr>,
    ice_lite: Option<bool>,
    rooms: Rooms,
}

/// What it says about rooms.
#[derive(Default)]
pub(super) struct Rooms {
    max_bitrate: Option<u32>,
    video_codec: Option<VideoCodec>,
    max_publishers: Option<usize>,
    share_files: Option<bool>,
    max_file: Option<usize>,
    max_files_bytes: Option<usize>,
    max_files: Option<usize>,
    /// By name in lower case.
    rooms: HashMap<String, RoomConfig>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>, source: &Source) -> Section {
    let addresses = "an address and port, as \"192.0.2.1:10887\", and not 0.0.0.0";
    let section = Section {
        listen: table.list("listen", addresses, |text| {
            let address: SocketAddr = text.parse().ok()?;
            (!address.ip().is_unspecified()).then_some(address)
        }),
        advertise: table
            .parsed("advertise", "an address, as \"203.0.113.7\"", |text| {
                text.parse().ok()
            })
            .map(|at| at.value),
        ice_lite: table.boolean("ice_lite"),
        rooms: Rooms {
            max_bitrate: bitrate(&mut table),
            video_codec: codec(&mut table),
            max_publishers: count(&mut table, "max_publishers", 1),
            share_files: table.boolean("share_files"),
            max_file: table.bytes("max_file"),
            max_files_bytes: table.bytes("max_files_bytes"),
            max_files: count(&mut table, "max_files", 1),
            rooms: rooms(&mut table, source),
        },
    };
    table.finish();
    section
}

fn bitrate(table: &mut Table<'_>) -> Option<u32> {
    let (least, most) = RoomsConfig::BITRATES.into_inner();
    let number = table.number("max_bitrate", least.into(), most.into())?;
    u32::try_from(number).ok()
}

fn codec(table: &mut Table<'_>) -> Option<VideoCodec> {
    let expected = "a codec for pictures: h264, vp8 or vp9";
    let codec = table.parsed("video_codec", expected, VideoCodec::parse)?;
    Some(codec.value)
}

/// `[[webrtc.room]]`
fn rooms(table: &mut Table<'_>, source: &Source) -> HashMap<String, RoomConfig> {
    let mut rooms = HashMap::new();
    for (offset, mut table) in table.tables("room") {
        let address = |name: &str| name.contains('@').then(|| name.to_lowercase());
        let expected = "an address, as \"team@videoconference.example.org\"";
        let name = table.parsed("name", expected, address);
        let mut room = RoomConfig::default();
        let order = table.parsed(
            "access_policy",
            "\"allow, deny\" or \"deny, allow\"",
            AccessOrder::parse,
        );
        room.access.order = order.map_or(room.access.order, |order| order.value);
        if let Some(allow) = who(&mut table, "allow") {
            room.access.allow = allow;
        }
        if let Some(deny) = who(&mut table, "deny") {
            room.access.deny = deny;
        }
        room.record = table.boolean("record").unwrap_or_default();
        room.max_bitrate = bitrate(&mut table);
        room.video_codec = codec(&mut table);
        room.video_disabled = table.boolean("video_disabled").unwrap_or_default();
        room.persistent = table.boolean("persistent").unwrap_or_default();
        table.finish();
        match name {
            None => source.complain(offset, "webrtc.room.name: missing"),
            Some(name) if rooms.contains_key(&name.value) => {
                let what = format!("webrtc.room.name: {} is there already", name.value);
                source.complain(name.offset, what);
            }
            Some(name) => {
                rooms.insert(name.value, room);
            }
        }
    }
    rooms
}

fn who(table: &mut Table<'_>, key: &'static str) -> Option<Vec<Who>> {
    let expected = "addresses and domains, \"all\" or \"none\"";
    let item = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let items = table.list(key, expected, item)?;
    Some(Who::list(items.iter().map(String::as_str)))
}

impl Section {
    /// What it says about rooms, once.
    pub(super) fn take_rooms(&mut self) -> Rooms {
        std::mem::take(&mut self.rooms)
    }
}

impl Rooms {
    /// Puts it over what an imported file has said; recordings and files go below the folders given.
    pub(super) fn overlay(self, config: &mut RoomsConfig, recordings: &Path, state: &Path) {
        let imported = config.recordings != RoomsConfig::default().recordings;
        if !imported {
            config.recordings = recordings.join("videoconference");
        }
        let usual = || Some(state.join("videoconference/files"));
        config.files = match self.share_files {
            Some(false) => None,
            Some(true) | None => config.files.take().or_else(usual),
        };
        config.max_bitrate = self.max_bitrate.unwrap_or(config.max_bitrate);
        config.video_codec = self.video_codec.unwrap_or(config.video_codec);
        config.max_publishers = self.max_publishers.unwrap_or(config.max_publishers);
        let bytes = |given: Option<usize>, or: u64| given.map_or(or, |bytes| bytes as u64);
        config.max_file = bytes(self.max_file, config.max_file);
        config.max_files_bytes = bytes(self.max_files_bytes, config.max_files_bytes);
        config.max_files = self.max_files.unwrap_or(config.max_files);
        config.rooms.extend(self.rooms);
    }
}

/// Where browsers are met when the door at `doors` lets them in: on loopback, and on `own` as soon as the door is open
/// to more than this machine.
pub(super) fn convert(section: Section, doors: &[SocketAddr], own: IpAddr) -> WebConfig {
    let defaults = WebConfig::default();
    let mut usual = vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)];
    if doors.iter().any(|door| !door.ip().is_loopback()) && !own.is_loopback() {
        usual.push(SocketAddr::new(own, 0));
    }
    WebConfig {
        listen: section.listen.unwrap_or(usual),
        advertise: section.advertise.or(defaults.advertise),
        ice_lite: section.ice_lite.unwrap_or(defaults.ice_lite),
    }
}
