use api::id::SeatId;
use api::spatial::{Control, Layout, Position};

use super::*;

/// The example of event-manager.md §9.2.
const DOCUMENTED: &str = r#"{
  "default": "table4",
  "room_list": {
    "table4": {
      "id": 1,
      "desc": "Four seats around a table",
      "allowParticipantStacking": false,
      "stackDelta": 10,
      "openRoom": false,
      "centerPoint": { "x": 0, "y": 0, "z": 0 },
      "defaultStates": {
        "IMM_CONTROL_ANC_ENABLE": true,
        "IMM_CONTROL_AGC_ENABLE": true,
        "IMM_CONTROL_MIXING_3D_ENABLE": true,
        "IMM_CONTROL_MIXING_3D_ATTENUATION": 6,
        "IMM_CONTROL_MIXING_3D_MAX_DISTANCE": 300,
        "IMM_CONTROL_MIXING_3D_REVERB_ENABLE": false
      },
      "seats": [ {"x":0,"y":0,"z":90}, {"x":90,"y":0,"z":0}, {"x":0,"y":0,"z":-90}, {"x":-90,"y":0,"z":0} ]
    },
    "open": { "id": 2, "desc": "Free positions", "allowParticipantStacking": true, "openRoom": true,
              "centerPoint": {"x":0,"y":0,"z":0}, "seats": [ {"x":0,"y":0,"z":0} ] }
  }
}"#;

#[test]
fn the_file_we_ship_furnishes_as_without_it_and_has_rooms_in_3d() {
    let file = LayoutFile::parse(include_str!("../../../../config/room_layout.json")).unwrap();
    let [circle, spatial, open] = file.layouts() else {
        panic!("three layouts");
    };
    assert_eq!(file.usual(), circle.id);
    assert_eq!(circle.seats, Layout::built_in().seats);
    assert_eq!(circle.defaults, []);
    assert_eq!(spatial.seats, circle.seats);
    for layout in [spatial, open] {
        assert_eq!(layout.defaults, [(Control::Mixing3d, 1)]);
    }
    assert!(open.open && !spatial.open);
}

#[test]
fn the_documented_file_is_read() {
    let file = LayoutFile::parse(DOCUMENTED).unwrap();
    assert_eq!(file.usual(), LayoutId(1));
    let [table, open] = file.layouts() else {
        panic!("two layouts");
    };
    assert_eq!((&*table.name, table.seats.len()), ("table4", 4));
    assert!(!table.stacking && !table.open && open.stacking && open.open);
    assert_eq!(
        table.defaults,
        [
            (Control::NoiseSuppression, 1),
            (Control::AutomaticGain, 1),
            (Control::Mixing3d, 1),
            (Control::Attenuation, 6),
            (Control::MaxDistance, 300),
            (Control::Reverb, 0),
        ]
    );
    let second = table.pose(SeatId(2), 0).unwrap();
    assert_eq!((second.position.x, second.heading.azimuth), (90, -90));
}

#[test]
fn the_file_is_repeated_as_it_is() {
    let file = LayoutFile::parse(DOCUMENTED).unwrap();
    let whole = file.repeat().print();
    let list = DOCUMENTED.split_once("\"room_list\": ").unwrap().1;
    let list = list.strip_suffix("\n}").unwrap();
    assert_eq!(
        whole,
        format!("{{\"default\":\"table4\",\"room_list\":{list}}}")
    );
}

#[test]
fn what_is_missing_is_as_usual() {
    let text = r#"{"room_list":{"b":{"seats":[{"x":1.0,"y":-2,"z":3e1}]},"a":{"allowSeatStacking":true,"seats":[{"x":0,"y":0,"z":0}]}},"mine":1}"#;
    let file = LayoutFile::parse(text).unwrap();
    assert_eq!(file.usual(), LayoutId(1));
    let first = &file.layouts()[0];
    assert_eq!(
        (&*first.name, first.id, first.stack_delta),
        ("b", LayoutId(1), 10)
    );
    assert_eq!(first.seats, [Position { x: 1, y: -2, z: 30 }]);
    assert!(file.layouts()[1].stacking);
    assert!(file.repeat().print().ends_with("},\"mine\":1}"));
}

