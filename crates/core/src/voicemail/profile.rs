//! What `voicemail.conf` says: profiles with their lengths, limits and keys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use media::control::SilenceStop;
use roxmltree::{Document, Node};

use crate::config_xml::Configuration;

/// How boxes behave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Profile {
    pub(crate) name: Arc<str>,
    /// Shortest message, seconds; what is shorter is none.
    pub(crate) min_record_s: u64,
    /// Longest message, seconds.
    pub(crate) max_record_s: u64,
    /// Longest greeting, seconds.
    pub(crate) max_greeting_s: u64,
    /// Ends a recording by itself.
    pub(crate) silence: Option<SilenceStop>,
    /// Rate of the files; `None`: that of the call.
    pub(crate) rate_hz: Option<u32>,
    /// Most messages of a box.
    pub(crate) max_messages: usize,
    /// What is heard before a recording begins, a tone script.
    pub(crate) beep: Arc<str>,
    /// Attempts to give the right number and password.
    pub(crate) max_logins: u32,
    /// How long a digit is waited for.
    pub(crate) digit_timeout: Duration,
    pub(crate) keys: Keys,
}

/// What digits mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Keys {
    /// Ends a recording, a number or the menu.
    pub(crate) end: char,
    pub(crate) skip_greeting: char,
    pub(crate) play_new: char,
    pub(crate) play_saved: char,
    pub(crate) main_menu: char,
    pub(crate) options: char,
    pub(crate) record_greeting: char,
    pub(crate) again: char,
    pub(crate) save: char,
    pub(crate) delete: char,
    pub(crate) next: char,
}

impl Profile {
    /// One about which nothing was said.
    fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            min_record_s: 3,
            max_record_s: 300,
            max_greeting_s: 60,
            silence: None,
            rate_hz: None,
            max_messages: 100,
            beep: "%(1000,0,640)".into(),
            max_logins: 3,
            digit_timeout: Duration::from_secs(10),
            keys: Keys {
                end: '#',
                skip_greeting: '#',
                play_new: '1',
                play_saved: '2',
                main_menu: '0',
                options: '5',
                record_greeting: '1',
                again: '1',
                save: '2',
                delete: '7',
                next: '6',
            },
        }
    }
}

/// The profiles; what cannot be understood is logged, and is as if it were not there.
pub(super) fn read(xml: &Configuration) -> BTreeMap<Arc<str>, Arc<Profile>> {
    let Some(module) = xml.module("voicemail.conf") else {
        return BTreeMap::new();
    };
    match Document::parse(&module.xml) {
        Ok(document) => of(document.root_element()),
        Err(error) => {
            tracing::error!(%error, "voicemail.conf cannot be read; there is no voicemail");
            BTreeMap::new()
        }
    }
}

fn of(root: Node<'_, '_>) -> BTreeMap<Arc<str>, Arc<Profile>> {
    let nodes = root.descendants().filter(|n| n.has_tag_name("profile"));
    let profiles = nodes.filter_map(profile).map(Arc::new);
    profiles
        .map(|profile| (profile.name.clone(), profile))
        .collect()
}

fn profile(node: Node<'_, '_>) -> Option<Profile> {
    let Some(name) = node.attribute("name").filter(|name| !name.is_empty()) else {
        tracing::warn!("A profile in voicemail.conf has no name");
        return None;
    };
    let mut profile = Profile::named(name);
    let (mut threshold, mut quiet_s) = (0, 0);
    for param in node.children().filter(|n| n.has_tag_name("param")) {
        let (Some(key), Some(value)) = (param.attribute("name"), param.attribute("value")) else {
            continue;
        };
        let value = value.trim();
        let number = || value.parse::<u64>().ok();
        let keys = &mut profile.keys;
        let understood = match key {
            "min-record-len" => set(&mut profile.min_record_s, number()),
            "max-record-len" => set(&mut profile.max_record_s, number().filter(|s| *s > 0)),
            "max-greeting-len" => set(&mut profile.max_greeting_s, number().filter(|s| *s > 0)),
            "record-silence-threshold" => set(&mut threshold, value.parse().ok()),
            "record-silence-hits" => set(&mut quiet_s, value.parse::<u32>().ok()),
            "record-sample-rate" => {
                let rate = value
                    .parse()
                    .ok()
                    .filter(|rate| (8_000..=48_000).contains(rate));
                set(&mut profile.rate_hz, rate.map(Some))
            }
            "max-messages" => {
                let most = number().and_then(|most| usize::try_from(most).ok());
                set(&mut profile.max_messages, most.filter(|most| *most > 0))
            }
            "tone-spec" => set(&mut profile.beep, Some(value.into())),
            "max-login-attempts" => set(
                &mut profile.max_logins,
                value.parse().ok().filter(|n| *n > 0),
            ),
            "digit-timeout" => {
                let timeout = number().filter(|ms| *ms > 0).map(Duration::from_millis);
                set(&mut profile.digit_timeout, timeout)
            }
            "terminator-key" => set(&mut keys.end, digit(value)),
            "skip-greet-key" => set(&mut keys.skip_greeting, digit(value)),
            "play-new-messages-key" => set(&mut keys.play_new, digit(value)),
            "play-saved-messages-key" => set(&mut keys.play_saved, digit(value)),
            "main-menu-key" => set(&mut keys.main_menu, digit(value)),
            "config-menu-key" => set(&mut keys.options, digit(value)),
            "record-greeting-key" => set(&mut keys.record_greeting, digit(value)),
            "listen-file-key" => set(&mut keys.again, digit(value)),
            "save-file-key" => set(&mut keys.save, digit(value)),
            "delete-file-key" => set(&mut keys.delete, digit(value)),
            "next-message-key" => set(&mut keys.next, digit(value)),
            _ => false,
        };
        if !understood {
            tracing::warn!(
                profile = name,
                param = key,
                value,
                "A setting of voicemail means nothing"
            );
        }
    }
    profile.silence = (threshold > 0 && quiet_s > 0).then(|| SilenceStop {
        threshold,
        after_ms: quiet_s.saturating_mul(1000),
    });
    Some(profile)
}

/// The one digit of a telephone's keys that a text is.
fn digit(text: &str) -> Option<char> {
    let mut letters = text.chars();
    let digit = letters.next().filter(|c| "0123456789*#".contains(*c))?;
    letters.next().is_none().then_some(digit)
}

/// Sets what was understood.
fn set<T>(field: &mut T, value: Option<T>) -> bool {
    match value {
        Some(value) => {
            *field = value;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_and_what_it_does_not_say() {
        let text = r##"<configuration name="voicemail.conf"><settings/><profiles><profile name="default">
            <param name="min-record-len" value="2"/><param name="max-record-len" value="60"/>
            <param name="record-silence-threshold" value="200"/><param name="record-silence-hits" value="4"/>
            <param name="terminator-key" value="*"/><param name="delete-file-key" value="77"/>
            <param name="max-messages" value="0"/><param name="digit-timeout" value="5000"/>
            <param name="email-from" value="x"/><email><param name="template-file" value="x"/></email>
            </profile><profile/></profiles></configuration>"##;
        let document = Document::parse(text).expect("well-formed");
        let profiles = of(document.root_element());
        let expected = Profile {
            min_record_s: 2,
            max_record_s: 60,
            silence: Some(SilenceStop {
                threshold: 200,
                after_ms: 4000,
            }),
            digit_timeout: Duration::from_secs(5),
            keys: Keys {
                end: '*',
                ..Profile::named("default").keys
            },
            ..Profile::named("default")
        };
        assert_eq!(profiles.len(), 1);
        assert_eq!(*profiles["default"], expected);
    }
}
