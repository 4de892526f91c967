//! Subscriptions of peers: the dialog, its order, its end (RFC 6665 §4.2).

#![allow(clippy::unwrap_used, reason = "a test may fail here")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for the events it is about"
)]
#![allow(dead_code, reason = "each test file uses its part of the kit")]

mod desk;

use std::time::Duration;

use bytes::Bytes;
use desk::{Desk, codes, methods, request, response};
use jackfield_sip::message::{HeaderName, Message};
use jackfield_sip::{
    EndpointConfig, EndpointError, Event, IncomingRequest, Limits, RequestId, SubscriptionId,
};

const CONTACT: &str = "sip:mod_sofia@192.0.2.1:5060";

fn subscribe(branch: &str, tag: &str, number: u32, extra: &str) -> String {
    let cseq = format!("{number} SUBSCRIBE");
    request("SUBSCRIBE sip:alice@192.0.2.1", branch, tag, &cseq, extra)
}

/// The SUBSCRIBE the endpoint has handed up, and the subscription it is in.
fn asked(desk: &mut Desk) -> (RequestId, Option<SubscriptionId>, IncomingRequest) {
    let [event] = <[Event; 1]>::try_from(desk.events()).unwrap();
    match event {
        Event::Request {
            id,
            session: None,
            request,
        } => (id, None, request),
        Event::Resubscribe {
            id,
            subscription,
            request,
        } => (id, Some(subscription), request),
        other => panic!("{other:?}"),
    }
}

fn expires(seconds: u32) -> [(String, String); 1] {
    [("Expires".to_owned(), seconds.to_string())]
}

fn subscribed(desk: &mut Desk, extra: &str) -> (SubscriptionId, Message) {
    desk.hear(&subscribe("a", "", 7, extra));
    let (id, known, request) = asked(desk);
    assert_eq!(known, None);
    let made = desk
        .endpoint
        .accept_subscription(desk.now, id, &request, CONTACT, &expires(600));
    let answer = desk.said().remove(0);
    (made.unwrap(), answer)
}

fn notify(desk: &mut Desk, id: SubscriptionId) -> Message {
    let headers = [("Event".to_owned(), "message-summary".to_owned())];
    let body = Some(("text/plain", Bytes::from_static(b"yes")));
    desk.endpoint.notify(desk.now, id, &headers, body).unwrap();
    desk.said().remove(0)
}

fn outcome(desk: &mut Desk) -> Option<(u16, bool)> {
    desk.events().into_iter().find_map(|event| match event {
        Event::Response { code, response, .. } => Some((code, response.is_some())),
        _ => None,
    })
}

