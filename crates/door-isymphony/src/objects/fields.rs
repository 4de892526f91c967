//! Bodies of requests become members of objects.

use super::kind::{Field, FieldType, Kind};
use crate::error::Refusal;
use crate::wire::{Map, Value, parse};

/// Members every object has that nobody can set.
const READ_ONLY: [&str; 3] = ["id", "permissionDisplayName", "permissionId"];

/// Bytes of one text. Ours.
const LONGEST: usize = 4096;

/// Members of a new object: those given, and the usual ones for the rest.
///
/// # Errors
/// What is missing or makes no sense.
pub(crate) fn complete(kind: Kind, given: &Map) -> Result<Map, Refusal> {
    for field in kind.fields().iter().filter(|field| field.required) {
        let is_there = match given.get(field.name) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        };
        if !is_there {
            return Err(Refusal::missing(field.name));
        }
    }
    let mut members = Map::new();
    for field in kind.fields() {
        let usual = parse(field.default.as_bytes()).unwrap_or_default();
        members.insert(field.name.to_owned(), usual);
    }
    overlay(kind, &mut members, given)?;
    Ok(members)
}

/// Sets what is given. Members that are unknown or read only are ignored, where the kind does not keep them.
///
/// # Errors
/// What makes no sense; nothing is set then.
pub(crate) fn overlay(kind: Kind, members: &mut Map, given: &Map) -> Result<(), Refusal> {
    let mut changes = Vec::new();
    for (name, value) in given {
        match kind.fields().iter().find(|field| field.name == name) {
            Some(field) => {
                let value = fits(field, value).ok_or_else(|| Refusal::invalid(field.name))?;
                let is_empty = value.as_str().is_some_and(str::is_empty);
                if field.required && is_empty {
                    return Err(Refusal::missing(field.name));
                }
                changes.push((name.clone(), value));
            }
            None if kind.keeps_unknown() && !READ_ONLY.contains(&name.as_str()) => {
                changes.push((name.clone(), value.clone()));
            }
            None => {}
        }
    }
    members.extend(changes);
    Ok(())
}

/// The value as it is kept: numbers for texts become texts, and texts of digits numbers where one is expected; `null`
/// is nothing, the usual value.
pub(super) fn fits(field: &Field, value: &Value) -> Option<Value> {
    if value.is_null() {
        return parse(field.default.as_bytes());
    }
    match (field.is, value) {
        (FieldType::Text | FieldType::Secret, Value::String(text)) => {
            (text.len() <= LONGEST).then(|| value.clone())
        }
        (FieldType::Text, Value::Number(number)) => Some(number.to_string().into()),
        (FieldType::Flag, Value::Bool(_)) => Some(value.clone()),
        (FieldType::Flag, Value::String(text)) => text.parse::<bool>().ok().map(Value::from),
        (FieldType::Number | FieldType::Moment, Value::Number(number)) => {
            number.as_i64().map(Value::from)
        }
        (FieldType::Number | FieldType::Moment, Value::String(text)) => {
            text.parse::<i64>().ok().map(Value::from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: &Value) -> Map {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_new_extension_is_completed() {
        let given = json!({"id": "x", "extension": 201, "peer": "SIP/201", "permissionId": "y", "other": 1});
        let made = complete(Kind::Extension, &map(&given)).unwrap();
        assert_eq!(made["extension"], "201");
        assert_eq!(made["peer"], "SIP/201");
        assert_eq!(made["autoAnswer"], false);
        assert_eq!(made["agentPenalty"], 0);
        assert!(!made.contains_key("id") && !made.contains_key("other"));
    }

    #[test]
    fn what_is_missing_or_nonsense_is_named() {
        let refused =
            |kind, given: Value| complete(kind, &map(&given)).unwrap_err().text().to_owned();
        assert_eq!(
            refused(Kind::ExtensionGroup, json!({})),
            "No displayName provided."
        );
        assert_eq!(
            refused(Kind::User, json!({"username": ""})),
            "No username provided."
        );
        assert_eq!(
            refused(Kind::User, json!({"username": "a", "enabled": "perhaps"})),
            "Invalid enabled."
        );
        assert_eq!(
            refused(
                Kind::Extension,
                json!({"extension": "1", "agentPenalty": 1.5})
            ),
            "Invalid agentPenalty."
        );
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(
            refused(Kind::User, json!({"username": long})),
            "Invalid username."
        );
    }

    #[test]
    fn only_settings_keep_what_nobody_knows() {
        let mut members = complete(Kind::PbxSettings, &Map::new()).unwrap();
        let given =
            map(&json!({"parkingEnabled": true, "id": "x", "originatingContext": "from-internal"}));
        overlay(Kind::PbxSettings, &mut members, &given).unwrap();
        assert_eq!(members["parkingEnabled"], true);
        assert_eq!(members["musicOnHoldClass"], "default");
        assert!(!members.contains_key("id"));
    }

    #[test]
    fn an_update_changes_all_or_nothing() {
        let mut members = complete(Kind::Queue, &map(&json!({"identifier": "5001"}))).unwrap();
        let before = members.clone();
        let given = map(&json!({"displayName": "Support", "enabled": 7}));
        assert!(overlay(Kind::Queue, &mut members, &given).is_err());
        assert_eq!(members, before);
        assert!(overlay(Kind::Queue, &mut members, &map(&json!({"identifier": ""}))).is_err());
    }
}
