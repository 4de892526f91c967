//! A gateway through all its states in virtual time, and calls both ways.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at what it names"
)]

mod calls;
mod changes;

use std::time::Duration;

use api::HangupCause;
use api::command::server::{ControlGateway, GatewayAction};
use api::event::{AccountEvent, ChannelEvent, Event, EventKind};
use api::view::Gateway;
use api::{Answer, CommandError, ErrorKind, ObjectKind};
use sip::message::{HeaderName, Message, Method};

use crate::Input;
use crate::config::{
    CallerIdHeader, Config, Destination, GatewayConfig, GatewayExtension, PingConfig, Secret,
};
use crate::rig::{Rig, config};
use crate::web::tests::foreign::{phone_sdp, respond_from, sent};

const CARRIER: &str = "192.0.2.9:5070";

fn carrier() -> GatewayConfig {
    GatewayConfig {
        realm: "carrier.example".into(),
        username: "u1".into(),
        password: Secret("wonderland".into()),
        register: true,
        expires_s: 100,
        ..GatewayConfig::new("carrier", Destination::peer(CARRIER, None).unwrap())
    }
}

fn with(gateways: Vec<GatewayConfig>) -> Config {
    let mut config = config();
    config.profiles[0].gateways = gateways;
    config
}

/// A switch that has just begun with one gateway.
fn begun(gateway: GatewayConfig) -> Rig {
    let mut rig = Rig::with(with(vec![gateway]));
    rig.feed(Input::Tick);
    rig
}

/// One that is registered there.
fn registered(gateway: GatewayConfig) -> Rig {
    let mut rig = begun(gateway);
    grant(&mut rig, 100);
    rig.seen(told);
    rig
}

fn respond(rig: &mut Rig, request: &Message, status: &str, headers: &str) {
    respond_from(rig, CARRIER, request, status, headers);
}

/// The REGISTER under way is granted.
fn grant(rig: &mut Rig, expires_s: u32) -> Message {
    let register = sent(rig, &Method::Register);
    respond(
        rig,
        &register,
        "200 OK",
        &format!("Expires: {expires_s}\r\n"),
    );
    register
}

/// `REGED UP 200 OK`
fn told(event: &Event) -> Option<String> {
    let EventKind::Account(event) = &event.kind else {
        return None;
    };
    Some(match &**event {
        AccountEvent::Gateway(state) => {
            assert_eq!(&*state.gateway, "carrier");
            let up = if state.is_up { "UP" } else { "DOWN" };
            match &state.response {
                Some((code, words)) => format!("{} {up} {code} {words}", state.state),
                None => format!("{} {up}", state.state),
            }
        }
        AccountEvent::GatewayAdded { profile, gateway } => format!("+ {profile} {gateway}"),
        AccountEvent::GatewayDeleted { profile, gateway } => format!("- {profile} {gateway}"),
        _ => return None,
    })
}

fn shown(rig: &Rig) -> Gateway {
    Gateway::clone(&rig.view.profiles[0].gateways[0])
}

