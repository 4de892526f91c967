//! Changes of a call between two pages.

use std::time::Duration;

use api::ErrorKind;
use api::command::channel::{LegChoice, Transfer};
use api::command::web::UpdateWebCall;

use super::*;

fn both() -> String {
    format!("{AUDIO}{VIDEO}")
}

/// An offer as browsers write it.
fn offer() -> String {
    format!("{}a=setup:actpass\r\n", both())
}

/// An answer as browsers write it.
fn answer_with(pictures: bool) -> String {
    let pictures = if pictures { VIDEO } else { "" };
    format!("{AUDIO}{pictures}a=setup:active\r\n")
}

fn update(rig: &mut Rig, channel: &ChannelId, sdp: &str) -> Result<(), ErrorKind> {
    rig.get(UpdateWebCall {
        channel: channel.clone(),
        sdp: sdp.into(),
    })
    .map(drop)
    .map_err(|error| error.kind)
}

/// Page 1 talks to page 2; nothing of that is left to see.
fn talking(offer: &str, answered: &str) -> (Rig, ChannelId, ChannelId) {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    let callee = registered(&mut rig, 2, "1001@127.0.0.1");
    let a = place(&mut rig, caller, "1001@127.0.0.1", offer);
    let b = call_of(&rig, callee);
    answer(&mut rig, &b, answered).unwrap();
    rig.events.clear();
    rig.peers.commands.clear();
    (rig, a, b)
}

fn over(mut rig: Rig, call: &ChannelId) {
    end(&mut rig, call, 486);
    check_idle(&rig);
}

#[test]
fn pictures_begin_when_the_other_page_takes_them() {
    for caller_asks in [true, false] {
        let (mut rig, a, b) = talking(AUDIO, AUDIO);
        let ((asking, one), (asked, two)) = if caller_asks {
            ((&a, 1), (&b, 2))
        } else {
            ((&b, 2), (&a, 1))
        };
        update(&mut rig, asking, &offer()).unwrap();
        assert_eq!(
            rig.seen(told),
            [format!("{two}: update received offer of {two}")],
            "the other page first"
        );
        assert_eq!(rig.peers.orders(), [format!("offer {two} opus+VP8")]);
        assert_eq!(
            update(&mut rig, asking, &offer()),
            Err(ErrorKind::InvalidState),
            "one at a time"
        );
        // One of them has no camera, and looks only.
        let camera = if caller_asks { "" } else { "a=recvonly\r\n" };
        update(&mut rig, asked, &format!("{}{camera}", answer_with(true))).unwrap();
        assert_eq!(
            rig.seen(told),
            [format!("{one}: update accepted answer of {one}")]
        );
        assert_eq!(
            rig.peers.orders(),
            [
                format!("take {two}"),
                format!("accept {one} opus+VP8"),
                format!("link {one} {two}")
            ]
        );
        // From here on a hold is nobody else's business.
        update(&mut rig, asking, &format!("{}a=sendonly\r\n", both())).unwrap();
        assert_eq!(
            rig.seen(told),
            [format!("{one}: update accepted answer of {one}")]
        );
        assert_eq!(rig.peers.orders(), [format!("accept {one} opus+VP8")]);
        over(rig, &a);
    }
}

#[test]
fn a_page_that_wants_no_pictures_keeps_the_call_as_it_is() {
    let (mut rig, a, b) = talking(AUDIO, AUDIO);
    let asleep = format!("{}a=inactive\r\n", answer_with(true));
    for (said, heard) in [
        (answer_with(false), None),
        ("refuse".to_owned(), Some(488)),
        (asleep, None),
    ] {
        update(&mut rig, &a, &offer()).unwrap();
        rig.events.clear();
        rig.peers.commands.clear();
        update(&mut rig, &b, &said).unwrap();
        let mut expected: Vec<String> = heard
            .map(|_| "2: update failed 488 Not Acceptable Here".to_owned())
            .into_iter()
            .collect();
        expected.push("1: update accepted answer of 1".into());
        assert_eq!(rig.seen(told), expected, "{said}");
        assert_eq!(
            rig.peers.orders(),
            ["take 2", "accept 1 opus"],
            "an answer without pictures"
        );
    }
    over(rig, &b);
}

#[test]
fn a_silent_page_is_waited_for_ten_seconds() {
    let (mut rig, a, b) = talking(AUDIO, AUDIO);
    update(&mut rig, &a, &offer()).unwrap();
    rig.events.clear();
    rig.pass(Duration::from_millis(9900));
    assert_eq!(rig.seen(told), Vec::<String>::new());
    rig.pass(Duration::from_millis(200));
    assert_eq!(
        rig.seen(told),
        [
            "2: update failed 408 Request Timeout",
            "1: update accepted answer of 1"
        ]
    );
    assert_eq!(
        update(&mut rig, &b, &answer_with(true)),
        Err(ErrorKind::InvalidState),
        "too late"
    );
    // The time of the first change does not end the second one.
    update(&mut rig, &a, &offer()).unwrap();
    update(&mut rig, &b, &answer_with(false)).unwrap();
    update(&mut rig, &a, &offer()).unwrap();
    rig.pass(Duration::from_secs(5));
    rig.events.clear();
    update(&mut rig, &b, &answer_with(true)).unwrap();
    assert_eq!(rig.seen(told), ["1: update accepted answer of 1"]);
    over(rig, &a);
}

