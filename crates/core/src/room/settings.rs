//! What `conference.conf` says about a profile.

use std::sync::Arc;

use api::view::RoomParameters;
use roxmltree::{Document, Node};

use super::announce::Announcing;
use super::member::{MAX_ENERGY, MAX_LEVEL};
use crate::config::ConferenceHabits;
use crate::config_xml::Configuration;

/// A profile, and the keys its members have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Settings {
    pub(super) name: Arc<str>,
    pub(super) domain: Option<Arc<str>>,
    /// Mixing rate, hertz.
    pub(super) rate_hz: u32,
    /// Frame length, milliseconds.
    pub(super) interval_ms: u32,
    /// Mean absolute sample value from which a member counts as talking.
    pub(super) energy_level: i32,
    /// Mean absolute sample value that voices are brought to; 0: none.
    pub(super) auto_energy: u16,
    pub(super) max_energy: u16,
    pub(super) automatic_gain: u16,
    /// What can be changed while the room runs.
    pub(super) parameters: RoomParameters,
    pub(super) pin: Option<Arc<str>>,
    /// Wrong PINs before the caller is turned away.
    pub(super) pin_tries: u32,
    pub(super) wait_for_moderator: bool,
    pub(super) audio_always: bool,
    /// Everybody hears the others from their seats. Ours: FreeSWITCH has it as a command only.
    pub(super) arranged: bool,
    pub(super) mute_detect: bool,
    /// Where it is recorded by itself, with `${…}` of the channel that makes it begin.
    pub(super) auto_record: Option<Arc<str>>,
    /// Members from which on it is.
    pub(super) record_from: u32,
    pub(super) announcing: Announcing,
    pub(super) sounds: Sounds,
    pub(super) controls: Vec<Control>,
    pub(super) moderator_controls: Vec<Control>,
}

/// Files played at certain moments; `None` = nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "fields are the parameters of the same name")]
pub(super) struct Sounds {
    pub(super) enter: Option<Arc<str>>,
    pub(super) exit: Option<Arc<str>>,
    pub(super) alone: Option<Arc<str>>,
    pub(super) music: Option<Arc<str>>,
    pub(super) muted: Option<Arc<str>>,
    pub(super) unmuted: Option<Arc<str>>,
    pub(super) kicked: Option<Arc<str>>,
    pub(super) locked: Option<Arc<str>>,
    pub(super) is_locked: Option<Arc<str>>,
    pub(super) is_unlocked: Option<Arc<str>>,
    pub(super) pin: Option<Arc<str>>,
    pub(super) bad_pin: Option<Arc<str>>,
}

/// Keys and what they do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Control {
    pub(super) digits: Box<str>,
    pub(super) action: Box<str>,
    pub(super) data: Box<str>,
}

/// The keys members have when the configuration names none (recorded in stream-11: 0, 9, 3 and #).
const DEFAULT_KEYS: &[(&str, &str)] = &[
    ("0", "mute"),
    ("*", "deaf mute"),
    ("9", "energy up"),
    ("8", "energy equ"),
    ("7", "energy dn"),
    ("3", "vol talk up"),
    ("2", "vol talk zero"),
    ("1", "vol talk dn"),
    ("6", "vol listen up"),
    ("5", "vol listen zero"),
    ("4", "vol listen dn"),
    ("#", "hangup"),
];

/// Where a conference that is recorded by itself is, without a word of its profile: below the folder of recordings.
const OWN_RECORDING: &str =
    "conference-${conference_name}-${strftime(%Y%m%d-%H%M%S)}-${conference_uuid}.wav";

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "default".into(),
            domain: None,
            rate_hz: 8000,
            interval_ms: 20,
            energy_level: 100,
            auto_energy: 0,
            max_energy: 0,
            automatic_gain: 0,
            parameters: RoomParameters::default(),
            pin: None,
            pin_tries: 3,
            wait_for_moderator: false,
            audio_always: false,
            arranged: false,
            mute_detect: false,
            auto_record: None,
            record_from: 2,
            announcing: Announcing::default(),
            sounds: Sounds::default(),
            controls: default_controls(),
            moderator_controls: default_controls(),
        }
    }
}

fn default_controls() -> Vec<Control> {
    let control = |&(digits, action): &(&str, &str)| Control {
        digits: digits.into(),
        action: action.into(),
        data: "".into(),
    };
    DEFAULT_KEYS.iter().map(control).collect()
}

