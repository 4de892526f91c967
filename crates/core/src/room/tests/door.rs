//! Who is let in, and who waits.

use super::*;

#[test]
fn the_door_asks_for_the_pin_three_times() {
    let mut rig = Rig::new();
    let host = enter(&mut rig, "3000+1234");
    let guest = enter(&mut rig, "3000");
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().members.len(),
        1,
        "the guest waits at the door"
    );
    let press = |rig: &mut Rig, digits: &str| {
        rig.get(ReceiveDtmf {
            channel: guest.clone(),
            digits: digits.into(),
        })
        .unwrap();
    };
    press(&mut rig, "9999");
    press(&mut rig, "12#");
    assert_eq!(rig.view.rooms.get("3000").unwrap().members.len(), 1);
    press(&mut rig, "1234");
    assert_eq!(rig.view.rooms.get("3000").unwrap().members.len(), 2);
    let other = enter(&mut rig, "3000");
    for _ in 0..3 {
        rig.get(ReceiveDtmf {
            channel: other.clone(),
            digits: "0000".into(),
        })
        .unwrap();
    }
    assert!(
        rig.view.channel(other.as_str()).is_none(),
        "turned away, and its dialplan has no more"
    );
    enter(&mut rig, "3000+1234");
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().members.len(),
        3,
        "who brings the PIN along is not asked"
    );
    control(&mut rig, RoomControl::Pin(None)).unwrap();
    assert_eq!(rig.view.rooms.get("3000").unwrap().pin, None);
    hang_up(&mut rig, &host);
}

#[test]
fn locked_rooms_and_rooms_only_to_be_joined_turn_callers_away() {
    let mut rig = Rig::new();
    let early = enter(&mut rig, "3000+flags{join-only}");
    assert!(rig.view.channel(early.as_str()).is_none() && rig.view.rooms.is_empty());
    enter(&mut rig, "3000");
    control(&mut rig, RoomControl::Lock(true)).unwrap();
    let late = enter(&mut rig, "3000");
    assert!(rig.view.channel(late.as_str()).is_none());
    control(&mut rig, RoomControl::Lock(false)).unwrap();
    enter(&mut rig, "3000+flags{join-only|mute|ghost}");
    let room = rig.view.rooms.get("3000").unwrap();
    assert_eq!(room.members.len(), 2);
    assert!(room.members[1].ghost && !room.members[1].can_speak);
}

#[test]
fn a_room_that_waits_for_its_moderator_is_silent() {
    let mut rig = rig_with("<param name=\"conference-flags\" value=\"wait-mod\"/>");
    enter(&mut rig, "3000");
    let last_settings = |rig: &Rig| {
        rig.commands
            .iter()
            .rev()
            .find_map(|command| match command {
                MediaCommand::SetMember { settings, leg, .. }
                | MediaCommand::JoinRoom { settings, leg, .. } => {
                    (leg.0 == 1).then_some((settings.mute, settings.deaf))
                }
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(last_settings(&rig), (true, true));
    assert!(rig.view.rooms.get("3000").unwrap().flags.wait_mod);
    enter(&mut rig, "3000+flags{moderator}");
    assert_eq!(last_settings(&rig), (false, false));
    assert!(!rig.view.rooms.get("3000").unwrap().flags.wait_mod);
}
