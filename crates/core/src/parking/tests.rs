use api::command::channel::Hangup;
use api::{Answer, HangupCause};

use super::*;
use crate::rig::Rig;

fn told(rig: &mut Rig) -> Vec<String> {
    rig.seen(|event| {
        let EventKind::Parking(event) = &event.kind else {
            return None;
        };
        let what = match &event.action {
            ParkingAction::Parked => "parked",
            ParkingAction::Unparked(reason) => reason.name(),
        };
        Some(format!("{} {} {what}", event.name, event.parked.slot))
    })
}

fn application(rig: &Rig, id: &ChannelId) -> Option<String> {
    let application = rig.channel(id).application.clone();
    application.map(|(name, _)| name.to_string())
}

#[test]
fn the_first_parks_and_the_second_has_him() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    let b = rig.park("null/b");
    rig.run(&a, "valet_park:lot 6001");
    assert_eq!(told(&mut rig), ["lot 6001 parked"]);
    let lot = rig.view.lots.get("lot").unwrap().clone();
    assert_eq!(
        lot.slot("6001").map(|one| one.channel.clone()),
        Some(a.clone())
    );
    assert_eq!(rig.switch.census().plays, 1);
    rig.run(&b, "valet_park:lot 6001");
    assert_eq!(told(&mut rig), ["lot 6001 RETRIEVED"]);
    assert_eq!(rig.channel(&a).bridged_to, Some(b.clone()));
    assert!(rig.view.lots.is_empty());
    assert_eq!(rig.switch.census().plays, 0);
}

#[test]
fn slots_are_chosen_and_the_longest_parked_comes_out() {
    let mut rig = Rig::new();
    let park = |rig: &mut Rig| {
        let id = rig.park("null/a");
        rig.run(&id, "valet_park:lot auto in 6001 6002");
        rig.pass(Duration::from_secs(1));
        id
    };
    let first = park(&mut rig);
    park(&mut rig);
    let third = park(&mut rig);
    assert_eq!(told(&mut rig), ["lot 6001 parked", "lot 6002 parked"]);
    // The lot is full, and there was nothing else to do.
    assert!(!rig.switch.channels.contains_key(&third));
    let b = rig.park("null/b");
    rig.run(&b, "valet_park:lot auto out 6001 6002");
    assert_eq!(rig.channel(&b).bridged_to, Some(first));
    assert_eq!(told(&mut rig), ["lot 6001 RETRIEVED"]);
}

#[test]
fn whoever_is_there_too_long_goes_to_the_orbit_or_on() {
    let mut rig = Rig::new();
    let a = rig.park("{valet_parking_timeout=30}null/a");
    rig.run(&a, "valet_park:lot 6001,echo");
    let b = rig.park("{valet_parking_timeout=30,valet_parking_orbit_exten=5000}null/b");
    rig.run(&b, "valet_park:lot 6002");
    rig.pass(Duration::from_secs(29));
    told(&mut rig);
    rig.pass(Duration::from_secs(2));
    assert_eq!(told(&mut rig), ["lot 6001 TIMEOUT", "lot 6002 TIMEOUT"]);
    assert_eq!(application(&rig, &a).as_deref(), Some("echo"));
    assert_eq!(application(&rig, &b).as_deref(), Some("park"));
    assert_eq!(rig.switch.census().plays, 0);
}

#[test]
fn programs_park_and_retrieve() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    let b = rig.park("null/b");
    let name: Arc<str> = "lot".into();
    rig.get(PutLot { name: name.clone() }).unwrap();
    let park = |channel: &ChannelId, slot: Option<&str>| ParkInLot {
        channel: channel.clone(),
        lot: "lot".into(),
        slot: slot.map(Into::into),
        range: (6001, 6002),
        timeout: Some(Duration::from_secs(60)),
    };
    let slot = rig.get(park(&a, None)).unwrap();
    assert_eq!(slot, Answer::Text("6001".into()));
    assert!(
        rig.view
            .lots
            .get("lot")
            .unwrap()
            .slot("6001")
            .unwrap()
            .until
            .happened()
    );
    let taken = rig.get(park(&b, Some("6001"))).unwrap_err();
    assert_eq!(taken.kind, ErrorKind::AlreadyExists(ObjectKind::Slot));
    let odd = rig.get(park(&b, Some("a b"))).unwrap_err();
    assert_eq!(odd.kind, ErrorKind::InvalidArgument("slot"));
    let remove = RemoveLot { name: name.clone() };
    let busy = rig.get(remove.clone()).unwrap_err();
    assert_eq!(busy.kind, ErrorKind::InvalidState);
    let retrieve = |slot: &str| RetrieveParked {
        lot: "lot".into(),
        slot: slot.into(),
        by: b.clone(),
    };
    let nobody = rig.get(retrieve("6002")).unwrap_err();
    assert_eq!(nobody.kind, ErrorKind::NotFound(ObjectKind::Slot));
    let answer = rig.get(retrieve("6001")).unwrap();
    assert_eq!(answer, Answer::Channel(a.clone()));
    assert_eq!(rig.channel(&b).bridged_to, Some(a));
    assert_eq!(told(&mut rig), ["lot 6001 parked", "lot 6001 RETRIEVED"]);
    assert_eq!(rig.view.lots.size(), 1);
    rig.get(remove).unwrap();
    assert!(rig.view.lots.is_empty());
}

#[test]
fn a_parked_call_that_hangs_up_leaves_its_slot() {
    let mut rig = Rig::new();
    let a = rig.park("null/a");
    rig.run(&a, "valet_park:lot 6001");
    let cause = HangupCause::NormalClearing;
    rig.get(Hangup { channel: a, cause }).unwrap();
    assert_eq!(told(&mut rig), ["lot 6001 parked", "lot 6001 HANGUP"]);
    assert!(rig.view.lots.is_empty());
}
