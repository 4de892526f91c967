//! `webrtcgateway.ini` of SylkServer (sylkrtc.md §7.1): what it says that means something here, and a warning for
//! everything else.

use std::time::Duration;

use crate::config::{Config, Secret};
use crate::rooms::{AccessOrder, RoomsConfig, VideoCodec, Who};
use net::OriginPattern;

/// What a file says beside the door's own configuration.
#[derive(Debug, Default)]
pub struct Imported {
    /// Every option that is unknown, wrong, or without meaning in this server.
    pub warnings: Vec<String>,
    /// `outbound_sip_proxy`, unread: where the switch sends what web phones send to other servers.
    pub outbound_sip_proxy: Option<String>,
}

/// Reads such a file into a configuration. What it says nothing about stays as it is.
pub fn import(text: &str, config: &mut Config) -> Imported {
    let mut import = Import {
        config,
        imported: Imported::default(),
    };
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.trim().to_owned();
            import.section(&section);
            continue;
        }
        match line.split_once(['=', ':']) {
            Some((name, value)) => import.option(&section, name.trim(), value.trim()),
            None => import.warn(format!(
                "line {}: neither a section nor an option",
                index + 1
            )),
        }
    }
    import.imported
}

struct Import<'a> {
    config: &'a mut Config,
    imported: Imported,
}

/// Options that configure what this server does in another way, or not at all, and why.
const WITHOUT_MEANING: &[(&str, &str, &str)] = &[
    (
        "General",
        "application_dir",
        "this server has folders of its own",
    ),
    ("General", "sylk_push_url", "no push server is called"),
    ("General", "xcap_url", "address books are kept here"),
    (
        "General",
        "local_sip_messages",
        "messages for our own accounts always stay here",
    ),
    ("Janus", "api_url", "there is no Janus"),
    ("Janus", "api_secret", "there is no Janus"),
    ("Janus", "trace_janus", "there is no Janus"),
    (
        "Cassandra",
        "cluster_contact_points",
        "there is no Cassandra",
    ),
    ("Cassandra", "keyspace", "there is no Cassandra"),
    ("Cassandra", "push_tokens_table", "there is no Cassandra"),
    (
        "FileStorage",
        "storage_dir",
        "this server has folders of its own",
    ),
];

