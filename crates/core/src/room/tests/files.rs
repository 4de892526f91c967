//! Files, recordings, sounds.

use std::time::Duration;

use api::command::room::MusicChange;
use media::control::SeekTo;

use super::*;

#[test]
fn files_play_one_after_the_other_and_missing_ones_are_named() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    rig.events.clear();
    let play = |rig: &mut Rig, file: &str, asynchronous| {
        control(
            rig,
            RoomControl::Play {
                file: file.into(),
                member: None,
                asynchronous,
            },
        )
    };
    assert_eq!(
        play(&mut rig, "missing.wav", false).unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::File)
    );
    assert_eq!(rig.seen(room_events), Vec::<String>::new());
    assert_eq!(play(&mut rig, "a.wav", false), Ok(Vec::new()));
    assert_eq!(play(&mut rig, "b.wav", false), Ok(Vec::new()));
    assert_eq!(
        rig.seen(room_events),
        ["FilePlaying { file: \"a.wav\", asynchronous: false, failed: false } (1)"]
    );
    assert_eq!(
        play(&mut rig, "missing.wav", false).unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::File),
        "recorded in conf-04: known although another one plays"
    );
    assert_eq!(
        control(&mut rig, RoomControl::PausePlaying { member: None }),
        Ok(texts(&["paused"]))
    );
    assert_eq!(
        control(&mut rig, RoomControl::PausePlaying { member: None }),
        Ok(texts(&["playing"]))
    );
    rig.finish_play();
    assert_eq!(
        rig.seen(room_events),
        [
            "FilePlayed { file: \"a.wav\", asynchronous: false, failed: false, samples: 3200, rate_hz: 8000 } (1)",
            "FilePlaying { file: \"b.wav\", asynchronous: false, failed: false } (1)",
        ]
    );
    assert_eq!(play(&mut rig, "c.wav", true), Ok(Vec::new()));
    let stop = |rig: &mut Rig, which| {
        control(
            rig,
            RoomControl::StopPlaying {
                which,
                member: None,
            },
        )
    };
    assert_eq!(stop(&mut rig, StopPlaying::Asynchronous), Ok(texts(&["1"])));
    assert_eq!(stop(&mut rig, StopPlaying::Current), Ok(texts(&["1"])));
    assert_eq!(stop(&mut rig, StopPlaying::All), Ok(texts(&["0"])));
    assert!(rig.switch.rooms.files.is_empty());
}

#[test]
fn files_that_wait_make_no_sound_and_no_news() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    rig.events.clear();
    for file in ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"] {
        let play = RoomControl::Play {
            file: file.into(),
            member: None,
            asynchronous: false,
        };
        assert_eq!(control(&mut rig, play), Ok(Vec::new()), "{file}");
    }
    assert_eq!(
        rig.seen(room_events),
        ["FilePlaying { file: \"a.wav\", asynchronous: false, failed: false } (1)"]
    );
    let pauses = |rig: &Rig| {
        let paused = |command: &MediaCommand| match command {
            MediaCommand::PausePlay { play, paused } => Some((play.0, *paused)),
            _ => None,
        };
        rig.commands.iter().filter_map(paused).collect::<Vec<_>>()
    };
    assert_eq!(
        pauses(&rig),
        [(2, true), (3, true), (4, true)],
        "three stand ready, the fifth is not open yet"
    );
    rig.commands.clear();
    control(
        &mut rig,
        RoomControl::StopPlaying {
            which: StopPlaying::Current,
            member: None,
        },
    )
    .unwrap();
    assert_eq!(pauses(&rig), [(2, false)]);
    assert_eq!(
        rig.seen(room_events),
        [
            "FilePlayed { file: \"a.wav\", asynchronous: false, failed: false, samples: 3200, rate_hz: 8000 } (1)",
            "FilePlaying { file: \"b.wav\", asynchronous: false, failed: false } (1)",
        ]
    );
    hang_up(&mut rig, &alice);
    let heard: Vec<String> = rig
        .seen(room_events)
        .into_iter()
        .filter(|event| event.starts_with("File") || event.starts_with("Destroyed"))
        .collect();
    assert_eq!(
        heard,
        [
            "FilePlayed { file: \"b.wav\", asynchronous: false, failed: false, samples: 3200, rate_hz: 8000 } (0)",
            "Destroyed (0)"
        ]
    );
    assert!(rig.switch.rooms.files.is_empty() && rig.switch.census().plays == 0);
}

