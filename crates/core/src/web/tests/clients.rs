//! Adding, registering, forgetting.

use std::time::Duration;

use api::command::server::FlushRegistrations;
use api::command::web::{RemoveWebClient, UnregisterWebClient};
use api::event::AccountEvent;
use api::{ErrorKind, ObjectKind};

use super::*;
use crate::rig::Phone;

/// What the event socket shows of registrations.
fn accounts(event: &Event) -> Option<String> {
    let EventKind::Account(event) = &event.kind else {
        return None;
    };
    match &**event {
        AccountEvent::Registered {
            registration,
            refreshed,
            ..
        } => Some(format!(
            "register {}{}",
            registration.contact,
            if *refreshed { " again" } else { "" }
        )),
        AccountEvent::Unregistered { registration } => {
            Some(format!("unregister {}", registration.contact))
        }
        AccountEvent::RegisterFailed { user, .. } => Some(format!("failure {user}")),
        _ => None,
    }
}

#[test]
fn a_client_registers_and_is_shown_as_a_phone() {
    let mut rig = rig();
    let client = add(&mut rig, 7, "1001@127.0.0.1");
    assert_eq!(rig.seen(told), Vec::<String>::new());
    rig.get(RegisterWebClient {
        client,
        contact_parameters: vec![
            ("pn-tok".into(), "abc".into()),
            ("pn-app".into(), "no;good".into()),
        ],
    })
    .unwrap();
    assert_eq!(rig.seen(told), ["7: registering", "7: registered"]);
    let shown = rig.view.registrations.values().next().unwrap().clone();
    assert_eq!(
        (
            &*shown.user,
            &*shown.domain,
            &*shown.profile,
            shown.transport
        ),
        ("1001", "127.0.0.1", "internal", "ws")
    );
    assert_eq!(
        &*shown.contact,
        "\"\" <sip:1001@web-7.invalid;transport=ws;pn-tok=abc>"
    );
    assert_eq!((&*shown.user_agent, shown.source), ("Page/1", source()));
    let contact = rig.get(api::command::server::Expand {
        channel: None,
        text: "${sofia_contact(*/1001@127.0.0.1)}".into(),
    });
    assert_eq!(
        contact,
        Ok(Answer::Text(
            "sofia/internal/sip:1001@web-7.invalid;transport=ws".into()
        ))
    );
    rig.get(UnregisterWebClient { client }).unwrap();
    assert_eq!(rig.seen(told), Vec::<String>::new(), "leaving is silent");
    assert!(rig.view.registrations.is_empty());
    // Unregistering twice is no error; an unknown client is one.
    rig.get(UnregisterWebClient { client }).unwrap();
    rig.get(RemoveWebClient { client }).unwrap();
    assert_eq!(
        rig.get(RemoveWebClient { client }).unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::User)
    );
    assert_eq!(rig.switch.census().web_clients, 0);
}

#[test]
fn an_alias_of_the_domain_is_another_realm_of_the_same_account() {
    let mut rig = rig();
    registered(&mut rig, 1, "1001@localhost");
    registered(&mut rig, 2, "1001@127.0.0.1");
    assert_eq!(
        rig.seen(told),
        [
            "1: registering",
            "1: registered",
            "2: registering",
            "2: registered"
        ]
    );
    let domains: Vec<_> = rig
        .view
        .registrations
        .values()
        .map(|r| (r.domain.to_string(), r.auth_realm.to_string()))
        .collect();
    assert_eq!(
        domains,
        [
            ("127.0.0.1".to_owned(), "localhost".to_owned()),
            ("127.0.0.1".to_owned(), "127.0.0.1".to_owned())
        ]
    );
    // A hash is good for the realm it was made with.
    add_with(&mut rig, 3, "1001@localhost", hash_of("1001@127.0.0.1")).unwrap();
    register(&mut rig, WebClientId(3)).unwrap();
    assert_eq!(
        rig.seen(told),
        [
            "3: registering",
            "3: failed 904 Operation has no matching challenge "
        ]
    );
}