impl Settings {
    /// The settings of a profile; defaults where nothing is configured.
    pub(super) fn of(xml: &Configuration, profile: &str) -> Self {
        let named = |settings: Self| Self {
            name: profile.into(),
            ..settings
        };
        let Some(module) = xml.module("conference.conf") else {
            return named(Self::default());
        };
        match Document::parse(&module.xml) {
            Ok(document) => named(Self::read(document.root_element(), profile)),
            Err(error) => {
                // The whole configuration was well-formed when it was loaded, so this part of it is, too.
                tracing::error!(%error, "conference.conf cannot be read; defaults are used");
                named(Self::default())
            }
        }
    }

    /// With what a conference of this name does besides.
    pub(super) fn with(mut self, habits: ConferenceHabits) -> Self {
        if habits.record {
            self.auto_record.get_or_insert_with(|| OWN_RECORDING.into());
            self.record_from = 1;
        }
        self.announcing.coming |= habits.announce_join;
        self.announcing.going |= habits.announce_leave;
        if habits.announce_count && self.announcing.count_from == 0 {
            self.announcing.count_from = 1;
        }
        self
    }

    /// Whether a profile of that name is configured.
    pub(super) fn has_profile(xml: &Configuration, profile: &str) -> bool {
        let module = xml.module("conference.conf");
        let document = module.and_then(|module| Document::parse(&module.xml).ok());
        document.is_some_and(|document| find(document.root_element(), profile).is_some())
    }

