//! What answers and bodies hold, as JSON Schema: for the OpenAPI document (event-api.md §7.2, §7.3, §8.1).

use serde_json::json;

use super::history;
use super::table::{Act, ConfigOp, LiveOp, Op};
use crate::events::{Is, property_of};
use crate::objects::{FieldType, Kind};
use crate::wire::{Map, Value};

/// Schemas answers and bodies refer to by name.
pub(super) fn named() -> Map {
    let mut schemas = Map::new();
    for kind in Kind::ALL {
        schemas.insert(kind.name().to_owned(), shown(*kind));
        schemas.insert(format!("{}Body", kind.name()), given(*kind));
    }
    for (name, schema) in [
        (
            "liveCoreServer",
            texts(&["id", "configurationId", "slug", "name"], &[]),
        ),
        ("liveExtension", live_extension()),
        ("liveUser", live_user()),
        ("userStatus", user_status()),
        (
            "liveQueue",
            texts(
                &["id", "displayName", "identifier"],
                &["configurationId", "permissionId"],
            ),
        ),
        ("liveAgent", live_agent()),
        ("callSegment", call_segment()),
        ("liveConferenceRoom", live_room()),
        (
            "liveParkingLot",
            texts(
                &["id", "name", "identifier"],
                &["configurationId", "permissionId"],
            ),
        ),
        ("voicemailBox", voicemail_box()),
        ("userLogin", user_login()),
        ("endedCalls", ended_calls()),
    ] {
        schemas.insert(name.to_owned(), schema);
    }
    schemas
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn array(of: &Value) -> Value {
    json!({"type": "array", "items": of})
}

/// An object with all of these members and no others.
fn closed(properties: Value) -> Value {
    let names = properties
        .as_object()
        .map(|all| all.keys().cloned().collect::<Vec<_>>());
    json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
}

/// One of texts alone, of which some may be `null`.
fn texts(always: &[&str], or_null: &[&str]) -> Value {
    let always = always
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string"})));
    let or_null = or_null
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": ["string", "null"]})));
    closed(Value::Object(always.chain(or_null).collect()))
}

/// With more members that must be there.
fn with(mut schema: Value, more: Value) -> Value {
    let Value::Object(more) = more else {
        return schema;
    };
    for (name, of) in more {
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(name.as_str().into());
        }
        schema["properties"][name] = of;
    }
    schema
}

/// The words events and answers have in common.
fn words(kind: &str, name: &str) -> Value {
    let property = property_of(kind, name);
    let words = property.and_then(|property| property.words());
    debug_assert!(
        property.is_some_and(|property| property.is != Is::Text),
        "{kind} {name}"
    );
    json!({"type": "string", "enum": words})
}

fn live_extension() -> Value {
    let texts = texts(
        &[
            "id",
            "extensionNumber",
            "displayName",
            "configurationId",
            "permissionId",
        ],
        &["userId"],
    );
    with(
        texts,
        json!({"state": words("extensionState", "state"), "dnd": {"type": "boolean"}}),
    )
}

fn live_user() -> Value {
    let texts = texts(
        &[
            "id",
            "configurationId",
            "userName",
            "displayedName",
            "permissionId",
        ],
        &[],
    );
    with(
        texts,
        json!({"status": {"anyOf": [reference("userStatus"), {"type": "null"}]}}),
    )
}

fn user_status() -> Value {
    with(
        texts(&["name", "note"], &[]),
        json!({
            "statusType": words("userStatus", "statusType"),
            "returnTime": {"type": "integer", "description": "Unix milliseconds; -1 when not said"},
            "userCreated": {"type": "boolean"},
        }),
    )
}

fn live_agent() -> Value {
    with(
        texts(
            &["id", "name"],
            &["pauseReason", "extensionId", "extensionNumber"],
        ),
        json!({
            "state": words("agentState", "state"),
            "paused": {"type": "boolean"},
            "dynamic": {"type": "boolean"},
            "penalty": {"type": "integer"},
        }),
    )
}

fn live_room() -> Value {
    with(
        texts(
            &["id", "displayName", "identifier", "dialString"],
            &["configurationId", "permissionId"],
        ),
        json!({"userGenerated": {"type": "boolean"}}),
    )
}

