use api::view::Announcement;
use media::control::MediaCommand;

use super::*;

/// What callers heard begin since the last call.
fn heard(center: &mut Center) -> Vec<String> {
    std::mem::take(&mut center.rig.commands)
        .iter()
        .filter_map(|command| match command {
            MediaCommand::Play { file, repeats, .. } => {
                let for_ever = if repeats.is_none() { " for ever" } else { "" };
                Some(format!("{file}{for_ever}"))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn announcements_come_between_the_music() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.announcement = Some(Announcement {
            file: "please-wait.wav".into(),
            every_s: 20,
        });
    });
    center.caller("ann");
    assert_eq!(heard(&mut center), ["music.wav for ever"]);
    center.pass(19);
    assert_eq!(heard(&mut center), [""; 0]);
    center.pass(2);
    assert_eq!(heard(&mut center), ["please-wait.wav"]);
    center.rig.finish_play();
    assert_eq!(heard(&mut center), ["music.wav for ever"]);
    center.pass(20);
    assert_eq!(heard(&mut center), ["please-wait.wav"]);
}

#[test]
fn callers_hear_their_place_in_line() {
    let mut center = Center::new();
    center.queue(|settings| {
        settings.position_announcement = Some(Announcement {
            file: "file_string://you-are.wav!${cc_position}.wav".into(),
            every_s: 30,
        });
    });
    let ann = center.caller("ann");
    center.caller("cid");
    heard(&mut center);
    center.pass(1);
    assert_eq!(
        heard(&mut center),
        [
            "file_string://you-are.wav!1.wav",
            "file_string://you-are.wav!2.wav"
        ]
    );
    center.hang_up(&ann);
    center.rig.finish_play();
    heard(&mut center);
    center.pass(31);
    assert_eq!(heard(&mut center), ["file_string://you-are.wav!1.wav"]);
}

#[test]
fn music_that_is_not_there_is_not_tried_for_ever() {
    let mut center = Center::new();
    center.queue(|settings| settings.music = "missing.wav".into());
    center.caller("ann");
    assert_eq!(heard(&mut center), ["missing.wav for ever"]);
    center.pass(30);
    assert_eq!(heard(&mut center), [""; 0]);
    assert_eq!(center.in_line(), ["ann"]);
}

#[test]
fn a_caller_may_bring_his_own_music_and_it_ends_with_the_wait() {
    let mut center = Center::with(Strategy::RingAll);
    center.caller_with("ann", ",cc_moh_override=own.wav");
    assert_eq!(heard(&mut center), ["own.wav for ever"]);
    center.agent("bob", "now");
    assert_eq!(center.rig.switch.census().plays, 0);
}
