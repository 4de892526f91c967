//! Every path there is. Requests are answered by this table, and the OpenAPI document is made of it, so that both say the
//! same.

use crate::objects::Kind;

/// One method of one path.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// `{x}`: an id; `[x]`: an id, or `getByName/` and a name.
    pub(super) path: &'static str,
    pub(super) op: Op,
    /// For people.
    pub(super) summary: &'static str,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Config(ConfigOp),
    Live(LiveOp),
    /// Calls that have ended.
    History,
    Act(Act),
}

/// Configuration API (event-api.md §8). The first place of a path is what the objects belong to, the last their id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConfigOp {
    List(Kind),
    Read(Kind),
    Create(Kind),
    Update(Kind),
    Remove(Kind),
    /// With a password that is hashed already.
    CreateHashed(Kind),
    UpdateHashed(Kind),
    Brand,
    CoreBySlug,
    License,
    ModuleLicenses,
    ModuleProperties,
    Activate,
    UserByName,
    Settings,
    ChangeSettings,
    ManagingUser,
    BindUser,
    UnbindUser,
    GroupMembers,
    AddMember,
    RemoveMember,
    Agent(Kind),
    ChangeAgent(Kind),
    AgentIdentifiers,
    AddAgentIdentifier,
    RemoveAgentIdentifier,
    Contact,
    ChangeContact,
}

/// Queries of the Live API (event-api.md §7.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LiveOp {
    Cores,
    Core,
    Extensions,
    Extension,
    ExtensionSegments,
    ExtensionUser,
    Users,
    User,
    UserExtensions,
    UserStatus,
    UserLogins,
    Queues,
    Queue,
    QueueAgents,
    QueueAgent,
    QueueSegments,
    Segments,
    Segment,
    Dialing,
    DialedBy,
    LinkedTo,
    Rooms,
    Room,
    RoomSegments,
    Lots,
    Lot,
    LotSegments,
    Voicemail,
}

/// Actions of the Live API (event-api.md §7.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Originate,
    DoNotDisturb(bool),
    LogIn,
    LogOut,
    AgentLogOut,
    AgentPause(bool),
    AgentPenalty,
    Transfer,
    Hangup,
    Hold(bool),
    Park,
    Record(bool),
    Mute(bool),
    ToVoicemail,
}

macro_rules! routes {
    ($($method:ident $path:literal => $op:expr, $summary:literal;)*) => {
        &[$(Route { method: stringify!($method), path: $path, op: $op, summary: $summary },)*]
    };
}

use ConfigOp as C;
use LiveOp as L;
use Op::{Act as A, Config as O, Live as Q};

