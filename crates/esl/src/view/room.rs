//! `conference::maintenance` (event-socket.md §5.2).

use super::channel_data::{basic_data, truth, variables};
use super::{Server, Source, core_without_name};
use crate::headers::Headers;
use crate::names::EventName;
use api::event::{Event, RoomAction, RoomEvent};
use api::id::MemberId;
use api::spatial::Position;
use api::view::{Member, Room};

pub(super) const SUBCLASS: &str = "conference::maintenance";

pub(super) fn write(headers: &mut Headers, event: &Event, kind: &RoomEvent, server: &Server) {
    headers.push("Event-Subclass", SUBCLASS);
    headers.push("Event-Name", EventName::Custom.as_str());
    core_without_name(
        headers,
        event,
        server,
        &Source {
            file: "room.rs",
            function: "maintenance",
            line: line!(),
        },
    );
    conference(headers, &kind.room);
    if let RoomAction::FloorChanged { old, new } = &kind.action {
        floor_change(headers, event, kind, *old, *new);
        return;
    }
    if let Some(member) = &kind.member {
        member_data(headers, event, &kind.room, member);
    }
    if let RoomAction::FilePlayed {
        samples, rate_hz, ..
    } = &kind.action
    {
        let rate = u64::from(*rate_hz).max(1);
        headers.push_display("seconds", samples / rate);
        headers.push_display("milliseconds", samples * 1000 / rate);
        headers.push_display("samples", samples);
    }
    action(headers, kind);
}

fn conference(headers: &mut Headers, room: &Room) {
    let ghosts = room.members.iter().filter(|member| member.ghost).count();
    headers.push("Conference-Name", room.name.to_string());
    headers.push("Conference-Domain", room.domain.to_string());
    headers.push_display("Conference-Size", room.members.len() - ghosts);
    headers.push_display("Conference-Ghosts", ghosts);
    headers.push("Conference-Profile-Name", room.profile.to_string());
    headers.push_display("Conference-Unique-ID", room.id);
    for (name, value) in room.variables.iter() {
        headers.push(
            format!("conference_variable_{name}"),
            value.to_text().to_string(),
        );
    }
}

fn member_data(headers: &mut Headers, event: &Event, room: &Room, member: &Member) {
    headers.push("Floor", truth(room.floor == Some(member.id)));
    let channel = event.channel.as_ref().unwrap_or(&member.channel);
    basic_data(headers, channel);
    if channel.verbose_events {
        variables(headers, channel);
    }
    headers.push("Video", "false");
    headers.push("Hear", truth(member.can_hear));
    headers.push("See", "true");
    headers.push("Speak", truth(member.can_speak));
    headers.push("Talking", truth(member.talking));
    headers.push("Mute-Detect", truth(member.mute_detect));
    headers.push("Hold", truth(member.hold));
    headers.push_display("Member-ID", member.id);
    headers.push(
        "Member-Type",
        if member.moderator {
            "moderator"
        } else {
            "member"
        },
    );
    headers.push("Member-Ghost", truth(member.ghost));
    headers.push_display("Energy-Level", member.energy_level);
    headers.push_display("Current-Energy", member.current_energy);
}

/// The conference is told twice when somebody has the floor now (golden stream-09-conference-plain).
fn floor_change(
    headers: &mut Headers,
    event: &Event,
    kind: &RoomEvent,
    old: Option<MemberId>,
    new: Option<MemberId>,
) {
    let number = |member: Option<MemberId>| {
        member.map_or_else(|| "none".to_owned(), |member| member.to_string())
    };
    headers.push("Action", "floor-change");
    headers.push("Old-ID", number(old));
    if let Some(member) = kind.member.as_ref().filter(|_| new.is_some()) {
        conference(headers, &kind.room);
        member_data(headers, event, &kind.room, member);
    }
    headers.push("New-ID", number(new));
}

