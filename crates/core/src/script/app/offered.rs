//! What a caller may have of what its phone offers, before it is answered: `filter_codecs`, `novideo`; and `media_reset`,
//! behind which its sound goes through us.

use api::ChannelId;
use media::control::Codec;

use super::Started;
use crate::Switch;

/// Variables by which the sound of a call goes past us.
const PAST_US: [&str; 2] = ["bypass_media", "bypass_media_after_bridge"];

/// `PCMU,PCMA@20i,…`: of what we would agree on only these, in our order.
pub(super) fn filter_codecs(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let names: Vec<&str> = data
        .split([',', ' '])
        .filter_map(|item| item.split('@').next())
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        tracing::warn!(channel = %id, "filter_codecs does not name any");
        return Started::Done;
    }
    allow(switch, id, |codec| {
        names.iter().any(|name| name.eq_ignore_ascii_case(codec))
    })
}

pub(super) fn novideo(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    allow(switch, id, |codec| Codec::from_name(codec).is_some())
}

/// Keeps those codecs of a phone that calls, as long as nothing is agreed.
fn allow(switch: &mut Switch, id: &ChannelId, wanted: impl Fn(&str) -> bool) -> Started {
    match switch.sip_leg(id).filter(|leg| leg.local_sdp.is_none()) {
        Some(leg) => leg.codecs.retain(|codec| wanted(codec)),
        None => {
            tracing::warn!(channel = %id, "It is no phone, or its codecs are agreed on already")
        }
    }
    Started::Done
}

/// Its sound goes through us from here on: now, and when it is bridged.
pub(super) fn media_reset(switch: &mut Switch, id: &ChannelId, _data: &str) -> Started {
    for name in PAST_US {
        switch.unset_var(id, name);
    }
    // Refused when it is here already.
    drop(switch.pass_media(id, false));
    Started::Done
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;

    #[test]
    fn nothing_goes_past_us_behind_a_reset() {
        let mut rig = Rig::new();
        let id = rig.park("null/x");
        for name in super::PAST_US {
            rig.switch.set_var(&id, name, "true");
        }
        rig.run(&id, "media_reset:,set:after=1,park");
        for name in super::PAST_US {
            assert_eq!(rig.channel(&id).variable(name), None);
        }
        assert_eq!(rig.channel(&id).variable("after"), Some("1"));
    }
}
