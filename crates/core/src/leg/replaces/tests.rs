//! Who may take over whose call.

use api::command::call::BridgeChannels;
use sip::transport::Transport;

use crate::rig::{Phone, Rig};
use crate::web::tests::foreign::{SERVER, phone_sdp};

#[test]
fn a_call_is_taken_over_within_its_domain_only() {
    let mut rig = Rig::new();
    rig.add_domain("other.example");
    let (home, sdp) = ("127.0.0.1:5601", phone_sdp("0"));
    let mut phone = Phone::new("1001", home, Transport::Udp, 11);
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let (far, bob) = rig.called("sofia/internal/bob@192.0.2.1", SERVER, &sdp);
    let (own, desk) = rig.called("user/1001", home, &sdp);
    let (a, b) = (far.clone(), own.clone());
    rig.get(BridgeChannels { a, b }).unwrap();
    rig.sent();
    let mut stranger = Phone::new("1000@other.example", "127.0.0.1:5602", Transport::Udp, 12);
    assert_eq!(stranger.register(&mut rig, "1234", 600), 200);
    for theirs in [&desk, &bob] {
        let code = stranger.take_over(&mut rig, "1234", &theirs.replaces(), &sdp);
        assert_eq!(code, 403);
    }
    // Nor is the far side, which belongs to nobody, the phone's to replace.
    assert_eq!(
        phone.take_over(&mut rig, "1234", &bob.replaces(), &sdp),
        403
    );
    assert_eq!(rig.switch.partner(&far), Some(own.clone()));
    let code = phone.take_over(&mut rig, "1234", &desk.replaces(), &sdp);
    assert_eq!(code, 200);
    let partner = rig.switch.partner(&far).expect("somebody");
    assert_ne!(partner, own, "the phone's other call");
    assert!(
        rig.switch
            .channels
            .get(&own)
            .is_none_or(|live| !live.is_up())
    );
}
