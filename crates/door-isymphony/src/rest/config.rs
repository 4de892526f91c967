//! Configuration API (event-api.md §8).

mod bindings;
mod contact;
pub(crate) mod password;
mod pbx;
mod server;

use serde_json::json;

use super::call::{Answer, Call};
use super::table::ConfigOp;
use crate::error::Refusal;
use crate::objects::{FieldType, Kind, Object, Objects, complete, overlay};
use crate::start::Shared;
use crate::wire::{Map, Value};

/// Does what was asked.
pub(super) async fn perform(shared: &Shared, op: ConfigOp, call: &Call) -> Result<Answer, Refusal> {
    match op {
        ConfigOp::List(kind) => {
            let objects = shared.configuration.now();
            let parent = parent(&objects, kind, call)?;
            let all = objects.of(kind, &parent);
            Ok(list(all.map(|object| shown(shared, object))))
        }
        ConfigOp::Read(kind) => {
            let objects = shared.configuration.now();
            let parent = parent(&objects, kind, call)?;
            let object = objects.get_in(kind, &parent, call.last_place());
            let object = object.ok_or_else(|| Refusal::no_such(kind.noun(), "id"))?;
            Ok(Answer::Json(shown(shared, object)))
        }
        ConfigOp::Create(kind) => create(shared, kind, call, false).await,
        ConfigOp::CreateHashed(kind) => create(shared, kind, call, true).await,
        ConfigOp::Update(kind) => update(shared, kind, call, false).await,
        ConfigOp::UpdateHashed(kind) => update(shared, kind, call, true).await,
        ConfigOp::Remove(kind) => {
            let parent = parent(&shared.configuration.now(), kind, call)?;
            shared
                .configuration
                .remove(kind, &parent, call.last_place())
                .await?;
            Ok(Answer::Done)
        }
        ConfigOp::Brand => Ok(server::brand()),
        ConfigOp::CoreBySlug => server::by_slug(shared, call),
        ConfigOp::License => server::license(shared, call),
        ConfigOp::ModuleLicenses => server::module_licenses(shared, call),
        ConfigOp::ModuleProperties => server::module_properties(shared, call),
        ConfigOp::Activate => server::activate(shared, call),
        ConfigOp::UserByName => bindings::user_by_name(shared, call),
        ConfigOp::Settings => pbx::settings(shared, call),
        ConfigOp::ChangeSettings => pbx::change_settings(shared, call).await,
        ConfigOp::ManagingUser => bindings::managing_user(shared, call),
        ConfigOp::BindUser => bindings::bind(shared, call).await,
        ConfigOp::UnbindUser => bindings::unbind(shared, call).await,
        ConfigOp::GroupMembers => bindings::members(shared, call),
        ConfigOp::AddMember => bindings::add_member(shared, call).await,
        ConfigOp::RemoveMember => bindings::remove_member(shared, call).await,
        ConfigOp::Agent(kind) => Ok(pbx::agent(shared, kind, call)),
        ConfigOp::ChangeAgent(kind) => pbx::change_agent(shared, kind, call).await,
        ConfigOp::AgentIdentifiers => pbx::identifiers(shared, call),
        ConfigOp::AddAgentIdentifier => pbx::add_identifier(shared, call).await,
        ConfigOp::RemoveAgentIdentifier => pbx::remove_identifier(shared, call).await,
        ConfigOp::Contact => contact::read(shared, call),
        ConfigOp::ChangeContact => contact::change(shared, call).await,
    }
}

/// What objects of a kind belong to, which must be there.
fn parent(objects: &Objects, kind: Kind, call: &Call) -> Result<String, Refusal> {
    match kind {
        Kind::CoreServer | Kind::Administrator => Ok(String::new()),
        Kind::EmailAddress | Kind::PhoneNumber => Ok(user(objects, call)?.id.to_string()),
        Kind::PbxSettings
        | Kind::PbxServer
        | Kind::User
        | Kind::Extension
        | Kind::ExtensionGroup
        | Kind::Queue
        | Kind::ConferenceRoom
        | Kind::ParkingLot
        | Kind::VoicemailAgent
        | Kind::RecordingAgent
        | Kind::VoicemailAgentIdentifier
        | Kind::ManagingUser
        | Kind::GroupMember
        | Kind::Contact => Ok(core(objects, call)?.id.to_string()),
    }
}

/// The core server a path begins with.
fn core<'a>(objects: &'a Objects, call: &Call) -> Result<&'a Object, Refusal> {
    let core = objects.get(Kind::CoreServer, call.place(0));
    let core = core.ok_or_else(|| Refusal::no_such(Kind::CoreServer.noun(), "id"))?;
    Ok(core)
}

/// The user behind it.
fn user<'a>(objects: &'a Objects, call: &Call) -> Result<&'a Object, Refusal> {
    let core = core(objects, call)?;
    let user = objects.get_in(Kind::User, &core.id, call.place(1));
    Ok(user.ok_or_else(|| Refusal::no_such(Kind::User.noun(), "id"))?)
}

fn list(all: impl Iterator<Item = Value>) -> Answer {
    Answer::Json(Value::Array(all.collect()))
}

/// An object as clients see it: with its id, and what they can only read.
fn shown(shared: &Shared, object: &Object) -> Value {
    let mut members = object.members.clone();
    if !shared.config.expose_password_hash {
        let fields = object.kind.fields().iter();
        for field in fields.filter(|field| field.is == FieldType::Secret) {
            members.insert(field.name.to_owned(), "".into());
        }
    }
    if let Some((name, number)) = object.kind.permission_name() {
        let shown = format!("{} <{}>", object.text(name), object.text(number));
        members.insert("permissionDisplayName".to_owned(), shown.into());
        members.insert("permissionId".to_owned(), json!(&*object.id));
    }
    members.insert("id".to_owned(), json!(&*object.id));
    Value::Object(members)
}

async fn create(shared: &Shared, kind: Kind, call: &Call, hashed: bool) -> Result<Answer, Refusal> {
    let given = call.object()?;
    let parent = parent(&shared.configuration.now(), kind, call)?;
    let mut members = complete(kind, &given)?;
    password::of_new(kind, &given, &mut members, hashed);
    let id = chosen_id(&given)?;
    let made = shared.configuration.create(kind, &parent, id, members);
    made.await?;
    Ok(Answer::Done)
}

async fn update(shared: &Shared, kind: Kind, call: &Call, hashed: bool) -> Result<Answer, Refusal> {
    let given = call.object()?;
    // That of a core server is the first place as well.
    let parent = parent(&shared.configuration.now(), kind, call)?;
    let hidden = !shared.config.expose_password_hash;
    let change = |members: &mut Map| {
        let before = members.clone();
        overlay(kind, members, &given)?;
        password::of_changed(&before, &given, members, hashed, hidden);
        Ok(())
    };
    let changed = shared
        .configuration
        .update(kind, &parent, call.last_place(), change);
    changed.await?;
    Ok(Answer::Done)
}

/// The id a client wants its new object to have.
fn chosen_id(given: &Map) -> Result<Option<&str>, Refusal> {
    match given.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(_) => Err(Refusal::invalid("id")),
    }
}