/// Behind `rest/config/` and `api/resource/`.
pub(super) const CONFIG: &[Route] = routes! {
    GET "server/brand" => O(C::Brand), "Name, version and build";
    GET "server/coreServers" => O(C::List(Kind::CoreServer)), "Core servers";
    POST "server/coreServers" => O(C::Create(Kind::CoreServer)), "Makes a core server";
    GET "server/coreServers/getBySlug/{slug}" => O(C::CoreBySlug), "The core server of a slug";
    GET "server/coreServers/{K}" => O(C::Read(Kind::CoreServer)), "A core server";
    PUT "server/coreServers/{K}" => O(C::Update(Kind::CoreServer)), "Changes a core server";
    GET "server/coreServers/{K}/license" => O(C::License), "The licence";
    GET "server/coreServers/{K}/license/moduleLicenses" => O(C::ModuleLicenses), "Licences of modules";
    GET "server/coreServers/{K}/license/moduleLicenses/{id}/properties" => O(C::ModuleProperties), "What a module is licensed for";
    POST "server/coreServers/{K}/license/activate" => O(C::Activate), "Nothing needs a licence";
    GET "server/administrators" => O(C::List(Kind::Administrator)), "Administrators";
    POST "server/administrators" => O(C::Create(Kind::Administrator)), "Makes an administrator";
    POST "server/administrators/noHash" => O(C::CreateHashed(Kind::Administrator)), "Makes an administrator whose password is a hash";
    PUT "server/administrators/noHash/{id}" => O(C::UpdateHashed(Kind::Administrator)), "Changes one whose password is a hash";
    GET "server/administrators/{id}" => O(C::Read(Kind::Administrator)), "An administrator";
    PUT "server/administrators/{id}" => O(C::Update(Kind::Administrator)), "Changes an administrator";
    DELETE "server/administrators/{id}" => O(C::Remove(Kind::Administrator)), "Removes an administrator";

    GET "core/{K}/users" => O(C::List(Kind::User)), "Users";
    POST "core/{K}/users" => O(C::Create(Kind::User)), "Makes a user";
    POST "core/{K}/users/noHash" => O(C::CreateHashed(Kind::User)), "Makes a user whose password is a hash";
    PUT "core/{K}/users/noHash/{id}" => O(C::UpdateHashed(Kind::User)), "Changes one whose password is a hash";
    GET "core/{K}/users/getByUsername/{username}" => O(C::UserByName), "The user of a name";
    GET "core/{K}/users/{id}" => O(C::Read(Kind::User)), "A user";
    PUT "core/{K}/users/{id}" => O(C::Update(Kind::User)), "Changes a user";
    DELETE "core/{K}/users/{id}" => O(C::Remove(Kind::User)), "Removes a user";

    GET "asterisk/voicemailAgents/{identifier}" => O(C::Agent(Kind::VoicemailAgent)), "A voicemail agent; the usual one when nothing was said";
    PUT "asterisk/voicemailAgents/{identifier}" => O(C::ChangeAgent(Kind::VoicemailAgent)), "Changes a voicemail agent";
    GET "asterisk/recordingAgents/{identifier}" => O(C::Agent(Kind::RecordingAgent)), "A recording agent; the usual one when nothing was said";
    PUT "asterisk/recordingAgents/{identifier}" => O(C::ChangeAgent(Kind::RecordingAgent)), "Changes a recording agent";
    GET "asterisk/{K}" => O(C::Settings), "Settings of the switch";
    PUT "asterisk/{K}" => O(C::ChangeSettings), "Changes settings of the switch";
    GET "asterisk/{K}/pbxServers" => O(C::List(Kind::PbxServer)), "PBX servers";
    POST "asterisk/{K}/pbxServers" => O(C::Create(Kind::PbxServer)), "Makes a PBX server";
    GET "asterisk/{K}/pbxServers/{id}" => O(C::Read(Kind::PbxServer)), "A PBX server";
    PUT "asterisk/{K}/pbxServers/{id}" => O(C::Update(Kind::PbxServer)), "Changes a PBX server";
    DELETE "asterisk/{K}/pbxServers/{id}" => O(C::Remove(Kind::PbxServer)), "Removes a PBX server";
    GET "asterisk/{K}/extensions" => O(C::List(Kind::Extension)), "Extensions";
    POST "asterisk/{K}/extensions" => O(C::Create(Kind::Extension)), "Makes an extension";
    GET "asterisk/{K}/extensions/{id}" => O(C::Read(Kind::Extension)), "An extension";
    PUT "asterisk/{K}/extensions/{id}" => O(C::Update(Kind::Extension)), "Changes an extension";
    DELETE "asterisk/{K}/extensions/{id}" => O(C::Remove(Kind::Extension)), "Removes an extension";
    GET "asterisk/{K}/extensions/{id}/managingUser" => O(C::ManagingUser), "The user an extension is bound to";
    POST "asterisk/{K}/extensions/{id}/managingUser" => O(C::BindUser), "Binds an extension to a user";
    DELETE "asterisk/{K}/extensions/{id}/managingUser" => O(C::UnbindUser), "Binds it to nobody";
    GET "asterisk/{K}/extensionGroups" => O(C::List(Kind::ExtensionGroup)), "Groups of extensions";
    POST "asterisk/{K}/extensionGroups" => O(C::Create(Kind::ExtensionGroup)), "Makes a group";
    GET "asterisk/{K}/extensionGroups/{id}" => O(C::Read(Kind::ExtensionGroup)), "A group";
    PUT "asterisk/{K}/extensionGroups/{id}" => O(C::Update(Kind::ExtensionGroup)), "Changes a group";
    DELETE "asterisk/{K}/extensionGroups/{id}" => O(C::Remove(Kind::ExtensionGroup)), "Removes a group";
    GET "asterisk/{K}/extensionGroups/{id}/extensions" => O(C::GroupMembers), "Extensions of a group";
    POST "asterisk/{K}/extensionGroups/{id}/extensions" => O(C::AddMember), "Adds an extension to a group";
    DELETE "asterisk/{K}/extensionGroups/{id}/extensions/{extension}" => O(C::RemoveMember), "Takes an extension out of a group";
    GET "asterisk/{K}/queues" => O(C::List(Kind::Queue)), "Queues";
    POST "asterisk/{K}/queues" => O(C::Create(Kind::Queue)), "Makes a queue";
    GET "asterisk/{K}/queues/{id}" => O(C::Read(Kind::Queue)), "A queue";
    PUT "asterisk/{K}/queues/{id}" => O(C::Update(Kind::Queue)), "Changes a queue";
    DELETE "asterisk/{K}/queues/{id}" => O(C::Remove(Kind::Queue)), "Removes a queue";
    GET "asterisk/{K}/conferenceRooms" => O(C::List(Kind::ConferenceRoom)), "Conference rooms";
    POST "asterisk/{K}/conferenceRooms" => O(C::Create(Kind::ConferenceRoom)), "Makes a conference room";
    GET "asterisk/{K}/conferenceRooms/{id}" => O(C::Read(Kind::ConferenceRoom)), "A conference room";
    PUT "asterisk/{K}/conferenceRooms/{id}" => O(C::Update(Kind::ConferenceRoom)), "Changes a conference room";
    DELETE "asterisk/{K}/conferenceRooms/{id}" => O(C::Remove(Kind::ConferenceRoom)), "Removes a conference room";
    GET "asterisk/{K}/parkingLots" => O(C::List(Kind::ParkingLot)), "Parking lots";
    POST "asterisk/{K}/parkingLots" => O(C::Create(Kind::ParkingLot)), "Makes a parking lot";
    GET "asterisk/{K}/parkingLots/{id}" => O(C::Read(Kind::ParkingLot)), "A parking lot";
    PUT "asterisk/{K}/parkingLots/{id}" => O(C::Update(Kind::ParkingLot)), "Changes a parking lot";
    DELETE "asterisk/{K}/parkingLots/{id}" => O(C::Remove(Kind::ParkingLot)), "Removes a parking lot";
    GET "asterisk/{K}/voicemailAgentIdentifiers" => O(C::AgentIdentifiers), "Identifiers of voicemail agents";
    POST "asterisk/{K}/voicemailAgentIdentifiers" => O(C::AddAgentIdentifier), "Adds one";
    DELETE "asterisk/{K}/voicemailAgentIdentifiers/{identifier}" => O(C::RemoveAgentIdentifier), "Removes one";

    GET "contact/{K}/users/{user}" => O(C::Contact), "What a user is called";
    PUT "contact/{K}/users/{user}" => O(C::ChangeContact), "Says what a user is called";
    GET "contact/{K}/users/{user}/emailAddresses" => O(C::List(Kind::EmailAddress)), "E-mail addresses of a user";
    POST "contact/{K}/users/{user}/emailAddresses" => O(C::Create(Kind::EmailAddress)), "Adds one";
    PUT "contact/{K}/users/{user}/emailAddresses/{id}" => O(C::Update(Kind::EmailAddress)), "Changes one";
    DELETE "contact/{K}/users/{user}/emailAddresses/{id}" => O(C::Remove(Kind::EmailAddress)), "Removes one";
    GET "contact/{K}/users/{user}/phoneNumbers" => O(C::List(Kind::PhoneNumber)), "Telephone numbers of a user";
    POST "contact/{K}/users/{user}/phoneNumbers" => O(C::Create(Kind::PhoneNumber)), "Adds one";
    PUT "contact/{K}/users/{user}/phoneNumbers/{id}" => O(C::Update(Kind::PhoneNumber)), "Changes one";
    DELETE "contact/{K}/users/{user}/phoneNumbers/{id}" => O(C::Remove(Kind::PhoneNumber)), "Removes one";
};

