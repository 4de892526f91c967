//! What is refused, and what comes back unharmed.

#![allow(clippy::unwrap_used, reason = "a test ends there")]

mod support;

use futures_util::SinkExt;
use serde_json::json;
use support::{world, world_with};
use tokio_tungstenite::tungstenite::Message;

/// event-manager.md §5.3; the connection stays open in all cases.
#[tokio::test]
async fn what_is_no_request_is_answered() {
    let world = world().await;
    let mut client = world.client().await;
    for text in [
        "", "no json", "[]", "\"text\"", "5", "null", "{", "{\"a\":}",
    ] {
        client.send(text).await;
        let reply: serde_json::Value = serde_json::from_str(&client.reply().await).unwrap();
        assert_eq!(reply["Error Code"], -9990);
        assert_eq!(reply["Error"], "IMM_ERROR_INVALID_VALUE: not a JSON object");
        assert_eq!(reply["Request"], text);
    }
    client.send("{}").await;
    client
        .expect(concat!(
            r#"{"Status":"ERROR","Error":"IMM_ERROR_INVALID_VALUE: missing Command","Error Code":-9990,"#,
            r#""Error Description":"IMM_ERROR_INVALID_VALUE: missing Command","Request":{}}"#
        ))
        .await;
    let why = client.refused(r#"{"Command":"make_coffee"}"#, -9990).await;
    assert_eq!(why, "IMM_ERROR_INVALID_VALUE: unknown command make_coffee");
    let deep = format!(
        "{{\"Command\":\"get_version\",\"a\":{}{}}}",
        "[".repeat(9000),
        "]".repeat(9000)
    );
    client.send(&deep).await;
    assert!(client.reply().await.contains(&deep));
    let not_utf8 = Message::binary(vec![0xff, 0xfe, b'{']);
    client.socket.send(not_utf8).await.unwrap();
    assert!(
        client
            .reply()
            .await
            .contains("\"Request\":\"\u{fffd}\u{fffd}{\"")
    );
}

#[tokio::test]
async fn requests_come_back_untouched() {
    let world = world().await;
    let mut client = world.client().await;
    let request = r#"{ "seq" : 12.50,"Command":"get_version", "z":{"b":1,"a":[null,true]},"é":"\u00e9\ud83d" }"#;
    client.send(request).await;
    let expected = format!(
        r#"{{"Status":"OK","Error Code":-10000,"Request":{request},"version":"v1.0.14","value":"v1.0.14"}}"#
    );
    client.expect(&expected).await;
    let binary = Message::binary(request.as_bytes().to_vec());
    client.socket.send(binary).await.unwrap();
    client.expect(&expected).await;
}

/// event-manager.md §5.4 and §13, item 4.
#[tokio::test]
async fn every_mistake_has_its_number() {
    let world = world().await;
    let mut client = world.furnished().await;
    let one = |command: &str, rest: &str| {
        format!(r#"{{"Command":"{command}","room_id":12,"participant_id":3{rest}}}"#)
    };
    let cases = [
        (
            one("add_participant", ",\"num_channels\":3").replace(":3,", ":9,"),
            -9996,
        ),
        (
            one("add_participant", ",\"input_sampling_rate\":44100").replace(":3,", ":9,"),
            -9995,
        ),
        (
            one("add_participant", ",\"type\":0").replace(":3,", ":9,"),
            -9990,
        ),
        (one("add_participant", ""), -9992),
        (one("flush_data", "").replace("12", "77"), -9993),
        (one("flush_data", "").replace("12", "99999999999"), -9993),
        (one("flush_data", "").replace("12", "\"sales\""), -9993),
        (one("flush_data", "").replace(":3", ":33"), -9992),
        (one("flush_data", "").replace(":3", ":99999999999"), -9992),
        (
            one("get_participant_state", ",\"control_to_edit\":0"),
            -9991,
        ),
        (
            one("get_participant_state", ",\"control_to_edit\":15"),
            -9991,
        ),
        (
            one("get_participant_state", ",\"control_to_edit\":100"),
            -9991,
        ),
        (
            one("get_participant_state", ",\"control_to_edit\":true"),
            -9990,
        ),
        (
            one(
                "set_participant_state",
                ",\"control_to_edit\":7,\"value\":41",
            ),
            -9990,
        ),
        (
            one(
                "set_participant_state",
                ",\"control_to_edit\":2,\"value\":2",
            ),
            -9990,
        ),
        (
            one(
                "set_participant_state",
                ",\"control_to_edit\":8,\"value\":2147483648",
            ),
            -9990,
        ),
        (
            one(
                "set_participant_state",
                ",\"control_to_edit\":10,\"value\":\"IMM_DEVICE_END\"",
            ),
            -9990,
        ),
        (
            one(
                "set_participant_position",
                ",\"x\":0,\"y\":0,\"z\":0,\"azimuth_heading\":181",
            ),
            -9989,
        ),
        (
            one(
                "set_participant_position",
                ",\"x\":0,\"y\":0,\"z\":0,\"elevation_heading\":-91",
            ),
            -9989,
        ),
        (
            one("set_participant_position", ",\"x\":0,\"y\":0,\"z\":0"),
            -9990,
        ),
        (one("set_participant_seat", ",\"seat_id\":0"), -9990),
        (one("set_participant_seat", ",\"seat_id\":5"), -9990),
        (one("set_participant_name", ",\"name\":5"), -9990),
        (one("set_room_layout", ",\"layout_id\":9"), -9990),
        (
            r#"{"Command":"create_room","room_id":12}"#.to_owned(),
            -9993,
        ),
        (
            r#"{"Command":"create_room","room_id":99999999999}"#.to_owned(),
            -9990,
        ),
        (
            r#"{"Command":"create_room","room_id":14,"layout_id":9}"#.to_owned(),
            -9990,
        ),
        (
            r#"{"Command":"create_room","room_id":"a","name":"b"}"#.to_owned(),
            -9990,
        ),
        (
            r#"{"Command":"custom_event","room_id":77}"#.to_owned(),
            -9993,
        ),
    ];
    for (request, code) in cases {
        let why = client.refused(&request, code).await;
        assert!(why.starts_with("IMM_ERROR_") && why.contains(": "), "{why}");
    }
    let why = client
        .refused(
            &one(
                "set_participant_state",
                ",\"control_to_edit\":7,\"value\":41",
            ),
            -9990,
        )
        .await;
    assert_eq!(
        why,
        "IMM_ERROR_INVALID_VALUE: IMM_CONTROL_MIXING_3D_ATTENUATION takes 0 to 40, not 41"
    );
    world.expect_nothing_more(&mut client).await;
}

#[tokio::test]
async fn a_switch_that_has_stopped_is_not_initialised() {
    let mut world = world().await;
    let mut client = world.furnished().await;
    world.switch.stop();
    let stopped = async {
        while client.ask(r#"{"Command":"get_room_count"}"#).await["Status"] == "OK" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(support::PATIENCE, stopped)
        .await
        .unwrap();
    client.refused(r#"{"Command":"get_version"}"#, -9986).await;
    client
        .refused(r#"{"Command":"create_room","room_id":9}"#, -9986)
        .await;
    let mut late = world.client().await;
    late.refused(r#"{"Command":"get_version"}"#, -9986).await;
}

#[tokio::test]
async fn messages_have_an_end() {
    let world = world().await;
    let mut client = world.client().await;
    let fits = json!({"Command": "get_version", "pad": "x".repeat((1 << 20) - 40)}).to_string();
    assert!(fits.len() <= 1 << 20);
    client.ok(&fits).await;
    let too_long = json!({"Command": "get_version", "pad": "x".repeat(1 << 20)}).to_string();
    client.send(&too_long).await;
    let (texts, close) = client.rest().await;
    assert!(texts.is_empty());
    assert_eq!(close, Some((1009, "message too big".to_owned())));
}

#[tokio::test]
async fn a_flood_is_refused_in_order_and_harms_nobody() {
    let world = world_with(|config| {
        config.commands.burst = 50;
        config.commands.per_second = 1.0;
    })
    .await;
    let mut well = world.furnished().await;
    let mut flooding = world.client().await;
    for seq in 0..100 {
        flooding
            .send(&format!(
                r#"{{"Command":"get_room","room_id":12,"seq":{seq}}}"#
            ))
            .await;
    }
    let (mut done, mut refused) = (0, 0);
    for seq in 0..100 {
        let reply: serde_json::Value = serde_json::from_str(&flooding.frame().await).unwrap();
        assert_eq!(reply["Request"]["seq"], seq, "replies keep the order");
        if reply["Status"] == "OK" {
            done += 1;
        } else {
            assert_eq!(reply["Error Code"], -9000);
            assert_eq!(reply["Error"], "PBX_ERROR_RATE_LIMIT: too many commands");
            refused += 1;
        }
    }
    assert!(
        done >= 50 && refused >= 40,
        "{done} done, {refused} refused"
    );
    well.ok(r#"{"Command":"get_version"}"#).await;
}

#[tokio::test]
async fn why_a_room_cannot_be_made_is_said() {
    let world = world().await;
    let mut client = world.client().await;
    client
        .ok(r#"{"Command":"create_room","room_id":5,"name":"7"}"#)
        .await;
    client
        .ok(r#"{"Command":"create_room","room_id":12,"name":"sales"}"#)
        .await;
    for (request, why) in [
        (r#""room_id":5"#, "room 5 exists"),
        (r#""room_id":"sales""#, "room sales exists"),
        (
            r#""room_id":7"#,
            "a room named 7 exists: it has the number 5",
        ),
        (
            r#""room_id":6,"name":"sales""#,
            "a room named sales exists: it has the number 12",
        ),
    ] {
        let request = format!(r#"{{"Command":"create_room",{request}}}"#);
        let told = client.refused(&request, -9993).await;
        assert_eq!(told, format!("IMM_ERROR_INVALID_ROOM_ID: {why}"));
    }
}
