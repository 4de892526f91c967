//! Where whoever is sent elsewhere may get.

use std::sync::Arc;

use api::ChannelId;
use api::command::call::BridgeChannels;
use api::view::Direction;
use sip::message::Method;
use sip::transport::Transport;

use crate::rig::{Phone, Rig, Talk, config};
use crate::web::tests::foreign::{SERVER, phone_sdp};
use crate::web::tests::{AUDIO, add, place, rig};

/// A number the public context does not have.
const NUMBER: &str = "9664";

/// The context in which the number was looked up.
fn looked_up_in(rig: &Rig, id: &ChannelId) -> Arc<str> {
    let mut profiles = rig
        .events
        .iter()
        .filter_map(|event| event.channel.as_ref())
        .filter(|channel| channel.id == *id)
        .filter_map(|channel| channel.profile.clone());
    profiles
        .find(|profile| &*profile.destination_number == NUMBER)
        .map(|profile| profile.context.clone())
        .expect("it was looked up")
}

fn refer(rig: &mut Rig, talk: &mut Talk) {
    talk.request(
        rig,
        &Method::Refer,
        &format!("Refer-To: <sip:{NUMBER}@127.0.0.1>\r\n"),
        "",
    );
}

#[test]
fn a_stranger_sends_its_caller_where_the_caller_may_go_by_itself() {
    for (address, context) in [
        ("guest@guest.example", "public"),
        ("1000@127.0.0.1", "default"),
    ] {
        let mut rig = rig();
        let user = add(&mut rig, 1, address);
        let call = place(&mut rig, user, "bob@192.0.2.1", AUDIO);
        let mut bob = rig.pick_up(SERVER, &phone_sdp("0"));
        refer(&mut rig, &mut bob);
        assert_eq!(&*looked_up_in(&rig, &call), context, "{address}");
    }
}

#[test]
fn a_caller_the_dialplan_let_in_gets_no_further_by_a_transfer() {
    let mut config = config();
    config.profiles[0].auth_calls = false;
    let mut rig = Rig::with(config);
    let home = "127.0.0.1:5601";
    let mut phone = Phone::new("1001", home, Transport::Udp, 11);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let mut caller = Talk::calls(
        &mut rig,
        "192.0.2.7:5060",
        "carol@192.0.2.7",
        "1001@127.0.0.1",
        "",
        &phone_sdp("0"),
    );
    rig.pick_up(home, &phone_sdp("0"));
    let ok = rig.last_final();
    assert_eq!(ok.code(), Some(200));
    caller.take(&mut rig, &ok);
    let ids: Vec<ChannelId> = rig.switch.channels.keys().cloned().collect();
    let phone = ids
        .iter()
        .find(|id| rig.channel(id).direction == Direction::Outbound)
        .expect("the phone's leg");
    refer(&mut rig, &mut caller);
    assert_eq!(
        &*looked_up_in(&rig, phone),
        "public",
        "though the dialplan had sent it on to `default`"
    );
}

#[test]
fn two_strangers_send_each_other_to_the_context_of_strangers() {
    let mut rig = Rig::new();
    let (a, _) = rig.called(
        "sofia/internal/a@192.0.2.7",
        "192.0.2.7:5060",
        &phone_sdp("0"),
    );
    let (b, mut bob) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &phone_sdp("0"));
    rig.get(BridgeChannels { a: a.clone(), b }).unwrap();
    refer(&mut rig, &mut bob);
    assert_eq!(&*looked_up_in(&rig, &a), "public");
}

#[test]
fn a_phone_of_ours_transfers_to_what_it_may_dial_itself_whoever_called_it() {
    for dial in ["user/1001", "sofia/internal/1001%127.0.0.1"] {
        let mut rig = Rig::new();
        let home = "127.0.0.1:5601";
        let mut phone = Phone::new("1001", home, Transport::Udp, 11);
        assert_eq!(phone.register(&mut rig, "1234", 600), 200);
        let (b, _) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &phone_sdp("0"));
        let (a, mut desk) = rig.called(dial, home, &phone_sdp("0"));
        rig.get(BridgeChannels { a, b: b.clone() }).unwrap();
        refer(&mut rig, &mut desk);
        assert_eq!(&*looked_up_in(&rig, &b), "default", "{dial}");
    }
}