#[test]
fn a_page_that_cannot_be_asked_is_not() {
    let mut rig = rig();
    let caller = add(&mut rig, 1, "1000@127.0.0.1");
    rig.get(AddWebClient {
        client: WebClientId(2),
        user: "1001".into(),
        domain: "127.0.0.1".into(),
        ha1: hash_of("1001@127.0.0.1"),
        display_name: "".into(),
        user_agent: "".into(),
        header_prefixes: Vec::new(),
        source: source(),
        takes_updates: false,
    })
    .unwrap();
    register(&mut rig, WebClientId(2)).unwrap();
    let a = place(&mut rig, caller, "1001@127.0.0.1", AUDIO);
    let b = call_of(&rig, WebClientId(2));
    answer(&mut rig, &b, AUDIO).unwrap();
    rig.events.clear();
    rig.peers.commands.clear();
    update(&mut rig, &a, &offer()).unwrap();
    assert_eq!(rig.seen(told), ["1: update accepted answer of 1"]);
    assert_eq!(rig.peers.orders(), ["accept 1 opus"]);
    over(rig, &a);
}

#[test]
fn pictures_that_end_are_told_to_the_other_page() {
    let (mut rig, a, b) = talking(&both(), &both());
    update(&mut rig, &a, AUDIO).unwrap();
    assert_eq!(
        rig.seen(told),
        [
            "1: update accepted answer of 1",
            "2: update received offer of 2"
        ]
    );
    let orders = rig.peers.orders();
    assert!(orders.contains(&"offer 2 opus".to_owned()), "{orders:?}");
    assert!(orders.contains(&"unlink 1 2".to_owned()), "{orders:?}");
    update(&mut rig, &b, &answer_with(false)).unwrap();
    assert_eq!(rig.seen(told), Vec::<String>::new());
    // And come back from the other side.
    update(&mut rig, &b, &offer()).unwrap();
    assert_eq!(rig.seen(told), ["1: update received offer of 1"]);
    update(&mut rig, &a, &answer_with(true)).unwrap();
    assert_eq!(rig.seen(told), ["2: update accepted answer of 2"]);
    assert_eq!(
        rig.peers.orders(),
        [
            "take 2",
            "offer 1 opus+VP8",
            "take 1",
            "accept 2 opus+VP8",
            "link 2 1"
        ]
    );
    over(rig, &b);
}

#[test]
fn of_two_changes_at_once_one_fails() {
    let (mut rig, a, b) = talking(AUDIO, AUDIO);
    update(&mut rig, &a, &offer()).unwrap();
    update(&mut rig, &b, &offer()).unwrap();
    assert_eq!(
        rig.seen(told),
        [
            "2: update received offer of 2",
            "2: update failed 491 Request Pending"
        ]
    );
    update(&mut rig, &b, &answer_with(true)).unwrap();
    assert_eq!(rig.seen(told), ["1: update accepted answer of 1"]);
    // While our offer is still being written, too.
    let (mut rig, a, b) = {
        over(rig, &a);
        talking(AUDIO, AUDIO)
    };
    rig.peers.silent = true;
    update(&mut rig, &a, &offer()).unwrap();
    update(&mut rig, &b, &offer()).unwrap();
    assert_eq!(rig.seen(told), ["2: update failed 491 Request Pending"]);
    over(rig, &b);
}

#[test]
fn a_page_whose_far_side_goes_is_answered() {
    let (mut rig, a, b) = talking(AUDIO, AUDIO);
    update(&mut rig, &a, &offer()).unwrap();
    rig.events.clear();
    rig.get(Transfer {
        channel: a.clone(),
        leg: LegChoice::Both,
        extension: "park".into(),
        dialplan: Some("inline".into()),
        context: None,
    })
    .unwrap();
    assert_eq!(rig.seen(told), ["1: update accepted answer of 1"]);
    update(&mut rig, &b, &answer_with(true)).unwrap();
    assert_eq!(
        rig.seen(told),
        Vec::<String>::new(),
        "nobody waits for it any more"
    );
    end(&mut rig, &a, 486);
    over(rig, &b);
}

#[test]
fn a_page_that_ends_the_call_instead_of_answering_ends_it() {
    let (mut rig, a, b) = talking(AUDIO, AUDIO);
    update(&mut rig, &a, &offer()).unwrap();
    rig.events.clear();
    end(&mut rig, &b, 486);
    let told = rig.seen(told);
    assert!(
        told.contains(&"1: terminated 200 Session Terminated".to_owned()),
        "{told:?}"
    );
    check_idle(&rig);
}