impl Import<'_> {
    fn warn(&mut self, warning: String) {
        self.imported.warnings.push(warning);
    }

    fn section(&mut self, name: &str) {
        let known = ["General", "Janus", "Cassandra", "FileStorage"].contains(&name);
        if name.contains('@') {
            let rooms = &mut self.config.rooms.rooms;
            rooms.entry(name.to_lowercase()).or_default();
        } else if !known {
            self.warn(format!("[{name}]: unknown section"));
        }
    }

    fn option(&mut self, section: &str, name: &str, value: &str) {
        if section.contains('@') {
            return self.option_of_room(section, name, value);
        }
        let none = value.is_empty() || value.eq_ignore_ascii_case("none");
        let read = match (section, name) {
            ("General", "web_origins") => {
                self.config.origins = list(value).map(OriginPattern::new).collect();
                true
            }
            ("General", "sip_domains") => {
                self.config.sip_domains = list(value).map(str::to_owned).collect();
                true
            }
            ("General", "outbound_sip_proxy") => {
                self.imported.outbound_sip_proxy = (!none).then(|| value.to_owned());
                true
            }
            ("General", "trace_client" | "trace_websocket") => {
                set(&mut self.config.trace_client, boolean(value))
            }
            ("General", "websocket_ping_interval") => {
                let seconds = value.parse().ok().filter(|seconds| *seconds > 0);
                set(&mut self.config.ping, seconds.map(Duration::from_secs))
            }
            ("General", "http_management_interface") => {
                let address = if none {
                    Some(None)
                } else {
                    address(value).map(Some)
                };
                set(&mut self.config.admin_listen, address)
            }
            ("General", "http_management_auth_secret") => {
                self.config.admin_secret = (!none).then(|| Secret::new(value));
                true
            }
            ("Janus", "decline_code") => {
                let code = value.parse().ok().filter(|code| (300..=699).contains(code));
                set(&mut self.config.decline_code, code)
            }
            ("General", "recording_dir") => set(&mut self.config.rooms.recordings, folder(value)),
            ("General", "filesharing_dir") => {
                set(&mut self.config.rooms.files, folder(value).map(Some))
            }
            ("General", "file_transfer_dir") => {
                set(&mut self.config.transfers.folder, folder(value).map(Some))
            }
            ("General", "filetransfer_expire_days") => {
                let days = value.parse().ok().filter(|days| *days > 0);
                set(&mut self.config.transfers.expire_days, days)
            }
            ("Janus", "max_bitrate") => set(&mut self.config.rooms.max_bitrate, bitrate(value)),
            ("Janus", "video_codec") => {
                let codec = VideoCodec::parse(&value.to_ascii_lowercase());
                set(&mut self.config.rooms.video_codec, codec)
            }
            _ => return self.without_meaning(section, name),
        };
        if !read {
            self.not_understood(section, name, value);
        }
    }

    /// Options of a room, in a section named by its address (sylkrtc.md §6.2).
    fn option_of_room(&mut self, section: &str, name: &str, value: &str) {
        let rooms = &mut self.config.rooms.rooms;
        let room = rooms.entry(section.to_lowercase()).or_default();
        let read = match name {
            "record" => set(&mut room.record, boolean(value)),
            "access_policy" => set(&mut room.access.order, AccessOrder::parse(value)),
            "allow" => {
                room.access.allow = Who::list(list(value));
                true
            }
            "deny" => {
                room.access.deny = Who::list(list(value));
                true
            }
            "max_bitrate" => set(&mut room.max_bitrate, bitrate(value).map(Some)),
            "video_codec" => {
                let codec = VideoCodec::parse(&value.to_ascii_lowercase());
                set(&mut room.video_codec, codec.map(Some))
            }
            "video_disabled" => set(&mut room.video_disabled, boolean(value)),
            "persistent" => set(&mut room.persistent, boolean(value)),
            "invite_participants" => {
                let why = "without effect, no push server is called";
                return self.warn(format!("[{section}] {name}: {why}"));
            }
            _ => return self.warn(format!("[{section}] {name}: unknown option")),
        };
        if !read {
            self.not_understood(section, name, value);
        }
    }

    fn not_understood(&mut self, section: &str, name: &str, value: &str) {
        self.warn(format!("[{section}] {name}: not understood: {value}"));
    }

    fn without_meaning(&mut self, section: &str, name: &str) {
        let known = WITHOUT_MEANING
            .iter()
            .find(|(s, n, _)| (*s, *n) == (section, name));
        match known {
            Some((_, _, why)) => self.warn(format!("[{section}] {name}: without effect, {why}")),
            None => self.warn(format!("[{section}] {name}: unknown option")),
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) -> bool {
    let understood = value.is_some();
    if let Some(value) = value {
        *place = value;
    }
    understood
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn bitrate(value: &str) -> Option<u32> {
    let number = value.parse().ok();
    number.filter(|number| RoomsConfig::BITRATES.contains(number))
}

fn folder(value: &str) -> Option<std::path::PathBuf> {
    (!value.is_empty()).then(|| value.into())
}

/// An address; the port of the reference when there is none.
fn address(value: &str) -> Option<std::net::SocketAddr> {
    let bare = || Some((value.parse::<std::net::IpAddr>().ok()?, 20_888).into());
    value.parse().ok().or_else(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::{AccessPolicy, RoomConfig};

    #[test]
    fn every_known_option_is_read_or_named() {
        let mut text = "; a comment\n[General]\nweb_origins = https://a.example, *\n\
            sip_domains = example.org, example.net\ntrace_client = True\nwebsocket_ping_interval = 30\n\
            http_management_interface = 127.0.0.1:20999\nhttp_management_auth_secret = geheim\n\
            outbound_sip_proxy = proxy.example.org;transport=tcp\n"
            .to_owned();
        let mut section = "General";
        for (of, name, _) in WITHOUT_MEANING {
            if *of != section {
                section = of;
                text.push_str(&format!("[{section}]\n"));
            }
            text.push_str(&format!("{name} = x\n"));
        }
        text.push_str(
            "[Janus]\ndecline_code = 603\nmax_bitrate = 1000000\nvideo_codec = h264\n\
             [General]\nrecording_dir = /r\nfilesharing_dir = /f\n\
             file_transfer_dir = /t\nfiletransfer_expire_days = 3\n",
        );
        let mut config = Config::default();
        let Imported {
            warnings,
            outbound_sip_proxy,
        } = import(&text, &mut config);
        assert_eq!(
            outbound_sip_proxy.as_deref(),
            Some("proxy.example.org;transport=tcp")
        );
        assert_eq!(warnings.len(), WITHOUT_MEANING.len(), "{warnings:#?}");
        assert!(
            warnings
                .iter()
                .all(|warning| warning.contains("without effect"))
        );
        assert_eq!(config.sip_domains, ["example.org", "example.net"]);
        assert_eq!(config.origins.len(), 2);
        assert_eq!(
            (config.decline_code, config.ping),
            (603, Duration::from_secs(30))
        );
        assert!(config.trace_client && config.admin_secret.is_some());
        assert_eq!(config.rooms.max_bitrate, 1_000_000);
        assert_eq!(config.rooms.video_codec, VideoCodec::H264);
        assert_eq!(config.rooms.recordings, std::path::Path::new("/r"));
        assert_eq!(config.rooms.files, Some("/f".into()));
        assert_eq!(config.transfers.folder, Some("/t".into()));
        assert_eq!(config.transfers.expire_days, 3);
        assert_eq!(config.admin_listen, "127.0.0.1:20999".parse().ok());
    }

    #[test]
    fn rooms_have_sections_of_their_own() {
        let text = "[Team@videoconference.example.org]\nrecord = True\naccess_policy = deny, allow\ndeny = all\n\
            allow = example.org, carol@example.net\nmax_bitrate = 512000\nvideo_codec = vp8\n\
            video_disabled = yes\npersistent = 1\ninvite_participants = bob@example.org\n";
        let mut config = Config::default();
        let warnings = import(text, &mut config).warnings;
        assert_eq!(
            warnings,
            [
                "[Team@videoconference.example.org] invite_participants: without effect, no push server is called"
            ]
        );
        let room = RoomConfig {
            record: true,
            access: AccessPolicy {
                order: AccessOrder::DenyAllow,
                allow: vec![
                    Who::Domain("example.org".to_owned()),
                    Who::Account("carol@example.net".to_owned()),
                ],
                deny: vec![Who::Everybody],
            },
            max_bitrate: Some(512_000),
            video_codec: Some(VideoCodec::Vp8),
            video_disabled: true,
            persistent: true,
        };
        let name = "team@videoconference.example.org".to_owned();
        assert_eq!(config.rooms.rooms, [(name, room)].into());
    }

    #[test]
    fn a_folder_without_a_name_is_none() {
        let text = "[General]\nrecording_dir =\nfilesharing_dir =\n";
        let mut config = Config::default();
        let kept = (config.rooms.recordings.clone(), config.rooms.files.clone());
        let warnings = import(text, &mut config).warnings;
        assert_eq!(
            warnings,
            [
                "[General] recording_dir: not understood: ",
                "[General] filesharing_dir: not understood: ",
            ]
        );
        assert_eq!((config.rooms.recordings, config.rooms.files), kept);
    }

    #[test]
    fn nothing_is_eaten_silently() {
        let text = "[General]\nsip_domain = x\ntrace_client = maybe\nnonsense\n[Other]\n\
            [team@videoconference.example.org]\nrecord = perhaps\nrekord = True\nmax_bitrate = 5\n";
        let warnings = import(text, &mut Config::default()).warnings;
        assert_eq!(
            warnings,
            [
                "[General] sip_domain: unknown option",
                "[General] trace_client: not understood: maybe",
                "line 4: neither a section nor an option",
                "[Other]: unknown section",
                "[team@videoconference.example.org] record: not understood: perhaps",
                "[team@videoconference.example.org] rekord: unknown option",
                "[team@videoconference.example.org] max_bitrate: not understood: 5",
            ]
        );
    }
}