fn action(headers: &mut Headers, kind: &RoomEvent) {
    let of_member = kind.member.is_some();
    let word = match &kind.action {
        RoomAction::Created => "conference-create",
        RoomAction::Destroyed => "conference-destroy",
        RoomAction::MemberAdded => "add-member",
        RoomAction::MemberRemoved => "del-member",
        RoomAction::TalkingStarted => "start-talking",
        RoomAction::TalkingStopped => "stop-talking",
        RoomAction::MuteDetected => "mute-detect",
        RoomAction::Muted => "mute-member",
        RoomAction::Unmuted => "unmute-member",
        RoomAction::Deafened => "deaf-member",
        RoomAction::Undeafened => "undeaf-member",
        RoomAction::Held => "hold-member",
        RoomAction::Unheld => "unhold-member",
        RoomAction::Kicked => "kick-member",
        RoomAction::HungUp => "hup-member",
        RoomAction::DigitPressed { .. } => "dtmf",
        RoomAction::DigitsSent { .. } => "dtmf-member",
        RoomAction::EnergyStepped { .. } => "energy-level",
        RoomAction::GainStepped { .. } => "gain-level",
        RoomAction::VolumeStepped { .. } => "volume-level",
        RoomAction::EnergySet { .. } => "energy-level-member",
        RoomAction::AutoEnergySet { .. } => "auto-energy-level-member",
        RoomAction::MaxEnergySet { .. } => "max-energy-level-member",
        RoomAction::AutomaticGainSet { .. } => "agc-level-member",
        RoomAction::VolumeInSet { .. } => "volume-in-member",
        RoomAction::VolumeOutSet { .. } => "volume-out-member",
        RoomAction::PositionSet { .. } => "set-position-member",
        RoomAction::FloorChanged { .. } => "floor-change",
        RoomAction::Locked => "lock",
        RoomAction::Unlocked => "unlock",
        RoomAction::Transferred { .. } => "transfer",
        RoomAction::DialResult { .. } => "bgdial-result",
        RoomAction::FilePlaying { .. } if of_member => "play-file-member",
        RoomAction::FilePlaying { .. } => "play-file",
        RoomAction::FilePlayed { .. } if of_member => "play-file-member-done",
        RoomAction::FilePlayed { .. } => "play-file-done",
        RoomAction::RecordingStarted { .. } => "start-recording",
        RoomAction::RecordingStopped { .. } => "stop-recording",
        RoomAction::RecordingPaused { .. } => "pause-recording",
        RoomAction::RecordingResumed { .. } => "resume-recording",
        RoomAction::EnterSoundSwitched { on: true } => "enter-sounds-on",
        RoomAction::EnterSoundSwitched { on: false } => "enter-sounds-off",
        RoomAction::ExitSoundSwitched { on: true } => "exit-sounds-on",
        RoomAction::ExitSoundSwitched { on: false } => "exit-sounds-off",
        RoomAction::EnterSoundChanged { .. } => "enter-sound-file-changed",
        RoomAction::ExitSoundChanged { .. } => "exit-sound-file-changed",
    };
    if let RoomAction::Transferred { from, to } = &kind.action {
        headers.push("Old-Conference-Name", from.to_string());
        headers.push("New-Conference-Name", to.to_string());
    }
    headers.push("Action", word);
    details(headers, &kind.action);
}

/// A position as conferences write it: metres, `1.00:0.00:-0.50`.
pub(crate) fn in_metres(Position { x, y, z }: Position) -> String {
    let [x, y, z] = [x, y, z].map(|cm| f64::from(cm) / 100.0);
    format!("{x:.2}:{y:.2}:{z:.2}")
}

