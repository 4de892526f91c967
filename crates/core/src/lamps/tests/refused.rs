//! Who may not subscribe, or not any more.

use sip::message::{HeaderName, Method};
use sip::transport::Transport;

use super::lamp::{Lamp, rig, said, told, words};
use crate::Input;
use crate::config_xml::{BUILT_IN_ROOT, Configuration, Files as _, Globals, built_in};
use crate::lamps::package::Package;
use crate::rig::{Phone, Rig};

#[test]
fn what_is_refused() {
    let mut rig = rig();
    let mut port = 5600;
    let mut refused = |rig: &mut Rig, user: &'static str, headers: &str| {
        port += 1;
        let (answer, told) = Lamp::new(user, port).subscribe_with(rig, headers);
        assert!(told.is_empty(), "{headers}");
        answer
    };
    for bad in [
        "Event: conference\r\n",
        "",
        "Event: message-summary.winfo\r\n",
    ] {
        let answer = refused(&mut rig, "1000", bad);
        assert_eq!(answer.code(), Some(489), "{bad}");
        let known = answer.header(HeaderName::AllowEvents);
        assert_eq!(known, Some("message-summary, dialog"));
    }
    let event = "Event: message-summary\r\n";
    let mut code = |user, headers: &str| {
        let headers = format!("{event}{headers}");
        refused(&mut rig, user, &headers)
    };
    let brief = code("1000", "Expires: 29\r\n");
    assert_eq!(brief.code(), Some(423));
    assert_eq!(brief.header(HeaderName::MinExpires), Some("30"));
    assert_eq!(code("1000", "Expires: soon\r\n").code(), Some(400));
    assert_eq!(code("1000", "Expires: -1\r\n").code(), Some(400));
    assert_eq!(code("1000", "Contact: <tel:1000>\r\n").code(), Some(400));
    assert_eq!(code("1000", "Accept: text/plain\r\n").code(), Some(406));
    assert_eq!(code("4711", "").code(), Some(404));
    assert_eq!(rig.switch.census().subscriptions, 0);
    // What is asked for too long is shortened, however long.
    let headers = "Accept: text/plain, application/*\r\nExpires: 99999999999999\r\n";
    let (answer, _) = Lamp::new("1000", 5801).subscribe(&mut rig, headers);
    assert_eq!(answer.header(HeaderName::Expires), Some("3600"));
}

#[test]
fn a_call_is_no_place_to_subscribe_nor_is_a_server_that_goes() {
    let mut rig = rig();
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let (_, mut talk) = rig.called("sofia/internal/9@127.0.0.1:5603", "127.0.0.1:5603", sdp);
    rig.sent();
    let event = "Event: message-summary\r\n";
    talk.request(&mut rig, &Method::Subscribe, event, "");
    assert_eq!(rig.last_final().code(), Some(403));
    let mut lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 600);
    rig.feed(Input::Shutdown);
    rig.sent();
    let (answer, told) = Lamp::new("1000", 5602).subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(503));
    assert!(answer.header(HeaderName::RetryAfter).is_some());
    assert!(told.is_empty());
    let (answer, _) = lamp.subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.code(), Some(200), "who leaves is let go");
}

#[test]
fn an_account_has_so_many_subscriptions_and_no_more() {
    let mut rig = rig();
    let ports = 6000..;
    let mut lamps: Vec<_> = ports
        .take(Package::Summary.most())
        .map(|port| Lamp::new("1000", port).subscribed(&mut rig, 600))
        .collect();
    let mut next = Lamp::new("1000", 7000);
    let (answer, told) = next.subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(503));
    assert_eq!(answer.header(HeaderName::RetryAfter), Some("300"));
    assert!(told.is_empty());
    let (answer, _) = Lamp::new("1000", 7001).subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(answer.code(), Some(200), "asking once keeps nothing");
    let (answer, _) = Lamp::new("1001", 7002).subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(200), "others have their own");
    assert_eq!(lamps[0].subscribe(&mut rig, "").0.code(), Some(200));
    lamps[1].subscribe(&mut rig, "Expires: 0\r\n");
    assert_eq!(next.subscribe(&mut rig, "").0.code(), Some(200));
}

#[test]
fn who_left_the_directory_is_told_so() {
    let mut rig = rig();
    let mut lamp = Lamp::new("1000", 5601).subscribed(&mut rig, 600);
    let stays = Lamp::new("1001", 5602).subscribed(&mut rig, 600);
    let mut files = built_in();
    let path = "/built-in/directory/default.xml";
    let text = files.read(path.as_ref()).unwrap();
    let without = text.replace("<user id=\"1000\"", "<user id=\"8000\"");
    assert_ne!(without, text);
    files.insert(path, without);
    let xml = Configuration::load(&files, BUILT_IN_ROOT.as_ref(), Globals::new()).unwrap();
    rig.feed(Input::XmlLoaded {
        request: api::RequestId(99),
        result: Ok(crate::Reloaded {
            configuration: Box::new(xml),
            gateways: None,
        }),
    });
    let last = told(&mut rig);
    assert_eq!(
        words(&last),
        [said(5601, "terminated;reason=noresource", "no")]
    );
    lamp.answer(&mut rig, &last[0], 200);
    assert_eq!(rig.switch.census().subscriptions, 1);
    assert_eq!(lamp.subscribe(&mut rig, "").0.code(), Some(481));
    drop(stays);
}

#[test]
fn everybody_may_subscribe_to_his_own_box_and_no_other() {
    let mut rig = Rig::new();
    let mut code = |user: &str, password: &str, whose: &str, port: u64| {
        let address = format!("127.0.0.1:{port}");
        let mut phone = Phone::new(user, &address, Transport::Udp, port);
        phone.subscribe(&mut rig, password, whose)
    };
    assert_eq!(code("1000", "1234", "1000", 5601), 200);
    assert_eq!(code("1000", "wrong", "1000", 5602), 403);
    assert_eq!(code("1000", "1234", "1001", 5603), 403);
    assert_eq!(code("1000", "1234", "4711", 5604), 404);
    // Who says nothing of himself is asked.
    let mut lamp = Lamp::new("1000", 5605);
    let (answer, told) = lamp.subscribe(&mut rig, "");
    assert_eq!(answer.code(), Some(407));
    assert!(answer.header(HeaderName::ProxyAuthenticate).is_some());
    assert!(told.is_empty());
}
