mod dialled;
mod kept;

use std::time::Duration;

use api::command::server::FlushRegistrations;
use api::event::{AccountEvent, Event, EventKind};
use api::{Answer, ErrorKind, ObjectKind};
use sip::transport::Transport;

use crate::Input;
use crate::rig::{Phone, Rig, config};

/// The account events, by what clients call them.
fn accounts(event: &Event) -> Option<String> {
    let EventKind::Account(event) = &event.kind else {
        return None;
    };
    Some(match &**event {
        AccountEvent::RegisterAttempted {
            registration,
            result,
        } => format!("attempt {} {result}", registration.user),
        AccountEvent::Registered {
            registration,
            expires_s,
            refreshed,
        } => {
            format!(
                "register {} {expires_s}{}",
                registration.user,
                if *refreshed { " again" } else { "" }
            )
        }
        AccountEvent::RegisterFailed { user, source, .. } => {
            format!("failure {user} from {source}")
        }
        AccountEvent::Unregistered { registration } => format!("unregister {}", registration.user),
        AccountEvent::Expired { registration } => format!("expire {}", registration.user),
        AccountEvent::Gateway(gateway) => format!("gateway {}", gateway.gateway),
        AccountEvent::GatewayAdded { gateway, .. } => format!("gateway {gateway} added"),
        AccountEvent::GatewayDeleted { gateway, .. } => format!("gateway {gateway} deleted"),
    })
}

fn phone(user: &str) -> Phone {
    Phone::new(user, "127.0.0.1:5601", Transport::Udp, 11)
}

#[test]
fn a_phone_registers_refreshes_and_leaves() {
    let mut rig = Rig::new();
    let mut phone = phone("1000");
    assert_eq!(phone.register(&mut rig, "1234", 120), 200);
    assert_eq!(
        rig.seen(accounts),
        ["attempt 1000 SUCCESS", "register 1000 120"]
    );
    let shown = rig.view.registrations.values().next().unwrap().clone();
    assert_eq!(
        (&*shown.contact, &*shown.contact_uri),
        ("\"\" <sip:1000@127.0.0.1:5601>", "sip:1000@127.0.0.1:5601")
    );
    assert_eq!(
        (&*shown.user_agent, shown.transport, &*shown.auth_realm),
        ("Phone/1", "udp", "127.0.0.1")
    );
    assert_eq!(
        shown.expires.as_seconds() - shown.refreshed.as_seconds(),
        120
    );
    let contacts = rig.switch.contacts_of("127.0.0.1", "1000");
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0].target.remote, shown.source);
    let way = |rig: &Rig| {
        let contact = rig.switch.dialled_contact(&shown.contact_uri);
        contact.unwrap().map(|contact| contact.target)
    };
    assert_eq!(way(&rig), Some(contacts[0].target));
    rig.pass(Duration::from_secs(60));
    rig.events.clear();
    assert_eq!(phone.register(&mut rig, "1234", 120), 200);
    assert_eq!(
        rig.seen(accounts),
        ["attempt 1000 RENEWED", "register 1000 120 again"]
    );
    assert_eq!(
        rig.view.registrations.values().next().unwrap().serial,
        shown.serial
    );
    assert_eq!(phone.register(&mut rig, "1234", 0), 200);
    assert_eq!(
        rig.seen(accounts),
        ["attempt 1000 RENEWED", "unregister 1000"]
    );
    assert!(
        rig.view.registrations.is_empty() && rig.switch.contacts_of("127.0.0.1", "1000").is_empty()
    );
    assert_eq!(way(&rig), None);
    assert!(rig.switch.registrations.by_contact.is_empty());
}

#[test]
fn a_registration_runs_out() {
    let mut rig = Rig::new();
    assert_eq!(phone("1001").register(&mut rig, "1234", 60), 200);
    rig.events.clear();
    rig.pass(Duration::from_millis(59_900));
    assert_eq!(rig.seen(accounts), Vec::<String>::new());
    rig.pass(Duration::from_millis(200));
    assert_eq!(rig.seen(accounts), ["expire 1001"]);
    assert!(rig.view.registrations.is_empty());
}

#[test]
fn wrong_passwords_unknown_users_and_foreign_domains_are_refused_alike() {
    let mut rig = Rig::new();
    assert_eq!(phone("1000").register(&mut rig, "wrong", 60), 403);
    assert_eq!(
        rig.seen(accounts),
        ["attempt 1000 FORBIDDEN", "failure 1000 from 127.0.0.1:5601"]
    );
    assert_eq!(phone("4711").register(&mut rig, "1234", 60), 403);
    assert_eq!(
        rig.seen(accounts),
        ["attempt 4711 FORBIDDEN", "failure 4711 from 127.0.0.1:5601"]
    );
    assert_eq!(
        phone("1000@elsewhere.example").register(&mut rig, "1234", 60),
        404
    );
    assert_eq!(rig.seen(accounts), Vec::<String>::new());
    assert!(rig.view.registrations.is_empty());
}

#[test]
fn whoever_guesses_passwords_is_not_listened_to_for_a_while() {
    let mut rig = Rig::new();
    let mut guesser = phone("1000");
    for _ in 0..60 {
        assert_eq!(guesser.register(&mut rig, "wrong", 60), 403);
    }
    assert_eq!(
        guesser.register(&mut rig, "1234", 60),
        403,
        "now not even the right one helps"
    );
    rig.events.clear();
    assert_eq!(guesser.register(&mut rig, "wrong", 60), 403);
    assert_eq!(
        rig.seen(accounts),
        Vec::<String>::new(),
        "and programs are not flooded"
    );
    let mut other = Phone::new("1001", "127.0.0.9:5601", Transport::Udp, 12);
    assert_eq!(
        other.register(&mut rig, "1234", 60),
        200,
        "another address is not concerned"
    );
    rig.pass(Duration::from_secs(61));
    assert_eq!(guesser.register(&mut rig, "1234", 60), 200);
}