/// In queues and parking lots there are some members more.
fn call_segment() -> Value {
    let flag = json!({"type": "boolean"});
    let mut schema = with(
        texts(&["id"], &["did", "extensionId", "extensionNumber"]),
        json!({
            "type": {"type": "string", "enum": ["INTERNAL", "EXTERNAL"]},
            "callerId": texts(&["id", "name", "number"], &[]),
            "onHold": flag,
            "recording": flag,
            "incoming": flag,
            "muted": flag,
            "linkedTo": array(&closed(json!({"id": {"type": "string"}, "since": {"type": ["integer", "null"]}}))),
            "dialing": array(&json!({"type": "string"})),
        }),
    );
    for (name, kind) in [
        ("position", "integer"),
        ("since", "integer"),
        ("slot", "string"),
    ] {
        schema["properties"][name] = json!({"type": kind});
    }
    schema
}

fn user_login() -> Value {
    with(
        texts(&["id", "ip"], &[]),
        json!({
            "port": {"type": "integer"},
            "time": {"type": "integer", "description": "Unix milliseconds"},
        }),
    )
}

fn voicemail_box() -> Value {
    let integer = json!({"type": "integer"});
    let message = with(
        texts(&["id"], &[]),
        json!({
            "callerId": texts(&["name", "number"], &[]),
            "time": {"type": "integer", "description": "Unix milliseconds"},
            "length": {"type": "integer", "description": "Milliseconds"},
            "new": {"type": "boolean"},
        }),
    );
    with(
        texts(&["mailbox", "domain"], &["extensionId", "extensionNumber"]),
        json!({"newMessages": integer, "oldMessages": integer, "messages": array(&message)}),
    )
}

fn ended_calls() -> Value {
    let moment = json!({"type": "integer", "description": "Unix milliseconds"});
    let call = with(
        texts(
            &[
                "id",
                "direction",
                "callerIdName",
                "callerIdNumber",
                "destination",
                "hangupCause",
            ],
            &["extensionNumber", "queue"],
        ),
        json!({
            "start": moment,
            "answer": {"type": ["integer", "null"], "description": "Unix milliseconds"},
            "end": moment,
            "durationSeconds": {"type": "integer"},
            "billedSeconds": {"type": "integer"},
            "recorded": {"type": "boolean"},
        }),
    );
    closed(json!({"calls": array(&call), "next": {"type": ["string", "null"]}}))
}

/// An object of the configuration, as it is shown.
fn shown(kind: Kind) -> Value {
    let fields = kind.fields().iter();
    let mut properties: Map = fields
        .map(|field| {
            let of = match field.is {
                FieldType::Text | FieldType::Secret => json!({"type": "string"}),
                FieldType::Flag => json!({"type": "boolean"}),
                FieldType::Number => json!({"type": "integer"}),
                FieldType::Moment => json!({"type": ["integer", "null"]}),
            };
            (field.name.to_owned(), of)
        })
        .collect();
    // These are addressed by their identifiers.
    if !matches!(kind, Kind::VoicemailAgent | Kind::RecordingAgent) {
        properties.insert("id".to_owned(), json!({"type": "string"}));
    }
    if kind.permission_name().is_some() {
        for name in ["permissionDisplayName", "permissionId"] {
            properties.insert(name.to_owned(), json!({"type": "string", "readOnly": true}));
        }
    }
    let mut schema = closed(Value::Object(properties));
    schema["additionalProperties"] = kind.keeps_unknown().into();
    schema
}

/// An object of the configuration, as a body gives it: members may be missing, unknown ones are not looked at, `null` is
/// the usual value, and texts and what they say are taken for each other.
fn given(kind: Kind) -> Value {
    let digits = json!({"type": "string", "pattern": "^-?[0-9]{1,18}$"});
    let fields = kind.fields().iter();
    let mut properties: Map = fields
        .map(|field| {
            let of = match field.is {
                FieldType::Text => json!({"type": ["string", "number", "null"]}),
                FieldType::Secret => json!({"type": ["string", "null"]}),
                FieldType::Flag => {
                    json!({"anyOf": [{"type": ["boolean", "null"]}, {"enum": ["true", "false"]}]})
                }
                FieldType::Number | FieldType::Moment => {
                    json!({"anyOf": [{"type": ["integer", "null"]}, digits]})
                }
            };
            (field.name.to_owned(), of)
        })
        .collect();
    let id =
        json!({"type": ["string", "null"], "description": "That of a new object may be chosen"});
    properties.insert("id".to_owned(), id);
    json!({"type": "object", "properties": properties})
}

