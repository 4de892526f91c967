//! Every command, asked of a whole switch.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use jackfield_door_eventmanager::{ControlNumbering, ReplyShape};
use serde_json::{Value, json};
use support::{Client, LAYOUTS, world, world_with};

#[tokio::test]
async fn the_library_describes_itself() {
    let world = world().await;
    let mut client = world.client().await;
    client.send(r#"{"Command":"get_version"}"#).await;
    client
        .expect(r#"{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_version"},"version":"v1.0.14","value":"v1.0.14"}"#)
        .await;
    client.send(r#"{"Command":"get_license_info"}"#).await;
    client
        .expect(concat!(
            r#"{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_license_info"},"#,
            r#""license_info":{"valid":true,"name":"none","department":"open","minimum_version":"v0.0.0","#,
            r#""maximum_version":"v999.999.999","creation_date":"1/1/1970","expiration_date":"12/31/9999"}}"#
        ))
        .await;
    client
        .send(r#"{"Command":"get_library_configuration"}"#)
        .await;
    client
        .expect(concat!(
            r#"{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_library_configuration"},"#,
            r#""interleaved":true,"output_number_channels":2,"output_number_frames":960,"#,
            r#""output_sampling_rate":48000,"spatial_quality":5}"#
        ))
        .await;
    let states = client.ok(r#"{"Command":"get_defined_states"}"#).await;
    let names: Vec<&str> = states["value"].as_str().unwrap().split(" | ").collect();
    assert_eq!(
        (names.len(), names[0]),
        (14, "IMM_CONTROL_STEREO_BYPASS_ENABLE")
    );
    for level in 0..=4 {
        client
            .ok(&format!(r#"{{"Command":"set_log_level","value":{level}}}"#))
            .await;
        let set = world.switch.handle().view().settings.room_log_level;
        assert_eq!(set, level, "where the console sets it too");
    }
    client
        .ok(r#"{"Command":"enable_logging","enable":true}"#)
        .await;
    client.ok(r#"{"Command":"enable_logging","value":0}"#).await;
}

#[tokio::test]
async fn layouts_are_those_of_the_file() {
    let given = world().await;
    let mut client = given.client().await;
    for command in ["get_json_all_room_layouts", "show_room_configs"] {
        client.send(&format!(r#"{{"Command":"{command}"}}"#)).await;
        let reply = client.reply().await;
        let list = LAYOUTS.split_once("\"room_list\":").unwrap().1;
        let list = list.strip_suffix('}').unwrap();
        let expected = format!(
            r#"{{"Status":"OK","Error Code":-10000,"Request":{{"Command":"{command}"}},"default":"table4","room_list":{list}}}"#
        );
        assert_eq!(reply, expected);
    }
    let none = world_with(|config| config.layouts = None).await;
    let mut client = none.client().await;
    let reply = client
        .ok(r#"{"Command":"get_json_all_room_layouts"}"#)
        .await;
    assert_eq!(reply["default"], "table4");
    let open = &reply["room_list"]["open"];
    assert_eq!((&open["id"], &open["openRoom"]), (&json!(2), &json!(true)));
    let quiet = &reply["room_list"]["quiet"]["defaultStates"];
    assert_eq!(quiet, &json!({"IMM_CONTROL_ANC_ENABLE": 1}));
}

#[tokio::test]
async fn rooms_are_made_shown_and_ended() {
    let world = world().await;
    let mut client = world.client().await;
    let made = r#"{"Command":"create_room","room_id":12,"name":"sales","description":"For sales","layout_id":2}"#;
    assert_eq!(client.ok(made).await["room_id"], 12);
    assert_eq!(
        client
            .ok(r#"{"Command":"create_room","room_id":"support"}"#)
            .await["room_id"],
        1_000_000_000
    );
    assert_eq!(
        client
            .ok(r#"{"Command":"create_room","room_id":"13"}"#)
            .await["room_id"],
        13
    );
    let count = client.ok(r#"{"Command":"get_room_count"}"#).await;
    assert_eq!(
        (&count["room_count"], &count["value"]),
        (&json!(3), &json!(3))
    );
    for key in ["12", "12.0", "\"12\"", "\"sales\""] {
        let layout = client
            .ok(&format!(
                r#"{{"Command":"get_room_layout","room_id":{key}}}"#
            ))
            .await;
        for name in ["layout_id", "room_layout_id", "value"] {
            assert_eq!(layout[name], 2, "{key}");
        }
    }
    client
        .send(r#"{"Command":"get_room","room_id":"sales"}"#)
        .await;
    client.seen();
    assert_eq!(
        client.reply().await,
        concat!(
            r#"{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_room","room_id":"sales"},"#,
            r#""room":{"room_id":12,"name":"sales","description":"For sales","layout_id":2,"open_room":true,"#,
            r#""participant_count":0,"participants":[]}}"#
        )
    );
    let all = client.ok(r#"{"Command":"show_rooms"}"#).await;
    let numbers: Vec<i64> = all["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| room["room_id"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [12, 13, 1_000_000_000]);
    client
        .ok(r#"{"Command":"set_room_layout","room_id":12,"layout_id":1}"#)
        .await;
    client
        .ok(r#"{"Command":"change_room_config","room_id":"13","room_config_id":"3"}"#)
        .await;
    let shown = client
        .ok(r#"{"Command":"show_room_by_id","room_id":13}"#)
        .await;
    assert_eq!(shown["room"]["layout_id"], 3);
    client
        .ok(r#"{"Command":"destroy_room","room_id":12}"#)
        .await;
    client.ok(r#"{"Command":"create_room","room_id":12}"#).await;
}

/// The objects of event-manager.md §6.6, letter by letter (with all fourteen states).
#[tokio::test]
async fn participants_are_shown_as_documented() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .ok(r#"{"Command":"create_room","room_id":12,"name":"sales"}"#)
        .await;
    for (id, name) in [(3, "Ana"), (4, "Bo")] {
        let add = json!({"Command": "add_participant", "room_id": 12, "participant_id": id, "participant_name": name});
        client.ok(&add.to_string()).await;
    }
    client
        .ok(r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":3,"value":1}"#)
        .await;
    client.send(r#"{"Command":"get_room","room_id":12}"#).await;
    let reply = client.reply().await;
    let start = concat!(
        r#"{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_room","room_id":12},"room":"#,
        r#"{"room_id":12,"name":"sales","layout_id":1,"open_room":false,"participant_count":2,"participants":["#,
        r#"{"participant_id":3,"participant_name":"Ana","input_sampling_rate":48000,"input_number_channels":1,"type":1,"#,
        r#""seat":{"id":1,"position":{"x":0,"y":0,"z":110},"heading":{"azimuth_heading":180,"elevation_heading":0}},"#,
        r#""states":{"IMM_CONTROL_STEREO_BYPASS_ENABLE":0,"IMM_CONTROL_MUTE_ENABLE":0,"IMM_CONTROL_ANC_ENABLE":1,"#,
        r#""IMM_CONTROL_AGC_ENABLE":0,"IMM_CONTROL_AUTO_EQ_ENABLE":0,"IMM_CONTROL_MIXING_3D_ENABLE":0,"#,
        r#""IMM_CONTROL_MIXING_3D_ATTENUATION":6,"IMM_CONTROL_MIXING_3D_MAX_DISTANCE":300,"#,
        r#""IMM_CONTROL_MIXING_3D_REVERB_ENABLE":1,"IMM_CONTROL_DEVICE":1,"IMM_CONTROL_HALF_SPAN_ANGLE":15,"#,
        r#""IMM_CONTROL_MASTER_GAIN":100,"IMM_CONTROL_WHISPER_ROOM":0,"IMM_CONTROL_SIDEBAR_ROOM":0}},"#,
        r#"{"participant_id":4,"participant_name":"Bo","#
    );
    assert!(reply.starts_with(start), "{reply}\n{start}");
    let all = client
        .ok(r#"{"Command":"get_all_participants","room_id":12}"#)
        .await;
    assert_eq!(all["participants"][1]["seat"]["id"], 2);
    let count = client
        .ok(r#"{"Command":"get_participant_count","room_id":"sales"}"#)
        .await;
    assert_eq!(
        (&count["participant_count"], &count["value"]),
        (&json!(2), &json!(2))
    );
}

/// A command about participant 3 of room 12.
async fn about(client: &mut Client, command: &str, rest: &str) -> Value {
    let request = format!(r#"{{"Command":"{command}","room_id":12,"participant_id":3{rest}}}"#);
    client.ok(&request).await
}

#[tokio::test]
async fn names_configurations_and_states_of_one() {
    let world = world().await;
    let mut client = world.furnished().await;
    let name = about(&mut client, "get_participant_name", "").await;
    assert_eq!(
        (&name["participant_name"], &name["value"]),
        (&json!("Ana"), &json!("Ana"))
    );
    about(&mut client, "set_participant_name", r#","name":"Ann""#).await;
    let name = about(&mut client, "get_participant_name", "").await;
    assert_eq!(name["value"], "Ann");
    let state = r#","control_to_edit":"IMM_CONTROL_MIXING_3D_ATTENUATION""#;
    let before = about(&mut client, "get_participant_state", state).await;
    assert_eq!(before["value"], 6);
    about(
        &mut client,
        "set_participant_state",
        r#","control_to_edit":7,"value":40"#,
    )
    .await;
    let after = about(&mut client, "get_participant_state", state).await;
    assert_eq!(after["value"], 40);
    let configuration = about(&mut client, "get_participant_configuration", "").await;
    assert_eq!(configuration["input_sampling_rate"], 48_000);
}

#[tokio::test]
async fn seats_and_positions_of_one() {
    let world = world().await;
    let mut client = world.furnished().await;
    about(&mut client, "move_seat", r#","seat_index":3"#).await;
    let seat = about(&mut client, "get_participant_seat", "").await;
    assert_eq!((&seat["seat_id"], &seat["value"]), (&json!(3), &json!(3)));
    let place = json!({"id": 3, "position": {"x": 0, "y": 0, "z": -90},
                       "heading": {"azimuth_heading": 0, "elevation_heading": 0}});
    assert_eq!(seat["seat"], place);
    // On Bo's seat: beside Bo, under a number of her own.
    about(&mut client, "set_participant_seat", r#","seat_id":"2""#).await;
    let seat = about(&mut client, "get_participant_seat", "").await;
    assert_eq!(
        (&seat["seat_id"], &seat["seat"]["position"]["z"]),
        (&json!(5), &json!(10))
    );

    let flat = r#","x":10,"y":-20,"z":30,"azimuth_heading":135,"elevation_heading":5"#;
    let request = format!(
        r#"{{"Command":"set_participant_position","room_id":12,"participant_id":3{flat}}}"#
    );
    let why = client.refused(&request, -9990).await;
    assert_eq!(
        why,
        "IMM_ERROR_INVALID_VALUE: the room's layout has seats only"
    );
    client
        .ok(r#"{"Command":"set_room_layout","room_id":12,"layout_id":2}"#)
        .await;
    about(&mut client, "set_participant_position", flat).await;
    about(
        &mut client,
        "set_participant_position",
        r#","position":{"x":1,"y":2,"z":3},"heading":{"elevation_heading":6}"#,
    )
    .await;
    let position = about(&mut client, "get_participant_position", "").await;
    assert_eq!(position["position"], json!({"x": 1, "y": 2, "z": 3}));
    let heading = json!({"azimuth_heading": 135, "elevation_heading": 6});
    assert_eq!(position["heading"], heading);
    for (name, value) in [
        ("x", 1),
        ("y", 2),
        ("z", 3),
        ("azimuth_heading", 135),
        ("elevation_heading", 6),
    ] {
        assert_eq!(position[name], value);
    }
    let seat = about(&mut client, "get_participant_seat", "").await;
    assert_eq!(
        (&seat["seat"]["id"], &seat["seat_id"]),
        (&json!(-1), &json!(-1))
    );
    let heard =
        r#"{"Command":"get_participant_spherical","room_id":12,"listener_id":3,"source_id":3}"#;
    let heard = client.ok(heard).await;
    assert_eq!(
        (&heard["azimuth"], &heard["elevation"], &heard["distance"]),
        (&json!(0), &json!(0), &json!(0))
    );
    about(
        &mut client,
        "set_participant_position",
        r#","x":0,"y":0,"z":0,"azimuth_heading":0,"elevation_heading":0"#,
    )
    .await;
    client
        .ok(r#"{"Command":"set_participant_position","room_id":12,"participant_id":4,"x":200,"y":0,"z":0}"#)
        .await;
    client
        .send(
            r#"{"Command":"get_participant_spherical","room_id":12,"listener_id":3,"source_id":4}"#,
        )
        .await;
    let reply = client.reply().await;
    assert!(
        reply.ends_with(r#","azimuth":90,"elevation":0,"distance":200}"#),
        "{reply}"
    );
}

#[tokio::test]
async fn participants_come_and_go() {
    let world = world().await;
    let mut client = world.client().await;
    client.ok(r#"{"Command":"create_room","room_id":12}"#).await;
    about(
        &mut client,
        "add_participant",
        r#","name":"Film","input_sample_rate":16000,"num_channels":2,"type":2"#,
    )
    .await;
    let configuration = about(&mut client, "get_participant_configuration", "").await;
    assert_eq!(
        (
            &configuration["input_sampling_rate"],
            &configuration["input_number_channels"],
            &configuration["type"]
        ),
        (&json!(16_000), &json!(2), &json!(2))
    );
    about(&mut client, "flush_data", "").await;
    // The same number in another room is somebody else.
    client.ok(r#"{"Command":"create_room","room_id":13}"#).await;
    client
        .ok(r#"{"Command":"add_participant","room_id":13,"participant_id":3}"#)
        .await;
    about(&mut client, "remove_participant", "").await;
    client
        .refused(
            r#"{"Command":"get_participant_name","room_id":12,"participant_id":3}"#,
            -9992,
        )
        .await;
    let name = client
        .ok(r#"{"Command":"get_participant_name","room_id":13,"participant_id":"3"}"#)
        .await;
    assert_eq!(name["participant_name"], "");
}

#[tokio::test]
async fn states_of_all_are_set_and_read() {
    let world = world().await;
    let mut client = world.furnished().await;
    client
        .ok(r#"{"Command":"set_all_participants_state","room_id":12,"control_to_edit":"IMM_CONTROL_DEVICE","value":"IMM_DEVICE_SPEAKER"}"#)
        .await;
    client
        .ok(r#"{"Command":"set_participant_state","room_id":12,"participant_id":4,"control":10,"value":1}"#)
        .await;
    let states = client
        .ok(r#"{"Command":"get_all_participants_state","room_id":12,"control_to_edit":10}"#)
        .await;
    let expected = json!([{"participant_id": 3, "value": 2}, {"participant_id": 4, "value": 1}]);
    assert_eq!(states["participants"], expected);
    let state = about(
        &mut client,
        "get_participant_state",
        r#","control_to_edit":"10""#,
    )
    .await;
    assert_eq!(state["value"], 2);
    // Not remembered for those who come later.
    client
        .ok(r#"{"Command":"add_participant","room_id":12,"participant_id":5}"#)
        .await;
    let later = client
        .ok(r#"{"Command":"get_participant_state","room_id":12,"participant_id":5,"control_to_edit":10}"#)
        .await;
    assert_eq!(later["value"], 1);
}

#[tokio::test]
async fn the_older_generation_is_answered_in_its_own_way() {
    let world = world_with(|config| {
        config.dialect.reply_shape = ReplyShape::Legacy;
        config.dialect.control_numbering = ControlNumbering::Legacy0;
        config.dialect.seat_index_base = 0;
    })
    .await;
    let mut client = world.client().await;
    client
        .send(r#"{"Command":"create_room","room_id":"12"}"#)
        .await;
    client
        .expect(
            r#"{"Status":"OK","Request":{"Command":"create_room","room_id":"12"},"room_id":12}"#,
        )
        .await;
    client
        .expect(r#"{"Event":"IMM_EVENT_CREATE_ROOM","values":{"room_id":"12"},"room_id":"12"}"#)
        .await;
    client
        .send(r#"{"Command":"move_seat","room_id":"77","participant_id":"3","seat_index":2}"#)
        .await;
    client
        .expect(concat!(
            r#"{"Status":"ERROR","Error":"IMM_ERROR_INVALID_ROOM_ID: room 77 does not exist","#,
            r#""Request":{"Command":"move_seat","room_id":"77","participant_id":"3","seat_index":2}}"#
        ))
        .await;
    client
        .ask(r#"{"Command":"add_participant","room_id":"12","participant_id":"3"}"#)
        .await;
    client
        .ask(r#"{"Command":"move_seat","room_id":"12","participant_id":"3","seat_index":"2"}"#)
        .await;
    let seat = client
        .ask(r#"{"Command":"get_participant_seat","room_id":"12","participant_id":"3"}"#)
        .await;
    assert_eq!(seat["seat_id"], 3);
    client
        .ask(r#"{"Command":"set_participant_state","room_id":"12","participant_id":"3","control_to_edit":1,"value":1}"#)
        .await;
    let muted = client
        .ask(r#"{"Command":"get_participant_state","room_id":"12","participant_id":"3","control_to_edit":"IMM_CONTROL_MUTE_ENABLE"}"#)
        .await;
    assert_eq!(muted["value"], 1);
}

#[tokio::test]
async fn our_own_controls_are_hidden_unless_wished() {
    let set = r#"{"Command":"set_participant_state","room_id":12,"participant_id":3,"control_to_edit":"PBX_CONTROL_VOICE_SHIFT","value":-3}"#;
    let usual = world().await;
    let mut client = usual.furnished().await;
    client.refused(set, -9991).await;
    let extended = world_with(|config| config.dialect.extended_controls = true).await;
    let mut client = extended.furnished().await;
    client.ok(set).await;
    let state = about(
        &mut client,
        "get_participant_state",
        r#","control_to_edit":101"#,
    )
    .await;
    assert_eq!(state["value"], -3);
    let event = client.event().await;
    assert!(
        event.contains(r#""control_to_edit":101,"value":-3"#),
        "{event}"
    );
}
