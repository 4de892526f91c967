//! What kinds of configuration object there are, and their members (event-api.md §8).

use FieldType::{Flag, Moment, Number, Secret, Text};

/// Kinds of object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    CoreServer,
    Administrator,
    /// What is said of a core server's switch; its id is the core server's.
    PbxSettings,
    PbxServer,
    User,
    Extension,
    ExtensionGroup,
    Queue,
    ConferenceRoom,
    ParkingLot,
    VoicemailAgent,
    RecordingAgent,
    /// Id: core server and identifier.
    VoicemailAgentIdentifier,
    /// Whose an extension is; its id is the extension's.
    ManagingUser,
    /// Id: group and extension.
    GroupMember,
    /// Of a user; its id is the user's.
    Contact,
    EmailAddress,
    PhoneNumber,
}

/// What a member may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FieldType {
    Text,
    Flag,
    Number,
    /// Unix milliseconds, or `null`.
    Moment,
    /// A text that is not shown where hashes are not.
    Secret,
}

/// One member of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) is: FieldType,
    /// Without it, an object is not made.
    pub(crate) required: bool,
    /// No two objects of the kind have the same, within one core server.
    pub(crate) unique: bool,
    /// What it is when a new object does not say, as JSON.
    pub(crate) default: &'static str,
}

const fn field(name: &'static str, is: FieldType, default: &'static str) -> Field {
    Field {
        name,
        is,
        required: false,
        unique: false,
        default,
    }
}

const fn text(name: &'static str) -> Field {
    field(name, Text, "\"\"")
}

const fn flag(name: &'static str, default: &'static str) -> Field {
    field(name, Flag, default)
}

impl Field {
    const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    const fn unique(self) -> Self {
        Self {
            unique: true,
            ..self
        }
    }
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: &[Self] = &[
        Self::CoreServer,
        Self::Administrator,
        Self::PbxSettings,
        Self::PbxServer,
        Self::User,
        Self::Extension,
        Self::ExtensionGroup,
        Self::Queue,
        Self::ConferenceRoom,
        Self::ParkingLot,
        Self::VoicemailAgent,
        Self::RecordingAgent,
        Self::VoicemailAgentIdentifier,
        Self::ManagingUser,
        Self::GroupMember,
        Self::Contact,
        Self::EmailAddress,
        Self::PhoneNumber,
    ];

    /// What it is called where it is kept. Never changed: databases have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CoreServer => "coreServer",
            Self::Administrator => "administrator",
            Self::PbxSettings => "pbxSettings",
            Self::PbxServer => "pbxServer",
            Self::User => "user",
            Self::Extension => "extension",
            Self::ExtensionGroup => "extensionGroup",
            Self::Queue => "queue",
            Self::ConferenceRoom => "conferenceRoom",
            Self::ParkingLot => "parkingLot",
            Self::VoicemailAgent => "voicemailAgent",
            Self::RecordingAgent => "recordingAgent",
            Self::VoicemailAgentIdentifier => "voicemailAgentIdentifier",
            Self::ManagingUser => "managingUser",
            Self::GroupMember => "groupMember",
            Self::Contact => "contact",
            Self::EmailAddress => "emailAddress",
            Self::PhoneNumber => "phoneNumber",
        }
    }

    /// The kind of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What it is called in sentences, with its article (event-api.md §6).
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::CoreServer => "A core server",
            Self::Administrator => "An administrator",
            Self::PbxSettings | Self::PbxServer => "A PBX server",
            Self::User => "A user",
            Self::Extension => "An extension",
            Self::ExtensionGroup => "An extension group",
            Self::Queue => "A queue",
            Self::ConferenceRoom => "A conference room",
            Self::ParkingLot => "A parking lot",
            Self::VoicemailAgent => "A voicemail agent",
            Self::RecordingAgent => "A recording agent",
            Self::VoicemailAgentIdentifier => "A voicemail agent identifier",
            Self::ManagingUser => "A managing user",
            Self::GroupMember => "A member",
            Self::Contact => "A contact",
            Self::EmailAddress => "An email address",
            Self::PhoneNumber => "A phone number",
        }
    }

    /// The same where another object has the same member. The original prints that of a group so (event-api.md §6).
    pub(crate) fn noun_in_conflict(self) -> &'static str {
        if self == Self::ExtensionGroup {
            return Self::Extension.noun();
        }
        self.noun()
    }

    /// Whether members nobody has heard of are kept (event-api.md §8.3: "others preserved").
    pub(crate) fn keeps_unknown(self) -> bool {
        self == Self::PbxSettings
    }

    /// Its members, `id` and those that are read only aside.
    pub(crate) fn fields(self) -> &'static [Field] {
        match self {
            Self::CoreServer => &CORE_SERVER,
            Self::Administrator => &ADMINISTRATOR,
            Self::PbxSettings => &PBX_SETTINGS,
            Self::PbxServer => &PBX_SERVER,
            Self::User => &USER,
            Self::Extension => &EXTENSION,
            Self::ExtensionGroup => &EXTENSION_GROUP,
            Self::Queue => &QUEUE,
            Self::ConferenceRoom => &CONFERENCE_ROOM,
            Self::ParkingLot => &PARKING_LOT,
            Self::VoicemailAgent => &VOICEMAIL_AGENT,
            Self::RecordingAgent => &RECORDING_AGENT,
            Self::VoicemailAgentIdentifier => &IDENTIFIER,
            Self::ManagingUser => &MANAGING_USER,
            Self::GroupMember => &GROUP_MEMBER,
            Self::Contact => &CONTACT,
            Self::EmailAddress => &EMAIL_ADDRESS,
            Self::PhoneNumber => &PHONE_NUMBER,
        }
    }

    /// The members of which `permissionDisplayName` is made: a name and a number in `<>`.
    pub(crate) fn permission_name(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Extension => Some(("displayName", "extension")),
            Self::User => Some(("displayName", "username")),
            Self::ConferenceRoom => Some(("name", "identifier")),
            Self::CoreServer
            | Self::Administrator
            | Self::PbxSettings
            | Self::PbxServer
            | Self::ExtensionGroup
            | Self::Queue
            | Self::ParkingLot
            | Self::VoicemailAgent
            | Self::RecordingAgent
            | Self::VoicemailAgentIdentifier
            | Self::ManagingUser
            | Self::GroupMember
            | Self::Contact
            | Self::EmailAddress
            | Self::PhoneNumber => None,
        }
    }
}