#[test]
fn notifies_go_in_the_dialog_the_subscribe_made() {
    let mut desk = Desk::new();
    let route = "Record-Route: <sip:198.51.100.7:5060;lr>\r\nRecord-Route: <sip:10.0.0.2;lr>\r\n";
    let (id, answer) = subscribed(&mut desk, route);
    assert_eq!(answer.code(), Some(200));
    assert_eq!(answer.header(HeaderName::Expires), Some("600"));
    assert_eq!(answer.contact().unwrap().uri, CONTACT);
    let routes: Vec<_> = answer.header_list(HeaderName::RecordRoute).collect();
    assert_eq!(routes, ["<sip:198.51.100.7:5060;lr>", "<sip:10.0.0.2;lr>"]);
    let tag = answer.to().unwrap().tag().unwrap().to_owned();

    let first = notify(&mut desk, id);
    assert_eq!(first.request_uri(), Some("sip:bob@198.51.100.7:5060"));
    assert_eq!(first.from().unwrap().tag(), Some(&*tag));
    assert_eq!(first.to().unwrap().tag(), Some("peer"));
    assert_eq!(first.call_id(), "c1");
    assert_eq!(first.contact().unwrap().uri, CONTACT);
    let routes: Vec<_> = first.header_list(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:198.51.100.7:5060;lr>", "<sip:10.0.0.2;lr>"]);
    assert_eq!(&first.body()[..], b"yes");
    desk.hear(&response(&first, 200, "", ""));
    assert_eq!(outcome(&mut desk), Some((200, true)));
    let second = notify(&mut desk, id);
    let number = |message: &Message| message.cseq().unwrap().number;
    assert_eq!(number(&second), number(&first) + 1);
    desk.hear(&response(&second, 481, "", ""));
    assert_eq!(outcome(&mut desk), Some((481, true)));
    assert!(desk.endpoint.end_subscription(id));
    assert!(!desk.endpoint.end_subscription(id));
    desk.finish();
}

#[test]
fn a_refresh_belongs_to_its_subscription_and_to_no_other() {
    let mut desk = Desk::new();
    let (id, answer) = subscribed(&mut desk, "");
    let tag = answer.to().unwrap().tag().unwrap().to_owned();
    assert_eq!(
        codes(&desk.hear(&subscribe("b", "0123456789abcdef", 8, ""))),
        [481]
    );
    let upper = tag.to_uppercase();
    if upper != tag {
        assert_eq!(codes(&desk.hear(&subscribe("c", &upper, 8, ""))), [481]);
    }
    let other_call = subscribe("d", &tag, 8, "").replace("Call-ID: c1", "Call-ID: c2");
    assert_eq!(codes(&desk.hear(&other_call)), [481]);
    let other_peer = subscribe("e", &tag, 8, "").replace("tag=peer", "tag=else");
    assert_eq!(codes(&desk.hear(&other_peer)), [481]);
    assert_eq!(
        codes(&desk.hear(&subscribe("f", &tag, 7, ""))),
        [500],
        "an old one"
    );

    let moved =
        subscribe("g", &tag, 9, "").replace("bob@198.51.100.7:5060>", "bob@198.51.100.9:5070>");
    assert!(desk.hear(&moved).is_empty());
    let (request_id, known, request) = asked(&mut desk);
    assert_eq!(known, Some(id));
    let refreshed =
        desk.endpoint
            .refresh_subscription(desk.now, request_id, id, &request, &expires(60));
    assert_eq!(refreshed, Ok(()));
    let said = desk.said().remove(0);
    assert_eq!(
        (said.code(), said.header(HeaderName::Expires)),
        (Some(200), Some("60"))
    );
    assert_eq!(said.contact().unwrap().uri, CONTACT);
    let again =
        desk.endpoint
            .refresh_subscription(desk.now, request_id, id, &request, &expires(60));
    assert_eq!(again, Err(EndpointError::UnknownRequest));
    let told = notify(&mut desk, id);
    assert_eq!(told.request_uri(), Some("sip:bob@198.51.100.9:5070"));
    // Other requests have nothing to do with it, but to ask how we are.
    let options = request_with_tag("OPTIONS", &tag, 10);
    assert_eq!(codes(&desk.hear(&options)), [200]);
    let bye = request_with_tag("BYE", &tag, 11);
    assert_eq!(codes(&desk.hear(&bye)), [481]);
    assert_eq!(desk.endpoint.counts().subscriptions, 1);
    assert!(desk.endpoint.end_subscription(id));
    assert_eq!(codes(&desk.hear(&subscribe("i", &tag, 12, ""))), [481]);
    let late = desk.endpoint.notify(desk.now, id, &[], None);
    assert_eq!(late, Err(EndpointError::UnknownSubscription));
    desk.finish();
}

fn request_with_tag(method: &str, tag: &str, number: u32) -> String {
    let first = format!("{method} sip:alice@192.0.2.1");
    request(&first, method, tag, &format!("{number} {method}"), "")
}

#[test]
fn who_does_not_answer_is_reported_after_sixty_four_t1() {
    let mut desk = Desk::new();
    let (id, _) = subscribed(&mut desk, "");
    notify(&mut desk, id);
    desk.wait(Duration::from_millis(31_900));
    assert!(methods(&desk.said()).len() > 5, "it is sent again");
    assert_eq!(outcome(&mut desk), None);
    desk.wait(Duration::from_millis(200));
    assert_eq!(outcome(&mut desk), Some((408, false)));
    assert!(desk.endpoint.end_subscription(id));
    desk.finish();
}

#[test]
fn what_cannot_be_accepted() {
    let limits = Limits {
        subscriptions: 1,
        ..Limits::default()
    };
    let mut desk = Desk::with(EndpointConfig {
        limits,
        ..EndpointConfig::default()
    });
    let no_contact =
        subscribe("z", "", 1, "").replace("Contact: <sip:bob@198.51.100.7:5060>\r\n", "");
    desk.hear(&no_contact);
    let (id, _, request) = asked(&mut desk);
    let accept = |desk: &mut Desk, id, request: &IncomingRequest, contact: &str| {
        desk.endpoint
            .accept_subscription(desk.now, id, request, contact, &[])
    };
    let refused = accept(&mut desk, id, &request, CONTACT);
    assert_eq!(refused, Err(EndpointError::InvalidState));
    desk.endpoint
        .respond(desk.now, id, 400, "", &[], None)
        .unwrap();
    assert_eq!(codes(&desk.said()), [400]);

    let (first, _) = subscribed(&mut desk, "");
    let other = subscribe("b", "", 9, "").replace("Call-ID: c1", "Call-ID: c2");
    desk.hear(&other);
    let (id, _, request) = asked(&mut desk);
    let refused = accept(&mut desk, id, &request, "no uri");
    assert_eq!(refused, Err(EndpointError::InvalidUri));
    let refused = accept(&mut desk, id, &request, CONTACT);
    assert_eq!(refused, Err(EndpointError::LimitReached));
    assert!(desk.endpoint.end_subscription(first));
    let second = accept(&mut desk, id, &request, CONTACT).unwrap();
    let again = accept(&mut desk, id, &request, CONTACT);
    assert_eq!(again, Err(EndpointError::LimitReached));
    assert!(desk.endpoint.end_subscription(second));
    desk.finish();
}