/// What a query answers.
pub(super) fn answer(op: Op) -> Value {
    match op {
        Op::Config(op) => answer_of_configuration(op),
        Op::Live(op) => answer_of_query(op),
        Op::History => reference("endedCalls"),
        Op::Act(_) => Value::Bool(true),
    }
}

fn answer_of_configuration(op: ConfigOp) -> Value {
    let of = |kind: Kind| reference(kind.name());
    let integer = json!({"type": "integer"});
    match op {
        ConfigOp::List(kind) => array(&of(kind)),
        ConfigOp::Read(kind) | ConfigOp::Agent(kind) => of(kind),
        ConfigOp::CoreBySlug => of(Kind::CoreServer),
        ConfigOp::UserByName | ConfigOp::ManagingUser => of(Kind::User),
        ConfigOp::Settings => of(Kind::PbxSettings),
        ConfigOp::Contact => of(Kind::Contact),
        ConfigOp::GroupMembers => array(&of(Kind::Extension)),
        ConfigOp::AgentIdentifiers => array(&json!({"type": "string"})),
        ConfigOp::Brand => texts(&["name", "version", "build"], &[]),
        ConfigOp::License => with(
            texts(&["licensedTo", "serial", "type"], &[]),
            json!({
                "expirationDate": {"type": ["integer", "null"]},
                "maintenanceExpirationDate": {"type": ["integer", "null"]},
                "clientConnections": integer,
                "configuredUsers": integer,
            }),
        ),
        ConfigOp::ModuleLicenses => array(&texts(&["id"], &[])),
        ConfigOp::ModuleProperties => array(&with(
            texts(&["value", "displayName", "description"], &[]),
            json!({"display": {"type": "boolean"}}),
        )),
        ConfigOp::Create(_)
        | ConfigOp::Update(_)
        | ConfigOp::Remove(_)
        | ConfigOp::CreateHashed(_)
        | ConfigOp::UpdateHashed(_)
        | ConfigOp::Activate
        | ConfigOp::ChangeSettings
        | ConfigOp::BindUser
        | ConfigOp::UnbindUser
        | ConfigOp::AddMember
        | ConfigOp::RemoveMember
        | ConfigOp::ChangeAgent(_)
        | ConfigOp::AddAgentIdentifier
        | ConfigOp::RemoveAgentIdentifier
        | ConfigOp::ChangeContact => Value::Bool(true),
    }
}

fn answer_of_query(op: LiveOp) -> Value {
    let one = reference;
    let all = |name| array(&reference(name));
    match op {
        LiveOp::Cores => all("liveCoreServer"),
        LiveOp::Core => one("liveCoreServer"),
        LiveOp::Extensions | LiveOp::UserExtensions => all("liveExtension"),
        LiveOp::Extension => one("liveExtension"),
        LiveOp::Users => all("liveUser"),
        LiveOp::User | LiveOp::ExtensionUser => one("liveUser"),
        LiveOp::UserStatus => one("userStatus"),
        LiveOp::UserLogins => all("userLogin"),
        LiveOp::Queues => all("liveQueue"),
        LiveOp::Queue => one("liveQueue"),
        LiveOp::QueueAgents => all("liveAgent"),
        LiveOp::QueueAgent => one("liveAgent"),
        LiveOp::Segment => one("callSegment"),
        LiveOp::Segments
        | LiveOp::ExtensionSegments
        | LiveOp::QueueSegments
        | LiveOp::Dialing
        | LiveOp::DialedBy
        | LiveOp::LinkedTo
        | LiveOp::RoomSegments
        | LiveOp::LotSegments => all("callSegment"),
        LiveOp::Rooms => all("liveConferenceRoom"),
        LiveOp::Room => one("liveConferenceRoom"),
        LiveOp::Voicemail => one("voicemailBox"),
        LiveOp::Lots => all("liveParkingLot"),
        LiveOp::Lot => one("liveParkingLot"),
    }
}

