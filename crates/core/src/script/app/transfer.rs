//! `transfer`, `execute_extension`, `deflect`.

use std::sync::Arc;

use api::ChannelId;
use api::command::channel::LegChoice;

use super::Started;
use crate::Switch;

pub(super) fn transfer(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let (leg, rest) = match data.trim().split_once(' ') {
        Some(("-bleg", rest)) => (LegChoice::B, rest),
        Some(("-both", rest)) => (LegChoice::Both, rest),
        Some(_) | None => (LegChoice::A, data.trim()),
    };
    let mut words = split_transfer(rest).into_iter();
    let Some(extension) = words.next() else {
        return Started::Done;
    };
    let (dialplan, context) = (words.next(), words.next());
    switch.transfer_legs(id, leg, &extension, dialplan, context);
    Started::Done
}

/// Words of `<extension> [<dialplan> [<context>]]`; the extension may stand in single quotes.
fn split_transfer(text: &str) -> Vec<Arc<str>> {
    match text
        .trim()
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once('\''))
    {
        Some((extension, rest)) => std::iter::once(extension)
            .chain(rest.split_ascii_whitespace())
            .map(Arc::from)
            .collect(),
        None => text.split_ascii_whitespace().map(Arc::from).collect(),
    }
}

/// Runs another extension's actions before what is left of this one.
pub(super) fn execute_extension(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = split_transfer(data).into_iter();
    let Some(extension) = words.next() else {
        return Started::Done;
    };
    switch.execute_extension(id, &extension, words.next(), words.next());
    Started::Done
}

pub(super) fn deflect(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    if let Err(error) = switch.deflect_channel(id, data.trim()) {
        tracing::warn!(channel = %id, %error, "Caller cannot be sent elsewhere");
    }
    Started::Done
}