    fn read(root: Node<'_, '_>, profile: &str) -> Self {
        let Some(node) = find(root, profile) else {
            tracing::info!(profile, "No such conference profile; defaults are used");
            return Self::default();
        };
        let param = |name: &str| {
            node.children()
                .filter(|child| child.has_tag_name("param"))
                .rfind(|child| {
                    child
                        .attribute("name")
                        .is_some_and(|n| n.eq_ignore_ascii_case(name))
                })
                .and_then(|child| child.attribute("value"))
                .filter(|value| !value.is_empty())
        };
        let number = |name: &str, usual: u32| {
            param(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(usual)
        };
        let text = |name: &str| param(name).map(Arc::from);
        let flag = |name: &str| {
            param("conference-flags")
                .is_some_and(|flags| flags.split('|').any(|f| f.trim() == name))
        };
        let usual = Self::default();
        let rate_hz = match number("rate", usual.rate_hz) {
            rate @ (8000 | 16_000 | 32_000 | 48_000) => rate,
            _ => usual.rate_hz,
        };
        let controls = param("caller-controls").and_then(|group| controls(root, group));
        let moderator = param("moderator-controls").and_then(|group| self::controls(root, group));
        let controls = controls.unwrap_or_else(default_controls);
        let level = |name: &str, otherwise: u16| {
            let given = param(name).and_then(|text| text.parse::<u16>().ok());
            given.unwrap_or(otherwise).min(MAX_LEVEL)
        };
        Self {
            name: usual.name,
            domain: text("domain"),
            rate_hz,
            interval_ms: number("interval", usual.interval_ms),
            energy_level: param("energy-level")
                .and_then(|text| text.parse::<i32>().ok())
                .unwrap_or(usual.energy_level)
                .clamp(-MAX_ENERGY, MAX_ENERGY),
            auto_energy: level("auto-energy-level", usual.auto_energy),
            max_energy: level("max-energy-level", usual.max_energy),
            automatic_gain: level("auto-gain-level", usual.automatic_gain),
            parameters: RoomParameters {
                max_members: number("max-members", 0),
                sound_prefix: text("sound-prefix"),
                caller_id_name: text("caller-id-name"),
                caller_id_number: text("caller-id-number"),
                end_grace_s: number("endconf-grace-time", 0),
            },
            pin: text("pin"),
            pin_tries: number("pin-retries", usual.pin_tries).clamp(1, 10),
            wait_for_moderator: flag("wait-mod"),
            audio_always: flag("audio-always"),
            arranged: flag("auto-3d-position"),
            mute_detect: param("member-flags")
                .is_some_and(|flags| flags.split('|').any(|f| f.trim() == "mute-detect")),
            auto_record: text("auto-record"),
            record_from: number("min-required-recording-participants", usual.record_from),
            announcing: Announcing {
                count_from: number("announce-count", 0),
                ..usual.announcing
            },
            sounds: Sounds {
                enter: text("enter-sound"),
                exit: text("exit-sound"),
                alone: text("alone-sound"),
                music: text("moh-sound"),
                muted: text("muted-sound"),
                unmuted: text("unmuted-sound"),
                kicked: text("kicked-sound"),
                locked: text("locked-sound"),
                is_locked: text("is-locked-sound"),
                is_unlocked: text("is-unlocked-sound"),
                pin: text("pin-sound"),
                bad_pin: text("bad-pin-sound"),
            },
            moderator_controls: moderator.unwrap_or_else(|| controls.clone()),
            controls,
        }
    }
}

fn find<'a, 'i>(root: Node<'a, 'i>, profile: &str) -> Option<Node<'a, 'i>> {
    root.descendants()
        .find(|node| node.has_tag_name("profile") && node.attribute("name") == Some(profile))
}

/// `None` when there is no such group; the group `none` has no keys.
fn controls(root: Node<'_, '_>, group: &str) -> Option<Vec<Control>> {
    if group == "none" {
        return Some(Vec::new());
    }
    let node = root
        .descendants()
        .find(|node| node.has_tag_name("group") && node.attribute("name") == Some(group))?;
    let control = |node: Node<'_, '_>| {
        let digits = node
            .attribute("digits")
            .filter(|digits| !digits.is_empty())?;
        Some(Control {
            digits: digits.into(),
            action: node.attribute("action")?.into(),
            data: node.attribute("data").unwrap_or_default().into(),
        })
    };
    Some(
        node.children()
            .filter(|child| child.has_tag_name("control"))
            .filter_map(control)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(xml: &str, profile: &str) -> Settings {
        Settings::read(Document::parse(xml).unwrap().root_element(), profile)
    }

    #[test]
    fn a_profile_is_read() {
        let settings = read(
            r##"<configuration name="conference.conf">
              <caller-controls><group name="few"><control action="mute" digits="0"/><control action="event" digits="*1" data="x"/><control digits="2"/></group></caller-controls>
              <profiles><profile name="p"><param name="rate" value="16000"/><param name="energy-level" value="300"/>
                <param name="auto-gain-level" value="1100"/>
                <param name="auto-energy-level" value="900"/>
                <param name="max-energy-level" value="65535"/>
                <param name="sound-prefix" value="/sounds/"/><param name="enter-sound" value="in.wav"/>
                <param name="exit-sound" value="tone_stream://%(1,0,1)"/><param name="alone-sound" value=""/>
                <param name="caller-controls" value="few"/><param name="conference-flags" value="wait-mod|audio-always"/>
                <param name="auto-record" value="/r/${conference_name}.wav"/><param name="min-required-recording-participants" value="3"/>
                <param name="announce-count" value="5"/>
              </profile></profiles></configuration>"##,
            "p",
        );
        assert_eq!((settings.rate_hz, settings.energy_level), (16_000, 300));
        assert_eq!(settings.automatic_gain, 1100);
        assert_eq!((settings.auto_energy, settings.max_energy), (900, 32_767));
        assert_eq!(settings.sounds.enter.as_deref(), Some("in.wav"));
        assert_eq!(
            settings.parameters.sound_prefix.as_deref(),
            Some("/sounds/")
        );
        assert_eq!(
            settings.sounds.exit.as_deref(),
            Some("tone_stream://%(1,0,1)")
        );
        assert_eq!(settings.sounds.alone, None);
        assert_eq!(
            (settings.auto_record.as_deref(), settings.record_from),
            (Some("/r/${conference_name}.wav"), 3)
        );
        assert_eq!(settings.announcing.count_from, 5);
        assert!(settings.wait_for_moderator && settings.audio_always && !settings.mute_detect);
        let keys: Vec<_> = settings
            .controls
            .iter()
            .map(|c| (&*c.digits, &*c.action, &*c.data))
            .collect();
        assert_eq!(keys, [("0", "mute", ""), ("*1", "event", "x")]);
    }

    #[test]
    fn what_is_not_configured_has_defaults() {
        let xml = r#"<configuration><profiles><profile name="p"><param name="rate" value="44100"/></profile></profiles></configuration>"#;
        assert_eq!(read(xml, "p"), Settings::default());
        assert_eq!(read(xml, "other"), Settings::default());
        assert_eq!(Settings::default().controls.len(), 12);
    }
}
