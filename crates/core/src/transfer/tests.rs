//! Transfers and hold, as recorded.

use std::sync::Arc;

use api::command::call::Then;
use api::command::channel::{Deflect, Hold, HoldAction, LegChoice, SendInfo, Transfer};
use api::view::{CallState, Direction};
use api::{ChannelId, CommandError};

use crate::rig::Rig;

fn transfer(rig: &mut Rig, id: &ChannelId, extension: &str, dialplan: Option<&str>) {
    rig.get(Transfer {
        channel: id.clone(),
        leg: LegChoice::A,
        extension: extension.into(),
        dialplan: dialplan.map(Into::into),
        context: None,
    })
    .unwrap();
}

/// Number, where it was redirected from, dialplan, and which way the channel counts as going.
fn profile(rig: &Rig, id: &ChannelId) -> (Arc<str>, Arc<str>, Arc<str>, Direction) {
    let profile = rig.channel(id).profile.clone().unwrap();
    (
        profile.destination_number.clone(),
        profile.rdnis.clone(),
        profile.dialplan.clone(),
        profile.logical_direction,
    )
}

#[test]
fn a_transfer_to_a_number_turns_the_channel_into_one_that_calls_it() {
    let mut rig = Rig::new();
    let id = rig.park("loopback/9196");
    transfer(&mut rig, &id, "5000", None);
    assert_eq!(
        profile(&rig, &id),
        (
            "5000".into(),
            "9196".into(),
            "xml".into(),
            Direction::Inbound
        )
    );
    assert_eq!(rig.channel(&id).variable("max_forwards"), Some("70"));
    transfer(&mut rig, &id, "9196", None);
    assert_eq!(rig.channel(&id).variable("max_forwards"), Some("69"));
}

#[test]
fn a_list_of_applications_is_no_number() {
    let mut rig = Rig::new();
    let then = Then::Route {
        extension: "set:a=b,park".into(),
        dialplan: "inline".into(),
        context: "default".into(),
    };
    let id = rig.originate("null/x", then);
    let channel = rig.channel(&id);
    assert_eq!(channel.variable("a"), Some("b"));
    let seen = channel.variables.iter().map(|(name, _)| name);
    let names = [
        "max_forwards",
        "transfer_source",
        "channel_cid_flipped",
        "call_uuid",
    ];
    assert_eq!(
        seen.filter(|name| names.contains(name)).collect::<Vec<_>>(),
        names
    );
    assert_eq!(
        profile(&rig, &id),
        ("x".into(), "".into(), "inline".into(), Direction::Outbound)
    );
    // A number given later is looked up in the dialplan proper.
    transfer(&mut rig, &id, "5000", None);
    assert_eq!(&*profile(&rig, &id).2, "XML");
    assert_eq!(
        rig.channel(&id).application.clone().unwrap().0,
        "park".into()
    );
}

#[test]
fn without_a_phone_nobody_is_held_told_or_deflected() {
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    let mut hold = |action| {
        let channel = id.clone();
        rig.get(Hold { channel, action }).map(drop)
    };
    assert_eq!(hold(HoldAction::On), Ok(()));
    assert!(hold(HoldAction::Off).is_err());
    assert_eq!(hold(HoldAction::Toggle), Ok(()));
    assert_eq!(hold(HoldAction::Toggle), Ok(()));
    assert_eq!(rig.channel(&id).call_state, CallState::Active);
    let info = SendInfo {
        channel: id.clone(),
        content_type: "text/plain".into(),
        body: "hello".into(),
    };
    assert_eq!(rig.get(info).map(drop), Ok::<_, CommandError>(()));
    let deflect = Deflect {
        channel: id.clone(),
        uri: "sip:x@127.0.0.1".into(),
    };
    assert_eq!(rig.get(deflect).map(drop), Ok(()));
    assert!(!rig.channel(&id).is_down());
}
