//! `check_acl`: calls from elsewhere are refused.

use std::net::IpAddr;

use api::cause::Blame;
use api::{ChannelId, HangupCause};

use super::Started;
use crate::Switch;

/// `<ip> <acl | cidr> [<hangup_cause>]`. What is not an address, or no list, passes as little as a wrong address: an empty
/// variable must not open a door.
pub(super) fn check_acl(switch: &mut Switch, id: &ChannelId, data: &str) -> Started {
    let mut words = data.split_ascii_whitespace();
    let (address, list, cause) = (words.next(), words.next(), words.next());
    let address = address.and_then(|word| word.parse::<IpAddr>().ok());
    let lists = &switch.config.access_lists;
    let passes = address
        .zip(list)
        .is_some_and(|(address, list)| lists.allows(list, address.to_canonical()));
    if !passes {
        tracing::info!(channel = %id, data, "An access list does not let a call pass");
        let cause = cause.map_or(HangupCause::CallRejected, HangupCause::from_client);
        switch.hangup(id, cause, Blame::Caller);
    }
    Started::Done
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::config::{AccessLists, Config};
    use crate::rig::{Rig, config};

    /// Runs it on a channel; what that ended with, if it did.
    fn check(rig: &mut Rig, data: &str) -> Option<HangupCause> {
        let id = rig.park("null/a");
        let before = rig.events.len();
        rig.run(&id, &format!("check_acl:{data},set:passed=yes,park"));
        if rig.view.channels.contains_key(&id) {
            assert_eq!(rig.channel(&id).variable("passed"), Some("yes"));
            return None;
        }
        let hangup = rig.events[before..].iter().rev();
        let mut causes =
            hangup.filter_map(|event| Some(event.channel.as_ref()?.hangup.as_ref()?.cause));
        causes.next()
    }

    #[test]
    fn who_is_not_on_the_list_is_hung_up() {
        let open = Arc::new(AtomicBool::new(false));
        let is_open = open.clone();
        let lists = AccessLists::new(move |list, address| {
            is_open.load(Ordering::Relaxed)
                || (list == "lan" && address == IpAddr::from([10, 0, 0, 1]))
        });
        let mut rig = Rig::with(Config {
            access_lists: lists,
            ..config()
        });
        assert_eq!(check(&mut rig, "10.0.0.1 lan"), None);
        assert_eq!(check(&mut rig, "::ffff:10.0.0.1 lan"), None);
        let rejected = Some(HangupCause::CallRejected);
        for other in [
            "10.0.0.2 lan",
            "10.0.0.1 wan",
            "10.0.0.1",
            "lan",
            "",
            "x lan",
        ] {
            assert_eq!(check(&mut rig, other), rejected, "{other}");
        }
        let busy = Some(HangupCause::UserBusy);
        assert_eq!(check(&mut rig, "10.0.0.2 lan USER_BUSY"), busy);
        // Lists are those of now.
        open.store(true, Ordering::Relaxed);
        assert_eq!(check(&mut rig, "10.0.0.2 lan"), None);
    }

    #[test]
    fn without_lists_nobody_passes() {
        let mut rig = Rig::new();
        let rejected = Some(HangupCause::CallRejected);
        assert_eq!(check(&mut rig, "127.0.0.1 127.0.0.0/8"), rejected);
    }
}