fn control(rig: &mut Rig, gateway: &str, action: GatewayAction) -> Result<Answer, CommandError> {
    rig.get(ControlGateway {
        profile: "internal".into(),
        gateway: (gateway != "all").then(|| gateway.into()),
        action,
    })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn uri(party: Option<sip::message::header::NameAddr<'_>>) -> String {
    party.expect("a party").uri.to_owned()
}

/// Why a call fails that is tried now.
fn failure(rig: &mut Rig, dial: &str) -> Option<HangupCause> {
    let request = rig.call(dial);
    rig.answers
        .remove(&request.0)
        .expect("an answer at once")
        .unwrap_err()
        .cause
}

#[test]
fn over_tls_it_registers_from_the_port_of_tls_and_never_in_the_clear() {
    let secure = || GatewayConfig {
        proxy: Destination::peer("192.0.2.9:5071;transport=tls", None).unwrap(),
        ..carrier()
    };
    let mut config = with(vec![secure()]);
    config.profiles[0].tls = Some("127.0.0.1:5061".parse().unwrap());
    let mut rig = Rig::with(config);
    rig.feed(Input::Tick);
    let first = sent(&mut rig, &Method::Register);
    assert_eq!(
        uri(first.contact()),
        "sip:gw+carrier@127.0.0.1:5061;transport=tls;gw=carrier"
    );
    let via = first.header(HeaderName::Via).unwrap();
    assert!(via.starts_with("SIP/2.0/TLS 127.0.0.1:5061"), "{via}");
    // The profile of this one has no TLS.
    let mut rig = begun(secure());
    assert!(rig.take_sent().is_empty());
    assert_eq!(
        failure(&mut rig, "sofia/gateway/carrier/12"),
        Some(HangupCause::GatewayDown)
    );
}

#[test]
fn it_registers_with_its_password_and_is_up_as_long_as_it_is() {
    let mut rig = begun(carrier());
    assert_eq!(rig.seen(told), ["+ internal carrier", "TRYING DOWN"]);
    let first = sent(&mut rig, &Method::Register);
    assert_eq!(first.request_uri(), Some("sip:carrier.example"));
    assert_eq!(uri(first.from()), "sip:u1@carrier.example");
    assert_eq!(uri(first.to()), "sip:u1@carrier.example");
    assert_eq!(
        uri(first.contact()),
        "sip:gw+carrier@127.0.0.1:5060;gw=carrier"
    );
    assert_eq!(first.header_named("Expires"), Some("100"));
    assert_eq!(
        failure(&mut rig, "sofia/gateway/carrier/12"),
        Some(HangupCause::GatewayDown)
    );
    rig.take_sent();
    let challenge = "WWW-Authenticate: Digest realm=\"carrier.example\", nonce=\"5d1c\"\r\n";
    respond(&mut rig, &first, "401 Unauthorized", challenge);
    let second = sent(&mut rig, &Method::Register);
    let credentials = second.header(HeaderName::Authorization).unwrap();
    assert!(credentials.contains("username=\"u1\""), "{credentials}");
    respond(
        &mut rig,
        &second,
        "200 OK",
        "Contact: <sip:gw+carrier@127.0.0.1:5060>;expires=60\r\n",
    );
    assert_eq!(rig.seen(told), ["REGISTER UP 200 OK", "REGED UP 200 OK"]);
    let gateway = shown(&rig);
    assert_eq!((gateway.state, gateway.is_up), ("REGED", true));
    let now = rig.now().wall;
    assert_eq!(gateway.expires, now.after(seconds(60)), "as it was granted");
    assert_eq!(gateway.up_since, now);
    // Refreshed in time, calls go on meanwhile.
    rig.pass(seconds(52));
    let third = rig.take_sent().into_iter().next().expect("a REGISTER");
    assert_eq!(third.call_id(), first.call_id());
    assert!(third.cseq().unwrap().number > second.cseq().unwrap().number);
    assert_eq!(rig.seen(told), ["TRYING UP"]);
    assert!(rig.switch.gateway_for_call("carrier").is_ok());
    respond(&mut rig, &third, "200 OK", "Expires: 60\r\n");
    assert_eq!(rig.seen(told), ["REGISTER UP 200 OK", "REGED UP 200 OK"]);
    assert_eq!(shown(&rig).up_since, now, "it was up all the time");
}

#[test]
fn over_tcp_everything_goes_by_tcp_and_the_contact_says_so() {
    let proxy = Destination::peer("192.0.2.9", Some(crate::config::Transport::Tcp)).unwrap();
    let mut rig = begun(GatewayConfig { proxy, ..carrier() });
    let transmit = rig.sent().pop().expect("a REGISTER");
    assert_eq!(
        (
            transmit.target.transport.as_str(),
            transmit.target.remote.to_string()
        ),
        ("TCP", "192.0.2.9:5060".to_owned())
    );
    let register = sip::message::parse_datagram(transmit.bytes).unwrap();
    assert_eq!(
        uri(register.contact()),
        "sip:gw+carrier@127.0.0.1:5060;transport=tcp;gw=carrier"
    );
    assert_eq!(&*shown(&rig).proxy, "sip:192.0.2.9;transport=tcp");
}

#[test]
fn what_is_refused_silent_or_unreachable_is_tried_again_each_time_as_late() {
    let mut rig = begun(carrier());
    rig.seen(told);
    let register = sent(&mut rig, &Method::Register);
    let retry = shown(&rig).retry;
    assert_eq!(
        retry,
        rig.now().wall.after(seconds(62)),
        "should nobody answer"
    );
    respond(&mut rig, &register, "403 Go away", "");
    assert_eq!(
        rig.seen(told),
        ["FAILED DOWN 403 Go away", "FAIL_WAIT DOWN 403 Go away"]
    );
    assert_eq!(shown(&rig).retry, rig.now().wall.after(seconds(30)));
    assert_eq!(
        failure(&mut rig, "sofia/gateway/carrier/12"),
        Some(HangupCause::GatewayDown)
    );
    rig.take_sent();
    rig.pass(seconds(29));
    assert_eq!(rig.seen(told), Vec::<String>::new(), "not before its time");
    rig.pass(seconds(1));
    assert_eq!(rig.seen(told), ["TRYING DOWN"]);
    rig.take_sent();
    rig.pass(seconds(32));
    let silent = "Request Timeout";
    assert_eq!(
        rig.seen(told),
        [
            format!("TIMEOUT DOWN 408 {silent}"),
            format!("FAIL_WAIT DOWN 408 {silent}")
        ]
    );
    rig.take_sent();
    rig.pass(seconds(30));
    rig.seen(told);
    let transmit = rig.sent().pop().expect("a REGISTER");
    rig.feed(Input::SipFailed(transmit));
    assert_eq!(
        rig.seen(told),
        [
            "DOWN DOWN 503 Service Unavailable",
            "FAIL_WAIT DOWN 503 Service Unavailable"
        ]
    );
    rig.pass(seconds(30));
    grant(&mut rig, 100);
    assert_eq!(
        rig.seen(told),
        ["TRYING DOWN", "REGISTER UP 200 OK", "REGED UP 200 OK"]
    );
}

#[test]
fn a_lifetime_that_ends_before_a_refresh_is_answered_is_expired() {
    let mut rig = registered(carrier());
    rig.pass(seconds(85));
    assert_eq!(rig.seen(told), ["TRYING UP"]);
    rig.pass(seconds(15));
    assert_eq!(rig.seen(told), ["EXPIRED DOWN"]);
    let late = rig.take_sent().pop().expect("a REGISTER");
    respond(&mut rig, &late, "200 OK", "Expires: 100\r\n");
    assert_eq!(rig.seen(told), ["REGISTER UP 200 OK", "REGED UP 200 OK"]);
    // A refusal ends it before its time.
    rig.pass(seconds(85));
    let refused = rig.take_sent().pop().expect("a REGISTER");
    respond(&mut rig, &refused, "403 Go away", "");
    assert_eq!(
        rig.seen(told),
        [
            "TRYING UP",
            "FAILED DOWN 403 Go away",
            "FAIL_WAIT DOWN 403 Go away"
        ]
    );
}

#[test]
fn the_console_registers_takes_back_ends_and_begins() {
    let mut rig = registered(carrier());
    control(&mut rig, "carrier", GatewayAction::Unregister).unwrap();
    assert_eq!(rig.seen(told), ["UNREGISTER DOWN"]);
    let back = sent(&mut rig, &Method::Register);
    assert_eq!(back.header_named("Expires"), Some("0"));
    // A second REGISTER waits for the answer to the first.
    control(&mut rig, "all", GatewayAction::Register).unwrap();
    assert_eq!(rig.take_sent().len(), 0);
    respond(&mut rig, &back, "200 OK", "");
    assert_eq!(rig.seen(told), ["NOREG UP", "UNREGED DOWN", "TRYING DOWN"]);
    grant(&mut rig, 100);
    control(&mut rig, "CARRIER", GatewayAction::Register).unwrap();
    rig.seen(told);
    grant(&mut rig, 100);
    assert_eq!(rig.seen(told), ["REGISTER UP 200 OK", "REGED UP 200 OK"]);
    assert_eq!(
        control(&mut rig, "carrier", GatewayAction::Start),
        Ok(Answer::Count(0)),
        "it is there"
    );
    control(&mut rig, "carrier", GatewayAction::Kill).unwrap();
    assert_eq!(rig.seen(told), ["UNREGISTER DOWN", "- internal carrier"]);
    assert!(rig.view.profiles[0].gateways.is_empty());
    let back = sent(&mut rig, &Method::Register);
    assert_eq!(back.header_named("Expires"), Some("0"));
    respond(&mut rig, &back, "200 OK", "");
    assert_eq!(
        failure(&mut rig, "sofia/gateway/carrier/12"),
        Some(HangupCause::InvalidGateway)
    );
    let unknown = CommandError::not_found(ObjectKind::Gateway);
    for action in [
        GatewayAction::Register,
        GatewayAction::Unregister,
        GatewayAction::Kill,
    ] {
        assert_eq!(control(&mut rig, "carrier", action), Err(unknown.clone()));
    }
    rig.take_sent();
    rig.pass(seconds(200));
    assert_eq!(rig.take_sent().len(), 0, "nothing of it is left");
    assert_eq!(rig.switch.census().client_registrations, 0);
    control(&mut rig, "carrier", GatewayAction::Start).unwrap();
    rig.feed(Input::Tick);
    assert_eq!(rig.seen(told), ["+ internal carrier", "TRYING DOWN"]);
    assert_eq!(
        control(&mut rig, "nosuch", GatewayAction::Start),
        Err(unknown)
    );
    let elsewhere = rig.get(ControlGateway {
        profile: "nosuch".into(),
        gateway: None,
        action: GatewayAction::Kill,
    });
    assert_eq!(
        elsewhere.unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Profile)
    );
}

