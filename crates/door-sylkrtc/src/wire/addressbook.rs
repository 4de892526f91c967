//! The address book: sylkrtc.md §3.4.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::message::named;
use super::{Body, Fields, Invalid, Json};

/// Longest item, in bytes of JSON. Ours.
const MAX_ITEM: usize = 16 << 10;

named! {
    /// What an item is.
    Kind {
        Contact = "contact",
        Group = "group",
        Policy = "policy",
    }
}

named! {
    /// What happens to it.
    Action {
        Add = "add",
        Update = "update",
        Delete = "delete",
    }
}

/// `account-update-addressbook`
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Update {
    pub(crate) account: Arc<str>,
    pub(crate) action: Action,
    pub(crate) kind: Kind,
    pub(crate) id: Arc<str>,
    /// As it is kept and sent.
    pub(crate) item: Value,
}

impl Update {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let kind = fields.choice("type", Kind::parse)?;
        let action = fields.choice("action", Action::parse)?;
        let data = fields.object("data")?;
        let item = match kind {
            Kind::Contact => contact(data)?,
            Kind::Group => group(data)?,
            Kind::Policy => policy(data)?,
        };
        if item.to_string().len() > MAX_ITEM {
            return Err(Invalid(format!(
                "the value's length must be between 0 and {MAX_ITEM} inclusive"
            )));
        }
        Ok(Self {
            account: fields.aor("account")?,
            action,
            kind,
            id: Fields::new("AddressBookItem", data).id("id")?,
            item,
        })
    }
}

fn contact(data: &Map<String, Value>) -> Result<Value, Invalid> {
    let fields = Fields::new("AddressBookContact", data);
    let uris = fields.objects("uris", false, "AddressBookURI", |uri| {
        Ok(json!({
            "id": uri.id("id")?,
            "uri": uri.text_within("uri", 1, 256)?,
            "type": uri.name_optional("type")?,
        }))
    })?;
    let default = data.get("defaultUri").or_else(|| data.get("default_uri"));
    let default = default.filter(|uri| uri.is_object()).cloned();
    let mut item = named_item(&fields, data)?;
    if let Some(default) = default.or_else(|| uris.first().cloned()) {
        item.insert("defaultUri".into(), default);
    }
    item.insert("uris".into(), Value::Array(uris));
    subscriptions(data, &mut item);
    Ok(Value::Object(item))
}

fn group(data: &Map<String, Value>) -> Result<Value, Invalid> {
    let fields = Fields::new("AddressBookGroup", data);
    let mut item = named_item(&fields, data)?;
    let members = fields.unique_texts("contacts")?;
    item.insert("contacts".into(), json!(members));
    Ok(Value::Object(item))
}

fn policy(data: &Map<String, Value>) -> Result<Value, Invalid> {
    let fields = Fields::new("AddressBookPolicy", data);
    let mut item = named_item(&fields, data)?;
    // To delete one, its id is enough.
    let uri = fields.text_optional("uri")?.unwrap_or_default();
    item.insert("uri".into(), json!(uri));
    subscriptions(data, &mut item);
    Ok(Value::Object(item))
}

/// Id, name and the free attributes, which the reference loses and we keep.
fn named_item(
    fields: &Fields<'_>,
    data: &Map<String, Value>,
) -> Result<Map<String, Value>, Invalid> {
    let mut item = Map::new();
    item.insert("id".into(), json!(fields.id("id")?));
    item.insert(
        "name".into(),
        json!(fields.name_optional("name")?.unwrap_or_default()),
    );
    let attributes = data.get("attributes").filter(|value| value.is_object());
    item.insert(
        "attributes".into(),
        attributes.cloned().unwrap_or_else(|| json!({})),
    );
    Ok(item)
}

fn subscriptions(data: &Map<String, Value>, item: &mut Map<String, Value>) {
    for name in ["dialog", "presence"] {
        let given = data.get(name).filter(|value| value.is_object()).cloned();
        let usual = || json!({"policy": "default", "subscribe": false});
        item.insert(name.into(), given.unwrap_or_else(usual));
    }
}

/// Address book events of §2.4.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum AddressBookEvent {
    /// All three lists are always there: the client iterates them.
    Fetched {
        contacts: Vec<Value>,
        groups: Vec<Value>,
        policies: Vec<Value>,
    },
    Updated {
        kind: Kind,
        action: Action,
        item: Value,
    },
    UpdateFailed {
        kind: Kind,
        action: Action,
        error: Arc<str>,
        id: Arc<str>,
    },
}

impl AddressBookEvent {
    pub(super) fn body(&self) -> (&'static str, Body) {
        let list = |items: &[Value]| Json::List(items.iter().cloned().map(Json::Given).collect());
        match self {
            Self::Fetched {
                contacts,
                groups,
                policies,
            } => {
                let book = Json::object([
                    ("contacts", list(contacts)),
                    ("groups", list(groups)),
                    ("policies", list(policies)),
                ]);
                ("addressbook-fetched", vec![("addressbook", book)])
            }
            Self::Updated { kind, action, item } => (
                "addressbook-updated",
                vec![
                    ("type", kind.name().into()),
                    ("action", action.name().into()),
                    (kind.name(), Json::Given(item.clone())),
                ],
            ),
            Self::UpdateFailed {
                kind,
                action,
                error,
                id,
            } => (
                "addressbook-update-failed",
                vec![
                    ("type", kind.name().into()),
                    ("action", action.name().into()),
                    ("error", error.into()),
                    ("id", id.into()),
                ],
            ),
        }
    }
}