/// What stands behind `Action`.
fn details(headers: &mut Headers, action: &RoomAction) {
    match action {
        RoomAction::DigitPressed { key, data } => {
            headers.push("DTMF-Key", key.to_string());
            headers.push("Data", data.to_string());
        }
        RoomAction::DigitsSent { digits } => headers.push("Digits", digits.to_string()),
        RoomAction::EnergyStepped { level } => headers.push_display("New-Level", level),
        RoomAction::GainStepped { level } | RoomAction::VolumeStepped { level } => {
            headers.push_display("New-Level", level)
        }
        RoomAction::EnergySet { level } => headers.push_display("Energy-Level", level),
        RoomAction::AutoEnergySet { level, energy } => {
            headers.push_display("Auto-Energy-Level", level);
            headers.push_display("Energy-Level", energy);
        }
        RoomAction::MaxEnergySet {
            level,
            mute_ms,
            frames,
            energy,
        } => {
            headers.push_display("Max-Energy-Level", level);
            headers.push_display("Max-Energy-Mute", mute_ms);
            headers.push_display("Max-Energy-Hit-Trigger", frames);
            headers.push_display("Energy-Level", energy);
        }
        RoomAction::AutomaticGainSet { level } => headers.push_display("Agc-Level", level),
        RoomAction::VolumeInSet { level } | RoomAction::VolumeOutSet { level } => {
            headers.push_display("Volume-Level", level)
        }
        RoomAction::PositionSet { position } => {
            headers.push("Position", in_metres(*position));
        }
        RoomAction::DialResult { cause, job, peer } => {
            headers.push("Result", cause.name());
            headers.push(
                "Job-UUID",
                job.as_ref().map(ToString::to_string).unwrap_or_default(),
            );
            headers.push(
                "Peer-UUID",
                peer.as_ref().map(ToString::to_string).unwrap_or_default(),
            );
        }
        RoomAction::FilePlaying {
            file,
            asynchronous,
            failed,
        } => {
            headers.push("File", file.to_string());
            headers.push("Async", truth(*asynchronous));
            headers.push("Error", play_error(*failed));
        }
        RoomAction::FilePlayed {
            file,
            asynchronous,
            failed,
            ..
        } => {
            headers.push("File", file.to_string());
            headers.push("Async", if *asynchronous { "true" } else { "" });
            headers.push("Error", play_error(*failed));
        }
        RoomAction::RecordingStarted { path, failed } => {
            headers.push("Path", path.to_string());
            headers.push(
                "Error",
                if *failed {
                    "File could not be opened for recording"
                } else {
                    ""
                },
            );
        }
        RoomAction::RecordingStopped {
            path,
            others,
            samples,
            rate_hz,
            file_bytes,
        } => {
            headers.push("Path", path.to_string());
            headers.push("Other-Recordings", truth(*others));
            headers.push_display("Samples-Out", samples);
            headers.push_display("Samplerate", rate_hz);
            headers.push_display(
                "Milliseconds-Elapsed",
                samples * 1000 / u64::from(*rate_hz).max(1),
            );
            if *file_bytes > 0 {
                headers.push_display("Record-File-Size", file_bytes);
            }
        }
        RoomAction::RecordingPaused { path, others }
        | RoomAction::RecordingResumed { path, others } => {
            headers.push("Path", path.to_string());
            headers.push("Other-Recordings", truth(*others));
        }
        RoomAction::EnterSoundChanged { file } => headers.push("Enter-Sound", file.to_string()),
        RoomAction::ExitSoundChanged { file } => headers.push("Exit-Sound", file.to_string()),
        RoomAction::Created
        | RoomAction::Destroyed
        | RoomAction::MemberAdded
        | RoomAction::MemberRemoved
        | RoomAction::TalkingStarted
        | RoomAction::TalkingStopped
        | RoomAction::MuteDetected
        | RoomAction::Muted
        | RoomAction::Unmuted
        | RoomAction::Deafened
        | RoomAction::Undeafened
        | RoomAction::Held
        | RoomAction::Unheld
        | RoomAction::Kicked
        | RoomAction::HungUp
        | RoomAction::FloorChanged { .. }
        | RoomAction::Locked
        | RoomAction::Unlocked
        | RoomAction::Transferred { .. }
        | RoomAction::EnterSoundSwitched { .. }
        | RoomAction::ExitSoundSwitched { .. } => {}
    }
}

/// Empty when all is well.
fn play_error(failed: bool) -> &'static str {
    if failed {
        "File could not be played"
    } else {
        ""
    }
}