#[test]
fn broken_files_are_explained_in_one_line() {
    let seat = r#"{"x":0,"y":0,"z":0}"#;
    let one = |inside: &str| format!(r#"{{"room_list":{{"a":{{"seats":[{seat}],{inside}}}}}}}"#);
    let cases = [
        (
            String::new(),
            "EOF while parsing a value at line 1 column 0",
        ),
        ("{\"room_list\":{".to_owned(), "EOF while parsing"),
        (
            "[]".to_owned(),
            "invalid type: sequence, expected an object",
        ),
        ("{}".to_owned(), "room_list is missing"),
        (
            r#"{"room_list":[]}"#.to_owned(),
            "room_list is not an object",
        ),
        (r#"{"room_list":{}}"#.to_owned(), "room_list has no layout"),
        (
            r#"{"room_list":{"a":5}}"#.to_owned(),
            "room_list.a is not an object",
        ),
        (
            r#"{"room_list":{"a":{}}}"#.to_owned(),
            "room_list.a.seats is missing",
        ),
        (
            r#"{"room_list":{"a":{"seats":[]}}}"#.to_owned(),
            "room_list.a.seats has no seat",
        ),
        (
            r#"{"room_list":{"a":{"seats":{}}}}"#.to_owned(),
            "room_list.a.seats is not an array",
        ),
        (
            r#"{"room_list":{"a":{"seats":[{"x":0,"y":0}]}}}"#.to_owned(),
            "room_list.a.seats[0].z is missing",
        ),
        (
            r#"{"room_list":{"a":{"seats":[{"x":0.5,"y":0,"z":0}]}}}"#.to_owned(),
            "room_list.a.seats[0].x is not a whole number: 0.5",
        ),
        (
            r#"{"room_list":{"a":{"seats":[{"x":1e999,"y":0,"z":0}]}}}"#.to_owned(),
            "room_list.a.seats[0].x is not finite: 1e999",
        ),
        (
            r#"{"room_list":{"a":{"seats":[{"x":NaN,"y":0,"z":0}]}}}"#.to_owned(),
            "expected value at line 1",
        ),
        (
            r#"{"room_list":{"a":{"seats":[{"x":"1","y":0,"z":0}]}}}"#.to_owned(),
            "room_list.a.seats[0].x is not a number: \"1\"",
        ),
        (
            one(r#""id":3000000000"#),
            "room_list.a.id is out of range: 3000000000",
        ),
        (
            one(r#""openRoom":1"#),
            "room_list.a.openRoom is neither true nor false",
        ),
        (one(r#""desc":1"#), "room_list.a.desc is not a string"),
        (
            one(r#""centerPoint":{"x":0}"#),
            "room_list.a.centerPoint.y is missing",
        ),
        (
            one(r#""defaultStates":{"IMM_CONTROL_MUTE":true}"#),
            "room_list.a.defaultStates.IMM_CONTROL_MUTE: there is no such control",
        ),
        (
            one(r#""defaultStates":{"IMM_CONTROL_MIXING_3D_ATTENUATION":41}"#),
            "room_list.a.defaultStates.IMM_CONTROL_MIXING_3D_ATTENUATION: MIXING_3D_ATTENUATION takes 0 to 40, not 41",
        ),
        (
            format!(
                r#"{{"room_list":{{"a":{{"id":2,"seats":[{seat}]}},"b":{{"seats":[{seat}]}}}}}}"#
            ),
            "room_list.b.id: a has the id 2 too",
        ),
        (
            format!(r#"{{"default":"b","room_list":{{"a":{{"seats":[{seat}]}}}}}}"#),
            "default: there is no b in room_list",
        ),
    ];
    for (text, why) in cases {
        let error = LayoutFile::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}\ninstead of {why}");
        assert!(!error.contains('\n'));
    }
}

#[test]
fn files_are_bounded() {
    let path = std::env::temp_dir().join(format!("jackfield-layouts-{}", std::process::id()));
    std::fs::write(&path, " ".repeat(5 << 20)).unwrap();
    let error = LayoutFile::read(&path).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.ends_with(": larger than 4194304 bytes"), "{error}");
    assert!(
        LayoutFile::read(&path)
            .unwrap_err()
            .to_string()
            .contains(": ")
    );
    let seats = vec![r#"{"x":0,"y":0,"z":0}"#; Layout::MAX_SEATS + 1].join(",");
    let text = format!(r#"{{"room_list":{{"a":{{"seats":[{seats}]}}}}}}"#);
    let error = LayoutFile::parse(&text).unwrap_err().to_string();
    assert_eq!(error, "room_list.a.seats has more than 10000 seats");
}

#[test]
fn the_built_in_layout_reads_as_its_own_file() {
    let layout = Layout::built_in();
    let text = as_file([&layout].into_iter(), &layout).print();
    let file = LayoutFile::parse(&text).unwrap();
    assert_eq!(file.layouts(), [layout]);
}
