//! Who may take over whose call.

use api::command::call::BridgeChannels;
use sip::transport::Transport;

use crate::rig::{Phone, Rig};
use crate::web::tests::foreign::{SERVER, phone_sdp};

#[test]
fn an_account_takes_over_its_own_calls_and_no_others() {
    let mut rig = Rig::new();
    let (home, sdp) = ("127.0.0.1:5601", phone_sdp("0"));
    let mut phone = Phone::new("1001", home, Transport::Udp, 11);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let (far, _) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &sdp);
    let (own, desk) = rig.called("user/1001", home, &sdp);
    let (a, b) = (far.clone(), own.clone());
    rig.get(BridgeChannels { a, b }).unwrap();
    rig.sent();
    let replaces = desk.replaces();
    let mut thief = Phone::new("1000", "127.0.0.1:5602", Transport::Udp, 12);
    assert_eq!(thief.take_over(&mut rig, "1234", &replaces, &sdp), 403);
    assert_eq!(rig.switch.partner(&far), Some(own.clone()));
    assert_eq!(phone.take_over(&mut rig, "1234", &replaces, &sdp), 200);
    let partner = rig.switch.partner(&far).expect("somebody");
    assert_ne!(partner, own, "the phone's other call");
    assert!(
        rig.switch
            .channels
            .get(&own)
            .is_none_or(|live| !live.is_up())
    );
}