static CORE_SERVER: [Field; 4] = [
    text("slug").required().unique(),
    text("name"),
    text("brokerHost"),
    text("brokerPort"),
];

static ADMINISTRATOR: [Field; 3] = [
    text("userName").required().unique(),
    field("password", Secret, "\"\""),
    flag("superUser", "false"),
];

static PBX_SETTINGS: [Field; 3] = [
    text("originatingContext"),
    text("redirectingContext"),
    field("musicOnHoldClass", Text, "\"default\""),
];

static PBX_SERVER: [Field; 11] = [
    text("displayName"),
    text("host"),
    text("port"),
    text("username"),
    text("password"),
    flag("enabled", "true"),
    text("cdrHost"),
    text("cdrPort"),
    text("cdrUsername"),
    text("cdrPassword"),
    text("recordingAgentIdentifier"),
];

static USER: [Field; 7] = [
    text("username").required().unique(),
    field("password", Secret, "\"\""),
    flag("enabled", "true"),
    flag("full", "true"),
    text("displayName"),
    field("lastPasswordChangedAt", Moment, "null"),
    flag("restricted", "false"),
];

static EXTENSION: [Field; 16] = [
    text("extension").required().unique(),
    text("displayName"),
    flag("autoAnswer", "false"),
    text("peer"),
    text("altOriginationMethod"),
    text("agentName"),
    text("agentLocation"),
    text("agentInterface"),
    field("agentPenalty", Number, "0"),
    flag("agentPaused", "false"),
    text("originatingContextOverride"),
    text("redirectingContextOverride"),
    field("originateTimeoutOverride", Number, "0"),
    text("voiceMailContext"),
    text("voiceMailBox"),
    flag("restricted", "false"),
];

static EXTENSION_GROUP: [Field; 2] = [
    text("displayName").required().unique(),
    flag("publicGroup", "false"),
];

static QUEUE: [Field; 6] = [
    text("identifier").required().unique(),
    text("displayName"),
    text("destinationExtension"),
    text("destinationContext"),
    flag("enabled", "true"),
    flag("restricted", "false"),
];

static CONFERENCE_ROOM: [Field; 5] = [
    text("identifier").required().unique(),
    text("name"),
    text("destinationExtension"),
    text("destinationContext"),
    flag("restricted", "false"),
];

static PARKING_LOT: [Field; 5] = [
    text("identifier").required().unique(),
    text("name"),
    text("destinationExtension"),
    text("destinationContext"),
    flag("restricted", "false"),
];

static VOICEMAIL_AGENT: [Field; 4] = [
    text("identifier"),
    text("rootPath"),
    text("resourceHost"),
    text("resourceExtension"),
];

static RECORDING_AGENT: [Field; 5] = [
    text("identifier"),
    text("rootPath"),
    text("resourceHost"),
    text("resourceExtension"),
    text("fileNameMask"),
];

static IDENTIFIER: [Field; 1] = [text("identifier").required()];

static MANAGING_USER: [Field; 1] = [text("userId").required()];

static GROUP_MEMBER: [Field; 2] = [text("groupId").required(), text("extensionId").required()];

static CONTACT: [Field; 2] = [text("firstName"), text("lastName")];

static EMAIL_ADDRESS: [Field; 2] = [text("type"), text("address").required()];

static PHONE_NUMBER: [Field; 2] = [text("type"), text("number").required()];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::parse;

    #[test]
    fn every_kind_has_a_name_and_sound_members() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
            for field in kind.fields() {
                let usual = parse(field.default.as_bytes()).unwrap();
                assert_eq!(
                    super::super::fields::fits(field, &usual),
                    Some(usual.clone())
                );
                let same = |other: &&Field| other.name == field.name;
                assert_eq!(kind.fields().iter().filter(same).count(), 1);
            }
        }
    }
}
