//! Calls to a gateway and from it.

use super::*;

fn static_carrier() -> GatewayConfig {
    GatewayConfig {
        register: false,
        ..carrier()
    }
}

/// The INVITE of a call by a gateway, with a caller who has a name and number.
fn invite_by(gateway: GatewayConfig, dial: &str) -> Message {
    let mut rig = begun(gateway);
    rig.call(&format!(
        "{{origination_caller_id_name=Ana,origination_caller_id_number=1900}}{dial}"
    ));
    sent(&mut rig, &Method::Invite)
}

#[test]
fn a_call_is_made_in_the_name_of_the_account_or_of_the_caller() {
    let dial = "sofia/gateway/carrier/12";
    let invite = invite_by(static_carrier(), dial);
    assert_eq!(invite.request_uri(), Some("sip:12@192.0.2.9:5070"));
    assert_eq!(uri(invite.from()), "sip:u1@carrier.example");
    assert_eq!(
        invite.header_named("Remote-Party-ID"),
        Some("\"Ana\" <sip:1900@carrier.example>;party=calling;screen=yes;privacy=off")
    );
    assert_eq!(
        uri(invite.contact()),
        "sip:gw+carrier@127.0.0.1:5060;gw=carrier"
    );
    assert_eq!(invite.header(HeaderName::Route), None);
    let invite = invite_by(
        GatewayConfig {
            from_user: Some("f".into()),
            from_domain: Some("from.example".into()),
            caller_id: CallerIdHeader::AssertedIdentity,
            contact_params: vec![("tgrp".into(), "a".into()), ("ob".into(), "".into())],
            outbound_proxy: Some(Destination::peer("192.0.2.8", None).unwrap()),
            extension: GatewayExtension::Fixed("900".into()),
            extension_in_contact: true,
            ..static_carrier()
        },
        "sofia/gateway/internal::carrier/12",
    );
    assert_eq!(uri(invite.from()), "sip:f@from.example");
    assert_eq!(
        invite.header_named("P-Asserted-Identity"),
        Some("\"Ana\" <sip:1900@from.example>")
    );
    assert_eq!(invite.header_named("Remote-Party-ID"), None);
    assert_eq!(
        uri(invite.contact()),
        "sip:900@127.0.0.1:5060;tgrp=a;ob;gw=carrier"
    );
    assert_eq!(invite.header(HeaderName::Route), Some("<sip:192.0.2.8;lr>"));
    let invite = invite_by(
        GatewayConfig {
            caller_id_in_from: true,
            caller_id: CallerIdHeader::Nothing,
            ..static_carrier()
        },
        dial,
    );
    assert_eq!(uri(invite.from()), "sip:1900@carrier.example");
    assert_eq!(invite.header_named("Remote-Party-ID"), None);
}

#[test]
fn a_caller_who_hides_is_hidden_beside_the_account() {
    let mut rig = begun(static_carrier());
    let caller = rig.park("null/x");
    rig.run(
        &caller,
        "privacy:full,set:effective_caller_id_number=1900,bridge:sofia/gateway/carrier/12",
    );
    let invite = sent(&mut rig, &Method::Invite);
    assert_eq!(uri(invite.from()), "sip:u1@carrier.example");
    let told = invite.header_named("Remote-Party-ID").unwrap();
    assert!(
        told.contains("<sip:anonymous@anonymous.invalid>") && !told.contains("1900"),
        "{told}"
    );
}

#[test]
fn calls_are_counted_and_answered_challenges_too() {
    let mut rig = begun(GatewayConfig {
        outbound_variables: vec![("trunk".into(), "a".into())],
        ..static_carrier()
    });
    let (id, _) = rig.called("sofia/gateway/carrier/12", CARRIER, &phone_sdp("0"));
    let channel = rig.channel(&id);
    assert_eq!(channel.variable("sip_gateway_name"), Some("carrier"));
    assert_eq!(channel.variable("trunk"), Some("a"));
    assert_eq!(
        channel.variable("sip_outgoing_contact_uri"),
        Some("<sip:gw+carrier@127.0.0.1:5060;gw=carrier>")
    );
    rig.run(&id, "hangup");
    rig.take_sent();
    let request = rig.call("sofia/gateway/carrier/13");
    let invite = sent(&mut rig, &Method::Invite);
    let challenge = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"1\"\r\n";
    respond(&mut rig, &invite, "407 Who", challenge);
    let again = rig.take_sent().pop().expect("the INVITE again");
    let proof = again.header(HeaderName::ProxyAuthorization).unwrap();
    assert!(proof.contains("username=\"u1\""), "{proof}");
    respond(&mut rig, &again, "486 Busy", "");
    assert!(rig.answers.remove(&request.0).unwrap().is_err());
    let gateway = shown(&rig);
    assert_eq!((gateway.calls_out, gateway.failed_calls_out), (2, 1));
    assert_eq!((gateway.calls_in, gateway.failed_calls_in), (0, 0));
}

