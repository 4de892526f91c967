//! `hangup` and `respond`.

use api::cause::Blame;
use api::{ChannelId, HangupCause};

use super::Started;
use crate::Switch;

pub(super) fn hangup(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let cause = if data.trim().is_empty() {
        HangupCause::NormalClearing
    } else {
        HangupCause::from_client(data)
    };
    switch.hangup(id, cause, Blame::Ours);
    Started::Done
}

/// Refuses the call with a SIP status of its own; an answered call is hung up with the matching cause.
pub(super) fn respond(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (code, phrase) = data.trim().split_once(' ').unwrap_or((data.trim(), ""));
    let Some(code) = code
        .parse::<u16>()
        .ok()
        .filter(|code| (300..700).contains(code))
    else {
        tracing::warn!(channel = %id, data, "respond needs a status from 300 to 699");
        return Started::Done;
    };
    switch.refuse_with(id, code, phrase);
    switch.hangup(id, HangupCause::from_sip_status(code), Blame::Ours);
    Started::Done
}
