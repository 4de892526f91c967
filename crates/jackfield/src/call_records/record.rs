//! What is kept of a channel that has ended.

use std::sync::Arc;

use api::Timestamp;
use api::variables::Value;
use api::view::{Channel, Direction};
use serde::ser::{Serialize, SerializeMap, Serializer};
use store::{CallDirection, CallRecord};

/// Words in names of variables whose values nobody needs in a list of calls.
const SECRETS: [&str; 3] = ["password", "secret", "a1-hash"];

/// The record of a channel, at the moment of CHANNEL_HANGUP_COMPLETE: its variables say by then how long it lasted
/// (event-socket.md §5.4).
pub(super) fn of(channel: &Channel, at: Timestamp, recording: Option<Arc<str>>) -> CallRecord {
    let text = |name: &str| Arc::<str>::from(channel.variable(name).unwrap_or_default());
    let number = |name: &str| channel.variable(name).and_then(|n| n.parse::<i64>().ok());
    let some = |text: Arc<str>| (!text.is_empty()).then_some(text);
    let profile = channel.profile.as_deref();
    let of_profile = |pick: fn(&api::view::CallerProfile) -> &Arc<str>| {
        profile
            .map(|profile| pick(profile).clone())
            .unwrap_or_default()
    };
    let created = profile.map_or(Timestamp::ZERO, |profile| profile.times.created);
    let ended = number("end_uepoch").unwrap_or(at.as_micros());
    CallRecord {
        uuid: channel.id.as_str().into(),
        call_uuid: channel.call_id().into(),
        other_uuid: channel
            .other
            .as_ref()
            .map(|other| other.profile.unique_id.as_str().into()),
        direction: match channel.direction {
            Direction::Inbound => CallDirection::Inbound,
            Direction::Outbound => CallDirection::Outbound,
        },
        caller_name: of_profile(|profile| &profile.caller_id_name),
        caller_number: of_profile(|profile| &profile.caller_id_number),
        callee_name: of_profile(|profile| &profile.callee_id_name),
        callee_number: of_profile(|profile| &profile.callee_id_number),
        destination: of_profile(|profile| &profile.destination_number),
        context: of_profile(|profile| &profile.context),
        user: user(channel),
        account: text("accountcode"),
        started: number("start_uepoch").unwrap_or(created.as_micros()),
        answered: number("answer_uepoch").filter(|at| *at != 0),
        ended,
        duration_s: number("duration").unwrap_or_default(),
        billed_s: number("billsec").unwrap_or_default(),
        cause: channel
            .hangup
            .map_or_else(Arc::default, |hangup| hangup.cause.name().into()),
        sip_status: channel
            .variable("sip_term_status")
            .and_then(|status| status.parse().ok()),
        codec: channel
            .write_codec
            .as_ref()
            .or(channel.read_codec.as_ref())
            .map(|codec| codec.name.clone())
            .unwrap_or_default(),
        recording,
        queue: some(text("cc_queue")),
        variables: variables(channel).into(),
    }
}

/// Whose leg it is, as far as that was proved; nobody's otherwise.
fn user(channel: &Channel) -> Arc<str> {
    match (
        channel.variable("user_name"),
        channel.variable("domain_name"),
    ) {
        (Some(user), Some(domain)) => format!("{user}@{domain}").into(),
        _ => Arc::default(),
    }
}

/// Whether a variable of that name holds what nobody is to read in a record.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| lower.contains(secret))
}

/// All but secrets, as a JSON object.
pub(super) fn variables(channel: &Channel) -> String {
    let shown = serde_json::to_string(&Shown(channel));
    shown.unwrap_or_else(|_| "{}".to_owned())
}

/// The variables of a channel but for secrets. Written as they stand: this is done for every leg.
struct Shown<'c>(&'c Channel);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (name, value) in self.0.variables.iter() {
            if is_secret(name) {
                continue;
            }
            match value {
                Value::Text(text) => object.serialize_entry(name, &**text)?,
                Value::List(items) => {
                    let items: Vec<&str> = items.iter().map(|item| &**item).collect();
                    object.serialize_entry(name, &items)?;
                }
            }
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ChannelId;
    use serde_json::Value as Json;

    #[test]
    fn variables_are_all_there_but_secrets() {
        let id = ChannelId::from_text("1").unwrap();
        let mut channel = Channel::new(id, 1, "sofia/internal/1000", Direction::Inbound);
        for (name, value) in [
            ("user_name", "1000"),
            ("domain_name", "example.org"),
            ("duration", "4"),
            ("billsec", "3"),
            ("start_uepoch", "1000000"),
            ("answer_uepoch", "0"),
            ("end_uepoch", "5000000"),
            ("sip_auth_password", "hunter2"),
            ("list", "ARRAY::a|:b"),
        ] {
            channel.variables.set(name, value);
        }
        let record = of(&channel, Timestamp(7), None);
        assert_eq!(&*record.user, "1000@example.org");
        assert_eq!((record.duration_s, record.billed_s), (4, 3));
        assert_eq!((record.started, record.ended), (1_000_000, 5_000_000));
        assert_eq!(record.answered, None);
        let variables: Json = serde_json::from_str(&record.variables).unwrap();
        assert_eq!(variables["list"], serde_json::json!(["a", "b"]));
        assert!(!record.variables.contains("hunter2"));
    }
}