#[test]
fn a_lost_connection_takes_its_registrations_along() {
    let mut rig = Rig::new();
    let mut over_tcp = Phone::new("1000", "127.0.0.1:40000", Transport::Tcp, 21);
    assert_eq!(over_tcp.register(&mut rig, "1234", 600), 200);
    assert_eq!(phone("1001").register(&mut rig, "1234", 600), 200);
    let contact = rig.switch.contacts_of("127.0.0.1", "1000").remove(0);
    assert_eq!(
        (contact.target.flow, contact.target.transport),
        (Some(over_tcp.flow()), Transport::Tcp)
    );
    rig.events.clear();
    rig.feed(Input::FlowClosed(over_tcp.flow()));
    assert_eq!(rig.seen(accounts), ["unregister 1000"]);
    assert_eq!(rig.view.registrations.size(), 1);
}

#[test]
fn a_phone_over_tls_is_called_over_its_connection_and_where_tls_is() {
    let mut config = config();
    config.profiles[0].tls = Some("127.0.0.1:5061".parse().unwrap());
    let mut rig = Rig::with(config);
    let mut secure = Phone::new("1000", "127.0.0.1:40000", Transport::Tls, 22);
    assert_eq!(secure.register(&mut rig, "1234", 600), 200);
    let shown = rig.view.registrations.values().next().unwrap().clone();
    assert_eq!(shown.transport, "tls");
    rig.sent();
    rig.call("user/1000");
    let sent = rig.sent();
    let invite = sent.last().expect("an INVITE");
    let (target, text) = (invite.target, String::from_utf8_lossy(&invite.bytes));
    assert_eq!(
        (target.flow, target.transport),
        (Some(secure.flow()), Transport::Tls)
    );
    assert!(
        text.starts_with("INVITE sip:1000@127.0.0.1:40000 "),
        "{text}"
    );
    assert!(text.contains("\r\nVia: SIP/2.0/TLS "), "{text}");
    rig.feed(Input::FlowClosed(secure.flow()));
    assert_eq!(rig.view.registrations.size(), 0);
}

#[test]
fn calls_over_tls_leave_from_where_tls_is_or_not_at_all() {
    for (uri, port, contact) in [
        (
            "sip:bob@192.0.2.1;transport=tls",
            5061,
            "<sip:mod_sofia@127.0.0.1:5061;transport=tls>",
        ),
        (
            "sips:bob@192.0.2.1:5099",
            5099,
            "<sips:mod_sofia@127.0.0.1:5061>",
        ),
    ] {
        let dial = format!("sofia/internal/{uri}");
        let mut secure = config();
        secure.profiles[0].tls = Some("127.0.0.1:5061".parse().unwrap());
        let mut rig = Rig::with(secure);
        rig.call(&dial);
        let sent = rig.sent();
        let invite = sent.last().expect("an INVITE");
        let text = String::from_utf8_lossy(&invite.bytes);
        assert_eq!(invite.target.transport, Transport::Tls, "{uri}");
        assert_eq!(
            (invite.target.remote.port(), invite.target.flow),
            (port, None),
            "{uri}"
        );
        assert!(text.starts_with(&format!("INVITE {uri} ")), "{text}");
        assert!(
            text.contains("\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;rport;"),
            "{text}"
        );
        assert!(
            text.contains(&format!("\r\nContact: {contact}\r\n")),
            "{text}"
        );

        let mut plain = Rig::new();
        let request = plain.call(&dial);
        let answer = plain.answers.remove(&request.0).expect("it has failed");
        assert_eq!(
            answer.unwrap_err().cause,
            Some(api::HangupCause::NormalTemporaryFailure)
        );
        assert!(plain.sent().is_empty(), "nothing goes out in the clear");
    }
}

#[test]
fn registrations_are_flushed_by_user_by_call_id_and_altogether() {
    let mut rig = Rig::new();
    for (user, flow) in [("1000", 31), ("1001", 32), ("1002", 33)] {
        let address = format!("127.0.0.1:56{flow}");
        assert_eq!(
            Phone::new(user, &address, Transport::Udp, flow).register(&mut rig, "1234", 600),
            200
        );
    }
    let flush = |rig: &mut Rig, profile: &str, matching: Option<&str>| {
        rig.get(FlushRegistrations {
            profile: profile.into(),
            matching: matching.map(Into::into),
        })
    };
    assert_eq!(
        flush(&mut rig, "internal", Some("1000@127.0.0.1")),
        Ok(Answer::Count(1))
    );
    assert_eq!(
        flush(&mut rig, "internal", Some("call-of-1001-32")),
        Ok(Answer::Count(1))
    );
    assert_eq!(
        flush(&mut rig, "internal", Some("nobody")),
        Ok(Answer::Count(0))
    );
    assert_eq!(flush(&mut rig, "internal", None), Ok(Answer::Count(1)));
    assert!(rig.view.registrations.is_empty());
    assert_eq!(
        flush(&mut rig, "nosuch", None).unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Profile)
    );
}

#[test]
fn the_profiles_bound_counts_and_too_short_is_refused() {
    let mut few = config();
    few.profiles[0].max_expires_s = 300;
    let mut rig = Rig::with(few);
    assert_eq!(phone("1000").register(&mut rig, "1234", 7200), 200);
    assert_eq!(
        rig.seen(accounts).last().map(String::as_str),
        Some("register 1000 300")
    );
    assert_eq!(phone("1001").register(&mut rig, "1234", 5), 423);
}