#[test]
fn recordings_end_before_the_room_does() {
    let mut rig = Rig::new();
    let alice = enter(&mut rig, "3000");
    rig.events.clear();
    let record = |rig: &mut Rig, path: &str| {
        control(
            rig,
            RoomControl::Record {
                path: path.into(),
                stereo: false,
            },
        )
    };
    assert_eq!(record(&mut rig, "/r/a.wav"), Ok(Vec::new()));
    assert_eq!(
        record(&mut rig, "/r/a.wav").unwrap_err().kind,
        ErrorKind::AlreadyExists(ObjectKind::Recording)
    );
    control(
        &mut rig,
        RoomControl::PauseRecording {
            path: "/r/a.wav".into(),
            pause: true,
        },
    )
    .unwrap();
    assert!(rig.view.rooms.get("3000").unwrap().recordings[0].paused);
    assert_eq!(
        control(
            &mut rig,
            RoomControl::StopRecording {
                path: Some("/r/a.wav".into())
            }
        ),
        Ok(texts(&["1"]))
    );
    let again = control(
        &mut rig,
        RoomControl::StopRecording {
            path: Some("/r/a.wav".into()),
        },
    );
    assert_eq!(
        again.unwrap_err().kind,
        ErrorKind::NotFound(ObjectKind::Recording)
    );
    assert_eq!(
        control(&mut rig, RoomControl::StopRecording { path: None }),
        Ok(texts(&["0"]))
    );
    assert_eq!(
        rig.seen(room_events),
        [
            "RecordingStarted { path: \"/r/a.wav\", failed: false } (1)",
            "RecordingPaused { path: \"/r/a.wav\", others: false } (1)",
            "RecordingStopped { path: \"/r/a.wav\", others: false, samples: 3200, rate_hz: 8000, file_bytes: 6444 } (1)",
        ]
    );
    record(&mut rig, "/missing/b.wav").unwrap();
    assert_eq!(
        rig.seen(room_events),
        ["RecordingStarted { path: \"/missing/b.wav\", failed: true } (1)"]
    );
    record(&mut rig, "/r/c.wav").unwrap();
    rig.events.clear();
    hang_up(&mut rig, &alice);
    let last = rig.seen(room_events);
    assert_eq!(
        last[last.len() - 2..],
        [
            "RecordingStopped { path: \"/r/c.wav\", others: false, samples: 3200, rate_hz: 8000, file_bytes: 6444 } (0)",
            "Destroyed (0)"
        ]
    );
    assert!(rig.switch.rooms.recordings.is_empty() && rig.switch.census().records == 0);
}

#[test]
fn rules_sounds_and_variables_are_kept() {
    let mut rig = rig_with(
        "<param name=\"enter-sound\" value=\"in.wav\"/><param name=\"moh-sound\" value=\"music.wav\"/>",
    );
    enter(&mut rig, "3000");
    enter(&mut rig, "3000");
    let played: Vec<String> = rig
        .seen(room_events)
        .into_iter()
        .filter(|event| event.contains("File"))
        .collect();
    assert_eq!(
        played,
        [
            "FilePlayed { file: \"music.wav\", asynchronous: true, failed: false, samples: 3200, rate_hz: 8000 } (2)"
        ],
        "the music ends when the second one comes"
    );
    let relate = |rig: &mut Rig, rule| {
        control(
            rig,
            RoomControl::Relate {
                member: MemberId(1),
                other: MemberId(2),
                rule,
            },
        )
    };
    relate(&mut rig, RelateRule::NoHear).unwrap();
    let rules = |rig: &Rig| rig.view.rooms.get("3000").unwrap().relations.clone();
    assert!(rules(&rig)[0].nohear && !rules(&rig)[0].nospeak);
    relate(&mut rig, RelateRule::Clear).unwrap();
    assert!(rules(&rig).is_empty());
    control(
        &mut rig,
        RoomControl::SetVariable {
            name: "topic".into(),
            value: "x".into(),
        },
    )
    .unwrap();
    assert_eq!(
        rig.view.rooms.get("3000").unwrap().variables.text("topic"),
        Some("x")
    );
    rig.events.clear();
    control(&mut rig, RoomControl::EnterSound(SoundChange::Off)).unwrap();
    control(
        &mut rig,
        RoomControl::ExitSound(SoundChange::File("out.wav".into())),
    )
    .unwrap();
    assert_eq!(
        rig.seen(room_events),
        [
            "EnterSoundSwitched { on: false } (2)",
            "ExitSoundChanged { file: \"out.wav\" } (2)"
        ]
    );
}

