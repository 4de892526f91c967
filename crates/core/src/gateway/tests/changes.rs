//! Gateways of a configuration that changes while the switch is at work.

use api::command::server::Expand;

use super::*;
use crate::Reloaded;
use crate::config::GatewayLists;
use crate::config_xml::{BUILT_IN_ROOT, Configuration, Globals, built_in};

fn lists(gateways: Vec<GatewayConfig>) -> GatewayLists {
    vec![("internal".into(), gateways)]
}

/// The files are read again, and say this.
fn reload(rig: &mut Rig, gateways: Option<GatewayLists>) {
    let root = BUILT_IN_ROOT.as_ref();
    let configuration = Configuration::load(&built_in(), root, Globals::new()).unwrap();
    rig.feed(Input::XmlLoaded {
        request: api::RequestId(99),
        result: Ok(Reloaded {
            configuration: Box::new(configuration),
            gateways,
        }),
    });
}

fn named(name: &str) -> GatewayConfig {
    GatewayConfig::new(name, Destination::peer(CARRIER, None).unwrap())
}

fn names(rig: &Rig) -> Vec<String> {
    let gateways = rig.view.profiles[0].gateways.iter();
    gateways.map(|gateway| gateway.name.to_string()).collect()
}

fn changed() -> GatewayConfig {
    GatewayConfig {
        username: "u2".into(),
        inbound_variables: vec![("trunk".into(), "b".into())],
        ..carrier()
    }
}

#[test]
fn a_rescan_begins_what_is_new_and_leaves_alone_what_is_not() {
    let mut rig = registered(carrier());
    reload(&mut rig, Some(lists(vec![carrier(), named("second")])));
    assert_eq!(names(&rig), ["carrier"], "reading alone begins nothing");
    let begun = control(&mut rig, "all", GatewayAction::Rescan);
    assert_eq!(begun, Ok(Answer::Count(1)));
    assert_eq!(names(&rig), ["carrier", "second"]);
    assert!(rig.take_sent().is_empty(), "it is registered as before");
    // One that is gone from the files stays until it is killed, and does not come back then.
    reload(&mut rig, Some(lists(vec![carrier()])));
    let begun = control(&mut rig, "all", GatewayAction::Rescan);
    assert_eq!((begun, names(&rig).len()), (Ok(Answer::Count(0)), 2));
    control(&mut rig, "second", GatewayAction::Kill).unwrap();
    let unknown = CommandError::not_found(ObjectKind::Gateway);
    let again = control(&mut rig, "second", GatewayAction::Start);
    assert_eq!(again, Err(unknown));
    // Files that cannot be used say nothing.
    reload(&mut rig, None);
    let begun = control(&mut rig, "all", GatewayAction::Rescan);
    assert_eq!(
        (begun, names(&rig)),
        (Ok(Answer::Count(0)), vec!["carrier".into()])
    );
}

#[test]
fn one_that_is_changed_registers_when_the_old_registration_is_taken_back() {
    let mut rig = registered(carrier());
    reload(&mut rig, Some(lists(vec![changed()])));
    control(&mut rig, "all", GatewayAction::Rescan).unwrap();
    assert_eq!(
        rig.seen(told),
        [
            "UNREGISTER DOWN",
            "- internal carrier",
            "+ internal carrier"
        ]
    );
    let back = sent(&mut rig, &Method::Register);
    assert_eq!(back.header_named("Expires"), Some("0"));
    assert_eq!(uri(back.from()), "sip:u1@carrier.example");
    // Asking for it does not bring it forward: the registrar would take back the new one.
    control(&mut rig, "carrier", GatewayAction::Register).unwrap();
    rig.pass(seconds(1));
    let early = rig.take_sent();
    assert!(
        early
            .iter()
            .all(|one| one.header_named("Expires") == Some("0")),
        "{early:?}"
    );
    respond(&mut rig, &back, "200 OK", "");
    rig.feed(Input::Tick);
    let register = grant(&mut rig, 100);
    assert_eq!(uri(register.from()), "sip:u2@carrier.example");
    assert_eq!(shown(&rig).state, "REGED");
    assert_eq!(
        rig.get(Expand {
            text: "${sofia_gateway_data(carrier ivar trunk)}".into(),
            channel: None,
        }),
        Ok(Answer::Text("b".into()))
    );
}

#[test]
fn files_that_are_read_for_their_own_sake_say_all_there_is() {
    let mut rig = registered(carrier());
    rig.feed(Input::GatewaysRead(lists(vec![named("second")])));
    assert_eq!(names(&rig), ["second"]);
    assert_eq!(
        failure(&mut rig, "sofia/gateway/carrier/12"),
        Some(HangupCause::InvalidGateway)
    );
    // A profile nobody speaks of has none.
    rig.feed(Input::GatewaysRead(Vec::new()));
    assert_eq!(names(&rig), [""; 0]);
}

#[test]
fn a_call_goes_on_when_its_gateway_is_gone() {
    let mut rig = begun(named("carrier"));
    rig.call("sofia/gateway/carrier/12");
    let invite = sent(&mut rig, &Method::Invite);
    let headers = format!(
        "Contact: <sip:12@{CARRIER}>\r\nContent-Type: application/sdp\r\n\r\n{}",
        phone_sdp("0")
    );
    respond(&mut rig, &invite, "200 OK", &headers);
    assert_eq!(rig.view.channels.size(), 1);
    control(&mut rig, "carrier", GatewayAction::Kill).unwrap();
    rig.feed(Input::GatewaysRead(Vec::new()));
    rig.pass(seconds(60));
    assert_eq!(rig.view.channels.size(), 1, "it lives on");
    let id = rig.view.channels.keys().next().unwrap().clone();
    rig.take_sent();
    let cause = HangupCause::NormalClearing;
    rig.get(api::command::channel::Hangup { channel: id, cause })
        .unwrap();
    let bye = sent(&mut rig, &Method::Bye);
    assert_eq!(
        bye.request_uri(),
        Some(format!("sip:12@{CARRIER}").as_str())
    );
    respond(&mut rig, &bye, "200 OK", "");
    assert!(rig.view.channels.is_empty());
}
