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

/// The statuses a phone has been told of its transfer.
fn progress(rig: &mut Rig) -> Vec<String> {
    rig.take_sent()
        .into_iter()
        .filter(|message| message.method() == Some(&Method::Notify))
        .map(|message| String::from_utf8_lossy(&message.body()).trim().to_owned())
        .collect()
}

/// Somebody a phone talks to, and a second call of that phone's, which it transfers them to.
struct Consulting {
    rig: Rig,
    peer: ChannelId,
    first: ChannelId,
    second: ChannelId,
    /// The phone in its first call.
    phone: Talk,
    /// And in the second.
    other: Talk,
}

fn consulting() -> Consulting {
    let mut rig = Rig::new();
    let sdp = phone_sdp("0");
    let (peer, _) = rig.called("sofia/internal/a@192.0.2.7", "192.0.2.7:5060", &sdp);
    let (first, phone) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &sdp);
    let (second, other) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &sdp);
    rig.get(BridgeChannels {
        a: peer.clone(),
        b: first.clone(),
    })
    .unwrap();
    rig.sent();
    Consulting {
        rig,
        peer,
        first,
        second,
        phone,
        other,
    }
}

impl Consulting {
    fn transfer(&mut self) -> Vec<String> {
        let replaces = self
            .other
            .replaces()
            .replace(';', "%3B")
            .replace('=', "%3D");
        let to = format!("Refer-To: <sip:x@127.0.0.1?Replaces={replaces}>\r\n");
        self.phone.request(&mut self.rig, &Method::Refer, &to, "");
        progress(&mut self.rig)
    }

    fn is_up(&self, id: &ChannelId) -> bool {
        self.rig
            .switch
            .channels
            .get(id)
            .is_some_and(|live| live.is_up())
    }
}

#[test]
fn a_phone_in_a_room_transfers_into_the_room() {
    let mut call = consulting();
    call.rig.run(&call.second, "conference:o'hare, gate 3");
    let room = call.rig.channel(&call.second).room.clone();
    assert!(room.is_some(), "it is in a room");
    assert_eq!(call.transfer(), ["SIP/2.0 200 OK"]);
    assert_eq!(call.rig.channel(&call.peer).room, room);
    assert!(!call.is_up(&call.first) && !call.is_up(&call.second));
}

#[test]
fn a_call_that_leads_nowhere_is_no_place_to_be_transferred_to() {
    let mut call = consulting();
    assert_eq!(call.transfer(), ["SIP/2.0 603 Decline"]);
    for id in [&call.peer, &call.first, &call.second] {
        assert!(call.is_up(id), "all goes on as it was");
    }
    assert_eq!(call.rig.switch.partner(&call.first), Some(call.peer));
}

#[test]
fn a_transfer_that_fails_is_not_reported_as_done() {
    let mut call = consulting();
    let (far, _) = call.rig.called(
        "sofia/internal/far@192.0.2.8",
        "192.0.2.8:5060",
        &phone_sdp("0"),
    );
    call.rig
        .get(BridgeChannels {
            a: call.second.clone(),
            b: far.clone(),
        })
        .unwrap();
    // As of one that is still being called.
    call.rig.call("sofia/internal/slow@192.0.2.8");
    let mut channels = call.rig.switch.channels.values();
    let attempt = channels.find_map(|live| live.attempt).expect("it is");
    call.rig.switch.channels.get_mut(&far).unwrap().attempt = Some(attempt);
    call.rig.sent();
    assert_eq!(call.transfer(), ["SIP/2.0 500 Server Internal Error"]);
}

#[test]
fn a_phone_hears_how_its_transfer_ends_not_of_the_first_failure() {
    for (rest, heard) in [
        (",park:", "SIP/2.0 200 OK"),
        (",hangup:CALL_REJECTED", "SIP/2.0 603 Decline"),
        ("", "SIP/2.0 486 Busy Here"),
    ] {
        let mut call = consulting();
        call.rig.switch.separate(&call.first);
        let live = call.rig.switch.channels.get_mut(&call.peer).unwrap();
        live.referrer = Some(call.first.clone());
        let applications = format!("set:continue_on_fail=true,bridge:error/USER_BUSY{rest}");
        call.rig.run(&call.peer, &applications);
        assert_eq!(progress(&mut call.rig), [heard], "{rest}");
    }
}
