//! Whose an extension is, and which group it is in (event-api.md §8.3).

use std::sync::Arc;

use serde_json::json;

use super::pbx::{id_within, put};
use super::{Answer, Call, core, list, shown};
use crate::error::Refusal;
use crate::objects::{Kind, Object, Objects, complete};
use crate::start::Shared;
use crate::wire::{Map, Value};

pub(super) fn user_by_name(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let core = core(&objects, call)?;
    let user = objects.having(Kind::User, &core.id, "username", call.last_place());
    let user = user.ok_or_else(|| Refusal::no_such(Kind::User.noun(), "username"))?;
    Ok(Answer::Json(shown(shared, user)))
}

/// What stands behind the core server in a path.
fn second(objects: &Objects, call: &Call, kind: Kind) -> Result<Arc<Object>, Refusal> {
    let core = core(objects, call)?;
    let object = objects.get_in(kind, &core.id, call.place(1));
    object
        .cloned()
        .ok_or_else(|| Refusal::no_such(kind.noun(), "id"))
}

pub(super) fn managing_user(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let extension = second(&objects, call, Kind::Extension)?;
    match objects.managing_user(&extension) {
        Some(user) => Ok(Answer::Json(shown(shared, user))),
        None => Err(Refusal::not_found(
            "No managing user exists for the extension.",
        )),
    }
}

/// The body is the whole user, of which the id counts, or else the name.
pub(super) async fn bind(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let given = call.object()?;
    let objects = shared.configuration.now();
    let extension = second(&objects, call, Kind::Extension)?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let (user, by) = match (text("id"), text("username")) {
        (Some(id), _) => (objects.get_in(Kind::User, &extension.parent, id), "id"),
        (None, Some(name)) => {
            let user = objects.having(Kind::User, &extension.parent, "username", name);
            (user, "username")
        }
        (None, None) => return Err(Refusal::missing("id")),
    };
    let user = user.ok_or_else(|| Refusal::no_such(Kind::User.noun(), by))?;
    let mut binding = Map::new();
    binding.insert("userId".to_owned(), json!(&*user.id));
    let (parent, id) = (&extension.parent, &extension.id);
    put(shared, Kind::ManagingUser, parent, id, &binding).await
}

pub(super) async fn unbind(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let extension = second(&shared.configuration.now(), call, Kind::Extension)?;
    let (parent, id) = (&extension.parent, &extension.id);
    let removed = shared
        .configuration
        .remove(Kind::ManagingUser, parent, id)
        .await;
    removed.map_err(|refusal| match refusal.status().as_u16() {
        404 => Refusal::not_found("No managing user exists for the extension."),
        _ => refusal,
    })?;
    Ok(Answer::Done)
}

pub(super) fn members(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let group = second(&objects, call, Kind::ExtensionGroup)?;
    let members = objects
        .of(Kind::GroupMember, &group.parent)
        .filter(|member| member.text("groupId") == &*group.id);
    let extensions = members.filter_map(|member| {
        objects.get_in(Kind::Extension, &group.parent, member.text("extensionId"))
    });
    Ok(list(extensions.map(|extension| shown(shared, extension))))
}

/// The body is an extension, of which the id counts, or its id alone.
pub(super) async fn add_member(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let id = match call.json()? {
        Value::String(id) => id,
        Value::Object(members) => match members.get("id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => return Err(Refusal::missing("id")),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(Refusal::json());
        }
    };
    let objects = shared.configuration.now();
    let group = second(&objects, call, Kind::ExtensionGroup)?;
    if objects
        .get_in(Kind::Extension, &group.parent, &id)
        .is_none()
    {
        return Err(Refusal::no_such(Kind::Extension.noun(), "id"));
    }
    let given = json!({"groupId": &*group.id, "extensionId": &*id});
    let given = complete(Kind::GroupMember, given.as_object().unwrap_or(&Map::new()))?;
    let own = id_within(&group, &id);
    let kind = Kind::GroupMember;
    let made = shared
        .configuration
        .create(kind, &group.parent, Some(&own), given);
    made.await
        .map_err(|refusal| match refusal.status().as_u16() {
            409 => Refusal::conflict(Kind::Extension.noun(), "id"),
            _ => refusal,
        })?;
    Ok(Answer::Done)
}

pub(super) async fn remove_member(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let group = second(&shared.configuration.now(), call, Kind::ExtensionGroup)?;
    let own = id_within(&group, call.last_place());
    let removed = shared
        .configuration
        .remove(Kind::GroupMember, &group.parent, &own);
    removed
        .await
        .map_err(|refusal| match refusal.status().as_u16() {
            404 => Refusal::no_such(Kind::Extension.noun(), "id"),
            _ => refusal,
        })?;
    Ok(Answer::Done)
}
