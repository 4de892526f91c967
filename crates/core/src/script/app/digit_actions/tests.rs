use api::command::channel::ReceiveDtmf;
use api::event::{EventKind, SystemEvent};

use super::*;
use crate::rig::Rig;

fn press(rig: &mut Rig, id: &ChannelId, digits: &str) {
    let (channel, digits) = (id.clone(), digits.into());
    rig.get(ReceiveDtmf { channel, digits }).unwrap();
}

fn is(rig: &Rig, id: &ChannelId, name: &str) -> Option<String> {
    rig.channel(id).variable(name).map(str::to_owned)
}

/// A channel that has run these and is bridged; and its partner.
fn bridged(rig: &mut Rig, applications: &str) -> (ChannelId, ChannelId) {
    let a = rig.park("null/a");
    rig.run(&a, &format!("{applications},bridge:null/b"));
    let b = rig.channel(&a).bridged_to.clone().unwrap();
    (a, b)
}

#[test]
fn bindings_as_dialplans_write_them() {
    let binding =
        parse("my_digits,11,exec:execute_extension,att_xfer XML default,both,self").unwrap();
    assert_eq!((binding.listens, binding.on), (Leg::Both, Leg::Own));
    let What::Application(name, data) = &binding.what else {
        panic!("{binding:?}");
    };
    assert_eq!(
        (&**name, &**data),
        ("execute_extension", "att_xfer XML default")
    );
    let binding = parse("r,~^\\d+$,api:hupall").unwrap();
    assert!(matches!(binding.digits, Digits::Matching(_)));
    assert_eq!((binding.listens, binding.on), (Leg::Own, Leg::Own));
    let binding = parse("r,*1,api:log,INFO a,b ${x},peer").unwrap();
    assert_eq!(binding.listens, Leg::Peer);
    assert!(matches!(binding.what, What::Console(line) if &*line == "log INFO a,b \\${x}"));
    for wrong in [
        "",
        "r,1",
        "r,,exec:hangup",
        ",1,exec:hangup",
        "r,1,hangup",
        "r,1,exec:",
        "r,~(,exec:hangup",
    ] {
        assert!(parse(wrong).is_none(), "{wrong}");
    }
}

// The commas of the inline dialplan and of bindings are the same, so bindings are set with another separator here.
fn bind(rig: &mut Rig, id: &ChannelId, data: &str) {
    bind_digit_action(&mut rig.switch, id, data);
}

#[test]
fn the_realm_in_force_decides_and_other_digits_go_on() {
    let mut rig = Rig::new();
    let (a, b) = bridged(&mut rig, "set:x=1");
    bind(&mut rig, &a, "one,*1,exec:set,found=one");
    bind(&mut rig, &a, "two,*1,exec:set,found=two");
    press(&mut rig, &a, "*1");
    assert_eq!(is(&rig, &a, "found").as_deref(), Some("one"));
    assert_eq!(is(&rig, &a, "last_matching_digits").as_deref(), Some("*1"));
    digit_action_set_realm(&mut rig.switch, &a, "two");
    press(&mut rig, &a, "*1");
    assert_eq!(is(&rig, &a, "found").as_deref(), Some("two"));
    // The partner's digits are not meant.
    rig.switch.unset_var(&a, "found");
    press(&mut rig, &b, "*1");
    assert_eq!(is(&rig, &a, "found"), None);
    clear_digit_action(&mut rig.switch, &a, "two");
    press(&mut rig, &a, "*1");
    assert_eq!(is(&rig, &a, "found"), None);
}

/// A channel that reads digits until `#`.
fn reading(rig: &mut Rig, before: &str) -> ChannelId {
    let a = rig.park("null/a");
    rig.run(&a, &format!("{before},read:1 9 x.wav got 60000 #,park"));
    a
}

#[test]
fn digits_that_mean_nothing_reach_the_application() {
    let mut rig = Rig::new();
    let a = reading(&mut rig, "set:x=1");
    bind(&mut rig, &a, "r,*1,exec:set,found=yes");
    // What begins anew within it is found.
    press(&mut rig, &a, "2**13#");
    assert_eq!(is(&rig, &a, "found").as_deref(), Some("yes"));
    assert_eq!(is(&rig, &a, "got").as_deref(), Some("2*3"));
}

#[test]
fn longer_ones_are_waited_for() {
    let mut rig = Rig::new();
    let (a, _) = bridged(&mut rig, "set:bind_digit_digit_timeout=500");
    bind(&mut rig, &a, "r,1,exec:set,found=short");
    bind(&mut rig, &a, "r,123,exec:set,found=long");
    press(&mut rig, &a, "1");
    rig.pass(Duration::from_millis(400));
    assert_eq!(is(&rig, &a, "found"), None);
    rig.pass(Duration::from_millis(200));
    assert_eq!(is(&rig, &a, "found").as_deref(), Some("short"));
    press(&mut rig, &a, "123");
    assert_eq!(is(&rig, &a, "found").as_deref(), Some("long"));
}

#[test]
fn what_does_not_become_a_binding_in_time_goes_on() {
    let mut rig = Rig::new();
    let a = reading(&mut rig, "set:bind_digit_digit_timeout=500");
    bind(&mut rig, &a, "r,123#,exec:set,found=long");
    bind(&mut rig, &a, "r,~^9\\d{2}$,exec:set,found=pattern");
    press(&mut rig, &a, "12");
    rig.pass(Duration::from_millis(600));
    press(&mut rig, &a, "3#");
    rig.pass(Duration::from_millis(600));
    assert_eq!(is(&rig, &a, "got").as_deref(), Some("123"));
    assert_eq!(is(&rig, &a, "found"), None);
}

#[test]
fn patterns_legs_and_console_commands() {
    let mut rig = Rig::new();
    let (a, b) = bridged(&mut rig, "set:x=1");
    bind(
        &mut rig,
        &a,
        "r,~^9\\d{2}$,exec:set,found=pattern,peer,peer",
    );
    press(&mut rig, &b, "912");
    // It is the partner of whoever pressed.
    assert_eq!(is(&rig, &a, "found").as_deref(), Some("pattern"));
    assert_eq!(is(&rig, &b, "found"), None);
    bind(&mut rig, &a, "r,5,api:log,INFO pressed,self,both");
    rig.events.clear();
    press(&mut rig, &a, "5");
    let lines = rig.seen(|event| {
        let EventKind::System(SystemEvent::ConsoleLineDue { line, channel }) = &event.kind else {
            return None;
        };
        Some((line.to_string(), channel.clone()))
    });
    let line = || "log INFO pressed".to_owned();
    assert_eq!(lines, [(line(), Some(a.clone())), (line(), Some(b))]);
    clear_digit_action(&mut rig.switch, &a, "all,both");
    assert!(!rig.switch.has_digit_actions(&a));
}
