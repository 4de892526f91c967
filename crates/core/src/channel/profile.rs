//! Caller-profile fields by their dialplan names.

use std::borrow::Cow;

use api::view::{CallerProfile, Channel};

/// The field `name` of the channel's profile, as conditions and `${…}` ask for it.
pub(crate) fn profile_field<'c>(channel: &'c Channel, name: &str) -> Option<Cow<'c, str>> {
    let profile = channel.profile.as_deref()?;
    let text = field(profile, name).or_else(|| match name {
        "chan_name" | "channel_name" => Some(&*channel.name),
        "uuid" | "unique_id" => Some(channel.id.as_str()),
        _ => profile
            .custom
            .iter()
            .find(|(n, _)| &**n == name)
            .map(|(_, v)| &**v),
    })?;
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

fn field<'p>(profile: &'p CallerProfile, name: &str) -> Option<&'p str> {
    Some(match name {
        "ani" => &profile.ani,
        "aniii" => &profile.ani_ii,
        "caller_id_name" => &profile.caller_id_name,
        "caller_id_number" => &profile.caller_id_number,
        "callee_id_name" => &profile.callee_id_name,
        "callee_id_number" => &profile.callee_id_number,
        "context" => &profile.context,
        "destination_number" => &profile.destination_number,
        "dialplan" => &profile.dialplan,
        "network_addr" => &profile.network_addr,
        "rdnis" => &profile.rdnis,
        "source" => &profile.source,
        "username" => &profile.username,
        "transfer_source" => &profile.transfer_source,
        _ => return None,
    })
}