#[test]
fn wrong_passwords_and_unknown_users_are_refused_alike() {
    let mut rig = rig();
    add_with(&mut rig, 1, "1001@127.0.0.1", hash_of("1000@127.0.0.1")).unwrap();
    add_with(&mut rig, 2, "4711@127.0.0.1", hash_of("1000@127.0.0.1")).unwrap();
    for number in [1, 2] {
        register(&mut rig, WebClientId(number)).unwrap();
    }
    assert_eq!(
        rig.seen(told),
        [
            "1: registering",
            "1: failed 904 Operation has no matching challenge ",
            "2: registering",
            "2: failed 904 Operation has no matching challenge "
        ]
    );
    assert!(rig.view.registrations.is_empty());
    let foreign = add(&mut rig, 3, "guest@guest.example");
    assert_eq!(
        register(&mut rig, foreign).unwrap_err().kind,
        ErrorKind::NotSupported,
        "nobody knows its domain"
    );
    assert_eq!(
        add_with(&mut rig, 3, "1001@127.0.0.1", hash_of("1001@127.0.0.1"))
            .unwrap_err()
            .kind,
        ErrorKind::AlreadyExists(ObjectKind::User)
    );
}

#[test]
fn whoever_guesses_is_not_listened_to_but_those_who_are_in_stay_in() {
    let mut rig = rig();
    let inside = registered(&mut rig, 1, "1000@127.0.0.1");
    add_with(&mut rig, 2, "1001@127.0.0.1", hash_of("1000@127.0.0.1")).unwrap();
    for _ in 0..60 {
        register(&mut rig, WebClientId(2)).unwrap();
    }
    rig.events.clear();
    let right = registered(&mut rig, 3, "1001@127.0.0.1");
    assert_eq!(
        rig.seen(told),
        ["3: registering", "3: failed 403 Forbidden"]
    );
    rig.pass(Duration::from_secs(61));
    register(&mut rig, right).unwrap();
    assert_eq!(rig.seen(told), ["3: registering", "3: registered"]);
    rig.pass(Duration::from_secs(600));
    assert_eq!(rig.seen(told), Vec::<String>::new(), "renewals are silent");
    assert_eq!(rig.view.registrations.size(), 2);
    assert!(rig.switch.web.get(inside).is_some());
}

#[test]
fn a_registration_is_renewed_as_long_as_its_account_is_what_it_was() {
    let mut rig = rig();
    registered(&mut rig, 1, "1001@127.0.0.1");
    let first = rig.view.registrations.values().next().unwrap().clone();
    rig.events.clear();
    rig.pass(Duration::from_secs(301));
    assert_eq!(
        rig.seen(accounts),
        ["register \"\" <sip:1001@web-1.invalid;transport=ws> again"]
    );
    let later = rig.view.registrations.values().next().unwrap().clone();
    assert_eq!(later.serial, first.serial);
    assert!(later.expires > first.expires);
    // The user is gone from the directory.
    rig.switch.view.directory = Arc::default();
    rig.pass(Duration::from_secs(300));
    assert_eq!(
        rig.seen(told),
        ["1: failed 904 Operation has no matching challenge "]
    );
    assert!(rig.view.registrations.is_empty());
}

#[test]
fn an_operator_drops_pages_and_phones_alike() {
    let mut rig = rig();
    registered(&mut rig, 1, "1001@127.0.0.1");
    let mut phone = Phone::new("1001", "127.0.0.1:5601", sip::transport::Transport::Udp, 11);
    assert_eq!(phone.register(&mut rig, "1234", 120), 200);
    assert_eq!(rig.view.registrations.size(), 2);
    rig.events.clear();
    let flushed = rig.get(FlushRegistrations {
        profile: "internal".into(),
        matching: Some("1001@127.0.0.1".into()),
    });
    assert_eq!(flushed, Ok(Answer::Count(2)));
    assert_eq!(rig.seen(told), ["1: failed 503 Service Unavailable"]);
    assert!(rig.view.registrations.is_empty());
}
