//! `intercept`: taking over the call of another channel.

use api::cause::Blame;
use api::{ChannelId, HangupCause};

use super::Started;
use crate::Switch;

/// `[-bleg] <uuid>`
pub(super) fn intercept(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let data = data.trim();
    let (bleg, uuid) = match data.strip_prefix("-bleg ") {
        Some(uuid) => (true, uuid.trim()),
        None => (false, data),
    };
    let named = switch.view_of(uuid);
    let target = if bleg {
        named.and_then(|named| switch.partner(&named))
    } else {
        named
    };
    let Some(target) = target.filter(|target| target != id) else {
        tracing::warn!(channel = %id, uuid, "There is no such call to be taken over");
        return Started::Done;
    };
    let taken = switch.channels.get(&target);
    let (bridged, answered) = taken.map_or((false, false), |live| {
        (live.bridge.is_some(), live.seen.is_answered())
    });
    if switch.var_true(id, "intercept_unbridged_only") && bridged
        || switch.var_true(id, "intercept_unanswered_only") && answered
    {
        tracing::info!(channel = %id, target = %target, "The call is somebody's already");
        return Started::Done;
    }
    switch.answer_channel(id);
    // One that is being called is not ours to answer; connecting says so.
    switch.answer_channel(&target);
    if let Some(other) = switch.separate(&target) {
        switch.hangup(&other, HangupCause::PickedOff, Blame::Ours);
    }
    if let Err(error) = switch.bridge_channels(id, &target) {
        tracing::warn!(channel = %id, target = %target, %error, "Call cannot be taken over");
    }
    Started::Done
}

#[cfg(test)]
mod tests {
    use api::Application;
    use api::command::call::Then;

    use super::*;
    use crate::rig::Rig;

    fn bridged(rig: &mut Rig) -> (ChannelId, ChannelId) {
        let then = Then::Run(Application::new("bridge", "null/b"));
        let a = rig.originate("null/a", then);
        let b = rig.channel(&a).bridged_to.clone().expect("a bridge");
        (a, b)
    }

    fn hangup_cause(rig: &Rig, id: &ChannelId) -> Option<HangupCause> {
        let of = |event: &api::Event| event.channel.as_ref().filter(|c| c.id == *id).cloned();
        let last = rig.events.iter().rev().find_map(of)?;
        last.hangup.map(|hangup| hangup.cause)
    }

    #[test]
    fn a_call_is_taken_over_and_whoever_had_it_is_told() {
        for bleg in [false, true] {
            let mut rig = Rig::new();
            let (a, b) = bridged(&mut rig);
            let data = if bleg {
                format!("-bleg {a}")
            } else {
                a.to_string()
            };
            let (taken, other) = if bleg { (b, a) } else { (a, b) };
            let then = Then::Run(Application::new("intercept", data.as_str()));
            let c = rig.originate("null/c", then);
            assert_eq!(rig.channel(&c).bridged_to.as_ref(), Some(&taken));
            assert_eq!(hangup_cause(&rig, &other), Some(HangupCause::PickedOff));
        }
    }

    #[test]
    fn a_call_that_is_somebodys_is_left_alone_where_that_is_wanted() {
        let mut rig = Rig::new();
        let (a, b) = bridged(&mut rig);
        let then = Then::Run(Application::new("intercept", a.as_str()));
        rig.originate("{intercept_unbridged_only=true}null/c", then);
        assert_eq!(rig.channel(&a).bridged_to.as_ref(), Some(&b));
    }
}
