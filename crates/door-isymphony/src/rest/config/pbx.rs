//! What is said of the switch, and of agents for voicemail and recordings, of which we have none (event-api.md §8.3).

use serde_json::json;

use super::{Answer, Call, core, list, shown};
use crate::error::Refusal;
use crate::objects::{Kind, Object, complete, overlay};
use crate::start::Shared;
use crate::wire::{Map, Value};

/// Settings of a core server's switch; the usual ones when nothing was said.
pub(super) fn settings(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let core = core(&objects, call)?;
    if let Some(settings) = objects.get(Kind::PbxSettings, &core.id) {
        return Ok(Answer::Json(shown(shared, settings)));
    }
    let mut usual = complete(Kind::PbxSettings, &Map::new())?;
    usual.insert("id".to_owned(), json!(&*core.id));
    Ok(Answer::Json(Value::Object(usual)))
}

pub(super) async fn change_settings(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let given = call.object()?;
    let core = core(&shared.configuration.now(), call)?.id.clone();
    put(shared, Kind::PbxSettings, &core, &core, &given).await
}

/// A voicemail or recording agent; the usual one when nothing was said, so that whoever looks for it goes on.
pub(super) fn agent(shared: &Shared, kind: Kind, call: &Call) -> Answer {
    let identifier = call.last_place();
    let objects = shared.configuration.now();
    let kept = objects.get(kind, identifier);
    let mut members = match kept {
        Some(agent) => agent.members.clone(),
        None => usual_agent(kind),
    };
    members.insert("identifier".to_owned(), identifier.into());
    Answer::Json(Value::Object(members))
}

fn usual_agent(kind: Kind) -> Map {
    let mut members = complete(kind, &Map::new()).unwrap_or_default();
    members.insert("resourceHost".to_owned(), "localhost".into());
    members.insert("resourceExtension".to_owned(), "wav".into());
    members
}

pub(super) async fn change_agent(
    shared: &Shared,
    kind: Kind,
    call: &Call,
) -> Result<Answer, Refusal> {
    let mut given = usual_agent(kind);
    let is_new = shared
        .configuration
        .now()
        .get(kind, call.last_place())
        .is_none();
    let body = call.object()?;
    if !is_new {
        given.clear();
    }
    given.extend(body);
    given.insert("identifier".to_owned(), call.last_place().into());
    put(shared, kind, "", call.last_place(), &given).await
}

/// Changes an object, or makes it.
pub(super) async fn put(
    shared: &Shared,
    kind: Kind,
    parent: &str,
    id: &str,
    given: &Map,
) -> Result<Answer, Refusal> {
    let configuration = &shared.configuration;
    if configuration.now().get(kind, id).is_none() {
        let members = complete(kind, given)?;
        let made = configuration.create(kind, parent, Some(id), members).await;
        if made
            .as_ref()
            .err()
            .is_none_or(|refusal| refusal.status() != 409)
        {
            return made.map(|_| Answer::Done);
        }
        // Somebody else was faster.
    }
    let change = |members: &mut Map| overlay(kind, members, given);
    configuration.update(kind, parent, id, change).await?;
    Ok(Answer::Done)
}

pub(super) fn identifiers(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let objects = shared.configuration.now();
    let core = core(&objects, call)?;
    let all = objects.of(Kind::VoicemailAgentIdentifier, &core.id);
    Ok(list(all.map(|object| object.text("identifier").into())))
}

pub(super) async fn add_identifier(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let identifier = call.text()?;
    let core = core(&shared.configuration.now(), call)?.id.clone();
    let mut given = Map::new();
    given.insert("identifier".to_owned(), identifier.as_str().into());
    let members = complete(Kind::VoicemailAgentIdentifier, &given)?;
    let id = id_of(&core, &identifier);
    let kind = Kind::VoicemailAgentIdentifier;
    let made = shared.configuration.create(kind, &core, Some(&id), members);
    made.await?;
    Ok(Answer::Done)
}

pub(super) async fn remove_identifier(shared: &Shared, call: &Call) -> Result<Answer, Refusal> {
    let core = core(&shared.configuration.now(), call)?.id.clone();
    let (kind, id) = (
        Kind::VoicemailAgentIdentifier,
        id_of(&core, call.last_place()),
    );
    shared.configuration.remove(kind, &core, &id).await?;
    Ok(Answer::Done)
}

/// Unique beyond its core server, as ids are.
fn id_of(core: &str, identifier: &str) -> String {
    format!("{core}/{identifier}")
}

/// The same for what is bound to an object.
pub(super) fn id_within(object: &Object, id: &str) -> String {
    format!("{}/{id}", object.id)
}
