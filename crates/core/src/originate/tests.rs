//! Times of a call, and media that is slow to open.

use std::time::Duration;

use api::{HangupCause, RequestId};
use sip::message::Method;

use crate::rig::Rig;

fn failed(rig: &mut Rig, request: RequestId) -> Option<HangupCause> {
    let answer = rig.answers.remove(&request.0)?;
    Some(answer.unwrap_err().cause.expect("a cause"))
}

#[test]
fn a_leg_whose_time_is_over_before_its_media_has_opened_is_not_called() {
    for dial in [
        "{originate_timeout=5}sofia/internal/bob@192.0.2.1",
        "[leg_timeout=5]sofia/internal/bob@192.0.2.1",
    ] {
        let mut rig = Rig::new();
        rig.slow_media = true;
        let request = rig.call(dial);
        rig.pass(Duration::from_secs(6));
        rig.open_media();
        assert_eq!(
            failed(&mut rig, request),
            Some(HangupCause::NoAnswer),
            "{dial}"
        );
        let invites = |message: &sip::message::Message| message.method() == Some(&Method::Invite);
        assert!(!rig.take_sent().iter().any(invites), "{dial}");
        rig.pass(Duration::from_secs(1));
        let census = rig.switch.census();
        assert_eq!((census.originates, census.legs, census.channels), (0, 0, 0));
    }
}

#[test]
fn times_past_the_end_of_the_clock_are_long_times() {
    for dial in [
        "{originate_timeout=18446744073709551615}sofia/internal/bob@192.0.2.1",
        "{call_timeout=10000000000000000000}sofia/internal/bob@192.0.2.1",
        "[leg_timeout=18446744073709551615,leg_delay_start=18446744073709551615]null/x",
        "{park_timeout=18446744073709551615}null/x",
        "{enable_heartbeat_events=18446744073709551615}null/x",
    ] {
        let mut rig = Rig::new();
        let request = rig.call(dial);
        rig.pass(Duration::from_secs(3));
        assert_eq!(
            rig.answers.contains_key(&request.0),
            dial.ends_with("null/x") && !dial.contains("delay"),
            "{dial}"
        );
    }
    let mut rig = Rig::new();
    let id = rig.park("null/x");
    rig.run(&id, "sleep:18446744073709551615");
    assert!(rig.switch.channels[&id].is_up());
}
