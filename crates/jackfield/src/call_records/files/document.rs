//! The XML document of one leg, as users of `mod_xml_cdr` have it.

use std::fmt::Write as _;

use api::event::RanApplication;
use api::view::{CallerProfile, Channel, OtherType, ProfileTimes};

use super::super::record::is_secret;

/// The document. `ran` are the applications it ran, the first one first.
pub(super) fn of(channel: &Channel, ran: &[RanApplication]) -> String {
    let mut out = Document::default();
    out.text.push_str("<?xml version=\"1.0\"?>\n");
    out.open("cdr", &[]);
    out.open("channel_data", &[]);
    out.value("state", channel.state.name());
    out.value("direction", channel.direction.name());
    out.value("state_number", &channel.next_state.number().to_string());
    out.close("channel_data");
    out.open("variables", &[]);
    for (name, value) in channel.variables.iter() {
        // A name that is none of an element cannot be said in this form.
        if !is_secret(name) && is_element_name(name) {
            out.value(name, &esl::encode::encode(&value.to_text()));
        }
    }
    out.close("variables");
    out.open("app_log", &[]);
    for application in ran {
        let words = [
            ("app_name", &*application.name),
            ("app_data", &*application.data),
        ];
        out.open("application", &words);
        out.close("application");
    }
    out.close("app_log");
    if let Some(profile) = channel.profile.as_deref() {
        let index = profile.index.to_string();
        let words = [
            ("dialplan", &*profile.dialplan),
            ("profile_index", index.as_str()),
        ];
        out.open("callflow", &words);
        out.open("caller_profile", &[]);
        out.profile(profile);
        if let Some(other) = &channel.other {
            let role = other.kind.name();
            let inner = format!("{role}_caller_profile");
            out.open(role, &[]);
            out.open(&inner, &[]);
            out.profile(&other.profile);
            out.close(&inner);
            out.close(role);
        }
        out.close("caller_profile");
        out.times(&profile.times);
        out.close("callflow");
    }
    out.close("cdr");
    out.text
}

/// Whether the leg was made by another one.
pub(super) fn is_b_leg(channel: &Channel) -> bool {
    let other = channel.other.as_ref();
    other.is_some_and(|other| other.kind == OtherType::Originator)
}

#[derive(Default)]
struct Document {
    text: String,
    depth: usize,
}

impl Document {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            write!(self.text, " {attribute}=\"").ok();
            self.escaped(value);
            self.text.push('"');
        }
        self.text.push_str(">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.indent();
        writeln!(self.text, "</{name}>").ok();
    }

    fn value(&mut self, name: &str, value: &str) {
        self.indent();
        write!(self.text, "<{name}>").ok();
        self.escaped(value);
        writeln!(self.text, "</{name}>").ok();
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    /// XML 1.0 §2.2 has no place for most control characters, in no notation.
    fn escaped(&mut self, text: &str) {
        for at in text.chars() {
            match at {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\t' => self.text.push_str("&#9;"),
                '\n' => self.text.push_str("&#10;"),
                '\r' => self.text.push_str("&#13;"),
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                other => self.text.push(other),
            }
        }
    }

    fn profile(&mut self, profile: &CallerProfile) {
        for (name, value) in [
            ("username", &*profile.username),
            ("dialplan", &profile.dialplan),
            ("caller_id_name", &profile.caller_id_name),
            ("ani", &profile.ani),
            ("aniii", &profile.ani_ii),
            ("caller_id_number", &profile.caller_id_number),
            ("network_addr", &profile.network_addr),
            ("rdnis", &profile.rdnis),
            ("destination_number", &profile.destination_number),
            ("uuid", profile.unique_id.as_str()),
            ("source", &profile.source),
            ("context", &profile.context),
            ("chan_name", &profile.channel_name),
        ] {
            self.value(name, value);
        }
    }

    fn times(&mut self, times: &ProfileTimes) {
        self.open("times", &[]);
        for (name, at) in [
            ("created_time", times.created),
            ("profile_created_time", times.profile_created),
            ("progress_time", times.progress),
            ("progress_media_time", times.progress_media),
            ("answered_time", times.answered),
            ("hangup_time", times.hungup),
            ("resurrect_time", times.resurrected),
            ("transfer_time", times.transferred),
        ] {
            self.value(name, &at.as_micros().to_string());
        }
        self.close("times");
    }
}

/// So much of XML 1.0 §2.3 as names of variables have any use for.
fn is_element_name(name: &str) -> bool {
    let begins = |at: char| at.is_ascii_alphabetic() || at == '_';
    name.starts_with(begins)
        && name
            .chars()
            .all(|at| begins(at) || at.is_ascii_digit() || matches!(at, '-' | '.'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::ChannelId;
    use api::view::{Direction, OtherLeg};

    use super::*;

    #[test]
    fn whatever_a_caller_sends_it_can_be_read() {
        let id = ChannelId::from_text("one").unwrap();
        let mut channel = Channel::new(id.clone(), 1, "sofia/internal/1", Direction::Inbound);
        let mut profile = CallerProfile::new(id.clone(), Direction::Inbound);
        profile.caller_id_name = "</caller_id_name>&\"\u{1}\n".into();
        channel.profile = Some(Arc::new(profile));
        let other = ChannelId::from_text("two").unwrap();
        channel.other = Some(OtherLeg {
            kind: OtherType::Originatee,
            profile: Arc::new(CallerProfile::new(other, Direction::Outbound)),
        });
        for (name, value) in [
            ("said", "a<b & c"),
            ("no name", "x"),
            ("><", "x"),
            ("sip_auth_password", "hunter2"),
        ] {
            channel.variables.set(name, value);
        }
        let ran = RanApplication {
            name: "set".into(),
            data: "a=\"<b>\"".into(),
            uuid: "".into(),
            uuid_name: None,
        };
        let text = of(&channel, &[ran]);
        let document = roxmltree::Document::parse(&text).unwrap();
        let all = |name: &str| -> Vec<_> {
            let named = document
                .descendants()
                .filter(|node| node.has_tag_name(name));
            named.collect()
        };
        let said = |name: &str| all(name)[0].text().unwrap_or_default().to_owned();
        assert_eq!(said("said"), "a%3Cb%20%26%20c");
        assert_eq!(said("caller_id_name"), "</caller_id_name>&\"\u{fffd}\n");
        assert_eq!(
            all("application")[0].attribute("app_data"),
            Some("a=\"<b>\"")
        );
        assert_eq!(
            all("variables")[0]
                .children()
                .filter(|n| n.is_element())
                .count(),
            1
        );
        assert_eq!(
            all("uuid")
                .iter()
                .map(|n| n.text().unwrap())
                .collect::<Vec<_>>(),
            ["one", "two"]
        );
        assert!(!text.contains("hunter2"));
    }
}