/// What a request brings.
pub(super) fn body(op: Op) -> Option<Value> {
    let of = |kind: Kind| reference(&format!("{}Body", kind.name()));
    match op {
        Op::Config(
            ConfigOp::Create(kind)
            | ConfigOp::Update(kind)
            | ConfigOp::CreateHashed(kind)
            | ConfigOp::UpdateHashed(kind),
        ) => Some(with_required(of(kind), kind, op)),
        Op::Config(ConfigOp::ChangeAgent(kind)) => Some(of(kind)),
        Op::Config(ConfigOp::ChangeSettings) => Some(of(Kind::PbxSettings)),
        Op::Config(ConfigOp::BindUser) => Some(json!({
            "type": "object",
            "description": "A user, of whom the id counts, or else the name",
            "properties": {"id": {"type": "string"}, "username": {"type": "string"}},
            "anyOf": [{"required": ["id"]}, {"required": ["username"]}],
        })),
        Op::Config(ConfigOp::AddMember) => Some(json!({
            "description": "An extension, of which the id counts, or its id",
            "anyOf": [{"type": "string"}, {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}],
        })),
        Op::Config(ConfigOp::ChangeContact) => Some(of(Kind::Contact)),
        Op::Config(ConfigOp::AddAgentIdentifier) => Some(json!({"type": "string", "minLength": 1})),
        Op::Config(ConfigOp::Activate) => Some(json!({"type": ["string", "object"]})),
        Op::Act(act) => Some(
            json!({"type": "object", "properties": parameters(act).iter().map(|(name, kind)| {
            ((*name).to_owned(), json!({"type": [kind, "null"]}))
        }).collect::<Map>()}),
        ),
        Op::Config(_) | Op::Live(_) | Op::History => None,
    }
}

/// What a new object needs.
fn with_required(of: Value, kind: Kind, op: Op) -> Value {
    let is_new = matches!(
        op,
        Op::Config(ConfigOp::Create(_) | ConfigOp::CreateHashed(_))
    );
    let required = kind.fields().iter().filter(|field| field.required);
    let required: Vec<&str> = required.map(|field| field.name).collect();
    if !is_new || required.is_empty() {
        return of;
    }
    json!({"allOf": [of, {"required": required}]})
}

/// What may stand in the query, with its type. What an action needs may stand there instead of in its body.
pub(super) fn parameters(act: Act) -> &'static [(&'static str, &'static str)] {
    match act {
        Act::Originate => &[
            ("destination", "string"),
            ("extensionId", "string"),
            ("queueId", "string"),
            ("conferenceRoomId", "string"),
            ("callerIdName", "string"),
            ("callerIdNumber", "string"),
            ("timeout", "integer"),
        ],
        Act::Transfer => &[
            ("destination", "string"),
            ("extensionId", "string"),
            ("queueId", "string"),
            ("conferenceRoomId", "string"),
            ("parkingLotId", "string"),
        ],
        Act::LogIn => &[
            ("extensionId", "string"),
            ("extensionNumber", "string"),
            ("penalty", "integer"),
            ("paused", "boolean"),
        ],
        Act::LogOut => &[("extensionId", "string"), ("extensionNumber", "string")],
        Act::ToVoicemail => &[("extensionId", "string"), ("extensionNumber", "string")],
        Act::AgentPause(true) => &[("reason", "string")],
        Act::AgentPenalty => &[("penalty", "integer")],
        Act::Park => &[("parkingLotId", "string")],
        Act::DoNotDisturb(_)
        | Act::AgentLogOut
        | Act::AgentPause(false)
        | Act::Hangup
        | Act::Hold(_)
        | Act::Record(_)
        | Act::Mute(_) => &[],
    }
}

/// What may stand in the query of a request.
pub(super) fn in_query(op: Op) -> &'static [(&'static str, &'static str)] {
    match op {
        Op::History => history::PARAMETERS,
        Op::Act(act) => parameters(act),
        Op::Config(_) | Op::Live(_) => &[],
    }
}