#[test]
fn the_next_gateway_is_tried_when_one_is_down_or_unknown() {
    let other = GatewayConfig {
        register: false,
        ..GatewayConfig::new("other", Destination::peer("192.0.2.8", None).unwrap())
    };
    let mut rig = Rig::with(with(vec![carrier(), other]));
    rig.feed(Input::Tick);
    rig.take_sent();
    rig.call("sofia/gateway/nosuch/1|sofia/gateway/nosuch::other/1|sofia/gateway/carrier/1|sofia/gateway/other/1");
    let invite = rig.take_sent().pop().expect("an INVITE");
    assert_eq!(invite.request_uri(), Some("sip:1@192.0.2.8"));
    assert_eq!(
        failure(&mut rig, "sofia/gateway/other|sofia/gateway/carrier/1"),
        Some(HangupCause::GatewayDown)
    );
}

fn invite_to(uri: &str, to: &str) -> String {
    let sdp = phone_sdp("0");
    format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {CARRIER};branch=z9hG4bKin\r\n\
         From: \"Bo\" <sip:4930@carrier.example>;tag=f\r\nTo: <sip:{to}>\r\nCall-ID: in\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{CARRIER}>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
}

/// Destination, context and `sip_gateway` of a channel that came to be.
fn came(event: &Event) -> Option<String> {
    let EventKind::Channel(ChannelEvent::Created) = &event.kind else {
        return None;
    };
    let channel = event.channel.as_ref()?;
    let profile = channel.profile.as_ref()?;
    let variable = |name: &str| channel.variable(name).unwrap_or_default().to_string();
    Some(format!(
        "{} in {} by {}{}",
        profile.destination_number,
        profile.context,
        variable("sip_gateway"),
        variable("trunk"),
    ))
}

#[test]
fn its_calls_go_where_it_says() {
    let own = "sip:gw+carrier@127.0.0.1:5060";
    let by_parameter = "sip:x@127.0.0.1:5060;gw=carrier";
    for (uri, extension, expected) in [
        (own, GatewayExtension::Username, "u1 in default by carrierb"),
        (
            by_parameter,
            GatewayExtension::Fixed("900".into()),
            "900 in default by carrierb",
        ),
        (own, GatewayExtension::ToUser, "4940 in default by carrierb"),
        (
            "sip:77@127.0.0.1:5060",
            GatewayExtension::ToUser,
            "77 in public by ",
        ),
    ] {
        let mut rig = begun(GatewayConfig {
            extension,
            context: Some("default".into()),
            inbound_variables: vec![("trunk".into(), "b".into())],
            ..static_carrier()
        });
        rig.seen(came);
        rig.receive(CARRIER, &invite_to(uri, "4940@carrier.example"));
        assert_eq!(rig.seen(came), [expected], "{uri}");
        let counted = u64::from(expected.contains("carrier"));
        assert_eq!(shown(&rig).calls_in, counted);
    }
}

#[test]
fn who_is_not_at_its_address_has_to_prove_who_they_are() {
    let mut rig = begun(static_carrier());
    rig.receive(
        "192.0.2.77:5070",
        &invite_to(
            "sip:gw+carrier@127.0.0.1:5060;gw=carrier",
            "1@carrier.example",
        ),
    );
    assert_eq!(rig.last_final().code(), Some(407));
    assert_eq!(rig.seen(came), Vec::<String>::new());
    // A gateway that was ended is a stranger.
    control(&mut rig, "carrier", GatewayAction::Kill).unwrap();
    rig.receive(
        CARRIER,
        &invite_to("sip:77@127.0.0.1:5060", "1@carrier.example"),
    );
    assert_eq!(rig.last_final().code(), Some(407));
}
