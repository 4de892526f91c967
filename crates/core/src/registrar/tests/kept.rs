//! What is kept of bindings, and what a next run makes of it.

use std::collections::BTreeMap;

use super::*;
use crate::{BindingNote, KeptBinding};

/// What a disk that writes everything has at the end.
fn disk(rig: &Rig) -> Vec<KeptBinding> {
    let mut kept = BTreeMap::new();
    for note in &rig.notes {
        match note {
            BindingNote::Keep(binding) => {
                drop(kept.insert(binding.key.clone(), (**binding).clone()))
            }
            BindingNote::Forget(key) => drop(kept.remove(key)),
        }
    }
    kept.into_values().collect()
}

/// The next run, on what the last one has left.
fn next_run(rig: &Rig) -> Rig {
    let mut after = config();
    after.node = api::NodeId(api::Uuid::from_u128(8));
    after.bindings = disk(rig);
    let mut next = Rig::with(after);
    next.feed(Input::Tick);
    next
}

#[test]
fn the_next_run_knows_a_phone_and_tells_nobody() {
    let mut rig = Rig::new();
    let mut nobody = Phone::new("1001", "127.0.0.1:5602", Transport::Udp, 12);
    assert_eq!(nobody.register(&mut rig, "1234", 300), 200);
    let mut known = phone("1000");
    assert_eq!(known.register(&mut rig, "1234", 300), 200);
    assert_eq!(nobody.register(&mut rig, "1234", 0), 200);
    let shown = rig.view.registrations.values().next().unwrap().clone();
    let way = rig.switch.contacts_of("127.0.0.1", "1000").remove(0);

    let mut next = next_run(&rig);
    assert_eq!(next.seen(accounts), Vec::<String>::new());
    let again: Vec<_> = next.view.registrations.values().cloned().collect();
    assert_eq!(again, std::slice::from_ref(&shown));
    let contact = next.switch.contacts_of("127.0.0.1", "1000").remove(0);
    assert_eq!((contact.target, &contact.dial), (way.target, &way.dial));
    let dialled = next.switch.dialled_contact(&shown.contact_uri);
    assert_eq!(dialled.unwrap().unwrap().target, way.target);
    assert!(next.notes.is_empty(), "it is kept as it is");

    // A refresh is one, and kept in the same place; new phones get other numbers.
    assert_eq!(known.register(&mut next, "1234", 200), 200);
    assert_eq!(
        next.seen(accounts),
        ["attempt 1000 RENEWED", "register 1000 200 again"]
    );
    assert_eq!(nobody.register(&mut next, "1234", 300), 200);
    let serials: Vec<_> = next.view.registrations.keys().copied().collect();
    assert_eq!(serials, [shown.serial, shown.serial + 1]);
    let keys = |notes: &[BindingNote]| {
        notes
            .iter()
            .map(|note| note.key().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&next.notes)[0], keys(&rig.notes)[1]);
    assert_eq!(known.register(&mut next, "1234", 0), 200);
    let left = disk(&next);
    assert_eq!((left.len(), &*left[0].user), (1, "1001"));
}

#[test]
fn a_binding_of_an_earlier_run_ends_when_its_time_has_come() {
    let mut rig = Rig::new();
    assert_eq!(phone("1000").register(&mut rig, "1234", 60), 200);
    let mut next = next_run(&rig);
    next.pass(Duration::from_millis(59_900));
    assert_eq!(next.seen(accounts), Vec::<String>::new());
    next.pass(Duration::from_millis(200));
    assert_eq!(next.seen(accounts), ["expire 1000"]);
    assert_eq!(
        next.notes,
        [BindingNote::Forget(rig.notes[0].key().clone())]
    );

    // One that has ended before is not even looked at.
    for kept in &mut rig.notes {
        if let BindingNote::Keep(kept) = kept {
            kept.expires = kept.refreshed;
        }
    }
    let mut late = next_run(&rig);
    assert!(late.view.registrations.is_empty());
    late.pass(Duration::from_secs(1));
    assert_eq!(late.seen(accounts), Vec::<String>::new());
}

#[test]
fn an_older_register_of_an_earlier_run_is_still_older() {
    let mut rig = Rig::new();
    let mut later = phone("1000");
    let mut earlier = phone("1000");
    assert_eq!(later.register(&mut rig, "1234", 60), 200);
    assert_eq!(later.register(&mut rig, "1234", 60), 200);
    assert_eq!(earlier.register(&mut next_run(&rig), "1234", 60), 500);
}

#[test]
fn whoever_is_gone_from_the_configuration_does_not_come_back() {
    let mut rig = Rig::new();
    assert_eq!(phone("1000").register(&mut rig, "1234", 60), 200);
    let [kept] = disk(&rig).try_into().unwrap();
    for gone in [
        KeptBinding {
            user: "4711".into(),
            ..kept.clone()
        },
        KeptBinding {
            profile: "gone".into(),
            ..kept.clone()
        },
        KeptBinding {
            way: "[::1]:5060".parse().unwrap(),
            ..kept
        },
    ] {
        let mut after = config();
        after.bindings = vec![gone];
        let mut next = Rig::with(after);
        next.feed(Input::Tick);
        assert!(next.view.registrations.is_empty());
    }
}

