//! Whom a dial string of a registered contact calls.

use api::HangupCause;
use api::command::server::GroupCall;
use sip::message::{HeaderName, Message, Method, parse_datagram};

use super::*;

/// Behind a NAT: the contact is its private address.
const PRIVATE: &str = "sip:1000@192.168.1.2:5060";

fn registers(rig: &mut Rig, user: &str, address: &str, contact: &str) -> Phone {
    let mut phone = Phone::new(user, address, Transport::Udp, 11);
    phone.contact = Some(contact.into());
    assert_eq!(phone.register(rig, "1234", 600), 200);
    phone
}

/// The dial string of the one contact registered from an address.
fn dial_string(rig: &Rig, source: &str) -> String {
    let mut registrations = rig.view.registrations.values();
    registrations
        .find(|registration| registration.source.to_string() == source)
        .expect("it is registered")
        .dial_string()
}

/// The INVITEs a dial string makes, with where each goes; or why there is none.
fn invites(rig: &mut Rig, dial: &str) -> Result<Vec<(String, Message)>, HangupCause> {
    rig.sent();
    let request = rig.call(dial);
    if let Some(Err(error)) = rig.answers.remove(&request.0) {
        return Err(error.cause.expect("a cause"));
    }
    let sent = rig.sent().into_iter().map(|sent| {
        let message = parse_datagram(sent.bytes).unwrap();
        (sent.target.remote.to_string(), message)
    });
    let invites: Vec<_> = sent
        .filter(|(_, message)| message.method() == Some(&Method::Invite))
        .collect();
    Ok(invites)
}

/// Where a dial string leads, and the Request-URIs.
fn ways(rig: &mut Rig, dial: &str) -> Vec<(String, String)> {
    let invites = invites(rig, dial).unwrap();
    let uri = |message: &Message| message.request_uri().unwrap_or_default().to_owned();
    invites
        .iter()
        .map(|(to, message)| (to.clone(), uri(message)))
        .collect()
}

#[test]
fn two_phones_with_one_private_address_are_told_apart() {
    let mut rig = Rig::new();
    let (one, two) = ("198.51.100.1:4001", "198.51.100.2:4002");
    let mut first = registers(&mut rig, "1000", one, PRIVATE);
    registers(&mut rig, "1001", two, PRIVATE);
    let (to_first, to_second) = (dial_string(&rig, one), dial_string(&rig, two));
    for (dial, source) in [(&to_first, one), (&to_second, two)] {
        assert_eq!(
            ways(&mut rig, dial),
            [(source.to_owned(), PRIVATE.to_owned())],
            "{dial}"
        );
    }
    assert_eq!(first.register(&mut rig, "1234", 0), 200);
    assert_eq!(
        invites(&mut rig, &to_first).unwrap_err(),
        HangupCause::UserNotRegistered
    );
    assert_eq!(ways(&mut rig, &to_second)[0].0, two);
}

#[test]
fn nobody_takes_a_dial_string_over_by_registering_what_it_names() {
    let mut rig = Rig::new();
    let victim = "sip:bank@192.0.2.9:5060";
    registers(&mut rig, "1000", "198.51.100.1:4001", victim);
    for dial in [
        format!("sofia/internal/{victim}"),
        "sofia/internal/bank@192.0.2.9".to_owned(),
    ] {
        assert_eq!(ways(&mut rig, &dial)[0].0, "192.0.2.9:5060", "{dial}");
    }
    // Nor by a number in place of a name.
    let serial = rig.view.registrations.values().next().unwrap().serial;
    let dial = format!("sofia/internal/sip:other@192.0.2.9:5060;jackfield-registration={serial}");
    assert_eq!(
        invites(&mut rig, &dial).unwrap_err(),
        HangupCause::UserNotRegistered
    );
}

#[test]
fn a_contact_full_of_separators_is_one_leg_to_its_phone() {
    let mut rig = Rig::new();
    let (home, contact) = (
        "198.51.100.1:4001",
        "sip:x,loopback/9196,a'b@198.51.100.1:4001",
    );
    registers(&mut rig, "1000", home, contact);
    let group = GroupCall {
        group: "sales".into(),
        domain: None,
        order: None,
    };
    let of_group = match rig.get(group) {
        Ok(Answer::Text(text)) => text.to_string(),
        other => panic!("{other:?}"),
    };
    let dials = [
        dial_string(&rig, home),
        of_group,
        "user/1000".into(),
        "sofia/internal/1000%127.0.0.1".into(),
    ];
    for (calls, dial) in dials.into_iter().enumerate() {
        assert_eq!(
            ways(&mut rig, &dial),
            [(home.to_owned(), contact.to_owned())],
            "{dial}"
        );
        assert_eq!(rig.view.channels.size(), calls + 1, "no leg beside it");
    }
}

#[test]
fn a_contact_with_escapes_is_dialled_along_its_path() {
    let mut rig = Rig::new();
    let (proxy, contact) = ("198.51.100.1:4001", "sip:10%2300@192.168.1.2");
    let mut phone = Phone::new("1000", proxy, Transport::Udp, 11);
    phone.contact = Some(contact.into());
    phone.headers = vec![("Path".into(), "<sip:198.51.100.1:4001;lr>".into())];
    assert_eq!(phone.register(&mut rig, "1234", 600), 200);
    let dial = dial_string(&rig, proxy);
    let invites = invites(&mut rig, &dial).unwrap();
    let (to, invite) = &invites[0];
    assert_eq!(
        (
            to.as_str(),
            invite.request_uri(),
            invite.header(HeaderName::Route)
        ),
        (proxy, Some(contact), Some("<sip:198.51.100.1:4001;lr>"))
    );
}