/// Behind `rest/live/`.
pub(super) const LIVE: &[Route] = routes! {
    GET "coreServers" => Q(L::Cores), "Core servers";
    GET "coreServers/[core]" => Q(L::Core), "A core server";
    GET "coreServers/[core]/extensions" => Q(L::Extensions), "Extensions of licensed users";
    GET "coreServers/[core]/extensions/[extension]" => Q(L::Extension), "An extension";
    GET "coreServers/[core]/extensions/[extension]/callSegments" => Q(L::ExtensionSegments), "Its call segments";
    GET "coreServers/[core]/extensions/[extension]/user" => Q(L::ExtensionUser), "The user it is bound to";
    POST "coreServers/[core]/extensions/[extension]/originate" => A(Act::Originate), "Rings the extension, then somebody else";
    POST "coreServers/[core]/extensions/[extension]/dial" => A(Act::Originate), "The same";
    POST "coreServers/[core]/extensions/[extension]/call" => A(Act::Originate), "The same";
    POST "coreServers/[core]/extensions/[extension]/enableDnd" => A(Act::DoNotDisturb(true)), "Wants no calls";
    POST "coreServers/[core]/extensions/[extension]/dnd/enable" => A(Act::DoNotDisturb(true)), "The same";
    POST "coreServers/[core]/extensions/[extension]/disableDnd" => A(Act::DoNotDisturb(false)), "Wants calls again";
    POST "coreServers/[core]/extensions/[extension]/dnd/disable" => A(Act::DoNotDisturb(false)), "The same";
    GET "coreServers/[core]/users" => Q(L::Users), "Users";
    GET "coreServers/[core]/users/[user]" => Q(L::User), "A user";
    GET "coreServers/[core]/users/[user]/extensions" => Q(L::UserExtensions), "Extensions bound to a user";
    GET "coreServers/[core]/users/[user]/status" => Q(L::UserStatus), "What a user says of themselves";
    GET "coreServers/[core]/users/[user]/logins" => Q(L::UserLogins), "Where a user is signed in";
    GET "coreServers/[core]/queues" => Q(L::Queues), "Enabled queues";
    GET "coreServers/[core]/queues/[queue]" => Q(L::Queue), "A queue";
    GET "coreServers/[core]/queues/[queue]/agents" => Q(L::QueueAgents), "Agents logged in";
    GET "coreServers/[core]/queues/[queue]/agents/{agent}" => Q(L::QueueAgent), "An agent";
    GET "coreServers/[core]/queues/[queue]/callSegments" => Q(L::QueueSegments), "Who waits";
    POST "coreServers/[core]/queues/[queue]/login" => A(Act::LogIn), "Logs an extension in";
    POST "coreServers/[core]/queues/[queue]/loginExtension" => A(Act::LogIn), "The same";
    POST "coreServers/[core]/queues/[queue]/logout" => A(Act::LogOut), "Logs an extension out";
    POST "coreServers/[core]/queues/[queue]/logoutExtension" => A(Act::LogOut), "The same";
    POST "coreServers/[core]/queues/[queue]/agents/{agent}/logout" => A(Act::AgentLogOut), "Logs the agent out";
    POST "coreServers/[core]/queues/[queue]/agents/{agent}/pause" => A(Act::AgentPause(true)), "No calls for a while";
    POST "coreServers/[core]/queues/[queue]/agents/{agent}/unpause" => A(Act::AgentPause(false)), "Calls again";
    POST "coreServers/[core]/queues/[queue]/agents/{agent}/penalty" => A(Act::AgentPenalty), "Another penalty";
    POST "coreServers/[core]/queues/[queue]/agents/{agent}/setPenalty" => A(Act::AgentPenalty), "The same";
    GET "coreServers/[core]/callSegments" => Q(L::Segments), "All call segments";
    GET "coreServers/[core]/callSegments/{segment}" => Q(L::Segment), "A call segment";
    GET "coreServers/[core]/callSegments/{segment}/dialing" => Q(L::Dialing), "Those it rings";
    GET "coreServers/[core]/callSegments/{segment}/dialedBy" => Q(L::DialedBy), "That which rings it";
    GET "coreServers/[core]/callSegments/{segment}/linkedTo" => Q(L::LinkedTo), "That which it talks to";
    POST "coreServers/[core]/callSegments/{segment}/transfer" => A(Act::Transfer), "Sends it elsewhere";
    POST "coreServers/[core]/callSegments/{segment}/blindTransfer" => A(Act::Transfer), "The same";
    POST "coreServers/[core]/callSegments/{segment}/transferToVoicemail" => A(Act::ToVoicemail), "Lets it leave a message";
    POST "coreServers/[core]/callSegments/{segment}/hangup" => A(Act::Hangup), "Ends it";
    POST "coreServers/[core]/callSegments/{segment}/hold" => A(Act::Hold(true)), "Puts it on hold";
    POST "coreServers/[core]/callSegments/{segment}/unhold" => A(Act::Hold(false)), "Takes it off hold";
    POST "coreServers/[core]/callSegments/{segment}/park" => A(Act::Park), "Parks it";
    POST "coreServers/[core]/callSegments/{segment}/startRecording" => A(Act::Record(true)), "Records it";
    POST "coreServers/[core]/callSegments/{segment}/stopRecording" => A(Act::Record(false)), "Records it no more";
    POST "coreServers/[core]/callSegments/{segment}/mute" => A(Act::Mute(true)), "Nobody hears it";
    POST "coreServers/[core]/callSegments/{segment}/unmute" => A(Act::Mute(false)), "It is heard again";
    GET "coreServers/[core]/callHistory" => Op::History, "Calls that have ended, the newest first";
    GET "coreServers/[core]/conferences" => Q(L::Rooms), "Conference rooms";
    GET "coreServers/[core]/conferences/[room]" => Q(L::Room), "A conference room";
    GET "coreServers/[core]/conferences/[room]/callSegments" => Q(L::RoomSegments), "Who is in it";
    GET "coreServers/[core]/parkingLots" => Q(L::Lots), "Parking lots";
    GET "coreServers/[core]/parkingLots/[lot]" => Q(L::Lot), "A parking lot";
    GET "coreServers/[core]/parkingLots/[lot]/callSegments" => Q(L::LotSegments), "Who is parked there";
    GET "coreServers/[core]/voicemail/{mailbox}" => Q(L::Voicemail), "A voicemail box and its messages";
};