#[test]
fn over_tcp_only_who_listens_where_it_says_comes_back() {
    let register = |contact: &str, header: Option<(&str, &str)>| {
        let mut rig = Rig::new();
        let mut phone = Phone::new("1000", "192.0.2.1:40000", Transport::Tcp, 21);
        phone.contact = Some(contact.into());
        phone
            .headers
            .extend(header.map(|(name, value)| (name.into(), value.into())));
        assert_eq!(phone.register(&mut rig, "1234", 600), 200);
        rig
    };
    let listens = "sip:1000@192.0.2.1:5070;transport=tcp";
    let rig = register(listens, None);
    let shown = rig.view.registrations.values().next().unwrap().clone();
    let next = next_run(&rig);
    assert_eq!(next.view.registrations.values().next(), Some(&shown));
    let target = next
        .switch
        .contacts_of("127.0.0.1", "1000")
        .remove(0)
        .target;
    let way = (target.remote.to_string(), target.transport);
    assert_eq!(way, ("192.0.2.1:5070".to_owned(), Transport::Tcp));
    // The connection it came by is none of the next run's.
    let mut next = next;
    next.feed(Input::FlowClosed(sip::transport::FlowId(21)));
    assert_eq!(next.view.registrations.size(), 1);

    for (contact, header) in [
        ("sip:1000@10.0.0.1:5070;transport=tcp", None),
        ("sip:1000@phone.example:5070;transport=tcp", None),
        ("sip:1000@192.0.2.1:5070", None),
        ("sip:1000@192.0.2.1:5070;transport=tcp;ob", None),
        (listens, Some(("Path", "<sip:edge.example;lr>"))),
    ] {
        let rig = register(contact, header);
        assert_eq!(rig.view.registrations.size(), 1);
        assert!(disk(&rig).is_empty(), "{contact}");
    }
}

#[test]
fn over_tls_only_who_listens_with_tls_comes_back_and_only_where_there_is_tls() {
    let mut secure = config();
    secure.profiles[0].tls = Some("127.0.0.1:5061".parse().unwrap());
    for (contact, is_kept) in [
        ("sip:1000@192.0.2.1:5071;transport=tls", true),
        ("sips:1000@192.0.2.1:5071", true),
        ("sip:1000@192.0.2.1:5071;transport=tcp", false),
        ("sip:1000@192.0.2.1:5071", false),
    ] {
        let mut rig = Rig::with(secure.clone());
        let mut phone = Phone::new("1000", "192.0.2.1:40000", Transport::Tls, 21);
        phone.contact = Some(contact.into());
        assert_eq!(phone.register(&mut rig, "1234", 600), 200);
        let kept = disk(&rig);
        assert_eq!(kept.len(), usize::from(is_kept), "{contact}");
        if !is_kept {
            continue;
        }
        let mut next = secure.clone();
        next.bindings = kept.clone();
        let next = Rig::with(next);
        let target = next
            .switch
            .contacts_of("127.0.0.1", "1000")
            .remove(0)
            .target;
        assert_eq!(
            (target.remote.to_string().as_str(), target.transport),
            ("192.0.2.1:5071", Transport::Tls)
        );
        assert_eq!(target.local, "127.0.0.1:5061".parse().unwrap());
        let mut without = config();
        without.bindings = kept;
        assert_eq!(Rig::with(without).view.registrations.size(), 0);
    }
}

#[test]
fn what_is_found_late_is_told_and_gives_way_to_who_was_quicker() {
    let mut rig = Rig::new();
    assert_eq!(phone("1000").register(&mut rig, "1234", 300), 200);
    let mut other = Phone::new("1001", "127.0.0.1:5602", Transport::Udp, 12);
    assert_eq!(other.register(&mut rig, "1234", 300), 200);
    let mut after = config();
    after.node = api::NodeId(api::Uuid::from_u128(8));
    let mut next = Rig::with(after);
    assert_eq!(phone("1000").register(&mut next, "1234", 200), 200);
    next.seen(accounts);
    next.notes.clear();
    next.feed(Input::BindingsFound(disk(&rig)));
    assert_eq!(next.seen(accounts), ["register 1001 300"]);
    assert_eq!(
        next.notes,
        [BindingNote::Forget(rig.notes[0].key().clone())]
    );
    let shown: Vec<_> = next
        .view
        .registrations
        .iter()
        .map(|(serial, one)| (*serial, one.user.to_string()))
        .collect();
    assert_eq!(shown, [(1, "1000".to_owned()), (2, "1001".to_owned())]);
    next.pass(Duration::from_secs(301));
    assert_eq!(next.seen(accounts), ["expire 1000", "expire 1001"]);
}