#[test]
fn a_stop_takes_the_registration_back_and_waits_for_it() {
    let mut rig = registered(carrier());
    rig.feed(Input::Shutdown);
    assert!(!rig.stopped);
    let back = sent(&mut rig, &Method::Register);
    assert_eq!(back.header_named("Expires"), Some("0"));
    respond(&mut rig, &back, "200 OK", "");
    assert!(rig.stopped);
}

fn pinged(least: u32, most: u32) -> GatewayConfig {
    GatewayConfig {
        register: false,
        ping: Some(PingConfig {
            every: seconds(20),
            least,
            most,
        }),
        ..carrier()
    }
}

#[test]
fn who_does_not_answer_options_is_down_until_it_does() {
    let mut rig = begun(pinged(1, 2));
    assert_eq!(rig.seen(told), ["+ internal carrier"]);
    let ping = sent(&mut rig, &Method::Options);
    assert_eq!(ping.request_uri(), Some("sip:192.0.2.9:5070"));
    assert_eq!(uri(ping.from()), "sip:u1@carrier.example");
    rig.pass(Duration::from_millis(40));
    // Whatever it says, it is there.
    respond(&mut rig, &ping, "404 Not Found", "");
    let known = shown(&rig).ping.unwrap();
    assert_eq!((known.count, known.took), (2, Duration::from_millis(40)));
    assert_eq!(rig.seen(told), Vec::<String>::new());
    // Two silences in a row, of 32 s each: the second one counts.
    rig.pass(seconds(52));
    assert_eq!(
        (shown(&rig).ping.unwrap().count, shown(&rig).is_up),
        (1, true)
    );
    rig.pass(seconds(32));
    assert_eq!(rig.seen(told), ["NOREG DOWN 408 Request Timeout"]);
    assert_eq!(shown(&rig).up_since, api::Timestamp::ZERO);
    assert_eq!(
        failure(&mut rig, "sofia/gateway/carrier/12"),
        Some(HangupCause::GatewayDown)
    );
    let again = rig.take_sent().pop().expect("an OPTIONS");
    respond(&mut rig, &again, "200 OK", "");
    assert_eq!(rig.seen(told), ["NOREG UP 200 OK"]);
    assert!(rig.switch.gateway_for_call("carrier").is_ok());
}

