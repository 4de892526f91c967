use api::view::DeviceState;
use serde_json::json;

use super::*;

#[test]
fn names_differ() {
    for (index, kind) in TYPES.iter().enumerate() {
        let first = TYPES.iter().position(|other| other.name == kind.name);
        assert_eq!(first, Some(index), "{}", kind.name);
        let names: Vec<String> = kind.properties().map(|(name, _)| name).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1);
        }
    }
    assert_eq!(named("linkEnd").unwrap().properties().count(), 18);
}

#[test]
fn what_is_not_as_it_is_said_is_found() {
    let kind = named("extensionDnd").unwrap();
    let sound = json!({"type": "extensionDnd", "time": 1, "coreServerId": null, "extensionId": "e",
        "extensionNumber": "201", "userId": null, "username": null, "enabled": true});
    let fault = |member: &str, value: Option<Value>| {
        let mut members = sound.as_object().unwrap().clone();
        match value {
            Some(value) => members.insert(member.to_owned(), value),
            None => members.remove(member),
        };
        kind.fault(&members)
    };
    assert_eq!(fault("enabled", Some(false.into())), None);
    for (member, value) in [
        ("enabled", None),
        ("enabled", Some("true".into())),
        ("enabled", Some(Value::Null)),
        ("extensionNumber", Some(201.into())),
        ("time", Some(1.5.into())),
        ("did", Some(Value::Null)),
    ] {
        assert!(fault(member, value.clone()).is_some(), "{member} {value:?}");
    }
    let state = STATE[0];
    assert!(state.takes(&"ONHOLD".into()) && !state.takes(&"onhold".into()));
    assert!(STATES.contains(&DeviceState::NotInUse.name()));
}