/// Recorded in stream-09: `play-file` with an error, and no `play-file-done`.
#[test]
fn a_sound_that_is_not_there_is_named_once() {
    let mut rig = rig_with("<param name=\"alone-sound\" value=\"missing.wav\"/>");
    enter(&mut rig, "3000");
    let files: Vec<String> = rig
        .seen(room_events)
        .into_iter()
        .filter(|event| event.contains("File"))
        .collect();
    assert_eq!(
        files,
        ["FilePlaying { file: \"missing.wav\", asynchronous: false, failed: true } (1)"]
    );
}

#[test]
fn what_plays_is_told_moved_and_made_louder() {
    let mut rig = Rig::new();
    enter(&mut rig, "3000");
    let status = |rig: &mut Rig| control(rig, RoomControl::PlayStatus { member: None });
    let seek = |rig: &mut Rig, ms, relative| {
        let member = None;
        let action = RoomControl::SeekPlaying {
            ms,
            relative,
            member,
        };
        control(rig, action)
    };
    let missing = ErrorKind::NotFound(ObjectKind::File);
    assert_eq!(status(&mut rig).unwrap_err().kind, missing);
    assert_eq!(seek(&mut rig, 100, true).unwrap_err().kind, missing);
    let play = |file: &str| RoomControl::Play {
        file: file.into(),
        member: None,
        asynchronous: false,
    };
    control(&mut rig, play("/a.wav")).unwrap();
    rig.pass(Duration::from_millis(500));
    // 8 samples are a millisecond of this room.
    assert_eq!(status(&mut rig), Ok(texts(&["4000", "/a.wav"])));
    assert_eq!(seek(&mut rig, 100, true), Ok(texts(&["4800"])));
    assert!(matches!(
        rig.commands.last(),
        Some(MediaCommand::SeekPlay {
            to: SeekTo::Ahead { ms: 100 },
            ..
        })
    ));
    control(&mut rig, RoomControl::PausePlaying { member: None }).unwrap();
    rig.pass(Duration::from_millis(300));
    assert_eq!(
        status(&mut rig),
        Ok(texts(&["4800", "/a.wav"])),
        "it stands"
    );
    control(&mut rig, RoomControl::PausePlaying { member: None }).unwrap();
    rig.pass(Duration::from_millis(100));
    assert_eq!(seek(&mut rig, -300, true), Ok(texts(&["3200"])));
    assert_eq!(seek(&mut rig, 50, false), Ok(texts(&["400"])));
    assert_eq!(
        control(&mut rig, RoomControl::PlayVolume { level: 9 }),
        Ok(texts(&["4"]))
    );
    assert!(matches!(
        rig.commands.last(),
        Some(MediaCommand::SetPlayGain { gain_db, .. }) if *gain_db == 20.0
    ));
    rig.finish_play();
    control(&mut rig, play("tone_stream://%(3000,100,440)")).unwrap();
    rig.pass(Duration::from_millis(500));
    let tone = texts(&["0", "tone_stream://%(3000,100,440)"]);
    assert_eq!(status(&mut rig), Ok(tone), "recorded in conf-04");
    let refused = seek(&mut rig, 100, true).unwrap_err().kind;
    assert_eq!(refused, ErrorKind::InvalidState);
}

#[test]
fn the_music_of_somebody_alone_is_switched_and_changed() {
    let playing = |rig: &Rig| {
        let mut files: Vec<(u64, String)> = Vec::new();
        for command in &rig.commands {
            match command {
                MediaCommand::RoomPlay { play, file, .. } => files.push((play.0, file.clone())),
                MediaCommand::StopPlay { play } => files.retain(|(id, _)| *id != play.0),
                _ => {}
            }
        }
        files.into_iter().map(|(_, file)| file).collect::<Vec<_>>()
    };
    let mut rig = rig_with("<param name=\"moh-sound\" value=\"music.wav\"/>");
    enter(&mut rig, "3000");
    assert_eq!(playing(&rig), ["music.wav"]);
    let mut moh = |change| {
        control(&mut rig, RoomControl::Music(change)).unwrap();
        playing(&rig)
    };
    assert_eq!(moh(MusicChange::Switch(Toggle::Off)), [""; 0]);
    assert_eq!(moh(MusicChange::Switch(Toggle::Toggle)), ["music.wav"]);
    assert_eq!(moh(MusicChange::File("/b.wav".into())), ["/b.wav"]);
    assert_eq!(moh(MusicChange::Switch(Toggle::Toggle)), [""; 0]);
    assert_eq!(moh(MusicChange::Switch(Toggle::On)), ["/b.wav"]);
}