#[test]
fn one_that_was_away_is_registered_with_again() {
    let mut rig = registered(GatewayConfig {
        register: true,
        expires_s: 3600,
        ..pinged(1, 1)
    });
    rig.pass(seconds(32));
    assert_eq!(
        rig.seen(told),
        ["UNREGED DOWN 408 Request Timeout", "TRYING DOWN"]
    );
    // Registered, but as long as it is not known to answer no call goes there.
    let register = rig
        .take_sent()
        .into_iter()
        .rfind(|message| message.method() == Some(&Method::Register));
    respond(&mut rig, &register.unwrap(), "200 OK", "");
    assert_eq!(
        rig.seen(told),
        ["REGISTER DOWN 200 OK", "REGED DOWN 200 OK"]
    );
    assert!(!shown(&rig).is_up);
}

#[test]
fn a_name_is_looked_up_before_it_is_asked_and_again_when_it_is_not_found() {
    let proxy = Destination::peer("carrier.example", None).unwrap();
    let mut rig = begun(GatewayConfig {
        proxy,
        ..pinged(1, 1)
    });
    rig.pass(Duration::ZERO);
    assert_eq!(
        rig.seen(told),
        ["+ internal carrier", "NOREG DOWN 503 Service Unavailable"]
    );
    rig.names
        .put("carrier.example", &[&format!("udp {CARRIER}")]);
    rig.pass(seconds(30));
    rig.pass(seconds(10));
    let ping = sent(&mut rig, &Method::Options);
    respond(&mut rig, &ping, "200 OK", "");
    assert_eq!(rig.seen(told), ["NOREG UP 200 OK"]);
    rig.call("sofia/gateway/carrier/12");
    let invite = sent(&mut rig, &Method::Invite);
    assert_eq!(invite.request_uri(), Some("sip:12@carrier.example"));
}

#[test]
fn the_password_is_never_printed() {
    let rig = registered(carrier());
    let printed = format!("{:?} {:?}", rig.switch.config, rig.view.profiles);
    let inside = format!("{:?}", rig.switch.gateways);
    assert!(printed.contains("carrier.example") && inside.contains("carrier.example"));
    assert!(!printed.contains("wonderland") && !inside.contains("wonderland"));
}
